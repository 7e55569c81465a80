/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A node: a network namespace with the module loaded. Holds what the objects
 * of a namespace share and what sockets need to find them; has no behaviour
 * beyond being made and ended.
 *
 * Lifetime: from the namespace's (or the module's) beginning to its end; at
 * the end no socket is left, but mailboxes may be.
 */
#ifndef _DIPC_NET_H
#define _DIPC_NET_H

#include <net/net_namespace.h>

#include "caller.h"
#include "link.h"
#include "mailbox.h"
#include "port.h"

struct ctl_table_header;

struct dipc_net {
	struct net		*net;
	struct dipc_stats __percpu *stats;
	struct dipc_limits	limits;
	struct dipc_name_table	names;
	struct dipc_port_table	ports;
	struct dipc_mailbox_table mailboxes;
	struct dipc_link_table	links;
	struct dipc_caller_table callers;
	struct ctl_table_header	*sysctl;
};

extern unsigned int dipc_net_id;

int dipc_net_init(struct dipc_net *dn, struct net *net);
void dipc_net_fini(struct dipc_net *dn);
struct dipc_net *dipc_net_of(const struct net *net);

#endif /* _DIPC_NET_H */
