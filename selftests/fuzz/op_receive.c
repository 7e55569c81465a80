// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that receive: by each system call, with and without room for
 * what comes along.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

enum { R_SLOT, R_LEN, R_PIECES, R_MEMORY, R_FLAGS, R_HOW, R_ROOM, R_PLACE,
       R_NAME, R_TIME };

enum { BY_MSG, BY_RECV, BY_FROM, BY_READ, BY_READV, BY_MMSG, N_BY };

static const struct fz_word how_words[] = {
	{ "recvmsg", BY_MSG }, { "recv", BY_RECV }, { "recvfrom", BY_FROM },
	{ "read", BY_READ }, { "readv", BY_READV },
	{ "recvmmsg", BY_MMSG }, {}
};

enum { NAME_NONE, NAME_GOOD, NAME_BAD, NAME_NEGATIVE };

static const struct fz_word name_words[] = {
	{ "none", NAME_NONE }, { "good", NAME_GOOD }, { "bad", NAME_BAD },
	{ "negative", NAME_NEGATIVE }, {}
};

enum { TIME_NONE, TIME_SHORT, TIME_WRONG };

static const struct fz_word time_words[] = {
	{ "none", TIME_NONE }, { "short", TIME_SHORT },
	{ "wrong", TIME_WRONG }, {}
};

#define ROOM		512	/* for control messages, if not said */
#define NO_ROOM		1	/* as an argument */

static bool gets_some(const struct gr_slot *s)
{
	return gr_is_dipc(s) && (s->queued || s->box);
}

static bool can_receive(const struct gr_slot *s)
{
	return gr_is_message(s) || (gr_is_link(s) && s->linked);
}

static void draw_flags(struct fz_rng *rng, struct fz_step *step)
{
	if (fz_one_in(rng, 2))
		step->arg[R_FLAGS] |= MSG_DONTWAIT;
	if (fz_one_in(rng, 8))
		step->arg[R_FLAGS] |= MSG_PEEK;
	if (fz_one_in(rng, 12))
		step->arg[R_FLAGS] |= MSG_TRUNC;
	if (fz_one_in(rng, 12))
		step->arg[R_FLAGS] |= MSG_CMSG_CLOEXEC;
	if (fz_one_in(rng, 20))
		step->arg[R_FLAGS] |= MSG_WAITALL;
	if (fz_one_in(rng, 80))
		step->arg[R_FLAGS] |= 1U << fz_draw(rng, 31);
}

static void draw_how(struct fz_rng *rng, struct fz_step *step, bool serves)
{
	draw_flags(rng, step);
	step->arg[R_LEN] = fz_one_in(rng, 2) ? FZ_BUF : gr_draw_len(rng);
	step->arg[R_PIECES] = fz_one_in(rng, 3) ? fz_draw(rng, 5) : 0;
	step->arg[R_MEMORY] = gr_draw_memory(rng);
	/* a request needs room for its handle */
	step->arg[R_HOW] = serves && !fz_one_in(rng, 20) ? BY_MSG :
							   fz_draw(rng, N_BY);
	if (fz_one_in(rng, 15))
		step->arg[R_ROOM] = 1 + fz_draw(rng, 250);
	if (fz_one_in(rng, 60))
		step->arg[R_PLACE] = fz_draw(rng, GR_N_MEMORY);
	step->arg[R_NAME] = fz_draw(rng, 2);
	if (fz_one_in(rng, 60))
		step->arg[R_NAME] = fz_draw(rng, 4);
	if (fz_one_in(rng, 4))
		step->arg[R_TIME] = fz_one_in(rng, 6) ? TIME_WRONG : TIME_SHORT;
}

static bool receive_generate(struct fz_rng *rng, const struct fz_model *model,
			     struct fz_step *step)
{
	unsigned int kind = fz_draw(rng, 60);
	const struct gr_slot *s;

	if (!gr_draw_slot(rng, model, step, R_SLOT, !kind ? gr_is_dipc :
			  kind < 5 ? can_receive : gets_some))
		return false;
	s = gr_see(model, step, step->arg[R_SLOT]);
	if (kind >= 5 && !gr_n_queued(model, s))
		return false;
	draw_how(rng, step, s->serves || s->asked);
	return true;
}

static void receive_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[R_SLOT]);

	if (!s || s->kind != GR_SOCKET || step->arg[R_FLAGS] & MSG_PEEK)
		return;
	gr_assume_taken(model, step, s);
}

/* Completions, and notices that a client has given up. */
static bool errqueue_generate(struct fz_rng *rng, const struct fz_model *model,
			      struct fz_step *step)
{
	if (!gr_draw_slot(rng, model, step, R_SLOT, gr_is_packets))
		return false;
	step->arg[R_FLAGS] = MSG_ERRQUEUE;
	if (fz_one_in(rng, 6))
		step->arg[R_FLAGS] |= MSG_PEEK;
	if (fz_one_in(rng, 10))
		step->arg[R_ROOM] = 1 + fz_draw(rng, 250);
	return true;
}

/*
 * All are done alike.
 */

static size_t room_of(uint64_t arg)
{
	if (!arg || arg > ROOM)
		return ROOM;
	return arg == NO_ROOM ? 0 : arg;
}

static void prepare(const struct fz_actor *actor, const uint64_t *arg,
		    struct msghdr *msg, char *control)
{
	struct gr_iov *iov = gr_iov(actor, actor->in, arg[R_LEN],
				    arg[R_PIECES], arg[R_MEMORY]);
	size_t room = room_of(arg[R_ROOM]);

	*msg = (struct msghdr) {
		.msg_iov = iov->at, .msg_iovlen = iov->n,
		.msg_control = gr_place(actor, control, room, arg[R_PLACE]),
		.msg_controllen = room,
	};
	if (arg[R_NAME] == NAME_NONE)
		return;
	msg->msg_name = arg[R_NAME] == NAME_BAD ? actor->bad : control + ROOM;
	msg->msg_namelen = arg[R_NAME] == NAME_NEGATIVE ? -1U : 128;
}

static long receive_many(const struct fz_actor *actor, int fd,
			 const uint64_t *arg, struct mmsghdr *m)
{
	struct timespec time = { 0, arg[R_TIME] == TIME_WRONG ? 2000000000 :
							       1000000 };

	return syscall(SYS_recvmmsg, fd, m, 1, (int)arg[R_FLAGS],
		       arg[R_TIME] ? &time : NULL);
}

static long receive_now(const struct fz_actor *actor, int fd,
			const uint64_t *arg, struct mmsghdr *m)
{
	struct msghdr *msg = &m->msg_hdr;
	int flags = arg[R_FLAGS];
	size_t len = arg[R_LEN] % (FZ_BUF + 1);
	char *buf = gr_place(actor, actor->in, len, arg[R_MEMORY]);
	socklen_t namelen = msg->msg_namelen;

	switch (arg[R_HOW]) {
	case BY_RECV:
		return recv(fd, buf, len, flags);
	case BY_FROM:
		return recvfrom(fd, buf, len, flags, msg->msg_name, &namelen);
	case BY_READ:
		return read(fd, buf, len);
	case BY_READV:
		return syscall(SYS_readv, fd, msg->msg_iov, msg->msg_iovlen);
	case BY_MMSG:
		return receive_many(actor, fd, arg, m);
	default:
		return syscall(SYS_recvmsg, fd, msg, flags);
	}
}

static long receive_execute(struct fz_actor *actor, const uint64_t *arg)
{
	static const char *const names[] = { "recvmsg", "recv", "recvfrom",
		"read", "readv", "recvmmsg" };
	char control[ROOM + 128] __attribute__((aligned(8)));
	int fd = fz_fd(actor, arg[R_SLOT]);
	struct mmsghdr m = { 0 };
	long ret;

	if (arg[R_HOW] >= N_BY)
		return -EINVAL;
	actor->count_as = names[arg[R_HOW]];
	prepare(actor, arg, &m.msg_hdr, control);
	ret = GR_ERR(receive_now(actor, fd, arg, &m));
	if (ret < 0)
		return gr_told(actor, fd, ret);
	if (ret > (long)arg[R_LEN] && arg[R_MEMORY] < GR_SECOND &&
	    !(arg[R_FLAGS] & MSG_TRUNC) && arg[R_HOW] != BY_MMSG)
		fz_broken(actor, "%ld bytes received where %ld fit",
			  ret, (long)arg[R_LEN]);
	if ((arg[R_HOW] == BY_MSG || (arg[R_HOW] == BY_MMSG && ret)) &&
	    m.msg_hdr.msg_control == control)
		gr_receive_control(actor, arg[R_SLOT], &m.msg_hdr);
	return ret;
}

#define RECEIVE_ARGS							\
	{ { "slot" }, { "len" }, { "pieces" }, { "memory", gr_memory_words }, \
	  { "flags", gr_flag_words }, { "how", how_words }, { "room" },	\
	  { "place", gr_memory_words }, { "name", name_words },		\
	  { "time", time_words } }

const struct fz_op gr_receive_ops[] = {
	{
		.name = "receive", .call = "recvmsg", .weight = 200,
		.args = RECEIVE_ARGS,
		.generate = receive_generate, .assume = receive_assume,
		.execute = receive_execute,
	}, {
		.name = "errqueue", .call = "recvmsg", .weight = 12,
		.args = RECEIVE_ARGS,
		.generate = errqueue_generate, .execute = receive_execute,
	},
	{}
};
