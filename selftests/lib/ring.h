/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An io_uring by its system calls: one sendmsg() or recvmsg() of one letter for
 * each request, which are known by a number below RING_MAX.
 */
#ifndef DIPC_TEST_RING_H
#define DIPC_TEST_RING_H

#include "dipc_test.h"

#define RING_MAX	8
#define RING_ROOM	256	/* for control messages that are received */

struct ring_request {
	struct msghdr msg;
	struct iovec iov;
	char letter;
	bool done;
	long result;		/* of the call, or its negative errno */
	char control[RING_ROOM] __attribute__((aligned(8)));
};

struct ring {
	int fd;
	void *rings, *sqes;
	size_t rings_len, sqes_len;
	struct ring_request request[RING_MAX];
	uint32_t sq_tail, cq_head, cq_tail, sq_array, cqes;	/* offsets */
};

int ring_open(struct ring *r);		/* -ENOSYS, -EPERM: there is none here */
void ring_close(struct ring *r);	/* what is not done is cancelled */
/* 0 or a negative errno; may be done at once */
int ring_send(struct ring *r, int i, int fd, char letter, bool in_worker);
int ring_recv(struct ring *r, int i, int fd, int flags, bool in_worker);
/* look once; or until it is done: false if it never is */
bool ring_is_done(struct ring *r, int i);
bool ring_wait(struct ring *r, int i);

#endif /* DIPC_TEST_RING_H */
