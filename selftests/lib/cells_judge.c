// SPDX-License-Identifier: GPL-2.0
/*
 * Did a cell of the table end as its row says: what the send returned, whom
 * poll() tells what, the counters, the completion, and where the message is.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>

#include "cells_state.h"

static void check_returned(struct run *r)
{
	const struct cell_row *row = r->cell->row;
	long want = row->returns == CELL_LENGTH ? 1 : row->returns;

	if (row->returns == CELL_SLEEPS) {
		if (!WITHIN(r->ended || cell_is_asleep(r)) || r->ended)
			cell_fault(r, "the send returns %ld and should sleep",
			      r->returned);
		return;
	}
	if (!WITHIN(r->ended))
		cell_fault(r, "the send sleeps and should return %ld", want);
	else if (r->returned != want)
		cell_fault(r, "the send returns %ld, not %ld (%s)", r->returned,
		      want, want < 0 ? strerror(-want) : "length");
}

static void check_events(struct run *r, const char *who, int fd, short asked,
			 int want)
{
	struct pollfd p = { .fd = fd, .events = asked };

	if (want == CELL_GONE) {
		if (fd >= 0)
			cell_fault(r, "%s is not gone", who);
		return;
	}
	if (poll(&p, 1, 0) < 0 || p.revents != want)
		cell_fault(r, "poll gives the %s %#x, not %#x (in 1, out 4, err 8, hup 16)",
		      who, p.revents, want);
}

static void check_counters(struct run *r)
{
	struct dt_stats by = { };
	const char *else_;

	for (int i = 0; i < __DIPC_REASON_COUNT; i++)
		by.counter[i] = r->cell->row->counter[i] + r->other[i];
	else_ = counted_else(&r->before, &by);
	if (*else_)
		cell_fault(r, "counters: %s", else_);
}

/* A completion of ours; -EAGAIN if there is none. */
static int read_completion(struct run *r, struct dipc_completion *completion)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(*completion))];
	} control;
	struct msghdr msg = { .msg_control = control.buf,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n = DT_ERR(recvmsg(r->tx, &msg, MSG_ERRQUEUE | MSG_DONTWAIT));

	if (n)
		return n;
	c = CMSG_FIRSTHDR(&msg);
	if (!(msg.msg_flags & MSG_ERRQUEUE) || !c ||
	    c->cmsg_level != SOL_DIPC || c->cmsg_type != DIPC_COMPLETION ||
	    c->cmsg_len != CMSG_LEN(sizeof(*completion)))
		return -EBADMSG;
	memcpy(completion, CMSG_DATA(c), sizeof(*completion));
	return 0;
}

static void check_completion(struct run *r)
{
	const struct cell_row *row = r->cell->row;
	struct dipc_completion done = { };
	int err;

	if (r->tx < 0)
		return;
	err = read_completion(r, &done);
	if (row->completion != CELL_COMPLETE) {
		if (err != -EAGAIN)
			cell_fault(r, "there is a completion, or %d", err);
		return;
	}
	if (err) {
		cell_fault(r, "no completion: %s", strerror(-err));
		return;
	}
	if ((int)done.error != row->error || (int)done.reason != row->reason)
		cell_fault(r, "completed with errno %u, reason %u (%s), not %d, %s",
		      done.error, done.reason,
		      done.reason < __DIPC_REASON_COUNT ?
		      cell_counter_names[done.reason] : "?", row->error,
		      cell_counter_names[row->reason]);
	if (done.cookie != COOKIE ||
	    memcmp(&done.dest, &r->to, sizeof(r->to)))
		cell_fault(r, "the completion is of another send");
	if (read_completion(r, &done) != -EAGAIN)
		cell_fault(r, "a second completion");
	if (poll_now(r->tx) & POLLERR)
		cell_fault(r, "POLLERR after the completion was read");
}

/* Takes all that is left, so this must be the last look. */
static void check_holder(struct run *r)
{
	enum cell_holder holder = r->cell->row->holder;
	bool is_left = holder == CELL_IN_QUEUE || holder == CELL_IN_LINE;
	char want[16];
	const char *left;
	struct dt_queue q;

	if (r->received != (holder == CELL_AT_RECEIVER))
		cell_fault(r, r->received ? "a receiver has the message" :
				       "no receiver has the message");
	if (r->rx < 0 || cell_is_deleted(r->situation))
		return;
	q = cell_look(r);
	if (q.waiting_senders != (holder == CELL_IN_LINE))
		cell_fault(r, "%u in line", q.waiting_senders);
	if (r->lend.pid) {
		cell_kill_receiver(r);
		WITHIN(cell_look(r).waiting_receivers == 0);
	}
	snprintf(want, sizeof(want), "%.*s%s", *r->rest ? r->filled : 0,
		 r->rest, is_left ? "x" : "");
	/* evicted by 'x' */
	if (holder == CELL_IN_QUEUE &&
	    r->cell->row->counter[DIPC_REASON_DROP_OLDEST])
		memmove(want, want + 1, sizeof(want) - 1);
	left = take_all(r->rx);
	if (strcmp(left, want))
		cell_fault(r, "left are \"%s\", not \"%s\"", left, want);
}

/* It was left in the queue or the line, and has been taken now. */
static void check_late_end(struct run *r)
{
	enum cell_holder holder = r->cell->row->holder;
	struct dipc_completion done = { };

	if (holder != CELL_IN_QUEUE && holder != CELL_IN_LINE)
		return;
	if (!WITHIN(r->ended))
		cell_fault(r, "the send still sleeps when its message was taken");
	else if (r->returned != 1)
		cell_fault(r, "taken after all, the send returns %ld", r->returned);
	if (r->cell->row->completion != CELL_NONE)
		return;
	if (!WITHIN(poll_now(r->tx) & POLLERR) ||
	    read_completion(r, &done) || done.error)
		cell_fault(r, "taken after all, the send is not completed");
}

void cell_judge(struct run *r)
{
	const struct cell_row *row = r->cell->row;

	check_returned(r);
	if (row->completion == CELL_COMPLETE)
		WITHIN(poll_now(r->tx) & POLLERR);
	check_events(r, "sender", r->tx, POLLIN | POLLOUT, row->sender);
	check_events(r, "receiver", r->rx, POLLIN, row->receiver);
	check_counters(r);
	check_completion(r);
	check_holder(r);
	check_late_end(r);
}
