// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer: programs of random operations on AF_DIPC sockets, by several
 * processes and threads; see Documentation/fuzzing.md. Needs root, the module,
 * and a machine that may be lost.
 *
 *   fuzz [-s SEED] [-n FIRST[-LAST]] [-t SECONDS]	random programs
 *   fuzz -r [-k TIMES] FILE...		these programs, again and again
 *   fuzz -S FILE			make this program shorter
 *   fuzz -p [-s SEED] [-n NUMBER]	show a program
 *   fuzz -l				show the operations
 *
 * -o seq|par: only programs of this kind; -g: keep and change those that
 * reach more of the module (KCOV); -j: look closely after each; -d DIR: keep
 * there what is needed if the machine does not survive; -T: TAP.
 * Status 0: nothing found; 1: a finding, which was made short if it happened
 * again; 3: the same, but the kernel cannot go on (-S best, after a restart).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core.h"

#define CORPUS		1024
#define THOROUGH	64	/* programs between two thorough looks */
#define LAST		4	/* programs that are kept in files */
#define TELL_S		20

static struct {
	uint64_t seed, first, last;
	unsigned int seconds, times;
	enum fz_order order;
	bool guided, closely, tap;
} opt = { .last = UINT64_MAX, .times = 20 };

static struct fz_program program, *corpus[CORPUS];
static struct fz_finding finding;
static unsigned int n_corpus;
static char text[FZ_PROGRAM_TEXT];
static uint64_t began_ns;

/*
 * Figures
 */

struct figures {
	uint64_t steps, good;
};

static struct figures add_up(void)
{
	struct figures f = { 0 };
	unsigned int i, e;

	for (i = 0; i < FZ_CALLS; i++) {
		f.good += fz_shared->count[i][0];
		for (e = 0; e < FZ_ERRNOS; e++)
			f.steps += fz_shared->count[i][e];
	}
	return f;
}

static void tell(uint64_t number)
{
	struct figures f = add_up();
	double seconds = (fz_now_ns() - began_ns) / 1e9;

	printf("# %llu programs, %llu operations, %.1f %% good, %.0f s, %.0f/s, %u points, %u pairs, %u kept\n",
	       (unsigned long long)number, (unsigned long long)f.steps,
	       f.steps ? 100.0 * f.good / f.steps : 0, seconds,
	       f.steps / seconds, fz_shared->points, fz_shared->pairs,
	       n_corpus);
	fflush(stdout);
}

/* Each call and what it gave how often; "0" is success. */
static void tell_counts(void)
{
	unsigned int i, j, e;
	uint64_t n;

	for (i = 0; i < FZ_CALLS; i++) {
		const char *call = fz_shared->call[i];

		for (e = 0; call && e < FZ_ERRNOS; e++) {
			/* equal names at several places: at the first */
			n = 0;
			for (j = 0; j < FZ_CALLS; j++) {
				if (!fz_shared->call[j] ||
				    strcmp(fz_shared->call[j], call))
					continue;
				if (j < i)
					break;
				n += fz_shared->count[j][e];
			}
			if (n && j == FZ_CALLS)
				printf("count\t%s\t%s\t%llu\n", call,
				       e ? fz_errno_name(e) : "0",
				       (unsigned long long)n);
		}
	}
}

static void tell_finding(void)
{
	static const char *const names[] = {
		[FZ_KERNEL] = "the kernel reports",
		[FZ_UNKILLABLE] = "cannot be killed", [FZ_HANG] = "hangs",
		[FZ_LEFT] = "is left", [FZ_ERRNO] = "unexpected errno",
		[FZ_BROKEN] = "broken promise",
	};
	int64_t results[FZ_STEPS];
	unsigned int i;

	for (i = 0; i < FZ_STEPS; i++)
		results[i] = fz_shared->result[i];
	fz_print(&program, results, text, sizeof(text));
	printf("# FOUND: %s: %s\n%s#end\n", names[finding.kind], finding.text,
	       text);
	fflush(stdout);
}

/*
 * Files
 */

static bool read_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *wrong;
	unsigned int line;
	char *end;

	close(fd);
	if (n < 0) {
		fprintf(stderr, "%s cannot be read\n", path);
		return false;
	}
	text[n] = '\0';
	end = strstr(text, "#end");
	if (end)
		*end = '\0';
	wrong = fz_parse(&program, text, &line);
	if (wrong)
		fprintf(stderr, "%s:%u: %s\n", path, line, wrong);
	return !wrong;
}

/* The programs before a panic; nothing is cut off, for that takes a while. */
static void keep_last(uint64_t number)
{
	static int fd[LAST] = { -1, -1, -1, -1 };
	unsigned int i = number % LAST;
	char path[300];
	size_t len;

	if (!fz_dir)
		return;
	if (fd[i] < 0) {
		snprintf(path, sizeof(path), "%s/last.%u", fz_dir, i);
		fd[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	}
	len = fz_print(&program, NULL, text, sizeof(text) - 64);
	len += sprintf(text + len, "#end %llu of seed %llu\n",
		       (unsigned long long)number,
		       (unsigned long long)opt.seed);
	if (pwrite(fd[i], text, len, 0) != len)
		fprintf(stderr, "%s is full\n", fz_dir);
}

/*
 * What can be asked for
 */

static bool is_over(void)
{
	return finding.kind == FZ_KERNEL || finding.kind == FZ_UNKILLABLE;
}

static bool run_once(bool thorough)
{
	return fz_run(&program, &finding) && fz_judge(&finding, thorough);
}

/* Does it happen again, with this program alone? Then it is made short. */
static int shrink(void)
{
	unsigned int i;

	fz_print(&program, NULL, text, sizeof(text));
	if (is_over()) {
		fz_keep("best", text, strlen(text));
		return 3;
	}
	for (i = 0; i < opt.times && run_once(true); i++)
		;
	if (i == opt.times) {
		printf("# it does not happen again\n");
		return 1;
	}
	if (!is_over() && fz_shrink(&program, &finding, opt.times)) {
		run_once(true);
		printf("# as short as it gets:\n");
		tell_finding();
		return 1;
	}
	return 3;
}

static void make_program(uint64_t number)
{
	struct fz_rng rng = { fz_mix(opt.seed, number) };
	const struct fz_program *other;

	if (!opt.guided || !n_corpus || fz_one_in(&rng, 3)) {
		fz_generate(&program, fz_mix(opt.seed, number), opt.order);
		return;
	}
	program = *corpus[fz_draw(&rng, n_corpus)];
	other = corpus[fz_draw(&rng, n_corpus)];
	fz_mutate(&program, other, fz_random(&rng));
	if (opt.order != FZ_ANY_ORDER)
		program.parallel = opt.order == FZ_PARALLEL;
}

static void keep_good(void)
{
	struct fz_rng rng = { fz_shared->number };
	unsigned int i = n_corpus;

	if (i == CORPUS)
		i = fz_draw(&rng, CORPUS);
	else
		corpus[n_corpus++] = malloc(sizeof(program));
	if (corpus[i])
		*corpus[i] = program;
}

static int fuzz(void)
{
	uint64_t number, told = began_ns;
	uint32_t pairs = 0;
	int status = 0;

	printf("# seed %llu\n", (unsigned long long)opt.seed);
	for (number = opt.first; number <= opt.last; number++) {
		make_program(number);
		keep_last(number);
		if (!run_once(opt.closely || number % THOROUGH == 0)) {
			printf("# program %llu of seed %llu\n",
			       (unsigned long long)number,
			       (unsigned long long)opt.seed);
			tell_finding();
			status = shrink();
			break;
		}
		if (opt.guided && fz_shared->pairs > pairs)
			keep_good();
		pairs = fz_shared->pairs;
		if (fz_now_ns() - told > TELL_S * 1000000000ULL) {
			told = fz_now_ns();
			tell(number - opt.first + 1);
		}
		if (opt.seconds &&
		    fz_now_ns() - began_ns > opt.seconds * 1000000000ULL)
			break;
	}
	tell(number - opt.first);
	tell_counts();
	if (opt.tap)
		printf("1..1\n%sok 1 - random programs, seed %llu\n",
		       status ? "not " : "", (unsigned long long)opt.seed);
	return status;
}

/* As it is written, and some times at once. */
static bool replay_one(void)
{
	unsigned int i;

	if (!run_once(true))
		return false;
	program.parallel = true;
	for (i = 0; i < opt.times; i++)
		if (!run_once(i + 1 == opt.times))
			return false;
	return true;
}

static int replay(char **paths, int n)
{
	int i, failed = 0;

	printf("TAP version 13\n1..%d\n", n);
	for (i = 0; i < n; i++) {
		bool ok = read_program(paths[i]);

		if (ok && !replay_one()) {
			tell_finding();
			ok = false;
		}
		printf("%sok %d - %s\n", ok ? "" : "not ", i + 1,
		       basename(paths[i]));
		fflush(stdout);
		failed += !ok;
		if (is_over())
			break;
	}
	return failed ? 1 : 0;
}

static int shrink_file(const char *path)
{
	if (!read_program(path))
		return 2;
	/* it is known to find something; what, is seen when it does */
	return shrink();
}

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
	fprintf(stderr, "usage: fuzz [-s SEED] [-n FIRST[-LAST]] [-t SECONDS] [-o seq|par] [-gjT] [-d DIR]\n"
			"       fuzz -r [-k TIMES] FILE...\n"
			"       fuzz -S FILE [-k TIMES] [-d DIR]\n"
			"       fuzz -p [-s SEED] [-n NUMBER]\n"
			"       fuzz -l\n");
	return 2;
}

static void get_range(const char *arg)
{
	char *end;

	opt.first = strtoull(arg, &end, 0);
	opt.last = *end == '-' ? strtoull(end + 1, NULL, 0) : opt.first;
}

int main(int argc, char **argv)
{
	const char *slow = getenv("DIPC_SLOW"), *shorten = NULL;
	bool show = false, list = false, again = false;
	int c, err;

	if (getrandom(&opt.seed, sizeof(opt.seed), 0) != sizeof(opt.seed))
		return 2;
	opt.seed &= 0xffffffff;
	while ((c = getopt(argc, argv, "s:n:t:k:o:d:S:gjTrpl")) != -1) {
		switch (c) {
		case 's': opt.seed = strtoull(optarg, NULL, 0); break;
		case 'n': get_range(optarg); break;
		case 't': opt.seconds = strtoul(optarg, NULL, 0); break;
		case 'k': opt.times = strtoul(optarg, NULL, 0); break;
		case 'o': opt.order = *optarg == 's' ? FZ_SEQUENTIAL :
				      FZ_PARALLEL; break;
		case 'd': fz_dir = optarg; break;
		case 'S': shorten = optarg; break;
		case 'g': opt.guided = true; break;
		case 'j': opt.closely = true; break;
		case 'T': opt.tap = true; break;
		case 'r': again = true; break;
		case 'p': show = true; break;
		case 'l': list = true; break;
		default: return usage();
		}
	}
	fz_ops_init();
	if (list) {
		list_ops();
		return 0;
	}
	if (show) {
		fz_generate(&program, fz_mix(opt.seed, opt.first), opt.order);
		fz_print(&program, NULL, text, sizeof(text));
		fputs(text, stdout);
		return 0;
	}
	if (slow && atoi(slow) > 0)
		fz_slow = atoi(slow);
	err = fz_judge_init() ?: fz_run_init();
	if (err) {
		fprintf(stderr, "fuzz: cannot begin: %s\n", strerror(-err));
		return 2;
	}
	if (opt.tap)
		printf("TAP version 13\n");
	began_ns = fz_now_ns();
	c = again ? replay(argv + optind, argc - optind) :
	    shorten ? shrink_file(shorten) : fuzz();
	if (c != 3)
		fz_run_end();
	return c;
}
