// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * How the steps of a server fail: to receive a request, and whatever can be
 * done with the handle of one, by ioctl and by control message; see errors.h.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

/* 65,536 of something, also where the kernel is slow */
#define ROW_SECONDS 200

#include "call.h"
#include "errors.h"
#include "held.h"
#include "scm.h"

#define FORMS(form) (form = BY_OP; form <= BY_MSG; form++)
#define STEPS(step) (step = 0; step < HELD_N_STEPS; step++)
/* as the result of a row: the step that does not do as it should */
#define WRONG(step)	(200000 + (step))

static bool serves(env *e)
{
	return !calls_take_calls(e->rx);
}

/* tx has called rx, which holds the request: its handle, or 0 */
static uint64_t held(env *e)
{
	return serves(e) ? held_take(e->tx, e->rx, 1) : 0;
}

/* The address of another server, which is there until the test ends. */
static struct sockaddr_dipc elsewhere(void)
{
	struct sockaddr_dipc any = dt_any();

	return dt_port_of(calls_server(SOCK_RDM, &any));
}

/*
 * Receiving
 */

ROW(E_CALL_50, EBUSY, takes_calls_once_it_receives)
{
	int off = 0, on = 1, fd = dt_socket(SOCK_RDM);
	struct sockaddr_dipc addr;

	/* before that it can be taken back */
	NEED(!calls_take_calls(fd));
	NEED(!setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &off, 4));
	addr = dt_port_of(fd);
	NEED(calls_start(BY_OP, e->fd, "x", WITH(.dest = &addr)) ==
	     -EOPNOTSUPP);
	close(fd);
	NEED(serves(e));
	NEED(!setsockopt(e->rx, SOL_DIPC, DIPC_RECV_CALLS, &on, 4));
	NEED(DT_ERR(setsockopt(e->rx, SOL_DIPC, DIPC_RECV_CALLS, &off, 4)) ==
	     -EBUSY);
	NEED(held_take(e->tx, e->rx, 1));
	return DT_ERR(setsockopt(e->rx, SOL_DIPC, DIPC_RECV_CALLS, &off, 4));
}

ROW(E_CALL_51, EINVAL, option_that_is_neither_0_nor_1)
{
	int value;

	for (value = -1; value < 70; value++)
		if (value != 0 && value != 1)
			NEED(DT_ERR(setsockopt(e->rx, SOL_DIPC,
					       DIPC_RECV_CALLS, &value, 4)) ==
			     -EINVAL);
	value = 1;
	NEED(DT_ERR(setsockopt(e->rx, SOL_DIPC, DIPC_RECV_CALLS, &value, 3)) ==
	     -EINVAL);
	return DT_ERR(setsockopt(e->rx, SOL_DIPC, DIPC_RECV_CALLS, &value, 8));
}

/* With that much room for control messages. */
static long recv_room(int fd, size_t room, int flags)
{
	char control[256] __attribute__((aligned(8))), buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = room,
	};

	return DT_ERR(recvmsg(fd, &msg, flags));
}

ROW(E_CALL_52, EMSGSIZE, no_place_for_the_handle)
{
	const size_t enough = CMSG_LEN(sizeof(struct dipc_request));
	char buf[16];
	size_t room;

	NEED(serves(e));
	NEED(calls_start(BY_MSG, e->tx, "abc", WITH(.cookie = 1)) == 3);
	for (room = 0; room < enough; room++)
		NEED(recv_room(e->rx, room, 0) == -EMSGSIZE);
	NEED(DT_ERR(read(e->rx, buf, sizeof(buf))) == -EMSGSIZE);
	NEED(dt_recv(e->rx, buf, sizeof(buf), 0, NULL) == -EMSGSIZE);
	NEED(OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(buf), .in_len = 16) ==
	     -EMSGSIZE);
	/* who only looks needs none */
	NEED(dt_recv(e->rx, buf, sizeof(buf), MSG_PEEK, NULL) == 3);
	/* it is still the next, and nobody holds it */
	NEED(dt_port_queued(e->rx_addr.sdipc_port) == 1);
	NEED(recv_room(e->rx, enough, MSG_DONTWAIT) == 3);
	NEED(calls_start(BY_MSG, e->tx, "abc", WITH(.cookie = 2)) == 3);
	return OP(e->rx, .op = DIPC_OP_REPLY_RECV, .in = PTR(buf),
		  .in_len = 16);
}

ROW(E_CALL_53, EMFILE, as_many_requests_as_a_socket_may_hold)
{
	int bound = 1 << 30, limit = DIPC_HANDLES_MAX, i;
	const struct calls_with *with;
	uint64_t first = 0, handle;

	NEED(serves(e));
	NEED(!setsockopt(e->tx, SOL_SOCKET, SO_SNDBUFFORCE, &bound, 4));
	for (i = 0; i < limit; i++) {
		handle = held_take_with(e->tx, e->rx,
					WITH(.cookie = i, .reply_max = 8));
		if (!handle)
			return 200000 + i;
		if (!first)
			first = handle;
	}
	/* another client: one may have as many outstanding only */
	with = WITH(.cookie = 1, .reply_max = 8, .dest = &e->rx_addr);
	close(e->fd);
	e->fd = dt_socket(SOCK_RDM);
	NEED(calls_start(BY_OP, e->fd, "x", with) == 1);
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == -EMFILE);
	NEED(calls_recv(BY_MSG, e->rx, MSG_DONTWAIT).ret == -EMFILE);
	NEED(calls_reply(BY_OP, e->rx, first, "") == 0);
	handle = calls_recv(BY_OP, e->rx, MSG_DONTWAIT).r.handle;
	NEED(handle && handle != first);
	with = WITH(.cookie = 2, .reply_max = 8, .dest = &e->rx_addr);
	NEED(calls_start(BY_OP, e->fd, "x", with) == 1);
	return calls_recv(BY_MSG, e->rx, MSG_DONTWAIT).ret;
}

ROW(E_CALL_54, EMSGSIZE, no_place_for_the_notice)
{
	const size_t enough = CMSG_LEN(sizeof(struct dipc_cancelled));
	struct dipc_cancelled notice;
	uint64_t handle = held(e);
	size_t room;

	NEED(handle && calls_cancel(BY_OP, e->tx, 1) == 0);
	for (room = 0; room < enough; room++)
		NEED(recv_room(e->rx, room, MSG_ERRQUEUE) == -EMSGSIZE);
	NEED(calls_cancelled(e->rx, &notice) == 0);
	NEED(notice.handle == handle);
	NEED(calls_cancelled(e->rx, &notice) == -EAGAIN);
	handle = held_take(e->tx, e->rx, 1);
	NEED(handle && calls_cancel(BY_OP, e->tx, 1) == 0);
	return dt_recv(e->rx, &notice, sizeof(notice), MSG_ERRQUEUE, NULL);
}

ROW(E_CALL_55, EFAULT, bad_place_for_the_handle)
{
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = BAD, .msg_controllen = 256,
	};

	NEED(serves(e));
	NEED(calls_start(BY_MSG, e->tx, "abc", WITH(.cookie = 1)) == 3);
	NEED(DT_ERR(recvmsg(e->rx, &msg, 0)) == -EFAULT);
	NEED(dt_port_queued(e->rx_addr.sdipc_port) == 1);
	NEED(calls_recv(BY_MSG, e->rx, MSG_DONTWAIT).ret == 3);
	NEED(calls_start(BY_MSG, e->tx, "abc", WITH(.cookie = 2)) == 3);
	return DT_ERR(recvmsg(e->rx, &msg, 0));
}

/*
 * With a handle
 */

ROW(E_CALL_60, ESRCH, handle_that_stands_for_nothing)
{
	uint64_t handle = held(e), none[] = { 0, 1, handle ^ 1, handle + 65536,
		handle - 65536, handle ^ 1ULL << 63, ~0ULL };
	struct sockaddr_dipc other = elsewhere();
	enum held_step step, used;
	unsigned int i;

	NEED(handle);
	for STEPS(step) {
		/* 0 says there that there is nothing to reply to */
		for (i = step == HELD_REPLY_RECV; i < 7; i++)
			if (held_do(step, e->rx, none[i], &other) != -ESRCH)
				return WRONG(step);
		/* another socket's, be it that of who has called */
		if (held_do(step, e->tx, handle, &other) != -ESRCH ||
		    held_do(step, e->fd, handle, &other) != -ESRCH)
			return WRONG(step);
	}
	/* used up, however */
	for STEPS(used) {
		if (!held_is_end(used) || held_is_forward(used))
			continue;
		held_do(used, e->rx, handle, NULL);
		for STEPS(step)
			if (held_do(step, e->rx, handle, &other) != -ESRCH)
				return WRONG(step);
		NEED(held_end(e->tx, 1) != -EAGAIN);
		handle = held_take(e->tx, e->rx, 1);
	}
	return calls_reply(BY_MSG, e->tx, handle, "");
}

ROW(E_CALL_61, EBUSY, somebody_else_has_the_handle)
{
	static const enum held_step others[] = {
		HELD_REPLY, HELD_REPLY_MSG, HELD_REPLY_RECV, HELD_WRITE,
		HELD_WRITE_MSG, HELD_READ,
	};
	struct sockaddr_dipc other = elsewhere();
	uint64_t handle = held(e);
	struct held_stuck s;
	enum held_step step;
	long ret = 0;
	int i;

	NEED(handle);
	for (i = 0; i < 6; i++) {
		NEED(!held_stuck_start(&s, others[i], e->rx, handle));
		for STEPS(step) {
			/* some may read at a time */
			if (step == HELD_READ && others[i] == HELD_READ)
				ret = held_is(e->rx, handle) ? -EBUSY : 0;
			else
				ret = held_do(step, e->rx, handle, &other);
			if (ret != -EBUSY)
				break;
		}
		/* it did what it was to do, as if nothing had been */
		if (others[i] == HELD_READ)
			NEED(held_stuck_end(&s) == strlen(HELD_TEXT));
		else if (others[i] == HELD_REPLY_RECV)
			NEED(held_stuck_end(&s) == -EAGAIN);
		else
			NEED(held_stuck_end(&s) == HELD_LEN);
		if (step < HELD_N_STEPS)
			return WRONG(100 * others[i] + step);
		if (!held_is_end(others[i]))
			continue;
		NEED(held_end(e->tx, 1) == HELD_LEN);
		handle = held_take(e->tx, e->rx, 1);
		NEED(handle);
	}
	return ret;
}

ROW(E_CALL_62, EMSGSIZE, reply_longer_than_the_client_takes)
{
	enum calls_form form;
	uint64_t handle;

	NEED(serves(e));
	handle = held_take_with(e->tx, e->rx,
				WITH(.cookie = 1, .reply_max = 4));
	NEED(handle);
	for FORMS(form) {
		NEED(calls_reply(form, e->rx, handle, "12345") == -EMSGSIZE);
		NEED(calls_reply_at(form, e->rx, handle, 1, "1234", 4) ==
		     -EMSGSIZE);
		NEED(calls_reply_at(form, e->rx, handle, 5, "", 0) ==
		     -EMSGSIZE);
		NEED(calls_reply_at(form, e->rx, handle, ~0ULL, "1", 1) ==
		     -EMSGSIZE);
		NEED(calls_reply_at(form, e->rx, handle, -4ULL, "12345678",
				    8) == -EMSGSIZE);
		NEED(calls_reply_at(form, e->rx, handle, 1ULL << 32, "1", 1) ==
		     -EMSGSIZE);
		NEED(calls_write(form, e->rx, handle, 0, "12345", 5) ==
		     -EMSGSIZE);
		NEED(calls_write(form, e->rx, handle, 4, "1", 1) == -EMSGSIZE);
		NEED(calls_write(form, e->rx, handle, ~0ULL, "1", 1) ==
		     -EMSGSIZE);
	}
	NEED(OP(e->rx, .op = DIPC_OP_REPLY_RECV, .out = PTR("12345"),
		.out_len = 5, .handle = handle) == -EMSGSIZE);
	/* nothing of these is in it */
	NEED(held_end(e->tx, 1) == -EAGAIN);
	NEED(calls_reply(BY_OP, e->rx, handle, "") == 0);
	NEED(held_end(e->tx, 1) == 0);
	handle = held_take_with(e->tx, e->rx,
				WITH(.cookie = 1, .reply_max = 0));
	return calls_reply(BY_MSG, e->rx, handle, "1");
}

ROW(E_CALL_63, EFAULT, bad_payload_or_place_for_it)
{
	static const enum held_step steps[] = {
		HELD_REPLY, HELD_REPLY_MSG, HELD_REPLY_RECV, HELD_WRITE,
		HELD_WRITE_MSG, HELD_READ,
	};
	uint64_t handle = held(e);
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	NEED(handle && page != MAP_FAILED && !munmap(page + 4096, 4096));
	memset(page, 'x', 4096);
	for (i = 0; i < 6; i++) {
		NEED(held_do_at(steps[i], e->rx, handle, NULL, BAD, 4) ==
		     -EFAULT);
		/* its last byte */
		NEED(held_do_at(steps[i], e->rx, handle, NULL, page + 4093,
				4) == -EFAULT);
		NEED(held_is(e->rx, handle));
	}
	/* a reply that is bad is none: it is as long as the next says */
	NEED(calls_reply(BY_OP, e->rx, handle, "ab") == 2);
	NEED(held_end(e->tx, 1) == 2);
	handle = held_take(e->tx, e->rx, 1);
	return held_do_at(HELD_REPLY_MSG, e->rx, handle, NULL, BAD, 1);
}

ROW(E_CALL_64, EPIPE, nobody_waits_for_it_any_more)
{
	struct sockaddr_dipc other = elsewhere();
	enum held_step step;
	uint64_t handle;

	NEED(serves(e));
	for STEPS(step) {
		handle = held_take(e->tx, e->rx, 1);
		NEED(handle && calls_cancel(BY_OP, e->tx, 1) == 0);
		if (held_is_drop(step)) {
			NEED(held_do(step, e->rx, handle, NULL) == 0);
		} else if (held_do(step, e->rx, handle, &other) != -EPIPE) {
			return WRONG(step);
		}
		/* what does not end it leaves it to be dropped */
		NEED(calls_drop(BY_MSG, e->rx, handle) ==
		     (held_is_end(step) ? -ESRCH : 0));
	}
	handle = held_take(e->tx, e->rx, 1);
	close(e->tx);
	e->tx = -1;
	return calls_reply(BY_OP, e->rx, handle, "");
}

ROW(E_CALL_65, EINVAL, reading_behind_the_end)
{
	const uint64_t end = strlen(HELD_TEXT);
	uint64_t handle = held(e);
	char buf[16];

	NEED(handle);
	NEED(calls_read(e->rx, handle, end, buf, 16) == 0);
	NEED(calls_read(e->rx, handle, end - 1, buf, 16) == 1);
	NEED(calls_read(e->rx, handle, end + 1, buf, 16) == -EINVAL);
	NEED(calls_read(e->rx, handle, end + 1, buf, 0) == -EINVAL);
	NEED(calls_read(e->rx, handle, 1ULL << 32, buf, 16) == -EINVAL);
	return calls_read(e->rx, handle, ~0ULL, buf, 16);
}

static int to_there(struct sockaddr_dipc *addr)
{
	*addr = dt_any();
	return calls_server(SOCK_RDM, addr);
}

ROW(E_CALL_66, ELOOP, forwarded_to_oneself_or_too_often)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name), name;
	uint64_t handle = held(e);
	enum calls_form form;
	int there, at, i;

	NEED(handle);
	for FORMS(form)
		NEED(calls_forward(form, e->rx, handle, &e->rx_addr) ==
		     -ELOOP);
	/* by whatever name, and to the mailbox that it came from */
	name = dt_name(e->name);
	NEED(!dt_bind(e->rx, &name));
	NEED(calls_forward(BY_OP, e->rx, handle, &name) == -ELOOP);
	NEED(held_is(e->rx, handle));
	close(e->rx);
	NEED(held_end(e->tx, 1) == -ECONNRESET);
	NEED(!dt_mailbox_new(e->name, NULL));
	e->rx = calls_server(SOCK_RDM, &mailbox);
	NEED(e->rx >= 0 && !dt_connect(e->tx, &mailbox));
	handle = held_take(e->tx, e->rx, 1);
	NEED(handle);
	NEED(calls_forward(BY_MSG, e->rx, handle, &mailbox) == -ELOOP);
	/* there and back again */
	there = to_there(&name);
	name = dt_port_of(there);
	for (at = e->rx, i = 0; i < 255; i++) {
		if (calls_forward(i & 1, at, handle,
				  at == there ? &mailbox : &name))
			return WRONG(i);
		at = at == there ? e->rx : there;
		handle = calls_recv(BY_OP, at, MSG_DONTWAIT).r.handle;
		NEED(handle);
	}
	NEED(calls_forward(BY_MSG, at, handle, &mailbox) == -ELOOP);
	NEED(held_is(at, handle));
	return calls_forward(BY_OP, at, handle, &mailbox);
}

ROW(E_CALL_67, ENOTCONN, forwarded_nowhere)
{
	uint64_t handle = held(e);

	NEED(handle);
	NEED(calls_forward(BY_MSG, e->rx, handle, NULL) == -ENOTCONN);
	NEED(held_is(e->rx, handle));
	return calls_forward(BY_OP, e->rx, handle, NULL);
}

ROW(E_CALL_68, ENOENT, forwarded_to_who_is_not_there)
{
	struct sockaddr_dipc name = dt_name(e->name), mailbox, port = dt_any();
	uint64_t handle = held(e);
	enum calls_form form;
	int plain;

	NEED(handle);
	plain = dt_socket_bound(SOCK_RDM, &port);
	port = dt_port_of(plain);
	mailbox = dt_mailbox(e->name);
	for FORMS(form) {
		NEED(calls_forward(form, e->rx, handle, &port) ==
		     -EOPNOTSUPP);
		NEED(calls_forward(form, e->rx, handle, &name) == -ENOENT);
		NEED(calls_forward(form, e->rx, handle, &mailbox) == -ENOENT);
	}
	close(plain);
	for FORMS(form)
		NEED(calls_forward(form, e->rx, handle, &port) ==
		     -ECONNREFUSED);
	/* no room, and nobody may wait for it */
	port = dt_any();
	plain = calls_server(SOCK_RDM, &port);
	port = dt_port_of(plain);
	NEED(!dt_set_capacity(plain, 1, DIPC_POLICY_REFUSE));
	NEED(dt_send(e->fd, "x", 1, 0, &port) == 1);
	for FORMS(form)
		NEED(calls_forward(form, e->rx, handle, &port) == -ENOBUFS);
	NEED(held_is(e->rx, handle) && held_end(e->tx, 1) == -EAGAIN);
	return calls_forward(BY_MSG, e->rx, handle, &name);
}

/* A reply, or another of those that stand for no message, as it may not be. */
static long send_verb(int fd, int type, const void *data, size_t len,
		      const char *text, const struct sockaddr_dipc *to)
{
	struct scm_control c = { .len = 0 };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = {
		.msg_name = (void *)to, .msg_namelen = to ? sizeof(*to) : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c.buf,
	};

	scm_put(&c, SOL_DIPC, type, data, len);
	msg.msg_controllen = c.len;
	return DT_ERR(sendmsg(fd, &msg, MSG_DONTWAIT));
}

ROW(E_CALL_69, EDESTADDRREQ, forwarded_nowhere_from_a_connection)
{
	uint64_t handle;
	int one = 1, pair[2];
	long ret;

	NEED(socketpair(dt_family(), SOCK_SEQPACKET, 0, pair) == 0);
	NEED(setsockopt(pair[1], SOL_DIPC, DIPC_RECV_CALLS, &one,
			sizeof(one)) == 0);
	handle = held_take(pair[0], pair[1], 1);
	NEED(handle);
	NEED(calls_forward(BY_MSG, pair[1], handle, NULL) == -EDESTADDRREQ);
	ret = calls_forward(BY_OP, pair[1], handle, NULL);
	NEED(held_is(pair[1], handle));
	close(pair[0]);
	close(pair[1]);
	return ret;
}

ROW(E_CALL_70, EINVAL, payload_or_address_where_there_is_none)
{
	const struct sockaddr_dipc *to = &e->rx_addr;
	struct dipc_reply_params p = { .handle = held(e) };
	uint64_t cookie = 1;

	NEED(p.handle);
	NEED(send_verb(e->rx, DIPC_REPLY, &p, sizeof(p), "x", to) == -EINVAL);
	NEED(send_verb(e->rx, DIPC_DROP, &p.handle, 8, "", to) == -EINVAL);
	NEED(send_verb(e->rx, DIPC_DROP, &p.handle, 8, "x", NULL) == -EINVAL);
	NEED(send_verb(e->rx, DIPC_FORWARD, &p.handle, 8, "x", to) ==
	     -EINVAL);
	NEED(send_verb(e->tx, DIPC_CANCEL, &cookie, 8, "", to) == -EINVAL);
	NEED(held_is(e->rx, p.handle) && held_end(e->tx, 1) == -EAGAIN);
	return send_verb(e->tx, DIPC_CANCEL, &cookie, 8, "x", NULL);
}

ROW(E_CALL_71, EINVAL, flags_and_reserved_of_a_reply)
{
	struct dipc_reply_params p = { .handle = held(e) };
	int i;

	NEED(p.handle);
	for (i = 1; i < 32; i++) {
		p.flags = 1U << i;
		NEED(send_verb(e->rx, DIPC_REPLY, &p, sizeof(p), "x", NULL) ==
		     -EINVAL);
	}
	p.flags = 0;
	for (i = 0; i < 3; i++) {
		p.reserved[i] = 1;
		NEED(send_verb(e->rx, DIPC_REPLY, &p, sizeof(p), "x", NULL) ==
		     -EINVAL);
		p.reserved[i] = 0;
	}
	NEED(held_is(e->rx, p.handle) && held_end(e->tx, 1) == -EAGAIN);
	NEED(send_verb(e->rx, DIPC_REPLY, &p, sizeof(p), "x", NULL) == 1);
	p.flags = DIPC_REPLY_PART << 1;
	return send_verb(e->rx, DIPC_REPLY, &p, sizeof(p), "x", NULL);
}

TEST_HARNESS_MAIN
