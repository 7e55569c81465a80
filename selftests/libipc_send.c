// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: messages with parameters (<ipc/message.h>): what
 * arrives and what does not, descriptors, and how the functions fail. What the
 * kernel does with modes, tags and priorities has suites of its own; here it is
 * that the library asks for the right thing and understands the answer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <time.h>

#include <ipc/libipc.h>

#include "msg.h"

TEST_F(msg, parameters_arrive)
{
	struct ipc_send_attr out = {
		.fields = IPC_SEND_TAG | IPC_SEND_PRIORITY,
		.tag = 0x123456789abcdef0,
		.priority = 17,
		.to = &self->addr,
	};
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	struct ipc_recv_attr in2 = { .fields = ALL_INFO };
	struct timespec now;
	int64_t age;
	char buf[8];

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &out));
	ASSERT_EQ(1, sendtext(self->tx, "y", 0, NULL));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT, &in));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ(ALL_INFO, in.fields);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(0, memcmp(&in.source, &self->source, sizeof(in.source)));
	EXPECT_EQ(out.tag, in.tag);
	EXPECT_EQ(17, in.priority);
	EXPECT_EQ(getpid(), in.cred.pid);
	EXPECT_EQ(geteuid(), in.cred.uid);
	EXPECT_EQ(getegid(), in.cred.gid);
	EXPECT_EQ(0, in.n_fds);
	clock_gettime(CLOCK_REALTIME, &now);
	age = now.tv_sec * 1000000000LL + now.tv_nsec - (int64_t)in.time_ns;
	EXPECT_LE(0, age);
	EXPECT_GT(DT_LONG_MS * (int64_t)MS, age);

	/* Of the second: none, but what every message has. */
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT, &in2));
	EXPECT_EQ(ALL_INFO, in2.fields);
	EXPECT_EQ(0, in2.tag);
	EXPECT_EQ(0, in2.priority);
	EXPECT_NE(in.id, in2.id);
}

TEST_F(msg, nothing_comes_unasked)
{
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	uint32_t fields = 77;
	char buf[8];

	ASSERT_EQ(1, send_tag(self->tx, "x", 5));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(IPC_RECV_SOURCE, in.fields);

	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE, fields);
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, IPC_RECV_TAG | IPC_RECV_TIME));
	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_TIME, fields);
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, 0));
	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE, fields);
	EXPECT_EQ(-EINVAL, ipc_set_recv_info(self->rx, 1U << 31));
	EXPECT_EQ(-EBADF, ipc_set_recv_info(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_recv_info(-1, &fields));
}

/* A program of today on a library of tomorrow. */
TEST_F(msg, members_that_are_not_known_are_not_written)
{
	struct ipc_recv_attr in, was;
	char buf[8];

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	ASSERT_EQ(1, send_tag(self->tx, "x", 5));
	memset(&in, 0x5a, sizeof(in));
	in.fields = IPC_RECV_TAG;
	in.fds = NULL;
	was = in;
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(5, in.tag);
	was.tag = 5;
	was.flags = 0;
	was.n_fds = 0;
	EXPECT_EQ(0, memcmp(&was, &in, sizeof(in)));

	/* And on failure nothing at all. */
	was = in;
	EXPECT_EQ(-EAGAIN, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT,
				       &in));
	EXPECT_EQ(0, memcmp(&was, &in, sizeof(in)));
}

TEST_F(msg, pieces_are_gathered_and_scattered)
{
	char a[3], b[4];
	struct iovec out[] = { { "ab", 2 }, { NULL, 0 }, { "cdef", 4 } };
	struct iovec in[] = { { a, sizeof(a) }, { b, sizeof(b) } };

	memset(b, '~', sizeof(b));
	ASSERT_EQ(6, ipc_sendmsg(self->tx, out, 3, 0, NULL));
	ASSERT_EQ(6, ipc_recvmsg(self->rx, in, 2, 0, NULL));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ(0, memcmp(b, "def~", 4));

	/* An empty message has no pieces. */
	EXPECT_EQ(0, ipc_sendmsg(self->tx, NULL, 0, 0, NULL));
	EXPECT_EQ(0, ipc_recvmsg(self->rx, NULL, 0, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, ipc_recvmsg(self->rx, in, 2, MSG_DONTWAIT, NULL));
}

TEST_F(msg, truncation_is_told)
{
	struct ipc_recv_attr in = { 0 };
	char buf[4];

	ASSERT_EQ(6, sendtext(self->tx, "abcdef", 0, NULL));
	EXPECT_EQ(6, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_PEEK, &in));
	EXPECT_EQ(MSG_TRUNC, in.flags);
	EXPECT_EQ(6, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(MSG_TRUNC, in.flags);
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
	ASSERT_EQ(3, sendtext(self->tx, "abc", 0, NULL));
	EXPECT_EQ(3, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(0, in.flags);
}

TEST_F(msg, bad_parameters_are_refused)
{
	int fds[IPC_FDS_MAX + 1] = { 0 };
	struct sockaddr_dipc bad = self->addr;
	struct ipc_recv_attr in = { 0 };
	struct ipc_send_attr attr;
	char buf[8];

#define REFUSED(err, ...) ({						\
	attr = (struct ipc_send_attr) { __VA_ARGS__ };			\
	EXPECT_EQ(err, sendtext(self->tx, "x", 0, &attr));		\
})
	REFUSED(-EINVAL, .fields = 1U << 31);
	REFUSED(-EINVAL, .reserved = { 0, 1 });
	REFUSED(-EINVAL, .n_fds = IPC_FDS_MAX + 1, .fds = fds);
	REFUSED(-EINVAL, .n_fds = 1);
	REFUSED(-EINVAL, .fields = IPC_SEND_MODE, .mode = 3);
	REFUSED(-EINVAL, .fields = IPC_SEND_PRIORITY,
		.priority = DIPC_PRIORITY_MAX + 1);
	REFUSED(-EINVAL, .fields = IPC_SEND_DEADLINE);
	fds[0] = -1;
	REFUSED(-EBADF, .n_fds = 1, .fds = fds);
	fds[0] = self->rx;
	REFUSED(-EOPNOTSUPP, .n_fds = 1, .fds = fds);
	bad.sdipc_reserved[0] = 1;
	REFUSED(-EINVAL, .to = &bad);
#undef REFUSED
	EXPECT_EQ(-EINVAL, ipc_sendmsg(self->tx, IOV("x"), -1, 0, NULL));
	EXPECT_EQ(-EINVAL, ipc_recvmsg(self->rx, IOV(buf), -1, 0, &in));
	EXPECT_EQ(-EBADF, ipc_sendmsg(-1, IOV("x"), 1, 0, NULL));
	EXPECT_EQ(-EBADF, ipc_recvmsg(-1, IOV(buf), 1, 0, &in));
	EXPECT_EQ(-EMSGSIZE, ipc_sendmsg(self->tx, IOV("x"), 1 << 20, 0, NULL));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
}

/*
 * Descriptors
 */

static ssize_t send_fds(int fd, const int *fds, uint32_t n)
{
	struct ipc_send_attr attr = { .n_fds = n, .fds = fds };

	return sendtext(fd, "x", 0, &attr);
}

static int lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

TEST_F(msg, descriptors_are_passed)
{
	int got[4] = { -1, -1, -1, -1 };
	struct ipc_recv_attr in = { .fds = got, .max_fds = 4 };
	int pipes[2], free_fd;
	char buf[8];

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	free_fd = lowest_free();
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	ASSERT_EQ(2, in.n_fds);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(-1, got[2]);
	EXPECT_EQ(FD_CLOEXEC, fcntl(got[0], F_GETFD));
	ASSERT_EQ(1, write(got[1], "z", 1));
	ASSERT_EQ(1, read(pipes[0], buf, 1));
	EXPECT_EQ('z', buf[0]);
	close(got[0]);
	close(got[1]);

	/* Room for one: the other does not stay open. */
	in.max_fds = 1;
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(1, in.n_fds);
	EXPECT_EQ(MSG_CTRUNC, in.flags);
	close(got[0]);

	/* Room for none, or not expected at all. */
	in.fds = NULL;
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(0, in.n_fds);
	EXPECT_EQ(MSG_CTRUNC, in.flags);
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, NULL));
	EXPECT_EQ(free_fd, lowest_free());
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(msg, as_many_descriptors_as_can_be)
{
	int fds[IPC_FDS_MAX], got[IPC_FDS_MAX];
	struct ipc_recv_attr in = {
		.fields = ALL_INFO,
		.fds = got,
		.max_fds = IPC_FDS_MAX,
	};
	char buf[8];
	int i;

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	for (i = 0; i < IPC_FDS_MAX; i++)
		fds[i] = 0;
	ASSERT_EQ(1, send_fds(self->tx, fds, IPC_FDS_MAX));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(IPC_FDS_MAX, in.n_fds);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(ALL_INFO, in.fields);
	for (i = 0; i < in.n_fds; i++)
		close(got[i]);
}

TEST_HARNESS_MAIN
