// SPDX-License-Identifier: GPL-2.0
/*
 * stall MS COMMAND…: run QEMU, and stop one of its virtual processors now and
 * then, for up to so many milliseconds. So does a busy machine, which gives a
 * processor to somebody else between any two instructions of the guest; but
 * this one does it all the time. The status is that of the command.
 *
 * The threads are found by their names, for which QEMU wants
 * "-name debug-threads=on". DIPC_SEED seeds the moments and their lengths.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CPUS_MAX	16

static volatile sig_atomic_t child;

static void pass_on(int sig)
{
	if (child)
		kill(child, sig);
}

static void nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static bool is_cpu(const char *dir, const char *tid)
{
	char path[600], name[16] = "";
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "%s/%s/comm", dir, tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(name, 1, sizeof(name) - 1, f);
	fclose(f);
	return n > 4 && !strncmp(name, "CPU ", 4);
}

/* One of the virtual processors, or 0 if there is none yet. */
static pid_t draw_cpu(pid_t pid)
{
	pid_t cpu[CPUS_MAX];
	struct dirent *d;
	char dir[64];
	int n = 0;
	DIR *tasks;

	snprintf(dir, sizeof(dir), "/proc/%d/task", pid);
	tasks = opendir(dir);
	if (!tasks)
		return 0;
	while ((d = readdir(tasks)) && n < CPUS_MAX)
		if (is_cpu(dir, d->d_name))
			cpu[n++] = atoi(d->d_name);
	closedir(tasks);
	return n ? cpu[rand() % n] : 0;
}

/* Traced only meanwhile: at all other times signals take their usual way. */
static void stop_cpu(pid_t tid, long ms)
{
	int status, sig = 0;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0))
		return;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return;
	/* a signal was faster: it is let through */
	if (status >> 16 == PTRACE_EVENT_STOP)
		nap_ms(ms);
	else
		sig = WSTOPSIG(status);
	ptrace(PTRACE_DETACH, tid, 0, sig);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("DIPC_SEED");
	long ms = argc > 2 ? atol(argv[1]) : 0;
	struct sigaction act = { .sa_handler = pass_on };
	pid_t pid, tid, parent = getpid();
	int status;

	if (ms < 1) {
		fprintf(stderr, "usage: stall MS COMMAND [ARGUMENT…]\n");
		return 2;
	}
	srand(seed ? atoi(seed) : 1);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			return 1;
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		return 127;
	}
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	child = pid;
	for (;;) {
		nap_ms(rand() % (2 * ms));
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		tid = draw_cpu(pid);
		if (tid)
			stop_cpu(tid, 1 + rand() % ms);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
