// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages with parameters: to and from control messages; and the options of a
 * socket that go with them.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define SEND_FIELDS	(IPC_SEND_MODE | IPC_SEND_TAG | IPC_SEND_PRIORITY | \
			 IPC_SEND_DEADLINE | IPC_SEND_ASYNC | \
			 IPC_SEND_CALL | IPC_SEND_REPLY)
#define INFO_FIELDS	(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_PRIORITY | \
			 IPC_RECV_ID)
#define RECV_FIELDS	(INFO_FIELDS | IPC_RECV_CRED | IPC_RECV_TIME)

_Static_assert(IPC_RECV_SOURCE == DIPC_INFO_SOURCE &&
	       IPC_RECV_TAG == DIPC_INFO_TAG &&
	       IPC_RECV_PRIORITY == DIPC_INFO_PRIORITY &&
	       IPC_RECV_ID == DIPC_INFO_ID, "bits go to the kernel as they are");

/* The stamp with 64-bit seconds, which older headers do not know. */
#ifdef SO_TIMESTAMPNS_NEW
#define STAMP_OPTION	SO_TIMESTAMPNS_NEW
#else
#define STAMP_OPTION	64
#endif

#define FDS_SPACE	CMSG_SPACE(IPC_FDS_MAX * sizeof(int))
#define OUT_SPACE	(2 * CMSG_SPACE(sizeof(uint32_t)) + \
			 3 * CMSG_SPACE(sizeof(uint64_t)) + \
			 CMSG_SPACE(sizeof(struct dipc_call_params)) + \
			 CMSG_SPACE(sizeof(struct dipc_reply_params)) + \
			 FDS_SPACE)
#define IN_SPACE	(CMSG_SPACE(sizeof(struct sockaddr_dipc)) + \
			 2 * CMSG_SPACE(sizeof(uint64_t)) + \
			 CMSG_SPACE(sizeof(uint32_t)) + \
			 CMSG_SPACE(sizeof(struct ipc_cred)) + \
			 CMSG_SPACE(sizeof(struct dipc_request)) + \
			 CMSG_SPACE(sizeof(struct dipc_outcome)) + \
			 2 * CMSG_SPACE(3 * sizeof(struct timespec)) + FDS_SPACE)

union control {
	struct cmsghdr align;
	char buf[OUT_SPACE > IN_SPACE ? OUT_SPACE : IN_SPACE];
};

/* Append one control message; the buffer holds one of each. */
static void put(struct msghdr *msg, int level, int type, const void *data,
		size_t len)
{
	struct cmsghdr *c;

	c = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);
	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

static bool send_attr_is_valid(const struct ipc_send_attr *attr)
{
	static const uint64_t zero[sizeof(attr->reserved) / sizeof(uint64_t)];

	return !(attr->fields & ~SEND_FIELDS) && attr->n_fds <= IPC_FDS_MAX &&
	       (attr->fds || !attr->n_fds) &&
	       (attr->call || !(attr->fields & IPC_SEND_CALL)) &&
	       (attr->reply || !(attr->fields & IPC_SEND_REPLY)) &&
	       !memcmp(attr->reserved, zero, sizeof(zero));
}

static void send_attr_put(struct msghdr *msg, const struct ipc_send_attr *attr)
{
	if (attr->to) {
		msg->msg_name = (void *)attr->to;
		msg->msg_namelen = sizeof(*attr->to);
	}
	if (attr->fields & IPC_SEND_MODE)
		put(msg, SOL_DIPC, DIPC_MODE, &attr->mode, sizeof(attr->mode));
	if (attr->fields & IPC_SEND_TAG)
		put(msg, SOL_DIPC, DIPC_TAG, &attr->tag, sizeof(attr->tag));
	if (attr->fields & IPC_SEND_PRIORITY)
		put(msg, SOL_DIPC, DIPC_PRIORITY, &attr->priority,
		    sizeof(attr->priority));
	if (attr->fields & IPC_SEND_DEADLINE)
		put(msg, SOL_DIPC, DIPC_DEADLINE, &attr->deadline_ns,
		    sizeof(attr->deadline_ns));
	if (attr->fields & IPC_SEND_ASYNC)
		put(msg, SOL_DIPC, DIPC_ASYNC, &attr->cookie,
		    sizeof(attr->cookie));
	if (attr->fields & IPC_SEND_CALL)
		put(msg, SOL_DIPC, DIPC_CALL, attr->call, sizeof(*attr->call));
	if (attr->fields & IPC_SEND_REPLY)
		put(msg, SOL_DIPC, DIPC_REPLY, attr->reply,
		    sizeof(*attr->reply));
	if (attr->n_fds)
		put(msg, SOL_SOCKET, SCM_RIGHTS, attr->fds,
		    attr->n_fds * sizeof(int));
}

ssize_t ipc_sendmsg(int fd, const struct iovec *iov, int iovcnt, int flags,
		    const struct ipc_send_attr *attr)
{
	union control control;
	struct msghdr msg = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = iovcnt,
		.msg_control = control.buf,
	};
	ssize_t n;

	if (iovcnt < 0 || (attr && !send_attr_is_valid(attr)))
		return -EINVAL;
	if (attr)
		send_attr_put(&msg, attr);
	if (!msg.msg_controllen)
		msg.msg_control = NULL;
	n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* The value of a control message, if it has one of that length. */
static bool get(const struct cmsghdr *c, void *value, size_t len)
{
	if (c->cmsg_len < CMSG_LEN(len))
		return false;
	memcpy(value, CMSG_DATA(c), len);
	return true;
}

/* As many as there is room for; the rest is closed. */
static void get_fds(const struct cmsghdr *c, struct ipc_recv_attr *attr)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (attr && attr->fds && attr->n_fds < attr->max_fds) {
			attr->fds[attr->n_fds++] = fd;
			continue;
		}
		close(fd);
		if (attr)
			attr->flags |= MSG_CTRUNC;
	}
}

/* The field that a control message gives, if it is one of those wanted. */
static uint32_t get_socket(const struct cmsghdr *c, struct ipc_recv_attr *attr,
			   uint32_t wanted)
{
	int64_t stamp[2];

	switch (c->cmsg_type) {
	case SCM_CREDENTIALS:
		if ((wanted & IPC_RECV_CRED) &&
		    get(c, &attr->cred, sizeof(attr->cred)))
			return IPC_RECV_CRED;
		break;
	case STAMP_OPTION:
		if ((wanted & IPC_RECV_TIME) && get(c, stamp, sizeof(stamp))) {
			attr->time_ns = stamp[0] * 1000000000 + stamp[1];
			return IPC_RECV_TIME;
		}
		break;
	}
	return 0;
}

static uint32_t get_dipc(const struct cmsghdr *c, struct ipc_recv_attr *attr,
			 uint32_t wanted)
{
	switch (c->cmsg_type) {
	case DIPC_SOURCE:
		if ((wanted & IPC_RECV_SOURCE) &&
		    get(c, &attr->source, sizeof(attr->source)))
			return IPC_RECV_SOURCE;
		break;
	case DIPC_TAG:
		if ((wanted & IPC_RECV_TAG) &&
		    get(c, &attr->tag, sizeof(attr->tag)))
			return IPC_RECV_TAG;
		break;
	case DIPC_PRIORITY:
		if ((wanted & IPC_RECV_PRIORITY) &&
		    get(c, &attr->priority, sizeof(attr->priority)))
			return IPC_RECV_PRIORITY;
		break;
	case DIPC_ID:
		if ((wanted & IPC_RECV_ID) &&
		    get(c, &attr->id, sizeof(attr->id)))
			return IPC_RECV_ID;
		break;
	case DIPC_REQUEST:
		if ((wanted & IPC_RECV_REQUEST) &&
		    get(c, attr->request, sizeof(*attr->request)))
			return IPC_RECV_REQUEST;
		break;
	case DIPC_OUTCOME:
		if ((wanted & IPC_RECV_OUTCOME) &&
		    get(c, attr->outcome, sizeof(*attr->outcome)))
			return IPC_RECV_OUTCOME;
		break;
	}
	return 0;
}

/*
 * Requests and outcomes come to every receive that has room for them. To one
 * whose caller does not know them, it is to be as if it had none; but a request
 * has been taken by then, so it is given up.
 */
static int unknown_error(int fd, const struct cmsghdr *c, uint32_t wanted)
{
	struct dipc_request request;
	struct dipc_outcome outcome;

	if (c->cmsg_level != SOL_DIPC)
		return 0;
	if (c->cmsg_type == DIPC_REQUEST && !(wanted & IPC_RECV_REQUEST) &&
	    get(c, &request, sizeof(request)) && request.handle) {
		ipc_drop(fd, request.handle);
		return -EMSGSIZE;
	}
	if (c->cmsg_type == DIPC_OUTCOME && !(wanted & IPC_RECV_OUTCOME) &&
	    get(c, &outcome, sizeof(outcome)))
		return -(int)outcome.error;
	return 0;
}

static int first_error(int fd, struct msghdr *msg, uint32_t wanted)
{
	struct cmsghdr *c;
	int err = 0;

	for (c = CMSG_FIRSTHDR(msg); c && !err; c = CMSG_NXTHDR(msg, c))
		err = unknown_error(fd, c, wanted);
	return err;
}

static void attr_begin(const struct msghdr *msg, struct ipc_recv_attr *attr,
		       uint32_t wanted)
{
	attr->fields = 0;
	attr->n_fds = 0;
	attr->flags = msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC | MSG_EOR);
	if ((wanted & IPC_RECV_SOURCE) &&
	    msg->msg_namelen >= sizeof(attr->source)) {
		memcpy(&attr->source, msg->msg_name, sizeof(attr->source));
		attr->fields |= IPC_RECV_SOURCE;
	}
}

/* Results are only written when there are some; attr may be NULL. */
static int recv_attr_get(int fd, struct msghdr *msg, struct ipc_recv_attr *attr)
{
	uint32_t wanted = attr ? attr->fields : 0;
	struct cmsghdr *c;
	int err;

	err = first_error(fd, msg, wanted);
	if (err)
		attr = NULL;
	if (attr)
		attr_begin(msg, attr, wanted);
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			get_fds(c, attr);
		else if (attr && c->cmsg_level == SOL_SOCKET)
			attr->fields |= get_socket(c, attr, wanted);
		else if (attr && c->cmsg_level == SOL_DIPC)
			attr->fields |= get_dipc(c, attr, wanted);
	}
	return err;
}

/* Room for no more descriptors than are wanted, so that few must be closed. */
static size_t in_space(const struct ipc_recv_attr *attr)
{
	uint32_t n = 0;

	if (attr && attr->fds)
		n = attr->max_fds < IPC_FDS_MAX ? attr->max_fds : IPC_FDS_MAX;
	return IN_SPACE - FDS_SPACE + (n ? CMSG_SPACE(n * sizeof(int)) : 0);
}

ssize_t ipc_recvmsg(int fd, const struct iovec *iov, int iovcnt, int flags,
		    struct ipc_recv_attr *attr)
{
	struct sockaddr_dipc source;
	union control control;
	struct msghdr msg = {
		.msg_name = &source,
		.msg_namelen = sizeof(source),
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = iovcnt,
		.msg_control = control.buf,
		.msg_controllen = in_space(attr),
	};
	ssize_t n;
	int err;

	if (iovcnt < 0)
		return -EINVAL;
	n = recvmsg(fd, &msg, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	err = recv_attr_get(fd, &msg, attr);
	return err ? err : n;
}

/**
 * completion_take - take what is first in a socket's error queue, or look at it
 * @fd: the socket
 * @done: gets the completion
 * @flags: 0 or MSG_PEEK
 *
 * Return: 0 or a negated errno; -EPROTO if it is no completion.
 */
int completion_take(int fd, struct dipc_completion *done, int flags)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(*done))];
	} control;
	struct msghdr msg = {
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, flags | MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_DIPC || c->cmsg_type != DIPC_COMPLETION)
		return -EPROTO;
	return get(c, done, sizeof(*done)) ? 0 : -EPROTO;
}

/*
 * What else is in that queue is not to be lost, so we look first. Completions
 * come before all else: if the first is none, there is none.
 */
int ipc_recv_completion(int fd, struct dipc_completion *done)
{
	int err;

	err = completion_take(fd, done, MSG_PEEK);
	if (!err)
		err = completion_take(fd, done, 0);
	return err == -EPROTO ? -EAGAIN : err;
}

/*
 * Options
 */

static int option_set(int fd, int level, int name, const void *value,
		      socklen_t len)
{
	return setsockopt(fd, level, name, value, len) < 0 ? -errno : 0;
}

/* Nothing is written unless it succeeds. */
static int option_get(int fd, int level, int name, void *value, socklen_t len)
{
	char got[sizeof(struct dipc_match)] = { 0 };

	if (getsockopt(fd, level, name, got, &len) < 0)
		return -errno;
	memcpy(value, got, len);
	return 0;
}

int ipc_set_mode(int fd, uint32_t mode)
{
	return option_set(fd, SOL_DIPC, DIPC_MODE, &mode, sizeof(mode));
}

int ipc_get_mode(int fd, uint32_t *mode)
{
	return option_get(fd, SOL_DIPC, DIPC_MODE, mode, sizeof(*mode));
}

int ipc_set_priority(int fd, uint32_t priority)
{
	return option_set(fd, SOL_DIPC, DIPC_PRIORITY, &priority,
			  sizeof(priority));
}

int ipc_get_priority(int fd, uint32_t *priority)
{
	return option_get(fd, SOL_DIPC, DIPC_PRIORITY, priority,
			  sizeof(*priority));
}

int ipc_set_match(int fd, const struct dipc_match *match)
{
	static const struct dipc_match any;

	if (!match)
		match = &any;
	return option_set(fd, SOL_DIPC, DIPC_MATCH, match, sizeof(*match));
}

int ipc_get_match(int fd, struct dipc_match *match)
{
	return option_get(fd, SOL_DIPC, DIPC_MATCH, match, sizeof(*match));
}

int ipc_set_recv_info(int fd, uint32_t fields)
{
	/* The source is the address that the message comes from. */
	uint32_t info = fields & INFO_FIELDS & ~IPC_RECV_SOURCE;
	int cred = !!(fields & IPC_RECV_CRED);
	int stamp = !!(fields & IPC_RECV_TIME);
	int err;

	if (fields & ~RECV_FIELDS)
		return -EINVAL;
	err = option_set(fd, SOL_DIPC, DIPC_RECV_INFO, &info, sizeof(info));
	if (!err)
		err = option_set(fd, SOL_SOCKET, SO_PASSCRED, &cred,
				 sizeof(cred));
	if (!err)
		err = option_set(fd, SOL_SOCKET, STAMP_OPTION, &stamp,
				 sizeof(stamp));
	return err;
}

int ipc_get_recv_info(int fd, uint32_t *fields)
{
	int cred = 0, stamp = 0;
	uint32_t info;
	int err;

	err = option_get(fd, SOL_DIPC, DIPC_RECV_INFO, &info, sizeof(info));
	if (!err)
		err = option_get(fd, SOL_SOCKET, SO_PASSCRED, &cred,
				 sizeof(cred));
	if (!err)
		err = option_get(fd, SOL_SOCKET, STAMP_OPTION, &stamp,
				 sizeof(stamp));
	if (!err)
		*fields = info | IPC_RECV_SOURCE | (cred ? IPC_RECV_CRED : 0) |
			  (stamp ? IPC_RECV_TIME : 0);
	return err;
}
