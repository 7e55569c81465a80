// SPDX-License-Identifier: GPL-2.0
/*
 * Long payload that stays with its sender, in a storm: clients and senders that
 * run out of time and are interrupted at any moment, servers that want requests
 * once or not, some that peek. Each message is one byte many times; as soon as
 * a system call is over its memory is filled with another byte, which nobody
 * may ever get to see. What is received is whole.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "calls.h"
#include "kselftest_harness.h"
#include "borrowed.h"
#include "post.h"

#define SECRET		0xaa
#define LEN_MIN		(33 * KIB)
#define LEN_MAX		(160 * KIB)
#define N_OF_EACH	2
#define N_MAX		(5 * N_OF_EACH)
#define LASTS_MS	1500

struct storm {
	int server, client, tx;
	bool short_requests, short_replies;
	volatile bool ends;
};

struct worker {
	struct dt_thread thread;
	struct storm *storm;
	unsigned int seed;
	uint8_t *buf, *other;
	volatile unsigned long done, bad;
};

static unsigned int draw(struct worker *w, unsigned int n)
{
	return rand_r(&w->seed) % n;
}

static size_t draw_len(struct worker *w)
{
	return LEN_MIN + draw(w, LEN_MAX - LEN_MIN + 1);
}

static size_t draw_short_len(struct worker *w)
{
	return 1 + draw(w, LEN_MIN / 2);
}

/* Any but the secret. */
static uint8_t draw_byte(struct worker *w)
{
	return draw(w, 100) + 1;
}

/* Whether all of it is the same byte, and one that may be seen. */
static bool is_right(const uint8_t *buf, size_t len)
{
	return !len || (buf[0] != SECRET && !memcmp(buf, buf + 1, len - 1));
}

static void judge(struct worker *w, bool right)
{
	if (right)
		w->done++;
	else
		w->bad++;
}

/* Who serves replies what it gets, if not told to be shorter or longer. */
static bool is_reply(const struct storm *s, size_t ret, size_t len)
{
	if (s->short_requests)
		return ret >= LEN_MIN;
	return s->short_replies ? ret < LEN_MIN : ret == len;
}

static long be_client(void *arg)
{
	struct worker *w = arg;

	while (!w->storm->ends) {
		size_t len = w->storm->short_requests ? draw_short_len(w) :
							draw_len(w);
		uint8_t byte = draw_byte(w);
		bool same = draw(w, 2);
		uint8_t *in = same ? w->buf : w->other;
		long ret;

		memset(w->buf, byte, len);
		ret = OP(w->storm->client, .op = DIPC_OP_CALL,
			 .out = PTR(w->buf), .out_len = len, .in = PTR(in),
			 .in_len = LEN_MAX,
			 .deadline_ns = draw(w, 3) ? 0 :
					1 + draw(w, 5000000));
		if (ret > 0)
			judge(w, is_reply(w->storm, ret, len) &&
				 in[0] == byte && is_right(in, ret));
		memset(w->buf, SECRET, LEN_MAX);
		memset(w->other, SECRET, LEN_MAX);
	}
	return 0;
}

/* What was received, as it is to be replied. */
static size_t make_reply(struct worker *w, const uint8_t *in, size_t len)
{
	if (w->storm->short_replies)
		len = draw_short_len(w);
	if (w->storm->short_requests) {
		len = draw_len(w);
		memset(w->buf, in[0], len);
	} else if (in == w->other) {
		memcpy(w->buf, w->other, len);
	}
	return len;
}

static long be_server(void *arg)
{
	struct worker *w = arg;
	struct dipc_request r = { 0 };
	size_t len = 0;

	while (!w->storm->ends) {
		uint8_t *in = draw(w, 2) ? w->buf : w->other;
		struct dipc_op op = {
			.size = sizeof(op), .op = DIPC_OP_REPLY_RECV,
			.flags = draw(w, 3) ? DIPC_OP_CONSUME : 0,
			.out = PTR(w->buf), .out_len = len,
			.in = PTR(in),
			.in_len = draw(w, 5) ? LEN_MAX : LEN_MIN,
			.handle = r.handle, .info = PTR(&r),
		};
		long ret = calls_op(w->storm->server, &op);

		r.handle = ret >= 0 ? r.handle : 0;
		if (ret <= 0)
			continue;
		judge(w, is_right(in, ret));
		len = ret;
		if (r.handle && r.len > ret) {
			long more = calls_read(w->storm->server, r.handle, ret,
					       in + ret, r.len - ret);

			judge(w, more == -EPIPE || more == -ENODATA ||
				 (more == r.len - ret &&
				  is_right(in, r.len)));
			len = r.len;
		}
		len = make_reply(w, in, len);
		memset(w->other, SECRET, LEN_MAX);
	}
	return 0;
}

static long be_sender(void *arg)
{
	struct worker *w = arg;

	while (!w->storm->ends) {
		size_t len = draw_len(w);

		memset(w->buf, draw_byte(w), len);
		judge(w, send(w->storm->tx, w->buf, len, 0) == (ssize_t)len ||
			 errno == EAGAIN || errno == EINTR);
		memset(w->buf, SECRET, LEN_MAX);
	}
	return 0;
}

static long be_peeker(void *arg)
{
	struct worker *w = arg;

	while (!w->storm->ends) {
		ssize_t ret = recv(w->storm->server, w->buf,
				   draw(w, 2) ? LEN_MAX : 100,
				   MSG_PEEK | MSG_DONTWAIT);

		if (ret > 0)
			judge(w, is_right(w->buf, ret));
		if (draw(w, 20))
			usleep(draw(w, 2000));
	}
	return 0;
}

/* Plain receives, for the messages, are not for requests. */
static long be_receiver(void *arg)
{
	struct worker *w = arg;
	struct dipc_request r;

	while (!w->storm->ends) {
		long ret = OP(w->storm->server, .op = DIPC_OP_RECV,
			      .flags = DIPC_OP_DONTWAIT, .in = PTR(w->buf),
			      .in_len = draw(w, 2) ? LEN_MAX : 100,
			      .info = PTR(&r));

		if (ret > 0)
			judge(w, is_right(w->buf, ret));
		if (ret >= 0 && r.handle)
			calls_drop(BY_OP, w->storm->server, r.handle);
		usleep(draw(w, 3000));
	}
	return 0;
}

typedef long (*role)(void *arg);

FIXTURE(storm)
{
	struct storm storm;
	struct worker w[N_MAX];
	int n;
	struct dt_stats before;
};

/* Each kind by itself, and all at once; the first roles have done something. */
FIXTURE_VARIANT(storm)
{
	role role[N_MAX / N_OF_EACH];
	int n_roles, n_busy;
	bool short_requests, short_replies;
};

FIXTURE_VARIANT_ADD(storm, messages) {
	.role = { be_sender, be_receiver, be_peeker },
	.n_roles = 3, .n_busy = 1,
};
FIXTURE_VARIANT_ADD(storm, requests) {
	.role = { be_client, be_server, be_peeker },
	.n_roles = 3, .n_busy = 2, .short_replies = true,
};
FIXTURE_VARIANT_ADD(storm, replies) {
	.role = { be_client, be_server },
	.n_roles = 2, .n_busy = 2, .short_requests = true,
};
FIXTURE_VARIANT_ADD(storm, all) {
	.role = { be_client, be_server, be_sender, be_peeker, be_receiver },
	.n_roles = 5, .n_busy = 3,
};

FIXTURE_SETUP(storm)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 3, .capacity_bytes = 4 * LEN_MAX,
		.msg_max_bytes = LEN_MAX,
	};
	struct sockaddr_dipc any = dt_any(), to;
	struct storm *s = &self->storm;

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, dt_stats_get(&self->before));
	s->short_requests = variant->short_requests;
	s->short_replies = variant->short_replies;
	s->server = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, s->server)
		TH_LOG("is the module loaded? %s", strerror(-s->server));
	ASSERT_EQ(0, dt_set_conf(s->server, &conf));
	to = dt_port_of(s->server);
	s->client = dt_socket_connected(SOCK_RDM, &to);
	s->tx = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, s->client);
	ASSERT_LE(0, s->tx);
	ASSERT_EQ(0, post_option(s->tx, DIPC_MODE, DIPC_MODE_EXPLICIT));
	ASSERT_EQ(0, dt_set_timeout(s->tx, SO_SNDTIMEO, 5));
	ASSERT_EQ(0, dt_set_timeout(s->server, SO_RCVTIMEO, 20));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	self->n = variant->n_roles * N_OF_EACH;
	for (int i = 0; i < self->n; i++) {
		struct worker *w = &self->w[i];

		w->storm = s;
		w->seed = i;
		w->buf = buffer_map(LEN_MAX);
		w->other = buffer_map(LEN_MAX);
		ASSERT_NE(NULL, w->buf);
		ASSERT_NE(NULL, w->other);
		ASSERT_EQ(0, dt_thread_start(&w->thread,
					     variant->role[i / N_OF_EACH], w));
	}
}

FIXTURE_TEARDOWN(storm)
{
	close(self->storm.client);
	close(self->storm.tx);
	close(self->storm.server);
}

static void interrupt(const struct worker *w)
{
	syscall(SYS_tgkill, getpid(), w->thread.tid, SIGUSR1);
}

/* Each of the first so many has done something, and something was borrowed. */
static bool all_had_a_turn(const struct worker *w, int n,
			   const struct dt_stats *before)
{
	while (n)
		if (!w[--n].done)
			return false;
	return borrowed_since(before) > 0;
}

TEST_F(storm, tears_nothing)
{
	long end = dt_now_ms() + LASTS_MS;
	unsigned int seed = 1;
	struct worker *w;

	while (dt_now_ms() < end) {
		interrupt(&self->w[rand_r(&seed) % self->n]);
		usleep(rand_r(&seed) % 2000);
	}
	/* where the machine is busy somebody may not have had his turn yet */
	EXPECT_TRUE(DT_WAIT_UNTIL(all_had_a_turn(self->w,
						 variant->n_busy * N_OF_EACH,
						 &self->before)));
	self->storm.ends = true;
	/* who waits for a reply, or has no time limit, is told of the end */
	for (int i = 0; i < self->n; i++) {
		w = &self->w[i];
		ASSERT_TRUE(DT_WAIT_UNTIL((interrupt(w), !pthread_tryjoin_np(
						w->thread.thread, NULL))));
		EXPECT_EQ(0, w->bad)
			TH_LOG("worker %d, right: %lu", i, w->done);
	}
	for (int i = 0; i < variant->n_busy * N_OF_EACH; i++)
		EXPECT_LT(0, self->w[i].done);
	TH_LOG("%ld payloads were borrowed", borrowed_since(&self->before));
	EXPECT_LT(0, borrowed_since(&self->before));
}

TEST_HARNESS_MAIN
