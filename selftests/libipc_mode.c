// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: what a message or a socket asks of the kernel, by
 * modes, deadlines, priorities and matches, and the completions of asynchronous
 * sends (<ipc/message.h>).
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>

#include <ipc/libipc.h>

#include "msg.h"

static ssize_t send_priority(int fd, char *text, uint32_t priority)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_PRIORITY,
		.priority = priority,
	};

	return sendtext(fd, text, 0, &attr);
}

static int set_capacity(int fd, uint32_t msgs, uint8_t policy)
{
	struct dipc_queue_conf conf;
	int err = ipc_get_queue(fd, &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	return err ? err : ipc_set_queue(fd, &conf);
}

TEST_F(msg, reliable_is_told_of_a_drop)
{
	struct ipc_send_attr reliable = {
		.fields = IPC_SEND_MODE,
		.mode = DIPC_MODE_RELIABLE,
	};
	uint32_t mode = 77;

	ASSERT_EQ(0, set_capacity(self->rx, 1, DIPC_POLICY_DROP_NEWEST));
	EXPECT_EQ(1, sendtext(self->tx, "a", 0, &reliable));
	EXPECT_EQ(-ENOBUFS, sendtext(self->tx, "b", 0, &reliable));
	EXPECT_EQ(1, sendtext(self->tx, "c", 0, NULL));

	/* The same as what the socket is set to; the message's own wins. */
	ASSERT_EQ(0, ipc_get_mode(self->tx, &mode));
	EXPECT_EQ(DIPC_MODE_BLOCKING, mode);
	ASSERT_EQ(0, ipc_set_mode(self->tx, DIPC_MODE_RELIABLE));
	ASSERT_EQ(0, ipc_get_mode(self->tx, &mode));
	EXPECT_EQ(DIPC_MODE_RELIABLE, mode);
	EXPECT_EQ(-ENOBUFS, ipc_send(self->tx, "d", 1, 0));
	reliable.mode = DIPC_MODE_BLOCKING;
	EXPECT_EQ(1, sendtext(self->tx, "e", 0, &reliable));
	EXPECT_EQ('a', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));

	EXPECT_EQ(-EINVAL, ipc_set_mode(self->tx, 3));
	EXPECT_EQ(-EBADF, ipc_set_mode(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_mode(-1, &mode));
}

struct sender {
	int fd;
	struct ipc_send_attr attr;
};

static long send_in_thread(void *arg)
{
	struct sender *s = arg;

	return sendtext(s->fd, "x", 0, &s->attr);
}

TEST_F(msg, explicit_returns_when_it_is_received)
{
	struct sender s = {
		.fd = self->tx,
		.attr = { .fields = IPC_SEND_MODE, .mode = DIPC_MODE_EXPLICIT },
	};
	struct dt_thread t;

	EXPECT_EQ(-EAGAIN, sendtext(self->tx, "n", MSG_DONTWAIT, &s.attr));
	ASSERT_EQ(0, dt_thread_start(&t, send_in_thread, &s));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_queued(self->rx_port) == 1));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendmsg));
	EXPECT_EQ('x', letter(self->rx));
	EXPECT_EQ(1, dt_thread_join(&t));
}

TEST_F(msg, deadline_discards)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_DEADLINE,
		.deadline_ns = DT_SHORT_MS * MS,
	};

	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_port_queued(self->rx_port)));
	EXPECT_EQ(-EAGAIN, letter(self->rx));

	/* Who waits for it is told. */
	attr.fields |= IPC_SEND_MODE;
	attr.mode = DIPC_MODE_EXPLICIT;
	EXPECT_EQ(-ETIMEDOUT, sendtext(self->tx, "y", 0, &attr));
	EXPECT_EQ(-EAGAIN, letter(self->rx));

	attr.deadline_ns = DT_LONG_MS * MS;
	attr.fields = IPC_SEND_DEADLINE;
	ASSERT_EQ(1, sendtext(self->tx, "z", 0, &attr));
	EXPECT_EQ('z', letter(self->rx));
}

static short poll_now(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

TEST_F(msg, asynchronous_send_is_completed)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.cookie = 0xc001d00dc0ffee00,
	};
	struct ipc_recv_attr in = { .fields = IPC_RECV_ID };
	struct dipc_completion done;
	char buf[8];

	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, IPC_RECV_ID));
	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(0, poll_now(self->tx));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(POLLERR, poll_now(self->tx));
	memset(&done, 0x5a, sizeof(done));
	ASSERT_EQ(0, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(attr.cookie, done.cookie);
	EXPECT_EQ(in.id, done.id);
	EXPECT_EQ(0, done.error);
	EXPECT_EQ(DIPC_REASON_TAKEN, done.reason);
	EXPECT_EQ(0, memcmp(&self->addr, &done.dest, sizeof(done.dest)));
	EXPECT_EQ(0, poll_now(self->tx));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(-EBADF, ipc_recv_completion(-1, &done));
}

TEST_F(msg, asynchronous_send_fails_later)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.cookie = 1,
	};
	struct dipc_completion done;

	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	close(self->rx);
	self->rx = -1;
	ASSERT_EQ(0, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(ECONNREFUSED, done.error);

	/* What is known at once has no completion. */
	attr.to = &self->addr;
	EXPECT_EQ(-ENOENT, sendtext(self->tx, "x", 0, &attr));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
}

TEST_F(msg, priority_orders_the_queue)
{
	struct dipc_queue_conf conf;
	uint32_t priority = 77;

	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	EXPECT_EQ(DIPC_ORDER_FIFO, conf.order);
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(1, send_priority(self->tx, "a", 0));
	EXPECT_EQ(1, send_priority(self->tx, "b", DIPC_PRIORITY_MAX));
	EXPECT_EQ(1, send_priority(self->tx, "c", 7));
	ASSERT_EQ(0, ipc_get_priority(self->tx, &priority));
	EXPECT_EQ(0, priority);
	ASSERT_EQ(0, ipc_set_priority(self->tx, 7));
	ASSERT_EQ(0, ipc_get_priority(self->tx, &priority));
	EXPECT_EQ(7, priority);
	EXPECT_EQ(1, ipc_send(self->tx, "d", 1, 0));

	conf.order = DIPC_ORDER_FIFO;
	EXPECT_EQ(-EBUSY, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ('b', letter(self->rx));
	EXPECT_EQ('c', letter(self->rx));
	EXPECT_EQ('d', letter(self->rx));
	EXPECT_EQ('a', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	EXPECT_EQ(0, ipc_set_queue(self->rx, &conf));

	EXPECT_EQ(-EINVAL, ipc_set_priority(self->tx, DIPC_PRIORITY_MAX + 1));
	EXPECT_EQ(-EBADF, ipc_set_priority(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_priority(-1, &priority));
}

TEST_F(msg, match_chooses)
{
	struct dipc_match tag = { .tag = 0x10, .tag_mask = 0xf0 };
	struct dipc_match source = { 0 }, got;
	uint64_t port;
	int other;

	other = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ipc_connect(other, &self->addr));
	ASSERT_EQ(0, ipc_port_id(other, &port));
	source.port = port;

	ASSERT_EQ(0, ipc_get_match(self->rx, &got));
	EXPECT_EQ(0, memcmp(&got, &(struct dipc_match) { 0 }, sizeof(got)));
	ASSERT_EQ(1, send_tag(self->tx, "a", 0x20));
	ASSERT_EQ(0, ipc_set_match(self->rx, &tag));
	ASSERT_EQ(0, ipc_get_match(self->rx, &got));
	EXPECT_EQ(0, memcmp(&got, &tag, sizeof(got)));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	EXPECT_EQ(0, poll_now(self->rx));
	ASSERT_EQ(1, send_tag(self->tx, "b", 0x1f));
	ASSERT_EQ(1, send_tag(other, "c", 0x11));
	EXPECT_EQ(POLLIN, poll_now(self->rx));
	EXPECT_EQ('b', letter(self->rx));
	ASSERT_EQ(0, ipc_set_match(self->rx, &source));
	EXPECT_EQ('c', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	ASSERT_EQ(0, ipc_set_match(self->rx, NULL));
	EXPECT_EQ('a', letter(self->rx));

	tag.reserved[0] = 1;
	EXPECT_EQ(-EINVAL, ipc_set_match(self->rx, &tag));
	EXPECT_EQ(-EBADF, ipc_set_match(-1, NULL));
	EXPECT_EQ(-EBADF, ipc_get_match(-1, &got));
	close(other);
}

TEST_HARNESS_MAIN
