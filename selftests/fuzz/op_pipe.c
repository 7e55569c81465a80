// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that move bytes without a buffer, and those that files have and
 * sockets have not. Pipes and files are made for the one operation: they are
 * not what is looked at.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

static bool can_move(const struct gr_slot *s)
{
	return gr_is_dipc(s) && (s->linked || s->aimed);
}

static bool has_some(const struct gr_slot *s)
{
	return gr_is_dipc(s) && s->queued && !s->serves;
}

/* From a pipe to a socket, or back. */
static bool splice_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	step->arg[2] = fz_one_in(rng, 2);
	step->arg[1] = 1 + gr_draw_len(rng) % 40000;
	step->arg[3] = fz_one_in(rng, 2) ? SPLICE_F_NONBLOCK : 0;
	step->arg[4] = fz_one_in(rng, 4);
	return gr_draw_slot(rng, model, step, 0,
			    step->arg[2] ? has_some : can_move);
}

static long splice_out(struct fz_actor *actor, const uint64_t *arg, int fd,
		       const int *end)
{
	ssize_t n = write(end[1], actor->out, arg[1] % 40000 + 1);

	if (n < 0)
		return -errno;
	/* a second one that has the same pages */
	if (arg[4])
		vmsplice(end[1], &(struct iovec) { actor->out, 100 }, 1,
			 SPLICE_F_NONBLOCK);
	return GR_ERR(splice(end[0], NULL, fd, NULL, n, arg[3]));
}

static long splice_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]), end[2];
	long ret;

	if (pipe2(end, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	if (arg[2])
		ret = GR_ERR(splice(fd, NULL, end[1], NULL, 65536, arg[3]));
	else
		ret = splice_out(actor, arg, fd, end);
	close(end[0]);
	close(end[1]);
	return gr_told(actor, fd, ret);
}

static bool sendfile_generate(struct fz_rng *rng, const struct fz_model *model,
			      struct fz_step *step)
{
	step->arg[1] = 1 + gr_draw_len(rng) % 40000;
	return gr_draw_slot(rng, model, step, 0, can_move);
}

static long sendfile_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]), file = memfd_create("fuzz", MFD_CLOEXEC);
	off_t at = 0;
	long ret;

	if (file < 0)
		return -errno;
	ret = GR_ERR(write(file, actor->out, arg[1] % 40000 + 1));
	if (ret > 0)
		ret = GR_ERR(sendfile(fd, file, &at, ret));
	close(file);
	return gr_told(actor, fd, ret);
}

/* What is none of a socket's. */
enum { F_SEEK, F_PREAD, F_PWRITE, F_MMAP, F_FSYNC, F_TRUNCATE, N_F };

static const struct fz_word file_words[] = {
	{ "lseek", F_SEEK }, { "pread", F_PREAD }, { "pwrite", F_PWRITE },
	{ "mmap", F_MMAP }, { "fsync", F_FSYNC },
	{ "ftruncate", F_TRUNCATE }, {}
};

static bool file_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[1] = fz_draw(rng, N_F);
	return gr_draw_slot(rng, model, step, 0, gr_is_dipc);
}

static long file_execute(struct fz_actor *actor, const uint64_t *arg)
{
	static const char *const names[] = { "lseek", "pread", "pwrite",
		"mmap", "fsync", "ftruncate" };
	int fd = fz_fd(actor, arg[0]);
	void *p;

	if (arg[1] >= N_F)
		return -EINVAL;
	actor->count_as = names[arg[1]];
	switch (arg[1]) {
	case F_SEEK:
		return gr_told(actor, fd, GR_ERR(lseek(fd, 0, SEEK_SET)));
	case F_PREAD:
		return gr_told(actor, fd, GR_ERR(pread(fd, actor->in, 1, 0)));
	case F_PWRITE:
		return gr_told(actor, fd, GR_ERR(pwrite(fd, actor->in, 1, 0)));
	case F_FSYNC:
		return gr_told(actor, fd, GR_ERR(fsync(fd)));
	case F_TRUNCATE:
		return gr_told(actor, fd, GR_ERR(ftruncate(fd, 0)));
	}
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return gr_told(actor, fd, -errno);
	munmap(p, 4096);
	return 0;
}

const struct fz_op gr_pipe_ops[] = {
	{
		.name = "splice", .call = "splice", .weight = 8,
		.args = { { "slot" }, { "len" }, { "from" }, { "flags" },
			  { "shared" } },
		.generate = splice_generate, .execute = splice_execute,
	}, {
		.name = "sendfile", .call = "sendfile", .weight = 3,
		.args = { { "slot" }, { "len" } },
		.generate = sendfile_generate, .execute = sendfile_execute,
	}, {
		.name = "file", .call = "lseek", .weight = 3,
		.args = { { "slot" }, { "what", file_words } },
		.generate = file_generate, .execute = file_execute,
	},
	{}
};
