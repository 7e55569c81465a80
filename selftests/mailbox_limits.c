// SPDX-License-Identifier: GPL-2.0
/*
 * What a mailbox may hold: of messages, when it is unbuffered; and what a user
 * may have of memory, mailboxes and names, under every policy.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "completion.h"
#include "kselftest_harness.h"
#include "queues.h"
#include "who.h"

/*
 * Unbuffered: only a receiver that waits already takes a message
 */

FIXTURE(unbuffered)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	struct call receiver, sender;
};

FIXTURE_VARIANT(unbuffered)
{
	int policy;
	long result;		/* when nobody waits, without waiting */
	bool waits;		/* a blocking sender */
	int reason;
};

FIXTURE_VARIANT_ADD(unbuffered, wait) {
	DIPC_POLICY_WAIT, -EAGAIN, true, DIPC_REASON_WOULD_BLOCK };
FIXTURE_VARIANT_ADD(unbuffered, refuse) {
	DIPC_POLICY_REFUSE, -ENOBUFS, false, DIPC_REASON_REFUSED };
FIXTURE_VARIANT_ADD(unbuffered, newest) {
	DIPC_POLICY_DROP_NEWEST, 1, false, DIPC_REASON_DROP_NEWEST };
FIXTURE_VARIANT_ADD(unbuffered, oldest) {
	DIPC_POLICY_DROP_OLDEST, 1, false, DIPC_REASON_DROP_NEWEST };

FIXTURE_SETUP(unbuffered)
{
	dt_unique(self->name, "unbuffered");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.capacity_msgs = 0,
							   .policy = variant->policy)));
	self->rx = box_receiver(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = box_sender(self->name);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(unbuffered)
{
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

TEST_F(unbuffered, nobody_waits)
{
	struct dt_stats before, by = { 0 };

	by.counter[variant->reason] = 1;
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(variant->result, put(self->tx, 'a'));
	EXPECT_STREQ("", counted_else(&before, &by));
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
	/* that a poller is there changes nothing: it may go away */
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(!variant->waits, is_writable(self->tx));
}

TEST_F(unbuffered, nobody_waits_and_the_sender_may_block)
{
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'a'));
	if (!variant->waits) {
		EXPECT_EQ(variant->result, call_end(&self->sender));
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	EXPECT_EQ(1, dt_mailbox_senders(self->name));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->sender));
}

TEST_F(unbuffered, a_receiver_waits)
{
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	EXPECT_TRUE(is_writable(self->tx));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->receiver));
	EXPECT_EQ('a', self->receiver.letter);
	/* one message, one receiver */
	EXPECT_EQ(variant->result, put(self->tx, 'b'));
}

/*
 * Limits per user, under every policy
 */

FIXTURE(user)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	long long max_bytes, max_mailboxes, max_names;
};

FIXTURE_VARIANT(user)
{
	int policy;
};

FIXTURE_VARIANT_ADD(user, wait) { DIPC_POLICY_WAIT };
FIXTURE_VARIANT_ADD(user, refuse) { DIPC_POLICY_REFUSE };
FIXTURE_VARIANT_ADD(user, newest) { DIPC_POLICY_DROP_NEWEST };
FIXTURE_VARIANT_ADD(user, oldest) { DIPC_POLICY_DROP_OLDEST };

FIXTURE_SETUP(user)
{
	dt_unique(self->name, "user");
	self->max_bytes = dt_limit_get("user_max_bytes");
	self->max_mailboxes = dt_limit_get("user_max_mailboxes");
	self->max_names = dt_limit_get("user_max_names");
	ASSERT_LT(0, self->max_bytes);
	ASSERT_LT(0, self->max_mailboxes);
	ASSERT_LT(0, self->max_names);
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.uid = ALICE, .policy = variant->policy)));
	self->rx = box_receiver(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = box_sender(self->name);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(user)
{
	dt_limit_set("user_max_bytes", self->max_bytes);
	dt_limit_set("user_max_mailboxes", self->max_mailboxes);
	dt_limit_set("user_max_names", self->max_names);
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

TEST_F(user, memory_of_messages_is_limited)
{
	struct dt_stats before;
	struct call alice;
	long ret = 1;
	int n;

	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	ASSERT_EQ(0, dt_stats_get(&before));
	for (n = 0; n < 200; n++) {
		ret = put_as(self->tx, 'a', 1, ALICE);
		if (ret != 1)
			break;
	}
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = n,
		       [DIPC_REASON_USER_LIMIT] = 1);
	/* more than nothing, and each is more than its one byte */
	EXPECT_LT(10, n);
	EXPECT_GT(200, n);
	/* it never waits for that */
	ASSERT_EQ(0, call_send_as(&alice, self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-ENOBUFS, call_end(&alice));
	/* it is a limit of hers alone */
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
	/* and is given back */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, NULL));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
}

/* How many Alice can send, with their completions or without. */
static int send_until_limit(int tx, bool async)
{
	long ret = 1;
	int n = 0;

	while (n < 200 && ret == 1) {
		ret = become(ALICE) ? -EPERM : async ?
		      send_async(tx, 'a', n) : put(tx, 'a');
		n += ret == 1;
		if (become(0))
			return -EPERM;
	}
	return ret == -ENOBUFS ? n : -EBADE;
}

/*
 * An asynchronous send is charged for its record, too, until that is read; and
 * when there is no place for that, it is refused like one that is too much.
 */
TEST_F(user, memory_counts_asynchronous_sends)
{
	struct dt_stats before;
	int n, plain, i;

	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	plain = send_until_limit(self->tx, false);
	EXPECT_EQ(0, dt_mailbox_purge(self->name, NULL));
	n = send_until_limit(self->tx, true);
	EXPECT_LT(10, n);
	EXPECT_GT(plain, n);
	EXPECT_EQ(0, dt_mailbox_purge(self->name, NULL));
	/* not even the record */
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 1));
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(0, send_until_limit(self->tx, true));
	EXPECT_COUNTED(&before, [DIPC_REASON_USER_LIMIT] = 1);
	/* those that were accepted have a completion, and no other has */
	for (i = 0; i < n; i++)
		EXPECT_EQ(i, atoi(told(self->tx, 0)));
	EXPECT_STREQ("none", told(self->tx, 0));
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	EXPECT_EQ(n, send_until_limit(self->tx, true));
}

TEST_F(user, memory_counts_payload)
{
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(-ENOBUFS, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
}

TEST_F(user, lowering_the_limit_discards_nothing)
{
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(4096, put_as(self->tx, 'b', 4096, ALICE));
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 4096));
	EXPECT_EQ(-ENOBUFS, put_as(self->tx, 'x', 1, ALICE));
	EXPECT_STREQ("ab", take_all(self->rx));
	EXPECT_EQ(1, put_as(self->tx, 'x', 1, ALICE));
}

TEST_F(user, number_of_mailboxes_is_limited)
{
	const struct who alice = OWNER, bob = STRANGER;
	char name[3][DIPC_NAME_MAX + 1];
	int i;

	for (i = 0; i < 3; i++)
		dt_unique(name[i], "alice");
	ASSERT_EQ(0, dt_limit_set("user_max_mailboxes", 2));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[2], DT_MAILBOX())));
	EXPECT_EQ(0, AS(&bob, dt_mailbox_new(name[2], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[0]));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	/* that it was given away does not make room for more */
	EXPECT_EQ(0, dt_mailbox_set(name[0], DT_MAILBOX(.uid = BOB)));
	EXPECT_EQ(0, dt_mailbox_del(name[2]));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[2], DT_MAILBOX())));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_mailbox_del(name[i]));
}

TEST_F(user, names_of_mailboxes_count_as_names)
{
	const struct who alice = OWNER;
	char name[2][DIPC_NAME_MAX + 1];

	dt_unique(name[0], "alice");
	dt_unique(name[1], "alice");
	ASSERT_EQ(0, dt_limit_set("user_max_names", 1));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[0]));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[1]));
}

TEST_HARNESS_MAIN
