/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One send or receive in a thread of its own, so that a test can see it sleep,
 * interrupt it and learn how it ended; and messages that are named by a letter
 * (their bytes are all that letter), so that what is in a queue is a string.
 */
#ifndef DIPC_TEST_CALL_H
#define DIPC_TEST_CALL_H

#include "dipc_test.h"

#define CALL_LEN_MAX	4096
#define LETTERS_MAX	64

struct call {
	struct dt_thread thread;
	int fd;
	bool sends;
	char letter;		/* of the message that was sent or received */
	size_t len;
	uid_t uid;		/* as whom */
	volatile bool ended;
	long ms;		/* how long it took */
};

/* 0 or a negative errno */
int call_send(struct call *c, int fd, char letter);
int call_send_as(struct call *c, int fd, char letter, size_t len, uid_t uid);
int call_recv(struct call *c, int fd);
/* until it sleeps in its system call (false: has ended); or whether it does */
bool call_wait_asleep(const struct call *c);
bool call_is_asleep(const struct call *c);
int call_interrupt(const struct call *c, int signo);
/* what the system call gave, or its negative errno */
long call_end(struct call *c);

/* Without waiting: what the system call gives, or its negative errno. */
long put(int fd, char letter);
long put_len(int fd, char letter, size_t len);
long put_as(int fd, char letter, size_t len, uid_t uid);
/* the letter, or a negative errno */
int take(int fd);
/* the letters of all that is there, in order; a buffer of the calling thread */
const char *take_all(int fd);

/* poll() without waiting */
bool is_readable(int fd);
bool is_writable(int fd);
short poll_now(int fd);

/*
 * Whether the counters have moved since "before" by what "by" says and by
 * nothing else: "" or what differs; a buffer of the calling thread.
 */
const char *counted_else(const struct dt_stats *before,
			 const struct dt_stats *by);

/* The effective user of the calling thread alone; 0 is again who it was. */
int become(uid_t uid);

#endif /* DIPC_TEST_CALL_H */
