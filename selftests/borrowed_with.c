// SPDX-License-Identifier: GPL-2.0
/*
 * Long payload that stays with its sender, with what else there is: deadlines
 * and descriptors, many pieces, many pages, links, mailboxes, pipes, and
 * receivers that want to know more.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ask.h"
#include "call.h"
#include "kselftest_harness.h"
#include "borrowed.h"
#include "link.h"
#include "post.h"
#include "scm.h"

#define CHANGED	0xee
#define SECRET	0xaa	/* in no pattern of these tests */
#define FAR_NS	(DT_LONG_MS * 1000000ULL)

static void fill(uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = i % 127;
}

/*
 * Messages with a deadline, with a descriptor, and with both
 */

struct letter {
	struct dt_thread thread;
	int fd;
	uint8_t *buf;
	uint64_t deadline_ns;	/* 0: none */
	int with;		/* a descriptor that goes along; or -1 */
};

struct parcel {
	struct dt_thread thread;
	int fd;
	uint8_t *buf;
	size_t len;
	int n_fds, got;		/* that came along */
};

FIXTURE(extras)
{
	int rx, tx, other;		/* who does not wait for its receipt */
	uint8_t *out, *same;
	struct slow in;
	struct scm_pipe pipe;
	struct letter send;
	struct parcel recv;
	struct dt_stats before;
};

FIXTURE_VARIANT(extras)
{
	bool deadline, descriptor;
};

FIXTURE_VARIANT_ADD(extras, deadline) { true, false };
FIXTURE_VARIANT_ADD(extras, descriptor) { false, true };
FIXTURE_VARIANT_ADD(extras, both) { true, true };

FIXTURE_SETUP(extras)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 16 * SIZE,
		.msg_max_bytes = SIZE,
	};
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &to);
	self->other = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	ASSERT_EQ(0, slow_new(&self->in));
	self->out = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->same);
	fill(self->out, SIZE);
	fill(self->same, SIZE);
	self->pipe = scm_pipe();
	self->send = (struct letter) {
		.fd = self->tx, .buf = self->out,
		.deadline_ns = variant->deadline ? FAR_NS : 0,
		.with = variant->descriptor ? self->pipe.wr : -1,
	};
	self->recv = (struct parcel) { .fd = self->rx, .buf = self->in.at,
				       .len = SIZE };
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(extras)
{
	/* not kept, and not given up twice */
	EXPECT_TRUE(scm_pipe_end(&self->pipe));
	/* whose time is over may see that before the message is freed */
	EXPECT_TRUE(DT_WAIT_UNTIL(!ask_outq(self->tx)));
	close(self->tx);
	close(self->rx);
	close(self->other);
	slow_end(&self->in);
}

typedef FIXTURE_DATA(extras) extras;

static long do_send(void *arg)
{
	struct letter *l = arg;
	struct iovec iov = { l->buf, SIZE };
	struct scm_control c = { .len = 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = c.buf };

	if (l->deadline_ns)
		scm_put(&c, SOL_DIPC, DIPC_DEADLINE, &l->deadline_ns,
			sizeof(l->deadline_ns));
	if (l->with >= 0)
		scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &l->with, sizeof(int));
	msg.msg_controllen = c.len;
	return DT_ERR(sendmsg(l->fd, &msg, 0));
}

static long do_recv(void *arg)
{
	struct parcel *p = arg;
	char control[CMSG_SPACE(4 * sizeof(int))]
		__attribute__((aligned(8)));
	struct iovec iov = { p->buf, p->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	long ret = DT_ERR(recvmsg(p->fd, &msg, 0));

	p->n_fds = 0;
	for (c = ret < 0 ? NULL : CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		p->n_fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(&p->got, CMSG_DATA(c), sizeof(int));
	}
	return ret;
}

static bool send_it(extras *e)
{
	return !dt_thread_start(&e->send.thread, do_send, &e->send) &&
	       DT_WAIT_UNTIL(dt_port_queued(dt_port_id(e->rx)) == 1) &&
	       dt_wait_asleep(e->send.thread.tid, SYS_sendmsg);
}

static bool is_being_read(extras *e)
{
	return send_it(e) &&
	       !dt_thread_start(&e->recv.thread, do_recv, &e->recv) &&
	       page_wait_touched(&e->in.page);
}

/* From now on only the message has it. */
static void give_away(extras *e)
{
	close(e->pipe.wr);
	e->pipe.wr = -1;
}

#define EXPECT_BORROWED() EXPECT_EQ(1, borrowed_since(&self->before))
#define EXPECT_COPIED() EXPECT_EQ(0, borrowed_since(&self->before))

/* It is whole, and what goes with it was given once. */
#define EXPECT_GIVEN() do {						\
	EXPECT_EQ(0, memcmp(self->in.at, self->same, SIZE));		\
	ASSERT_EQ(variant->descriptor, self->recv.n_fds);		\
	if (variant->descriptor) {					\
		EXPECT_TRUE(scm_is_write_end(self->recv.got,		\
					     &self->pipe));		\
		close(self->recv.got);					\
	}								\
	give_away(self);						\
	EXPECT_TRUE(scm_pipe_wait_released(&self->pipe));		\
} while (0)

TEST_F(extras, of_a_message_come_with_it)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, do_recv(&self->recv));
	EXPECT_EQ(SIZE, dt_thread_join(&self->send.thread));
	EXPECT_GIVEN();
}

TEST_F(extras, of_a_message_are_not_lost_where_it_could_not_be_received)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE, PROT_READ));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-EFAULT, do_recv(&self->recv));
	EXPECT_EQ(0, self->recv.n_fds);
	memset(self->out, CHANGED, SIZE);
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIZE, do_recv(&self->recv));
	EXPECT_EQ(SIZE, dt_thread_join(&self->send.thread));
	EXPECT_GIVEN();
}

#define EXPECT_TAKEN_BACK() do {					\
	give_away(self);						\
	EXPECT_TRUE(scm_pipe_wait_released(&self->pipe));		\
	EXPECT_EQ(-EAGAIN, take(self->rx));				\
} while (0)

TEST_F(extras, of_a_message_that_expires_are_given_up)
{
	if (variant->deadline)
		self->send.deadline_ns = DT_SHORT_MS * 1000000ULL;
	else
		ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO,
					    DT_SHORT_MS));
	EXPECT_EQ(variant->deadline ? -ETIMEDOUT : -EAGAIN,
		  do_send(&self->send));
	EXPECT_BORROWED();
	EXPECT_TAKEN_BACK();
}

TEST_F(extras, of_a_message_that_is_interrupted_are_given_up)
{
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	syscall(SYS_tgkill, getpid(), self->send.thread.tid, SIGUSR1);
	EXPECT_EQ(-EINTR, dt_thread_join(&self->send.thread));
	EXPECT_TAKEN_BACK();
}

TEST_F(extras, of_a_message_that_is_lost_with_its_queue_are_given_up)
{
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	close(self->rx);
	self->rx = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&self->send.thread));
	give_away(self);
	EXPECT_TRUE(scm_pipe_wait_released(&self->pipe));
}

/* The receiver goes on to wait for the next one, and gets nothing of this. */
#define EXPECT_NOT_READ_ON() do {					\
	memset(self->out, SECRET, SIZE);				\
	ASSERT_EQ(0, page_give(&self->in.page));			\
	ASSERT_EQ(1, dt_send(self->other, "m", 1, 0, NULL));		\
	EXPECT_EQ(1, dt_thread_join(&self->recv.thread));		\
	EXPECT_EQ(0, self->recv.n_fds);					\
	EXPECT_FALSE(has_byte(self->in.at, SIZE, SECRET));		\
} while (0)

TEST_F(extras, of_a_message_that_is_withdrawn_in_the_middle_are_given_up)
{
	ASSERT_TRUE(is_being_read(self));
	EXPECT_BORROWED();
	syscall(SYS_tgkill, getpid(), self->send.thread.tid, SIGUSR1);
	EXPECT_EQ(-EINTR, dt_thread_join(&self->send.thread));
	EXPECT_NOT_READ_ON();
	EXPECT_TAKEN_BACK();
}

TEST_F(extras, of_a_message_that_is_due_in_the_middle_are_given_up)
{
	const long late = variant->deadline ? -ETIMEDOUT : -EAGAIN;
	bool touched = false;
	long ms;

	for TRIES(ms) {
		if (variant->deadline)
			self->send.deadline_ns = ms * 1000000ULL;
		else
			ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, ms));
		ASSERT_EQ(0, dt_stats_get(&self->before));
		ASSERT_EQ(0, dt_thread_start(&self->recv.thread, do_recv,
					     &self->recv));
		ASSERT_EQ(0, dt_thread_start(&self->send.thread, do_send,
					     &self->send));
		touched = slow_wait_touched(&self->in, &self->send.thread);
		if (touched)
			break;
		/* if it comes there now after all this one is left over */
		ASSERT_EQ(1, dt_send(self->other, "m", 1, 0, NULL));
		touched = slow_wait_touched(&self->in, &self->recv.thread);
		if (touched)
			break;
		ASSERT_EQ(late, dt_thread_join(&self->send.thread));
		ASSERT_EQ(1, dt_thread_join(&self->recv.thread));
	}
	ASSERT_TRUE(touched);
	EXPECT_BORROWED();
	EXPECT_EQ(late, dt_thread_join(&self->send.thread));
	EXPECT_NOT_READ_ON();
	take(self->rx);
	EXPECT_TAKEN_BACK();
}

/*
 * Each way, over a port and over a link
 */

#define LONGEST	(8 * MIB)

FIXTURE(way)
{
	struct passage p;
	uint8_t *out, *in;
	struct dt_stats before;
};

FIXTURE_VARIANT(way)
{
	enum passage_kind kind;
	bool link;
};

FIXTURE_VARIANT_ADD(way, message) { MESSAGE };
FIXTURE_VARIANT_ADD(way, request) { REQUEST };
FIXTURE_VARIANT_ADD(way, reply) { REPLY };
FIXTURE_VARIANT_ADD(way, message_by_link) { MESSAGE, true };
FIXTURE_VARIANT_ADD(way, request_by_link) { REQUEST, true };
FIXTURE_VARIANT_ADD(way, reply_by_link) { REPLY, true };

FIXTURE_SETUP(way)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 4, .capacity_bytes = 2 * LONGEST,
		.msg_max_bytes = LONGEST,
	};
	struct link l;

	if (variant->link) {
		ASSERT_EQ(0, link_conf(&l, SOCK_SEQPACKET, &conf, &conf));
		ASSERT_EQ(0, calls_take_calls(l.b));
		ASSERT_EQ(0, passage_on(&self->p, variant->kind, l.b, l.a));
	} else {
		ASSERT_EQ(0, passage_new(&self->p, variant->kind, LONGEST));
	}
	self->out = buffer_map(LONGEST + PAGE);
	self->in = buffer_map(LONGEST + PAGE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->in);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(way)
{
	EXPECT_TRUE(passage_is_over(&self->p));
	passage_close(&self->p);
}

/* More pages than are looked for at once, and memory that is used again. */
TEST_F(way, takes_few_and_many_pages)
{
	static const size_t lens[] = {
		32 * KIB, 100 * KIB, MIB, MIB + PAGE, 2 * MIB, LONGEST,
		33 * KIB, LONGEST - 1, 64 * KIB,
	};
	const int n = sizeof(lens) / sizeof(lens[0]);

	for (int i = 0; i < n; i++) {
		dt_pattern(self->out + i, lens[i], i);
		ASSERT_TRUE(passage_start(&self->p, self->out + i, lens[i]));
		ASSERT_EQ(lens[i], passage_receive(&self->p, self->in,
						   LONGEST));
		ASSERT_EQ(lens[i], passage_end(&self->p));
		EXPECT_EQ(-1, dt_pattern_differs(self->in, lens[i], i))
			TH_LOG("of %zu bytes", lens[i]);
	}
	/* for the longest three there may be no memory for the list of pages */
	EXPECT_LE(n - 3, borrowed_since(&self->before));
}

TEST_F(way, goes_to_many_pieces)
{
	static const size_t piece[] = {
		1, 62, 1, 0, PAGE - 1, PAGE, PAGE + 1, 64 * KIB - 1, 64 * KIB,
		7, 3 * PAGE + 5,
	};
	const int n = sizeof(piece) / sizeof(piece[0]);
	struct iovec vec[n + 1];
	size_t at = 0, where = 100;
	int i;

	memset(self->in, CHANGED, 2 * SIZE);
	for (i = 0; i < n; i++) {
		vec[i] = (struct iovec) { self->in + where, piece[i] };
		at += piece[i];
		/* with gaps, which are not to be touched */
		where += piece[i] + i % 3;
	}
	vec[n] = (struct iovec) { self->in + where, SIZE - at };
	dt_pattern(self->out, SIZE, 1);
	ASSERT_TRUE(passage_start(&self->p, self->out, SIZE));
	EXPECT_EQ(SIZE, passage_receive_vec(&self->p, vec, n + 1));
	EXPECT_EQ(SIZE, passage_end(&self->p));
	for (i = 0, at = 0; i <= n; at += vec[i++].iov_len)
		EXPECT_EQ(0, memcmp(vec[i].iov_base, self->out + at,
				    vec[i].iov_len))
			TH_LOG("piece %d", i);
	for (i = 0; i < n; i++)
		for (uint8_t *gap = vec[i].iov_base + vec[i].iov_len;
		     gap != vec[i + 1].iov_base; gap++)
			EXPECT_EQ(CHANGED, *gap);
	EXPECT_EQ(CHANGED, self->in[99]);
	EXPECT_EQ(CHANGED, self->in[where + vec[n].iov_len]);
	EXPECT_EQ(1, borrowed_since(&self->before));
}

TEST_HARNESS_MAIN
