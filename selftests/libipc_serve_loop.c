// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: the loop that serves one request after the other
 * (<ipc/serve.h>): what a handler can do, what ends the loop and what only a
 * request, and who is told when another worker is needed.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "libserve.h"

struct loop {
	struct dt_thread thread;
	int fd;
	struct ipc_serve_conf conf;
};

static long do_serve(void *arg)
{
	struct loop *l = arg;

	return ipc_serve(l->fd, &l->conf);
}

static int serve(struct loop *l, int fd, struct state *st)
{
	l->fd = fd;
	l->conf = CONF(st);
	return dt_thread_start(&l->thread, do_serve, l);
}

TEST_F(calls, one_after_the_other)
{
	char reply[TEXT_MAX + 1];
	struct state st = { 0 };
	struct loop l;

	ASSERT_EQ(0, serve(&l, self->server, &st));
	EXPECT_EQ(3, CALL("one"));
	EXPECT_STREQ("ONE", reply);
	EXPECT_EQ(0, CALL(""));
	EXPECT_EQ(6, CALL("part"));
	EXPECT_STREQ("<>PART", reply);
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_STREQ("STOP", reply);
	EXPECT_EQ(0, dt_thread_join(&l.thread));
	EXPECT_EQ(4, st.requests);
}

TEST_F(calls, what_fails_ends_its_request_and_not_the_loop)
{
	char reply[TEXT_MAX + 1];
	struct state st = { 0 };
	struct dipc_outcome o;
	struct loop l;

	ASSERT_EQ(0, serve(&l, self->server, &st));
	EXPECT_EQ(-ECONNRESET, CALL("drop"));
	EXPECT_EQ(-ECONNRESET, CALL("long"));
	EXPECT_EQ(-ECONNRESET, CALL("more"));
	/* who waits no more when the reply comes */
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "wait"));
	ASSERT_TRUE(DT_WAIT_UNTIL(st.inside == 1));
	ASSERT_EQ(0, ipc_call_cancel(self->client, 1));
	st.gate = true;
	EXPECT_EQ(2, CALL("ok"));
	/* a message needs no answer */
	EXPECT_EQ(1, ipc_sendto(self->client, "m", 1, 0, &self->to));
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_EQ(0, dt_thread_join(&l.thread));
	EXPECT_EQ(1, st.messages);
	EXPECT_EQ(-ENOENT, ipc_call_finish_any(self->client, NULL, 0, 0, &o));
}

TEST_F(calls, handler_keeps_the_request)
{
	char reply[TEXT_MAX + 1];
	struct state st = { 0 };
	struct asked a = ASKED(.text = "keep");
	struct loop l;

	ASSERT_EQ(0, serve(&l, self->server, &st));
	ASSERT_EQ(0, ask(&a));
	ASSERT_TRUE(DT_WAIT_UNTIL(st.kept != 0));
	/* others are served, and then it is its turn */
	EXPECT_EQ(2, CALL("ok"));
	EXPECT_EQ(0, ipc_reply(self->server, st.kept, "late", 4));
	EXPECT_EQ(4, answer_of(&a));
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_EQ(0, dt_thread_join(&l.thread));
}

static ssize_t handle_long(struct ipc_served *s)
{
	char *out = s->out;

	if (s->in_len != 4 || s->out_max != 8)
		return -EINVAL;
	memcpy(out, s->in, 4);
	s->flags = IPC_SERVED_STOP;
	return 4 + ipc_request_read(s->fd, s->request->handle, 4, out + 4, 4);
}

TEST_F(calls, request_longer_than_the_loop_takes)
{
	char reply[TEXT_MAX + 1];
	struct loop l = {
		.fd = self->server,
		.conf = { .handler = handle_long, .in_max = 4, .out_max = 8 },
	};

	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	EXPECT_EQ(8, CALL("0123456789"));
	EXPECT_STREQ("01234567", reply);
	EXPECT_EQ(0, dt_thread_join(&l.thread));
}

/* The reply is what became of reading the request once more. */
static ssize_t handle_again(struct ipc_served *s)
{
	char *out = s->out;
	ssize_t n;

	n = ipc_request_read(s->fd, s->request->handle, 0, out, 1);
	if (s->in_len == 4 && !memcmp(s->in, "stop", 4))
		s->flags = IPC_SERVED_STOP;
	return sprintf(out, "%zd", n);
}

TEST_F(calls, requests_that_are_wanted_once)
{
	char reply[TEXT_MAX + 1], nodata[TEXT_MAX + 1];
	struct loop l = {
		.fd = self->server,
		.conf = { .handler = handle_again, .in_max = 4,
			  .flags = IPC_SERVE_CONSUME },
	};

	sprintf(nodata, "%d", -ENODATA);
	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	EXPECT_LT(0, CALL("once"));
	EXPECT_STREQ(nodata, reply);
	EXPECT_LT(0, CALL("longer"));
	EXPECT_STREQ("1", reply);
	/* its reply is a system call of its own */
	EXPECT_LT(0, CALL("stop"));
	EXPECT_STREQ(nodata, reply);
	EXPECT_EQ(0, dt_thread_join(&l.thread));
	l.conf.flags = IPC_SERVE_CONSUME << 1;
	EXPECT_EQ(-EINVAL, do_serve(&l));
}

TEST_F(calls, loop_ends)
{
	struct sockaddr_dipc box;
	char reply[TEXT_MAX + 1];
	struct state st = { 0 };
	struct loop l = { .fd = self->server, .conf = CONF(&st) };
	int fds[2];

	/* without a request, after a signal, with the mailbox, with the link */
	ASSERT_EQ(0, ipc_set_timeouts(self->server, -1, DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, do_serve(&l));
	ASSERT_EQ(0, ipc_set_timeouts(self->server, -1, -1));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	EXPECT_EQ(2, CALL("ok"));
	ASSERT_TRUE(dt_wait_asleep(l.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, pthread_kill(l.thread.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&l.thread));
	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	EXPECT_EQ(2, CALL("ok"));
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_EQ(0, dt_thread_join(&l.thread));

	ASSERT_EQ(0, ipc_mailbox_create(self->unused, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	l.fd = server_at(&box);
	ASSERT_LE(0, l.fd);
	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	ASSERT_TRUE(dt_wait_asleep(l.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, ipc_mailbox_delete(self->unused));
	EXPECT_EQ(-EIDRM, dt_thread_join(&l.thread));
	close(l.fd);
	EXPECT_EQ(-EBADF, do_serve(&l));

	ASSERT_EQ(0, ipc_link_pair(SOCK_SEQPACKET, O_RDWR, fds));
	ASSERT_EQ(0, ipc_set_recv_calls(fds[1], 1));
	l.fd = fds[1];
	ASSERT_EQ(0, dt_thread_start(&l.thread, do_serve, &l));
	EXPECT_EQ(2, call(fds[0], NULL, "ok", reply));
	close(fds[0]);
	EXPECT_EQ(0, dt_thread_join(&l.thread));
	close(fds[1]);
	EXPECT_EQ(4, st.requests);
}

/* Said once, by the one who takes a request while others wait. */
TEST_F(calls, need_is_said_once)
{
	char reply[TEXT_MAX + 1];
	struct state st = { .gate = true };
	struct dipc_outcome o;
	struct loop l;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, start_call(self->client, &self->to, i, "x"));
	ASSERT_EQ(0, serve(&l, self->server, &st));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, ipc_call_finish(self->client, i,
					     ONE(reply, TEXT_MAX), 0, &o));
	EXPECT_EQ(1, st.needs);
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_EQ(0, dt_thread_join(&l.thread));
	EXPECT_EQ(1, st.needs);
}

TEST_HARNESS_MAIN
