// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 200
 *
 * Messages by plain system calls: what each call does. How calls fail is in
 * errors_*.c, poll and its relatives in poll.c, addresses in socket_address.c,
 * limits and options in socket_options.c.
 *
 * What means the same for AF_UNIX datagrams runs over them as well, from the
 * same body: they are the oracle.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "ask.h"
#include "kselftest_harness.h"

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
	EXPECT_EQ(variant->type, ask_option(self->rx, SO_TYPE));
	EXPECT_EQ(variant->dipc ? dt_family() : AF_UNIX,
		  ask_option(self->rx, SO_DOMAIN));
	EXPECT_EQ(0, ask_option(self->rx, SO_PROTOCOL));
	EXPECT_EQ(0, ask_option(self->rx, SO_ERROR));
	EXPECT_EQ(0, ask_option(self->rx, SO_ACCEPTCONN));
}

TEST_F(like_unix, zero_length_message_is_a_message)
{
	char buf[4] = "abc";

	EXPECT_EQ(0, send(self->tx, NULL, 0, 0));
	EXPECT_EQ(0, write(self->tx, buf, 0));
	EXPECT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(0, ask_inq(self->rx));
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
	EXPECT_EQ(0, ask_inq(self->rx));
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
	ASSERT_LT(0, ask_room(self->tx));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, fcntl(self->tx, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, 0, NULL));
}

TEST_F(like_unix, timed_waits_end_in_eagain)
{
	long start;
	char c;

	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_SHORT_MS));
	start = dt_ticks_ms();
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, 0, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);
	start = dt_ticks_ms();
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_PEEK, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);

	ASSERT_LT(0, ask_room(self->tx));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_SHORT_MS));
	start = dt_ticks_ms();
	EXPECT_EQ(-EAGAIN, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);
}

static long send_one(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

TEST_F(like_unix, blocked_sender_goes_on_when_there_is_room)
{
	struct dt_thread sender;
	int i, n;

	n = ask_room(self->tx);
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

	n = ask_room(self->tx);
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

	ASSERT_LT(0, ask_room(self->tx));
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

	ASSERT_LT(0, ask_room(self->tx));
	ASSERT_EQ(0, dt_set_timeout(self->tx, SO_SNDTIMEO, DT_LONG_MS));
	ASSERT_EQ(0, dt_thread_start(&t, send_one, &self->tx));
	ASSERT_TRUE(signal_asleep(&t, SYS_sendto));
	EXPECT_EQ(-EINTR, dt_thread_join(&t));
}

TEST_F(like_unix, inq_is_the_first_message_outq_what_is_outstanding)
{
	char buf[128] = "";
	int one, two;

	EXPECT_EQ(0, ask_inq(self->rx));
	EXPECT_EQ(0, ask_outq(self->tx));
	EXPECT_EQ(100, send(self->tx, buf, 100, 0));
	one = ask_outq(self->tx);
	EXPECT_LE(100, one);
	EXPECT_EQ(7, send(self->tx, buf, 7, 0));
	two = ask_outq(self->tx);
	EXPECT_LE(one + 7, two);
	EXPECT_EQ(100, ask_inq(self->rx));
	EXPECT_EQ(100, recv(self->rx, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(100, ask_inq(self->rx));
	EXPECT_EQ(two, ask_outq(self->tx));
	EXPECT_EQ(100, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(7, ask_inq(self->rx));
	EXPECT_EQ(two - one, ask_outq(self->tx));
	EXPECT_EQ(7, recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(0, ask_inq(self->rx));
	EXPECT_EQ(0, ask_outq(self->tx));
	EXPECT_EQ(0, ask_outq(self->rx));
	EXPECT_EQ(0, ask_inq(self->tx));
}

TEST_F(like_unix, closing_discards_what_is_queued)
{
	EXPECT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, send(self->tx, "def", 3, 0));
	EXPECT_LT(0, ask_outq(self->tx));
	EXPECT_EQ(0, close(self->rx));
	EXPECT_EQ(0, ask_outq(self->tx));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, NULL));
	self->rx = -1;
}

TEST_F(like_unix, closing_tells_a_blocked_sender)
{
	struct dt_thread t;

	ASSERT_LT(0, ask_room(self->tx));
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

TEST_HARNESS_MAIN
