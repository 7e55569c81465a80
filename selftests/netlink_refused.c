// SPDX-License-Identifier: GPL-2.0
/*
 * Bad requests over netlink: each is refused with an errno, a text and, where
 * one is to blame, the attribute, and changes nothing.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>

#include "world.h"

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
	{ "dump of one call", DIPC_CMD_CALL_GET, { U64(CALL_PORT, 1) },
	  EINVAL, -1, "", NLM_F_DUMP },
	{ "one call", DIPC_CMD_CALL_GET, { U64(CALL_PORT, 1) }, EOPNOTSUPP, 0,
	  NULL },
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

TEST_HARNESS_MAIN
