// SPDX-License-Identifier: GPL-2.0
/*
 * Bodies of requests and replies: while a server holds a request it reads the
 * rest of it at any offset, and writes its reply in parts, at any offset and in
 * any order; large bodies arrive whole; what goes wrong changes nothing.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"

#define MIB	(1U << 20)

static long start_long(const env *e, enum calls_form form, const void *body,
		       size_t len, uint32_t reply_max)
{
	return calls_start_bytes(form, e->client, body, len,
				 WITH(.reply_max = reply_max));
}

/* A server whose queue takes long messages. */
static int allow(int fd, uint32_t len)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(fd, &conf);

	conf.msg_max_bytes = len;
	conf.capacity_bytes = 2 * len;
	return err ? err : dt_set_conf(fd, &conf);
}

TEST_F(calls, request_is_read_at_any_offset)
{
	char buf[16] = "";
	uint64_t h;

	EXPECT_EQ(10, calls_start(FORM, self->client, "0123456789", WITH()));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(3, calls_read(self->server, h, 4, buf, 3));
	EXPECT_EQ(0, memcmp("456", buf, 3));
	/* as often as one likes */
	EXPECT_EQ(10, calls_read(self->server, h, 0, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp("0123456789", buf, 10));
	EXPECT_EQ(1, calls_read(self->server, h, 9, buf, sizeof(buf)));
	EXPECT_EQ('9', buf[0]);
	EXPECT_EQ(0, calls_read(self->server, h, 10, buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, calls_read(self->server, h, 11, buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, calls_read(self->server, h, UINT64_MAX, buf, 1));
	EXPECT_EQ(0, calls_read(self->server, h, 3, buf, 0));
	EXPECT_EQ(2, calls_reply(FORM, self->server, h, "ok"));
	EXPECT_EQ(-ESRCH, calls_read(self->server, h, 0, buf, 1));
	EXPECT_STREQ("ok", ENDED(self->client).text);
}

/* The first receive may take a header, or nothing at all. */
TEST_F(calls, request_that_was_cut_is_read_later)
{
	struct dipc_request r = { 0 };
	char buf[16] = "";

	EXPECT_EQ(10, calls_start(FORM, self->client, "0123456789", WITH()));
	EXPECT_EQ(0, OP(self->server, .op = DIPC_OP_RECV, .info = PTR(&r)));
	EXPECT_EQ(10, r.len);
	EXPECT_EQ(10, calls_read(self->server, r.handle, 0, buf, sizeof(buf)));
	EXPECT_STREQ("0123456789", buf);
}

TEST_F(calls, reply_is_written_in_parts)
{
	uint64_t h;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(3, calls_write(FORM, self->server, h, 4, "def", 3));
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, calls_write(FORM, self->server, h, 0, "ab", 2));
	/* over one that was there, too */
	EXPECT_EQ(3, calls_write(FORM, self->server, h, 1, "bc-", 3));
	EXPECT_EQ(2, calls_reply_at(FORM, self->server, h, 7, "gh", 2));
	EXPECT_STREQ("abc-defgh", ENDED(self->client).text);
}

/* The reply is as long as what was written farthest. */
TEST_F(calls, last_part_may_be_empty)
{
	struct calls_end end;
	uint64_t h;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(6, calls_write(FORM, self->server, h, 0, "abcdef", 6));
	EXPECT_EQ(0, calls_reply(FORM, self->server, h, ""));
	end = ENDED(self->client);
	EXPECT_EQ(6, end.ret);
	EXPECT_STREQ("abcdef", end.text);
	EXPECT_EQ(6, end.outcome.len);
}

TEST_F(calls, what_was_left_out_is_zero)
{
	struct calls_end end;
	uint64_t h;

	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH()));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(1, calls_write(FORM, self->server, h, 2, "c", 1));
	EXPECT_EQ(1, calls_reply_at(FORM, self->server, h, 3000, "z", 1));
	end = ENDED(self->client);
	ASSERT_EQ(3001, end.ret);
	for (int i = 0; i < 3000; i++)
		ASSERT_EQ(i == 2 ? 'c' : 0, end.text[i]);
	EXPECT_EQ('z', end.text[3000]);
}

/* What is not whole is told, and leaves the handle and what was written. */
TEST_F(calls, bad_part_changes_nothing)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t h;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, mprotect(page + 4096, 4096, PROT_NONE));
	EXPECT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.reply_max = 8)));
	h = TAKE(self->server).r.handle;
	EXPECT_EQ(4, calls_write(FORM, self->server, h, 0, "abcd", 4));
	EXPECT_EQ(-EMSGSIZE, calls_write(FORM, self->server, h, 5, "1234", 4));
	EXPECT_EQ(-EMSGSIZE, calls_write(FORM, self->server, h, 9, "", 0));
	EXPECT_EQ(-EMSGSIZE, calls_write(FORM, self->server, h, UINT64_MAX,
					 "12", 2));
	EXPECT_EQ(-EFAULT, calls_write(FORM, self->server, h, 4, page + 4094,
				       4));
	EXPECT_EQ(-EFAULT, calls_reply_at(FORM, self->server, h, 4,
					  page + 4096, 4));
	EXPECT_EQ(-EFAULT, calls_read(self->server, h, 0, page + 4096, 1));
	EXPECT_EQ(4, calls_reply_at(FORM, self->server, h, 4, "efgh", 4));
	EXPECT_STREQ("abcdefgh", ENDED(self->client).text);
	munmap(page, 8192);
}

/* In one piece each way, of every length around the sizes of pieces. */
TEST_F(calls, bodies_of_every_length_arrive_whole)
{
	static const uint32_t lens[] = {
		0, 1, 63, 64, 65, 4095, 4096, 4097, 65535, 65536,
	};
	static char out[MIB], in[MIB];
	struct calls_got got;

	ASSERT_EQ(0, allow(self->server, MIB));
	for (int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint32_t len = lens[i];

		dt_pattern(out, len, i);
		ASSERT_EQ(len, start_long(self, FORM, out, len, len));
		got = TAKE(self->server);
		ASSERT_EQ(len, got.r.len);
		memset(in, 0xee, len);
		ASSERT_EQ(len, calls_read(self->server, got.r.handle, 0, in,
					  len));
		ASSERT_EQ(-1, dt_pattern_differs(in, len, i));
		dt_pattern(in, len, i + 100);
		ASSERT_EQ(len, calls_reply_at(FORM, self->server, got.r.handle,
					      0, in, len));
		memset(out, 0xee, len);
		ASSERT_EQ(len, dt_recv(self->client, out, len, 0, NULL));
		ASSERT_EQ(-1, dt_pattern_differs(out, len, i + 100));
	}
}

struct long_call {
	struct dt_thread thread;
	int fd;
	struct dipc_op op;
};

static long run_long_call(void *arg)
{
	struct long_call *c = arg;

	return calls_op(c->fd, &c->op);
}

/* 1 MiB there and back in pieces, to their places in the client's memory. */
TEST_F(calls, large_bodies_in_pieces)
{
	enum { PIECE = 10000 };
	static char out[MIB], in[MIB], copy[MIB];
	struct long_call call = { .fd = self->client, .op = {
		.size = sizeof(call.op), .op = DIPC_OP_CALL, .out = PTR(out),
		.out_len = MIB, .in = PTR(in), .in_len = MIB,
	} };
	struct dipc_request r = { 0 };
	uint32_t at;

	ASSERT_EQ(0, allow(self->server, MIB));
	dt_pattern(out, MIB, 1);
	if (FORM == BY_OP) {
		ASSERT_EQ(0, dt_thread_start(&call.thread, run_long_call,
					     &call));
	} else {
		ASSERT_EQ(MIB, start_long(self, FORM, out, MIB, MIB));
	}
	ASSERT_EQ(0, OP(self->server, .op = DIPC_OP_RECV, .info = PTR(&r)));
	ASSERT_EQ(MIB, r.len);
	for (at = 0; at < MIB; at += PIECE)
		ASSERT_LT(0, calls_read(self->server, r.handle, at, copy + at,
					PIECE < MIB - at ? PIECE : MIB - at));
	EXPECT_EQ(-1, dt_pattern_differs(copy, MIB, 1));
	dt_pattern(copy, MIB, 2);
	/* from the end to the front */
	for (at = MIB; at; at -= at < PIECE ? at : PIECE) {
		uint32_t len = at < PIECE ? at : PIECE;

		ASSERT_EQ(len, calls_write(FORM, self->server, r.handle,
					   at - len, copy + at - len, len));
	}
	ASSERT_EQ(0, calls_reply(FORM, self->server, r.handle, ""));
	if (FORM == BY_OP) {
		EXPECT_EQ(MIB, dt_thread_join(&call.thread));
	} else {
		EXPECT_EQ(MIB, dt_recv(self->client, in, MIB, 0, NULL));
	}
	EXPECT_EQ(-1, dt_pattern_differs(in, MIB, 2));
}

/* Gathered and scattered. */
TEST_F(calls, bodies_in_vectors)
{
	char a[4] = "", b[8] = "";
	struct iovec out[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
	struct iovec in[] = { { a, 3 }, { b, 7 } };
	struct dipc_request r = { 0 };

	EXPECT_EQ(7, OP(self->client, .op = DIPC_OP_CALL_START,
			.flags = DIPC_OP_OUT_VEC, .out = PTR(out), .out_len = 3,
			.reply_max = 100));
	EXPECT_EQ(7, OP(self->server, .op = DIPC_OP_RECV,
			.flags = DIPC_OP_IN_VEC, .in = PTR(in), .in_len = 2,
			.info = PTR(&r)));
	EXPECT_STREQ("abc", a);
	EXPECT_STREQ("defg", b);
	memset(a, 0, 4);
	memset(b, 0, 8);
	EXPECT_EQ(6, OP(self->server, .op = DIPC_OP_READ, .handle = r.handle,
			.flags = DIPC_OP_IN_VEC, .in = PTR(in), .in_len = 2,
			.offset = 1));
	EXPECT_STREQ("bcd", a);
	EXPECT_STREQ("efg", b);
	EXPECT_EQ(7, OP(self->server, .op = DIPC_OP_REPLY, .handle = r.handle,
			.flags = DIPC_OP_OUT_VEC, .out = PTR(out),
			.out_len = 3));
	EXPECT_EQ(7, OP(self->client, .op = DIPC_OP_CALL_FINISH,
			.flags = DIPC_OP_IN_VEC | DIPC_OP_ANY, .in = PTR(in),
			.in_len = 2));
	EXPECT_STREQ("abc", a);
	EXPECT_STREQ("defg", b);
}

struct reader {
	struct dt_thread thread;
	int fd;
	uint64_t handle;
	size_t at;
};

static long read_a_part(void *arg)
{
	struct reader *r = arg;
	static __thread char buf[MIB / 8];
	long ret = 0;

	for (int i = 0; i < 20 && ret >= 0; i++) {
		ret = calls_read(r->fd, r->handle, r->at, buf, sizeof(buf));
		for (size_t k = 0; ret > 0 && k < sizeof(buf); k++)
			if (buf[k] != (char)(r->at / sizeof(buf) + 1))
				return -EBADMSG;
	}
	return ret;
}

/* Threads may read at once: nobody is told that it is busy. */
TEST_F(calls, many_read_at_once)
{
	static char body[MIB];
	struct reader r[8];
	uint64_t h;

	ASSERT_EQ(0, allow(self->server, MIB));
	for (int i = 0; i < 8; i++)
		memset(body + i * (MIB / 8), i + 1, MIB / 8);
	ASSERT_EQ(MIB, start_long(self, FORM, body, MIB, 16));
	h = TAKE(self->server).r.handle;
	for (int i = 0; i < 8; i++) {
		r[i] = (struct reader) { .fd = self->server, .handle = h,
					 .at = i * (MIB / 8) };
		ASSERT_EQ(0, dt_thread_start(&r[i].thread, read_a_part,
					     &r[i]));
	}
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(MIB / 8, dt_thread_join(&r[i].thread));
	EXPECT_EQ(2, calls_reply(FORM, self->server, h, "ok"));
}

/* The longest reply is bounded by DIPC_MSG_LEN_MAX, not by any queue. */
TEST_F(calls, reply_needs_no_room_in_a_queue)
{
	static char body[MIB];
	struct calls_got got;

	/* the client's own queue takes nothing like that */
	ASSERT_EQ(0, dt_set_capacity(self->client, 0, DIPC_POLICY_REFUSE));
	ASSERT_EQ(1, start_long(self, FORM, "a", 1, MIB));
	got = TAKE(self->server);
	EXPECT_EQ(MIB, got.r.reply_max);
	dt_pattern(body, MIB, 3);
	EXPECT_EQ(MIB, calls_reply_at(FORM, self->server, got.r.handle, 0, body,
				      MIB));
	memset(body, 0, MIB);
	EXPECT_EQ(MIB, dt_recv(self->client, body, MIB, 0, NULL));
	EXPECT_EQ(-1, dt_pattern_differs(body, MIB, 3));
}

TEST_HARNESS_MAIN
