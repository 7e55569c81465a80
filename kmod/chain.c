// SPDX-License-Identifier: GPL-2.0
/* Getting the segments for a message, and giving them up. */
#include <linux/sched/signal.h>

#include "chain.h"

/* How often kept memory is given up for one message. */
#define EMPTY_TRIES 3

/**
 * dipc_chain_truesize() - memory that a chain of segments takes
 * @bytes: payload that it is for
 *
 * Context: any.
 * Return: bytes of kernel memory. It becomes a little more when large segments
 * are scarce; then that is charged.
 */
size_t dipc_chain_truesize(size_t bytes)
{
	const size_t top = dipc_segment_room(DIPC_SEGMENT_TOP);
	size_t size = 0;
	unsigned int i;

	if (bytes > top) {
		size = bytes / top * dipc_segment_size(DIPC_SEGMENT_TOP);
		bytes %= top;
	}
	while (bytes) {
		i = dipc_segment_index_for(bytes, DIPC_SEGMENT_TOP);
		size += dipc_segment_size(i);
		bytes -= min(bytes, dipc_segment_room(i));
	}
	return size;
}

static struct dipc_segment **append(struct dipc_chain *chain,
				    struct dipc_segment **tail,
				    struct dipc_segment *segment)
{
	*tail = segment;
	chain->bytes += segment->bytes;
	chain->truesize += dipc_segment_size(segment->index);
	return &segment->next;
}

/* What the pool has of what is needed; gives the room that is missing. */
static size_t reuse(struct dipc_chain *chain, size_t left,
		    struct dipc_segment ***tail)
{
	size_t missing = 0, room;
	struct dipc_segment *segment;
	unsigned int i;

	dipc_pool_own(chain->pool, chain->user, chain->pid);
	while (left) {
		i = dipc_segment_index_for(left, DIPC_SEGMENT_TOP);
		room = dipc_segment_room(i);
		segment = dipc_pool_take(chain->pool, i, chain->user,
					 chain->pid);
		if (segment)
			*tail = append(chain, *tail, segment);
		else
			missing += min(left, room);
		left -= min(left, room);
	}
	**tail = NULL;
	chain->kept = chain->truesize;
	return missing;
}

static int extend(struct dipc_chain *chain, size_t left,
		  struct dipc_segment **tail)
{
	/* others of this user may fill what was emptied, again and again */
	unsigned int top = DIPC_SEGMENT_TOP, tries = EMPTY_TRIES, i;
	struct dipc_segment *segment;

	while (left) {
		i = dipc_segment_index_for(left, top);
		segment = dipc_segment_create(i);
		if (segment) {
			tail = append(chain, tail, segment);
			left -= min_t(size_t, left, segment->bytes);
		} else if (i > DIPC_SEGMENT_PAGE) {
			top = i - 1;
		} else if (!tries-- || !dipc_pools_empty(chain->user)) {
			return -ENOMEM;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* What was charged is made what it must be. */
static int settle(struct dipc_chain *chain, size_t charged,
		  const struct dipc_limits *limits)
{
	if (charged > chain->truesize)
		dipc_user_uncharge(chain->user, DIPC_RES_BYTES,
				   charged - chain->truesize);
	else if (charged < chain->truesize &&
		 !dipc_pools_charge(chain->user, chain->truesize - charged,
				    limits))
		return -ENOBUFS;
	return 0;
}

/**
 * dipc_chain_create() - get segments for payload
 * @chain: with @pool, @user and @pid; the rest is filled in
 * @bytes: how much room is needed, not 0
 * @beside: what the user is to be charged for in addition, in bytes
 * @limits: the user limits in force
 *
 * Context: process; may sleep.
 * Return: 0, and the user is charged for chain->truesize and @beside; -ENOBUFS
 * if his limit is reached, -ENOMEM without memory, -EINTR if the task is being
 * killed, and then he is charged for neither.
 */
int dipc_chain_create(struct dipc_chain *chain, size_t bytes, size_t beside,
		      const struct dipc_limits *limits)
{
	struct dipc_segment **tail = &chain->first;
	size_t missing, charged, fresh;
	int err;

	chain->bytes = 0;
	chain->truesize = 0;
	missing = reuse(chain, bytes, &tail);
	charged = chain->kept;
	fresh = dipc_chain_truesize(missing);
	if (!dipc_pools_charge(chain->user, fresh + beside, limits)) {
		err = -ENOBUFS;
		goto err_free;
	}
	charged += fresh;
	err = extend(chain, missing, tail);
	if (!err)
		err = settle(chain, charged, limits);
	if (!err)
		return 0;
	charged += beside;

err_free:
	dipc_segment_destroy_all(chain->first);
	dipc_user_uncharge(chain->user, DIPC_RES_BYTES, charged);
	return err;
}

/**
 * dipc_chain_destroy() - give segments up
 * @chain: as dipc_chain_create() got it, and its first segment; its truesize
 *	is set, and how much of it is kept in the pool, for which the user is
 *	still charged; to uncharge the rest is the caller's
 *
 * Context: any.
 */
void dipc_chain_destroy(struct dipc_chain *chain)
{
	struct dipc_segment *unkept, *segment;

	unkept = dipc_pool_keep(chain->pool, chain->first, chain->user,
				chain->pid, &chain->kept);
	chain->truesize = chain->kept;
	for (segment = unkept; segment; segment = segment->next)
		chain->truesize += dipc_segment_size(segment->index);
	dipc_segment_destroy_all(unkept);
}
