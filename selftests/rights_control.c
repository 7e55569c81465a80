// SPDX-License-Identifier: GPL-2.0
/*
 * The control messages that bring descriptors: the room that there is for them,
 * their lengths, and several of them; on every way a message can go, and first
 * of all on sockets of AF_UNIX, which say what is right.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>

#include "scm.h"
#include "way.h"

FIXTURE_SETUP(way)
{
	int err = way_open(self, variant);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
}

/* What each room for control messages takes of three descriptors. */
static const struct room {
	size_t size;
	int n_fds;
} rooms[] = {
	{ 0, 0 },
	{ 1, 0 },
	{ CMSG_LEN(0), 0 },
	{ CMSG_LEN(3), 0 },
	{ CMSG_LEN(4), 1 },
	{ CMSG_LEN(7), 1 },
	{ CMSG_SPACE(4), 2 },	/* the padding is room as well */
	{ CMSG_LEN(11), 2 },
	{ CMSG_LEN(12), 3 },
	{ CMSG_SPACE(12), 3 },
	{ SCM_ROOM, 3 },
}, rooms_32[] = {
	{ 0, 0 }, { 1, 0 }, { 12, 0 }, { 15, 0 }, { 16, 1 }, { 19, 1 },
	{ 20, 2 }, { 24, 3 }, { 25, 3 }, { SCM_ROOM, 3 },
};

TEST_F(way, what_does_not_fit_is_closed)
{
	int before = scm_open_files(), fd[3], i;
	const struct room *r;
	struct scm_pipe p;
	struct scm_got got;
	size_t used;

	for (r = rooms; r < rooms + ARRAY_SIZE(rooms); r++) {
		p = scm_pipe();
		for (i = 0; i < 3; i++)
			fd[i] = p.wr;
		ASSERT_EQ(1, scm_send(self->tx, 'a', fd, 3, 0, NULL));
		got = scm_recv_room(self->rx, r->size, 0);
		used = r->n_fds ? CMSG_SPACE(r->n_fds * sizeof(int)) : 0;
		EXPECT_EQ('a', got.letter);
		EXPECT_EQ(r->n_fds, got.n_fds)
			TH_LOG("in a room of %zu", r->size);
		EXPECT_EQ(used < r->size ? used : r->size, got.used)
			TH_LOG("in a room of %zu", r->size);
		EXPECT_EQ(r->n_fds < 3 ? MSG_CTRUNC : 0, got.flags);
		EXPECT_EQ(before + 2 + r->n_fds, scm_open_files());
		scm_close(&got);
		EXPECT_TRUE(scm_pipe_end(&p));
	}
	EXPECT_EQ(before, scm_open_files());
}

TEST_F(way, room_that_is_bad_memory_is_none)
{
	static void *const bad[] = { NULL, (void *)8 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int before = scm_open_files(), i;
	struct scm_pipe p;
	char c;

	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(scm_give(self->tx, 'a', &p));
		iov = (struct iovec) { &c, 1 };
		msg.msg_control = bad[i];
		msg.msg_controllen = 64;
		EXPECT_EQ(1, DT_ERR(recvmsg(self->rx, &msg, 0)));
		EXPECT_EQ(MSG_CTRUNC, msg.msg_flags & MSG_CTRUNC);
		EXPECT_EQ(0, msg.msg_controllen);
		EXPECT_TRUE(scm_pipe_end(&p));
	}
	EXPECT_EQ(before, scm_open_files());
}

TEST_F(way, as_32_bit_program)
{
	int before = scm_open_files(), fd[3], i;
	const struct room *r;
	struct scm_pipe p;
	struct scm_got got;
	long ret;

	for (r = rooms_32; r < rooms_32 + ARRAY_SIZE(rooms_32); r++) {
		p = scm_pipe();
		for (i = 0; i < 3; i++)
			fd[i] = p.wr;
		ret = scm_send_32(self->tx, 'a', fd, 3, 0);
		if (ret == -ENOSYS) {
			scm_pipe_end(&p);
			SKIP(return, "this kernel runs no 32-bit programs");
		}
		ASSERT_EQ(1, ret);
		got = scm_recv_32(self->rx, r->size, MSG_CMSG_CLOEXEC);
		EXPECT_EQ(1, got.ret);
		EXPECT_EQ('a', got.letter);
		EXPECT_EQ(r->n_fds, got.n_fds)
			TH_LOG("in a room of %zu", r->size);
		EXPECT_EQ(r->n_fds ? 12 + 4 * r->n_fds : 0, got.used);
		EXPECT_EQ(r->n_fds < 3 ? MSG_CTRUNC : 0, got.flags);
		EXPECT_EQ(before + 2 + r->n_fds, scm_open_files());
		for (i = 0; i < got.n_fds; i++) {
			EXPECT_EQ(FD_CLOEXEC, fcntl(got.fd[i], F_GETFD));
			EXPECT_TRUE(scm_is_write_end(got.fd[i], &p));
		}
		scm_close(&got);
		EXPECT_TRUE(scm_pipe_end(&p));
	}
}

/* A control message for two descriptors that says it is that long. */
TEST_F(way, length_that_does_not_fit)
{
	static const struct {
		size_t len;
		long ret;
		int n_fds;
	} rows[] = {
		{ 0, -EINVAL },
		{ 1, -EINVAL },
		{ CMSG_LEN(0) - 1, -EINVAL },
		{ CMSG_LEN(0), 1, 0 },
		{ CMSG_LEN(3), 1, 0 },
		{ CMSG_LEN(5), 1, 1 },
		{ CMSG_LEN(8), 1, 2 },
		{ CMSG_LEN(8) + 1, -EINVAL },
		{ SIZE_MAX, -EINVAL },
		{ (size_t)INT_MAX + 1, -EINVAL },
	};
	struct scm_pipe p = scm_pipe();
	int fd[] = { p.wr, p.wr }, i;
	struct scm_control c;
	struct scm_got got;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		c.len = 0;
		ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, 8));
		((struct cmsghdr *)c.buf)->cmsg_len = rows[i].len;
		EXPECT_EQ(rows[i].ret,
			  scm_send_control(self->tx, 'a', &c, 0, NULL))
			TH_LOG("length %zu", rows[i].len);
		if (rows[i].ret != 1)
			continue;
		got = scm_recv(self->rx, MSG_DONTWAIT);
		EXPECT_EQ(rows[i].n_fds, got.n_fds)
			TH_LOG("length %zu", rows[i].len);
		scm_close(&got);
	}
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, several_control_messages_add_up)
{
	struct scm_pipe p[3];
	struct scm_control c = { 0 };
	struct scm_got got;
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		p[i] = scm_pipe();
		fd[i] = p[i].wr;
	}
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, 2 * sizeof(int)));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, NULL, 0));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd + 2, sizeof(int)));
	ASSERT_EQ(1, scm_send_control(self->tx, 'a', &c, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(1, got.n_cmsgs);
	ASSERT_EQ(3, got.n_fds);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(scm_is_write_end(got.fd[i], &p[i]));
	scm_close(&got);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(scm_pipe_end(&p[i]));
}

/* E_SCM_01 */
TEST_F(way, several_control_messages_with_too_many)
{
	struct scm_pipe p = scm_pipe();
	struct scm_control c = { 0 };
	int fd[SCM_FDS_MAX], i;

	for (i = 0; i < SCM_FDS_MAX; i++)
		fd[i] = p.wr;
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, sizeof(fd)));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, sizeof(int)));
	EXPECT_EQ(-EINVAL, scm_send_control(self->tx, 'a', &c, 0, NULL));
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, other_control_message_after_it)
{
	struct scm_pipe p = scm_pipe();
	struct scm_control c = { 0 };
	struct scm_got got;

	/* of another level: means nothing */
	ASSERT_TRUE(scm_put(&c, 0, 77, "other", 5));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int)));
	ASSERT_EQ(1, scm_send_control(self->tx, 'a', &c, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	/* unknown at SOL_SOCKET: all is refused */
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, 77, "other", 5));
	EXPECT_EQ(-EINVAL, scm_send_control(self->tx, 'a', &c, 0, NULL));
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_HARNESS_MAIN
