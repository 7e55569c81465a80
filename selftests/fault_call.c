// SPDX-License-Identifier: GPL-2.0
/*
 * Calls: each allocation and each copy of each operation fails once, by ioctl
 * and by message. A step that fails has done nothing, and the next try goes on
 * where it was. suite-timeout: 120
 * kmsg-allow: kmemleak: Cannot allocate a scan area
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"
#include "calls.h"
#include "scm.h"

#define SEC	1000000000ULL
#define LONG	3000

/* A client, a server, and one call in whatever state the step needs. */
struct calling {
	enum calls_form form;
	size_t len;
	int semantics;
	bool has_deadline, has_file;

	int client, server, other;
	struct sockaddr_dipc to, elsewhere;
	uint64_t handle;
	struct calls_got got;
	struct calls_end end;
	struct scm_pipe pipe;
	struct calls_with with;
	struct calls_echo echo;
};

static char text[CALLS_TEXT_MAX + 1];

static int set_up(void *env)
{
	struct calling *c = env;
	struct sockaddr_dipc any = dt_any();

	memset(text, 'q', sizeof(text) - 1);
	c->handle = 0;
	c->other = -1;
	c->server = calls_server(SOCK_RDM, &any);
	if (c->server < 0)
		return c->server;
	c->to = dt_port_of(c->server);
	c->client = dt_socket_connected(SOCK_RDM, &c->to);
	if (c->has_file)
		c->pipe = scm_pipe();
	c->with = (struct calls_with) {
		.cookie = 7, .reply_max = CALLS_TEXT_MAX, .priority = -1,
		.semantics = c->semantics,
		.deadline_ns = c->has_deadline ? 1000 * SEC : 0,
		.fd = &c->pipe.wr, .n_fds = c->has_file,
	};
	return c->client < 0 ? c->client : 0;
}

static void tear_down(void *env)
{
	struct calling *c = env;

	close(c->client);
	close(c->server);
	close(c->other);
	if (c->has_file)
		scm_pipe_end(&c->pipe);
}

static long start(void *env)
{
	struct calling *c = env;

	return calls_start_bytes(c->form, c->client, text, c->len, &c->with);
}

/* What it has received and keeps is no part of the next try. */
static long receive(void *env)
{
	struct calling *c = env;

	c->got = calls_recv(c->form, c->server, MSG_DONTWAIT);
	fault_pause();
	for (int i = 0; i < c->got.n_fds; i++)
		close(c->got.fd[i]);
	c->handle = c->got.r.handle;
	return c->got.ret;
}

static long finish(void *env)
{
	struct calling *c = env;

	c->end = calls_finish(c->form, c->client, MSG_DONTWAIT);
	fault_pause();
	for (int i = 0; i < c->end.n_fds; i++)
		close(c->end.fd[i]);
	return c->end.ret;
}

static bool no_request(void *env)
{
	struct calling *c = env;

	return calls_recv(BY_OP, c->server, MSG_DONTWAIT).ret == -EAGAIN &&
	       calls_finish(BY_OP, c->client, MSG_DONTWAIT).ret == -ENOENT;
}

/* It is received once, and answered. */
static bool is_served(void *env)
{
	struct calling *c = env;

	return receive(c) == c->len && c->handle &&
	       calls_reply(BY_OP, c->server, c->handle, "yes") == 3 &&
	       finish(c) == 3 && no_request(c);
}

static int set_up_started(void *env)
{
	long ret;
	int err = set_up(env);

	if (err)
		return err;
	ret = start(env);
	return ret < 0 ? ret : 0;
}

static bool is_held(void *env)
{
	struct calling *c = env;

	return c->got.ret == c->len && c->handle &&
	       calls_reply(BY_OP, c->server, c->handle, "yes") == 3 &&
	       finish(c) == 3 && no_request(c);
}

static int set_up_held(void *env)
{
	long ret;
	int err = set_up_started(env);

	if (err)
		return err;
	ret = receive(env);
	return ret < 0 ? ret : 0;
}

static bool is_outstanding(void *env)
{
	struct calling *c = env;

	return calls_finish(BY_OP, c->client, MSG_DONTWAIT).ret == -EAGAIN;
}

static long reply(void *env)
{
	struct calling *c = env;

	return calls_reply_at(c->form, c->server, c->handle, 0, text, c->len);
}

static long reply_with_file(void *env)
{
	struct calling *c = env;

	return calls_reply_fd(c->server, c->handle, "yes", c->pipe.wr);
}

static long reply_and_receive(void *env)
{
	struct calling *c = env;
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_REPLY_RECV,
		.flags = DIPC_OP_DONTWAIT, .out = PTR(text), .out_len = c->len,
		.in = PTR(c->got.text), .in_len = CALLS_TEXT_MAX,
		.handle = c->handle, .info = PTR(&c->got.r),
	};
	long ret = calls_op(c->server, &op);

	/* the reply is sent, and there was none to receive */
	return ret == -EAGAIN && !op.handle ? 0 : ret;
}

static bool is_replied(void *env)
{
	struct calling *c = env;

	return finish(c) == (c->has_file ? 3 : c->len) && no_request(c);
}

static long write_part(void *env)
{
	struct calling *c = env;

	return calls_write(c->form, c->server, c->handle, 100, text, c->len);
}

static bool is_written(void *env)
{
	struct calling *c = env;

	return calls_reply_at(BY_OP, c->server, c->handle, 0, "yes", 3) == 3 &&
	       finish(c) == 100 + c->len && !memcmp(c->end.text, "yes", 4) &&
	       !memcmp(c->end.text + 100, text, c->len);
}

static long read_part(void *env)
{
	struct calling *c = env;

	return calls_read(c->server, c->handle, 1, c->got.text, c->len);
}

static int set_up_two_servers(void *env)
{
	struct calling *c = env;
	struct sockaddr_dipc any = dt_any();
	int err = set_up_held(env);

	if (err)
		return err;
	c->other = calls_server(SOCK_RDM, &any);
	c->elsewhere = dt_port_of(c->other);
	return c->other < 0 ? c->other : 0;
}

static long forward(void *env)
{
	struct calling *c = env;

	return calls_forward(c->form, c->server, c->handle, &c->elsewhere);
}

static bool is_forwarded(void *env)
{
	struct calling *c = env;

	c->got = calls_recv(BY_OP, c->other, MSG_DONTWAIT);
	return c->got.ret == c->len && c->got.r.handle &&
	       calls_reply(BY_OP, c->other, c->got.r.handle, "yes") == 3 &&
	       finish(c) == 3;
}

static long drop(void *env)
{
	struct calling *c = env;

	return calls_drop(c->form, c->server, c->handle);
}

static bool is_dropped(void *env)
{
	return finish(env) == -ECONNRESET;
}

static long cancel(void *env)
{
	struct calling *c = env;

	return calls_cancel(c->form, c->client, 7);
}

static bool is_cancelled(void *env)
{
	struct calling *c = env;
	struct dipc_cancelled notice;

	return !calls_cancelled(c->server, &notice) &&
	       notice.handle == c->handle &&
	       calls_finish(BY_OP, c->client, MSG_DONTWAIT).ret == -ENOENT;
}

static long take_notice(void *env)
{
	struct calling *c = env;
	struct dipc_cancelled notice;

	return calls_cancelled(c->server, &notice);
}

static int set_up_cancelled(void *env)
{
	int err = set_up_held(env);

	return err ?: cancel(env);
}

static int set_up_replied(void *env)
{
	struct calling *c = env;
	int err = set_up_held(env);
	long ret;

	if (err)
		return err;
	ret = c->has_file ? reply_with_file(env) : reply(env);
	return ret < 0 ? ret : 0;
}

static bool is_finished(void *env)
{
	struct calling *c = env;

	return c->end.ret == (c->has_file ? 3 : c->len) && no_request(c);
}

/* Somebody answers in another thread. */
static int set_up_echo(void *env)
{
	struct calling *c = env;
	int err = set_up(env);

	return err ?: calls_echo_start(&c->echo, BY_OP, c->server);
}

static void tear_down_echo(void *env)
{
	struct calling *c = env;

	calls_echo_end(&c->echo);
	tear_down(env);
}

static long call(void *env)
{
	struct calling *c = env;
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_CALL, .out = PTR(text),
		.out_len = c->len, .in = PTR(c->end.text),
		.in_len = CALLS_TEXT_MAX, .info = PTR(&c->end.outcome),
		.semantics = c->semantics,
		.deadline_ns = c->has_deadline ? 20 * SEC : 0,
	};

	return calls_op(c->client, &op);
}

static bool is_echoed(void *env)
{
	struct calling *c = env;

	return c->end.text[0] == 'Q' && c->end.text[c->len - 1] == 'Q';
}

/*
 * At least once, and the first try was dropped: the client's receive sends it
 * again. If that fails it is tried later, and the receive is none the worse.
 */
static int set_up_dropped(void *env)
{
	struct calling *c = env;
	int err = set_up_held(env);

	if (!err)
		err = drop(env);
	/* its pause is over when it can be received */
	return err ?: DT_WAIT_UNTIL(is_readable(c->client)) ? 0 : -ETIME;
}

static long receive_none(void *env)
{
	struct calling *c = env;
	long ret = take(c->client);

	return ret == -EAGAIN ? 0 : ret;
}

static bool comes_again(void *env)
{
	struct calling *c = env;

	return DT_WAIT_UNTIL(receive_none(env) == 0 &&
			     receive(env) == c->len) &&
	       c->got.r.attempt == 2 &&
	       calls_reply(BY_OP, c->server, c->handle, "yes") == 3 &&
	       finish(c) == 3;
}

#define CALLING(test_name, set_up_, step_, done, untouched, ...)	\
	FAULT_TEST(test_name, .setup = set_up_, .step = step_,		\
		   .is_done = done, .is_untouched = untouched,		\
		   .teardown = tear_down, .may = { ENOBUFS },		\
		   .env = &(struct calling) { .len = 5, __VA_ARGS__ })
#define BY_BOTH(name, ...)						\
	CALLING(name ## _op, __VA_ARGS__, .form = BY_OP)		\
	CALLING(name ## _msg, __VA_ARGS__, .form = BY_MSG)

BY_BOTH(starts, set_up, start, is_served, no_request)
BY_BOTH(starts_long, set_up, start, is_served, no_request, .len = LONG)
BY_BOTH(starts_at_least_once, set_up, start, is_served, no_request,
	.semantics = DIPC_AT_LEAST_ONCE, .has_deadline = true)
CALLING(starts_with_file, set_up, start, is_served, no_request,
	.form = BY_MSG, .has_file = true)
CALLING(receives_op, set_up_started, receive, is_held, is_outstanding)
CALLING(receives_long_op, set_up_started, receive, is_held, is_outstanding,
	.len = LONG)
BY_BOTH(replies, set_up_held, reply, is_replied, is_outstanding)
BY_BOTH(replies_long, set_up_held, reply, is_replied, is_outstanding,
	.len = LONG)
CALLING(replies_with_file, set_up_held, reply_with_file, is_replied,
	is_outstanding, .has_file = true, .form = BY_MSG)
CALLING(replies_and_receives, set_up_held, reply_and_receive, is_replied,
	is_outstanding)
BY_BOTH(writes, set_up_held, write_part, is_written, is_outstanding)
BY_BOTH(writes_long, set_up_held, write_part, is_written, is_outstanding,
	.len = LONG)
CALLING(reads, set_up_held, read_part, NULL, is_outstanding, .len = 3)
BY_BOTH(forwards, set_up_two_servers, forward, is_forwarded, is_outstanding)
BY_BOTH(drops, set_up_held, drop, is_dropped, is_outstanding)
BY_BOTH(cancels, set_up_held, cancel, is_cancelled, is_outstanding)
CALLING(finishes_op, set_up_replied, finish, is_finished, NULL)
CALLING(finishes_long_op, set_up_replied, finish, is_finished, NULL,
	.len = LONG)

/* A message may be taken though not all that belongs to it can be told. */
#define LOSSY(test_name, set_up_, step_, ...)				\
	FAULT_TEST(test_name, .setup = set_up_, .step = step_,		\
		   .teardown = tear_down, .may = { ENOBUFS },		\
		   .may_degrade = true, .copy_is_late = true,		\
		   .env = &(struct calling) { .len = 5, .form = BY_MSG,	\
					      __VA_ARGS__ })

LOSSY(receives_msg, set_up_started, receive)
LOSSY(receives_file, set_up_started, receive, .has_file = true)
LOSSY(finishes_msg, set_up_replied, finish)
LOSSY(finishes_with_file, set_up_replied, finish, .has_file = true)
LOSSY(takes_notice, set_up_cancelled, take_notice)

FAULT_TEST(repeats, .setup = set_up_dropped, .step = receive_none,
	   .is_done = comes_again, .teardown = tear_down,
	   .env = &(struct calling) { .len = 5, .form = BY_OP,
				      .semantics = DIPC_AT_LEAST_ONCE })

#define CALLS(test_name, ...)						\
	FAULT_TEST(test_name, .setup = set_up_echo, .step = call,	\
		   .is_done = is_echoed, .teardown = tear_down_echo,	\
		   .copy_is_late = true,				\
		   .env = &(struct calling) { __VA_ARGS__ })

CALLS(calls, .len = 5)
CALLS(calls_long, .len = LONG)
CALLS(calls_at_least_once, .len = 5, .semantics = DIPC_AT_LEAST_ONCE,
      .has_deadline = true)

/*
 * Long payload stays with who sends it: a request, of a client whose server
 * wants it once, and a reply, of a server that goes on to receive. If there is
 * no memory for what that needs it is copied as any other. Somebody is at the
 * other end in a thread of his own, of whom nothing fails.
 */
#define BORROWED	(64 << 10)

static char long_out[BORROWED], long_in[BORROWED];

static struct other_end {
	struct dt_thread thread;
	int fd;
	volatile bool is_over;
	volatile long ret;	/* what it has got, if it is that */
} other_end;

static bool is_pattern(long len)
{
	return len == BORROWED && dt_pattern_differs(long_in, BORROWED, 1) < 0;
}

static int set_up_borrowed(void *env)
{
	static const struct dipc_queue_conf big = {
		.capacity_msgs = 4, .msg_max_bytes = BORROWED,
		.capacity_bytes = 4 * BORROWED,
	};
	struct calling *c = env;
	int err = set_up(env);

	dt_pattern(long_out, BORROWED, 1);
	memset(long_in, 0, BORROWED);
	other_end = (struct other_end) { .fd = c->server };
	return err ?: dt_set_conf(c->server, &big);
}

/* Each request is answered, until a message comes that is none. */
static long serve_once(void *arg)
{
	struct other_end *o = arg;
	struct dipc_request r;
	long ret;

	for (;;) {
		ret = OP(o->fd, .op = DIPC_OP_RECV, .flags = DIPC_OP_CONSUME,
			 .in = PTR(long_in), .in_len = BORROWED, .info = PTR(&r));
		if (ret < 0 || !r.handle)
			return ret;
		o->ret = ret;
		calls_reply(BY_OP, o->fd, r.handle, "yes");
	}
}

static int set_up_once(void *env)
{
	int err = set_up_borrowed(env) ?:
		  dt_thread_start(&other_end.thread, serve_once, &other_end);

	/* from then on it is known what it wants */
	return err ?: dt_wait_asleep(other_end.thread.tid, SYS_ioctl) ? 0 :
		      -ETIME;
}

static void tear_down_once(void *env)
{
	struct calling *c = env;

	put(c->client, 'e');
	dt_thread_join(&other_end.thread);
	tear_down(env);
}

static long call_long(void *env)
{
	struct calling *c = env;

	return OP(c->client, .op = DIPC_OP_CALL, .out = PTR(long_out),
		  .out_len = BORROWED, .in = PTR(c->end.text),
		  .in_len = CALLS_TEXT_MAX, .semantics = c->semantics);
}

static bool was_asked(void *env)
{
	struct calling *c = env;

	return is_pattern(other_end.ret) && !memcmp(c->end.text, "yes", 3);
}

static long call_for_long(void *arg)
{
	struct other_end *o = arg;
	long ret = OP(o->fd, .op = DIPC_OP_CALL, .out = PTR("q"), .out_len = 1,
		      .in = PTR(long_in), .in_len = BORROWED);

	o->ret = ret;
	return ret;
}

/* The client sleeps, its request is held, and nothing else will come. */
static int set_up_answer(void *env)
{
	struct calling *c = env;
	int err = set_up_borrowed(env);

	if (err)
		return err;
	other_end.fd = c->client;
	if (dt_thread_start(&other_end.thread, call_for_long, &other_end))
		return -EIO;
	c->got = calls_recv(BY_OP, c->server, 0);
	c->handle = c->got.r.handle;
	if (c->got.ret != 1 || dt_set_timeout(c->server, SO_RCVTIMEO, 1) ||
	    !dt_wait_asleep(other_end.thread.tid, SYS_ioctl))
		return -EIO;
	return 0;
}

static void tear_down_answer(void *env)
{
	struct calling *c = env;

	/* it ends the call */
	close(c->server);
	dt_thread_join(&other_end.thread);
	c->server = -1;
	tear_down(env);
}

static long answer_long(void *env)
{
	struct calling *c = env;
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_REPLY_RECV,
		.out = PTR(long_out), .out_len = BORROWED,
		.in = PTR(c->got.text), .in_len = CALLS_TEXT_MAX,
		.handle = c->handle, .info = PTR(&c->got.r),
	};
	long ret = calls_op(c->server, &op);

	/* the reply is sent, and there was none to receive in time */
	return ret == -EAGAIN && !op.handle ? 0 : ret;
}

static bool was_answered(void *env)
{
	return DT_WAIT_UNTIL(other_end.ret) && is_pattern(other_end.ret);
}

static bool got_nothing(void *env)
{
	return !other_end.ret;
}

#define STAYS(test_name, set_up_, step_, done, untouched, tear_down_, late) \
	FAULT_TEST(test_name, .setup = set_up_, .step = step_,		\
		   .is_done = done, .is_untouched = untouched,		\
		   .teardown = tear_down_, .has_pages = true,		\
		   .copy_is_late = late, .spares = "dipc_borrowed_create", \
		   .env = &(struct calling) { .form = BY_OP })

STAYS(calls_with_long_request, set_up_once, call_long, was_asked, got_nothing,
      tear_down_once, true)
STAYS(replies_long_and_stays, set_up_answer, answer_long, was_answered,
      got_nothing, tear_down_answer, false)

FAULT_MAIN
