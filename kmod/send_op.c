// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are more than that: a control message says that they are a
 * request, a reply, or something that is to be done with a call. The same as
 * the operations of the ioctl, which are in ioctl.c.
 */
#include "send_op.h"
#include "sock_call.h"
#include "sock_serve.h"

/* What may be said beside each. */
#define WITH_CALL	(BIT(DIPC_CALL) | BIT(DIPC_TAG) | BIT(DIPC_PRIORITY) | \
			 BIT(DIPC_DEADLINE))

/* @addr: takes up the destination; @dest is set to it, or NULL: connected */
static int get_dest(struct dipc_sock *ds, struct msghdr *msg,
		    struct sockaddr_dipc *addr, struct sockaddr_dipc **dest)
{
	int err;

	*dest = NULL;
	if (!msg->msg_name)
		return 0;
	err = dipc_addr_parse(addr, msg->msg_name, msg->msg_namelen,
			      ds->sk.sk_family);
	if (err)
		return err;
	*dest = addr;
	return addr->sdipc_type == DIPC_ADDR_ANY ? -EINVAL : 0;
}

static int send_call(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		     struct dipc_send_params *params)
{
	struct dipc_call_params asked;
	struct sockaddr_dipc addr;
	struct dipc_question qn = {
		.out = &msg->msg_iter,
		.len = len,
		.params = *params,
		.may_wait = !(msg->msg_flags & MSG_DONTWAIT),
	};
	int err;

	memcpy(&asked, params->op, sizeof(asked));
	if (params->seen & ~WITH_CALL ||
	    memchr_inv(asked.reserved, 0, sizeof(asked.reserved)))
		return -EINVAL;
	/* as for a message, a connection has one destination */
	err = dipc_sock_is_link(ds) ? 0 : get_dest(ds, msg, &addr, &qn.dest);
	if (err)
		return err;
	qn.cookie = asked.cookie;
	qn.try_ns = asked.try_ns;
	qn.reply_max = asked.reply_max;
	qn.semantics = asked.semantics;
	err = dipc_sock_call_start(ds, &qn);
	params->files = qn.params.files;
	return err ? err : len;
}

static int send_reply(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      struct dipc_send_params *params)
{
	struct dipc_reply_params reply;
	int err;

	memcpy(&reply, params->op, sizeof(reply));
	if (params->seen != BIT(DIPC_REPLY) ||
	    reply.flags & ~DIPC_REPLY_PART ||
	    memchr_inv(reply.reserved, 0, sizeof(reply.reserved)))
		return -EINVAL;
	if (!(reply.flags & DIPC_REPLY_PART))
		err = dipc_sock_reply(ds, reply.handle, reply.offset,
				      &msg->msg_iter, len, &params->files);
	else if (params->files)
		err = -EINVAL;
	else
		err = dipc_sock_write_reply(ds, reply.handle, reply.offset,
					    &msg->msg_iter, len);
	return err ? err : len;
}

/* Of a message without payload, and of one control message. */
static int do_with_number(struct dipc_sock *ds, struct msghdr *msg, size_t len,
			  const struct dipc_send_params *params)
{
	struct sockaddr_dipc addr, *dest;
	u64 number;
	int err;

	if (len || params->files || !is_power_of_2(params->seen))
		return -EINVAL;
	memcpy(&number, params->op, sizeof(number));
	switch (params->seen) {
	case BIT(DIPC_CANCEL):
		return dipc_sock_call_cancel(ds, number);
	case BIT(DIPC_DROP):
		return dipc_sock_drop(ds, number);
	default:
		err = get_dest(ds, msg, &addr, &dest);
		return err ? err : dipc_sock_forward(ds, number, dest);
	}
}

/**
 * dipc_sock_send_op() - do what a message is meant for
 * @ds: the socket, not of a stream
 * @msg: payload and destination
 * @len: payload in bytes
 * @params: with a value for what it is; files that are left in it are the
 *	caller's to give up
 *
 * Context: process; may sleep.
 * Return: @len; or a negative errno, and then nothing was done.
 */
int dipc_sock_send_op(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      struct dipc_send_params *params)
{
	u32 op = params->seen & DIPC_CONTROL_OPS;

	if (op == BIT(DIPC_CALL))
		return send_call(ds, msg, len, params);
	/* where a reply goes its request says */
	if (msg->msg_name && op != BIT(DIPC_FORWARD))
		return -EINVAL;
	if (op == BIT(DIPC_REPLY))
		return send_reply(ds, msg, len, params);
	return do_with_number(ds, msg, len, params);
}
