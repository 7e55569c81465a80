// SPDX-License-Identifier: GPL-2.0
/*
 * Making and ending struct dipc_sock, be it for a descriptor or, by connect(),
 * for a connection that nobody has accepted yet.
 */
#include "sock.h"

/* Bytes of memory a socket may have outstanding, until SO_SNDBUF says else. */
#define DEFAULT_SNDBUF (4 * 1024 * 1024)

static struct proto dipc_proto = {
	.name		= "DIPC",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct dipc_sock),
};

/**
 * dipc_sock_register() - let sockets be made
 *
 * Context: process, when the module is loaded.
 * Return: 0, -ENOBUFS or -ENOMEM.
 */
int dipc_sock_register(void)
{
	return proto_register(&dipc_proto, 1);
}

/**
 * dipc_sock_unregister() - undo dipc_sock_register()
 *
 * Context: process, when no socket is left.
 */
void dipc_sock_unregister(void)
{
	proto_unregister(&dipc_proto);
}

static void init(struct dipc_sock *ds, u16 type)
{
	struct sock *sk = &ds->sk;

	ds->dn = dipc_net_of(sock_net(sk));
	sk->sk_type = type;
	sk->sk_sndbuf = DEFAULT_SNDBUF;
	/* from the first: the bits of sk_flags are not set atomically */
	sock_set_flag(sk, SOCK_RCU_FREE);
	mutex_init(&ds->read_lock);
	INIT_LIST_HEAD(&ds->pending);
	dipc_sock_init_wake(ds);
}

/**
 * dipc_sock_create() - make a socket
 * @net: in this namespace
 * @family: number of the address family
 * @sock: of the descriptor; or NULL: accept() will bring one
 * @type: its type
 * @kern: whether it is the kernel's own
 *
 * Context: process; may sleep.
 * Return: the socket, or NULL without memory.
 */
struct dipc_sock *dipc_sock_create(struct net *net, int family,
				   struct socket *sock, u16 type, int kern)
{
	struct sock *sk;

	sk = sk_alloc(net, family, GFP_KERNEL, &dipc_proto, kern);
	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	init(dipc_sk(sk), type);
	return dipc_sk(sk);
}

static void end_sock(struct dipc_sock *ds, bool accepted)
{
	struct dipc_standing_match *match;
	/* these know the socket, and call it under RCU; so may: */
	bool is_called = ds->errqueue || ds->caller || ds->handles ||
			 dipc_sock_listener(ds);

	sock_orphan(&ds->sk);
	/* first, while the queues are there from which it withdraws */
	dipc_errqueue_close(ds->errqueue);
	if (ds->caller)
		dipc_caller_close(ds->caller, &ds->dn->callers);
	dipc_call_free(ds->spare);
	dipc_sock_drop_all(ds);
	/* who is told of room by these looks at what the socket receives from */
	dipc_queue_unwatch_room(&ds->watcher);
	if (ds->watcher.was_starved)
		is_called = true;
	if (ds->account && dipc_account_close(ds->account))
		is_called = true;
	if (dipc_sock_is_link(ds))
		is_called = dipc_sock_part(ds, !accepted, is_called);
	/* it may be a part of the port */
	dipc_route_put(rcu_replace_pointer(ds->route, NULL, true));
	if (dipc_sock_unbind(ds))
		is_called = true;
	dipc_sender_put(rcu_replace_pointer(ds->sender, NULL, true));
	kfree(ds->conf);
	match = rcu_replace_pointer(ds->match, NULL, true);
	if (match)
		kfree_rcu(match, rcu);
	if (!is_called)
		sock_reset_flag(&ds->sk, SOCK_RCU_FREE);
	sock_put(&ds->sk);
}

/* Connections that nobody will accept any more. */
static void end_pending(struct dipc_listener *l)
{
	struct dipc_sock *ds, *next;
	LIST_HEAD(pending);

	dipc_listener_close(l, &pending);
	list_for_each_entry_safe(ds, next, &pending, pending) {
		list_del_init(&ds->pending);
		end_sock(ds, false);
		cond_resched();
	}
}

/**
 * dipc_sock_release() - a socket is closed
 * @ds: the socket, which nobody uses any more; consumed
 *
 * Context: process; may sleep.
 */
void dipc_sock_release(struct dipc_sock *ds)
{
	struct dipc_listener *l = dipc_sock_listener(ds);

	if (l)
		end_pending(l);
	end_sock(ds, true);
}
