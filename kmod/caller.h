/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caller: what calls a socket has outstanding, and those that have ended
 * and whose outcome was not read yet. Beyond that it keeps time for those that
 * nobody sleeps for.
 *
 * A synchronous call belongs to the task that sleeps for it, which adds and
 * removes it: it is here to be seen. Mostly it is the only one of its socket
 * then, and only its address is in @sync, without the lock; who looks marks it
 * there while he gets a reference, and who removes it waits for that. An
 * asynchronous one belongs to the caller, which has a reference to it from
 * dipc_caller_add() on, until it is removed: read, cancelled or forgotten, or
 * because the socket is closed. Whoever removes it, under the lock, gives that
 * reference up; all others find that it is gone, and need a reference of their
 * own to look. The stages of an asynchronous call, under the lock (@stage of
 * struct dipc_call):
 *
 *	OUTSTANDING --finished()--> ENDED --take()--> TAKEN --claim()--> CLAIMED
 *	     ^                        ^                 | |                | |
 *	     |                      timer               | |                | |
 *	     |                        '-- DELAYED <--delay()               | |
 *	     '------------ (another one) <----- replace()                  | |
 *	                      ENDED <---------- put_back() ----------------' |
 *	                      gone <----------- consume() -------------------'
 *
 * It can be cancelled until it is claimed: then its end is being told.
 *
 * Lifetime: made with the first call of a socket, in the table of its
 * namespace until it is closed; counted by the socket and by who walks the
 * table; freed after a grace period. A call does not count it: when it is
 * closed all calls are removed and done, and who ends a call tells the caller
 * in the RCU read section in which the call became done.
 * Locking: a spinlock (_bh) for trees, list and timer. The lock of a call is
 * never held together with it, nobody is told or woken under it, and no call
 * ends under it.
 * Context: made, closed and read in process context; calls end in any.
 */
#ifndef _DIPC_CALLER_H
#define _DIPC_CALLER_H

#include <linux/hrtimer.h>
#include <linux/rbtree.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "call.h"

#define DIPC_CALLER_BATCH	16	/* calls for one hold of the lock */

/* In @sync: who looks at that call is getting a reference, with the lock. */
#define DIPC_CALLER_LOOKED_AT	1UL
/* The call that is there, whichever it is; those of others are larger. */
#define DIPC_CALLER_SYNC_SERIAL	1

struct dipc_caller_table {
	struct xarray		walk;		/* of struct dipc_caller */
	u32			next_index;
};

/* Where an asynchronous call is, see above. */
enum dipc_stage {
	DIPC_STAGE_OUTSTANDING = 0,
	DIPC_STAGE_ENDED,		/* in @done, to be read */
	DIPC_STAGE_TAKEN,		/* off @done: somebody looks at it */
	DIPC_STAGE_CLAIMED,		/* and tells its end */
	DIPC_STAGE_DELAYED,		/* is to be sent again some time later */
};

struct dipc_caller {
	spinlock_t		lock;
	refcount_t		refs;
	u32			index;		/* immutable; in the table */
	u32			n_async;	/* in @by_cookie */
	bool			is_async;	/* there was one at least */
	unsigned long		sync;		/* of a call, or 0; and: */
	u64			last_serial;
	struct rb_root		all;		/* the others, by serial */
	struct rb_root		by_cookie;	/* of these, the asynchronous */
	struct list_head	done;		/* of these, those to be read */
	struct timerqueue_head	deadlines;
	struct hrtimer		timer;		/* for the first of these */
	wait_queue_head_t	wait;		/* see dipc_caller_wait() */
	void (*ready)(void *socket);		/* immutable */
	void __rcu		*socket;	/* NULL when it is closed */
	struct rcu_head		rcu;
};

/* A walk through the table; zeroed at first. */
struct dipc_caller_walk {
	unsigned long		index;		/* of the caller */
	unsigned long		index_end;	/* where it ends */
	u64			serial;		/* behind this one of its calls */
	u64			serial_end;	/* up to this one */
};

/* One call as it is seen; see dipc_caller_walk_next(). */
struct dipc_call_info {
	u64			serial;
	u64			id;
	u64			cookie;
	u64			client_port;
	u64			server_port;	/* of who took it; 0: nobody */
	struct dipc_queue	*queue;		/* counted; NULL: not sent yet */
	struct sockaddr_dipc	dest;		/* of one to be repeated, or 0 */
	struct pid		*client;	/* counted; thread group */
	struct pid		*server;	/* counted; or NULL */
	pid_t			client_tid;	/* in the first pid namespace */
	pid_t			server_tid;
	kuid_t			client_uid;
	u32			attempt;
	u32			len;		/* of the request, bytes */
	u32			reply_max;
	u8			state;		/* enum dipc_call_state */
	u8			semantics;
	bool			is_async;
	unsigned long		since;		/* jiffies */
	ktime_t			due;		/* KTIME_MAX: none */
};

void dipc_caller_table_init(struct dipc_caller_table *table);
void dipc_caller_table_fini(struct dipc_caller_table *table);

/* caller_life.c: how they come, what makes them end, and the end of it all */
struct dipc_caller *dipc_caller_create(struct dipc_caller_table *table,
				       void *socket,
				       void (*ready)(void *socket));
void dipc_caller_close(struct dipc_caller *c, struct dipc_caller_table *table);
void dipc_caller_put(struct dipc_caller *c);

void dipc_caller_add_one_more(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_remove_one(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_replace_sync(struct dipc_caller *c, struct dipc_call *old,
			      struct dipc_call *fresh);

int dipc_caller_add(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_start(struct dipc_caller *c, struct dipc_call *call);
int dipc_caller_cancel(struct dipc_caller *c, u64 cookie);
bool dipc_caller_replace(struct dipc_caller *c, struct dipc_call *old,
			 struct dipc_call *fresh);
void dipc_caller_delay(struct dipc_caller *c, struct dipc_call *call,
		       u64 delay_ns);

/* caller_done.c: those that have ended are read; _locked: the lock is held */
struct dipc_call *dipc_caller_find_locked(struct dipc_caller *c, u64 cookie);
void dipc_caller_clear_timer_locked(struct dipc_caller *c,
				    struct dipc_call *call);
void dipc_caller_remove_locked(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_tell_ready(struct dipc_caller *c, u64 cookie);
void dipc_caller_tell_gone(struct dipc_caller *c, u64 cookie, bool was_last);

bool dipc_caller_forget(struct dipc_caller *c, struct dipc_call *call);
struct dipc_call *dipc_caller_take(struct dipc_caller *c, bool any, u64 cookie,
				   int *err);
struct dipc_call *dipc_caller_wait(struct dipc_caller *c, bool any, u64 cookie,
				   long *timeout, int *err);
bool dipc_caller_claim(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_put_back(struct dipc_caller *c, struct dipc_call *call);
void dipc_caller_consume(struct dipc_caller *c, struct dipc_call *call);
bool dipc_caller_pending(const struct dipc_caller *c);
bool dipc_caller_is_async(const struct dipc_caller *c);

/* caller_view.c: what can be seen of them */
unsigned int dipc_caller_walk_next(struct dipc_caller_table *table,
				   struct dipc_caller_walk *walk,
				   struct dipc_call_info *info,
				   unsigned int max);
void dipc_call_info_put(struct dipc_call_info *info);

/* Or else it was removed: by another thread, or because of the end. */
static inline bool dipc_caller_has_locked(const struct dipc_caller *c,
					  const struct dipc_call *call)
{
	lockdep_assert_held(&c->lock);
	return !RB_EMPTY_NODE(&call->node);
}

/**
 * dipc_caller_add_sync() - a task makes a call, and sleeps until it ends
 * @c: the socket's
 * @call: prepared; its owner removes it with dipc_caller_remove_sync() before
 *	he gives up his reference
 *
 * Context: process.
 */
static inline void dipc_caller_add_sync(struct dipc_caller *c,
					struct dipc_call *call)
{
	call->serial = DIPC_CALLER_SYNC_SERIAL;
	/* what is to be seen of it is there before */
	if (cmpxchg(&c->sync, 0, (unsigned long)call))
		dipc_caller_add_one_more(c, call);
}

/**
 * dipc_caller_remove_sync() - a call is over, or was not sent
 * @c: the socket's
 * @call: added by dipc_caller_add_sync()
 *
 * Context: process.
 */
static inline void dipc_caller_remove_sync(struct dipc_caller *c,
					   struct dipc_call *call)
{
	if (cmpxchg(&c->sync, (unsigned long)call, 0) != (unsigned long)call)
		dipc_caller_remove_one(c, call);
}

#endif /* _DIPC_CALLER_H */
