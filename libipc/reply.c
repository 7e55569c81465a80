// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests, as the server has them: taken, replied to, written to, read from,
 * forwarded and dropped. Each function is one system call; what is held is
 * kept by the kernel, with the socket.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

int ipc_set_recv_calls(int fd, int on)
{
	if (setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

int ipc_get_recv_calls(int fd, int *on)
{
	int value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &value, &len) < 0)
		return -errno;
	*on = value;
	return 0;
}

ssize_t ipc_recv_request(int fd, const struct iovec *in, int incnt, int flags,
			 const struct dipc_match *match,
			 struct dipc_request *req)
{
	struct dipc_op op = {
		.op = DIPC_OP_RECV,
		.match = (uintptr_t)match,
	};
	struct dipc_request r = { 0 };
	ssize_t n;
	int err;

	err = op_recv_flags(&op, flags);
	if (!err)
		err = op_in(&op, in, incnt);
	if (err)
		return err;
	op.info = (uintptr_t)&r;
	n = op_run(fd, &op);
	if (n < 0)
		return n;
	*req = r;
	return r.len;
}

int ipc_replymsg(int fd, uint64_t handle, uint64_t offset,
		 const struct iovec *out, int outcnt)
{
	struct dipc_op op = {
		.op = DIPC_OP_REPLY,
		.handle = handle,
		.offset = offset,
	};
	ssize_t n;
	int err;

	err = op_out(&op, out, outcnt);
	if (err)
		return err;
	n = op_run(fd, &op);
	return n < 0 ? n : 0;
}

int ipc_reply(int fd, uint64_t handle, const void *buf, size_t len)
{
	struct iovec out = { (void *)buf, len };

	return ipc_replymsg(fd, handle, 0, &out, 1);
}

ssize_t ipc_reply_recv(int fd, uint64_t *handle, const struct iovec *out,
		       int outcnt, const struct iovec *in, int incnt, int flags,
		       struct dipc_request *req)
{
	struct dipc_op op = { .op = DIPC_OP_REPLY_RECV, .handle = *handle };
	struct dipc_request r = { 0 };
	ssize_t n;
	int err;

	err = op_recv_flags(&op, flags);
	if (!err && *handle)
		err = op_out(&op, out, outcnt);
	if (!err)
		err = op_in(&op, in, incnt);
	if (err)
		return err;
	op.info = (uintptr_t)&r;
	n = op_run(fd, &op);
	if (n < 0) {
		*handle = op.handle;
		return n;
	}
	*handle = 0;
	*req = r;
	return r.len;
}

ssize_t ipc_reply_part(int fd, uint64_t handle, uint64_t offset,
		       const void *buf, size_t len)
{
	struct dipc_op op = {
		.op = DIPC_OP_WRITE,
		.out = (uintptr_t)buf,
		.out_len = len,
		.handle = handle,
		.offset = offset,
	};

	return op_run(fd, &op);
}

ssize_t ipc_request_read(int fd, uint64_t handle, uint64_t offset, void *buf,
			 size_t len)
{
	struct dipc_op op = {
		.op = DIPC_OP_READ,
		.in = (uintptr_t)buf,
		.in_len = len,
		.handle = handle,
		.offset = offset,
	};

	return op_run(fd, &op);
}

int ipc_forward(int fd, uint64_t handle, const struct sockaddr_dipc *to)
{
	struct dipc_op op = {
		.op = DIPC_OP_FORWARD,
		.handle = handle,
		.dest = (uintptr_t)to,
	};

	return op_run(fd, &op);
}

int ipc_drop(int fd, uint64_t handle)
{
	struct dipc_op op = { .op = DIPC_OP_DROP, .handle = handle };

	return op_run(fd, &op);
}

/* A buffer for one of these is too small for a completion, which then stays. */
int ipc_recv_cancelled(int fd, struct dipc_cancelled *cancelled)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(*cancelled))];
	} control;
	struct msghdr msg = {
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return errno == EMSGSIZE ? -EBUSY : -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_DIPC || c->cmsg_type != DIPC_CANCELLED ||
	    c->cmsg_len < CMSG_LEN(sizeof(*cancelled)))
		return -EPROTO;
	memcpy(cancelled, CMSG_DATA(c), sizeof(*cancelled));
	return 0;
}
