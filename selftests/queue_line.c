// SPDX-License-Identifier: GPL-2.0
/*
 * Those who wait in line at a queue: who comes first, who gives up, who is
 * woken, on either side.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>

#include "line.h"

static bool all_sleep(FIXTURE_DATA(line) *self, int from, int to)
{
	for (int i = from; i < to; i++)
		if (!call_is_asleep(&self->call[i]))
			return false;
	return true;
}

TEST_F(line, senders_enter_in_order_one_for_each_message_taken)
{
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 5));
	EXPECT_EQ(5, senders(self->rx));
	EXPECT_EQ('0', take(self->rx));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
		EXPECT_EQ(4 - i, senders(self->rx));
		EXPECT_EQ(letters[i], take(self->rx));
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

#define DEEP	40	/* who reads in it has enough to do at the beginning */

static bool fill_deep(const FIXTURE_DATA(line) *self)
{
	int n = 0;

	if (dt_set_capacity(self->rx, DEEP, DIPC_POLICY_WAIT))
		return false;
	while (put(self->tx, '0') == 1)
		n++;
	return n == DEEP;
}

/* For who counts with it: the room is given away at once, or nearly so. */
TEST_F(line, deep_queue_too_lets_one_in_for_each_message_taken)
{
	char expected[] = "00000000000000000000000000000000000abcde";
	int i;

	ASSERT_TRUE(fill_deep(self));
	ASSERT_TRUE(line_up_senders(self, 5));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ('0', take(self->rx));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
		EXPECT_EQ(4 - i, senders(self->rx));
	}
	memcpy(expected + DEEP - 5, letters, 5);
	EXPECT_STREQ(expected, take_all(self->rx));
}

TEST_F(line, deep_queue_is_read_while_others_wait_in_order)
{
	int i;

	ASSERT_TRUE(fill_deep(self));
	ASSERT_TRUE(line_up_senders(self, 5));
	for (i = 0; i < DEEP; i++)
		ASSERT_EQ('0', take(self->rx));
	/* who does not wait comes behind those who do */
	ASSERT_EQ(1, put(self->tx, '9'));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], take(self->rx));
	}
	EXPECT_EQ('9', take(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(line, deep_queue_is_closed_while_some_wait_with_room)
{
	int i;

	ASSERT_TRUE(fill_deep(self));
	ASSERT_TRUE(line_up_senders(self, 5));
	EXPECT_EQ('0', take(self->rx));
	close(self->rx);
	self->rx = -1;
	for (i = 0; i < 5; i++) {
		long ret = call_end(&self->call[i]);

		/* the first may have been quicker */
		if (i || ret != 1)
			EXPECT_EQ(-ECONNREFUSED, ret);
	}
}

TEST_F(line, receivers_are_served_in_order_one_for_each_message)
{
	int i;

	ASSERT_TRUE(line_up_receivers(self, 5));
	EXPECT_EQ(5, dt_port_receivers(dt_port_id(self->rx)));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, put(self->tx, letters[i]));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], self->call[i].letter);
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(line, unbuffered_senders_are_met_in_order)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 5));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(letters[i], take(self->rx));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
	}
	EXPECT_FALSE(is_readable(self->rx));
}

TEST_F(line, more_room_lets_all_in_at_once_in_order)
{
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_set_capacity(self->rx, MANY, DIPC_POLICY_WAIT));
	for (i = 0; i < MANY - 1; i++)
		EXPECT_EQ(1, call_end(&self->call[i]));
	EXPECT_TRUE(call_is_asleep(&self->call[MANY - 1]));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[MANY - 1]));
	EXPECT_EQ(0, strncmp(letters, take_all(self->rx), MANY));
}

TEST_F(line, many_receivers_and_many_messages_meet_in_order)
{
	int i;

	ASSERT_TRUE(line_up_receivers(self, MANY));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(1, put(self->tx, letters[i]));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], self->call[i].letter);
	}
}

TEST_F(line, small_message_does_not_overtake_a_big_one_that_waits)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(50, put_len(self->tx, 'a', 50));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'b', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	/* there are 50 bytes left, and nobody gets them before the big one */
	EXPECT_EQ(-EAGAIN, put(self->tx, 'c'));
	EXPECT_FALSE(is_writable(self->tx));
	ASSERT_EQ(0, call_send(small, self->tx, 'c'));
	ASSERT_TRUE(call_wait_asleep(small));
	EXPECT_EQ(1, queued(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(60, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("bc", take_all(self->rx));
}

TEST_F(line, big_message_holds_back_small_ones_until_it_fits)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(30, put_len(self->tx, 'a', 30));
	ASSERT_EQ(70, put_len(self->tx, 'b', 70));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'c', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	ASSERT_EQ(0, call_send(small, self->tx, 'd'));
	ASSERT_TRUE(call_wait_asleep(small));
	EXPECT_EQ('a', take(self->rx));
	/* there is room for the small one now */
	EXPECT_TRUE(all_sleep(self, 0, 2));
	EXPECT_EQ(2, senders(self->rx));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(60, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("cd", take_all(self->rx));
}

TEST_F(line, who_gives_up_lets_those_behind_in)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(50, put_len(self->tx, 'a', 50));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'b', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	ASSERT_EQ(0, call_send(small, self->tx, 'c'));
	ASSERT_TRUE(call_wait_asleep(small));
	ASSERT_EQ(0, call_interrupt(big, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("ac", take_all(self->rx));
}

TEST_F(line, who_gives_up_in_the_middle_leaves_the_order)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 3));
	ASSERT_EQ(0, call_interrupt(&self->call[1], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[1]));
	EXPECT_EQ(2, senders(self->rx));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[2]));
	EXPECT_STREQ("c", take_all(self->rx));
}

TEST_F(line, receiver_who_gives_up_leaves_the_line_to_the_next)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(line_up_receivers(self, 2));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('a', self->call[1].letter);
}

TEST_F(line, timed_send_is_never_restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_LONG_MS));
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 1));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
	EXPECT_STREQ("0", take_all(self->rx));
}

TEST_F(line, timed_receive_is_never_restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_LONG_MS));
	ASSERT_TRUE(line_up_receivers(self, 1));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
}

TEST_F(line, poller_is_woken_by_a_sender_that_waits_at_an_unbuffered_queue)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->rx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_TRUE(line_up_senders(self, 1));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(ep);
}

TEST_F(line, poller_for_room_is_woken_when_a_message_is_taken)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	close(ep);
}

TEST_F(line, poller_for_room_is_woken_by_a_receiver_at_an_unbuffered_queue)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_TRUE(line_up_receivers(self, 1));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_FALSE(is_writable(self->tx));
	close(ep);
}

TEST_HARNESS_MAIN
