/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors on their way: the open files that go with one message
 * (SCM_RIGHTS). Which messages may carry any is not said here.
 *
 * Lifetime: made from the sender's control messages, then the message's,
 * freed with it. Receiving does not use them up: who receives, or peeks, gets
 * descriptors of his own for the same open files.
 * Locking: none. Does not change any more once the message is sent.
 * Context: made and installed in process context, put also in softirq.
 */
#ifndef _DIPC_FILES_H
#define _DIPC_FILES_H

#include <linux/socket.h>

#include "user.h"

struct dipc_files;

int dipc_files_from_cmsg(struct cmsghdr *cmsg, int family,
			 struct dipc_user *user,
			 const struct dipc_limits *limits,
			 struct dipc_files **files);
void dipc_files_install(const struct dipc_files *files, struct msghdr *msg);
void dipc_files_put(struct dipc_files *files);

#endif /* _DIPC_FILES_H */
