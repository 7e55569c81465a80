// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate faults, one for each checker of the debug kernel: that a checker
 * is silent about dipc means something only if it can be seen to speak.
 * Write the name of a fault to /sys/module/dipc_faulty/parameters/fault.
 * Some faults leave the kernel unsound: for a guest that ends soon after.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

/* Values that the compiler must not know. */
static volatile int four = 4;
static volatile int hundred = 100;
static int small[4];
static void *volatile kept;

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_MUTEX(mutex);
static LIST_HEAD(rcu_list);

static void slab_out_of_bounds(void)
{
	char *p = kmalloc(hundred, GFP_KERNEL);

	if (p)
		WRITE_ONCE(p[hundred], 1);
	kfree(p);
}

static void use_after_free(void)
{
	char *p = kmalloc(hundred, GFP_KERNEL);

	kfree(p);
	if (p)
		WRITE_ONCE(p[8], 1);
}

static void double_free(void)
{
	char *p = kmalloc(hundred, GFP_KERNEL);

	kept = p;
	kfree(p);
	kfree(kept);
}

static void vmalloc_out_of_bounds(void)
{
	char *p = vmalloc(hundred);

	if (p)
		WRITE_ONCE(p[hundred], 1);
	vfree(p);
}

static void stack_out_of_bounds(void)
{
	char here[16];
	char *volatile p = here;

	WRITE_ONCE(p[four * 4 + 1], 1);
}

static void global_out_of_bounds(void)
{
	int *volatile p = small;

	WRITE_ONCE(p[four], 1);
}

static void leak(void)
{
	kept = kmalloc(hundred, GFP_KERNEL);
	kept = NULL;
}

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

static void smp_processor_id_preemptible(void)
{
	four += 0 * smp_processor_id();
}

static void never(struct timer_list *timer)
{
}

static void object_freed_active(void)
{
	struct timed { struct timer_list timer; } *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return;
	timer_setup(&p->timer, never, 0);
	mod_timer(&p->timer, jiffies + 1000 * HZ);
	kfree(p);
}

static void ubsan_index(void)
{
	kept = (void *)(long)small[four];
}

static void ubsan_shift(void)
{
	kept = (void *)(long)(1 << hundred);
}

static void refcount_underflow(void)
{
	refcount_t r = REFCOUNT_INIT(1);

	refcount_dec(&r);
	refcount_inc(&r);
}

static void list_corrupt(void)
{
	static struct list_head head = LIST_HEAD_INIT(head), node;

	list_add(&node, &head);
	list_add(&node, &head);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
#define FAULT(f) { #f, f }
	FAULT(slab_out_of_bounds),
	FAULT(use_after_free),
	FAULT(double_free),
	FAULT(vmalloc_out_of_bounds),
	FAULT(stack_out_of_bounds),
	FAULT(global_out_of_bounds),
	FAULT(leak),
	FAULT(lock_order),
	FAULT(rcu_dereference_outside),
	FAULT(rcu_list_outside),
	FAULT(sleep_in_atomic),
	FAULT(sleep_in_rcu),
	FAULT(smp_processor_id_preemptible),
	FAULT(object_freed_active),
	FAULT(ubsan_index),
	FAULT(ubsan_shift),
	FAULT(refcount_underflow),
	FAULT(list_corrupt),
};

static int fault_set(const char *val, const struct kernel_param *kp)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(val, faults[i].name))
			continue;
		faults[i].commit();
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = fault_set };
module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "the fault to commit, by name");

MODULE_DESCRIPTION("Deliberate faults for the checkers of a debug kernel");
MODULE_LICENSE("GPL");
