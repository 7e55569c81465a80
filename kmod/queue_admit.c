// SPDX-License-Identifier: GPL-2.0
/*
 * How a message comes into a queue: to a waiting receiver, to the end of the
 * list, among the waiting senders, or not at all. The rules of capacity,
 * policy and quota are here and nowhere else.
 *
 * Everything runs under the queue's lock and only moves things and collects
 * what is to be done; see queue.h.
 */
#include "queue.h"
#include "trace.h"

static void trace_accept(const struct dipc_queue *q,
			 const struct dipc_message *m, enum dipc_reason reason)
{
	trace_dipc_accept(q->kind, q->id, m->sender->port, m->id, m->len,
			  reason);
}

static bool is_unbuffered(const struct dipc_queue *q)
{
	return !q->capacity_msgs;
}

static bool has_room(const struct dipc_queue *q, u32 len)
{
	return q->n_messages < q->capacity_msgs &&
	       q->bytes + len <= q->capacity_bytes;
}

static bool within_quota(struct dipc_queue *q, u32 len, kuid_t uid,
			 const struct dipc_user *user)
{
	const struct dipc_fill fill = {
		.capacity_msgs = q->capacity_msgs,
		.msgs = q->n_messages,
		.capacity_bytes = q->capacity_bytes,
		.bytes = q->bytes,
	};

	return uid_eq(uid, q->owner) ||
	       dipc_share_allows(&q->shares, user, len, &fill);
}

static bool message_within_quota(struct dipc_queue *q,
				 const struct dipc_message *m)
{
	return within_quota(q, m->len, m->sender->uid, m->sender->user);
}

/* By his quota, for this message or for an earlier one that waits. */
static bool is_held_back(struct dipc_queue *q, u32 len, kuid_t uid,
			 const struct dipc_user *user)
{
	if (uid_eq(uid, q->owner))
		return false;
	return dipc_share_is_stalled(&q->shares, user, q->pass) ||
	       !within_quota(q, len, uid, user);
}

static bool message_is_held_back(struct dipc_queue *q,
				 const struct dipc_message *m)
{
	return is_held_back(q, m->len, m->sender->uid, m->sender->user);
}

/**
 * dipc_queue_finish_locked() - end a task's wait
 * @w: of the task; must not be touched afterwards
 * @reason: how it ended
 * @ev: takes up the task; the caller has made sure that there is a place
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_finish_locked(struct dipc_waiter *w, enum dipc_reason reason,
			      struct dipc_queue_events *ev)
{
	ev->wake[ev->n_wake++] = w->task;
	/* pairs with the acquire in dipc_waiter_sleep() */
	smp_store_release(&w->done, reason);
}

static struct dipc_waiter *leave_line(struct dipc_queue *q,
				      struct dipc_message *m)
{
	struct dipc_waiter *w = m->waiter;

	list_del_init(&m->node);
	WRITE_ONCE(q->n_senders, q->n_senders - 1);
	m->waiter = NULL;
	return w;
}

/**
 * dipc_queue_finish_sender_locked() - a waiting sender waits no longer
 * @q: the queue
 * @m: its message; leaves the list of senders
 * @reason: DIPC_REASON_QUEUED and DIPC_REASON_HANDED say that the message was
 *	accepted; by any other the sender's task owns it again
 * @ev: takes up the task
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_finish_sender_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     enum dipc_reason reason,
				     struct dipc_queue_events *ev)
{
	dipc_queue_finish_locked(leave_line(q, m), reason, ev);
}

/**
 * dipc_queue_hand_locked() - give a message to a receiver that waits
 * @q: the queue
 * @m: in no list; on loan to the receiver afterwards
 * @ev: takes up the receiver's task
 *
 * Context: any; the queue's lock is held.
 * Return: whether anyone was waiting.
 */
bool dipc_queue_hand_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_queue_events *ev)
{
	struct dipc_waiter *w;

	w = list_first_entry_or_null(&q->receivers, struct dipc_waiter, node);
	if (!w)
		return false;
	list_del_init(&w->node);
	q->n_receivers--;
	if (!m->seq)
		m->seq = q->next_seq++;
	w->message = m;
	dipc_stats_count(q->stats, DIPC_REASON_HANDED);
	trace_accept(q, m, DIPC_REASON_HANDED);
	dipc_queue_finish_locked(w, DIPC_REASON_HANDED, ev);
	return true;
}

/* Put a message at the end; false without memory for its user's share. */
static bool append(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	if (!uid_eq(m->sender->uid, q->owner) &&
	    !dipc_share_enter(&q->shares, m))
		return false;
	if (!q->n_messages)
		ev->was_empty = true;
	ev->readable = true;
	m->seq = q->next_seq++;
	list_add_tail(&m->node, &q->messages);
	WRITE_ONCE(q->n_messages, q->n_messages + 1);
	q->bytes += m->len;
	dipc_stats_count(q->stats, DIPC_REASON_QUEUED);
	trace_accept(q, m, DIPC_REASON_QUEUED);
	return true;
}

/**
 * dipc_queue_unlink_locked() - take a queued message out of the list
 * @q: the queue
 * @m: in q->messages; belongs to the caller afterwards
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_unlink_locked(struct dipc_queue *q, struct dipc_message *m)
{
	list_del_init(&m->node);
	WRITE_ONCE(q->n_messages, q->n_messages - 1);
	q->bytes -= m->len;
	dipc_share_leave(m);
}

/**
 * dipc_queue_drop_locked() - discard a message
 * @q: the queue it was in, or came to
 * @m: in no list; freed by dipc_queue_notify()
 * @reason: one of the DIPC_REASON_DROP_*
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
	list_add_tail(&m->node, &ev->drop);
}

static void evict(struct dipc_queue *q, struct dipc_message *old,
		  struct dipc_queue_events *ev)
{
	dipc_queue_unlink_locked(q, old);
	dipc_queue_drop_locked(q, old, DIPC_REASON_DROP_OLDEST, ev);
}

/*
 * Make room by discarding the oldest: first of the sender's own messages, as
 * far as it is his quota that is used up, then of all.
 */
static bool evict_for(struct dipc_queue *q, const struct dipc_message *m,
		      struct dipc_queue_events *ev)
{
	struct dipc_message *old, *next;

	list_for_each_entry_safe(old, next, &q->messages, node) {
		if (message_within_quota(q, m))
			break;
		if (old->sender->user == m->sender->user)
			evict(q, old, ev);
	}
	list_for_each_entry_safe(old, next, &q->messages, node) {
		if (has_room(q, m->len))
			break;
		evict(q, old, ev);
	}
	return has_room(q, m->len) && message_within_quota(q, m);
}

static enum dipc_reason offer_full(struct dipc_queue *q, struct dipc_message *m,
				   struct dipc_waiter *w, bool stalls,
				   struct dipc_queue_events *ev)
{
	switch (q->policy) {
	case DIPC_POLICY_REFUSE:
		return DIPC_REASON_REFUSED;
	case DIPC_POLICY_DROP_OLDEST:
		if (!is_unbuffered(q) && evict_for(q, m, ev))
			return append(q, m, ev) ? DIPC_REASON_QUEUED :
						  DIPC_REASON_NO_MEMORY;
		fallthrough;
	case DIPC_POLICY_DROP_NEWEST:
		q->dropped++;
		return DIPC_REASON_DROP_NEWEST;
	}

	if (!w)
		return DIPC_REASON_WOULD_BLOCK;
	m->waiter = w;
	list_add_tail(&m->node, &q->senders);
	if (!q->n_messages && !q->n_senders)
		ev->was_empty = true;
	/* whoever polls may take a waiting sender's message */
	ev->readable = true;
	WRITE_ONCE(q->n_senders, q->n_senders + 1);
	if (stalls)
		q->line_stalled = true;
	else
		dipc_share_stall(&q->shares, m->sender->user, q->pass);
	return DIPC_REASON_WAITED;
}

/**
 * dipc_queue_offer_locked() - a message comes to the queue
 * @q: the queue
 * @m: the message, in no list
 * @w: the sender's, if it is willing to wait; else NULL
 * @ev: takes up what follows
 *
 * Context: any; the queue's lock is held.
 * Return: what became of it. DIPC_REASON_QUEUED and DIPC_REASON_HANDED: it is
 * accepted and consumed. DIPC_REASON_WAITED: it waits in the queue, and @w
 * will say when that ends. By any other it still belongs to the caller.
 */
enum dipc_reason dipc_queue_offer_locked(struct dipc_queue *q,
					 struct dipc_message *m,
					 struct dipc_waiter *w,
					 struct dipc_queue_events *ev)
{
	bool room;

	if (q->closed)
		return DIPC_REASON_CLOSED;
	if (m->len > q->msg_max_bytes)
		return DIPC_REASON_TOO_LONG;
	if (dipc_queue_hand_locked(q, m, ev))
		return DIPC_REASON_HANDED;

	/* nobody overtakes a sender that waits for room */
	room = has_room(q, m->len) && !(q->n_senders && q->line_stalled);
	if (room && !message_is_held_back(q, m))
		return append(q, m, ev) ? DIPC_REASON_QUEUED :
					  DIPC_REASON_NO_MEMORY;
	return offer_full(q, m, w, !room, ev);
}

/**
 * dipc_queue_would_admit_locked() - would a message be accepted now
 * @q: the queue
 * @len: its payload in bytes
 * @uid: effective user of the sender
 * @user: the user it is charged to
 *
 * Context: any; the queue's lock is held.
 * Return: whether a send would not have to wait, be it that it would fail.
 */
bool dipc_queue_would_admit_locked(struct dipc_queue *q, u32 len, kuid_t uid,
				   const struct dipc_user *user)
{
	if (q->closed || q->policy != DIPC_POLICY_WAIT || q->n_receivers)
		return true;
	if (q->n_senders && q->line_stalled)
		return false;
	len = min(len, q->msg_max_bytes);
	return has_room(q, len) && !is_held_back(q, len, uid, user);
}

/**
 * dipc_queue_admit_locked() - let waiting senders in
 * @q: the queue, in which something has changed in their favour
 * @ev: takes up their tasks; ev->more says that there was no place for all
 *
 * First come, first served: stops at the first whose message does not fit,
 * and passes over those users whom only their own quota holds back.
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_admit_locked(struct dipc_queue *q,
			     struct dipc_queue_events *ev)
{
	struct dipc_message *m, *next;
	struct dipc_waiter *w;

	q->line_stalled = false;
	q->pass++;
	list_for_each_entry_safe(m, next, &q->senders, node) {
		if (ev->n_wake == DIPC_EVENTS_MAX) {
			q->line_stalled = true;
			ev->more = true;
			return;
		}
		if (m->len > q->msg_max_bytes) {
			dipc_queue_finish_sender_locked(q, m,
							DIPC_REASON_TOO_LONG,
							ev);
			continue;
		}
		if (!has_room(q, m->len)) {
			q->line_stalled = true;
			return;
		}
		if (message_is_held_back(q, m)) {
			dipc_share_stall(&q->shares, m->sender->user, q->pass);
			continue;
		}

		w = leave_line(q, m);
		dipc_queue_finish_locked(w, append(q, m, ev) ?
					 DIPC_REASON_QUEUED :
					 DIPC_REASON_NO_MEMORY, ev);
	}
	if (!list_empty(&q->starved))
		ev->room = true;
}
