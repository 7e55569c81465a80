/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The message: what users send. The module's own object, not an sk_buff.
 *
 * Lifetime: made by the sender with its payload, then owned by whoever it
 * was handed to, the queue or the receiver; freed by the last
 * dipc_message_put(). Only a receiver that peeks shares it.
 * Locking: none of its own. @node, @share_node, @waiter, @share and @seq
 * belong to the queue and are covered by its lock; the rest does not change
 * once the message is sent.
 * Context: made in process context, freed in any.
 *
 * The layout is meant for many small messages: header and payload of up to
 * 64 bytes are one object. What is longer lies in a chain of segments, none
 * larger than a page.
 */
#ifndef _DIPC_MESSAGE_H
#define _DIPC_MESSAGE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uio.h>

#include "sender.h"

#define DIPC_INLINE_BYTES 64

struct dipc_segment;
struct dipc_share;
struct dipc_waiter;

struct dipc_message {
	struct list_head	node;		/* in one list of a queue */
	struct list_head	share_node;	/* in that of its user's share */
	struct dipc_sender	*sender;	/* counted */
	struct dipc_waiter	*waiter;	/* who sleeps until it is in */
	struct dipc_share	*share;		/* of its user in the queue */
	u64			seq;		/* its place in queue or line */
	u64			id;		/* unique with sender->port */
	u32			len;		/* payload, bytes */
	refcount_t		refs;
	struct dipc_segment	*segments;	/* payload if not inline */
	u8			data[DIPC_INLINE_BYTES];
};

int dipc_message_init_cache(void);
void dipc_message_fini_cache(void);
u64 dipc_message_live(void);

size_t dipc_message_truesize(size_t len);
struct dipc_message *dipc_message_create(struct dipc_sender *sender, u64 id,
					 size_t len,
					 const struct dipc_limits *limits,
					 int *err);
int dipc_message_copy_from(struct dipc_message *m, struct iov_iter *from);
int dipc_message_copy_to(const struct dipc_message *m, size_t len,
			 struct iov_iter *to);
void dipc_message_put(struct dipc_message *m);

/**
 * dipc_message_get() - share a message that is in a queue
 * @m: in a queue whose lock the caller holds
 *
 * Context: any.
 */
static inline void dipc_message_get(struct dipc_message *m)
{
	refcount_inc(&m->refs);
}

#endif /* _DIPC_MESSAGE_H */
