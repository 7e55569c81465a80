// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Who polls while somebody else has in his hands what it is about: a message,
 * a completion, the end of a call or a piece of a stream that is taken and
 * then, because his memory is bad or he wants less, is there again. Who polls
 * must see it, or be woken; never may he sleep beside it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>

#include "calls.h"
#include "completion.h"
#include "race.h"
#include "kselftest_harness.h"

#define STREAM	60000	/* bytes */
#define READS	500	/* of a stream in a round */
#define POLLS	50	/* the same, where each may sleep */

FIXTURE(race)
{
	struct dt_stats before;
	int rx, tx, watched;
	int pair[2];
	char *nowhere;		/* not to be written to */
	struct sockaddr_dipc to;
	bool goes_on;		/* what the other side looks at */
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	struct sockaddr_dipc any = dt_any();

	ASSERT_EQ(0, race_world(&self->before));
	self->nowhere = mmap(NULL, 4096, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->nowhere);
	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx);
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	self->pair[0] = self->pair[1] = -1;
}

FIXTURE_TEARDOWN(race)
{
	close(self->rx);
	close(self->tx);
	close(self->pair[0]);
	close(self->pair[1]);
	munmap(self->nowhere, 4096);
	EXPECT_STREQ("", race_left(&self->before));
}

/*
 * What is waited for stays there, so it must be seen each time; once the other
 * side, who may have been stopped with it in his hands, can go on.
 */
static long poll_for(world *w, short events, short want)
{
	struct pollfd p = { .fd = w->watched, .events = events };
	int i, seen = 0;

	for (i = 0; i < POLLS && seen == i; i++)
		seen += poll(&p, 1, DT_LONG_MS / 4) == 1 && p.revents & want;
	__atomic_store_n(&w->goes_on, false, __ATOMIC_SEQ_CST);
	return seen;
}

static long poll_in(void *world_)
{
	return poll_for(world_, POLLIN, POLLIN);
}

static long poll_err(void *world_)
{
	return poll_for(world_, 0, POLLERR);
}

static bool set_going(void *world_)
{
	__atomic_store_n(&((world *)world_)->goes_on, true, __ATOMIC_SEQ_CST);
	return true;
}

static int judge_seen(void *world_, const long *ret)
{
	return ret[0] == -EFAULT && ret[1] == POLLS ? 0 : RACE_WRONG;
}

/* In vain, for as long as somebody polls. */
static long take_badly(void *world_)
{
	world *w = world_;
	long ret;

	do {
		ret = DT_ERR(recv(w->watched, w->nowhere, 1, MSG_DONTWAIT));
	} while (ret == -EFAULT &&
		 __atomic_load_n(&w->goes_on, __ATOMIC_SEQ_CST));
	return ret;
}

TEST_F_TIMEOUT(race, poll_against_put_back_of_a_message, 200)
{
	static const struct race race = {
		"poll against put-back of a message",
		.set = set_going,
		.side = { take_badly, poll_in }, .judge = judge_seen,
		.outcome = { { "seen", RACE_UNKNOWN } },
	};
	char c;

	self->watched = self->rx;
	ASSERT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_EQ(1, recv(self->rx, &c, 1, MSG_DONTWAIT));
}

static long complete_badly(void *world_)
{
	world *w = world_;
	struct msghdr msg;
	long ret;

	do {
		msg = (struct msghdr) { .msg_control = w->nowhere,
					.msg_controllen = 1024 };
		ret = DT_ERR(recvmsg(w->watched, &msg, MSG_ERRQUEUE));
	} while (ret == -EFAULT &&
		 __atomic_load_n(&w->goes_on, __ATOMIC_SEQ_CST));
	return ret;
}

TEST_F_TIMEOUT(race, poll_against_put_back_of_a_completion, 200)
{
	static const struct race race = {
		"poll against put-back of a completion",
		.set = set_going,
		.side = { complete_badly, poll_err }, .judge = judge_seen,
		.outcome = { { "seen", RACE_UNKNOWN } },
	};

	self->watched = self->tx;
	ASSERT_EQ(1, send_async(self->tx, 'x', 7));
	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_STREQ(says(7, 0, DIPC_REASON_QUEUED), told(self->tx, 0));
}

/* A request that is held, and its client has given up. */
TEST_F_TIMEOUT(race, poll_against_put_back_of_a_notice, 200)
{
	static const struct race race = {
		"poll against put-back of a notice",
		.set = set_going,
		.side = { complete_badly, poll_err }, .judge = judge_seen,
		.outcome = { { "seen", RACE_UNKNOWN } },
	};
	struct dipc_cancelled notice;

	self->watched = self->rx;
	ASSERT_EQ(0, calls_take_calls(self->rx));
	ASSERT_LE(0, calls_start(BY_OP, self->tx, "x", WITH(.cookie = 1)));
	ASSERT_LE(0, calls_recv(BY_OP, self->rx, 0).ret);
	ASSERT_EQ(0, calls_cancel(BY_OP, self->tx, 1));
	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_EQ(0, calls_cancelled(self->rx, &notice));
}

TEST_F_TIMEOUT(race, poll_against_put_back_of_the_end_of_a_call, 200)
{
	static const struct race race = {
		"poll against put-back of the end of a call",
		.set = set_going,
		.side = { take_badly, poll_in }, .judge = judge_seen,
		.outcome = { { "seen", RACE_UNKNOWN } },
	};
	struct calls_got got;

	self->watched = self->tx;
	ASSERT_EQ(0, calls_take_calls(self->rx));
	ASSERT_LE(0, calls_start(BY_OP, self->tx, "x", WITH(.cookie = 1)));
	got = calls_recv(BY_OP, self->rx, 0);
	ASSERT_EQ(1, calls_reply(BY_OP, self->rx, got.r.handle, "y"));
	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_EQ(1, calls_finish(BY_OP, self->tx, 0).ret);
}

/*
 * A stream of which little is read at a time is never without bytes
 */

static bool set_stream(void *world_)
{
	static char bytes[STREAM];
	world *w = world_;

	close(w->pair[0]);
	close(w->pair[1]);
	__atomic_store_n(&w->goes_on, true, __ATOMIC_SEQ_CST);
	return !socketpair(dt_family(), SOCK_STREAM | SOCK_CLOEXEC, 0,
			   w->pair) &&
	       send(w->pair[0], bytes, STREAM, MSG_DONTWAIT) == STREAM;
}

static long read_a_little(void *world_)
{
	world *w = world_;
	long ret = 1;
	char c;
	int i;

	for (i = 0; i < READS && ret == 1; i++)
		ret = DT_ERR(recv(w->pair[1], &c, 1, MSG_DONTWAIT));
	__atomic_store_n(&w->goes_on, false, __ATOMIC_SEQ_CST);
	return ret;
}

/* How often there was nothing, while there was. */
static long look_often(void *world_)
{
	world *w = world_;
	struct pollfd p = { .fd = w->pair[1], .events = POLLIN };
	long missed = 0;

	while (__atomic_load_n(&w->goes_on, __ATOMIC_SEQ_CST))
		missed += poll(&p, 1, 0) != 1;
	return missed;
}

static int judge_stream(void *world_, const long *ret)
{
	return ret[0] == 1 && !ret[1] ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, poll_against_a_reader_of_a_stream, 200)
{
	static const struct race race = {
		"poll against who reads a little of a stream", .rounds = 100,
		.set = set_stream, .side = { read_a_little, look_often },
		.judge = judge_stream,
		.outcome = { { "always seen", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
