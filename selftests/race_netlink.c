// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Who looks, and who listens, over netlink, while what he is shown comes,
 * changes and goes: what is shown is whole, and events are told in the order
 * of what has happened.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>

#include "calls.h"
#include "completion.h"
#include "peek.h"
#include "race.h"
#include "kselftest_harness.h"

#define BOX	"box"
#define MSGS	8
#define REQUESTS	24	/* more than are looked at in one go */

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc box;
	int rx, tx, next;		/* next: another server */
	uint64_t port;			/* of rx, if that is its own */
	struct dt_nl listener, nl[2];	/* of each side that looks */
	struct peeked peeked;
	struct waiters waiters;
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, race_world(&self->before));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, dt_nl_open(&self->nl[i]));
	self->rx = self->tx = self->next = self->listener.fd = -1;
	self->box = dt_mailbox(BOX);
}

static void close_all(world *w)
{
	race_close(&w->rx);
	race_close(&w->tx);
	race_close(&w->next);
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	dt_mailbox_del(BOX);
	dt_nl_close(&self->nl[0]);
	dt_nl_close(&self->nl[1]);
	EXPECT_STREQ("", race_left(&self->before));
}

static long delete_box(void *world_)
{
	return dt_mailbox_del(BOX);
}

/*
 * Events
 */

static void group_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_MCAST_GRP_ID)
		memcpy(arg, data, sizeof(uint32_t));
}

static void groups_cb(int type, const void *data, int len, void *arg)
{
	dt_nl_attrs(data, len, group_cb, arg);
}

static void family_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_MCAST_GROUPS)
		dt_nl_attrs(data, len, groups_cb, arg);
}

static int listen_to_events(struct dt_nl *nl)
{
	uint32_t group = 0;
	int err = dt_nl_open(nl);
	uint16_t family = nl->family;

	if (err)
		return err;
	nl->family = GENL_ID_CTRL;
	dt_nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	dt_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = dt_nl_call(nl, NULL, family_cb, &group);
	nl->family = family;
	if (err)
		return err;
	return DT_ERR(setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				 &group, sizeof(group)));
}

/* The command of the next one, or 0. */
static int next_event(struct dt_nl *nl)
{
	const struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);

	return recv(nl->fd, nl->buf, sizeof(nl->buf), MSG_DONTWAIT) > 0 ?
	       genl->cmd : 0;
}

static bool set_box(void *world_)
{
	world *w = world_;

	if (dt_mailbox_new(BOX, DT_MAILBOX()))
		return false;
	return next_event(&w->listener) == DIPC_CMD_MAILBOX_NEW_NTF;
}

static long change_box(void *world_)
{
	return dt_mailbox_set(BOX, DT_MAILBOX(.mode = 0640));
}

/* A change that was made is told, before the end, and nothing after that. */
static int judge_events(void *world_, const long *ret)
{
	world *w = world_;
	int first = next_event(&w->listener), outcome = 1;

	if (ret[0] || (ret[1] && ret[1] != -ENOENT && ret[1] != -EIDRM))
		return RACE_WRONG;
	if (first == DIPC_CMD_MAILBOX_SET_NTF) {
		first = next_event(&w->listener);
		outcome = 0;
	}
	while (next_event(&w->listener))
		outcome = RACE_WRONG;
	return first == DIPC_CMD_MAILBOX_DEL_NTF ? outcome : RACE_WRONG;
}

TEST_F_TIMEOUT(race, events_of_a_change_and_of_the_end, 200)
{
	static const struct race race = {
		"events of a change against those of the end",
		.set = set_box, .side = { delete_box, change_box },
		.judge = judge_events,
		.outcome = { { "changed", 1 }, { "deleted before", 0 } },
	};

	ASSERT_EQ(0, listen_to_events(&self->listener));
	EXPECT_EQ(0, race_run(&race, self));
	dt_nl_close(&self->listener);
}

/*
 * Looking into a mailbox
 */

static bool set_used_box(void *world_)
{
	world *w = world_;

	close_all(w);
	dt_mailbox_del(BOX);
	w->rx = dt_socket(SOCK_RDM);
	w->tx = dt_socket(SOCK_RDM);
	return w->rx >= 0 && w->tx >= 0 &&
	       !dt_mailbox_new(BOX, DT_MAILBOX(.capacity_msgs = MSGS / 2)) &&
	       !dt_bind(w->rx, &w->box) && !dt_connect(w->tx, &w->box);
}

/* Some are queued and some in line; some are taken, and then it ends. */
static long live(void *world_)
{
	world *w = world_;
	char c;
	int i;

	for (i = 0; i < MSGS; i++)
		if (send_async(w->tx, 'a' + i, i) != 1)
			return -errno;
	for (i = 0; i < MSGS / 4; i++)
		if (recv(w->rx, &c, 1, MSG_DONTWAIT) != 1)
			return -errno;
	return dt_mailbox_purge(BOX, NULL) ?: dt_mailbox_del(BOX);
}

static long peek_in(void *world_)
{
	world *w = world_;
	int err = 0, i;

	for (i = 0; i < 5 && !err; i++) {
		err = peek(&w->nl[0], BOX, LIMITS(), &w->peeked);
		if (!err && (w->peeked.n > MSGS || !w->peeked.is_sorted))
			return -EBADMSG;
	}
	return err;
}

/* Several times, who waits in a queue; there are no more than so many. */
static long see_waiters(world *w, uint64_t port, const char *box, uint32_t max)
{
	int err = 0, i;

	for (i = 0; i < 5 && !err; i++) {
		err = waiters_get(&w->nl[1], port, box, &w->waiters);
		if (!err && w->waiters.n > max)
			return -EBADMSG;
	}
	return err;
}

static long see_who_waits(void *world_)
{
	return see_waiters(world_, 0, BOX, MSGS);
}

static bool is_seen_or_gone(long ret)
{
	return !ret || ret == -ENOENT;
}

static int judge_seen(void *world_, const long *ret)
{
	if (ret[0] || !is_seen_or_gone(ret[1]) || !is_seen_or_gone(ret[2]))
		return RACE_WRONG;
	return ret[1] ? 0 : 1;
}

TEST_F_TIMEOUT(race, life_of_a_mailbox_against_who_looks_into_it, 200)
{
	static const struct race race = {
		"life of a mailbox against who looks into it",
		.set = set_used_box, .side = { live, peek_in, see_who_waits },
		.judge = judge_seen,
		.outcome = { { "gone meanwhile", 0 }, { "seen", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Looking at what exists
 */

static bool set_nothing(void *world_)
{
	close_all(world_);
	return true;
}

/* A port, names, a connection: all come and go. */
static long come_and_go(void *world_)
{
	struct sockaddr_dipc name = dt_name("name");
	int pair[2], fd = dt_socket_bound(SOCK_RDM, &name), ret = 0;

	if (fd < 0)
		return fd;
	name = dt_name("another");
	if (socketpair(dt_family(), SOCK_STREAM, 0, pair)) {
		ret = -errno;
	} else {
		ret = dt_bind(fd, &name);
		if (!ret && send(pair[0], "x", 1, 0) != 1)
			ret = -errno;
		close(pair[0]);
		close(pair[1]);
	}
	close(fd);
	return ret;
}

static long dump(struct dt_nl *nl)
{
	static const uint8_t cmds[] = {
		DIPC_CMD_PORT_GET, DIPC_CMD_NAME_GET, DIPC_CMD_LINK_GET,
	};
	int err = 0, i;

	for (i = 0; i < 3 && !err; i++) {
		dt_nl_begin(nl, cmds[i], NLM_F_DUMP);
		err = dt_nl_call(nl, NULL, NULL, NULL);
	}
	return err;
}

static long dump_all(void *world_)
{
	return dump(&((world *)world_)->nl[0]);
}

static long dump_all_as_well(void *world_)
{
	return dump(&((world *)world_)->nl[1]);
}

static int judge_dumped(void *world_, const long *ret)
{
	return ret[0] || ret[1] || ret[2] ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, what_comes_and_goes_against_dumps, 200)
{
	static const struct race race = {
		"what comes and goes against two dumps",
		.set = set_nothing,
		.side = { come_and_go, dump_all, dump_all_as_well },
		.judge = judge_dumped,
		.outcome = { { "dumped", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Who stands in line at a port that is closed. */
static bool set_line(void *world_)
{
	struct sockaddr_dipc any = dt_any(), to;
	world *w = world_;
	int i;

	close_all(w);
	w->rx = dt_socket_bound(SOCK_RDM, &any);
	if (w->rx < 0 || dt_set_capacity(w->rx, 0, DIPC_POLICY_WAIT))
		return false;
	to = dt_port_of(w->rx);
	w->port = dt_port_id(w->rx);
	w->tx = dt_socket_connected(SOCK_RDM, &to);
	for (i = 0; i < MSGS; i++)
		if (w->tx < 0 || send_async(w->tx, 'x', i) != 1)
			return false;
	return true;
}

static long close_both(void *world_)
{
	close_all(world_);
	return 0;
}

static long see_the_line(void *world_)
{
	world *w = world_;
	int err = waiters_get(&w->nl[1], w->port, NULL, &w->waiters);

	return !err && w->waiters.n > MSGS ? -EBADMSG : err;
}

static int judge_line(void *world_, const long *ret)
{
	if (ret[0] || !is_seen_or_gone(ret[1]))
		return RACE_WRONG;
	return ret[1] ? 1 : 0;
}

TEST_F_TIMEOUT(race, end_of_a_line_against_who_looks_at_it, 200)
{
	static const struct race race = {
		"end of a line against who looks at it", .set = set_line,
		.side = { close_both, see_the_line }, .judge = judge_line,
		.outcome = { { "seen", 1 }, { "gone", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Requests, each with a client that waits for its reply: who serves them says
 * so without the queue's lock, and they go on to another queue.
 */

static bool set_requests(void *world_)
{
	struct sockaddr_dipc any = dt_any(), to;
	world *w = world_;
	int i;

	close_all(w);
	w->rx = calls_server(SOCK_RDM, &any);
	w->next = calls_server(SOCK_RDM, &any);
	if (w->rx < 0 || w->next < 0)
		return false;
	to = dt_port_of(w->rx);
	w->port = dt_port_id(w->rx);
	w->tx = dt_socket(SOCK_RDM);
	for (i = 0; i < REQUESTS; i++)
		if (w->tx < 0 || calls_start(BY_OP, w->tx, "q",
					     WITH(.cookie = i, .dest = &to)) < 0)
			return false;
	return true;
}

static long serve_them(void *world_)
{
	world *w = world_;
	struct sockaddr_dipc to = dt_port_of(w->next);
	struct calls_got got;
	long ret = 0;

	for (int i = 0; i < REQUESTS && ret >= 0; i++) {
		got = calls_recv(BY_OP, w->rx, MSG_DONTWAIT);
		if (got.ret < 0)
			return got.ret;
		ret = i % 2 ? calls_forward(BY_OP, w->rx, got.r.handle, &to) :
			      calls_reply(BY_OP, w->rx, got.r.handle, "a");
	}
	return ret < 0 ? ret : 0;
}

static long see_who_asks(void *world_)
{
	world *w = world_;

	return see_waiters(w, w->port, NULL, REQUESTS);
}

static int judge_asked(void *world_, const long *ret)
{
	return ret[0] || ret[1] ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, requests_that_are_served_against_who_looks_at_them, 200)
{
	static const struct race race = {
		"requests that are served against who looks at them",
		.set = set_requests, .side = { serve_them, see_who_asks },
		.judge = judge_asked,
		.outcome = { { "served", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
