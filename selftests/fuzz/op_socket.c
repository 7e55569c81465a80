// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that make sockets, give them addresses, and tell these.
 */
#define _GNU_SOURCE
#include <sys/time.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

#define WAIT_MS		2	/* of a socket that is not asked for more */
#define FOREVER		99	/* as a number of ms: no limit */

const struct fz_word gr_type_words[] = {
	{ "RDM", 0 }, { "DGRAM", SOCK_DGRAM }, { "SEQPACKET", SOCK_SEQPACKET },
	{ "STREAM", SOCK_STREAM }, { "RAW", SOCK_RAW }, { "PACKET", 10 },
	{ "none", 11 }, {}
};

static const struct fz_word open_flag_words[] = {
	{ "NONBLOCK", SOCK_NONBLOCK }, { "CLOEXEC", SOCK_CLOEXEC },
	{ "unknown", 0x10 }, {}
};

static const struct fz_word wait_words[] = {
	{ "short", 0 }, { "forever", FOREVER }, {}
};

static int type_of(uint64_t arg)
{
	return arg ? arg & 0xf : SOCK_RDM;
}

static uint64_t draw_type(struct fz_rng *rng)
{
	static const uint8_t types[] = { 0, 0, 0, SOCK_DGRAM, SOCK_SEQPACKET,
					 SOCK_SEQPACKET, SOCK_STREAM };

	return types[fz_draw(rng, sizeof(types))];
}

static uint64_t draw_wait(struct fz_rng *rng)
{
	if (fz_one_in(rng, 25))
		return FOREVER;
	return fz_one_in(rng, 3) ? fz_draw(rng, 6) : 0;
}

static void set_timeouts(int fd, uint64_t ms)
{
	struct timeval tv = { .tv_usec = 1000 * (ms ?: WAIT_MS) };

	if (ms == FOREVER)
		return;
	tv.tv_usec %= 1000000;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* Who is bound can be named by others; what is its number? */
static void tell_port(const struct fz_actor *actor, uint64_t slot, int fd)
{
	uint64_t id = 0;
	socklen_t len = sizeof(id);

	if (slot < FZ_SLOTS &&
	    !getsockopt(fd, SOL_DIPC, DIPC_PORT_ID, &id, &len))
		actor->world->table[actor->table].port[slot] = id;
}

/*
 * open: what is mostly done with a new socket, at once. Counted as the step
 * that fails.
 */

enum { O_SLOT, O_TYPE, O_FLAGS, O_WAIT, O_CALLS, O_BIND, O_LISTEN, O_CONNECT };

static bool open_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	struct fz_model now = *model;
	struct gr_slot *s;
	unsigned int i = fz_draw(rng, GR_NAMES);

	step->arg[O_SLOT] = gr_draw_free(rng, model, step);
	step->arg[O_TYPE] = draw_type(rng);
	if (fz_one_in(rng, 6))
		step->arg[O_FLAGS] = SOCK_NONBLOCK;
	step->arg[O_WAIT] = draw_wait(rng);
	step->arg[O_CALLS] = !fz_one_in(rng, 3);
	s = gr_at(&now, step, step->arg[O_SLOT]);
	*s = (struct gr_slot) { .kind = GR_SOCKET, .space = gr_space(step),
				.type = type_of(step->arg[O_TYPE]) };
	if (fz_one_in(rng, 2)) {
		step->arg[O_CONNECT] = gr_draw_to(rng, &now, step);
		return true;
	}
	switch (fz_draw(rng, 4)) {
	case 0:
		if (!model->name[s->space][i])
			step->arg[O_BIND] = GR_TO_NAME + i;
		break;
	case 1:
		if (!model->number[s->space][i])
			step->arg[O_BIND] = GR_TO_NUMBER + i;
		break;
	case 2:
		if (model->box[s->space][i] && gr_is_message(s))
			step->arg[O_BIND] = GR_TO_BOX + i;
	}
	if (!step->arg[O_BIND])
		step->arg[O_BIND] = GR_TO_ANY;
	if (gr_is_link(s))
		step->arg[O_LISTEN] = 1 + fz_draw(rng, 3);
	return true;
}

/* That a socket has got an address. */
static void assume_bound(struct fz_model *model, struct gr_slot *s, uint64_t to)
{
	uint64_t i;

	if (!to)
		return;
	s->bound = true;
	s->name = to;
	if (to >= GR_TO_NAME && to < GR_TO_NAME + GR_NAMES)
		model->name[s->space][to - GR_TO_NAME] = s->type;
	if (to >= GR_TO_NUMBER && to < GR_TO_NUMBER + GR_NUMBERS)
		model->number[s->space][to - GR_TO_NUMBER] = s->type;
	i = to - GR_TO_BOX;
	if (to >= GR_TO_BOX && i < GR_BOXES) {
		s->box = 1 + i;
	}
}

static void open_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_make(model, step, step->arg[O_SLOT],
		(struct gr_slot) {
			.kind = GR_SOCKET, .type = type_of(step->arg[O_TYPE]),
			.space = gr_space(step),
			.serves = step->arg[O_CALLS] == 1,
			.listens = step->arg[O_LISTEN],
		});

	if (!s)
		return;
	assume_bound(model, s, step->arg[O_BIND]);
	if (step->arg[O_CONNECT])
		gr_assume_connected(model, step, step->arg[O_SLOT],
				    step->arg[O_CONNECT]);
}

static long open_rest(struct fz_actor *actor, const uint64_t *arg, int fd)
{
	struct gr_addr addr;
	int on = 1;
	long ret;

	set_timeouts(fd, arg[O_WAIT]);
	if (arg[O_CALLS] && arg[O_TYPE] != SOCK_STREAM) {
		actor->count_as = "setsockopt";
		ret = GR_ERR(setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on, 4));
		if (ret)
			return ret;
	}
	if (arg[O_BIND]) {
		actor->count_as = "bind";
		gr_addr(actor, arg[O_BIND], GR_RIGHT, &addr);
		ret = GR_ERR(bind(fd, addr.at, addr.len));
		if (ret)
			return ret;
		tell_port(actor, arg[O_SLOT], fd);
	}
	if (arg[O_LISTEN]) {
		actor->count_as = "listen";
		ret = GR_ERR(listen(fd, arg[O_LISTEN]));
		if (ret)
			return ret;
	}
	if (arg[O_CONNECT]) {
		actor->count_as = "connect";
		gr_addr(actor, arg[O_CONNECT], GR_RIGHT, &addr);
		return GR_ERR(connect(fd, addr.at, addr.len));
	}
	return 0;
}

static long open_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = socket(dt_family(), type_of(arg[O_TYPE]) | arg[O_FLAGS], 0);

	actor->count_as = "socket";
	if (fd < 0)
		return -errno;
	fz_put_fd(actor, arg[O_SLOT], fd);
	return arg[O_SLOT] < FZ_SLOTS ? open_rest(actor, arg, fd) : close(fd);
}

/*
 * socket: the system call alone, and how it can be wrong
 */

static bool socket_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	step->arg[1] = draw_type(rng);
	step->arg[2] = fz_one_in(rng, 3) ? SOCK_NONBLOCK : SOCK_CLOEXEC;
	switch (fz_draw(rng, 12)) {
	case 0:
		step->arg[1] = fz_draw(rng, 12);
		break;
	case 1:
		step->arg[2] |= 1U << fz_draw(rng, 32);
		break;
	case 2:
		step->arg[3] = fz_draw(rng, 4);
	}
	return true;
}

static void socket_assume(struct fz_model *model, const struct fz_step *step)
{
	static const uint64_t known = 1 << SOCK_RDM | 1 << SOCK_DGRAM |
				      1 << SOCK_SEQPACKET | 1 << SOCK_STREAM;

	if (known >> type_of(step->arg[1]) & 1 && !step->arg[3])
		gr_make(model, step, step->arg[0], (struct gr_slot) {
			.kind = GR_SOCKET, .type = type_of(step->arg[1]),
			.space = gr_space(step) });
}

static long socket_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = socket(dt_family(), type_of(arg[1]) | arg[2], arg[3]);

	if (fd < 0)
		return -errno;
	set_timeouts(fd, 0);
	fz_put_fd(actor, arg[0], fd);
	return arg[0] < FZ_SLOTS ? 0 : close(fd);
}

/*
 * socketpair
 */

static bool pair_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	step->arg[1] = (step->arg[0] + 1 + fz_draw(rng, 3)) % FZ_SLOTS;
	step->arg[2] = fz_one_in(rng, 3) ? SOCK_STREAM : SOCK_SEQPACKET;
	if (fz_one_in(rng, 40))
		step->arg[2] = fz_draw(rng, 12);
	step->arg[3] = fz_one_in(rng, 4) ? SOCK_NONBLOCK : 0;
	step->arg[4] = draw_wait(rng);
	step->arg[5] = fz_one_in(rng, 2);
	if (fz_one_in(rng, 40))
		step->arg[6] = 1;
	return true;
}

static void pair_assume(struct fz_model *model, const struct fz_step *step)
{
	unsigned int i, type = type_of(step->arg[2]);

	if (step->arg[6] || (type != SOCK_SEQPACKET && type != SOCK_STREAM))
		return;
	for (i = 0; i < 2; i++)
		gr_make(model, step, step->arg[i], (struct gr_slot) {
			.kind = GR_SOCKET, .space = gr_space(step),
			.type = type, .linked = true,
			.peer = 1 + step->arg[!i] % FZ_SLOTS,
			.serves = step->arg[5] == 0 });
}

static long pair_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int *place = arg[6] ? (int *)actor->bad : (int *)actor->in, fd[2], i;
	int type = type_of(arg[2]) | arg[3], on = 1;

	if (socketpair(dt_family(), type, 0, place))
		return -errno;
	memcpy(fd, place, sizeof(fd));
	for (i = 0; i < 2; i++) {
		set_timeouts(fd[i], arg[4]);
		if (!arg[5])
			setsockopt(fd[i], SOL_DIPC, DIPC_RECV_CALLS, &on, 4);
		if (arg[i] < FZ_SLOTS)
			fz_put_fd(actor, arg[i], fd[i]);
		else
			close(fd[i]);
	}
	return 0;
}

/*
 * bind, getsockname, getpeername
 */

static bool bind_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	static const uint16_t first[] = { GR_TO_NAME, GR_TO_NUMBER, GR_TO_BOX,
		GR_TO_NAME, GR_TO_ANY, GR_TO_NAME, GR_TO_BOX_AS_NAME,
		GR_TO_NAME_AS_BOX, GR_TO_NOBODY, GR_TO_HIGH, GR_TO_NODE,
		GR_TO_PORT, GR_TO_GROUP, GR_TO_INET, GR_TO_NO_BOX };
	unsigned int i = fz_draw(rng, fz_one_in(rng, 4) ? 15 : 6), n;

	if (!gr_draw_slot(rng, model, step, 0, gr_is_dipc))
		return false;
	step->arg[1] = first[i];
	if (first[i] == GR_TO_NAME || first[i] == GR_TO_NUMBER ||
	    first[i] == GR_TO_BOX || first[i] == GR_TO_BOX_AS_NAME ||
	    first[i] == GR_TO_NAME_AS_BOX)
		step->arg[1] += fz_draw(rng, 4);
	if (first[i] == GR_TO_PORT)
		step->arg[1] += fz_draw(rng, FZ_SLOTS);
	step->arg[2] = gr_draw_wrong(rng);
	/* who is bound can have more names, and nothing else */
	n = gr_see(model, step, step->arg[0]) ?
	    gr_see(model, step, step->arg[0])->bound : 0;
	if (n && !fz_one_in(rng, 10))
		step->arg[1] = GR_TO_NAME + fz_draw(rng, 4);
	n = step->arg[1] - GR_TO_NAME;
	return n >= GR_NAMES || !model->name[gr_space(step)][n] ||
	       fz_one_in(rng, 8);
}

static void bind_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[0]);

	if (s && s->kind == GR_SOCKET && !step->arg[2])
		assume_bound(model, s, step->arg[1]);
}

static long bind_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);
	struct gr_addr addr;
	long ret;

	gr_addr(actor, arg[1], arg[2], &addr);
	ret = GR_ERR(bind(fd, addr.at, addr.len));
	if (!ret)
		tell_port(actor, arg[0], fd);
	return gr_told(actor, fd, ret);
}

static bool has_address(const struct gr_slot *s)
{
	return gr_is_dipc(s) && (s->linked || s->aimed);
}

static bool name_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	static const uint16_t lengths[] = { 96, 128, 0, 20, 96, 96, 0xffff };

	if (!gr_draw_slot(rng, model, step, 0, fz_one_in(rng, 2) ?
			  has_address : gr_is_dipc))
		return false;
	step->arg[1] = has_address(gr_see(model, step, step->arg[0])) ?
		       fz_draw(rng, 2) : fz_one_in(rng, 4);
	step->arg[2] = lengths[fz_draw(rng, 6 + fz_one_in(rng, 8))];
	if (fz_one_in(rng, 30))
		step->arg[3] = fz_draw(rng, 2) ? GR_BAD : GR_NULL;
	return true;
}

static long name_execute(struct fz_actor *actor, const uint64_t *arg)
{
	socklen_t len = arg[2] == 0xffff ? (socklen_t)-1 : arg[2];
	int fd = fz_fd(actor, arg[0]);
	void *place = gr_place(actor, actor->in, 96, arg[3]);
	long ret;

	actor->count_as = arg[1] ? "getpeername" : "getsockname";
	ret = GR_ERR(arg[1] ? getpeername(fd, place, &len) :
			      getsockname(fd, place, &len));
	if (!ret && len != sizeof(struct sockaddr_dipc) && !gr_is_foreign(fd))
		fz_broken(actor, "an address is told to have %u bytes", len);
	return gr_told(actor, fd, ret);
}

const struct fz_op gr_socket_ops[] = {
	{
		.name = "open", .call = "socket", .weight = 130,
		.args = { { "slot" }, { "type", gr_type_words },
			  { "flags", open_flag_words }, { "wait", wait_words },
			  { "calls" }, { "bind", gr_to_words }, { "listen" },
			  { "connect", gr_to_words } },
		.generate = open_generate, .assume = open_assume,
		.execute = open_execute,
	}, {
		.name = "socket", .call = "socket", .weight = 12,
		.args = { { "slot" }, { "type", gr_type_words },
			  { "flags", open_flag_words }, { "protocol" } },
		.generate = socket_generate, .assume = socket_assume,
		.execute = socket_execute,
	}, {
		.name = "socketpair", .call = "socketpair", .weight = 30,
		.args = { { "slot" }, { "other" }, { "type", gr_type_words },
			  { "flags", open_flag_words }, { "wait", wait_words },
			  { "no-calls" }, { "bad" } },
		.generate = pair_generate, .assume = pair_assume,
		.execute = pair_execute,
	}, {
		.name = "bind", .call = "bind", .weight = 25,
		.args = { { "slot" }, { "to", gr_to_words },
			  { "wrong", gr_wrong_words } },
		.generate = bind_generate, .assume = bind_assume,
		.execute = bind_execute,
	}, {
		.name = "getname", .call = "getsockname", .weight = 12,
		.args = { { "slot" }, { "peer" }, { "len" },
			  { "memory", gr_memory_words } },
		.generate = name_generate, .execute = name_execute,
	},
	{}
};
