/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a connected socket sends to: what route.c makes of an address, and what
 * is a part of a link, for the socket that writes to it.
 *
 * Lifetime: counted by its socket and by each send that is under way, and freed
 * after a grace period, because sends find it under RCU. That of a link is
 * freed with the link, and the first one of a socket that has a port, if it
 * leads to another port, is a part of its own port and freed with that; of
 * these it holds a reference as long as it is counted.
 * Locking: immutable.
 */
#ifndef _DIPC_TARGET_H
#define _DIPC_TARGET_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>

struct dipc_mailbox;
struct dipc_name;
struct dipc_queue;
struct sockaddr_dipc;

/* What a route is a part of. */
enum dipc_route_home {
	DIPC_ROUTE_ALONE = 0,
	DIPC_ROUTE_IN_LINK,			/* to which it leads */
	DIPC_ROUTE_IN_PORT,			/* of the socket it belongs to */
};

struct dipc_route {
	struct dipc_queue	*queue;		/* counted; or, if ports share */
	struct dipc_name	*name;		/* the name: counted */
	struct dipc_mailbox	*attached;	/* the queue's, if one of its users */
	const struct sockaddr_dipc *addr;	/* given to connect(), if a name */
	refcount_t		refs;
	u8			home;		/* enum dipc_route_home */
	struct rcu_head		rcu;
};

#endif /* _DIPC_TARGET_H */
