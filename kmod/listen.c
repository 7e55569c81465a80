// SPDX-License-Identifier: GPL-2.0
/*
 * How a socket for links is found and met: listen(), connect() and accept().
 * The other end of a connection is made by who connects, and waits with the
 * listener, connected, until it is accepted.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>

#include "sock.h"

/* Who listens is who those see as their peer that connect. */
static void update_peercred(struct sock *sk)
{
	const struct cred *old_cred;
	struct pid *old_pid;

	spin_lock(&sk->sk_peer_lock);
	old_pid = sk->sk_peer_pid;
	old_cred = sk->sk_peer_cred;
	sk->sk_peer_pid = get_pid(task_tgid(current));
	sk->sk_peer_cred = get_current_cred();
	spin_unlock(&sk->sk_peer_lock);
	put_pid(old_pid);
	put_cred(old_cred);
}

static int start(struct dipc_sock *ds, u32 backlog)
{
	struct dipc_listener_info info = {
		.number = ds->id,
		.name = ds->bound,
		.pid = task_tgid(current),
		.cred = current_cred(),
		.calls = ds->recv_calls,
	};
	struct dipc_listener *l = dipc_sock_listener(ds);
	bool is_new = !l;

	dipc_sock_conf(ds, &info.conf);
	if (is_new) {
		l = dipc_listener_create(ds, dipc_sock_arrived);
		if (!l)
			return -ENOMEM;
	}
	dipc_listener_set(l, &info, backlog,
			  ds->sk.sk_shutdown & RCV_SHUTDOWN);
	if (is_new)
		dipc_port_set_listener(ds->port, l);
	return 0;
}

/**
 * dipc_sock_listen() - let others connect
 * @ds: a socket for links
 * @backlog: one more than this may wait to be accepted
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if it is not bound, or is connected; -ENOMEM.
 */
int dipc_sock_listen(struct dipc_sock *ds, int backlog)
{
	struct sock *sk = &ds->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (!ds->port ||
	    (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN))
		goto out;
	err = start(ds, backlog);
	if (err)
		goto out;
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	WRITE_ONCE(sk->sk_state, TCP_LISTEN);
	update_peercred(sk);
out:
	release_sock(sk);
	return err;
}

static struct dipc_sock *take(struct dipc_listener *l)
{
	struct list_head *node = dipc_listener_take(l);

	return node ? list_entry(node, struct dipc_sock, pending) : NULL;
}

static struct dipc_sock *wait(struct dipc_sock *ds, struct dipc_listener *l,
			      long timeout, int *err)
{
	struct dipc_sock *new;
	bool shut;
	long left;

	/*
	 * One connection wakes one task. After the shutdown there are no more:
	 * it is looked at before the last of them.
	 */
	left = ___wait_event(*sk_sleep(&ds->sk),
			     ___wait_cond_timeout((shut = dipc_listener_is_shut(l),
						   (new = take(l)) || shut)),
			     TASK_INTERRUPTIBLE, 1, timeout,
			     __ret = schedule_timeout(__ret));
	*err = left < 0 ? sock_intr_errno(timeout) : left ? -EINVAL : -EAGAIN;
	return left > 0 ? new : NULL;
}

static void give(struct dipc_sock *new, const struct socket *from,
		 struct socket *to)
{
	if (test_bit(SOCK_PASSCRED, &from->flags))
		set_bit(SOCK_PASSCRED, &to->flags);
	to->state = SS_CONNECTED;
	sock_graft(&new->sk, to);
}

/**
 * dipc_sock_accept() - take up a connection
 * @ds: a socket for links
 * @sock: new; the connection is given to it
 * @flags: O_NONBLOCK or 0
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if the socket does not listen, or was shut down while
 * nobody is left to be accepted; -EAGAIN without waiting, or if the time is
 * over; as sock_intr_errno() for a signal.
 */
int dipc_sock_accept(struct dipc_sock *ds, struct socket *sock, int flags)
{
	long timeout = sock_rcvtimeo(&ds->sk, flags & O_NONBLOCK);
	struct dipc_listener *l;
	struct dipc_sock *new;
	int err = -EAGAIN;

	l = dipc_sock_listener(ds);
	if (!l || READ_ONCE(ds->sk.sk_state) != TCP_LISTEN)
		return -EINVAL;
	new = take(l);
	if (!new && timeout)
		new = wait(ds, l, timeout, &err);
	if (!new)
		return err;
	give(new, ds->sk.sk_socket, sock);
	return 0;
}

/* Both ends of a connection to be, as far as it has got. */
struct call {
	struct dipc_sock	*ds;		/* who connects */
	struct dipc_sock	*other;		/* to be accepted */
	struct dipc_pair	pair;		/* of these two, in this order */
};

static void set_end(struct dipc_link_end *end, const struct dipc_sock *ds,
		    u64 number, kuid_t uid, struct pid *pid)
{
	end->port = ds->id;
	end->uid = uid;
	end->pid = pid;
	end->bound = ds->bound;
	end->number = number;
}

/* The other end has the listener's address, and a number of its own. */
static void init_other(struct dipc_sock *other, struct dipc_sock *ds,
		       struct dipc_listener_info *info)
{
	struct sock *sk = &other->sk;

	dipc_sock_draw_id(other);
	/* with the reference */
	other->bound = info->name;
	info->name = NULL;
	other->accepted = true;
	other->recv_calls = info->calls;
	sk->sk_peer_pid = get_pid(task_tgid(current));
	sk->sk_peer_cred = get_current_cred();
}

static int make_pair(struct call *c, struct dipc_listener_info *info,
		     struct dipc_name *name)
{
	struct dipc_sock *ds = c->ds, *other = c->other;
	struct dipc_pair_ends ends;

	lock_sock(&ds->sk);
	dipc_sock_draw_id(ds);
	set_end(&ends.who[0], ds, ds->id, current_euid(), task_tgid(current));
	dipc_sock_conf(ds, &ends.confs[0]);
	release_sock(&ds->sk);
	set_end(&ends.who[1], other, info->number, info->cred->euid, info->pid);
	ends.confs[1] = info->conf;
	return dipc_pair_make(&c->pair, ds->dn, &ends, name, ds->sk.sk_type);
}

/* All that a connection needs, before it is asked whether there is room. */
static int make_call(struct call *c, struct dipc_listener *l)
{
	struct dipc_listener_info info;
	struct sock *sk = &c->ds->sk;
	int err;

	c->other = dipc_sock_create(sock_net(sk), sk->sk_family, NULL,
				    sk->sk_type, 0);
	if (!c->other)
		return -ENOMEM;
	dipc_listener_get_info(l, &info);
	init_other(c->other, c->ds, &info);
	err = make_pair(c, &info, c->other->bound);
	dipc_listener_put_info(&info);
	if (err) {
		dipc_sock_release(c->other);
		return err;
	}
	dipc_pair_take(&c->pair, 1, c->other);
	return 0;
}

static void drop_call(struct call *c)
{
	dipc_pair_drop(&c->pair);
	dipc_sock_release(c->other);
}

static int refusal(const struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_CLOSE:
		return 0;
	case TCP_ESTABLISHED:
		return -EISCONN;
	default:
		return -EINVAL;
	}
}

static void copy_peercred(struct sock *sk, struct dipc_listener *l)
{
	struct dipc_listener_info info;

	dipc_listener_get_info(l, &info);
	spin_lock(&sk->sk_peer_lock);
	swap(sk->sk_peer_pid, info.pid);
	swap(sk->sk_peer_cred, info.cred);
	spin_unlock(&sk->sk_peer_lock);
	dipc_listener_put_info(&info);
}

/* From the moment it is added, the other end may be accepted, and closed. */
static int try_call(struct call *c, struct dipc_listener *l)
{
	struct dipc_queue *rx = &c->pair.rx[0]->queue;
	struct sock *sk = &c->ds->sk;
	struct dipc_queue_conf conf;
	int err;

	lock_sock(sk);
	/* the limits may have been set since the link was made */
	dipc_sock_conf(c->ds, &conf);
	err = dipc_queue_configure(rx, &conf, rx->owner);
	if (!err) {
		dipc_queue_expect(rx, READ_ONCE(c->ds->recv_calls));
		err = dipc_listener_add(l, &c->other->pending, refusal(sk));
	}
	if (!err) {
		copy_peercred(sk, l);
		dipc_pair_take(&c->pair, 0, c->ds);
	}
	release_sock(sk);
	return err;
}

static int call(struct dipc_sock *ds, struct dipc_listener *l, long timeout)
{
	struct call c = { .ds = ds };
	bool waited = false;
	int err;

	err = make_call(&c, l);
	if (err)
		return err;
	for (;;) {
		err = try_call(&c, l);
		if (err != -EAGAIN || !timeout)
			break;
		waited = true;
		timeout = dipc_listener_wait(l, timeout);
		if (timeout < 0) {
			err = timeout;
			break;
		}
	}
	if (err) {
		drop_call(&c);
		if (waited)
			dipc_listener_give_up(l);
	}
	return err;
}

/**
 * dipc_sock_connect_link() - connect to a socket that listens
 * @ds: a socket for links
 * @addr: checked address
 * @may_wait: until there is room among those that wait to be accepted
 *
 * Context: process; may sleep.
 * Return: 0; -EHOSTUNREACH for another node; -ENOENT if nobody has the name;
 * -EPROTOTYPE if who has it is of another type; -ECONNREFUSED if nobody has
 * the number, or does not listen; -EISCONN; -EINVAL if @ds listens itself;
 * -EAGAIN without waiting, or when SO_SNDTIMEO is over; as sock_intr_errno()
 * for a signal; -ENOBUFS if the user has too many ports; -ENOMEM.
 */
int dipc_sock_connect_link(struct dipc_sock *ds,
			   const struct sockaddr_dipc *addr, bool may_wait)
{
	long timeout = sock_sndtimeo(&ds->sk, !may_wait);
	enum dipc_reason reason;
	struct dipc_listener *l;
	struct dipc_port *port;
	int err = -ECONNREFUSED;

	reason = dipc_route_find_port(ds->dn, addr, ds->sk.sk_type, &port);
	if (reason)
		return dipc_reason_errno(reason);
	l = dipc_port_listener(port);
	if (l)
		err = call(ds, l, timeout);
	dipc_port_put(port);
	return err == -ERESTARTSYS ? sock_intr_errno(timeout) : err;
}
