// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Mailboxes that are made, changed, emptied or deleted while somebody begins
 * or ends to use them, sends to them or receives from them. Each round ends in
 * one of the ways that are said here, and in the end nothing is left.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "post.h"
#include "race.h"
#include "kselftest_harness.h"

#define BOX	"box"
#define MSGS	8		/* in it when a round begins */

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc box;
	int rx, tx;
	uint32_t purged;
	long n_purged, n_taken, n_rounds;
	char *nowhere;		/* not to be written to */
};

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, race_world(&self->before));
	self->rx = self->tx = -1;
	self->box = dt_mailbox(BOX);
	self->nowhere = mmap(NULL, 4096, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->nowhere);
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
	dt_mailbox_del(BOX);
	munmap(self->nowhere, 4096);
	EXPECT_STREQ("", race_left(&self->before));
}

/* A mailbox, and sockets that have nothing to do with it yet. */
static bool set_strangers(void *world_)
{
	world *w = world_;

	close_all(w);
	dt_mailbox_del(BOX);
	w->n_rounds++;
	w->rx = dt_socket(SOCK_RDM);
	w->tx = dt_socket(SOCK_RDM);
	return w->rx >= 0 && w->tx >= 0 && dt_port_id(w->tx) &&
	       !dt_mailbox_new(BOX, DT_MAILBOX(.capacity_msgs = MSGS));
}

static bool set_users(void *world_)
{
	world *w = world_;

	return set_strangers(w) && !dt_bind(w->rx, &w->box) &&
	       !dt_connect(w->tx, &w->box);
}

static bool fill(world *w)
{
	int i;

	for (i = 0; i < MSGS; i++)
		if (send(w->tx, "x", 1, MSG_DONTWAIT) != 1)
			return false;
	return true;
}

static bool set_full(void *world_)
{
	return set_users(world_) && fill(world_);
}

static long delete_box(void *world_)
{
	return dt_mailbox_del(BOX);
}

static long bind_rx(void *world_)
{
	world *w = world_;

	return dt_bind(w->rx, &w->box);
}

static long connect_tx(void *world_)
{
	world *w = world_;

	return dt_connect(w->tx, &w->box);
}

static long send_one(void *world_)
{
	return DT_ERR(send(((world *)world_)->tx, "x", 1, 0));
}

static long send_by_name(void *world_)
{
	world *w = world_;

	return dt_send(w->tx, "x", 1, 0, &w->box);
}

static long take_one(void *world_)
{
	char c;

	return DT_ERR(recv(((world *)world_)->rx, &c, 1, MSG_DONTWAIT));
}

/* Until there is none any more, or for ever. */
static long take_all(void *world_)
{
	long n = 0, ret;

	while ((ret = take_one(world_)) == 1)
		n++;
	return ret == -EAGAIN || ret == -EIDRM ? n : ret;
}

static bool is_gone(void)
{
	struct dt_queue q;

	return dt_mailbox_get(BOX, &q) == -ENOENT;
}

/*
 * Delete against who begins to use it
 */

static int judge_user(void *world_, const long *ret)
{
	struct dt_queue q;

	/* what it is attached to is gone, or it is attached to nothing */
	if (ret[0] || !is_gone())
		return RACE_WRONG;
	if (ret[1] && ret[1] != -ENOENT)
		return RACE_WRONG;
	if (!dt_mailbox_new(BOX, DT_MAILBOX()) && !dt_mailbox_get(BOX, &q) &&
	    !q.users)
		return ret[1] ? 1 : 0;
	return RACE_WRONG;
}

#define USER_OUTCOMES { { "in time", 1 }, { "no such mailbox", 0 } }

TEST_F_TIMEOUT(race, delete_against_attach, 200)
{
	static const struct race by_bind = {
		"delete against bind", .set = set_strangers,
		.side = { delete_box, bind_rx }, .judge = judge_user,
		.outcome = USER_OUTCOMES,
	};
	static const struct race by_connect = {
		"delete against connect", .set = set_strangers,
		.side = { delete_box, connect_tx }, .judge = judge_user,
		.outcome = USER_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&by_bind, self));
	EXPECT_EQ(0, race_run(&by_connect, self));
}

/*
 * Delete against who uses it
 */

static int judge_send(void *world_, const long *ret)
{
	if (ret[0] || !is_gone())
		return RACE_WRONG;
	switch (ret[1]) {
	case 1:
		return 0;
	case -EIDRM:
		return 1;
	case -ENOENT:
		return 2;
	default:
		return RACE_WRONG;
	}
}

#define SEND_OUTCOMES { { "sent and discarded", 1 },			\
	{ "refused", 0 }, { "no such mailbox", 0 } }

TEST_F_TIMEOUT(race, delete_against_send, 200)
{
	static const struct race connected = {
		"delete against send", .set = set_users,
		.side = { delete_box, send_one }, .judge = judge_send,
		.outcome = SEND_OUTCOMES,
	};
	static const struct race by_name = {
		"delete against send by name", .set = set_strangers,
		.side = { delete_box, send_by_name }, .judge = judge_send,
		.outcome = SEND_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&connected, self));
	EXPECT_EQ(0, race_run(&by_name, self));
	EXPECT_EQ(race_counted(&self->before, DIPC_REASON_QUEUED),
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

static int judge_told(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -EIDRM ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, delete_against_a_sender_in_line, 200)
{
	static const struct race race = {
		"delete against a sender in line", .set = set_full,
		.side = { delete_box, send_one }, .judge = judge_told,
		.outcome = { { "told", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long wait_for_one(void *world_)
{
	char c;

	return DT_ERR(recv(((world *)world_)->rx, &c, 1, 0));
}

TEST_F_TIMEOUT(race, delete_against_a_receiver_that_waits, 200)
{
	static const struct race race = {
		"delete against a receiver that waits", .set = set_users,
		.side = { delete_box, wait_for_one }, .judge = judge_told,
		.outcome = { { "told", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_receive(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0] || ret[1] < 0 || ret[1] > MSGS)
		return RACE_WRONG;
	w->n_taken += ret[1];
	return ret[1] == MSGS ? 0 : ret[1] ? 1 : 2;
}

TEST_F_TIMEOUT(race, delete_against_receive, 200)
{
	static const struct race race = {
		"delete against receive", .set = set_full,
		.side = { delete_box, take_all }, .judge = judge_receive,
		.outcome = { { "took all", 1 }, { "took some", RACE_UNKNOWN },
			     { "took none", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_EQ(self->n_taken,
		  race_counted(&self->before, DIPC_REASON_TAKEN));
	EXPECT_EQ(self->n_rounds * MSGS - self->n_taken,
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

/* A receive that fails brings its message back to what is gone by then. */
static long put_back(void *world_)
{
	world *w = world_;

	return DT_ERR(recv(w->rx, w->nowhere, 1, MSG_DONTWAIT));
}

static int judge_put_back(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == -EFAULT ? 0 : ret[1] == -EIDRM ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, delete_against_put_back, 200)
{
	static const struct race race = {
		"delete against put-back", .set = set_full,
		.side = { delete_box, put_back }, .judge = judge_put_back,
		.outcome = { { "put back", 1 }, { "deleted before", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
	/* all of them, once each */
	EXPECT_EQ(self->n_rounds * MSGS,
		  race_counted(&self->before, DIPC_REASON_DROP_CLOSED));
}

/*
 * Two who change it
 */

static int judge_one_of_two(void *world_, const long *ret)
{
	if (!ret[0] && ret[1] == -ENOENT)
		return 0;
	return !ret[1] && ret[0] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, two_delete_it, 200)
{
	static const struct race race = {
		"two delete a mailbox", .set = set_full,
		.side = { delete_box, delete_box },
		.judge = judge_one_of_two,
		.outcome = { { "the first", 0 }, { "the second", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_nothing(void *world_)
{
	close_all(world_);
	dt_mailbox_del(BOX);
	return true;
}

static long make_box(void *world_)
{
	return dt_mailbox_new(BOX, DT_MAILBOX());
}

static int judge_made(void *world_, const long *ret)
{
	if (!ret[0] && ret[1] == -EEXIST)
		return 0;
	return !ret[1] && ret[0] == -EEXIST ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, two_make_it, 200)
{
	static const struct race race = {
		"two make a mailbox", .set = set_nothing,
		.side = { make_box, make_box }, .judge = judge_made,
		.outcome = { { "the first", 0 }, { "the second", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long set_conf(void *world_)
{
	return dt_mailbox_set(BOX, DT_MAILBOX(.capacity_msgs = 1 + race_draw(9),
					      .policy = race_draw(4)));
}

static int judge_set(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return !ret[1] ? 0 :
	       ret[1] == -ENOENT || ret[1] == -EIDRM ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, delete_against_set, 200)
{
	static const struct race race = {
		"delete against set and a sender in line", .set = set_full,
		.side = { delete_box, set_conf, send_one },
		.judge = judge_set,
		.outcome = { { "set", 1 }, { "deleted before", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Purge
 */

static long purge(void *world_)
{
	world *w = world_;

	w->purged = 0;
	return dt_mailbox_purge(BOX, &w->purged);
}

/* Each message is purged or taken. */
static int judge_purge(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0] || ret[1] < 0 || w->purged + ret[1] != MSGS)
		return RACE_WRONG;
	w->n_purged += w->purged;
	return !w->purged ? 0 : ret[1] ? 1 : 2;
}

TEST_F_TIMEOUT(race, purge_against_receive, 200)
{
	static const struct race race = {
		"purge against receive", .set = set_full,
		.side = { purge, take_all }, .judge = judge_purge,
		.outcome = { { "took all", 1 }, { "took some", RACE_UNKNOWN },
			     { "took none", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
	EXPECT_EQ(self->n_purged,
		  race_counted(&self->before, DIPC_REASON_DROP_PURGED));
}

static long peek_one(void *world_)
{
	char c = 0;
	long ret = DT_ERR(recv(((world *)world_)->rx, &c, 1,
			       MSG_DONTWAIT | MSG_PEEK));

	return ret == 1 && c != 'x' ? -EBADMSG : ret;
}

static int judge_peek(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0] || w->purged != MSGS)
		return RACE_WRONG;
	return ret[1] == 1 ? 0 : ret[1] == -EAGAIN ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, purge_against_peek, 200)
{
	static const struct race race = {
		"purge against peek", .set = set_full,
		.side = { purge, peek_one }, .judge = judge_peek,
		.outcome = { { "seen", 1 }, { "purged before", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* One that is put back may have been away while all others were purged. */
static int judge_purged_or_back(void *world_, const long *ret)
{
	world *w = world_;
	long left = take_all(w);

	if (ret[0] || (ret[1] != -EFAULT && ret[1] != -EAGAIN) || left > 1 ||
	    w->purged + left != MSGS)
		return RACE_WRONG;
	return left ? 1 : ret[1] == -EFAULT ? 0 : 2;
}

TEST_F_TIMEOUT(race, purge_against_put_back, 200)
{
	static const struct race race = {
		"purge against put-back", .set = set_full,
		.side = { purge, put_back }, .judge = judge_purged_or_back,
		.outcome = { { "put back before", 1 },
			     { "put back after", RACE_UNKNOWN },
			     { "purged before", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * The end of a transient one
 */

static bool set_transient(void *world_)
{
	world *w = world_;

	close_all(w);
	dt_mailbox_del(BOX);
	w->rx = dt_socket(SOCK_RDM);
	w->tx = dt_socket(SOCK_RDM);
	return w->rx >= 0 && w->tx >= 0 && dt_port_id(w->tx) &&
	       !dt_mailbox_new(BOX, DT_MAILBOX(.transient = true)) &&
	       !dt_bind(w->rx, &w->box);
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

/* Who is attached has a mailbox that works; who is not finds none. */
static int judge_transient(void *world_, const long *ret)
{
	world *w = world_;

	if (ret[0])
		return RACE_WRONG;
	if (ret[1] == -ENOENT)
		return is_gone() ? 1 : RACE_WRONG;
	return !ret[1] && send_one(w) == 1 && dt_mailbox_queued(BOX) == 1 ?
	       0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, end_of_a_transient_one_against_attach, 200)
{
	static const struct race race = {
		"end of a transient mailbox against connect",
		.set = set_transient, .side = { close_rx, connect_tx },
		.judge = judge_transient, .outcome = USER_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_F_TIMEOUT(race, end_of_a_transient_one_against_send, 200)
{
	static const struct race race = {
		"end of a transient mailbox against send by name",
		.set = set_transient, .side = { close_rx, send_by_name },
		.judge = judge_send, .outcome = SEND_OUTCOMES,
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_two_users(void *world_)
{
	return set_transient(world_) && !connect_tx(world_);
}

static int judge_gone(void *world_, const long *ret)
{
	return !ret[0] && !ret[1] && is_gone() ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, the_last_two_leave_a_transient_one, 200)
{
	static const struct race race = {
		"the last two users leave", .set = set_two_users,
		.side = { close_rx, close_tx }, .judge = judge_gone,
		.outcome = { { "gone", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_deleted_once(void *world_, const long *ret)
{
	if (ret[0] || !is_gone())
		return RACE_WRONG;
	return !ret[1] ? 0 : ret[1] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, end_of_a_transient_one_against_delete, 200)
{
	static const struct race race = {
		"end of a transient mailbox against delete",
		.set = set_transient, .side = { close_rx, delete_box },
		.judge = judge_deleted_once,
		.outcome = { { "deleted", 1 }, { "gone before", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
