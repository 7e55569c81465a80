// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose two ends, or several threads of one end, do something at the
 * same time. What is to be in the middle of a copy is stopped there by a page
 * that is missing (userfaultfd).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/userfaultfd.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "post.h"
#include "scm.h"

static long start(const env *e, enum calls_form form, const char *text)
{
	static uint64_t cookie = 1000;

	return calls_start(form, e->client, text, WITH(.cookie = cookie++));
}

static int set_sndbuf(int fd, int size)
{
	return DT_ERR(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size)));
}

/*
 * A page that stops who touches it, until it is given
 */

struct page {
	int uffd;
	char *at;
};

static int page_new(struct page *p)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	p->at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = PTR(p->at);
	if (p->at == MAP_FAILED || p->uffd < 0 ||
	    ioctl(p->uffd, UFFDIO_API, &api) ||
	    ioctl(p->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

static bool page_wait_touched(const struct page *p)
{
	struct pollfd pfd = { .fd = p->uffd, .events = POLLIN };

	return poll(&pfd, 1, DT_LONG_MS) == 1 && pfd.revents == POLLIN;
}

/* With what is in it; NULL: zeroes. */
static int page_give(const struct page *p, const char *text)
{
	char from[4096] __attribute__((aligned(4096))) = "";
	struct uffdio_copy copy = {
		.dst = PTR(p->at), .src = PTR(from), .len = sizeof(from),
	};

	if (text)
		strcpy(from, text);
	return DT_ERR(ioctl(p->uffd, UFFDIO_COPY, &copy));
}

static void page_end(struct page *p)
{
	munmap(p->at, sysconf(_SC_PAGESIZE));
	close(p->uffd);
}

/* One operation in a thread of its own. */
struct job {
	struct dt_thread thread;
	int fd;
	struct dipc_op op;
};

static long do_job(void *arg)
{
	struct job *job = arg;

	job->op.size = sizeof(job->op);
	return calls_op(job->fd, &job->op);
}

static int job_start(struct job *job)
{
	return dt_thread_start(&job->thread, do_job, job);
}

/*
 * Things that are not in the middle of anything
 */

TEST_F(calls, vector_of_one_piece)
{
	char a[4] = "";
	struct iovec out = { "abc", 3 }, in = { a, 3 };
	struct dipc_request r = { 0 };

	EXPECT_EQ(3, OP(self->client, .op = DIPC_OP_CALL_START,
			.flags = DIPC_OP_OUT_VEC, .out = PTR(&out),
			.out_len = 1, .reply_max = 100));
	EXPECT_EQ(3, OP(self->server, .op = DIPC_OP_RECV,
			.flags = DIPC_OP_IN_VEC, .in = PTR(&in), .in_len = 1,
			.info = PTR(&r)));
	EXPECT_STREQ("abc", a);
}

/* Whoever gives up does not get what comes too late. */
TEST_F(calls, late_reply_brings_no_descriptors)
{
	struct pollfd p = { .fd = self->client, .events = POLLIN };
	struct scm_pipe late = scm_pipe();
	struct calls_got got;
	struct calls_end end;

	ASSERT_EQ(1, calls_start(FORM, self->client, "a",
				 WITH(.deadline_ns = DT_SHORT_MS * MS)));
	got = TAKE(self->server);
	ASSERT_NE(0, got.r.handle);
	ASSERT_EQ(1, poll(&p, 1, DT_LONG_MS));
	EXPECT_EQ(-EPIPE, calls_reply_fd(self->server, got.r.handle, "no",
					 late.wr));
	end = calls_finish(BY_MSG, self->client, MSG_DONTWAIT);
	EXPECT_EQ(-ETIMEDOUT, end.ret);
	EXPECT_EQ(0, end.n_fds);
	EXPECT_TRUE(scm_pipe_end(&late));
}

static long drop_then_reply(void *arg)
{
	int fd = (long)arg;
	struct calls_got got = calls_recv(BY_OP, fd, 0);

	calls_drop(BY_OP, fd, got.r.handle);
	got = calls_recv(BY_OP, fd, 0);
	if (got.ret < 0)
		return got.ret;
	calls_reply(BY_OP, fd, got.r.handle, "ok");
	return got.r.attempt;
}

/* A call has room for itself once; that is enough for all its tries. */
TEST_F(calls, retry_has_the_room_of_the_try_before)
{
	struct calls_client c;
	struct dt_thread server;

	ASSERT_EQ(0, set_sndbuf(self->client, 1));
	ASSERT_EQ(0, dt_thread_start(&server, drop_then_reply,
				     (void *)(long)self->server));
	ASSERT_EQ(0, calls_client_start(&c, FORM, self->client, "a",
					WITH(.semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("ok", c.end.text);
	EXPECT_EQ(2, dt_thread_join(&server));
}

struct asker {
	int fd;
	uid_t uid;
};

static long ask_as(void *arg)
{
	struct asker *a = arg;
	int err = become(a->uid);

	return err ? err : calls_start(BY_OP, a->fd, "a",
				       WITH(.semantics = DIPC_AT_LEAST_ONCE));
}

/* A retry is of who has asked, not of who happens to receive. */
TEST_F(calls, retry_is_of_who_has_asked)
{
	struct asker a = { .fd = self->client, .uid = DT_SOMEBODY };
	struct dt_thread asker;
	struct calls_got got = { 0 };

	ASSERT_EQ(0, dt_thread_start(&asker, ask_as, &a));
	ASSERT_EQ(1, dt_thread_join(&asker));
	got = TAKE(self->server);
	ASSERT_EQ(DT_SOMEBODY, got.r.uid);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	EXPECT_TRUE(DT_WAIT_UNTIL(ENDED(self->client).ret == -EAGAIN &&
				  (got = TAKE(self->server)).ret == 1));
	EXPECT_EQ(2, got.r.attempt);
	EXPECT_EQ(DT_SOMEBODY, got.r.uid);
}

static long peek_for_ever(void *arg)
{
	char text[8];

	return DT_ERR(recv((long)arg, text, sizeof(text), MSG_PEEK));
}

TEST_F(calls, first_call_reaches_who_peeks_already)
{
	struct dt_thread peeker;
	struct calls_got got;

	ASSERT_EQ(0, dt_thread_start(&peeker, peek_for_ever,
				     (void *)(long)self->client));
	ASSERT_TRUE(dt_wait_asleep(peeker.tid, SYS_recvfrom));
	ASSERT_EQ(1, start(self, FORM, "a"));
	got = TAKE(self->server);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&peeker));
}

/* Who does not wait has the same place as who does, if there is one. */
TEST_F(calls, call_that_is_not_to_wait_displaces_the_oldest)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_set_capacity(self->server, 1,
				     DIPC_POLICY_DROP_OLDEST));
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));
	ASSERT_EQ(0, calls_client_start(&c, FORM, self->client, "a",
					WITH(.dontwait = true)));
	ASSERT_TRUE(calls_client_wait_asleep(&c));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
}

static bool is_starving(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	return poll(&p, 1, 0) == 1 && p.revents & POLLPRI;
}

/* Who lines up for something else does not help a request. */
TEST_F(calls, plain_receiver_does_not_hide_that_requests_wait)
{
	struct sockaddr_dipc box = dt_mailbox(self->name);
	struct call plain;
	int server, other;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	server = calls_server(SOCK_RDM, &box);
	other = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.dest = &box)));
	EXPECT_TRUE(is_starving(server));
	ASSERT_EQ(0, call_recv(&plain, other));
	ASSERT_TRUE(call_wait_asleep(&plain));
	EXPECT_TRUE(is_starving(server));
	EXPECT_EQ(1, dt_send(self->client, "m", 1, 0, &box));
	EXPECT_EQ(1, call_end(&plain));
	close(server);
	close(other);
}

/* It was given to a worker, but that could not take it. */
TEST_F(calls, request_that_is_put_back_waits_for_a_worker)
{
	struct call worker;

	/* recv() has no room for the handle */
	ASSERT_EQ(0, call_recv(&worker, self->server));
	ASSERT_TRUE(call_wait_asleep(&worker));
	ASSERT_EQ(1, start(self, FORM, "a"));
	EXPECT_EQ(-EMSGSIZE, call_end(&worker));
	EXPECT_TRUE(is_starving(self->server));
}

/* What a receive that failed has said was not said. */
TEST_F(calls, need_of_a_worker_is_said_by_a_receive_that_succeeds)
{
	char text[8];

	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(1, start(self, FORM, "b"));
	EXPECT_EQ(-EFAULT, OP(self->server, .op = DIPC_OP_RECV, .in = PTR(text),
			      .in_len = sizeof(text), .info = 1));
	EXPECT_EQ(DIPC_REQUEST_NEED_WORKER, TAKE(self->server).r.flags);
}

/* Somebody has had it, so that it may have been executed. */
TEST_F(calls, dismissed_after_it_was_forwarded_is_a_reset)
{
	struct sockaddr_dipc any = dt_any(), to;
	int next = calls_server(SOCK_RDM, &any);
	struct calls_end end;

	ASSERT_EQ(0, dt_set_capacity(next, 1, DIPC_POLICY_WAIT));
	to = dt_port_of(next);
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, &to));
	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(0, calls_forward(FORM, self->server,
				   TAKE(self->server).r.handle, &to));
	ASSERT_EQ(0, dt_set_capacity(next, 1, DIPC_POLICY_REFUSE));
	end = ENDED(self->client);
	EXPECT_EQ(-ECONNRESET, end.ret);
	close(next);
}

TEST_F(calls, end_of_a_link_is_no_request)
{
	struct dipc_request r = { .handle = 7 };
	int pair[2];
	char text[8];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, pair));
	close(pair[1]);
	EXPECT_EQ(0, OP(pair[0], .op = DIPC_OP_RECV, .in = PTR(text),
			.in_len = sizeof(text), .info = PTR(&r)));
	EXPECT_EQ(0, r.handle);
	close(pair[0]);
}

/*
 * In the middle of a copy
 */

/* The client gives up while the server copies. */
TEST_F(calls, request_is_withdrawn_while_it_is_copied)
{
	struct dipc_request r[2] = { 0 };
	struct page page;
	struct job job = {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .in_len = 64,
			.info = PTR(&r[0]) },
	};

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(4096, 4096 + page_give(&page, NULL));
	/* it goes on to wait for the next one */
	ASSERT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 2)));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ('b', page.at[0]);
	EXPECT_EQ(2, calls_reply(FORM, self->server, r[0].handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	page_end(&page);
}

/* The record is written last: its handle must mean nothing then. */
TEST_F(calls, request_is_withdrawn_while_its_record_is_copied)
{
	struct dipc_request *r;
	struct page page;
	char text[8] = "";
	struct job job = {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
			.in = PTR(text), .in_len = 8 },
	};

	ASSERT_EQ(0, page_new(&page));
	r = (void *)page.at;
	job.op.info = PTR(r);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(-EAGAIN, dt_thread_join(&job.thread));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, r->handle, "no"));
	page_end(&page);
}

/* A server that replies is at work when the client has had enough. */
TEST_F(calls, client_gives_up_while_the_reply_is_copied)
{
	struct page page;
	struct job job = { .fd = self->server, .op = { .op = DIPC_OP_REPLY } };
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.out = PTR(page.at);
	job.op.out_len = 8;
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EBUSY, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(-EBUSY, calls_drop(FORM, self->server, got.r.handle));
	EXPECT_EQ(-EBUSY, calls_read(self->server, got.r.handle, 0, &notice, 1));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	/* there is nothing to tell as long as it may be used up */
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(-EPIPE, dt_thread_join(&job.thread));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(-ESRCH, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(NONE, ENDED(self->client).ret);
	page_end(&page);
}

/* And if that fails, it is told what it would have been told before. */
TEST_F(calls, client_gives_up_while_a_part_is_copied)
{
	struct page page;
	struct job job = { .fd = self->server, .op = { .op = DIPC_OP_WRITE } };
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.out = PTR(page.at);
	job.op.out_len = 8;
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	close(self->client);
	self->client = -1;
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(8, dt_thread_join(&job.thread));
	EXPECT_TRUE(calls_wait_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(DIPC_REASON_WITHDRAWN, notice.reason);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	page_end(&page);
}

/* Who reads keeps others from ending it, and the client from nothing. */
TEST_F(calls, client_gives_up_while_the_request_is_read)
{
	struct page page;
	struct job job = { .fd = self->server, .op = { .op = DIPC_OP_READ } };
	struct dipc_cancelled notice;
	struct sockaddr_dipc any = dt_any(), to;
	int next = calls_server(SOCK_RDM, &any);
	struct calls_got got;

	to = dt_port_of(next);
	ASSERT_EQ(0, page_new(&page));
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	got = TAKE(self->server);
	job.op.handle = got.r.handle;
	job.op.in = PTR(page.at);
	job.op.in_len = 1;
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EBUSY, calls_forward(FORM, self->server, got.r.handle, &to));
	close(self->client);
	self->client = -1;
	EXPECT_TRUE(calls_wait_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(-EBUSY, calls_drop(FORM, self->server, got.r.handle));
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ(-EPIPE, calls_forward(FORM, self->server, got.r.handle, &to));
	EXPECT_EQ(-ESRCH, calls_drop(FORM, self->server, got.r.handle));
	page_end(&page);
	close(next);
}

/* One thread reads how a call has ended, another one gives it up. */
TEST_F(calls, end_is_given_up_while_it_is_read)
{
	struct dipc_outcome outcome = { 0 };
	struct page page;
	struct job job = {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL_FINISH, .in_len = 8, .cookie = 1,
			.info = PTR(&outcome) },
	};

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	ASSERT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	ASSERT_EQ(0, job_start(&job));
	ASSERT_TRUE(page_wait_touched(&page));
	EXPECT_EQ(-EAGAIN, calls_finish_cookie(self->client, 1,
					       MSG_DONTWAIT).ret);
	EXPECT_EQ(-EEXIST, calls_start(FORM, self->client, "b",
				       WITH(.cookie = 1)));
	EXPECT_EQ(0, calls_cancel(FORM, self->client, 1));
	EXPECT_EQ(-ENOENT, calls_cancel(FORM, self->client, 1));
	/* the number is free, and the new one not that of the reader */
	EXPECT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 1)));
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(2, dt_thread_join(&job.thread));
	EXPECT_EQ(0, memcmp(page.at, "ok", 2));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "b!"));
	EXPECT_STREQ("b!", ENDED(self->client).text);
	page_end(&page);
}

static long peek(void *arg)
{
	struct job *job = arg;

	return DT_ERR(recv(job->fd, (void *)job->op.in, 64, MSG_PEEK));
}

/* Who looks at a request has that alone: the call goes on, and ends. */
TEST_F(calls, call_ends_while_somebody_peeks_at_its_request)
{
	struct job job = { .fd = self->server };
	struct page page;
	struct calls_got got;

	ASSERT_EQ(0, page_new(&page));
	job.op.in = PTR(page.at);
	ASSERT_EQ(1, start(self, FORM, "a"));
	ASSERT_EQ(0, dt_thread_start(&job.thread, peek, &job));
	ASSERT_TRUE(page_wait_touched(&page));
	got = TAKE(self->server);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	close(self->client);
	self->client = -1;
	ASSERT_EQ(0, page_give(&page, NULL));
	EXPECT_EQ(1, dt_thread_join(&job.thread));
	EXPECT_EQ('a', page.at[0]);
	page_end(&page);
}

/*
 * A request that is forwarded while somebody searches the queue
 */

#define SCAN	256	/* messages that a search looks at at once */
#define TAG	7

struct search {
	struct dt_thread thread;
	int fd;
	volatile bool ends;
	volatile unsigned long rounds;
};

static int run_on(int cpu, int policy)
{
	struct sched_param param = { 0 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	return DT_ERR(sched_setscheduler(0, policy, &param));
}

static long search_in_vain(void *arg)
{
	struct dipc_match match = { .tag = 999, .tag_mask = ~0ULL };
	struct search *s = arg;
	struct dipc_request r;
	char text[8];
	int err = run_on(0, SCHED_IDLE);

	while (!err && !s->ends) {
		if (OP(s->fd, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
		       .in = PTR(text), .in_len = 8, .info = PTR(&r),
		       .match = PTR(&match)) != -EAGAIN)
			err = -EBADMSG;
		s->rounds++;
	}
	return err;
}

static long fill(int tx, int n, const struct sockaddr_dipc *to)
{
	while (n--)
		if (dt_send(tx, "m", 1, MSG_DONTWAIT, to) != 1)
			return -errno;
	return 0;
}

TEST_F(calls, search_does_not_follow_a_request_that_is_forwarded)
{
	struct dipc_match match = { .tag = TAG, .tag_mask = ~0ULL };
	struct sockaddr_dipc any = dt_any(), to[2];
	struct dipc_request r;
	int fd[2];
	char text[8];

	ASSERT_EQ(0, run_on(0, SCHED_OTHER));
	for (int round = 0; round < 40; round++) {
		struct search s = { 0 };
		unsigned long before;

		for (int i = 0; i < 2; i++) {
			fd[i] = calls_server(SOCK_RDM, &any);
			ASSERT_EQ(0, dt_set_capacity(fd[i], 10000,
						     DIPC_POLICY_WAIT));
			to[i] = dt_port_of(fd[i]);
			ASSERT_EQ(0, fill(self->client, SCAN - 1, &to[i]));
		}
		/* it has the same place in both */
		ASSERT_EQ(1, calls_start(BY_OP, self->client, "a",
					 WITH(.cookie = round, .tag = TAG,
					      .dest = &to[0])));
		ASSERT_EQ(0, fill(self->client, SCAN, &to[0]));
		s.fd = fd[0];
		ASSERT_EQ(0, dt_thread_start(&s.thread, search_in_vain, &s));
		ASSERT_TRUE(DT_WAIT_UNTIL(s.rounds > 3));
		usleep(1000 + 137 * round);
		ASSERT_EQ(1, OP(fd[0], .op = DIPC_OP_RECV, .in = PTR(text),
				.in_len = 8, .info = PTR(&r),
				.match = PTR(&match)));
		ASSERT_EQ(0, calls_forward(BY_OP, fd[0], r.handle, &to[1]));
		before = s.rounds;
		ASSERT_TRUE(DT_WAIT_UNTIL(s.rounds > before + 1))
			TH_LOG("round %d", round);
		s.ends = true;
		ASSERT_EQ(0, dt_thread_join(&s.thread));
		close(fd[0]);
		close(fd[1]);
	}
}

TEST_HARNESS_MAIN
