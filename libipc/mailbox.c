// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mailboxes by handle: open, put, get, poll, notify. A handle is a socket that
 * is bound to the mailbox to take messages, connected to it to put them, or
 * both.
 *
 * A time limit is the socket's own (SO_RCVTIMEO, SO_SNDTIMEO), not poll() and
 * a non-blocking try: so the caller stands in the mailbox's queue of waiters,
 * where it is served in its turn, and an unbuffered mailbox sees it. The
 * handle remembers what it has set last, because callers seldom change it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "internal.h"

/* How often to make a mailbox that others let vanish before it is attached. */
#define CREATE_TRIES	64

struct ipc_mailbox {
	int fd;
	int access;		/* O_RDONLY, O_WRONLY or O_RDWR */
	atomic_int recv_ms;	/* what is set in the kernel; -1 for ever */
	atomic_int send_ms;
};

static int handle_new(int oflag, struct ipc_mailbox **mb)
{
	struct ipc_mailbox *new;
	int fd;

	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	fd = ipc_open(SOCK_RDM, oflag & O_NONBLOCK);
	if (fd < 0) {
		free(new);
		return fd;
	}
	new->fd = fd;
	new->access = oflag & O_ACCMODE;
	new->recv_ms = -1;
	new->send_ms = -1;
	*mb = new;
	return 0;
}

static int handle_attach(struct ipc_mailbox *mb,
			 const struct sockaddr_dipc *addr)
{
	int err = 0;

	if (mb->access != O_WRONLY)
		err = ipc_bind(mb->fd, addr);
	if (!err && mb->access != O_RDONLY)
		err = ipc_connect(mb->fd, addr);
	return err;
}

static bool oflag_is_valid(int oflag, int allowed)
{
	if (oflag & ~(O_ACCMODE | O_NONBLOCK | O_CLOEXEC | allowed))
		return false;
	if ((oflag & O_EXCL) && !(oflag & O_CREAT))
		return false;
	return (oflag & O_ACCMODE) != O_ACCMODE;
}

/* One try; the mailbox may vanish between its creation and the attaching. */
static int open_once(const char *name, int oflag,
		     const struct ipc_mailbox_attr *attr,
		     struct ipc_mailbox **mb)
{
	struct sockaddr_dipc addr;
	struct ipc_mailbox *new;
	int err;

	/* The socket first: what fails for want of one has made no mailbox. */
	err = handle_new(oflag, &new);
	if (err)
		return err;
	if (oflag & O_CREAT)
		err = ipc_mailbox_create(name, attr, oflag & O_EXCL);
	if (err >= 0)
		err = ipc_addr_mailbox(name, 0, &addr);
	if (!err)
		err = handle_attach(new, &addr);
	if (err) {
		ipc_mailbox_close(new);
		return err;
	}
	*mb = new;
	return 0;
}

int ipc_mailbox_open(const char *name, int oflag,
		     const struct ipc_mailbox_attr *attr,
		     struct ipc_mailbox **mb)
{
	int tries = oflag & O_CREAT ? CREATE_TRIES : 1;
	int err;

	if (!oflag_is_valid(oflag, O_CREAT | O_EXCL))
		return -EINVAL;
	if ((attr && !(oflag & O_CREAT)) || !ipc_name_is_valid(name))
		return -EINVAL;
	do {
		err = open_once(name, oflag, attr, mb);
	} while ((err == -ENOENT || err == -EIDRM) && --tries);
	return err;
}

int ipc_mailbox_open_addr(const struct sockaddr_dipc *addr, int oflag,
			  struct ipc_mailbox **mb)
{
	struct ipc_mailbox *new;
	int err;

	if (!oflag_is_valid(oflag, 0) || addr->sdipc_type != DIPC_ADDR_MAILBOX)
		return -EINVAL;
	err = handle_new(oflag, &new);
	if (err)
		return err;
	err = handle_attach(new, addr);
	if (err) {
		ipc_mailbox_close(new);
		return err;
	}
	*mb = new;
	return 0;
}

int ipc_mailbox_close(struct ipc_mailbox *mb)
{
	if (mb) {
		close(mb->fd);
		free(mb);
	}
	return 0;
}

int ipc_mailbox_fd(const struct ipc_mailbox *mb)
{
	return mb->fd;
}

/*
 * Have calls on the handle's socket wait for timeout_ms, which is not 0.
 * Threads that use one handle with the same time limit, or with none, do not
 * disturb each other.
 */
static int timeout_set(struct ipc_mailbox *mb, atomic_int *set_ms, int name,
		       int timeout_ms)
{
	struct timeval tv = { 0 };

	if (timeout_ms < 0)
		timeout_ms = -1;
	if (atomic_load_explicit(set_ms, memory_order_relaxed) == timeout_ms)
		return 0;
	if (timeout_ms > 0) {
		tv.tv_sec = timeout_ms / 1000;
		tv.tv_usec = timeout_ms % 1000 * 1000;
	}
	if (setsockopt(mb->fd, SOL_SOCKET, name, &tv, sizeof(tv)) < 0)
		return -errno;
	atomic_store_explicit(set_ms, timeout_ms, memory_order_relaxed);
	return 0;
}

/* EAGAIN means that time ran out, unless the socket was not to wait at all. */
static int timeout_error(struct ipc_mailbox *mb, int err, int timeout_ms)
{
	int flags;

	if (err != -EAGAIN || timeout_ms <= 0)
		return err;
	flags = fcntl(mb->fd, F_GETFL);
	return flags >= 0 && (flags & O_NONBLOCK) ? -EAGAIN : -ETIMEDOUT;
}

int ipc_mailbox_put(struct ipc_mailbox *mb, const void *buf, size_t len,
		    int timeout_ms)
{
	ssize_t n;
	int err;

	if (mb->access == O_RDONLY)
		return -EBADF;
	if (timeout_ms) {
		err = timeout_set(mb, &mb->send_ms, SO_SNDTIMEO, timeout_ms);
		if (err)
			return err;
	}
	n = ipc_send(mb->fd, buf, len, timeout_ms ? 0 : MSG_DONTWAIT);
	return n < 0 ? timeout_error(mb, n, timeout_ms) : 0;
}

ssize_t ipc_mailbox_get(struct ipc_mailbox *mb, void *buf, size_t len,
			struct sockaddr_dipc *from, int timeout_ms)
{
	ssize_t n;
	int err;

	if (mb->access == O_WRONLY)
		return -EBADF;
	if (timeout_ms) {
		err = timeout_set(mb, &mb->recv_ms, SO_RCVTIMEO, timeout_ms);
		if (err)
			return err;
	}
	n = ipc_recvfrom(mb->fd, buf, len, timeout_ms ? 0 : MSG_DONTWAIT, from);
	return n < 0 ? timeout_error(mb, n, timeout_ms) : n;
}

int ipc_mailbox_poll(struct ipc_mailbox *mb, int events, int timeout_ms)
{
	struct pollfd pfd = { .fd = mb->fd, .events = events };
	int n;

	if (!events || (events & ~(POLLIN | POLLOUT)))
		return -EINVAL;
	n = poll(&pfd, 1, timeout_ms);
	if (n < 0)
		return -errno;
	return n ? pfd.revents : 0;
}

int ipc_mailbox_notify(struct ipc_mailbox *mb, int signo, int flags)
{
	if (mb->access == O_WRONLY)
		return -EBADF;
	return ipc_notify(mb->fd, signo, flags);
}
