// SPDX-License-Identifier: GPL-2.0
/*
 * The limits under /proc/sys/net/dipc, one set for each network namespace.
 * A user's account is one for the whole machine, so a namespace other than
 * the first may only lower what the first allows.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "net.h"
#include "sysctl.h"

static int set_limit(dipc_ctl_table *ctl, int write, void *buffer, size_t *len,
		     loff_t *pos)
{
	const struct dipc_limits *limits = ctl->extra1;
	unsigned long *limit = ctl->data;
	unsigned long value = READ_ONCE(*limit);
	struct ctl_table copy = { .data = &value, .maxlen = sizeof(value) };
	int err;

	err = proc_doulongvec_minmax(&copy, write, buffer, len, pos);
	if (err || !write)
		return err;
	if (limits->first &&
	    value > READ_ONCE(limits->first->max[limit - limits->max]))
		return -EINVAL;
	WRITE_ONCE(*limit, value);
	return 0;
}

static const char *const names[DIPC_RES_COUNT] = {
	[DIPC_RES_BYTES]	= "user_max_bytes",
	[DIPC_RES_PORTS]	= "user_max_ports",
	[DIPC_RES_NAMES]	= "user_max_names",
	[DIPC_RES_MAILBOXES]	= "user_max_mailboxes",
	[DIPC_RES_FILES]	= "user_max_files",
};

/**
 * dipc_sysctl_init() - show the limits of a namespace
 * @dn: the node
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int dipc_sysctl_init(struct dipc_net *dn)
{
	struct ctl_table *table;
	int i;

	table = kcalloc(DIPC_RES_COUNT + DIPC_SYSCTL_END, sizeof(*table),
			GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < DIPC_RES_COUNT; i++) {
		table[i].procname = names[i];
		table[i].data = &dn->limits.max[i];
		table[i].maxlen = sizeof(dn->limits.max[i]);
		table[i].mode = 0644;
		table[i].proc_handler = set_limit;
		table[i].extra1 = &dn->limits;
	}
	dn->sysctl = register_net_sysctl_sz(dn->net, "net/dipc", table,
					    DIPC_RES_COUNT);
	if (!dn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * dipc_sysctl_fini() - undo dipc_sysctl_init()
 * @dn: the node
 *
 * Context: process; may sleep.
 */
void dipc_sysctl_fini(struct dipc_net *dn)
{
	const struct ctl_table *table = dn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(dn->sysctl);
	kfree(table);
}
