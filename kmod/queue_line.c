// SPDX-License-Identifier: GPL-2.0
/*
 * Those who wait in a queue's lines: receivers for a message, senders for
 * room or for their quota. How they get there, how their wait ends, and whose
 * turn it is when something has changed. The rules of capacity and quota are
 * here.
 */
#include "queue_inner.h"
#include "trace.h"

/* How many change from line to line in one hold of the lock. */
#define MOVE_MAX 64

/* While so many are queued, the receivers have enough to do. */
#define ENOUGH_QUEUED	16
/* How long senders are left in line at most, though there is room. */
#define LEFT_NS		(1 * NSEC_PER_MSEC)

struct dipc_waiter dipc_waiter_revoked;

/**
 * dipc_queue_within_quota_locked() - is there room by the quota
 * @q: the queue
 * @share: of the user; or NULL
 * @len: of one more message, payload in bytes
 *
 * Context: any; the queue's lock is held.
 * Return: whether there is.
 */
bool dipc_queue_within_quota_locked(const struct dipc_queue *q,
				    const struct dipc_share *share, u32 len)
{
	struct dipc_fill fill;

	if (!share)
		return true;
	fill.capacity_msgs = q->capacity_msgs;
	fill.msgs = q->n_messages;
	fill.capacity_bytes = q->capacity_bytes;
	fill.bytes = q->bytes;
	return dipc_share_allows(share, len, &fill);
}

/**
 * dipc_queue_is_held_back_locked() - does his quota hold a user back
 * @q: the queue
 * @share: of the user; or NULL
 * @len: of his message, payload in bytes
 * @seq: when it came to the queue, U64_MAX if it is only coming
 *
 * Context: any; the queue's lock is held.
 * Return: whether it does, for this message or for an earlier one.
 */
bool dipc_queue_is_held_back_locked(const struct dipc_queue *q,
				    struct dipc_share *share, u32 len, u64 seq)
{
	struct dipc_message *first;

	if (!share)
		return false;
	first = list_first_entry_or_null(&share->line, struct dipc_message,
					 node);
	return (first && first->seq < seq) ||
	       !dipc_queue_within_quota_locked(q, share, len);
}

/**
 * dipc_queue_finish_locked() - end a wait
 * @w: the waiter; must not be touched afterwards
 * @reason: how it ended
 * @ev: takes up the task or the callback; the caller has made sure that there
 *	is a place
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_finish_locked(struct dipc_waiter *w, enum dipc_reason reason,
			      struct dipc_queue_events *ev)
{
	ev->wake[ev->n_wake++] = w->task;
	if (!w->task)
		list_add_tail(&w->node, &ev->complete);
	/* pairs with the acquire in dipc_waiter_done() */
	smp_store_release(&w->done, reason);
}

/**
 * dipc_queue_tell_sender_locked() - tell who waits for a message's verdict
 * @m: the message, in no list any more
 * @reason: its verdict
 * @ev: takes up who is to be told, if anyone waits
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_tell_sender_locked(struct dipc_message *m,
				   enum dipc_reason reason,
				   struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = m->waiter;

	if (likely(!w))
		return;
	m->waiter = NULL;
	if (w != &dipc_waiter_revoked)
		dipc_queue_finish_locked(w, reason, ev);
}

/**
 * dipc_queue_lend_locked() - a message goes to a receiver that copies it
 * @q: the queue
 * @m: in no list any more
 *
 * Who waits for it in explicit mode does so until its deadline.
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_lend_locked(struct dipc_queue *q, struct dipc_message *m)
{
	if (likely(!m->waiter))
		return;
	m->waiter->place = DIPC_PLACE_LOAN;
	dipc_queue_due_add_locked(q, m);
}

/**
 * dipc_queue_revoke_locked() - a message on loan is withdrawn
 * @q: the queue
 * @m: the message
 * @w: its waiter, who is told by the caller
 *
 * Its receiver finds out when it has copied it.
 *
 * Context: any; the queue's lock is held.
 * Return: false if it was taken by now.
 */
bool dipc_queue_revoke_locked(struct dipc_queue *q, struct dipc_message *m,
			      struct dipc_waiter *w)
{
	/* dipc_queue_taken() looks without the lock */
	if (cmpxchg(&m->waiter, w, &dipc_waiter_revoked) != w)
		return false;
	dipc_queue_due_del_locked(q, m);
	return true;
}

/**
 * dipc_queue_hand_locked() - give a message to a receiver that waits
 * @q: the queue
 * @m: in no list; on loan to the receiver afterwards
 * @ev: takes up the receiver's task
 *
 * Context: any; the queue's lock is held.
 * Return: whether anyone was waiting for such a message.
 */
bool dipc_queue_hand_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = dipc_queue_receiver_for_locked(q, m);

	if (!w)
		return false;
	dipc_queue_del_receiver_locked(q, w);
	w->message = m;
	/* one that was put back has been counted before */
	if (!m->seq) {
		m->seq = q->next_seq++;
		dipc_stats_count(q->stats, DIPC_REASON_HANDED);
	}
	dipc_queue_lend_locked(q, m);
	trace_dipc_accept(q->kind, q->id, m->sender->port, m->id, m->len,
			  DIPC_REASON_HANDED);
	dipc_queue_finish_locked(w, DIPC_REASON_HANDED, ev);
	return true;
}

static struct dipc_message *first_in(struct list_head *line,
				     const struct dipc_want *want)
{
	struct dipc_message *m;

	list_for_each_entry(m, line, node)
		if (dipc_want_fits(want, m))
			return m;
	return NULL;
}

/**
 * dipc_queue_first_in_line_locked() - the first of the waiting senders
 * @q: the queue
 * @want: which messages count; NULL: all
 *
 * Context: any; the queue's lock is held.
 * Return: the message of the first that waits for room, if none does that of
 * one held back by its user's quota; or NULL.
 */
struct dipc_message *
dipc_queue_first_in_line_locked(struct dipc_queue *q,
				const struct dipc_want *want)
{
	struct dipc_message *m = first_in(&q->senders, want);
	struct dipc_share *share;

	if (m || !q->n_held_back)
		return m;
	list_for_each_entry(share, &q->shares, node) {
		m = first_in(&share->line, want);
		if (m)
			return m;
	}
	return NULL;
}

/* Out of its line; m->share says if that was its user's. */
static void step_out(struct dipc_queue *q, struct dipc_message *m)
{
	list_del_init(&m->node);
	WRITE_ONCE(q->n_senders, q->n_senders - 1);
	if (m->share)
		q->n_held_back--;
}

/**
 * dipc_queue_leave_line_locked() - take a waiting sender's message out
 * @q: the queue
 * @m: waiting; in no list afterwards, but with its waiter
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_leave_line_locked(struct dipc_queue *q, struct dipc_message *m)
{
	step_out(q, m);
	dipc_share_let_go(m);
	dipc_queue_due_del_locked(q, m);
}

/**
 * dipc_queue_stand_in_line_locked() - a message waits to be let in
 * @q: the queue
 * @m: in no list, with its waiter and its seq
 * @held_by: the share whose quota is the reason, or NULL: there is no room
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_stand_in_line_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     struct dipc_share *held_by)
{
	m->waiter->place = DIPC_PLACE_LINE;
	WRITE_ONCE(q->n_senders, q->n_senders + 1);
	if (held_by) {
		q->n_held_back++;
		dipc_share_hold_back(held_by, m);
	} else {
		list_add_tail(&m->node, &q->senders);
	}
	dipc_queue_due_add_locked(q, m);
}

/**
 * dipc_queue_finish_sender_locked() - a waiting sender waits in vain
 * @q: the queue
 * @m: its message; leaves its line and is freed
 * @reason: why
 * @ev: takes up the task
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_finish_sender_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     enum dipc_reason reason,
				     struct dipc_queue_events *ev)
{
	dipc_queue_leave_line_locked(q, m);
	dipc_queue_tell_sender_locked(m, reason, ev);
	dipc_queue_discard_locked(m, ev);
}

static bool is_enough(struct dipc_queue_events *ev, unsigned int moved)
{
	if (ev->n_wake < DIPC_EVENTS_MAX && moved < MOVE_MAX &&
	    ev->n_drop < DIPC_DROP_MAX)
		return false;
	ev->more = true;
	return true;
}

static void let_in(struct dipc_queue *q, struct dipc_message *m,
		   struct dipc_queue_events *ev)
{
	struct dipc_waiter *w = m->waiter;

	step_out(q, m);
	if (w->mode != DIPC_MODE_EXPLICIT)
		m->waiter = NULL;
	if (!dipc_queue_enter_locked(q, m, ev)) {
		dipc_queue_due_del_locked(q, m);
		m->waiter = NULL;
		dipc_queue_discard_locked(m, ev);
		dipc_queue_finish_locked(w, DIPC_REASON_NO_MEMORY, ev);
		return;
	}
	/* it may be gone already, but not if somebody waits for it */
	w->place = DIPC_PLACE_QUEUE;
	if (w->mode != DIPC_MODE_EXPLICIT)
		dipc_queue_finish_locked(w, DIPC_REASON_QUEUED, ev);
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
		if (!dipc_queue_has_room_locked(q, m->len))
			return;
		share = dipc_queue_share_locked(q, m->sender->uid,
						m->sender->user);
		if (dipc_queue_is_held_back_locked(q, share, m->len, m->seq)) {
			step_out(q, m);
			dipc_queue_stand_in_line_locked(q, m, share);
		} else {
			let_in(q, m, ev);
		}
		moved++;
	}
}

/*
 * Those whom only this user's quota held back. One that has quota now and
 * still no room goes to the line for that, and the others after it.
 */
static void admit_held_back(struct dipc_queue *q, struct dipc_share *share,
			    struct dipc_queue_events *ev)
{
	bool last = list_empty(&share->line);
	struct dipc_message *m;
	unsigned int moved = 0;

	while (!last) {
		/* after the last one the share may be gone */
		last = list_is_singular(&share->line);
		m = list_first_entry(&share->line, struct dipc_message, node);
		if (is_enough(ev, moved++))
			return;
		if (m->len > q->msg_max_bytes) {
			dipc_queue_finish_sender_locked(q, m,
							DIPC_REASON_TOO_LONG,
							ev);
			continue;
		}
		if (!uid_eq(m->sender->uid, q->owner) &&
		    !dipc_queue_within_quota_locked(q, share, m->len))
			return;
		if (!list_empty(&q->senders) ||
		    !dipc_queue_has_room_locked(q, m->len)) {
			dipc_queue_leave_line_locked(q, m);
			dipc_queue_stand_in_line_locked(q, m, NULL);
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

	if (q->closed || q->ended)
		return;
	admit_line(q, ev);
	if (q->n_held_back)
		list_for_each_entry_safe(share, next, &q->shares, node)
			admit_held_back(q, share, ev);
	if (list_empty(&q->senders) && !list_empty(&q->starved))
		ev->room = true;
}

static bool has_much_left(const struct dipc_queue *q)
{
	return q->n_messages > q->capacity_msgs / 4 ||
	       q->bytes > q->capacity_bytes / 4;
}

/* One could be the next to be taken, or somebody has no time. */
static bool may_be_urgent(const struct dipc_queue *q, struct dipc_due *due)
{
	return q->levels || timerqueue_getnext(&due->deadlines);
}

/**
 * dipc_queue_keep_in_line_locked() - are waiting senders left where they are
 * @q: the queue, from which a receiver has taken a message
 *
 * A receiver that works through a full queue would let in, and wake, a sender
 * with each message, and each of them would send one more and fill the queue
 * again: two switches of tasks a message, which is more than all the rest. So
 * they are left in line until three quarters of the queue are read; then they
 * have room for many. Those who look at the room as such (a queue may serve as
 * a counter) find that it is given to them nevertheless, with a delay that
 * nobody waits for who has messages to read: the queue's timer lets them in
 * after LEFT_NS. Where messages have priorities, or any of them, or of those in
 * line, has a deadline, nobody is left.
 *
 * Context: any; the queue's lock is held.
 * Return: whether they are, for now; if not, dipc_queue_admit_locked() is to be
 * called.
 */
bool dipc_queue_keep_in_line_locked(struct dipc_queue *q)
{
	/* another one may just make it, without the lock */
	struct dipc_due *due = READ_ONCE(q->due);

	if (!due || q->n_messages < ENOUGH_QUEUED || !has_much_left(q) ||
	    list_empty(&q->senders) || may_be_urgent(q, due) || q->closed ||
	    q->ended)
		return false;
	if (unlikely(!due->left_in_line)) {
		due->left_in_line = true;
		dipc_queue_due_set_locked(q, ktime_add_ns(ktime_get(),
							  LEFT_NS));
	}
	return true;
}

/**
 * dipc_queue_leave_rest_locked() - let in the rest of those in line later
 * @q: the queue, to which many have been let in at once
 *
 * There may be hundreds of thousands of asynchronous sends, each with somebody
 * to tell, and whoever made room for them is not to see to them all: he may be
 * a timer himself.
 *
 * Context: any; the queue's lock is held.
 * Return: whether the queue's timer does it; if not, dipc_queue_admit_locked()
 * is to be called.
 */
bool dipc_queue_leave_rest_locked(struct dipc_queue *q)
{
	/* another one may just make it, without the lock */
	struct dipc_due *due = READ_ONCE(q->due);

	if (!due || q->closed || q->ended)
		return false;
	due->left_in_line = true;
	dipc_queue_due_set_locked(q, ktime_add_ns(ktime_get(), DIPC_BREATH_NS));
	return true;
}
