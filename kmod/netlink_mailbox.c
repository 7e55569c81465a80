// SPDX-License-Identifier: GPL-2.0
/*
 * Making, changing, emptying and deleting mailboxes over netlink, and who
 * may do so.
 *
 * A netlink socket can be opened by one task and written to by another, a
 * privileged one perhaps that takes it for its standard output. So both the
 * one that opened it and the one that writes need the right.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/user_namespace.h>
#include <linux/dipc_netlink.h>
#include <net/sock.h>

#include "net.h"
#include "netlink_mailbox.h"
#include "netlink_put.h"

static bool opener_is(struct sk_buff *skb, kuid_t uid, struct net *net)
{
	const struct file *file = NETLINK_CB(skb).sk->sk_socket->file;

	return uid_eq(file->f_cred->euid, uid) ||
	       file_ns_capable(file, net->user_ns, CAP_IPC_OWNER);
}

static bool may_give_away(struct sk_buff *skb, struct net *net)
{
	return netlink_ns_capable(skb, net->user_ns, CAP_CHOWN);
}

/* Find the mailbox of a request that only its owner may make. */
static struct dipc_mailbox *find_owned(struct sk_buff *skb,
				       struct genl_info *info)
{
	struct dipc_mailbox *mailbox = dipc_nl_find_mailbox(info);
	struct dipc_mailbox_request how;

	if (IS_ERR(mailbox))
		return mailbox;
	dipc_mailbox_describe(mailbox, &how);
	if (dipc_mailbox_owned(mailbox) &&
	    opener_is(skb, how.uid, genl_info_net(info)))
		return mailbox;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DIPC_A_MAILBOX_NAME],
			    "only its owner, or CAP_IPC_OWNER, may do that");
	dipc_mailbox_put(mailbox);
	return ERR_PTR(-EPERM);
}

/* As chown(): nobody gives away without privilege, but to what it is. */
static int read_uid(struct sk_buff *skb, struct genl_info *info, kuid_t *uid)
{
	const struct nlattr *attr = info->attrs[DIPC_A_MAILBOX_UID];
	kuid_t asked;

	if (!attr)
		return 0;
	asked = make_kuid(current_user_ns(), nla_get_u32(attr));
	if (!uid_valid(asked)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such user id in this user namespace");
		return -EINVAL;
	}
	if (!uid_eq(asked, *uid) && !may_give_away(skb, genl_info_net(info))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "giving it to another user needs CAP_CHOWN");
		return -EPERM;
	}
	*uid = asked;
	return 0;
}

static int read_gid(struct sk_buff *skb, struct genl_info *info, kgid_t *gid)
{
	const struct nlattr *attr = info->attrs[DIPC_A_MAILBOX_GID];
	kgid_t asked;

	if (!attr)
		return 0;
	asked = make_kgid(current_user_ns(), nla_get_u32(attr));
	if (!gid_valid(asked)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such group id in this user namespace");
		return -EINVAL;
	}
	if (!gid_eq(asked, *gid) && !in_egroup_p(asked) &&
	    !may_give_away(skb, genl_info_net(info))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "giving it to a group of others needs CAP_CHOWN");
		return -EPERM;
	}
	*gid = asked;
	return 0;
}

static int read_owner(struct sk_buff *skb, struct genl_info *info,
		      struct dipc_mailbox_request *how)
{
	int err;

	err = read_uid(skb, info, &how->uid);
	if (err)
		return err;
	err = read_gid(skb, info, &how->gid);
	if (err)
		return err;
	if (info->attrs[DIPC_A_MAILBOX_MODE])
		how->mode = nla_get_u32(info->attrs[DIPC_A_MAILBOX_MODE]);
	return 0;
}

/* Ranges are checked by the policy; how limits go together, here. */
static int read_conf(struct genl_info *info, struct dipc_queue_conf *conf)
{
	struct nlattr *msgs = info->attrs[DIPC_A_MAILBOX_CAPACITY_MSGS];
	struct nlattr *bytes = info->attrs[DIPC_A_MAILBOX_CAPACITY_BYTES];
	struct nlattr *max = info->attrs[DIPC_A_MAILBOX_MSG_MAX_BYTES];
	struct nlattr *policy = info->attrs[DIPC_A_MAILBOX_POLICY];
	struct nlattr *order = info->attrs[DIPC_A_MAILBOX_ORDER];

	if (msgs)
		conf->capacity_msgs = nla_get_u32(msgs);
	if (bytes)
		conf->capacity_bytes = nla_get_u64(bytes);
	if (max)
		conf->msg_max_bytes = nla_get_u32(max);
	if (policy)
		conf->policy = nla_get_u32(policy);
	if (order)
		conf->order = nla_get_u32(order);
	if (!dipc_queue_conf_check(conf))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, bytes ?: max ?: msgs,
			    "capacity-bytes is below msg-max-bytes");
	return -EINVAL;
}

/* Of two limits that belong together, the one not asked for gives way. */
static void fit_defaults(struct genl_info *info, struct dipc_queue_conf *conf)
{
	struct nlattr *bytes = info->attrs[DIPC_A_MAILBOX_CAPACITY_BYTES];
	struct nlattr *max = info->attrs[DIPC_A_MAILBOX_MSG_MAX_BYTES];

	if (bytes && !max)
		conf->msg_max_bytes = min_t(u64, conf->msg_max_bytes,
					    nla_get_u64(bytes));
	else if (max && !bytes)
		conf->capacity_bytes = max_t(u64, conf->capacity_bytes,
					     nla_get_u32(max));
}

static int read_new(struct sk_buff *skb, struct genl_info *info,
		    struct dipc_mailbox_request *how)
{
	int err;

	memset(how, 0, sizeof(*how));
	err = dipc_nl_get_name(info, DIPC_A_MAILBOX_NAME, how->name);
	if (err)
		return err;
	how->uid = current_euid();
	how->gid = current_egid();
	how->mode = DIPC_MAILBOX_MODE_DEFAULT;
	how->transient = info->attrs[DIPC_A_MAILBOX_TRANSIENT];
	if (info->attrs[DIPC_A_MAILBOX_SCOPE])
		how->scope = nla_get_u32(info->attrs[DIPC_A_MAILBOX_SCOPE]);
	if (!opener_is(skb, how->uid, genl_info_net(info))) {
		NL_SET_ERR_MSG(info->extack,
			       "this netlink socket was opened by another user");
		return -EPERM;
	}
	err = read_owner(skb, info, how);
	if (err)
		return err;
	dipc_queue_conf_default(&how->conf);
	fit_defaults(info, &how->conf);
	return read_conf(info, &how->conf);
}

/**
 * dipc_nl_mailbox_new_doit() - command: make a mailbox
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_mailbox_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_net *dn = dipc_net_of(genl_info_net(info));
	struct dipc_mailbox_request how;
	int err;

	err = read_new(skb, info, &how);
	if (err)
		return err;
	err = dipc_mailbox_create(&dn->mailboxes, &how);
	if (err == -EADDRINUSE) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[DIPC_A_MAILBOX_NAME],
				    "the name is taken");
		err = -EEXIST;
	} else if (err == -ENOBUFS) {
		NL_SET_ERR_MSG(info->extack,
			       "the user may not have more mailboxes or names");
	}
	return err;
}

/**
 * dipc_nl_mailbox_set_doit() - command: change a mailbox
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_mailbox_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mutex *lock =
		&dipc_net_of(genl_info_net(info))->mailboxes.set_lock;
	struct dipc_mailbox_request how;
	struct dipc_mailbox *mailbox;
	int err;

	if (mutex_lock_killable(lock))
		return -EINTR;
	mailbox = find_owned(skb, info);
	if (IS_ERR(mailbox)) {
		err = PTR_ERR(mailbox);
		goto out;
	}
	dipc_mailbox_describe(mailbox, &how);
	err = read_owner(skb, info, &how);
	if (!err)
		err = read_conf(info, &how.conf);
	if (!err)
		err = dipc_mailbox_set(mailbox, &how);
	if (err == -EIDRM) {
		NL_SET_ERR_MSG(info->extack, "it was deleted just now");
		err = -ENOENT;
	} else if (err == -EBUSY) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[DIPC_A_MAILBOX_ORDER],
				    "there are messages in it");
	}
	dipc_mailbox_put(mailbox);
out:
	mutex_unlock(lock);
	return err;
}

/**
 * dipc_nl_mailbox_del_doit() - command: delete a mailbox
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_mailbox_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_mailbox *mailbox = find_owned(skb, info);
	int err = 0;

	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	if (!dipc_mailbox_delete(mailbox)) {
		NL_SET_ERR_MSG(info->extack, "it was deleted just now");
		err = -ENOENT;
	}
	dipc_mailbox_put(mailbox);
	return err;
}

/**
 * dipc_nl_mailbox_purge_doit() - command: discard what is in a mailbox
 * @skb: the request
 * @info: the request
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_nl_mailbox_purge_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dipc_mailbox *mailbox = find_owned(skb, info);
	struct sk_buff *reply;
	struct nlmsghdr *nlh;
	int err = -ENOMEM;
	u32 n;

	if (IS_ERR(mailbox))
		return PTR_ERR(mailbox);
	/* all that can fail first: what is discarded is not lost twice */
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		goto out;
	n = dipc_queue_purge(&mailbox->queue, DIPC_REASON_DROP_PURGED);
	nlh = dipc_nl_begin(reply, info->nlhdr, info->snd_portid, 0);
	if (!nlh ||
	    nla_put_string(reply, DIPC_A_MAILBOX_NAME,
			   mailbox->binding.name->name) ||
	    nla_put_u32(reply, DIPC_A_MAILBOX_PURGED, n)) {
		nlmsg_free(reply);
		err = -EMSGSIZE;
		goto out;
	}
	nlmsg_end(reply, nlh);
	err = genlmsg_reply(reply, info);
out:
	dipc_mailbox_put(mailbox);
	return err;
}
