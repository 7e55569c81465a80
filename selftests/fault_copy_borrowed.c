// SPDX-License-Identifier: GPL-2.0
/*
 * Bad memory at either end of a long payload that stays with its sender: at its
 * start, in its middle, at its end. It is EFAULT, and what was sent is kept or
 * lost just as if it had been copied: a message and a request stay where they
 * were, a reply to who sleeps for it is lost. What cannot be read is not sent.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls.h"
#include "kselftest_harness.h"
#include "borrowed.h"
#include "post.h"

struct job {
	struct dt_thread thread;
	int fd;
	uint8_t *buf;
};

FIXTURE(bad)
{
	int rx, tx;
	struct sockaddr_dipc to;
	uint8_t *out, *in, *same;
	struct dipc_request r;
	struct job send;
	struct page_op call, serve;
	char small[8];
	struct dt_stats before;
};

FIXTURE_VARIANT(bad)
{
	size_t at;		/* of the page that is */
};

FIXTURE_VARIANT_ADD(bad, at_its_start) { .at = 0 };
FIXTURE_VARIANT_ADD(bad, in_its_middle) { .at = MIDDLE };
FIXTURE_VARIANT_ADD(bad, at_its_end) { .at = SIZE - PAGE };

FIXTURE_SETUP(bad)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 16 * SIZE,
		.msg_max_bytes = SIZE,
	};
	struct sockaddr_dipc any = dt_any();

	self->rx = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	self->out = buffer_map(SIZE);
	self->in = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	ASSERT_TRUE(self->out && self->in && self->same);
	dt_pattern(self->out, SIZE, 1);
	dt_pattern(self->same, SIZE, 1);
	self->send = (struct job) { .fd = self->tx, .buf = self->out };
	self->call = (struct page_op) {
		.fd = self->tx, .op = { .op = DIPC_OP_CALL },
	};
	self->serve = (struct page_op) {
		.fd = self->rx,
		.op = { .op = DIPC_OP_REPLY_RECV, .out = PTR(self->out),
			.out_len = SIZE, .in = PTR(self->small), .in_len = 8,
			.info = PTR(&self->r) },
	};
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(bad)
{
	close(self->tx);
	close(self->rx);
	munmap(self->out, SIZE);
	munmap(self->in, SIZE);
	munmap(self->same, SIZE);
}

typedef FIXTURE_DATA(bad) env;

static long do_send(void *arg)
{
	struct job *j = arg;

	return DT_ERR(sendto(j->fd, j->buf, SIZE, 0, NULL, 0));
}

/* Both keep what is in the other pages. */
static int spoil(uint8_t *buf, size_t at)
{
	return mprotect(buf + at, PAGE, PROT_NONE);
}

static int mend(uint8_t *buf, size_t at)
{
	return mprotect(buf + at, PAGE, PROT_READ | PROT_WRITE);
}

/* As if it had never been: nothing is to be mapped between these two. */
static int unmap(uint8_t *buf, size_t at)
{
	return munmap(buf + at, PAGE);
}

static int map_again(env *e, uint8_t *buf, size_t at)
{
	if (mmap(buf + at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) != buf + at)
		return -errno;
	memcpy(buf + at, e->same + at, PAGE);
	return 0;
}

static bool is_whole(const env *e)
{
	return !memcmp(e->in, e->same, SIZE);
}

static bool is_queued(const env *e)
{
	return dt_port_queued(dt_port_id(e->rx)) == 1;
}

static bool nothing_there(const env *e)
{
	return dt_port_queued(dt_port_id(e->rx)) == 0 && take(e->rx) == -EAGAIN;
}

#define EXPECT_BORROWED() EXPECT_LE(1, borrowed_since(&self->before))

/*
 * The receiver's memory
 */

static bool send_it(env *e)
{
	return !dt_thread_start(&e->send.thread, do_send, &e->send) &&
	       DT_WAIT_UNTIL(is_queued(e)) &&
	       dt_wait_asleep(e->send.thread.tid, SYS_sendto);
}

static long receive(env *e, int flags)
{
	return DT_ERR(recv(e->rx, e->in, SIZE, MSG_DONTWAIT | flags));
}

#define EXPECT_RECEIVED() do {						\
	EXPECT_EQ(SIZE, receive(self, 0));				\
	EXPECT_TRUE(is_whole(self));					\
	EXPECT_EQ(SIZE, dt_thread_join(&self->send.thread));		\
} while (0)

/* E-RECV-04 */
TEST_F(bad, memory_for_a_message_leaves_it_where_it_was)
{
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	ASSERT_EQ(0, spoil(self->in, variant->at));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, receive(self, 0));
		EXPECT_TRUE(is_queued(self));
	}
	/* its sender was told nothing */
	EXPECT_TRUE(dt_wait_asleep(self->send.thread.tid, SYS_sendto));
	ASSERT_EQ(0, mend(self->in, variant->at));
	EXPECT_RECEIVED();
}

TEST_F(bad, memory_to_peek_into_leaves_it_where_it_was)
{
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	ASSERT_EQ(0, spoil(self->in, variant->at));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-EFAULT, receive(self, MSG_PEEK));
	EXPECT_EQ(-EFAULT, receive(self, 0));
	EXPECT_TRUE(is_queued(self));
	ASSERT_EQ(0, mend(self->in, variant->at));
	EXPECT_RECEIVED();
}

static long receive_request(env *e, uint32_t flags)
{
	e->r.handle = 0;
	return OP(e->rx, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT | flags,
		  .in = PTR(e->in), .in_len = SIZE, .info = PTR(&e->r));
}

static bool ask_long(env *e)
{
	/* who receives there wants it once */
	if (receive_request(e, DIPC_OP_CONSUME) != -EAGAIN)
		return false;
	e->call.op.out = PTR(e->out);
	e->call.op.out_len = SIZE;
	e->call.op.in = PTR(e->small);
	e->call.op.in_len = sizeof(e->small);
	return !page_op_start(&e->call) && DT_WAIT_UNTIL(is_queued(e)) &&
	       dt_wait_asleep(e->call.thread.tid, SYS_ioctl);
}

#define EXPECT_REPLIED() do {						\
	EXPECT_EQ(2, calls_reply(BY_OP, self->rx, self->r.handle, "ok")); \
	EXPECT_EQ(2, dt_thread_join(&self->call.thread));		\
} while (0)

/* E-CALL-06 */
TEST_F(bad, memory_for_a_request_leaves_it_where_it_was)
{
	ASSERT_TRUE(ask_long(self));
	EXPECT_BORROWED();
	ASSERT_EQ(0, spoil(self->in, variant->at));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, receive_request(self, DIPC_OP_CONSUME));
		EXPECT_EQ(0, self->r.handle);
		EXPECT_TRUE(is_queued(self));
	}
	ASSERT_EQ(0, mend(self->in, variant->at));
	EXPECT_EQ(SIZE, receive_request(self, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(-ENODATA, calls_read(self->rx, self->r.handle, 0, self->in,
				       SIZE));
	EXPECT_REPLIED();
}

/* What was not had is not had once: who has it then may say otherwise. */
TEST_F(bad, memory_for_a_request_does_not_use_it_up)
{
	ASSERT_TRUE(ask_long(self));
	EXPECT_BORROWED();
	ASSERT_EQ(0, spoil(self->in, variant->at));
	EXPECT_EQ(-EFAULT, receive_request(self, DIPC_OP_CONSUME));
	ASSERT_EQ(0, mend(self->in, variant->at));
	EXPECT_EQ(SIZE, receive_request(self, 0));
	EXPECT_TRUE(is_whole(self));
	memset(self->in, 0, SIZE);
	EXPECT_EQ(SIZE, calls_read(self->rx, self->r.handle, 0, self->in,
				   SIZE));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/* A call for a long reply, and the server has the request. */
static bool ask_for_long(env *e)
{
	e->call.op.out = PTR("q");
	e->call.op.out_len = 1;
	e->call.op.in = PTR(e->in);
	e->call.op.in_len = SIZE;
	if (page_op_start(&e->call) ||
	    OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(e->small), .in_len = 8,
	       .info = PTR(&e->r)) != 1)
		return false;
	e->serve.op.handle = e->r.handle;
	return dt_wait_asleep(e->call.thread.tid, SYS_ioctl);
}

#define EXPECT_SERVER_GOES_ON() do {					\
	ASSERT_EQ(1, dt_send(self->tx, "m", 1, 0, NULL));		\
	EXPECT_EQ(1, dt_thread_join(&self->serve.thread));		\
} while (0)

/* E-CALL-34 */
TEST_F(bad, memory_for_a_reply_loses_it)
{
	ASSERT_TRUE(ask_for_long(self));
	ASSERT_EQ(0, spoil(self->in, variant->at));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EFAULT, dt_thread_join(&self->call.thread));
	EXPECT_BORROWED();
	EXPECT_EQ(-ENOENT, calls_finish(BY_OP, self->tx, MSG_DONTWAIT).ret);
	/* the server has replied, and is told nothing else */
	EXPECT_SERVER_GOES_ON();
	ASSERT_EQ(0, mend(self->in, variant->at));
	ASSERT_TRUE(ask_for_long(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));
	EXPECT_TRUE(is_whole(self));
	EXPECT_SERVER_GOES_ON();
}

/*
 * The sender's memory
 */

/* E-SEND-21 */
TEST_F(bad, memory_of_a_message_is_not_sent)
{
	long ret;

	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	ASSERT_EQ(0, unmap(self->out, variant->at));
	ret = DT_ERR(send(self->tx, self->out, SIZE, 0));
	ASSERT_EQ(0, map_again(self, self->out, variant->at));
	EXPECT_EQ(-EFAULT, ret);
	EXPECT_TRUE(nothing_there(self));
	ASSERT_TRUE(send_it(self));
	EXPECT_BORROWED();
	EXPECT_RECEIVED();
}

/* E-CALL-05 */
TEST_F(bad, memory_of_a_request_is_not_sent)
{
	long ret;

	ASSERT_EQ(-EAGAIN, receive_request(self, DIPC_OP_CONSUME));
	ASSERT_EQ(0, unmap(self->out, variant->at));
	ret = OP(self->tx, .op = DIPC_OP_CALL, .out = PTR(self->out),
		 .out_len = SIZE);
	ASSERT_EQ(0, map_again(self, self->out, variant->at));
	EXPECT_EQ(-EFAULT, ret);
	EXPECT_TRUE(nothing_there(self));
	EXPECT_EQ(-ENOENT, calls_finish(BY_OP, self->tx, MSG_DONTWAIT).ret);
	ASSERT_TRUE(ask_long(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, receive_request(self, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/* E-CALL-63 */
TEST_F(bad, memory_of_a_reply_leaves_the_request_held)
{
	struct dipc_op op;
	long ret;

	ASSERT_TRUE(ask_for_long(self));
	op = self->serve.op;
	op.size = sizeof(op);
	ASSERT_EQ(0, unmap(self->out, variant->at));
	ret = calls_op(self->rx, &op);
	ASSERT_EQ(0, map_again(self, self->out, variant->at));
	EXPECT_EQ(-EFAULT, ret);
	EXPECT_EQ(self->r.handle, op.handle);
	EXPECT_TRUE(dt_wait_asleep(self->call.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));
	EXPECT_TRUE(is_whole(self));
	EXPECT_SERVER_GOES_ON();
}

TEST_HARNESS_MAIN
