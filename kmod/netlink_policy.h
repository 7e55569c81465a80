/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/dipc.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_DIPC_GEN_H
#define _LINUX_DIPC_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <linux/dipc_netlink.h>
#include <linux/dipc.h>

extern const struct nla_policy dipc_node_get_nl_policy[DIPC_A_NODE_PAD + 1];

extern const struct nla_policy dipc_mailbox_get_nl_policy[DIPC_A_MAILBOX_NAME + 1];

extern const struct nla_policy dipc_mailbox_new_nl_policy[DIPC_A_MAILBOX_ORDER + 1];

extern const struct nla_policy dipc_mailbox_set_nl_policy[DIPC_A_MAILBOX_ORDER + 1];

extern const struct nla_policy dipc_mailbox_del_nl_policy[DIPC_A_MAILBOX_NAME + 1];

extern const struct nla_policy dipc_mailbox_purge_nl_policy[DIPC_A_MAILBOX_NAME + 1];

extern const struct nla_policy dipc_port_get_nl_policy[DIPC_A_PORT_ID + 1];

extern const struct nla_policy dipc_name_get_nl_policy[DIPC_A_NAME_NAME + 1];

extern const struct nla_policy dipc_stats_get_nl_policy[DIPC_A_STATS_PAD + 1];

extern const struct nla_policy dipc_waiter_get_nl_policy[DIPC_A_WAITER_LINK + 1];

extern const struct nla_policy dipc_mailbox_peek_nl_policy[DIPC_A_MESSAGE_BYTES + 1];

extern const struct nla_policy dipc_link_get_nl_policy[DIPC_A_LINK_ID + 1];

extern const struct nla_policy dipc_call_get_nl_policy[DIPC_A_CALL_PAD + 1];

/* Ops table for dipc */
extern const struct genl_ops dipc_nl_ops[13];

int dipc_nl_node_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int dipc_nl_mailbox_new_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_set_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_del_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_purge_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_name_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_name_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_waiter_get_done(struct netlink_callback *cb);
int dipc_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_mailbox_peek_done(struct netlink_callback *cb);
int dipc_nl_mailbox_peek_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int dipc_nl_link_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_link_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_call_get_done(struct netlink_callback *cb);
int dipc_nl_call_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	DIPC_NLGRP_EVENTS,
};

#endif /* _LINUX_DIPC_GEN_H */
