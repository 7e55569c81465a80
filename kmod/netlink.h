/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family "dipc". netlink.c registers it and checks what
 * no policy can; its commands are in netlink_mailbox.c (what changes
 * something), netlink_view.c (what exists) and netlink_look.c (what is in
 * queues), all by netlink_put.c; the table of commands, netlink_policy.c, is
 * generated from
 * Documentation/netlink/specs/dipc.yaml by "scripts/checks/netlink-spec.sh
 * --update". Events are in netlink_event.c.
 *
 * Lifetime: the family is registered after the namespaces are set up and
 * unregistered before they are torn down; from then on no command runs.
 * Events end before their namespace does.
 */
#ifndef _DIPC_NETLINK_H
#define _DIPC_NETLINK_H

struct dipc_net;
struct genl_family;

extern struct genl_family dipc_nl_family;

/* netlink.c */
int dipc_netlink_register(void);
void dipc_netlink_unregister(void);

/* netlink_event.c */
void dipc_netlink_init_net(struct dipc_net *dn);
void dipc_netlink_fini_net(struct dipc_net *dn);

#endif /* _DIPC_NETLINK_H */
