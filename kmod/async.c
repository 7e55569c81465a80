// SPDX-License-Identifier: GPL-2.0
/* Asynchronous sends and the error queue; see async.h. */
#include <linux/slab.h>

#include "async.h"
#include "trace.h"

struct dipc_errqueue {
	spinlock_t		lock;
	refcount_t		refs;
	bool			closed;
	u32			n;		/* in both lists */
	struct list_head	outstanding;
	struct list_head	done;		/* completions to be read */
	void (*ready)(void *socket);		/* immutable */
	void __rcu		*socket;	/* NULL when it is closed */
	struct rcu_head		rcu;
};

/**
 * dipc_errqueue_create() - make the error queue of a socket
 * @socket: the socket; must outlive a grace period after
 *	dipc_errqueue_close()
 * @ready: called with it when there is something to read, in an RCU read
 *	section, in any context
 *
 * Context: process; may sleep.
 * Return: the error queue, or NULL without memory.
 */
struct dipc_errqueue *dipc_errqueue_create(void *socket,
					   void (*ready)(void *socket))
{
	struct dipc_errqueue *eq;

	eq = kzalloc(sizeof(*eq), GFP_KERNEL_ACCOUNT);
	if (!eq)
		return NULL;
	spin_lock_init(&eq->lock);
	refcount_set(&eq->refs, 1);
	INIT_LIST_HEAD(&eq->outstanding);
	INIT_LIST_HEAD(&eq->done);
	eq->ready = ready;
	rcu_assign_pointer(eq->socket, socket);
	return eq;
}

static void tell_ready(struct dipc_errqueue *eq)
{
	void *socket;

	rcu_read_lock();
	socket = rcu_dereference(eq->socket);
	if (socket)
		eq->ready(socket);
	rcu_read_unlock();
}

static void errqueue_put(struct dipc_errqueue *eq)
{
	if (refcount_dec_and_test(&eq->refs))
		kfree_rcu(eq, rcu);
}

static void async_put(struct dipc_async *async)
{
	if (!refcount_dec_and_test(&async->refs))
		return;
	dipc_user_uncharge(async->user, DIPC_RES_BYTES, sizeof(*async));
	dipc_user_put(async->user);
	dipc_queue_put(async->queue);
	errqueue_put(async->errqueue);
	kfree(async);
}

/* The error queue's lock is held, and given up for a while. */
static void withdraw(struct dipc_errqueue *eq, struct dipc_async *async)
	__releases(&eq->lock) __acquires(&eq->lock)
{
	struct dipc_queue *q = async->queue;

	list_del_init(&async->node);
	refcount_inc(&async->refs);
	spin_unlock_bh(&eq->lock);
	if (dipc_queue_withdraw_sender(q, async->message, &async->waiter)) {
		dipc_stats_count(q->stats, DIPC_REASON_WITHDRAWN);
		trace_dipc_refuse(q->kind, q->id, 0, async->completion.id,
				  async->len, DIPC_REASON_WITHDRAWN);
		async_put(async);
	}
	async_put(async);
	cond_resched();
	spin_lock_bh(&eq->lock);
}

/**
 * dipc_errqueue_close() - the socket of an error queue is closed
 * @eq: the socket's, or NULL; its reference is given back
 *
 * What is not complete is withdrawn, what was not read is lost.
 *
 * Context: process; may sleep.
 */
void dipc_errqueue_close(struct dipc_errqueue *eq)
{
	struct dipc_async *async, *next;

	if (!eq)
		return;
	RCU_INIT_POINTER(eq->socket, NULL);
	spin_lock_bh(&eq->lock);
	eq->closed = true;
	/* the last one first: or it would get the room of those before it */
	while (!list_empty(&eq->outstanding))
		withdraw(eq, list_last_entry(&eq->outstanding,
					     struct dipc_async, node));
	spin_unlock_bh(&eq->lock);
	/* nothing comes to this list any more */
	list_for_each_entry_safe(async, next, &eq->done, node)
		async_put(async);
	errqueue_put(eq);
}

/**
 * dipc_errqueue_peek() - look at the next completion
 * @eq: the error queue
 * @completion: filled
 *
 * Context: process.
 * Return: whether there is one.
 */
bool dipc_errqueue_peek(struct dipc_errqueue *eq,
			struct dipc_completion *completion)
{
	struct dipc_async *async;

	spin_lock_bh(&eq->lock);
	async = list_first_entry_or_null(&eq->done, struct dipc_async, node);
	if (async)
		*completion = async->completion;
	spin_unlock_bh(&eq->lock);
	return async;
}

/**
 * dipc_errqueue_take() - take the next completion
 * @eq: the error queue
 *
 * Context: process.
 * Return: the send, to be given to dipc_errqueue_consume() or, if it could not
 * be read, to dipc_errqueue_put_back(); or NULL.
 */
struct dipc_async *dipc_errqueue_take(struct dipc_errqueue *eq)
{
	struct dipc_async *async;

	spin_lock_bh(&eq->lock);
	async = list_first_entry_or_null(&eq->done, struct dipc_async, node);
	if (async)
		list_del_init(&async->node);
	spin_unlock_bh(&eq->lock);
	return async;
}

/**
 * dipc_errqueue_put_back() - a completion could not be read
 * @eq: the error queue
 * @async: taken from it; is the next again
 *
 * Context: process.
 */
void dipc_errqueue_put_back(struct dipc_errqueue *eq, struct dipc_async *async)
{
	spin_lock_bh(&eq->lock);
	list_add(&async->node, &eq->done);
	spin_unlock_bh(&eq->lock);
	/* who has looked meanwhile has found nothing and may sleep */
	tell_ready(eq);
}

/**
 * dipc_errqueue_consume() - a completion was read
 * @eq: the error queue
 * @async: taken from it; consumed
 *
 * Context: process.
 */
void dipc_errqueue_consume(struct dipc_errqueue *eq, struct dipc_async *async)
{
	spin_lock_bh(&eq->lock);
	WRITE_ONCE(eq->n, eq->n - 1);
	spin_unlock_bh(&eq->lock);
	async_put(async);
}

/**
 * dipc_errqueue_pending() - is there something to read
 * @eq: the error queue, or NULL
 *
 * Context: any.
 * Return: whether there is.
 */
bool dipc_errqueue_pending(const struct dipc_errqueue *eq)
{
	return eq && !list_empty_careful(&eq->done);
}

static bool is_success(enum dipc_reason reason)
{
	return reason == DIPC_REASON_QUEUED || reason == DIPC_REASON_HANDED ||
	       reason == DIPC_REASON_TAKEN || reason == DIPC_REASON_DROP_NEWEST;
}

static u32 error_of(const struct dipc_queue *q, enum dipc_reason reason)
{
	if (is_success(reason))
		return 0;
	if (reason == DIPC_REASON_CLOSED || reason == DIPC_REASON_DROP_CLOSED)
		return -q->close_err;
	return -dipc_reason_errno(reason);
}

/* Called back by the queue, or by the sender himself if it is done at once. */
static void finished(struct dipc_waiter *w)
{
	struct dipc_async *async = container_of(w, struct dipc_async, waiter);
	struct dipc_errqueue *eq = async->errqueue;
	struct dipc_queue *q = async->queue;
	enum dipc_reason reason = w->done;
	bool closed;

	/* what was queued before, or handed, has been counted by the queue */
	if (w->place == DIPC_PLACE_LINE &&
	    (!is_success(reason) || reason == DIPC_REASON_DROP_NEWEST)) {
		dipc_stats_count(q->stats, reason);
		trace_dipc_refuse(q->kind, q->id, 0, async->completion.id,
				  async->len, reason);
	}
	async->completion.reason = reason;
	async->completion.error = error_of(q, reason);

	spin_lock_bh(&eq->lock);
	closed = eq->closed;
	if (closed)
		list_del_init(&async->node);
	else
		list_move_tail(&async->node, &eq->done);
	spin_unlock_bh(&eq->lock);
	if (closed) {
		async_put(async);
		return;
	}
	/* it may be read and gone by now, the error queue for RCU only */
	tell_ready(eq);
}

static bool reserve(struct dipc_errqueue *eq)
{
	bool full;

	spin_lock_bh(&eq->lock);
	full = eq->n >= DIPC_ASYNC_MAX;
	if (!full)
		WRITE_ONCE(eq->n, eq->n + 1);
	spin_unlock_bh(&eq->lock);
	return !full;
}

/**
 * dipc_async_create() - an asynchronous send begins
 * @eq: of the socket that sends
 * @queue: where to; a reference is taken
 * @user: who is charged for it, beside the message; a reference is taken
 * @limits: the user limits in force
 * @err: set if it cannot: -EAGAIN if DIPC_ASYNC_MAX are outstanding or not
 *	read yet, -ENOBUFS if the user's limit is reached, -ENOMEM
 *
 * Context: process; may sleep.
 * Return: the send, with a place for its completion; or NULL.
 */
struct dipc_async *dipc_async_create(struct dipc_errqueue *eq,
				     struct dipc_queue *queue,
				     struct dipc_user *user,
				     const struct dipc_limits *limits,
				     int *err)
{
	struct dipc_async *async;

	if (!dipc_pools_charge(user, sizeof(*async), limits)) {
		*err = -ENOBUFS;
		return NULL;
	}
	*err = -ENOMEM;
	async = kzalloc(sizeof(*async), GFP_KERNEL_ACCOUNT);
	if (!async)
		goto err_uncharge;
	*err = -EAGAIN;
	if (!reserve(eq))
		goto err_free;
	async->user = dipc_user_get(user);
	refcount_inc(&eq->refs);
	dipc_queue_get(queue);
	refcount_set(&async->refs, 1);
	INIT_LIST_HEAD(&async->node);
	async->errqueue = eq;
	async->queue = queue;
	dipc_waiter_init(&async->waiter);
	async->waiter.task = NULL;
	async->waiter.complete = finished;
	return async;

err_free:
	kfree(async);
err_uncharge:
	dipc_user_uncharge(user, DIPC_RES_BYTES, sizeof(*async));
	return NULL;
}

/**
 * dipc_async_start() - the message is about to be delivered
 * @async: the send
 * @m: its message
 *
 * From here on it may be completed.
 *
 * Context: process.
 */
void dipc_async_start(struct dipc_async *async, struct dipc_message *m)
{
	struct dipc_errqueue *eq = async->errqueue;

	async->message = m;
	async->len = m->len;
	async->completion.id = m->id;
	spin_lock_bh(&eq->lock);
	list_add_tail(&async->node, &eq->outstanding);
	spin_unlock_bh(&eq->lock);
}

/**
 * dipc_async_done() - a send is complete as soon as it was made
 * @async: the send, started, of which no queue knows; consumed
 * @reason: what became of the message
 *
 * Context: process.
 */
void dipc_async_done(struct dipc_async *async, enum dipc_reason reason)
{
	async->waiter.done = reason;
	rcu_read_lock();
	finished(&async->waiter);
	rcu_read_unlock();
}

/**
 * dipc_async_cancel() - a send fails at once, and there is no completion
 * @async: the send, started or not, of which no queue knows; consumed
 *
 * Context: process.
 */
void dipc_async_cancel(struct dipc_async *async)
{
	struct dipc_errqueue *eq = async->errqueue;

	spin_lock_bh(&eq->lock);
	list_del_init(&async->node);
	WRITE_ONCE(eq->n, eq->n - 1);
	spin_unlock_bh(&eq->lock);
	async_put(async);
}
