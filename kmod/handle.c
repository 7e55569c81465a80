// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket holds, and the numbers that it is named by; see handle.h. A
 * server that takes a request and replies to it comes here four times, so all
 * that is usual is done without the lock.
 */
#include <linux/bitops.h>
#include <linux/dipc.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "handle.h"

#define FIRST_SLOTS	8	/* in each of the first two blocks */
#define BLOCKS_MAX	14

static_assert(FIRST_SLOTS << (BLOCKS_MAX - 1) == DIPC_HANDLES_MAX);
static_assert(1 << DIPC_HANDLE_INDEX_BITS == DIPC_HANDLES_MAX);

/*
 * The word of a slot: its turn, as in the handle, and where that has the index
 *
 *	free		0: the turn is over
 *	reserved	ALONE [DUE]
 *	held		HELD [LISTED], and how many have borrowed it
 *	had alone	HELD ALONE [DUE]
 *
 * Who has it alone, or a place that is free, is the only one to change it, but
 * for DUE. LISTED is set and cleared under the lock, and so is DUE set: then
 * it is not missed by who returns it.
 */
#define HELD		BIT_ULL(15)
#define ALONE		BIT_ULL(14)
#define DUE		BIT_ULL(13)	/* is announced when it is returned */
#define LISTED		BIT_ULL(12)	/* is announced */
#define BORROWED	(BIT_ULL(12) - 1)
#define STATE		(BIT_ULL(DIPC_HANDLE_INDEX_BITS) - 1)
#define ONE_TURN	BIT_ULL(DIPC_HANDLE_INDEX_BITS)

/* Blocks never move, and each is as large as all before it. */
struct dipc_handles {
	struct dipc_slot	*spare;		/* is free; or NULL */
	struct dipc_slot	*blocks[BLOCKS_MAX];
	spinlock_t		lock;
	u32			popped;		/* how far pop() has come */
	struct dipc_slot	*free;		/* a list; under @lock */
	struct list_head	announced;	/* under @lock */
	u64			turn;		/* that slots begin with */
	void (*ready)(void *socket);		/* immutable */
	void __rcu		*socket;	/* NULL when it is closed */
	struct rcu_head		rcu;
};

static u32 slots_before(u8 block)
{
	return block ? (FIRST_SLOTS / 2) << block : 0;
}

static u32 slots_in(u8 block)
{
	return slots_before(block + 1) - slots_before(block);
}

static struct dipc_slot *slot_at(struct dipc_handles *h, u64 handle)
{
	u16 index = handle;
	u8 n = fls(index / FIRST_SLOTS);
	/* pairs with the release in grow() */
	struct dipc_slot *block = READ_ONCE(h->blocks[n]);

	return block ? &block[index - slots_before(n)] : NULL;
}

static bool is_of(u64 word, u64 handle)
{
	return (word ^ handle) < ONE_TURN;
}

static bool change(struct dipc_slot *slot, u64 from, u64 to)
{
	return atomic64_cmpxchg(&slot->word, from, to) == from;
}

static void tell(struct dipc_handles *h)
{
	void *socket;

	rcu_read_lock();
	socket = rcu_dereference(h->socket);
	if (socket)
		h->ready(socket);
	rcu_read_unlock();
}

static u64 turn_of(const struct dipc_slot *slot)
{
	return atomic64_read(&slot->word) & ~STATE;
}

static bool is_alone(const struct dipc_slot *slot)
{
	return atomic64_read(&slot->word) & ALONE;
}

/* The caller had it alone, and it was announced meanwhile. */
static noinline void share_due(struct dipc_handles *h, struct dipc_slot *slot)
{
	if (WARN_ON_ONCE(!is_alone(slot)))
		return;
	spin_lock_bh(&h->lock);
	/* after the object, as with a cmpxchg */
	atomic64_set_release(&slot->word, turn_of(slot) | HELD | LISTED);
	list_add_tail(&slot->node, &h->announced);
	spin_unlock_bh(&h->lock);
	tell(h);
}

/**
 * dipc_handles_create() - make the handles of a socket
 * @socket: the socket; must outlive a grace period after dipc_handles_close()
 * @ready: called with it when something has been announced, in an RCU read
 *	section, in any context
 *
 * Context: process; may sleep.
 * Return: the handles, none yet; or NULL without memory.
 */
struct dipc_handles *dipc_handles_create(void *socket,
					 void (*ready)(void *socket))
{
	struct dipc_handles *h;

	h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	if (!h)
		return NULL;
	spin_lock_init(&h->lock);
	INIT_LIST_HEAD(&h->announced);
	h->turn = get_random_u64() & ~STATE;
	h->ready = ready;
	rcu_assign_pointer(h->socket, socket);
	return h;
}

/**
 * dipc_handles_close() - the socket is closed
 * @h: its handles, all of which were popped; or NULL. Consumed.
 *
 * Who still announces something finds nothing.
 *
 * Context: process; may sleep.
 */
void dipc_handles_close(struct dipc_handles *h)
{
	struct dipc_slot *blocks[BLOCKS_MAX];
	int i;

	if (!h)
		return;
	RCU_INIT_POINTER(h->socket, NULL);
	spin_lock_bh(&h->lock);
	memcpy(blocks, h->blocks, sizeof(blocks));
	memset(h->blocks, 0, sizeof(h->blocks));
	spin_unlock_bh(&h->lock);
	for (i = 0; i < BLOCKS_MAX; i++)
		kvfree(blocks[i]);
	kfree_rcu(h, rcu);
}

static void add_free_locked(struct dipc_handles *h, struct dipc_slot *slot)
{
	slot->next_free = h->free;
	h->free = slot;
}

/* All places are taken: makes as many again. */
static int grow(struct dipc_handles *h, u8 n)
{
	struct dipc_slot *block;
	u32 i;

	if (n == BLOCKS_MAX)
		return -EMFILE;
	block = kvcalloc(slots_in(n), sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return -ENOMEM;
	for (i = slots_in(n); i--;) {
		atomic64_set(&block[i].word, h->turn);
		block[i].index = slots_before(n) + i;
		block[i].next_free = &block[i + 1];
	}
	spin_lock_bh(&h->lock);
	/* or somebody else has done it meanwhile */
	if (!h->blocks[n]) {
		block[slots_in(n) - 1].next_free = h->free;
		h->free = block;
		/* pairs with slot_at() */
		smp_store_release(&h->blocks[n], block);
		block = NULL;
	}
	spin_unlock_bh(&h->lock);
	kvfree(block);
	return 0;
}

static u8 count_blocks(const struct dipc_handles *h)
{
	u8 n = 0;

	while (n < BLOCKS_MAX && h->blocks[n])
		n++;
	return n;
}

/* Or ERR_PTR(), as dipc_handles_reserve(). */
static noinline struct dipc_slot *get_free(struct dipc_handles *h)
{
	struct dipc_slot *slot;
	u8 n_blocks;
	int err;

	for (;;) {
		spin_lock_bh(&h->lock);
		slot = h->free;
		if (slot)
			h->free = slot->next_free;
		n_blocks = count_blocks(h);
		spin_unlock_bh(&h->lock);
		if (slot)
			return slot;
		err = grow(h, n_blocks);
		if (err)
			return ERR_PTR(err);
	}
}

/**
 * dipc_handles_reserve() - make sure that something can be held
 * @h: the handles
 *
 * Its handle is known, but stands for nothing before dipc_handles_hold(). It
 * belongs to the caller, who may also give it up with dipc_handles_release().
 *
 * Context: process; may sleep.
 * Return: the place; ERR_PTR() of -EMFILE if DIPC_HANDLES_MAX are held or
 * reserved, or of -ENOMEM.
 */
struct dipc_slot *dipc_handles_reserve(struct dipc_handles *h)
{
	struct dipc_slot *slot = NULL;
	u64 turn;

	if (likely(READ_ONCE(h->spare)))
		slot = xchg(&h->spare, NULL);
	if (unlikely(!slot)) {
		slot = get_free(h);
		if (IS_ERR(slot))
			return slot;
	}
	turn = atomic64_read(&slot->word) + ONE_TURN;
	if (unlikely(!turn))
		turn = ONE_TURN;
	atomic64_set(&slot->word, turn | ALONE);
	return slot;
}

/**
 * dipc_handles_hold() - a handle stands for something from here on
 * @h: the handles
 * @slot: as reserved by the caller
 * @object: what it stands for, not NULL
 *
 * If it was announced since it was reserved, who is to be told is told now.
 *
 * Context: process.
 */
void dipc_handles_hold(struct dipc_handles *h, struct dipc_slot *slot,
		       void *object)
{
	u64 turn = turn_of(slot);

	slot->object = object;
	if (unlikely(!change(slot, turn | ALONE, turn | HELD)))
		share_due(h, slot);
}

/* Alone, and so it is announced no longer, but when it is returned. */
static bool take_off(struct dipc_handles *h, struct dipc_slot *slot, u64 word)
{
	bool done;

	spin_lock_bh(&h->lock);
	done = change(slot, word, (word & ~LISTED) | ALONE | DUE);
	if (done)
		list_del(&slot->node);
	spin_unlock_bh(&h->lock);
	return done;
}

static int check_borrow(u64 word, u64 handle, bool alone)
{
	if (!is_of(word, handle) || !(word & HELD))
		return -ESRCH;
	if (word & (alone ? ALONE | BORROWED : ALONE) ||
	    (word & BORROWED) == BORROWED)
		return -EBUSY;
	return 0;
}

static noinline struct dipc_slot *borrow(struct dipc_handles *h,
					 struct dipc_slot *slot, u64 handle,
					 bool alone, int *err)
{
	bool done;
	u64 word;

	do {
		word = atomic64_read(&slot->word);
		*err = check_borrow(word, handle, alone);
		if (*err)
			return NULL;
		if (!alone)
			done = change(slot, word, word + 1);
		else if (word & LISTED)
			done = take_off(h, slot, word);
		else
			done = change(slot, word, word | ALONE);
	} while (!done);
	return slot;
}

/**
 * dipc_handles_borrow() - what does a handle stand for
 * @h: the handles; NULL: the socket has never held anything
 * @handle: any number
 * @alone: nobody else may have it until it is returned
 * @err: without a place set to -ESRCH if it stands for nothing, or does no
 *	more; to -EBUSY if somebody has it alone, or anybody has it and the
 *	caller wants it alone
 *
 * Context: process.
 * Return: the place with the object, until dipc_handles_return() (or
 * dipc_handles_release(), if it is borrowed alone); or NULL.
 */
struct dipc_slot *dipc_handles_borrow(struct dipc_handles *h, u64 handle,
				      bool alone, int *err)
{
	struct dipc_slot *slot = h ? slot_at(h, handle) : NULL;
	u64 turn = handle & ~STATE;

	if (unlikely(!slot)) {
		*err = -ESRCH;
		return NULL;
	}
	/* as it is nearly always */
	if (alone && change(slot, turn | HELD, turn | HELD | ALONE))
		return slot;
	return borrow(h, slot, handle, alone, err);
}

/**
 * dipc_handles_return() - what was borrowed is not needed any more
 * @h: the handles
 * @slot: as borrowed by the caller
 * @alone: as it was borrowed
 *
 * Context: process.
 */
void dipc_handles_return(struct dipc_handles *h, struct dipc_slot *slot,
			 bool alone)
{
	u64 turn = turn_of(slot);

	if (!alone)
		atomic64_dec_return_release(&slot->word);
	else if (unlikely(!change(slot, turn | HELD | ALONE, turn | HELD)))
		share_due(h, slot);
}

/**
 * dipc_handles_release() - a handle stands for nothing any more
 * @h: the handles
 * @slot: borrowed alone by the caller, or reserved
 *
 * What it stood for is the caller's. It need not be announced any more.
 *
 * Context: process.
 */
void dipc_handles_release(struct dipc_handles *h, struct dipc_slot *slot)
{
	if (WARN_ON_ONCE(!is_alone(slot)))
		return;
	atomic64_set_release(&slot->word, turn_of(slot));
	slot = xchg(&h->spare, slot);
	if (likely(!slot))
		return;
	spin_lock_bh(&h->lock);
	add_free_locked(h, slot);
	spin_unlock_bh(&h->lock);
}

/**
 * dipc_handles_pop() - let go one of what is held
 * @h: the handles, which nobody uses any more and nothing is borrowed of; or
 *	NULL
 *
 * Only to be called until there is none, when the socket is closed.
 *
 * Context: process.
 * Return: one of the objects, whose handle stands for nothing any more; or
 * NULL if there is none.
 */
void *dipc_handles_pop(struct dipc_handles *h)
{
	void *object = NULL;
	struct dipc_slot *slot;
	u64 word;

	if (!h)
		return NULL;
	spin_lock_bh(&h->lock);
	/* each place is looked at once in all these calls */
	while (!object && h->popped < DIPC_HANDLES_MAX) {
		slot = slot_at(h, h->popped);
		if (!slot)
			break;
		h->popped++;
		word = atomic64_read(&slot->word);
		if (!(word & HELD))
			continue;
		object = slot->object;
		if (word & LISTED)
			list_del(&slot->node);
		atomic64_set(&slot->word, word & ~STATE);
		add_free_locked(h, slot);
	}
	spin_unlock_bh(&h->lock);
	return object;
}

/* The lock is held. What its word was if it is due now, else 0. */
static u64 set_due_locked(struct dipc_slot *slot, u64 handle,
			  const void *object)
{
	u64 word;

	do {
		/* pairs with the cmpxchg of hold(): the object was set before */
		word = atomic64_read_acquire(&slot->word);
		if (!is_of(word, handle) || !(word & (HELD | ALONE)) ||
		    word & (DUE | LISTED) ||
		    (word & HELD && slot->object != object))
			return 0;
	} while (!change(slot, word, word | (word & ALONE ? DUE : LISTED)));
	return word;
}

/**
 * dipc_handles_announce() - there is something to tell of what is held
 * @h: the handles; may be closed by now
 * @handle: what it is held by; may stand for nothing by now
 * @object: what was or will be held by it
 *
 * It is told once, after what was announced before; while somebody has it
 * alone, or it is reserved only, not before that is over.
 *
 * Context: any; in an RCU read section since @h was known not to be closed.
 */
void dipc_handles_announce(struct dipc_handles *h, u64 handle,
			   const void *object)
{
	bool listed = false;
	struct dipc_slot *slot;
	u64 word;

	spin_lock_bh(&h->lock);
	slot = slot_at(h, handle);
	word = slot ? set_due_locked(slot, handle, object) : 0;
	if (word && !(word & ALONE)) {
		list_add_tail(&slot->node, &h->announced);
		listed = true;
	}
	spin_unlock_bh(&h->lock);
	if (listed)
		tell(h);
}

/**
 * dipc_handles_next_announced() - what there is something to tell of
 * @h: the handles, or NULL
 *
 * Context: process.
 * Return: the place with what was announced first, borrowed (not alone) and no
 * longer announced, until dipc_handles_return(); or NULL.
 */
struct dipc_slot *dipc_handles_next_announced(struct dipc_handles *h)
{
	struct dipc_slot *slot;
	u64 word;

	if (!h)
		return NULL;
	spin_lock_bh(&h->lock);
	do {
		slot = list_first_entry_or_null(&h->announced, struct dipc_slot,
						node);
		if (!slot)
			break;
		word = atomic64_read(&slot->word);
		if ((word & BORROWED) == BORROWED)
			slot = NULL;
	} while (slot && !change(slot, word, (word & ~LISTED) + 1));
	if (slot)
		list_del(&slot->node);
	spin_unlock_bh(&h->lock);
	return slot;
}

/**
 * dipc_handles_announce_again() - it could not be told
 * @h: the handles
 * @slot: as given by dipc_handles_next_announced(), and not returned yet
 *
 * It is the next to be told.
 *
 * Context: process.
 */
void dipc_handles_announce_again(struct dipc_handles *h, struct dipc_slot *slot)
{
	spin_lock_bh(&h->lock);
	/* the caller has it: nobody has it alone */
	if (!(atomic64_fetch_or(LISTED, &slot->word) & LISTED))
		list_add(&slot->node, &h->announced);
	spin_unlock_bh(&h->lock);
	/* who has looked meanwhile has found nothing and may sleep */
	tell(h);
}

/**
 * dipc_handles_announced() - is there something to tell
 * @h: the handles, or NULL
 *
 * Context: any.
 * Return: whether there is, a moment ago.
 */
bool dipc_handles_announced(const struct dipc_handles *h)
{
	return h && !list_empty(&h->announced);
}
