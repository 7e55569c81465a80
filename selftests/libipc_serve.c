// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: requests, as the server has them (<ipc/serve.h>):
 * taken, replied to at once or in parts, read from, forwarded and dropped, and
 * how each of these fails. The loop that serves is in libipc_serve_loop.c,
 * servers of several workers are in libipc_server.c.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "libcalls.h"
#include "held.h"

/* One call is started with text, taken, and its handle is given. */
static uint64_t hold(struct taken *t, int client, int server,
		     const struct sockaddr_dipc *to, uint64_t cookie)
{
	if (start_call(client, to, cookie, "request"))
		return 0;
	*t = take(server);
	return t->r.handle;
}

#define HOLD(t, cookie)	\
	hold(t, self->client, self->server, &self->to, cookie)

/* How a call has ended: the reply in text, or a negative errno. */
static int end_of(int fd, uint64_t cookie, char *text)
{
	struct dipc_outcome o;
	int err;

	memset(text, 0, TEXT_MAX + 1);
	err = ipc_call_finish(fd, cookie, ONE(text, TEXT_MAX), MSG_DONTWAIT,
			      &o);
	if (err)
		return -99999;
	return o.error ? -(int)o.error : (int)o.len;
}

TEST_F(calls, option)
{
	int fd = ipc_open(SOCK_RDM, 0), on = -1;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ipc_get_recv_calls(fd, &on));
	EXPECT_EQ(0, on);
	EXPECT_EQ(-EINVAL, ipc_set_recv_calls(fd, 2));
	EXPECT_EQ(0, ipc_set_recv_calls(fd, 1));
	EXPECT_EQ(0, ipc_get_recv_calls(fd, &on));
	EXPECT_EQ(1, on);
	EXPECT_EQ(0, ipc_set_recv_calls(fd, 0));
	ASSERT_EQ(0, ipc_bind(fd, NULL));
	EXPECT_EQ(0, ipc_set_recv_calls(fd, 1));
	EXPECT_EQ(-EBUSY, ipc_set_recv_calls(fd, 0));
	close(fd);
	EXPECT_EQ(-EBADF, ipc_set_recv_calls(fd, 1));
	EXPECT_EQ(-EBADF, ipc_get_recv_calls(fd, &on));
	EXPECT_EQ(1, on);
	fd = ipc_open(SOCK_STREAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, ipc_set_recv_calls(fd, 1));
	close(fd);
}

TEST_F(calls, links_have_it_from_the_listener)
{
	int listener, client, server, on = 0;
	char text[TEXT_MAX + 1];
	struct taken t;

	listener = ipc_link_listen(SOCK_SEQPACKET, &self->nobody, 1);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, ipc_set_recv_calls(listener, 1));
	client = ipc_link_connect(SOCK_SEQPACKET, &self->nobody, O_RDWR);
	ASSERT_LE(0, client);
	server = ipc_link_accept(listener, O_RDWR);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, ipc_get_recv_calls(server, &on));
	EXPECT_EQ(1, on);
	ASSERT_NE(0, hold(&t, client, server, NULL, 1));
	EXPECT_EQ(0, ipc_reply(server, t.r.handle, "x", 1));
	EXPECT_EQ(1, end_of(client, 1, text));
	/* the end */
	close(client);
	t = take(server);
	EXPECT_EQ(0, t.len);
	EXPECT_EQ(0, t.r.id);
	close(server);
	close(listener);
}

/*
 * Taken
 */

TEST_F(calls, long_request_is_read_in_parts)
{
	struct dipc_request r;
	char buf[8] = "", b2[4] = "";
	struct iovec in[2] = { { buf, 2 }, { b2, 3 } };

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "0123456789"));
	EXPECT_EQ(10, ipc_recv_request(self->server, in, 2, 0, NULL, &r));
	EXPECT_STREQ("01", buf);
	EXPECT_EQ(0, memcmp("234", b2, 3));
	EXPECT_EQ(10, r.len);
	EXPECT_EQ(5, ipc_request_read(self->server, r.handle, 5, buf, 8));
	EXPECT_EQ(0, memcmp("56789", buf, 5));
	EXPECT_EQ(2, ipc_request_read(self->server, r.handle, 0, buf, 2));
	EXPECT_EQ(0, memcmp("01", buf, 2));
	EXPECT_EQ(0, ipc_request_read(self->server, r.handle, 10, buf, 8));
	EXPECT_EQ(-EINVAL, ipc_request_read(self->server, r.handle, 11, buf,
					    8));
	EXPECT_EQ(-EFAULT, ipc_request_read(self->server, r.handle, 0, BAD,
					    8));
	EXPECT_EQ(-ESRCH, ipc_request_read(self->server, r.handle + 1, 0, buf,
					   8));
	EXPECT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-EPIPE, ipc_request_read(self->server, r.handle, 0, buf, 8));
	EXPECT_EQ(0, ipc_drop(self->server, r.handle));
}

TEST_F(calls, request_that_is_wanted_once)
{
	struct dipc_request r;
	uint64_t handle = 0;
	char buf[8] = "";

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "once"));
	EXPECT_EQ(4, ipc_recv_request(self->server, ONE(buf, 8),
				      IPC_CONSUME, NULL, &r));
	EXPECT_STREQ("once", buf);
	EXPECT_EQ(-ENODATA, ipc_request_read(self->server, r.handle, 0, buf,
					     8));
	EXPECT_EQ(-ENODATA, ipc_forward(self->server, r.handle, &self->to));
	/* what does not fit is kept */
	ASSERT_EQ(0, start_call(self->client, &self->to, 2, "longer"));
	handle = r.handle;
	EXPECT_EQ(6, ipc_reply_recv(self->server, &handle, NULL, 0,
				    ONE(buf, 4), IPC_CONSUME |
				    MSG_DONTWAIT, &r));
	EXPECT_EQ(0, handle);
	EXPECT_EQ(2, ipc_request_read(self->server, r.handle, 4, buf, 8));
	EXPECT_EQ(0, memcmp("er", buf, 2));
	EXPECT_EQ(0, ipc_reply(self->server, r.handle, NULL, 0));
	/* who calls is asked for nothing of the kind */
	EXPECT_EQ(-EINVAL, ipc_call_oneway(self->client, ONE(buf, 8),
					   IPC_CONSUME, NULL));
}

TEST_F(calls, messages_come_between)
{
	struct dipc_request r;
	char buf[2];

	ASSERT_EQ(3, ipc_sendto(self->client, "abc", 3, 0, &self->to));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	EXPECT_EQ(3, ipc_recv_request(self->server, ONE(buf, 2), 0, NULL, &r));
	EXPECT_EQ(0, r.handle);
	EXPECT_EQ(3, r.len);
	EXPECT_EQ(1, ipc_recv_request(self->server, ONE(buf, 2), 0, NULL, &r));
	EXPECT_NE(0, r.handle);
}

TEST_F(calls, taken_by_match)
{
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_TAG,
		.to = &self->to,
		.tag = 5,
	};
	struct dipc_match match = { .tag = 5, .tag_mask = ~0ULL }, bad = match;
	struct dipc_request r;
	char buf[2] = "";

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "a"));
	EXPECT_EQ(-EAGAIN, ipc_recv_request(self->server, ONE(buf, 1),
					    MSG_DONTWAIT, &match, &r));
	ASSERT_EQ(0, ipc_call_start(self->client, 2, TEXT("b"), 0, 0, &attr));
	bad.reserved[0] = 1;
	EXPECT_EQ(-EINVAL, ipc_recv_request(self->server, ONE(buf, 1), 0, &bad,
					    &r));
	EXPECT_EQ(1, ipc_recv_request(self->server, ONE(buf, 1), 0, &match,
				      &r));
	EXPECT_STREQ("b", buf);
	EXPECT_EQ(5, r.tag);
	ASSERT_EQ(0, ipc_set_match(self->server, &match));
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
	ASSERT_EQ(0, ipc_set_match(self->server, NULL));
	EXPECT_STREQ("a", take(self->server).text);
}

static long do_take(void *arg)
{
	return take(*(int *)arg).len;
}

TEST_F(calls, nothing_is_taken)
{
	struct sockaddr_dipc box;
	struct dt_thread thread;
	struct dipc_request r = { .id = 77 };
	struct iovec many[1025] = { 0 };
	int fd;

	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
	ASSERT_EQ(0, ipc_set_timeouts(self->server, -1, DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, take(self->server).len);
	ASSERT_EQ(0, ipc_set_timeouts(self->server, -1, -1));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_thread_start(&thread, do_take, &self->server));
	ASSERT_TRUE(dt_wait_asleep(thread.tid, SYS_ioctl));
	ASSERT_EQ(0, pthread_kill(thread.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&thread));
	EXPECT_EQ(-EBADF, take(-1).len);

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "abc"));
	EXPECT_EQ(-EFAULT, ipc_recv_request(self->server, ONE(BAD, 8), 0, NULL,
					    &r));
	EXPECT_EQ(-EINVAL, ipc_recv_request(self->server, many, 1025, 0, NULL,
					    &r));
	EXPECT_EQ(77, r.id);
	EXPECT_EQ(3, take(self->server).len);

	ASSERT_EQ(0, ipc_mailbox_create(self->unused, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	fd = server_at(&box);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_thread_start(&thread, do_take, &fd));
	ASSERT_TRUE(dt_wait_asleep(thread.tid, SYS_ioctl));
	ASSERT_EQ(0, ipc_mailbox_delete(self->unused));
	EXPECT_EQ(-EIDRM, dt_thread_join(&thread));
	EXPECT_EQ(-EIDRM, take(fd).len);
	close(fd);
}

/*
 * A socket holds so many, and its next request stays where it is. Where all is
 * slow, this is left to the suite that counts them without the library.
 */
TEST_F(calls, too_many_are_held)
{
	int i, err = 0, other = ipc_open(SOCK_RDM, 0), bytes = 1 << 30;
	const char *slow = getenv("DIPC_SLOW");
	char text[TEXT_MAX + 1];
	uint64_t first = 0;
	struct taken t;

	if (slow && atoi(slow) > 1)
		SKIP(return, "takes too long here");
	if (setsockopt(self->client, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
		       sizeof(bytes)))
		SKIP(return, "needs to be root");
	for (i = 0; i < DIPC_HANDLES_MAX && !err; i++) {
		err = ipc_call_start(self->client, i, NULL, 0, 0, 0,
				     &(struct ipc_call_attr) {
						.to = &self->to });
		if (err)
			break;
		t = take(self->server);
		err = t.len;
		if (!i)
			first = t.r.handle;
	}
	EXPECT_EQ(0, err);
	/* and so many are outstanding at its client */
	EXPECT_EQ(-EAGAIN, start_call(self->client, &self->to, i, "x"));
	ASSERT_EQ(0, start_call(other, &self->to, 1, "x"));
	EXPECT_EQ(-EMFILE, take(self->server).len);
	EXPECT_EQ(0, ipc_reply(self->server, first, NULL, 0));
	t = take(self->server);
	EXPECT_STREQ("x", t.text);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "y", 1));
	EXPECT_EQ(1, end_of(other, 1, text));
	close(other);
}

/* Who has not asked for requests skips them. */
TEST_F(calls, mailbox_with_two_kinds_of_receivers)
{
	struct sockaddr_dipc box;
	int plain = ipc_open(SOCK_RDM, 0), fd;
	char buf[8];

	ASSERT_EQ(0, ipc_mailbox_create(self->unused, NULL, 0));
	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	ASSERT_EQ(0, ipc_bind(plain, &box));
	EXPECT_EQ(-EOPNOTSUPP, start_call(self->client, &box, 1, "a"));
	fd = server_at(&box);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, start_call(self->client, &box, 1, "call"));
	ASSERT_EQ(2, ipc_sendto(self->client, "me", 2, 0, &box));
	EXPECT_EQ(2, ipc_recv(plain, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, ipc_recv(plain, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_STREQ("call", take(fd).text);
	EXPECT_EQ(0, ipc_mailbox_delete(self->unused));
	close(fd);
	close(plain);
}

/*
 * Replied to
 */

TEST_F(calls, reply_in_parts)
{
	struct iovec out[2] = { { "de", 2 }, { "f", 1 } };
	char text[TEXT_MAX + 1];
	struct taken t;
	int s = self->server;

	ASSERT_NE(0, HOLD(&t, 1));
	EXPECT_EQ(3, ipc_reply_part(s, t.r.handle, 6, "xyz", 3));
	EXPECT_EQ(2, ipc_reply_part(s, t.r.handle, 0, "AB", 2));
	EXPECT_EQ(1, ipc_reply_part(s, t.r.handle, 1, "b", 1));
	EXPECT_EQ(0, ipc_reply_part(s, t.r.handle, 3, NULL, 0));
	EXPECT_EQ(0, ipc_replymsg(s, t.r.handle, 3, out, 2));
	EXPECT_EQ(9, end_of(self->client, 1, text));
	EXPECT_EQ(0, memcmp("Ab\0defxyz", text, 9));

	/* all was written before */
	ASSERT_NE(0, HOLD(&t, 1));
	EXPECT_EQ(3, ipc_reply_part(s, t.r.handle, 2, "xyz", 3));
	EXPECT_EQ(0, ipc_replymsg(s, t.r.handle, 0, NULL, 0));
	EXPECT_EQ(5, end_of(self->client, 1, text));
	EXPECT_EQ(0, memcmp("\0\0xyz", text, 5));
}

TEST_F(calls, reply_fails_and_the_request_is_held)
{
	char text[TEXT_MAX + 1], big[TEXT_MAX + 1];
	int s = self->server;
	struct taken t;

	memset(big, 'x', sizeof(big));
	ASSERT_NE(0, HOLD(&t, 1));
	EXPECT_EQ(-EMSGSIZE, ipc_reply(s, t.r.handle, big, TEXT_MAX + 1));
	EXPECT_EQ(-EMSGSIZE, ipc_replymsg(s, t.r.handle, TEXT_MAX, TEXT("x")));
	EXPECT_EQ(-EMSGSIZE, ipc_reply_part(s, t.r.handle, ~0ULL, "xx", 2));
	EXPECT_EQ(-EFAULT, ipc_reply(s, t.r.handle, BAD, 8));
	EXPECT_EQ(-EFAULT, ipc_reply_part(s, t.r.handle, 0, BAD, 8));
	EXPECT_EQ(0, ipc_reply(s, t.r.handle, big, TEXT_MAX));
	EXPECT_EQ(TEXT_MAX, end_of(self->client, 1, text));
}

TEST_F(calls, handle_is_good_once_and_here)
{
	int s = self->server, other;
	char text[TEXT_MAX + 1];
	struct taken t;

	ASSERT_NE(0, HOLD(&t, 1));
	other = server_at(NULL);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ESRCH, ipc_reply(other, t.r.handle, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(self->client, t.r.handle, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(s, 0, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(s, t.r.handle + 1, "x", 1));
	EXPECT_EQ(0, ipc_reply(s, t.r.handle, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(s, t.r.handle, "y", 1));
	EXPECT_EQ(-ESRCH, ipc_reply_part(s, t.r.handle, 0, "y", 1));
	EXPECT_EQ(-ESRCH, ipc_forward(s, t.r.handle, &self->nobody));
	EXPECT_EQ(-ESRCH, ipc_drop(s, t.r.handle));
	EXPECT_EQ(1, end_of(self->client, 1, text));
	EXPECT_STREQ("x", text);
	close(other);
}

TEST_F(calls, client_waits_no_more)
{
	int s = self->server, other;
	struct sockaddr_dipc to;
	struct taken t[4];
	uint64_t port;
	int i;

	other = server_at(NULL);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ipc_port_id(other, &port));
	ASSERT_EQ(0, ipc_addr_port(port, 0, &to));
	for (i = 0; i < 4; i++) {
		ASSERT_NE(0, HOLD(&t[i], i));
		ASSERT_EQ(0, ipc_call_cancel(self->client, i));
	}
	EXPECT_EQ(-EPIPE, ipc_reply_part(s, t[0].r.handle, 0, "x", 1));
	EXPECT_EQ(-EPIPE, ipc_reply_part(s, t[0].r.handle, 0, "x", 1));
	EXPECT_EQ(-EPIPE, ipc_reply(s, t[0].r.handle, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(s, t[0].r.handle, "x", 1));
	EXPECT_EQ(-EPIPE, ipc_replymsg(s, t[1].r.handle, 0, NULL, 0));
	EXPECT_EQ(-ESRCH, ipc_drop(s, t[1].r.handle));
	EXPECT_EQ(0, ipc_drop(s, t[2].r.handle));
	EXPECT_EQ(-ESRCH, ipc_drop(s, t[2].r.handle));
	EXPECT_EQ(-EPIPE, ipc_forward(s, t[3].r.handle, &to));
	EXPECT_EQ(-ESRCH, ipc_drop(s, t[3].r.handle));
	close(other);
}

/* While one thread is in the middle of a reply, or of a part of it. */
TEST_F(calls, another_thread_is_at_it)
{
	int s = self->server;
	char buf[8];
	struct held_stuck stuck;
	struct taken t;

	ASSERT_NE(0, HOLD(&t, 1));
	if (held_stuck_start(&stuck, HELD_WRITE, s, t.r.handle))
		SKIP(return, "no userfaultfd");
	EXPECT_EQ(-EBUSY, ipc_reply(s, t.r.handle, "x", 1));
	EXPECT_EQ(-EBUSY, ipc_reply_part(s, t.r.handle, 0, "x", 1));
	EXPECT_EQ(-EBUSY, ipc_request_read(s, t.r.handle, 0, buf, 8));
	EXPECT_EQ(-EBUSY, ipc_forward(s, t.r.handle, &self->nobody));
	EXPECT_EQ(-EBUSY, ipc_drop(s, t.r.handle));
	EXPECT_EQ(HELD_LEN, held_stuck_end(&stuck));
	EXPECT_EQ(0, ipc_drop(s, t.r.handle));
}

TEST_F(calls, reply_and_receive_in_one)
{
	struct dipc_request r;
	char text[TEXT_MAX + 1], buf[TEXT_MAX + 1] = "";
	struct iovec out[2] = { { "a", 1 }, { "b", 1 } };
	struct iovec in[2] = { { buf, 2 }, { buf + 2, 2 } };
	uint64_t handle = 0;
	int s = self->server;

	/* nothing to reply to: the pieces mean nothing */
	EXPECT_EQ(-EAGAIN, ipc_reply_recv(s, &handle, BAD, 7, in, 2,
					  MSG_DONTWAIT, &r));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "first"));
	EXPECT_EQ(5, ipc_reply_recv(s, &handle, NULL, 0, in, 2, 0, &r));
	EXPECT_STREQ("firs", buf);
	EXPECT_EQ(0, handle);
	handle = r.handle;
	ASSERT_EQ(0, start_call(self->client, &self->to, 2, "2"));
	EXPECT_EQ(1, ipc_reply_recv(s, &handle, out, 2, in, 2, 0, &r));
	EXPECT_EQ(0, handle);
	EXPECT_EQ('2', buf[0]);
	EXPECT_EQ(2, end_of(self->client, 1, text));
	EXPECT_STREQ("ab", text);

	/* the reply is out, and nothing is there */
	handle = r.handle;
	EXPECT_EQ(-EAGAIN, ipc_reply_recv(s, &handle, out, 2, in, 2,
					  MSG_DONTWAIT, &r));
	EXPECT_EQ(0, handle);
	EXPECT_EQ(2, end_of(self->client, 2, text));
}

TEST_F(calls, reply_and_receive_fails_at_the_reply)
{
	char big[TEXT_MAX + 1] = "", text[TEXT_MAX + 1];
	int s = self->server;
	struct dipc_request r;
	uint64_t handle;
	struct taken t;

	ASSERT_NE(0, HOLD(&t, 1));
	ASSERT_EQ(0, start_call(self->client, &self->to, 2, "next"));
	handle = t.r.handle;
	EXPECT_EQ(-EMSGSIZE, ipc_reply_recv(s, &handle, ONE(big, TEXT_MAX + 1),
					    ONE(text, TEXT_MAX), 0, &r));
	EXPECT_EQ(t.r.handle, handle);
	EXPECT_EQ(-EFAULT, ipc_reply_recv(s, &handle, ONE(BAD, 1),
					  ONE(text, TEXT_MAX), 0, &r));
	EXPECT_EQ(t.r.handle, handle);
	handle++;
	EXPECT_EQ(-ESRCH, ipc_reply_recv(s, &handle, TEXT("x"),
					 ONE(text, TEXT_MAX), 0, &r));
	handle = t.r.handle;
	EXPECT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-EPIPE, ipc_reply_recv(s, &handle, TEXT("x"),
					 ONE(text, TEXT_MAX), 0, &r));
	EXPECT_EQ(t.r.handle, handle);
	EXPECT_EQ(-ESRCH, ipc_drop(s, handle));
	EXPECT_STREQ("next", take(s).text);
}

/*
 * Forwarded, dropped
 */

FIXTURE(chain)
{
	char name[3][DIPC_NAME_MAX + 1];
	struct sockaddr_dipc at[3], to;	/* the first, which is called */
	int fd[3];
	int client;
};

FIXTURE_SETUP(chain)
{
	int i;

	for (i = 0; i < 3; i++) {
		dt_unique(self->name[i], "stage");
		ASSERT_EQ(0, ipc_addr_name(self->name[i], 0, &self->at[i]));
		self->fd[i] = server_at(&self->at[i]);
		ASSERT_LE(0, self->fd[i]);
	}
	self->to = self->at[0];
	self->client = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(chain)
{
	int i;

	for (i = 0; i < 3; i++)
		close(self->fd[i]);
	close(self->client);
}

TEST_F(chain, each_writes_a_part)
{
	struct asked a = ASKED(.timeout_ms = DT_LONG_MS);
	struct taken t[3];
	uint64_t port;
	int i;

	ASSERT_EQ(0, ask(&a));
	for (i = 0; i < 2; i++) {
		t[i] = take(self->fd[i]);
		EXPECT_EQ(1, ipc_reply_part(self->fd[i], t[i].r.handle, i,
					    &"abc"[i], 1));
		EXPECT_EQ(0, ipc_forward(self->fd[i], t[i].r.handle,
					 &self->at[i + 1]));
		EXPECT_EQ(-ESRCH, ipc_reply(self->fd[i], t[i].r.handle, "x",
					    1));
	}
	t[2] = take(self->fd[2]);
	EXPECT_STREQ("ping", t[2].text);
	EXPECT_EQ(0, t[0].r.flags & DIPC_REQUEST_FORWARDED);
	EXPECT_EQ(DIPC_REQUEST_FORWARDED, t[2].r.flags);
	EXPECT_EQ(0, ipc_port_id(self->client, &port));
	EXPECT_EQ(port, t[2].r.port);
	EXPECT_EQ(t[0].r.id, t[2].r.id);
	EXPECT_EQ(1, t[2].r.attempt);
	EXPECT_LT(0, t[2].r.deadline_ns);
	EXPECT_GE(t[0].r.deadline_ns, t[2].r.deadline_ns);
	EXPECT_EQ(0, ipc_replymsg(self->fd[2], t[2].r.handle, 2, TEXT("c")));
	EXPECT_EQ(3, answer_of(&a));
	EXPECT_STREQ("abc", a.reply);
}

TEST_F(chain, forward_fails_and_the_request_is_held)
{
	struct sockaddr_dipc to, mailbox, bad = { 0 };
	char text[TEXT_MAX + 1];
	int plain = ipc_open(SOCK_RDM, 0), s = self->fd[0];
	struct taken t;

	ASSERT_NE(0, hold(&t, self->client, s, &self->to, 1));
	EXPECT_EQ(-ELOOP, ipc_forward(s, t.r.handle, &self->to));
	dt_unique(text, "nobody");
	ASSERT_EQ(0, ipc_addr_name(text, 0, &to));
	EXPECT_EQ(-ENOENT, ipc_forward(s, t.r.handle, &to));
	ASSERT_EQ(0, ipc_addr_mailbox(text, 0, &mailbox));
	EXPECT_EQ(-ENOENT, ipc_forward(s, t.r.handle, &mailbox));
	ASSERT_EQ(0, ipc_bind(plain, &to));
	EXPECT_EQ(-EOPNOTSUPP, ipc_forward(s, t.r.handle, &to));
	close(plain);
	ASSERT_EQ(0, ipc_addr_port(0xfff3, 0, &to));
	EXPECT_EQ(-ECONNREFUSED, ipc_forward(s, t.r.handle, &to));
	bad.sdipc_family = ipc_family();
	bad.sdipc_type = 99;
	EXPECT_EQ(-EINVAL, ipc_forward(s, t.r.handle, &bad));
	EXPECT_EQ(-EFAULT, ipc_forward(s, t.r.handle, BAD));
	EXPECT_EQ(-ENOTCONN, ipc_forward(s, t.r.handle, NULL));
	ASSERT_EQ(0, dt_set_capacity(self->fd[1], 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, ipc_forward(s, t.r.handle, &self->at[1]));
	/* where one may wait, the request does, and not the server */
	ASSERT_EQ(0, dt_set_capacity(self->fd[1], 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, ipc_forward(s, t.r.handle, &self->at[1]));
	t = take(self->fd[1]);
	EXPECT_STREQ("request", t.text);
	EXPECT_EQ(0, ipc_reply(self->fd[1], t.r.handle, "x", 1));
	EXPECT_EQ(1, end_of(self->client, 1, text));
}

TEST_F(chain, next_server_is_gone)
{
	char text[TEXT_MAX + 1];
	struct taken t;

	ASSERT_NE(0, hold(&t, self->client, self->fd[0], &self->to, 1));
	EXPECT_EQ(0, ipc_forward(self->fd[0], t.r.handle, &self->at[1]));
	close(self->fd[1]);
	/* nobody took it there, but somebody had */
	EXPECT_EQ(-ECONNRESET, end_of(self->client, 1, text));
}

/* Round and round: 255 times, and not once more. */
TEST_F(chain, too_many_stages)
{
	char text[TEXT_MAX + 1];
	struct taken t;
	int i, at = 0;

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	for (i = 0; i < 255; i++, at = !at) {
		t = take(self->fd[at]);
		ASSERT_EQ(0, ipc_forward(self->fd[at], t.r.handle,
					 &self->at[!at]));
	}
	t = take(self->fd[at]);
	EXPECT_EQ(-ELOOP, ipc_forward(self->fd[at], t.r.handle,
				      &self->at[!at]));
	EXPECT_EQ(0, ipc_reply(self->fd[at], t.r.handle, "x", 1));
	EXPECT_EQ(1, end_of(self->client, 1, text));
}

TEST_F(calls, dropped)
{
	char text[TEXT_MAX + 1];
	struct taken t[3];
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_NE(0, HOLD(&t[i], i));
	EXPECT_EQ(0, ipc_drop(self->server, t[1].r.handle));
	EXPECT_EQ(-ECONNRESET, end_of(self->client, 1, text));
	EXPECT_EQ(-99999, end_of(self->client, 0, text));
	/* and with the last descriptor all the others */
	i = dup(self->server);
	close(self->server);
	EXPECT_EQ(0, ipc_reply(i, t[0].r.handle, "x", 1));
	EXPECT_EQ(1, end_of(self->client, 0, text));
	close(i);
	EXPECT_EQ(-ECONNRESET, end_of(self->client, 2, text));
}

TEST_HARNESS_MAIN
