// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of calls: threads that share sockets do to calls and handles
 * whatever can be done, also with those that another thread is just working
 * with, while servers are closed, queues purged and limits changed. Each reply
 * is that of its request, each call ends, and nothing is left behind.
 *
 * DIPC_SECONDS says how long (5), DIPC_SEED what is drawn.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls.h"
#include "scm.h"

#define SERVERS		3	/* the last ones at a mailbox */
#define SERVER_THREADS	2	/* of each */
#define CLIENTS		2
#define CLIENT_THREADS	3	/* of each */
#define COOKIES		12
#define HANDLES		8	/* that the threads of a server share */
#define MS		1000000ULL

struct server {
	int fd;
	struct sockaddr_dipc addr;
	volatile uint64_t handle[HANDLES];
};

struct storm {
	struct server server[SERVERS];
	int client[CLIENTS];
	char name[2][DIPC_NAME_MAX + 1];
	volatile bool ends;		/* clients make no more calls */
	volatile bool closed;		/* servers serve no more */
	volatile const char *wrong;	/* the first thing that was */
	volatile long wrong_value;
	volatile long replies, ends_seen, cancels, forwards, resets;
};

struct task {
	struct dt_thread thread;
	struct storm *s;
	int which;
	unsigned int seed;
};

static unsigned int draw(struct task *t, unsigned int n)
{
	return rand_r(&t->seed) / 7 % n;
}

static void complain(struct storm *s, const char *what, long value)
{
	if (!s->wrong) {
		s->wrong_value = value;
		s->wrong = what;
	}
}

/*
 * Clients: a request is a number, ':' and filling; its reply the same
 */

static size_t make_text(struct task *t, char *text, unsigned int number)
{
	static const unsigned int sizes[] = { 12, 64, 65, 300, 3000 };
	size_t len = sizes[draw(t, 5)];

	memset(text, 'a' + number % 26, len);
	text[sprintf(text, "%u", number)] = ':';
	return len;
}

static bool is_reply_to(const char *text, long len, unsigned int number)
{
	char *end;

	return len > 0 && strtoul(text, &end, 10) == number && *end == ':' &&
	       (end[1] == 'a' + number % 26);
}

static bool may_fail_with(long err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ETIMEDOUT:
	case EMSGSIZE:
	case ENOBUFS:
	case EAGAIN:
	case ENOENT:
		return true;
	default:
		return false;
	}
}

static struct calls_with draw_with(struct task *t)
{
	static const uint64_t deadlines[] = {
		0, 0, 100000, MS, 3 * MS, 20 * MS,
	};
	struct calls_with with = {
		.reply_max = draw(t, 8) ? 4000 : draw(t, 100), .priority = -1,
		.deadline_ns = deadlines[draw(t, 6)],
		.dest = &t->s->server[draw(t, SERVERS)].addr,
		.dontwait = !draw(t, 4),
	};

	if (!draw(t, 3)) {
		with.semantics = DIPC_AT_LEAST_ONCE;
		if (!with.deadline_ns)
			with.deadline_ns = 30 * MS;
		if (!draw(t, 2))
			with.try_ns = 2 * MS;
	}
	return with;
}

static void call_sync(struct task *t)
{
	struct calls_with with = draw_with(t);
	unsigned int number = 100 + draw(t, 1000000);
	char text[4096], in[4096] = "";
	struct dipc_outcome o = { 0 };
	size_t len = make_text(t, text, number);
	long ret;

	ret = OP(t->s->client[t->which], .op = DIPC_OP_CALL, .out = PTR(text),
		 .out_len = len, .in = PTR(in), .in_len = with.reply_max,
		 .dest = PTR(with.dest), .deadline_ns = with.deadline_ns,
		 .try_ns = with.try_ns, .semantics = with.semantics,
		 .flags = with.dontwait ? DIPC_OP_DONTWAIT : 0,
		 .info = PTR(&o));
	if (ret > 0 && !is_reply_to(in, ret, number))
		complain(t->s, "reply of another request", number);
	else if (ret > 0 && (o.error || o.reason != DIPC_REASON_REPLIED ||
			     o.len != ret))
		complain(t->s, "outcome of a reply", o.reason);
	else if (ret < 0 && !may_fail_with(ret))
		complain(t->s, "call", ret);
	else if (ret > 0)
		t->s->replies++;
}

static void call_start_one(struct task *t)
{
	struct calls_with with = draw_with(t);
	unsigned int number = draw(t, COOKIES);
	char text[4096];
	size_t len = make_text(t, text, number);
	long ret;

	with.cookie = number;
	ret = calls_start_bytes(draw(t, 2), t->s->client[t->which], text, len,
				&with);
	if (ret != len && ret != -EEXIST && !may_fail_with(ret))
		complain(t->s, "start", ret);
}

static void see_end(struct task *t, const struct calls_end *end)
{
	if (end->ret > 0 &&
	    !is_reply_to(end->text, end->ret, end->outcome.cookie))
		complain(t->s, "reply of another call", end->outcome.cookie);
	else if (end->ret < 0 && end->ret != -ENOENT && end->ret != -EAGAIN &&
		 !may_fail_with(end->ret))
		complain(t->s, "finish", end->ret);
	else if (end->ret >= 0)
		t->s->ends_seen++;
}

static void finish_one(struct task *t)
{
	int fd = t->s->client[t->which];
	struct calls_end end;

	switch (draw(t, 5)) {
	case 0:
		end = calls_finish_cookie(fd, draw(t, COOKIES), MSG_DONTWAIT);
		break;
	case 1:
		end = calls_finish_cookie(fd, draw(t, COOKIES), 0);
		break;
	case 2:
		end = calls_finish(BY_MSG, fd, MSG_DONTWAIT | MSG_PEEK);
		break;
	default:
		end = calls_finish(draw(t, 2), fd, MSG_DONTWAIT);
	}
	see_end(t, &end);
}

static void cancel_one(struct task *t)
{
	long ret = calls_cancel(draw(t, 2), t->s->client[t->which],
				draw(t, COOKIES));

	if (ret && ret != -ENOENT)
		complain(t->s, "cancel", ret);
	else if (!ret)
		t->s->cancels++;
}

static long client(void *arg)
{
	struct task *t = arg;

	while (!t->s->ends) {
		switch (draw(t, 8)) {
		case 0 ... 1:
			call_sync(t);
			break;
		case 2 ... 4:
			call_start_one(t);
			break;
		case 5 ... 6:
			finish_one(t);
			break;
		case 7:
			cancel_one(t);
		}
	}
	return 0;
}

/*
 * Servers
 */

static bool may_fail_with_handle(long err)
{
	switch (-err) {
	case ESRCH:
	case EBUSY:
	case EPIPE:
	case EMSGSIZE:
		return true;
	default:
		return false;
	}
}

static void take_one(struct task *t, struct server *srv)
{
	uint64_t old;
	struct dipc_request r = { 0 };
	char text[4096];
	long ret;

	/* never more than so many: what is overwritten is dropped */
	ret = OP(srv->fd, .op = DIPC_OP_RECV, .in = PTR(text),
		 .in_len = draw(t, sizeof(text)), .info = PTR(&r),
		 .flags = draw(t, 2) ? DIPC_OP_DONTWAIT : 0);
	if (ret < 0 && ret != -EAGAIN)
		complain(t->s, "receive", ret);
	if (ret < 0 || !r.handle)
		return;
	if (r.len >= ret && strtoul(text, NULL, 10) == 0 && ret > 7 &&
	    text[0] != '0')
		complain(t->s, "request", ret);
	old = __atomic_exchange_n(&srv->handle[draw(t, HANDLES)], r.handle,
				  __ATOMIC_SEQ_CST);
	/* another thread may be working with it */
	while (old && calls_drop(BY_OP, srv->fd, old) == -EBUSY)
		sched_yield();
}

static void reply_whole(struct task *t, struct server *srv, uint64_t handle)
{
	char text[4096];
	long len, ret;

	len = calls_read(srv->fd, handle, 0, text, sizeof(text));
	if (len < 0) {
		if (!may_fail_with_handle(len))
			complain(t->s, "read", len);
		return;
	}
	if (draw(t, 2)) {
		ret = calls_write(draw(t, 2), srv->fd, handle, len / 2,
				  text + len / 2, len - len / 2);
		if (ret < 0 && !may_fail_with_handle(ret))
			complain(t->s, "write", ret);
	}
	ret = calls_reply_at(draw(t, 2), srv->fd, handle, 0, text, len);
	if (ret < 0 && !may_fail_with_handle(ret))
		complain(t->s, "reply", ret);
	if (ret == -EMSGSIZE)
		calls_drop(BY_OP, srv->fd, handle);
}

static void work_on_one(struct task *t, struct server *srv)
{
	uint64_t handle = srv->handle[draw(t, HANDLES)];
	struct dipc_cancelled notice;
	long ret;

	switch (draw(t, 8)) {
	case 0:
		ret = calls_drop(draw(t, 2), srv->fd, handle);
		if (!ret)
			t->s->resets++;
		break;
	case 1 ... 2:
		ret = calls_forward(draw(t, 2), srv->fd, handle,
				    &t->s->server[draw(t, SERVERS)].addr);
		if (!ret)
			t->s->forwards++;
		if (ret == -ELOOP || may_fail_with(ret))
			ret = 0;
		break;
	case 3:
		ret = calls_cancelled(srv->fd, &notice);
		if (!ret)
			ret = calls_drop(BY_OP, srv->fd, notice.handle);
		if (ret == -EAGAIN)
			ret = 0;
		break;
	default:
		reply_whole(t, srv, handle);
		return;
	}
	if (ret && !may_fail_with_handle(ret))
		complain(t->s, "handle", ret);
}

static long serve(void *arg)
{
	struct task *t = arg;
	struct server *srv = &t->s->server[t->which];

	while (!t->s->closed) {
		if (draw(t, 3))
			work_on_one(t, srv);
		else
			take_one(t, srv);
	}
	return 0;
}

/*
 * What comes over all of them
 */

static int open_server(struct storm *s, int i)
{
	int fd = calls_server(SOCK_RDM, &s->server[i].addr);

	if (fd < 0)
		return fd;
	dt_set_timeout(fd, SO_RCVTIMEO, 2);
	if (!i)
		dt_set_capacity(fd, 4, DIPC_POLICY_WAIT);
	return fd;
}

static long weather(void *arg)
{
	struct task *t = arg;
	struct storm *s = t->s;
	int i, fd;

	while (!s->ends) {
		usleep(1000 + draw(t, 3000));
		switch (draw(t, 4)) {
		case 0:
			i = draw(t, SERVERS);
			/* the name is free only when the old one is closed */
			fd = dt_socket(SOCK_RDM);
			dt_set_timeout(fd, SO_RCVTIMEO, 2);
			if (dup2(fd, s->server[i].fd) < 0)
				complain(s, "dup2", errno);
			close(fd);
			/* a thread may be in a receive from it */
			while ((fd = open_server(s, i)) == -EADDRINUSE)
				usleep(200);
			if (fd < 0) {
				complain(s, "open", fd);
				break;
			}
			dup2(fd, s->server[i].fd);
			close(fd);
			break;
		case 1:
			dt_mailbox_purge(s->name[1], NULL);
			break;
		default:
			dt_set_capacity(s->server[0].fd, 1 + draw(t, 8),
					draw(t, 4));
		}
	}
	return 0;
}

static int begin(struct storm *s)
{
	int err;

	dt_unique(s->name[0], "storm");
	dt_unique(s->name[1], "stormbox");
	err = dt_mailbox_new(s->name[1], DT_MAILBOX(.capacity_msgs = 16));
	if (err)
		return err;
	for (int i = 0; i < SERVERS; i++) {
		s->server[i].addr = i ? dt_mailbox(s->name[1]) :
					dt_name(s->name[0]);
		s->server[i].fd = open_server(s, i);
		if (s->server[i].fd < 0)
			return s->server[i].fd;
	}
	for (int i = 0; i < CLIENTS; i++) {
		s->client[i] = dt_socket(SOCK_RDM);
		dt_set_timeout(s->client[i], SO_RCVTIMEO, 2);
	}
	return 0;
}

static int launch(struct task *t, struct storm *s, int which,
		  long (*fn)(void *arg))
{
	static unsigned int n;
	const char *seed = getenv("DIPC_SEED");

	t->s = s;
	t->which = which;
	t->seed = (seed ? atoi(seed) : 1) * 1000 + n++;
	return dt_thread_start(&t->thread, fn, t);
}

TEST(storm)
{
	const char *seconds = getenv("DIPC_SECONDS");
	static struct task client_task[CLIENTS * CLIENT_THREADS];
	static struct task server_task[SERVERS * SERVER_THREADS], chaos;
	static struct storm s;
	struct dt_stats before, after;

	ASSERT_EQ(0, dt_stats_get(&before));
	ASSERT_EQ(0, begin(&s));
	for (int i = 0; i < SERVERS * SERVER_THREADS; i++)
		ASSERT_EQ(0, launch(&server_task[i], &s, i % SERVERS, serve));
	for (int i = 0; i < CLIENTS * CLIENT_THREADS; i++)
		ASSERT_EQ(0, launch(&client_task[i], &s, i % CLIENTS, client));
	ASSERT_EQ(0, launch(&chaos, &s, 0, weather));
	for (int ms = 1000 * (seconds ? atoi(seconds) : 5);
	     ms > 0 && !s.wrong; ms -= 50)
		usleep(50000);
	s.ends = true;
	EXPECT_EQ(0, dt_thread_join(&chaos.thread));
	/* servers go on until all calls have ended */
	for (int i = 0; i < CLIENTS * CLIENT_THREADS; i++)
		EXPECT_EQ(0, dt_thread_join(&client_task[i].thread));
	s.closed = true;
	for (int i = 0; i < SERVERS * SERVER_THREADS; i++)
		EXPECT_EQ(0, dt_thread_join(&server_task[i].thread));
	EXPECT_EQ(NULL, (void *)s.wrong)
		TH_LOG("%s: %ld", (const char *)s.wrong, s.wrong_value);
	TH_LOG("replies %ld+%ld, cancelled %ld, forwarded %ld, dropped %ld",
	       s.replies, s.ends_seen, s.cancels, s.forwards, s.resets);
	for (int i = 0; i < SERVERS; i++)
		close(s.server[i].fd);
	for (int i = 0; i < CLIENTS; i++)
		close(s.client[i]);
	dt_mailbox_del(s.name[1]);
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&after) &&
				  after.messages == before.messages))
		TH_LOG("%ld messages left",
		       (long)(after.messages - before.messages));
}

TEST_HARNESS_MAIN
