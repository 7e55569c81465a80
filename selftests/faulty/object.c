// SPDX-License-Identifier: GPL-2.0
/*
 * Objects used out of turn: what the checks of lists, reference counts,
 * notifiers, of timers, work and RCU callbacks, and those of the network
 * look for.
 */
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/net_debug.h>
#include <net/net_namespace.h>

#include "faulty.h"

static void never(struct timer_list *timer)
{
}

static void timer_freed(void)
{
	struct timed { struct timer_list timer; } *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return;
	timer_setup(&p->timer, never, 0);
	mod_timer(&p->timer, jiffies + 1000 * HZ);
	kfree(p);
}

static void nothing_to_do(struct work_struct *work)
{
}

static void work_not_initialised(void)
{
	static struct lock_class_key key;
	struct work_struct *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	/* All that INIT_WORK() does, but for telling the checker. */
	atomic_long_set(&work->data, WORK_STRUCT_NO_POOL);
	lockdep_init_map(&work->lockdep_map, "work", &key, 0);
	INIT_LIST_HEAD(&work->entry);
	work->func = nothing_to_do;
	queue_work(system_wq, work);
	flush_work(work);
	kfree(work);
}

static void nothing_to_free(struct rcu_head *head)
{
}

static void rcu_head_twice(void)
{
	static struct rcu_head head;

	call_rcu(&head, nothing_to_free);
	call_rcu(&head, nothing_to_free);
	rcu_barrier();
}

static void refcount_underflow(void)
{
	refcount_t r = REFCOUNT_INIT(1);

	refcount_dec(&r);
	refcount_inc(&r);
}

static void list_added_twice(void)
{
	static struct list_head head = LIST_HEAD_INIT(head), node;

	list_add(&node, &head);
	list_add(&node, &head);
}

static void list_deleted_twice(void)
{
	static struct list_head head = LIST_HEAD_INIT(head), node;

	list_add(&node, &head);
	list_del(&node);
	list_del(&node);
}

static void notifier_in_data(void)
{
	static RAW_NOTIFIER_HEAD(chain);
	static struct notifier_block block;

	block.notifier_call = (notifier_fn_t)(void *)&block;
	raw_notifier_chain_register(&chain, &block);
	raw_notifier_call_chain(&chain, 0, NULL);
}

static void netns_put_twice(void)
{
	netns_tracker tracker;

	netns_tracker_alloc(&init_net, &tracker, GFP_KERNEL);
	netns_tracker_free(&init_net, &tracker);
	netns_tracker_free(&init_net, &tracker);
}

static void netdev_put_twice(void)
{
	netdevice_tracker tracker;
	struct net_device *lo = init_net.loopback_dev;

	netdev_hold(lo, &tracker, GFP_KERNEL);
	netdev_put(lo, &tracker);
	dev_hold(lo);
	netdev_put(lo, &tracker);
}

static void net_warning(void)
{
	DEBUG_NET_WARN_ON_ONCE(four);
}

const struct fault object_faults[] = {
	FAULT(timer_freed),
	FAULT(work_not_initialised),
	FAULT(rcu_head_twice),
	FAULT(refcount_underflow),
	FAULT(list_added_twice),
	FAULT(list_deleted_twice),
	FAULT(notifier_in_data),
	FAULT(netns_put_twice),
	FAULT(netdev_put_twice),
	FAULT(net_warning),
	{}
};
