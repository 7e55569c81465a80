// SPDX-License-Identifier: GPL-2.0
/*
 * Things done where they must not be done: what lockdep, RCU's checks and
 * those of preemption and sleep look for.
 */
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "faulty.h"

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_MUTEX(mutex);
static LIST_HEAD(rcu_list);

static void lock_order(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static void rcu_dereference_outside(void)
{
	static void __rcu *pointer;

	kept = rcu_dereference(pointer);
}

static void rcu_list_outside(void)
{
	struct { struct list_head node; } *pos;

	list_for_each_entry_rcu(pos, &rcu_list, node)
		cpu_relax();
}

static void sleep_in_atomic(void)
{
	spin_lock(&lock_a);
	might_sleep();
	spin_unlock(&lock_a);
}

static void sleep_in_rcu(void)
{
	rcu_read_lock();
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	rcu_read_unlock();
}

static void schedule_in_atomic(void)
{
	preempt_disable();
	schedule();
	/* with its report the kernel has forgotten that */
	if (preempt_count())
		preempt_enable();
}

static void smp_processor_id_preemptible(void)
{
	four += 0 * smp_processor_id();
}

const struct fault context_faults[] = {
	FAULT(lock_order),
	FAULT(rcu_dereference_outside),
	FAULT(rcu_list_outside),
	FAULT(sleep_in_atomic),
	FAULT(sleep_in_rcu),
	FAULT(schedule_in_atomic),
	FAULT(smp_processor_id_preemptible),
	{}
};
