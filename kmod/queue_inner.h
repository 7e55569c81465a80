/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the queue tell each other, and nobody else: see queue.h for
 * what a queue is. Where it says _locked, the queue's lock is held.
 */
#ifndef _DIPC_QUEUE_INNER_H
#define _DIPC_QUEUE_INNER_H

#include "queue.h"

#define DIPC_DROP_MAX	64	/* messages freed for one hold of the lock */
/* So long others have the processor before a queue's timer goes on. */
#define DIPC_BREATH_NS	(50 * NSEC_PER_USEC)

/* Where a walk along those who wait for messages has come to. */
struct dipc_receiver_walk {
	struct dipc_waiter	*next[2];	/* in each of both lines */
	bool			began;
};

/* The waiter of a message on loan whose sender has withdrawn it. */
extern struct dipc_waiter dipc_waiter_revoked;

/**
 * dipc_queue_has_place() - is a message in the list where it was
 * @m: the message; the caller has a reference
 * @seq: the number that it had there
 *
 * If it is not, it may just come to another queue, under the lock of that one. It
 * has lost its number before, which is why that is looked at last.
 *
 * Context: any; the lock of the queue that it was in is held.
 * Return: whether it is.
 */
static inline bool dipc_queue_has_place(const struct dipc_message *m, u64 seq)
{
	if (list_empty(&m->node))
		return false;
	/* pairs with that of dipc_call_begin() */
	smp_rmb();
	return READ_ONCE(m->seq) == seq;
}

/* queue_due.c: which messages have a deadline */
void dipc_queue_add_deadline_locked(struct dipc_queue *q,
				    struct dipc_message *m);
void dipc_queue_del_deadline_locked(struct dipc_queue *q,
				    struct dipc_message *m);
struct dipc_message *dipc_queue_overdue_locked(struct dipc_queue *q);
void dipc_queue_due_set_locked(struct dipc_queue *q, ktime_t expires);
void dipc_queue_due_stop(struct dipc_queue *q);
void dipc_queue_due_free(struct dipc_queue *q);

/* queue_store.c: the list of messages and its order; _locked: the lock is held */
struct dipc_levels *dipc_levels_create(void);
int dipc_queue_set_order_locked(struct dipc_queue *q, u8 order,
				struct dipc_levels **levels);
bool dipc_queue_enter_locked(struct dipc_queue *q, struct dipc_message *m,
			     struct dipc_queue_events *ev);
void dipc_queue_put_last_locked(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_insert_locked(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_unlist_locked(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_unlink_locked(struct dipc_queue *q, struct dipc_message *m);
struct dipc_message *dipc_queue_victim_locked(struct dipc_queue *q);
void dipc_queue_drop_locked(struct dipc_queue *q, struct dipc_message *m,
			    enum dipc_reason reason,
			    struct dipc_queue_events *ev);
void dipc_queue_discard_locked(struct dipc_message *m,
			       struct dipc_queue_events *ev);

/* queue_receivers.c: those who wait for a message */
void dipc_queue_add_receiver_locked(struct dipc_queue *q,
				    struct dipc_waiter *w);
void dipc_queue_del_receiver_locked(struct dipc_queue *q,
				    struct dipc_waiter *w);
struct dipc_waiter *dipc_queue_receiver_for_locked(struct dipc_queue *q,
						   const struct dipc_message *m);
struct dipc_waiter *
dipc_queue_next_receiver_locked(struct dipc_queue *q,
				struct dipc_receiver_walk *walk);
void dipc_queue_free_receivers(struct dipc_queue *q);

/* queue_line.c: those who wait in line; with the lock held */
void dipc_queue_finish_locked(struct dipc_waiter *w, enum dipc_reason reason,
			      struct dipc_queue_events *ev);
void dipc_queue_tell_sender_locked(struct dipc_message *m,
				   enum dipc_reason reason,
				   struct dipc_queue_events *ev);
void dipc_queue_lend_locked(struct dipc_queue *q, struct dipc_message *m);
bool dipc_queue_revoke_locked(struct dipc_queue *q, struct dipc_message *m,
			      struct dipc_waiter *w);
bool dipc_queue_hand_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_queue_events *ev);
bool dipc_queue_within_quota_locked(const struct dipc_queue *q,
				    const struct dipc_share *share, u32 len);
bool dipc_queue_is_held_back_locked(const struct dipc_queue *q,
				    struct dipc_share *share, u32 len, u64 seq);
void dipc_queue_stand_in_line_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     struct dipc_share *held_by);
void dipc_queue_leave_line_locked(struct dipc_queue *q,
				  struct dipc_message *m);
struct dipc_message *dipc_queue_first_in_line_locked(struct dipc_queue *q,
					const struct dipc_want *want);
void dipc_queue_finish_sender_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     enum dipc_reason reason,
				     struct dipc_queue_events *ev);
void dipc_queue_admit_locked(struct dipc_queue *q,
			     struct dipc_queue_events *ev);
bool dipc_queue_keep_in_line_locked(struct dipc_queue *q);
bool dipc_queue_leave_rest_locked(struct dipc_queue *q);

/* queue_expire.c: what is overdue goes */
void dipc_queue_drop_overdue_locked(struct dipc_queue *q,
				    struct dipc_queue_events *ev);

/* queue_admit.c: how a message comes in */
void dipc_queue_starve_locked(struct dipc_queue *q,
			      struct dipc_queue_events *ev);
void dipc_queue_rest_locked(struct dipc_queue *q);
bool dipc_queue_reconsider_locked(struct dipc_queue *q,
				  struct dipc_queue_events *ev);
bool dipc_queue_would_admit_locked(struct dipc_queue *q, u32 len, u8 mode,
				   kuid_t uid, const struct dipc_user *user);

/* queue_notify.c: what is done once the lock is free */
void dipc_queue_tell_readable(struct dipc_queue *q, bool was_empty);

/**
 * dipc_queue_due_add_locked() - a message is in the queue, or waits for room
 * @q: the queue
 * @m: the message, with or without a deadline
 *
 * Context: any; the queue's lock is held.
 */
static inline void dipc_queue_due_add_locked(struct dipc_queue *q,
					     struct dipc_message *m)
{
	if (unlikely(m->extra))
		dipc_queue_add_deadline_locked(q, m);
}

/**
 * dipc_queue_due_del_locked() - a message leaves the queue
 * @q: the queue
 * @m: the message, with or without a deadline
 *
 * The timer may go off in vain.
 *
 * Context: any; the queue's lock is held.
 */
static inline void dipc_queue_due_del_locked(struct dipc_queue *q,
					     struct dipc_message *m)
{
	if (unlikely(m->extra))
		dipc_queue_del_deadline_locked(q, m);
}

/**
 * dipc_queue_expire_locked() - discard what is overdue
 * @q: the queue
 * @ev: takes up what follows; two more tasks find a place in it
 *
 * As many as can be at once; for the rest the timer is there.
 *
 * Context: any; the queue's lock is held.
 */
static inline void dipc_queue_expire_locked(struct dipc_queue *q,
					    struct dipc_queue_events *ev)
{
	if (unlikely(dipc_queue_may_expire(q)))
		dipc_queue_drop_overdue_locked(q, ev);
}

/**
 * dipc_queue_has_room_locked() - is there room by the capacity
 * @q: the queue
 * @len: of one more message, payload in bytes
 *
 * Context: any; the queue's lock is held.
 * Return: whether there is.
 */
static inline bool dipc_queue_has_room_locked(const struct dipc_queue *q,
					      u32 len)
{
	return q->n_messages < q->capacity_msgs &&
	       q->bytes + len <= q->capacity_bytes;
}

/**
 * dipc_queue_has_shares() - is there a quota for a user
 * @q: the queue
 * @uid: effective user who sends
 *
 * Not for the queue's owner, nor on a link, which has one sender.
 *
 * Context: any; the queue's lock is held.
 * Return: whether there is.
 */
static inline bool dipc_queue_has_shares(const struct dipc_queue *q, kuid_t uid)
{
	return q->kind != DIPC_QUEUE_LINK && !uid_eq(uid, q->owner);
}

/**
 * dipc_queue_share_locked() - what a user holds, as far as his quota counts
 * @q: the queue
 * @uid: effective user who sends
 * @user: to whom it is charged
 *
 * Context: any; the queue's lock is held.
 * Return: the share, or NULL: he has none, is the queue's owner, or it is a
 * link.
 */
static inline struct dipc_share *
dipc_queue_share_locked(struct dipc_queue *q, kuid_t uid,
			const struct dipc_user *user)
{
	return dipc_queue_has_shares(q, uid) ?
	       dipc_share_find(&q->shares, user) : NULL;
}

/**
 * dipc_queue_unlock_and_notify() - the same for who holds the lock
 * @q: the queue, locked, in no RCU read section but that of the lock
 * @ev: what was collected; used up
 *
 * With bottom halves off, that is an RCU read section as well; who has to do
 * something after unlocking begins one of its own before that. Often there is
 * nothing.
 *
 * Context: any.
 */
static inline void dipc_queue_unlock_and_notify(struct dipc_queue *q,
						struct dipc_queue_events *ev)
	__releases(&q->lock)
{
	if (likely(!dipc_queue_has_events(ev))) {
		spin_unlock_bh(&q->lock);
		return;
	}
	rcu_read_lock();
	spin_unlock_bh(&q->lock);
	dipc_queue_act(q, ev);
	rcu_read_unlock();
}

/**
 * dipc_queue_unwatch_locked() - dipc_queue_unwatch() with the lock held
 * @q: the queue
 * @w: the watcher
 *
 * Context: any.
 */
static inline void dipc_queue_unwatch_locked(struct dipc_queue *q,
					     struct dipc_watcher *w)
{
	list_del_rcu(&w->node);
	if (w->calls)
		q->n_callees--;
	else
		q->n_plain--;
}

/**
 * dipc_want_fits() - is a message one of those that are asked for
 * @want: what is asked for, or NULL: all
 * @m: the message
 *
 * Context: any.
 * Return: whether source, tag and kind are as @want says.
 */
static inline bool dipc_want_fits(const struct dipc_want *want,
				  const struct dipc_message *m)
{
	const struct dipc_match *match;

	if (!want)
		return true;
	if (want->no_calls && m->is_call)
		return false;
	if (!want->has_match)
		return true;
	match = &want->match;
	if ((m->tag ^ match->tag) & match->tag_mask)
		return false;
	/* all messages come from this node */
	return !match->port ||
	       (match->port == m->sender->port && !match->node);
}

/**
 * dipc_waiter_is_choosy() - would a receiver leave some messages to others
 * @w: its wait
 *
 * Context: any.
 * Return: whether it looks at source or tag.
 */
static inline bool dipc_waiter_is_choosy(const struct dipc_waiter *w)
{
	return w->want && w->want->has_match;
}

#endif /* _DIPC_QUEUE_INNER_H */
