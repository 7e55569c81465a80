// SPDX-License-Identifier: GPL-2.0
/*
 * The list of messages of a queue: in which order they lie there, which of
 * them is the first to be discarded, and the books about it (numbers, bytes,
 * shares). Who may put a message in, and who gets it, is decided above.
 *
 * A FIFO queue is one list. In a priority queue the list is sorted by falling
 * priority, and where each priority ends is kept, so that a message finds its
 * place without a search.
 */
#include <linux/slab.h>

#include "queue_inner.h"
#include "trace.h"

struct dipc_levels {
	u32			used;	/* bit p: there are messages of it */
	struct dipc_message	*last[DIPC_PRIORITY_MAX + 1];
};

/**
 * dipc_levels_create() - what a priority queue needs
 *
 * Context: process; may sleep.
 * Return: empty levels, freed with kfree(); or NULL without memory.
 */
struct dipc_levels *dipc_levels_create(void)
{
	return kzalloc(sizeof(struct dipc_levels), GFP_KERNEL_ACCOUNT);
}

/**
 * dipc_queue_set_order_locked() - FIFO or by priority
 * @q: the queue
 * @order: enum dipc_order
 * @levels: made before if @order is DIPC_ORDER_PRIORITY; what is not needed,
 *	or not any more, is given back here
 *
 * Context: any; the queue's lock is held.
 * Return: 0, or -EBUSY if there are messages and the order would change.
 */
int dipc_queue_set_order_locked(struct dipc_queue *q, u8 order,
				struct dipc_levels **levels)
{
	if (order == q->order)
		return 0;
	if (q->n_messages)
		return -EBUSY;
	q->order = order;
	swap(q->levels, *levels);
	return 0;
}

/* Behind which entry a new message of this priority, or above, is put. */
static struct list_head *end_of(struct dipc_queue *q, unsigned int priority)
{
	u32 at_least;

	if (!q->levels)
		return q->messages.prev;
	if (priority > DIPC_PRIORITY_MAX)
		return &q->messages;
	at_least = q->levels->used & (~0U << priority);
	return at_least ? &q->levels->last[__ffs(at_least)]->node :
			  &q->messages;
}

static __always_inline void link_behind(struct dipc_queue *q,
					struct dipc_message *m,
					struct list_head *before)
{
	if (before != q->messages.prev)
		q->shuffles++;
	if (unlikely(q->levels) && before == end_of(q, m->priority)) {
		q->levels->last[m->priority] = m;
		q->levels->used |= 1U << m->priority;
	}
	list_add(&m->node, before);
	WRITE_ONCE(q->n_messages, q->n_messages + 1);
}

/**
 * dipc_queue_spare() - how much the last piece of a stream may still grow
 * @q: the stream
 *
 * Context: any.
 * Return: bytes; U32_MAX if there is no piece.
 */
u32 dipc_queue_spare(struct dipc_queue *q)
{
	struct dipc_message *last;
	u32 spare = U32_MAX;

	spin_lock_bh(&q->lock);
	if (q->n_messages) {
		last = list_last_entry(&q->messages, struct dipc_message, node);
		spare = last->stream.room - last->len;
	}
	spin_unlock_bh(&q->lock);
	return spare;
}

/* A piece of a stream goes to the end of the last one, if it can. */
static bool join_last(struct dipc_queue *q, struct dipc_message *m)
{
	struct dipc_message *last;

	if (!q->n_messages)
		return false;
	last = list_last_entry(&q->messages, struct dipc_message, node);
	if (!dipc_message_append(last, m))
		return false;
	WRITE_ONCE(q->bytes, q->bytes + m->len);
	return true;
}

static __always_inline void count_queued(struct dipc_queue *q,
					 const struct dipc_message *m)
{
	dipc_stats_count(q->stats, DIPC_REASON_QUEUED);
	/* what it is told is not worked out for nobody */
	if (trace_dipc_accept_enabled())
		trace_dipc_accept(q->kind, q->id, m->sender->port, m->id,
				  m->len, DIPC_REASON_QUEUED);
}

/**
 * dipc_queue_enter_locked() - a message comes into the queue
 * @q: the queue
 * @m: in no list; consumed on success, and perhaps to be freed already
 * @ev: takes up that there is something to take
 *
 * Context: any; the queue's lock is held.
 * Return: false without memory for the share of the message's user.
 */
bool dipc_queue_enter_locked(struct dipc_queue *q, struct dipc_message *m,
			     struct dipc_queue_events *ev)
{
	m->seq = q->next_seq++;
	/* it may have been held back before the queue was given to its user */
	if (likely(!dipc_queue_has_shares(q, m->sender->uid)))
		dipc_share_let_go(m);
	else if (!dipc_share_enter(&q->shares, m))
		return false;
	if (!q->n_messages)
		ev->was_empty = true;
	ev->readable = true;
	count_queued(q, m);
	if (q->stream && join_last(q, m)) {
		dipc_queue_discard_locked(m, ev);
		return true;
	}
	link_behind(q, m, end_of(q, m->priority));
	WRITE_ONCE(q->bytes, q->bytes + m->len);
	dipc_queue_due_add_locked(q, m);
	return true;
}

/**
 * dipc_queue_put_last_locked() - dipc_queue_enter_locked(), if it is that simple
 * @q: the queue, neither a stream nor by priority
 * @m: in no list, without a deadline, of a user who has no share; consumed
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_put_last_locked(struct dipc_queue *q, struct dipc_message *m)
{
	m->seq = q->next_seq++;
	count_queued(q, m);
	list_add_tail(&m->node, &q->messages);
	WRITE_ONCE(q->n_messages, q->n_messages + 1);
	WRITE_ONCE(q->bytes, q->bytes + m->len);
}

/**
 * dipc_queue_insert_locked() - a message goes back to its place
 * @q: the queue it was taken from
 * @m: in no list, with the seq it had
 *
 * Between those that were sent before and after it, above the capacity if
 * need be. Of a stream, its bytes are counted already.
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_insert_locked(struct dipc_queue *q, struct dipc_message *m)
{
	struct list_head *before;
	struct dipc_message *pos;

	before = q->levels ? end_of(q, m->priority + 1) : &q->messages;
	pos = list_entry(before, struct dipc_message, node);
	list_for_each_entry_continue(pos, &q->messages, node) {
		if (pos->seq > m->seq ||
		    (q->levels && pos->priority != m->priority))
			break;
		before = &pos->node;
	}
	link_behind(q, m, before);
	if (!q->stream)
		WRITE_ONCE(q->bytes, q->bytes + m->len);
	/* without memory it goes uncounted: it must not be lost for that */
	if (dipc_queue_has_shares(q, m->sender->uid))
		dipc_share_enter(&q->shares, m);
	dipc_queue_due_add_locked(q, m);
}

static void shrink_level(struct dipc_queue *q, struct dipc_message *m)
{
	struct dipc_levels *levels = q->levels;
	struct dipc_message *prev;

	if (levels->last[m->priority] != m)
		return;
	prev = list_prev_entry(m, node);
	if (&prev->node != &q->messages && prev->priority == m->priority)
		levels->last[m->priority] = prev;
	else
		levels->used &= ~(1U << m->priority);
}

static __always_inline void unlist(struct dipc_queue *q,
				   struct dipc_message *m)
{
	if (unlikely(q->levels))
		shrink_level(q, m);
	list_del_init(&m->node);
	WRITE_ONCE(q->n_messages, q->n_messages - 1);
	dipc_share_leave(m);
	dipc_queue_due_del_locked(q, m);
}

/**
 * dipc_queue_unlist_locked() - take a queued message out of the list
 * @q: the queue
 * @m: in q->messages; belongs to the caller afterwards
 *
 * Its bytes are still counted, for who looks without the lock.
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_unlist_locked(struct dipc_queue *q, struct dipc_message *m)
{
	unlist(q, m);
}

/**
 * dipc_queue_unlink_locked() - a queued message leaves the queue
 * @q: the queue
 * @m: in q->messages; belongs to the caller afterwards
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_unlink_locked(struct dipc_queue *q, struct dipc_message *m)
{
	unlist(q, m);
	WRITE_ONCE(q->bytes, q->bytes - dipc_queue_payload(q, m));
}

/**
 * dipc_queue_victim_locked() - the message that a newer one displaces
 * @q: the queue, with at least one message
 *
 * Context: any; the queue's lock is held.
 * Return: the oldest, in a priority queue of the lowest priority there is.
 */
struct dipc_message *dipc_queue_victim_locked(struct dipc_queue *q)
{
	struct list_head *before = &q->messages;

	if (q->levels)
		before = end_of(q, __ffs(q->levels->used) + 1);
	return list_entry(before->next, struct dipc_message, node);
}

/**
 * dipc_queue_discard_locked() - free a message once the lock is free
 * @m: in no list; nobody is told, nothing is counted
 * @ev: takes up the message
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_discard_locked(struct dipc_message *m,
			       struct dipc_queue_events *ev)
{
	/* who was scanning the list from here on starts anew */
	m->seq = 0;
	list_add_tail(&m->node, &ev->drop);
	ev->n_drop++;
}

/**
 * dipc_queue_drop_locked() - discard a message that was accepted
 * @q: the queue it was in, or came to
 * @m: in no list; freed by dipc_queue_notify()
 * @reason: DIPC_REASON_EXPIRED or one of the DIPC_REASON_DROP_*
 * @ev: takes up the message
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_drop_locked(struct dipc_queue *q, struct dipc_message *m,
			    enum dipc_reason reason,
			    struct dipc_queue_events *ev)
{
	q->dropped++;
	dipc_stats_count(q->stats, reason);
	trace_dipc_drop(q->kind, q->id, m->sender->port, m->id, m->len, reason);
	dipc_queue_discard_locked(m, ev);
}
