/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making, changing, emptying and deleting mailboxes over netlink, as in the
 * table of netlink_policy.c.
 */
#ifndef _DIPC_NETLINK_MAILBOX_H
#define _DIPC_NETLINK_MAILBOX_H

struct genl_info;
struct sk_buff;

int dipc_nl_mailbox_new_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_set_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_del_doit(struct sk_buff *skb, struct genl_info *info);
int dipc_nl_mailbox_purge_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _DIPC_NETLINK_MAILBOX_H */
