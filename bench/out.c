// SPDX-License-Identifier: GPL-2.0
/*
 * Figures, as they come: a table a work with a row a peer and a column a size,
 * or lines of comma-separated values.
 */
#include <stdio.h>

#include "bench.h"

static enum format format;

/* The table and the row that the latest figure was in. */
static const char *cgroup;
static const struct work *work;
static const struct peer *peer;

static const char *unit_of(const struct work *w)
{
	if (*w->unit)
		return w->unit;
	return is_counting ? "instructions" : "ns";
}

void out_begin(enum format f)
{
	format = f;
	if (format == CSV)
		puts("cgroup,peer,work,bytes,unit,median,low,high,switches,"
		     "rounds,runs");
}

static void csv(const struct figure *f)
{
	const struct cell *c = f->cell;

	printf("%s,%s,%s,%zu,%s,%.1f,%.1f,%.1f,", f->cgroup, c->peer->name,
	       c->work->name, c->len, unit_of(c->work), f->median, f->low,
	       f->high);
	if (f->switches >= 0)
		printf("%.2f", f->switches);
	printf(",%u,%u\n", c->n, f->n_runs);
}

static void heading(const struct figure *f)
{
	printf("%s\n%s: %s (%s; cgroup: %s)\n", work ? "\n" : "",
	       f->cell->work->name, f->cell->work->about,
	       unit_of(f->cell->work), f->cgroup);
}

/* A figure with its size, its spread and its switches, where there are some. */
static void text(const struct figure *f)
{
	const struct cell *c = f->cell;

	if (c->work != work || f->cgroup != cgroup) {
		heading(f);
		peer = NULL;
	}
	if (c->peer != peer)
		printf("%s  %-20s", peer ? "\n" : "", c->peer->name);
	work = c->work;
	cgroup = f->cgroup;
	peer = c->peer;
	if (c->work->is_sized)
		printf(" %7zu:", c->len);
	printf(" %9.0f", f->median);
	if (!is_counting && f->n_runs > 1)
		printf(" %.0f..%.0f", f->low, f->high);
	if (f->switches >= 0)
		printf(" (%.2f)", f->switches);
}

void out_figure(const struct figure *f)
{
	if (format == CSV)
		csv(f);
	else
		text(f);
	fflush(stdout);
}

void out_end(void)
{
	if (format == TEXT && work)
		puts("\n\nIn brackets: context switches. Ranges: quartiles.");
}
