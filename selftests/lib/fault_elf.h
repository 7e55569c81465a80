/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's object file says: which functions of the kernel it calls,
 * and from where.
 */
#ifndef DIPC_TEST_FAULT_ELF_H
#define DIPC_TEST_FAULT_ELF_H

#include "fault.h"

/* One call of a function of the kernel. */
struct fault_call {
	char site[FAULT_SITE_MAX];	/* as in a stack: function+offset */
	char text[FAULT_SITE_MAX];	/* the same, from its section */
	const char *callee;
	bool is_init;			/* gone once the module is loaded */
	bool returns;			/* no jump as the last thing */
};

typedef void (*fault_call_fn)(const struct fault_call *call, void *arg);
typedef void (*fault_symbol_fn)(const char *symbol, void *arg);

/* 0 or -errno */
int fault_elf_open(const char *path);
void fault_elf_calls(fault_call_fn fn, void *arg);
void fault_elf_needs(fault_symbol_fn fn, void *arg);

#endif /* DIPC_TEST_FAULT_ELF_H */
