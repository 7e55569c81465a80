// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Who waits for a message by epoll or io_uring, and ends that while one comes:
 * he is not told of what he has given up, and the message is received or still
 * there.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "race.h"
#include "uring.h"
#include "kselftest_harness.h"

FIXTURE(race)
{
	struct dt_stats before;
	int rx, tx, epoll;
	struct uring ring;
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	self->rx = self->tx = -1;
}

static void close_all(world *w)
{
	if (w->rx >= 0)
		close(w->rx);
	if (w->tx >= 0)
		close(w->tx);
	w->rx = w->tx = -1;
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	EXPECT_STREQ("", race_left(&self->before));
}

/* A port and who is connected to it, new in each round. */
static bool set_pair(void *world_)
{
	struct sockaddr_dipc any = dt_any(), to;
	world *w = world_;

	close_all(w);
	w->rx = dt_socket_bound(SOCK_RDM, &any);
	if (w->rx < 0)
		return false;
	to = dt_port_of(w->rx);
	w->tx = dt_socket_connected(SOCK_RDM, &to);
	return w->tx >= 0;
}

static long send_one(void *world_)
{
	return DT_ERR(send(((world *)world_)->tx, "x", 1, 0));
}

static long take_one(world *w)
{
	char c;

	return DT_ERR(recv(w->rx, &c, 1, MSG_DONTWAIT));
}

static long close_rx(void *world_)
{
	world *w = world_;
	int fd = w->rx;

	w->rx = -1;
	return DT_ERR(close(fd));
}

static bool set_watched(void *world_)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	world *w = world_;

	return set_pair(w) &&
	       !epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->rx, &ev);
}

static long watch_no_more(void *world_)
{
	world *w = world_;

	return DT_ERR(epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->rx, NULL));
}

/* What was taken out is not told of any more; the message is there. */
static int judge_watched(void *world_, const long *ret)
{
	struct epoll_event ev;
	world *w = world_;

	if (ret[0] || ret[1] != 1 || epoll_wait(w->epoll, &ev, 1, 0) ||
	    take_one(w) != 1)
		return RACE_WRONG;
	return 0;
}

static int judge_told_or_closed(void *world_, const long *ret)
{
	struct epoll_event ev;
	world *w = world_;

	if (ret[0] || epoll_wait(w->epoll, &ev, 1, 0))
		return RACE_WRONG;
	return ret[1] == 1 ? 0 : ret[1] == -ECONNREFUSED ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, epoll_against_a_message, 200)
{
	static const struct race removal = {
		"removal from epoll against send", .set = set_watched,
		.side = { watch_no_more, send_one }, .judge = judge_watched,
		.outcome = { { "sent and not told", RACE_UNKNOWN } },
	};
	static const struct race closing = {
		"close of what epoll watches against send", .set = set_watched,
		.side = { close_rx, send_one }, .judge = judge_told_or_closed,
		.outcome = { { "sent and discarded", 1 }, { "refused", 0 } },
	};

	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epoll);
	EXPECT_EQ(0, race_run(&removal, self));
	EXPECT_EQ(0, race_run(&closing, self));
	close(self->epoll);
}

#define RECEIVE		1
#define CANCEL		2

static bool set_receiving(void *world_)
{
	static char c;
	struct io_uring_sqe *sqe;
	world *w = world_;

	if (!set_pair(w))
		return false;
	sqe = uring_entry(&w->ring);
	io_uring_prep_recv(sqe, w->rx, &c, 1, 0);
	uring_add(&w->ring, sqe, RECEIVE, 0);
	return !uring_submit(&w->ring);
}

static long cancel(void *world_)
{
	struct io_uring_sqe *sqe;
	world *w = world_;

	sqe = uring_entry(&w->ring);
	io_uring_prep_cancel64(sqe, RECEIVE, 0);
	uring_add(&w->ring, sqe, CANCEL, 0);
	return uring_submit(&w->ring);
}

/* The message is with the ring, or still in the queue. */
static int judge_cancelled(void *world_, const long *ret)
{
	world *w = world_;
	long received;

	if (ret[0] || ret[1] != 1)
		return RACE_WRONG;
	received = uring_wait(&w->ring, RECEIVE);
	uring_wait(&w->ring, CANCEL);
	if (received == 1)
		return take_one(w) == -EAGAIN ? 0 : RACE_WRONG;
	return received == -ECANCELED && take_one(w) == 1 ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, cancel_of_a_receive_against_a_message, 200)
{
	static const struct race race = {
		"cancel of an io_uring receive against send",
		.set = set_receiving, .side = { cancel, send_one },
		.judge = judge_cancelled,
		.outcome = { { "received", 1 }, { "cancelled", 0 } },
	};

	if (uring_open(&self->ring, URING_PLAIN))
		SKIP(return, "no io_uring");
	EXPECT_EQ(0, race_run(&race, self));
	uring_close(&self->ring);
}

TEST_HARNESS_MAIN
