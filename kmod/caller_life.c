// SPDX-License-Identifier: GPL-2.0
/*
 * How calls come to a socket's caller, what makes them end, and its own end;
 * see caller.h.
 */
#include <linux/slab.h>

#include "caller.h"

static void end_locked(struct dipc_caller *c, struct dipc_call *call)
{
	dipc_caller_clear_timer_locked(c, call);
	call->stage = DIPC_STAGE_ENDED;
	list_add_tail(&call->done_node, &c->done);
}

/* Of struct dipc_call: in the RCU read section in which it became done. */
static void finished(struct dipc_call *call)
{
	struct dipc_caller *c = call->caller;
	u64 cookie = call->cookie;
	bool is_news;

	spin_lock_bh(&c->lock);
	is_news = dipc_caller_has_locked(c, call) &&
		  call->stage == DIPC_STAGE_OUTSTANDING;
	if (is_news)
		end_locked(c, call);
	spin_unlock_bh(&c->lock);
	if (is_news)
		dipc_caller_tell_ready(c, cookie);
}

static void set_timer_locked(struct dipc_caller *c, struct dipc_call *call,
			     ktime_t at)
{
	if (at == KTIME_MAX)
		return;
	call->timer.expires = at;
	if (timerqueue_add(&c->deadlines, &call->timer))
		hrtimer_start(&c->timer, at, HRTIMER_MODE_ABS_SOFT);
}

static ktime_t moment_after(u64 ns)
{
	return ns > KTIME_MAX ? KTIME_MAX : ktime_add_safe(ktime_get(), ns);
}

static struct dipc_call *first_overdue_locked(struct dipc_caller *c)
{
	struct timerqueue_node *next = timerqueue_getnext(&c->deadlines);

	if (!next || next->expires > ktime_get())
		return NULL;
	return container_of(next, struct dipc_call, timer);
}

/*
 * Takes up to DIPC_CALLER_BATCH calls off the timer: those that are to end get a
 * reference, those that have and were delayed can be read now.
 */
static unsigned int collect_overdue_locked(struct dipc_caller *c,
					   struct dipc_call **calls,
					   bool *is_ready)
{
	struct dipc_call *call;
	unsigned int n;

	for (n = 0; n < DIPC_CALLER_BATCH; n++) {
		call = first_overdue_locked(c);
		if (!call)
			break;
		dipc_caller_clear_timer_locked(c, call);
		dipc_message_get(&call->request);
		calls[n] = call;
		is_ready[n] = call->stage == DIPC_STAGE_DELAYED;
		if (is_ready[n])
			end_locked(c, call);
	}
	return n;
}

static void give_up_overdue(struct dipc_call *call)
{
	enum dipc_reason reason = DIPC_REASON_TIMED_OUT;

	if (call->due <= ktime_get())
		reason = DIPC_REASON_EXPIRED;
	/* if it ends otherwise just now, who ends it says so */
	if (dipc_call_give_up(call, reason, NULL))
		finished(call);
}

static enum hrtimer_restart overdue(struct hrtimer *timer)
{
	struct dipc_caller *c = container_of(timer, struct dipc_caller, timer);
	struct dipc_call *calls[DIPC_CALLER_BATCH];
	struct timerqueue_node *next;
	bool is_ready[DIPC_CALLER_BATCH];
	unsigned int i, n;
	/* many that are due at once let others have the processor in between */
	ktime_t breath = ktime_add_ns(ktime_get(), 50 * NSEC_PER_USEC);

	rcu_read_lock();
	spin_lock_bh(&c->lock);
	n = collect_overdue_locked(c, calls, is_ready);
	next = timerqueue_getnext(&c->deadlines);
	/* somebody may have set it anew for an earlier one meanwhile */
	if (next && !hrtimer_is_queued(timer))
		hrtimer_start(timer, max(next->expires, breath),
			      HRTIMER_MODE_ABS_SOFT);
	spin_unlock_bh(&c->lock);
	for (i = 0; i < n; i++) {
		if (is_ready[i])
			dipc_caller_tell_ready(c, calls[i]->cookie);
		else
			give_up_overdue(calls[i]);
		dipc_call_put(calls[i]);
	}
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

/**
 * dipc_caller_table_init() - make an empty table
 * @table: zeroed
 *
 * Context: process.
 */
void dipc_caller_table_init(struct dipc_caller_table *table)
{
	xa_init_flags(&table->walk, XA_FLAGS_ALLOC1);
}

/**
 * dipc_caller_table_fini() - undo dipc_caller_table_init()
 * @table: with no caller in it
 *
 * Context: process.
 */
void dipc_caller_table_fini(struct dipc_caller_table *table)
{
	WARN_ON_ONCE(!xa_empty(&table->walk));
	xa_destroy(&table->walk);
}

/**
 * dipc_caller_create() - a socket makes its first call
 * @table: the namespace's
 * @socket: the socket; must outlive a grace period after dipc_caller_close()
 * @ready: called with it when a call has ended that can be read now, in an
 *	RCU read section, in any context
 *
 * Context: process; may sleep.
 * Return: the caller, for dipc_caller_close(); or NULL without memory.
 */
struct dipc_caller *dipc_caller_create(struct dipc_caller_table *table,
				       void *socket,
				       void (*ready)(void *socket))
{
	struct dipc_caller *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	spin_lock_init(&c->lock);
	refcount_set(&c->refs, 1);
	c->last_serial = DIPC_CALLER_SYNC_SERIAL;
	c->all = RB_ROOT;
	c->by_cookie = RB_ROOT;
	INIT_LIST_HEAD(&c->done);
	timerqueue_init_head(&c->deadlines);
	hrtimer_init(&c->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	c->timer.function = overdue;
	init_waitqueue_head(&c->wait);
	c->ready = ready;
	rcu_assign_pointer(c->socket, socket);
	/* a walk may find it from here on */
	if (xa_alloc_cyclic(&table->walk, &c->index, c, xa_limit_31b,
			    &table->next_index, GFP_KERNEL_ACCOUNT) < 0) {
		/* it is not in the table, nobody has seen it */
		kfree(c);
		return NULL;
	}
	return c;
}

/**
 * dipc_caller_put() - give a reference back
 * @c: may be gone afterwards
 *
 * Context: any.
 */
void dipc_caller_put(struct dipc_caller *c)
{
	if (refcount_dec_and_test(&c->refs))
		kfree_rcu(c, rcu);
}

/**
 * dipc_caller_close() - a socket is closed
 * @c: the socket's, or NULL; its reference is given back
 * @table: the namespace's
 *
 * What is outstanding is withdrawn, what was not read is lost. No task is in a
 * call any more, or reads the end of one.
 *
 * Context: process; may sleep.
 */
void dipc_caller_close(struct dipc_caller *c, struct dipc_caller_table *table)
{
	struct dipc_call *call;

	if (!c)
		return;
	RCU_INIT_POINTER(c->socket, NULL);
	xa_erase(&table->walk, c->index);
	spin_lock_bh(&c->lock);
	/* the last one first: or it would get the room of those before it */
	while (!RB_EMPTY_ROOT(&c->all)) {
		call = rb_entry(rb_last(&c->all), struct dipc_call, node);
		dipc_caller_remove_locked(c, call);
		spin_unlock_bh(&c->lock);
		dipc_call_give_up(call, DIPC_REASON_WITHDRAWN, NULL);
		dipc_call_put(call);
		cond_resched();
		spin_lock_bh(&c->lock);
	}
	spin_unlock_bh(&c->lock);
	/* with nothing left to wait for it is not set again */
	hrtimer_cancel(&c->timer);
	dipc_caller_put(c);
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct dipc_call, node)->serial <
	       rb_entry(b, struct dipc_call, node)->serial;
}

static void link_locked(struct dipc_caller *c, struct dipc_call *call)
{
	call->serial = ++c->last_serial;
	rb_add(&call->node, &c->all, is_before);
}

static int compare_cookies(struct rb_node *a, const struct rb_node *b)
{
	u64 fresh = rb_entry(a, struct dipc_call, by_cookie)->cookie;
	u64 other = rb_entry(b, struct dipc_call, by_cookie)->cookie;

	return fresh < other ? -1 : fresh > other;
}

/* @call is not seen by anybody else yet. */
static void init_call(struct dipc_call *call, struct dipc_caller *c)
{
	call->caller = c;
	call->stage = DIPC_STAGE_OUTSTANDING;
	RB_CLEAR_NODE(&call->node);
	INIT_LIST_HEAD(&call->done_node);
	timerqueue_init(&call->timer);
}

/**
 * dipc_caller_add_one_more() - another task makes a call at the same time
 * @c: the socket's, with one in @c->sync
 * @call: synchronous
 *
 * Context: process.
 */
void dipc_caller_add_one_more(struct dipc_caller *c, struct dipc_call *call)
{
	init_call(call, c);
	spin_lock_bh(&c->lock);
	link_locked(c, call);
	spin_unlock_bh(&c->lock);
}

/**
 * dipc_caller_remove_one() - one of several calls is over, or is looked at
 * @c: the socket's
 * @call: synchronous
 *
 * Context: process.
 */
void dipc_caller_remove_one(struct dipc_caller *c, struct dipc_call *call)
{
	spin_lock_bh(&c->lock);
	if (call->serial == DIPC_CALLER_SYNC_SERIAL)
		WRITE_ONCE(c->sync, 0);
	else
		rb_erase(&call->node, &c->all);
	spin_unlock_bh(&c->lock);
}

/**
 * dipc_caller_replace_sync() - a call that a task sleeps for is sent again
 * @c: the socket's
 * @old: added by dipc_caller_add_sync(); the task's reference is consumed
 * @fresh: synchronous; takes its place, to be removed as @old would have been
 *
 * Who looks sees one of them.
 *
 * Context: process.
 */
void dipc_caller_replace_sync(struct dipc_caller *c, struct dipc_call *old,
			      struct dipc_call *fresh)
{
	init_call(fresh, c);
	fresh->serial = old->serial;
	spin_lock_bh(&c->lock);
	if (old->serial != DIPC_CALLER_SYNC_SERIAL)
		rb_replace_node(&old->node, &fresh->node, &c->all);
	else
		/* with the lock nobody has marked it; see look_at_sync() */
		smp_store_release(&c->sync, (unsigned long)fresh);
	spin_unlock_bh(&c->lock);
	dipc_call_put(old);
}

/**
 * dipc_caller_add() - an asynchronous call begins
 * @c: the socket's
 * @call: prepared, with its cookie, semantics and times; the reference is
 *	consumed, but not if this fails
 *
 * From here on another thread may cancel it and free it, and once it was
 * started read its end: who goes on with it needs a reference of his own.
 *
 * Context: process.
 * Return: 0; -EEXIST if the socket has one with that cookie; -EAGAIN if it has
 * DIPC_CALLS_MAX, counting those whose end was not read.
 */
int dipc_caller_add(struct dipc_caller *c, struct dipc_call *call)
{
	int err = 0;

	init_call(call, c);
	call->done = finished;
	spin_lock_bh(&c->lock);
	if (dipc_caller_find_locked(c, call->cookie)) {
		err = -EEXIST;
	} else if (c->n_async >= DIPC_CALLS_MAX) {
		err = -EAGAIN;
	} else {
		WRITE_ONCE(c->is_async, true);
		c->n_async++;
		link_locked(c, call);
		rb_find_add(&call->by_cookie, &c->by_cookie, compare_cookies);
	}
	spin_unlock_bh(&c->lock);
	return err;
}

/**
 * dipc_caller_start() - a call is about to be brought to a queue
 * @c: the socket's
 * @call: added; the task has a reference of its own
 *
 * From here on it may end by time.
 *
 * Context: process.
 */
void dipc_caller_start(struct dipc_caller *c, struct dipc_call *call)
{
	ktime_t at = call->due;

	if (call->semantics == DIPC_AT_LEAST_ONCE && call->try_ns)
		at = min(at, moment_after(call->try_ns));
	spin_lock_bh(&c->lock);
	if (dipc_caller_has_locked(c, call) &&
	    call->stage == DIPC_STAGE_OUTSTANDING)
		set_timer_locked(c, call, at);
	spin_unlock_bh(&c->lock);
}

/**
 * dipc_caller_cancel() - a call is given up
 * @c: the socket's
 * @cookie: which one; outstanding, or ended and not read yet
 *
 * Context: process.
 * Return: 0, and there is no outcome; or -ENOENT, also if another thread is
 * being told it just now.
 */
int dipc_caller_cancel(struct dipc_caller *c, u64 cookie)
{
	struct dipc_call *call;
	bool was_last;

	spin_lock_bh(&c->lock);
	call = dipc_caller_find_locked(c, cookie);
	if (call && call->stage == DIPC_STAGE_CLAIMED)
		call = NULL;
	if (call)
		dipc_caller_remove_locked(c, call);
	was_last = !c->n_async;
	spin_unlock_bh(&c->lock);
	if (!call)
		return -ENOENT;
	dipc_caller_tell_gone(c, cookie, was_last);
	dipc_call_give_up(call, DIPC_REASON_CANCELLED, NULL);
	dipc_call_put(call);
	return 0;
}

/**
 * dipc_caller_replace() - a call is sent again
 * @c: the socket's
 * @old: taken; the task's reference is consumed
 * @fresh: prepared as @old was, but without cookie; takes its place, and its
 *	reference is consumed, but not if this fails. To be started then.
 *
 * Context: process.
 * Return: whether that was done; if not, @old was cancelled meanwhile, and
 * @fresh must not be sent.
 */
bool dipc_caller_replace(struct dipc_caller *c, struct dipc_call *old,
			 struct dipc_call *fresh)
{
	bool is_here;

	init_call(fresh, c);
	fresh->done = finished;
	fresh->cookie = old->cookie;
	fresh->serial = old->serial;
	spin_lock_bh(&c->lock);
	is_here = dipc_caller_has_locked(c, old);
	if (is_here) {
		/* it is TAKEN: neither in the list nor on the timer */
		rb_replace_node(&old->node, &fresh->node, &c->all);
		RB_CLEAR_NODE(&old->node);
		rb_replace_node(&old->by_cookie, &fresh->by_cookie,
				&c->by_cookie);
	}
	spin_unlock_bh(&c->lock);
	if (is_here)
		dipc_call_put(old);
	dipc_call_put(old);
	return is_here;
}

/**
 * dipc_caller_delay() - a call is to be sent again, but not at once
 * @c: the socket's
 * @call: taken; can be taken again some time later. The task's reference is
 *	consumed.
 * @delay_ns: how much later; no later than when the call is due
 *
 * Context: process.
 */
void dipc_caller_delay(struct dipc_caller *c, struct dipc_call *call,
		       u64 delay_ns)
{
	ktime_t at = min(call->due, moment_after(delay_ns));

	spin_lock_bh(&c->lock);
	if (dipc_caller_has_locked(c, call)) {
		call->stage = DIPC_STAGE_DELAYED;
		set_timer_locked(c, call, at);
	}
	spin_unlock_bh(&c->lock);
	dipc_call_put(call);
}
