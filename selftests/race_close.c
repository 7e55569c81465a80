// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Sockets for messages that are closed at a bad moment: while somebody sends
 * to them, waits for them, looks them up by name, takes what they have sent,
 * or closes them as well. Each round ends in one of the ways that are said
 * here, and in the end nothing is left and the counters agree.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

#include "completion.h"
#include "race.h"
#include "scm.h"
#include "kselftest_harness.h"

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc to;	/* rx */
	int rx, tx, third;
	long sent, received;		/* messages that were accepted, taken */
	struct scm_pipe pipe;
	struct sockaddr_dipc box;
	uint64_t cookie;
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	self->rx = self->tx = self->third = -1;
}

static void close_all(world *w)
{
	race_close(&w->rx);
	race_close(&w->tx);
	race_close(&w->third);
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	EXPECT_STREQ("", race_left(&self->before));
}

static bool open_port(world *w)
{
	struct sockaddr_dipc any = dt_any();

	w->rx = dt_socket_bound(SOCK_RDM, &any);
	if (w->rx < 0)
		return false;
	w->to = dt_port_of(w->rx);
	return true;
}

/* A port and who is connected to it, new in each round. */
static bool set_pair(void *world_)
{
	world *w = world_;

	close_all(w);
	if (!open_port(w))
		return false;
	w->tx = dt_socket_connected(SOCK_RDM, &w->to);
	return w->tx >= 0;
}

static bool set_full_pair(void *world_)
{
	world *w = world_;

	return set_pair(w) && !dt_set_capacity(w->rx, 1, DIPC_POLICY_WAIT) &&
	       send(w->tx, "x", 1, 0) == 1;
}

static bool set_unbuffered_pair(void *world_)
{
	world *w = world_;

	return set_pair(w) && !dt_set_capacity(w->rx, 0, DIPC_POLICY_WAIT);
}

static long close_rx(void *world_)
{
	world *w = world_;
	int fd = w->rx;

	w->rx = -1;
	return DT_ERR(close(fd));
}

static long close_tx(void *world_)
{
	world *w = world_;
	int fd = w->tx;

	w->tx = -1;
	return DT_ERR(close(fd));
}

static long send_one(void *world_)
{
	return DT_ERR(send(((world *)world_)->tx, "x", 1, 0));
}

static long take_one(void *world_)
{
	char c;

	return DT_ERR(recv(((world *)world_)->rx, &c, 1, MSG_DONTWAIT));
}

/*
 * Who sends
 */

static int judge_send(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0])
		return RACE_WRONG;
	w->sent += ret[1] == 1;
	return ret[1] == 1 ? 0 : ret[1] == -ECONNREFUSED ? 1 : RACE_WRONG;
}

#define SEND_OUTCOMES {							\
	{ "sent and discarded", 1 }, { "refused", 0 } }

TEST_F_TIMEOUT(race, close_against_send, 200)
{
	static const struct race race = {
		"close against send", .set = set_pair,
		.side = { close_rx, send_one }, .judge = judge_send,
		.outcome = SEND_OUTCOMES,
	};

	ASSERT_EQ(0, race_run(&race, self));
	EXPECT_EQ(self->sent, race_counted(&self->before, DIPC_REASON_QUEUED));
	EXPECT_EQ(self->sent, race_counted(&self->before,
					   DIPC_REASON_DROP_CLOSED));
}

static int judge_refused(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -ECONNREFUSED ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_against_a_sender_in_line, 200)
{
	static const struct race race = {
		"close against a sender in line", .set = set_full_pair,
		.side = { close_rx, send_one }, .judge = judge_refused,
		.outcome = { { "refused", RACE_UNKNOWN } },
	};

	ASSERT_EQ(0, race_run(&race, self));
	printf("# %ld of them stood in line\n",
	       race_counted(&self->before, DIPC_REASON_WAITED));
}

static int judge_closed(void *world_, const long *ret)
{
	return ret[0] || ret[1] ? RACE_WRONG : 0;
}

static long send_explicit(void *world_)
{
	return post_flags(((world *)world_)->tx, 'x',
			  POST(.mode = DIPC_MODE_EXPLICIT), 0);
}

/* In the queue or not: nobody has received it. */
TEST_F_TIMEOUT(race, close_against_an_explicit_sender, 200)
{
	static const struct race race = {
		"close against an explicit sender", .set = set_pair,
		.side = { close_rx, send_explicit }, .judge = judge_refused,
		.outcome = { { "refused", RACE_UNKNOWN } },
	};

	ASSERT_EQ(0, race_run(&race, self));
	/* what was queued is counted as discarded, and not as refused as well */
	EXPECT_EQ(race_counted(&self->before, DIPC_REASON_QUEUED),
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

static long send_asynchronously(void *world_)
{
	world *w = world_;

	return send_async(w->tx, 'x', ++w->cookie);
}

/* Exactly one of the two: an error at once, or a completion. */
static int judge_async(void *world_, const long *ret)
{
	struct dipc_completion c;
	world *w = world_;
	int err;

	if (ret[1] == -ECONNREFUSED)
		return completion(w->tx, 0, &c) == -EAGAIN ? 1 : RACE_WRONG;
	if (ret[1] != 1 || !DT_WAIT_UNTIL((err = completion(w->tx, 0, &c)) !=
					  -EAGAIN))
		return RACE_WRONG;
	if (err || c.cookie != w->cookie || c.error != ECONNREFUSED)
		return RACE_WRONG;
	return completion(w->tx, 0, &c) == -EAGAIN ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_against_an_asynchronous_send, 200)
{
	static const struct race race = {
		"close against an asynchronous send", .set = set_full_pair,
		.side = { close_rx, send_asynchronously },
		.judge = judge_async,
		.outcome = { { "told later", 1 }, { "refused", 0 } },
	};

	ASSERT_EQ(0, race_run(&race, self));
}

/*
 * Who has sent, and is closed before it was received
 */

static bool set_async_in_line(void *world_)
{
	return set_unbuffered_pair(world_) &&
	       send_asynchronously(world_) == 1;
}

/* It is received, or was withdrawn; never both, and never a second time. */
static int judge_withdrawn(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0] || take_one(w) != -EAGAIN)
		return RACE_WRONG;
	w->received += ret[1] == 1;
	return ret[1] == 1 ? 0 : ret[1] == -EAGAIN ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_of_the_sender_against_receive, 200)
{
	static const struct race race = {
		"close of an asynchronous sender against receive",
		.set = set_async_in_line,
		.side = { close_tx, take_one }, .judge = judge_withdrawn,
		.outcome = { { "received", 1 }, { "withdrawn", 0 } },
	};
	long taken, withdrawn;

	ASSERT_EQ(0, race_run(&race, self));
	taken = race_counted(&self->before, DIPC_REASON_TAKEN);
	withdrawn = race_counted(&self->before, DIPC_REASON_WITHDRAWN);
	EXPECT_EQ(self->received, taken);
	EXPECT_EQ((long)self->cookie, taken + withdrawn);
}

TEST_F_TIMEOUT(race, both_ends_close, 200)
{
	static const struct race race = {
		"close of both ends", .set = set_async_in_line,
		.side = { close_tx, close_rx }, .judge = judge_closed,
		.outcome = { { "closed", RACE_UNKNOWN } },
	};

	ASSERT_EQ(0, race_run(&race, self));
	EXPECT_EQ((long)self->cookie,
		  race_counted(&self->before, DIPC_REASON_WITHDRAWN) +
		  race_counted(&self->before, DIPC_REASON_CLOSED));
}

/*
 * What a socket has sent is taken while it ends: it is not told of the room
 * that this makes any more. Its end takes long, for it is the last user of a
 * mailbox in which there is much.
 */

#define IN_THE_BOX 2000

static bool fill_box(world *w)
{
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket_bound(SOCK_RDM, &any), i;

	for (i = 0; fd >= 0 && i < IN_THE_BOX; i++)
		if (dt_send(fd, "x", 1, MSG_DONTWAIT, &w->box) != 1)
			break;
	close(fd);
	return i == IN_THE_BOX;
}

/* No room by SO_SNDBUF, and the socket wants to know when there is. */
static bool starve(int fd, const struct sockaddr_dipc *to)
{
	char much[4096] = "";
	int least = 1, n = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)))
		return false;
	while (dt_send(fd, much, sizeof(much), MSG_DONTWAIT, to) > 0)
		n++;
	return n && errno == EAGAIN;
}

static bool set_starved(void *world_)
{
	world *w = world_;

	close_all(w);
	w->box = dt_mailbox("box");
	if (!open_port(w) ||
	    dt_mailbox_new("box", DT_MAILBOX(.capacity_msgs = IN_THE_BOX,
					     .transient = true)))
		return false;
	w->tx = dt_socket(SOCK_RDM);
	return w->tx >= 0 && starve(w->tx, &w->to) && fill_box(w) &&
	       !dt_connect(w->tx, &w->box);
}

static long take_somewhat_later(void *world_)
{
	usleep(race_draw(10000 * race_slow()));
	return take_one(world_);
}

static int judge_taken(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == 1 ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_against_receive_of_what_it_has_sent, 200)
{
	static const struct race race = {
		"close against receive of what it has sent", .rounds = 20,
		.set = set_starved, .side = { close_tx, take_somewhat_later },
		.judge = judge_taken,
		.outcome = { { "taken", RACE_UNKNOWN } },
	};

	ASSERT_EQ(0, race_run(&race, self));
}

/*
 * Several who close
 */

static bool set_two_descriptors(void *world_)
{
	world *w = world_;

	if (!set_full_pair(w))
		return false;
	w->third = dup(w->rx);
	return w->third >= 0;
}

static long close_third(void *world_)
{
	world *w = world_;
	int fd = w->third;

	w->third = -1;
	return DT_ERR(close(fd));
}

TEST_F_TIMEOUT(race, two_descriptors_of_a_socket_are_closed, 200)
{
	static const struct race race = {
		"close of two descriptors, against a sender in line",
		.set = set_two_descriptors,
		.side = { close_rx, send_one, close_third },
		.judge = judge_refused,
		.outcome = { { "closed once", RACE_UNKNOWN } },
	};

	ASSERT_EQ(0, race_run(&race, self));
	/* what the round began with */
	EXPECT_EQ(race_counted(&self->before, DIPC_REASON_QUEUED),
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

/* The number stays as it is for both. */
static long close_the_same(void *world_)
{
	return DT_ERR(close(((world *)world_)->rx));
}

static int judge_one_of_two(void *world_, const long *ret)
{
	((world *)world_)->rx = -1;
	if (!ret[0] && ret[1] == -EBADF)
		return 0;
	return !ret[1] && ret[0] == -EBADF ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, two_close_the_same_descriptor, 200)
{
	static const struct race race = {
		"two close the same descriptor", .set = set_full_pair,
		.side = { close_the_same, close_the_same },
		.judge = judge_one_of_two,
		.outcome = { { "the first", 0 }, { "the second", 1 } },
	};

	ASSERT_EQ(0, race_run(&race, self));
}

/* Who is in the middle of a receive has the socket, not the descriptor. */
static int judge_receive(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == 1 ? 0 : ret[1] == -EBADF ? 1 : RACE_WRONG;
}

static long take_from_third(void *world_)
{
	char c;

	return DT_ERR(recv(((world *)world_)->third, &c, 1, MSG_DONTWAIT));
}

static long close_third_in_place(void *world_)
{
	return DT_ERR(close(((world *)world_)->third));
}

static bool set_one_in_third(void *world_)
{
	world *w = world_;

	if (!set_pair(w) || send(w->tx, "x", 1, 0) != 1)
		return false;
	w->third = w->rx;
	w->rx = -1;
	return true;
}

static int judge_receive_and_forget(void *world_, const long *ret)
{
	((world *)world_)->third = -1;
	return judge_receive(world_, ret);
}

TEST_F_TIMEOUT(race, close_against_receive, 200)
{
	static const struct race race = {
		"close against receive", .set = set_one_in_third,
		.side = { close_third_in_place, take_from_third },
		.judge = judge_receive_and_forget,
		.outcome = { { "received", 1 }, { "closed", 0 } },
	};

	ASSERT_EQ(0, race_run(&race, self));
	EXPECT_EQ(race_counted(&self->before, DIPC_REASON_QUEUED),
		  race_counted(&self->before, DIPC_REASON_TAKEN) +
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

/*
 * Descriptors on their way
 */

static bool set_pipe(void *world_)
{
	world *w = world_;

	if (!set_pair(w))
		return false;
	w->pipe = scm_pipe();
	return w->pipe.wr >= 0;
}

static long send_pipe(void *world_)
{
	world *w = world_;

	return scm_send(w->tx, 'x', &w->pipe.wr, 1, 0, NULL);
}

static int judge_pipe(void *world_, const long *ret)
{
	world *w = world_;
	bool released;

	close(w->pipe.wr);
	released = scm_pipe_wait_released(&w->pipe);
	close(w->pipe.rd);
	return released ? judge_send(world_, ret) : RACE_WRONG;
}

TEST_F_TIMEOUT(race, close_against_descriptors_on_their_way, 200)
{
	static const struct race race = {
		"close against descriptors on their way", .set = set_pipe,
		.side = { close_rx, send_pipe }, .judge = judge_pipe,
		.outcome = SEND_OUTCOMES,
	};

	ASSERT_EQ(0, race_run(&race, self));
}

/*
 * Names
 */

static bool set_named(void *world_)
{
	struct sockaddr_dipc name = dt_name("name");
	world *w = world_;

	close_all(w);
	w->rx = dt_socket_bound(SOCK_RDM, &name);
	w->tx = dt_socket(SOCK_RDM);
	return w->rx >= 0 && w->tx >= 0;
}

static long send_by_name(void *world_)
{
	struct sockaddr_dipc name = dt_name("name");

	return dt_send(((world *)world_)->tx, "x", 1, 0, &name);
}

static int judge_by_name(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	switch (ret[1]) {
	case 0:
	case 1:
		return 0;
	case -ECONNREFUSED:
		return 1;
	case -ENOENT:
		return 2;
	default:
		return RACE_WRONG;
	}
}

#define NAME_OUTCOMES { { "found", 1 },					\
	{ "found, and refused", RACE_UNKNOWN }, { "no such name", 0 } }

TEST_F_TIMEOUT(race, unbind_against_look_up, 200)
{
	static const struct race race = {
		"end of a name against send", .set = set_named,
		.side = { close_rx, send_by_name }, .judge = judge_by_name,
		.outcome = NAME_OUTCOMES,
	};

	ASSERT_EQ(0, race_run(&race, self));
}

static long connect_by_name(void *world_)
{
	struct sockaddr_dipc name = dt_name("name");

	return dt_connect(((world *)world_)->tx, &name);
}

TEST_F_TIMEOUT(race, unbind_against_connect, 200)
{
	static const struct race race = {
		"end of a name against connect", .set = set_named,
		.side = { close_rx, connect_by_name }, .judge = judge_by_name,
		.outcome = NAME_OUTCOMES,
	};

	ASSERT_EQ(0, race_run(&race, self));
}

static long bind_name(void *world_)
{
	struct sockaddr_dipc name = dt_name("name");

	return dt_bind(((world *)world_)->tx, &name);
}

/* It has the name, or the one before had it still. */
static int judge_bind(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return !ret[1] ? 0 : ret[1] == -EADDRINUSE ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, unbind_against_bind, 200)
{
	static const struct race race = {
		"end of a name against its next bind", .set = set_named,
		.side = { close_rx, bind_name }, .judge = judge_bind,
		.outcome = { { "bound", 0 }, { "in use", 1 } },
	};

	ASSERT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
