// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Sockets in the hands of somebody who does everything in the wrong order:
 * some threads of one process share a few descriptors of all types and bind,
 * connect, accept, shut down and close what another thread is sending to,
 * reading from or waiting for, with bad memory, odd options and control
 * messages that are none. What a call gives does not matter; no thread may
 * hang, and afterwards nothing may be left: no object, nothing outstanding,
 * and nothing that the user is charged for.
 *
 * It ends by count. DIPC_SEED says what is drawn; which thread runs when is
 * not drawn: the same seed is the same load, not the same run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <linux/sockios.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define N_THREADS	6
#define N_SOCKETS	8	/* shared by all */
#define ROUNDS		10	/* one where the kernel is slow */
#define STEPS		400	/* of a thread in a round */
#define N_PORTS		3	/* numbers 1 … */
#define LEN_MAX		70000
#define CONTROL_MAX	512

/* They live for some steps: opening and closing is rare. */
static const int types[] = {
	SOCK_STREAM, SOCK_SEQPACKET, SOCK_STREAM, SOCK_SEQPACKET, SOCK_RDM,
	SOCK_DGRAM,
};

static _Atomic int sockets[N_SOCKETS];
static atomic_ulong accepted, sent, received;
static int passed;		/* a descriptor to be passed on */
static char *bad;		/* memory that is not to be touched */

struct worker {
	struct dt_thread thread;
	uint64_t random;
	char *buf;
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

/* Into the place of another one, which is closed, whoever uses it. */
static void keep(struct worker *w, int fd)
{
	dt_set_timeout(fd, SO_RCVTIMEO, 1 + draw(w, 4));
	dt_set_timeout(fd, SO_SNDTIMEO, 1 + draw(w, 4));
	fd = atomic_exchange(&sockets[draw(w, N_SOCKETS)], fd);
	if (fd >= 0)
		close(fd);
}

static struct sockaddr_dipc draw_addr(struct worker *w)
{
	struct sockaddr_dipc addr;
	socklen_t len = sizeof(addr);

	switch (draw(w, 8)) {
	case 0:
	case 1:
		return dt_port(1 + draw(w, N_PORTS));
	case 2:
	case 3:
		return dt_name(draw(w, 2) ? "hostile0" : "hostile1");
	case 4:
		return dt_any();
	default:
		/* of another one, or of itself */
		memset(&addr, 0, sizeof(addr));
		getsockname(pick(w), (void *)&addr, &len);
		return addr;
	}
}

static int draw_type(struct worker *w)
{
	return types[draw(w, sizeof(types) / sizeof(types[0]))] |
	       (draw(w, 4) ? 0 : SOCK_NONBLOCK);
}

static void step_open(struct worker *w)
{
	int fd = draw(w, 3) ? -1 : socket(dt_family(), draw_type(w), 0);

	if (fd >= 0)
		keep(w, fd);
}

static void step_pair(struct worker *w)
{
	int fd[2];

	if (draw(w, 3) || socketpair(dt_family(), draw_type(w), 0, fd))
		return;
	keep(w, fd[0]);
	keep(w, fd[1]);
}

static void step_bind(struct worker *w)
{
	struct sockaddr_dipc addr = draw_addr(w);
	int fd = pick(w);

	dt_bind(fd, &addr);
	if (draw(w, 2))
		listen(fd, draw(w, 3));
}

static void step_listen(struct worker *w)
{
	listen(pick(w), draw(w, 3));
}

static void step_connect(struct worker *w)
{
	struct sockaddr_dipc addr = draw_addr(w);

	if (!draw(w, 16))
		addr.sdipc_family = AF_UNSPEC;
	dt_connect(pick(w), &addr);
}

static void step_accept(struct worker *w)
{
	struct sockaddr_dipc addr;
	socklen_t len = sizeof(addr);
	int fd;

	/* with a bad address, the connection is accepted and closed at once */
	fd = accept(pick(w), draw(w, 8) ? (void *)&addr : bad, &len);
	if (fd < 0)
		return;
	accepted++;
	keep(w, fd);
}

static void step_shutdown(struct worker *w)
{
	shutdown(pick(w), draw(w, 4));
}

static void step_close(struct worker *w)
{
	int fd = draw(w, 3) ? -1 :
			      atomic_exchange(&sockets[draw(w, N_SOCKETS)], -1);

	if (fd >= 0)
		close(fd);
}

/* A control message, as it should be or nearly. */
static size_t put_control(struct worker *w, void *at)
{
	struct cmsghdr *cmsg = at;
	uint64_t value = draw(w, 8);

	cmsg->cmsg_level = draw(w, 3) ? SOL_DIPC : SOL_SOCKET;
	cmsg->cmsg_len = CMSG_LEN(draw(w, 2) ? 4 : 8);
	if (cmsg->cmsg_level == SOL_DIPC) {
		cmsg->cmsg_type = draw(w, 16);
		if (cmsg->cmsg_type == DIPC_DEADLINE)
			value *= 1000000;
	} else {
		cmsg->cmsg_type = draw(w, 4) ? SCM_RIGHTS : (int)draw(w, 4);
		value = passed * 0x100000001ULL;
		if (!draw(w, 4))
			value = ((uint64_t)pick(w) << 32) | passed;
	}
	memcpy(CMSG_DATA(cmsg), &value, sizeof(value));
	if (!draw(w, 32))
		cmsg->cmsg_len = draw(w, 64);
	return CMSG_SPACE(sizeof(value));
}

static size_t draw_len(struct worker *w)
{
	switch (draw(w, 6)) {
	case 0:
		return draw(w, LEN_MAX);
	case 1:
		return draw(w, 8192);
	default:
		return draw(w, 200);
	}
}

static void step_send(struct worker *w)
{
	struct sockaddr_dipc addr = draw_addr(w);
	char control[CONTROL_MAX] __attribute__((aligned(8))) = "";
	struct iovec iov[2] = {
		{ w->buf, draw_len(w) },
		{ draw(w, 16) ? w->buf : bad, draw(w, 2) ? 0 : draw(w, 300) },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int i, n = draw(w, 3);

	if (!draw(w, 3)) {
		msg.msg_name = &addr;
		msg.msg_namelen = sizeof(addr);
	}
	if (!draw(w, 4))
		msg.msg_control = control;
	for (i = 0; msg.msg_control && i < n; i++)
		msg.msg_controllen += put_control(w, control +
						  msg.msg_controllen);
	if (sendmsg(pick(w), &msg, (draw(w, 2) ? MSG_DONTWAIT : 0) |
				   (draw(w, 16) ? 0 : MSG_OOB)) > 0)
		sent++;
}

static void close_passed(struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	int fd[2];
	size_t n;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = cmsg->cmsg_len - CMSG_LEN(0);
		n = n < sizeof(fd) ? n : sizeof(fd);
		memcpy(fd, CMSG_DATA(cmsg), n);
		while (n >= sizeof(int)) {
			n -= sizeof(int);
			close(fd[n / sizeof(int)]);
		}
	}
}

static void receive(struct worker *w, int fd, int flags)
{
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	struct sockaddr_dipc addr;
	struct iovec iov[2] = {
		{ w->buf, draw_len(w) },
		{ draw(w, 8) ? w->buf : bad, draw(w, 2) ? 0 : draw(w, 300) },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (draw(w, 2)) {
		msg.msg_name = &addr;
		msg.msg_namelen = sizeof(addr);
	}
	if (draw(w, 4)) {
		/* descriptors for which there is half a place are not given */
		msg.msg_control = control;
		msg.msg_controllen = draw(w, 4) ? sizeof(control) :
						  draw(w, sizeof(control));
	}
	if (recvmsg(fd, &msg, flags) < 0)
		return;
	received++;
	if (msg.msg_control)
		close_passed(&msg);
}

static void step_receive(struct worker *w)
{
	static const int some[] = {
		MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE,
		MSG_OOB, MSG_DONTWAIT | MSG_PEEK, MSG_PEEK | MSG_WAITALL,
	};
	int flags = draw(w, 2) ? some[draw(w, 8)] : 0;

	receive(w, pick(w), flags);
}

static void set_limits(struct worker *w, int fd)
{
	struct dipc_queue_conf conf;

	if (dt_get_conf(fd, &conf))
		return;
	conf.capacity_msgs = draw(w, 12);
	conf.msg_max_bytes = draw(w, 2) ? 4096 : 65536;
	conf.capacity_bytes = draw(w, 16) ?
			      conf.msg_max_bytes + draw(w, 65536) : UINT64_MAX;
	conf.policy = draw(w, 2) ? DIPC_POLICY_WAIT : draw(w, 5);
	conf.order = draw(w, 4) ? DIPC_ORDER_FIFO : draw(w, 3);
	dt_set_conf(fd, &conf);
}

static void step_option(struct worker *w)
{
	static const int at_socket[] = {
		SO_SNDBUF, SO_RCVLOWAT, SO_PASSCRED, SO_TIMESTAMP, SO_PEEK_OFF,
	};
	struct dipc_match match = { .tag = draw(w, 8), .tag_mask = draw(w, 8) };
	int value = draw(w, 2) ? draw(w, 4) : draw(w, 100000), fd = pick(w);

	switch (draw(w, 6)) {
	case 0:
		set_limits(w, fd);
		break;
	case 1:
		setsockopt(fd, SOL_DIPC, DIPC_MATCH, &match, sizeof(match));
		break;
	case 2:
	case 3:
		setsockopt(fd, SOL_SOCKET, at_socket[draw(w, 5)], &value,
			   sizeof(value));
		break;
	default:
		value = draw(w, 32);
		setsockopt(fd, SOL_DIPC, draw(w, 16), &value, sizeof(value));
	}
}

static void step_look(struct worker *w)
{
	struct pollfd p[2] = {
		{ pick(w), POLLIN | POLLOUT, 0 },
		{ pick(w), POLLIN | POLLOUT | POLLRDHUP, 0 },
	};
	char value[128];
	socklen_t len = draw(w, sizeof(value));
	int n;

	switch (draw(w, 5)) {
	case 0:
		poll(p, 2, draw(w, 4));
		break;
	case 1:
		ioctl(pick(w), draw(w, 2) ? SIOCINQ : SIOCOUTQ, &n);
		break;
	case 2:
		getpeername(pick(w), (void *)value, &len);
		break;
	case 3:
		getsockopt(pick(w), SOL_SOCKET, draw(w, 2) ? SO_ERROR :
						SO_PEERCRED, value, &len);
		break;
	default:
		getsockopt(pick(w), SOL_DIPC, draw(w, 16), value, &len);
	}
}

static void (*const steps[])(struct worker *w) = {
	step_open, step_open, step_pair, step_close, step_shutdown,
	step_bind, step_bind, step_bind, step_bind, step_listen, step_listen,
	step_listen, step_connect, step_connect, step_connect, step_connect,
	step_accept, step_accept, step_accept, step_accept, step_send,
	step_send, step_send, step_send, step_send, step_send, step_receive,
	step_receive, step_receive, step_receive, step_option, step_look,
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

static long run(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < STEPS; i++) {
		w->step = draw(w, N_STEPS);
		steps[w->step](w);
	}
	return 0;
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

static void drain_one(int fd, char *buf)
{
	const struct dipc_match any = { 0 };
	int i;

	setsockopt(fd, SOL_DIPC, DIPC_MATCH, &any, sizeof(any));
	/* 0 is an empty message, or the end, again and again */
	for (i = 0; i < 500; i++)
		if (recv(fd, buf, LEN_MAX, MSG_DONTWAIT) < 0)
			break;
}

/* What was not accepted is closed, and all that was sent is received. */
static void drain(char *buf)
{
	int i, fd;

	for (i = 0; i < N_SOCKETS; i++) {
		fcntl(sockets[i], F_SETFL, O_NONBLOCK);
		while ((fd = accept(sockets[i], NULL, NULL)) >= 0)
			close(fd);
	}
	for (i = 0; i < N_SOCKETS; i++)
		drain_one(sockets[i], buf);
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

static int rounds(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 1 : ROUNDS;
}

static long objects(void)
{
	dt_rcu_barrier();
	dt_slab_shrink("DIPC");
	return dt_slab_objects("DIPC");
}

static bool nothing_left(struct dt_stats *stats)
{
	return !dt_stats_get(stats) && !stats->messages && !stats->ports &&
	       !stats->names;
}

FIXTURE(hostile)
{
	struct worker worker[N_THREADS];
	unsigned int seed;
	long objects;
};

FIXTURE_SETUP(hostile)
{
	int i;

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, dt_netns_new());
	passed = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, passed);
	bad = mmap(NULL, LEN_MAX, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	ASSERT_NE(MAP_FAILED, bad);
	self->seed = choose_seed();
	TH_LOG("seed %u (DIPC_SEED sets it)", self->seed);
	for (i = 0; i < N_SOCKETS; i++)
		sockets[i] = -1;
	for (i = 0; i < N_THREADS; i++) {
		self->worker[i].random = (self->seed + i) *
					 0x9e3779b97f4a7c15ULL + 1;
		self->worker[i].buf = calloc(1, LEN_MAX);
		ASSERT_NE(NULL, self->worker[i].buf);
	}
	self->objects = objects();
}

FIXTURE_TEARDOWN(hostile)
{
	int i;

	for (i = 0; i < N_THREADS; i++)
		free(self->worker[i].buf);
}

TEST_F(hostile, nothing_is_left)
{
	int i, round, fd[2], more[2];
	struct dt_stats stats;

	for (round = 0; round < rounds(); round++) {
		ASSERT_EQ(0, run_all(self->worker, N_THREADS))
			TH_LOG("round %d", round);
	}

	TH_LOG("%lu accepted, %lu sent, %lu received", accepted, sent,
	       received);
	EXPECT_TRUE(sent && received);
	for (i = 0; i < N_SOCKETS; i++)
		close(atomic_exchange(&sockets[i], -1));
	EXPECT_TRUE(DT_WAIT_UNTIL(nothing_left(&stats)))
		TH_LOG("%llu messages, %u ports, %u names",
		       (unsigned long long)stats.messages, stats.ports,
		       stats.names);
	EXPECT_TRUE(DT_WAIT_UNTIL(objects() <= self->objects))
		TH_LOG("%ld sockets were there, %ld are", self->objects,
		       objects());

	/* what the user is charged for has been given back: it can be had */
	ASSERT_EQ(0, dt_limit_set("user_max_ports", 2));
	EXPECT_EQ(0, socketpair(dt_family(), SOCK_STREAM, 0, fd));
	EXPECT_EQ(-ENOBUFS, DT_ERR(socketpair(dt_family(), SOCK_STREAM, 0,
					      more)));
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 4096));
	EXPECT_EQ(1, DT_ERR(send(fd[0], "x", 1, 0)));
}

static long outq(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) ? 0 : n;
}

static long outq_of_all(char *buf)
{
	long sum = 0;
	int i;

	drain(buf);
	for (i = 0; i < N_SOCKETS; i++)
		sum += outq(sockets[i]);
	return sum;
}

TEST_F(hostile, nothing_is_outstanding)
{
	int i;

	ASSERT_EQ(0, run_all(self->worker, N_THREADS));
	EXPECT_TRUE(DT_WAIT_UNTIL(!outq_of_all(self->worker[0].buf)));
	for (i = 0; i < N_SOCKETS; i++) {
		EXPECT_EQ(0, outq(sockets[i]))
			TH_LOG("socket %d", i);
	}
}

TEST_HARNESS_MAIN
