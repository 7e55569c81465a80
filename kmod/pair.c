// SPDX-License-Identifier: GPL-2.0
/*
 * Two sockets as the two ends of a connection: joining them, by socketpair()
 * or (listen.c) by connect(), and ending it, one direction by shutdown() or
 * both by close(). What joins them is all made before either of them is
 * changed, so that nothing can fail half-way.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>

#include "sock.h"

/**
 * dipc_pair_make() - make what is to join two sockets
 * @pair: filled
 * @dn: the node
 * @ends: what is known of the two
 * @name: under which they meet, or NULL
 * @socket_type: of both
 *
 * The current user is charged for both links.
 *
 * Context: process; may sleep.
 * Return: 0, and then dipc_pair_take() or dipc_pair_drop() is to be called for
 * each end; -ENOBUFS if the user has too many ports; -ENOMEM.
 */
int dipc_pair_make(struct dipc_pair *pair, struct dipc_net *dn,
		   const struct dipc_pair_ends *ends, struct dipc_name *name,
		   u16 socket_type)
{
	const struct dipc_link_request request = {
		.ends = ends->who,
		.confs = ends->confs,
		.name = name,
		.limits = &dn->limits,
		.stats = dn->stats,
		.socket_type = socket_type,
	};
	struct dipc_connection *c;
	int i;

	c = dipc_connection_create(&dn->links, &request);
	if (IS_ERR(c))
		return PTR_ERR(c);
	for (i = 0; i < 2; i++) {
		pair->rx[i] = &c->links[i];
		pair->route[!i] = dipc_route_of_link(&c->links[i]);
	}
	return 0;
}

/**
 * dipc_pair_drop() - what was made for ends that were not joined is not needed
 * @pair: empty afterwards; ends that were taken are not touched
 *
 * Context: process; may sleep.
 */
void dipc_pair_drop(struct dipc_pair *pair)
{
	int i;

	for (i = 0; i < 2; i++) {
		dipc_route_put(pair->route[i]);
		if (pair->rx[i])
			dipc_link_abandon(pair->rx[i]);
		pair->route[i] = NULL;
		pair->rx[i] = NULL;
	}
}

/**
 * dipc_pair_take() - a socket becomes one end
 * @pair: from which what belongs to this end is taken
 * @which: 0 or 1
 * @ds: the socket, with its number; locked, or known to nobody yet
 *
 * Context: process; may sleep.
 */
void dipc_pair_take(struct dipc_pair *pair, int which, struct dipc_sock *ds)
{
	struct dipc_route *route = pair->route[which];
	struct dipc_link *rx = pair->rx[which];

	pair->route[which] = NULL;
	pair->rx[which] = NULL;
	dipc_link_set_writer(dipc_link_of_queue(route->queue), &ds->watcher);
	rcu_assign_pointer(ds->route, route);
	/* what was shut down before is so now */
	if (ds->sk.sk_shutdown & SEND_SHUTDOWN)
		dipc_link_end(dipc_link_of_queue(route->queue));
	if (ds->sk.sk_shutdown & RCV_SHUTDOWN)
		dipc_link_end(rx);
	/*
	 * Before those who poll are told that there is something to receive;
	 * who sees it sees the route.
	 */
	smp_store_release(&ds->sk.sk_state, TCP_ESTABLISHED);
	dipc_sock_receive_from(ds, &rx->queue);
	dipc_link_put(rx);
}

static void describe(struct dipc_sock *ds, struct dipc_link_end *end)
{
	dipc_sock_draw_id(ds);
	end->port = ds->id;
	end->uid = current_euid();
	end->pid = task_tgid(current);
	end->bound = ds->bound;
	end->number = ds->id;
}

static void set_peercred(struct sock *sk)
{
	sk->sk_peer_pid = get_pid(task_tgid(current));
	sk->sk_peer_cred = get_current_cred();
}

/**
 * dipc_sock_pair() - join two new sockets
 * @a: known to nobody yet
 * @b: the same
 *
 * Context: process; may sleep.
 * Return: 0, or as dipc_pair_make().
 */
int dipc_sock_pair(struct dipc_sock *a, struct dipc_sock *b)
{
	struct dipc_pair_ends ends;
	struct dipc_pair pair;
	int err;

	describe(a, &ends.who[0]);
	describe(b, &ends.who[1]);
	dipc_sock_conf(a, &ends.confs[0]);
	dipc_sock_conf(b, &ends.confs[1]);
	err = dipc_pair_make(&pair, a->dn, &ends, NULL, a->sk.sk_type);
	if (err)
		return err;
	set_peercred(&a->sk);
	set_peercred(&b->sk);
	dipc_pair_take(&pair, 0, a);
	dipc_pair_take(&pair, 1, b);
	return 0;
}

/* Of a connected socket, which stays connected as long as it lives. */
static struct dipc_link *tx_of(struct dipc_sock *ds)
{
	struct dipc_route *route = rcu_dereference_protected(ds->route, true);

	return dipc_link_of_queue(route->queue);
}

/**
 * dipc_sock_part() - a socket for links is closed
 * @ds: the socket, which nobody uses any more
 * @reset: nobody has ever used it: the other end is told ECONNRESET
 * @is_called: somebody may be calling it just now, under RCU
 *
 * Context: process; may sleep.
 * Return: whether somebody may be calling it, be it for its links.
 */
bool dipc_sock_part(struct dipc_sock *ds, bool reset, bool is_called)
{
	struct dipc_link *rx, *tx;

	if (!ds->rx)
		return is_called;
	rx = dipc_link_of_queue(ds->rx);
	tx = tx_of(ds);
	dipc_link_set_writer(tx, NULL);
	if (dipc_link_part(rx, tx, &ds->watcher, reset))
		is_called = true;
	/* who is called looks at both */
	if (is_called)
		dipc_link_delay(rx);
	return is_called;
}

/**
 * dipc_sock_shutdown() - end one direction or both
 * @ds: a socket for links; not connected, it is remembered
 * @how: SHUT_RD, SHUT_WR or SHUT_RDWR
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for another @how.
 */
int dipc_sock_shutdown(struct dipc_sock *ds, int how)
{
	struct sock *sk = &ds->sk;
	struct dipc_listener *l;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	/* SHUT_RD is RCV_SHUTDOWN - 1, and so on */
	how++;

	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	l = dipc_sock_listener(ds);
	if (l && how & RCV_SHUTDOWN)
		dipc_listener_shut(l);
	if (ds->rx && how == SHUTDOWN_MASK)
		dipc_link_hang_up(dipc_link_of_queue(ds->rx), tx_of(ds));
	else if (ds->rx)
		dipc_link_end(how == SEND_SHUTDOWN ?
			      tx_of(ds) : dipc_link_of_queue(ds->rx));
	release_sock(sk);
	/* those who poll, or wait to accept */
	sk->sk_state_change(sk);
	return 0;
}
