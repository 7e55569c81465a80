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
#include "borrowed.h"
#include "plain.h"
#include "receive.h"
#include "sock_call.h"
#include "trace.h"

/* Why there is no message, beside negative errnos that are told. */
#define WITHDRAWN	(-EALREADY)	/* this one was: on to the next */
#define LOOK_FOR_ENDS	(-EINPROGRESS)	/* calls are made meanwhile */

/* The ends of calls are received with the messages, but by an operation. */
static bool looks_for_ends(const struct dipc_reception *r)
{
	return r->msg && dipc_sock_has_calls(r->ds);
}

static __always_inline void count(struct dipc_queue *q, const struct dipc_message *m,
		  enum dipc_reason reason)
{
	dipc_stats_count(q->stats, reason);
	trace_dipc_take(q->kind, q->id, m->sender->port, m->id, m->len, reason);
}

/*
 * A request that is still with its client: he might change what was read of it
 * before it is read again, or handed on by who has judged it by that. So it is
 * fetched unless nobody will. The next ones of such a queue are copied at once.
 */
static noinline void settle(struct dipc_reception *r,
			    const struct dipc_message *m)
{
	if (!m->is_call || !dipc_message_borrowed(m) ||
	    (r->consumes && r->len >= m->len))
		return;
	dipc_message_fetch(m);
	WRITE_ONCE(r->q->is_consumed, false);
}

/* Copy to the user what he has room for. */
static int copy_payload(struct dipc_reception *r, const struct dipc_message *m)
{
	return dipc_message_copy_to(m, 0, min_t(size_t, r->len, m->len), r->to);
}

/* What the receiver must not miss, and is told before the message is taken. */
static int record(struct dipc_reception *r, struct dipc_message *m)
{
	if (likely(!m->is_call && !r->info))
		return 0;
	return dipc_hold_describe(r, m);
}

/* Everything beside the payload; the length is told in any case. */
static int describe(struct dipc_reception *r, const struct dipc_message *m)
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
static struct dipc_message *peek_wait(struct dipc_reception *r, int *err)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &r->ds->sk;
	struct dipc_message *m;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		m = dipc_queue_peek(r->q, r->want, err);
		if (m || *err != -EAGAIN || !r->timeout)
			break;
		if (looks_for_ends(r)) {
			*err = LOOK_FOR_ENDS;
			break;
		}
		if (signal_pending(current)) {
			*err = r->err_signal;
			break;
		}
		r->timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, r->timeout);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return m;
}

static noinline int receive_peek(struct dipc_reception *r)
{
	struct dipc_message *m;
	int ret;

	/* it may be received again, and then it is to be the same */
	while ((m = peek_wait(r, &ret)) && r->len > DIPC_INLINE_BYTES &&
	       !dipc_message_fetch(m))
		dipc_message_put(m);
	if (!m)
		return ret;
	ret = copy_payload(r, m);
	if (!ret)
		ret = record(r, m);
	if (!ret) {
		ret = describe(r, m);
		count(r->q, m, DIPC_REASON_PEEKED);
		r->got = true;
	}
	dipc_message_put(m);
	return ret;
}

/*
 * Sleep in the queue's line until a message is handed over, or give up.
 * LOOK_FOR_ENDS if there is something else to look for as well by now.
 */
static struct dipc_message *take_wait(struct dipc_reception *r,
				      struct dipc_waiter *w, int *err)
{
	struct dipc_queue *q = r->q;
	int done;

	/*
	 * Who has just replied is in line for the next request: if his client
	 * is to run first, that may be there before he sleeps (sock_call.c).
	 */
	if (!r->msg)
		cond_resched();
	/* who makes calls meanwhile finds us in line, or we find that here */
	if (!looks_for_ends(r))
		r->timeout = dipc_waiter_sleep(w, r->timeout);
	if (!dipc_waiter_done(w) && dipc_queue_withdraw_receiver(q, w)) {
		if (looks_for_ends(r))
			*err = LOOK_FOR_ENDS;
		else
			*err = r->timeout < 0 ? r->err_signal : -EAGAIN;
		return NULL;
	}
	done = dipc_waiter_done(w);
	if (done != DIPC_REASON_HANDED) {
		*err = done == DIPC_REASON_WITHDRAWN ? LOOK_FOR_ENDS :
		       READ_ONCE(q->closed) ? q->close_err : 0;
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

/*
 * Others put messages before those that are looked at, again and again: so nobody
 * knows that there is none, and may wait. When the time is over there is one more
 * try, by who does not want to.
 */
static struct dipc_message *take_anew(struct dipc_reception *r,
				      struct dipc_waiter *w, int *err)
{
	unsigned long last = jiffies, passed;
	struct dipc_message *m;

	do {
		if (looks_for_ends(r)) {
			*err = LOOK_FOR_ENDS;
			return NULL;
		}
		if (signal_pending(current)) {
			*err = r->err_signal;
			return NULL;
		}
		cond_resched();
		passed = jiffies - last;
		last += passed;
		if (r->timeout != MAX_SCHEDULE_TIMEOUT)
			r->timeout -= min_t(unsigned long, passed, r->timeout);
		m = dipc_queue_take(r->q, r->want, r->timeout ? w : NULL, err);
	} while (!m && *err == -EBUSY);
	return !m && *err == -EINPROGRESS ? take_wait(r, w, err) : m;
}

static struct dipc_message *take(struct dipc_reception *r, int *err)
{
	struct dipc_waiter w __uninitialized;
	struct dipc_message *m;

	dipc_waiter_init(&w);
	w.want = r->want;
	/* an operation is not given the ends of calls */
	w.owner = r->msg ? r->ds : NULL;
	if (unlikely(r->want) && r->timeout)
		dipc_queue_prepare_receiver(r->q, r->want);
	m = dipc_queue_take(r->q, r->want, r->timeout ? &w : NULL, err);
	if (unlikely(!m && *err == -EBUSY))
		return take_anew(r, &w, err);
	if (!m && *err == -EINPROGRESS)
		m = take_wait(r, &w, err);
	return m;
}

/* The message was withdrawn: there may be another one for the same room. */
static void go_back(struct dipc_reception *r, const struct dipc_message *m)
{
	iov_iter_revert(r->to, min_t(size_t, r->len, m->len));
	if (!r->msg)
		return;
	r->msg->msg_control = r->control;
	r->msg->msg_controllen = r->control_bytes;
}

/*
 * What a request needs beside its payload. Who does not take any, but came
 * upon one, sends it away: WITHDRAWN.
 */
static int prepare(struct dipc_reception *r, struct dipc_message *m)
{
	int err;

	if (likely(!m->is_call))
		return 0;
	err = dipc_hold_prepare(r, m);
	if (err != -EOPNOTSUPP)
		return err;
	if (dipc_queue_taken(r->q, m)) {
		dipc_call_end(dipc_call_of(m), DIPC_REASON_NO_CALLS);
		/* that of its verdict */
		dipc_message_put(m);
	}
	dipc_message_put(m);
	return WITHDRAWN;
}

/* WITHDRAWN if its sender has withdrawn it meanwhile: on to the next. */
static int copy_and_keep(struct dipc_reception *r, struct dipc_message *m)
{
	int err;

	if (unlikely(m->extra))
		settle(r, m);
	err = copy_payload(r, m);
	if (!err)
		err = record(r, m);
	if (unlikely(err)) {
		/* from now on it is the same to all who look at it */
		dipc_message_fetch(m);
		if (r->slot)
			dipc_hold_undo(r);
		dipc_queue_put_back(r->q, m);
		return err;
	}
	if (likely(dipc_queue_taken(r->q, m))) {
		if (likely(!m->is_call) || dipc_hold_keep(r, m))
			return 0;
	} else if (r->slot) {
		dipc_hold_undo(r);
	}
	go_back(r, m);
	dipc_message_put(m);
	return WITHDRAWN;
}

/* The next message, copied and taken; or NULL. */
static struct dipc_message *take_payload(struct dipc_reception *r, int *err)
{
	struct dipc_message *m;

	for (;;) {
		m = take(r, err);
		if (!m)
			return NULL;
		/* perhaps it lies where this one is to go */
		if (unlikely(r->reply))
			dipc_borrowed_fetch(r->reply);
		*err = prepare(r, m);
		if (unlikely(*err && *err != WITHDRAWN))
			dipc_queue_put_back(r->q, m);
		if (!*err)
			*err = copy_and_keep(r, m);
		if (likely(!*err))
			return m;
		if (*err != WITHDRAWN)
			return NULL;
		if (r->timeout < 0) {
			*err = r->err_signal;
			return NULL;
		}
	}
}

static int receive_take(struct dipc_reception *r)
{
	struct dipc_message *m;
	int ret;

	m = take_payload(r, &ret);
	if (!m)
		return ret;
	count(r->q, m, DIPC_REASON_TAKEN);
	if (r->len < m->len)
		dipc_stats_count(r->q->stats, DIPC_REASON_TRUNCATED);
	r->got = true;
	ret = r->msg ? describe(r, m) : min_t(size_t, r->len, m->len);
	dipc_message_put(m);
	return ret;
}

static int receive_one(struct dipc_reception *r)
{
	return r->flags & MSG_PEEK ? receive_peek(r) : receive_take(r);
}

/*
 * A message, or the end of a call, whichever is there first: like a poller,
 * for nobody sleeps in two lines.
 */
static int receive_any(struct dipc_reception *r)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &r->ds->sk;
	long timeout = r->timeout;
	int ret;

	add_wait_queue(sk_sleep(sk), &wait);
	/* pairs with skwq_has_sleeper(): outcomes are asked for without a lock */
	smp_mb();
	for (;;) {
		ret = dipc_sock_receive_outcome(r->ds, r->msg, r->len,
						r->flags);
		if (ret != -EAGAIN) {
			r->got = true;
			break;
		}
		r->timeout = 0;
		ret = receive_one(r);
		if (ret != -EAGAIN || !timeout)
			break;
		if (signal_pending(current)) {
			ret = r->err_signal;
			break;
		}
		if (!r->want)
			dipc_queue_rest(r->q);
		timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, timeout);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}

static __always_inline int receive_message(struct dipc_reception *r)
{
	struct dipc_sock *ds = r->ds;
	int err = LOOK_FOR_ENDS;

	if (!looks_for_ends(r))
		err = receive_one(r);
	if (unlikely(err == LOOK_FOR_ENDS))
		err = receive_any(r);
	if (err || r->got || !dipc_sock_is_link(ds))
		return err;
	/* the end; a call may have ended by it after it was looked for */
	if (looks_for_ends(r)) {
		err = dipc_sock_receive_outcome(ds, r->msg, r->len, r->flags);
		if (err != -EAGAIN)
			return err;
	}
	return dipc_sock_error(ds);
}

/* All but what is wanted, and where the rest goes but for the payload. */
static __always_inline int init(struct dipc_reception *r, struct dipc_sock *ds,
				struct iov_iter *to, size_t len, int flags)
{
	int err = dipc_sock_autobind(ds);

	if (err)
		return err;
	/* member by member, without @standing, which is seldom used */
	r->ds = ds;
	r->to = to;
	r->len = len;
	r->flags = flags;
	r->timeout = sock_rcvtimeo(&ds->sk, flags & MSG_DONTWAIT);
	r->q = dipc_sock_rx(ds);
	r->slot = NULL;
	r->reply = NULL;
	r->got = false;
	r->told = false;
	r->err_signal = sock_intr_errno(r->timeout);
	return 0;
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
 * What became of an asynchronous send, or of the client of a request that is
 * held; never waits. It must not be lost for want of room or for a bad pointer.
 */
static int receive_completion(struct dipc_sock *ds, struct msghdr *msg,
			      int flags)
{
	/* pairs with the cmpxchg() that made it */
	struct dipc_errqueue *eq = smp_load_acquire(&ds->errqueue);

	if (!dipc_errqueue_pending(eq))
		return dipc_sock_receive_notice(ds, msg, flags);
	if (!msg->msg_control || msg->msg_controllen < completion_space(flags))
		return -EMSGSIZE;
	return flags & MSG_PEEK ? peek_completion(eq, msg) :
				  take_completion(eq, msg);
}

/*
 * What is said before anything else is looked at, in the order of AF_UNIX;
 * @is_over: also the end of a connection.
 */
static int check(struct dipc_sock *ds, int flags, bool is_over)
{
	bool is_link = ds->sk.sk_type == SOCK_SEQPACKET;

	if (is_link && READ_ONCE(ds->sk.sk_state) != TCP_ESTABLISHED)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	return is_link && is_over ? dipc_sock_error(ds) : 0;
}

static noinline int receive_next(struct dipc_sock *ds, struct msghdr *msg,
				 size_t len, int flags)
{
	struct dipc_reception r __uninitialized;
	int err = init(&r, ds, &msg->msg_iter, len, flags);

	if (err)
		return err;
	r.msg = msg;
	r.control = msg->msg_control;
	r.control_bytes = msg->msg_controllen;
	r.info = NULL;
	r.consumes = false;
	r.want = dipc_sock_want(ds, &r.standing);
	return receive_message(&r);
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
	bool is_over = true;
	int err;

	if (flags & MSG_ERRQUEUE)
		return receive_completion(ds, msg, flags);
	if (ds->sk.sk_type == SOCK_STREAM)
		return dipc_sock_read_stream(ds, msg, len, flags);
	/*
	 * What became of a call is told before what became of the connection:
	 * an end that comes after this is for the next receive.
	 */
	if (dipc_sock_has_calls(ds)) {
		is_over = dipc_sock_has_error(ds);
		err = dipc_sock_receive_outcome(ds, msg, len, flags);
		if (err != -EAGAIN)
			return err;
	}
	err = check(ds, flags, is_over);
	if (err)
		return err;
	err = dipc_sock_receive_plain(ds, msg, len, flags);
	return likely(err != -EINPROGRESS) ? err :
					     receive_next(ds, msg, len, flags);
}

/**
 * dipc_sock_receive_op() - receive one message or request by an operation
 * @ds: the socket, not of a stream
 * @to: takes up the payload
 * @info: takes up the record of the message, and the handle of a request; or
 *	NULL: messages only
 * @match: which messages, checked; or NULL: the socket's standing match
 * @reply: of the same system call, perhaps still in the receiver's memory; or
 *	NULL
 * @flags: DIPC_OP_*
 *
 * Context: process; may sleep.
 * Return: as dipc_sock_receive().
 */
int dipc_sock_receive_op(struct dipc_sock *ds, struct iov_iter *to,
			 struct dipc_request __user *info,
			 const struct dipc_match *match,
			 struct dipc_borrowed *reply, u32 flags)
{
	struct dipc_reception r __uninitialized;
	int err;

	err = check(ds, 0, true);
	if (!err)
		err = init(&r, ds, to, iov_iter_count(to),
			   flags & DIPC_OP_DONTWAIT ? MSG_DONTWAIT : 0);
	if (err)
		return err;
	r.msg = NULL;
	r.info = info;
	r.reply = reply;
	r.consumes = flags & DIPC_OP_CONSUME;
	if (r.consumes)
		WRITE_ONCE(r.q->is_consumed, true);
	r.want = dipc_sock_want(ds, &r.standing);
	if (match) {
		r.standing.match = *match;
		r.standing.has_match = true;
		r.want = &r.standing;
	}
	err = receive_message(&r);
	if (err || !info || r.got || !dipc_sock_is_link(ds))
		return err;
	/* the end of a connection, not to be taken for one more request */
	if (reply)
		dipc_borrowed_fetch(reply);
	return clear_user(info, sizeof(*info)) ? -EFAULT : 0;
}
