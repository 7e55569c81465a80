// SPDX-License-Identifier: GPL-2.0
/*
 * A socket as a client: a request is made and brought to a queue, once or, as
 * far as the client wants that, again; and a synchronous call is waited for.
 * What comes of the others is in outcome.c.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "deliver.h"
#include "borrowed.h"
#include "sock_call.h"

/* How long a request is not sent again at first, and at most. */
#define PAUSE_MIN_NS	NSEC_PER_MSEC
#define PAUSE_MAX_NS	(100 * NSEC_PER_MSEC)

static struct dipc_caller *get_caller(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() below */
	struct dipc_caller *c = smp_load_acquire(&ds->caller), *old;
	struct dipc_caller_table *table;

	if (likely(c))
		return c;
	table = &dipc_net_of(sock_net(&ds->sk))->callers;
	c = dipc_caller_create(table, ds, dipc_sock_tell_outcome);
	if (!c)
		return NULL;
	old = cmpxchg(&ds->caller, NULL, c);
	if (old)
		dipc_caller_close(c, table);
	return old ?: c;
}

static int take_files(struct dipc_attempt *a, struct dipc_call *call)
{
	struct dipc_extra *extra;

	if (likely(!a->params.files))
		return 0;
	extra = dipc_message_extra(&call->request);
	if (!extra)
		return dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
	extra->files = a->params.files;
	a->params.files = NULL;
	return 0;
}

/* Each socket keeps the memory of its last call for the next one. */
static struct dipc_call *take_spare(struct dipc_sock *ds)
{
	return READ_ONCE(ds->spare) ? xchg(&ds->spare, NULL) : NULL;
}

static void put_call(struct dipc_sock *ds, struct dipc_call *call)
{
	struct dipc_call *other;

	if (!dipc_call_strip(call))
		return;
	other = xchg(&ds->spare, call);
	/* another thread was quicker */
	if (unlikely(other))
		dipc_call_free(other);
}

/* One that was not sent. */
static noinline void discard(struct dipc_sock *ds, struct dipc_call *call)
{
	struct dipc_borrowed *p = dipc_message_borrowed(&call->request);

	dipc_call_put(call);
	if (p)
		dipc_borrowed_release(p, dipc_sock_spare(ds));
}

/*
 * A call with all but the payload of its request. This and what follows is one
 * function of the machine's for who calls by a system call: to save and restore
 * registers at each of its steps would cost 3 % of a small call.
 */
static __always_inline struct dipc_call *make_call(struct dipc_attempt *a,
						   u64 id, int *err)
{
	struct dipc_call *call;

	a->id = id;
	call = dipc_call_create(take_spare(a->ds), a->sender, id, a->len,
				a->reply_max, &a->dn->limits, err);
	if (!call) {
		*err = dipc_attempt_no_message(a, *err);
		return NULL;
	}
	/* its reference is that of the call now */
	a->sender = NULL;
	call->request.tag = a->params.tag;
	call->request.priority = a->params.priority;
	if (a->params.deadline_ns)
		call->due = a->due;
	return call;
}

/* Of a connected socket, that by which it was connected. */
static int keep_dest(struct dipc_call *call, const struct dipc_attempt *a)
{
	struct dipc_route *route = a->dest ? NULL : dipc_sock_route(a->ds);
	const struct sockaddr_dipc *dest = a->dest;
	struct sockaddr_dipc addr;

	if (route) {
		dipc_route_addr(route, a->ds->sk.sk_family, &addr);
		dest = &addr;
	}
	if (dest)
		call->dest = kmemdup(dest, sizeof(*dest), GFP_KERNEL_ACCOUNT);
	dipc_route_put(route);
	return call->dest ? 0 : -ENOMEM;
}

/* The client sleeps, and who receives there looks at nothing twice. */
static bool may_stay(const struct dipc_attempt *a,
		     const struct dipc_question *qn)
{
	return !a->params.async && qn->semantics != DIPC_AT_LEAST_ONCE &&
	       READ_ONCE(a->queue->is_consumed);
}

static __always_inline int fill(const struct dipc_attempt *a,
				const struct dipc_question *qn,
				struct dipc_call *call)
{
	if (unlikely(a->len >= DIPC_BORROWED_MIN) && may_stay(a, qn) &&
	    dipc_message_borrow(&call->request, a->dn->stats, qn->out, a->len,
				dipc_sock_spare(a->ds)))
		return 0;
	return dipc_message_copy_from(&call->request, qn->out);
}

/* The first try, from what the user says. */
static __always_inline struct dipc_call *ask(struct dipc_attempt *a,
					     const struct dipc_question *qn,
					     int *err)
{
	u64 id = atomic64_inc_return(&a->ds->next_id);
	struct dipc_call *call = make_call(a, id, err);

	if (!call)
		return NULL;
	call->semantics = qn->semantics;
	call->cookie = qn->cookie;
	call->try_ns = qn->try_ns;
	if (qn->semantics == DIPC_AT_LEAST_ONCE && keep_dest(call, a))
		*err = dipc_attempt_fail(a, DIPC_REASON_NO_MEMORY);
	else if (fill(a, qn, call))
		*err = dipc_attempt_fail(a, DIPC_REASON_FAULT);
	else
		*err = take_files(a, call);
	if (*err) {
		discard(a->ds, call);
		return NULL;
	}
	return call;
}

/* One more, with the same number. */
static struct dipc_call *repeat(struct dipc_attempt *a,
				const struct dipc_call *old, int *err)
{
	struct dipc_call *call = make_call(a, old->request.id, err);

	if (!call)
		return NULL;
	call->semantics = old->semantics;
	call->cookie = old->cookie;
	call->try_ns = old->try_ns;
	call->attempt = old->attempt + 1;
	call->pauses = old->pauses;
	call->due = old->due;
	*err = keep_dest(call, a);
	if (*err) {
		dipc_call_put(call);
		return NULL;
	}
	dipc_message_copy(&call->request, &old->request);
	dipc_stats_count(a->dn->stats, DIPC_REASON_RETRIED);
	return call;
}

/* As dipc_sock_call_send(), of a request that has set out. */
static __always_inline enum dipc_reason bring(struct dipc_attempt *a,
					      struct dipc_call *call, u32 turn)
{
	enum dipc_reason reason;

	reason = dipc_deliver(a->queue, &call->request, DIPC_MODE_EXPLICIT,
			      &call->waiter, a->may_wait || a->params.async);
	switch (reason) {
	case DIPC_REASON_QUEUED:
	case DIPC_REASON_HANDED:
	case DIPC_REASON_WAITED:
		dipc_call_accepted(call, turn);
		return DIPC_REASON_NONE;
	default:
		/* to who has given up it does not matter */
		return dipc_call_refused(call, NULL, 0) ? reason :
							  DIPC_REASON_NONE;
	}
}

/**
 * dipc_sock_call_send() - bring a request to its queue
 * @a: the attempt
 * @call: made for it; the caller has a reference
 *
 * Context: process.
 * Return: DIPC_REASON_NONE, and then the call comes to an end, or has already;
 * or why it was not sent, for dipc_sock_call_errno().
 */
enum dipc_reason dipc_sock_call_send(struct dipc_attempt *a,
				     struct dipc_call *call)
{
	u32 turn = dipc_call_begin(call, a->queue);

	return turn ? bring(a, call, turn) : DIPC_REASON_NONE;
}

/* What a request was not sent for. */
static int send_errno(struct dipc_attempt *a, enum dipc_reason reason)
{
	/* the rest was counted by dipc_deliver() */
	return reason == DIPC_REASON_WOULD_BLOCK ?
	       dipc_attempt_no_room(a) : dipc_attempt_errno(a, reason);
}

static void start_attempt(struct dipc_attempt *a, struct dipc_sock *ds,
			  const struct dipc_question *qn, bool is_async)
{
	dipc_attempt_init(a, ds, qn->may_wait, qn->len);
	a->is_call = true;
	a->reply_max = qn->reply_max;
	/* of the parameters, what is looked at when a call is sent */
	a->params.mode = DIPC_MODE_EXPLICIT;
	a->params.priority = qn->params.priority;
	a->params.async = is_async;
	a->params.tag = qn->params.tag;
	a->params.deadline_ns = qn->params.deadline_ns;
	a->params.files = qn->params.files;
	a->dest = qn->dest;
	/* or its time would begin anew with each signal */
	if (qn->params.deadline_ns)
		a->err_signal = -EINTR;
}

static __always_inline int check_question(const struct dipc_sock *ds,
					  const struct dipc_question *qn)
{
	if (ds->sk.sk_type == SOCK_STREAM)
		return -EOPNOTSUPP;
	if (qn->len > DIPC_MSG_LEN_MAX || qn->reply_max > DIPC_MSG_LEN_MAX)
		return -EMSGSIZE;
	if (qn->semantics > DIPC_MAYBE ||
	    (qn->try_ns && qn->semantics != DIPC_AT_LEAST_ONCE))
		return -EINVAL;
	/* descriptors are given away once; a link leads to one server only */
	if (qn->semantics == DIPC_AT_LEAST_ONCE &&
	    (qn->params.files || dipc_sock_is_link(ds)))
		return -EOPNOTSUPP;
	return 0;
}

/* When a try of it is over, be it that the whole call is. */
static ktime_t end_of_try(const struct dipc_call *call)
{
	ktime_t end = call->due;

	if (call->try_ns)
		end = min(end, ktime_add_safe(ktime_get(), call->try_ns));
	return end;
}

/*
 * Sleep until the call is done; 0, or why it is not.
 *
 * If the scheduler has found that the server, woken by the request, is to run
 * before us, it does so now, while we are still runnable: mostly it has replied
 * when it is our turn again, and nobody need take us off the run queue and put
 * us there again, which is a sixth of a small call. (To who sends and receives
 * by two system calls that happens when he leaves the first.) receive.c does
 * the same for who has just replied.
 */
static __always_inline enum dipc_reason sleep_for(struct dipc_call *call)
{
	ktime_t end = end_of_try(call);
	enum dipc_reason reason = DIPC_REASON_NONE;

	cond_resched();
	for (;;) {
		/* a machine that is suspended is no signal */
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (dipc_call_is_done(call))
			break;
		if (signal_pending(current)) {
			reason = DIPC_REASON_INTERRUPTED;
			break;
		}
		if (end == KTIME_MAX) {
			schedule();
		} else if (!schedule_hrtimeout(&end, HRTIMER_MODE_ABS)) {
			reason = end == call->due ? DIPC_REASON_EXPIRED :
						    DIPC_REASON_TIMED_OUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return reason;
}

/*
 * One try of a synchronous call: it is sent, unless that has failed, and
 * waited for. 0 if there is a reply.
 */
static __always_inline int await(struct dipc_call *call)
{
	enum dipc_reason reason = sleep_for(call);
	bool withdrawn;

	if (!reason || !dipc_call_give_up(call, reason, &withdrawn))
		return dipc_call_errno(call);
	if (reason != DIPC_REASON_INTERRUPTED)
		return -ETIMEDOUT;
	/* what nobody has seen can be done anew, but for its time and number */
	return withdrawn && call->due == KTIME_MAX && call->attempt == 1 ?
	       -ERESTARTSYS : -EINTR;
}

/**
 * dipc_sock_call_pause() - how long to wait before a request is sent again
 * @call: the try before; the next pause is longer
 *
 * Context: process.
 * Return: nanoseconds.
 */
u64 dipc_sock_call_pause(struct dipc_call *call)
{
	u64 pause = PAUSE_MIN_NS << call->pauses;

	if (pause >= PAUSE_MAX_NS)
		return PAUSE_MAX_NS;
	call->pauses++;
	return pause;
}

/* The same question, to whoever has the name by now. */
static void start_again(struct dipc_attempt *a, struct dipc_sock *ds,
			const struct dipc_call *old, bool is_async)
{
	dipc_attempt_init(a, ds, !is_async, old->request.len);
	memset(&a->params, 0, sizeof(a->params));
	a->is_call = true;
	a->reply_max = old->reply_max;
	a->dest = old->dest;
	a->params.mode = DIPC_MODE_EXPLICIT;
	a->params.async = is_async;
	a->params.tag = old->request.tag;
	a->params.priority = old->request.priority;
	if (old->due != KTIME_MAX)
		a->params.deadline_ns =
			max_t(s64, 1, ktime_to_ns(ktime_sub(old->due,
							    ktime_get())));
	/* whoever does it now, it is his who has asked at first */
	a->sender = old->request.sender;
	refcount_inc(&a->sender->refs);
}

/**
 * dipc_sock_call_again() - make one more try of a call
 * @ds: the socket
 * @old: the one before, done, with its destination kept
 * @a: filled: the attempt, with the queue to be sent to; in any case to be
 *	given to dipc_sock_call_sent()
 * @is_async: whether nobody waits for room
 *
 * Context: process; may sleep.
 * Return: the try, to be sent; or ERR_PTR() of a negative errno.
 */
struct dipc_call *dipc_sock_call_again(struct dipc_sock *ds,
				       const struct dipc_call *old,
				       struct dipc_attempt *a, bool is_async)
{
	struct dipc_call *call;
	int err;

	start_again(a, ds, old, is_async);
	err = dipc_attempt_find(a, old->dest, true);
	if (!err)
		err = dipc_attempt_begin(a);
	if (err)
		return ERR_PTR(err);
	call = repeat(a, old, &err);
	return call ?: ERR_PTR(err);
}

static __always_inline struct dipc_call *first_try(struct dipc_attempt *a,
						   struct dipc_question *qn,
						   int *err)
{
	struct dipc_call *call = NULL;

	*err = dipc_attempt_find(a, qn->dest, qn->dest);
	if (!*err)
		*err = dipc_attempt_begin(a);
	if (!*err)
		call = ask(a, qn, err);
	qn->params.files = a->params.files;
	return call;
}

/*
 * Send it and wait; the caller's views know it from here on, instead of the try
 * before if there was one, which is given up.
 */
static __always_inline int try(struct dipc_sock *ds, struct dipc_attempt *a,
			       struct dipc_call *call,
			       struct dipc_call *before)
{
	enum dipc_reason reason;
	u32 turn;
	int err;

	call->task = current;
	turn = dipc_call_begin(call, a->queue);
	if (likely(!before))
		dipc_caller_add_sync(ds->caller, call);
	else
		dipc_caller_replace_sync(ds->caller, before, call);
	reason = bring(a, call, turn);
	/* the request was sent before: how the call has ended is told */
	if (reason && call->attempt > 1)
		dipc_call_end(call, reason);
	err = reason ? send_errno(a, reason) : 0;
	/* all but the call is given back before it sleeps */
	dipc_sock_call_sent(a);
	return err ? err : await(call);
}

/* Before a request is sent again. */
static int pause(struct dipc_sock *ds, struct dipc_call *call)
{
	ktime_t end = ktime_add_ns(ktime_get(), dipc_sock_call_pause(call));
	int err = 0;

	end = min(end, call->due);
	do {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (signal_pending(current)) {
			__set_current_state(TASK_RUNNING);
			err = -EINTR;
			break;
		}
	} while (schedule_hrtimeout(&end, HRTIMER_MODE_ABS));
	return err;
}

static bool is_overdue(const struct dipc_call *call)
{
	return call->due != KTIME_MAX && call->due <= ktime_get();
}

/* One more try, which becomes the call unless it cannot even be sent. */
static noinline int try_again(struct dipc_sock *ds, struct dipc_call **call)
{
	struct dipc_call *before = *call, *next;
	struct dipc_attempt a;

	next = dipc_sock_call_again(ds, before, &a, false);
	if (IS_ERR(next)) {
		dipc_sock_call_sent(&a);
		return PTR_ERR(next);
	}
	*call = next;
	return try(ds, &a, next, before);
}

/*
 * The server is gone: until there is a reply, or another end than that. The
 * call is replaced by its last try.
 */
static noinline int insist(struct dipc_sock *ds, struct dipc_call **call)
{
	int err;

	do {
		err = pause(ds, *call);
		if (err) {
			dipc_call_abandon(*call, DIPC_REASON_INTERRUPTED);
			return err;
		}
		if (is_overdue(*call)) {
			dipc_call_abandon(*call, DIPC_REASON_EXPIRED);
			return -ETIMEDOUT;
		}
		err = try_again(ds, call);
	} while (dipc_call_may_come_back(err));
	return err;
}

/* The last word is that of all tries. */
static void tell(const struct dipc_call *call, int err,
		 struct dipc_outcome *outcome)
{
	dipc_call_outcome(call, outcome);
	if (err && err != -ERESTARTSYS)
		outcome->error = -err;
}

static __always_inline int hand_over(const struct dipc_call *call,
				     struct iov_iter *in)
{
	int err = dipc_message_copy_to(&call->reply, 0, call->reply.len, in);

	return err ? err : call->reply.len;
}

/* It is over; @err is how. */
static __always_inline int finish(struct dipc_sock *ds, struct dipc_call *call,
				  int err, struct iov_iter *in,
				  struct dipc_outcome *outcome)
{
	dipc_caller_remove_sync(ds->caller, call);
	if (outcome && dipc_call_is_done(call))
		tell(call, err, outcome);
	if (!err)
		err = hand_over(call, in);
	put_call(ds, call);
	return err;
}

/* The same of one that may be borrowed, perhaps where its reply is to go. */
static noinline int finish_borrowed(struct dipc_sock *ds,
				    struct dipc_call *call, int err,
				    struct iov_iter *in,
				    struct dipc_outcome *outcome)
{
	struct dipc_borrowed *p = dipc_message_borrowed(&call->request);

	if (p)
		dipc_borrowed_end(p);
	err = finish(ds, call, err, in, outcome);
	if (p)
		dipc_borrowed_release(p, dipc_sock_spare(ds));
	return err;
}

/**
 * dipc_sock_call() - make a call and wait for its reply
 * @ds: the socket
 * @qn: the question; its reply_max bytes are the room in @in
 * @in: takes up the reply
 * @outcome: filled if there is one, or the call has failed after it was sent;
 *	untouched else; or NULL
 *
 * Context: process; sleeps.
 * Return: length of the reply; or a negative errno: see Documentation/errors.txt.
 */
int dipc_sock_call(struct dipc_sock *ds, struct dipc_question *qn,
		   struct iov_iter *in, struct dipc_outcome *outcome)
{
	/* cleared piece by piece, where it is of use */
	struct dipc_attempt a __uninitialized;
	struct dipc_call *call;
	int err;

	err = check_question(ds, qn);
	if (!err)
		err = dipc_attempt_check(ds);
	if (err)
		return err;
	if (!get_caller(ds))
		return -ENOMEM;
	start_attempt(&a, ds, qn, false);
	call = first_try(&a, qn, &err);
	if (!call) {
		dipc_sock_call_sent(&a);
		return err;
	}
	err = try(ds, &a, call, NULL);
	if (unlikely(dipc_call_is_gone(err) &&
		     call->semantics == DIPC_AT_LEAST_ONCE))
		err = insist(ds, &call);
	if (unlikely(call->request.extra))
		return finish_borrowed(ds, call, err, in, outcome);
	return finish(ds, call, err, in, outcome);
}

/* Who sleeps in a receive was not to look for the ends of calls until now. */
static void rouse_receivers(struct dipc_sock *ds)
{
	struct dipc_queue *rx = dipc_sock_rx(ds);

	if (rx)
		dipc_queue_rouse(rx, ds);
}

/**
 * dipc_sock_call_start() - make a call and go on
 * @ds: the socket
 * @qn: the question
 *
 * Context: process; may sleep.
 * Return: 0, and its end is to be received; or a negative errno, and there is
 * no call.
 */
int dipc_sock_call_start(struct dipc_sock *ds, struct dipc_question *qn)
{
	struct dipc_attempt a;
	struct dipc_caller *c;
	enum dipc_reason reason;
	struct dipc_call *call;
	bool is_first;
	int err;

	err = check_question(ds, qn);
	if (!err)
		err = dipc_attempt_check(ds);
	if (err)
		return err;
	c = get_caller(ds);
	if (!c)
		return -ENOMEM;
	start_attempt(&a, ds, qn, true);
	call = first_try(&a, qn, &err);
	if (!call)
		goto out;
	is_first = !dipc_caller_is_async(c);
	/* one for the caller, one for us */
	dipc_message_get(&call->request);
	err = dipc_caller_add(c, call);
	if (err) {
		dipc_call_put(call);
		if (err == -EAGAIN)
			err = dipc_attempt_fail(&a, DIPC_REASON_WOULD_BLOCK);
		goto out_put;
	}
	if (is_first)
		rouse_receivers(ds);
	dipc_caller_start(c, call);
	reason = dipc_sock_call_send(&a, call);
	/* unless it has come to an end by itself, or somebody has cancelled it */
	if (reason && dipc_caller_forget(c, call))
		err = send_errno(&a, reason);
out_put:
	dipc_call_put(call);
out:
	dipc_sock_call_sent(&a);
	return err;
}
