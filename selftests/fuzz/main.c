// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer: programs of random operations on AF_DIPC sockets, by several
 * processes and threads; see Documentation/fuzzing.md. Needs root, the module,
 * and a machine that may be lost.
 *
 *   fuzz [-s SEED] [-n FIRST[-LAST]] [-t SECONDS] [-J JOBS]	random programs
 *   fuzz -r [-v] [-k TIMES] FILE...		these programs, again and again
 *   fuzz -S FILE [-k TIMES] [-K]	make this program shorter
 *   fuzz -p [-s SEED] [-n NUMBER]	show a program
 *   fuzz -l				show the operations
 *
 * -v: what each operation gave; -o seq|par: only programs of this kind;
 * -x NAME: not this operation; -g: keep and change those that reach more of the
 * module (KCOV); -j: look closely after each; -d DIR: keep there what is needed
 * if the machine does not survive; -T: TAP.
 * Status 0: nothing found; 1: a finding, which was made short if it happened
 * again; 2: it could not run; 3: a finding after which the kernel cannot go on
 * (-S with the file found.* or best, after a restart; -K: it is known that the
 * kernel reports).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "core.h"

#define JOBS_MAX	32

struct fz_options fz_opt = { .last = UINT64_MAX, .times = 20, .jobs = 1 };
struct fz_all *fz_all;

static void list_ops(void)
{
	unsigned int i, j;

	for (i = 0; i < fz_n_ops; i++) {
		printf("%-20s %4u ", fz_ops[i]->name, fz_ops[i]->weight);
		for (j = 0; j < FZ_ARGS && fz_ops[i]->args[j].name; j++)
			printf(" %s", fz_ops[i]->args[j].name);
		printf("\n");
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: fuzz [-s SEED] [-n FIRST[-LAST]] [-t SECONDS] [-J JOBS]\n"
			"            [-o seq|par] [-x NAME]... [-gjTv] [-d DIR]\n"
			"       fuzz -r [-v] [-k TIMES] FILE...\n"
			"       fuzz -S FILE [-K] [-k TIMES] [-d DIR]\n"
			"       fuzz -p [-s SEED] [-n NUMBER]\n"
			"       fuzz -l\n");
	return 2;
}

static void get_range(const char *arg)
{
	char *end;

	fz_opt.first = strtoull(arg, &end, 0);
	fz_opt.last = *end == '-' ? strtoull(end + 1, NULL, 0) : fz_opt.first;
}

static void show_program(void)
{
	static struct fz_program program;
	static char text[FZ_PROGRAM_TEXT];

	fz_generate(&program, fz_mix(fz_opt.seed, fz_opt.first), fz_opt.order);
	fz_print(&program, NULL, text, sizeof(text));
	fputs(text, stdout);
}

static int make_world(void)
{
	const char *slow = getenv("DIPC_SLOW");
	size_t size = sizeof(*fz_all) + fz_opt.jobs * sizeof(*fz_shared);

	if (slow && atoi(slow) > 0)
		fz_slow = atoi(slow);
	fz_all = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fz_all == MAP_FAILED)
		return -ENOMEM;
	fz_shared = fz_all->job;
	return 0;
}

/* One job, here: programs from files. */
static int run_files(const char *shorten, char **paths, int n)
{
	int status, err;

	err = fz_judge_init() ?: fz_run_init();
	if (err) {
		fprintf(stderr, "fuzz: cannot begin: %s\n", strerror(-err));
		return 2;
	}
	status = shorten ? fz_session_shrink(shorten) :
			   fz_session_replay(paths, n);
	if (status != 3)
		fz_run_end();
	return status;
}

static int run_random(void)
{
	int status;

	if (fz_opt.tap)
		printf("TAP version 13\n1..1\n");
	status = fz_jobs();
	if (fz_opt.tap)
		printf("%sok 1 - random programs, seed %llu\n",
		       status ? "not " : "", (unsigned long long)fz_opt.seed);
	return status;
}

static const char *shorten;
static bool show, list, again;

static bool get_option(int c)
{
	switch (c) {
	case 's': fz_opt.seed = strtoull(optarg, NULL, 0); break;
	case 'n': get_range(optarg); break;
	case 't': fz_opt.seconds = strtoul(optarg, NULL, 0); break;
	case 'k': fz_opt.times = strtoul(optarg, NULL, 0); break;
	case 'J': fz_opt.jobs = strtoul(optarg, NULL, 0); break;
	case 'o':
		fz_opt.order = *optarg == 's' ? FZ_SEQUENTIAL : FZ_PARALLEL;
		break;
	case 'd': fz_dir = optarg; break;
	case 'x': return fz_op_exclude(optarg);
	case 'g': fz_opt.guided = true; break;
	case 'j': fz_opt.closely = true; break;
	case 'K': fz_opt.known = true; break;
	case 'v': fz_opt.verbose = true; break;
	case 'T': fz_opt.tap = true; break;
	case 'S': shorten = optarg; break;
	case 'r': again = true; break;
	case 'p': show = true; break;
	case 'l': list = true; break;
	default: return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint32_t seed;
	int c;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return 2;
	fz_opt.seed = seed;
	fz_ops_init();
	while ((c = getopt(argc, argv, "s:n:t:k:J:o:d:x:S:gjKTvrpl")) != -1)
		if (!get_option(c))
			return usage();
	if (!fz_opt.jobs || fz_opt.jobs > JOBS_MAX)
		return usage();
	if (list)
		list_ops();
	else if (show)
		show_program();
	if (list || show)
		return 0;
	if (shorten || again)
		fz_opt.jobs = 1;
	if (make_world())
		return 2;
	if (shorten || again)
		return run_files(shorten, argv + optind, argc - optind);
	return run_random();
}
