/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asynchronous sends, and the error queue on which a socket finds what became
 * of them.
 *
 * struct dipc_async: one send that has returned before its message was where
 * its mode wants it. It stands for the sleeping task in the queue: see struct
 * dipc_waiter. struct dipc_errqueue: all of a socket, outstanding and done.
 *
 * Lifetime: the error queue is made with the first asynchronous send of a
 * socket, counted by the socket and by each send. A send has one reference,
 * which is given back by who reads the completion, or, when the socket is
 * closed, by who withdraws it or completes it after that.
 * Locking: the error queue has a spinlock (_bh), a leaf, for its lists and
 * numbers. It is never held together with the lock of a queue.
 * Context: made, read and closed in process context; completed in any.
 */
#ifndef _DIPC_ASYNC_H
#define _DIPC_ASYNC_H

#include "queue.h"

struct dipc_errqueue;

struct dipc_async {
	struct dipc_waiter	waiter;
	struct list_head	node;		/* in the error queue */
	refcount_t		refs;
	struct dipc_errqueue	*errqueue;	/* counted */
	struct dipc_queue	*queue;		/* counted */
	struct dipc_user	*user;		/* counted; charged for it */
	struct dipc_message	*message;	/* until waiter.done */
	u32			len;		/* payload, bytes */
	struct dipc_completion	completion;
};

struct dipc_errqueue *dipc_errqueue_create(void *socket,
					   void (*ready)(void *socket));
void dipc_errqueue_close(struct dipc_errqueue *eq);
bool dipc_errqueue_peek(struct dipc_errqueue *eq,
			struct dipc_completion *completion);
struct dipc_async *dipc_errqueue_take(struct dipc_errqueue *eq);
void dipc_errqueue_put_back(struct dipc_errqueue *eq,
			    struct dipc_async *async);
void dipc_errqueue_consume(struct dipc_errqueue *eq,
			   struct dipc_async *async);
bool dipc_errqueue_pending(const struct dipc_errqueue *eq);

struct dipc_async *dipc_async_create(struct dipc_errqueue *eq,
				     struct dipc_queue *queue,
				     struct dipc_user *user,
				     const struct dipc_limits *limits,
				     int *err);
void dipc_async_start(struct dipc_async *async, struct dipc_message *m);
void dipc_async_done(struct dipc_async *async, enum dipc_reason reason);
void dipc_async_cancel(struct dipc_async *async);

#endif /* _DIPC_ASYNC_H */
