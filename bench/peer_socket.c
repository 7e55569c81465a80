// SPDX-License-Identifier: GPL-2.0
/*
 * Peers that are sockets, of whatever family: made by socketpair(), bound and
 * connected to one another, or accepted; then send() and recv(), or sendmsg()
 * and recvmsg() with credentials.
 */
#include <arpa/inet.h>
#include <linux/tipc.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_socket.h"
#include "tools.h"

#define ROOM_DEFAULT	(100 << 10)	/* the least that any family has */
#define PER_MESSAGE	1024		/* what it is charged beside its length */
#define BACKLOG_DEFAULT	10		/* messages, net.unix.max_dgram_qlen */
#define SERVICE		18888		/* of TIPC, for users */

static const struct socket_kind *kind_of(const struct peer *p)
{
	return p->kind;
}

/* As deep as is asked for, else as it is. */
static int make_room(int fd, const struct shape *s)
{
	size_t bytes = (s->depth ? s->depth : 2) * (s->len + PER_MESSAGE);
	int room = bytes;

	if (bytes <= ROOM_DEFAULT)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
}

int socket_open(const struct socket_kind *k, const struct shape *s)
{
	int fd = socket(k->family, k->type, 0), one = 1;

	if (fd < 0)
		return -1;
	if (k->has_credentials &&
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)))
		return -1;
	if (k->family == AF_INET && k->type == SOCK_STREAM &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -1;
	if (make_room(fd, s) || (k->prepare && k->prepare(fd, s)))
		return -1;
	return fd;
}

int socket_pair_open(struct link *l)
{
	const struct socket_kind *k = kind_of(l->peer);
	bool is_deep = k->family == AF_UNIX && l->shape.depth > BACKLOG_DEFAULT;
	char text[20];
	int fd[2], ret, one = 1;

	if (is_deep) {
		snprintf(text, sizeof(text), "%u", l->shape.depth);
		write_file("/proc/sys/net/unix/max_dgram_qlen", text);
	}
	ret = socketpair(k->family, k->type, 0, fd);
	if (is_deep)
		write_file("/proc/sys/net/unix/max_dgram_qlen", "10");
	if (ret)
		return -1;
	for (int i = 0; i < 2; i++) {
		if (k->has_credentials &&
		    setsockopt(fd[i], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)))
			return -1;
		if (make_room(fd[i], &l->shape) ||
		    (k->prepare && k->prepare(fd[i], &l->shape)))
			return -1;
	}
	l->a = (struct end) { fd[0], fd[0] };
	l->b = (struct end) { fd[1], fd[1] };
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_tipc tipc;
	char bytes[128];
};

/* One that the kernel completes; of TIPC, a name that no other has. */
static socklen_t address_init(union address *a, const struct socket_kind *k)
{
	static unsigned int instance;

	memset(a, 0, sizeof(*a));
	a->any.sa_family = k->family;
	if (k->family == AF_INET) {
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(a->in);
	}
	if (k->family == AF_TIPC) {
		a->tipc.addrtype = TIPC_SERVICE_ADDR;
		a->tipc.scope = TIPC_NODE_SCOPE;
		a->tipc.addr.name.name.type = SERVICE;
		a->tipc.addr.name.name.instance = getpid() << 12 | instance++;
		return sizeof(a->tipc);
	}
	return k->address_len;
}

static socklen_t bind_any(int fd, union address *a, const struct socket_kind *k)
{
	socklen_t len = address_init(a, k), room = sizeof(*a);

	MUST(bind(fd, &a->any, len));
	if (k->family != AF_TIPC)
		MUST(getsockname(fd, &a->any, &room));
	return len;
}

int socket_bound_open(struct link *l)
{
	const struct socket_kind *k = kind_of(l->peer);
	int a = socket_open(k, &l->shape), b = socket_open(k, &l->shape);
	union address to_a, to_b;
	socklen_t len;

	if (a < 0 || b < 0)
		return -1;
	len = bind_any(a, &to_a, k);
	bind_any(b, &to_b, k);
	if (connect(a, &to_b.any, len) || connect(b, &to_a.any, len))
		return -1;
	l->a = (struct end) { a, a };
	l->b = (struct end) { b, b };
	return 0;
}

int socket_join(const struct link *l, struct end *e)
{
	const struct socket_kind *k = kind_of(l->peer);
	union address to;
	socklen_t len = sizeof(to);
	int fd = socket_open(k, &l->shape);

	if (fd < 0 || getpeername(l->a.out, &to.any, &len))
		return -1;
	*e = (struct end) { fd, fd };
	return connect(fd, &to.any, len);
}

int socket_accepted_open(struct link *l)
{
	const struct socket_kind *k = kind_of(l->peer);
	static int listener = -1;
	static union address to;
	static socklen_t len;
	int a, b;

	if (listener < 0) {
		listener = socket_open(k, &l->shape);
		if (listener < 0)
			return -1;
		len = bind_any(listener, &to, k);
		MUST(listen(listener, 8));
	}
	a = socket_open(k, &l->shape);
	if (a < 0 || connect(a, &to.any, len))
		return -1;
	b = accept(listener, NULL, NULL);
	if (b < 0)
		return -1;
	if (k->family == AF_INET) {
		int one = 1;

		MUST(setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	} else if (make_room(b, &l->shape) ||
		   (k->prepare && k->prepare(b, &l->shape))) {
		return -1;
	}
	l->a = (struct end) { a, a };
	l->b = (struct end) { b, b };
	return 0;
}

void socket_close(struct link *l)
{
	close(l->a.in);
	close(l->b.in);
}

int socket_make(const struct peer *p)
{
	static const struct shape nothing;

	return socket_open(kind_of(p), &nothing);
}

void socket_unmake(const struct peer *p, int nr)
{
	close(nr);
}

/* --- messages --- */

void socket_send(struct end *e, void *buf, size_t len)
{
	if (send(e->out, buf, len, 0) != (ssize_t)len)
		fail("send");
}

void socket_recv(struct end *e, void *buf, size_t len)
{
	if (recv(e->in, buf, len, 0) != (ssize_t)len)
		fail("recv");
}

void socket_recv_stream(struct end *e, void *buf, size_t len)
{
	if (recv(e->in, buf, len, MSG_WAITALL) != (ssize_t)len)
		fail("recv");
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(struct ucred)) + 256];
};

/* Who sends says so, and who receives is told. */
void socket_sendmsg(struct end *e, void *buf, size_t len)
{
	const struct ucred me = { .pid = getpid() };
	union control c;
	struct iovec v = { buf, len };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = CMSG_SPACE(sizeof(me)),
	};

	c.head = (struct cmsghdr) {
		CMSG_LEN(sizeof(me)), SOL_SOCKET, SCM_CREDENTIALS
	};
	memcpy(CMSG_DATA(&c.head), &me, sizeof(me));
	if (sendmsg(e->out, &m, 0) != (ssize_t)len)
		fail("sendmsg");
}

void socket_recvmsg(struct end *e, void *buf, size_t len)
{
	union control c;
	struct iovec v = { buf, len };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = sizeof(c),
	};

	if (recvmsg(e->in, &m, 0) != (ssize_t)len || !m.msg_controllen)
		fail("recvmsg");
}
