// SPDX-License-Identifier: GPL-2.0
/*
 * What follows from a change of a queue, and is done once its lock is free:
 * tasks are woken, asynchronous sends called back, watchers told, messages
 * freed.
 */
#include "queue_inner.h"

/* So often are more let in at once: a few hundred. The timer goes on with that. */
#define ROUNDS_MAX 32

static noinline void free_dropped(struct dipc_queue_events *ev)
{
	struct dipc_message *m, *next;

	list_for_each_entry_safe(m, next, &ev->drop, node) {
		list_del_init(&m->node);
		dipc_message_put(m);
	}
}

/**
 * dipc_queue_tell_readable() - tell watchers that there is something to take
 * @q: the queue, unlocked
 * @was_empty: whether there was nothing before
 *
 * Context: any; in the RCU read section in which the lock was taken.
 */
void dipc_queue_tell_readable(struct dipc_queue *q, bool was_empty)
{
	struct dipc_watcher *w;

	list_for_each_entry_rcu(w, &q->watchers, node)
		w->ops->readable(w, was_empty);
}

/* Those who can do something about it. */
static void call_starving(struct dipc_queue *q)
{
	struct dipc_watcher *w;

	list_for_each_entry_rcu(w, &q->watchers, node)
		if (READ_ONCE(w->calls) && w->ops->starving)
			w->ops->starving(w);
}

/*
 * Each watcher is called once, then it has to ask again. Who asks meanwhile
 * has to wait for the next time, or this could go on for ever.
 */
static noinline void call_room(struct dipc_queue *q)
{
	struct dipc_watcher *batch[DIPC_EVENTS_MAX], *w;
	unsigned int i, n, looked;
	LIST_HEAD(starved);

	spin_lock_bh(&q->lock);
	list_splice_init(&q->starved, &starved);
	do {
		/* on this list, too, a watcher is covered by the lock */
		n = 0;
		for (looked = 0; looked < ARRAY_SIZE(batch); looked++) {
			if (list_empty(&starved))
				break;
			w = list_first_entry(&starved, struct dipc_watcher,
					     room_node);
			if (w->only_end && !q->closed && !q->ended) {
				list_move_tail(&w->room_node, &q->starved);
				continue;
			}
			list_del_init(&w->room_node);
			batch[n++] = w;
		}
		spin_unlock_bh(&q->lock);
		for (i = 0; i < n; i++)
			batch[i]->ops->room(batch[i]);
		spin_lock_bh(&q->lock);
	} while (!list_empty(&starved));
	spin_unlock_bh(&q->lock);
}

static noinline void call_back(struct dipc_queue_events *ev)
{
	struct dipc_waiter *w, *next;

	list_for_each_entry_safe(w, next, &ev->complete, node) {
		list_del_init(&w->node);
		w->complete(w);
	}
}

static void act(struct dipc_queue *q, struct dipc_queue_events *ev)
{
	unsigned int i;

	/* first, so that who is told next finds it given back to his account */
	if (ev->n_drop)
		free_dropped(ev);
	for (i = 0; i < ev->n_wake; i++)
		if (ev->wake[i])
			dipc_wake(ev->wake[i]);
	if (!list_empty(&ev->complete))
		call_back(ev);
	if (ev->readable)
		dipc_queue_tell_readable(q, ev->was_empty);
	if (ev->room)
		call_room(q);
	if (unlikely(ev->starving))
		call_starving(q);
}

static noinline void act_on_all(struct dipc_queue *q,
				struct dipc_queue_events *ev)
{
	unsigned int rounds = 0;

	for (;;) {
		act(q, ev);
		if (likely(!ev->more))
			return;
		dipc_queue_events_init(ev);
		spin_lock_bh(&q->lock);
		if (++rounds <= ROUNDS_MAX || !dipc_queue_leave_rest_locked(q))
			dipc_queue_admit_locked(q, ev);
		spin_unlock_bh(&q->lock);
	}
}

/**
 * dipc_queue_act() - do what follows from a change
 * @q: the queue, unlocked
 * @ev: what was collected; used up
 *
 * Frees what was discarded, wakes tasks, makes callbacks, tells watchers.
 * Where more senders could be admitted than could be collected at once, admits
 * those as well, or a large part of them, and leaves the rest to the timer.
 *
 * Context: any; in the RCU read section in which the lock was taken.
 */
void dipc_queue_act(struct dipc_queue *q, struct dipc_queue_events *ev)
{
	/* most of the time that is all */
	if (likely(!ev->others))
		dipc_queue_tell_readable(q, ev->was_empty);
	else
		act_on_all(q, ev);
}
