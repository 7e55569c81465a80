// SPDX-License-Identifier: GPL-2.0
/*
 * Works with many: eight senders and one receiver, one sender and eight
 * receivers.
 */
#include <unistd.h>

#include "tools.h"

/* Each in a process of its own; from the first gate to the last message. */
static void be_sender(struct cell *c, const struct link *l, unsigned int n,
		      char *buf)
{
	struct end e = l->a;
	unsigned int before;

	if (c->peer->join)
		MUST(c->peer->join(l, &e));
	for (unsigned int i = 0; i < n; i++)
		c->peer->send(&e, buf, c->len);
	gate_pass(&c->gate[0], N_MANY + 1);
	before = switches_now();
	for (unsigned int i = 0; i < n; i++)
		c->peer->send(&e, buf, c->len);
	add_switches(c, before);
	gate_pass(&c->gate[1], N_MANY + 1);
	_exit(0);
}

void work_fan_in(struct cell *c)
{
	unsigned int n = FLOW_TIMES * c->n / N_MANY, before;
	char *buf = new_buffer(c->len);
	struct link l;
	int64_t t;

	c->n = n * N_MANY;
	open_link(c, &l, 0);
	for (int i = 0; i < N_MANY; i++) {
		if (!fork_other())
			be_sender(c, &l, n, buf);
	}
	settle();
	for (unsigned int i = 0; i < c->n; i++)
		c->peer->recv(&l.b, buf, c->len);
	settle();		/* all senders are at the gate */
	before = switches_now();
	gate_pass(&c->gate[0], N_MANY + 1);
	mark_begin();
	t = now_ns();
	for (unsigned int i = 0; i < c->n; i++)
		c->peer->recv(&l.b, buf, c->len);
	t = now_ns() - t;
	mark_end();
	add_switches(c, before);
	gate_pass(&c->gate[1], N_MANY + 1);
	wait_others();
	c->peer->close(&l);
	c->value = (double)t / c->n;
	c->switches = (double)c->n_switches / c->n;
}

static void be_receiver(struct cell *c, struct end *e, struct gate *have,
			unsigned int n, char *buf)
{
	unsigned int before = switches_now();

	for (unsigned int i = 1; i <= 2 * n; i++) {
		if (i == n + 1)
			before = switches_now();
		c->peer->recv(e, buf, c->len);
		gate_come(have, i * N_MANY);
	}
	add_switches(c, before);
	gate_pass(&c->gate[1], N_MANY + 1);
	_exit(0);
}

static void send_to_each(struct cell *c, struct link l[], char *buf)
{
	for (int i = 0; i < N_MANY; i++)
		c->peer->send(&l[i].a, buf, c->len);
}

/* The last of the eight to have its message wakes the sender. */
void work_fan_out(struct cell *c)
{
	unsigned int n = c->n / N_MANY + 1, before, round = 0;
	struct gate *have = share(sizeof(*have));
	char *buf = new_buffer(c->len);
	struct link l[N_MANY];
	int64_t t;

	for (int i = 0; i < N_MANY; i++)
		open_link(c, &l[i], 0);
	for (int i = 0; i < N_MANY; i++) {
		if (!fork_other())
			be_receiver(c, &l[i].b, have, n, buf);
	}
	settle();
	while (round++ < n) {
		send_to_each(c, l, buf);
		gate_wait(have, round * N_MANY);
	}
	settle();
	before = switches_now();
	mark_begin();
	t = now_ns();
	for (; round <= 2 * n; round++) {
		send_to_each(c, l, buf);
		gate_wait(have, round * N_MANY);
	}
	t = now_ns() - t;
	mark_end();
	add_switches(c, before);
	gate_pass(&c->gate[1], N_MANY + 1);
	wait_others();
	for (int i = 0; i < N_MANY; i++)
		c->peer->close(&l[i]);
	c->n = n;
	c->value = (double)t / n;
	c->switches = (double)c->n_switches / n;
}
