// SPDX-License-Identifier: GPL-2.0
/*
 * Ports and the table of their numbers. Numbers up to DIPC_PORT_USER_MAX are
 * chosen by users; those above are drawn in a row that starts at a random
 * place, so that a number from before a restart means nobody.
 */
#include <linux/cred.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "port.h"

static const struct rhashtable_params port_params = {
	.head_offset = offsetof(struct dipc_port, hash),
	.key_offset = offsetof(struct dipc_port, id),
	.key_len = sizeof_field(struct dipc_port, id),
	.automatic_shrinking = true,
};

static struct kmem_cache *port_cache;

/**
 * dipc_port_init_cache() - prepare for ports to be made
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_port_init_cache(void)
{
	port_cache = KMEM_CACHE(dipc_port, SLAB_ACCOUNT);
	return port_cache ? 0 : -ENOMEM;
}

/**
 * dipc_port_fini_cache() - undo dipc_port_init_cache()
 *
 * Context: process, when no port is left, and none waits for a grace period.
 */
void dipc_port_fini_cache(void)
{
	kmem_cache_destroy(port_cache);
}

/**
 * dipc_port_table_init() - make an empty table
 * @table: zeroed
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int dipc_port_table_init(struct dipc_port_table *table)
{
	u64 start;

	mutex_init(&table->lock);
	dipc_roll_init(&table->roll);
	get_random_bytes(&start, sizeof(start));
	atomic64_set(&table->next_id, DIPC_PORT_USER_MAX + 1 + (start >> 16));
	return rhashtable_init(&table->hash, &port_params);
}

/**
 * dipc_port_table_fini() - undo dipc_port_table_init()
 * @table: with no port in it
 *
 * Context: process; may sleep.
 */
void dipc_port_table_fini(struct dipc_port_table *table)
{
	rhashtable_destroy(&table->hash);
	dipc_roll_fini(&table->roll);
}

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(port_cache, container_of(rcu, struct dipc_port, rcu));
}

static void release(struct dipc_queue *q)
{
	struct dipc_port *port = dipc_port_of_queue(q);

	dipc_listener_free(port->listener);
	dipc_name_put(port->mailbox);
	dipc_user_put(port->user);
	put_pid(port->pid);
	call_rcu(&port->rcu, free_rcu);
}

static const struct dipc_queue_ops port_queue_ops = {
	.release = release,
};

/**
 * dipc_port_draw() - a number that nobody has or will have
 * @table: the namespace's
 *
 * Context: any.
 * Return: the number.
 */
u64 dipc_port_draw(struct dipc_port_table *table)
{
	return atomic64_inc_return(&table->next_id) - 1;
}

static int publish(struct dipc_port_table *table, struct dipc_port *port)
{
	int err;

	mutex_lock(&table->lock);
	if (!port->id)
		port->id = dipc_port_draw(table);
	port->queue.id = port->id;
	err = rhashtable_lookup_insert_fast(&table->hash, &port->hash,
					    port_params);
	if (!err)
		dipc_roll_enter(&table->roll, &port->entry);
	mutex_unlock(&table->lock);
	if (err)
		return err == -EEXIST ? -EADDRINUSE : -ENOMEM;
	return 0;
}

static void unpublish(struct dipc_port_table *table, struct dipc_port *port)
{
	mutex_lock(&table->lock);
	rhashtable_remove_fast(&table->hash, &port->hash, port_params);
	dipc_roll_leave(&table->roll, &port->entry);
	mutex_unlock(&table->lock);
}

/**
 * dipc_port_create() - make the port of a socket
 * @table: the namespace's
 * @id: the number, or 0 to draw one
 * @conf: checked limits of its queue
 * @socket_type: SOCK_RDM, SOCK_DGRAM, SOCK_SEQPACKET or SOCK_STREAM
 * @calls: whether the socket takes requests
 * @limits: the user limits in force
 * @stats: the namespace's counters
 *
 * Context: process; may sleep.
 * Return: the port, published, with a reference for the caller; or
 * ERR_PTR(-EADDRINUSE) if somebody has the number, -ENOBUFS if the user has
 * too many ports, -ENOMEM.
 */
struct dipc_port *dipc_port_create(struct dipc_port_table *table, u64 id,
				   const struct dipc_queue_conf *conf,
				   u16 socket_type, bool calls,
				   const struct dipc_limits *limits,
				   struct dipc_stats __percpu *stats)
{
	struct dipc_port *port;
	int err;

	port = kmem_cache_zalloc(port_cache, GFP_KERNEL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->user = dipc_user_current();
	if (!port->user) {
		err = -ENOMEM;
		goto err_free;
	}
	err = dipc_queue_init(&port->queue, DIPC_QUEUE_PORT, id, conf,
			      current_euid(), -ECONNREFUSED, stats,
			      &port_queue_ops);
	if (err)
		goto err_user;
	port->id = id;
	port->socket_type = socket_type;
	port->pid = get_pid(task_tgid(current));
	INIT_LIST_HEAD(&port->bindings);

	if (!dipc_user_charge(port->user, DIPC_RES_PORTS, 1, limits)) {
		err = -ENOBUFS;
		goto err_put;
	}
	dipc_queue_expect(&port->queue, calls);
	err = publish(table, port);
	if (err)
		goto err_uncharge;
	return port;

err_uncharge:
	dipc_user_uncharge(port->user, DIPC_RES_PORTS, 1);
err_put:
	dipc_queue_put(&port->queue);
	return ERR_PTR(err);

err_user:
	dipc_user_put(port->user);
err_free:
	kmem_cache_free(port_cache, port);
	return ERR_PTR(err);
}

static void unbind(struct dipc_port *port, struct dipc_binding *binding,
		   struct dipc_name_table *names)
{
	dipc_name_remove(names, binding);
	dipc_name_put(binding->name);
	dipc_user_uncharge(port->user, DIPC_RES_NAMES, 1);
	kfree(binding);
}

/**
 * dipc_port_destroy() - the socket of a port is closed
 * @port: nobody binds a name to it any more; the caller's reference is
 *	consumed
 * @table: the namespace's
 * @names: the namespace's
 * @w: the socket's watcher, if it watches the queue of the port; or NULL
 *
 * Its names and its number go, what is queued is discarded, and those who
 * wait are told.
 *
 * Context: process; may sleep.
 */
void dipc_port_destroy(struct dipc_port *port, struct dipc_port_table *table,
		       struct dipc_name_table *names, struct dipc_watcher *w)
{
	struct dipc_binding *binding, *next;
	LIST_HEAD(bindings);
	bool unread;

	mutex_lock(&table->lock);
	list_splice_init(&port->bindings, &bindings);
	mutex_unlock(&table->lock);
	list_for_each_entry_safe(binding, next, &bindings, by_owner)
		unbind(port, binding, names);
	unpublish(table, port);
	if (!w || dipc_queue_leave(&port->queue, w, &unread))
		dipc_queue_close(&port->queue);
	dipc_user_uncharge(port->user, DIPC_RES_PORTS, 1);
	dipc_queue_put(&port->queue);
}

/**
 * dipc_port_attach() - the socket of a port receives from a mailbox instead
 * @port: just made
 * @table: the namespace's
 * @mailbox: its name; the reference is consumed
 *
 * Context: process; may sleep.
 */
void dipc_port_attach(struct dipc_port *port, struct dipc_port_table *table,
		      struct dipc_name *mailbox)
{
	dipc_queue_close(&port->queue);
	mutex_lock(&table->lock);
	port->mailbox = mailbox;
	mutex_unlock(&table->lock);
}

/**
 * dipc_port_bind_name() - give a port a name
 * @port: the port; its socket serialises this
 * @table: the namespace's
 * @names: the namespace's
 * @request: the name; type and socket type are filled in
 * @limits: the user limits in force
 *
 * Context: process; may sleep.
 * Return: 0; -EADDRINUSE if the name is taken, by this port as well;
 * -ENOBUFS if the user or the port has too many names; -ENOMEM.
 */
int dipc_port_bind_name(struct dipc_port *port, struct dipc_port_table *table,
			struct dipc_name_table *names,
			struct dipc_name_request *request,
			const struct dipc_limits *limits)
{
	struct dipc_binding *binding;
	int err;

	list_for_each_entry(binding, &port->bindings, by_owner)
		if (!memcmp(binding->name->name, request->name,
			    sizeof(binding->name->name)))
			return -EADDRINUSE;
	if (port->n_names == DIPC_PORT_NAMES_MAX)
		return -ENOBUFS;

	binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	if (!binding)
		return -ENOMEM;
	if (!dipc_user_charge(port->user, DIPC_RES_NAMES, 1, limits)) {
		err = -ENOBUFS;
		goto err_free;
	}
	request->type = DIPC_ADDR_PORT;
	request->socket_type = port->socket_type;
	err = dipc_name_add(names, request, &port->queue, binding);
	if (err)
		goto err_uncharge;

	mutex_lock(&table->lock);
	list_add_tail(&binding->by_owner, &port->bindings);
	port->n_names++;
	mutex_unlock(&table->lock);
	return 0;

err_uncharge:
	dipc_user_uncharge(port->user, DIPC_RES_NAMES, 1);
err_free:
	kfree(binding);
	return err;
}

/**
 * dipc_port_set_listener() - the socket of a port listens
 * @port: the port; its socket serialises this
 * @l: ready to be used; belongs to the port from here on, to be freed with it
 *
 * Context: process.
 */
void dipc_port_set_listener(struct dipc_port *port, struct dipc_listener *l)
{
	/* pairs with the acquire in dipc_port_listener() */
	smp_store_release(&port->listener, l);
}

/**
 * dipc_port_find() - look a number up
 * @table: the namespace's
 * @id: the number
 *
 * Context: any.
 * Return: the port with a reference for the caller, or NULL.
 */
struct dipc_port *dipc_port_find(struct dipc_port_table *table, u64 id)
{
	struct dipc_port *port;

	rcu_read_lock();
	port = rhashtable_lookup(&table->hash, &id, port_params);
	if (port && !dipc_queue_get_unless_zero(&port->queue))
		port = NULL;
	rcu_read_unlock();
	return port;
}

static struct dipc_port *of_entry(struct dipc_roll_entry *entry)
{
	return container_of(entry, struct dipc_port, entry);
}

static bool get_entry(struct dipc_roll_entry *entry)
{
	return dipc_queue_get_unless_zero(&of_entry(entry)->queue);
}

/**
 * dipc_port_next() - walk the table
 * @table: the namespace's
 * @index: as in dipc_name_next()
 *
 * Context: any.
 * Return: the port with a reference for the caller, or NULL at the end.
 */
struct dipc_port *dipc_port_next(struct dipc_port_table *table,
				 unsigned long *index)
{
	struct dipc_roll_entry *entry;

	entry = dipc_roll_next(&table->roll, index, get_entry);
	return entry ? of_entry(entry) : NULL;
}

/**
 * dipc_port_is_left() - does nobody do anything in the queue of a port
 * @port: destroyed; the caller has one reference
 *
 * The routes that lead to it are idle; who uses one has a reference besides.
 *
 * Context: process.
 * Return: whether the caller's reference is the only one apart from routes.
 */
bool dipc_port_is_left(struct dipc_port *port)
{
	bool is_left;

	if (dipc_queue_refs(&port->queue) == 1)
		return true;
	spin_lock_bh(&port->queue.lock);
	is_left = dipc_queue_refs(&port->queue) == 1 + port->n_routes;
	spin_unlock_bh(&port->queue.lock);
	return is_left;
}

/**
 * dipc_port_count_route() - a route leads to a port, or does so no more
 * @port: to which the route has a reference all that while
 * @by: 1 or -1
 *
 * Context: any.
 */
void dipc_port_count_route(struct dipc_port *port, int by)
{
	spin_lock_bh(&port->queue.lock);
	port->n_routes += by;
	spin_unlock_bh(&port->queue.lock);
}

/**
 * dipc_port_put() - give a reference back
 * @port: may be gone afterwards; or NULL
 *
 * Context: any.
 */
void dipc_port_put(struct dipc_port *port)
{
	if (port)
		dipc_queue_put(&port->queue);
}
