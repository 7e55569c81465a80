// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family, command by command, where they are about mailboxes: what
 * each takes, changes and gives. Bad requests are in netlink_refused.c, what is
 * told of everything else in netlink_view.c.
 */
#define _GNU_SOURCE
#include "call.h"
#include "look.h"
#include "post.h"
#include "world.h"

/*
 * Made, set, emptied and deleted
 */

TEST_F(world, mailbox_new_has_the_documented_defaults)
{
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_get("there", &q));
	EXPECT_STREQ("there", q.name);
	EXPECT_EQ(0, q.uid);
	EXPECT_EQ(0, q.gid);
	EXPECT_EQ(0600, q.mode);
	EXPECT_EQ(DIPC_SCOPE_DEFAULT, q.scope);
	EXPECT_FALSE(q.transient);
	EXPECT_EQ(256, q.capacity_msgs);
	EXPECT_EQ(1 << 20, q.capacity_bytes);
	EXPECT_EQ(64 << 10, q.msg_max_bytes);
	EXPECT_EQ(DIPC_POLICY_WAIT, q.policy);
	EXPECT_EQ(0, q.queued_msgs + q.queued_bytes + q.users + q.dropped +
		     q.waiting_senders + q.waiting_receivers);
}

TEST_F(world, mailbox_new_keeps_all_that_was_asked_for)
{
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_new("a/longer.name_of+all-1",
		DT_MAILBOX(.uid = 7, .gid = 8, .mode = 0777, .transient = true,
			   .capacity_msgs = 0xffffffff,
			   .capacity_bytes = 1LL << 40,
			   .msg_max_bytes = DIPC_MSG_LEN_MAX,
			   .policy = DIPC_POLICY_DROP_OLDEST,
			   .scope = DIPC_SCOPE_CLUSTER)));
	ASSERT_EQ(0, dt_mailbox_get("a/longer.name_of+all-1", &q));
	EXPECT_EQ(7, q.uid);
	EXPECT_EQ(8, q.gid);
	EXPECT_EQ(0777, q.mode);
	EXPECT_TRUE(q.transient);
	EXPECT_EQ(0xffffffff, q.capacity_msgs);
	EXPECT_EQ(1ULL << 40, q.capacity_bytes);
	EXPECT_EQ(DIPC_MSG_LEN_MAX, q.msg_max_bytes);
	EXPECT_EQ(DIPC_POLICY_DROP_OLDEST, q.policy);
	EXPECT_EQ(DIPC_SCOPE_CLUSTER, q.scope);
}

TEST_F(world, name_of_63_bytes_is_one)
{
	const char *name = SIXTY "123";
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX()));
	ASSERT_EQ(0, dt_mailbox_get(name, &q));
	EXPECT_STREQ(name, q.name);
	EXPECT_EQ(0, dt_mailbox_del(name));
}

TEST_F(world, limit_that_was_not_asked_for_gives_way)
{
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_new("small", DT_MAILBOX(.capacity_bytes = 10)));
	ASSERT_EQ(0, dt_mailbox_get("small", &q));
	EXPECT_EQ(10, q.msg_max_bytes);
	ASSERT_EQ(0, dt_mailbox_new("big", DT_MAILBOX(.msg_max_bytes = 2 << 20)));
	ASSERT_EQ(0, dt_mailbox_get("big", &q));
	EXPECT_EQ(2 << 20, q.capacity_bytes);
}

TEST_F(world, unbuffered_mailbox_needs_no_bytes)
{
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_new("hand", DT_MAILBOX(.capacity_msgs = 0,
			.capacity_bytes = 0, .msg_max_bytes = 100)));
	ASSERT_EQ(0, dt_mailbox_get("hand", &q));
	EXPECT_EQ(0, q.capacity_msgs);
	EXPECT_EQ(0, q.capacity_bytes);
	EXPECT_EQ(100, q.msg_max_bytes);
	/* buffered, it would hold no message of that size */
	EXPECT_EQ(-EINVAL, dt_mailbox_set("hand", DT_MAILBOX(.capacity_msgs = 1)));
}

TEST_F(world, mailbox_set_changes_what_is_named_and_nothing_else)
{
	static const struct {
		struct dt_mailbox_conf conf;
	} steps[] = {
		{ *DT_MAILBOX(.mode = 0644) },
		{ *DT_MAILBOX(.uid = 12) },
		{ *DT_MAILBOX(.gid = 13) },
		{ *DT_MAILBOX(.capacity_msgs = 5) },
		{ *DT_MAILBOX(.msg_max_bytes = 77) },
		{ *DT_MAILBOX(.capacity_bytes = 78) },
		{ *DT_MAILBOX(.policy = DIPC_POLICY_REFUSE) },
	};
	struct dt_queue want, got;
	size_t i;

	ASSERT_EQ(0, dt_mailbox_get("there", &want));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct dt_mailbox_conf *c = &steps[i].conf;

		ASSERT_EQ(0, dt_mailbox_set("there", c));
		if (c->mode >= 0)
			want.mode = c->mode;
		if (c->uid >= 0)
			want.uid = c->uid;
		if (c->gid >= 0)
			want.gid = c->gid;
		if (c->capacity_msgs >= 0)
			want.capacity_msgs = c->capacity_msgs;
		if (c->msg_max_bytes >= 0)
			want.msg_max_bytes = c->msg_max_bytes;
		if (c->capacity_bytes >= 0)
			want.capacity_bytes = c->capacity_bytes;
		if (c->policy >= 0)
			want.policy = c->policy;
		ASSERT_EQ(0, dt_mailbox_get("there", &got));
		EXPECT_EQ(0, memcmp(&want, &got, sizeof(want))) {
			TH_LOG("step %zu", i);
		}
	}
	/* and nothing at all */
	EXPECT_EQ(0, dt_mailbox_set("there", DT_MAILBOX()));
}

static void order_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_MAILBOX_ORDER)
		memcpy(arg, data, sizeof(uint32_t));
}

TEST_F(world, mailbox_has_the_order_that_was_asked_for)
{
	uint32_t order = 99;

	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_NEW, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "urgent");
	dt_nl_put_u32(&self->nl, DIPC_A_MAILBOX_ORDER, DIPC_ORDER_PRIORITY);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, NULL, NULL));
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "urgent");
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, order_cb, &order));
	EXPECT_EQ(DIPC_ORDER_PRIORITY, order);
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "there");
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, order_cb, &order));
	EXPECT_EQ(DIPC_ORDER_FIFO, order);
	EXPECT_EQ(0, dt_mailbox_del("urgent"));
}

TEST_F(world, mailbox_del_frees_the_name)
{
	EXPECT_EQ(0, dt_mailbox_del("there"));
	EXPECT_EQ(-ENOENT, dt_mailbox_del("there"));
	EXPECT_EQ(0, dt_mailbox_new("there", DT_MAILBOX(.mode = 0)));
}

TEST_F(world, mailbox_purge_counts_what_it_discards)
{
	struct sockaddr_dipc addr = dt_mailbox("there");
	int fd = dt_socket_connected(SOCK_RDM, &addr);
	struct dt_stats before;
	struct dt_queue q;
	uint32_t n = 99;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_mailbox_purge("there", &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(1, put(fd, 'a'));
	ASSERT_EQ(100, put_len(fd, 'b', 100));
	ASSERT_EQ(0, dt_mailbox_get("there", &q));
	EXPECT_EQ(2, q.queued_msgs);
	EXPECT_EQ(101, q.queued_bytes);
	EXPECT_EQ(1, q.users);
	ASSERT_EQ(0, dt_stats_get(&before));
	ASSERT_EQ(0, dt_mailbox_purge("there", &n));
	EXPECT_EQ(2, n);
	EXPECT_STREQ("", counted_else(&before, &(const struct dt_stats) {
		.counter[DIPC_REASON_DROP_PURGED] = 2 }));
	ASSERT_EQ(0, dt_mailbox_get("there", &q));
	EXPECT_EQ(0, q.queued_msgs + q.queued_bytes);
	EXPECT_EQ(2, q.dropped);
	close(fd);
}

TEST_F(world, limit_of_mailboxes_is_an_error_with_a_text)
{
	ASSERT_EQ(0, dt_limit_set("user_max_mailboxes", 1));
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_NEW, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "more");
	EXPECT_EQ(-ENOBUFS, dt_nl_call(&self->nl, NULL, NULL, NULL));
	EXPECT_NE(NULL, strstr(self->nl.extack, "may not have more"));
}

TEST_F(world, namespaces_do_not_see_each_other)
{
	struct dt_stats stats;
	struct dt_queue q;

	ASSERT_EQ(0, dt_netns_new());
	EXPECT_EQ(-ENOENT, dt_mailbox_get("there", &q));
	EXPECT_EQ(-ENOENT, dt_port_get(dt_port_id(self->port), &q));
	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(0, stats.ports + stats.mailboxes + stats.names);
	EXPECT_EQ(0, dt_mailbox_new("there", DT_MAILBOX()));
	/* and the netlink socket that was opened before stays where it was */
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_DEL, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "there");
	EXPECT_EQ(0, dt_nl_call(&self->nl, NULL, NULL, NULL));
	EXPECT_EQ(0, dt_mailbox_get("there", &q));
}

/*
 * Order: E-NL-19
 */

static int set_order(struct dt_nl *nl, uint32_t order)
{
	dt_nl_begin(nl, DIPC_CMD_MAILBOX_SET, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, "box");
	dt_nl_put_u32(nl, DIPC_A_MAILBOX_MODE, 0604);
	dt_nl_put_u32(nl, DIPC_A_MAILBOX_ORDER, order);
	return dt_nl_call(nl, NULL, NULL, NULL);
}

static int64_t order_of(struct dt_nl *nl)
{
	uint32_t order = ~0U;
	int err;

	dt_nl_begin(nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, "box");
	err = dt_nl_call(nl, NULL, order_cb, &order);
	return err ? err : order;
}

TEST_F(look, order_changes_only_while_nothing_is_queued)
{
	struct dt_queue q;

	EXPECT_EQ(DIPC_ORDER_FIFO, order_of(&self->nl));
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EBUSY, set_order(&self->nl, DIPC_ORDER_PRIORITY));
	EXPECT_NE(NULL, strstr(self->nl.extack, "messages"));
	EXPECT_NE(0, self->nl.bad_offset);
	/* and nothing else was changed with it */
	ASSERT_EQ(0, dt_mailbox_get("box", &q));
	EXPECT_EQ(0666, q.mode);
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_FIFO));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_PRIORITY));
	EXPECT_EQ(DIPC_ORDER_PRIORITY, order_of(&self->nl));
	ASSERT_EQ(1, post(self->tx, 'a', POST()));
	ASSERT_EQ(1, post(self->tx, 'b', POST(.priority = 1)));
	EXPECT_STREQ("ba", take_all(self->rx));
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_FIFO));
}

TEST_HARNESS_MAIN
