// SPDX-License-Identifier: GPL-2.0
/*
 * Sending through a socket: where to, as whom, and what the sender is told.
 * The message is made here, with its payload, and brought to dipc_deliver();
 * if it must wait for room, the task sleeps here.
 */
#include <linux/sched/signal.h>

#include "deliver.h"
#include "sock.h"
#include "trace.h"

/* One attempt to send, as far as it has got. */
struct attempt {
	struct dipc_sock	*ds;
	struct dipc_net		*dn;
	struct dipc_queue	*queue;		/* counted */
	struct dipc_sender	*sender;	/* counted */
	bool			may_wait;
	bool			connected;	/* no address was given */
	bool			by_name;	/* connected to a name of ports */
	size_t			len;		/* payload, bytes */
	u64			id;		/* of the message; 0: none yet */
	long			timeout;	/* jiffies left */
	int			err_signal;	/* if a signal ends it */
};

/* The sender that the current task is; one is kept with the socket. */
static struct dipc_sender *get_sender(struct dipc_sock *ds)
{
	struct dipc_sender *sender, *old;

	rcu_read_lock();
	sender = rcu_dereference(ds->sender);
	if (likely(sender && dipc_sender_is_current(sender) &&
		   refcount_inc_not_zero(&sender->refs))) {
		rcu_read_unlock();
		return sender;
	}
	rcu_read_unlock();

	sender = dipc_sender_create(ds->account, ds->port->id);
	if (!sender)
		return NULL;
	refcount_inc(&sender->refs);
	spin_lock(&ds->sender_lock);
	old = rcu_replace_pointer(ds->sender, sender,
				  lockdep_is_held(&ds->sender_lock));
	spin_unlock(&ds->sender_lock);
	dipc_sender_put(old);
	return sender;
}

/* dipc defines no control message for sending yet, and takes no other's. */
static int check_control(struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	if (!msg->msg_controllen)
		return 0;
	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level == SOL_SOCKET ||
		    cmsg->cmsg_level == SOL_DIPC)
			return -EINVAL;
	}
	return 0;
}

static int errno_of(const struct attempt *a, enum dipc_reason reason)
{
	if (reason == DIPC_REASON_CLOSED && a->queue)
		return a->queue->close_err;
	if (reason == DIPC_REASON_INTERRUPTED)
		return a->err_signal;
	return dipc_reason_errno(reason);
}

/* Nothing was sent, and nobody has counted that yet. */
static int fail(struct attempt *a, enum dipc_reason reason)
{
	const struct dipc_queue *q = a->queue;
	const struct dipc_port *port = READ_ONCE(a->ds->port);

	dipc_stats_count(a->dn->stats, reason);
	trace_dipc_refuse(q ? q->kind : 0, q ? q->id : 0, port ? port->id : 0,
			  a->id, a->len, reason);
	return errno_of(a, reason);
}

static int find_queue(struct attempt *a, struct msghdr *msg)
{
	enum dipc_reason reason;
	struct sockaddr_dipc addr;
	struct dipc_route *route;
	int err;

	if (msg->msg_name) {
		err = dipc_addr_parse(&addr, msg->msg_name, msg->msg_namelen,
				      a->ds->sk.sk_family);
		if (err)
			return err;
		if (addr.sdipc_type == DIPC_ADDR_ANY)
			return -EINVAL;
		reason = dipc_route_find(a->dn, &addr, &a->queue);
		return reason ? fail(a, reason) : 0;
	}

	route = dipc_sock_route(a->ds);
	if (!route)
		return -ENOTCONN;
	a->connected = true;
	a->by_name = route->name;
	a->queue = dipc_route_pick(route);
	dipc_route_put(route);
	/* all who had the name are gone, and so is its being connected to */
	return a->queue ? 0 : fail(a, DIPC_REASON_CLOSED);
}

/* Sleep until the socket has less outstanding than SO_SNDBUF allows. */
static int wait_for_account(struct attempt *a, size_t len)
{
	size_t truesize = dipc_message_truesize(len);
	struct sock *sk = &a->ds->sk;
	long left;

	if (likely(dipc_sock_account_room(a->ds, truesize)))
		return 0;
	if (!a->may_wait)
		return fail(a, DIPC_REASON_WOULD_BLOCK);
	left = wait_event_interruptible_timeout(*sk_sleep(sk),
			dipc_sock_account_room(a->ds, truesize) ||
			dipc_queue_watch_end(a->queue, &a->ds->watcher),
			a->timeout);
	if (left < 0)
		return fail(a, DIPC_REASON_INTERRUPTED);
	if (!left)
		return fail(a, DIPC_REASON_TIMED_OUT);
	if (a->timeout != MAX_SCHEDULE_TIMEOUT)
		a->timeout = left;
	return 0;
}

static struct dipc_message *make_message(struct attempt *a, struct msghdr *msg,
					 size_t len, int *err)
{
	struct dipc_message *m;

	a->id = atomic64_inc_return(&a->ds->next_id);
	m = dipc_message_create(a->sender, a->id, len, &a->dn->limits, err);
	if (!m) {
		*err = fail(a, *err == -ENOBUFS ? DIPC_REASON_USER_LIMIT :
			       *err == -EINTR ? DIPC_REASON_INTERRUPTED :
						DIPC_REASON_NO_MEMORY);
		return NULL;
	}
	*err = dipc_message_copy_from(m, &msg->msg_iter);
	if (*err) {
		dipc_message_put(m);
		*err = fail(a, DIPC_REASON_FAULT);
		return NULL;
	}
	return m;
}

/* Sleep until the queue has decided about the message, or give up. */
static enum dipc_reason await_verdict(struct attempt *a, struct dipc_message *m,
				      struct dipc_waiter *w)
{
	long left = dipc_waiter_sleep(w, a->timeout);

	if (!dipc_waiter_done(w) && dipc_queue_withdraw_sender(a->queue, m, w))
		return left < 0 ? DIPC_REASON_INTERRUPTED :
				  DIPC_REASON_TIMED_OUT;
	return dipc_waiter_done(w);
}

/*
 * An edge-triggered poller does not ask again after EAGAIN: it must be told
 * without. True if there is room by now.
 */
static bool tell_when_room(struct attempt *a)
{
	if (a->by_name)
		dipc_sock_tell_room(a->ds);
	else if (a->connected)
		return dipc_sock_ask_room(a->ds, a->queue, a->len);
	return false;
}

static int deliver(struct attempt *a, struct dipc_message *m)
{
	enum dipc_reason reason;
	struct dipc_waiter w;

	dipc_waiter_init(&w);
	reason = dipc_deliver(a->queue, m, a->may_wait ? &w : NULL);
	/* others may be quicker again: then we are to be told again */
	while (reason == DIPC_REASON_WOULD_BLOCK && tell_when_room(a))
		reason = dipc_deliver(a->queue, m, NULL);
	if (reason == DIPC_REASON_WAITED) {
		reason = await_verdict(a, m, &w);
		if (reason != DIPC_REASON_QUEUED &&
		    reason != DIPC_REASON_HANDED) {
			dipc_message_put(m);
			return fail(a, reason);
		}
		return 0;
	}
	if (reason == DIPC_REASON_QUEUED || reason == DIPC_REASON_HANDED)
		return 0;

	dipc_message_put(m);
	if (reason == DIPC_REASON_WOULD_BLOCK)
		return fail(a, reason);
	/* counted by dipc_deliver() */
	return errno_of(a, reason);
}

static int send_to_queue(struct attempt *a, struct msghdr *msg, size_t len)
{
	enum dipc_reason reason;
	struct dipc_message *m;
	int err;

	reason = dipc_deliver_preview(a->queue, len, a->may_wait);
	if (reason == DIPC_REASON_WOULD_BLOCK && tell_when_room(a))
		reason = DIPC_REASON_NONE;
	if (reason)
		return fail(a, reason);
	err = dipc_sock_autobind(a->ds);
	if (err)
		return err;
	err = wait_for_account(a, len);
	if (err)
		return err;
	a->sender = get_sender(a->ds);
	if (!a->sender)
		return fail(a, DIPC_REASON_NO_MEMORY);
	m = make_message(a, msg, len, &err);
	if (m)
		err = deliver(a, m);
	dipc_sender_put(a->sender);
	return err;
}

/**
 * dipc_sock_send() - send one message
 * @ds: the socket
 * @msg: payload, destination if any, control messages and flags
 * @len: payload in bytes
 *
 * Context: process; may sleep.
 * Return: @len; or a negative errno, and then nothing was sent: see
 * Documentation/errors.txt for each and its cause.
 */
int dipc_sock_send(struct dipc_sock *ds, struct msghdr *msg, size_t len)
{
	struct sock *sk = &ds->sk;
	struct attempt a = {
		.ds = ds,
		.dn = dipc_net_of(sock_net(sk)),
		.may_wait = !(msg->msg_flags & MSG_DONTWAIT),
	};
	int err;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = check_control(msg);
	if (err)
		return err;
	a.len = len;
	a.timeout = sock_sndtimeo(sk, !a.may_wait);
	a.err_signal = sock_intr_errno(a.timeout);
	if (len > DIPC_MSG_LEN_MAX)
		return fail(&a, DIPC_REASON_TOO_LONG);
	err = find_queue(&a, msg);
	if (err)
		return err;
	err = send_to_queue(&a, msg, len);
	dipc_queue_put(a.queue);
	return err ? err : len;
}
