/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of one letter with what may go along: tag, priority, deadline and
 * mode on the way there, and on the way back what DIPC_RECV_INFO and the time
 * stamp options ask for.
 */
#ifndef DIPC_TEST_POST_H
#define DIPC_TEST_POST_H

#include "dipc_test.h"

#define POST_NONE	(-1)

struct post_extras {
	uint64_t tag;		/* 0: none is given */
	uint64_t deadline_ns;	/* the same */
	int priority, mode;	/* POST_NONE: none is given */
	const uint64_t *cookie;	/* asynchronous, if not NULL */
};

/* Written as POST(.tag = 7) */
#define POST(...) (&(const struct post_extras) {			\
	.priority = POST_NONE, .mode = POST_NONE, __VA_ARGS__ })

/* What sendmsg() gives, or its negative errno. */
long post_flags(int fd, char letter, const struct post_extras *x, int flags);
long post(int fd, char letter, const struct post_extras *x); /* MSG_DONTWAIT */

/* One that may sleep, in a thread of its own. */
struct post_call {
	struct dt_thread thread;
	int fd;
	char letter;
	struct post_extras extras;
	volatile bool ended;
};

int post_start(struct post_call *c, int fd, char letter,
	       const struct post_extras *x);
bool post_wait_asleep(const struct post_call *c);
long post_end(struct post_call *c);	/* as post_flags() */

#define POST_TYPES_MAX 12

/* What recvmsg() gave. */
struct post_got {
	long ret;		/* or its negative errno */
	char letter;
	int flags;		/* msg_flags */
	struct sockaddr_dipc from;
	size_t control_len;
	/* the control messages in their order: level << 16 | type */
	int n_types;
	uint32_t type[POST_TYPES_MAX];
	size_t len[POST_TYPES_MAX];	/* of their data */
	struct sockaddr_dipc source;
	uint64_t tag, id;
	uint32_t priority;
	int64_t stamp[POST_TYPES_MAX][6];	/* of those of SOL_SOCKET */
};

#define POST_ROOM	1024
#define POST_TYPE(level, type) ((uint32_t)(level) << 16 | (type))

struct post_got post_recv_room(int fd, size_t room, int flags);
struct post_got post_recv(int fd);	/* MSG_DONTWAIT, with room for all */

/* setsockopt() at SOL_DIPC: 0 or a negative errno */
int post_option(int fd, int option, uint32_t value);
int post_match(int fd, uint64_t port, uint64_t tag, uint64_t mask);

#endif /* DIPC_TEST_POST_H */
