// SPDX-License-Identifier: GPL-2.0
/*
 * Several jobs at once, each with processes, namespaces and a seed of its own
 * (the first's is what was asked for, the next one's is one more), and what
 * they do together told now and then.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"

#define TELL_S		20
#define LOOK_US		20000

static int job_main(unsigned int job)
{
	int status, err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fz_shared = &fz_all->job[job];
	fz_alone = fz_opt.jobs == 1;
	err = fz_judge_init() ?: fz_run_init();
	if (err) {
		fprintf(stderr, "fuzz: cannot begin: %s\n", strerror(-err));
		fz_all->stop = true;
		return 2;
	}
	status = fz_session(job);
	/* 3: there may be somebody who cannot be ended */
	if (status != 3)
		fz_run_end();
	return status;
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 2;
}

/* The worst of what they give. */
static int await_jobs(uint64_t began)
{
	uint64_t told = began, now;
	unsigned int left = fz_opt.jobs;
	int status = 0, one;

	while (left) {
		if (waitpid(-1, &one, WNOHANG) > 0) {
			left--;
			if (status_of(one) > status)
				status = status_of(one);
			continue;
		}
		usleep(LOOK_US);
		now = fz_now_ns();
		if (now - told > TELL_S * 1000000000ULL) {
			told = now;
			fz_tell_figures((now - began) / 1e9);
		}
	}
	return status;
}

/* What a job cannot say while others run. */
static int judge_all(int status)
{
	struct fz_finding finding;

	if (status || fz_judge(&finding, true))
		return status;
	printf("# FOUND: after all: %s\n", finding.text);
	return finding.kind == FZ_KERNEL ? 3 : 1;
}

int fz_jobs(void)
{
	uint64_t began = fz_now_ns();
	unsigned int job;
	int status, pid;

	status = fz_judge_init();
	if (status) {
		fprintf(stderr, "fuzz: cannot begin: %s\n", strerror(-status));
		return 2;
	}

	printf("# seed %llu, %u jobs\n", (unsigned long long)fz_opt.seed,
	       fz_opt.jobs);
	for (job = 0; job < fz_opt.jobs; job++) {
		fflush(NULL);
		pid = fork();
		if (!pid)
			exit(job_main(job));
		if (pid < 0)
			exit(2);
	}
	status = judge_all(await_jobs(began));
	fz_tell_figures((fz_now_ns() - began) / 1e9);
	fz_tell_counts();
	return status;
}
