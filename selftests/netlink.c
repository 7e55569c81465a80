// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family, command by command: what each takes and gives, and that
 * it refuses what it should with an errno, a text and, where one is to blame,
 * the attribute. Each test has a network namespace of its own.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include <linux/genetlink.h>

#include "call.h"
#include "kselftest_harness.h"

/*
 * Bad requests
 */

struct attr {
	uint16_t type;
	uint16_t len;
	const void *data;
};

#define U32(t, v)	{ DIPC_A_##t, 4, &(const uint32_t){ v } }
#define U64(t, v)	{ DIPC_A_##t, 8, &(const uint64_t){ v } }
#define STR(t, s)	{ DIPC_A_##t, sizeof(s), s }
#define RAW(t, s)	{ DIPC_A_##t, sizeof(s) - 1, s }	/* no NUL behind */
#define NONE(t)		{ DIPC_A_##t, 0, "" }
#define NAME		STR(MAILBOX_NAME, "fine")
#define THERE		STR(MAILBOX_NAME, "there")

#define TEN	"1234567890"
#define SIXTY	TEN TEN TEN TEN TEN TEN

struct row {
	const char *what;
	uint8_t cmd;
	struct attr attrs[4];
	int err;
	int bad;		/* which of @attrs is to blame, from 1; 0: none;
				 * -1: old kernels do not say it of a dump */
	const char *says;	/* part of the text; NULL: the core has none */
	uint16_t flags;
};

#define NEW	DIPC_CMD_MAILBOX_NEW
#define SET	DIPC_CMD_MAILBOX_SET

static const struct row rows[] = {
	/* names */
	{ "no name", NEW, {}, EINVAL, 0, "missing" },
	{ "name of 0 bytes", NEW, { NONE(MAILBOX_NAME) }, EINVAL, 1, "" },
	{ "name of a NUL", NEW, { RAW(MAILBOX_NAME, "\0") }, EINVAL, 1, "name" },
	{ "name of 64 bytes", NEW, { STR(MAILBOX_NAME, SIXTY "1234") },
	  EINVAL, 1, "" },
	{ "name of 64 bytes without NUL", NEW,
	  { RAW(MAILBOX_NAME, SIXTY "1234") }, EINVAL, 1, "" },
	{ "name of 255 bytes", NEW,
	  { STR(MAILBOX_NAME, SIXTY SIXTY SIXTY SIXTY "123456789012345") },
	  EINVAL, 1, "" },
	{ "name without NUL", NEW, { RAW(MAILBOX_NAME, "abc") }, EINVAL, 1, "" },
	{ "NUL in a name", NEW, { STR(MAILBOX_NAME, "ab\0cd") },
	  EINVAL, 1, "name" },
	{ "space in a name", NEW, { STR(MAILBOX_NAME, "a b") },
	  EINVAL, 1, "name" },
	{ "node in a name", NEW, { STR(MAILBOX_NAME, "a@b") },
	  EINVAL, 1, "name" },
	{ "prefix in a name", NEW, { STR(MAILBOX_NAME, "mbox:a") },
	  EINVAL, 1, "name" },
	{ "no letter first", NEW, { STR(MAILBOX_NAME, ".a") },
	  EINVAL, 1, "name" },
	{ "no ASCII", NEW, { STR(MAILBOX_NAME, "\xc3\xa4") },
	  EINVAL, 1, "name" },
	{ "reserved name", NEW, { STR(MAILBOX_NAME, "dipc.x") },
	  EINVAL, 1, "name" },
	{ "name taken by a mailbox", NEW, { THERE }, EEXIST, 1, "taken" },
	{ "name taken by a port", NEW, { STR(MAILBOX_NAME, "port") },
	  EEXIST, 1, "taken" },
	/* values */
	{ "mode above 0777", NEW, { NAME, U32(MAILBOX_MODE, 01000) },
	  ERANGE, 2, "range" },
	{ "policy above the last", NEW, { NAME, U32(MAILBOX_POLICY, 4) },
	  ERANGE, 2, "range" },
	{ "order above the last", NEW, { NAME, U32(MAILBOX_ORDER, 2) },
	  ERANGE, 2, "range" },
	{ "order set above the last", SET, { THERE, U32(MAILBOX_ORDER, 2) },
	  ERANGE, 2, "range" },
	{ "scope above the last", NEW, { NAME, U32(MAILBOX_SCOPE, 3) },
	  ERANGE, 2, "range" },
	{ "largest message above 64 MiB", NEW,
	  { NAME, U32(MAILBOX_MSG_MAX_BYTES, DIPC_MSG_LEN_MAX + 1) },
	  ERANGE, 2, "range" },
	{ "no such uid", NEW, { NAME, U32(MAILBOX_UID, -1) }, EINVAL, 2, "user" },
	{ "no such gid", NEW, { NAME, U32(MAILBOX_GID, -1) },
	  EINVAL, 2, "group" },
	{ "capacity below the largest message", NEW,
	  { NAME, U32(MAILBOX_MSG_MAX_BYTES, 11), U64(MAILBOX_CAPACITY_BYTES, 10) },
	  EINVAL, 3, "below" },
	{ "capacity set below the largest message", SET,
	  { THERE, U64(MAILBOX_CAPACITY_BYTES, 10) }, EINVAL, 2, "below" },
	{ "largest message set above the capacity", SET,
	  { THERE, U32(MAILBOX_MSG_MAX_BYTES, 2 << 20) }, EINVAL, 2, "below" },
	/* sizes */
	{ "short mode", NEW, { NAME, RAW(MAILBOX_MODE, "\1\0") }, EINVAL, 2, "" },
	{ "long mode", NEW, { NAME, U64(MAILBOX_MODE, 0600) }, EINVAL, 2, "" },
	{ "short capacity", NEW, { NAME, U32(MAILBOX_CAPACITY_BYTES, 1 << 20) },
	  EINVAL, 2, "" },
	{ "flag with a value", NEW, { NAME, U32(MAILBOX_TRANSIENT, 1) },
	  ERANGE, 2, "" },
	{ "short order", NEW, { NAME, RAW(MAILBOX_ORDER, "\1") }, EINVAL, 2, "" },
	{ "value in a nest", NEW,
	  { NAME, { DIPC_A_MAILBOX_MODE | NLA_F_NESTED, 4,
		    &(const uint32_t){ 0600 } } }, EINVAL, 2, "NESTED" },
	/* which attributes */
	{ "name twice", NEW, { NAME, NAME }, EINVAL, 2, "twice" },
	{ "mode twice", NEW,
	  { U32(MAILBOX_MODE, 0600), NAME, U32(MAILBOX_MODE, 0600) },
	  EINVAL, 3, "twice" },
	{ "flag twice", NEW,
	  { NAME, NONE(MAILBOX_TRANSIENT), NONE(MAILBOX_TRANSIENT) },
	  EINVAL, 3, "twice" },
	{ "number twice", DIPC_CMD_PORT_GET,
	  { U64(PORT_ID, 1), U64(PORT_ID, 1) }, EINVAL, 2, "twice" },
	{ "state in a new mailbox", NEW, { NAME, U32(MAILBOX_QUEUED_MSGS, 1) },
	  EINVAL, 2, "" },
	{ "padding", NEW, { NAME, NONE(MAILBOX_PAD) }, EINVAL, 2, "" },
	{ "attribute 0", NEW, { NAME, { 0, 4, "abc" } }, EINVAL, 2, "" },
	{ "attribute 100", NEW, { NAME, { 100, 4, "abc" } }, EINVAL, 2, "" },
	{ "last attribute", NEW, { NAME, { 0x3fff, 4, "abc" } },
	  EINVAL, 2, "" },
	{ "scope is not set", SET, { THERE, U32(MAILBOX_SCOPE, 1) },
	  EINVAL, 2, "" },
	{ "transient is not set", SET, { THERE, NONE(MAILBOX_TRANSIENT) },
	  EINVAL, 2, "" },
	{ "mode of what is deleted", DIPC_CMD_MAILBOX_DEL,
	  { THERE, U32(MAILBOX_MODE, 0600) }, EINVAL, 2, "" },
	{ "attribute of a node", DIPC_CMD_NODE_GET, { U32(NODE_ID, 0) },
	  EINVAL, 1, "" },
	{ "attribute of counters", DIPC_CMD_STATS_GET, { U32(STATS_PORTS, 0) },
	  EINVAL, 1, "" },
	/* what is not there */
	{ "set nothing", SET, {}, EINVAL, 0, "missing" },
	{ "set what is not there", SET, { NAME }, ENOENT, 1, "no such" },
	{ "set the name of a port", SET, { STR(MAILBOX_NAME, "port") },
	  ENOENT, 1, "no such" },
	{ "get nothing", DIPC_CMD_MAILBOX_GET, {}, EINVAL, 0, "missing" },
	{ "get what is not there", DIPC_CMD_MAILBOX_GET, { NAME },
	  ENOENT, 1, "no such" },
	{ "delete nothing", DIPC_CMD_MAILBOX_DEL, {}, EINVAL, 0, "missing" },
	{ "delete what is not there", DIPC_CMD_MAILBOX_DEL, { NAME },
	  ENOENT, 1, "no such" },
	{ "delete a bad name", DIPC_CMD_MAILBOX_DEL,
	  { STR(MAILBOX_NAME, "a b") }, EINVAL, 1, "name" },
	{ "purge nothing", DIPC_CMD_MAILBOX_PURGE, {}, EINVAL, 0, "missing" },
	{ "purge what is not there", DIPC_CMD_MAILBOX_PURGE, { NAME },
	  ENOENT, 1, "no such" },
	{ "no port", DIPC_CMD_PORT_GET, {}, EINVAL, 0, "missing" },
	{ "port 0", DIPC_CMD_PORT_GET, { U64(PORT_ID, 0) }, ERANGE, 1, "range" },
	{ "port of nobody", DIPC_CMD_PORT_GET, { U64(PORT_ID, 77) },
	  ENOENT, 1, "nobody" },
	{ "no name to get", DIPC_CMD_NAME_GET, {}, EINVAL, 0, "missing" },
	{ "name of nobody", DIPC_CMD_NAME_GET, { STR(NAME_NAME, "nobody") },
	  ENOENT, 1, "nobody" },
	/* dumps and flags */
	{ "dump of one mailbox", DIPC_CMD_MAILBOX_GET, { THERE },
	  EINVAL, -1, "dump", NLM_F_DUMP },
	{ "dump of one port", DIPC_CMD_PORT_GET, { U64(PORT_ID, 1) },
	  EINVAL, -1, "dump", NLM_F_DUMP },
	{ "dump of one name", DIPC_CMD_NAME_GET, { STR(NAME_NAME, "port") },
	  EINVAL, -1, "dump", NLM_F_DUMP },
	{ "dump of counters", DIPC_CMD_STATS_GET, {}, EOPNOTSUPP, 0, NULL,
	  NLM_F_DUMP },
	{ "dump of one link", DIPC_CMD_LINK_GET, { U32(LINK_ID, 1) },
	  EINVAL, -1, "dump", NLM_F_DUMP },
	{ "no link", DIPC_CMD_LINK_GET, {}, EINVAL, 0, "missing" },
	{ "link that is not there", DIPC_CMD_LINK_GET, { U32(LINK_ID, 77) },
	  ENOENT, 1, "no such" },
	{ "link by its name", DIPC_CMD_LINK_GET, { STR(LINK_NAME, "x") },
	  EINVAL, 1, "" },
	/* looking into queues */
	{ "peek at one", DIPC_CMD_MAILBOX_PEEK, { STR(MESSAGE_MAILBOX, "there") },
	  EOPNOTSUPP, 0, NULL },
	{ "peek nowhere", DIPC_CMD_MAILBOX_PEEK, {}, EINVAL, 0, "missing",
	  NLM_F_DUMP },
	{ "peek at what is not there", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "fine") }, ENOENT, -1, "no such", NLM_F_DUMP },
	{ "peek at a port", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "port") }, ENOENT, -1, "no such", NLM_F_DUMP },
	{ "peek at a bad name", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "a b") }, EINVAL, -1, "name", NLM_F_DUMP },
	{ "peek at no message", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "there"), U32(MESSAGE_COUNT, 0) },
	  ERANGE, -1, "range", NLM_F_DUMP },
	{ "peek at too many bytes", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "there"), U32(MESSAGE_BYTES, 2049) },
	  ERANGE, -1, "range", NLM_F_DUMP },
	{ "peek by a short number", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "there"), U32(MESSAGE_FROM, 1) },
	  EINVAL, -1, "", NLM_F_DUMP },
	{ "peek twice", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "there"), STR(MESSAGE_MAILBOX, "there") },
	  EINVAL, -1, "twice", NLM_F_DUMP },
	{ "peek by tag", DIPC_CMD_MAILBOX_PEEK,
	  { STR(MESSAGE_MAILBOX, "there"), U64(MESSAGE_TAG, 1) },
	  EINVAL, -1, "", NLM_F_DUMP },
	{ "who waits for one", DIPC_CMD_WAITER_GET, { U64(WAITER_PORT, 77) },
	  EOPNOTSUPP, 0, NULL },
	{ "who waits nowhere", DIPC_CMD_WAITER_GET, {}, EINVAL, 0, "either",
	  NLM_F_DUMP },
	{ "who waits in two", DIPC_CMD_WAITER_GET,
	  { U64(WAITER_PORT, 77), STR(WAITER_MAILBOX, "there") },
	  EINVAL, 0, "either", NLM_F_DUMP },
	{ "who waits in two of three", DIPC_CMD_WAITER_GET,
	  { U32(WAITER_LINK, 1), STR(WAITER_MAILBOX, "there") },
	  EINVAL, 0, "either", NLM_F_DUMP },
	{ "who waits in no link", DIPC_CMD_WAITER_GET, { U32(WAITER_LINK, 77) },
	  ENOENT, -1, "no such", NLM_F_DUMP },
	{ "who waits at port 0", DIPC_CMD_WAITER_GET, { U64(WAITER_PORT, 0) },
	  ERANGE, -1, "range", NLM_F_DUMP },
	{ "who waits at nobody's port", DIPC_CMD_WAITER_GET,
	  { U64(WAITER_PORT, 77) }, ENOENT, -1, "nobody", NLM_F_DUMP },
	{ "who waits where nothing is", DIPC_CMD_WAITER_GET,
	  { STR(WAITER_MAILBOX, "fine") }, ENOENT, -1, "no such", NLM_F_DUMP },
	{ "who waits with a tag", DIPC_CMD_WAITER_GET,
	  { STR(WAITER_MAILBOX, "there"), U64(WAITER_TAG, 1) },
	  EINVAL, -1, "", NLM_F_DUMP },
	{ "create", NEW, { NAME }, EINVAL, 0, "flags", NLM_F_CREATE },
	{ "create, exclusive", NEW, { NAME }, EINVAL, 0, "flags",
	  NLM_F_CREATE | NLM_F_EXCL },
	{ "replace", NEW, { THERE }, EINVAL, 0, "flags", NLM_F_REPLACE },
	/* commands */
	{ "no such command", 200, {}, EOPNOTSUPP, 0, NULL },
	{ "command 0", 0, {}, EOPNOTSUPP, 0, NULL },
	{ "an event as a command", DIPC_CMD_NAME_NEW_NTF, {}, EOPNOTSUPP, 0,
	  NULL },
};

FIXTURE(world) {
	struct dt_nl nl;
	int port;		/* has the name "port" */
};

FIXTURE_SETUP(world)
{
	struct sockaddr_dipc addr = dt_name("port");

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	ASSERT_EQ(0, dt_mailbox_new("there", DT_MAILBOX()));
	self->port = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(world)
{
	dt_nl_close(&self->nl);
	close(self->port);
}

/* Where the attribute is that is to blame. */
static uint32_t build(struct dt_nl *nl, const struct row *row)
{
	uint32_t at = 0;
	size_t i;

	dt_nl_begin(nl, row->cmd, row->flags);
	for (i = 0; i < ARRAY_SIZE(row->attrs) && row->attrs[i].data; i++) {
		if (i + 1 == (size_t)row->bad)
			at = nl->len;
		dt_nl_put(nl, row->attrs[i].type, row->attrs[i].data,
			  row->attrs[i].len);
	}
	return at;
}

TEST_F(world, bad_requests_are_refused_and_change_nothing)
{
	struct dt_queue before, after;
	struct dt_stats stats;
	uint32_t at;
	size_t i;
	int err;

	ASSERT_EQ(0, dt_mailbox_get("there", &before));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		at = build(&self->nl, row);
		err = dt_nl_call(&self->nl, NULL, NULL, NULL);
		EXPECT_EQ(-row->err, err) {
			TH_LOG("%s: %s", row->what, self->nl.extack);
		}
		EXPECT_TRUE(row->bad < 0 || at == self->nl.bad_offset) {
			TH_LOG("%s: blames what is at %u, not at %u",
			       row->what, self->nl.bad_offset, at);
		}
		if (!row->says)
			continue;
		EXPECT_NE('\0', self->nl.extack[0]) {
			TH_LOG("%s: no text", row->what);
		}
		EXPECT_NE(NULL, strstr(self->nl.extack, row->says)) {
			TH_LOG("%s: '%s'", row->what, self->nl.extack);
		}
	}
	ASSERT_EQ(0, dt_mailbox_get("there", &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(1, stats.mailboxes);
	EXPECT_EQ(2, stats.names);
}

TEST_F(world, malformed_messages_are_refused)
{
	struct genlmsghdr *genl = NLMSG_DATA(self->nl.buf);
	struct nlattr *attr;

	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "there");
	genl->reserved = 1;
	EXPECT_EQ(-EINVAL, dt_nl_call(&self->nl, NULL, NULL, NULL));

	/* an attribute that says it is longer than the message */
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_GET, 0);
	attr = (struct nlattr *)(self->nl.buf + self->nl.len);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "there");
	attr->nla_len += 100;
	EXPECT_EQ(-EINVAL, dt_nl_call(&self->nl, NULL, NULL, NULL));

	/* bytes behind the last attribute */
	dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "there");
	memset(self->nl.buf + self->nl.len, 0, 4);
	self->nl.len += 4;
	EXPECT_EQ(-EINVAL, dt_nl_call(&self->nl, NULL, NULL, NULL));
}

/*
 * What each command does
 */

struct node {
	uint32_t family, id;
	char version[32];
};

static void node_cb(int type, const void *data, int len, void *arg)
{
	struct node *node = arg;

	if (type == DIPC_A_NODE_FAMILY)
		memcpy(&node->family, data, sizeof(node->family));
	else if (type == DIPC_A_NODE_ID)
		memcpy(&node->id, data, sizeof(node->id));
	else if (type == DIPC_A_NODE_VERSION)
		snprintf(node->version, sizeof(node->version), "%s",
			 (const char *)data);
}

TEST_F(world, node_get_tells_the_family_number)
{
	struct node node = { .id = 99 };

	dt_nl_begin(&self->nl, DIPC_CMD_NODE_GET, 0);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, node_cb, &node));
	EXPECT_EQ(dt_family(), node.family);
	EXPECT_EQ(0, node.id);
	EXPECT_NE('\0', node.version[0]);
}

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

/*
 * Links
 */

struct links {
	uint32_t n, ended, closed, type, msgs, id, pid;
	uint64_t bytes, writer[4], reader[4];
	char name[DIPC_NAME_MAX + 1];
};

static void links_begin(uint8_t cmd, void *arg)
{
	struct links *l = arg;

	l->n++;
}

static void links_cb(int type, const void *data, int len, void *arg)
{
	struct links *l = arg;
	uint32_t at = (l->n - 1) % 4;
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_LINK_ID:		l->id = v; break;
	case DIPC_A_LINK_SOCKET_TYPE:	l->type = v; break;
	case DIPC_A_LINK_NAME:
		snprintf(l->name, sizeof(l->name), "%s", (const char *)data);
		break;
	case DIPC_A_LINK_WRITER_PORT:	l->writer[at] = v; break;
	case DIPC_A_LINK_READER_PORT:	l->reader[at] = v; break;
	case DIPC_A_LINK_READER_PID:	l->pid = v; break;
	case DIPC_A_LINK_ENDED:		l->ended++; break;
	case DIPC_A_LINK_CLOSED:	l->closed++; break;
	case DIPC_A_LINK_QUEUED_MSGS:	l->msgs += v; break;
	case DIPC_A_LINK_QUEUED_BYTES:	l->bytes += v; break;
	}
}

static int links_dump(struct dt_nl *nl, struct links *l)
{
	memset(l, 0, sizeof(*l));
	dt_nl_begin(nl, DIPC_CMD_LINK_GET, NLM_F_DUMP);
	return dt_nl_call(nl, links_begin, links_cb, l);
}

TEST_F(world, link_get_tells_both_directions_of_a_connection)
{
	struct links all, one;
	int fds[2];

	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(0, all.n);
	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, fds));
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	ASSERT_EQ(2, all.n);
	EXPECT_EQ(SOCK_SEQPACKET, all.type);
	EXPECT_EQ(all.writer[0], all.reader[1]);
	EXPECT_EQ(all.writer[1], all.reader[0]);
	EXPECT_NE(all.writer[0], all.writer[1]);
	EXPECT_EQ(getpid(), all.pid);
	EXPECT_EQ(0, all.ended + all.closed + all.msgs);
	ASSERT_EQ(3, dt_send(fds[0], "abc", 3, 0, NULL));
	ASSERT_EQ(0, shutdown(fds[0], SHUT_WR));
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(1, all.msgs);
	EXPECT_EQ(3, all.bytes);
	EXPECT_EQ(1, all.ended);
	EXPECT_EQ(0, all.closed);

	memset(&one, 0, sizeof(one));
	dt_nl_begin(&self->nl, DIPC_CMD_LINK_GET, 0);
	dt_nl_put_u32(&self->nl, DIPC_A_LINK_ID, all.id);
	ASSERT_EQ(0, dt_nl_call(&self->nl, links_begin, links_cb, &one));
	EXPECT_EQ(1, one.n);
	EXPECT_EQ(all.id, one.id);
	EXPECT_EQ(all.writer[1], one.writer[0]);
	close(fds[0]);
	close(fds[1]);
	dt_rcu_barrier();
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(0, all.n);
}

static void listener_cb(int type, const void *data, int len, void *arg)
{
	uint32_t *found = arg;

	if (type == DIPC_A_PORT_BACKLOG)
		memcpy(&found[0], data, sizeof(found[0]));
	else if (type == DIPC_A_PORT_PENDING)
		memcpy(&found[1], data, sizeof(found[1]));
}

TEST_F(world, port_that_listens_tells_how_many_wait)
{
	struct sockaddr_dipc addr = dt_name("service");
	int server = dt_socket_bound(SOCK_STREAM, &addr);
	uint32_t found[2] = { 99, 99 };
	struct links all;
	int client;

	ASSERT_LE(0, server);
	ASSERT_EQ(0, listen(server, 5));
	client = dt_socket_connected(SOCK_STREAM, &addr);
	ASSERT_LE(0, client);
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, 0);
	dt_nl_put_u64(&self->nl, DIPC_A_PORT_ID, dt_port_id(server));
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, listener_cb, found));
	EXPECT_EQ(5, found[0]);
	EXPECT_EQ(1, found[1]);
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(2, all.n);
	EXPECT_STREQ("service", all.name);
	EXPECT_EQ(SOCK_STREAM, all.type);
	close(client);
	close(server);
	found[0] = found[1] = 99;
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, 0);
	dt_nl_put_u64(&self->nl, DIPC_A_PORT_ID, dt_port_id(self->port));
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, listener_cb, found));
	EXPECT_EQ(99, found[0]);
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

TEST_F(world, port_get_tells_whose_it_is_and_what_it_holds)
{
	struct dipc_queue_conf conf;
	struct dt_queue q;

	ASSERT_EQ(0, dt_get_conf(self->port, &conf));
	ASSERT_EQ(0, dt_port_get(dt_port_id(self->port), &q));
	EXPECT_EQ(dt_port_id(self->port), q.id);
	EXPECT_EQ(0, q.uid);
	EXPECT_EQ(getpid(), q.pid);
	EXPECT_EQ(SOCK_RDM, q.socket_type);
	EXPECT_EQ(1, q.n_names);
	EXPECT_STREQ("", q.name);
	EXPECT_EQ(conf.capacity_msgs, q.capacity_msgs);
	EXPECT_EQ(conf.capacity_bytes, q.capacity_bytes);
	EXPECT_EQ(conf.msg_max_bytes, q.msg_max_bytes);
	EXPECT_EQ(conf.policy, q.policy);
}

TEST_F(world, port_of_a_mailbox_user_names_the_mailbox)
{
	struct sockaddr_dipc addr = dt_mailbox("there");
	int fd = dt_socket_bound(SOCK_DGRAM, &addr);
	struct dt_queue q;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_port_get(dt_port_id(fd), &q));
	EXPECT_STREQ("there", q.name);
	EXPECT_EQ(SOCK_DGRAM, q.socket_type);
	/* it has no queue */
	EXPECT_EQ(0, q.capacity_msgs);
	close(fd);
}

struct name {
	char name[DIPC_NAME_MAX + 1];
	uint32_t type, scope, uid, socket_type, port_count;
	uint32_t n_ports;
	uint64_t port;
};

static void name_cb(int type, const void *data, int len, void *arg)
{
	struct name *n = arg;
	uint32_t u32 = 0;

	if (len == sizeof(u32))
		memcpy(&u32, data, sizeof(u32));
	switch (type) {
	case DIPC_A_NAME_NAME:
		memcpy(n->name, data, len);
		break;
	case DIPC_A_NAME_TYPE:
		n->type = u32;
		break;
	case DIPC_A_NAME_SCOPE:
		n->scope = u32;
		break;
	case DIPC_A_NAME_UID:
		n->uid = u32;
		break;
	case DIPC_A_NAME_SOCKET_TYPE:
		n->socket_type = u32;
		break;
	case DIPC_A_NAME_PORT_COUNT:
		n->port_count = u32;
		break;
	case DIPC_A_NAME_PORT:
		n->n_ports++;
		memcpy(&n->port, data, sizeof(n->port));
		break;
	}
}

static int name_get(struct dt_nl *nl, const char *text, struct name *name)
{
	memset(name, 0, sizeof(*name));
	dt_nl_begin(nl, DIPC_CMD_NAME_GET, 0);
	dt_nl_put_str(nl, DIPC_A_NAME_NAME, text);
	return dt_nl_call(nl, NULL, name_cb, name);
}

TEST_F(world, name_get_tells_who_has_it)
{
	struct name n;

	ASSERT_EQ(0, name_get(&self->nl, "port", &n));
	EXPECT_STREQ("port", n.name);
	EXPECT_EQ(DIPC_ADDR_PORT, n.type);
	EXPECT_EQ(DIPC_SCOPE_DEFAULT, n.scope);
	EXPECT_EQ(SOCK_RDM, n.socket_type);
	EXPECT_EQ(1, n.port_count);
	EXPECT_EQ(1, n.n_ports);
	EXPECT_EQ(dt_port_id(self->port), n.port);

	ASSERT_EQ(0, name_get(&self->nl, "there", &n));
	EXPECT_EQ(DIPC_ADDR_MAILBOX, n.type);
	EXPECT_EQ(0, n.n_ports + n.port_count);
}

TEST_F(world, name_of_a_mailbox_follows_its_owner)
{
	struct name n;

	ASSERT_EQ(0, dt_mailbox_set("there", DT_MAILBOX(.uid = 5)));
	ASSERT_EQ(0, name_get(&self->nl, "there", &n));
	EXPECT_EQ(5, n.uid);
}

struct counters {
	unsigned int n;
	char names[__DIPC_REASON_COUNT][24];
};

static void counter_cb(int type, const void *data, int len, void *arg)
{
	struct counters *c = arg;

	if (type == DIPC_A_COUNTER_NAME && c->n < __DIPC_REASON_COUNT)
		snprintf(c->names[c->n++], sizeof(c->names[0]), "%s",
			 (const char *)data);
}

static void stats_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_STATS_COUNTER)
		dt_nl_attrs(data, len, counter_cb, arg);
}

TEST_F(world, stats_get_names_every_reason_once)
{
	struct counters c = { 0 };
	unsigned int i, k;

	dt_nl_begin(&self->nl, DIPC_CMD_STATS_GET, 0);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, stats_cb, &c));
	/* all but DIPC_REASON_NONE */
	ASSERT_EQ(__DIPC_REASON_COUNT - 1, c.n);
	for (i = 0; i < c.n; i++)
		for (k = 0; k < i; k++)
			EXPECT_STRNE(c.names[i], c.names[k]);
	EXPECT_STREQ("queued", c.names[DIPC_REASON_QUEUED - 1]);
	EXPECT_STREQ("fault", c.names[DIPC_REASON_FAULT - 1]);
}

TEST_F(world, stats_get_counts_objects)
{
	struct dt_stats stats;

	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(1, stats.ports);
	EXPECT_EQ(1, stats.mailboxes);
	EXPECT_EQ(2, stats.names);
	EXPECT_EQ(__DIPC_REASON_COUNT - 1, stats.n_counters);
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

TEST_HARNESS_MAIN
