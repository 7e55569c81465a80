// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: the loop that serves one request after the other,
 * and servers of several workers (<ipc/serve.h>): what a handler can do, what
 * ends a loop and what does not, who is told when another worker is needed, and
 * what becomes of requests when workers, servers and processes end.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include <ipc/libipc.h>

#include "libcalls.h"

/* What the handler is told to do, and what it has seen. */
struct state {
	atomic_int requests, messages, needs, inside;
	_Atomic uint64_t kept;
	atomic_bool gate;	/* "wait" ends when it is open */
};

static ssize_t handle_kept(struct ipc_served *s)
{
	struct state *st = s->arg;

	atomic_store(&st->kept, s->request->handle);
	return IPC_NO_REPLY;
}

static ssize_t handle_wait(struct ipc_served *s)
{
	struct state *st = s->arg;

	atomic_fetch_add(&st->inside, 1);
	while (!atomic_load(&st->gate))
		usleep(500);
	atomic_fetch_sub(&st->inside, 1);
	return 0;
}

static bool is(const struct ipc_served *s, const char *text)
{
	return s->in_len == strlen(text) && !memcmp(s->in, text, s->in_len);
}

/* The request in capitals, but for those that say something else. */
static ssize_t handle(struct ipc_served *s)
{
	struct state *st = s->arg;
	const char *in = s->in;
	size_t i;

	if (!s->request->handle) {
		atomic_fetch_add(&st->messages, 1);
		return 5;
	}
	atomic_fetch_add(&st->requests, 1);
	if (is(s, "keep"))
		return handle_kept(s);
	if (is(s, "wait"))
		return handle_wait(s);
	if (is(s, "drop"))
		return -ENOENT;
	if (is(s, "long"))
		return s->request->reply_max + 1;
	if (is(s, "part")) {
		ipc_reply_part(s->fd, s->request->handle, 0, "<>", 2);
		s->offset = 2;
	}
	if (is(s, "stop"))
		s->flags |= IPC_SERVED_STOP;
	for (i = 0; i < s->in_len; i++)
		((char *)s->out)[i] = toupper(in[i]);
	return s->in_len;
}

static void need_worker(void *arg)
{
	struct state *st = arg;

	atomic_fetch_add(&st->needs, 1);
}

#define CONF(st) ((struct ipc_serve_conf) {				\
	.handler = handle, .need_worker = need_worker, .arg = (st) })

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

/* The reply to a text, of at most so many bytes, or a negative errno. */
static ssize_t call(int fd, const struct sockaddr_dipc *to, const char *text,
		    char *reply)
{
	ssize_t n;

	n = ipc_call(fd, to, text, strlen(text), reply, TEXT_MAX, DT_LONG_MS);
	if (n >= 0)
		reply[n] = '\0';
	return n;
}

#define CALL(text)	call(self->client, &self->to, text, reply)

/*
 * The loop
 */

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

/*
 * Servers
 */

#define WORKERS	3

FIXTURE(server)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc to;
	struct state *st;
	struct ipc_serve_conf conf;
	struct ipc_server *server;
	struct dt_thread worker[WORKERS];
	int client;
};

FIXTURE_VARIANT(server)
{
	bool has_mailbox;
};

FIXTURE_VARIANT_ADD(server, mailbox) { true };
FIXTURE_VARIANT_ADD(server, name) { false };

FIXTURE_SETUP(server)
{
	dt_unique(self->name, "server");
	self->client = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->client)
		TH_LOG("is the module loaded? %s", strerror(-self->client));
	if (variant->has_mailbox) {
		ASSERT_EQ(0, ipc_mailbox_create(self->name, NULL, 0));
		ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &self->to));
	} else {
		ASSERT_EQ(0, ipc_addr_name(self->name, 0, &self->to));
	}
	self->st = calloc(1, sizeof(*self->st));
	ASSERT_NE(NULL, self->st);
	self->conf = CONF(self->st);
	ASSERT_EQ(0, ipc_server_open(&self->to, &self->conf, 0,
				     &self->server));
}

FIXTURE_TEARDOWN(server)
{
	close(self->client);
	EXPECT_EQ(0, ipc_server_close(self->server));
	if (variant->has_mailbox)
		ipc_mailbox_delete(self->name);
	free(self->st);
}

static long do_work(void *arg)
{
	return ipc_server_work(arg, -1);
}

/* and until it waits for requests */
static bool work(struct dt_thread *t, struct ipc_server *server)
{
	return !dt_thread_start(t, do_work, server) &&
	       dt_wait_asleep(t->tid, SYS_ioctl);
}

TEST_F(server, workers_serve_at_the_same_time)
{
	char reply[TEXT_MAX + 1];
	struct dipc_outcome o;
	int i;

	for (i = 0; i < WORKERS; i++)
		ASSERT_TRUE(work(&self->worker[i], self->server));
	for (i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, start_call(self->client, &self->to, i, "wait"));
	ASSERT_TRUE(DT_WAIT_UNTIL(self->st->inside == WORKERS));
	self->st->gate = true;
	for (i = 0; i < WORKERS; i++) {
		EXPECT_EQ(0, ipc_call_finish_any(self->client,
						 ONE(reply, TEXT_MAX), 0, &o));
		EXPECT_EQ(0, o.error);
	}
	EXPECT_EQ(2, CALL("ok"));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, dt_thread_join(&self->worker[i]));
}

/* Requests are accepted from the moment when it is open. */
TEST_F(server, requests_wait_for_workers)
{
	struct asked a = ASKED(.text = "early");
	struct dt_thread *w = &self->worker[0];

	ASSERT_EQ(-EAGAIN, ipc_server_wait(self->server, 0));
	ASSERT_TRUE(ask_and_sleep(&a));
	EXPECT_EQ(1, ipc_server_wait(self->server, DT_LONG_MS));
	/* told once */
	EXPECT_EQ(-EAGAIN, ipc_server_wait(self->server, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_server_wait(self->server, DT_SHORT_MS));
	ASSERT_EQ(0, dt_thread_start(w, do_work, self->server));
	EXPECT_EQ(5, answer_of(&a));
	EXPECT_STREQ("EARLY", a.reply);
	EXPECT_EQ(0, ipc_server_stop(self->server));
	EXPECT_EQ(0, dt_thread_join(w));
}

static long do_wait(void *arg)
{
	return ipc_server_wait(arg, DT_LONG_MS);
}

TEST_F(server, manager_is_told)
{
	struct pollfd pfd = {
		.fd = ipc_server_fd(self->server),
		.events = POLLIN,
	};
	struct dipc_outcome o;
	struct dt_thread manager;
	char reply[TEXT_MAX + 1];
	int i;

	ASSERT_TRUE(work(&self->worker[0], self->server));
	ASSERT_EQ(0, dt_thread_start(&manager, do_wait, self->server));
	ASSERT_TRUE(dt_wait_asleep(manager.tid, SYS_epoll_wait));
	ASSERT_EQ(0, start_call(self->client, &self->to, 0, "wait"));
	ASSERT_TRUE(DT_WAIT_UNTIL(self->st->inside == 1));
	EXPECT_TRUE(dt_is_asleep(manager.tid, SYS_epoll_wait));
	ASSERT_EQ(0, start_call(self->client, &self->to, 1, "wait"));
	EXPECT_EQ(1, dt_thread_join(&manager));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(0, dt_thread_start(&self->worker[1], do_work, self->server));
	ASSERT_TRUE(DT_WAIT_UNTIL(self->st->inside == 2));
	/* and again, when there are too few again */
	ASSERT_EQ(0, start_call(self->client, &self->to, 2, "wait"));
	EXPECT_EQ(1, poll(&pfd, 1, DT_LONG_MS));
	EXPECT_EQ(1, ipc_server_wait(self->server, -1));
	self->st->gate = true;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, ipc_call_finish_any(self->client,
						 ONE(reply, TEXT_MAX), 0, &o));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(0, ipc_server_wait(self->server, -1));
	EXPECT_EQ(0, ipc_server_wait(self->server, -1));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
	EXPECT_EQ(0, dt_thread_join(&self->worker[1]));
}

TEST_F(server, manager_is_interrupted)
{
	struct dt_thread manager;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_EQ(0, dt_thread_start(&manager, do_wait, self->server));
	ASSERT_TRUE(dt_wait_asleep(manager.tid, SYS_epoll_wait));
	ASSERT_EQ(0, pthread_kill(manager.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&manager));
}

TEST_F(server, stopped_worker_finishes_what_it_has)
{
	struct asked a = ASKED(.text = "wait");

	ASSERT_TRUE(work(&self->worker[0], self->server));
	ASSERT_EQ(0, ask(&a));
	ASSERT_TRUE(DT_WAIT_UNTIL(self->st->inside == 1));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	self->st->gate = true;
	EXPECT_EQ(0, answer_of(&a));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
	EXPECT_EQ(1, self->st->requests);
	/* who begins to work after that does not */
	EXPECT_EQ(0, ipc_server_work(self->server, -1));
}

TEST_F(server, handler_stops_it)
{
	char reply[TEXT_MAX + 1];

	ASSERT_TRUE(work(&self->worker[0], self->server));
	ASSERT_TRUE(work(&self->worker[1], self->server));
	EXPECT_EQ(4, CALL("stop"));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
	EXPECT_EQ(0, dt_thread_join(&self->worker[1]));
}

static struct ipc_server *to_stop;

static void stop(int signo)
{
	ipc_server_stop(to_stop);
}

TEST_F(server, signal_handler_stops_it)
{
	struct sigaction sa = { .sa_handler = stop };

	to_stop = self->server;
	ASSERT_EQ(0, sigaction(SIGUSR2, &sa, NULL));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(work(&self->worker[0], self->server));
	/* any other signal is none of its business */
	ASSERT_EQ(0, pthread_kill(self->worker[0].thread, SIGUSR1));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	ASSERT_TRUE(dt_wait_asleep(self->worker[0].tid, SYS_ioctl));
	ASSERT_EQ(0, pthread_kill(self->worker[0].thread, SIGUSR2));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
}

TEST_F(server, idle_worker_ends)
{
	char reply[TEXT_MAX + 1];

	EXPECT_EQ(-ETIMEDOUT, ipc_server_work(self->server, 1));
	EXPECT_EQ(-ETIMEDOUT, ipc_server_work(self->server, 0));
	/* and its place can be taken by another */
	ASSERT_TRUE(work(&self->worker[0], self->server));
	EXPECT_EQ(2, CALL("ok"));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
}

/* A worker of a mailbox takes its socket along, one of a name has none. */
TEST_F(server, kept_request_of_a_worker_that_ends)
{
	struct asked a = ASKED(.text = "keep");

	ASSERT_TRUE(work(&self->worker[0], self->server));
	ASSERT_EQ(0, ask(&a));
	ASSERT_TRUE(DT_WAIT_UNTIL(self->st->kept != 0));
	EXPECT_EQ(0, ipc_server_stop(self->server));
	EXPECT_EQ(0, dt_thread_join(&self->worker[0]));
	if (!variant->has_mailbox) {
		EXPECT_TRUE(dt_is_asleep(a.thread.tid, SYS_ioctl));
		EXPECT_EQ(0, ipc_server_close(self->server));
		self->server = NULL;
	}
	EXPECT_EQ(-ECONNRESET, answer_of(&a));
}

TEST_F(server, what_nobody_has_taken_when_it_is_closed)
{
	struct asked a = ASKED(.text = "x");

	ASSERT_TRUE(ask_and_sleep(&a));
	EXPECT_EQ(0, ipc_server_close(self->server));
	self->server = NULL;
	if (variant->has_mailbox) {
		EXPECT_TRUE(dt_is_asleep(a.thread.tid, SYS_ioctl));
		EXPECT_EQ(0, ipc_mailbox_delete(self->name));
	}
	EXPECT_EQ(-ECONNREFUSED, answer_of(&a));
}

TEST_F(server, open_fails)
{
	struct ipc_server *other;
	struct sockaddr_dipc none;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "none");
	ASSERT_EQ(0, ipc_addr_mailbox(name, 0, &none));
	EXPECT_EQ(-ENOENT, ipc_server_open(&none, &self->conf, 0, &other));
	if (variant->has_mailbox)
		return;
	EXPECT_EQ(-EADDRINUSE, ipc_server_open(&self->to, &self->conf, 0,
					       &other));
	EXPECT_EQ(-EADDRINUSE, ipc_server_open(&self->to, &self->conf,
					       IPC_SERVER_REUSE_NAME, &other));
}

TEST_F(server, mailbox_is_deleted)
{
	struct pollfd pfd = {
		.fd = ipc_server_fd(self->server),
		.events = POLLIN,
	};

	if (!variant->has_mailbox)
		return;
	ASSERT_TRUE(work(&self->worker[0], self->server));
	ASSERT_EQ(0, ipc_mailbox_delete(self->name));
	EXPECT_EQ(-EIDRM, dt_thread_join(&self->worker[0]));
	EXPECT_EQ(-EIDRM, ipc_server_wait(self->server, -1));
	EXPECT_EQ(-EIDRM, ipc_server_wait(self->server, 0));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(-ENOENT, ipc_server_work(self->server, -1));
}

TEST_F(server, no_descriptor_is_left)
{
	int lowest = dup(self->client), i;
	struct ipc_server *other;
	struct sockaddr_dipc none;
	char name[DIPC_NAME_MAX + 1];

	close(lowest);
	dt_unique(name, "none");
	ASSERT_EQ(0, ipc_addr_mailbox(name, 0, &none));
	EXPECT_EQ(-ENOENT, ipc_server_open(&none, &self->conf, 0, &other));
	EXPECT_EQ(-ETIMEDOUT, ipc_server_work(self->server, 0));
	ASSERT_EQ(0, ipc_addr_name(name, 0, &none));
	ASSERT_EQ(0, ipc_server_open(&none, &self->conf, 0, &other));
	EXPECT_EQ(0, ipc_server_close(other));
	i = dup(self->client);
	EXPECT_EQ(lowest, i);
	close(i);
}

/*
 * Several
 */

/* Of two servers under one name each gets its turn. */
TEST(servers_share_a_name)
{
	char name[DIPC_NAME_MAX + 1], reply[TEXT_MAX + 1];
	int i, fd = ipc_open(SOCK_RDM, 0);
	struct ipc_server *server[2];
	struct state st[2] = { 0 };
	struct dt_thread worker[2];
	struct ipc_serve_conf conf;
	struct sockaddr_dipc to;

	dt_unique(name, "shared");
	ASSERT_EQ(0, ipc_addr_name(name, 0, &to));
	for (i = 0; i < 2; i++) {
		conf = CONF(&st[i]);
		ASSERT_EQ(0, ipc_server_open(&to, &conf, IPC_SERVER_REUSE_NAME,
					     &server[i]));
		ASSERT_TRUE(work(&worker[i], server[i]));
	}
	for (i = 0; i < 10; i++)
		EXPECT_EQ(2, call(fd, &to, "ok", reply));
	EXPECT_EQ(5, st[0].requests);
	EXPECT_EQ(5, st[1].requests);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, ipc_server_stop(server[i]));
		EXPECT_EQ(0, dt_thread_join(&worker[i]));
		EXPECT_EQ(0, ipc_server_close(server[i]));
	}
	close(fd);
}

struct pool_process {
	struct sockaddr_dipc box;
	struct state st;
};

static int work_until_killed(void *arg)
{
	struct pool_process *p = arg;
	struct ipc_serve_conf conf = CONF(&p->st);
	struct ipc_server *server;
	struct dt_thread thread;

	if (ipc_server_open(&p->box, &conf, 0, &server) ||
	    dt_thread_start(&thread, do_work, server))
		return 1;
	return ipc_server_work(server, -1) ? 2 : 0;
}

/* A process that dies takes only those requests along that it had. */
TEST(processes_serve_one_mailbox)
{
	char name[DIPC_NAME_MAX + 1], reply[TEXT_MAX + 1];
	int i, fd = ipc_open(SOCK_RDM, 0), reset = 0, done = 0;
	struct pool_process *p;
	struct dipc_outcome o;
	pid_t pid[2];

	p = mmap(NULL, 2 * sizeof(*p), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	dt_unique(name, "pool");
	ASSERT_EQ(0, ipc_mailbox_create(name, NULL, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ipc_addr_mailbox(name, 0, &p[i].box));
		pid[i] = dt_child(work_until_killed, &p[i]);
		ASSERT_LT(0, pid[i]);
	}
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(name) == 4));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, start_call(fd, &p[0].box, i, "wait"));
	ASSERT_TRUE(DT_WAIT_UNTIL(p[0].st.inside == 2 &&
				  p[1].st.inside == 2));
	kill(pid[0], SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid[0]));
	p[1].st.gate = true;
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, ipc_call_finish_any(fd, ONE(reply, TEXT_MAX), 0,
						 &o));
		reset += o.error == ECONNRESET;
		done += !o.error && o.pid == pid[1];
	}
	EXPECT_EQ(2, reset);
	EXPECT_EQ(2, done);
	EXPECT_EQ(2, call(fd, &p[0].box, "ok", reply));
	EXPECT_EQ(4, call(fd, &p[0].box, "stop", reply));
	EXPECT_EQ(0, dt_child_wait(pid[1]));
	EXPECT_EQ(0, ipc_mailbox_delete(name));
	close(fd);
}

TEST_HARNESS_MAIN
