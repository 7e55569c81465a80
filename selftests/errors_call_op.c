// SPDX-License-Identifier: GPL-2.0
/*
 * How ioctl(DIPC_IOC_OP) fails whatever it is to do: its structure, and the
 * memory that this points to; see errors.h. How calls fail is in
 * errors_call_client.c and errors_call_server.c.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stddef.h>
#include <sys/uio.h>

#include "errors.h"
#include "held.h"

#define UNKNOWN_OP	(DIPC_OP_DROP + 1)
#define PAGE		4096
/* as the result of a row: which one it is that is not refused */
#define WRONG(op, what)	(200000 + 1000 * (op) + (what))

/* tx has called rx, which holds the request: its handle, or 0 */
static uint64_t held(env *e)
{
	return calls_take_calls(e->rx) ? 0 : held_take(e->tx, e->rx, 1);
}

static long op_at(int fd, void *op)
{
	return DT_ERR(ioctl(fd, DIPC_IOC_OP, op));
}

ROW(E_CALL_01, E2BIG, larger_and_not_zero_behind)
{
	static union {
		struct dipc_op op;
		char bytes[4 * PAGE];
	} u;
	size_t at;

	u.op.op = DIPC_OP_DROP;
	u.op.handle = held(e);
	NEED(u.op.handle);
	for (at = sizeof(u.op); at < 3 * sizeof(u.op); at++) {
		u.bytes[at] = 1;
		u.op.size = at + 1;
		NEED(op_at(e->rx, &u) == -E2BIG);
		u.bytes[at] = 0;
	}
	/* more than any that there will be */
	u.op.size = PAGE + 1;
	NEED(op_at(e->rx, &u) == -E2BIG);
	u.op.size = sizeof(u);
	NEED(op_at(e->rx, &u) == -E2BIG);
	u.op.size = ~0U;
	NEED(op_at(e->rx, &u) == -E2BIG);
	/* nothing was done; nothing but 0 is fine, and so is what is behind it */
	NEED(held_is(e->rx, u.op.handle));
	u.op.size = 2 * sizeof(u.op);
	u.bytes[u.op.size] = 1;
	NEED(op_at(e->rx, &u) == 0);
	u.op.size = sizeof(u.op) + 1;
	u.bytes[sizeof(u.op)] = 1;
	return op_at(e->rx, &u);
}

ROW(E_CALL_09, EINVAL, smaller_than_to_say_what_is_to_be_done)
{
	struct dipc_op op = { .op = DIPC_OP_DROP, .handle = held(e) };

	NEED(op.handle);
	for (op.size = 0; op.size < 12; op.size++)
		NEED(op_at(e->rx, &op) == -EINVAL);
	/* what is behind the size given does not count */
	NEED(op_at(e->rx, &op) == -ESRCH);
	NEED(held_is(e->rx, op.handle));
	memset(&op.cookie, 0xff, sizeof(op) - offsetof(struct dipc_op, cookie));
	op.size = offsetof(struct dipc_op, cookie);
	NEED(op_at(e->rx, &op) == 0);
	op.size = 11;
	return op_at(e->rx, &op);
}

ROW(E_CALL_02, EOPNOTSUPP, unknown_operation)
{
	static const uint32_t unknown[] = { UNKNOWN_OP, 255, 1U << 31, ~0U };
	int i;

	for (i = 0; i < 4; i++)
		NEED(OP(e->tx, .op = unknown[i]) == -EOPNOTSUPP);
	return OP(e->tx, .op = 0);
}

/* One that does something, and what else it may use. */
struct use {
	struct dipc_op op;
	uint32_t flags;
	uint64_t uses;		/* bits of the fields below */
};

enum {
	REPLY_MAX, OUT, OUT_LEN, IN, IN_LEN, HANDLE, COOKIE, OFFSET, DEST, INFO,
	MATCH, TAG, DEADLINE, TRY, SEMANTICS, PRIORITY, N_FIELDS
};

#define F(field) (1ULL << (field))
#define OUT_	(F(OUT) | F(OUT_LEN))
#define IN_	(F(IN) | F(IN_LEN))
#define SEND_	(OUT_ | F(DEST) | F(TAG) | F(DEADLINE) | F(PRIORITY))
#define CALL_	(SEND_ | F(TRY) | F(SEMANTICS) | F(INFO))
#define RECV_	(IN_ | F(MATCH) | F(INFO))
#define REPLY_	(OUT_ | F(HANDLE) | F(OFFSET))
#define WAITS	DIPC_OP_DONTWAIT

static const struct use use[] = {
	{ { .op = DIPC_OP_CALL, .deadline_ns = 1 },
	  WAITS | DIPC_OP_OUT_VEC | DIPC_OP_IN_VEC | DIPC_OP_PRIORITY,
	  CALL_ | IN_ },
	{ { .op = DIPC_OP_CALL_START, .cookie = 2 },
	  WAITS | DIPC_OP_OUT_VEC | DIPC_OP_PRIORITY,
	  CALL_ | F(COOKIE) | F(REPLY_MAX) },
	{ { .op = DIPC_OP_CALL_FINISH, .cookie = 1, .flags = WAITS },
	  WAITS | DIPC_OP_IN_VEC | DIPC_OP_ANY, IN_ | F(COOKIE) | F(INFO) },
	{ { .op = DIPC_OP_SEND },
	  WAITS | DIPC_OP_OUT_VEC | DIPC_OP_PRIORITY, SEND_ },
	{ { .op = DIPC_OP_RECV, .flags = WAITS },
	  WAITS | DIPC_OP_IN_VEC | DIPC_OP_CONSUME, RECV_ },
	{ { .op = DIPC_OP_REPLY_RECV, .flags = WAITS },
	  WAITS | DIPC_OP_OUT_VEC | DIPC_OP_IN_VEC | DIPC_OP_CONSUME,
	  REPLY_ | RECV_ },
	{ { .op = DIPC_OP_READ }, WAITS | DIPC_OP_IN_VEC,
	  IN_ | F(HANDLE) | F(OFFSET) },
	{ { .op = DIPC_OP_WRITE }, WAITS | DIPC_OP_OUT_VEC, REPLY_ },
	{ { .op = DIPC_OP_REPLY }, WAITS | DIPC_OP_OUT_VEC, REPLY_ },
	{ { .op = DIPC_OP_FORWARD }, WAITS, F(HANDLE) | F(DEST) },
	{ { .op = DIPC_OP_DROP }, WAITS, F(HANDLE) },
	{ { .op = DIPC_OP_CALL_CANCEL, .cookie = 1 }, WAITS, F(COOKIE) },
};

#define N_USES (sizeof(use) / sizeof(use[0]))

static bool is_of_client(uint32_t op)
{
	return op <= DIPC_OP_SEND;
}

/* As it stands, with what is true of this world. */
static long use_op(env *e, const struct use *u, uint64_t handle,
		   struct dipc_op *op)
{
	op->size = sizeof(*op);
	op->op = u->op.op;
	if (u->uses & F(HANDLE) && !is_of_client(op->op))
		op->handle = handle;
	return op_at(is_of_client(op->op) ? e->tx : e->rx, op);
}

/* What it gives when nothing is wrong with it; another handle if it is used. */
static bool is_in_order(env *e, const struct use *u, uint64_t *handle)
{
	struct sockaddr_dipc nobody = dt_name(e->name);
	struct dipc_op op = u->op;
	long want = 0;

	switch (op.op) {
	case DIPC_OP_CALL:
		want = -ETIMEDOUT;
		break;
	case DIPC_OP_CALL_FINISH:
	case DIPC_OP_RECV:
	case DIPC_OP_REPLY_RECV:
		want = -EAGAIN;
		break;
	case DIPC_OP_FORWARD:
		op.dest = PTR(&nobody);
		want = -ENOENT;
		break;
	}
	if (use_op(e, u, *handle, &op) != want)
		return false;
	if (op.op == DIPC_OP_SEND)
		return dt_recv(e->rx, NULL, 0, MSG_DONTWAIT, NULL) == 0;
	if (op.op == DIPC_OP_CALL_START)
		return calls_cancel(BY_OP, e->tx, 2) == 0;
	if (op.op == DIPC_OP_REPLY_RECV || op.op == DIPC_OP_REPLY ||
	    op.op == DIPC_OP_DROP) {
		if (held_is(e->rx, *handle) || held_end(e->tx, 1) == -EAGAIN)
			return false;
		*handle = held_take(e->tx, e->rx, 1);
	}
	return *handle;
}

ROW(E_CALL_03, EINVAL, flag_that_means_nothing)
{
	uint64_t handle = held(e);
	struct dipc_op op;
	unsigned int i, bit;

	NEED(handle);
	for (i = 0; i < N_USES; i++) {
		for (bit = 0; bit < 32; bit++) {
			if (use[i].flags & 1U << bit)
				continue;
			op = use[i].op;
			op.flags |= 1U << bit;
			if (use_op(e, &use[i], handle, &op) != -EINVAL)
				return WRONG(use[i].op.op, bit);
		}
		NEED(is_in_order(e, &use[i], &handle));
	}
	return OP(e->tx, .op = DIPC_OP_SEND, .flags = 1U << 31);
}

static void set_field(struct dipc_op *op, int field)
{
	__u64 *const number[] = {
		[OUT] = &op->out, [OUT_LEN] = &op->out_len, [IN] = &op->in,
		[IN_LEN] = &op->in_len, [HANDLE] = &op->handle,
		[COOKIE] = &op->cookie, [OFFSET] = &op->offset,
		[DEST] = &op->dest, [INFO] = &op->info, [MATCH] = &op->match,
		[TAG] = &op->tag, [DEADLINE] = &op->deadline_ns,
		[TRY] = &op->try_ns,
	};

	switch (field) {
	case REPLY_MAX:
		op->reply_max = 1;
		break;
	case SEMANTICS:
		op->semantics = 1;
		break;
	case PRIORITY:
		op->priority = 1;
		break;
	default:
		*number[field] = 1ULL << 40;
	}
}

ROW(E_CALL_04, EINVAL, what_is_not_used_is_not_zero)
{
	uint64_t handle = held(e);
	struct dipc_op op;
	unsigned int i, k;

	NEED(handle);
	for (i = 0; i < N_USES; i++) {
		for (k = 0; k < sizeof(op.reserved); k++) {
			op = use[i].op;
			op.reserved[k] = 1;
			NEED(use_op(e, &use[i], handle, &op) == -EINVAL);
		}
		for (k = 0; k < N_FIELDS; k++) {
			/* the priority counts with its flag only */
			if (use[i].uses & F(k) && k != PRIORITY)
				continue;
			op = use[i].op;
			set_field(&op, k);
			if (use_op(e, &use[i], handle, &op) != -EINVAL)
				return WRONG(use[i].op.op, k);
		}
		NEED(is_in_order(e, &use[i], &handle));
	}
	return OP(e->tx, .op = DIPC_OP_SEND, .cookie = 1);
}

/* With one pointer that is bad, and a length where it has one. */
static bool is_fault(env *e, const struct use *u, uint64_t handle,
		     uint32_t flag, size_t pointer, size_t len)
{
	struct dipc_op op = u->op;

	op.flags |= flag;
	*(__u64 *)((char *)&op + pointer) = PTR(BAD);
	if (len)
		*(__u64 *)((char *)&op + len) = 2;
	return use_op(e, u, handle, &op) == -EFAULT && held_is(e->rx, handle);
}

#define AT(field)	offsetof(struct dipc_op, field)

ROW(E_CALL_05, EFAULT, bad_pointer_to_what_is_read)
{
	uint64_t handle = held(e);
	const struct use *u;

	NEED(handle);
	NEED(op_at(e->tx, NULL) == -EFAULT && op_at(e->tx, BAD) == -EFAULT);
	for (u = use; u < use + N_USES; u++) {
		if (u->flags & DIPC_OP_OUT_VEC)
			NEED(is_fault(e, u, handle, DIPC_OP_OUT_VEC, AT(out),
				      AT(out_len)));
		if (u->uses & F(OUT))
			NEED(is_fault(e, u, handle, 0, AT(out), AT(out_len)));
		if (u->uses & F(DEST))
			NEED(is_fault(e, u, handle, 0, AT(dest), 0));
		if (u->op.op == DIPC_OP_REPLY_RECV)
			continue;
		if (u->flags & DIPC_OP_IN_VEC)
			NEED(is_fault(e, u, handle, DIPC_OP_IN_VEC, AT(in),
				      AT(in_len)));
		if (u->uses & F(MATCH))
			NEED(is_fault(e, u, handle, 0, AT(match), 0));
	}
	NEED(held_end(e->tx, 1) == -EAGAIN);
	return OP(e->tx, .op = DIPC_OP_SEND, .out = PTR(BAD), .out_len = 1);
}

ROW(E_CALL_06, EFAULT, bad_place_for_what_is_received)
{
	struct dipc_request r;
	char c;

	NEED(!calls_take_calls(e->rx));
	NEED(calls_start(BY_OP, e->tx, "ab", WITH(.cookie = 1)) == 2);
	NEED(OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(BAD), .in_len = 2,
		.info = PTR(&r)) == -EFAULT);
	NEED(OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(&c), .in_len = 1,
		.info = PTR(BAD)) == -EFAULT);
	/* it is still there, and nobody holds it */
	NEED(calls_recv(BY_OP, e->rx, MSG_DONTWAIT).ret == 2);
	NEED(dt_send(e->tx, "x", 1, 0, NULL) == 1);
	NEED(OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(BAD), .in_len = 1) ==
	     -EFAULT);
	return OP(e->rx, .op = DIPC_OP_RECV, .in = PTR(&c), .in_len = 1,
		  .info = PTR(BAD));
}

ROW(E_CALL_07, EINVAL, pieces_that_are_none)
{
	static struct iovec iov[1025];
	struct iovec negative = { NULL, (size_t)SSIZE_MAX + 1 };
	uint64_t handle = held(e);
	uint32_t flag = DIPC_OP_OUT_VEC;

	NEED(handle);
	NEED(OP(e->tx, .op = DIPC_OP_SEND, .flags = flag, .out = PTR(iov),
		.out_len = 1024) == 0);
	NEED(OP(e->tx, .op = DIPC_OP_SEND, .flags = flag,
		.out = PTR(&negative), .out_len = 1) == -EINVAL);
	NEED(OP(e->rx, .op = DIPC_OP_REPLY, .flags = flag, .handle = handle,
		.out = PTR(iov), .out_len = 1025) == -EINVAL);
	NEED(OP(e->rx, .op = DIPC_OP_READ, .flags = DIPC_OP_IN_VEC,
		.handle = handle, .in = PTR(iov), .in_len = 1025) == -EINVAL);
	NEED(held_is(e->rx, handle));
	NEED(OP(e->tx, .op = DIPC_OP_SEND, .flags = flag, .out = PTR(iov),
		.out_len = 1ULL << 33) == -EINVAL);
	return OP(e->tx, .op = DIPC_OP_SEND, .flags = flag, .out = PTR(iov),
		  .out_len = 1025);
}

ROW(E_CALL_08, EOPNOTSUPP, stream)
{
	enum held_step step;
	int pair[2];
	uint32_t op;
	char c;

	NEED(!socketpair(dt_family(), SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	for (op = DIPC_OP_CALL; op <= DIPC_OP_DROP; op++)
		NEED(OP(pair[0], .op = op) == -EOPNOTSUPP);
	for (step = 0; step < HELD_N_STEPS; step++)
		NEED(held_do(step, pair[0], 1, NULL) == -EOPNOTSUPP);
	NEED(calls_take_calls(pair[0]) == -EOPNOTSUPP);
	NEED(calls_cancel(BY_MSG, pair[0], 1) == -EOPNOTSUPP);
	/* nothing was written */
	NEED(dt_recv(pair[1], &c, 1, MSG_DONTWAIT, NULL) == -EAGAIN);
	return calls_start(BY_MSG, pair[0], "x", WITH(.cookie = 1));
}

TEST_HARNESS_MAIN
