// SPDX-License-Identifier: GPL-2.0
/*
 * The quota: users who do not own a queue may each hold half of what the
 * others leave of it, and one message in any case, so that none of them can
 * fill it against the rest; its owner may fill it. The owner here is root; the
 * threads of the test take on other users' ids.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "call.h"
#include "kselftest_harness.h"
#include "post.h"

#define ALICE	1001
#define BOB	1002
#define CAROL	1003

#define EXPECT_COUNTED(before, ...)					\
	EXPECT_STREQ("", counted_else(before,				\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

FIXTURE(quota)
{
	int rx, tx;
	struct dt_stats before;
};

FIXTURE_SETUP(quota)
{
	struct sockaddr_dipc addr = dt_any();
	struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .capacity_bytes = 800, .msg_max_bytes = 500,
	};

	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(quota)
{
	close(self->tx);
	close(self->rx);
}

/* How many messages of len bytes get in before the first does not. */
static int fill_as(int fd, char letter, size_t len, uid_t uid)
{
	int n = 0;

	while (n < 1000 && put_as(fd, letter, len, uid) == (long)len)
		n++;
	return n;
}

/* What poll() says to a user: it goes by who asks. */
static bool is_writable_by(int rx, uid_t uid)
{
	struct sockaddr_dipc addr = dt_port_of(rx);
	bool writable = false;
	int fd = -1;

	if (!become(uid)) {
		fd = dt_socket_connected(SOCK_RDM, &addr);
		writable = fd >= 0 && is_writable(fd);
		close(fd);
	}
	return !become(0) && fd >= 0 && writable;
}

static uint32_t senders(int rx)
{
	return dt_port_senders(dt_port_id(rx));
}

TEST_F(quota, owner_may_fill_the_queue)
{
	EXPECT_EQ(8, fill_as(self->tx, 'o', 1, 0));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'o'));
}

TEST_F(quota, each_user_gets_half_of_what_the_others_leave)
{
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(2, fill_as(self->tx, 'b', 1, BOB));
	EXPECT_EQ(1, fill_as(self->tx, 'c', 1, CAROL));
	/* and the owner the rest */
	EXPECT_EQ(1, fill_as(self->tx, 'o', 1, 0));
	EXPECT_STREQ("aaaabbco", take_all(self->rx));
}

TEST_F(quota, what_the_owner_holds_is_not_left)
{
	EXPECT_EQ(1, put(self->tx, 'o'));
	EXPECT_EQ(1, put(self->tx, 'o'));
	EXPECT_EQ(3, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("ooaaa", take_all(self->rx));
}

TEST_F(quota, one_message_is_allowed_in_any_case)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("a", take_all(self->rx));
	/* the last place, of which half is less than one */
	ASSERT_EQ(0, dt_set_capacity(self->rx, 3, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, put(self->tx, 'o'));
	EXPECT_EQ(1, put(self->tx, 'o'));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("ooa", take_all(self->rx));
}

TEST_F(quota, holds_for_bytes_as_well)
{
	/* of 800 bytes: 400, then half of the other 400 */
	EXPECT_EQ(4, fill_as(self->tx, 'a', 100, ALICE));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(2, fill_as(self->tx, 'b', 100, BOB));
	EXPECT_STREQ("aaaabb", take_all(self->rx));
	/* few messages, but too many bytes */
	EXPECT_EQ(150, put_as(self->tx, 'a', 150, ALICE));
	EXPECT_EQ(250, put_as(self->tx, 'a', 250, ALICE));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	/* the first one is allowed, however large */
	EXPECT_EQ(400, put_as(self->tx, 'b', 400, BOB));
	EXPECT_STREQ("aab", take_all(self->rx));
}

TEST_F(quota, is_given_back_when_messages_are_taken)
{
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_FALSE(is_writable_by(self->rx, ALICE));
	EXPECT_TRUE(is_writable_by(self->rx, BOB));
	EXPECT_TRUE(is_writable_by(self->rx, 0));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("aaaa", take_all(self->rx));
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
}

TEST_F(quota, is_counted_for_a_message_that_was_put_back)
{
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-EFAULT, DT_ERR(recv(self->rx, (void *)8, 8, MSG_DONTWAIT)));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("aaaa", take_all(self->rx));
}

TEST_F(quota, does_not_hold_for_what_a_waiting_receiver_takes)
{
	struct call receiver;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, call_recv(&receiver, self->rx));
		ASSERT_TRUE(call_wait_asleep(&receiver));
		EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
		EXPECT_EQ(1, call_end(&receiver));
	}
}

TEST_F(quota, of_one_user_does_not_depend_on_the_socket)
{
	struct sockaddr_dipc addr = dt_port_of(self->rx);
	int other = dt_socket_connected(SOCK_RDM, &addr);

	ASSERT_LE(0, other);
	EXPECT_EQ(3, fill_as(self->tx, 'a', 1, ALICE) - 1);
	EXPECT_EQ(-EAGAIN, put_as(other, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(other, 'b', 1, BOB));
	close(other);
}

TEST_F(quota, who_is_over_it_waits_and_others_pass_by)
{
	struct call alice;

	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	ASSERT_EQ(0, call_send_as(&alice, self->tx, 'A', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&alice));
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
	EXPECT_EQ(1, put_as(self->tx, 'o', 1, 0));
	EXPECT_TRUE(call_is_asleep(&alice));
	/* the others hold 2 of 8: Alice may hold 3 */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TRUE(call_is_asleep(&alice));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&alice));
	EXPECT_STREQ("aaboA", take_all(self->rx));
}

TEST_F(quota, waiting_sender_over_it_is_passed_over_in_the_line)
{
	struct call alice, bob;

	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(4, fill_as(self->tx, 'o', 1, 0));
	ASSERT_EQ(0, call_send_as(&alice, self->tx, 'A', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&alice));
	ASSERT_EQ(0, call_send_as(&bob, self->tx, 'B', 1, BOB));
	ASSERT_TRUE(call_wait_asleep(&bob));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&bob));
	EXPECT_TRUE(call_is_asleep(&alice));
	EXPECT_EQ(1, senders(self->rx));
	/* she gets in when she holds none: the others hold 5, then 4 */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TRUE(call_is_asleep(&alice));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&alice));
	EXPECT_STREQ("ooooBA", take_all(self->rx));
}

TEST_F(quota, own_line_keeps_its_order)
{
	struct call first, second;

	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	ASSERT_EQ(0, call_send_as(&first, self->tx, '1', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&first));
	ASSERT_EQ(0, call_send_as(&second, self->tx, '2', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&second));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&first));
	EXPECT_TRUE(call_is_asleep(&second));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&second));
	EXPECT_STREQ("aa12", take_all(self->rx));
}

/*
 * In order per sender, also where the bytes of the quota would let a later
 * message in before an earlier one.
 */
TEST_F(quota, own_small_message_does_not_overtake_ones_own_big_one)
{
	struct call big;

	EXPECT_EQ(200, put_as(self->tx, 'a', 200, ALICE));
	EXPECT_EQ(100, put_as(self->tx, 'a', 100, ALICE));
	ASSERT_EQ(0, call_send_as(&big, self->tx, 'B', 200, ALICE));
	ASSERT_TRUE(call_wait_asleep(&big));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 's', 1, ALICE));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(200, call_end(&big));
	EXPECT_STREQ("aB", take_all(self->rx));
}

TEST_F(quota, own_small_message_does_not_overtake_in_the_line)
{
	struct call big, small;

	EXPECT_EQ(100, put_as(self->tx, 'a', 100, ALICE));
	EXPECT_EQ(300, put_as(self->tx, 'b', 300, ALICE));
	ASSERT_EQ(0, call_send_as(&big, self->tx, 'B', 200, ALICE));
	ASSERT_TRUE(call_wait_asleep(&big));
	ASSERT_EQ(0, call_send_as(&small, self->tx, 's', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&small));
	/* 300 of 400 are held: the small one would fit */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TRUE(call_is_asleep(&big));
	EXPECT_TRUE(call_is_asleep(&small));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(200, call_end(&big));
	EXPECT_EQ(1, call_end(&small));
	EXPECT_STREQ("Bs", take_all(self->rx));
}

TEST_F(quota, over_it_refuse_refuses)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_REFUSE));
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-ENOBUFS, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_REFUSED] = 2);
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
}

TEST_F(quota, over_it_drop_newest_drops)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_DROP_NEWEST));
	EXPECT_EQ(1000, fill_as(self->tx, 'a', 1, ALICE));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_DROP_NEWEST] = 996);
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
	EXPECT_STREQ("aaaab", take_all(self->rx));
}

TEST_F(quota, over_it_drop_oldest_discards_ones_own)
{
	char i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, put_as(self->tx, 'o', 1, 0));
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
	for (i = '1'; i <= '9'; i++)
		EXPECT_EQ(1, put_as(self->tx, i, 1, ALICE));
	/* the others hold 2 of 8: Alice may hold 3 */
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 11,
		       [DIPC_REASON_DROP_OLDEST] = 6);
	EXPECT_STREQ("ob789", take_all(self->rx));
}

TEST_F(quota, over_it_drop_oldest_spares_what_is_more_urgent)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.capacity_msgs = 8;
	conf.policy = DIPC_POLICY_DROP_OLDEST;
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	ASSERT_EQ(0, become(ALICE));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.priority = 31)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.priority = 7)));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.priority = 31)));
	EXPECT_EQ(1, post(self->tx, 'd', POST(.priority = 31)));
	/* she may hold no more: the least urgent of hers makes room, or none */
	EXPECT_EQ(1, post(self->tx, 'e', POST(.priority = 8)));
	EXPECT_EQ(-ENOBUFS, post(self->tx, 'f', POST(.priority = 3,
					.mode = DIPC_MODE_RELIABLE)));
	EXPECT_EQ(1, post(self->tx, 'g', POST(.priority = 3)));
	ASSERT_EQ(0, become(0));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 5,
		       [DIPC_REASON_DROP_OLDEST] = 1,
		       [DIPC_REASON_DROP_NEWEST] = 1,
		       [DIPC_REASON_REFUSED] = 1);
	EXPECT_STREQ("acde", take_all(self->rx));
}

TEST_F(quota, drop_oldest_of_a_full_queue_lets_each_user_have_one)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 3, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, put(self->tx, '1'));
	EXPECT_EQ(1, put(self->tx, '2'));
	EXPECT_EQ(1, put(self->tx, '3'));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'c', 1, ALICE));
	/* one of the owner's for the first, then her own */
	EXPECT_STREQ("23c", take_all(self->rx));
}

TEST_F(quota, is_that_of_the_sender_not_of_who_made_the_socket)
{
	struct sockaddr_dipc addr = dt_port_of(self->rx);
	int fd;

	ASSERT_EQ(0, become(ALICE));
	fd = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_EQ(0, become(0));
	ASSERT_LE(0, fd);
	EXPECT_EQ(8, fill_as(fd, 'o', 1, 0));
	close(fd);
}

TEST_F(quota, of_a_port_is_that_of_its_owner)
{
	struct sockaddr_dipc addr = dt_any();
	int rx, tx;

	ASSERT_EQ(0, become(ALICE));
	rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_EQ(0, become(0));
	ASSERT_LE(0, rx);
	ASSERT_EQ(0, dt_set_capacity(rx, 8, DIPC_POLICY_WAIT));
	addr = dt_port_of(rx);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, tx);
	/* root is a user like others to Alice's port */
	EXPECT_EQ(4, fill_as(tx, 'r', 1, 0));
	EXPECT_EQ(4, fill_as(tx, 'a', 1, ALICE));
	close(tx);
	close(rx);
}

/* A limit that is lowered concerns those who are held back as well. */
TEST_F(quota, held_back_message_that_became_too_long_is_told_and_lets_others_in)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .capacity_bytes = 800, .msg_max_bytes = 100,
	};
	struct call big, small;

	EXPECT_EQ(300, put_as(self->tx, 'a', 300, ALICE));
	ASSERT_EQ(0, call_send_as(&big, self->tx, 'B', 200, ALICE));
	ASSERT_TRUE(call_wait_asleep(&big));
	ASSERT_EQ(0, call_send_as(&small, self->tx, 's', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&small));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(-EMSGSIZE, call_end(&big));
	EXPECT_EQ(1, call_end(&small));
	EXPECT_STREQ("as", take_all(self->rx));
}

TEST_F(quota, held_back_message_that_became_too_long_does_not_come_in)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .capacity_bytes = 4000, .msg_max_bytes = 100,
	};
	struct call big;

	EXPECT_EQ(300, put_as(self->tx, 'a', 300, ALICE));
	ASSERT_EQ(0, call_send_as(&big, self->tx, 'B', 200, ALICE));
	ASSERT_TRUE(call_wait_asleep(&big));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(-EMSGSIZE, call_end(&big));
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(quota, poller_over_it_is_woken_when_it_is_given_back)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .capacity_bytes = 800,
	};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	/* poll() is about messages as large as they may be, up to a page */
	conf.msg_max_bytes = 100;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(4, fill_as(self->tx, 'a', 1, ALICE));
	/* room is a matter of who asks */
	ASSERT_EQ(0, become(ALICE));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	ASSERT_EQ(0, become(0));
	close(ep);
}

TEST_HARNESS_MAIN
