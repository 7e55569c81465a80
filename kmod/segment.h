/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments: memory for the payload that does not fit into a message itself;
 * and pools, in which a socket keeps what its messages gave up, for the next
 * ones. Knows neither messages nor sockets.
 *
 * A segment is a block with a small header: pages that belong together, up to
 * 64 KiB, so that much is copied in few pieces; or for a small remainder,
 * kmalloc(). A message of 64 KiB takes one of the largest, one of 4 KiB takes
 * one page. If large blocks are scarce, smaller ones do.
 *
 * A pool keeps page blocks, filled as they are: what is read from a segment is
 * bounded by the message's length, and blocks never change hands. A pool
 * belongs to one process of one user at a time, for whom its blocks stay
 * charged: to his memory limit, and to the memory cgroup. It is emptied when
 * another one sends through the socket, when that limit or memory does not
 * suffice for a new message, under memory pressure (a shrinker), when it was
 * not used for some seconds, and for good by dipc_pool_close().
 *
 * Lifetime: a chain belongs to its message. A pool is embedded in the account
 * of a socket and is closed before that is freed.
 * Locking: a pool's lock covers it; pools_lock in segment.c, taken before it,
 * the list of all pools in which there may be something.
 * Context: making a chain and closing a pool in process context, freeing from
 * any.
 */
#ifndef _DIPC_SEGMENT_H
#define _DIPC_SEGMENT_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "user.h"

/*
 * Messages outlive who sent them, so that killing somebody for their memory
 * gives none of it back: at the limit of a cgroup, or of the machine, the
 * send fails instead.
 */
#define DIPC_MESSAGE_GFP \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#define DIPC_SEGMENT_ORDERS	5		/* up to 64 KiB */
#define DIPC_POOL_MAX_BYTES	SZ_1M

struct dipc_segment {
	struct dipc_segment	*next;
	u32			bytes;		/* room for payload */
	u16			start;		/* of it, from here */
	s16			order;		/* of pages; -1: kmalloc() */
};

struct dipc_chain {
	struct dipc_segment	*first;		/* NULL: nothing is needed */
	size_t			bytes;		/* room in all segments */
	size_t			truesize;	/* memory that they take */
};

struct dipc_pool {
	spinlock_t		lock;
	bool			closed;		/* keeps nothing any more */
	bool			used;		/* since it was last looked at */
	size_t			bytes;		/* memory that it keeps */
	struct dipc_segment	*kept[DIPC_SEGMENT_ORDERS];
	struct dipc_user	*user;		/* counted; NULL: never used */
	struct pid		*pid;		/* counted; thread group */
	struct list_head	node;		/* in the list of all */
};

int dipc_segment_init(void);
void dipc_segment_fini(void);

size_t dipc_chain_truesize(size_t bytes);
int dipc_chain_create(struct dipc_chain *chain, size_t bytes,
		      struct dipc_pool *pool, struct dipc_user *user,
		      struct pid *pid, const struct dipc_limits *limits);
size_t dipc_chain_destroy(struct dipc_segment *first, struct dipc_pool *pool,
			  const struct dipc_user *user, const struct pid *pid,
			  size_t *kept);

void dipc_pool_init(struct dipc_pool *pool);
void dipc_pool_close(struct dipc_pool *pool);
bool dipc_pool_charge(struct dipc_user *user, size_t bytes,
		      const struct dipc_limits *limits);

/**
 * dipc_segment_data() - where the payload of a segment begins
 * @segment: the segment
 *
 * Context: any.
 * Return: segment->bytes of memory.
 */
static inline void *dipc_segment_data(const struct dipc_segment *segment)
{
	return (u8 *)segment + segment->start;
}

#endif /* _DIPC_SEGMENT_H */
