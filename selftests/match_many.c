// SPDX-License-Identifier: GPL-2.0
/*
 * Many receivers in one queue, each with a match of its own, drawn at random:
 * a message is always for him of those it fits who has waited longest. What
 * that is, is computed here in the simplest way.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "call.h"
#include "kselftest_harness.h"
#include "post.h"

#define ALL_BITS	(~0ULL)
#define SENDERS		3
#define RECEIVERS	20
#define ROUNDS		10
#define TAGS		4

struct want {
	int from;		/* a sender, or -1: all */
	uint64_t tag, mask;
	bool waits;
};

FIXTURE(many)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx[SENDERS];
	struct want want[RECEIVERS];
	struct call call[RECEIVERS];
	unsigned int seed;
};

FIXTURE_SETUP(many)
{
	struct sockaddr_dipc to;

	dt_unique(self->name, "many");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.mode = 0600)));
	to = dt_mailbox(self->name);
	self->rx = dt_socket_bound(SOCK_RDM, &to);
	ASSERT_LE(0, self->rx);
	for (int i = 0; i < SENDERS; i++) {
		self->tx[i] = dt_socket_connected(SOCK_RDM, &to);
		ASSERT_LE(0, self->tx[i]);
	}
}

FIXTURE_TEARDOWN(many)
{
	for (int i = 0; i < SENDERS; i++)
		close(self->tx[i]);
	close(self->rx);
	dt_mailbox_del(self->name);
}

typedef FIXTURE_DATA(many) env;

static int draw(env *e, int n)
{
	return rand_r(&e->seed) / 8 % n;
}

static struct want draw_want(env *e)
{
	struct want w = { .from = -1, .waits = true };

	/* nearly all want one tag, one source, or both */
	if (draw(e, 8)) {
		w.mask = draw(e, 3) ? ALL_BITS : draw(e, 2);
		w.tag = draw(e, TAGS) & w.mask;
		if (draw(e, 2))
			w.from = draw(e, SENDERS);
	}
	return w;
}

/* Who waits does so with the match that was in force when he began. */
static bool line_up(env *e)
{
	for (int i = 0; i < RECEIVERS; i++) {
		struct want *w = &e->want[i];

		*w = draw_want(e);
		if (post_match(e->rx, w->from < 0 ? 0 : dt_port_id(e->tx[w->from]),
			       w->tag, w->mask) ||
		    call_recv(&e->call[i], e->rx) ||
		    !call_wait_asleep(&e->call[i]))
			return false;
	}
	return !post_match(e->rx, 0, 0, 0);
}

/* Which of the receivers, or -1. */
static int who_gets(const env *e, int from, uint64_t tag)
{
	for (int i = 0; i < RECEIVERS; i++) {
		const struct want *w = &e->want[i];

		if (w->waits && (w->from < 0 || w->from == from) &&
		    !((w->tag ^ tag) & w->mask))
			return i;
	}
	return -1;
}

/* A message to somebody; to the first of all if the drawn one is for none. */
static int next_message(env *e, int *from, uint64_t *tag)
{
	int i;

	*from = draw(e, SENDERS);
	*tag = draw(e, TAGS);
	i = who_gets(e, *from, *tag);
	if (i >= 0)
		return i;
	for (i = 0; i < RECEIVERS && !e->want[i].waits; i++)
		;
	if (i == RECEIVERS)
		return -1;
	if (e->want[i].from >= 0)
		*from = e->want[i].from;
	*tag = e->want[i].tag;
	return who_gets(e, *from, *tag);
}

TEST_F(many, each_message_is_for_who_has_waited_longest)
{
	for (int round = 0; round < ROUNDS; round++) {
		char letter = 'a';
		uint64_t tag;
		int from, i;

		self->seed = round;
		ASSERT_TRUE(line_up(self));
		while ((i = next_message(self, &from, &tag)) >= 0) {
			ASSERT_EQ(1, post(self->tx[from], letter,
					  POST(.tag = tag)));
			ASSERT_EQ(1, call_end(&self->call[i]))
				TH_LOG("round %d, receiver %d", round, i);
			ASSERT_EQ(letter, self->call[i].letter)
				TH_LOG("round %d, receiver %d", round, i);
			self->want[i].waits = false;
			letter++;
		}
		EXPECT_EQ('a' + RECEIVERS, letter);
	}
}

/* Some give up in between, and one who waits behind them gets it. */
TEST_F(many, who_gives_up_is_not_found_any_more)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	for (int i = 0; i < RECEIVERS; i++) {
		ASSERT_EQ(0, post_match(self->rx, 0, i / 4, ALL_BITS));
		ASSERT_EQ(0, call_recv(&self->call[i], self->rx));
		ASSERT_TRUE(call_wait_asleep(&self->call[i]));
	}
	/* of each four the first and the third */
	for (int i = 0; i < RECEIVERS; i += 2) {
		ASSERT_EQ(0, call_interrupt(&self->call[i], SIGUSR1));
		EXPECT_EQ(-EINTR, call_end(&self->call[i]));
	}
	for (int i = RECEIVERS - 4; i >= 0; i -= 4) {
		EXPECT_EQ(1, post(self->tx[0], 'a', POST(.tag = i / 4)));
		EXPECT_EQ(1, call_end(&self->call[i + 1]));
		EXPECT_EQ(1, post(self->tx[1], 'b', POST(.tag = i / 4)));
		EXPECT_EQ(1, call_end(&self->call[i + 3]));
		EXPECT_EQ('b', self->call[i + 3].letter);
	}
}

TEST_F(many, deleting_tells_all_of_them)
{
	self->seed = 99;
	ASSERT_TRUE(line_up(self));
	ASSERT_EQ(RECEIVERS, dt_mailbox_receivers(self->name));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (int i = 0; i < RECEIVERS; i++)
		EXPECT_EQ(-EIDRM, call_end(&self->call[i]));
}

TEST_HARNESS_MAIN
