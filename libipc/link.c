// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Links: in pairs, by listening and connecting, in one direction or in both.
 *
 * The kernel makes a link for each direction. Where one end is for one
 * direction only, the other is shut down before the caller gets the
 * descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

static bool oflag_is_valid(int oflag, int allowed)
{
	if (oflag & ~(O_ACCMODE | O_CLOEXEC | allowed))
		return false;
	return (oflag & O_ACCMODE) != O_ACCMODE;
}

static bool type_is_valid(int type)
{
	return type == SOCK_SEQPACKET || type == SOCK_STREAM;
}

/* Leave the directions that oflag has. */
static int narrow(int fd, int oflag)
{
	switch (oflag & O_ACCMODE) {
	case O_RDONLY:
		return ipc_link_shutdown(fd, SHUT_WR);
	case O_WRONLY:
		return ipc_link_shutdown(fd, SHUT_RD);
	default:
		return 0;
	}
}

/* The descriptor if there is no error; else it is closed. */
static int fd_or_error(int fd, int err)
{
	if (!err)
		return fd;
	close(fd);
	return err;
}

int ipc_link_listen(int type, const struct sockaddr_dipc *addr, int backlog)
{
	int fd, err;

	if (!type_is_valid(type))
		return -EINVAL;
	fd = ipc_open(type, 0);
	if (fd < 0)
		return fd;
	err = ipc_bind(fd, addr);
	if (!err && listen(fd, backlog) < 0)
		err = -errno;
	return fd_or_error(fd, err);
}

int ipc_link_accept(int fd, int oflag)
{
	int flags = SOCK_CLOEXEC;
	int new;

	if (!oflag_is_valid(oflag, O_NONBLOCK))
		return -EINVAL;
	if (oflag & O_NONBLOCK)
		flags |= SOCK_NONBLOCK;
	new = accept4(fd, NULL, NULL, flags);
	if (new < 0)
		return -errno;
	return fd_or_error(new, narrow(new, oflag));
}

int ipc_link_connect(int type, const struct sockaddr_dipc *addr, int oflag)
{
	int fd, err;

	if (!type_is_valid(type) || !oflag_is_valid(oflag, O_NONBLOCK))
		return -EINVAL;
	fd = ipc_open(type, oflag & O_NONBLOCK);
	if (fd < 0)
		return fd;
	err = ipc_connect(fd, addr);
	if (!err)
		err = narrow(fd, oflag);
	return fd_or_error(fd, err);
}

int ipc_link_pair(int type, int oflag, int fds[2])
{
	static const int other[] = {
		[O_RDONLY] = O_WRONLY,
		[O_WRONLY] = O_RDONLY,
		[O_RDWR] = O_RDWR,
	};
	int pair[2];
	int err;

	if (!type_is_valid(type) || !oflag_is_valid(oflag, O_NONBLOCK))
		return -EINVAL;
	if (socketpair(ipc_family(), type | SOCK_CLOEXEC |
		       (oflag & O_NONBLOCK ? SOCK_NONBLOCK : 0), 0, pair) < 0)
		return -errno;
	err = narrow(pair[0], oflag);
	if (!err)
		err = narrow(pair[1], other[oflag & O_ACCMODE]);
	if (err) {
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	fds[0] = pair[0];
	fds[1] = pair[1];
	return 0;
}

int ipc_link_shutdown(int fd, int how)
{
	return shutdown(fd, how) < 0 ? -errno : 0;
}

int ipc_link_peer_cred(int fd, struct ipc_cred *cred)
{
	struct ipc_cred c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return -errno;
	/* What a socket without another end has. */
	if (!c.pid && c.uid == (uint32_t)-1)
		return -ENOTCONN;
	*cred = c;
	return 0;
}

/* Give the name, and wait for one other end. */
static int pipe_meet(const struct sockaddr_dipc *addr, int oflag)
{
	int listener, fd;

	listener = ipc_link_listen(SOCK_STREAM, addr, 1);
	if (listener < 0)
		return listener;
	fd = ipc_link_accept(listener, oflag);
	close(listener);
	return fd;
}

int ipc_pipe_open(const char *name, int oflag)
{
	int allowed = oflag & O_CREAT ? O_CREAT : O_NONBLOCK;
	struct sockaddr_dipc addr;
	int err;

	if (!oflag_is_valid(oflag, allowed) || (oflag & O_ACCMODE) == O_RDWR)
		return -EINVAL;
	err = ipc_addr_name(name, 0, &addr);
	if (err)
		return err;
	if (oflag & O_CREAT)
		return pipe_meet(&addr, oflag & ~O_CREAT);
	return ipc_link_connect(SOCK_STREAM, &addr, oflag);
}
