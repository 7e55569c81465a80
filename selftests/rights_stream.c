// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and credentials in a stream of bytes, which has no messages:
 * with which bytes they come, and where a read ends because of them. All of
 * it first over AF_UNIX, which says what is right.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "scm.h"

#define ALICE	1001
#define LARGE	200000

FIXTURE(stream)
{
	int tx, rx;
};

FIXTURE_VARIANT(stream)
{
	bool is_unix;
};

FIXTURE_VARIANT_ADD(stream, unix)
{
	.is_unix = true,
};

FIXTURE_VARIANT_ADD(stream, dipc)
{
};

FIXTURE_SETUP(stream)
{
	int sv[2];

	ASSERT_EQ(0, DT_ERR(socketpair(variant->is_unix ? AF_UNIX : dt_family(),
				       SOCK_STREAM, 0, sv)));
	self->tx = sv[0];
	self->rx = sv[1];
}

FIXTURE_TEARDOWN(stream)
{
	close(self->tx);
	close(self->rx);
}

/* Bytes with the end of a new pipe that writes. */
static bool give(int sock, const char *text, struct scm_pipe *p)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	bool sent;

	*p = scm_pipe();
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &p->wr, sizeof(int));
	sent = sendmsg(sock, &msg, 0) == strlen(text);
	close(p->wr);
	p->wr = -1;
	return sent;
}

/*
 * What one read gives: the bytes, then how many descriptors: "abc+1". They
 * are closed again.
 */
static const char *got(int sock, size_t len, int flags)
{
	static char text[128];
	char control[256], *end;
	struct iovec iov = { text, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int n = 0, fd[16], i;
	struct cmsghdr *cmsg;
	ssize_t ret;

	ret = recvmsg(sock, &msg, flags);
	if (ret < 0)
		return strerrorname_np(errno);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fd, CMSG_DATA(cmsg), n * sizeof(int));
		for (i = 0; i < n; i++)
			close(fd[i]);
	}
	end = text + ret;
	*end = '\0';
	if (n) {
		end[0] = '+';
		end[1] = '0' + n;
		end[2] = '\0';
	}
	return text;
}

#define MUCH	100

TEST_F(stream, read_ends_with_descriptors)
{
	struct scm_pipe p[2];

	ASSERT_EQ(1, write(self->tx, "x", 1));
	ASSERT_TRUE(give(self->tx, "ab", &p[0]));
	ASSERT_TRUE(give(self->tx, "cd", &p[1]));
	ASSERT_EQ(1, write(self->tx, "e", 1));
	ASSERT_EQ(1, write(self->tx, "f", 1));
	EXPECT_STREQ("xab+1", got(self->rx, MUCH, 0));
	EXPECT_STREQ("cd+1", got(self->rx, MUCH, 0));
	EXPECT_STREQ("ef", got(self->rx, MUCH, 0));
	EXPECT_TRUE(scm_pipe_end(&p[0]));
	EXPECT_TRUE(scm_pipe_end(&p[1]));
}

TEST_F(stream, also_one_that_wants_all)
{
	struct scm_pipe p;

	ASSERT_TRUE(give(self->tx, "ab", &p));
	ASSERT_EQ(8, write(self->tx, "cdefghij", 8));
	EXPECT_STREQ("ab+1", got(self->rx, 10, MSG_WAITALL));
	EXPECT_STREQ("cdefghij", got(self->rx, 8, MSG_WAITALL));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(stream, they_come_with_the_first_byte)
{
	struct scm_pipe p;

	ASSERT_TRUE(give(self->tx, "abc", &p));
	ASSERT_EQ(2, write(self->tx, "de", 2));
	EXPECT_TRUE(scm_pipe_is_held(&p));
	EXPECT_STREQ("a+1", got(self->rx, 1, 0));
	/* and are on their way no more */
	EXPECT_TRUE(scm_pipe_wait_released(&p));
	EXPECT_STREQ("b", got(self->rx, 1, 0));
	EXPECT_STREQ("cde", got(self->rx, MUCH, 0));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(stream, they_come_with_the_first_byte_of_much)
{
	char *buf = calloc(1, LARGE);
	struct scm_pipe p = scm_pipe();
	struct iovec iov = { buf, LARGE };
	struct scm_control c = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf,
	};
	size_t sent, left;
	ssize_t n;

	ASSERT_NE(NULL, buf);
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int)));
	msg.msg_controllen = c.len;
	n = sendmsg(self->tx, &msg, MSG_DONTWAIT);
	ASSERT_LT(4096, n);
	sent = n;
	close(p.wr);
	p.wr = -1;
	EXPECT_TRUE(scm_pipe_is_held(&p));
	got(self->rx, 1, 0);
	EXPECT_TRUE(scm_pipe_wait_released(&p));
	for (left = sent - 1; left; left -= n) {
		msg.msg_controllen = c.len;
		n = recvmsg(self->rx, &msg, MSG_DONTWAIT);
		ASSERT_LT(0, n);
		EXPECT_EQ(0, msg.msg_controllen);
	}
	EXPECT_TRUE(scm_pipe_end(&p));
	free(buf);
}

TEST_F(stream, peek_gives_further_ones)
{
	struct scm_pipe p;

	ASSERT_EQ(1, write(self->tx, "x", 1));
	ASSERT_TRUE(give(self->tx, "ab", &p));
	ASSERT_EQ(1, write(self->tx, "c", 1));
	EXPECT_STREQ("xa+1", got(self->rx, 2, MSG_PEEK));
	EXPECT_STREQ("xab+1", got(self->rx, MUCH, MSG_PEEK));
	EXPECT_TRUE(scm_pipe_is_held(&p));
	EXPECT_STREQ("xa+1", got(self->rx, 2, 0));
	EXPECT_STREQ("bc", got(self->rx, MUCH, 0));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(stream, read_of_some_bytes_closes_them)
{
	struct scm_pipe p;
	char buf[8];

	ASSERT_TRUE(give(self->tx, "ab", &p));
	EXPECT_EQ(1, read(self->rx, buf, 1));
	EXPECT_TRUE(scm_pipe_wait_released(&p));
	EXPECT_STREQ("b", got(self->rx, MUCH, 0));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(stream, without_bytes_none_are_sent)
{
	struct scm_pipe p;

	ASSERT_TRUE(give(self->tx, "", &p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("EAGAIN", got(self->rx, MUCH, MSG_DONTWAIT));
}

TEST_F(stream, end_comes_after_them)
{
	struct scm_pipe p, q;

	ASSERT_TRUE(give(self->tx, "ab", &p));
	ASSERT_TRUE(give(self->tx, "c", &q));
	ASSERT_EQ(0, shutdown(self->tx, SHUT_WR));
	EXPECT_STREQ("ab+1", got(self->rx, MUCH, 0));
	close(self->tx);
	self->tx = -1;
	EXPECT_STREQ("c+1", got(self->rx, MUCH, 0));
	EXPECT_STREQ("", got(self->rx, MUCH, 0));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_TRUE(scm_pipe_end(&q));
}

static int write_b(void *arg)
{
	return write(*(int *)arg, "b", 1) == 1 ? 0 : -errno;
}

/* One read is of one sender, if the reader wants to know who it is. */
TEST_F(stream, read_ends_with_the_sender)
{
	int on = 1;

	ASSERT_EQ(1, write(self->tx, "a", 1));
	ASSERT_EQ(0, dt_as_user(ALICE, write_b, &self->tx));
	ASSERT_EQ(1, write(self->tx, "c", 1));
	EXPECT_STREQ("abc", got(self->rx, MUCH, 0));

	ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, SO_PASSCRED, &on,
				sizeof(on)));
	ASSERT_EQ(1, write(self->tx, "a", 1));
	ASSERT_EQ(0, dt_as_user(ALICE, write_b, &self->tx));
	ASSERT_EQ(1, write(self->tx, "c", 1));
	ASSERT_EQ(1, write(self->tx, "d", 1));
	EXPECT_STREQ("a", got(self->rx, MUCH, 0));
	EXPECT_STREQ("b", got(self->rx, MUCH, 0));
	EXPECT_STREQ("cd", got(self->rx, MUCH, 0));
}

TEST_HARNESS_MAIN
