// SPDX-License-Identifier: GPL-2.0
/* What a socket holds, and the numbers that it is named by; see handle.h. */
#include <linux/bitops.h>
#include <linux/dipc.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "handle.h"

#define INDEX_BITS	16
#define FIRST_SLOTS	8	/* in each of the first two blocks */
#define BLOCKS_MAX	14

static_assert(FIRST_SLOTS << (BLOCKS_MAX - 1) == DIPC_HANDLES_MAX);
static_assert(1 << INDEX_BITS == DIPC_HANDLES_MAX);

/*
 *	       handle	object	alone	borrowed  node
 *	free	  0	  -	  -	   0	  in h->free
 *	reserved  x	  -	 yes	   0	  -
 *	held	  x	  x	  -	  any	  in h->announced, or -
 *	alone	  x	  x	 yes	   0	  -
 */
struct slot {
	void			*object;
	u64			handle;
	struct list_head	node;
	u32			borrowed;	/* by how many who read */
	u16			index;		/* immutable */
	bool			alone;
	bool			due;		/* to be announced when not alone */
};

/* Blocks never move, and each is as large as all before it. */
struct dipc_handles {
	spinlock_t		lock;
	u8			n_blocks;	/* 0 again: closed */
	u32			popped;		/* how far pop() has come */
	u64			turn;		/* of the last handle */
	struct list_head	free;
	struct list_head	announced;
	struct slot		*blocks[BLOCKS_MAX];
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

static struct slot *slot_at(struct dipc_handles *h, u16 index)
{
	u8 block = fls(index / FIRST_SLOTS);

	if (block >= h->n_blocks)
		return NULL;
	return &h->blocks[block][index - slots_before(block)];
}

static struct slot *find(struct dipc_handles *h, u64 handle)
{
	struct slot *slot = slot_at(h, handle & (BIT(INDEX_BITS) - 1));

	return slot && handle && slot->handle == handle ? slot : NULL;
}

static void vacate(struct dipc_handles *h, struct slot *slot)
{
	slot->object = NULL;
	slot->handle = 0;
	slot->borrowed = 0;
	slot->alone = false;
	slot->due = false;
	list_move(&slot->node, &h->free);
}

/* Nobody has it alone. */
static bool list_due(struct dipc_handles *h, struct slot *slot)
{
	if (!slot->due)
		return false;
	slot->due = false;
	list_add_tail(&slot->node, &h->announced);
	return true;
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
	INIT_LIST_HEAD(&h->free);
	INIT_LIST_HEAD(&h->announced);
	h->turn = get_random_u64();
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
	u8 n_blocks;

	if (!h)
		return;
	RCU_INIT_POINTER(h->socket, NULL);
	spin_lock_bh(&h->lock);
	n_blocks = h->n_blocks;
	h->n_blocks = 0;
	spin_unlock_bh(&h->lock);
	while (n_blocks)
		kvfree(h->blocks[--n_blocks]);
	kfree_rcu(h, rcu);
}

/* All places are taken: makes as many again. */
static int grow(struct dipc_handles *h, u8 n_blocks)
{
	struct slot *block;
	LIST_HEAD(fresh);
	u32 i;

	if (n_blocks == BLOCKS_MAX)
		return -EMFILE;
	block = kvcalloc(slots_in(n_blocks), sizeof(*block),
			 GFP_KERNEL_ACCOUNT);
	if (!block)
		return -ENOMEM;
	for (i = 0; i < slots_in(n_blocks); i++) {
		block[i].index = slots_before(n_blocks) + i;
		list_add_tail(&block[i].node, &fresh);
	}
	spin_lock_bh(&h->lock);
	/* or somebody else has done it meanwhile */
	if (h->n_blocks == n_blocks) {
		h->blocks[h->n_blocks++] = block;
		list_splice(&fresh, &h->free);
		block = NULL;
	}
	spin_unlock_bh(&h->lock);
	kvfree(block);
	return 0;
}

/**
 * dipc_handles_reserve() - make sure that something can be held
 * @h: the handles
 * @handle: set to the one that it will have, never 0
 *
 * It stands for nothing before dipc_handles_hold(), and belongs to the caller,
 * who may also give it up with dipc_handles_release().
 *
 * Context: process; may sleep.
 * Return: 0; -EMFILE if DIPC_HANDLES_MAX are held or reserved; -ENOMEM.
 */
int dipc_handles_reserve(struct dipc_handles *h, u64 *handle)
{
	struct slot *slot;
	u8 n_blocks;
	int err;

	for (;;) {
		spin_lock_bh(&h->lock);
		slot = list_first_entry_or_null(&h->free, struct slot, node);
		if (slot)
			break;
		n_blocks = h->n_blocks;
		spin_unlock_bh(&h->lock);
		err = grow(h, n_blocks);
		if (err)
			return err;
	}
	list_del_init(&slot->node);
	slot->alone = true;
	do
		slot->handle = ++h->turn << INDEX_BITS | slot->index;
	while (unlikely(!slot->handle));
	*handle = slot->handle;
	spin_unlock_bh(&h->lock);
	return 0;
}

/**
 * dipc_handles_hold() - a handle stands for something from here on
 * @h: the handles
 * @handle: as reserved by the caller
 * @object: what it stands for, not NULL
 *
 * If it was announced since it was reserved, who is to be told is told now.
 *
 * Context: process.
 */
void dipc_handles_hold(struct dipc_handles *h, u64 handle, void *object)
{
	struct slot *slot;
	bool listed = false;

	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	if (!WARN_ON_ONCE(!slot || slot->object || !slot->alone)) {
		slot->object = object;
		slot->alone = false;
		listed = list_due(h, slot);
	}
	spin_unlock_bh(&h->lock);
	if (listed)
		tell(h);
}

/**
 * dipc_handles_borrow() - what does a handle stand for
 * @h: the handles; NULL: the socket has never held anything
 * @handle: any number
 * @alone: nobody else may have it until it is returned
 * @err: set to -ESRCH if it stands for nothing, or does no more; to -EBUSY if
 *	somebody has it alone, or anybody has it and the caller wants it alone
 *
 * Context: process.
 * Return: the object, until dipc_handles_return() (or dipc_handles_release(),
 * if it is borrowed alone); or NULL.
 */
void *dipc_handles_borrow(struct dipc_handles *h, u64 handle, bool alone,
			  int *err)
{
	struct slot *slot;
	void *object;

	*err = -ESRCH;
	if (!h)
		return NULL;
	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	object = slot ? slot->object : NULL;
	if (object && (slot->alone || (alone && slot->borrowed))) {
		*err = -EBUSY;
		object = NULL;
	} else if (object && alone) {
		slot->alone = true;
		/* who has it alone may end it: there is nothing to tell yet */
		if (!list_empty(&slot->node)) {
			list_del_init(&slot->node);
			slot->due = true;
		}
	} else if (object) {
		slot->borrowed++;
	}
	spin_unlock_bh(&h->lock);
	if (object)
		*err = 0;
	return object;
}

/**
 * dipc_handles_return() - what was borrowed is not needed any more
 * @h: the handles
 * @handle: as borrowed by the caller
 * @alone: as it was borrowed
 *
 * Context: process.
 */
void dipc_handles_return(struct dipc_handles *h, u64 handle, bool alone)
{
	struct slot *slot;
	bool listed = false;

	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	if (WARN_ON_ONCE(!slot || (alone ? !slot->alone : !slot->borrowed))) {
		;
	} else if (alone) {
		slot->alone = false;
		listed = list_due(h, slot);
	} else {
		slot->borrowed--;
	}
	spin_unlock_bh(&h->lock);
	if (listed)
		tell(h);
}

/**
 * dipc_handles_release() - a handle stands for nothing any more
 * @h: the handles
 * @handle: borrowed alone by the caller, or reserved
 *
 * What it stood for is the caller's. It need not be announced any more.
 *
 * Context: process.
 */
void dipc_handles_release(struct dipc_handles *h, u64 handle)
{
	struct slot *slot;

	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	if (!WARN_ON_ONCE(!slot || !slot->alone))
		vacate(h, slot);
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
	struct slot *slot;

	if (!h)
		return NULL;
	spin_lock_bh(&h->lock);
	/* each place is looked at once in all these calls */
	while (!object && h->popped < slots_before(h->n_blocks)) {
		slot = slot_at(h, h->popped++);
		object = slot->object;
		if (object)
			vacate(h, slot);
	}
	spin_unlock_bh(&h->lock);
	return object;
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
	struct slot *slot;
	bool listed = false;

	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	if (slot && (!slot->object || slot->object == object) &&
	    list_empty(&slot->node)) {
		slot->due = true;
		listed = !slot->alone && list_due(h, slot);
	}
	spin_unlock_bh(&h->lock);
	if (listed)
		tell(h);
}

/**
 * dipc_handles_next_announced() - what there is something to tell of
 * @h: the handles, or NULL
 * @handle: set to its handle
 *
 * Context: process.
 * Return: the object that was announced first, borrowed (not alone) and no
 * longer announced, until dipc_handles_return(); or NULL.
 */
void *dipc_handles_next_announced(struct dipc_handles *h, u64 *handle)
{
	void *object = NULL;
	struct slot *slot;

	if (!h)
		return NULL;
	spin_lock_bh(&h->lock);
	slot = list_first_entry_or_null(&h->announced, struct slot, node);
	if (slot) {
		list_del_init(&slot->node);
		slot->borrowed++;
		*handle = slot->handle;
		object = slot->object;
	}
	spin_unlock_bh(&h->lock);
	return object;
}

/**
 * dipc_handles_announce_again() - it could not be told
 * @h: the handles
 * @handle: as given by dipc_handles_next_announced(), and not returned yet
 *
 * It is the next to be told.
 *
 * Context: process.
 */
void dipc_handles_announce_again(struct dipc_handles *h, u64 handle)
{
	struct slot *slot;

	spin_lock_bh(&h->lock);
	slot = find(h, handle);
	if (!WARN_ON_ONCE(!slot || !slot->borrowed))
		list_move(&slot->node, &h->announced);
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
