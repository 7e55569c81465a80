/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From an address to a queue. A route is what a connected socket keeps: the
 * address was looked up and permission checked once. That of a link leads to
 * the link's queue and has the address of the other end.
 *
 * Lifetime: a route is counted by its socket and by each send that is under
 * way, and freed after a grace period, because sends find it under RCU.
 * Locking: immutable.
 */
#ifndef _DIPC_ROUTE_H
#define _DIPC_ROUTE_H

#include "addr.h"
#include "net.h"

struct dipc_route {
	struct sockaddr_dipc	addr;		/* as given to connect() */
	struct dipc_queue	*queue;		/* counted; or, if ports share */
	struct dipc_name	*name;		/* the name: counted */
	struct dipc_mailbox	*attached;	/* the queue's, if one of its users */
	refcount_t		refs;
	struct rcu_head		rcu;
};

enum dipc_reason dipc_route_find(struct dipc_net *dn,
				 const struct sockaddr_dipc *addr,
				 u16 socket_type, struct dipc_queue **queue);
enum dipc_reason dipc_route_find_port(struct dipc_net *dn,
				      const struct sockaddr_dipc *addr,
				      u16 socket_type, struct dipc_port **port);
struct dipc_route *dipc_route_create(struct dipc_net *dn,
				     const struct sockaddr_dipc *addr,
				     u16 socket_type);
struct dipc_route *dipc_route_create_link(const struct sockaddr_dipc *addr,
					  struct dipc_queue *queue);
struct dipc_queue *dipc_route_pick(const struct dipc_route *route);
struct dipc_queue *dipc_route_first(const struct dipc_route *route);
void dipc_route_put(struct dipc_route *route);

#endif /* _DIPC_ROUTE_H */
