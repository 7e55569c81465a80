// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving through a socket: a message is taken on loan from the queue,
 * copied to the user, and only then consumed. If the copy fails or the task
 * is being killed, it goes back to its place.
 */
#include <linux/sched/signal.h>

#include "sock.h"
#include "trace.h"

static void count(struct dipc_queue *q, const struct dipc_message *m,
		  enum dipc_reason reason)
{
	dipc_stats_count(q->stats, reason);
	trace_dipc_take(q->kind, q->id, m->sender->port, m->id, m->len, reason);
}

/* Copy to the user what he has room for; the length is told in any case. */
static int copy_out(struct dipc_sock *ds, struct dipc_queue *q,
		    const struct dipc_message *m, struct msghdr *msg,
		    size_t len, int flags)
{
	size_t part = min_t(size_t, len, m->len);
	int err;

	err = dipc_message_copy_to(m, 0, part, &msg->msg_iter);
	if (err)
		return err;
	if (msg->msg_name) {
		dipc_addr_from_port(msg->msg_name, ds->sk.sk_family,
				    m->sender->port);
		msg->msg_namelen = sizeof(struct sockaddr_dipc);
	}
	if (part < m->len)
		msg->msg_flags |= MSG_TRUNC;
	return flags & MSG_TRUNC ? m->len : part;
}

/*
 * A waiter in the queue would be given the message; who only looks waits
 * like a poller instead.
 */
static struct dipc_message *peek_wait(struct dipc_sock *ds,
				      struct dipc_queue *q, long timeout,
				      int *err)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &ds->sk;
	int err_signal = sock_intr_errno(timeout);
	struct dipc_message *m;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		m = dipc_queue_peek(q, err);
		if (m || *err != -EAGAIN || !timeout)
			break;
		if (signal_pending(current)) {
			*err = err_signal;
			break;
		}
		timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, timeout);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return m;
}

static int receive_peek(struct dipc_sock *ds, struct dipc_queue *q,
			struct msghdr *msg, size_t len, int flags, long timeout)
{
	struct dipc_message *m;
	int ret;

	m = peek_wait(ds, q, timeout, &ret);
	if (!m)
		return ret;
	ret = copy_out(ds, q, m, msg, len, flags);
	if (ret >= 0)
		count(q, m, DIPC_REASON_PEEKED);
	dipc_message_put(m);
	return ret;
}

/* Sleep in the queue's line until a message is handed over, or give up. */
static struct dipc_message *take_wait(struct dipc_queue *q,
				      struct dipc_waiter *w, long timeout,
				      int *err)
{
	int err_signal = sock_intr_errno(timeout);
	long left = dipc_waiter_sleep(w, timeout);

	if (!dipc_waiter_done(w) && dipc_queue_withdraw_receiver(q, w)) {
		*err = left < 0 ? err_signal : -EAGAIN;
		return NULL;
	}
	if (dipc_waiter_done(w) != DIPC_REASON_HANDED) {
		*err = q->close_err;
		return NULL;
	}
	/* it would not be seen by anybody any more */
	if (fatal_signal_pending(current)) {
		dipc_queue_put_back(q, w->message);
		*err = err_signal;
		return NULL;
	}
	return w->message;
}

static struct dipc_message *take(struct dipc_queue *q, long timeout, int *err)
{
	struct dipc_message *m;
	struct dipc_waiter w;

	dipc_waiter_init(&w);
	m = dipc_queue_take(q, timeout ? &w : NULL, err);
	if (!m && *err == -EINPROGRESS)
		m = take_wait(q, &w, timeout, err);
	return m;
}

static int receive_take(struct dipc_sock *ds, struct dipc_queue *q,
			struct msghdr *msg, size_t len, int flags, long timeout)
{
	struct dipc_message *m;
	int ret;

	m = take(q, timeout, &ret);
	if (!m)
		return ret;
	ret = copy_out(ds, q, m, msg, len, flags);
	if (ret < 0) {
		dipc_queue_put_back(q, m);
		return ret;
	}
	count(q, m, DIPC_REASON_TAKEN);
	if (len < m->len)
		dipc_stats_count(q->stats, DIPC_REASON_TRUNCATED);
	dipc_message_put(m);
	return ret;
}

/**
 * dipc_sock_receive() - receive one message
 * @ds: the socket; gets a port if it has none
 * @msg: where payload and source go; its flags are set
 * @len: room for payload in bytes
 * @flags: MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT and others that mean nothing here
 *
 * Context: process; may sleep.
 * Return: bytes of payload, with MSG_TRUNC those that the message had; or a
 * negative errno, and then nothing was taken: see Documentation/errors.txt.
 */
int dipc_sock_receive(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      int flags)
{
	struct dipc_queue *q;
	long timeout;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	/* nothing is ever put on the error queue yet, so it is empty */
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	err = dipc_sock_autobind(ds);
	if (err)
		return err;
	q = dipc_sock_rx(ds);
	timeout = sock_rcvtimeo(&ds->sk, flags & MSG_DONTWAIT);
	if (flags & MSG_PEEK)
		return receive_peek(ds, q, msg, len, flags, timeout);
	return receive_take(ds, q, msg, len, flags, timeout);
}
