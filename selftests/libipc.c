// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: each function, what it gives and how it fails.
 * What needs no module (addresses, arguments that are refused at once) is
 * tested by "make -C libipc check".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "kselftest_harness.h"

#define NOBODY		65534
#define SHORT_MS	50	/* a wait that is meant to run out */
#define LONG_MS		20000	/* a wait that is not */

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void unique_name(char *name, size_t size, const char *what)
{
	snprintf(name, size, "libipc.%s.%d", what, getpid());
}

/* Run fn in a child as another user, and give its result, -126 to 127. */
static int as_user(uid_t uid, int (*fn)(const char *name), const char *name)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(127);
		_exit(-fn(name) & 0xff);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return -WEXITSTATUS(status);
}

/*
 * Wait for what another process brings about, by looking; never for a time
 * in which it should have happened.
 */
#define WAIT_UNTIL(condition) ({					\
	long end_ = now_ms() + LONG_MS;					\
	bool ok_;							\
	while (!(ok_ = (condition)) && now_ms() < end_)			\
		usleep(1000);						\
	ok_;								\
})

static uint32_t waiting_receivers(const char *mailbox)
{
	struct ipc_mailbox_stat st;

	return ipc_mailbox_stat(mailbox, &st) ? 0 : st.waiting_receivers;
}

static uint32_t waiting_senders(const char *mailbox)
{
	struct ipc_mailbox_stat st;

	return ipc_mailbox_stat(mailbox, &st) ? 0 : st.waiting_senders;
}

static void on_signal(int signo)
{
}

static void handle(int signo, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(signo, &sa, NULL);
}

/*
 * A signal again and again, for the first one may come before the call that it
 * is to interrupt.
 */
static void tick(int ms)
{
	struct itimerval timer = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Sockets
 */

FIXTURE(sockets)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;	/* the name */
	int rx, tx;
};

FIXTURE_SETUP(sockets)
{
	unique_name(self->name, sizeof(self->name), "name");
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

	unique_name(self->name, sizeof(self->name), "missing");
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

	ASSERT_EQ(0, ipc_set_timeouts(self->rx, -1, SHORT_MS));
	start = now_ms();
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_LE(SHORT_MS - 10, now_ms() - start);

	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	conf.capacity_msgs = 1;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_set_timeouts(self->tx, SHORT_MS, -1));
	EXPECT_EQ(1, ipc_send(self->tx, "1", 1, 0));
	start = now_ms();
	EXPECT_EQ(-EAGAIN, ipc_send(self->tx, "2", 1, 0));
	EXPECT_LE(SHORT_MS - 10, now_ms() - start);
	/* And what was not sent does not arrive. */
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(-EAGAIN, ipc_recv(self->rx, buf, sizeof(buf), 0));
}

TEST_F(sockets, signal_interrupts)
{
	char buf[8];

	handle(SIGALRM, 0);
	tick(SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_recv(self->rx, buf, sizeof(buf), 0));

	/* With a time limit a call is not restarted, even if it could be. */
	handle(SIGALRM, SA_RESTART);
	ASSERT_EQ(0, ipc_set_timeouts(self->rx, LONG_MS, LONG_MS));
	EXPECT_EQ(-EINTR, ipc_recv(self->rx, buf, sizeof(buf), 0));
	tick(0);
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

/* One look, without waiting; SIGIO and signals of notification are queued. */
static int signal_pending(const sigset_t *set, siginfo_t *info)
{
	struct timespec none = { 0, 0 };

	return sigtimedwait(set, info, &none);
}

static int signal_await(const sigset_t *set, siginfo_t *info)
{
	struct timespec ts = { LONG_MS / 1000, 0 };

	return sigtimedwait(set, info, &ts);
}

static void block(sigset_t *set, int signo)
{
	sigemptyset(set);
	sigaddset(set, signo);
	sigaddset(set, SIGIO);
	sigprocmask(SIG_BLOCK, set, NULL);
}

TEST_F(sockets, notify_is_one_shot)
{
	siginfo_t info;
	sigset_t set;
	char buf[8];

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));

	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	ASSERT_EQ(1, ipc_send(self->tx, "1", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(self->rx, info.si_fd);
	ASSERT_EQ(1, ipc_send(self->tx, "2", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(1, ipc_send(self->tx, "3", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));

	/* Asked again, with a message there: only for the next first one. */
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(1, ipc_send(self->tx, "4", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(1, ipc_send(self->tx, "5", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));

	/* No more. */
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_notify(self->rx, 0, 0));
	ASSERT_EQ(1, ipc_send(self->tx, "6", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));

	EXPECT_EQ(-EINVAL, ipc_notify(self->rx, 1000, 0));
	EXPECT_EQ(-EINVAL, ipc_notify(self->rx, SIGRTMIN, 4));
	EXPECT_EQ(-EBADF, ipc_notify(-1, SIGRTMIN, 0));
}

TEST_F(sockets, notify_reaches_the_thread)
{
	struct f_owner_ex owner;

	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, IPC_NOTIFY_THREAD));
	ASSERT_EQ(0, fcntl(self->rx, F_GETOWN_EX, &owner));
	EXPECT_EQ(F_OWNER_TID, owner.type);
	EXPECT_EQ(gettid(), owner.pid);
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_GETOWN_EX, &owner));
	EXPECT_EQ(F_OWNER_PID, owner.type);
	EXPECT_EQ(getpid(), owner.pid);
}

/*
 * Mailboxes by name
 */

FIXTURE(mailbox)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_attr attr;
	struct ipc_mailbox_stat st;
	struct ipc_mailbox *rx, *tx;
};

FIXTURE_SETUP(mailbox)
{
	int err;

	unique_name(self->name, sizeof(self->name), "mbox");
	err = ipc_mailbox_create(self->name, NULL, O_EXCL);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &self->rx));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_WRONLY, NULL, &self->tx));
}

FIXTURE_TEARDOWN(mailbox)
{
	ipc_mailbox_close(self->rx);
	ipc_mailbox_close(self->tx);
	ipc_mailbox_delete(self->name);
}

static int set_limits(const char *name, uint32_t msgs, uint32_t policy)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_CAPACITY_MSGS | IPC_MAILBOX_POLICY,
		.capacity_msgs = msgs,
		.policy = policy,
	};

	return ipc_mailbox_set(name, &attr);
}

TEST(mailbox_create_with_attributes)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_UID | IPC_MAILBOX_GID | IPC_MAILBOX_MODE |
			  IPC_MAILBOX_CAPACITY_MSGS |
			  IPC_MAILBOX_CAPACITY_BYTES |
			  IPC_MAILBOX_MSG_MAX_BYTES | IPC_MAILBOX_POLICY |
			  IPC_MAILBOX_SCOPE | IPC_MAILBOX_TRANSIENT |
			  IPC_MAILBOX_ORDER,
		.uid = 12,
		.gid = 34,
		.mode = 0625,
		.capacity_msgs = 5,
		.capacity_bytes = 5000,
		.msg_max_bytes = 1000,
		.policy = DIPC_POLICY_DROP_OLDEST,
		.scope = DIPC_SCOPE_NODE,
		.transient = 1,
		.order = DIPC_ORDER_PRIORITY,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_stat st;

	unique_name(name, sizeof(name), "attr");
	ASSERT_EQ(0, ipc_mailbox_create(name, &attr, O_EXCL));
	ASSERT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, memcmp(&attr, &st.attr, sizeof(attr)))
		TH_LOG("fields %x %x mode %o %o transient %u", attr.fields,
		       st.attr.fields, attr.mode, st.attr.mode,
		       st.attr.transient);
	EXPECT_EQ(0, st.queued_msgs);
	EXPECT_EQ(0, st.queued_bytes);
	EXPECT_EQ(0, st.users);
	EXPECT_EQ(0, st.dropped);
	EXPECT_EQ(0, ipc_mailbox_delete(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_delete(name));
}

TEST_F(mailbox, create_again)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_CAPACITY_MSGS,
		.capacity_msgs = 3,
	};

	EXPECT_EQ(1, ipc_mailbox_create(self->name, &attr, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(self->name, &attr, O_EXCL));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_NE(3, self->st.attr.capacity_msgs);
}

TEST(mailbox_create_over_a_port)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_stat st;
	struct sockaddr_dipc addr;
	struct ipc_mailbox *mb;
	int fd;

	unique_name(name, sizeof(name), "port");
	ASSERT_EQ(0, ipc_addr_name(name, 0, &addr));
	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_bind(fd, &addr));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(name, NULL, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(name, NULL, O_EXCL));
	EXPECT_EQ(-EEXIST, ipc_mailbox_open(name, O_RDONLY | O_CREAT, NULL,
					    &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(-ENOENT, ipc_mailbox_delete(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_purge(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_WRONLY, NULL, &mb));
	close(fd);
}

TEST(mailbox_create_refuses_bad_values)
{
	static const struct ipc_mailbox_attr attrs[] = {
		{ .fields = IPC_MAILBOX_MODE, .mode = 01000 },
		{ .fields = IPC_MAILBOX_POLICY, .policy = 4 },
		{ .fields = IPC_MAILBOX_SCOPE, .scope = 3 },
		{ .fields = IPC_MAILBOX_MSG_MAX_BYTES,
		  .msg_max_bytes = DIPC_MSG_LEN_MAX + 1 },
		{ .fields = IPC_MAILBOX_MSG_MAX_BYTES |
			    IPC_MAILBOX_CAPACITY_BYTES,
		  .msg_max_bytes = 1000, .capacity_bytes = 999 },
		{ .fields = IPC_MAILBOX_UID, .uid = (uint32_t)-1 },
		{ .fields = IPC_MAILBOX_GID, .gid = (uint32_t)-1 },
	};
	char name[DIPC_NAME_MAX + 1];
	size_t i;
	int err;

	unique_name(name, sizeof(name), "bad");
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		err = ipc_mailbox_create(name, &attrs[i], 0);
		EXPECT_TRUE(err == -EINVAL || err == -ERANGE)
			TH_LOG("row %zu: %d", i, err);
		if (!err)
			ipc_mailbox_delete(name);
	}
	EXPECT_EQ(-EINVAL, ipc_mailbox_create("dipc.reserved", NULL, 0));
}

TEST_F(mailbox, set_changes_what_is_asked)
{
	struct ipc_mailbox_attr before;

	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	before = self->st.attr;

	self->attr.fields = IPC_MAILBOX_MODE | IPC_MAILBOX_CAPACITY_MSGS;
	self->attr.mode = 0606;
	self->attr.capacity_msgs = 7;
	ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	before.mode = 0606;
	before.capacity_msgs = 7;
	EXPECT_EQ(0, memcmp(&before, &self->st.attr, sizeof(before)));

	self->attr.fields = IPC_MAILBOX_UID | IPC_MAILBOX_GID;
	self->attr.uid = 12;
	self->attr.gid = 34;
	ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(12, self->st.attr.uid);
	EXPECT_EQ(34, self->st.attr.gid);
	EXPECT_EQ(7, self->st.attr.capacity_msgs);

	self->attr.fields = IPC_MAILBOX_POLICY;
	self->attr.policy = 4;
	EXPECT_GT(0, ipc_mailbox_set(self->name, &self->attr));
	self->attr.policy = 0;
	EXPECT_EQ(-ENOENT, ipc_mailbox_set("libipc.missing", &self->attr));
}

TEST_F(mailbox, stat_counts)
{
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(2, self->st.users);
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "12345", 5, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "678", 3, 0));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(2, self->st.queued_msgs);
	EXPECT_EQ(8, self->st.queued_bytes);
	EXPECT_EQ(IPC_MAILBOX_TRANSIENT,
		  self->st.attr.fields & IPC_MAILBOX_TRANSIENT);
	EXPECT_EQ(0, self->st.attr.transient);
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat("libipc.missing", &self->st));
}

TEST_F(mailbox, purge_counts)
{
	char buf[8];

	EXPECT_EQ(0, ipc_mailbox_purge(self->name));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(2, ipc_mailbox_purge(self->name));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(0, self->st.queued_msgs);
	EXPECT_EQ(2, self->st.dropped);
	EXPECT_EQ(-ENOENT, ipc_mailbox_purge("libipc.missing"));
}

TEST_F(mailbox, delete_tells_users)
{
	char buf[8];

	ASSERT_EQ(0, ipc_mailbox_delete(self->name));
	EXPECT_EQ(-EIDRM, ipc_mailbox_put(self->tx, "x", 1, 0));
	EXPECT_EQ(-EIDRM, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EIDRM, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, -1));
	EXPECT_LT(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
}

static int do_delete(const char *name)
{
	return ipc_mailbox_delete(name);
}

static int do_set(const char *name)
{
	return set_limits(name, 1, DIPC_POLICY_WAIT);
}

static int do_purge(const char *name)
{
	return ipc_mailbox_purge(name);
}

static int do_stat(const char *name)
{
	struct ipc_mailbox_stat st;

	return ipc_mailbox_stat(name, &st);
}

static int do_read(const char *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_RDONLY, NULL, &mb);
}

static int do_write(const char *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_WRONLY, NULL, &mb);
}

static int do_both(const char *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_RDWR, NULL, &mb);
}

TEST_F(mailbox, permissions)
{
	static const struct {
		uint32_t mode;
		int read, write, both;
	} rows[] = {
		{ 0600, -EACCES, -EACCES, -EACCES },
		{ 0604, 0, -EACCES, -EACCES },
		{ 0602, -EACCES, 0, -EACCES },
		{ 0606, 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->attr.fields = IPC_MAILBOX_MODE;
		self->attr.mode = rows[i].mode;
		ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
		EXPECT_EQ(rows[i].read, as_user(NOBODY, do_read, self->name))
			TH_LOG("mode %o", rows[i].mode);
		EXPECT_EQ(rows[i].write, as_user(NOBODY, do_write, self->name))
			TH_LOG("mode %o", rows[i].mode);
		EXPECT_EQ(rows[i].both, as_user(NOBODY, do_both, self->name))
			TH_LOG("mode %o", rows[i].mode);
	}
	EXPECT_EQ(-EPERM, as_user(NOBODY, do_delete, self->name));
	EXPECT_EQ(-EPERM, as_user(NOBODY, do_set, self->name));
	EXPECT_EQ(-EPERM, as_user(NOBODY, do_purge, self->name));
	EXPECT_EQ(0, as_user(NOBODY, do_stat, self->name));
}

/*
 * Mailboxes by handle
 */

TEST_F(mailbox, put_get_with_source)
{
	struct sockaddr_dipc from;
	uint64_t id;
	char buf[8];

	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "hello", 5, -1));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, NULL, 0, LONG_MS));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "0123456789", 10, 0));
	EXPECT_EQ(5, ipc_mailbox_get(self->rx, buf, sizeof(buf), &from, -1));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ASSERT_EQ(0, ipc_port_id(ipc_mailbox_fd(self->tx), &id));
	EXPECT_EQ(DIPC_ADDR_PORT, from.sdipc_type);
	EXPECT_EQ(id, from.sdipc_port);

	/* Who puts can be answered, who gets cannot. */
	EXPECT_EQ(3, ipc_sendto(ipc_mailbox_fd(self->rx), "yes", 3, 0, &from));
	EXPECT_EQ(3, ipc_recvfrom(ipc_mailbox_fd(self->tx), buf, sizeof(buf),
				  MSG_DONTWAIT, &from));
	EXPECT_EQ(-ECONNREFUSED, ipc_sendto(ipc_mailbox_fd(self->tx), "?", 1, 0,
					    &from));

	EXPECT_EQ(0, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
				     LONG_MS));
	EXPECT_EQ(10, ipc_mailbox_get(self->rx, buf, 4, NULL, 0));
	EXPECT_EQ(0, memcmp(buf, "0123", 4));
}

TEST_F(mailbox, one_handle_for_both)
{
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR, NULL, &mb));
	EXPECT_EQ(0, ipc_mailbox_put(mb, "1", 1, 0));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(1, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ('2', buf[0]);
	EXPECT_EQ(0, ipc_mailbox_close(mb));
}

TEST_F(mailbox, access_mode_is_kept)
{
	char buf[8];

	EXPECT_EQ(-EBADF, ipc_mailbox_put(self->rx, "x", 1, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_get(self->tx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_notify(self->tx, SIGUSR1, 0));
}

TEST_F(mailbox, time_limits)
{
	struct dipc_queue_conf conf;
	static char big[70000];
	char buf[8];
	long start;

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));

	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	start = now_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					      SHORT_MS));
	EXPECT_LE(SHORT_MS - 10, now_ms() - start);

	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, SHORT_MS));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "2", 1, 0));
	start = now_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "3", 1, SHORT_MS));
	EXPECT_LE(SHORT_MS - 10, now_ms() - start);
	/* The limit of one call is not that of the next. */
	start = now_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "4", 1, 4 * SHORT_MS));
	EXPECT_LE(4 * SHORT_MS - 10, now_ms() - start);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "5", 1, 0));

	/* Only the first is there. */
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, -1));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_get_queue(ipc_mailbox_fd(self->rx), &conf));
	EXPECT_EQ(1, conf.capacity_msgs);
	EXPECT_EQ(-EOPNOTSUPP, ipc_set_queue(ipc_mailbox_fd(self->rx), &conf));
	ASSERT_LT(conf.msg_max_bytes, sizeof(big));
	EXPECT_EQ(-EMSGSIZE, ipc_mailbox_put(self->tx, big,
					     conf.msg_max_bytes + 1, 0));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, big, conf.msg_max_bytes, 0));

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, ipc_mailbox_put(self->tx, "6", 1, -1));
}

TEST_F(mailbox, nonblocking_handle_never_waits)
{
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR | O_NONBLOCK, NULL,
				      &mb));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(mb, buf, sizeof(buf), NULL,
					   LONG_MS));
	EXPECT_EQ(0, ipc_mailbox_put(mb, "1", 1, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(mb, "2", 1, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(mb, "2", 1, LONG_MS));
	ipc_mailbox_close(mb);
}

TEST_F(mailbox, signal_interrupts)
{
	char buf[8];

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	handle(SIGALRM, 0);
	tick(SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					  -1));
	EXPECT_EQ(-EINTR, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					  LONG_MS));
	EXPECT_EQ(-EINTR, ipc_mailbox_poll(self->rx, POLLIN, -1));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(-EINTR, ipc_mailbox_put(self->tx, "2", 1, -1));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	tick(0);
}

TEST_F(mailbox, put_wakes_get_and_get_wakes_put)
{
	char buf[8];
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		ssize_t n = ipc_mailbox_get(self->rx, buf, 8, NULL, LONG_MS);

		_exit(n == 1 && buf[0] == '1' ? 0 : 1);
	}
	EXPECT_TRUE(WAIT_UNTIL(waiting_receivers(self->name) == 1));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_put(self->tx, "3", 1, LONG_MS) ? 1 : 0);
	EXPECT_TRUE(WAIT_UNTIL(waiting_senders(self->name) == 1));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, 8, NULL, 0));
	EXPECT_EQ('2', buf[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, 8, NULL, 0));
	EXPECT_EQ('3', buf[0]);
}

TEST_F(mailbox, delete_wakes_those_who_wait)
{
	char buf[8];
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_get(self->rx, buf, 8, NULL, LONG_MS) ==
		      -EIDRM ? 0 : 1);
	EXPECT_TRUE(WAIT_UNTIL(waiting_receivers(self->name) == 1));
	ASSERT_EQ(0, ipc_mailbox_delete(self->name));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mailbox, unbuffered_is_a_rendezvous)
{
	char buf[8];
	int status;
	pid_t pid;

	ASSERT_EQ(0, set_limits(self->name, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "2", 1, SHORT_MS));
	pid = fork();
	if (!pid) {
		ssize_t n = ipc_mailbox_get(self->rx, buf, 8, NULL, LONG_MS);

		_exit(n == 1 && buf[0] == '3' ? 0 : 1);
	}
	EXPECT_TRUE(WAIT_UNTIL(waiting_receivers(self->name) == 1));
	/* A receiver with a time limit is one that waits. */
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "3", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mailbox, poll_tells_what_can_be_done)
{
	struct epoll_event event = { .events = EPOLLIN };
	char buf[8];
	long start;
	int ep;

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
	EXPECT_EQ(POLLOUT, ipc_mailbox_poll(self->tx, POLLOUT, -1));
	start = now_ms();
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, SHORT_MS));
	EXPECT_LE(SHORT_MS - 10, now_ms() - start);

	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(POLLIN, ipc_mailbox_poll(self->rx, POLLIN, -1));
	EXPECT_EQ(0, ipc_mailbox_poll(self->tx, POLLOUT, 0));

	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, ipc_mailbox_fd(self->rx),
			       &event));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	close(ep);

	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
	EXPECT_EQ(POLLOUT, ipc_mailbox_poll(self->tx, POLLOUT, 0));

	EXPECT_EQ(-EINVAL, ipc_mailbox_poll(self->rx, 0, 0));
	EXPECT_EQ(-EINVAL, ipc_mailbox_poll(self->rx, POLLPRI, 0));
}

TEST_F(mailbox, notify_is_one_shot)
{
	siginfo_t info;
	sigset_t set;
	char buf[8];

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(ipc_mailbox_fd(self->rx), info.si_fd);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN,
					IPC_NOTIFY_THREAD));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "3", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, 0, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "4", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
}

/* Who waits for a message gets it; that is not an event for the others. */
TEST_F(mailbox, notify_is_silent_if_somebody_waits)
{
	struct ipc_mailbox *mb;
	siginfo_t info;
	sigset_t set;
	int status;
	char buf[8];
	pid_t pid;

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &mb));
	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_get(mb, buf, 8, NULL, LONG_MS) == 1 ? 0 : 1);
	EXPECT_TRUE(WAIT_UNTIL(waiting_receivers(self->name) == 1));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, signal_pending(&set, &info));
	/* And the notification is still asked for. */
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	ipc_mailbox_close(mb);
}

TEST(mailbox_open_creates)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_TRANSIENT | IPC_MAILBOX_CAPACITY_MSGS,
		.transient = 1,
		.capacity_msgs = 9,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb, *other;
	struct ipc_mailbox_stat st;

	unique_name(name, sizeof(name), "open");
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_WRONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDWR, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));

	ASSERT_EQ(0, ipc_mailbox_open(name, O_RDONLY | O_CREAT | O_EXCL, &attr,
				      &mb));
	EXPECT_EQ(-EEXIST, ipc_mailbox_open(name, O_RDONLY | O_CREAT | O_EXCL,
					    &attr, &other));
	ASSERT_EQ(0, ipc_mailbox_open(name, O_WRONLY | O_CREAT, NULL, &other));
	ASSERT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(9, st.attr.capacity_msgs);
	EXPECT_EQ(1, st.attr.transient);
	EXPECT_EQ(2, st.users);

	/* The last user takes a transient mailbox along. */
	EXPECT_EQ(0, ipc_mailbox_close(mb));
	EXPECT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, ipc_mailbox_close(other));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));

	/* A persistent one stays. */
	ASSERT_EQ(0, ipc_mailbox_open(name, O_RDWR | O_CREAT, NULL, &mb));
	EXPECT_EQ(0, ipc_mailbox_close(mb));
	EXPECT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, ipc_mailbox_delete(name));
}

/* Two who make and leave the same transient mailbox never see it missing. */
TEST(mailbox_open_creates_under_race)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_TRANSIENT,
		.transient = 1,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb;
	int i, err, status;
	pid_t pid;

	unique_name(name, sizeof(name), "race");
	pid = fork();
	for (i = 0; i < 300; i++) {
		err = ipc_mailbox_open(name, O_RDWR | O_CREAT, &attr, &mb);
		if (!pid && err)
			_exit(-err & 0xff);
		ASSERT_EQ(0, err);
		ipc_mailbox_close(mb);
	}
	if (!pid)
		_exit(0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ipc_mailbox_delete(name);
}

TEST_F(mailbox, open_by_address)
{
	struct sockaddr_dipc addr, got;
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	ASSERT_EQ(0, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
	ASSERT_EQ(0, ipc_getsockname(ipc_mailbox_fd(mb), &got));
	EXPECT_EQ(0, memcmp(&addr, &got, sizeof(got)));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(1, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, 0));
	ipc_mailbox_close(mb);

	ASSERT_EQ(0, ipc_mailbox_open_addr(&addr, O_WRONLY, &mb));
	ASSERT_EQ(0, ipc_getpeername(ipc_mailbox_fd(mb), &got));
	EXPECT_EQ(0, memcmp(&addr, &got, sizeof(got)));
	ipc_mailbox_close(mb);

	addr.sdipc_node = 3;
	EXPECT_EQ(-EHOSTUNREACH, ipc_mailbox_open_addr(&addr, O_WRONLY, &mb));
	EXPECT_GT(0, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &addr));
	EXPECT_EQ(-EINVAL, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
}

/* What is sent to the name alone finds the mailbox, too. */
TEST_F(mailbox, name_is_enough)
{
	struct sockaddr_dipc addr;
	char buf[8];
	int fd;

	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &addr));
	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, ipc_sendto(fd, "1", 1, 0, &addr));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	close(fd);
}

TEST_F(mailbox, no_descriptor_is_left_open)
{
	struct ipc_mailbox_stat st;
	struct ipc_mailbox *mb;
	int before, after;

	before = dup(0);
	ASSERT_LE(0, before);
	close(before);
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR, NULL, &mb));
	ipc_mailbox_close(mb);
	EXPECT_EQ(0, ipc_mailbox_stat(self->name, &st));
	EXPECT_EQ(1, ipc_mailbox_create(self->name, NULL, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(self->name, NULL, O_EXCL));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open("libipc.missing", O_RDWR, NULL,
					    &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat("libipc.missing", &st));
	EXPECT_EQ(0, ipc_mailbox_purge(self->name));
	after = dup(0);
	EXPECT_EQ(before, after);
	close(after);
}

TEST_HARNESS_MAIN
