// SPDX-License-Identifier: GPL-2.0
/*
 * Making, filling, reading and freeing messages, and charging them to their
 * user and their socket. Knows nothing of queues.
 */
#include <linux/percpu_counter.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "message.h"

struct dipc_segment {
	struct dipc_segment	*next;
	u8			data[];
};

#define SEGMENT_BYTES (PAGE_SIZE - sizeof(struct dipc_segment))

/*
 * Messages outlive who sent them, so that killing somebody for their memory
 * gives none of it back: at the limit of a cgroup, or of the machine, the
 * send fails instead.
 */
#define MESSAGE_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct kmem_cache *message_cache;
static struct percpu_counter live;

/*
 * A slab with a constructor is not zeroed at each allocation. Everything in
 * a message is written before it is read: the header by create(), and of the
 * payload no byte beyond len is ever copied out.
 */
static void construct(void *object)
{
	struct dipc_message *m = object;

	INIT_LIST_HEAD(&m->node);
	INIT_LIST_HEAD(&m->share_node);
}

/**
 * dipc_message_init_cache() - prepare for messages to be made
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_message_init_cache(void)
{
	int err;

	err = percpu_counter_init(&live, 0, GFP_KERNEL);
	if (err)
		return err;
	/* hardened usercopy: only the payload may be copied to and from */
	message_cache = kmem_cache_create_usercopy("dipc_message",
				sizeof(struct dipc_message), 0, SLAB_ACCOUNT,
				offsetof(struct dipc_message, data),
				sizeof_field(struct dipc_message, data),
				construct);
	if (!message_cache) {
		percpu_counter_destroy(&live);
		return -ENOMEM;
	}
	return 0;
}

/**
 * dipc_message_fini_cache() - undo dipc_message_init_cache()
 *
 * Context: process, when no message is left.
 */
void dipc_message_fini_cache(void)
{
	WARN_ON_ONCE(percpu_counter_sum(&live));
	kmem_cache_destroy(message_cache);
	percpu_counter_destroy(&live);
}

/**
 * dipc_message_live() - how many messages exist in the machine
 *
 * Context: any.
 * Return: their number, exact when nothing is being sent.
 */
u64 dipc_message_live(void)
{
	return percpu_counter_sum_positive(&live);
}

/**
 * dipc_message_truesize() - memory that a message takes
 * @len: its payload in bytes
 *
 * Context: any.
 * Return: bytes of kernel memory, as charged to user and socket.
 */
size_t dipc_message_truesize(size_t len)
{
	size_t size = sizeof(struct dipc_message);
	size_t rest = len % SEGMENT_BYTES;

	if (len <= DIPC_INLINE_BYTES)
		return size;
	size += len / SEGMENT_BYTES * PAGE_SIZE;
	/* what kmalloc() really gives */
	if (rest)
		size += kmalloc_size_roundup(sizeof(struct dipc_segment) + rest);
	return size;
}

static void free_segments(struct dipc_segment *segment)
{
	while (segment) {
		struct dipc_segment *next = segment->next;

		kfree(segment);
		segment = next;
	}
}

static int alloc_segments(struct dipc_message *m, size_t len)
{
	struct dipc_segment **tail = &m->segments;

	while (len) {
		size_t part = min_t(size_t, len, SEGMENT_BYTES);
		struct dipc_segment *segment;

		segment = kmalloc(struct_size(segment, data, part),
				  MESSAGE_GFP);
		if (!segment)
			return -ENOMEM;
		segment->next = NULL;
		*tail = segment;
		tail = &segment->next;
		len -= part;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * dipc_message_create() - make a message of a given length
 * @sender: who sends it; a reference is taken
 * @id: the socket's number for it
 * @len: payload in bytes, to be filled by dipc_message_copy_from()
 * @limits: the user limits in force
 * @err: set if there is no message: -ENOBUFS if the user's limit is reached,
 *	-ENOMEM without memory, -EINTR if the task is being killed
 *
 * Context: process; may sleep.
 * Return: the message with one reference, or NULL.
 */
struct dipc_message *dipc_message_create(struct dipc_sender *sender, u64 id,
					 size_t len,
					 const struct dipc_limits *limits,
					 int *err)
{
	size_t truesize = dipc_message_truesize(len);
	struct dipc_message *m;

	if (!dipc_user_charge(sender->user, DIPC_RES_BYTES, truesize, limits)) {
		*err = -ENOBUFS;
		return NULL;
	}
	m = kmem_cache_alloc(message_cache, MESSAGE_GFP);
	if (!m) {
		dipc_user_uncharge(sender->user, DIPC_RES_BYTES, truesize);
		*err = -ENOMEM;
		return NULL;
	}
	dipc_account_charge(sender->account, truesize);
	percpu_counter_inc(&live);
	refcount_inc(&sender->refs);
	m->sender = sender;
	m->waiter = NULL;
	m->share = NULL;
	m->seq = 0;
	m->id = id;
	m->len = len;
	m->segments = NULL;
	refcount_set(&m->refs, 1);

	if (len > DIPC_INLINE_BYTES) {
		*err = alloc_segments(m, len);
		if (*err) {
			dipc_message_put(m);
			return NULL;
		}
	}
	return m;
}

/**
 * dipc_message_copy_from() - fill a message with its payload
 * @m: just made
 * @from: at least m->len bytes of the sender's memory
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT if the sender's memory is bad.
 */
int dipc_message_copy_from(struct dipc_message *m, struct iov_iter *from)
{
	struct dipc_segment *segment;
	size_t left = m->len;

	if (left <= DIPC_INLINE_BYTES)
		return copy_from_iter_full(m->data, left, from) ? 0 : -EFAULT;

	for (segment = m->segments; left; segment = segment->next) {
		size_t part = min_t(size_t, left, SEGMENT_BYTES);

		if (!copy_from_iter_full(segment->data, part, from))
			return -EFAULT;
		left -= part;
	}
	return 0;
}

/**
 * dipc_message_copy_to() - give a message's payload to a receiver
 * @m: the message; is not changed
 * @len: how many bytes of it, at most m->len
 * @to: room for at least @len bytes in the receiver's memory
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT if the receiver's memory is bad; part of it may have
 * been written then.
 */
int dipc_message_copy_to(const struct dipc_message *m, size_t len,
			 struct iov_iter *to)
{
	const struct dipc_segment *segment;

	if (m->len <= DIPC_INLINE_BYTES)
		return copy_to_iter(m->data, len, to) == len ? 0 : -EFAULT;

	for (segment = m->segments; len; segment = segment->next) {
		size_t part = min_t(size_t, len, SEGMENT_BYTES);

		if (copy_to_iter(segment->data, part, to) != part)
			return -EFAULT;
		len -= part;
	}
	return 0;
}

/**
 * dipc_message_put() - give a message up
 * @m: may be gone afterwards, and what was charged for it given back
 *
 * Context: any, without a queue's lock.
 */
void dipc_message_put(struct dipc_message *m)
{
	struct dipc_sender *sender = m->sender;
	size_t truesize = dipc_message_truesize(m->len);

	/* nearly always the only reference, and none can come: not queued */
	if (refcount_read(&m->refs) != 1 && !refcount_dec_and_test(&m->refs))
		return;
	/* pairs with the release in refcount_dec_and_test() of a peeker */
	smp_acquire__after_ctrl_dep();

	free_segments(m->segments);
	kmem_cache_free(message_cache, m);
	percpu_counter_dec(&live);
	dipc_user_uncharge(sender->user, DIPC_RES_BYTES, truesize);
	dipc_account_uncharge(sender->account, truesize);
	dipc_sender_put(sender);
}
