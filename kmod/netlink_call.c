// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at calls over netlink: who waits for whom. A call is shown to its
 * client and to who may look into the queue that its request went to; as in
 * netlink_look.c both the current task and who opened the socket must be so.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/dipc_netlink.h>
#include <net/sock.h>

#include "caller.h"
#include "net.h"
#include "netlink_call.h"
#include "netlink_look.h"
#include "netlink_put.h"

/* A dump in progress, from its first part to its end. */
struct dump {
	struct dipc_caller_walk	walk;
	unsigned int		n;		/* in @info */
	unsigned int		next;		/* of these */
	struct dipc_call_info	info[DIPC_CALLER_BATCH];
};

static_assert((int)DIPC_CALL_NEW == DIPC_CALL_STATUS_NEW);
static_assert((int)DIPC_CALL_SENT == DIPC_CALL_STATUS_QUEUED);
static_assert((int)DIPC_CALL_TAKEN == DIPC_CALL_STATUS_TAKEN);
static_assert((int)DIPC_CALL_DONE == DIPC_CALL_STATUS_ENDED);

static struct dump *dump_of(struct netlink_callback *cb)
{
	return (struct dump *)cb->args[0];
}

static bool may_see(const struct dipc_call_info *info, struct net *net)
{
	if (uid_eq(info->client_uid, current_euid()))
		return true;
	return info->queue ? dipc_nl_may_look(info->queue, net) :
			     ns_capable(net->user_ns, CAP_NET_ADMIN);
}

static bool may_both_see(struct netlink_callback *cb,
			 const struct dipc_call_info *info)
{
	struct sock *sk = NETLINK_CB(cb->skb).sk;
	const struct cred *old;
	bool may;

	if (!may_see(info, sock_net(sk)))
		return false;
	old = override_creds(sk->sk_socket->file->f_cred);
	may = may_see(info, sock_net(sk));
	revert_creds(old);
	return may;
}

static pid_t pid_seen(struct pid *pid)
{
	return pid_nr_ns(pid, task_active_pid_ns(current));
}

/* A thread is only known by the number that it has, or had. */
static pid_t tid_seen(pid_t tid)
{
	pid_t seen;

	rcu_read_lock();
	seen = pid_seen(find_pid_ns(tid, &init_pid_ns));
	rcu_read_unlock();
	return seen;
}

static int put_client(struct sk_buff *skb, const struct dipc_call_info *info,
		      struct user_namespace *user_ns)
{
	if (nla_put_u64_64bit(skb, DIPC_A_CALL_CLIENT_PORT, info->client_port,
			      DIPC_A_CALL_PAD) ||
	    nla_put_u32(skb, DIPC_A_CALL_CLIENT_UID,
			from_kuid_munged(user_ns, info->client_uid)) ||
	    nla_put_s32(skb, DIPC_A_CALL_CLIENT_PID, pid_seen(info->client)) ||
	    nla_put_s32(skb, DIPC_A_CALL_CLIENT_TID,
			tid_seen(info->client_tid)))
		return -EMSGSIZE;
	return 0;
}

static int put_server(struct sk_buff *skb, const struct dipc_call_info *info)
{
	if (nla_put_u64_64bit(skb, DIPC_A_CALL_SERVER_PORT, info->server_port,
			      DIPC_A_CALL_PAD) ||
	    nla_put_s32(skb, DIPC_A_CALL_SERVER_PID, pid_seen(info->server)) ||
	    nla_put_s32(skb, DIPC_A_CALL_SERVER_TID,
			tid_seen(info->server_tid)))
		return -EMSGSIZE;
	return 0;
}

static int put_queue(struct sk_buff *skb, struct dipc_queue *queue)
{
	struct dipc_mailbox_request how;
	struct pid *owner;

	switch (queue->kind) {
	case DIPC_QUEUE_MAILBOX:
		dipc_mailbox_describe(dipc_mailbox_of_queue(queue), &how);
		return nla_put_string(skb, DIPC_A_CALL_MAILBOX, how.name);
	case DIPC_QUEUE_LINK:
		if (nla_put_u32(skb, DIPC_A_CALL_LINK, queue->id))
			return -EMSGSIZE;
		owner = dipc_link_reader(dipc_link_of_queue(queue))->pid;
		break;
	default:
		if (nla_put_u64_64bit(skb, DIPC_A_CALL_PORT, queue->id,
				      DIPC_A_CALL_PAD))
			return -EMSGSIZE;
		owner = dipc_port_of_queue(queue)->pid;
		break;
	}
	return nla_put_s32(skb, DIPC_A_CALL_OWNER_PID, pid_seen(owner));
}

/* What is to come; where the last try was says nothing any more. */
static int put_dest(struct sk_buff *skb, const struct sockaddr_dipc *dest)
{
	switch (dest->sdipc_type) {
	case DIPC_ADDR_MAILBOX:
		return nla_put_string(skb, DIPC_A_CALL_MAILBOX,
				      dest->sdipc_name);
	case DIPC_ADDR_PORT:
		return nla_put_u64_64bit(skb, DIPC_A_CALL_PORT,
					 dest->sdipc_port, DIPC_A_CALL_PAD);
	default:
		return 0;
	}
}

static int put_where(struct sk_buff *skb, const struct dipc_call_info *info)
{
	int err = 0;

	if (info->state == DIPC_CALL_NEW)
		return put_dest(skb, &info->dest);
	if (info->state != DIPC_CALL_SENT && info->server_port)
		err = put_server(skb, info);
	if (!err && info->queue)
		err = put_queue(skb, info->queue);
	return err;
}

static int put_call(struct sk_buff *skb, const struct dipc_call_info *info,
		    struct user_namespace *user_ns)
{
	u64 age = jiffies64_to_nsecs(jiffies - info->since);
	s64 left = ktime_to_ns(ktime_sub(info->due, ktime_get()));

	if (nla_put_u64_64bit(skb, DIPC_A_CALL_ID, info->id, DIPC_A_CALL_PAD) ||
	    nla_put_u32(skb, DIPC_A_CALL_STATE, info->state) ||
	    nla_put_u64_64bit(skb, DIPC_A_CALL_AGE_NS, age, DIPC_A_CALL_PAD) ||
	    nla_put_u32(skb, DIPC_A_CALL_SEMANTICS, info->semantics) ||
	    nla_put_u32(skb, DIPC_A_CALL_ATTEMPT, info->attempt) ||
	    (info->is_async &&
	     (nla_put_flag(skb, DIPC_A_CALL_ASYNC) ||
	      nla_put_u64_64bit(skb, DIPC_A_CALL_COOKIE, info->cookie,
				DIPC_A_CALL_PAD))) ||
	    nla_put_u32(skb, DIPC_A_CALL_LEN, info->len) ||
	    nla_put_u32(skb, DIPC_A_CALL_REPLY_MAX, info->reply_max) ||
	    (info->due != KTIME_MAX &&
	     nla_put_s64(skb, DIPC_A_CALL_DEADLINE_NS, left,
			 DIPC_A_CALL_PAD)) ||
	    put_client(skb, info, user_ns) ||
	    (info->dest.sdipc_type == DIPC_ADDR_NAME &&
	     nla_put_string(skb, DIPC_A_CALL_NAME, info->dest.sdipc_name)))
		return -EMSGSIZE;
	return put_where(skb, info);
}

static int dump_call(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct dipc_call_info *info)
{
	struct nlmsghdr *nlh;
	int err;

	if (!may_both_see(cb, info))
		return 0;
	nlh = dipc_nl_dump_one(skb, cb);
	if (!nlh)
		return -EMSGSIZE;
	err = put_call(skb, info, dipc_nl_user_ns(cb->skb));
	return dipc_nl_dump_one_end(skb, nlh, err);
}

static int dump_begin(struct netlink_callback *cb)
{
	struct dump *dump;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	cb->args[0] = (long)dump;
	return 0;
}

/* Whether there may be more. */
static bool dump_batch(struct sk_buff *skb, struct netlink_callback *cb,
		       int *err)
{
	struct dipc_net *dn = dipc_net_of(sock_net(skb->sk));
	struct dump *dump = dump_of(cb);

	if (dump->next == dump->n) {
		dump->next = 0;
		dump->n = dipc_caller_walk_next(&dn->callers, &dump->walk,
						dump->info,
						DIPC_CALLER_BATCH);
		if (!dump->n)
			return false;
	}
	while (dump->next < dump->n) {
		*err = dump_call(skb, cb, &dump->info[dump->next]);
		if (*err)
			return false;
		dipc_call_info_put(&dump->info[dump->next++]);
	}
	return true;
}

/**
 * dipc_nl_call_get_dumpit() - command: who waits for whom
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_call_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = 0;

	if (!dump_of(cb))
		err = dump_begin(cb);
	if (err)
		return err;
	while (dump_batch(skb, cb, &err))
		cond_resched();
	return err && !skb->len ? err : skb->len;
}

/**
 * dipc_nl_call_get_done() - the end of dipc_nl_call_get_dumpit()
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: 0.
 */
int dipc_nl_call_get_done(struct netlink_callback *cb)
{
	struct dump *dump = dump_of(cb);

	while (dump && dump->next < dump->n)
		dipc_call_info_put(&dump->info[dump->next++]);
	kfree(dump);
	cb->args[0] = 0;
	return 0;
}
