// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous calls: many outstanding, taken in any order; what a receive
 * gives of those that have ended, with room for the outcome and without; who is
 * woken; giving one up; and what closing the socket does. In either form, ioctl
 * or control messages. How many there may be is in call_many.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "poller.h"
#include "post.h"

#define MANY	100

static long start(const env *e, enum calls_form form, const char *text,
		  uint64_t cookie)
{
	return calls_start(form, e->client, text, WITH(.cookie = cookie));
}

/* The next request is replied to with its own text and a '!'. */
static long serve(const env *e)
{
	struct calls_got got = calls_recv(BY_OP, e->server, MSG_DONTWAIT);

	if (got.ret < 0)
		return got.ret;
	strcat(got.text, "!");
	return calls_reply(BY_OP, e->server, got.r.handle, got.text);
}

TEST_F(calls, ends_are_taken_in_the_order_in_which_they_come)
{
	struct calls_got got[3];
	struct calls_end end;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(1, start(self, FORM, "a", i));
	for (int i = 0; i < 3; i++)
		got[i] = TAKE(self->server);
	for (int i = 2; i >= 0; i--)
		ASSERT_EQ(1, calls_reply(FORM, self->server, got[i].r.handle,
					 "r"));
	for (int i = 2; i >= 0; i--) {
		end = ENDED(self->client);
		EXPECT_EQ(1, end.ret);
		EXPECT_EQ(i, end.outcome.cookie);
	}
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

/* Each is found by its cookie, whatever else has ended or has not. */
TEST_F(calls, end_is_taken_by_its_cookie)
{
	char text[16], want[16];
	struct calls_end end;

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(strlen(text), start(self, FORM, text, i));
	}
	EXPECT_EQ(-EAGAIN, calls_finish_cookie(self->client, 7,
					       MSG_DONTWAIT).ret);
	EXPECT_EQ(-ENOENT, calls_finish_cookie(self->client, MANY,
					       MSG_DONTWAIT).ret);
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(2, serve(self));
	for (int i = 0; i < MANY; i++) {
		int cookie = i * 37 % MANY;

		snprintf(want, sizeof(want), "%d!", cookie);
		end = calls_finish_cookie(self->client, cookie, MSG_DONTWAIT);
		ASSERT_EQ(strlen(want), end.ret);
		ASSERT_STREQ(want, end.text);
		ASSERT_EQ(cookie, end.outcome.cookie);
		ASSERT_EQ(-ENOENT, calls_finish_cookie(self->client, cookie,
						       MSG_DONTWAIT).ret);
	}
	EXPECT_EQ(-EAGAIN, dt_recv(self->client, text, sizeof(text),
				   MSG_DONTWAIT, NULL));
}

struct finisher {
	struct dt_thread thread;
	int fd;
	uint64_t cookie;
	struct calls_end end;
};

static long run_finisher(void *arg)
{
	struct finisher *f = arg;

	f->end = calls_finish_cookie(f->fd, f->cookie, 0);
	return f->end.ret;
}

/* Each sleeper gets its own, and sleeps until then. */
TEST_F(calls, sleepers_wait_for_a_cookie_each)
{
	struct finisher f[3];
	struct calls_got got[3];

	for (int i = 0; i < 3; i++) {
		f[i] = (struct finisher) { .fd = self->client, .cookie = i };
		ASSERT_EQ(1, start(self, FORM, "a", i));
		got[i] = TAKE(self->server);
		ASSERT_EQ(0, dt_thread_start(&f[i].thread, run_finisher,
					     &f[i]));
		ASSERT_TRUE(dt_wait_asleep(f[i].thread.tid, SYS_ioctl));
	}
	for (int i = 2; i >= 0; i--) {
		EXPECT_TRUE(dt_wait_asleep(f[i].thread.tid, SYS_ioctl));
		ASSERT_EQ(2, calls_reply(FORM, self->server, got[i].r.handle,
					 "ok"));
		EXPECT_EQ(2, dt_thread_join(&f[i].thread));
		EXPECT_EQ(i, f[i].end.outcome.cookie);
	}
}

TEST_F(calls, cookie_is_used_again_when_its_outcome_was_read)
{
	EXPECT_EQ(1, start(self, FORM, "a", 7));
	EXPECT_EQ(-EEXIST, start(self, FORM, "b", 7));
	EXPECT_EQ(1, start(self, FORM, "b", 8));
	EXPECT_EQ(2, serve(self));
	/* ended, but not read */
	EXPECT_EQ(-EEXIST, start(self, FORM, "c", 7));
	EXPECT_EQ(7, ENDED(self->client).outcome.cookie);
	EXPECT_EQ(1, start(self, FORM, "c", 7));
	/* nothing was sent of what was refused */
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(-EAGAIN, serve(self));
	EXPECT_STREQ("b!", ENDED(self->client).text);
	EXPECT_STREQ("c!", ENDED(self->client).text);
}

/* Another socket's are its own. */
TEST_F(calls, cookies_are_of_one_socket)
{
	int other = dt_socket_connected(SOCK_RDM, &self->to);

	ASSERT_LE(0, other);
	EXPECT_EQ(1, start(self, FORM, "a", 7));
	EXPECT_EQ(1, calls_start(FORM, other, "b", WITH(.cookie = 7)));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, serve(self));
	EXPECT_STREQ("b!", ENDED(other).text);
	EXPECT_STREQ("a!", ENDED(self->client).text);
	close(other);
}

TEST_F(calls, ended_calls_come_before_messages)
{
	struct sockaddr_dipc me = dt_port_of(self->client);
	struct calls_end end;

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(4, dt_send(self->server, "note", 4, 0, &me));
	EXPECT_EQ(2, serve(self));
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	EXPECT_STREQ("a!", end.text);
	EXPECT_TRUE(end.has_outcome);
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	EXPECT_STREQ("note", end.text);
	EXPECT_FALSE(end.has_outcome);
}

/* A simple receive gives the reply as if it were a message. */
TEST_F(calls, reply_without_its_outcome)
{
	char text[8] = "";

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, dt_recv(self->client, text, sizeof(text), MSG_DONTWAIT,
			     NULL));
	EXPECT_STREQ("a!", text);
	EXPECT_EQ(2, DT_ERR(read(self->client, text, sizeof(text))));
	EXPECT_STREQ("b!", text);
	EXPECT_EQ(-EAGAIN, dt_recv(self->client, text, sizeof(text),
				   MSG_DONTWAIT, NULL));
}

/* And a failure as its own, once. */
TEST_F(calls, failure_without_its_outcome)
{
	char text[8];

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(0, calls_drop(FORM, self->server,
				TAKE(self->server).r.handle));
	EXPECT_EQ(-ECONNRESET, dt_recv(self->client, text, sizeof(text),
				       MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, dt_recv(self->client, text, sizeof(text),
				   MSG_DONTWAIT, NULL));
	EXPECT_FALSE(is_readable(self->client));
}

/* With the outcome it is a receive of 0 bytes. */
TEST_F(calls, failure_with_its_outcome)
{
	struct calls_end end;

	EXPECT_EQ(1, start(self, FORM, "a", 9));
	EXPECT_EQ(0, calls_drop(FORM, self->server,
				TAKE(self->server).r.handle));
	end = ENDED(self->client);
	EXPECT_EQ(-ECONNRESET, end.ret);
	EXPECT_EQ(9, end.outcome.cookie);
	EXPECT_EQ(ECONNRESET, end.outcome.error);
	EXPECT_EQ(DIPC_REASON_RESET, end.outcome.reason);
	EXPECT_EQ(0, end.outcome.len);
	EXPECT_STREQ("", end.text);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

TEST_F(calls, short_buffer_loses_the_rest)
{
	struct dipc_outcome o;
	char text[8] = "";

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, serve(self));
	if (FORM == BY_OP) {
		EXPECT_EQ(1, OP(self->client, .op = DIPC_OP_CALL_FINISH,
				.cookie = 1, .in = PTR(text), .in_len = 1,
				.info = PTR(&o)));
		EXPECT_EQ(2, o.len);
	} else {
		/* its real length, as of every message */
		EXPECT_EQ(2, dt_recv(self->client, text, 1, MSG_TRUNC, NULL));
	}
	EXPECT_STREQ("a", text);
	EXPECT_STREQ("b!", ENDED(self->client).text);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

TEST_F(calls, peek_leaves_the_end)
{
	struct calls_end end;

	EXPECT_EQ(1, start(self, FORM, "a", 3));
	EXPECT_EQ(2, serve(self));
	for (int i = 0; i < 2; i++) {
		end = calls_finish(BY_MSG, self->client,
				   MSG_PEEK | MSG_DONTWAIT);
		EXPECT_STREQ("a!", end.text);
		EXPECT_EQ(3, end.outcome.cookie);
	}
	EXPECT_STREQ("a!", ENDED(self->client).text);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

/* A buffer that cannot be written to leaves it as well. */
TEST_F(calls, bad_memory_leaves_the_end)
{
	EXPECT_EQ(1, start(self, FORM, "a", 3));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(-EFAULT, dt_recv(self->client, (void *)8, 8, MSG_DONTWAIT,
				   NULL));
	EXPECT_EQ(-EFAULT, OP(self->client, .op = DIPC_OP_CALL_FINISH,
			      .cookie = 3, .in = 8, .in_len = 8));
	EXPECT_TRUE(is_readable(self->client));
	EXPECT_STREQ("a!", ENDED(self->client).text);
}

TEST_F(calls, time_out_of_a_receive_leaves_the_call)
{
	ASSERT_EQ(0, dt_set_timeout(self->client, SO_RCVTIMEO, DT_SHORT_MS));
	EXPECT_EQ(1, start(self, FORM, "a", 3));
	EXPECT_EQ(-EAGAIN, calls_finish(FORM, self->client, 0).ret);
	EXPECT_EQ(2, serve(self));
	EXPECT_STREQ("a!", calls_finish(FORM, self->client, 0).text);
}

/* Whoever polls or sleeps is woken by an end. */
TEST_F(calls, end_wakes_who_polls)
{
	struct poller p[3];

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(start_poller(&p[i], i, self->client, POLLIN));
	EXPECT_EQ(2, serve(self));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(POLLIN, join_poller(&p[i]) & POLLIN);
}

TEST_F(calls, each_end_is_an_edge)
{
	int ep = epoll_with(self->client, EPOLLIN | EPOLLET);

	ASSERT_LE(0, ep);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, start(self, FORM, "a", i));
	EXPECT_EQ(0, epoll_events(ep, 0) & EPOLLIN);
	/* whether or not the one before was read */
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(2, serve(self));
		EXPECT_EQ(EPOLLIN, epoll_events(ep, DT_LONG_MS) & EPOLLIN);
		EXPECT_EQ(0, epoll_events(ep, 0) & EPOLLIN);
	}
	close(ep);
}

TEST_F(calls, end_is_a_signal)
{
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->client, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->client, F_SETFL, O_ASYNC));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(1, dt_signals);
}

static long receive(void *arg)
{
	char text[8];

	return dt_recv(*(int *)arg, text, sizeof(text), 0, NULL);
}

/* Who slept for a message before the socket had any calls gets the reply. */
TEST_F(calls, first_call_reaches_who_sleeps_already)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_thread_start(&t, receive, &self->client));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(2, dt_thread_join(&t));
}

static long receive_by_op(void *arg)
{
	return calls_recv(BY_OP, *(int *)arg, 0).ret;
}

/* An operation receives messages and nothing else, also then. */
TEST_F(calls, first_call_leaves_who_sleeps_in_an_operation)
{
	struct sockaddr_dipc addr;
	struct dt_thread t;
	int tx;

	ASSERT_EQ(0, dt_thread_start(&t, receive_by_op, &self->client));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_ioctl));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(2, serve(self));
	/* it would take the end now */
	EXPECT_TRUE(dt_wait_asleep(t.tid, SYS_ioctl));
	EXPECT_EQ(2, ENDED(self->client).ret);
	addr = dt_port_of(self->client);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, tx);
	EXPECT_EQ(3, send(tx, "abc", 3, 0));
	EXPECT_EQ(3, dt_thread_join(&t));
	close(tx);
}

/* The same with one that polls, and one that waits for requests. */
TEST_F(calls, first_call_reaches_who_polls_already)
{
	struct poller p;

	ASSERT_TRUE(start_poller(&p, API_EPOLL, self->client, POLLIN));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(2, serve(self));
	EXPECT_EQ(POLLIN, join_poller(&p) & POLLIN);
}

/* A message still finds who sleeps while calls are outstanding. */
TEST_F(calls, sleeper_with_calls_outstanding_gets_a_message)
{
	struct sockaddr_dipc me = dt_port_of(self->client);
	struct dt_thread t;

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	ASSERT_EQ(0, dt_thread_start(&t, receive, &self->client));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(4, dt_send(self->server, "note", 4, 0, &me));
	EXPECT_EQ(4, dt_thread_join(&t));
	EXPECT_EQ(2, serve(self));
	EXPECT_STREQ("a!", ENDED(self->client).text);
}

/* One that waits for its own reply leaves those of others alone. */
TEST_F(calls, synchronous_call_among_asynchronous_ones)
{
	struct calls_client c;
	struct calls_got a, b;

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	a = TAKE(self->server);
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->client, "b", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	b = TAKE(self->server);
	EXPECT_STREQ("b", b.text);
	EXPECT_EQ(2, calls_reply(FORM, self->server, a.r.handle, "a!"));
	EXPECT_TRUE(calls_client_is_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, self->server, b.r.handle, "b!"));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("b!", c.end.text);
	EXPECT_STREQ("a!", ENDED(self->client).text);
}

/* A call that is not to wait for room still may be outstanding. */
TEST_F(calls, dontwait_is_about_room_only)
{
	EXPECT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.cookie = 1, .dontwait = true)));
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, serve(self));
	EXPECT_STREQ("a!", ENDED(self->client).text);
}

TEST_F(calls, given_up_call_has_no_outcome)
{
	struct dipc_cancelled notice;
	struct calls_got got;

	EXPECT_EQ(-ENOENT, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(-ENOENT, calls_cancel(FORM, self->client, 2));
	/* before it was taken: nobody sees it */
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_EQ(-ENOENT, calls_cancel(FORM, self->client, 1));
	/* the cookie is free again; when it was taken: its server is told */
	EXPECT_EQ(1, start(self, FORM, "b", 1));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(DIPC_REASON_CANCELLED, notice.reason);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, got.r.handle, "no"));
	/* ended, but not read */
	EXPECT_EQ(1, start(self, FORM, "c", 1));
	EXPECT_EQ(2, serve(self));
	EXPECT_TRUE(is_readable(self->client));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_FALSE(is_readable(self->client));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
}

/* Those that were not taken are withdrawn; who has taken one is told. */
TEST_F(calls, closing_the_socket_gives_all_up)
{
	struct dipc_cancelled notice;
	struct calls_got got;

	EXPECT_EQ(1, start(self, FORM, "a", 1));
	EXPECT_EQ(1, start(self, FORM, "b", 2));
	EXPECT_EQ(1, start(self, FORM, "c", 3));
	EXPECT_EQ(2, serve(self));
	got = TAKE(self->server);
	EXPECT_STREQ("b", got.text);
	close(self->client);
	self->client = -1;
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(got.r.id, notice.id);
	EXPECT_EQ(DIPC_REASON_WITHDRAWN, notice.reason);
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, got.r.handle, "no"));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

TEST_HARNESS_MAIN
