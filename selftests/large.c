// SPDX-License-Identifier: GPL-2.0
/*
 * Messages beyond what fits into one object of the kernel: every length up to
 * the largest comes through whole, in one piece or in many, to a port and to a
 * mailbox, and through a byte stream in parts that are put together; what fails
 * on the way fails without a trace, and nothing stays charged to the user. What
 * becomes of the memory in between is in large_kept.c.
 *
 * suite-timeout: 300
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "buffer.h"
#include "call.h"
#include "kselftest_harness.h"

#define GUARD		64	/* bytes behind a message, not to be touched */
#define UNTOUCHED	0xee
#define ALICE		1001

/* Where the first byte differs from value, or -1. */
static long differs_from(const uint8_t *p, size_t len, uint8_t value)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != value)
			return i;
	return -1;
}

static uint64_t live(void)
{
	struct dt_stats stats;

	return dt_stats_get(&stats) ? UINT64_MAX : stats.messages;
}

/*
 * Through a port and a mailbox
 */

FIXTURE(way)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	uint8_t *out, *in;
	size_t size;		/* of both */
	struct dt_stats before;
};

FIXTURE_VARIANT(way)
{
	bool mailbox;
};

FIXTURE_VARIANT_ADD(way, port) { false };
FIXTURE_VARIANT_ADD(way, mailbox) { true };

FIXTURE_SETUP(way)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 1000, .capacity_bytes = 2 * DIPC_MSG_LEN_MAX,
		.msg_max_bytes = DIPC_MSG_LEN_MAX,
	};
	struct sockaddr_dipc addr = dt_any();

	if (variant->mailbox) {
		dt_unique(self->name, "large");
		ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(
					.capacity_msgs = conf.capacity_msgs,
					.capacity_bytes = conf.capacity_bytes,
					.msg_max_bytes = conf.msg_max_bytes)));
		addr = dt_mailbox(self->name);
	}
	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx);
	if (!variant->mailbox) {
		ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
		addr = dt_port_of(self->rx);
	}
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	/* touched only as far as a test goes */
	self->size = DIPC_MSG_LEN_MAX + 2 * GUARD;
	self->out = buffer_map(self->size);
	self->in = buffer_map(self->size);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->in);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(way)
{
	close(self->tx);
	close(self->rx);
	if (variant->mailbox)
		EXPECT_EQ(0, dt_mailbox_del(self->name));
	munmap(self->out, self->size);
	munmap(self->in, self->size);
}

/* A message goes there and comes back as it was, and nothing else with it. */
static const char *goes_through(FIXTURE_DATA(way) *self, size_t len)
{
	static char text[128];
	long ret;

	dt_pattern(self->out, len, len);
	ret = dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL);
	if (ret != (long)len) {
		snprintf(text, sizeof(text), "%zu: send %ld", len, ret);
		return text;
	}
	memset(self->in, UNTOUCHED, len + GUARD);
	ret = dt_recv(self->rx, self->in, len + GUARD, MSG_DONTWAIT, NULL);
	if (ret != (long)len) {
		snprintf(text, sizeof(text), "%zu: recv %ld", len, ret);
		return text;
	}
	ret = dt_pattern_differs(self->in, len, len);
	if (ret >= 0) {
		snprintf(text, sizeof(text), "%zu: differs at %ld", len, ret);
		return text;
	}
	ret = differs_from(self->in + len, GUARD, UNTOUCHED);
	if (ret >= 0) {
		snprintf(text, sizeof(text), "%zu: more, at %ld", len, ret);
		return text;
	}
	return "";
}

TEST_F(way, lengths_around_each_boundary_come_through_whole)
{
	static const size_t around[] = {
		64, 64 + 48, 64 + 112, 64 + 240, 64 + 496, 64 + 1008,
		64 + 2032, 4032, 4096, 8192, 16384, 32768, 65536 - 64, 65536,
		65536 + 64, 64 + 57288, 2 * 65536, MIB,
	};
	size_t i;
	int d;

	for (i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		for (d = -2; d <= 2; d++)
			ASSERT_STREQ("", goes_through(self, around[i] + d));
	EXPECT_EQ(self->before.messages, live());
}

TEST_F(way, short_lengths_come_through_whole)
{
	size_t len;

	for (len = 0; len < 700; len++)
		ASSERT_STREQ("", goes_through(self, len));
}

TEST_F(way, lengths_in_large_steps_come_through_whole)
{
	size_t len;

	for (len = 701; len < 300000; len += len / 5 + 1)
		ASSERT_STREQ("", goes_through(self, len));
}

TEST_F(way, largest_message_comes_through_whole)
{
	EXPECT_STREQ("", goes_through(self, DIPC_MSG_LEN_MAX));
	EXPECT_EQ(self->before.messages, live());
}

TEST_F(way, message_above_the_largest_is_refused)
{
	EXPECT_EQ(-EMSGSIZE, dt_send(self->tx, self->out, DIPC_MSG_LEN_MAX + 1,
				     MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, self->in, 1, MSG_DONTWAIT, NULL));
	EXPECT_STREQ("", goes_through(self, 65));
}

TEST_F(way, many_wait_in_order_and_whole)
{
	size_t len;
	int i;

	for (i = 0; i < 60; i++) {
		len = 65 + 1357 * i;
		dt_pattern(self->out, len, i);
		ASSERT_EQ(len, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
	}
	for (i = 0; i < 60; i++) {
		len = 65 + 1357 * i;
		ASSERT_EQ(len, dt_recv(self->rx, self->in, self->size,
				       MSG_DONTWAIT, NULL));
		ASSERT_EQ(-1, dt_pattern_differs(self->in, len, i));
	}
}

/* Cut a buffer into n pieces of odd lengths, some of them empty. */
static void cut(struct iovec *iov, int n, uint8_t *buf, size_t len,
		unsigned int seed)
{
	int i;

	for (i = 0; i < n; i++) {
		size_t part = 2 * len / (n - i);

		seed = seed * 1103515245 + 12345;
		part = i % 7 == 3 ? 0 : part ? (seed >> 8) % (part + 1) : 0;
		if (i == n - 1 || part > len)
			part = len;
		iov[i].iov_base = part ? buf : NULL;
		iov[i].iov_len = part;
		buf += part;
		len -= part;
	}
}

TEST_F(way, pieces_on_both_sides_need_not_match)
{
	static const int n_pieces[] = { 1, 2, 3, 17, 100, IOV_MAX };
	static const size_t lens[] = { 65, 1000, 4097, 65537, 300001 };
	struct iovec out[IOV_MAX], in[IOV_MAX];
	struct msghdr tx = { .msg_iov = out }, rx = { .msg_iov = in };
	unsigned int i, j, k;

	for (i = 0; i < 5; i++)
	for (j = 0; j < 6; j++)
	for (k = 0; k < 6; k++) {
		size_t len = lens[i];

		dt_pattern(self->out, len, i * 36 + j * 6 + k);
		memset(self->in, UNTOUCHED, len + GUARD);
		cut(out, n_pieces[j], self->out, len, j * 6 + k);
		cut(in, n_pieces[k], self->in, len + GUARD, k * 6 + j + 99);
		tx.msg_iovlen = n_pieces[j];
		rx.msg_iovlen = n_pieces[k];
		ASSERT_EQ(len, sendmsg(self->tx, &tx, MSG_DONTWAIT));
		ASSERT_EQ(len, recvmsg(self->rx, &rx, MSG_DONTWAIT));
		ASSERT_EQ(0, rx.msg_flags & MSG_TRUNC);
		ASSERT_EQ(-1, dt_pattern_differs(self->in, len, i * 36 + j * 6 + k))
			TH_LOG("%zu bytes, %d pieces to %d", len, n_pieces[j], n_pieces[k]);
		ASSERT_EQ(-1, differs_from(self->in + len, GUARD, UNTOUCHED));
	}
}

TEST_F(way, short_buffer_gets_the_beginning_and_no_more)
{
	static const size_t rooms[] = {
		0, 1, 63, 64, 65, 4095, 4096, 4097, 65535, 65536, 65537, 99999,
	};
	const size_t len = 100000;
	size_t i, room;

	dt_pattern(self->out, len, 1);
	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		room = rooms[i];
		memset(self->in, UNTOUCHED, len + GUARD);
		ASSERT_EQ(len, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
		ASSERT_EQ(room, dt_recv(self->rx, self->in, room,
					MSG_DONTWAIT | MSG_PEEK, NULL));
		ASSERT_EQ(len, dt_recv(self->rx, self->in, room,
				       MSG_DONTWAIT | MSG_TRUNC, NULL));
		ASSERT_EQ(-1, dt_pattern_differs(self->in, room, 1));
		ASSERT_EQ(-1, differs_from(self->in + room, GUARD, UNTOUCHED));
		/* the rest is gone with it */
		ASSERT_EQ(-EAGAIN, dt_recv(self->rx, self->in, 1, MSG_DONTWAIT, NULL));
	}
	EXPECT_EQ(self->before.messages, live());
}

/* Of three pieces the middle one is not there. */
static void with_hole(struct iovec iov[3], uint8_t *buf, size_t len,
		      size_t hole_at)
{
	iov[0] = (struct iovec) { buf, hole_at };
	iov[1] = (struct iovec) { (void *)4096, 10 };
	iov[2] = (struct iovec) { buf + hole_at, len - hole_at };
}

static const size_t holes[] = { 0, 10, 64, 70, 4096, 65536, 90000, 131000, 199000 };

TEST_F(way, sender_with_a_bad_page_sends_nothing)
{
	const size_t len = 200000;
	struct iovec iov[3];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	int n = 0;
	size_t i;

	for (i = 0; i < sizeof(holes) / sizeof(holes[0]); i++, n++) {
		with_hole(iov, self->out, len, holes[i]);
		ASSERT_EQ(-EFAULT, DT_ERR(sendmsg(self->tx, &msg, MSG_DONTWAIT)));
	}
	/* also if the page is one that may not be read, within a piece */
	ASSERT_EQ(0, mprotect(self->out + 69632, 4096, PROT_NONE));
	ASSERT_EQ(-EFAULT, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
	ASSERT_EQ(0, mprotect(self->out + 69632, 4096, PROT_READ | PROT_WRITE));
	EXPECT_STREQ("", counted_else(&self->before, &(const struct dt_stats) {
		.counter = { [DIPC_REASON_FAULT] = n + 1 } }));
	EXPECT_EQ(self->before.messages, live());
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, self->in, 1, MSG_DONTWAIT, NULL));
	EXPECT_STREQ("", goes_through(self, len));
}

TEST_F(way, receiver_with_a_bad_page_leaves_the_message)
{
	const size_t len = 200000;
	struct iovec iov[3];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	size_t i;

	dt_pattern(self->out, len, 2);
	ASSERT_EQ(len, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
	ASSERT_EQ(1, dt_send(self->tx, "x", 1, MSG_DONTWAIT, NULL));
	for (i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		with_hole(iov, self->in, len, holes[i]);
		ASSERT_EQ(-EFAULT, DT_ERR(recvmsg(self->rx, &msg, MSG_DONTWAIT)));
		ASSERT_EQ(-EFAULT, DT_ERR(recvmsg(self->rx, &msg,
						  MSG_DONTWAIT | MSG_PEEK)));
	}
	ASSERT_EQ(0, mprotect(self->in + 69632, 4096, PROT_READ));
	ASSERT_EQ(-EFAULT, dt_recv(self->rx, self->in, len, MSG_DONTWAIT, NULL));
	ASSERT_EQ(0, mprotect(self->in + 69632, 4096, PROT_READ | PROT_WRITE));
	/* it is still the first, and whole */
	ASSERT_EQ(len, dt_recv(self->rx, self->in, len, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-1, dt_pattern_differs(self->in, len, 2));
	EXPECT_EQ('x', take(self->rx));
}

/* What lay in the memory before is not to be seen, however one looks. */
TEST_F(way, nothing_of_an_earlier_message_is_seen)
{
	static const size_t lens[] = { 64, 65, 100, 500, 3000, 4000, 5000,
				       33000, 60000, 70000, 500000 };
	size_t i, len;
	int flags;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		len = lens[i];
		memset(self->out, 'S', MIB);
		ASSERT_EQ(MIB, dt_send(self->tx, self->out, MIB, MSG_DONTWAIT, NULL));
		ASSERT_EQ(len, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
		ASSERT_EQ(MIB, dt_recv(self->rx, self->in, MIB, MSG_DONTWAIT, NULL));
		ASSERT_EQ(len, dt_recv(self->rx, self->in, MIB, MSG_DONTWAIT, NULL));
		memset(self->out, 'n', len);
		ASSERT_EQ(len, dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL));
		for (flags = MSG_PEEK; flags >= 0; flags -= MSG_PEEK) {
			memset(self->in, UNTOUCHED, MIB);
			ASSERT_EQ(len, dt_recv(self->rx, self->in, MIB,
					       MSG_DONTWAIT | flags, NULL));
			ASSERT_EQ(-1, differs_from(self->in, len, 'n'));
			ASSERT_EQ(-1, differs_from(self->in + len, MIB - len,
						   UNTOUCHED));
		}
	}
}

/*
 * Many at once
 */

#define CROWD		4
#define CROWD_ROUNDS	150
#define CROWD_MAX	150000

struct member {
	struct dt_thread thread;
	int fd;
	unsigned int number;
};

struct head {
	uint32_t len, seed;
};

static int rounds(int n)
{
	return getenv("DIPC_SLOW") ? n / 5 : n;
}

static long crowd_send(void *arg)
{
	struct member *me = arg;
	uint8_t *buf = buffer_map(CROWD_MAX);
	struct head head;
	unsigned int i, r = me->number;
	long ret = buf ? 0 : -ENOMEM;

	for (i = 0; !ret && i < rounds(CROWD_ROUNDS); i++) {
		r = r * 1103515245 + 12345;
		head.len = sizeof(head) + (r >> 8) % (CROWD_MAX >> (r >> 28));
		head.seed = me->number << 16 | i;
		dt_pattern(buf, head.len, head.seed);
		memcpy(buf, &head, sizeof(head));
		if (head.len > CROWD_MAX)
			head.len = CROWD_MAX;
		ret = dt_send(me->fd, buf, head.len, 0, NULL);
		ret = ret == head.len ? 0 : ret < 0 ? ret : -EIO;
	}
	munmap(buf, CROWD_MAX);
	return ret;
}

static long crowd_recv(void *arg)
{
	struct member *me = arg;
	uint8_t *buf = buffer_map(CROWD_MAX), want[sizeof(struct head)];
	struct head head;
	unsigned int i;
	long ret = buf ? 0 : -ENOMEM;

	for (i = 0; !ret && i < rounds(CROWD_ROUNDS); i++) {
		ret = dt_recv(me->fd, buf, CROWD_MAX, 0, NULL);
		if (ret < 0)
			break;
		memcpy(&head, buf, sizeof(head));
		dt_pattern(want, sizeof(want), head.seed);
		memcpy(buf, want, sizeof(want));
		ret = ret != head.len ? -EMSGSIZE :
		      dt_pattern_differs(buf, head.len, head.seed) >= 0 ? -EBADMSG : 0;
	}
	munmap(buf, CROWD_MAX);
	return ret;
}

/* Threads share a socket, and so what it keeps. */
TEST_F(way, buffers_are_not_mixed_up_by_a_crowd)
{
	struct member tx[CROWD], rx[CROWD];
	int i;

	for (i = 0; i < CROWD; i++) {
		tx[i].number = rx[i].number = i;
		tx[i].fd = self->tx;
		rx[i].fd = self->rx;
		ASSERT_EQ(0, dt_thread_start(&rx[i].thread, crowd_recv, &rx[i]));
		ASSERT_EQ(0, dt_thread_start(&tx[i].thread, crowd_send, &tx[i]));
	}
	for (i = 0; i < CROWD; i++) {
		EXPECT_EQ(0, dt_thread_join(&tx[i].thread));
		EXPECT_EQ(0, dt_thread_join(&rx[i].thread));
	}
	EXPECT_EQ(self->before.messages, live());
}

/*
 * Byte streams: what is written in small parts is put together
 */

#define STREAM_BYTES	(64 * KIB)

FIXTURE(stream)
{
	int fd[2];
	uint8_t out[STREAM_BYTES], in[STREAM_BYTES + GUARD];
	struct dt_stats before;
};

FIXTURE_SETUP(stream)
{
	ASSERT_EQ(0, socketpair(dt_family(), SOCK_STREAM, 0, self->fd));
	dt_pattern(self->out, STREAM_BYTES, 3);
	memset(self->in, UNTOUCHED, sizeof(self->in));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* All that is there, in reads of odd lengths. */
static size_t read_all(FIXTURE_DATA(stream) *self)
{
	size_t done = 0, want = 1;
	long ret;

	while (done < sizeof(self->in)) {
		want = want * 7 % 6007;
		if (want > sizeof(self->in) - done)
			want = sizeof(self->in) - done;
		ret = DT_ERR(recv(self->fd[1], self->in + done, want, MSG_DONTWAIT));
		if (ret <= 0)
			break;
		done += ret;
	}
	return done;
}

TEST_F(stream, single_bytes_take_little_memory)
{
	size_t i, len = getenv("DIPC_SLOW") ? STREAM_BYTES / 8 : STREAM_BYTES;

	for (i = 0; i < len; i++)
		ASSERT_EQ(1, send(self->fd[0], self->out + i, 1, MSG_DONTWAIT));
	/* messages of a page and a header, but for the first */
	EXPECT_GE(self->before.messages + len / 4096 + 1, live());
	EXPECT_EQ(len, read_all(self));
	EXPECT_EQ(-1, dt_pattern_differs(self->in, len, 3));
	EXPECT_EQ(-1, differs_from(self->in + len, GUARD, UNTOUCHED));
	EXPECT_EQ(self->before.messages, live());
}

TEST_F(stream, parts_of_all_lengths_come_whole_and_in_order)
{
	size_t done = 0, part, n;

	for (n = 0; done < STREAM_BYTES; n++) {
		part = n * n * 13 % 5003 + 1;
		if (part > STREAM_BYTES - done)
			part = STREAM_BYTES - done;
		ASSERT_EQ(part, send(self->fd[0], self->out + done, part, MSG_DONTWAIT));
		done += part;
	}
	EXPECT_GE(self->before.messages + n, live());
	EXPECT_EQ(STREAM_BYTES, read_all(self));
	EXPECT_EQ(-1, dt_pattern_differs(self->in, STREAM_BYTES, 3));
	EXPECT_EQ(self->before.messages, live());
}

TEST_F(stream, small_parts_between_reads_come_whole_and_in_order)
{
	size_t wrote = 0, got = 0, part, n;

	for (n = 0; got < STREAM_BYTES; n++) {
		part = n * 29 % 301;
		if (part > STREAM_BYTES - wrote)
			part = STREAM_BYTES - wrote;
		if (part)
			ASSERT_EQ(part, send(self->fd[0], self->out + wrote,
					     part, MSG_DONTWAIT));
		wrote += part;
		part = n * 31 % 307;
		if (part > wrote - got || wrote == STREAM_BYTES)
			part = wrote - got;
		if (part)
			ASSERT_EQ(part, recv(self->fd[1], self->in + got, part,
					     MSG_DONTWAIT | MSG_WAITALL));
		got += part;
	}
	EXPECT_EQ(-1, dt_pattern_differs(self->in, STREAM_BYTES, 3));
	EXPECT_EQ(self->before.messages, live());
}

/*
 * Limits of the user
 */

static long send_as(FIXTURE_DATA(way) *self, size_t len, uid_t uid)
{
	long ret = become(uid), back;

	if (ret)
		return ret;
	ret = dt_send(self->tx, self->out, len, MSG_DONTWAIT, NULL);
	back = become(0);
	return back ? back : ret;
}

/* How many get through before one is ENOBUFS; or what another error it was. */
static int fill_as(FIXTURE_DATA(way) *self, size_t len, uid_t uid)
{
	long ret;
	int n = 0;

	while ((ret = send_as(self, len, uid)) == (long)len)
		n++;
	return ret == -ENOBUFS ? n : ret;
}

static int take_n(FIXTURE_DATA(way) *self)
{
	int n = 0;

	while (dt_recv(self->rx, self->in, 1, MSG_DONTWAIT, NULL) == 1)
		n++;
	return n;
}

TEST_F(way, limit_of_the_user_holds_and_nothing_stays_charged)
{
	/* 1 MiB of memory is so much of each: header, and what it lies in */
	static const struct { size_t len; int n; } fits[] = {
		{ MIB - 70000, 1 }, { 300000, 3 }, { 65536, 15 },
		{ 4096, 244 }, { 65536, 15 }, { 700, 500 }, { 300000, 3 },
		{ 65, 500 }, { MIB - 70000, 1 },
	};
	int i, round;

	long long max = dt_limit_get("user_max_bytes");

	ASSERT_LT(0, max);
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", MIB));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
			int n;

			/* what is kept of the last ones is not in the way */
			if (fits[i].n == 500) {
				for (n = 0; n < 500; n++)
					EXPECT_EQ(fits[i].len,
						  send_as(self, fits[i].len, ALICE));
				EXPECT_EQ(n, take_n(self));
				continue;
			}
			n = fill_as(self, fits[i].len, ALICE);
			EXPECT_EQ(fits[i].n, n)
				TH_LOG("of %zu bytes", fits[i].len);
			/* again and again, and it does not get less */
			EXPECT_EQ(0, fill_as(self, fits[i].len, ALICE));
			EXPECT_EQ(0, fill_as(self, MIB + 1, ALICE));
			EXPECT_EQ(n, take_n(self));
		}
	}
	EXPECT_EQ(0, dt_limit_set("user_max_bytes", max));
	EXPECT_EQ(self->before.messages, live());
}

TEST_F(way, what_other_sockets_keep_is_given_up_at_the_limit)
{
	long long max = dt_limit_get("user_max_bytes");
	struct sockaddr_dipc addr;
	int other, n;

	ASSERT_LT(0, max);
	addr = variant->mailbox ? dt_mailbox(self->name) : dt_port_of(self->rx);
	other = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", MIB));
	EXPECT_EQ(3, fill_as(self, 300000, ALICE));
	EXPECT_EQ(3, take_n(self));
	ASSERT_EQ(0, become(ALICE));
	for (n = 0; n < 3; n++)
		EXPECT_EQ(300000, dt_send(other, self->out, 300000, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-ENOBUFS, dt_send(other, self->out, 300000, MSG_DONTWAIT, NULL));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, dt_limit_set("user_max_bytes", max));
	EXPECT_EQ(3, take_n(self));
	close(other);
}

/* The same of small messages, of which a socket keeps some as a whole. */
TEST_F(way, small_messages_that_are_kept_are_given_up_at_the_limit)
{
	enum { FIT = 100, MEMORY = 192 };	/* bytes, of each */
	long long max = dt_limit_get("user_max_bytes");
	struct sockaddr_dipc addr;
	int other, n, round;

	ASSERT_LT(0, max);
	addr = variant->mailbox ? dt_mailbox(self->name) : dt_port_of(self->rx);
	other = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", FIT * MEMORY));
	for (round = 0; round < 3; round++) {
		EXPECT_EQ(FIT, fill_as(self, 64, ALICE));
		EXPECT_EQ(FIT, take_n(self));
		EXPECT_EQ(self->before.messages, live());
		ASSERT_EQ(0, become(ALICE));
		for (n = 0; n < FIT; n++)
			EXPECT_EQ(64, dt_send(other, self->out, 64, MSG_DONTWAIT, NULL));
		EXPECT_EQ(-ENOBUFS, dt_send(other, self->out, 64, MSG_DONTWAIT, NULL));
		ASSERT_EQ(0, become(0));
		EXPECT_EQ(FIT, take_n(self));
	}
	EXPECT_EQ(0, dt_limit_set("user_max_bytes", max));
	EXPECT_EQ(self->before.messages, live());
	close(other);
}

TEST_HARNESS_MAIN
