// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * AF_DIPC sockets by plain system calls: what each call does. How calls fail
 * is in errors.c, poll and its relatives in poll.c, names in name.c.
 *
 * What means the same for AF_UNIX datagrams runs over them as well, from the
 * same body: they are the oracle.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

static int inq(int fd)
{
	int n;

	return ioctl(fd, SIOCINQ, &n) ? -errno : n;
}

static int outq(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) ? -errno : n;
}

static int sol_socket(int fd, int optname)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, optname, &value, &len))
		return -errno;
	return len == sizeof(value) ? value : -EINVAL;
}

/* Send without waiting until there is no room; how many went in. */
static int fill(int fd)
{
	int n = 0, err;

	do {
		err = dt_send_number(fd, n, MSG_DONTWAIT, NULL);
	} while (!err && ++n < 100000);
	return err == -EAGAIN ? n : -EIO;
}

/*
 * Like AF_UNIX
 */

FIXTURE(like_unix)
{
	int rx, tx;	/* tx is connected to rx */
};

FIXTURE_VARIANT(like_unix)
{
	bool dipc;
	int type;
};

FIXTURE_VARIANT_ADD(like_unix, af_unix) { .dipc = false, .type = SOCK_DGRAM };
FIXTURE_VARIANT_ADD(like_unix, rdm) { .dipc = true, .type = SOCK_RDM };
FIXTURE_VARIANT_ADD(like_unix, dgram) { .dipc = true, .type = SOCK_DGRAM };

FIXTURE_SETUP(like_unix)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path);
	struct sockaddr_dipc any = dt_any(), port;

	if (variant->dipc) {
		self->rx = dt_socket_bound(variant->type, &any);
		ASSERT_LE(0, self->rx)
			TH_LOG("no socket (module loaded?): %s",
			       strerror(-self->rx));
		port = dt_port_of(self->rx);
		self->tx = dt_socket_connected(variant->type, &port);
		ASSERT_LE(0, self->tx);
		return;
	}
	self->rx = socket(AF_UNIX, variant->type, 0);
	self->tx = socket(AF_UNIX, variant->type, 0);
	ASSERT_LE(0, self->rx);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, bind(self->rx, (struct sockaddr *)&addr, len));
	len = sizeof(addr);
	ASSERT_EQ(0, getsockname(self->rx, (struct sockaddr *)&addr, &len));
	ASSERT_EQ(0, connect(self->tx, (struct sockaddr *)&addr, len));
}

FIXTURE_TEARDOWN(like_unix)
{
	close(self->rx);
	close(self->tx);
}

TEST_F(like_unix, messages_keep_boundaries_and_order)
{
	char buf[16];

	EXPECT_EQ(3, send(self->tx, "one", 3, 0));
	EXPECT_EQ(5, send(self->tx, "three", 5, 0));
	EXPECT_EQ(4, write(self->tx, "four", 4));
	EXPECT_EQ(3, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "one", 3));
	EXPECT_EQ(5, read(self->rx, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "three", 5));
	EXPECT_EQ(4, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "four", 4));
}

TEST_F(like_unix, socket_options_of_the_core)
{
	EXPECT_EQ(variant->type, sol_socket(self->rx, SO_TYPE));
	EXPECT_EQ(variant->dipc ? dt_family() : AF_UNIX,
		  sol_socket(self->rx, SO_DOMAIN));
	EXPECT_EQ(0, sol_socket(self->rx, SO_PROTOCOL));
	EXPECT_EQ(0, sol_socket(self->rx, SO_ERROR));
	EXPECT_EQ(0, sol_socket(self->rx, SO_ACCEPTCONN));
}

TEST_F(like_unix, zero_length_message_is_a_message)
{
	char buf[4] = "abc";

	EXPECT_EQ(0, send(self->tx, NULL, 0, 0));
	EXPECT_EQ(0, write(self->tx, buf, 0));
	EXPECT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(0, inq(self->rx));
	EXPECT_EQ(0, recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
	/* read() of nothing takes nothing */
	EXPECT_EQ(0, read(self->rx, buf, 0));
	/* recv() into nothing takes one */
	EXPECT_EQ(0, recv(self->rx, NULL, 0, MSG_DONTWAIT));
	EXPECT_EQ(1, recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ('b', buf[1]);
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, buf, 4, MSG_DONTWAIT, NULL));
}

TEST_F(like_unix, peek_takes_nothing)
{
	char buf[8];
	int i;

	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, buf, 8, MSG_PEEK | MSG_DONTWAIT,
				   NULL));
	EXPECT_EQ(5, send(self->tx, "first", 5, 0));
	EXPECT_EQ(6, send(self->tx, "second", 6, 0));
	for (i = 0; i < 3; i++) {
		memset(buf, 0, sizeof(buf));
		EXPECT_EQ(5, recv(self->rx, buf, sizeof(buf), MSG_PEEK));
		EXPECT_STREQ("first", buf);
	}
	EXPECT_EQ(2, recv(self->rx, buf, 2, MSG_PEEK));
	EXPECT_EQ(5, recv(self->rx, buf, 2, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(5, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(6, recv(self->rx, buf, sizeof(buf), 0));
}

static long recv_peek(void *arg)
{
	char buf[8];

	return dt_recv(*(int *)arg, buf, sizeof(buf), MSG_PEEK, NULL);
}

static long recv_plain(void *arg)
{
	char buf[8];

	return dt_recv(*(int *)arg, buf, sizeof(buf), 0, NULL);
}

TEST_F(like_unix, blocking_peek_waits_and_takes_nothing)
{
	struct dt_thread peeker;
	char buf[8];

	ASSERT_EQ(0, dt_thread_start(&peeker, recv_peek, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(peeker.tid, SYS_recvfrom));
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, dt_thread_join(&peeker));
	EXPECT_EQ(3, dt_recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT, NULL));
}

TEST_F(like_unix, blocked_receiver_gets_the_next_message)
{
	struct dt_thread receiver;

	ASSERT_EQ(0, dt_thread_start(&receiver, recv_plain, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(receiver.tid, SYS_recvfrom));
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, dt_thread_join(&receiver));
	EXPECT_EQ(0, inq(self->rx));
}

TEST_F(like_unix, truncation_is_told_and_the_rest_is_gone)
{
	char buf[8] = "";
	struct iovec iov = { buf, 2 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	EXPECT_EQ(5, send(self->tx, "12345", 5, 0));
	EXPECT_EQ(5, send(self->tx, "abcde", 5, 0));
	EXPECT_EQ(5, send(self->tx, "ABCDE", 5, 0));
	EXPECT_EQ(2, recvmsg(self->rx, &msg, 0));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags);
	EXPECT_EQ(5, recv(self->rx, buf, 2, MSG_TRUNC));
	EXPECT_EQ(0, memcmp(buf, "ab", 3));
	iov.iov_len = 5;
	EXPECT_EQ(5, recvmsg(self->rx, &msg, 0));
	EXPECT_EQ(0, msg.msg_flags);
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, buf, 8, MSG_DONTWAIT, NULL));
}

TEST_F(like_unix, no_control_messages_unasked)
{
	char control[64], data[4];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };

	EXPECT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(1, recvmsg(self->rx, &msg, 0));
	EXPECT_EQ(0, msg.msg_controllen);
	EXPECT_EQ(0, msg.msg_flags);
}

TEST_F(like_unix, nonblocking_by_flag_and_by_file)
{
	char c;

	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, fcntl(self->rx, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, 0, NULL));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_PEEK, NULL));
	ASSERT_LT(0, fill(self->tx));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, fcntl(self->tx, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, 0, NULL));
}

TEST_F(like_unix, timed_waits_end_in_eagain)
{
	long start;
	char c;

	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_SHORT_MS));
	start = dt_now_ms();
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, 0, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_now_ms() - start);
	start = dt_now_ms();
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_PEEK, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_now_ms() - start);

	ASSERT_LT(0, fill(self->tx));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_SHORT_MS));
	start = dt_now_ms();
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_now_ms() - start);
}

static long send_one(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

TEST_F(like_unix, blocked_sender_goes_on_when_there_is_room)
{
	struct dt_thread sender;
	int i, n;

	n = fill(self->tx);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, dt_thread_start(&sender, send_one, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(sender.tid, SYS_sendto));
	EXPECT_EQ(0, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_thread_join(&sender));
	for (i = 1; i < n; i++)
		EXPECT_EQ(i, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(4711, dt_recv_number(self->rx, MSG_DONTWAIT));
}

/* A signal that comes once the thread sleeps, and comes again if need be. */
static bool signal_asleep(struct dt_thread *t, long nr)
{
	if (!dt_wait_asleep(t->tid, nr))
		return false;
	return !syscall(SYS_tgkill, getpid(), t->tid, SIGUSR1);
}

TEST_F(like_unix, signal_interrupts_a_wait)
{
	struct dt_thread t;
	int n;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	ASSERT_TRUE(signal_asleep(&t, SYS_recvfrom));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));

	ASSERT_EQ(0, dt_thread_start(&t, recv_peek, &self->rx));
	ASSERT_TRUE(signal_asleep(&t, SYS_recvfrom));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));

	n = fill(self->tx);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(signal_asleep(&t, SYS_sendto));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));
	/* it has left nothing behind */
	while (n--)
		EXPECT_LE(0, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(like_unix, sa_restart_restarts_a_wait_without_limit)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	ASSERT_TRUE(signal_asleep(&t, SYS_recvfrom));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, dt_thread_join(&t));

	ASSERT_LT(0, fill(self->tx));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(signal_asleep(&t, SYS_sendto));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 2));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(0, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_thread_join(&t));
}

TEST_F(like_unix, sa_restart_does_not_restart_a_timed_wait)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_LONG_MS));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	ASSERT_TRUE(signal_asleep(&t, SYS_recvfrom));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));

	ASSERT_LT(0, fill(self->tx));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_LONG_MS));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(signal_asleep(&t, SYS_sendto));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));
}

TEST_F(like_unix, inq_is_the_first_message_outq_what_is_outstanding)
{
	char buf[128] = "";
	int one, two;

	EXPECT_EQ(0, inq(self->rx));
	EXPECT_EQ(0, outq(self->tx));
	EXPECT_EQ(100, send(self->tx, buf, 100, 0));
	one = outq(self->tx);
	EXPECT_LE(100, one);
	EXPECT_EQ(7, send(self->tx, buf, 7, 0));
	two = outq(self->tx);
	EXPECT_LE(one + 7, two);
	EXPECT_EQ(100, inq(self->rx));
	EXPECT_EQ(100, recv(self->rx, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(100, inq(self->rx));
	EXPECT_EQ(two, outq(self->tx));
	EXPECT_EQ(100, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(7, inq(self->rx));
	EXPECT_EQ(two - one, outq(self->tx));
	EXPECT_EQ(7, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(0, inq(self->rx));
	EXPECT_EQ(0, outq(self->tx));
	EXPECT_EQ(0, outq(self->rx));
	EXPECT_EQ(0, inq(self->tx));
}

TEST_F(like_unix, closing_discards_what_is_queued)
{
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, send(self->tx, "def", 3, 0));
	EXPECT_LT(0, outq(self->tx));
	EXPECT_EQ(0, close(self->rx));
	EXPECT_EQ(0, outq(self->tx));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, NULL));
	self->rx = -1;
}

TEST_F(like_unix, closing_tells_a_blocked_sender)
{
	struct dt_thread t;

	ASSERT_LT(0, fill(self->tx));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(0, close(self->rx));
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&t));
	self->rx = -1;
}

TEST_F(like_unix, what_was_sent_outlives_its_sender)
{
	char buf[4];

	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(0, close(self->tx));
	EXPECT_EQ(3, recv(self->rx, buf, sizeof(buf), MSG_DONTWAIT));
	self->tx = -1;
}

TEST_F(like_unix, duplicate_is_the_same_socket)
{
	int copy = dup(self->rx);
	char buf[4];

	EXPECT_LE(0, copy);
	EXPECT_EQ(1, send(self->tx, "a", 1, 0));
	EXPECT_EQ(1, recv(copy, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, close(self->rx));
	EXPECT_EQ(1, send(self->tx, "b", 1, 0));
	EXPECT_EQ(1, recv(copy, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, close(copy));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, NULL));
	self->rx = -1;
}

struct two {
	int rx, tx;
};

static int child_echoes(void *arg)
{
	struct two *fds = arg;
	int n;

	n = dt_recv_number(fds->rx, 0);
	if (n != 1)
		return 1;
	return dt_send_number(fds->tx, 2, 0, NULL) ? 2 : 0;
}

TEST_F(like_unix, socket_passes_over_fork)
{
	struct two fds = { self->rx, self->tx };
	pid_t pid;

	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	pid = dt_child(child_echoes, &fds);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(like_unix, many_messages_in_one_call)
{
	char in[4][8] = { "", "a", "bc", "def" }, out[5][8] = { "" };
	struct mmsghdr tx[4] = { 0 }, rx[5] = { 0 };
	struct iovec iov_tx[4], iov_rx[5];
	int i;

	for (i = 0; i < 4; i++) {
		iov_tx[i] = (struct iovec) { in[i], i };
		tx[i].msg_hdr.msg_iov = &iov_tx[i];
		tx[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < 5; i++) {
		iov_rx[i] = (struct iovec) { out[i], 8 };
		rx[i].msg_hdr.msg_iov = &iov_rx[i];
		rx[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(4, sendmmsg(self->tx, tx, 4, 0));
	EXPECT_EQ(4, recvmmsg(self->rx, rx, 5, MSG_DONTWAIT, NULL));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i, tx[i].msg_len);
		EXPECT_EQ(i, rx[i].msg_len);
		EXPECT_STREQ(in[i], out[i]);
	}
}

TEST_F(like_unix, wait_for_one_takes_the_first_of_many)
{
	char out[3][4] = { "" };
	struct mmsghdr rx[3] = { 0 };
	struct iovec iov[3];
	int i;

	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec) { out[i], 4 };
		rx[i].msg_hdr.msg_iov = &iov[i];
		rx[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(1, recvmmsg(self->rx, rx, 3, MSG_WAITFORONE, NULL));
}

TEST_F(like_unix, splice_and_sendfile_make_messages)
{
	char buf[256], out[256];
	int pipefd[2], file;

	dt_pattern(buf, sizeof(buf), 1);
	ASSERT_EQ(0, pipe(pipefd));
	EXPECT_EQ(200, write(pipefd[1], buf, 200));
	EXPECT_EQ(200, splice(pipefd[0], NULL, self->tx, NULL, 200, 0));
	EXPECT_EQ(200, recv(self->rx, out, sizeof(out), MSG_DONTWAIT));
	EXPECT_EQ(-1, dt_pattern_differs(out, 200, 1));

	file = memfd_create("data", MFD_CLOEXEC);
	ASSERT_LE(0, file);
	EXPECT_EQ(150, write(file, buf, 150));
	EXPECT_EQ(0, lseek(file, 0, SEEK_SET));
	EXPECT_EQ(150, sendfile(self->tx, file, NULL, 150));
	EXPECT_EQ(150, splice(self->rx, NULL, pipefd[1], NULL, 256, 0));
	EXPECT_EQ(150, read(pipefd[0], out, sizeof(out)));
	EXPECT_EQ(-1, dt_pattern_differs(out, 150, 1));
	close(file);
	close(pipefd[0]);
	close(pipefd[1]);
}

TEST_F(like_unix, sigio_at_each_message)
{
	char c;

	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	EXPECT_EQ(1, send(self->tx, "a", 1, 0));
	EXPECT_EQ(1, dt_signals);
	EXPECT_EQ(1, send(self->tx, "b", 1, 0));
	EXPECT_EQ(2, dt_signals);
	EXPECT_EQ(1, recv(self->rx, &c, 1, 0));
	EXPECT_EQ(1, recv(self->rx, &c, 1, 0));
	EXPECT_EQ(2, dt_signals);
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, 0));
	EXPECT_EQ(1, send(self->tx, "c", 1, 0));
	EXPECT_EQ(2, dt_signals);
}

/*
 * Payload: every size at which the kernel's copy changes hands, gathered from
 * and scattered to pieces that do not fit its own
 */

FIXTURE(payload)
{
	int rx, tx;
	uint8_t *in, *out;
};

FIXTURE_VARIANT(payload)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(payload, 0) { 0 };
FIXTURE_VARIANT_ADD(payload, 1) { 1 };
FIXTURE_VARIANT_ADD(payload, 63) { 63 };
FIXTURE_VARIANT_ADD(payload, 64) { 64 };
FIXTURE_VARIANT_ADD(payload, 65) { 65 };
FIXTURE_VARIANT_ADD(payload, 4087) { 4087 };
FIXTURE_VARIANT_ADD(payload, 4088) { 4088 };
FIXTURE_VARIANT_ADD(payload, 4089) { 4089 };
FIXTURE_VARIANT_ADD(payload, 8176) { 8176 };
FIXTURE_VARIANT_ADD(payload, 8177) { 8177 };
FIXTURE_VARIANT_ADD(payload, 65536) { 65536 };

#define ROOM 70000

FIXTURE_SETUP(payload)
{
	struct sockaddr_dipc any = dt_any(), port;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx);
	port = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &port);
	ASSERT_LE(0, self->tx);
	self->in = malloc(ROOM);
	self->out = malloc(ROOM);
	ASSERT_NE(NULL, self->in);
	ASSERT_NE(NULL, self->out);
	dt_pattern(self->in, ROOM, variant->size);
	memset(self->out, 0xee, ROOM);
}

FIXTURE_TEARDOWN(payload)
{
	close(self->rx);
	close(self->tx);
	free(self->in);
	free(self->out);
}

TEST_F(payload, arrives_as_it_was_sent)
{
	size_t size = variant->size;

	EXPECT_EQ(size, send(self->tx, self->in, size, 0));
	EXPECT_EQ(size, inq(self->rx));
	EXPECT_EQ(size, recv(self->rx, self->out, ROOM, MSG_DONTWAIT));
	EXPECT_EQ(-1, dt_pattern_differs(self->out, size, size));
	EXPECT_EQ(0xee, self->out[size]);
}

static const size_t pieces[] = { 1, 62, 2, 0, 4000, 24, 4087, 5, 61824 };

static int cut(struct iovec *iov, uint8_t *buf, size_t size, bool reverse)
{
	int i, n = ARRAY_SIZE(pieces);

	for (i = 0; i < n; i++) {
		size_t part = pieces[reverse ? n - 1 - i : i];

		if (part > size)
			part = size;
		iov[i] = (struct iovec) { buf, part };
		buf += part;
		size -= part;
	}
	return n;
}

TEST_F(payload, gathered_and_scattered)
{
	struct iovec iov[ARRAY_SIZE(pieces)];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };
	size_t size = variant->size;
	int n;

	n = cut(iov, self->in, size, false);
	/* writev() of nothing does not reach a socket */
	if (size) {
		EXPECT_EQ(size, writev(self->tx, iov, n));
	} else {
		EXPECT_EQ(0, sendmsg(self->tx, &msg, 0));
	}
	n = cut(iov, self->out, ROOM, true);
	EXPECT_EQ(size, readv(self->rx, iov, n));
	EXPECT_EQ(-1, dt_pattern_differs(self->out, size, size));
	EXPECT_EQ(0xee, self->out[size]);
}

TEST_F(payload, truncated_at_any_place)
{
	static const size_t rooms[] = { 0, 1, 63, 64, 65, 4087, 4088, 4089,
					8177, 65535 };
	struct iovec iov = { self->out, 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t size = variant->size;
	int i;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		size_t part = rooms[i] < size ? rooms[i] : size;

		memset(self->out, 0xee, ROOM);
		iov.iov_len = rooms[i];
		EXPECT_EQ(size, send(self->tx, self->in, size, 0));
		EXPECT_EQ(part, recvmsg(self->rx, &msg, MSG_DONTWAIT));
		EXPECT_EQ(part < size ? MSG_TRUNC : 0, msg.msg_flags);
		EXPECT_EQ(-1, dt_pattern_differs(self->out, part, size));
		EXPECT_EQ(0xee, self->out[part]);
	}
}

/* Memory whose first part is good and the rest is not. */
static uint8_t *half_bad(size_t good)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t whole = (good + page - 1) / page * page;
	uint8_t *p = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + whole, page, PROT_NONE))
		return NULL;
	return p + whole - good;
}

TEST_F(payload, bad_memory_loses_nothing)
{
	size_t size = variant->size;
	size_t good[] = { 0, size / 2, size ? size - 1 : 0 };
	uint8_t *p;
	int i;

	if (!size)
		return;
	EXPECT_EQ(size, send(self->tx, self->in, size, 0));
	EXPECT_EQ(1, send(self->tx, "x", 1, 0));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		p = half_bad(good[i]);
		ASSERT_NE(NULL, p);
		EXPECT_EQ(-EFAULT, dt_recv(self->rx, p, size, 0, NULL));
		EXPECT_EQ(-EFAULT, dt_recv(self->rx, p, size, MSG_PEEK, NULL));
		EXPECT_EQ(size, inq(self->rx));

		/* nor is anything sent from it */
		memset(p, 1, good[i]);
		EXPECT_EQ(-EFAULT, dt_send(self->tx, p, size, 0, NULL));
	}
	EXPECT_EQ(size, recv(self->rx, self->out, ROOM, MSG_DONTWAIT));
	EXPECT_EQ(-1, dt_pattern_differs(self->out, size, size));
	EXPECT_EQ(1, recv(self->rx, self->out, ROOM, MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, self->out, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, outq(self->tx));
}

/*
 * Making sockets
 */

FIXTURE(create)
{
};

FIXTURE_VARIANT(create)
{
	int type, protocol, result;
};

FIXTURE_VARIANT_ADD(create, rdm) { SOCK_RDM, 0, 0 };
FIXTURE_VARIANT_ADD(create, dgram) { SOCK_DGRAM, 0, 0 };
FIXTURE_VARIANT_ADD(create, stream) { SOCK_STREAM, 0, -ESOCKTNOSUPPORT };
FIXTURE_VARIANT_ADD(create, seqpacket) { SOCK_SEQPACKET, 0, -ESOCKTNOSUPPORT };
FIXTURE_VARIANT_ADD(create, raw) { SOCK_RAW, 0, -ESOCKTNOSUPPORT };
FIXTURE_VARIANT_ADD(create, protocol_1) { SOCK_RDM, 1, -EPROTONOSUPPORT };

FIXTURE_SETUP(create)
{
}

FIXTURE_TEARDOWN(create)
{
}

TEST_F(create, type_and_protocol)
{
	int fd = DT_ERR(socket(dt_family(), variant->type, variant->protocol));

	if (variant->result) {
		ASSERT_EQ(variant->result, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(variant->type, sol_socket(fd, SO_TYPE));
	EXPECT_EQ(dt_family(), sol_socket(fd, SO_DOMAIN));
	EXPECT_EQ(0, sol_socket(fd, SO_PROTOCOL));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	close(fd);

	fd = socket(dt_family(), variant->type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}

/*
 * Addresses
 */

FIXTURE(addresses)
{
	int rx, tx;
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc any;
};

FIXTURE_VARIANT(addresses)
{
	int type;
};

FIXTURE_VARIANT_ADD(addresses, rdm) { SOCK_RDM };
FIXTURE_VARIANT_ADD(addresses, dgram) { SOCK_DGRAM };

FIXTURE_SETUP(addresses)
{
	dt_unique(self->name, "socket");
	self->any = dt_any();
	self->rx = dt_socket(variant->type);
	self->tx = dt_socket(variant->type);
	ASSERT_LE(0, self->rx);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(addresses)
{
	close(self->rx);
	close(self->tx);
}

/* 0 if it is so to the last byte and its length is told. */
static int compare_name(int fd, const struct sockaddr_dipc *want,
			int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage got;
	socklen_t len = sizeof(got);

	memset(&got, 0xaa, sizeof(got));
	if (get(fd, (struct sockaddr *)&got, &len))
		return -errno;
	if (len != sizeof(*want))
		return 1;
	return memcmp(&got, want, sizeof(*want)) ? 2 : 0;
}

static int compare_sockname(int fd, const struct sockaddr_dipc *want)
{
	return compare_name(fd, want, getsockname);
}

static int compare_peername(int fd, const struct sockaddr_dipc *want)
{
	return compare_name(fd, want, getpeername);
}

TEST_F(addresses, structure_is_as_documented)
{
	EXPECT_EQ(96, sizeof(struct sockaddr_dipc));
	EXPECT_EQ(0, offsetof(struct sockaddr_dipc, sdipc_family));
	EXPECT_EQ(2, offsetof(struct sockaddr_dipc, sdipc_type));
	EXPECT_EQ(3, offsetof(struct sockaddr_dipc, sdipc_scope));
	EXPECT_EQ(4, offsetof(struct sockaddr_dipc, sdipc_node));
	EXPECT_EQ(8, offsetof(struct sockaddr_dipc, sdipc_port));
	EXPECT_EQ(16, offsetof(struct sockaddr_dipc, sdipc_reserved));
	EXPECT_EQ(32, offsetof(struct sockaddr_dipc, sdipc_name));
	EXPECT_EQ(40, sizeof(struct dipc_queue_conf));
}

TEST_F(addresses, unbound_socket_has_the_empty_address)
{
	EXPECT_EQ(0, compare_sockname(self->rx, &self->any));
	EXPECT_EQ(-ENOTCONN, compare_peername(self->rx, &self->any));
}

TEST_F(addresses, bind_to_a_number)
{
	struct sockaddr_dipc addr = dt_port(1000 + getpid());

	ASSERT_EQ(0, dt_bind(self->rx, &addr));
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
	EXPECT_EQ(addr.sdipc_port, dt_port_id(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, lowest_and_highest_number_for_users)
{
	struct sockaddr_dipc low = dt_port(1);
	struct sockaddr_dipc high = dt_port(DIPC_PORT_USER_MAX);

	ASSERT_EQ(0, dt_bind(self->rx, &low));
	ASSERT_EQ(0, dt_bind(self->tx, &high));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &low));
	EXPECT_EQ(0, dt_send_number(self->rx, 2, 0, &high));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->tx, MSG_DONTWAIT));
}

TEST_F(addresses, number_is_free_again_after_close)
{
	struct sockaddr_dipc addr = dt_port(1000 + getpid());
	int i;

	ASSERT_EQ(0, dt_bind(self->rx, &addr));
	EXPECT_EQ(-EADDRINUSE, dt_bind(self->tx, &addr));
	for (i = 0; i < 3; i++) {
		close(self->rx);
		self->rx = dt_socket_bound(variant->type, &addr);
		ASSERT_LE(0, self->rx);
	}
	/* the other could be bound all the time */
	addr.sdipc_port++;
	EXPECT_EQ(0, dt_bind(self->tx, &addr));
}

TEST_F(addresses, bind_to_any_draws_a_number)
{
	struct sockaddr_dipc addr;

	ASSERT_EQ(0, dt_bind(self->rx, &self->any));
	addr = dt_port_of(self->rx);
	EXPECT_LT(DIPC_PORT_USER_MAX, addr.sdipc_port);
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
}

TEST_F(addresses, drawn_numbers_are_never_used_again)
{
	uint64_t last = 0, id;
	int i;

	for (i = 0; i < 300; i++) {
		int fd = dt_socket_bound(variant->type, &self->any);

		ASSERT_LE(0, fd);
		id = dt_port_id(fd);
		EXPECT_LT(last, id);
		last = id;
		close(fd);
	}
}

TEST_F(addresses, receiving_and_sending_bind_by_themselves)
{
	struct sockaddr_dipc addr, from;
	char c;

	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, NULL));
	addr = dt_port_of(self->rx);
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	addr = dt_port_of(self->tx);
	EXPECT_EQ(0, compare_sockname(self->tx, &addr));
	EXPECT_EQ(1, dt_recv(self->rx, &c, 1, 0, &from));
	EXPECT_EQ(0, memcmp(&from, &addr, sizeof(from)));
}

TEST_F(addresses, source_can_be_answered)
{
	struct sockaddr_dipc name = dt_name(self->name), from, want;
	char buf[8];

	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(2, dt_send(self->tx, "hi", 2, 0, &name));
	memset(&from, 0xaa, sizeof(from));
	EXPECT_EQ(2, dt_recv(self->rx, buf, sizeof(buf), 0, &from));
	want = dt_port_of(self->tx);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(from)));
	EXPECT_EQ(2, dt_send(self->rx, "ho", 2, 0, &from));
	EXPECT_EQ(2, dt_recv(self->tx, buf, sizeof(buf), 0, &from));
	EXPECT_EQ(0, memcmp(buf, "ho", 2));
	/* the source is the port even of who is bound to a name */
	want = dt_port_of(self->rx);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(from)));
}

TEST_F(addresses, source_is_cut_to_the_room_and_its_length_told)
{
	struct sockaddr_dipc want = dt_port_of(self->rx), from;
	socklen_t len = 10;
	char c;

	EXPECT_EQ(1, dt_send(self->tx, "x", 1, 0, &want));
	memset(&from, 0xaa, sizeof(from));
	EXPECT_EQ(1, recvfrom(self->rx, &c, 1, 0, (void *)&from, &len));
	EXPECT_EQ(sizeof(from), len);
	want = dt_port_of(self->tx);
	EXPECT_EQ(0, memcmp(&from, &want, 10));
	EXPECT_EQ(0xaa, ((uint8_t *)&from)[10]);
}

TEST_F(addresses, bind_to_a_name)
{
	struct sockaddr_dipc name = dt_name(self->name), port;

	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
	EXPECT_LT(DIPC_PORT_USER_MAX, dt_port_id(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	port = dt_port_of(self->rx);
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &port));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, bound_scope_is_given_back)
{
	struct sockaddr_dipc name = dt_name(self->name);

	name.sdipc_scope = DIPC_SCOPE_NODE;
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
}

TEST_F(addresses, longest_name)
{
	struct sockaddr_dipc name = dt_name(self->name);
	size_t len = strlen(self->name);

	memset(name.sdipc_name + len, 'x', DIPC_NAME_MAX - len);
	ASSERT_EQ(DIPC_NAME_MAX, strlen(name.sdipc_name));
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	/* one byte less is another name */
	name.sdipc_name[DIPC_NAME_MAX - 1] = 0;
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &name));
}

TEST_F(addresses, longer_address_with_zeros_behind)
{
	struct {
		struct sockaddr_dipc addr;
		char more[32];
	} a = { .addr = dt_name(self->name) };
	struct sockaddr *sa = (struct sockaddr *)&a;

	ASSERT_EQ(128, sizeof(a));
	EXPECT_EQ(0, bind(self->rx, sa, sizeof(a)));
	EXPECT_EQ(0, compare_sockname(self->rx, &a.addr));
	EXPECT_EQ(0, connect(self->tx, sa, sizeof(a)));
	EXPECT_EQ(0, compare_peername(self->tx, &a.addr));
	EXPECT_EQ(1, sendto(self->tx, "x", 1, 0, sa, sizeof(a)));
}

TEST_F(addresses, one_port_has_several_names)
{
	struct sockaddr_dipc first = dt_name(self->name), second;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "second");
	second = dt_name(name);
	ASSERT_EQ(0, dt_bind(self->rx, &first));
	ASSERT_EQ(0, dt_bind(self->rx, &second));
	EXPECT_EQ(0, compare_sockname(self->rx, &first));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &second));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &first));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, numbered_port_may_be_named)
{
	struct sockaddr_dipc port = dt_port(1000 + getpid());
	struct sockaddr_dipc name = dt_name(self->name);

	ASSERT_EQ(0, dt_bind(self->rx, &port));
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &port));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, at_most_64_names_a_port)
{
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];
	int i;

	for (i = 0; i < 64; i++) {
		dt_unique(name, "many");
		addr = dt_name(name);
		ASSERT_EQ(0, dt_bind(self->rx, &addr));
	}
	dt_unique(name, "many");
	addr = dt_name(name);
	EXPECT_EQ(-ENOBUFS, dt_bind(self->rx, &addr));
	/* nobody has it now */
	EXPECT_EQ(0, dt_bind(self->tx, &addr));
}

TEST_F(addresses, bind_to_a_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name), port;

	EXPECT_EQ(-ENOENT, dt_bind(self->rx, &mailbox));
	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &mailbox));
	ASSERT_EQ(0, dt_bind(self->rx, &mailbox));
	EXPECT_EQ(0, compare_sockname(self->rx, &mailbox));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	/* its own port has no queue */
	port = dt_port_of(self->rx);
	EXPECT_LT(DIPC_PORT_USER_MAX, port.sdipc_port);
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, &port));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
}

TEST_F(addresses, mailbox_answers_to_its_name_without_its_type)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);
	struct sockaddr_dipc name = dt_name(self->name);

	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	ASSERT_EQ(0, dt_bind(self->rx, &mailbox));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(0, dt_connect(self->tx, &name));
	EXPECT_EQ(0, compare_peername(self->tx, &name));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
}

TEST_F(addresses, connect_says_where_to)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), b;
	int other = dt_socket(variant->type);

	b = dt_port_of(other);
	EXPECT_EQ(-ENOTCONN, dt_send_number(self->tx, 0, 0, NULL));
	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(0, compare_peername(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	/* an address in the call comes first */
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &b));
	EXPECT_EQ(0, dt_connect(self->tx, &b));
	EXPECT_EQ(0, compare_peername(self->tx, &b));
	EXPECT_EQ(0, dt_send_number(self->tx, 3, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(other, MSG_DONTWAIT));
	EXPECT_EQ(3, dt_recv_number(other, MSG_DONTWAIT));
	close(other);
}

TEST_F(addresses, connect_does_not_filter)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), b = dt_port_of(self->tx);
	int other = dt_socket(variant->type);

	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(other, 1, 0, &b));
	EXPECT_EQ(1, dt_recv_number(self->tx, MSG_DONTWAIT));
	close(other);
}

TEST_F(addresses, failed_connect_changes_nothing)
{
	struct sockaddr_dipc a = dt_port_of(self->rx);
	struct sockaddr_dipc name = dt_name(self->name);

	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(-ENOENT, dt_connect(self->tx, &name));
	EXPECT_EQ(0, compare_peername(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, af_unspec_dissolves_the_association)
{
	static const socklen_t lengths[] = { 2, 16, 96, 128 };
	struct sockaddr_storage unspec = { .ss_family = AF_UNSPEC };
	struct sockaddr_dipc a = dt_port_of(self->rx);
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(0, dt_connect(self->tx, &a));
		EXPECT_EQ(0, connect(self->tx, (void *)&unspec, lengths[i]));
		EXPECT_EQ(-ENOTCONN, compare_peername(self->tx, &a));
		EXPECT_EQ(-ENOTCONN, dt_send_number(self->tx, 0, 0, NULL));
	}
	/* once more is no error, and the socket is as good as before */
	EXPECT_EQ(0, connect(self->tx, (void *)&unspec, 2));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &a));
}

TEST_F(addresses, port_lives_until_the_last_descriptor_is_closed)
{
	struct sockaddr_dipc a = dt_port_of(self->rx);
	int copy = dup(self->rx);

	close(self->rx);
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &a));
	EXPECT_EQ(1, dt_recv_number(copy, MSG_DONTWAIT));
	close(copy);
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, &a));
	self->rx = -1;
}

static int child_sends(void *arg)
{
	struct two *fds = arg;
	struct sockaddr_dipc to = dt_port_of(fds->rx);

	return dt_send_number(fds->tx, 7, 0, &to) ? 1 : 0;
}

TEST_F(addresses, socket_shared_by_fork_keeps_its_source)
{
	struct two fds = { self->rx, self->tx };
	struct sockaddr_dipc from, want = dt_port_of(self->tx);
	int number;
	pid_t pid;

	dt_port_id(self->rx);
	pid = dt_child(child_sends, &fds);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(4, dt_recv(self->rx, &number, 4, MSG_DONTWAIT, &from));
	EXPECT_EQ(7, number);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(want)));
}

TEST_F(addresses, socket_may_send_to_itself)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), from;
	int number;

	EXPECT_EQ(0, dt_send_number(self->rx, 5, 0, &a));
	EXPECT_EQ(4, dt_recv(self->rx, &number, 4, MSG_DONTWAIT, &from));
	EXPECT_EQ(0, memcmp(&from, &a, sizeof(a)));
}

struct burst {
	struct sockaddr_dipc to;
	int type, first, count;
};

static long send_burst(void *arg)
{
	struct burst *b = arg;
	int fd = dt_socket_connected(b->type, &b->to);
	int i, err = fd < 0 ? fd : 0;

	for (i = 0; i < b->count && !err; i++)
		err = dt_send_number(fd, b->first + i, 0, NULL);
	close(fd);
	return err;
}

TEST_F(addresses, order_is_kept_for_each_sender)
{
	enum { SENDERS = 4, COUNT = 200 };
	struct dt_thread t[SENDERS];
	struct burst b[SENDERS];
	int next[SENDERS] = { 0 };
	int i, n;

	/* small, so that senders wait and are let in */
	ASSERT_EQ(0, dt_set_capacity(self->rx, 5, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_LONG_MS));
	for (i = 0; i < SENDERS; i++) {
		b[i] = (struct burst) { dt_port_of(self->rx), variant->type,
					i * COUNT, COUNT };
		ASSERT_EQ(0, dt_thread_start(&t[i], send_burst, &b[i]));
	}
	for (i = 0; i < SENDERS * COUNT; i++) {
		n = dt_recv_number(self->rx, 0);
		ASSERT_LE(0, n);
		EXPECT_EQ(next[n / COUNT], n % COUNT);
		next[n / COUNT]++;
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, dt_thread_join(&t[i]));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, each_message_of_sendmmsg_has_its_destination)
{
	struct sockaddr_dipc to[2] = { dt_port_of(self->rx) }, from[2];
	int other = dt_socket(variant->type);
	struct iovec iov[2] = { { "a", 1 }, { "b", 1 } };
	struct mmsghdr m[2] = { 0 };
	char c;
	int i;

	to[1] = dt_port_of(other);
	for (i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_name = &to[i];
		m[i].msg_hdr.msg_namelen = sizeof(to[i]);
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(2, sendmmsg(self->tx, m, 2, 0));
	EXPECT_EQ(1, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, &from[0]));
	EXPECT_EQ('a', c);
	EXPECT_EQ(1, dt_recv(other, &c, 1, MSG_DONTWAIT, &from[1]));
	EXPECT_EQ('b', c);
	EXPECT_EQ(0, memcmp(&from[0], &from[1], sizeof(from[0])));

	/* the first that fails ends it; what went before is told */
	close(other);
	EXPECT_EQ(1, sendmmsg(self->tx, m, 2, 0));
	EXPECT_EQ(-ECONNREFUSED, DT_ERR(sendmmsg(self->tx, m + 1, 1, 0)));
}

/*
 * Limits and options
 */

FIXTURE(options)
{
	int rx, tx;	/* tx is connected to rx */
};

FIXTURE_SETUP(options)
{
	struct sockaddr_dipc addr;

	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx);
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(options)
{
	close(self->rx);
	close(self->tx);
}

TEST_F(options, queue_has_the_stated_defaults)
{
	struct dipc_queue_conf conf, zero = { 0 };

	memset(&conf, 0xaa, sizeof(conf));
	EXPECT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(256, conf.capacity_msgs);
	EXPECT_EQ(64 << 10, conf.msg_max_bytes);
	EXPECT_EQ(1 << 20, conf.capacity_bytes);
	EXPECT_EQ(DIPC_POLICY_WAIT, conf.policy);
	EXPECT_EQ(0, memcmp(conf.reserved, zero.reserved,
			    sizeof(conf.reserved)));
	EXPECT_EQ(256, fill(self->tx));
}

TEST_F(options, queue_can_be_set_before_there_is_one)
{
	struct dipc_queue_conf conf = { 3, 100, 1000, DIPC_POLICY_REFUSE }, got;
	struct sockaddr_dipc addr;
	int fd = dt_socket(SOCK_RDM), i;

	EXPECT_EQ(0, dt_set_conf(fd, &conf));
	EXPECT_EQ(0, dt_get_conf(fd, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(conf)));
	addr = dt_port_of(fd);
	EXPECT_EQ(0, dt_get_conf(fd, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(conf)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, &addr));
	EXPECT_EQ(-ENOBUFS, dt_send_number(self->tx, i, 0, &addr));
	close(fd);
}

TEST_F(options, queue_capacity_in_bytes)
{
	struct dipc_queue_conf conf = { 100, 100, 250, DIPC_POLICY_WAIT };
	char buf[101] = "";

	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_EQ(100, dt_send(self->tx, buf, 100, 0, NULL));
	EXPECT_EQ(100, dt_send(self->tx, buf, 100, 0, NULL));
	EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 51, MSG_DONTWAIT, NULL));
	EXPECT_EQ(50, dt_send(self->tx, buf, 50, MSG_DONTWAIT, NULL));
	/* what has no bytes takes none */
	EXPECT_EQ(0, dt_send(self->tx, buf, 0, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EMSGSIZE, dt_send(self->tx, buf, 101, MSG_DONTWAIT, NULL));
}

TEST_F(options, lowering_a_limit_discards_nothing)
{
	struct dipc_queue_conf conf = { 1, 1, 1, DIPC_POLICY_WAIT };
	char buf[16];
	int i;

	for (i = 0; i < 5; i++)
		EXPECT_EQ(16, dt_send(self->tx, buf, 16, 0, NULL));
	EXPECT_EQ(0, dt_set_conf(self->rx, &conf));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(16, dt_recv(self->rx, buf, 16, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EMSGSIZE, dt_send(self->tx, buf, 2, 0, NULL));
	EXPECT_EQ(1, dt_send(self->tx, buf, 1, 0, NULL));
}

TEST_F(options, raising_a_limit_lets_a_blocked_sender_in)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, fill(self->tx));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, dt_thread_join(&t));
}

TEST_F(options, largest_message_of_all)
{
	size_t size = DIPC_MSG_LEN_MAX, i;
	struct dipc_queue_conf conf = { 1, size, size, DIPC_POLICY_WAIT };
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	for (i = 0; i < size; i += 4096)
		p[i] = i >> 12;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	/* above SO_SNDBUF, but one may always be outstanding */
	ASSERT_EQ(size, dt_send(self->tx, p, size, MSG_DONTWAIT, NULL));
	EXPECT_EQ(size, inq(self->rx));
	memset(p, 0xee, size);
	ASSERT_EQ(size, dt_recv(self->rx, p, size, MSG_DONTWAIT, NULL));
	for (i = 0; i < size; i += 4096)
		if (p[i] != (uint8_t)(i >> 12) || p[i + 1])
			break;
	EXPECT_EQ(size, i);
	EXPECT_EQ(0, outq(self->tx));
	munmap(p, size);
}

TEST_F(options, sndbuf_bounds_what_is_outstanding)
{
	int bound = 16384, n = 0, one = 0, i;
	struct sockaddr_dipc to;
	char buf[1000] = "";

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &bound,
				sizeof(bound)));
	bound = sol_socket(self->tx, SO_SNDBUF);
	ASSERT_LT(0, bound);
	while (dt_send(self->tx, buf, sizeof(buf), MSG_DONTWAIT, NULL) > 0) {
		if (!n++)
			one = outq(self->tx);
		ASSERT_LT(n, 256);
	}
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(bound / one, n);
	EXPECT_EQ(n * one, outq(self->tx));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1000, dt_recv(self->rx, buf, 1000, 0, NULL));
		EXPECT_EQ(1000, dt_send(self->tx, buf, 1000, MSG_DONTWAIT,
					NULL));
		EXPECT_EQ(-EAGAIN, dt_send(self->tx, buf, 1000, MSG_DONTWAIT,
					   NULL));
	}
	/* another socket of the same user is not held back */
	to = dt_port_of(self->rx);
	EXPECT_EQ(4, dt_send(self->rx, buf, 4, MSG_DONTWAIT, &to));
}

static long send_1000(void *arg)
{
	char buf[1000] = "";

	return dt_send(*(int *)arg, buf, sizeof(buf), 0, NULL);
}

TEST_F(options, sender_over_sndbuf_waits_until_it_is_received)
{
	int bound = 4096, n = 0;
	struct dt_thread t;
	char buf[1000] = "";

	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUF, &bound,
				sizeof(bound)));
	while (dt_send(self->tx, buf, sizeof(buf), MSG_DONTWAIT, NULL) > 0)
		ASSERT_GT(256, ++n);
	ASSERT_EQ(0, dt_thread_start(&t, send_1000, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(1000, dt_recv(self->rx, buf, 1000, 0, NULL));
	EXPECT_EQ(1000, dt_thread_join(&t));

	/* and it can be told that there is no use in waiting */
	ASSERT_EQ(0, dt_thread_start(&t, send_1000, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	close(self->rx);
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&t));
	self->rx = -1;
}

TEST_F(options, port_id_makes_a_port)
{
	int fd = dt_socket(SOCK_RDM);
	uint64_t id[2] = { 0, 0xaaaaaaaaaaaaaaaa };
	socklen_t len = sizeof(id);

	/* room for more is no error; what is there is told */
	EXPECT_EQ(0, getsockopt(fd, SOL_DIPC, DIPC_PORT_ID, id, &len));
	EXPECT_EQ(sizeof(uint64_t), len);
	EXPECT_LT(DIPC_PORT_USER_MAX, id[0]);
	EXPECT_EQ(0xaaaaaaaaaaaaaaaa, id[1]);
	EXPECT_EQ(id[0], dt_port_id(fd));
	close(fd);
}

TEST_F(options, longer_queue_option_with_zeros_behind)
{
	struct {
		struct dipc_queue_conf conf;
		char more[216];
	} c = { .conf = { 7, 100, 1000, DIPC_POLICY_WAIT } };
	struct dipc_queue_conf got;
	socklen_t len;

	ASSERT_EQ(256, sizeof(c));
	for (len = sizeof(c.conf); len <= sizeof(c); len++)
		ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_QUEUE, &c,
					len));
	len = sizeof(c);
	EXPECT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_QUEUE, &c, &len));
	EXPECT_EQ(sizeof(c.conf), len);
	EXPECT_EQ(0, dt_get_conf(self->rx, &got));
	EXPECT_EQ(7, got.capacity_msgs);
}

TEST_F(options, switches_read_as_they_were_set)
{
	static const int names[] = { DIPC_REUSE_NAME, DIPC_NOTIFY };
	int i, j, value;
	socklen_t len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 2; j >= 0; j--) {
			value = j & 1;
			/* before the first set, too */
			if (j < 2) {
				EXPECT_EQ(0, setsockopt(self->rx, SOL_DIPC,
							names[i], &value, 4));
			}
			value = -1;
			len = sizeof(value);
			EXPECT_EQ(0, getsockopt(self->rx, SOL_DIPC, names[i],
						&value, &len));
			EXPECT_EQ(4, len);
			EXPECT_EQ(j & 1, value);
		}
	}
}

static int notify_state(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &value, &len);
	return value;
}

static int notify_arm(int fd)
{
	int one = 1;

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &one, sizeof(one)));
}

TEST_F(options, notify_is_sent_once)
{
	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(1, dt_signals);
	EXPECT_EQ(2, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, 0));
	EXPECT_EQ(2, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 3, 0, NULL));
	EXPECT_EQ(1, dt_signals);

	/* asked for again while something is there: nothing until it is empty */
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 4, 0, NULL));
	EXPECT_EQ(1, dt_signals);
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(3, dt_recv_number(self->rx, 0));
	EXPECT_EQ(4, dt_recv_number(self->rx, 0));
	EXPECT_EQ(0, dt_send_number(self->tx, 5, 0, NULL));
	EXPECT_EQ(2, dt_signals);
}

TEST_F(options, notify_leaves_the_message_to_who_waits)
{
	struct dt_thread t;

	ASSERT_EQ(0, dt_count_signal(SIGIO, SA_RESTART));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(4, dt_thread_join(&t));
	EXPECT_EQ(0, dt_signals);
	EXPECT_EQ(1, notify_state(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(options, notify_with_a_signal_of_ones_own)
{
	ASSERT_EQ(0, dt_count_signal(SIGRTMIN + 3, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_SETSIG, SIGRTMIN + 3));
	ASSERT_EQ(0, fcntl(self->rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, notify_arm(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(options, message_put_back_is_there_for_the_next)
{
	struct dt_thread t;
	char buf[8];

	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(-EFAULT, dt_recv(self->rx, (void *)8, 3, 0, NULL));
	ASSERT_EQ(0, dt_thread_start(&t, recv_plain, &self->rx));
	EXPECT_EQ(3, dt_thread_join(&t));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, buf, 8, MSG_DONTWAIT, NULL));
}

static long recv_bad(void *arg)
{
	return dt_recv(*(int *)arg, (void *)8, 8, 0, NULL);
}

TEST_F(options, blocked_receiver_with_bad_memory_passes_the_message_on)
{
	struct dt_thread bad, good;

	ASSERT_EQ(0, dt_thread_start(&bad, recv_bad, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(bad.tid, SYS_recvfrom));
	ASSERT_EQ(0, dt_thread_start(&good, recv_plain, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(good.tid, SYS_recvfrom));
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(-EFAULT, dt_thread_join(&bad));
	EXPECT_EQ(3, dt_thread_join(&good));
}

TEST_HARNESS_MAIN
