// SPDX-License-Identifier: GPL-2.0
/*
 * The clock, gates and processes of a cell; see tools.h. How much memory the
 * kernel has taken is in memory.c.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

#define HEADROOM		4096	/* so that the payload begins a page */
#define SETTLE_COUNTED_US	200000	/* costs nothing where time is counted */
#define SETTLE_US		20000

void fail(const char *what)
{
	int error = errno;
	char text[300];
	int len = snprintf(text, sizeof(text), "  %s: %s\n", what,
			   strerror(error));

	if (write(STDERR_FILENO, text, len) < 0)
		_exit(2);
	_exit(1);
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int64_t clock_ns(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 100; i++) {
		int64_t t = now_ns();

		t = now_ns() - t;
		if (t < least)
			least = t;
	}
	return least;
}

unsigned int settle_more_us;

void settle(void)
{
	usleep((is_counting ? SETTLE_COUNTED_US : SETTLE_US) + settle_more_us);
}

unsigned int switches_now(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_nvcsw + r.ru_nivcsw;
}

static void *map(size_t bytes, int flags)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

void *share(size_t bytes)
{
	return map(bytes, MAP_SHARED);
}

char *new_buffer(size_t len)
{
	/* what a program has from malloc() is private as well */
	char *buf = map(HEADROOM + len, MAP_PRIVATE);

	memset(buf, 'x', HEADROOM + len);
	return buf + HEADROOM;
}

void open_link(struct cell *c, struct link *l, unsigned int depth)
{
	*l = (struct link) {
		.peer = c->peer, .shape = { .len = c->len, .depth = depth },
	};
	MUST(c->peer->open(l));
}

void add_switches(struct cell *c, unsigned int before)
{
	__atomic_add_fetch(&c->n_switches, switches_now() - before,
			   __ATOMIC_RELAXED);
}

static long futex(int *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

void gate_come(struct gate *g, int n)
{
	if (__atomic_add_fetch(&g->n_come, 1, __ATOMIC_ACQ_REL) == n)
		futex(&g->n_come, FUTEX_WAKE, INT_MAX);
}

void gate_wait(struct gate *g, int n)
{
	int come;

	while ((come = __atomic_load_n(&g->n_come, __ATOMIC_ACQUIRE)) < n)
		futex(&g->n_come, FUTEX_WAIT, come);
}

void gate_pass(struct gate *g, int n)
{
	gate_come(g, n);
	gate_wait(g, n);
}

pid_t fork_other(void)
{
	pid_t pid = MUST(fork());

	if (!pid && cpus[1] != cpus[0]) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpus[1], &set);
		MUST(sched_setaffinity(0, sizeof(set), &set));
	}
	return pid;
}

void wait_others(void)
{
	int status;

	while (wait(&status) > 0) {
		if (status)
			_exit(1);
	}
}

void read_whole(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);

		if (n <= 0)
			fail("read");
		got += n;
	}
}
