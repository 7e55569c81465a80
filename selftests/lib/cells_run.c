// SPDX-License-Identifier: GPL-2.0
/*
 * Brings one cell of the table about: a queue in the state that the situation
 * wants, a send of 'x', then what happens to it. Whether that ended as its row
 * says is judged in cells_judge.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "call.h"
#include "cells_state.h"

/* Deadline of a message that is lent first. */
static long loan_ms(void)
{
	return lend_wait_ms() / 16;
}

void cell_fault(struct run *r, const char *format, ...)
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

struct dt_queue cell_look(struct run *r)
{
	struct dt_queue q;
	int err;

	memset(&q, 0, sizeof(q));
	err = r->with_mailbox ? dt_mailbox_get(r->mailbox, &q) :
				dt_port_get(dt_port_id(r->rx), &q);
	if (err)
		cell_fault(r, "a look at the queue: %s", strerror(-err));
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
				      loan_ms() : DT_SHORT_MS);
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
	if (!WITHIN(cell_look(r).waiting_receivers == 1 &&
		    lend_is_asleep(&r->lend)))
		return -ESRCH;
	return 0;
}

void cell_kill_receiver(struct run *r)
{
	if (lend_kill(&r->lend) != -SIGKILL)
		cell_fault(r, "the receiver was not killed");
}

/* The page is there; the receiver has it, or waits for another message. */
static void end_loan(struct run *r)
{
	int err = lend_give(&r->lend), result = 0;

	if (err)
		cell_fault(r, "giving the page: %s", strerror(-err));
	if (!WITHIN(lend_has_ended(&r->lend, &result) ||
		    (!cell_is_deleted(r->situation) &&
		     cell_look(r).waiting_receivers == 1 &&
		     lend_is_asleep(&r->lend))))
		cell_fault(r, "the receiver neither ends nor waits");
	if (r->lend.pid)
		return;
	if (result == 'x')
		r->received = true;
	else
		cell_fault(r, "the receiver ends with %d", result);
}

static void wait_fault(struct run *r)
{
	int result = 0;

	if (!WITHIN(lend_has_ended(&r->lend, &result)) || result != -EFAULT)
		cell_fault(r, "the receiver is not told EFAULT, but %d", result);
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
		value = r->situation == CELL_LENT_DEADLINE ? loan_ms() :
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
	r->returned = DT_ERR(sendmsg(r->tx, &msg, is_nonblocking(r) ?
						  MSG_DONTWAIT : 0));
	r->ended = true;
	return r->returned;
}

bool cell_is_asleep(struct run *r)
{
	return !r->ended && dt_is_asleep(r->thread.tid, SYS_sendmsg) &&
	       !r->ended;
}

static void wait_send(struct run *r)
{
	if (!WITHIN(r->ended || cell_is_asleep(r)))
		cell_fault(r, "the send neither returns nor sleeps");
}

static void interrupt(struct run *r, int flags)
{
	int err = dt_count_signal(SIGUSR1, flags);

	if (!err && syscall(SYS_tgkill, getpid(), r->thread.tid, SIGUSR1))
		err = -errno;
	if (err)
		cell_fault(r, "the signal: %s", strerror(-err));
	if (!WITHIN(dt_signals == 1))
		cell_fault(r, "no signal came");
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
			cell_fault(r, "a receiver is given %d, and not 'x'", letter);
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
			cell_fault(r, "a newer message is not sent");
		r->other[DIPC_REASON_QUEUED]++;
	}
	r->filled = r->cell->capacity;
}

static void delete_mailbox(struct run *r)
{
	int err = dt_mailbox_del(r->mailbox);

	if (err)
		cell_fault(r, "deleting the mailbox: %s", strerror(-err));
	r->other[DIPC_REASON_DROP_CLOSED] = r->filled;
}

static void wait_for_deadline(struct run *r)
{
	/* by now the time runs, whenever it began */
	long begun_ms = dt_now_ms();

	if (r->situation != CELL_LENT_DEADLINE) {
		if (!WITHIN(is_readable(r->rx) == (r->filled != 0) &&
			    dt_now_ms() >= begun_ms + DT_SHORT_MS))
			cell_fault(r, "the message does not expire");
		/* with the lock: who has just removed it has counted it then */
		cell_look(r);
		return;
	}
	/* also when nothing is to happen at that moment */
	while (dt_now_ms() < begun_ms + loan_ms() + DT_SHORT_MS)
		usleep(1000);
	if (r->cell->row->returns != CELL_LENGTH && !WITHIN(r->ended))
		cell_fault(r, "the send goes on after the deadline");
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
			cell_fault(r, "the receiver does not get it");
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
			cell_fault(r, "purging fails");
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
			cell_fault(r, "the send goes on after its time");
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
		cell_kill_receiver(r);
		break;
	case CELL_LENT_FAULTS:
		wait_fault(r);
		break;
	}
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
		cell_kill_receiver(r);
		if (!WITHIN(cell_look(r).waiting_receivers == 0))
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
		.with_mailbox = cell_is_deleted(cell->situation) ||
				cell->situation == CELL_QUEUED_PURGED,
	};
	int err = set_up(&r);

	if (!err)
		err = dt_thread_start(&r.thread, send_x, &r);
	if (err) {
		cell_fault(&r, "cannot be brought about: %s", strerror(-err));
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
		cell_fault(&r, "the receiver is not given the message");
	happen(&r);
	cell_judge(&r);
out:
	if (r.lend.pid)
		lend_kill(&r.lend);
	if (r.with_mailbox)
		dt_mailbox_del(r.mailbox);
	fflush(stdout);
	return r.faults;
}
