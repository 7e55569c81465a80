// SPDX-License-Identifier: GPL-2.0
/*
 * The extended ioctl: operations that are a whole conversation in one system
 * call, or say more than recvmsg() can. What each means is written where it is
 * done (sock_call.c, outcome.c, sock_serve.c, receive.c, send.c); here the
 * structure is read and checked, and one row of a table says which of its
 * members an operation uses.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "ioctl.h"
#include "borrowed.h"
#include "receive.h"
#include "sock_call.h"
#include "sock_serve.h"

struct verb;

/* One operation while it is done. */
struct operation {
	const struct verb	*verb;
	struct dipc_sock	*ds;
	struct dipc_op		*op;
	struct dipc_op __user	*user;
	struct iov_iter		out;
	struct iov_iter		in;
	struct iovec		out_fast[UIO_FASTIOV];
	struct iovec		in_fast[UIO_FASTIOV];
	struct sockaddr_dipc	*dest;		/* or NULL: connected */
};

/* Members of struct dipc_op. */
enum {
	USES_OUT	= 1 << 0,
	USES_IN		= 1 << 1,
	USES_HANDLE	= 1 << 2,
	USES_OFFSET	= 1 << 3,
	USES_COOKIE	= 1 << 4,
	USES_DEST	= 1 << 5,
	USES_INFO	= 1 << 6,
	USES_MATCH	= 1 << 7,
	USES_MESSAGE	= 1 << 8,	/* tag, deadline, priority */
	USES_CALL	= 1 << 9,	/* try, semantics */
	USES_REPLY_MAX	= 1 << 10,
};

static bool may_wait(const struct operation *o)
{
	return !(o->op->flags & DIPC_OP_DONTWAIT);
}

static struct dipc_question question_of(struct operation *o)
{
	const struct dipc_op *op = o->op;
	struct dipc_question qn = {
		.out = &o->out,
		.len = iov_iter_count(&o->out),
		.dest = o->dest,
		.params.tag = op->tag,
		.params.deadline_ns = op->deadline_ns,
		.params.priority = op->flags & DIPC_OP_PRIORITY ?
				   op->priority : READ_ONCE(o->ds->priority),
		.cookie = op->cookie,
		.try_ns = op->try_ns,
		.reply_max = op->reply_max,
		.semantics = op->semantics,
		.may_wait = may_wait(o),
	};

	return qn;
}

/* The record is written also of a call that has failed, as far as it went. */
static int do_call(struct operation *o)
{
	struct dipc_question qn = question_of(o);
	struct dipc_outcome outcome __uninitialized;
	int ret;

	qn.reply_max = min_t(size_t, iov_iter_count(&o->in), DIPC_MSG_LEN_MAX);
	if (!o->op->info)
		return dipc_sock_call(o->ds, &qn, &o->in, NULL);
	outcome.attempt = 0;
	ret = dipc_sock_call(o->ds, &qn, &o->in, &outcome);
	if (outcome.attempt &&
	    copy_to_user(u64_to_user_ptr(o->op->info), &outcome,
			 sizeof(outcome)) && ret >= 0)
		return -EFAULT;
	return ret;
}

static int do_start(struct operation *o)
{
	struct dipc_question qn = question_of(o);
	int err = dipc_sock_call_start(o->ds, &qn);

	return err ? err : qn.len;
}

static int do_finish(struct operation *o)
{
	return dipc_sock_call_finish(o->ds, o->op->flags & DIPC_OP_ANY,
				     o->op->cookie, &o->in, may_wait(o),
				     u64_to_user_ptr(o->op->info));
}

static int do_cancel(struct operation *o)
{
	return dipc_sock_call_cancel(o->ds, o->op->cookie);
}

static int do_send(struct operation *o)
{
	struct dipc_question qn = question_of(o);

	return dipc_sock_send_one_way(o->ds, &qn.params, o->dest, &o->out,
				      may_wait(o));
}

static int get_match(struct operation *o, struct dipc_match *match)
{
	if (copy_from_user(match, u64_to_user_ptr(o->op->match),
			   sizeof(*match)))
		return -EFAULT;
	return dipc_match_check(match);
}

static __always_inline int receive(struct operation *o,
				   const struct dipc_match *match,
				   struct dipc_borrowed *reply)
{
	return dipc_sock_receive_op(o->ds, &o->in, u64_to_user_ptr(o->op->info),
				    match, reply, o->op->flags);
}

static noinline int receive_match(struct operation *o,
				  struct dipc_borrowed *reply)
{
	struct dipc_match match;
	int err = get_match(o, &match);

	return err ? err : receive(o, &match, reply);
}

static __always_inline int receive_next(struct operation *o,
					struct dipc_borrowed *reply)
{
	if (unlikely(o->op->match))
		return receive_match(o, reply);
	return receive(o, NULL, reply);
}

static int do_receive(struct operation *o)
{
	return receive_next(o, NULL);
}

static int do_reply(struct operation *o)
{
	size_t len = iov_iter_count(&o->out);
	int err = dipc_sock_reply(o->ds, o->op->handle, o->op->offset, &o->out,
				  len, NULL);

	return err ? err : len;
}

/*
 * The reply is out: if there is no next request the user must be able to tell,
 * for it is not to be sent again, be it that the system call is restarted.
 */
static __always_inline int receive_after(struct operation *o,
					 struct dipc_borrowed *reply)
{
	int ret = receive_next(o, reply);

	if (reply) {
		/* the client need not have read it yet */
		dipc_borrowed_fetch(reply);
		dipc_borrowed_release(reply, dipc_sock_spare(o->ds));
	}
	if (ret < 0 && o->op->handle && put_user(0, &o->user->handle))
		return -EFAULT;
	return ret;
}

static noinline int receive_beside(struct operation *o,
				   struct dipc_borrowed *reply)
{
	return IS_ERR(reply) ? PTR_ERR(reply) : receive_after(o, reply);
}

static int do_reply_and_receive(struct operation *o)
{
	struct dipc_borrowed *reply = NULL;

	if (o->op->handle)
		reply = dipc_sock_reply_and_stay(o->ds, o->op->handle,
						 o->op->offset, &o->out,
						 o->op->flags);
	return unlikely(reply) ? receive_beside(o, reply) :
				 receive_after(o, NULL);
}

static int do_read(struct operation *o)
{
	return dipc_sock_read_request(o->ds, o->op->handle, o->op->offset,
				      &o->in, iov_iter_count(&o->in));
}

static int do_write(struct operation *o)
{
	size_t len = iov_iter_count(&o->out);
	int err = dipc_sock_write_reply(o->ds, o->op->handle, o->op->offset,
					&o->out, len);

	return err ? err : len;
}

static int do_forward(struct operation *o)
{
	return dipc_sock_forward(o->ds, o->op->handle, o->dest);
}

static int do_drop(struct operation *o)
{
	return dipc_sock_drop(o->ds, o->op->handle);
}

static const struct verb {
	int (*perform)(struct operation *o);
	u32 uses;
	u32 flags;
} table[] = {
	[DIPC_OP_CALL] = {
		do_call,
		USES_OUT | USES_IN | USES_DEST | USES_INFO | USES_MESSAGE |
			USES_CALL,
		DIPC_OP_PRIORITY,
	},
	[DIPC_OP_CALL_START] = {
		do_start,
		USES_OUT | USES_COOKIE | USES_DEST | USES_MESSAGE | USES_CALL |
			USES_REPLY_MAX,
		DIPC_OP_PRIORITY,
	},
	[DIPC_OP_CALL_FINISH] = {
		do_finish, USES_IN | USES_COOKIE | USES_INFO, DIPC_OP_ANY,
	},
	[DIPC_OP_CALL_CANCEL] = { do_cancel, USES_COOKIE },
	[DIPC_OP_SEND] = {
		do_send, USES_OUT | USES_DEST | USES_MESSAGE, DIPC_OP_PRIORITY,
	},
	[DIPC_OP_RECV] = {
		do_receive, USES_IN | USES_INFO | USES_MATCH, DIPC_OP_CONSUME,
	},
	[DIPC_OP_REPLY] = { do_reply, USES_OUT | USES_HANDLE | USES_OFFSET },
	[DIPC_OP_REPLY_RECV] = {
		do_reply_and_receive,
		USES_OUT | USES_HANDLE | USES_OFFSET | USES_IN | USES_INFO |
			USES_MATCH,
		DIPC_OP_CONSUME,
	},
	[DIPC_OP_READ] = { do_read, USES_IN | USES_HANDLE | USES_OFFSET },
	[DIPC_OP_WRITE] = { do_write, USES_OUT | USES_HANDLE | USES_OFFSET },
	[DIPC_OP_FORWARD] = { do_forward, USES_HANDLE | USES_DEST },
	[DIPC_OP_DROP] = { do_drop, USES_HANDLE },
};

/* Of the members that most operations have, one that this one does not. */
static bool has_unused(const struct dipc_op *op, u32 uses)
{
	if (!(uses & USES_OUT) &&
	    (op->out || op->out_len || op->flags & DIPC_OP_OUT_VEC))
		return true;
	if (!(uses & USES_IN) &&
	    (op->in || op->in_len || op->flags & DIPC_OP_IN_VEC))
		return true;
	return (!(uses & USES_HANDLE) && op->handle) ||
	       (!(uses & USES_INFO) && op->info);
}

/* Which of the others are not 0, but for the reserved ones. */
static u32 other_members_of(const struct dipc_op *op)
{
	u32 uses = 0;

	if (op->offset)
		uses |= USES_OFFSET;
	if (op->cookie)
		uses |= USES_COOKIE;
	if (op->dest)
		uses |= USES_DEST;
	if (op->match)
		uses |= USES_MATCH;
	if (op->tag || op->deadline_ns || op->priority)
		uses |= USES_MESSAGE;
	if (op->try_ns || op->semantics)
		uses |= USES_CALL;
	if (op->reply_max)
		uses |= USES_REPLY_MAX;
	return uses;
}

static bool has_reserved(const struct dipc_op *op)
{
	const u8 *r = op->reserved;

	BUILD_BUG_ON(sizeof(op->reserved) != 6);
	return r[0] | r[1] | r[2] | r[3] | r[4] | r[5];
}

/* Mostly none of those others is used, which can be seen at one look. */
static bool has_others(const struct dipc_op *op)
{
	const size_t tail = offsetof(struct dipc_op, semantics);
	u64 semantics_to_end;

	BUILD_BUG_ON(sizeof(*op) != tail + sizeof(semantics_to_end));
	memcpy(&semantics_to_end, (const u8 *)op + tail,
	       sizeof(semantics_to_end));
	return op->offset | op->cookie | op->dest | op->match | op->tag |
	       op->deadline_ns | op->try_ns | op->reply_max | semantics_to_end;
}

#define FLAGS_OF_ALL (DIPC_OP_DONTWAIT | DIPC_OP_OUT_VEC | DIPC_OP_IN_VEC)

/* Apart: what it looks at would be kept in registers for it in any case. */
static noinline int check_others(const struct dipc_op *op, u32 uses)
{
	if (other_members_of(op) & ~uses || has_reserved(op))
		return -EINVAL;
	if (op->priority &&
	    (op->priority > DIPC_PRIORITY_MAX || !(op->flags & DIPC_OP_PRIORITY)))
		return -EINVAL;
	return 0;
}

/* The row of the operation; or NULL: there is none. */
static const struct verb *verb_of(const struct dipc_op *op)
{
	const struct verb *verb;

	if (op->op >= ARRAY_SIZE(table))
		return NULL;
	verb = &table[array_index_nospec(op->op, ARRAY_SIZE(table))];
	return verb->perform ? verb : NULL;
}

static int check(const struct dipc_op *op, const struct verb *verb)
{
	if (!verb)
		return -EOPNOTSUPP;
	if (op->flags & ~(FLAGS_OF_ALL | verb->flags) ||
	    has_unused(op, verb->uses))
		return -EINVAL;
	return unlikely(has_others(op)) ? check_others(op, verb->uses) : 0;
}

/* By the rule of sched_setattr(): a later, larger one may come. */
static noinline int get_sized_op(struct dipc_op *op, void __user *arg)
{
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < offsetofend(struct dipc_op, op))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(op, sizeof(*op), arg, size);
}

/* Nearly always it is as long as ours; else what was read is read anew. */
static int get_op(struct dipc_op *op, void __user *arg)
{
	if (likely(!copy_from_user(op, arg, sizeof(*op)) &&
		   op->size == sizeof(*op)))
		return 0;
	return get_sized_op(op, arg);
}

static int import_vec(unsigned int direction, u64 where, u64 len,
		      struct iovec *fast, struct iovec **vec,
		      struct iov_iter *iter)
{
	ssize_t bytes;

	/* the function takes an unsigned int */
	if (len > UIO_MAXIOV)
		return -EINVAL;
	*vec = fast;
	bytes = import_iovec(direction, u64_to_user_ptr(where), len,
			     UIO_FASTIOV, vec, iter);
	return bytes < 0 ? bytes : 0;
}

static __always_inline int import(unsigned int direction, u64 where, u64 len,
				  struct iov_iter *iter)
{
	void __user *base = u64_to_user_ptr(where);

	len = min_t(u64, len, MAX_RW_COUNT);
	if (!access_ok(base, len))
		return -EFAULT;
	iov_iter_ubuf(iter, direction, base, len);
	return 0;
}

/* With the arrays, of which each is perhaps to be freed. */
static noinline int import_vecs(struct operation *o, struct iovec **out,
				struct iovec **in)
{
	const struct dipc_op *op = o->op;
	int err;

	if (op->flags & DIPC_OP_OUT_VEC)
		err = import_vec(ITER_SOURCE, op->out, op->out_len, o->out_fast,
				 out, &o->out);
	else
		err = import(ITER_SOURCE, op->out, op->out_len, &o->out);
	if (err)
		return err;
	if (op->flags & DIPC_OP_IN_VEC)
		return import_vec(ITER_DEST, op->in, op->in_len, o->in_fast,
				  in, &o->in);
	return import(ITER_DEST, op->in, op->in_len, &o->in);
}

static int get_dest(struct operation *o, struct sockaddr_dipc *addr)
{
	struct sockaddr_dipc raw;
	int err;

	if (copy_from_user(&raw, u64_to_user_ptr(o->op->dest), sizeof(raw)))
		return -EFAULT;
	err = dipc_addr_parse(addr, &raw, sizeof(raw), o->ds->sk.sk_family);
	if (err)
		return err;
	o->dest = addr;
	return addr->sdipc_type == DIPC_ADDR_ANY ? -EINVAL : 0;
}

static noinline int perform_vecs(struct operation *o)
{
	struct iovec *out = NULL, *in = NULL;
	int ret = import_vecs(o, &out, &in);

	if (!ret)
		ret = o->verb->perform(o);
	kfree(out);
	kfree(in);
	return ret;
}

static int perform(struct operation *o)
{
	const struct dipc_op *op = o->op;
	u32 uses = o->verb->uses;

	if (op->flags & (DIPC_OP_OUT_VEC | DIPC_OP_IN_VEC))
		return perform_vecs(o);
	if (uses & USES_OUT &&
	    import(ITER_SOURCE, op->out, op->out_len, &o->out))
		return -EFAULT;
	if (uses & USES_IN && import(ITER_DEST, op->in, op->in_len, &o->in))
		return -EFAULT;
	return o->verb->perform(o);
}

/* Apart, so that who is connected has no address to be cleared. */
static noinline int perform_to(struct operation *o)
{
	struct sockaddr_dipc addr;
	int err = get_dest(o, &addr);

	return err ? err : perform(o);
}

/**
 * dipc_ioctl_op() - do one operation
 * @ds: the socket
 * @arg: its struct dipc_op
 * @may_wait: whether the descriptor may wait
 *
 * Context: process; may sleep.
 * Return: bytes of payload; or a negative errno: see Documentation/errors.txt.
 */
int dipc_ioctl_op(struct dipc_sock *ds, void __user *arg, bool may_wait)
{
	/* all of them is written before it is read */
	struct operation o __uninitialized;
	struct dipc_op op __uninitialized;
	int err;

	err = get_op(&op, arg);
	if (err)
		return err;
	o.verb = verb_of(&op);
	err = check(&op, o.verb);
	if (err)
		return err;
	if (ds->sk.sk_type == SOCK_STREAM)
		return -EOPNOTSUPP;
	o.ds = ds;
	o.op = &op;
	o.user = arg;
	if (unlikely(!may_wait))
		op.flags |= DIPC_OP_DONTWAIT;
	o.dest = NULL;
	/* as for a system call, a connection has one destination */
	if (op.dest && (!dipc_sock_is_link(ds) || op.op == DIPC_OP_FORWARD))
		return perform_to(&o);
	return perform(&o);
}
