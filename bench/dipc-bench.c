// SPDX-License-Identifier: GPL-2.0
/*
 * dipc-bench: what messages cost, with dipc and with its peers. Which cells
 * there are, how often each is run and what is told of it. It measures and
 * asserts nothing: what cannot be done on a machine is said and left out.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "scale.h"

#define N_WORDS		32
#define N_RUNS_WALL	11
#define N_RUNS_COUNTED	3	/* the allocator's caches vary */
#define N_RUNS_FLOW	5
#define N_RUNS_MAX	101
#define LEN_USUAL	64	/* of works that are done with one size */

struct words {
	char *word[N_WORDS + 1];
	int n;
};

/* What there is to choose from. */
static const struct peer *const *all_peers = peers;
static const struct work *all_works = works;

static struct words only_peers, only_works, sizes, cgroups;
static unsigned int n_runs, rounds = 500;

static void usage(FILE *f)
{
	fputs("dipc-bench [OPTION...]: what messages cost, with dipc and its peers\n"
	      "  --wall            by the wall clock, several runs each (the default)\n"
	      "  --icount          by a clock that counts instructions, three runs each,\n"
	      "                    five where the scheduler decides what it costs\n"
	      "  --peers 'A B'     only these, or those whose names contain that\n"
	      "  --works 'A B'     the same\n"
	      "  --sizes '8 64'    bytes\n"
	      "  --cgroups 'A B'   here (the default), own, root\n"
	      "  --cpus A[,B]      of the one who measures, and of the others (0)\n"
	      "  --runs N          how often each is run; the median is told\n"
	      "  --rounds N        how many small messages a run has (500)\n"
	      "  --scale           dipc with many names, links...: sizes are how many\n"
	      "  --csv             comma-separated values\n"
	      "  --list            the peers and the works\n", f);
}

static void list(void)
{
	puts("Peers:");
	for (const struct peer *const *p = all_peers; *p; p++)
		printf("  %-20s %s\n", (*p)->name, (*p)->about);
	puts("Works:");
	for (const struct work *w = all_works; w->name; w++)
		printf("  %-20s %s\n", w->name, w->about);
}

static void split(char *text, struct words *to)
{
	to->n = 0;
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) {
		if (to->n < N_WORDS)
			to->word[to->n++] = w;
	}
}

/* "call" is dipc_call. */
static bool is_same(const char *word, const char *name)
{
	return !strcmp(word, name) ||
	       (!strncmp(name, "dipc_", 5) && !strcmp(word, name + 5));
}

static bool is_name(const char *word, const char *(*name_of)(int nr))
{
	for (int i = 0; name_of(i); i++) {
		if (is_same(word, name_of(i)))
			return true;
	}
	return false;
}

/* By its name, or, if a word is nobody's name, by a part of it. */
static bool is_chosen(const struct words *only, const char *name,
		      const char *(*name_of)(int nr))
{
	for (int i = 0; i < only->n; i++) {
		if (is_name(only->word[i], name_of) ?
		    is_same(only->word[i], name) :
		    strstr(name, only->word[i]) != NULL)
			return true;
	}
	return !only->n;
}

static const char *peer_name(int nr)
{
	return all_peers[nr] ? all_peers[nr]->name : NULL;
}

static const char *work_name(int nr)
{
	return all_works[nr].name;
}

static void must_mean_something(const struct words *only,
				const char *(*name_of)(int nr))
{
	for (int i = 0; i < only->n; i++) {
		const struct words one = { .word = { only->word[i] }, .n = 1 };
		bool found = false;

		for (int k = 0; name_of(k); k++)
			found |= is_chosen(&one, name_of(k), name_of);
		if (!found) {
			fprintf(stderr, "dipc-bench: there is no '%s'; see --list\n",
				only->word[i]);
			exit(2);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Fewer of those that take long. */
static unsigned int rounds_for(size_t len)
{
	unsigned int n = all_works == works ? rounds * 8192.0 / (8192 + len) :
			 rounds;

	return n < 20 ? 20 : n;
}

static void measure(const struct peer *p, const struct work *w, size_t len,
		    const char *cgroup)
{
	static struct cell run[N_RUNS_MAX];
	unsigned int n, wanted = n_runs;

	/* What is a little too long is sent as long as it can be. */
	if (p->len_max && len > p->len_max)
		len = len - p->len_max < len / 100 ? p->len_max : 0;
	if (!len || len < w->least || (w->most && len > w->most) ||
	    (w->fits && !w->fits(p, len)))
		return;
	if (!wanted)
		wanted = *w->unit ? 1 : !is_counting ? N_RUNS_WALL :
			 w->is_scheduled ? N_RUNS_FLOW : N_RUNS_COUNTED;
	for (n = 0; n < wanted; n++) {
		run[n] = (struct cell) {
			.peer = p, .work = w, .len = len,
			.n = rounds_for(len), .nr = n,
		};
		if (run_cell(&run[n], cgroup))
			return;
	}
	qsort(run, n, sizeof(run[0]), by_value);
	out_figure(&(struct figure) {
		.cgroup = cgroup, .cell = &run[n / 2], .n_runs = n,
		.median = run[n / 2].value, .low = run[n / 4].value,
		.high = run[n - 1 - n / 4].value,
		.switches = run[n / 2].switches,
	});
}

static void measure_sizes(const struct peer *p, const struct work *w,
			  const char *cgroup)
{
	if (!w->is_sized)
		return measure(p, w, LEN_USUAL, cgroup);
	for (int i = 0; i < sizes.n; i++)
		measure(p, w, strtoul(sizes.word[i], NULL, 0), cgroup);
}

static void measure_all(const char *cgroup)
{
	for (const struct work *w = all_works; w->name; w++) {
		if (!is_chosen(&only_works, w->name, work_name))
			continue;
		for (const struct peer *const *p = all_peers; *p; p++) {
			if (is_chosen(&only_peers, (*p)->name, peer_name))
				measure_sizes(*p, w, cgroup);
		}
	}
}

static const struct option options[] = {
	{ "wall", no_argument, NULL, 'w' },
	{ "icount", no_argument, NULL, 'i' },
	{ "peers", required_argument, NULL, 'p' },
	{ "works", required_argument, NULL, 'W' },
	{ "sizes", required_argument, NULL, 's' },
	{ "cgroups", required_argument, NULL, 'g' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "runs", required_argument, NULL, 'r' },
	{ "rounds", required_argument, NULL, 'n' },
	{ "scale", no_argument, NULL, 'S' },
	{ "csv", no_argument, NULL, 'C' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static enum format read_options(int argc, char **argv)
{
	enum format format = TEXT;
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (o) {
		case 'w':
			is_counting = false;
			break;
		case 'i':
			is_counting = true;
			break;
		case 'p':
			split(optarg, &only_peers);
			break;
		case 'W':
			split(optarg, &only_works);
			break;
		case 's':
			split(optarg, &sizes);
			break;
		case 'g':
			split(optarg, &cgroups);
			break;
		case 'c':
			if (sscanf(optarg, "%d,%d", &cpus[0], &cpus[1]) == 1)
				cpus[1] = cpus[0];
			break;
		case 'r':
			n_runs = atoi(optarg);
			break;
		case 'n':
			rounds = atoi(optarg);
			break;
		case 'S':
			all_peers = scale_peers;
			all_works = scale_works;
			break;
		case 'C':
			format = CSV;
			break;
		case 'l':
			list();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
	return format;
}

int main(int argc, char **argv)
{
	static char usual_sizes[] = "8 64 512 4096 65536 1048576";
	static char usual_numbers[] = "1 10 100 1000 10000 100000";
	static char here[] = "here";
	enum format format = read_options(argc, argv);
	bool is_scale = all_works == scale_works;

	must_mean_something(&only_peers, peer_name);
	must_mean_something(&only_works, work_name);
	if (!sizes.n)
		split(is_scale ? usual_numbers : usual_sizes, &sizes);
	if (!cgroups.n)
		split(here, &cgroups);
	if (n_runs > N_RUNS_MAX)
		n_runs = N_RUNS_MAX;
	if (is_scale)
		scale_begin();
	out_begin(format);
	for (int i = 0; i < cgroups.n; i++)
		measure_all(cgroups.word[i]);
	out_end();
	if (is_scale)
		scale_end();
	return 0;
}
