// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: calls, as the client makes them (<ipc/call.h>):
 * what goes to the server and what comes back, each errno with its cause, and
 * the three semantics. Calls that are started are in libipc_call_start.c.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "libcalls.h"

TEST_F(calls, reply_comes)
{
	struct asked a = ASKED(.timeout_ms = DT_LONG_MS);
	struct taken t;

	ASSERT_EQ(0, ask(&a));
	t = take(self->server);
	EXPECT_EQ(4, t.len);
	EXPECT_STREQ("ping", t.text);
	EXPECT_NE(0, t.r.handle);
	EXPECT_NE(0, t.r.id);
	EXPECT_NE(0, t.r.port);
	EXPECT_EQ(0, t.r.node);
	EXPECT_EQ(0, t.r.tag);
	EXPECT_EQ(4, t.r.len);
	EXPECT_EQ(TEXT_MAX, t.r.reply_max);
	EXPECT_EQ(1, t.r.attempt);
	EXPECT_EQ(getpid(), t.r.pid);
	EXPECT_EQ(geteuid(), t.r.uid);
	EXPECT_EQ(getegid(), t.r.gid);
	EXPECT_EQ(DIPC_AT_MOST_ONCE, t.r.semantics);
	EXPECT_LT(0, t.r.deadline_ns);
	EXPECT_GE(DT_LONG_MS * MS, t.r.deadline_ns);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "reply", 5));
	EXPECT_EQ(5, answer_of(&a));
	EXPECT_STREQ("reply", a.reply);
}

TEST_F(calls, without_a_limit)
{
	struct asked a = ASKED(.timeout_ms = -1);
	struct taken t;

	ASSERT_EQ(0, ask(&a));
	t = take(self->server);
	EXPECT_EQ(0, t.r.deadline_ns);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, NULL, 0));
	EXPECT_EQ(0, answer_of(&a));
}

TEST_F(calls, nothing_is_asked_and_nothing_answered)
{
	struct ipc_call_attr attr = { .to = &self->to };
	struct dipc_outcome o;
	struct taken t;

	ASSERT_EQ(0, ipc_call_start(self->client, 1, NULL, 0, 0, 0, &attr));
	t = take(self->server);
	EXPECT_EQ(0, t.len);
	EXPECT_NE(0, t.r.handle);
	EXPECT_EQ(0, t.r.reply_max);
	EXPECT_EQ(0, ipc_replymsg(self->server, t.r.handle, 0, NULL, 0));
	EXPECT_EQ(0, ipc_call_finish(self->client, 1, NULL, 0, 0, &o));
	EXPECT_EQ(0, o.error);
	EXPECT_EQ(0, o.len);
}

struct pieces {
	int fd;
	struct ipc_call_attr attr;
	struct dipc_outcome o;
	char a[3], b[4];
};

static long ask_in_pieces(void *arg)
{
	struct pieces *p = arg;
	struct iovec out[3] = { { "pi", 2 }, { "n", 1 }, { "g", 1 } };
	struct iovec in[2] = { { p->a, 3 }, { p->b, 4 } };

	return ipc_callmsg(p->fd, out, 3, in, 2, 0, &p->attr, &p->o);
}

TEST_F(calls, parameters_and_pieces)
{
	struct pieces p = {
		.fd = self->client,
		.attr = {
			.fields = IPC_CALL_TAG | IPC_CALL_PRIORITY |
				  IPC_CALL_DEADLINE | IPC_CALL_SEMANTICS,
			.to = &self->to,
			.tag = 77,
			.priority = 9,
			.deadline_ns = DT_LONG_MS * MS,
			.semantics = DIPC_MAYBE,
		},
	};
	struct dt_thread thread;
	struct taken t;

	ASSERT_EQ(0, dt_thread_start(&thread, ask_in_pieces, &p));
	t = take(self->server);
	EXPECT_STREQ("ping", t.text);
	EXPECT_EQ(77, t.r.tag);
	EXPECT_EQ(9, t.r.priority);
	EXPECT_EQ(7, t.r.reply_max);
	EXPECT_EQ(DIPC_MAYBE, t.r.semantics);
	EXPECT_LT(0, t.r.deadline_ns);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "reply", 5));
	EXPECT_EQ(5, dt_thread_join(&thread));
	EXPECT_EQ(0, memcmp(p.a, "rep", 3));
	EXPECT_EQ(0, memcmp(p.b, "ly", 2));
	EXPECT_EQ(0, p.o.cookie);
	EXPECT_EQ(t.r.id, p.o.id);
	EXPECT_EQ(0, p.o.error);
	EXPECT_EQ(DIPC_REASON_REPLIED, p.o.reason);
	EXPECT_EQ(5, p.o.len);
	EXPECT_EQ(1, p.o.attempt);
	EXPECT_EQ(getpid(), p.o.pid);
	EXPECT_EQ(geteuid(), p.o.uid);
	EXPECT_EQ(getegid(), p.o.gid);
}

TEST_F(calls, default_destination)
{
	struct asked a = ASKED(.to = NULL);
	struct taken t;

	EXPECT_EQ(-ENOTCONN, do_ask(&a));
	EXPECT_EQ(0, a.o.attempt);
	ASSERT_EQ(0, ipc_connect(self->client, &self->to));
	ASSERT_EQ(0, ask(&a));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(1, answer_of(&a));
}

/* The socket's priority, unless the call has one, be it 0. */
TEST_F(calls, priority_of_the_socket)
{
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_PRIORITY,
		.to = &self->to,
	};

	ASSERT_EQ(0, ipc_set_priority(self->client, 5));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "a"));
	ASSERT_EQ(0, ipc_call_start(self->client, 2, TEXT("b"), 0, 0, &attr));
	EXPECT_EQ(5, take(self->server).r.priority);
	EXPECT_EQ(0, take(self->server).r.priority);
}

TEST_F(calls, refused_before_anything_is_sent)
{
	struct asked a = ASKED(.to = &self->nobody);
	struct sockaddr_dipc addr;
	int plain, stream;

	EXPECT_EQ(-ENOENT, do_ask(&a));
	EXPECT_EQ(0, a.o.attempt);
	ASSERT_EQ(0, ipc_addr_port(0xfff2, 0, &addr));
	a.to = &addr;
	EXPECT_EQ(-ECONNREFUSED, do_ask(&a));
	EXPECT_EQ(-ECONNREFUSED, ipc_call(self->client, &addr, "x", 1, NULL, 0,
					  -1));
	plain = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, plain);
	ASSERT_EQ(0, ipc_bind(plain, &self->nobody));
	a.to = &self->nobody;
	EXPECT_EQ(-EOPNOTSUPP, do_ask(&a));
	close(plain);
	a.fd = plain;
	EXPECT_EQ(-EBADF, do_ask(&a));
	stream = ipc_open(SOCK_STREAM, 0);
	ASSERT_LE(0, stream);
	a.fd = stream;
	EXPECT_EQ(-EOPNOTSUPP, do_ask(&a));
	close(stream);
}

TEST_F(calls, bad_parameters)
{
	struct asked a = ASKED(.attr.fields = IPC_CALL_SEMANTICS);
	struct iovec many[1025] = { 0 };

	a.attr.semantics = DIPC_MAYBE + 1;
	EXPECT_EQ(-EINVAL, do_ask(&a));
	a.attr.semantics = DIPC_AT_MOST_ONCE;
	a.attr.fields |= IPC_CALL_TRY;
	a.attr.try_ns = 1;
	EXPECT_EQ(-EINVAL, do_ask(&a));
	EXPECT_EQ(-EINVAL, ipc_callmsg(self->client, many, 1025, NULL, 0, 0,
				       NULL, NULL));
	EXPECT_EQ(-EINVAL, ipc_callmsg(self->client, NULL, 0, many, 1025, 0,
				       NULL, NULL));
	EXPECT_EQ(-EFAULT, ipc_call(self->client, &self->to, BAD, 4, NULL, 0,
				    -1));
	EXPECT_EQ(-EFAULT, ipc_call(self->client, BAD, "x", 1, NULL, 0, -1));
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
}

TEST_F(calls, too_long_a_request)
{
	struct dipc_queue_conf conf;
	char *big;

	ASSERT_EQ(0, ipc_get_queue(self->server, &conf));
	big = calloc(1, conf.msg_max_bytes + 1);
	ASSERT_NE(NULL, big);
	EXPECT_EQ(-EMSGSIZE, ipc_call(self->client, &self->to, big,
				      conf.msg_max_bytes + 1, NULL, 0, -1));
	free(big);
}

TEST_F(calls, no_room)
{
	struct asked a = ASKED(.flags = MSG_DONTWAIT);

	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "first"));
	EXPECT_EQ(-EAGAIN, do_ask(&a));
	a.flags = 0;
	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, do_ask(&a));
	EXPECT_EQ(0, a.o.attempt);
	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_DROP_NEWEST));
	EXPECT_EQ(-ENOBUFS, do_ask(&a));
	EXPECT_STREQ("first", take(self->server).text);
}

/* Not to wait for room is not: not to wait for the reply. */
TEST_F(calls, dontwait_waits_for_the_reply)
{
	struct asked a = ASKED(.flags = MSG_DONTWAIT);
	struct taken t;

	ASSERT_TRUE(ask_and_sleep(&a));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(1, answer_of(&a));
}

static int call_mailbox(void *arg)
{
	int fd = ipc_open(SOCK_RDM, 0);

	return ipc_call(fd, arg, "x", 1, NULL, 0, -1);
}

TEST_F(calls, mailbox_of_another)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_MODE,
		.mode = 0600,
	};
	struct sockaddr_dipc box;

	if (geteuid())
		SKIP(return, "needs to be root");
	ASSERT_EQ(0, ipc_mailbox_create(self->unused, &attr, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	EXPECT_EQ(-EACCES, dt_as_user(DT_NOBODY, call_mailbox, &box));
	EXPECT_EQ(0, ipc_mailbox_delete(self->unused));
}

/*
 * What is known when it fails
 */

TEST_F(calls, server_is_gone_before_it_took_it)
{
	struct asked a = ASKED();

	ASSERT_TRUE(ask_and_sleep(&a));
	close(self->server);
	EXPECT_EQ(-ECONNREFUSED, answer_of(&a));
	EXPECT_EQ(ECONNREFUSED, a.o.error);
	EXPECT_EQ(DIPC_REASON_DROP_CLOSED, a.o.reason);
	EXPECT_EQ(1, a.o.attempt);
}

TEST_F(calls, mailbox_is_gone_or_emptied_before_anybody_took_it)
{
	struct asked a = ASKED();
	struct sockaddr_dipc box;

	ASSERT_EQ(0, ipc_mailbox_create(self->unused, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	a.to = &box;
	ASSERT_TRUE(ask_and_sleep(&a));
	EXPECT_EQ(1, ipc_mailbox_purge(self->unused));
	EXPECT_EQ(-ECONNREFUSED, answer_of(&a));
	ASSERT_TRUE(ask_and_sleep(&a));
	EXPECT_EQ(0, ipc_mailbox_delete(self->unused));
	EXPECT_EQ(-ECONNREFUSED, answer_of(&a));
	EXPECT_EQ(-ENOENT, do_ask(&a));
}

TEST_F(calls, server_is_killed_after_it_took_it)
{
	struct asked a = ASKED(.to = &self->nobody);
	struct server_process p;

	ASSERT_EQ(0, process_start(&p, &self->nobody, false));
	ASSERT_EQ(0, ask(&a));
	ASSERT_TRUE(DT_WAIT_UNTIL(p.shared->taken == 1));
	ASSERT_EQ(0, process_kill(&p));
	EXPECT_EQ(-ECONNRESET, answer_of(&a));
	EXPECT_EQ(ECONNRESET, a.o.error);
	EXPECT_EQ(DIPC_REASON_RESET, a.o.reason);
	EXPECT_EQ(p.shared->id, a.o.id);
}

/*
 * A call that is taken in time and ends when that is over: what it gave. On a
 * slow machine the time must be longer.
 */
static long taken_and_late(struct asked *a, bool has_deadline, int server,
			   struct taken *t)
{
	long ret = -ETIME;
	int ms;

	for (ms = DT_SHORT_MS; ms < DT_LONG_MS; ms *= 2) {
		if (has_deadline)
			a->attr.deadline_ns = ms * MS;
		else
			a->timeout_ms = ms;
		if (ask(a) || ipc_set_timeouts(server, -1, 2 * ms))
			return -ETIME;
		*t = take(server);
		ret = answer_of(a);
		if (t->len >= 0)
			break;
	}
	ipc_set_timeouts(server, -1, DT_LONG_MS);
	return ret;
}

/*
 * One that is seen to sleep before its time is over, with nobody to take it; on
 * a slow machine, too, the time must be longer.
 */
static bool ask_and_sleep_in_time(struct asked *a)
{
	bool asleep = false;
	int tid, ms;

	for (ms = DT_SHORT_MS; ms < DT_LONG_MS && !asleep; ms *= 2) {
		a->attr.deadline_ns = ms * MS;
		if (ask(a))
			return false;
		tid = a->thread.tid;
		if (!DT_WAIT_UNTIL((asleep = dt_is_asleep(tid, SYS_ioctl)) ||
				   syscall(SYS_tgkill, getpid(), tid, 0)))
			return false;
		if (!asleep && answer_of(a) != -ETIMEDOUT)
			return false;
	}
	return asleep;
}

TEST_F(calls, time_is_over)
{
	struct asked a = ASKED();
	struct taken t;

	EXPECT_EQ(-ETIMEDOUT, taken_and_late(&a, false, self->server, &t));
	EXPECT_EQ(-EPIPE, ipc_reply(self->server, t.r.handle, "late", 4));
	/* not even taken */
	EXPECT_EQ(-ETIMEDOUT, do_ask(&a));
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
	/* and the next call gets its own reply */
	a.timeout_ms = DT_LONG_MS;
	ASSERT_EQ(0, ask(&a));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "new", 3));
	EXPECT_EQ(3, answer_of(&a));
	EXPECT_STREQ("new", a.reply);
}

TEST_F(calls, signal_comes)
{
	struct asked a = ASKED();
	struct dipc_cancelled c;
	struct taken t;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(ask_and_sleep(&a));
	ASSERT_EQ(0, pthread_kill(a.thread.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, answer_of(&a));
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);

	ASSERT_EQ(0, ask(&a));
	t = take(self->server);
	ASSERT_TRUE(dt_wait_asleep(a.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, pthread_kill(a.thread.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, answer_of(&a));
	EXPECT_EQ(DIPC_REASON_INTERRUPTED, a.o.reason);
	EXPECT_EQ(0, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(t.r.handle, c.handle);
	EXPECT_EQ(DIPC_REASON_INTERRUPTED, c.reason);
	EXPECT_EQ(0, ipc_drop(self->server, t.r.handle));
}

TEST_F(calls, signal_restarts_what_nobody_has_taken)
{
	struct asked a = ASKED();
	struct taken t;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(ask_and_sleep(&a));
	ASSERT_EQ(0, pthread_kill(a.thread.thread, SIGUSR1));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	t = take(self->server);
	EXPECT_EQ(1, t.r.attempt);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(1, answer_of(&a));
}

static long ask_into_nowhere(void *arg)
{
	struct asked *a = arg;

	return ipc_call(a->fd, a->to, "x", 1, BAD, 8, -1);
}

TEST_F(calls, no_memory_for_the_reply)
{
	struct asked a = ASKED();
	struct taken t;

	ASSERT_EQ(0, dt_thread_start(&a.thread, ask_into_nowhere, &a));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(-EFAULT, answer_of(&a));
}

TEST_F(calls, over_a_link)
{
	struct asked a = ASKED(.to = NULL);
	struct taken t;
	int fds[2];

	ASSERT_EQ(0, ipc_link_pair(SOCK_SEQPACKET, O_RDWR, fds));
	a.fd = fds[0];
	EXPECT_EQ(-EOPNOTSUPP, do_ask(&a));
	ASSERT_EQ(0, ipc_set_recv_calls(fds[1], 1));
	ASSERT_EQ(0, ask(&a));
	t = take(fds[1]);
	EXPECT_STREQ("ping", t.text);
	EXPECT_EQ(0, ipc_reply(fds[1], t.r.handle, "pong", 4));
	EXPECT_EQ(4, answer_of(&a));
	EXPECT_STREQ("pong", a.reply);
	ASSERT_TRUE(ask_and_sleep(&a));
	t = take(fds[1]);
	close(fds[1]);
	EXPECT_EQ(-ECONNRESET, answer_of(&a));
	EXPECT_EQ(-ECONNREFUSED, do_ask(&a));
	close(fds[0]);
}

/*
 * How often
 */

TEST_F(calls, at_least_once_finds_the_next_server)
{
	struct asked a = ASKED(.to = &self->nobody);
	struct server_process first, second;

	a.attr.fields = IPC_CALL_SEMANTICS | IPC_CALL_DEADLINE;
	a.attr.semantics = DIPC_AT_LEAST_ONCE;
	a.attr.deadline_ns = DT_LONG_MS * MS;
	/* at first the name has to exist */
	EXPECT_EQ(-ENOENT, do_ask(&a));
	ASSERT_EQ(0, process_start(&first, &self->nobody, false));
	ASSERT_EQ(0, ask(&a));
	ASSERT_TRUE(DT_WAIT_UNTIL(first.shared->taken == 1));
	ASSERT_EQ(0, process_kill(&first));
	ASSERT_EQ(0, process_start(&second, &self->nobody, true));
	EXPECT_EQ(4, answer_of(&a));
	EXPECT_STREQ("done", a.reply);
	EXPECT_EQ(0, a.o.error);
	EXPECT_LE(2, a.o.attempt);
	EXPECT_EQ(a.o.attempt, second.shared->attempt);
	EXPECT_EQ(1, first.shared->attempt);
	EXPECT_EQ(first.shared->id, second.shared->id);
	EXPECT_EQ(second.pid, a.o.pid);
	EXPECT_EQ(0, process_kill(&second));
}

TEST_F(calls, at_least_once_ends_in_time)
{
	struct asked a = ASKED();
	struct taken t;

	a.attr.fields = IPC_CALL_SEMANTICS | IPC_CALL_DEADLINE;
	a.attr.semantics = DIPC_AT_LEAST_ONCE;
	EXPECT_EQ(-ETIMEDOUT, taken_and_late(&a, true, self->server, &t));
	EXPECT_EQ(ETIMEDOUT, a.o.error);
	EXPECT_EQ(t.r.id, a.o.id);
	EXPECT_EQ(0, ipc_drop(self->server, t.r.handle));

	/* and while there is no server to send it to again */
	ASSERT_TRUE(ask_and_sleep_in_time(&a));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-ETIMEDOUT, answer_of(&a));
	/* now there is none from the beginning */
	EXPECT_EQ(-ENOENT, do_ask(&a));
}

TEST_F(calls, at_least_once_tries_again_in_time)
{
	struct asked a = ASKED();
	struct taken t[2];

	a.attr.fields = IPC_CALL_SEMANTICS | IPC_CALL_TRY;
	a.attr.semantics = DIPC_AT_LEAST_ONCE;
	a.attr.try_ns = DT_SHORT_MS * MS;
	ASSERT_EQ(0, ask(&a));
	t[0] = take(self->server);
	t[1] = take(self->server);
	EXPECT_EQ(t[0].r.id, t[1].r.id);
	EXPECT_LT(t[0].r.attempt, t[1].r.attempt);
	EXPECT_EQ(DIPC_AT_LEAST_ONCE, t[1].r.semantics);
	EXPECT_STREQ("ping", t[1].text);
	EXPECT_EQ(-EPIPE, ipc_reply(self->server, t[0].r.handle, "x", 1));
	/* on a slow machine a third may have been sent meanwhile */
	while (ipc_reply(self->server, t[1].r.handle, "y", 1) == -EPIPE)
		t[1] = take(self->server);
	EXPECT_EQ(1, answer_of(&a));
	EXPECT_STREQ("y", a.reply);
	EXPECT_EQ(t[1].r.attempt, a.o.attempt);
}

/*
 * One way
 */

TEST_F(calls, oneway)
{
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_TAG | IPC_CALL_PRIORITY | IPC_CALL_DEADLINE,
		.to = &self->to,
		.tag = 5,
		.priority = 6,
		.deadline_ns = DT_LONG_MS * MS,
	};
	struct taken t;

	EXPECT_EQ(0, ipc_call_oneway(self->client, TEXT("note"), 0, &attr));
	t = take(self->server);
	EXPECT_EQ(4, t.len);
	EXPECT_STREQ("note", t.text);
	EXPECT_EQ(0, t.r.handle);
	EXPECT_NE(0, t.r.id);
	EXPECT_EQ(5, t.r.tag);
	EXPECT_EQ(6, t.r.priority);
	EXPECT_EQ(0, t.r.reply_max);
}

TEST_F(calls, oneway_fails)
{
	struct ipc_call_attr attr = { .to = &self->to };

	EXPECT_EQ(-ENOTCONN, ipc_call_oneway(self->client, TEXT("x"), 0, NULL));
	ASSERT_EQ(0, dt_set_capacity(self->server, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, ipc_call_oneway(self->client, TEXT("x"), 0, &attr));
	EXPECT_EQ(-EAGAIN, ipc_call_oneway(self->client, TEXT("x"),
					   MSG_DONTWAIT, &attr));
	EXPECT_EQ(-EFAULT, ipc_call_oneway(self->client, ONE(BAD, 1), 0,
					   &attr));
	attr.to = &self->nobody;
	EXPECT_EQ(-ENOENT, ipc_call_oneway(self->client, TEXT("x"), 0, &attr));
}

/*
 * Many
 */

#define THREADS	8
#define ROUNDS	50

struct many {
	struct dt_thread thread;
	int fd, self;
	const struct sockaddr_dipc *to;
};

static long ask_often(void *arg)
{
	struct many *m = arg;
	char text[TEXT_MAX], reply[TEXT_MAX];
	int i, len;

	for (i = 0; i < ROUNDS; i++) {
		len = snprintf(text, sizeof(text), "%d of %d", i, m->self);
		if (ipc_call(m->fd, m->to, text, len, reply, sizeof(reply),
			     DT_LONG_MS) != len || memcmp(text, reply, len))
			return 1;
	}
	return 0;
}

/* Each of several threads on one socket gets its own reply. */
TEST_F(calls, threads_share_a_socket)
{
	struct many m[THREADS];
	struct taken t;
	int i;

	for (i = 0; i < THREADS; i++) {
		m[i] = (struct many) { .fd = self->client, .self = i,
				       .to = &self->to };
		ASSERT_EQ(0, dt_thread_start(&m[i].thread, ask_often, &m[i]));
	}
	for (i = 0; i < THREADS * ROUNDS; i++) {
		t = take(self->server);
		ASSERT_LT(0, t.len);
		ASSERT_EQ(0, ipc_reply(self->server, t.r.handle, t.text, t.len));
	}
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, dt_thread_join(&m[i].thread));
}

TEST_HARNESS_MAIN
