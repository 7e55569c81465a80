/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools: what a socket's messages gave up is kept by the socket for its next
 * ones.
 *
 * Segments are kept as they are, with what was in them: what is read from one
 * is bounded by its message's length, and a segment never changes hands. A
 * pool belongs to one process of one user at a time, and what it keeps stays
 * charged to him: to his memory limit, and to the memory cgroup. The same goes
 * for the messages themselves, of which it keeps as many as fill a queue: who
 * sends faster than others receive has so many on their way. To the pool they
 * are objects of one size, all of one slab cache.
 *
 * It is emptied when another process sends more than a small message through
 * the socket; when that limit
 * or the memory does not suffice for a message; under memory pressure, by a
 * shrinker; and when it was not used for some seconds, for the kernel cannot
 * ask for it when only a cgroup is short of memory. A closed one keeps nothing.
 *
 * Lifetime: embedded in the account of a socket, closed before that is freed.
 * Locking: @lock covers all but @node, which is covered by pools_lock in
 * pool.c as well. That one is taken first. Both are leaves to all others; a
 * mutex in pool.c, under which nothing is allocated, is taken before them.
 * Context: taking in process context, keeping in any.
 */
#ifndef _DIPC_POOL_H
#define _DIPC_POOL_H

#include <linux/list.h>
#include <linux/pid.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "segment.h"
#include "user.h"

/* for a call with a request and a reply of 1 MiB each */
#define DIPC_POOL_MAX_BYTES	(SZ_2M + SZ_256K)
#define DIPC_POOL_MAX_SEGMENTS	256	/* so that emptying one is short */
#define DIPC_POOL_MAX_OBJECTS	256	/* as many as a queue holds by default */

/* In an object, where it needs nothing else while it is kept. */
struct dipc_kept {
	struct dipc_kept	*next;
};

struct dipc_pool {
	spinlock_t		lock;
	bool			used;		/* since it was last looked at */
	u32			bytes;		/* in segments */
	u32			n_segments;
	u32			n_objects;
	struct dipc_segment	*kept[DIPC_SEGMENT_SIZES];
	struct dipc_kept	*objects;
	struct dipc_user	*user;		/* counted; NULL: never used */
	struct pid		*pid;		/* counted; thread group */
	bool			closed;
	struct list_head	node;		/* in the list of all */
};

int dipc_pools_init(struct kmem_cache *cache, size_t offset, size_t bytes);
void dipc_pools_fini(void);

void dipc_pool_init(struct dipc_pool *pool);
void dipc_pool_close(struct dipc_pool *pool);
void dipc_pool_own(struct dipc_pool *pool, struct dipc_user *user,
		   struct pid *pid);
struct dipc_segment *dipc_pool_take(struct dipc_pool *pool, unsigned int index,
				    const struct dipc_user *user,
				    const struct pid *pid);
struct dipc_segment *dipc_pool_keep(struct dipc_pool *pool,
				    struct dipc_segment *first,
				    const struct dipc_user *user,
				    const struct pid *pid, size_t *kept);
void dipc_pool_claim(struct dipc_pool *pool, struct dipc_user *user,
		     struct pid *pid);
struct dipc_kept *dipc_pool_take_object(struct dipc_pool *pool,
					const struct dipc_user *user,
					const struct pid *pid);
bool dipc_pool_keep_object(struct dipc_pool *pool, struct dipc_kept *object,
			   const struct dipc_user *user,
			   const struct pid *pid);
bool dipc_pools_empty(const struct dipc_user *user);
bool dipc_pools_charge(struct dipc_user *user, size_t bytes,
		       const struct dipc_limits *limits);

#endif /* _DIPC_POOL_H */
