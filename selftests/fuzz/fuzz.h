/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer: what its two halves have in common. The grammar (op_*.c,
 * grammar.h) knows what can be asked of AF_DIPC; the core (all other files)
 * makes programs of that, runs, judges, shrinks and prints them.
 *
 * A program is a list of operations. Each is done by an actor, a thread of
 * one of a few processes, with arguments that are plain numbers: nothing in a
 * program is a descriptor, a port number or a handle, but the place (slot)
 * where an earlier operation has left one. So a program can be written down,
 * shortened and done again. 0 is the plain value of every argument: it is not
 * written down, and to shorten is to set to 0.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <linux/dipc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The processes. FZ_ROOT and FZ_AWAY share their descriptors (CLONE_FILES),
 * so each has sockets of the other's network namespace; FZ_USER has its own.
 */
enum fz_proc {
	FZ_ROOT,	/* uid 0, all capabilities */
	FZ_USER,	/* uid FZ_UID, no capabilities, namespace of FZ_ROOT */
	FZ_AWAY,	/* uid 0, another network namespace */
	FZ_PROCS,
};

#define FZ_THREADS	3	/* at most, of a process; see fz_threads[] */
#define FZ_UID		4711
#define FZ_GID		4712

#define FZ_ARGS		16	/* of an operation */
#define FZ_SLOTS	24	/* descriptors in a table */
#define FZ_TABLES	6	/* 0: ROOT and AWAY, 1: USER, else: forked */
#define FZ_HANDLES	16	/* numbers that the kernel gave, see below */
#define FZ_VALUES	32
#define FZ_BUF		(1 << 20)

/* How many threads each process has. */
extern const unsigned int fz_threads[FZ_PROCS];

/* Numbers drawn at random; the same seed, the same numbers. */
struct fz_rng {
	uint64_t state;
};

uint64_t fz_random(struct fz_rng *rng);				/* any */
unsigned int fz_draw(struct fz_rng *rng, unsigned int n);	/* below n */
bool fz_one_in(struct fz_rng *rng, unsigned int n);		/* 1 of n */

/*
 * What exists while a program runs, in memory that all processes share. All
 * of it is read and written by several at once, without a lock: that is meant.
 */
struct fz_world {
	struct {
		_Atomic int fd[FZ_SLOTS];		/* -1: nothing */
		_Atomic uint64_t port[FZ_SLOTS];	/* number of its port */
	} table[FZ_TABLES];
	_Atomic uint64_t handle[FZ_HANDLES];	/* of requests, newest anywhere */
	_Atomic uint64_t value[FZ_VALUES];	/* whatever the grammar keeps */
	_Atomic uint32_t dirty;		/* see fz_grammar_reset() */
};

/* Who executes. Its memory is its own thread's. */
struct fz_actor {
	struct fz_world *world;
	enum fz_proc proc;
	unsigned int thread;
	unsigned int table;	/* of descriptors */
	char *out;		/* FZ_BUF bytes to send from, with a pattern */
	char *in;		/* FZ_BUF bytes to receive into */
	char *edge;		/* 64 KiB before it can be used, nothing after */
	char *bad;		/* 64 KiB that cannot be touched */
	char *shared;		/* FZ_BUF bytes that all actors share */
	char *fixed;		/* FZ_BUF bytes that cannot be written */
	const char *count_as;	/* see struct fz_op; set by execute() or NULL */
};

/* The descriptor in a slot of the actor's table, or -1. */
int fz_fd(const struct fz_actor *actor, uint64_t slot);
/* Put one there (or -1); what was there is closed. Its port is forgotten. */
void fz_put_fd(const struct fz_actor *actor, uint64_t slot, int fd);
/* Number of the port of a slot, of any table; asked from the socket if not
 * known yet and if the table is the actor's own. 0: none.
 */
uint64_t fz_port(const struct fz_actor *actor, uint64_t table, uint64_t slot);

/* An operation of many calls says that it has not come to a stop. */
void fz_goes_on(const struct fz_actor *actor);

/* What should never be, in what the kernel gave: the program is a finding. */
void fz_broken(const struct fz_actor *actor, const char *text, ...)
	__attribute__((format(printf, 2, 3)));

/* Names of numbers, for those who read programs. The last one is all 0. */
struct fz_word {
	const char *word;
	uint64_t value;
};

struct fz_arg {
	const char *name;		/* "flags"; NULL after the last */
	const struct fz_word *words;	/* or NULL: a number. Several: a|b|0x40 */
};

/*
 * What the grammar believes to exist at a place of a program while it makes
 * one: what would be if each operation so far had succeeded. Its own type.
 */
struct fz_model;

extern const size_t fz_model_size;
void fz_model_reset(struct fz_model *model);

/* One operation of a program. */
struct fz_step {
	const struct fz_op *op;
	uint8_t proc;
	uint8_t thread;
	uint64_t arg[FZ_ARGS];
};

/**
 * struct fz_op - a kind of operation
 * @name: in programs, "sendmsg"
 * @call: what its outcomes are counted as, in the table (call, errno);
 *	execute() may say otherwise with actor->count_as (a string literal)
 * @weight: how often it is chosen, against the sum of all; 0: never by itself
 * @args: names of its arguments
 * @generate: draws step->arg for the actor in @step, mostly such that it will
 *	succeed in the state of @model, which it leaves as it is. False: that
 *	makes no sense now, draw another operation. step->arg is all 0 before.
 * @assume: changes @model as if @step had succeeded; or NULL. Must not
 *	trust the arguments: they may come from a file.
 * @execute: does it. The result is that of the system call, or -errno. Must
 *	not trust the arguments, nor that a slot holds what the model believed.
 *	May block; a signal (FZ_SIGNAL, without SA_RESTART) ends what takes too
 *	long, so it must not repeat at EINTR. Must not allocate what is lost
 *	when it never comes back; must not exit, print, or use a descriptor
 *	that is not in a slot beyond its own end.
 * @errnos: the errnos that it may give, the last is 0; NULL: any. Another
 *	one is a finding.
 */
struct fz_op {
	const char *name;
	const char *call;
	unsigned int weight;
	struct fz_arg args[FZ_ARGS + 1];
	bool (*generate)(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step);
	void (*assume)(struct fz_model *model, const struct fz_step *step);
	long (*execute)(struct fz_actor *actor, const uint64_t *arg);
	const short *errnos;
};

#define FZ_SIGNAL	SIGUSR1		/* does nothing, but EINTR */

/*
 * All operations: lists that end with a row whose name is NULL. The grammar
 * defines fz_op_lists[] (in grammar.c), whose last is NULL; fz_process_ops[]
 * (fork, kill, signal, new namespace, nap; op_process.c) is the core's and
 * must be one of them.
 */
extern const struct fz_op *const fz_op_lists[];
extern const struct fz_op fz_process_ops[];

/*
 * Called after a program that has set world->dirty, by root, once in each of
 * the two namespaces: undoes what closing all descriptors and removing all
 * mailboxes does not (sysctls).
 */
void fz_grammar_reset(void);

#endif /* FUZZ_H */
