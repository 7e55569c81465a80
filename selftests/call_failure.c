// SPDX-License-Identifier: GPL-2.0
/*
 * How calls fail when the server does: it is not there, it closes, dies or
 * drops the request before or after it has taken it, it is too slow. Each for
 * a call that sleeps and for one that does not, and wherever the server is
 * called. The server is a process that is killed, stopped and continued. What
 * is said when the client is at fault is in call_cancel.c and call_signal.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls_place.h"
#include "kselftest_harness.h"

#define MS	1000000ULL
#define COOKIE	7

FIXTURE(failure)
{
	struct calls_peer peer;		/* the server */
	struct calls_peer_memory *m;	/* of it */
	int client;
	const struct sockaddr_dipc *to;
	struct calls_client sleeper;
	struct dt_stats before;
};

FIXTURE_VARIANT(failure)
{
	enum calls_place place;
	bool sleeps;		/* in the ioctl; else asynchronous */
};

#define PLACE(name, place)						\
	FIXTURE_VARIANT_ADD(failure, name##_sync) { place, true };	\
	FIXTURE_VARIANT_ADD(failure, name##_async) { place, false }

PLACE(port, AT_PORT);
PLACE(shared, AT_SHARED);
PLACE(mailbox, AT_MAILBOX);
PLACE(link, AT_LINK);

FIXTURE_SETUP(failure)
{
	ASSERT_EQ(0, calls_peer_start(&self->peer));
	self->m = self->peer.m;
	ASSERT_EQ(0, calls_place_make(self->m, variant->place));
	ASSERT_EQ(0, calls_peer_do(&self->peer, calls_place_open, 0))
		TH_LOG("is the module loaded?");
	self->client = calls_place_client(self->m);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, calls_peer_do(&self->peer, calls_place_accept, 0));
	self->to = calls_place_dest(self->m);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(failure)
{
	EXPECT_EQ(0, calls_peer_kill(&self->peer));
	close(self->client);
	if (self->m->place == AT_MAILBOX)
		dt_mailbox_del(self->m->addr.sdipc_name);
}

typedef FIXTURE_DATA(failure) env;
typedef FIXTURE_VARIANT(failure) kind;

/* The call is outstanding, and if it sleeps it is asleep. */
static bool begin(env *e, const kind *k, uint64_t deadline_ns)
{
	const struct calls_with *with = WITH(.dest = e->to,
		.cookie = k->sleeps ? 0 : COOKIE, .deadline_ns = deadline_ns);

	if (k->sleeps)
		return !calls_client_start(&e->sleeper, BY_OP, e->client,
					   "ping", with) &&
		       (deadline_ns || calls_client_wait_asleep(&e->sleeper));
	return calls_start(BY_MSG, e->client, "ping", with) == 4;
}

/* What it gave in the end. */
static struct calls_end end_of(env *e, const kind *k)
{
	if (k->sleeps) {
		if (calls_client_end(&e->sleeper) == -ETIME)
			return (struct calls_end) { .ret = -ETIME };
		return e->sleeper.end;
	}
	if (!DT_WAIT_UNTIL(is_readable(e->client)))
		return (struct calls_end) { .ret = -ETIME };
	return calls_finish(BY_MSG, e->client, MSG_DONTWAIT);
}

static long take_it(env *e)
{
	return calls_peer_do(&e->peer, calls_peer_take, BY_OP);
}

static bool has_ended(const env *e, const kind *k)
{
	return k->sleeps ? e->sleeper.ended : is_readable(e->client);
}

/*
 * The server is in its receive when the call comes, and has taken it. The time
 * is meant to run out, but not before that, however slow the machine is: what
 * has ended untaken is tried once more, with more of it.
 */
static bool begin_and_have_it_taken(env *e, const kind *k)
{
	struct pollfd p = { .fd = e->peer.sock, .events = POLLIN };
	long ms = 200 * calls_slow();
	bool taken;

	if (calls_peer_begin(&e->peer, calls_peer_take, BY_OP))
		return false;
	for (; ms < DT_LONG_MS; ms *= 4) {
		if (!calls_peer_wait_asleep(&e->peer, SYS_ioctl) ||
		    !begin(e, k, ms * MS))
			return false;
		/* asleep after the call has ended, it waits for another one */
		if (!DT_WAIT_UNTIL((taken = poll(&p, 1, 0) == 1) ||
				   (has_ended(e, k) &&
				    dt_is_asleep(e->peer.pid, SYS_ioctl))))
			return false;
		if (taken)
			return calls_peer_end(&e->peer) == 4;
		if (end_of(e, k).ret != -ETIMEDOUT)
			return false;
	}
	return false;
}

#define EXPECT_FAILED(error_, reason_) do {				\
	struct calls_end end_ = end_of(self, variant);			\
									\
	EXPECT_EQ(-(error_), end_.ret);					\
	EXPECT_EQ(error_, end_.outcome.error);				\
	EXPECT_EQ(reason_, end_.outcome.reason);			\
	EXPECT_EQ(variant->sleeps ? 0 : COOKIE, end_.outcome.cookie);	\
	EXPECT_EQ(0, end_.outcome.len);					\
	EXPECT_EQ(0, end_.outcome.pid);					\
	EXPECT_EQ(1, end_.outcome.attempt);				\
	EXPECT_STREQ("", end_.text);					\
} while (0)

/*
 * Nobody there
 */

static long call_to(const env *e, const kind *k, const struct sockaddr_dipc *to)
{
	if (k->sleeps)
		return calls_call(BY_OP, e->client, "ping",
				  WITH(.dest = to)).ret;
	return calls_start(BY_MSG, e->client, "ping", WITH(.dest = to));
}

TEST_F(failure, nobody_has_the_address)
{
	struct sockaddr_dipc to;
	char name[DIPC_NAME_MAX + 1];

	if (variant->place == AT_LINK)
		SKIP(return, "a link has one address");
	dt_unique(name, "nobody");
	to = dt_name(name);
	EXPECT_EQ(-ENOENT, call_to(self, variant, &to));
	to = dt_mailbox(name);
	EXPECT_EQ(-ENOENT, call_to(self, variant, &to));
	to = dt_port(1ULL << 31);
	EXPECT_EQ(-ECONNREFUSED, call_to(self, variant, &to));
	to.sdipc_node = 5;
	EXPECT_EQ(-EHOSTUNREACH, call_to(self, variant, &to));
	EXPECT_FALSE(is_readable(self->client));
}

/* It was there once; a mailbox stays. */
TEST_F(failure, server_has_gone_before_the_call)
{
	long want = variant->place == AT_SHARED ? -ENOENT : -ECONNREFUSED;

	if (variant->place == AT_MAILBOX)
		SKIP(return, "requests wait there");
	ASSERT_EQ(0, calls_peer_kill(&self->peer));
	EXPECT_EQ(want, call_to(self, variant, self->to));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_RESET));
}

/*
 * Before anybody took it: certainly not executed
 */

static int end_the_server(env *e, bool by_killing)
{
	int err = by_killing ? calls_peer_kill(&e->peer) :
		  calls_peer_do(&e->peer, calls_place_close, 0);

	/* what is in a mailbox is not that of a worker */
	if (e->m->place == AT_MAILBOX && !err)
		err = dt_mailbox_del(e->m->addr.sdipc_name);
	return err;
}

TEST_F(failure, killed_before_it_took_the_request)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(0, end_the_server(self, true));
	EXPECT_FAILED(ECONNREFUSED, DIPC_REASON_DROP_CLOSED);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_DROP_CLOSED));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_RESET));
}

TEST_F(failure, closed_before_it_took_the_request)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(0, end_the_server(self, false));
	EXPECT_FAILED(ECONNREFUSED, DIPC_REASON_DROP_CLOSED);
}

TEST_F(failure, killed_while_it_stood_still)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(0, calls_peer_stop(&self->peer));
	ASSERT_EQ(0, end_the_server(self, true));
	EXPECT_FAILED(ECONNREFUSED, DIPC_REASON_DROP_CLOSED);
}

/* A worker's death is nothing to what it did not take. */
TEST_F(failure, request_in_a_mailbox_outlives_a_worker)
{
	struct calls_end end;

	if (variant->place != AT_MAILBOX)
		SKIP(return, "only mailboxes outlive their receivers");
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(0, calls_peer_kill(&self->peer));
	ASSERT_EQ(0, calls_place_open(self->m, 0));
	EXPECT_EQ(4, calls_peer_take(self->m, BY_OP));
	EXPECT_EQ(5, calls_peer_reply(self->m, BY_OP));
	end = end_of(self, variant);
	EXPECT_EQ(5, end.ret);
	EXPECT_EQ(1, end.outcome.attempt);
	calls_place_close(self->m, 0);
}

/*
 * After it took it: may have been executed
 */

TEST_F(failure, killed_after_it_took_the_request)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(0, calls_peer_kill(&self->peer));
	EXPECT_FAILED(ECONNRESET, DIPC_REASON_RESET);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_RESET));
}

TEST_F(failure, closed_after_it_took_the_request)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(0, calls_peer_do(&self->peer, calls_place_close, 0));
	EXPECT_FAILED(ECONNRESET, DIPC_REASON_RESET);
}

TEST_F(failure, dropped_by_its_server)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(0, calls_peer_do(&self->peer, calls_peer_drop, BY_MSG));
	EXPECT_FAILED(ECONNRESET, DIPC_REASON_RESET);
}

static long write_a_part(struct calls_peer_memory *m, long unused)
{
	return calls_write(BY_OP, m->fd, m->got.r.handle, 0, "half", 4);
}

/* What it had written of the reply is no reply. */
TEST_F(failure, killed_in_the_middle_of_its_reply)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(4, calls_peer_do(&self->peer, write_a_part, 0));
	ASSERT_EQ(0, calls_peer_kill(&self->peer));
	EXPECT_FAILED(ECONNRESET, DIPC_REASON_RESET);
}

/* One of several: its own requests fail, those of others do not. */
TEST_F(failure, other_servers_go_on)
{
	struct calls_end end;
	struct calls_got got;

	if (variant->place != AT_MAILBOX && variant->place != AT_SHARED)
		SKIP(return, "there is one server only");
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(0, calls_place_open(self->m, 0));
	/* in turn, or whoever receives first */
	if (variant->place == AT_SHARED) {
		EXPECT_EQ(4, dt_send(self->client, "turn", 4, 0, self->to));
	}
	ASSERT_EQ(0, calls_peer_kill(&self->peer));
	EXPECT_FAILED(ECONNRESET, DIPC_REASON_RESET);
	ASSERT_TRUE(begin(self, variant, 0));
	do {
		got = calls_recv(BY_OP, self->m->fd, 0);
	} while (got.ret > 0 && !got.r.handle);
	EXPECT_EQ(2, calls_reply(BY_OP, self->m->fd, got.r.handle, "ok"));
	end = end_of(self, variant);
	EXPECT_STREQ("ok", end.text);
	calls_place_close(self->m, 0);
}

/*
 * Too slow
 */

TEST_F(failure, time_is_over_before_it_was_taken)
{
	struct calls_got got;

	ASSERT_EQ(0, calls_peer_stop(&self->peer));
	ASSERT_TRUE(begin(self, variant, DT_SHORT_MS * MS));
	EXPECT_FAILED(ETIMEDOUT, DIPC_REASON_EXPIRED);
	/* and is not seen any more */
	ASSERT_EQ(0, calls_peer_continue(&self->peer));
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	got = self->m->got;
	EXPECT_EQ(5, calls_peer_do(&self->peer, calls_peer_reply, BY_OP));
	EXPECT_EQ(got.r.id, end_of(self, variant).outcome.id);
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

static long read_notice(struct calls_peer_memory *m, long reason)
{
	struct dipc_cancelled c;

	if (!calls_wait_cancelled(m->fd, &c))
		return -ENOMSG;
	return c.handle == m->got.r.handle && c.id == m->got.r.id &&
	       c.port == m->got.r.port && !c.node && c.reason == reason ?
	       0 : -EBADMSG;
}

/* The server is told; its reply is discarded, counted, and EPIPE. */
TEST_F(failure, time_is_over_after_it_was_taken)
{
	ASSERT_TRUE(begin_and_have_it_taken(self, variant));
	EXPECT_FAILED(ETIMEDOUT, DIPC_REASON_EXPIRED);
	EXPECT_EQ(0, calls_peer_do(&self->peer, read_notice,
				   DIPC_REASON_EXPIRED));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
	EXPECT_EQ(-EPIPE, calls_peer_do(&self->peer, calls_peer_reply, BY_OP));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
	EXPECT_EQ(-ESRCH, calls_peer_do(&self->peer, calls_peer_reply, BY_OP));
	EXPECT_FALSE(is_readable(self->client));
}

static long reply_to(struct calls_peer_memory *m, long handle)
{
	return calls_reply(BY_OP, m->fd, handle, "reply");
}

/* A late reply is nobody's: not that of the next call, whatever its cookie. */
TEST_F(failure, late_reply_never_reaches_another_call)
{
	struct dipc_request late;
	struct calls_end end;

	ASSERT_TRUE(begin_and_have_it_taken(self, variant));
	EXPECT_FAILED(ETIMEDOUT, DIPC_REASON_EXPIRED);
	late = self->m->got.r;
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	EXPECT_NE(late.handle, self->m->got.r.handle);
	EXPECT_NE(late.id, self->m->got.r.id);
	EXPECT_EQ(-EPIPE, calls_peer_do(&self->peer, reply_to, late.handle));
	EXPECT_FALSE(is_readable(self->client));
	EXPECT_EQ(5, calls_peer_do(&self->peer, reply_to,
				   self->m->got.r.handle));
	end = end_of(self, variant);
	EXPECT_EQ(5, end.ret);
	EXPECT_EQ(self->m->got.r.id, end.outcome.id);
	EXPECT_FALSE(is_readable(self->client));
}

/* Slow is not dead: without a limit of time the reply is waited for. */
TEST_F(failure, stopped_server_goes_on)
{
	ASSERT_TRUE(begin(self, variant, 0));
	ASSERT_EQ(4, take_it(self));
	ASSERT_EQ(0, calls_peer_stop(&self->peer));
	ASSERT_EQ(0, calls_peer_begin(&self->peer, calls_peer_reply, BY_OP));
	EXPECT_FALSE(is_readable(self->client));
	if (variant->sleeps) {
		EXPECT_TRUE(calls_client_is_asleep(&self->sleeper));
	}
	ASSERT_EQ(0, calls_peer_continue(&self->peer));
	EXPECT_EQ(5, calls_peer_end(&self->peer));
	EXPECT_STREQ("reply", end_of(self, variant).text);
}

/* In time, with time left. */
TEST_F(failure, reply_within_the_deadline)
{
	struct calls_end end;

	ASSERT_TRUE(begin(self, variant, 1000000 * MS));
	ASSERT_EQ(4, take_it(self));
	EXPECT_LT(0, self->m->got.r.deadline_ns);
	EXPECT_EQ(5, calls_peer_do(&self->peer, calls_peer_reply, BY_OP));
	end = end_of(self, variant);
	EXPECT_STREQ("reply", end.text);
	EXPECT_EQ(self->peer.pid, end.outcome.pid);
}

TEST_HARNESS_MAIN
