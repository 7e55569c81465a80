// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of 32 bits: what a step with a socket gives must not depend on the
 * width of the program that makes it, nor on that of the one at the other end.
 * The steps are in tools/compat_step.c, which is built for both; each test has
 * them made by every pair of the two. Two of 64 bits are the oracle.
 *
 * Only x86 kernels run such programs here; there the suite fails if the program
 * or the kernel's support for it is missing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

static char said[2048];

static void program_of(int bits, char path[PATH_MAX])
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		self[0] = 0;
	snprintf(path, PATH_MAX, "%s/tools/compat_step%s", dirname(self),
		 bits == 32 ? "32" : "");
}

/*
 * "" if all was as it should be, else what was not; valid until the next. The
 * descriptor and a number that is one are inherited.
 */
static const char *step(int bits, const char *name, int fd, long long number)
{
	char path[PATH_MAX], arg_fd[16], arg_number[32];
	int out[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	program_of(bits, path);
	snprintf(arg_fd, sizeof(arg_fd), "%d", fd);
	snprintf(arg_number, sizeof(arg_number), "%lld", number);
	if (pipe(out))
		return "no pipe";
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		execl(path, path, name, arg_fd, arg_number, NULL);
		dprintf(out[1], "cannot run %s: %s", path, strerror(errno));
		_exit(2);
	}
	close(out[1]);
	while ((n = read(out[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	close(out[0]);
	said[len] = 0;
	waitpid(pid, &status, 0);
	if (status && !len)
		snprintf(said, sizeof(said), "%s ended with status 0x%x", name,
			 status);
	return said;
}

FIXTURE(pair)
{
	int tx, rx;
	uint64_t tx_id, rx_id;
};

FIXTURE_VARIANT(pair)
{
	int type, tx_bits, rx_bits;
};

#define PAIR(name, type_, tx_, rx_)					\
	FIXTURE_VARIANT_ADD(pair, name)					\
	{								\
		.type = type_, .tx_bits = tx_, .rx_bits = rx_,		\
	}

PAIR(rdm_64_64, SOCK_RDM, 64, 64);
PAIR(rdm_64_32, SOCK_RDM, 64, 32);
PAIR(rdm_32_64, SOCK_RDM, 32, 64);
PAIR(rdm_32_32, SOCK_RDM, 32, 32);
PAIR(seqpacket_64_64, SOCK_SEQPACKET, 64, 64);
PAIR(seqpacket_64_32, SOCK_SEQPACKET, 64, 32);
PAIR(seqpacket_32_64, SOCK_SEQPACKET, 32, 64);
PAIR(seqpacket_32_32, SOCK_SEQPACKET, 32, 32);
PAIR(stream_64_64, SOCK_STREAM, 64, 64);
PAIR(stream_64_32, SOCK_STREAM, 64, 32);
PAIR(stream_32_64, SOCK_STREAM, 32, 64);
PAIR(stream_32_32, SOCK_STREAM, 32, 32);

FIXTURE_SETUP(pair)
{
	struct sockaddr_dipc addr = dt_any();
	int sv[2];

#ifndef __x86_64__
	SKIP(return, "not x86");
#endif
	if (variant->type == SOCK_RDM) {
		self->rx = dt_socket_bound(SOCK_RDM, &addr);
		ASSERT_LE(0, self->rx)
			TH_LOG("is the module loaded? %s",
			       strerror(-self->rx));
		addr = dt_port_of(self->rx);
		self->tx = dt_socket_connected(SOCK_RDM, &addr);
		ASSERT_LE(0, self->tx);
	} else {
		ASSERT_EQ(0, DT_ERR(socketpair(dt_family(), variant->type, 0,
					       sv)));
		self->tx = sv[0];
		self->rx = sv[1];
	}
	self->rx_id = dt_port_id(self->rx);
	self->tx_id = dt_port_id(self->tx);
}

FIXTURE_TEARDOWN(pair)
{
	close(self->tx);
	close(self->rx);
}

#define TX(name, number) EXPECT_STREQ("", step(variant->tx_bits, name,	\
					       self->tx, number))
#define RX(name, number) EXPECT_STREQ("", step(variant->rx_bits, name,	\
					       self->rx, number))

/* Otherwise all the rest would prove nothing. */
TEST_F(pair, programs_have_their_width)
{
	TX("width_is", variant->tx_bits);
	RX("width_is", variant->rx_bits);
}

TEST_F(pair, long_ones_arrive)
{
	TX("long_send", 0);
	RX("long_take", 0);
}

TEST_F(pair, several_in_a_call)
{
	TX("send_some", 0);
	TX("outq_see", 1);
	/* of a link all that is there */
	RX("take_some", variant->type == SOCK_RDM ? 1 : 6);
	TX("outq_see", 0);
}

TEST_F(pair, timeouts)
{
	TX("timeout_set", 0);
	EXPECT_STREQ("", step(variant->rx_bits, "timeout_get", self->tx, 0));
	TX("timeout_set", 1);
	EXPECT_STREQ("", step(variant->rx_bits, "timeout_get", self->tx, 0));
}

TEST_F(pair, descriptors)
{
	int file = memfd_create("compat", 0);

	ASSERT_LE(0, file);
	TX("files_send", file);
	RX("files_take", file);
	close(file);
}

TEST_F(pair, credentials)
{
	RX("creds_ask", 0);
	TX("creds_send", 0);
	RX("creds_take", 0);
}

/* The rest is of messages. */
#define NOT_FOR_STREAMS() do {						\
	if (variant->type == SOCK_STREAM)				\
		return;							\
} while (0)

/* SO_TIMESTAMP and SO_TIMESTAMPNS, old and new */
TEST_F(pair, time_stamps)
{
	static const int option[] = { 29, 35, 63, 64 };
	int i, off = 0;

	NOT_FOR_STREAMS();
	for (i = 0; i < 4; i++) {
		RX("stamp_ask", option[i]);
		ASSERT_EQ(1, send(self->tx, "x", 1, 0));
		RX("stamp_take", option[i]);
		ASSERT_EQ(0, setsockopt(self->rx, SOL_SOCKET, option[i], &off,
					sizeof(off)));
	}
}

TEST_F(pair, what_comes_with_a_message)
{
	NOT_FOR_STREAMS();
	RX("info_ask", 0);
	TX("post_all", 0);
	TX("post_all", 0);
	RX("info_take", self->tx_id);
	RX("info_take_some", self->tx_id);
}

TEST_F(pair, what_cannot_come_with_a_message)
{
	char c;

	NOT_FOR_STREAMS();
	TX("post_bad", 0);
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, NULL));
}

TEST_F(pair, asynchronous)
{
	struct sockaddr_dipc to;
	socklen_t len = sizeof(to);

	NOT_FOR_STREAMS();
	ASSERT_EQ(0, getpeername(self->tx, (void *)&to, &len));
	TX("async_send", 0);
	/* and the other program is told of it */
	EXPECT_STREQ("", step(variant->rx_bits, "completion_take", self->tx,
			      to.sdipc_port));
}

TEST_F(pair, limits_of_a_queue)
{
	NOT_FOR_STREAMS();
	TX("queue_set", 0);
	EXPECT_STREQ("", step(variant->rx_bits, "queue_get", self->tx, 0));
}

TEST_F(pair, standing_match)
{
	NOT_FOR_STREAMS();
	RX("match_set", self->tx_id);
	EXPECT_STREQ("", step(variant->tx_bits, "match_get", self->rx,
			      self->tx_id));
	ASSERT_EQ(1, send(self->tx, "y", 1, 0));
	TX("post_all", 0);
	RX("take_from", self->tx_id);
}

TEST_F(pair, options)
{
	NOT_FOR_STREAMS();
	TX("options_set", 0);
	EXPECT_STREQ("", step(variant->rx_bits, "options_get", self->tx, 0));
}

/* Numbers that need more than 32 bits, in both directions. */
TEST_F(pair, addresses)
{
	int fd = dt_socket(variant->type);

	ASSERT_LE(0, fd);
	TX("width_is", variant->tx_bits);
	EXPECT_STREQ("", step(variant->tx_bits, "bind_and_name", fd,
			      dt_family()));
	close(fd);
	if (variant->type != SOCK_RDM)
		return;
	EXPECT_LT(UINT32_MAX, self->rx_id);
	TX("connect_to", self->rx_id);
	RX("take_from", self->tx_id);
}

TEST_HARNESS_MAIN
