// SPDX-License-Identifier: GPL-2.0
/*
 * The name table. Knows queues, but not what they are embedded in; who may
 * have how many names is counted by those who ask for them.
 */
#include <linux/slab.h>

#include "name.h"

static const struct rhashtable_params name_params = {
	.head_offset = offsetof(struct dipc_name, hash),
	.key_offset = offsetof(struct dipc_name, name),
	.key_len = sizeof_field(struct dipc_name, name),
	.automatic_shrinking = true,
};

/**
 * dipc_name_table_init() - make an empty table
 * @table: zeroed
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int dipc_name_table_init(struct dipc_name_table *table)
{
	mutex_init(&table->lock);
	dipc_roll_init(&table->roll);
	return rhashtable_init(&table->hash, &name_params);
}

/**
 * dipc_name_table_fini() - undo dipc_name_table_init()
 * @table: with no name in it
 *
 * Context: process; may sleep.
 */
void dipc_name_table_fini(struct dipc_name_table *table)
{
	rhashtable_destroy(&table->hash);
	dipc_roll_fini(&table->roll);
}

static struct dipc_name *insert(struct dipc_name_table *table,
				const struct dipc_name_request *request)
{
	struct dipc_name *name;

	name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);
	if (!name)
		return ERR_PTR(-ENOMEM);
	memcpy(name->name, request->name, sizeof(name->name));
	name->type = request->type;
	name->scope = request->scope;
	name->shared = request->shared;
	name->socket_type = request->socket_type;
	name->uid = request->uid;
	refcount_set(&name->refs, 1);
	spin_lock_init(&name->lock);
	INIT_LIST_HEAD(&name->bindings);

	/* cannot be there already: the table's mutex is held */
	if (rhashtable_insert_fast(&table->hash, &name->hash, name_params)) {
		kfree(name);
		return ERR_PTR(-ENOMEM);
	}
	dipc_roll_enter(&table->roll, &name->entry);
	return name;
}

static bool may_join(const struct dipc_name *name,
		     const struct dipc_name_request *request)
{
	return name->type == DIPC_ADDR_PORT && request->type == name->type &&
	       name->shared && request->shared &&
	       name->scope == request->scope &&
	       name->socket_type == request->socket_type &&
	       uid_eq(name->uid, request->uid);
}

/**
 * dipc_name_add() - let a queue have a name
 * @table: the namespace's
 * @request: the name, and how it is asked for
 * @queue: who gets it
 * @binding: filled, with a reference to the name; to be given to
 *	dipc_name_remove() before the queue is closed
 *
 * Context: process; may sleep.
 * Return: 0; -EADDRINUSE if somebody has the name who does not share it, or
 * has another kind, scope, socket type or user; -ENOMEM.
 */
int dipc_name_add(struct dipc_name_table *table,
		  const struct dipc_name_request *request,
		  struct dipc_queue *queue, struct dipc_binding *binding)
{
	struct dipc_name *name;
	int err = 0;

	mutex_lock(&table->lock);
	/* names are only removed under the mutex */
	name = rhashtable_lookup_fast(&table->hash, request->name, name_params);
	if (!name) {
		name = insert(table, request);
		if (IS_ERR(name)) {
			err = PTR_ERR(name);
			goto out;
		}
	} else if (may_join(name, request)) {
		refcount_inc(&name->refs);
	} else {
		err = -EADDRINUSE;
		goto out;
	}

	binding->name = name;
	binding->queue = queue;
	spin_lock_bh(&name->lock);
	list_add_tail(&binding->by_name, &name->bindings);
	name->n_bindings++;
	spin_unlock_bh(&name->lock);
	if (table->event)
		table->event(table, DIPC_NAME_NEW, binding);
out:
	mutex_unlock(&table->lock);
	return err;
}

/**
 * dipc_name_remove() - take a name away from a queue
 * @table: the namespace's
 * @binding: as filled by dipc_name_add(); its reference to the name stays,
 *	for the caller to give back
 *
 * Context: process; may sleep.
 */
void dipc_name_remove(struct dipc_name_table *table,
		      struct dipc_binding *binding)
{
	struct dipc_name *name = binding->name;

	mutex_lock(&table->lock);
	spin_lock_bh(&name->lock);
	list_del(&binding->by_name);
	name->n_bindings--;
	name->dead = list_empty(&name->bindings);
	spin_unlock_bh(&name->lock);
	if (name->dead) {
		rhashtable_remove_fast(&table->hash, &name->hash, name_params);
		dipc_roll_leave(&table->roll, &name->entry);
	}
	/* who is told of it, and looks then, does not find it any more */
	if (table->event)
		table->event(table, DIPC_NAME_DEL, binding);
	mutex_unlock(&table->lock);
}

/**
 * dipc_name_find() - look a name up
 * @table: the namespace's
 * @name: NUL-padded, DIPC_NAME_MAX + 1 bytes
 *
 * Context: any.
 * Return: the name with a reference for the caller, or NULL.
 */
struct dipc_name *dipc_name_find(struct dipc_name_table *table,
				 const char *name)
{
	struct dipc_name *found;

	rcu_read_lock();
	found = rhashtable_lookup(&table->hash, name, name_params);
	if (found && !refcount_inc_not_zero(&found->refs))
		found = NULL;
	rcu_read_unlock();
	return found;
}

static struct dipc_queue *choose(struct dipc_name *name, bool move_on)
{
	struct dipc_queue *queue = NULL;
	struct dipc_binding *binding;

	spin_lock_bh(&name->lock);
	binding = list_first_entry_or_null(&name->bindings,
					   struct dipc_binding, by_name);
	if (binding) {
		/* a bound queue has a reference of its owner's */
		queue = binding->queue;
		dipc_queue_get(queue);
		if (move_on)
			list_move_tail(&binding->by_name, &name->bindings);
	}
	spin_unlock_bh(&name->lock);
	return queue;
}

/**
 * dipc_name_pick() - choose one of those who have a name
 * @name: the name
 *
 * Each of them in turn.
 *
 * Context: any.
 * Return: a queue with a reference for the caller, or NULL if nobody has the
 * name any more.
 */
struct dipc_queue *dipc_name_pick(struct dipc_name *name)
{
	return choose(name, true);
}

/**
 * dipc_name_first() - who would be chosen next
 * @name: the name
 *
 * Context: any.
 * Return: as dipc_name_pick(), but it is not the next one's turn afterwards.
 */
struct dipc_queue *dipc_name_first(struct dipc_name *name)
{
	return choose(name, false);
}

/**
 * dipc_name_put() - give a reference back
 * @name: may be gone afterwards; or NULL
 *
 * Context: any.
 */
void dipc_name_put(struct dipc_name *name)
{
	if (name && refcount_dec_and_test(&name->refs))
		kfree_rcu(name, rcu);
}

static struct dipc_name *of_entry(struct dipc_roll_entry *entry)
{
	return container_of(entry, struct dipc_name, entry);
}

static bool get_entry(struct dipc_roll_entry *entry)
{
	return refcount_inc_not_zero(&of_entry(entry)->refs);
}

/**
 * dipc_name_next() - walk the table
 * @table: the namespace's
 * @index: where to begin; set to where it was found. Start with 0 and go on
 *	with one more than the last.
 *
 * In the order in which the names were made. One that lasts for the whole
 * walk is met exactly once.
 *
 * Context: any.
 * Return: the name with a reference for the caller, or NULL at the end.
 */
struct dipc_name *dipc_name_next(struct dipc_name_table *table,
				 unsigned long *index)
{
	struct dipc_roll_entry *entry;

	entry = dipc_roll_next(&table->roll, index, get_entry);
	return entry ? of_entry(entry) : NULL;
}
