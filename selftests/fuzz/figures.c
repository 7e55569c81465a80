// SPDX-License-Identifier: GPL-2.0
/*
 * What all jobs have done so far, in numbers; for people, and as lines "count
 * CALL ERRNO NUMBER" with tabs between for programs ("0" is success).
 */
#include <string.h>

#include "core.h"

struct figures {
	uint64_t programs, steps, good, kept;
};

static struct figures add_up(void)
{
	struct figures f = { 0 };
	const struct fz_shared *s;
	unsigned int i, e;

	for (s = fz_all->job; s < &fz_all->job[fz_opt.jobs]; s++) {
		f.programs += s->programs;
		f.kept += s->kept;
		for (i = 0; i < FZ_CALLS; i++) {
			f.good += s->count[i][0];
			for (e = 0; e < FZ_ERRNOS; e++)
				f.steps += s->count[i][e];
		}
	}
	return f;
}

void fz_tell_figures(double seconds)
{
	struct figures f = add_up();

	printf("# %.0f s: %llu programs, %llu operations (%.0f/s), %.1f %% good",
	       seconds, (unsigned long long)f.programs,
	       (unsigned long long)f.steps, f.steps / seconds,
	       f.steps ? 100.0 * f.good / f.steps : 0);
	if (fz_all->seen.points)
		printf(", %u points, %u pairs, %llu kept", fz_all->seen.points,
		       fz_all->seen.pairs, (unsigned long long)f.kept);
	printf("\n");
	fflush(stdout);
}

/* Equal names may be at several places, in one job and in several. */
static uint64_t count_of(const char *call, unsigned int error)
{
	const struct fz_shared *s;
	uint64_t n = 0;
	unsigned int i;

	for (s = fz_all->job; s < &fz_all->job[fz_opt.jobs]; s++)
		for (i = 0; i < FZ_CALLS; i++)
			if (s->call[i] && !strcmp(s->call[i], call))
				n += s->count[i][error];
	return n;
}

static bool was_told(const struct fz_shared *s, unsigned int at)
{
	const struct fz_shared *other;
	unsigned int i;

	for (other = fz_all->job; other <= s; other++)
		for (i = 0; i < (other == s ? at : FZ_CALLS); i++)
			if (other->call[i] &&
			    !strcmp(other->call[i], s->call[at]))
				return true;
	return false;
}

void fz_tell_counts(void)
{
	const struct fz_shared *s;
	unsigned int i, e;
	uint64_t n;

	for (s = fz_all->job; s < &fz_all->job[fz_opt.jobs]; s++) {
		for (i = 0; i < FZ_CALLS; i++) {
			if (!s->call[i] || was_told(s, i))
				continue;
			for (e = 0; e < FZ_ERRNOS; e++) {
				n = count_of(s->call[i], e);
				if (n)
					printf("count\t%s\t%s\t%llu\n",
					       s->call[i],
					       e ? fz_errno_name(e) : "0",
					       (unsigned long long)n);
			}
		}
	}
	fflush(stdout);
}
