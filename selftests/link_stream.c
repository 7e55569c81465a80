// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * SOCK_STREAM links: what is written at once stays together up to 4096 bytes,
 * how much a stream holds and what that costs, that many bytes arrive as they
 * were, and that nothing which belongs to messages is taken.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include "dipc_test.h"
#include "link.h"
#include "post.h"
#include "kselftest_harness.h"

/* What takes long where the kernel is slow. */
FIXTURE(flow) { };
FIXTURE_SETUP(flow) { }
FIXTURE_TEARDOWN(flow) { }

TEST(stream_has_nothing_that_belongs_to_messages)
{
	uint64_t cookie = 1;
	struct dipc_match match = { 0 };
	socklen_t len = sizeof(match);
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	EXPECT_EQ(-EOPNOTSUPP, post_option(l.a, DIPC_MODE, 1));
	EXPECT_EQ(-EOPNOTSUPP, post_option(l.a, DIPC_PRIORITY, 1));
	EXPECT_EQ(-EOPNOTSUPP, post_option(l.a, DIPC_RECV_INFO, 1));
	EXPECT_EQ(-EOPNOTSUPP, post_match(l.a, 0, 1, 1));
	EXPECT_EQ(-EOPNOTSUPP, DT_ERR(getsockopt(l.a, SOL_DIPC, DIPC_MATCH,
						 &match, &len)));
	EXPECT_EQ(-EOPNOTSUPP, post(l.a, 'x', POST(.mode = 0)));
	EXPECT_EQ(-EOPNOTSUPP, post(l.a, 'x', POST(.tag = 1)));
	EXPECT_EQ(-EOPNOTSUPP, post(l.a, 'x', POST(.priority = 0)));
	EXPECT_EQ(-EOPNOTSUPP, post(l.a, 'x', POST(.deadline_ns = 1)));
	EXPECT_EQ(-EOPNOTSUPP, post(l.a, 'x', POST(.cookie = &cookie)));
	EXPECT_EQ(-EAGAIN, post_recv(l.b).ret);
	EXPECT_EQ(1, post(l.a, 'y', POST()));
	EXPECT_EQ('y', post_recv(l.b).letter);
	link_close(&l);
}

TEST(stream_holds_64_kib)
{
	struct dipc_queue_conf conf;
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	ASSERT_EQ(0, dt_get_conf(l.a, &conf));
	EXPECT_EQ(BUFFER, conf.capacity_bytes);
	EXPECT_EQ(BUFFER, link_fill(l.a, ATOM));
	EXPECT_EQ(BUFFER, link_fill(l.b, 64));
	link_close(&l);
}

TEST(stream_holds_what_its_reader_asked_for)
{
	struct dipc_queue_conf conf;
	struct link l;
	int fd = dt_socket(SOCK_STREAM);

	ASSERT_EQ(0, dt_get_conf(fd, &conf));
	conf.capacity_bytes = ATOM - 1;
	conf.msg_max_bytes = 1;
	EXPECT_EQ(-EINVAL, dt_set_conf(fd, &conf));
	ASSERT_EQ(0, dt_get_conf(fd, &conf));
	conf.capacity_bytes = ATOM;
	conf.msg_max_bytes = ATOM;
	ASSERT_EQ(0, link_conf(&l, SOCK_STREAM, &conf, NULL));
	EXPECT_EQ(BUFFER, link_fill(l.a, ATOM));
	EXPECT_EQ(ATOM, link_fill(l.b, ATOM));
	link_close(&l);
	conf.capacity_bytes = 1 << 20;
	ASSERT_EQ(0, link_conf(&l, SOCK_STREAM, NULL, &conf));
	EXPECT_EQ(1 << 20, link_fill(l.a, ATOM));
	EXPECT_EQ(BUFFER, link_fill(l.b, ATOM));
	link_close(&l);
	EXPECT_EQ(0, close(fd));
}

TEST_F_TIMEOUT(flow, single_bytes_cost_twice_their_length_at_most, 120)
{
	struct link l;
	int outq = 0;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	ASSERT_EQ(BUFFER, link_fill(l.a, 1));
	ASSERT_EQ(0, ioctl(l.a, SIOCOUTQ, &outq));
	EXPECT_LE(BUFFER, outq);
	EXPECT_GE(2 * BUFFER, outq);
	link_close(&l);
}

/* Without room for all, a short write is not done in part, a long one is. */
TEST(stream_takes_short_writes_whole_or_not)
{
	char buf[3 * ATOM] = "";
	struct link l;
	long n;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	ASSERT_EQ(BUFFER, link_fill(l.a, ATOM));
	ASSERT_EQ(ATOM - 1, recv(l.b, buf, ATOM - 1, 0));
	EXPECT_EQ(-EAGAIN, DT_ERR(send(l.a, buf, ATOM, MSG_DONTWAIT)));
	ASSERT_EQ(ATOM + 1, recv(l.b, buf, ATOM + 1, MSG_WAITALL));
	n = DT_ERR(send(l.a, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_LE(ATOM, n);
	EXPECT_GE(2 * ATOM, n);
	link_close(&l);
}

#define N_WRITERS 8

struct writer {
	struct dt_thread thread;
	int fd, nr, n;
};

/* Blocks of any length up to 4096: the length, who, and his byte. */
static long write_blocks(void *arg)
{
	struct writer *w = arg;
	uint8_t block[ATOM];
	int i, len;

	memset(block, 'A' + w->nr, sizeof(block));
	for (i = 0; i < w->n; i++) {
		len = i % 2 ? ATOM : 4 + (i * 1237 + w->nr * 311) % (ATOM - 4);
		block[0] = len >> 8;
		block[1] = len;
		block[2] = w->nr;
		block[3] = i;
		if (send(w->fd, block, len, 0) != len)
			return -1;
	}
	return 0;
}

/* False if the block is not one that a writer wrote, and the next of his. */
static bool block_is_whole(const uint8_t *block, int len, int *next)
{
	int i, nr = block[2];

	if (nr >= N_WRITERS || block[3] != (next[nr] & 0xff))
		return false;
	next[nr]++;
	for (i = 4; i < len; i++)
		if (block[i] != 'A' + nr)
			return false;
	return true;
}

TEST(stream_keeps_short_writes_together)
{
	struct writer w[N_WRITERS];
	int next[N_WRITERS] = { 0 };
	uint8_t block[ATOM];
	struct link l;
	int i, n = link_rounds(200), len;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	for (i = 0; i < N_WRITERS; i++) {
		w[i] = (struct writer) { .fd = l.a, .nr = i, .n = n };
		ASSERT_EQ(0, dt_thread_start(&w[i].thread, write_blocks, &w[i]));
	}
	for (i = 0; i < N_WRITERS * n; i++) {
		ASSERT_EQ(4, recv(l.b, block, 4, MSG_WAITALL));
		len = block[0] << 8 | block[1];
		ASSERT_LE(4, len);
		ASSERT_GE(ATOM, len);
		ASSERT_EQ(len - 4, recv(l.b, block + 4, len - 4, MSG_WAITALL));
		ASSERT_TRUE(block_is_whole(block, len, next));
	}
	for (i = 0; i < N_WRITERS; i++)
		EXPECT_EQ(0, dt_thread_join(&w[i].thread));
	EXPECT_EQ(-EAGAIN, dt_recv(l.b, block, 1, MSG_DONTWAIT, NULL));
	link_close(&l);
}

/*
 * Many bytes: a pattern that repeats after a prime number of them, so that it
 * has no period in common with any buffer.
 */
#define PERIOD	65521

struct flow {
	int fd;
	long bytes;
	int step;	/* 0: sizes of all kinds */
};

static size_t next_size(int i, int step, long left)
{
	size_t size = step ? step : i % 5 ? 1 + i * 7919 % 9973 : 40000;

	return size < left ? size : left;
}

static char *pattern(void)
{
	char *p = malloc(2 * PERIOD);

	dt_pattern(p, PERIOD, 1);
	memcpy(p + PERIOD, p, PERIOD);
	return p;
}

static int write_flow(void *arg)
{
	const struct flow *f = arg;
	char *p = pattern();
	long done = 0, n;
	int i;

	for (i = 0; done < f->bytes; i++, done += n) {
		n = send(f->fd, p + done % PERIOD,
			 next_size(i, f->step, f->bytes - done), 0);
		if (n <= 0)
			return 1;
	}
	return 0;
}

/* How many bytes came as they should. */
static long read_flow(int fd)
{
	char *p = pattern(), *buf = malloc(PERIOD);
	long done = 0, n;
	int i;

	for (i = 0; ; i++, done += n) {
		n = recv(fd, buf, next_size(i + 3, 0, PERIOD), 0);
		if (n <= 0 || memcmp(buf, p + done % PERIOD, n))
			break;
	}
	free(buf);
	free(p);
	return n ? -1 : done;
}

TEST_F_TIMEOUT(flow, stream_of_100_mib_is_intact, 120)
{
	struct flow f = { .bytes = (long)link_rounds(100) << 20 };
	struct link l;
	pid_t pid;

	ASSERT_EQ(0, link_new(&l, SOCK_STREAM));
	f.fd = l.a;
	pid = dt_child(write_flow, &f);
	EXPECT_EQ(0, close(l.a));
	EXPECT_EQ(f.bytes, read_flow(l.b));
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(0, close(l.b));
}

TEST_HARNESS_MAIN
