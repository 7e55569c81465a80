// SPDX-License-Identifier: GPL-2.0
/*
 * The queue as an object: its limits, its references and its end. How
 * messages come in and go out is in queue_admit.c and queue_take.c.
 */
#include <linux/cache.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "queue_inner.h"

#define DEFAULT_CAPACITY_MSGS	256
#define DEFAULT_CAPACITY_BYTES	(1024 * 1024)
#define DEFAULT_MSG_MAX_BYTES	(64 * 1024)

/**
 * dipc_queue_conf_default() - the limits of a queue for which none were asked
 * @conf: filled to its last byte
 *
 * Context: any.
 */
void dipc_queue_conf_default(struct dipc_queue_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->capacity_msgs = DEFAULT_CAPACITY_MSGS;
	conf->capacity_bytes = DEFAULT_CAPACITY_BYTES;
	conf->msg_max_bytes = DEFAULT_MSG_MAX_BYTES;
	conf->policy = DIPC_POLICY_WAIT;
	conf->order = DIPC_ORDER_FIFO;
}

/**
 * dipc_queue_conf_check() - are limits from user space sound
 * @conf: the limits
 *
 * Context: any.
 * Return: 0, or -EINVAL if the policy or the order is unknown, a reserved byte is set, or
 * the largest message is above DIPC_MSG_LEN_MAX or, in a buffered queue, above
 * the capacity.
 */
int dipc_queue_conf_check(const struct dipc_queue_conf *conf)
{
	if (conf->policy > DIPC_POLICY_DROP_OLDEST ||
	    conf->order > DIPC_ORDER_PRIORITY ||
	    memchr_inv(conf->reserved, 0, sizeof(conf->reserved)) ||
	    conf->msg_max_bytes > DIPC_MSG_LEN_MAX)
		return -EINVAL;
	if (conf->capacity_msgs && conf->capacity_bytes < conf->msg_max_bytes)
		return -EINVAL;
	return 0;
}

static void set_conf(struct dipc_queue *q, const struct dipc_queue_conf *conf)
{
	/* dipc_deliver_preview() looks without the lock */
	WRITE_ONCE(q->capacity_msgs, conf->capacity_msgs);
	WRITE_ONCE(q->msg_max_bytes, conf->msg_max_bytes);
	WRITE_ONCE(q->policy, conf->policy);
	q->capacity_bytes = conf->capacity_bytes;
}

static u64 numbers_step __ro_after_init;

/**
 * dipc_queue_init_numbers() - prepare where the queues' numbers begin
 *
 * Context: process, when the module is loaded.
 */
void __init dipc_queue_init_numbers(void)
{
	numbers_step = get_random_u64() | 1;
}

/*
 * The numbers of two queues are far apart: a request may go from one to
 * another, and must not be taken for one that has stayed. By an odd step the
 * places are spread over all there are; since nobody knows the step, nobody
 * can tell which two of them are close together. A random number for each
 * queue would do as well, and costs more than all else that is done for it.
 */
static u64 draw_first_seq(void)
{
	static atomic64_t last;

	return (u64)atomic64_add_return(numbers_step, &last) >> 2;
}

/**
 * dipc_queue_init() - set a queue up
 * @q: embedded in a new object, zeroed
 * @kind: in what
 * @id: number for views: of the port, or the index of the mailbox
 * @conf: checked limits
 * @owner: who may fill it
 * @close_err: what users of a reference are told after it was closed
 * @stats: the namespace's counters
 * @ops: how the object is released
 *
 * Context: process; may sleep. The caller holds the first reference
 * afterwards.
 * Return: 0, or -ENOMEM, and then there is nothing to be undone.
 */
int dipc_queue_init(struct dipc_queue *q, enum dipc_queue_kind kind, u64 id,
		    const struct dipc_queue_conf *conf, kuid_t owner,
		    int close_err, struct dipc_stats __percpu *stats,
		    const struct dipc_queue_ops *ops)
{
	if (conf->order == DIPC_ORDER_PRIORITY) {
		q->levels = dipc_levels_create();
		if (!q->levels)
			return -ENOMEM;
	}
	spin_lock_init(&q->lock);
	refcount_set(&q->refs, 1);
	q->kind = kind;
	q->id = id;
	q->owner = owner;
	q->close_err = close_err;
	q->first_seq = draw_first_seq();
	q->next_seq = q->first_seq + 1;
	q->order = conf->order;
	q->stats = stats;
	q->ops = ops;
	INIT_LIST_HEAD(&q->messages);
	INIT_LIST_HEAD(&q->senders);
	INIT_LIST_HEAD(&q->receivers);
	INIT_LIST_HEAD(&q->watchers);
	INIT_LIST_HEAD(&q->starved);
	INIT_LIST_HEAD(&q->shares);
	set_conf(q, conf);
	return 0;
}

/**
 * dipc_queue_fini() - undo dipc_queue_init()
 * @q: of which nobody but the caller knows
 *
 * Context: any.
 */
void dipc_queue_fini(struct dipc_queue *q)
{
	kfree(q->levels);
}

/**
 * dipc_queue_free() - the last reference is gone
 * @q: closed; see dipc_queue_put()
 *
 * Context: any, without the queue's lock.
 */
void dipc_queue_free(struct dipc_queue *q)
{
	dipc_queue_due_free(q);
	dipc_queue_free_receivers(q);
	kfree(q->levels);
	q->ops->release(q);
}

static bool reconsider_batch(struct dipc_queue *q)
{
	struct dipc_queue_events ev;
	bool left;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	left = !q->closed && dipc_queue_reconsider_locked(q, &ev);
	/* who stood behind those that are gone may come in now */
	if (!q->closed)
		dipc_queue_admit_locked(q, &ev);
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return left;
}

/**
 * dipc_queue_configure() - change the limits
 * @q: the queue
 * @conf: checked limits
 * @owner: who may fill it from now on
 *
 * Discards nothing that is queued but for what DIPC_POLICY_DROP_OLDEST says.
 * Waiting senders whose message has become too long are told; others are let
 * in if there is room for them now, and those who may not wait by the new
 * policy are dealt with by it.
 *
 * Context: process; may sleep.
 * Return: 0; -EBUSY if the order would change and there are messages, -ENOMEM;
 * then nothing has changed.
 */
int dipc_queue_configure(struct dipc_queue *q,
			 const struct dipc_queue_conf *conf, kuid_t owner)
{
	struct dipc_levels *levels = NULL;
	struct dipc_queue_events ev;
	int err;

	if (conf->order == DIPC_ORDER_PRIORITY) {
		levels = dipc_levels_create();
		if (!levels)
			return -ENOMEM;
	}
	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	dipc_queue_expire_locked(q, &ev);
	err = dipc_queue_set_order_locked(q, conf->order, &levels);
	if (!err) {
		set_conf(q, conf);
		q->owner = owner;
		dipc_queue_admit_locked(q, &ev);
		/* whoever polls for room may find it by other rules now */
		ev.room = true;
	}
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	kfree(levels);

	/* whom this leaves in line is let in as room comes */
	while (!err && reconsider_batch(q) && !fatal_signal_pending(current))
		cond_resched();
	return err;
}

/**
 * dipc_queue_info() - look at a queue
 * @q: the queue
 * @info: filled with one consistent state
 *
 * Context: any.
 */
void dipc_queue_info(struct dipc_queue *q, struct dipc_queue_info *info)
{
	struct dipc_queue_events ev;

	memset(info, 0, sizeof(*info));
	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	dipc_queue_expire_locked(q, &ev);
	info->conf.capacity_msgs = q->capacity_msgs;
	info->conf.capacity_bytes = q->capacity_bytes;
	info->conf.msg_max_bytes = q->msg_max_bytes;
	info->conf.policy = q->policy;
	info->conf.order = q->order;
	info->closed = q->closed;
	info->ended = q->closed || q->ended;
	/* what is left in a closed one is gone, for whoever asks */
	if (!q->closed) {
		info->n_messages = q->n_messages;
		info->n_senders = q->n_senders;
		info->n_receivers = q->n_receivers;
		info->bytes = q->bytes;
	}
	info->dropped = q->dropped;
	info->owner = q->owner;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
}

/* Discard some messages; false when nothing was left. */
static bool purge_batch(struct dipc_queue *q, enum dipc_reason reason, u32 *n)
{
	struct dipc_queue_events ev;
	struct dipc_message *m;
	bool left;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	while (ev.n_drop < DIPC_DROP_MAX && ev.n_wake < DIPC_EVENTS_MAX &&
	       *n && !list_empty(&q->messages)) {
		m = list_first_entry(&q->messages, struct dipc_message, node);
		dipc_queue_unlink_locked(q, m);
		dipc_queue_tell_sender_locked(m, reason, &ev);
		dipc_queue_drop_locked(q, m, reason, &ev);
		--*n;
	}
	left = *n && !list_empty(&q->messages);
	dipc_queue_admit_locked(q, &ev);
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return left;
}

/**
 * dipc_queue_purge() - discard what is queued
 * @q: the queue
 * @reason: DIPC_REASON_DROP_PURGED or DIPC_REASON_DROP_CLOSED
 *
 * As many messages as there were at the start; those of waiting senders that
 * come in meanwhile may stay.
 *
 * Context: process; may sleep.
 * Return: how many messages were discarded.
 */
u32 dipc_queue_purge(struct dipc_queue *q, enum dipc_reason reason)
{
	u32 start, left;

	dipc_queue_expire(q);
	start = READ_ONCE(q->n_messages);
	left = start;
	while (purge_batch(q, reason, &left))
		cond_resched();
	return start - left;
}

/* Tell some of those who wait on a closed or ended queue; false when none was left. */
static bool dismiss_batch(struct dipc_queue *q)
{
	struct dipc_receiver_walk walk = {};
	struct dipc_queue_events ev;
	struct dipc_message *m;
	struct dipc_waiter *w;
	bool left;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	while (ev.n_wake < DIPC_EVENTS_MAX && q->n_senders) {
		m = dipc_queue_first_in_line_locked(q, NULL);
		dipc_queue_finish_sender_locked(q, m, DIPC_REASON_CLOSED, &ev);
	}
	while (ev.n_wake < DIPC_EVENTS_MAX &&
	       (w = dipc_queue_next_receiver_locked(q, &walk))) {
		dipc_queue_del_receiver_locked(q, w);
		dipc_queue_finish_locked(w, DIPC_REASON_CLOSED, &ev);
	}
	left = q->n_senders || q->n_receivers;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return left;
}

static void tell_watchers(struct dipc_queue *q)
{
	struct dipc_queue_events ev;

	dipc_queue_events_init(&ev);
	ev.readable = true;
	ev.was_empty = true;
	/* nobody comes to this list who sees that the queue has ended */
	ev.room = !list_empty(&q->starved);
	rcu_read_lock();
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
}

/**
 * dipc_queue_end() - nothing comes in any more
 * @q: the queue; ending it again changes nothing but for the first @err
 * @err: what receivers are told once, a negative errno; 0 if the end came in
 *	time
 *
 * What is queued can still be received. Senders that wait for room are told
 * close_err.
 *
 * Context: process; may sleep.
 * Return: whether it had neither been ended nor closed before.
 */
bool dipc_queue_end(struct dipc_queue *q, int err)
{
	bool is_first, news, idle;

	spin_lock_bh(&q->lock);
	idle = !q->n_senders && !q->n_receivers;
	is_first = !q->closed && !q->ended;
	news = is_first || (!q->closed && err && !q->end_err);
	if (news) {
		/* pairs with the acquire of those who look without the lock */
		smp_store_release(&q->end_err, err);
		/* the same */
		smp_store_release(&q->ended, true);
	}
	spin_unlock_bh(&q->lock);
	if (!news)
		return false;
	while (!idle && dismiss_batch(q))
		cond_resched();
	tell_watchers(q);
	return is_first;
}

static bool is_idle_locked(const struct dipc_queue *q)
{
	return !q->n_senders && !q->n_receivers && !q->n_messages;
}

static bool is_watched_locked(const struct dipc_queue *q)
{
	return !list_empty(&q->watchers) || !list_empty(&q->starved);
}

/**
 * dipc_queue_close() - nothing comes in or goes out any more
 * @q: the queue; closing it again does nothing
 *
 * Discards what is queued and tells those who wait, poll, or come later,
 * close_err.
 *
 * Context: process; may sleep.
 */
void dipc_queue_close(struct dipc_queue *q)
{
	bool idle, watched;

	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->closed, true);
	/* from here on nobody comes who does not see that it is closed */
	idle = is_idle_locked(q);
	watched = is_watched_locked(q);
	spin_unlock_bh(&q->lock);

	if (!idle) {
		while (dismiss_batch(q))
			cond_resched();
		dipc_queue_purge(q, DIPC_REASON_DROP_CLOSED);
	}
	dipc_queue_due_stop(q);
	if (watched)
		tell_watchers(q);
}

/**
 * dipc_queue_leave() - who alone receives from a queue does so no more
 * @q: the queue; closed from here on, but nobody is told yet
 * @w: his watcher, as for dipc_queue_unwatch()
 * @unread: set to whether there was something left in it
 *
 * Context: process.
 * Return: whether dipc_queue_close() is to follow, for what is left, or for
 * somebody who is to be told.
 */
bool dipc_queue_leave(struct dipc_queue *q, struct dipc_watcher *w,
		      bool *unread)
{
	bool more;

	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->closed, true);
	*unread = q->n_messages;
	dipc_queue_unwatch_locked(q, w);
	more = !is_idle_locked(q) || is_watched_locked(q) || q->due;
	spin_unlock_bh(&q->lock);
	return more;
}
