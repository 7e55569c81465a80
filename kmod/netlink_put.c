// SPDX-License-Identifier: GPL-2.0
/*
 * Between netlink messages and objects: what a request names is looked up,
 * and what exists is put into attributes. What is done with either is the
 * business of those who handle commands and events.
 */
#include <linux/pid_namespace.h>
#include <linux/dipc_netlink.h>
#include <net/sock.h>

#include "addr.h"
#include "net.h"
#include "netlink_put.h"

/**
 * dipc_nl_begin() - begin a reply, or one message of a dump
 * @skb: to be sent
 * @request: what is answered
 * @portid: who asked
 * @flags: NLM_F_*
 *
 * Context: any.
 * Return: the header, for nlmsg_end() or nlmsg_cancel(); NULL if it does not
 * fit.
 */
struct nlmsghdr *dipc_nl_begin(struct sk_buff *skb,
			       const struct nlmsghdr *request, u32 portid,
			       int flags)
{
	const struct genlmsghdr *asked = nlmsg_data(request);
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	/* the type of the request is the number of the family */
	nlh = nlmsg_put(skb, portid, request->nlmsg_seq, request->nlmsg_type,
			GENL_HDRLEN, flags);
	if (!nlh)
		return NULL;
	genl = nlmsg_data(nlh);
	genl->cmd = asked->cmd;
	genl->version = DIPC_FAMILY_VERSION;
	genl->reserved = 0;
	return nlh;
}

/**
 * dipc_nl_user_ns() - the user namespace of who asks
 * @request: what came from user space
 *
 * Context: process, in a command or a dump.
 * Return: the namespace in which the netlink socket was opened.
 */
struct user_namespace *dipc_nl_user_ns(struct sk_buff *request)
{
	return sk_user_ns(NETLINK_CB(request).sk);
}

/**
 * dipc_nl_get_name() - read an attribute that is a name
 * @info: the request
 * @type: the attribute, whose policy bounds its length
 * @name: filled with DIPC_NAME_MAX + 1 bytes, NUL-padded
 *
 * Context: process.
 * Return: 0, or -EINVAL if it is missing or no name.
 */
int dipc_nl_get_name(struct genl_info *info, int type, char *name)
{
	const struct nlattr *attr = info->attrs[type];

	if (GENL_REQ_ATTR_CHECK(info, type)) {
		NL_SET_ERR_MSG(info->extack, "the name is missing");
		return -EINVAL;
	}
	memset(name, 0, DIPC_NAME_MAX + 1);
	nla_memcpy(name, attr, DIPC_NAME_MAX + 1);
	if (dipc_addr_check_name(name, DIPC_NAME_MAX + 1) < 0) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "not a name: 1 to 63 of [A-Za-z0-9._/+-], first a letter or digit, not \"dipc.\"");
		return -EINVAL;
	}
	return 0;
}

/**
 * dipc_nl_find_mailbox() - the mailbox that a request is about
 * @info: the request
 *
 * Context: process.
 * Return: the mailbox with a reference for the caller; or ERR_PTR(-EINVAL) if
 * the request has no name, -ENOENT.
 */
struct dipc_mailbox *dipc_nl_find_mailbox(struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	struct dipc_mailbox *mailbox;
	char name[DIPC_NAME_MAX + 1];
	int err;

	err = dipc_nl_get_name(info, DIPC_A_MAILBOX_NAME, name);
	if (err)
		return ERR_PTR(err);
	mailbox = dipc_mailbox_find(&dn->mailboxes, name);
	if (!mailbox) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[DIPC_A_MAILBOX_NAME],
				    "no such mailbox");
		return ERR_PTR(-ENOENT);
	}
	return mailbox;
}

/* The attributes that are the same in a port and in a mailbox. */
struct queue_attrs {
	int capacity_msgs, capacity_bytes, msg_max_bytes, policy;
	int queued_msgs, queued_bytes, waiting_senders, waiting_receivers;
	int dropped, pad;
};

#define QUEUE_ATTRS(prefix) {						\
	.capacity_msgs		= prefix##_CAPACITY_MSGS,		\
	.capacity_bytes		= prefix##_CAPACITY_BYTES,		\
	.msg_max_bytes		= prefix##_MSG_MAX_BYTES,		\
	.policy			= prefix##_POLICY,			\
	.queued_msgs		= prefix##_QUEUED_MSGS,			\
	.queued_bytes		= prefix##_QUEUED_BYTES,		\
	.waiting_senders	= prefix##_WAITING_SENDERS,		\
	.waiting_receivers	= prefix##_WAITING_RECEIVERS,		\
	.dropped		= prefix##_DROPPED,			\
	.pad			= prefix##_PAD,				\
}

static const struct queue_attrs mailbox_attrs = QUEUE_ATTRS(DIPC_A_MAILBOX);
static const struct queue_attrs port_attrs = QUEUE_ATTRS(DIPC_A_PORT);

static int put_queue(struct sk_buff *skb, const struct queue_attrs *a,
		     const struct dipc_queue_info *info)
{
	const struct dipc_queue_conf *conf = &info->conf;

	if (nla_put_u32(skb, a->capacity_msgs, conf->capacity_msgs) ||
	    nla_put_u64_64bit(skb, a->capacity_bytes, conf->capacity_bytes,
			      a->pad) ||
	    nla_put_u32(skb, a->msg_max_bytes, conf->msg_max_bytes) ||
	    nla_put_u32(skb, a->policy, conf->policy) ||
	    nla_put_u32(skb, a->queued_msgs, info->n_messages) ||
	    nla_put_u64_64bit(skb, a->queued_bytes, info->bytes, a->pad) ||
	    nla_put_u32(skb, a->waiting_senders, info->n_senders) ||
	    nla_put_u32(skb, a->waiting_receivers, info->n_receivers) ||
	    nla_put_u64_64bit(skb, a->dropped, info->dropped, a->pad))
		return -EMSGSIZE;
	return 0;
}

/**
 * dipc_nl_put_mailbox() - describe a mailbox
 * @skb: the message
 * @mailbox: the mailbox
 * @user_ns: whose user ids
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int dipc_nl_put_mailbox(struct sk_buff *skb, struct dipc_mailbox *mailbox,
			struct user_namespace *user_ns)
{
	struct dipc_mailbox_request how;
	struct dipc_queue_info info;

	dipc_mailbox_describe(mailbox, &how);
	dipc_queue_info(&mailbox->queue, &info);
	if (nla_put_string(skb, DIPC_A_MAILBOX_NAME, how.name) ||
	    nla_put_u32(skb, DIPC_A_MAILBOX_UID,
			from_kuid_munged(user_ns, how.uid)) ||
	    nla_put_u32(skb, DIPC_A_MAILBOX_GID,
			from_kgid_munged(user_ns, how.gid)) ||
	    nla_put_u32(skb, DIPC_A_MAILBOX_MODE, how.mode) ||
	    (how.transient && nla_put_flag(skb, DIPC_A_MAILBOX_TRANSIENT)) ||
	    nla_put_u32(skb, DIPC_A_MAILBOX_SCOPE, how.scope) ||
	    nla_put_u32(skb, DIPC_A_MAILBOX_USERS,
			READ_ONCE(mailbox->n_users)))
		return -EMSGSIZE;
	return put_queue(skb, &mailbox_attrs, &info);
}

static int put_name(struct sk_buff *skb, const struct dipc_name *name,
		    kuid_t uid, struct user_namespace *user_ns)
{
	if (nla_put_string(skb, DIPC_A_NAME_NAME, name->name) ||
	    nla_put_u32(skb, DIPC_A_NAME_TYPE, name->type) ||
	    nla_put_u32(skb, DIPC_A_NAME_SCOPE, name->scope) ||
	    nla_put_u32(skb, DIPC_A_NAME_UID,
			from_kuid_munged(user_ns, uid)) ||
	    (name->socket_type &&
	     nla_put_u32(skb, DIPC_A_NAME_SOCKET_TYPE, name->socket_type)))
		return -EMSGSIZE;
	return 0;
}

/**
 * dipc_nl_put_binding() - describe that one port has a name
 * @skb: the message
 * @binding: in the name table, whose lock the caller holds
 * @user_ns: whose user ids
 *
 * Context: process.
 * Return: 0 or -EMSGSIZE.
 */
int dipc_nl_put_binding(struct sk_buff *skb,
			const struct dipc_binding *binding,
			struct user_namespace *user_ns)
{
	int err;

	err = put_name(skb, binding->name, binding->name->uid, user_ns);
	return err ?: nla_put_u64_64bit(skb, DIPC_A_NAME_PORT,
					binding->queue->id, DIPC_A_NAME_PAD);
}

/* Who has a name of ports: up to @max of them, and how many there are. */
static int put_ports(struct sk_buff *skb, struct dipc_name *name, u32 max)
{
	struct dipc_binding *binding;
	int err = 0;
	u32 n;

	spin_lock_bh(&name->lock);
	list_for_each_entry(binding, &name->bindings, by_name) {
		if (err || !max--)
			break;
		err = nla_put_u64_64bit(skb, DIPC_A_NAME_PORT,
					binding->queue->id, DIPC_A_NAME_PAD);
	}
	n = name->n_bindings;
	spin_unlock_bh(&name->lock);
	return err ?: nla_put_u32(skb, DIPC_A_NAME_PORT_COUNT, n);
}

/* A mailbox can be given to another user, who then has the name. */
static kuid_t name_owner(struct dipc_name *name)
{
	struct dipc_queue *queue = dipc_name_first(name);
	struct dipc_queue_info info;

	if (!queue)
		return name->uid;
	dipc_queue_info(queue, &info);
	dipc_queue_put(queue);
	return info.owner;
}

/**
 * dipc_nl_put_name() - describe a name and who has it
 * @skb: the message
 * @name: the name
 * @user_ns: whose user ids
 * @max_ports: at most so many of its ports
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int dipc_nl_put_name(struct sk_buff *skb, struct dipc_name *name,
		     struct user_namespace *user_ns, u32 max_ports)
{
	int err;

	err = put_name(skb, name, name_owner(name), user_ns);
	if (!err && name->type == DIPC_ADDR_PORT)
		err = put_ports(skb, name, max_ports);
	return err;
}

/* Which names a port has, and its mailbox: under the table's lock. */
static int put_bindings(struct sk_buff *skb, struct dipc_port *port,
			struct dipc_port_table *table, u32 max)
{
	struct dipc_binding *binding;
	int err = 0;
	u32 n = 0;

	mutex_lock(&table->lock);
	if (port->mailbox)
		err = nla_put_string(skb, DIPC_A_PORT_MAILBOX,
				     port->mailbox->name);
	list_for_each_entry(binding, &port->bindings, by_owner)
		if (n++ < max && !err)
			err = nla_put_string(skb, DIPC_A_PORT_NAMES,
					     binding->name->name);
	mutex_unlock(&table->lock);
	return err ?: nla_put_u32(skb, DIPC_A_PORT_NAME_COUNT, n);
}

/**
 * dipc_nl_put_port() - describe a port
 * @skb: the message
 * @port: the port
 * @table: the namespace's
 * @user_ns: whose user ids; the process id is as the current task sees it
 * @max_names: at most so many of its names
 *
 * Context: process; may sleep.
 * Return: 0 or -EMSGSIZE.
 */
int dipc_nl_put_port(struct sk_buff *skb, struct dipc_port *port,
		     struct dipc_port_table *table,
		     struct user_namespace *user_ns, u32 max_names)
{
	struct dipc_queue_info info;
	int err;

	dipc_queue_info(&port->queue, &info);
	if (nla_put_u64_64bit(skb, DIPC_A_PORT_ID, port->id, DIPC_A_PORT_PAD) ||
	    nla_put_u32(skb, DIPC_A_PORT_UID,
			from_kuid_munged(user_ns, info.owner)) ||
	    nla_put_s32(skb, DIPC_A_PORT_PID,
			pid_nr_ns(port->pid, task_active_pid_ns(current))) ||
	    nla_put_u32(skb, DIPC_A_PORT_SOCKET_TYPE, port->socket_type))
		return -EMSGSIZE;
	err = put_bindings(skb, port, table, max_names);
	/* the port of a socket that receives from a mailbox has no queue */
	if (!err && !READ_ONCE(port->mailbox))
		err = put_queue(skb, &port_attrs, &info);
	return err;
}
