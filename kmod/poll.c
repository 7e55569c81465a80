// SPDX-License-Identifier: GPL-2.0
/*
 * poll(), select(), epoll and SIGIO. A poller sleeps on the socket's own wait
 * queue, never on that of a queue (epoll may register before the socket is
 * bound); the socket watches its queue and wakes them.
 */
#include <linux/cred.h>

#include "sock.h"

/* What is meant by room for a message: of so many bytes. */
#define ROOM_BYTES 4096

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

static void writable(struct dipc_sock *ds)
{
	wake_pollers(&ds->sk, EPOLLOUT | EPOLLWRNORM);
	sk_wake_async(&ds->sk, SOCK_WAKE_SPACE, POLL_OUT);
}

static void queue_room(struct dipc_watcher *w)
{
	writable(sock_of(w));
}

static void account_room(void *socket)
{
	writable(socket);
}

/**
 * dipc_sock_init_wake() - prepare a new socket to be woken
 * @ds: the socket
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int dipc_sock_init_wake(struct dipc_sock *ds)
{
	dipc_watcher_init(&ds->watcher, readable, queue_room);
	ds->account = dipc_account_create(ds, account_room);
	return ds->account ? 0 : -ENOMEM;
}

/**
 * dipc_sock_account_room() - may a socket have one more message outstanding
 * @ds: the socket
 * @truesize: memory that the message takes, in bytes
 *
 * Context: any.
 * Return: whether SO_SNDBUF allows it; if not, those who sleep or poll on the
 * socket are woken when it may.
 */
bool dipc_sock_account_room(struct dipc_sock *ds, size_t truesize)
{
	return dipc_account_ask_room(ds->account, truesize,
				     READ_ONCE(ds->sk.sk_sndbuf));
}

/**
 * dipc_sock_ask_room() - would a queue let a message in now
 * @ds: the socket through which the current task would send it
 * @q: the queue
 * @len: payload in bytes
 *
 * Context: process; may sleep.
 * Return: whether it would; if not, those who poll on the socket are woken
 * when it may.
 */
bool dipc_sock_ask_room(struct dipc_sock *ds, struct dipc_queue *q, size_t len)
{
	struct dipc_user *user = dipc_user_current();
	bool has_room;

	/* without memory there is no sending, and that does not wait */
	if (!user)
		return true;
	has_room = dipc_queue_watch_room(q, &ds->watcher, len, current_euid(),
					 user);
	dipc_user_put(user);
	return has_room;
}

static bool is_writable(struct dipc_sock *ds)
{
	struct dipc_route *route;
	struct dipc_queue *q;
	bool has_room = true;

	if (!dipc_sock_account_room(ds, dipc_message_truesize(ROOM_BYTES)))
		return false;
	route = dipc_sock_route(ds);
	if (!route)
		return true;
	q = dipc_route_first(route);
	dipc_route_put(route);
	if (q)
		has_room = dipc_sock_ask_room(ds, q, ROOM_BYTES);
	dipc_queue_put(q);
	return has_room;
}

/**
 * dipc_sock_tell_room() - a send failed that must not be tried in vain again
 * @ds: the socket, connected to a name that several ports may share
 *
 * The next send goes to another port, about which pollers have to be told.
 *
 * Context: process; may sleep.
 */
void dipc_sock_tell_room(struct dipc_sock *ds)
{
	if (!is_writable(ds))
		return;
	rcu_read_lock();
	writable(ds);
	rcu_read_unlock();
}

static bool wants_to_write(struct poll_table_struct *wait)
{
	return poll_requested_events(wait) &
	       (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
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
 * EPOLLOUT means that the next send of a message of up to 4,096 bytes would not
 * have to wait; on a socket that is not connected, always. It is worked out
 * only for those who ask.
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
	mask = readable_mask(ds);
	if (!wants_to_write(wait))
		return mask;
	/* before asking: what comes in between is not missed */
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sock->sk);
	if (is_writable(ds))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}
