// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at what exists, over netlink. A dump goes by the index of an
 * object, which does not change as long as the object lives: what exists
 * from the beginning of a dump to its end is in it exactly once. It ends
 * where the newest index was when it began, so that it does end, however
 * fast objects are made meanwhile.
 */
#include <linux/module.h>
#include <linux/dipc_netlink.h>
#include <net/sock.h>

#include "net.h"
#include "netlink_put.h"
#include "netlink_view.h"
#include "socket.h"

/* In a dump, so that each object fits in one message of any size. */
#define DUMP_NAMES_MAX	32
#define DUMP_PORTS_MAX	128
/* Of a name that was asked for. */
#define REPLY_PORTS_MAX	1024

/* What is the same in all replies. */
static struct sk_buff *reply_begin(struct genl_info *info, size_t more,
				   struct nlmsghdr **nlh)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE + more,
					  GFP_KERNEL);

	if (!skb)
		return NULL;
	*nlh = dipc_nl_begin(skb, info->nlhdr, info->snd_portid, 0);
	return skb;
}

static int reply_end(struct genl_info *info, struct sk_buff *skb,
		     struct nlmsghdr *nlh, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	nlmsg_end(skb, nlh);
	return genlmsg_reply(skb, info);
}

/* Where a dump is, and where it ends; kept in the callback's arguments. */
struct walk {
	unsigned long index;
	unsigned long end;
};

/* A dump describes everything; there is nothing to choose by. */
static int dump_begin(struct netlink_callback *cb, struct walk *walk)
{
	walk->index = cb->args[0];
	walk->end = cb->args[1];
	if (walk->index || !nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, nlmsg_attrdata(cb->nlh, GENL_HDRLEN),
			    "a dump takes no attributes");
	return -EINVAL;
}

/* Go on there in the next message. */
static int dump_end(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct walk *walk, int err)
{
	cb->args[0] = walk->index;
	cb->args[1] = walk->end;
	return err && !skb->len ? err : skb->len;
}

/**
 * dipc_nl_node_get_doit() - command: about this node
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_node_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlmsghdr *nlh;
	struct sk_buff *reply = reply_begin(info, 0, &nlh);
	int err = 0;

	if (!reply)
		return -ENOMEM;
	if (nla_put_u32(reply, DIPC_A_NODE_FAMILY, dipc_socket_family()) ||
	    nla_put_string(reply, DIPC_A_NODE_VERSION, THIS_MODULE->version) ||
	    nla_put_u32(reply, DIPC_A_NODE_ID, 0))
		err = -EMSGSIZE;
	return reply_end(info, reply, nlh, err);
}

/**
 * dipc_nl_mailbox_get_doit() - command: describe one mailbox
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_mailbox_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_mailbox *mailbox = dipc_nl_find_mailbox(info);
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	int err;

	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	reply = reply_begin(info, 0, &nlh);
	if (reply) {
		err = dipc_nl_put_mailbox(reply, mailbox, dipc_nl_user_ns(skb));
		err = reply_end(info, reply, nlh, err);
	} else {
		err = -ENOMEM;
	}
	dipc_mailbox_put(mailbox);
	return err;
}

static int dump_mailbox(struct sk_buff *skb, struct netlink_callback *cb,
			struct dipc_name *name)
{
	struct dipc_queue *queue;
	struct nlmsghdr *nlh;
	int err;

	if (name->type != DIPC_ADDR_MAILBOX)
		return 0;
	queue = dipc_name_first(name);
	if (!queue)
		return 0;
	nlh = dipc_nl_dump_one(skb, cb);
	if (nlh) {
		err = dipc_nl_put_mailbox(skb, dipc_mailbox_of_queue(queue),
					  dipc_nl_user_ns(cb->skb));
		err = dipc_nl_dump_one_end(skb, nlh, err);
	} else {
		err = -EMSGSIZE;
	}
	dipc_queue_put(queue);
	return err;
}

static int dump_name(struct sk_buff *skb, struct netlink_callback *cb,
		     struct dipc_name *name)
{
	struct nlmsghdr *nlh = dipc_nl_dump_one(skb, cb);
	int err;

	if (!nlh)
		return -EMSGSIZE;
	err = dipc_nl_put_name(skb, name, dipc_nl_user_ns(cb->skb),
			       DUMP_PORTS_MAX);
	err = dipc_nl_dump_one_end(skb, nlh, err);
	return err == -ENOENT ? 0 : err;
}

static int dump_names(struct sk_buff *skb, struct netlink_callback *cb,
		      int (*one)(struct sk_buff *skb,
				 struct netlink_callback *cb,
				 struct dipc_name *name))
{
	struct dipc_net *dn = dipc_net_of(sock_net(skb->sk));
	struct dipc_name *name;
	struct walk walk;
	int err = dump_begin(cb, &walk);

	if (err)
		return err;
	if (!walk.index)
		walk.end = dipc_roll_end(&dn->names.roll);
	for (; walk.index < walk.end; walk.index++) {
		name = dipc_name_next(&dn->names, &walk.index);
		if (!name)
			walk.index = walk.end;
		else if (walk.index < walk.end)
			err = one(skb, cb, name);
		dipc_name_put(name);
		if (err || !name)
			break;
		cond_resched();
	}
	return dump_end(skb, cb, &walk, err);
}

/**
 * dipc_nl_mailbox_get_dumpit() - command: describe all mailboxes
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_mailbox_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb)
{
	return dump_names(skb, cb, dump_mailbox);
}

/**
 * dipc_nl_name_get_dumpit() - command: describe all names
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_name_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_names(skb, cb, dump_name);
}

/**
 * dipc_nl_name_get_doit() - command: whose is a name
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_name_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	char text[DIPC_NAME_MAX + 1];
	struct dipc_name *name;
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	int err;

	err = dipc_nl_get_name(info, DIPC_A_NAME_NAME, text);
	if (err)
		return err;
	name = dipc_name_find(&dn->names, text);
	if (!name) {
		err = -ENOENT;
		goto out;
	}
	reply = reply_begin(info, REPLY_PORTS_MAX * nla_total_size_64bit(8),
			    &nlh);
	if (reply) {
		err = dipc_nl_put_name(reply, name, dipc_nl_user_ns(skb),
				       REPLY_PORTS_MAX);
		err = reply_end(info, reply, nlh, err);
	} else {
		err = -ENOMEM;
	}
	dipc_name_put(name);
out:
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DIPC_A_NAME_NAME],
				    "nobody has this name");
	return err;
}

/**
 * dipc_nl_port_get_doit() - command: describe one port
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	struct dipc_port *port;
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DIPC_A_PORT_ID)) {
		NL_SET_ERR_MSG(info->extack, "the port number is missing");
		return -EINVAL;
	}
	port = dipc_port_find(&dn->ports,
			      nla_get_u64(info->attrs[DIPC_A_PORT_ID]));
	if (!port) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DIPC_A_PORT_ID],
				    "nobody has this port number");
		return -ENOENT;
	}
	reply = reply_begin(info, DIPC_PORT_NAMES_MAX *
			    nla_total_size(DIPC_NAME_MAX + 1), &nlh);
	if (reply) {
		err = dipc_nl_put_port(reply, port, &dn->ports,
				       dipc_nl_user_ns(skb),
				       DIPC_PORT_NAMES_MAX);
		err = reply_end(info, reply, nlh, err);
	} else {
		err = -ENOMEM;
	}
	dipc_port_put(port);
	return err;
}

static int dump_port(struct sk_buff *skb, struct netlink_callback *cb,
		     struct dipc_port *port, struct dipc_port_table *table)
{
	struct nlmsghdr *nlh = dipc_nl_dump_one(skb, cb);
	int err;

	if (!nlh)
		return -EMSGSIZE;
	err = dipc_nl_put_port(skb, port, table, dipc_nl_user_ns(cb->skb),
			       DUMP_NAMES_MAX);
	return dipc_nl_dump_one_end(skb, nlh, err);
}

/**
 * dipc_nl_port_get_dumpit() - command: describe all ports
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dipc_net *dn = dipc_net_of(sock_net(skb->sk));
	struct dipc_port *port;
	struct walk walk;
	int err = dump_begin(cb, &walk);

	if (err)
		return err;
	if (!walk.index)
		walk.end = dipc_roll_end(&dn->ports.roll);
	for (; walk.index < walk.end; walk.index++) {
		port = dipc_port_next(&dn->ports, &walk.index);
		if (!port)
			walk.index = walk.end;
		else if (walk.index < walk.end)
			err = dump_port(skb, cb, port, &dn->ports);
		dipc_port_put(port);
		if (err || !port)
			break;
		cond_resched();
	}
	return dump_end(skb, cb, &walk, err);
}

/**
 * dipc_nl_link_get_doit() - command: describe one link
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_link_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	const struct nlattr *id = info->attrs[DIPC_A_LINK_ID];
	struct dipc_link *link;
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	unsigned long index;
	int err = -ENOMEM;

	if (GENL_REQ_ATTR_CHECK(info, DIPC_A_LINK_ID)) {
		NL_SET_ERR_MSG(info->extack, "the number of the link is missing");
		return -EINVAL;
	}
	index = nla_get_u32(id);
	link = dipc_link_next(&dn->links, &index);
	if (!link || index != nla_get_u32(id)) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "there is no such link");
		err = -ENOENT;
		goto out;
	}
	reply = reply_begin(info, 0, &nlh);
	if (reply) {
		err = dipc_nl_put_link(reply, link, dipc_nl_user_ns(skb));
		err = reply_end(info, reply, nlh, err);
	}
out:
	dipc_link_put(link);
	return err;
}

static int dump_link(struct sk_buff *skb, struct netlink_callback *cb,
		     struct dipc_link *link)
{
	struct nlmsghdr *nlh = dipc_nl_dump_one(skb, cb);
	int err;

	if (!nlh)
		return -EMSGSIZE;
	err = dipc_nl_put_link(skb, link, dipc_nl_user_ns(cb->skb));
	return dipc_nl_dump_one_end(skb, nlh, err);
}

/**
 * dipc_nl_link_get_dumpit() - command: describe all links
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_link_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dipc_net *dn = dipc_net_of(sock_net(skb->sk));
	struct dipc_link *link;
	struct walk walk;
	int err = dump_begin(cb, &walk);

	if (err)
		return err;
	if (!walk.index)
		walk.end = dipc_roll_end(&dn->links.roll);
	for (; walk.index < walk.end; walk.index++) {
		link = dipc_link_next(&dn->links, &walk.index);
		if (!link)
			walk.index = walk.end;
		else if (walk.index < walk.end)
			err = dump_link(skb, cb, link);
		dipc_link_put(link);
		if (err || !link)
			break;
		cond_resched();
	}
	return dump_end(skb, cb, &walk, err);
}

static int put_counter(struct sk_buff *skb, struct dipc_stats __percpu *stats,
		       enum dipc_reason reason)
{
	struct nlattr *nest = nla_nest_start(skb, DIPC_A_STATS_COUNTER);

	if (!nest ||
	    nla_put_u32(skb, DIPC_A_COUNTER_REASON, reason) ||
	    nla_put_string(skb, DIPC_A_COUNTER_NAME,
			   dipc_reason_name(reason)) ||
	    nla_put_u64_64bit(skb, DIPC_A_COUNTER_VALUE,
			      dipc_stats_read(stats, reason),
			      DIPC_A_COUNTER_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dipc_nl_stats_get_doit() - command: the counters
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	enum dipc_reason reason;
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	int err = 0;

	reply = reply_begin(info, 0, &nlh);
	if (!reply)
		return -ENOMEM;
	for (reason = DIPC_REASON_NONE + 1;
	     reason < __DIPC_REASON_COUNT && !err; reason++)
		err = put_counter(reply, dn->stats, reason);
	if (!err &&
	    (nla_put_u32(reply, DIPC_A_STATS_PORTS,
			 READ_ONCE(dn->ports.roll.count)) ||
	     nla_put_u32(reply, DIPC_A_STATS_MAILBOXES,
			 atomic_read(&dn->mailboxes.count)) ||
	     nla_put_u32(reply, DIPC_A_STATS_NAMES,
			 READ_ONCE(dn->names.roll.count)) ||
	     nla_put_u64_64bit(reply, DIPC_A_STATS_MESSAGES,
			       dipc_message_live(), DIPC_A_STATS_PAD)))
		err = -EMSGSIZE;
	return reply_end(info, reply, nlh, err);
}
