// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a queue, of what a socket may have outstanding, and the options of
 * SOL_DIPC that are about neither a message (info.c, match.c, priority.c) nor a
 * name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ask.h"
#include "kselftest_harness.h"

FIXTURE(options)
{
	int rx, tx;	/* tx is connected to rx */
};

FIXTURE_SETUP(options)
{
	struct sockaddr_dipc addr;

	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx);
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(options)
{
	close(self->rx);
	close(self->tx);
}

TEST_F(options, queue_has_the_stated_defaults)
{
	struct dipc_queue_conf conf, zero = { 0 };

	memset(&conf, 0xaa, sizeof(conf));
	EXPECT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(256, conf.capacity_msgs);
	EXPECT_EQ(64 << 10, conf.msg_max_bytes);
	EXPECT_EQ(1 << 20, conf.capacity_bytes);
	EXPECT_EQ(DIPC_POLICY_WAIT, conf.policy);
	EXPECT_EQ(0, memcmp(conf.reserved, zero.reserved,
			    sizeof(conf.reserved)));
	EXPECT_EQ(256, ask_room(self->tx));
}

TEST_F(options, queue_can_be_set_before_there_is_one)
{
	struct dipc_queue_conf conf = { 3, 100, 1000, DIPC_POLICY_REFUSE }, got;
	struct sockaddr_dipc addr;
	int fd = dt_socket(SOCK_RDM), i;

	EXPECT_EQ(0, dt_set_conf(fd, &conf));
	EXPECT_EQ(0, dt_get_conf(fd, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(conf)));
	addr = dt_port_of(fd);
	EXPECT_EQ(0, dt_get_conf(fd, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(conf)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, &addr));
	EXPECT_EQ(-ENOBUFS, dt_send_number(self->tx, i, 0, &addr));
	close(fd);
}

TEST_F(options, queue_capacity_in_bytes)
{
	struct dipc_queue_conf conf = { 100, 100, 250, DIPC_POLICY_WAIT };
	char buf[101] = "";

	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(100, dt_send(self->tx, buf, 100, 0, NULL));
	EXPECT_EQ(100, dt_send(self->tx, buf, 100, 0, NULL));
	EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 51, MSG_DONTWAIT, NULL));
	EXPECT_EQ(50, dt_send(self->tx, buf, 50, MSG_DONTWAIT, NULL));
	/* what has no bytes takes none */
	EXPECT_EQ(0, dt_send(self->tx, buf, 0, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EMSGSIZE, dt_send(self->tx, buf, 101, MSG_DONTWAIT, NULL));
}

TEST_F(options, lowering_a_limit_discards_nothing)
{
	struct dipc_queue_conf conf = { 1, 1, 1, DIPC_POLICY_WAIT };
	char buf[16];
	int i;

	for (i = 0; i < 5; i++)
		EXPECT_EQ(16, dt_send(self->tx, buf, 16, 0, NULL));
	EXPECT_EQ(0, dt_set_conf(self->rx, &conf));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(16, dt_recv(self->rx, buf, 16, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EMSGSIZE, dt_send(self->tx, buf, 2, 0, NULL));
	EXPECT_EQ(1, dt_send(self->tx, buf, 1, 0, NULL));
}

static long send_one(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

TEST_F(options, raising_a_limit_lets_a_blocked_sender_in)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, ask_room(self->tx));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_thread_join(&t));
}

TEST_F(options, largest_message_of_all)
{
	size_t size = DIPC_MSG_LEN_MAX, i;
	struct dipc_queue_conf conf = { 1, size, size, DIPC_POLICY_WAIT };
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	for (i = 0; i < size; i += 4096)
		p[i] = i >> 12;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	/* above SO_SNDBUF, but one may always be outstanding */
	ASSERT_EQ(size, dt_send(self->tx, p, size, MSG_DONTWAIT, NULL));
	EXPECT_EQ(size, ask_inq(self->rx));
	memset(p, 0xee, size);
	ASSERT_EQ(size, dt_recv(self->rx, p, size, MSG_DONTWAIT, NULL));
	for (i = 0; i < size; i += 4096)
		if (p[i] != (uint8_t)(i >> 12) || p[i + 1])
			break;
	EXPECT_EQ(size, i);
	EXPECT_EQ(0, ask_outq(self->tx));
	munmap(p, size);
}

TEST_F(options, sndbuf_bounds_what_is_outstanding)
{
	int bound = 16384, n = 0, one = 0, i;
	struct sockaddr_dipc to;
	char buf[1000] = "";

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &bound,
				sizeof(bound)));
	bound = ask_option(self->tx, SO_SNDBUF);
	ASSERT_LT(0, bound);
	while (dt_send(self->tx, buf, sizeof(buf), MSG_DONTWAIT, NULL) > 0) {
		if (!n++)
			one = ask_outq(self->tx);
		ASSERT_LT(n, 256);
	}
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(bound / one, n);
	EXPECT_EQ(n * one, ask_outq(self->tx));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1000, dt_recv(self->rx, buf, 1000, 0, NULL));
		EXPECT_EQ(1000, dt_send(self->tx, buf, 1000, MSG_DONTWAIT,
					NULL));
		EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 1000, MSG_DONTWAIT,
					   NULL));
	}
	/* another socket of the same user is not held back */
	to = dt_port_of(self->rx);
	EXPECT_EQ(4, dt_send(self->rx, buf, 4, MSG_DONTWAIT, &to));
}

static long send_1000(void *arg)
{
	char buf[1000] = "";

	return dt_send(*(int *)arg, buf, sizeof(buf), 0, NULL);
}

TEST_F(options, sender_over_sndbuf_waits_until_it_is_received)
{
	int bound = 4096, n = 0;
	struct dt_thread t;
	char buf[1000] = "";

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &bound,
				sizeof(bound)));
	while (dt_send(self->tx, buf, sizeof(buf), MSG_DONTWAIT, NULL) > 0)
		ASSERT_GT(256, ++n);
	ASSERT_EQ(0, dt_thread_start(&t, send_1000, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(1000, dt_recv(self->rx, buf, 1000, 0, NULL));
	EXPECT_EQ(1000, dt_thread_join(&t));

	/* and it can be told that there is no use in waiting */
	ASSERT_EQ(0, dt_thread_start(&t, send_1000, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	close(self->rx);
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&t));
	self->rx = -1;
}

TEST_F(options, port_id_makes_a_port)
{
	int fd = dt_socket(SOCK_RDM);
	uint64_t id[2] = { 0, 0xaaaaaaaaaaaaaaaa };
	socklen_t len = sizeof(id);

	/* room for more is no error; what is there is told */
	EXPECT_EQ(0, getsockopt(fd, SOL_DIPC, DIPC_PORT_ID, id, &len));
	EXPECT_EQ(sizeof(uint64_t), len);
	EXPECT_LT(DIPC_PORT_USER_MAX, id[0]);
	EXPECT_EQ(0xaaaaaaaaaaaaaaaa, id[1]);
	EXPECT_EQ(id[0], dt_port_id(fd));
	close(fd);
}

TEST_F(options, longer_queue_option_with_zeros_behind)
{
	struct {
		struct dipc_queue_conf conf;
		char more[216];
	} c = { .conf = { 7, 100, 1000, DIPC_POLICY_WAIT } };
	struct dipc_queue_conf got;
	socklen_t len;

	ASSERT_EQ(256, sizeof(c));
	for (len = sizeof(c.conf); len <= sizeof(c); len++)
		ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_QUEUE, &c,
					len));
	len = sizeof(c);
	EXPECT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_QUEUE, &c, &len));
	EXPECT_EQ(sizeof(c.conf), len);
	EXPECT_EQ(0, dt_get_conf(self->rx, &got));
	EXPECT_EQ(7, got.capacity_msgs);
}

TEST_F(options, switches_read_as_they_were_set)
{
	static const int names[] = { DIPC_REUSE_NAME, DIPC_NOTIFY };
	int i, j, value;
	socklen_t len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 2; j >= 0; j--) {
			value = j & 1;
			/* before the first set, too */
			if (j < 2) {
				EXPECT_EQ(0, setsockopt(self->rx, SOL_DIPC,
							names[i], &value, 4));
			}
			value = -1;
			len = sizeof(value);
			EXPECT_EQ(0, getsockopt(self->rx, SOL_DIPC, names[i],
						&value, &len));
			EXPECT_EQ(4, len);
			EXPECT_EQ(j & 1, value);
		}
	}
}

static int notify_state(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &value, &len);
	return value;
}

static int notify_arm(int fd)
{
	int one = 1;

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &one, sizeof(one)));
}

TEST_F(options, notify_is_sent_once)
{
	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(1, dt_signals);
	EXPECT_EQ(2, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(2, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 3, 0, NULL));
	EXPECT_EQ(1, dt_signals);

	/* asked for again while something is there: nothing until it is empty */
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 4, 0, NULL));
	EXPECT_EQ(1, dt_signals);
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(3, dt_recv_number(self->rx, 0));
	EXPECT_EQ(4, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 5, 0, NULL));
	EXPECT_EQ(2, dt_signals);
}

static long recv_plain(void *arg)
{
	char buf[8];

	return dt_recv(*(int *)arg, buf, sizeof(buf), 0, NULL);
}

TEST_F(options, notify_leaves_the_message_to_who_waits)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_count_signal(SIGIO, SA_RESTART));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(4, dt_thread_join(&t));
	EXPECT_EQ(0, dt_signals);
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(options, notify_with_a_signal_of_ones_own)
{
	ASSERT_EQ(0, dt_count_signal(SIGRTMIN + 3, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_SETSIG, SIGRTMIN + 3));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(options, message_put_back_is_there_for_the_next)
{
	struct dt_thread t;
	char buf[8];

	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(-EFAULT, dt_recv(self->rx, (void *)8, 3, 0, NULL));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	EXPECT_EQ(3, dt_thread_join(&t));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, buf, 8, MSG_DONTWAIT, NULL));
}

static long recv_bad(void *arg)
{
	return dt_recv(*(int *)arg, (void *)8, 8, 0, NULL);
}

TEST_F(options, blocked_receiver_with_bad_memory_passes_the_message_on)
{
	struct dt_thread bad, good;

	ASSERT_EQ(0, dt_thread_start(&bad, recv_bad, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(bad.tid, SYS_recvfrom));
	ASSERT_EQ(0, dt_thread_start(&good, recv_plain, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(good.tid, SYS_recvfrom));
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(-EFAULT, dt_thread_join(&bad));
	EXPECT_EQ(3, dt_thread_join(&good));
}

TEST_HARNESS_MAIN
