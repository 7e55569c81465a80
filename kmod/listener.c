// SPDX-License-Identifier: GPL-2.0
/* Connections that wait to be accepted; see listener.h. */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "listener.h"

/**
 * dipc_listener_create() - make a listener
 * @socket: is told of each connection that comes; must outlive a grace period
 *	after dipc_listener_close()
 * @arrived: by this; called in an RCU read section
 *
 * Context: process; may sleep.
 * Return: the listener, not accepting anything yet, or NULL without memory.
 */
struct dipc_listener *dipc_listener_create(void *socket,
					   void (*arrived)(void *socket))
{
	struct dipc_listener *l;

	l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	if (!l)
		return NULL;
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->pending);
	init_waitqueue_head(&l->connectors);
	l->socket = socket;
	l->arrived = arrived;
	return l;
}

/**
 * dipc_listener_free() - free a listener with its port
 * @l: closed; or NULL
 *
 * Context: any.
 */
void dipc_listener_free(struct dipc_listener *l)
{
	if (!l)
		return;
	WARN_ON_ONCE(!list_empty(&l->pending));
	dipc_listener_put_info(&l->info);
	kfree(l);
}

/* A copy with references of its own. */
static void get_info(struct dipc_listener_info *to,
		     const struct dipc_listener_info *from)
{
	*to = *from;
	if (to->name)
		refcount_inc(&to->name->refs);
	get_pid(to->pid);
	get_cred(to->cred);
}

/**
 * dipc_listener_put_info() - give the references in it back
 * @info: empty afterwards
 *
 * Context: any.
 */
void dipc_listener_put_info(struct dipc_listener_info *info)
{
	dipc_name_put(info->name);
	put_pid(info->pid);
	put_cred(info->cred);
	info->name = NULL;
	info->pid = NULL;
	info->cred = NULL;
}

/**
 * dipc_listener_set() - listen, or listen anew
 * @l: the listener
 * @info: what accepted sockets will have; copied
 * @backlog: one more than this may wait to be accepted
 * @shut: none is taken all the same
 *
 * Context: process.
 */
void dipc_listener_set(struct dipc_listener *l,
		       const struct dipc_listener_info *info, u32 backlog,
		       bool shut)
{
	struct dipc_listener_info old, new;
	bool more;

	get_info(&new, info);
	spin_lock(&l->lock);
	old = l->info;
	l->info = new;
	more = backlog > l->backlog;
	WRITE_ONCE(l->backlog, backlog);
	WRITE_ONCE(l->shut, shut);
	spin_unlock(&l->lock);
	dipc_listener_put_info(&old);
	if (more)
		wake_up_interruptible_all(&l->connectors);
}

/**
 * dipc_listener_set_conf() - other limits for those accepted from here on
 * @l: the listener
 * @conf: checked limits
 *
 * Those who connected before have what was in force then.
 *
 * Context: process.
 */
void dipc_listener_set_conf(struct dipc_listener *l,
			    const struct dipc_queue_conf *conf)
{
	spin_lock(&l->lock);
	l->info.conf = *conf;
	spin_unlock(&l->lock);
}

/**
 * dipc_listener_set_calls() - do those accepted from here on take requests
 * @l: the listener
 * @calls: whether they do
 *
 * Context: process.
 */
void dipc_listener_set_calls(struct dipc_listener *l, bool calls)
{
	spin_lock(&l->lock);
	l->info.calls = calls;
	spin_unlock(&l->lock);
}

/**
 * dipc_listener_get_info() - what an accepted socket will have
 * @l: the listener
 * @info: filled; to be given to dipc_listener_put_info()
 *
 * Context: process.
 */
void dipc_listener_get_info(struct dipc_listener *l,
			    struct dipc_listener_info *info)
{
	spin_lock(&l->lock);
	get_info(info, &l->info);
	spin_unlock(&l->lock);
}

static bool is_full(const struct dipc_listener *l)
{
	return l->n_pending > l->backlog;
}

/**
 * dipc_listener_add() - a connection is there to be accepted
 * @l: the listener
 * @node: of the connection, in no list; may be taken at once
 * @refusal: 0, or a negative errno: it would have been welcome, and still is
 *	not to be added
 *
 * Context: process.
 * Return: 0; -ECONNREFUSED if none is taken any more; -EAGAIN if as many wait
 * as may; else @refusal.
 */
int dipc_listener_add(struct dipc_listener *l, struct list_head *node,
		      int refusal)
{
	void *socket = NULL;
	int err = 0;

	rcu_read_lock();
	spin_lock(&l->lock);
	if (l->closed || l->shut) {
		err = -ECONNREFUSED;
	} else if (is_full(l)) {
		err = -EAGAIN;
	} else if (refusal) {
		err = refusal;
	} else {
		list_add_tail(node, &l->pending);
		WRITE_ONCE(l->n_pending, l->n_pending + 1);
		socket = l->socket;
	}
	spin_unlock(&l->lock);
	if (socket)
		l->arrived(socket);
	rcu_read_unlock();
	return err;
}

/**
 * dipc_listener_take() - accept a connection
 * @l: the listener
 *
 * Context: process.
 * Return: the one that has waited longest, in no list; or NULL.
 */
struct list_head *dipc_listener_take(struct dipc_listener *l)
{
	struct list_head *node = NULL;

	spin_lock(&l->lock);
	if (!list_empty(&l->pending)) {
		node = l->pending.next;
		list_del_init(node);
		WRITE_ONCE(l->n_pending, l->n_pending - 1);
	}
	spin_unlock(&l->lock);
	if (node)
		wake_up_interruptible(&l->connectors);
	return node;
}

/* Also when it never will: then there is no use in waiting. */
static bool may_add(struct dipc_listener *l)
{
	bool may;

	spin_lock(&l->lock);
	may = l->closed || l->shut || !is_full(l);
	spin_unlock(&l->lock);
	return may;
}

/**
 * dipc_listener_wait() - sleep until dipc_listener_add() may succeed
 * @l: the listener
 * @timeout: how long at most, in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * One who was woken and then adds nothing calls dipc_listener_give_up().
 *
 * Context: process; sleeps.
 * Return: jiffies left; 0 when the time is over; -ERESTARTSYS for a signal.
 */
long dipc_listener_wait(struct dipc_listener *l, long timeout)
{
	/* one at a time: there is room for one */
	return ___wait_event(l->connectors, ___wait_cond_timeout(may_add(l)),
			     TASK_INTERRUPTIBLE, 1, timeout,
			     __ret = schedule_timeout(__ret));
}

/**
 * dipc_listener_give_up() - somebody waited and does not connect after all
 * @l: the listener; the next one who waits is woken in his place
 *
 * Context: process.
 */
void dipc_listener_give_up(struct dipc_listener *l)
{
	if (may_add(l))
		wake_up_interruptible(&l->connectors);
}

/**
 * dipc_listener_shut() - no further connection is taken
 * @l: the listener; those who wait already can be accepted
 *
 * Context: process.
 */
void dipc_listener_shut(struct dipc_listener *l)
{
	spin_lock(&l->lock);
	WRITE_ONCE(l->shut, true);
	spin_unlock(&l->lock);
	wake_up_interruptible_all(&l->connectors);
}

/**
 * dipc_listener_close() - the socket that listens is closed
 * @l: the listener
 * @pending: takes up the connections that nobody will accept
 *
 * Context: process.
 */
void dipc_listener_close(struct dipc_listener *l, struct list_head *pending)
{
	spin_lock(&l->lock);
	l->closed = true;
	l->socket = NULL;
	list_splice_tail_init(&l->pending, pending);
	WRITE_ONCE(l->n_pending, 0);
	spin_unlock(&l->lock);
	wake_up_interruptible_all(&l->connectors);
}
