// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and replies by io_uring: both ends of a call as requests to a ring,
 * waiting and not, and receives that repeat themselves and bring a handle or an
 * outcome each time.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "kselftest_harness.h"
#include "calls.h"
#include "scm.h"
#include "uring.h"

enum { SEND = 1, RECV, SERVE, REPLY, NOTICE };

FIXTURE(ring)
{
	struct uring u;
	int server, client;
	struct sockaddr_dipc to;
};

FIXTURE_VARIANT(ring)
{
	enum uring_how how;
};

FIXTURE_VARIANT_ADD(ring, plain) { URING_PLAIN };
FIXTURE_VARIANT_ADD(ring, worker) { URING_WORKER };
FIXTURE_VARIANT_ADD(ring, polled) { URING_POLLED };

FIXTURE_SETUP(ring)
{
	struct sockaddr_dipc any = dt_any();

	ASSERT_EQ(0, uring_open(&self->u, variant->how));
	self->server = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->server)
		TH_LOG("is the module loaded? %s", strerror(-self->server));
	self->to = dt_port_of(self->server);
	self->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(ring)
{
	uring_close(&self->u);
	close(self->client);
	close(self->server);
}

/* A message with room for everything, while the kernel has it. */
struct letter {
	char text[64], control[512] __attribute__((aligned(8)));
	struct iovec iov;
	struct msghdr msg;
};

static struct letter *empty(struct letter *l)
{
	memset(l, 0, sizeof(*l));
	l->iov = (struct iovec) { l->text, sizeof(l->text) };
	l->msg = (struct msghdr) {
		.msg_iov = &l->iov, .msg_iovlen = 1,
		.msg_control = l->control, .msg_controllen = sizeof(l->control),
	};
	return l;
}

static struct letter *with(struct letter *l, const char *text, int type,
			   const void *data, size_t len)
{
	struct scm_control c = { .len = 0 };

	empty(l);
	strcpy(l->text, text);
	l->iov.iov_len = strlen(text);
	scm_put(&c, SOL_DIPC, type, data, len);
	memcpy(l->control, c.buf, c.len);
	l->msg.msg_controllen = c.len;
	return l;
}

static const void *find(struct msghdr *msg, int type)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_DIPC && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

static void send_on(struct uring *u, int fd, struct letter *l, uint64_t id)
{
	struct io_uring_sqe *sqe = uring_entry(u);

	io_uring_prep_sendmsg(sqe, fd, &l->msg, 0);
	uring_add(u, sqe, id, 0);
	uring_submit(u);
}

static void recv_on(struct uring *u, int fd, struct letter *l, uint64_t id,
		    int flags)
{
	struct io_uring_sqe *sqe = uring_entry(u);

	io_uring_prep_recvmsg(sqe, fd, &empty(l)->msg, flags);
	uring_add(u, sqe, id, 0);
	uring_submit(u);
}

static struct letter *question(struct letter *l, const char *text,
			       uint64_t cookie)
{
	const struct dipc_call_params p = { .cookie = cookie,
					    .reply_max = 64 };

	return with(l, text, DIPC_CALL, &p, sizeof(p));
}

static struct letter *answer(struct letter *l, const char *text,
			     uint64_t handle)
{
	const struct dipc_reply_params p = { .handle = handle };

	return with(l, text, DIPC_REPLY, &p, sizeof(p));
}

TEST_F(ring, both_ends_of_a_call)
{
	struct letter asked, got, replied, ended;
	struct dipc_request r;
	struct dipc_outcome o;

	/* those who wait are there first */
	recv_on(&self->u, self->server, &got, SERVE, 0);
	recv_on(&self->u, self->client, &ended, RECV, 0);
	send_on(&self->u, self->client, question(&asked, "ping", 7), SEND);
	EXPECT_EQ(4, uring_wait(&self->u, SEND));
	ASSERT_EQ(4, uring_wait(&self->u, SERVE));
	EXPECT_STREQ("ping", got.text);
	ASSERT_NE(NULL, find(&got.msg, DIPC_REQUEST));
	memcpy(&r, find(&got.msg, DIPC_REQUEST), sizeof(r));
	ASSERT_NE(0, r.handle);
	send_on(&self->u, self->server, answer(&replied, "pong", r.handle),
		REPLY);
	EXPECT_EQ(4, uring_wait(&self->u, REPLY));
	ASSERT_EQ(4, uring_wait(&self->u, RECV));
	EXPECT_STREQ("pong", ended.text);
	ASSERT_NE(NULL, find(&ended.msg, DIPC_OUTCOME));
	memcpy(&o, find(&ended.msg, DIPC_OUTCOME), sizeof(o));
	EXPECT_EQ(7, o.cookie);
	EXPECT_EQ(0, o.error);
	EXPECT_EQ(r.id, o.id);
}

/* What is there already needs no waiting. */
TEST_F(ring, what_is_there_is_taken_at_once)
{
	struct letter asked, got, replied, ended;
	struct dipc_request r;

	send_on(&self->u, self->client, question(&asked, "ping", 7), SEND);
	EXPECT_EQ(4, uring_wait(&self->u, SEND));
	recv_on(&self->u, self->server, &got, SERVE, 0);
	ASSERT_EQ(4, uring_wait(&self->u, SERVE));
	memcpy(&r, find(&got.msg, DIPC_REQUEST), sizeof(r));
	send_on(&self->u, self->server, answer(&replied, "pong", r.handle),
		REPLY);
	EXPECT_EQ(4, uring_wait(&self->u, REPLY));
	recv_on(&self->u, self->client, &ended, RECV, 0);
	EXPECT_EQ(4, uring_wait(&self->u, RECV));
	EXPECT_STREQ("pong", ended.text);
}

TEST_F(ring, failure_comes_to_who_waits)
{
	struct letter asked, ended;
	struct dipc_outcome o;

	recv_on(&self->u, self->client, &ended, RECV, 0);
	send_on(&self->u, self->client, question(&asked, "ping", 7), SEND);
	EXPECT_EQ(4, uring_wait(&self->u, SEND));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(0, uring_wait(&self->u, RECV));
	ASSERT_NE(NULL, find(&ended.msg, DIPC_OUTCOME));
	memcpy(&o, find(&ended.msg, DIPC_OUTCOME), sizeof(o));
	EXPECT_EQ(ECONNREFUSED, o.error);
}

/* A receive of the error queue waits for a notice, as it does for others. */
TEST_F(ring, cancel_notice_comes_to_who_waits)
{
	struct dipc_cancelled c;
	struct letter notice;
	uint64_t h;

	EXPECT_EQ(4, calls_start(BY_OP, self->client, "ping",
				 WITH(.cookie = 3)));
	h = calls_recv(BY_OP, self->server, 0).r.handle;
	recv_on(&self->u, self->server, &notice, NOTICE, MSG_ERRQUEUE);
	EXPECT_FALSE(uring_is_done(&self->u, NOTICE));
	EXPECT_EQ(0, calls_cancel(BY_OP, self->client, 3));
	EXPECT_EQ(0, uring_wait(&self->u, NOTICE));
	ASSERT_NE(NULL, find(&notice.msg, DIPC_CANCELLED));
	memcpy(&c, find(&notice.msg, DIPC_CANCELLED), sizeof(c));
	EXPECT_EQ(h, c.handle);
}

/* A server that asks once, and is given request after request. */
TEST_F(ring, receive_that_repeats_itself)
{
	struct msghdr shape = { .msg_controllen = 128 };
	struct io_uring_recvmsg_out *out;
	struct uring_buffers b;
	struct io_uring_sqe *sqe = uring_entry(&self->u);
	const struct cmsghdr *c;
	struct dipc_request r;
	struct calls_end end;
	char *buffer;

	ASSERT_EQ(0, uring_buffers_open(&self->u, &b, 4, 512));
	io_uring_prep_recvmsg_multishot(sqe, self->server, &shape, 0);
	sqe->buf_group = 1;
	uring_add(&self->u, sqe, SERVE, IOSQE_BUFFER_SELECT);
	uring_submit(&self->u);
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(4, calls_start(BY_OP, self->client, "ping",
					 WITH(.cookie = i)));
		ASSERT_LT(0, uring_wait(&self->u, SERVE));
		EXPECT_TRUE(self->u.flags & IORING_CQE_F_MORE);
		buffer = uring_buffer(&self->u, &b);
		ASSERT_NE(NULL, buffer);
		out = (void *)buffer;
		EXPECT_EQ(4, out->payloadlen);
		EXPECT_EQ(0, memcmp("ping", buffer + sizeof(*out) + 128, 4));
		c = (void *)(buffer + sizeof(*out));
		ASSERT_EQ(DIPC_REQUEST, c->cmsg_type);
		memcpy(&r, CMSG_DATA(c), sizeof(r));
		EXPECT_EQ(2, calls_reply(BY_OP, self->server, r.handle, "ok"));
		uring_buffer_back(&b, buffer);
		end = calls_finish(BY_OP, self->client, 0);
		EXPECT_STREQ("ok", end.text);
		EXPECT_EQ(i, end.outcome.cookie);
	}
	/* a ring that goes leaves no request behind that it has taken */
	uring_buffers_close(&self->u, &b);
}

/* Cancelling the wait of a ring is not cancelling the call. */
TEST_F(ring, wait_that_is_cancelled_leaves_the_call)
{
	struct io_uring_sqe *sqe;
	struct letter ended;
	struct calls_got got;
	long ret;

	EXPECT_EQ(4, calls_start(BY_OP, self->client, "ping",
				 WITH(.cookie = 3)));
	recv_on(&self->u, self->client, &ended, RECV, 0);
	ASSERT_TRUE(uring_wait_polling(&self->u));
	sqe = uring_entry(&self->u);
	io_uring_prep_cancel64(sqe, RECV, 0);
	uring_add(&self->u, sqe, SEND, 0);
	uring_submit(&self->u);
	uring_wait(&self->u, SEND);
	ret = uring_wait(&self->u, RECV);
	EXPECT_TRUE(ret == -ECANCELED || ret == -EINTR);
	got = calls_recv(BY_OP, self->server, 0);
	EXPECT_EQ(2, calls_reply(BY_OP, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", calls_finish(BY_OP, self->client, 0).text);
}

TEST_HARNESS_MAIN
