// SPDX-License-Identifier: GPL-2.0
/*
 * What ends before time: receivers that fail or are killed, and the queue
 * itself. Nothing is lost by the first, and all are told of the second.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "line.h"

/*
 * Receivers that fail or are killed: nothing is lost, and the order stays
 */

static long receive_badly(int fd, int flags)
{
	return DT_ERR(recvfrom(fd, (void *)8, 100, flags, NULL, NULL));
}

static long receive_badly_thread(void *arg)
{
	return receive_badly(*(int *)arg, 0);
}

TEST_F(line, bad_buffer_puts_the_message_back_to_its_place)
{
	struct dt_stats before;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 3, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(1, put(self->tx, 'b'));
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	EXPECT_COUNTED(&before, [DIPC_REASON_PUT_BACK] = 1);
	EXPECT_STREQ("ab", take_all(self->rx));
}

TEST_F(line, message_is_put_back_above_the_capacity)
{
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 2));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	/* it has been let in while there was room */
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(2, queued(self->rx));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_TRUE(call_is_asleep(&self->call[1]));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('b', take(self->rx));
}

TEST_F(line, message_is_put_back_into_an_unbuffered_queue)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 1));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_FALSE(is_readable(self->rx));
}

TEST_F(line, message_that_one_receiver_could_not_take_goes_to_the_next)
{
	struct dt_thread bad;

	ASSERT_EQ(0, dt_thread_start(&bad, receive_badly_thread, &self->rx));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_is_asleep(bad.tid, SYS_recvfrom)));
	ASSERT_TRUE(line_up_receivers(self, 1));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EFAULT, dt_thread_join(&bad));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
}

/* What children report, in memory that outlives them. */
struct report {
	int fd;
	volatile int got;	/* how many messages */
	volatile char letters[256];
};

static struct report *report_create(int fd)
{
	struct report *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	r->fd = fd;
	return r;
}

static int child_receives(void *arg)
{
	struct report *r = arg;
	char c;

	while (recv(r->fd, &c, 1, 0) == 1) {
		r->letters[r->got] = c;
		r->got++;
	}
	return 0;
}

static int child_sends(void *arg)
{
	struct report *r = arg;

	return send(r->fd, "k", 1, 0) == 1 ? 0 : 1;
}

TEST_F(line, receiver_killed_while_it_waits_takes_nothing)
{
	struct report *r = report_create(self->rx);
	pid_t pid;

	ASSERT_NE(NULL, r);
	pid = dt_child(child_receives, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(0, dt_port_receivers(dt_port_id(self->rx)));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(0, r->got);
	EXPECT_STREQ("a", take_all(self->rx));
}

/* The message may come before or after the kill; it is never lost. */
TEST_F(line, receiver_killed_as_a_message_comes_loses_nothing)
{
	struct report *r = report_create(self->rx);
	int i, left, lost = 0;
	struct dt_stats before, after;
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, dt_stats_get(&before));
	for (i = 0; i < 30; i++) {
		r->got = 0;
		pid = dt_child(child_receives, r);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
		if (i & 1)
			kill(pid, SIGKILL);
		EXPECT_EQ(1, put(self->tx, 'a'));
		kill(pid, SIGKILL);
		ASSERT_EQ(-SIGKILL, dt_child_wait(pid));
		left = take(self->rx) == 'a';
		/* it may have been killed between the call and its report */
		EXPECT_GE(1, r->got + left);
		lost += !(r->got + left);
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(30, after.counter[DIPC_REASON_TAKEN] - before.counter[DIPC_REASON_TAKEN]);
	TH_LOG("%d of 30 were taken and not reported", lost);
}

TEST_F(line, sender_killed_while_it_waits_leaves_nothing)
{
	struct report *r = report_create(self->tx);
	struct dt_stats before;
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, dt_stats_get(&before));
	ASSERT_EQ(1, put(self->tx, '0'));
	pid = dt_child(child_sends, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_sendto));
	EXPECT_EQ(1, senders(self->rx));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(0, senders(self->rx));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 1,
		       [DIPC_REASON_WAITED] = 1, [DIPC_REASON_INTERRUPTED] = 1);
	EXPECT_STREQ("0", take_all(self->rx));
}

TEST_F(line, stopped_receiver_leaves_the_message_to_others)
{
	struct report *r = report_create(self->rx);
	struct dt_queue q;
	pid_t pid;

	ASSERT_NE(NULL, r);
	pid = dt_child(child_receives, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	EXPECT_EQ(0, dt_port_get(dt_port_id(self->rx), &q));
	EXPECT_EQ(0, q.waiting_receivers);
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ('a', take(self->rx));
	/* and goes on waiting when it is let go on */
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_port_receivers(dt_port_id(self->rx)) == 1));
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_TRUE(DT_WAIT_UNTIL(r->got == 1));
	EXPECT_EQ('b', r->letters[0]);
	kill(pid, SIGKILL);
	dt_child_wait(pid);
}

/*
 * The end of a queue
 */

TEST_F(line, closed_under_waiting_senders_tells_them)
{
	struct dt_stats before;
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_stats_get(&before));
	close(self->rx);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-ECONNREFUSED, call_end(&self->call[i]));
	EXPECT_COUNTED(&before, [DIPC_REASON_CLOSED] = MANY,
		       [DIPC_REASON_DROP_CLOSED] = 1);
	EXPECT_EQ(-ECONNREFUSED, put(self->tx, 'x'));
	self->rx = -1;
}

TEST_F(line, closed_under_waiting_senders_of_an_unbuffered_queue_tells_them)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 3));
	close(self->rx);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ECONNREFUSED, call_end(&self->call[i]));
	self->rx = -1;
}

TEST_F(line, closed_queue_wakes_those_who_poll_for_room)
{
	struct epoll_event e = { .events = EPOLLOUT };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(self->rx);
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(-ECONNREFUSED, put(self->tx, 'x'));
	self->rx = -1;
	close(ep);
}

TEST_F(line, messages_go_with_their_queue_and_are_counted)
{
	struct dt_stats before, after;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 200, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_stats_get(&before));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(100, after.messages - before.messages);
	close(self->rx);
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 100,
		       [DIPC_REASON_DROP_CLOSED] = 100);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.messages, after.messages);
	self->rx = -1;
}

/* A descriptor that is shared keeps the queue: only the last close ends it. */
TEST_F(line, closed_by_one_of_two_holders_stays)
{
	int other = dup(self->rx);

	ASSERT_LE(0, other);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 1));
	close(self->rx);
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ('0', take(other));
	EXPECT_EQ(1, call_end(&self->call[0]));
	self->rx = other;
}

TEST_HARNESS_MAIN
