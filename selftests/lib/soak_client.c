// SPDX-License-Identifier: GPL-2.0
/*
 * See soak.h: a client. It waits for its calls, or has several outstanding,
 * and cancels, runs out of time, is interrupted, or closes its socket.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "soak.h"

#define N_OUTSTANDING	8
#define MS		1000000ULL	/* nanoseconds */

struct client {
	struct soak_role *role;
	int fd;
	bool is_connected;
	uint64_t serial[N_OUTSTANDING];		/* which is the cookie, too */
	int n;
	char out[SOAK_LONG + 4096];
};

static void client_open(struct client *c)
{
	c->fd = dt_socket(SOCK_RDM);
	if (c->fd < 0 || !dt_port_id(c->fd))
		soak_violated("a client cannot open its socket: %m");
	c->is_connected = soak_draw(2) && !dt_connect(c->fd, &soak->front);
	c->n = 0;
}

static const struct sockaddr_dipc *dest(const struct client *c)
{
	return c->is_connected ? NULL : &soak->front;
}

/* A new line of the log, and the request for it; 0: there is no more room. */
static uint64_t begin(struct client *c, size_t *len)
{
	uint64_t serial = __atomic_fetch_add(&soak->next, 1, __ATOMIC_RELAXED);

	if (serial >= SOAK_CALLS) {
		soak->stop = true;
		return 0;
	}
	c->role->serial = serial;
	soak->log[serial].port = dt_port_id(c->fd);
	soak->log[serial].state = SOAK_UNKNOWN;
	*len = soak_draw_len(SOAK_LONG);
	soak_body_write(c->out, serial, 0, 0, *len);
	return serial;
}

static struct calls_with draw_with(uint64_t serial)
{
	return (struct calls_with) {
		.cookie = serial, .priority = -1,
		.deadline_ns = soak_draw(3) ? 0 : (1 + soak_draw(40)) * MS * soak->slow,
		.reply_max = soak_draw(4) ? CALLS_TEXT_MAX : sizeof(struct soak_body),
		.semantics = soak->repeats ? DIPC_AT_LEAST_ONCE :
			     soak_draw(4) ? DIPC_AT_MOST_ONCE : DIPC_MAYBE,
		.try_ns = soak->repeats && soak_draw(3) ? (1 + soak_draw(30)) * MS : 0,
	};
}

/* @attempt: 0: it was not even sent, or nobody can know */
static bool may_fail_with(int error, uint32_t attempt)
{
	switch (error) {
	case ENOENT:		/* all who had the name are being replaced */
		return !attempt;
	case EINTR:
	case ETIMEDOUT:
		return true;
	case ECONNREFUSED:	/* it may be that nobody has it any more */
		return !attempt || !soak->repeats;
	case ECONNRESET:
		return !soak->repeats;
	}
	return false;
}

/* The client learns how its call has ended, and notes it. */
static void end(struct client *c, uint64_t serial, const struct calls_end *e)
{
	const struct soak_body *b = (struct soak_body *)e->text;
	const struct dipc_outcome *o = &e->outcome;
	int error = e->ret < 0 ? -e->ret : 0;
	struct soak_line *line = &soak->log[serial];

	if (error ? !may_fail_with(error, o->attempt) : o->reason != DIPC_REASON_REPLIED)
		soak_violated("call %llu, attempt %u has ended by %s, reason %u",
			      (unsigned long long)serial, o->attempt,
			      strerror(error), o->reason);
	if (!error && (!soak_body_is_whole(e->text, e->ret) || o->len != e->ret ||
		       b->serial != serial || b->id != o->id ||
		       b->attempt != o->attempt || o->error || !o->pid))
		soak_violated("call %llu, %llx has the reply of %ld bytes to %llu",
			 (unsigned long long)serial, (unsigned long long)o->id,
			 e->ret, (unsigned long long)b->serial);
	if (error && o->error && o->error != error)
		soak_violated("call %llu: %d, but its outcome says %u",
			 (unsigned long long)serial, error, o->error);
	line->id = o->id;
	line->attempt = o->attempt;
	line->error = error;
	__atomic_store_n(&line->state, SOAK_ENDED, __ATOMIC_RELEASE);
	__atomic_add_fetch(&soak->errors[error % SOAK_ERRORS], 1,
			   __ATOMIC_RELAXED);
	__atomic_add_fetch(&soak->ended, 1, __ATOMIC_RELAXED);
	/* somebody else has the name by now */
	if (error == ECONNREFUSED && c->is_connected)
		c->is_connected = !dt_connect(c->fd, &soak->front);
}

static void call_and_wait(struct client *c)
{
	size_t len;
	uint64_t serial = begin(c, &len);
	struct calls_with with = draw_with(serial);
	struct calls_end e = { 0 };

	if (!serial)
		return;
	e.ret = OP(c->fd, .op = DIPC_OP_CALL, .out = PTR(c->out),
		   .out_len = len, .in = PTR(e.text), .in_len = with.reply_max,
		   .dest = PTR(dest(c)), .info = PTR(&e.outcome),
		   .deadline_ns = with.deadline_ns, .try_ns = with.try_ns,
		   .semantics = with.semantics);
	end(c, serial, &e);
}

static void start_some(struct client *c)
{
	int n = 1 + soak_draw(N_OUTSTANDING);

	while (c->n < n) {
		struct calls_end e = { 0 };
		struct calls_with with;
		uint64_t serial;
		size_t len;

		serial = begin(c, &len);
		if (!serial)
			return;
		with = draw_with(serial);
		with.dest = dest(c);
		e.ret = calls_start_bytes(soak_draw_form(), c->fd, c->out, len,
					  &with);
		if (e.ret >= 0)
			c->serial[c->n++] = serial;
		else
			return end(c, serial, &e);
	}
}

static void remove_nth(struct client *c, int i)
{
	c->serial[i] = c->serial[--c->n];
}

static void give_up(struct client *c, int i)
{
	soak->log[c->serial[i]].state = SOAK_GIVEN_UP;
	remove_nth(c, i);
}

static void cancel_one(struct client *c)
{
	int i = soak_draw(c->n);
	long ret = calls_cancel(soak_draw_form(), c->fd, c->serial[i]);

	if (ret)
		soak_violated("call %llu cannot be cancelled: %s",
			 (unsigned long long)c->serial[i], strerror(-ret));
	soak_count(SOAK_CANCELLED);
	give_up(c, i);
}

/* The end of any, or of a certain one. Whoever polls does not wait. */
static void finish_one(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	bool is_any = soak_draw(3), polls = is_any && !soak_draw(3);
	int flags = polls || !soak_draw(8) ? MSG_DONTWAIT : 0;
	struct calls_end e;
	int i;

	if (polls && poll(&p, 1, -1) < 0)
		return;
	if (is_any)
		e = calls_finish(soak_draw_form(), c->fd, flags);
	else
		e = calls_finish_cookie(c->fd, c->serial[soak_draw(c->n)], flags);
	if (!e.outcome.cookie) {
		/* not the call's error, but that of who waits for its end */
		if (e.ret != -EINTR && (e.ret != -EAGAIN || !flags ||
					(polls && !soak->repeats)))
			soak_violated("waiting for an end%s: %ld",
				 polls ? " that poll has seen" : "", e.ret);
		return;
	}
	for (i = 0; i < c->n; i++)
		if (c->serial[i] == e.outcome.cookie)
			break;
	if (i == c->n) {
		soak_violated("the end of call %llu, which is none of these",
			 (unsigned long long)e.outcome.cookie);
		return;
	}
	end(c, c->serial[i], &e);
	remove_nth(c, i);
}

static void call_and_go_on(struct client *c)
{
	start_some(c);
	while (c->n) {
		if (!soak_draw(24)) {
			cancel_one(c);
		} else if (!soak_draw(100)) {
			while (c->n)
				give_up(c, 0);
			close(c->fd);
			client_open(c);
			soak_count(SOAK_CLOSED);
		} else {
			finish_one(c);
		}
	}
}

/* No call, but a message: executed at most once, too. */
static void send_one(struct client *c)
{
	size_t len;
	uint64_t serial = begin(c, &len);
	long ret;

	if (!serial)
		return;
	ret = OP(c->fd, .op = DIPC_OP_SEND, .out = PTR(c->out), .out_len = len,
		 .dest = PTR(dest(c)));
	if (ret < 0 && !may_fail_with(-ret, 0))
		soak_violated("send: %s", strerror(-ret));
	soak->log[serial].state = SOAK_GIVEN_UP;
}

int soak_child_calls(void *arg)
{
	static struct client c;

	c.role = arg;
	soak_seed(c.role->seed);
	/* some are interrupted, and of those some start their calls again */
	dt_count_signal(SIGALRM, c.role->nr & 2 ? SA_RESTART : 0);
	client_open(&c);
	if (c.role->nr & 1)
		dt_tick((3 + soak_draw(20)) * soak->slow);
	while (!soak->stop) {
		if (soak_draw(2))
			call_and_go_on(&c);
		else if (soak_draw(12))
			call_and_wait(&c);
		else
			send_one(&c);
	}
	return 0;
}
