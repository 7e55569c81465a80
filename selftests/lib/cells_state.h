/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One cell while it is brought about (cells_run.c) and judged (cells_judge.c).
 */
#ifndef DIPC_TEST_CELLS_STATE_H
#define DIPC_TEST_CELLS_STATE_H

#include "call.h"
#include "cells_run.h"
#include "lend.h"

#define COOKIE		0x0123456789abcdefULL

#define WITHIN	LEND_WAIT

struct run {
	const struct cell *cell;
	enum cell_situation situation;
	int rx, tx, filler;
	bool with_mailbox;
	char mailbox[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc to;
	int filled;			/* letters that were there before */
	struct dt_thread thread;	/* the send */
	volatile bool may_begin, ended;
	long returned;
	struct call call;		/* a receiver that is not killed */
	struct lend lend;		/* one that may be */
	bool received;			/* 'x' has arrived */
	const char *rest;		/* what else must be in the queue */
	struct dt_stats before;
	uint64_t other[__DIPC_REASON_COUNT];	/* what other messages count */
	int faults;
};

static inline bool cell_is_deleted(enum cell_situation s)
{
	return s == CELL_WAITING_DELETED || s == CELL_QUEUED_DELETED ||
	       s == CELL_LENT_DELETED;
}

/* cells_run.c */
__attribute__((format(printf, 2, 3)))
void cell_fault(struct run *r, const char *format, ...);
struct dt_queue cell_look(struct run *r);
bool cell_is_asleep(struct run *r);
void cell_kill_receiver(struct run *r);

/* cells_judge.c: takes all that is left, so it is the end of the cell */
void cell_judge(struct run *r);

#endif /* DIPC_TEST_CELLS_STATE_H */
