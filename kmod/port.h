/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port: a queue with a number, and the names bound to it. Each socket
 * for messages has one, made when it is first needed. The port of a socket that is bound
 * to a mailbox is attached: its own queue is closed, for the socket receives
 * from the mailbox, but its number is still the source of what it sends.
 *
 * A socket for links has a port only if it is bound. Its queue is closed from
 * the beginning: the port is for its names and number, and for the listener,
 * through which it is connected to.
 *
 * Lifetime: made and unpublished by its socket; freed after a grace period
 * when the last reference to its queue goes.
 * Locking: table->lock (a mutex) covers the table and @bindings; look-ups
 * need RCU only. @listener is set once, with a release. table->lock is never
 * held together with that of the name table.
 * Context: create and destroy from process, find from any.
 */
#ifndef _DIPC_PORT_H
#define _DIPC_PORT_H

#include <linux/pid.h>
#include <linux/rhashtable.h>

#include "listener.h"
#include "target.h"

struct dipc_port_table {
	struct rhashtable	hash;
	struct dipc_roll	roll;		/* for dumps */
	atomic64_t		next_id;	/* of those the kernel draws */
	struct mutex		lock;
};

struct dipc_port {
	struct dipc_queue	queue;
	struct rhash_head	hash;
	u64			id;
	struct dipc_roll_entry	entry;
	u8			n_names;
	bool			has_route;	/* @route has been used; exchanged */
	u16			socket_type;
	u32			n_routes;	/* to it; under the queue's lock */
	struct pid		*pid;		/* who made it */
	struct dipc_user	*user;		/* counted; charged for it */
	struct list_head	bindings;
	struct dipc_name	*mailbox;	/* counted; set if attached */
	struct dipc_listener	*listener;	/* owned; or NULL */
	struct dipc_route	route;		/* the first of its socket */
	struct rcu_head		rcu;
};

#define DIPC_PORT_NAMES_MAX 64

int dipc_port_init_cache(void);
void dipc_port_fini_cache(void);

int dipc_port_table_init(struct dipc_port_table *table);
void dipc_port_table_fini(struct dipc_port_table *table);

u64 dipc_port_draw(struct dipc_port_table *table);
struct dipc_port *dipc_port_create(struct dipc_port_table *table, u64 id,
				   const struct dipc_queue_conf *conf,
				   u16 socket_type, bool calls,
				   const struct dipc_limits *limits,
				   struct dipc_stats __percpu *stats);
void dipc_port_destroy(struct dipc_port *port, struct dipc_port_table *table,
		       struct dipc_name_table *names, struct dipc_watcher *w);
void dipc_port_attach(struct dipc_port *port, struct dipc_port_table *table,
		      struct dipc_name *mailbox);
int dipc_port_bind_name(struct dipc_port *port, struct dipc_port_table *table,
			struct dipc_name_table *names,
			struct dipc_name_request *request,
			const struct dipc_limits *limits);
void dipc_port_set_listener(struct dipc_port *port, struct dipc_listener *l);
struct dipc_port *dipc_port_find(struct dipc_port_table *table, u64 id);
struct dipc_port *dipc_port_next(struct dipc_port_table *table,
				 unsigned long *index);
bool dipc_port_is_left(struct dipc_port *port);
void dipc_port_count_route(struct dipc_port *port, int by);
void dipc_port_put(struct dipc_port *port);

static inline struct dipc_port *dipc_port_of_queue(struct dipc_queue *q)
{
	return container_of(q, struct dipc_port, queue);
}

/* As long as the caller has a reference to the port; or NULL. */
static inline struct dipc_listener *dipc_port_listener(struct dipc_port *port)
{
	/* pairs with the release in dipc_port_set_listener() */
	return smp_load_acquire(&port->listener);
}

#endif /* _DIPC_PORT_H */
