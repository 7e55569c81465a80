// SPDX-License-Identifier: GPL-2.0
/*
 * A cell in processes of its own: on its processor, in its cgroup, with the
 * limits that it needs, and ended as a whole if it hangs or fails.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools.h"

#define LIMIT_S		60
#define ANOTHER_MOMENT_US	700
#define CGROUPS		"/sys/fs/cgroup"
#define OWN		CGROUPS "/dipc-bench"

bool is_counting;
int cpus[2];

static void enter_cgroup(const char *name)
{
	if (!strcmp(name, "here"))
		return;
	if (!strcmp(name, "own")) {
		write_file(CGROUPS "/cgroup.subtree_control", "+memory");
		mkdir(OWN, 0755);
		MUST(write_file(OWN "/cgroup.procs", "0"));
	} else {
		MUST(write_file(CGROUPS "/cgroup.procs", "0"));
	}
}

/* Without root some works with some peers will fail, and say so. */
static void lift_limits(void)
{
	const struct rlimit files = { 65536, 65536 };
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_MSGQUEUE, &any);
	/* Queues and their limits are gone with the namespace. */
	if (!unshare(CLONE_NEWIPC)) {
		write_file("/proc/sys/kernel/msgmax", "1048576");
		write_file("/proc/sys/kernel/msgmni", "32000");
	}
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	MUST(sched_setaffinity(0, sizeof(set), &set));
}

static void run(struct cell *c, const char *cgroup)
{
	setpgid(0, 0);
	alarm(LIMIT_S);
	enter_cgroup(cgroup);
	lift_limits();
	pin(cpus[0]);
	settle_more_us = c->nr * ANOTHER_MOMENT_US;
	c->work->run(c);
}

int run_cell(struct cell *c, const char *cgroup)
{
	static struct cell *shared;
	int status;
	pid_t pid;

	if (!shared)
		shared = share(sizeof(*shared));
	*shared = *c;
	shared->switches = -1;
	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		run(shared, cgroup);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (!status) {
		*c = *shared;
		return 0;
	}
	fprintf(stderr, "dipc-bench: %s, %zu bytes, of %s: %s\n", c->work->name,
		c->len, c->peer->name, WIFSIGNALED(status) ?
		strsignal(WTERMSIG(status)) : "cannot be done here");
	return -1;
}
