/* SPDX-License-Identifier: GPL-2.0 */
/* Asynchronous sends, and what their completions say. */
#ifndef DIPC_TEST_COMPLETION_H
#define DIPC_TEST_COMPLETION_H

#include "post.h"

/* One letter; what sendmsg() gives, or a negative errno. */
long send_async(int fd, char letter, uint64_t cookie);
/* The next completion: 0 or a negative errno. */
int completion(int fd, int flags, struct dipc_completion *c);
/* What it says: cookie, error and reason; or why there is none. */
const char *told(int fd, int flags);
/* The same, made of what it should be. */
const char *says(uint64_t cookie, int error, int reason);

#endif /* DIPC_TEST_COMPLETION_H */
