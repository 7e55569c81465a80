// SPDX-License-Identifier: GPL-2.0
/*
 * The face to user space: what each system call on an AF_DIPC socket comes
 * to. Addresses are checked here once and passed on; everything else is a
 * line that calls who does the work.
 */
#include <linux/compat.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sockios.h>

#include <asm/ioctls.h>
#include <net/sock.h>

#include "ioctl.h"
#include "sock.h"
#include "socket.h"

static int dipc_family;

static int socket_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	sock->sk = NULL;
	dipc_sock_release(dipc_sk(sk));
	return 0;
}

static int socket_bind(struct socket *sock, struct sockaddr *uaddr, int len)
{
	struct sock *sk = sock->sk;
	struct sockaddr_dipc addr;
	int err;

	err = dipc_addr_parse(&addr, uaddr, len, sk->sk_family);
	return err ? err : dipc_sock_bind(dipc_sk(sk), &addr);
}

static int socket_connect(struct socket *sock, struct sockaddr *uaddr, int len,
			  int flags)
{
	struct dipc_sock *ds = dipc_sk(sock->sk);
	struct sockaddr_dipc addr;
	int err;

	if (len < (int)sizeof(uaddr->sa_family))
		return -EINVAL;
	/* as for every datagram socket, this dissolves the association */
	if (uaddr->sa_family == AF_UNSPEC) {
		dipc_addr_from_port(&addr, sock->sk->sk_family, 0);
	} else {
		err = dipc_addr_parse(&addr, uaddr, len, sock->sk->sk_family);
		if (err)
			return err;
		if (addr.sdipc_type == DIPC_ADDR_ANY)
			return -EINVAL;
	}
	return dipc_sock_connect(ds, &addr);
}

static int link_connect(struct socket *sock, struct sockaddr *uaddr, int len,
			int flags)
{
	struct dipc_sock *ds = dipc_sk(sock->sk);
	struct sockaddr_dipc addr;
	int err;

	/* a connection cannot be dissolved; AF_UNIX says the same */
	if (len < (int)sizeof(uaddr->sa_family) ||
	    uaddr->sa_family == AF_UNSPEC)
		return -EINVAL;
	err = dipc_addr_parse(&addr, uaddr, len, sock->sk->sk_family);
	if (err)
		return err;
	if (addr.sdipc_type == DIPC_ADDR_ANY)
		return -EINVAL;
	err = dipc_sock_connect_link(ds, &addr, !(flags & O_NONBLOCK));
	if (!err)
		sock->state = SS_CONNECTED;
	return err;
}

static int link_socketpair(struct socket *a, struct socket *b)
{
	int err = dipc_sock_pair(dipc_sk(a->sk), dipc_sk(b->sk));

	if (err)
		return err;
	a->state = SS_CONNECTED;
	b->state = SS_CONNECTED;
	return 0;
}

static int link_listen(struct socket *sock, int backlog)
{
	return dipc_sock_listen(dipc_sk(sock->sk), backlog);
}

static int link_accept(struct socket *sock, struct socket *newsock,
		       DIPC_ACCEPT_ARGS)
{
	return dipc_sock_accept(dipc_sk(sock->sk), newsock, DIPC_ACCEPT_FLAGS);
}

static int link_shutdown(struct socket *sock, int how)
{
	return dipc_sock_shutdown(dipc_sk(sock->sk), how);
}

static int socket_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	struct sockaddr_dipc *addr = (struct sockaddr_dipc *)uaddr;
	struct dipc_sock *ds = dipc_sk(sock->sk);
	struct dipc_route *route;

	if (peer) {
		route = dipc_sock_route(ds);
		if (!route)
			return -ENOTCONN;
		dipc_route_addr(route, ds->sk.sk_family, addr);
		dipc_route_put(route);
	} else {
		dipc_sock_name(ds, addr);
	}
	return sizeof(*addr);
}

static int socket_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	return dipc_sock_send(dipc_sk(sock->sk), msg, len);
}

static int socket_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
			  int flags)
{
	return dipc_sock_receive(dipc_sk(sock->sk), msg, len, flags);
}

static int socket_setsockopt(struct socket *sock, int level, int optname,
			     sockptr_t optval, unsigned int optlen)
{
	if (level != SOL_DIPC)
		return -ENOPROTOOPT;
	return dipc_sock_setopt(dipc_sk(sock->sk), optname, optval, optlen);
}

static int socket_getsockopt(struct socket *sock, int level, int optname,
			     char __user *optval, int __user *optlen)
{
	if (level != SOL_DIPC)
		return -ENOPROTOOPT;
	return dipc_sock_getopt(dipc_sk(sock->sk), optname, optval, optlen);
}

/* As for AF_UNIX: of the first message; of a connection, all that is there. */
static long readable_bytes(struct dipc_sock *ds)
{
	struct dipc_queue *q = dipc_sock_rx(ds);
	const struct dipc_want *want;
	struct dipc_want standing;
	u32 len;

	if (READ_ONCE(ds->sk.sk_state) == TCP_LISTEN)
		return -EINVAL;
	if (!q)
		return 0;
	want = dipc_sock_want(ds, &standing);
	if (dipc_sock_is_link(ds) && !want) {
		dipc_queue_expire(q);
		return min_t(u64, READ_ONCE(q->bytes), INT_MAX);
	}
	if (READ_ONCE(q->closed))
		return q->close_err;
	return dipc_queue_first(q, want, &len) ? len : 0;
}

/* Apart, so that an operation does not pay for what this keeps on the stack. */
static noinline int usual_ioctl(struct dipc_sock *ds, unsigned int cmd,
				int __user *where)
{
	long amount;

	switch (cmd) {
	case SIOCINQ:
		amount = readable_bytes(ds);
		return amount < 0 ? amount : put_user((int)amount, where);
	case SIOCOUTQ:
		amount = dipc_sock_outstanding(ds);
		return put_user((int)min_t(long, amount, INT_MAX), where);
	default:
		return -ENOIOCTLCMD;
	}
}

static int socket_ioctl(struct socket *sock, unsigned int cmd,
			unsigned long arg)
{
	struct dipc_sock *ds = dipc_sk(sock->sk);

	if (likely(dipc_ioctl_is_op(cmd)))
		return dipc_ioctl_op(ds, (void __user *)arg,
				     !(sock->file->f_flags & O_NONBLOCK));
	return usual_ioctl(ds, cmd, (int __user *)arg);
}

#ifdef CONFIG_COMPAT
static int socket_compat_ioctl(struct socket *sock, unsigned int cmd,
			       unsigned long arg)
{
	return socket_ioctl(sock, cmd, (unsigned long)compat_ptr(arg));
}
#endif

/* Where MSG_PEEK begins: of messages it is always the first. */
static int link_set_peek_off(struct sock *sk, int offset)
{
	if (sk->sk_type != SOCK_STREAM)
		return -EOPNOTSUPP;
	return sk_set_peek_off(sk, offset);
}

/*
 * Without "const": the family is known only when the module is loaded. This
 * one is for messages.
 */
static struct proto_ops dipc_ops __ro_after_init = {
	.owner		= THIS_MODULE,
	.release	= socket_release,
	.bind		= socket_bind,
	.connect	= socket_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= sock_no_accept,
	.getname	= socket_getname,
	.poll		= dipc_sock_poll,
	.ioctl		= socket_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= socket_compat_ioctl,
#endif
	.listen		= sock_no_listen,
	.shutdown	= sock_no_shutdown,
	.setsockopt	= socket_setsockopt,
	.getsockopt	= socket_getsockopt,
	.sendmsg	= socket_sendmsg,
	.recvmsg	= socket_recvmsg,
	.mmap		= sock_no_mmap,
};

/* Of both types: for connections. */
static struct proto_ops dipc_link_ops __ro_after_init = {
	.owner		= THIS_MODULE,
	.release	= socket_release,
	.bind		= socket_bind,
	.connect	= link_connect,
	.socketpair	= link_socketpair,
	.accept		= link_accept,
	.getname	= socket_getname,
	.poll		= dipc_sock_poll,
	.ioctl		= socket_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= socket_compat_ioctl,
#endif
	.listen		= link_listen,
	.shutdown	= link_shutdown,
	.setsockopt	= socket_setsockopt,
	.getsockopt	= socket_getsockopt,
	.sendmsg	= socket_sendmsg,
	.recvmsg	= socket_recvmsg,
	.mmap		= sock_no_mmap,
	.set_peek_off	= link_set_peek_off,
};

static const struct proto_ops *ops_of(int type)
{
	switch (type) {
	case SOCK_RDM:
	case SOCK_DGRAM:
		return &dipc_ops;
	case SOCK_SEQPACKET:
	case SOCK_STREAM:
		return &dipc_link_ops;
	default:
		return NULL;
	}
}

static int create(struct net *net, struct socket *sock, int protocol, int kern)
{
	const struct proto_ops *ops = ops_of(sock->type);

	if (!ops)
		return -ESOCKTNOSUPPORT;
	if (protocol)
		return -EPROTONOSUPPORT;
	if (!dipc_sock_create(net, dipc_family, sock, sock->type, kern))
		return -ENOMEM;
	sock->ops = ops;
	return 0;
}

static struct net_proto_family dipc_proto_family = {
	.create	= create,
	.owner	= THIS_MODULE,
};

/**
 * dipc_socket_family() - the family number the module goes by
 *
 * Context: any.
 * Return: the number, AF_DIPC unless the module was loaded with another.
 */
int dipc_socket_family(void)
{
	return dipc_family;
}

/**
 * dipc_socket_register() - let sockets be made
 * @family: under this number
 *
 * Context: process, when the module is loaded.
 * Return: 0; -EINVAL for a number that no family has; -EEXIST if another
 * module has it; -ENOBUFS or -ENOMEM.
 */
int dipc_socket_register(int family)
{
	int err;

	if (family <= AF_UNSPEC || family >= AF_MAX)
		return -EINVAL;
	dipc_family = family;
	dipc_ops.family = family;
	dipc_link_ops.family = family;
	dipc_proto_family.family = family;
	err = dipc_sock_register();
	if (err)
		return err;
	err = sock_register(&dipc_proto_family);
	if (err)
		dipc_sock_unregister();
	return err;
}

/**
 * dipc_socket_unregister() - undo dipc_socket_register()
 *
 * Context: process, when no socket is left.
 */
void dipc_socket_unregister(void)
{
	sock_unregister(dipc_family);
	dipc_sock_unregister();
}
