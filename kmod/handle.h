/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: what a socket holds that its user may name by a number. A leaf: it
 * knows nothing of what it holds, nor who counts it.
 *
 * A handle is a number that is never used again: a place in a table, and in
 * which turn it was given out. Turns begin at a random number in each socket,
 * so that a handle of another socket means nothing here. It is reserved first,
 * so that nothing can fail once it is known what it is to stand for.
 *
 * Whoever works with what a handle stands for borrows it: some at a time to
 * read, or one alone to change or end it. What is held can be announced, once,
 * in a list that the socket's user reads; one that is had alone, and may be at
 * its end, is announced when it is returned.
 *
 * Lifetime: made with the first thing that a socket holds; closed when the
 * socket is, when nobody uses its handles any more; freed after a grace period,
 * for it may be announced to until then. The table only grows.
 * Locking: a spinlock (_bh), a leaf, for what is announced and for places that
 * are free; the rest is one word a place, changed as a whole. Nobody is told
 * under the lock.
 * Context: reserved and closed in process context, announced to in any.
 */
#ifndef _DIPC_HANDLE_H
#define _DIPC_HANDLE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/types.h>

/* A handle is the number of a place, and above these bits its turn. */
#define DIPC_HANDLE_INDEX_BITS	16

struct dipc_handles;

/*
 * A place in the table. Who has reserved or borrowed it finds in @object what
 * it stands for; all else is for handle.c.
 */
struct dipc_slot {
	atomic64_t		word;
	void			*object;	/* once something is held */
	union {
		struct list_head node;		/* if it is announced */
		struct dipc_slot *next_free;
	};
	u16			index;		/* immutable */
};

/**
 * dipc_slot_handle() - by which number is something held
 * @slot: reserved or borrowed by the caller
 *
 * Context: any.
 * Return: the handle, never 0.
 */
static inline u64 dipc_slot_handle(const struct dipc_slot *slot)
{
	u64 turn = atomic64_read(&slot->word) >> DIPC_HANDLE_INDEX_BITS;

	return turn << DIPC_HANDLE_INDEX_BITS | slot->index;
}

struct dipc_handles *dipc_handles_create(void *socket,
					 void (*ready)(void *socket));
void dipc_handles_close(struct dipc_handles *h);

struct dipc_slot *dipc_handles_reserve(struct dipc_handles *h);
void dipc_handles_hold(struct dipc_handles *h, struct dipc_slot *slot,
		       void *object);
struct dipc_slot *dipc_handles_borrow(struct dipc_handles *h, u64 handle,
				      bool alone, int *err);
void dipc_handles_return(struct dipc_handles *h, struct dipc_slot *slot,
			 bool alone);
void dipc_handles_release(struct dipc_handles *h, struct dipc_slot *slot);
void *dipc_handles_pop(struct dipc_handles *h);

void dipc_handles_announce(struct dipc_handles *h, u64 handle,
			   const void *object);
struct dipc_slot *dipc_handles_next_announced(struct dipc_handles *h);
void dipc_handles_announce_again(struct dipc_handles *h,
				 struct dipc_slot *slot);
bool dipc_handles_announced(const struct dipc_handles *h);

#endif /* _DIPC_HANDLE_H */
