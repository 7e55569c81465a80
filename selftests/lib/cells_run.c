// SPDX-License-Identifier: GPL-2.0
/*
 * Brings one cell of the table about and compares everything that its row
 * says: a queue in the state that the situation wants, a send of 'x', then
 * what happens to it, and then a look at all who have to do with it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "call.h"
#include "cells_run.h"
#include "lend.h"

#define COOKIE		0x0123456789abcdefULL
#define LOAN_MS		500	/* deadline of a message that is lent first */

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
	long begun_ms;
	struct call call;		/* a receiver that is not killed */
	struct lend lend;		/* one that may be */
	bool received;			/* 'x' has arrived */
	const char *rest;		/* what else must be in the queue */
	struct dt_stats before;
	uint64_t other[__DIPC_REASON_COUNT];	/* what other messages count */
	int faults;
};

static __attribute__((format(printf, 2, 3)))
void fault(struct run *r, const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	r->faults++;
}

/*
 * What is where
 */

static bool is_async(const struct run *r)
{
	return r->cell->mode >= CELL_BLOCKING_ASYNC;
}

static bool is_nonblocking(const struct run *r)
{
	return r->cell->mode == CELL_NONBLOCKING ||
	       r->cell->mode == CELL_RELIABLE_NONBLOCKING ||
	       r->cell->mode == CELL_EXPLICIT_NONBLOCKING;
}

static uint32_t dipc_mode(const struct run *r)
{
	switch (r->cell->mode) {
	case CELL_RELIABLE:
	case CELL_RELIABLE_NONBLOCKING:
	case CELL_RELIABLE_ASYNC:
		return DIPC_MODE_RELIABLE;
	case CELL_EXPLICIT:
	case CELL_EXPLICIT_NONBLOCKING:
	case CELL_EXPLICIT_ASYNC:
		return DIPC_MODE_EXPLICIT;
	default:
		return DIPC_MODE_BLOCKING;
	}
}

static bool is_waiting(enum cell_situation s)
{
	return s >= CELL_WAITING_COMES && s <= CELL_WAITING_SENDER_GONE;
}

static bool is_lent(enum cell_situation s)
{
	return s >= CELL_LENT_KILLED && s <= CELL_LENT_SENDER_GONE;
}

static bool has_deadline(enum cell_situation s)
{
	return s == CELL_WAITING_DEADLINE || s == CELL_QUEUED_DEADLINE ||
	       s == CELL_LENT_DEADLINE;
}

static bool is_deleted(enum cell_situation s)
{
	return s == CELL_WAITING_DELETED || s == CELL_QUEUED_DELETED ||
	       s == CELL_LENT_DELETED;
}

static struct dt_queue look(struct run *r)
{
	struct dt_queue q;
	int err;

	memset(&q, 0, sizeof(q));
	err = r->with_mailbox ? dt_mailbox_get(r->mailbox, &q) :
				dt_port_get(dt_port_id(r->rx), &q);
	if (err)
		fault(r, "a look at the queue: %s", strerror(-err));
	return q;
}

static int open_mailbox(struct run *r)
{
	struct sockaddr_dipc addr;
	int err;

	dt_unique(r->mailbox, "cells");
	err = dt_mailbox_new(r->mailbox,
			     DT_MAILBOX(.mode = 0600,
					.capacity_msgs = r->cell->capacity,
					.policy = r->cell->policy));
	if (err)
		return err;
	addr = dt_mailbox(r->mailbox);
	r->rx = dt_socket_bound(SOCK_RDM, &addr);
	r->to = addr;
	return r->rx < 0 ? r->rx : 0;
}

static int open_port(struct run *r)
{
	struct sockaddr_dipc any = dt_any();
	int err;

	r->rx = dt_socket_bound(SOCK_RDM, &any);
	if (r->rx < 0)
		return r->rx;
	err = dt_set_capacity(r->rx, r->cell->capacity, r->cell->policy);
	r->to = dt_port_of(r->rx);
	return err;
}

static int open_sender(struct run *r)
{
	uint32_t mode = dipc_mode(r);
	int err;

	r->tx = dt_socket_connected(SOCK_RDM, &r->to);
	if (r->tx < 0)
		return r->tx;
	err = DT_ERR(setsockopt(r->tx, SOL_DIPC, DIPC_MODE, &mode,
				sizeof(mode)));
	if (err)
		return err;
	switch (r->situation) {
	case CELL_WAITING_TIMEOUT:
	case CELL_QUEUED_TIMEOUT:
	case CELL_LENT_TIMEOUT:
		return dt_set_timeout(r->tx, SO_SNDTIMEO,
				      r->situation == CELL_LENT_TIMEOUT ?
				      LOAN_MS : DT_SHORT_MS);
	case CELL_WAITING_TIMED_SIGNAL:
	case CELL_QUEUED_TIMED_SIGNAL:
	case CELL_LENT_TIMED_SIGNAL:
		return dt_set_timeout(r->tx, SO_SNDTIMEO, 100 * DT_LONG_MS);
	default:
		return 0;
	}
}

/* "abc" as far as the situation wants it */
static int fill(struct run *r)
{
	long ret;

	if (r->situation == CELL_ROOM)
		r->filled = r->cell->capacity - 1;
	else if (r->situation == CELL_FULL || is_waiting(r->situation))
		r->filled = r->cell->capacity;
	for (int i = 0; i < r->filled; i++) {
		ret = put(r->filler, 'a' + i);
		if (ret != 1)
			return ret;
	}
	r->rest = "abc";
	return 0;
}

/*
 * Receivers
 */

static int start_receiver(struct run *r)
{
	bool faults = r->situation == CELL_LENT_FAULTS;
	int err;

	if (r->situation == CELL_RECEIVER) {
		if (call_recv(&r->call, r->rx) || !call_wait_asleep(&r->call))
			return -ESRCH;
		return 0;
	}
	if (r->situation != CELL_KILLED && !is_lent(r->situation))
		return 0;
	err = lend_start(&r->lend, r->rx, faults);
	if (err)
		return err;
	if (!WITHIN(look(r).waiting_receivers == 1 &&
		    lend_is_asleep(&r->lend)))
		return -ESRCH;
	return 0;
}

static void kill_receiver(struct run *r)
{
	if (lend_kill(&r->lend) != -SIGKILL)
		fault(r, "the receiver was not killed");
}

/* The page is there; the receiver has it, or waits for another message. */
static void end_loan(struct run *r)
{
	int err = lend_give(&r->lend), result = 0;

	if (err)
		fault(r, "giving the page: %s", strerror(-err));
	if (!WITHIN(lend_has_ended(&r->lend, &result) ||
		    (!is_deleted(r->situation) &&
		     look(r).waiting_receivers == 1 &&
		     lend_is_asleep(&r->lend))))
		fault(r, "the receiver neither ends nor waits");
	if (r->lend.pid)
		return;
	if (result == 'x')
		r->received = true;
	else
		fault(r, "the receiver ends with %d", result);
}

static void wait_fault(struct run *r)
{
	int result = 0;

	if (!WITHIN(lend_has_ended(&r->lend, &result)) || result != -EFAULT)
		fault(r, "the receiver is not told EFAULT, but %d", result);
}

/*
 * The send
 */

static long send_x(void *arg)
{
	struct run *r = arg;
	union {
		struct cmsghdr align;
		char buf[2 * CMSG_SPACE(sizeof(uint64_t))];
	} control = { };
	char x = 'x';
	struct iovec iov = { &x, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control.buf };
	struct cmsghdr *c = (struct cmsghdr *)control.buf;
	uint64_t value;

	if (is_async(r)) {
		value = COOKIE;
		c->cmsg_level = SOL_DIPC;
		c->cmsg_type = DIPC_ASYNC;
		c->cmsg_len = CMSG_LEN(sizeof(value));
		memcpy(CMSG_DATA(c), &value, sizeof(value));
		msg.msg_controllen += CMSG_SPACE(sizeof(value));
		c = (void *)((char *)c + CMSG_SPACE(sizeof(value)));
	}
	if (has_deadline(r->situation)) {
		value = r->situation == CELL_LENT_DEADLINE ? LOAN_MS :
			DT_SHORT_MS;
		value *= 1000000;
		c->cmsg_level = SOL_DIPC;
		c->cmsg_type = DIPC_DEADLINE;
		c->cmsg_len = CMSG_LEN(sizeof(value));
		memcpy(CMSG_DATA(c), &value, sizeof(value));
		msg.msg_controllen += CMSG_SPACE(sizeof(value));
	}
	if (!msg.msg_controllen)
		msg.msg_control = NULL;
	while (!r->may_begin)
		usleep(100);
	r->begun_ms = dt_now_ms();
	r->returned = DT_ERR(sendmsg(r->tx, &msg, is_nonblocking(r) ?
						  MSG_DONTWAIT : 0));
	r->ended = true;
	return r->returned;
}

static bool is_asleep(struct run *r)
{
	return !r->ended && dt_is_asleep(r->thread.tid, SYS_sendmsg) &&
	       !r->ended;
}

static void wait_send(struct run *r)
{
	if (!WITHIN(r->ended || is_asleep(r)))
		fault(r, "the send neither returns nor sleeps");
}

static void interrupt(struct run *r, int flags)
{
	int err = dt_count_signal(SIGUSR1, flags);

	if (!err && syscall(SYS_tgkill, getpid(), r->thread.tid, SIGUSR1))
		err = -errno;
	if (err)
		fault(r, "the signal: %s", strerror(-err));
	if (!WITHIN(dt_signals == 1))
		fault(r, "no signal came");
	wait_send(r);
}

/*
 * What happens then
 */

static void take_until_x(struct run *r)
{
	int letter = 0;

	while (letter != 'x') {
		if (!WITHIN((letter = take(r->rx)) != -EAGAIN) || letter < 0) {
			fault(r, "a receiver is given %d, and not 'x'", letter);
			return;
		}
		if (letter != 'x')
			r->other[DIPC_REASON_TAKEN]++;
	}
	r->received = true;
	r->rest = "";
}

static void evict(struct run *r)
{
	for (uint32_t i = 0; i < r->cell->capacity; i++) {
		if (put(r->filler, 'a' + i) != 1)
			fault(r, "a newer message is not sent");
		r->other[DIPC_REASON_QUEUED]++;
	}
	r->filled = r->cell->capacity;
}

static void delete_mailbox(struct run *r)
{
	int err = dt_mailbox_del(r->mailbox);

	if (err)
		fault(r, "deleting the mailbox: %s", strerror(-err));
	r->other[DIPC_REASON_DROP_CLOSED] = r->filled;
}

static void wait_for_deadline(struct run *r)
{
	if (r->situation != CELL_LENT_DEADLINE) {
		if (!WITHIN(is_readable(r->rx) == (r->filled != 0) &&
			    dt_now_ms() >= r->begun_ms + DT_SHORT_MS))
			fault(r, "the message does not expire");
		return;
	}
	/* also when nothing is to happen at that moment */
	while (dt_now_ms() < r->begun_ms + LOAN_MS + DT_SHORT_MS)
		usleep(1000);
	if (r->cell->row->returns != CELL_LENGTH && !WITHIN(r->ended))
		fault(r, "the send goes on after the deadline");
}

static void happen(struct run *r)
{
	switch (r->situation) {
	case CELL_ROOM:
	case CELL_FULL:
	case CELL_NOBODY:
	case CELL_KILLED:
	case CELL_WAITING_TIMEOUT:
	case CELL_QUEUED_TIMEOUT:
	case CELL_LENT_CLOSED:
	case CELL_SITUATIONS:
		break;
	case CELL_RECEIVER:
		if (call_end(&r->call) != 1 || r->call.letter != 'x')
			fault(r, "the receiver does not get it");
		r->received = r->call.letter == 'x';
		break;
	case CELL_WAITING_COMES:
	case CELL_QUEUED_COMES:
		take_until_x(r);
		break;
	case CELL_WAITING_CLOSED:
	case CELL_QUEUED_CLOSED:
		close(r->rx);
		r->rx = -1;
		r->other[DIPC_REASON_DROP_CLOSED] = r->filled;
		break;
	case CELL_WAITING_DELETED:
	case CELL_QUEUED_DELETED:
		delete_mailbox(r);
		break;
	case CELL_LENT_DELETED:
		delete_mailbox(r);
		end_loan(r);
		break;
	case CELL_QUEUED_EVICTED:
		evict(r);
		break;
	case CELL_QUEUED_PURGED:
		if (dt_mailbox_purge(r->mailbox, NULL))
			fault(r, "purging fails");
		break;
	case CELL_WAITING_DEADLINE:
	case CELL_QUEUED_DEADLINE:
		wait_for_deadline(r);
		break;
	case CELL_LENT_DEADLINE:
		wait_for_deadline(r);
		end_loan(r);
		break;
	case CELL_LENT_TIMEOUT:
		if (!WITHIN(r->ended))
			fault(r, "the send goes on after its time");
		end_loan(r);
		break;
	case CELL_WAITING_SIGNAL:
	case CELL_QUEUED_SIGNAL:
		interrupt(r, 0);
		break;
	case CELL_LENT_SIGNAL:
		interrupt(r, 0);
		end_loan(r);
		break;
	case CELL_WAITING_TIMED_SIGNAL:
	case CELL_QUEUED_TIMED_SIGNAL:
	case CELL_WAITING_RESTART:
	case CELL_QUEUED_RESTART:
		interrupt(r, SA_RESTART);
		break;
	case CELL_LENT_TIMED_SIGNAL:
	case CELL_LENT_RESTART:
		interrupt(r, SA_RESTART);
		end_loan(r);
		break;
	case CELL_WAITING_SENDER_GONE:
	case CELL_QUEUED_SENDER_GONE:
		close(r->tx);
		r->tx = -1;
		break;
	case CELL_LENT_SENDER_GONE:
		close(r->tx);
		r->tx = -1;
		end_loan(r);
		break;
	case CELL_LENT_KILLED:
		kill_receiver(r);
		break;
	case CELL_LENT_FAULTS:
		wait_fault(r);
		break;
	}
}

/*
 * How it ended
 */

static void check_returned(struct run *r)
{
	const struct cell_row *row = r->cell->row;
	long want = row->returns == CELL_LENGTH ? 1 : row->returns;

	if (row->returns == CELL_SLEEPS) {
		if (!WITHIN(r->ended || is_asleep(r)) || r->ended)
			fault(r, "the send returns %ld and should sleep",
			      r->returned);
		return;
	}
	if (!WITHIN(r->ended))
		fault(r, "the send sleeps and should return %ld", want);
	else if (r->returned != want)
		fault(r, "the send returns %ld, not %ld (%s)", r->returned,
		      want, want < 0 ? strerror(-want) : "length");
}

static void check_events(struct run *r, const char *who, int fd, short asked,
			 int want)
{
	struct pollfd p = { .fd = fd, .events = asked };

	if (want == CELL_GONE) {
		if (fd >= 0)
			fault(r, "%s is not gone", who);
		return;
	}
	if (poll(&p, 1, 0) < 0 || p.revents != want)
		fault(r, "poll gives the %s %#x, not %#x (in 1, out 4, err 8, hup 16)",
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
		fault(r, "counters: %s", else_);
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
			fault(r, "there is a completion, or %d", err);
		return;
	}
	if (err) {
		fault(r, "no completion: %s", strerror(-err));
		return;
	}
	if ((int)done.error != row->error || (int)done.reason != row->reason)
		fault(r, "completed with errno %u, reason %u (%s), not %d, %s",
		      done.error, done.reason,
		      done.reason < __DIPC_REASON_COUNT ?
		      cell_counter_names[done.reason] : "?", row->error,
		      cell_counter_names[row->reason]);
	if (done.cookie != COOKIE ||
	    memcmp(&done.dest, &r->to, sizeof(r->to)))
		fault(r, "the completion is of another send");
	if (read_completion(r, &done) != -EAGAIN)
		fault(r, "a second completion");
	if (poll_now(r->tx) & POLLERR)
		fault(r, "POLLERR after the completion was read");
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
		fault(r, r->received ? "a receiver has the message" :
				       "no receiver has the message");
	if (r->rx < 0 || is_deleted(r->situation))
		return;
	q = look(r);
	if (q.waiting_senders != (holder == CELL_IN_LINE))
		fault(r, "%u in line", q.waiting_senders);
	if (r->lend.pid) {
		kill_receiver(r);
		WITHIN(look(r).waiting_receivers == 0);
	}
	snprintf(want, sizeof(want), "%.*s%s", *r->rest ? r->filled : 0,
		 r->rest, is_left ? "x" : "");
	/* evicted by 'x' */
	if (holder == CELL_IN_QUEUE &&
	    r->cell->row->counter[DIPC_REASON_DROP_OLDEST])
		memmove(want, want + 1, sizeof(want) - 1);
	left = take_all(r->rx);
	if (strcmp(left, want))
		fault(r, "left are \"%s\", not \"%s\"", left, want);
}

/* It was left in the queue or the line, and has been taken now. */
static void check_late_end(struct run *r)
{
	enum cell_holder holder = r->cell->row->holder;
	struct dipc_completion done = { };

	if (holder != CELL_IN_QUEUE && holder != CELL_IN_LINE)
		return;
	if (!WITHIN(r->ended))
		fault(r, "the send still sleeps when its message was taken");
	else if (r->returned != 1)
		fault(r, "taken after all, the send returns %ld", r->returned);
	if (r->cell->row->completion != CELL_NONE)
		return;
	if (!WITHIN(poll_now(r->tx) & POLLERR) ||
	    read_completion(r, &done) || done.error)
		fault(r, "taken after all, the send is not completed");
}

static int set_up(struct run *r)
{
	int err = r->with_mailbox ? open_mailbox(r) : open_port(r);

	if (err)
		return err;
	r->filler = dt_socket_connected(SOCK_RDM, &r->to);
	if (r->filler < 0)
		return r->filler;
	err = fill(r);
	if (!err)
		err = start_receiver(r);
	if (err)
		return err;
	if (r->situation == CELL_KILLED) {
		kill_receiver(r);
		if (!WITHIN(look(r).waiting_receivers == 0))
			return -ETIME;
	}
	/* after the receiver's process, which shall not hold it open */
	err = open_sender(r);
	return err ? err : dt_stats_get(&r->before);
}

int cell_run(const struct cell *cell)
{
	struct run r = {
		.cell = cell, .situation = cell->situation,
		.rx = -1, .tx = -1,
		.with_mailbox = is_deleted(cell->situation) ||
				cell->situation == CELL_QUEUED_PURGED,
	};
	int err = set_up(&r);

	if (!err)
		err = dt_thread_start(&r.thread, send_x, &r);
	if (err) {
		fault(&r, "cannot be brought about: %s", strerror(-err));
		goto out;
	}
	/*
	 * Not while pthread_create() blocks signals: a SIGCHLD of a receiver
	 * that ends then is not ignored, and interrupts the send.
	 */
	r.may_begin = true;
	wait_send(&r);
	if (is_lent(r.situation) && r.situation != CELL_LENT_FAULTS &&
	    !lend_wait_lent(&r.lend))
		fault(&r, "the receiver is not given the message");
	happen(&r);
	check_returned(&r);
	if (r.cell->row->completion == CELL_COMPLETE)
		WITHIN(poll_now(r.tx) & POLLERR);
	check_events(&r, "sender", r.tx, POLLIN | POLLOUT, cell->row->sender);
	check_events(&r, "receiver", r.rx, POLLIN, cell->row->receiver);
	check_counters(&r);
	check_completion(&r);
	check_holder(&r);
	check_late_end(&r);
out:
	if (r.lend.pid)
		lend_kill(&r.lend);
	if (r.with_mailbox)
		dt_mailbox_del(r.mailbox);
	fflush(stdout);
	return r.faults;
}
