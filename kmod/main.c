// SPDX-License-Identifier: GPL-2.0
/* Puts the house together: what is registered in which order, and undone. */
#include <linux/module.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "call.h"
#include "message.h"
#include "net.h"
#include "netlink.h"
#include "socket.h"
#include "sysctl.h"

static int family = AF_DIPC;
module_param(family, int, 0444);
MODULE_PARM_DESC(family, "number of the address family (default: AF_DIPC)");

static int __net_init init_net_ns(struct net *net)
{
	struct dipc_net *dn = dipc_net_of(net);
	int err;

	err = dipc_net_init(dn, net);
	if (err)
		return err;
	err = dipc_sysctl_init(dn);
	if (err) {
		dipc_net_fini(dn);
		return err;
	}
	dipc_netlink_init_net(dn);
	return 0;
}

static void __net_exit exit_net_ns(struct net *net)
{
	struct dipc_net *dn = dipc_net_of(net);

	dipc_netlink_fini_net(dn);
	dipc_sysctl_fini(dn);
	dipc_net_fini(dn);
}

static struct pernet_operations net_ops = {
	.init	= init_net_ns,
	.exit	= exit_net_ns,
	.id	= &dipc_net_id,
	.size	= sizeof(struct dipc_net),
};

static int __init dipc_init(void)
{
	int err;

	dipc_queue_init_numbers();
	err = dipc_message_init_cache();
	if (err)
		return err;
	err = dipc_call_init_cache();
	if (err)
		goto err_messages;
	err = dipc_port_init_cache();
	if (err)
		goto err_calls;
	err = dipc_link_init_cache();
	if (err)
		goto err_ports;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto err_links;
	err = dipc_netlink_register();
	if (err)
		goto err_net;
	err = dipc_socket_register(family);
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	dipc_netlink_unregister();
err_net:
	unregister_pernet_subsys(&net_ops);
err_links:
	rcu_barrier();
	dipc_link_fini_cache();
err_ports:
	dipc_port_fini_cache();
err_calls:
	dipc_call_fini_cache();
err_messages:
	dipc_message_fini_cache();
	dipc_users_fini();
	return err;
}

static void __exit dipc_exit(void)
{
	dipc_socket_unregister();
	dipc_netlink_unregister();
	unregister_pernet_subsys(&net_ops);
	/* ports, mailboxes, links and sockets are freed after a grace period */
	rcu_barrier();
	dipc_link_fini_cache();
	dipc_port_fini_cache();
	dipc_call_fini_cache();
	dipc_message_fini_cache();
	dipc_users_fini();
}

module_init(dipc_init);
module_exit(dipc_exit);

MODULE_DESCRIPTION("Distributed inter-process communication (AF_DIPC)");
MODULE_AUTHOR("The dipc developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_ALIAS_NETPROTO(AF_DIPC);
MODULE_ALIAS_GENL_FAMILY("dipc");
