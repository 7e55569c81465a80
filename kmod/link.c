// SPDX-License-Identifier: GPL-2.0
/*
 * Links and the table of them; see link.h. Who is joined by them is decided
 * in pair.c.
 */
#include <linux/net.h>
#include <linux/slab.h>

#include "link.h"

static struct kmem_cache *connection_cache;

/**
 * dipc_link_init_cache() - prepare for connections to be made
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_link_init_cache(void)
{
	connection_cache = KMEM_CACHE(dipc_connection, SLAB_ACCOUNT);
	return connection_cache ? 0 : -ENOMEM;
}

/**
 * dipc_link_fini_cache() - undo dipc_link_init_cache()
 *
 * Context: process, when no link is left, and none waits for a grace period.
 */
void dipc_link_fini_cache(void)
{
	kmem_cache_destroy(connection_cache);
}

/**
 * dipc_link_table_init() - make an empty table
 * @table: zeroed
 *
 * Context: process.
 */
void dipc_link_table_init(struct dipc_link_table *table)
{
	dipc_roll_init(&table->roll);
}

/**
 * dipc_link_table_fini() - undo dipc_link_table_init()
 * @table: with no link in it
 *
 * Context: process.
 */
void dipc_link_table_fini(struct dipc_link_table *table)
{
	dipc_roll_fini(&table->roll);
}

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(connection_cache,
			container_of(rcu, struct dipc_connection,
				     links[0].route.rcu));
}

static void put_end(const struct dipc_link_end *end)
{
	put_pid(end->pid);
	dipc_name_put(end->bound);
}

static void release(struct dipc_queue *q)
{
	struct dipc_link *link = dipc_link_of_queue(q);
	struct dipc_connection *c = link->connection;

	dipc_roll_leave(&c->table->roll, &link->entry);
	if (!refcount_dec_and_test(&c->refs))
		return;
	put_end(&c->ends[0]);
	put_end(&c->ends[1]);
	dipc_name_put(c->name);
	dipc_user_put(c->user);
	/* a route is freed with its link: that field is free to be used */
	if (unlikely(c->delayed))
		call_rcu(&c->links[0].route.rcu, free_rcu);
	else
		kmem_cache_free(connection_cache, c);
}

static const struct dipc_queue_ops link_queue_ops = {
	.release = release,
};

static struct dipc_name *get_name(struct dipc_name *name)
{
	if (name)
		refcount_inc(&name->refs);
	return name;
}

static void set_end(struct dipc_link_end *end, const struct dipc_link_end *from)
{
	*end = *from;
	get_pid(end->pid);
	get_name(end->bound);
}

static int init_link(struct dipc_connection *c, int which,
		     const struct dipc_link_request *request)
{
	struct dipc_link *link = &c->links[which];
	int err;

	err = dipc_queue_init(&link->queue, DIPC_QUEUE_LINK, 0,
			      &request->confs[which], request->ends[which].uid,
			      -EPIPE, request->stats, &link_queue_ops);
	if (err)
		return err;
	link->queue.stream = request->socket_type == SOCK_STREAM;
	link->connection = c;
	link->which = which;
	return 0;
}

/* A walk may find it from here on. */
static void publish(struct dipc_link *link)
{
	dipc_roll_enter(&link->connection->table->roll, &link->entry);
	link->queue.id = link->entry.index;
}

static struct dipc_connection *
make(const struct dipc_link_request *request, struct dipc_user *user)
{
	struct dipc_connection *c;

	c = kmem_cache_zalloc(connection_cache, GFP_KERNEL);
	if (!c)
		return NULL;
	if (init_link(c, 0, request))
		goto err_free;
	if (init_link(c, 1, request))
		goto err_link;
	set_end(&c->ends[0], &request->ends[0]);
	set_end(&c->ends[1], &request->ends[1]);
	c->name = get_name(request->name);
	c->user = user;
	c->socket_type = request->socket_type;
	refcount_set(&c->refs, 2);
	return c;

err_link:
	dipc_queue_fini(&c->links[0].queue);
err_free:
	kmem_cache_free(connection_cache, c);
	return NULL;
}

/**
 * dipc_connection_create() - make both directions of a connection
 * @table: the namespace's
 * @request: between whom, and what they hold
 *
 * The current user is charged for each link until dipc_link_part(), called by
 * its reader, or dipc_link_abandon().
 *
 * Context: process; may sleep.
 * Return: the connection, each of whose links has one reference; or
 * ERR_PTR(-ENOBUFS) if the user has too many ports, -ENOMEM.
 */
struct dipc_connection *
dipc_connection_create(struct dipc_link_table *table,
		       const struct dipc_link_request *request)
{
	struct dipc_user *user = dipc_user_current();
	struct dipc_connection *c;
	int err = -ENOBUFS;

	if (!user)
		return ERR_PTR(-ENOMEM);
	if (!dipc_user_charge(user, DIPC_RES_PORTS, 2, request->limits))
		goto err_user;
	c = make(request, user);
	if (!c) {
		err = -ENOMEM;
		goto err_uncharge;
	}
	c->table = table;
	publish(&c->links[0]);
	publish(&c->links[1]);
	return c;

err_uncharge:
	dipc_user_uncharge(user, DIPC_RES_PORTS, 2);
err_user:
	dipc_user_put(user);
	return ERR_PTR(err);
}

/**
 * dipc_link_set_writer() - who is to be told that writing is over
 * @link: the link
 * @w: its room() is called, always, not only when it has asked; must outlive
 *	a grace period after this is called with NULL
 *
 * Context: process.
 */
void dipc_link_set_writer(struct dipc_link *link, struct dipc_watcher *w)
{
	rcu_assign_pointer(link->writer_watch, w);
}

static void tell_writer(struct dipc_link *link)
{
	struct dipc_watcher *w;

	rcu_read_lock();
	w = rcu_dereference(link->writer_watch);
	if (w)
		w->ops->room(w);
	rcu_read_unlock();
}

/*
 * Who writes has no reference but that of his route, which is taken to be idle
 * when the other end is closed.
 */
static bool end(struct dipc_link *link, int err)
{
	bool is_first;

	dipc_queue_get(&link->queue);
	is_first = dipc_queue_end(&link->queue, err);
	dipc_queue_put(&link->queue);
	return is_first;
}

/**
 * dipc_link_end() - nothing is written to a link any more
 * @link: what is in it stays
 *
 * Context: process; may sleep.
 */
void dipc_link_end(struct dipc_link *link)
{
	end(link, 0);
	tell_writer(link);
}

/**
 * dipc_link_hang_up() - one end of a connection ends both directions
 * @rx: the link that it reads from
 * @tx: the link that it writes to
 *
 * In this order: who is woken by the second one sees both.
 *
 * Context: process; may sleep.
 */
void dipc_link_hang_up(struct dipc_link *rx, struct dipc_link *tx)
{
	dipc_link_end(rx);
	WRITE_ONCE(tx->hangup, true);
	dipc_link_end(tx);
	/* if that had been ended before, this is the only news */
	if (READ_ONCE(tx->hangup))
		tell_writer(rx);
}

/*
 * Is there nobody who has come to call the watcher of who reads before it left,
 * and is still about to: nobody but the reader and the writer's idle route has
 * a reference. A route is given back once; what is there is counted in @refs.
 */
static bool is_left(const struct dipc_link *rx)
{
	unsigned int refs = dipc_queue_refs(&rx->queue);

	return refs == 1 || (refs == 2 && refcount_read(&rx->route.refs));
}

/**
 * dipc_link_part() - one end of a connection is closed
 * @rx: the link that it reads from
 * @tx: the link that it writes to
 * @w: its watcher of @rx, which is not told; nor of @tx any more
 * @reset: the other end is told ECONNRESET, whatever was left
 *
 * Both are marked before anybody is woken, so that who is sees both; but for
 * a link with calls, whose ends come before the end of the connection.
 *
 * Context: process; may sleep.
 * Return: whether somebody may be calling @w just now, for what is read, or for
 * the end of what is written.
 */
bool dipc_link_part(struct dipc_link *rx, struct dipc_link *tx,
		    struct dipc_watcher *w, bool reset)
{
	bool unread;
	bool has_to_close = dipc_queue_leave(&rx->queue, w, &unread);
	bool is_first;

	WRITE_ONCE(tx->hangup, true);
	/* that nobody takes a call any more is told before the end, as calls are */
	if (READ_ONCE(rx->queue.had_calls)) {
		dipc_queue_close(&rx->queue);
		has_to_close = false;
	}
	is_first = end(tx, reset || unread ? -ECONNRESET : 0);
	if (has_to_close)
		dipc_queue_close(&rx->queue);
	tell_writer(rx);
	dipc_user_uncharge(rx->connection->user, DIPC_RES_PORTS, 1);
	/* its reader tells the writer only after he has ended or closed it */
	return !(is_first || dipc_queue_refs(&tx->queue) == 1) || !is_left(rx);
}

/**
 * dipc_link_abandon() - a link was made and not used
 * @link: just made; the reference is consumed
 *
 * Context: process.
 */
void dipc_link_abandon(struct dipc_link *link)
{
	dipc_user_uncharge(link->connection->user, DIPC_RES_PORTS, 1);
	dipc_queue_put(&link->queue);
}

static struct dipc_link *of_entry(struct dipc_roll_entry *entry)
{
	return container_of(entry, struct dipc_link, entry);
}

static bool get_entry(struct dipc_roll_entry *entry)
{
	return dipc_queue_get_unless_zero(&of_entry(entry)->queue);
}

/**
 * dipc_link_next() - walk the table
 * @table: the namespace's
 * @index: where to begin; set to that of the link that was found
 *
 * Context: any.
 * Return: the link with a reference for the caller, or NULL at the end.
 */
struct dipc_link *dipc_link_next(struct dipc_link_table *table,
				 unsigned long *index)
{
	struct dipc_roll_entry *entry;

	entry = dipc_roll_next(&table->roll, index, get_entry);
	return entry ? of_entry(entry) : NULL;
}

/**
 * dipc_link_put() - give a reference back
 * @link: may be gone afterwards; or NULL
 *
 * Context: any.
 */
void dipc_link_put(struct dipc_link *link)
{
	if (link)
		dipc_queue_put(&link->queue);
}
