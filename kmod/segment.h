/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments: blocks of memory for payload that does not fit into a message
 * itself. Each has a small header and one of a few sizes, powers of two: up to
 * half a page from kmalloc(), from there to 64 KiB pages that belong together.
 *
 * Lifetime: made for a chain (chain.h), freed with it or by a pool (pool.h).
 * Locking: none. Context: made in process context, freed in any.
 */
#ifndef _DIPC_SEGMENT_H
#define _DIPC_SEGMENT_H

#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/types.h>

/*
 * Messages outlive who sent them, so that killing somebody for their memory
 * gives none of it back: at the limit of a cgroup, or of the machine, the
 * send fails instead.
 */
#define DIPC_MESSAGE_GFP \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#define DIPC_SEGMENT_SHIFT	6	/* of the smallest size: 64 bytes */
#define DIPC_SEGMENT_SIZES	11	/* up to 64 KiB */
#define DIPC_SEGMENT_TOP	(DIPC_SEGMENT_SIZES - 1)
/* the index of a page */
#define DIPC_SEGMENT_PAGE	(PAGE_SHIFT - DIPC_SEGMENT_SHIFT)

struct dipc_segment {
	struct dipc_segment	*next;
	u32			bytes;		/* room for payload */
	u16			start;		/* of it, from here */
	u16			index;		/* of its size */
};

/* In pages, payload begins at a cache line of its own. */
#define DIPC_SEGMENT_PAGES_START	64

static_assert(sizeof(struct dipc_segment) <= DIPC_SEGMENT_PAGES_START);

unsigned int dipc_segment_index_for(size_t bytes, unsigned int top);
struct dipc_segment *dipc_segment_create(unsigned int index);
void dipc_segment_destroy_all(struct dipc_segment *first);

/**
 * dipc_segment_size() - memory that a segment takes
 * @index: of its size
 *
 * Context: any.
 * Return: bytes.
 */
static inline size_t dipc_segment_size(unsigned int index)
{
	return (size_t)1 << (index + DIPC_SEGMENT_SHIFT);
}

/**
 * dipc_segment_start() - where the payload of a segment begins
 * @index: of its size
 *
 * Context: any.
 * Return: bytes from the segment.
 */
static inline size_t dipc_segment_start(unsigned int index)
{
	return index < DIPC_SEGMENT_PAGE ? sizeof(struct dipc_segment) :
					   DIPC_SEGMENT_PAGES_START;
}

/**
 * dipc_segment_room() - room in a segment
 * @index: of its size
 *
 * Context: any.
 * Return: bytes of payload.
 */
static inline size_t dipc_segment_room(unsigned int index)
{
	return dipc_segment_size(index) - dipc_segment_start(index);
}

/**
 * dipc_segment_data() - the payload of a segment
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
