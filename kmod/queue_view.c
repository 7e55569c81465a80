// SPDX-License-Identifier: GPL-2.0
/*
 * Looking into a queue, for views; see queue_view.h.
 *
 * The messages of a queue are too many for one hold of its lock. From one
 * hold to the next the place is kept by a reference to the message there; if
 * that one has gone meanwhile, the list is searched from its beginning, some
 * at a time.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "queue_inner.h"
#include "queue_view.h"

/* Entries looked at in one hold of the lock. */
#define STEPS_MAX 128

/**
 * dipc_queue_walk_begin() - begin with the first message of a queue
 * @q: the queue
 * @walk: set up; whoever wants to begin later sets its members seq and
 *	priority to those of the message before
 *
 * Context: any.
 */
void dipc_queue_walk_begin(struct dipc_queue *q, struct dipc_queue_walk *walk)
{
	memset(walk, 0, sizeof(*walk));
	walk->priority = DIPC_PRIORITY_MAX;
	spin_lock_bh(&q->lock);
	walk->end_seq = q->next_seq;
	spin_unlock_bh(&q->lock);
}

/* Whether a message comes after the one that was met last. */
static bool is_ahead(const struct dipc_queue *q,
		     const struct dipc_queue_walk *walk,
		     const struct dipc_message *m)
{
	if (m->seq >= walk->end_seq)
		return false;
	if (q->order == DIPC_ORDER_PRIORITY && m->priority != walk->priority)
		return m->priority < walk->priority;
	return m->seq > walk->seq;
}

/* A message that has left the list is in none, or its number is another. */
static struct list_head *resume(struct dipc_queue *q,
				const struct dipc_queue_walk *walk)
{
	const struct dipc_message *at = walk->at;

	if (at && dipc_queue_has_place(at, walk->at_seq))
		return at->node.next;
	return q->messages.next;
}

/*
 * One hold of the lock. What was the place before is given back after it: the
 * last reference may go.
 */
static struct dipc_message *
step_locked(struct dipc_queue *q, struct dipc_queue_walk *walk,
	    struct dipc_message_view *views, unsigned int max, unsigned int *n)
{
	struct list_head *pos = resume(q, walk), *last = NULL;
	struct dipc_message *m, *old = walk->at;
	unsigned int steps;

	for (steps = 0; pos != &q->messages && steps < STEPS_MAX && *n < max;
	     steps++, pos = pos->next) {
		m = list_entry(pos, struct dipc_message, node);
		last = pos;
		if (!is_ahead(q, walk, m))
			continue;
		dipc_message_get(m);
		views[*n].message = m;
		views[(*n)++].seq = m->seq;
		walk->seq = m->seq;
		walk->priority = m->priority;
	}
	walk->at_end = pos == &q->messages;
	walk->at = NULL;
	if (!walk->at_end && last) {
		walk->at = list_entry(last, struct dipc_message, node);
		walk->at_seq = walk->at->seq;
		dipc_message_get(walk->at);
	}
	return old;
}

/**
 * dipc_queue_walk_next() - meet the next messages of a queue
 * @q: the queue
 * @walk: how far it has come; goes on
 * @views: filled; the messages are to be given to dipc_message_put()
 * @max: how many at most
 *
 * Messages that wait for room and those on loan are not met.
 *
 * Context: process; may sleep.
 * Return: how many were met; less than @max at the end, or if the task is
 * being killed.
 */
unsigned int dipc_queue_walk_next(struct dipc_queue *q,
				  struct dipc_queue_walk *walk,
				  struct dipc_message_view *views,
				  unsigned int max)
{
	struct dipc_message *old;
	unsigned int n = 0;

	while (n < max && !walk->at_end && !fatal_signal_pending(current)) {
		spin_lock_bh(&q->lock);
		old = step_locked(q, walk, views, max, &n);
		spin_unlock_bh(&q->lock);
		if (old)
			dipc_message_put(old);
		cond_resched();
	}
	return n;
}

/**
 * dipc_queue_walk_pause() - keep nothing of a queue alive until one goes on
 * @walk: how far it has come
 *
 * Context: any, without the queue's lock.
 */
void dipc_queue_walk_pause(struct dipc_queue_walk *walk)
{
	if (walk->at)
		dipc_message_put(walk->at);
	walk->at = NULL;
}

static void view_receiver(const struct dipc_waiter *w,
			  struct dipc_waiter_view *view)
{
	view->pid = get_pid(task_pid(w->task));
	view->uid = task_cred_xxx(w->task, euid);
	if (!dipc_waiter_is_choosy(w))
		return;
	view->source = w->want->match.port;
	view->tag = w->want->match.tag;
	view->tag_mask = w->want->match.tag_mask;
}

/*
 * Who waits for a message, or NULL. Read once: that a request was taken is said
 * without the lock, and by then it may be in another queue. The waiter is part of
 * the request; that of another message does not go while the lock is held.
 */
static const struct dipc_waiter *waiter_of(const struct dipc_message *m)
{
	const struct dipc_waiter *w = READ_ONCE(m->waiter);

	return w == &dipc_waiter_revoked ? NULL : w;
}

/* False if nobody waits for it. */
static bool view_sender(const struct dipc_message *m,
			struct dipc_waiter_view *view)
{
	const struct dipc_waiter *w = waiter_of(m);

	if (!w)
		return false;
	view->async = !w->task;
	view->pid = get_pid(w->task ? task_pid(w->task) : m->sender->pid);
	view->uid = m->sender->uid;
	view->source = m->sender->port;
	view->mode = w->mode;
	view->id = m->id;
	view->len = m->len;
	view->tag = m->tag;
	view->priority = m->priority;
	view->stamp_ns = m->stamp_ns;
	view->has_deadline = m->extra && m->extra->has_deadline;
	if (view->has_deadline)
		view->due = m->extra->due.expires;
	return true;
}

static unsigned int view_line(const struct list_head *line,
			      struct dipc_waiter_view *views, unsigned int max)
{
	const struct dipc_message *m;
	unsigned int n = 0;

	list_for_each_entry(m, line, node) {
		if (n == max)
			break;
		n += view_sender(m, &views[n]);
	}
	return n;
}

/* In one hold of the lock: nothing keeps a place among those who wait. */
static unsigned int view_waiters_locked(struct dipc_queue *q,
					enum dipc_waits_for what,
					struct dipc_waiter_view *views,
					unsigned int max)
{
	struct dipc_receiver_walk walk = {};
	const struct dipc_waiter *w;
	struct dipc_share *share;
	unsigned int n = 0;

	switch (what) {
	case DIPC_WAITS_FOR_MESSAGE:
		while (n < max && (w = dipc_queue_next_receiver_locked(q, &walk)))
			view_receiver(w, &views[n++]);
		break;
	case DIPC_WAITS_FOR_ROOM:
		n = view_line(&q->senders, views, max);
		break;
	case DIPC_WAITS_FOR_QUOTA:
		list_for_each_entry(share, &q->shares, node)
			n += view_line(&share->line, views + n, max - n);
		break;
	case DIPC_WAITS_FOR_RECEIVER:
		break;
	}
	return n;
}

/* Those whose message is queued: all messages are looked at for them. */
static unsigned int view_queued(struct dipc_queue *q,
				struct dipc_waiter_view *views,
				unsigned int max)
{
	struct dipc_message_view met[16];
	struct dipc_queue_walk walk;
	unsigned int i, got, n = 0;

	dipc_queue_walk_begin(q, &walk);
	do {
		got = dipc_queue_walk_next(q, &walk, met, ARRAY_SIZE(met));
		spin_lock_bh(&q->lock);
		/* who waited for it when it was met may be told already */
		for (i = 0; i < got && n < max; i++)
			n += view_sender(met[i].message, &views[n]);
		spin_unlock_bh(&q->lock);
		for (i = 0; i < got; i++)
			dipc_message_put(met[i].message);
	} while (got == ARRAY_SIZE(met) && n < max);
	dipc_queue_walk_pause(&walk);
	return n;
}

/**
 * dipc_queue_view_waiters() - who waits in a queue
 * @q: the queue
 * @what: for what: enum dipc_waits_for
 * @views: zeroed; filled in the order in which it will be their turn; their
 *	pids are to be given to put_pid()
 * @max: how many at most, to be bounded by a constant
 *
 * Context: process; may sleep.
 * Return: how many there are, at most @max.
 */
unsigned int dipc_queue_view_waiters(struct dipc_queue *q,
				     enum dipc_waits_for what,
				     struct dipc_waiter_view *views,
				     unsigned int max)
{
	unsigned int i, n;

	if (what == DIPC_WAITS_FOR_RECEIVER) {
		n = view_queued(q, views, max);
	} else {
		spin_lock_bh(&q->lock);
		n = view_waiters_locked(q, what, views, max);
		spin_unlock_bh(&q->lock);
	}
	for (i = 0; i < n; i++)
		views[i].waits_for = what;
	return n;
}
