// SPDX-License-Identifier: GPL-2.0
/*
 * Between netlink messages and objects: what a request names is looked up,
 * and what exists is put into attributes. What is done with either is the
 * business of those who handle commands and events.
 */
#include <linux/bitmap.h>
#include <linux/pid_namespace.h>
#include <linux/dipc_netlink.h>
#include <net/sock.h>

#include "addr.h"
#include "net.h"
#include "netlink_put.h"

/* No command takes an attribute above this. */
#define ATTR_MAX 63

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
 * dipc_nl_check_once() - no attribute is there twice
 * @request: the request, whose attributes the policy has passed
 * @extack: names the one that is
 *
 * The parser takes the last of several attributes of a type. No request has
 * a use for two, so that who sends them means something else.
 *
 * Context: process.
 * Return: 0 or -EINVAL.
 */
int dipc_nl_check_once(const struct nlmsghdr *request,
		       struct netlink_ext_ack *extack)
{
	DECLARE_BITMAP(seen, ATTR_MAX + 1) = {};
	const struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, nlmsg_attrdata(request, GENL_HDRLEN),
			  nlmsg_attrlen(request, GENL_HDRLEN), rem) {
		/* the policy has refused what is above */
		if (nla_type(attr) > ATTR_MAX)
			continue;
		if (__test_and_set_bit(nla_type(attr), seen)) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "the attribute is there twice");
			return -EINVAL;
		}
	}
	return 0;
}

/**
 * dipc_nl_read_dump() - the attributes with which a dump was asked for
 * @cb: the state of the dump; the policy of the command has passed them
 * @attrs: filled by type, @max + 1 of them
 * @max: the largest type that the command takes
 *
 * Context: process.
 * Return: 0, or -EINVAL if one is there twice.
 */
int dipc_nl_read_dump(struct netlink_callback *cb, struct nlattr **attrs,
		      int max)
{
	int err = dipc_nl_check_once(cb->nlh, cb->extack);

	return err ?: nla_parse_deprecated(attrs, max,
					   nlmsg_attrdata(cb->nlh, GENL_HDRLEN),
					   nlmsg_attrlen(cb->nlh, GENL_HDRLEN),
					   NULL, cb->extack);
}

/**
 * dipc_nl_dump_one() - begin one object of a dump
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: any.
 * Return: the header, for dipc_nl_dump_one_end(); NULL if it does not fit.
 */
struct nlmsghdr *dipc_nl_dump_one(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	return dipc_nl_begin(skb, cb->nlh, NETLINK_CB(cb->skb).portid,
			     NLM_F_MULTI);
}

/**
 * dipc_nl_dump_one_end() - one object is done
 * @skb: to be filled
 * @nlh: its header
 * @err: what came of it; with an error nothing of it stays
 *
 * Context: any.
 * Return: @err.
 */
int dipc_nl_dump_one_end(struct sk_buff *skb, struct nlmsghdr *nlh, int err)
{
	if (err)
		nlmsg_cancel(skb, nlh);
	else
		nlmsg_end(skb, nlh);
	return err;
}

/**
 * dipc_nl_read_name() - read an attribute that is a name
 * @attr: the attribute, whose policy bounds its length; or NULL
 * @name: filled with DIPC_NAME_MAX + 1 bytes, NUL-padded
 * @extack: says what is wrong
 *
 * Context: process.
 * Return: 0, or -EINVAL if it is missing or no name.
 */
int dipc_nl_read_name(const struct nlattr *attr, char *name,
		      struct netlink_ext_ack *extack)
{
	if (!attr) {
		NL_SET_ERR_MSG(extack, "the name is missing");
		return -EINVAL;
	}
	memset(name, 0, DIPC_NAME_MAX + 1);
	nla_memcpy(name, attr, DIPC_NAME_MAX + 1);
	if (dipc_addr_check_name(name, DIPC_NAME_MAX + 1) < 0) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "not a name: 1 to 63 of [A-Za-z0-9._/+-], first a letter or digit, not \"dipc.\"");
		return -EINVAL;
	}
	return 0;
}

/**
 * dipc_nl_get_name() - the name that a request must have
 * @info: the request
 * @type: the attribute
 * @name: filled with DIPC_NAME_MAX + 1 bytes, NUL-padded
 *
 * Context: process.
 * Return: 0, or -EINVAL if it is missing or no name.
 */
int dipc_nl_get_name(struct genl_info *info, int type, char *name)
{
	/* for the extack to say which one it is */
	(void)GENL_REQ_ATTR_CHECK(info, type);
	return dipc_nl_read_name(info->attrs[type], name, info->extack);
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
	int capacity_msgs, capacity_bytes, msg_max_bytes, policy, order;
	int queued_msgs, queued_bytes, waiting_senders, waiting_receivers;
	int dropped, pad;
};

#define QUEUE_ATTRS(prefix) {						\
	.capacity_msgs		= prefix##_CAPACITY_MSGS,		\
	.capacity_bytes		= prefix##_CAPACITY_BYTES,		\
	.msg_max_bytes		= prefix##_MSG_MAX_BYTES,		\
	.policy			= prefix##_POLICY,			\
	.order			= prefix##_ORDER,			\
	.queued_msgs		= prefix##_QUEUED_MSGS,			\
	.queued_bytes		= prefix##_QUEUED_BYTES,		\
	.waiting_senders	= prefix##_WAITING_SENDERS,		\
	.waiting_receivers	= prefix##_WAITING_RECEIVERS,		\
	.dropped		= prefix##_DROPPED,			\
	.pad			= prefix##_PAD,				\
}

static const struct queue_attrs mailbox_attrs = QUEUE_ATTRS(DIPC_A_MAILBOX);
static const struct queue_attrs port_attrs = QUEUE_ATTRS(DIPC_A_PORT);
static const struct queue_attrs link_attrs = QUEUE_ATTRS(DIPC_A_LINK);

static int put_queue(struct sk_buff *skb, const struct queue_attrs *a,
		     const struct dipc_queue_info *info)
{
	const struct dipc_queue_conf *conf = &info->conf;

	if (nla_put_u32(skb, a->capacity_msgs, conf->capacity_msgs) ||
	    nla_put_u64_64bit(skb, a->capacity_bytes, conf->capacity_bytes,
			      a->pad) ||
	    nla_put_u32(skb, a->msg_max_bytes, conf->msg_max_bytes) ||
	    nla_put_u32(skb, a->policy, conf->policy) ||
	    nla_put_u32(skb, a->order, conf->order) ||
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
	if (!n)
		return -ENOENT;
	return err ?: nla_put_u32(skb, DIPC_A_NAME_PORT_COUNT, n);
}

/* A mailbox can be given to another user, who then has the name. */
static int find_owner(struct dipc_name *name, kuid_t *uid)
{
	struct dipc_queue *queue = dipc_name_first(name);
	struct dipc_queue_info info;

	if (!queue)
		return -ENOENT;
	dipc_queue_info(queue, &info);
	dipc_queue_put(queue);
	*uid = info.owner;
	return 0;
}

/**
 * dipc_nl_put_name() - describe a name and who has it
 * @skb: the message
 * @name: the name
 * @user_ns: whose user ids
 * @max_ports: at most so many of its ports
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE; -ENOENT if nobody has it yet, or any more.
 */
int dipc_nl_put_name(struct sk_buff *skb, struct dipc_name *name,
		     struct user_namespace *user_ns, u32 max_ports)
{
	kuid_t uid;
	int err;

	err = find_owner(name, &uid);
	if (!err)
		err = put_name(skb, name, uid, user_ns);
	if (!err && name->type == DIPC_ADDR_PORT)
		err = put_ports(skb, name, max_ports);
	return err;
}

/*
 * Which names a port has, and its mailbox: under the table's lock. The port of
 * a socket that receives from a mailbox has no queue of its own.
 */
static int put_bindings(struct sk_buff *skb, struct dipc_port *port,
			struct dipc_port_table *table, u32 max, bool *has_queue)
{
	struct dipc_binding *binding;
	int err = 0;
	u32 n = 0;

	mutex_lock(&table->lock);
	*has_queue = !port->mailbox;
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
	struct dipc_listener *listener;
	struct dipc_queue_info info;
	bool has_queue;
	int err;

	dipc_queue_info(&port->queue, &info);
	if (nla_put_u64_64bit(skb, DIPC_A_PORT_ID, port->id, DIPC_A_PORT_PAD) ||
	    nla_put_u32(skb, DIPC_A_PORT_UID,
			from_kuid_munged(user_ns, info.owner)) ||
	    nla_put_s32(skb, DIPC_A_PORT_PID,
			pid_nr_ns(port->pid, task_active_pid_ns(current))) ||
	    nla_put_u32(skb, DIPC_A_PORT_SOCKET_TYPE, port->socket_type))
		return -EMSGSIZE;
	err = put_bindings(skb, port, table, max_names, &has_queue);
	if (!err && has_queue)
		err = put_queue(skb, &port_attrs, &info);
	listener = dipc_port_listener(port);
	if (!err && listener &&
	    (nla_put_u32(skb, DIPC_A_PORT_BACKLOG,
			 READ_ONCE(listener->backlog)) ||
	     nla_put_u32(skb, DIPC_A_PORT_PENDING,
			 READ_ONCE(listener->n_pending))))
		err = -EMSGSIZE;
	return err;
}

static int put_end(struct sk_buff *skb, const struct dipc_link_end *end,
		   int port, int uid, int pid, struct user_namespace *user_ns)
{
	if (nla_put_u64_64bit(skb, port, end->port, DIPC_A_LINK_PAD) ||
	    nla_put_u32(skb, uid, from_kuid_munged(user_ns, end->uid)) ||
	    nla_put_s32(skb, pid,
			pid_nr_ns(end->pid, task_active_pid_ns(current))))
		return -EMSGSIZE;
	return 0;
}

/**
 * dipc_nl_put_link() - describe a link
 * @skb: the message
 * @link: the link
 * @user_ns: whose user ids; process ids are as the current task sees them
 *
 * Context: process.
 * Return: 0 or -EMSGSIZE.
 */
int dipc_nl_put_link(struct sk_buff *skb, struct dipc_link *link,
		     struct user_namespace *user_ns)
{
	const struct dipc_connection *c = link->connection;
	struct dipc_queue_info info;

	dipc_queue_info(&link->queue, &info);
	if (nla_put_u32(skb, DIPC_A_LINK_ID, link->entry.index) ||
	    nla_put_u32(skb, DIPC_A_LINK_SOCKET_TYPE, c->socket_type) ||
	    (c->name &&
	     nla_put_string(skb, DIPC_A_LINK_NAME, c->name->name)) ||
	    put_end(skb, dipc_link_writer(link), DIPC_A_LINK_WRITER_PORT,
		    DIPC_A_LINK_WRITER_UID, DIPC_A_LINK_WRITER_PID, user_ns) ||
	    put_end(skb, dipc_link_reader(link), DIPC_A_LINK_READER_PORT,
		    DIPC_A_LINK_READER_UID, DIPC_A_LINK_READER_PID, user_ns) ||
	    (info.ended && nla_put_flag(skb, DIPC_A_LINK_ENDED)) ||
	    (info.closed && nla_put_flag(skb, DIPC_A_LINK_CLOSED)))
		return -EMSGSIZE;
	return put_queue(skb, &link_attrs, &info);
}
