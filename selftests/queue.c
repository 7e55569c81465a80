// SPDX-License-Identifier: GPL-2.0
/*
 * The queue, as those see it who send to a port and receive from it: capacity
 * and the four policies. Each cell of the tables says what the call gives, what
 * is left in the queue, what poll() says and which counters have moved (and
 * that no other has).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "queues.h"

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

TEST_HARNESS_MAIN
