// SPDX-License-Identifier: GPL-2.0
/*
 * Faults with memory and values: what KASAN, kmemleak and UBSAN look for.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "faulty.h"

static int small[4];

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

static void invalid_free(void)
{
	char *p = kmalloc(hundred, GFP_KERNEL);

	kept = p + 8;
	kfree(kept);
	kfree(p);
}

static void page_use_after_free(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	free_page(page);
	if (page)
		WRITE_ONCE(*(char *)page, 1);
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

static void ubsan_index(void)
{
	kept = (void *)(long)small[four];
}

static void ubsan_shift(void)
{
	kept = (void *)(long)(1 << hundred);
}

static void ubsan_bool(void)
{
	bool b;

	memset(&b, hundred, sizeof(b));
	kept = *(volatile bool *)&b ? &small : NULL;
}

const struct fault memory_faults[] = {
	FAULT(slab_out_of_bounds),
	FAULT(use_after_free),
	FAULT(double_free),
	FAULT(invalid_free),
	FAULT(page_use_after_free),
	FAULT(vmalloc_out_of_bounds),
	FAULT(stack_out_of_bounds),
	FAULT(global_out_of_bounds),
	FAULT(leak),
	FAULT(ubsan_index),
	FAULT(ubsan_shift),
	FAULT(ubsan_bool),
	{}
};
