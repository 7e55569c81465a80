// SPDX-License-Identifier: GPL-2.0
/*
 * Works between one sender and one receiver: round trips, messages one way,
 * and sending and receiving with nobody at the other end.
 */
#include <unistd.h>

#include "tools.h"

#define BATCH		16	/* sent, then received */
#define BATCH_BYTES	(4U << 20)

static void enter(struct cell *c, struct end *e, bool is_server)
{
	if (c->peer->enter)
		c->peer->enter(e, is_server);
}

static void serve(const struct peer *p, struct end *e, char *buf, size_t len,
		  unsigned int n)
{
	if (p->serve)
		return p->serve(e, buf, len, n);
	while (n--) {
		p->recv(e, buf, len);
		p->send(e, buf, len);
	}
}

static void call(const struct peer *p, struct end *e, char *buf, size_t len,
		 unsigned int n)
{
	while (n--) {
		if (p->call) {
			p->call(e, buf, len);
		} else {
			p->send(e, buf, len);
			p->recv(e, buf, len);
		}
	}
}

static unsigned int warm_up(const struct cell *c)
{
	return c->n / 4 + 20;
}

void work_round_trip(struct cell *c)
{
	unsigned int before;
	struct link l;
	int64_t t;
	char *buf;

	open_link(c, &l, 0);
	buf = new_buffer(c->len);
	if (!fork_other()) {
		buf = new_buffer(c->len);
		enter(c, &l.b, true);
		gate_pass(&c->gate[0], 2);
		serve(c->peer, &l.b, buf, c->len, warm_up(c));
		before = switches_now();
		serve(c->peer, &l.b, buf, c->len, c->n);
		add_switches(c, before);
		gate_pass(&c->gate[1], 2);
		_exit(0);
	}
	gate_pass(&c->gate[0], 2);
	enter(c, &l.a, false);
	settle();
	call(c->peer, &l.a, buf, c->len, warm_up(c));
	before = switches_now();
	mark_begin();
	t = now_ns();
	call(c->peer, &l.a, buf, c->len, c->n);
	t = now_ns() - t;
	mark_end();
	add_switches(c, before);
	gate_pass(&c->gate[1], 2);
	wait_others();
	c->peer->close(&l);
	c->value = (double)t / c->n;
	c->switches = (double)c->n_switches / c->n;
}

/*
 * Who sends is the parent: it begins to measure, and the receiver ends. Who
 * runs when is the scheduler's, so it takes more messages to be steady.
 */
void work_one_way(struct cell *c)
{
	unsigned int before;
	struct link l;
	int64_t t;
	char *buf;

	c->n *= FLOW_TIMES;
	open_link(c, &l, 0);
	buf = new_buffer(c->len);
	if (!fork_other()) {
		buf = new_buffer(c->len);
		enter(c, &l.b, true);
		gate_pass(&c->gate[0], 2);
		for (unsigned int i = 0; i < warm_up(c); i++)
			c->peer->recv(&l.b, buf, c->len);
		gate_pass(&c->gate[1], 2);
		before = switches_now();
		for (unsigned int i = 0; i < c->n; i++)
			c->peer->recv(&l.b, buf, c->len);
		c->ended_ns = now_ns();
		mark_end();
		add_switches(c, before);
		gate_pass(&c->gate[2], 2);
		_exit(0);
	}
	gate_pass(&c->gate[0], 2);
	enter(c, &l.a, false);
	settle();
	for (unsigned int i = 0; i < warm_up(c); i++)
		c->peer->send(&l.a, buf, c->len);
	gate_pass(&c->gate[1], 2);
	settle();		/* the receiver waits */
	before = switches_now();
	mark_begin();
	t = now_ns();
	for (unsigned int i = 0; i < c->n; i++)
		c->peer->send(&l.a, buf, c->len);
	add_switches(c, before);
	gate_pass(&c->gate[2], 2);
	wait_others();
	c->peer->close(&l);
	c->value = (double)(c->ended_ns - t) / c->n;
	c->switches = (double)c->n_switches / c->n;
}

static int64_t begin(bool is_measured)
{
	if (is_measured)
		mark_begin();
	return now_ns();
}

/* Nanoseconds since then, or 0. */
static int64_t end(bool is_measured, int64_t since)
{
	int64_t t = now_ns() - since;

	if (!is_measured)
		return 0;
	mark_end();
	return t;
}

/* Both ends in one process: nobody waits, nobody is woken. */
static void alone(struct cell *c, bool is_send_measured)
{
	unsigned int batch = BATCH_BYTES / c->len < BATCH ?
			     BATCH_BYTES / c->len : BATCH;
	unsigned int n_batches;
	int64_t sum = 0, clock = clock_ns();
	struct link l;
	char *buf;

	batch = peer_holds(c->peer, c->len, batch);
	n_batches = c->n / batch + 2;
	open_link(c, &l, batch);
	buf = new_buffer(c->len);
	enter(c, &l.b, true);
	enter(c, &l.a, false);
	settle();
	for (unsigned int b = 0; b < 2 * n_batches; b++) {
		bool is_warm = b >= n_batches;
		int64_t t;

		t = begin(is_warm && is_send_measured);
		for (unsigned int i = 0; i < batch; i++)
			c->peer->send(&l.a, buf, c->len);
		sum += end(is_warm && is_send_measured, t + clock);
		t = begin(is_warm && !is_send_measured);
		for (unsigned int i = 0; i < batch; i++)
			c->peer->recv(&l.b, buf, c->len);
		sum += end(is_warm && !is_send_measured, t + clock);
	}
	c->peer->close(&l);
	c->n = n_batches * batch;
	c->value = (double)sum / c->n;
}

void work_send_alone(struct cell *c)
{
	alone(c, true);
}

void work_recv_alone(struct cell *c)
{
	alone(c, false);
}
