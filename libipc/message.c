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
			 IPC_SEND_DEADLINE | IPC_SEND_ASYNC)
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
			 3 * CMSG_SPACE(sizeof(uint64_t)) + FDS_SPACE)
#define IN_SPACE	(CMSG_SPACE(sizeof(struct sockaddr_dipc)) + \
			 2 * CMSG_SPACE(sizeof(uint64_t)) + \
			 CMSG_SPACE(sizeof(uint32_t)) + \
			 CMSG_SPACE(sizeof(struct ipc_cred)) + \
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
	}
	return 0;
}

/* Results are only written when there are some; attr may be NULL. */
static void recv_attr_get(struct msghdr *msg, struct ipc_recv_attr *attr)
{
	uint32_t wanted = attr ? attr->fields : 0;
	struct cmsghdr *c;

	if (attr) {
		attr->fields = 0;
		attr->n_fds = 0;
		attr->flags = msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC | MSG_EOR);
		if ((wanted & IPC_RECV_SOURCE) &&
		    msg->msg_namelen >= sizeof(attr->source)) {
			memcpy(&attr->source, msg->msg_name,
			       sizeof(attr->source));
			attr->fields |= IPC_RECV_SOURCE;
		}
	}
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			get_fds(c, attr);
		else if (attr && c->cmsg_level == SOL_SOCKET)
			attr->fields |= get_socket(c, attr, wanted);
		else if (attr && c->cmsg_level == SOL_DIPC)
			attr->fields |= get_dipc(c, attr, wanted);
	}
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

	if (iovcnt < 0)
		return -EINVAL;
	n = recvmsg(fd, &msg, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	recv_attr_get(&msg, attr);
	return n;
}

int ipc_recv_completion(int fd, struct dipc_completion *done)
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

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_DIPC || c->cmsg_type != DIPC_COMPLETION)
		return -EPROTO;
	return get(c, done, sizeof(*done)) ? 0 : -EPROTO;
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
