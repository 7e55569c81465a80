// SPDX-License-Identifier: GPL-2.0
/*
 * Finding circles of those who wait for each other. A thread that waits is a
 * node; from it there is a way to each wait of the thread, or of all threads
 * of the process, that it waits for. What leads nowhere is taken away until
 * nothing does; in what is left there is a circle, and the shortest one
 * through each wait is looked for.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "arg.h"
#include "cycle.h"

#define NONE SIZE_MAX

/* Waits sorted by a number of who waits. */
struct order {
	size_t *of;
	uint32_t (*key)(const struct wait *w);
};

static struct wait *waits;
static size_t n_waits;
static struct order by_tid, by_pid;
/* Of each wait: does it lead anywhere; in a search, from where it was met. */
static bool *is_dead;
static size_t *from;

static void *check(void *p)
{
	if (!p) {
		complain("no memory");
		exit(FAILED);
	}
	return p;
}

static uint32_t tid_of(const struct wait *w)
{
	return w->tid;
}

static uint32_t pid_of(const struct wait *w)
{
	return w->pid;
}

static int compare(const void *pa, const void *pb, void *data)
{
	uint32_t (*key)(const struct wait *w) = data;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	uint32_t key_a = key(&waits[a]), key_b = key(&waits[b]);

	if (key_a != key_b)
		return key_a < key_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void sort(struct order *order, uint32_t (*key)(const struct wait *w))
{
	size_t i;

	order->key = key;
	order->of = check(calloc(n_waits + 1, sizeof(*order->of)));
	for (i = 0; i < n_waits; i++)
		order->of[i] = i;
	qsort_r(order->of, n_waits, sizeof(*order->of), compare, key);
}

/* The place in an order where the waits with a number begin. */
static size_t first_of(const struct order *order, uint32_t number)
{
	size_t low = 0, high = n_waits, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (order->key(&waits[order->of[mid]]) < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The ways on from a wait. */
struct ways {
	const struct order *order;
	uint32_t number;
	size_t at;
};

static struct ways ways_of(const struct wait *w)
{
	struct ways ways = { .order = w->for_tid ? &by_tid : &by_pid };

	ways.number = w->for_tid ? w->for_tid : w->for_pid;
	ways.at = ways.number ? first_of(ways.order, ways.number) : n_waits;
	return ways;
}

/* Returns the index of a wait that is not dead, or NONE. */
static size_t next_way(struct ways *ways)
{
	size_t i;

	while (ways->at < n_waits) {
		i = ways->order->of[ways->at++];
		if (ways->order->key(&waits[i]) != ways->number)
			break;
		if (!is_dead[i])
			return i;
	}
	return NONE;
}

static void drop_dead_ends(void)
{
	struct ways ways;
	bool again;
	size_t i;

	do {
		again = false;
		for (i = 0; i < n_waits; i++) {
			ways = ways_of(&waits[i]);
			if (is_dead[i] || next_way(&ways) != NONE)
				continue;
			is_dead[i] = true;
			again = true;
		}
	} while (again);
}

/* The shortest way from a wait back to it: who is the last, or NONE. */
static size_t search(size_t start, size_t *line)
{
	size_t i, next, head = 0, tail = 0;
	struct ways ways;

	for (i = 0; i < n_waits; i++)
		from[i] = NONE;
	line[tail++] = start;
	while (head < tail) {
		i = line[head++];
		ways = ways_of(&waits[i]);
		while ((next = next_way(&ways)) != NONE) {
			if (next == start)
				return i;
			if (from[next] != NONE)
				continue;
			from[next] = i;
			line[tail++] = next;
		}
	}
	return NONE;
}

/* From @start on to @last, who waits for it again. */
static void keep(struct cycle *cycle, size_t start, size_t last)
{
	size_t i, at;

	for (i = last, cycle->n = 1; i != start; i = from[i])
		cycle->n++;
	cycle->of = check(calloc(cycle->n, sizeof(*cycle->of)));
	for (i = last, at = cycle->n; at; i = from[i]) {
		cycle->of[--at] = i;
		if (!waits[i].cycle)
			waits[i].cycle = cycle;
	}
}

/**
 * cycles_find - find those who wait for each other in a circle
 * @of: those who wait; which cycle each is in is filled in
 * @n: how many
 * @found: set to how many cycles there are
 *
 * Return: the cycles, kept until the end. Every wait that is in one at all is
 * in one of these.
 */
const struct cycle *cycles_find(struct wait *of, size_t n, size_t *found)
{
	size_t i, last, *line;
	struct cycle *cycles;

	waits = of;
	n_waits = n;
	*found = 0;
	/* each has a wait of its own, so that there cannot be more */
	cycles = check(calloc(n + 1, sizeof(*cycles)));
	sort(&by_tid, tid_of);
	sort(&by_pid, pid_of);
	is_dead = check(calloc(n + 1, sizeof(*is_dead)));
	from = check(calloc(n + 1, sizeof(*from)));
	line = check(calloc(n + 1, sizeof(*line)));
	drop_dead_ends();
	for (i = 0; i < n; i++) {
		if (is_dead[i] || waits[i].cycle)
			continue;
		last = search(i, line);
		if (last != NONE)
			keep(&cycles[(*found)++], i, last);
	}
	free(by_tid.of);
	free(by_pid.of);
	free(is_dead);
	free(from);
	free(line);
	return cycles;
}
