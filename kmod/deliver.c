// SPDX-License-Identifier: GPL-2.0
/* The one door into a queue: offer, count, trace, notify. */
#include <linux/sched/signal.h>

#include "deliver.h"
#include "trace.h"

static void account_for(struct dipc_queue *q, const struct dipc_message *m,
			enum dipc_reason reason)
{
	dipc_stats_count(q->stats, reason);
	switch (reason) {
	case DIPC_REASON_WAITED:
		trace_dipc_wait(q->kind, q->id, m->sender->port, m->id, m->len,
				reason);
		break;
	case DIPC_REASON_DROP_NEWEST:
		trace_dipc_drop(q->kind, q->id, m->sender->port, m->id, m->len,
				reason);
		break;
	default:
		trace_dipc_refuse(q->kind, q->id, m->sender->port, m->id,
				  m->len, reason);
	}
}

/*
 * What is accepted was counted with that, and is no longer ours. Who does not
 * wait may try again, and counts when he gives up.
 */
static bool is_ours_to_count(enum dipc_reason reason)
{
	return reason != DIPC_REASON_NONE && reason != DIPC_REASON_QUEUED &&
	       reason != DIPC_REASON_HANDED && reason != DIPC_REASON_WOULD_BLOCK;
}

/* In an RCU read section. */
static __always_inline enum dipc_reason offer(struct dipc_queue *q,
					      struct dipc_message *m, u8 mode,
					      struct dipc_waiter *w,
					      bool may_wait)
{
	struct dipc_queue_events ev __uninitialized;
	enum dipc_reason reason;

	dipc_queue_events_init(&ev);
	spin_lock_bh(&q->lock);
	reason = dipc_queue_offer_locked(q, m, mode, w, may_wait, &ev);
	if (is_ours_to_count(reason))
		account_for(q, m, reason);
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	return reason;
}

/*
 * As much was discarded as can be at once, and there may be room by now. Others
 * may fill the queue as quickly as it is emptied for us, and would hold us here
 * for ever: so it is not emptied more often than there are messages in it, and
 * for nobody who is killed.
 */
static noinline enum dipc_reason offer_again(struct dipc_queue *q,
					     struct dipc_message *m, u8 mode,
					     struct dipc_waiter *w,
					     bool may_wait)
{
	/* one goes each time, and when none is left it comes in */
	u64 left = READ_ONCE(q->n_messages) + 1ULL;
	enum dipc_reason reason;

	do {
		cond_resched();
		if (fatal_signal_pending(current)) {
			reason = DIPC_REASON_INTERRUPTED;
			account_for(q, m, reason);
		} else if (!left--) {
			reason = DIPC_REASON_REFUSED;
			account_for(q, m, reason);
		} else {
			rcu_read_lock();
			reason = offer(q, m, mode, w, may_wait);
			rcu_read_unlock();
		}
	} while (reason == DIPC_REASON_NONE);
	return reason;
}

/**
 * dipc_deliver() - bring a message to a queue
 * @q: the queue; the caller holds a reference
 * @m: the message
 * @mode: enum dipc_mode
 * @w: of a sender that is willing to wait; else NULL
 * @may_wait: whether it waits for room, too
 *
 * Context: process; may sleep.
 * Return: what became of it; see dipc_queue_offer_locked() for who owns the
 * message then. It is counted, but for DIPC_REASON_WOULD_BLOCK.
 */
enum dipc_reason dipc_deliver(struct dipc_queue *q, struct dipc_message *m,
			      u8 mode, struct dipc_waiter *w, bool may_wait)
{
	enum dipc_reason reason;

	rcu_read_lock();
	reason = offer(q, m, mode, w, may_wait);
	rcu_read_unlock();
	return likely(reason != DIPC_REASON_NONE) ? reason :
	       offer_again(q, m, mode, w, may_wait);
}

/**
 * dipc_deliver_at_once() - bring a message to a queue, if nobody has to wait
 * @q: the queue; the caller holds a reference
 * @m: the message, without a deadline, and no request
 * @mode: enum dipc_mode, not the explicit one
 *
 * Context: process; may sleep.
 * Return: as dipc_deliver().
 */
enum dipc_reason dipc_deliver_at_once(struct dipc_queue *q,
				      struct dipc_message *m, u8 mode)
{
	bool is_there;

	rcu_read_lock();
	is_there = dipc_queue_append(q, m);
	rcu_read_unlock();
	return likely(is_there) ? DIPC_REASON_QUEUED :
				  dipc_deliver(q, m, mode, NULL, false);
}

/**
 * dipc_deliver_preview() - is it worth making a message
 * @q: the queue
 * @len: payload in bytes
 * @mode: enum dipc_mode
 * @may_wait: whether the sender would sleep until there is room
 *
 * A look without the lock, that spares a copy; dipc_deliver() decides.
 *
 * Context: any.
 * Return: DIPC_REASON_NONE, or why the message would not be accepted.
 */
enum dipc_reason dipc_deliver_preview(const struct dipc_queue *q, size_t len,
				      u8 mode, bool may_wait)
{
	if (READ_ONCE(q->closed) || READ_ONCE(q->ended))
		return DIPC_REASON_CLOSED;
	if (len > READ_ONCE(q->msg_max_bytes))
		return DIPC_REASON_TOO_LONG;
	/* what is overdue makes room */
	if (READ_ONCE(q->n_messages) < READ_ONCE(q->capacity_msgs) ||
	    READ_ONCE(q->n_receivers) || dipc_queue_may_expire(q))
		return DIPC_REASON_NONE;
	if (mode == DIPC_MODE_EXPLICIT && !may_wait)
		return DIPC_REASON_WOULD_BLOCK;
	if (READ_ONCE(q->policy) == DIPC_POLICY_REFUSE)
		return DIPC_REASON_REFUSED;
	if (READ_ONCE(q->policy) == DIPC_POLICY_WAIT && !may_wait)
		return DIPC_REASON_WOULD_BLOCK;
	return DIPC_REASON_NONE;
}
