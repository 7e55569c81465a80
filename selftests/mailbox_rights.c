// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what with a mailbox: by its mode, as its owner, of its group, with
 * capabilities; and what a new owner or mode means for those who use it.
 */
#define _GNU_SOURCE
#include "box.h"
#include "who.h"

/*
 * A mailbox of Alice and the group staff
 */

FIXTURE(may)
{
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(may)
{
	struct who who;
	int mode;
	bool receive, send, administer;
};

#define MAY_ROW(name, ...) FIXTURE_VARIANT_ADD(may, name) { __VA_ARGS__ }

MAY_ROW(owner_0600, OWNER, 0600, true, true, true);
MAY_ROW(owner_0400, OWNER, 0400, true, false, true);
MAY_ROW(owner_0200, OWNER, 0200, false, true, true);
MAY_ROW(owner_0000, OWNER, 0000, false, false, true);
/* the owner's bits are his, even where those of all others give more */
MAY_ROW(owner_0066, OWNER_IN_STAFF, 0066, false, false, true);
MAY_ROW(group_0060, IN_STAFF, 0060, true, true, false);
MAY_ROW(group_0040, IN_STAFF, 0040, true, false, false);
MAY_ROW(group_0020, IN_STAFF, 0020, false, true, false);
MAY_ROW(group_0606, IN_STAFF, 0606, false, false, false);
MAY_ROW(supplementary_0060, ALSO_IN_STAFF, 0060, true, true, false);
MAY_ROW(supplementary_0606, ALSO_IN_STAFF, 0606, false, false, false);
MAY_ROW(other_0006, STRANGER, 0006, true, true, false);
MAY_ROW(other_0004, STRANGER, 0004, true, false, false);
MAY_ROW(other_0002, STRANGER, 0002, false, true, false);
MAY_ROW(other_0660, STRANGER, 0660, false, false, false);
MAY_ROW(other_0771, STRANGER, 0771, false, false, false);
MAY_ROW(capable_0000, CAPABLE, 0000, true, true, true);
MAY_ROW(bare_root_0660, BARE_ROOT, 0660, false, false, false);
MAY_ROW(bare_root_0006, BARE_ROOT, 0006, true, true, false);

FIXTURE_SETUP(may)
{
	dt_unique(self->name, "may");
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.uid = ALICE, .gid = STAFF,
					       .mode = variant->mode)));
}

FIXTURE_TEARDOWN(may)
{
	dt_mailbox_del(self->name);
}

TEST_F(may, receive)
{
	int fd = AS(&variant->who, box_receiver(self->name));

	if (!variant->receive) {
		EXPECT_EQ(-EACCES, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, box_put(self->name, 'a'));
	EXPECT_EQ('a', take(fd));
	close(fd);
}

TEST_F(may, send)
{
	struct sockaddr_dipc addr = dt_name(self->name);
	struct dt_stats before;
	int fd, connected;

	fd = dt_socket(SOCK_RDM);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_stats_get(&before));
	/* by the type "mailbox" and by the name alone */
	EXPECT_EQ(variant->send ? 1 : -EACCES,
		  AS(&variant->who, box_put(self->name, 'a')));
	EXPECT_EQ(variant->send ? 1 : -EACCES,
		  AS(&variant->who, dt_send(fd, "b", 1, MSG_DONTWAIT, &addr)));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = variant->send ? 2 : 0,
		       [DIPC_REASON_NO_PERMISSION] = variant->send ? 0 : 2);
	connected = AS(&variant->who, box_sender(self->name));
	if (variant->send) {
		ASSERT_LE(0, connected);
		EXPECT_EQ(1, put(connected, 'c'));
		close(connected);
	} else {
		EXPECT_EQ(-EACCES, connected);
	}
	EXPECT_EQ(variant->send ? 3 : 0, dt_mailbox_queued(self->name));
	close(fd);
}

TEST_F(may, look)
{
	struct dt_queue q;

	/* that needs no right */
	ASSERT_EQ(0, AS(&variant->who, dt_mailbox_get(self->name, &q)));
	EXPECT_EQ(ALICE, q.uid);
	EXPECT_EQ(STAFF, q.gid);
	EXPECT_EQ(variant->mode, q.mode);
}

TEST_F(may, set)
{
	struct dt_queue q;

	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_set(self->name, DT_MAILBOX(.mode = 0666))));
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(variant->administer ? 0666 : variant->mode, q.mode);
}

TEST_F(may, purge)
{
	uint32_t n = 77;

	ASSERT_EQ(1, box_put(self->name, 'a'));
	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_purge(self->name, &n)));
	EXPECT_EQ(variant->administer ? 1 : 77, n);
	EXPECT_EQ(!variant->administer, dt_mailbox_queued(self->name));
}

TEST_F(may, del)
{
	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_del(self->name)));
	EXPECT_EQ(!variant->administer, box_exists(self->name));
}

/*
 * Another owner
 */

TEST_F(box, new_owner_and_mode_hold_for_what_comes_later)
{
	const struct who bob = STRANGER, alice = OWNER;
	int rx, tx;

	/* who was let in stays in, as with an open file */
	rx = AS(&bob, box_receiver(self->name));
	tx = AS(&bob, box_sender(self->name));
	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE, .mode = 0600)));
	EXPECT_EQ(1, AS(&bob, put(tx, 'a')));
	EXPECT_EQ('a', AS(&bob, take(rx)));
	EXPECT_EQ(-EACCES, AS(&bob, box_put(self->name, 'a')));
	EXPECT_EQ(-EACCES, AS(&bob, box_receiver(self->name)));
	EXPECT_EQ(-EACCES, AS(&bob, box_sender(self->name)));
	EXPECT_EQ(1, AS(&alice, box_put(self->name, 'a')));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.mode = 0660))));
	close(rx);
	close(tx);
}

TEST_F(box, owner_may_not_give_it_away)
{
	const struct who alice = OWNER;
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE, .gid = STAFF)));
	EXPECT_EQ(-EPERM, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.uid = BOB))));
	EXPECT_EQ(-EPERM, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.gid = 77))));
	/* but to a group that one is in */
	EXPECT_EQ(0, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.gid = OTHERS))));
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(ALICE, q.uid);
	EXPECT_EQ(OTHERS, q.gid);
}

TEST_F(box, quota_is_that_of_the_present_owner)
{
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE)));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("aaaa", take_all(self->rx));
	/* and root is one of the others now */
	EXPECT_EQ(1, put(self->tx, 'r'));
	EXPECT_EQ(1, put(self->tx, 'r'));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'r'));
	EXPECT_STREQ("rr", take_all(self->rx));
}

TEST_F(box, new_owner_lets_his_waiting_message_in)
{
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, ALICE));
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'c', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_STREQ("abc", take_all(self->rx));
}

TEST_HARNESS_MAIN
