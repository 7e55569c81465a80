// SPDX-License-Identifier: GPL-2.0
/*
 * A socket as a server: how a request that it receives becomes one that it
 * holds, what its user is told of it, and what becomes of all that it holds
 * when it is closed.
 *
 * Nothing is taken before its handle is where the user asked for it: the
 * handle is reserved and written first, and stands for the request only when
 * that was taken.
 */
#include <linux/cred.h>
#include <linux/uidgid.h>
#include <net/compat.h>

#include "hold.h"

static noinline struct dipc_handles *make_handles(struct dipc_sock *ds)
{
	struct dipc_handles *h, *old;

	h = dipc_handles_create(ds, dipc_sock_tell_completion);
	if (!h)
		return NULL;
	old = cmpxchg(&ds->handles, NULL, h);
	if (old)
		dipc_handles_close(h);
	return old ?: h;
}

static struct dipc_handles *get_handles(struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() above */
	struct dipc_handles *h = smp_load_acquire(&ds->handles);

	return likely(h) ? h : make_handles(ds);
}

static size_t space_for(size_t size, int flags)
{
	size_t header = sizeof(struct cmsghdr);

#ifdef CONFIG_COMPAT
	if (flags & MSG_CMSG_COMPAT)
		header = sizeof(struct compat_cmsghdr);
#endif
	return header + size;
}

static bool has_room(const struct dipc_reception *r)
{
	if (!r->msg)
		return r->info;
	return r->msg->msg_control && r->msg->msg_controllen >=
	       space_for(sizeof(struct dipc_request), r->flags);
}

/**
 * dipc_hold_prepare() - a request is about to be copied to a receiver
 * @r: the receive
 * @m: the request, on loan
 *
 * If the receiver can hold it, it gets a handle, which stands for nothing yet;
 * dipc_hold_undo() or dipc_hold_keep() is to follow.
 *
 * Context: process; may sleep.
 * Return: 0; -EMSGSIZE if there is no room to tell its handle; -EMFILE if the
 * socket holds too many; -ENOMEM; -EOPNOTSUPP if the socket takes no requests.
 */
int dipc_hold_prepare(struct dipc_reception *r, struct dipc_message *m)
{
	struct dipc_handles *h;
	struct dipc_slot *slot;

	/* one that came when nobody had said so */
	if (!READ_ONCE(r->ds->recv_calls))
		return -EOPNOTSUPP;
	if (!has_room(r))
		return -EMSGSIZE;
	h = get_handles(r->ds);
	if (!h)
		return -ENOMEM;
	slot = dipc_handles_reserve(h);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	r->slot = slot;
	return 0;
}

/**
 * dipc_hold_undo() - the request was not taken
 * @r: the receive
 *
 * Context: process.
 */
void dipc_hold_undo(struct dipc_reception *r)
{
	dipc_handles_release(r->ds->handles, r->slot);
	r->slot = NULL;
	/* nobody has been told after all */
	if (r->told)
		WRITE_ONCE(r->q->told_starving, false);
	r->told = false;
}

/**
 * dipc_hold_keep() - the request was taken
 * @r: the receive
 * @m: the request, after dipc_queue_taken()
 *
 * Context: process.
 * Return: false if its client has given up meanwhile; then it is not held.
 */
bool dipc_hold_keep(struct dipc_reception *r, struct dipc_message *m)
{
	struct dipc_call *call = dipc_call_of(m);
	struct dipc_handles *h = r->ds->handles;

	if (!dipc_call_take(call, h, dipc_slot_handle(r->slot), r->ds->id)) {
		dipc_hold_undo(r);
		dipc_call_put(call);
		return false;
	}
	call->is_consumed = r->consumes && r->len >= m->len;
	/* with the reference that its verdict had */
	dipc_handles_hold(h, r->slot, call);
	return true;
}

static u64 time_left(const struct dipc_call *call)
{
	s64 ns;

	if (call->due == KTIME_MAX)
		return 0;
	ns = ktime_to_ns(ktime_sub(call->due, ktime_get()));
	/* 0 would be: no limit */
	return max_t(s64, ns, 1);
}

/* In the first user namespace, as nearly always, they are what they are. */
static void put_ids(const struct dipc_sender *from,
		    struct dipc_request *request)
{
	struct user_namespace *ns = current_user_ns();

	if (likely(ns == &init_user_ns)) {
		request->uid = __kuid_val(from->uid);
		request->gid = __kgid_val(from->gid);
	} else {
		request->uid = from_kuid_munged(ns, from->uid);
		request->gid = from_kgid_munged(ns, from->gid);
	}
}

static void describe_call(struct dipc_reception *r,
			  const struct dipc_call *call,
			  struct dipc_request *request)
{
	request->handle = r->slot ? dipc_slot_handle(r->slot) : 0;
	request->deadline_ns = time_left(call);
	request->reply_max = call->reply_max;
	request->attempt = call->attempt;
	request->semantics = call->semantics;
	request->flags = call->hops ? DIPC_REQUEST_FORWARDED : 0;
	if (r->slot && dipc_queue_needs_worker(r->q)) {
		request->flags |= DIPC_REQUEST_NEED_WORKER;
		r->told = true;
	}
}

static void describe_no_call(struct dipc_request *request)
{
	request->handle = 0;
	request->deadline_ns = 0;
	request->reply_max = 0;
	request->attempt = 0;
	request->semantics = 0;
	request->flags = 0;
}

/* Each member, for what the stack held would be shown of one left out. */
static void describe(struct dipc_reception *r,
		     const struct dipc_message *m, struct dipc_request *request)
{
	const struct dipc_sender *from = m->sender;

	BUILD_BUG_ON(sizeof(*request) != 5 * sizeof(u64) + 10 * sizeof(u32));
	request->id = m->id;
	request->port = from->port;
	request->tag = m->tag;
	request->node = 0;
	request->len = m->len;
	request->pid = pid_vnr(from->pid);
	put_ids(from, request);
	request->priority = m->priority;
	request->reserved[0] = 0;
	request->reserved[1] = 0;
	if (m->is_call)
		describe_call(r, container_of(m, struct dipc_call, request),
			      request);
	else
		describe_no_call(request);
}

/**
 * dipc_hold_describe() - tell a receiver of a message, and its handle
 * @r: the receive
 * @m: the message, on loan or shared; as control message only a request is
 *	described
 *
 * Context: process; may sleep.
 * Return: 0, or -EFAULT.
 */
int dipc_hold_describe(struct dipc_reception *r, struct dipc_message *m)
{
	struct dipc_request request __uninitialized;

	/* who only looks may do without */
	if (!has_room(r))
		return 0;
	describe(r, m, &request);
	if (!r->msg)
		return copy_to_user(r->info, &request, sizeof(request)) ?
		       -EFAULT : 0;
	return put_cmsg(r->msg, SOL_DIPC, DIPC_REQUEST, sizeof(request),
			&request);
}

/**
 * dipc_sock_drop_all() - a socket that holds requests is closed
 * @ds: the socket, which nobody uses any more
 *
 * Context: process; may sleep.
 */
void dipc_sock_drop_all(struct dipc_sock *ds)
{
	struct dipc_handles *h = ds->handles;
	struct dipc_call *call;

	if (!h)
		return;
	while ((call = dipc_handles_pop(h))) {
		if (dipc_call_end(call, DIPC_REASON_RESET))
			dipc_stats_count(call->queue->stats, DIPC_REASON_RESET);
		dipc_call_put(call);
		cond_resched();
	}
	dipc_handles_close(h);
}

static int put_notice(struct msghdr *msg, const struct dipc_call *call,
		      u64 handle)
{
	const struct dipc_cancelled cancelled = {
		.handle = handle,
		.id = call->request.id,
		.port = call->request.sender->port,
		.reason = call->reason,
	};
	int err = put_cmsg(msg, SOL_DIPC, DIPC_CANCELLED, sizeof(cancelled),
			   (void *)&cancelled);

	if (!err)
		msg->msg_flags |= MSG_ERRQUEUE;
	return err;
}

/**
 * dipc_sock_receive_notice() - which request is not awaited any more
 * @ds: the socket
 * @msg: takes up the control message
 * @flags: as those of recvmsg()
 *
 * Context: process; may sleep, but does not wait.
 * Return: 0; -EAGAIN if there is none; -EMSGSIZE if there is no room for it,
 * -EFAULT: then it can still be received.
 */
int dipc_sock_receive_notice(struct dipc_sock *ds, struct msghdr *msg,
			     int flags)
{
	/* pairs with the cmpxchg() that made it */
	struct dipc_handles *h = smp_load_acquire(&ds->handles);
	struct dipc_slot *slot;
	int err;

	if (!dipc_handles_announced(h))
		return -EAGAIN;
	if (!msg->msg_control || msg->msg_controllen <
	    space_for(sizeof(struct dipc_cancelled), flags))
		return -EMSGSIZE;
	slot = dipc_handles_next_announced(h);
	if (!slot)
		return -EAGAIN;
	err = put_notice(msg, slot->object, dipc_slot_handle(slot));
	if (err || flags & MSG_PEEK)
		dipc_handles_announce_again(h, slot);
	dipc_handles_return(h, slot, false);
	return err;
}
