// SPDX-License-Identifier: GPL-2.0
/*
 * The queue, as those see it who send to a port and receive from it: capacity,
 * the four policies, waiting on both sides, order, and the end of it. Each
 * cell of the tables says what the call gives, what is left in the queue, what
 * poll() says and which counters have moved (and that no other has).
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"
#include "kselftest_harness.h"

#define MANY	20	/* more than the kernel wakes in one go */
#define TICK_MS	10	/* how much too early a timer may be, at HZ=100 */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

/* A port with these limits, of the calling thread's user. */
static int port_open(uint32_t msgs, uint64_t bytes, uint32_t longest, int policy)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = msgs, .capacity_bytes = bytes,
		.msg_max_bytes = longest, .policy = policy,
	};
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket(SOCK_RDM), err;

	if (fd < 0)
		return fd;
	err = dt_set_conf(fd, &conf);
	if (!err)
		err = dt_bind(fd, &any);
	if (err)
		close(fd);
	return err ? err : fd;
}

static int sender_open(int port)
{
	struct sockaddr_dipc addr = dt_port_of(port);

	return dt_socket_connected(SOCK_RDM, &addr);
}

static uint32_t senders(int port)
{
	return dt_port_senders(dt_port_id(port));
}

static uint32_t queued(int port)
{
	return dt_port_queued(dt_port_id(port));
}

/* The counters must have moved by exactly this since "before". */
#define EXPECT_COUNTED(before, ...)					\
	EXPECT_STREQ("", counted_else(before,				\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

/*
 * Sending: policy x capacity x what the queue holds and who waits x how one
 * sends
 */

enum verdict { QUEUED, HANDED, WAITS, REFUSED, DROPS_IT, DROPS_OLDEST };

FIXTURE(send)
{
	int rx, tx;
	struct call receiver, sender;
	struct dt_stats before;
	char full[8];		/* what was in the queue before */
};

FIXTURE_VARIANT(send)
{
	int policy;
	int capacity;
	int filled;		/* messages in the queue */
	bool received;		/* a receiver waits */
	enum verdict verdict;
};

#define SEND_ROW(name, ...) \
	FIXTURE_VARIANT_ADD(send, name) { __VA_ARGS__ }

SEND_ROW(wait_3_room, DIPC_POLICY_WAIT, 3, 2, false, QUEUED);
SEND_ROW(wait_3_full, DIPC_POLICY_WAIT, 3, 3, false, WAITS);
SEND_ROW(wait_3_receiver, DIPC_POLICY_WAIT, 3, 0, true, HANDED);
SEND_ROW(wait_1_room, DIPC_POLICY_WAIT, 1, 0, false, QUEUED);
SEND_ROW(wait_1_full, DIPC_POLICY_WAIT, 1, 1, false, WAITS);
SEND_ROW(wait_1_receiver, DIPC_POLICY_WAIT, 1, 0, true, HANDED);
SEND_ROW(wait_0_nobody, DIPC_POLICY_WAIT, 0, 0, false, WAITS);
SEND_ROW(wait_0_receiver, DIPC_POLICY_WAIT, 0, 0, true, HANDED);

SEND_ROW(refuse_3_room, DIPC_POLICY_REFUSE, 3, 2, false, QUEUED);
SEND_ROW(refuse_3_full, DIPC_POLICY_REFUSE, 3, 3, false, REFUSED);
SEND_ROW(refuse_3_receiver, DIPC_POLICY_REFUSE, 3, 0, true, HANDED);
SEND_ROW(refuse_1_room, DIPC_POLICY_REFUSE, 1, 0, false, QUEUED);
SEND_ROW(refuse_1_full, DIPC_POLICY_REFUSE, 1, 1, false, REFUSED);
SEND_ROW(refuse_1_receiver, DIPC_POLICY_REFUSE, 1, 0, true, HANDED);
SEND_ROW(refuse_0_nobody, DIPC_POLICY_REFUSE, 0, 0, false, REFUSED);
SEND_ROW(refuse_0_receiver, DIPC_POLICY_REFUSE, 0, 0, true, HANDED);

SEND_ROW(newest_3_room, DIPC_POLICY_DROP_NEWEST, 3, 2, false, QUEUED);
SEND_ROW(newest_3_full, DIPC_POLICY_DROP_NEWEST, 3, 3, false, DROPS_IT);
SEND_ROW(newest_3_receiver, DIPC_POLICY_DROP_NEWEST, 3, 0, true, HANDED);
SEND_ROW(newest_1_room, DIPC_POLICY_DROP_NEWEST, 1, 0, false, QUEUED);
SEND_ROW(newest_1_full, DIPC_POLICY_DROP_NEWEST, 1, 1, false, DROPS_IT);
SEND_ROW(newest_1_receiver, DIPC_POLICY_DROP_NEWEST, 1, 0, true, HANDED);
SEND_ROW(newest_0_nobody, DIPC_POLICY_DROP_NEWEST, 0, 0, false, DROPS_IT);
SEND_ROW(newest_0_receiver, DIPC_POLICY_DROP_NEWEST, 0, 0, true, HANDED);

SEND_ROW(oldest_3_room, DIPC_POLICY_DROP_OLDEST, 3, 2, false, QUEUED);
SEND_ROW(oldest_3_full, DIPC_POLICY_DROP_OLDEST, 3, 3, false, DROPS_OLDEST);
SEND_ROW(oldest_3_receiver, DIPC_POLICY_DROP_OLDEST, 3, 0, true, HANDED);
SEND_ROW(oldest_1_room, DIPC_POLICY_DROP_OLDEST, 1, 0, false, QUEUED);
SEND_ROW(oldest_1_full, DIPC_POLICY_DROP_OLDEST, 1, 1, false, DROPS_OLDEST);
SEND_ROW(oldest_1_receiver, DIPC_POLICY_DROP_OLDEST, 1, 0, true, HANDED);
/* there is no older one to discard */
SEND_ROW(oldest_0_nobody, DIPC_POLICY_DROP_OLDEST, 0, 0, false, DROPS_IT);
SEND_ROW(oldest_0_receiver, DIPC_POLICY_DROP_OLDEST, 0, 0, true, HANDED);

FIXTURE_SETUP(send)
{
	int i;

	self->rx = port_open(variant->capacity, 1000, 100, variant->policy);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
	for (i = 0; i < variant->filled; i++)
		ASSERT_EQ(1, put(self->tx, letters[i]));
	memcpy(self->full, letters, variant->filled);
	self->full[variant->filled] = 0;
	if (variant->received) {
		ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
		ASSERT_TRUE(call_wait_asleep(&self->receiver));
	}
	ASSERT_EQ(0, dt_stats_get(&self->before));
	EXPECT_EQ(variant->verdict != WAITS, is_writable(self->tx));
	EXPECT_EQ(variant->filled != 0, is_readable(self->rx));
}

FIXTURE_TEARDOWN(send)
{
	close(self->tx);
	close(self->rx);
}

/* After a send of 'x' that did not wait: what it gave, and all that follows. */
static void check_send(struct __test_metadata *_metadata, FIXTURE_DATA(send) *self,
		       const FIXTURE_VARIANT(send) *variant, long ret)
{
	char left[16];

	snprintf(left, sizeof(left), "%s", self->full);
	switch (variant->verdict) {
	case QUEUED:
		EXPECT_EQ(1, ret);
		EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 1);
		strcat(left, "x");
		break;
	case HANDED:
		EXPECT_EQ(1, ret);
		EXPECT_EQ(1, call_end(&self->receiver));
		EXPECT_EQ('x', self->receiver.letter);
		EXPECT_COUNTED(&self->before, [DIPC_REASON_HANDED] = 1,
			       [DIPC_REASON_TAKEN] = 1);
		break;
	case REFUSED:
		EXPECT_EQ(-ENOBUFS, ret);
		EXPECT_COUNTED(&self->before, [DIPC_REASON_REFUSED] = 1);
		break;
	case DROPS_IT:
		EXPECT_EQ(1, ret);
		EXPECT_COUNTED(&self->before, [DIPC_REASON_DROP_NEWEST] = 1);
		break;
	case DROPS_OLDEST:
		EXPECT_EQ(1, ret);
		EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 1,
			       [DIPC_REASON_DROP_OLDEST] = 1);
		snprintf(left, sizeof(left), "%sx", self->full + 1);
		break;
	case WAITS:
		break;
	}
	EXPECT_EQ(*left != 0, is_readable(self->rx));
	EXPECT_STREQ(left, take_all(self->rx));
	EXPECT_FALSE(is_readable(self->rx));
}

/* Let the sender in, who sleeps: it must succeed, and all be in order. */
static void check_admitted(struct __test_metadata *_metadata, FIXTURE_DATA(send) *self,
			   const FIXTURE_VARIANT(send) *variant)
{
	char all[16], got[16];

	snprintf(all, sizeof(all), "%sx", self->full);
	EXPECT_EQ(1, senders(self->rx));
	/* also in an unbuffered queue: who polls must come and take it */
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_FALSE(is_writable(self->tx));
	got[0] = take(self->rx);
	EXPECT_EQ(1, call_end(&self->sender));
	EXPECT_EQ(0, senders(self->rx));
	snprintf(got + 1, sizeof(got) - 1, "%s", take_all(self->rx));
	EXPECT_STREQ(all, got);
}

TEST_F(send, blocking)
{
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'x'));
	if (variant->verdict != WAITS) {
		check_send(_metadata, self, variant, call_end(&self->sender));
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 1);
	check_admitted(_metadata, self, variant);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 1,
		       [DIPC_REASON_TAKEN] = variant->filled + 1,
		       [DIPC_REASON_QUEUED] = variant->capacity != 0,
		       [DIPC_REASON_HANDED] = variant->capacity == 0);
}

TEST_F(send, non_blocking)
{
	long ret = put(self->tx, 'x');

	if (variant->verdict != WAITS) {
		check_send(_metadata, self, variant, ret);
		return;
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WOULD_BLOCK] = 1);
	EXPECT_STREQ(self->full, take_all(self->rx));
}

TEST_F(send, timed)
{
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO,
				    variant->verdict == WAITS ? DT_SHORT_MS : DT_LONG_MS));
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'x'));
	if (variant->verdict != WAITS) {
		check_send(_metadata, self, variant, call_end(&self->sender));
		return;
	}
	EXPECT_EQ(-EAGAIN, call_end(&self->sender));
	EXPECT_LE(DT_SHORT_MS - TICK_MS, self->sender.ms);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 1,
		       [DIPC_REASON_TIMED_OUT] = 1);
	EXPECT_EQ(0, senders(self->rx));
	EXPECT_STREQ(self->full, take_all(self->rx));
}

TEST_F(send, interrupted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'x'));
	if (variant->verdict != WAITS) {
		/* at whatever moment: it does not sleep */
		call_interrupt(&self->sender, SIGUSR1);
		check_send(_metadata, self, variant, call_end(&self->sender));
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	ASSERT_EQ(0, call_interrupt(&self->sender, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->sender));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 1,
		       [DIPC_REASON_INTERRUPTED] = 1);
	EXPECT_EQ(0, senders(self->rx));
	EXPECT_STREQ(self->full, take_all(self->rx));
}

TEST_F(send, restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'x'));
	if (variant->verdict != WAITS) {
		call_interrupt(&self->sender, SIGUSR1);
		check_send(_metadata, self, variant, call_end(&self->sender));
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	ASSERT_EQ(0, call_interrupt(&self->sender, SIGUSR1));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 2,
		       [DIPC_REASON_INTERRUPTED] = 1);
	check_admitted(_metadata, self, variant);
}

/*
 * Receiving: capacity x what there is x how one receives
 */

FIXTURE(receive)
{
	int rx, tx;
	struct call receiver, sender;
	struct dt_stats before;
};

FIXTURE_VARIANT(receive)
{
	int capacity;
	const char *filled;	/* letters of the messages in the queue */
	bool sender_waits;	/* with an 'x' */
	char first;		/* what is received, or 0: one waits */
};

#define RECEIVE_ROW(name, ...) \
	FIXTURE_VARIANT_ADD(receive, name) { __VA_ARGS__ }

RECEIVE_ROW(of_3_empty, 3, "", false, 0);
RECEIVE_ROW(of_3_some, 3, "ab", false, 'a');
RECEIVE_ROW(of_3_full, 3, "abc", false, 'a');
RECEIVE_ROW(of_3_sender, 3, "abc", true, 'a');
RECEIVE_ROW(of_1_empty, 1, "", false, 0);
RECEIVE_ROW(of_1_full, 1, "a", false, 'a');
RECEIVE_ROW(of_1_sender, 1, "a", true, 'a');
RECEIVE_ROW(of_0_nobody, 0, "", false, 0);
RECEIVE_ROW(of_0_sender, 0, "", true, 'x');

FIXTURE_SETUP(receive)
{
	const char *p;

	self->rx = port_open(variant->capacity, 1000, 100, DIPC_POLICY_WAIT);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
	for (p = variant->filled; *p; p++)
		ASSERT_EQ(1, put(self->tx, *p));
	if (variant->sender_waits) {
		ASSERT_EQ(0, call_send(&self->sender, self->tx, 'x'));
		ASSERT_TRUE(call_wait_asleep(&self->sender));
	}
	ASSERT_EQ(0, dt_stats_get(&self->before));
	EXPECT_EQ(variant->first != 0, is_readable(self->rx));
}

FIXTURE_TEARDOWN(receive)
{
	close(self->tx);
	close(self->rx);
}

static void check_receive(struct __test_metadata *_metadata, FIXTURE_DATA(receive) *self,
			  const FIXTURE_VARIANT(receive) *variant, int letter)
{
	char left[16];

	EXPECT_EQ(variant->first, letter);
	if (variant->sender_waits)
		EXPECT_EQ(1, call_end(&self->sender));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_TAKEN] = 1,
		       [DIPC_REASON_QUEUED] = variant->sender_waits && variant->capacity,
		       [DIPC_REASON_HANDED] = variant->sender_waits && !variant->capacity);
	snprintf(left, sizeof(left), "%s%s", variant->filled,
		 variant->sender_waits ? "x" : "");
	EXPECT_EQ(left[1] != 0, is_readable(self->rx));
	EXPECT_STREQ(left + 1, take_all(self->rx));
}

/* The receiver sleeps, and there is room for a message, namely his. */
static void check_woken(struct __test_metadata *_metadata, FIXTURE_DATA(receive) *self)
{
	EXPECT_EQ(1, dt_port_receivers(dt_port_id(self->rx)));
	EXPECT_TRUE(is_writable(self->tx));
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(1, put(self->tx, 'y'));
	EXPECT_EQ(1, call_end(&self->receiver));
	EXPECT_EQ('y', self->receiver.letter);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_HANDED] = 1,
		       [DIPC_REASON_TAKEN] = 1);
	EXPECT_STREQ("", take_all(self->rx));
}

TEST_F(receive, blocking)
{
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	if (variant->first) {
		EXPECT_EQ(1, call_end(&self->receiver));
		check_receive(_metadata, self, variant, self->receiver.letter);
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	check_woken(_metadata, self);
}

TEST_F(receive, non_blocking)
{
	int letter = take(self->rx);

	if (variant->first) {
		check_receive(_metadata, self, variant, letter);
		return;
	}
	EXPECT_EQ(-EAGAIN, letter);
	EXPECT_COUNTED(&self->before);
}

TEST_F(receive, timed)
{
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO,
				    variant->first ? DT_LONG_MS : DT_SHORT_MS));
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	if (variant->first) {
		EXPECT_EQ(1, call_end(&self->receiver));
		check_receive(_metadata, self, variant, self->receiver.letter);
		return;
	}
	EXPECT_EQ(-EAGAIN, call_end(&self->receiver));
	EXPECT_LE(DT_SHORT_MS - TICK_MS, self->receiver.ms);
	EXPECT_EQ(0, dt_port_receivers(dt_port_id(self->rx)));
	EXPECT_COUNTED(&self->before);
}

TEST_F(receive, interrupted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	if (variant->first) {
		call_interrupt(&self->receiver, SIGUSR1);
		EXPECT_EQ(1, call_end(&self->receiver));
		check_receive(_metadata, self, variant, self->receiver.letter);
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	ASSERT_EQ(0, call_interrupt(&self->receiver, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->receiver));
	EXPECT_EQ(0, dt_port_receivers(dt_port_id(self->rx)));
	/* the next message is nobody's who has gone */
	EXPECT_COUNTED(&self->before);
	EXPECT_EQ(variant->capacity != 0, is_writable(self->tx));
}

TEST_F(receive, restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	if (variant->first) {
		call_interrupt(&self->receiver, SIGUSR1);
		EXPECT_EQ(1, call_end(&self->receiver));
		check_receive(_metadata, self, variant, self->receiver.letter);
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	ASSERT_EQ(0, call_interrupt(&self->receiver, SIGUSR1));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	check_woken(_metadata, self);
}

/*
 * Waiting in line: one queue of capacity 1 and 100 bytes, full, policy "wait"
 */

FIXTURE(line)
{
	int rx, tx;
	struct call call[MANY];
};

FIXTURE_SETUP(line)
{
	self->rx = port_open(1, 100, 100, DIPC_POLICY_WAIT);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(line)
{
	close(self->tx);
	close(self->rx);
}

/* N more senders or receivers fall asleep, one after the other. */
static bool line_up_senders(FIXTURE_DATA(line) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_send(&self->call[i], self->tx, letters[i]) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

static bool line_up_receivers(FIXTURE_DATA(line) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_recv(&self->call[i], self->rx) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

static bool all_sleep(FIXTURE_DATA(line) *self, int from, int to)
{
	for (int i = from; i < to; i++)
		if (!call_is_asleep(&self->call[i]))
			return false;
	return true;
}

TEST_F(line, senders_enter_in_order_one_for_each_message_taken)
{
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 5));
	EXPECT_EQ(5, senders(self->rx));
	EXPECT_EQ('0', take(self->rx));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
		EXPECT_EQ(4 - i, senders(self->rx));
		EXPECT_EQ(letters[i], take(self->rx));
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(line, receivers_are_served_in_order_one_for_each_message)
{
	int i;

	ASSERT_TRUE(line_up_receivers(self, 5));
	EXPECT_EQ(5, dt_port_receivers(dt_port_id(self->rx)));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, put(self->tx, letters[i]));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], self->call[i].letter);
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(line, unbuffered_senders_are_met_in_order)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 5));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(letters[i], take(self->rx));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_TRUE(all_sleep(self, i + 1, 5));
	}
	EXPECT_FALSE(is_readable(self->rx));
}

TEST_F(line, more_room_lets_all_in_at_once_in_order)
{
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_set_capacity(self->rx, MANY, DIPC_POLICY_WAIT));
	for (i = 0; i < MANY - 1; i++)
		EXPECT_EQ(1, call_end(&self->call[i]));
	EXPECT_TRUE(call_is_asleep(&self->call[MANY - 1]));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[MANY - 1]));
	EXPECT_EQ(0, strncmp(letters, take_all(self->rx), MANY));
}

TEST_F(line, many_receivers_and_many_messages_meet_in_order)
{
	int i;

	ASSERT_TRUE(line_up_receivers(self, MANY));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(1, put(self->tx, letters[i]));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], self->call[i].letter);
	}
}

TEST_F(line, small_message_does_not_overtake_a_big_one_that_waits)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(50, put_len(self->tx, 'a', 50));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'b', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	/* there are 50 bytes left, and nobody gets them before the big one */
	EXPECT_EQ(-EAGAIN, put(self->tx, 'c'));
	EXPECT_FALSE(is_writable(self->tx));
	ASSERT_EQ(0, call_send(small, self->tx, 'c'));
	ASSERT_TRUE(call_wait_asleep(small));
	EXPECT_EQ(1, queued(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(60, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("bc", take_all(self->rx));
}

TEST_F(line, big_message_holds_back_small_ones_until_it_fits)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(30, put_len(self->tx, 'a', 30));
	ASSERT_EQ(70, put_len(self->tx, 'b', 70));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'c', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	ASSERT_EQ(0, call_send(small, self->tx, 'd'));
	ASSERT_TRUE(call_wait_asleep(small));
	EXPECT_EQ('a', take(self->rx));
	/* there is room for the small one now */
	EXPECT_TRUE(all_sleep(self, 0, 2));
	EXPECT_EQ(2, senders(self->rx));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(60, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("cd", take_all(self->rx));
}

TEST_F(line, who_gives_up_lets_those_behind_in)
{
	struct call *big = &self->call[0], *small = &self->call[1];

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 10, DIPC_POLICY_WAIT));
	ASSERT_EQ(50, put_len(self->tx, 'a', 50));
	ASSERT_EQ(0, call_send_as(big, self->tx, 'b', 60, 0));
	ASSERT_TRUE(call_wait_asleep(big));
	ASSERT_EQ(0, call_send(small, self->tx, 'c'));
	ASSERT_TRUE(call_wait_asleep(small));
	ASSERT_EQ(0, call_interrupt(big, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(big));
	EXPECT_EQ(1, call_end(small));
	EXPECT_STREQ("ac", take_all(self->rx));
}

TEST_F(line, who_gives_up_in_the_middle_leaves_the_order)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 3));
	ASSERT_EQ(0, call_interrupt(&self->call[1], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[1]));
	EXPECT_EQ(2, senders(self->rx));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[2]));
	EXPECT_STREQ("c", take_all(self->rx));
}

TEST_F(line, receiver_who_gives_up_leaves_the_line_to_the_next)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(line_up_receivers(self, 2));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('a', self->call[1].letter);
}

TEST_F(line, timed_send_is_never_restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_LONG_MS));
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 1));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
	EXPECT_STREQ("0", take_all(self->rx));
}

TEST_F(line, timed_receive_is_never_restarted)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_LONG_MS));
	ASSERT_TRUE(line_up_receivers(self, 1));
	ASSERT_EQ(0, call_interrupt(&self->call[0], SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&self->call[0]));
}

TEST_F(line, poller_is_woken_by_a_sender_that_waits_at_an_unbuffered_queue)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->rx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_TRUE(line_up_senders(self, 1));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(ep);
}

TEST_F(line, poller_for_room_is_woken_when_a_message_is_taken)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	close(ep);
}

TEST_F(line, poller_for_room_is_woken_by_a_receiver_at_an_unbuffered_queue)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_TRUE(line_up_receivers(self, 1));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_FALSE(is_writable(self->tx));
	close(ep);
}

/*
 * Bytes, and the largest message
 */

FIXTURE(bytes)
{
	int rx, tx;
	struct call sender;
	struct dt_stats before;
};

FIXTURE_VARIANT(bytes)
{
	int policy;
	long result;		/* of a send of 60 bytes; 0: it waits */
	const char *left;
};

FIXTURE_VARIANT_ADD(bytes, wait) { DIPC_POLICY_WAIT, 0, "abc" };
FIXTURE_VARIANT_ADD(bytes, refuse) { DIPC_POLICY_REFUSE, -ENOBUFS, "abc" };
FIXTURE_VARIANT_ADD(bytes, newest) { DIPC_POLICY_DROP_NEWEST, 60, "abc" };
FIXTURE_VARIANT_ADD(bytes, oldest) { DIPC_POLICY_DROP_OLDEST, 60, "cx" };

FIXTURE_SETUP(bytes)
{
	self->rx = port_open(100, 100, 100, variant->policy);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(bytes)
{
	close(self->tx);
	close(self->rx);
}

/* Of 100 bytes 10 are left; 60 more need the place of two older ones. */
TEST_F(bytes, full_by_bytes_is_full)
{
	char left[16] = "";
	long ret;

	ASSERT_EQ(30, put_len(self->tx, 'a', 30));
	ASSERT_EQ(30, put_len(self->tx, 'b', 30));
	ASSERT_EQ(30, put_len(self->tx, 'c', 30));
	ASSERT_EQ(0, call_send_as(&self->sender, self->tx, 'x', 60, 0));
	if (!variant->result) {
		ASSERT_TRUE(call_wait_asleep(&self->sender));
		EXPECT_EQ('a', take(self->rx));
		EXPECT_TRUE(call_is_asleep(&self->sender));
		EXPECT_EQ('b', take(self->rx));
		EXPECT_EQ(60, call_end(&self->sender));
		EXPECT_STREQ("cx", take_all(self->rx));
		return;
	}
	ret = call_end(&self->sender);
	EXPECT_EQ(variant->result, ret);
	snprintf(left, sizeof(left), "%s", take_all(self->rx));
	EXPECT_STREQ(variant->left, left);
}

TEST_F(bytes, exactly_full_is_not_over)
{
	struct dt_queue q;

	EXPECT_EQ(60, put_len(self->tx, 'a', 60));
	EXPECT_EQ(40, put_len(self->tx, 'b', 40));
	/* an empty message needs no bytes */
	EXPECT_EQ(0, put_len(self->tx, 'c', 0));
	EXPECT_EQ(0, dt_port_get(dt_port_id(self->rx), &q));
	EXPECT_EQ(3, q.queued_msgs);
	EXPECT_EQ(100, q.queued_bytes);
	EXPECT_EQ(0, q.dropped);
	EXPECT_STREQ("ab-", take_all(self->rx));
}

TEST_F(bytes, empty_messages_count_as_messages)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, variant->policy));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, put_len(self->tx, '0', 0));
	EXPECT_EQ(variant->policy == DIPC_POLICY_WAIT ? -EAGAIN :
		  variant->policy == DIPC_POLICY_REFUSE ? -ENOBUFS : 0,
		  put_len(self->tx, '0', 0));
	EXPECT_EQ(2, queued(self->rx));
}

/* Whether there is room or not, and whoever would wait: it never can fit. */
TEST_F(bytes, message_above_the_largest_is_refused_at_once)
{
	EXPECT_EQ(100, put_len(self->tx, 'a', 100));
	EXPECT_EQ(-EMSGSIZE, put_len(self->tx, 'x', 101));
	ASSERT_EQ(0, call_send_as(&self->sender, self->tx, 'x', 101, 0));
	EXPECT_EQ(-EMSGSIZE, call_end(&self->sender));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 1,
		       [DIPC_REASON_TOO_LONG] = 2);
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(bytes, message_above_the_largest_is_not_handed_to_a_receiver)
{
	struct call receiver;

	ASSERT_EQ(0, call_recv(&receiver, self->rx));
	ASSERT_TRUE(call_wait_asleep(&receiver));
	EXPECT_EQ(-EMSGSIZE, put_len(self->tx, 'x', 101));
	EXPECT_TRUE(call_is_asleep(&receiver));
	EXPECT_EQ(100, put_len(self->tx, 'y', 100));
	EXPECT_EQ(100, call_end(&receiver));
	EXPECT_EQ('y', receiver.letter);
}

static int default_port(void)
{
	struct sockaddr_dipc any = dt_any();

	return dt_socket_bound(SOCK_RDM, &any);
}

TEST(largest_message_is_64_kib_unless_said_else)
{
	static char buf[(64 << 10) + 1];
	static char got[sizeof(buf)];
	int rx = default_port(), tx = sender_open(rx);

	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	dt_pattern(buf, sizeof(buf), 1);
	EXPECT_EQ(-EMSGSIZE, DT_ERR(send(tx, buf, sizeof(buf), MSG_DONTWAIT)));
	EXPECT_EQ(sizeof(buf) - 1, DT_ERR(send(tx, buf, sizeof(buf) - 1, MSG_DONTWAIT)));
	EXPECT_EQ(sizeof(buf) - 1, DT_ERR(recv(rx, got, sizeof(got), MSG_DONTWAIT)));
	EXPECT_EQ(-1, dt_pattern_differs(got, sizeof(buf) - 1, 1));
	close(tx);
	close(rx);
}

TEST(largest_message_of_all_is_64_mib)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 1, .capacity_bytes = 256 << 20,
		.msg_max_bytes = DIPC_MSG_LEN_MAX,
	};
	size_t len = DIPC_MSG_LEN_MAX;
	int rx = default_port(), tx = sender_open(rx);
	char *buf;

	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	ASSERT_EQ(0, dt_set_conf(rx, &conf));
	conf.msg_max_bytes++;
	EXPECT_EQ(-EINVAL, dt_set_conf(rx, &conf));
	buf = mmap(NULL, len + 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	EXPECT_EQ(-EMSGSIZE, DT_ERR(send(tx, buf, len + 1, MSG_DONTWAIT)));
	dt_pattern(buf, len, 2);
	EXPECT_EQ((long)len, DT_ERR(send(tx, buf, len, MSG_DONTWAIT)));
	memset(buf, 0, len);
	EXPECT_EQ((long)len, DT_ERR(recv(rx, buf, len, MSG_DONTWAIT)));
	EXPECT_EQ(-1, dt_pattern_differs(buf, len, 2));
	munmap(buf, len + 4096);
	close(tx);
	close(rx);
}

/*
 * Changing the limits
 */

FIXTURE(limits)
{
	int rx, tx;
	struct call call[3];
	struct dt_stats before;
};

FIXTURE_SETUP(limits)
{
	int i;

	self->rx = port_open(5, 500, 100, DIPC_POLICY_WAIT);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(100, put_len(self->tx, letters[i], 100));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(limits)
{
	close(self->tx);
	close(self->rx);
}

static int set_limits(int fd, uint32_t msgs, uint64_t bytes, uint32_t longest)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = msgs, .capacity_bytes = bytes,
		.msg_max_bytes = longest,
	};

	return dt_set_conf(fd, &conf);
}

TEST_F(limits, lowering_the_capacity_discards_nothing)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	EXPECT_EQ(5, queued(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ('c', take(self->rx));
	EXPECT_FALSE(is_writable(self->tx));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'x'));
	EXPECT_EQ('d', take(self->rx));
	EXPECT_TRUE(is_writable(self->tx));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'y'));
	EXPECT_STREQ("ex", take_all(self->rx));
}

TEST_F(limits, lowering_the_bytes_discards_nothing)
{
	ASSERT_EQ(0, set_limits(self->rx, 5, 50, 50));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'x'));
	EXPECT_STREQ("bcde", take_all(self->rx));
	EXPECT_EQ(50, put_len(self->tx, 'x', 50));
	EXPECT_EQ(-EMSGSIZE, put_len(self->tx, 'y', 51));
}

TEST_F(limits, lowering_to_zero_discards_nothing)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	EXPECT_TRUE(is_readable(self->rx));
	ASSERT_EQ(0, call_send(&self->call[0], self->tx, 'x'));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	EXPECT_STREQ("abcdex", take_all(self->rx));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'y'));
}

TEST_F(limits, lowering_below_what_drop_oldest_holds_evicts_with_the_next)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(5, queued(self->rx));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_DROP_OLDEST] = 4,
		       [DIPC_REASON_QUEUED] = 1);
	EXPECT_STREQ("ex", take_all(self->rx));
}

TEST_F(limits, waiting_senders_whose_message_became_too_long_are_told)
{
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'x', 50, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, call_send_as(&self->call[1], self->tx, 'y', 51, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[1]));
	ASSERT_EQ(0, call_send_as(&self->call[2], self->tx, 'z', 10, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[2]));
	ASSERT_EQ(0, set_limits(self->rx, 7, 700, 50));
	EXPECT_EQ(50, call_end(&self->call[0]));
	EXPECT_EQ(-EMSGSIZE, call_end(&self->call[1]));
	EXPECT_EQ(10, call_end(&self->call[2]));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_WAITED] = 3,
		       [DIPC_REASON_QUEUED] = 2, [DIPC_REASON_TOO_LONG] = 1);
	EXPECT_STREQ("abcdexz", take_all(self->rx));
}

/* Those who would get in only later are told at once all the same. */
TEST_F(limits, too_long_behind_a_full_queue_is_told_at_once)
{
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'x', 50, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, call_send_as(&self->call[1], self->tx, 'y', 51, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[1]));
	ASSERT_EQ(0, set_limits(self->rx, 5, 500, 50));
	EXPECT_EQ(-EMSGSIZE, call_end(&self->call[1]));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(50, call_end(&self->call[0]));
}

TEST_F(limits, can_be_read_back)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, set_limits(self->rx, 7, 700, 70));
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(7, conf.capacity_msgs);
	EXPECT_EQ(700, conf.capacity_bytes);
	EXPECT_EQ(70, conf.msg_max_bytes);
	EXPECT_EQ(DIPC_POLICY_WAIT, conf.policy);
}

TEST_F(limits, that_cannot_be_are_refused_and_change_nothing)
{
	struct dipc_queue_conf was, conf;

	ASSERT_EQ(0, dt_get_conf(self->rx, &was));
	conf = was;
	conf.capacity_bytes = conf.msg_max_bytes - 1;
	EXPECT_EQ(-EINVAL, dt_set_conf(self->rx, &conf));
	conf = was;
	conf.policy = DIPC_POLICY_DROP_OLDEST + 1;
	EXPECT_EQ(-EINVAL, dt_set_conf(self->rx, &conf));
	conf = was;
	conf.reserved[sizeof(conf.reserved) - 1] = 1;
	EXPECT_EQ(-EINVAL, dt_set_conf(self->rx, &conf));
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(0, memcmp(&was, &conf, sizeof(conf)));
}

/*
 * Receivers that fail or are killed: nothing is lost, and the order stays
 */

static long receive_badly(int fd, int flags)
{
	return DT_ERR(recvfrom(fd, (void *)8, 100, flags, NULL, NULL));
}

static long receive_badly_thread(void *arg)
{
	return receive_badly(*(int *)arg, 0);
}

TEST_F(line, bad_buffer_puts_the_message_back_to_its_place)
{
	struct dt_stats before;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 3, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(1, put(self->tx, 'b'));
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	EXPECT_COUNTED(&before, [DIPC_REASON_PUT_BACK] = 1);
	EXPECT_STREQ("ab", take_all(self->rx));
}

TEST_F(line, message_is_put_back_above_the_capacity)
{
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 2));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	/* it has been let in while there was room */
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(2, queued(self->rx));
	EXPECT_EQ('0', take(self->rx));
	EXPECT_TRUE(call_is_asleep(&self->call[1]));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('b', take(self->rx));
}

TEST_F(line, message_is_put_back_into_an_unbuffered_queue)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 1));
	EXPECT_EQ(-EFAULT, receive_badly(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_FALSE(is_readable(self->rx));
}

TEST_F(line, message_that_one_receiver_could_not_take_goes_to_the_next)
{
	struct dt_thread bad;

	ASSERT_EQ(0, dt_thread_start(&bad, receive_badly_thread, &self->rx));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_is_asleep(bad.tid, SYS_recvfrom)));
	ASSERT_TRUE(line_up_receivers(self, 1));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EFAULT, dt_thread_join(&bad));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
}

/* What children report, in memory that outlives them. */
struct report {
	int fd;
	volatile int got;	/* how many messages */
	volatile char letters[256];
};

static struct report *report_create(int fd)
{
	struct report *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	r->fd = fd;
	return r;
}

static int child_receives(void *arg)
{
	struct report *r = arg;
	char c;

	while (recv(r->fd, &c, 1, 0) == 1) {
		r->letters[r->got] = c;
		r->got++;
	}
	return 0;
}

static int child_sends(void *arg)
{
	struct report *r = arg;

	return send(r->fd, "k", 1, 0) == 1 ? 0 : 1;
}

TEST_F(line, receiver_killed_while_it_waits_takes_nothing)
{
	struct report *r = report_create(self->rx);
	pid_t pid;

	ASSERT_NE(NULL, r);
	pid = dt_child(child_receives, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(0, dt_port_receivers(dt_port_id(self->rx)));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(0, r->got);
	EXPECT_STREQ("a", take_all(self->rx));
}

/* The message may come before or after the kill; it is never lost. */
TEST_F(line, receiver_killed_as_a_message_comes_loses_nothing)
{
	struct report *r = report_create(self->rx);
	int i, left, lost = 0;
	struct dt_stats before, after;
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, dt_stats_get(&before));
	for (i = 0; i < 30; i++) {
		r->got = 0;
		pid = dt_child(child_receives, r);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
		if (i & 1)
			kill(pid, SIGKILL);
		EXPECT_EQ(1, put(self->tx, 'a'));
		kill(pid, SIGKILL);
		ASSERT_EQ(-SIGKILL, dt_child_wait(pid));
		left = take(self->rx) == 'a';
		/* it may have been killed between the call and its report */
		EXPECT_GE(1, r->got + left);
		lost += !(r->got + left);
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(30, after.counter[DIPC_REASON_TAKEN] - before.counter[DIPC_REASON_TAKEN]);
	TH_LOG("%d of 30 were taken and not reported", lost);
}

TEST_F(line, sender_killed_while_it_waits_leaves_nothing)
{
	struct report *r = report_create(self->tx);
	struct dt_stats before;
	pid_t pid;

	ASSERT_NE(NULL, r);
	ASSERT_EQ(0, dt_stats_get(&before));
	ASSERT_EQ(1, put(self->tx, '0'));
	pid = dt_child(child_sends, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_sendto));
	EXPECT_EQ(1, senders(self->rx));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(0, senders(self->rx));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 1,
		       [DIPC_REASON_WAITED] = 1, [DIPC_REASON_INTERRUPTED] = 1);
	EXPECT_STREQ("0", take_all(self->rx));
}

TEST_F(line, stopped_receiver_leaves_the_message_to_others)
{
	struct report *r = report_create(self->rx);
	struct dt_queue q;
	pid_t pid;

	ASSERT_NE(NULL, r);
	pid = dt_child(child_receives, r);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvfrom));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	EXPECT_EQ(0, dt_port_get(dt_port_id(self->rx), &q));
	EXPECT_EQ(0, q.waiting_receivers);
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ('a', take(self->rx));
	/* and goes on waiting when it is let go on */
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_port_receivers(dt_port_id(self->rx)) == 1));
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_TRUE(DT_WAIT_UNTIL(r->got == 1));
	EXPECT_EQ('b', r->letters[0]);
	kill(pid, SIGKILL);
	dt_child_wait(pid);
}

/*
 * The end of a queue
 */

TEST_F(line, closed_under_waiting_senders_tells_them)
{
	struct dt_stats before;
	int i;

	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_stats_get(&before));
	close(self->rx);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-ECONNREFUSED, call_end(&self->call[i]));
	EXPECT_COUNTED(&before, [DIPC_REASON_CLOSED] = MANY,
		       [DIPC_REASON_DROP_CLOSED] = 1);
	EXPECT_EQ(-ECONNREFUSED, put(self->tx, 'x'));
	self->rx = -1;
}

TEST_F(line, closed_under_waiting_senders_of_an_unbuffered_queue_tells_them)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(line_up_senders(self, 3));
	close(self->rx);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ECONNREFUSED, call_end(&self->call[i]));
	self->rx = -1;
}

TEST_F(line, closed_queue_wakes_those_who_poll_for_room)
{
	struct epoll_event e = { .events = EPOLLOUT };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(self->rx);
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(-ECONNREFUSED, put(self->tx, 'x'));
	self->rx = -1;
	close(ep);
}

TEST_F(line, messages_go_with_their_queue_and_are_counted)
{
	struct dt_stats before, after;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 200, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_stats_get(&before));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(100, after.messages - before.messages);
	close(self->rx);
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 100,
		       [DIPC_REASON_DROP_CLOSED] = 100);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.messages, after.messages);
	self->rx = -1;
}

/* A descriptor that is shared keeps the queue: only the last close ends it. */
TEST_F(line, closed_by_one_of_two_holders_stays)
{
	int other = dup(self->rx);

	ASSERT_LE(0, other);
	ASSERT_EQ(1, put(self->tx, '0'));
	ASSERT_TRUE(line_up_senders(self, 1));
	close(self->rx);
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ('0', take(other));
	EXPECT_EQ(1, call_end(&self->call[0]));
	self->rx = other;
}

TEST_HARNESS_MAIN
