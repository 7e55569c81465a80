// SPDX-License-Identifier: GPL-2.0
/*
 * poll(), select(), epoll and SIGIO. A poller sleeps on the socket's own wait
 * queue, never on that of a queue (epoll may register before the socket is
 * bound); the socket watches its queue and wakes them. What a socket for links
 * says is what an AF_UNIX socket says in the same situation.
 */
#include <linux/cred.h>

#include "sock.h"

/* What is meant by room for a message: of so many bytes. */
#define ROOM_BYTES 4096

static struct dipc_sock *sock_of(struct dipc_watcher *w)
{
	return container_of(w, struct dipc_sock, watcher);
}

static bool has_pollers(struct sock *sk)
{
	return skwq_has_sleeper(rcu_dereference(sk->sk_wq));
}

static void wake_pollers(struct sock *sk, __poll_t events)
{
	struct socket_wq *wq = rcu_dereference(sk->sk_wq);

	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, events);
}

/* One-shot or not, and if so, not yet: may SIGIO be sent? */
static bool may_signal(struct dipc_sock *ds, struct dipc_queue *q,
		       bool was_empty)
{
	const struct dipc_want *want;
	struct dipc_want standing;

	want = q ? dipc_sock_want(ds, &standing) : NULL;
	if (want && !dipc_queue_has_new(q, want))
		return false;
	switch (READ_ONCE(ds->notify)) {
	case DIPC_NOTIFY_EACH:
		return true;
	case DIPC_NOTIFY_ARMED:
		/* to who is choosy the queue was empty */
		return (was_empty || (want && want->has_match) ||
			(want && READ_ONCE(q->had_calls))) &&
		       cmpxchg(&ds->notify, DIPC_NOTIFY_ARMED,
			       DIPC_NOTIFY_SENT) == DIPC_NOTIFY_ARMED;
	default:
		return false;
	}
}

/*
 * The other end was closed before time: that is an error of the socket, once,
 * and is told by whoever looks first.
 */
static noinline void take_end_over(struct dipc_sock *ds,
				   const struct dipc_queue *rx)
{
	int err;

	/* pairs with the release below */
	if (smp_load_acquire(&ds->end_seen))
		return;
	spin_lock_bh(&ds->end_lock);
	err = READ_ONCE(rx->end_err);
	if (!ds->end_seen) {
		/* who sees it sees end_err */
		smp_store_release(&ds->sk.sk_err, -err);
		/* who sees it sees the error */
		smp_store_release(&ds->end_seen, true);
	}
	spin_unlock_bh(&ds->end_lock);
}

static __always_inline void see_end(struct dipc_sock *ds)
{
	const struct dipc_queue *rx = dipc_sock_rx(ds);

	if (unlikely(rx && READ_ONCE(rx->end_err)))
		take_end_over(ds, rx);
}

/**
 * dipc_sock_error() - take the socket's error
 * @ds: the socket
 *
 * To be used instead of sock_error(): it knows of an end that nobody has seen
 * yet.
 *
 * Context: any.
 * Return: 0 or a negative errno, which is told only once.
 */
int dipc_sock_error(struct dipc_sock *ds)
{
	see_end(ds);
	return sock_error(&ds->sk);
}

/**
 * dipc_sock_has_error() - would dipc_sock_error() tell of something
 * @ds: the socket
 *
 * Context: any.
 * Return: whether it would; then what came before the end can be seen, too.
 */
bool dipc_sock_has_error(struct dipc_sock *ds)
{
	const struct dipc_queue *rx = dipc_sock_rx(ds);

	/* pairs with the release in dipc_queue_end() */
	if (rx && smp_load_acquire(&rx->end_err))
		return true;
	/* pairs with the release in take_end_over() */
	return smp_load_acquire(&ds->sk.sk_err);
}

/* Which directions are over, as bits of sk_shutdown. */
static int shutdown_of(struct dipc_sock *ds)
{
	const struct dipc_queue *rx = dipc_sock_rx(ds), *tx;
	const struct dipc_route *route;
	int over = 0;

	/* from when it is connected, it is over when that has been done */
	if (!rx || !dipc_sock_is_link(ds))
		return READ_ONCE(ds->sk.sk_shutdown);
	/*
	 * The error is there a moment before, for who receives. Who sees the
	 * end sees that the other direction was closed before.
	 */
	if (smp_load_acquire(&rx->ended) || READ_ONCE(rx->end_err))
		over |= RCV_SHUTDOWN;
	rcu_read_lock();
	/* it was set before rx, and stays as long as the socket lives */
	route = rcu_dereference(ds->route);
	tx = route ? route->queue : NULL;
	if (!tx || READ_ONCE(tx->ended) || READ_ONCE(tx->closed))
		over |= SEND_SHUTDOWN;
	rcu_read_unlock();
	return over;
}

static int end_err_of(struct dipc_sock *ds)
{
	const struct dipc_queue *rx = dipc_sock_rx(ds);

	return rx ? READ_ONCE(rx->end_err) : 0;
}

/*
 * What is over, and the error that goes with it, as they were at one moment: an
 * end that comes meanwhile has both told or neither. But for one way: if the
 * other end had shut down sending before, and is just being closed with
 * something unread, its error comes a moment after POLLHUP.
 */
static int look_at_end(struct dipc_sock *ds, int *over)
{
	int end_err, err;

	/* it changes once at most: then all is looked at anew */
	do {
		end_err = end_err_of(ds);
		see_end(ds);
		/* pairs with the release in take_end_over() */
		err = smp_load_acquire(&ds->sk.sk_err);
		*over = shutdown_of(ds);
		/* end_err is set before rx is seen to have ended */
		smp_rmb();
	} while (unlikely(end_err_of(ds) != end_err));
	return err;
}

/* The end of a connection, or of one direction, or the mailbox's end. */
static __poll_t end_mask(struct dipc_sock *ds)
{
	const struct dipc_queue *rx = dipc_sock_rx(ds);
	__poll_t mask = 0;
	int over, err;

	if (!dipc_sock_is_link(ds))
		return rx && READ_ONCE(rx->closed) ?
		       EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP : 0;
	err = look_at_end(ds, &over);
	if (over & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (over == SHUTDOWN_MASK ||
	    READ_ONCE(ds->sk.sk_state) == TCP_CLOSE)
		mask |= EPOLLHUP;
	return err ? mask | EPOLLERR : mask;
}

/* True once after the other end was closed, or shut in both directions. */
static bool is_news_of_hangup(struct dipc_sock *ds)
{
	struct dipc_queue *rx = dipc_sock_rx(ds);

	return rx && dipc_sock_is_link(ds) &&
	       dipc_link_take_hangup(dipc_link_of_queue(rx));
}

static bool wants_signals(const struct sock *sk)
{
	/* the core changes other flags of the word without marking that */
	return data_race(sock_flag(sk, SOCK_FASYNC));
}

static void signal_readable(struct dipc_sock *ds, __poll_t end, bool was_empty)
{
	/* an end is for everybody, whatever message he waits for */
	struct dipc_queue *rx = end ? NULL : dipc_sock_rx(ds);
	struct sock *sk = &ds->sk;

	if (is_news_of_hangup(ds))
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
	/* nothing comes after one's own shutdown(), which is no news */
	else if (!(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) &&
		 may_signal(ds, rx, was_empty))
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

/* Mostly so; an end is seen all the same. */
static bool nobody_looks(struct dipc_sock *ds)
{
	if (has_pollers(&ds->sk) || wants_signals(&ds->sk))
		return false;
	see_end(ds);
	return true;
}

static void readable(struct dipc_watcher *w, bool was_empty)
{
	struct dipc_sock *ds = sock_of(w);
	__poll_t end;

	if (likely(nobody_looks(ds)))
		return;
	end = end_mask(ds);
	/* of an end also who asked for no event is told */
	wake_pollers(&ds->sk, EPOLLIN | EPOLLRDNORM | end);
	if (wants_signals(&ds->sk))
		signal_readable(ds, end, was_empty);
}

/**
 * dipc_sock_arrived() - somebody has connected to a socket that listens
 * @socket: the socket
 *
 * Context: any; RCU read section.
 */
void dipc_sock_arrived(void *socket)
{
	struct dipc_sock *ds = socket;

	readable(&ds->watcher, true);
}

static void writable(struct dipc_sock *ds)
{
	__poll_t end;

	if (nobody_looks(ds))
		return;
	end = end_mask(ds);
	wake_pollers(&ds->sk, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND | end);
	sk_wake_async(&ds->sk, SOCK_WAKE_SPACE, POLL_OUT);
	if (unlikely(end) && wants_signals(&ds->sk) &&
	    is_news_of_hangup(ds))
		sk_wake_async(&ds->sk, SOCK_WAKE_WAITD, POLL_HUP);
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
 * dipc_sock_tell_completion() - an asynchronous send is complete
 * @socket: the socket that sent
 *
 * Context: any; RCU read section.
 */
void dipc_sock_tell_completion(void *socket)
{
	struct dipc_sock *ds = socket;

	wake_pollers(&ds->sk, EPOLLERR);
	sk_wake_async(&ds->sk, SOCK_WAKE_IO, POLL_ERR);
}

/**
 * dipc_sock_tell_outcome() - a call has ended
 * @socket: the socket that has made it
 *
 * Context: any; RCU read section.
 */
void dipc_sock_tell_outcome(void *socket)
{
	struct dipc_sock *ds = socket;

	wake_pollers(&ds->sk, EPOLLIN | EPOLLRDNORM);
	sk_wake_async(&ds->sk, SOCK_WAKE_WAITD, POLL_IN);
}

/* Requests wait, and nobody receives. */
static void starving(struct dipc_watcher *w)
{
	struct dipc_sock *ds = sock_of(w);

	wake_pollers(&ds->sk, EPOLLPRI);
	sk_wake_async(&ds->sk, SOCK_WAKE_URG, POLL_PRI);
}

static const struct dipc_watcher_ops watcher_ops = {
	.readable = readable,
	.room = queue_room,
	.starving = starving,
};

/**
 * dipc_sock_init_wake() - prepare a new socket to be woken
 * @ds: the socket
 *
 * Context: process.
 */
void dipc_sock_init_wake(struct dipc_sock *ds)
{
	spin_lock_init(&ds->end_lock);
	dipc_watcher_init(&ds->watcher, &watcher_ops);
}

static struct dipc_account *account_of(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() that sets it */
	return smp_load_acquire(&ds->account);
}

/**
 * dipc_sock_account() - what a socket has outstanding
 * @ds: the socket
 *
 * Made for the first message that it sends: many sockets only receive, or only
 * listen.
 *
 * Context: process; may sleep.
 * Return: the account, which lasts as long as the socket; or NULL without
 * memory.
 */
struct dipc_account *dipc_sock_account(struct dipc_sock *ds)
{
	struct dipc_account *account = account_of(ds), *other;

	if (account)
		return account;
	account = dipc_account_create(ds, account_room,
				      ds->sk.sk_type == SOCK_STREAM);
	if (!account)
		return NULL;
	/* two may send at once; fully ordered if it succeeds */
	other = cmpxchg(&ds->account, NULL, account);
	if (!other)
		return account;
	dipc_account_close(account);
	return other;
}

/**
 * dipc_sock_outstanding() - how much a socket has outstanding
 * @ds: the socket
 *
 * Context: any.
 * Return: bytes of memory.
 */
long dipc_sock_outstanding(struct dipc_sock *ds)
{
	struct dipc_account *account = account_of(ds);

	return account ? atomic_long_read(&account->outstanding) : 0;
}

/**
 * dipc_sock_account_has_room() - may a socket have one more message outstanding
 * @ds: the socket
 * @truesize: memory that the message takes, in bytes
 *
 * Context: any.
 * Return: whether SO_SNDBUF allows it.
 */
bool dipc_sock_account_has_room(struct dipc_sock *ds, size_t truesize)
{
	struct dipc_account *account = account_of(ds);

	return !account || dipc_account_has_room(account, truesize,
						 READ_ONCE(ds->sk.sk_sndbuf));
}

/**
 * dipc_sock_account_room() - the same, and tell when there is room
 * @ds: the socket
 * @truesize: memory that the message takes, in bytes
 * @is_eager: whether to be told as soon as there may be room; if not, when it
 *	is worth it, which nobody must rely on
 *
 * Context: any.
 * Return: whether SO_SNDBUF allows it; if not, those who sleep or poll on the
 * socket are woken when it may.
 */
bool dipc_sock_account_room(struct dipc_sock *ds, size_t truesize,
			    bool is_eager)
{
	struct dipc_account *account = account_of(ds);

	return !account || dipc_account_ask_room(account, truesize,
						 READ_ONCE(ds->sk.sk_sndbuf),
						 is_eager);
}

/**
 * dipc_sock_ask_room() - would a queue let a message in now
 * @ds: the socket through which the current task would send it
 * @q: the queue
 * @len: payload in bytes
 * @mode: enum dipc_mode
 *
 * Context: process; may sleep.
 * Return: whether it would; if not, those who poll on the socket are woken
 * when it may.
 */
bool dipc_sock_ask_room(struct dipc_sock *ds, struct dipc_queue *q, size_t len,
			u8 mode)
{
	struct dipc_user *user = dipc_user_current();
	bool has_room;

	/* without memory there is no sending, and that does not wait */
	if (!user)
		return true;
	has_room = dipc_queue_watch_room(q, &ds->watcher, len, mode,
					 current_euid(), user);
	dipc_user_put(user);
	return has_room;
}

static bool is_writable(struct dipc_sock *ds)
{
	struct dipc_route *route;
	struct dipc_queue *q;
	bool has_room = true;

	if (dipc_sock_is_link(ds)) {
		if (READ_ONCE(ds->sk.sk_state) == TCP_LISTEN)
			return false;
		/* a send does not wait, it fails */
		if (shutdown_of(ds) & SEND_SHUTDOWN)
			return true;
	}
	if (!dipc_sock_account_room(ds, dipc_message_truesize(ROOM_BYTES),
				    true))
		return false;
	route = dipc_sock_route(ds);
	if (!route)
		return true;
	q = dipc_route_first(route);
	dipc_route_put(route);
	if (q)
		has_room = dipc_sock_ask_room(ds, q, ROOM_BYTES,
					      READ_ONCE(ds->mode));
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

static bool has_outcome(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() that sets it */
	struct dipc_caller *c = smp_load_acquire(&ds->caller);

	return c && dipc_caller_pending(c);
}

static bool is_readable(struct dipc_sock *ds)
{
	struct dipc_queue *rx = dipc_sock_rx(ds);
	struct dipc_listener *l;

	if (has_outcome(ds))
		return true;
	if (rx)
		return dipc_sock_readable(ds, rx);
	if (!dipc_sock_is_link(ds))
		return false;
	l = dipc_sock_listener(ds);
	return l && dipc_listener_readable(l);
}

static bool has_completion(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() that sets it */
	struct dipc_errqueue *eq = smp_load_acquire(&ds->errqueue);
	/* this one, too */
	struct dipc_handles *h = smp_load_acquire(&ds->handles);

	return dipc_errqueue_pending(eq) || dipc_handles_announced(h);
}

/* Requests wait, and nobody receives; for who takes them. */
static bool is_starving(struct dipc_sock *ds)
{
	struct dipc_queue *rx = dipc_sock_rx(ds);

	return rx && READ_ONCE(ds->recv_calls) && READ_ONCE(rx->starving) &&
	       dipc_queue_readable(rx);
}

/**
 * dipc_sock_poll() - what can be done without waiting
 * @file: of the socket
 * @sock: the socket
 * @wait: where to register for a wake-up
 *
 * EPOLLOUT means that the next send of a message of up to 4,096 bytes would not
 * have to wait; on a socket that is not connected, always, unless it listens.
 * It is worked out only for those who ask.
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
	mask = end_mask(ds);
	if (is_readable(ds))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (has_completion(ds))
		mask |= EPOLLERR;
	if (is_starving(ds))
		mask |= EPOLLPRI;
	if (!wants_to_write(wait))
		return mask;
	/* before asking: what comes in between is not missed */
	if (unlikely(wants_signals(sock->sk)))
		set_bit(SOCKWQ_ASYNC_NOSPACE, &sock->wq.flags);
	if (is_writable(ds))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}
