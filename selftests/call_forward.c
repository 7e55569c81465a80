// SPDX-License-Identifier: GPL-2.0
/*
 * Forwarding: a request moves on to another server, with all that belongs to
 * it, once or many times; who has forwarded it is out of it. What is refused
 * leaves the request where it was; what fails later is told to the client.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "scm.h"

static int next_server(struct sockaddr_dipc *to)
{
	struct sockaddr_dipc any = dt_any();
	int fd = calls_server(SOCK_RDM, &any);

	if (fd >= 0)
		*to = dt_port_of(fd);
	return fd;
}

static long start(const env *e, enum calls_form form, const char *text)
{
	return calls_start(form, e->client, text,
			   WITH(.cookie = 7, .tag = 5, .priority = 3));
}

TEST_F(calls, next_server_replies_to_the_client)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	struct calls_got got, moved;
	struct calls_end end;

	ASSERT_LE(0, next);
	EXPECT_EQ(4, start(self, FORM, "ping"));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_forward(FORM, self->server, got.r.handle, &to));
	moved = TAKE(next);
	EXPECT_EQ(4, moved.ret);
	EXPECT_STREQ("ping", moved.text);
	ASSERT_NE(0, moved.r.handle);
	/* all is the client's, and the same */
	EXPECT_EQ(dt_port_id(self->client), moved.r.port);
	EXPECT_EQ(got.r.id, moved.r.id);
	EXPECT_EQ(5, moved.r.tag);
	EXPECT_EQ(3, moved.r.priority);
	EXPECT_EQ(getpid(), moved.r.pid);
	EXPECT_EQ(1, moved.r.attempt);
	EXPECT_EQ(CALLS_TEXT_MAX, moved.r.reply_max);
	EXPECT_EQ(4, calls_reply(FORM, next, moved.r.handle, "pong"));
	end = ENDED(self->client);
	EXPECT_STREQ("pong", end.text);
	EXPECT_EQ(7, end.outcome.cookie);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_FORWARDED));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_REPLIED));
	close(next);
}

/* The handle moves: it is not copied. */
TEST_F(calls, who_forwarded_is_out_of_it)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	uint64_t h;
	char c;

	EXPECT_EQ(4, start(self, FORM, "ping"));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(0, calls_forward(FORM, self->server, h, &to));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, h, "no"));
	EXPECT_EQ(-ESRCH, calls_drop(FORM, self->server, h));
	EXPECT_EQ(-ESRCH, calls_forward(FORM, self->server, h, &to));
	EXPECT_EQ(-ESRCH, calls_read(self->server, h, 0, &c, 1));
	/* so that closing it is no reset */
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, calls_reply(FORM, next, TAKE(next).r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(next);
}

TEST_F(calls, several_hops)
{
	enum { HOPS = 5 };
	struct sockaddr_dipc to[HOPS];
	struct calls_got got;
	int fd[HOPS];

	EXPECT_EQ(4, start(self, FORM, "ping"));
	got = TAKE(self->server);
	for (int i = 0; i < HOPS; i++) {
		fd[i] = next_server(&to[i]);
		ASSERT_LE(0, fd[i]);
		EXPECT_EQ(0, calls_forward(FORM, i ? fd[i - 1] : self->server,
					   got.r.handle, &to[i]));
		got = TAKE(fd[i]);
		EXPECT_STREQ("ping", got.text);
	}
	EXPECT_EQ(2, calls_reply(FORM, fd[HOPS - 1], got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	EXPECT_EQ(HOPS, calls_counted(&self->before, DIPC_REASON_FORWARDED));
	for (int i = 0; i < HOPS; i++)
		close(fd[i]);
}

/* Two that send it to each other come to an end. */
TEST_F(calls, circle_has_an_end)
{
	struct sockaddr_dipc to[2];
	int fd[2] = { next_server(&to[0]), next_server(&to[1]) };
	struct calls_got got;
	long ret = 0;
	int i;

	ASSERT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.dest = &to[0])));
	for (i = 0; i < 1000; i++) {
		got = TAKE(fd[i & 1]);
		ASSERT_NE(0, got.r.handle);
		ret = calls_forward(FORM, fd[i & 1], got.r.handle, &to[!(i & 1)]);
		if (ret)
			break;
	}
	EXPECT_EQ(-ELOOP, ret);
	EXPECT_EQ(255, i);
	EXPECT_EQ(2, calls_reply(FORM, fd[i & 1], got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(fd[0]);
	close(fd[1]);
}

/* Whatever is refused: the request can be replied to as before. */
TEST_F(calls, refused_forward_leaves_the_handle)
{
	struct sockaddr_dipc nobody = dt_name(self->name), any = dt_any();
	struct sockaddr_dipc nowhere = dt_port(1ULL << 31), to, plain_to;
	int next = next_server(&to);
	int plain = dt_socket_bound(SOCK_RDM, &any);
	struct calls_got got;

	plain_to = dt_port_of(plain);
	EXPECT_EQ(4, start(self, FORM, "ping"));
	got = TAKE(self->server);
	EXPECT_EQ(-ENOENT, calls_forward(FORM, self->server, got.r.handle,
					 &nobody));
	EXPECT_EQ(-ECONNREFUSED, calls_forward(FORM, self->server,
					       got.r.handle, &nowhere));
	EXPECT_EQ(-EOPNOTSUPP, calls_forward(FORM, self->server, got.r.handle,
					     &plain_to));
	EXPECT_EQ(-ELOOP, calls_forward(FORM, self->server, got.r.handle,
					&self->to));
	ASSERT_EQ(0, dt_set_capacity(next, 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, calls_forward(FORM, self->server, got.r.handle,
					  &to));
	nowhere.sdipc_node = 5;
	EXPECT_EQ(-EHOSTUNREACH, calls_forward(FORM, self->server,
					       got.r.handle, &nowhere));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(next);
	close(plain);
}

/* Without room it stands in line, as if the client had sent it there. */
TEST_F(calls, forwarded_request_waits_for_room)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	struct calls_got got;

	ASSERT_EQ(0, dt_set_capacity(next, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(4, start(self, FORM, "ping"));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_forward(FORM, self->server, got.r.handle, &to));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, got.r.handle, "no"));
	got = TAKE(next);
	EXPECT_STREQ("ping", got.text);
	EXPECT_EQ(2, calls_reply(FORM, next, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(next);
}

/* It had been taken, so it may have been executed, wherever it is now. */
TEST_F(calls, end_of_the_next_server_is_a_reset)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);

	EXPECT_EQ(4, start(self, FORM, "ping"));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	close(next);
	EXPECT_EQ(-ECONNRESET, ENDED(self->client).ret);

	next = next_server(&to);
	EXPECT_EQ(4, start(self, FORM, "ping"));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	EXPECT_EQ(4, TAKE(next).ret);
	close(next);
	EXPECT_EQ(-ECONNRESET, ENDED(self->client).ret);
}

/* The notice comes to who holds it now; in between, it is withdrawn. */
TEST_F(calls, client_gives_up_what_was_forwarded)
{
	struct dipc_cancelled notice;
	struct sockaddr_dipc to;
	int next = next_server(&to);
	struct calls_got got;

	EXPECT_EQ(4, start(self, FORM, "ping"));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	EXPECT_EQ(-EAGAIN, TAKE(next).ret);

	EXPECT_EQ(4, start(self, FORM, "ping"));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	got = TAKE(next);
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(0, calls_cancelled(next, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, next, got.r.handle, "no"));
	close(next);
}

/* What the client has given up cannot be forwarded. */
TEST_F(calls, nothing_is_forwarded_for_nobody)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	uint64_t h;

	EXPECT_EQ(4, start(self, FORM, "ping"));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	EXPECT_EQ(-EPIPE, calls_forward(FORM, self->server, h, &to));
	EXPECT_EQ(-ESRCH, calls_drop(FORM, self->server, h));
	EXPECT_EQ(-EAGAIN, TAKE(next).ret);
	close(next);
}

/* What the first server had written stays, for the next to go on. */
TEST_F(calls, parts_of_the_reply_go_along)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	uint64_t h;

	EXPECT_EQ(4, start(self, FORM, "ping"));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(3, calls_write(FORM, self->server, h, 0, "abc", 3));
	EXPECT_EQ(0, calls_forward(FORM, self->server, h, &to));
	h = TAKE(next).r.handle;
	EXPECT_EQ(3, calls_reply_at(FORM, next, h, 3, "def", 3));
	EXPECT_STREQ("abcdef", ENDED(self->client).text);
	close(next);
}

TEST_F(calls, to_a_name_and_to_a_mailbox)
{
	struct sockaddr_dipc name, box = dt_mailbox(self->name);
	char other[DIPC_NAME_MAX + 1];
	struct calls_got got;
	int by_name, worker;

	dt_unique(other, "forward");
	name = dt_name(other);
	by_name = calls_server(SOCK_RDM, &name);
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	worker = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, worker);
	EXPECT_EQ(4, start(self, FORM, "ping"));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &name));
	EXPECT_EQ(0, calls_forward(FORM, by_name, TAKE(by_name).r.handle,
				   &box));
	got = TAKE(worker);
	EXPECT_STREQ("ping", got.text);
	EXPECT_EQ(2, calls_reply(FORM, worker, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(by_name);
	close(worker);
}

/* A dispatcher that leaves the body where it is. */
TEST_F(calls, sleeping_client_is_served_by_the_next)
{
	struct sockaddr_dipc to;
	int next = next_server(&to);
	struct calls_client c;

	ASSERT_EQ(0, calls_client_start(&c, FORM, self->client, "ping",
					WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	EXPECT_TRUE(calls_client_is_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, next, TAKE(next).r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("ok", c.end.text);
	close(next);
}

TEST_HARNESS_MAIN
