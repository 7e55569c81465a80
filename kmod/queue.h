/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue: the bounded, ordered, waitable store of messages inside every
 * endpoint. Knows neither sockets nor names nor nodes.
 *
 * Lifetime: embedded in a port or a mailbox, counted; what it is embedded in
 * is released by ops->release when the last reference goes. It is closed
 * before that, and holds nothing from then on.
 *
 * Locking: @lock covers everything that is not said to be immutable. It is
 * taken with bottom halves off, because messages may come from the network.
 * Under it come only the locks of the users' table and, before it, room_lock
 * of a watcher. Messages are not copied or freed under it, and nobody is woken
 * or called: what there is to do is collected in a struct dipc_queue_events
 * and done by dipc_queue_notify() after unlocking. From before the lock is
 * taken until after that call the caller is in an RCU read section: it is what
 * keeps the collected tasks and watchers alive. What is done in one hold of
 * the lock is bounded by constants and by the number of users.
 *
 * Invariants, when the lock is free:
 *  - receivers wait only while there are neither messages nor waiting senders;
 *  - a sender waits in @senders because there is no room for its message, or
 *    none for one before it;
 *  - a sender waits in the line of its user's share (share.h) because of that
 *    user's quota, be it for an earlier message; the user has messages queued;
 *  - seq rises along @messages and along the line of each share.
 *
 * A message that a receiver is copying is on loan: it is in no list, and
 * either consumed by dipc_message_put() or put back to its place.
 */
#ifndef _DIPC_QUEUE_H
#define _DIPC_QUEUE_H

#include <linux/list.h>
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
};

struct dipc_queue;

struct dipc_queue_ops {
	/* the last reference is gone; called in any context */
	void (*release)(struct dipc_queue *q);
};

/* A task asleep on a queue; lives on its stack. */
struct dipc_waiter {
	struct list_head	node;		/* receivers only */
	struct task_struct	*task;
	struct dipc_message	*message;	/* what a receiver was given */
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
	void (*readable)(struct dipc_watcher *w, bool was_empty);
	void (*room)(struct dipc_watcher *w);
};

struct dipc_queue {
	spinlock_t		lock;
	refcount_t		refs;
	u8			kind;		/* immutable */
	u8			policy;
	bool			closed;
	int			close_err;	/* immutable, negative errno */
	kuid_t			owner;
	struct list_head	messages;
	struct list_head	senders;	/* messages in line for room */
	struct list_head	receivers;	/* struct dipc_waiter */
	struct list_head	watchers;
	struct list_head	starved;	/* watchers that wait for room */
	struct list_head	shares;
	u32			n_messages;
	u32			n_senders;	/* in all lines */
	u32			n_held_back;	/* of these, in those of shares */
	u32			n_receivers;
	u32			capacity_msgs;
	u64			bytes;
	u64			capacity_bytes;
	u32			msg_max_bytes;
	u64			next_seq;
	u64			dropped;
	u64			id;		/* for views: port number or index */
	struct dipc_stats __percpu *stats;	/* immutable */
	const struct dipc_queue_ops *ops;	/* immutable */
};

#define DIPC_EVENTS_MAX 8

/* What is to be done after unlocking; see dipc_queue_notify(). */
struct dipc_queue_events {
	struct task_struct	*wake[DIPC_EVENTS_MAX];
	unsigned int		n_wake;
	bool			readable;	/* there is something to take */
	bool			was_empty;	/* there was nothing before */
	bool			room;		/* there is room for a message */
	bool			more;		/* admit further senders */
	unsigned int		n_drop;
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
};

/* queue_admit.c: how a message comes in; all with the lock held */
enum dipc_reason dipc_queue_offer_locked(struct dipc_queue *q,
					 struct dipc_message *m,
					 struct dipc_waiter *w,
					 struct dipc_queue_events *ev);
void dipc_queue_admit_locked(struct dipc_queue *q,
			     struct dipc_queue_events *ev);
bool dipc_queue_reconsider_locked(struct dipc_queue *q,
				  struct dipc_queue_events *ev);
bool dipc_queue_would_admit_locked(struct dipc_queue *q, u32 len, kuid_t uid,
				   const struct dipc_user *user);
bool dipc_queue_hand_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_queue_events *ev);
void dipc_queue_unlink_locked(struct dipc_queue *q, struct dipc_message *m);
void dipc_queue_drop_locked(struct dipc_queue *q, struct dipc_message *m,
			    enum dipc_reason reason,
			    struct dipc_queue_events *ev);
struct dipc_message *dipc_queue_first_in_line_locked(struct dipc_queue *q);
struct dipc_waiter *dipc_queue_leave_line_locked(struct dipc_queue *q,
						 struct dipc_message *m);
void dipc_queue_finish_sender_locked(struct dipc_queue *q,
				     struct dipc_message *m,
				     enum dipc_reason reason,
				     struct dipc_queue_events *ev);
void dipc_queue_finish_locked(struct dipc_waiter *w, enum dipc_reason reason,
			      struct dipc_queue_events *ev);

/* queue_life.c: the object, its limits and its end, and what follows a change */
void dipc_queue_conf_default(struct dipc_queue_conf *conf);
int dipc_queue_conf_check(const struct dipc_queue_conf *conf);
void dipc_queue_init(struct dipc_queue *q, enum dipc_queue_kind kind, u64 id,
		     const struct dipc_queue_conf *conf, kuid_t owner,
		     int close_err, struct dipc_stats __percpu *stats,
		     const struct dipc_queue_ops *ops);
bool dipc_queue_get_unless_zero(struct dipc_queue *q);
void dipc_queue_get(struct dipc_queue *q);
void dipc_queue_put(struct dipc_queue *q);
void dipc_queue_configure(struct dipc_queue *q,
			  const struct dipc_queue_conf *conf, kuid_t owner);
void dipc_queue_info(struct dipc_queue *q, struct dipc_queue_info *info);
void dipc_queue_events_init(struct dipc_queue_events *ev);
void dipc_queue_notify(struct dipc_queue *q, struct dipc_queue_events *ev);
u32 dipc_queue_purge(struct dipc_queue *q, enum dipc_reason reason);
void dipc_queue_close(struct dipc_queue *q);

/* queue_take.c: how a message goes out */
struct dipc_message *dipc_queue_take(struct dipc_queue *q,
				     struct dipc_waiter *w, int *err);
struct dipc_message *dipc_queue_peek(struct dipc_queue *q, int *err);
void dipc_queue_put_back(struct dipc_queue *q, struct dipc_message *m);
u32 dipc_queue_first_len(struct dipc_queue *q);

/* queue_wait.c: sleeping on a queue, giving up, and watching it */
void dipc_waiter_init(struct dipc_waiter *w);
int dipc_waiter_done(const struct dipc_waiter *w);
long dipc_waiter_sleep(struct dipc_waiter *w, long timeout);
bool dipc_queue_withdraw_sender(struct dipc_queue *q, struct dipc_message *m,
				struct dipc_waiter *w);
bool dipc_queue_withdraw_receiver(struct dipc_queue *q, struct dipc_waiter *w);
void dipc_watcher_init(struct dipc_watcher *w,
		       void (*readable)(struct dipc_watcher *w, bool was_empty),
		       void (*room)(struct dipc_watcher *w));
void dipc_queue_watch(struct dipc_queue *q, struct dipc_watcher *w);
void dipc_queue_unwatch(struct dipc_queue *q, struct dipc_watcher *w);
bool dipc_queue_watch_room(struct dipc_queue *q, struct dipc_watcher *w,
			   u32 len, kuid_t uid, const struct dipc_user *user);
bool dipc_queue_watch_end(struct dipc_queue *q, struct dipc_watcher *w);
void dipc_queue_unwatch_room(struct dipc_watcher *w);

/**
 * dipc_queue_readable() - is there something to take
 * @q: the queue
 *
 * Without the lock, for poll().
 *
 * Context: any.
 * Return: whether there are messages, or senders that wait with one.
 */
static inline bool dipc_queue_readable(const struct dipc_queue *q)
{
	return READ_ONCE(q->n_messages) || READ_ONCE(q->n_senders);
}

#endif /* _DIPC_QUEUE_H */
