// SPDX-License-Identifier: GPL-2.0
/*
 * What comes along with a message: source, tag, priority and number, each only
 * when asked for (DIPC_RECV_INFO), and the time at which it was sent
 * (SO_TIMESTAMP and its relatives); and what becomes of it without room.
 */
#define _GNU_SOURCE
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <time.h>

#include "call.h"
#include "kselftest_harness.h"
#include "post.h"

#define ALL	(DIPC_INFO_SOURCE | DIPC_INFO_TAG | DIPC_INFO_PRIORITY | \
		 DIPC_INFO_ID)
#define OWN(type)	POST_TYPE(SOL_DIPC, type)

FIXTURE(info)
{
	int rx, tx;
};

FIXTURE_SETUP(info)
{
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(info)
{
	close(self->tx);
	close(self->rx);
}

TEST_F(info, nothing_comes_unless_asked_for)
{
	struct post_got got;
	uint32_t mask = 1;
	socklen_t len = sizeof(mask);

	ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_RECV_INFO, &mask,
				&len));
	EXPECT_EQ(0, mask);
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 7, .priority = 3)));
	got = post_recv(self->rx);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ(0, got.n_types);
	EXPECT_EQ(0, got.control_len);
	EXPECT_EQ(0, got.flags & MSG_CTRUNC);
}

TEST_F(info, each_bit_alone)
{
	static const struct {
		uint32_t bit, type;
		size_t len;
	} row[] = {
		{ DIPC_INFO_SOURCE, OWN(DIPC_SOURCE), 96 },
		{ DIPC_INFO_TAG, OWN(DIPC_TAG), 8 },
		{ DIPC_INFO_PRIORITY, OWN(DIPC_PRIORITY), 4 },
		{ DIPC_INFO_ID, OWN(DIPC_ID), 8 },
	};

	for (int i = 0; i < 4; i++) {
		struct post_got got;
		uint32_t mask = 0;
		socklen_t len = sizeof(mask);

		ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, row[i].bit));
		ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_RECV_INFO,
					&mask, &len));
		EXPECT_EQ(row[i].bit, mask);
		EXPECT_EQ(1, post(self->tx, 'a',
				  POST(.tag = 7, .priority = 3)));
		got = post_recv(self->rx);
		EXPECT_EQ(1, got.ret);
		ASSERT_EQ(1, got.n_types);
		EXPECT_EQ(row[i].type, got.type[0]);
		EXPECT_EQ(row[i].len, got.len[0]);
	}
}

static bool has_all_in_order(const struct post_got *got)
{
	return got->n_types == 4 && got->type[0] == OWN(DIPC_SOURCE) &&
	       got->type[1] == OWN(DIPC_TAG) &&
	       got->type[2] == OWN(DIPC_PRIORITY) &&
	       got->type[3] == OWN(DIPC_ID);
}

TEST_F(info, all_in_order_and_true)
{
	struct sockaddr_dipc from = dt_port_of(self->tx);
	struct post_got first, second;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, ALL));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = ~7ULL, .priority = 31)));
	EXPECT_EQ(1, put(self->tx, 'b'));
	first = post_recv(self->rx);
	ASSERT_TRUE(has_all_in_order(&first));
	EXPECT_EQ(0, memcmp(&from, &first.source, sizeof(from)));
	EXPECT_EQ(0, memcmp(&from, &first.from, sizeof(from)));
	EXPECT_EQ(~7ULL, first.tag);
	EXPECT_EQ(31, first.priority);
	/* also of what was sent without any */
	second = post_recv(self->rx);
	ASSERT_TRUE(has_all_in_order(&second));
	EXPECT_EQ(0, second.tag);
	EXPECT_EQ(0, second.priority);
	EXPECT_NE(first.id, second.id);
}

TEST_F(info, tag_of_the_message_whatever_the_match)
{
	struct post_got got;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, DIPC_INFO_TAG));
	ASSERT_EQ(0, post_match(self->rx, 0, 0x10, 0xf0));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 0x8000000000000015ULL)));
	got = post_recv(self->rx);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ(0x8000000000000015ULL, got.tag);
}

TEST_F(info, comes_with_a_peek_and_again)
{
	struct post_got peeked, taken;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, ALL));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 5)));
	peeked = post_recv_room(self->rx, POST_ROOM, MSG_PEEK);
	ASSERT_TRUE(has_all_in_order(&peeked));
	taken = post_recv(self->rx);
	ASSERT_TRUE(has_all_in_order(&taken));
	EXPECT_EQ(peeked.id, taken.id);
	EXPECT_EQ(5, peeked.tag);
}

TEST_F(info, number_is_that_of_the_completion)
{
	struct dipc_completion done = { };
	char buf[CMSG_SPACE(sizeof(done))] __attribute__((aligned(8)));
	struct msghdr msg = { .msg_control = buf,
			      .msg_controllen = sizeof(buf) };
	uint64_t cookie = 99;
	struct post_got got;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, DIPC_INFO_ID));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.cookie = &cookie,
					      .mode = DIPC_MODE_EXPLICIT)));
	got = post_recv(self->rx);
	EXPECT_EQ(1, got.ret);
	ASSERT_EQ(0, recvmsg(self->tx, &msg, MSG_ERRQUEUE));
	ASSERT_EQ(CMSG_LEN(sizeof(done)), CMSG_FIRSTHDR(&msg)->cmsg_len);
	memcpy(&done, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(done));
	EXPECT_EQ(99, done.cookie);
	EXPECT_EQ(got.id, done.id);
}

TEST_F(info, bad_values)
{
	struct {
		uint32_t mask, behind;
	} longer = { ALL, 1 };
	short shorter = 1;

	EXPECT_EQ(-EINVAL, post_option(self->rx, DIPC_RECV_INFO, ALL + 1));
	EXPECT_EQ(-EINVAL, post_option(self->rx, DIPC_RECV_INFO, 1U << 31));
	EXPECT_EQ(-EINVAL, DT_ERR(setsockopt(self->rx, SOL_DIPC,
					     DIPC_RECV_INFO, &longer,
					     sizeof(longer))));
	EXPECT_EQ(-EINVAL, DT_ERR(setsockopt(self->rx, SOL_DIPC,
					     DIPC_RECV_INFO, &shorter,
					     sizeof(shorter))));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(0, post_recv(self->rx).n_types);
}

TEST_F(info, without_room_it_is_lost_and_the_message_taken)
{
	struct post_got got;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO,
				 DIPC_INFO_TAG | DIPC_INFO_ID));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(1, post(self->tx, 'a' + i, POST(.tag = 40 + i)));
	got = post_recv_room(self->rx, 0, MSG_DONTWAIT);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags & MSG_CTRUNC);
	EXPECT_EQ(0, got.n_types);
	got = post_recv_room(self->rx, sizeof(struct cmsghdr) - 1,
			     MSG_DONTWAIT);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags & MSG_CTRUNC);
	EXPECT_EQ(0, got.n_types);
	/* what fits comes */
	got = post_recv_room(self->rx, CMSG_SPACE(8), MSG_DONTWAIT);
	EXPECT_EQ('c', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags & MSG_CTRUNC);
	EXPECT_EQ(1, got.n_types);
	EXPECT_EQ(42, got.tag);
	/* just enough */
	got = post_recv_room(self->rx, 2 * CMSG_SPACE(8), MSG_DONTWAIT);
	EXPECT_EQ('d', got.letter);
	EXPECT_EQ(0, got.flags & MSG_CTRUNC);
	EXPECT_EQ(2, got.n_types);
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(info, plain_receive_is_not_disturbed)
{
	struct sockaddr_dipc from;
	char letter;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, ALL));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_EQ(1, dt_recv(self->rx, &letter, 1, MSG_DONTWAIT, &from));
	EXPECT_EQ(1, read(self->rx, &letter, 1));
	EXPECT_EQ('b', letter);
}

/*
 * Time
 */

#define STAMP_OLD		29
#define STAMPNS_OLD		35
#define STAMPING_OLD		37
#define STAMP_NEW		63
#define STAMPNS_NEW		64
#define STAMPING_NEW		65
#define SOFTWARE	(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE)

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

FIXTURE(stamp)
{
	int rx, tx;
};

FIXTURE_VARIANT(stamp)
{
	int option, value;
	int64_t unit_ns;	/* of what is behind the seconds; 0: none comes */
	size_t len;
};

#define STAMP_ROW(name, ...) \
	FIXTURE_VARIANT_ADD(stamp, name) { __VA_ARGS__ }

STAMP_ROW(timeval_old, STAMP_OLD, 1, 1000, 16);
STAMP_ROW(timeval_new, STAMP_NEW, 1, 1000, 16);
STAMP_ROW(timespec_old, STAMPNS_OLD, 1, 1, 16);
STAMP_ROW(timespec_new, STAMPNS_NEW, 1, 1, 16);
STAMP_ROW(timestamping_old, STAMPING_OLD, SOFTWARE, 1, 48);
STAMP_ROW(timestamping_new, STAMPING_NEW, SOFTWARE, 1, 48);
/* made, and not reported */
STAMP_ROW(timestamping_made_only, STAMPING_OLD, SOF_TIMESTAMPING_RX_SOFTWARE, 0, 0);
STAMP_ROW(off_again, STAMP_OLD, 0, 0, 0);

FIXTURE_SETUP(stamp)
{
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx);
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(stamp)
{
	close(self->tx);
	close(self->rx);
}

TEST_F(stamp, is_the_time_of_the_send)
{
	struct post_got got;
	int64_t before, after, sent;

	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, variant->option,
				&variant->value, sizeof(int)));
	before = now_ns();
	EXPECT_EQ(1, put(self->tx, 'a'));
	after = now_ns();
	/* not that of the receive, which is later */
	usleep(DT_SHORT_MS * 1000);
	got = post_recv(self->rx);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ(0, got.flags & MSG_CTRUNC);
	if (!variant->unit_ns) {
		EXPECT_EQ(0, got.n_types);
		return;
	}
	ASSERT_EQ(1, got.n_types);
	EXPECT_EQ(POST_TYPE(SOL_SOCKET, variant->option), got.type[0]);
	EXPECT_EQ(variant->len, got.len[0]);
	sent = got.stamp[0][0] * 1000000000LL +
	       got.stamp[0][1] * variant->unit_ns;
	EXPECT_LE(before - variant->unit_ns, sent);
	EXPECT_GE(after, sent);
	/* no hardware has seen it */
	for (int i = 2; i < 6; i++)
		EXPECT_EQ(0, got.stamp[0][i]);
}

TEST_F(stamp, is_with_what_else_is_asked_for)
{
	struct post_got got;
	bool has_own = false;

	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, variant->option,
				&variant->value, sizeof(int)));
	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, DIPC_INFO_TAG));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 7)));
	got = post_recv(self->rx);
	EXPECT_EQ(1 + !!variant->unit_ns, got.n_types);
	for (int i = 0; i < got.n_types; i++)
		has_own |= got.type[i] == OWN(DIPC_TAG);
	EXPECT_TRUE(has_own);
	EXPECT_EQ(7, got.tag);
}

TEST_F(stamp, is_of_a_message_sent_before_it_was_asked_for)
{
	struct post_got got;

	EXPECT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, variant->option,
				&variant->value, sizeof(int)));
	got = post_recv(self->rx);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ(!!variant->unit_ns, got.n_types);
}

TEST_F(stamp, without_room_is_lost)
{
	struct post_got got;

	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, variant->option,
				&variant->value, sizeof(int)));
	EXPECT_EQ(1, put(self->tx, 'a'));
	got = post_recv_room(self->rx, 0, MSG_DONTWAIT);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ(variant->unit_ns ? MSG_CTRUNC : 0, got.flags & MSG_CTRUNC);
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_HARNESS_MAIN
