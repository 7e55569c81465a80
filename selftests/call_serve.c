// SPDX-License-Identifier: GPL-2.0
/*
 * Serving calls: who takes them and who does not, descriptors with a request
 * and with its reply, replying and receiving in one system call, dropping a
 * request, and what a server holds. Bodies are in call_body.c, forwarding in
 * call_forward.c, many servers in call_pool.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "poller.h"
#include "post.h"
#include "scm.h"

/* The cookies are 0, 1, … */
static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

static int set_takes_calls(int fd, int value)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &value,
				 sizeof(value)));
}

static int takes_calls(int fd)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &value, &len) ?
	       -errno : value;
}

/*
 * Who takes calls
 */

TEST_F(calls, socket_takes_calls_when_it_asked)
{
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket_bound(SOCK_RDM, &any);
	struct calls_end end;

	ASSERT_LE(0, fd);
	self->to = dt_port_of(fd);
	EXPECT_EQ(0, takes_calls(fd));
	EXPECT_EQ(-EOPNOTSUPP, calls_start(FORM, self->client, "a",
					   WITH(.dest = &self->to)));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_NO_CALLS));
	/* messages go there as ever */
	EXPECT_EQ(1, dt_send(self->client, "m", 1, 0, &self->to));
	EXPECT_EQ('m', take(fd));

	ASSERT_EQ(0, calls_take_calls(fd));
	EXPECT_EQ(1, takes_calls(fd));
	EXPECT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.dest = &self->to)));
	EXPECT_EQ(2, calls_reply(FORM, fd, TAKE(fd).r.handle, "a!"));
	end = ENDED(self->client);
	EXPECT_STREQ("a!", end.text);
	close(fd);
}

TEST_F(calls, taking_calls_is_not_taken_back)
{
	int fd = dt_socket(SOCK_RDM);

	/* before it receives, one may change one's mind */
	ASSERT_EQ(0, set_takes_calls(fd, 1));
	EXPECT_EQ(0, set_takes_calls(fd, 0));
	EXPECT_EQ(0, takes_calls(fd));
	close(fd);
	EXPECT_EQ(-EBUSY, set_takes_calls(self->server, 0));
	EXPECT_EQ(0, set_takes_calls(self->server, 1));
	EXPECT_EQ(1, takes_calls(self->server));
}

TEST_F(calls, accepted_socket_takes_calls_as_its_listener)
{
	struct sockaddr_dipc name = dt_name(self->name);
	int listener = calls_server(SOCK_SEQPACKET, &name);
	int client, server;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 1));
	client = dt_socket_connected(SOCK_SEQPACKET, &name);
	ASSERT_LE(0, client);
	/* also of a call that is sent before anybody has accepted */
	EXPECT_EQ(1, calls_start(FORM, client, "a", WITH()));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, takes_calls(server));
	EXPECT_EQ(2, calls_reply(FORM, server, TAKE(server).r.handle, "a!"));
	EXPECT_STREQ("a!", ENDED(client).text);
	/* the end that has connected did not ask */
	EXPECT_EQ(-EOPNOTSUPP, calls_start(FORM, server, "b", WITH()));
	close(client);
	close(server);
	close(listener);
}

/* Who connected before that has connected to one that does not. */
TEST_F(calls, listener_takes_calls_from_when_it_asked)
{
	struct sockaddr_dipc name = dt_name(self->name);
	int listener = dt_socket_bound(SOCK_SEQPACKET, &name);
	int client[2], server[2], i;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 2));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? set_takes_calls(listener, 1) : 0);
		client[i] = dt_socket_connected(SOCK_SEQPACKET, &name);
		ASSERT_LE(0, client[i]);
	}
	for (i = 0; i < 2; i++) {
		server[i] = accept(listener, NULL, NULL);
		ASSERT_LE(0, server[i]);
		EXPECT_EQ(i, takes_calls(server[i]));
		EXPECT_EQ(i ? 1 : -EOPNOTSUPP,
			  calls_start(FORM, client[i], "a", WITH()));
	}
	EXPECT_EQ(2, calls_reply(FORM, server[1], TAKE(server[1]).r.handle,
				 "a!"));
	EXPECT_STREQ("a!", ENDED(client[1]).text);
	for (i = 0; i < 2; i++) {
		close(client[i]);
		close(server[i]);
	}
	close(listener);
}

TEST_F(calls, both_ends_of_a_pair_may_call)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, pair));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, calls_take_calls(pair[i]));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(1, calls_start(FORM, pair[i], "a",
					 WITH(.cookie = i)));
		EXPECT_EQ(2, calls_reply(FORM, pair[!i],
					 TAKE(pair[!i]).r.handle, "a!"));
		EXPECT_STREQ("a!", ENDED(pair[i]).text);
	}
	close(pair[0]);
	close(pair[1]);
}

TEST_F(calls, streams_know_no_calls)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_STREAM, 0, pair));
	EXPECT_EQ(-EOPNOTSUPP, calls_start(FORM, pair[0], "a", WITH()));
	EXPECT_EQ(-EOPNOTSUPP, set_takes_calls(pair[0], 1));
	EXPECT_EQ(-EOPNOTSUPP, OP(pair[0], .op = DIPC_OP_CALL, .out = PTR("a"),
				  .out_len = 1));
	close(pair[0]);
	close(pair[1]);
}

/*
 * Descriptors
 */

TEST_F(calls, descriptors_go_with_a_request_and_with_its_reply)
{
	struct scm_pipe there = scm_pipe(), back = scm_pipe();
	struct calls_got got;
	struct calls_end end;

	EXPECT_EQ(1, calls_start(BY_MSG, self->client, "a",
				 WITH(.fd = &there.wr, .n_fds = 1)));
	got = calls_recv(BY_MSG, self->server, MSG_DONTWAIT);
	ASSERT_EQ(1, got.n_fds);
	EXPECT_TRUE(scm_is_write_end(got.fd[0], &there));
	EXPECT_EQ(2, calls_reply_fd(self->server, got.r.handle, "ok", back.wr));
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	EXPECT_STREQ("ok", end.text);
	ASSERT_EQ(1, end.n_fds);
	EXPECT_TRUE(scm_is_write_end(end.fd[0], &back));
	close(got.fd[0]);
	close(end.fd[0]);
	EXPECT_TRUE(scm_pipe_end(&there));
	EXPECT_TRUE(scm_pipe_end(&back));
}

/* However the call ends, nobody keeps them. */
TEST_F(calls, descriptors_of_calls_that_fail_are_closed)
{
	struct scm_pipe untaken = scm_pipe(), late = scm_pipe();
	struct scm_pipe unread = scm_pipe();
	struct calls_got got;

	EXPECT_EQ(1, calls_start(BY_MSG, self->client, "a",
				 WITH(.cookie = 99, .fd = &untaken.wr,
				      .n_fds = 1)));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 99));
	EXPECT_TRUE(scm_pipe_end(&untaken));

	EXPECT_EQ(1, start(self, FORM, "b"));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 0));
	EXPECT_EQ(-EPIPE, calls_reply_fd(self->server, got.r.handle, "b!",
					 late.wr));
	EXPECT_TRUE(scm_pipe_end(&late));

	EXPECT_EQ(1, start(self, FORM, "c"));
	got = TAKE(self->server);
	EXPECT_EQ(2, calls_reply_fd(self->server, got.r.handle, "c!",
				    unread.wr));
	close(self->client);
	self->client = -1;
	EXPECT_TRUE(scm_pipe_end(&unread));
}

/* Not to a mailbox, as with every message; a reply goes to no mailbox. */
TEST_F(calls, descriptors_and_a_mailbox)
{
	struct sockaddr_dipc box = dt_mailbox(self->name);
	struct scm_pipe p = scm_pipe();
	struct calls_got got;
	struct calls_end end;
	int server;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	server = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, server);
	EXPECT_EQ(-EOPNOTSUPP, calls_start(BY_MSG, self->client, "a",
					   WITH(.dest = &box, .fd = &p.wr,
						.n_fds = 1)));
	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH(.dest = &box)));
	got = TAKE(server);
	EXPECT_EQ(2, calls_reply_fd(server, got.r.handle, "a!", p.wr));
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	ASSERT_EQ(1, end.n_fds);
	close(end.fd[0]);
	EXPECT_TRUE(scm_pipe_end(&p));
	close(server);
}

/* Credentials of SO_PASSCRED come as well. */
TEST_F(calls, passcred_works_with_requests)
{
	struct calls_got got;
	int one = 1;

	ASSERT_EQ(0, setsockopt(self->server, SOL_SOCKET, SO_PASSCRED, &one,
				sizeof(one)));
	EXPECT_EQ(1, start(self, FORM, "a"));
	got = calls_recv(BY_MSG, self->server, MSG_DONTWAIT);
	EXPECT_EQ(getpid(), got.ucred.pid);
	EXPECT_NE(0, got.r.handle);
}

/*
 * Reply and receive
 */

TEST_F(calls, reply_and_receive_in_one)
{
	struct dipc_request r = { 0 };
	char text[8] = "";

	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(1, start(self, FORM, "b"));
	/* the first has nothing to reply to */
	EXPECT_EQ(1, OP(self->server, .op = DIPC_OP_REPLY_RECV, .in = PTR(text),
			.in_len = sizeof(text), .info = PTR(&r)));
	EXPECT_STREQ("a", text);
	EXPECT_EQ(1, OP(self->server, .op = DIPC_OP_REPLY_RECV,
			.handle = r.handle, .out = PTR("a!"), .out_len = 2,
			.in = PTR(text), .in_len = sizeof(text),
			.info = PTR(&r)));
	EXPECT_STREQ("b", text);
	EXPECT_STREQ("a!", ENDED(self->client).text);
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, calls_reply(FORM, self->server, r.handle, "b!"));
	EXPECT_STREQ("b!", ENDED(self->client).text);
}

/* The handle says which of the two has failed. */
TEST_F(calls, reply_and_receive_says_what_has_failed)
{
	struct dipc_request r = { 0 };
	char text[8];
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_REPLY_RECV,
		.flags = DIPC_OP_DONTWAIT, .in = PTR(text),
		.in_len = sizeof(text), .info = PTR(&r), .out = PTR("a!"),
		.out_len = 2,
	};
	struct calls_got got;

	EXPECT_EQ(1, start(self, FORM, "a"));
	got = TAKE(self->server);
	/* nothing to receive: the reply was sent */
	op.handle = got.r.handle;
	EXPECT_EQ(-EAGAIN, calls_op(self->server, &op));
	EXPECT_EQ(0, op.handle);
	EXPECT_STREQ("a!", ENDED(self->client).text);
	/* the reply fails: nothing was received */
	EXPECT_EQ(1, start(self, FORM, "b"));
	op.handle = got.r.handle;
	EXPECT_EQ(-ESRCH, calls_op(self->server, &op));
	EXPECT_EQ(got.r.handle, op.handle);
	/* this way on: without a handle */
	op.handle = 0;
	op.out = op.out_len = 0;
	EXPECT_EQ(1, calls_op(self->server, &op));
	EXPECT_EQ('b', text[0]);
}

/*
 * What a server holds
 */

TEST_F(calls, dropped_request_is_a_reset)
{
	struct calls_got got;
	struct calls_end end;

	EXPECT_EQ(1, start(self, FORM, "a"));
	got = TAKE(self->server);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	end = ENDED(self->client);
	EXPECT_EQ(-ECONNRESET, end.ret);
	EXPECT_EQ(DIPC_REASON_RESET, end.outcome.reason);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_RESET));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, got.r.handle, "no"));
}

/* Replies need not come in the order of the requests. */
TEST_F(calls, server_replies_in_any_order)
{
	struct calls_got got[3];
	struct calls_end end;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, calls_start(FORM, self->client, "a",
					 WITH(.cookie = 50 + i)));
		got[i] = TAKE(self->server);
	}
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(2, calls_reply(FORM, self->server,
					 got[i % 3].r.handle, "ok"));
		end = ENDED(self->client);
		EXPECT_EQ(50 + i % 3, end.outcome.cookie);
		EXPECT_EQ(got[i % 3].r.id, end.outcome.id);
	}
}

/* A server may be a client meanwhile, on the same socket. */
TEST_F(calls, server_calls_another_while_it_serves)
{
	struct sockaddr_dipc any = dt_any();
	int back = calls_server(SOCK_RDM, &any);
	struct sockaddr_dipc to = dt_port_of(back);
	struct calls_got got;

	ASSERT_LE(0, back);
	EXPECT_EQ(1, start(self, FORM, "a"));
	got = TAKE(self->server);
	EXPECT_EQ(1, calls_start(FORM, self->server, "b", WITH(.dest = &to)));
	EXPECT_EQ(1, start(self, FORM, "c"));
	EXPECT_EQ(2, calls_reply(FORM, back, TAKE(back).r.handle, "b!"));
	/* by the ioctl or by what a receive gives first */
	EXPECT_STREQ("b!", ENDED(self->server).text);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "a!"));
	EXPECT_STREQ("c", TAKE(self->server).text);
	close(back);
}

/* A client may even serve itself. */
TEST_F(calls, socket_calls_itself)
{
	struct calls_got got;

	EXPECT_EQ(1, calls_start(FORM, self->server, "a",
				 WITH(.dest = &self->to)));
	got = TAKE(self->server);
	EXPECT_STREQ("a", got.text);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "a!"));
	EXPECT_STREQ("a!", ENDED(self->server).text);
}

/* Each request is an edge, and wakes who polls. */
TEST_F(calls, each_request_is_an_edge)
{
	int ep = epoll_with(self->server, EPOLLIN | EPOLLET);

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, epoll_events(ep, 0) & EPOLLIN);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(1, start(self, FORM, "a"));
		EXPECT_EQ(EPOLLIN, epoll_events(ep, DT_LONG_MS) & EPOLLIN);
		EXPECT_EQ(0, epoll_events(ep, 0) & EPOLLIN);
	}
	close(ep);
}

struct shared {
	enum calls_form form;
	int server;
	uint64_t *handle;	/* in memory that is shared as well */
};

static int take_and_die(void *arg)
{
	struct shared *s = arg;

	*s->handle = calls_recv(s->form, s->server, MSG_DONTWAIT).r.handle;
	kill(getpid(), SIGKILL);
	return 0;
}

/*
 * The limit of it all: the socket lives, so its requests do, though the process
 * that took one is dead. Any other that has the socket can go on with it.
 */
TEST_F(calls, process_that_shares_a_socket_dies_unseen)
{
	struct shared s = { .form = FORM, .server = self->server };

	s.handle = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, s.handle);
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(-SIGKILL, dt_child_wait(dt_child(take_and_die, &s)));
	ASSERT_NE(0, *s.handle);
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	EXPECT_EQ(2, calls_reply(FORM, self->server, *s.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	munmap(s.handle, 4096);
}

static int reply_and_end(void *arg)
{
	struct shared *s = arg;

	return calls_reply(s->form, s->server, *s->handle, "ok") == 2 ? 0 : 1;
}

TEST_F(calls, another_process_of_the_socket_may_reply)
{
	struct shared s = { .form = FORM, .server = self->server };
	struct calls_end end;
	uint64_t handle;
	pid_t pid;

	EXPECT_EQ(1, start(self, FORM, "a"));
	handle = TAKE(self->server).r.handle;
	s.handle = &handle;
	pid = dt_child(reply_and_end, &s);
	EXPECT_EQ(0, dt_child_wait(pid));
	end = ENDED(self->client);
	EXPECT_STREQ("ok", end.text);
	/* and is who has replied, though it is gone */
	EXPECT_NE(getpid(), end.outcome.pid);
}

/* Which requests are received may be chosen, as of all messages. */
TEST_F(calls, match_chooses_requests)
{
	struct dipc_match match = { .tag = 2, .tag_mask = ~0ULL };
	struct dipc_request r = { 0 };
	char text[8] = "";

	for (uint64_t tag = 1; tag <= 3; tag++)
		ASSERT_EQ(1, calls_start(FORM, self->client,
					 tag == 1 ? "a" : tag == 2 ? "b" : "c",
					 WITH(.cookie = tag, .tag = tag)));
	EXPECT_EQ(1, OP(self->server, .op = DIPC_OP_RECV, .in = PTR(text),
			.in_len = 8, .info = PTR(&r), .match = PTR(&match)));
	EXPECT_STREQ("b", text);
	EXPECT_EQ(2, r.tag);
	ASSERT_EQ(0, post_match(self->server, 0, 3, ~0ULL));
	EXPECT_STREQ("c", TAKE(self->server).text);
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	ASSERT_EQ(0, post_match(self->server, 0, 0, 0));
	EXPECT_STREQ("a", TAKE(self->server).text);
}

TEST_HARNESS_MAIN
