// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * How a call fails for its client: that it cannot be made, how it ends, and
 * what can be wrong with asking for its end; see errors.h. A request fails as
 * every message does (errors_send.c); here is what is of calls alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

/* 65,536 of something, also where the kernel is slow */
#define ROW_SECONDS 200

#include "call.h"
#include "errors.h"
#include "held.h"
#include "scm.h"

#define FORMS(form) (form = BY_OP; form <= BY_MSG; form++)
#define AT_LEAST	DIPC_AT_LEAST_ONCE

static bool serves(env *e)
{
	return !calls_take_calls(e->rx);
}

static long start(env *e, enum calls_form form, const struct calls_with *with)
{
	return calls_start(form, e->tx, "x", with);
}

/* Without waiting: what a receive gives that has no room for an outcome. */
static long read_end(int fd)
{
	char buf[16];

	return dt_recv(fd, buf, sizeof(buf), MSG_DONTWAIT, NULL);
}

/*
 * A call that cannot be made
 */

ROW(E_CALL_10, EINVAL, unknown_semantics)
{
	enum calls_form form;

	NEED(serves(e));
	for FORMS(form) {
		NEED(start(e, form, WITH(.semantics = 3)) == -EINVAL);
		NEED(start(e, form, WITH(.semantics = 255)) == -EINVAL);
		NEED(start(e, form, WITH(.semantics = DIPC_MAYBE)) == 1);
		NEED(calls_cancel(form, e->tx, 0) == 0);
	}
	return calls_call(BY_OP, e->tx, "x", WITH(.semantics = 3)).ret;
}

ROW(E_CALL_11, EINVAL, time_for_a_try_of_what_is_not_repeated)
{
	enum calls_form form;

	NEED(serves(e));
	for FORMS(form) {
		NEED(start(e, form, WITH(.try_ns = 1)) == -EINVAL);
		NEED(start(e, form, WITH(.try_ns = 1,
					 .semantics = DIPC_MAYBE)) == -EINVAL);
	}
	return calls_call(BY_OP, e->tx, "x", WITH(.try_ns = 1)).ret;
}

ROW(E_CALL_12, EMSGSIZE, reply_longer_than_any_message)
{
	const uint32_t much = DIPC_MSG_LEN_MAX + 1;

	NEED(serves(e));
	NEED(start(e, BY_OP, WITH(.reply_max = much)) == -EMSGSIZE);
	NEED(start(e, BY_OP, WITH(.reply_max = ~0U)) == -EMSGSIZE);
	NEED(start(e, BY_MSG, WITH(.reply_max = ~0U)) == -EMSGSIZE);
	return start(e, BY_MSG, WITH(.reply_max = much));
}

/* By hand: whatever is to be wrong with it; empty, as some must be. */
static long send_control(int fd, struct scm_control *c)
{
	struct msghdr msg = {
		.msg_control = c->buf, .msg_controllen = c->len,
	};

	return DT_ERR(sendmsg(fd, &msg, MSG_DONTWAIT));
}

ROW(E_CALL_13, EINVAL, reserved)
{
	struct dipc_call_params p = { .cookie = 1 };
	struct scm_control c;
	unsigned int i;

	NEED(serves(e));
	for (i = 0; i < sizeof(p.reserved); i++) {
		p.reserved[i] = 1;
		c.len = 0;
		scm_put(&c, SOL_DIPC, DIPC_CALL, &p, sizeof(p));
		NEED(send_control(e->tx, &c) == -EINVAL);
		p.reserved[i] = 0;
	}
	c.len = 0;
	scm_put(&c, SOL_DIPC, DIPC_CALL, &p, sizeof(p));
	NEED(send_control(e->tx, &c) == 0);
	p.reserved[0] = 1;
	c.len = 0;
	scm_put(&c, SOL_DIPC, DIPC_CALL, &p, sizeof(p));
	return send_control(e->tx, &c);
}

static const struct dipc_call_params call_params = { .cookie = 1 };
static const struct dipc_reply_params reply_params = { .handle = 1 };
static const uint64_t number = 1;
static const uint32_t mode = DIPC_MODE_RELIABLE;

static const struct control {
	int type;
	const void *data;
	size_t len;
} verb[] = {
	{ DIPC_CALL, &call_params, sizeof(call_params) },
	{ DIPC_CANCEL, &number, sizeof(number) },
	{ DIPC_REPLY, &reply_params, sizeof(reply_params) },
	{ DIPC_FORWARD, &number, sizeof(number) },
	{ DIPC_DROP, &number, sizeof(number) },
}, adverb[] = {
	{ DIPC_MODE, &mode, sizeof(mode) },
	{ DIPC_ASYNC, &number, sizeof(number) },
	{ DIPC_TAG, &number, sizeof(number) },
	{ DIPC_PRIORITY, &mode, sizeof(mode) },
	{ DIPC_DEADLINE, &number, sizeof(number) },
};

#define N(table) (int)(sizeof(table) / sizeof(table[0]))

static long send_two(int fd, const struct control *a, const struct control *b)
{
	struct scm_control c = { .len = 0 };

	scm_put(&c, SOL_DIPC, a->type, a->data, a->len);
	scm_put(&c, SOL_DIPC, b->type, b->data, b->len);
	return send_control(fd, &c);
}

ROW(E_CALL_14, EINVAL, control_messages_that_contradict)
{
	int a, b;

	NEED(serves(e));
	for (a = 0; a < N(verb); a++) {
		/* with another, and with itself */
		for (b = 0; b < N(verb); b++)
			NEED(send_two(e->tx, &verb[a], &verb[b]) == -EINVAL);
		/* a call has a mode already; the others send no message */
		for (b = 0; b < (a ? N(adverb) : 2); b++) {
			NEED(send_two(e->tx, &verb[a], &adverb[b]) == -EINVAL);
			NEED(send_two(e->tx, &adverb[b], &verb[a]) == -EINVAL);
		}
	}
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == -EAGAIN);
	return send_two(e->tx, &verb[0], &adverb[0]);
}

ROW(E_CALL_15, EEXIST, cookie_of_another_call)
{
	enum calls_form form;
	uint64_t handle;

	NEED(serves(e));
	handle = held_take(e->tx, e->rx, 7);
	NEED(handle);
	for FORMS(form)
		NEED(start(e, form, WITH(.cookie = 7)) == -EEXIST);
	/* as long as its end was not read */
	NEED(calls_reply(BY_OP, e->rx, handle, "") == 0);
	for FORMS(form)
		NEED(start(e, form, WITH(.cookie = 7)) == -EEXIST);
	NEED(held_end(e->tx, 7) == 0);
	NEED(start(e, BY_MSG, WITH(.cookie = 7)) == 1);
	NEED(calls_cancel(BY_OP, e->tx, 7) == 0);
	NEED(start(e, BY_OP, WITH(.cookie = 7)) == 1);
	/* another socket's are its own */
	NEED(calls_start(BY_OP, e->fd, "x",
			 WITH(.cookie = 7, .dest = &e->rx_addr)) == 1);
	return start(e, BY_MSG, WITH(.cookie = 7));
}

ROW(E_CALL_16, EAGAIN, as_many_calls_as_may_be)
{
	struct dipc_queue_conf conf = { .capacity_msgs = 2 * DIPC_CALLS_MAX,
		.msg_max_bytes = 100, .capacity_bytes = 1 << 30 };
	int bound = 1 << 30, limit = DIPC_CALLS_MAX, i;
	const struct calls_with *with;

	NEED(serves(e) && !dt_set_conf(e->rx, &conf));
	NEED(!setsockopt(e->tx, SOL_SOCKET, SO_SNDBUFFORCE, &bound, 4));
	for (i = 0; i < limit; i++) {
		with = WITH(.cookie = i, .reply_max = 8, .dontwait = true);
		if (start(e, i % 2 ? BY_OP : BY_MSG, with) != 1)
			return 200000 + i;
	}
	NEED(start(e, BY_OP, WITH(.cookie = i, .reply_max = 8)) == -EAGAIN);
	/* those that were sent and wait for their reply count as well */
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).r.handle);
	NEED(start(e, BY_OP, WITH(.cookie = i, .reply_max = 8)) == -EAGAIN);
	NEED(calls_cancel(BY_OP, e->tx, 0) == 0);
	NEED(start(e, BY_OP, WITH(.cookie = i, .reply_max = 8)) == 1);
	return start(e, BY_MSG, WITH(.cookie = i + 1, .reply_max = 8));
}

ROW(E_CALL_17, ENOBUFS, too_many_bytes_of_the_user)
{
	struct sockaddr_dipc addr;
	enum calls_form form;

	NEED(!dt_netns_new());
	close(e->fd);
	close(e->rx);
	e->rx = dt_socket(SOCK_RDM);
	NEED(serves(e));
	addr = dt_port_of(e->rx);
	NEED(!dt_limit_set("user_max_bytes", 64 * 1024));
	e->fd = dt_socket_connected(SOCK_RDM, &addr);
	/* it is the reply that takes them */
	for FORMS(form) {
		NEED(calls_start(form, e->fd, "x", WITH(.cookie = form)) == 1);
		NEED(calls_start(form, e->fd, "x",
				 WITH(.cookie = 7, .reply_max = 1 << 20)) ==
		     -ENOBUFS);
	}
	NEED(OP(e->fd, .op = DIPC_OP_CALL, .out = PTR("x"), .out_len = 1,
		.in = PTR(&addr), .in_len = 1 << 20) == -ENOBUFS);
	return calls_start(BY_MSG, e->fd, "x",
			   WITH(.cookie = 7, .reply_max = 1 << 20));
}

ROW(E_CALL_18, EAGAIN, too_much_outstanding)
{
	int bound = 8192;
	long ret = 1;
	int i;

	NEED(serves(e));
	NEED(!setsockopt(e->tx, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	for (i = 0; ret == 1 && i < 1000; i++)
		ret = start(e, i % 2, WITH(.cookie = i, .dontwait = true));
	NEED(ret == -EAGAIN && i < 10);
	/* taken or not: the reply's room is in use until its end is read */
	while (calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret >= 0)
		;
	NEED(start(e, BY_MSG, WITH(.cookie = 1000, .dontwait = true)) ==
	     -EAGAIN);
	return start(e, BY_OP, WITH(.cookie = 1000, .dontwait = true));
}

static bool is_refused(int fd, const struct sockaddr_dipc *to, int err)
{
	const struct calls_with *with = WITH(.dest = to, .cookie = 99);

	return calls_start(BY_OP, fd, "x", with) == err &&
	       calls_start(BY_MSG, fd, "x", with) == err &&
	       calls_call(BY_OP, fd, "x", with).ret == err;
}

ROW(E_CALL_19, EOPNOTSUPP, nobody_there_takes_calls)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	int pair[2], plain, server;

	NEED(is_refused(e->tx, NULL, -EOPNOTSUPP));
	NEED(!socketpair(dt_family(), SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	NEED(is_refused(pair[0], NULL, -EOPNOTSUPP));
	/* of a mailbox all who receive from it; nobody may still come */
	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(calls_start(BY_OP, e->fd, "x", WITH(.dest = &mailbox)) == 1);
	plain = dt_socket_bound(SOCK_RDM, &mailbox);
	NEED(plain >= 0 && is_refused(e->fd, &mailbox, -EOPNOTSUPP));
	server = calls_server(SOCK_RDM, &mailbox);
	NEED(server >= 0);
	NEED(calls_start(BY_OP, e->fd, "y",
			 WITH(.dest = &mailbox, .cookie = 1)) == 1);
	/* who takes none does not see them */
	NEED(take(plain) == -EAGAIN);
	NEED(calls_recv(BY_OP, server, MSG_DONTWAIT).ret == 1);
	return start(e, BY_MSG, WITH(.cookie = 0));
}

ROW(E_CALL_20, EAGAIN, no_room_and_not_to_wait)
{
	const struct calls_with *with = WITH(.cookie = 1, .dontwait = true);

	NEED(serves(e));
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_WAIT));
	NEED(put(e->tx, 'a') == 1);
	NEED(calls_call(BY_OP, e->tx, "x", with).ret == -EAGAIN);
	/* one that nobody waits for stands in line */
	NEED(start(e, BY_MSG, WITH(.cookie = 1)) == 1);
	NEED(start(e, BY_OP, WITH(.cookie = 2)) == 1);
	NEED(dt_port_queued(e->rx_addr.sdipc_port) == 1);
	NEED(fcntl(e->tx, F_SETFL, O_NONBLOCK) == 0);
	return calls_call(BY_OP, e->tx, "x", WITH(.cookie = 0)).ret;
}

ROW(E_CALL_21, ENOBUFS, no_room_and_refused)
{
	NEED(serves(e));
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_REFUSE));
	NEED(put(e->tx, 'a') == 1);
	NEED(is_refused(e->tx, NULL, -ENOBUFS));
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_DROP_NEWEST));
	NEED(is_refused(e->tx, NULL, -ENOBUFS));
	return start(e, BY_MSG, WITH(.cookie = 1));
}

ROW(E_CALL_22, ENOTCONN, nowhere_to)
{
	NEED(is_refused(e->fd, NULL, -ENOTCONN));
	return start(&(env){ .tx = e->fd }, BY_OP, WITH(.cookie = 1));
}

/* Whatever the semantics: nothing was there to begin with. */
ROW(E_CALL_23, ENOENT, nobody_has_the_name)
{
	struct sockaddr_dipc name = dt_name(e->name);
	enum calls_form form;

	NEED(is_refused(e->fd, &name, -ENOENT));
	for FORMS(form)
		NEED(calls_start(form, e->fd, "x",
				 WITH(.dest = &name, .semantics = AT_LEAST,
				      .deadline_ns = 1ULL << 60)) == -ENOENT);
	return calls_call(BY_OP, e->fd, "x",
			  WITH(.dest = &name, .semantics = AT_LEAST)).ret;
}

/*
 * How it ends
 */

/* Three calls: by a thread that waits, and two that go on. */
struct three {
	struct calls_client c;
	int fd;
};

static bool start_three(struct three *t, env *e, const struct sockaddr_dipc *to)
{
	t->fd = e->tx;
	return calls_start(BY_OP, e->tx, "1",
			   WITH(.cookie = 1, .dest = to)) == 1 &&
	       calls_start(BY_MSG, e->tx, "2",
			   WITH(.cookie = 2, .dest = to)) == 1 &&
	       !calls_client_start(&t->c, BY_OP, e->fd, "3",
				   WITH(.dest = to ? to : &e->rx_addr)) &&
	       calls_client_wait_asleep(&t->c);
}

static bool have_ended(struct three *t, int err)
{
	return calls_client_end(&t->c) == err && held_end(t->fd, 1) == err &&
	       read_end(t->fd) == err && read_end(t->fd) == -EAGAIN;
}

ROW(E_CALL_30, ECONNREFUSED, certainly_not_executed)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct three t;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(start_three(&t, e, &mailbox));
	NEED(!dt_mailbox_purge(e->name, NULL));
	NEED(have_ended(&t, -ECONNREFUSED));
	NEED(start_three(&t, e, &mailbox));
	NEED(!dt_mailbox_del(e->name));
	NEED(have_ended(&t, -ECONNREFUSED));
	/* what came later was in its way */
	NEED(serves(e));
	NEED(!dt_set_capacity(e->rx, 3, DIPC_POLICY_DROP_OLDEST));
	NEED(start_three(&t, e, NULL));
	NEED(put(e->tx, 'a') == 1 && put(e->tx, 'b') == 1 &&
	     put(e->tx, 'c') == 1);
	NEED(have_ended(&t, -ECONNREFUSED));
	NEED(*take_all(e->rx) == 'a');
	NEED(start_three(&t, e, NULL));
	close(e->rx);
	e->rx = -1;
	NEED(calls_client_end(&t.c) == -ECONNREFUSED);
	NEED(held_end(e->tx, 1) == -ECONNREFUSED);
	return read_end(e->tx);
}

ROW(E_CALL_31, ECONNRESET, given_up_by_who_took_it)
{
	struct calls_got got;
	struct three t;
	int i;

	NEED(serves(e) && start_three(&t, e, NULL));
	for (i = 0; i < 3; i++) {
		got = calls_recv(BY_OP, e->rx, MSG_DONTWAIT);
		NEED(got.ret == 1);
		NEED(calls_drop(i % 2, e->rx, got.r.handle) == 0);
	}
	NEED(have_ended(&t, -ECONNRESET));
	NEED(start_three(&t, e, NULL));
	for (i = 0; i < 3; i++)
		NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == 1);
	close(e->rx);
	e->rx = -1;
	NEED(calls_client_end(&t.c) == -ECONNRESET);
	NEED(held_end(e->tx, 1) == -ECONNRESET);
	return read_end(e->tx);
}

ROW(E_CALL_32, ETIMEDOUT, deadline)
{
	const uint64_t soon = DT_SHORT_MS * 1000000ULL;
	uint64_t handle = 0, in_time;

	NEED(serves(e));
	NEED(calls_call(BY_OP, e->tx, "x", WITH(.deadline_ns = soon)).ret ==
	     -ETIMEDOUT);
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == -EAGAIN);
	/* it is to be taken in time, however slow all is */
	for (in_time = soon; !handle; in_time *= 4) {
		NEED(in_time < DT_LONG_MS * 1000000ULL);
		handle = held_take_with(e->tx, e->rx,
				WITH(.cookie = 1, .deadline_ns = in_time));
		NEED(calls_finish(BY_OP, e->tx, 0).ret == -ETIMEDOUT);
	}
	NEED(calls_reply(BY_OP, e->rx, handle, "") == -EPIPE);
	NEED(start(e, BY_MSG, WITH(.deadline_ns = soon,
				   .semantics = AT_LEAST, .try_ns = 1)) == 1);
	NEED(calls_finish(BY_OP, e->tx, 0).ret == -ETIMEDOUT);
	NEED(start(e, BY_OP, WITH(.deadline_ns = soon)) == 1);
	return dt_recv(e->tx, NULL, 0, 0, NULL);
}

static bool start_call(struct calls_client *c, env *e,
		       const struct calls_with *with)
{
	return !calls_client_start(c, BY_OP, e->tx, "x", with) &&
	       calls_client_wait_asleep(c);
}

static long interrupted(struct calls_client *c)
{
	calls_client_interrupt(c, SIGUSR1);
	return calls_client_end(c);
}

ROW(E_CALL_33, EINTR, interrupted)
{
	struct calls_client c;
	uint64_t handle;

	NEED(serves(e) && !dt_count_signal(SIGUSR1, 0));
	NEED(start_call(&c, e, WITH()));
	NEED(interrupted(&c) == -EINTR);
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == -EAGAIN);
	/* after it was taken it is never sent again */
	NEED(!dt_count_signal(SIGUSR1, SA_RESTART));
	NEED(start_call(&c, e, WITH()));
	handle = calls_recv(BY_OP, e->rx, MSG_DONTWAIT).r.handle;
	NEED(handle && interrupted(&c) == -EINTR);
	NEED(calls_reply(BY_OP, e->rx, handle, "") == -EPIPE);
	/* nor if its time would begin anew */
	NEED(start_call(&c, e, WITH(.deadline_ns = 1ULL << 40)));
	return interrupted(&c);
}

ROW(E_CALL_34, EFAULT, no_place_for_the_reply)
{
	struct calls_echo echo;
	long ret;
	char c;

	NEED(serves(e));
	NEED(!calls_echo_start(&echo, BY_OP, e->rx));
	NEED(OP(e->tx, .op = DIPC_OP_CALL, .out = PTR("x"), .out_len = 1,
		.in = PTR(BAD), .in_len = 1) == -EFAULT);
	ret = OP(e->tx, .op = DIPC_OP_CALL, .out = PTR("x"), .out_len = 1,
		 .in = PTR(&c), .in_len = 1, .info = PTR(BAD));
	NEED(ret == -EFAULT);
	/* an asynchronous one stays until it can be read */
	NEED(start(e, BY_OP, WITH(.cookie = 1)) == 1);
	NEED(DT_WAIT_UNTIL(is_readable(e->tx)));
	NEED(OP(e->tx, .op = DIPC_OP_CALL_FINISH, .cookie = 1, .in = PTR(BAD),
		.in_len = 1) == -EFAULT);
	NEED(OP(e->tx, .op = DIPC_OP_CALL_FINISH, .cookie = 1, .in = PTR(&c),
		.in_len = 1, .info = PTR(BAD)) == -EFAULT);
	NEED(dt_recv(e->tx, BAD, 1, MSG_DONTWAIT, NULL) == -EFAULT);
	NEED(held_end(e->tx, 1) == 1);
	NEED(calls_echo_end(&echo) == 0);
	return ret;
}

/*
 * Asking for its end
 */

ROW(E_CALL_35, ENOENT, no_such_call)
{
	NEED(calls_finish(BY_OP, e->tx, 0).ret == -ENOENT);
	NEED(calls_finish_cookie(e->fd, 1, 0).ret == -ENOENT);
	NEED(serves(e));
	NEED(start(e, BY_MSG, WITH(.cookie = 1)) == 1);
	/* another socket's */
	NEED(calls_finish_cookie(e->fd, 1, 0).ret == -ENOENT);
	NEED(calls_finish_cookie(e->tx, 2, 0).ret == -ENOENT);
	NEED(calls_cancel(BY_MSG, e->tx, 1) == 0);
	NEED(calls_finish(BY_OP, e->tx, 0).ret == -ENOENT);
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == -EAGAIN);
	return calls_finish_cookie(e->tx, 1, 0).ret;
}

ROW(E_CALL_36, EAGAIN, has_not_ended)
{
	NEED(serves(e));
	NEED(start(e, BY_MSG, WITH(.cookie = 1)) == 1);
	NEED(calls_finish_cookie(e->tx, 1, MSG_DONTWAIT).ret == -EAGAIN);
	NEED(calls_finish(BY_OP, e->tx, MSG_DONTWAIT).ret == -EAGAIN);
	NEED(calls_finish(BY_MSG, e->tx, MSG_DONTWAIT).ret == -EAGAIN);
	NEED(!dt_set_timeout(e->tx, SO_RCVTIMEO, DT_SHORT_MS));
	NEED(calls_finish_cookie(e->tx, 1, 0).ret == -EAGAIN);
	NEED(calls_finish(BY_MSG, e->tx, 0).ret == -EAGAIN);
	/* it is still outstanding */
	NEED(calls_reply(BY_OP, e->rx,
			 calls_recv(BY_OP, e->rx, MSG_DONTWAIT).r.handle,
			 "abc") == 3);
	NEED(held_end(e->tx, 1) == 3);
	NEED(start(e, BY_MSG, WITH(.cookie = 2)) == 1);
	return calls_finish(BY_OP, e->tx, 0).ret;
}

static long finish_waits(void *arg)
{
	return calls_finish_cookie(*(int *)arg, 1, 0).ret;
}

ROW(E_CALL_37, EINTR, interrupted_asking_for_its_end)
{
	struct dt_thread t;
	long ret;

	NEED(serves(e) && !dt_count_signal(SIGUSR1, 0));
	NEED(start(e, BY_MSG, WITH(.cookie = 1)) == 1);
	NEED(!dt_thread_start(&t, finish_waits, &e->tx));
	NEED(dt_wait_asleep(t.tid, SYS_ioctl));
	ret = errors_interrupted(&t);
	/* it goes on */
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == 1);
	NEED(held_end(e->tx, 1) == -EAGAIN);
	return ret;
}

ROW(E_CALL_38, ENOENT, nothing_to_give_up)
{
	enum calls_form form;

	NEED(serves(e));
	for FORMS(form) {
		NEED(calls_cancel(form, e->tx, 1) == -ENOENT);
		NEED(start(e, form, WITH(.cookie = 1)) == 1);
		NEED(calls_cancel(form, e->fd, 1) == -ENOENT);
		NEED(calls_cancel(form, e->tx, 2) == -ENOENT);
		NEED(calls_cancel(form, e->tx, 1) == 0);
		NEED(calls_cancel(form, e->tx, 1) == -ENOENT);
	}
	return calls_cancel(BY_MSG, e->fd, 1);
}

TEST_HARNESS_MAIN
