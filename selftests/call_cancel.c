// SPDX-License-Identifier: GPL-2.0
/*
 * Clients that do not wait to the end: they give up, run out of time, close,
 * are killed. Whoever holds the request is told by a cancel notice on the error
 * queue of its socket, and its reply is EPIPE; a request that nobody has taken
 * is withdrawn. Signals are in call_signal.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls_place.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "poller.h"
#include "post.h"

static uint64_t take_handle(const env *e)
{
	return calls_recv(BY_OP, e->server, MSG_DONTWAIT).r.handle;
}

/* A call that its server holds and its client has given up: the handle. */
static uint64_t given_up(const env *e, enum calls_form form)
{
	uint64_t h;

	if (calls_start(form, e->client, "ping", WITH(.cookie = 1)) != 4)
		return 0;
	h = take_handle(e);
	return calls_cancel(form, e->client, 1) ? 0 : h;
}

/*
 * The notice
 */

TEST_F(calls, notice_says_which_request_and_why)
{
	struct dipc_cancelled c;
	struct calls_got got;

	EXPECT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 1)));
	got = TAKE(self->server);
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &c));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(0, calls_cancelled(self->server, &c));
	EXPECT_EQ(got.r.handle, c.handle);
	EXPECT_EQ(got.r.id, c.id);
	EXPECT_EQ(dt_port_id(self->client), c.port);
	EXPECT_EQ(0, c.node);
	EXPECT_EQ(DIPC_REASON_CANCELLED, c.reason);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_CANCELLED));
	/* once */
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &c));
}

TEST_F(calls, reply_to_nobody_is_late)
{
	uint64_t h = given_up(self, FORM);

	ASSERT_NE(0, h);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, h, "pong"));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_REPLIED));
	/* and that was the end of the handle */
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, h, "pong"));
	EXPECT_EQ(-EAGAIN, calls_finish(BY_MSG, self->client,
					MSG_DONTWAIT).ret);
}

/* Who goes on to work for nobody learns it at the next step. */
TEST_F(calls, parts_of_a_reply_to_nobody)
{
	uint64_t h = given_up(self, FORM);
	char c;

	ASSERT_NE(0, h);
	EXPECT_EQ(-EPIPE, calls_write(FORM, self->server, h, 0, "a", 1));
	EXPECT_EQ(-EPIPE, calls_read(self->server, h, 0, &c, 1));
	/* the handle is still there, to be dropped */
	EXPECT_EQ(0, calls_drop(FORM, self->server, h));
	EXPECT_EQ(-ESRCH, calls_drop(FORM, self->server, h));
}

/* What was replied to, or dropped, before the notice was read has none. */
TEST_F(calls, notice_goes_with_the_handle)
{
	struct dipc_cancelled c;

	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server,
				      given_up(self, FORM), "x"));
	EXPECT_EQ(0, poll_now(self->server) & POLLERR);
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &c));
	EXPECT_EQ(0, calls_drop(FORM, self->server, given_up(self, FORM)));
	EXPECT_EQ(0, poll_now(self->server) & POLLERR);
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &c));
}

/* Whoever polls is woken, and an edge comes with each. */
TEST_F(calls, poll_knows_of_notices)
{
	int ep = epoll_with(self->server, EPOLLET);
	struct dipc_cancelled c;
	struct poller p;

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, poll_now(self->server) & POLLERR);
	EXPECT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 9)));
	ASSERT_NE(0, take_handle(self));
	ASSERT_TRUE(start_poller(&p, API_POLL, self->server, 0));
	epoll_events(ep, 0);
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 9));
	EXPECT_EQ(POLLERR, join_poller(&p));
	EXPECT_EQ(EPOLLERR, epoll_events(ep, DT_LONG_MS));
	EXPECT_EQ(0, epoll_events(ep, 0));
	ASSERT_NE(0, given_up(self, FORM));
	EXPECT_EQ(EPOLLERR, epoll_events(ep, DT_LONG_MS));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(POLLERR, poll_now(self->server) & POLLERR);
		EXPECT_EQ(0, calls_cancelled(self->server, &c));
	}
	EXPECT_EQ(0, poll_now(self->server) & POLLERR);
	close(ep);
}

TEST_F(calls, notice_is_a_signal)
{
	EXPECT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 1)));
	ASSERT_NE(0, take_handle(self));
	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->server, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->server, F_SETFL, O_ASYNC));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(1, dt_signals);
}

/* They come in the order in which the clients gave up. */
TEST_F(calls, notices_come_in_order)
{
	struct dipc_cancelled c;
	uint64_t h[5];

	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(1, calls_start(FORM, self->client, "a",
					 WITH(.cookie = i)));
		h[i] = take_handle(self);
	}
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(0, calls_cancel(FORM, self->client, i * 2 % 5));
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(0, calls_cancelled(self->server, &c));
		EXPECT_EQ(h[i * 2 % 5], c.handle);
	}
}

/* Not lost for want of room, for bad memory, or by a look. */
TEST_F(calls, notice_stays_until_it_was_told)
{
	char control[CMSG_SPACE(sizeof(struct dipc_cancelled))]
		__attribute__((aligned(8)));
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = CMSG_LEN(sizeof(struct dipc_cancelled)) - 1,
	};
	struct dipc_cancelled c;

	ASSERT_NE(0, given_up(self, FORM));
	EXPECT_EQ(-EMSGSIZE, DT_ERR(recvmsg(self->server, &msg,
					    MSG_ERRQUEUE)));
	msg = (struct msghdr) { 0 };
	EXPECT_EQ(-EMSGSIZE, DT_ERR(recvmsg(self->server, &msg,
					    MSG_ERRQUEUE)));
	msg = (struct msghdr) { .msg_control = (void *)8,
				.msg_controllen = 512 };
	EXPECT_EQ(-EFAULT, DT_ERR(recvmsg(self->server, &msg, MSG_ERRQUEUE)));
	msg = (struct msghdr) { .msg_control = control,
				.msg_controllen = sizeof(control) };
	EXPECT_EQ(0, DT_ERR(recvmsg(self->server, &msg,
				    MSG_ERRQUEUE | MSG_PEEK)));
	EXPECT_EQ(0, calls_cancelled(self->server, &c));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &c));
}

/* What became of the server's own asynchronous sends comes first. */
TEST_F(calls, completions_come_before_notices)
{
	struct sockaddr_dipc me = dt_port_of(self->client);
	const uint64_t cookie = 1;
	struct dipc_cancelled c;
	char control[512];
	struct msghdr msg = { .msg_control = control,
			      .msg_controllen = sizeof(control) };

	ASSERT_EQ(0, dt_connect(self->server, &me));
	ASSERT_NE(0, given_up(self, FORM));
	EXPECT_EQ(1, post(self->server, 'a', POST(.cookie = &cookie)));
	ASSERT_EQ(0, DT_ERR(recvmsg(self->server, &msg, MSG_ERRQUEUE)));
	EXPECT_EQ(DIPC_COMPLETION, CMSG_FIRSTHDR(&msg)->cmsg_type);
	EXPECT_EQ(0, calls_cancelled(self->server, &c));
}

/*
 * Clients that die
 */

struct client_of {
	struct calls_peer peer;
	bool sleeps;
};

/* In the peer: a call, in the ioctl or asynchronous, to m->addr. */
static long peer_calls(struct calls_peer_memory *m, long sleeps)
{
	if (m->fd < 0)
		m->fd = dt_socket(SOCK_RDM);
	if (!sleeps)
		return calls_start(BY_MSG, m->fd, "ping",
				   WITH(.dest = &m->addr));
	m->end = calls_call(BY_OP, m->fd, "ping", WITH(.dest = &m->addr));
	return m->end.ret;
}

static int start_client(struct client_of *c, const env *e,
			enum calls_form form)
{
	int err = calls_peer_start(&c->peer);

	c->peer.m->addr = e->to;
	c->sleeps = form == BY_OP;
	return err;
}

/* The call is outstanding. */
static bool client_calls(struct client_of *c)
{
	if (!c->sleeps)
		return calls_peer_do(&c->peer, peer_calls, 0) == 4;
	return !calls_peer_begin(&c->peer, peer_calls, 1) &&
	       calls_peer_wait_asleep(&c->peer, SYS_ioctl);
}

TEST_F(calls, killed_client_takes_its_request_along)
{
	struct client_of c;

	ASSERT_EQ(0, start_client(&c, self, FORM));
	ASSERT_TRUE(client_calls(&c));
	EXPECT_EQ(1, dt_port_queued(self->to.sdipc_port));
	ASSERT_EQ(0, calls_peer_kill(&c.peer));
	EXPECT_EQ(0, dt_port_queued(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_FALSE(is_readable(self->server));
}

TEST_F(calls, killed_client_leaves_the_line)
{
	struct client_of c;

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, start_client(&c, self, FORM));
	ASSERT_TRUE(client_calls(&c));
	EXPECT_EQ(1, dt_port_senders(self->to.sdipc_port));
	ASSERT_EQ(0, calls_peer_kill(&c.peer));
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* Also from a mailbox, which outlives everybody. */
TEST_F(calls, killed_client_leaves_nothing_in_a_mailbox)
{
	struct client_of c;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	ASSERT_EQ(0, start_client(&c, self, FORM));
	c.peer.m->addr = dt_mailbox(self->name);
	ASSERT_TRUE(client_calls(&c));
	EXPECT_EQ(1, dt_mailbox_queued(self->name));
	ASSERT_EQ(0, calls_peer_kill(&c.peer));
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
}

TEST_F(calls, server_is_told_of_a_killed_client)
{
	struct dipc_cancelled notice;
	struct calls_got got;
	struct client_of c;

	ASSERT_EQ(0, start_client(&c, self, FORM));
	ASSERT_TRUE(client_calls(&c));
	got = TAKE(self->server);
	ASSERT_NE(0, got.r.handle);
	EXPECT_EQ(c.peer.pid, got.r.pid);
	ASSERT_EQ(0, calls_peer_kill(&c.peer));
	ASSERT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(FORM == BY_OP ? DIPC_REASON_INTERRUPTED :
				  DIPC_REASON_WITHDRAWN, notice.reason);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

/* Nobody can be made unkillable by a server that stands still. */
TEST_F(calls, client_of_a_stopped_server_can_be_killed)
{
	struct calls_peer server;
	struct client_of c;

	for (int taken = 0; taken < 2; taken++) {
		ASSERT_EQ(0, calls_peer_start(&server));
		ASSERT_EQ(0, calls_place_make(server.m, AT_NAME));
		ASSERT_EQ(0, calls_peer_do(&server, calls_place_open, 0));
		ASSERT_EQ(0, start_client(&c, self, FORM));
		c.peer.m->addr = server.m->addr;
		if (!taken) {
			ASSERT_EQ(0, calls_peer_stop(&server));
		}
		ASSERT_TRUE(client_calls(&c));
		if (taken) {
			ASSERT_EQ(4, calls_peer_do(&server, calls_peer_take,
						   FORM));
			ASSERT_EQ(0, calls_peer_stop(&server));
		}
		EXPECT_EQ(0, calls_peer_kill(&c.peer));
		EXPECT_EQ(0, calls_peer_kill(&server));
	}
}

/* Nor does a server need its client, to reply or to end. */
TEST_F(calls, client_that_stands_still_holds_nobody_up)
{
	struct calls_peer server;
	struct client_of c;

	ASSERT_EQ(0, calls_peer_start(&server));
	ASSERT_EQ(0, calls_place_make(server.m, AT_NAME));
	ASSERT_EQ(0, calls_peer_do(&server, calls_place_open, 0));
	ASSERT_EQ(0, start_client(&c, self, FORM));
	c.peer.m->addr = server.m->addr;
	ASSERT_TRUE(client_calls(&c));
	ASSERT_EQ(4, calls_peer_do(&server, calls_peer_take, FORM));
	ASSERT_EQ(0, calls_peer_stop(&c.peer));
	/* to be stopped is a signal: it ends the wait of who sleeps */
	EXPECT_EQ(c.sleeps ? -EPIPE : 5,
		  calls_peer_do(&server, calls_peer_reply, FORM));
	EXPECT_EQ(0, calls_peer_kill(&server));
	ASSERT_EQ(0, calls_peer_continue(&c.peer));
	if (c.sleeps) {
		EXPECT_EQ(-EINTR, calls_peer_end(&c.peer));
	}
	EXPECT_EQ(0, calls_peer_kill(&c.peer));
}

/* What nobody has taken is sent again when it goes on. */
TEST_F(calls, stopped_client_goes_on_to_wait)
{
	struct calls_got got;
	struct client_of c;

	ASSERT_EQ(0, start_client(&c, self, FORM));
	ASSERT_TRUE(client_calls(&c));
	ASSERT_EQ(0, calls_peer_stop(&c.peer));
	ASSERT_EQ(0, calls_peer_continue(&c.peer));
	got = calls_recv(FORM, self->server, 0);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	if (c.sleeps) {
		EXPECT_EQ(2, calls_peer_end(&c.peer));
	}
	EXPECT_EQ(0, calls_peer_kill(&c.peer));
}

/* A reply that nobody came to read goes with its client. */
TEST_F(calls, unread_reply_goes_with_its_client)
{
	struct dipc_cancelled notice;
	struct client_of c;
	uint64_t h;

	ASSERT_EQ(0, start_client(&c, self, BY_MSG));
	ASSERT_TRUE(client_calls(&c));
	h = take_handle(self);
	EXPECT_EQ(2, calls_reply(FORM, self->server, h, "ok"));
	ASSERT_EQ(0, calls_peer_kill(&c.peer));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(0, calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

/* Both at once; nothing is left of it. */
TEST_F(calls, client_and_server_die_together)
{
	struct calls_peer server;
	struct client_of c;

	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, calls_peer_start(&server));
		ASSERT_EQ(0, calls_place_make(server.m, AT_NAME));
		ASSERT_EQ(0, calls_peer_do(&server, calls_place_open, 0));
		ASSERT_EQ(0, start_client(&c, self, FORM));
		c.peer.m->addr = server.m->addr;
		ASSERT_TRUE(client_calls(&c));
		if (i & 1) {
			ASSERT_EQ(4, calls_peer_do(&server, calls_peer_take,
						   FORM));
		}
		kill(i & 2 ? c.peer.pid : server.pid, SIGKILL);
		EXPECT_EQ(0, calls_peer_kill(&c.peer));
		EXPECT_EQ(0, calls_peer_kill(&server));
	}
}

TEST_HARNESS_MAIN
