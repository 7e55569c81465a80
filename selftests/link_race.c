// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 400
 *
 * Races between the ends of a link: what one end does against what the other
 * does meanwhile. Each round is one of each, started together; how it ends is
 * one of few, and nothing is left.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "dipc_test.h"
#include "link.h"
#include "kselftest_harness.h"

FIXTURE(race)
{
	struct dt_stats before;
};

FIXTURE_VARIANT(race)
{
	int type;
};

FIXTURE_VARIANT_ADD(race, seqpacket) { .type = SOCK_SEQPACKET };
FIXTURE_VARIANT_ADD(race, stream) { .type = SOCK_STREAM };

FIXTURE_SETUP(race)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

/* Nothing is left of what was made. */
FIXTURE_TEARDOWN(race)
{
	struct dt_stats now;

	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&now) &&
				  now.ports == self->before.ports &&
				  now.names == self->before.names &&
				  now.messages == self->before.messages));
}

enum what { SENDS, RECEIVES, POLLS, ACCEPTS, CONNECTS, N_WHATS };

/* A thread that does one thing as often as it is told to. */
struct runner {
	struct dt_thread thread;
	enum what what;
	pthread_barrier_t *start, *end;
	int fd;
	const struct sockaddr_dipc *addr;
	long result;
	bool stop;
};

static long do_one(struct runner *r)
{
	char buf[ATOM] = "";
	struct pollfd p = { .fd = r->fd, .events = POLLIN | POLLRDHUP };
	long n;

	switch (r->what) {
	case SENDS:
		/* until the end: more than there is room for */
		while ((n = DT_ERR(send(r->fd, buf, sizeof(buf), 0))) > 0)
			;
		return n;
	case RECEIVES:
		return DT_ERR(recv(r->fd, buf, sizeof(buf), 0));
	case POLLS:
		n = DT_ERR(poll(&p, 1, DT_LONG_MS));
		return n == 1 ? p.revents : n ? n : -ETIME;
	case ACCEPTS:
		n = DT_ERR(accept(r->fd, NULL, NULL));
		if (n >= 0)
			close(n);
		return n < 0 ? n : 0;
	default:
		return dt_connect(r->fd, r->addr);
	}
}

static long run(void *arg)
{
	struct runner *r = arg;

	for (;;) {
		pthread_barrier_wait(r->start);
		if (r->stop)
			return 0;
		r->result = do_one(r);
		pthread_barrier_wait(r->end);
	}
}

struct runners {
	pthread_barrier_t start, end;
	struct runner r;
};

static int runners_start(struct runners *rs, enum what what)
{
	pthread_barrier_init(&rs->start, NULL, 2);
	pthread_barrier_init(&rs->end, NULL, 2);
	rs->r = (struct runner) { .what = what, .start = &rs->start,
				  .end = &rs->end };
	return dt_thread_start(&rs->r.thread, run, &rs->r);
}

static long runners_stop(struct runners *rs)
{
	rs->r.stop = true;
	pthread_barrier_wait(&rs->start);
	return dt_thread_join(&rs->r.thread);
}

/* Not all of the same length, so that each is first now and then. */
static void dawdle(int i)
{
	volatile int n = i * 37 % 1000 * 10;

	while (n)
		n--;
}

static bool end_is_right(enum what what, long result)
{
	switch (what) {
	case SENDS:
		return result == -EPIPE || result == -ECONNRESET;
	case RECEIVES:
		return !result || result == -ECONNRESET;
	default:
		return result > 0 && result & (POLLHUP | POLLRDHUP);
	}
}

/* how: of shutdown(), or -1 for close(); unread: something to be lost. */
static void race_end(struct __test_metadata *_metadata, int type,
		     enum what what, int how, bool unread)
{
	struct runners rs;
	struct link l;
	int i;

	ASSERT_EQ(0, runners_start(&rs, what));
	for (i = 0; i < link_rounds(200); i++) {
		ASSERT_EQ(0, link_new(&l, type));
		if (unread)
			ASSERT_EQ(1, send(l.a, "x", 1, 0));
		rs.r.fd = l.a;
		pthread_barrier_wait(&rs.start);
		dawdle(i);
		if (how < 0)
			close(l.b);
		else
			shutdown(l.b, how);
		pthread_barrier_wait(&rs.end);
		EXPECT_TRUE(end_is_right(what, rs.r.result))
			TH_LOG("round %d of %d, how %d: %ld", i, what, how,
			       rs.r.result);
		if (how >= 0)
			close(l.b);
		close(l.a);
	}
	EXPECT_EQ(0, runners_stop(&rs));
}

TEST_F_TIMEOUT(race, close_against_send, 60)
{
	race_end(_metadata, variant->type, SENDS, -1, false);
	race_end(_metadata, variant->type, SENDS, SHUT_RD, false);
}

TEST_F_TIMEOUT(race, close_against_receive, 60)
{
	race_end(_metadata, variant->type, RECEIVES, -1, false);
	race_end(_metadata, variant->type, RECEIVES, -1, true);
	race_end(_metadata, variant->type, RECEIVES, SHUT_WR, false);
}

TEST_F_TIMEOUT(race, close_against_poll, 60)
{
	race_end(_metadata, variant->type, POLLS, -1, false);
	race_end(_metadata, variant->type, POLLS, -1, true);
	race_end(_metadata, variant->type, POLLS, SHUT_WR, false);
}

TEST_F_TIMEOUT(race, listener_shutdown_against_accept, 60)
{
	struct sockaddr_dipc any = dt_any(), port;
	struct runners rs;
	int i, l, c;

	ASSERT_EQ(0, runners_start(&rs, ACCEPTS));
	for (i = 0; i < link_rounds(200); i++) {
		l = dt_socket_bound(variant->type, &any);
		ASSERT_LE(0, l);
		ASSERT_EQ(0, listen(l, 1));
		port = dt_port_of(l);
		c = i % 2 ? dt_socket_connected(variant->type, &port) : -1;
		rs.r.fd = l;
		pthread_barrier_wait(&rs.start);
		dawdle(i);
		EXPECT_EQ(0, shutdown(l, SHUT_RD));
		pthread_barrier_wait(&rs.end);
		/* a connection that was there is accepted, then as before */
		EXPECT_EQ(i % 2 ? 0 : -EINVAL, rs.r.result);
		close(l);
		close(c);
	}
	EXPECT_EQ(0, runners_stop(&rs));
}

TEST_F_TIMEOUT(race, listener_close_against_connect, 60)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct runners rs;
	int i, l, waits;
	char c;

	dt_unique(name, "race");
	addr = dt_name(name);
	ASSERT_EQ(0, runners_start(&rs, CONNECTS));
	rs.r.addr = &addr;
	for (i = 0; i < link_rounds(300); i++) {
		l = dt_socket_bound(variant->type, &addr);
		ASSERT_LE(0, l);
		ASSERT_EQ(0, listen(l, 0));
		/* in every third round there is no room, and it waits */
		waits = i % 3 ? -1 : dt_socket_connected(variant->type, &addr);
		rs.r.fd = dt_socket(variant->type);
		pthread_barrier_wait(&rs.start);
		dawdle(i);
		EXPECT_EQ(0, close(l));
		pthread_barrier_wait(&rs.end);
		if (!rs.r.result) {
			EXPECT_EQ(-ECONNRESET, dt_recv(rs.r.fd, &c, 1, 0, NULL));
			EXPECT_EQ(0, dt_recv(rs.r.fd, &c, 1, 0, NULL));
		} else {
			EXPECT_TRUE(rs.r.result == -ECONNREFUSED ||
				    rs.r.result == -ENOENT)
				TH_LOG("round %d: %ld", i, rs.r.result);
		}
		close(rs.r.fd);
		close(waits);
	}
	EXPECT_EQ(0, runners_stop(&rs));
}

#define N_TASKS 4

struct crowd {
	int fd;
	int n;
	atomic_long *bytes;
};

static long crowd_sends(void *arg)
{
	struct crowd *c = arg;
	char buf[ATOM] = "";
	long n;
	int i;

	for (i = 0; i < c->n; i++) {
		n = send(c->fd, buf, 1 + i * 31 % ATOM, 0);
		if (n <= 0)
			return -1;
		atomic_fetch_add(c->bytes, n);
	}
	return 0;
}

static long crowd_receives(void *arg)
{
	struct crowd *c = arg;
	char buf[ATOM];
	long n;

	while ((n = recv(c->fd, buf, sizeof(buf), 0)) > 0)
		atomic_fetch_sub(c->bytes, n);
	return n;
}

TEST_F_TIMEOUT(race, many_share_each_end, 60)
{
	struct dt_thread rx[N_TASKS], tx[N_TASKS];
	atomic_long bytes = 0;
	struct crowd in, out;
	struct link l;
	int i;

	ASSERT_EQ(0, link_new(&l, variant->type));
	in = (struct crowd) { .fd = l.b, .bytes = &bytes };
	out = (struct crowd) { .fd = l.a, .bytes = &bytes, .n = link_rounds(2000) };
	for (i = 0; i < N_TASKS; i++) {
		ASSERT_EQ(0, dt_thread_start(&rx[i], crowd_receives, &in));
		ASSERT_EQ(0, dt_thread_start(&tx[i], crowd_sends, &out));
	}
	for (i = 0; i < N_TASKS; i++)
		EXPECT_EQ(0, dt_thread_join(&tx[i]));
	EXPECT_EQ(0, shutdown(l.a, SHUT_WR));
	/* the end is told to each of them, when all was read */
	for (i = 0; i < N_TASKS; i++)
		EXPECT_EQ(0, dt_thread_join(&rx[i]));
	EXPECT_EQ(0, atomic_load(&bytes));
	link_close(&l);
}

TEST_HARNESS_MAIN
