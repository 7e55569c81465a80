// SPDX-License-Identifier: GPL-2.0
/*
 * Queues that are ordered by priority: what is received first, what is
 * discarded first, what was put back is at its place, and how a queue becomes
 * one.
 */
#define _GNU_SOURCE
#include "call.h"
#include "kselftest_harness.h"
#include "lend.h"
#include "post.h"

FIXTURE(priority)
{
	int rx, tx;
	struct dt_stats before;
};

static int set_queue(int fd, uint32_t msgs, int policy, int order)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(fd, &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	conf.order = order;
	return err ? err : dt_set_conf(fd, &conf);
}

FIXTURE_SETUP(priority)
{
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, set_queue(self->rx, 256, DIPC_POLICY_WAIT,
			       DIPC_ORDER_PRIORITY));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(priority)
{
	close(self->tx);
	close(self->rx);
}

#define EXPECT_COUNTED(...)						\
	EXPECT_STREQ("", counted_else(&self->before,			\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

TEST_F(priority, most_urgent_first_and_in_order_within_one)
{
	/* each priority twice, in a mixed-up order: 13 has no factor with 32 */
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(1, post(self->tx, i < 32 ? 'a' : 'b',
				  POST(.priority = i * 13 % 32)));
	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO,
				 DIPC_INFO_PRIORITY));
	for (int i = 0; i < 64; i++) {
		struct post_got got = post_recv(self->rx);

		ASSERT_EQ(1, got.ret);
		EXPECT_EQ(31 - i / 2, got.priority);
		EXPECT_EQ(i % 2 ? 'b' : 'a', got.letter);
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(priority, without_one_it_is_0)
{
	EXPECT_EQ(1, post(self->tx, 'a', POST()));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.priority = 0)));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.priority = 1)));
	EXPECT_STREQ("cab", take_all(self->rx));
}

TEST_F(priority, of_the_socket_unless_the_message_says_else)
{
	uint32_t priority = 0;
	socklen_t len = sizeof(priority);

	EXPECT_EQ(1, post(self->tx, 'a', POST()));
	ASSERT_EQ(0, post_option(self->tx, DIPC_PRIORITY, 9));
	ASSERT_EQ(0, getsockopt(self->tx, SOL_DIPC, DIPC_PRIORITY, &priority,
				&len));
	EXPECT_EQ(9, priority);
	EXPECT_EQ(4, len);
	EXPECT_EQ(1, post(self->tx, 'b', POST()));
	EXPECT_EQ(1, put(self->tx, 'c'));
	EXPECT_EQ(1, post(self->tx, 'd', POST(.priority = 10)));
	EXPECT_EQ(1, post(self->tx, 'e', POST(.priority = 0)));
	EXPECT_STREQ("dbcae", take_all(self->rx));
}

TEST_F(priority, bad_values)
{
	EXPECT_EQ(-EINVAL, post(self->tx, 'a', POST(.priority = 32)));
	EXPECT_EQ(-EINVAL, post(self->tx, 'a', POST(.priority = INT32_MAX)));
	EXPECT_EQ(-EINVAL, post_option(self->tx, DIPC_PRIORITY, 32));
	EXPECT_EQ(-EINVAL, set_queue(self->rx, 256, DIPC_POLICY_WAIT, 2));
	EXPECT_EQ(-EINVAL, set_queue(self->rx, 256, DIPC_POLICY_WAIT, 255));
	EXPECT_STREQ("", take_all(self->rx));
}

TEST_F(priority, order_is_changed_of_an_empty_queue_only)
{
	struct dipc_queue_conf conf;

	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 1)));
	EXPECT_EQ(-EBUSY, set_queue(self->rx, 256, DIPC_POLICY_WAIT,
				    DIPC_ORDER_FIFO));
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(DIPC_ORDER_PRIORITY, conf.order);
	/* the rest may be changed */
	EXPECT_EQ(0, set_queue(self->rx, 10, DIPC_POLICY_REFUSE,
			       DIPC_ORDER_PRIORITY));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(0, set_queue(self->rx, 256, DIPC_POLICY_WAIT,
			       DIPC_ORDER_FIFO));
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(DIPC_ORDER_FIFO, conf.order);
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 1)));
	EXPECT_EQ(-EBUSY, set_queue(self->rx, 256, DIPC_POLICY_WAIT,
				    DIPC_ORDER_PRIORITY));
}

TEST_F(priority, fifo_queue_tells_it_and_does_not_use_it)
{
	struct post_got got;

	ASSERT_EQ(0, set_queue(self->rx, 256, DIPC_POLICY_WAIT,
			       DIPC_ORDER_FIFO));
	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO,
				 DIPC_INFO_PRIORITY));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 3)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.priority = 31)));
	got = post_recv(self->rx);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(3, got.priority);
	got = post_recv(self->rx);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(31, got.priority);
}

TEST_F(priority, match_finds_the_most_urgent_of_its_own)
{
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 7, .priority = 1)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 1, .priority = 9)));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.tag = 7, .priority = 5)));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ~0ULL));
	EXPECT_STREQ("ca", take_all(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("b", take_all(self->rx));
}

/*
 * A full queue
 */

/* a and b of priority 5, c of 9 */
static int fill(FIXTURE_DATA(priority) *self, int policy)
{
	return set_queue(self->rx, 3, policy, DIPC_ORDER_PRIORITY) ||
	       post(self->tx, 'a', POST(.priority = 5)) != 1 ||
	       post(self->tx, 'b', POST(.priority = 5)) != 1 ||
	       post(self->tx, 'c', POST(.priority = 9)) != 1 ||
	       dt_stats_get(&self->before);
}

TEST_F(priority, oldest_of_the_least_urgent_is_dropped)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 7)));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 1, [DIPC_REASON_DROP_OLDEST] = 1);
	EXPECT_STREQ("cxb", take_all(self->rx));
}

TEST_F(priority, most_urgent_newcomer_drops_the_least_urgent_too)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 31)));
	EXPECT_EQ(1, post(self->tx, 'y', POST(.priority = 31)));
	EXPECT_EQ(1, post(self->tx, 'z', POST(.priority = 31)));
	EXPECT_STREQ("xyz", take_all(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 3, [DIPC_REASON_DROP_OLDEST] = 3,
		       [DIPC_REASON_TAKEN] = 3);
}

TEST_F(priority, newcomer_as_urgent_as_the_least_drops_the_oldest_of_these)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 5)));
	EXPECT_STREQ("cbx", take_all(self->rx));
}

TEST_F(priority, newcomer_below_all_is_dropped_itself)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 4)));
	EXPECT_COUNTED([DIPC_REASON_DROP_NEWEST] = 1);
	EXPECT_STREQ("cab", take_all(self->rx));
}

TEST_F(priority, reliable_newcomer_below_all_is_told)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(-ENOBUFS, post(self->tx, 'x',
				 POST(.priority = 4,
				      .mode = DIPC_MODE_RELIABLE)));
	EXPECT_EQ(-ENOBUFS, post_flags(self->tx, 'x',
				       POST(.priority = 4,
					    .mode = DIPC_MODE_EXPLICIT), 0));
	EXPECT_COUNTED([DIPC_REASON_REFUSED] = 2);
	EXPECT_STREQ("cab", take_all(self->rx));
}

TEST_F(priority, evicted_explicit_sender_is_told)
{
	struct post_call victim;

	ASSERT_EQ(0, set_queue(self->rx, 2, DIPC_POLICY_DROP_OLDEST,
			       DIPC_ORDER_PRIORITY));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 5)));
	ASSERT_EQ(0, post_start(&victim, self->tx, 'v',
				POST(.priority = 4,
				     .mode = DIPC_MODE_EXPLICIT)));
	ASSERT_TRUE(post_wait_asleep(&victim));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 5)));
	EXPECT_EQ(-ENOBUFS, post_end(&victim));
	EXPECT_STREQ("ax", take_all(self->rx));
}

TEST_F(priority, drop_newest_looks_at_no_priority)
{
	ASSERT_EQ(0, fill(self, DIPC_POLICY_DROP_NEWEST));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.priority = 31)));
	EXPECT_COUNTED([DIPC_REASON_DROP_NEWEST] = 1);
	EXPECT_STREQ("cab", take_all(self->rx));
}

TEST_F(priority, sender_that_waits_comes_to_its_place)
{
	struct post_call waits;

	ASSERT_EQ(0, fill(self, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, post_start(&waits, self->tx, 'x', POST(.priority = 7)));
	ASSERT_TRUE(post_wait_asleep(&waits));
	EXPECT_EQ('c', take(self->rx));
	EXPECT_EQ(1, post_end(&waits));
	EXPECT_STREQ("xab", take_all(self->rx));
}

/*
 * Back to its place
 */

TEST_F(priority, what_was_put_back_keeps_its_place)
{
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 5)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.priority = 5)));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.priority = 1)));
	EXPECT_EQ(-EFAULT, dt_recv(self->rx, NULL, 1, MSG_DONTWAIT, NULL));
	EXPECT_STREQ("abc", take_all(self->rx));
}

TEST_F(priority, what_is_put_back_later_comes_before_its_equals)
{
	struct lend lend;

	ASSERT_EQ(0, lend_start(&lend, self->rx, false));
	ASSERT_TRUE(DT_WAIT_UNTIL(lend_is_asleep(&lend) &&
				  dt_port_receivers(dt_port_id(self->rx)) == 1));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 5)));
	ASSERT_TRUE(lend_wait_lent(&lend));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.priority = 5)));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.priority = 9)));
	EXPECT_EQ(1, post(self->tx, 'd', POST(.priority = 1)));
	EXPECT_EQ(-SIGKILL, lend_kill(&lend));
	EXPECT_STREQ("cabd", take_all(self->rx));
}

TEST_HARNESS_MAIN
