// SPDX-License-Identifier: GPL-2.0
/*
 * AF_DIPC sockets through io_uring, which tries without waiting and then polls:
 * what that means for sends and receives in each mode, as it is said in
 * Documentation/sockets.md.
 */
#define _GNU_SOURCE
#include "call.h"
#include "kselftest_harness.h"
#include "post.h"
#include "ring.h"

FIXTURE(uring)
{
	int rx, tx;		/* tx is connected to rx */
	struct ring ring;
};

FIXTURE_VARIANT(uring)
{
	bool in_worker;		/* IOSQE_ASYNC */
};

FIXTURE_VARIANT_ADD(uring, inline) { false };
FIXTURE_VARIANT_ADD(uring, worker) { true };

FIXTURE_SETUP(uring)
{
	struct sockaddr_dipc any = dt_any(), to;
	int err = ring_open(&self->ring);

	if (err == -ENOSYS || err == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, err);
	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(uring)
{
	ring_close(&self->ring);
	close(self->tx);
	close(self->rx);
}

#define SEND(i, letter)	ASSERT_EQ(0, ring_send(&self->ring, i, self->tx,	\
					       letter, variant->in_worker))
#define RECV(i, flags)	ASSERT_EQ(0, ring_recv(&self->ring, i, self->rx,	\
					       flags, variant->in_worker))
#define EXPECT_DONE(i, want) do {					\
	ASSERT_TRUE(ring_wait(&self->ring, i));				\
	EXPECT_EQ(want, self->ring.request[i].result);			\
} while (0)

TEST_F(uring, receive_gets_the_next_message)
{
	RECV(0, 0);
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(0, 1);
	EXPECT_EQ('a', self->ring.request[0].letter);
}

TEST_F(uring, receive_gets_what_its_match_fits)
{
	ASSERT_EQ(0, post_match(self->rx, 0, 7, UINT64_MAX));
	RECV(0, 0);
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 6)));
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 7)));
	EXPECT_DONE(0, 1);
	EXPECT_EQ('b', self->ring.request[0].letter);
}

TEST_F(uring, send_waits_for_room)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	SEND(0, 'a');
	EXPECT_DONE(0, 1);
	SEND(1, 'b');
	EXPECT_FALSE(ring_is_done(&self->ring, 1));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_DONE(1, 1);
	EXPECT_EQ('b', take(self->rx));
}

TEST_F(uring, explicit_send_meets_who_sleeps)
{
	struct call c;

	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	SEND(0, 'a');
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	ASSERT_EQ(0, call_recv(&c, self->rx));
	EXPECT_DONE(0, 1);
	EXPECT_EQ(1, call_end(&c));
	EXPECT_EQ('a', c.letter);
}

TEST_F(uring, unbuffered_send_meets_who_sleeps)
{
	struct call c;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	SEND(0, 'a');
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	ASSERT_EQ(0, call_recv(&c, self->rx));
	EXPECT_DONE(0, 1);
	EXPECT_EQ(1, call_end(&c));
	EXPECT_EQ('a', c.letter);
}

/* Two that only poll do not meet; an asynchronous send is there to be found. */
TEST_F(uring, asynchronous_send_meets_who_polls)
{
	const uint64_t cookie = 7;

	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	RECV(0, 0);
	SEND(1, 'a');
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	EXPECT_FALSE(ring_is_done(&self->ring, 1));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.cookie = &cookie)));
	EXPECT_DONE(0, 1);
	EXPECT_EQ('b', self->ring.request[0].letter);
	EXPECT_FALSE(ring_is_done(&self->ring, 1));
}

TEST_F(uring, completion_is_waited_for)
{
	struct dipc_completion *completion;
	const uint64_t cookie = 7;
	struct cmsghdr *c;

	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.cookie = &cookie)));
	ASSERT_EQ(0, ring_recv(&self->ring, 0, self->tx, MSG_ERRQUEUE,
			       variant->in_worker));
	EXPECT_FALSE(ring_is_done(&self->ring, 0));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_DONE(0, 0);
	EXPECT_EQ(MSG_ERRQUEUE, self->ring.request[0].msg.msg_flags);
	c = CMSG_FIRSTHDR(&self->ring.request[0].msg);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(SOL_DIPC, c->cmsg_level);
	EXPECT_EQ(DIPC_COMPLETION, c->cmsg_type);
	EXPECT_EQ(CMSG_LEN(sizeof(*completion)), c->cmsg_len);
	completion = (void *)CMSG_DATA(c);
	EXPECT_EQ(cookie, completion->cookie);
	EXPECT_EQ(0, completion->error);
	EXPECT_EQ(DIPC_REASON_TAKEN, completion->reason);
}

TEST_HARNESS_MAIN
