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

/* How many messages are discarded for another in one hold of the lock. */
#define EVICT_MAX 64
/* How many change from line to line in one hold of the lock. */
#define MOVE_MAX 64

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

/* The share whose quota counts for a sender; the owner's does not. */
static struct dipc_share *share_of(struct dipc_queue *q, kuid_t uid,
				   const struct dipc_user *user)
{
	return uid_eq(uid, q->owner) ? NULL : dipc_share_find(&q->shares, user);
}

static bool within_quota(const struct dipc_queue *q,
			 const struct dipc_share *share, u32 len)
{
	const struct dipc_fill fill = {
		.capacity_msgs = q->capacity_msgs,
		.msgs = q->n_messages,
		.capacity_bytes = q->capacity_bytes,
		.bytes = q->bytes,
	};

	return dipc_share_allows(share, len, &fill);
}

/*
 * By the user's quota, for this message or for an earlier one. @seq is when
 * it came to the queue, U64_MAX if it is only coming.
 */
static bool is_held_back(const struct dipc_queue *q,
			 struct dipc_share *share, u32 len, u64 seq)
{
	struct dipc_message *first;

	if (!share)
		return false;
	first = list_first_entry_or_null(&share->line, struct dipc_message,
					 node);
	return (first && first->seq < seq) || !within_quota(q, share, len);
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
	/* pairs with the acquire in dipc_waiter_done() */
	smp_store_release(&w->done, reason);
}

/**
 * dipc_queue_first_in_line_locked() - any of the waiting senders
 * @q: the queue
 *
 * Context: any; the queue's lock is held.
 * Return: the message of the first that waits for room, if none does that of
 * one held back by its user's quota; or NULL.
 */
struct dipc_message *dipc_queue_first_in_line_locked(struct dipc_queue *q)
{
	struct dipc_share *share;

	if (!list_empty(&q->senders))
		return list_first_entry(&q->senders, struct dipc_message, node);
	if (q->n_held_back)
		list_for_each_entry(share, &q->shares, node)
			if (!list_empty(&share->line))
				return list_first_entry(&share->line,
							struct dipc_message,
							node);
	return NULL;
}

/* Out of its line; m->share says if that was its user's. */
static struct dipc_waiter *step_out(struct dipc_queue *q,
				    struct dipc_message *m)
{
	struct dipc_waiter *w = m->waiter;

	list_del_init(&m->node);
	WRITE_ONCE(q->n_senders, q->n_senders - 1);
	if (m->share)
		q->n_held_back--;
	m->waiter = NULL;
	return w;
}

/**
 * dipc_queue_leave_line_locked() - take a waiting sender's message out
 * @q: the queue
 * @m: waiting; in no list afterwards
 *
 * Context: any; the queue's lock is held.
 * Return: the sender's waiter.
 */
struct dipc_waiter *dipc_queue_leave_line_locked(struct dipc_queue *q,
						 struct dipc_message *m)
{
	struct dipc_waiter *w = step_out(q, m);

	dipc_share_let_go(m);
	return w;
}

static void stand_in_line(struct dipc_queue *q, struct dipc_message *m,
			  struct dipc_waiter *w, struct dipc_share *held_by)
{
	m->waiter = w;
	WRITE_ONCE(q->n_senders, q->n_senders + 1);
	if (held_by) {
		q->n_held_back++;
		dipc_share_hold_back(held_by, m);
	} else {
		list_add_tail(&m->node, &q->senders);
	}
}

/**
 * dipc_queue_finish_sender_locked() - a waiting sender waits no longer
 * @q: the queue
 * @m: its message; leaves its line
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
	dipc_queue_finish_locked(dipc_queue_leave_line_locked(q, m), reason,
				 ev);
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
	WRITE_ONCE(q->n_receivers, q->n_receivers - 1);
	w->message = m;
	/* one that was put back has been counted before */
	if (!m->seq) {
		m->seq = q->next_seq++;
		dipc_stats_count(q->stats, DIPC_REASON_HANDED);
	}
	trace_accept(q, m, DIPC_REASON_HANDED);
	dipc_queue_finish_locked(w, DIPC_REASON_HANDED, ev);
	return true;
}

/* Put a message at the end; false without memory for its user's share. */
static bool append(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	m->seq = q->next_seq++;
	/* it may have been held back before the queue was given to its user */
	if (uid_eq(m->sender->uid, q->owner))
		dipc_share_let_go(m);
	else if (!dipc_share_enter(&q->shares, m))
		return false;
	if (!q->n_messages)
		ev->was_empty = true;
	ev->readable = true;
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
	ev->n_drop++;
}

static void evict(struct dipc_queue *q, struct dipc_message *old,
		  struct dipc_queue_events *ev)
{
	dipc_queue_unlink_locked(q, old);
	dipc_queue_drop_locked(q, old, DIPC_REASON_DROP_OLDEST, ev);
}

/*
 * Make room by discarding the oldest: first of the sender's own messages, as
 * far as it is his quota that is used up, then of all. False if that takes
 * more than can be done at once.
 */
static bool evict_for(struct dipc_queue *q, const struct dipc_message *m,
		      struct dipc_queue_events *ev)
{
	const struct dipc_sender *sender = m->sender;
	struct dipc_share *share;

	while (ev->n_drop < EVICT_MAX) {
		share = share_of(q, sender->uid, sender->user);
		if (!within_quota(q, share, m->len))
			evict(q, list_first_entry(&share->messages,
						  struct dipc_message,
						  share_node), ev);
		else if (!has_room(q, m->len))
			evict(q, list_first_entry(&q->messages,
						  struct dipc_message, node),
			      ev);
		else
			return true;
	}
	return false;
}

/* @held_by: the share whose quota is the reason, or NULL: there is no room. */
static enum dipc_reason offer_full(struct dipc_queue *q, struct dipc_message *m,
				   struct dipc_waiter *w,
				   struct dipc_share *held_by,
				   struct dipc_queue_events *ev)
{
	switch (q->policy) {
	case DIPC_POLICY_REFUSE:
		return DIPC_REASON_REFUSED;
	case DIPC_POLICY_DROP_OLDEST:
		if (!is_unbuffered(q)) {
			if (!evict_for(q, m, ev))
				return DIPC_REASON_NONE;
			return append(q, m, ev) ? DIPC_REASON_QUEUED :
						  DIPC_REASON_NO_MEMORY;
		}
		fallthrough;
	case DIPC_POLICY_DROP_NEWEST:
		q->dropped++;
		return DIPC_REASON_DROP_NEWEST;
	}

	if (!w)
		return DIPC_REASON_WOULD_BLOCK;
	/* whoever polls may take a waiting sender's message */
	ev->was_empty = !q->n_messages && !q->n_senders;
	ev->readable = true;
	m->seq = q->next_seq++;
	stand_in_line(q, m, w, held_by);
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
 * will say when that ends. DIPC_REASON_NONE: as many messages were discarded
 * for it as can be at once; offer it again after dipc_queue_notify(). By any
 * other it still belongs to the caller.
 */
enum dipc_reason dipc_queue_offer_locked(struct dipc_queue *q,
					 struct dipc_message *m,
					 struct dipc_waiter *w,
					 struct dipc_queue_events *ev)
{
	struct dipc_share *share;

	if (q->closed)
		return DIPC_REASON_CLOSED;
	if (m->len > q->msg_max_bytes)
		return DIPC_REASON_TOO_LONG;
	if (dipc_queue_hand_locked(q, m, ev))
		return DIPC_REASON_HANDED;

	/* nobody overtakes who waits for room, nor one's own who are held back */
	share = share_of(q, m->sender->uid, m->sender->user);
	if (share && !list_empty(&share->line))
		return offer_full(q, m, w, share, ev);
	if (!has_room(q, m->len) || !list_empty(&q->senders))
		return offer_full(q, m, w, NULL, ev);
	if (!within_quota(q, share, m->len))
		return offer_full(q, m, w, share, ev);
	return append(q, m, ev) ? DIPC_REASON_QUEUED : DIPC_REASON_NO_MEMORY;
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
	if (!list_empty(&q->senders))
		return false;
	len = min(len, q->msg_max_bytes);
	return has_room(q, len) &&
	       !is_held_back(q, share_of(q, uid, user), len, U64_MAX);
}

static bool is_enough(struct dipc_queue_events *ev, unsigned int moved)
{
	if (ev->n_wake < DIPC_EVENTS_MAX && moved < MOVE_MAX)
		return false;
	ev->more = true;
	return true;
}

static void let_in(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = step_out(q, m);

	if (append(q, m, ev))
		dipc_queue_finish_locked(w, DIPC_REASON_QUEUED, ev);
	else
		dipc_queue_finish_locked(w, DIPC_REASON_NO_MEMORY, ev);
}

/* Those in line for room; who has it but no quota goes to his own line. */
static void admit_line(struct dipc_queue *q, struct dipc_queue_events *ev)
{
	struct dipc_message *m, *next;
	struct dipc_share *share;
	unsigned int moved = 0;

	list_for_each_entry_safe(m, next, &q->senders, node) {
		if (is_enough(ev, moved))
			return;
		if (m->len > q->msg_max_bytes) {
			dipc_queue_finish_sender_locked(q, m,
							DIPC_REASON_TOO_LONG,
							ev);
			continue;
		}
		if (!has_room(q, m->len))
			return;
		share = share_of(q, m->sender->uid, m->sender->user);
		if (is_held_back(q, share, m->len, m->seq)) {
			stand_in_line(q, m, step_out(q, m), share);
			moved++;
		} else {
			let_in(q, m, ev);
		}
	}
}

/*
 * Those whom only this user's quota held back. One that has quota now and
 * still no room goes to the line for that, and the others after it.
 */
static void admit_held_back(struct dipc_queue *q, struct dipc_share *share,
			    struct dipc_queue_events *ev)
{
	struct dipc_message *m;
	bool last = list_empty(&share->line);

	while (!last) {
		/* after the last one the share may be gone */
		last = list_is_singular(&share->line);
		m = list_first_entry(&share->line, struct dipc_message, node);
		if (is_enough(ev, 0))
			return;
		if (m->len > q->msg_max_bytes) {
			dipc_queue_finish_sender_locked(q, m,
							DIPC_REASON_TOO_LONG,
							ev);
			continue;
		}
		if (!uid_eq(m->sender->uid, q->owner) &&
		    !within_quota(q, share, m->len))
			return;
		if (!list_empty(&q->senders) || !has_room(q, m->len)) {
			stand_in_line(q, m, dipc_queue_leave_line_locked(q, m),
				      NULL);
			return;
		}
		let_in(q, m, ev);
	}
}

/**
 * dipc_queue_admit_locked() - let waiting senders in
 * @q: the queue, in which something has changed in their favour
 * @ev: takes up their tasks; ev->more says that there was no place for all
 *
 * First come, first served, but for those whom their own quota holds back.
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_admit_locked(struct dipc_queue *q,
			     struct dipc_queue_events *ev)
{
	struct dipc_share *share, *next;

	admit_line(q, ev);
	if (q->n_held_back)
		list_for_each_entry_safe(share, next, &q->shares, node)
			admit_held_back(q, share, ev);
	if (list_empty(&q->senders) && !list_empty(&q->starved))
		ev->room = true;
}

/* Under DIPC_POLICY_WAIT all go on waiting, but for what is too long now. */
static bool dismiss_too_long(struct dipc_queue *q, struct list_head *line,
			     struct dipc_queue_events *ev)
{
	struct dipc_message *m, *next;

	list_for_each_entry_safe(m, next, line, node) {
		if (m->len <= q->msg_max_bytes)
			continue;
		if (ev->n_wake == DIPC_EVENTS_MAX)
			return true;
		dipc_queue_finish_sender_locked(q, m, DIPC_REASON_TOO_LONG, ev);
		/* with its last message, the line may be gone */
		if (&next->node == line)
			break;
	}
	return false;
}

static bool reconsider_waiting(struct dipc_queue *q,
			       struct dipc_queue_events *ev)
{
	struct dipc_share *share, *next;

	if (dismiss_too_long(q, &q->senders, ev))
		return true;
	list_for_each_entry_safe(share, next, &q->shares, node)
		if (dismiss_too_long(q, &share->line, ev))
			return true;
	return false;
}

/* There is no quota any more: all stand in line for a receiver. */
static bool reconsider_held_back(struct dipc_queue *q)
{
	unsigned int moved = 0;
	struct dipc_message *m;

	while (q->n_held_back) {
		struct dipc_share *share;

		if (moved++ == MOVE_MAX)
			return true;
		list_for_each_entry(share, &q->shares, node)
			if (!list_empty(&share->line))
				break;
		m = list_first_entry(&share->line, struct dipc_message, node);
		stand_in_line(q, m, dipc_queue_leave_line_locked(q, m), NULL);
	}
	return false;
}

/**
 * dipc_queue_reconsider_locked() - what new limits mean to those who wait
 * @q: the queue, whose limits have changed
 * @ev: takes up the tasks whose wait ends
 *
 * Under DIPC_POLICY_WAIT, those whose message is too long now are told. Under
 * any other policy nobody waits: what it says of a full queue is done with
 * each.
 *
 * Context: any; the queue's lock is held.
 * Return: whether this is to be called again after dipc_queue_notify().
 */
bool dipc_queue_reconsider_locked(struct dipc_queue *q,
				  struct dipc_queue_events *ev)
{
	struct dipc_message *m;
	struct dipc_waiter *w;
	enum dipc_reason reason;

	if (q->policy == DIPC_POLICY_WAIT)
		return reconsider_waiting(q, ev) ||
		       (is_unbuffered(q) && reconsider_held_back(q));

	while ((m = dipc_queue_first_in_line_locked(q))) {
		/* a receiver and the sender may be woken */
		if (ev->n_wake + 2 > DIPC_EVENTS_MAX)
			return true;
		w = dipc_queue_leave_line_locked(q, m);
		reason = dipc_queue_offer_locked(q, m, NULL, ev);
		if (reason == DIPC_REASON_NONE) {
			stand_in_line(q, m, w, NULL);
			list_move(&m->node, &q->senders);
			return true;
		}
		dipc_queue_finish_locked(w, reason, ev);
	}
	return false;
}
