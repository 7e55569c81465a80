// SPDX-License-Identifier: GPL-2.0
/*
 * A socket as a server: what can be done with a request that it holds. Each
 * operation borrows the handle, alone if it changes something, and so meets
 * with no other one; whether the client still waits is asked last.
 */
#include <linux/sched/signal.h>

#include "attempt.h"
#include "deliver.h"
#include "files.h"
#include "borrowed.h"
#include "sock_serve.h"

#define HOPS_MAX 255	/* a request may be forwarded so often */

/* The place where the request is held, as @object; or NULL. */
static struct dipc_slot *borrow(struct dipc_sock *ds, u64 handle, bool alone,
				int *err)
{
	/* pairs with the cmpxchg() that made it */
	return dipc_handles_borrow(smp_load_acquire(&ds->handles), handle,
				   alone, err);
}

static void give_back(struct dipc_sock *ds, struct dipc_slot *slot, bool alone)
{
	dipc_handles_return(ds->handles, slot, alone);
}

/* The handle is at its end. */
static void use_up(struct dipc_sock *ds, struct dipc_slot *slot,
		   struct dipc_call *call)
{
	dipc_handles_release(ds->handles, slot);
	dipc_call_put(call);
}

static void count(struct dipc_sock *ds, enum dipc_reason reason)
{
	dipc_stats_count(ds->dn->stats, reason);
}

/*
 * The reply is as long as the end of what was written farthest; nothing of the
 * memory beyond that is ever shown, so what was left out is cleared first.
 */
static __always_inline int write(struct dipc_call *call, u64 offset,
				 struct iov_iter *from, size_t len)
{
	struct dipc_message *reply = &call->reply;
	int err;

	if (offset > call->reply_max || len > call->reply_max - offset)
		return -EMSGSIZE;
	if (offset > reply->len)
		dipc_message_zero(reply, reply->len, offset - reply->len);
	err = dipc_message_copy_at(reply, offset, len, from);
	if (!err && offset + len > reply->len)
		reply->len = offset + len;
	return err;
}

static int add_files(struct dipc_call *call, struct dipc_files **files)
{
	struct dipc_extra *extra;

	if (likely(!files || !*files))
		return 0;
	extra = dipc_message_extra(&call->reply);
	if (!extra)
		return -ENOMEM;
	extra->files = *files;
	*files = NULL;
	return 0;
}

/* Nobody looks for those of a reply that came too late. */
static void drop_files(struct dipc_call *call)
{
	struct dipc_extra *extra = call->reply.extra;

	if (likely(!extra || !extra->files))
		return;
	dipc_files_put(extra->files);
	extra->files = NULL;
}

/*
 * Is it worth while to leave a reply where the server has it: he is going to
 * sleep, and the client to read it at once. One that was written in parts is
 * copied as the others were.
 */
static bool may_stay(const struct dipc_sock *ds, const struct dipc_call *call,
		     u64 offset, size_t len)
{
	return len <= call->reply_max && !offset && !call->reply.len &&
	       READ_ONCE(call->task) && !dipc_call_is_done(call) &&
	       !dipc_queue_readable(dipc_sock_rx(ds));
}

static noinline struct dipc_borrowed *
borrow_reply(struct dipc_sock *ds, struct dipc_call *call,
	     struct iov_iter *from, size_t len)
{
	struct dipc_borrowed *p;

	/* who only serves has none so far */
	if (!dipc_sock_account(ds))
		return NULL;
	p = dipc_message_borrow(&call->reply, ds->dn->stats, from, len,
				dipc_sock_spare(ds));

	if (!p)
		return NULL;
	p->is_reply = true;
	call->reply.len = len;
	return p;
}

/* @call: alone with the caller; its handle is used up, or given back */
static __always_inline int reply(struct dipc_sock *ds, struct dipc_slot *slot,
				 struct dipc_call *call)
{
	bool in_time = dipc_call_end(call, DIPC_REASON_REPLIED);

	if (!in_time)
		drop_files(call);
	count(ds, in_time ? DIPC_REASON_REPLIED : DIPC_REASON_LATE_REPLY);
	use_up(ds, slot, call);
	return in_time ? 0 : -EPIPE;
}

/**
 * dipc_sock_reply() - reply to a request
 * @ds: the socket that holds it
 * @handle: of the request; is used up unless an error says else
 * @offset: where in the reply the bytes begin
 * @from: the bytes
 * @len: how many
 * @files: descriptors, taken over; or NULL
 *
 * Context: process; may sleep.
 * Return: 0; -EPIPE if nobody awaits the reply any more: the handle is used up
 * then. By any other error the request is still held: -ESRCH if this is no
 * handle of the socket, -EBUSY if somebody else works with it, -EMSGSIZE if
 * the reply is longer than the client takes, -EFAULT, -ENOMEM.
 */
int dipc_sock_reply(struct dipc_sock *ds, u64 handle, u64 offset,
		    struct iov_iter *from, size_t len,
		    struct dipc_files **files)
{
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, true, &err);
	if (!slot)
		return err;
	call = slot->object;
	err = write(call, offset, from, len);
	if (!err)
		err = add_files(call, files);
	if (err) {
		give_back(ds, slot, true);
		return err;
	}
	return reply(ds, slot, call);
}

/**
 * dipc_sock_reply_and_stay() - reply to a request, and not return yet
 * @ds: the socket that holds it
 * @handle: of the request; is used up unless an error says else
 * @offset: where in the reply the bytes begin
 * @from: all the bytes
 * @flags: DIPC_OP_*
 *
 * Context: process; may sleep.
 * Return: NULL; what is borrowed if they were left where they are: to be fetched
 * before the system call ends, and before anything is written to its memory,
 * and then to be released; or ERR_PTR() of what dipc_sock_reply() returns.
 */
struct dipc_borrowed *dipc_sock_reply_and_stay(struct dipc_sock *ds, u64 handle,
					       u64 offset, struct iov_iter *from,
					       u32 flags)
{
	size_t len = iov_iter_count(from);
	struct dipc_borrowed *p = NULL;
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, true, &err);
	if (!slot)
		return ERR_PTR(err);
	call = slot->object;
	if (unlikely(len >= DIPC_BORROWED_MIN) && !(flags & DIPC_OP_DONTWAIT) &&
	    may_stay(ds, call, offset, len))
		p = borrow_reply(ds, call, from, len);
	err = p ? 0 : write(call, offset, from, len);
	if (err)
		give_back(ds, slot, true);
	else
		err = reply(ds, slot, call);
	if (likely(!err))
		return p;
	if (p) {
		/* it came too late */
		dipc_borrowed_end(p);
		dipc_borrowed_release(p, dipc_sock_spare(ds));
	}
	return ERR_PTR(err);
}

/**
 * dipc_sock_write_reply() - write a part of a reply
 * @ds: the socket that holds the request
 * @handle: of the request
 * @offset: where in the reply the bytes begin
 * @from: the bytes
 * @len: how many
 *
 * Context: process; may sleep.
 * Return: 0 or a negative errno, as dipc_sock_reply(); the request is still
 * held in any case.
 */
int dipc_sock_write_reply(struct dipc_sock *ds, u64 handle, u64 offset,
			  struct iov_iter *from, size_t len)
{
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, true, &err);
	if (!slot)
		return err;
	call = slot->object;
	err = dipc_call_is_done(call) ? -EPIPE : write(call, offset, from, len);
	give_back(ds, slot, true);
	return err;
}

/**
 * dipc_sock_read_request() - read a part of a request
 * @ds: the socket that holds it
 * @handle: of the request
 * @offset: where in the request to begin
 * @to: takes up the bytes
 * @len: how many, at most
 *
 * Context: process; may sleep.
 * Return: how many bytes were read, 0 at the end; -EINVAL if @offset is beyond
 * it; -EPIPE if nobody awaits a reply any more; -ENODATA if the server wanted
 * to have it once only; -ESRCH, -EBUSY, -EFAULT.
 */
int dipc_sock_read_request(struct dipc_sock *ds, u64 handle, u64 offset,
			   struct iov_iter *to, size_t len)
{
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, false, &err);
	if (!slot)
		return err;
	call = slot->object;
	if (dipc_call_is_done(call)) {
		err = -EPIPE;
	} else if (call->is_consumed) {
		err = -ENODATA;
	} else if (offset > call->request.len) {
		err = -EINVAL;
	} else {
		len = min_t(size_t, len, call->request.len - offset);
		err = dipc_message_copy_to(&call->request, offset, len, to);
	}
	give_back(ds, slot, false);
	return err ? err : len;
}

static int check_forward(const struct dipc_attempt *a,
			 const struct dipc_call *call)
{
	if (call->is_consumed)
		return -ENODATA;
	if (a->queue == dipc_sock_rx(a->ds) || call->hops == HOPS_MAX)
		return -ELOOP;
	if (call->request.extra && call->request.extra->files &&
	    a->queue->kind == DIPC_QUEUE_MAILBOX)
		return -EOPNOTSUPP;
	return 0;
}

/* A connection leads back to the client: who serves one says where to. */
static int find_next(struct dipc_attempt *a, struct sockaddr_dipc *dest)
{
	enum dipc_reason reason;

	if (!dipc_sock_is_link(a->ds))
		return dipc_attempt_find(a, dest, dest);
	if (!dest)
		return -EDESTADDRREQ;
	reason = dipc_route_find(a->dn, dest, SOCK_RDM, &a->queue);
	return reason ? dipc_attempt_fail(a, reason) : 0;
}

/* 0 or -EPIPE: it is not held here any more. */
static int hand_on(struct dipc_attempt *a, struct dipc_call *call, u64 handle)
{
	u32 turn = dipc_call_begin(call, a->queue);
	enum dipc_reason reason;

	if (!turn)
		return -EPIPE;
	reason = dipc_deliver(a->queue, &call->request, DIPC_MODE_EXPLICIT,
			      &call->waiter, true);
	switch (reason) {
	case DIPC_REASON_QUEUED:
	case DIPC_REASON_HANDED:
	case DIPC_REASON_WAITED:
		dipc_call_accepted(call, turn);
		return 0;
	default:
		if (!dipc_call_refused(call, a->ds->handles, handle))
			return -EPIPE;
		return dipc_attempt_errno(a, reason);
	}
}

/**
 * dipc_sock_forward() - hand a request on to another server
 * @ds: the socket that holds it
 * @handle: of the request; is used up unless an error says else
 * @dest: where to, checked; or NULL: where the socket is connected to, unless
 *	it is one for links
 *
 * The reply goes from there to the client.
 *
 * Context: process; may sleep.
 * Return: 0; -EPIPE if nobody awaits a reply any more: the handle is used up
 * then. By any other error the request is still held: -ESRCH, -EBUSY;
 * -EDESTADDRREQ without a destination on a connection; -ELOOP
 * if it would come back to this socket's queue, or was forwarded too often;
 * -ENODATA if the server wanted to have it once only;
 * -EOPNOTSUPP if there nobody takes requests, or if it brings descriptors to a
 * mailbox; or why it could not be sent.
 */
int dipc_sock_forward(struct dipc_sock *ds, u64 handle,
		      struct sockaddr_dipc *dest)
{
	struct dipc_attempt a;
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, true, &err);
	if (!slot)
		return err;
	call = slot->object;
	dipc_attempt_init(&a, ds, true, call->request.len);
	memset(&a.params, 0, sizeof(a.params));
	a.is_call = true;
	err = find_next(&a, dest);
	if (!err)
		err = check_forward(&a, call);
	if (!err) {
		call->hops++;
		err = hand_on(&a, call, handle);
		if (err)
			call->hops--;
	}
	if (!err)
		count(ds, DIPC_REASON_FORWARDED);
	dipc_queue_put(a.queue);
	if (err && err != -EPIPE)
		give_back(ds, slot, true);
	else
		use_up(ds, slot, call);
	return err;
}

/**
 * dipc_sock_drop() - give a request up
 * @ds: the socket that holds it
 * @handle: of the request; used up
 *
 * Its client is told -ECONNRESET.
 *
 * Context: process.
 * Return: 0; -ESRCH, -EBUSY.
 */
int dipc_sock_drop(struct dipc_sock *ds, u64 handle)
{
	struct dipc_slot *slot;
	struct dipc_call *call;
	int err;

	slot = borrow(ds, handle, true, &err);
	if (!slot)
		return err;
	call = slot->object;
	if (dipc_call_end(call, DIPC_REASON_RESET))
		count(ds, DIPC_REASON_RESET);
	use_up(ds, slot, call);
	return 0;
}
