// SPDX-License-Identifier: GPL-2.0
/*
 * Making and freeing messages, and charging them to their user and their socket.
 * Knows nothing of queues. What is in them comes and goes by payload.c.
 */
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "chain.h"
#include "files.h"
#include "message.h"
#include "borrowed.h"
#include "pool.h"

#define MESSAGE_TRUESIZE DIPC_MESSAGE_TRUESIZE

static_assert(sizeof(struct dipc_message) == 176);

void (*dipc_message_free_call)(struct dipc_message *m);

static struct kmem_cache *message_cache;
/* Made here and freed there: only the sum of all processors means something. */
static DEFINE_PER_CPU(long, live);

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

	/* hardened usercopy: only the payload may be copied to and from */
	message_cache = kmem_cache_create_usercopy("dipc_message",
				sizeof(struct dipc_message), 0, SLAB_ACCOUNT,
				offsetof(struct dipc_message, data),
				sizeof_field(struct dipc_message, data),
				construct);
	if (!message_cache)
		return -ENOMEM;
	err = dipc_pools_init(message_cache, offsetof(struct dipc_message, kept),
			      MESSAGE_TRUESIZE);
	if (err)
		kmem_cache_destroy(message_cache);
	return err;
}

static long sum_live(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(&live, cpu));
	return sum;
}

/**
 * dipc_message_fini_cache() - undo dipc_message_init_cache()
 *
 * Context: process, when no message is left.
 */
void dipc_message_fini_cache(void)
{
	WARN_ON_ONCE(sum_live());
	dipc_pools_fini();
	kmem_cache_destroy(message_cache);
}

/**
 * dipc_message_live() - how many messages exist in the machine
 *
 * Context: any.
 * Return: their number, exact when nothing is being sent.
 */
u64 dipc_message_live(void)
{
	/* some may just be on their way from one processor to another */
	return max(sum_live(), 0L);
}

static size_t beyond_inline(size_t bytes)
{
	return bytes - min_t(size_t, bytes, DIPC_INLINE_BYTES);
}

/**
 * dipc_message_large_truesize() - see dipc_message_truesize()
 * @len: its payload or room in bytes, more than DIPC_INLINE_BYTES
 *
 * Context: any.
 * Return: bytes of kernel memory.
 */
size_t dipc_message_large_truesize(size_t len)
{
	return MESSAGE_TRUESIZE + dipc_chain_truesize(beyond_inline(len));
}

static struct dipc_chain chain_of(const struct dipc_sender *sender)
{
	return (struct dipc_chain) {
		.pool = &sender->account->pool,
		.user = sender->user,
		.pid = sender->pid,
	};
}

/* How much memory that was. */
static noinline size_t give_up_chain(struct dipc_message *m)
{
	struct dipc_chain chain = chain_of(m->sender);

	chain.first = m->segments;
	dipc_chain_destroy(&chain);
	dipc_user_uncharge(chain.user, DIPC_RES_BYTES,
			   chain.truesize - chain.kept);
	return chain.truesize;
}

static void uncharge_object(const struct dipc_sender *sender)
{
	dipc_user_uncharge(sender->user, DIPC_RES_BYTES, MESSAGE_TRUESIZE);
}

/* With nothing beyond what lies inline; the charges have been made. */
static void fill(struct dipc_message *m, struct dipc_sender *sender, u64 id)
{
	m->sender = sender;
	if (sender->account->is_stream) {
		m->stream.start = 0;
		m->stream.room = DIPC_INLINE_BYTES;
	}
	m->waiter = NULL;
	m->share = NULL;
	m->seq = 0;
	m->id = id;
	m->is_call = false;
	m->tag = 0;
	m->len = 0;
	m->priority = 0;
	m->segments = NULL;
	m->extra = NULL;
	refcount_set(&m->refs, 1);
}

/* Charged to the account, and without segments. */
static __always_inline void fill_small(struct dipc_message *m,
				       struct dipc_sender *sender, u64 id)
{
	dipc_account_charge(sender->account, MESSAGE_TRUESIZE);
	fill(m, sender, id);
}

/* It exists from here on. */
static __always_inline void stamp(struct dipc_message *m)
{
	this_cpu_inc(live);
	m->stamp_ns = ktime_get_real_ns();
}

static noinline int init_large(struct dipc_message *m,
			       struct dipc_sender *sender, u64 id, size_t room,
			       size_t object, const struct dipc_limits *limits)
{
	struct dipc_chain chain = chain_of(sender);
	int err;

	err = dipc_chain_create(&chain, beyond_inline(room), object, limits);
	if (err)
		return err;
	dipc_account_charge(sender->account, MESSAGE_TRUESIZE + chain.truesize);
	fill(m, sender, id);
	m->segments = chain.first;
	if (sender->account->is_stream)
		m->stream.room += chain.bytes;
	return 0;
}

/*
 * @object: what is still to be charged for the memory at hand, bytes. The
 * reference to the sender is consumed if this succeeds.
 */
static int init(struct dipc_message *m, struct dipc_sender *sender, u64 id,
		size_t room, size_t object, const struct dipc_limits *limits)
{
	int err;

	if (room > DIPC_INLINE_BYTES) {
		err = init_large(m, sender, id, room, object, limits);
		if (err)
			return err;
	} else {
		if (object && !dipc_pools_charge(sender->user, object, limits))
			return -ENOBUFS;
		fill_small(m, sender, id);
	}
	stamp(m);
	return 0;
}

/**
 * dipc_message_init() - make the memory at hand a message
 * @m: with its lists empty
 * @sender: who sends it; a reference is taken
 * @id: the socket's number for it
 * @room: how long it must be able to become, bytes
 * @limits: the user limits in force
 *
 * Its length is 0 and it has one reference. Undone by dipc_message_fini().
 *
 * Context: process; may sleep.
 * Return: 0; -ENOBUFS if the user's limit is reached, -ENOMEM without memory,
 * -EINTR if the task is being killed.
 */
int dipc_message_init(struct dipc_message *m, struct dipc_sender *sender,
		      u64 id, size_t room, const struct dipc_limits *limits)
{
	int err = init(m, sender, id, room, MESSAGE_TRUESIZE, limits);

	if (!err)
		refcount_inc(&sender->refs);
	return err;
}

/* Both are small: one charge, and nothing to be got. */
static int init_small_pair(struct dipc_message *request,
			   struct dipc_message *reply,
			   struct dipc_sender *sender, u64 id, size_t beside,
			   const struct dipc_limits *limits)
{
	if (!dipc_pools_charge(sender->user, 2 * MESSAGE_TRUESIZE + beside,
			       limits))
		return -ENOBUFS;
	dipc_account_charge(sender->account, 2 * MESSAGE_TRUESIZE);
	this_cpu_add(live, 2);
	fill(request, sender, id);
	/* in no queue, and not counted: nobody looks at more of it */
	reply->sender = sender;
	reply->len = 0;
	reply->priority = 0;
	reply->segments = NULL;
	reply->extra = NULL;
	request->stamp_ns = ktime_get_real_ns();
	return 0;
}

/**
 * dipc_message_init_pair() - the same for a request and the room for its reply
 * @request: with its lists empty
 * @reply: the same
 * @sender: who sends the one and takes the other; if this succeeds, the
 *	caller's reference is theirs
 * @id: the socket's number for both
 * @len: room for the request, bytes
 * @reply_max: room for the reply, bytes
 * @beside: what the user is to be charged for in addition, bytes
 * @limits: the user limits in force
 *
 * Undone by dipc_message_fini_pair().
 *
 * Context: process; may sleep.
 * Return: as dipc_message_init().
 */
int dipc_message_init_pair(struct dipc_message *request,
			   struct dipc_message *reply,
			   struct dipc_sender *sender, u64 id, size_t len,
			   size_t reply_max, size_t beside,
			   const struct dipc_limits *limits)
{
	int err;

	if (len <= DIPC_INLINE_BYTES && reply_max <= DIPC_INLINE_BYTES)
		return init_small_pair(request, reply, sender, id, beside,
				       limits);
	err = init(request, sender, id, len, MESSAGE_TRUESIZE + beside, limits);
	if (err)
		return err;
	err = dipc_message_init(reply, sender, id, reply_max, limits);
	if (err) {
		dipc_user_uncharge(sender->user, DIPC_RES_BYTES, beside);
		/* the caller's reference is his again */
		refcount_inc(&sender->refs);
		dipc_message_fini(request);
	}
	return err;
}

/* From what the socket keeps, which is paid for already. */
static struct dipc_message *take_kept(const struct dipc_sender *sender)
{
	struct dipc_kept *kept;

	kept = dipc_pool_take_object(&sender->account->pool, sender->user,
				     sender->pid);
	return kept ? container_of(kept, struct dipc_message, kept) : NULL;
}

static struct dipc_message *alloc(const struct dipc_sender *sender)
{
	/* it is for the pool to keep when it was received */
	dipc_pool_claim(&sender->account->pool, sender->user, sender->pid);
	return kmem_cache_alloc(message_cache, DIPC_MESSAGE_GFP);
}

/**
 * dipc_message_create_room() - make a message that can grow
 * @sender: who sends it, through a stream; if there is a message, it has the
 *	caller's reference
 * @id: the socket's number for it
 * @len: payload in bytes, to be filled by dipc_message_copy_from()
 * @room: how long it must be able to become, at least @len
 * @limits: the user limits in force
 * @err: set if there is no message, as by dipc_message_init()
 *
 * Context: process; may sleep.
 * Return: the message with one reference, or NULL.
 */
struct dipc_message *
dipc_message_create_room(struct dipc_sender *sender, u64 id, size_t len,
			 size_t room, const struct dipc_limits *limits,
			 int *err)
{
	struct dipc_message *m = take_kept(sender);
	bool was_kept = m;

	if (!m)
		m = alloc(sender);
	if (!m) {
		*err = -ENOMEM;
		return NULL;
	}
	*err = init(m, sender, id, room, was_kept ? 0 : MESSAGE_TRUESIZE,
		    limits);
	if (*err) {
		if (was_kept)
			uncharge_object(sender);
		kmem_cache_free(message_cache, m);
		return NULL;
	}
	m->len = len;
	return m;
}

/**
 * dipc_message_create() - make a message of a given length
 * @sender: who sends it; if there is a message, it has the caller's reference
 * @id: the socket's number for it
 * @len: payload in bytes, to be filled by dipc_message_copy_from()
 * @limits: the user limits in force
 * @err: set if there is no message, as by dipc_message_init()
 *
 * Context: process; may sleep.
 * Return: the message with one reference, or NULL.
 */
struct dipc_message *dipc_message_create(struct dipc_sender *sender, u64 id,
					 size_t len,
					 const struct dipc_limits *limits,
					 int *err)
{
	return dipc_message_create_room(sender, id, len, len, limits, err);
}

/**
 * dipc_message_reuse() - make a small message of what the socket keeps
 * @sender: who sends it; if there is a message, it has the caller's reference
 * @len: payload in bytes, no more than DIPC_INLINE_BYTES, to be filled by
 *	dipc_message_copy_from(); and its id is to be set
 *
 * Context: any.
 * Return: the message with one reference; or NULL if none is kept.
 */
struct dipc_message *dipc_message_reuse(struct dipc_sender *sender, size_t len)
{
	struct dipc_message *m = take_kept(sender);

	if (!m)
		return NULL;
	fill_small(m, sender, 0);
	stamp(m);
	m->len = len;
	return m;
}

/**
 * dipc_message_extra() - what only few messages have
 * @m: just made; nobody else has it yet
 *
 * It is charged to the cgroup, but not to user and socket: it is small, and
 * descriptors have a limit of their own.
 *
 * Context: process; may sleep.
 * Return: its extra part, all 0 at first; or NULL without memory.
 */
struct dipc_extra *dipc_message_extra(struct dipc_message *m)
{
	if (m->extra)
		return m->extra;
	m->extra = kzalloc(sizeof(*m->extra), DIPC_MESSAGE_GFP);
	if (m->extra)
		timerqueue_init(&m->extra->due);
	return m->extra;
}

static void free_extra(struct dipc_extra *extra)
{
	if (!extra)
		return;
	if (extra->files)
		dipc_files_put(extra->files);
	if (extra->borrowed) {
		/* its sender may just fetch it: not from here on */
		dipc_borrowed_drop(extra->borrowed);
		/* and @extra is part of it */
		return;
	}
	kfree(extra);
}

/*
 * All but the object itself is given up, and its part of the charge; how much
 * the socket has less outstanding.
 */
static size_t strip(struct dipc_message *m)
{
	size_t truesize = MESSAGE_TRUESIZE;

	/* first: what is borrowed may be on its way to the segments */
	free_extra(m->extra);
	if (m->segments)
		truesize += give_up_chain(m);
	/* back to the cache as the constructor left it */
	if (m->sender->account->is_stream)
		INIT_LIST_HEAD(&m->share_node);
	this_cpu_dec(live);
	return truesize;
}

/**
 * dipc_message_fini() - undo dipc_message_init()
 * @m: which nobody refers to any more
 *
 * What was charged for it is given back.
 *
 * Context: any, without a queue's lock.
 */
void dipc_message_fini(struct dipc_message *m)
{
	struct dipc_sender *sender = m->sender;
	size_t truesize = strip(m);

	uncharge_object(sender);
	dipc_account_uncharge(sender->account, truesize);
	dipc_sender_put(sender);
}

/* One of its own, not part of a call. */
static void free_message(struct dipc_message *m)
{
	struct dipc_sender *sender = m->sender;
	size_t truesize = strip(m);

	if (!dipc_pool_keep_object(&sender->account->pool, &m->kept,
				   sender->user, sender->pid)) {
		uncharge_object(sender);
		kmem_cache_free(message_cache, m);
	}
	/* last, so that who waits for that finds all given back */
	dipc_account_uncharge(sender->account, truesize);
	dipc_sender_put(sender);
}

/**
 * dipc_message_fini_pair() - undo dipc_message_init_pair()
 * @request: which nobody refers to any more
 * @reply: the same
 * @beside: as it was charged
 *
 * Context: any, without a queue's lock.
 */
void dipc_message_fini_pair(struct dipc_message *request,
			    struct dipc_message *reply, size_t beside)
{
	struct dipc_sender *sender = request->sender;

	if (request->segments || reply->segments) {
		dipc_user_uncharge(sender->user, DIPC_RES_BYTES, beside);
		dipc_message_fini(reply);
		dipc_message_fini(request);
		return;
	}
	free_extra(request->extra);
	free_extra(reply->extra);
	dipc_user_uncharge(sender->user, DIPC_RES_BYTES,
			   2 * MESSAGE_TRUESIZE + beside);
	this_cpu_sub(live, 2);
	dipc_account_uncharge(sender->account, 2 * MESSAGE_TRUESIZE);
	dipc_sender_put(sender);
}

/**
 * dipc_message_free() - what the last dipc_message_put() does
 * @m: which nobody refers to any more
 *
 * Context: any, without a queue's lock.
 */
void dipc_message_free(struct dipc_message *m)
{
	/* pairs with the release in refcount_dec_and_test() of a peeker */
	smp_acquire__after_ctrl_dep();

	if (m->is_call) {
		dipc_message_free_call(m);
		return;
	}
	free_message(m);
}
