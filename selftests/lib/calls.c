// SPDX-License-Identifier: GPL-2.0
/* See calls.h: what is done in the calling thread. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "calls.h"
#include "scm.h"

#define ROOM	1024	/* for control messages of a receive */

long calls_op(int fd, struct dipc_op *op)
{
	return DT_ERR(ioctl(fd, DIPC_IOC_OP, op));
}

/* One control message, and with it what buf holds. */
static long send_with(int fd, const void *buf, size_t len,
		      const struct scm_control *control, int flags,
		      const struct sockaddr_dipc *dest)
{
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_name = (void *)dest,
		.msg_namelen = dest ? sizeof(*dest) : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = (void *)control->buf,
		.msg_controllen = control->len,
	};

	return DT_ERR(sendmsg(fd, &msg, flags));
}

static long send_number(int fd, int type, uint64_t number,
			const struct sockaddr_dipc *dest)
{
	struct scm_control control = { .len = 0 };

	scm_put(&control, SOL_DIPC, type, &number, sizeof(number));
	return send_with(fd, NULL, 0, &control, 0, dest);
}

/*
 * The client
 */

static struct dipc_op request(const void *buf, size_t len,
			      const struct calls_with *with)
{
	return (struct dipc_op) {
		.size = sizeof(struct dipc_op),
		.flags = (with->priority < 0 ? 0 : DIPC_OP_PRIORITY) |
			 (with->dontwait ? DIPC_OP_DONTWAIT : 0),
		.out = PTR(buf), .out_len = len, .dest = PTR(with->dest),
		.tag = with->tag, .deadline_ns = with->deadline_ns,
		.try_ns = with->try_ns, .semantics = with->semantics,
		.priority = with->priority < 0 ? 0 : with->priority,
	};
}

static long start_by_msg(int fd, const void *buf, size_t len,
			 const struct calls_with *with)
{
	struct dipc_call_params params = {
		.cookie = with->cookie, .try_ns = with->try_ns,
		.reply_max = with->reply_max, .semantics = with->semantics,
	};
	struct scm_control control = { .len = 0 };
	uint32_t priority = with->priority;

	scm_put(&control, SOL_DIPC, DIPC_CALL, &params, sizeof(params));
	if (with->tag)
		scm_put(&control, SOL_DIPC, DIPC_TAG, &with->tag,
			sizeof(with->tag));
	if (with->priority >= 0)
		scm_put(&control, SOL_DIPC, DIPC_PRIORITY, &priority,
			sizeof(priority));
	if (with->deadline_ns)
		scm_put(&control, SOL_DIPC, DIPC_DEADLINE, &with->deadline_ns,
			sizeof(with->deadline_ns));
	if (with->n_fds)
		scm_put(&control, SOL_SOCKET, SCM_RIGHTS, with->fd,
			with->n_fds * sizeof(int));
	return send_with(fd, buf, len, &control,
			 with->dontwait ? MSG_DONTWAIT : 0, with->dest);
}

long calls_start_bytes(enum calls_form form, int fd, const void *buf,
		       size_t len, const struct calls_with *with)
{
	struct dipc_op op;

	if (form == BY_MSG)
		return start_by_msg(fd, buf, len, with);
	op = request(buf, len, with);
	op.op = DIPC_OP_CALL_START;
	op.cookie = with->cookie;
	op.reply_max = with->reply_max;
	return calls_op(fd, &op);
}

long calls_start(enum calls_form form, int fd, const char *text,
		 const struct calls_with *with)
{
	return calls_start_bytes(form, fd, text, strlen(text), with);
}

static void take_fds(const struct cmsghdr *c, int *fd, int *n)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	if (count > CALLS_FDS_MAX - *n)
		count = CALLS_FDS_MAX - *n;
	memcpy(fd + *n, CMSG_DATA(c), count * sizeof(int));
	*n += count;
}

static bool is_of(const struct cmsghdr *c, int level, int type, size_t len)
{
	return c->cmsg_level == level && c->cmsg_type == type &&
	       c->cmsg_len == CMSG_LEN(len);
}

static struct calls_end finish_by_msg(int fd, int flags)
{
	char control[ROOM] __attribute__((aligned(8)));
	struct calls_end end = { 0 };
	struct iovec iov = { end.text, CALLS_TEXT_MAX };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	end.ret = DT_ERR(recvmsg(fd, &msg, flags));
	if (end.ret < 0)
		return end;
	end.flags = msg.msg_flags;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (is_of(c, SOL_DIPC, DIPC_OUTCOME, sizeof(end.outcome))) {
			memcpy(&end.outcome, CMSG_DATA(c), sizeof(end.outcome));
			end.has_outcome = true;
		}
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, end.fd, &end.n_fds);
	}
	/* as the ioctl says it */
	if (end.has_outcome && end.outcome.error)
		end.ret = -(long)end.outcome.error;
	return end;
}

static struct calls_end finish_by_op(int fd, uint32_t op_flags,
				     uint64_t cookie, int flags)
{
	struct calls_end end = { 0 };

	if (flags & MSG_DONTWAIT)
		op_flags |= DIPC_OP_DONTWAIT;
	end.ret = OP(fd, .op = DIPC_OP_CALL_FINISH, .flags = op_flags,
		     .in = PTR(end.text), .in_len = CALLS_TEXT_MAX,
		     .cookie = cookie, .info = PTR(&end.outcome));
	return end;
}

struct calls_end calls_finish(enum calls_form form, int fd, int flags)
{
	if (form == BY_MSG)
		return finish_by_msg(fd, flags);
	return finish_by_op(fd, DIPC_OP_ANY, 0, flags);
}

struct calls_end calls_finish_cookie(int fd, uint64_t cookie, int flags)
{
	return finish_by_op(fd, 0, cookie, flags);
}

long calls_cancel(enum calls_form form, int fd, uint64_t cookie)
{
	if (form == BY_MSG)
		return send_number(fd, DIPC_CANCEL, cookie, NULL);
	return OP(fd, .op = DIPC_OP_CALL_CANCEL, .cookie = cookie);
}

struct calls_end calls_call(enum calls_form form, int fd, const char *text,
			    const struct calls_with *with)
{
	struct calls_end end = { 0 };
	struct dipc_op op;

	if (form == BY_MSG) {
		end.ret = start_by_msg(fd, text, strlen(text), with);
		return end.ret < 0 ? end : finish_by_msg(fd, 0);
	}
	op = request(text, strlen(text), with);
	op.op = DIPC_OP_CALL;
	op.in = PTR(end.text);
	op.in_len = with->reply_max < CALLS_TEXT_MAX ? with->reply_max :
						       CALLS_TEXT_MAX;
	op.info = PTR(&end.outcome);
	end.ret = calls_op(fd, &op);
	return end;
}

/*
 * The server
 */

int calls_take_calls(int fd)
{
	int on = 1;

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on,
				 sizeof(on)));
}

int calls_server(int type, const struct sockaddr_dipc *addr)
{
	int fd = dt_socket(type);
	int err;

	if (fd < 0)
		return fd;
	err = calls_take_calls(fd);
	if (!err)
		err = dt_bind(fd, addr);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static struct calls_got recv_by_msg(int fd, int flags)
{
	char control[ROOM] __attribute__((aligned(8)));
	struct calls_got got = { 0 };
	struct iovec iov = { got.text, CALLS_TEXT_MAX };
	struct msghdr msg = {
		.msg_name = &got.from, .msg_namelen = sizeof(got.from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	got.ret = DT_ERR(recvmsg(fd, &msg, flags));
	if (got.ret < 0)
		return got;
	got.flags = msg.msg_flags;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (is_of(c, SOL_DIPC, DIPC_REQUEST, sizeof(got.r))) {
			memcpy(&got.r, CMSG_DATA(c), sizeof(got.r));
			got.has_request = true;
		}
		if (is_of(c, SOL_SOCKET, SCM_CREDENTIALS, sizeof(got.ucred)))
			memcpy(&got.ucred, CMSG_DATA(c), sizeof(got.ucred));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, got.fd, &got.n_fds);
	}
	return got;
}

static struct calls_got recv_by_op(int fd, int flags)
{
	struct calls_got got = { 0 };

	got.ret = OP(fd, .op = DIPC_OP_RECV,
		     .flags = flags & MSG_DONTWAIT ? DIPC_OP_DONTWAIT : 0,
		     .in = PTR(got.text), .in_len = CALLS_TEXT_MAX,
		     .info = PTR(&got.r));
	return got;
}

struct calls_got calls_recv(enum calls_form form, int fd, int flags)
{
	struct calls_got got = form == BY_MSG ? recv_by_msg(fd, flags) :
						recv_by_op(fd, flags);

	/* a longer request that was withdrawn may have been copied before */
	if (got.ret >= 0 && got.ret < CALLS_TEXT_MAX)
		got.text[got.ret] = '\0';
	return got;
}

static long reply_by_msg(int fd, uint64_t handle, uint64_t offset,
			 const void *buf, size_t len, uint32_t flags)
{
	struct dipc_reply_params params = {
		.handle = handle, .offset = offset, .flags = flags,
	};
	struct scm_control control = { .len = 0 };

	scm_put(&control, SOL_DIPC, DIPC_REPLY, &params, sizeof(params));
	return send_with(fd, buf, len, &control, 0, NULL);
}

long calls_reply_at(enum calls_form form, int fd, uint64_t handle,
		    uint64_t offset, const void *buf, size_t len)
{
	if (form == BY_MSG)
		return reply_by_msg(fd, handle, offset, buf, len, 0);
	return OP(fd, .op = DIPC_OP_REPLY, .out = PTR(buf), .out_len = len,
		  .handle = handle, .offset = offset);
}

long calls_reply(enum calls_form form, int fd, uint64_t handle,
		 const char *text)
{
	return calls_reply_at(form, fd, handle, 0, text, strlen(text));
}

long calls_write(enum calls_form form, int fd, uint64_t handle,
		 uint64_t offset, const void *buf, size_t len)
{
	if (form == BY_MSG)
		return reply_by_msg(fd, handle, offset, buf, len,
				    DIPC_REPLY_PART);
	return OP(fd, .op = DIPC_OP_WRITE, .out = PTR(buf), .out_len = len,
		  .handle = handle, .offset = offset);
}

long calls_reply_fd(int sock, uint64_t handle, const char *text, int fd)
{
	struct dipc_reply_params params = { .handle = handle };
	struct scm_control control = { .len = 0 };

	scm_put(&control, SOL_DIPC, DIPC_REPLY, &params, sizeof(params));
	scm_put(&control, SOL_SOCKET, SCM_RIGHTS, &fd, sizeof(fd));
	return send_with(sock, text, strlen(text), &control, 0, NULL);
}

long calls_read(int fd, uint64_t handle, uint64_t offset, void *buf,
		size_t len)
{
	return OP(fd, .op = DIPC_OP_READ, .in = PTR(buf), .in_len = len,
		  .handle = handle, .offset = offset);
}

long calls_forward(enum calls_form form, int fd, uint64_t handle,
		   const struct sockaddr_dipc *dest)
{
	if (form == BY_MSG)
		return send_number(fd, DIPC_FORWARD, handle, dest);
	return OP(fd, .op = DIPC_OP_FORWARD, .handle = handle,
		  .dest = PTR(dest));
}

long calls_drop(enum calls_form form, int fd, uint64_t handle)
{
	if (form == BY_MSG)
		return send_number(fd, DIPC_DROP, handle, NULL);
	return OP(fd, .op = DIPC_OP_DROP, .handle = handle);
}

int calls_cancelled(int fd, struct dipc_cancelled *notice)
{
	char control[ROOM] __attribute__((aligned(8)));
	struct msghdr msg = {
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int ret = DT_ERR(recvmsg(fd, &msg, MSG_ERRQUEUE));

	if (ret < 0)
		return ret;
	c = CMSG_FIRSTHDR(&msg);
	if (ret || !c || !is_of(c, SOL_DIPC, DIPC_CANCELLED, sizeof(*notice)) ||
	    CMSG_NXTHDR(&msg, c))
		return -EBADMSG;
	memcpy(notice, CMSG_DATA(c), sizeof(*notice));
	return 0;
}

bool calls_wait_cancelled(int fd, struct dipc_cancelled *notice)
{
	int err = -EAGAIN;

	return DT_WAIT_UNTIL((err = calls_cancelled(fd, notice)) != -EAGAIN) &&
	       !err;
}

/*
 * Counters, and time
 */

long calls_counted(const struct dt_stats *before, enum dipc_reason reason)
{
	struct dt_stats now;
	int err = dt_stats_get(&now);

	return err ? err : now.counter[reason] - before->counter[reason];
}

int calls_slow(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 0 ? atoi(slow) : 1;
}
