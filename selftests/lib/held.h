/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that a server holds, and each thing that can be done with the
 * handle of one, so that a test can try them all; one that stays in the middle
 * of it; and whether anything is left when all is over.
 */
#ifndef DIPC_TEST_HELD_H
#define DIPC_TEST_HELD_H

#include "calls.h"

enum held_step {
	HELD_REPLY,		/* by ioctl, … */
	HELD_REPLY_MSG,		/* … and by control message */
	HELD_REPLY_RECV,	/* without waiting */
	HELD_WRITE,
	HELD_WRITE_MSG,
	HELD_READ,
	HELD_FORWARD,
	HELD_FORWARD_MSG,
	HELD_DROP,
	HELD_DROP_MSG,
	HELD_N_STEPS
};

#define HELD_TEXT	"request"	/* what held_take() sends */
#define HELD_LEN	8		/* of a reply, and the room for a read */

extern const char *const held_name[HELD_N_STEPS];

static inline bool held_is_write(enum held_step step)
{
	return step == HELD_WRITE || step == HELD_WRITE_MSG;
}

static inline bool held_is_forward(enum held_step step)
{
	return step == HELD_FORWARD || step == HELD_FORWARD_MSG;
}

static inline bool held_is_drop(enum held_step step)
{
	return step == HELD_DROP || step == HELD_DROP_MSG;
}

/* is the handle gone after it? */
static inline bool held_is_end(enum held_step step)
{
	return step != HELD_READ && !held_is_write(step);
}

/* One that is sent and taken, asynchronous: the handle, or 0. */
uint64_t held_take(int client, int server, uint64_t cookie);
uint64_t held_take_with(int client, int server, const struct calls_with *with);
/* dest is for those that forward. What the system call gives, or -errno. */
long held_do(enum held_step step, int fd, uint64_t handle,
	     const struct sockaddr_dipc *dest);
/* the same with the payload, sent or received, elsewhere */
long held_do_at(enum held_step step, int fd, uint64_t handle,
		const struct sockaddr_dipc *dest, void *buf, size_t len);
/* does the handle still stand for a request? */
bool held_is(int fd, uint64_t handle);
/* how the client's call has ended: length or -errno; -EAGAIN if it has not */
long held_end(int client, uint64_t cookie);

/*
 * A thread that does one of these with a payload that is not there yet
 * (userfaultfd): it has the handle until it is given the page.
 */
struct held_stuck {
	struct dt_thread thread;
	enum held_step step;
	int fd, uffd;
	uint64_t handle;
	char *page;
};

/* until it is in the middle: 0 or -errno */
int held_stuck_start(struct held_stuck *s, enum held_step step, int fd,
		     uint64_t handle);
/* what it gave, given the page */
long held_stuck_end(struct held_stuck *s);

/*
 * The calling thread goes to a namespace of its own: 0 or -errno. At the end,
 * when all sockets are closed: whether nothing is left that was not there, and
 * nothing that the user is charged for.
 */
int held_world(long *messages);
bool held_nothing_left(long messages);

#endif /* DIPC_TEST_HELD_H */
