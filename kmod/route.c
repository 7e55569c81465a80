// SPDX-License-Identifier: GPL-2.0
/*
 * From an address to a queue: numbers, names and mailboxes are looked up
 * here, and who may send to what is found is decided here.
 */
#include <linux/slab.h>

#include "route.h"

static enum dipc_reason check_permission(struct dipc_queue *queue)
{
	if (queue->kind == DIPC_QUEUE_MAILBOX &&
	    !dipc_mailbox_permits(dipc_mailbox_of_queue(queue), DIPC_MAY_WRITE))
		return DIPC_REASON_NO_PERMISSION;
	return DIPC_REASON_NONE;
}

static enum dipc_reason find_name(struct dipc_net *dn,
				  const struct sockaddr_dipc *addr,
				  struct dipc_name **name)
{
	*name = dipc_name_find(&dn->names, addr->sdipc_name);
	if (!*name)
		return DIPC_REASON_NO_NAME;
	if (addr->sdipc_type == DIPC_ADDR_MAILBOX &&
	    (*name)->type != DIPC_ADDR_MAILBOX) {
		dipc_name_put(*name);
		return DIPC_REASON_NO_NAME;
	}
	return DIPC_REASON_NONE;
}

static enum dipc_reason find_port(struct dipc_net *dn, u64 id,
				  struct dipc_queue **queue)
{
	struct dipc_port *port = dipc_port_find(&dn->ports, id);

	if (!port)
		return DIPC_REASON_NO_PORT;
	*queue = &port->queue;
	return DIPC_REASON_NONE;
}

/**
 * dipc_route_find() - look up where to send one message
 * @dn: the node
 * @addr: checked address
 * @queue: set to the queue, with a reference for the caller
 *
 * Context: process.
 * Return: DIPC_REASON_NONE; DIPC_REASON_NO_NODE, _NO_PORT, _NO_NAME or
 * _NO_PERMISSION, and then there is no queue.
 */
enum dipc_reason dipc_route_find(struct dipc_net *dn,
				 const struct sockaddr_dipc *addr,
				 struct dipc_queue **queue)
{
	enum dipc_reason reason;
	struct dipc_name *name;

	if (addr->sdipc_node)
		return DIPC_REASON_NO_NODE;
	if (addr->sdipc_type == DIPC_ADDR_PORT)
		return find_port(dn, addr->sdipc_port, queue);

	reason = find_name(dn, addr, &name);
	if (reason)
		return reason;
	*queue = dipc_name_pick(name);
	dipc_name_put(name);
	if (!*queue)
		return DIPC_REASON_NO_NAME;

	reason = check_permission(*queue);
	if (reason) {
		dipc_queue_put(*queue);
		*queue = NULL;
	}
	return reason;
}

/* A name of ports is kept as such, to meet them in turn. */
static enum dipc_reason resolve(struct dipc_net *dn, struct dipc_route *route)
{
	const struct sockaddr_dipc *addr = &route->addr;
	enum dipc_reason reason;
	struct dipc_name *name;

	if (addr->sdipc_node || addr->sdipc_type == DIPC_ADDR_PORT)
		return dipc_route_find(dn, addr, &route->queue);
	reason = find_name(dn, addr, &name);
	if (reason)
		return reason;
	if (name->type == DIPC_ADDR_PORT) {
		route->name = name;
		return DIPC_REASON_NONE;
	}
	route->queue = dipc_name_pick(name);
	dipc_name_put(name);
	if (!route->queue)
		return DIPC_REASON_NO_NAME;
	return check_permission(route->queue);
}

/**
 * dipc_route_create() - look up where a socket will send to
 * @dn: the node
 * @addr: checked address
 *
 * A route to a mailbox makes its holder one of the mailbox's users.
 *
 * Context: process; may sleep.
 * Return: the route with one reference; or ERR_PTR(-EHOSTUNREACH) if the node
 * is unknown, -ECONNREFUSED if nobody has the port number, -ENOENT if nobody
 * has the name, -EACCES if the mailbox may not be written to, -ENOMEM.
 */
struct dipc_route *dipc_route_create(struct dipc_net *dn,
				     const struct sockaddr_dipc *addr)
{
	struct dipc_mailbox *mailbox;
	struct dipc_route *route;
	enum dipc_reason reason;
	int err;

	route = kzalloc(sizeof(*route), GFP_KERNEL_ACCOUNT);
	if (!route)
		return ERR_PTR(-ENOMEM);
	refcount_set(&route->refs, 1);
	route->addr = *addr;
	reason = resolve(dn, route);
	err = dipc_reason_errno(reason);
	if (!err && route->queue && route->queue->kind == DIPC_QUEUE_MAILBOX) {
		mailbox = dipc_mailbox_of_queue(route->queue);
		err = dipc_mailbox_attach(mailbox);
		/* deleted since it was found: as if it had not been */
		if (err)
			err = -ENOENT;
		else
			route->attached = mailbox;
	}
	if (err) {
		dipc_route_put(route);
		return ERR_PTR(err);
	}
	return route;
}

/**
 * dipc_route_pick() - where the next message goes
 * @route: the route
 *
 * Context: any.
 * Return: a queue with a reference for the caller, or NULL if nobody has the
 * name any more.
 */
struct dipc_queue *dipc_route_pick(const struct dipc_route *route)
{
	if (route->name)
		return dipc_name_pick(route->name);
	dipc_queue_get(route->queue);
	return route->queue;
}

/**
 * dipc_route_first() - where the next message would go
 * @route: the route
 *
 * Context: any.
 * Return: as dipc_route_pick(), but without going on to the next port.
 */
struct dipc_queue *dipc_route_first(const struct dipc_route *route)
{
	if (route->name)
		return dipc_name_first(route->name);
	dipc_queue_get(route->queue);
	return route->queue;
}

/**
 * dipc_route_put() - give a reference back
 * @route: may be gone afterwards; or NULL
 *
 * Context: process; may sleep.
 */
void dipc_route_put(struct dipc_route *route)
{
	if (!route || !refcount_dec_and_test(&route->refs))
		return;
	if (route->attached)
		dipc_mailbox_detach(route->attached);
	dipc_queue_put(route->queue);
	dipc_name_put(route->name);
	kfree_rcu(route, rcu);
}
