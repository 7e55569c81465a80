/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The message: what users send. The module's own object, not an sk_buff.
 *
 * Lifetime: made by the sender with its payload, then owned by whoever it
 * was handed to, the queue or the receiver; freed by the last
 * dipc_message_put(), or kept by the pool of the socket that sent it. It is
 * shared with a receiver that peeks, a search that keeps its place, and a call.
 * Locking: none of its own. @node, @share_node, @waiter, @share and @seq
 * belong to the queue and are covered by its lock, and so does what changes of
 * a stream's message: @stream.start and @len. The rest does not change once
 * the message is sent.
 * Context: made in process context, freed in any.
 *
 * The layout is meant for many small messages: the header and the first 64
 * bytes of the payload are one object. What is beyond lies in a chain of
 * segments (segment.h). Of a sender who sleeps until it was received it may not
 * be there yet, but in his own pages (borrowed.h); what lies inline always is.
 *
 * Messages of a byte stream have room for more than they hold: bytes are
 * appended to the last one in a queue, and read from the first one in parts.
 */
#ifndef _DIPC_MESSAGE_H
#define _DIPC_MESSAGE_H

#include <linux/list.h>
#include <linux/dipc.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "extra.h"
#include "sender.h"

#define DIPC_INLINE_BYTES	64
#define DIPC_APPEND_MAX		4096	/* copied with a queue locked */

struct dipc_segment;
struct dipc_share;
struct dipc_stats;
struct dipc_waiter;

struct dipc_message {
	struct list_head	node;		/* in one list of a queue */
	union {
		struct list_head share_node;	/* in that of its user's share */
		/* of a byte stream, account->is_stream */
		struct {
			u32	start;		/* bytes that were read already */
			u32	room;		/* how large len may grow */
		} stream;
	};
	union {
		struct dipc_sender *sender;	/* counted */
		struct dipc_kept kept;		/* of one that is in a pool */
	};
	struct dipc_waiter	*waiter;	/* who waits for its verdict */
	struct dipc_share	*share;		/* of its user in the queue */
	u64			seq;		/* its place in queue or line */
	u64			id : 63;	/* unique with sender->port */
	u64			is_call : 1;	/* part of a struct dipc_call */
	u64			tag;		/* the user's own */
	u64			stamp_ns;	/* when it was sent, real time */
	u32			len : 27;	/* payload, bytes */
	u32			priority : 5;	/* 31 is the most urgent */
	refcount_t		refs;
	struct dipc_segment	*segments;	/* payload if not inline */
	struct dipc_extra	*extra;		/* what few messages have */
	u8			data[DIPC_INLINE_BYTES];
};

static_assert(DIPC_MSG_LEN_MAX < 1U << 27);
static_assert(DIPC_PRIORITY_MAX < 1U << 5);

int dipc_message_init_cache(void);
void dipc_message_fini_cache(void);
u64 dipc_message_live(void);

size_t dipc_message_large_truesize(size_t len);
int dipc_message_init(struct dipc_message *m, struct dipc_sender *sender,
		      u64 id, size_t room, const struct dipc_limits *limits);
void dipc_message_fini(struct dipc_message *m);
int dipc_message_init_pair(struct dipc_message *request,
			   struct dipc_message *reply,
			   struct dipc_sender *sender, u64 id, size_t len,
			   size_t reply_max, size_t beside,
			   const struct dipc_limits *limits);
void dipc_message_fini_pair(struct dipc_message *request,
			    struct dipc_message *reply, size_t beside);
struct dipc_message *dipc_message_create(struct dipc_sender *sender, u64 id,
					 size_t len,
					 const struct dipc_limits *limits,
					 int *err);
struct dipc_message *
dipc_message_create_room(struct dipc_sender *sender, u64 id, size_t len,
			 size_t room, const struct dipc_limits *limits,
			 int *err);
struct dipc_message *dipc_message_reuse(struct dipc_sender *sender, size_t len);
struct dipc_extra *dipc_message_extra(struct dipc_message *m);
void dipc_message_free(struct dipc_message *m);

/* payload.c */
int dipc_message_copy_pieces_to(const struct dipc_message *m, size_t offset,
				size_t len, struct iov_iter *to);
bool dipc_message_append(struct dipc_message *tail,
			 const struct dipc_message *m);
void dipc_message_zero(struct dipc_message *m, size_t offset, size_t len);
int dipc_message_copy_pieces_at(struct dipc_message *m, size_t offset,
				size_t len, struct iov_iter *from);
void dipc_message_copy(struct dipc_message *to,
		       const struct dipc_message *from);
struct dipc_borrowed *dipc_message_borrow(struct dipc_message *m,
					  struct dipc_stats __percpu *stats,
					  struct iov_iter *from, size_t len,
					  struct dipc_borrowed **spare);
struct dipc_borrowed *dipc_message_borrowed(const struct dipc_message *m);
void dipc_borrowed_fetch(struct dipc_borrowed *p);
bool dipc_message_fetch(const struct dipc_message *m);

/* What a slab needs for one beyond the object: a free pointer and a cgroup. */
#define DIPC_MESSAGE_TRUESIZE \
	(sizeof(struct dipc_message) + 2 * sizeof(void *))

/**
 * dipc_message_truesize() - memory that a message takes
 * @len: its payload in bytes, or of a stream its room
 *
 * Context: any.
 * Return: bytes of kernel memory, as charged to user and socket; a little
 * more may be, see dipc_chain_truesize().
 */
static inline size_t dipc_message_truesize(size_t len)
{
	if (likely(len <= DIPC_INLINE_BYTES))
		return DIPC_MESSAGE_TRUESIZE;
	return dipc_message_large_truesize(len);
}

/* What frees a message that is part of something larger; set at load. */
extern void (*dipc_message_free_call)(struct dipc_message *m);

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

/**
 * dipc_message_put() - give a message up
 * @m: may be gone afterwards, and what was charged for it given back
 *
 * Context: any, without a queue's lock.
 */
static inline void dipc_message_put(struct dipc_message *m)
{
	/* nearly always the only reference, and none can come: not queued */
	if (refcount_read(&m->refs) == 1 || refcount_dec_and_test(&m->refs))
		dipc_message_free(m);
}

/*
 * One buffer of a user, and a payload that is not longer than what lies inline:
 * that is what most messages are, and then iov_iter's loops cost more than the
 * copy does. Its memory was checked to be the user's when it was imported. Up
 * to 6.3, that of a system call comes as an array of one.
 */
static inline bool dipc_iter_is_simple(const struct iov_iter *iter, size_t end,
				       size_t len)
{
	return (iter_is_ubuf(iter) ||
		(iter_is_iovec(iter) && iter->nr_segs == 1)) &&
	       end <= DIPC_INLINE_BYTES && len <= iter->count;
}

static inline void __user *dipc_iter_take(struct iov_iter *iter, size_t len)
{
	void __user *at = iter_is_ubuf(iter) ? iter->ubuf :
					       iter_iov(iter)->iov_base;

	at += iter->iov_offset;
	iter->iov_offset += len;
	iter->count -= len;
	return at;
}

/**
 * dipc_message_copy_at() - fill a part of a message's payload
 * @m: with room for it
 * @offset: where in the payload to begin
 * @len: how many bytes
 * @from: at least @len bytes of somebody's memory
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT if that memory is bad; part of it may have been
 * written then.
 */
static inline int dipc_message_copy_at(struct dipc_message *m, size_t offset,
				       size_t len, struct iov_iter *from)
{
	if (likely(dipc_iter_is_simple(from, offset + len, len)))
		return _copy_from_user(m->data + offset,
				       dipc_iter_take(from, len), len) ?
		       -EFAULT : 0;
	return dipc_message_copy_pieces_at(m, offset, len, from);
}

/**
 * dipc_message_copy_from() - fill a message with its payload
 * @m: just made
 * @from: at least m->len bytes of the sender's memory
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT if the sender's memory is bad.
 */
static inline int dipc_message_copy_from(struct dipc_message *m,
					 struct iov_iter *from)
{
	return dipc_message_copy_at(m, 0, m->len, from);
}

/**
 * dipc_message_copy_to() - give a message's payload to a receiver
 * @m: the message; is not changed
 * @offset: where in the payload to begin
 * @len: how many bytes of it; no more than there are from @offset on
 * @to: room for at least @len bytes in the receiver's memory
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT if the receiver's memory is bad; part of it may have
 * been written then.
 */
static inline int dipc_message_copy_to(const struct dipc_message *m,
				       size_t offset, size_t len,
				       struct iov_iter *to)
{
	if (likely(dipc_iter_is_simple(to, offset + len, len)))
		return _copy_to_user(dipc_iter_take(to, len), m->data + offset,
				     len) ? -EFAULT : 0;
	return dipc_message_copy_pieces_to(m, offset, len, to);
}

#endif /* _DIPC_MESSAGE_H */
