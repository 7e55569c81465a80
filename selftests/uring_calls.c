// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of request that an io_uring can make of a socket, for each way
 * that a message or a byte can go: done at once, waiting, cancelled, linked,
 * repeated by itself, and left behind when the ring goes. What the modes of
 * sending mean there is in uring.c, connections are in uring_link.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "ask.h"
#include "kselftest_harness.h"
#include "uring.h"

enum way { PORT, MAILBOX, SEQPACKET, STREAM };

/* Numbers of requests. */
enum { SEND = 1, RECV, CANCEL, TIMEOUT, POLL, AGAIN };

FIXTURE(uring)
{
	struct uring u;
	int tx, rx;
	char mailbox[DIPC_NAME_MAX + 1];
	char buf[64];
};

FIXTURE_VARIANT(uring)
{
	enum way way;
	enum uring_how how;
};

#define WAYS(name, how_)						\
	FIXTURE_VARIANT_ADD(uring, port_##name) { PORT, how_ };	\
	FIXTURE_VARIANT_ADD(uring, mailbox_##name) { MAILBOX, how_ };	\
	FIXTURE_VARIANT_ADD(uring, seqpacket_##name) { SEQPACKET, how_ }; \
	FIXTURE_VARIANT_ADD(uring, stream_##name) { STREAM, how_ }

WAYS(plain, URING_PLAIN);
WAYS(worker, URING_WORKER);
WAYS(fixed, URING_FIXED);

/* Room for two messages, or 4096 bytes. */
static int limit(int rx)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(rx, &conf);

	conf.capacity_msgs = 2;
	conf.capacity_bytes = 4096;
	conf.msg_max_bytes = 4096;
	return err ? err : dt_set_conf(rx, &conf);
}

static int open_port(int *tx, int *rx)
{
	struct sockaddr_dipc addr = dt_any();

	*rx = dt_socket_bound(SOCK_RDM, &addr);
	if (*rx < 0)
		return *rx;
	addr = dt_port_of(*rx);
	*tx = dt_socket_connected(SOCK_RDM, &addr);
	return *tx < 0 ? *tx : limit(*rx);
}

static int open_mailbox(char *name, int *tx, int *rx)
{
	struct sockaddr_dipc addr;
	int err;

	dt_unique(name, "uring");
	addr = dt_mailbox(name);
	err = dt_mailbox_new(name, DT_MAILBOX(.capacity_msgs = 2));
	if (err)
		return err;
	*rx = dt_socket_bound(SOCK_RDM, &addr);
	*tx = dt_socket_connected(SOCK_RDM, &addr);
	return *rx < 0 ? *rx : *tx < 0 ? *tx : 0;
}

static int open_link(int type, int *tx, int *rx)
{
	int sv[2], err = DT_ERR(socketpair(dt_family(), type, 0, sv));

	*tx = sv[0];
	*rx = sv[1];
	return err ? err : limit(*rx);
}

FIXTURE_SETUP(uring)
{
	int err = uring_open(&self->u, 0);

	if (err == -ENOSYS || err == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, err);
	self->mailbox[0] = 0;
	if (variant->way == PORT)
		err = open_port(&self->tx, &self->rx);
	else if (variant->way == MAILBOX)
		err = open_mailbox(self->mailbox, &self->tx, &self->rx);
	else
		err = open_link(variant->way == STREAM ? SOCK_STREAM :
				SOCK_SEQPACKET, &self->tx, &self->rx);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	self->u.how = variant->how;
	if (variant->how == URING_FIXED) {
		ASSERT_EQ(0, uring_register(&self->u, self->tx));
		ASSERT_EQ(0, uring_register(&self->u, self->rx));
	}
}

FIXTURE_TEARDOWN(uring)
{
	uring_close(&self->u);
	close(self->tx);
	close(self->rx);
	if (self->mailbox[0])
		dt_mailbox_del(self->mailbox);
}

/* ADD(NUMBER, FLAGS, send, fd, …): an entry as by io_uring_prep_send() */
#define ADD(id, sqe_flags, what, ...) do {				\
	struct io_uring_sqe *sqe_ = uring_entry(&self->u);		\
									\
	ASSERT_NE(NULL, sqe_);						\
	io_uring_prep_##what(sqe_, __VA_ARGS__);			\
	uring_add(&self->u, sqe_, id, sqe_flags);			\
} while (0)
#define SUBMIT()	ASSERT_EQ(0, uring_submit(&self->u))
#define DO(id, ...) do {						\
	ADD(id, 0, __VA_ARGS__);					\
	SUBMIT();							\
} while (0)
#define EXPECT_DONE(want, id)	EXPECT_EQ(want, uring_wait(&self->u, id))
#define EXPECT_WAITS(id)	EXPECT_FALSE(uring_is_done(&self->u, id))

static long put(int fd, char c)
{
	return dt_send(fd, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL, NULL);
}

static int take(int fd)
{
	char c;
	long n = dt_recv(fd, &c, 1, MSG_DONTWAIT, NULL);

	return n == 1 ? c : n < 0 ? n : 0;
}

/* Until nothing more goes in, how much that was; and out. */
static int fill(int fd)
{
	int n = 0;

	while (put(fd, 'f') == 1)
		n++;
	return n;
}

static int drain(int fd, char *last)
{
	int n = 0, c;

	while ((c = take(fd)) > 0) {
		*last = c;
		n++;
	}
	return n;
}

/* What a request that was cancelled while it waited can say. */
static bool is_cancelled(long result)
{
	return result == -ECANCELED || result == -EINTR;
}

/* And the request to cancel: it was found, or found running in a worker. */
static bool has_cancelled(long result)
{
	return !result || result == -EALREADY;
}

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
 * Requests that repeat themselves
 */

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

/*
 * Ends
 */

/* The request has the socket open, whoever closes his descriptor. */
TEST_F(uring, descriptor_is_closed_meanwhile)
{
	DO(RECV, recv, self->rx, self->buf, 1, 0);
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
		ASSERT_EQ(0, uring_open(&u, 0));
		u.how = variant->how;
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
