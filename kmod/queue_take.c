// SPDX-License-Identifier: GPL-2.0
/*
 * How a message goes out of a queue: found by what the receiver asks for, on
 * loan to it while it copies, then taken; or back to its place.
 */
#include <linux/sched/signal.h>

#include "queue_inner.h"
#include "trace.h"

/* How many messages a receiver looks at in one hold of the lock. */
#define SCAN_MAX 256
/* How often it begins anew because messages were put in before others, or taken. */
#define RESTARTS_MAX 16

/*
 * Where a search through the list of messages has got to. The message that
 * was looked at last is shared, so that it is still there when the lock is
 * taken again; it need not be in the list any more.
 */
struct scan {
	const struct dipc_want	*want;
	struct dipc_message	*last;		/* or NULL: from the start */
	u64			seq;		/* of @last, then */
	u64			shuffles;	/* of the queue, then */
	bool			missed;		/* perhaps, what came meanwhile */
	bool			only_look;	/* and leave it there */
	bool			pause;		/* go on after a break */
	unsigned int		restarts;	/* since others came before it */
	unsigned int		lost;		/* since its place is gone */
};

/*
 * If messages were put in before others it begins anew, for one may be among them.
 * But that could go on for ever: at last it passes over them.
 */
static struct list_head *resume(struct dipc_queue *q, struct scan *scan)
{
	struct dipc_message *last = scan->last;

	if (!last)
		return &q->messages;
	if (!dipc_queue_has_place(last, scan->seq)) {
		scan->lost++;
		return &q->messages;
	}
	if (q->shuffles == scan->shuffles)
		return &last->node;
	if (scan->restarts++ < RESTARTS_MAX)
		return &q->messages;
	scan->missed = true;
	return &last->node;
}

/* The first message in the list that matches; or NULL, perhaps to go on. */
static struct dipc_message *scan_locked(struct dipc_queue *q, struct scan *scan)
{
	struct list_head *pos = resume(q, scan);
	struct dipc_message *m;
	unsigned int n = 0;

	scan->pause = false;
	for (pos = pos->next; pos != &q->messages; pos = pos->next) {
		m = list_entry(pos, struct dipc_message, node);
		if (dipc_want_fits(scan->want, m))
			return m;
		if (++n == SCAN_MAX && pos->next != &q->messages) {
			scan->pause = true;
			return m;
		}
	}
	return NULL;
}

/* Remember @m, be it for the next hold of the lock; @old is to be put then. */
static struct dipc_message *keep_place(struct dipc_queue *q, struct scan *scan,
				       struct dipc_message *m)
{
	struct dipc_message *old = scan->last;

	dipc_message_get(m);
	scan->last = m;
	scan->seq = m->seq;
	scan->shuffles = q->shuffles;
	return old;
}

static void give_up_place(struct dipc_message *m)
{
	if (m)
		dipc_message_put(m);
}

static bool wants_room(const struct dipc_queue *q)
{
	return q->n_senders || !list_empty(&q->starved);
}

/* A queued message goes to a receiver. */
static __always_inline void lend_queued(struct dipc_queue *q,
					struct dipc_message *m,
					struct dipc_queue_events *ev)
{
	/* what is read of a stream makes room when it has been read */
	if (q->stream) {
		dipc_queue_unlist_locked(q, m);
		dipc_queue_lend_locked(q, m);
		return;
	}
	dipc_queue_unlink_locked(q, m);
	dipc_queue_lend_locked(q, m);
	if (wants_room(q) && !dipc_queue_keep_in_line_locked(q))
		dipc_queue_admit_locked(q, ev);
}

/* A waiting sender's message goes to a receiver, without being queued. */
static void lend_waiting(struct dipc_queue *q, struct dipc_message *m,
			 struct dipc_queue_events *ev)
{
	dipc_queue_leave_line_locked(q, m);
	/* what is on loan of a stream counts until it was read */
	if (q->stream)
		WRITE_ONCE(q->bytes, q->bytes + m->len);
	m->seq = q->next_seq++;
	dipc_stats_count(q->stats, DIPC_REASON_HANDED);
	trace_dipc_accept(q->kind, q->id, m->sender->port, m->id, m->len,
			  DIPC_REASON_HANDED);
	dipc_queue_lend_locked(q, m);
	if (m->waiter->mode != DIPC_MODE_EXPLICIT) {
		dipc_queue_due_del_locked(q, m);
		dipc_queue_tell_sender_locked(m, DIPC_REASON_HANDED, ev);
	}
	/* who stood behind it, or polls, may fit where it did not */
	if (wants_room(q))
		dipc_queue_admit_locked(q, ev);
}

static void wait_in_line(struct dipc_queue *q, struct dipc_waiter *w,
			 struct dipc_queue_events *ev)
{
	dipc_queue_add_receiver_locked(q, w);
	/* who sends explicitly, or to an unbuffered queue, has room only now */
	ev->room = !list_empty(&q->starved);
	/* who takes all there is would not wait if there were requests */
	if (unlikely(q->had_calls) && !w->want)
		dipc_queue_rest_locked(q);
}

static struct dipc_message *share(struct dipc_message *m)
{
	dipc_message_get(m);
	return m;
}

/*
 * There is no message: whether there will be one, and who waits for it. He must
 * have seen all that there are.
 */
static void find_none(struct dipc_queue *q, struct dipc_waiter *w,
		      struct dipc_queue_events *ev, int *err)
{
	if (q->ended)
		return;
	*err = w ? -EINPROGRESS : -EAGAIN;
	if (w)
		wait_in_line(q, w, ev);
}

/*
 * One hold of the lock. Sets @err to -EALREADY if the search is to go on; then
 * the message that is returned is the caller's to put, or NULL.
 */
static struct dipc_message *search_step(struct dipc_queue *q, struct scan *scan,
					struct dipc_waiter *w,
					struct dipc_queue_events *ev, int *err)
{
	struct dipc_message *m;

	if (q->closed) {
		*err = q->close_err;
		return NULL;
	}
	dipc_queue_expire_locked(q, ev);
	m = scan_locked(q, scan);
	if (scan->pause) {
		*err = -EALREADY;
		return keep_place(q, scan, m);
	}
	*err = 0;
	if (m) {
		if (scan->only_look)
			return share(m);
		lend_queued(q, m, ev);
		return m;
	}
	m = dipc_queue_first_in_line_locked(q, scan->want);
	if (m) {
		if (scan->only_look)
			return share(m);
		lend_waiting(q, m, ev);
		return m;
	}
	if (w && unlikely(scan->missed))
		*err = -EBUSY;
	else
		find_none(q, w, ev, err);
	return NULL;
}

/*
 * 0, or why not. Others may take just what was looked at last, again and again;
 * who would wait looks at the clock in between.
 */
static int may_go_on(const struct scan *scan, const struct dipc_waiter *w)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (likely(scan->lost <= RESTARTS_MAX))
		return 0;
	if (signal_pending(current))
		return -EINTR;
	return w ? -EBUSY : 0;
}

static struct dipc_message *search(struct dipc_queue *q, struct scan *scan,
				   struct dipc_waiter *w, int *err)
{
	struct dipc_queue_events ev __uninitialized;
	struct dipc_message *m;

	for (;;) {
		dipc_queue_events_init(&ev);
		rcu_read_lock();
		spin_lock_bh(&q->lock);
		m = search_step(q, scan, w, &ev, err);
		spin_unlock_bh(&q->lock);
		dipc_queue_notify(q, &ev);
		rcu_read_unlock();
		if (likely(*err != -EALREADY))
			break;
		give_up_place(m);
		*err = may_go_on(scan, w);
		if (*err) {
			m = NULL;
			break;
		}
		cond_resched();
	}
	give_up_place(scan->last);
	return m;
}

static noinline struct dipc_message *take_wanted(struct dipc_queue *q,
						 const struct dipc_want *want,
						 struct dipc_waiter *w,
						 int *err)
{
	struct scan scan = { .want = want };

	return search(q, &scan, w, err);
}

/* Whoever wants no requests takes all where there was none yet. */
static bool fits_all_locked(const struct dipc_queue *q,
			    const struct dipc_want *want)
{
	return !want || (!want->has_match && !q->had_calls);
}

/* To who takes all, it is the first one: nothing is to be searched. */
static struct dipc_message *take_first_locked(struct dipc_queue *q,
					      struct dipc_waiter *w,
					      struct dipc_queue_events *ev,
					      int *err)
{
	struct dipc_message *m;

	if (unlikely(q->closed)) {
		*err = q->close_err;
		return NULL;
	}
	dipc_queue_expire_locked(q, ev);
	*err = 0;
	if (!list_empty(&q->messages)) {
		m = list_first_entry(&q->messages, struct dipc_message, node);
		lend_queued(q, m, ev);
		return m;
	}
	m = q->n_senders ? dipc_queue_first_in_line_locked(q, NULL) : NULL;
	if (m)
		lend_waiting(q, m, ev);
	else
		find_none(q, w, ev, err);
	return m;
}

/**
 * dipc_queue_take() - take the next message, or line up for one
 * @q: the queue
 * @want: which messages count; NULL: all
 * @w: of a receiver that is willing to wait, that wants the same; else NULL
 * @err: set if there is no message: -EAGAIN if there is none now and @w was
 *	NULL, -EINPROGRESS if @w waits in the queue from now on, 0 if none
 *	will come any more, -EINTR if the task is being killed, or signalled
 *	and does not come to an end, -EBUSY if none was found, but there may
 *	be one that was missed, so that @w did not line up; or the queue's
 *	close_err
 *
 * Context: process; may sleep.
 * Return: the message, on loan: when it has been copied, it is to be given to
 * dipc_queue_taken() and dipc_message_put(), else to dipc_queue_put_back(); if
 * the queue is a stream, to dipc_queue_read_on() in any case. Or NULL.
 */
struct dipc_message *dipc_queue_take(struct dipc_queue *q,
				     const struct dipc_want *want,
				     struct dipc_waiter *w, int *err)
{
	struct dipc_queue_events ev __uninitialized;
	struct dipc_message *m = NULL;
	bool fits_all;

	dipc_queue_events_init(&ev);
	spin_lock_bh(&q->lock);
	fits_all = fits_all_locked(q, want);
	if (likely(fits_all))
		m = take_first_locked(q, w, &ev, err);
	dipc_queue_unlock_and_notify(q, &ev);
	return likely(fits_all) ? m : take_wanted(q, want, w, err);
}

/* The first message, if nobody looks for another one, or for its verdict. */
static struct dipc_message *plain_first_locked(const struct dipc_queue *q)
{
	struct dipc_message *m;

	if (!q->n_messages || q->closed || q->stream || q->levels ||
	    dipc_queue_may_expire(q))
		return NULL;
	m = list_first_entry(&q->messages, struct dipc_message, node);
	return m->is_call || m->waiter || m->extra ? NULL : m;
}

/* Under its lock, which is released: there is room, and others wait for it. */
static noinline void admit_and_unlock(struct dipc_queue *q)
	__releases(&q->lock)
{
	struct dipc_queue_events ev __uninitialized;

	dipc_queue_events_init(&ev);
	dipc_queue_admit_locked(q, &ev);
	dipc_queue_unlock_and_notify(q, &ev);
}

/**
 * dipc_queue_take_plain() - take the first message, if that is simple
 * @q: the queue
 *
 * That is: there is one, nobody waits for its verdict, it has no deadline, nor
 * has another one, and it is no request. What dipc_queue_take() would give to
 * who takes all, or takes no requests.
 *
 * Context: process.
 * Return: the message, on loan as by dipc_queue_take(), but dipc_queue_taken()
 * has nothing to do; or NULL.
 */
struct dipc_message *dipc_queue_take_plain(struct dipc_queue *q)
{
	struct dipc_message *m;

	if (!READ_ONCE(q->n_messages))
		return NULL;
	spin_lock_bh(&q->lock);
	m = plain_first_locked(q);
	if (likely(m))
		dipc_queue_unlink_locked(q, m);
	if (unlikely(m && wants_room(q) && !dipc_queue_keep_in_line_locked(q)))
		admit_and_unlock(q);
	else
		spin_unlock_bh(&q->lock);
	return m;
}

/**
 * dipc_queue_peek() - look at the next message and leave it there
 * @q: the queue
 * @want: which messages count; NULL: all
 * @err: set if there is no message: -EAGAIN, 0 if none will come any more,
 *	-EINTR if the task is being killed, or the queue's close_err
 *
 * Context: process; may sleep.
 * Return: the message, shared: to be given to dipc_message_put(). Or NULL.
 */
struct dipc_message *dipc_queue_peek(struct dipc_queue *q,
				     const struct dipc_want *want, int *err)
{
	struct scan scan = { .want = want, .only_look = true };

	return search(q, &scan, NULL, err);
}

/**
 * dipc_queue_peek_at() - look into a stream
 * @q: the stream
 * @offset: how far behind its first byte
 * @within: set to where in the piece that byte is, behind what was read of it
 * @err: set if it does not go so far: -EAGAIN, 0 if it never will, or the
 *	queue's close_err
 *
 * Context: any.
 * Return: the piece, shared: to be given to dipc_message_put(). Or NULL.
 */
struct dipc_message *dipc_queue_peek_at(struct dipc_queue *q, u64 offset,
					u32 *within, int *err)
{
	struct dipc_message *m, *found = NULL;

	spin_lock_bh(&q->lock);
	list_for_each_entry(m, &q->messages, node) {
		if (offset < dipc_queue_payload(q, m)) {
			found = m;
			dipc_message_get(m);
			break;
		}
		offset -= dipc_queue_payload(q, m);
	}
	if (q->closed)
		*err = q->close_err;
	else
		*err = found || q->ended ? 0 : -EAGAIN;
	spin_unlock_bh(&q->lock);
	*within = offset;
	return found;
}

static bool tell_taken(struct dipc_queue *q, struct dipc_message *m)
{
	struct dipc_queue_events ev;
	bool revoked, closed;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	revoked = m->waiter == &dipc_waiter_revoked;
	dipc_queue_due_del_locked(q, m);
	dipc_queue_tell_sender_locked(m, DIPC_REASON_TAKEN, &ev);
	closed = q->closed;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	if (closed)
		dipc_queue_due_stop(q);
	return !revoked;
}

/*
 * Nobody sleeps until a request is taken: that it was is for who took it to
 * say. So it needs no lock, but only to be quicker than who withdraws it.
 */
static bool take_request(struct dipc_message *m)
{
	struct dipc_waiter *w = READ_ONCE(m->waiter);

	/* against the one in dipc_queue_revoke_locked() */
	return w != &dipc_waiter_revoked && cmpxchg(&m->waiter, w, NULL) == w;
}

/**
 * dipc_queue_taken() - a receiver has copied a message
 * @q: the queue it came from
 * @m: the message, on loan; is the caller's afterwards
 *
 * Who waits for that is told; but of a request the verdict, and what belongs
 * to it, is the caller's.
 *
 * Context: process; may sleep.
 * Return: false if its sender has withdrawn it meanwhile: the receiver is to
 * behave as if it had never seen it.
 */
bool dipc_queue_taken(struct dipc_queue *q, struct dipc_message *m)
{
	/* while it is on loan this can only change to "revoked" */
	if (likely(!READ_ONCE(m->waiter)))
		return true;
	return m->is_call ? take_request(m) : tell_taken(q, m);
}

/* On loan it had no timer, unless somebody waits for it. */
static bool is_overdue(const struct dipc_message *m)
{
	return m->extra && m->extra->has_deadline &&
	       m->extra->due.expires <= ktime_get();
}

static void put_back_locked(struct dipc_queue *q, struct dipc_message *m,
			    struct dipc_queue_events *ev)
{
	if (m->waiter == &dipc_waiter_revoked) {
		m->waiter = NULL;
		dipc_queue_discard_locked(m, ev);
		return;
	}
	dipc_stats_count(q->stats, DIPC_REASON_PUT_BACK);
	trace_dipc_put_back(q->kind, q->id, m->sender->port, m->id, m->len,
			    DIPC_REASON_PUT_BACK);
	if (q->closed) {
		dipc_queue_due_del_locked(q, m);
		dipc_queue_tell_sender_locked(m, DIPC_REASON_DROP_CLOSED, ev);
		dipc_queue_drop_locked(q, m, DIPC_REASON_DROP_CLOSED, ev);
		return;
	}
	if (is_overdue(m)) {
		dipc_queue_due_del_locked(q, m);
		dipc_queue_tell_sender_locked(m, DIPC_REASON_EXPIRED, ev);
		dipc_queue_drop_locked(q, m, DIPC_REASON_EXPIRED, ev);
		return;
	}
	if (dipc_queue_hand_locked(q, m, ev))
		return;
	ev->readable = true;
	ev->was_empty = !q->n_messages;
	if (m->waiter)
		m->waiter->place = DIPC_PLACE_QUEUE;
	dipc_queue_insert_locked(q, m);
	if (m->is_call)
		dipc_queue_starve_locked(q, ev);
}

/**
 * dipc_queue_put_back() - a receiver could not take a message after all
 * @q: the queue it came from; not a stream
 * @m: the message, on loan; consumed
 *
 * It goes to the receiver that has waited longest for such a message, or to
 * its old place, above the capacity if need be.
 *
 * Context: process; may sleep.
 */
void dipc_queue_put_back(struct dipc_queue *q, struct dipc_message *m)
{
	struct dipc_queue_events ev;
	bool closed;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	put_back_locked(q, m, &ev);
	closed = q->closed;
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
	if (closed)
		dipc_queue_due_stop(q);
}

/**
 * dipc_queue_read_on() - a reader has read on in a stream
 * @q: the stream
 * @m: its first piece, on loan; consumed
 * @bytes: how many bytes of it were read
 *
 * What is left of it is the first again.
 *
 * Context: process. The readers of a stream see to it that one of them has a
 * piece at a time.
 */
void dipc_queue_read_on(struct dipc_queue *q, struct dipc_message *m, u32 bytes)
{
	struct dipc_queue_events ev;

	dipc_queue_events_init(&ev);
	rcu_read_lock();
	spin_lock_bh(&q->lock);
	m->stream.start += bytes;
	/* in one step, for who looks without the lock */
	if (q->closed || !dipc_queue_payload(q, m)) {
		WRITE_ONCE(q->bytes,
			   q->bytes - bytes - dipc_queue_payload(q, m));
		dipc_queue_discard_locked(m, &ev);
	} else {
		WRITE_ONCE(q->bytes, q->bytes - bytes);
		dipc_queue_insert_locked(q, m);
	}
	if (bytes && wants_room(q))
		dipc_queue_admit_locked(q, &ev);
	spin_unlock_bh(&q->lock);
	dipc_queue_notify(q, &ev);
	rcu_read_unlock();
}

/* Looks at the last ones. */
static bool has_new_in(const struct list_head *list,
		       const struct dipc_want *want)
{
	struct dipc_message *m;
	unsigned int n = 0;

	list_for_each_entry_reverse(m, list, node) {
		if (dipc_want_fits(want, m))
			return true;
		if (++n == SCAN_MAX)
			break;
	}
	return false;
}

/**
 * dipc_queue_has_new() - has such a message come lately
 * @q: the queue
 * @want: which messages count
 *
 * Looks at the last ones in the list and in each line of those that wait.
 *
 * Context: any; does not sleep.
 * Return: whether there is one.
 */
bool dipc_queue_has_new(struct dipc_queue *q, const struct dipc_want *want)
{
	struct dipc_share *share;
	bool found;

	spin_lock_bh(&q->lock);
	found = has_new_in(&q->messages, want) || has_new_in(&q->senders, want);
	if (!found && q->n_held_back) {
		list_for_each_entry(share, &q->shares, node) {
			found = has_new_in(&share->line, want);
			if (found)
				break;
		}
	}
	spin_unlock_bh(&q->lock);
	return found;
}

/**
 * dipc_queue_first() - is there such a message, and how long is it
 * @q: the queue
 * @want: which messages count; NULL: all
 * @len: set to its payload in bytes
 *
 * Context: process; may sleep.
 * Return: whether there is one.
 */
bool dipc_queue_first(struct dipc_queue *q, const struct dipc_want *want,
		      u32 *len)
{
	struct dipc_message *m;
	int err;

	m = dipc_queue_peek(q, want, &err);
	*len = m ? m->len : 0;
	if (m)
		dipc_message_put(m);
	return m;
}
