/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What works and peers are made with: the clock, marks for a profiler, gates
 * that processes meet at, and how a cell ends that fails.
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <errno.h>

#include "bench.h"

/* Says what failed, for this cell, and ends its process. */
void fail(const char *what) __attribute__((noreturn));

#define MUST(expr) \
	({ typeof(expr) ret_ = (expr); if (ret_ < 0) fail(#expr); ret_; })

/* 0 or -1; what may be refused to who is not root. */
int write_file(const char *path, const char *text);

int64_t now_ns(void);
int64_t clock_ns(void);		/* what two now_ns() in a row differ by */

/*
 * Lets the kernel end what others have begun. Each run of a cell does so for
 * another length of time: to the timer's tick it is another one then.
 */
void settle(void);
extern unsigned int settle_more_us;

unsigned int switches_now(void);	/* of this process */

/*
 * What is between these two is measured: a profiler that counts instructions
 * knows them by a no-op with a number in it (scripts/profile/count.c).
 */
#if defined(__x86_64__) || defined(__i386__)
#define MARK(nr) \
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" \
		     :: "i" (0x4d100000 + (nr)) : "memory")
#else
#define MARK(nr)
#endif

static inline void mark_begin(void)
{
	MARK(1);
}

static inline void mark_end(void)
{
	MARK(2);
}

/* A page or more that forked processes share; never given back. */
void *share(size_t bytes);

/* A payload of this length; what is before it may be written to as well. */
char *new_buffer(size_t len);

/* Where the scheduler decides it takes so many times more to be steady. */
#define FLOW_TIMES	4

/* The link of a cell, or its end; switches since then, of all processes. */
void open_link(struct cell *c, struct link *l, unsigned int depth);
void add_switches(struct cell *c, unsigned int before);

/* Who comes as the nth wakes those who wait for that. */
void gate_come(struct gate *g, int n);
void gate_wait(struct gate *g, int n);
void gate_pass(struct gate *g, int n);		/* both */

/* Forks a process of the cell, on the processor for others. 0 in it. */
pid_t fork_other(void);
void wait_others(void);

/* Bytes that the kernel has taken, all in all. */
int64_t kernel_bytes(void);

/* So many bytes of a stream. */
void read_whole(int fd, void *buf, size_t len);

#endif
