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

#include "sock.h"
#include "socket.h"

/* Bytes of memory a socket may have outstanding, until SO_SNDBUF says else. */
#define DEFAULT_SNDBUF (4 * 1024 * 1024)

static int dipc_family;

static struct proto dipc_proto = {
	.name		= "DIPC",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct dipc_sock),
};

static int socket_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct dipc_sock *ds;

	if (!sk)
		return 0;
	ds = dipc_sk(sk);
	sock_orphan(sk);
	sock->sk = NULL;

	dipc_sock_unbind(ds);
	dipc_queue_unwatch_room(&ds->watcher);
	dipc_route_put(rcu_replace_pointer(ds->route, NULL, true));
	dipc_sender_put(rcu_replace_pointer(ds->sender, NULL, true));
	dipc_account_close(ds->account);
	sock_put(sk);
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

static int socket_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	struct sockaddr_dipc *addr = (struct sockaddr_dipc *)uaddr;
	struct dipc_sock *ds = dipc_sk(sock->sk);
	struct dipc_route *route;

	if (peer) {
		route = dipc_sock_route(ds);
		if (!route)
			return -ENOTCONN;
		*addr = route->addr;
		dipc_route_put(route);
	} else {
		lock_sock(&ds->sk);
		dipc_sock_name(ds, addr);
		release_sock(&ds->sk);
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

/* As for AF_UNIX datagrams: bytes of the first message, memory outstanding. */
static int socket_ioctl(struct socket *sock, unsigned int cmd,
			unsigned long arg)
{
	struct dipc_sock *ds = dipc_sk(sock->sk);
	struct dipc_queue *q = dipc_sock_rx(ds);
	int __user *where = (int __user *)arg;
	long amount;

	switch (cmd) {
	case SIOCINQ:
		if (q && READ_ONCE(q->closed))
			return q->close_err;
		amount = q ? dipc_queue_first_len(q) : 0;
		return put_user((int)amount, where);
	case SIOCOUTQ:
		amount = atomic_long_read(&ds->account->outstanding);
		return put_user((int)min_t(long, amount, INT_MAX), where);
	default:
		return -ENOIOCTLCMD;
	}
}

#ifdef CONFIG_COMPAT
static int socket_compat_ioctl(struct socket *sock, unsigned int cmd,
			       unsigned long arg)
{
	return socket_ioctl(sock, cmd, (unsigned long)compat_ptr(arg));
}
#endif

/* Without "const": the family is known only when the module is loaded. */
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

static int init_sock(struct sock *sk)
{
	struct dipc_sock *ds = dipc_sk(sk);

	sk->sk_sndbuf = DEFAULT_SNDBUF;
	/* from the first: the bits of sk_flags are not set atomically */
	sock_set_flag(sk, SOCK_RCU_FREE);
	spin_lock_init(&ds->sender_lock);
	dipc_queue_conf_default(&ds->conf);
	return dipc_sock_init_wake(ds);
}

static int create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct sock *sk;
	int err;

	if (sock->type != SOCK_RDM && sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol)
		return -EPROTONOSUPPORT;
	sk = sk_alloc(net, dipc_family, GFP_KERNEL, &dipc_proto, kern);
	if (!sk)
		return -ENOMEM;
	sock_init_data(sock, sk);
	err = init_sock(sk);
	if (err) {
		sock_orphan(sk);
		sock->sk = NULL;
		sock_put(sk);
		return err;
	}
	sock->ops = &dipc_ops;
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
	dipc_proto_family.family = family;
	err = proto_register(&dipc_proto, 1);
	if (err)
		return err;
	err = sock_register(&dipc_proto_family);
	if (err)
		proto_unregister(&dipc_proto);
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
	proto_unregister(&dipc_proto);
}
