// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Readiness: poll, select and epoll (level and edge), an honest POLLOUT, and
 * that what becomes true wakes who sleeps. Who is woken where several wait, and
 * in which order, is in wake_order.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>

#include "poller.h"
#include "kselftest_harness.h"

static long send_number(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

/*
 * The same by each interface
 */

FIXTURE(each)
{
	int rx, tx;	/* tx is connected to rx */
};

FIXTURE_VARIANT(each)
{
	enum api api;
};

FIXTURE_VARIANT_ADD(each, poll) { API_POLL };
FIXTURE_VARIANT_ADD(each, select) { API_SELECT };
FIXTURE_VARIANT_ADD(each, epoll) { API_EPOLL };

FIXTURE_SETUP(each)
{
	struct sockaddr_dipc addr;

	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx)
		TH_LOG("no socket (module loaded?): %s", strerror(-self->rx));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(each)
{
	close(self->rx);
	close(self->tx);
}

#define READY(fd, events) ready(variant->api, fd, events, 0)

TEST_F(each, new_socket_is_writable_only)
{
	int fd = dt_socket(SOCK_DGRAM);

	EXPECT_EQ(POLLOUT, READY(fd, POLLIN | POLLOUT));
	EXPECT_EQ(0, READY(fd, POLLIN));
	close(fd);
	EXPECT_EQ(POLLOUT, READY(self->rx, POLLIN | POLLOUT));
	EXPECT_EQ(POLLOUT, READY(self->tx, POLLIN | POLLOUT));
}

TEST_F(each, readable_while_there_is_a_message)
{
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(POLLIN | POLLOUT, READY(self->rx, POLLIN | POLLOUT));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_PEEK));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
	EXPECT_EQ(2, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, READY(self->rx, POLLIN));
}

TEST_F(each, empty_message_makes_readable)
{
	EXPECT_EQ(0, dt_send(self->tx, NULL, 0, 0, NULL));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
	EXPECT_EQ(0, dt_recv(self->rx, NULL, 0, 0, NULL));
	EXPECT_EQ(0, READY(self->rx, POLLIN));
}

TEST_F(each, message_put_back_is_there)
{
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(-EFAULT, dt_recv(self->rx, (void *)8, 4, 0, NULL));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
}

TEST_F(each, message_wakes_who_sleeps)
{
	struct poller p;

	ASSERT_TRUE(start_poller(&p, variant->api, self->rx, POLLIN));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(POLLIN, join_poller(&p));
}

TEST_F(each, time_runs_out)
{
	long start = dt_now_ms();

	EXPECT_EQ(0, ready(variant->api, self->rx, POLLIN, DT_SHORT_MS));
	EXPECT_LE(DT_SHORT_MS - 10, dt_now_ms() - start);
}

TEST_F(each, asleep_before_bound_to_a_name)
{
	int fd = dt_socket(SOCK_RDM);
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct poller p;

	dt_unique(name, "poll");
	addr = dt_name(name);
	ASSERT_TRUE(start_poller(&p, variant->api, fd, POLLIN));
	ASSERT_EQ(0, dt_bind(fd, &addr));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	EXPECT_EQ(POLLIN, join_poller(&p));
	close(fd);
}

TEST_F(each, asleep_before_bound_to_a_full_mailbox)
{
	int fd = dt_socket(SOCK_RDM);
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct poller p;

	dt_unique(name, "poll");
	addr = dt_mailbox(name);
	ASSERT_EQ(0, dt_mailbox_new(name, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	ASSERT_TRUE(start_poller(&p, variant->api, fd, POLLIN));
	ASSERT_EQ(0, dt_bind(fd, &addr));
	EXPECT_EQ(POLLIN, join_poller(&p));
	EXPECT_EQ(0, dt_mailbox_del(name));
	close(fd);
}

TEST_F(each, room_wakes_who_sleeps)
{
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(POLLOUT, READY(self->tx, POLLOUT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(0, READY(self->tx, POLLOUT));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(POLLOUT, join_poller(&p));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, MSG_DONTWAIT, NULL));
}

TEST_F(each, raised_limit_wakes_who_sleeps)
{
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	EXPECT_EQ(POLLOUT, join_poller(&p));
}

TEST_F(each, policy_without_waiting_wakes_who_sleeps)
{
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_REFUSE));
	EXPECT_EQ(POLLOUT, join_poller(&p));
}

TEST_F(each, waiting_receiver_makes_an_unbuffered_queue_writable)
{
	struct dt_thread receiver;
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, READY(self->tx, POLLOUT));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	ASSERT_TRUE(start_receiver(&receiver, &self->rx));
	EXPECT_EQ(POLLOUT, join_poller(&p));
	EXPECT_EQ(POLLOUT, READY(self->tx, POLLOUT));
	EXPECT_EQ(0, dt_send_number(self->tx, 3, MSG_DONTWAIT, NULL));
	EXPECT_EQ(3, dt_thread_join(&receiver));
	EXPECT_EQ(0, READY(self->tx, POLLOUT));
}

TEST_F(each, waiting_sender_makes_an_unbuffered_queue_readable)
{
	struct dt_thread sender;
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(start_poller(&p, variant->api, self->rx, POLLIN));
	ASSERT_EQ(0, dt_thread_start(&sender, send_number, &self->tx));
	EXPECT_EQ(POLLIN, join_poller(&p));
	EXPECT_EQ(POLLIN, READY(self->rx, POLLIN));
	EXPECT_EQ(4711, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(0, dt_thread_join(&sender));
	EXPECT_EQ(0, READY(self->rx, POLLIN));
}

TEST_F(each, sndbuf_makes_unwritable_and_a_receive_writable)
{
	int bound = 4096, n = 0;
	char buf[1000] = "";
	struct poller p;

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	while (dt_send(self->tx, buf, sizeof(buf), MSG_DONTWAIT, NULL) > 0)
		ASSERT_GT(256, ++n);
	EXPECT_EQ(0, READY(self->tx, POLLOUT));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	while (n--)
		EXPECT_EQ(1000, dt_recv(self->rx, buf, 1000, 0, NULL));
	EXPECT_EQ(POLLOUT, join_poller(&p));
}

TEST_F(each, peer_that_is_gone_does_not_block)
{
	struct poller p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	ASSERT_TRUE(start_poller(&p, variant->api, self->tx, POLLOUT));
	close(self->rx);
	EXPECT_EQ(POLLOUT, join_poller(&p));
	EXPECT_EQ(POLLOUT, READY(self->tx, POLLOUT));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, NULL));
	self->rx = -1;
}

TEST_F(each, deleted_mailbox_is_told)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct poller p;
	int fd, want;

	dt_unique(name, "poll");
	addr = dt_mailbox(name);
	ASSERT_EQ(0, dt_mailbox_new(name, NULL));
	fd = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(start_poller(&p, variant->api, fd, POLLIN));
	EXPECT_EQ(0, dt_mailbox_del(name));
	want = variant->api == API_SELECT ? POLLIN :
					    POLLIN | POLLERR | POLLHUP;
	EXPECT_EQ(want, join_poller(&p));
	EXPECT_EQ(want, READY(fd, POLLIN));
	EXPECT_EQ(-EIDRM, dt_recv_number(fd, 0));
	EXPECT_EQ(want, READY(fd, POLLIN));
	close(fd);
}

TEST_F(each, deleted_mailbox_is_told_to_who_asks_for_nothing)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct poller p;
	int fd;

	if (variant->api == API_SELECT)
		return;	/* it cannot ask for nothing */
	dt_unique(name, "poll");
	addr = dt_mailbox(name);
	ASSERT_EQ(0, dt_mailbox_new(name, NULL));
	fd = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(start_poller(&p, variant->api, fd, 0));
	EXPECT_EQ(0, dt_mailbox_del(name));
	EXPECT_EQ(POLLERR | POLLHUP, join_poller(&p));
	close(fd);
}

/*
 * POLLOUT tells the truth: a message of up to a page would not have to wait
 */

FIXTURE(pollout)
{
	int rx, tx;
};

FIXTURE_VARIANT(pollout)
{
	uint32_t capacity_msgs;
	uint64_t capacity_bytes;
	uint8_t policy;
	int n, size;		/* what is queued */
	int ready;		/* is it writable then */
	int send;		/* and what does a send give that does not wait */
};

FIXTURE_VARIANT_ADD(pollout, empty) {
	4, 65536, DIPC_POLICY_WAIT, 0, 0, POLLOUT, 0 };
FIXTURE_VARIANT_ADD(pollout, one_place_left) {
	4, 65536, DIPC_POLICY_WAIT, 3, 10, POLLOUT, 0 };
FIXTURE_VARIANT_ADD(pollout, full_of_messages) {
	4, 65536, DIPC_POLICY_WAIT, 4, 10, 0, -EAGAIN };
FIXTURE_VARIANT_ADD(pollout, full_of_bytes) {
	100, 65536, DIPC_POLICY_WAIT, 16, 4096, 0, -EAGAIN };
FIXTURE_VARIANT_ADD(pollout, bytes_for_a_page_left) {
	100, 65536, DIPC_POLICY_WAIT, 15, 4096, POLLOUT, 0 };
FIXTURE_VARIANT_ADD(pollout, bytes_for_less_than_a_page_left) {
	100, 65536, DIPC_POLICY_WAIT, 15, 4097, 0, 0 };
FIXTURE_VARIANT_ADD(pollout, unbuffered_without_receiver) {
	0, 65536, DIPC_POLICY_WAIT, 0, 0, 0, -EAGAIN };
FIXTURE_VARIANT_ADD(pollout, refuse_full) {
	4, 65536, DIPC_POLICY_REFUSE, 4, 10, POLLOUT, -ENOBUFS };
FIXTURE_VARIANT_ADD(pollout, refuse_unbuffered) {
	0, 65536, DIPC_POLICY_REFUSE, 0, 0, POLLOUT, -ENOBUFS };
FIXTURE_VARIANT_ADD(pollout, drop_newest_full) {
	4, 65536, DIPC_POLICY_DROP_NEWEST, 4, 10, POLLOUT, 0 };
FIXTURE_VARIANT_ADD(pollout, drop_newest_unbuffered) {
	0, 65536, DIPC_POLICY_DROP_NEWEST, 0, 0, POLLOUT, 0 };
FIXTURE_VARIANT_ADD(pollout, drop_oldest_full) {
	4, 65536, DIPC_POLICY_DROP_OLDEST, 4, 10, POLLOUT, 0 };

FIXTURE_SETUP(pollout)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = variant->capacity_msgs,
		.capacity_bytes = variant->capacity_bytes,
		.msg_max_bytes = 8192,
		.policy = variant->policy,
	};
	struct sockaddr_dipc addr;

	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx);
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(pollout)
{
	close(self->rx);
	close(self->tx);
}

TEST_F(pollout, is_honest)
{
	char buf[8192] = "";
	int i, unbound;

	for (i = 0; i < variant->n; i++)
		ASSERT_EQ(variant->size, dt_send(self->tx, buf, variant->size,
						 MSG_DONTWAIT, NULL));
	EXPECT_EQ(variant->ready, ready(API_POLL, self->tx, POLLOUT, 0));
	EXPECT_EQ(variant->ready, ready(API_EPOLL, self->tx, POLLOUT, 0));
	EXPECT_EQ(variant->ready, ready(API_SELECT, self->tx, POLLOUT, 0));
	EXPECT_EQ(variant->send, dt_send_number(self->tx, 1, MSG_DONTWAIT,
						NULL));
	/* who is not connected has no destination that could be full */
	unbound = dt_socket(SOCK_RDM);
	EXPECT_EQ(POLLOUT, ready(API_POLL, unbound, POLLOUT, 0));
	close(unbound);
}

struct quota {
	struct sockaddr_dipc to;
	int go, done;		/* a pipe each way, of bytes */
};

/* 0, or the line that was not as it should be. */
static int other_user(void *arg)
{
	struct quota *q = arg;
	int fd = dt_socket_connected(SOCK_RDM, &q->to);
	int n = 0;
	char c;

	if (fd < 0)
		return __LINE__;
	/* capacity 8: half of what the others leave */
	while (wait_poll(fd, POLLOUT, 0) == POLLOUT) {
		if (dt_send_number(fd, n, MSG_DONTWAIT, NULL) || ++n > 8)
			return __LINE__;
	}
	if (n != 4)
		return 1000 + n;
	if (dt_send_number(fd, 9, MSG_DONTWAIT, NULL) != -EAGAIN)
		return __LINE__;
	if (write(q->done, "x", 1) != 1)
		return __LINE__;
	/* one of its own is taken, and it may send one again */
	if (wait_poll(fd, POLLOUT, DT_LONG_MS) != POLLOUT)
		return __LINE__;
	if (dt_send_number(fd, 9, MSG_DONTWAIT, NULL))
		return __LINE__;
	if (wait_poll(fd, POLLOUT, 0))
		return __LINE__;
	/* until it is told that it has been seen */
	return read(q->go, &c, 1) == 1 ? 0 : __LINE__;
}

static long run_other_user(void *arg)
{
	return dt_as_user(DT_NOBODY, other_user, arg);
}

TEST(pollout_counts_the_users_quota)
{
	int rx = dt_socket(SOCK_RDM), tx, go[2], done[2], i;
	struct dt_thread child;
	struct quota q;
	char c;

	ASSERT_LE(0, rx);
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(done));
	ASSERT_EQ(0, dt_set_capacity(rx, 8, DIPC_POLICY_WAIT));
	q = (struct quota) { dt_port_of(rx), go[0], done[1] };
	tx = dt_socket_connected(SOCK_RDM, &q.to);
	ASSERT_EQ(0, dt_thread_start(&child, run_other_user, &q));
	ASSERT_EQ(1, read(done[0], &c, 1));
	EXPECT_EQ(0, dt_recv_number(rx, MSG_DONTWAIT));
	ASSERT_EQ(1, write(go[1], "x", 1));
	EXPECT_EQ(0, dt_thread_join(&child));
	/* the owner may fill the rest */
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(POLLOUT, wait_poll(tx, POLLOUT, 0));
		EXPECT_EQ(0, dt_send_number(tx, i, MSG_DONTWAIT, NULL));
	}
	EXPECT_EQ(0, wait_poll(tx, POLLOUT, 0));
	close(rx);
	close(tx);
}

/*
 * epoll
 */

FIXTURE(epoll)
{
	int rx, tx, ep;
};

FIXTURE_SETUP(epoll)
{
	struct sockaddr_dipc addr;

	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx);
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	self->ep = -1;
}

FIXTURE_TEARDOWN(epoll)
{
	close(self->rx);
	close(self->tx);
	close(self->ep);
}

TEST_F(epoll, level_repeats_while_true)
{
	self->ep = epoll_with(self->rx, EPOLLIN);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
	EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
}

TEST_F(epoll, edge_once_for_each_message)
{
	int i;

	self->ep = epoll_with(self->rx, EPOLLIN | EPOLLET);
	ASSERT_LE(0, self->ep);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, epoll_events(self->ep, 0));
		/* also when the one before is still there */
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
		EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
		EXPECT_EQ(0, epoll_events(self->ep, 0));
	}
	EXPECT_EQ(0, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
}

TEST_F(epoll, edge_when_there_is_room_again)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	self->ep = epoll_with(self->tx, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 2, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	/* and once more: it has asked again */
	EXPECT_EQ(0, dt_send_number(self->tx, 2, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 3, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(2, dt_recv_number(self->rx, 0));
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
}

/*
 * The loop of an event-driven sender: it asks epoll only after EAGAIN, and
 * has never seen the socket unwritable in a poll of its own.
 */
TEST_F(epoll, edge_comes_to_who_was_told_eagain_only)
{
	int i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	self->ep = epoll_with(self->tx, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, dt_send_number(self->tx, i, MSG_DONTWAIT, NULL));
		EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, i, MSG_DONTWAIT,
						  NULL));
		/* room comes before anybody looks */
		EXPECT_EQ(i, dt_recv_number(self->rx, 0));
		EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
	}
}

TEST_F(epoll, one_shot)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };

	self->ep = epoll_with(self->rx, EPOLLIN | EPOLLONESHOT);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	ASSERT_EQ(0, epoll_ctl(self->ep, EPOLL_CTL_MOD, self->rx, &ev));
	EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
}

TEST_F(epoll, registered_before_bind_edge)
{
	int fd = dt_socket(SOCK_RDM);
	struct sockaddr_dipc addr = dt_port(2000 + getpid());

	self->ep = epoll_with(fd, EPOLLIN | EPOLLET);
	ASSERT_LE(0, self->ep);
	ASSERT_EQ(0, dt_bind(fd, &addr));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	EXPECT_EQ(EPOLLIN, epoll_events(self->ep, 0));
	close(fd);
}

TEST_F(epoll, follows_a_new_destination)
{
	int other = dt_socket(SOCK_RDM);
	struct sockaddr_dipc addr = dt_port_of(other);

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_set_capacity(other, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &addr));
	self->ep = epoll_with(self->tx, EPOLLOUT);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	ASSERT_EQ(0, dt_connect(self->tx, &addr));
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(2, dt_recv_number(other, 0));
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, DT_LONG_MS));
	close(other);
}

/* Two who wait for room in one queue are both told. */
TEST_F(epoll, room_is_told_to_all_who_asked)
{
	struct sockaddr_dipc addr = dt_port_of(self->rx);
	int other = dt_socket_connected(SOCK_RDM, &addr);
	int ep;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	self->ep = epoll_with(self->tx, EPOLLOUT);
	ep = epoll_with(other, EPOLLOUT);
	EXPECT_EQ(0, epoll_events(self->ep, 0));
	EXPECT_EQ(0, epoll_events(ep, 0));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(EPOLLOUT, epoll_events(self->ep, 0));
	EXPECT_EQ(EPOLLOUT, epoll_events(ep, 0));
	close(ep);
	close(other);
}

TEST_HARNESS_MAIN
