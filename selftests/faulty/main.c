// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate faults, one for each checker of the kernels that are built here:
 * that a checker is silent about dipc means something only if it can be seen
 * to speak. Write the name of a fault to
 * /sys/module/dipc_faulty/parameters/fault; "leak_at_exit" waits for the end.
 * Some faults leave the kernel unsound: for a guest that ends soon after.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "faulty.h"

volatile int four = 4;
volatile int hundred = 100;
void *volatile kept;

static bool leaks_at_exit;

static void leak_at_exit(void)
{
	leaks_at_exit = true;
}

static const struct fault own_faults[] = {
	FAULT(leak_at_exit),
	{}
};

static const struct fault *const tables[] = {
	own_faults, memory_faults, context_faults, object_faults,
	stall_faults, injected_faults, race_faults,
};

static int fault_set(const char *val, const struct kernel_param *kp)
{
	const struct fault *f;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (f = tables[i]; f->name; f++) {
			if (!sysfs_streq(val, f->name))
				continue;
			f->commit();
			return 0;
		}
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = fault_set };
module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "the fault to commit, by name");

static int __init faulty_init(void)
{
	return 0;
}

static void __exit faulty_exit(void)
{
	if (leaks_at_exit)
		kept = kmalloc(hundred, GFP_KERNEL);
	kept = NULL;
}

module_init(faulty_init);
module_exit(faulty_exit);

MODULE_DESCRIPTION("Deliberate faults for the checkers of a debug kernel");
MODULE_LICENSE("GPL");
