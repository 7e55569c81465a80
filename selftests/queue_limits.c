// SPDX-License-Identifier: GPL-2.0
/*
 * The limits of a queue: its bytes, its largest message, and what follows when
 * they are changed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "queues.h"

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

/* What a socket keeps is used again for the next: that goes another way. */
TEST_F(bytes, what_found_no_room_leaves_nothing_behind)
{
	struct dt_stats after;
	char text[60];
	int i, out;

	memset(text, 'b', sizeof(text));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(60, put_len(self->tx, 'a', 60));
		EXPECT_EQ(variant->result ?: -EAGAIN,
			  dt_send(self->tx, text, 60, MSG_DONTWAIT, NULL));
		EXPECT_EQ(1, strlen(take_all(self->rx)));
	}
	ASSERT_EQ(0, ioctl(self->tx, SIOCOUTQ, &out));
	EXPECT_EQ(0, out);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(self->before.messages, after.messages);
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

/*
 * Who waits for room is dealt with by the new policy. More is discarded for
 * the first than can be at once, and nobody passes him by meanwhile.
 */
TEST_F(limits, those_in_line_keep_their_order_when_much_is_discarded_for_them)
{
	int i;

	EXPECT_STREQ("abcde", take_all(self->rx));
	ASSERT_EQ(0, set_limits(self->rx, 1000, 1000, 1000));
	for (i = 0; i < 500; i++)
		ASSERT_EQ(2, put_len(self->tx, letters[i / 26], 2));
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'B', 990, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, call_send_as(&self->call[1], self->tx, 's', 4, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[1]));
	ASSERT_EQ(0, dt_stats_get(&self->before));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1000, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(990, call_end(&self->call[0]));
	EXPECT_EQ(4, call_end(&self->call[1]));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_DROP_OLDEST] = 495 + 2,
		       [DIPC_REASON_QUEUED] = 2);
	EXPECT_STREQ("tttBs", take_all(self->rx));
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

TEST_HARNESS_MAIN
