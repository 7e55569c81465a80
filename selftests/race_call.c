// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Calls that come to their end in two ways at once: by a reply and because
 * they are cancelled, overdue or no longer awaited; taken, forwarded or purged
 * while their client or their server goes. Each ends once, whoever brings it
 * there is told whether he did, and in the end nothing is left.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <stdio.h>

#include "calls.h"
#include "race.h"
#include "kselftest_harness.h"

#define COOKIE	7
#define BOX	"requests"

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc to[2];	/* the servers */
	int server[2], client;
	uint64_t handle;
	struct dt_nl nl;
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	self->server[0] = self->server[1] = self->client = -1;
	self->to[0] = dt_name("first");
	self->to[1] = dt_name("second");
}

static void close_all(world *w)
{
	race_close(&w->server[0]);
	race_close(&w->server[1]);
	race_close(&w->client);
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	dt_mailbox_del(BOX);
	dt_nl_close(&self->nl);
	EXPECT_STREQ("", race_left(&self->before));
}

/*
 * What a round begins with
 */

static bool set_sockets(void *world_)
{
	world *w = world_;
	int i;

	close_all(w);
	for (i = 0; i < 2; i++)
		w->server[i] = calls_server(SOCK_RDM, &w->to[i]);
	w->client = dt_socket(SOCK_RDM);
	return w->server[0] >= 0 && w->server[1] >= 0 && w->client >= 0;
}

static long start_with(world *w, uint64_t deadline_ns)
{
	long ret = calls_start(BY_OP, w->client, "question",
			       WITH(.cookie = COOKIE, .dest = &w->to[0],
				    .deadline_ns = deadline_ns));

	return ret < 0 ? ret : 0;
}

static long start_call(void *world_)
{
	return start_with(world_, 0);
}

static bool set_sent(void *world_)
{
	return set_sockets(world_) && !start_call(world_);
}

static long take(void *world_)
{
	world *w = world_;
	struct calls_got got = calls_recv(BY_OP, w->server[0], MSG_DONTWAIT);

	w->handle = got.ret < 0 ? 0 : got.r.handle;
	return got.ret < 0 ? got.ret : 0;
}

static bool set_taken(void *world_)
{
	return set_sent(world_) && !take(world_);
}

/* It may be over before it is taken: then there is one more try. */
static bool set_soon_overdue(void *world_)
{
	world *w = world_;
	int i;

	for (i = 0; i < 1000; i++) {
		if (!set_sockets(w) || start_with(w, 1000ULL << race_draw(15)))
			return false;
		if (!take(w))
			return true;
	}
	return false;
}

/*
 * What the sides do
 */

static long reply(void *world_)
{
	world *w = world_;

	return calls_reply(BY_OP, w->server[0], w->handle, "answer");
}

static long cancel(void *world_)
{
	return calls_cancel(BY_OP, ((world *)world_)->client, COOKIE);
}

static long finish(void *world_)
{
	return calls_finish_cookie(((world *)world_)->client, COOKIE, 0).ret;
}

/* The same without waiting. */
static long has_ended(world *w)
{
	return calls_finish_cookie(w->client, COOKIE, MSG_DONTWAIT).ret;
}

static long drop(void *world_)
{
	world *w = world_;

	return calls_drop(BY_OP, w->server[0], w->handle);
}

static long forward(void *world_)
{
	world *w = world_;

	return calls_forward(BY_OP, w->server[0], w->handle, &w->to[1]);
}

static long close_client(void *world_)
{
	world *w = world_;
	int fd = w->client;

	w->client = -1;
	return DT_ERR(close(fd));
}

static long close_server(void *world_)
{
	world *w = world_;
	int fd = w->server[0];

	w->server[0] = -1;
	return DT_ERR(close(fd));
}

static long close_second(void *world_)
{
	world *w = world_;
	int fd = w->server[1];

	w->server[1] = -1;
	return DT_ERR(close(fd));
}

/* All calls, as they are just now. */
static long look(void *world_)
{
	world *w = world_;

	dt_nl_begin(&w->nl, DIPC_CMD_CALL_GET, NLM_F_DUMP);
	return dt_nl_call(&w->nl, NULL, NULL, NULL);
}

/*
 * Reply
 */

#define REPLY_OUTCOMES { { "in time", 0 }, { "too late", 1 } }

/* Whether it was in time or not, the client hears nothing of it. */
static int judge_cancelled(void *world_, const long *ret)
{
	if (ret[1] || ret[2] || has_ended(world_) != -ENOENT)
		return RACE_WRONG;
	return ret[0] == 6 ? 0 : ret[0] == -EPIPE ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, reply_against_cancel, 200)
{
	static const struct race race = {
		"reply against cancel, and who looks", .set = set_taken,
		.side = { reply, cancel, look }, .judge = judge_cancelled,
		.outcome = REPLY_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Either side is told the same. */
static int judge_overdue(void *world_, const long *ret)
{
	if (ret[0] == 6 && ret[1] == 6)
		return 0;
	return ret[0] == -EPIPE && ret[1] == -ETIMEDOUT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, reply_against_the_deadline, 200)
{
	static const struct race race = {
		"reply against the deadline", .set = set_soon_overdue,
		.side = { reply, finish }, .judge = judge_overdue,
		.outcome = { { "in time", RACE_UNKNOWN },
			     { "too late", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Three ends at once, and none of it is heard of afterwards. */
static int judge_three(void *world_, const long *ret)
{
	bool told = ret[2] == 6 || ret[2] == -ETIMEDOUT;

	if (has_ended(world_) != -ENOENT || (!ret[1] == told))
		return RACE_WRONG;
	if (!told && ret[2] != -ENOENT)
		return RACE_WRONG;
	if (ret[0] != 6 && ret[0] != -EPIPE)
		return RACE_WRONG;
	if (ret[2] == 6 && ret[0] != 6)
		return RACE_WRONG;
	return !told ? 2 : ret[2] == 6 ? 0 : 1;
}

TEST_F_TIMEOUT(race, reply_against_cancel_and_the_deadline, 200)
{
	static const struct race race = {
		"reply against cancel, the deadline and who waits",
		.set = set_soon_overdue,
		.side = { reply, cancel, finish }, .judge = judge_three,
		.outcome = { { "replied", 0 }, { "overdue", RACE_UNKNOWN },
			     { "cancelled", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_reply_to_closed(void *world_, const long *ret)
{
	if (ret[1])
		return RACE_WRONG;
	return ret[0] == 6 ? 0 : ret[0] == -EPIPE ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, reply_against_close_of_the_client, 200)
{
	static const struct race race = {
		"reply against close of the client, and who looks",
		.set = set_taken, .side = { reply, close_client, look },
		.judge = judge_reply_to_closed, .outcome = REPLY_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_replied(void *world_)
{
	return set_taken(world_) && reply(world_) == 6;
}

static int judge_read(void *world_, const long *ret)
{
	if (has_ended(world_) != -ENOENT)
		return RACE_WRONG;
	if (ret[0] == 6 && ret[1] == -ENOENT)
		return 0;
	return ret[0] == -ENOENT && !ret[1] ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, read_against_cancel, 200)
{
	static const struct race race = {
		"reading the end against cancel", .set = set_replied,
		.side = { finish, cancel }, .judge = judge_read,
		.outcome = { { "read", 0 }, { "cancelled", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_read_once(void *world_, const long *ret)
{
	if (ret[0] == 6 && ret[1] == -ENOENT)
		return 0;
	return ret[1] == 6 && ret[0] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, two_read_one_end, 200)
{
	static const struct race race = {
		"two read one end", .set = set_replied,
		.side = { finish, finish }, .judge = judge_read_once,
		.outcome = { { "the first", 0 }, { "the second", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Taking
 */

/* Who took it is told that nobody waits; or there is nothing to take. */
static int judge_taken(void *world_, const long *ret)
{
	struct dipc_cancelled notice;
	world *w = world_;

	if (ret[1])
		return RACE_WRONG;
	if (ret[0] == -EAGAIN)
		return calls_cancelled(w->server[0], &notice) == -EAGAIN ?
		       1 : RACE_WRONG;
	if (ret[0] || calls_cancelled(w->server[0], &notice) ||
	    notice.handle != w->handle)
		return RACE_WRONG;
	return reply(w) == -EPIPE ? 0 : RACE_WRONG;
}

#define TAKE_OUTCOMES { { "taken", 0 }, { "withdrawn", 1 } }

TEST_F_TIMEOUT(race, take_against_cancel, 200)
{
	static const struct race race = {
		"taking a request against cancel", .set = set_sent,
		.side = { take, cancel }, .judge = judge_taken,
		.outcome = TAKE_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_F_TIMEOUT(race, take_against_close_of_the_client, 200)
{
	static const struct race race = {
		"taking a request against close of the client",
		.set = set_sent, .side = { take, close_client },
		.judge = judge_taken, .outcome = TAKE_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Nobody has taken it: that is what its client is told, at once or later. */
static int judge_started(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	if (!ret[1])
		return finish(world_) == -ECONNREFUSED ? 0 : RACE_WRONG;
	if (has_ended(world_) != -ENOENT)
		return RACE_WRONG;
	return ret[1] == -ECONNREFUSED ? 1 : ret[1] == -ENOENT ? 2 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, start_against_close_of_the_server, 200)
{
	static const struct race race = {
		"close of the server against a call", .set = set_sockets,
		.side = { close_server, start_call, look },
		.judge = judge_started,
		.outcome = { { "refused later", 1 }, { "refused", 0 },
			     { "no such name", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_unbound(void *world_)
{
	world *w = world_;

	close_all(w);
	w->server[0] = dt_socket(SOCK_RDM);
	w->client = dt_socket(SOCK_RDM);
	return w->server[0] >= 0 && w->client >= 0;
}

static long bind_server(void *world_)
{
	world *w = world_;

	return dt_bind(w->server[0], &w->to[0]);
}

/* It takes no calls, from the moment when it can be found. */
static int judge_bound(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == -EOPNOTSUPP ? 0 : ret[1] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, start_against_bind_of_who_takes_no_calls, 200)
{
	static const struct race race = {
		"bind of who takes no calls against a call", .set = set_unbound,
		.side = { bind_server, start_call, look },
		.judge = judge_bound,
		.outcome = { { "takes no calls", 0 }, { "no such name", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long call_and_wait(void *world_)
{
	world *w = world_;

	return calls_call(BY_OP, w->client, "question",
			  WITH(.dest = &w->to[0])).ret;
}

static int judge_called(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == -ECONNREFUSED ? 0 : ret[1] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, waiting_client_against_close_of_the_server, 200)
{
	static const struct race race = {
		"close of the server against a client that waits",
		.set = set_sockets,
		.side = { close_server, call_and_wait, look },
		.judge = judge_called,
		.outcome = { { "refused", RACE_UNKNOWN },
			     { "no such name", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Handing on and giving up
 */

/* Held by the first one still, or on its way: then it was refused there. */
static int judge_forwarded(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[1])
		return RACE_WRONG;
	if (!ret[0])
		return finish(w) == -ECONNRESET ? 0 : RACE_WRONG;
	if (reply(w) != 6 || finish(w) != 6)
		return RACE_WRONG;
	return ret[0] == -ECONNREFUSED ? 1 : ret[0] == -ENOENT ? 2 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, forward_against_close_of_the_next_server, 200)
{
	static const struct race race = {
		"forward against close of the next server",
		.set = set_taken, .side = { forward, close_second, look },
		.judge = judge_forwarded,
		.outcome = { { "forwarded", 0 }, { "refused", 1 },
			     { "no such name", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* The next server has it, or finds nothing. */
static int judge_withdrawn(void *world_, const long *ret)
{
	world *w = world_;
	struct calls_got got;

	if (ret[1] || (ret[0] && ret[0] != -EPIPE))
		return RACE_WRONG;
	got = calls_recv(BY_OP, w->server[1], MSG_DONTWAIT);
	if (got.ret != -EAGAIN || reply(w) != -ESRCH)
		return RACE_WRONG;
	return ret[0] ? 1 : 0;
}

#define FORWARD_OUTCOMES { { "forwarded and withdrawn", 0 },		\
	{ "nobody waited any more", 1 } }

TEST_F_TIMEOUT(race, forward_against_cancel, 200)
{
	static const struct race race = {
		"forward against cancel", .set = set_taken,
		.side = { forward, cancel, look },
		.judge = judge_withdrawn, .outcome = FORWARD_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_F_TIMEOUT(race, forward_against_close_of_the_client, 200)
{
	static const struct race race = {
		"forward against close of the client", .set = set_taken,
		.side = { forward, close_client, look },
		.judge = judge_withdrawn, .outcome = FORWARD_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_dropped(void *world_, const long *ret)
{
	return !ret[0] && !ret[1] && has_ended(world_) == -ENOENT ?
	       0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, drop_against_cancel, 200)
{
	static const struct race race = {
		"drop against cancel", .set = set_taken,
		.side = { drop, cancel, look }, .judge = judge_dropped,
		.outcome = { { "gone", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_both_closed(void *world_, const long *ret)
{
	return ret[0] || ret[1] ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, client_and_server_close, 200)
{
	static const struct race race = {
		"close of the server that holds it and of its client",
		.set = set_taken, .side = { close_server, close_client, look },
		.judge = judge_both_closed,
		.outcome = { { "closed", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Over a link
 */

/* Of two calls one is taken and one is not. */
static bool set_link(void *world_)
{
	world *w = world_;
	int pair[2];
	int i;

	close_all(w);
	if (socketpair(dt_family(), SOCK_SEQPACKET, 0, pair))
		return false;
	w->client = pair[0];
	w->server[0] = pair[1];
	if (calls_take_calls(w->server[0]))
		return false;
	for (i = 0; i < 2; i++)
		if (calls_start(BY_OP, w->client, "question",
				WITH(.cookie = i)) < 0)
			return false;
	return !take(w);
}

/* How many calls have ended before the connection does. */
static long receive_all(void *world_)
{
	world *w = world_;
	struct calls_end end;
	long n = 0;

	do {
		end = calls_finish(BY_MSG, w->client, MSG_DONTWAIT);
		n += end.has_outcome;
	} while (end.has_outcome || end.ret == -EAGAIN);
	return end.ret == -ECONNRESET ? n : end.ret;
}

static int judge_link(void *world_, const long *ret)
{
	return ret[0] || ret[1] != 2 ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, close_of_a_link_against_receive, 200)
{
	static const struct race race = {
		"close of a link with calls against receive", .set = set_link,
		.side = { close_server, receive_all, look },
		.judge = judge_link,
		.outcome = { { "all were told", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * In a mailbox
 */

static bool set_in_box(void *world_)
{
	world *w = world_;

	close_all(w);
	dt_mailbox_del(BOX);
	w->to[0] = dt_mailbox(BOX);
	w->client = dt_socket(SOCK_RDM);
	return w->client >= 0 && !dt_mailbox_new(BOX, DT_MAILBOX()) &&
	       !start_call(w);
}

static long purge(void *world_)
{
	return dt_mailbox_purge(BOX, NULL);
}

static int judge_purged(void *world_, const long *ret)
{
	if (ret[0] || ret[1] || ret[2] || has_ended(world_) != -ENOENT)
		return RACE_WRONG;
	return dt_mailbox_queued(BOX) ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, purge_against_cancel, 200)
{
	static const struct race race = {
		"purge of a mailbox against cancel", .set = set_in_box,
		.side = { purge, cancel, look }, .judge = judge_purged,
		.outcome = { { "gone", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
