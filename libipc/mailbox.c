// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mailboxes by handle: open, put, get, poll, notify. A handle is a socket that
 * is bound to the mailbox to take messages, connected to it to put them, or
 * both.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/*
 * How often to make a mailbox that others let vanish before it is attached. The
 * first times at once; then it may be one that is going, whose name stays until
 * the task that takes it away has the processor again.
 */
#define CREATE_TRIES	64
#define CREATE_HASTE	8
#define CREATE_PAUSE_MAX_MS	100

struct ipc_mailbox {
	int fd;
	int access;		/* O_RDONLY, O_WRONLY or O_RDWR */
	struct timeout recv_limit;
	struct timeout send_limit;
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
	new->recv_limit.ms = -1;
	new->send_limit.ms = -1;
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

/* Before the n-th try that is not made at once; all together some seconds. */
static void create_pause(int n)
{
	int ms = n < 7 ? 1 << n : CREATE_PAUSE_MAX_MS;
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	/* a signal shortens it, and that does no harm */
	nanosleep(&ts, NULL);
}

int ipc_mailbox_open(const char *name, int oflag,
		     const struct ipc_mailbox_attr *attr,
		     struct ipc_mailbox **mb)
{
	int tries = oflag & O_CREAT ? CREATE_TRIES : 1;
	int err, i;

	if (!oflag_is_valid(oflag, O_CREAT | O_EXCL))
		return -EINVAL;
	if ((attr && !(oflag & O_CREAT)) || !ipc_name_is_valid(name))
		return -EINVAL;
	for (i = 0; i < tries; i++) {
		if (i >= CREATE_HASTE)
			create_pause(i - CREATE_HASTE);
		err = open_once(name, oflag, attr, mb);
		if (err != -ENOENT && err != -EIDRM)
			break;
	}
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

int ipc_mailbox_putmsg(struct ipc_mailbox *mb, const struct iovec *iov,
		       int iovcnt, const struct ipc_send_attr *attr,
		       int timeout_ms)
{
	ssize_t n;
	int err;

	if (mb->access == O_RDONLY)
		return -EBADF;
	if (attr && attr->to)
		return -EINVAL;
	/* Then EAGAIN is never that time ran out. */
	if (attr && (attr->fields & (IPC_SEND_ASYNC | IPC_SEND_CALL)))
		timeout_ms = 0;
	if (timeout_ms) {
		err = timeout_set(mb->fd, &mb->send_limit, SO_SNDTIMEO,
				  timeout_ms);
		if (err)
			return err;
	}
	n = ipc_sendmsg(mb->fd, iov, iovcnt, timeout_ms ? 0 : MSG_DONTWAIT,
			attr);
	return n < 0 ? timeout_error(mb->fd, n, timeout_ms) : 0;
}

int ipc_mailbox_put(struct ipc_mailbox *mb, const void *buf, size_t len,
		    int timeout_ms)
{
	struct iovec iov = { (void *)buf, len };

	return ipc_mailbox_putmsg(mb, &iov, 1, NULL, timeout_ms);
}

static int get_prepare(struct ipc_mailbox *mb, int timeout_ms)
{
	if (mb->access == O_WRONLY)
		return -EBADF;
	if (!timeout_ms)
		return 0;
	return timeout_set(mb->fd, &mb->recv_limit, SO_RCVTIMEO, timeout_ms);
}

ssize_t ipc_mailbox_getmsg(struct ipc_mailbox *mb, const struct iovec *iov,
			   int iovcnt, int flags, struct ipc_recv_attr *attr,
			   int timeout_ms)
{
	ssize_t n;
	int err;

	if (flags & ~MSG_PEEK)
		return -EINVAL;
	err = get_prepare(mb, timeout_ms);
	if (err)
		return err;
	n = ipc_recvmsg(mb->fd, iov, iovcnt,
			flags | (timeout_ms ? 0 : MSG_DONTWAIT), attr);
	return n < 0 ? timeout_error(mb->fd, n, timeout_ms) : n;
}

ssize_t ipc_mailbox_get(struct ipc_mailbox *mb, void *buf, size_t len,
			struct sockaddr_dipc *from, int timeout_ms)
{
	ssize_t n;
	int err;

	err = get_prepare(mb, timeout_ms);
	if (err)
		return err;
	n = ipc_recvfrom(mb->fd, buf, len, timeout_ms ? 0 : MSG_DONTWAIT, from);
	return n < 0 ? timeout_error(mb->fd, n, timeout_ms) : n;
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
