// SPDX-License-Identifier: GPL-2.0
/*
 * Peers that are dipc and more than a socket with send() and recv(): calls by
 * the ioctl, and mailboxes.
 */
#include <fcntl.h>
#include <ipc/libipc.h>
#include <linux/dipc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_socket.h"
#include "peers.h"
#include "tools.h"

#define CAPACITY_DEFAULT	(1U << 20)
#define CAPACITY_LEAST		(64U << 10)	/* that of a stream */
#define LEN_DEFAULT		(64U << 10)
#define MSGS_DEFAULT		256U
#define PTR(p)			((uintptr_t)(p))

static unsigned int at_least(unsigned int value, unsigned int least)
{
	return value > least ? value : least;
}

int dipc_prepare(int fd, const struct shape *s)
{
	struct dipc_queue_conf q;
	socklen_t len = sizeof(q);

	if (s->len <= LEN_DEFAULT && s->depth <= MSGS_DEFAULT &&
	    s->len * s->depth <= CAPACITY_LEAST)
		return 0;
	if (getsockopt(fd, SOL_DIPC, DIPC_QUEUE, &q, &len))
		return -1;
	q.capacity_msgs = at_least(q.capacity_msgs, s->depth);
	q.msg_max_bytes = at_least(q.msg_max_bytes, s->len);
	q.capacity_bytes = at_least(q.capacity_bytes,
				    s->len * at_least(s->depth, 2));
	return setsockopt(fd, SOL_DIPC, DIPC_QUEUE, &q, sizeof(q));
}

/* --- calls --- */

static int prepare_server(int fd, const struct shape *s)
{
	int one = 1;

	if (setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &one, sizeof(one)))
		return -1;
	return dipc_prepare(fd, s);
}

static void dipc_call(struct end *e, void *buf, size_t len)
{
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_CALL,
		.out = PTR(buf), .out_len = len,
		.in = PTR(buf), .in_len = len,
	};

	if (ioctl(e->out, DIPC_IOC_OP, &op) != (long)len)
		fail("DIPC_OP_CALL");
}

static void dipc_op(struct end *e, struct dipc_op *op, const char *what)
{
	if (ioctl(e->in, DIPC_IOC_OP, op) < 0)
		fail(what);
}

static void dipc_serve(struct end *e, void *buf, size_t len, unsigned int n)
{
	struct dipc_request r;
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_RECV,
		.in = PTR(buf), .in_len = len, .info = PTR(&r),
		.flags = DIPC_OP_CONSUME,
	};

	dipc_op(e, &op, "DIPC_OP_RECV");
	while (--n) {
		op.op = DIPC_OP_REPLY_RECV;
		op.out = PTR(buf);
		op.out_len = len;
		op.handle = r.handle;
		dipc_op(e, &op, "DIPC_OP_REPLY_RECV");
	}
	op = (struct dipc_op) {
		.size = sizeof(op), .op = DIPC_OP_REPLY,
		.out = PTR(buf), .out_len = len, .handle = r.handle,
	};
	dipc_op(e, &op, "DIPC_OP_REPLY");
}

static const struct socket_kind calls = {
	AF_DIPC, SOCK_RDM, sizeof(struct sockaddr_dipc),
	.prepare = prepare_server,
}, link_calls = {
	AF_DIPC, SOCK_SEQPACKET, sizeof(struct sockaddr_dipc),
	.prepare = prepare_server,
};

const struct peer peer_dipc_call = {
	.name = "dipc_call", .about = "calls to a port, DIPC_IOC_OP",
	.kind = &calls, .open = socket_bound_open, .close = socket_close,
	.call = dipc_call, .serve = dipc_serve,
};

const struct peer peer_dipc_call_link = {
	.name = "dipc_call_link", .about = "calls over a connection, DIPC_IOC_OP",
	.kind = &link_calls, .open = socket_accepted_open, .close = socket_close,
	.call = dipc_call, .serve = dipc_serve,
};

/* --- mailboxes --- */

static struct sockaddr_dipc address_of(int nr)
{
	struct sockaddr_dipc a = {
		.sdipc_family = AF_DIPC, .sdipc_type = DIPC_ADDR_MAILBOX,
	};

	snprintf(a.sdipc_name, sizeof(a.sdipc_name), "bench.%d.%d", getpid(), nr);
	return a;
}

/* 0 or a negated errno. One that is transient goes with its users. */
static int create(int nr, const struct shape *s, bool is_transient)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_CAPACITY_MSGS | IPC_MAILBOX_CAPACITY_BYTES |
			  IPC_MAILBOX_MSG_MAX_BYTES | IPC_MAILBOX_TRANSIENT,
		.capacity_msgs = at_least(s->depth, MSGS_DEFAULT),
		.msg_max_bytes = at_least(s->len, LEN_DEFAULT),
		.capacity_bytes = at_least(s->len * at_least(s->depth, 2),
					   CAPACITY_DEFAULT),
		.transient = is_transient,
	};

	return ipc_mailbox_create(address_of(nr).sdipc_name, &attr, O_EXCL);
}

/* Receives from a mailbox of its own, sends to that of the other end. */
static int mailbox_open(struct link *l)
{
	static int nr;
	struct sockaddr_dipc to[2];
	int fd[2];

	for (int i = 0; i < 2; i++) {
		to[i] = address_of(nr);
		errno = -create(nr++, &l->shape, true);
		fd[i] = errno ? -1 : socket_open(l->peer->kind, &l->shape);
		if (fd[i] < 0 || bind(fd[i], (void *)&to[i], sizeof(to[i])))
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		if (connect(fd[i], (void *)&to[!i], sizeof(to[i])))
			return -1;
	}
	l->a = (struct end) { fd[0], fd[0] };
	l->b = (struct end) { fd[1], fd[1] };
	return 0;
}

static int mailbox_make(const struct peer *p)
{
	static const struct shape nothing;
	static int nr;

	errno = -create(++nr, &nothing, false);
	return errno ? -1 : nr;
}

static void mailbox_unmake(const struct peer *p, int nr)
{
	ipc_mailbox_delete(address_of(nr).sdipc_name);
}

static const struct socket_kind receiver = { AF_DIPC, SOCK_RDM },
				cred_receiver = {
	AF_DIPC, SOCK_RDM, .has_credentials = true,
};

const struct peer peer_dipc_mailbox = {
	.name = "dipc_mailbox", .about = "two mailboxes, send() and recv()",
	.is_end = true, .kind = &receiver,
	.open = mailbox_open, .close = socket_close, .join = socket_join,
	.send = socket_send, .recv = socket_recv,
	.make = mailbox_make, .unmake = mailbox_unmake,
};

const struct peer peer_dipc_mailbox_cred = {
	.name = "dipc_mailbox_cred",
	.about = "two mailboxes, sendmsg() and recvmsg() with credentials",
	.kind = &cred_receiver,
	.open = mailbox_open, .close = socket_close, .join = socket_join,
	.send = socket_sendmsg, .recv = socket_recvmsg,
};
