// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads and one variable: what KCSAN looks for, and what it must not
 * complain of.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "faulty.h"

#define RACE_FOR	(3 * HZ)

static unsigned int shared;
static unsigned char bytes[128];

static void count_plainly(void)
{
	shared++;
	barrier();
}

static void count_marked(void)
{
	WRITE_ONCE(shared, READ_ONCE(shared) + 1);
}

/* By what is not compiled with KCSAN: only that it changes can be seen. */
static void write_unseen(void)
{
	static unsigned char value;

	memset(bytes, value++, hundred);
}

static void read_plainly(void)
{
	kept = (void *)(long)bytes[four];
	barrier();
}

static int go_on(void *step)
{
	while (!kthread_should_stop()) {
		((void (*)(void))step)();
		cond_resched();
	}
	return 0;
}

static void race(void (*one)(void), void (*other)(void))
{
	unsigned long end = jiffies + RACE_FOR;
	struct task_struct *task = kthread_run(go_on, other, "faulty");

	if (IS_ERR(task))
		return;
	while (time_before(jiffies, end)) {
		one();
		cond_resched();
	}
	kthread_stop(task);
}

static void plain_data_race(void)
{
	race(count_plainly, count_plainly);
}

static void half_marked_data_race(void)
{
	race(count_plainly, count_marked);
}

static void unseen_data_race(void)
{
	race(read_plainly, write_unseen);
}

static void no_data_race(void)
{
	race(count_marked, count_marked);
}

const struct fault race_faults[] = {
	FAULT(plain_data_race),
	FAULT(half_marked_data_race),
	FAULT(unseen_data_race),
	FAULT(no_data_race),
	{}
};
