// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and full queues: a request needs room as a message does, and what the
 * policy of the queue, a change of its limits, a purge or its end does to one
 * is told to the client. Requests in a priority queue, and calls to a queue
 * without a buffer.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"

static long start(const env *e, enum calls_form form, const char *text,
		  uint64_t cookie)
{
	return calls_start(form, e->client, text, WITH(.cookie = cookie));
}

static bool has_failed(const env *e, enum calls_form form, uint64_t cookie,
		       int error, int reason)
{
	struct calls_end end = calls_finish(form, e->client, MSG_DONTWAIT);

	return end.ret == -error && end.outcome.cookie == cookie &&
	       end.outcome.error == error && end.outcome.reason == reason;
}

/* A mailbox to which the client is connected, instead of the server. */
static int make_box(env *e, const struct dt_mailbox_conf *conf)
{
	struct sockaddr_dipc box = dt_mailbox(e->name);
	int err = dt_mailbox_new(e->name, conf);

	return err ? err : dt_connect(e->client, &box);
}

TEST_F(calls, request_stands_in_line_for_room)
{
	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_EQ(1, start(self, FORM, "c", 3));
	EXPECT_EQ(1, dt_port_queued(self->to.sdipc_port));
	EXPECT_EQ(2, dt_port_senders(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_STREQ("a", TAKE(self->server).text);
	EXPECT_STREQ("b", TAKE(self->server).text);
	EXPECT_STREQ("c", TAKE(self->server).text);
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
}

TEST_F(calls, call_that_waits_sleeps_in_line_and_for_the_reply)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "b", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(1, dt_port_senders(self->to.sdipc_port));
	EXPECT_STREQ("a", TAKE(self->server).text);
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
	got = TAKE(self->server);
	EXPECT_STREQ("b", got.text);
	EXPECT_TRUE(calls_client_is_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
}

/* Not to wait is not to wait for room; the reply is waited for. */
TEST_F(calls, call_that_is_not_to_wait_for_room)
{
	struct calls_client c;
	char text[8];

	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "a",
					WITH(.dontwait = true)));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(-EAGAIN, OP(self->client, .op = DIPC_OP_CALL,
			      .flags = DIPC_OP_DONTWAIT, .in = PTR(text),
			      .in_len = 8));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

TEST_F(calls, refusal_is_known_at_once)
{
	char text[8];

	for (int policy = DIPC_POLICY_REFUSE; policy <= DIPC_POLICY_DROP_NEWEST;
	     policy++) {
		ASSERT_EQ(0, dt_set_capacity(self->server, 1, policy));
		EXPECT_EQ(1, start(self, FORM, "a", 1));
		EXPECT_EQ(-ENOBUFS, start(self, FORM, "b", 2));
		EXPECT_EQ(-ENOBUFS, OP(self->client, .op = DIPC_OP_CALL,
				       .in = PTR(text), .in_len = 8));
		EXPECT_EQ(2, calls_reply(FORM, self->server,
					 TAKE(self->server).r.handle, "ok"));
		EXPECT_STREQ("ok", ENDED(self->client).text);
		EXPECT_EQ(NONE, ENDED(self->client).ret);
	}
}

/* What was pushed out was certainly not executed. */
TEST_F(calls, dropped_for_a_newer_one)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_set_capacity(self->server, 1,
				     DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_TRUE(has_failed(self, FORM, 1, ECONNREFUSED,
			       DIPC_REASON_DROP_OLDEST));
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "c", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_TRUE(has_failed(self, FORM, 2, ECONNREFUSED,
			       DIPC_REASON_DROP_OLDEST));
	EXPECT_EQ(1, put(self->client, 'm'));
	EXPECT_EQ(-ECONNREFUSED, calls_client_end(&c));
	EXPECT_STREQ("m", TAKE(self->server).text);
	EXPECT_EQ(3, calls_counted(&self->before, DIPC_REASON_DROP_OLDEST));
}

/* Server and client meet. */
TEST_F(calls, queue_without_a_buffer)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "b", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(2, dt_port_senders(self->to.sdipc_port));
	EXPECT_TRUE(is_readable(self->server));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "a!"));
	got = TAKE(self->server);
	EXPECT_STREQ("b", got.text);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "b!"));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("a!", ENDED(self->client).text);
}

/* Refused unless a server waits: then it is handed over. */
TEST_F(calls, queue_without_a_buffer_that_refuses)
{
	struct calls_echo echo;

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, start(self, FORM, "a", 1));
	ASSERT_EQ(0, calls_echo_start(&echo, FORM, self->server));
	ASSERT_TRUE(dt_wait_asleep(echo.thread.tid, FORM == BY_OP ? SYS_ioctl :
				   SYS_recvmsg));
	EXPECT_EQ(3, start(self, FORM, "end", 1));
	EXPECT_STREQ("END", calls_finish(FORM, self->client, 0).text);
	EXPECT_EQ(0, dt_thread_join(&echo.thread));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_HANDED));
}

TEST_F(calls, new_limits_are_told_to_who_is_in_line)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_REFUSE));
	EXPECT_TRUE(has_failed(self, FORM, 1, ENOBUFS, DIPC_REASON_REFUSED));

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	ASSERT_EQ(0, dt_get_conf(self->server, &conf));
	conf.msg_max_bytes = 0;
	ASSERT_EQ(0, dt_set_conf(self->server, &conf));
	EXPECT_TRUE(has_failed(self, FORM, 2, EMSGSIZE, DIPC_REASON_TOO_LONG));
}

TEST_F(calls, request_longer_than_the_queue_takes)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_get_conf(self->server, &conf));
	conf.msg_max_bytes = 3;
	ASSERT_EQ(0, dt_set_conf(self->server, &conf));
	EXPECT_EQ(-EMSGSIZE, start(self, FORM, "four", 1));
	EXPECT_EQ(3, start(self, FORM, "end", 1));
}

TEST_F(calls, purged_request_was_not_executed)
{
	ASSERT_EQ(0, make_box(self, DT_MAILBOX(.capacity_msgs = 2)));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	ASSERT_EQ(0, dt_mailbox_purge(self->name, NULL));
	EXPECT_TRUE(has_failed(self, FORM, 1, ECONNREFUSED,
			       DIPC_REASON_DROP_PURGED));
	EXPECT_TRUE(has_failed(self, FORM, 2, ECONNREFUSED,
			       DIPC_REASON_DROP_PURGED));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

/* In the mailbox and in line for it; what was taken is answered all the same. */
TEST_F(calls, deleted_mailbox)
{
	struct sockaddr_dipc box = dt_mailbox(self->name);
	struct calls_got got;
	int worker;

	ASSERT_EQ(0, make_box(self, DT_MAILBOX(.capacity_msgs = 1)));
	worker = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, worker);
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	got = TAKE(worker);
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_EQ(1, start(self, FORM, "c", 3));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (int i = 0; i < 2; i++) {
		struct calls_end end = ENDED(self->client);

		EXPECT_EQ(-ECONNREFUSED, end.ret);
		EXPECT_EQ(end.outcome.cookie == 2 ? DIPC_REASON_DROP_CLOSED :
						    DIPC_REASON_CLOSED,
			  end.outcome.reason);
	}
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, calls_reply(FORM, worker, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(worker);
}

TEST_F(calls, urgent_requests_come_first)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_get_conf(self->server, &conf));
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, dt_set_conf(self->server, &conf));
	EXPECT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.cookie = 1, .priority = 1)));
	EXPECT_EQ(1, put(self->client, 'm'));
	EXPECT_EQ(1, calls_start(FORM, self->client, "b",
				 WITH(.cookie = 2, .priority = 9)));
	EXPECT_EQ(1, calls_start(FORM, self->client, "c",
				 WITH(.cookie = 3, .priority = 9)));
	EXPECT_STREQ("b", TAKE(self->server).text);
	EXPECT_STREQ("c", TAKE(self->server).text);
	EXPECT_STREQ("a", TAKE(self->server).text);
	EXPECT_STREQ("m", TAKE(self->server).text);
}

/* The mode of the socket is about messages. */
TEST_F(calls, modes_make_no_difference)
{
	for (uint32_t mode = 0; mode <= DIPC_MODE_EXPLICIT; mode++) {
		ASSERT_EQ(0, setsockopt(self->client, SOL_DIPC, DIPC_MODE,
					&mode, sizeof(mode)));
		EXPECT_EQ(1, start(self, FORM, "a", mode));
		EXPECT_EQ(2, calls_reply(FORM, self->server,
					 TAKE(self->server).r.handle, "ok"));
		EXPECT_STREQ("ok", ENDED(self->client).text);
	}
}

TEST_HARNESS_MAIN
