// SPDX-License-Identifier: GPL-2.0
/*
 * Sending through a socket: what the caller says, where to, and, in a stream,
 * in which pieces. How one message is sent is in attempt.c.
 */
#include <linux/sched/signal.h>

#include "attempt.h"
#include "files.h"

/* A piece of a stream; up to STREAM_ATOMIC bytes are written in one. */
#define STREAM_ATOMIC	4096U
#define STREAM_PIECE	32768U

static int find_by_address(struct dipc_attempt *a, struct msghdr *msg,
			   struct sockaddr_dipc *addr)
{
	const struct sock *sk = &a->ds->sk;
	enum dipc_reason reason;
	int err;

	err = dipc_addr_parse(addr, msg->msg_name, msg->msg_namelen,
			      sk->sk_family);
	if (err)
		return err;
	if (addr->sdipc_type == DIPC_ADDR_ANY)
		return -EINVAL;
	reason = dipc_route_find(a->dn, addr, sk->sk_type, &a->queue);
	return reason ? dipc_attempt_fail(a, reason) : 0;
}

static int find_by_route(struct dipc_attempt *a, struct sockaddr_dipc *addr)
{
	struct dipc_route *route = dipc_sock_route(a->ds);

	if (!route)
		return -ENOTCONN;
	a->connected = true;
	a->by_name = route->name;
	a->queue = dipc_route_pick(route);
	if (unlikely(a->params.async))
		*addr = route->addr;
	dipc_route_put(route);
	/* all who had the name are gone, and so is its being connected to */
	return a->queue ? 0 : dipc_attempt_fail(a, DIPC_REASON_CLOSED);
}

/* @addr: where the address is to be kept, as far as it is needed */
static int find_queue(struct dipc_attempt *a, struct msghdr *msg,
		      struct sockaddr_dipc *addr)
{
	a->dest = addr;
	if (msg->msg_name && !dipc_sock_is_link(a->ds))
		return find_by_address(a, msg, addr);
	return find_by_route(a, addr);
}

/* A mailbox outlives those who use it: what it holds must not pin anything. */
static int check_files(const struct dipc_attempt *a)
{
	if (a->params.files && a->queue->kind == DIPC_QUEUE_MAILBOX)
		return -EOPNOTSUPP;
	return 0;
}

static int send_message(struct dipc_attempt *a, struct msghdr *msg)
{
	struct sockaddr_dipc addr;
	int err;

	if (a->len > DIPC_MSG_LEN_MAX)
		return dipc_attempt_fail(a, DIPC_REASON_TOO_LONG);
	err = find_queue(a, msg, &addr);
	if (err)
		return err;
	err = check_files(a);
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
	struct sockaddr_dipc addr;
	size_t len = min_t(size_t, a->len, INT_MAX);
	int err;

	err = find_queue(a, msg, &addr);
	if (err)
		return err;
	if (!READ_ONCE(a->queue->closed) && !READ_ONCE(a->queue->ended))
		err = send_pieces(a, msg, len);
	else
		err = dipc_attempt_fail(a, DIPC_REASON_CLOSED);
	dipc_queue_put(a->queue);
	if (err == -EPIPE && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return err;
}

/* As AF_UNIX: what a connection says before anything else is looked at. */
static int check_seqpacket(struct dipc_sock *ds)
{
	int err = dipc_sock_error(ds);

	if (err)
		return err;
	return READ_ONCE(ds->sk.sk_state) == TCP_ESTABLISHED ? 0 : -ENOTCONN;
}

/* As AF_UNIX: what a stream says once it has seen the control messages. */
static int check_stream(const struct dipc_sock *ds, const struct msghdr *msg)
{
	bool connected = READ_ONCE(ds->sk.sk_state) == TCP_ESTABLISHED;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (msg->msg_namelen)
		return connected ? -EISCONN : -EOPNOTSUPP;
	return connected ? 0 : -ENOTCONN;
}

static int send(struct dipc_attempt *a, struct msghdr *msg)
{
	int err = dipc_control_parse(a->ds, msg, &a->params);

	if (err)
		return err;
	if (a->ds->sk.sk_type == SOCK_STREAM) {
		err = check_stream(a->ds, msg);
		return err ? err : send_stream(a, msg);
	}
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	return send_message(a, msg);
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
	struct dipc_attempt a;
	int ret;

	if (ds->sk.sk_type == SOCK_SEQPACKET) {
		ret = check_seqpacket(ds);
		if (ret)
			return ret;
	}
	dipc_attempt_init(&a, ds, msg, len);
	ret = send(&a, msg);
	if (unlikely(a.params.files))
		dipc_files_put(a.params.files);
	return ret;
}
