// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: the requests of communicators (<ipc/comm.h>): who
 * gets which message, waiting for one or several, and how they end.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include <ipc/libipc.h>

#include "comm.h"

static long do_wait(void *arg)
{
	struct call *c = arg;

	return ipc_wait(c->req, c->timeout_ms, &c->st);
}

/* Each message goes to the first that it matches, whatever is asked first. */
TEST_F(pair, irecv_order)
{
	struct ipc_request *any, *one, *late;
	struct ipc_status st;
	char b_any[8] = "", b_one[8] = "", b_late[8] = "";

	ASSERT_EQ(0, ipc_irecv(self->b, b_any, 8, NULL, &any));
	ASSERT_EQ(0, ipc_irecv(self->b, b_one, 8, TAG(1), &one));
	ASSERT_EQ(0, ipc_irecv(self->b, b_late, 8, NULL, &late));
	EXPECT_EQ(0, ipc_test(&any, NULL));

	ASSERT_EQ(0, ipc_comm_send(self->a, "p", 1, &self->at_b, 1, -1));
	EXPECT_EQ(0, ipc_test(&one, NULL));
	EXPECT_EQ('p', b_any[0]);
	ASSERT_EQ(0, ipc_comm_send(self->a, "q", 1, &self->at_b, 2, -1));
	EXPECT_EQ(0, ipc_test(&one, NULL));
	EXPECT_EQ('q', b_late[0]);
	ASSERT_EQ(0, ipc_comm_send(self->a, "r", 1, &self->at_b, 1, -1));
	EXPECT_EQ(0, ipc_wait(&one, DT_LONG_MS, &st));
	EXPECT_EQ('r', b_one[0]);
	EXPECT_EQ(1, st.tag);
	EXPECT_EQ(1, ipc_test(&late, &st));
	EXPECT_EQ(2, st.tag);
	EXPECT_EQ(1, ipc_test(&any, &st));
	EXPECT_EQ(1, st.tag);
	EXPECT_EQ(NULL, any);
}

/* The same where all messages are there before. */
TEST_F(pair, irecv_order_of_what_is_there)
{
	struct ipc_request *reqs[4];
	struct ipc_status st[4];
	char buf[4][8] = { "" };
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, ipc_comm_send(self->a, &"abcd"[i], 1, &self->at_b,
					   "\2\1\3\1"[i], -1));
	ASSERT_EQ(0, ipc_irecv(self->b, buf[0], 8, TAG(1), &reqs[0]));
	ASSERT_EQ(0, ipc_irecv(self->b, buf[1], 8, NULL, &reqs[1]));
	ASSERT_EQ(0, ipc_irecv(self->b, buf[2], 8, TAG(1), &reqs[2]));
	ASSERT_EQ(0, ipc_irecv(self->b, buf[3], 8, NULL, &reqs[3]));
	EXPECT_EQ(0, ipc_waitall(reqs, 4, DT_LONG_MS, st));
	EXPECT_EQ('b', buf[0][0]);
	EXPECT_EQ('a', buf[1][0]);
	EXPECT_EQ('d', buf[2][0]);
	EXPECT_EQ('c', buf[3][0]);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(NULL, reqs[i]);
		EXPECT_EQ("\1\2\1\3"[i], st[i].tag);
	}
}

TEST_F(pair, receive_comes_after_those_begun_before)
{
	struct ipc_request *req;
	char buf[8];

	ASSERT_EQ(0, ipc_irecv(self->b, buf, 8, TAG(1), &req));
	ASSERT_EQ(0, ipc_comm_send(self->a, "p", 1, &self->at_b, 1, -1));
	ASSERT_EQ(0, ipc_comm_send(self->a, "q", 1, &self->at_b, 1, -1));
	EXPECT_EQ('q', letter(self->b, 1));
	EXPECT_EQ('p', buf[0]);
	EXPECT_EQ(1, ipc_test(&req, NULL));
}

TEST_F(pair, irecv_by_source)
{
	struct dipc_match from_a = { .port = self->at_a.sdipc_port };
	struct ipc_request *req;
	struct ipc_comm *c;
	char buf[8];

	ASSERT_EQ(0, ipc_comm_open(NULL, &c));
	ASSERT_EQ(0, ipc_irecv(self->b, buf, 8, &from_a, &req));
	ASSERT_EQ(0, ipc_comm_send(c, "c", 1, &self->at_b, 0, -1));
	EXPECT_EQ(0, ipc_test(&req, NULL));
	ASSERT_EQ(0, ipc_comm_send(self->a, "a", 1, &self->at_b, 0, -1));
	EXPECT_EQ(1, ipc_test(&req, NULL));
	EXPECT_EQ('a', buf[0]);
	EXPECT_EQ('c', letter(self->b, 0));
	ipc_comm_close(c);
}

/* A receive that waits does not overlook what those before it have got. */
TEST_F(pair, wait_carries_on_the_others)
{
	struct ipc_request *one, *two;
	struct call c = { .comm = self->b, .req = &two, .timeout_ms = DT_LONG_MS };
	char b1[8], b2[8];

	ASSERT_EQ(0, ipc_irecv(self->b, b1, 8, TAG(1), &one));
	ASSERT_EQ(0, ipc_irecv(self->b, b2, 8, TAG(2), &two));
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_wait, &c));
	/* Would wait for ever if the other did not take the first. */
	EXPECT_EQ(0, ipc_ssend(self->a, "1", 1, &self->at_b, 1, DT_LONG_MS));
	EXPECT_EQ(0, ipc_ssend(self->a, "2", 1, &self->at_b, 2, DT_LONG_MS));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
	EXPECT_EQ('2', b2[0]);
	EXPECT_EQ(1, ipc_test(&one, NULL));
	EXPECT_EQ('1', b1[0]);
}

static long do_waitany(void *arg)
{
	struct call *c = arg;

	return ipc_waitany(c->req, 3, c->timeout_ms, &c->st);
}

/* A message that nobody wants must not keep others from being seen. */
TEST_F(pair, waitany_beside_a_stranger)
{
	struct ipc_request *reqs[3] = { NULL };
	struct call c = { .comm = self->b, .req = reqs, .timeout_ms = DT_LONG_MS };
	char b1[8], b2[8];

	ASSERT_EQ(0, ipc_irecv(self->b, b1, 8, TAG(1), &reqs[0]));
	ASSERT_EQ(0, ipc_irecv(self->b, b2, 8, TAG(2), &reqs[2]));
	ASSERT_EQ(0, ipc_comm_send(self->a, "3", 1, &self->at_b, 3, -1));
	EXPECT_EQ(-EAGAIN, ipc_waitany(reqs, 3, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, ipc_waitany(reqs, 3, DT_SHORT_MS, NULL));
	ASSERT_EQ(0, dt_thread_start(&c.thread, do_waitany, &c));
	ASSERT_TRUE(dt_wait_asleep(c.thread.tid, SYS_poll));
	ASSERT_EQ(0, ipc_comm_send(self->a, "2", 1, &self->at_b, 2, -1));
	EXPECT_EQ(2, dt_thread_join(&c.thread));
	EXPECT_EQ(2, c.st.tag);
	EXPECT_EQ(NULL, reqs[2]);
	EXPECT_NE(NULL, reqs[0]);
	EXPECT_EQ('3', letter(self->b, 3));
}

TEST_F(pair, wait_for_several_fails)
{
	struct ipc_request *reqs[2] = { NULL };
	struct ipc_status st[2];
	char b1[8], b2[8];

	EXPECT_EQ(-EINVAL, ipc_waitany(reqs, 2, -1, NULL));
	EXPECT_EQ(-EINVAL, ipc_waitany(reqs, 0, -1, NULL));
	EXPECT_EQ(0, ipc_waitall(reqs, 2, -1, NULL));
	ASSERT_EQ(0, ipc_irecv(self->a, b1, 8, NULL, &reqs[0]));
	ASSERT_EQ(0, ipc_irecv(self->b, b2, 8, NULL, &reqs[1]));
	EXPECT_EQ(-EINVAL, ipc_waitany(reqs, 2, -1, NULL));
	EXPECT_EQ(-EINVAL, ipc_waitall(reqs, 2, -1, NULL));

	/* Those that are complete are freed, the others stay. */
	ASSERT_EQ(0, ipc_cancel(reqs[0]));
	ASSERT_EQ(0, ipc_wait(&reqs[0], 0, NULL));
	ASSERT_EQ(0, ipc_irecv(self->b, b1, 8, TAG(9), &reqs[0]));
	ASSERT_EQ(0, ipc_comm_send(self->a, "x", 1, &self->at_b, 0, -1));
	st[0].error = 77;
	EXPECT_EQ(-EAGAIN, ipc_waitall(reqs, 2, 0, st));
	EXPECT_EQ(NULL, reqs[1]);
	EXPECT_NE(NULL, reqs[0]);
	EXPECT_EQ(0, st[1].error);
	EXPECT_EQ(1, st[1].len);
	EXPECT_EQ(77, st[0].error);
	EXPECT_EQ(-ETIMEDOUT, ipc_waitall(reqs, 2, DT_SHORT_MS, st));
}

/*
 * The ends of requests
 */

TEST_F(pair, cancel)
{
	struct ipc_request *one, *two, *sent;
	struct ipc_status st;
	char b1[8] = "", b2[8] = "";

	ASSERT_EQ(0, ipc_irecv(self->b, b1, 8, NULL, &one));
	ASSERT_EQ(0, ipc_irecv(self->b, b2, 8, NULL, &two));
	ASSERT_EQ(0, ipc_issend(self->a, "x", 1, &self->at_b, 0, &sent));
	EXPECT_EQ(-EOPNOTSUPP, ipc_cancel(sent));
	EXPECT_EQ(0, ipc_cancel(one));
	EXPECT_EQ(-EALREADY, ipc_cancel(one));
	EXPECT_EQ(1, ipc_test(&two, &st));
	EXPECT_EQ('x', b2[0]);
	EXPECT_EQ(0, ipc_wait(&one, 0, &st));
	EXPECT_EQ(-ECANCELED, st.error);
	EXPECT_EQ('\0', b1[0]);
	EXPECT_EQ(0, ipc_wait(&sent, DT_LONG_MS, &st));
	EXPECT_EQ(0, st.error);

	ASSERT_EQ(0, ipc_irecv(self->b, b1, 8, NULL, &one));
	ASSERT_EQ(0, ipc_comm_send(self->a, "y", 1, &self->at_b, 0, -1));
	EXPECT_EQ(-EAGAIN, ipc_comm_recv(self->b, b2, 8, NULL, 0, NULL));
	EXPECT_EQ(-EALREADY, ipc_cancel(one));
	EXPECT_EQ(1, ipc_test(&one, &st));
	EXPECT_EQ(0, st.error);
}

TEST_F(pair, bad_buffer_takes_nothing)
{
	struct ipc_request *req;
	struct ipc_status st;

	ASSERT_EQ(0, ipc_irecv(self->b, (void *)1, 8, NULL, &req));
	ASSERT_EQ(0, ipc_comm_send(self->a, "x", 1, &self->at_b, 0, -1));
	EXPECT_EQ(0, ipc_wait(&req, DT_LONG_MS, &st));
	EXPECT_EQ(-EFAULT, st.error);
	EXPECT_EQ('x', letter(self->b, 0));
}

TEST_F(pair, bad_match_fails_the_request)
{
	struct dipc_match bad = { .reserved = { 1 } };
	struct ipc_request *req;
	struct ipc_status st;
	char buf[8];

	ASSERT_EQ(0, ipc_irecv(self->b, buf, 8, &bad, &req));
	EXPECT_EQ(0, ipc_wait(&req, DT_LONG_MS, &st));
	EXPECT_EQ(-EINVAL, st.error);
	EXPECT_EQ(-EINVAL, ipc_comm_recv(self->b, buf, 8, &bad, 0, NULL));
}

TEST_F(pair, close_ends_all_requests)
{
	struct ipc_request *req;
	char buf[8];
	int i;

	/* Room for one, and that one is in a queue: it has been sent. */
	ASSERT_EQ(0, set_capacity(self->b, 1, DIPC_POLICY_WAIT));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, ipc_irecv(self->a, buf, 8, NULL, &req));
		ASSERT_EQ(0, ipc_isend(self->a, &"12345"[i], 1, &self->at_b, 0,
				       &req));
		ASSERT_EQ(0, ipc_bsend(self->a, &"12345"[i], 1, &self->at_b, 0));
	}
	ASSERT_EQ(0, ipc_comm_close(self->a));
	self->a = NULL;
	EXPECT_EQ('1', letter(self->b, 0));
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));
}

TEST_F(pair, close_withdraws_what_is_not_received)
{
	struct ipc_request *req;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, ipc_issend(self->a, &"12345"[i], 1, &self->at_b, 0,
					&req));
	EXPECT_EQ(5, queued(&self->at_b));
	EXPECT_EQ('1', letter(self->b, 0));
	ASSERT_EQ(0, ipc_comm_close(self->a));
	self->a = NULL;
	EXPECT_EQ(-EAGAIN, letter(self->b, 0));
	EXPECT_EQ(0, queued(&self->at_b));
}

TEST_F(pair, mailbox_that_goes_fails_its_receives)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_request *reqs[2];
	struct ipc_status st[2];
	struct sockaddr_dipc addr;
	struct ipc_comm *comm;
	char b1[8], b2[8];

	dt_unique(name, "libipc_mpi");
	ASSERT_EQ(0, ipc_mailbox_create(name, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(name, 0, &addr));
	ASSERT_EQ(0, ipc_comm_open(&addr, &comm));
	ASSERT_EQ(0, ipc_irecv(comm, b1, 8, TAG(1), &reqs[0]));
	ASSERT_EQ(0, ipc_irecv(comm, b2, 8, NULL, &reqs[1]));
	ASSERT_EQ(0, ipc_comm_send(self->a, "x", 1, &addr, 1, -1));
	EXPECT_EQ(1, ipc_test(&reqs[0], &st[0]));
	EXPECT_EQ('x', b1[0]);
	ASSERT_EQ(0, ipc_irecv(comm, b1, 8, TAG(1), &reqs[0]));
	ASSERT_EQ(0, ipc_mailbox_delete(name));
	EXPECT_EQ(0, ipc_waitall(reqs, 2, DT_LONG_MS, st));
	EXPECT_EQ(-EIDRM, st[0].error);
	EXPECT_EQ(-EIDRM, st[1].error);
	ipc_comm_close(comm);
}

#define ROUNDS	500

/* Alternately with the tags 1 and 2, numbered. */
static long send_rounds(void *arg)
{
	struct call *c = arg;
	int i, err = 0;

	for (i = 0; i < 2 * ROUNDS && !err; i++)
		err = ipc_comm_send(c->comm, &i, sizeof(i), c->to, 1 + i % 2,
				    DT_LONG_MS);
	return err;
}

/* What comes between two looks does not get to the wrong one. */
static int receive_rounds(struct ipc_comm *comm,
			  const struct dipc_match *first,
			  const struct dipc_match *second)
{
	struct ipc_request *reqs[2];
	int got[2], i, err, wrong = 0;

	for (i = 0; i < ROUNDS; i++) {
		err = ipc_irecv(comm, &got[0], sizeof(int), first, &reqs[0]);
		if (!err)
			err = ipc_irecv(comm, &got[1], sizeof(int), second,
					&reqs[1]);
		if (!err)
			err = ipc_waitall(reqs, 2, DT_LONG_MS, NULL);
		if (err)
			return err;
		wrong += got[0] != 2 * i || got[1] != 2 * i + 1;
	}
	return wrong;
}

TEST_F(pair, order_holds_while_messages_come)
{
	struct call c = { .comm = self->a, .to = &self->at_b };

	ASSERT_EQ(0, dt_thread_start(&c.thread, send_rounds, &c));
	EXPECT_EQ(0, receive_rounds(self->b, TAG(1), NULL));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
	ASSERT_EQ(0, dt_thread_start(&c.thread, send_rounds, &c));
	EXPECT_EQ(0, receive_rounds(self->b, NULL, TAG(2)));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
	ASSERT_EQ(0, dt_thread_start(&c.thread, send_rounds, &c));
	EXPECT_EQ(0, receive_rounds(self->b, NULL, NULL));
	EXPECT_EQ(0, dt_thread_join(&c.thread));
}

/* Many at once, in both directions, against a queue that is often full. */
TEST_F(pair, many_requests)
{
	enum { N = 100 };
	struct ipc_request *sends[N], *recvs[N];
	struct ipc_status st[N];
	int got[N], i;

	ASSERT_EQ(0, set_capacity(self->b, 3, DIPC_POLICY_WAIT));
	for (i = 0; i < N; i++) {
		got[i] = -1;
		ASSERT_EQ(0, ipc_irecv(self->b, &got[i], sizeof(int),
				       i % 3 ? TAG(i % 3) : NULL, &recvs[i]));
	}
	for (i = 0; i < N; i++) {
		ASSERT_EQ(0, ipc_isend(self->a, &i, sizeof(i), &self->at_b,
				       i % 3, &sends[i]));
	}
	EXPECT_EQ(0, ipc_waitall(recvs, N, DT_LONG_MS, NULL));
	EXPECT_EQ(0, ipc_waitall(sends, N, DT_LONG_MS, st));
	for (i = 0; i < N; i++) {
		EXPECT_EQ(0, st[i].error);
		EXPECT_EQ(i, got[i]);
	}
}

TEST_HARNESS_MAIN
