// SPDX-License-Identifier: GPL-2.0
/*
 * Many servers: workers of a mailbox and those who share a name; receivers that
 * take no calls beside them; and how a pool learns that it wants one more
 * worker (DIPC_REQUEST_NEED_WORKER, POLLPRI).
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "ask.h"
#include "calls_env.h"
#include "names.h"
#include "poller.h"

#define WORKERS	4

/* A mailbox with workers, none of which receives yet. */
static int make_pool(env *e, struct sockaddr_dipc *box, int *worker, int n)
{
	int err = dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0666));

	*box = dt_mailbox(e->name);
	for (int i = 0; i < n && !err; i++) {
		worker[i] = calls_server(SOCK_RDM, box);
		if (worker[i] < 0)
			err = worker[i];
	}
	return err ? err : dt_connect(e->client, box);
}

static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

TEST_F(calls, each_request_goes_to_one_worker)
{
	struct sockaddr_dipc box;
	int worker[2];
	struct calls_got got[2];

	ASSERT_EQ(0, make_pool(self, &box, worker, 2));
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(1, start(self, FORM, "b"));
	got[0] = TAKE(worker[0]);
	got[1] = TAKE(worker[1]);
	EXPECT_STREQ("a", got[0].text);
	EXPECT_STREQ("b", got[1].text);
	EXPECT_EQ(-EAGAIN, TAKE(worker[0]).ret);
	/* and is answered by that one */
	EXPECT_EQ(-ESRCH, calls_reply(FORM, worker[0], got[1].r.handle, "x"));
	EXPECT_EQ(2, calls_reply(FORM, worker[1], got[1].r.handle, "b!"));
	EXPECT_STREQ("b!", ENDED(self->client).text);
	EXPECT_EQ(2, calls_reply(FORM, worker[0], got[0].r.handle, "a!"));
	EXPECT_STREQ("a!", ENDED(self->client).text);
	close(worker[0]);
	close(worker[1]);
}

TEST_F(calls, pool_serves_all)
{
	enum { N = 400 };
	struct calls_echo echo[WORKERS];
	struct sockaddr_dipc box;
	int worker[WORKERS];
	struct calls_end end;
	char text[16];
	long served = 0;

	ASSERT_EQ(0, make_pool(self, &box, worker, WORKERS));
	for (int i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, calls_echo_start(&echo[i], FORM, worker[i]));
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_LE(1, calls_start(FORM, self->client, text,
					 WITH(.cookie = i, .reply_max = 16)));
	}
	for (int i = 0; i < N; i++) {
		end = calls_finish(FORM, self->client, 0);
		ASSERT_LT(0, end.ret);
		ASSERT_EQ(end.outcome.cookie, strtoul(end.text, NULL, 10));
	}
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EQ(3, calls_call(FORM, self->client, "end",
					WITH(.reply_max = 16)).ret);
	for (int i = 0; i < WORKERS; i++) {
		EXPECT_EQ(0, dt_thread_join(&echo[i].thread));
		served += echo[i].served;
		close(worker[i]);
	}
	EXPECT_EQ(N + WORKERS, served);
}

/* A mailbox keeps requests, too, until the first worker comes. */
TEST_F(calls, requests_wait_for_the_first_worker)
{
	struct sockaddr_dipc box;
	struct calls_end end;
	int worker;

	ASSERT_EQ(0, make_pool(self, &box, NULL, 0));
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(1, dt_mailbox_queued(self->name));
	worker = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, worker);
	EXPECT_EQ(2, calls_reply(FORM, worker, TAKE(worker).r.handle, "a!"));
	end = ENDED(self->client);
	EXPECT_STREQ("a!", end.text);
	/* nor is the last one's end that of the requests */
	EXPECT_EQ(1, start(self, FORM, "b"));
	close(worker);
	EXPECT_EQ(-EAGAIN, ENDED(self->client).ret);
	worker = calls_server(SOCK_RDM, &box);
	EXPECT_EQ(2, calls_reply(FORM, worker, TAKE(worker).r.handle, "b!"));
	EXPECT_STREQ("b!", ENDED(self->client).text);
	close(worker);
}

/*
 * Receivers that take no calls
 */

TEST_F(calls, plain_receiver_passes_over_requests)
{
	struct sockaddr_dipc box;
	struct calls_got got;
	int worker, plain;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	plain = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_LE(0, plain);
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_FALSE(is_readable(plain));
	EXPECT_TRUE(is_readable(worker));
	EXPECT_EQ(0, ask_inq(plain));
	EXPECT_EQ(-EAGAIN, take(plain));
	EXPECT_EQ(1, put(self->client, 'm'));
	EXPECT_TRUE(is_readable(plain));
	EXPECT_EQ('m', take(plain));
	EXPECT_FALSE(is_readable(plain));
	/* and the worker over nothing */
	EXPECT_EQ(1, put(self->client, 'n'));
	EXPECT_STREQ("a", TAKE(worker).text);
	got = TAKE(worker);
	EXPECT_STREQ("n", got.text);
	EXPECT_EQ(0, got.r.handle);
	close(worker);
	close(plain);
}

TEST_F(calls, who_polls_is_woken_when_he_takes_calls)
{
	struct sockaddr_dipc box;
	struct poller p;
	int plain;

	ASSERT_EQ(0, make_pool(self, &box, NULL, 0));
	EXPECT_EQ(1, start(self, FORM, "a"));
	plain = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_LE(0, plain);
	ASSERT_TRUE(start_poller(&p, API_POLL, plain, POLLIN));
	EXPECT_EQ(0, calls_take_calls(plain));
	EXPECT_EQ(POLLIN, join_poller(&p));
	EXPECT_STREQ("a", TAKE(plain).text);
	close(plain);
}

TEST_F(calls, request_wakes_a_worker_and_not_a_plain_receiver)
{
	struct sockaddr_dipc box;
	struct call waits;
	struct calls_echo echo;
	int worker, plain;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	plain = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_EQ(0, call_recv(&waits, plain));
	ASSERT_TRUE(call_wait_asleep(&waits));
	ASSERT_EQ(0, calls_echo_start(&echo, FORM, worker));
	for (int i = 0; i < 10; i++)
		EXPECT_STREQ("A", calls_call(FORM, self->client, "a",
					     WITH()).text);
	EXPECT_TRUE(call_is_asleep(&waits));
	/* the worker sleeps as well, but came later */
	ASSERT_TRUE(dt_wait_asleep(echo.thread.tid, FORM == BY_OP ? SYS_ioctl :
				   SYS_recvmsg));
	EXPECT_EQ(1, put(self->client, 'm'));
	EXPECT_EQ(1, call_end(&waits));
	EXPECT_EQ('m', waits.letter);
	EXPECT_EQ(3, calls_call(FORM, self->client, "end", WITH()).ret);
	EXPECT_EQ(0, dt_thread_join(&echo.thread));
	close(worker);
	close(plain);
}

TEST_F(calls, plain_receivers_alone_are_no_pool)
{
	struct sockaddr_dipc box;
	int plain, worker;

	ASSERT_EQ(0, make_pool(self, &box, NULL, 0));
	plain = dt_socket_bound(SOCK_RDM, &box);
	EXPECT_EQ(-EOPNOTSUPP, start(self, FORM, "a"));
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_NO_CALLS));
	worker = calls_server(SOCK_RDM, &box);
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_STREQ("a", TAKE(worker).text);
	close(worker);
	EXPECT_EQ(-EOPNOTSUPP, start(self, FORM, "b"));
	close(plain);
	EXPECT_EQ(1, start(self, FORM, "b"));
}

/*
 * A name that several share
 */

TEST_F(calls, those_who_share_a_name_are_called_in_turn)
{
	struct sockaddr_dipc name = dt_name(self->name);
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = shared_socket(&name);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, calls_take_calls(fd[i]));
	}
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(1, calls_start(FORM, self->client, "a",
					 WITH(.cookie = i, .dest = &name)));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(2, calls_reply(FORM, fd[i & 1],
					 TAKE(fd[i & 1]).r.handle, "ok"));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(2, ENDED(self->client).ret);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	close(fd[0]);
	close(fd[1]);
}

/*
 * One more worker
 */

TEST_F(calls, request_says_once_that_others_wait)
{
	struct sockaddr_dipc box;
	struct calls_got got;
	int worker;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	EXPECT_EQ(1, start(self, FORM, "a"));
	got = TAKE(worker);
	/* it was alone */
	EXPECT_EQ(0, got.r.flags);
	EXPECT_EQ(2, calls_reply(FORM, worker, got.r.handle, "ok"));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(DIPC_REQUEST_NEED_WORKER, TAKE(worker).r.flags);
	EXPECT_EQ(0, TAKE(worker).r.flags);
	EXPECT_EQ(0, TAKE(worker).r.flags);
	EXPECT_EQ(0, TAKE(worker).r.flags);
	close(worker);
}

struct receiver {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	struct calls_got got;
};

static long run_receiver(void *arg)
{
	struct receiver *r = arg;

	r->got = calls_recv(r->form, r->fd, 0);
	return r->got.ret;
}

static bool start_worker(struct receiver *r, enum calls_form form, int fd)
{
	*r = (struct receiver) { .form = form, .fd = fd };
	return !dt_thread_start(&r->thread, run_receiver, r) &&
	       dt_wait_asleep(r->thread.tid, form == BY_OP ? SYS_ioctl :
			      SYS_recvmsg);
}

/* Once somebody has waited in vain, it is news again. */
TEST_F(calls, need_of_a_worker_is_said_again)
{
	struct sockaddr_dipc box;
	struct receiver r;
	int worker;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(1, start(self, FORM, "a"));
		EXPECT_EQ(DIPC_REQUEST_NEED_WORKER, TAKE(worker).r.flags);
		EXPECT_EQ(0, TAKE(worker).r.flags);
		EXPECT_EQ(0, TAKE(worker).r.flags);
		ASSERT_TRUE(start_worker(&r, FORM, worker));
		EXPECT_EQ(1, start(self, FORM, "b"));
		EXPECT_EQ(1, dt_thread_join(&r.thread));
		EXPECT_EQ(0, r.got.r.flags);
	}
	close(worker);
}

static bool wants_a_worker(int fd)
{
	return wait_poll(fd, POLLPRI, 0) & POLLPRI;
}

TEST_F(calls, poll_knows_of_requests_that_nobody_receives)
{
	struct sockaddr_dipc box;
	struct receiver r;
	int worker, plain;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	plain = dt_socket_bound(SOCK_RDM, &box);
	EXPECT_FALSE(wants_a_worker(worker));
	/* a message is not it */
	EXPECT_EQ(1, put(self->client, 'm'));
	EXPECT_FALSE(wants_a_worker(worker));
	EXPECT_EQ('m', take(plain));
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_TRUE(wants_a_worker(worker));
	EXPECT_FALSE(wants_a_worker(plain));
	TAKE(worker);
	EXPECT_FALSE(wants_a_worker(worker));
	/* nor while one is received at once */
	ASSERT_TRUE(start_worker(&r, FORM, worker));
	EXPECT_EQ(1, start(self, FORM, "b"));
	EXPECT_EQ(1, dt_thread_join(&r.thread));
	EXPECT_FALSE(wants_a_worker(worker));
	close(worker);
	close(plain);
}

TEST_F(calls, who_polls_for_it_is_woken_once)
{
	struct sockaddr_dipc box;
	struct receiver r;
	int worker, ep;

	ASSERT_EQ(0, make_pool(self, &box, &worker, 1));
	ep = epoll_with(worker, EPOLLPRI | EPOLLET);
	ASSERT_LE(0, ep);
	EXPECT_EQ(0, epoll_events(ep, 0));
	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(1, start(self, FORM, "a"));
		EXPECT_EQ(EPOLLPRI, epoll_events(ep, DT_LONG_MS));
		for (int i = 0; i < 5; i++) {
			EXPECT_EQ(1, start(self, FORM, "a"));
			EXPECT_EQ(0, epoll_events(ep, 0));
		}
		for (int i = 0; i < 6; i++)
			EXPECT_EQ(1, TAKE(worker).ret);
		/* until somebody waits again */
		ASSERT_TRUE(start_worker(&r, FORM, worker));
		EXPECT_EQ(1, start(self, FORM, "b"));
		EXPECT_EQ(1, dt_thread_join(&r.thread));
		EXPECT_EQ(0, epoll_events(ep, 0));
	}
	close(ep);
	close(worker);
}

/* As a server does it: one that only polls, and workers that it starts. */
TEST_F(calls, manager_starts_workers_as_they_are_needed)
{
	struct sockaddr_dipc box;
	struct calls_echo echo;
	struct poller p;
	int fd[2];

	ASSERT_EQ(0, make_pool(self, &box, fd, 2));
	ASSERT_TRUE(start_poller(&p, API_EPOLL, fd[0], POLLPRI));
	EXPECT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(POLLPRI, join_poller(&p) & POLLPRI);
	ASSERT_EQ(0, calls_echo_start(&echo, FORM, fd[1]));
	EXPECT_STREQ("A", calls_finish(FORM, self->client, 0).text);
	EXPECT_EQ(3, calls_call(FORM, self->client, "end", WITH()).ret);
	EXPECT_EQ(0, dt_thread_join(&echo.thread));
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
