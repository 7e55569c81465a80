// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that bring about what a row of single ones hardly comes to:
 * limits that are low, a table of descriptors that is full, a socket that
 * holds all the requests it may, one with all its names, a circle of servers,
 * two that do something with one handle, payload that stays with its sender.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

/*
 * limit: net.dipc.* of the actor's namespace, until the program ends
 */

enum { L_BYTES, L_PORTS, L_NAMES, L_BOXES, L_FILES, N_L };

static const char *const limit_names[] = { "user_max_bytes", "user_max_ports",
	"user_max_names", "user_max_mailboxes", "user_max_files" };

static const struct fz_word limit_words[] = {
	{ "bytes", L_BYTES }, { "ports", L_PORTS }, { "names", L_NAMES },
	{ "mailboxes", L_BOXES }, { "files", L_FILES }, {}
};

static bool limit_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	static const uint32_t much[] = { 134217728, 65536, 65536, 4096, 16384 };

	step->arg[0] = fz_one_in(rng, 4) ? L_FILES : fz_draw(rng, N_L);
	step->arg[1] = step->arg[0] == L_BYTES ? fz_draw(rng, 9000) :
						 fz_draw(rng, 4);
	if (fz_one_in(rng, 4))
		step->arg[1] = much[step->arg[0]];
	return step->proc != FZ_USER;
}

static void limit_assume(struct fz_model *model, const struct fz_step *step)
{
	if (step->arg[0] == L_PORTS)
		model->few_ports = step->arg[1] < 10;
}

static long limit_execute(struct fz_actor *actor, const uint64_t *arg)
{
	if (arg[0] >= N_L)
		return -EINVAL;
	actor->world->dirty = 1;
	return dt_limit_set(limit_names[arg[0]], arg[1] % (1U << 30));
}

/*
 * no_descriptors: socket() of a process that may have none
 */

static bool always(struct fz_rng *rng, const struct fz_model *model,
		   struct fz_step *step)
{
	return true;
}

static long no_descriptors_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct rlimit limit = { 0, 0 };
	int status = 0;
	pid_t pid;

	/* a copy, for the limit is of a process with all its threads */
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		setrlimit(RLIMIT_NOFILE, &limit);
		_exit(socket(dt_family(), SOCK_RDM, 0) < 0 ? errno : 0);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/*
 * names: as many as a port may have, and one more
 */

#define NAMES_MAX 64

static bool names_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	return fz_one_in(rng, 6);
}

static long names_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct sockaddr_dipc addr = { .sdipc_family = dt_family(),
				      .sdipc_type = DIPC_ADDR_NAME };
	int fd = socket(dt_family(), SOCK_RDM, 0);
	unsigned int i;
	long ret = 0;

	if (fd < 0)
		return -errno;
	for (i = 0; i <= NAMES_MAX && !ret; i++) {
		snprintf(addr.sdipc_name, sizeof(addr.sdipc_name),
			 "fuzz.many.%d.%u", fd, i);
		ret = GR_ERR(bind(fd, (void *)&addr, sizeof(addr)));
	}
	fz_put_fd(actor, arg[0], fd);
	return ret;
}

/*
 * circle: a request that is forwarded to who has it; requests: more of them
 * than a socket may hold
 */

struct ends {
	int client, server;
	struct sockaddr_dipc addr;
};

static long op(struct fz_actor *actor, int fd, uint32_t code, uint64_t handle,
	       const void *dest, struct dipc_request *info)
{
	struct dipc_op o = {
		.size = sizeof(o), .op = code, .handle = handle,
		.dest = (uintptr_t)dest, .info = (uintptr_t)info,
		.flags = DIPC_OP_DONTWAIT,
	};

	if (code == DIPC_OP_FORWARD || code == DIPC_OP_DROP)
		o.flags = 0;
	return gr_told(actor, fd, GR_ERR(ioctl(fd, DIPC_IOC_OP, &o)));
}

static long start(struct fz_actor *actor, const struct ends *e, uint64_t cookie)
{
	struct dipc_op o = {
		.size = sizeof(o), .op = DIPC_OP_CALL_START, .cookie = cookie,
		.dest = (uintptr_t)&e->addr, .flags = DIPC_OP_DONTWAIT,
	};

	return gr_told(actor, e->client,
		       GR_ERR(ioctl(e->client, DIPC_IOC_OP, &o)));
}

/* Both stay in slots, so that whoever is killed here leaves nothing. */
static long open_ends(struct fz_actor *actor, const uint64_t *arg,
		      struct ends *e)
{
	struct sockaddr_dipc any = { .sdipc_family = dt_family() };
	socklen_t len = sizeof(e->addr);
	int on = 1, much = 1 << 30;

	if (arg[0] >= FZ_SLOTS || arg[1] >= FZ_SLOTS || arg[0] == arg[1])
		return -EINVAL;
	e->client = socket(dt_family(), SOCK_RDM, 0);
	fz_put_fd(actor, arg[0], e->client);
	e->server = socket(dt_family(), SOCK_RDM, 0);
	fz_put_fd(actor, arg[1], e->server);
	setsockopt(e->client, SOL_SOCKET, SO_SNDBUFFORCE, &much, 4);
	setsockopt(e->server, SOL_DIPC, DIPC_RECV_CALLS, &on, 4);
	return GR_ERR(bind(e->server, (void *)&any, sizeof(any))) ?:
	       GR_ERR(getsockname(e->server, (void *)&e->addr, &len));
}

static bool ends_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	step->arg[1] = (step->arg[0] + 1) % FZ_SLOTS;
	return true;
}

static void ends_assume(struct fz_model *model, const struct fz_step *step)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		gr_make(model, step, step->arg[i], (struct gr_slot) {
			.kind = GR_SOCKET, .type = SOCK_RDM,
			.space = gr_space(step), .serves = i, .bound = i });
}

static long circle_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct dipc_request r = { 0 };
	struct ends e;
	long ret = open_ends(actor, arg, &e) ?: start(actor, &e, 1);

	if (ret >= 0)
		ret = op(actor, e.server, DIPC_OP_RECV, 0, NULL, &r);
	if (ret < 0)
		return ret;
	gr_keep_handle(actor, arg[1], r.handle);
	actor->count_as = "DIPC_OP_FORWARD";
	return op(actor, e.server, DIPC_OP_FORWARD, r.handle, &e.addr, NULL);
}

/* Seldom: it is a hundred thousand calls. */
static bool requests_generate(struct fz_rng *rng, const struct fz_model *model,
			      struct fz_step *step)
{
	return ends_generate(rng, model, step) && step->proc == FZ_ROOT &&
	       fz_one_in(rng, 1000);
}

static long requests_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct dipc_request r = { 0 };
	struct ends e, other;
	unsigned int i;
	long ret = open_ends(actor, arg, &e);

	for (i = 0; i < DIPC_HANDLES_MAX && ret >= 0; i++) {
		if (i % 256 == 0)
			fz_goes_on(actor);
		actor->count_as = "DIPC_OP_CALL_START";
		ret = start(actor, &e, i);
		if (ret < 0)
			break;
		actor->count_as = "DIPC_OP_RECV";
		ret = op(actor, e.server, DIPC_OP_RECV, 0, NULL, &r);
	}
	if (ret < 0)
		return ret;
	/* one socket may ask no more than that */
	other = e;
	other.client = socket(dt_family(), SOCK_RDM, 0);
	ret = start(actor, &other, 1);
	if (ret >= 0)
		ret = op(actor, e.server, DIPC_OP_RECV, 0, NULL, &r);
	close(other.client);
	return ret;
}

/*
 * busy: two have one handle
 */

#define BUSY_LEN	(256 << 10)
#define BUSY_TRIES	300

static long write_part(struct fz_actor *actor, int fd, uint64_t handle,
		       size_t len)
{
	struct dipc_op o = {
		.size = sizeof(o), .op = DIPC_OP_WRITE, .handle = handle,
		.out = (uintptr_t)actor->out, .out_len = len,
	};

	return gr_told(actor, fd, GR_ERR(ioctl(fd, DIPC_IOC_OP, &o)));
}

static long busy_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct dipc_op ask = {
		.size = sizeof(ask), .op = DIPC_OP_CALL_START, .cookie = 1,
		.reply_max = BUSY_LEN, .flags = DIPC_OP_DONTWAIT,
	};
	struct dipc_request r = { 0 };
	struct ends e;
	long ret = open_ends(actor, arg, &e);
	int i, pid;

	ask.dest = (uintptr_t)&e.addr;
	if (!ret)
		ret = gr_told(actor, e.client,
			      GR_ERR(ioctl(e.client, DIPC_IOC_OP, &ask)));
	if (ret >= 0)
		ret = op(actor, e.server, DIPC_OP_RECV, 0, NULL, &r);
	if (ret < 0)
		return ret;
	actor->count_as = "DIPC_OP_WRITE";
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	for (i = 0; !pid && i < BUSY_TRIES; i++)
		write_part(actor, e.server, r.handle, BUSY_LEN);
	if (!pid)
		_exit(0);
	for (i = 0; ret != -EBUSY && i < BUSY_TRIES; i++)
		ret = write_part(actor, e.server, r.handle, 1);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return ret;
}

static bool seldom(struct fz_rng *rng, const struct fz_model *model,
		   struct fz_step *step)
{
	return ends_generate(rng, model, step) && fz_one_in(rng, 8);
}

/*
 * stays: a call by another process whose request and reply may stay where they
 * are, to a server that wants it once and goes on to receive
 */

#define STAYS_MS 5

static bool stays_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	step->arg[2] = fz_one_in(rng, 4) ? 10 : gr_draw_long(rng);
	step->arg[3] = fz_one_in(rng, 4) ? 10 : gr_draw_long(rng);
	step->arg[4] = gr_draw_memory(rng);
	step->arg[5] = fz_draw(rng, 2 * STAYS_MS * 1000);
	return ends_generate(rng, model, step) && fz_one_in(rng, 4);
}

static long stays_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct timeval wait = { .tv_usec = STAYS_MS * 1000 };
	struct dipc_queue_conf conf = {
		.capacity_msgs = 4, .capacity_bytes = 4 * FZ_BUF,
		.msg_max_bytes = FZ_BUF,
	};
	struct dipc_request r = { 0 };
	struct dipc_op call = {
		.size = sizeof(call), .op = DIPC_OP_CALL,
		.out = (uintptr_t)gr_place(actor, actor->out, arg[2], arg[4]),
		.out_len = arg[2] % (FZ_BUF + 1), .in = (uintptr_t)actor->in,
		.in_len = arg[3] % (FZ_BUF + 1),
		.deadline_ns = 1 + arg[5] * 1000,
	};
	struct dipc_op serve = {
		.size = sizeof(serve), .op = DIPC_OP_RECV,
		.flags = DIPC_OP_CONSUME | DIPC_OP_DONTWAIT,
		.in = (uintptr_t)actor->in, .in_len = FZ_BUF,
		.info = (uintptr_t)&r,
	};
	struct ends e;
	long ret = open_ends(actor, arg, &e);
	int pid;

	if (ret)
		return ret;
	call.dest = (uintptr_t)&e.addr;
	setsockopt(e.server, SOL_DIPC, DIPC_QUEUE, &conf, sizeof(conf));
	setsockopt(e.server, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	/* from then on it is known what it wants */
	ioctl(e.server, DIPC_IOC_OP, &serve);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		ioctl(e.client, DIPC_IOC_OP, &call);
		_exit(0);
	}
	actor->count_as = "DIPC_OP_RECV";
	serve.flags = DIPC_OP_CONSUME;
	ret = gr_told(actor, e.server,
		      GR_ERR(ioctl(e.server, DIPC_IOC_OP, &serve)));
	if (ret >= 0 && r.handle) {
		gr_keep_handle(actor, arg[1], r.handle);
		actor->count_as = "DIPC_OP_REPLY_RECV";
		serve.op = DIPC_OP_REPLY_RECV;
		serve.handle = r.handle;
		serve.out = (uintptr_t)gr_place(actor, actor->out, arg[3],
						arg[4]);
		serve.out_len = arg[3] % (FZ_BUF + 1);
		ret = gr_told(actor, e.server,
			      GR_ERR(ioctl(e.server, DIPC_IOC_OP, &serve)));
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return ret;
}

/*
 * backlog: a connect() that waits until it is interrupted
 */

static long backlog_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct sockaddr_dipc addr = { .sdipc_family = dt_family() };
	socklen_t len = sizeof(addr);
	int server, client, i;
	long ret;

	if (arg[0] >= FZ_SLOTS || arg[1] >= FZ_SLOTS || arg[0] == arg[1])
		return -EINVAL;
	server = socket(dt_family(), SOCK_SEQPACKET, 0);
	fz_put_fd(actor, arg[1], server);
	ret = GR_ERR(bind(server, (void *)&addr, sizeof(addr))) ?:
	      GR_ERR(listen(server, 0)) ?:
	      GR_ERR(getsockname(server, (void *)&addr, &len));
	actor->count_as = "connect";
	for (i = 0; i < 4 && !ret; i++) {
		client = socket(dt_family(), SOCK_SEQPACKET, 0);
		fz_put_fd(actor, arg[0], client);
		ret = GR_ERR(connect(client, (void *)&addr, sizeof(addr)));
		/* who has come stays in line when he has closed */
	}
	return ret;
}

/*
 * given: an explicit send that others are to end, by purging or
 * deleting the mailbox, or by closing
 */

static bool given_generate(struct fz_rng *rng, const struct fz_model *model,
			   struct fz_step *step)
{
	unsigned int i = fz_draw(rng, GR_BOXES), n;

	for (n = 0; n < GR_BOXES; n++, i = (i + 1) % GR_BOXES)
		if (model->box[gr_space(step)][i])
			break;
	step->arg[0] = i;
	/* a long one stays in its pages until it is ended */
	step->arg[1] = fz_one_in(rng, 4) ? gr_draw_long(rng) : 10;
	return n < GR_BOXES;
}

static long given_execute(struct fz_actor *actor, const uint64_t *arg)
{
	char control[CMSG_SPACE(4)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { actor->out, arg[1] % (FZ_BUF + 1) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	uint32_t mode = DIPC_MODE_EXPLICIT;
	int fd = socket(dt_family(), SOCK_RDM, 0);
	struct gr_addr addr;
	long ret;

	gr_addr(actor, GR_TO_BOX + arg[0] % GR_BOXES, GR_RIGHT, &addr);
	msg.msg_name = addr.at;
	msg.msg_namelen = addr.len;
	c->cmsg_level = SOL_DIPC;
	c->cmsg_type = DIPC_MODE;
	c->cmsg_len = CMSG_LEN(sizeof(mode));
	memcpy(CMSG_DATA(c), &mode, sizeof(mode));
	ret = GR_ERR(sendmsg(fd, &msg, 0));
	close(fd);
	return ret;
}

const struct fz_op gr_scene_ops[] = {
	{
		.name = "limit", .call = "sysctl", .weight = 4,
		.args = { { "which", limit_words }, { "value" } },
		.generate = limit_generate, .assume = limit_assume,
		.execute = limit_execute,
	}, {
		.name = "no_descriptors", .call = "socket", .weight = 1,
		.generate = always, .execute = no_descriptors_execute,
	}, {
		.name = "names", .call = "bind", .weight = 1,
		.args = { { "slot" } },
		.generate = names_generate, .execute = names_execute,
	}, {
		.name = "circle", .call = "DIPC_OP_CALL_START", .weight = 2,
		.args = { { "slot" }, { "server" } },
		.generate = ends_generate, .assume = ends_assume,
		.execute = circle_execute,
	}, {
		.name = "requests", .call = "DIPC_OP_RECV", .weight = 1,
		.args = { { "slot" }, { "server" } },
		.generate = requests_generate, .assume = ends_assume,
		.execute = requests_execute,
	}, {
		.name = "busy", .call = "DIPC_OP_CALL_START", .weight = 1,
		.args = { { "slot" }, { "server" } },
		.generate = seldom, .assume = ends_assume,
		.execute = busy_execute,
	}, {
		.name = "stays", .call = "DIPC_OP_RECV", .weight = 1,
		.args = { { "slot" }, { "server" }, { "len" }, { "room" },
			  { "memory", gr_memory_words }, { "us" } },
		.generate = stays_generate, .assume = ends_assume,
		.execute = stays_execute,
	}, {
		.name = "backlog", .call = "bind", .weight = 1,
		.args = { { "slot" }, { "server" } },
		.generate = seldom, .execute = backlog_execute,
	}, {
		.name = "given", .call = "sendmsg", .weight = 6,
		.args = { { "box" }, { "len" } },
		.generate = given_generate, .execute = given_execute,
	},
	{}
};
