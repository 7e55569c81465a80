// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 600
 *
 * One call, several tasks that want to end it: of two threads with the same
 * handle, the same cookie, or each with its end, exactly one has its way and
 * the other is told; processes that fork or are killed with thousands of calls
 * open leave nobody waiting, and nothing behind.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "held.h"
#include "kselftest_harness.h"

#define ROUNDS		150	/* of a race; less where the kernel is slow */
#define MANY		10000	/* requests that somebody holds */
#define N_CLIENTS	4

static int rounds(int n)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? n / atoi(slow) : n;
}

FIXTURE(race)
{
	int rx, tx;		/* a server, and a client connected to it */
	struct sockaddr_dipc addr;
	int other;		/* another server */
	struct sockaddr_dipc other_addr;
	long messages;
};

FIXTURE_SETUP(race)
{
	struct sockaddr_dipc any = dt_any();

	ASSERT_EQ(0, held_world(&self->messages))
		TH_LOG("is the module loaded?");
	self->rx = calls_server(SOCK_RDM, &any);
	self->other = calls_server(SOCK_RDM, &any);
	ASSERT_TRUE(self->rx >= 0 && self->other >= 0);
	self->addr = dt_port_of(self->rx);
	self->other_addr = dt_port_of(self->other);
	self->tx = dt_socket_connected(SOCK_RDM, &self->addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(race)
{
	close(self->tx);
	close(self->rx);
	close(self->other);
	EXPECT_TRUE(held_nothing_left(self->messages));
}

typedef FIXTURE_DATA(race) env;

/*
 * Two threads at once
 */

/* What each of the two does; shared by both for one race. */
struct runner {
	struct dt_thread thread;
	atomic_int *ready;	/* both count it up, and then go */
	env *e;
	long (*fn)(struct runner *r);
	enum held_step step;
	uint64_t handle;
	int fd;
};

static long run(void *arg)
{
	struct runner *r = arg;

	atomic_fetch_add(r->ready, 1);
	while (atomic_load(r->ready) < 2)
		sched_yield();
	return r->fn(r);
}

/* What both gave; false if one hangs. */
static bool run_both(struct runner *r, long ret[2])
{
	atomic_int ready = 0;
	int i;

	for (i = 0; i < 2; i++) {
		r[i].ready = &ready;
		if (dt_thread_start(&r[i].thread, run, &r[i]))
			return false;
	}
	for (i = 0; i < 2; i++)
		ret[i] = dt_thread_join(&r[i].thread);
	return ret[0] != -ETIME && ret[1] != -ETIME;
}

static long do_step(struct runner *r)
{
	return held_do(r->step, r->fd, r->handle, &r->e->other_addr);
}

/* REPLY_RECV that has replied finds nothing to receive. */
static bool has_won(enum held_step step, long ret)
{
	if (step == HELD_REPLY_RECV)
		return ret == -EAGAIN;
	return ret >= 0;
}

static bool has_lost(long ret)
{
	return ret == -ESRCH || ret == -EBUSY;
}

/* Is the client's call as it must be when this step has ended it? */
static bool is_so(env *e, enum held_step step)
{
	struct calls_got got;

	if (held_is_drop(step))
		return held_end(e->tx, 1) == -ECONNRESET;
	if (!held_is_forward(step))
		return held_end(e->tx, 1) == HELD_LEN;
	got = calls_recv(BY_OP, e->other, MSG_DONTWAIT);
	return got.r.handle &&
	       calls_reply(BY_OP, e->other, got.r.handle, "abc") == 3 &&
	       held_end(e->tx, 1) == 3;
}

TEST_F(race, one_of_two_ends_it)
{
	enum held_step a, b;
	struct runner r[2];
	uint64_t handle;
	int n, won[2];
	long ret[2];

	for (a = 0; a < HELD_N_STEPS; a++) {
		for (b = a; b < HELD_N_STEPS; b++) {
			if (!held_is_end(a) || !held_is_end(b))
				continue;
			for (n = 0; n < rounds(ROUNDS) / 15 + 1; n++) {
				handle = held_take(self->tx, self->rx, 1);
				ASSERT_NE(0, handle);
				r[0] = (struct runner) { .e = self,
					.fn = do_step, .step = a,
					.fd = self->rx, .handle = handle };
				r[1] = r[0];
				r[1].step = b;
				ASSERT_TRUE(run_both(r, ret));
				won[0] = has_won(a, ret[0]);
				won[1] = has_won(b, ret[1]);
				ASSERT_EQ(1, won[0] + won[1])
					TH_LOG("%s: %ld, %s: %ld",
					       held_name[a], ret[0],
					       held_name[b], ret[1]);
				ASSERT_TRUE(has_lost(ret[won[0]]))
					TH_LOG("%s: %ld, %s: %ld",
					       held_name[a], ret[0],
					       held_name[b], ret[1]);
				ASSERT_TRUE(is_so(self, won[0] ? a : b))
					TH_LOG("%s and %s", held_name[a],
					       held_name[b]);
			}
		}
	}
}

/* Reading and writing parts, while another one ends it. */
TEST_F(race, parts_against_the_end)
{
	static const enum held_step part[] = {
		HELD_READ, HELD_WRITE, HELD_WRITE_MSG,
	}, end[] = { HELD_REPLY, HELD_FORWARD, HELD_DROP };
	struct runner r[2];
	uint64_t handle;
	long ret[2];
	int n;

	for (n = 0; n < rounds(ROUNDS); n++) {
		handle = held_take(self->tx, self->rx, 1);
		ASSERT_NE(0, handle);
		r[0] = (struct runner) { .e = self, .fn = do_step,
			.step = part[n % 3], .fd = self->rx,
			.handle = handle };
		r[1] = r[0];
		r[1].step = end[n / 3 % 3];
		ASSERT_TRUE(run_both(r, ret));
		EXPECT_TRUE(ret[0] > 0 || has_lost(ret[0]))
			TH_LOG("%s: %ld", held_name[r[0].step], ret[0]);
		/* who was too early does it again */
		if (ret[1] == -EBUSY)
			ret[1] = do_step(&r[1]);
		EXPECT_LE(0, ret[1]);
		/* a part that was written before is in the reply as well */
		ASSERT_TRUE(held_is_forward(r[1].step) &&
			    held_is_write(r[0].step) ?
			    calls_drop(BY_OP, self->other,
				       calls_recv(BY_OP, self->other,
						  MSG_DONTWAIT).r.handle) ==
			    0 && held_end(self->tx, 1) == -ECONNRESET :
			    is_so(self, r[1].step));
	}
}

static long cancel(struct runner *r)
{
	return calls_cancel(r->step % 2, r->e->tx, 1);
}

static long finish(struct runner *r)
{
	return calls_finish_cookie(r->e->tx, 1, 0).ret;
}

static long receive_end(struct runner *r)
{
	return calls_finish(BY_MSG, r->e->tx, MSG_DONTWAIT).ret;
}

/* The reply comes in time or it does not, and each is told the same. */
TEST_F(race, reply_against_cancel)
{
	struct runner r[2];
	uint64_t handle;
	long ret[2];
	int n;

	for (n = 0; n < rounds(ROUNDS); n++) {
		handle = held_take(self->tx, self->rx, 1);
		ASSERT_NE(0, handle);
		r[0] = (struct runner) { .e = self, .fn = do_step,
			.step = n % 2 ? HELD_REPLY : HELD_REPLY_MSG,
			.fd = self->rx, .handle = handle };
		r[1] = (struct runner) { .e = self, .fn = cancel,
					 .step = n / 2 };
		ASSERT_TRUE(run_both(r, ret));
		EXPECT_TRUE(ret[0] == HELD_LEN || ret[0] == -EPIPE)
			TH_LOG("reply: %ld", ret[0]);
		EXPECT_EQ(0, ret[1]);
		/* no end, no handle, no notice */
		EXPECT_EQ(-ENOENT, held_end(self->tx, 1));
		EXPECT_EQ(-ESRCH, calls_drop(BY_OP, self->rx, handle));
		EXPECT_EQ(-EAGAIN, calls_cancelled(self->rx,
					&(struct dipc_cancelled) { 0 }));
	}
}

TEST_F(race, two_give_it_up)
{
	struct runner r[2];
	uint64_t handle;
	long ret[2];
	int n;

	for (n = 0; n < rounds(ROUNDS); n++) {
		handle = held_take(self->tx, self->rx, 1);
		ASSERT_NE(0, handle);
		r[0] = (struct runner) { .e = self, .fn = cancel, .step = n };
		r[1] = (struct runner) { .e = self, .fn = cancel,
					 .step = n + 1 };
		ASSERT_TRUE(run_both(r, ret));
		EXPECT_EQ(-ENOENT, ret[0] + ret[1]);
		EXPECT_TRUE(!ret[0] || !ret[1]);
		EXPECT_EQ(0, calls_drop(BY_OP, self->rx, handle));
	}
}

/* Who waits for a call that is given up is told that there is none. */
TEST_F(race, end_is_read_once)
{
	struct runner r[2];
	uint64_t handle;
	long ret[2];
	int n;

	for (n = 0; n < rounds(ROUNDS); n++) {
		handle = held_take(self->tx, self->rx, 1);
		ASSERT_NE(0, handle);
		ASSERT_EQ(3, calls_reply(BY_OP, self->rx, handle, "abc"));
		r[0] = (struct runner) { .e = self, .fn = finish };
		r[1] = r[0];
		r[1].fn = n % 3 == 0 ? finish : n % 3 == 1 ? receive_end :
							      cancel;
		ASSERT_TRUE(run_both(r, ret));
		if (n % 3 == 2) {
			EXPECT_TRUE((ret[0] == 3 && ret[1] == -ENOENT) ||
				    (ret[0] == -ENOENT && ret[1] == 0))
				TH_LOG("finish %ld, cancel %ld", ret[0],
				       ret[1]);
		} else {
			EXPECT_TRUE((ret[0] == 3) != (ret[1] == 3))
				TH_LOG("%ld and %ld", ret[0], ret[1]);
			EXPECT_TRUE(ret[0] == 3 || ret[0] == -ENOENT);
		}
		EXPECT_EQ(-ENOENT, held_end(self->tx, 1));
	}
}

static long take_it(struct runner *r)
{
	struct calls_got got = calls_recv(r->step % 2, r->fd, MSG_DONTWAIT);

	r->handle = got.r.handle;
	return got.ret;
}

/* Nobody holds a request that its client has given up before it was taken. */
TEST_F(race, cancelled_while_it_is_taken)
{
	struct dipc_cancelled notice;
	struct runner r[2];
	long ret[2];
	int n;

	for (n = 0; n < rounds(ROUNDS); n++) {
		ASSERT_EQ(1, calls_start(BY_OP, self->tx, "x",
					 WITH(.cookie = 1)));
		r[0] = (struct runner) { .e = self, .fn = take_it, .step = n,
					 .fd = self->rx };
		r[1] = (struct runner) { .e = self, .fn = cancel, .step = n };
		ASSERT_TRUE(run_both(r, ret));
		EXPECT_EQ(0, ret[1]);
		if (ret[0] == -EAGAIN)
			continue;
		ASSERT_EQ(1, ret[0]);
		ASSERT_EQ(0, calls_cancelled(self->rx, &notice));
		EXPECT_EQ(r[0].handle, notice.handle);
		EXPECT_EQ(-EPIPE, calls_reply(BY_OP, self->rx, notice.handle,
					      ""));
	}
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->rx, &notice));
}

static long close_it(struct runner *r)
{
	return DT_ERR(close(r->fd));
}

/* Whatever is just being done for it. */
TEST_F(race, client_closed_while_it_is_replied_to)
{
	struct runner r[2];
	uint64_t handle;
	long ret[2];
	int n, fd;

	for (n = 0; n < rounds(ROUNDS); n++) {
		fd = dt_socket_connected(SOCK_RDM, &self->addr);
		ASSERT_LE(0, fd);
		handle = held_take(fd, self->rx, 1);
		ASSERT_NE(0, handle);
		r[0] = (struct runner) { .e = self, .fn = close_it, .fd = fd };
		r[1] = (struct runner) { .e = self, .fn = do_step,
			.fd = self->rx, .handle = handle,
			.step = n % HELD_N_STEPS };
		ASSERT_TRUE(run_both(r, ret));
		EXPECT_TRUE(has_won(r[1].step, ret[1]) || ret[1] == -EPIPE)
			TH_LOG("%s: %ld", held_name[r[1].step], ret[1]);
		EXPECT_EQ(held_is_end(r[1].step) ? -ESRCH : 0,
			  calls_drop(BY_OP, self->rx, handle));
	}
	/* what was forwarded is gone from there as well */
	EXPECT_EQ(-EAGAIN, calls_recv(BY_OP, self->other, MSG_DONTWAIT).ret);
}

/*
 * Processes
 */

/* Calls that one socket has outstanding, told apart by its number. */
static int open_clients(env *e, int fd[N_CLIENTS])
{
	int bound = 1 << 26, i;

	for (i = 0; i < N_CLIENTS; i++) {
		fd[i] = dt_socket_connected(SOCK_RDM, &e->addr);
		if (fd[i] < 0 || setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE,
					    &bound, sizeof(bound)))
			return -EIO;
	}
	return 0;
}

static int many(void)
{
	return rounds(MANY);
}

/* Takes MANY requests, says so on the pipe, and stays. */
struct holder {
	env *e;
	int clients[N_CLIENTS];
	int told;
};

static int hold_many(void *arg)
{
	struct holder *h = arg;
	int i;

	for (i = 0; i < N_CLIENTS; i++)
		close(h->clients[i]);
	for (i = 0; i < many(); i++)
		if (!calls_recv(i % 2, h->e->rx, 0).r.handle)
			return 1;
	if (write(h->told, "x", 1) != 1)
		return 2;
	pause();
	return 3;
}

static bool start_many(int fd[N_CLIENTS])
{
	int i;

	for (i = 0; i < many(); i++)
		if (calls_start(BY_OP, fd[i % N_CLIENTS], "x",
				WITH(.cookie = i, .reply_max = 8)) != 1)
			return false;
	return true;
}

TEST_F(race, server_is_killed_with_many_in_its_hands)
{
	struct holder h = { .e = self };
	int told[2], i;
	pid_t pid;
	char c;

	ASSERT_EQ(0, open_clients(self, h.clients));
	ASSERT_EQ(0, pipe(told));
	h.told = told[1];
	pid = dt_child(hold_many, &h);
	ASSERT_LT(0, pid);
	/* so that it goes with that process */
	close(self->rx);
	self->rx = -1;
	close(told[1]);
	ASSERT_TRUE(start_many(h.clients));
	ASSERT_EQ(1, read(told[0], &c, 1));
	EXPECT_EQ(-EAGAIN, held_end(h.clients[0], 0));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(-SIGKILL, dt_child_wait(pid));
	for (i = 0; i < many(); i++)
		ASSERT_EQ(-ECONNRESET,
			  calls_finish_cookie(h.clients[i % N_CLIENTS], i,
					      0).ret);
	for (i = 0; i < N_CLIENTS; i++) {
		EXPECT_EQ(-ENOENT, calls_finish(BY_OP, h.clients[i],
						MSG_DONTWAIT).ret);
		close(h.clients[i]);
	}
	close(told[0]);
}

static int call_many(void *arg)
{
	struct holder *h = arg;
	char c;

	if (open_clients(h->e, h->clients) || !start_many(h->clients))
		return 1;
	if (write(h->told, "x", 1) != 1 || read(h->told, &c, 1) != 1)
		return 2;
	return 3;
}

/* Those that nobody has taken are gone; of the others the server is told. */
TEST_F(race, client_is_killed_with_many_outstanding)
{
	struct dipc_cancelled notice;
	struct holder h = { .e = self };
	int told[2], i, taken = many() / 2;
	struct calls_got got;
	pid_t pid;
	char c;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, told));
	h.told = told[1];
	pid = dt_child(call_many, &h);
	ASSERT_LT(0, pid);
	for (i = 0; i < taken; i++) {
		got = calls_recv(BY_OP, self->rx, 0);
		ASSERT_NE(0, got.r.handle);
		ASSERT_EQ(pid, got.r.pid);
	}
	ASSERT_EQ(1, read(told[0], &c, 1));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->rx, &notice));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(-EAGAIN, calls_recv(BY_OP, self->rx, MSG_DONTWAIT).ret);
	for (i = 0; i < taken; i++) {
		ASSERT_EQ(0, calls_cancelled(self->rx, &notice));
		EXPECT_EQ(DIPC_REASON_WITHDRAWN, notice.reason);
		if (i % 3)
			ASSERT_EQ(i % 3 == 1 ? -EPIPE : 0,
				  held_do(i % 3 == 1 ? HELD_REPLY : HELD_DROP,
					  self->rx, notice.handle, NULL));
	}
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->rx, &notice));
	close(told[0]);
	close(told[1]);
}

static int end_at_once(void *arg)
{
	return 7;
}

static int read_the_end(void *arg)
{
	return held_end(*(int *)arg, 1) == 3 ? 0 : 1;
}

/* The socket is what calls, not the process that has it. */
TEST_F(race, client_forks_in_the_middle)
{
	struct calls_client c;
	uint64_t handle, other;

	/* one that waits, while another thread forks: the child has no part */
	ASSERT_EQ(0, calls_client_start(&c, BY_OP, self->tx, "wait", WITH()));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	handle = calls_recv(BY_OP, self->rx, 0).r.handle;
	ASSERT_NE(0, handle);
	EXPECT_EQ(7, dt_child_wait(dt_child(end_at_once, NULL)));
	EXPECT_FALSE(c.ended);
	EXPECT_EQ(5, calls_reply(BY_OP, self->rx, handle, "reply"));
	EXPECT_EQ(5, calls_client_end(&c));
	/* one that goes on is both's */
	other = held_take(self->tx, self->rx, 1);
	ASSERT_NE(0, other);
	EXPECT_EQ(7, dt_child_wait(dt_child(end_at_once, NULL)));
	EXPECT_EQ(-EAGAIN, held_end(self->tx, 1));
	EXPECT_EQ(3, calls_reply(BY_OP, self->rx, other, "abc"));
	EXPECT_EQ(0, dt_child_wait(dt_child(read_the_end, &self->tx)));
	EXPECT_EQ(-ENOENT, held_end(self->tx, 1));
}

struct heir {
	int fd;
	uint64_t handle;
	int go;
};

static int reply_later(void *arg)
{
	struct heir *h = arg;
	char c;

	if (read(h->go, &c, 1) != 1)
		return 1;
	return calls_reply(BY_MSG, h->fd, h->handle, "child") == 5 ? 0 : 2;
}

/* They are held as long as somebody has the socket. */
TEST_F(race, server_forks_while_it_holds)
{
	uint64_t first = held_take(self->tx, self->rx, 1);
	uint64_t second = held_take(self->tx, self->rx, 2);
	struct heir h = { .fd = self->rx, .handle = second };
	int go[2];
	pid_t pid;

	ASSERT_TRUE(first && second);
	EXPECT_EQ(7, dt_child_wait(dt_child(end_at_once, NULL)));
	EXPECT_EQ(3, calls_reply(BY_OP, self->rx, first, "abc"));
	EXPECT_EQ(3, held_end(self->tx, 1));
	first = held_take(self->tx, self->rx, 3);
	ASSERT_NE(0, first);
	ASSERT_EQ(0, pipe(go));
	h.go = go[0];
	pid = dt_child(reply_later, &h);
	close(self->rx);
	self->rx = -1;
	EXPECT_EQ(-EAGAIN, held_end(self->tx, 2));
	ASSERT_EQ(1, write(go[1], "x", 1));
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(5, held_end(self->tx, 2));
	EXPECT_EQ(-ECONNRESET, calls_finish_cookie(self->tx, 3, 0).ret);
	close(go[0]);
	close(go[1]);
}

TEST_HARNESS_MAIN
