// SPDX-License-Identifier: GPL-2.0
/*
 * Those whom only their own quota holds back stand in a line of their user's:
 * how they get from there to the line for room and back again, in which order,
 * and what is taken, put back and discarded while there are some. What the
 * quota is, is in quota.c. All of them send asynchronously, so that many can
 * stand in line at once.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "call.h"
#include "completion.h"
#include "kselftest_harness.h"
#include "lend.h"

#define ALICE	1001
#define BOB	1002

FIXTURE(line)
{
	int rx, tx;
};

FIXTURE_SETUP(line)
{
	struct sockaddr_dipc addr = dt_any();

	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, DIPC_INFO_TAG));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(line)
{
	close(self->tx);
	close(self->rx);
}

/* With a tag, which is its cookie as well; what sendmsg() gives or an errno. */
static long send_as(int fd, char letter, uint64_t tag, uid_t uid)
{
	int err = become(uid);
	long ret = err ? err : post(fd, letter,
				    POST(.tag = tag, .cookie = &tag));

	err = become(0);
	return err ? err : ret;
}

/* Whether the queue is like that; says how it is if not. */
static bool stand(int rx, uint32_t queued, uint32_t in_line)
{
	struct dt_queue q;

	if (dt_port_get(dt_port_id(rx), &q))
		return false;
	if (q.queued_msgs == queued && q.waiting_senders == in_line)
		return true;
	printf("# %u queued, %u in line\n", q.queued_msgs, q.waiting_senders);
	return false;
}

/* Only a message with this tag; 0: any. */
static int only(int rx, uint64_t tag)
{
	return post_match(rx, 0, tag, tag ? UINT64_MAX : 0);
}

/* The letter of the first message with this tag, or a negative errno. */
static int take_tag(int rx, uint64_t tag)
{
	int err = only(rx, tag), letter;

	if (err)
		return err;
	letter = take(rx);
	err = only(rx, 0);
	return err ? err : letter;
}

#define MANY_HELD	150	/* more than change their line at once */

/*
 * An unbuffered queue has no quota: all stand in line for a receiver, and who
 * comes now stands behind them.
 */
TEST_F(line, is_given_up_as_a_whole_when_the_queue_becomes_unbuffered)
{
	uint64_t i;

	for (i = 1; i <= 4 + MANY_HELD; i++)
		ASSERT_EQ(1, send_as(self->tx, 'a', i, ALICE));
	ASSERT_TRUE(stand(self->rx, 4, MANY_HELD));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	EXPECT_TRUE(stand(self->rx, 4, MANY_HELD));
	ASSERT_EQ(1, send_as(self->tx, 'b', i, BOB));
	for (i = 1; i <= 4 + MANY_HELD + 1; i++) {
		struct post_got got = post_recv(self->rx);

		ASSERT_EQ(1, got.ret);
		ASSERT_EQ(i, got.tag);
		EXPECT_STREQ(says(i, 0, i <= 4 ? DIPC_REASON_QUEUED :
						 DIPC_REASON_HANDED),
			     told(self->tx, 0));
	}
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

/* More than can be told in one hold of the lock. */
TEST_F(line, goes_in_at_once_when_there_is_quota_for_all)
{
	uint64_t i;

	for (i = 1; i <= 4 + 40; i++)
		ASSERT_EQ(1, send_as(self->tx, 'a', i, ALICE));
	ASSERT_TRUE(stand(self->rx, 4, 40));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 100, DIPC_POLICY_WAIT));
	EXPECT_TRUE(stand(self->rx, 44, 0));
	for (i = 1; i <= 4 + 40; i++) {
		EXPECT_STREQ(says(i, 0, DIPC_REASON_QUEUED), told(self->tx, 0));
		EXPECT_EQ(i, post_recv(self->rx).tag);
	}
}

/* A receiver takes what it wants wherever it stands. */
TEST_F(line, has_what_a_receiver_wants)
{
	uint64_t i;

	for (i = 1; i <= 4 + 3; i++)
		ASSERT_EQ(1, send_as(self->tx, '0' + i, i, ALICE));
	ASSERT_EQ(1, send_as(self->tx, 'b', 9, BOB));
	ASSERT_EQ(1, send_as(self->tx, 'c', 9, BOB));
	ASSERT_TRUE(stand(self->rx, 5 + 1, 3));
	EXPECT_EQ(-EAGAIN, take_tag(self->rx, 8));
	EXPECT_EQ('6', take_tag(self->rx, 6));
	EXPECT_TRUE(stand(self->rx, 6, 2));
	EXPECT_EQ('7', take_tag(self->rx, 7));
	EXPECT_EQ('5', take_tag(self->rx, 5));
	EXPECT_EQ(-EAGAIN, take_tag(self->rx, 5));
	EXPECT_TRUE(stand(self->rx, 6, 0));
	EXPECT_STREQ("1234bc", take_all(self->rx));
}

/*
 * Of 4 places Alice has one, which is all that she may have, and root the
 * others. With her last message her quota is there for the first one in her
 * line, but the room goes to one of root's that waits for it: hers stands
 * behind that one, and before whoever comes then.
 */
static bool fill_up(int rx, int tx)
{
	return !dt_set_capacity(rx, 4, DIPC_POLICY_WAIT) &&
	       send_as(tx, 'a', 1, ALICE) == 1 &&
	       send_as(tx, 'o', 2, 0) == 1 && send_as(tx, 'o', 2, 0) == 1 &&
	       send_as(tx, '1', 3, ALICE) == 1 &&
	       send_as(tx, '2', 4, ALICE) == 1 &&
	       send_as(tx, 'o', 2, 0) == 1 && send_as(tx, 'p', 2, 0) == 1 &&
	       stand(rx, 4, 3);
}

TEST_F(line, is_left_for_the_line_for_room)
{
	ASSERT_TRUE(fill_up(self->rx, self->tx));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TRUE(stand(self->rx, 4, 2));
	ASSERT_EQ(1, send_as(self->tx, 'b', 5, BOB));
	EXPECT_TRUE(stand(self->rx, 4, 3));
	EXPECT_STREQ("ooop1b2", take_all(self->rx));
}

/*
 * Her message was only being copied, and is put back: now that there is room
 * she has no quota again.
 */
TEST_F(line, is_where_one_goes_back_to_as_the_first)
{
	struct lend lend;

	ASSERT_TRUE(fill_up(self->rx, self->tx));
	ASSERT_EQ(0, lend_start(&lend, self->rx, false));
	ASSERT_TRUE(lend_wait_lent(&lend));
	ASSERT_TRUE(stand(self->rx, 4, 2));
	EXPECT_EQ(-SIGKILL, lend_kill(&lend));
	ASSERT_TRUE(stand(self->rx, 5, 2));
	/* room, and the others leave her half of 2, then half of 3 */
	EXPECT_EQ('o', take_tag(self->rx, 2));
	EXPECT_EQ('o', take_tag(self->rx, 2));
	EXPECT_TRUE(stand(self->rx, 3, 2));
	EXPECT_EQ('o', take_tag(self->rx, 2));
	EXPECT_TRUE(stand(self->rx, 2, 2));
	EXPECT_EQ('p', take_tag(self->rx, 2));
	EXPECT_TRUE(stand(self->rx, 2, 1));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TRUE(stand(self->rx, 2, 0));
	EXPECT_STREQ("12", take_all(self->rx));
}

/*
 * What is put back between a user's other messages is neither the oldest nor
 * the newest of them: which of them is discarded first shows it.
 */
TEST_F(line, knows_the_age_of_what_was_put_back)
{
	struct lend first, second;

	for (uint64_t i = 1; i <= 4; i++)
		ASSERT_EQ(1, send_as(self->tx, '0' + i, i, ALICE));
	ASSERT_EQ(0, lend_start(&first, self->rx, false));
	ASSERT_TRUE(lend_wait_lent(&first));
	ASSERT_EQ(0, lend_start(&second, self->rx, false));
	ASSERT_TRUE(lend_wait_lent(&second));
	ASSERT_TRUE(stand(self->rx, 2, 0));
	EXPECT_EQ(-SIGKILL, lend_kill(&first));
	EXPECT_EQ(-SIGKILL, lend_kill(&second));
	ASSERT_TRUE(stand(self->rx, 4, 0));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_DROP_OLDEST));
	EXPECT_EQ(1, send_as(self->tx, '5', 5, ALICE));
	EXPECT_STREQ("2345", take_all(self->rx));
}

TEST_HARNESS_MAIN
