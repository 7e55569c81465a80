/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receiver that stays in the middle of its copy: a process whose buffer is a
 * page that is missing (userfaultfd) until it is given one. What it receives
 * there is a message on loan.
 */
#ifndef DIPC_TEST_LEND_H
#define DIPC_TEST_LEND_H

#include "dipc_test.h"

#define LEND_WAIT_MS	8000	/* what should happen has happened by then */

struct lend {
	int fd;			/* of the socket, shared with the process */
	bool faults;		/* the page is never to be had: EFAULT */
	pid_t pid;		/* 0: ended */
	int uffd;
	void *page;
};

/* Until it is true, but not as long as DT_WAIT_UNTIL; false if it never was. */
#define LEND_WAIT(condition) ({						\
	long until_ = dt_now_ms() + lend_wait_ms();			\
	bool met_;							\
	while (!(met_ = (condition)) && dt_now_ms() < until_)		\
		usleep(300);						\
	met_;								\
})

long lend_wait_ms(void);

/* 0 or a negative errno: one recv() begins in a process of its own, … */
int lend_start(struct lend *l, int fd, bool faults);
/* … sleeps, */
bool lend_is_asleep(const struct lend *l);
/* … is given a message and stops at its page, */
bool lend_wait_lent(struct lend *l);
/* … is given the page, */
int lend_give(struct lend *l);
/* … and ends: false if it goes on; the letter, or a negative errno or signal */
bool lend_has_ended(struct lend *l, int *result);
int lend_kill(struct lend *l);	/* what it ended with, as lend_has_ended() */

#endif /* DIPC_TEST_LEND_H */
