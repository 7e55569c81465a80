// SPDX-License-Identifier: GPL-2.0
/*
 * Runs test suites inside a guest, one after the other, and tells what came
 * of each in a framed stream that scripts/report.py reads. It judges nothing.
 *
 *   suites [-k] PLAN		PLAN: lines "NAME SECONDS PATH"
 *
 * Each suite runs in a session and a cgroup of its own, with a time limit;
 * what it leaves running is killed and told. The stream's lines begin with
 * ' ' (a line that the suite printed) or '@':
 *   @begin NAME SECONDS
 *   @kmsg PRIORITY TEXT	the kernel said this while the suite ran
 *   @kmsglost			the kernel said more than its buffer holds
 *   @left			processes of the suite were still running
 *   @leak TEXT			a line about memory that nothing points to any more
 *   @end NAME exit|signal|timeout NUMBER MILLISECONDS TAINT
 *   @done
 * Before the suites comes "load", after them "unload": the module's own life.
 * Leaks are looked for after each where the kernel has kmemleak, unless
 * DIPC_NO_LEAKS is in the environment; DIPC_SLOW there: how many times longer
 * things may take than on stock. DIPC_WITHIN: so many seconds after the first,
 * no other suite is begun, and those that are left are skipped.
 * The module is that of DIPC_KO there, and DIPC_MODULE its name if not dipc.
 * With -k nothing is loaded and no kernel log is read (to test this program).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CGROUPS		"/sys/fs/cgroup/test"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define KMEMLEAK_AGE_MS	5500	/* what is younger it does not report */
#define SKIPPED		4	/* kselftest's exit status for that */
#define DRAIN_MS	500
#define DRAIN_MAX_MS	10000	/* of who goes on printing */
/* On a busy machine who was killed, and what RCU frees, takes its time. */
#define GONE_MS		10000

static const char *module = "dipc";
static bool own_kernel = true;
static int kmsg = -1, slow = 1;
static bool at_line_start = true;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static void nap_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* By jiffies as well, which fall behind the clock on a busy machine. */
static void age_ms(int ms)
{
	clock_t start = times(NULL), ticks = ms * sysconf(_SC_CLK_TCK) / 1000;

	do {
		nap_ms(ms);
		ms = 100;
	} while (times(NULL) - start < ticks);
}

/* What a suite printed, each line marked as such. */
static void pass_on(const char *buf, size_t len)
{
	while (len) {
		const char *nl = memchr(buf, '\n', len);
		size_t n = nl ? (size_t)(nl - buf) + 1 : len;

		if (at_line_start)
			putchar(' ');
		fwrite(buf, 1, n, stdout);
		at_line_start = nl != NULL;
		buf += n;
		len -= n;
	}
	fflush(stdout);
}

static void __attribute__((format(printf, 1, 2))) frame(const char *fmt, ...)
{
	va_list ap;

	if (!at_line_start)
		putchar('\n');
	at_line_start = true;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void __attribute__((format(printf, 1, 2))) result(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pass_on(line, strlen(line));
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

static unsigned long taint(void)
{
	unsigned long t = 0;
	FILE *f = fopen("/proc/sys/kernel/tainted", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &t) != 1)
		t = 0;
	fclose(f);
	return t;
}

/* All that the kernel has said since the last time. */
static void tell_kmsg(bool aloud)
{
	char rec[8192];
	ssize_t n;

	while (kmsg >= 0) {
		char *text, *end;

		n = read(kmsg, rec, sizeof(rec) - 1);
		if (n < 0 && errno == EPIPE) {
			if (aloud)
				frame("@kmsglost");
			continue;
		}
		if (n <= 0)
			break;
		rec[n] = 0;
		text = strchr(rec, ';');
		if (!aloud || !text)
			continue;
		end = strchr(text, '\n');
		if (end)
			*end = 0;
		frame("@kmsg %d %s", atoi(rec) & 7, text + 1);
	}
}

/*
 * Leaks since the last time. What a scan finds changed (everything, at first)
 * or young it passes over, and a scan takes seconds. So there is one after
 * each suite, which may tell of the suite before (each object says whose it
 * was), and at the end two, which miss nothing.
 */
static void tell_leaks(bool thoroughly, bool aloud)
{
	char line[1024];
	FILE *f;

	if (!own_kernel || getenv("DIPC_NO_LEAKS") || access(KMEMLEAK, W_OK))
		return;
	if (thoroughly)
		age_ms(KMEMLEAK_AGE_MS);
	if (!write_file(KMEMLEAK, "scan") ||
	    (thoroughly && !write_file(KMEMLEAK, "scan"))) {
		frame("@kmsg 2 kmemleak does not scan: %s", strerror(errno));
		return;
	}
	f = aloud ? fopen(KMEMLEAK, "re") : NULL;
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		frame("@leak %s", line);
	}
	if (f)
		fclose(f);
	write_file(KMEMLEAK, "clear");
}

static bool module_is_loaded(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static int load_module(void)
{
	const char *ko = getenv("DIPC_KO");
	int fd, ret;

	fd = open(ko ? ko : "", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload_module(void)
{
	int ret = -EWOULDBLOCK;

	/* The last socket of a suite may still be on its way out. */
	for (int i = 0; i < GONE_MS / 50 * slow && ret == -EWOULDBLOCK; i++) {
		if (i)
			nap_ms(50);
		ret = syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
	}
	return ret;
}

static void life_of_module(const char *name, const char *test, int (*step)(void))
{
	unsigned long before = taint();
	uint64_t t0 = now_ms();
	int ret;

	frame("@begin %s 60", name);
	ret = step();
	result("TAP version 13\n1..1\n");
	if (ret)
		result("# %s\n", strerror(-ret));
	result("%s 1 %s\n", ret ? "not ok" : "ok", test);
	/* What it put off to RCU and to workers is part of it. */
	nap_ms(300 * slow);
	tell_leaks(true, true);
	tell_kmsg(true);
	frame("@end %s exit %d %llu %#lx", name, ret ? 1 : 0,
	      (unsigned long long)(now_ms() - t0), taint() & ~before);
}

/* True when no process is left in the cgroup; waits for a moment. */
static bool cgroup_empty(const char *dir, int wait_ms)
{
	char path[256], c;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	for (int i = 0; ; i += 20) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n;

		if (fd < 0)
			return true;
		n = read(fd, &c, 1);
		close(fd);
		if (n <= 0)
			return true;
		if (i >= wait_ms)
			return false;
		nap_ms(20);
	}
}

static void end_cgroup(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.kill", dir);
	write_file(path, "1");
	cgroup_empty(dir, 5000 * slow);
	rmdir(dir);
}

static void __attribute__((noreturn)) exec_suite(char *path, const char *cgroup, int out)
{
	char *argv[] = { path, NULL }, procs[256], *slash, *dir;

	setsid();
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	write_file(procs, "0");
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(out, 2);
	dir = strdup(path);
	slash = strrchr(dir, '/');
	if (slash) {
		*slash = 0;
		if (chdir(dir))
			perror(dir);
	}
	execv(path, argv);
	perror(path);
	_exit(127);
}

static void run_suite(const char *name, int seconds, char *path)
{
	static char buf[1 << 16];
	uint64_t t0 = now_ms(), limit = t0 + seconds * 1000ULL, ended = 0;
	unsigned long before = taint();
	char cgroup[128], mark[128];
	int out[2], status = 0;
	bool over = false, eof = false;
	pid_t pid;

	frame("@begin %s %d", name, seconds);
	tell_kmsg(true);
	if (own_kernel && !module_is_loaded()) {
		int ret = load_module();

		result("# the suite before unloaded the module; loading it: %s\n",
		       ret ? strerror(-ret) : "done");
	}
	snprintf(mark, sizeof(mark), "<6>check: suite %s begins\n", name);
	if (own_kernel)
		write_file("/dev/kmsg", mark);
	snprintf(cgroup, sizeof(cgroup), CGROUPS "/suite-%s", name);
	if (own_kernel)
		mkdir(cgroup, 0755);
	if (pipe2(out, O_CLOEXEC)) {
		perror("pipe");
		exit(1);
	}
	pid = fork();
	if (!pid)
		exec_suite(path, cgroup, out[1]);
	close(out[1]);

	while (!ended || !eof) {
		struct pollfd p = { .fd = eof ? -1 : out[0], .events = POLLIN };
		bool idle = poll(&p, 1, 50) <= 0;

		/*
		 * Who inherited the pipe may hold it for ever. But what is in
		 * it by now is read, however late we are.
		 */
		if (ended && now_ms() - ended >
			     (idle ? DRAIN_MS : DRAIN_MAX_MS))
			break;
		if (!idle) {
			ssize_t n = read(out[0], buf, sizeof(buf));

			if (n <= 0)
				eof = true;
			else
				pass_on(buf, n);
		}
		if (!ended && waitpid(pid, &status, WNOHANG) == pid)
			ended = now_ms();
		if (!ended && now_ms() > limit && !over) {
			over = true;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
		if (over && now_ms() > limit + 10000 * slow)
			break;
	}
	close(out[0]);
	if (own_kernel) {
		if (!over && !cgroup_empty(cgroup, GONE_MS * slow))
			frame("@left");
		end_cgroup(cgroup);
	} else {
		kill(-pid, SIGKILL);
	}
	nap_ms(20);
	tell_leaks(false, true);
	tell_kmsg(true);
	if (over)
		frame("@end %s timeout %d %llu %#lx", name, seconds,
		      (unsigned long long)(now_ms() - t0), taint() & ~before);
	else
		frame("@end %s %s %d %llu %#lx", name,
		      WIFSIGNALED(status) ? "signal" : "exit",
		      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		      (unsigned long long)(now_ms() - t0), taint() & ~before);
}

/* One that is not begun, and why: as if it had said so itself. */
static void skip_suite(const char *name, int seconds, int within)
{
	frame("@begin %s %d", name, seconds);
	result("TAP version 13\n");
	result("1..0 # SKIP it was not begun, the %d s for all are over\n",
	       within);
	frame("@end %s exit %d 0 0", name, SKIPPED);
}

int main(int argc, char **argv)
{
	const char *file, *within_env = getenv("DIPC_WITHIN");
	int seconds, within = within_env ? atoi(within_env) : 0;
	char line[4096], name[64], path[3072];
	uint64_t begun = now_ms();
	FILE *plan;

	if (argc > 2 && !strcmp(argv[1], "-k"))
		own_kernel = false;
	file = argv[argc - 1];
	plan = argc > 1 ? fopen(file, "re") : NULL;
	if (!plan) {
		perror(file);
		return 2;
	}
	if (getenv("DIPC_MODULE"))
		module = getenv("DIPC_MODULE");
	if (getenv("DIPC_SLOW") && atoi(getenv("DIPC_SLOW")) > 1)
		slow = atoi(getenv("DIPC_SLOW"));
	if (own_kernel) {
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		write_file(CGROUPS "/cgroup.subtree_control", "+memory +pids");
		setenv("DIPC_CGROUP", CGROUPS, 1);
		tell_leaks(true, false);
		tell_kmsg(false);
		life_of_module("load", "module_loads", load_module);
	}
	while (fgets(line, sizeof(line), plan)) {
		if (sscanf(line, "%63s %d %3071s", name, &seconds, path) != 3)
			continue;
		if (within && now_ms() - begun > within * 1000ULL)
			skip_suite(name, seconds, within);
		else
			run_suite(name, seconds, path);
	}
	if (own_kernel)
		life_of_module("unload", "module_unloads", unload_module);
	frame("@done");
	return 0;
}
