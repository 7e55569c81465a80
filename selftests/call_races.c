// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose two ends, or several threads of one end, do something at the
 * same time: one is in the middle of a copy, or of a search.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "page.h"

static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie = 1000;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

/*
 * In the middle of a copy
 */

/* The client gives up while the server copies. */
TEST_F(calls, request_is_withdrawn_while_it_is_copied)
{
	struct dipc_request r[2] = { 0 };
	struct page page;
	struct page_op job = {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .in_len = 64,
			.info = PTR(&r[0]) },
	};

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(0, page_give(&page));
	/* it goes on to wait for the next one */
	ASSERT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 2)));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ('b', page.at[0]);
	EXPECT_EQ(2, calls_reply(FORM, self->server, r[0].handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	page_end(&page);
}

/* The record is written last: its handle must mean nothing then. */
TEST_F(calls, request_is_withdrawn_while_its_record_is_copied)
{
	struct dipc_request *r;
	struct page page;
	char text[8] = "";
	struct page_op job = {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
			.in = PTR(text), .in_len = 8 },
	};

	ASSERT_EQ(0, page_new(&page));
	r = (void *)page.at;
	job.op.info = PTR(r);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(-EAGAIN, dt_thread_join(&job.thread));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, r->handle, "no"));
	page_end(&page);
}

/* A server that replies is at work when the client has had enough. */
TEST_F(calls, client_gives_up_while_the_reply_is_copied)
{
	struct page page;
	struct page_op job = { .fd = self->server, .op = { .op = DIPC_OP_REPLY } };
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.out = PTR(page.at);
	job.op.out_len = 8;
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EBUSY, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(-EBUSY, calls_drop(FORM, self->server, got.r.handle));
	EXPECT_EQ(-EBUSY, calls_read(self->server, got.r.handle, 0, &notice, 1));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	/* there is nothing to tell as long as it may be used up */
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(-EPIPE, dt_thread_join(&job.thread));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	page_end(&page);
}

/* And if that fails, it is told what it would have been told before. */
TEST_F(calls, client_gives_up_while_a_part_is_copied)
{
	struct page page;
	struct page_op job = { .fd = self->server, .op = { .op = DIPC_OP_WRITE } };
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.out = PTR(page.at);
	job.op.out_len = 8;
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	close(self->client);
	self->client = -1;
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(8, dt_thread_join(&job.thread));
	EXPECT_TRUE(calls_wait_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(DIPC_REASON_WITHDRAWN, notice.reason);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	page_end(&page);
}

/* Who reads keeps others from ending it, and the client from nothing. */
TEST_F(calls, client_gives_up_while_the_request_is_read)
{
	struct page page;
	struct page_op job = { .fd = self->server, .op = { .op = DIPC_OP_READ } };
	struct dipc_cancelled notice;
	struct sockaddr_dipc any = dt_any(), to;
	int next = calls_server(SOCK_RDM, &any);
	struct calls_got got;

	to = dt_port_of(next);
	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.in = PTR(page.at);
	job.op.in_len = 1;
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EBUSY, calls_forward(FORM, self->server, got.r.handle, &to));
	close(self->client);
	self->client = -1;
	EXPECT_TRUE(calls_wait_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(-EBUSY, calls_drop(FORM, self->server, got.r.handle));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ(-EPIPE, calls_forward(FORM, self->server, got.r.handle, &to));
	EXPECT_EQ(-ESRCH, calls_drop(FORM, self->server, got.r.handle));
	page_end(&page);
	close(next);
}

/* One thread reads how a call has ended: another one cannot give it up. */
TEST_F(calls, end_that_is_read_is_nobody_elses)
{
	struct dipc_outcome outcome = { 0 };
	struct page page;
	struct page_op job = {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL_FINISH, .in_len = 8, .cookie = 1,
			.info = PTR(&outcome) },
	};

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EAGAIN, calls_finish_cookie(self->client, 1,
					       MSG_DONTWAIT).ret);
	EXPECT_EQ(-ENOENT, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(-EEXIST, calls_start(FORM, self->client, "b",
				       WITH(.cookie = 1)));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(2, dt_thread_join(&job.thread));
	EXPECT_EQ(0, memcmp(page.at, "ok", 2));
	EXPECT_EQ(1, outcome.cookie);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	/* the number is free now */
	EXPECT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 1)));
	page_end(&page);
}

/* And if it cannot be told after all, it can be read, or given up, again. */
TEST_F(calls, end_that_could_not_be_read_can_be_given_up)
{
	struct page page;
	struct page_op job = {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL_FINISH, .in_len = 8, .cookie = 1 },
	};

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	job.op.info = 1;
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(-EFAULT, dt_thread_join(&job.thread));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	page_end(&page);
}

static long peek(void *arg)
{
	struct page_op *job = arg;

	return DT_ERR(recv(job->fd, (void *)job->op.in, 64, MSG_PEEK));
}

/* Who looks at a request has that alone: the call goes on, and ends. */
TEST_F(calls, call_ends_while_somebody_peeks_at_its_request)
{
	struct page_op job = { .fd = self->server };
	struct page page;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(0, dt_thread_start(&job.thread, peek, &job));
	ASSERT_TRUE(page_wait_touched(&page));
	got = TAKE(self->server);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(self->client);
	self->client = -1;
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ('a', page.at[0]);
	page_end(&page);
}

/*
 * A request that is forwarded while somebody searches the queue
 */

#define SCAN	256	/* messages that a search looks at at once */
#define ROUNDS	6	/* the first or the second did it */
#define TAG	7

struct search {
	struct dt_thread thread;
	int fd;
	volatile bool ends;
	volatile unsigned long rounds;
};

static int run_on(int cpu, int policy)
{
	struct sched_param param = { 0 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	return DT_ERR(sched_setscheduler(0, policy, &param));
}

static long search_in_vain(void *arg)
{
	struct dipc_match match = { .tag = 999, .tag_mask = ~0ULL };
	struct search *s = arg;
	struct dipc_request r;
	char text[8];
	int err = run_on(0, SCHED_IDLE);

	while (!err && !s->ends) {
		if (OP(s->fd, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
		       .in = PTR(text), .in_len = 8, .info = PTR(&r),
		       .match = PTR(&match)) != -EAGAIN)
			err = -EBADMSG;
		s->rounds++;
	}
	return err;
}

static long fill(int tx, int n, const struct sockaddr_dipc *to)
{
	while (n--)
		if (dt_send(tx, "m", 1, MSG_DONTWAIT, to) != 1)
			return -errno;
	return 0;
}

TEST_F(calls, search_does_not_follow_a_request_that_is_forwarded)
{
	struct dipc_match match = { .tag = TAG, .tag_mask = ~0ULL };
	struct sockaddr_dipc any = dt_any(), to[2];
	struct dipc_request r;
	int fd[2];
	char text[8];

	ASSERT_EQ(0, run_on(0, SCHED_OTHER));
	for (int round = 0; round < ROUNDS; round++) {
		struct search s = { 0 };
		unsigned long before;

		for (int i = 0; i < 2; i++) {
			fd[i] = calls_server(SOCK_RDM, &any);
			ASSERT_EQ(0, dt_set_capacity(fd[i], 10000,
						     DIPC_POLICY_WAIT));
			to[i] = dt_port_of(fd[i]);
			ASSERT_EQ(0, fill(self->client, SCAN - 1, &to[i]));
		}
		/* it has the same place in both */
		ASSERT_EQ(1, calls_start(BY_OP, self->client, "a",
					 WITH(.cookie = round, .tag = TAG,
					      .dest = &to[0])));
		ASSERT_EQ(0, fill(self->client, SCAN, &to[0]));
		s.fd = fd[0];
		ASSERT_EQ(0, dt_thread_start(&s.thread, search_in_vain, &s));
		ASSERT_TRUE(DT_WAIT_UNTIL(s.rounds > 3));
		usleep(1000 + 137 * round);
		ASSERT_EQ(1, OP(fd[0], .op = DIPC_OP_RECV, .in = PTR(text),
				.in_len = 8, .info = PTR(&r),
				.match = PTR(&match)));
		ASSERT_EQ(0, calls_forward(BY_OP, fd[0], r.handle, &to[1]));
		before = s.rounds;
		ASSERT_TRUE(DT_WAIT_UNTIL(s.rounds > before + 1))
			TH_LOG("round %d", round);
		s.ends = true;
		ASSERT_EQ(0, dt_thread_join(&s.thread));
		close(fd[0]);
		close(fd[1]);
	}
}

TEST_HARNESS_MAIN
