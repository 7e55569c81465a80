// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Namespaces that end while there is something in them: messages with
 * deadlines, asynchronous sends and requests that nobody will take, sockets
 * that are just being closed, tasks that leave, somebody who looks or listens.
 * Afterwards nothing of it is left in the machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>

#include "calls.h"
#include "completion.h"
#include "race.h"
#include "kselftest_harness.h"

#define ROUNDS	40
#define IN_LINE	8

FIXTURE(race)
{
	struct dt_stats before;
	int home;		/* the namespace that stays */
	int there;		/* the one that ends */
	int fd[4];
	int n_fds;
	struct dt_nl nl;	/* looks there */
	pid_t child;
	int ready[2];
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	self->home = dt_netns_open();
	ASSERT_LE(0, self->home);
	self->nl.fd = self->there = -1;
	self->n_fds = 0;
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, dt_netns_enter(self->home));
	EXPECT_STREQ("", race_left(&self->before));
	close(self->home);
}

static int open_one(world *w, int type)
{
	int fd = dt_socket(type);

	if (fd >= 0)
		w->fd[w->n_fds++] = fd;
	return fd;
}

static bool put_deadlines(int tx, const struct sockaddr_dipc *to)
{
	int i;

	if (dt_connect(tx, to))
		return false;
	for (i = 0; i < 20; i++)
		if (post(tx, 'x', POST(.deadline_ns = 1000ULL +
				       race_draw(3000000))) != 1)
			return false;
	return true;
}

/* Where the calling thread is: all that leaves something to be ended. */
static bool fill(world *w)
{
	struct sockaddr_dipc any = dt_any(), box = dt_mailbox("box"), to;
	int rx, tx, server, i;

	rx = open_one(w, SOCK_RDM);
	tx = open_one(w, SOCK_RDM);
	server = open_one(w, SOCK_RDM);
	if (rx < 0 || tx < 0 || server < 0 || dt_bind(rx, &any) ||
	    dt_bind(server, &any) || calls_take_calls(server))
		return false;
	if (dt_mailbox_new("box", DT_MAILBOX()) ||
	    dt_mailbox_new("other", DT_MAILBOX(.transient = true)) ||
	    !put_deadlines(tx, &box))
		return false;
	to = dt_port_of(rx);
	if (!put_deadlines(tx, &to) || dt_set_capacity(rx, 1, 0))
		return false;
	for (i = 0; i < IN_LINE; i++)
		if (send_async(tx, 'x', i) != 1)
			return false;
	to = dt_port_of(server);
	for (i = 0; i < IN_LINE; i++)
		if (calls_start(BY_OP, tx, "question",
				WITH(.dest = &to, .cookie = i, .deadline_ns =
				     1000ULL + race_draw(3000000))) < 0)
			return false;
	return true;
}

/* A namespace with all that; the thread is at home again. */
static bool set_there(void *world_)
{
	world *w = world_;
	bool is_full;

	if (dt_netns_new())
		return false;
	w->there = dt_netns_open();
	is_full = w->there >= 0 && fill(w) && !dt_nl_open(&w->nl);
	return !dt_netns_enter(w->home) && is_full;
}

static long close_sockets(void *world_)
{
	world *w = world_;

	while (w->n_fds)
		close(w->fd[--w->n_fds]);
	return 0;
}

static long close_namespace(void *world_)
{
	world *w = world_;
	int fd = w->there;

	w->there = -1;
	return DT_ERR(close(fd));
}

/* Dumps of all there is, as often as there is time for, and then goes. */
static long look_and_close(void *world_)
{
	static const uint8_t cmds[] = {
		DIPC_CMD_MAILBOX_GET, DIPC_CMD_PORT_GET, DIPC_CMD_NAME_GET,
		DIPC_CMD_LINK_GET, DIPC_CMD_CALL_GET,
	};
	world *w = world_;
	long err = 0;
	size_t i;

	for (i = 0; !err && i < sizeof(cmds); i++) {
		dt_nl_begin(&w->nl, cmds[i], NLM_F_DUMP);
		err = dt_nl_call(&w->nl, NULL, NULL, NULL);
	}
	dt_nl_close(&w->nl);
	return err;
}

/* A dump is begun, and nobody reads it. */
static long begin_to_look_and_close(void *world_)
{
	world *w = world_;
	long ret;

	dt_nl_begin(&w->nl, DIPC_CMD_MAILBOX_PEEK, NLM_F_DUMP);
	dt_nl_put_str(&w->nl, DIPC_A_MAILBOX_NAME, "box");
	((struct nlmsghdr *)w->nl.buf)->nlmsg_len = w->nl.len;
	ret = DT_ERR(send(w->nl.fd, w->nl.buf, w->nl.len, 0));
	dt_nl_close(&w->nl);
	return ret > 0 ? 0 : ret;
}

/* All messages of the round are gone when the namespace is. */
static int judge_ended(void *world_, const long *ret)
{
	struct dt_stats now;
	world *w = world_;

	if (ret[0] || ret[1] || ret[2])
		return RACE_WRONG;
	return DT_WAIT_UNTIL(!dt_stats_get(&now) &&
			     now.messages <= w->before.messages) ?
	       0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, end_of_all_that_holds_a_namespace, 200)
{
	static const struct race looked_at = {
		"last sockets against who looks, and the namespace",
		.rounds = ROUNDS, .set = set_there,
		.side = { close_sockets, look_and_close, close_namespace },
		.judge = judge_ended,
		.outcome = { { "ended", RACE_UNKNOWN } },
	};
	static const struct race begun = {
		"last sockets against a dump that is not read",
		.rounds = ROUNDS, .set = set_there,
		.side = { close_sockets, begin_to_look_and_close,
			  close_namespace },
		.judge = judge_ended,
		.outcome = { { "ended", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&looked_at, self));
	EXPECT_EQ(0, race_run(&begun, self));
}

/*
 * A process that is killed is all that holds it
 */

static int live_there(void *world_)
{
	world *w = world_;
	char c = 'r';

	if (dt_netns_new() || !fill(w) || write(w->ready[1], &c, 1) != 1)
		return 1;
	/* asleep in a receive, until it is killed */
	recv(w->fd[2], &c, 1, 0);
	pause();
	return 0;
}

static bool set_child(void *world_)
{
	world *w = world_;
	char c;

	if (pipe(w->ready))
		return false;
	w->child = dt_child(live_there, w);
	close(w->ready[1]);
	return w->child > 0 && read(w->ready[0], &c, 1) == 1;
}

static long kill_child(void *world_)
{
	return DT_ERR(kill(((world *)world_)->child, SIGKILL));
}

/* Somebody comes and goes while it ends: 0, or there was nobody any more. */
static long visit(void *world_)
{
	struct sockaddr_dipc box = dt_mailbox("box");
	world *w = world_;
	char path[64];
	int ns, fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", w->child);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return 0;
	if (dt_netns_enter(ns)) {
		close(ns);
		return 0;
	}
	close(ns);
	fd = dt_socket(SOCK_RDM);
	dt_send(fd, "x", 1, MSG_DONTWAIT, &box);
	dt_mailbox_new("visited", DT_MAILBOX());
	close(fd);
	return dt_netns_enter(w->home);
}

static int judge_killed(void *world_, const long *ret)
{
	world *w = world_;

	close(w->ready[0]);
	return dt_child_wait(w->child) == -SIGKILL ?
	       judge_ended(world_, ret) : RACE_WRONG;
}

TEST_F_TIMEOUT(race, kill_of_all_that_is_there, 200)
{
	static const struct race race = {
		"kill of a process against a visitor", .rounds = ROUNDS,
		.set = set_child, .side = { kill_child, visit },
		.judge = judge_killed,
		.outcome = { { "ended", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
