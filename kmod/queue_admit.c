// SPDX-License-Identifier: GPL-2.0
/*
 * How a message comes into a queue: to a waiting receiver, to its place in
 * the list, among the waiting senders, or not at all. The rules of policy and
 * mode are here and nowhere else.
 *
 * Everything runs under the queue's lock and only moves things and collects
 * what is to be done; see queue.h.
 */
#include "queue_inner.h"

/* How many change from line to line in one hold of the lock. */
#define MOVE_MAX 64
/* How many of a user's messages are looked at for the least urgent. */
#define OWN_MAX 64

static bool is_unbuffered(const struct dipc_queue *q)
{
	return !q->capacity_msgs;
}

static void evict(struct dipc_queue *q, struct dipc_message *old,
		  struct dipc_queue_events *ev)
{
	dipc_queue_unlink_locked(q, old);
	dipc_queue_tell_sender_locked(old, DIPC_REASON_DROP_OLDEST, ev);
	dipc_queue_drop_locked(q, old, DIPC_REASON_DROP_OLDEST, ev);
}

/* What is newer displaces what is not more urgent. */
static bool displaces(const struct dipc_queue *q, const struct dipc_message *m,
		      const struct dipc_message *old)
{
	return q->order == DIPC_ORDER_FIFO || m->priority >= old->priority;
}

/*
 * Of a user's own messages the oldest, in a priority queue of the lowest
 * priority among the first that he has there.
 */
static struct dipc_message *own_victim(const struct dipc_queue *q,
				       struct dipc_share *share)
{
	struct dipc_message *m, *victim;
	unsigned int n = 0;

	victim = list_first_entry(&share->messages, struct dipc_message,
				  share_node);
	if (q->order == DIPC_ORDER_FIFO)
		return victim;
	list_for_each_entry(m, &share->messages, share_node) {
		if (m->priority < victim->priority)
			victim = m;
		if (++n == OWN_MAX)
			break;
	}
	return victim;
}

/*
 * Make room by discarding the oldest: first of the sender's own messages, as
 * far as it is his quota that is used up, then of all. DIPC_REASON_QUEUED if
 * there is room now, DIPC_REASON_NONE if it takes more than can be done at
 * once, DIPC_REASON_DROP_NEWEST if all that is there is more urgent.
 */
static enum dipc_reason evict_for(struct dipc_queue *q,
				  const struct dipc_message *m,
				  struct dipc_queue_events *ev)
{
	const struct dipc_sender *sender = m->sender;
	struct dipc_message *old;
	struct dipc_share *share;

	/* a place in ev is left for a receiver */
	while (ev->n_drop < DIPC_DROP_MAX && ev->n_wake < DIPC_EVENTS_MAX - 1) {
		share = dipc_queue_share_locked(q, sender->uid, sender->user);
		if (!dipc_queue_within_quota_locked(q, share, m->len)) {
			old = own_victim(q, share);
			if (!displaces(q, m, old))
				return DIPC_REASON_DROP_NEWEST;
			evict(q, old, ev);
			continue;
		}
		if (dipc_queue_has_room_locked(q, m->len))
			return DIPC_REASON_QUEUED;
		/* what is on loan may be put back above the capacity */
		if (list_empty(&q->messages))
			return DIPC_REASON_DROP_NEWEST;
		old = dipc_queue_victim_locked(q);
		if (!displaces(q, m, old))
			return DIPC_REASON_DROP_NEWEST;
		evict(q, old, ev);
	}
	return DIPC_REASON_NONE;
}

static enum dipc_reason enter(struct dipc_queue *q, struct dipc_message *m,
			      struct dipc_queue_events *ev)
{
	if (m->waiter)
		m->waiter->place = DIPC_PLACE_QUEUE;
	return dipc_queue_enter_locked(q, m, ev) ? DIPC_REASON_QUEUED :
						   DIPC_REASON_NO_MEMORY;
}

/* It is discarded, and whether that is a failure depends on the mode. */
static enum dipc_reason drop_newest(struct dipc_queue *q, u8 mode)
{
	if (mode != DIPC_MODE_BLOCKING)
		return DIPC_REASON_REFUSED;
	q->dropped++;
	return DIPC_REASON_DROP_NEWEST;
}

/* @held_by: the share whose quota is the reason, or NULL: there is no room. */
static enum dipc_reason offer_full(struct dipc_queue *q, struct dipc_message *m,
				   u8 mode, struct dipc_waiter *w,
				   bool may_wait, struct dipc_share *held_by,
				   struct dipc_queue_events *ev)
{
	enum dipc_reason reason;

	switch (q->policy) {
	case DIPC_POLICY_REFUSE:
		return DIPC_REASON_REFUSED;
	case DIPC_POLICY_DROP_OLDEST:
		if (is_unbuffered(q))
			return drop_newest(q, mode);
		reason = evict_for(q, m, ev);
		if (reason == DIPC_REASON_DROP_NEWEST)
			return drop_newest(q, mode);
		return reason ? enter(q, m, ev) : DIPC_REASON_NONE;
	case DIPC_POLICY_DROP_NEWEST:
		return drop_newest(q, mode);
	}

	if (!may_wait)
		return DIPC_REASON_WOULD_BLOCK;
	/* whoever polls may take a waiting sender's message */
	ev->was_empty = !q->n_messages && !q->n_senders;
	ev->readable = true;
	m->seq = q->next_seq++;
	m->waiter = w;
	dipc_queue_stand_in_line_locked(q, m, held_by);
	return DIPC_REASON_WAITED;
}

static enum dipc_reason offer(struct dipc_queue *q, struct dipc_message *m,
			      u8 mode, struct dipc_waiter *w, bool may_wait,
			      struct dipc_queue_events *ev)
{
	const struct dipc_sender *sender = m->sender;
	struct dipc_share *share;

	if (q->n_receivers && dipc_queue_hand_locked(q, m, ev))
		return DIPC_REASON_HANDED;
	/* who may not wait until it is taken needs a receiver that waits */
	if (mode == DIPC_MODE_EXPLICIT && !w)
		return DIPC_REASON_WOULD_BLOCK;

	/* nobody overtakes who waits for room, nor one's own who are held back */
	share = dipc_queue_share_locked(q, sender->uid, sender->user);
	if (share && !list_empty(&share->line))
		return offer_full(q, m, mode, w, may_wait, share, ev);
	if (!dipc_queue_has_room_locked(q, m->len) || !list_empty(&q->senders))
		return offer_full(q, m, mode, w, may_wait, NULL, ev);
	if (share && !dipc_queue_within_quota_locked(q, share, m->len))
		return offer_full(q, m, mode, w, may_wait, share, ev);
	return enter(q, m, ev);
}

/**
 * dipc_queue_starve_locked() - a request waits, for all who take them are busy
 * @q: the queue that it is in, or in line for
 * @ev: takes up that this is to be told, if it was not yet
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_starve_locked(struct dipc_queue *q,
			      struct dipc_queue_events *ev)
{
	/* alone, it is the first since all that waited were taken */
	if (q->starving && q->n_messages + q->n_senders > 1)
		return;
	WRITE_ONCE(q->starving, true);
	ev->starving = true;
}

/**
 * dipc_queue_rest_locked() - who takes requests waits, and there are none
 * @q: the queue
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_rest_locked(struct dipc_queue *q)
{
	WRITE_ONCE(q->starving, false);
	WRITE_ONCE(q->told_starving, false);
}

/**
 * dipc_queue_offer_locked() - a message comes to the queue
 * @q: the queue
 * @m: the message, in no list
 * @mode: enum dipc_mode
 * @w: the sender's waiter; NULL if it neither waits for room nor, in explicit
 *	mode, until the message is taken
 * @may_wait: whether it waits for room
 * @ev: takes up what follows; has place for two more tasks
 *
 * Context: any; the queue's lock is held.
 * Return: what became of it. DIPC_REASON_QUEUED and DIPC_REASON_HANDED: it is
 * accepted and consumed; in explicit mode @w will say when it was taken, or
 * why it never will be. DIPC_REASON_WAITED: it waits in the queue, consumed,
 * and @w will say when that ends. DIPC_REASON_NONE: as many messages were
 * discarded for it as can be at once; offer it again after
 * dipc_queue_notify(). By any other it still belongs to the caller.
 */
enum dipc_reason dipc_queue_offer_locked(struct dipc_queue *q,
					 struct dipc_message *m, u8 mode,
					 struct dipc_waiter *w, bool may_wait,
					 struct dipc_queue_events *ev)
{
	enum dipc_reason reason;

	if (q->closed || q->ended)
		return DIPC_REASON_CLOSED;
	if (m->len > q->msg_max_bytes)
		return DIPC_REASON_TOO_LONG;
	if (m->is_call) {
		if (q->n_plain && !q->n_callees)
			return DIPC_REASON_NO_CALLS;
		WRITE_ONCE(q->had_calls, true);
	}
	dipc_queue_expire_locked(q, ev);
	m->waiter = mode == DIPC_MODE_EXPLICIT ? w : NULL;
	reason = offer(q, m, mode, w, may_wait, ev);
	switch (reason) {
	case DIPC_REASON_QUEUED:
	case DIPC_REASON_WAITED:
		if (m->is_call)
			dipc_queue_starve_locked(q, ev);
		break;
	case DIPC_REASON_HANDED:
		break;
	default:
		m->waiter = NULL;
	}
	return reason;
}

/* What offer() comes to where nobody waits and nothing has to be weighed. */
static bool is_free_for_locked(const struct dipc_queue *q,
			       const struct dipc_message *m)
{
	return !q->n_receivers && !q->n_senders && !q->closed && !q->ended &&
	       !q->levels && !q->stream && m->len <= q->msg_max_bytes &&
	       dipc_queue_has_room_locked(q, m->len) &&
	       !dipc_queue_has_shares(q, m->sender->uid) &&
	       !dipc_queue_may_expire(q);
}

/**
 * dipc_queue_append() - a message comes to a queue that is free for it
 * @q: the queue
 * @m: the message, in no list, without a deadline, no request; nobody waits
 *	for its verdict
 *
 * What dipc_queue_offer_locked() and dipc_queue_notify() do in the most common
 * case: it goes behind the others, and who watches is told.
 *
 * Context: any; RCU read section.
 * Return: whether it was; then it is consumed. If not, nothing was done: it is
 * to be offered.
 */
bool dipc_queue_append(struct dipc_queue *q, struct dipc_message *m)
{
	bool was_empty;

	/* most of those that are not free: spare them the lock */
	if (READ_ONCE(q->n_receivers))
		return false;
	spin_lock_bh(&q->lock);
	if (unlikely(!is_free_for_locked(q, m))) {
		spin_unlock_bh(&q->lock);
		return false;
	}
	was_empty = !q->n_messages;
	dipc_queue_put_last_locked(q, m);
	spin_unlock_bh(&q->lock);
	dipc_queue_tell_readable(q, was_empty);
	return true;
}

/**
 * dipc_queue_would_admit_locked() - would a message be accepted now
 * @q: the queue
 * @len: its payload in bytes
 * @mode: enum dipc_mode
 * @uid: effective user of the sender
 * @user: the user it is charged to
 *
 * Context: any; the queue's lock is held.
 * Return: whether a send would not have to wait, be it that it would fail.
 */
bool dipc_queue_would_admit_locked(struct dipc_queue *q, u32 len, u8 mode,
				   kuid_t uid, const struct dipc_user *user)
{
	struct dipc_share *share;

	if (q->closed || q->ended)
		return true;
	/* a receiver that is choosy may not want it */
	if (q->n_receivers > q->n_choosy)
		return true;
	if (mode == DIPC_MODE_EXPLICIT)
		return false;
	if (q->policy != DIPC_POLICY_WAIT)
		return true;
	if (!list_empty(&q->senders))
		return false;
	len = min(len, q->msg_max_bytes);
	share = dipc_queue_share_locked(q, uid, user);
	return dipc_queue_has_room_locked(q, len) &&
	       !dipc_queue_is_held_back_locked(q, share, len, U64_MAX);
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

/*
 * There is no quota any more: all stand in line for a receiver. A poller may
 * look, without the lock, when one is nowhere: it is told to look again.
 */
static bool reconsider_held_back(struct dipc_queue *q,
				 struct dipc_queue_events *ev)
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
		dipc_queue_leave_line_locked(q, m);
		dipc_queue_stand_in_line_locked(q, m, NULL);
		ev->readable = true;
	}
	return false;
}

/*
 * A waiting sender by a policy that does not wait. False if as many messages
 * were discarded as can be at once; then it is the first in line again.
 */
static bool decide(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = m->waiter;
	u8 mode = w->mode;
	enum dipc_reason reason;

	dipc_queue_leave_line_locked(q, m);
	reason = dipc_queue_offer_locked(q, m, mode, w, false, ev);
	switch (reason) {
	case DIPC_REASON_NONE:
		m->waiter = w;
		dipc_queue_stand_in_line_locked(q, m, NULL);
		list_move(&m->node, &q->senders);
		ev->readable = true;
		return false;
	case DIPC_REASON_QUEUED:
	case DIPC_REASON_HANDED:
		if (mode == DIPC_MODE_EXPLICIT)
			return true;
		break;
	default:
		dipc_queue_discard_locked(m, ev);
	}
	dipc_queue_finish_locked(w, reason, ev);
	return true;
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

	if (q->policy == DIPC_POLICY_WAIT)
		return reconsider_waiting(q, ev) ||
		       (is_unbuffered(q) && reconsider_held_back(q, ev));

	while ((m = dipc_queue_first_in_line_locked(q, NULL))) {
		/* a receiver and the sender may be woken, and some told */
		if (ev->n_wake + 3 > DIPC_EVENTS_MAX ||
		    ev->n_drop >= DIPC_DROP_MAX)
			return true;
		if (!decide(q, m, ev))
			return true;
	}
	return false;
}
