// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One operation on a socket by the kernel's ioctl: pieces of memory put into
 * it, and its result.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "internal.h"

/**
 * op_out - what is to be sent
 * @op: the operation
 * @iov: the pieces
 * @iovcnt: how many
 *
 * Return: 0 or -EINVAL.
 */
int op_out(struct dipc_op *op, const struct iovec *iov, int iovcnt)
{
	if (iovcnt < 0)
		return -EINVAL;
	/* One piece needs no vector, which the kernel would have to read. */
	if (iovcnt == 1) {
		op->out = (uintptr_t)iov->iov_base;
		op->out_len = iov->iov_len;
	} else if (iovcnt) {
		op->flags |= DIPC_OP_OUT_VEC;
		op->out = (uintptr_t)iov;
		op->out_len = iovcnt;
	}
	return 0;
}

/**
 * op_in - where what is received goes
 * @op: the operation
 * @iov: the pieces
 * @iovcnt: how many
 *
 * Return: 0 or -EINVAL.
 */
int op_in(struct dipc_op *op, const struct iovec *iov, int iovcnt)
{
	if (iovcnt < 0)
		return -EINVAL;
	if (iovcnt == 1) {
		op->in = (uintptr_t)iov->iov_base;
		op->in_len = iov->iov_len;
	} else if (iovcnt) {
		op->flags |= DIPC_OP_IN_VEC;
		op->in = (uintptr_t)iov;
		op->in_len = iovcnt;
	}
	return 0;
}

/**
 * op_flags - what a call's flags mean for an operation
 * @op: the operation
 * @flags: 0 or MSG_DONTWAIT
 *
 * Return: 0 or -EINVAL.
 */
int op_flags(struct dipc_op *op, int flags)
{
	if (flags & ~MSG_DONTWAIT)
		return -EINVAL;
	if (flags & MSG_DONTWAIT)
		op->flags |= DIPC_OP_DONTWAIT;
	return 0;
}

/**
 * op_recv_flags - the same for an operation that receives requests
 * @op: the operation
 * @flags: MSG_DONTWAIT and IPC_CONSUME, or not
 *
 * Return: 0 or -EINVAL.
 */
int op_recv_flags(struct dipc_op *op, int flags)
{
	if (flags & IPC_CONSUME)
		op->flags |= DIPC_OP_CONSUME;
	return op_flags(op, flags & ~IPC_CONSUME);
}

/**
 * op_run - do it
 * @fd: the socket
 * @op: the operation, without its size
 *
 * Return: the number of bytes of payload or a negated errno.
 */
ssize_t op_run(int fd, struct dipc_op *op)
{
	int n;

	op->size = sizeof(*op);
	n = ioctl(fd, DIPC_IOC_OP, op);
	return n < 0 ? -errno : n;
}
