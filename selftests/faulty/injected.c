// SPDX-License-Identifier: GPL-2.0
/*
 * No faults of ours, but of those that the kernel is told to have: an
 * allocation, a copy, a function that fails on demand. Says what has failed.
 */
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "faulty.h"

static void fail_next(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

static void tell(const char *what, bool failed)
{
	fail_next(0);
	pr_info("dipc_faulty: %s %s\n", what, failed ? "failed" : "did not fail");
}

static void fail_slab(void)
{
	void *p;

	fail_next(1);
	p = kmalloc(hundred, GFP_KERNEL);
	tell("kmalloc", !p);
	kfree(p);
}

static void fail_page(void)
{
	unsigned long page;

	fail_next(1);
	page = __get_free_page(GFP_KERNEL);
	tell("get_free_page", !page);
	free_page(page);
}

static void fail_copy(void)
{
	unsigned long from = current->mm->start_stack;
	char c;

	fail_next(1);
	tell("copy_from_user", copy_from_user(&c, (void __user *)from, 1));
}

/* Which the caller has asked to fail. */
static noinline int dipc_faulty_step(void)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(dipc_faulty_step, ERRNO);

static void fail_call(void)
{
	tell("a function", dipc_faulty_step());
}

const struct fault injected_faults[] = {
	FAULT(fail_slab),
	FAULT(fail_page),
	FAULT(fail_copy),
	FAULT(fail_call),
	{}
};
