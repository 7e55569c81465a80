// SPDX-License-Identifier: GPL-2.0
/*
 * The payload of a message: filled, read, and copied from one to another; see
 * message.h.
 */
#include <linux/sched.h>

#include "message.h"
#include "borrowed.h"
#include "segment.h"
#include "stats.h"

#define COPY_STEP	SZ_1M	/* from message to message at once */

/*
 * A place in a payload, and how much lies there in one piece. Nothing is copied
 * but by this number: what the checks of copy_to_iter() would find out of the
 * allocator at every copy (a tenth of a small message) is known here.
 */
struct place {
	const struct dipc_segment *next;
	void			*data;
	size_t			bytes;
};

static void next_piece(struct place *at)
{
	at->data = dipc_segment_data(at->next);
	at->bytes = at->next->bytes;
	at->next = at->next->next;
}

/* @offset is where there is a byte, or room for one. */
static struct place place_of(const struct dipc_message *m, size_t offset)
{
	struct place at = { m->segments, (void *)m->data, DIPC_INLINE_BYTES };

	while (offset >= at.bytes) {
		offset -= at.bytes;
		next_piece(&at);
	}
	at.data += offset;
	at.bytes -= offset;
	return at;
}

/**
 * dipc_message_copy_pieces_at() - see dipc_message_copy_at()
 * @m: with room for it
 * @offset: where in the payload to begin
 * @len: how many bytes
 * @from: at least @len bytes of somebody's memory
 *
 * Context: process; may sleep.
 * Return: 0 or -EFAULT.
 */
int dipc_message_copy_pieces_at(struct dipc_message *m, size_t offset,
				size_t len, struct iov_iter *from)
{
	struct place at;
	size_t part;

	if (!len)
		return 0;
	for (at = place_of(m, offset);; next_piece(&at)) {
		part = min(len, at.bytes);
		if (_copy_from_iter(at.data, part, from) != part)
			return -EFAULT;
		len -= part;
		if (!len)
			return 0;
		cond_resched();
	}
}

/**
 * dipc_message_zero() - fill a part of a message's payload with 0
 * @m: with room for it
 * @offset: where in the payload to begin
 * @len: how many bytes
 *
 * Context: process; may sleep.
 */
void dipc_message_zero(struct dipc_message *m, size_t offset, size_t len)
{
	struct place at;
	size_t part;

	if (!len)
		return;
	for (at = place_of(m, offset);; next_piece(&at)) {
		part = min(len, at.bytes);
		memset(at.data, 0, part);
		len -= part;
		if (!len)
			return;
		cond_resched();
	}
}

/* Copy between two places until as much is done. */
static void copy_pieces(struct place to, struct place from, size_t len)
{
	size_t part;

	for (;;) {
		part = min3(len, from.bytes, to.bytes);
		memcpy(to.data, from.data, part);
		len -= part;
		if (!len)
			return;
		from.data += part;
		from.bytes -= part;
		if (!from.bytes)
			next_piece(&from);
		to.data += part;
		to.bytes -= part;
		if (!to.bytes)
			next_piece(&to);
	}
}

/**
 * dipc_message_copy() - fill a message with the payload of another one
 * @to: with room for it; gets its length
 * @from: the other one
 *
 * Context: process; may sleep.
 */
void dipc_message_copy(struct dipc_message *to, const struct dipc_message *from)
{
	size_t at, part;

	to->len = from->len;
	for (at = 0; at < from->len; at += part) {
		part = min_t(size_t, from->len - at, COPY_STEP);
		copy_pieces(place_of(to, at), place_of(from, at), part);
		cond_resched();
	}
}

/* Copy from what the kernel has. */
static int copy_to(const struct dipc_message *m, size_t offset, size_t len,
		   struct iov_iter *to)
{
	struct place at;
	size_t part;

	if (!len)
		return 0;
	for (at = place_of(m, offset);; next_piece(&at)) {
		part = min(len, at.bytes);
		if (_copy_to_iter(at.data, part, to) != part)
			return -EFAULT;
		len -= part;
		if (!len)
			return 0;
		cond_resched();
	}
}

/*
 * Straight from the sender's pages to the receiver's. If they are given up
 * meanwhile, so is the message: who has it finds that out when he has copied
 * it, and what he was to get does not matter.
 */
static noinline int copy_borrowed_to(const struct dipc_message *m,
				     struct dipc_borrowed *p, size_t offset,
				     size_t len, struct iov_iter *to)
{
	size_t part = offset < DIPC_INLINE_BYTES ?
		      min(len, DIPC_INLINE_BYTES - offset) : 0;
	int err = copy_to(m, offset, part, to);
	ssize_t copied;

	/* under a lock nothing is copied to pipes and the kernel's memory */
	if (!err && part < len && !user_backed_iter(to))
		dipc_message_fetch(m);
	while (!err && part < len) {
		copied = dipc_borrowed_copy_to(p, offset + part -
						  DIPC_INLINE_BYTES,
					       len - part, to);
		if (copied == -ENODATA)
			break;
		if (copied > 0)
			part += copied;
		else if (copied < 0)
			err = copied;
		else
			dipc_message_fetch(m);
	}
	if (err || part == len)
		return err;
	if (dipc_borrowed_state(p) == DIPC_BORROWED_FETCHED)
		return copy_to(m, offset + part, len - part, to);
	if (user_backed_iter(to)) {
		iov_iter_advance(to, len - part);
		return 0;
	}
	/* a pipe goes no further than it was filled */
	return iov_iter_zero(len - part, to) == len - part ? 0 : -EFAULT;
}

/**
 * dipc_message_borrowed() - what of a message is borrowed
 * @m: the message
 *
 * Context: any.
 * Return: its borrowed part, which may have been fetched by now; or NULL.
 */
struct dipc_borrowed *dipc_message_borrowed(const struct dipc_message *m)
{
	return m->extra ? m->extra->borrowed : NULL;
}

/**
 * dipc_message_copy_pieces_to() - see dipc_message_copy_to()
 * @m: the message; is not changed
 * @offset: where in the payload to begin
 * @len: how many bytes of it
 * @to: room for at least @len bytes in the receiver's memory
 *
 * Context: process; may sleep.
 * Return: 0 or -EFAULT.
 */
int dipc_message_copy_pieces_to(const struct dipc_message *m, size_t offset,
				size_t len, struct iov_iter *to)
{
	struct dipc_borrowed *p = dipc_message_borrowed(m);

	if (unlikely(p) && dipc_borrowed_state(p) != DIPC_BORROWED_FETCHED)
		return copy_borrowed_to(m, p, offset, len, to);
	return copy_to(m, offset, len, to);
}

/**
 * dipc_message_borrow() - fill a message, but leave most of it where it is
 * @m: empty, with room for it; nobody else has it yet
 * @stats: of its namespace
 * @from: at least @len bytes of the sender's memory
 * @len: how many; at least DIPC_BORROWED_MIN
 * @spare: where the sender's socket keeps memory for that
 *
 * Before he returns to user space, the sender is to call dipc_borrowed_end() if
 * nobody is to receive it who has not by then, or else dipc_borrowed_fetch();
 * and dipc_borrowed_release().
 *
 * Context: process; may sleep.
 * Return: what is borrowed, with a reference for the sender; or NULL, and then
 * it is as if this had not been called.
 */
struct dipc_borrowed *dipc_message_borrow(struct dipc_message *m,
					  struct dipc_stats __percpu *stats,
					  struct iov_iter *from, size_t len,
					  struct dipc_borrowed **spare)
{
	const struct iov_iter start = *from;
	struct dipc_borrowed *p;

	/* it brings one along */
	if (unlikely(m->extra))
		return NULL;
	p = dipc_borrowed_create(from, DIPC_INLINE_BYTES,
				 len - DIPC_INLINE_BYTES, spare);
	if (!p)
		return NULL;
	if (dipc_message_copy_pieces_at(m, 0, DIPC_INLINE_BYTES, from)) {
		dipc_borrowed_end(p);
		dipc_borrowed_release(p, spare);
		*from = start;
		return NULL;
	}
	iov_iter_advance(from, len - DIPC_INLINE_BYTES);
	p->message = m;
	m->extra = &dipc_borrowed_get(p)->extra;
	dipc_stats_count(stats, DIPC_REASON_BORROWED);
	return p;
}

/* Copy the next piece to the message; the lock is held. */
static void fetch_some_locked(struct dipc_borrowed *p)
{
	struct dipc_segment *s = p->segment ?: p->message->segments;
	size_t part, len = min_t(size_t, p->bytes - p->fetched,
				 DIPC_BORROWED_STEP);

	for (; len; len -= part) {
		part = min_t(size_t, len, s->bytes - p->filled);
		dipc_borrowed_read_locked(p, p->fetched,
					  dipc_segment_data(s) + p->filled,
					  part);
		p->fetched += part;
		p->filled += part;
		if (p->filled == s->bytes) {
			s = s->next;
			p->filled = 0;
		}
	}
	p->segment = s;
	if (p->fetched == p->bytes)
		dipc_borrowed_leave_locked(p, DIPC_BORROWED_FETCHED);
}

/**
 * dipc_borrowed_fetch() - copy what is borrowed to the message it is part of
 * @p: borrowed; whether its message is still there need not be known
 *
 * From here on its sender may do with the pages what he likes. Several may do
 * this at the same time.
 *
 * Context: process; may sleep.
 */
void dipc_borrowed_fetch(struct dipc_borrowed *p)
{
	while (dipc_borrowed_state(p) == DIPC_BORROWED_HERE) {
		spin_lock_bh(&p->lock);
		if (p->state == DIPC_BORROWED_HERE)
			fetch_some_locked(p);
		spin_unlock_bh(&p->lock);
		cond_resched();
	}
}

/**
 * dipc_message_fetch() - have all of a message in the kernel
 * @m: of which the caller has a reference, borrowed or not
 *
 * To be called by whoever looks at a message without being the only one who
 * ever does: what was seen of it must not change any more.
 *
 * Context: process; may sleep.
 * Return: false if it is too late for that: the message was received or
 * withdrawn meanwhile.
 */
bool dipc_message_fetch(const struct dipc_message *m)
{
	struct dipc_borrowed *p = dipc_message_borrowed(m);

	if (likely(!p))
		return true;
	dipc_borrowed_fetch(p);
	return dipc_borrowed_state(p) == DIPC_BORROWED_FETCHED;
}

static bool can_append(const struct dipc_message *tail,
		       const struct dipc_message *m)
{
	return tail->sender == m->sender &&
	       m->len <= DIPC_APPEND_MAX &&
	       m->len <= tail->stream.room - tail->len &&
	       !(tail->extra && tail->extra->files) &&
	       !(m->extra && m->extra->files) &&
	       refcount_read(&tail->refs) == 1;
}

/**
 * dipc_message_append() - put a message's bytes behind those of another one
 * @tail: of a stream, the last one in a queue whose lock the caller holds
 * @m: to come next in that stream; is not changed
 *
 * Context: any; does not sleep, and copies no more than DIPC_APPEND_MAX bytes.
 * Return: whether that was done, and @m is not needed any more. It is not
 * done if they are of different senders, if one of them has descriptors, if
 * somebody looks at @tail, or if there is no room.
 */
bool dipc_message_append(struct dipc_message *tail,
			 const struct dipc_message *m)
{
	if (!can_append(tail, m))
		return false;
	if (!m->len)
		return true;
	copy_pieces(place_of(tail, tail->len), place_of(m, 0), m->len);
	tail->len += m->len;
	return true;
}
