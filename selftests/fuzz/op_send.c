// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that send: by each system call, with each control message.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

enum { S_SLOT, S_TO, S_WRONG, S_LEN, S_PIECES, S_MEMORY, S_FLAGS, S_HOW,
       S_CONTROL, S_BADLY, S_MODE, S_PRIORITY, S_US, S_NUMBER, S_MAX, S_FDS };

enum { BY_MSG, BY_SEND, BY_TO, BY_WRITE, BY_WRITEV, BY_MMSG, N_BY };

static const struct fz_word how_words[] = {
	{ "sendmsg", BY_MSG }, { "send", BY_SEND }, { "sendto", BY_TO },
	{ "write", BY_WRITE }, { "writev", BY_WRITEV },
	{ "sendmmsg", BY_MMSG }, {}
};

const struct fz_word gr_flag_words[] = {
	{ "OOB", MSG_OOB }, { "PEEK", MSG_PEEK }, { "TRUNC", MSG_TRUNC },
	{ "DONTWAIT", MSG_DONTWAIT }, { "EOR", MSG_EOR },
	{ "WAITALL", MSG_WAITALL }, { "NOSIGNAL", MSG_NOSIGNAL },
	{ "MORE", MSG_MORE }, { "ERRQUEUE", MSG_ERRQUEUE },
	{ "CMSG_CLOEXEC", MSG_CMSG_CLOEXEC }, { "ZEROCOPY", MSG_ZEROCOPY }, {}
};

static bool can_send(const struct gr_slot *s)
{
	return gr_is_message(s) || (gr_is_link(s) && s->linked);
}

static bool takes_control(const struct gr_slot *s)
{
	return can_send(s) && gr_is_packets(s);
}

static void draw_how(struct fz_rng *rng, struct fz_step *step)
{
	step->arg[S_HOW] = fz_draw(rng, N_BY);
	if (step->arg[S_TO] && step->arg[S_HOW] != BY_MMSG)
		step->arg[S_HOW] = fz_one_in(rng, 2) ? BY_TO : BY_MSG;
	if (fz_one_in(rng, 2))
		step->arg[S_FLAGS] |= MSG_DONTWAIT;
	if (fz_one_in(rng, 20))
		step->arg[S_FLAGS] |= MSG_NOSIGNAL | MSG_MORE;
	if (fz_one_in(rng, 60))
		step->arg[S_FLAGS] |= 1U << fz_draw(rng, 31);
	step->arg[S_PIECES] = fz_one_in(rng, 3) ? fz_draw(rng, 5) : 0;
	if (fz_one_in(rng, 30))
		step->arg[S_PIECES] = fz_draw(rng, 1024);
	step->arg[S_MEMORY] = gr_draw_memory(rng);
	step->arg[S_LEN] = gr_draw_len(rng);
}

static bool draw_dest(struct fz_rng *rng, const struct fz_model *model,
		      struct fz_step *step)
{
	const struct gr_slot *s = gr_see(model, step, step->arg[S_SLOT]);

	if ((!s->aimed && !s->linked) || (s->aimed && fz_one_in(rng, 3)))
		step->arg[S_TO] = gr_draw_to(rng, model, step);
	else if (fz_one_in(rng, 60))
		step->arg[S_TO] = gr_draw_to(rng, model, step);
	if (step->arg[S_TO])
		step->arg[S_WRONG] = gr_draw_wrong(rng);
	return step->arg[S_TO] || s->aimed || s->linked || fz_one_in(rng, 40);
}

/*
 * Messages, and bytes
 */

static uint64_t draw_adverbs(struct fz_rng *rng)
{
	uint64_t control = 0;

	if (fz_one_in(rng, 2))
		control |= GR_C_TAG;
	if (fz_one_in(rng, 3))
		control |= GR_C_PRIORITY;
	if (fz_one_in(rng, 3))
		control |= GR_C_MODE;
	if (fz_one_in(rng, 4))
		control |= GR_C_DEADLINE;
	if (fz_one_in(rng, 4))
		control |= GR_C_ASYNC;
	return control;
}

static void draw_values(struct fz_rng *rng, struct fz_step *step)
{
	step->arg[S_MODE] = fz_one_in(rng, 3) ? fz_draw(rng, 3) : 0;
	step->arg[S_PRIORITY] = fz_draw(rng, DIPC_PRIORITY_MAX + 1);
	step->arg[S_US] = fz_one_in(rng, 2) ? 0 : 1 + fz_draw(rng, 4000);
	step->arg[S_NUMBER] = fz_draw(rng, 6);
	if (fz_one_in(rng, 25))
		step->arg[S_BADLY] = fz_draw(rng, GR_N_BADLY);
}

static uint64_t draw_fds(struct fz_rng *rng, const struct fz_model *model,
			 const struct fz_step *step)
{
	if (fz_one_in(rng, 2))
		return fz_one_in(rng, 2) ? GR_FDS_ONE : GR_FDS_THREE;
	if (fz_one_in(rng, 4))
		return GR_FDS_THREE + fz_draw(rng, 5);
	return 1 + fz_draw(rng, FZ_SLOTS);
}

static bool send_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	if (!gr_draw_slot(rng, model, step, S_SLOT, fz_one_in(rng, 40) ?
			  gr_is_dipc : can_send) ||
	    !gr_see(model, step, step->arg[S_SLOT]) ||
	    !draw_dest(rng, model, step))
		return false;
	draw_how(rng, step);
	return true;
}

static void send_assume(struct fz_model *model, const struct fz_step *step)
{
	gr_assume_sent(model, step, step->arg[S_SLOT], step->arg[S_TO], false);
}

static bool sendmsg_generate(struct fz_rng *rng, const struct fz_model *model,
			     struct fz_step *step)
{
	if (!gr_draw_slot(rng, model, step, S_SLOT, fz_one_in(rng, 40) ?
			  can_send : takes_control) ||
	    !gr_see(model, step, step->arg[S_SLOT]) ||
	    !draw_dest(rng, model, step))
		return false;
	draw_how(rng, step);
	step->arg[S_HOW] = fz_one_in(rng, 8) ? BY_MMSG : BY_MSG;
	step->arg[S_CONTROL] = draw_adverbs(rng);
	draw_values(rng, step);
	if (step->arg[S_CONTROL] & GR_C_MODE &&
	    step->arg[S_MODE] == DIPC_MODE_EXPLICIT && fz_one_in(rng, 2)) {
		step->arg[S_LEN] = gr_draw_long(rng);
		step->arg[S_PIECES] = 0;
	}
	if (fz_one_in(rng, 40))
		step->arg[S_CONTROL] |= 1U << fz_draw(rng, 17);
	return true;
}

static bool rights_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	uint64_t to;

	if (!gr_draw_slot(rng, model, step, S_SLOT, can_send) ||
	    !gr_see(model, step, step->arg[S_SLOT]) ||
	    !draw_dest(rng, model, step))
		return false;
	to = step->arg[S_TO];
	if (to >= GR_TO_BOX && to < GR_TO_NUMBER && !fz_one_in(rng, 10))
		return false;
	draw_how(rng, step);
	draw_values(rng, step);
	step->arg[S_HOW] = BY_MSG;
	step->arg[S_CONTROL] = fz_one_in(rng, 4) ? GR_C_CREDS : GR_C_RIGHTS;
	if (fz_one_in(rng, 5))
		step->arg[S_CONTROL] |= GR_C_CREDS | GR_C_FOREIGN;
	step->arg[S_FDS] = draw_fds(rng, model, step);
	if (fz_one_in(rng, 30))
		step->arg[S_BADLY] = GR_C_VALUE + fz_draw(rng, 2);
	return true;
}

/*
 * Calls by control message: those of a client, and what a server does
 */

static bool ask_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	const struct gr_slot *s;

	if (!gr_draw_slot(rng, model, step, S_SLOT, takes_control))
		return false;
	s = gr_see(model, step, step->arg[S_SLOT]);
	draw_how(rng, step);
	draw_values(rng, step);
	step->arg[S_HOW] = BY_MSG;
	step->arg[S_NUMBER] = fz_draw(rng, 200);
	if (s->asked && fz_one_in(rng, 4)) {
		step->arg[S_NUMBER] = s->asked;
		step->arg[S_CONTROL] = GR_C_CANCEL;
		step->arg[S_LEN] = fz_one_in(rng, 20);
		step->arg[S_MEMORY] = step->arg[S_PIECES] = 0;
		return true;
	}
	if (!draw_dest(rng, model, step))
		return false;
	step->arg[S_CONTROL] = GR_C_CALL |
		(draw_adverbs(rng) & ~(GR_C_MODE | GR_C_ASYNC));
	if (fz_one_in(rng, 30))
		step->arg[S_CONTROL] |= 1U << fz_draw(rng, 17);
	if (fz_one_in(rng, 10))
		step->arg[S_CONTROL] |= GR_C_RIGHTS;
	step->arg[S_MAX] = fz_one_in(rng, 4) ? gr_draw_len(rng) : 100;
	return true;
}

static void ask_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[S_SLOT]);

	if (s && step->arg[S_CONTROL] & GR_C_CALL) {
		s->asked = step->arg[S_NUMBER];
		gr_assume_sent(model, step, step->arg[S_SLOT],
			       step->arg[S_TO], true);
	} else if (s) {
		s->asked = 0;
	}
}

static bool answer_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	static const uint32_t what[] = { GR_C_REPLY, GR_C_REPLY, GR_C_REPLY,
		GR_C_PART | GR_C_REPLY, GR_C_FORWARD, GR_C_DROP };

	if (!model->held[gr_table(step)] && !fz_one_in(rng, 200))
		return false;
	draw_how(rng, step);
	step->arg[S_HOW] = BY_MSG;
	step->arg[S_CONTROL] = what[fz_draw(rng, 6)];
	step->arg[S_NUMBER] = gr_draw_handle(rng);
	step->arg[S_SLOT] = GR_HOLDER;
	if (fz_one_in(rng, 30))
		gr_draw_slot(rng, model, step, S_SLOT, takes_control);
	step->arg[S_LEN] = fz_draw(rng, 100);
	step->arg[S_MAX] = fz_one_in(rng, 4) ? fz_draw(rng, 90) : 0;
	if (fz_one_in(rng, 30))
		step->arg[S_BADLY] = fz_draw(rng, GR_N_BADLY);
	if (fz_one_in(rng, 30))
		step->arg[S_CONTROL] |= 1U << fz_draw(rng, 17);
	if (step->arg[S_CONTROL] == GR_C_FORWARD ||
	    step->arg[S_CONTROL] == GR_C_DROP)
		step->arg[S_LEN] = step->arg[S_MEMORY] = fz_one_in(rng, 30);
	if (step->arg[S_CONTROL] == GR_C_FORWARD || fz_one_in(rng, 40)) {
		const struct gr_slot from = { .kind = GR_SOCKET,
			.type = SOCK_RDM, .space = gr_space(step) };
		struct fz_model now = *model;

		/* as if it were from slot 0, whoever it is */
		now.slot[gr_table(step)][0] = from;
		if (!fz_one_in(rng, 8)) {
			uint64_t slot = step->arg[S_SLOT];

			step->arg[S_SLOT] = 0;
			step->arg[S_TO] = gr_draw_to(rng, &now, step);
			step->arg[S_SLOT] = slot;
		}
	}
	return true;
}

static void answer_assume(struct fz_model *model, const struct fz_step *step)
{
	if (model->held[gr_table(step)] && !(step->arg[S_CONTROL] & GR_C_PART))
		model->held[gr_table(step)]--;
}

/*
 * All are done alike.
 */

static const char *counted_as(uint64_t how, uint64_t control)
{
	static const char *const plain[] = { "sendmsg", "send", "sendto",
		"write", "writev", "sendmmsg" };

	if (control & GR_C_VERBS)
		return how == BY_MMSG ? "sendmmsg(call)" : "sendmsg(call)";
	if (control & (GR_C_RIGHTS | GR_C_CREDS))
		return how == BY_MMSG ? "sendmmsg(rights)" : "sendmsg(rights)";
	return how < N_BY ? plain[how] : "sendmsg";
}

static long send_now(const struct fz_actor *actor, int fd, const uint64_t *arg,
		     struct mmsghdr *m)
{
	struct msghdr *msg = &m->msg_hdr;
	int flags = arg[S_FLAGS];
	char *buf;

	switch (arg[S_HOW]) {
	case BY_SEND:
	case BY_TO:
	case BY_WRITE:
		buf = gr_place(actor, actor->out, arg[S_LEN], arg[S_MEMORY]);
		if (arg[S_HOW] == BY_WRITE)
			return write(fd, buf, msg->msg_iov[0].iov_len);
		return sendto(fd, buf, arg[S_LEN] % (FZ_BUF + 1), flags,
			      arg[S_HOW] == BY_TO ? msg->msg_name : NULL,
			      arg[S_HOW] == BY_TO ? msg->msg_namelen : 0);
	case BY_WRITEV:
		return syscall(SYS_writev, fd, msg->msg_iov, msg->msg_iovlen);
	case BY_MMSG:
		m[1] = m[0];
		return syscall(SYS_sendmmsg, fd, arg[S_MEMORY] == GR_BAD_LIST ?
			       (void *)actor->bad : m, 2, flags);
	default:
		return syscall(SYS_sendmsg, fd, arg[S_MEMORY] == GR_BAD_LIST &&
			       flags & MSG_DONTWAIT ? (void *)actor->bad : msg,
			       flags);
	}
}

static long send_execute(struct fz_actor *actor, const uint64_t *arg)
{
	const struct gr_values v = {
		.slot = arg[S_SLOT], .control = arg[S_CONTROL],
		.badly = arg[S_BADLY], .mode = arg[S_MODE],
		.priority = arg[S_PRIORITY], .us = arg[S_US],
		.number = arg[S_NUMBER], .max = arg[S_MAX], .fds = arg[S_FDS],
	};
	int fd = gr_holder(actor, arg[S_SLOT], arg[S_NUMBER]);
	struct gr_iov *iov = gr_iov(actor, actor->out, arg[S_LEN],
				    arg[S_PIECES], arg[S_MEMORY]);
	struct mmsghdr m[2] = { 0 };
	struct msghdr *msg = &m[0].msg_hdr;
	struct gr_control control;
	struct gr_addr addr;
	long ret;

	gr_addr(actor, arg[S_TO], arg[S_WRONG], &addr);
	gr_control(actor, &v, &control);
	*msg = (struct msghdr) {
		.msg_name = addr.at, .msg_namelen = addr.len,
		.msg_iov = iov->at, .msg_iovlen = iov->n,
		.msg_control = control.at, .msg_controllen = control.len,
	};
	if (arg[S_MEMORY] == GR_BAD_LIST && arg[S_HOW] == BY_WRITE)
		return -EINVAL;
	actor->count_as = counted_as(arg[S_HOW], arg[S_CONTROL]);
	ret = GR_ERR(send_now(actor, fd, arg, m));
	if (ret > 2 && ret > (long)arg[S_LEN] && arg[S_MEMORY] < GR_SECOND)
		fz_broken(actor, "%ld bytes of %ld were sent", ret,
			  (long)arg[S_LEN]);
	return gr_told(actor, fd, ret);
}

#define SEND_ARGS							\
	{ { "slot" }, { "to", gr_to_words }, { "wrong", gr_wrong_words }, \
	  { "len" }, { "pieces" }, { "memory", gr_memory_words }, \
	  { "flags", gr_flag_words }, { "how", how_words }, \
	  { "control", gr_control_words }, { "badly", gr_badly_words },	\
	  { "mode" }, { "priority" }, { "us" }, { "number" }, { "max" }, \
	  { "fds", gr_fds_words } }

const struct fz_op gr_send_ops[] = {
	{
		.name = "send", .call = "send", .weight = 120,
		.args = SEND_ARGS,
		.generate = send_generate, .assume = send_assume,
		.execute = send_execute,
	}, {
		.name = "sendmsg", .call = "sendmsg", .weight = 90,
		.args = SEND_ARGS,
		.generate = sendmsg_generate, .assume = send_assume,
		.execute = send_execute,
	}, {
		.name = "rights", .call = "sendmsg(rights)", .weight = 40,
		.args = SEND_ARGS,
		.generate = rights_generate, .assume = send_assume,
		.execute = send_execute,
	}, {
		.name = "ask", .call = "sendmsg(call)", .weight = 60,
		.args = SEND_ARGS,
		.generate = ask_generate, .assume = ask_assume,
		.execute = send_execute,
	}, {
		.name = "answer", .call = "sendmsg(call)", .weight = 60,
		.args = SEND_ARGS,
		.generate = answer_generate, .assume = answer_assume,
		.execute = send_execute,
	},
	{}
};
