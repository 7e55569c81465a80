// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving through a socket: a message is taken on loan from the queue,
 * copied to the user, and only then consumed. If the copy fails or the task
 * is being killed, it goes back to its place. Reading a stream is in
 * read_stream.c.
 */
#include <net/compat.h>
#include <linux/sched/signal.h>

#include "control.h"
#include "trace.h"

/* One receive, as far as it has got. */
struct reception {
	struct dipc_sock	*ds;
	struct dipc_queue	*q;
	const struct dipc_match	*match;
	struct msghdr		*msg;
	size_t			len;		/* room for payload, bytes */
	int			flags;
	long			timeout;	/* jiffies left */
	int			err_signal;	/* if a signal ends it */
	struct dipc_match	standing;
};

static void count(struct dipc_queue *q, const struct dipc_message *m,
		  enum dipc_reason reason)
{
	dipc_stats_count(q->stats, reason);
	trace_dipc_take(q->kind, q->id, m->sender->port, m->id, m->len, reason);
}

/* Copy to the user what he has room for. */
static int copy_payload(struct reception *r, const struct dipc_message *m)
{
	return dipc_message_copy_to(m, 0, min_t(size_t, r->len, m->len),
				    &r->msg->msg_iter);
}

/* Everything beside the payload; the length is told in any case. */
static int describe(struct reception *r, const struct dipc_message *m)
{
	struct msghdr *msg = r->msg;

	if (msg->msg_name)
		dipc_control_put_source(r->ds, msg, m);
	if (r->len < m->len)
		msg->msg_flags |= MSG_TRUNC;
	/* each message is a record, an empty one is not the end */
	if (r->ds->sk.sk_type == SOCK_SEQPACKET)
		msg->msg_flags |= MSG_EOR;
	dipc_control_put(r->ds, msg, m);
	return r->flags & MSG_TRUNC ? m->len : min_t(size_t, r->len, m->len);
}

/*
 * A waiter in the queue would be given the message; who only looks waits
 * like a poller instead.
 */
static struct dipc_message *peek_wait(struct reception *r, int *err)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &r->ds->sk;
	struct dipc_message *m;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		m = dipc_queue_peek(r->q, r->match, err);
		if (m || *err != -EAGAIN || !r->timeout)
			break;
		if (signal_pending(current)) {
			*err = r->err_signal;
			break;
		}
		r->timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, r->timeout);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return m;
}

static int receive_peek(struct reception *r)
{
	struct dipc_message *m;
	int ret;

	m = peek_wait(r, &ret);
	if (!m)
		return ret;
	ret = copy_payload(r, m);
	if (!ret) {
		ret = describe(r, m);
		count(r->q, m, DIPC_REASON_PEEKED);
	}
	dipc_message_put(m);
	return ret;
}

/* Sleep in the queue's line until a message is handed over, or give up. */
static struct dipc_message *take_wait(struct reception *r,
				      struct dipc_waiter *w, int *err)
{
	struct dipc_queue *q = r->q;

	r->timeout = dipc_waiter_sleep(w, r->timeout);
	if (!dipc_waiter_done(w) && dipc_queue_withdraw_receiver(q, w)) {
		*err = r->timeout < 0 ? r->err_signal : -EAGAIN;
		return NULL;
	}
	if (dipc_waiter_done(w) != DIPC_REASON_HANDED) {
		*err = READ_ONCE(q->closed) ? q->close_err : 0;
		return NULL;
	}
	/* it would not be seen by anybody any more */
	if (fatal_signal_pending(current)) {
		dipc_queue_put_back(q, w->message);
		*err = r->err_signal;
		return NULL;
	}
	return w->message;
}

static struct dipc_message *take(struct reception *r, int *err)
{
	struct dipc_message *m;
	struct dipc_waiter w;

	dipc_waiter_init(&w);
	w.match = r->match;
	m = dipc_queue_take(r->q, r->match, r->timeout ? &w : NULL, err);
	if (!m && *err == -EINPROGRESS)
		m = take_wait(r, &w, err);
	return m;
}

/* The next message, copied and taken; or NULL. */
static struct dipc_message *take_payload(struct reception *r, int *err)
{
	struct dipc_message *m;

	for (;;) {
		m = take(r, err);
		if (!m)
			return NULL;
		*err = copy_payload(r, m);
		if (*err) {
			dipc_queue_put_back(r->q, m);
			return NULL;
		}
		if (likely(dipc_queue_taken(r->q, m)))
			return m;
		/* its sender has withdrawn it meanwhile: on to the next */
		iov_iter_revert(&r->msg->msg_iter,
				min_t(size_t, r->len, m->len));
		dipc_message_put(m);
		if (r->timeout < 0) {
			*err = r->err_signal;
			return NULL;
		}
	}
}

static int receive_take(struct reception *r)
{
	struct dipc_message *m;
	int ret;

	m = take_payload(r, &ret);
	if (!m)
		return ret;
	count(r->q, m, DIPC_REASON_TAKEN);
	if (r->len < m->len)
		dipc_stats_count(r->q->stats, DIPC_REASON_TRUNCATED);
	ret = describe(r, m);
	dipc_message_put(m);
	return ret;
}

static int receive_message(struct dipc_sock *ds, struct msghdr *msg, size_t len,
			   int flags)
{
	struct reception r;
	int err;

	err = dipc_sock_autobind(ds);
	if (err)
		return err;
	/* without an initializer, which would clear @standing as well */
	r.ds = ds;
	r.msg = msg;
	r.len = len;
	r.flags = flags;
	r.timeout = sock_rcvtimeo(&ds->sk, flags & MSG_DONTWAIT);
	r.q = dipc_sock_rx(ds);
	r.match = dipc_sock_match(ds, &r.standing);
	r.err_signal = sock_intr_errno(r.timeout);
	err = flags & MSG_PEEK ? receive_peek(&r) : receive_take(&r);
	if (!err && dipc_sock_is_link(ds) && !(msg->msg_flags & MSG_EOR))
		return dipc_sock_error(ds);
	return err;
}

static int put_completion(struct msghdr *msg,
			  const struct dipc_completion *completion)
{
	int err = put_cmsg(msg, SOL_DIPC, DIPC_COMPLETION, sizeof(*completion),
			   (void *)completion);

	if (!err)
		msg->msg_flags |= MSG_ERRQUEUE;
	return err;
}

static int peek_completion(struct dipc_errqueue *eq, struct msghdr *msg)
{
	struct dipc_completion completion;

	if (!dipc_errqueue_peek(eq, &completion))
		return -EAGAIN;
	return put_completion(msg, &completion);
}

static int take_completion(struct dipc_errqueue *eq, struct msghdr *msg)
{
	struct dipc_async *async = dipc_errqueue_take(eq);
	int err;

	if (!async)
		return -EAGAIN;
	err = put_completion(msg, &async->completion);
	if (err)
		dipc_errqueue_put_back(eq, async);
	else
		dipc_errqueue_consume(eq, async);
	return err;
}

static size_t completion_space(int flags)
{
	size_t header = sizeof(struct cmsghdr);

#ifdef CONFIG_COMPAT
	if (flags & MSG_CMSG_COMPAT)
		header = sizeof(struct compat_cmsghdr);
#endif
	return header + sizeof(struct dipc_completion);
}

/*
 * What became of an asynchronous send; never waits. It must not be lost for
 * want of room or for a bad pointer.
 */
static int receive_completion(struct dipc_sock *ds, struct msghdr *msg,
			      int flags)
{
	/* pairs with the cmpxchg() that made it */
	struct dipc_errqueue *eq = smp_load_acquire(&ds->errqueue);

	if (!dipc_errqueue_pending(eq))
		return -EAGAIN;
	if (!msg->msg_control || msg->msg_controllen < completion_space(flags))
		return -EMSGSIZE;
	return flags & MSG_PEEK ? peek_completion(eq, msg) :
				  take_completion(eq, msg);
}

/**
 * dipc_sock_receive() - receive one message, or read from a stream
 * @ds: the socket; gets a port if it has none and needs one
 * @msg: where payload, source and control messages go; its flags are set
 * @len: room for payload in bytes
 * @flags: MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT, MSG_WAITALL, MSG_ERRQUEUE and
 *	others that mean nothing here
 *
 * Context: process; may sleep.
 * Return: bytes of payload, with MSG_TRUNC those that the message had; 0 also
 * at the end of a connection; or a negative errno, and then nothing was taken:
 * see Documentation/errors.txt.
 */
int dipc_sock_receive(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      int flags)
{
	int err;

	if (flags & MSG_ERRQUEUE)
		return receive_completion(ds, msg, flags);
	if (ds->sk.sk_type == SOCK_STREAM)
		return dipc_sock_read_stream(ds, msg, len, flags);
	if (ds->sk.sk_type == SOCK_SEQPACKET) {
		if (READ_ONCE(ds->sk.sk_state) != TCP_ESTABLISHED)
			return -ENOTCONN;
		if (flags & MSG_OOB)
			return -EOPNOTSUPP;
		err = dipc_sock_error(ds);
		if (err)
			return err;
	}
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	return receive_message(ds, msg, len, flags);
}
