// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: calls that are started, finished by cookie or in
 * the order in which they end, and given up (<ipc/call.h>); and calls by
 * messages with parameters (<ipc/message.h>), which take descriptors along.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "libcalls.h"

static int finish(int fd, uint64_t cookie, char *reply, struct dipc_outcome *o)
{
	memset(reply, 0, TEXT_MAX + 1);
	return ipc_call_finish(fd, cookie, ONE(reply, TEXT_MAX), MSG_DONTWAIT,
			       o);
}

static int finish_any(int fd, char *reply, struct dipc_outcome *o)
{
	memset(reply, 0, TEXT_MAX + 1);
	return ipc_call_finish_any(fd, ONE(reply, TEXT_MAX), MSG_DONTWAIT, o);
}

TEST_F(calls, finished_by_cookie_and_in_order)
{
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	struct taken t[3];
	int i;

	EXPECT_EQ(-ENOENT, finish_any(self->client, reply, &o));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, start_call(self->client, &self->to, 10 + i,
					&"abc\0"[i]));
	for (i = 0; i < 3; i++)
		t[i] = take(self->server);
	EXPECT_EQ(0, events_of(self->client) & POLLIN);
	EXPECT_EQ(-EAGAIN, finish_any(self->client, reply, &o));
	EXPECT_EQ(-EAGAIN, finish(self->client, 11, reply, &o));
	EXPECT_EQ(-ENOENT, finish(self->client, 13, reply, &o));

	for (i = 2; i >= 0; i--)
		EXPECT_EQ(0, ipc_reply(self->server, t[i].r.handle,
				       &"012"[i], 1));
	EXPECT_EQ(POLLIN, events_of(self->client) & POLLIN);
	EXPECT_EQ(0, finish(self->client, 11, reply, &o));
	EXPECT_EQ(11, o.cookie);
	EXPECT_EQ(t[1].r.id, o.id);
	EXPECT_EQ(0, o.error);
	EXPECT_EQ(DIPC_REASON_REPLIED, o.reason);
	EXPECT_EQ(1, o.len);
	EXPECT_EQ(1, o.attempt);
	EXPECT_EQ(getpid(), o.pid);
	EXPECT_STREQ("1", reply);
	EXPECT_EQ(-ENOENT, finish(self->client, 11, reply, &o));
	/* the others in the order in which they have ended */
	EXPECT_EQ(0, finish_any(self->client, reply, &o));
	EXPECT_EQ(12, o.cookie);
	EXPECT_STREQ("2", reply);
	EXPECT_EQ(0, finish_any(self->client, reply, &o));
	EXPECT_EQ(10, o.cookie);
	EXPECT_EQ(-ENOENT, finish_any(self->client, reply, &o));
	EXPECT_EQ(0, events_of(self->client) & POLLIN);
}

TEST_F(calls, cookie_is_unique)
{
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	struct taken t;

	ASSERT_EQ(0, start_call(self->client, &self->to, 0, "x"));
	EXPECT_EQ(-EEXIST, start_call(self->client, &self->to, 0, "x"));
	ASSERT_EQ(0, start_call(self->client, &self->to, ~0ULL, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "", 0));
	/* also as long as it is not read */
	EXPECT_EQ(-EEXIST, start_call(self->client, &self->to, 0, "x"));
	EXPECT_EQ(0, finish(self->client, 0, reply, &o));
	EXPECT_EQ(0, start_call(self->client, &self->to, 0, "x"));
}

TEST_F(calls, start_fails)
{
	struct ipc_call_attr attr = { .to = &self->to };
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	int bytes = 4096, i, err;

	EXPECT_EQ(-ENOENT, start_call(self->client, &self->nobody, 1, "x"));
	EXPECT_EQ(-ENOTCONN, start_call(self->client, NULL, 1, "x"));
	EXPECT_EQ(-EFAULT, ipc_call_start(self->client, 1, ONE(BAD, 1), 0, 0,
					  &attr));
	attr.fields = IPC_CALL_SEMANTICS;
	attr.semantics = DIPC_MAYBE + 1;
	EXPECT_EQ(-EINVAL, ipc_call_start(self->client, 1, TEXT("x"), 0, 0,
					  &attr));
	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, start_call(self->client, &self->to, 1, "x"));
	EXPECT_EQ(-ENOENT, finish_any(self->client, reply, &o));

	/* the room for replies counts */
	ASSERT_EQ(0, dt_set_capacity(self->server, 256, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDBUF, &bytes,
				sizeof(bytes)));
	attr.fields = 0;
	for (i = 0; i < 256; i++) {
		err = ipc_call_start(self->client, i, TEXT("x"), 4096, 0,
				     &attr);
		if (err)
			break;
	}
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_LT(0, i);
	EXPECT_EQ(0, ipc_call_cancel(self->client, 0));
	EXPECT_EQ(0, ipc_call_start(self->client, 0, TEXT("x"), 4096, 0,
				    &attr));
}

/* Where there is no room it waits in line, and the program does not. */
TEST_F(calls, start_does_not_wait)
{
	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	EXPECT_EQ(1, dt_port_senders(self->port));
	EXPECT_STREQ("x", take(self->server).text);
}

struct finisher {
	struct dt_thread thread;
	int fd;
	bool any;
	struct dipc_outcome o;
};

static long do_finish(void *arg)
{
	struct finisher *f = arg;
	char reply[TEXT_MAX];

	return f->any ? ipc_call_finish_any(f->fd, ONE(reply, TEXT_MAX), 0,
					    &f->o) :
			ipc_call_finish(f->fd, 1, ONE(reply, TEXT_MAX), 0,
					&f->o);
}

TEST_F(calls, finish_waits)
{
	struct finisher f = { .fd = self->client };
	struct taken t;
	int i;

	for (i = 0; i < 2; i++) {
		f.any = i;
		ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
		t = take(self->server);
		ASSERT_EQ(0, dt_thread_start(&f.thread, do_finish, &f));
		ASSERT_TRUE(dt_wait_asleep(f.thread.tid, SYS_ioctl));
		EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "yes", 3));
		EXPECT_EQ(0, dt_thread_join(&f.thread));
		EXPECT_EQ(1, f.o.cookie);
		EXPECT_EQ(3, f.o.len);
	}
}

TEST_F(calls, finish_ends_without_the_call)
{
	struct finisher f = { .fd = self->client };
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	struct taken t;

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	ASSERT_EQ(0, ipc_set_timeouts(self->client, -1, DT_SHORT_MS));
	f.o.cookie = 77;
	EXPECT_EQ(-EAGAIN, do_finish(&f));
	f.any = true;
	EXPECT_EQ(-EAGAIN, do_finish(&f));
	ASSERT_EQ(0, ipc_set_timeouts(self->client, -1, -1));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, dt_thread_start(&f.thread, do_finish, &f));
	ASSERT_TRUE(dt_wait_asleep(f.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, pthread_kill(f.thread.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&f.thread));
	EXPECT_EQ(77, f.o.cookie);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	/* bad memory loses nothing */
	EXPECT_EQ(-EFAULT, ipc_call_finish(self->client, 1, ONE(BAD, 8), 0,
					   &o));
	EXPECT_EQ(0, finish(self->client, 1, reply, &o));
	EXPECT_EQ(1, o.len);
}

TEST_F(calls, reply_is_cut)
{
	struct dipc_outcome o;
	struct taken t;
	char buf[3] = "";

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "reply", 5));
	EXPECT_EQ(0, ipc_call_finish(self->client, 1, ONE(buf, 2), 0, &o));
	EXPECT_EQ(5, o.len);
	EXPECT_STREQ("re", buf);
	EXPECT_EQ(-ENOENT, ipc_call_finish(self->client, 1, ONE(buf, 2), 0,
					   &o));
}

TEST_F(calls, failure_is_an_outcome)
{
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_DEADLINE,
		.deadline_ns = DT_SHORT_MS * MS,
		.to = &self->to,
	};
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	struct taken t;

	/* dropped, in time over, never taken */
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_drop(self->server, t.r.handle));
	EXPECT_EQ(0, finish(self->client, 1, reply, &o));
	EXPECT_EQ(ECONNRESET, o.error);
	EXPECT_EQ(DIPC_REASON_RESET, o.reason);
	EXPECT_EQ(t.r.id, o.id);
	EXPECT_EQ(0, o.len);

	ASSERT_EQ(0, ipc_call_start(self->client, 2, TEXT("x"), 0, 0, &attr));
	ASSERT_TRUE(DT_WAIT_UNTIL(events_of(self->client) & POLLIN));
	EXPECT_EQ(0, finish_any(self->client, reply, &o));
	EXPECT_EQ(2, o.cookie);
	EXPECT_EQ(ETIMEDOUT, o.error);
	EXPECT_EQ(DIPC_REASON_EXPIRED, o.reason);

	ASSERT_EQ(0, start_call(self->client, &self->to, 3, "x"));
	close(self->server);
	EXPECT_EQ(0, finish(self->client, 3, reply, &o));
	EXPECT_EQ(ECONNREFUSED, o.error);
	EXPECT_EQ(1, o.attempt);
}

TEST_F(calls, server_process_is_killed)
{
	char reply[TEXT_MAX + 1];
	struct server_process p;
	struct dipc_outcome o;

	ASSERT_EQ(0, process_start(&p, &self->nobody, false));
	ASSERT_EQ(0, start_call(self->client, &self->nobody, 1, "x"));
	ASSERT_TRUE(DT_WAIT_UNTIL(p.shared->taken == 1));
	ASSERT_EQ(0, process_kill(&p));
	ASSERT_TRUE(DT_WAIT_UNTIL(events_of(self->client) & POLLIN));
	EXPECT_EQ(0, finish(self->client, 1, reply, &o));
	EXPECT_EQ(ECONNRESET, o.error);
}

TEST_F(calls, started_at_least_once)
{
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_SEMANTICS,
		.semantics = DIPC_AT_LEAST_ONCE,
		.to = &self->nobody,
	};
	struct server_process first, second;
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;

	ASSERT_EQ(0, process_start(&first, &self->nobody, false));
	ASSERT_EQ(0, ipc_call_start(self->client, 1, TEXT("x"), TEXT_MAX, 0,
				    &attr));
	ASSERT_TRUE(DT_WAIT_UNTIL(first.shared->taken == 1));
	ASSERT_EQ(0, process_kill(&first));
	ASSERT_EQ(0, process_start(&second, &self->nobody, true));
	/* whoever looks sends it again */
	ASSERT_TRUE(DT_WAIT_UNTIL(finish(self->client, 1, reply, &o) !=
				  -EAGAIN));
	EXPECT_EQ(0, o.error);
	EXPECT_STREQ("done", reply);
	EXPECT_LE(2, o.attempt);
	EXPECT_EQ(first.shared->id, second.shared->id);
	EXPECT_EQ(0, process_kill(&second));
}

/*
 * Given up
 */

TEST_F(calls, cancelled_at_each_stage)
{
	char reply[TEXT_MAX + 1];
	struct dipc_cancelled c;
	struct dipc_outcome o;
	struct taken t;

	EXPECT_EQ(-ENOENT, ipc_call_cancel(self->client, 1));
	/* in the queue */
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	EXPECT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
	EXPECT_EQ(-ENOENT, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-EAGAIN, ipc_recv_cancelled(self->server, &c));

	/* held */
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(POLLERR, events_of(self->server) & POLLERR);
	EXPECT_EQ(0, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(t.r.handle, c.handle);
	EXPECT_EQ(t.r.id, c.id);
	EXPECT_EQ(t.r.port, c.port);
	EXPECT_EQ(0, c.node);
	EXPECT_EQ(DIPC_REASON_CANCELLED, c.reason);
	EXPECT_EQ(-EAGAIN, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(-EPIPE, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(-ESRCH, ipc_reply(self->server, t.r.handle, "x", 1));

	/* ended */
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "x", 1));
	EXPECT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-ENOENT, finish(self->client, 1, reply, &o));
	EXPECT_EQ(0, events_of(self->client) & POLLIN);
}

TEST_F(calls, closing_gives_all_up)
{
	struct dipc_cancelled c;
	struct taken t;

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	ASSERT_EQ(0, start_call(self->client, &self->to, 2, "y"));
	t = take(self->server);
	close(self->client);
	EXPECT_EQ(-EAGAIN, take_flags(self->server, MSG_DONTWAIT).len);
	EXPECT_EQ(0, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(t.r.handle, c.handle);
	EXPECT_EQ(DIPC_REASON_WITHDRAWN, c.reason);
}

/*
 * By messages
 */

struct received {
	ssize_t len;
	struct ipc_recv_attr attr;
	struct dipc_request r;
	struct dipc_outcome o;
	int fds[2];
	char text[TEXT_MAX + 1];
};

/* With what is set in fields of those two. */
static void receive(struct received *m, int fd, uint32_t fields, int flags)
{
	memset(m, 0, sizeof(*m));
	m->attr = (struct ipc_recv_attr) {
		.fields = fields,
		.request = &m->r,
		.outcome = &m->o,
		.fds = m->fds,
		.max_fds = 2,
	};
	m->len = ipc_recvmsg(fd, ONE(m->text, TEXT_MAX), flags | MSG_DONTWAIT,
			     &m->attr);
}

static bool is_pipe_end(int fd)
{
	return lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE;
}

TEST_F(calls, descriptors_go_along)
{
	struct dipc_call_params call = { .cookie = 3, .reply_max = TEXT_MAX };
	struct dipc_reply_params reply = { 0 };
	struct ipc_send_attr request = {
		.fields = IPC_SEND_CALL | IPC_SEND_TAG,
		.to = &self->to,
		.tag = 9,
		.call = &call,
		.n_fds = 1,
	}, answer = {
		.fields = IPC_SEND_REPLY,
		.reply = &reply,
		.n_fds = 2,
	};
	struct received m;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	request.fds = fds;
	answer.fds = fds;
	ASSERT_EQ(4, ipc_sendmsg(self->client, TEXT("take"), 0, &request));
	receive(&m, self->server, IPC_RECV_REQUEST, MSG_PEEK);
	EXPECT_EQ(IPC_RECV_REQUEST, m.attr.fields);
	EXPECT_EQ(0, m.r.handle);
	close(m.fds[0]);
	receive(&m, self->server, IPC_RECV_REQUEST | IPC_RECV_OUTCOME, 0);
	EXPECT_EQ(4, m.len);
	EXPECT_EQ(IPC_RECV_REQUEST, m.attr.fields);
	EXPECT_NE(0, m.r.handle);
	EXPECT_EQ(9, m.r.tag);
	ASSERT_EQ(1, m.attr.n_fds);
	EXPECT_TRUE(is_pipe_end(m.fds[0]));
	close(m.fds[0]);

	reply.handle = m.r.handle;
	reply.flags = DIPC_REPLY_PART;
	answer.n_fds = 0;
	EXPECT_EQ(2, ipc_sendmsg(self->server, TEXT("he"), 0, &answer));
	reply.flags = 0;
	reply.offset = 2;
	answer.n_fds = 2;
	EXPECT_EQ(2, ipc_sendmsg(self->server, TEXT("re"), 0, &answer));
	receive(&m, self->client, IPC_RECV_OUTCOME | IPC_RECV_REQUEST, 0);
	EXPECT_EQ(4, m.len);
	EXPECT_STREQ("here", m.text);
	EXPECT_EQ(IPC_RECV_OUTCOME, m.attr.fields);
	EXPECT_EQ(3, m.o.cookie);
	EXPECT_EQ(0, m.o.error);
	ASSERT_EQ(2, m.attr.n_fds);
	EXPECT_TRUE(is_pipe_end(m.fds[0]));
	EXPECT_TRUE(is_pipe_end(m.fds[1]));
}

TEST_F(calls, who_knows_no_outcomes_gets_reply_or_errno)
{
	struct received m;
	struct taken t;
	char buf[8];

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "one", 3));
	EXPECT_EQ(3, ipc_recv(self->client, buf, sizeof(buf), 0));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_drop(self->server, t.r.handle));
	EXPECT_EQ(-ECONNRESET, ipc_recv(self->client, buf, sizeof(buf), 0));

	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_reply(self->server, t.r.handle, "two", 3));
	receive(&m, self->client, 0, 0);
	EXPECT_EQ(3, m.len);
	EXPECT_EQ(0, m.attr.fields);
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	EXPECT_EQ(0, ipc_drop(self->server, t.r.handle));
	receive(&m, self->client, 0, 0);
	EXPECT_EQ(-ECONNRESET, m.len);
	receive(&m, self->client, 0, 0);
	EXPECT_EQ(-EAGAIN, m.len);
}

TEST_F(calls, who_knows_no_requests_gets_none)
{
	char reply[TEXT_MAX + 1], buf[8];
	struct dipc_call_params call = { .cookie = 1 };
	struct ipc_send_attr request = {
		.fields = IPC_SEND_CALL,
		.to = &self->to,
		.call = &call,
		.n_fds = 1,
		.fds = &self->client,
	};
	struct dipc_outcome o;
	struct received m;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int lowest;

	/* there it stays */
	ASSERT_EQ(0, start_call(self->client, &self->to, 0, "x"));
	EXPECT_EQ(-EMSGSIZE, ipc_recv(self->server, buf, sizeof(buf), 0));
	EXPECT_EQ(-EMSGSIZE, ipc_recv(self->server, buf, sizeof(buf), 0));
	EXPECT_EQ(1, take(self->server).len);

	/* here it is given up, and what came with it */
	ASSERT_LE(0, null);
	request.fds = &null;
	ASSERT_EQ(1, ipc_sendmsg(self->client, TEXT("x"), 0, &request));
	lowest = dup(null);
	close(lowest);
	receive(&m, self->server, 0, 0);
	EXPECT_EQ(-EMSGSIZE, m.len);
	EXPECT_EQ(0, finish(self->client, 1, reply, &o));
	EXPECT_EQ(ECONNRESET, o.error);
	EXPECT_EQ(lowest, dup(null));
	receive(&m, self->server, IPC_RECV_REQUEST, 0);
	EXPECT_EQ(-EAGAIN, m.len);
}

TEST_F(calls, put_into_a_mailbox)
{
	struct dipc_call_params call = { .cookie = 1, .reply_max = TEXT_MAX };
	struct ipc_send_attr request = {
		.fields = IPC_SEND_CALL,
		.call = &call,
	};
	char reply[TEXT_MAX + 1];
	struct sockaddr_dipc box;
	struct dipc_outcome o;
	struct ipc_mailbox *mb;
	struct taken t;
	int fd;

	ASSERT_EQ(0, ipc_addr_mailbox(self->unused, 0, &box));
	ASSERT_EQ(0, ipc_mailbox_open(self->unused, O_WRONLY | O_CREAT, NULL,
				      &mb));
	/* before anybody is there to take it */
	ASSERT_EQ(0, ipc_mailbox_putmsg(mb, TEXT("job"), &request, -1));
	fd = server_at(&box);
	ASSERT_LE(0, fd);
	t = take(fd);
	EXPECT_STREQ("job", t.text);
	EXPECT_EQ(0, ipc_reply(fd, t.r.handle, "done", 4));
	EXPECT_EQ(0, finish(ipc_mailbox_fd(mb), 1, reply, &o));
	EXPECT_STREQ("done", reply);
	EXPECT_EQ(0, ipc_mailbox_delete(self->unused));
	EXPECT_EQ(0, ipc_mailbox_close(mb));
	close(fd);
}

/* Completions and notices are in one queue, and neither loses the other. */
TEST_F(calls, notices_beside_completions)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC,
		.to = &self->to,
		.cookie = 8,
	};
	struct dipc_completion done;
	struct dipc_cancelled c;
	struct taken t;

	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->server, &done));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "x"));
	t = take(self->server);
	ASSERT_EQ(0, ipc_call_cancel(self->client, 1));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->server, &done));
	ASSERT_EQ(1, ipc_sendmsg(self->server, TEXT("y"), 0, &attr));
	EXPECT_EQ(-EBUSY, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(0, ipc_recv_completion(self->server, &done));
	EXPECT_EQ(8, done.cookie);
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->server, &done));
	EXPECT_EQ(0, ipc_recv_cancelled(self->server, &c));
	EXPECT_EQ(t.r.handle, c.handle);
	EXPECT_EQ(-EAGAIN, ipc_recv_cancelled(self->server, &c));
}

TEST_HARNESS_MAIN
