// SPDX-License-Identifier: GPL-2.0
/*
 * From an address to a queue: numbers, names and mailboxes are looked up
 * here, and who may send to what is found is decided here.
 */
#include <linux/net.h>
#include <linux/slab.h>

#include "route.h"

static enum dipc_reason check_permission(struct dipc_queue *queue)
{
	if (queue->kind == DIPC_QUEUE_MAILBOX &&
	    !dipc_mailbox_permits(dipc_mailbox_of_queue(queue), DIPC_MAY_WRITE))
		return DIPC_REASON_NO_PERMISSION;
	return DIPC_REASON_NONE;
}

/*
 * Messages go from any socket for messages to any, and to mailboxes (type 0);
 * links connect their like.
 */
static bool fits(u16 from, u16 to)
{
	bool links = from == SOCK_SEQPACKET || from == SOCK_STREAM;

	return from == to || (!links && to != SOCK_SEQPACKET &&
			      to != SOCK_STREAM);
}

static enum dipc_reason find_name(struct dipc_net *dn,
				  const struct sockaddr_dipc *addr,
				  u16 socket_type, struct dipc_name **name)
{
	*name = dipc_name_find(&dn->names, addr->sdipc_name);
	if (!*name)
		return DIPC_REASON_NO_NAME;
	if (addr->sdipc_type == DIPC_ADDR_MAILBOX &&
	    (*name)->type != DIPC_ADDR_MAILBOX) {
		dipc_name_put(*name);
		return DIPC_REASON_NO_NAME;
	}
	if (!fits(socket_type, (*name)->socket_type)) {
		dipc_name_put(*name);
		return DIPC_REASON_WRONG_TYPE;
	}
	return DIPC_REASON_NONE;
}

static enum dipc_reason find_port(struct dipc_net *dn, u64 id, u16 socket_type,
				  struct dipc_queue **queue)
{
	struct dipc_port *port = dipc_port_find(&dn->ports, id);

	if (!port)
		return DIPC_REASON_NO_PORT;
	if (!fits(socket_type, port->socket_type)) {
		dipc_port_put(port);
		return DIPC_REASON_WRONG_TYPE;
	}
	*queue = &port->queue;
	return DIPC_REASON_NONE;
}

/**
 * dipc_route_find() - look up where to send one message
 * @dn: the node
 * @addr: checked address
 * @socket_type: of the socket that sends
 * @queue: set to the queue, with a reference for the caller
 *
 * Context: process.
 * Return: DIPC_REASON_NONE; DIPC_REASON_NO_NODE, _NO_PORT, _NO_NAME,
 * _WRONG_TYPE or _NO_PERMISSION, and then there is no queue.
 */
enum dipc_reason dipc_route_find(struct dipc_net *dn,
				 const struct sockaddr_dipc *addr,
				 u16 socket_type, struct dipc_queue **queue)
{
	enum dipc_reason reason;
	struct dipc_name *name;

	if (addr->sdipc_node)
		return DIPC_REASON_NO_NODE;
	if (addr->sdipc_type == DIPC_ADDR_PORT)
		return find_port(dn, addr->sdipc_port, socket_type, queue);

	reason = find_name(dn, addr, socket_type, &name);
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

/**
 * dipc_route_find_port() - look up whom a link is to be connected to
 * @dn: the node
 * @addr: checked address
 * @socket_type: of the socket that connects
 * @port: set to the port, with a reference for the caller
 *
 * Context: process.
 * Return: as dipc_route_find(); a mailbox is of the wrong type.
 */
enum dipc_reason dipc_route_find_port(struct dipc_net *dn,
				      const struct sockaddr_dipc *addr,
				      u16 socket_type, struct dipc_port **port)
{
	struct dipc_queue *queue;
	enum dipc_reason reason;

	reason = dipc_route_find(dn, addr, socket_type, &queue);
	if (!reason)
		*port = dipc_port_of_queue(queue);
	return reason;
}

/* A name of ports is kept as such, to meet them in turn. */
static enum dipc_reason resolve(struct dipc_net *dn, struct dipc_route *route,
				const struct sockaddr_dipc *addr,
				u16 socket_type)
{
	enum dipc_reason reason;
	struct dipc_name *name;

	if (addr->sdipc_node || addr->sdipc_type == DIPC_ADDR_PORT) {
		reason = dipc_route_find(dn, addr, socket_type, &route->queue);
		if (!reason)
			dipc_port_count_route(dipc_port_of_queue(route->queue),
					      1);
		return reason;
	}
	reason = find_name(dn, addr, socket_type, &name);
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

/* The address of a port is known from where the route leads to. */
static struct dipc_route *make_to_name(const struct sockaddr_dipc *addr)
{
	struct {
		struct dipc_route route;	/* must be first */
		struct sockaddr_dipc addr;
	} *both;

	both = kzalloc(sizeof(*both), GFP_KERNEL_ACCOUNT);
	if (!both)
		return NULL;
	both->addr = *addr;
	both->route.addr = &both->addr;
	return &both->route;
}

static struct dipc_route *make_to_port(struct dipc_port *from)
{
	/* it is used once, for who has found it may still be looking at it */
	if (!from || xchg(&from->has_route, true))
		return kzalloc(sizeof(struct dipc_route), GFP_KERNEL_ACCOUNT);
	dipc_queue_get(&from->queue);
	from->route.home = DIPC_ROUTE_IN_PORT;
	return &from->route;
}

/**
 * dipc_route_of_link() - where the socket that writes to a link sends to
 * @link: new; a reference is taken, which the route holds
 *
 * Context: any.
 * Return: the route with one reference.
 */
struct dipc_route *dipc_route_of_link(struct dipc_link *link)
{
	struct dipc_route *route = &link->route;

	refcount_set(&route->refs, 1);
	route->home = DIPC_ROUTE_IN_LINK;
	dipc_queue_get(&link->queue);
	route->queue = &link->queue;
	return route;
}

/**
 * dipc_route_addr() - whom a socket is connected to
 * @route: the route
 * @family: number of the address family
 * @addr: filled: as given to connect(); of a link, what the other end is bound
 *	to
 *
 * Context: any.
 */
void dipc_route_addr(const struct dipc_route *route, int family,
		     struct sockaddr_dipc *addr)
{
	const struct dipc_link_end *other;

	if (route->addr) {
		*addr = *route->addr;
		return;
	}
	if (route->queue->kind == DIPC_QUEUE_PORT) {
		dipc_addr_from_port(addr, family,
				    dipc_port_of_queue(route->queue)->id);
		return;
	}
	other = dipc_link_reader(dipc_link_of_queue(route->queue));
	if (other->bound)
		dipc_addr_from_name(addr, family, DIPC_ADDR_NAME,
				    other->bound->scope, other->bound->name);
	else
		dipc_addr_from_port(addr, family, other->number);
}

/**
 * dipc_route_create() - look up where a socket will send to
 * @dn: the node
 * @addr: checked address
 * @socket_type: of the socket, one for messages
 * @from: its port, or NULL
 *
 * A route to a mailbox makes its holder one of the mailbox's users.
 *
 * Context: process; may sleep.
 * Return: the route with one reference; or ERR_PTR(-EHOSTUNREACH) if the node
 * is unknown, -ECONNREFUSED if nobody has the port number, -ENOENT if nobody
 * has the name, -EPROTOTYPE if it is one of links, -EACCES if the mailbox may
 * not be written to, -ENOMEM.
 */
struct dipc_route *dipc_route_create(struct dipc_net *dn,
				     const struct sockaddr_dipc *addr,
				     u16 socket_type, struct dipc_port *from)
{
	struct dipc_mailbox *mailbox;
	struct dipc_route *route;
	enum dipc_reason reason;
	int err;

	route = addr->sdipc_type == DIPC_ADDR_PORT ? make_to_port(from) :
						     make_to_name(addr);
	if (!route)
		return ERR_PTR(-ENOMEM);
	refcount_set(&route->refs, 1);
	reason = resolve(dn, route, addr, socket_type);
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
	if (route->home == DIPC_ROUTE_IN_LINK) {
		/* it is a part of what this may be the last reference to */
		dipc_queue_put(route->queue);
		return;
	}
	if (route->attached)
		dipc_mailbox_detach(route->attached);
	else if (route->queue && route->queue->kind == DIPC_QUEUE_PORT)
		dipc_port_count_route(dipc_port_of_queue(route->queue), -1);
	dipc_queue_put(route->queue);
	dipc_name_put(route->name);
	if (route->home == DIPC_ROUTE_IN_PORT)
		dipc_port_put(container_of(route, struct dipc_port, route));
	else
		/* it is the first member of what was allocated */
		kfree_rcu(route, rcu);
}
