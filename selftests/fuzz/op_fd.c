// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on descriptors as such, and those that make others than sockets
 * of dipc: to be passed in messages, or used where a socket should be.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

static bool is_anything(const struct gr_slot *s)
{
	return s->kind != GR_NOTHING;
}

static bool close_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	return gr_draw_slot(rng, model, step, 0, is_anything);
}

static void close_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[0]);

	if (s)
		s->kind = GR_NOTHING;
}

static long close_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);

	fz_put_fd(actor, arg[0], -1);
	return fd < 0 ? -EBADF : 0;
}

static bool dup_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	step->arg[1] = gr_draw_free(rng, model, step);
	return gr_draw_slot(rng, model, step, 0, is_anything);
}

static void dup_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *from = gr_at(model, step, step->arg[0]);

	if (from)
		gr_make(model, step, step->arg[1], *from);
}

static long dup_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = arg[1] < FZ_SLOTS ? dup(fz_fd(actor, arg[0])) : -1;

	if (fd < 0)
		return arg[1] < FZ_SLOTS ? -errno : -EINVAL;
	fz_put_fd(actor, arg[1], fd);
	return 0;
}

static const struct fz_word state_words[] = {
	{ "NONBLOCK", O_NONBLOCK }, { "ASYNC", O_ASYNC }, {}
};

static bool fcntl_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[1] = (fz_one_in(rng, 4) ? O_NONBLOCK : 0) |
		       (fz_one_in(rng, 3) ? O_ASYNC : 0);
	return gr_draw_slot(rng, model, step, 0, gr_is_dipc);
}

/* Signals are ignored: it is about who is told. */
static long fcntl_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);

	if (arg[1] & O_ASYNC && fcntl(fd, F_SETOWN, getpid()))
		return -errno;
	return GR_ERR(fcntl(fd, F_SETFL, arg[1] & (O_NONBLOCK | O_ASYNC)));
}

enum { OTHER_NULL, OTHER_PIPE, OTHER_FILE, OTHER_EVENT, OTHER_EPOLL,
       OTHER_UNIX, OTHER_RING, OTHER_NETLINK, N_OTHER };

static const struct fz_word other_words[] = {
	{ "null", OTHER_NULL }, { "pipe", OTHER_PIPE }, { "file", OTHER_FILE },
	{ "event", OTHER_EVENT }, { "epoll", OTHER_EPOLL },
	{ "unix", OTHER_UNIX }, { "ring", OTHER_RING },
	{ "netlink", OTHER_NETLINK }, {}
};

static bool other_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	step->arg[1] = fz_draw(rng, N_OTHER);
	step->arg[2] = (step->arg[0] + 1) % FZ_SLOTS;
	return true;
}

static void other_assume(struct fz_model *model, const struct fz_step *step)
{
	gr_make(model, step, step->arg[0],
		(struct gr_slot) { .kind = GR_OTHER });
}

static int other_make(struct fz_actor *actor, const uint64_t *arg)
{
	struct io_uring_params params = { 0 };
	int end[2];

	switch (arg[1]) {
	case OTHER_PIPE:
		if (pipe2(end, O_CLOEXEC | O_NONBLOCK))
			return -1;
		fz_put_fd(actor, arg[2], end[1]);
		return end[0];
	case OTHER_FILE:
		return memfd_create("fuzz", MFD_CLOEXEC);
	case OTHER_EVENT:
		return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	case OTHER_EPOLL:
		return epoll_create1(EPOLL_CLOEXEC);
	case OTHER_UNIX:
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	case OTHER_RING:
		return syscall(SYS_io_uring_setup, 2, &params);
	case OTHER_NETLINK:
		return socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 16);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

static long other_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd;

	if (arg[0] >= FZ_SLOTS || arg[2] >= FZ_SLOTS || arg[0] == arg[2])
		return -EINVAL;
	fd = other_make(actor, arg);
	if (fd < 0)
		return -errno;
	fz_put_fd(actor, arg[0], fd);
	return 0;
}

const struct fz_op gr_fd_ops[] = {
	{
		.name = "close", .call = "close", .weight = 25,
		.args = { { "slot" } },
		.generate = close_generate, .assume = close_assume,
		.execute = close_execute,
	}, {
		.name = "dup", .call = "dup", .weight = 8,
		.args = { { "slot" }, { "as" } },
		.generate = dup_generate, .assume = dup_assume,
		.execute = dup_execute,
	}, {
		.name = "fcntl", .call = "fcntl", .weight = 10,
		.args = { { "slot" }, { "flags", state_words } },
		.generate = fcntl_generate, .execute = fcntl_execute,
	}, {
		.name = "other", .call = "of another kind", .weight = 14,
		.args = { { "slot" }, { "what", other_words }, { "end" } },
		.generate = other_generate, .assume = other_assume,
		.execute = other_execute,
	},
	{}
};
