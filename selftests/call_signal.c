// SPDX-License-Identifier: GPL-2.0
/*
 * Signals and calls: a request that nobody has taken is withdrawn, and the
 * system call is restarted or is EINTR; one that was taken is given up, never
 * restarted; a wait for an asynchronous call ends and leaves the call as it
 * is; and a storm of them loses nothing and doubles nothing.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "call.h"
#include "calls_place.h"
#include "kselftest_harness.h"
#include "calls_env.h"

/* In the ioctl, whatever the form: the only call that sleeps for its reply. */
static bool client_sleeps(struct calls_client *c, const env *e,
			  uint64_t deadline_ns)
{
	return !calls_client_start(c, BY_OP, e->client, "ping",
				   WITH(.deadline_ns = deadline_ns)) &&
	       calls_client_wait_asleep(c);
}

static bool handled(int before)
{
	return DT_WAIT_UNTIL(dt_signals > before);
}

TEST_F(calls, untaken_request_is_withdrawn)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(client_sleeps(&c, self, 0));
	EXPECT_EQ(1, dt_port_queued(self->to.sdipc_port));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	EXPECT_EQ(0, dt_port_queued(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_INTERRUPTED));
}

TEST_F(calls, request_in_line_is_withdrawn)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_set_capacity(self->server, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(client_sleeps(&c, self, 0));
	EXPECT_EQ(1, dt_port_senders(self->to.sdipc_port));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
}

/* With SA_RESTART nobody notices; the server sees one request. */
TEST_F(calls, untaken_request_is_sent_again)
{
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(client_sleeps(&c, self, 0));
	for (int i = 0; i < 3; i++) {
		int before = dt_signals;

		ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
		ASSERT_TRUE(handled(before));
		ASSERT_TRUE(calls_client_wait_asleep(&c));
	}
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_queued(self->to.sdipc_port) == 1));
	got = TAKE(self->server);
	EXPECT_STREQ("ping", got.text);
	EXPECT_EQ(1, got.r.attempt);
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
	EXPECT_STREQ("ok", c.end.text);
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* Its time would begin anew. */
TEST_F(calls, call_with_a_deadline_is_not_restarted)
{
	struct calls_client c;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(client_sleeps(&c, self, 100000 * MS));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* Nor while it waits for the memory that it takes. */
TEST_F(calls, call_with_a_deadline_that_waits_for_sndbuf_is_not_restarted)
{
	static char large[60000];
	struct calls_client c;
	int least = 1;

	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDBUF, &least,
				sizeof(least)));
	ASSERT_EQ(sizeof(large), dt_send(self->client, large, sizeof(large), 0,
					 &self->to));
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(client_sleeps(&c, self, 100000 * MS));
	EXPECT_EQ(1, dt_port_queued(self->to.sdipc_port));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	EXPECT_EQ(1, dt_port_queued(self->to.sdipc_port));
}

/* It may have been executed: that is not to happen twice. */
TEST_F(calls, taken_request_is_never_restarted)
{
	struct dipc_cancelled notice;
	struct calls_client c;
	struct calls_got got;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(client_sleeps(&c, self, 0));
	got = TAKE(self->server);
	ASSERT_NE(0, got.r.handle);
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&c));
	ASSERT_EQ(0, calls_cancelled(self->server, &notice));
	EXPECT_EQ(got.r.handle, notice.handle);
	EXPECT_EQ(DIPC_REASON_INTERRUPTED, notice.reason);
	EXPECT_EQ(-EPIPE, calls_reply(FORM, self->server, got.r.handle, "x"));
	EXPECT_EQ(-EAGAIN, TAKE(self->server).ret);
}

/* What a blocked or ignored signal does: nothing. */
TEST_F(calls, ignored_signal_is_none)
{
	struct calls_client c;

	signal(SIGUSR1, SIG_IGN);
	ASSERT_TRUE(client_sleeps(&c, self, 0));
	ASSERT_EQ(0, calls_client_interrupt(&c, SIGUSR1));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	EXPECT_EQ(2, calls_client_end(&c));
}

struct finisher {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	struct calls_end end;
};

static long run_finisher(void *arg)
{
	struct finisher *f = arg;

	f->end = calls_finish(f->form, f->fd, 0);
	return f->end.ret;
}

/* To wait for an end is not the call: it stays outstanding. */
TEST_F(calls, interrupted_wait_leaves_the_call)
{
	struct finisher f = { .form = FORM, .fd = self->client };
	struct dipc_cancelled notice;
	struct calls_got got;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	EXPECT_EQ(4, calls_start(FORM, self->client, "ping",
				 WITH(.cookie = 5)));
	got = TAKE(self->server);
	ASSERT_EQ(0, dt_thread_start(&f.thread, run_finisher, &f));
	ASSERT_TRUE(dt_wait_asleep(f.thread.tid, FORM == BY_OP ? SYS_ioctl :
				   SYS_recvmsg));
	syscall(SYS_tgkill, getpid(), f.thread.tid, SIGUSR1);
	EXPECT_EQ(-EINTR, dt_thread_join(&f.thread));
	EXPECT_EQ(-EAGAIN, calls_cancelled(self->server, &notice));
	EXPECT_EQ(2, calls_reply(FORM, self->server, got.r.handle, "ok"));
	EXPECT_EQ(5, ENDED(self->client).outcome.cookie);
}

/* And it is restarted. */
TEST_F(calls, wait_goes_on_after_a_signal)
{
	struct finisher f = { .form = FORM, .fd = self->client };
	int before = dt_signals;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	EXPECT_EQ(4, calls_start(FORM, self->client, "ping", WITH()));
	ASSERT_EQ(0, dt_thread_start(&f.thread, run_finisher, &f));
	ASSERT_TRUE(dt_wait_asleep(f.thread.tid, FORM == BY_OP ? SYS_ioctl :
				   SYS_recvmsg));
	syscall(SYS_tgkill, getpid(), f.thread.tid, SIGUSR1);
	ASSERT_TRUE(handled(before));
	EXPECT_EQ(2, calls_reply(FORM, self->server,
				 TAKE(self->server).r.handle, "ok"));
	EXPECT_EQ(2, dt_thread_join(&f.thread));
	EXPECT_STREQ("ok", f.end.text);
}

/*
 * A server that waits for its next request has sent its reply, and is not to
 * send it again.
 */
struct servant {
	struct dt_thread thread;
	int fd;
	struct dipc_op op;
	struct dipc_request r;
	char text[8];
};

static long run_servant(void *arg)
{
	struct servant *s = arg;

	s->op.in = PTR(s->text);
	s->op.in_len = sizeof(s->text);
	s->op.info = PTR(&s->r);
	return calls_op(s->fd, &s->op);
}

TEST_F(calls, reply_and_receive_replies_once)
{
	struct servant s = { .fd = self->server, .op = {
		.size = sizeof(s.op), .op = DIPC_OP_REPLY_RECV,
		.out = PTR("ok"), .out_len = 2,
	} };
	int before = dt_signals;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, SA_RESTART));
	EXPECT_EQ(1, calls_start(FORM, self->client, "a", WITH(.cookie = 1)));
	s.op.handle = TAKE(self->server).r.handle;
	ASSERT_EQ(0, dt_thread_start(&s.thread, run_servant, &s));
	ASSERT_TRUE(dt_wait_asleep(s.thread.tid, SYS_ioctl));
	EXPECT_STREQ("ok", ENDED(self->client).text);
	syscall(SYS_tgkill, getpid(), s.thread.tid, SIGUSR1);
	ASSERT_TRUE(handled(before));
	ASSERT_TRUE(dt_wait_asleep(s.thread.tid, SYS_ioctl));
	EXPECT_EQ(1, calls_start(FORM, self->client, "b", WITH(.cookie = 2)));
	EXPECT_EQ(1, dt_thread_join(&s.thread));
	EXPECT_EQ('b', s.text[0]);
	EXPECT_EQ(0, s.op.handle);
	EXPECT_EQ(1, calls_counted(&self->before, DIPC_REASON_REPLIED));
}

/*
 * At every point: calls in a row while signals rain. Each ends with its own
 * reply, or with EINTR; the server has executed each once at most, and has
 * been told of each that nobody waited for.
 */
struct storm {
	struct calls_echo echo;
	struct dt_thread shooter;
	volatile bool ends;
	volatile int ended;	/* calls */
	pid_t target;
};

/* A call that is slow must come to its end, too: so many and no more. */
#define HITS_MAX	3

static long shoot(void *arg)
{
	struct storm *s = arg;
	int at = -1, hits = 0;

	while (!s->ends) {
		if (at != s->ended) {
			at = s->ended;
			hits = 0;
		}
		if (hits++ < HITS_MAX)
			syscall(SYS_tgkill, getpid(), s->target, SIGUSR1);
		usleep(100 + rand() % 400);
	}
	return 0;
}

static void storm(struct __test_metadata *_metadata, env *self,
		  enum calls_form form, int sa_flags)
{
	struct storm s = { .target = syscall(SYS_gettid) };
	long replied = 0, interrupted = 0, n = 2000 / calls_slow();
	char text[32], want[32];
	struct calls_end end;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, sa_flags));
	ASSERT_EQ(0, calls_echo_start(&s.echo, form, self->server));
	ASSERT_EQ(0, dt_thread_start(&s.shooter, shoot, &s));
	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "call %d", i);
		snprintf(want, sizeof(want), "CALL %d", i);
		end = calls_call(BY_OP, self->client, text, WITH());
		s.ended++;
		if (end.ret < 0) {
			ASSERT_EQ(-EINTR, end.ret);
			interrupted++;
			continue;
		}
		replied++;
		ASSERT_STREQ(want, end.text);
	}
	s.ends = true;
	EXPECT_EQ(0, dt_thread_join(&s.shooter));
	EXPECT_EQ(3, calls_call(BY_OP, self->client, "end", WITH()).ret);
	EXPECT_EQ(0, dt_thread_join(&s.echo.thread));
	TH_LOG("%ld replied, %ld interrupted, %ld served", replied, interrupted,
	       s.echo.served);
	EXPECT_EQ(n, replied + interrupted);
	EXPECT_LE(replied + 1, s.echo.served);
	EXPECT_GE(n + 1, s.echo.served);
	EXPECT_EQ(replied + 1,
		  calls_counted(&self->before, DIPC_REASON_REPLIED));
	EXPECT_EQ(s.echo.served - replied - 1,
		  calls_counted(&self->before, DIPC_REASON_LATE_REPLY));
}

TEST_F(calls, storm_of_signals)
{
	storm(_metadata, self, FORM, 0);
}

TEST_F(calls, storm_of_signals_with_restarts)
{
	storm(_metadata, self, FORM, SA_RESTART);
}

TEST_HARNESS_MAIN
