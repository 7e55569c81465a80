// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a sleeping sender, borrowed and copied from; see borrowed.h. What
 * they are part of is for payload.c.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "borrowed.h"

/*
 * So many at once: interrupts are off while they are looked for. At first one:
 * whether they can be borrowed is nearly always the same of all.
 */
#define BATCH		256U
#define FIRST_BATCH	1U

/*
 * Of a large page all is held. So no more of them than at both ends of what is
 * sent: one can have many, a small piece of each beside the other.
 */
#define BEYOND_MAX	(2 * (PMD_SIZE / PAGE_SIZE))

/* How often memory is made ready to be copied to in vain. */
#define TRIES_MAX 3

/* Memory for less is not got, and for more not kept. */
#define PAGES_LEAST	(SZ_64K / PAGE_SIZE + 1)
#define PAGES_KEPT	(SZ_1M / PAGE_SIZE + 1)

/* Where the iterator's one buffer is, behind what was used of it; or NULL. */
static const void __user *buffer_of(const struct iov_iter *from)
{
	if (iter_is_ubuf(from))
		return from->ubuf + from->iov_offset;
	if (iter_is_iovec(from) && from->nr_segs == 1)
		return iter_iov(from)->iov_base + from->iov_offset;
	return NULL;
}

/*
 * What no other process ever writes to: who has such a page by fork() gets one
 * of his own for that. Of a file the page is everybody's, also where it looks
 * anonymous (PAGE_MAPPING_DAX_*), and that of hugetlb is written to in spite of
 * references.
 */
static bool is_private(struct page *page)
{
	return PageAnon(page) && !is_zone_device_page(page) &&
	       !(PageCompound(page) && PageHuge(page));
}

/*
 * By reference, as vmsplice() and MSG_ZEROCOPY do. To pin for reading would
 * give the sender a copy of each page that he shares by fork(), for ever. What
 * is not there at once is copied, and comes by that.
 */
static bool get_pages(struct dipc_borrowed *p, unsigned long at, unsigned int n)
{
	unsigned int batch = FIRST_BATCH, held = 0, i = 0;
	struct page *head, *last = NULL;
	int got;

	for (p->n_pages = 0; p->n_pages < n; batch = BATCH) {
		got = get_user_pages_fast_only(at + p->n_pages * PAGE_SIZE,
					       min(n - p->n_pages, batch), 0,
					       p->pages + p->n_pages);
		if (got <= 0)
			return false;
		for (p->n_pages += got; i < p->n_pages; i++) {
			head = compound_head(p->pages[i]);
			if (head != last)
				held += compound_nr(head);
			last = head;
			if (!is_private(p->pages[i]) || held > n + BEYOND_MAX)
				return false;
		}
		cond_resched();
	}
	return true;
}

/* Once only, be it by the sender or by who frees his reply. */
static void put_pages(struct dipc_borrowed *p)
{
	unsigned int i, n = xchg(&p->n_pages, 0);

	for (i = 0; i < n; i++)
		put_page(p->pages[i]);
}

/* With room for so many pages: what the socket has kept, or new. */
static struct dipc_borrowed *get(struct dipc_borrowed **spare, unsigned int n)
{
	struct dipc_borrowed *p = READ_ONCE(*spare) ? xchg(spare, NULL) : NULL;

	if (likely(p && p->n_max >= n))
		return p;
	dipc_borrowed_free(p);
	n = max_t(unsigned int, n, PAGES_LEAST);
	/* not from vmalloc(): it may be freed where nobody may sleep */
	p = kmalloc(struct_size(p, pages, n),
		    GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);
	if (p)
		p->n_max = n;
	return p;
}

/**
 * dipc_borrowed_create() - borrow what is to be sent
 * @from: the sender's memory; is not changed
 * @skip: how many of its bytes not to borrow
 * @bytes: how many behind those
 * @spare: memory that the socket keeps, taken if there is some
 *
 * Only if it is one buffer of private memory: then no more is held than that,
 * but for what shares its first and last page.
 *
 * Context: process; may sleep.
 * Return: it, HERE, with one reference, without a message and with an extra
 * part for that. Or NULL if it cannot be borrowed, be it that there is nothing;
 * that is no error: it can be copied, or that fails as well.
 */
struct dipc_borrowed *dipc_borrowed_create(const struct iov_iter *from,
					   size_t skip, size_t bytes,
					   struct dipc_borrowed **spare)
{
	const void __user *buffer = buffer_of(from);
	unsigned long at = (unsigned long)buffer + skip;
	unsigned int n = DIV_ROUND_UP(offset_in_page(at) + bytes, PAGE_SIZE);
	struct dipc_borrowed *p;

	if (!buffer || iov_iter_count(from) < skip + bytes)
		return NULL;
	p = get(spare, n);
	if (!p)
		return NULL;
	if (!get_pages(p, at & PAGE_MASK, n)) {
		put_pages(p);
		dipc_borrowed_free(xchg(spare, p));
		return NULL;
	}
	spin_lock_init(&p->lock);
	refcount_set(&p->refs, 1);
	p->state = DIPC_BORROWED_HERE;
	p->is_reply = false;
	p->start = offset_in_page(at);
	p->bytes = bytes;
	p->fetched = 0;
	p->message = NULL;
	p->segment = NULL;
	p->filled = 0;
	memset(&p->extra, 0, sizeof(p->extra));
	timerqueue_init(&p->extra.due);
	p->extra.borrowed = p;
	return p;
}

/**
 * dipc_borrowed_free() - free the memory for what was borrowed
 * @p: nobody's; or NULL
 *
 * Context: any.
 */
void dipc_borrowed_free(struct dipc_borrowed *p)
{
	kfree(p);
}

/**
 * dipc_borrowed_put() - give a reference up
 * @p: may be gone afterwards; or NULL
 *
 * Context: any.
 */
void dipc_borrowed_put(struct dipc_borrowed *p)
{
	if (p && refcount_dec_and_test(&p->refs))
		dipc_borrowed_free(p);
}

/**
 * dipc_borrowed_release() - the sender has his pages back
 * @p: not HERE any more: nobody looks at them
 * @spare: where the socket keeps the memory, if nobody else needs it
 *
 * Context: process.
 */
void dipc_borrowed_release(struct dipc_borrowed *p,
			   struct dipc_borrowed **spare)
{
	put_pages(p);
	if (refcount_read(&p->refs) != 1 || p->n_max > PAGES_KEPT) {
		dipc_borrowed_put(p);
		return;
	}
	/* pairs with the release in dipc_borrowed_put() of others */
	smp_acquire__after_ctrl_dep();
	/* another thread may have been quicker */
	dipc_borrowed_free(xchg(spare, p));
}

/**
 * dipc_borrowed_leave_locked() - the bytes are not here any more
 * @p: HERE, with its lock held
 * @state: where they are
 *
 * Context: any.
 */
void dipc_borrowed_leave_locked(struct dipc_borrowed *p,
				enum dipc_borrowed_state state)
{
	/* pairs with the acquire in dipc_borrowed_state() */
	smp_store_release(&p->state, state);
}

/**
 * dipc_borrowed_end() - nobody is to have the bytes who has not by now
 * @p: borrowed
 *
 * Who just copies them is waited for, but no longer than for a step.
 *
 * Context: any.
 */
void dipc_borrowed_end(struct dipc_borrowed *p)
{
	if (dipc_borrowed_state(p) != DIPC_BORROWED_HERE)
		return;
	spin_lock_bh(&p->lock);
	if (p->state == DIPC_BORROWED_HERE)
		dipc_borrowed_leave_locked(p, DIPC_BORROWED_GONE);
	spin_unlock_bh(&p->lock);
}

/**
 * dipc_borrowed_drop() - the message is freed
 * @p: borrowed; the caller gives the message's reference up
 *
 * What was charged for it is given back next. So the pages of a reply, whose
 * server may sleep on for ever, are given back here.
 *
 * Context: any; of a reply, process.
 */
void dipc_borrowed_drop(struct dipc_borrowed *p)
{
	dipc_borrowed_end(p);
	if (p->is_reply)
		put_pages(p);
	dipc_borrowed_put(p);
}

/*
 * The page that a byte is in, where in that, and how much from there on is one
 * piece of memory: often pages that were got together lie together.
 */
static struct page *page_at(const struct dipc_borrowed *p, size_t offset,
			    size_t *within, size_t *part)
{
	struct page *const *page;
	size_t end;

	offset += p->start;
	page = &p->pages[offset >> PAGE_SHIFT];
	*within = offset_in_page(offset);
	end = PAGE_SIZE;
	if (!IS_ENABLED(CONFIG_HIGHMEM)) {
		while (end < *within + *part &&
		       page_address(page[0]) + PAGE_SIZE ==
		       page_address(page[1])) {
			end += PAGE_SIZE;
			page++;
		}
	}
	page = &p->pages[offset >> PAGE_SHIFT];
	*part = min(*part, end - *within);
	return *page;
}

/**
 * dipc_borrowed_read_locked() - copy from the pages to memory of the kernel
 * @p: HERE, with its lock held
 * @offset: of the first byte
 * @to: takes them up
 * @len: how many; no more than there are
 *
 * Context: any.
 */
void dipc_borrowed_read_locked(const struct dipc_borrowed *p, size_t offset,
			       void *to, size_t len)
{
	size_t within, part;
	struct page *page;
	void *from;

	while (len) {
		part = len;
		page = page_at(p, offset, &within, &part);
		from = kmap_local_page(page);
		memcpy(to, from + within, part);
		kunmap_local(from);
		offset += part;
		to += part;
		len -= part;
	}
}

/* As _copy_to_iter(), whose loop costs more than that to one buffer. */
static __always_inline size_t copy_piece(const void *from, size_t len,
					 struct iov_iter *to)
{
	if (unlikely(!iter_is_ubuf(to)))
		return _copy_to_iter(from, len, to);
	len -= _copy_to_user(to->ubuf + to->iov_offset, from, len);
	to->iov_offset += len;
	to->count -= len;
	return len;
}

/* The lock is held, and page faults are off. How much was copied. */
static size_t copy_locked(const struct dipc_borrowed *p, size_t offset,
			  size_t len, struct iov_iter *to)
{
	size_t done, within, part, copied;
	struct page *page;
	void *from;

	for (done = 0; done < len; done += part) {
		part = len - done;
		page = page_at(p, offset + done, &within, &part);
		from = kmap_local_page(page);
		copied = copy_piece(from + within, part, to);
		kunmap_local(from);
		if (copied != part)
			return done + copied;
	}
	return done;
}

/* One step; how much was copied, or -ENODATA: it is not here any more. */
static ssize_t copy_step(struct dipc_borrowed *p, size_t offset, size_t len,
			 struct iov_iter *to)
{
	size_t done;

	spin_lock_bh(&p->lock);
	if (p->state != DIPC_BORROWED_HERE) {
		spin_unlock_bh(&p->lock);
		return -ENODATA;
	}
	pagefault_disable();
	done = copy_locked(p, offset, len, to);
	pagefault_enable();
	spin_unlock_bh(&p->lock);
	return done;
}

/**
 * dipc_borrowed_copy_to() - copy from the pages to a receiver, as far as can be
 * @p: borrowed
 * @offset: of the first byte
 * @len: how many at most; no more than there are
 * @to: somebody's memory, not the kernel's, with room for them
 *
 * Context: process; may sleep.
 * Return: how many were copied; 0 if it cannot be done this way; -ENODATA if
 * they are not here any more; -EFAULT if the receiver's memory is bad.
 */
ssize_t dipc_borrowed_copy_to(struct dipc_borrowed *p, size_t offset,
			      size_t len, struct iov_iter *to)
{
	unsigned int tries;
	ssize_t done;

	len = min_t(size_t, len, DIPC_BORROWED_STEP);
	for (tries = 0; tries < TRIES_MAX; tries++) {
		done = copy_step(p, offset, len, to);
		cond_resched();
		if (likely(done))
			return done;
		/* as the page fault would be that this is instead of */
		if (fatal_signal_pending(current) ||
		    fault_in_iov_iter_writeable(to, len) == len)
			return -EFAULT;
	}
	return 0;
}
