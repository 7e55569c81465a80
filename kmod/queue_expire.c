// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when a queue's timer goes off. A deadline has passed: the
 * message goes, who waits for it is told, and others get its room. Or senders
 * were left in line long enough.
 */
#include <linux/slab.h>

#include "queue_inner.h"
#include "trace.h"

static void expire(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = m->waiter;

	dipc_queue_due_del_locked(q, m);
	if (w && w->place == DIPC_PLACE_LINE) {
		dipc_queue_finish_sender_locked(q, m, DIPC_REASON_EXPIRED, ev);
		return;
	}
	if (w && w->place == DIPC_PLACE_LOAN) {
		/* its receiver finds out when it has copied it */
		if (!dipc_queue_revoke_locked(q, m, w))
			return;
		dipc_stats_count(q->stats, DIPC_REASON_EXPIRED);
		dipc_queue_finish_locked(w, DIPC_REASON_EXPIRED, ev);
		return;
	}
	dipc_queue_unlink_locked(q, m);
	dipc_queue_tell_sender_locked(m, DIPC_REASON_EXPIRED, ev);
	dipc_queue_drop_locked(q, m, DIPC_REASON_EXPIRED, ev);
}

/**
 * dipc_queue_drop_overdue_locked() - see dipc_queue_expire_locked()
 * @q: the queue, which has had deadlines
 * @ev: takes up what follows
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_drop_overdue_locked(struct dipc_queue *q,
				    struct dipc_queue_events *ev)
{
	struct dipc_message *m;
	bool any = false;

	while (ev->n_drop < DIPC_DROP_MAX && ev->n_wake < DIPC_EVENTS_MAX - 2) {
		m = dipc_queue_overdue_locked(q);
		if (!m)
			break;
		expire(q, m, ev);
		any = true;
	}
	/* after unlocking: here the places in ev are wanted for others */
	if (any && (q->n_senders || !list_empty(&q->starved)))
		ev->more = true;
}

/**
 * dipc_queue_expire() - discard what is overdue
 * @q: the queue
 *
 * For who is about to look at it without the lock. The timer does the same, but
 * may be late.
 *
 * Context: process; may sleep.
 */
void dipc_queue_expire(struct dipc_queue *q)
{
	struct dipc_queue_events ev;
	bool more;

	if (likely(!dipc_queue_may_expire(q)))
		return;
	do {
		dipc_queue_events_init(&ev);
		rcu_read_lock();
		spin_lock_bh(&q->lock);
		dipc_queue_expire_locked(q, &ev);
		more = dipc_queue_overdue_locked(q);
		spin_unlock_bh(&q->lock);
		dipc_queue_notify(q, &ev);
		rcu_read_unlock();
		cond_resched();
	} while (more);
}

static enum hrtimer_restart time_is_over(struct hrtimer *timer)
{
	struct dipc_due *due = container_of(timer, struct dipc_due, timer);
	struct dipc_queue *q = due->queue;
	struct timerqueue_node *next;
	struct dipc_queue_events ev;
	ktime_t breath = ktime_add_ns(ktime_get(), DIPC_BREATH_NS);

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	dipc_queue_expire_locked(q, &ev);
	if (due->left_in_line) {
		due->left_in_line = false;
		dipc_queue_admit_locked(q, &ev);
	}
	next = timerqueue_getnext(&due->deadlines);
	/* somebody may have set it anew for something earlier meanwhile */
	if (next)
		dipc_queue_due_set_locked(q, max(next->expires, breath));
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

static struct dipc_due *due_of(struct dipc_queue *q)
{
	/* pairs with the cmpxchg() below */
	struct dipc_due *due = smp_load_acquire(&q->due);
	struct dipc_due *old;

	if (due)
		return due;
	due = kzalloc(sizeof(*due), GFP_KERNEL_ACCOUNT);
	if (!due)
		return NULL;
	due->queue = q;
	timerqueue_init_head(&due->deadlines);
	hrtimer_init(&due->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	due->timer.function = time_is_over;
	old = cmpxchg(&q->due, NULL, due);
	if (old)
		kfree(due);
	return old ?: due;
}

/**
 * dipc_queue_prepare_due() - make sure that a queue can have deadlines
 * @q: the queue, to which a message with a deadline is to be sent
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int dipc_queue_prepare_due(struct dipc_queue *q)
{
	struct dipc_due *due = due_of(q);

	if (!due)
		return -ENOMEM;
	/* dipc_deliver_preview() looks without the lock */
	if (!READ_ONCE(due->has_deadlines))
		WRITE_ONCE(due->has_deadlines, true);
	return 0;
}

/**
 * dipc_queue_prepare_line() - senders are going to wait for room
 * @q: the queue
 *
 * Without memory they are let in one by one.
 *
 * Context: process; may sleep.
 */
void dipc_queue_prepare_line(struct dipc_queue *q)
{
	due_of(q);
}
