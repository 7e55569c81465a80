// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls, as the client makes them. Each function is one system call; what is
 * outstanding is kept by the kernel, with the socket.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define NS_PER_MS	1000000ULL

#define ONEWAY_FIELDS	(IPC_CALL_TAG | IPC_CALL_PRIORITY | IPC_CALL_DEADLINE)
#define CALL_FIELDS	(ONEWAY_FIELDS | IPC_CALL_SEMANTICS | IPC_CALL_TRY)

static int attr_put(struct dipc_op *op, const struct ipc_call_attr *attr,
		    uint32_t allowed)
{
	static const uint64_t zero[sizeof(attr->reserved) / sizeof(uint64_t)];

	if (!attr)
		return 0;
	if ((attr->fields & ~allowed) || attr->reserved32 ||
	    memcmp(attr->reserved, zero, sizeof(zero)))
		return -EINVAL;
	op->dest = (uintptr_t)attr->to;
	if (attr->fields & IPC_CALL_TAG)
		op->tag = attr->tag;
	if (attr->fields & IPC_CALL_PRIORITY) {
		if (attr->priority > DIPC_PRIORITY_MAX)
			return -EINVAL;
		op->flags |= DIPC_OP_PRIORITY;
		op->priority = attr->priority;
	}
	if (attr->fields & IPC_CALL_DEADLINE) {
		if (!attr->deadline_ns)
			return -EINVAL;
		op->deadline_ns = attr->deadline_ns;
	}
	if (attr->fields & IPC_CALL_SEMANTICS) {
		if (attr->semantics > UINT8_MAX)
			return -EINVAL;
		op->semantics = attr->semantics;
	}
	if (attr->fields & IPC_CALL_TRY)
		op->try_ns = attr->try_ns;
	return 0;
}

ssize_t ipc_callmsg(int fd, const struct iovec *out, int outcnt,
		    const struct iovec *in, int incnt, int flags,
		    const struct ipc_call_attr *attr,
		    struct dipc_outcome *outcome)
{
	struct dipc_op op = { .op = DIPC_OP_CALL };
	int err;

	err = op_flags(&op, flags);
	if (!err)
		err = op_out(&op, out, outcnt);
	if (!err)
		err = op_in(&op, in, incnt);
	if (!err)
		err = attr_put(&op, attr, CALL_FIELDS);
	if (err)
		return err;
	if (outcome) {
		memset(outcome, 0, sizeof(*outcome));
		op.info = (uintptr_t)outcome;
	}
	return op_run(fd, &op);
}

ssize_t ipc_call(int fd, const struct sockaddr_dipc *to, const void *out,
		 size_t out_len, void *in, size_t in_len, int timeout_ms)
{
	struct dipc_op op = {
		.op = DIPC_OP_CALL,
		.out = (uintptr_t)out,
		.out_len = out_len,
		.in = (uintptr_t)in,
		.in_len = in_len,
		.dest = (uintptr_t)to,
	};

	if (!timeout_ms)
		return -EINVAL;
	if (timeout_ms > 0)
		op.deadline_ns = timeout_ms * NS_PER_MS;
	return op_run(fd, &op);
}

int ipc_call_oneway(int fd, const struct iovec *out, int outcnt, int flags,
		    const struct ipc_call_attr *attr)
{
	struct dipc_op op = { .op = DIPC_OP_SEND };
	ssize_t n;
	int err;

	err = op_flags(&op, flags);
	if (!err)
		err = op_out(&op, out, outcnt);
	if (!err)
		err = attr_put(&op, attr, ONEWAY_FIELDS);
	if (err)
		return err;
	n = op_run(fd, &op);
	return n < 0 ? n : 0;
}

int ipc_call_start(int fd, uint64_t cookie, const struct iovec *out, int outcnt,
		   size_t reply_max, int flags,
		   const struct ipc_call_attr *attr)
{
	struct dipc_op op = {
		.op = DIPC_OP_CALL_START,
		.cookie = cookie,
		.reply_max = reply_max,
	};
	ssize_t n;
	int err;

	/* What does not fit into the structure is not to become less. */
	if (reply_max > DIPC_MSG_LEN_MAX)
		return -EMSGSIZE;
	err = op_flags(&op, flags);
	if (!err)
		err = op_out(&op, out, outcnt);
	if (!err)
		err = attr_put(&op, attr, CALL_FIELDS);
	if (err)
		return err;
	n = op_run(fd, &op);
	return n < 0 ? n : 0;
}

/* The errno of a call is not that of taking its reply, which has succeeded. */
static int finish(int fd, struct dipc_op *op, const struct iovec *in, int incnt,
		  int flags, struct dipc_outcome *outcome)
{
	struct dipc_outcome o = { 0 };
	ssize_t n;
	int err;

	err = op_flags(op, flags);
	if (!err)
		err = op_in(op, in, incnt);
	if (err)
		return err;
	op->info = (uintptr_t)&o;
	n = op_run(fd, op);
	if (n < 0 && !o.error)
		return n;
	*outcome = o;
	return 0;
}

int ipc_call_finish(int fd, uint64_t cookie, const struct iovec *in, int incnt,
		    int flags, struct dipc_outcome *outcome)
{
	struct dipc_op op = { .op = DIPC_OP_CALL_FINISH, .cookie = cookie };

	return finish(fd, &op, in, incnt, flags, outcome);
}

int ipc_call_finish_any(int fd, const struct iovec *in, int incnt, int flags,
			struct dipc_outcome *outcome)
{
	struct dipc_op op = {
		.op = DIPC_OP_CALL_FINISH,
		.flags = DIPC_OP_ANY,
	};

	return finish(fd, &op, in, incnt, flags, outcome);
}

int ipc_call_cancel(int fd, uint64_t cookie)
{
	struct dipc_op op = { .op = DIPC_OP_CALL_CANCEL, .cookie = cookie };

	return op_run(fd, &op);
}
