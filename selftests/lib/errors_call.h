/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites errors_*.c need before the call that is to fail: full
 * queues, calls that sleep, users at their limit, a machine without the
 * module.
 */
#ifndef DIPC_TEST_ERRORS_CALL_H
#define DIPC_TEST_ERRORS_CALL_H

#include "dipc_test.h"

#define SKIPPED	99999	/* as the result of a call: not possible here */

/* Send without waiting until the queue is full; true if it is. */
bool errors_fill(int fd);
/* A socket in a new namespace where nobody may have another of these. */
int errors_limited(const char *name);

/* In send() until the queue, which is filled for that, has room: asleep. */
bool errors_start_sender(struct dt_thread *t, int *fd);
/* In recv(), or with MSG_PEEK: asleep. */
bool errors_start_receiver(struct dt_thread *t, int *fd, bool peeks);
/* What a thread's call gives after SIGUSR1. */
long errors_interrupted(struct dt_thread *t);

/*
 * Without the module: what does call() give? Then it is there again. The
 * sockets are closed for that, and -1 afterwards. Gives SKIPPED where the
 * module cannot be unloaded and loaded, above 100000 where that went wrong.
 */
long errors_without_module(int *fd, int *rx, int *tx, long (*call)(void));
int errors_module_unload(void);
int errors_module_load(const char *params);

#endif /* DIPC_TEST_ERRORS_CALL_H */
