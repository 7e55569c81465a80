/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The name table: one in each network namespace, for ports and mailboxes
 * alike. A name leads to one queue (a mailbox) or to several (ports that
 * share it), which are met in turn.
 *
 * struct dipc_name: a name that somebody has. struct dipc_binding: that one
 * queue has it.
 *
 * Lifetime: a name is made with its first binding and removed from the table
 * with its last; it is then dead, and freed after a grace period when nobody
 * refers to it any more. A binding belongs to its port or mailbox, holds a
 * reference to its name and none to its queue, which must remove it before
 * it is closed.
 * Locking: table->lock (a mutex) is held to add and remove bindings;
 * name->lock (a spinlock) covers the list of bindings for those who only look.
 * table->lock, then name->lock.
 * Context: add, remove and walk from process, find and pick from any.
 */
#ifndef _DIPC_NAME_H
#define _DIPC_NAME_H

#include <linux/mutex.h>
#include <linux/rhashtable.h>

#include "queue.h"
#include "roll.h"

enum dipc_name_event {
	DIPC_NAME_NEW,
	DIPC_NAME_DEL,
};

struct dipc_binding;

struct dipc_name_table {
	struct rhashtable	hash;
	struct dipc_roll	roll;		/* for dumps */
	struct mutex		lock;
	/* told of every binding that comes and goes; under the lock */
	void (*event)(struct dipc_name_table *table, enum dipc_name_event what,
		      const struct dipc_binding *binding);
};

struct dipc_name {
	struct rhash_head	hash;
	char			name[DIPC_NAME_MAX + 1];	/* NUL-padded */
	u8			type;		/* DIPC_ADDR_PORT or _MAILBOX */
	u8			scope;
	bool			shared;		/* all its ports want that */
	bool			dead;		/* under both locks */
	u16			socket_type;	/* of its ports, else 0 */
	struct dipc_roll_entry	entry;
	kuid_t			uid;
	refcount_t		refs;
	spinlock_t		lock;
	struct list_head	bindings;
	u32			n_bindings;
	struct rcu_head		rcu;
};

struct dipc_binding {
	struct list_head	by_name;
	struct list_head	by_owner;	/* for the port's own list */
	struct dipc_name	*name;		/* counted, given back by the owner */
	struct dipc_queue	*queue;
};

/* What is asked for when a queue wants a name. */
struct dipc_name_request {
	const char		*name;		/* checked, NUL-padded */
	u8			type;
	u8			scope;
	bool			shared;
	u16			socket_type;
	kuid_t			uid;
};

int dipc_name_table_init(struct dipc_name_table *table);
void dipc_name_table_fini(struct dipc_name_table *table);

int dipc_name_add(struct dipc_name_table *table,
		  const struct dipc_name_request *request,
		  struct dipc_queue *queue, struct dipc_binding *binding);
void dipc_name_remove(struct dipc_name_table *table,
		      struct dipc_binding *binding);

struct dipc_name *dipc_name_find(struct dipc_name_table *table,
				 const char *name);
struct dipc_queue *dipc_name_pick(struct dipc_name *name);
struct dipc_queue *dipc_name_first(struct dipc_name *name);
void dipc_name_put(struct dipc_name *name);
struct dipc_name *dipc_name_next(struct dipc_name_table *table,
				 unsigned long *index);

#endif /* _DIPC_NAME_H */
