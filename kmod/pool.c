// SPDX-License-Identifier: GPL-2.0
/*
 * Keeping segments and objects and giving them out again, the list of all
 * pools, and the ways in which they are emptied.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pool.h"

/* All pools together keep about this part of the machine's memory. */
#define POOLS_PART	64
/* A pool that was not used for once to twice this is emptied. */
#define POOL_IDLE	(2 * HZ)
/* So many objects are counted together; a power of 2. */
#define OBJECTS_LOT	32
/* How many pools are looked at in one hold of the lock. */
#define POOLS_BATCH	32

static_assert(!(DIPC_POOL_MAX_OBJECTS % OBJECTS_LOT));

static DEFINE_SPINLOCK(pools_lock);
static DEFINE_MUTEX(empty_lock);	/* who empties many; outside of the others */
static LIST_HEAD(pools);		/* some of them are empty by now */
static unsigned int n_pools;		/* in that list */
static struct percpu_counter kept_bytes;	/* of all pools, see lots_of() */
static s64 kept_max_bytes;
static struct shrinker *shrinker;
static struct kmem_cache *object_cache;
static size_t object_offset;		/* of the struct dipc_kept in one */
static size_t object_bytes;		/* charged for one */

static void age_pools(struct work_struct *work);
static DECLARE_DELAYED_WORK(age_work, age_pools);

static void count_kept(s64 bytes)
{
	/* the limit for all is a rough one: other CPUs are not asked */
	percpu_counter_add_batch(&kept_bytes, bytes, DIPC_POOL_MAX_BYTES / 4);
}

/*
 * What all pools keep may be a little more: the objects are counted in lots, so
 * that a message seldom has to, and the first lot of a pool is not, so that who
 * sends one message at a time never has to.
 */
static size_t lots_of(unsigned int n_objects)
{
	return n_objects ? (n_objects - 1) / OBJECTS_LOT : 0;
}

static size_t lot_bytes(void)
{
	return OBJECTS_LOT * object_bytes;
}

/* What is to be freed when a pool's lock is released. */
struct waste {
	struct dipc_segment	*segments;
	struct dipc_kept	*objects;
};

static void dispose(const struct waste *waste)
{
	struct dipc_kept *object = waste->objects, *next;

	dipc_segment_destroy_all(waste->segments);
	for (; object; object = next) {
		next = object->next;
		kmem_cache_free(object_cache, (void *)object - object_offset);
	}
}

static bool is_empty(const struct dipc_pool *pool)
{
	return !pool->bytes && !pool->n_objects;
}

static struct dipc_segment *empty_of_segments_locked(struct dipc_pool *pool)
{
	struct dipc_segment *all = NULL, *segment;
	int i;

	lockdep_assert_held(&pool->lock);
	if (!pool->bytes)
		return NULL;
	for (i = 0; i < DIPC_SEGMENT_SIZES; i++) {
		while ((segment = pool->kept[i])) {
			WRITE_ONCE(pool->kept[i], segment->next);
			segment->next = all;
			all = segment;
		}
	}
	dipc_user_uncharge(pool->user, DIPC_RES_BYTES, pool->bytes);
	count_kept(-(s64)pool->bytes);
	pool->bytes = 0;
	pool->n_segments = 0;
	return all;
}

/* All that a pool keeps; how many bytes that is. */
static size_t empty_locked(struct dipc_pool *pool, struct waste *waste)
{
	size_t beside = pool->n_objects * object_bytes;
	size_t bytes = pool->bytes + beside;

	count_kept(-(s64)(lots_of(pool->n_objects) * lot_bytes()));

	waste->segments = empty_of_segments_locked(pool);
	waste->objects = pool->objects;
	if (beside)
		dipc_user_uncharge(pool->user, DIPC_RES_BYTES, beside);
	WRITE_ONCE(pool->objects, NULL);
	pool->n_objects = 0;
	return bytes;
}

static void unlist_locked(struct dipc_pool *pool)
{
	lockdep_assert_held(&pools_lock);
	list_del_init(&pool->node);
	WRITE_ONCE(n_pools, n_pools - 1);
}

/* So that it can be found when it is to be emptied. */
static void list_pool(struct dipc_pool *pool)
{
	bool listed = false;

	spin_lock_bh(&pools_lock);
	spin_lock(&pool->lock);
	if (!is_empty(pool) && list_empty(&pool->node)) {
		list_add_tail(&pool->node, &pools);
		WRITE_ONCE(n_pools, n_pools + 1);
		listed = true;
	}
	spin_unlock(&pool->lock);
	spin_unlock_bh(&pools_lock);
	if (listed)
		schedule_delayed_work(&age_work, POOL_IDLE);
}

/* Which pools to empty. */
struct choice {
	const struct dipc_user	*user;		/* NULL: anybody's */
	bool			idle;		/* only those */
	size_t			max_bytes;	/* until this much is free */
};

static bool is_chosen(struct dipc_pool *pool, const struct choice *choice)
{
	if (is_empty(pool))
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
 * The first in the list is looked at and leaves it, or becomes the last: so
 * each is met once, although the lock is released in between. For one at a
 * time: of two, one would turn to the end what the other has not met yet.
 */
static size_t empty_pools_locked(const struct choice *choice)
{
	unsigned int left, held = 0;
	struct dipc_pool *pool;
	size_t bytes = 0;

	spin_lock_bh(&pools_lock);
	for (left = n_pools; left && bytes < choice->max_bytes; left--) {
		struct waste waste = {};

		pool = list_first_entry_or_null(&pools, struct dipc_pool, node);
		if (!pool)
			break;
		spin_lock(&pool->lock);
		if (is_chosen(pool, choice)) {
			bytes += empty_locked(pool, &waste);
			unlist_locked(pool);
		} else {
			list_move_tail(&pool->node, &pools);
		}
		spin_unlock(&pool->lock);
		if (!waste.segments && !waste.objects && ++held < POOLS_BATCH)
			continue;
		held = 0;
		spin_unlock_bh(&pools_lock);
		dispose(&waste);
		cond_resched();
		spin_lock_bh(&pools_lock);
	}
	spin_unlock_bh(&pools_lock);
	return bytes;
}

static size_t empty_pools(const struct choice *choice)
{
	size_t bytes;

	/* others may be many; who is killed needs no memory */
	if (mutex_lock_killable(&empty_lock))
		return 0;
	bytes = empty_pools_locked(choice);
	mutex_unlock(&empty_lock);
	return bytes;
}

static void age_pools(struct work_struct *work)
{
	const struct choice choice = { .idle = true, .max_bytes = SIZE_MAX };

	empty_pools(&choice);
	if (READ_ONCE(n_pools))
		schedule_delayed_work(&age_work, POOL_IDLE);
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	/* about a page of objects in each */
	return (percpu_counter_sum_positive(&kept_bytes) >> PAGE_SHIFT) +
	       READ_ONCE(n_pools);
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	const struct choice choice = {
		.max_bytes = sc->nr_to_scan << PAGE_SHIFT,
	};
	size_t bytes;

	/* somebody is at it */
	if (!mutex_trylock(&empty_lock))
		return SHRINK_STOP;
	bytes = empty_pools_locked(&choice);
	mutex_unlock(&empty_lock);
	return bytes >> PAGE_SHIFT ?: SHRINK_STOP;
}

/**
 * dipc_pools_empty() - give up what all sockets keep for a user
 * @user: who
 *
 * Context: process; may sleep.
 * Return: whether there was anything.
 */
bool dipc_pools_empty(const struct dipc_user *user)
{
	const struct choice choice = { .user = user, .max_bytes = SIZE_MAX };

	return READ_ONCE(n_pools) && empty_pools(&choice);
}

/**
 * dipc_pools_charge() - charge a user for memory of messages
 * @user: who
 * @bytes: how much
 * @limits: the limits in force
 *
 * If the limit is reached, what is kept for the user is given up first.
 *
 * Context: process; may sleep.
 * Return: whether the limit allowed it; if not, nothing is charged.
 */
bool dipc_pools_charge(struct dipc_user *user, size_t bytes,
		       const struct dipc_limits *limits)
{
	if (likely(dipc_user_charge(user, DIPC_RES_BYTES, bytes, limits)))
		return true;
	/* if there is nothing, another one may just have given it up */
	dipc_pools_empty(user);
	return dipc_user_charge(user, DIPC_RES_BYTES, bytes, limits);
}

/**
 * dipc_pool_own() - a process is about to send through a pool's socket
 * @pool: becomes its pool; what it keeps for another one is given up
 * @user: who pays
 * @pid: the process
 *
 * Context: process; may sleep.
 */
void dipc_pool_own(struct dipc_pool *pool, struct dipc_user *user,
		   struct pid *pid)
{
	struct dipc_user *old_user;
	struct pid *old_pid;
	struct waste waste;

	/* who takes or keeps looks again under the lock */
	if (likely(READ_ONCE(pool->user) == user &&
		   READ_ONCE(pool->pid) == pid))
		return;
	spin_lock_bh(&pool->lock);
	if (pool->closed) {
		spin_unlock_bh(&pool->lock);
		return;
	}
	empty_locked(pool, &waste);
	old_user = pool->user;
	old_pid = pool->pid;
	WRITE_ONCE(pool->user, dipc_user_get(user));
	WRITE_ONCE(pool->pid, get_pid(pid));
	spin_unlock_bh(&pool->lock);

	dispose(&waste);
	if (old_user)
		dipc_user_put(old_user);
	put_pid(old_pid);
}

/**
 * dipc_pool_claim() - a process has found no object in a pool
 * @pool: becomes its pool, unless it keeps something for another one
 * @user: who pays
 * @pid: the process
 *
 * As long as several processes send small messages through a socket in turn,
 * the pool stays with one of them: to empty it each time would cost more than
 * it saves.
 *
 * Context: process; may sleep.
 */
void dipc_pool_claim(struct dipc_pool *pool, struct dipc_user *user,
		     struct pid *pid)
{
	/* a glance: at worst it is emptied once too often, or not yet owned */
	if (!READ_ONCE(pool->objects) && !data_race(pool->bytes))
		dipc_pool_own(pool, user, pid);
}

static bool is_owned(const struct dipc_pool *pool, const struct dipc_user *user,
		     const struct pid *pid)
{
	return pool->user == user && pool->pid == pid;
}

/**
 * dipc_pool_take() - take a segment that is kept
 * @pool: of the socket
 * @index: of its size
 * @user: who sends; is charged for it already
 * @pid: the process that sends
 *
 * Context: any.
 * Return: the segment, or NULL if there is none of that size.
 */
struct dipc_segment *dipc_pool_take(struct dipc_pool *pool, unsigned int index,
				    const struct dipc_user *user,
				    const struct pid *pid)
{
	struct dipc_segment *segment = NULL;

	if (!READ_ONCE(pool->kept[index]))
		return NULL;
	spin_lock_bh(&pool->lock);
	if (is_owned(pool, user, pid))
		segment = pool->kept[index];
	if (segment) {
		WRITE_ONCE(pool->kept[index], segment->next);
		pool->bytes -= dipc_segment_size(index);
		pool->n_segments--;
		pool->used = true;
		count_kept(-(s64)dipc_segment_size(index));
	}
	spin_unlock_bh(&pool->lock);
	return segment;
}

/* If so, one more is, or was, the first of a lot that is counted. */
static bool fills_lots(unsigned int n_objects)
{
	return unlikely(n_objects && !(n_objects % OBJECTS_LOT));
}

/* With the pool's lock held; the first of a lot is let in for all of it. */
static bool has_room_for_object(const struct dipc_pool *pool)
{
	if (likely(!fills_lots(pool->n_objects)))
		return true;
	if (pool->n_objects >= DIPC_POOL_MAX_OBJECTS ||
	    percpu_counter_read(&kept_bytes) >= kept_max_bytes)
		return false;
	count_kept(lot_bytes());
	return true;
}

/**
 * dipc_pool_take_object() - take an object that is kept
 * @pool: of the socket
 * @user: who sends; is charged for it already
 * @pid: the process that sends
 *
 * Context: any.
 * Return: the object, or NULL if there is none.
 */
struct dipc_kept *dipc_pool_take_object(struct dipc_pool *pool,
					const struct dipc_user *user,
					const struct pid *pid)
{
	struct dipc_kept *object = NULL;

	if (!READ_ONCE(pool->objects))
		return NULL;
	spin_lock_bh(&pool->lock);
	if (is_owned(pool, user, pid))
		object = pool->objects;
	if (object) {
		WRITE_ONCE(pool->objects, object->next);
		if (fills_lots(--pool->n_objects))
			count_kept(-(s64)lot_bytes());
	}
	spin_unlock_bh(&pool->lock);
	return object;
}

/**
 * dipc_pool_keep_object() - keep the object that a message was
 * @pool: of the socket that sent it
 * @object: of the cache that was given to dipc_pools_init()
 * @user: who is charged for it, and goes on to be if it is kept
 * @pid: the process that sent it
 *
 * Context: any.
 * Return: whether it is kept; if not, it is still the caller's.
 */
bool dipc_pool_keep_object(struct dipc_pool *pool, struct dipc_kept *object,
			   const struct dipc_user *user,
			   const struct pid *pid)
{
	bool is_kept, is_listed = true;

	spin_lock_bh(&pool->lock);
	is_kept = is_owned(pool, user, pid) && has_room_for_object(pool);
	if (likely(is_kept)) {
		object->next = pool->objects;
		WRITE_ONCE(pool->objects, object);
		pool->n_objects++;
		pool->used = true;
		is_listed = !list_empty(&pool->node);
	}
	spin_unlock_bh(&pool->lock);
	if (unlikely(!is_listed))
		list_pool(pool);
	return is_kept;
}

static bool has_room(const struct dipc_pool *pool, size_t size)
{
	return pool->bytes + size <= DIPC_POOL_MAX_BYTES &&
	       pool->n_segments < DIPC_POOL_MAX_SEGMENTS &&
	       percpu_counter_read(&kept_bytes) < kept_max_bytes;
}

/**
 * dipc_pool_keep() - keep segments of a message that is gone
 * @pool: of the socket that sent it
 * @first: of the segments, linked by next
 * @user: who is charged for them, and goes on to be for those that are kept
 * @pid: the process that sent it
 * @kept: set to how much memory is kept
 *
 * Context: any.
 * Return: the first one that is not kept, with the rest behind it; or NULL.
 */
struct dipc_segment *dipc_pool_keep(struct dipc_pool *pool,
				    struct dipc_segment *first,
				    const struct dipc_user *user,
				    const struct pid *pid, size_t *kept)
{
	struct dipc_segment *segment = first, *displaced = NULL, *next;
	bool listed;
	size_t size;

	*kept = 0;
	spin_lock_bh(&pool->lock);
	if (!is_owned(pool, user, pid)) {
		spin_unlock_bh(&pool->lock);
		return first;
	}
	/* full, but of other sizes: those are not what is sent now */
	if (!has_room(pool, dipc_segment_size(first->index)) &&
	    !pool->kept[first->index])
		displaced = empty_of_segments_locked(pool);
	for (; segment; segment = next) {
		size = dipc_segment_size(segment->index);
		if (!has_room(pool, size))
			break;
		next = segment->next;
		segment->next = pool->kept[segment->index];
		WRITE_ONCE(pool->kept[segment->index], segment);
		pool->bytes += size;
		pool->n_segments++;
		*kept += size;
	}
	count_kept(*kept);
	pool->used = true;
	listed = !*kept || !list_empty(&pool->node);
	spin_unlock_bh(&pool->lock);
	if (!listed)
		list_pool(pool);
	dipc_segment_destroy_all(displaced);
	return segment;
}

/**
 * dipc_pool_init() - prepare a pool
 * @pool: all 0
 *
 * Context: any.
 */
void dipc_pool_init(struct dipc_pool *pool)
{
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->node);
}

/**
 * dipc_pool_close() - a socket is closed: give up what it keeps
 * @pool: its pool; whoever still gives to it keeps nothing there
 *
 * Context: process; may sleep.
 */
void dipc_pool_close(struct dipc_pool *pool)
{
	struct dipc_user *user;
	struct waste waste;
	struct pid *pid;

	spin_lock_bh(&pools_lock);
	spin_lock(&pool->lock);
	empty_locked(pool, &waste);
	user = pool->user;
	pid = pool->pid;
	/* nobody owns it from now on, so that nothing is kept */
	pool->closed = true;
	WRITE_ONCE(pool->user, NULL);
	WRITE_ONCE(pool->pid, NULL);
	if (!list_empty(&pool->node))
		unlist_locked(pool);
	spin_unlock(&pool->lock);
	spin_unlock_bh(&pools_lock);

	dispose(&waste);
	if (user)
		dipc_user_put(user);
	put_pid(pid);
}

/**
 * dipc_pools_init() - prepare for pools to be used
 * @cache: of the objects that they are to keep
 * @offset: of the struct dipc_kept in an object
 * @bytes: what a user is charged for an object
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_pools_init(struct kmem_cache *cache, size_t offset, size_t bytes)
{
	int err;

	object_cache = cache;
	object_offset = offset;
	object_bytes = bytes;

	kept_max_bytes = (totalram_pages() << PAGE_SHIFT) / POOLS_PART;
	err = percpu_counter_init(&kept_bytes, 0, GFP_KERNEL);
	if (err)
		return err;
	shrinker = shrinker_alloc(0, "dipc");
	if (!shrinker) {
		err = -ENOMEM;
		goto err_shrinker;
	}
	shrinker->count_objects = shrink_count;
	shrinker->scan_objects = shrink_scan;
	shrinker->seeks = DEFAULT_SEEKS;
	err = dipc_shrinker_register(shrinker);
	if (err)
		goto err_register;
	return 0;

err_register:
	shrinker_free(shrinker);
err_shrinker:
	percpu_counter_destroy(&kept_bytes);
	return err;
}

/**
 * dipc_pools_fini() - undo dipc_pools_init()
 *
 * Context: process, when all pools are closed.
 */
void dipc_pools_fini(void)
{
	shrinker_free(shrinker);
	cancel_delayed_work_sync(&age_work);
	WARN_ON_ONCE(percpu_counter_sum(&kept_bytes));
	percpu_counter_destroy(&kept_bytes);
}
