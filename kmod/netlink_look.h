/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink commands that look into queues, as in the table of
 * netlink_policy.c, and who may do that.
 */
#ifndef _DIPC_NETLINK_LOOK_H
#define _DIPC_NETLINK_LOOK_H

#include <linux/types.h>

struct dipc_queue;
struct net;
struct netlink_callback;
struct sk_buff;

bool dipc_nl_may_look(struct dipc_queue *queue, struct net *net);

int dipc_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_waiter_get_done(struct netlink_callback *cb);
int dipc_nl_mailbox_peek_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int dipc_nl_mailbox_peek_done(struct netlink_callback *cb);

#endif /* _DIPC_NETLINK_LOOK_H */
