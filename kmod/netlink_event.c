// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what changes in a namespace is told to those who listen there.
 * Which objects there are does not depend on it: an event that cannot be
 * sent is lost, and its listeners are told that (ENOBUFS).
 */
#include <linux/dipc_netlink.h>

#include "net.h"
#include "netlink.h"
#include "netlink_policy.h"
#include "netlink_put.h"

static struct sk_buff *event_begin(struct net *net, u8 cmd, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb) {
		genl_set_err(&dipc_nl_family, net, 0, DIPC_NLGRP_EVENTS,
			     -ENOBUFS);
		return NULL;
	}
	*header = genlmsg_put(skb, 0, 0, &dipc_nl_family, 0, cmd);
	return skb;
}

static void event_end(struct net *net, struct sk_buff *skb, void *header,
		      int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&dipc_nl_family, net, skb, 0,
				DIPC_NLGRP_EVENTS, GFP_KERNEL);
}

/* Listeners are of many user namespaces: ids are those of the owner. */
static void tell_of_mailbox(struct net *net, u8 cmd,
			    struct dipc_mailbox *mailbox)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&dipc_nl_family, net, DIPC_NLGRP_EVENTS))
		return;
	skb = event_begin(net, cmd, &header);
	if (skb)
		event_end(net, skb, header,
			  dipc_nl_put_mailbox(skb, mailbox, net->user_ns));
}

static void tell_of_name(struct net *net, u8 cmd,
			 const struct dipc_binding *binding)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&dipc_nl_family, net, DIPC_NLGRP_EVENTS))
		return;
	skb = event_begin(net, cmd, &header);
	if (skb)
		event_end(net, skb, header,
			  dipc_nl_put_binding(skb, binding, net->user_ns));
}

/* Called under the table's mutex, so that events are in the order of changes. */
static void name_event(struct dipc_name_table *table,
		       enum dipc_name_event what,
		       const struct dipc_binding *binding)
{
	struct dipc_net *dn = container_of(table, struct dipc_net, names);
	bool is_new = what == DIPC_NAME_NEW;

	if (binding->queue->kind == DIPC_QUEUE_MAILBOX)
		tell_of_mailbox(dn->net, is_new ? DIPC_CMD_MAILBOX_NEW_NTF :
						  DIPC_CMD_MAILBOX_DEL_NTF,
				dipc_mailbox_of_queue(binding->queue));
	else
		tell_of_name(dn->net, is_new ? DIPC_CMD_NAME_NEW_NTF :
					       DIPC_CMD_NAME_DEL_NTF, binding);
}

static void mailbox_changed(struct dipc_mailbox *mailbox)
{
	struct dipc_net *dn = container_of(mailbox->table, struct dipc_net,
					   mailboxes);

	/* not after its end, which is told under this mutex as well */
	mutex_lock(&dn->names.lock);
	if (!mailbox->binding.name->dead)
		tell_of_mailbox(dn->net, DIPC_CMD_MAILBOX_SET_NTF, mailbox);
	mutex_unlock(&dn->names.lock);
}

/**
 * dipc_netlink_init_net() - begin to tell what changes in a namespace
 * @dn: in which nothing exists yet
 *
 * Context: process.
 */
void dipc_netlink_init_net(struct dipc_net *dn)
{
	dn->names.event = name_event;
	dn->mailboxes.changed = mailbox_changed;
}

/**
 * dipc_netlink_fini_net() - no more events of a namespace
 * @dn: in which no socket is left, and so nobody who could listen, or which
 *	ends because the family is gone
 *
 * Context: process.
 */
void dipc_netlink_fini_net(struct dipc_net *dn)
{
	dn->names.event = NULL;
	dn->mailboxes.changed = NULL;
}
