/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Races that are provoked: two or three sides of one thing, on two processors,
 * begin at the same moment again and again, and after each round it is judged
 * whether what they gave is one of the ways in which it may end.
 *
 * The moment is varied. A race that shows in its outcome who was first is
 * steered to where both happen equally often, and scattered around that, by
 * now more and now less; so the windows of the code are scanned however fast
 * the machine is. Where the outcome does not show it, it is only scattered.
 * How often each outcome was seen is printed: as information, for what a
 * machine under load comes to see is not for a test to promise.
 *
 * DIPC_SEED (default: 1) seeds the scatter; DIPC_ROUNDS bounds the rounds.
 */
#ifndef DIPC_TEST_RACE_H
#define DIPC_TEST_RACE_H

#include "dipc_test.h"

#define RACE_SIDES	3
#define RACE_OUTCOMES	8

#define RACE_WRONG	(-1)	/* what judge() says if it may not end so */
#define RACE_UNKNOWN	(-1)	/* the outcome does not tell who was first */

struct race_outcome {
	const char *text;
	int first;		/* 0 or 1: that side was; or RACE_UNKNOWN */
};

struct race {
	const char *name;
	int rounds;		/* at most; 0: as many as there is time for */
	/* what the sides do; the first one is done by the calling thread */
	long (*side[RACE_SIDES])(void *world);
	bool (*set)(void *world);	/* before a round; false: cannot go on */
	/* after it, given what each side gave: the outcome, or RACE_WRONG */
	int (*judge)(void *world, const long *ret);
	struct race_outcome outcome[RACE_OUTCOMES];
};

/*
 * Run it for as long as is good for a suite. What was seen is printed.
 * Return: 0; how many rounds were wrong; or -errno: -ETIME if a side hangs,
 * and then the process must end; -EIO if a round could not be set up.
 */
int race_run(const struct race *race, void *world);

/* One of n, from the seed; also for the sides. */
unsigned int race_draw(unsigned int n);
/* How many times slower than usual this kernel is. */
int race_slow(void);
/* The calling thread stays on that processor, if there is one: 0 or -errno. */
int race_pin(int cpu);
/* Close it, if it is open; it is -1 afterwards. */
void race_close(int *fd);

/*
 * The calling thread goes to a namespace of its own: 0 or -errno. At the end,
 * when it has closed all: what is left there, or charged to the user; or "".
 */
int race_world(struct dt_stats *before);
const char *race_left(const struct dt_stats *before);
/* By how much a counter has moved since then; -1 if it cannot be asked. */
long race_counted(const struct dt_stats *before, enum dipc_reason reason);

#endif /* DIPC_TEST_RACE_H */
