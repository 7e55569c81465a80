// SPDX-License-Identifier: GPL-2.0
/*
 * Making calls, and how each of them comes to its one end; see call.h. Knows
 * neither sockets nor what brings a request to a queue.
 */
#include <linux/cred.h>
#include <linux/slab.h>

#include "call.h"
#include "trace.h"

/* What a call takes beside its two messages, bytes; charged to its user. */
#define BESIDE_BYTES (sizeof(struct dipc_call) - 2 * sizeof(struct dipc_message))

static struct kmem_cache *call_cache;

static void verdict(struct dipc_waiter *w);

/* With all that is the same for each call. */
static void construct(void *object)
{
	struct dipc_call *call = object;

	INIT_LIST_HEAD(&call->request.node);
	INIT_LIST_HEAD(&call->request.share_node);
	INIT_LIST_HEAD(&call->reply.node);
	INIT_LIST_HEAD(&call->reply.share_node);
	INIT_LIST_HEAD(&call->done_node);
	spin_lock_init(&call->lock);
	INIT_LIST_HEAD(&call->waiter.node);
	call->waiter.task = NULL;
	call->waiter.complete = verdict;
	call->waiter.want = NULL;
	call->waiter.mode = DIPC_MODE_EXPLICIT;
}

/* All that belongs to it, and to this call only. */
static void strip(struct dipc_call *call)
{
	dipc_message_fini_pair(&call->request, &call->reply, BESIDE_BYTES);
	dipc_queue_put(call->queue);
	call->queue = NULL;
	if (unlikely(call->dest)) {
		kfree(call->dest);
		call->dest = NULL;
	}
}

/**
 * dipc_call_free() - free a call of which there is nothing left
 * @call: stripped; or NULL
 *
 * Context: any.
 */
void dipc_call_free(struct dipc_call *call)
{
	if (!call)
		return;
	put_pid(call->server);
	kmem_cache_free(call_cache, call);
}

static void free_call(struct dipc_message *m)
{
	struct dipc_call *call = dipc_call_of(m);

	strip(call);
	dipc_call_free(call);
}

/**
 * dipc_call_init_cache() - prepare for calls to be made
 *
 * Context: process, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int dipc_call_init_cache(void)
{
	/* hardened usercopy: only the payloads may be copied to and from */
	call_cache = kmem_cache_create_usercopy("dipc_call",
			sizeof(struct dipc_call), 0, SLAB_ACCOUNT,
			offsetof(struct dipc_call, request.data),
			offsetofend(struct dipc_call, reply.data) -
			offsetof(struct dipc_call, request.data), construct);
	if (!call_cache)
		return -ENOMEM;
	dipc_message_free_call = free_call;
	return 0;
}

/**
 * dipc_call_fini_cache() - undo dipc_call_init_cache()
 *
 * Context: process, when no call is left.
 */
void dipc_call_fini_cache(void)
{
	kmem_cache_destroy(call_cache);
}

static void reset(struct dipc_call *call)
{
	call->state = DIPC_CALL_NEW;
	call->semantics = DIPC_AT_MOST_ONCE;
	call->hops = 0;
	call->pauses = 0;
	call->paused = false;
	call->is_last = false;
	call->turn = 0;
	call->sending = false;
	call->was_taken = false;
	call->attempt = 1;
	call->caller = NULL;
	call->cookie = 0;
	call->try_ns = 0;
	call->reason = DIPC_REASON_NONE;
	call->holder = NULL;
	call->server_port = 0;
	call->server_tid = 0;
	call->client_tid = task_pid_nr(current);
	call->task = NULL;
	call->done = NULL;
	call->due = KTIME_MAX;
	call->since = jiffies;
}

static struct dipc_call *alloc(void)
{
	struct dipc_call *call = kmem_cache_alloc(call_cache, DIPC_MESSAGE_GFP);

	if (!call)
		return NULL;
	call->server = NULL;
	call->queue = NULL;
	call->dest = NULL;
	return call;
}

/**
 * dipc_call_create() - make a call with its request, and room for its reply
 * @spare: memory for it, of one that was stripped; consumed. Or NULL.
 * @sender: who calls; if this succeeds, the call has the caller's reference
 * @id: the socket's number for the request
 * @len: length of the request in bytes, to be filled by the caller
 * @reply_max: room for the reply in bytes
 * @limits: the user limits in force
 * @err: set if there is no call: -ENOMEM, or as by dipc_message_init()
 *
 * Context: process; may sleep.
 * Return: the call with one reference, or NULL.
 */
struct dipc_call *dipc_call_create(struct dipc_call *spare,
				   struct dipc_sender *sender, u64 id,
				   size_t len, size_t reply_max,
				   const struct dipc_limits *limits, int *err)
{
	struct dipc_call *call = spare ?: alloc();

	*err = -ENOMEM;
	if (!call)
		return NULL;
	*err = dipc_message_init_pair(&call->request, &call->reply, sender, id,
				      len, reply_max, BESIDE_BYTES, limits);
	if (*err) {
		dipc_call_free(call);
		return NULL;
	}
	reset(call);
	call->request.is_call = true;
	call->request.len = len;
	call->reply_max = reply_max;
	return call;
}

/**
 * dipc_call_strip() - give a call up, but for its memory
 * @call: of which the caller has a reference; it is consumed
 *
 * A socket keeps one for its next call: what was the last is the next.
 *
 * Context: any, without a queue's lock.
 * Return: whether that was the last reference; then @call is to be given to
 * dipc_call_create() or dipc_call_free().
 */
bool dipc_call_strip(struct dipc_call *call)
{
	/* that of the server, if it has any left, is found here or put there */
	if (refcount_read(&call->request.refs) != 1) {
		dipc_call_put(call);
		return false;
	}
	/* pairs with the release in dipc_message_put() of others */
	smp_acquire__after_ctrl_dep();
	strip(call);
	return true;
}

static struct dipc_stats __percpu *stats_of(const struct dipc_call *call)
{
	return call->queue->stats;
}

static void tell_client(struct dipc_call *call)
{
	struct task_struct *task = call->task;

	if (task)
		dipc_wake(task);
	else if (call->done)
		call->done(call);
}

/* The lock is held; the call is not done yet. */
static void finish_locked(struct dipc_call *call, enum dipc_reason reason)
{
	lockdep_assert_held(&call->lock);
	call->reason = reason;
	call->holder = NULL;
	call->since = jiffies;
	/* pairs with the acquire in dipc_call_is_done() */
	smp_store_release(&call->state, DIPC_CALL_DONE);
}

/* By the current task; returns who was known before, to be put. */
static struct pid *set_server_locked(struct dipc_call *call)
{
	struct pid *old = call->server;

	if (likely(old == task_tgid(current)))
		return NULL;
	call->server = get_pid(task_tgid(current));
	return old;
}

/* The current task replies. */
static struct pid *sign_locked(struct dipc_call *call)
{
	call->replier_uid = current_euid();
	call->replier_gid = current_egid();
	return set_server_locked(call);
}

static __always_inline void trace_end(const struct dipc_call *call,
				      enum dipc_reason reason)
{
	const struct dipc_message *m = &call->request;

	trace_dipc_call_end(call->queue->kind, call->queue->id, m->sender->port,
			    m->id, m->len, reason);
}

/**
 * dipc_call_end() - a call has come to its end
 * @call: the call
 * @reason: how: DIPC_REASON_REPLIED, DIPC_REASON_RESET, or why its request was
 *	not taken
 *
 * The client is told.
 *
 * Context: any.
 * Return: false if it had ended before; the client is not told then.
 */
bool dipc_call_end(struct dipc_call *call, enum dipc_reason reason)
{
	struct pid *old = NULL;
	bool ended;

	rcu_read_lock();
	spin_lock_bh(&call->lock);
	ended = call->state != DIPC_CALL_DONE;
	if (ended) {
		if (reason == DIPC_REASON_REPLIED)
			old = sign_locked(call);
		finish_locked(call, reason);
	}
	spin_unlock_bh(&call->lock);
	if (ended) {
		tell_client(call);
		trace_end(call, reason);
	}
	rcu_read_unlock();
	put_pid(old);
	return ended;
}

/*
 * What has become of the request in its queue. That it was taken is for who
 * took it to say; the rest is the end.
 */
static void verdict(struct dipc_waiter *w)
{
	struct dipc_call *call = container_of(w, struct dipc_call, waiter);
	enum dipc_reason reason = w->done;

	if (reason != DIPC_REASON_TAKEN && dipc_call_end(call, reason) &&
	    w->place == DIPC_PLACE_LINE) {
		/* what is discarded from the queue was counted with that */
		dipc_stats_count(stats_of(call), reason);
		trace_dipc_refuse(call->queue->kind, call->queue->id,
				  call->request.sender->port, call->request.id,
				  call->request.len, reason);
	}
	dipc_call_put(call);
}

/* The lock is held, or nobody else knows the call yet. */
static void note_queue(struct dipc_call *call, struct dipc_queue *queue,
		       u32 turn)
{
	dipc_queue_get(queue);
	call->queue = queue;
	call->turn = turn;
	/* who sleeps for it does not give it up before he sleeps */
	call->sending = turn != 1 || !call->task;
	call->state = DIPC_CALL_SENT;
	call->holder = NULL;
	call->since = jiffies;
}

static u32 set_out(struct dipc_call *call, struct dipc_queue *queue)
{
	struct dipc_queue *old = NULL;
	u32 turn = 0;

	spin_lock_bh(&call->lock);
	if (call->state != DIPC_CALL_DONE) {
		old = call->queue;
		/* never 0, however often a server hands it on in vain */
		turn = call->turn + 1 ?: 2;
		note_queue(call, queue, turn);
	}
	spin_unlock_bh(&call->lock);
	dipc_queue_put(old);
	return turn;
}

/**
 * dipc_call_begin() - a request is about to be brought to a queue
 * @call: prepared, or to be forwarded by who holds its handle alone
 * @queue: the queue; a reference is taken
 *
 * To be followed by dipc_call_accepted() or dipc_call_refused(); meanwhile it
 * may be taken, be forwarded from there, or come to its end.
 *
 * Context: process.
 * Return: which turn this is; 0 if it has ended already, and then nothing is
 * to follow.
 */
u32 dipc_call_begin(struct dipc_call *call, struct dipc_queue *queue)
{
	u32 turn;

	/* one that its task will sleep for is nobody else's before it is sent */
	if (call->task && !call->turn) {
		turn = 1;
		note_queue(call, queue, turn);
	} else {
		turn = set_out(call, queue);
		if (!turn)
			return 0;
	}
	call->waiter.place = DIPC_PLACE_NOWHERE;
	call->waiter.done = DIPC_REASON_NONE;
	/* it comes to the queue as if it had never been to another one */
	WRITE_ONCE(call->request.seq, 0);
	/* and before it is in a list again: see dipc_queue_has_place() */
	smp_wmb();
	/* one for the queue, one for the verdict */
	refcount_add(2, &call->request.refs);
	return turn;
}

/* What is still in the queue is for nobody to take any more. */
static bool withdraw(struct dipc_call *call, struct dipc_queue *q)
{
	if (!dipc_queue_withdraw_sender(q, &call->request, &call->waiter))
		return false;
	/* there will be no verdict */
	dipc_call_put(call);
	return true;
}

/**
 * dipc_call_accepted() - the request is in the queue, or was handed over
 * @call: brought to it
 * @turn: of dipc_call_begin()
 *
 * If the client has given up meanwhile, it is withdrawn.
 *
 * Context: process.
 */
void dipc_call_accepted(struct dipc_call *call, u32 turn)
{
	struct dipc_queue *q = NULL;

	if (!READ_ONCE(call->sending))
		return;
	spin_lock_bh(&call->lock);
	/* else somebody has taken it, and forwards it by now */
	if (call->turn == turn) {
		call->sending = false;
		if (unlikely(call->state == DIPC_CALL_DONE)) {
			q = call->queue;
			dipc_queue_get(q);
		}
	}
	spin_unlock_bh(&call->lock);
	if (q) {
		withdraw(call, q);
		dipc_queue_put(q);
	}
}

/**
 * dipc_call_refused() - the queue has not accepted the request
 * @call: brought to it
 * @holder: who goes on holding its handle; or NULL: nobody has had it yet
 * @handle: of that
 *
 * Context: process.
 * Return: false if the client has given up meanwhile.
 */
bool dipc_call_refused(struct dipc_call *call, struct dipc_handles *holder,
		       u64 handle)
{
	bool waits;

	spin_lock_bh(&call->lock);
	call->sending = false;
	waits = call->state != DIPC_CALL_DONE;
	if (waits) {
		call->state = holder ? DIPC_CALL_TAKEN : DIPC_CALL_NEW;
		call->holder = holder;
		call->handle = handle;
	}
	spin_unlock_bh(&call->lock);
	/* those of the queue and of the verdict */
	dipc_call_put(call);
	dipc_call_put(call);
	return waits;
}

/**
 * dipc_call_take() - a request was taken
 * @call: of the request, after dipc_queue_taken()
 * @holder: what the current task's socket holds; it holds the call already
 * @handle: in that
 * @port: number of that socket
 *
 * Context: process.
 * Return: false if the client has given up meanwhile: the request is to be
 * treated as if it had never been there.
 */
bool dipc_call_take(struct dipc_call *call, struct dipc_handles *holder,
		    u64 handle, u64 port)
{
	struct pid *old = NULL;
	bool waits;

	spin_lock_bh(&call->lock);
	waits = call->state == DIPC_CALL_SENT;
	if (waits) {
		call->state = DIPC_CALL_TAKEN;
		call->since = jiffies;
		call->holder = holder;
		call->handle = handle;
		call->server_port = port;
		call->server_tid = task_pid_nr(current);
		call->was_taken = true;
		old = set_server_locked(call);
	}
	spin_unlock_bh(&call->lock);
	if (unlikely(old))
		put_pid(old);
	return waits;
}

/**
 * dipc_call_give_up() - the client does not wait any longer
 * @call: the call
 * @reason: why
 * @withdrawn: if not NULL, set to whether nobody has taken the request, nor
 *	ever will
 *
 * Who holds its handle finds that announced. The client is not told.
 *
 * Context: any.
 * Return: false if it had ended before.
 */
bool dipc_call_give_up(struct dipc_call *call, enum dipc_reason reason,
		       bool *withdrawn)
{
	struct dipc_handles *holder = NULL;
	struct dipc_queue *q = NULL;
	bool is_out = false;
	u64 handle = 0;
	bool ended;

	/* the holder is freed after a grace period */
	rcu_read_lock();
	spin_lock_bh(&call->lock);
	ended = call->state != DIPC_CALL_DONE;
	if (ended) {
		holder = call->holder;
		handle = call->handle;
		/* while it is being brought, who brings it withdraws it */
		if (call->state == DIPC_CALL_SENT && !call->sending) {
			q = call->queue;
			dipc_queue_get(q);
		}
		finish_locked(call, reason);
	}
	spin_unlock_bh(&call->lock);
	if (q) {
		is_out = withdraw(call, q) && !call->was_taken;
		dipc_queue_put(q);
	}
	if (holder)
		dipc_handles_announce(holder, handle, call);
	if (ended && call->queue) {
		dipc_stats_count(stats_of(call), reason);
		trace_end(call, reason);
	}
	rcu_read_unlock();
	if (withdrawn)
		*withdrawn = is_out;
	return ended;
}

/**
 * dipc_call_abandon() - there is no further try
 * @call: the last one, done, and known to nobody else
 * @reason: why
 *
 * Context: process.
 */
void dipc_call_abandon(struct dipc_call *call, enum dipc_reason reason)
{
	spin_lock_bh(&call->lock);
	call->reason = reason;
	call->is_last = true;
	spin_unlock_bh(&call->lock);
}

/**
 * dipc_call_errno() - how a call has ended
 * @call: done
 *
 * Context: any.
 * Return: 0 if there is a reply; else a negative errno: -ECONNREFUSED if
 * nobody has taken the request, -ECONNRESET if it may have been executed.
 */
int dipc_call_errno(const struct dipc_call *call)
{
	if (likely(call->reason == DIPC_REASON_REPLIED))
		return 0;
	switch (call->reason) {
	/* of one try, or of all */
	case DIPC_REASON_TIMED_OUT:
	case DIPC_REASON_EXPIRED:
		return -ETIMEDOUT;
	/* the client's own */
	case DIPC_REASON_INTERRUPTED:
	case DIPC_REASON_CANCELLED:
	case DIPC_REASON_WITHDRAWN:
		return dipc_reason_errno(call->reason);
	default:
		break;
	}
	/* whatever the next server has said, another one has had it */
	if (call->was_taken)
		return -ECONNRESET;
	switch (call->reason) {
	case DIPC_REASON_DROP_OLDEST:
	case DIPC_REASON_DROP_PURGED:
		return -ECONNREFUSED;
	default:
		return dipc_reason_errno(call->reason);
	}
}

/**
 * dipc_call_repeats() - is a call that has failed to be tried again
 * @call: done
 *
 * Context: any.
 * Return: whether its client wants that; there may be no time left for it.
 */
bool dipc_call_repeats(const struct dipc_call *call)
{
	return call->semantics == DIPC_AT_LEAST_ONCE && !call->is_last &&
	       call->reason != DIPC_REASON_EXPIRED &&
	       dipc_call_is_gone(dipc_call_errno(call));
}

/**
 * dipc_call_outcome() - what the client is told of a call's end
 * @call: done
 * @outcome: filled
 *
 * Context: process.
 */
void dipc_call_outcome(const struct dipc_call *call,
		       struct dipc_outcome *outcome)
{
	struct user_namespace *ns = current_user_ns();

	memset(outcome, 0, sizeof(*outcome));
	outcome->cookie = call->cookie;
	outcome->id = call->request.id;
	outcome->error = -dipc_call_errno(call);
	outcome->reason = call->reason;
	outcome->attempt = call->attempt;
	if (call->reason != DIPC_REASON_REPLIED)
		return;
	outcome->len = call->reply.len;
	outcome->pid = pid_vnr(call->server);
	outcome->uid = from_kuid_munged(ns, call->replier_uid);
	outcome->gid = from_kgid_munged(ns, call->replier_gid);
}
