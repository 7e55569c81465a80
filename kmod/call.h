/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call: one request that awaits its reply.
 *
 * The request is a message like any other, and the call is that message: it
 * begins with it, so that a queue carries both as one. What becomes of the
 * request in the queue comes back to the call as the verdict of its waiter.
 *
 *	NEW --begin()--> SENT --take()--> TAKEN --end()--> DONE
 *	                  ^ \________________________________^
 *	                  |      verdict, give_up()
 *	                  +--- begin() again: forwarded --- TAKEN
 *
 * Exactly one of those who may end a call does, and says how: who holds the
 * handle by a reply or by dropping it, the queue by its verdict, the client by
 * giving up. The others find it done, and what they bring is discarded.
 *
 * Lifetime: counted by the references of the request: the client has one, the
 * queue (or the receiver it is on loan to) one, and its verdict one until it
 * is known; that it was taken is known to who has taken it, and the handle
 * that it is held by has that reference then. Freed by the last
 * dipc_call_put(), which is dipc_message_put().
 * Locking: @lock, a leaf (_bh), covers what is said to be under it. Nobody is
 * told or woken under it.
 * Context: made and prepared in process context, ended in any.
 */
#ifndef _DIPC_CALL_H
#define _DIPC_CALL_H

#include <linux/ktime.h>
#include <linux/rbtree.h>
#include <linux/timerqueue.h>

#include "handle.h"
#include "queue.h"

enum dipc_call_state {
	DIPC_CALL_NEW = 0,
	DIPC_CALL_SENT = 1,		/* in a queue, or in line for it */
	DIPC_CALL_TAKEN = 2,		/* by who holds its handle */
	DIPC_CALL_DONE = 3,
};

struct dipc_caller;

struct dipc_call {
	struct dipc_message	request;	/* must be first */
	struct dipc_message	reply;		/* room for it; in no queue */
	struct dipc_waiter	waiter;		/* of the request */
	spinlock_t		lock;
	u8			state;		/* under @lock, released */
	u8			semantics;	/* immutable once it is sent */
	u8			hops;		/* how often it was forwarded */
	u8			pauses;		/* before it was sent again */
	bool			paused;		/* asynchronous, and is now to be */
	bool			is_last;	/* it is not sent again */
	u32			turn;		/* under @lock: of being sent */
	bool			sending;	/* the same: just now */
	bool			was_taken;	/* by whoever, at any time */
	bool			is_consumed;	/* whole; set when it is held */
	u32			reply_max;	/* bytes; immutable */
	u32			attempt;	/* from 1; immutable */
	enum dipc_reason	reason;		/* final when it is done */
	/* counted; under @lock: where the request went to */
	struct dipc_queue	*queue;
	struct dipc_handles	*holder;	/* under @lock: while TAKEN */
	u64			handle;		/* of that */
	u64			server_port;	/* of who took it, under @lock */
	struct pid		*server;	/* counted; who took it last */
	pid_t			server_tid;	/* in the first pid namespace */
	pid_t			client_tid;	/* the same; immutable */
	kuid_t			replier_uid;	/* final when it is done */
	kgid_t			replier_gid;
	struct task_struct	*task;		/* under @lock: who sleeps */
	void (*done)(struct dipc_call *call);	/* or this is called; immutable */
	ktime_t			due;		/* its deadline, or KTIME_MAX */
	unsigned long		since;		/* jiffies: of the last change */

	/* caller.h: in what the socket has outstanding */
	struct dipc_caller	*caller;
	u64			serial;		/* of this socket; for walks */
	u64			cookie;
	struct rb_node		node;
	struct rb_node		by_cookie;
	struct list_head	done_node;
	struct timerqueue_node	timer;
	u8			stage;		/* enum dipc_stage */
	u64			try_ns;
	struct sockaddr_dipc	*dest;		/* owned; of one to be repeated */
};

static inline struct dipc_call *dipc_call_of(struct dipc_message *m)
{
	return container_of(m, struct dipc_call, request);
}

static inline bool dipc_call_is_done(const struct dipc_call *call)
{
	/* pairs with the release in call.c: what is final can be read */
	return smp_load_acquire(&call->state) == DIPC_CALL_DONE;
}

static inline void dipc_call_put(struct dipc_call *call)
{
	dipc_message_put(&call->request);
}

int dipc_call_init_cache(void);
void dipc_call_fini_cache(void);

struct dipc_call *dipc_call_create(struct dipc_call *spare,
				   struct dipc_sender *sender, u64 id,
				   size_t len, size_t reply_max,
				   const struct dipc_limits *limits, int *err);
bool dipc_call_strip(struct dipc_call *call);
void dipc_call_free(struct dipc_call *call);
u32 dipc_call_begin(struct dipc_call *call, struct dipc_queue *queue);
void dipc_call_accepted(struct dipc_call *call, u32 turn);
bool dipc_call_refused(struct dipc_call *call, struct dipc_handles *holder,
		       u64 handle);
bool dipc_call_take(struct dipc_call *call, struct dipc_handles *holder,
		    u64 handle, u64 port);
bool dipc_call_end(struct dipc_call *call, enum dipc_reason reason);
bool dipc_call_give_up(struct dipc_call *call, enum dipc_reason reason,
		       bool *withdrawn);
void dipc_call_abandon(struct dipc_call *call, enum dipc_reason reason);
int dipc_call_errno(const struct dipc_call *call);
bool dipc_call_repeats(const struct dipc_call *call);
void dipc_call_outcome(const struct dipc_call *call,
		       struct dipc_outcome *outcome);

/**
 * dipc_call_is_gone() - has a try ended because nobody answers it
 * @err: as dipc_call_errno() returned it
 *
 * Context: any.
 * Return: whether another one may go better.
 */
static inline bool dipc_call_is_gone(int err)
{
	return err == -ECONNREFUSED || err == -ECONNRESET ||
	       err == -ETIMEDOUT;
}

/**
 * dipc_call_may_come_back() - may the next try go better, once one was sent
 * @err: how one has ended, or could not be sent
 *
 * Context: any.
 * Return: whether it may: what has gone well once may do so again.
 */
static inline bool dipc_call_may_come_back(int err)
{
	return dipc_call_is_gone(err) || err == -ENOENT || err == -ENOBUFS ||
	       err == -ENOMEM || err == -EAGAIN;
}

#endif /* _DIPC_CALL_H */
