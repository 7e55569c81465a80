// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Servers of several workers, which are threads of the program.
 *
 * A server has a socket at its address. With a name or a port number that is
 * the one that all workers receive from, for whoever is free then takes what
 * comes next. With a mailbox each worker has one of its own, and the server's
 * is only asked whether another worker is needed.
 *
 * Who sleeps in a receive can only be woken by what he waits for. So a worker
 * receives with a time limit, and looks now and then whether it is to stop.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define LOOK_MS		200

struct ipc_server {
	struct sockaddr_dipc addr;
	struct ipc_serve_conf conf;
	atomic_bool stopped;
	int fd;			/* at the address */
	int stop_fd;		/* an eventfd that is readable from then on */
	int epoll_fd;		/* of both */
};

static int socket_open(const struct sockaddr_dipc *addr, bool reuse_name)
{
	int fd, err = 0;

	fd = ipc_open(SOCK_RDM, 0);
	if (fd < 0)
		return fd;
	if (reuse_name)
		err = ipc_reuse_name(fd, 1);
	if (!err)
		err = ipc_set_recv_calls(fd, 1);
	if (!err)
		err = ipc_set_timeouts(fd, -1, LOOK_MS);
	if (!err)
		err = ipc_bind(fd, addr);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* What the program is told of once must be told by the edge. */
static int epoll_open(int fd, int stop_fd)
{
	struct epoll_event need = {
		.events = EPOLLPRI | EPOLLET,
		.data.fd = fd,
	};
	struct epoll_event stop = { .events = EPOLLIN, .data.fd = stop_fd };
	int epoll_fd, err;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	if (!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &need) &&
	    !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop))
		return epoll_fd;
	err = -errno;
	close(epoll_fd);
	return err;
}

int ipc_server_open(const struct sockaddr_dipc *addr,
		    const struct ipc_serve_conf *conf, int flags,
		    struct ipc_server **server)
{
	struct ipc_server *new;
	int err;

	if ((flags & ~IPC_SERVER_REUSE_NAME) || !serve_conf_is_valid(conf))
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->addr = *addr;
	new->conf = *conf;
	err = new->fd = socket_open(addr, flags & IPC_SERVER_REUSE_NAME);
	if (err < 0)
		goto free;
	new->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (new->stop_fd < 0) {
		err = -errno;
		goto close_fd;
	}
	err = new->epoll_fd = epoll_open(new->fd, new->stop_fd);
	if (err < 0)
		goto close_stop_fd;
	*server = new;
	return 0;

close_stop_fd:
	close(new->stop_fd);
close_fd:
	close(new->fd);
free:
	free(new);
	return err;
}

int ipc_server_close(struct ipc_server *server)
{
	if (server) {
		close(server->epoll_fd);
		close(server->stop_fd);
		close(server->fd);
		free(server);
	}
	return 0;
}

/* With a name or port number it is the server's own. */
static int worker_socket(const struct ipc_server *server)
{
	if (server->addr.sdipc_type != DIPC_ADDR_MAILBOX)
		return server->fd;
	return socket_open(&server->addr, false);
}

int ipc_server_work(struct ipc_server *server, int idle_ms)
{
	struct serve_limits limits = {
		.stopped = &server->stopped,
		.look_ms = LOOK_MS,
		.idle_ms = idle_ms,
	};
	int fd, ret;

	fd = worker_socket(server);
	if (fd < 0)
		return fd;
	ret = serve_run(fd, &server->conf, &limits);
	if (!ret)
		ipc_server_stop(server);
	if (fd != server->fd)
		close(fd);
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* The end of a mailbox is told again and again, unlike what is needed. */
static int mailbox_gone(struct ipc_server *server)
{
	struct epoll_event end = { .events = 0, .data.fd = server->fd };

	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->fd, &end);
	return -EIDRM;
}

/* The answer of ipc_server_wait(); -EAGAIN if there was nothing of interest. */
static int wait_once(struct ipc_server *server, int timeout_ms)
{
	struct epoll_event events[2];
	int i, n;

	n = epoll_wait(server->epoll_fd, events, 2, timeout_ms);
	if (n < 0)
		return -errno;
	if (atomic_load(&server->stopped))
		return 0;
	for (i = 0; i < n; i++) {
		if (events[i].events & EPOLLHUP)
			return mailbox_gone(server);
		if (events[i].events & EPOLLPRI)
			return 1;
	}
	return -EAGAIN;
}

int ipc_server_wait(struct ipc_server *server, int timeout_ms)
{
	/* never early: the clock's millisecond began before */
	int64_t left, end = now_ms() + timeout_ms + 1;
	int ret, wait_ms = timeout_ms;

	/* A request that was cancelled, or a completion, is of no interest. */
	while ((ret = wait_once(server, wait_ms)) == -EAGAIN && timeout_ms) {
		if (timeout_ms < 0)
			continue;
		left = end - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		wait_ms = left < timeout_ms ? left : timeout_ms;
	}
	return ret;
}

int ipc_server_fd(const struct ipc_server *server)
{
	return server->epoll_fd;
}

int ipc_server_stop(struct ipc_server *server)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_store(&server->stopped, true);
	/* It fails only if it is readable already. */
	n = write(server->stop_fd, &one, sizeof(one));
	(void)n;
	return 0;
}
