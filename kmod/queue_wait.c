// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a queue: a task that sleeps on it and may give up, and a
 * watcher that is called when it changes.
 */
#include <linux/rculist.h>
#include <linux/sched/signal.h>

#include "queue_inner.h"

/**
 * dipc_waiter_sleep() - sleep until the wait is ended
 * @w: in a queue
 * @timeout: how long at most, in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * Without an end (dipc_waiter_done()) the caller must withdraw @w, and may find
 * that it has ended after all.
 *
 * Context: process; sleeps.
 * Return: jiffies left; 0 when the time is over; -ERESTARTSYS for a signal.
 */
long dipc_waiter_sleep(struct dipc_waiter *w, long timeout)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (dipc_waiter_done(w) || !timeout)
			break;
		if (signal_pending(current)) {
			timeout = -ERESTARTSYS;
			break;
		}
		if (timeout == MAX_SCHEDULE_TIMEOUT)
			schedule();
		else
			timeout = schedule_timeout(timeout);
	}
	__set_current_state(TASK_RUNNING);
	return timeout;
}

static bool withdraw_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_waiter *w, struct dipc_queue_events *ev)
{
	switch (w->place) {
	case DIPC_PLACE_LINE:
		dipc_queue_leave_line_locked(q, m);
		break;
	case DIPC_PLACE_QUEUE:
		dipc_queue_unlink_locked(q, m);
		break;
	default:
		return dipc_queue_revoke_locked(q, m, w);
	}
	m->waiter = NULL;
	dipc_queue_discard_locked(m, ev);
	/* those behind it may fit where it did not */
	dipc_queue_admit_locked(q, ev);
	return true;
}

/**
 * dipc_queue_withdraw_sender() - a sender gives up
 * @q: the queue
 * @m: its message; nobody receives it if it was withdrawn
 * @w: its wait
 *
 * Context: process.
 * Return: whether the message was withdrawn; if not, the wait has ended
 * before and w->done says how (not of a request that was taken).
 */
bool dipc_queue_withdraw_sender(struct dipc_queue *q, struct dipc_message *m,
				struct dipc_waiter *w)
{
	struct dipc_queue_events ev;
	bool waits;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	waits = !w->done && withdraw_locked(q, m, w, &ev);
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return waits;
}

/**
 * dipc_queue_withdraw_receiver() - a receiver gives up
 * @q: the queue
 * @w: its wait
 *
 * Context: process.
 * Return: whether it still waited; if not, w->done says how the wait ended,
 * and w->message may be on loan to it.
 */
bool dipc_queue_withdraw_receiver(struct dipc_queue *q, struct dipc_waiter *w)
{
	bool waits;

	spin_lock_bh(&q->lock);
	waits = !w->done;
	if (waits)
		dipc_queue_del_receiver_locked(q, w);
	spin_unlock_bh(&q->lock);
	return waits;
}

/* Some of them; true if there may be more. */
static bool rouse_batch(struct dipc_queue *q, const void *owner)
{
	struct dipc_receiver_walk walk = {};
	struct dipc_queue_events ev;
	struct dipc_waiter *w;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	while ((w = dipc_queue_next_receiver_locked(q, &walk))) {
		if (w->owner != owner)
			continue;
		dipc_queue_del_receiver_locked(q, w);
		dipc_queue_finish_locked(w, DIPC_REASON_WITHDRAWN, &ev);
		if (ev.n_wake == DIPC_EVENTS_MAX)
			break;
	}
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return ev.n_wake == DIPC_EVENTS_MAX;
}

/**
 * dipc_queue_rouse() - some receivers are to look for something else, too
 * @q: the queue
 * @owner: whose
 *
 * Their wait ends with DIPC_REASON_WITHDRAWN.
 *
 * Context: process; may sleep.
 */
void dipc_queue_rouse(struct dipc_queue *q, const void *owner)
{
	while (rouse_batch(q, owner))
		cond_resched();
}

/**
 * dipc_watcher_init() - prepare a watcher
 * @w: embedded in what watches
 * @ops: what it is called by
 *
 * Context: any.
 */
void dipc_watcher_init(struct dipc_watcher *w,
		       const struct dipc_watcher_ops *ops)
{
	INIT_LIST_HEAD(&w->node);
	INIT_LIST_HEAD(&w->room_node);
	w->room_queue = NULL;
	spin_lock_init(&w->room_lock);
	w->calls = false;
	w->only_end = false;
	w->was_starved = false;
	w->ops = ops;
}

/**
 * dipc_queue_expect() - somebody is going to watch a queue
 * @q: for him alone; nobody else knows of it yet, or can send there
 * @calls: whether he takes requests
 *
 * Until dipc_queue_watch() it is as if he did, though he is not called: what
 * is sent there is for him.
 *
 * Context: any.
 */
void dipc_queue_expect(struct dipc_queue *q, bool calls)
{
	q->is_expecting = true;
	q->n_callees = calls;
	q->n_plain = !calls;
}

/**
 * dipc_queue_watch() - be called when there is something to take
 * @q: the queue
 * @w: the watcher, watching no other queue for that; w->calls is set if it
 *	stands for who takes requests
 *
 * Context: process.
 */
void dipc_queue_watch(struct dipc_queue *q, struct dipc_watcher *w)
{
	spin_lock_bh(&q->lock);
	list_add_tail_rcu(&w->node, &q->watchers);
	if (q->is_expecting) {
		q->is_expecting = false;
		q->n_callees = 0;
		q->n_plain = 0;
	}
	if (w->calls)
		q->n_callees++;
	else
		q->n_plain++;
	spin_unlock_bh(&q->lock);
}

/**
 * dipc_queue_watch_calls() - who watches takes requests from here on
 * @q: the queue that it watches
 * @w: the watcher
 *
 * Context: process.
 */
void dipc_queue_watch_calls(struct dipc_queue *q, struct dipc_watcher *w)
{
	spin_lock_bh(&q->lock);
	if (!w->calls) {
		WRITE_ONCE(w->calls, true);
		q->n_plain--;
		q->n_callees++;
	}
	spin_unlock_bh(&q->lock);
}

/**
 * dipc_queue_unwatch() - undo dipc_queue_watch()
 * @q: the same queue
 * @w: may still be called until a grace period has passed
 *
 * Context: process.
 */
void dipc_queue_unwatch(struct dipc_queue *q, struct dipc_watcher *w)
{
	spin_lock_bh(&q->lock);
	dipc_queue_unwatch_locked(q, w);
	spin_unlock_bh(&q->lock);
}

/**
 * dipc_queue_readable_locking() - dipc_queue_readable(), for certain
 * @q: the queue
 *
 * Without the lock, what goes from one place to another is perhaps seen in
 * none.
 *
 * Context: any.
 * Return: whether there are messages, or senders that wait with one.
 */
bool dipc_queue_readable_locking(struct dipc_queue *q)
{
	bool readable;

	spin_lock_bh(&q->lock);
	readable = dipc_queue_readable(q) || q->n_senders;
	spin_unlock_bh(&q->lock);
	return readable;
}

/**
 * dipc_queue_rest() - who takes all that comes waits, though not in line
 * @q: the queue
 *
 * Context: process.
 */
void dipc_queue_rest(struct dipc_queue *q)
{
	if (likely(!READ_ONCE(q->had_calls)))
		return;
	spin_lock_bh(&q->lock);
	if (!q->n_messages && !q->n_senders)
		dipc_queue_rest_locked(q);
	spin_unlock_bh(&q->lock);
}

/**
 * dipc_queue_needs_worker() - do more requests wait, and nobody for them
 * @q: the queue that a request was just taken from
 *
 * Context: any.
 * Return: whether it is so; true once, until somebody has waited in the queue.
 */
bool dipc_queue_needs_worker(struct dipc_queue *q)
{
	if (likely(!READ_ONCE(q->n_messages) && !READ_ONCE(q->n_senders)))
		return false;
	return !READ_ONCE(q->n_receivers) && !READ_ONCE(q->told_starving) &&
	       !xchg(&q->told_starving, true);
}

static void enter_starved_locked(struct dipc_queue *q, struct dipc_watcher *w)
{
	if (list_empty(&w->room_node))
		list_add_tail(&w->room_node, &q->starved);
	w->was_starved = true;
}

static void leave_starved(struct dipc_queue *q, struct dipc_watcher *w)
{
	spin_lock_bh(&q->lock);
	list_del_init(&w->room_node);
	spin_unlock_bh(&q->lock);
}

/* Returns the queue that was watched before, to be put after unlocking. */
static struct dipc_queue *change_room_queue(struct dipc_queue *q,
					    struct dipc_watcher *w)
{
	struct dipc_queue *old = w->room_queue;

	if (old == q)
		return NULL;
	if (old)
		leave_starved(old, w);
	dipc_queue_get(q);
	WRITE_ONCE(w->room_queue, q);
	return old;
}

/**
 * dipc_queue_watch_room() - is there room, and if not, be called when there is
 * @q: the queue
 * @w: the watcher; stops watching another queue for room
 * @len: of the message for which there is to be room, payload in bytes
 * @mode: enum dipc_mode it would be sent in
 * @uid: effective user that would send
 * @user: the user it would be charged to
 *
 * The watcher is called once, when there may be room.
 *
 * Context: process.
 * Return: whether there is room now; the watcher is called only if not.
 */
bool dipc_queue_watch_room(struct dipc_queue *q, struct dipc_watcher *w,
			   u32 len, u8 mode, kuid_t uid,
			   const struct dipc_user *user)
{
	struct dipc_queue_events ev;
	struct dipc_queue *old;
	bool room;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&w->room_lock);
	old = change_room_queue(q, w);
	spin_lock_bh(&q->lock);
	dipc_queue_expire_locked(q, &ev);
	room = dipc_queue_would_admit_locked(q, len, mode, uid, user);
	if (!room)
		enter_starved_locked(q, w);
	spin_unlock_bh(&q->lock);
	spin_unlock_bh(&w->room_lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	dipc_queue_put(old);
	return room;
}

/**
 * dipc_queue_watch_end() - has a queue been closed, and if not, be called
 * @q: the queue
 * @w: the watcher, of nothing else; stops watching another queue
 *
 * The watcher is called once, as if there was room, when the queue is closed.
 *
 * Context: process.
 * Return: whether the queue has been closed; the watcher is called only if
 * not.
 */
bool dipc_queue_watch_end(struct dipc_queue *q, struct dipc_watcher *w)
{
	struct dipc_queue *old;
	bool closed;

	spin_lock_bh(&w->room_lock);
	old = change_room_queue(q, w);
	spin_lock_bh(&q->lock);
	closed = q->closed || q->ended;
	w->only_end = true;
	if (!closed)
		enter_starved_locked(q, w);
	spin_unlock_bh(&q->lock);
	spin_unlock_bh(&w->room_lock);
	dipc_queue_put(old);
	return closed;
}

/**
 * dipc_queue_unwatch_room() - stop watching any queue for room
 * @w: may still be called until a grace period has passed
 *
 * Context: process.
 */
void dipc_queue_unwatch_room(struct dipc_watcher *w)
{
	struct dipc_queue *q;

	/* often it never has; who comes to watch just now may as well later */
	if (!READ_ONCE(w->room_queue))
		return;
	spin_lock_bh(&w->room_lock);
	q = w->room_queue;
	WRITE_ONCE(w->room_queue, NULL);
	if (q)
		leave_starved(q, w);
	spin_unlock_bh(&w->room_lock);
	dipc_queue_put(q);
}
