// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on the actors themselves: they fork, are killed, get signals, go
 * to a namespace of their own, and wait a little.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

#define CHILD_STEPS	12	/* that a child does at most */
#define NAP_US		2000

/* The child does the next steps of its parent, too, and is gone. */
static bool fork_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[0] = fz_draw(rng, CHILD_STEPS);
	return true;
}

static long fork_execute(struct fz_actor *actor, const uint64_t *arg)
{
	return fz_actor_fork(actor, arg[0]);
}

static const struct fz_word proc_words[] = {
	{ "root", FZ_ROOT }, { "user", FZ_USER }, { "away", FZ_AWAY }, {}
};

/* Mostly by itself: FZ_USER cannot kill the others. */
static bool kill_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[0] = fz_one_in(rng, 3) ? fz_draw(rng, FZ_PROCS) : step->proc;
	return true;
}

static long kill_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int pid = arg[0] < FZ_PROCS ? fz_shared->seat[arg[0]][0].pid : 0;

	if (!pid)
		return -ESRCH;
	return kill(pid, SIGKILL) ? -errno : 0;
}

static bool signal_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	step->arg[0] = step->proc == FZ_USER || fz_one_in(rng, 2) ?
		       step->proc : fz_draw(rng, FZ_PROCS);
	step->arg[1] = fz_draw(rng, fz_threads[step->arg[0]]);
	return true;
}

static long signal_execute(struct fz_actor *actor, const uint64_t *arg)
{
	const struct fz_seat *seat;

	if (arg[0] >= FZ_PROCS || arg[1] >= FZ_THREADS)
		return -EINVAL;
	seat = &fz_shared->seat[arg[0]][arg[1]];
	if (!seat->tid)
		return -ESRCH;
	return syscall(SYS_tgkill, seat->pid, seat->tid, FZ_SIGNAL) ? -errno : 0;
}

/* What was bound in the namespace that nobody is in any more goes on. */
static bool netns_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	return step->proc == FZ_AWAY;
}

static long netns_execute(struct fz_actor *actor, const uint64_t *arg)
{
	/* the others have no way back */
	if (actor->proc != FZ_AWAY)
		return -EPERM;
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

static bool nap_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	step->arg[0] = fz_one_in(rng, 2) ? 0 : fz_draw(rng, NAP_US);
	return true;
}

static long nap_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct timespec t = { .tv_nsec = arg[0] % NAP_US * 1000 };

	if (!arg[0])
		sched_yield();
	else
		nanosleep(&t, NULL);
	return 0;
}

const struct fz_op fz_process_ops[] = {
	{
		.name = "fork", .call = "fork", .weight = 3,
		.args = { { "steps" } },
		.generate = fork_generate, .execute = fork_execute,
	}, {
		.name = "kill", .call = "kill", .weight = 1,
		.args = { { "process", proc_words } },
		.generate = kill_generate, .execute = kill_execute,
	}, {
		.name = "signal", .call = "signal", .weight = 20,
		.args = { { "process", proc_words }, { "thread" } },
		.generate = signal_generate, .execute = signal_execute,
	}, {
		.name = "netns", .call = "netns", .weight = 1,
		.generate = netns_generate, .execute = netns_execute,
	}, {
		.name = "nap", .call = "nap", .weight = 10,
		.args = { { "us" } },
		.generate = nap_generate, .execute = nap_execute,
	},
	{}
};
