// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of an io_uring for each way that a message or a byte can go: done at
 * once, waiting, cancelled, linked, and left behind when the ring goes. Those
 * that repeat themselves are in uring_repeat.c, connections in uring_link.c,
 * and what the modes of sending mean there in uring.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>

#include "ask.h"
#include "kselftest_harness.h"
#include "uring_ways.h"

TEST_F(uring, done_at_once)
{
	DO(SEND, send, self->tx, "abc", 3, 0);
	EXPECT_DONE(3, SEND);
	DO(RECV, recv, self->rx, self->buf, sizeof(self->buf), 0);
	EXPECT_DONE(3, RECV);
	EXPECT_EQ(0, memcmp(self->buf, "abc", 3));
}

TEST_F(uring, read_and_write)
{
	struct iovec iov = { self->buf, sizeof(self->buf) };

	DO(SEND, write, self->tx, "abc", 3, 0);
	EXPECT_DONE(3, SEND);
	DO(RECV, read, self->rx, self->buf, sizeof(self->buf), 0);
	EXPECT_DONE(3, RECV);
	EXPECT_EQ(0, memcmp(self->buf, "abc", 3));
	/* with memory that was registered */
	ASSERT_EQ(0, io_uring_register_buffers(&self->u.ring, &iov, 1));
	memcpy(self->buf, "registered", 10);
	DO(SEND, write_fixed, self->tx, self->buf, 10, 0, 0);
	EXPECT_DONE(10, SEND);
	memset(self->buf, 0, 10);
	DO(RECV, read_fixed, self->rx, self->buf, sizeof(self->buf), 0, 0);
	EXPECT_DONE(10, RECV);
	EXPECT_EQ(0, memcmp(self->buf, "registered", 10));
}

TEST_F(uring, without_waiting)
{
	DO(RECV, recv, self->rx, self->buf, 1, MSG_DONTWAIT);
	EXPECT_DONE(-EAGAIN, RECV);
	EXPECT_LT(0, fill(self->tx));
	DO(SEND, send, self->tx, "z", 1, MSG_DONTWAIT);
	EXPECT_DONE(-EAGAIN, SEND);
}

/* For a request only MSG_DONTWAIT counts. */
TEST_F(uring, nonblocking_descriptor_waits_all_the_same)
{
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_NONBLOCK));
	DO(RECV, recv, self->rx, self->buf, 1, 0);
	EXPECT_WAITS(RECV);
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(1, RECV);
}

TEST_F(uring, receive_waits)
{
	DO(RECV, recv, self->rx, self->buf, sizeof(self->buf), 0);
	EXPECT_WAITS(RECV);
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('a', self->buf[0]);
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(uring, send_waits)
{
	int filled = fill(self->tx), n;
	char last = 0;

	ASSERT_LT(0, filled);
	DO(SEND, send, self->tx, "z", 1, 0);
	EXPECT_WAITS(SEND);
	n = drain(self->rx, &last);
	EXPECT_DONE(1, SEND);
	n += drain(self->rx, &last);
	EXPECT_EQ(filled + 1, n);
	EXPECT_EQ('z', last);
}

/* Several that wait: each gets one. */
TEST_F(uring, several_receives_wait)
{
	char buf[3] = "";
	int i, sum = 0;

	for (i = 0; i < 3; i++)
		ADD(RECV, 0, recv, self->rx, &buf[i], 1, 0);
	SUBMIT();
	EXPECT_WAITS(RECV);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, put(self->tx, 'a' + i));
		EXPECT_DONE(1, RECV);
	}
	for (i = 0; i < 3; i++)
		sum += buf[i];
	EXPECT_EQ('a' + 'b' + 'c', sum);
}

TEST_F(uring, peek_leaves_it)
{
	DO(RECV, recv, self->rx, self->buf, 1, MSG_PEEK);
	EXPECT_WAITS(RECV);
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('a', self->buf[0]);
	EXPECT_EQ('a', take(self->rx));
}

/*
 * Cancelling
 */

TEST_F(uring, cancelled_receive_takes_nothing)
{
	DO(RECV, recv, self->rx, self->buf, 1, 0);
	ASSERT_TRUE(uring_wait_polling(&self->u));
	EXPECT_WAITS(RECV);
	DO(CANCEL, cancel64, RECV, 0);
	EXPECT_TRUE(has_cancelled(uring_wait(&self->u, CANCEL)));
	EXPECT_TRUE(is_cancelled(uring_wait(&self->u, RECV)));
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ('a', take(self->rx));
}

TEST_F(uring, cancelled_send_sends_nothing)
{
	int filled = fill(self->tx);
	char last = 0;

	DO(SEND, send, self->tx, "z", 1, 0);
	ASSERT_TRUE(uring_wait_polling(&self->u));
	EXPECT_WAITS(SEND);
	DO(CANCEL, cancel64, SEND, 0);
	EXPECT_TRUE(has_cancelled(uring_wait(&self->u, CANCEL)));
	EXPECT_TRUE(is_cancelled(uring_wait(&self->u, SEND)));
	EXPECT_EQ(filled, drain(self->rx, &last));
	EXPECT_EQ('f', last);
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(0, ask_outq(self->tx));
}

/* A limit of time for one request; it is meant to run out. */
TEST_F(uring, limit_of_time)
{
	struct __kernel_timespec soon = { .tv_nsec = DT_SHORT_MS * 1000000 };
	int filled;
	char last;

	ADD(RECV, IOSQE_IO_LINK, recv, self->rx, self->buf, 1, 0);
	ADD(TIMEOUT, 0, link_timeout, &soon, 0);
	SUBMIT();
	EXPECT_TRUE(is_cancelled(uring_wait(&self->u, RECV)));
	uring_wait(&self->u, TIMEOUT);
	filled = fill(self->tx);
	ADD(SEND, IOSQE_IO_LINK, send, self->tx, "z", 1, 0);
	ADD(TIMEOUT, 0, link_timeout, &soon, 0);
	SUBMIT();
	EXPECT_TRUE(is_cancelled(uring_wait(&self->u, SEND)));
	uring_wait(&self->u, TIMEOUT);
	EXPECT_EQ(filled, drain(self->rx, &last));
}

TEST_F(uring, limit_of_time_is_not_reached)
{
	struct __kernel_timespec late = { .tv_sec = 1000 };

	ADD(RECV, IOSQE_IO_LINK, recv, self->rx, self->buf, 1, 0);
	ADD(TIMEOUT, 0, link_timeout, &late, 0);
	SUBMIT();
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(1, RECV);
	EXPECT_DONE(-ECANCELED, TIMEOUT);
	EXPECT_EQ('a', self->buf[0]);
}

/* One after the other; and after one that fails, none. */
TEST_F(uring, chain)
{
	ADD(SEND, IOSQE_IO_LINK, send, self->tx, "a", 1, 0);
	ADD(RECV, IOSQE_IO_LINK, recv, self->rx, self->buf, 1, 0);
	ADD(AGAIN, 0, send, self->tx, "b", 1, 0);
	SUBMIT();
	EXPECT_DONE(1, SEND);
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('a', self->buf[0]);
	EXPECT_DONE(1, AGAIN);
	EXPECT_EQ('b', take(self->rx));
	ADD(RECV, IOSQE_IO_LINK, recv, self->rx, self->buf, 1, MSG_DONTWAIT);
	ADD(AGAIN, 0, send, self->tx, "c", 1, 0);
	SUBMIT();
	EXPECT_DONE(-EAGAIN, RECV);
	EXPECT_DONE(-ECANCELED, AGAIN);
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

/*
 * Control messages
 */

static void tagged(struct msghdr *msg, struct iovec *iov, char *control,
		   uint64_t tag)
{
	struct cmsghdr *c = (void *)control;

	*msg = (struct msghdr) {
		.msg_iov = iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof(tag)),
	};
	c->cmsg_level = SOL_DIPC;
	c->cmsg_type = DIPC_TAG;
	c->cmsg_len = CMSG_LEN(sizeof(tag));
	memcpy(CMSG_DATA(c), &tag, sizeof(tag));
}

TEST_F(uring, control_messages)
{
	char out[64] __attribute__((aligned(8)));
	char in[256] __attribute__((aligned(8)));
	struct iovec iov = { "abc", 3 }, to = { self->buf, 2 };
	struct msghdr msg, got = {
		.msg_iov = &to, .msg_iovlen = 1,
		.msg_control = in, .msg_controllen = sizeof(in),
	};
	uint32_t info = DIPC_INFO_TAG;
	int on = 1;
	struct cmsghdr *c;
	struct ucred creds;
	uint64_t tag;

	tagged(&msg, &iov, out, 0x123456789abcdefULL);
	DO(SEND, sendmsg, self->tx, &msg, 0);
	if (variant->way == STREAM) {
		EXPECT_DONE(-EOPNOTSUPP, SEND);
		return;
	}
	EXPECT_DONE(3, SEND);
	ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_RECV_INFO, &info,
				sizeof(info)));
	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, SO_PASSCRED, &on,
				sizeof(on)));
	DO(RECV, recvmsg, self->rx, &got, 0);
	EXPECT_DONE(2, RECV);
	EXPECT_EQ(MSG_TRUNC, got.msg_flags & MSG_TRUNC);
	c = CMSG_FIRSTHDR(&got);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(DIPC_TAG, c->cmsg_type);
	memcpy(&tag, CMSG_DATA(c), sizeof(tag));
	EXPECT_EQ(0x123456789abcdefULL, tag);
	/* a worker sends in the name of its process */
	c = CMSG_NXTHDR(&got, c);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(SCM_CREDENTIALS, c->cmsg_type);
	memcpy(&creds, CMSG_DATA(c), sizeof(creds));
	EXPECT_EQ(getpid(), creds.pid);
	EXPECT_EQ(geteuid(), creds.uid);
}

/* One that waits must keep what came with it. */
TEST_F(uring, control_messages_of_who_waits)
{
	char out[64] __attribute__((aligned(8)));
	char in[64] __attribute__((aligned(8)));
	struct iovec iov = { "z", 1 }, to = { self->buf, 1 };
	struct msghdr msg, got = {
		.msg_iov = &to, .msg_iovlen = 1,
		.msg_control = in, .msg_controllen = sizeof(in),
	};
	uint32_t info = DIPC_INFO_TAG;
	uint64_t tag = 0;

	if (variant->way == STREAM)
		return;
	ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_RECV_INFO, &info,
				sizeof(info)));
	ASSERT_EQ(2, fill(self->tx));
	tagged(&msg, &iov, out, 77);
	DO(SEND, sendmsg, self->tx, &msg, 0);
	/* the kernel has read it by now */
	EXPECT_WAITS(SEND);
	memset(&msg, 0xff, sizeof(msg));
	EXPECT_EQ('f', take(self->rx));
	EXPECT_EQ('f', take(self->rx));
	DO(RECV, recvmsg, self->rx, &got, 0);
	EXPECT_DONE(1, SEND);
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('z', self->buf[0]);
	ASSERT_NE(NULL, CMSG_FIRSTHDR(&got));
	memcpy(&tag, CMSG_DATA(CMSG_FIRSTHDR(&got)), sizeof(tag));
	EXPECT_EQ(77, tag);
}

static void put_control(struct msghdr *msg, int type, const void *data,
			size_t len)
{
	struct cmsghdr *c = (void *)((char *)msg->msg_control +
				     msg->msg_controllen);

	c->cmsg_level = SOL_DIPC;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

/* An explicit send that leaves its message behind, and what became of it. */
TEST_F(uring, completion_comes_to_the_ring)
{
	char out[128] __attribute__((aligned(8)));
	char in[256] __attribute__((aligned(8)));
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = out,
	}, got = { .msg_control = in, .msg_controllen = sizeof(in) };
	uint32_t mode = DIPC_MODE_EXPLICIT;
	struct dipc_completion completion;
	uint64_t cookie = 99;

	if (variant->way == STREAM)
		return;
	put_control(&msg, DIPC_MODE, &mode, sizeof(mode));
	put_control(&msg, DIPC_ASYNC, &cookie, sizeof(cookie));
	DO(SEND, sendmsg, self->tx, &msg, 0);
	EXPECT_DONE(1, SEND);
	DO(AGAIN, recvmsg, self->tx, &got, MSG_ERRQUEUE);
	EXPECT_WAITS(AGAIN);
	DO(RECV, recv, self->rx, self->buf, 1, 0);
	EXPECT_DONE(1, RECV);
	EXPECT_DONE(0, AGAIN);
	EXPECT_TRUE(got.msg_flags & MSG_ERRQUEUE);
	ASSERT_NE(NULL, CMSG_FIRSTHDR(&got));
	EXPECT_EQ(DIPC_COMPLETION, CMSG_FIRSTHDR(&got)->cmsg_type);
	memcpy(&completion, CMSG_DATA(CMSG_FIRSTHDR(&got)),
	       sizeof(completion));
	EXPECT_EQ(99, completion.cookie);
	EXPECT_EQ(0, completion.error);
}

/* Without copying: not offered, and then nothing is sent. */
TEST_F(uring, zero_copy)
{
	long result;

	DO(SEND, send_zc, self->tx, "abc", 3, 0, 0);
	result = uring_wait(&self->u, SEND);
	EXPECT_EQ(-EOPNOTSUPP, result);
	if (self->u.flags & IORING_CQE_F_MORE)
		uring_wait(&self->u, SEND);
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_EQ(0, ask_outq(self->tx));
}

/*
 * Ends
 */

/* The request has the socket open, whoever closes his descriptor. */
TEST_F(uring, descriptor_is_closed_meanwhile)
{
	DO(RECV, recv, self->rx, self->buf, 1, 0);
	ASSERT_TRUE(uring_wait_polling(&self->u));
	EXPECT_WAITS(RECV);
	if (variant->how != URING_FIXED) {
		DO(AGAIN, close, self->rx);
		EXPECT_DONE(0, AGAIN);
	} else {
		close(self->rx);
	}
	self->rx = -1;
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('a', self->buf[0]);
	if (variant->way == MAILBOX || variant->how == URING_FIXED)
		return;
	/* and now nobody */
	EXPECT_TRUE(DT_WAIT_UNTIL(put(self->tx, 'b') ==
				  (variant->way == PORT ? -ECONNREFUSED :
							  -EPIPE)));
}

/* What a sender who waits is told when it is no use any more. */
TEST_F(uring, receiver_goes_while_a_send_waits)
{
	bool is_link = variant->way == SEQPACKET || variant->way == STREAM;
	long result;

	/* the ring has the receiver's file open while something waits */
	if (variant->how == URING_FIXED && variant->way != MAILBOX)
		return;
	ASSERT_LT(0, fill(self->tx));
	DO(SEND, send, self->tx, "z", 1, MSG_NOSIGNAL);
	EXPECT_WAITS(SEND);
	close(self->rx);
	self->rx = -1;
	if (variant->way == MAILBOX)
		dt_mailbox_del(self->mailbox);
	result = uring_wait(&self->u, SEND);
	if (is_link)
		EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET);
	if (variant->way == PORT)
		EXPECT_EQ(-ECONNREFUSED, result);
	if (variant->way == MAILBOX)
		EXPECT_EQ(-EIDRM, result);
}

TEST_F(uring, receive_waits_for_what_will_not_come)
{
	if (variant->way == PORT)
		return;
	DO(RECV, recv, self->rx, self->buf, 1, 0);
	EXPECT_WAITS(RECV);
	if (variant->way == MAILBOX) {
		ASSERT_EQ(0, dt_mailbox_del(self->mailbox));
		EXPECT_DONE(-EIDRM, RECV);
	} else {
		ASSERT_EQ(0, shutdown(self->tx, SHUT_WR));
		EXPECT_DONE(0, RECV);
	}
}

/* As "dipc_message" and the sockets' own. */
static long objects(void)
{
	static const char *const caches[] = { "dipc_message", "DIPC" };
	long sum = 0;
	int i;

	dt_rcu_barrier();
	for (i = 0; i < 2; i++) {
		dt_slab_shrink(caches[i]);
		sum += dt_slab_objects(caches[i]);
	}
	return sum;
}

/* A ring that goes with all that it was to do; nothing may be left. */
TEST_F(uring, ring_goes_with_requests_in_it)
{
	struct sockaddr_dipc addr = dt_any(), to;
	long before = objects();
	int rx, tx, other[2], i;
	struct uring u;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, uring_open(&u, variant->how));
		rx = dt_socket_bound(SOCK_RDM, &addr);
		to = dt_port_of(rx);
		tx = dt_socket_connected(SOCK_RDM, &to);
		ASSERT_LE(0, tx);
		ASSERT_EQ(0, limit(rx));
		ASSERT_EQ(0, open_link(variant->way == STREAM ? SOCK_STREAM :
				       SOCK_SEQPACKET, &other[0], &other[1]));
		if (variant->how == URING_FIXED) {
			uring_register(&u, rx);
			uring_register(&u, tx);
			uring_register(&u, other[0]);
		}
		ASSERT_EQ(2, fill(tx));
		ASSERT_LT(0, fill(other[0]));
#define ADD_TO_U(id, what, ...) do {					\
	struct io_uring_sqe *sqe = uring_entry(&u);			\
									\
	io_uring_prep_##what(sqe, __VA_ARGS__);				\
	uring_add(&u, sqe, id, 0);					\
} while (0)
		ADD_TO_U(1, send, tx, "z", 1, 0);
		ADD_TO_U(2, send, other[0], "z", 1, 0);
		ADD_TO_U(3, recv, other[0], self->buf, 1, 0);
		ADD_TO_U(4, recv, tx, self->buf, 1, 0);
		ADD_TO_U(5, poll_multishot, other[0], POLLIN);
		ADD_TO_U(6, recv, tx, self->buf, 1, MSG_PEEK);
		ASSERT_EQ(0, uring_submit(&u));
		if (i % 2)
			uring_close(&u);
		close(rx);
		close(tx);
		close(other[0]);
		close(other[1]);
		if (!(i % 2))
			uring_close(&u);
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(objects() <= before))
		TH_LOG("%ld objects, %ld before", objects(), before);
}

TEST_HARNESS_MAIN
