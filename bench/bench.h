/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of the benchmark. A peer is a way to send messages, a row in
 * peers.c; a work is something to be done with it, a row in works.c; a cell is
 * one work with one peer and one size, done in processes of its own (run.c).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define N_MANY		8	/* senders of a fan-in, or receivers */
#define LEN_MAX		(1U << 20)

/* --- peers --- */

/*
 * What a link must take: messages of this length, and so many of them while
 * nobody receives. A depth of 0 is whatever the peer has when it is told
 * nothing.
 */
struct shape {
	size_t len;
	unsigned int depth;
};

/* Where one process sends and receives. What is in it the peer decides. */
struct end {
	int in, out;
	void *more;
};

struct link {
	const struct peer *peer;
	struct shape shape;
	struct end a, b;
};

/**
 * struct peer - a way to send messages
 * @name: as it is selected
 * @about: one line
 * @len_max: the longest message, 0: any
 * @window: how many bytes it holds while nobody receives, at a KiB more for
 *	each message, 0: any
 * @is_lossy: messages are lost when nobody receives for a while
 * @is_between_processes: an end cannot send to another of its own process
 * @kind: for @open, when several peers share it
 * @open: wire both ends, before the processes are forked. -1 with errno.
 * @close: undo @open
 * @join: another sender to end b; NULL: the senders share the sending end
 * @enter: called once in the process that will use the end; first in that of b
 * @send: send a message. NULL: it knows calls only.
 * @recv: receive a message of just this length
 * @call: send and await the reply of the same length; NULL: @send and @recv
 * @serve: answer so many requests; NULL: @recv and @send
 * @make: make the smallest thing that has a queue, a number for @unmake; may
 *	be NULL
 * @unmake: undo that
 * @is_one_to_one: neither several senders nor several receivers
 * @is_end: that thing is what the memory of an endpoint is asked of; else it
 *	is half of a link
 */
struct peer {
	const char *name, *about;
	size_t len_max, window;
	bool is_lossy, is_between_processes, is_one_to_one, is_end;
	const void *kind;
	int (*open)(struct link *l);
	void (*close)(struct link *l);
	int (*join)(const struct link *l, struct end *e);
	void (*enter)(struct end *e, bool is_server);
	void (*send)(struct end *e, void *buf, size_t len);
	void (*recv)(struct end *e, void *buf, size_t len);
	void (*call)(struct end *e, void *buf, size_t len);
	void (*serve)(struct end *e, void *buf, size_t len, unsigned int n);
	int (*make)(const struct peer *p);
	void (*unmake)(const struct peer *p, int nr);
};

extern const struct peer *const peers[];	/* ends with NULL */

/* --- works --- */

/* What is asked, and what came of it. */
struct cell {
	const struct peer *peer;
	const struct work *work;
	size_t len;
	unsigned int n;		/* how often it is done and measured */
	unsigned int nr;	/* of several runs of it */
	/* What follows is shared by the processes of the cell. */
	double value;
	double switches;	/* context switches an operation; < 0: not told */
	int64_t ended_ns;
	unsigned int n_switches;
	struct gate { int n_come; } gate[4];
};

struct work {
	const char *name, *about, *unit;
	bool is_sized;		/* is worth doing with each size */
	bool is_scheduled;	/* who runs when decides what it costs */
	bool (*fits)(const struct peer *p, size_t len);	/* NULL: all do */
	void (*run)(struct cell *c);
	size_t least, most;	/* lengths, or numbers; 0: any */
	const void *kind;	/* for @run, when several works share it */
};

extern const struct work works[];		/* ends with a NULL name */

/* How many messages it holds while nobody receives, at most n. */
unsigned int peer_holds(const struct peer *p, size_t len, unsigned int n);

void work_round_trip(struct cell *c);
void work_send_alone(struct cell *c);
void work_recv_alone(struct cell *c);
void work_one_way(struct cell *c);
void work_fan_in(struct cell *c);
void work_fan_out(struct cell *c);
void work_make_end(struct cell *c);
void work_make_link(struct cell *c);
void work_end_bytes(struct cell *c);
void work_message_bytes(struct cell *c);

/* --- cells --- */

extern bool is_counting;	/* the clock counts instructions */
extern int cpus[2];		/* of who measures, and of the others */

/*
 * run_cell - do it in a process of its own, in a cgroup
 *
 * Return: 0, or -1 if it cannot be done here, which was said.
 */
int run_cell(struct cell *c, const char *cgroup);

/* --- figures --- */

enum format { TEXT, CSV };

struct figure {
	const char *cgroup;
	const struct cell *cell;
	double median, low, high;	/* quartiles of several runs */
	double switches;
	unsigned int n_runs;
};

void out_begin(enum format format);
void out_figure(const struct figure *f);
void out_end(void);

#endif
