// SPDX-License-Identifier: GPL-2.0
/*
 * Calls by ioctl: each operation, mostly as it should be.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "dipc_test.h"
#include "grammar.h"

enum { C_SLOT, C_TO, C_WRONG, C_OP, C_LEN, C_ROOM, C_PIECES, C_MEMORY,
       C_FLAGS, C_NUMBER, C_OFFSET, C_US, C_SEMANTICS, C_PRIORITY, C_BADLY,
       C_PLACE };

static const struct fz_word op_words[] = {
	{ "none", 0 }, { "CALL", DIPC_OP_CALL },
	{ "CALL_START", DIPC_OP_CALL_START },
	{ "CALL_FINISH", DIPC_OP_CALL_FINISH },
	{ "CALL_CANCEL", DIPC_OP_CALL_CANCEL }, { "SEND", DIPC_OP_SEND },
	{ "RECV", DIPC_OP_RECV }, { "REPLY", DIPC_OP_REPLY },
	{ "REPLY_RECV", DIPC_OP_REPLY_RECV }, { "READ", DIPC_OP_READ },
	{ "WRITE", DIPC_OP_WRITE }, { "FORWARD", DIPC_OP_FORWARD },
	{ "DROP", DIPC_OP_DROP }, {}
};

static const struct fz_word op_flag_words[] = {
	{ "DONTWAIT", DIPC_OP_DONTWAIT }, { "OUT_VEC", DIPC_OP_OUT_VEC },
	{ "IN_VEC", DIPC_OP_IN_VEC }, { "PRIORITY", DIPC_OP_PRIORITY },
	{ "ANY", DIPC_OP_ANY }, { "ONCE", DIPC_OP_CONSUME }, {}
};

enum { WELL, B_SMALL, B_TINY, B_LARGE, B_LARGE_0, B_PAGE, B_RESERVED,
       B_UNUSED, B_BAD, B_TRY, B_MUCH, N_BADLY };

static const struct fz_word badly_words[] = {
	{ "well", WELL }, { "small", B_SMALL }, { "tiny", B_TINY },
	{ "large", B_LARGE }, { "large-0", B_LARGE_0 }, { "page", B_PAGE },
	{ "reserved", B_RESERVED }, { "unused", B_UNUSED }, { "bad", B_BAD },
	{ "try", B_TRY }, { "much", B_MUCH }, {}
};

#define WAIT_US		4000	/* more than is waited for one step */

#define OP(code)	(1U << (code))
#define CALLING		(OP(DIPC_OP_CALL) | OP(DIPC_OP_CALL_START))
#define SENDING		(CALLING | OP(DIPC_OP_SEND))
#define REPLYING	(OP(DIPC_OP_REPLY) | OP(DIPC_OP_REPLY_RECV))
#define RECEIVING	(OP(DIPC_OP_RECV) | OP(DIPC_OP_REPLY_RECV))
#define WITH_OUT	(SENDING | REPLYING | OP(DIPC_OP_WRITE))
#define WITH_IN		(RECEIVING | OP(DIPC_OP_CALL) |			\
			 OP(DIPC_OP_CALL_FINISH) | OP(DIPC_OP_READ))
#define WITH_HANDLE	(REPLYING | OP(DIPC_OP_READ) | OP(DIPC_OP_WRITE) | \
			 OP(DIPC_OP_FORWARD) | OP(DIPC_OP_DROP))
#define WITH_COOKIE	(OP(DIPC_OP_CALL_START) | OP(DIPC_OP_CALL_FINISH) | \
			 OP(DIPC_OP_CALL_CANCEL))
#define WITH_INFO	(RECEIVING | OP(DIPC_OP_CALL) | OP(DIPC_OP_CALL_FINISH))
#define WITH_OFFSET	(REPLYING | OP(DIPC_OP_READ) | OP(DIPC_OP_WRITE))
#define WITH_DEST	(SENDING | OP(DIPC_OP_FORWARD))
#define WAITING		(SENDING | RECEIVING | OP(DIPC_OP_CALL_FINISH))

static bool is(uint64_t op, uint32_t ops)
{
	return op < 32 && ops & OP(op);
}

/*
 * What is drawn for all of them
 */

static void draw_memory(struct fz_rng *rng, struct fz_step *step)
{
	uint64_t op = step->arg[C_OP];

	if (is(op, WITH_OUT)) {
		step->arg[C_LEN] = gr_draw_len(rng);
		if (fz_one_in(rng, 3))
			step->arg[C_FLAGS] |= DIPC_OP_OUT_VEC;
	}
	if (is(op, WITH_IN)) {
		step->arg[C_ROOM] = fz_one_in(rng, 3) ? gr_draw_len(rng) : 9000;
		if (is(op, RECEIVING) && fz_one_in(rng, 4))
			step->arg[C_ROOM] = FZ_BUF;
		if (fz_one_in(rng, 3))
			step->arg[C_FLAGS] |= DIPC_OP_IN_VEC;
	}
	step->arg[C_PIECES] = fz_one_in(rng, 20) ? fz_draw(rng, 1024) :
						   fz_draw(rng, 4);
	step->arg[C_MEMORY] = gr_draw_memory(rng);
	if (fz_one_in(rng, 50))
		step->arg[C_PLACE] = fz_draw(rng, GR_N_MEMORY);
}

static void draw_odd(struct fz_rng *rng, struct fz_step *step)
{
	if (fz_one_in(rng, 25))
		step->arg[C_BADLY] = fz_draw(rng, N_BADLY);
	if (fz_one_in(rng, 100))
		step->arg[C_FLAGS] |= 1U << fz_draw(rng, 32);
	if (fz_one_in(rng, is(step->arg[C_OP], RECEIVING) ? 3 : 200))
		step->arg[C_FLAGS] |= DIPC_OP_CONSUME;
	if (fz_one_in(rng, 200))
		step->arg[C_OP] = fz_draw(rng, 15);
	if (is(step->arg[C_OP], WAITING) && fz_one_in(rng, 2))
		step->arg[C_FLAGS] |= DIPC_OP_DONTWAIT;
}

/*
 * Those of a client
 */

static bool draw_dest(struct fz_rng *rng, const struct fz_model *model,
		      struct fz_step *step)
{
	const struct gr_slot *s = gr_see(model, step, step->arg[C_SLOT]);

	if (!s)
		return true;
	if ((!s->aimed && !s->linked) || (s->aimed && fz_one_in(rng, 3)))
		step->arg[C_TO] = gr_draw_to(rng, model, step);
	if (step->arg[C_TO])
		step->arg[C_WRONG] = gr_draw_wrong(rng);
	return step->arg[C_TO] || s->aimed || s->linked || fz_one_in(rng, 60);
}

static bool can_ask(const struct gr_slot *s)
{
	return gr_is_packets(s) && (gr_is_message(s) || s->linked);
}

/* Whether there is somebody who takes requests. */
static bool is_served(const struct fz_model *model, const struct fz_step *step)
{
	const struct gr_slot *s = gr_see(model, step, step->arg[C_SLOT]);
	struct fz_model now = *model;
	uint64_t to = step->arg[C_TO] ?: s->aim;
	struct gr_slot *there;

	if (s->linked)
		there = s->peer ? gr_at(&now, step, s->peer - 1) : NULL;
	else if (to >= GR_TO_BOX && to < GR_TO_NUMBER)
		return true;
	else
		there = gr_to_slot(&now, s, to);
	return there && there->serves;
}

/*
 * A call that brings or fetches much, and waits until it is served: such
 * payload may stay with its sender.
 */
static void draw_long(struct fz_rng *rng, struct fz_step *step)
{
	if (fz_one_in(rng, 2)) {
		step->arg[C_LEN] = gr_draw_long(rng);
		step->arg[C_FLAGS] &= ~DIPC_OP_OUT_VEC;
	} else {
		step->arg[C_ROOM] = gr_draw_long(rng);
	}
	step->arg[C_US] = fz_one_in(rng, 2) ? 0 : WAIT_US + fz_draw(rng, 9000);
}

static bool client_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	static const uint8_t ops[] = { DIPC_OP_CALL, DIPC_OP_CALL_START,
		DIPC_OP_CALL_START, DIPC_OP_CALL_START, DIPC_OP_SEND };

	if (!gr_draw_slot(rng, model, step, C_SLOT, fz_one_in(rng, 60) ?
			  gr_is_dipc : can_ask) ||
	    !draw_dest(rng, model, step))
		return false;
	step->arg[C_OP] = ops[fz_draw(rng, sizeof(ops))];
	if (step->arg[C_OP] != DIPC_OP_SEND && !fz_one_in(rng, 25) &&
	    !is_served(model, step))
		return false;
	draw_memory(rng, step);
	/* few can be taken while this waits: mostly it runs out of time */
	if (step->arg[C_OP] == DIPC_OP_CALL)
		step->arg[C_US] = fz_one_in(rng, 8) ? 0 :
				   500 + fz_draw(rng, 3000);
	else if (fz_one_in(rng, 6))
		step->arg[C_US] = 1 + fz_draw(rng, 4000);
	if (step->arg[C_OP] == DIPC_OP_CALL && fz_one_in(rng, 8))
		draw_long(rng, step);
	step->arg[C_SEMANTICS] = fz_one_in(rng, 3) ? fz_draw(rng, 3) : 0;
	if (fz_one_in(rng, 50))
		step->arg[C_SEMANTICS] = 3;
	step->arg[C_NUMBER] = fz_draw(rng, 200);
	if (fz_one_in(rng, 30) && gr_see(model, step, step->arg[C_SLOT])->asked)
		step->arg[C_NUMBER] = gr_see(model, step,
					     step->arg[C_SLOT])->asked;
	step->arg[C_OFFSET] = fz_draw(rng, 3);		/* the tag */
	if (step->arg[C_OP] == DIPC_OP_CALL_START)
		step->arg[C_ROOM] = fz_one_in(rng, 4) ? gr_draw_len(rng) : 100;
	if (fz_one_in(rng, 4)) {
		step->arg[C_FLAGS] |= DIPC_OP_PRIORITY;
		step->arg[C_PRIORITY] = fz_draw(rng, 33);
	}
	draw_odd(rng, step);
	return true;
}

/* There when the next operation begins. */
static bool asks(const struct fz_step *step)
{
	return step->arg[C_OP] == DIPC_OP_CALL_START ||
	       (step->arg[C_OP] == DIPC_OP_CALL &&
		(!step->arg[C_US] || step->arg[C_US] >= WAIT_US));
}

static void client_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[C_SLOT]);

	if (s && step->arg[C_OP] == DIPC_OP_CALL_START)
		s->asked = step->arg[C_NUMBER];
	gr_assume_sent(model, step, step->arg[C_SLOT], step->arg[C_TO],
		       asks(step));
}

static bool has_asked(const struct gr_slot *s)
{
	return gr_is_packets(s) && s->asked;
}

static bool finish_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	if (!gr_draw_slot(rng, model, step, C_SLOT, fz_one_in(rng, 50) ?
			  gr_is_packets : has_asked))
		return false;
	step->arg[C_OP] = fz_one_in(rng, 3) ? DIPC_OP_CALL_CANCEL :
					      DIPC_OP_CALL_FINISH;
	step->arg[C_NUMBER] = gr_see(model, step, step->arg[C_SLOT])->asked;
	draw_memory(rng, step);
	if (step->arg[C_OP] == DIPC_OP_CALL_FINISH && fz_one_in(rng, 2)) {
		step->arg[C_FLAGS] |= DIPC_OP_ANY;
		step->arg[C_NUMBER] = 0;
	}
	draw_odd(rng, step);
	return true;
}

static void finish_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[C_SLOT]);

	if (s)
		s->asked = 0;
}

/*
 * Those of a server
 */

static bool has_requests(const struct gr_slot *s)
{
	return gr_is_packets(s) && s->serves && (s->queued || s->box);
}

static bool serve_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	unsigned int kind = fz_draw(rng, 40);

	if (!gr_draw_slot(rng, model, step, C_SLOT, kind ? has_requests :
			  gr_is_packets))
		return false;
	if (kind && !gr_n_queued(model, gr_see(model, step, step->arg[C_SLOT])))
		return false;
	step->arg[C_OP] = fz_one_in(rng, 5) ? DIPC_OP_REPLY_RECV : DIPC_OP_RECV;
	/* to nothing at first, mostly */
	step->arg[C_NUMBER] = GR_HANDLE_ODD;
	if (fz_one_in(rng, 5))
		step->arg[C_NUMBER] = 0;
	draw_memory(rng, step);
	/* the match: a tag */
	if (fz_one_in(rng, 8))
		step->arg[C_US] = 1 + fz_draw(rng, 3);
	draw_odd(rng, step);
	return true;
}

static void serve_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[C_SLOT]);

	if (s && s->kind == GR_SOCKET)
		gr_assume_taken(model, step, s);
}

static bool held_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	static const uint8_t ops[] = { DIPC_OP_REPLY, DIPC_OP_READ,
		DIPC_OP_READ, DIPC_OP_WRITE, DIPC_OP_WRITE, DIPC_OP_FORWARD,
		DIPC_OP_DROP, DIPC_OP_REPLY, DIPC_OP_REPLY_RECV };

	if (!model->held[gr_table(step)] && !fz_one_in(rng, 200))
		return false;
	step->arg[C_OP] = ops[fz_draw(rng, sizeof(ops))];
	if (step->arg[C_OP] == DIPC_OP_REPLY_RECV && fz_one_in(rng, 2))
		step->arg[C_OP] = DIPC_OP_REPLY;
	step->arg[C_NUMBER] = gr_draw_handle(rng);
	if (step->arg[C_OP] == DIPC_OP_FORWARD && !fz_one_in(rng, 6)) {
		/* as if from a socket that could reach anybody */
		struct fz_model now = *model;

		now.slot[gr_table(step)][0] = (struct gr_slot) {
			.kind = GR_SOCKET, .type = SOCK_RDM,
			.space = gr_space(step) };
		step->arg[C_TO] = gr_draw_to(rng, &now, step);
		step->arg[C_WRONG] = gr_draw_wrong(rng);
	}
	step->arg[C_SLOT] = GR_HOLDER;
	if (fz_one_in(rng, 40))
		gr_draw_slot(rng, model, step, C_SLOT, gr_is_packets);
	draw_memory(rng, step);
	if (is(step->arg[C_OP], WITH_OUT))
		step->arg[C_LEN] = fz_draw(rng, 90);
	if (is(step->arg[C_OP], REPLYING) && fz_one_in(rng, 3)) {
		step->arg[C_LEN] = gr_draw_long(rng);
		step->arg[C_FLAGS] &= ~DIPC_OP_OUT_VEC;
	}
	if (is(step->arg[C_OP], WITH_OFFSET) && fz_one_in(rng, 4))
		step->arg[C_OFFSET] = fz_draw(rng, 60);
	if (is(step->arg[C_OP], WITH_OFFSET) && fz_one_in(rng, 30))
		step->arg[C_OFFSET] = 1ULL << fz_draw(rng, 64);
	draw_odd(rng, step);
	return true;
}

static void held_assume(struct fz_model *model, const struct fz_step *step)
{
	uint8_t *held = &model->held[gr_table(step)];

	if (*held && step->arg[C_OP] != DIPC_OP_READ &&
	    step->arg[C_OP] != DIPC_OP_WRITE)
		--*held;
}

/*
 * All are done alike.
 */

/* The structure, with what it points to; more than there is behind it. */
struct request {
	struct dipc_op op;
	char behind[8192 - sizeof(struct dipc_op)];
};

static void fill_memory(const struct fz_actor *actor, const uint64_t *arg,
			struct dipc_op *op)
{
	struct gr_iov *iov;

	if (is(op->op, WITH_OUT)) {
		iov = gr_iov(actor, actor->out, arg[C_LEN], arg[C_PIECES],
			     arg[C_MEMORY]);
		op->out = (uintptr_t)gr_place(actor, actor->out, arg[C_LEN],
					      arg[C_MEMORY]);
		op->out_len = arg[C_LEN] % (FZ_BUF + 1);
		if (op->flags & DIPC_OP_OUT_VEC) {
			op->out = (uintptr_t)iov->at;
			op->out_len = iov->n;
		}
	}
	if (is(op->op, WITH_IN)) {
		/* the list is one for each thread: both would use it */
		if (op->flags & DIPC_OP_OUT_VEC)
			op->flags &= ~DIPC_OP_IN_VEC;
		op->in = (uintptr_t)gr_place(actor, actor->in, arg[C_ROOM],
					     arg[C_MEMORY]);
		op->in_len = arg[C_ROOM] % (FZ_BUF + 1);
		if (op->flags & DIPC_OP_IN_VEC) {
			iov = gr_iov(actor, actor->in, arg[C_ROOM],
				     arg[C_PIECES], arg[C_MEMORY]);
			op->in = (uintptr_t)iov->at;
			op->in_len = iov->n;
		}
	}
	if (op->op == DIPC_OP_CALL_START)
		op->reply_max = arg[C_ROOM];
}

static void fill(const struct fz_actor *actor, const uint64_t *arg,
		 struct dipc_op *op)
{
	*op = (struct dipc_op) { .size = sizeof(*op), .op = arg[C_OP],
				 .flags = arg[C_FLAGS] };
	fill_memory(actor, arg, op);
	if (is(op->op, WITH_HANDLE))
		op->handle = gr_handle(actor, arg[C_NUMBER]);
	if (is(op->op, WITH_COOKIE))
		op->cookie = arg[C_NUMBER];
	if (is(op->op, WITH_OFFSET))
		op->offset = arg[C_OFFSET];
	if (is(op->op, SENDING)) {
		op->tag = arg[C_OFFSET];
		op->deadline_ns = arg[C_US] * 1000;
		op->priority = arg[C_PRIORITY];
	}
	if (is(op->op, CALLING)) {
		op->semantics = arg[C_SEMANTICS];
		if (op->semantics == DIPC_AT_LEAST_ONCE)
			op->try_ns = arg[C_US] * 250;
	}
}

static void spoil(const uint64_t *arg, struct request *r)
{
	switch (arg[C_BADLY]) {
	case B_SMALL:
		r->op.size = 24 + arg[C_NUMBER] % 100;
		break;
	case B_TINY:
		r->op.size = arg[C_NUMBER] % 12;
		break;
	case B_LARGE:
		r->op.size = 200;
		r->behind[10] = 1;
		break;
	case B_LARGE_0:
		r->op.size = 4096;
		break;
	case B_PAGE:
		r->op.size = 4097;
		break;
	case B_RESERVED:
		r->op.reserved[arg[C_NUMBER] % sizeof(r->op.reserved)] = 1;
		break;
	case B_UNUSED:
		if (is(r->op.op, WITH_COOKIE))
			r->op.handle = 1;
		else
			r->op.cookie = 1;
		break;
	case B_TRY:
		r->op.try_ns = 1;
		break;
	case B_MUCH:
		r->op.reply_max = DIPC_MSG_LEN_MAX + 1;
	}
}

static const char *counted_as(uint64_t op)
{
	unsigned int i;

	static const char *const names[] = { "DIPC_OP", "DIPC_OP_CALL",
		"DIPC_OP_CALL_START", "DIPC_OP_CALL_FINISH",
		"DIPC_OP_CALL_CANCEL", "DIPC_OP_SEND", "DIPC_OP_RECV",
		"DIPC_OP_REPLY", "DIPC_OP_REPLY_RECV", "DIPC_OP_READ",
		"DIPC_OP_WRITE", "DIPC_OP_FORWARD", "DIPC_OP_DROP" };

	i = op < sizeof(names) / sizeof(names[0]) ? op : 0;
	return names[i];
}

static long call_execute(struct fz_actor *actor, const uint64_t *arg)
{
	static _Thread_local struct request r;
	int fd = gr_holder(actor, arg[C_SLOT], arg[C_NUMBER]);
	struct dipc_match match = { .tag = arg[C_US] - 1, .tag_mask = 3 };
	union {
		struct dipc_request request;
		struct dipc_outcome outcome;
	} info = { .request.handle = 0 };
	struct gr_addr addr;
	long ret;

	memset(r.behind, 0, 300);
	fill(actor, arg, &r.op);
	if (is(arg[C_OP], WITH_DEST)) {
		gr_addr(actor, arg[C_TO], arg[C_WRONG], &addr);
		r.op.dest = (uintptr_t)addr.at;
	}
	if (is(arg[C_OP], WITH_INFO))
		r.op.info = (uintptr_t)gr_place(actor, (char *)&info,
						sizeof(info), arg[C_PLACE]);
	if (is(arg[C_OP], RECEIVING) && arg[C_US])
		r.op.match = arg[C_PLACE] == GR_SECOND ?
			     (uintptr_t)actor->bad : (uintptr_t)&match;
	spoil(arg, &r);
	actor->count_as = counted_as(arg[C_OP]);
	ret = GR_ERR(ioctl(fd, DIPC_IOC_OP, arg[C_BADLY] == B_BAD ?
			   (struct request *)actor->bad : &r));
	if (ret > (long)arg[C_ROOM] && is(arg[C_OP], OP(DIPC_OP_RECV)) &&
	    arg[C_MEMORY] < GR_SECOND)
		fz_broken(actor, "%ld bytes received where %ld fit",
			  ret, (long)arg[C_ROOM]);
	if (ret >= 0 && is(arg[C_OP], RECEIVING) && info.request.handle)
		gr_keep_handle(actor, arg[C_SLOT], info.request.handle);
	return gr_told(actor, fd, ret);
}

#define CALL_ARGS							\
	{ { "slot" }, { "to", gr_to_words }, { "wrong", gr_wrong_words }, \
	  { "op", op_words }, { "len" }, { "room" }, { "pieces" }, \
	  { "memory", gr_memory_words }, { "flags", op_flag_words }, \
	  { "number" }, { "offset" }, { "us" }, { "semantics" }, \
	  { "priority" }, { "badly", badly_words }, \
	  { "place", gr_memory_words } }

const struct fz_op gr_call_ops[] = {
	{
		.name = "call", .call = "DIPC_OP", .weight = 110,
		.args = CALL_ARGS,
		.generate = client_generate, .assume = client_assume,
		.execute = call_execute,
	}, {
		.name = "finish", .call = "DIPC_OP", .weight = 50,
		.args = CALL_ARGS,
		.generate = finish_generate, .assume = finish_assume,
		.execute = call_execute,
	}, {
		.name = "serve", .call = "DIPC_OP", .weight = 100,
		.args = CALL_ARGS,
		.generate = serve_generate, .assume = serve_assume,
		.execute = call_execute,
	}, {
		.name = "hold", .call = "DIPC_OP", .weight = 110,
		.args = CALL_ARGS,
		.generate = held_generate, .assume = held_assume,
		.execute = call_execute,
	},
	{}
};
