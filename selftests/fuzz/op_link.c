// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that connect sockets and take connections apart.
 */
#define _GNU_SOURCE
#include <sys/time.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

/*
 * connect
 */

static bool can_connect(const struct gr_slot *s)
{
	return gr_is_message(s) ||
	       (gr_is_link(s) && !s->linked && !s->listens);
}

static bool connect_generate(struct fz_rng *rng, const struct fz_model *model,
			     struct fz_step *step)
{
	if (!gr_draw_slot(rng, model, step, 0, fz_one_in(rng, 12) ?
			  gr_is_dipc : can_connect))
		return false;
	step->arg[1] = fz_one_in(rng, 20) ? GR_TO_UNSPEC :
					    gr_draw_to(rng, model, step);
	step->arg[2] = gr_draw_wrong(rng);
	return step->arg[1] != GR_TO_CONNECTED;
}

void gr_assume_connected(struct fz_model *model, const struct fz_step *step,
			 uint64_t slot, uint64_t to)
{
	struct gr_slot *s = gr_at(model, step, slot), *there;

	if (!s || s->kind != GR_SOCKET)
		return;
	if (gr_is_message(s)) {
		s->aimed = to != GR_TO_UNSPEC;
		s->aim = s->aimed ? to : 0;
		return;
	}
	s->linked = true;
	s->peer = 0;
	there = gr_to_slot(model, s, to);
	if (!there || !there->listens)
		return;
	there->pending++;
	there->asker = 1 + slot;
}

static void connect_assume(struct fz_model *model, const struct fz_step *step)
{
	if (!step->arg[2])
		gr_assume_connected(model, step, step->arg[0], step->arg[1]);
}

static long connect_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);
	struct gr_addr addr;

	gr_addr(actor, arg[1], arg[2], &addr);
	return gr_told(actor, fd, GR_ERR(connect(fd, addr.at, addr.len)));
}

/*
 * listen, accept
 */

static bool can_listen(const struct gr_slot *s)
{
	return gr_is_link(s) && s->bound && !s->linked;
}

static bool listen_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	step->arg[1] = fz_draw(rng, 4);
	return gr_draw_slot(rng, model, step, 0, fz_one_in(rng, 12) ?
			    gr_is_dipc : can_listen);
}

static void listen_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[0]);

	if (s && can_listen(s))
		s->listens = true;
}

static long listen_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);

	return gr_told(actor, fd, GR_ERR(listen(fd, arg[1])));
}

static const struct fz_word accept_flag_words[] = {
	{ "NONBLOCK", SOCK_NONBLOCK }, { "CLOEXEC", SOCK_CLOEXEC }, {}
};

static bool listens(const struct gr_slot *s)
{
	return s->listens && gr_is_dipc(s);
}

static bool is_asked(const struct gr_slot *s)
{
	return listens(s) && s->pending;
}

static bool accept_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	unsigned int kind = fz_draw(rng, 40);

	if (!gr_draw_slot(rng, model, step, 0, !kind ? gr_is_dipc :
			  kind < 4 ? listens : is_asked))
		return false;
	step->arg[1] = gr_draw_free(rng, model, step);
	step->arg[2] = fz_one_in(rng, 3) ? SOCK_NONBLOCK : 0;
	if (fz_one_in(rng, 40))
		step->arg[2] = 1 << fz_draw(rng, 12);
	step->arg[3] = fz_draw(rng, 3);
	if (fz_one_in(rng, 40))
		step->arg[4] = GR_BAD;
	return true;
}

static void accept_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *from = gr_at(model, step, step->arg[0]);
	struct gr_slot *s;

	if (!from || !from->listens)
		return;
	s = gr_make(model, step, step->arg[1], (struct gr_slot) {
		.kind = GR_SOCKET, .type = from->type, .space = from->space,
		.linked = true, .serves = from->serves, .bound = true,
		.peer = from->asker,
	});
	if (!s)
		return;
	if (from->pending)
		from->pending--;
	from->asker = 0;
	from = s->peer ? gr_at(model, step, s->peer - 1) : NULL;
	if (from)
		from->peer = 1 + step->arg[1];
}

static long accept_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct timeval tv = { .tv_usec = 2000 };
	int fd = fz_fd(actor, arg[0]), new;
	socklen_t len = sizeof(struct sockaddr_dipc);
	void *place = gr_place(actor, actor->in, len, arg[4]);

	actor->count_as = arg[2] ? "accept4" : "accept";
	if (arg[1] >= FZ_SLOTS)
		return -EINVAL;
	if (arg[2])
		new = accept4(fd, place, &len, arg[2]);
	else
		new = arg[3] ? accept(fd, place, &len) : accept(fd, NULL, NULL);
	if (new < 0)
		return gr_told(actor, fd, -errno);
	setsockopt(new, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(new, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	fz_put_fd(actor, arg[1], new);
	return 0;
}

/*
 * shutdown
 */

static const struct fz_word how_words[] = {
	{ "RD", SHUT_RD }, { "WR", SHUT_WR }, { "RDWR", SHUT_RDWR }, {}
};

static bool shutdown_generate(struct fz_rng *rng, const struct fz_model *model,
			      struct fz_step *step)
{
	step->arg[1] = fz_one_in(rng, 20) ? 3 : fz_draw(rng, 3);
	return gr_draw_slot(rng, model, step, 0, fz_one_in(rng, 15) ?
			    gr_is_dipc : gr_is_link);
}

static long shutdown_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);

	return gr_told(actor, fd, GR_ERR(shutdown(fd, arg[1])));
}

const struct fz_op gr_link_ops[] = {
	{
		.name = "connect", .call = "connect", .weight = 40,
		.args = { { "slot" }, { "to", gr_to_words },
			  { "wrong", gr_wrong_words } },
		.generate = connect_generate, .assume = connect_assume,
		.execute = connect_execute,
	}, {
		.name = "listen", .call = "listen", .weight = 10,
		.args = { { "slot" }, { "n" } },
		.generate = listen_generate, .assume = listen_assume,
		.execute = listen_execute,
	}, {
		.name = "accept", .call = "accept", .weight = 40,
		.args = { { "slot" }, { "as" }, { "flags", accept_flag_words },
			  { "name" }, { "memory", gr_memory_words } },
		.generate = accept_generate, .assume = accept_assume,
		.execute = accept_execute,
	}, {
		.name = "shutdown", .call = "shutdown", .weight = 6,
		.args = { { "slot" }, { "how", how_words } },
		.generate = shutdown_generate, .execute = shutdown_execute,
	},
	{}
};
