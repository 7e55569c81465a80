// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: servers of several workers (<ipc/serve.h>): who
 * serves what, when it is told that another worker is needed, how workers are
 * stopped, and what becomes of requests when workers, servers and processes
 * end.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "libserve.h"

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

#define TRIES	20

/* Until it waits again, or has ended: whether it waits. */
static bool goes_on_waiting(const struct dt_thread *t)
{
	bool asleep = false;

	DT_WAIT_UNTIL((asleep = dt_is_asleep(t->tid, SYS_epoll_wait)) ||
		      syscall(SYS_tgkill, getpid(), t->tid, 0));
	return asleep;
}

/*
 * A call that meets the one worker where he waits for it, beside a manager that
 * waits. The worker looks up now and then whether he is to stop; what comes just
 * then is queued, the manager may be told of it, and rightly, and so it is done
 * with, and another one is made.
 */
static bool call_meets_worker(int client, const struct sockaddr_dipc *to,
			      struct ipc_server *server, struct state *st,
			      struct dt_thread *worker,
			      struct dt_thread *manager)
{
	struct dt_stats before, after;
	struct dipc_outcome o;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!dt_wait_asleep(worker->tid, SYS_ioctl) ||
		    !dt_wait_asleep(manager->tid, SYS_epoll_wait) ||
		    dt_stats_get(&before) || start_call(client, to, 0, "wait") ||
		    !DT_WAIT_UNTIL(st->inside == 1) || dt_stats_get(&after))
			return false;
		if (after.counter[DIPC_REASON_HANDED] !=
		    before.counter[DIPC_REASON_HANDED])
			return true;
		st->gate = true;
		if (ipc_call_finish(client, 0, NULL, 0, 0, &o) || o.error)
			return false;
		st->gate = false;
		if (!goes_on_waiting(manager) &&
		    (dt_thread_join(manager) != 1 ||
		     dt_thread_start(manager, do_wait, server)))
			return false;
	}
	return false;
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
	ASSERT_TRUE(call_meets_worker(self->client, &self->to, self->server,
				      self->st, &self->worker[0], &manager));
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
		/* be it that it has come to that only now */
		EXPECT_TRUE(dt_wait_asleep(a.thread.tid, SYS_ioctl));
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
	none.sdipc_type = 99;
	EXPECT_EQ(-EINVAL, ipc_server_open(&none, &self->conf, 0, &other));
	if (variant->has_mailbox)
		return;
	EXPECT_EQ(-EADDRINUSE, ipc_server_open(&self->to, &self->conf, 0,
					       &other));
	EXPECT_EQ(-EADDRINUSE, ipc_server_open(&self->to, &self->conf,
					       IPC_SERVER_REUSE_NAME, &other));
}

static int open_server(void *arg)
{
	struct ipc_serve_conf conf = { .handler = handle };
	struct ipc_server *server;

	return ipc_server_open(arg, &conf, 0, &server);
}

TEST_F(server, mailbox_of_another)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_MODE,
		.mode = 0622,
	};

	if (!variant->has_mailbox)
		return;
	if (geteuid())
		SKIP(return, "needs to be root");
	ASSERT_EQ(0, ipc_mailbox_set(self->name, &attr));
	EXPECT_EQ(-EACCES, dt_as_user(DT_NOBODY, open_server, &self->to));
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
