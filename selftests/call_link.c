// SPDX-License-Identifier: GPL-2.0
/*
 * Calls over a link (SOCK_SEQPACKET): they need the way there only until the
 * request was taken, and none back; what shutdown(), the end of the other side
 * and a backlog mean for them. How they fail when the other end is killed is
 * in call_failure.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls.h"

FIXTURE(call_link)
{
	int client, server;
};

FIXTURE_VARIANT(call_link)
{
	enum calls_form form;
};

FIXTURE_VARIANT_ADD(call_link, op) { BY_OP };
FIXTURE_VARIANT_ADD(call_link, msg) { BY_MSG };

FIXTURE_SETUP(call_link)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				pair))
		TH_LOG("is the module loaded?");
	self->client = pair[0];
	self->server = pair[1];
	ASSERT_EQ(0, calls_take_calls(self->server));
}

FIXTURE_TEARDOWN(call_link)
{
	close(self->client);
	close(self->server);
}

#define FORM	(variant->form)

/* Only what has ended; the ioctl, which knows nothing of links. */
static struct calls_end ended(int fd)
{
	return calls_finish(BY_OP, fd, MSG_DONTWAIT);
}

static struct calls_got request(int fd)
{
	return calls_recv(BY_OP, fd, MSG_DONTWAIT);
}

TEST_F(call_link, requests_and_messages_share_the_way)
{
	struct calls_got got;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	EXPECT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));
	EXPECT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 2)));
	EXPECT_EQ(1, dt_send(self->server, "n", 1, 0, NULL));
	got = calls_recv(FORM, self->server, MSG_DONTWAIT);
	EXPECT_STREQ("a", got.text);
	EXPECT_EQ(1, calls_reply(FORM, self->server, got.r.handle, "A"));
	EXPECT_STREQ("m", calls_recv(FORM, self->server, MSG_DONTWAIT).text);
	EXPECT_STREQ("b", calls_recv(FORM, self->server, MSG_DONTWAIT).text);
	EXPECT_STREQ("A", calls_finish(BY_MSG, self->client,
				       MSG_DONTWAIT).text);
	EXPECT_EQ('n', take(self->client));
}

/* Whoever sends nothing more can still be replied to, and reply. */
TEST_F(call_link, shutdown_does_not_touch_what_was_taken)
{
	struct calls_got got;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	got = request(self->server);
	ASSERT_EQ(0, shutdown(self->client, SHUT_RDWR));
	ASSERT_EQ(0, shutdown(self->server, SHUT_RDWR));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ended(self->client).text);
}

TEST_F(call_link, request_that_was_sent_arrives_after_shutdown)
{
	struct calls_got got;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	got = request(self->server);
	EXPECT_STREQ("a", got.text);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ended(self->client).text);
	/* then there is nothing more: no request, and no record of one */
	got.r.handle = got.r.id = 77;
	EXPECT_EQ(0, OP(self->server, .op = DIPC_OP_RECV, .in = PTR(got.text),
			.in_len = 8, .info = PTR(&got.r)));
	EXPECT_EQ(0, got.r.handle);
	EXPECT_EQ(0, got.r.id);
}

TEST_F(call_link, no_calls_after_shutdown)
{
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	/* a message is EPIPE; of a call it is to be said that nobody saw it */
	EXPECT_EQ(-ECONNREFUSED, calls_start(FORM, self->client, "a", WITH()));
	EXPECT_EQ(-EPIPE, dt_send(self->client, "m", 1, MSG_NOSIGNAL, NULL));
	ASSERT_EQ(0, calls_take_calls(self->client));
	EXPECT_EQ(1, calls_start(FORM, self->server, "b", WITH()));
	EXPECT_STREQ("b", request(self->client).text);
}

/* Who sleeps for a reply does not sleep for the link. */
TEST_F(call_link, end_of_the_link_is_not_that_of_the_call)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "a", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	got = request(self->server);
	ASSERT_EQ(0, shutdown(self->server, SHUT_RDWR));
	EXPECT_TRUE(calls_client_is_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
}

/* The server's end of it is: what it held, and what it had not taken. */
TEST_F(call_link, close_ends_all)
{
	struct calls_end end;
	bool seen[3] = { false };

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, calls_start(FORM, self->client, "a",
					 WITH(.cookie = i)));
	EXPECT_NE(0, request(self->server).r.handle);
	close(self->server);
	self->server = -1;
	for (int i = 0; i < 3; i++) {
		end = calls_finish(FORM, self->client, MSG_DONTWAIT);
		ASSERT_GE(2, end.outcome.cookie);
		EXPECT_EQ(end.outcome.cookie ? -ECONNREFUSED : -ECONNRESET,
			  end.ret);
		seen[end.outcome.cookie] = true;
	}
	EXPECT_TRUE(seen[0] && seen[1] && seen[2]);
	EXPECT_EQ(-ENOENT, ended(self->client).ret);
	/* the link's own error, once, for what was not read */
	EXPECT_EQ(-ECONNRESET, take(self->client));
	EXPECT_NE(-ECONNRESET, take(self->client));
}

/* The address is that of the link, whatever is given. */
TEST_F(call_link, destination_makes_no_difference)
{
	struct sockaddr_dipc other = dt_port(1ULL << 31);

	EXPECT_EQ(1, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &other)));
	EXPECT_STREQ("a", request(self->server).text);
}

/* What came over a link goes on to wherever the server says. */
TEST_F(call_link, forwarded_from_a_link)
{
	struct sockaddr_dipc any = dt_any(), to, box;
	int next = calls_server(SOCK_RDM, &any), worker;
	char name[DIPC_NAME_MAX + 1];
	struct calls_got got;

	dt_unique(name, "call_link");
	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX()));
	box = dt_mailbox(name);
	worker = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, worker);
	to = dt_port_of(next);
	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	got = request(self->server);
	EXPECT_EQ(-EDESTADDRREQ, calls_forward(FORM, self->server,
					       got.r.handle, NULL));
	EXPECT_EQ(0, calls_forward(FORM, self->server, got.r.handle, &to));
	got = request(next);
	EXPECT_EQ(0, calls_forward(FORM, next, got.r.handle, &box));
	got = request(worker);
	EXPECT_STREQ("a", got.text);
	EXPECT_EQ(2, calls_reply(FORM, worker, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ended(self->client).text);
	close(next);
	close(worker);
	dt_mailbox_del(name);
}

TEST_HARNESS_MAIN
