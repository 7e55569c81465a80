// SPDX-License-Identifier: GPL-2.0
/*
 * Calls at the edges of what is promised: what a retry may use and as whom it
 * is sent, what comes too late, who is not to wait, who has slept since before
 * there were calls.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "scm.h"

static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie = 1000;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

static int set_sndbuf(int fd, int size)
{
	return DT_ERR(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size)));
}

TEST_F(calls, vector_of_one_piece)
{
	char a[4] = "";
	struct iovec out = { "abc", 3 }, in = { a, 3 };
	struct dipc_request r = { 0 };

	EXPECT_EQ(3, OP(self->client, .op = DIPC_OP_CALL_START,
			.flags = DIPC_OP_OUT_VEC, .out = PTR(&out),
			.out_len = 1, .reply_max = 100));
	EXPECT_EQ(3, OP(self->server, .op = DIPC_OP_RECV,
			.flags = DIPC_OP_IN_VEC, .in = PTR(&in), .in_len = 1,
			.info = PTR(&r)));
	EXPECT_STREQ("abc", a);
}

/* Whoever gives up does not get what comes too late. */
TEST_F(calls, late_reply_brings_no_descriptors)
{
	struct pollfd p = { .fd = self->client, .events = POLLIN };
	struct scm_pipe late = scm_pipe();
	struct calls_got got;
	struct calls_end end;
	long ms;

	/* It is to be taken in time, however slow all is. */
	for (ms = DT_SHORT_MS; ; ms *= 4) {
		ASSERT_EQ(1, calls_start(FORM, self->client, "a",
					 WITH(.deadline_ns = ms * MS)));
		got = TAKE(self->server);
		if (got.ret >= 0)
			break;
		ASSERT_GT(DT_LONG_MS, ms);
		ASSERT_EQ(-ETIMEDOUT, calls_finish(BY_MSG, self->client, 0).ret);
	}
	ASSERT_NE(0, got.r.handle);
	ASSERT_EQ(1, poll(&p, 1, DT_LONG_MS));
	EXPECT_EQ(-EPIPE, calls_reply_fd(self->server, got.r.handle, "no",
					 late.wr));
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	EXPECT_EQ(-ETIMEDOUT, end.ret);
	EXPECT_EQ(0, end.n_fds);
	EXPECT_TRUE(scm_pipe_end(&late));
}

static long drop_then_reply(void *arg)
{
	int fd = (long)arg;
	struct calls_got got = calls_recv(BY_OP, fd, 0);

	calls_drop(BY_OP, fd, got.r.handle);
	got = calls_recv(BY_OP, fd, 0);
	if (got.ret < 0)
		return got.ret;
	calls_reply(BY_OP, fd, got.r.handle, "ok");
	return got.r.attempt;
}

/* A call has room for itself once; that is enough for all its tries. */
TEST_F(calls, retry_has_the_room_of_the_try_before)
{
	struct calls_client c;
	struct dt_thread server;

	ASSERT_EQ(0, set_sndbuf(self->client, 1));
	ASSERT_EQ(0, dt_thread_start(&server, drop_then_reply,
				     (void *)(long)self->server));
	ASSERT_EQ(0, calls_client_start(&c, FORM, self->client, "a",
					WITH(.semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("ok", c.end.text);
	EXPECT_EQ(2, dt_thread_join(&server));
}

struct asker {
	int fd;
	uid_t uid;
};

static long ask_as(void *arg)
{
	struct asker *a = arg;
	int err = become(a->uid);

	return err ? err : calls_start(BY_OP, a->fd, "a",
				       WITH(.semantics = DIPC_AT_LEAST_ONCE));
}

/* A retry is of who has asked, not of who happens to receive. */
TEST_F(calls, retry_is_of_who_has_asked)
{
	struct asker a = { .fd = self->client, .uid = DT_SOMEBODY };
	struct dt_thread asker;
	struct calls_got got = { 0 };

	ASSERT_EQ(0, dt_thread_start(&asker, ask_as, &a));
	ASSERT_EQ(1, dt_thread_join(&asker));
	got = TAKE(self->server);
	ASSERT_EQ(DT_SOMEBODY, got.r.uid);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	EXPECT_TRUE(DT_WAIT_UNTIL(ENDED(self->client).ret == -EAGAIN &&
				  (got = TAKE(self->server)).ret == 1));
	EXPECT_EQ(2, got.r.attempt);
	EXPECT_EQ(DT_SOMEBODY, got.r.uid);
}

static long peek_for_ever(void *arg)
{
	char text[8];

	return DT_ERR(recv((long)arg, text, sizeof(text), MSG_PEEK));
}

TEST_F(calls, first_call_reaches_who_peeks_already)
{
	struct dt_thread peeker;
	struct calls_got got;

	ASSERT_EQ(0, dt_thread_start(&peeker, peek_for_ever,
				     (void *)(long)self->client));
	ASSERT_TRUE(dt_wait_asleep(peeker.tid, SYS_recvfrom));
	ASSERT_EQ(1, start(self, FORM, "a"));
	got = TAKE(self->server);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&peeker));
}

/* Who does not wait has the same place as who does, if there is one. */
TEST_F(calls, call_that_is_not_to_wait_displaces_the_oldest)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_set_capacity(self->server, 1,
				     DIPC_POLICY_DROP_OLDEST));
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));
	ASSERT_EQ(0, calls_client_start(&c, FORM, self->client, "a",
					WITH(.dontwait = true)));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
}

/* Somebody has had it, so that it may have been executed. */
TEST_F(calls, dismissed_after_it_was_forwarded_is_a_reset)
{
	struct sockaddr_dipc any = dt_any(), to;
	int next = calls_server(SOCK_RDM, &any);
	struct calls_end end;

	ASSERT_EQ(0, dt_set_capacity(next, 1, DIPC_POLICY_WAIT));
	to = dt_port_of(next);
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, &to));
	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	ASSERT_EQ(0, dt_set_capacity(next, 1, DIPC_POLICY_REFUSE));
	end = ENDED(self->client);
	EXPECT_EQ(-ECONNRESET, end.ret);
	close(next);
}

TEST_F(calls, end_of_a_link_is_no_request)
{
	struct dipc_request r = { .handle = 7 };
	int pair[2];
	char text[8];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, pair));
	close(pair[1]);
	EXPECT_EQ(0, OP(pair[0], .op = DIPC_OP_RECV, .in = PTR(text),
			.in_len = sizeof(text), .info = PTR(&r)));
	EXPECT_EQ(0, r.handle);
	close(pair[0]);
}

TEST_HARNESS_MAIN
