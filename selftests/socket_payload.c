// SPDX-License-Identifier: GPL-2.0
/*
 * Payload: every size at which the kernel's copy changes hands, gathered from
 * and scattered to pieces that do not fit its own, and memory that is bad.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "ask.h"
#include "kselftest_harness.h"

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
	EXPECT_EQ(size, ask_inq(self->rx));
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
		EXPECT_EQ(size, ask_inq(self->rx));

		/* nor is anything sent from it */
		memset(p, 1, good[i]);
		EXPECT_EQ(-EFAULT, dt_send(self->tx, p, size, 0, NULL));
	}
	EXPECT_EQ(size, recv(self->rx, self->out, ROOM, MSG_DONTWAIT));
	EXPECT_EQ(-1, dt_pattern_differs(self->out, size, size));
	EXPECT_EQ(1, recv(self->rx, self->out, ROOM, MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, self->out, 1, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, ask_outq(self->tx));
}

TEST_HARNESS_MAIN
