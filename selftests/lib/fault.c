// SPDX-License-Identifier: GPL-2.0
/* See fault.h: what can be made to fail, in whom, and for how long. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "fault.h"
#include "fault_trace.h"

#define DEBUGFS		"/sys/kernel/debug/"

#define NO_ORDER	"32"	/* larger than any: pages do not fail */

struct setting {
	const char *path;
	const char *on, *off;
};

/*
 * Who sleeps for memory may be refused as well; user pages are not: they are
 * the program's own. With the task filter the probability is that of tasks
 * which are marked (make-it-fail) and of no other.
 */
static const struct setting settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N", "Y" },
	{ DEBUGFS "failslab/cache-filter", "N", "N" },
	{ DEBUGFS "failslab/task-filter", "Y", "N" },
	{ DEBUGFS "failslab/verbose", "0", "2" },
	{ DEBUGFS "failslab/times", "-1", "1" },
	{ DEBUGFS "failslab/probability", "100", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N", "Y" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "Y", "Y" },
	{ DEBUGFS "fail_page_alloc/min-order", NO_ORDER, "1" },
	{ DEBUGFS "fail_page_alloc/task-filter", "Y", "N" },
	{ DEBUGFS "fail_page_alloc/verbose", "0", "2" },
	{ DEBUGFS "fail_page_alloc/times", "-1", "1" },
	{ DEBUGFS "fail_page_alloc/probability", "100", "0" },
	{ DEBUGFS "fail_usercopy/verbose", "0", "2" },
};

#define N_SETTINGS ((int)(sizeof(settings) / sizeof(settings[0])))

int fault_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void end(void)
{
	fault_trace_end();
	for (int i = N_SETTINGS - 1; i >= 0; i--)
		fault_write(settings[i].path, settings[i].off);
}

static const char *begin(void)
{
	if (access("/proc/thread-self/fail-nth", W_OK))
		return "this kernel does not inject faults";
	for (int i = 0; i < N_SETTINGS; i++)
		if (fault_write(settings[i].path, settings[i].on))
			return settings[i].path;
	return fault_trace_begin();
}

void fault_suite(void)
{
	const char *missing = begin();

	if (!missing) {
		atexit(end);
		return;
	}
	printf("TAP version 13\n1..0 # SKIP %s\n", missing);
	fflush(stdout);
	_exit(4);
}

void fault_pages(bool on)
{
	fault_write(DEBUGFS "fail_page_alloc/min-order", on ? "0" : NO_ORDER);
}

/*
 * Files of the calling thread in /proc. A child has its parent's descriptors,
 * and must not take them for its own.
 */
struct own_file {
	int tid, fd;
};

static int own(struct own_file *f, const char *path)
{
	int tid = syscall(SYS_gettid);

	if (f->tid != tid) {
		f->fd = open(path, O_RDWR | O_CLOEXEC);
		f->tid = tid;
	}
	return f->fd;
}

static int nth_file(void)
{
	static __thread struct own_file f;

	return own(&f, "/proc/thread-self/fail-nth");
}

static void set_nth(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* if it is this copy that fails, there is none left to fail */
	while (pwrite(fd, text, len, 0) < 0 && errno == EFAULT)
		;
}

/* Whether it was reached, if that was found out before the step was over. */
static __thread enum { RUNNING, NOT_REACHED, REACHED } paused;

void fault_arm(unsigned int nth)
{
	int fd = nth_file();

	fault_trace_forget();
	paused = RUNNING;
	set_nth(fd, nth);
}

static bool disarm(void)
{
	int fd = nth_file();
	char text[16] = "";
	/* it fails itself if it is what was armed for: then nothing else has */
	bool failed = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	set_nth(fd, 0);
	return failed;
}

bool fault_disarm(void)
{
	bool failed = paused == RUNNING ? disarm() : paused == REACHED;

	paused = RUNNING;
	return failed;
}

static __thread bool is_marked;

static void mark(const char *value)
{
	static __thread struct own_file f;

	is_marked = *value == '1';

	if (pwrite(own(&f, "/proc/thread-self/make-it-fail"), value, 1, 0) != 1)
		abort();
}

void fault_arm_all(unsigned int bytes)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", bytes);
	fault_write(DEBUGFS "failslab/space", text);
	/* what the slab takes for itself is to fail only with the slab's own */
	fault_write(DEBUGFS "fail_page_alloc/space", bytes ? "1000000" : "0");
	fault_trace_forget();
	paused = RUNNING;
	mark("1");
}

void fault_disarm_all(void)
{
	mark("0");
	paused = RUNNING;
}

void fault_pause(void)
{
	int error = errno;

	if (paused != RUNNING)
		return;
	if (is_marked)
		mark("0");
	paused = disarm() ? REACHED : NOT_REACHED;
	errno = error;
}

static int task_file(int tid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", tid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int fault_arm_task(int tid, unsigned int nth)
{
	int fd = task_file(tid);

	if (fd < 0)
		return fd;
	set_nth(fd, nth);
	close(fd);
	return 0;
}

int fault_disarm_task(int tid)
{
	int fd = task_file(tid);
	char text[16] = "";
	bool failed;

	if (fd < 0)
		return fd;
	failed = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	set_nth(fd, 0);
	close(fd);
	return failed;
}
