// SPDX-License-Identifier: GPL-2.0
/*
 * A task or a processor that does not go on: what the detectors of hung tasks,
 * lockups and stalls of RCU look for, whose limits the caller has lowered. Most
 * look from time to time, two or three times before they speak, and a processor
 * may be held up for seconds meanwhile: so all lasts a multiple of the limit.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/processor.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "faulty.h"

/*
 * By both clocks: some detectors look at the one and some at the other, and
 * jiffies fall behind where the machine below has other things to do. mdelay()
 * may count loops, and how many they are was found out at boot.
 */
static void spin(unsigned int ms)
{
	ktime_t end = ktime_add_ms(ktime_get(), ms);
	unsigned long last = jiffies + msecs_to_jiffies(ms);

	while (ktime_before(ktime_get(), end) || time_before(jiffies, last))
		cpu_relax();
}

static void task_hangs(void)
{
	schedule_timeout_uninterruptible(20 * HZ);
}

static void cpu_hangs(void)
{
	preempt_disable();
	spin(6000);
	preempt_enable();
}

/*
 * A grace period has the limit that was in force when it began. So what was
 * under way before the limit was lowered is waited for, and one is begun for
 * sure, be it a moment later. To the limit, 3 s at least, PROVE_RCU adds 5.
 */
static void rcu_hangs(void)
{
	synchronize_rcu();
	rcu_read_lock();
	start_poll_synchronize_rcu();
	spin(16000);
	rcu_read_unlock();
}

static void hang_worker(struct work_struct *work)
{
	spin(16000);
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
