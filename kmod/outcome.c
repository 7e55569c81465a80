// SPDX-License-Identifier: GPL-2.0
/*
 * A socket as a client: what comes of the calls that nobody sleeps for. Their
 * ends are received like messages, or one of them by its number; or they are
 * given up. A try that has failed and is to be followed by another one is no
 * end yet: it is repeated here, by whoever looks for ends.
 */
#include <net/compat.h>
#include <linux/sched/signal.h>

#include "control.h"
#include "files.h"
#include "sock_call.h"

/* Why there is no use in trying again; or DIPC_REASON_NONE: there is. */
static enum dipc_reason final_reason(long err)
{
	switch (err) {
	case -EACCES:
		return DIPC_REASON_NO_PERMISSION;
	case -EPROTOTYPE:
		return DIPC_REASON_WRONG_TYPE;
	case -EMSGSIZE:
		return DIPC_REASON_TOO_LONG;
	case -EHOSTUNREACH:
		return DIPC_REASON_NO_NODE;
	default:
		return DIPC_REASON_NONE;
	}
}

/* Send the request once more. @old was taken, and is given back. */
static void send_again(struct dipc_sock *ds, struct dipc_call *old)
{
	struct dipc_caller *c = ds->caller;
	enum dipc_reason reason;
	struct dipc_attempt a;
	struct dipc_call *call;

	call = dipc_sock_call_again(ds, old, &a, true);
	if (IS_ERR(call)) {
		reason = final_reason(PTR_ERR(call));
		if (reason) {
			dipc_call_abandon(old, reason);
			dipc_caller_put_back(c, old);
		} else {
			dipc_caller_delay(c, old, dipc_sock_call_pause(old));
		}
		goto out;
	}
	/* one for the caller, one for us */
	dipc_message_get(&call->request);
	if (!dipc_caller_replace(c, old, call)) {
		dipc_call_put(call);
		goto out_put;
	}
	dipc_caller_start(c, call);
	reason = dipc_sock_call_send(&a, call);
	if (reason)
		dipc_call_end(call, reason);
out_put:
	dipc_call_put(call);
out:
	dipc_sock_call_sent(&a);
}

/*
 * Is this the end of a call that was taken? If not, it is given back. An end
 * cannot be cancelled any more.
 */
static bool is_end(struct dipc_sock *ds, struct dipc_call *call)
{
	bool is_overdue = call->due != KTIME_MAX && call->due <= ktime_get();
	struct dipc_caller *c = ds->caller;

	if (dipc_call_repeats(call) && !is_overdue) {
		if (call->paused) {
			send_again(ds, call);
		} else {
			WRITE_ONCE(call->paused, true);
			dipc_caller_delay(c, call, dipc_sock_call_pause(call));
		}
		return false;
	}
	if (!dipc_caller_claim(c, call))
		return false;
	if (dipc_call_repeats(call))
		dipc_call_abandon(call, DIPC_REASON_EXPIRED);
	return true;
}

static int hand_over(struct dipc_call *call, struct iov_iter *in)
{
	size_t len = min_t(size_t, call->reply.len, iov_iter_count(in));
	int err = dipc_message_copy_to(&call->reply, 0, len, in);

	return err ? err : len;
}

static int tell(const struct dipc_call *call, struct dipc_outcome __user *info)
{
	struct dipc_outcome outcome;

	dipc_call_outcome(call, &outcome);
	return copy_to_user(info, &outcome, sizeof(outcome)) ? -EFAULT : 0;
}

/**
 * dipc_sock_call_finish() - wait for the end of a call
 * @ds: the socket
 * @any: of any call, the first to end
 * @cookie: else of this one
 * @in: takes up the reply, as far as there is room
 * @may_wait: whether to sleep if it has not ended yet
 * @info: takes up how it has ended; or NULL
 *
 * Context: process; may sleep.
 * Return: bytes that were written to @in; the negative errno that the call has
 * failed with; -ENOENT if there is no such call, -EAGAIN if it has not ended
 * and may not be waited for (or SO_RCVTIMEO is over), -EINTR or -ERESTARTSYS
 * for a signal, -EFAULT: then its end can still be received.
 */
int dipc_sock_call_finish(struct dipc_sock *ds, bool any, u64 cookie,
			  struct iov_iter *in, bool may_wait,
			  struct dipc_outcome __user *info)
{
	long timeout = sock_rcvtimeo(&ds->sk, !may_wait);
	int ret, err_signal = sock_intr_errno(timeout);
	struct dipc_caller *c = ds->caller;
	struct dipc_call *call;

	if (!dipc_sock_has_calls(ds))
		return -ENOENT;
	do {
		call = dipc_caller_wait(c, any, cookie, &timeout, &ret);
		if (!call)
			return ret == -ERESTARTSYS ? err_signal : ret;
	} while (!is_end(ds, call));

	ret = dipc_call_errno(call);
	if (!ret)
		ret = hand_over(call, in);
	if (ret != -EFAULT && info && tell(call, info))
		ret = -EFAULT;
	if (ret == -EFAULT)
		dipc_caller_put_back(c, call);
	else
		dipc_caller_consume(c, call);
	return ret;
}

/**
 * dipc_sock_call_cancel() - give a call up
 * @ds: the socket
 * @cookie: which
 *
 * Context: process; may sleep.
 * Return: 0, and there is no end to be received; or -ENOENT.
 */
int dipc_sock_call_cancel(struct dipc_sock *ds, u64 cookie)
{
	if (!dipc_sock_has_calls(ds))
		return -ENOENT;
	return dipc_caller_cancel(ds->caller, cookie);
}

static bool has_room(const struct msghdr *msg, int flags)
{
	size_t header = sizeof(struct cmsghdr);

#ifdef CONFIG_COMPAT
	if (flags & MSG_CMSG_COMPAT)
		header = sizeof(struct compat_cmsghdr);
#endif
	return msg->msg_control &&
	       msg->msg_controllen >= header + sizeof(struct dipc_outcome);
}

/* Bytes of the reply; or why the call has failed, if there is no other way. */
static int give(struct dipc_sock *ds, struct dipc_call *call,
		struct msghdr *msg, size_t len, int flags)
{
	struct dipc_outcome outcome;
	bool call_failed;
	int err, ret;

	ret = dipc_call_errno(call);
	call_failed = ret;
	if (ret && !has_room(msg, flags))
		return ret;
	if (!ret) {
		ret = hand_over(call, &msg->msg_iter);
		if (ret < 0)
			return ret;
		if (call->reply.len > len)
			msg->msg_flags |= MSG_TRUNC;
		if (flags & MSG_TRUNC)
			ret = call->reply.len;
	} else {
		ret = 0;
	}
	if (has_room(msg, flags)) {
		dipc_call_outcome(call, &outcome);
		err = put_cmsg(msg, SOL_DIPC, DIPC_OUTCOME, sizeof(outcome),
			       &outcome);
		if (err)
			return err;
	}
	if (!call_failed && call->reply.extra && call->reply.extra->files)
		dipc_files_install(call->reply.extra->files, msg);
	if (dipc_sock_is_link(ds))
		msg->msg_flags |= MSG_EOR;
	if (msg->msg_name && call->server_port) {
		dipc_addr_from_port(msg->msg_name, ds->sk.sk_family,
				    call->server_port);
		msg->msg_namelen = sizeof(struct sockaddr_dipc);
	}
	return ret;
}

/**
 * dipc_sock_receive_outcome() - receive the end of a call, if one has ended
 * @ds: the socket, through which asynchronous calls were made
 * @msg: takes up the reply, and how the call has ended
 * @len: room for the reply in bytes
 * @flags: as those of recvmsg()
 *
 * Context: process; may sleep, but does not wait.
 * Return: length of the reply, or 0 if the call has failed and @msg says so;
 * the errno that it has failed with if @msg has no room for that; -EAGAIN if
 * none has ended; -EFAULT: then its end can still be received.
 */
int dipc_sock_receive_outcome(struct dipc_sock *ds, struct msghdr *msg,
			      size_t len, int flags)
{
	struct dipc_caller *c = ds->caller;
	struct dipc_call *call;
	int ret;

	do {
		if (!dipc_caller_pending(c))
			return -EAGAIN;
		call = dipc_caller_take(c, true, 0, &ret);
		if (!call)
			return -EAGAIN;
	} while (!is_end(ds, call));

	ret = give(ds, call, msg, len, flags);
	if (ret == -EFAULT || flags & MSG_PEEK)
		dipc_caller_put_back(c, call);
	else
		dipc_caller_consume(c, call);
	return ret;
}
