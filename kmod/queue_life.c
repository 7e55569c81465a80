// SPDX-License-Identifier: GPL-2.0
/*
 * The queue as an object: its limits, its references, its end, and what is
 * done after each change once the lock is free. How messages come in and go
 * out is in queue_admit.c and queue_take.c.
 */
#include <linux/string.h>

#include "queue.h"

#define DEFAULT_CAPACITY_MSGS	256
#define DEFAULT_CAPACITY_BYTES	(1024 * 1024)
#define DEFAULT_MSG_MAX_BYTES	(64 * 1024)

/* How many messages are discarded before the lock is given up for a while. */
#define PURGE_BATCH		64

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
}

/**
 * dipc_queue_conf_check() - are limits from user space sound
 * @conf: the limits
 *
 * Context: any.
 * Return: 0, or -EINVAL if the policy is unknown, a reserved byte is set, or
 * the largest message is above DIPC_MSG_LEN_MAX or, in a buffered queue, above
 * the capacity.
 */
int dipc_queue_conf_check(const struct dipc_queue_conf *conf)
{
	if (conf->policy > DIPC_POLICY_DROP_OLDEST ||
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
 * Context: any. The caller holds the first reference afterwards.
 */
void dipc_queue_init(struct dipc_queue *q, enum dipc_queue_kind kind, u64 id,
		     const struct dipc_queue_conf *conf, kuid_t owner,
		     int close_err, struct dipc_stats __percpu *stats,
		     const struct dipc_queue_ops *ops)
{
	spin_lock_init(&q->lock);
	refcount_set(&q->refs, 1);
	q->kind = kind;
	q->id = id;
	q->owner = owner;
	q->close_err = close_err;
	q->next_seq = 1;
	q->stats = stats;
	q->ops = ops;
	INIT_LIST_HEAD(&q->messages);
	INIT_LIST_HEAD(&q->senders);
	INIT_LIST_HEAD(&q->receivers);
	INIT_LIST_HEAD(&q->watchers);
	INIT_LIST_HEAD(&q->starved);
	INIT_LIST_HEAD(&q->shares);
	set_conf(q, conf);
}

/**
 * dipc_queue_get_unless_zero() - take a reference to a queue that was found
 * @q: found in an RCU read section
 *
 * Context: any.
 * Return: whether there was still one to be had.
 */
bool dipc_queue_get_unless_zero(struct dipc_queue *q)
{
	return refcount_inc_not_zero(&q->refs);
}

/**
 * dipc_queue_get() - take one more reference
 * @q: of which the caller holds one
 *
 * Context: any.
 */
void dipc_queue_get(struct dipc_queue *q)
{
	refcount_inc(&q->refs);
}

/**
 * dipc_queue_put() - give a reference back
 * @q: may be gone afterwards; or NULL
 *
 * Context: any, without the queue's lock.
 */
void dipc_queue_put(struct dipc_queue *q)
{
	if (q && refcount_dec_and_test(&q->refs))
		q->ops->release(q);
}

/**
 * dipc_queue_events_init() - nothing is to be done yet
 * @ev: to be collected in
 *
 * Context: any.
 */
void dipc_queue_events_init(struct dipc_queue_events *ev)
{
	ev->n_wake = 0;
	ev->readable = false;
	ev->was_empty = false;
	ev->room = false;
	ev->more = false;
	ev->n_drop = 0;
	INIT_LIST_HEAD(&ev->drop);
}

static void free_dropped(struct dipc_queue_events *ev)
{
	struct dipc_message *m, *next;

	list_for_each_entry_safe(m, next, &ev->drop, node) {
		list_del_init(&m->node);
		dipc_message_put(m);
	}
}

static void call_readable(struct dipc_queue *q, bool was_empty)
{
	struct dipc_watcher *w;

	list_for_each_entry_rcu(w, &q->watchers, node)
		w->readable(w, was_empty);
}

/*
 * Each watcher is called once, then it has to ask again. Who asks meanwhile
 * has to wait for the next time, or this could go on for ever.
 */
static void call_room(struct dipc_queue *q)
{
	struct dipc_watcher *batch[DIPC_EVENTS_MAX];
	unsigned int i, n;
	LIST_HEAD(starved);

	spin_lock_bh(&q->lock);
	list_splice_init(&q->starved, &starved);
	do {
		/* on this list, too, a watcher is covered by the lock */
		for (n = 0; n < ARRAY_SIZE(batch) && !list_empty(&starved); n++) {
			batch[n] = list_first_entry(&starved,
						    struct dipc_watcher,
						    room_node);
			list_del_init(&batch[n]->room_node);
		}
		spin_unlock_bh(&q->lock);
		for (i = 0; i < n; i++)
			batch[i]->room(batch[i]);
		spin_lock_bh(&q->lock);
	} while (!list_empty(&starved));
	spin_unlock_bh(&q->lock);
}

static void act(struct dipc_queue *q, struct dipc_queue_events *ev)
{
	unsigned int i;

	for (i = 0; i < ev->n_wake; i++)
		wake_up_process(ev->wake[i]);
	if (ev->readable)
		call_readable(q, ev->was_empty);
	if (ev->room)
		call_room(q);
	free_dropped(ev);
}

/**
 * dipc_queue_notify() - do what follows from a change
 * @q: the queue, unlocked
 * @ev: what was collected; used up
 *
 * Wakes tasks and watchers and frees what was discarded. Where more senders
 * could be admitted than could be collected at once, admits those as well.
 *
 * Context: any; in the RCU read section in which the lock was taken.
 */
void dipc_queue_notify(struct dipc_queue *q, struct dipc_queue_events *ev)
{
	for (;;) {
		act(q, ev);
		if (likely(!ev->more))
			return;
		dipc_queue_events_init(ev);
		spin_lock_bh(&q->lock);
		dipc_queue_admit_locked(q, ev);
		spin_unlock_bh(&q->lock);
	}
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
 */
void dipc_queue_configure(struct dipc_queue *q,
			  const struct dipc_queue_conf *conf, kuid_t owner)
{
	struct dipc_queue_events ev;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	set_conf(q, conf);
	q->owner = owner;
	if (!q->closed)
		dipc_queue_admit_locked(q, &ev);
	/* whoever polls for room may find it by other rules now */
	ev.room = true;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();

	while (reconsider_batch(q))
		cond_resched();
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
	memset(info, 0, sizeof(*info));
	spin_lock_bh(&q->lock);
	info->conf.capacity_msgs = q->capacity_msgs;
	info->conf.capacity_bytes = q->capacity_bytes;
	info->conf.msg_max_bytes = q->msg_max_bytes;
	info->conf.policy = q->policy;
	info->n_messages = q->n_messages;
	info->n_senders = q->n_senders;
	info->n_receivers = q->n_receivers;
	info->bytes = q->bytes;
	info->dropped = q->dropped;
	info->owner = q->owner;
	spin_unlock_bh(&q->lock);
}

/* Discard up to PURGE_BATCH messages; false when nothing was left. */
static bool purge_batch(struct dipc_queue *q, enum dipc_reason reason, u32 *n)
{
	struct dipc_queue_events ev;
	struct dipc_message *m;
	bool left;
	int i;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	for (i = 0; i < PURGE_BATCH && *n && !list_empty(&q->messages); i++) {
		m = list_first_entry(&q->messages, struct dipc_message, node);
		dipc_queue_unlink_locked(q, m);
		dipc_queue_drop_locked(q, m, reason, &ev);
		--*n;
	}
	left = *n && !list_empty(&q->messages);
	if (!q->closed)
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
	u32 start = READ_ONCE(q->n_messages);
	u32 left = start;

	while (purge_batch(q, reason, &left))
		cond_resched();
	return start - left;
}

/* Tell some of those who wait on a closed queue; false when none was left. */
static bool dismiss_batch(struct dipc_queue *q)
{
	struct dipc_queue_events ev;
	struct dipc_message *m;
	struct dipc_waiter *w;
	bool left;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	while (ev.n_wake < DIPC_EVENTS_MAX && q->n_senders) {
		m = dipc_queue_first_in_line_locked(q);
		dipc_queue_finish_sender_locked(q, m, DIPC_REASON_CLOSED, &ev);
	}
	while (ev.n_wake < DIPC_EVENTS_MAX && !list_empty(&q->receivers)) {
		w = list_first_entry(&q->receivers, struct dipc_waiter, node);
		list_del_init(&w->node);
		WRITE_ONCE(q->n_receivers, q->n_receivers - 1);
		dipc_queue_finish_locked(w, DIPC_REASON_CLOSED, &ev);
	}
	left = q->n_senders || q->n_receivers;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return left;
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
	struct dipc_queue_events ev;

	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->closed, true);
	spin_unlock_bh(&q->lock);

	while (dismiss_batch(q))
		cond_resched();
	dipc_queue_purge(q, DIPC_REASON_DROP_CLOSED);

	dipc_queue_events_init(&ev);
	ev.readable = true;
	ev.was_empty = true;
	ev.room = true;
	rcu_read_lock();
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
}
