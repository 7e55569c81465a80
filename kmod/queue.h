/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue: the bounded, ordered, waitable store of messages inside every
 * endpoint. Knows neither sockets nor names nor nodes.
 *
 * Lifetime: embedded in a port, a mailbox or a link, counted; what it is
 * embedded in is released by ops->release when the last reference goes. It is
 * closed before that, and holds nothing from then on.
 *
 * Locking: @lock covers everything that is not said to be immutable. It is
 * taken with bottom halves off, because messages may come from the network.
 * Under it come only the locks of the users' table and, before it, room_lock
 * of a watcher. Messages are not copied or freed under it, and nobody is woken
 * or called: what there is to do is collected in a struct dipc_queue_events
 * and done by dipc_queue_notify() after unlocking. From when the lock is taken
 * until after that call the caller is in an RCU read section: it is what
 * keeps the collected tasks and watchers alive. What is done in one hold of
 * the lock is bounded by constants and by the number of users.
 *
 * Invariants, when the lock is free:
 *  - no receiver waits that matches a queued message or that of a waiting
 *    sender;
 *  - a sender waits in @senders because there is no room for its message, or
 *    none for one before it; or for a moment, see
 *    dipc_queue_keep_in_line_locked();
 *  - a sender waits in the line of its user's share (share.h) because of that
 *    user's quota, be it for an earlier message; the user has messages queued;
 *  - @messages is sorted by seq, in a priority queue first by falling
 *    priority; the line of each share is sorted by seq.
 *
 * A message that a receiver is copying is on loan: it is in no list, and
 * either consumed by dipc_queue_taken() or put back to its place.
 *
 * A message that waits, is queued or on loan may have a waiter: its sender,
 * asleep, or an asynchronous send. It is told once what became of the message
 * (dipc_queue_finish_locked()), or withdraws it first; the message itself
 * belongs to the queue from the moment it was accepted or stands in line.
 */
#ifndef _DIPC_QUEUE_H
#define _DIPC_QUEUE_H

#include <linux/hrtimer.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "message.h"
#include "share.h"
#include "stats.h"

enum dipc_queue_kind {
	DIPC_QUEUE_PORT = 0,
	DIPC_QUEUE_MAILBOX = 1,
	DIPC_QUEUE_LINK = 2,		/* one sender: there are no quotas */
};

struct dipc_exact;
struct dipc_levels;
struct dipc_queue;

/*
 * What is to be done in a queue at a certain time: messages with a deadline
 * expire, and senders that were left in line are let in. The timer is set for
 * what comes first, or goes off in vain.
 */
struct dipc_due {
	struct timerqueue_head	deadlines;	/* of struct dipc_extra */
	struct hrtimer		timer;
	struct dipc_queue	*queue;
	bool			has_deadlines;	/* or has had some */
	bool			left_in_line;	/* senders, though there is room */
};

struct dipc_queue_ops {
	/* the last reference is gone; called in any context */
	void (*release)(struct dipc_queue *q);
};

/* Which messages a receiver takes, if not all. */
struct dipc_want {
	struct dipc_match	match;
	bool			has_match;
	bool			no_calls;	/* requests are for others */
};

/* Where the message of a waiting sender is. */
enum dipc_place {
	DIPC_PLACE_NOWHERE = 0,		/* not accepted yet, or the wait is over */
	DIPC_PLACE_LINE,
	DIPC_PLACE_QUEUE,
	DIPC_PLACE_LOAN,
};

/*
 * Someone who waits on a queue: a task that sleeps, on whose stack this is, or
 * (senders only) an asynchronous send, which is called back instead.
 */
struct dipc_waiter {
	struct list_head	node;		/* receivers; callbacks to make */
	struct task_struct	*task;		/* or NULL, and then: */
	void (*complete)(struct dipc_waiter *w);	/* RCU section, any context */
	struct dipc_message	*message;	/* what a receiver was given */
	const struct dipc_want	*want;		/* of a receiver; NULL: all */
	const void		*owner;		/* of a receiver: see dipc_queue_rouse() */
	u64			arrival;	/* of a receiver: before whom he came */
	struct rb_node		exact;		/* if he is found by what he wants */
	bool			is_exact;
	u8			mode;		/* enum dipc_mode of a sender */
	u8			place;		/* enum dipc_place of its message */
	int			done;		/* enum dipc_reason, 0: waits */
};

/*
 * Someone who wants to be called when a queue changes, without sleeping on
 * it: a socket with pollers. Called in an RCU read section, so that it must
 * outlive a grace period after it is removed.
 */
struct dipc_watcher {
	struct list_head	node;		/* RCU, in queue->watchers */
	struct list_head	room_node;	/* in queue->starved */
	struct dipc_queue	*room_queue;	/* counted, under room_lock */
	spinlock_t		room_lock;	/* taken before a queue's lock */
	bool			calls;		/* takes requests, too */
	bool			only_end;	/* of what it waits for "room" of */
	bool			was_starved;	/* has been in room_node's list */
	const struct dipc_watcher_ops *ops;
};

/* How. What a watcher never asks to be told may be NULL. */
struct dipc_watcher_ops {
	/* there is something to take, or the queue is closed */
	void (*readable)(struct dipc_watcher *w, bool was_empty);
	/* there is room; once after dipc_queue_watch_room() */
	void (*room)(struct dipc_watcher *w);
	/* or NULL: requests wait, and nobody receives */
	void (*starving)(struct dipc_watcher *w);
};

struct dipc_queue {
	spinlock_t		lock;
	refcount_t		refs;
	u8			kind;		/* immutable */
	u8			policy;
	u8			order;
	bool			stream;		/* immutable: bytes, no boundaries */
	bool			closed;
	bool			ended;		/* no message comes any more */
	bool			had_calls;	/* there was a request, once */
	bool			starving;	/* requests wait, nobody receives */
	bool			told_starving;	/* to who took one, since then */
	bool			is_expecting;	/* its watcher, who is counted */
	bool			is_consumed;	/* a hint: who takes them has said so */
	int			close_err;	/* immutable, negative errno */
	int			end_err;	/* 0, or why it ended before time */
	kuid_t			owner;
	struct list_head	messages;
	struct list_head	senders;	/* messages in line for room */
	struct list_head	receivers;	/* struct dipc_waiter */
	struct dipc_exact	*exact;		/* others; made when needed first */
	u64			n_arrivals;	/* of receivers */
	struct list_head	watchers;
	struct list_head	starved;	/* watchers that wait for room */
	struct list_head	shares;
	struct dipc_levels	*levels;	/* of a priority queue */
	struct dipc_due		*due;		/* made when it is needed first */
	u32			n_messages;
	u32			n_senders;	/* in all lines */
	u32			n_held_back;	/* of these, in those of shares */
	u32			n_receivers;
	u32			n_choosy;	/* of these, with a match */
	u32			n_callees;	/* watchers that take requests */
	u32			n_plain;	/* and that do not */
	u32			capacity_msgs;
	u64			bytes;
	u64			capacity_bytes;
	u32			msg_max_bytes;
	u64			first_seq;	/* immutable; no message has it */
	u64			next_seq;
	u64			shuffles;	/* messages put in before others */
	u64			dropped;
	u64			id;		/* for views: port number or index */
	struct dipc_stats __percpu *stats;	/* immutable */
	const struct dipc_queue_ops *ops;	/* immutable */
};

#define DIPC_EVENTS_MAX 8

/*
 * What is to be done after unlocking; see dipc_queue_notify(). It need not be
 * cleared before dipc_queue_events_init(): that costs a small message more than
 * its copy, and nothing is read of @wake beyond @n_wake.
 */
struct dipc_queue_events {
	struct task_struct	*wake[DIPC_EVENTS_MAX];
	bool			readable;	/* there is something to take */
	bool			was_empty;	/* there was nothing before */
	union {
		struct {
			bool	room;		/* there is room for a message */
			bool	starving;	/* a request, and nobody receives */
			bool	more;		/* admit further senders */
			u8	n_wake;		/* tasks and callbacks */
			u16	n_drop;
		};
		u64		others;		/* any of these */
	};
	struct list_head	complete;	/* waiters to be called back */
	struct list_head	drop;		/* messages to be freed */
};

/* A snapshot for views. */
struct dipc_queue_info {
	struct dipc_queue_conf	conf;
	u32			n_messages;
	u32			n_senders;
	u32			n_receivers;
	u64			bytes;
	u64			dropped;
	kuid_t			owner;
	bool			ended;		/* also if it is closed */
	bool			closed;
};

/* queue_expire.c, queue_receivers.c, queue_store.c: before one comes, or goes */
int dipc_queue_prepare_due(struct dipc_queue *q);
void dipc_queue_prepare_line(struct dipc_queue *q);
void dipc_queue_expire(struct dipc_queue *q);
void dipc_queue_prepare_receiver(struct dipc_queue *q,
				 const struct dipc_want *want);
u32 dipc_queue_spare(struct dipc_queue *q);

/* queue_admit.c: how a message comes in; _locked: the lock is held */
enum dipc_reason dipc_queue_offer_locked(struct dipc_queue *q,
					 struct dipc_message *m, u8 mode,
					 struct dipc_waiter *w, bool may_wait,
					 struct dipc_queue_events *ev);
bool dipc_queue_append(struct dipc_queue *q, struct dipc_message *m);

/* queue_life.c: the object, its limits and its end, and what follows a change */
void dipc_queue_conf_default(struct dipc_queue_conf *conf);
void dipc_queue_init_numbers(void);
int dipc_queue_conf_check(const struct dipc_queue_conf *conf);
int dipc_queue_init(struct dipc_queue *q, enum dipc_queue_kind kind, u64 id,
		    const struct dipc_queue_conf *conf, kuid_t owner,
		    int close_err, struct dipc_stats __percpu *stats,
		    const struct dipc_queue_ops *ops);
void dipc_queue_fini(struct dipc_queue *q);
void dipc_queue_free(struct dipc_queue *q);
int dipc_queue_configure(struct dipc_queue *q,
			 const struct dipc_queue_conf *conf, kuid_t owner);
void dipc_queue_info(struct dipc_queue *q, struct dipc_queue_info *info);
u32 dipc_queue_purge(struct dipc_queue *q, enum dipc_reason reason);
bool dipc_queue_end(struct dipc_queue *q, int err);
void dipc_queue_close(struct dipc_queue *q);
bool dipc_queue_leave(struct dipc_queue *q, struct dipc_watcher *w,
		      bool *unread);

/* queue_notify.c: what is done once the lock is free */
void dipc_queue_act(struct dipc_queue *q, struct dipc_queue_events *ev);

/* queue_take.c: how a message goes out */
struct dipc_message *dipc_queue_take(struct dipc_queue *q,
				     const struct dipc_want *want,
				     struct dipc_waiter *w, int *err);
struct dipc_message *dipc_queue_take_plain(struct dipc_queue *q);
struct dipc_message *dipc_queue_peek(struct dipc_queue *q,
				     const struct dipc_want *want, int *err);
struct dipc_message *dipc_queue_peek_at(struct dipc_queue *q, u64 offset,
					u32 *within, int *err);
bool dipc_queue_taken(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_put_back(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_read_on(struct dipc_queue *q, struct dipc_message *m,
			u32 bytes);
bool dipc_queue_has_new(struct dipc_queue *q, const struct dipc_want *want);
bool dipc_queue_first(struct dipc_queue *q, const struct dipc_want *want,
		      u32 *len);

/* queue_wait.c: sleeping on a queue, giving up, and watching it */
long dipc_waiter_sleep(struct dipc_waiter *w, long timeout);
bool dipc_queue_withdraw_sender(struct dipc_queue *q, struct dipc_message *m,
				struct dipc_waiter *w);
void dipc_queue_rouse(struct dipc_queue *q, const void *owner);
bool dipc_queue_withdraw_receiver(struct dipc_queue *q, struct dipc_waiter *w);
void dipc_watcher_init(struct dipc_watcher *w,
		       const struct dipc_watcher_ops *ops);
bool dipc_queue_readable_locking(struct dipc_queue *q);
void dipc_queue_rest(struct dipc_queue *q);
bool dipc_queue_needs_worker(struct dipc_queue *q);
void dipc_queue_expect(struct dipc_queue *q, bool calls);
void dipc_queue_watch(struct dipc_queue *q, struct dipc_watcher *w);
void dipc_queue_watch_calls(struct dipc_queue *q, struct dipc_watcher *w);
void dipc_queue_unwatch(struct dipc_queue *q, struct dipc_watcher *w);
bool dipc_queue_watch_room(struct dipc_queue *q, struct dipc_watcher *w,
			   u32 len, u8 mode, kuid_t uid,
			   const struct dipc_user *user);
bool dipc_queue_watch_end(struct dipc_queue *q, struct dipc_watcher *w);
void dipc_queue_unwatch_room(struct dipc_watcher *w);

/**
 * dipc_waiter_init() - prepare the current task's wait
 * @w: on its stack
 *
 * Context: process.
 */
static inline void dipc_waiter_init(struct dipc_waiter *w)
{
	INIT_LIST_HEAD(&w->node);
	w->task = current;
	w->complete = NULL;
	w->message = NULL;
	w->want = NULL;
	w->owner = NULL;
	w->mode = DIPC_MODE_BLOCKING;
	w->place = DIPC_PLACE_NOWHERE;
	w->done = DIPC_REASON_NONE;
}

/**
 * dipc_waiter_done() - has the wait ended
 * @w: in a queue, or not any more
 *
 * Context: process.
 * Return: how, an enum dipc_reason, and then everything in @w is final; or 0.
 */
static inline int dipc_waiter_done(const struct dipc_waiter *w)
{
	/* pairs with the release in dipc_queue_finish_locked() */
	return smp_load_acquire(&w->done);
}

/**
 * dipc_wake() - wake a task that sleeps for something, or is about to
 * @task: there as long as an RCU read section lasts
 *
 * What it waits for is there already. Often it has not got round to sleeping,
 * and the scheduler need not be asked. Where spinlocks sleep it is: on its way
 * to sleep the task may take one, and then its state is another for a moment.
 *
 * Context: any.
 */
static inline void dipc_wake(struct task_struct *task)
{
	/* pairs with set_current_state(): the task looks after that */
	smp_mb();
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || !task_is_running(task))
		wake_up_process(task);
}

/**
 * dipc_queue_get_unless_zero() - take a reference to a queue that was found
 * @q: found in an RCU read section
 *
 * Context: any.
 * Return: whether there was still one to be had.
 */
static inline bool dipc_queue_get_unless_zero(struct dipc_queue *q)
{
	return refcount_inc_not_zero(&q->refs);
}

/**
 * dipc_queue_get() - take one more reference
 * @q: of which the caller holds one
 *
 * Context: any.
 */
static inline void dipc_queue_get(struct dipc_queue *q)
{
	refcount_inc(&q->refs);
}

/**
 * dipc_queue_put() - give a reference back
 * @q: may be gone afterwards; or NULL
 *
 * Context: any, without the queue's lock.
 */
static inline void dipc_queue_put(struct dipc_queue *q)
{
	if (q && refcount_dec_and_test(&q->refs))
		dipc_queue_free(q);
}

/**
 * dipc_queue_refs() - how many have a reference to a queue
 * @q: closed for a watcher that has left it
 *
 * Who does something in a queue has a reference until all that follows from it
 * is done, but for the only one who receives from it. So if there are none but
 * those of which the caller knows that they are idle, nobody calls the watcher
 * any more.
 *
 * Context: any.
 * Return: the number at some moment before.
 */
static inline unsigned int dipc_queue_refs(const struct dipc_queue *q)
{
	/* pairs with the release in dipc_queue_put() */
	return smp_load_acquire(&q->refs.refs.counter);
}

/**
 * dipc_queue_may_expire() - can anything in a queue be overdue
 * @q: the queue
 *
 * Context: any.
 * Return: whether it has, or has had, a message with a deadline.
 */
static inline bool dipc_queue_may_expire(const struct dipc_queue *q)
{
	/* another one may just make it, without the lock */
	const struct dipc_due *due = READ_ONCE(q->due);

	return unlikely(due) && READ_ONCE(due->has_deadlines);
}

/**
 * dipc_queue_events_init() - nothing is to be done yet
 * @ev: to be collected in
 *
 * Context: any.
 */
static inline void dipc_queue_events_init(struct dipc_queue_events *ev)
{
	ev->readable = false;
	ev->was_empty = false;
	ev->others = 0;
	INIT_LIST_HEAD(&ev->drop);
	INIT_LIST_HEAD(&ev->complete);
}

static inline bool dipc_queue_has_events(const struct dipc_queue_events *ev)
{
	return ev->readable || ev->others;
}

/**
 * dipc_queue_notify() - do what follows from a change
 * @q: the queue, unlocked
 * @ev: what was collected; used up
 *
 * Context: any; in the RCU read section in which the lock was taken.
 */
static inline void dipc_queue_notify(struct dipc_queue *q,
				     struct dipc_queue_events *ev)
{
	if (dipc_queue_has_events(ev))
		dipc_queue_act(q, ev);
}

/**
 * dipc_queue_payload() - bytes of a message that are still to be received
 * @q: the queue it is in, or on loan from
 * @m: the message
 *
 * Context: any.
 * Return: its length, less what was read of it already if it is part of a
 * stream.
 */
static inline u32 dipc_queue_payload(const struct dipc_queue *q,
				     const struct dipc_message *m)
{
	return q->stream ? m->len - m->stream.start : m->len;
}

/**
 * dipc_queue_readable() - is there something to take
 * @q: the queue
 *
 * Without the lock, for poll(); whatever the message.
 *
 * Context: any.
 * Return: whether there are messages, or senders that wait with one.
 */
static inline bool dipc_queue_readable(const struct dipc_queue *q)
{
	/* what is read of a stream is on loan, but not gone */
	if (q->stream)
		return READ_ONCE(q->bytes);
	return READ_ONCE(q->n_messages) || READ_ONCE(q->n_senders);
}

#endif /* _DIPC_QUEUE_H */
