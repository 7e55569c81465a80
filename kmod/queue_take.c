// SPDX-License-Identifier: GPL-2.0
/*
 * How a message goes out of a queue: on loan to a receiver that copies it,
 * or back to its place if the copy fails.
 */
#include "queue.h"
#include "trace.h"

/*
 * What a receiver gets now: the first message, or if there is none, as in an
 * unbuffered queue, that of the first waiting sender.
 */
static struct dipc_message *take_locked(struct dipc_queue *q,
					struct dipc_queue_events *ev)
{
	struct dipc_message *m;

	m = list_first_entry_or_null(&q->messages, struct dipc_message, node);
	if (m) {
		dipc_queue_unlink_locked(q, m);
		if (q->n_senders || !list_empty(&q->starved))
			dipc_queue_admit_locked(q, ev);
		return m;
	}

	m = dipc_queue_first_in_line_locked(q);
	if (m) {
		dipc_stats_count(q->stats, DIPC_REASON_HANDED);
		trace_dipc_accept(q->kind, q->id, m->sender->port, m->id,
				  m->len, DIPC_REASON_HANDED);
		m->seq = q->next_seq++;
		dipc_queue_finish_sender_locked(q, m, DIPC_REASON_HANDED, ev);
	}
	return m;
}

/**
 * dipc_queue_take() - take the next message, or line up for one
 * @q: the queue
 * @w: of a receiver that is willing to wait; else NULL
 * @err: set if there is no message: -EAGAIN if there is none now and @w was
 *	NULL, -EINPROGRESS if @w waits in the queue from now on, or the
 *	queue's close_err
 *
 * Context: process.
 * Return: the message, on loan: to be given to dipc_message_put() when it has
 * been copied, or to dipc_queue_put_back(). Or NULL.
 */
struct dipc_message *dipc_queue_take(struct dipc_queue *q,
				     struct dipc_waiter *w, int *err)
{
	struct dipc_queue_events ev;
	struct dipc_message *m = NULL;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	if (q->closed) {
		*err = q->close_err;
	} else {
		m = take_locked(q, &ev);
		if (m) {
			*err = 0;
		} else if (!w) {
			*err = -EAGAIN;
		} else {
			list_add_tail(&w->node, &q->receivers);
			WRITE_ONCE(q->n_receivers, q->n_receivers + 1);
			/* an unbuffered queue has room only now */
			ev.room = !list_empty(&q->starved);
			*err = -EINPROGRESS;
		}
	}
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	return m;
}

static struct dipc_message *first_locked(struct dipc_queue *q)
{
	struct dipc_message *m;

	m = list_first_entry_or_null(&q->messages, struct dipc_message, node);
	return m ?: dipc_queue_first_in_line_locked(q);
}

/**
 * dipc_queue_peek() - look at the next message and leave it there
 * @q: the queue
 * @err: set if there is no message: -EAGAIN or the queue's close_err
 *
 * Context: any.
 * Return: the message, shared: to be given to dipc_message_put(). Or NULL.
 */
struct dipc_message *dipc_queue_peek(struct dipc_queue *q, int *err)
{
	struct dipc_message *m = NULL;

	spin_lock_bh(&q->lock);
	if (q->closed) {
		*err = q->close_err;
	} else {
		m = first_locked(q);
		if (m)
			dipc_message_get(m);
		*err = m ? 0 : -EAGAIN;
	}
	spin_unlock_bh(&q->lock);
	return m;
}

/* Between those that were sent before and after it, by its sequence. */
static void insert_locked(struct dipc_queue *q, struct dipc_message *m)
{
	struct list_head *before = &q->messages;
	struct dipc_message *pos;

	list_for_each_entry(pos, &q->messages, node) {
		if (pos->seq > m->seq)
			break;
		before = &pos->node;
	}
	list_add(&m->node, before);
	WRITE_ONCE(q->n_messages, q->n_messages + 1);
	q->bytes += m->len;
	/* without memory it goes uncounted: it must not be lost for that */
	if (!uid_eq(m->sender->uid, q->owner))
		dipc_share_enter(&q->shares, m);
}

/**
 * dipc_queue_put_back() - a receiver could not take a message after all
 * @q: the queue it came from
 * @m: the message, on loan; consumed
 *
 * It goes to the receiver that has waited longest, or to its old place,
 * above the capacity if need be.
 *
 * Context: process.
 */
void dipc_queue_put_back(struct dipc_queue *q, struct dipc_message *m)
{
	struct dipc_queue_events ev;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	dipc_stats_count(q->stats, DIPC_REASON_PUT_BACK);
	trace_dipc_put_back(q->kind, q->id, m->sender->port, m->id, m->len,
			    DIPC_REASON_PUT_BACK);
	if (q->closed) {
		dipc_queue_drop_locked(q, m, DIPC_REASON_DROP_CLOSED, &ev);
	} else if (!dipc_queue_hand_locked(q, m, &ev)) {
		ev.readable = true;
		ev.was_empty = !q->n_messages;
		insert_locked(q, m);
	}
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
}

/**
 * dipc_queue_first_len() - length of the next message
 * @q: the queue
 *
 * Context: any.
 * Return: bytes of payload, 0 if there is no message.
 */
u32 dipc_queue_first_len(struct dipc_queue *q)
{
	struct dipc_message *m;
	u32 len;

	spin_lock_bh(&q->lock);
	m = first_locked(q);
	len = m ? m->len : 0;
	spin_unlock_bh(&q->lock);
	return len;
}
