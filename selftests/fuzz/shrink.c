// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a program that finds something shorter, as long as it still does:
 * without some of its steps, then one after the other instead of all at once,
 * by one actor, with plain arguments.
 *
 * After a report the kernel is not to be trusted. So the best program so far
 * is in a file (best), and so is the one that is tried (current) and which were
 * tried in vain (tried); the machine is started again, and it goes on where it
 * was. What did not report needs no restart.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

#define TRIED	(1 << 14)
#define LEFT_MS	1000	/* less patience: it is waited for at each success */

const char *fz_dir;

static struct fz_program best, candidate;
static struct fz_finding found;		/* by best */
static uint64_t tried[TRIED];
static unsigned int n_tried, n_tries;
static bool is_over;			/* the machine must start again */

static int open_kept(const char *name, int flags)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", fz_dir, name);
	return open(path, flags | O_CREAT | O_CLOEXEC, 0644);
}

void fz_keep(const char *name, const char *text, size_t len)
{
	int fd;

	if (!fz_dir)
		return;
	fd = open_kept(name, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, len) != len)
		fprintf(stderr, "%s/%s cannot be written\n", fz_dir, name);
	close(fd);
}

static void keep_program(const char *name, const struct fz_program *program)
{
	static char text[FZ_PROGRAM_TEXT];

	fz_keep(name, text, fz_print(program, NULL, text, sizeof(text)));
}

static uint64_t hash_of(const struct fz_program *program)
{
	static char text[FZ_PROGRAM_TEXT];
	size_t n = fz_print(program, NULL, text, sizeof(text)), i;
	uint64_t hash = n;

	for (i = 0; i < n; i++)
		hash = fz_mix(hash, text[i]);
	return hash;
}

static void read_tried(void)
{
	int fd;
	ssize_t n;

	n_tried = 0;
	if (!fz_dir)
		return;
	fd = open_kept("tried", O_RDONLY);
	n = read(fd, tried, sizeof(tried));
	if (n > 0)
		n_tried = n / sizeof(tried[0]);
	close(fd);
}

/* false: it was already */
static bool note_tried(const struct fz_program *program)
{
	uint64_t hash = hash_of(program);
	unsigned int i;
	int fd;

	for (i = 0; i < n_tried; i++)
		if (tried[i] == hash)
			return false;
	if (n_tried < TRIED)
		tried[n_tried++] = hash;
	if (fz_dir) {
		fd = open_kept("tried", O_WRONLY | O_APPEND);
		if (write(fd, &hash, sizeof(hash)) != sizeof(hash))
			is_over = true;
		close(fd);
	}
	return true;
}

/* Does the candidate find the same? Then it is the best. */
static bool try(void)
{
	struct fz_finding now;
	unsigned int i;

	if (is_over || !candidate.n || !note_tried(&candidate))
		return false;
	keep_program("current", &candidate);
	for (i = 0; i < n_tries && !is_over; i++) {
		if (fz_run(&candidate, &now) && fz_judge(&now, true))
			continue;
		is_over = now.kind == FZ_KERNEL || now.kind == FZ_UNKILLABLE;
		if (now.kind != found.kind)
			continue;
		best = candidate;
		found = now;
		keep_program("best", &best);
		return true;
	}
	return false;
}

static bool drop_steps(void)
{
	unsigned int size, from;
	bool any = false;

	for (size = (best.n + 1) / 2; size; size /= 2) {
		for (from = 0; from + size <= best.n && best.n > 1;) {
			candidate = best;
			fz_program_cut(&candidate, from, size);
			if (try())
				any = true;
			else
				from += size;
		}
	}
	return any;
}

/* First one after the other, and as few as can be at once. */
static bool make_sequential(void)
{
	uint32_t from = best.together, to = best.n;
	bool any = false;

	while (from < to) {
		candidate = best;
		candidate.together = to;
		if (try()) {
			from = to;
			any = true;
		}
		to = from + (to - from) / 2;
	}
	return any;
}

static bool plain_actors(void)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < best.n; i++) {
		candidate = best;
		candidate.step[i].proc = FZ_ROOT;
		candidate.step[i].thread = 0;
		if (best.step[i].proc || best.step[i].thread)
			any |= try();
	}
	return any;
}

static bool plain_arguments(void)
{
	bool any = false;
	unsigned int i, j;

	for (i = 0; i < best.n; i++) {
		for (j = 0; j < FZ_ARGS; j++) {
			if (!best.step[i].arg[j])
				continue;
			candidate = best;
			candidate.step[i].arg[j] = 0;
			any |= try();
		}
	}
	return any;
}

bool fz_shrink(struct fz_program *program, struct fz_finding *finding,
	       unsigned int tries)
{
	bool any;

	best = *program;
	found = *finding;
	n_tries = tries;
	is_over = false;
	fz_left_ms = LEFT_MS;
	read_tried();
	keep_program("best", &best);
	do {
		any = drop_steps();
		any |= make_sequential();
		any |= plain_actors();
		any |= plain_arguments();
	} while (any && !is_over);
	*program = best;
	*finding = found;
	return !is_over;
}
