// SPDX-License-Identifier: GPL-2.0
/*
 * Several who wait at one mailbox: who is woken by a message or by room and who
 * is left asleep, and in which order they are served. What readiness is, and
 * that it wakes at all, is in poll.c; who is told that there is room, in wake.c.
 *
 * suite-timeout: 300
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "poller.h"
#include "kselftest_harness.h"

#define WAITERS 4

FIXTURE(waiters)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int rx[WAITERS], tx;
	struct dt_thread t[WAITERS];
};

FIXTURE_SETUP(waiters)
{
	int i;

	dt_unique(self->name, "waiters");
	self->addr = dt_mailbox(self->name);
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.capacity_msgs = 1)));
	for (i = 0; i < WAITERS; i++) {
		self->rx[i] = dt_socket_bound(SOCK_RDM, &self->addr);
		ASSERT_LE(0, self->rx[i]);
	}
	self->tx = dt_socket_connected(SOCK_RDM, &self->addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(waiters)
{
	int i;

	dt_mailbox_del(self->name);
	for (i = 0; i < WAITERS; i++)
		close(self->rx[i]);
	close(self->tx);
}

/* How often a thread of this process has gone to sleep. */
static long sleeps(int tid)
{
	char path[64], line[256];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	fclose(f);
	return n;
}

TEST_F(waiters, one_message_wakes_one_receiver)
{
	long before[WAITERS];
	int i;

	for (i = 0; i < WAITERS; i++)
		ASSERT_TRUE(start_receiver(&self->t[i], &self->rx[i]));
	EXPECT_EQ(WAITERS, dt_mailbox_receivers(self->name));
	for (i = 0; i < WAITERS; i++) {
		before[i] = sleeps(self->t[i].tid);
		ASSERT_LT(0, before[i]);
	}
	EXPECT_EQ(0, dt_send_number(self->tx, 7, 0, NULL));
	EXPECT_EQ(7, dt_thread_join(&self->t[0]));
	EXPECT_EQ(WAITERS - 1, dt_mailbox_receivers(self->name));
	/* who is woken for nothing goes to sleep once more */
	for (i = 1; i < WAITERS; i++)
		EXPECT_EQ(before[i], sleeps(self->t[i].tid));
	for (i = 1; i < WAITERS; i++) {
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
		EXPECT_EQ(i, dt_thread_join(&self->t[i]));
	}
}

TEST_F(waiters, receivers_are_served_in_their_order)
{
	static const int order[WAITERS] = { 2, 0, 3, 1 };
	int i;

	for (i = 0; i < WAITERS; i++)
		ASSERT_TRUE(start_receiver(&self->t[order[i]],
					   &self->rx[order[i]]));
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, MSG_DONTWAIT, NULL));
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(i, dt_thread_join(&self->t[order[i]]));
}

struct sender {
	int fd, number;
};

static long send_its_number(void *arg)
{
	struct sender *s = arg;

	return dt_send_number(s->fd, s->number, 0, NULL);
}

TEST_F(waiters, senders_are_served_in_their_order)
{
	struct sender s[WAITERS];
	int i;

	EXPECT_EQ(0, dt_send_number(self->tx, 100, 0, NULL));
	for (i = 0; i < WAITERS; i++) {
		s[i] = (struct sender) {
			dt_socket_connected(SOCK_RDM, &self->addr), i };
		ASSERT_EQ(0, dt_thread_start(&self->t[i], send_its_number,
					     &s[i]));
		ASSERT_TRUE(dt_wait_asleep(self->t[i].tid, SYS_sendto));
		EXPECT_EQ(i + 1, dt_mailbox_senders(self->name));
	}
	/* a newcomer does not overtake them, though it does not wait */
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 101, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, wait_poll(self->tx, POLLOUT, 0));
	EXPECT_EQ(100, dt_recv_number(self->rx[0], MSG_DONTWAIT));
	for (i = 0; i < WAITERS; i++) {
		EXPECT_EQ(0, dt_thread_join(&self->t[i]));
		EXPECT_EQ(WAITERS - 1 - i, dt_mailbox_senders(self->name));
		EXPECT_EQ(i, dt_recv_number(self->rx[i], MSG_DONTWAIT));
		close(s[i].fd);
	}
	EXPECT_EQ(POLLOUT, wait_poll(self->tx, POLLOUT, 0));
}

TEST_F(waiters, one_receive_wakes_one_sender)
{
	struct sender s[WAITERS];
	long before[WAITERS];
	int i;

	EXPECT_EQ(0, dt_send_number(self->tx, 100, 0, NULL));
	for (i = 0; i < WAITERS; i++) {
		s[i] = (struct sender) {
			dt_socket_connected(SOCK_RDM, &self->addr), i };
		ASSERT_EQ(0, dt_thread_start(&self->t[i], send_its_number,
					     &s[i]));
		ASSERT_TRUE(dt_wait_asleep(self->t[i].tid, SYS_sendto));
	}
	for (i = 0; i < WAITERS; i++)
		before[i] = sleeps(self->t[i].tid);
	EXPECT_EQ(100, dt_recv_number(self->rx[0], MSG_DONTWAIT));
	EXPECT_EQ(0, dt_thread_join(&self->t[0]));
	for (i = 1; i < WAITERS; i++)
		EXPECT_EQ(before[i], sleeps(self->t[i].tid));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
	for (i = 1; i < WAITERS; i++) {
		EXPECT_EQ(-EIDRM, dt_thread_join(&self->t[i]));
		close(s[i].fd);
	}
}

TEST_F(waiters, pollers_of_a_mailbox_are_all_told)
{
	struct poller p[WAITERS];
	int i;

	for (i = 0; i < WAITERS; i++)
		ASSERT_TRUE(start_poller(&p[i], API_POLL, self->rx[i], POLLIN));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(POLLIN, join_poller(&p[i]));
	EXPECT_EQ(1, dt_recv_number(self->rx[2], MSG_DONTWAIT));
	EXPECT_EQ(0, wait_poll(self->rx[0], POLLIN, 0));
}

TEST_F(waiters, pollers_are_not_told_of_what_a_receiver_takes)
{
	struct poller p;
	long before;

	ASSERT_TRUE(start_poller(&p, API_POLL, self->rx[0], POLLIN));
	ASSERT_TRUE(start_receiver(&self->t[1], &self->rx[1]));
	before = sleeps(p.thread.tid);
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(1, dt_thread_join(&self->t[1]));
	EXPECT_EQ(before, sleeps(p.thread.tid));
	EXPECT_TRUE(dt_is_asleep(p.thread.tid, SYS_poll));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(POLLIN, join_poller(&p));
}

TEST_F(waiters, deleting_wakes_all)
{
	int i;

	for (i = 0; i < WAITERS; i++)
		ASSERT_TRUE(start_receiver(&self->t[i], &self->rx[i]));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(-EIDRM, dt_thread_join(&self->t[i]));
}

TEST_HARNESS_MAIN
