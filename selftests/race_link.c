// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * Connections that come and end at a bad moment: connect and accept against
 * the end of the listener, both ends that close, readers against writers and
 * against each other. Each round ends in one of the ways that are said here;
 * no byte is lost or read twice, and in the end nothing is left.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>

#include "link.h"
#include "race.h"
#include "kselftest_harness.h"

#define BYTES	30	/* written in a round, three at once */

FIXTURE(race)
{
	struct dt_stats before;
	struct sockaddr_dipc addr;	/* the listener's */
	int type;
	int listener, client, other;	/* other: a second client */
	struct link link;
	char read[2][BYTES];		/* by each reader */
};

FIXTURE_VARIANT(race)
{
	int type;
};

FIXTURE_VARIANT_ADD(race, seqpacket) { .type = SOCK_SEQPACKET };
FIXTURE_VARIANT_ADD(race, stream) { .type = SOCK_STREAM };

typedef FIXTURE_DATA(race) world;

FIXTURE_SETUP(race)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, race_world(&self->before));
	self->type = variant->type;
	self->addr = dt_name("listener");
	self->listener = self->client = self->other = -1;
	self->link.a = self->link.b = -1;
}

static void close_all(world *w)
{
	race_close(&w->listener);
	race_close(&w->client);
	race_close(&w->other);
	race_close(&w->link.a);
	race_close(&w->link.b);
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	EXPECT_STREQ("", race_left(&self->before));
}

/*
 * Coming
 */

static bool set_listener(void *world_)
{
	world *w = world_;

	close_all(w);
	w->listener = dt_socket_bound(w->type, &w->addr);
	w->client = dt_socket(w->type);
	return w->listener >= 0 && w->client >= 0 && !listen(w->listener, 0);
}

/* One connection waits already, and there is no room for more. */
static bool set_full_listener(void *world_)
{
	world *w = world_;

	if (!set_listener(w))
		return false;
	w->other = dt_socket(w->type);
	return w->other >= 0 && !dt_connect(w->other, &w->addr);
}

static long close_listener(void *world_)
{
	world *w = world_;
	int fd = w->listener;

	w->listener = -1;
	return DT_ERR(close(fd));
}

static long shut_listener(void *world_)
{
	return DT_ERR(shutdown(((world *)world_)->listener, SHUT_RD));
}

static long connect_client(void *world_)
{
	world *w = world_;

	return dt_connect(w->client, &w->addr);
}

static long accept_one(void *world_)
{
	world *w = world_;
	long fd = DT_ERR(accept4(w->listener, NULL, NULL, SOCK_CLOEXEC));

	if (fd < 0)
		return fd;
	w->link.b = fd;
	return 0;
}

/* Who has connected and was not accepted is told that it is over. */
static int judge_connect(void *world_, const long *ret)
{
	world *w = world_;
	char c;

	if (ret[0])
		return RACE_WRONG;
	switch (ret[1]) {
	case 0:
		return DT_ERR(recv(w->client, &c, 1, MSG_DONTWAIT)) ==
		       -ECONNRESET ? 0 : RACE_WRONG;
	case -ECONNREFUSED:
		return 1;
	case -ENOENT:
		return 2;
	default:
		return RACE_WRONG;
	}
}

TEST_F_TIMEOUT(race, connect_against_close_of_the_listener, 200)
{
	static const struct race race = {
		"close of the listener against connect", .set = set_listener,
		.side = { close_listener, connect_client },
		.judge = judge_connect,
		.outcome = { { "connected and reset", 1 }, { "refused", 0 },
			     { "no such name", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static int judge_waiting(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == -ECONNREFUSED ? 0 : ret[1] == -ENOENT ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, waiting_connect_against_close_of_the_listener, 200)
{
	static const struct race race = {
		"close of the listener against a connect that waits",
		.set = set_full_listener,
		.side = { close_listener, connect_client },
		.judge = judge_waiting,
		.outcome = { { "refused", RACE_UNKNOWN },
			     { "no such name", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* What waits already is accepted, and for nothing else is waited any more. */
static int judge_accepted(void *world_, const long *ret)
{
	world *w = world_;

	return !ret[0] && !ret[1] && send(w->link.b, "x", 1, 0) == 1 ?
	       0 : RACE_WRONG;
}

static int judge_ended(void *world_, const long *ret)
{
	return !ret[0] && ret[1] == -EINVAL ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, accept_against_shutdown, 200)
{
	static const struct race waits = {
		"shutdown against accept that waits", .set = set_listener,
		.side = { shut_listener, accept_one }, .judge = judge_ended,
		.outcome = { { "ended", RACE_UNKNOWN } },
	};
	static const struct race finds = {
		"shutdown against accept of what is there",
		.set = set_full_listener,
		.side = { shut_listener, accept_one },
		.judge = judge_accepted,
		.outcome = { { "accepted", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&waits, self));
	EXPECT_EQ(0, race_run(&finds, self));
}

/* Three at once: it is accepted, or too late. */
static int judge_three(void *world_, const long *ret)
{
	if (ret[0] || (ret[1] && ret[1] != -ECONNREFUSED))
		return RACE_WRONG;
	if (!ret[2])
		return ret[1] ? RACE_WRONG : 0;
	return ret[2] != -EINVAL ? RACE_WRONG : ret[1] ? 2 : 1;
}

TEST_F_TIMEOUT(race, accept_against_connect_and_shutdown, 200)
{
	static const struct race race = {
		"shutdown against connect and accept", .set = set_listener,
		.side = { shut_listener, connect_client, accept_one },
		.judge = judge_three,
		.outcome = { { "accepted", 1 },
			     { "connected, not accepted", RACE_UNKNOWN },
			     { "refused", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static bool set_roomy_listener(void *world_)
{
	return set_listener(world_) &&
	       !listen(((world *)world_)->listener, 9);
}

/* One socket is connected once, and the listener sees one. */
static int judge_twice(void *world_, const long *ret)
{
	world *w = world_;
	long once = DT_ERR(accept4(w->listener, NULL, NULL, SOCK_NONBLOCK));
	long twice = DT_ERR(accept4(w->listener, NULL, NULL, SOCK_NONBLOCK));

	if (once >= 0)
		close(once);
	if (twice >= 0)
		close(twice);
	if (once < 0 || twice >= 0)
		return RACE_WRONG;
	if (!ret[0] && ret[1] == -EISCONN)
		return 0;
	return !ret[1] && ret[0] == -EISCONN ? 1 : RACE_WRONG;
}

/* One that the judge does not wait for long. */
static bool set_for_two(void *world_)
{
	world *w = world_;

	return set_roomy_listener(w) &&
	       !dt_set_timeout(w->listener, SO_RCVTIMEO, 1);
}

TEST_F_TIMEOUT(race, two_connect_one_socket, 200)
{
	static const struct race race = {
		"two connect one socket", .set = set_for_two,
		.side = { connect_client, connect_client },
		.judge = judge_twice,
		.outcome = { { "the first", 0 }, { "the second", 1 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/*
 * Ending
 */

static bool set_link(void *world_)
{
	world *w = world_;

	close_all(w);
	memset(w->read, 0, sizeof(w->read));
	return !link_new(&w->link, w->type);
}

static long close_a(void *world_)
{
	world *w = world_;
	int fd = w->link.a;

	w->link.a = -1;
	return DT_ERR(close(fd));
}

static long close_b(void *world_)
{
	world *w = world_;
	int fd = w->link.b;

	w->link.b = -1;
	return DT_ERR(close(fd));
}

static bool set_link_with_data(void *world_)
{
	world *w = world_;

	return set_link(w) && send(w->link.a, "abc", 3, 0) == 3 &&
	       send(w->link.b, "abc", 3, 0) == 3;
}

static int judge_closed(void *world_, const long *ret)
{
	return ret[0] || ret[1] ? RACE_WRONG : 0;
}

TEST_F_TIMEOUT(race, both_ends_close, 200)
{
	static const struct race race = {
		"close of both ends", .set = set_link_with_data,
		.side = { close_a, close_b }, .judge = judge_closed,
		.outcome = { { "closed", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long write_and_close(void *world_)
{
	static const char text[BYTES + 1] = "abcdefghijklmnopqrstuvwxyz0123";
	world *w = world_;
	int i;

	for (i = 0; i < BYTES; i += 3)
		if (send(w->link.a, text + i, 3, 0) != 3)
			return -errno;
	return close_a(w);
}

/* What one reads until there is no more; how much, or -errno. */
static long read_into(int fd, char *to)
{
	long n = 0, ret;

	while ((ret = DT_ERR(recv(fd, to + n, 3, 0))) > 0 && n < BYTES - 3)
		n += ret;
	return ret < 0 ? ret : n + ret;
}

static long read_all(void *world_)
{
	world *w = world_;

	return read_into(w->link.b, w->read[0]);
}

static long read_all_as_well(void *world_)
{
	world *w = world_;

	return read_into(w->link.b, w->read[1]);
}

static int judge_read(void *world_, const long *ret)
{
	world *w = world_;

	return !ret[0] && ret[1] == BYTES &&
	       !memcmp(w->read[0], "abcdefghijklmnopqrstuvwxyz0123", BYTES) ?
	       0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, reader_against_the_end_of_the_writer, 200)
{
	static const struct race race = {
		"end of the writer against its reader", .set = set_link,
		.side = { write_and_close, read_all }, .judge = judge_read,
		.outcome = { { "read all", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Each byte is read once, by one of them. */
static int judge_shared(void *world_, const long *ret)
{
	int times[256] = { 0 }, i, j;
	world *w = world_;

	if (ret[0] || ret[1] < 0 || ret[2] < 0 || ret[1] + ret[2] != BYTES)
		return RACE_WRONG;
	for (i = 0; i < 2; i++)
		for (j = 0; j < ret[i + 1]; j++)
			if (times[(unsigned char)w->read[i][j]]++)
				return RACE_WRONG;
	return ret[1] == BYTES ? 0 : ret[2] == BYTES ? 1 : 2;
}

TEST_F_TIMEOUT(race, two_readers_against_the_end_of_the_writer, 200)
{
	static const struct race race = {
		"end of the writer against two readers", .set = set_link,
		.side = { write_and_close, read_all, read_all_as_well },
		.judge = judge_shared,
		.outcome = { { "one read all", RACE_UNKNOWN },
			     { "the other", RACE_UNKNOWN },
			     { "each some", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Who looks sees what is there, or nothing; and takes nothing from others. */
static long peek_all(void *world_)
{
	world *w = world_;
	char seen[BYTES];
	long ret;

	do {
		ret = DT_ERR(recv(w->link.b, seen, sizeof(seen),
				  MSG_PEEK | MSG_DONTWAIT));
	} while (ret > 0);
	return ret;
}

static int judge_peeked(void *world_, const long *ret)
{
	if (ret[2] && ret[2] != -EAGAIN)
		return RACE_WRONG;
	return judge_read(world_, ret);
}

TEST_F_TIMEOUT(race, reader_against_who_looks, 200)
{
	static const struct race race = {
		"end of the writer against its reader and who looks",
		.set = set_link,
		.side = { write_and_close, read_all, peek_all },
		.judge = judge_peeked,
		.outcome = { { "read all", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* The reader goes while it is being written to. */
static long write_until_end(void *world_)
{
	world *w = world_;
	long ret;

	do {
		ret = DT_ERR(send(w->link.a, "abc", 3, MSG_DONTWAIT));
	} while (ret == 3 || ret == -EAGAIN);
	return ret;
}

static int judge_written(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return ret[1] == -EPIPE ? 0 : ret[1] == -ECONNRESET ? 1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, writer_against_the_end_of_the_reader, 200)
{
	static const struct race race = {
		"end of the reader against the writer", .set = set_link,
		.side = { close_b, write_until_end }, .judge = judge_written,
		.outcome = { { "EPIPE", RACE_UNKNOWN },
			     { "ECONNRESET", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
