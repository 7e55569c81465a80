// SPDX-License-Identifier: GPL-2.0
/*
 * The short way. Most messages are alike: small, nothing is said beside them,
 * there is room for them when they are sent, and they are there when they are
 * received. Nobody has to wait then, nothing has to be allocated, and little is
 * to be asked. What is done here is what attempt.c and receive.c do, less what
 * cannot be the case; that saves a quarter of the instructions.
 *
 * Nothing is decided here that is not decided there. As soon as something is
 * not so, all is undone, and -EINPROGRESS says that the long way is to be gone:
 * it is as if this way had not been tried.
 */
#include "control.h"
#include "deliver.h"
#include "plain.h"
#include "trace.h"

/* Nothing is said beside it, and nobody waits until it is taken. */
static bool is_plain(const struct dipc_sock *ds, const struct msghdr *msg,
		     size_t len, u8 mode)
{
	return !msg->msg_controllen && !msg->msg_name &&
	       !(msg->msg_flags & MSG_OOB) && len <= DIPC_INLINE_BYTES &&
	       mode != DIPC_MODE_EXPLICIT && ds->sk.sk_type != SOCK_STREAM;
}

/* In an RCU read section: the one queue that a socket is connected to. */
static struct dipc_queue *connected_queue(const struct dipc_sock *ds)
{
	const struct dipc_route *route = rcu_dereference(ds->route);

	return route ? route->queue : NULL;
}

/* A look without the lock, as that of dipc_deliver_preview(). */
static bool may_take_one(const struct dipc_queue *q)
{
	return q && !READ_ONCE(q->n_senders) &&
	       (READ_ONCE(q->n_messages) < READ_ONCE(q->capacity_msgs) ||
		READ_ONCE(q->n_receivers));
}

/*
 * A message of an object that the socket keeps, by the sender it has, and with a
 * reference the queue that it goes to, as everybody has who is in one.
 */
static struct dipc_message *make_message(struct dipc_sock *ds, size_t len,
					 struct dipc_queue **to)
{
	struct dipc_message *m = NULL;
	struct dipc_sender *sender;
	struct dipc_queue *q;

	rcu_read_lock();
	sender = rcu_dereference(ds->sender);
	q = connected_queue(ds);
	if (sender && dipc_sender_is_current(sender) && dipc_sock_rx(ds) &&
	    may_take_one(q) &&
	    dipc_account_has_room(sender->account, DIPC_MESSAGE_TRUESIZE,
				  READ_ONCE(ds->sk.sk_sndbuf)) &&
	    refcount_inc_not_zero(&sender->refs)) {
		m = dipc_message_reuse(sender, len);
		if (unlikely(!m)) {
			dipc_sender_put(sender);
		} else if (unlikely(!dipc_queue_get_unless_zero(q))) {
			dipc_message_put(m);
			m = NULL;
		}
	}
	rcu_read_unlock();
	*to = q;
	return m;
}

static int errno_of(const struct dipc_queue *q, enum dipc_reason reason)
{
	switch (reason) {
	case DIPC_REASON_WOULD_BLOCK:
		return -EINPROGRESS;
	case DIPC_REASON_CLOSED:
		return q->close_err;
	default:
		/* 0 if it was dropped by a queue that does so */
		return dipc_reason_errno(reason);
	}
}

static int deliver(struct dipc_queue *q, struct dipc_message *m, u8 mode)
{
	enum dipc_reason reason = dipc_deliver_at_once(q, m, mode);

	if (likely(reason == DIPC_REASON_QUEUED ||
		   reason == DIPC_REASON_HANDED))
		return 0;
	dipc_message_put(m);
	return errno_of(q, reason);
}

/**
 * dipc_sock_send_plain() - send a message, if it is like most
 * @ds: the socket, which may send
 * @msg: @len bytes of payload, and what else is said
 * @len: payload in bytes
 *
 * Context: process; may sleep, for the sender's memory.
 * Return: @len; a negative errno, and then nothing was sent; or -EINPROGRESS,
 * and then it is as if this had not been called.
 */
int dipc_sock_send_plain(struct dipc_sock *ds, struct msghdr *msg, size_t len)
{
	u8 mode = READ_ONCE(ds->mode);
	struct dipc_message *m;
	struct dipc_queue *q;
	int err;

	if (unlikely(!is_plain(ds, msg, len, mode)))
		return -EINPROGRESS;
	m = make_message(ds, len, &q);
	if (unlikely(!m))
		return -EINPROGRESS;
	m->id = atomic64_inc_return(&ds->next_id);
	m->priority = READ_ONCE(ds->priority);
	if (likely(!dipc_message_copy_from(m, &msg->msg_iter))) {
		err = deliver(q, m, mode);
	} else {
		dipc_message_put(m);
		err = -EINPROGRESS;
	}
	dipc_queue_put(q);
	if (likely(!err))
		return len;
	iov_iter_revert(&msg->msg_iter, len - msg_data_left(msg));
	return err;
}

/* Beside the payload; the length is told in any case. */
static void describe(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		     const struct dipc_message *m)
{
	if (unlikely(msg->msg_name))
		dipc_control_put_source(ds, msg, m);
	if (unlikely(len < m->len)) {
		msg->msg_flags |= MSG_TRUNC;
		dipc_stats_count(ds->dn->stats, DIPC_REASON_TRUNCATED);
	}
	/* each message is a record, an empty one is not the end */
	if (ds->sk.sk_type == SOCK_SEQPACKET)
		msg->msg_flags |= MSG_EOR;
	dipc_control_put(ds, msg, m);
}

/**
 * dipc_sock_receive_plain() - receive the next message, if it is like most
 * @ds: the socket, not of a stream, which may receive
 * @msg: where payload, source and control messages go; its flags are set
 * @len: room for payload in bytes
 * @flags: as those of dipc_sock_receive()
 *
 * Context: process; may sleep, for the receiver's memory.
 * Return: bytes of payload; a negative errno, and then nothing was taken; or
 * -EINPROGRESS, and then it is as if this had not been called.
 */
int dipc_sock_receive_plain(struct dipc_sock *ds, struct msghdr *msg,
			    size_t len, int flags)
{
	struct dipc_queue *q = dipc_sock_rx(ds);
	struct dipc_message *m;
	int ret;

	if (unlikely(flags & (MSG_PEEK | MSG_TRUNC) || !q ||
		     rcu_access_pointer(ds->match)))
		return -EINPROGRESS;
	m = dipc_queue_take_plain(q);
	if (!m)
		return -EINPROGRESS;
	ret = min_t(size_t, len, m->len);
	if (unlikely(dipc_message_copy_to(m, 0, ret, &msg->msg_iter))) {
		dipc_queue_put_back(q, m);
		return -EFAULT;
	}
	dipc_stats_count(q->stats, DIPC_REASON_TAKEN);
	if (trace_dipc_take_enabled())
		trace_dipc_take(q->kind, q->id, m->sender->port, m->id, m->len,
				DIPC_REASON_TAKEN);
	describe(ds, msg, len, m);
	dipc_message_put(m);
	return ret;
}
