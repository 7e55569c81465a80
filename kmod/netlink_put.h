/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between netlink messages and objects: see netlink_put.c.
 */
#ifndef _DIPC_NETLINK_PUT_H
#define _DIPC_NETLINK_PUT_H

#include <net/genetlink.h>

#include "link.h"
#include "mailbox.h"
#include "port.h"

struct nlmsghdr *dipc_nl_begin(struct sk_buff *skb,
			       const struct nlmsghdr *request, u32 portid,
			       int flags);
struct user_namespace *dipc_nl_user_ns(struct sk_buff *request);
int dipc_nl_check_once(const struct nlmsghdr *request,
		       struct netlink_ext_ack *extack);
int dipc_nl_read_dump(struct netlink_callback *cb, struct nlattr **attrs,
		      int max);
struct nlmsghdr *dipc_nl_dump_one(struct sk_buff *skb,
				  struct netlink_callback *cb);
int dipc_nl_dump_one_end(struct sk_buff *skb, struct nlmsghdr *nlh, int err);
int dipc_nl_read_name(const struct nlattr *attr, char *name,
		      struct netlink_ext_ack *extack);
int dipc_nl_get_name(struct genl_info *info, int type, char *name);
struct dipc_mailbox *dipc_nl_find_mailbox(struct genl_info *info);
int dipc_nl_put_mailbox(struct sk_buff *skb, struct dipc_mailbox *mailbox,
			struct user_namespace *user_ns);
int dipc_nl_put_binding(struct sk_buff *skb,
			const struct dipc_binding *binding,
			struct user_namespace *user_ns);
int dipc_nl_put_name(struct sk_buff *skb, struct dipc_name *name,
		     struct user_namespace *user_ns, u32 max_ports);
int dipc_nl_put_port(struct sk_buff *skb, struct dipc_port *port,
		     struct dipc_port_table *table,
		     struct user_namespace *user_ns, u32 max_names);
int dipc_nl_put_link(struct sk_buff *skb, struct dipc_link *link,
		     struct user_namespace *user_ns);

#endif /* _DIPC_NETLINK_PUT_H */
