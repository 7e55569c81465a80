// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a send: mode x capacity x policy x situation. The cells are
 * made from Documentation/cells.txt as the suite runs (lib/cells_table.c), and
 * each is a test (lib/cells_run.c), in a process of its own; so there is
 * nothing here to forget. A point of the axes about which the text says
 * nothing fails the suite.
 *
 * Arguments: only the cells whose names contain one of them.
 *
 * suite-timeout: 400
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest.h"
#include "cells_run.h"

#define WORKERS		4	/* each in a network namespace of its own */
#define LIMIT_S		350	/* no further cell after that, times DIPC_SLOW */

static cell_table table;

struct todo {
	struct cell cell;
	char name[96];
};

static struct todo todos[CELL_MODES * CELL_CAPACITIES * CELL_POLICIES *
			 CELL_SITUATIONS];
static int n_todo, n_cells, n_cannot;

static bool is_wanted(const char *name, int argc, char **argv)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return false;
}

static void plan(int argc, char **argv)
{
	for (int m = 0; m < CELL_MODES; m++)
	for (int c = 0; c < CELL_CAPACITIES; c++)
	for (int p = 0; p < CELL_POLICIES; p++)
	for (int s = 0; s < CELL_SITUATIONS; s++) {
		struct todo *t = &todos[n_todo];

		n_cells++;
		if (!table[m][c][p][s].occurs) {
			n_cannot++;
			continue;
		}
		t->cell = (struct cell) {
			.mode = m, .capacity = cell_capacities[c], .policy = p,
			.situation = s, .row = &table[m][c][p][s],
		};
		snprintf(t->name, sizeof(t->name), "%s.%u.%s.%s",
			 cell_mode_names[m], cell_capacities[c],
			 cell_policy_names[p], cell_situation_names[s]);
		if (is_wanted(t->name, argc, argv))
			n_todo++;
	}
}

static int run_cell(void *arg)
{
	struct todo *t = arg;

	return cell_run(&t->cell) ? 1 : 0;
}

/* What a worker has to say of a cell comes whole, through a pipe. */
static void judge(FILE *from, bool *passed)
{
	char line[512];

	*passed = false;
	while (fgets(line, sizeof(line), from)) {
		if (!strncmp(line, "=", 1)) {
			*passed = atoi(line + 1) == 0;
			return;
		}
		fputs(line, stdout);
	}
	printf("# the worker has ended\n");
}

/* Cells number "first", and each WORKERS-th from there. */
static int work(int first, int to)
{
	int status;

	if (dup2(to, STDOUT_FILENO) < 0 || dt_netns_new())
		return 1;
	for (int i = first; i < n_todo; i += WORKERS) {
		status = dt_child_wait(dt_child(run_cell, &todos[i]));
		if (status < 0)
			printf("# its process ended with %d\n", status);
		printf("=%d\n", status);
		fflush(stdout);
	}
	return 0;
}

static int slowness(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 0 ? atoi(slow) : 1;
}

struct worker {
	pid_t pid;
	FILE *says;		/* NULL: there is none */
};

static struct worker start(int first)
{
	struct worker w = { 0 };
	int fds[2];

	if (pipe(fds))
		return w;
	fflush(stdout);
	w.pid = fork();
	switch (w.pid) {
	case -1:
		return w;
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		_exit(work(first, fds[1]));
	}
	close(fds[1]);
	w.says = fdopen(fds[0], "r");
	return w;
}

int main(int argc, char **argv)
{
	long end_ms = dt_now_ms() + 1000L * LIMIT_S * slowness();
	struct worker worker[WORKERS];
	int faults, n_run = 0;
	bool passed;

	ksft_print_header();
	faults = cells_load(table);
	plan(argc, argv);
	ksft_set_plan(n_todo + 1);
	ksft_test_result(!faults, "the table says something about each cell, once\n");
	for (int i = 0; i < WORKERS; i++)
		worker[i] = start(i);
	for (int i = 0; i < n_todo; i++) {
		if (dt_now_ms() < end_ms && worker[i % WORKERS].says) {
			judge(worker[i % WORKERS].says, &passed);
			n_run++;
		} else {
			if (n_run == i)
				printf("# no time: not run from here\n");
			passed = false;
		}
		ksft_test_result(passed, "%s\n", todos[i].name);
	}
	/* one that has not come to its end is not waited for */
	for (int i = 0; i < WORKERS; i++) {
		if (!worker[i].says)
			continue;
		if (n_run < n_todo)
			kill(worker[i].pid, SIGKILL);
		waitpid(worker[i].pid, NULL, 0);
	}
	ksft_print_msg("cells: %d of %d run, %d cannot occur\n", n_run,
		       n_cells - n_cannot, n_cannot);
	ksft_finished();
}
