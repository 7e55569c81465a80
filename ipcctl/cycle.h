/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who waits for whom in a circle. Knows threads and processes by their
 * numbers, and nothing of calls.
 */
#ifndef IPCCTL_CYCLE_H
#define IPCCTL_CYCLE_H

#include <stddef.h>
#include <stdint.h>

/* Those who wait for each other, each for the next and the last for the first. */
struct cycle {
	size_t n;
	size_t *of;		/* indices */
};

/* A thread that waits. */
struct wait {
	uint32_t pid, tid;	/* of it; 0: not known */
	uint32_t for_tid;	/* for this thread; or 0, and then */
	uint32_t for_pid;	/* for any thread of this process; 0: nobody */
	const struct cycle *cycle;	/* filled; or NULL */
};

const struct cycle *cycles_find(struct wait *waits, size_t n, size_t *found);

#endif /* IPCCTL_CYCLE_H */
