// SPDX-License-Identifier: GPL-2.0
/* What the suites about links share; see links.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>

#include "dipc_test.h"

#define ALL	(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLWRBAND | \
		 POLLRDHUP | POLLPRI)

short links_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = ALL };

	poll(&p, 1, 0);
	return p.revents;
}

int links_opt(int fd, int optname)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return DT_ERR(getsockopt(fd, SOL_SOCKET, optname, &value, &len)) ?:
	       value;
}

int links_name(int fd, bool peer, struct sockaddr_dipc *addr)
{
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	return DT_ERR(peer ? getpeername(fd, (struct sockaddr *)addr, &len) :
			     getsockname(fd, (struct sockaddr *)addr, &len));
}

bool links_is_name(int fd, bool peer, const struct sockaddr_dipc *want)
{
	struct sockaddr_dipc addr;

	return !links_name(fd, peer, &addr) &&
	       !memcmp(&addr, want, sizeof(addr));
}

int links_accept(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	long new;

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	new = DT_ERR(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	fcntl(fd, F_SETFL, flags);
	return new;
}

int links_connect(int fd, const struct sockaddr_dipc *addr)
{
	int flags = fcntl(fd, F_GETFL), err;

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	err = dt_connect(fd, addr);
	fcntl(fd, F_SETFL, flags);
	return err;
}

/* One byte that is there must be @c; what recv() gave otherwise. */
int links_take(int fd, char c)
{
	char got = 0;
	long n = DT_ERR(recv(fd, &got, 1, MSG_DONTWAIT));

	return n == 1 ? (got == c ? 1 : -EBADMSG) : n;
}

int links_put(int fd, char c)
{
	return DT_ERR(send(fd, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

int links_fill(int type, const struct sockaddr_dipc *addr)
{
	int fd, n = 0, err;

	do {
		fd = dt_socket(type);
		err = links_connect(fd, addr);
	} while (!err && ++n < 100);
	close(fd);
	return err == -EAGAIN ? n : err;
}
