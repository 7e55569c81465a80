// SPDX-License-Identifier: GPL-2.0
/* Which size of segment is fit for what, and the memory of each. */
#include <linux/kmemleak.h>
#include <linux/slab.h>

#include "segment.h"

/* What fits into half a page is for kmalloc(). */
#define SMALL_BYTES	(PAGE_SIZE / 2 - sizeof(struct dipc_segment))

/**
 * dipc_segment_index_for() - the segment for the next part of a payload
 * @bytes: what is left of the payload, not 0
 * @top: the largest size to be used, at least a page's
 *
 * The last one is the smallest that holds all. Before that, the largest of
 * which no more than an eighth stays empty: few pieces, and little waste.
 *
 * Context: any.
 * Return: the index of its size.
 */
unsigned int dipc_segment_index_for(size_t bytes, unsigned int top)
{
	unsigned int index;

	if (bytes <= SMALL_BYTES) {
		bytes = max_t(size_t, bytes + sizeof(struct dipc_segment),
			      1 << DIPC_SEGMENT_SHIFT);
		return order_base_2(bytes) - DIPC_SEGMENT_SHIFT;
	}
	for (index = top; index > DIPC_SEGMENT_PAGE; index--)
		if (bytes >= dipc_segment_room(index) / 8 * 7)
			break;
	return index;
}

/* More than a page is a gain only if it is at hand: nothing is reclaimed. */
static struct dipc_segment *alloc_pages_of(unsigned int order)
{
	gfp_t gfp = DIPC_MESSAGE_GFP;
	struct page *page;

	if (order) {
		gfp &= ~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL);
		gfp |= __GFP_NORETRY | __GFP_COMP;
	}
	page = alloc_pages(gfp, order);
	if (!page)
		return NULL;
	/* it is found if it leaks, and so is what only it points to */
	kmemleak_alloc(page_address(page), PAGE_SIZE << order, 1, gfp);
	kmemleak_scan_area(page_address(page), sizeof(struct dipc_segment),
			   gfp);
	return page_address(page);
}

/**
 * dipc_segment_create() - make a segment
 * @index: of its size
 *
 * Context: process; may sleep. Nobody is killed for the memory.
 * Return: the segment, or NULL without memory: with more than a page, that is
 * to be expected.
 */
struct dipc_segment *dipc_segment_create(unsigned int index)
{
	struct dipc_segment *segment;

	if (index < DIPC_SEGMENT_PAGE)
		segment = kmalloc(dipc_segment_size(index), DIPC_MESSAGE_GFP);
	else
		segment = alloc_pages_of(index - DIPC_SEGMENT_PAGE);
	if (!segment)
		return NULL;
	segment->next = NULL;
	segment->bytes = dipc_segment_room(index);
	segment->start = dipc_segment_start(index);
	segment->index = index;
	return segment;
}

/**
 * dipc_segment_destroy_all() - free segments
 * @first: of those that are linked by next; or NULL
 *
 * Context: any.
 */
void dipc_segment_destroy_all(struct dipc_segment *first)
{
	struct dipc_segment *segment;

	while ((segment = first)) {
		first = segment->next;
		if (segment->index < DIPC_SEGMENT_PAGE) {
			kfree(segment);
			continue;
		}
		kmemleak_free(segment);
		__free_pages(virt_to_page(segment),
			     segment->index - DIPC_SEGMENT_PAGE);
	}
}
