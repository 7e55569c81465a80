// SPDX-License-Identifier: GPL-2.0
/*
 * The deadlines in a queue: which message is due next, and the timer that is
 * set for it. What happens when it goes off is in queue_expire.c.
 */
#include <linux/slab.h>

#include "queue_inner.h"

/**
 * dipc_queue_due_set_locked() - have the timer go off
 * @q: the queue, prepared for it
 * @expires: when at the latest
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_due_set_locked(struct dipc_queue *q, ktime_t expires)
{
	struct hrtimer *timer = &q->due->timer;

	if (!hrtimer_is_queued(timer) || hrtimer_get_expires(timer) > expires)
		hrtimer_start(timer, expires, HRTIMER_MODE_ABS_SOFT);
}

/**
 * dipc_queue_add_deadline_locked() - the timer is to go off for a message
 * @q: the queue
 * @m: with an extra part, perhaps a deadline in it
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_add_deadline_locked(struct dipc_queue *q,
				    struct dipc_message *m)
{
	struct dipc_extra *extra = m->extra;

	if (!extra->has_deadline || WARN_ON_ONCE(!q->due))
		return;
	if (!RB_EMPTY_NODE(&extra->due.node))
		return;
	extra->message = m;
	if (timerqueue_add(&q->due->deadlines, &extra->due))
		dipc_queue_due_set_locked(q, extra->due.expires);
}

/**
 * dipc_queue_del_deadline_locked() - undo dipc_queue_add_deadline_locked()
 * @q: the queue
 * @m: with an extra part
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_del_deadline_locked(struct dipc_queue *q,
				    struct dipc_message *m)
{
	struct dipc_extra *extra = m->extra;

	if (RB_EMPTY_NODE(&extra->due.node))
		return;
	timerqueue_del(&q->due->deadlines, &extra->due);
}

/**
 * dipc_queue_overdue_locked() - a message whose deadline has passed
 * @q: the queue
 *
 * Context: any; the queue's lock is held.
 * Return: the one that was due first, or NULL.
 */
struct dipc_message *dipc_queue_overdue_locked(struct dipc_queue *q)
{
	struct timerqueue_node *next;

	next = timerqueue_getnext(&q->due->deadlines);
	if (!next || next->expires > ktime_get())
		return NULL;
	return container_of(next, struct dipc_extra, due)->message;
}

/**
 * dipc_queue_due_stop() - stop the timer, unless a deadline still matters
 * @q: the queue, closed and empty
 *
 * All that can still have one is on loan. Each of these loans ends with another
 * call of this, before its receiver gives back his reference to the queue: so
 * the timer is at rest before the queue is freed.
 *
 * Context: process; may sleep.
 */
void dipc_queue_due_stop(struct dipc_queue *q)
{
	/* pairs with the cmpxchg() of who makes it */
	struct dipc_due *due = smp_load_acquire(&q->due);
	bool is_lent;

	if (!due)
		return;
	spin_lock_bh(&q->lock);
	is_lent = timerqueue_getnext(&due->deadlines);
	spin_unlock_bh(&q->lock);
	if (!is_lent)
		hrtimer_cancel(&due->timer);
}

/**
 * dipc_queue_due_free() - free what the first deadline needed
 * @q: the queue, to which nobody refers any more
 *
 * Context: any.
 */
void dipc_queue_due_free(struct dipc_queue *q)
{
	kfree(q->due);
}
