// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous calls that end in several ways at once: by a reply, a drop, a
 * forward, by their time, by being cancelled, by being read, by close(); with
 * threads that look on. Each ends once, and whoever waits for one is told.
 *
 * suite-timeout: 180
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "calls.h"
#include "calls_seen.h"
#include "kselftest_harness.h"

#define CALLS		4000
#define AT_ONCE		300
#define AHEAD		40	/* of who cancels: no more calls than looks */
#define LONGEST_MS	5000	/* if it takes so long, so many are enough */
#define ENOUGH		(CALLS / 4)
#define HELD		8
#define US		1000ULL		/* in nanoseconds */

FIXTURE(race) {
	struct dt_stats before;
	struct sockaddr_dipc to[2];
	int server[2], client;
	/* by cookie */
	atomic_uchar *told, *cancelled;
	atomic_ulong next;		/* cookie */
	atomic_ulong looks;		/* for one to be cancelled */
	atomic_ulong ended;		/* how many were told or cancelled */
	atomic_bool is_over, stops;
	long until;			/* in terms of dt_now_ms() */
	atomic_ulong wrong;		/* what was not to be expected */
};

typedef FIXTURE_DATA(race) race;

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_stats_get(&self->before));
	for (i = 0; i < 2; i++) {
		self->to[i] = dt_name(i ? "second" : "first");
		self->server[i] = calls_server(SOCK_RDM, &self->to[i]);
		ASSERT_LE(0, self->server[i]);
	}
	self->client = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->client);
	self->told = calloc(2 * CALLS, 1);
	self->cancelled = self->told + CALLS;
}

FIXTURE_TEARDOWN(race)
{
	struct dt_stats now;

	close(self->client);
	close(self->server[0]);
	close(self->server[1]);
	free(self->told);
	/* nothing is left of it */
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&now) &&
				  now.messages <= self->before.messages));
}

/* Whose state is of the calling thread. */
static unsigned int draw(unsigned int n)
{
	static __thread unsigned int state;
	static atomic_uint seeds;

	if (!state)
		state = atomic_fetch_add(&seeds, 1) * 2654435761U + 1;
	return rand_r(&state) % n;
}

/*
 * The servers: reply, drop, forward, or keep it for a while
 */

struct server {
	race *r;
	int nr;
	struct dt_thread thread;
	uint64_t held[HELD];
};

/* What is not so, the client or the time has ended. */
static bool is_odd(long ret)
{
	return ret < 0 && ret != -EPIPE;
}

static void serve_one(struct server *s, uint64_t handle)
{
	int fd = s->r->server[s->nr];
	uint64_t *place = &s->held[draw(HELD)];
	long ret;

	switch (draw(s->r->is_over ? 1 : 8)) {
	case 4:
		ret = calls_drop(BY_OP, fd, handle);
		break;
	case 5:
		ret = calls_forward(BY_OP, fd, handle, &s->r->to[!s->nr]);
		if (ret == -EPIPE || !ret)
			break;
		/* it has been there too often */
		ret = ret == -ELOOP ? calls_drop(BY_OP, fd, handle) : ret;
		break;
	case 6:
	case 7:
		ret = *place ? calls_reply(BY_OP, fd, *place, "late") : 0;
		*place = handle;
		break;
	default:
		ret = calls_reply(BY_OP, fd, handle, "reply");
		break;
	}
	s->r->wrong += is_odd(ret);
}

static long serve(void *arg)
{
	struct server *s = arg;
	struct calls_got got;
	int i;

	while (!s->r->stops) {
		got = calls_recv(BY_OP, s->r->server[s->nr], MSG_DONTWAIT);
		if (got.ret >= 0 && got.r.handle)
			serve_one(s, got.r.handle);
		else if (got.ret != -EAGAIN)
			s->r->wrong++;
		for (i = 0; i < HELD && s->r->is_over; i++) {
			if (s->held[i])
				calls_drop(BY_OP, s->r->server[s->nr],
					   s->held[i]);
			s->held[i] = 0;
		}
		if (got.ret < 0)
			usleep(100);
	}
	return 0;
}

/*
 * The client's threads
 */

static long start_one(race *r, uint64_t cookie)
{
	struct calls_with with = *WITH(.dest = &r->to[draw(2)],
				       .cookie = cookie, .reply_max = 100);

	switch (draw(4)) {
	case 0:
		with.deadline_ns = (1 + draw(2000)) * US;
		break;
	case 1:
		with.semantics = DIPC_AT_LEAST_ONCE;
		with.deadline_ns = (1 + draw(20000)) * US;
		with.try_ns = draw(2) ? 0 : (1 + draw(1000)) * US;
		break;
	}
	return calls_start(draw(2) ? BY_OP : BY_MSG, r->client, "abc", &with);
}

/*
 * As many as are wanted, some hundred at a time; and not all of them before
 * somebody has come to cancel any: all are over in a second, and for so long a
 * thread may not get a processor.
 */
static long start(void *arg)
{
	race *r = arg;
	uint64_t cookie;
	long ret;

	while ((dt_now_ms() < r->until || r->next < ENOUGH) &&
	       (cookie = atomic_fetch_add(&r->next, 1)) < CALLS) {
		ret = start_one(r, cookie);
		r->wrong += ret < 0;
		DT_WAIT_UNTIL(cookie < r->ended + AT_ONCE &&
			      cookie < r->looks + AHEAD);
	}
	return 0;
}

static long cancel(void *arg)
{
	race *r = arg;
	uint64_t cookie;
	long ret;

	while (!r->is_over) {
		cookie = atomic_load(&r->next) - 1 - draw(20);
		if (cookie >= CALLS)
			continue;
		r->looks++;
		ret = calls_cancel(draw(2) ? BY_OP : BY_MSG, r->client, cookie);
		if (!ret) {
			r->cancelled[cookie]++;
			r->ended++;
		} else {
			r->wrong += ret != -ENOENT;
		}
	}
	return 0;
}

static void note(race *r, const struct calls_end *end)
{
	r->ended++;
	if (end->outcome.cookie < CALLS)
		r->told[end->outcome.cookie]++;
	else
		r->wrong++;
}

/* A call that was not, or not yet: told by the system call alone. */
static bool is_none(const struct calls_end *end)
{
	return (end->ret == -EAGAIN || end->ret == -ENOENT) &&
	       !end->outcome.reason;
}

static long finish(void *arg)
{
	race *r = arg;
	struct calls_end end;

	while (!r->is_over) {
		switch (draw(3)) {
		case 0:
			end = calls_finish(BY_OP, r->client,
					   draw(2) ? MSG_DONTWAIT : 0);
			break;
		case 1:
			end = calls_finish(BY_MSG, r->client, MSG_DONTWAIT);
			break;
		default:
			end = calls_finish_cookie(r->client,
						  atomic_load(&r->next) % CALLS,
						  0);
			break;
		}
		if (!is_none(&end))
			note(r, &end);
		else
			usleep(50);
	}
	return 0;
}

static long look(void *arg)
{
	race *r = arg;
	struct calls_seen seen = { 0 };
	uint32_t i;

	while (!r->is_over) {
		if (calls_see(&seen, NULL, NULL))
			r->wrong++;
		for (i = 0; i < seen.n; i++)
			r->wrong += seen.c[i].twice ||
				    seen.c[i].cookie >= CALLS;
	}
	calls_seen_free(&seen);
	return 0;
}

TEST_F(race, each_call_is_told_or_cancelled_once)
{
	struct dt_thread starters[2], finishers[2], canceller, looker;
	struct server servers[2];
	struct calls_end end;
	uint32_t i, n, lost = 0, twice = 0, told = 0, cancelled = 0;

	self->until = dt_now_ms() + LONGEST_MS;
	for (i = 0; i < 2; i++) {
		servers[i] = (struct server) { .r = self, .nr = i };
		ASSERT_EQ(0, dt_thread_start(&servers[i].thread, serve,
					     &servers[i]));
		ASSERT_EQ(0, dt_thread_start(&finishers[i], finish, self));
		ASSERT_EQ(0, dt_thread_start(&starters[i], start, self));
	}
	ASSERT_EQ(0, dt_thread_start(&canceller, cancel, self));
	ASSERT_EQ(0, dt_thread_start(&looker, look, self));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_thread_join(&starters[i]));
	self->is_over = true;
	EXPECT_EQ(0, dt_thread_join(&canceller));
	EXPECT_EQ(0, dt_thread_join(&looker));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_thread_join(&finishers[i]));
	while (end = calls_finish(BY_OP, self->client, 0), !is_none(&end))
		note(self, &end);
	EXPECT_EQ(-ENOENT, end.ret);
	self->stops = true;
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_thread_join(&servers[i].thread));

	n = self->next < CALLS ? self->next : CALLS;
	for (i = 0; i < n; i++) {
		lost += !self->told[i] && !self->cancelled[i];
		twice += self->told[i] + self->cancelled[i] > 1;
		told += self->told[i];
		cancelled += self->cancelled[i];
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, self->wrong);
	/* both have happened, or nothing was tried */
	EXPECT_LT(20, told);
	EXPECT_LT(20, cancelled);
}

/* At any moment of those that are outstanding. */
TEST_F(race, socket_is_closed_while_its_calls_end)
{
	struct server servers[2];
	uint64_t cookie;
	int i, round;

	for (i = 0; i < 2; i++) {
		servers[i] = (struct server) { .r = self, .nr = i };
		ASSERT_EQ(0, dt_thread_start(&servers[i].thread, serve,
					     &servers[i]));
	}
	self->until = dt_now_ms() + LONGEST_MS;
	for (round = 0; round < 100 && dt_now_ms() < self->until; round++) {
		int n = 1 + draw(30);

		for (cookie = 0; cookie < n; cookie++)
			EXPECT_LE(0, start_one(self, cookie));
		if (draw(2))
			usleep(draw(2000));
		if (draw(2))
			calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
		close(self->client);
		self->client = dt_socket(SOCK_RDM);
		ASSERT_LE(0, self->client);
	}
	self->is_over = true;
	self->stops = true;
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_thread_join(&servers[i].thread));
	EXPECT_EQ(0, self->wrong);
}

/*
 * Who waits for a call that somebody else has read or cancelled
 */

struct finisher {
	struct dt_thread thread;
	int fd;
	uint64_t cookie;
	bool any;
	struct calls_end end;
};

static long run_finisher(void *arg)
{
	struct finisher *f = arg;

	f->end = f->any ? calls_finish(BY_OP, f->fd, 0) :
			  calls_finish_cookie(f->fd, f->cookie, 0);
	return f->end.ret;
}

static int start_finisher(struct finisher *f, int fd, uint64_t cookie, bool any)
{
	*f = (struct finisher) { .fd = fd, .cookie = cookie, .any = any };
	return dt_thread_start(&f->thread, run_finisher, f);
}

#define ASSERT_WAITS(f)							\
	ASSERT_TRUE(dt_wait_asleep((f)->thread.tid, SYS_ioctl))

FIXTURE(finish) {
	struct sockaddr_dipc to;
	int server, client;
};

FIXTURE_VARIANT(finish) {
	bool any;
};

FIXTURE_VARIANT_ADD(finish, any) { true };
FIXTURE_VARIANT_ADD(finish, cookie) { false };

FIXTURE_SETUP(finish)
{
	ASSERT_EQ(0, dt_netns_new());
	self->to = dt_name("server");
	self->server = calls_server(SOCK_RDM, &self->to);
	self->client = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->server);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(finish)
{
	close(self->client);
	close(self->server);
}

TEST_F(finish, of_two_who_wait_one_is_told_that_there_is_none_left)
{
	struct finisher f[2];
	int i, replies = 0, none = 0;
	struct calls_got got;

	ASSERT_EQ(1, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to, .cookie = 5)));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, start_finisher(&f[i], self->client, 5,
					    variant->any));
		ASSERT_WAITS(&f[i]);
	}
	got = calls_recv(BY_OP, self->server, 0);
	ASSERT_EQ(3, calls_reply(BY_OP, self->server, got.r.handle, "abc"));
	for (i = 0; i < 2; i++) {
		long ret = dt_thread_join(&f[i].thread);

		replies += ret == 3;
		none += ret == -ENOENT;
	}
	EXPECT_EQ(1, replies);
	EXPECT_EQ(1, none);
}

TEST_F(finish, who_waits_is_told_that_the_call_was_cancelled)
{
	struct finisher f, other;

	ASSERT_EQ(1, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to, .cookie = 5)));
	ASSERT_EQ(1, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to, .cookie = 6)));
	ASSERT_EQ(0, start_finisher(&f, self->client, 5, variant->any));
	ASSERT_EQ(0, start_finisher(&other, self->client, 6, false));
	ASSERT_WAITS(&f);
	ASSERT_WAITS(&other);
	ASSERT_EQ(0, calls_cancel(BY_OP, self->client, 5));
	if (!variant->any)
		EXPECT_EQ(-ENOENT, dt_thread_join(&f.thread));
	ASSERT_EQ(0, calls_cancel(BY_OP, self->client, 6));
	if (variant->any)
		EXPECT_EQ(-ENOENT, dt_thread_join(&f.thread));
	EXPECT_EQ(-ENOENT, dt_thread_join(&other.thread));
}

TEST_HARNESS_MAIN
