/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink commands that only look, as in the table of netlink_policy.c.
 */
#ifndef _DIPC_NETLINK_VIEW_H
#define _DIPC_NETLINK_VIEW_H

struct genl_info;
struct netlink_callback;
struct sk_buff;

int dipc_nl_node_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int dipc_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_name_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_name_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_link_get_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_link_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _DIPC_NETLINK_VIEW_H */
