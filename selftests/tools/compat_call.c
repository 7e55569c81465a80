// SPDX-License-Identifier: GPL-2.0
/*
 * One step of what selftests/call_compat.c does with a socket, in a program of
 * its own: this source is built twice, for 64 bits and as compat_call32 for 32,
 * so that clients and servers are programs of both kinds.
 *
 *	compat_call STEP DESCRIPTOR [NUMBER]
 *
 * Prints what is not as it should be, and has the status 1 then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/dipc.h>

/* more than 32 bits of each */
#define COOKIE		0xfedcba9876543210ULL
#define TAG		0x0123456789abcdefULL
#define LONG_NS		(1ULL << 42)
#define REQUEST		"a request"
#define REPLY		"its reply"
#define LEN		9
#define AT(p)		((uintptr_t)(p))

static int wrong;

#define CHECK(want, got) do {						\
	long long want_ = (long long)(want), got_ = (long long)(got);	\
	if (want_ != got_) {						\
		printf("%s:%d: %s is %lld, not %lld\n", __func__,	\
		       __LINE__, #got, got_, want_);			\
		wrong = 1;						\
	}								\
} while (0)

#define NEED(condition) do {						\
	if (!(condition)) {						\
		printf("%s:%d: not so: %s (%s)\n", __func__, __LINE__,	\
		       #condition, strerror(errno));			\
		exit(1);						\
	}								\
} while (0)

/* Where a member is must not depend on the width of a program. */
_Static_assert(sizeof(struct dipc_op) == DIPC_OP_SIZE_VER0, "op");
_Static_assert(offsetof(struct dipc_op, out) == 16, "out");
_Static_assert(offsetof(struct dipc_op, semantics) == 120, "semantics");
_Static_assert(sizeof(struct dipc_call_params) == 40, "call");
_Static_assert(sizeof(struct dipc_request) == 80, "request");
_Static_assert(offsetof(struct dipc_request, flags) == 70, "flags");
_Static_assert(sizeof(struct dipc_reply_params) == 32, "reply");
_Static_assert(sizeof(struct dipc_outcome) == 56, "outcome");
_Static_assert(sizeof(struct dipc_cancelled) == 32, "cancelled");

static long err(long result)
{
	return result < 0 ? -(long)errno : result;
}

#define OP(fd, ...) err(ioctl(fd, DIPC_IOC_OP, &(struct dipc_op) {	\
				.size = sizeof(struct dipc_op), __VA_ARGS__ }))

/* In pieces, whose list is of another size in each width. */
static struct iovec *pieces(void *buf)
{
	static struct iovec iov[3];

	iov[0] = (struct iovec) { buf, 2 };
	iov[1] = (struct iovec) { NULL, 0 };
	iov[2] = (struct iovec) { (char *)buf + 2, LEN - 2 };
	return iov;
}

/*
 * With one control message, of a size of its own in each width
 */

struct message {
	struct iovec iov;
	struct msghdr msg;
	char control[256] __attribute__((aligned(8)));
};

static void message(struct message *m, void *buf, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec) { buf, len };
	m->msg.msg_iov = &m->iov;
	m->msg.msg_iovlen = 1;
	m->msg.msg_control = m->control;
}

static void put(struct message *m, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (void *)(m->control + m->msg.msg_controllen);

	c->cmsg_level = SOL_DIPC;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg.msg_controllen += CMSG_SPACE(len);
}

/* One byte less than it takes is too little; the record in that much. */
static long take(int fd, int flags, int type, void *record, size_t size,
		 char *buf)
{
	struct message m;
	struct cmsghdr *c;
	long n;

	message(&m, buf, LEN);
	m.msg.msg_controllen = CMSG_LEN(size) - 1;
	if (type != DIPC_OUTCOME)
		CHECK(-EMSGSIZE, err(recvmsg(fd, &m.msg, flags)));
	message(&m, buf, LEN);
	m.msg.msg_controllen = CMSG_LEN(size);
	n = err(recvmsg(fd, &m.msg, flags));
	NEED(n >= 0);
	c = CMSG_FIRSTHDR(&m.msg);
	NEED(c && c->cmsg_level == SOL_DIPC && c->cmsg_type == type);
	CHECK(CMSG_LEN(size), c->cmsg_len);
	CHECK(0, m.msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC));
	memcpy(record, CMSG_DATA(c), size);
	return n;
}

/*
 * The client
 */

static void msg_start(int fd, long long number)
{
	struct dipc_call_params p = { .cookie = COOKIE + number,
		.reply_max = 100, .semantics = DIPC_MAYBE };
	uint64_t tag = TAG, deadline = LONG_NS;
	struct message m;

	message(&m, REQUEST, LEN);
	put(&m, DIPC_CALL, &p, sizeof(p));
	put(&m, DIPC_TAG, &tag, sizeof(tag));
	put(&m, DIPC_DEADLINE, &deadline, sizeof(deadline));
	CHECK(LEN, err(sendmsg(fd, &m.msg, 0)));
	CHECK(-EEXIST, err(sendmsg(fd, &m.msg, 0)));
}

static void op_start(int fd, long long number)
{
	CHECK(LEN, OP(fd, .op = DIPC_OP_CALL_START, .flags = DIPC_OP_OUT_VEC,
		      .out = AT(pieces(REQUEST)), .out_len = 3, .tag = TAG,
		      .cookie = COOKIE + number, .reply_max = 100,
		      .semantics = DIPC_MAYBE, .deadline_ns = LONG_NS));
}

static void check_outcome(const struct dipc_outcome *o, long long number)
{
	CHECK(COOKIE + number, o->cookie);
	CHECK(0, o->error);
	CHECK(DIPC_REASON_REPLIED, o->reason);
	CHECK(LEN, o->len);
	CHECK(1, o->attempt);
	CHECK(geteuid(), o->uid);
}

static void msg_end(int fd, long long number)
{
	struct dipc_outcome o;
	char buf[LEN] = "";

	CHECK(LEN, take(fd, MSG_DONTWAIT, DIPC_OUTCOME, &o, sizeof(o), buf));
	CHECK(0, memcmp(buf, REPLY, LEN));
	check_outcome(&o, number);
}

static void op_end(int fd, long long number)
{
	struct dipc_outcome o = { 0 };
	char buf[LEN] = "";

	CHECK(LEN, OP(fd, .op = DIPC_OP_CALL_FINISH, .info = AT(&o),
		      .flags = DIPC_OP_IN_VEC | DIPC_OP_DONTWAIT,
		      .in = AT(pieces(buf)), .in_len = 3,
		      .cookie = COOKIE + number));
	CHECK(0, memcmp(buf, REPLY, LEN));
	check_outcome(&o, number);
}

static void op_call(int fd, long long number)
{
	struct dipc_outcome o = { 0 };
	char buf[LEN] = "";
	struct iovec one = { buf, LEN };

	CHECK(LEN, OP(fd, .op = DIPC_OP_CALL, .info = AT(&o), .tag = TAG,
		      .flags = DIPC_OP_IN_VEC | DIPC_OP_OUT_VEC,
		      .out = AT(pieces(REQUEST)), .out_len = 3,
		      .in = AT(&one), .in_len = 1, .deadline_ns = LONG_NS));
	CHECK(0, memcmp(buf, REPLY, LEN));
	check_outcome(&o, -(long long)COOKIE);
}

static void msg_cancel(int fd, long long number)
{
	uint64_t cookie = COOKIE + number;
	struct message m;

	message(&m, NULL, 0);
	put(&m, DIPC_CANCEL, &cookie, sizeof(cookie));
	CHECK(0, err(sendmsg(fd, &m.msg, 0)));
	CHECK(-ENOENT, err(sendmsg(fd, &m.msg, 0)));
}

static void op_cancel(int fd, long long number)
{
	CHECK(0, OP(fd, .op = DIPC_OP_CALL_CANCEL, .cookie = COOKIE + number));
}

static void refused(int fd, long long number)
{
	struct dipc_op op = { .size = sizeof(op), .op = DIPC_OP_SEND };
	struct {
		struct dipc_op op;
		uint32_t more;
	} larger = { .op = op, .more = 1 };

	/* an address of 64 bits is none of a program of 32 */
	op.out = 1ULL << 62;
	op.out_len = 1;
	CHECK(-EFAULT, err(ioctl(fd, DIPC_IOC_OP, &op)));
	CHECK(-EFAULT, err(ioctl(fd, DIPC_IOC_OP, (void *)8)));
	larger.op.size = sizeof(larger.op) + 4;
	CHECK(-E2BIG, err(ioctl(fd, DIPC_IOC_OP, &larger)));
	CHECK(-EOPNOTSUPP, OP(fd, .op = DIPC_OP_DROP + 1));
	CHECK(-EINVAL, OP(fd, .op = DIPC_OP_SEND, .flags = DIPC_OP_OUT_VEC,
			  .out = AT(pieces(REQUEST)), .out_len = 1ULL << 32));
	CHECK(-ENOENT, OP(fd, .op = DIPC_OP_CALL_CANCEL, .cookie = COOKIE));
}

/*
 * The server
 */

static void check_request(const struct dipc_request *r)
{
	CHECK(true, r->handle != 0);
	CHECK(TAG, r->tag);
	CHECK(LEN, r->len);
	CHECK(1, r->attempt);
	CHECK(geteuid(), r->uid);
	CHECK(true, r->deadline_ns > LONG_NS / 2 && r->deadline_ns <= LONG_NS);
}

static void reply_part(int fd, uint64_t handle, uint64_t offset, uint32_t flags,
		       char *buf, size_t len)
{
	struct dipc_reply_params p = { .handle = handle, .offset = offset,
				       .flags = flags };
	struct message m;

	message(&m, buf, len);
	put(&m, DIPC_REPLY, &p, sizeof(p));
	CHECK(len, err(sendmsg(fd, &m.msg, 0)));
}

static void msg_serve(int fd, long long number)
{
	struct dipc_request r;
	char buf[LEN] = "";

	CHECK(LEN, take(fd, MSG_DONTWAIT, DIPC_REQUEST, &r, sizeof(r), buf));
	CHECK(0, memcmp(buf, REQUEST, LEN));
	check_request(&r);
	reply_part(fd, r.handle, 4, DIPC_REPLY_PART, REPLY + 4, LEN - 4);
	reply_part(fd, r.handle, 0, 0, REPLY, 4);
}

static void serve(int fd, uint32_t flags)
{
	struct iovec rest = { REPLY + 4, LEN - 4 };
	struct dipc_request r = { 0 };
	char buf[LEN] = "";

	CHECK(LEN, OP(fd, .op = DIPC_OP_RECV, .info = AT(&r),
		      .flags = DIPC_OP_IN_VEC | flags, .in = AT(pieces(buf)),
		      .in_len = 3));
	CHECK(0, memcmp(buf, REQUEST, LEN));
	check_request(&r);
	memset(buf, 0, LEN);
	CHECK(LEN - 2, OP(fd, .op = DIPC_OP_READ, .handle = r.handle,
			  .offset = 2, .in = AT(buf), .in_len = LEN));
	CHECK(0, memcmp(buf, REQUEST + 2, LEN - 2));
	CHECK(4, OP(fd, .op = DIPC_OP_WRITE, .handle = r.handle,
		    .out = AT(REPLY), .out_len = 4));
	/* and the next, which is not there; the handle is used up then */
	CHECK(-EAGAIN, OP(fd, .op = DIPC_OP_REPLY_RECV, .handle = r.handle,
			  .flags = DIPC_OP_OUT_VEC | DIPC_OP_DONTWAIT,
			  .out = AT(&rest), .out_len = 1, .offset = 4,
			  .in = AT(buf), .in_len = LEN, .info = AT(&r)));
	CHECK(-ESRCH, OP(fd, .op = DIPC_OP_DROP, .handle = r.handle));
}

static void op_serve(int fd, long long number)
{
	serve(fd, DIPC_OP_DONTWAIT);
}

static void op_serve_waiting(int fd, long long number)
{
	serve(fd, 0);
}

static void take_only(int fd, long long number)
{
	struct dipc_request r;
	char buf[LEN];

	CHECK(LEN, take(fd, MSG_DONTWAIT, DIPC_REQUEST, &r, sizeof(r), buf));
}

static void notice(int fd, long long number)
{
	struct dipc_cancelled c;
	struct message m;
	char buf[LEN];

	CHECK(0, take(fd, MSG_ERRQUEUE, DIPC_CANCELLED, &c, sizeof(c), buf));
	CHECK(DIPC_REASON_CANCELLED, c.reason);
	message(&m, NULL, 0);
	put(&m, DIPC_DROP, &c.handle, sizeof(c.handle));
	CHECK(0, err(sendmsg(fd, &m.msg, 0)));
	CHECK(-ESRCH, err(sendmsg(fd, &m.msg, 0)));
}

static void width_is(int fd, long long number)
{
	CHECK(number, 8 * sizeof(void *));
}

static const struct {
	const char *name;
	void (*step)(int fd, long long number);
} steps[] = {
#define STEP(name) { #name, name }
	STEP(width_is), STEP(msg_start), STEP(op_start), STEP(msg_end),
	STEP(op_end), STEP(op_call), STEP(msg_cancel), STEP(op_cancel),
	STEP(refused), STEP(msg_serve), STEP(op_serve),
	STEP(op_serve_waiting), STEP(take_only), STEP(notice),
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 3)
		return 2;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(steps[i].name, argv[1]))
			continue;
		steps[i].step(atoi(argv[2]),
			      argc > 3 ? strtoll(argv[3], NULL, 0) : 0);
		return wrong;
	}
	printf("no step '%s'\n", argv[1]);
	return 2;
}
