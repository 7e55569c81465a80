// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, at random, for a while: processes of three users with
 * several threads each send, receive, peek, poll, connect, bind and close the
 * same few sockets, while limits and policies change, mailboxes come and go,
 * namespaces live and die, and processes are killed. In the end nothing may
 * be left, nobody may hang, and the kernel must not have complained (the
 * runner looks at its log). suite-timeout: 180
 *
 * While that goes on, a process looks at the queues: each view is one state
 * under the queue's lock, and in none may a receiver wait while there is a
 * message or a waiting sender. Others send with edge-triggered epoll to a
 * small mailbox: who met EAGAIN must be told when there is room.
 *
 * DIPC_SECONDS says how long (20), DIPC_SEED what is drawn. Which task runs
 * when is not drawn: the same seed is the same load, not the same run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <linux/sockios.h>

#include "dipc_test.h"
#include "kselftest.h"

#define N_WORKERS	6
#define N_THREADS	4
#define N_SOCKETS	6	/* of a worker, shared by its threads */
#define N_BOXES		3	/* mailboxes box0 ... */
#define N_PORTS		3	/* numbers 1 ... */
#define N_EDGE		3	/* edge-triggered senders */
#define LEN_MAX		(100 * 1024)
#define EDGE_MS		2000	/* far longer than the receiver lets it be full */
#define LOST_MS		10000	/* by then who has made room has told */

/* What all processes see. */
struct shared {
	atomic_bool stop;
	atomic_ulong sent, received, put_back, polled, views, namespaces, kills;
	atomic_ulong violations, lost_wakeups, edge_waits, hung_namespaces;
	char first_violation[160];
};

/* A process, and what it is seeded with. */
struct role {
	int (*run)(void *role);
	unsigned int nr;
	unsigned int seed;
	bool may_be_killed;
	pid_t pid;
};

static struct shared *all;
static const uid_t uids[] = { 0, 1000, 1001 };
static void *bad_buffer;		/* mapped, but not to be touched */

/* --- random numbers: one state a thread, drawn from the seed --- */

static __thread unsigned long long rng;

static void seed_rng(unsigned long long seed)
{
	rng = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	rng = rng ? rng : 1;
}

static unsigned int draw(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 20) % n;
}

/* --- mailboxes and addresses, drawn from few --- */

/* Mostly waiting, and often unbuffered: there is most to go wrong. */
static void draw_conf(struct dipc_queue_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->capacity_msgs = draw(3) ? draw(9) : 0;
	conf->msg_max_bytes = draw(2) ? LEN_MAX : 64 + draw(8192);
	conf->capacity_bytes = conf->msg_max_bytes +
			       draw(2 * conf->msg_max_bytes);
	conf->policy = draw(3) ? DIPC_POLICY_WAIT : draw(4);
}

/* "box0" and so on; a buffer of the calling thread */
static const char *box_name(unsigned int nr)
{
	static __thread char name[16];

	snprintf(name, sizeof(name), "box%u", nr);
	return name;
}

static int draw_box(const char *name, bool is_new)
{
	struct dipc_queue_conf conf;
	struct dt_mailbox_conf box;

	draw_conf(&conf);
	box = *DT_MAILBOX(.capacity_msgs = conf.capacity_msgs,
			  .capacity_bytes = conf.capacity_bytes,
			  .msg_max_bytes = conf.msg_max_bytes,
			  .policy = conf.policy, .mode = 0666,
			  .uid = draw(4) ? -1 : (int64_t)uids[draw(3)],
			  .transient = is_new && !draw(3));
	return is_new ? dt_mailbox_new(name, &box) : dt_mailbox_set(name, &box);
}

static struct sockaddr_dipc draw_addr(void)
{
	unsigned int what = draw(4);

	if (!what)
		return dt_port(1 + draw(N_PORTS));
	if (what == 1)
		return dt_name(draw(2) ? "name1" : "name0");
	return dt_mailbox(box_name(draw(N_BOXES)));
}

/* --- a worker: its threads do at random what can be done with sockets --- */

static _Atomic int sockets[N_SOCKETS];
static int edge_fd;

static size_t draw_len(void)
{
	switch (draw(8)) {
	case 0:
		return draw(LEN_MAX + 1);
	case 1:
		return draw(8192);
	default:
		return draw(130);
	}
}

/* 0: for ever, until a signal comes */
static void draw_timeout(int fd, int opt)
{
	dt_set_timeout(fd, opt, draw(6) ? 1 + draw(20) : 0);
}

static void op_open(void)
{
	int fd = socket(dt_family(), (draw(2) ? SOCK_RDM : SOCK_DGRAM) |
			SOCK_CLOEXEC | (draw(6) ? 0 : SOCK_NONBLOCK), 0);

	if (fd < 0)
		return;
	draw_timeout(fd, SO_RCVTIMEO);
	draw_timeout(fd, SO_SNDTIMEO);
	fd = atomic_exchange(&sockets[draw(N_SOCKETS)], fd);
	if (fd >= 0)
		close(fd);
}

static void op_send(int fd, char *buf)
{
	struct sockaddr_dipc addr = draw_addr();
	bool connected = draw(2);
	int flags = draw(3) ? 0 : MSG_DONTWAIT;

	if (sendto(fd, draw(32) ? buf : bad_buffer, draw_len(), flags,
		   connected ? NULL : (void *)&addr,
		   connected ? 0 : sizeof(addr)) >= 0)
		atomic_fetch_add(&all->sent, 1);
}

static void op_receive(int fd, char *buf)
{
	struct sockaddr_dipc addr;
	socklen_t len = sizeof(addr);
	int flags = 0;
	char *to = buf;

	if (!draw(4))
		flags |= MSG_PEEK;
	if (!draw(3))
		flags |= MSG_DONTWAIT;
	if (!draw(3))
		flags |= MSG_TRUNC;
	if (!draw(12))
		to = bad_buffer;
	if (recvfrom(fd, to, draw(4) ? LEN_MAX : draw(100), flags,
		     (void *)&addr, &len) >= 0)
		atomic_fetch_add(&all->received, 1);
	else if (errno == EFAULT)
		atomic_fetch_add(&all->put_back, 1);
}

static void op_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = 1 + draw(7) };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct epoll_event got[4];

	if (draw(2)) {
		poll(&p, 1, draw(10));
	} else {
		epoll_ctl(edge_fd, draw(4) ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd,
			  &ev);
		epoll_wait(edge_fd, got, 4, draw(5));
	}
	atomic_fetch_add(&all->polled, 1);
}

static void op_name(int fd)
{
	struct sockaddr_dipc addr = draw_addr();
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t len = sizeof(addr);
	int one = draw(2);

	switch (draw(8)) {
	case 0 ... 3:
		dt_connect(fd, &addr);
		break;
	case 4:
		setsockopt(fd, SOL_DIPC, DIPC_REUSE_NAME, &one, sizeof(one));
		/* fall through */
	case 5 ... 6:
		dt_bind(fd, &addr);
		getsockname(fd, (void *)&addr, &len);
		break;
	case 7:
		connect(fd, &none, sizeof(none));
		getpeername(fd, (void *)&addr, &len);
	}
}

static void op_option(int fd)
{
	struct dipc_queue_conf conf;
	int value;

	switch (draw(6)) {
	case 0 ... 1:
		draw_conf(&conf);
		dt_set_conf(fd, &conf);
		break;
	case 2:
		value = draw(2) ? 4096 : 200000;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value));
		break;
	case 3:
		draw_timeout(fd, draw(2) ? SO_RCVTIMEO : SO_SNDTIMEO);
		break;
	case 4:
		value = draw(2);
		setsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &value, sizeof(value));
		fcntl(fd, F_SETOWN, getpid());
		fcntl(fd, F_SETFL, draw(2) ? O_ASYNC : 0);
		break;
	case 5:
		ioctl(fd, draw(2) ? SIOCINQ : SIOCOUTQ, &value);
	}
}

static void *worker_thread(void *arg)
{
	char *buf = malloc(LEN_MAX);

	if (!buf)
		return NULL;
	seed_rng((unsigned long)arg);
	memset(buf, 'x', LEN_MAX);
	while (!atomic_load(&all->stop)) {
		int fd = sockets[draw(N_SOCKETS)];

		switch (draw(32)) {
		case 0:
			op_open();
			break;
		case 1 ... 13:
			op_send(fd, buf);
			break;
		case 14 ... 24:
			op_receive(fd, buf);
			break;
		case 25 ... 26:
			op_poll(fd);
			break;
		case 27 ... 29:
			op_name(fd);
			break;
		default:
			op_option(fd);
		}
	}
	free(buf);
	return NULL;
}

/* The first thread only sees to it that none of the others sleeps for ever. */
static int worker(void *arg)
{
	const struct role *role = arg;
	pthread_t threads[N_THREADS];
	bool runs[N_THREADS];
	uid_t uid = uids[role->nr % 3];
	int i, running;

	seed_rng(role->seed);
	dt_count_signal(SIGUSR1, 0);
	signal(SIGIO, SIG_IGN);
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return 1;
	/* a change of credentials cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	edge_fd = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < N_SOCKETS; i++)
		sockets[i] = -1;
	for (i = 0; i < 2 * N_SOCKETS; i++)
		op_open();
	for (i = 0, running = 0; i < N_THREADS; i++) {
		/* short of memory is no failure of the module's */
		runs[i] = !pthread_create(&threads[i], NULL, worker_thread,
					  (void *)(role->seed * 31UL + i));
		running += runs[i];
	}
	while (running) {
		usleep(5000);
		for (i = 0; i < N_THREADS; i++) {
			if (!runs[i])
				continue;
			if (atomic_load(&all->stop) &&
			    !pthread_tryjoin_np(threads[i], NULL)) {
				runs[i] = false;
				running--;
			} else {
				pthread_kill(threads[i], SIGUSR1);
			}
		}
	}
	return 0;
}

/* --- the administrator: mailboxes come, change, are emptied and go --- */

static int admin(void *arg)
{
	const struct role *role = arg;
	const char *name;
	unsigned int what;

	seed_rng(role->seed);
	while (!atomic_load(&all->stop)) {
		name = box_name(draw(N_BOXES));
		what = draw(64);
		if (!what)
			dt_mailbox_del(name);
		else if (what < 3)
			dt_mailbox_purge(name, NULL);
		else
			draw_box(name, what < 16);
		usleep(draw(2000));
	}
	return 0;
}

/* --- the observer: what must hold whenever a queue's lock is free --- */

static void judge(const char *what, unsigned int nr, const struct dt_queue *q)
{
	atomic_fetch_add(&all->views, 1);
	if (!q->waiting_receivers || (!q->queued_msgs && !q->waiting_senders) ||
	    atomic_fetch_add(&all->violations, 1))
		return;
	snprintf(all->first_violation, sizeof(all->first_violation),
		 "%s%u (capacity %u, policy %u): %u receivers, %u messages, %u senders",
		 what, nr, q->capacity_msgs, q->policy, q->waiting_receivers,
		 q->queued_msgs, q->waiting_senders);
}

static int observer(void *arg)
{
	const struct role *role = arg;
	struct dt_queue queue;
	unsigned int nr;

	seed_rng(role->seed);
	while (!atomic_load(&all->stop)) {
		if (draw(4)) {
			nr = draw(N_BOXES);
			if (!dt_mailbox_get(box_name(nr), &queue))
				judge("box", nr, &queue);
		} else {
			nr = 1 + draw(N_PORTS);
			if (!dt_port_get(nr, &queue))
				judge("port ", nr, &queue);
		}
		if (!draw(64))
			usleep(500);
	}
	return 0;
}

/* --- edge-triggered senders to a mailbox for one message --- */

static int edge_sender(void *arg)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	struct sockaddr_dipc addr = dt_mailbox("edge");
	int fd = dt_socket_connected(SOCK_RDM | SOCK_NONBLOCK, &addr);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	(void)arg;
	if (fd < 0 || ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
		return 1;
	while (!atomic_load(&all->stop)) {
		if (send(fd, "x", 1, 0) == 1)
			continue;
		if (errno != EAGAIN)
			return 2;
		atomic_fetch_add(&all->edge_waits, 1);
		if (epoll_wait(ep, &ev, 1, EDGE_MS))
			continue;
		/* is there room, and nothing under way to say so? */
		if (poll(&p, 1, 0) == 1 && !epoll_wait(ep, &ev, 1, LOST_MS))
			atomic_fetch_add(&all->lost_wakeups, 1);
	}
	return 0;
}

static int edge_receiver(void *arg)
{
	const struct role *role = arg;
	struct sockaddr_dipc addr = dt_mailbox("edge");
	int fd = dt_socket_bound(SOCK_RDM, &addr);
	char c;

	seed_rng(role->seed);
	if (fd < 0 || dt_set_timeout(fd, SO_RCVTIMEO, 10))
		return 1;
	while (!atomic_load(&all->stop)) {
		if (recv(fd, &c, 1, 0) < 0 && errno != EAGAIN)
			return 2;
		if (!draw(8))
			usleep(draw(200));
	}
	return 0;
}

/* --- namespaces that die with what is in them --- */

static int short_life(void *arg)
{
	struct sockaddr_dipc addr;
	int i, fd;

	(void)arg;
	if (dt_netns_new())
		return 1;
	for (i = 0; i < N_BOXES; i++)
		draw_box(box_name(i), true);
	for (i = 0; i < 30; i++) {
		fd = dt_socket(SOCK_RDM | SOCK_NONBLOCK);
		addr = draw_addr();
		dt_bind(fd, &addr);
		addr = draw_addr();
		dt_send(fd, "hello", 5, 0, &addr);
	}
	return 0;
}

static int namespaces(void *arg)
{
	const struct role *role = arg;
	pid_t pid;

	seed_rng(role->seed);
	while (!atomic_load(&all->stop)) {
		pid = dt_child(short_life, NULL);
		if (pid < 0)
			continue;
		usleep(draw(20000));
		if (draw(2))
			kill(pid, SIGKILL);
		if (dt_child_wait(pid) == -ETIME)
			atomic_fetch_add(&all->hung_namespaces, 1);
		atomic_fetch_add(&all->namespaces, 1);
	}
	return 0;
}

/* --- the one who starts, kills and counts them all --- */

static struct role roles[32];
static unsigned int n_roles;
static int n_failed_roles;

static void start(struct role *role)
{
	role->seed = draw(1 << 30);
	role->pid = dt_child(role->run, role);
	if (role->pid < 0)
		ksft_exit_fail_msg("no process: %s\n", strerror(errno));
}

static void add(int (*run)(void *role), unsigned int n, bool may_be_killed)
{
	unsigned int i;

	for (i = 0; i < n; i++, n_roles++) {
		roles[n_roles] = (struct role){ run, i, 0, may_be_killed, 0 };
		start(&roles[n_roles]);
	}
}

static void show_stacks(pid_t pid)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd),
		 "for t in /proc/%d/task/*; do echo \"# $t\"; sed 's/^/#   /' $t/stack; done",
		 pid);
	fflush(stdout);
	if (system(cmd))
		ksft_print_msg("no stack of %d\n", pid);
}

static bool is_gone(struct role *role)
{
	int status;

	if (!role->pid)
		return true;
	if (waitpid(role->pid, &status, WNOHANG) != role->pid)
		return false;
	role->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		n_failed_roles++;
		ksft_print_msg("process %td has failed: %d\n", role - roles,
			       WEXITSTATUS(status));
	}
	return true;
}

static bool all_gone(void)
{
	unsigned int i, left = 0;

	for (i = 0; i < n_roles; i++)
		left += !is_gone(&roles[i]);
	return !left;
}

/* How many did not end by themselves; these are shown and killed. */
static int wait_for_all(void)
{
	unsigned int i, hung = 0;

	if (DT_WAIT_UNTIL(all_gone()))
		return 0;
	for (i = 0; i < n_roles; i++) {
		if (is_gone(&roles[i]))
			continue;
		hung++;
		show_stacks(roles[i].pid);
		kill(roles[i].pid, SIGKILL);
	}
	if (!DT_WAIT_UNTIL(all_gone()))
		ksft_print_msg("some cannot even be killed\n");
	return hung;
}

/* One who was killed is gone, and another one takes its place. */
static bool replace(struct role *role)
{
	kill(role->pid, SIGKILL);
	if (!DT_WAIT_UNTIL(is_gone(role))) {
		show_stacks(role->pid);
		return false;
	}
	atomic_fetch_add(&all->kills, 1);
	start(role);
	return true;
}

static bool nothing_left(struct dt_stats *stats)
{
	return !dt_stats_get(stats) && !stats->messages && !stats->ports &&
	       !stats->mailboxes && !stats->names;
}

/* What waits for a grace period takes a moment to go. */
static void check_nothing_left(void)
{
	struct dt_stats stats;
	bool ok;
	int i;

	for (i = 0; i < N_BOXES; i++)
		dt_mailbox_del(box_name(i));
	dt_mailbox_del("edge");
	ok = DT_WAIT_UNTIL(nothing_left(&stats));
	if (!ok)
		ksft_print_msg("%llu messages, %u ports, %u mailboxes, %u names\n",
			       (unsigned long long)stats.messages, stats.ports,
			       stats.mailboxes, stats.names);
	ksft_test_result(ok, "nothing_is_left\n");
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

static void prepare(void)
{
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bad_buffer = mmap(NULL, 1 << 20, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED || bad_buffer == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	/* few names and port numbers, and nobody else's */
	if (dt_netns_new())
		ksft_exit_fail_msg("no namespace: %s\n", strerror(errno));
	dt_family();
	if (dt_mailbox_new("edge", DT_MAILBOX(.capacity_msgs = 1,
					      .capacity_bytes = 4096,
					      .msg_max_bytes = 4096,
					      .policy = DIPC_POLICY_WAIT)))
		ksft_exit_fail_msg("no mailbox; is the module loaded?\n");
}

int main(void)
{
	const char *asked = getenv("DIPC_SECONDS");
	int seconds = asked ? atoi(asked) : 20;
	unsigned int seed = choose_seed();
	bool killable = true;
	struct role *victim;
	long end_ms;
	int hung;

	ksft_print_header();
	ksft_set_plan(5);
	ksft_print_msg("seed %u, %d seconds (DIPC_SEED and DIPC_SECONDS set them)\n",
		       seed, seconds);
	seed_rng(seed);
	prepare();

	add(worker, N_WORKERS, true);
	add(admin, 1, false);
	add(observer, 1, false);
	add(namespaces, 1, false);
	add(edge_sender, N_EDGE, false);
	add(edge_receiver, 1, false);

	end_ms = dt_now_ms() + 1000L * seconds;
	while (killable && dt_now_ms() < end_ms) {
		usleep(50000);
		victim = &roles[draw(n_roles)];
		if (victim->may_be_killed && draw(2))
			killable = replace(victim);
	}
	atomic_store(&all->stop, true);
	hung = wait_for_all() + all->hung_namespaces;

	ksft_print_msg("%lu sent, %lu received, %lu put back, %lu polls, %lu views, %lu namespaces, %lu killed, %lu edge waits\n",
		       all->sent, all->received, all->put_back, all->polled,
		       all->views, all->namespaces, all->kills, all->edge_waits);
	ksft_test_result(all->sent && all->received && all->views &&
			 all->namespaces && all->edge_waits,
			 "all_of_it_happened\n");
	ksft_test_result(killable && !hung && !n_failed_roles,
			 "nobody_hangs_or_fails\n");
	ksft_print_msg("%lu bad views (%s), %lu lost wake-ups\n", all->violations,
		       all->first_violation, all->lost_wakeups);
	ksft_test_result(!all->violations,
			 "no_receiver_waits_while_there_is_something_to_take\n");
	ksft_test_result(!all->lost_wakeups, "who_met_EAGAIN_is_told_of_room\n");
	check_nothing_left();
	if (ksft_get_fail_cnt())
		ksft_exit_fail();
	ksft_exit_pass();
}
