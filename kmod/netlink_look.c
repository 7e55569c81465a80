// SPDX-License-Identifier: GPL-2.0
/*
 * Looking into queues over netlink: the messages in a mailbox, and who waits
 * in a queue and for what.
 *
 * Unlike what netlink_view.c shows, this is not for everybody. The parts of a
 * dump are made by whoever reads them, and its request by whoever wrote it,
 * and neither need be who opened the socket: with each part both the current
 * task and the opener must have the right.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "net.h"
#include "netlink_look.h"
#include "netlink_put.h"
#include "queue_view.h"

#define WAITERS_MAX	256	/* who wait for the same */
#define PEEK_BYTES	64	/* unless it is asked for */
#define PEEK_BATCH	32	/* messages met in one go */

/* A dump in progress, from its first part to its end. */
struct look {
	struct dipc_queue	*queue;		/* counted */
	u64			now_ns;		/* real time when it began */
	/* of waiter-get */
	struct dipc_waiter_view	*waiters;
	unsigned int		n_waiters;
	unsigned int		next;
	/* of mailbox-peek */
	struct dipc_queue_walk	walk;
	u64			from_seq;
	u32			left;		/* messages to show */
	u32			bytes;		/* of each */
};

static struct look *look_of(struct netlink_callback *cb)
{
	return (struct look *)cb->args[0];
}

/**
 * dipc_nl_may_look() - may the current task look into a queue
 * @queue: the queue
 * @net: its namespace
 *
 * Context: process.
 * Return: whether it may, by its credentials.
 */
bool dipc_nl_may_look(struct dipc_queue *queue, struct net *net)
{
	struct dipc_queue_info info;

	if (queue->kind == DIPC_QUEUE_MAILBOX)
		return dipc_mailbox_permits(dipc_mailbox_of_queue(queue),
					    DIPC_MAY_READ);
	/* a link belongs to its reader */
	dipc_queue_info(queue, &info);
	return uid_eq(info.owner, current_euid()) ||
	       (queue->kind == DIPC_QUEUE_LINK &&
		uid_eq(dipc_link_writer(dipc_link_of_queue(queue))->uid,
		       current_euid())) ||
	       ns_capable(net->user_ns, CAP_NET_ADMIN);
}

static int check_rights(struct netlink_callback *cb, struct dipc_queue *queue)
{
	struct sock *sk = NETLINK_CB(cb->skb).sk;
	const struct cred *old;
	bool may;

	may = dipc_nl_may_look(queue, sock_net(sk));
	if (may) {
		old = override_creds(sk->sk_socket->file->f_cred);
		may = dipc_nl_may_look(queue, sock_net(sk));
		revert_creds(old);
	}
	if (may)
		return 0;
	if (queue->kind == DIPC_QUEUE_MAILBOX)
		NL_SET_ERR_MSG(cb->extack,
			       "that needs the permission to receive from it");
	else
		NL_SET_ERR_MSG(cb->extack,
			       "only its owner, or CAP_NET_ADMIN, may look there");
	return -EACCES;
}

static struct dipc_queue *find_mailbox(struct netlink_callback *cb,
				       const struct nlattr *name)
{
	struct dipc_net *dn = dipc_net_of(sock_net(NETLINK_CB(cb->skb).sk));
	char text[DIPC_NAME_MAX + 1];
	struct dipc_mailbox *mailbox;
	int err;

	err = dipc_nl_read_name(name, text, cb->extack);
	if (err)
		return ERR_PTR(err);
	mailbox = dipc_mailbox_find(&dn->mailboxes, text);
	if (mailbox)
		return &mailbox->queue;
	NL_SET_ERR_MSG_ATTR(cb->extack, name, "no such mailbox");
	return ERR_PTR(-ENOENT);
}

/* A socket that is bound to a mailbox has no queue where one could wait. */
static struct dipc_queue *find_port(struct netlink_callback *cb,
				    const struct nlattr *id)
{
	struct dipc_net *dn = dipc_net_of(sock_net(NETLINK_CB(cb->skb).sk));
	struct dipc_port *port = dipc_port_find(&dn->ports, nla_get_u64(id));

	if (port)
		return &port->queue;
	NL_SET_ERR_MSG_ATTR(cb->extack, id, "nobody has this port number");
	return ERR_PTR(-ENOENT);
}

static struct dipc_queue *find_link(struct netlink_callback *cb,
				    const struct nlattr *id)
{
	struct dipc_net *dn = dipc_net_of(sock_net(NETLINK_CB(cb->skb).sk));
	unsigned long index = nla_get_u32(id);
	struct dipc_link *link = dipc_link_next(&dn->links, &index);

	if (link && index == nla_get_u32(id))
		return &link->queue;
	dipc_link_put(link);
	NL_SET_ERR_MSG_ATTR(cb->extack, id, "there is no such link");
	return ERR_PTR(-ENOENT);
}

/* Takes over the reference to the queue. */
static int look_begin(struct netlink_callback *cb, struct dipc_queue *queue)
{
	struct look *look;
	int err;

	err = check_rights(cb, queue);
	if (err)
		goto err_put;
	err = -ENOMEM;
	look = kzalloc(sizeof(*look), GFP_KERNEL_ACCOUNT);
	if (!look)
		goto err_put;
	look->queue = queue;
	look->now_ns = ktime_get_real_ns();
	cb->args[0] = (long)look;
	return 0;

err_put:
	dipc_queue_put(queue);
	return err;
}

static void look_end(struct netlink_callback *cb)
{
	struct look *look = look_of(cb);

	if (!look)
		return;
	while (look->next < look->n_waiters)
		put_pid(look->waiters[look->next++].pid);
	kvfree(look->waiters);
	dipc_queue_walk_pause(&look->walk);
	dipc_queue_put(look->queue);
	kfree(look);
	cb->args[0] = 0;
}

/* The queue may have gone since, and the rights to it. */
static int look_on(struct netlink_callback *cb)
{
	struct dipc_queue *queue = look_of(cb)->queue;

	if (READ_ONCE(queue->closed)) {
		NL_SET_ERR_MSG(cb->extack, "it was deleted just now");
		return -ENOENT;
	}
	return check_rights(cb, queue);
}

/* What fits is there; the rest goes into the next part. */
static int part_end(struct sk_buff *skb, int err)
{
	return err && !skb->len ? err : skb->len;
}

/* At one time for all, so that ages can be compared. */
static u64 age_of(const struct look *look, u64 stamp_ns)
{
	/* it may have come later, and the clock can be set back */
	return look->now_ns > stamp_ns ? look->now_ns - stamp_ns : 0;
}

static s64 left_until(ktime_t due)
{
	return ktime_to_ns(ktime_sub(due, ktime_get()));
}

/*
 * Who waits
 */

static int collect_waiters(struct look *look)
{
	enum dipc_waits_for what;

	look->waiters = kvcalloc((DIPC_WAITS_FOR_RECEIVER + 1) * WAITERS_MAX,
				 sizeof(*look->waiters), GFP_KERNEL_ACCOUNT);
	if (!look->waiters)
		return -ENOMEM;
	for (what = 0; what <= DIPC_WAITS_FOR_RECEIVER; what++)
		look->n_waiters +=
			dipc_queue_view_waiters(look->queue, what,
						look->waiters + look->n_waiters,
						WAITERS_MAX);
	return 0;
}

static int waiters_begin(struct netlink_callback *cb)
{
	struct nlattr *attrs[DIPC_A_WAITER_LINK + 1];
	struct dipc_queue *queue;
	int err;

	err = dipc_nl_read_dump(cb, attrs, DIPC_A_WAITER_LINK);
	if (err)
		return err;
	if (!!attrs[DIPC_A_WAITER_PORT] + !!attrs[DIPC_A_WAITER_MAILBOX] +
	    !!attrs[DIPC_A_WAITER_LINK] != 1) {
		NL_SET_ERR_MSG(cb->extack,
			       "either a port, a mailbox or a link, please");
		return -EINVAL;
	}
	if (attrs[DIPC_A_WAITER_PORT])
		queue = find_port(cb, attrs[DIPC_A_WAITER_PORT]);
	else if (attrs[DIPC_A_WAITER_LINK])
		queue = find_link(cb, attrs[DIPC_A_WAITER_LINK]);
	else
		queue = find_mailbox(cb, attrs[DIPC_A_WAITER_MAILBOX]);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	err = look_begin(cb, queue);
	return err ?: collect_waiters(look_of(cb));
}

static int put_receiver(struct sk_buff *skb,
			const struct dipc_waiter_view *view)
{
	if ((view->source &&
	     nla_put_u64_64bit(skb, DIPC_A_WAITER_SOURCE, view->source,
			       DIPC_A_WAITER_PAD)) ||
	    (view->tag_mask &&
	     (nla_put_u64_64bit(skb, DIPC_A_WAITER_TAG, view->tag,
				DIPC_A_WAITER_PAD) ||
	      nla_put_u64_64bit(skb, DIPC_A_WAITER_TAG_MASK, view->tag_mask,
				DIPC_A_WAITER_PAD))))
		return -EMSGSIZE;
	return 0;
}

static int put_sender(struct sk_buff *skb, const struct look *look,
		      const struct dipc_waiter_view *view)
{
	if (nla_put_u64_64bit(skb, DIPC_A_WAITER_SOURCE, view->source,
			      DIPC_A_WAITER_PAD) ||
	    nla_put_u64_64bit(skb, DIPC_A_WAITER_TAG, view->tag,
			      DIPC_A_WAITER_PAD) ||
	    nla_put_u32(skb, DIPC_A_WAITER_MODE, view->mode) ||
	    (view->async && nla_put_flag(skb, DIPC_A_WAITER_ASYNC)) ||
	    nla_put_u64_64bit(skb, DIPC_A_WAITER_ID, view->id,
			      DIPC_A_WAITER_PAD) ||
	    nla_put_u32(skb, DIPC_A_WAITER_LEN, view->len) ||
	    nla_put_u32(skb, DIPC_A_WAITER_PRIORITY, view->priority) ||
	    nla_put_u64_64bit(skb, DIPC_A_WAITER_AGE_NS,
			      age_of(look, view->stamp_ns),
			      DIPC_A_WAITER_PAD) ||
	    (view->has_deadline &&
	     nla_put_s64(skb, DIPC_A_WAITER_DEADLINE_NS, left_until(view->due),
			 DIPC_A_WAITER_PAD)))
		return -EMSGSIZE;
	return 0;
}

static int put_waiter(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct dipc_waiter_view *view)
{
	struct user_namespace *user_ns = dipc_nl_user_ns(cb->skb);
	struct nlmsghdr *nlh = dipc_nl_dump_one(skb, cb);
	int err = -EMSGSIZE;

	if (!nlh)
		return -EMSGSIZE;
	if (!nla_put_u32(skb, DIPC_A_WAITER_WAITS_FOR, view->waits_for) &&
	    !nla_put_s32(skb, DIPC_A_WAITER_PID,
			 pid_nr_ns(view->pid, task_active_pid_ns(current))) &&
	    !nla_put_u32(skb, DIPC_A_WAITER_UID,
			 from_kuid_munged(user_ns, view->uid)))
		err = view->waits_for == DIPC_WAITS_FOR_MESSAGE ?
		      put_receiver(skb, view) :
		      put_sender(skb, look_of(cb), view);
	return dipc_nl_dump_one_end(skb, nlh, err);
}

/**
 * dipc_nl_waiter_get_dumpit() - command: who waits in a queue
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct look *look;
	int err;

	err = look_of(cb) ? look_on(cb) : waiters_begin(cb);
	if (err)
		return err;
	look = look_of(cb);
	while (!err && look->next < look->n_waiters) {
		err = put_waiter(skb, cb, &look->waiters[look->next]);
		if (!err)
			put_pid(look->waiters[look->next++].pid);
	}
	return part_end(skb, err);
}

/**
 * dipc_nl_waiter_get_done() - the end of dipc_nl_waiter_get_dumpit()
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: 0.
 */
int dipc_nl_waiter_get_done(struct netlink_callback *cb)
{
	look_end(cb);
	return 0;
}

/*
 * What is in a mailbox
 */

static int peek_begin(struct netlink_callback *cb)
{
	struct nlattr *attrs[DIPC_A_MESSAGE_BYTES + 1];
	struct dipc_queue *queue;
	struct look *look;
	int err;

	err = dipc_nl_read_dump(cb, attrs, DIPC_A_MESSAGE_BYTES);
	if (err)
		return err;
	queue = find_mailbox(cb, attrs[DIPC_A_MESSAGE_MAILBOX]);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	err = look_begin(cb, queue);
	if (err)
		return err;
	look = look_of(cb);
	look->left = U32_MAX;
	look->bytes = PEEK_BYTES;
	if (attrs[DIPC_A_MESSAGE_FROM])
		look->from_seq = nla_get_u64(attrs[DIPC_A_MESSAGE_FROM]);
	if (attrs[DIPC_A_MESSAGE_COUNT])
		look->left = nla_get_u32(attrs[DIPC_A_MESSAGE_COUNT]);
	if (attrs[DIPC_A_MESSAGE_BYTES])
		look->bytes = nla_get_u32(attrs[DIPC_A_MESSAGE_BYTES]);
	dipc_queue_walk_begin(queue, &look->walk);
	return 0;
}

static int put_payload(struct sk_buff *skb, const struct dipc_message *m,
		       u32 bytes)
{
	struct iov_iter iter;
	struct nlattr *attr;
	struct kvec vec;

	vec.iov_len = min_t(u32, m->len, bytes);
	/* of one that was received or withdrawn just now there is no more */
	if (!vec.iov_len ||
	    (vec.iov_len > DIPC_INLINE_BYTES && !dipc_message_fetch(m)))
		return 0;
	attr = nla_reserve(skb, DIPC_A_MESSAGE_PAYLOAD, vec.iov_len);
	if (!attr)
		return -EMSGSIZE;
	vec.iov_base = nla_data(attr);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return dipc_message_copy_to(m, 0, vec.iov_len, &iter);
}

/* As users see it: the first message of a queue is number 1. */
static u64 number_of(const struct look *look,
		     const struct dipc_message_view *view)
{
	return view->seq - look->queue->first_seq;
}

static int put_head(struct sk_buff *skb, const struct look *look,
		    const struct dipc_message_view *view,
		    struct user_namespace *user_ns)
{
	const struct dipc_message *m = view->message;
	const struct dipc_sender *sender = m->sender;

	if (nla_put_u64_64bit(skb, DIPC_A_MESSAGE_SEQ, number_of(look, view),
			      DIPC_A_MESSAGE_PAD) ||
	    nla_put_u64_64bit(skb, DIPC_A_MESSAGE_SOURCE, sender->port,
			      DIPC_A_MESSAGE_PAD) ||
	    nla_put_u32(skb, DIPC_A_MESSAGE_UID,
			from_kuid_munged(user_ns, sender->uid)) ||
	    nla_put_s32(skb, DIPC_A_MESSAGE_PID,
			pid_nr_ns(sender->pid, task_active_pid_ns(current))) ||
	    nla_put_u64_64bit(skb, DIPC_A_MESSAGE_ID, m->id,
			      DIPC_A_MESSAGE_PAD) ||
	    nla_put_u64_64bit(skb, DIPC_A_MESSAGE_TAG, m->tag,
			      DIPC_A_MESSAGE_PAD) ||
	    nla_put_u32(skb, DIPC_A_MESSAGE_PRIORITY, m->priority) ||
	    nla_put_u32(skb, DIPC_A_MESSAGE_LEN, m->len) ||
	    nla_put_u64_64bit(skb, DIPC_A_MESSAGE_AGE_NS,
			      age_of(look, m->stamp_ns), DIPC_A_MESSAGE_PAD))
		return -EMSGSIZE;
	if (!m->extra || !m->extra->has_deadline)
		return 0;
	return nla_put_s64(skb, DIPC_A_MESSAGE_DEADLINE_NS,
			   left_until(m->extra->due.expires),
			   DIPC_A_MESSAGE_PAD);
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct dipc_message_view *view)
{
	struct nlmsghdr *nlh;
	int err;

	if (number_of(look_of(cb), view) < look_of(cb)->from_seq)
		return 0;
	nlh = dipc_nl_dump_one(skb, cb);
	if (!nlh)
		return -EMSGSIZE;
	err = put_head(skb, look_of(cb), view, dipc_nl_user_ns(cb->skb));
	if (!err)
		err = put_payload(skb, view->message, look_of(cb)->bytes);
	err = dipc_nl_dump_one_end(skb, nlh, err);
	if (!err)
		look_of(cb)->left--;
	return err;
}

/* Whether there may be more; the walk goes on behind what found room. */
static bool peek_batch(struct sk_buff *skb, struct netlink_callback *cb,
		       int *err)
{
	struct look *look = look_of(cb);
	struct dipc_message_view met[PEEK_BATCH];
	unsigned int i, n, max;
	u8 priority;
	u64 seq;

	seq = look->walk.seq;
	priority = look->walk.priority;
	max = min_t(u32, PEEK_BATCH, look->left);
	n = dipc_queue_walk_next(look->queue, &look->walk, met, max);
	for (i = 0; i < n; i++) {
		if (!*err)
			*err = put_message(skb, cb, &met[i]);
		if (!*err) {
			seq = met[i].seq;
			priority = met[i].message->priority;
		}
		dipc_message_put(met[i].message);
	}
	if (*err) {
		dipc_queue_walk_pause(&look->walk);
		look->walk.at_end = false;
	}
	look->walk.seq = seq;
	look->walk.priority = priority;
	return !*err && n && n == max && look->left;
}

/**
 * dipc_nl_mailbox_peek_dumpit() - command: what is in a mailbox
 * @skb: to be filled
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: the bytes in @skb, 0 at the end, or a negative errno.
 */
int dipc_nl_mailbox_peek_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	int err;

	err = look_of(cb) ? look_on(cb) : peek_begin(cb);
	if (err)
		return err;
	while (peek_batch(skb, cb, &err))
		cond_resched();
	/* until the next part is read, no message is kept alive for it */
	dipc_queue_walk_pause(&look_of(cb)->walk);
	return part_end(skb, err);
}

/**
 * dipc_nl_mailbox_peek_done() - the end of dipc_nl_mailbox_peek_dumpit()
 * @cb: the state of the dump
 *
 * Context: process; may sleep.
 * Return: 0.
 */
int dipc_nl_mailbox_peek_done(struct netlink_callback *cb)
{
	look_end(cb);
	return 0;
}
