/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink command that looks at calls, as in the table of
 * netlink_policy.c.
 */
#ifndef _DIPC_NETLINK_CALL_H
#define _DIPC_NETLINK_CALL_H

struct netlink_callback;
struct sk_buff;

int dipc_nl_call_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dipc_nl_call_get_done(struct netlink_callback *cb);

#endif /* _DIPC_NETLINK_CALL_H */
