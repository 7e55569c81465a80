// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that wait for readiness. What they say is the affair of the
 * suites; here they look while others change what is looked at.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

#define WAIT_MS_MAX	3

static const struct fz_word event_words[] = {
	{ "IN", POLLIN }, { "PRI", POLLPRI }, { "OUT", POLLOUT },
	{ "RDHUP", POLLRDHUP }, { "ET", EPOLLET }, { "ONESHOT", EPOLLONESHOT },
	{}
};

static uint64_t draw_events(struct fz_rng *rng)
{
	return fz_draw(rng, 8) | (fz_one_in(rng, 3) ? POLLRDHUP : 0);
}

static bool poll_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[2] = draw_events(rng);
	step->arg[3] = fz_draw(rng, 4) ? 0 : fz_draw(rng, WAIT_MS_MAX);
	step->arg[4] = fz_one_in(rng, 4);
	return gr_draw_slot(rng, model, step, 0, gr_is_dipc) &&
	       gr_draw_slot(rng, model, step, 1, gr_is_dipc);
}

static long select_now(int fd, int ms)
{
	struct timeval tv = { .tv_usec = 1000 * ms };
	fd_set in, out, urgent;

	if (fd < 0 || fd >= FD_SETSIZE)
		return -EBADF;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&urgent);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &urgent);
	return GR_ERR(select(fd + 1, &in, &out, &urgent, &tv));
}

static long poll_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct pollfd p[2] = {
		{ .fd = fz_fd(actor, arg[0]), .events = arg[2] },
		{ .fd = fz_fd(actor, arg[1]), .events = arg[2] },
	};
	int ms = arg[3] % (WAIT_MS_MAX + 1);

	if (arg[4])
		return select_now(p[0].fd, ms);
	return GR_ERR(poll(p, 2, ms));
}

/*
 * epoll: one in a slot, to which sockets are added
 */

static bool epoll_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	return true;
}

static void epoll_assume(struct fz_model *model, const struct fz_step *step)
{
	gr_make(model, step, step->arg[0],
		(struct gr_slot) { .kind = GR_OTHER, .type = SOCK_RAW });
}

static long epoll_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = arg[0] < FZ_SLOTS ? epoll_create1(EPOLL_CLOEXEC) : -1;

	if (fd < 0)
		return -EINVAL;
	fz_put_fd(actor, arg[0], fd);
	return 0;
}

static bool is_epoll(const struct gr_slot *s)
{
	return s->kind == GR_OTHER && s->type == SOCK_RAW;
}

static const struct fz_word ctl_words[] = {
	{ "ADD", EPOLL_CTL_ADD }, { "MOD", EPOLL_CTL_MOD },
	{ "DEL", EPOLL_CTL_DEL }, {}
};

static bool watch_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[2] = fz_one_in(rng, 3) ? EPOLL_CTL_ADD + fz_draw(rng, 3) :
					   EPOLL_CTL_ADD;
	step->arg[3] = draw_events(rng);
	if (fz_one_in(rng, 2))
		step->arg[3] |= EPOLLET;
	if (fz_one_in(rng, 6))
		step->arg[3] |= EPOLLONESHOT;
	return gr_draw_slot(rng, model, step, 0, is_epoll) &&
	       gr_draw_slot(rng, model, step, 1, gr_is_dipc);
}

static long watch_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct epoll_event event = { .events = arg[3], .data.u64 = arg[1] };

	return GR_ERR(epoll_ctl(fz_fd(actor, arg[0]), arg[2],
				fz_fd(actor, arg[1]), &event));
}

static bool await_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[1] = fz_draw(rng, 4) ? 0 : fz_draw(rng, WAIT_MS_MAX);
	return gr_draw_slot(rng, model, step, 0, is_epoll);
}

static long await_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct epoll_event events[8];

	return GR_ERR(epoll_wait(fz_fd(actor, arg[0]), events, 8,
				 arg[1] % (WAIT_MS_MAX + 1)));
}

const struct fz_op gr_poll_ops[] = {
	{
		.name = "poll", .call = "poll", .weight = 20,
		.args = { { "slot" }, { "and" }, { "events", event_words },
			  { "ms" }, { "select" } },
		.generate = poll_generate, .execute = poll_execute,
	}, {
		.name = "epoll", .call = "epoll_create", .weight = 5,
		.args = { { "slot" } },
		.generate = epoll_generate, .assume = epoll_assume,
		.execute = epoll_execute,
	}, {
		.name = "watch", .call = "epoll_ctl", .weight = 15,
		.args = { { "epoll" }, { "slot" }, { "op", ctl_words },
			  { "events", event_words } },
		.generate = watch_generate, .execute = watch_execute,
	}, {
		.name = "await", .call = "epoll_wait", .weight = 10,
		.args = { { "epoll" }, { "ms" } },
		.generate = await_generate, .execute = await_execute,
	},
	{}
};
