// SPDX-License-Identifier: GPL-2.0
/* Making and ending a node; see net.h. */
#include <net/netns/generic.h>

#include "net.h"

/* Set when main.c registers the per-namespace operations. */
unsigned int dipc_net_id;

static const struct dipc_limits default_limits = {
	.max = {
		[DIPC_RES_BYTES]	= 128UL << 20,
		[DIPC_RES_PORTS]	= 65536,
		[DIPC_RES_NAMES]	= 65536,
		[DIPC_RES_MAILBOXES]	= 4096,
		[DIPC_RES_FILES]	= 16384,
	},
};

/**
 * dipc_net_of() - the node that a network namespace is
 * @net: the namespace
 *
 * Context: any, while the module is loaded.
 * Return: the node.
 */
struct dipc_net *dipc_net_of(const struct net *net)
{
	return net_generic(net, dipc_net_id);
}

/* A namespace begins with what the first one allows at that time. */
static void init_limits(struct dipc_net *dn)
{
	const struct dipc_net *first = dipc_net_of(&init_net);

	if (dn == first) {
		dn->limits = default_limits;
		return;
	}
	dn->limits = first->limits;
	dn->limits.first = &first->limits;
}

/**
 * dipc_net_init() - a node begins
 * @dn: zeroed
 * @net: its namespace
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int dipc_net_init(struct dipc_net *dn, struct net *net)
{
	int err;

	dn->net = net;
	init_limits(dn);
	dn->stats = alloc_percpu(struct dipc_stats);
	if (!dn->stats)
		return -ENOMEM;
	err = dipc_name_table_init(&dn->names);
	if (err)
		goto err_stats;
	err = dipc_port_table_init(&dn->ports);
	if (err)
		goto err_names;
	dipc_link_table_init(&dn->links);
	dipc_caller_table_init(&dn->callers);
	dn->mailboxes.names = &dn->names;
	dn->mailboxes.stats = dn->stats;
	dn->mailboxes.limits = &dn->limits;
	dn->mailboxes.user_ns = net->user_ns;
	mutex_init(&dn->mailboxes.set_lock);
	return 0;

err_names:
	dipc_name_table_fini(&dn->names);
err_stats:
	free_percpu(dn->stats);
	return err;
}

/**
 * dipc_net_fini() - a node ends
 * @dn: in which no socket is left
 *
 * Context: process; may sleep.
 */
void dipc_net_fini(struct dipc_net *dn)
{
	dipc_mailbox_delete_all(&dn->mailboxes);
	dipc_caller_table_fini(&dn->callers);
	dipc_link_table_fini(&dn->links);
	dipc_port_table_fini(&dn->ports);
	dipc_name_table_fini(&dn->names);
	free_percpu(dn->stats);
}
