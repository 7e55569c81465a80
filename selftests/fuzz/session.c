// SPDX-License-Identifier: GPL-2.0
/*
 * What one job does: random programs until something is found or the time is
 * over; programs from files, again and again; a finding, and making it short.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

#define CORPUS		1024
#define THOROUGH	64	/* programs between two thorough looks */
#define LAST		2	/* programs that are kept in files */

static struct fz_program program, *corpus[CORPUS];
static struct fz_finding finding;
static unsigned int n_corpus;
static char text[FZ_PROGRAM_TEXT];

static void tell_program(void)
{
	int64_t results[FZ_STEPS];
	unsigned int i;

	for (i = 0; i < FZ_STEPS; i++)
		results[i] = fz_shared->result[i];
	fz_print(&program, results, text, sizeof(text));
	printf("%s#end\n", text);
	fflush(stdout);
}

static void tell_finding(void)
{
	static const char *const names[] = {
		[FZ_KERNEL] = "the kernel reports",
		[FZ_UNKILLABLE] = "cannot be killed", [FZ_HANG] = "hangs",
		[FZ_LEFT] = "is left", [FZ_ERRNO] = "unexpected errno",
		[FZ_BROKEN] = "broken promise",
	};

	printf("# FOUND: %s: %s\n", names[finding.kind], finding.text);
	tell_program();
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
static void keep_last(unsigned int job, uint64_t seed, uint64_t number)
{
	static int fd[LAST] = { -1, -1 };
	unsigned int i = number % LAST;
	char path[300];
	size_t len;

	if (!fz_dir)
		return;
	if (fd[i] < 0) {
		snprintf(path, sizeof(path), "%s/last.%u.%u", fz_dir, job, i);
		fd[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	}
	len = fz_print(&program, NULL, text, sizeof(text) - 64);
	len += sprintf(text + len, "#end %llu of seed %llu\n",
		       (unsigned long long)number,
		       (unsigned long long)seed);
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
	bool fine = fz_run(&program, &finding) && fz_judge(&finding, thorough);

	if (fine && fz_opt.verbose)
		tell_program();
	return fine;
}

/* Does it happen again, with this program alone? Then it is made short. */
static int shrink_again(void)
{
	unsigned int i;

	for (i = 0; i < fz_opt.times && run_once(true); i++)
		;
	if (i == fz_opt.times) {
		printf("# it does not happen again\n");
		return 1;
	}
	if (is_over() || !fz_shrink(&program, &finding, fz_opt.times))
		return 3;
	run_once(true);
	printf("# as short as it gets:\n");
	tell_finding();
	return 1;
}

static int shrink(unsigned int job)
{
	char name[16];

	if (!is_over())
		return shrink_again();
	snprintf(name, sizeof(name), "found.%u", job);
	fz_print(&program, NULL, text, sizeof(text));
	fz_keep(name, text, strlen(text));
	return 3;
}

static void make_program(uint64_t seed, uint64_t number)
{
	struct fz_rng rng = { fz_mix(seed, number) };
	const struct fz_program *other;

	if (!fz_opt.guided || !n_corpus || fz_one_in(&rng, 3)) {
		fz_generate(&program, fz_mix(seed, number), fz_opt.order);
		return;
	}
	program = *corpus[fz_draw(&rng, n_corpus)];
	other = corpus[fz_draw(&rng, n_corpus)];
	fz_mutate(&program, other, fz_random(&rng));
	if (fz_opt.order == FZ_SEQUENTIAL)
		program.together = program.n;
}

static void keep_good(void)
{
	struct fz_rng rng = { fz_shared->number };
	unsigned int i = n_corpus;

	fz_shared->kept++;
	if (i == CORPUS)
		i = fz_draw(&rng, CORPUS);
	else
		corpus[n_corpus++] = malloc(sizeof(program));
	if (corpus[i])
		*corpus[i] = program;
}

static bool is_time_over(uint64_t began_ns)
{
	return fz_all->stop || (fz_opt.seconds &&
	       fz_now_ns() - began_ns > fz_opt.seconds * 1000000000ULL);
}

int fz_session(unsigned int job)
{
	uint64_t seed = fz_opt.seed + job, began = fz_now_ns(), number;
	uint32_t fresh = 0;

	for (number = fz_opt.first; number <= fz_opt.last; number++) {
		make_program(seed, number);
		keep_last(job, seed, number);
		if (!run_once(fz_opt.closely || number % THOROUGH == 0)) {
			fz_all->stop = true;
			printf("# program %llu of seed %llu\n",
			       (unsigned long long)number,
			       (unsigned long long)seed);
			tell_finding();
			return shrink(job);
		}
		if (fz_opt.guided && fz_shared->fresh != fresh)
			keep_good();
		fresh = fz_shared->fresh;
		fz_shared->programs++;
		if (is_time_over(began))
			break;
	}
	return 0;
}

/* As it is written, and with more or less at once. */
static bool replay_one(void)
{
	uint32_t together = program.together;
	unsigned int i;

	if (!run_once(true))
		return false;
	for (i = 0; i < fz_opt.times; i++) {
		program.together = i % 2 ? together : program.n * i / fz_opt.times;
		if (!run_once(i + 1 == fz_opt.times))
			return false;
	}
	return true;
}

int fz_session_replay(char **paths, int n)
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

/* What it finds is seen when it does; if that is known, it is not tried. */
int fz_session_shrink(const char *path)
{
	if (!read_program(path))
		return 2;
	if (!fz_opt.known)
		return shrink_again();
	finding.kind = FZ_KERNEL;
	return fz_shrink(&program, &finding, fz_opt.times) ? 1 : 3;
}
