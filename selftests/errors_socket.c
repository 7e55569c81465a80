// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 120
 *
 * How calls fail that have to do neither with addresses nor with messages; what
 * an AF_DIPC socket does not do; and without the module. See errors.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <linux/sockios.h>

#include "errors.h"

/*
 * socket(), socketpair()
 */

ROW(E_SOCK_01, ESOCKTNOSUPPORT, type)
{
	int sv[2];

	NEED(DT_ERR(socketpair(dt_family(), SOCK_RAW, 0, sv)) ==
	     -ESOCKTNOSUPPORT);
	return DT_ERR(socket(dt_family(), SOCK_RAW, 0));
}

ROW(E_SOCK_02, EPROTONOSUPPORT, protocol)
{
	int sv[2];

	NEED(DT_ERR(socketpair(dt_family(), SOCK_STREAM, 1, sv)) ==
	     -EPROTONOSUPPORT);
	return DT_ERR(socket(dt_family(), SOCK_RDM, 1));
}

ROW(E_SOCK_03, EINVAL, unknown_flag)
{
	return DT_ERR(socket(dt_family(), SOCK_RDM | 0x10, 0));
}

ROW(E_SOCK_04, EINVAL, no_such_type)
{
	int sv[2];

	NEED(DT_ERR(socketpair(dt_family(), 11, 0, sv)) == -EINVAL);
	return DT_ERR(socket(dt_family(), 11, 0));
}

ROW(E_SOCK_05, EMFILE, too_many_descriptors)
{
	struct rlimit limit;

	NEED(!getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 0;
	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
	return dt_socket(SOCK_RDM);
}

static long make_socket(void)
{
	return dt_socket(SOCK_RDM);
}

static long load_with_no_family(void)
{
	return errors_module_load("family=0");
}

static long load_with_a_taken_family(void)
{
	return errors_module_load("family=1");
}

ROW(E_SOCK_06, EAFNOSUPPORT, no_module)
{
	return errors_without_module(&e->fd, &e->rx, &e->tx,
				     make_socket);
}

ROW(E_MOD_01, EAGAIN, unload_with_sockets_open)
{
	return errors_module_unload();
}

ROW(E_MOD_02, EINVAL, load_with_no_family)
{
	return errors_without_module(&e->fd, &e->rx, &e->tx,
				     load_with_no_family);
}

ROW(E_MOD_03, EEXIST, load_with_a_taken_family)
{
	return errors_without_module(&e->fd, &e->rx, &e->tx,
				     load_with_a_taken_family);
}

/*
 * ioctl()
 */

ROW(E_IOCTL_01, ENOTTY, unknown)
{
	int value;

	NEED(DT_ERR(ioctl(e->rx, 0x8906, &value)) == -ENOTTY);
	return DT_ERR(ioctl(e->rx, 0x4401, &value));
}

ROW(E_IOCTL_02, EFAULT, bad_pointer)
{
	NEED(DT_ERR(ioctl(e->fd, SIOCINQ, BAD)) == -EFAULT);
	return DT_ERR(ioctl(e->fd, SIOCOUTQ, BAD));
}

ROW(E_IOCTL_03, EIDRM, mailbox_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	int value;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_bind(e->fd, &mailbox));
	NEED(DT_ERR(ioctl(e->fd, SIOCINQ, &value)) == 0);
	NEED(!dt_mailbox_del(e->name));
	return DT_ERR(ioctl(e->fd, SIOCINQ, &value));
}

/*
 * Links: what the socket layer says of the caller's memory
 */

ROW(E_LINK_29, EFAULT, bad_pointer_to_the_new)
{
	struct sockaddr_dipc any = dt_any(), addr;
	socklen_t len = sizeof(addr);
	int server = dt_socket_bound(SOCK_SEQPACKET, &any);
	int client = dt_socket(SOCK_SEQPACKET);
	/* the compiler is not to know how bad it is */
	int *volatile pair = BAD;
	char c;

	NEED(server >= 0 && client >= 0 && !listen(server, 1));
	addr = dt_port_of(server);
	NEED(!dt_connect(client, &addr));
	NEED(DT_ERR(accept(server, BAD, &len)) == -EFAULT);
	/* it was taken, and is gone */
	NEED(DT_ERR(recv(client, &c, 1, 0)) == 0);
	close(server);
	close(client);
	return DT_ERR(socketpair(dt_family(), SOCK_STREAM, 0, pair));
}

/*
 * Calls that these sockets do not have
 */

ROW(E_NONE_01, EOPNOTSUPP, listen)
{
	return DT_ERR(listen(e->rx, 1));
}

ROW(E_NONE_02, EOPNOTSUPP, accept)
{
	NEED(DT_ERR(accept4(e->rx, NULL, NULL, SOCK_CLOEXEC)) == -EOPNOTSUPP);
	return DT_ERR(accept(e->rx, NULL, NULL));
}

ROW(E_NONE_03, EOPNOTSUPP, socketpair)
{
	int sv[2];

	return DT_ERR(socketpair(dt_family(), SOCK_RDM, 0, sv));
}

ROW(E_NONE_04, EOPNOTSUPP, shutdown)
{
	NEED(DT_ERR(shutdown(e->tx, SHUT_RD)) == -EOPNOTSUPP);
	NEED(DT_ERR(shutdown(e->tx, SHUT_WR)) == -EOPNOTSUPP);
	return DT_ERR(shutdown(e->tx, SHUT_RDWR));
}

ROW(E_NONE_05, ENODEV, mmap)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, e->rx, 0);

	return p == MAP_FAILED ? -errno : 0;
}

ROW(E_NONE_06, ESPIPE, lseek)
{
	char c;

	NEED(DT_ERR(pread(e->rx, &c, 1, 0)) == -ESPIPE);
	return DT_ERR(lseek(e->rx, 0, SEEK_SET));
}

ROW(E_NONE_07, ENOTSOCK, not_a_socket)
{
	int fd = open("/dev/null", O_RDWR);

	NEED(dt_bind(fd, &e->rx_addr) == -ENOTSOCK);
	NEED(dt_recv_number(fd, 0) == -ENOTSOCK);
	return dt_send_number(fd, 1, 0, &e->rx_addr);
}

ROW(E_NONE_08, EBADF, not_a_descriptor)
{
	NEED(dt_bind(-1, &e->rx_addr) == -EBADF);
	NEED(dt_recv_number(-1, 0) == -EBADF);
	return dt_send_number(-1, 1, 0, &e->rx_addr);
}

TEST_HARNESS_MAIN
