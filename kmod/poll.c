// SPDX-License-Identifier: GPL-2.0
/*
 * poll(), select(), epoll and SIGIO. A poller sleeps on the socket's own wait
 * queue, never on that of a queue (epoll may register before the socket is
 * bound); the socket watches its queue and wakes them.
 */
#include <linux/cred.h>

#include "sock.h"

static struct dipc_sock *sock_of(struct dipc_watcher *w)
{
	return container_of(w, struct dipc_sock, watcher);
}

static void wake_pollers(struct sock *sk, __poll_t events)
{
	struct socket_wq *wq = rcu_dereference(sk->sk_wq);

	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, events);
}

/* One-shot or not, and if so, not yet: may SIGIO be sent? */
static bool may_signal(struct dipc_sock *ds, bool was_empty)
{
	switch (READ_ONCE(ds->notify)) {
	case DIPC_NOTIFY_EACH:
		return true;
	case DIPC_NOTIFY_ARMED:
		return was_empty && cmpxchg(&ds->notify, DIPC_NOTIFY_ARMED,
					    DIPC_NOTIFY_SENT) ==
				    DIPC_NOTIFY_ARMED;
	default:
		return false;
	}
}

static void readable(struct dipc_watcher *w, bool was_empty)
{
	struct dipc_sock *ds = sock_of(w);
	const struct dipc_queue *q = dipc_sock_rx(ds);
	__poll_t events = EPOLLIN | EPOLLRDNORM;
	struct sock *sk = &ds->sk;

	/* of these also who asked for no event is told */
	if (q && READ_ONCE(q->closed))
		events |= EPOLLERR | EPOLLHUP;
	wake_pollers(sk, events);
	if (sock_flag(sk, SOCK_FASYNC) && may_signal(ds, was_empty))
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

static void room(struct dipc_watcher *w)
{
	struct sock *sk = &sock_of(w)->sk;

	wake_pollers(sk, EPOLLOUT | EPOLLWRNORM);
	sk_wake_async(sk, SOCK_WAKE_SPACE, POLL_OUT);
}

/**
 * dipc_sock_watcher_init() - prepare a new socket to be polled
 * @ds: the socket
 *
 * Context: process.
 */
void dipc_sock_watcher_init(struct dipc_sock *ds)
{
	dipc_watcher_init(&ds->watcher, readable, room);
}

static bool account_has_room(const struct dipc_sock *ds)
{
	return dipc_account_has_room(ds->account,
				     dipc_message_truesize(PAGE_SIZE),
				     READ_ONCE(ds->sk.sk_sndbuf));
}

/* Who would be charged is the kept sender, or who polls if there is none. */
static bool queue_has_room(struct dipc_sock *ds, struct dipc_queue *q)
{
	struct dipc_sender *sender;
	bool has_room = true;

	rcu_read_lock();
	sender = rcu_dereference(ds->sender);
	if (sender && !refcount_inc_not_zero(&sender->refs))
		sender = NULL;
	rcu_read_unlock();

	sock_set_flag(&ds->sk, SOCK_RCU_FREE);
	has_room = dipc_queue_watch_room(q, &ds->watcher,
					 sender ? sender->uid : current_euid(),
					 sender ? sender->user : NULL);
	dipc_sender_put(sender);
	return has_room;
}

static bool is_writable(struct dipc_sock *ds)
{
	struct dipc_route *route;
	struct dipc_queue *q;
	bool writable = true;

	if (!account_has_room(ds))
		return false;
	route = dipc_sock_route(ds);
	if (!route)
		return true;
	q = dipc_route_first(route);
	dipc_route_put(route);
	if (q)
		writable = queue_has_room(ds, q);
	dipc_queue_put(q);
	return writable;
}

static __poll_t readable_mask(const struct dipc_sock *ds)
{
	const struct dipc_queue *q = dipc_sock_rx(ds);

	if (!q)
		return 0;
	if (READ_ONCE(q->closed))
		return EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP;
	return dipc_queue_readable(q) ? EPOLLIN | EPOLLRDNORM : 0;
}

/**
 * dipc_sock_poll() - what can be done without waiting
 * @file: of the socket
 * @sock: the socket
 * @wait: where to register for a wake-up
 *
 * EPOLLOUT means that the next send of a message of up to a page would not
 * have to wait; on a socket that is not connected, always.
 *
 * Context: process.
 * Return: the events that are true now.
 */
__poll_t dipc_sock_poll(struct file *file, struct socket *sock,
			struct poll_table_struct *wait)
{
	struct dipc_sock *ds = dipc_sk(sock->sk);
	__poll_t mask;

	sock_poll_wait(file, sock, wait);
	poll_wait(file, &ds->account->wait, wait);
	mask = readable_mask(ds);
	if (is_writable(ds))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}
