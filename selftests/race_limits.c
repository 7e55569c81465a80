// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Limits that change, and time that runs out, at a bad moment: while somebody
 * waits because of them, or receives what is about to be withdrawn. Who waits
 * goes on or is told; a message is received if and only if its sender is not
 * told that it was not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

#include "post.h"
#include "race.h"
#include "kselftest_harness.h"

#define LARGE	65536

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc to, elsewhere;
	int rx, tx, other;
	long n_rounds, n_accepted;
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	self->rx = self->tx = self->other = -1;
}

static void close_all(world *w)
{
	race_close(&w->rx);
	race_close(&w->tx);
	race_close(&w->other);
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	EXPECT_STREQ("", race_left(&self->before));
}

static bool set_pair(void *world_)
{
	struct sockaddr_dipc any = dt_any();
	world *w = world_;

	close_all(w);
	w->n_rounds++;
	w->rx = dt_socket_bound(SOCK_RDM, &any);
	if (w->rx < 0)
		return false;
	w->to = dt_port_of(w->rx);
	w->tx = dt_socket_connected(SOCK_RDM, &w->to);
	return w->tx >= 0;
}

static bool set_full(void *world_)
{
	world *w = world_;

	return set_pair(w) && !dt_set_capacity(w->rx, 1, DIPC_POLICY_WAIT) &&
	       send(w->tx, "abcdefgh", 8, 0) == 8;
}

static long send_eight(void *world_)
{
	return DT_ERR(send(((world *)world_)->tx, "abcdefgh", 8, 0));
}

static long take_one(void *world_)
{
	char c[8];

	return DT_ERR(recv(((world *)world_)->rx, c, 8, MSG_DONTWAIT));
}

/*
 * Limits of a queue, and who stands in line for it
 */

static long make_room(void *world_)
{
	return dt_set_capacity(((world *)world_)->rx, 2, DIPC_POLICY_WAIT);
}

static int judge_goes_on(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == 8 ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, more_capacity_against_a_sender, 200)
{
	static const struct race race = {
		"more capacity against a sender", .set = set_full,
		.side = { make_room, send_eight }, .judge = judge_goes_on,
		.outcome = { { "goes on", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
	printf("# %ld of them stood in line\n",
	       race_counted(&self->before, DIPC_REASON_WAITED));
}

static long refuse(void *world_)
{
	return dt_set_capacity(((world *)world_)->rx, 1, DIPC_POLICY_REFUSE);
}

static int judge_refused(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -ENOBUFS ? 0 : RACE_WRONG;
}

static long discard_new(void *world_)
{
	return dt_set_capacity(((world *)world_)->rx, 1,
			       DIPC_POLICY_DROP_NEWEST);
}

static long discard_old(void *world_)
{
	return dt_set_capacity(((world *)world_)->rx, 1,
			       DIPC_POLICY_DROP_OLDEST);
}

TEST_F_TIMEOUT(race, another_policy_against_a_sender, 200)
{
	static const struct race refusing = {
		"policy refuse against a sender", .set = set_full,
		.side = { refuse, send_eight }, .judge = judge_refused,
		.outcome = { { "refused", RACE_UNKNOWN } },
	};
	static const struct race newest = {
		"policy drop-newest against a sender", .set = set_full,
		.side = { discard_new, send_eight }, .judge = judge_goes_on,
		.outcome = { { "discarded", RACE_UNKNOWN } },
	};
	static const struct race oldest = {
		"policy drop-oldest against a sender", .set = set_full,
		.side = { discard_old, send_eight }, .judge = judge_goes_on,
		.outcome = { { "queued", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&refusing, self));
	self->n_rounds = 0;
	EXPECT_EQ(0, race_run(&newest, self));
	EXPECT_EQ(self->n_rounds,
		  race_counted(&self->before, DIPC_REASON_DROP_NEWEST));
	self->n_rounds = 0;
	EXPECT_EQ(0, race_run(&oldest, self));
	EXPECT_EQ(self->n_rounds,
		  race_counted(&self->before, DIPC_REASON_DROP_OLDEST));
}

static long take_short_ones_only(void *world_)
{
	struct dipc_queue_conf conf;
	world *w = world_;
	int err = dt_get_conf(w->rx, &conf);

	conf.msg_max_bytes = 7;
	return err ? err : dt_set_conf(w->rx, &conf);
}

static int judge_too_long(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -EMSGSIZE ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, shorter_messages_against_a_sender, 200)
{
	static const struct race race = {
		"shorter messages against a sender", .set = set_full,
		.side = { take_short_ones_only, send_eight },
		.judge = judge_too_long,
		.outcome = { { "too long", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long order_by_priority(void *world_)
{
	struct dipc_queue_conf conf;
	world *w = world_;
	int err = dt_get_conf(w->rx, &conf);

	conf.order = DIPC_ORDER_PRIORITY;
	return err ? err : dt_set_conf(w->rx, &conf);
}

static int judge_ordered(void *world_, const long *ret)
{
	if (ret[1] != 8 || take_one(world_) != 8)
		return RACE_WRONG;
	return !ret[0] ? 0 : ret[0] == -EBUSY ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, another_order_against_send, 200)
{
	static const struct race race = {
		"order by priority against send", .set = set_pair,
		.side = { order_by_priority, send_eight },
		.judge = judge_ordered,
		.outcome = { { "ordered", 0 }, { "too late", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * SO_SNDBUF
 */

static bool set_starved(void *world_)
{
	world *w = world_;
	int least = 1;

	if (!set_pair(w) || setsockopt(w->tx, SOL_SOCKET, SO_SNDBUF, &least,
				       sizeof(least)))
		return false;
	while (send(w->tx, "abcdefgh", 8, MSG_DONTWAIT) == 8)
		;
	return errno == EAGAIN;
}

static long raise_sndbuf(void *world_)
{
	int much = 1 << 20;

	return DT_ERR(setsockopt(((world *)world_)->tx, SOL_SOCKET, SO_SNDBUF,
				 &much, sizeof(much)));
}

TEST_F_TIMEOUT(race, more_sndbuf_against_a_sender, 200)
{
	static const struct race race = {
		"more SO_SNDBUF against a sender", .set = set_starved,
		.side = { raise_sndbuf, send_eight }, .judge = judge_goes_on,
		.outcome = { { "goes on", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* It waits for room by SO_SNDBUF, which comes, or for the end of the queue. */
static long close_rx(void *world_)
{
	world *w = world_;
	int fd = w->rx;

	w->rx = -1;
	return DT_ERR(close(fd));
}

static int judge_closed(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -ECONNREFUSED ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_against_who_waits_for_sndbuf, 200)
{
	static const struct race race = {
		"close against who waits for SO_SNDBUF", .set = set_starved,
		.side = { close_rx, send_eight }, .judge = judge_closed,
		.outcome = { { "refused", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Limits of a user
 */

static long lower_and_raise(void *world_)
{
	return dt_limit_set("user_max_bytes", 1) ?:
	       dt_limit_set("user_max_bytes", 1 << 20);
}

static int judge_limited(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == 8 ? 0 : ret[1] == -ENOBUFS ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, limit_of_a_user_against_send, 200)
{
	static const struct race race = {
		"limit of a user against send", .set = set_pair,
		.side = { lower_and_raise, send_eight },
		.judge = judge_limited,
		.outcome = { { "sent", RACE_UNKNOWN },
			     { "limited", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Time
 */

/* From microseconds to the most that a round should take, nanoseconds. */
static uint64_t soon(void)
{
	return 1000ULL << race_draw(15);
}

static bool set_soon_overdue(void *world_)
{
	world *w = world_;

	if (!set_pair(w))
		return false;
	w->n_accepted++;
	return post(w->tx, 'x', POST(.deadline_ns = soon())) == 1;
}

/* Once, and by one of them. */
static int judge_taken_once(void *world_, const long *ret)
{
	int i, taken = 0;

	for (i = 0; i < 2; i++) {
		if (ret[i] != 1 && ret[i] != -EAGAIN)
			return RACE_WRONG;
		taken += ret[i] == 1;
	}
	return taken > 1 ? RACE_WRONG : taken ? 0 : 1;
}

TEST_F_TIMEOUT(race, deadline_against_receive, 200)
{
	static const struct race race = {
		"deadline against two who receive", .set = set_soon_overdue,
		.side = { take_one, take_one }, .judge = judge_taken_once,
		.outcome = { { "received", RACE_UNKNOWN },
			     { "overdue", RACE_UNKNOWN } },
	};
	long taken, expired;

	EXPECT_EQ(0, race_run(&race, self));
	taken = race_counted(&self->before, DIPC_REASON_TAKEN);
	expired = race_counted(&self->before, DIPC_REASON_EXPIRED);
	EXPECT_EQ(self->n_accepted, taken + expired);
}

static long send_explicit_until_overdue(void *world_)
{
	return post_flags(((world *)world_)->tx, 'x',
			  POST(.mode = DIPC_MODE_EXPLICIT,
			       .deadline_ns = soon()), 0);
}

/* What the sender is told is what has happened. */
static int judge_explicit(void *world_, const long *ret)
{
	if (take_one(world_) != -EAGAIN)
		return RACE_WRONG;
	if (ret[0] == 1 && ret[1] == 1)
		return 0;
	return ret[0] == -EAGAIN && ret[1] == -ETIMEDOUT ? 1 : RACE_WRONG;
}

/* Who receives too early does so later next time. */
#define TIME_OUTCOMES { { "received", 1 }, { "in vain", 0 } }

TEST_F_TIMEOUT(race, deadline_against_explicit_receive, 200)
{
	static const struct race race = {
		"deadline of an explicit message against receive",
		.set = set_pair,
		.side = { take_one, send_explicit_until_overdue },
		.judge = judge_explicit, .outcome = TIME_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_unbuffered(void *world_)
{
	world *w = world_;

	return set_pair(w) && !dt_set_timeout(w->tx, SO_SNDTIMEO, 1) &&
	       !dt_set_capacity(w->rx, 0, DIPC_POLICY_WAIT);
}

static int judge_in_line(void *world_, const long *ret)
{
	if (take_one(world_) != -EAGAIN)
		return RACE_WRONG;
	if (ret[0] == 8 && ret[1] == 8)
		return 0;
	return ret[0] == -EAGAIN && ret[1] == -EAGAIN ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, time_limit_of_a_sender_against_receive, 200)
{
	static const struct race race = {
		"time limit of a sender in line against receive",
		.set = set_unbuffered, .side = { take_one, send_eight },
		.judge = judge_in_line, .outcome = TIME_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_impatient(void *world_)
{
	world *w = world_;

	return set_pair(w) && !dt_set_timeout(w->rx, SO_RCVTIMEO, 1);
}

static long wait_for_one(void *world_)
{
	char c[8];

	return DT_ERR(recv(((world *)world_)->rx, c, 8, 0));
}

/* The message is received, or still there. */
static int judge_received(void *world_, const long *ret)
{
	if (ret[1] != 8)
		return RACE_WRONG;
	if (ret[0] == 8)
		return take_one(world_) == -EAGAIN ? 0 : RACE_WRONG;
	return ret[0] == -EAGAIN && take_one(world_) == 8 ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, time_limit_of_a_receiver_against_send, 200)
{
	static const struct race race = {
		"time limit of a receiver against send",
		.set = set_impatient, .side = { wait_for_one, send_eight },
		.judge = judge_received,
		.outcome = { { "received", 1 }, { "in vain", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Where it is connected to
 */

static bool set_two_ways(void *world_)
{
	struct sockaddr_dipc any = dt_any();
	world *w = world_;

	if (!set_full(w))
		return false;
	w->other = dt_socket_bound(SOCK_RDM, &any);
	w->elsewhere = dt_port_of(w->other);
	return w->other >= 0;
}

static long connect_elsewhere(void *world_)
{
	world *w = world_;

	return dt_connect(w->tx, &w->elsewhere);
}

static long send_at_once(void *world_)
{
	return DT_ERR(send(((world *)world_)->tx, "abcdefgh", 8, MSG_DONTWAIT));
}

static int judge_way(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == 8 ? 0 : ret[1] == -EAGAIN ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, connect_elsewhere_against_send, 200)
{
	static const struct race race = {
		"connect elsewhere against send", .set = set_two_ways,
		.side = { connect_elsewhere, send_at_once },
		.judge = judge_way,
		.outcome = { { "there", 0 }, { "here, where it is full", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Memory that sockets keep
 */

static bool set_keeping(void *world_)
{
	static char large[LARGE];
	world *w = world_;

	/* what was sent and taken is kept by who has sent it */
	return set_pair(w) && send(w->tx, large, LARGE, 0) == LARGE &&
	       recv(w->rx, large, LARGE, 0) == LARGE;
}

static long shrink(void *world_)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = DT_ERR(write(fd, "2", 1));
	close(fd);
	return ret;
}

static long send_and_take_large(void *world_)
{
	static char out[LARGE], in[LARGE];
	world *w = world_;
	int i;

	for (i = 0; i < 10; i++) {
		dt_pattern(out, LARGE, i);
		if (send(w->tx, out, LARGE, 0) != LARGE ||
		    recv(w->rx, in, LARGE, 0) != LARGE)
			return -errno;
		if (dt_pattern_differs(in, LARGE, i) >= 0)
			return -EBADMSG;
	}
	return 0;
}

static int judge_whole(void *world_, const long *ret)
{
	return ret[0] == 1 && !ret[1] ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, shrinker_against_large_messages, 200)
{
	static const struct race race = {
		"shrinker against large messages", .rounds = 200,
		.set = set_keeping, .side = { shrink, send_and_take_large },
		.judge = judge_whole,
		.outcome = { { "whole", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long close_tx(void *world_)
{
	world *w = world_;
	int fd = w->tx;

	w->tx = -1;
	return DT_ERR(close(fd));
}

static int judge_given_back(void *world_, const long *ret)
{
	return ret[0] == 1 && !ret[1] ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, shrinker_against_close, 200)
{
	static const struct race race = {
		"shrinker against close", .rounds = 200, .set = set_keeping,
		.side = { shrink, close_tx }, .judge = judge_given_back,
		.outcome = { { "given back", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
