// SPDX-License-Identifier: GPL-2.0
/*
 * Messages with a deadline (DIPC_DEADLINE): nobody receives one that is
 * overdue, its room is there for others at that moment, whoever waits for it
 * is told, and one that is being copied just then is not torn apart.
 */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "call.h"
#include "completion.h"
#include "kselftest_harness.h"
#include "lend.h"
#include "post.h"
#include "scm.h"

#define MS		1000000ULL
#define SOON		(DT_SHORT_MS * MS)
#define LATE		(DT_LONG_MS * MS)

FIXTURE(deadline)
{
	int rx, tx;
	struct dt_stats before;
};

FIXTURE_SETUP(deadline)
{
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(deadline)
{
	close(self->tx);
	close(self->rx);
}

#define EXPECT_COUNTED(...)						\
	EXPECT_STREQ("", counted_else(&self->before,			\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

/* From now on: whatever was due in less has been when this ends. */
static void let_pass(long ms)
{
	long end = dt_now_ms() + ms;

	while (dt_now_ms() < end)
		usleep(1000);
}

/* Milliseconds: enough for another task to begin and to sleep meanwhile. */
static long loan(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 3000 : 500;
}

/*
 * Where something has to be done before a deadline, a busy machine may be too
 * late: then once more, with a deadline further away.
 */
#define TRIES(ms)	(ms = loan(); ms < DT_LONG_MS; ms *= 4)

static bool has_waited(const struct dt_stats *before)
{
	struct dt_stats now;

	return !dt_stats_get(&now) && now.counter[DIPC_REASON_WAITED] !=
				      before->counter[DIPC_REASON_WAITED];
}

TEST_F(deadline, overdue_message_is_received_by_nobody)
{
	int len = -1;

	EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = SOON)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.deadline_ns = LATE)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_EQ(0, ioctl(self->rx, SIOCINQ, &len));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 2, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_TAKEN] = 1);
}

TEST_F(deadline, each_look_at_the_queue_knows)
{
	char letter;
	int len = -1;

	for (int look = 0; look < 4; look++) {
		EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = SOON)));
		let_pass(2 * DT_SHORT_MS);
		switch (look) {
		case 0:
			EXPECT_FALSE(is_readable(self->rx));
			break;
		case 1:
			EXPECT_EQ(0, ioctl(self->rx, SIOCINQ, &len));
			EXPECT_EQ(0, len);
			break;
		case 2:
			EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &letter, 1,
						   MSG_PEEK | MSG_DONTWAIT,
						   NULL));
			break;
		case 3:
			EXPECT_EQ(0, dt_port_queued(dt_port_id(self->rx)));
			break;
		}
		EXPECT_COUNTED([DIPC_REASON_QUEUED] = look + 1,
			       [DIPC_REASON_EXPIRED] = look + 1);
	}
}

TEST_F(deadline, is_not_before_its_time)
{
	long start = dt_now_ms();

	EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = SOON)));
	EXPECT_TRUE(DT_WAIT_UNTIL(!is_readable(self->rx)));
	EXPECT_LE(DT_SHORT_MS - 1, dt_now_ms() - start);
}

TEST_F(deadline, message_that_is_taken_in_time_is_not_counted)
{
	EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = LATE)));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.deadline_ns = SOON)));
	EXPECT_EQ('a', take(self->rx));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 2, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_TAKEN] = 1);
}

/* The first to be due is not the first in the queue. */
TEST_F(deadline, each_message_has_its_own)
{
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(1, post(self->tx, 'a' + i,
				  POST(.deadline_ns = i % 2 ? LATE :
						      (10 - i) * SOON / 10)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_STREQ("bdfhj", take_all(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 10, [DIPC_REASON_EXPIRED] = 5,
		       [DIPC_REASON_TAKEN] = 5);
}

static long send_with(int fd, uint64_t deadline, size_t len)
{
	struct scm_control control = { .len = 0 };

	scm_put(&control, SOL_DIPC, DIPC_DEADLINE, &deadline, len);
	return scm_send_control(fd, 'a', &control, MSG_DONTWAIT, NULL);
}

TEST_F(deadline, bad_and_extreme_values)
{
	EXPECT_EQ(-EINVAL, send_with(self->tx, 0, 8));
	EXPECT_EQ(-EINVAL, send_with(self->tx, SOON, 4));
	EXPECT_FALSE(is_readable(self->rx));
	/* as good as none, and no negative number */
	EXPECT_EQ(1, send_with(self->tx, UINT64_MAX, 8));
	EXPECT_EQ(1, send_with(self->tx, INT64_MAX, 8));
	EXPECT_EQ(1, send_with(self->tx, (uint64_t)INT64_MAX + 1, 8));
	EXPECT_EQ(1, send_with(self->tx, INT64_MAX - 1, 8));
	usleep(DT_SHORT_MS * 1000);
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_STREQ("aaaa", take_all(self->rx));
	/* the shortest */
	EXPECT_EQ(1, send_with(self->tx, 1, 8));
	EXPECT_TRUE(DT_WAIT_UNTIL(!is_readable(self->rx)));
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

/*
 * Its room
 */

TEST_F(deadline, room_is_there_for_who_comes_then)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_REFUSE));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = SOON)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_STREQ("b", take_all(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 2, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_TAKEN] = 1);
}

TEST_F(deadline, overdue_message_goes_before_a_good_one_is_dropped)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.deadline_ns = SOON)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_EQ(1, put(self->tx, 'c'));
	EXPECT_STREQ("ac", take_all(self->rx));
}

TEST_F(deadline, room_lets_in_who_sleeps)
{
	struct call sender;
	long ms;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	for TRIES(ms) {
		ASSERT_EQ(0, dt_stats_get(&self->before));
		EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = ms * MS)));
		ASSERT_EQ(0, call_send(&sender, self->tx, 'b'));
		/* nobody but the deadline wakes it */
		EXPECT_EQ(1, call_end(&sender));
		EXPECT_STREQ("b", take_all(self->rx));
		if (has_waited(&self->before))
			break;
	}
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 2, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_WAITED] = 1, [DIPC_REASON_TAKEN] = 1);
}

/* The queue's timer is also there for those who wait in line for a moment. */
TEST_F(deadline, is_kept_after_others_were_let_in)
{
	struct call first, second;
	long ms;
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 40, DIPC_POLICY_WAIT));
	for TRIES(ms) {
		for (i = 0; i < 39; i++)
			ASSERT_EQ(1, put(self->tx, 'x'));
		/* not before both have slept */
		EXPECT_EQ(1, post(self->tx, 'a',
				  POST(.deadline_ns = 2 * ms * MS)));
		ASSERT_EQ(0, call_send(&first, self->tx, 'b'));
		if (call_wait_asleep(&first))
			break;
		EXPECT_EQ(1, call_end(&first));
		take_all(self->rx);
	}
	ASSERT_GT(DT_LONG_MS, ms);
	EXPECT_EQ('x', take(self->rx));
	EXPECT_EQ(1, call_end(&first));
	ASSERT_EQ(0, call_send(&second, self->tx, 'c'));
	/* nobody but the deadline wakes it */
	EXPECT_EQ(1, call_end(&second));
	EXPECT_STREQ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxbc",
		     take_all(self->rx));
}

TEST_F(deadline, sender_that_expires_in_line_lets_in_who_is_behind)
{
	struct dipc_queue_conf conf;
	struct post_call big;
	struct call small;
	long ms;

	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.capacity_bytes = 10;
	conf.msg_max_bytes = 10;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(10, put_len(self->tx, 'a', 10));
	for TRIES(ms) {
		ASSERT_EQ(0, post_start(&big, self->tx, 'b',
					POST(.deadline_ns = ms * MS)));
		if (post_wait_asleep(&big))
			break;
		EXPECT_EQ(-ETIMEDOUT, post_end(&big));
	}
	ASSERT_GT(DT_LONG_MS, ms);
	ASSERT_EQ(0, call_send(&small, self->tx, 'c'));
	ASSERT_TRUE(call_wait_asleep(&small));
	EXPECT_EQ(-ETIMEDOUT, post_end(&big));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&small));
	EXPECT_STREQ("c", take_all(self->rx));
}

TEST_F(deadline, room_is_an_edge_for_who_polls)
{
	struct epoll_event e;
	long ms;
	int ep;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	for TRIES(ms) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, ep);
		EXPECT_EQ(1, post(self->tx, 'a', POST(.deadline_ns = ms * MS)));
		e.events = EPOLLOUT | EPOLLET;
		ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
		if (!epoll_wait(ep, &e, 1, 0))
			break;
		close(ep);
	}
	ASSERT_GT(DT_LONG_MS, ms);
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(1, put(self->tx, 'b'));
	close(ep);
}

TEST_F(deadline, overdue_in_a_mailbox_too)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int tx;

	dt_unique(name, "deadline");
	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX(.mode = 0600)));
	addr = dt_mailbox(name);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, tx);
	EXPECT_EQ(1, post(tx, 'a', POST(.deadline_ns = SOON)));
	EXPECT_EQ(1, post(tx, 'b', POST(.deadline_ns = LATE)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_EQ(1, dt_mailbox_queued(name));
	/* one whose deadline is to come goes with the queue */
	EXPECT_EQ(0, dt_mailbox_del(name));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 2, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_DROP_CLOSED] = 1);
	close(tx);
}

/*
 * Who waits for it
 */

TEST_F(deadline, explicit_sender_is_told)
{
	struct post_call sender;

	ASSERT_EQ(0, post_start(&sender, self->tx, 'a',
				POST(.deadline_ns = SOON,
				     .mode = DIPC_MODE_EXPLICIT)));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 1, [DIPC_REASON_EXPIRED] = 1);
}

TEST_F(deadline, shorter_of_deadline_and_timeout_counts)
{
	struct post_call sender;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_SHORT_MS));
	ASSERT_EQ(0, post_start(&sender, self->tx, 'a',
				POST(.deadline_ns = LATE)));
	EXPECT_EQ(-EAGAIN, post_end(&sender));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_LONG_MS));
	ASSERT_EQ(0, post_start(&sender, self->tx, 'a',
				POST(.deadline_ns = SOON)));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
}

TEST_F(deadline, counts_while_too_much_is_outstanding)
{
	struct post_call sender;
	int least = 1, n = 0;

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &least,
				sizeof(least)));
	while (put(self->tx, 'a') == 1)
		n++;
	ASSERT_LT(0, n);
	ASSERT_GT(200, n);
	ASSERT_EQ(0, post_start(&sender, self->tx, 'b',
				POST(.deadline_ns = SOON)));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_SHORT_MS));
	ASSERT_EQ(0, post_start(&sender, self->tx, 'b',
				POST(.deadline_ns = LATE)));
	EXPECT_EQ(-EAGAIN, post_end(&sender));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = n, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_WOULD_BLOCK] = 1,
		       [DIPC_REASON_TIMED_OUT] = 1);
}

TEST_F(deadline, receiver_sleeps_through_it)
{
	struct call receiver;

	ASSERT_EQ(0, post_match(self->rx, 0, 7, ~0ULL));
	ASSERT_EQ(0, call_recv(&receiver, self->rx));
	ASSERT_TRUE(call_wait_asleep(&receiver));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 1, .deadline_ns = SOON)));
	let_pass(2 * DT_SHORT_MS);
	EXPECT_TRUE(call_wait_asleep(&receiver));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 7, .deadline_ns = LATE)));
	EXPECT_EQ(1, call_end(&receiver));
	EXPECT_EQ('b', receiver.letter);
}

/*
 * In the middle of a loan
 */

static bool lends(struct lend *lend, int rx)
{
	return !lend_start(lend, rx, false) &&
	       DT_WAIT_UNTIL(lend_is_asleep(lend) &&
			     dt_port_receivers(dt_port_id(rx)) == 1);
}

TEST_F(deadline, who_copies_it_already_gets_it)
{
	struct lend lend;
	int letter = 0;

	ASSERT_TRUE(lends(&lend, self->rx));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.deadline_ns = loan() * MS)));
	ASSERT_TRUE(lend_wait_lent(&lend));
	let_pass(loan() + DT_SHORT_MS);
	EXPECT_EQ(0, lend_give(&lend));
	EXPECT_TRUE(DT_WAIT_UNTIL(lend_has_ended(&lend, &letter)));
	EXPECT_EQ('x', letter);
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_TAKEN] = 1);
}

TEST_F(deadline, overdue_when_it_is_put_back)
{
	struct lend lend;

	ASSERT_TRUE(lends(&lend, self->rx));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.deadline_ns = loan() * MS)));
	ASSERT_TRUE(lend_wait_lent(&lend));
	let_pass(loan() + DT_SHORT_MS);
	EXPECT_EQ(-SIGKILL, lend_kill(&lend));
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_EQ(0, dt_port_queued(dt_port_id(self->rx)));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&self->before) &&
				  self->before.messages == 0));
}

TEST_F(deadline, put_back_before_it_is_due_and_overdue_then)
{
	struct lend lend;
	long ms;

	for TRIES(ms) {
		ASSERT_EQ(0, dt_stats_get(&self->before));
		ASSERT_TRUE(lends(&lend, self->rx));
		EXPECT_EQ(1, post(self->tx, 'x',
				  POST(.deadline_ns = 2 * ms * MS)));
		ASSERT_TRUE(lend_wait_lent(&lend));
		EXPECT_EQ(-SIGKILL, lend_kill(&lend));
		if (is_readable(self->rx))
			break;
	}
	ASSERT_GT(DT_LONG_MS, ms);
	EXPECT_TRUE(DT_WAIT_UNTIL(!is_readable(self->rx)));
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_PUT_BACK] = 1,
		       [DIPC_REASON_EXPIRED] = 1);
}

TEST_F(deadline, explicit_sender_takes_it_back_from_who_copies_it)
{
	struct post_call sender;
	struct lend lend;
	int letter = 0;

	ASSERT_TRUE(lends(&lend, self->rx));
	ASSERT_EQ(0, post_start(&sender, self->tx, 'x',
				POST(.deadline_ns = loan() * MS,
				     .mode = DIPC_MODE_EXPLICIT)));
	ASSERT_TRUE(lend_wait_lent(&lend));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
	EXPECT_EQ(1, put(self->tx, 'y'));
	EXPECT_EQ(0, lend_give(&lend));
	/* as if it had never seen the first */
	EXPECT_TRUE(DT_WAIT_UNTIL(lend_has_ended(&lend, &letter)));
	EXPECT_EQ('y', letter);
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_EXPIRED] = 1,
		       [DIPC_REASON_QUEUED] = 1, [DIPC_REASON_TAKEN] = 1);
}

/* It was revoked, and nobody is there to notice. */
TEST_F(deadline, overdue_in_the_hands_of_a_receiver_that_is_killed)
{
	struct post_call sender;
	struct lend lend;

	ASSERT_TRUE(lends(&lend, self->rx));
	ASSERT_EQ(0, post_start(&sender, self->tx, 'x',
				POST(.deadline_ns = loan() * MS,
				     .mode = DIPC_MODE_EXPLICIT)));
	ASSERT_TRUE(lend_wait_lent(&lend));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
	EXPECT_EQ(-SIGKILL, lend_kill(&lend));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_EQ(0, dt_port_queued(dt_port_id(self->rx)));
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_EXPIRED] = 1);
}

/*
 * In the middle of a loan, and the mailbox is deleted meanwhile: who copies
 * goes on, and so does the time of who waits for him.
 */

FIXTURE(deleted)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx, n;
	struct lend lend[2];
	struct dt_stats before;
};

FIXTURE_SETUP(deleted)
{
	struct sockaddr_dipc to;

	dt_unique(self->name, "deleted");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	to = dt_mailbox(self->name);
	self->rx = dt_socket_bound(SOCK_RDM, &to);
	ASSERT_LE(0, self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(deleted)
{
	struct dt_stats after;

	close(self->tx);
	close(self->rx);
	dt_mailbox_del(self->name);
	EXPECT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(self->before.messages, after.messages);
}

/* An explicit send whose message one more receiver is copying. */
static bool is_lent(FIXTURE_DATA(deleted) *self, struct post_call *sender,
		    char letter, uint64_t deadline_ns)
{
	struct lend *lend = &self->lend[self->n++];

	return !lend_start(lend, self->rx, false) &&
	       DT_WAIT_UNTIL(lend_is_asleep(lend) &&
			     dt_mailbox_receivers(self->name) == 1) &&
	       !post_start(sender, self->tx, letter,
			   POST(.deadline_ns = deadline_ns,
				.mode = DIPC_MODE_EXPLICIT)) &&
	       lend_wait_lent(lend);
}

/* What the receiver has in the end: the letter or a negative errno. */
static int given(struct lend *lend)
{
	int letter = 0;

	return lend_give(lend) ?:
	       DT_WAIT_UNTIL(lend_has_ended(lend, &letter)) ? letter : -ETIME;
}

TEST_F(deleted, deadline_of_what_is_copied_holds)
{
	struct post_call sender;

	ASSERT_TRUE(is_lent(self, &sender, 'x', loan() * MS));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(-ETIMEDOUT, post_end(&sender));
	EXPECT_EQ(-EIDRM, given(&self->lend[0]));
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_EXPIRED] = 1);
}

TEST_F(deleted, deadline_of_an_asynchronous_send_holds)
{
	uint64_t cookie = 5;

	ASSERT_EQ(0, lend_start(&self->lend[0], self->rx, false));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	ASSERT_EQ(1, post(self->tx, 'x', POST(.deadline_ns = loan() * MS,
					      .mode = DIPC_MODE_EXPLICIT,
					      .cookie = &cookie)));
	ASSERT_TRUE(lend_wait_lent(&self->lend[0]));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_TRUE(DT_WAIT_UNTIL(poll_now(self->tx) & POLLERR));
	EXPECT_STREQ(says(5, ETIMEDOUT, DIPC_REASON_EXPIRED),
		     told(self->tx, 0));
	EXPECT_EQ(-EIDRM, given(&self->lend[0]));
	EXPECT_STREQ("none", told(self->tx, 0));
}

/* Taken in time: nothing is left of a deadline that is far away. */
TEST_F(deleted, what_is_copied_in_time_is_received)
{
	struct post_call sender;

	ASSERT_TRUE(is_lent(self, &sender, 'x', LATE));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ('x', given(&self->lend[0]));
	EXPECT_EQ(1, post_end(&sender));
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_TAKEN] = 1);
}

TEST_F(deleted, receiver_that_is_killed_ends_it_before_its_time)
{
	struct post_call sender;

	ASSERT_TRUE(is_lent(self, &sender, 'x', LATE));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(-SIGKILL, lend_kill(&self->lend[0]));
	EXPECT_EQ(-EIDRM, post_end(&sender));
	EXPECT_COUNTED([DIPC_REASON_HANDED] = 1, [DIPC_REASON_PUT_BACK] = 1,
		       [DIPC_REASON_DROP_CLOSED] = 1);
}

/* The end of one loan does not concern the other, whose time comes first. */
TEST_F(deleted, each_of_two_has_its_own)
{
	struct post_call first, second;

	ASSERT_TRUE(is_lent(self, &first, 'x', LATE));
	ASSERT_TRUE(is_lent(self, &second, 'y', 2 * loan() * MS));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ('x', given(&self->lend[0]));
	EXPECT_EQ(1, post_end(&first));
	EXPECT_EQ(-ETIMEDOUT, post_end(&second));
	EXPECT_EQ(-EIDRM, given(&self->lend[1]));
}

TEST_HARNESS_MAIN
