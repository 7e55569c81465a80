// SPDX-License-Identifier: GPL-2.0
/*
 * A signal in each wait: wherever a system call sleeps it can be interrupted.
 * Nothing is half done then, the next try works, and with SA_RESTART the call
 * goes on by itself where that is promised. suite-timeout: 120
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls.h"
#include "fault.h"
#include "post.h"

#define SEC	1000000000ULL

/* Two sockets, or a client and a server, and what is asked of them. */
struct waits {
	int type;
	uint32_t mode;
	int semantics;
	bool has_time;		/* SO_RCVTIMEO and SO_SNDTIMEO are set */
	bool was_taken;		/* the request, before the signal */

	int rx, tx, fd;
	struct sockaddr_dipc to;
	char text[8];
	uint64_t handle;
	struct dt_thread thread;
};

/* One place where a task sleeps. */
struct wait {
	const char *name;
	int (*setup)(struct waits *w);
	long (*step)(void *w);
	long nr;			/* the system call */
	/* it sleeps, and this ends it: 0 or -errno */
	int (*let)(struct waits *w);
	/* between the signal and the next try; or NULL */
	int (*again)(struct waits *w);
	bool is_never_restarted;
	struct waits env;
};

static int open_both(struct waits *w)
{
	struct sockaddr_dipc any = dt_any();
	int sv[2];

	w->fd = -1;
	if (w->type) {
		if (socketpair(dt_family(), w->type, 0, sv))
			return -errno;
		w->rx = sv[0];
		w->tx = sv[1];
	} else {
		w->rx = calls_server(SOCK_RDM, &any);
		if (w->rx < 0)
			return w->rx;
		w->to = dt_port_of(w->rx);
		w->tx = dt_socket_connected(SOCK_RDM, &w->to);
	}
	if (w->mode && post_option(w->tx, DIPC_MODE, w->mode))
		return -EIO;
	if (w->has_time && (dt_set_timeout(w->rx, SO_RCVTIMEO, 60000) ||
			    dt_set_timeout(w->tx, SO_RCVTIMEO, 60000) ||
			    dt_set_timeout(w->tx, SO_SNDTIMEO, 60000)))
		return -EIO;
	return w->tx < 0 ? w->tx : 0;
}

static void close_all(struct waits *w)
{
	close(w->tx);
	close(w->rx);
	close(w->fd);
}

/*
 * Sending
 */

static int no_room(struct waits *w)
{
	int err = open_both(w);

	if (!err)
		err = dt_set_capacity(w->rx, 1, DIPC_POLICY_WAIT);
	/* it is there before the mode makes that wait */
	return err ?: dt_send(w->tx, "a", 1, w->mode == DIPC_MODE_EXPLICIT ?
			      0 : MSG_DONTWAIT, NULL) == 1 ? 0 : -EIO;
}

/* With another socket, for one of this would wait until it is taken. */
static int no_room_explicit(struct waits *w)
{
	int err = open_both(w), other;
	long ret;

	if (!err)
		err = dt_set_capacity(w->rx, 1, DIPC_POLICY_WAIT);
	other = dt_socket_connected(SOCK_RDM, &w->to);
	ret = put(other, 'a');
	close(other);
	return err ?: ret == 1 ? 0 : -EIO;
}

static int no_account(struct waits *w)
{
	int one = 1, err = open_both(w);

	if (err || setsockopt(w->tx, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one)))
		return err ?: -errno;
	for (int i = 0; i < 1000; i++)
		if (put_len(w->tx, 'a', 1000) == -EAGAIN)
			return 0;
	return -EIO;
}

static int full_stream(struct waits *w)
{
	int err = open_both(w);

	for (int i = 0; !err && i < 1000; i++)
		if (put_len(w->tx, 'a', 4096) == -EAGAIN)
			return 0;
	return err ?: -EIO;
}

static long send_one(void *env)
{
	struct waits *w = env;

	return DT_ERR(send(w->tx, "b", 1, MSG_NOSIGNAL));
}

static long send_1000(void *env)
{
	static char buf[4096] = "b";
	struct waits *w = env;

	return DT_ERR(send(w->tx, buf, w->type ? 4096 : 1000, 0));
}

static long send_op(void *env)
{
	struct waits *w = env;

	return OP(w->tx, .op = DIPC_OP_SEND, .out = PTR("b"), .out_len = 1);
}

/* What was there comes first, and then what waited, once. */
static int take_a(struct waits *w)
{
	return take(w->rx) == 'a' ? 0 : -EIO;
}

static int take_ab(struct waits *w)
{
	int err = take_a(w);

	return err ?: DT_WAIT_UNTIL(take(w->rx) == 'b') ? 0 : -ETIME;
}

static int take_b(struct waits *w)
{
	return DT_WAIT_UNTIL(take(w->rx) == 'b') ? 0 : -ETIME;
}

static int take_stream(struct waits *w)
{
	char buf[8192];

	return recv(w->rx, buf, sizeof(buf), MSG_DONTWAIT) > 0 ? 0 : -errno;
}

/*
 * Receiving
 */

static long receive(void *env)
{
	struct waits *w = env;

	return DT_ERR(recv(w->rx, w->text, sizeof(w->text), 0));
}

static long receive_peek(void *env)
{
	struct waits *w = env;

	return DT_ERR(recv(w->rx, w->text, sizeof(w->text), MSG_PEEK));
}

static long receive_op(void *env)
{
	struct waits *w = env;
	struct dipc_request r;

	return OP(w->rx, .op = DIPC_OP_RECV, .in = PTR(w->text),
		  .in_len = sizeof(w->text), .info = PTR(&r));
}

static int send_a(struct waits *w)
{
	return put(w->tx, 'a') == 1 ? 0 : -EIO;
}

/* Its socket also waits for the end of a call, of which there is none. */
static int calling(struct waits *w)
{
	struct sockaddr_dipc any = dt_any();
	int err = open_both(w);

	if (err)
		return err;
	w->fd = calls_server(SOCK_RDM, &any);
	any = dt_port_of(w->fd);
	return calls_start(BY_OP, w->rx, "x", WITH(.cookie = 1, .dest = &any))
	       == 1 ? 0 : -EIO;
}

/*
 * Connections
 */

static int listening(struct waits *w)
{
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "signal");
	w->to = dt_name(name);
	w->fd = -1;
	w->rx = dt_socket_bound(w->type, &w->to);
	w->tx = dt_socket(w->type);
	if (w->has_time && (dt_set_timeout(w->rx, SO_RCVTIMEO, 60000) ||
			    dt_set_timeout(w->tx, SO_SNDTIMEO, 60000)))
		return -EIO;
	return DT_ERR(listen(w->rx, 0));
}

static int full_backlog(struct waits *w)
{
	int err = listening(w);

	w->fd = dt_socket_connected(w->type, &w->to);
	return err ?: w->fd < 0 ? w->fd : 0;
}

static long accept_it(void *env)
{
	struct waits *w = env;
	int fd = accept4(w->rx, NULL, NULL, SOCK_CLOEXEC);

	return fd < 0 ? -errno : close(fd);
}

static int connect_once(struct waits *w)
{
	return dt_connect(w->tx, &w->to);
}

static long connect_it(void *env)
{
	struct waits *w = env;

	return dt_connect(w->tx, &w->to);
}

static int accept_once(struct waits *w)
{
	int fd = accept4(w->rx, NULL, NULL, SOCK_NONBLOCK);

	return fd < 0 ? -errno : close(fd);
}

/*
 * Calls
 */

static long call(void *env)
{
	struct waits *w = env;

	return OP(w->tx, .op = DIPC_OP_CALL, .out = PTR("q"), .out_len = 1,
		  .in = PTR(w->text), .in_len = sizeof(w->text),
		  .semantics = w->semantics);
}

/* The last that is there; those before were withdrawn. */
static int answer(struct waits *w)
{
	struct calls_got got;

	if (!w->handle) {
		got = calls_recv(BY_OP, w->rx, MSG_DONTWAIT);
		w->handle = got.ret == 1 ? got.r.handle : 0;
	}
	return calls_reply(BY_OP, w->rx, w->handle, "yes") == 3 ? 0 : -EIO;
}

static int take_request(struct waits *w)
{
	struct calls_got got = calls_recv(BY_OP, w->rx, MSG_DONTWAIT);

	w->handle = got.ret == 1 ? got.r.handle : 0;
	return w->handle ? 0 : -EIO;
}

/* It was given up: the handle is good for nothing but being dropped. */
static int drop_request(struct waits *w)
{
	long ret = calls_drop(BY_OP, w->rx, w->handle);

	w->handle = 0;
	return ret;
}

/* The server drops what it takes; the client waits until it tries again. */
static int drop_and_pause(struct waits *w)
{
	int err = take_request(w);

	return err ?: drop_request(w);
}

static int answer_at_last(struct waits *w)
{
	int err;

	return DT_WAIT_UNTIL(!(err = answer(w))) ? 0 : err;
}

static int started(struct waits *w)
{
	int err = open_both(w);

	return err ?: calls_start(BY_OP, w->tx, "q", WITH(.cookie = 7)) == 1 ?
		      0 : -EIO;
}

static long finish(void *env)
{
	struct waits *w = env;

	return OP(w->tx, .op = DIPC_OP_CALL_FINISH, .cookie = 7,
		  .in = PTR(w->text), .in_len = sizeof(w->text));
}

static const struct wait table[] = {
	{ "room", no_room, send_one, SYS_sendto, take_ab },
	{ "room, reliable", no_room, send_one, SYS_sendto, take_ab,
	  .env.mode = DIPC_MODE_RELIABLE },
	{ "room, explicit", no_room_explicit, send_one, SYS_sendto, take_ab,
	  .env.mode = DIPC_MODE_EXPLICIT },
	{ "room, SO_SNDTIMEO", no_room, send_one, SYS_sendto, take_ab,
	  .env.has_time = true, .is_never_restarted = true },
	{ "room, DIPC_OP_SEND", no_room, send_op, SYS_ioctl, take_ab },
	{ "until it is taken", open_both, send_one, SYS_sendto, take_b,
	  .env.mode = DIPC_MODE_EXPLICIT },
	{ "SO_SNDBUF", no_account, send_1000, SYS_sendto, take_a },
	{ "room of a stream", full_stream, send_1000, SYS_sendto, take_stream,
	  .env.type = SOCK_STREAM },
	{ "a message", open_both, receive, SYS_recvfrom, send_a },
	{ "a message, SO_RCVTIMEO", open_both, receive, SYS_recvfrom, send_a,
	  .env.has_time = true, .is_never_restarted = true },
	{ "a message, MSG_PEEK", open_both, receive_peek, SYS_recvfrom,
	  send_a },
	{ "a message, DIPC_OP_RECV", open_both, receive_op, SYS_ioctl, send_a },
	{ "a message or an end", calling, receive, SYS_recvfrom, send_a },
	{ "a message of a link", open_both, receive, SYS_recvfrom, send_a,
	  .env.type = SOCK_SEQPACKET },
	{ "bytes of a stream", open_both, receive, SYS_recvfrom, send_a,
	  .env.type = SOCK_STREAM },
	{ "bytes, MSG_PEEK", open_both, receive_peek, SYS_recvfrom, send_a,
	  .env.type = SOCK_STREAM },
	{ "a connection", listening, accept_it, SYS_accept4, connect_once,
	  .env.type = SOCK_STREAM },
	{ "a connection, SO_RCVTIMEO", listening, accept_it, SYS_accept4,
	  connect_once, .env.type = SOCK_SEQPACKET, .env.has_time = true,
	  .is_never_restarted = true },
	{ "a place to connect", full_backlog, connect_it, SYS_connect,
	  accept_once, .env.type = SOCK_SEQPACKET },
	{ "a reply, not taken", open_both, call, SYS_ioctl, answer },
	{ "a reply, taken", open_both, call, SYS_ioctl, answer,
	  .again = drop_request, .is_never_restarted = true,
	  .env.was_taken = true },
	{ "the next try", open_both, call, SYS_ioctl, answer_at_last,
	  .is_never_restarted = true,
	  .env.semantics = DIPC_AT_LEAST_ONCE },
	{ "an end", started, finish, SYS_ioctl, answer },
	{ "an end, SO_RCVTIMEO", started, finish, SYS_ioctl, answer,
	  .env.has_time = true, .is_never_restarted = true },
};

#define N_WAITS ((int)(sizeof(table) / sizeof(table[0])))

static char wrong[256];

static const char *say(const struct wait *t, const char *what, long value)
{
	snprintf(wrong, sizeof(wrong), "%s: %s (%ld%s%s)", t->name, what, value,
		 value < 0 ? ", " : "", value < 0 ? strerror(-value) : "");
	return wrong;
}

/* Until it sleeps where it is to: its request was taken, or dropped. */
static const char *begin(const struct wait *t, struct waits *w)
{
	int err = dt_thread_start(&w->thread, t->step, w);

	if (err || !dt_wait_asleep(w->thread.tid, t->nr))
		return say(t, "it does not sleep", err);
	if (w->was_taken)
		err = take_request(w);
	else if (w->semantics == DIPC_AT_LEAST_ONCE)
		err = drop_and_pause(w);
	return err ? say(t, "what is to precede the signal", err) : "";
}

static const char *end(const struct wait *t, struct waits *w)
{
	int err = t->let(w);
	long ret = dt_thread_join(&w->thread);

	if (err)
		return say(t, "it was not let go on", err);
	return ret < 0 ? say(t, "the next try", ret) : "";
}

/* Signal: without SA_RESTART, or with it. Then a try that works. */
static const char *interrupt(const struct wait *t, struct waits *w, int flags)
{
	bool goes_on = flags & SA_RESTART && !t->is_never_restarted;
	const char *what = begin(t, w);
	int before = dt_signals;
	long ret;

	if (*what)
		return what;
	pthread_kill(w->thread.thread, SIGUSR1);
	if (goes_on) {
		if (!DT_WAIT_UNTIL(dt_signals != before) ||
		    !dt_wait_asleep(w->thread.tid, t->nr))
			return say(t, "it does not go on", w->thread.result);
		return end(t, w);
	}
	ret = dt_thread_join(&w->thread);
	if (ret != -EINTR)
		return say(t, "not EINTR", ret);
	if (t->again && (ret = t->again(w)))
		return say(t, "between the tries", ret);
	what = begin(t, w);
	return *what ? what : end(t, w);
}

static const char *try(const struct wait *t, int flags)
{
	struct waits w = t->env;
	int err = dt_count_signal(SIGUSR1, flags) ?: t->setup(&w);
	const char *what;

	if (err)
		return say(t, "preparing it", err);
	what = interrupt(t, &w, flags);
	if (*what)
		return what;
	close_all(&w);
	what = fault_left();
	return *what ? say(t, what, 0) : "";
}

static const char *try_all(int flags)
{
	const char *what = "";

	for (int i = 0; !*what && i < N_WAITS; i++) {
		what = try(&table[i], flags);
		printf("# waits for %-28s %s\n", table[i].name,
		       *what ? "WRONG" : flags && !table[i].is_never_restarted ?
		       "goes on" : "EINTR, then done");
	}
	return what;
}

TEST(each_wait_ends_with_a_signal)
{
	ASSERT_EQ(0, fault_world());
	EXPECT_STREQ("", try_all(0));
	EXPECT_STREQ("", fault_charged());
}

TEST(each_wait_goes_on_where_it_may)
{
	ASSERT_EQ(0, fault_world());
	EXPECT_STREQ("", try_all(SA_RESTART));
	EXPECT_STREQ("", fault_charged());
}

TEST_HARNESS_MAIN
