// SPDX-License-Identifier: GPL-2.0
/*
 * Calls: a request and its one reply, wherever the server is called (a port by
 * its number or name, a shared name, a connection, a mailbox, a link) and in
 * either form, ioctl or control messages. What server and client are told, and
 * that the handle is good for one reply. Asynchronous calls in numbers are in
 * call_async.c, what a server can do with a request in call_serve.c,
 * call_body.c and call_forward.c, many servers in call_pool.c, failures in
 * call_failure.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls_place.h"
#include "kselftest_harness.h"
#include "post.h"

FIXTURE(call)
{
	struct calls_peer_memory m;	/* of the server: in this process */
	int client;
	const struct sockaddr_dipc *to;
	struct dt_stats before;
};

FIXTURE_VARIANT(call)
{
	enum calls_place place;
	enum calls_form form;		/* of the client's steps */
	enum calls_form served;		/* of the server's */
};

#define PLACE(name, place)						\
	FIXTURE_VARIANT_ADD(call, name##_op) { place, BY_OP, BY_OP };	\
	FIXTURE_VARIANT_ADD(call, name##_msg) { place, BY_MSG, BY_MSG }

PLACE(port, AT_PORT);
PLACE(name, AT_NAME);
PLACE(shared, AT_SHARED);
PLACE(mailbox, AT_MAILBOX);
PLACE(connected, AT_CONNECTED);
PLACE(dgram, AT_DGRAM);
PLACE(link, AT_LINK);
FIXTURE_VARIANT_ADD(call, mixed) { AT_PORT, BY_OP, BY_MSG };
FIXTURE_VARIANT_ADD(call, mixed_too) { AT_PORT, BY_MSG, BY_OP };

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, calls_place_make(&self->m, variant->place))
		TH_LOG("is the module loaded?");
	ASSERT_EQ(0, calls_place_open(&self->m, 0));
	self->client = calls_place_client(&self->m);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, calls_place_accept(&self->m, 0));
	self->to = calls_place_dest(&self->m);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(call)
{
	close(self->client);
	calls_place_end(&self->m);
}

typedef FIXTURE_DATA(call) env;
typedef FIXTURE_VARIANT(call) kind;

static long start(const env *e, const kind *k, const char *text,
		  uint64_t cookie)
{
	return calls_start(k->form, e->client, text,
			   WITH(.dest = e->to, .cookie = cookie));
}

static struct calls_got take_request(const env *e, const kind *k)
{
	return calls_recv(k->served, e->m.fd, MSG_DONTWAIT);
}

TEST_F(call, reply_ends_the_call)
{
	struct calls_got got;
	struct calls_end end;

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	got = take_request(self, variant);
	EXPECT_EQ(4, got.ret);
	EXPECT_STREQ("ping", got.text);
	ASSERT_NE(0, got.r.handle);
	end = calls_finish(variant->form, self->client, MSG_DONTWAIT);
	EXPECT_EQ(-EAGAIN, end.ret);
	EXPECT_EQ(6, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "answer"));
	end = calls_finish(variant->form, self->client, MSG_DONTWAIT);
	EXPECT_EQ(6, end.ret);
	EXPECT_STREQ("answer", end.text);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_REPLIED));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_TAKEN));
	/* once */
	end = calls_finish(variant->form, self->client, MSG_DONTWAIT);
	EXPECT_EQ(variant->form == BY_OP ? -ENOENT : -EAGAIN, end.ret);
}

TEST_F(call, sleeping_client_gets_the_reply)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, calls_client_start(&c, variant->form, self->client, "ping",
					WITH(.dest = self->to)));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	got = take_request(self, variant);
	EXPECT_STREQ("ping", got.text);
	EXPECT_TRUE(calls_client_is_asleep(&c));
	EXPECT_EQ(6, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "answer"));
	EXPECT_EQ(6, calls_client_end(&c));
	EXPECT_STREQ("answer", c.end.text);
}

struct receiver {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	struct calls_got got;
};

static long run_receiver(void *arg)
{
	struct receiver *r = arg;

	r->got = calls_recv(r->form, r->fd, 0);
	return r->got.ret;
}

TEST_F(call, sleeping_server_gets_the_request)
{
	struct receiver r = { .form = variant->served, .fd = self->m.fd };

	ASSERT_EQ(0, dt_thread_start(&r.thread, run_receiver, &r));
	ASSERT_TRUE(dt_wait_asleep(r.thread.tid, variant->served == BY_OP ?
				   SYS_ioctl : SYS_recvmsg));
	EXPECT_EQ(4, start(self, variant, "ping", 1));
	EXPECT_EQ(4, dt_thread_join(&r.thread));
	EXPECT_STREQ("ping", r.got.text);
	EXPECT_NE(0, r.got.r.handle);
	EXPECT_EQ(0, calls_reply(variant->served, self->m.fd, r.got.r.handle,
				 ""));
	EXPECT_EQ(0, calls_finish(variant->form, self->client, 0).ret);
}

TEST_F(call, request_says_all_about_itself)
{
	const uint64_t second = 1000000000;
	struct calls_got got;

	EXPECT_EQ(4, calls_start(variant->form, self->client, "ping",
				 WITH(.dest = self->to, .cookie = 77,
				      .tag = 0x123456789abcdefULL,
				      .deadline_ns = 1000 * second,
				      .reply_max = 1234, .priority = 9,
				      .semantics = DIPC_MAYBE)));
	got = take_request(self, variant);
	ASSERT_EQ(4, got.ret);
	EXPECT_NE(0, got.r.handle);
	EXPECT_NE(0, got.r.id);
	EXPECT_EQ(dt_port_id(self->client), got.r.port);
	EXPECT_EQ(0x123456789abcdefULL, got.r.tag);
	EXPECT_LT(900 * second, got.r.deadline_ns);
	EXPECT_GE(1000 * second, got.r.deadline_ns);
	EXPECT_EQ(0, got.r.node);
	EXPECT_EQ(4, got.r.len);
	EXPECT_EQ(1234, got.r.reply_max);
	EXPECT_EQ(1, got.r.attempt);
	EXPECT_EQ(getpid(), got.r.pid);
	EXPECT_EQ(geteuid(), got.r.uid);
	EXPECT_EQ(getegid(), got.r.gid);
	EXPECT_EQ(DIPC_MAYBE, got.r.semantics);
	EXPECT_EQ(9, got.r.priority);
	EXPECT_EQ(0, got.r.flags);
	EXPECT_EQ(0, got.r.reserved[0] | got.r.reserved[1]);
	if (variant->served == BY_MSG) {
		EXPECT_TRUE(got.has_request);
		EXPECT_EQ(dt_port_id(self->client), got.from.sdipc_port);
	}
	/* unlike the next one */
	EXPECT_EQ(4, start(self, variant, "pong", 78));
	EXPECT_NE(got.r.handle, take_request(self, variant).r.handle);
}

TEST_F(call, request_without_a_deadline_says_so)
{
	struct calls_got got;

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	got = take_request(self, variant);
	EXPECT_EQ(0, got.r.deadline_ns);
	EXPECT_EQ(0, got.r.priority);
	EXPECT_EQ(0, got.r.tag);
	EXPECT_EQ(DIPC_AT_MOST_ONCE, got.r.semantics);
}

TEST_F(call, outcome_says_all_about_the_reply)
{
	struct calls_got got;
	struct calls_end end;

	EXPECT_EQ(4, start(self, variant, "ping", UINT64_MAX));
	got = take_request(self, variant);
	EXPECT_EQ(6, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "answer"));
	end = calls_finish(variant->form, self->client, 0);
	EXPECT_EQ(UINT64_MAX, end.outcome.cookie);
	EXPECT_EQ(got.r.id, end.outcome.id);
	EXPECT_EQ(0, end.outcome.error);
	EXPECT_EQ(DIPC_REASON_REPLIED, end.outcome.reason);
	EXPECT_EQ(6, end.outcome.len);
	EXPECT_EQ(1, end.outcome.attempt);
	EXPECT_EQ(getpid(), end.outcome.pid);
	EXPECT_EQ(geteuid(), end.outcome.uid);
	EXPECT_EQ(getegid(), end.outcome.gid);
	EXPECT_EQ(0, end.outcome.reserved[0] | end.outcome.reserved[1] |
		     end.outcome.reserved[2]);
}

/* Both are told who the other is, as the kernel knows it. */
TEST_F(call, credentials_are_those_of_each_call)
{
	struct calls_got got;
	struct calls_end end;

	if (variant->place == AT_MAILBOX)
		SKIP(return, "who may send was asked when it was bound");
	ASSERT_EQ(0, become(DT_NOBODY));
	EXPECT_EQ(4, start(self, variant, "ping", 1));
	ASSERT_EQ(0, become(0));
	got = take_request(self, variant);
	EXPECT_EQ(DT_NOBODY, got.r.uid);
	ASSERT_EQ(0, become(DT_SOMEBODY));
	EXPECT_EQ(2, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "ok"));
	ASSERT_EQ(0, become(0));
	end = calls_finish(variant->form, self->client, 0);
	EXPECT_EQ(DT_SOMEBODY, end.outcome.uid);
}

TEST_F(call, empty_request_and_empty_reply)
{
	struct calls_got got;
	struct calls_end end;

	EXPECT_EQ(0, start(self, variant, "", 5));
	got = take_request(self, variant);
	EXPECT_EQ(0, got.ret);
	ASSERT_NE(0, got.r.handle);
	EXPECT_EQ(0, calls_reply(variant->served, self->m.fd, got.r.handle,
				 ""));
	end = calls_finish(variant->form, self->client, MSG_DONTWAIT);
	EXPECT_EQ(0, end.ret);
	EXPECT_EQ(5, end.outcome.cookie);
	EXPECT_EQ(0, end.outcome.len);
}

TEST_F(call, handle_is_good_for_one_reply)
{
	struct calls_got got;

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	got = take_request(self, variant);
	EXPECT_EQ(3, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "one"));
	EXPECT_EQ(-ESRCH, calls_reply(variant->served, self->m.fd,
				      got.r.handle, "two"));
	EXPECT_EQ(-ESRCH, calls_drop(variant->served, self->m.fd,
				     got.r.handle));
	EXPECT_STREQ("one", calls_finish(variant->form, self->client, 0).text);
}

TEST_F(call, handle_is_of_one_socket)
{
	struct sockaddr_dipc any = dt_any();
	struct calls_got got;
	int other;

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	got = take_request(self, variant);
	other = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ESRCH, calls_reply(variant->served, other, got.r.handle,
				      "stolen"));
	EXPECT_EQ(-ESRCH, calls_drop(variant->served, other, got.r.handle));
	close(other);
	EXPECT_EQ(2, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "ok"));
	EXPECT_STREQ("ok", calls_finish(variant->form, self->client, 0).text);
}

struct replier {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	uint64_t handle;
};

static long run_replier(void *arg)
{
	struct replier *r = arg;

	return calls_reply(r->form, r->fd, r->handle, "threaded");
}

TEST_F(call, another_thread_of_the_socket_may_reply)
{
	struct replier r = { .form = variant->served, .fd = self->m.fd };

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	r.handle = take_request(self, variant).r.handle;
	ASSERT_EQ(0, dt_thread_start(&r.thread, run_replier, &r));
	EXPECT_EQ(8, dt_thread_join(&r.thread));
	EXPECT_STREQ("threaded",
		     calls_finish(variant->form, self->client, 0).text);
}

TEST_F(call, reply_longer_than_the_client_takes_is_refused)
{
	struct calls_got got;

	EXPECT_EQ(4, calls_start(variant->form, self->client, "ping",
				 WITH(.dest = self->to, .reply_max = 4)));
	got = take_request(self, variant);
	EXPECT_EQ(-EMSGSIZE, calls_reply(variant->served, self->m.fd,
					 got.r.handle, "12345"));
	/* and may be mended */
	EXPECT_EQ(4, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "1234"));
	EXPECT_STREQ("1234", calls_finish(variant->form, self->client, 0).text);
}

TEST_F(call, requests_come_in_their_order)
{
	EXPECT_EQ(1, start(self, variant, "a", 1));
	EXPECT_EQ(1, start(self, variant, "b", 2));
	EXPECT_EQ(1, start(self, variant, "c", 3));
	EXPECT_STREQ("a", take_request(self, variant).text);
	EXPECT_STREQ("b", take_request(self, variant).text);
	EXPECT_STREQ("c", take_request(self, variant).text);
}

static long send_one_way(const env *e, const kind *k, const char *text)
{
	if (k->form == BY_MSG)
		return dt_send(e->client, text, strlen(text), 0, e->to);
	return OP(e->client, .op = DIPC_OP_SEND, .out = PTR(text),
		  .out_len = strlen(text), .dest = PTR(e->to), .tag = 5);
}

/* One way: a message among requests, in its turn, and without a handle. */
TEST_F(call, message_is_no_request)
{
	struct calls_got got;

	EXPECT_EQ(1, start(self, variant, "a", 1));
	EXPECT_EQ(4, send_one_way(self, variant, "note"));
	EXPECT_EQ(1, start(self, variant, "c", 2));
	EXPECT_STREQ("a", take_request(self, variant).text);
	got = take_request(self, variant);
	EXPECT_STREQ("note", got.text);
	EXPECT_EQ(0, got.r.handle);
	EXPECT_FALSE(got.has_request);
	if (variant->served == BY_OP) {
		/* the rest is told of it as well */
		EXPECT_NE(0, got.r.id);
		EXPECT_EQ(dt_port_id(self->client), got.r.port);
		EXPECT_EQ(getpid(), got.r.pid);
		EXPECT_EQ(4, got.r.len);
		EXPECT_EQ(variant->form == BY_OP ? 5 : 0, got.r.tag);
	}
	EXPECT_STREQ("c", take_request(self, variant).text);
}

TEST_F(call, request_makes_the_server_readable_and_the_reply_the_client)
{
	struct calls_got got;

	EXPECT_FALSE(is_readable(self->m.fd));
	EXPECT_EQ(4, start(self, variant, "ping", 1));
	EXPECT_TRUE(is_readable(self->m.fd));
	EXPECT_FALSE(is_readable(self->client));
	got = take_request(self, variant);
	EXPECT_FALSE(is_readable(self->m.fd));
	EXPECT_EQ(2, calls_reply(variant->served, self->m.fd, got.r.handle,
				 "ok"));
	EXPECT_TRUE(is_readable(self->client));
	EXPECT_STREQ("ok", calls_finish(variant->form, self->client, 0).text);
	EXPECT_FALSE(is_readable(self->client));
}

/* A look is no request taken: the call goes on to wait. */
TEST_F(call, peek_makes_no_handle)
{
	struct calls_got got;
	char text[8] = "";

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	got = calls_recv(BY_MSG, self->m.fd, MSG_PEEK | MSG_DONTWAIT);
	EXPECT_EQ(4, got.ret);
	EXPECT_STREQ("ping", got.text);
	EXPECT_TRUE(got.has_request);
	EXPECT_EQ(0, got.r.handle);
	EXPECT_EQ(4, got.r.len);
	/* nor does it need room for one */
	EXPECT_EQ(4, dt_recv(self->m.fd, text, 4, MSG_PEEK | MSG_DONTWAIT,
			     NULL));
	EXPECT_STREQ("ping", text);
	got = take_request(self, variant);
	EXPECT_EQ(4, got.ret);
	EXPECT_NE(0, got.r.handle);
}

/* A receive that could not tell the handle takes nothing. */
TEST_F(call, no_room_for_the_handle_takes_nothing)
{
	char control[CMSG_SPACE(sizeof(struct dipc_request))]
		__attribute__((aligned(8)));
	char text[8];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_LEN(sizeof(struct dipc_request)) - 1,
	};

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	EXPECT_EQ(-EMSGSIZE, dt_recv(self->m.fd, text, sizeof(text),
				     MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EMSGSIZE, DT_ERR(read(self->m.fd, text, sizeof(text))));
	EXPECT_EQ(-EMSGSIZE, DT_ERR(recvmsg(self->m.fd, &msg, MSG_DONTWAIT)));
	EXPECT_EQ(-EMSGSIZE, OP(self->m.fd, .op = DIPC_OP_RECV,
				.flags = DIPC_OP_DONTWAIT, .in = PTR(text),
				.in_len = sizeof(text)));
	EXPECT_EQ(4, take_request(self, variant).ret);
}

/* As of every message; the rest can be read, see call_body.c. */
TEST_F(call, short_buffer_still_gives_the_handle)
{
	struct dipc_request r = { 0 };
	char text[3] = "";

	EXPECT_EQ(4, start(self, variant, "ping", 1));
	EXPECT_EQ(2, OP(self->m.fd, .op = DIPC_OP_RECV, .in = PTR(text),
			.in_len = 2, .info = PTR(&r)));
	EXPECT_STREQ("pi", text);
	EXPECT_EQ(4, r.len);
	EXPECT_EQ(2, calls_reply(variant->served, self->m.fd, r.handle, "ok"));
	EXPECT_STREQ("ok", calls_finish(variant->form, self->client, 0).text);
}

/* Some hundred in a row, by one client that waits for each. */
TEST_F(call, one_after_the_other)
{
	struct calls_echo echo;
	struct calls_end end;
	char text[16], want[16];

	ASSERT_EQ(0, calls_echo_start(&echo, variant->served, self->m.fd));
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "call %d", i);
		snprintf(want, sizeof(want), "CALL %d", i);
		end = calls_call(variant->form, self->client, text,
				 WITH(.dest = self->to, .cookie = i));
		ASSERT_EQ(strlen(text), end.ret);
		ASSERT_STREQ(want, end.text);
	}
	end = calls_call(variant->form, self->client, "end",
			 WITH(.dest = self->to));
	EXPECT_STREQ("END", end.text);
	EXPECT_EQ(0, dt_thread_join(&echo.thread));
	EXPECT_EQ(201, echo.served);
}

TEST_HARNESS_MAIN
