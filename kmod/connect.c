// SPDX-License-Identifier: GPL-2.0
/*
 * Where a socket sends to when no address is given: set by connect(), and
 * used by send and poll. Connecting to another socket is in listen.c.
 */
#include "sock.h"

/**
 * dipc_sock_route() - where a connected socket sends to
 * @ds: the socket
 *
 * Context: process.
 * Return: the route with a reference for the caller, or NULL.
 */
struct dipc_route *dipc_sock_route(struct dipc_sock *ds)
{
	struct dipc_route *route;

	rcu_read_lock();
	do {
		route = rcu_dereference(ds->route);
	} while (route && !refcount_inc_not_zero(&route->refs));
	rcu_read_unlock();
	return route;
}

/**
 * dipc_sock_connect() - set where a socket sends to
 * @ds: the socket, one for messages
 * @addr: checked address; DIPC_ADDR_ANY dissolves the association
 *
 * Context: process; may sleep.
 * Return: 0, or as dipc_route_create().
 */
int dipc_sock_connect(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	struct dipc_route *route = NULL, *old;

	if (addr->sdipc_type != DIPC_ADDR_ANY) {
		route = dipc_route_create(ds->dn, addr, ds->sk.sk_type,
					  READ_ONCE(ds->port));
		if (IS_ERR(route))
			return PTR_ERR(route);
	}
	/* fully ordered; nothing but the route changes */
	old = unrcu_pointer(xchg(&ds->route, RCU_INITIALIZER(route)));
	/* who polls for room in the old queue has to ask in the new one */
	dipc_queue_unwatch_room(&ds->watcher);
	rcu_read_lock();
	ds->watcher.ops->room(&ds->watcher);
	rcu_read_unlock();
	dipc_route_put(old);
	return 0;
}
