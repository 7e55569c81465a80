// SPDX-License-Identifier: GPL-2.0
/*
 * Many asynchronous sends at once: from several threads, of a process that is
 * killed, in a namespace that ends. Each has one completion, or leaves nothing.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "async.h"

#define MANY	1000

struct crowd {
	int tx, rx, mode;
	long sent;
	int told[2 * MANY];	/* how often, by cookie; of one thread each */
	volatile bool ended;
};

static long send_many(void *arg)
{
	struct crowd *c = arg;
	uint64_t i;
	long ret;

	for (i = c->sent; i < (uint64_t)c->sent + MANY; i++) {
		while ((ret = send_async(c->tx, 'a', i)) == -EAGAIN)
			sched_yield();
		if (ret != 1)
			return ret;
	}
	return 0;
}

static long take_many(void *arg)
{
	struct crowd *c = arg;
	int i;

	for (i = 0; i < 2 * MANY; i++)
		if (dt_recv(c->rx, &(char) { 0 }, 1, 0, NULL) != 1)
			return -errno;
	return 0;
}

static long read_many(void *arg)
{
	struct crowd *c = arg;
	struct dipc_completion done;
	bool ended;
	int err;

	for (;;) {
		ended = c->ended;
		err = completion(c->tx, 0, &done);
		if (err && err != -EAGAIN)
			return err;
		if (!err && (done.error || done.cookie >= 2 * MANY))
			return -EBADMSG;
		if (!err)
			c->told[done.cookie]++;
		else if (ended)
			return 0;
		else
			sched_yield();
	}
}

/* Two threads send, two read completions, one receives. */
TEST_F(async, each_send_has_one_completion)
{
	static struct crowd c[4];
	struct dt_thread t[4], taker;
	int i, n;

	for (i = 0; i < 4; i++)
		c[i] = (struct crowd) { .tx = self->tx, .rx = self->rx,
					.sent = i * MANY };
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_thread_start(&taker, take_many, &c[0]));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, dt_thread_start(&t[i], i < 2 ? send_many :
							    read_many, &c[i]));
	EXPECT_EQ(0, dt_thread_join(&t[0]));
	EXPECT_EQ(0, dt_thread_join(&t[1]));
	EXPECT_EQ(0, dt_thread_join(&taker));
	/* from here on there are none to come */
	c[2].ended = c[3].ended = true;
	EXPECT_EQ(0, dt_thread_join(&t[2]));
	EXPECT_EQ(0, dt_thread_join(&t[3]));
	for (i = n = 0; i < 2 * MANY; i++)
		n += c[2].told[i] + c[3].told[i] == 1;
	EXPECT_EQ(2 * MANY, n);
	EXPECT_NONE();
}

static int leave_many(void *arg)
{
	struct crowd *c = arg;
	struct sockaddr_dipc to = dt_port_of(c->rx);
	int tx = dt_socket_connected(SOCK_RDM, &to);

	if (tx < 0 || post_option(tx, DIPC_MODE, c->mode))
		return 1;
	for (uint64_t i = 0; i < MANY; i++)
		if (send_async(tx, 'a', i) != 1)
			return 2;
	pause();
	return 3;
}

TEST_F(async, killed_sender_leaves_nothing)
{
	struct crowd c = { .rx = self->rx, .mode = variant->mode };
	struct dt_stats now;
	pid_t pid;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	pid = dt_child(leave_many, &c);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_port_senders(self->to.sdipc_port) ==
				  MANY));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	ASSERT_EQ(0, dt_stats_get(&now));
	EXPECT_EQ(self->before.messages, now.messages);
	EXPECT_COUNTED([DIPC_REASON_WAITED] = MANY,
		       [DIPC_REASON_WITHDRAWN] = MANY);
}

/* One half in line, one half in the queue, all with a deadline to come. */
static int leave_namespace(void *arg)
{
	struct sockaddr_dipc any = dt_any(), to;
	uint64_t i;
	int rx, tx;

	if (dt_netns_new())
		return 1;
	rx = dt_socket_bound(SOCK_RDM, &any);
	to = dt_port_of(rx);
	tx = dt_socket_connected(SOCK_RDM, &to);
	if (post_option(tx, DIPC_MODE, *(const int *)arg))
		return 2;
	for (i = 0; i < 2 * 256; i++)
		if (post(tx, 'a', POST(.cookie = &i, .deadline_ns =
				       DT_LONG_MS * MS)) != 1)
			return 3;
	/* it ends with all that the process has, in whatever order */
	return 0;
}

TEST_F(async, namespace_ends_with_sends_that_are_not_complete)
{
	int mode = variant->mode;
	struct dt_stats now;
	pid_t pid;

	pid = dt_child(leave_namespace, &mode);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&now) &&
				  now.messages == self->before.messages));
}

TEST_HARNESS_MAIN
