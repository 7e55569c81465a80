// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Calls in the hands of those who do everything at once and in the wrong
 * order: some threads share a few sockets of all types that call each other,
 * and do to them whatever can be said in struct dipc_op and in control
 * messages, with handles and cookies of each other, memory that is none, odd
 * flags and lengths, while signals come, sockets are closed under way and the
 * mailbox goes and comes. What an operation gives does not matter, but for
 * DIPC_OP_CONSUME; no thread may hang, and afterwards nothing may be left.
 *
 * It ends by count. DIPC_SEED says what is drawn; which thread runs when is
 * not drawn: the same seed is the same load, not the same run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "held.h"
#include "kselftest_harness.h"
#include "scm.h"

#define N_THREADS	6
#define N_SOCKETS	8	/* shared by all */
#define N_HANDLES	16	/* that were seen lately */
#define N_COOKIES	8
#define STEPS		5000	/* of a thread; less where the kernel is slow */
#define LEN_MAX		20000
#define LONG_MAX	70000	/* what may stay with its sender */
#define MS		1000000ULL

static _Atomic int sockets[N_SOCKETS];
static _Atomic uint64_t handles[N_HANDLES];
static atomic_ulong made, taken, ended, told;
static atomic_ulong strange;	/* results that an operation must not give */
static char *edge;		/* the end of memory */
static char *bad;		/* memory that is not to be touched */
static char box[DIPC_NAME_MAX + 1], name[DIPC_NAME_MAX + 1];

struct worker {
	struct dt_thread thread;
	uint64_t random;
	char *buf;
	struct iovec iov[4];
	union {
		struct dipc_request request;
		struct dipc_outcome outcome;
	} info;
	struct sockaddr_dipc addr;
	struct dipc_match match;
	volatile unsigned int step;	/* what it does, for who finds it hung */
};

static unsigned int draw(struct worker *w, unsigned int n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 20) % n;
}

static int pick(struct worker *w)
{
	return atomic_load(&sockets[draw(w, N_SOCKETS)]);
}

static struct sockaddr_dipc draw_addr(struct worker *w)
{
	struct sockaddr_dipc addr = { 0 };
	socklen_t len = sizeof(addr);

	switch (draw(w, 6)) {
	case 0:
		return dt_mailbox(box);
	case 1:
		return dt_name(name);
	case 2:
		return draw(w, 8) ? dt_name(box) : dt_any();
	default:
		getsockname(pick(w), (void *)&addr, &len);
		return addr;
	}
}

/* Into the place of another one, which is closed, whoever uses it. */
static void keep(struct worker *w, int fd)
{
	int on = !!draw(w, 5);

	if (fd < 0)
		return;
	dt_set_timeout(fd, SO_RCVTIMEO, 1 + draw(w, 4));
	dt_set_timeout(fd, SO_SNDTIMEO, 1 + draw(w, 4));
	setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on, sizeof(on));
	fd = atomic_exchange(&sockets[draw(w, N_SOCKETS)], fd);
	if (fd >= 0)
		close(fd);
}

static void step_open(struct worker *w)
{
	struct sockaddr_dipc addr = draw_addr(w);
	int on = 1, fd;

	if (draw(w, 16))
		return;
	fd = socket(dt_family(), draw(w, 4) ? SOCK_RDM : SOCK_DGRAM, 0);
	setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on, sizeof(on));
	if (draw(w, 2)) {
		addr = draw(w, 2) ? dt_mailbox(box) : dt_name(name);
		dt_bind(fd, &addr);
	} else if (draw(w, 2)) {
		dt_connect(fd, &addr);
	}
	keep(w, fd);
}

static void step_pair(struct worker *w)
{
	int fd[2];

	if (draw(w, 24) || socketpair(dt_family(), draw(w, 8) ? SOCK_SEQPACKET :
					SOCK_STREAM, 0, fd))
		return;
	keep(w, fd[0]);
	keep(w, fd[1]);
}

static uint64_t draw_handle(struct worker *w)
{
	uint64_t handle = atomic_load(&handles[draw(w, N_HANDLES)]);

	if (!draw(w, 16))
		handle += 1ULL << draw(w, 64);
	return handle;
}

static void see_handle(struct worker *w, uint64_t handle)
{
	if (!handle)
		return;
	taken++;
	atomic_store(&handles[draw(w, N_HANDLES)], handle);
}

/* A place for payload, its length, and whether in pieces. */
static uint32_t draw_memory(struct worker *w, uint32_t vec, __u64 *at,
			    __u64 *len)
{
	*len = draw(w, 4) ? draw(w, 100) : draw(w, LEN_MAX);
	if (!draw(w, 12))
		*len = LONG_MAX - draw(w, LONG_MAX / 2);
	*at = PTR(w->buf);
	switch (draw(w, 16)) {
	case 0:
		*at = PTR(bad);
		return 0;
	case 1:
		*at = PTR(edge) - draw(w, *len > 300 ? *len : 300);
		return 0;
	case 2:
		*len = 1ULL << draw(w, 64);
		return 0;
	case 3:
	case 4:
		*at = PTR(w->iov);
		*len = draw(w, 5);
		return vec;
	case 5:
		*at = 0;
		return draw(w, 2) ? vec : 0;
	default:
		return 0;
	}
}

static void *draw_place(struct worker *w, void *place)
{
	switch (draw(w, 16)) {
	case 0:
		return bad;
	case 1:
		return edge - 8;
	case 2:
		return NULL;
	default:
		return place;
	}
}

/* What the operation has, and now and then what it has not. */
static bool is_for(struct worker *w, const struct dipc_op *op, uint32_t ops)
{
	return ops & 1U << op->op || !draw(w, 60);
}

#define OPS(...)	ops_(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int),	\
			     (int[]){ __VA_ARGS__ })
static uint32_t ops_(int n, const int *op)
{
	uint32_t bits = 0;

	while (n--)
		bits |= 1U << op[n];
	return bits;
}

#define CALLING	DIPC_OP_CALL, DIPC_OP_CALL_START
#define TAKES_ONCE	OPS(DIPC_OP_RECV, DIPC_OP_REPLY_RECV)

static void draw_message(struct worker *w, struct dipc_op *op)
{
	if (is_for(w, op, OPS(CALLING, DIPC_OP_SEND, DIPC_OP_FORWARD)) &&
	    draw(w, 4)) {
		w->addr = draw_addr(w);
		op->dest = PTR(draw_place(w, &w->addr));
	}
	if (is_for(w, op, OPS(CALLING, DIPC_OP_SEND))) {
		op->tag = draw(w, 3);
		op->deadline_ns = draw(w, 2) ? draw(w, 3 * MS) : 0;
		if (!draw(w, 4)) {
			op->flags |= DIPC_OP_PRIORITY;
			op->priority = draw(w, 33);
		}
	}
	if (is_for(w, op, OPS(CALLING))) {
		op->semantics = draw(w, 3);
		if (op->semantics == DIPC_AT_LEAST_ONCE && draw(w, 2))
			op->try_ns = draw(w, MS);
	}
	/* nothing else would end it, and one that is cut short has none */
	if (op->op == DIPC_OP_CALL && !op->deadline_ns)
		op->deadline_ns = 1 + draw(w, 3 * MS);
	if (op->op == DIPC_OP_CALL && op->size < DIPC_OP_SIZE_VER0)
		op->size %= offsetof(struct dipc_op, reply_max);
}

static void draw_op(struct worker *w, struct dipc_op *op)
{
	*op = (struct dipc_op) { .size = sizeof(*op),
				 .op = draw(w, DIPC_OP_DROP + 2) };
	if (!draw(w, 40))
		op->size = draw(w, 200);
	if (is_for(w, op, OPS(CALLING, DIPC_OP_SEND, DIPC_OP_REPLY,
			      DIPC_OP_REPLY_RECV, DIPC_OP_WRITE)))
		op->flags |= draw_memory(w, DIPC_OP_OUT_VEC, &op->out,
					 &op->out_len);
	if (is_for(w, op, OPS(DIPC_OP_CALL, DIPC_OP_CALL_FINISH, DIPC_OP_RECV,
			      DIPC_OP_REPLY_RECV, DIPC_OP_READ)))
		op->flags |= draw_memory(w, DIPC_OP_IN_VEC, &op->in,
					 &op->in_len);
	if (is_for(w, op, OPS(DIPC_OP_REPLY, DIPC_OP_REPLY_RECV, DIPC_OP_READ,
			      DIPC_OP_WRITE, DIPC_OP_FORWARD, DIPC_OP_DROP)))
		op->handle = draw_handle(w);
	if (is_for(w, op, OPS(DIPC_OP_REPLY, DIPC_OP_REPLY_RECV, DIPC_OP_READ,
			      DIPC_OP_WRITE)))
		op->offset = draw(w, 3) ? 0 : 1ULL << draw(w, 64);
	if (is_for(w, op, OPS(DIPC_OP_CALL_START, DIPC_OP_CALL_FINISH,
			      DIPC_OP_CALL_CANCEL)))
		op->cookie = draw(w, N_COOKIES);
	if (is_for(w, op, OPS(DIPC_OP_CALL_START)))
		op->reply_max = draw(w, 2) ? draw(w, 100) : draw(w, LEN_MAX);
	if (is_for(w, op, OPS(DIPC_OP_CALL, DIPC_OP_CALL_FINISH, DIPC_OP_RECV,
			      DIPC_OP_REPLY_RECV)))
		op->info = PTR(draw_place(w, &w->info));
	if (is_for(w, op, OPS(DIPC_OP_RECV, DIPC_OP_REPLY_RECV)) &&
	    !draw(w, 4))
		op->match = PTR(draw_place(w, &w->match));
	if (op->op == DIPC_OP_CALL_FINISH && draw(w, 2))
		op->flags |= DIPC_OP_ANY;
	if (is_for(w, op, TAKES_ONCE) && draw(w, 2))
		op->flags |= DIPC_OP_CONSUME;
	if (draw(w, 2))
		op->flags |= DIPC_OP_DONTWAIT;
	if (!draw(w, 60))
		op->flags |= 1U << draw(w, 32);
	draw_message(w, op);
}

/*
 * The flag is refused where it means nothing, and what it takes away is asked
 * for by two operations only.
 */
static bool is_strange(const struct dipc_op *op, long ret)
{
	if (op->flags & DIPC_OP_CONSUME && !(TAKES_ONCE & 1U << op->op))
		return ret >= 0;
	return ret == -ENODATA && op->op != DIPC_OP_READ &&
	       op->op != DIPC_OP_FORWARD;
}

static void step_op(struct worker *w)
{
	struct dipc_op op, asked;
	long ret;

	draw_op(w, &op);
	memset(&w->info, 0, sizeof(w->info));
	w->step = 100 + op.op;
	asked = op;
	ret = calls_op(pick(w), &op);
	strange += is_strange(&asked, ret);
	if (ret < 0)
		return;
	if (op.op == DIPC_OP_RECV || op.op == DIPC_OP_REPLY_RECV)
		see_handle(w, w->info.request.handle);
	made += op.op == DIPC_OP_CALL || op.op == DIPC_OP_CALL_START;
	ended += op.op == DIPC_OP_CALL || op.op == DIPC_OP_CALL_FINISH;
}

/* As a server and a client should, so that all states are come to. */
static void step_serve(struct worker *w)
{
	int fd = pick(w);
	struct calls_got got = calls_recv(draw(w, 2), fd, MSG_DONTWAIT);

	if (got.ret < 0 || !got.r.handle)
		return;
	see_handle(w, got.r.handle);
	switch (draw(w, 4)) {
	case 0:
		held_do(draw(w, HELD_N_STEPS), fd, got.r.handle,
			&(struct sockaddr_dipc) { 0 });
		break;
	case 1:
		w->addr = draw_addr(w);
		calls_forward(draw(w, 2), fd, got.r.handle, &w->addr);
		break;
	case 2:
		calls_reply(draw(w, 2), fd, got.r.handle, "fine");
		break;
	}
	while (got.n_fds)
		close(got.fd[--got.n_fds]);
}

static void step_call(struct worker *w)
{
	w->addr = draw_addr(w);
	if (calls_start(draw(w, 2), pick(w), "a request",
			WITH(.cookie = draw(w, N_COOKIES), .dest = &w->addr,
			     .semantics = draw(w, 3), .dontwait = draw(w, 2),
			     .deadline_ns = draw(w, 2) ? 0 : 1 + draw(w, MS),
			     .reply_max = draw(w, 200))) >= 0)
		made++;
}

static void step_end(struct worker *w)
{
	struct calls_end end = calls_finish(BY_MSG, pick(w),
					    draw(w, 4) ? MSG_DONTWAIT :
					    MSG_DONTWAIT | MSG_PEEK);

	if (end.has_outcome)
		ended++;
	while (end.n_fds)
		close(end.fd[--end.n_fds]);
}

static void step_notice(struct worker *w)
{
	struct dipc_cancelled notice;
	int fd = pick(w);

	if (draw(w, 3) == 0)
		recv(fd, w->buf, 16, MSG_ERRQUEUE | (draw(w, 2) ? MSG_PEEK :
								   0));
	if (calls_cancelled(fd, &notice))
		return;
	told++;
	if (draw(w, 2))
		calls_drop(draw(w, 2), fd, notice.handle);
	else
		atomic_store(&handles[draw(w, N_HANDLES)], notice.handle);
}

/* Control messages: some of those there are, with values that may be right. */
static size_t draw_control(struct worker *w, char *value)
{
	static const int type[] = {
		DIPC_CALL, DIPC_CANCEL, DIPC_REPLY, DIPC_FORWARD, DIPC_DROP,
		DIPC_CALL, DIPC_REPLY, DIPC_REQUEST, DIPC_ASYNC, DIPC_MODE,
	};
	static const size_t size[] = { 40, 8, 32, 8, 8, 40, 32, 80, 8, 4 };
	struct scm_control *c = (void *)value;
	struct dipc_call_params call = { .cookie = draw(w, N_COOKIES),
		.reply_max = draw(w, 1000), .semantics = draw(w, 4) };
	struct dipc_reply_params reply = { .handle = draw_handle(w),
		.offset = draw(w, 2) ? 0 : draw(w, 300),
		.flags = draw(w, 3) };
	uint64_t number = draw(w, 2) ? draw_handle(w) : draw(w, N_COOKIES);
	const void *data;
	int i = draw(w, 10), n = draw(w, 6) ? 1 : 2, fd = 0;

	c->len = 0;
	while (n--) {
		data = type[i] == DIPC_CALL ? (void *)&call :
		       type[i] == DIPC_REPLY ? (void *)&reply :
		       size[i] > 8 ? (void *)w->buf : (void *)&number;
		scm_put(c, SOL_DIPC, type[i], data,
			draw(w, 20) ? size[i] : draw(w, size[i]));
		i = draw(w, 10);
	}
	if (!draw(w, 5))
		scm_put(c, SOL_SOCKET, SCM_RIGHTS, &fd, sizeof(fd));
	return c->len;
}

static void step_message(struct worker *w)
{
	struct scm_control c;
	struct iovec iov = { w->buf, draw(w, 2) ? 0 : draw(w, 500) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c.buf, .msg_controllen = draw_control(w,
								(void *)&c),
	};

	if (!draw(w, 20))
		iov.iov_base = bad;
	if (draw(w, 3) == 0) {
		w->addr = draw_addr(w);
		msg.msg_name = &w->addr;
		msg.msg_namelen = sizeof(w->addr);
	}
	sendmsg(pick(w), &msg, draw(w, 2) ? MSG_DONTWAIT | MSG_NOSIGNAL :
					     MSG_NOSIGNAL);
}

static void close_received(struct msghdr *msg)
{
	struct cmsghdr *c;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(fd))) {
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
			close(fd);
		}
}

static void step_receive(struct worker *w)
{
	char control[256] __attribute__((aligned(8)));
	struct iovec iov = { w->buf, draw(w, 400) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = draw(w, 256),
	};
	int flags = draw(w, 4) ? MSG_DONTWAIT : 0;

	if (!draw(w, 8))
		iov.iov_base = bad;
	if (!draw(w, 8))
		msg.msg_control = draw_place(w, bad);
	if (!draw(w, 4))
		flags |= MSG_PEEK;
	if (!draw(w, 8))
		flags |= MSG_TRUNC;
	if (recvmsg(pick(w), &msg, flags) >= 0 && msg.msg_control == control)
		close_received(&msg);
}

static void step_option(struct worker *w)
{
	struct dipc_queue_conf conf = { draw(w, 4), 100, 400, draw(w, 4),
					draw(w, 2) };
	struct dipc_match match = { .tag = draw(w, 3),
				    .tag_mask = draw(w, 4) ? 0 : 3 };
	int on = draw(w, 2), fd = pick(w);

	switch (draw(w, 4)) {
	case 0:
		setsockopt(fd, SOL_DIPC, DIPC_RECV_CALLS, &on, sizeof(on));
		break;
	case 1:
		if (draw(w, 2))
			conf = (struct dipc_queue_conf) { 100, 65536, 1 << 20,
							  draw(w, 4) };
		setsockopt(fd, SOL_DIPC, DIPC_QUEUE, &conf, sizeof(conf));
		break;
	case 2:
		setsockopt(fd, SOL_DIPC, DIPC_MATCH, &match, sizeof(match));
		break;
	default:
		fcntl(fd, F_SETFL, draw(w, 3) ? 0 : O_NONBLOCK);
	}
}

static void step_mailbox(struct worker *w)
{
	switch (draw(w, 40)) {
	case 0:
		dt_mailbox_del(box);
		break;
	case 1:
		dt_mailbox_purge(box, NULL);
		break;
	case 2:
		dt_mailbox_set(box, DT_MAILBOX(.policy = draw(w, 4),
					       .capacity_msgs = draw(w, 10)));
		break;
	case 3:
	case 4:
		dt_mailbox_new(box, DT_MAILBOX(.mode = 0666));
	}
}

static void step_look(struct worker *w)
{
	struct pollfd p = { pick(w), POLLIN | POLLPRI | POLLOUT, 0 };

	poll(&p, 1, draw(w, 3));
}

static void (*const steps[])(struct worker *w) = {
	step_open, step_pair, step_op, step_op, step_op, step_op, step_op,
	step_op, step_op, step_op, step_serve, step_serve, step_serve,
	step_call, step_call, step_end, step_end, step_notice, step_message,
	step_message, step_message, step_receive, step_receive, step_option,
	step_mailbox, step_look,
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

static int n_steps(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? STEPS / atoi(slow) : STEPS;
}

static long run(void *arg)
{
	struct worker *w = arg;
	int i, n = n_steps();

	for (i = 0; i < n; i++) {
		w->step = draw(w, N_STEPS);
		steps[w->step](w);
		/* one that is asleep, or about to be */
		if (!draw(w, 20))
			kill(getpid(), SIGUSR1);
	}
	return 0;
}

static unsigned int choose_seed(void)
{
	const char *asked = getenv("DIPC_SEED");
	unsigned int seed = 0;

	if (asked)
		return strtoul(asked, NULL, 0);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return seed;
}

static void prepare(struct worker *w, uint64_t random)
{
	int i;

	memset(w, 0, sizeof(*w));
	w->random = random;
	w->buf = calloc(1, LONG_MAX);
	for (i = 0; i < 4; i++)
		w->iov[i] = (struct iovec) { w->buf, 1 + i * 100 };
	w->iov[3].iov_base = bad;
}

/* 0 when all have ended; who hangs is told of on standard output. */
static int run_all(struct worker *w, int n)
{
	int i, err = 0;

	for (i = 0; i < n; i++)
		if (dt_thread_start(&w[i].thread, run, &w[i]))
			return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (!dt_thread_join(&w[i].thread))
			continue;
		printf("# a thread hangs in step %u\n", w[i].step);
		err = -ETIME;
	}
	return err;
}

static void open_all(void)
{
	struct sockaddr_dipc addr[2] = { dt_name(name), dt_mailbox(box) };
	int i, fd;

	for (i = 0; i < N_SOCKETS; i++) {
		fd = calls_server(SOCK_RDM, &addr[i > 0]);
		dt_set_timeout(fd, SO_RCVTIMEO, 3);
		dt_set_timeout(fd, SO_SNDTIMEO, 3);
		atomic_store(&sockets[i], fd);
	}
}

TEST(nothing_hangs_and_nothing_is_left)
{
	static struct worker w[N_THREADS];
	unsigned int seed = choose_seed();
	long messages;
	char *memory;
	int i;

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, seed % 2 ? SA_RESTART : 0));
	ASSERT_EQ(0, held_world(&messages))
		TH_LOG("is the module loaded?");
	memory = mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	edge = bad = memory + (1 << 20);
	ASSERT_EQ(0, mprotect(bad, 2 << 20, PROT_NONE));
	bad += 4096;
	dt_unique(box, "wild");
	dt_unique(name, "wild");
	ASSERT_EQ(0, dt_mailbox_new(box, NULL));
	open_all();
	TH_LOG("seed %u (DIPC_SEED sets it)", seed);
	for (i = 0; i < N_THREADS; i++) {
		prepare(&w[i], (seed + i) * 0x9e3779b97f4a7c15ULL + 1);
		ASSERT_NE(NULL, w[i].buf);
	}
	ASSERT_EQ(0, run_all(w, N_THREADS));
	TH_LOG("%lu calls made, %lu taken, %lu ends, %lu notices", made, taken,
	       ended, told);
	EXPECT_TRUE(made && taken && ended && told);
	EXPECT_EQ(0, strange);
	for (i = 0; i < N_SOCKETS; i++)
		close(atomic_exchange(&sockets[i], -1));
	dt_mailbox_del(box);
	EXPECT_TRUE(held_nothing_left(messages));
	for (i = 0; i < N_THREADS; i++)
		free(w[i].buf);
}

TEST_HARNESS_MAIN
