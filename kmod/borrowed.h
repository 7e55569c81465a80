/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Borrowed payload: bytes that were sent and are still where their sender has
 * them, in pages of his own, because he sleeps in the system call that has sent
 * them. Who receives them copies them from there, once; there is room for them
 * in the kernel all the same, and they are fetched to it as soon as anybody
 * might look at them twice, or their sender is to go on.
 *
 *	HERE --- who looks, or the sender, fetches them ---> FETCHED
 *	   \---- the sender goes on without, or nobody has the message
 *	         any more --------------------------------> GONE
 *
 * So nothing of a process is ever read once the system call that has sent it is
 * over, nor is anything borrowed then. And no side holds the other one up: from
 * the pages is copied in steps, each under the lock and without page faults.
 * Who receives into memory that is slow to come waits for it between two steps.
 *
 * Lifetime: counted by the message and by the sender, whose socket keeps the
 * memory of one for the next. The pages are put by the sender, whoever has
 * ended HERE; those of a reply by who frees it, if that is before.
 * Locking: @lock, a leaf (_bh), covers what changes, and the room in @message,
 * while it is HERE. FETCHED may be seen without it.
 * Context: made and fetched in process context, given up in any.
 */
#ifndef _DIPC_BORROWED_H
#define _DIPC_BORROWED_H

#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio.h>

#include "extra.h"

/*
 * A payload that is shorter is quicker copied: to copy a page costs 512
 * instructions, to get and put it 210, and what there is to do for a payload,
 * be it as long as it is, 1300.
 */
#define DIPC_BORROWED_MIN	SZ_32K

/* How much is copied in one hold of the lock; some microseconds. */
#define DIPC_BORROWED_STEP	SZ_64K

enum dipc_borrowed_state {
	DIPC_BORROWED_HERE = 0,		/* in the pages, and there only */
	DIPC_BORROWED_FETCHED,		/* in the message */
	DIPC_BORROWED_GONE,		/* nowhere: nobody wants them */
};

struct dipc_segment;

struct dipc_borrowed {
	spinlock_t		lock;
	refcount_t		refs;
	u8			state;		/* under @lock, released */
	bool			is_reply;	/* its sender may sleep on */
	u32			start;		/* of the first, in its page */
	u32			bytes;
	u32			fetched;	/* so many, under @lock */
	u32			filled;		/* the same: of the segment */
	struct dipc_segment	*segment;	/* the next's; NULL: first */
	unsigned int		n_pages;	/* exchanged by who puts them */
	unsigned int		n_max;		/* room for so many */
	struct dipc_message	*message;	/* whose, while it is HERE */
	struct dipc_extra	extra;		/* the message's */
	struct page		*pages[];
};

struct dipc_borrowed *dipc_borrowed_create(const struct iov_iter *from,
					   size_t skip, size_t bytes,
					   struct dipc_borrowed **spare);
void dipc_borrowed_free(struct dipc_borrowed *p);
void dipc_borrowed_release(struct dipc_borrowed *p,
			   struct dipc_borrowed **spare);
void dipc_borrowed_put(struct dipc_borrowed *p);
void dipc_borrowed_end(struct dipc_borrowed *p);
void dipc_borrowed_drop(struct dipc_borrowed *p);
void dipc_borrowed_leave_locked(struct dipc_borrowed *p,
				enum dipc_borrowed_state state);
void dipc_borrowed_read_locked(const struct dipc_borrowed *p, size_t offset,
			       void *to, size_t len);
ssize_t dipc_borrowed_copy_to(struct dipc_borrowed *p, size_t offset,
			      size_t len, struct iov_iter *to);

/**
 * dipc_borrowed_get() - take one more reference
 * @p: of which the caller has one, or has the message
 *
 * Context: any.
 * Return: @p.
 */
static inline struct dipc_borrowed *dipc_borrowed_get(struct dipc_borrowed *p)
{
	refcount_inc(&p->refs);
	return p;
}

/* Where the bytes are; FETCHED and GONE are final. */
static inline enum dipc_borrowed_state
dipc_borrowed_state(const struct dipc_borrowed *p)
{
	/* pairs with the release in dipc_borrowed_leave_locked() */
	return smp_load_acquire(&p->state);
}

#endif /* _DIPC_BORROWED_H */
