// SPDX-License-Identifier: GPL-2.0
/*
 * Operations by an io_uring: one in a slot, and requests that are given to it
 * and may go on when the operation is over. It is mapped for each of them anew:
 * nothing of it lasts but its descriptor, as of all that is in a slot.
 */
#define _GNU_SOURCE
#include <liburing.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

#define ENTRIES		8
#define REQUESTS	8	/* of an actor: places for what they need */
#define ERRNO_MAX	511	/* that user space may see */
/* in world->value, behind those of handles: who uses a ring, last request */
#define LOCK		(FZ_HANDLES + GR_TABLES)
#define NUMBER		(LOCK + 1)

/*
 * What the kernel looks at until a request is done. The next one at that place
 * changes it under its eyes, as a careless program would.
 */
static _Thread_local struct request {
	struct msghdr msg;
	struct iovec piece;
	struct gr_addr addr;
	struct gr_control control;
} requests[REQUESTS];

static bool ring_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	return true;
}

static void ring_assume(struct fz_model *model, const struct fz_step *step)
{
	gr_make(model, step, step->arg[0],
		(struct gr_slot) { .kind = GR_OTHER, .type = SOCK_DCCP });
}

static bool is_ring(const struct gr_slot *s)
{
	return s->kind == GR_OTHER && s->type == SOCK_DCCP;
}

static long ring_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct io_uring_params params = { 0 };
	int fd = arg[0] < FZ_SLOTS ? io_uring_setup(ENTRIES, &params) : -EINVAL;

	if (fd >= 0)
		fz_put_fd(actor, arg[0], fd);
	return fd < 0 ? fd : 0;
}

/* Where all is in a ring, by one of that size. */
static bool know_layout(struct io_uring_params *layout)
{
	int fd = layout->sq_entries ? -1 : io_uring_setup(ENTRIES, layout);

	if (fd >= 0)
		close(fd);
	return layout->sq_entries;
}

/* The descriptor is that of the slot. */
static void unmap(struct io_uring *ring)
{
	munmap(ring->sq.sqes, ENTRIES * sizeof(struct io_uring_sqe));
	munmap(ring->sq.ring_ptr, ring->sq.ring_sz);
}

static bool map(struct io_uring *ring, int fd)
{
	static _Thread_local struct io_uring_params layout;
	unsigned int i;

	/* nothing but a ring knows that call, and some are smaller */
	if (!know_layout(&layout) || io_uring_enter(fd, 0, 0, 0, NULL) ||
	    io_uring_queue_mmap(fd, &layout, ring))
		return false;
	if (*ring->sq.kring_entries != ENTRIES) {
		unmap(ring);
		return false;
	}
	ring->sq.sqe_head = ring->sq.sqe_tail = *ring->sq.ktail;
	for (i = 0; i < ENTRIES; i++)
		ring->sq.array[i] = i;
	return true;
}

/*
 * For this actor alone: what two have written would have memory of one process
 * and be done by the other. Who is killed in between keeps the others out.
 */
static bool begin(const struct fz_actor *actor, struct io_uring *ring,
		  uint64_t slot)
{
	uint64_t nobody = 0;

	if (!atomic_compare_exchange_strong(&actor->world->value[LOCK],
					    &nobody, 1))
		return false;
	if (map(ring, fz_fd(actor, slot)))
		return true;
	actor->world->value[LOCK] = 0;
	return false;
}

/* How many results have come; and what that of one request is, if it has. */
static unsigned int end(const struct fz_actor *actor, struct io_uring *ring,
			uint64_t number, int *result)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		if (cqe->res < -ERRNO_MAX)
			fz_broken(actor, "io_uring told %d", cqe->res);
		if (cqe->user_data == number)
			*result = cqe->res;
		n++;
	}
	io_uring_cq_advance(ring, n);
	unmap(ring);
	actor->world->value[LOCK] = 0;
	return n;
}

/*
 * Requests
 */

enum { U_SLOT, U_RING, U_WHAT, U_HOW, U_TO, U_LEN, U_MEMORY, U_FLAGS,
       U_CONTROL, U_MODE, U_US, U_NUMBER, U_MAX, U_PLACE };

static const struct fz_word what_words[] = {
	{ "send", IORING_OP_SEND }, { "recv", IORING_OP_RECV },
	{ "sendmsg", IORING_OP_SENDMSG }, { "recvmsg", IORING_OP_RECVMSG },
	{ "poll", IORING_OP_POLL_ADD }, { "cancel", IORING_OP_ASYNC_CANCEL }, {}
};

static const struct fz_word how_words[] = {
	{ "DRAIN", IOSQE_IO_DRAIN }, { "LINK", IOSQE_IO_LINK },
	{ "ASYNC", IOSQE_ASYNC }, {}
};

static bool sends(const uint64_t *arg)
{
	return arg[U_WHAT] == IORING_OP_SEND || arg[U_WHAT] == IORING_OP_SENDMSG;
}

static bool receives(const uint64_t *arg)
{
	return arg[U_WHAT] == IORING_OP_RECV || arg[U_WHAT] == IORING_OP_RECVMSG;
}

static bool can_send(const struct gr_slot *s)
{
	return gr_is_dipc(s) && (s->linked || s->aimed);
}

static bool can_receive(const struct gr_slot *s)
{
	return gr_is_message(s) || (gr_is_link(s) && s->linked);
}

static void draw_message(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	if (fz_one_in(rng, 3))
		step->arg[U_TO] = gr_draw_to(rng, model, step);
	if (fz_one_in(rng, 2))
		return;
	step->arg[U_CONTROL] = fz_one_in(rng, 3) ? GR_C_CALL :
						   1U << fz_draw(rng, 5);
	step->arg[U_MODE] = fz_draw(rng, 3);
	step->arg[U_US] = fz_one_in(rng, 2) ? 1 + fz_draw(rng, 4000) : 0;
	step->arg[U_NUMBER] = fz_draw(rng, 200);
	step->arg[U_MAX] = 100;
}

static bool request_generate(struct fz_rng *rng, const struct fz_model *model,
			     struct fz_step *step)
{
	static const uint8_t what[] = {
		IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_SENDMSG,
		IORING_OP_RECV, IORING_OP_RECVMSG, IORING_OP_RECVMSG,
		IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
	};

	step->arg[U_WHAT] = what[fz_draw(rng, sizeof(what))];
	if (!gr_draw_slot(rng, model, step, U_RING, is_ring) ||
	    !gr_draw_slot(rng, model, step, U_SLOT,
			  sends(step->arg) ? can_send :
			  receives(step->arg) ? can_receive : gr_is_dipc))
		return false;
	if (fz_one_in(rng, 4))
		step->arg[U_HOW] = how_words[fz_draw(rng, 3)].value;
	step->arg[U_LEN] = gr_draw_len(rng);
	step->arg[U_MEMORY] = gr_draw_memory(rng);
	if (fz_one_in(rng, 3))
		step->arg[U_FLAGS] = MSG_DONTWAIT;
	step->arg[U_PLACE] = fz_draw(rng, REQUESTS);
	if (step->arg[U_WHAT] == IORING_OP_SENDMSG)
		draw_message(rng, model, step);
	return true;
}

static void request_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[U_SLOT]);

	if (sends(step->arg))
		gr_assume_sent(model, step, step->arg[U_SLOT], step->arg[U_TO],
			       step->arg[U_CONTROL] & GR_C_CALL);
	else if (receives(step->arg) && s && gr_is_dipc(s))
		gr_assume_taken(model, step, s);
}

static struct msghdr *make_msg(const struct fz_actor *actor,
			       const uint64_t *arg, void *buf, size_t len)
{
	struct request *q = &requests[arg[U_PLACE] % REQUESTS];
	const struct gr_values v = {
		.slot = arg[U_SLOT], .control = arg[U_CONTROL],
		.mode = arg[U_MODE], .us = arg[U_US],
		.number = arg[U_NUMBER], .max = arg[U_MAX],
	};

	q->piece = (struct iovec) { buf, len };
	q->msg = (struct msghdr) {
		.msg_iov = &q->piece, .msg_iovlen = 1,
		.msg_control = q->control.buf, .msg_controllen = 512,
	};
	if (arg[U_WHAT] == IORING_OP_RECVMSG)
		return &q->msg;
	gr_addr(actor, arg[U_TO], GR_RIGHT, &q->addr);
	gr_control(actor, &v, &q->control);
	q->msg.msg_name = q->addr.at;
	q->msg.msg_namelen = q->addr.len;
	q->msg.msg_control = q->control.at;
	q->msg.msg_controllen = q->control.len;
	return &q->msg;
}

static void prepare(const struct fz_actor *actor, const uint64_t *arg, int fd,
		    uint64_t number, struct io_uring_sqe *sqe)
{
	size_t len = arg[U_LEN] % (FZ_BUF + 1);
	void *buf = gr_place(actor, sends(arg) ? actor->out : actor->in, len,
			     arg[U_MEMORY]);

	switch (arg[U_WHAT]) {
	case IORING_OP_SEND:
	case IORING_OP_RECV:
		io_uring_prep_rw(arg[U_WHAT], sqe, fd, buf, len, 0);
		break;
	case IORING_OP_SENDMSG:
	case IORING_OP_RECVMSG:
		io_uring_prep_rw(arg[U_WHAT], sqe, fd,
				 make_msg(actor, arg, buf, len), 1, 0);
		break;
	case IORING_OP_POLL_ADD:
		io_uring_prep_poll_add(sqe, fd, 1 + len % 8);
		sqe->len = len & IORING_POLL_ADD_MULTI;
		break;
	case IORING_OP_ASYNC_CANCEL:
		/* one of the last */
		io_uring_prep_cancel64(sqe, number - 1 - len % 4, 0);
		break;
	default:
		io_uring_prep_nop(sqe);
	}
	if (sends(arg) || receives(arg))
		sqe->msg_flags = arg[U_FLAGS];
	sqe->flags = arg[U_HOW] & (IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_ASYNC);
	sqe->user_data = number;
}

static long request_execute(struct fz_actor *actor, const uint64_t *arg)
{
	uint64_t number = ++actor->world->value[NUMBER];
	int fd = fz_fd(actor, arg[U_SLOT]), result = INT32_MIN, ret;
	/* what is linked is followed by the same once more */
	unsigned int n = arg[U_HOW] & IOSQE_IO_LINK ? 2 : 1;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	if (!begin(actor, &ring, arg[U_RING]))
		return -EBADF;
	while (n-- && (sqe = io_uring_get_sqe(&ring)))
		prepare(actor, arg, fd, number, sqe);
	ret = io_uring_submit_and_get_events(&ring);
	/* what was not taken now is nobody else's to submit */
	*ring.sq.ktail = *ring.sq.khead;
	end(actor, &ring, number, &result);
	if (result == INT32_MIN)
		return ret;
	actor->count_as = sends(arg) ? "io_uring send" :
			  receives(arg) ? "io_uring receive" : "io_uring";
	return gr_told(actor, fd, result);
}

static bool reap_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	return gr_draw_slot(rng, model, step, 0, is_ring);
}

static long reap_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct io_uring ring;
	int result, ret;

	if (!begin(actor, &ring, arg[0]))
		return -EBADF;
	ret = io_uring_get_events(&ring);
	return end(actor, &ring, 0, &result) ?: ret;
}

const struct fz_op gr_uring_ops[] = {
	{
		.name = "uring", .call = "io_uring_setup", .weight = 5,
		.args = { { "slot" } },
		.generate = ring_generate, .assume = ring_assume,
		.execute = ring_execute,
	}, {
		.name = "request", .call = "io_uring_enter", .weight = 60,
		.args = { { "slot" }, { "ring" }, { "what", what_words },
			  { "how", how_words }, { "to", gr_to_words },
			  { "len" }, { "memory", gr_memory_words },
			  { "flags", gr_flag_words },
			  { "control", gr_control_words }, { "mode" },
			  { "us" }, { "number" }, { "max" }, { "place" } },
		.generate = request_generate, .assume = request_assume,
		.execute = request_execute,
	}, {
		.name = "reap", .call = "io_uring_enter", .weight = 12,
		.args = { { "ring" } },
		.generate = reap_generate, .execute = reap_execute,
	},
	{}
};
