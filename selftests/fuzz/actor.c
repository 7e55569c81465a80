// SPDX-License-Identifier: GPL-2.0
/*
 * Those who execute: a few processes with a few threads each, which wait for
 * a program, do the steps that are theirs, and close what they have opened.
 * What they share with the supervisor is in fz_shared, so that each of them
 * may be killed at any time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"

#define EDGE		(64 << 10)
#define NETNS_FD	3		/* of FZ_AWAY, in each process */
#define PATTERN_FD	4
#define ERESTARTSYS	512		/* the first that user space never sees */

struct worker {
	struct fz_actor actor;		/* must be the first */
	struct fz_seat *seat;
	struct fz_kcov kcov;
	uint32_t at;			/* step */
	bool is_child;
};

/*
 * What the grammar calls
 */

int fz_fd(const struct fz_actor *actor, uint64_t slot)
{
	return slot < FZ_SLOTS ? actor->world->table[actor->table].fd[slot] : -1;
}

void fz_put_fd(const struct fz_actor *actor, uint64_t slot, int fd)
{
	if (slot < FZ_SLOTS) {
		actor->world->table[actor->table].port[slot] = 0;
		fd = atomic_exchange(&actor->world->table[actor->table].fd[slot],
				     fd);
	}
	if (fd >= FZ_FIRST_FD)
		close(fd);
}

uint64_t fz_port(const struct fz_actor *actor, uint64_t table, uint64_t slot)
{
	struct sockaddr_dipc addr = { 0 };
	socklen_t len = sizeof(addr);
	_Atomic uint64_t *port;

	if (table >= FZ_TABLES || slot >= FZ_SLOTS)
		return 0;
	port = &actor->world->table[table].port[slot];
	if (!*port && table == actor->table &&
	    !getsockname(fz_fd(actor, slot), (struct sockaddr *)&addr, &len) &&
	    len >= sizeof(addr) && addr.sdipc_type == DIPC_ADDR_PORT)
		*port = addr.sdipc_port;
	return *port;
}

static void vfound(enum fz_kind kind, const char *text, va_list args)
{
	int nothing = FZ_FINE;

	if (atomic_compare_exchange_strong(&fz_shared->found, &nothing, kind))
		vsnprintf(fz_shared->found_text, FZ_TEXT, text, args);
}

void fz_found(enum fz_kind kind, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	vfound(kind, text, args);
	va_end(args);
}

void fz_broken(const struct fz_actor *actor, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	vfound(FZ_BROKEN, text, args);
	va_end(args);
}

void fz_goes_on(const struct fz_actor *actor)
{
	const struct worker *w = (const struct worker *)actor;

	w->seat->since_ns = fz_now_ns();
}

/*
 * One step
 */

/* Calls are counted by name; equal names may be at several places. */
static void count(const char *call, int error)
{
	unsigned int i = fz_mix((uintptr_t)call, 0) % FZ_CALLS, n;
	const char *there;

	for (n = 0; n < FZ_CALLS; n++, i = (i + 1) % FZ_CALLS) {
		there = fz_shared->call[i];
		if (!there && atomic_compare_exchange_strong(
				&fz_shared->call[i], &there, call))
			there = call;
		if (there == call)
			break;
	}
	fz_shared->count[i][error < FZ_ERRNOS ? error : FZ_ERRNOS - 1]++;
}

static bool is_expected(const struct fz_op *op, int error)
{
	const short *e = op->errnos;

	if (!error || (!e && error < ERESTARTSYS))
		return true;
	while (e && *e)
		if (*e++ == error)
			return true;
	return false;
}

static void do_step(struct worker *w, const struct fz_step *step)
{
	const struct fz_op *op = step->op;
	long result;
	int error;

	w->actor.count_as = NULL;
	w->seat->since_ns = fz_now_ns();
	w->seat->at = w->at;
	result = op->execute(&w->actor, step->arg);
	w->seat->at = FZ_IDLE;
	if (!w->is_child)
		fz_shared->result[w->at] = result;
	error = result < 0 ? -result : 0;
	count(w->actor.count_as ?: op->call ?: op->name, error);
	if (!is_expected(op, error))
		fz_found(FZ_ERRNO, "%s gave %s", op->name,
			 fz_errno_name(error));
}

unsigned int fz_actor_bit(enum fz_proc proc, unsigned int thread)
{
	return 1U << (proc * FZ_THREADS + thread);
}

static void wait_for_turn(struct worker *w)
{
	unsigned int bit = fz_actor_bit(w->actor.proc, w->actor.thread);
	uint32_t turn;

	while ((turn = fz_shared->turn) < w->at)
		fz_futex_wait(&fz_shared->turn, turn, bit, 0);
}

/* It is another step's turn, or that of all that are left. */
void fz_turn(uint32_t now, uint32_t next)
{
	const struct fz_program *program = &fz_shared->program;
	const struct fz_step *step = &program->step[next];

	if (next >= program->together)
		next = FZ_IDLE;
	if (!atomic_compare_exchange_strong(&fz_shared->turn, &now, next))
		return;
	if (next == FZ_IDLE)
		fz_futex_wake(&fz_shared->turn, ~0U);
	else if (next < program->n)
		fz_futex_wake(&fz_shared->turn,
			      fz_actor_bit(step->proc, step->thread));
}

/* If the supervisor has not done so meanwhile. */
static void pass_on(const struct worker *w)
{
	fz_turn(w->at, w->at + 1);
}

/* The steps from here on that are this actor's, at most so many. */
static void do_steps(struct worker *w, unsigned int n)
{
	const struct fz_program *program = &fz_shared->program;

	for (; n && w->at < program->n; w->at++) {
		const struct fz_step *step = &program->step[w->at];

		if (step->proc != w->actor.proc ||
		    step->thread != w->actor.thread)
			continue;
		wait_for_turn(w);
		do_step(w, step);
		if (!w->is_child)
			pass_on(w);
		n--;
	}
}

static struct fz_seat *new_child(unsigned int *number)
{
	*number = fz_shared->n_children;

	do {
		if (*number >= FZ_CHILDREN)
			return NULL;
	} while (!atomic_compare_exchange_weak(&fz_shared->n_children, number,
					       *number + 1));
	return &fz_shared->child[*number];
}

static void child_main(struct worker *w, unsigned int n, unsigned int number)
	__attribute__((noreturn));
static void child_main(struct worker *w, unsigned int n, unsigned int number)
{
	struct fz_world *world = w->actor.world;
	unsigned int slot, table = FZ_TABLES - FZ_CHILDREN + number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (slot = 0; slot < FZ_SLOTS; slot++) {
		world->table[table].fd[slot] =
			world->table[w->actor.table].fd[slot];
		world->table[table].port[slot] =
			world->table[w->actor.table].port[slot];
	}
	w->actor.table = table;
	w->is_child = true;
	w->seat = &fz_shared->child[number];
	w->seat->tid = syscall(SYS_gettid);
	w->at++;
	do_steps(w, n);
	_exit(0);
}

/* A brother, not a child: the supervisor is who waits for it. */
long fz_actor_fork(struct fz_actor *actor, unsigned int n)
{
	struct worker *w = (struct worker *)actor;
	unsigned int number;
	struct fz_seat *seat;
	long pid;

	if (w->is_child)
		return -EAGAIN;
	seat = new_child(&number);
	if (!seat)
		return -EAGAIN;
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		child_main(w, n, number);
	if (pid < 0)
		return -errno;
	seat->pid = pid;
	return 0;
}

/*
 * A thread
 */

static void close_all(unsigned int table)
{
	unsigned int slot;

	for (slot = 0; slot < FZ_SLOTS; slot++) {
		fz_shared->world.table[table].fd[slot] = -1;
		fz_shared->world.table[table].port[slot] = 0;
	}
	syscall(SYS_close_range, FZ_FIRST_FD, ~0U, 0);
}

static void finish(struct worker *w, uint32_t number)
{
	fz_kcov_collect(&w->kcov);
	/* it may have gone to a namespace of its own */
	if (w->actor.proc == FZ_AWAY)
		setns(NETNS_FD, CLONE_NEWNET);
	if (atomic_fetch_sub(&fz_shared->left[w->actor.table], 1) == 1) {
		w->seat->since_ns = fz_now_ns();
		w->seat->at = FZ_STEPS;
		close_all(w->actor.table);
		w->seat->at = FZ_IDLE;
	}
	w->seat->finished = number;
	if (atomic_fetch_sub(&fz_shared->unfinished, 1) == 1) {
		fz_shared->events++;
		fz_futex_wake(&fz_shared->events, ~0U);
	}
}

static char *map(size_t len, int prot, int flags, int fd)
{
	void *p = mmap(NULL, len, prot, flags | (fd < 0 ? MAP_ANONYMOUS : 0),
		       fd, 0);

	if (p == MAP_FAILED)
		_exit(3);
	return p;
}

static void give_memory(struct fz_actor *a)
{
	const int both = PROT_READ | PROT_WRITE;

	a->out = map(FZ_BUF, both, MAP_PRIVATE, PATTERN_FD);
	a->in = map(FZ_BUF, both, MAP_PRIVATE, -1);
	a->shared = map(FZ_BUF, both, MAP_SHARED, PATTERN_FD);
	a->fixed = map(FZ_BUF, PROT_READ, MAP_PRIVATE, PATTERN_FD);
	a->bad = map(EDGE, PROT_NONE, MAP_PRIVATE, -1);
	a->edge = map(2 * EDGE, both, MAP_PRIVATE, -1) + EDGE;
	mprotect(a->edge, EDGE, PROT_NONE);
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	uint32_t number = fz_shared->number;

	give_memory(&w->actor);
	fz_kcov_start(&w->kcov);
	w->seat->finished = number;
	w->seat->at = FZ_IDLE;
	w->seat->pid = getpid();
	w->seat->tid = syscall(SYS_gettid);
	fz_shared->events++;
	fz_futex_wake(&fz_shared->events, ~0U);
	for (;;) {
		while (fz_shared->number == number)
			fz_futex_wait(&fz_shared->number, number, ~0U, 0);
		number = fz_shared->number;
		w->at = 0;
		do_steps(w, FZ_STEPS);
		finish(w, number);
	}
	return NULL;
}

/*
 * A process
 */

static void on_signal(int signo)
{
}

/* What a program opens has numbers that nothing else has. */
static void fill_descriptors(void)
{
	int fd;

	/* high first: what is wanted may be in each other's place */
	fd = fcntl(fz_pattern, F_DUPFD, FZ_FIRST_FD);
	if (dup2(fz_away_netns, NETNS_FD) < 0 || dup2(fd, PATTERN_FD) < 0)
		_exit(3);
	syscall(SYS_close_range, PATTERN_FD + 1, ~0U, 0);
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < FZ_FIRST_FD - 1);
}

static void become(enum fz_proc proc)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (proc == FZ_AWAY && setns(NETNS_FD, CLONE_NEWNET))
		_exit(3);
	if (proc == FZ_USER &&
	    (setgroups(0, NULL) || setresgid(FZ_GID, FZ_GID, FZ_GID) ||
	     setresuid(FZ_UID, FZ_UID, FZ_UID)))
		_exit(3);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(FZ_SIGNAL, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
}

void fz_process_main(enum fz_proc proc)
{
	unsigned int n = fz_threads[proc], thread;
	struct worker *w;
	pthread_t t;

	if (proc != FZ_AWAY)
		fill_descriptors();
	if (proc == FZ_ROOT &&
	    !syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0))
		fz_process_main(FZ_AWAY);
	become(proc);
	w = calloc(n, sizeof(*w));
	if (!w)
		_exit(3);
	for (thread = 0; thread < n; thread++) {
		w[thread].actor.world = &fz_shared->world;
		w[thread].actor.proc = proc;
		w[thread].actor.thread = thread;
		w[thread].actor.table = proc == FZ_USER;
		w[thread].seat = &fz_shared->seat[proc][thread];
		if (thread && pthread_create(&t, NULL, thread_main, &w[thread]))
			_exit(3);
	}
	thread_main(w);
	_exit(0);
}
