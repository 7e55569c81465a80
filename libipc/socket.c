// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sockets: open, bind, connect, send, receive and the options of a socket.
 *
 * Each function is one system call with the address length filled in and
 * errno as its return value. Nothing is retried: what waits ends with EINTR
 * when a signal comes, and the caller decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>

#include "internal.h"

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static ssize_t result_len(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

static int option_set(int fd, int name, const void *value, socklen_t len)
{
	return result(setsockopt(fd, SOL_DIPC, name, value, len));
}

/* A kernel that knows less of the value leaves the rest of it 0. */
static int option_get(int fd, int name, void *value, socklen_t len)
{
	memset(value, 0, len);
	return result(getsockopt(fd, SOL_DIPC, name, value, &len));
}

int ipc_open(int type, int flags)
{
	int family = ipc_family();
	int fd, now;

	if (flags & ~(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	type |= SOCK_CLOEXEC;
	if (flags & O_NONBLOCK)
		type |= SOCK_NONBLOCK;

	fd = result(socket(family, type, 0));
	if (fd != -EAFNOSUPPORT)
		return fd;
	/* That may have loaded the module, and with another number. */
	now = ipc_family();
	return now == family ? fd : result(socket(now, type, 0));
}

int ipc_bind(int fd, const struct sockaddr_dipc *addr)
{
	struct sockaddr_dipc any;

	if (!addr) {
		memset(&any, 0, sizeof(any));
		any.sdipc_family = ipc_family();
		any.sdipc_type = DIPC_ADDR_ANY;
		addr = &any;
	}
	return result(bind(fd, (const struct sockaddr *)addr, sizeof(*addr)));
}

int ipc_connect(int fd, const struct sockaddr_dipc *addr)
{
	return result(connect(fd, (const struct sockaddr *)addr,
			      sizeof(*addr)));
}

int ipc_getsockname(int fd, struct sockaddr_dipc *addr)
{
	struct sockaddr_dipc a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	*addr = a;
	return 0;
}

int ipc_getpeername(int fd, struct sockaddr_dipc *addr)
{
	struct sockaddr_dipc a = { 0 };
	socklen_t len = sizeof(a);

	if (getpeername(fd, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	*addr = a;
	return 0;
}

ssize_t ipc_send(int fd, const void *buf, size_t len, int flags)
{
	return result_len(send(fd, buf, len, flags | MSG_NOSIGNAL));
}

ssize_t ipc_sendto(int fd, const void *buf, size_t len, int flags,
		   const struct sockaddr_dipc *to)
{
	return result_len(sendto(fd, buf, len, flags | MSG_NOSIGNAL,
				 (const struct sockaddr *)to,
				 to ? sizeof(*to) : 0));
}

ssize_t ipc_recv(int fd, void *buf, size_t len, int flags)
{
	return result_len(recv(fd, buf, len, flags | MSG_TRUNC));
}

ssize_t ipc_recvfrom(int fd, void *buf, size_t len, int flags,
		     struct sockaddr_dipc *from)
{
	struct sockaddr_dipc a = { 0 };
	socklen_t alen = sizeof(a);
	ssize_t n;

	n = recvfrom(fd, buf, len, flags | MSG_TRUNC, (struct sockaddr *)&a,
		     &alen);
	if (n < 0)
		return -errno;
	if (from)
		*from = a;
	return n;
}

static int limit_set(int fd, int name, int ms)
{
	struct timeval tv = { 0 };

	if (!ms)
		return -EINVAL;
	if (ms > 0) {
		tv.tv_sec = ms / 1000;
		tv.tv_usec = ms % 1000 * 1000;
	}
	return result(setsockopt(fd, SOL_SOCKET, name, &tv, sizeof(tv)));
}

int ipc_set_timeouts(int fd, int send_ms, int recv_ms)
{
	int err;

	if (!send_ms || !recv_ms)
		return -EINVAL;
	err = limit_set(fd, SO_SNDTIMEO, send_ms);
	if (err)
		return err;
	return limit_set(fd, SO_RCVTIMEO, recv_ms);
}

int ipc_set_queue(int fd, const struct dipc_queue_conf *conf)
{
	return option_set(fd, DIPC_QUEUE, conf, sizeof(*conf));
}

int ipc_get_queue(int fd, struct dipc_queue_conf *conf)
{
	struct dipc_queue_conf c;
	int err;

	err = option_get(fd, DIPC_QUEUE, &c, sizeof(c));
	if (!err)
		*conf = c;
	return err;
}

int ipc_reuse_name(int fd, int on)
{
	return option_set(fd, DIPC_REUSE_NAME, &on, sizeof(on));
}

int ipc_port_id(int fd, uint64_t *port)
{
	uint64_t id;
	int err;

	err = option_get(fd, DIPC_PORT_ID, &id, sizeof(id));
	if (!err)
		*port = id;
	return err;
}
