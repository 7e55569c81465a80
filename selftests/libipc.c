// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: sockets and their options, each function, what it
 * gives and how it fails. What needs no module (addresses, arguments that are
 * refused at once) is tested by "make -C libipc check"; messages with
 * parameters, links, mailboxes and so on have suites of their own, libipc_*.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

FIXTURE(sockets)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;	/* the name */
	int rx, tx;
};

FIXTURE_SETUP(sockets)
{
	dt_unique(self->name, "name");
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &self->addr));
	self->rx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->tx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(sockets)
{
	close(self->rx);
	close(self->tx);
}

TEST(family_is_the_modules)
{
	int family = 0;
	FILE *f;
	int fd;

	fd = ipc_open(SOCK_RDM, 0); /* which loads the module */
	ASSERT_LE(0, fd);
	f = fopen("/sys/module/dipc/parameters/family", "re");
	ASSERT_NE(NULL, f);
	EXPECT_EQ(1, fscanf(f, "%d", &family));
	fclose(f);
	close(fd);
	EXPECT_EQ(family, ipc_family());
}

TEST(open_types_and_flags)
{
	static const int types[] = { SOCK_RDM, SOCK_DGRAM };
	socklen_t len;
	int fd, i, value;

	for (i = 0; i < 2; i++) {
		fd = ipc_open(types[i], 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
		len = sizeof(value);
		EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
		EXPECT_EQ(types[i], value);
		EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value,
					&len));
		EXPECT_EQ(ipc_family(), value);
		close(fd);

		fd = ipc_open(types[i], O_NONBLOCK | O_CLOEXEC);
		ASSERT_LE(0, fd);
		EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
		close(fd);
	}
	EXPECT_EQ(-ESOCKTNOSUPPORT, ipc_open(SOCK_RAW, 0));
	EXPECT_EQ(-EINVAL, ipc_open(SOCK_RDM, O_RDWR));
}

TEST_F(sockets, bind_name_send_and_reply_to_source)
{
	struct sockaddr_dipc from, port;
	uint64_t id;
	char buf[16];

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	EXPECT_EQ(5, ipc_send(self->tx, "hello", 5, 0));
	EXPECT_EQ(5, ipc_recvfrom(self->rx, buf, sizeof(buf), 0, &from));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));

	ASSERT_EQ(0, ipc_port_id(self->tx, &id));
	ASSERT_EQ(0, ipc_addr_port(id, 0, &port));
	EXPECT_EQ(0, memcmp(&from, &port, sizeof(port)));
	EXPECT_LT(DIPC_PORT_USER_MAX, id);

	EXPECT_EQ(2, ipc_sendto(self->rx, "hi", 2, 0, &from));
	EXPECT_EQ(2, ipc_recvfrom(self->tx, buf, sizeof(buf), 0, &from));
	EXPECT_EQ(0, memcmp(buf, "hi", 2));
	ASSERT_EQ(0, ipc_port_id(self->rx, &id));
	EXPECT_EQ(id, from.sdipc_port);

	/* A source may be of no interest. */
	EXPECT_EQ(2, ipc_send(self->tx, "ho", 2, 0));
	EXPECT_EQ(2, ipc_recvfrom(self->rx, buf, sizeof(buf), 0, NULL));
}

TEST_F(sockets, bind_to_each_kind)
{
	struct sockaddr_dipc addr, got;
	uint64_t id;
	int fd;

	/* A number of one's own choice. */
	ASSERT_EQ(0, ipc_addr_port(0xd1bc0000 + (getpid() & 0xffff), 0, &addr));
	EXPECT_EQ(0, ipc_bind(self->rx, &addr));
	EXPECT_EQ(0, ipc_getsockname(self->rx, &got));
	EXPECT_EQ(0, memcmp(&addr, &got, sizeof(got)));
	EXPECT_EQ(0, ipc_port_id(self->rx, &id));
	EXPECT_EQ(addr.sdipc_port, id);
	EXPECT_EQ(-EADDRINUSE, ipc_bind(self->tx, &addr));

	/* Names beside it. */
	EXPECT_EQ(0, ipc_bind(self->rx, &self->addr));
	EXPECT_EQ(-EADDRINUSE, ipc_bind(self->tx, &self->addr));

	/* A number of the kernel's choice. */
	EXPECT_EQ(0, ipc_bind(self->tx, NULL));
	EXPECT_EQ(0, ipc_getsockname(self->tx, &got));
	EXPECT_EQ(0, ipc_port_id(self->tx, &id));
	EXPECT_EQ(DIPC_ADDR_PORT, got.sdipc_type);
	EXPECT_EQ(id, got.sdipc_port);
	EXPECT_LT(DIPC_PORT_USER_MAX, id);

	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_addr_parse("any:", &addr));
	EXPECT_EQ(0, ipc_bind(fd, &addr));
	close(fd);
}

TEST_F(sockets, bind_fails)
{
	struct sockaddr_dipc addr;

	dt_unique(self->name, "missing");
	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	EXPECT_EQ(-ENOENT, ipc_bind(self->rx, &addr));
	ASSERT_EQ(0, ipc_addr_group(self->name, 0, &addr));
	EXPECT_EQ(-EOPNOTSUPP, ipc_bind(self->rx, &addr));
	ASSERT_EQ(0, ipc_addr_name("dipc.reserved", 0, &addr));
	EXPECT_EQ(-EINVAL, ipc_bind(self->rx, &addr));
	ASSERT_EQ(0, ipc_addr_name(self->name, 7, &addr));
	EXPECT_EQ(-EADDRNOTAVAIL, ipc_bind(self->rx, &addr));
	ASSERT_EQ(0, ipc_addr_port(DIPC_PORT_USER_MAX + 1, 0, &addr));
	EXPECT_EQ(-EADDRNOTAVAIL, ipc_bind(self->rx, &addr));
	self->addr.sdipc_family = AF_UNIX;
	EXPECT_EQ(-EAFNOSUPPORT, ipc_bind(self->rx, &self->addr));
	EXPECT_EQ(-EBADF, ipc_bind(-1, NULL));
}

TEST_F(sockets, connect_and_peername)
{
	struct sockaddr_dipc addr, got;

	EXPECT_EQ(-ENOTCONN, ipc_getpeername(self->tx, &got));
	EXPECT_EQ(-ENOTCONN, ipc_send(self->tx, "x", 1, 0));
	EXPECT_EQ(-ENOENT, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_addr_port(DIPC_PORT_USER_MAX - 1, 0, &addr));
	EXPECT_EQ(-ECONNREFUSED, ipc_connect(self->tx, &addr));
	ASSERT_EQ(0, ipc_addr_name(self->name, 7, &addr));
	EXPECT_EQ(-EHOSTUNREACH, ipc_connect(self->tx, &addr));
	ASSERT_EQ(0, ipc_addr_group(self->name, 0, &addr));
	EXPECT_EQ(-EOPNOTSUPP, ipc_connect(self->tx, &addr));

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_getpeername(self->tx, &got));
	EXPECT_EQ(0, memcmp(&got, &self->addr, sizeof(got)));
	EXPECT_EQ(-EBADF, ipc_connect(-1, &self->addr));
	EXPECT_EQ(-EBADF, ipc_getsockname(-1, &got));
	EXPECT_EQ(-EBADF, ipc_getpeername(-1, &got));
}

TEST_F(sockets, sendto_fails)
{
	struct dipc_queue_conf conf;
	struct sockaddr_dipc addr;
	static char big[4096];

	EXPECT_EQ(-ENOTCONN, ipc_sendto(self->tx, "x", 1, 0, NULL));
	EXPECT_EQ(-ENOENT, ipc_sendto(self->tx, "x", 1, 0, &self->addr));
	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	EXPECT_EQ(-ENOENT, ipc_sendto(self->tx, "x", 1, 0, &addr));
	ASSERT_EQ(0, ipc_addr_port(DIPC_PORT_USER_MAX - 1, 0, &addr));
	EXPECT_EQ(-ECONNREFUSED, ipc_sendto(self->tx, "x", 1, 0, &addr));
	ASSERT_EQ(0, ipc_addr_port(17, 3, &addr));
	EXPECT_EQ(-EHOSTUNREACH, ipc_sendto(self->tx, "x", 1, 0, &addr));
	ASSERT_EQ(0, ipc_addr_group(self->name, 0, &addr));
	EXPECT_EQ(-EOPNOTSUPP, ipc_sendto(self->tx, "x", 1, 0, &addr));
	EXPECT_EQ(-EBADF, ipc_sendto(-1, "x", 1, 0, &addr));

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	EXPECT_EQ(-EOPNOTSUPP, ipc_sendto(self->tx, "x", 1, MSG_OOB,
					  &self->addr));
	EXPECT_EQ(-EFAULT, ipc_sendto(self->tx, (void *)1, 1, 0, &self->addr));

	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	conf.msg_max_bytes = sizeof(big) - 1;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(-EMSGSIZE, ipc_sendto(self->tx, big, sizeof(big), 0,
					&self->addr));
	EXPECT_EQ(sizeof(big) - 1, ipc_sendto(self->tx, big, sizeof(big) - 1, 0,
					      &self->addr));
}

TEST_F(sockets, recv_tells_real_length)
{
	char buf[8];

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(10, ipc_sendto(self->tx, "0123456789", 10, 0, &self->addr));
	ASSERT_EQ(0, ipc_sendto(self->tx, NULL, 0, 0, &self->addr));
	ASSERT_EQ(1, ipc_sendto(self->tx, "z", 1, 0, &self->addr));

	memset(buf, '~', sizeof(buf));
	EXPECT_EQ(10, ipc_recv(self->rx, buf, 4, MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "0123~~~~", 8));
	EXPECT_EQ(10, ipc_recv(self->rx, buf, 5, 0));
	EXPECT_EQ(0, memcmp(buf, "01234~~~", 8));
	/* An empty message is no end. */
	EXPECT_EQ(0, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ('z', buf[0]);
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_F(sockets, recv_fails)
{
	struct sockaddr_dipc from;
	char buf[8];

	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(-EOPNOTSUPP, ipc_recv(self->rx, buf, sizeof(buf), MSG_OOB));
	EXPECT_EQ(-EBADF, ipc_recv(-1, buf, sizeof(buf), 0));
	EXPECT_EQ(-EBADF, ipc_recvfrom(-1, buf, sizeof(buf), 0, &from));

	/* A bad buffer takes nothing. */
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(1, ipc_sendto(self->tx, "z", 1, 0, &self->addr));
	EXPECT_EQ(-EFAULT, ipc_recv(self->rx, (void *)1, 8, MSG_DONTWAIT));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_F(sockets, timeouts)
{
	struct dipc_queue_conf conf;
	char buf[8];
	long start;

	EXPECT_EQ(-EINVAL, ipc_set_timeouts(self->rx, 0, -1));
	EXPECT_EQ(-EINVAL, ipc_set_timeouts(self->rx, -1, 0));
	EXPECT_EQ(-EBADF, ipc_set_timeouts(-1, 1, 1));

	ASSERT_EQ(0, ipc_set_timeouts(self->rx, -1, DT_SHORT_MS));
	start = dt_ticks_ms();
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	conf.capacity_msgs = 1;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_set_timeouts(self->tx, DT_SHORT_MS, -1));
	EXPECT_EQ(1, ipc_send(self->tx, "1", 1, 0));
	start = dt_ticks_ms();
	EXPECT_EQ(-EAGAIN, ipc_send(self->tx, "2", 1, 0));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);
	/* And what was not sent does not arrive. */
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), 0));
}

TEST_F(sockets, signal_interrupts)
{
	char buf[8];

	dt_count_signal(SIGALRM, 0);
	dt_tick(DT_SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_recv(self->rx, buf, sizeof(buf), 0));

	/* With a time limit a call is not restarted, even if it could be. */
	dt_count_signal(SIGALRM, SA_RESTART);
	ASSERT_EQ(0, ipc_set_timeouts(self->rx, DT_LONG_MS, DT_LONG_MS));
	EXPECT_EQ(-EINTR, ipc_recv(self->rx, buf, sizeof(buf), 0));
	dt_tick(0);
}

TEST_F(sockets, queue_limits_and_policies)
{
	struct dipc_queue_conf conf, got;
	char buf[8];

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	EXPECT_EQ(DIPC_POLICY_WAIT, conf.policy);
	EXPECT_LT(0, conf.capacity_msgs);
	conf.capacity_msgs = 2;
	conf.policy = DIPC_POLICY_REFUSE;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	ASSERT_EQ(0, ipc_get_queue(self->rx, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(got)));

	EXPECT_EQ(1, ipc_send(self->tx, "1", 1, 0));
	EXPECT_EQ(1, ipc_send(self->tx, "2", 1, 0));
	EXPECT_EQ(-ENOBUFS, ipc_send(self->tx, "3", 1, 0));

	conf.policy = DIPC_POLICY_WAIT;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(-EAGAIN, ipc_send(self->tx, "4", 1, MSG_DONTWAIT));

	conf.policy = DIPC_POLICY_DROP_NEWEST;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(1, ipc_send(self->tx, "5", 1, 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ('1', buf[0]);

	conf.policy = DIPC_POLICY_DROP_OLDEST;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(1, ipc_send(self->tx, "6", 1, 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ('2', buf[0]);
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ('6', buf[0]);
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));

	got = conf;
	got.policy = 4;
	EXPECT_EQ(-EINVAL, ipc_set_queue(self->rx, &got));
	got = conf;
	got.msg_max_bytes = DIPC_MSG_LEN_MAX + 1;
	EXPECT_EQ(-EINVAL, ipc_set_queue(self->rx, &got));
	got = conf;
	got.reserved[21] = 1;
	EXPECT_EQ(-EINVAL, ipc_set_queue(self->rx, &got));
	EXPECT_EQ(-EBADF, ipc_set_queue(-1, &conf));
	EXPECT_EQ(-EBADF, ipc_get_queue(-1, &conf));
}

TEST_F(sockets, reuse_name_rotates)
{
	char buf[8];
	int fd, i;

	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_reuse_name(self->rx, 1));
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	EXPECT_EQ(-EADDRINUSE, ipc_bind(fd, &self->addr));
	ASSERT_EQ(0, ipc_reuse_name(fd, 1));
	ASSERT_EQ(0, ipc_bind(fd, &self->addr));

	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(1, ipc_send(self->tx, "x", 1, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1, ipc_recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
		EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf),
				      MSG_DONTWAIT));
	}
	close(fd);
	EXPECT_EQ(-EBADF, ipc_reuse_name(-1, 1));
}

TEST_F(sockets, port_id_is_stable)
{
	uint64_t before, after, other;

	ASSERT_EQ(0, ipc_port_id(self->rx, &before));
	EXPECT_NE(0, before);
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_port_id(self->rx, &after));
	EXPECT_EQ(before, after);
	ASSERT_EQ(0, ipc_port_id(self->tx, &other));
	EXPECT_NE(before, other);
	EXPECT_EQ(-EBADF, ipc_port_id(-1, &other));
}

TEST(options_of_a_strange_socket)
{
	struct dipc_queue_conf conf = { 0 };
	uint64_t id;
	int fd;

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_GT(0, ipc_port_id(fd, &id));
	EXPECT_GT(0, ipc_get_queue(fd, &conf));
	EXPECT_GT(0, ipc_set_queue(fd, &conf));
	EXPECT_GT(0, ipc_reuse_name(fd, 1));
	EXPECT_GT(0, ipc_notify(fd, SIGUSR1, 0));
	close(fd);
}

TEST_HARNESS_MAIN
