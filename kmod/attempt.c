// SPDX-License-Identifier: GPL-2.0
/*
 * Sending one message to a queue that was found: the message is made here,
 * with its payload, and brought to dipc_deliver(). If it must wait, for room
 * or until it is taken, the task sleeps here, or an asynchronous send is left
 * behind in its place.
 */
#include "attempt.h"
#include "deliver.h"
#include "files.h"
#include "borrowed.h"
#include "trace.h"

/* How far the last piece of a stream may grow, if it is a small one. */
#define STREAM_ROOM 4096

/* How often a sender that does not wait tries again where there is room. */
#define TRIES_MAX 16

/**
 * dipc_attempt_init() - an attempt begins
 * @a: filled; no queue is known yet, and parameters are the caller's to read
 * @ds: the socket
 * @may_wait: whether the sender waits for room
 * @len: payload in bytes
 *
 * Context: process.
 */
void dipc_attempt_init(struct dipc_attempt *a, struct dipc_sock *ds,
		       bool may_wait, size_t len)
{
	a->ds = ds;
	a->dn = ds->dn;
	a->queue = NULL;
	a->params.files = NULL;
	a->connected = false;
	a->by_name = false;
	a->is_call = false;
	a->sender = NULL;
	a->id = 0;
	a->may_wait = may_wait;
	a->len = len;
	a->timeout = sock_sndtimeo(&ds->sk, !a->may_wait);
	a->err_signal = sock_intr_errno(a->timeout);
}

/**
 * dipc_attempt_errno() - what a verdict is to who sends
 * @a: the attempt
 * @reason: the verdict
 *
 * Context: any.
 * Return: a negative errno, or 0.
 */
int dipc_attempt_errno(const struct dipc_attempt *a, enum dipc_reason reason)
{
	/* to who calls it is the same, whatever was closed */
	if ((reason == DIPC_REASON_CLOSED ||
	     reason == DIPC_REASON_DROP_CLOSED) && a->queue && !a->is_call)
		return a->queue->close_err;
	if (reason == DIPC_REASON_INTERRUPTED)
		return a->err_signal;
	return dipc_reason_errno(reason);
}

/**
 * dipc_attempt_fail() - nothing was sent, and nobody has counted that yet
 * @a: the attempt
 * @reason: why
 *
 * Context: process.
 * Return: the negative errno that the sender is told.
 */
int dipc_attempt_fail(struct dipc_attempt *a, enum dipc_reason reason)
{
	const struct dipc_queue *q = a->queue;

	dipc_stats_count(a->dn->stats, reason);
	trace_dipc_refuse(q ? q->kind : 0, q ? q->id : 0, a->ds->id, a->id,
			  a->len, reason);
	return dipc_attempt_errno(a, reason);
}

/**
 * dipc_attempt_check() - may a socket for links be sent through
 * @ds: the socket; another one always may
 *
 * As AF_UNIX: what a connection says before anything else is looked at.
 *
 * Context: process.
 * Return: 0; the socket's error, which is told once; or -ENOTCONN.
 */
int dipc_attempt_check(struct dipc_sock *ds)
{
	int err;

	if (ds->sk.sk_type != SOCK_SEQPACKET)
		return 0;
	err = dipc_sock_error(ds);
	if (err)
		return err;
	/* pairs with the release in dipc_pair_take() */
	return smp_load_acquire(&ds->sk.sk_state) == TCP_ESTABLISHED ?
	       0 : -ENOTCONN;
}

/*
 * Nearly always a socket is connected to one queue, and then nothing is wanted
 * of the route but that. It is there as long as the RCU read section lasts, and
 * so is the memory of its queue; whether that can still be had is asked of it.
 */
static bool use_route(struct dipc_attempt *a)
{
	const struct dipc_route *route;
	struct dipc_queue *queue;

	rcu_read_lock();
	route = rcu_dereference(a->ds->route);
	queue = route ? route->queue : NULL;
	if (queue && dipc_queue_get_unless_zero(queue)) {
		a->queue = queue;
		a->connected = true;
	}
	rcu_read_unlock();
	return a->queue;
}

static noinline int find_by_route(struct dipc_attempt *a,
				  struct sockaddr_dipc *addr)
{
	struct dipc_route *route = dipc_sock_route(a->ds);

	if (!route)
		return -ENOTCONN;
	a->connected = true;
	a->by_name = route->name;
	a->queue = dipc_route_pick(route);
	if (unlikely(addr))
		dipc_route_addr(route, a->ds->sk.sk_family, addr);
	dipc_route_put(route);
	/* all who had the name are gone, and so is its being connected to */
	return a->queue ? 0 : dipc_attempt_fail(a, DIPC_REASON_CLOSED);
}

/* A mailbox outlives those who use it: what it holds must not pin anything. */
static int check_files(const struct dipc_attempt *a)
{
	if (a->params.files && a->queue->kind == DIPC_QUEUE_MAILBOX)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * dipc_attempt_find() - find the queue that is sent to
 * @a: the attempt, with its parameters; gets the queue, to be put by the
 *	caller, also on an error
 * @addr: where to, checked; or NULL
 * @given: whether that is the destination; if not, it is where the socket is
 *	connected to, and written to @addr
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno.
 */
int dipc_attempt_find(struct dipc_attempt *a, struct sockaddr_dipc *addr,
		      bool given)
{
	enum dipc_reason reason;
	int err;

	if (likely(!addr) && use_route(a))
		return check_files(a);
	if (given) {
		reason = dipc_route_find(a->dn, addr, a->ds->sk.sk_type,
					 &a->queue);
		err = reason ? dipc_attempt_fail(a, reason) : 0;
	} else {
		err = find_by_route(a, addr);
	}
	return err ? err : check_files(a);
}

static noinline struct dipc_sender *make_sender(struct dipc_sock *ds)
{
	struct dipc_sender *sender, *old;
	struct dipc_account *account;

	account = dipc_sock_account(ds);
	sender = account ? dipc_sender_create(account, ds->id) : NULL;
	if (!sender)
		return NULL;
	refcount_inc(&sender->refs);
	old = unrcu_pointer(xchg(&ds->sender, RCU_INITIALIZER(sender)));
	dipc_sender_put(old);
	return sender;
}

/* The sender that the current task is; one is kept with the socket. */
static struct dipc_sender *get_sender(struct dipc_sock *ds)
{
	struct dipc_sender *sender;

	rcu_read_lock();
	sender = rcu_dereference(ds->sender);
	if (likely(sender && dipc_sender_is_current(sender) &&
		   refcount_inc_not_zero(&sender->refs))) {
		rcu_read_unlock();
		return sender;
	}
	rcu_read_unlock();
	return make_sender(ds);
}

/* A deadline too far away to be told from "never" is as far as there is. */
static ktime_t deadline_of(u64 ns)
{
	return ns > KTIME_MAX ? KTIME_MAX : ktime_add_safe(ktime_get(), ns);
}

/* In jiffies, until the time is over or the deadline has passed. */
static long time_left(const struct dipc_attempt *a)
{
	s64 ns;

	if (!a->params.deadline_ns)
		return a->timeout;
	ns = ktime_to_ns(ktime_sub(a->due, ktime_get()));
	if (ns <= 0)
		return 0;
	return min_t(u64, a->timeout, nsecs_to_jiffies64(ns) + 1);
}

/* Of a call, with its reply. */
static size_t truesize_of(const struct dipc_attempt *a)
{
	size_t truesize = dipc_message_truesize(a->len);

	if (a->is_call)
		truesize += dipc_message_truesize(a->reply_max);
	return truesize;
}

/* Sleep until the socket has less outstanding than SO_SNDBUF allows. */
static noinline int wait_for_account(struct dipc_attempt *a, size_t truesize)
{
	long before, left;

	if (!a->may_wait || a->params.async) {
		/* who polls is to be told */
		if (dipc_sock_account_room(a->ds, truesize, true))
			return 0;
		return dipc_attempt_fail(a, DIPC_REASON_WOULD_BLOCK);
	}
	before = time_left(a);
	left = dipc_sock_await_account(a->ds, a->queue, truesize, before);
	if (left == -ENOMEM)
		return dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
	if (left < 0)
		return dipc_attempt_fail(a, DIPC_REASON_INTERRUPTED);
	if (!left)
		return dipc_attempt_fail(a, before < a->timeout ?
						DIPC_REASON_EXPIRED :
						DIPC_REASON_TIMED_OUT);
	if (a->timeout != MAX_SCHEDULE_TIMEOUT)
		a->timeout = max(a->timeout - (before - left), 1L);
	return 0;
}

static struct dipc_message *create(struct dipc_attempt *a, int *err)
{
	const struct dipc_limits *limits = &a->dn->limits;

	a->id = atomic64_inc_return(&a->ds->next_id);
	/* what begins a piece for a reader who is behind may be joined by more */
	if (a->queue->stream && a->len < STREAM_ROOM &&
	    dipc_queue_spare(a->queue) < a->len)
		return dipc_message_create_room(a->sender, a->id, a->len,
						STREAM_ROOM, limits, err);
	return dipc_message_create(a->sender, a->id, a->len, limits, err);
}

static int add_extra(struct dipc_attempt *a, struct dipc_message *m)
{
	struct dipc_send_params *params = &a->params;
	struct dipc_extra *extra;

	if (likely(!params->deadline_ns && !params->files))
		return 0;
	extra = dipc_message_extra(m);
	if (!extra)
		return -ENOMEM;
	extra->files = params->files;
	params->files = NULL;
	if (!params->deadline_ns)
		return 0;
	extra->has_deadline = true;
	extra->due.expires = a->due;
	return dipc_queue_prepare_due(a->queue);
}

/*
 * An edge-triggered poller does not ask again after EAGAIN: it must be told
 * without. True if there is room by now.
 */
static bool tell_when_room(struct dipc_attempt *a)
{
	if (a->by_name)
		dipc_sock_tell_room(a->ds);
	else if (a->connected)
		return dipc_sock_ask_room(a->ds, a->queue, a->len,
					  a->params.mode);
	return false;
}

/**
 * dipc_attempt_no_room() - there is no room in the queue, and nobody waits
 * @a: the attempt
 *
 * Who polls for room is told when there is.
 *
 * Context: process; may sleep.
 * Return: the negative errno that the sender is told.
 */
int dipc_attempt_no_room(struct dipc_attempt *a)
{
	/* there is by now, and nobody will be told */
	if (tell_when_room(a))
		dipc_sock_tell_room(a->ds);
	return dipc_attempt_fail(a, DIPC_REASON_WOULD_BLOCK);
}

/**
 * dipc_attempt_no_message() - there was no memory for a message
 * @a: the attempt
 * @err: what dipc_message_init() has said
 *
 * Context: process.
 * Return: the negative errno that the sender is told.
 */
int dipc_attempt_no_message(struct dipc_attempt *a, int err)
{
	switch (err) {
	case -ENOBUFS:
		return dipc_attempt_fail(a, DIPC_REASON_USER_LIMIT);
	case -EINTR:
		return dipc_attempt_fail(a, DIPC_REASON_INTERRUPTED);
	default:
		return dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
	}
}

/*
 * Who sends explicitly sleeps until his message was received. It is looked at
 * once then, or fetched by who only peeks.
 */
static bool may_stay(const struct dipc_attempt *a)
{
	return a->params.mode == DIPC_MODE_EXPLICIT && a->may_wait &&
	       !a->params.async && !a->queue->stream;
}

static int fill(const struct dipc_attempt *a, struct dipc_message *m,
		struct iov_iter *from)
{
	if (unlikely(a->len >= DIPC_BORROWED_MIN) && may_stay(a) &&
	    dipc_message_borrow(m, a->dn->stats, from, a->len,
				dipc_sock_spare(a->ds)))
		return 0;
	return dipc_message_copy_from(m, from);
}

/* Nobody else has it. */
static void discard(const struct dipc_attempt *a, struct dipc_message *m)
{
	struct dipc_borrowed *p = dipc_message_borrowed(m);

	dipc_message_put(m);
	if (p)
		dipc_borrowed_release(p, dipc_sock_spare(a->ds));
}

static struct dipc_message *make_message(struct dipc_attempt *a,
					 struct msghdr *msg, int *err)
{
	struct dipc_message *m = create(a, err);

	if (!m) {
		*err = dipc_attempt_no_message(a, *err);
		return NULL;
	}
	/* its reference is that of the message now */
	a->sender = NULL;
	m->tag = a->params.tag;
	m->priority = a->params.priority;
	*err = fill(a, m, &msg->msg_iter);
	if (*err) {
		*err = dipc_attempt_fail(a, DIPC_REASON_FAULT);
	} else if (add_extra(a, m)) {
		iov_iter_revert(&msg->msg_iter, a->len);
		*err = dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
	}
	if (*err) {
		discard(a, m);
		return NULL;
	}
	return m;
}

static bool is_accepted(enum dipc_reason reason)
{
	return reason == DIPC_REASON_QUEUED || reason == DIPC_REASON_HANDED;
}

/* Sleep until the queue has decided about the message, or give up. */
static int await_verdict(struct dipc_attempt *a, struct dipc_message *m,
			 struct dipc_waiter *w)
{
	long left = dipc_waiter_sleep(w, a->timeout);
	enum dipc_reason reason;

	if (!dipc_waiter_done(w) && dipc_queue_withdraw_sender(a->queue, m, w))
		return dipc_attempt_fail(a, left < 0 ? DIPC_REASON_INTERRUPTED :
						       DIPC_REASON_TIMED_OUT);
	reason = dipc_waiter_done(w);
	if (is_accepted(reason) || reason == DIPC_REASON_TAKEN)
		return 0;
	/* what is discarded from the queue was counted with that */
	if (w->place == DIPC_PLACE_LINE)
		return dipc_attempt_fail(a, reason);
	return dipc_attempt_errno(a, reason);
}

/* Not accepted, and the message is still ours. */
static int refused(struct dipc_attempt *a, struct dipc_message *m,
		   enum dipc_reason reason)
{
	dipc_message_put(m);
	if (reason == DIPC_REASON_WOULD_BLOCK)
		return dipc_attempt_fail(a, reason);
	/* counted by dipc_deliver() */
	return dipc_attempt_errno(a, reason);
}

static int deliver(struct dipc_attempt *a, struct dipc_message *m)
{
	u8 mode = a->params.mode;
	enum dipc_reason reason;
	unsigned int tries = 0;
	struct dipc_waiter w __uninitialized;

	dipc_waiter_init(&w);
	w.mode = mode;
	reason = dipc_deliver(a->queue, m, mode, a->may_wait ? &w : NULL,
			      a->may_wait);
	/* others may be quicker again: then we are to be told again */
	while (reason == DIPC_REASON_WOULD_BLOCK && tell_when_room(a)) {
		if (++tries == TRIES_MAX) {
			dipc_sock_tell_room(a->ds);
			break;
		}
		reason = dipc_deliver(a->queue, m, mode, NULL, false);
	}

	if (reason == DIPC_REASON_WAITED)
		dipc_queue_prepare_line(a->queue);
	if (reason == DIPC_REASON_WAITED ||
	    (is_accepted(reason) && mode == DIPC_MODE_EXPLICIT && a->may_wait))
		return await_verdict(a, m, &w);
	return is_accepted(reason) ? 0 : refused(a, m, reason);
}

/* The message may be gone when it was delivered; what is borrowed must be. */
static noinline int deliver_borrowed(struct dipc_attempt *a,
				     struct dipc_message *m,
				     struct dipc_borrowed *p)
{
	int err;

	err = deliver(a, m);
	dipc_borrowed_end(p);
	dipc_borrowed_release(p, dipc_sock_spare(a->ds));
	return err;
}

static struct dipc_errqueue *errqueue_of(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() below */
	struct dipc_errqueue *eq = smp_load_acquire(&ds->errqueue);
	struct dipc_errqueue *old;

	if (eq)
		return eq;
	eq = dipc_errqueue_create(ds, dipc_sock_tell_completion);
	if (!eq)
		return NULL;
	old = cmpxchg(&ds->errqueue, NULL, eq);
	if (old)
		dipc_errqueue_close(eq);
	return old ?: eq;
}

static struct dipc_async *make_async(struct dipc_attempt *a, int *err)
{
	struct dipc_errqueue *eq = errqueue_of(a->ds);
	struct dipc_async *async;

	*err = -ENOMEM;
	async = eq ? dipc_async_create(eq, a->queue, a->sender->user,
				       &a->dn->limits, err) : NULL;
	if (!async) {
		*err = dipc_attempt_fail(a, *err == -EAGAIN ?
						DIPC_REASON_WOULD_BLOCK :
					    *err == -ENOBUFS ?
						DIPC_REASON_USER_LIMIT :
						DIPC_REASON_NO_MEMORY);
		return NULL;
	}
	async->waiter.mode = a->params.mode;
	async->completion.cookie = a->params.cookie;
	async->completion.dest = *a->dest;
	return async;
}

/* The verdict, if it is not known yet, is left to the completion. */
static int deliver_async(struct dipc_attempt *a, struct dipc_message *m,
			 struct dipc_async *async)
{
	u8 mode = a->params.mode;
	enum dipc_reason reason;

	dipc_async_start(async, m);
	reason = dipc_deliver(a->queue, m, mode, &async->waiter, true);
	switch (reason) {
	case DIPC_REASON_WAITED:
		dipc_queue_prepare_line(a->queue);
		return 0;
	case DIPC_REASON_QUEUED:
	case DIPC_REASON_HANDED:
		if (mode != DIPC_MODE_EXPLICIT)
			dipc_async_done(async, reason);
		return 0;
	case DIPC_REASON_DROP_NEWEST:
		dipc_message_put(m);
		dipc_async_done(async, reason);
		return 0;
	default:
		dipc_async_cancel(async);
		return refused(a, m, reason);
	}
}

static int make_and_deliver(struct dipc_attempt *a, struct msghdr *msg)
{
	struct dipc_async *async = NULL;
	struct dipc_borrowed *p;
	struct dipc_message *m;
	int err;

	if (unlikely(a->params.async)) {
		async = make_async(a, &err);
		if (!async)
			return err;
	}
	m = make_message(a, msg, &err);
	if (!m) {
		if (async)
			dipc_async_cancel(async);
		return err;
	}
	p = dipc_message_borrowed(m);
	if (unlikely(p))
		err = deliver_borrowed(a, m, p);
	else
		err = async ? deliver_async(a, m, async) : deliver(a, m);
	/* what was not sent is the caller's to send another time */
	if (err)
		iov_iter_revert(&msg->msg_iter, a->len);
	return err;
}

/**
 * dipc_attempt_begin() - wait until the socket may send, and find out as whom
 * @a: the attempt, with its queue and parameters. If it has a sender already
 *	what it sends was sent before: there has been room for it, and it is
 *	sent as the same again.
 *
 * What can be seen without making a message is asked before. @a->due is set if
 * there is a deadline.
 *
 * Context: process; may sleep.
 * Return: 0, and then dipc_attempt_end() is to follow; or a negative errno.
 */
int dipc_attempt_begin(struct dipc_attempt *a)
{
	/* a request has somebody to tell, and need not be taken at once */
	bool may_wait = a->may_wait || a->params.async || a->is_call;
	enum dipc_reason reason;
	size_t truesize;
	int err;

	reason = dipc_deliver_preview(a->queue, a->len, a->params.mode,
				      may_wait);
	if (reason == DIPC_REASON_WOULD_BLOCK && tell_when_room(a))
		reason = DIPC_REASON_NONE;
	if (reason)
		return dipc_attempt_fail(a, reason);
	if (unlikely(a->params.deadline_ns))
		a->due = deadline_of(a->params.deadline_ns);
	if (a->sender)
		return 0;
	err = dipc_sock_autobind(a->ds);
	if (err)
		return err;
	truesize = truesize_of(a);
	if (unlikely(!dipc_sock_account_has_room(a->ds, truesize))) {
		err = wait_for_account(a, truesize);
		if (err)
			return err;
	}
	a->sender = get_sender(a->ds);
	return a->sender ? 0 : dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
}

/**
 * dipc_attempt_end() - undo dipc_attempt_begin()
 * @a: the attempt
 *
 * Context: process.
 */
void dipc_attempt_end(struct dipc_attempt *a)
{
	dipc_sender_put(a->sender);
	a->sender = NULL;
}

/**
 * dipc_attempt_send() - send a message to a queue
 * @a: the attempt, with its queue and parameters; the descriptors in them are
 *	taken over
 * @msg: a->len bytes of payload
 *
 * Context: process; may sleep.
 * Return: 0; or a negative errno, and then nothing was sent.
 */
int dipc_attempt_send(struct dipc_attempt *a, struct msghdr *msg)
{
	int err = dipc_attempt_begin(a);

	if (err)
		return err;
	err = make_and_deliver(a, msg);
	dipc_attempt_end(a);
	return err;
}
