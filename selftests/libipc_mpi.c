// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: the message-passing primitives of MPI on
 * communicators (<ipc/comm.h>), each by what MPI says it means, and how each
 * fails. What becomes of requests is in libipc_request.c.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include <ipc/libipc.h>

#include "comm.h"

static long do_ssend(void *arg)
{
	struct call *c = arg;

	return ipc_ssend(c->comm, "s", 1, c->to, c->tag, c->timeout_ms);
}

static long do_send(void *arg)
{
	struct call *c = arg;

	return ipc_comm_send(c->comm, "s", 1, c->to, c->tag, c->timeout_ms);
}

static long do_recv(void *arg)
{
	struct call *c = arg;

	return ipc_comm_recv(c->comm, c->buf, sizeof(c->buf), c->match,
			     c->timeout_ms, &c->st);
}

static long do_sendrecv(void *arg)
{
	struct call *c = arg;

	return ipc_sendrecv(c->comm, "x", 1, c->to, c->tag, c->buf,
			    sizeof(c->buf), c->match, c->timeout_ms, &c->st);
}

static bool wait_receives(const struct sockaddr_dipc *addr)
{
	return DT_WAIT_UNTIL(dt_port_receivers(addr->sdipc_port) == 1);
}

TEST(open_fails)
{
	struct sockaddr_dipc addr;
	struct ipc_comm *one, *two;

	ASSERT_EQ(0, ipc_addr_port(0xfff1, 0, &addr));
	ASSERT_EQ(0, ipc_comm_open(&addr, &one));
	EXPECT_EQ(-EADDRINUSE, ipc_comm_open(&addr, &two));
	EXPECT_EQ(0, ipc_comm_close(one));
	ASSERT_EQ(0, ipc_addr_mailbox("libipc_mpi.nobody", 0, &addr));
	EXPECT_EQ(-ENOENT, ipc_comm_open(&addr, &two));
	EXPECT_EQ(0, ipc_comm_close(NULL));
}

TEST_F(pair, standard_send_and_receive)
{
	struct ipc_status st;
	char buf[4];

	ASSERT_EQ(0, ipc_comm_send(self->a, "hello", 5, &self->at_b, 7, -1));
	memset(&st, 0x5a, sizeof(st));
	EXPECT_EQ(5, ipc_comm_recv(self->b, buf, sizeof(buf), NULL, -1, &st));
	EXPECT_EQ(0, memcmp(buf, "hell", 4));
	EXPECT_EQ(0, st.error);
	EXPECT_EQ(MSG_TRUNC, st.flags);
	EXPECT_EQ(5, st.len);
	EXPECT_EQ(7, st.tag);
	EXPECT_NE(0, st.id);
	EXPECT_EQ(0, st.priority);
	EXPECT_EQ(0, memcmp(&st.source, &self->at_a, sizeof(st.source)));
	EXPECT_EQ(0, st.reserved[3]);

	EXPECT_EQ(-EAGAIN, ipc_comm_recv(self->b, buf, 4, NULL, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, ipc_comm_recv(self->b, buf, 4, NULL, DT_SHORT_MS,
					    NULL));
}

TEST_F(pair, standard_send_waits_for_room_only)
{
	struct call c = { .comm = self->a, .to = &self->at_b, .timeout_ms = -1 };

	ASSERT_EQ(0, set_capacity(self->b, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, ipc_comm_send(self->a, "1", 1, &self->at_b, 0, -1));
	EXPECT_EQ(-EAGAIN, ipc_comm_send(self->a, "2", 1, &self->at_b, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_comm_send(self->a, "2", 1, &self->at_b, 0,
					    DT_SHORT_MS));
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_send, &c));
	ASSERT_TRUE(dt_wait_asleep(c.thread.tid, SYS_sendmsg));
	EXPECT_EQ('1', letter(self->b, 0));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
	EXPECT_EQ('s', letter(self->b, 0));
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));
}

TEST_F(pair, buffered_send_never_waits)
{
	int i;

	/* Nobody receives, and there is no room at all. */
	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, ipc_bsend(self->a, &"abcdefghij"[i], 1,
				       &self->at_b, i));
	EXPECT_EQ(-EAGAIN, ipc_comm_flush(self->a, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_comm_flush(self->a, DT_SHORT_MS));
	EXPECT_EQ(0, queued(&self->at_b));
	for (i = 0; i < 10; i++)
		EXPECT_EQ('a' + i, letter(self->b, i));
	EXPECT_EQ(0, ipc_comm_flush(self->a, -1));
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));
}

TEST_F(pair, buffered_sends_go_on_for_ever)
{
	int i;

	/* More than completions have room for, if nobody read them. */
	for (i = 0; i < 3 * DIPC_ASYNC_MAX; i++) {
		ASSERT_EQ(0, ipc_bsend(self->a, "x", 1, &self->at_b, 0));
		ASSERT_EQ('x', letter(self->b, 0));
	}
	EXPECT_EQ(0, ipc_comm_flush(self->a, -1));
}

TEST_F(pair, buffered_send_has_a_limit)
{
	int i, err;

	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	for (i = 0; i <= DIPC_ASYNC_MAX; i++) {
		err = ipc_bsend(self->a, "x", 1, &self->at_b, 0);
		if (err)
			break;
	}
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_EQ(DIPC_ASYNC_MAX, i);
	EXPECT_EQ('x', letter(self->b, 0));
	EXPECT_EQ(0, ipc_bsend(self->a, "x", 1, &self->at_b, 0));
}

TEST_F(pair, buffered_send_that_fails_is_told_by_flush)
{
	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_bsend(self->a, "x", 1, &self->at_b, 0));
	ipc_comm_close(self->b);
	self->b = NULL;
	EXPECT_EQ(-ECONNREFUSED, ipc_comm_flush(self->a, -1));
	EXPECT_EQ(0, ipc_comm_flush(self->a, -1));
	EXPECT_EQ(-ECONNREFUSED, ipc_bsend(self->a, "x", 1, &self->at_b, 0));
	EXPECT_EQ(0, ipc_comm_flush(self->a, 0));
}

TEST_F(pair, synchronous_send_waits_for_the_receive)
{
	struct call c = { .comm = self->a, .to = &self->at_b, .timeout_ms = -1 };

	EXPECT_EQ(-EAGAIN, ipc_ssend(self->a, "n", 1, &self->at_b, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_ssend(self->a, "n", 1, &self->at_b, 0,
					DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));

	/* There is room, it is queued, and yet it goes on waiting. */
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_ssend, &c));
	ASSERT_TRUE(DT_WAIT_UNTIL(queued(&self->at_b) == 1));
	ASSERT_TRUE(dt_wait_asleep(c.thread.tid, SYS_sendmsg));
	EXPECT_EQ('s', letter(self->b, 0));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
}

TEST_F(pair, synchronous_send_without_waiting)
{
	struct call c = { .comm = self->b, .timeout_ms = DT_LONG_MS };

	ASSERT_EQ(0, dt_thread_start(&c.thread, do_recv, &c));
	ASSERT_TRUE(wait_receives(&self->at_b));
	EXPECT_EQ(0, ipc_ssend(self->a, "n", 1, &self->at_b, 3, 0));
	EXPECT_EQ(1, dt_thread_join(&c.thread));
	EXPECT_EQ(3, c.st.tag);
}

TEST_F(pair, signal_interrupts)
{
	struct ipc_request *req;
	char buf[8];

	dt_count_signal(SIGALRM, 0);
	ASSERT_EQ(0, ipc_irecv(self->a, buf, sizeof(buf), TAG(1), &req));
	dt_tick(DT_SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_wait(&req, -1, NULL));
	EXPECT_EQ(-EINTR, ipc_comm_recv(self->a, buf, sizeof(buf), NULL, -1,
					NULL));
	EXPECT_EQ(-EINTR, ipc_sendrecv(self->a, "x", 1, &self->at_b, 0, buf,
				       sizeof(buf), NULL, -1, NULL));
	EXPECT_EQ(-EINTR, ipc_ssend(self->b, "x", 1, &self->at_a, 0, -1));
	dt_tick(0);
	EXPECT_NE(NULL, req);
	EXPECT_EQ(0, ipc_comm_send(self->b, "x", 1, &self->at_a, 1, -1));
	EXPECT_EQ(1, ipc_test(&req, NULL));
}

TEST_F(pair, isend_is_complete_when_it_is_queued)
{
	struct ipc_request *one = NULL, *two = NULL;
	struct ipc_status st;
	char text[] = "1";

	ASSERT_EQ(0, set_capacity(self->b, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_isend(self->a, text, 1, &self->at_b, 5, &one));
	text[0] = '2'; /* the buffer is free at once */
	ASSERT_EQ(0, ipc_isend(self->a, text, 1, &self->at_b, 5, &two));
	text[0] = '3';

	EXPECT_EQ(1, ipc_test(&one, &st));
	EXPECT_EQ(NULL, one);
	EXPECT_EQ(0, st.error);
	EXPECT_EQ(1, st.len);
	EXPECT_EQ(5, st.tag);
	EXPECT_EQ(DIPC_REASON_QUEUED, st.reason);
	EXPECT_EQ(0, memcmp(&st.source, &self->at_b, sizeof(st.source)));
	EXPECT_EQ(0, ipc_test(&two, &st));
	EXPECT_EQ(-ETIMEDOUT, ipc_wait(&two, DT_SHORT_MS, &st));
	EXPECT_NE(NULL, two);
	EXPECT_EQ('1', letter(self->b, 5));
	EXPECT_EQ(0, ipc_wait(&two, DT_LONG_MS, &st));
	EXPECT_EQ(0, st.error);
	EXPECT_EQ('2', letter(self->b, 5));

	/* What is no request any more is complete. */
	EXPECT_EQ(1, ipc_test(&two, &st));
	EXPECT_EQ(0, ipc_wait(&two, 0, &st));
	EXPECT_EQ(0, st.len);
}

TEST_F(pair, issend_is_complete_when_it_is_received)
{
	struct ipc_request *req;
	struct ipc_status st;

	ASSERT_EQ(0, ipc_issend(self->a, "x", 1, &self->at_b, 5, &req));
	EXPECT_EQ(1, queued(&self->at_b));
	EXPECT_EQ(0, ipc_test(&req, &st));
	EXPECT_EQ('x', letter(self->b, 5));
	EXPECT_EQ(0, ipc_wait(&req, DT_LONG_MS, &st));
	EXPECT_EQ(0, st.error);
	EXPECT_EQ(DIPC_REASON_TAKEN, st.reason);
}

TEST_F(pair, begun_sends_fail_now_or_later)
{
	struct ipc_request *req = (void *)1, *req2;
	struct sockaddr_dipc nobody;
	struct ipc_status st;

	ASSERT_EQ(0, ipc_addr_name("libipc_mpi.nobody", 0, &nobody));
	EXPECT_EQ(-ENOENT, ipc_isend(self->a, "x", 1, &nobody, 0, &req));
	EXPECT_EQ(-ENOENT, ipc_issend(self->a, "x", 1, &nobody, 0, &req));
	EXPECT_EQ(-ENOTCONN, ipc_isend(self->a, "x", 1, NULL, 0, &req));
	EXPECT_EQ((void *)1, req);
	EXPECT_EQ(-ENOENT, ipc_bsend(self->a, "x", 1, &nobody, 0));
	EXPECT_EQ(-ENOENT, ipc_ssend(self->a, "x", 1, &nobody, 0, -1));
	EXPECT_EQ(-ENOENT, ipc_comm_send(self->a, "x", 1, &nobody, 0, -1));
	EXPECT_EQ(-ENOENT, ipc_sendrecv(self->a, "x", 1, &nobody, 0, NULL, 0,
					NULL, -1, NULL));

	ASSERT_EQ(0, ipc_issend(self->a, "x", 1, &self->at_b, 0, &req));
	ASSERT_EQ(0, ipc_issend(self->a, "x", 1, &self->at_b, 0, &req2));
	ipc_comm_close(self->b);
	self->b = NULL;
	EXPECT_EQ(0, ipc_wait(&req, DT_LONG_MS, &st));
	EXPECT_EQ(-ECONNREFUSED, st.error);
	EXPECT_EQ(0, ipc_wait(&req2, DT_LONG_MS, NULL));
}

TEST_F(pair, refusal_completes_a_request)
{
	struct ipc_request *req;
	struct ipc_status st;

	ASSERT_EQ(0, set_capacity(self->b, 1, DIPC_POLICY_DROP_OLDEST));
	ASSERT_EQ(0, ipc_issend(self->a, "1", 1, &self->at_b, 0, &req));
	ASSERT_EQ(0, ipc_comm_send(self->a, "2", 1, &self->at_b, 0, -1));
	EXPECT_EQ(0, ipc_wait(&req, DT_LONG_MS, &st));
	EXPECT_EQ(-ENOBUFS, st.error);
	EXPECT_EQ('2', letter(self->b, 0));
}

/* Two that send to one another, each with a receive under way. */
static long do_crossing(void *arg)
{
	struct ipc_request *req;
	struct call *c = arg;
	int err;

	err = ipc_irecv(c->comm, c->buf, sizeof(c->buf), NULL, &req);
	if (!err)
		err = ipc_ssend(c->comm, "s", 1, c->to, 0, DT_LONG_MS);
	if (!err)
		err = ipc_wait(&req, DT_LONG_MS, &c->st);
	return err ? err : c->st.error;
}

TEST_F(pair, sends_go_on_beside_receives)
{
	struct call a = { .comm = self->a, .to = &self->at_b };
	struct call b = { .comm = self->b, .to = &self->at_a };

	ASSERT_EQ(0, set_capacity(self->a, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_thread_start(&a.thread, do_crossing, &a));
	ASSERT_EQ(0, dt_thread_start(&b.thread, do_crossing, &b));
	EXPECT_EQ(0, dt_thread_join(&a.thread));
	EXPECT_EQ(0, dt_thread_join(&b.thread));
	EXPECT_EQ('s', a.buf[0]);
	EXPECT_EQ('s', b.buf[0]);
}

TEST_F(pair, send_beside_a_receive_has_its_time_limit)
{
	struct ipc_request *req;
	char buf[8];

	ASSERT_EQ(0, ipc_irecv(self->a, buf, 8, NULL, &req));
	EXPECT_EQ(-ETIMEDOUT, ipc_ssend(self->a, "x", 1, &self->at_b, 0,
					DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));
	EXPECT_EQ(-EAGAIN, ipc_ssend(self->a, "x", 1, &self->at_b, 0, 0));
	EXPECT_EQ(0, ipc_comm_send(self->a, "x", 1, &self->at_b, 0,
				   DT_LONG_MS));
	EXPECT_EQ('x', letter(self->b, 0));
}

/*
 * Send and receive
 */

TEST_F(pair, sendrecv_crosses)
{
	struct call a = {
		.comm = self->a, .to = &self->at_b, .tag = 1, .match = TAG(2),
		.timeout_ms = DT_LONG_MS,
	};
	struct call b = {
		.comm = self->b, .to = &self->at_a, .tag = 2, .match = TAG(1),
		.timeout_ms = DT_LONG_MS,
	};

	/* Neither has room; both wait for the other. */
	ASSERT_EQ(0, set_capacity(self->a, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_thread_start(&a.thread, do_sendrecv, &a));
	ASSERT_EQ(0, dt_thread_start(&b.thread, do_sendrecv, &b));
	EXPECT_EQ(1, dt_thread_join(&a.thread));
	EXPECT_EQ(1, dt_thread_join(&b.thread));
	EXPECT_EQ(2, a.st.tag);
	EXPECT_EQ(1, b.st.tag);
	EXPECT_EQ('x', a.buf[0]);
}

TEST_F(pair, sendrecv_waits_for_the_answer)
{
	struct call c = {
		.comm = self->a, .to = &self->at_b, .timeout_ms = DT_LONG_MS,
	};
	struct ipc_request *any;
	struct ipc_status st;
	char buf[8], other[8];

	/* A receive of anything does not get the answer. */
	ASSERT_EQ(0, ipc_irecv(self->a, other, 8, NULL, &any));
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_sendrecv, &c));
	ASSERT_EQ(1, ipc_comm_recv(self->b, buf, 8, NULL, DT_LONG_MS, &st));
	EXPECT_EQ(0, st.tag & IPC_TAG_ANSWER);
	ASSERT_EQ(0, ipc_comm_send(self->b, "no", 2, &st.source, st.tag, -1));
	ASSERT_EQ(0, ipc_comm_send(self->b, "yes", 3, &st.source,
				   st.tag | IPC_TAG_ANSWER, -1));
	EXPECT_EQ(3, dt_thread_join(&c.thread));
	EXPECT_EQ(0, memcmp(c.buf, "yes", 3));
	EXPECT_EQ(st.tag | IPC_TAG_ANSWER, c.st.tag);
	EXPECT_EQ(1, ipc_test(&any, &st));
	EXPECT_EQ(2, st.len);
}

TEST_F(pair, sendrecv_fails)
{
	struct call c = {
		.comm = self->a, .to = &self->at_b, .timeout_ms = DT_LONG_MS,
	};
	struct ipc_status st;
	char buf[8];

	EXPECT_EQ(-EINVAL, ipc_sendrecv(self->a, "x", 1, &self->at_b, 1, buf, 8,
					NULL, -1, NULL));
	EXPECT_EQ(-EINVAL, ipc_sendrecv(self->a, "x", 1, &self->at_b, 0, buf, 8,
					NULL, 0, NULL));

	/* Nobody took it in time, so nobody will, when its own is over, too. */
	EXPECT_EQ(-ETIMEDOUT, ipc_sendrecv(self->a, "x", 1, &self->at_b, 0, buf,
					   8, NULL, DT_SHORT_MS, NULL));
	ASSERT_TRUE(DT_WAIT_UNTIL(!queued(&self->at_b)));
	EXPECT_EQ(-EAGAIN, ipc_comm_recv(self->b, buf, 8, NULL, 0, NULL));

	/* A late answer is that of no other question. */
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_sendrecv, &c));
	ASSERT_EQ(1, ipc_comm_recv(self->b, buf, 8, NULL, DT_LONG_MS, &st));
	ASSERT_EQ(0, ipc_comm_send(self->b, "old", 3, &st.source,
				   (st.tag - 1) | IPC_TAG_ANSWER, -1));
	ASSERT_EQ(0, ipc_comm_send(self->b, "new", 3, &st.source,
				   st.tag | IPC_TAG_ANSWER, -1));
	EXPECT_EQ(3, dt_thread_join(&c.thread));
	EXPECT_EQ('n', c.buf[0]);

	/* The other goes away with the question still in its queue. */
	ASSERT_EQ(0, set_capacity(self->b, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_sendrecv, &c));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_senders(self->at_b.sdipc_port) == 1));
	ipc_comm_close(self->b);
	self->b = NULL;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&c.thread));
}

TEST_HARNESS_MAIN
