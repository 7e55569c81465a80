// SPDX-License-Identifier: GPL-2.0
/*
 * How many descriptors a user may have on their way: what counts, when it is
 * given back, and who is not bound by it.
 */
#define _GNU_SOURCE
#include "call.h"
#include "kselftest_harness.h"
#include "scm.h"
#include "who.h"

/* In a network namespace with a limit of 3 for Alice and Bob, each. */
FIXTURE(limit)
{
	int rx, tx, other;
};

FIXTURE_SETUP(limit)
{
	struct sockaddr_dipc addr = dt_any();

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_files", 3));
	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx);
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	self->other = dt_socket_connected(SOCK_DGRAM, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, become(ALICE));
}

FIXTURE_TEARDOWN(limit)
{
	EXPECT_EQ(0, become(0));
	close(self->tx);
	close(self->other);
	close(self->rx);
}

/* that many descriptors, of the standard input */
static long send_many(int sock, int n, int flags)
{
	int fd[SCM_FDS_MAX] = { 0 };

	return scm_send(sock, 'n', fd, n, flags | MSG_DONTWAIT, NULL);
}

/* How many may still be sent; there must be room for as many messages. */
static int room_left(int sock, int rx)
{
	struct scm_got got;
	int n = 0, i;

	while (n < 10 && send_many(sock, 1, 0) == 1)
		n++;
	for (i = 0; i < n; i++) {
		got = scm_recv(rx, MSG_DONTWAIT);
		scm_close(&got);
	}
	return n;
}

TEST_F(limit, default_is_16384)
{
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, dt_netns_new());
	EXPECT_EQ(16384, dt_limit_get("user_max_files"));
}

/* E_SCM_05 */
TEST_F(limit, holds_in_one_message)
{
	EXPECT_EQ(-ETOOMANYREFS, send_many(self->tx, 4, 0));
	EXPECT_EQ(1, send_many(self->tx, 3, 0));
	EXPECT_EQ(-ETOOMANYREFS, send_many(self->tx, 1, 0));
	/* without, or with none, it does not matter */
	EXPECT_EQ(1, send_many(self->tx, 0, 0));
	EXPECT_EQ(1, put(self->tx, 'x'));
}

TEST_F(limit, holds_in_several_control_messages)
{
	struct scm_control c = { 0 };
	int fd[2] = { 0, 0 };

	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, sizeof(fd)));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, sizeof(fd)));
	EXPECT_EQ(-ETOOMANYREFS, scm_send_control(self->tx, 'a', &c, 0, NULL));
	EXPECT_EQ(3, room_left(self->tx, self->rx));
}

TEST_F(limit, holds_over_all_sockets_of_a_user)
{
	EXPECT_EQ(1, send_many(self->tx, 2, 0));
	EXPECT_EQ(1, send_many(self->other, 1, 0));
	EXPECT_EQ(-ETOOMANYREFS, send_many(self->tx, 1, 0));
	EXPECT_EQ(-ETOOMANYREFS, send_many(self->other, 1, 0));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, become(BOB));
	EXPECT_EQ(1, send_many(self->other, 3, 0));
}

TEST_F(limit, is_given_back_when_received)
{
	struct scm_got got, peeked;

	EXPECT_EQ(1, send_many(self->tx, 3, 0));
	/* what a peek opened is nobody's but the peeker's */
	peeked = scm_recv(self->rx, MSG_PEEK);
	EXPECT_EQ(3, peeked.n_fds);
	EXPECT_EQ(-ETOOMANYREFS, send_many(self->tx, 1, 0));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(3, got.n_fds);
	EXPECT_EQ(3, room_left(self->tx, self->rx));
	scm_close(&got);
	scm_close(&peeked);
	/* also if they do not fit */
	EXPECT_EQ(1, send_many(self->tx, 3, 0));
	got = scm_recv_room(self->rx, CMSG_LEN(4), 0);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	EXPECT_EQ(3, room_left(self->tx, self->rx));
	EXPECT_EQ(1, send_many(self->tx, 3, 0));
	EXPECT_EQ('n', take(self->rx));
	EXPECT_EQ(3, room_left(self->tx, self->rx));
}

TEST_F(limit, is_given_back_when_discarded)
{
	int rx;
	struct sockaddr_dipc addr = dt_any();

	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, send_many(self->tx, 3, 0));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ(1, put(self->tx, 'y'));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 256, DIPC_POLICY_WAIT));
	take_all(self->rx);
	EXPECT_EQ(3, room_left(self->tx, self->rx));

	rx = dt_socket_bound(SOCK_RDM, &addr);
	addr = dt_port_of(rx);
	ASSERT_EQ(0, dt_connect(self->other, &addr));
	EXPECT_EQ(1, send_many(self->other, 3, 0));
	close(rx);
	EXPECT_EQ(3, room_left(self->tx, self->rx));
}

TEST_F(limit, is_given_back_when_not_sent)
{
	int bad[3] = { 0, 0, -1 };

	EXPECT_EQ(-EBADF, scm_send(self->tx, 'a', bad, 3, 0, NULL));
	bad[2] = self->rx;
	EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', bad, 3, 0, NULL));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(-EAGAIN, send_many(self->tx, 3, 0));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, send_many(self->tx, 3, 0));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 256, DIPC_POLICY_WAIT));
	EXPECT_EQ(3, room_left(self->tx, self->rx));
}

/* As in AF_UNIX: it is there to be careful of users. */
TEST_F(limit, does_not_bind_the_administrator)
{
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(1, send_many(self->tx, 10, 0));
	EXPECT_EQ(1, send_many(self->tx, 10, 0));
	take_all(self->rx);
	ASSERT_EQ(0, become(ALICE));
	EXPECT_EQ(3, room_left(self->tx, self->rx));
}

static int ns_root_is_bound(void *arg)
{
	struct sockaddr_dipc addr = dt_any();
	int rx, tx;

	if (dt_limit_set("user_max_files", 3))
		return 1;
	rx = dt_socket_bound(SOCK_RDM, &addr);
	addr = dt_port_of(rx);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	if (tx < 0)
		return 2;
	return room_left(tx, rx) == 3 ? 0 : 3;
}

TEST_F(limit, binds_root_of_a_user_namespace)
{
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, dt_as_ns_root(ns_root_is_bound, NULL));
}

TEST_HARNESS_MAIN
