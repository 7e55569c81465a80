// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes that are deleted, emptied or changed under those who use them: what
 * each is told, who is let in, and what is left.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>

#include "box.h"

TEST_F(box, deleted_under_waiting_senders_tells_them)
{
	int i;

	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-EIDRM, call_end(&self->call[i]));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_WAITED] = MANY,
		       [DIPC_REASON_CLOSED] = MANY,
		       [DIPC_REASON_DROP_CLOSED] = 4);
}

TEST_F(box, deleted_under_waiting_receivers_tells_them)
{
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, call_recv(&self->call[i], self->rx));
		ASSERT_TRUE(call_wait_asleep(&self->call[i]));
	}
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-EIDRM, call_end(&self->call[i]));
}

TEST_F(box, deleted_tells_those_who_come_later)
{
	struct sockaddr_dipc addr = dt_mailbox(self->name);
	char c;

	ASSERT_TRUE(fill(self));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(-EIDRM, put(self->tx, 'x'));
	EXPECT_EQ(-EIDRM, take(self->rx));
	EXPECT_EQ(-EIDRM, DT_ERR(recv(self->rx, &c, 1, 0)));
	EXPECT_EQ(-EIDRM, DT_ERR(recv(self->rx, &c, 1, MSG_PEEK)));
	EXPECT_EQ(-ENOENT, dt_send(self->tx, "x", 1, 0, &addr));
	EXPECT_EQ(-ENOENT, box_receiver(self->name));
	EXPECT_EQ(-ENOENT, dt_mailbox_del(self->name));
	EXPECT_EQ(POLLIN | POLLERR | POLLHUP,
		  poll_now(self->rx) & (POLLIN | POLLERR | POLLHUP));
}

TEST_F(box, deleted_wakes_those_who_poll)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->rx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_TRUE(e.events & EPOLLHUP);
	close(ep);
}

TEST_F(box, deleted_and_made_again_is_another)
{
	int rx;

	ASSERT_EQ(0, dt_mailbox_del(self->name));
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	EXPECT_EQ(-EIDRM, put(self->tx, 'x'));
	EXPECT_EQ(-EIDRM, take(self->rx));
	rx = box_receiver(self->name);
	ASSERT_LE(0, rx);
	EXPECT_EQ(1, box_put(self->name, 'y'));
	EXPECT_EQ('y', take(rx));
	/* the end of the users of the old one is none of its business */
	close(self->rx);
	close(self->tx);
	EXPECT_EQ(1, box_exists(self->name));
	self->rx = self->tx = -1;
	close(rx);
}

TEST_F(box, purge_discards_what_is_there_and_says_how_many)
{
	uint32_t n = 77;

	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(0, n);
	ASSERT_TRUE(fill(self));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(4, n);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_DROP_PURGED] = 4);
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ('x', take(self->rx));
}

TEST_F(box, purge_of_many)
{
	uint32_t n = 0;
	int i;

	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 1000,
							    .capacity_bytes = 100000)));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(1000, n);
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
}

TEST_F(box, purge_lets_waiting_senders_in)
{
	uint32_t n = 0;
	int i;

	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 3));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(4, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, call_end(&self->call[i]));
	EXPECT_STREQ("ABC", take_all(self->rx));
}

TEST_F(box, set_lets_waiting_senders_in_as_far_as_there_is_room)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 3));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 6)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_TRUE(call_is_asleep(&self->call[2]));
	EXPECT_STREQ("abcdABC", take_all(self->rx));
	EXPECT_EQ(1, call_end(&self->call[2]));
}

TEST_F(box, set_tells_waiting_senders_whose_message_became_too_long)
{
	ASSERT_TRUE(fill(self));
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'A', 10, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, call_send_as(&self->call[1], self->tx, 'B', 11, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[1]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.msg_max_bytes = 10)));
	EXPECT_EQ(-EMSGSIZE, call_end(&self->call[1]));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_STREQ("abcdA", take_all(self->rx));
	EXPECT_EQ(10, call_end(&self->call[0]));
}

/* Or newcomers, whom the new policy does not make wait, would overtake them. */
TEST_F(box, set_of_the_policy_ends_the_wait_of_senders)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 2));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.policy = DIPC_POLICY_REFUSE)));
	EXPECT_EQ(-ENOBUFS, call_end(&self->call[0]));
	EXPECT_EQ(-ENOBUFS, call_end(&self->call[1]));
	EXPECT_EQ(-ENOBUFS, put(self->tx, 'x'));
	EXPECT_STREQ("abcd", take_all(self->rx));
}

TEST_F(box, set_to_drop_oldest_lets_waiting_senders_in_before_newcomers)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 2));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.policy = DIPC_POLICY_DROP_OLDEST)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_STREQ("dABx", take_all(self->rx));
}

TEST_F(box, set_leaves_waiting_receivers)
{
	ASSERT_EQ(0, call_recv(&self->call[0], self->rx));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 0)));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('x', self->call[0].letter);
}

TEST_F(box, socket_of_a_receiver_cannot_change_the_limits)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(4, conf.capacity_msgs);
	EXPECT_EQ(-EOPNOTSUPP, dt_set_conf(self->rx, &conf));
}

TEST_HARNESS_MAIN
