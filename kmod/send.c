// SPDX-License-Identifier: GPL-2.0
/*
 * Sending through a socket: what the caller says, where to, and, in a stream,
 * in which pieces. How one message is sent is in attempt.c.
 */
#include <linux/sched/signal.h>

#include "attempt.h"
#include "files.h"
#include "plain.h"
#include "send_op.h"

/* A piece of a stream; up to STREAM_ATOMIC bytes are written in one. */
#define STREAM_ATOMIC	4096U
#define STREAM_PIECE	32768U

/* @addr: where the address is to be kept, as far as it is needed */
static int find_queue(struct dipc_attempt *a, struct msghdr *msg,
		      struct sockaddr_dipc *addr)
{
	int err;

	a->dest = addr;
	if (!msg->msg_name || dipc_sock_is_link(a->ds))
		return dipc_attempt_find(a, a->params.async ? addr : NULL,
					 false);
	err = dipc_addr_parse(addr, msg->msg_name, msg->msg_namelen,
			      a->ds->sk.sk_family);
	if (err)
		return err;
	if (addr->sdipc_type == DIPC_ADDR_ANY)
		return -EINVAL;
	return dipc_attempt_find(a, addr, true);
}

static int send_message(struct dipc_attempt *a, struct msghdr *msg)
{
	/* written before it is read, and seldom of use */
	struct sockaddr_dipc addr __uninitialized;
	int err;

	if (a->len > DIPC_MSG_LEN_MAX)
		return dipc_attempt_fail(a, DIPC_REASON_TOO_LONG);
	err = find_queue(a, msg, &addr);
	if (!err)
		err = dipc_attempt_send(a, msg);
	dipc_queue_put(a->queue);
	return err ? err : a->len;
}

/* As much as there is room for, but what may be atomic in one piece. */
static size_t next_piece(const struct dipc_queue *q, size_t left)
{
	u64 capacity = READ_ONCE(q->capacity_bytes);
	u64 used = READ_ONCE(q->bytes);
	u64 room = used < capacity ? capacity - used : 0;

	return min_t(u64, left, clamp_t(u64, room, STREAM_ATOMIC,
					STREAM_PIECE));
}

/*
 * Up to STREAM_ATOMIC bytes are one piece: all or nothing. What is longer is
 * cut; then what has been written before an error counts.
 */
static int send_pieces(struct dipc_attempt *a, struct msghdr *msg, size_t len)
{
	size_t sent = 0;
	bool has_files;
	int err;

	while (sent < len) {
		a->len = next_piece(a->queue, len - sent);
		has_files = a->params.files;
		err = dipc_attempt_send(a, msg);
		/* its reader takes less at a time by now */
		if (err == -EMSGSIZE && a->len > STREAM_ATOMIC && !has_files)
			continue;
		if (err)
			return sent ? sent : err;
		sent += a->len;
	}
	return sent;
}

static int send_stream(struct dipc_attempt *a, struct msghdr *msg)
{
	/* never of use: a stream has neither an address nor completions */
	struct sockaddr_dipc addr __uninitialized;
	size_t len = min_t(size_t, a->len, INT_MAX);
	int err;

	err = find_queue(a, msg, &addr);
	if (err)
		goto out;
	if (!READ_ONCE(a->queue->closed) && !READ_ONCE(a->queue->ended))
		err = send_pieces(a, msg, len);
	else
		err = dipc_attempt_fail(a, DIPC_REASON_CLOSED);
out:
	dipc_queue_put(a->queue);
	if (err == -EPIPE && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return err;
}

/* As AF_UNIX: what a stream says once it has seen the control messages. */
static int check_stream(const struct dipc_sock *ds, const struct msghdr *msg)
{
	/* pairs with the release in dipc_pair_take() */
	bool connected = smp_load_acquire(&ds->sk.sk_state) == TCP_ESTABLISHED;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (msg->msg_namelen)
		return connected ? -EISCONN : -EOPNOTSUPP;
	return connected ? 0 : -ENOTCONN;
}

static int send(struct dipc_attempt *a, struct msghdr *msg)
{
	int err;

	if (likely(!msg->msg_controllen)) {
		dipc_control_none(a->ds, &a->params);
	} else {
		err = dipc_control_parse(a->ds, msg, &a->params);
		if (err)
			return err;
	}
	if (a->ds->sk.sk_type == SOCK_STREAM) {
		err = check_stream(a->ds, msg);
		return err ? err : send_stream(a, msg);
	}
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (unlikely(a->params.op))
		return dipc_sock_send_op(a->ds, msg, a->len, &a->params);
	return send_message(a, msg);
}

static noinline int send_any(struct dipc_sock *ds, struct msghdr *msg,
			     size_t len)
{
	/* what is read of it is set by init() and by parsing */
	struct dipc_attempt a __uninitialized;
	int ret;

	dipc_attempt_init(&a, ds, !(msg->msg_flags & MSG_DONTWAIT), len);
	ret = send(&a, msg);
	if (unlikely(a.params.files))
		dipc_files_put(a.params.files);
	return ret;
}

/**
 * dipc_sock_send() - send one message, or write to a stream
 * @ds: the socket
 * @msg: payload, destination if any, control messages and flags
 * @len: payload in bytes
 *
 * Context: process; may sleep.
 * Return: @len, of a stream perhaps less; or a negative errno, and then
 * nothing was sent: see Documentation/errors.txt for each and its cause.
 */
int dipc_sock_send(struct dipc_sock *ds, struct msghdr *msg, size_t len)
{
	int ret = dipc_attempt_check(ds);

	if (unlikely(ret))
		return ret;
	ret = dipc_sock_send_plain(ds, msg, len);
	return likely(ret != -EINPROGRESS) ? ret : send_any(ds, msg, len);
}

/**
 * dipc_sock_send_one_way() - send a message as the ioctl describes it
 * @ds: the socket, not of a stream
 * @params: how; the mode is that of the socket
 * @dest: where to, checked; or NULL: where it is connected to
 * @from: the payload
 * @may_wait: whether to wait for room
 *
 * Context: process; may sleep.
 * Return: length of the payload; or a negative errno, and then nothing was
 * sent.
 */
int dipc_sock_send_one_way(struct dipc_sock *ds,
			   const struct dipc_send_params *params,
			   struct sockaddr_dipc *dest, struct iov_iter *from,
			   bool may_wait)
{
	struct msghdr msg = { .msg_iter = *from };
	size_t len = iov_iter_count(from);
	struct dipc_attempt a;
	int err;

	err = dipc_attempt_check(ds);
	if (err)
		return err;
	dipc_attempt_init(&a, ds, may_wait, len);
	a.params = *params;
	a.params.mode = READ_ONCE(ds->mode);
	if (len > DIPC_MSG_LEN_MAX)
		return dipc_attempt_fail(&a, DIPC_REASON_TOO_LONG);
	err = dipc_attempt_find(&a, dest, dest);
	if (!err)
		err = dipc_attempt_send(&a, &msg);
	dipc_queue_put(a.queue);
	return err ? err : len;
}
