/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink commands that look into queues, as in the table of
 * netlink_policy.c.
 */
#ifndef _DIPC_NETLINK_LOOK_H
#define _DIPC_NETLINK_LOOK_H

struct netlink_callback;
struct sk_buff;

int dipc_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_waiter_get_done(struct netlink_callback *cb);
int dipc_nl_mailbox_peek_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int dipc_nl_mailbox_peek_done(struct netlink_callback *cb);

#endif /* _DIPC_NETLINK_LOOK_H */
