// SPDX-License-Identifier: GPL-2.0
/*
 * Who is told that there is room, and when: what a look at the socket (poll.c)
 * does not show. Each of these was wrong once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "dipc_test.h"

FIXTURE(wake)
{
	int rx, other, tx, stranger;
};

/* tx and stranger are connected to rx, which takes one message; it is full */
FIXTURE_SETUP(wake)
{
	struct sockaddr_dipc any = dt_any(), addr;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	self->other = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	self->stranger = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->stranger);
	ASSERT_EQ(0, dt_send_number(self->stranger, 1, 0, NULL));
}

FIXTURE_TEARDOWN(wake)
{
	close(self->rx);
	close(self->other);
	close(self->tx);
	close(self->stranger);
}

static long poll_out(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLOUT };

	return DT_ERR(poll(&p, 1, DT_LONG_MS));
}

/* It was writable; others filled the queue; it tried, and is not to try again. */
TEST_F(wake, edge_comes_after_eagain_when_others_filled_the_queue)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, dt_send_number(self->stranger, 2, 0, NULL));
	ASSERT_EQ(-EAGAIN, dt_send_number(self->tx, 3, MSG_DONTWAIT, NULL));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(2, dt_recv_number(self->rx, 0));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	close(ep);
}

/* A message for which there is no room although there is some for others. */
TEST_F(wake, edge_comes_after_eagain_for_a_large_message)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .capacity_bytes = 20000,
		.msg_max_bytes = 20000,
	};
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	static char large[20000];

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(-EAGAIN, DT_ERR(send(self->tx, large, sizeof(large),
				       MSG_DONTWAIT)));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(sizeof(large), send(self->tx, large, sizeof(large), 0));
	close(ep);
}

/* The next message goes to another port, where there is room. */
TEST_F(wake, edge_comes_after_eagain_of_one_of_several_ports)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC), tx, rx[2], i, on = 1;
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "shared");
	addr = dt_name(name);
	for (i = 0; i < 2; i++) {
		rx[i] = dt_socket(SOCK_RDM);
		ASSERT_LE(0, rx[i]);
		ASSERT_EQ(0, setsockopt(rx[i], SOL_DIPC, DIPC_REUSE_NAME, &on,
					sizeof(on)));
		ASSERT_EQ(0, dt_bind(rx[i], &addr));
		ASSERT_EQ(0, dt_set_capacity(rx[i], 1, DIPC_POLICY_WAIT));
	}
	tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, tx);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, tx, &e));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	/* one each, then the first is full, but the second is emptied */
	ASSERT_EQ(0, dt_send_number(tx, 0, MSG_DONTWAIT, NULL));
	ASSERT_EQ(0, dt_send_number(tx, 1, MSG_DONTWAIT, NULL));
	ASSERT_EQ(1, dt_recv_number(rx[1], 0));
	while (epoll_wait(ep, &e, 1, 0) == 1)
		;
	ASSERT_EQ(-EAGAIN, dt_send_number(tx, 2, MSG_DONTWAIT, NULL));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(0, dt_send_number(tx, 3, MSG_DONTWAIT, NULL));
	close(tx);
	close(rx[0]);
	close(rx[1]);
	close(ep);
}

TEST_F(wake, connecting_elsewhere_wakes_who_polls_for_room)
{
	struct sockaddr_dipc addr = dt_port_of(self->other);
	struct dt_thread t;

	ASSERT_EQ(0, dt_thread_start(&t, poll_out, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_poll));
	ASSERT_EQ(0, dt_connect(self->tx, &addr));
	EXPECT_EQ(1, dt_thread_join(&t));
}

/* Pollers that can sleep on one wait queue only, as those of AIO. */
TEST_F(wake, aio_can_poll)
{
	struct iocb cb = {
		.aio_fildes = self->rx, .aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = POLLIN,
	}, *list = &cb;
	struct io_event event = {};
	aio_context_t ctx = 0;

	if (syscall(SYS_io_setup, 1, &ctx) && errno == ENOSYS)
		SKIP(return, "the kernel has no AIO");
	ASSERT_EQ(1, DT_ERR(syscall(SYS_io_submit, ctx, 1, &list)));
	ASSERT_EQ(1, DT_ERR(syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL)));
	EXPECT_EQ(POLLIN, event.res & POLLIN);
	syscall(SYS_io_destroy, ctx);
}

TEST_F(wake, sigio_tells_of_room)
{
	ASSERT_EQ(0, dt_count_signal(SIGIO, SA_RESTART));
	ASSERT_EQ(0, fcntl(self->tx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->tx, F_SETFL, O_ASYNC));
	struct pollfd p = { .fd = self->tx, .events = POLLOUT };

	ASSERT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, dt_signals);
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
}

static long send_large(void *arg)
{
	static char large[30000];

	return DT_ERR(send(*(int *)arg, large, sizeof(large), 0));
}

/* What it has outstanding lies elsewhere, and does not become less. */
TEST_F(wake, closing_a_queue_tells_who_waits_for_sndbuf)
{
	struct sockaddr_dipc other = dt_port_of(self->other);
	static char large[30000];
	struct dt_thread t;
	int sndbuf = 20000;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 8, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &sndbuf,
				sizeof(sndbuf)));
	ASSERT_EQ(sizeof(large), dt_send(self->tx, large, sizeof(large), 0,
					 &other));
	ASSERT_EQ(0, dt_thread_start(&t, send_large, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	ASSERT_EQ(0, close(self->rx));
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&t));
	self->rx = -1;
}

static volatile bool polling;
static volatile long polls;

static long poll_again_and_again(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN | POLLOUT };

	while (polling)
		polls += poll(&p, 1, 0) >= 0;
	return 0;
}

/* The flags of a socket are one word, which nobody may write but its owner. */
TEST_F(wake, polling_undoes_no_option)
{
	int on = 1, off = 0, value, lost = 0;
	socklen_t len = sizeof(value);
	struct dt_thread t;

	polling = true;
	ASSERT_EQ(0, dt_thread_start(&t, poll_again_and_again, &self->tx));
	ASSERT_TRUE(DT_WAIT_UNTIL(polls));
	for (int i = 0; i < 20000; i++) {
		setsockopt(self->tx, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
		getsockopt(self->tx, SOL_SOCKET, SO_BROADCAST, &value, &len);
		lost += value != 1;
		setsockopt(self->tx, SOL_SOCKET, SO_BROADCAST, &off, sizeof(off));
		getsockopt(self->tx, SOL_SOCKET, SO_BROADCAST, &value, &len);
		lost += value != 0;
	}
	polling = false;
	EXPECT_EQ(0, dt_thread_join(&t));
	EXPECT_EQ(0, lost);
}

TEST_HARNESS_MAIN
