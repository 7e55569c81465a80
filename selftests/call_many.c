// SPDX-License-Identifier: GPL-2.0
/*
 * Many calls at once: thousands that are outstanding, many clients of one
 * server, and what bounds them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "calls_env.h"

/* The room for the replies is paid for when the calls are sent. */
TEST_F(calls, room_for_replies_counts_as_sent)
{
	const int mib = 1 << 20;
	uint64_t i;

	for (i = 0; i < 100; i++) {
		long ret = calls_start(FORM, self->client, "a",
				       WITH(.cookie = i, .reply_max = mib,
					    .dontwait = true));
		if (ret < 0) {
			EXPECT_EQ(-EAGAIN, ret);
			break;
		}
	}
	/* of 4 MiB */
	EXPECT_EQ(3, i);
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "a!"));
	EXPECT_EQ(2, ENDED(self->client).ret);
	EXPECT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.cookie = 200, .reply_max = mib)));
}

TEST_F(calls, user_limit_is_told_at_once)
{
	struct sockaddr_dipc any = dt_any();
	int client, server;

	ASSERT_EQ(0, dt_netns_new());
	server = calls_server(SOCK_RDM, &any);
	self->to = dt_port_of(server);
	client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, client);
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 100000));
	EXPECT_EQ(-ENOBUFS, calls_start(FORM, client, "a",
					WITH(.reply_max = 200000)));
	EXPECT_EQ(-EAGAIN, TAKE(server).ret);
	EXPECT_EQ(1, calls_start(FORM, client, "a", WITH(.reply_max = 1000)));
	close(client);
	close(server);
}

/* Some thousand at once; each reply is that of its own request. */
TEST_F(calls, thousands_outstanding)
{
	struct dipc_queue_conf conf;
	struct calls_echo echo;
	struct calls_end end;
	static bool seen[3000];
	int n = 3000 / calls_slow();
	char text[16];

	ASSERT_EQ(0, dt_get_conf(self->server, &conf));
	conf.capacity_msgs = n + 1;
	ASSERT_EQ(0, dt_set_conf(self->server, &conf));
	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_EQ(strlen(text),
			  calls_start(FORM, self->client, text,
				      WITH(.cookie = i, .reply_max = 16)));
	}
	ASSERT_EQ(0, calls_echo_start(&echo, FORM, self->server));
	for (int i = 0; i < n; i++) {
		end = calls_finish(FORM, self->client, 0);
		ASSERT_LT(0, end.ret);
		ASSERT_EQ(end.outcome.cookie, strtoul(end.text, NULL, 10));
		ASSERT_FALSE(seen[end.outcome.cookie]);
		seen[end.outcome.cookie] = true;
	}
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	EXPECT_EQ(0, calls_echo_end(&echo));
}

struct client {
	struct dt_thread thread;
	int number;
	enum calls_form form;
	struct sockaddr_dipc to;
};

static long run_client(void *arg)
{
	struct client *c = arg;
	int fd = dt_socket_connected(SOCK_RDM, &c->to);
	char text[32], want[32];
	struct calls_end end;

	if (fd < 0)
		return fd;
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "of %d, %d", c->number, i);
		snprintf(want, sizeof(want), "OF %d, %d", c->number, i);
		end = calls_call(c->form, fd, text, WITH());
		if (end.ret < 0)
			return end.ret;
		if (strcmp(end.text, want))
			return -EBADMSG;
	}
	close(fd);
	return 0;
}

/* Threads of clients, and threads of one server's socket. */
TEST_F(calls, many_clients_and_many_threads_of_a_server)
{
	struct client c[8];
	struct calls_echo echo[3];

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, calls_echo_start(&echo[i], i & 1 ? BY_MSG : BY_OP,
					      self->server));
	for (int i = 0; i < 8; i++) {
		c[i] = (struct client) { .number = i, .form = FORM,
					 .to = self->to };
		ASSERT_EQ(0, dt_thread_start(&c[i].thread, run_client, &c[i]));
	}
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0, dt_thread_join(&c[i].thread));
	/* each request "end" ends one of them */
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(3, calls_call(FORM, self->client, "end", WITH()).ret);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_thread_join(&echo[i].thread));
	EXPECT_EQ(8 * 50 + 3, echo[0].served + echo[1].served + echo[2].served);
	EXPECT_EQ(8 * 50 + 3,
		  calls_counted(&self->before, DIPC_REASON_REPLIED));
}

TEST_HARNESS_MAIN
