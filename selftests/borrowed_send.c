// SPDX-License-Identifier: GPL-2.0
/*
 * Long messages in explicit mode: their sender sleeps until they were received,
 * and they stay with it until then. What was seen of one by who only peeks is
 * what is received; a sender that gives up is not held up by who receives, and
 * nothing of its memory is read after that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"
#include "kselftest_harness.h"
#include "peek.h"
#include "borrowed.h"
#include "post.h"

#define CHANGED	0xee
#define SECRET	0xaa	/* in no pattern of these tests */

struct job {
	struct dt_thread thread;
	int fd;
	uint8_t *buf;
	size_t len;
};

FIXTURE(sent)
{
	int rx, tx, other;		/* who does not wait for its receipt */
	struct sockaddr_dipc to;
	uint8_t *out, *same;
	struct slow in;
	struct job send, recv;
	struct dt_stats before;
};

static void fill(uint8_t *buf)
{
	for (size_t i = 0; i < SIZE; i++)
		buf[i] = i % 127;
}

FIXTURE_SETUP(sent)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 16 * SIZE,
		.msg_max_bytes = 4 * SIZE,
	};
	struct sockaddr_dipc any = dt_any();

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	self->other = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, slow_new(&self->in));
	self->out = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->same);
	fill(self->out);
	fill(self->same);
	self->send = (struct job) { .fd = self->tx, .buf = self->out,
				    .len = SIZE };
	self->recv = (struct job) { .fd = self->rx, .buf = self->in.at,
				    .len = SIZE };
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(sent)
{
	close(self->tx);
	close(self->rx);
	close(self->other);
	slow_end(&self->in);
	munmap(self->out, SIZE);
	munmap(self->same, SIZE);
}

typedef FIXTURE_DATA(sent) env;

static long do_send(void *arg)
{
	struct job *j = arg;

	return DT_ERR(sendto(j->fd, j->buf, j->len, 0, NULL, 0));
}

static long do_recv(void *arg)
{
	struct job *j = arg;

	return DT_ERR(recvfrom(j->fd, j->buf, j->len, 0, NULL, NULL));
}

static bool send_it(env *e)
{
	return !dt_thread_start(&e->send.thread, do_send, &e->send) &&
	       DT_WAIT_UNTIL(dt_port_queued(dt_port_id(e->rx)) == 1) &&
	       dt_wait_asleep(e->send.thread.tid, SYS_sendto);
}

static bool is_being_read(env *e)
{
	return send_it(e) &&
	       !dt_thread_start(&e->recv.thread, do_recv, &e->recv) &&
	       page_wait_touched(&e->in.page);
}

static bool is_whole(const env *e)
{
	return !memcmp(e->in.at, e->same, SIZE);
}

#define EXPECT_SENT() do {						\
	EXPECT_EQ(SIZE, dt_thread_join(&self->send.thread));		\
} while (0)

#define EXPECT_BORROWED() EXPECT_EQ(1, borrowed_since(&self->before))

TEST_F(sent, message_stays_where_it_is_and_is_whole)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	EXPECT_SENT();
}

/* There is room for its head only. */
TEST_F(sent, message_that_is_cut_is_sent)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, PAGE, MSG_TRUNC));
	EXPECT_EQ(0, memcmp(self->in.at, self->same, PAGE));
	EXPECT_EQ(0, self->in.at[PAGE]);
	EXPECT_SENT();
}

TEST_F(sent, message_is_the_same_to_who_has_peeked_at_it)
{
	uint8_t head[128];

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(128, recv(self->rx, head, 128, MSG_PEEK));
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(0, memcmp(head, self->same, 128));
	EXPECT_SENT();
}

/* To a pipe it goes by memory of the kernel. */
TEST_F(sent, message_can_be_spliced)
{
	const size_t len = 48 * KIB;
	size_t got = 0;
	ssize_t n = 1;
	int fd[2];

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, pipe(fd));
	self->send.len = len;
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	ASSERT_EQ(len, splice(self->rx, NULL, fd[1], NULL, len, 0));
	while (got < len && n > 0) {
		n = read(fd[0], self->in.at + got, len - got);
		got += n;
	}
	EXPECT_EQ(0, memcmp(self->in.at, self->same, len));
	EXPECT_EQ(len, dt_thread_join(&self->send.thread));
	close(fd[0]);
	close(fd[1]);
}

/* A child has a copy of the memory, and the receiver what the sender has. */
TEST_F(sent, message_is_not_changed_by_a_child)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	pid = fork();
	if (!pid) {
		memset(self->out, SECRET, SIZE);
		_exit(self->out[MIDDLE] != SECRET);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	EXPECT_SENT();
}

static void keep_secret(env *e)
{
	memset(e->out, SECRET, SIZE);
}

#define EXPECT_NOTHING_RECEIVED() do {					\
	keep_secret(self);						\
	ASSERT_EQ(0, page_give(&self->in.page));			\
	/* it goes on to wait for the next one */			\
	ASSERT_EQ(1, dt_send(self->other, "m", 1, 0, NULL));		\
	EXPECT_EQ(1, dt_thread_join(&self->recv.thread));		\
	EXPECT_FALSE(has_byte(self->in.at, SIZE, SECRET));		\
} while (0)

/*
 * As is_being_read(), of a sender that will be out of time. If it is before the
 * receiver has come to the middle, it is tried again.
 */
static bool is_being_read_in_time(env *e)
{
	long ms;

	for TRIES(ms) {
		if (dt_stats_get(&e->before) ||
		    dt_set_timeout(e->tx, SO_SNDTIMEO, ms) ||
		    dt_thread_start(&e->recv.thread, do_recv, &e->recv) ||
		    dt_thread_start(&e->send.thread, do_send, &e->send))
			return false;
		if (slow_wait_touched(&e->in, &e->send.thread))
			return true;
		/* if it comes there now after all this one is left over */
		if (dt_send(e->other, "m", 1, 0, NULL) != 1)
			return false;
		if (slow_wait_touched(&e->in, &e->recv.thread))
			return true;
		if (dt_thread_join(&e->recv.thread) != 1 ||
		    dt_thread_join(&e->send.thread) != -EAGAIN)
			return false;
	}
	return false;
}

TEST_F(sent, message_of_a_sender_without_time_is_not_read_on)
{
	ASSERT_TRUE(is_being_read_in_time(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-EAGAIN, dt_thread_join(&self->send.thread));
	EXPECT_NOTHING_RECEIVED();
}

TEST_F(sent, message_of_a_sender_that_is_interrupted_is_not_read_on)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(is_being_read(self));
	EXPECT_BORROWED();
	ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->send.thread.tid,
			     SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&self->send.thread));
	EXPECT_NOTHING_RECEIVED();
}

TEST_F(sent, message_that_is_withdrawn_leaves_nothing)
{
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, DT_ERR(send(self->tx, self->out, SIZE, 0)));
	EXPECT_BORROWED();
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(sent, message_that_is_lost_with_its_queue_leaves_nothing)
{
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	close(self->rx);
	self->rx = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&self->send.thread));
}

TEST_F(sent, message_of_bad_memory_is_not_sent)
{
	ASSERT_EQ(0, mprotect(self->out + MIDDLE, PAGE, PROT_NONE));
	EXPECT_EQ(-EFAULT, DT_ERR(send(self->tx, self->out, SIZE, 0)));
	EXPECT_EQ(0, borrowed_since(&self->before));
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(sent, message_that_could_not_be_received_is_whole)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE, PROT_READ));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-EFAULT, DT_ERR(recv(self->rx, self->in.at, SIZE, 0)));
	/* a part of it was seen */
	memset(self->out, CHANGED, SIZE);
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	EXPECT_SENT();
}

/* Who does not sleep leaves nothing behind. */
TEST_F(sent, message_of_another_mode_is_copied)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_RELIABLE));
	ASSERT_EQ(SIZE, send(self->tx, self->out, SIZE, 0));
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, recv(self->rx, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(0, borrowed_since(&self->before));
}

TEST_HARNESS_MAIN
