/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer: what the files of its core share. Who calls whom:
 *
 *   main -> jobs -> session -> program, text, shrink
 *                   session, shrink -> run -> actor -> the grammar's execute()
 *                   session, shrink -> judge
 *
 * A job is a process that supervises (run.c) those that execute (actor.c). It
 * never touches a socket that a program has made. The others live on from
 * program to program, for to fork is slow. Several jobs know nothing of each
 * other: most of the time a job waits for something.
 */
#ifndef FUZZ_CORE_H
#define FUZZ_CORE_H

#include <stdio.h>

#include "fuzz.h"

#define FZ_STEPS	400	/* of a program */
#define FZ_CHILDREN	4	/* forked by a program */
#define FZ_FIRST_FD	40	/* descriptors from here on are a program's */
#define FZ_TEXT		400

/* One step after the other, and from step number `together` on all at once. */
struct fz_program {
	uint32_t n;
	uint32_t together;	/* n: never */
	struct fz_step step[FZ_STEPS];
};

/*
 * program.c, random.c: making them
 */

uint64_t fz_mix(uint64_t a, uint64_t b);	/* a seed of two numbers */
void fz_ops_init(void);
const struct fz_op *fz_op_find(const char *name);
bool fz_op_exclude(const char *name);	/* never chosen; false: none such */
extern const struct fz_op *fz_ops[];
extern unsigned int fz_n_ops;

enum fz_order { FZ_ANY_ORDER, FZ_SEQUENTIAL, FZ_PARALLEL };

void fz_generate(struct fz_program *program, uint64_t seed,
		 enum fz_order order);
/* other may be NULL */
void fz_mutate(struct fz_program *program, const struct fz_program *other,
	       uint64_t seed);
void fz_program_cut(struct fz_program *program, unsigned int from,
		    unsigned int n);

/*
 * text.c: reading and writing them
 */

#define FZ_PROGRAM_TEXT	(FZ_STEPS * 200)

extern const char *const fz_proc_name[FZ_PROCS];
/* results may be NULL; gives the length */
size_t fz_print(const struct fz_program *program, const int64_t *results,
		char *text, size_t size);
/* NULL, or what is wrong and (0: nowhere) in which line */
const char *fz_parse(struct fz_program *program, const char *text,
		     unsigned int *line);
const char *fz_errno_name(int error);

/*
 * run.c, actor.c: running one
 */

enum fz_kind {
	FZ_FINE,
	FZ_KERNEL,	/* the kernel has reported */
	FZ_UNKILLABLE,	/* a task did not die of SIGKILL */
	FZ_HANG,	/* a task did not go on at a signal */
	FZ_LEFT,	/* something is left when all is closed */
	FZ_ERRNO,	/* an errno that the operation must not give */
	FZ_BROKEN,	/* the grammar has found something wrong */
};

struct fz_finding {
	enum fz_kind kind;
	char text[FZ_TEXT];
};

#define FZ_ERRNOS	136	/* the last stands for all above */
#define FZ_CALLS	1024	/* more than there are, it is a hash table */
#define FZ_MAP		(1 << 18)
#define FZ_IDLE		UINT32_MAX
#define FZ_NO_RESULT	INT64_MIN

/* Somebody who executes, as the supervisor sees him. */
struct fz_seat {
	_Atomic int pid, tid;
	_Atomic uint32_t at;		/* step, or FZ_IDLE */
	_Atomic uint64_t since_ns;
	_Atomic uint32_t finished;	/* this program, by its number */
};

/* What the supervisor and the actors share. */
struct fz_shared {
	struct fz_world world;
	struct fz_program program;
	_Atomic uint32_t number;	/* of the program; futex: a new one */
	_Atomic uint32_t turn;		/* futex: steps up to this one may go */
	_Atomic uint32_t events;	/* futex: all have finished, or are ready */
	_Atomic uint32_t unfinished;	/* actors; too many if one was killed */
	_Atomic uint32_t left[FZ_TABLES];	/* that use the table */
	_Atomic uint32_t n_children;
	struct fz_seat seat[FZ_PROCS][FZ_THREADS];
	struct fz_seat child[FZ_CHILDREN];
	_Atomic int64_t result[FZ_STEPS];
	_Atomic(const char *) call[FZ_CALLS];
	_Atomic uint64_t count[FZ_CALLS][FZ_ERRNOS];
	_Atomic int found;		/* enum fz_kind, of an actor */
	char found_text[FZ_TEXT];
	_Atomic uint32_t fresh;		/* of struct fz_seen, that it has added */
	uint64_t programs, kept;
};

/* KCOV: which points, and which pairs of points, were executed by any job. */
struct fz_seen {
	_Atomic uint32_t points, pairs;
	_Atomic uint8_t point[FZ_MAP], pair[FZ_MAP];
};

/* What all jobs share. */
struct fz_all {
	_Atomic bool stop;
	struct fz_seen seen;
	struct fz_shared job[];
};

extern struct fz_all *fz_all;

extern struct fz_shared *fz_shared;	/* of this job */
extern int fz_away_netns;	/* descriptor of FZ_AWAY's namespace */
extern int fz_pattern;		/* descriptor of what actors send */
extern unsigned int fz_slow;	/* how many times slower than stock */

uint64_t fz_now_ns(void);
long fz_futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t bits,
		   uint64_t timeout_ns);
void fz_futex_wake(_Atomic uint32_t *word, uint32_t bits);
void fz_found(enum fz_kind kind, const char *text, ...)
	__attribute__((format(printf, 2, 3)));

int fz_run_init(void);
/* false: a finding; all that can be put in order is */
bool fz_run(const struct fz_program *program, struct fz_finding *finding);
void fz_run_end(void);

/* In a process of its own: never returns. */
void fz_process_main(enum fz_proc proc) __attribute__((noreturn));
/* op_process.c asks for these */
void fz_turn(uint32_t now, uint32_t next);
long fz_actor_fork(struct fz_actor *actor, unsigned int n);
unsigned int fz_actor_bit(enum fz_proc proc, unsigned int thread);

/*
 * judge.c: what is wrong
 */

/* Messages and users are counted for the whole machine: is nobody else there? */
extern bool fz_alone;
/* What is freed a little later is freed by then. */
extern unsigned int fz_left_ms;

int fz_judge_init(void);
/* in the namespaces of FZ_ROOT and of FZ_AWAY */
void fz_judge_in_each_netns(void (*fn)(void));
/* thorough: also what takes long to look at */
bool fz_judge(struct fz_finding *finding, bool thorough);

/*
 * kcov.c: what of the module a thread has executed
 */

struct fz_kcov {
	uint64_t *area;		/* NULL: the kernel has none */
};

void fz_kcov_start(struct fz_kcov *kcov);
void fz_kcov_collect(struct fz_kcov *kcov);	/* into fz_shared */

/*
 * figures.c
 */

void fz_tell_figures(double seconds);
void fz_tell_counts(void);

/*
 * session.c, jobs.c, main.c: what is asked for. The result is the program's
 * status.
 */

struct fz_options {
	uint64_t seed, first, last;
	unsigned int seconds, times, jobs;
	enum fz_order order;
	bool guided, closely, known, tap, verbose;
};

extern struct fz_options fz_opt;

int fz_jobs(void);			/* random programs */
int fz_session(unsigned int job);	/* those of one job */
int fz_session_replay(char **paths, int n);
int fz_session_shrink(const char *path);

/*
 * shrink.c
 */

/* Where programs are kept that the machine may not survive; NULL: nowhere. */
extern const char *fz_dir;
void fz_keep(const char *name, const char *text, size_t len);

/* The shortest that still gives a finding of the kind; false: never again. */
bool fz_shrink(struct fz_program *program, struct fz_finding *finding,
	       unsigned int tries);

#endif /* FUZZ_CORE_H */
