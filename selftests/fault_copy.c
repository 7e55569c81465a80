// SPDX-License-Identifier: GPL-2.0
/*
 * Bad memory at each pointer that a program gives to the module: all of it, its
 * second half, and its last byte alone. It is EFAULT, nothing is done, and the
 * next try with good memory works. (That each copy fails by itself, wherever it
 * is, is what the other suites fault_* see to.) suite-timeout: 120
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls.h"
#include "fault.h"
#include "scm.h"

#define LEN	64	/* of what is less than a page */

/* Two sockets and a call, as far as the step needs them. */
struct copying {
	int type;
	int rx, tx, other;
	struct sockaddr_dipc to, elsewhere;
	uint64_t handle;
	size_t len;		/* of the memory that is bad */
};

/* Memory that is good for some bytes, and then there is none. */
struct place {
	char *map, *at;
	size_t size;
};

static long page;

static int place_new(struct place *p, size_t good)
{
	size_t whole = (good + page - 1) / page * page;

	p->size = whole + page;
	p->map = mmap(NULL, p->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->map == MAP_FAILED)
		return -errno;
	if (mprotect(p->map + whole, page, PROT_NONE))
		return -errno;
	p->at = p->map + whole - good;
	return 0;
}

struct copy {
	const char *name;
	size_t len;		/* of what the pointer is to */
	int (*setup)(struct copying *c);
	/* what is at the pointer, if that matters */
	void (*fill)(struct copying *c, void *at);
	long (*step)(struct copying *c, void *at);
	bool (*is_untouched)(struct copying *c);
	/* the last thing: all else is done nevertheless (errors.txt) */
	bool is_late;
	int type;
};

/*
 * What there is
 */

static int open_both(struct copying *c)
{
	static const struct dipc_queue_conf big = {
		.capacity_msgs = 8, .msg_max_bytes = 1 << 20,
		.capacity_bytes = 8 << 20,
	};
	struct sockaddr_dipc any = dt_any();
	int sv[2];

	if (c->type) {
		if (socketpair(dt_family(), c->type, 0, sv))
			return -errno;
		c->rx = sv[0];
		c->tx = sv[1];
		return 0;
	}
	c->rx = calls_server(SOCK_RDM, &any);
	c->to = dt_port_of(c->rx);
	c->tx = dt_socket_connected(SOCK_RDM, &c->to);
	c->other = calls_server(SOCK_RDM, &any);
	c->elsewhere = dt_port_of(c->other);
	return dt_set_conf(c->rx, &big);
}

#define FIRST	8	/* bytes in a good piece, before the one that is bad */

static int send_len(struct copying *c, size_t len)
{
	static char buf[1 << 20];
	int err = open_both(c);

	return err ?: send(c->tx, buf, len, MSG_DONTWAIT) == len ? 0 : -errno;
}

static int sent(struct copying *c)
{
	return send_len(c, c->len);
}

static int sent_more(struct copying *c)
{
	return send_len(c, FIRST + c->len);
}

static int asked(struct copying *c)
{
	static char buf[CALLS_TEXT_MAX];
	int err = open_both(c);
	long ret;

	if (err)
		return err;
	ret = calls_start_bytes(BY_OP, c->tx, buf, c->len < sizeof(buf) ?
				c->len : sizeof(buf), WITH(.cookie = 7));
	return ret < 0 ? ret : 0;
}

static int held(struct copying *c)
{
	struct calls_got got;
	int err = asked(c);

	if (err)
		return err;
	got = calls_recv(BY_OP, c->rx, MSG_DONTWAIT);
	c->handle = got.r.handle;
	return got.ret < 0 ? got.ret : 0;
}

static int replied(struct copying *c)
{
	static char buf[CALLS_TEXT_MAX];
	int err = held(c);
	long ret;

	if (err)
		return err;
	ret = calls_reply_at(BY_OP, c->rx, c->handle, 0, buf, c->len);
	return ret < 0 ? ret : 0;
}

static void close_all(struct copying *c)
{
	close(c->rx);
	close(c->tx);
	close(c->other);
}

static bool nothing_there(struct copying *c)
{
	char x;

	return recv(c->rx, &x, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
	       errno == EAGAIN;
}

static bool message_there(struct copying *c)
{
	char x;

	return recv(c->rx, &x, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

static bool is_outstanding(struct copying *c)
{
	return calls_finish(BY_OP, c->tx, MSG_DONTWAIT).ret == -EAGAIN;
}

/*
 * Messages
 */

static long send_it(struct copying *c, void *at)
{
	return DT_ERR(send(c->tx, at, c->len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static long receive(struct copying *c, void *at)
{
	return DT_ERR(recv(c->rx, at, c->len, MSG_DONTWAIT));
}

static long look(struct copying *c, void *at)
{
	return DT_ERR(recv(c->rx, at, c->len, MSG_DONTWAIT | MSG_PEEK));
}

/* A good piece first, and then the one that is not. */
static long send_second(struct copying *c, void *at)
{
	char first[FIRST] = "";
	struct iovec iov[2] = { { first, FIRST }, { at, c->len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return DT_ERR(sendmsg(c->tx, &msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static long receive_second(struct copying *c, void *at)
{
	char first[FIRST];
	struct iovec iov[2] = { { first, FIRST }, { at, c->len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return DT_ERR(recvmsg(c->rx, &msg, MSG_DONTWAIT));
}

static void fill_control(struct copying *c, void *at)
{
	struct scm_control control = { 0 };
	uint64_t tag = 5;

	scm_put(&control, SOL_DIPC, DIPC_TAG, &tag, sizeof(tag));
	memcpy(at, control.buf, c->len);
}

static long send_control(struct copying *c, void *at)
{
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = at, .msg_controllen = c->len,
	};

	return DT_ERR(sendmsg(c->tx, &msg, MSG_DONTWAIT));
}

static void fill_address(struct copying *c, void *at)
{
	memcpy(at, &c->to, sizeof(c->to));
}

static long send_to(struct copying *c, void *at)
{
	return dt_send(c->tx, "x", 1, MSG_DONTWAIT, at);
}

static long connect_to(struct copying *c, void *at)
{
	return dt_connect(c->tx, at);
}

static void fill_number(struct copying *c, void *at)
{
	struct sockaddr_dipc addr = dt_port(4711);

	memcpy(at, &addr, sizeof(addr));
}

static long bind_to(struct copying *c, void *at)
{
	int fd = dt_socket(SOCK_RDM), ret = dt_bind(fd, at);

	close(fd);
	return ret;
}

static long receive_from(struct copying *c, void *at)
{
	socklen_t len = sizeof(struct sockaddr_dipc);
	char x[LEN];

	return DT_ERR(recvfrom(c->rx, x, sizeof(x), MSG_DONTWAIT, at, &len));
}

static long name_of(struct copying *c, void *at)
{
	socklen_t len = sizeof(struct sockaddr_dipc);

	return DT_ERR(getsockname(c->rx, at, &len));
}

/*
 * Options
 */

static void fill_conf(struct copying *c, void *at)
{
	dt_get_conf(c->rx, at);
}

static long set_conf(struct copying *c, void *at)
{
	return dt_set_conf(c->rx, at);
}

static long get_conf(struct copying *c, void *at)
{
	return dt_get_conf(c->rx, at);
}

static long set_match(struct copying *c, void *at)
{
	return DT_ERR(setsockopt(c->rx, SOL_DIPC, DIPC_MATCH, at,
				 sizeof(struct dipc_match)));
}

static long get_match(struct copying *c, void *at)
{
	socklen_t len = sizeof(struct dipc_match);

	return DT_ERR(getsockopt(c->rx, SOL_DIPC, DIPC_MATCH, at, &len));
}

static long set_int(struct copying *c, void *at)
{
	return DT_ERR(setsockopt(c->tx, SOL_DIPC, DIPC_MODE, at, sizeof(int)));
}

static long get_id(struct copying *c, void *at)
{
	socklen_t len = sizeof(uint64_t);

	return DT_ERR(getsockopt(c->tx, SOL_DIPC, DIPC_PORT_ID, at, &len));
}

static long get_length(struct copying *c, void *at)
{
	uint64_t id;

	*(volatile char *)&id = 0;
	return DT_ERR(getsockopt(c->tx, SOL_DIPC, DIPC_PORT_ID, &id, at));
}

static void fill_length(struct copying *c, void *at)
{
	socklen_t len = sizeof(uint64_t);

	memcpy(at, &len, sizeof(len));
}

static long how_much(struct copying *c, void *at)
{
	return DT_ERR(ioctl(c->rx, FIONREAD, at));
}

/*
 * Operations
 */

static char room[1 << 16];

static void fill_op(struct copying *c, void *at)
{
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_SEND, .out = PTR("x"),
		.out_len = 1,
	};

	memcpy(at, &op, sizeof(op));
}

static long op_itself(struct copying *c, void *at)
{
	return calls_op(c->tx, at);
}

static long op_send(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_SEND, .out = PTR(at), .out_len = c->len);
}

static void fill_vec(struct copying *c, void *at)
{
	static char text[] = "xyz!";
	struct iovec iov[4];

	for (int i = 0; i < 4; i++)
		iov[i] = (struct iovec) { text + i, 1 };

	memcpy(at, iov, sizeof(iov));
}

static long op_vec(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_SEND, .flags = DIPC_OP_OUT_VEC,
		  .out = PTR(at), .out_len = 4);
}

static long op_dest(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_SEND, .out = PTR("x"), .out_len = 1,
		  .dest = PTR(at));
}

static long op_start(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_CALL_START, .out = PTR(at),
		  .out_len = c->len, .cookie = 7, .reply_max = 64);
}

static long op_recv(struct copying *c, void *at)
{
	struct dipc_request r;

	return OP(c->rx, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
		  .in = PTR(at), .in_len = c->len, .info = PTR(&r));
}

static long op_recv_info(struct copying *c, void *at)
{
	return OP(c->rx, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
		  .in = PTR(room), .in_len = sizeof(room), .info = PTR(at));
}

static long op_recv_match(struct copying *c, void *at)
{
	struct dipc_request r;

	return OP(c->rx, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT,
		  .in = PTR(room), .in_len = sizeof(room), .info = PTR(&r),
		  .match = PTR(at));
}

static long op_reply(struct copying *c, void *at)
{
	return calls_reply_at(BY_OP, c->rx, c->handle, 0, at, c->len);
}

static long msg_reply(struct copying *c, void *at)
{
	return calls_reply_at(BY_MSG, c->rx, c->handle, 0, at, c->len);
}

static long op_write(struct copying *c, void *at)
{
	return calls_write(BY_OP, c->rx, c->handle, 10, at, c->len);
}

static long op_read(struct copying *c, void *at)
{
	return calls_read(c->rx, c->handle, 0, at, c->len);
}

static void fill_elsewhere(struct copying *c, void *at)
{
	memcpy(at, &c->elsewhere, sizeof(c->elsewhere));
}

static long op_forward(struct copying *c, void *at)
{
	return calls_forward(BY_OP, c->rx, c->handle, at);
}

static long op_finish(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_CALL_FINISH, .flags = DIPC_OP_DONTWAIT,
		  .cookie = 7, .in = PTR(at), .in_len = c->len);
}

static long op_finish_info(struct copying *c, void *at)
{
	return OP(c->tx, .op = DIPC_OP_CALL_FINISH, .flags = DIPC_OP_DONTWAIT,
		  .cookie = 7, .in = PTR(room), .in_len = sizeof(room),
		  .info = PTR(at));
}

#define ADDR	sizeof(struct sockaddr_dipc)
#define KIB	1024

static const struct copy table[] = {
	{ "send", LEN, open_both, NULL, send_it, nothing_there },
	{ "send, 3000 bytes", 3000, open_both, NULL, send_it, nothing_there },
	{ "send, 100 KiB", 100 * KIB, open_both, NULL, send_it, nothing_there },
	{ "send, the second piece", 3000, open_both, NULL, send_second,
	  nothing_there },
	{ "send, link", 3000, open_both, NULL, send_it, nothing_there,
	  .type = SOCK_SEQPACKET },
	{ "send, stream", 4096, open_both, NULL, send_it, nothing_there,
	  .type = SOCK_STREAM },
	{ "send, control messages", 24, open_both, fill_control, send_control,
	  nothing_there },
	{ "send, destination", ADDR, open_both, fill_address, send_to,
	  nothing_there },
	{ "connect", ADDR, open_both, fill_address, connect_to },
	{ "bind", ADDR, open_both, fill_number, bind_to },
	{ "receive", LEN, sent, NULL, receive, message_there },
	{ "receive, 3000 bytes", 3000, sent, NULL, receive, message_there },
	{ "receive, 100 KiB", 100 * KIB, sent, NULL, receive, message_there },
	{ "receive, the second piece", 3000, sent_more, NULL, receive_second,
	  message_there },
	{ "receive, link", 3000, sent, NULL, receive, message_there,
	  .type = SOCK_SEQPACKET },
	{ "peek", 3000, sent, NULL, look, message_there },
	{ "receive, source", ADDR, sent, NULL, receive_from, nothing_there,
	  .is_late = true },
	{ "getsockname", ADDR, open_both, NULL, name_of },
	{ "set DIPC_QUEUE", sizeof(struct dipc_queue_conf), open_both,
	  fill_conf, set_conf },
	{ "get DIPC_QUEUE", sizeof(struct dipc_queue_conf), open_both, NULL,
	  get_conf },
	{ "set DIPC_MATCH", sizeof(struct dipc_match), open_both, NULL,
	  set_match },
	{ "get DIPC_MATCH", sizeof(struct dipc_match), open_both, NULL,
	  get_match },
	{ "set DIPC_MODE", sizeof(int), open_both, NULL, set_int },
	{ "get DIPC_PORT_ID", 8, open_both, NULL, get_id },
	{ "get, its length", sizeof(socklen_t), open_both, fill_length,
	  get_length },
	{ "FIONREAD", sizeof(int), sent, NULL, how_much, message_there },
	{ "struct dipc_op", sizeof(struct dipc_op), open_both, fill_op,
	  op_itself, nothing_there },
	{ "SEND", 3000, open_both, NULL, op_send, nothing_there },
	{ "SEND, list of pieces", 4 * sizeof(struct iovec), open_both, fill_vec,
	  op_vec, nothing_there },
	{ "SEND, destination", ADDR, open_both, fill_address, op_dest,
	  nothing_there },
	{ "CALL_START", 3000, open_both, NULL, op_start, nothing_there },
	{ "RECV", 3000, asked, NULL, op_recv, message_there },
	{ "RECV, struct dipc_request", sizeof(struct dipc_request), asked, NULL,
	  op_recv_info, message_there },
	{ "RECV, match", sizeof(struct dipc_match), asked, NULL, op_recv_match,
	  message_there },
	{ "REPLY", 3000, held, NULL, op_reply, is_outstanding },
	{ "reply by message", 3000, held, NULL, msg_reply, is_outstanding },
	{ "WRITE", 3000, held, NULL, op_write, is_outstanding },
	{ "READ", 3000, held, NULL, op_read, is_outstanding },
	{ "FORWARD, destination", ADDR, held, fill_elsewhere, op_forward,
	  is_outstanding },
	{ "CALL_FINISH", 3000, replied, NULL, op_finish },
	{ "CALL_FINISH, struct dipc_outcome", sizeof(struct dipc_outcome),
	  replied, NULL, op_finish_info },
};

#define N_COPIES ((int)(sizeof(table) / sizeof(table[0])))

static char wrong[256];

static const char *say(const struct copy *t, size_t good, const char *what,
		       long ret)
{
	snprintf(wrong, sizeof(wrong), "%s, %zu of %zu bytes: %s: %ld", t->name,
		 good, t->len, what, ret);
	return wrong;
}

static void fill(const struct copy *t, struct copying *c, char *at, size_t good)
{
	static char whole[1 << 20];

	memset(whole, 0, t->len);
	if (t->fill)
		t->fill(c, whole);
	memcpy(at, whole, good);
}

static const char *judge(const struct copy *t, struct copying *c, size_t good,
			 const struct place *bad, const struct place *fine)
{
	long ret;

	fill(t, c, bad->at, good);
	ret = t->step(c, bad->at);
	if (ret != -EFAULT)
		return say(t, good, "not EFAULT", ret);
	if (t->is_untouched && !t->is_untouched(c))
		return say(t, good, "it is half done", ret);
	if (t->is_late)
		return "";
	fill(t, c, fine->at, t->len);
	ret = t->step(c, fine->at);
	return ret < 0 ? say(t, good, "the next try", ret) : "";
}

static const char *try(const struct copy *t, size_t good)
{
	struct copying c = {
		.type = t->type, .len = t->len, .rx = -1, .tx = -1, .other = -1,
	};
	int err = t->setup(&c);
	struct place bad, fine;
	const char *what;

	if (!err)
		err = place_new(&bad, good) ?: place_new(&fine, t->len);
	if (err)
		return say(t, good, "preparing it", err);
	what = judge(t, &c, good, &bad, &fine);
	munmap(bad.map, bad.size);
	munmap(fine.map, fine.size);
	close_all(&c);
	if (*what)
		return what;
	what = fault_left();
	return *what ? say(t, good, what, 0) : "";
}

TEST(bad_memory_is_told_at_each_pointer)
{
	const char *what = "";

	page = sysconf(_SC_PAGESIZE);
	ASSERT_EQ(0, fault_world());
	for (int i = 0; !*what && i < N_COPIES; i++) {
		const struct copy *t = &table[i];
		size_t good[] = { 0, t->len / 2, t->len - 1 };

		for (int k = 0; !*what && k < 3; k++)
			what = try(t, good[k]);
		printf("# %-36s %s\n", t->name, *what ? "WRONG" : t->is_late ?
		       "3 times EFAULT, and it is done" :
		       "3 times EFAULT, then done");
	}
	EXPECT_STREQ("", what);
	EXPECT_STREQ("", fault_charged());
}

TEST_HARNESS_MAIN
