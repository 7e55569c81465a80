// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/dipc.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_policy.h"

#include <linux/dipc_netlink.h>
#include <linux/dipc.h>

/* Integer value ranges */
static struct netlink_range_validation dipc_a_mailbox_msg_max_bytes_range = {
	.max	= DIPC_MSG_LEN_MAX,
};

/* DIPC_CMD_NODE_GET - do */
const struct nla_policy dipc_node_get_nl_policy[DIPC_A_NODE_PAD + 1] = {
};

/* DIPC_CMD_MAILBOX_GET - do */
const struct nla_policy dipc_mailbox_get_nl_policy[DIPC_A_MAILBOX_NAME + 1] = {
	[DIPC_A_MAILBOX_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
};

/* DIPC_CMD_MAILBOX_NEW - do */
const struct nla_policy dipc_mailbox_new_nl_policy[DIPC_A_MAILBOX_ORDER + 1] = {
	[DIPC_A_MAILBOX_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
	[DIPC_A_MAILBOX_UID] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_GID] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_MODE] = NLA_POLICY_MAX(NLA_U32, 511),
	[DIPC_A_MAILBOX_TRANSIENT] = { .type = NLA_FLAG, },
	[DIPC_A_MAILBOX_CAPACITY_MSGS] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_CAPACITY_BYTES] = { .type = NLA_U64, },
	[DIPC_A_MAILBOX_MSG_MAX_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U32, &dipc_a_mailbox_msg_max_bytes_range),
	[DIPC_A_MAILBOX_POLICY] = NLA_POLICY_MAX(NLA_U32, 3),
	[DIPC_A_MAILBOX_SCOPE] = NLA_POLICY_MAX(NLA_U32, 2),
	[DIPC_A_MAILBOX_ORDER] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* DIPC_CMD_MAILBOX_SET - do */
const struct nla_policy dipc_mailbox_set_nl_policy[DIPC_A_MAILBOX_ORDER + 1] = {
	[DIPC_A_MAILBOX_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
	[DIPC_A_MAILBOX_UID] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_GID] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_MODE] = NLA_POLICY_MAX(NLA_U32, 511),
	[DIPC_A_MAILBOX_CAPACITY_MSGS] = { .type = NLA_U32, },
	[DIPC_A_MAILBOX_CAPACITY_BYTES] = { .type = NLA_U64, },
	[DIPC_A_MAILBOX_MSG_MAX_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U32, &dipc_a_mailbox_msg_max_bytes_range),
	[DIPC_A_MAILBOX_POLICY] = NLA_POLICY_MAX(NLA_U32, 3),
	[DIPC_A_MAILBOX_ORDER] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* DIPC_CMD_MAILBOX_DEL - do */
const struct nla_policy dipc_mailbox_del_nl_policy[DIPC_A_MAILBOX_NAME + 1] = {
	[DIPC_A_MAILBOX_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
};

/* DIPC_CMD_MAILBOX_PURGE - do */
const struct nla_policy dipc_mailbox_purge_nl_policy[DIPC_A_MAILBOX_NAME + 1] = {
	[DIPC_A_MAILBOX_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
};

/* DIPC_CMD_PORT_GET - do */
const struct nla_policy dipc_port_get_nl_policy[DIPC_A_PORT_ID + 1] = {
	[DIPC_A_PORT_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* DIPC_CMD_NAME_GET - do */
const struct nla_policy dipc_name_get_nl_policy[DIPC_A_NAME_NAME + 1] = {
	[DIPC_A_NAME_NAME] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
};

/* DIPC_CMD_STATS_GET - do */
const struct nla_policy dipc_stats_get_nl_policy[DIPC_A_STATS_PAD + 1] = {
};

/* DIPC_CMD_WAITER_GET - do */
const struct nla_policy dipc_waiter_get_nl_policy[DIPC_A_WAITER_LINK + 1] = {
	[DIPC_A_WAITER_PORT] = NLA_POLICY_MIN(NLA_U64, 1),
	[DIPC_A_WAITER_MAILBOX] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
	[DIPC_A_WAITER_LINK] = { .type = NLA_U32, },
};

/* DIPC_CMD_MAILBOX_PEEK - do */
const struct nla_policy dipc_mailbox_peek_nl_policy[DIPC_A_MESSAGE_BYTES + 1] = {
	[DIPC_A_MESSAGE_MAILBOX] = { .type = NLA_NUL_STRING, .len = DIPC_NAME_MAX, },
	[DIPC_A_MESSAGE_FROM] = { .type = NLA_U64, },
	[DIPC_A_MESSAGE_COUNT] = NLA_POLICY_MIN(NLA_U32, 1),
	[DIPC_A_MESSAGE_BYTES] = NLA_POLICY_MAX(NLA_U32, 2048),
};

/* DIPC_CMD_LINK_GET - do */
const struct nla_policy dipc_link_get_nl_policy[DIPC_A_LINK_ID + 1] = {
	[DIPC_A_LINK_ID] = { .type = NLA_U32, },
};

/* DIPC_CMD_CALL_GET - do */
const struct nla_policy dipc_call_get_nl_policy[DIPC_A_CALL_PAD + 1] = {
};

/* Ops table for dipc */
const struct genl_ops dipc_nl_ops[13] = {
	{
		.cmd		= DIPC_CMD_NODE_GET,
		.doit		= dipc_nl_node_get_doit,
		.policy		= dipc_node_get_nl_policy,
		.maxattr	= DIPC_A_NODE_PAD,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_GET,
		.doit		= dipc_nl_mailbox_get_doit,
		.dumpit		= dipc_nl_mailbox_get_dumpit,
		.policy		= dipc_mailbox_get_nl_policy,
		.maxattr	= DIPC_A_MAILBOX_NAME,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_NEW,
		.doit		= dipc_nl_mailbox_new_doit,
		.policy		= dipc_mailbox_new_nl_policy,
		.maxattr	= DIPC_A_MAILBOX_ORDER,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_SET,
		.doit		= dipc_nl_mailbox_set_doit,
		.policy		= dipc_mailbox_set_nl_policy,
		.maxattr	= DIPC_A_MAILBOX_ORDER,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_DEL,
		.doit		= dipc_nl_mailbox_del_doit,
		.policy		= dipc_mailbox_del_nl_policy,
		.maxattr	= DIPC_A_MAILBOX_NAME,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_PURGE,
		.doit		= dipc_nl_mailbox_purge_doit,
		.policy		= dipc_mailbox_purge_nl_policy,
		.maxattr	= DIPC_A_MAILBOX_NAME,
	},
	{
		.cmd		= DIPC_CMD_PORT_GET,
		.doit		= dipc_nl_port_get_doit,
		.dumpit		= dipc_nl_port_get_dumpit,
		.policy		= dipc_port_get_nl_policy,
		.maxattr	= DIPC_A_PORT_ID,
	},
	{
		.cmd		= DIPC_CMD_NAME_GET,
		.doit		= dipc_nl_name_get_doit,
		.dumpit		= dipc_nl_name_get_dumpit,
		.policy		= dipc_name_get_nl_policy,
		.maxattr	= DIPC_A_NAME_NAME,
	},
	{
		.cmd		= DIPC_CMD_STATS_GET,
		.doit		= dipc_nl_stats_get_doit,
		.policy		= dipc_stats_get_nl_policy,
		.maxattr	= DIPC_A_STATS_PAD,
	},
	{
		.cmd		= DIPC_CMD_WAITER_GET,
		.done		= dipc_nl_waiter_get_done,
		.dumpit		= dipc_nl_waiter_get_dumpit,
		.policy		= dipc_waiter_get_nl_policy,
		.maxattr	= DIPC_A_WAITER_LINK,
	},
	{
		.cmd		= DIPC_CMD_MAILBOX_PEEK,
		.done		= dipc_nl_mailbox_peek_done,
		.dumpit		= dipc_nl_mailbox_peek_dumpit,
		.policy		= dipc_mailbox_peek_nl_policy,
		.maxattr	= DIPC_A_MESSAGE_BYTES,
	},
	{
		.cmd		= DIPC_CMD_LINK_GET,
		.doit		= dipc_nl_link_get_doit,
		.dumpit		= dipc_nl_link_get_dumpit,
		.policy		= dipc_link_get_nl_policy,
		.maxattr	= DIPC_A_LINK_ID,
	},
	{
		.cmd		= DIPC_CMD_CALL_GET,
		.done		= dipc_nl_call_get_done,
		.dumpit		= dipc_nl_call_get_dumpit,
		.policy		= dipc_call_get_nl_policy,
		.maxattr	= DIPC_A_CALL_PAD,
	},
};
