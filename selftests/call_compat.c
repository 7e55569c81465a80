// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of programs of 32 bits: what a client or a server gives and gets must
 * not depend on its width, nor on that of the other one, by control messages
 * and by ioctl. The steps are in tools/compat_call.c, which is built for both;
 * each test has them made by every pair of the two. The rest of the interface
 * is in compat.c.
 *
 * Only x86 kernels run such programs here; there the suite fails if the program
 * or the kernel's support for it is missing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>

#include "held.h"
#include "kselftest_harness.h"

/* A step that is being made. */
struct step {
	const char *name;
	pid_t pid;
	int out;		/* what it says */
};

static char said[2048];

static void program_of(int bits, char path[PATH_MAX])
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		self[0] = 0;
	snprintf(path, PATH_MAX, "%s/tools/compat_call%s", dirname(self),
		 bits == 32 ? "32" : "");
}

/* The descriptor is inherited. */
static int begin(struct step *s, int bits, const char *name, int fd,
		 long long number)
{
	char path[PATH_MAX], arg_fd[16], arg_number[32];
	int out[2];

	program_of(bits, path);
	snprintf(arg_fd, sizeof(arg_fd), "%d", fd);
	snprintf(arg_number, sizeof(arg_number), "%lld", number);
	if (pipe(out))
		return -errno;
	*s = (struct step) { .name = name, .out = out[0], .pid = fork() };
	if (!s->pid) {
		dup2(out[1], STDOUT_FILENO);
		execl(path, path, name, arg_fd, arg_number, NULL);
		dprintf(out[1], "cannot run %s: %s", path, strerror(errno));
		_exit(2);
	}
	close(out[1]);
	return s->pid < 0 ? -errno : 0;
}

/* "" if all was as it should be, else what was not; valid until the next. */
static const char *end(struct step *s)
{
	size_t len = 0;
	int status = 0;
	ssize_t n;

	while ((n = read(s->out, said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	close(s->out);
	said[len] = 0;
	waitpid(s->pid, &status, 0);
	if (status && !len)
		snprintf(said, sizeof(said), "%s ended with status 0x%x",
			 s->name, status);
	return said;
}

static const char *step(int bits, const char *name, int fd, long long number)
{
	struct step s;

	return begin(&s, bits, name, fd, number) ? "no process" : end(&s);
}

FIXTURE(pair)
{
	int tx, rx;		/* a client, and the server it calls */
	long messages;
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

FIXTURE_SETUP(pair)
{
	struct sockaddr_dipc addr = dt_any();
	int sv[2];

#ifndef __x86_64__
	SKIP(return, "not x86");
#endif
	ASSERT_EQ(0, held_world(&self->messages))
		TH_LOG("is the module loaded?");
	if (variant->type == SOCK_RDM) {
		self->rx = calls_server(SOCK_RDM, &addr);
		ASSERT_LE(0, self->rx);
		addr = dt_port_of(self->rx);
		self->tx = dt_socket_connected(SOCK_RDM, &addr);
		ASSERT_LE(0, self->tx);
	} else {
		ASSERT_EQ(0, socketpair(dt_family(), variant->type, 0, sv));
		self->tx = sv[0];
		self->rx = sv[1];
		ASSERT_EQ(0, calls_take_calls(self->rx));
	}
	/* so that the programs inherit them */
	ASSERT_EQ(0, fcntl(self->rx, F_SETFD, 0));
	ASSERT_EQ(0, fcntl(self->tx, F_SETFD, 0));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->tx);
	close(self->rx);
	EXPECT_TRUE(held_nothing_left(self->messages));
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

TEST_F(pair, by_message)
{
	TX("msg_start", 1);
	RX("msg_serve", 0);
	TX("msg_end", 1);
}

TEST_F(pair, by_operation)
{
	TX("op_start", 1);
	RX("op_serve", 0);
	TX("op_end", 1);
}

/* The forms of the two, and those of a start and its end, are independent. */
TEST_F(pair, forms_mixed)
{
	TX("msg_start", 1);
	RX("op_serve", 0);
	TX("op_end", 1);
	TX("op_start", 2);
	RX("msg_serve", 0);
	TX("msg_end", 2);
}

TEST_F(pair, client_that_waits)
{
	struct step s;

	ASSERT_EQ(0, begin(&s, variant->rx_bits, "op_serve_waiting", self->rx,
			   0));
	TX("op_call", 0);
	EXPECT_STREQ("", end(&s));
}

TEST_F(pair, given_up)
{
	TX("msg_start", 1);
	RX("take_only", 0);
	TX("op_cancel", 1);
	RX("notice", 0);
	TX("op_start", 2);
	RX("take_only", 0);
	TX("msg_cancel", 2);
	RX("notice", 0);
}

TEST_F(pair, refused)
{
	TX("refused", 0);
	RX("refused", 0);
}

TEST_HARNESS_MAIN
