// SPDX-License-Identifier: GPL-2.0
/*
 * One socket that several threads use at once, each for something else: what
 * one of them does must not take a wake-up, a message or a limit from another.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "dipc_test.h"
#include "kselftest_harness.h"
#include "link.h"

#define ROUNDS 100	/* more than a peek looks at pieces */

static char bytes[1 << 20];

struct job {
	struct dt_thread thread;
	int fd;
	size_t len;
	struct sockaddr_dipc to;
};

static int start(struct job *job, long (*fn)(void *arg), long nr)
{
	int err = dt_thread_start(&job->thread, fn, job);

	if (err)
		return err;
	return dt_wait_asleep(job->thread.tid, nr) ? 0 : -ETIME;
}

static long poll_out(void *arg)
{
	struct job *job = arg;
	struct pollfd p = { .fd = job->fd, .events = POLLOUT };
	long n = DT_ERR(poll(&p, 1, DT_LONG_MS));

	return n == 1 ? p.revents : n;
}

static long send_to(void *arg)
{
	struct job *job = arg;

	return dt_send(job->fd, bytes, job->len, 0, &job->to);
}

static long write_bytes(void *arg)
{
	struct job *job = arg;

	return DT_ERR(send(job->fd, bytes, job->len, MSG_NOSIGNAL));
}

static long peek(void *arg)
{
	struct job *job = arg;
	char c;

	return DT_ERR(recv(job->fd, &c, 1, MSG_PEEK));
}

static long connect_to(void *arg)
{
	struct job *job = arg;

	return dt_connect(job->fd, &job->to);
}

static int set_sndbuf(int fd, int size)
{
	return DT_ERR(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size)));
}

FIXTURE(ports)
{
	int rx[3], tx;
	struct sockaddr_dipc addr[3];
};

FIXTURE_SETUP(ports)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 4 << 20,
		.msg_max_bytes = sizeof(bytes),
	};
	struct sockaddr_dipc any = dt_any();

	for (int i = 0; i < 3; i++) {
		self->rx[i] = dt_socket_bound(SOCK_RDM, &any);
		ASSERT_LE(0, self->rx[i]);
		ASSERT_EQ(0, dt_set_conf(self->rx[i], &conf));
		self->addr[i] = dt_port_of(self->rx[i]);
	}
	self->tx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(ports)
{
	for (int i = 0; i < 3; i++)
		close(self->rx[i]);
	close(self->tx);
}

TEST_F(ports, poller_is_told_of_room_while_another_sends_elsewhere)
{
	struct job poller = { .fd = self->tx };
	struct job sender = { .fd = self->tx, .len = 300000,
			      .to = self->addr[1] };
	int other = dt_socket(SOCK_RDM);

	ASSERT_EQ(0, dt_set_capacity(self->rx[0], 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_connect(self->tx, &self->addr[0]));
	ASSERT_EQ(0, set_sndbuf(self->tx, 100000));
	ASSERT_EQ(1, dt_send(other, bytes, 1, 0, &self->addr[0]));
	ASSERT_EQ(100000, dt_send(self->tx, bytes, 100000, 0, &self->addr[1]));
	ASSERT_EQ(0, start(&poller, poll_out, SYS_poll));
	ASSERT_EQ(0, start(&sender, send_to, SYS_sendto));
	/* there is room in the queue it is connected to, if not yet for itself */
	ASSERT_EQ(1, dt_recv(self->rx[0], bytes, 1, 0, NULL));
	EXPECT_TRUE(POLLOUT & dt_thread_join(&poller.thread));
	ASSERT_EQ(100000, dt_recv(self->rx[1], bytes, 100000, 0, NULL));
	EXPECT_EQ(300000, dt_thread_join(&sender.thread));
	close(other);
}

TEST_F(ports, each_sender_is_told_that_his_queue_is_closed)
{
	struct job a = { .fd = self->tx, .len = 20000, .to = self->addr[1] };
	struct job b = { .fd = self->tx, .len = 20000, .to = self->addr[2] };

	ASSERT_EQ(0, set_sndbuf(self->tx, 10000));
	ASSERT_EQ(60000, dt_send(self->tx, bytes, 60000, 0, &self->addr[0]));
	ASSERT_EQ(0, start(&a, send_to, SYS_sendto));
	ASSERT_EQ(0, start(&b, send_to, SYS_sendto));
	close(self->rx[1]);
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&a.thread));
	EXPECT_TRUE(dt_wait_asleep(b.thread.tid, SYS_sendto));
	close(self->rx[2]);
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&b.thread));
}

/* The calling thread comes first whenever it wants to, on one processor. */
static int be_first(struct sched_param *param)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	return DT_ERR(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
					 param));
}

TEST(who_peeks_and_is_always_too_late_goes_on_waiting)
{
	struct sched_param param = { .sched_priority = 1 };
	struct job peeker;
	struct link k;
	char c;

	ASSERT_EQ(0, link_new(&k, SOCK_STREAM));
	ASSERT_EQ(0, be_first(&param));
	peeker.fd = k.b;
	ASSERT_EQ(0, start(&peeker, peek, SYS_recvfrom));
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(1, send(k.a, "x", 1, 0));
		ASSERT_EQ(1, recv(k.b, &c, 1, 0));
		ASSERT_TRUE(dt_wait_asleep(peeker.thread.tid, SYS_recvfrom));
	}
	ASSERT_EQ(1, send(k.a, "y", 1, 0));
	EXPECT_EQ(1, dt_thread_join(&peeker.thread));
	link_close(&k);
}

TEST(writer_goes_on_in_smaller_pieces_when_the_buffer_shrinks)
{
	struct dipc_queue_conf conf;
	struct job writer = { .len = 20000 };
	struct link k;
	size_t n = 0;

	ASSERT_EQ(0, link_new(&k, SOCK_STREAM));
	ASSERT_EQ(0, set_sndbuf(k.a, 1));
	ASSERT_EQ(4096, send(k.a, bytes, 4096, 0));
	writer.fd = k.a;
	ASSERT_EQ(0, start(&writer, write_bytes, SYS_sendto));
	ASSERT_EQ(0, dt_get_conf(k.b, &conf));
	conf.capacity_bytes = 4096;
	ASSERT_EQ(0, dt_set_conf(k.b, &conf));
	while (n < 4096 + 20000) {
		ssize_t part = recv(k.b, bytes, sizeof(bytes), 0);

		ASSERT_LT(0, part);
		n += part;
	}
	EXPECT_EQ(20000, dt_thread_join(&writer.thread));
	link_close(&k);
}

TEST(limits_that_are_set_while_connect_sleeps_are_in_force)
{
	struct sockaddr_dipc any = dt_any();
	int listener = dt_socket_bound(SOCK_STREAM, &any);
	int first = dt_socket(SOCK_STREAM);
	struct job job = { .fd = dt_socket(SOCK_STREAM) };
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, listen(listener, 0));
	job.to = dt_port_of(listener);
	ASSERT_EQ(0, dt_connect(first, &job.to));
	ASSERT_EQ(0, start(&job, connect_to, SYS_connect));
	ASSERT_EQ(0, dt_get_conf(job.fd, &conf));
	conf.capacity_bytes = 8192;
	ASSERT_EQ(0, dt_set_conf(job.fd, &conf));
	ASSERT_LE(0, accept(listener, NULL, NULL));
	ASSERT_EQ(0, dt_thread_join(&job.thread));
	ASSERT_EQ(0, dt_get_conf(job.fd, &conf));
	EXPECT_EQ(8192, conf.capacity_bytes);
}

TEST_HARNESS_MAIN
