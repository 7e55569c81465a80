// SPDX-License-Identifier: GPL-2.0
/*
 * A task or a processor that does not go on: what the detectors of hung tasks,
 * lockups and stalls of RCU look for, whose limits the caller has lowered.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "faulty.h"

static void task_hangs(void)
{
	schedule_timeout_uninterruptible(6 * HZ);
}

static void cpu_hangs(void)
{
	preempt_disable();
	mdelay(6000);
	preempt_enable();
}

static void rcu_hangs(void)
{
	rcu_read_lock();
	mdelay(8000);
	rcu_read_unlock();
}

static void hang_worker(struct work_struct *work)
{
	mdelay(6000);
}

static void next_work(struct work_struct *work)
{
}

static void worker_hangs(void)
{
	static DECLARE_WORK(first, hang_worker);
	static DECLARE_WORK(second, next_work);

	queue_work_on(0, system_wq, &first);
	queue_work_on(0, system_wq, &second);
	flush_work(&second);
}

const struct fault stall_faults[] = {
	FAULT(task_hangs),
	FAULT(cpu_hangs),
	FAULT(rcu_hangs),
	FAULT(worker_hangs),
	{}
};
