// SPDX-License-Identifier: GPL-2.0
/*
 * POLLPRI and DIPC_REQUEST_NEED_WORKER: what must not hide that requests wait
 * and nobody receives. Who is told when is in call_pool.c.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "page.h"

static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie = 1000;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

static bool is_starving(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	return poll(&p, 1, 0) == 1 && p.revents & POLLPRI;
}

/* Who lines up for something else does not help a request. */
TEST_F(calls, plain_receiver_does_not_hide_that_requests_wait)
{
	struct sockaddr_dipc box = dt_mailbox(self->name);
	struct call plain;
	int server, other;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	server = calls_server(SOCK_RDM, &box);
	other = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.dest = &box)));
	EXPECT_TRUE(is_starving(server));
	ASSERT_EQ(0, call_recv(&plain, other));
	ASSERT_TRUE(call_wait_asleep(&plain));
	EXPECT_TRUE(is_starving(server));
	EXPECT_EQ(1, dt_send(self->client, "m", 1, 0, &box));
	EXPECT_EQ(1, call_end(&plain));
	close(server);
	close(other);
}

/* Nor does who waits for messages and for the ends of his own calls. */
TEST_F(calls, plain_client_does_not_hide_that_requests_wait)
{
	struct sockaddr_dipc box = dt_mailbox(self->name);
	struct call plain;
	int server, other;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	server = calls_server(SOCK_RDM, &box);
	other = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_EQ(1, calls_start(FORM, other, "a", WITH(.dest = &self->to)));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.dest = &box)));
	EXPECT_TRUE(is_starving(server));
	ASSERT_EQ(0, call_recv(&plain, other));
	ASSERT_TRUE(call_wait_asleep(&plain));
	EXPECT_TRUE(is_starving(server));
	EXPECT_EQ(1, dt_send(self->client, "m", 1, 0, &box));
	EXPECT_EQ(1, call_end(&plain));
	close(server);
	close(other);
}

/* It was given to a worker, but that could not take it. */
TEST_F(calls, request_that_is_put_back_waits_for_a_worker)
{
	struct call worker;

	/* recv() has no room for the handle */
	ASSERT_EQ(0, call_recv(&worker, self->server));
	ASSERT_TRUE(call_wait_asleep(&worker));
	ASSERT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(-EMSGSIZE, call_end(&worker));
	EXPECT_TRUE(is_starving(self->server));
}

/* What a receive that failed has said was not said. */
TEST_F(calls, need_of_a_worker_is_said_by_a_receive_that_succeeds)
{
	char text[8];

	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(1, start(self, FORM, "b"));
	EXPECT_EQ(-EFAULT, OP(self->server, .op = DIPC_OP_RECV, .in = PTR(text),
			      .in_len = sizeof(text), .info = 1));
	EXPECT_EQ(DIPC_REQUEST_NEED_WORKER, TAKE(self->server).r.flags);
}

/* One is withdrawn while it is copied; others go on waiting. */
TEST_F(calls, requests_behind_one_that_is_withdrawn_wait_for_a_worker)
{
	struct dipc_request *r;
	struct page page;
	char text[8] = "";
	struct page_op job = {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .in = PTR(text), .in_len = 8 },
	};
	struct dipc_match match = { .tag = 1, .tag_mask = ~0ULL };

	ASSERT_EQ(0, page_new(&page));
	r = (void *)page.at;
	job.op.info = PTR(r);
	job.op.match = PTR(&match);
	job.op.flags = DIPC_OP_DONTWAIT;
	ASSERT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.cookie = 1, .tag = 1)));
	ASSERT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 2)));
	EXPECT_TRUE(is_starving(self->server));
	ASSERT_EQ(0, page_op_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(0, page_give(&page));
	EXPECT_EQ(-EAGAIN, dt_thread_join(&job.thread));
	EXPECT_TRUE(is_starving(self->server));
	page_end(&page);
}

TEST_HARNESS_MAIN
