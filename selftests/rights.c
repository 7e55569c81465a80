// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors in messages (SCM_RIGHTS): what holds on every way a message can
 * go, and first of all on sockets of AF_UNIX: what is expected here is what
 * they do. The control messages themselves are in rights_control.c, what is
 * dipc's own in rights_refused.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "scm.h"
#include "way.h"

#define ROUNDS	40

FIXTURE_SETUP(way)
{
	int err = way_open(self, variant);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
}

TEST_F(way, descriptor_arrives_and_works)
{
	struct scm_got got;
	struct scm_pipe p;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	EXPECT_TRUE(scm_pipe_is_held(&p));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(0, got.flags);
	EXPECT_EQ(CMSG_SPACE(sizeof(int)), got.used);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &p));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, descriptor_is_of_the_same_open_file)
{
	int fd = memfd_create("rights", MFD_CLOEXEC);
	struct stat sent, received;
	struct scm_got got;

	ASSERT_LE(0, fd);
	ASSERT_EQ(5, write(fd, "12345", 5));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_APPEND));
	ASSERT_EQ(1, scm_send(self->tx, 'a', &fd, 1, 0, NULL));
	got = scm_recv(self->rx, 0);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_NE(fd, got.fd[0]);
	ASSERT_EQ(0, fstat(fd, &sent));
	ASSERT_EQ(0, fstat(got.fd[0], &received));
	EXPECT_EQ(sent.st_ino, received.st_ino);
	EXPECT_EQ(sent.st_dev, received.st_dev);
	EXPECT_EQ(fcntl(fd, F_GETFL), fcntl(got.fd[0], F_GETFL));
	/* one offset */
	EXPECT_EQ(2, lseek(got.fd[0], 2, SEEK_SET));
	EXPECT_EQ(2, lseek(fd, 0, SEEK_CUR));
	scm_close(&got);
	close(fd);
}

TEST_F(way, several_arrive_in_order)
{
	struct scm_pipe p[3];
	struct scm_got got;
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		p[i] = scm_pipe();
		fd[i] = p[i].wr;
	}
	ASSERT_EQ(1, scm_send(self->tx, 'a', fd, 3, 0, NULL));
	got = scm_recv(self->rx, 0);
	ASSERT_EQ(3, got.n_fds);
	EXPECT_EQ(1, got.n_cmsgs);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(scm_is_write_end(got.fd[i], &p[i]));
	scm_close(&got);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(scm_pipe_end(&p[i]));
}

TEST_F(way, each_message_brings_its_own)
{
	struct scm_pipe a, c;
	struct scm_got got;

	ASSERT_TRUE(scm_give(self->tx, 'a', &a));
	ASSERT_EQ(1, send(self->tx, "b", 1, 0));
	ASSERT_TRUE(scm_give(self->tx, 'c', &c));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &a));
	scm_close(&got);
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(0, got.n_fds);
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('c', got.letter);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &c));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&a));
	EXPECT_TRUE(scm_pipe_end(&c));
}

/* E_SCM_01 */
TEST_F(way, as_many_as_253_and_no_more)
{
	struct scm_pipe p = scm_pipe();
	int fd[SCM_FDS_MAX + 1], i;
	struct scm_got got;

	for (i = 0; i < SCM_FDS_MAX + 1; i++)
		fd[i] = p.wr;
	EXPECT_EQ(-EINVAL, scm_send(self->tx, 'z', fd, SCM_FDS_MAX + 1,
				    MSG_DONTWAIT, NULL));
	ASSERT_EQ(1, scm_send(self->tx, 'a', fd, SCM_FDS_MAX, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(SCM_FDS_MAX, got.n_fds);
	EXPECT_FALSE(got.flags & MSG_CTRUNC);
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, none_is_none)
{
	struct scm_got got;

	ASSERT_EQ(1, scm_send(self->tx, 'a', NULL, 0, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(0, got.n_cmsgs);
	EXPECT_EQ(0, got.used);
	EXPECT_EQ(0, got.flags);
}

TEST_F(way, close_on_exec_is_the_receivers_wish)
{
	struct scm_got got;
	struct scm_pipe p;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	got = scm_recv(self->rx, MSG_CMSG_CLOEXEC);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_EQ(FD_CLOEXEC, fcntl(got.fd[0], F_GETFD));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	got = scm_recv(self->rx, 0);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_EQ(0, fcntl(got.fd[0], F_GETFD));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, read_closes_them)
{
	struct scm_pipe p;
	char c;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	EXPECT_TRUE(scm_pipe_is_held(&p));
	EXPECT_EQ(1, read(self->rx, &c, 1));
	EXPECT_EQ('a', c);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, peek_gives_further_ones)
{
	struct scm_got first, second, got;
	struct scm_pipe p;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	first = scm_recv(self->rx, MSG_PEEK);
	second = scm_recv(self->rx, MSG_PEEK);
	ASSERT_EQ(1, first.n_fds);
	ASSERT_EQ(1, second.n_fds);
	EXPECT_NE(first.fd[0], second.fd[0]);
	EXPECT_TRUE(scm_is_write_end(first.fd[0], &p));
	scm_close(&first);
	EXPECT_TRUE(scm_is_write_end(second.fd[0], &p));
	scm_close(&second);
	EXPECT_TRUE(scm_pipe_is_held(&p));
	got = scm_recv_room(self->rx, 0, MSG_PEEK);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	got = scm_recv(self->rx, 0);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &p));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, closing_the_receiver_closes_them)
{
	struct scm_pipe p, q;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	ASSERT_TRUE(scm_give(self->tx, 'b', &q));
	close(self->rx);
	self->rx = -1;
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_TRUE(scm_pipe_end(&q));
}

TEST_F(way, closing_the_sender_does_not)
{
	struct scm_got got;
	struct scm_pipe p;

	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	close(self->tx);
	self->tx = -1;
	got = scm_recv(self->rx, 0);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &p));
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

/* E_SCM_02 */
TEST_F(way, one_that_is_not_open_refuses_all)
{
	static const int bad[] = { -1, -100, 9999, INT_MIN, INT_MAX };
	struct scm_pipe p = scm_pipe();
	int fd[3] = { p.wr, 0, p.wr }, i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fd[1] = bad[i];
		EXPECT_EQ(-EBADF, scm_send(self->tx, 'a', fd, 3, 0, NULL));
	}
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
	EXPECT_TRUE(scm_pipe_end(&p));
}

static int io_uring(void)
{
	struct io_uring_params params = { 0 };

	return DT_ERR(syscall(SYS_io_uring_setup, 1, &params));
}

static int reopen_as_path(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return DT_ERR(open(path, O_PATH | O_CLOEXEC));
}

/* E_SCM_04 */
TEST_F(way, io_uring_is_refused)
{
	struct scm_pipe p = scm_pipe();
	int fd[2] = { p.wr, io_uring() };

	if (fd[1] == -ENOSYS || fd[1] == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_LE(0, fd[1]);
	EXPECT_EQ(-EINVAL, scm_send(self->tx, 'a', fd, 2, 0, NULL));
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
	close(fd[1]);
	EXPECT_TRUE(scm_pipe_end(&p));
}

/* A path holds nothing open: whatever it leads to, it passes. */
TEST_F(way, descriptors_of_paths_pass)
{
	int behind[3] = { self->rx, self->tx, io_uring() }, i, fd;
	struct scm_got got;

	for (i = 0; i < 3 && behind[i] >= 0; i++) {
		fd = reopen_as_path(behind[i]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(1, scm_send(self->tx, 'a', &fd, 1, 0, NULL));
		got = scm_recv(self->rx, 0);
		EXPECT_EQ(1, got.n_fds);
		scm_close(&got);
		close(fd);
	}
	close(behind[2]);
}

/* They keep no files, so they can be in no circle. */
TEST_F(way, other_kinds_pass)
{
	int fd[] = {
		socket(AF_INET, SOCK_DGRAM, 0), epoll_create1(0),
		DT_ERR(syscall(SYS_pidfd_open, getpid(), 0)),
		open("/proc/self/ns/net", O_RDONLY), open("/", O_RDONLY),
		memfd_create("[io_uring]", 0),	/* has only the name */
	}, n = ARRAY_SIZE(fd), i;
	struct epoll_event e = { .events = EPOLLIN };
	struct scm_got got;

	for (i = 0; i < n; i++)
		ASSERT_LE(0, fd[i]);
	/* that watches where it lies, and is closed with it */
	ASSERT_EQ(0, epoll_ctl(fd[1], EPOLL_CTL_ADD, self->rx, &e));
	EXPECT_EQ(1, scm_send(self->tx, 'a', fd, n, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(n, got.n_fds);
	scm_close(&got);
	EXPECT_EQ(1, scm_send(self->tx, 'a', fd, n, 0, NULL));
	for (i = 0; i < n; i++)
		close(fd[i]);
}

/* As many as the process may have open. */
TEST_F(way, receiver_without_free_descriptors)
{
	int before = scm_open_files(), fd[3], i;
	struct scm_pipe p = scm_pipe();
	struct rlimit old, limit;
	struct scm_got got;

	for (i = 0; i < 3; i++)
		fd[i] = p.wr;
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = dup(p.rd) + 1;
	close(limit.rlim_cur - 1);

	ASSERT_EQ(1, scm_send(self->tx, 'a', fd, 3, 0, NULL));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	EXPECT_EQ(CMSG_SPACE(sizeof(int)), got.used);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &p));

	/* and now none is left */
	ASSERT_EQ(1, scm_send(self->tx, 'b', fd, 3, 0, NULL));
	scm_close(&got);
	limit.rlim_cur--;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	EXPECT_EQ(0, got.used);
	EXPECT_EQ(0, got.n_fds);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_EQ(before, scm_open_files());
}

static int receive_and_write(void *arg)
{
	struct scm_got got = scm_recv(*(int *)arg, 0);

	return got.ret == 1 && got.n_fds == 1 &&
	       write(got.fd[0], "w", 1) == 1 ? 0 : 1;
}

TEST_F(way, receiver_may_be_another_user)
{
	struct scm_pipe p = scm_pipe();
	char c;

	ASSERT_EQ(1, scm_send(self->tx, 'a', &p.wr, 1, 0, NULL));
	EXPECT_EQ(0, dt_as_user(DT_NOBODY, receive_and_write, &self->rx));
	EXPECT_EQ(1, read(p.rd, &c, 1));
	EXPECT_TRUE(scm_pipe_end(&p));
}

static int receive(void *arg)
{
	return scm_recv(*(int *)arg, 0).ret == 1 ? 0 : 1;
}

/* Killed while it is given a message: one of them has it, or nobody. */
TEST_F(way, receiver_that_is_killed_keeps_none)
{
	struct scm_got got;
	struct scm_pipe p;
	int i, taken = 0;
	pid_t pid;

	for (i = 0; i < ROUNDS; i++) {
		pid = dt_child(receive, &self->rx);
		ASSERT_LT(0, pid);
		if (i % 2)
			ASSERT_TRUE(dt_wait_asleep(pid, SYS_recvmsg));
		if (i % 3)
			kill(pid, SIGKILL);
		ASSERT_TRUE(scm_give(self->tx, 'a', &p));
		kill(pid, SIGKILL);
		dt_child_wait(pid);
		got = scm_recv(self->rx, MSG_DONTWAIT);
		taken += got.n_fds;
		if (got.n_fds)
			EXPECT_TRUE(scm_is_write_end(got.fd[0], &p));
		scm_close(&got);
		EXPECT_TRUE(scm_pipe_end(&p));
	}
	TH_LOG("%d of %d were left to the next receiver", taken, ROUNDS);
}

TEST_HARNESS_MAIN
