// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor: keeps the processes alive, gives them a program, says whose
 * turn it is, and ends what takes too long: first with a signal, as a user
 * would, then with SIGKILL. Who does not die of that is a finding.
 *
 * A step begins when the one before has ended, or has not for SETTLE_MS: so one
 * that waits for what a later step brings about is woken by it, and all else
 * happens in order. From the step on that says so, each actor goes on as it can.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

#define MS		1000000ULL
#define SETTLE_MS	3	/* on a stock kernel, see unhurried() */
#define PATIENCE_MS	40	/* then a step is interrupted */
#define HANG_MS		10000	/* then its process is killed */
#define KILL_MS		20000	/* then it cannot be */

struct fz_shared *fz_shared;
int fz_away_netns, fz_pattern;
unsigned int fz_slow = 1;

static int pids[FZ_PROCS];		/* 0: is not there */

uint64_t fz_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

long fz_futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t bits,
		   uint64_t timeout_ns)
{
	uint64_t end = fz_now_ns() + timeout_ns;
	struct timespec t = { end / 1000000000, end % 1000000000 };

	return syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value,
		       timeout_ns ? &t : NULL, NULL, bits);
}

void fz_futex_wake(_Atomic uint32_t *word, uint32_t bits)
{
	syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, bits);
}

/* A slow kernel is not asked ten times as often while it does something. */
static uint64_t unhurried(uint64_t ms)
{
	return (fz_slow > 1 ? 4 : 1) * ms * MS;
}

/*
 * Processes
 */

static bool has_died(int pid)
{
	return pid && waitpid(pid, NULL, WNOHANG) == pid;
}

/* false: it did not die */
static bool end_process(int pid)
{
	uint64_t end = fz_now_ns() + KILL_MS * fz_slow * MS;

	if (!pid)
		return true;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (fz_now_ns() > end)
			return false;
		usleep(200);
	}
	return true;
}

static bool is_ready(enum fz_proc proc)
{
	unsigned int thread;

	for (thread = 0; thread < fz_threads[proc]; thread++)
		if (!fz_shared->seat[proc][thread].tid)
			return false;
	return true;
}

static void clear_seats(enum fz_proc proc)
{
	memset(fz_shared->seat[proc], 0, sizeof(fz_shared->seat[proc]));
}

/* Until its threads wait for a program. */
static bool await_ready(enum fz_proc proc)
{
	uint64_t end = fz_now_ns() + KILL_MS * fz_slow * MS;
	uint32_t events;

	for (;;) {
		events = fz_shared->events;
		if (is_ready(proc))
			break;
		if (fz_now_ns() > end)
			return false;
		fz_futex_wait(&fz_shared->events, events, ~0U, 10 * MS);
	}
	pids[proc] = fz_shared->seat[proc][0].pid;
	return true;
}

static bool spawn(enum fz_proc proc)
{
	int pid;

	clear_seats(proc);
	if (proc == FZ_ROOT)
		clear_seats(FZ_AWAY);
	fflush(NULL);
	pid = fork();
	if (!pid)
		fz_process_main(proc);
	return pid > 0 && await_ready(proc) &&
	       (proc != FZ_ROOT || await_ready(FZ_AWAY));
}

static void reset_slots(void)
{
	unsigned int table, slot;

	for (table = 0; table < FZ_TABLES; table++) {
		for (slot = 0; slot < FZ_SLOTS; slot++) {
			fz_shared->world.table[table].fd[slot] = -1;
			fz_shared->world.table[table].port[slot] = 0;
		}
	}
	memset(fz_shared->world.handle, 0, sizeof(fz_shared->world.handle));
	memset(fz_shared->world.value, 0, sizeof(fz_shared->world.value));
}

/* What each actor has a copy of its own of, as far as it changes it. */
static int make_pattern(void)
{
	char *pattern;
	size_t i;

	fz_pattern = memfd_create("pattern", MFD_CLOEXEC);
	if (fz_pattern < 0 || ftruncate(fz_pattern, FZ_BUF))
		return -errno;
	pattern = mmap(NULL, FZ_BUF, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fz_pattern, 0);
	if (pattern == MAP_FAILED)
		return -errno;
	for (i = 0; i < FZ_BUF; i++)
		pattern[i] = i * 7 + (i >> 8);
	munmap(pattern, FZ_BUF);
	return 0;
}

int fz_run_init(void)
{
	int err = make_pattern();

	if (err)
		return err;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	reset_slots();
	return spawn(FZ_ROOT) && spawn(FZ_USER) ? 0 : -ESRCH;
}

void fz_run_end(void)
{
	unsigned int proc;

	for (proc = 0; proc < FZ_PROCS; proc++) {
		end_process(pids[proc]);
		pids[proc] = 0;
	}
}

/*
 * While a program runs
 */

static bool is_finished(enum fz_proc proc)
{
	unsigned int thread;

	for (thread = 0; thread < fz_threads[proc]; thread++)
		if (fz_shared->seat[proc][thread].finished !=
		    fz_shared->number)
			return false;
	return true;
}

static bool all_finished(void)
{
	unsigned int proc;

	for (proc = 0; proc < FZ_PROCS; proc++) {
		if (has_died(pids[proc]))
			pids[proc] = 0;
		if (pids[proc] && !is_finished(proc))
			return false;
	}
	return true;
}

/* Who waits for something that a later step does, does not hold it up. */
static void next_turn(void)
{
	const struct fz_program *program = &fz_shared->program;
	uint32_t turn = fz_shared->turn, next = turn + 1;

	if (turn >= program->n)
		return;
	while (next < program->n && !pids[program->step[next].proc])
		next++;
	fz_turn(turn, next);
}

static const char *step_name(uint32_t at)
{
	return at < fz_shared->program.n ?
	       fz_shared->program.step[at].op->name : "close";
}

/* false: nothing helps */
static bool watch_seat(struct fz_seat *seat)
{
	uint32_t at = seat->at;
	uint64_t since = seat->since_ns, now = fz_now_ns();
	int pid = seat->pid;

	if (!pid || !seat->tid || at == FZ_IDLE || now < since ||
	    now - since < unhurried(PATIENCE_MS))
		return true;
	if (now - since < HANG_MS * fz_slow * MS) {
		syscall(SYS_tgkill, pid, seat->tid, FZ_SIGNAL);
		return true;
	}
	kill(pid, SIGKILL);
	if (now - since < (HANG_MS + KILL_MS) * fz_slow * MS) {
		fz_found(FZ_HANG, "step %u (%s) did not end by a signal", at + 1,
			 step_name(at));
		return true;
	}
	fz_shared->found = FZ_UNKILLABLE;
	snprintf(fz_shared->found_text, FZ_TEXT,
		 "step %u (%s): task %d does not die", at + 1, step_name(at),
		 seat->tid);
	return false;
}

static bool watch(void)
{
	unsigned int proc, thread, i;

	for (proc = 0; proc < FZ_PROCS; proc++)
		for (thread = 0; pids[proc] && thread < fz_threads[proc];
		     thread++)
			if (!watch_seat(&fz_shared->seat[proc][thread]))
				return false;
	for (i = 0; i < FZ_CHILDREN; i++)
		if (!watch_seat(&fz_shared->child[i]))
			return false;
	return true;
}

/* Forked ones are done when they have exited. */
static bool children_are_gone(void)
{
	bool gone = true;
	unsigned int i;

	for (i = 0; i < FZ_CHILDREN; i++) {
		int pid = fz_shared->child[i].pid;

		if (!pid)
			continue;
		if (waitpid(pid, NULL, WNOHANG) == 0)
			gone = false;
		else
			fz_shared->child[i].pid = 0;
	}
	return gone;
}

static void end_children(void)
{
	unsigned int i;

	for (i = 0; i < FZ_CHILDREN; i++)
		end_process(fz_shared->child[i].pid);
	/* one whose parent was killed before it could say its number */
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
}

static void begin(const struct fz_program *program)
{
	unsigned int proc, table, i;

	memcpy(&fz_shared->program, program,
	       offsetof(struct fz_program, step[program->n]));
	for (i = 0; i < program->n; i++)
		fz_shared->result[i] = FZ_NO_RESULT;
	for (table = 0; table < FZ_TABLES; table++)
		fz_shared->left[table] = 0;
	fz_shared->unfinished = 0;
	for (proc = 0; proc < FZ_PROCS; proc++) {
		fz_shared->left[proc == FZ_USER] += fz_threads[proc];
		fz_shared->unfinished += fz_threads[proc];
	}
	memset(fz_shared->child, 0, sizeof(fz_shared->child));
	for (i = 0; i < FZ_CHILDREN; i++)
		fz_shared->child[i].at = FZ_IDLE;
	fz_shared->n_children = 0;
	fz_shared->found = FZ_FINE;
	fz_shared->turn = program->together ? 0 : FZ_IDLE;
	fz_shared->number++;
	fz_futex_wake(&fz_shared->number, ~0U);
}

/* false: there is a task that does not end at all */
static bool await_end(void)
{
	uint32_t events, turn = 0;

	for (;;) {
		events = fz_shared->events;
		if (all_finished() && children_are_gone())
			return true;
		fz_futex_wait(&fz_shared->events, events, ~0U,
			      unhurried(turn == FZ_IDLE ? 5 * SETTLE_MS :
					SETTLE_MS));
		if (!watch())
			return false;
		if (turn == fz_shared->turn)
			next_turn();
		turn = fz_shared->turn;
	}
}

/* The killed are replaced, with who shares descriptors with them. */
static bool replace_dead(void)
{
	if (!pids[FZ_ROOT] || !pids[FZ_AWAY]) {
		if (!end_process(pids[FZ_ROOT]) || !end_process(pids[FZ_AWAY]) ||
		    !spawn(FZ_ROOT))
			return false;
	}
	return pids[FZ_USER] || spawn(FZ_USER);
}

static void reset_world(void)
{
	reset_slots();
	if (!atomic_exchange(&fz_shared->world.dirty, 0))
		return;
	fz_judge_in_each_netns(fz_grammar_reset);
}

bool fz_run(const struct fz_program *program, struct fz_finding *finding)
{
	bool ended;

	begin(program);
	ended = await_end();
	if (ended) {
		end_children();
		if (!replace_dead()) {
			fz_shared->found = FZ_UNKILLABLE;
			strcpy(fz_shared->found_text,
			       "processes cannot be ended or begun");
		}
		reset_world();
	}
	finding->kind = fz_shared->found;
	strcpy(finding->text, fz_shared->found_text);
	return finding->kind == FZ_FINE;
}
