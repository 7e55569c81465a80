// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: its registration, and the checks that are the
 * same for all commands and that the policies cannot make.
 */
#include <linux/module.h>

#include "netlink.h"
#include "netlink_policy.h"
#include "netlink_put.h"

static int pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		    struct genl_info *info)
{
	return dipc_nl_check_once(info->nlhdr, info->extack);
}

static const struct genl_multicast_group mcgrps[] = {
	[DIPC_NLGRP_EVENTS] = { .name = DIPC_MCGRP_EVENTS },
};

/* Not resv_start_op: reserved bits and odd flags are refused from the first. */
struct genl_family dipc_nl_family __ro_after_init = {
	.name		= DIPC_FAMILY_NAME,
	.version	= DIPC_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.pre_doit	= pre_doit,
	.ops		= dipc_nl_ops,
	.n_ops		= ARRAY_SIZE(dipc_nl_ops),
	.mcgrps		= mcgrps,
	.n_mcgrps	= ARRAY_SIZE(mcgrps),
};

/**
 * dipc_netlink_register() - begin to take commands
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_netlink_register(void)
{
	return genl_register_family(&dipc_nl_family);
}

/**
 * dipc_netlink_unregister() - take no commands any more
 *
 * Context: process; may sleep. No command runs afterwards.
 */
void dipc_netlink_unregister(void)
{
	genl_unregister_family(&dipc_nl_family);
}
