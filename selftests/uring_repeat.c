// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of an io_uring that repeat themselves until they are cancelled:
 * receives into buffers that the ring was provided with, and polling.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "kselftest_harness.h"
#include "uring_ways.h"

TEST_F(uring, receive_again_and_again)
{
	struct uring_buffers b;
	struct io_uring_sqe *sqe = uring_entry(&self->u);
	char *buffer;
	int i;

	ASSERT_EQ(0, uring_buffers_open(&self->u, &b, 4, 64));
	io_uring_prep_recv_multishot(sqe, self->rx, NULL, 0, 0);
	sqe->buf_group = 1;
	uring_add(&self->u, sqe, RECV, IOSQE_BUFFER_SELECT);
	SUBMIT();
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, put(self->tx, 'a' + i));
		ASSERT_EQ(1, uring_wait(&self->u, RECV));
		EXPECT_TRUE(self->u.flags & IORING_CQE_F_MORE);
		buffer = uring_buffer(&self->u, &b);
		ASSERT_NE(NULL, buffer);
		EXPECT_EQ('a' + i, *buffer);
		uring_buffer_back(&b, buffer);
	}
	DO(CANCEL, cancel64, RECV, 0);
	EXPECT_TRUE(has_cancelled(uring_wait(&self->u, CANCEL)));
	EXPECT_TRUE(is_cancelled(uring_wait(&self->u, RECV)));
	EXPECT_FALSE(self->u.flags & IORING_CQE_F_MORE);
	ASSERT_EQ(1, put(self->tx, 'z'));
	EXPECT_EQ('z', take(self->rx));
	uring_buffers_close(&self->u, &b);
}

/* When there are no more buffers, the rest stays where it is. */
TEST_F(uring, receive_until_buffers_are_used_up)
{
	struct uring_buffers b;
	struct io_uring_sqe *sqe = uring_entry(&self->u);
	int i;

	ASSERT_EQ(0, uring_buffers_open(&self->u, &b, 2, 64));
	io_uring_prep_recv_multishot(sqe, self->rx, NULL, 0, 0);
	sqe->buf_group = 1;
	uring_add(&self->u, sqe, RECV, IOSQE_BUFFER_SELECT);
	SUBMIT();
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(1, put(self->tx, 'a' + i));
		EXPECT_DONE(1, RECV);
	}
	ASSERT_EQ(1, put(self->tx, 'c'));
	EXPECT_DONE(-ENOBUFS, RECV);
	EXPECT_FALSE(self->u.flags & IORING_CQE_F_MORE);
	EXPECT_EQ('c', take(self->rx));
	uring_buffers_close(&self->u, &b);
}

TEST_F(uring, receive_messages_again_and_again)
{
	struct msghdr layout = {
		.msg_namelen = sizeof(struct sockaddr_dipc),
		.msg_controllen = CMSG_SPACE(sizeof(uint64_t)),
	};
	struct io_uring_sqe *sqe = uring_entry(&self->u);
	uint32_t info = DIPC_INFO_ID;
	struct io_uring_recvmsg_out *out;
	struct uring_buffers b;
	struct cmsghdr *c;
	char *buffer;
	long n;
	int i;

	if (variant->way != STREAM)
		ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_RECV_INFO,
					&info, sizeof(info)));
	ASSERT_EQ(0, uring_buffers_open(&self->u, &b, 4, 256));
	io_uring_prep_recvmsg_multishot(sqe, self->rx, &layout, 0);
	sqe->buf_group = 1;
	uring_add(&self->u, sqe, RECV, IOSQE_BUFFER_SELECT);
	SUBMIT();
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(1, put(self->tx, 'a' + i));
		n = uring_wait(&self->u, RECV);
		ASSERT_LT(0, n);
		buffer = uring_buffer(&self->u, &b);
		ASSERT_NE(NULL, buffer);
		out = io_uring_recvmsg_validate(buffer, n, &layout);
		ASSERT_NE(NULL, out);
		EXPECT_EQ(1, out->payloadlen);
		EXPECT_EQ('a' + i, *(char *)io_uring_recvmsg_payload(out,
								&layout));
		EXPECT_EQ(sizeof(struct sockaddr_dipc), out->namelen);
		c = io_uring_recvmsg_cmsg_firsthdr(out, &layout);
		if (variant->way == STREAM) {
			EXPECT_EQ(0, out->controllen);
		} else {
			ASSERT_NE(NULL, c);
			EXPECT_EQ(DIPC_ID, c->cmsg_type);
		}
		EXPECT_EQ(0, out->flags & (MSG_TRUNC | MSG_CTRUNC));
		uring_buffer_back(&b, buffer);
	}
	uring_buffers_close(&self->u, &b);
}

TEST_F(uring, poll_again_and_again)
{
	int i;

	DO(POLL, poll_multishot, self->rx, POLLIN);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, put(self->tx, 'a'));
		EXPECT_TRUE(uring_wait(&self->u, POLL) & POLLIN);
		EXPECT_TRUE(self->u.flags & IORING_CQE_F_MORE);
		EXPECT_EQ('a', take(self->rx));
	}
	/* in a worker 6.1 keeps what a removed poll came to for itself */
	if (variant->how == URING_WORKER) {
		DO(CANCEL, cancel64, POLL, 0);
	} else {
		DO(CANCEL, poll_remove, POLL);
	}
	EXPECT_DONE(0, CANCEL);
	EXPECT_DONE(-ECANCELED, POLL);
}

TEST_F(uring, poll_for_room)
{
	char last;

	ASSERT_LT(0, fill(self->tx));
	DO(POLL, poll_add, self->tx, POLLOUT);
	EXPECT_WAITS(POLL);
	drain(self->rx, &last);
	EXPECT_TRUE(uring_wait(&self->u, POLL) & POLLOUT);
}

TEST_HARNESS_MAIN
