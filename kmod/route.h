/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From an address to a queue. A route is what a connected socket keeps: the
 * address was looked up and permission checked once. That of a link leads to
 * the link's queue and has the address of the other end; see target.h.
 */
#ifndef _DIPC_ROUTE_H
#define _DIPC_ROUTE_H

#include "addr.h"
#include "net.h"

enum dipc_reason dipc_route_find(struct dipc_net *dn,
				 const struct sockaddr_dipc *addr,
				 u16 socket_type, struct dipc_queue **queue);
enum dipc_reason dipc_route_find_port(struct dipc_net *dn,
				      const struct sockaddr_dipc *addr,
				      u16 socket_type, struct dipc_port **port);
struct dipc_route *dipc_route_create(struct dipc_net *dn,
				     const struct sockaddr_dipc *addr,
				     u16 socket_type, struct dipc_port *from);
struct dipc_route *dipc_route_of_link(struct dipc_link *link);
void dipc_route_addr(const struct dipc_route *route, int family,
		     struct sockaddr_dipc *addr);
struct dipc_queue *dipc_route_pick(const struct dipc_route *route);
struct dipc_queue *dipc_route_first(const struct dipc_route *route);
void dipc_route_put(struct dipc_route *route);

#endif /* _DIPC_ROUTE_H */
