// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a mailbox, over netlink: that it is right, whole, changes nothing,
 * and stays right while the queue changes.
 *
 * suite-timeout: 240
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "call.h"
#include "look.h"
#include "post.h"
#include "who.h"

TEST_F(look, peek_tells_all_of_a_message)
{
	const struct message *m = self->got.m;

	ASSERT_EQ(1, post(self->tx, 'a', POST(.tag = 7, .priority = 3,
					      .deadline_ns = 1000000000000)));
	ASSERT_EQ(1, put(self->tx, 'b'));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	ASSERT_EQ(2, self->got.n);
	EXPECT_TRUE(self->got.is_sorted);
	EXPECT_STREQ("ab", peeked_letters(&self->got));
	EXPECT_EQ(dt_port_id(self->tx), m[0].source);
	EXPECT_EQ(0, m[0].uid);
	EXPECT_EQ(getpid(), m[0].pid);
	EXPECT_EQ(7, m[0].tag);
	EXPECT_EQ(3, m[0].priority);
	EXPECT_EQ(1, m[0].len);
	EXPECT_EQ(1, m[0].payload_len);
	EXPECT_LT(m[0].id, m[1].id);
	EXPECT_LE(m[1].age_ns, m[0].age_ns);
	EXPECT_GT(1000000000000, m[0].age_ns);
	EXPECT_TRUE(m[0].has_deadline);
	EXPECT_LT(0, m[0].deadline_ns);
	EXPECT_GT(1000000000000, m[0].deadline_ns);
	EXPECT_FALSE(m[1].has_deadline);
	EXPECT_EQ(0, m[1].tag + m[1].priority);
}

TEST_F(look, peek_changes_and_counts_nothing)
{
	struct dt_queue before, after;
	struct dt_stats stats;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(1, put(self->tx, 'a' + i));
	ASSERT_EQ(0, dt_mailbox_get("box", &before));
	ASSERT_EQ(0, dt_stats_get(&stats));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
		EXPECT_STREQ("abcde", peeked_letters(&self->got));
	}
	EXPECT_STREQ("", counted_else(&stats, &(const struct dt_stats) { 0 }));
	ASSERT_EQ(0, dt_mailbox_get("box", &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_STREQ("abcde", take_all(self->rx));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_EQ(0, self->got.n);
}

TEST_F(look, peek_shows_the_order_of_receiving)
{
	ASSERT_EQ(0, dt_mailbox_del("box"));
	close(self->tx);
	close(self->rx);
	make_box(_metadata, self, DIPC_ORDER_PRIORITY);
	ASSERT_EQ(1, post(self->tx, 'a', POST(.priority = 1)));
	ASSERT_EQ(1, post(self->tx, 'b', POST(.priority = 31)));
	ASSERT_EQ(1, post(self->tx, 'c', POST()));
	ASSERT_EQ(1, post(self->tx, 'd', POST(.priority = 31)));
	ASSERT_EQ(1, post(self->tx, 'e', POST(.priority = 1)));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_STREQ("bdaec", peeked_letters(&self->got));
	EXPECT_STREQ("bdaec", take_all(self->rx));
}

TEST_F(look, peek_shows_what_is_asked_for)
{
	uint64_t second;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(100, put_len(self->tx, 'a' + i, 100));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.count = 2), &self->got));
	EXPECT_STREQ("ab", peeked_letters(&self->got));
	EXPECT_EQ(64, self->got.m[0].payload_len);
	second = self->got.m[1].seq;
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.from = second),
			  &self->got));
	EXPECT_STREQ("bcde", peeked_letters(&self->got));
	ASSERT_EQ(0, peek(&self->nl, "box",
			  LIMITS(.from = second + 1, .count = 1, .bytes = 3),
			  &self->got));
	EXPECT_STREQ("c", peeked_letters(&self->got));
	EXPECT_EQ(3, self->got.m[0].payload_len);
	EXPECT_EQ(100, self->got.m[0].len);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.bytes = 0), &self->got));
	EXPECT_EQ(5, self->got.n);
	EXPECT_EQ(-1, self->got.m[0].payload_len);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.from = second + 1000),
			  &self->got));
	EXPECT_EQ(0, self->got.n);
}

TEST_F(look, peek_shows_the_bytes_of_messages_of_any_length)
{
	static const size_t lens[] = { 0, 1, 64, 65, 2048, 2049, 10000, 60000 };
	static uint8_t data[60000];
	size_t i, shown;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		dt_pattern(data, lens[i], i);
		ASSERT_EQ(lens[i], dt_send(self->tx, data, lens[i], 0, NULL));
	}
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.bytes = 2048),
			  &self->got));
	ASSERT_EQ(ARRAY_SIZE(lens), self->got.n);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		shown = lens[i] < 2048 ? lens[i] : 2048;
		EXPECT_EQ(lens[i], self->got.m[i].len);
		EXPECT_EQ(shown ? (int)shown : -1,
			  self->got.m[i].payload_len);
		EXPECT_EQ(-1, dt_pattern_differs(self->got.m[i].payload, shown,
						 i));
	}
}

static unsigned int many(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 2000 : 10000;
}

TEST_F(look, ten_thousand_messages_are_shown_once_each_and_in_order)
{
	unsigned int i, n = many();

	self->got.n_times = n;
	self->got.times = calloc(n, 1);
	for (i = 0; i < n; i++)
		ASSERT_EQ(1, post(self->tx, 'x', POST(.tag = i)));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_EQ(n, self->got.n);
	EXPECT_TRUE(self->got.is_sorted);
	for (i = 0; i < n; i++)
		if (self->got.times[i] != 1)
			break;
	EXPECT_EQ(n, i);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.count = n - 1),
			  &self->got));
	EXPECT_EQ(n - 1, self->got.n);
}

struct churn {
	int tx, rx, turn;
};

#define LASTING	2000		/* tags below; what passes has a higher one */

/* Some that were there go, and others come, before and behind. */
static int churn(void *arg)
{
	struct churn *c = arg;
	int i;

	for (i = 0; i < 20; i++) {
		post_recv(c->rx);
		if (post(c->tx, 'n', POST(.tag = LASTING + 1,
					  .priority = (c->turn + i) % 32)) != 1)
			return -EIO;
	}
	c->turn++;
	return 0;
}

static void look_while_it_changes(struct __test_metadata *_metadata,
				  FIXTURE_DATA(look) *self, int order)
{
	struct churn c = { 0 };
	unsigned int i;

	ASSERT_EQ(0, dt_mailbox_del("box"));
	close(self->tx);
	close(self->rx);
	make_box(_metadata, self, order);
	self->got.n_times = LASTING;
	self->got.times = calloc(LASTING, 1);
	for (i = 0; i < LASTING; i++) {
		ASSERT_EQ(1, post(self->tx, 'l', POST(.tag = i,
						      .priority = i % 32)));
		if (i % 2)
			ASSERT_EQ(1, post(self->tx, 'p', POST(
					.tag = LASTING + 1,
					.priority = i * 7 % 32)));
	}
	c.tx = self->tx;
	c.rx = self->rx;
	ASSERT_EQ(0, post_match(c.rx, 0, LASTING + 1, ~0ULL));
	ASSERT_EQ(0, peek_in_parts(&self->nl, "box", &self->got, churn, &c));
	for (i = 0; i < LASTING; i++)
		if (self->got.times[i] != 1)
			break;
	EXPECT_EQ(LASTING, i) {
		TH_LOG("%u was shown %u times", i, self->got.times[i]);
	}
	/* it was in several parts, else nothing has been tried */
	EXPECT_LT(8, c.turn);
	/* and not without end */
	EXPECT_GE(LASTING + LASTING / 2, self->got.n);
}

TEST_F(look, what_lasts_is_shown_once_while_the_queue_changes)
{
	look_while_it_changes(_metadata, self, DIPC_ORDER_FIFO);
}

TEST_F(look, what_lasts_is_shown_once_while_a_priority_queue_changes)
{
	look_while_it_changes(_metadata, self, DIPC_ORDER_PRIORITY);
}

static int end_it(void *arg)
{
	return dt_mailbox_del("box");
}

/* What is read next may have been made already, but nothing after that. */
static int forbid_it(void *arg)
{
	int *turn = arg;
	int err;

	if ((*turn)++)
		return *turn > 2 ? -ETIME : 0;
	err = dt_mailbox_set("box", DT_MAILBOX(.mode = 0));
	return err ? err : become(ALICE);
}

TEST_F(look, peek_ends_with_its_mailbox)
{
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-ENOENT, peek_in_parts(&self->nl, "box", &self->got, end_it,
					 NULL));
	EXPECT_GT(200, self->got.n);
}

TEST_F(look, peek_ends_with_the_right_to_it)
{
	int i, turn = 0;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EACCES, peek_in_parts(&self->nl, "box", &self->got,
					 forbid_it, &turn));
	become(0);
	EXPECT_GT(200, self->got.n);
}

TEST_F(look, messages_that_are_not_queued_are_not_shown)
{
	struct call sender;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 1)));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, call_send(&sender, self->tx, 'b'));
	ASSERT_TRUE(call_wait_asleep(&sender));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_STREQ("a", peeked_letters(&self->got));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&sender));
}

/* A reader that stops in the middle keeps no message alive. */
static int stop_it(void *arg)
{
	return -ECANCELED;
}

TEST_F(look, dump_that_is_given_up_leaves_nothing)
{
	struct dt_stats stats;
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-ECANCELED, peek_in_parts(&self->nl, "box", &self->got,
					    stop_it, NULL));
	ASSERT_EQ(0, dt_mailbox_purge("box", NULL));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&stats) && !stats.messages));
}

TEST_HARNESS_MAIN
