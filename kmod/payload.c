// SPDX-License-Identifier: GPL-2.0
/*
 * The payload of a message: filled, read, and copied from one to another; see
 * message.h.
 */
#include <linux/sched.h>

#include "message.h"
#include "segment.h"

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
