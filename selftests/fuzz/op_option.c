// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on what a socket is set to: options of both levels, and the
 * ioctls that are not operations of calls.
 */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "dipc_test.h"
#include "grammar.h"

/*
 * DIPC_QUEUE
 */

enum { Q_SLOT, Q_MSGS, Q_MAX, Q_BYTES, Q_POLICY, Q_ORDER, Q_WRONG };

enum { Q_RIGHT, Q_SHORT, Q_LONG, Q_TOO_LONG, Q_RESERVED, Q_BAD, Q_BAD_TAIL,
       N_Q_WRONG };

static const struct fz_word policy_words[] = {
	{ "WAIT", 0 }, { "REFUSE", 1 }, { "DROP_NEWEST", 2 },
	{ "DROP_OLDEST", 3 }, {}
};

static const struct fz_word queue_wrong_words[] = {
	{ "nothing", Q_RIGHT }, { "short", Q_SHORT }, { "long", Q_LONG },
	{ "too-long", Q_TOO_LONG }, { "reserved", Q_RESERVED },
	{ "bad", Q_BAD }, { "bad-tail", Q_BAD_TAIL }, {}
};

static bool has_queue(const struct gr_slot *s)
{
	return gr_is_dipc(s) && !s->box;
}

static bool queue_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	const struct gr_slot *s;

	if (!gr_draw_slot(rng, model, step, Q_SLOT, fz_one_in(rng, 20) ?
			  gr_is_dipc : has_queue))
		return false;
	s = gr_see(model, step, step->arg[Q_SLOT]);
	/* mostly such that what comes still fits */
	step->arg[Q_MSGS] = fz_one_in(rng, 3) ? fz_draw(rng, 5) : 1000;
	step->arg[Q_MAX] = fz_one_in(rng, 4) ? fz_draw(rng, 300) : 1 << 20;
	step->arg[Q_BYTES] = step->arg[Q_MAX] + 4096 + fz_draw(rng, 8192);
	if (s->type == SOCK_STREAM)
		return true;
	step->arg[Q_POLICY] = fz_draw(rng, 4);
	step->arg[Q_ORDER] = fz_one_in(rng, 4);
	if (fz_one_in(rng, 12))
		step->arg[Q_WRONG] = fz_draw(rng, N_Q_WRONG);
	if (fz_one_in(rng, 30))
		step->arg[fz_draw(rng, 2) ? Q_POLICY : Q_ORDER] = 4;
	if (fz_one_in(rng, 30))
		step->arg[Q_MAX] = DIPC_MSG_LEN_MAX + fz_draw(rng, 2);
	return true;
}

static long queue_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = arg[Q_MSGS], .msg_max_bytes = arg[Q_MAX],
		.capacity_bytes = arg[Q_BYTES], .policy = arg[Q_POLICY],
		.order = arg[Q_ORDER],
	};
	int fd = fz_fd(actor, arg[Q_SLOT]);
	char *place = actor->in;
	socklen_t len = sizeof(conf);

	memset(place, 0, 300);
	switch (arg[Q_WRONG]) {
	case Q_SHORT:
		len--;
		break;
	case Q_TOO_LONG:
		len = 257;
		break;
	case Q_LONG:
		len = 256;
		place[100] = arg[Q_MSGS] & 1;
		break;
	case Q_RESERVED:
		conf.reserved[21] = 1;
		break;
	case Q_BAD:
		place = actor->bad;
		break;
	case Q_BAD_TAIL:
		place = actor->edge - len;
		len++;
	}
	if (place != actor->bad)
		memcpy(place, &conf, sizeof(conf));
	return gr_told(actor, fd, GR_ERR(setsockopt(fd, SOL_DIPC, DIPC_QUEUE,
						    place, len)));
}

/*
 * The other options of ours
 */

enum { V_SLOT, V_NAME, V_VALUE, V_LEN, V_MEMORY, V_MASK, V_PORT };

static const struct fz_word option_words[] = {
	{ "none", 0 }, { "PORT_ID", DIPC_PORT_ID }, { "QUEUE", DIPC_QUEUE },
	{ "REUSE_NAME", DIPC_REUSE_NAME }, { "NOTIFY", DIPC_NOTIFY },
	{ "MODE", DIPC_MODE }, { "TAG", DIPC_TAG },
	{ "PRIORITY", DIPC_PRIORITY }, { "MATCH", DIPC_MATCH },
	{ "RECV_INFO", DIPC_RECV_INFO }, { "RECV_CALLS", DIPC_RECV_CALLS }, {}
};

static bool set_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	static const struct {
		uint8_t name, values, len;
	} known[] = {
		{ DIPC_REUSE_NAME, 2, 4 }, { DIPC_NOTIFY, 2, 4 },
		{ DIPC_MODE, 3, 4 }, { DIPC_PRIORITY, 32, 4 },
		{ DIPC_RECV_INFO, 16, 4 }, { DIPC_RECV_CALLS, 2, 4 },
		{ DIPC_RECV_CALLS, 2, 4 }, { DIPC_MATCH, 0, 48 },
		{ DIPC_MATCH, 0, 48 }, { DIPC_PORT_ID, 8, 8 },
	};
	unsigned int i = fz_draw(rng, fz_one_in(rng, 10) ? 10 : 9);

	if (!gr_draw_slot(rng, model, step, V_SLOT, fz_one_in(rng, 25) ?
			  gr_is_dipc : gr_is_packets))
		return false;
	step->arg[V_NAME] = known[i].name;
	step->arg[V_LEN] = known[i].len;
	step->arg[V_VALUE] = known[i].values ? fz_draw(rng, known[i].values) :
					       fz_draw(rng, 4);
	/* one that receives goes on doing so */
	if (known[i].name == DIPC_RECV_CALLS && !fz_one_in(rng, 6))
		step->arg[V_VALUE] = 1;
	if (known[i].name == DIPC_MODE && !fz_one_in(rng, 3))
		step->arg[V_VALUE] = fz_draw(rng, 2);
	if (known[i].name == DIPC_MATCH && fz_one_in(rng, 4))
		step->arg[V_MASK] = fz_draw(rng, 8);
	if (known[i].name == DIPC_MATCH && fz_one_in(rng, 6))
		step->arg[V_PORT] = 1 + fz_draw(rng, FZ_SLOTS);
	if (fz_one_in(rng, 20))
		step->arg[V_VALUE] = 1ULL << fz_draw(rng, 32);
	if (fz_one_in(rng, 20))
		step->arg[V_LEN] = fz_draw(rng, 300);
	if (fz_one_in(rng, 30))
		step->arg[V_NAME] = fz_draw(rng, 26);
	if (fz_one_in(rng, 40))
		step->arg[V_MEMORY] = fz_draw(rng, GR_N_MEMORY);
	return true;
}

static void set_assume(struct fz_model *model, const struct fz_step *step)
{
	struct gr_slot *s = gr_at(model, step, step->arg[V_SLOT]);

	if (s && step->arg[V_NAME] == DIPC_RECV_CALLS)
		s->serves = step->arg[V_VALUE] == 1;
}

static long set_execute(struct fz_actor *actor, const uint64_t *arg)
{
	uint64_t value = arg[V_VALUE];
	struct dipc_match match = {
		.tag = arg[V_VALUE], .tag_mask = arg[V_MASK],
		.node = arg[V_VALUE] > 8 ? 1 : 0,
	};
	int fd = fz_fd(actor, arg[V_SLOT]);
	char *place = gr_place(actor, actor->in, arg[V_LEN], arg[V_MEMORY]);

	if (arg[V_PORT])
		match.port = fz_port(actor, actor->table, arg[V_PORT] - 1);
	memset(actor->in, 0, 300);
	memcpy(actor->in, &value, sizeof(value));
	if (arg[V_NAME] == DIPC_MATCH)
		memcpy(actor->in, &match, sizeof(match));
	/* what is behind, if there is more than is known */
	actor->in[100] = value & 1;
	if (place != actor->in &&
	    (arg[V_MEMORY] == GR_EDGE || arg[V_MEMORY] == GR_FITS))
		memcpy(place, actor->in, actor->edge - place < 300 ?
					 actor->edge - place : 300);
	return gr_told(actor, fd, GR_ERR(setsockopt(fd, SOL_DIPC, arg[V_NAME],
						    place, arg[V_LEN])));
}

static bool has_no_port(const struct gr_slot *s)
{
	return gr_is_dipc(s) && !s->bound && !s->linked;
}

static bool get_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	static const uint8_t names[] = { DIPC_PORT_ID, DIPC_QUEUE,
		DIPC_REUSE_NAME, DIPC_NOTIFY, DIPC_MODE, DIPC_PRIORITY,
		DIPC_MATCH, DIPC_RECV_INFO, DIPC_RECV_CALLS };

	if (!gr_draw_slot(rng, model, step, V_SLOT, fz_one_in(rng, 25) ?
			  gr_is_dipc : gr_is_packets))
		return false;
	step->arg[V_NAME] = names[fz_draw(rng, sizeof(names))];
	step->arg[V_LEN] = 64;
	if (model->few_ports &&
	    gr_draw_slot(rng, model, step, V_SLOT, has_no_port)) {
		step->arg[V_NAME] = DIPC_PORT_ID;
		return true;
	}
	if (fz_one_in(rng, 12))
		step->arg[V_LEN] = fz_draw(rng, 60);
	if (fz_one_in(rng, 30))
		step->arg[V_NAME] = fz_draw(rng, 26);
	if (fz_one_in(rng, 30))
		step->arg[V_MEMORY] = fz_draw(rng, GR_N_MEMORY);
	return true;
}

static long get_execute(struct fz_actor *actor, const uint64_t *arg)
{
	socklen_t len = arg[V_LEN], *lenp = &len;
	int fd = fz_fd(actor, arg[V_SLOT]);

	if (arg[V_MEMORY] == GR_SECOND)
		lenp = (socklen_t *)actor->bad;
	return gr_told(actor, fd,
		       GR_ERR(getsockopt(fd, SOL_DIPC, arg[V_NAME],
					 gr_place(actor, actor->in, len,
						  arg[V_MEMORY]), lenp)));
}

/*
 * Options of all sockets, as far as they mean something here
 */

static const struct fz_word core_words[] = {
	{ "SNDBUF", SO_SNDBUF }, { "RCVTIMEO", SO_RCVTIMEO },
	{ "SNDTIMEO", SO_SNDTIMEO }, { "PASSCRED", SO_PASSCRED },
	{ "TIMESTAMP", SO_TIMESTAMP }, { "TIMESTAMPNS", SO_TIMESTAMPNS },
	{ "TIMESTAMPING", SO_TIMESTAMPING }, { "RCVLOWAT", SO_RCVLOWAT },
	{ "PEEK_OFF", SO_PEEK_OFF }, { "REUSEPORT", SO_REUSEPORT },
	{ "ZEROCOPY", SO_ZEROCOPY }, { "RCVBUF", SO_RCVBUF },
	{ "ERROR", SO_ERROR }, { "PEERCRED", SO_PEERCRED },
	{ "ACCEPTCONN", SO_ACCEPTCONN }, { "PEERNAME", SO_PEERNAME },
	{ "PEERSEC", SO_PEERSEC }, {}
};

static bool core_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	static const uint8_t set[] = { SO_SNDBUF, SO_RCVTIMEO, SO_SNDTIMEO,
		SO_PASSCRED, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING,
		SO_RCVLOWAT, SO_RCVBUF, SO_PEEK_OFF, SO_REUSEPORT,
		SO_ZEROCOPY };
	static const uint8_t get[] = { SO_ERROR, SO_PEERCRED, SO_ACCEPTCONN,
		SO_SNDBUF, SO_PEERNAME, SO_PEERSEC };

	if (!gr_draw_slot(rng, model, step, 0, gr_is_dipc))
		return false;
	step->arg[3] = fz_one_in(rng, 3);
	step->arg[1] = step->arg[3] ? get[fz_draw(rng, 6)] :
		       set[fz_draw(rng, fz_one_in(rng, 10) ? 12 : 9)];
	step->arg[2] = fz_draw(rng, 3);
	if (step->arg[1] == SO_SNDBUF)
		step->arg[2] = fz_one_in(rng, 2) ? 4096 : 1 << 20;
	if (fz_one_in(rng, 60))
		step->arg[4] = IPPROTO_TCP;
	return true;
}

static long core_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct timeval tv = { .tv_usec = 1000 * (1 + arg[2] % 100) };
	int fd = fz_fd(actor, arg[0]), value = arg[2];
	int level = arg[4] ? arg[4] : SOL_SOCKET;
	bool is_time = arg[1] == SO_RCVTIMEO || arg[1] == SO_SNDTIMEO;
	socklen_t len = is_time ? sizeof(tv) : sizeof(value);
	long ret;

	/* what the core refuses by itself is none of ours */
	actor->count_as = arg[4] ? arg[3] ? "getsockopt" : "setsockopt" :
				   "SOL_SOCKET";
	if (arg[3]) {
		len = 128;
		ret = GR_ERR(getsockopt(fd, level, arg[1], actor->in, &len));
	} else {
		ret = GR_ERR(setsockopt(fd, level, arg[1], is_time ?
					(void *)&tv : (void *)&value, len));
	}
	return gr_told(actor, fd, ret);
}

/*
 * ioctls
 */

static const struct fz_word ioctl_words[] = {
	{ "FIONREAD", FIONREAD }, { "SIOCOUTQ", SIOCOUTQ },
	{ "FIONBIO", FIONBIO }, { "FIOASYNC", FIOASYNC },
	{ "SIOCATMARK", SIOCATMARK }, { "SIOCGSTAMP", SIOCGSTAMP_OLD },
	{ "SIOCSPGRP", SIOCSPGRP }, {}
};

static bool is_gone(const struct gr_slot *s)
{
	return gr_is_dipc(s) && s->gone;
}

static bool ioctl_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	static const uint32_t known[] = { FIONREAD, SIOCOUTQ, FIONREAD,
		SIOCOUTQ, FIONBIO, FIOASYNC, SIOCATMARK, SIOCGSTAMP_OLD,
		SIOCSPGRP, 0x4401, 0xdc01, 0x4004dc02 };

	step->arg[1] = known[fz_draw(rng, fz_one_in(rng, 8) ? 12 : 5)];
	if (fz_one_in(rng, 25))
		step->arg[2] = GR_BAD;
	step->arg[3] = fz_one_in(rng, 4);
	if (gr_draw_slot(rng, model, step, 0, is_gone)) {
		step->arg[1] = FIONREAD;
		return true;
	}
	return gr_draw_slot(rng, model, step, 0, gr_is_dipc);
}

static long ioctl_execute(struct fz_actor *actor, const uint64_t *arg)
{
	int fd = fz_fd(actor, arg[0]);
	int *place = gr_place(actor, actor->in, sizeof(int), arg[2]);

	/* requests of devices and of the operations are not for this */
	if (arg[1] >> 8 == 0x89 && arg[1] != SIOCOUTQ &&
	    arg[1] != SIOCATMARK && arg[1] != SIOCGSTAMP_OLD &&
	    arg[1] != SIOCSPGRP)
		return -EINVAL;
	memset(actor->in, 0, 128);
	memcpy(actor->in, &arg[3], sizeof(int));
	return gr_told(actor, fd, GR_ERR(ioctl(fd, arg[1], place)));
}

const struct fz_op gr_option_ops[] = {
	{
		.name = "queue", .call = "setsockopt", .weight = 25,
		.args = { { "slot" }, { "msgs" }, { "max" }, { "bytes" },
			  { "policy", policy_words }, { "order" },
			  { "wrong", queue_wrong_words } },
		.generate = queue_generate, .execute = queue_execute,
	}, {
		.name = "setsockopt", .call = "setsockopt", .weight = 35,
		.args = { { "slot" }, { "name", option_words }, { "value" },
			  { "len" }, { "memory", gr_memory_words },
			  { "mask" }, { "port" } },
		.generate = set_generate, .assume = set_assume,
		.execute = set_execute,
	}, {
		.name = "getsockopt", .call = "getsockopt", .weight = 20,
		.args = { { "slot" }, { "name", option_words }, { "value" },
			  { "len" }, { "memory", gr_memory_words } },
		.generate = get_generate, .execute = get_execute,
	}, {
		.name = "sol_socket", .call = "SOL_SOCKET", .weight = 25,
		.args = { { "slot" }, { "name", core_words }, { "value" },
			  { "get" }, { "level" } },
		.generate = core_generate, .execute = core_execute,
	}, {
		.name = "ioctl", .call = "ioctl", .weight = 15,
		.args = { { "slot" }, { "request", ioctl_words },
			  { "memory", gr_memory_words }, { "value" } },
		.generate = ioctl_generate, .execute = ioctl_execute,
	},
	{}
};
