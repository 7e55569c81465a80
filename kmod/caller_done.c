// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that a socket has, and reading how they have ended; see caller.h.
 * How they come, and what makes them end, is in caller_life.c.
 */
#include <linux/sched/signal.h>

#include "caller.h"

/* Who sleeps until a call has ended, or cannot end any more. */
struct finisher {
	struct wait_queue_entry	entry;
	u64			cookie;
	bool			any;
};

/* What has happened, for those who sleep. */
struct news {
	u64			cookie;		/* to this one */
	bool			for_any;	/* matters to who takes any */
};

static int compare_cookie(const void *key, const struct rb_node *node)
{
	u64 a = *(const u64 *)key;
	u64 b = rb_entry(node, struct dipc_call, by_cookie)->cookie;

	return a < b ? -1 : a > b;
}

/**
 * dipc_caller_find_locked() - look for an asynchronous call
 * @c: the socket's
 * @cookie: which one
 *
 * Context: any; the caller's lock is held.
 * Return: the call, or NULL.
 */
struct dipc_call *dipc_caller_find_locked(struct dipc_caller *c, u64 cookie)
{
	return rb_entry_safe(rb_find(&cookie, &c->by_cookie, compare_cookie),
			     struct dipc_call, by_cookie);
}

/**
 * dipc_caller_clear_timer_locked() - no time is kept for a call any more
 * @c: the socket's
 * @call: asynchronous, on the timer or not
 *
 * The timer may go off in vain.
 *
 * Context: any; the caller's lock is held.
 */
void dipc_caller_clear_timer_locked(struct dipc_caller *c,
				    struct dipc_call *call)
{
	if (RB_EMPTY_NODE(&call->timer.node))
		return;
	timerqueue_del(&c->deadlines, &call->timer);
}

/**
 * dipc_caller_remove_locked() - take an asynchronous call out of everything
 * @c: the socket's
 * @call: is here; the reference to it that @c has is the caller's from now on
 *
 * Context: any; the caller's lock is held.
 */
void dipc_caller_remove_locked(struct dipc_caller *c, struct dipc_call *call)
{
	rb_erase(&call->node, &c->all);
	RB_CLEAR_NODE(&call->node);
	rb_erase(&call->by_cookie, &c->by_cookie);
	list_del_init(&call->done_node);
	dipc_caller_clear_timer_locked(c, call);
	c->n_async--;
}

static int wake_finisher(struct wait_queue_entry *entry, unsigned int mode,
			 int sync, void *key)
{
	const struct finisher *f = container_of(entry, struct finisher, entry);
	const struct news *news = key;

	if (f->any ? !news->for_any : f->cookie != news->cookie)
		return 0;
	return woken_wake_function(entry, mode, sync, NULL);
}

static void tell_finishers(struct dipc_caller *c, u64 cookie, bool for_any)
{
	struct news news = { .cookie = cookie, .for_any = for_any };

	/* who sleeps has been there since before it looked, under the lock */
	if (waitqueue_active(&c->wait))
		__wake_up(&c->wait, TASK_INTERRUPTIBLE, 0, &news);
}

/**
 * dipc_caller_tell_ready() - a call can be read now
 * @c: the socket's
 * @cookie: which one; it may be read and gone already
 *
 * Context: any, in an RCU read section, without the caller's lock.
 */
void dipc_caller_tell_ready(struct dipc_caller *c, u64 cookie)
{
	void *socket = rcu_dereference(c->socket);

	if (socket)
		c->ready(socket);
	tell_finishers(c, cookie, true);
}

/**
 * dipc_caller_tell_gone() - a call was removed
 * @c: the socket's
 * @cookie: which one: who waits for it waits in vain
 * @was_last: who waits for any does as well
 *
 * Context: any, without the caller's lock.
 */
void dipc_caller_tell_gone(struct dipc_caller *c, u64 cookie, bool was_last)
{
	tell_finishers(c, cookie, was_last);
}

/*
 * Removes a call, wherever it is, unless somebody else has; then nothing may
 * be told of it any more.
 */
static bool drop(struct dipc_caller *c, struct dipc_call *call)
{
	bool is_here, was_last;

	spin_lock_bh(&c->lock);
	is_here = dipc_caller_has_locked(c, call);
	if (is_here)
		dipc_caller_remove_locked(c, call);
	was_last = !c->n_async;
	spin_unlock_bh(&c->lock);
	if (!is_here)
		return false;
	dipc_caller_tell_gone(c, call->cookie, was_last);
	dipc_call_put(call);
	return true;
}

/**
 * dipc_caller_forget() - a call could not be sent
 * @c: the socket's
 * @call: added, and started or not; no queue has it. The task has a reference
 *	of its own.
 *
 * There is no outcome: who sends it is told.
 *
 * Context: process.
 * Return: whether that is so; if not, it was cancelled, or has ended in time
 * and another thread has read how.
 */
bool dipc_caller_forget(struct dipc_caller *c, struct dipc_call *call)
{
	return drop(c, call);
}

/**
 * dipc_caller_pending() - is there something to read
 * @c: the socket's, or NULL
 *
 * Context: any.
 * Return: whether a call has ended that was not read yet.
 */
bool dipc_caller_pending(const struct dipc_caller *c)
{
	return c && !list_empty_careful(&c->done);
}

/**
 * dipc_caller_is_async() - can there ever be something to read
 * @c: the socket's, or NULL
 *
 * Context: any.
 * Return: whether the socket has ever made an asynchronous call.
 */
bool dipc_caller_is_async(const struct dipc_caller *c)
{
	return c && READ_ONCE(c->is_async);
}

static struct dipc_call *take_locked(struct dipc_caller *c, bool any,
				     u64 cookie, int *err)
{
	struct dipc_call *call;

	if (any)
		call = list_first_entry_or_null(&c->done, struct dipc_call,
						done_node);
	else
		call = dipc_caller_find_locked(c, cookie);
	if (!call) {
		*err = any && c->n_async ? -EAGAIN : -ENOENT;
		return NULL;
	}
	if (call->stage != DIPC_STAGE_ENDED) {
		*err = -EAGAIN;
		return NULL;
	}
	call->stage = DIPC_STAGE_TAKEN;
	list_del_init(&call->done_node);
	dipc_message_get(&call->request);
	return call;
}

/**
 * dipc_caller_take() - take a call that has ended, to read how
 * @c: the socket's
 * @any: the one that ended first
 * @cookie: else this one
 * @err: set without one: -ENOENT if there is no such call, or none at all;
 *	-EAGAIN if it is outstanding or being read by another thread
 *
 * Context: process.
 * Return: the call with a reference for the task, to be given to
 * dipc_caller_replace() or dipc_caller_delay(), or to dipc_caller_claim() and
 * then to dipc_caller_consume() or dipc_caller_put_back(); or NULL.
 */
struct dipc_call *dipc_caller_take(struct dipc_caller *c, bool any, u64 cookie,
				   int *err)
{
	struct dipc_call *call;

	spin_lock_bh(&c->lock);
	call = take_locked(c, any, cookie, err);
	spin_unlock_bh(&c->lock);
	return call;
}

/**
 * dipc_caller_wait() - wait for the end of a call and take it
 * @c: the socket's
 * @any: the one that ends first
 * @cookie: else this one
 * @timeout: how long at most, in jiffies, or MAX_SCHEDULE_TIMEOUT; set to what
 *	is left
 * @err: set without one: -ENOENT if there is no such call, or none at all, be
 *	it because another thread has read or cancelled it meanwhile; -EAGAIN if
 *	the time is over; -ERESTARTSYS for a signal
 *
 * Context: process; sleeps.
 * Return: as dipc_caller_take().
 */
struct dipc_call *dipc_caller_wait(struct dipc_caller *c, bool any, u64 cookie,
				   long *timeout, int *err)
{
	struct finisher f = { .any = any, .cookie = cookie };
	struct dipc_call *call;

	init_waitqueue_func_entry(&f.entry, wake_finisher);
	f.entry.private = current;
	add_wait_queue(&c->wait, &f.entry);
	for (;;) {
		call = dipc_caller_take(c, any, cookie, err);
		if (call || *err != -EAGAIN || !*timeout)
			break;
		if (signal_pending(current)) {
			*err = -ERESTARTSYS;
			break;
		}
		*timeout = wait_woken(&f.entry, TASK_INTERRUPTIBLE, *timeout);
	}
	remove_wait_queue(&c->wait, &f.entry);
	return call;
}

/**
 * dipc_caller_claim() - the end of a call is about to be told
 * @c: the socket's
 * @call: taken
 *
 * It cannot be cancelled any more from here on.
 *
 * Context: process.
 * Return: whether that is so; if not, it was cancelled meanwhile, nothing may
 * be told of it, and the task's reference was consumed.
 */
bool dipc_caller_claim(struct dipc_caller *c, struct dipc_call *call)
{
	bool is_here;

	spin_lock_bh(&c->lock);
	is_here = dipc_caller_has_locked(c, call);
	if (is_here)
		call->stage = DIPC_STAGE_CLAIMED;
	spin_unlock_bh(&c->lock);
	if (!is_here)
		dipc_call_put(call);
	return is_here;
}

/**
 * dipc_caller_put_back() - the end of a call could not be told
 * @c: the socket's
 * @call: claimed; is the next again. The task's reference is consumed.
 *
 * Context: process.
 */
void dipc_caller_put_back(struct dipc_caller *c, struct dipc_call *call)
{
	bool is_here;

	spin_lock_bh(&c->lock);
	is_here = dipc_caller_has_locked(c, call);
	if (is_here) {
		call->stage = DIPC_STAGE_ENDED;
		list_add(&call->done_node, &c->done);
	}
	spin_unlock_bh(&c->lock);
	if (is_here) {
		/* others have found nothing meanwhile */
		rcu_read_lock();
		dipc_caller_tell_ready(c, call->cookie);
		rcu_read_unlock();
	}
	dipc_call_put(call);
}

/**
 * dipc_caller_consume() - the end of a call was told
 * @c: the socket's
 * @call: claimed; the task's reference is consumed
 *
 * Context: process.
 */
void dipc_caller_consume(struct dipc_caller *c, struct dipc_call *call)
{
	drop(c, call);
	dipc_call_put(call);
}
