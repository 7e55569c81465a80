// SPDX-License-Identifier: GPL-2.0
/*
 * How often a call is tried. At most once and maybe: one request, whatever
 * becomes of it. At least once: again, with the same number and the next
 * attempt, after the server has died, dropped it or taken too long, to whoever
 * has the name by then, until there is a reply or no time. An asynchronous
 * call is tried again by the receives of its client.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls_place.h"
#include "kselftest_harness.h"
#include "calls_env.h"

/* By name, so that another server can come. */
static int give_name(env *e)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int err = dt_bind(e->server, &name);

	e->to = name;
	return err;
}

/*
 * A call in one form or the other: a thread that sleeps in the ioctl, or one
 * that waits for the end of an asynchronous call, again and again.
 */
static long run_async(void *arg)
{
	struct calls_client *c = arg;
	long ret = calls_start(BY_MSG, c->fd, c->text, &c->with);

	if (ret >= 0) {
		c->end = calls_finish(BY_MSG, c->fd, 0);
		ret = c->end.ret;
	} else {
		c->end.ret = ret;
	}
	c->ended = true;
	return ret;
}

static int call_at_least_once(struct calls_client *c, const env *e,
			      enum calls_form form, uint64_t deadline_ns,
			      uint64_t try_ns)
{
	const struct calls_with *with = WITH(.dest = &e->to,
		.semantics = DIPC_AT_LEAST_ONCE, .deadline_ns = deadline_ns,
		.try_ns = try_ns, .tag = 5, .priority = 3);

	if (form == BY_OP)
		return calls_client_start(c, BY_OP, e->client, "ping", with);
	*c = (struct calls_client) { .form = BY_MSG, .fd = e->client,
				     .text = "ping", .with = *with };
	return dt_thread_start(&c->thread, run_async, c);
}

static bool wait_asleep(const struct calls_client *c)
{
	return DT_WAIT_UNTIL(c->ended || dt_is_asleep(c->thread.tid,
			     c->form == BY_OP ? SYS_ioctl : SYS_recvmsg));
}

/* A time for one try that a slow machine keeps as well. */
static uint64_t try_time(void)
{
	return 100 * MS * calls_slow();
}

TEST_F(calls, dropped_request_comes_again)
{
	struct calls_got first, second;
	struct calls_client c;

	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	first = calls_recv(FORM, self->server, 0);
	EXPECT_EQ(1, first.r.attempt);
	EXPECT_EQ(DIPC_AT_LEAST_ONCE, first.r.semantics);
	EXPECT_EQ(0, calls_drop(FORM, self->server, first.r.handle));
	second = calls_recv(FORM, self->server, 0);
	/* the same in all but one */
	EXPECT_STREQ("ping", second.text);
	EXPECT_EQ(2, second.r.attempt);
	EXPECT_EQ(first.r.id, second.r.id);
	EXPECT_EQ(first.r.port, second.r.port);
	EXPECT_EQ(5, second.r.tag);
	EXPECT_EQ(3, second.r.priority);
	EXPECT_EQ(first.r.reply_max, second.r.reply_max);
	EXPECT_EQ(DIPC_AT_LEAST_ONCE, second.r.semantics);
	EXPECT_NE(first.r.handle, second.r.handle);
	EXPECT_EQ(2, calls_reply(FORM, self->server, second.r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&c.thread));
	EXPECT_STREQ("ok", c.end.text);
	EXPECT_EQ(2, c.end.outcome.attempt);
	EXPECT_EQ(first.r.id, c.end.outcome.id);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_RETRIED));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_RESET));
}

TEST_F(calls, dropped_again_and_again)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	for (int i = 1; i <= 10; i++) {
		got = calls_recv(FORM, self->server, 0);
		ASSERT_EQ(i, got.r.attempt);
		if (i < 10)
			ASSERT_EQ(0, calls_drop(FORM, self->server,
						got.r.handle));
	}
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&c.thread));
	EXPECT_EQ(10, c.end.outcome.attempt);
	EXPECT_EQ(9, calls_counted(&self->before, DIPC_REASON_RETRIED));
}

/* A server of the name is killed, and started again after a while. */
static void restart_the_server(struct __test_metadata *_metadata, env *self,
			       enum calls_form form, bool taken)
{
	struct dipc_request first = { 0 };
	struct calls_peer old, fresh;
	struct calls_client c;

	ASSERT_EQ(0, calls_peer_start(&old));
	ASSERT_EQ(0, calls_place_make(old.m, AT_NAME));
	ASSERT_EQ(0, calls_peer_do(&old, calls_place_open, 0));
	self->to = old.m->addr;
	ASSERT_EQ(0, call_at_least_once(&c, self, form, 0, 0));
	if (taken) {
		ASSERT_EQ(4, calls_peer_do(&old, calls_peer_take, form));
		first = old.m->got.r;
	} else {
		ASSERT_TRUE(wait_asleep(&c));
	}
	ASSERT_EQ(0, calls_peer_kill(&old));
	ASSERT_TRUE(wait_asleep(&c));
	EXPECT_FALSE(c.ended);

	ASSERT_EQ(0, calls_peer_start(&fresh));
	ASSERT_EQ(0, calls_place_make(fresh.m, AT_NAME));
	fresh.m->addr = self->to;
	ASSERT_EQ(0, calls_peer_do(&fresh, calls_place_open, 0));
	ASSERT_EQ(4, calls_peer_do(&fresh, calls_peer_take, form));
	EXPECT_STREQ("ping", fresh.m->got.text);
	/* what found nobody was no attempt, but one may reach who is dying */
	EXPECT_LE(2, fresh.m->got.r.attempt);
	EXPECT_GE(3, fresh.m->got.r.attempt);
	if (taken) {
		EXPECT_EQ(first.id, fresh.m->got.r.id);
		EXPECT_EQ(first.port, fresh.m->got.r.port);
	}
	ASSERT_EQ(5, calls_peer_do(&fresh, calls_peer_reply, form));
	EXPECT_EQ(5, dt_thread_join(&c.thread));
	EXPECT_STREQ("reply", c.end.text);
	EXPECT_EQ(fresh.m->got.r.attempt, c.end.outcome.attempt);
	EXPECT_EQ(fresh.pid, c.end.outcome.pid);
	EXPECT_EQ(0, calls_peer_kill(&fresh));
}

TEST_F(calls, restarted_server_gets_what_was_taken)
{
	restart_the_server(_metadata, self, FORM, true);
}

TEST_F(calls, restarted_server_gets_what_was_not_taken)
{
	restart_the_server(_metadata, self, FORM, false);
}

/* The next of those who share the name. */
TEST_F(calls, other_server_of_the_name_gets_it)
{
	struct calls_peer peer[2];
	struct calls_client c;
	int first;

	ASSERT_EQ(0, calls_peer_start(&peer[0]));
	ASSERT_EQ(0, calls_place_make(peer[0].m, AT_SHARED));
	self->to = peer[0].m->addr;
	ASSERT_EQ(0, calls_peer_start(&peer[1]));
	ASSERT_EQ(0, calls_place_make(peer[1].m, AT_SHARED));
	peer[1].m->addr = self->to;
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, calls_peer_do(&peer[i], calls_place_open, 0));
		ASSERT_EQ(0, calls_peer_begin(&peer[i], calls_peer_take,
					      FORM));
		ASSERT_TRUE(calls_peer_wait_asleep(&peer[i], FORM == BY_OP ?
						   SYS_ioctl : SYS_recvmsg));
	}
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	ASSERT_TRUE(DT_WAIT_UNTIL(peer[0].m->got.ret || peer[1].m->got.ret));
	first = !peer[0].m->got.ret;
	ASSERT_EQ(0, calls_peer_kill(&peer[first]));
	ASSERT_EQ(4, calls_peer_end(&peer[!first]));
	EXPECT_EQ(2, peer[!first].m->got.r.attempt);
	ASSERT_EQ(5, calls_peer_do(&peer[!first], calls_peer_reply, FORM));
	EXPECT_EQ(5, dt_thread_join(&c.thread));
	EXPECT_EQ(0, calls_peer_kill(&peer[!first]));
}

/* Who takes too long is told, and is late; the next try may be faster. */
TEST_F(calls, time_for_one_try)
{
	struct dipc_cancelled notice;
	struct calls_got first, second;
	struct calls_client c;

	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, try_time()));
	first = calls_recv(FORM, self->server, 0);
	ASSERT_EQ(4, first.ret);
	do {
		second = calls_recv(FORM, self->server, 0);
		ASSERT_LT(first.r.attempt, second.r.attempt);
		EXPECT_EQ(first.r.id, second.r.id);
		/* unless the machine has been slower than a try */
	} while (calls_reply(FORM, self->server, second.r.handle, "ok") ==
		 -EPIPE);
	EXPECT_EQ(2, dt_thread_join(&c.thread));
	EXPECT_EQ(second.r.attempt, c.end.outcome.attempt);
	EXPECT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(first.r.handle, notice.handle);
	EXPECT_EQ(DIPC_REASON_TIMED_OUT, notice.reason);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, first.r.handle,
				      "late"));
	EXPECT_LE(1, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

/* In a queue as well: it leaves, and comes again with the next number. */
TEST_F(calls, try_that_nobody_took)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 20 * MS));
	ASSERT_TRUE(DT_WAIT_UNTIL(
		calls_counted(&self->before, DIPC_REASON_RETRIED) >= 2));
	do {
		got = calls_recv(FORM, self->server, 0);
		ASSERT_LT(1, got.r.attempt);
	} while (calls_reply(FORM, self->server, got.r.handle, "ok") ==
		 -EPIPE);
	EXPECT_EQ(2, dt_thread_join(&c.thread));
	/* each one was withdrawn before the next was sent */
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

TEST_F(calls, deadline_ends_it)
{
	uint64_t all = 6 * try_time();
	struct calls_client c;

	ASSERT_EQ(0, give_name(self));
	/* a machine may stand still from the first try to the end of all */
	for (;; all *= 4) {
		ASSERT_EQ(0, call_at_least_once(&c, self, FORM, all,
						try_time()));
		ASSERT_EQ(-ETIMEDOUT, dt_thread_join(&c.thread));
		ASSERT_EQ(ETIMEDOUT, c.end.outcome.error);
		ASSERT_EQ(DIPC_REASON_EXPIRED, c.end.outcome.reason);
		if (c.end.outcome.attempt > 1 || all > DT_LONG_MS / 8 * MS)
			break;
	}
	EXPECT_LT(1, c.end.outcome.attempt);
	EXPECT_EQ(c.end.outcome.attempt - 1,
		  calls_counted(&self->before, DIPC_REASON_RETRIED));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* The name has gone for good. */
TEST_F(calls, deadline_ends_the_search)
{
	struct calls_client c;

	ASSERT_EQ(0, give_name(self));
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 5 * try_time(), 0));
	ASSERT_TRUE(wait_asleep(&c));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-ETIMEDOUT, dt_thread_join(&c.thread));
	EXPECT_EQ(1, c.end.outcome.attempt);
}

static int named_listener(const struct sockaddr_dipc *name)
{
	int fd = dt_socket_bound(SOCK_SEQPACKET, name);

	return fd < 0 || !listen(fd, 1) ? fd : -errno;
}

static int named_without_calls(const struct sockaddr_dipc *name)
{
	return dt_socket_bound(SOCK_RDM, name);
}

/* From the moment on in which it can be found. */
static int named_for_short_ones(const struct sockaddr_dipc *name)
{
	struct dipc_queue_conf conf;
	int fd = dt_socket(SOCK_RDM);
	int err = fd < 0 ? fd : dt_get_conf(fd, &conf);

	if (err)
		return err;
	conf.msg_max_bytes = 2;
	return dt_set_conf(fd, &conf) ?: calls_take_calls(fd) ?:
	       dt_bind(fd, name) ?: fd;
}

/* The name has come to one that it could never be sent to. */
TEST_F(calls, next_server_that_cannot_take_it_ends_it)
{
	static const struct {
		int (*open)(const struct sockaddr_dipc *name);
		int err;
		unsigned int attempt;	/* 2: its queue was asked */
	} next[] = {
		{ named_listener, EPROTOTYPE, 1 },
		{ named_without_calls, EOPNOTSUPP, 2 },
		{ named_for_short_ones, EMSGSIZE, 1 },
	};
	struct calls_client c;

	ASSERT_EQ(0, give_name(self));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
		ASSERT_TRUE(wait_asleep(&c));
		close(self->server);
		self->server = next[i].open(&self->to);
		ASSERT_LE(0, self->server);
		EXPECT_EQ(-next[i].err, dt_thread_join(&c.thread));
		EXPECT_EQ(next[i].err, c.end.outcome.error);
		/* one more may have reached who was just closing */
		EXPECT_LE(next[i].attempt, c.end.outcome.attempt);
		EXPECT_GE(next[i].attempt + 1, c.end.outcome.attempt);
		close(self->server);
		self->server = calls_server(SOCK_RDM, &self->to);
		ASSERT_LE(0, self->server);
	}
}

/* What was never there is a mistake, and known at once. */
TEST_F(calls, first_try_must_find_somebody)
{
	struct calls_client c;

	self->to = dt_name(self->name);
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	EXPECT_EQ(-ENOENT, dt_thread_join(&c.thread));
	self->to = dt_port(1ULL << 31);
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&c.thread));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_RETRIED));
}

TEST_F(calls, signal_ends_the_tries)
{
	struct calls_client c;
	struct calls_got got;

	if (FORM == BY_MSG)
		SKIP(return, "only a call that sleeps can be interrupted");
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	got = calls_recv(FORM, self->server, 0);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	/* the second one waits: untaken, but the first may have been executed */
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_queued(self->to.sdipc_port) == 1));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

TEST_F(calls, signal_ends_the_search)
{
	struct calls_client c;

	if (FORM == BY_MSG)
		SKIP(return, "only a call that sleeps can be interrupted");
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, give_name(self));
	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	close(self->server);
	self->server = -1;
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
}

/* Nothing but the client's receives sends an asynchronous call again. */
TEST_F(calls, asynchronous_call_is_tried_again_by_receives)
{
	struct calls_end end;
	struct calls_got got;

	ASSERT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 7,
				      .semantics = DIPC_AT_LEAST_ONCE)));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	/* the failed try makes it readable, and is no end */
	EXPECT_TRUE(is_readable(self->client));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	ASSERT_TRUE(DT_WAIT_UNTIL((end = ENDED(self->client)).ret == -EAGAIN &&
				  (got = TAKE(self->server)).ret == 4));
	EXPECT_EQ(2, got.r.attempt);
	EXPECT_FALSE(is_readable(self->client));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	end = ENDED(self->client);
	EXPECT_STREQ("ok", end.text);
	EXPECT_EQ(7, end.outcome.cookie);
	EXPECT_EQ(2, end.outcome.attempt);
}

/* Its cookie is taken all the while, and it can be given up at any time. */
TEST_F(calls, asynchronous_call_is_one_call)
{
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 7,
				      .semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(0, calls_drop(FORM, self->server,
				TAKE(self->server).r.handle));
	EXPECT_EQ(-EEXIST, calls_start(FORM, self->client, "ping",
				       WITH(.cookie = 7)));
	ASSERT_TRUE(DT_WAIT_UNTIL(ENDED(self->client).ret == -EAGAIN &&
				  (got = TAKE(self->server)).ret == 4));
	EXPECT_EQ(-EEXIST, calls_start(FORM, self->client, "ping",
				       WITH(.cookie = 7)));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	EXPECT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 7)));
	/* between two tries */
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	ASSERT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 7,
				      .semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(0, calls_drop(FORM, self->server,
				TAKE(self->server).r.handle));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 7));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* One request, and no other, for all that is not at least once. */
TEST_F(calls, at_most_once_and_maybe_are_tried_once)
{
	static const int semantics[] = { DIPC_AT_MOST_ONCE, DIPC_MAYBE };
	struct calls_got got;
	struct calls_end end;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(4, calls_start(FORM, self->client, "ping",
					 WITH(.semantics = semantics[i])));
		got = TAKE(self->server);
		EXPECT_EQ(semantics[i], got.r.semantics);
		EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
		end = ENDED(self->client);
		EXPECT_EQ(-ECONNRESET, end.ret);
		EXPECT_EQ(1, end.outcome.attempt);
		EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
		EXPECT_EQ(NONE, ENDED(self->client).ret);
	}
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_RETRIED));
}

/* A link leads to one server, and descriptors are given away once. */
TEST_F(calls, what_cannot_be_repeated)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, pair));
	ASSERT_EQ(0, calls_take_calls(pair[1]));
	EXPECT_EQ(-EOPNOTSUPP, calls_start(FORM, pair[0], "ping",
			WITH(.semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(-EOPNOTSUPP, calls_start(BY_MSG, self->client, "ping",
			WITH(.semantics = DIPC_AT_LEAST_ONCE, .fd = pair,
			     .n_fds = 1)));
	close(pair[0]);
	close(pair[1]);
}

/* Between tries it sleeps for a while, not longer each time without end. */
TEST_F(calls, tries_are_some_way_apart)
{
	struct calls_client c;
	struct calls_got got;
	long start = dt_now_ms();
	int n = 0;

	ASSERT_EQ(0, call_at_least_once(&c, self, FORM, 0, 0));
	while (dt_now_ms() < start + 500) {
		got = TAKE(self->server);
		if (got.ret < 0)
			continue;
		n++;
		ASSERT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	}
	/* 1, 2, 4 … 64 ms, then 100: 7 in the first 127 ms, some more */
	EXPECT_GE(12, n);
	got = calls_recv(FORM, self->server, 0);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&c.thread));
}

TEST_HARNESS_MAIN
