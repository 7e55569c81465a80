// SPDX-License-Identifier: GPL-2.0
/*
 * What others do again and again, as fast as they can, keeps nobody from ending:
 * a receiver that searches while messages come before those it has looked at, a
 * sender that makes room while others take it. And what is done for thousands at
 * once is done for all of them.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

#include "completion.h"
#include "kselftest_harness.h"
#include "queues.h"
#include "scm.h"

#define KIB		1024
#define MINE		1	/* tags: what the receiver wants, */
#define OTHERS		2	/* and does not */
#define BEHIND		15000	/* looked at in many steps */
#define FLOODS		2

static char large[64 * KIB];		/* zeroes; no letter is one */

/* So much of it, without waiting, with one control message. */
static long send_with(int fd, size_t len, int type, uint64_t value)
{
	struct scm_control c = { .len = 0 };
	struct iovec iov = { large, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = c.buf };

	scm_put(&c, SOL_DIPC, type, &value, sizeof(value));
	msg.msg_controllen = c.len;
	return DT_ERR(sendmsg(fd, &msg, MSG_DONTWAIT));
}

/* Who does something until it is said to be enough. */
struct flood {
	struct dt_thread thread[FLOODS];
	struct sockaddr_dipc to;
	volatile bool ends;
	volatile long sent;
	volatile long *large;		/* how often a child has sent those */
};

static bool flood_start(struct flood *f, int fd, long (*fn)(void *))
{
	f->to = dt_port_of(fd);
	for (int i = 0; i < FLOODS; i++)
		if (dt_thread_start(&f->thread[i], fn, f))
			return false;
	return DT_WAIT_UNTIL(f->sent > 100);
}

static bool flood_end(struct flood *f)
{
	bool ok = true;

	f->ends = true;
	for (int i = 0; i < FLOODS; i++)
		ok &= dt_thread_join(&f->thread[i]) == 0;
	return ok;
}

/* In front of all, and gone soon, so that there is room for the next. */
static long overtake(void *arg)
{
	struct flood *f = arg;
	int fd = dt_socket_connected(SOCK_RDM, &f->to);
	long ret = fd < 0 ? fd : 0;

	while (!f->ends && (ret >= 0 || ret == -EAGAIN)) {
		ret = post(fd, 'x', POST(.priority = 31, .tag = OTHERS,
					 .deadline_ns = 1000000));
		f->sent++;
	}
	close(fd);
	return ret < 0 && ret != -EAGAIN ? ret : 0;
}

FIXTURE(overtaken)
{
	int rx, tx;
	struct flood flood;
};

FIXTURE_SETUP(overtaken)
{
	struct dipc_queue_conf conf;
	struct sockaddr_dipc to;

	self->rx = port_open(2 * BEHIND, 64 * KIB, 64, DIPC_POLICY_DROP_OLDEST);
	ASSERT_LE(0, self->rx);
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
	for (int i = 0; i < BEHIND; i++)
		ASSERT_EQ(1, post(self->tx, 'o', POST(.tag = OTHERS)));
	ASSERT_EQ(0, post_match(self->rx, 0, MINE, ~0ULL));
	ASSERT_TRUE(flood_start(&self->flood, self->rx, overtake));
}

FIXTURE_TEARDOWN(overtaken)
{
	EXPECT_TRUE(flood_end(&self->flood));
	close(self->tx);
	close(self->rx);
}

TEST_F(overtaken, receiver_ends_at_its_time)
{
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_SHORT_MS));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EAGAIN, dt_recv(self->rx, (char[1]) { 0 }, 1, 0, NULL));
}

TEST_F(overtaken, receiver_is_interrupted)
{
	ASSERT_EQ(0, dt_count_signal(SIGALRM, 0));
	dt_tick(DT_SHORT_MS);
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EINTR, dt_recv(self->rx, (char[1]) { 0 }, 1, 0, NULL));
	dt_tick(0);
}

TEST_F(overtaken, receiver_finds_what_it_looks_for)
{
	struct post_got got;

	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(1, post(self->tx, 'a' + i, POST(.tag = MINE)));
		got = post_recv_room(self->rx, POST_ROOM, 0);
		EXPECT_EQ(1, got.ret);
		EXPECT_EQ('a' + i, got.letter);
	}
}

/*
 * Room that others take
 */

/* Each of them has somebody to tell that it was dropped: few go at once. */
static long fill_again(void *arg)
{
	struct flood *f = arg;
	int fd = dt_socket_connected(SOCK_RDM, &f->to);
	struct dipc_completion done;
	long ret = fd < 0 ? fd : 0;

	while (!f->ends && (ret >= 0 || ret == -EAGAIN)) {
		ret = post(fd, 'x', POST(.mode = DIPC_MODE_EXPLICIT,
					 .cookie = &(uint64_t) { 1 }));
		f->sent++;
		while (!completion(fd, 0, &done))
			;
	}
	close(fd);
	return ret < 0 && ret != -EAGAIN ? ret : 0;
}

static int send_large(void *arg)
{
	const struct flood *f = arg;
	int fd = dt_socket_connected(SOCK_RDM, &f->to);

	if (fd < 0)
		return 1;
	for (;; ++*f->large)
		if (dt_send(fd, large, 64 * KIB, 0, NULL) < 0 &&
		    errno != ENOBUFS)
			return 2;
}

TEST(sender_that_makes_room_for_others_can_be_killed)
{
	struct flood f = { .ends = false };
	pid_t pid;
	int rx;

	f.large = mmap(NULL, sizeof(*f.large), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, f.large);
	rx = port_open(4000, 64 * KIB, 64 * KIB, DIPC_POLICY_DROP_OLDEST);
	ASSERT_LE(0, rx);
	ASSERT_TRUE(flood_start(&f, rx, fill_again));
	for (int i = 0; i < 5; i++) {
		*f.large = 0;
		pid = dt_child(send_large, &f);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(DT_WAIT_UNTIL(*f.large > i));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	}
	EXPECT_TRUE(flood_end(&f));
	close(rx);
}

/* Where there is nobody else, it comes in, be it that the last one just went. */
TEST(large_message_takes_the_place_of_many)
{
	static const struct {
		int n, len;
		bool is_told;
	} before[] = {
		{ 64, KIB, false }, { 65, KIB, false }, { 1000, 64, false },
		{ 7, 9 * KIB, true }, { 8, 8 * KIB, true }, { 64, KIB, true },
	};
	int rx, tx;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		rx = port_open(1000, 64 * KIB, 64 * KIB, DIPC_POLICY_DROP_OLDEST);
		tx = sender_open(rx);
		ASSERT_LE(0, tx);
		if (before[i].is_told)
			ASSERT_EQ(0, post_option(tx, DIPC_MODE,
						 DIPC_MODE_EXPLICIT));
		for (int n = 0; n < before[i].n; n++)
			ASSERT_EQ(before[i].len,
				  before[i].is_told ?
				  send_with(tx, before[i].len, DIPC_ASYNC, n) :
				  dt_send(tx, large, before[i].len,
					  MSG_DONTWAIT, NULL));
		ASSERT_EQ(0, post_option(tx, DIPC_MODE, DIPC_MODE_BLOCKING));
		EXPECT_EQ(64 * KIB, dt_send(tx, large, 64 * KIB, MSG_DONTWAIT,
					    NULL));
		EXPECT_EQ(1, queued(rx));
		close(tx);
		close(rx);
	}
}

/*
 * Thousands that wait
 */

#define SOCKETS		4
#define EACH		1000
#define ALL		(SOCKETS * EACH)

FIXTURE(thousands)
{
	int rx, tx[SOCKETS];
	long told, failed;
};

FIXTURE_VARIANT(thousands)
{
	uint64_t deadline_ns;	/* of what they wait for to go */
};

FIXTURE_VARIANT_ADD(thousands, taken) { DT_LONG_MS * 1000000ULL };
FIXTURE_VARIANT_ADD(thousands, expired) { DT_SHORT_MS * 1000000ULL };

/* One message fills the queue, and all others wait behind it. */
FIXTURE_SETUP(thousands)
{
	struct sockaddr_dipc to;

	self->rx = port_open(ALL, 64 * KIB, 64 * KIB, DIPC_POLICY_WAIT);
	ASSERT_LE(0, self->rx);
	to = dt_port_of(self->rx);
	for (int i = 0; i < SOCKETS; i++) {
		self->tx[i] = dt_socket_connected(SOCK_RDM, &to);
		ASSERT_LE(0, self->tx[i]);
	}
	ASSERT_EQ(64 * KIB, send_with(self->tx[0], 64 * KIB, DIPC_DEADLINE,
				      variant->deadline_ns));
	for (int i = 0; i < ALL; i++)
		ASSERT_EQ(1, send_async(self->tx[i % SOCKETS], 'a' + i % 26, i));
}

FIXTURE_TEARDOWN(thousands)
{
	for (int i = 0; i < SOCKETS; i++)
		close(self->tx[i]);
	close(self->rx);
}

typedef FIXTURE_DATA(thousands) env;

static void make_room(env *e)
{
	char letter;

	/* if it has not gone by itself, or somebody was let in already */
	while (dt_recv(e->rx, &letter, 1, MSG_DONTWAIT | MSG_PEEK, NULL) == 1 &&
	       !letter)
		dt_recv(e->rx, &letter, 1, MSG_DONTWAIT, NULL);
}

static bool all_are_told(env *e)
{
	struct dipc_completion done;

	for (int i = 0; i < SOCKETS; i++)
		while (!completion(e->tx[i], 0, &done)) {
			e->told++;
			e->failed += done.error != 0;
		}
	return e->told == ALL;
}

TEST_F(thousands, all_are_let_in)
{
	char letter;

	if (variant->deadline_ns > DT_SHORT_MS * 1000000ULL)
		make_room(self);
	EXPECT_TRUE(DT_WAIT_UNTIL(all_are_told(self)));
	EXPECT_EQ(0, self->failed);
	EXPECT_EQ(ALL, queued(self->rx));
	for (int i = 0; i < ALL; i++) {
		ASSERT_EQ(1, dt_recv(self->rx, &letter, 1, MSG_DONTWAIT, NULL));
		ASSERT_EQ('a' + i % 26, letter);
	}
}

/* A receiver need not wait for those who are not let in yet. */
TEST_F(thousands, all_can_be_received_meanwhile)
{
	char letter;

	for (int i = 0; i < ALL; i++) {
		do {
			ASSERT_EQ(1, dt_recv(self->rx, &letter, 1, 0, NULL));
		} while (!letter);
		ASSERT_EQ('a' + i % 26, letter);
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(all_are_told(self)));
	EXPECT_EQ(0, self->failed);
}

/* Some have come in, and the others are told that it is gone. */
TEST_F(thousands, all_are_told_of_the_end)
{
	make_room(self);
	close(self->rx);
	EXPECT_TRUE(DT_WAIT_UNTIL(all_are_told(self)));
	self->rx = -1;
}

TEST_HARNESS_MAIN
