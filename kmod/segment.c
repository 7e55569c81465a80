// SPDX-License-Identifier: GPL-2.0
/*
 * Which blocks payload is put into, where they come from, and what becomes of
 * them: pools, and the ways in which these are emptied.
 */
#include <linux/jiffies.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "segment.h"

/* Payload in pages begins at a cache line of its own. */
#define PAGES_START	64
/* A remainder above this takes a page, which a pool can keep. */
#define SMALL_BYTES	(PAGE_SIZE / 2 - sizeof(struct dipc_segment))
/* All pools together: this part of the machine's memory. */
#define POOLS_PART	64
/* A pool that was not used for once to twice this is emptied. */
#define POOL_IDLE	(2 * HZ)
/* How many pools are looked at in one hold of the lock. */
#define POOLS_BATCH	32

#define TOP_ORDER	(DIPC_SEGMENT_ORDERS - 1)

static_assert(sizeof(struct dipc_segment) <= PAGES_START);

static DEFINE_SPINLOCK(pools_lock);
static LIST_HEAD(pools);		/* some of them are empty by now */
static unsigned int n_pools;		/* in that list */
static atomic_long_t kept_bytes;	/* in all pools */
static long kept_max_bytes;
static struct shrinker *shrinker;

static void age_pools(struct work_struct *work);
static DECLARE_DELAYED_WORK(age_work, age_pools);

static size_t room_of(int order)
{
	return (PAGE_SIZE << order) - PAGES_START;
}

static size_t size_of(const struct dipc_segment *segment)
{
	if (segment->order >= 0)
		return PAGE_SIZE << segment->order;
	/* what kmalloc() really gives */
	return kmalloc_size_roundup(sizeof(*segment) + segment->bytes);
}

/*
 * The block for the next part of what is left: the largest one of which an
 * eighth at most stays empty; in the end a page or, as -1, kmalloc().
 */
static int order_for(size_t left, int top)
{
	int order;

	if (left <= SMALL_BYTES)
		return -1;
	for (order = top; order > 0; order--)
		if (left >= room_of(order) / 8 * 7)
			break;
	return order;
}

/**
 * dipc_chain_truesize() - memory that a chain of segments takes
 * @bytes: payload that it is for
 *
 * Context: any.
 * Return: bytes of kernel memory. It may become a little more when large
 * blocks are scarce; then that is charged.
 */
size_t dipc_chain_truesize(size_t bytes)
{
	size_t full = 0, size = 0;
	int order;

	if (bytes > room_of(TOP_ORDER)) {
		full = bytes / room_of(TOP_ORDER);
		bytes %= room_of(TOP_ORDER);
		size = full * (PAGE_SIZE << TOP_ORDER);
	}
	while (bytes) {
		order = order_for(bytes, TOP_ORDER);
		if (order < 0)
			return size + kmalloc_size_roundup(bytes +
						sizeof(struct dipc_segment));
		size += PAGE_SIZE << order;
		bytes -= min(bytes, room_of(order));
	}
	return size;
}

static struct dipc_segment *alloc_small(size_t bytes)
{
	size_t size = kmalloc_size_roundup(sizeof(struct dipc_segment) + bytes);
	struct dipc_segment *segment = kmalloc(size, DIPC_MESSAGE_GFP);

	if (!segment)
		return NULL;
	segment->bytes = size - sizeof(*segment);
	segment->start = sizeof(*segment);
	segment->order = -1;
	return segment;
}

/* Large blocks are a gain only if they are at hand: nothing is reclaimed. */
static gfp_t gfp_for(int order)
{
	if (!order)
		return DIPC_MESSAGE_GFP;
	return ((DIPC_MESSAGE_GFP | __GFP_NORETRY | __GFP_COMP) &
		~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL));
}

static struct dipc_segment *alloc_pages_of(int order)
{
	struct page *page = alloc_pages(gfp_for(order), order);
	struct dipc_segment *segment;

	if (!page)
		return NULL;
	segment = page_address(page);
	/* as leaked memory it would be found, and so is what it points to */
	kmemleak_alloc(segment, PAGE_SIZE << order, 1, DIPC_MESSAGE_GFP);
	kmemleak_scan_area(segment, sizeof(*segment), DIPC_MESSAGE_GFP);
	segment->bytes = room_of(order);
	segment->start = PAGES_START;
	segment->order = order;
	return segment;
}

static void free_one(struct dipc_segment *segment)
{
	if (segment->order < 0) {
		kfree(segment);
		return;
	}
	kmemleak_free(segment);
	__free_pages(virt_to_page(segment), segment->order);
}

static void free_all(struct dipc_segment *segment)
{
	while (segment) {
		struct dipc_segment *next = segment->next;

		free_one(segment);
		segment = next;
	}
}

/* All that a pool keeps, to be freed when its lock is released. */
static struct dipc_segment *empty_locked(struct dipc_pool *pool)
{
	struct dipc_segment *all = NULL, *segment;
	int order;

	lockdep_assert_held(&pool->lock);
	if (!pool->bytes)
		return NULL;
	for (order = 0; order < DIPC_SEGMENT_ORDERS; order++) {
		while ((segment = pool->kept[order])) {
			pool->kept[order] = segment->next;
			segment->next = all;
			all = segment;
		}
	}
	dipc_user_uncharge(pool->user, DIPC_RES_BYTES, pool->bytes);
	atomic_long_sub(pool->bytes, &kept_bytes);
	pool->bytes = 0;
	return all;
}

static void unlist_locked(struct dipc_pool *pool)
{
	lockdep_assert_held(&pools_lock);
	list_del_init(&pool->node);
	n_pools--;
}

/* So that it can be found when it must be emptied. */
static void list_pool(struct dipc_pool *pool)
{
	bool listed = false;

	spin_lock_bh(&pools_lock);
	spin_lock(&pool->lock);
	if (pool->bytes && list_empty(&pool->node)) {
		list_add_tail(&pool->node, &pools);
		n_pools++;
		listed = true;
	}
	spin_unlock(&pool->lock);
	spin_unlock_bh(&pools_lock);
	if (listed)
		schedule_delayed_work(&age_work, POOL_IDLE);
}

/* Which pools to empty: those of a user, or of anybody; idle ones, or all. */
struct choice {
	const struct dipc_user	*user;		/* NULL: anybody */
	bool			idle;
	size_t			max_bytes;	/* enough */
};

static bool is_chosen(struct dipc_pool *pool, const struct choice *choice)
{
	if (!pool->bytes)
		return true;
	if (choice->user && choice->user != pool->user)
		return false;
	if (choice->idle && pool->used) {
		pool->used = false;
		return false;
	}
	return true;
}

/*
 * The oldest come first, and who is passed over becomes the newest: so each
 * is met once, although the lock is released in between.
 */
static size_t empty_pools(const struct choice *choice)
{
	struct dipc_segment *all;
	struct dipc_pool *pool;
	unsigned int left, held = 0;
	size_t bytes = 0;

	spin_lock_bh(&pools_lock);
	for (left = n_pools; left && bytes < choice->max_bytes; left--) {
		pool = list_first_entry_or_null(&pools, struct dipc_pool, node);
		if (!pool)
			break;
		all = NULL;
		spin_lock(&pool->lock);
		if (is_chosen(pool, choice)) {
			bytes += pool->bytes;
			all = empty_locked(pool);
			unlist_locked(pool);
		} else {
			list_move_tail(&pool->node, &pools);
		}
		spin_unlock(&pool->lock);
		if (!all && ++held < POOLS_BATCH)
			continue;
		held = 0;
		spin_unlock_bh(&pools_lock);
		free_all(all);
		cond_resched();
		spin_lock_bh(&pools_lock);
	}
	spin_unlock_bh(&pools_lock);
	return bytes;
}

static void age_pools(struct work_struct *work)
{
	const struct choice choice = { .idle = true, .max_bytes = SIZE_MAX };

	empty_pools(&choice);
	if (READ_ONCE(n_pools))
		schedule_delayed_work(&age_work, POOL_IDLE);
}

static unsigned long count_kept(struct shrinker *s, struct shrink_control *sc)
{
	return atomic_long_read(&kept_bytes) >> PAGE_SHIFT ?: SHRINK_EMPTY;
}

static unsigned long scan_kept(struct shrinker *s, struct shrink_control *sc)
{
	const struct choice choice = {
		.max_bytes = sc->nr_to_scan << PAGE_SHIFT,
	};

	return empty_pools(&choice) >> PAGE_SHIFT ?: SHRINK_STOP;
}

static size_t empty_pools_of(const struct dipc_user *user)
{
	const struct choice choice = { .user = user, .max_bytes = SIZE_MAX };

	return atomic_long_read(&kept_bytes) ? empty_pools(&choice) : 0;
}

/**
 * dipc_pool_charge() - charge a user for memory of messages
 * @user: who
 * @bytes: how much
 * @limits: the limits in force
 *
 * Kept blocks are given up first.
 *
 * Context: process; may sleep.
 * Return: whether the limit allowed it; if not, nothing is charged.
 */
bool dipc_pool_charge(struct dipc_user *user, size_t bytes,
		      const struct dipc_limits *limits)
{
	if (likely(dipc_user_charge(user, DIPC_RES_BYTES, bytes, limits)))
		return true;
	return empty_pools_of(user) &&
	       dipc_user_charge(user, DIPC_RES_BYTES, bytes, limits);
}

/* Make a pool that of this process; another one's blocks are given up. */
static void own(struct dipc_pool *pool, struct dipc_user *user, struct pid *pid)
{
	struct dipc_user *old_user;
	struct dipc_segment *all;
	struct pid *old_pid;

	if (likely(READ_ONCE(pool->user) == user &&
		   READ_ONCE(pool->pid) == pid))
		return;
	spin_lock_bh(&pool->lock);
	if (pool->closed) {
		spin_unlock_bh(&pool->lock);
		return;
	}
	all = empty_locked(pool);
	old_user = pool->user;
	old_pid = pool->pid;
	WRITE_ONCE(pool->user, dipc_user_get(user));
	WRITE_ONCE(pool->pid, get_pid(pid));
	spin_unlock_bh(&pool->lock);
	free_all(all);
	if (old_user)
		dipc_user_put(old_user);
	put_pid(old_pid);
}

static bool is_owned(const struct dipc_pool *pool, const struct dipc_user *user,
		     const struct pid *pid)
{
	return pool->user == user && pool->pid == pid;
}

/* A kept block, still charged; or NULL. */
static struct dipc_segment *take_kept(struct dipc_pool *pool, int order,
				      struct dipc_user *user, struct pid *pid)
{
	struct dipc_segment *segment = NULL;

	if (order < 0 || !READ_ONCE(pool->kept[order]))
		return NULL;
	spin_lock_bh(&pool->lock);
	if (is_owned(pool, user, pid)) {
		segment = pool->kept[order];
		if (segment) {
			WRITE_ONCE(pool->kept[order], segment->next);
			pool->bytes -= PAGE_SIZE << order;
			pool->used = true;
		}
	}
	spin_unlock_bh(&pool->lock);
	if (segment)
		atomic_long_sub(PAGE_SIZE << order, &kept_bytes);
	return segment;
}

static int fill(struct dipc_chain *chain, size_t left, size_t *reused,
		struct dipc_pool *pool, struct dipc_user *user, struct pid *pid)
{
	struct dipc_segment **tail = &chain->first;
	struct dipc_segment *segment;
	int top = TOP_ORDER, order;

	while (left) {
		order = order_for(left, top);
		segment = take_kept(pool, order, user, pid);
		if (segment) {
			*reused += PAGE_SIZE << order;
		} else {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
			segment = order < 0 ? alloc_small(left) :
					      alloc_pages_of(order);
		}
		if (!segment) {
			if (order > 0)
				top = order - 1;
			else if (!empty_pools_of(user))
				return -ENOMEM;
			continue;
		}
		segment->next = NULL;
		*tail = segment;
		tail = &segment->next;
		chain->bytes += segment->bytes;
		chain->truesize += size_of(segment);
		left -= min_t(size_t, left, segment->bytes);
	}
	return 0;
}

/* What was charged before is made what it must be. */
static int settle(struct dipc_user *user, size_t charged, size_t should,
		  const struct dipc_limits *limits)
{
	if (charged > should)
		dipc_user_uncharge(user, DIPC_RES_BYTES, charged - should);
	else if (charged < should &&
		 !dipc_pool_charge(user, should - charged, limits))
		return -ENOBUFS;
	return 0;
}

/**
 * dipc_chain_create() - get segments for payload
 * @chain: to be filled in
 * @bytes: how much room is needed
 * @pool: of the socket
 * @user: who sends, and has been charged for dipc_chain_truesize(@bytes);
 *	afterwards it is for chain->truesize, or if this fails, for nothing
 * @pid: the process that sends
 * @limits: the user limits in force
 *
 * Context: process; may sleep.
 * Return: 0; -ENOMEM without memory; -ENOBUFS if only smaller blocks are to
 * be had, and the user's limit does not allow for them; -EINTR if the task is
 * being killed.
 */
int dipc_chain_create(struct dipc_chain *chain, size_t bytes,
		      struct dipc_pool *pool, struct dipc_user *user,
		      struct pid *pid, const struct dipc_limits *limits)
{
	size_t charged = dipc_chain_truesize(bytes), reused = 0;
	int err;

	*chain = (struct dipc_chain) {};
	own(pool, user, pid);
	err = fill(chain, bytes, &reused, pool, user, pid);
	charged += reused;
	if (!err)
		err = settle(user, charged, chain->truesize, limits);
	if (err) {
		free_all(chain->first);
		chain->first = NULL;
		dipc_user_uncharge(user, DIPC_RES_BYTES, charged);
	}
	return err;
}

/* Keep what fits, from the first on; gives what is left to be freed. */
static struct dipc_segment *keep_locked(struct dipc_pool *pool,
					struct dipc_segment *first,
					size_t *kept)
{
	struct dipc_segment *segment;

	while ((segment = first) && segment->order >= 0) {
		size_t size = PAGE_SIZE << segment->order;

		if (pool->bytes + size > DIPC_POOL_MAX_BYTES)
			break;
		if (atomic_long_read(&kept_bytes) + size > kept_max_bytes)
			break;
		first = segment->next;
		segment->next = pool->kept[segment->order];
		WRITE_ONCE(pool->kept[segment->order], segment);
		atomic_long_add(size, &kept_bytes);
		pool->bytes += size;
		*kept += size;
	}
	return first;
}

/**
 * dipc_chain_destroy() - give segments up
 * @first: of the chain
 * @pool: of the socket that sent; may keep some of them
 * @user: who is charged for them
 * @pid: the process that sent
 * @kept: set to how much memory is kept; @user is still charged for that
 *
 * Context: any.
 * Return: memory that the chain took, also what is kept of it.
 */
size_t dipc_chain_destroy(struct dipc_segment *first, struct dipc_pool *pool,
			  const struct dipc_user *user, const struct pid *pid,
			  size_t *kept)
{
	struct dipc_segment *segment;
	size_t truesize;
	bool listed;

	*kept = 0;
	spin_lock_bh(&pool->lock);
	if (is_owned(pool, user, pid))
		first = keep_locked(pool, first, kept);
	pool->used = true;
	listed = !*kept || !list_empty(&pool->node);
	spin_unlock_bh(&pool->lock);
	if (!listed)
		list_pool(pool);

	truesize = *kept;
	for (segment = first; segment; segment = segment->next)
		truesize += size_of(segment);
	free_all(first);
	return truesize;
}

/**
 * dipc_pool_init() - prepare a pool
 * @pool: not yet used by anybody
 *
 * Context: any.
 */
void dipc_pool_init(struct dipc_pool *pool)
{
	memset(pool, 0, sizeof(*pool));
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->node);
}

/**
 * dipc_pool_close() - a socket is closed: give up what it keeps
 * @pool: its pool; chains may still be given to it, but it keeps none
 *
 * Context: process; may sleep.
 */
void dipc_pool_close(struct dipc_pool *pool)
{
	struct dipc_segment *all;
	struct dipc_user *user;
	struct pid *pid;

	spin_lock_bh(&pools_lock);
	spin_lock(&pool->lock);
	pool->closed = true;
	all = empty_locked(pool);
	user = pool->user;
	pid = pool->pid;
	/* nobody owns it from now on, so that it keeps nothing */
	WRITE_ONCE(pool->user, NULL);
	WRITE_ONCE(pool->pid, NULL);
	if (!list_empty(&pool->node))
		unlist_locked(pool);
	spin_unlock(&pool->lock);
	spin_unlock_bh(&pools_lock);

	free_all(all);
	if (user)
		dipc_user_put(user);
	put_pid(pid);
}

/**
 * dipc_segment_init() - prepare for pools to be used
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_segment_init(void)
{
	kept_max_bytes = (totalram_pages() << PAGE_SHIFT) / POOLS_PART;
	shrinker = shrinker_alloc(0, "dipc");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count_kept;
	shrinker->scan_objects = scan_kept;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

/**
 * dipc_segment_fini() - undo dipc_segment_init()
 *
 * Context: process, when all pools are closed.
 */
void dipc_segment_fini(void)
{
	cancel_delayed_work_sync(&age_work);
	shrinker_free(shrinker);
	WARN_ON_ONCE(atomic_long_read(&kept_bytes));
}
