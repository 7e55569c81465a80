// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: links (<ipc/link.h>), how they are made, in which
 * directions they work, and how each function fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

static ssize_t get(int fd, char *buf, size_t len)
{
	return ipc_recv(fd, buf, len, MSG_DONTWAIT);
}

/* The first letter of what comes next, 0 at the end, or a negated errno. */
static int letter(int fd)
{
	char buf[1];
	ssize_t n = get(fd, buf, 1);

	return n <= 0 ? n : buf[0];
}

FIXTURE(link)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int listener;
};

FIXTURE_VARIANT(link)
{
	int type;
};

FIXTURE_VARIANT_ADD(link, seqpacket)
{
	.type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(link, stream)
{
	.type = SOCK_STREAM,
};

FIXTURE_SETUP(link)
{
	dt_unique(self->name, "libipc_link");
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &self->addr));
	self->listener = ipc_link_listen(variant->type, &self->addr, 8);
	ASSERT_LE(0, self->listener)
		TH_LOG("is the module loaded? %s", strerror(-self->listener));
}

FIXTURE_TEARDOWN(link)
{
	close(self->listener);
}

TEST_F(link, both_directions)
{
	int a, b;

	a = ipc_link_connect(variant->type, &self->addr, O_RDWR);
	ASSERT_LE(0, a);
	b = ipc_link_accept(self->listener, O_RDWR);
	ASSERT_LE(0, b);
	EXPECT_EQ(FD_CLOEXEC, fcntl(a, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(b, F_GETFD));
	EXPECT_EQ(0, fcntl(b, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(1, ipc_send(a, "1", 1, 0));
	EXPECT_EQ('1', letter(b));
	EXPECT_EQ(1, ipc_send(b, "2", 1, 0));
	EXPECT_EQ('2', letter(a));
	EXPECT_EQ(-EAGAIN, letter(a));
	close(a);
	EXPECT_EQ(0, letter(b));
	EXPECT_EQ(-EPIPE, ipc_send(b, "3", 1, 0));
	close(b);
}

TEST_F(link, boundaries)
{
	char buf[8];
	int fds[2];

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	ASSERT_EQ(2, ipc_send(fds[0], "ab", 2, 0));
	ASSERT_EQ(2, ipc_send(fds[0], "cd", 2, 0));
	if (variant->type == SOCK_SEQPACKET) {
		/* The real length, as of any message. */
		EXPECT_EQ(2, get(fds[1], buf, 1));
		EXPECT_EQ('a', buf[0]);
		EXPECT_EQ(2, get(fds[1], buf, sizeof(buf)));
		EXPECT_EQ('c', buf[0]);
	} else {
		EXPECT_EQ(1, get(fds[1], buf, 1));
		EXPECT_EQ(3, get(fds[1], buf, sizeof(buf)));
		EXPECT_EQ(0, memcmp(buf, "bcd", 3));
	}
	EXPECT_EQ(-EAGAIN, get(fds[1], buf, sizeof(buf)));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(link, one_direction)
{
	int w, r;

	w = ipc_link_connect(variant->type, &self->addr, O_WRONLY);
	ASSERT_LE(0, w);
	r = ipc_link_accept(self->listener, O_RDONLY);
	ASSERT_LE(0, r);
	EXPECT_EQ(1, ipc_send(w, "1", 1, 0));
	EXPECT_EQ('1', letter(r));
	EXPECT_EQ(-EPIPE, ipc_send(r, "2", 1, 0));
	EXPECT_EQ(0, letter(w));
	close(w);
	EXPECT_EQ(0, letter(r));
	close(r);

	r = ipc_link_connect(variant->type, &self->addr, O_RDONLY);
	ASSERT_LE(0, r);
	w = ipc_link_accept(self->listener, O_WRONLY);
	ASSERT_LE(0, w);
	EXPECT_EQ(1, ipc_send(w, "1", 1, 0));
	EXPECT_EQ('1', letter(r));
	EXPECT_EQ(-EPIPE, ipc_send(r, "2", 1, 0));
	close(r);
	EXPECT_EQ(-EPIPE, ipc_send(w, "3", 1, 0));
	close(w);
}

TEST_F(link, pair_in_each_direction)
{
	int fds[2];

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDONLY, fds));
	EXPECT_EQ(1, ipc_send(fds[1], "1", 1, 0));
	EXPECT_EQ('1', letter(fds[0]));
	EXPECT_EQ(-EPIPE, ipc_send(fds[0], "2", 1, 0));
	EXPECT_EQ(0, letter(fds[1]));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fds[1], F_GETFD));
	close(fds[0]);
	close(fds[1]);

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_WRONLY | O_NONBLOCK, fds));
	EXPECT_EQ(1, ipc_send(fds[0], "1", 1, 0));
	EXPECT_EQ('1', letter(fds[1]));
	EXPECT_EQ(-EAGAIN, ipc_recv(fds[1], (char[1]) { 0 }, 1, 0));
	EXPECT_EQ(-EPIPE, ipc_send(fds[1], "2", 1, 0));
	close(fds[0]);
	close(fds[1]);

	fds[0] = fds[1] = -7;
	EXPECT_EQ(-EINVAL, ipc_link_pair(variant->type, O_ACCMODE, fds));
	EXPECT_EQ(-EINVAL, ipc_link_pair(variant->type, O_RDWR | O_CREAT, fds));
	EXPECT_EQ(-EINVAL, ipc_link_pair(SOCK_RDM, O_RDWR, fds));
	EXPECT_EQ(-7, fds[0]);
	EXPECT_EQ(-7, fds[1]);
}

TEST_F(link, shutdown_per_direction)
{
	int fds[2], lone;

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	ASSERT_EQ(1, ipc_send(fds[0], "1", 1, 0));
	EXPECT_EQ(0, ipc_link_shutdown(fds[0], SHUT_WR));
	EXPECT_EQ(-EPIPE, ipc_send(fds[0], "2", 1, 0));
	EXPECT_EQ('1', letter(fds[1]));
	EXPECT_EQ(0, letter(fds[1]));
	EXPECT_EQ(1, ipc_send(fds[1], "3", 1, 0));
	EXPECT_EQ('3', letter(fds[0]));
	EXPECT_EQ(0, ipc_link_shutdown(fds[1], SHUT_RDWR));
	EXPECT_EQ(0, letter(fds[0]));
	EXPECT_EQ(-EINVAL, ipc_link_shutdown(fds[1], 3));
	EXPECT_EQ(-EBADF, ipc_link_shutdown(-1, SHUT_RD));
	close(fds[0]);
	close(fds[1]);

	lone = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, lone);
	EXPECT_EQ(-EOPNOTSUPP, ipc_link_shutdown(lone, SHUT_RD));
	close(lone);
}

TEST_F(link, listen_fails)
{
	struct sockaddr_dipc addr;
	char other[DIPC_NAME_MAX + 1];
	int fd;

	EXPECT_EQ(-EADDRINUSE, ipc_link_listen(variant->type, &self->addr, 1));
	EXPECT_EQ(-EINVAL, ipc_link_listen(SOCK_RDM, &self->addr, 1));
	addr = self->addr;
	addr.sdipc_reserved[0] = 1;
	EXPECT_EQ(-EINVAL, ipc_link_listen(variant->type, &addr, 1));
	dt_unique(other, "libipc_link");
	ASSERT_EQ(0, ipc_mailbox_create(other, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(other, 0, &addr));
	EXPECT_EQ(-EOPNOTSUPP, ipc_link_listen(variant->type, &addr, 1));
	ASSERT_EQ(0, ipc_mailbox_delete(other));

	/* A number that nobody chose. */
	fd = ipc_link_listen(variant->type, NULL, 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_getsockname(fd, &addr));
	EXPECT_EQ(DIPC_ADDR_PORT, addr.sdipc_type);
	close(fd);
	EXPECT_EQ(-ECONNREFUSED, ipc_link_connect(variant->type, &addr,
						  O_RDWR));
}

TEST_F(link, connect_fails)
{
	int other = variant->type == SOCK_STREAM ? SOCK_SEQPACKET : SOCK_STREAM;
	struct sockaddr_dipc addr;
	int fd, fds[16], i;

	EXPECT_EQ(-EPROTOTYPE, ipc_link_connect(other, &self->addr, O_RDWR));
	EXPECT_EQ(-EINVAL, ipc_link_connect(SOCK_DGRAM, &self->addr, O_RDWR));
	EXPECT_EQ(-EINVAL, ipc_link_connect(variant->type, &self->addr,
					    O_ACCMODE));
	EXPECT_EQ(-EINVAL, ipc_link_connect(variant->type, &self->addr,
					    O_RDWR | O_CREAT));
	ASSERT_EQ(0, ipc_addr_name("libipc_link.nobody", 0, &addr));
	EXPECT_EQ(-ENOENT, ipc_link_connect(variant->type, &addr, O_RDWR));

	/* More than may wait. */
	for (i = 0; i < 16; i++) {
		fds[i] = ipc_link_connect(variant->type, &self->addr,
					  O_RDWR | O_NONBLOCK);
		if (fds[i] < 0)
			break;
		EXPECT_TRUE(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
	ASSERT_LT(i, 16);
	EXPECT_EQ(-EAGAIN, fds[i]);
	while (i--)
		close(fds[i]);

	close(self->listener);
	self->listener = -1;
	EXPECT_EQ(-ENOENT, ipc_link_connect(variant->type, &self->addr,
					    O_RDWR));
	/* Bound, but it does not listen. */
	fd = ipc_open(variant->type, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_bind(fd, &self->addr));
	EXPECT_EQ(-ECONNREFUSED, ipc_link_connect(variant->type, &self->addr,
						  O_RDWR));
	EXPECT_EQ(-EINVAL, ipc_link_accept(fd, O_RDWR));
	close(fd);
}

TEST_F(link, accept_fails)
{
	int fd;

	EXPECT_EQ(-EINVAL, ipc_link_accept(self->listener, O_ACCMODE));
	EXPECT_EQ(-EINVAL, ipc_link_accept(self->listener, O_RDWR | O_EXCL));
	EXPECT_EQ(-EBADF, ipc_link_accept(-1, O_RDWR));
	ASSERT_EQ(0, ipc_set_timeouts(self->listener, -1, DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, ipc_link_accept(self->listener, O_RDWR));
	ASSERT_EQ(0, ipc_set_timeouts(self->listener, -1, -1));
	ASSERT_EQ(0, fcntl(self->listener, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, ipc_link_accept(self->listener, O_RDWR));

	/* O_NONBLOCK is the link's own. */
	fd = ipc_link_connect(variant->type, &self->addr, O_RDWR);
	ASSERT_LE(0, fd);
	close(fd);
	fd = ipc_link_accept(self->listener, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);

	ASSERT_EQ(0, fcntl(self->listener, F_SETFL, 0));
	dt_count_signal(SIGALRM, 0);
	dt_tick(DT_SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_link_accept(self->listener, O_RDWR));
	dt_tick(0);
}

struct peer {
	int type;
	struct sockaddr_dipc addr;
};

static int connect_and_wait(void *arg)
{
	struct peer *peer = arg;
	char buf[1];
	int fd;

	fd = ipc_link_connect(peer->type, &peer->addr, O_RDWR);
	if (fd < 0)
		return -fd;
	return ipc_recv(fd, buf, 1, 0) == 0 ? 0 : 1;
}

TEST_F(link, peer_credentials)
{
	struct peer peer = { .type = variant->type, .addr = self->addr };
	struct ipc_cred cred = { 7, 7, 7 };
	int fds[2], fd;
	pid_t child;

	EXPECT_EQ(-EBADF, ipc_link_peer_cred(-1, &cred));
	fd = ipc_open(variant->type, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCONN, ipc_link_peer_cred(fd, &cred));
	EXPECT_EQ(7, cred.pid);
	close(fd);

	child = dt_child(connect_and_wait, &peer);
	ASSERT_LT(0, child);
	fd = ipc_link_accept(self->listener, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ipc_link_peer_cred(fd, &cred));
	EXPECT_EQ(child, cred.pid);
	EXPECT_EQ(geteuid(), cred.uid);
	EXPECT_EQ(getegid(), cred.gid);
	close(fd);
	EXPECT_EQ(0, dt_child_wait(child));

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	EXPECT_EQ(0, ipc_link_peer_cred(fds[0], &cred));
	EXPECT_EQ(getpid(), cred.pid);
	close(fds[0]);
	close(fds[1]);
}

TEST_F(link, descriptors_are_passed)
{
	int got[2] = { -1, -1 }, fds[2], pipes[2];
	struct ipc_send_attr out = { .fds = pipes, .n_fds = 2 };
	struct ipc_recv_attr in = { .fds = got, .max_fds = 2 };
	char buf[8];
	struct iovec iov = { buf, 1 };

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	ASSERT_EQ(1, ipc_sendmsg(fds[0], &(struct iovec) { "x", 1 }, 1, 0,
				 &out));
	ASSERT_EQ(1, ipc_recvmsg(fds[1], &iov, 1, MSG_DONTWAIT, &in));
	ASSERT_EQ(2, in.n_fds);
	ASSERT_EQ(1, write(got[1], "z", 1));
	EXPECT_EQ(1, read(pipes[0], buf, 1));
	EXPECT_EQ('z', buf[0]);
	close(got[0]);
	close(got[1]);
	close(pipes[0]);
	close(pipes[1]);
	close(fds[0]);
	close(fds[1]);
}

TEST_F(link, parameters_of_messages)
{
	struct ipc_send_attr out = { .fields = IPC_SEND_TAG, .tag = 5 };
	struct ipc_recv_attr in = { .fields = IPC_RECV_TAG };
	struct iovec iov = { "x", 1 };
	struct iovec to = { (char[1]) { 0 }, 1 };
	int fds[2], want;

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	want = variant->type == SOCK_STREAM ? -EOPNOTSUPP : 1;
	EXPECT_EQ(want, ipc_sendmsg(fds[0], &iov, 1, 0, &out));
	if (want == 1) {
		ASSERT_EQ(0, ipc_set_recv_info(fds[1], IPC_RECV_TAG));
		ASSERT_EQ(1, ipc_recvmsg(fds[1], &to, 1, 0, &in));
		EXPECT_EQ(IPC_RECV_TAG, in.fields);
		EXPECT_EQ(5, in.tag);
	} else {
		EXPECT_EQ(-EOPNOTSUPP, ipc_set_recv_info(fds[1], IPC_RECV_TAG));
		EXPECT_EQ(-EOPNOTSUPP, ipc_set_match(fds[1], NULL));
		EXPECT_EQ(-EOPNOTSUPP, ipc_set_mode(fds[1], 0));
		EXPECT_EQ(-EOPNOTSUPP, ipc_set_priority(fds[1], 0));
	}
	close(fds[0]);
	close(fds[1]);
}

TEST(empty_message_is_not_the_end)
{
	struct ipc_recv_attr in = { 0 };
	int fds[2];

	ASSERT_EQ(0, ipc_link_pair(SOCK_SEQPACKET, O_RDONLY, fds));
	ASSERT_EQ(0, ipc_send(fds[1], NULL, 0, 0));
	close(fds[1]);
	EXPECT_EQ(0, ipc_recvmsg(fds[0], NULL, 0, MSG_DONTWAIT, &in));
	EXPECT_EQ(MSG_EOR, in.flags);
	EXPECT_EQ(0, ipc_recvmsg(fds[0], NULL, 0, MSG_DONTWAIT, &in));
	EXPECT_EQ(0, in.flags);
	close(fds[0]);
}

/* A reader that goes before it has read all. */
TEST_F(link, unread_data_is_an_error_once)
{
	int fds[2];

	ASSERT_EQ(0, ipc_link_pair(variant->type, O_RDWR, fds));
	ASSERT_EQ(1, ipc_send(fds[0], "x", 1, 0));
	close(fds[1]);
	EXPECT_EQ(-ECONNRESET, letter(fds[0]));
	EXPECT_EQ(0, letter(fds[0]));
	close(fds[0]);
}

/*
 * A stream under a name
 */

struct opener {
	struct dt_thread thread;
	const char *name;
	int oflag;
};

static long do_open(void *arg)
{
	struct opener *o = arg;

	return ipc_pipe_open(o->name, o->oflag);
}

TEST(pipe_under_a_name)
{
	char name[DIPC_NAME_MAX + 1];
	struct opener o = { .name = name };
	struct sockaddr_dipc addr;
	int r, w;

	dt_unique(name, "libipc_link");
	EXPECT_EQ(-ENOENT, ipc_pipe_open(name, O_RDONLY));
	EXPECT_EQ(-ENOENT, ipc_pipe_open(name, O_WRONLY));

	/* The reader gives the name and waits for the writer. */
	o.oflag = O_RDONLY | O_CREAT;
	ASSERT_EQ(0, dt_thread_start(&o.thread, do_open, &o));
	ASSERT_TRUE(dt_wait_asleep(o.thread.tid, SYS_accept4));
	EXPECT_EQ(-EADDRINUSE, ipc_pipe_open(name, O_RDONLY | O_CREAT));
	w = ipc_pipe_open(name, O_WRONLY);
	ASSERT_LE(0, w);
	r = dt_thread_join(&o.thread);
	ASSERT_LE(0, r);
	EXPECT_EQ(1, write(w, "1", 1));
	EXPECT_EQ('1', letter(r));
	EXPECT_EQ(-EPIPE, ipc_send(r, "2", 1, 0));
	close(w);
	EXPECT_EQ(0, letter(r));
	close(r);

	/* Or the writer does. */
	o.oflag = O_WRONLY | O_CREAT;
	ASSERT_EQ(0, dt_thread_start(&o.thread, do_open, &o));
	ASSERT_TRUE(dt_wait_asleep(o.thread.tid, SYS_accept4));
	r = ipc_pipe_open(name, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, r);
	w = dt_thread_join(&o.thread);
	ASSERT_LE(0, w);
	EXPECT_EQ(-EAGAIN, ipc_recv(r, (char[1]) { 0 }, 1, 0));
	EXPECT_EQ(1, write(w, "1", 1));
	EXPECT_EQ('1', letter(r));
	close(r);
	EXPECT_EQ(-EPIPE, ipc_send(w, "3", 1, 0));
	close(w);
	EXPECT_EQ(-ENOENT, ipc_pipe_open(name, O_RDONLY));

	EXPECT_EQ(-EINVAL, ipc_pipe_open(name, O_RDWR));
	EXPECT_EQ(-EINVAL, ipc_pipe_open(name, O_ACCMODE));
	EXPECT_EQ(-EINVAL, ipc_pipe_open(name,
					 O_RDONLY | O_CREAT | O_NONBLOCK));
	EXPECT_EQ(-EINVAL, ipc_pipe_open(name, O_RDONLY | O_EXCL));
	EXPECT_EQ(-EINVAL, ipc_pipe_open("no name", O_RDONLY));

	/* A name of something else. */
	w = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, w);
	ASSERT_EQ(0, ipc_addr_name(name, 0, &addr));
	ASSERT_EQ(0, ipc_bind(w, &addr));
	EXPECT_EQ(-EPROTOTYPE, ipc_pipe_open(name, O_WRONLY));
	close(w);
}

/* ipc_send() never raises SIGPIPE; write() does, as on any stream. */
static int write_to_nobody(void *arg)
{
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	if (ipc_link_pair(SOCK_STREAM, O_RDONLY, fds))
		return 1;
	close(fds[0]);
	if (ipc_send(fds[1], "x", 1, 0) != -EPIPE)
		return 2;
	if (write(fds[1], "x", 1) < 0)
		return 3;
	return 4;
}

TEST(only_write_raises_sigpipe)
{
	pid_t child = dt_child(write_to_nobody, NULL);

	ASSERT_LT(0, child);
	EXPECT_EQ(-SIGPIPE, dt_child_wait(child));
}

TEST_HARNESS_MAIN
