// SPDX-License-Identifier: GPL-2.0
/*
 * What the C suites share: sockets, tasks, namespaces and the machine; see
 * dipc_test.h. What is asked of the module over netlink is beside this.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/membarrier.h>

#include "dipc_test.h"

volatile int dt_signals;

static long read_clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

long dt_now_ms(void)
{
	return read_clock_ms(CLOCK_MONOTONIC);
}

long dt_ticks_ms(void)
{
	return read_clock_ms(CLOCK_MONOTONIC_COARSE);
}

static int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	buf[n] = '\0';
	return n;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	return n < 0 ? -err : 0;
}

/*
 * Addresses and sockets
 */

int dt_family(void)
{
	static int family;
	char buf[16];

	if (!family) {
		family = AF_DIPC;
		if (read_file("/sys/module/dipc/parameters/family", buf,
			      sizeof(buf)) > 0)
			family = atoi(buf);
	}
	return family;
}

void dt_unique(char name[DIPC_NAME_MAX + 1], const char *what)
{
	static int number;

	/* an address wants the padding to be NUL */
	memset(name, 0, DIPC_NAME_MAX + 1);
	snprintf(name, DIPC_NAME_MAX + 1, "%s.%d.%d", what, getpid(),
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
}

struct sockaddr_dipc dt_any(void)
{
	struct sockaddr_dipc addr;

	memset(&addr, 0, sizeof(addr));
	addr.sdipc_family = dt_family();
	return addr;
}

struct sockaddr_dipc dt_port(uint64_t id)
{
	struct sockaddr_dipc addr = dt_any();

	addr.sdipc_type = DIPC_ADDR_PORT;
	addr.sdipc_port = id;
	return addr;
}

static struct sockaddr_dipc with_name(int type, const char *name)
{
	struct sockaddr_dipc addr = dt_any();
	size_t len = strnlen(name, sizeof(addr.sdipc_name));

	addr.sdipc_type = type;
	memcpy(addr.sdipc_name, name, len);
	return addr;
}

struct sockaddr_dipc dt_name(const char *name)
{
	return with_name(DIPC_ADDR_NAME, name);
}

struct sockaddr_dipc dt_mailbox(const char *name)
{
	return with_name(DIPC_ADDR_MAILBOX, name);
}

int dt_socket(int type)
{
	return DT_ERR(socket(dt_family(), type, 0));
}

int dt_bind(int fd, const struct sockaddr_dipc *addr)
{
	return DT_ERR(bind(fd, (const struct sockaddr *)addr, sizeof(*addr)));
}

int dt_connect(int fd, const struct sockaddr_dipc *addr)
{
	return DT_ERR(connect(fd, (const struct sockaddr *)addr,
			      sizeof(*addr)));
}

static int socket_with(int type, const struct sockaddr_dipc *addr,
		       int (*with)(int, const struct sockaddr_dipc *))
{
	int fd = dt_socket(type);
	int err;

	if (fd < 0)
		return fd;
	err = with(fd, addr);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int dt_socket_bound(int type, const struct sockaddr_dipc *addr)
{
	return socket_with(type, addr, dt_bind);
}

int dt_socket_connected(int type, const struct sockaddr_dipc *addr)
{
	return socket_with(type, addr, dt_connect);
}

uint64_t dt_port_id(int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t id = 0;

	if (getsockopt(fd, SOL_DIPC, DIPC_PORT_ID, &id, &len))
		return 0;
	return id;
}

struct sockaddr_dipc dt_port_of(int fd)
{
	return dt_port(dt_port_id(fd));
}

ssize_t dt_send(int fd, const void *buf, size_t len, int flags,
		const struct sockaddr_dipc *addr)
{
	return DT_ERR(sendto(fd, buf, len, flags,
			     (const struct sockaddr *)addr,
			     addr ? sizeof(*addr) : 0));
}

ssize_t dt_recv(int fd, void *buf, size_t len, int flags,
		struct sockaddr_dipc *from)
{
	socklen_t from_len = sizeof(*from);

	return DT_ERR(recvfrom(fd, buf, len, flags, (struct sockaddr *)from,
			       from ? &from_len : NULL));
}

int dt_send_number(int fd, int number, int flags,
		   const struct sockaddr_dipc *addr)
{
	ssize_t n = dt_send(fd, &number, sizeof(number), flags, addr);

	return n < 0 ? n : n == sizeof(number) ? 0 : -EIO;
}

int dt_recv_number(int fd, int flags)
{
	int number;
	ssize_t n = dt_recv(fd, &number, sizeof(number), flags, NULL);

	return n < 0 ? n : n == sizeof(number) ? number : -EIO;
}

int dt_set_timeout(int fd, int optname, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	return DT_ERR(setsockopt(fd, SOL_SOCKET, optname, &tv, sizeof(tv)));
}

int dt_get_conf(int fd, struct dipc_queue_conf *conf)
{
	socklen_t len = sizeof(*conf);

	return DT_ERR(getsockopt(fd, SOL_DIPC, DIPC_QUEUE, conf, &len));
}

int dt_set_conf(int fd, const struct dipc_queue_conf *conf)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_QUEUE, conf,
				 sizeof(*conf)));
}

int dt_set_capacity(int fd, uint32_t msgs, uint8_t policy)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(fd, &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	return err ? err : dt_set_conf(fd, &conf);
}

/*
 * Other tasks
 */

static void *run_thread(void *arg)
{
	struct dt_thread *t = arg;
	sigset_t child;

	/*
	 * It is ignored, but not while the thread that has forked is in
	 * pthread_create(), which blocks all signals: then it would interrupt
	 * the call of this one.
	 */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, NULL);
	t->tid = syscall(SYS_gettid);
	t->result = t->fn(t->arg);
	return NULL;
}

int dt_thread_start(struct dt_thread *t, long (*fn)(void *arg), void *arg)
{
	int err;

	t->tid = 0;
	t->fn = fn;
	t->arg = arg;
	t->result = 0;
	err = pthread_create(&t->thread, NULL, run_thread, t);
	if (err)
		return -err;
	return DT_WAIT_UNTIL(t->tid) ? 0 : -ETIME;
}

long dt_thread_join(struct dt_thread *t)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += DT_LONG_MS / 1000;
	if (pthread_timedjoin_np(t->thread, NULL, &end))
		return -ETIME;
	return t->result;
}

bool dt_is_asleep(int tid, long nr)
{
	char path[64], buf[512];
	const char *state;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return false;
	state = strrchr(buf, ')');
	if (!state || state[2] != 'S')
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return false;
	return buf[0] >= '0' && buf[0] <= '9' && atol(buf) == nr;
}

bool dt_wait_asleep(int tid, long nr)
{
	return DT_WAIT_UNTIL(dt_is_asleep(tid, nr));
}

static pid_t fork_bound(void)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(255);
	return 0;
}

pid_t dt_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork_bound();

	if (!pid)
		_exit(fn(arg));
	return pid;
}

int dt_child_wait(pid_t pid)
{
	int status = 0;

	if (!DT_WAIT_UNTIL(waitpid(pid, &status, WNOHANG) == pid)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -ETIME;
	}
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status);
}

static bool become_user(uid_t uid)
{
	return !setgroups(0, NULL) && !setresgid(uid, uid, uid) &&
	       !setresuid(uid, uid, uid);
}

static bool become_ns_root(uid_t uid)
{
	char map[32];

	if (!become_user(uid))
		return false;
	/* else /proc/self belongs to root */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	snprintf(map, sizeof(map), "0 %d 1", (int)uid);
	return !write_file("/proc/self/setgroups", "deny") &&
	       !write_file("/proc/self/uid_map", map) &&
	       !write_file("/proc/self/gid_map", map);
}

/* The result comes through a pipe, for a status has no room for an errno. */
static int run_as(bool (*become)(uid_t uid), uid_t uid, int (*fn)(void *arg),
		  void *arg)
{
	int result = -ECHILD, pipefd[2];
	pid_t pid;

	if (pipe(pipefd))
		return -errno;
	pid = fork_bound();
	if (!pid) {
		/* changing credentials clears what fork_bound() asked for */
		result = become(uid) ? 0 : -EPERM;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!result)
			result = fn(arg);
		if (write(pipefd[1], &result, sizeof(result)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipefd[1]);
	if (pid > 0) {
		int status = dt_child_wait(pid);

		if (status)
			result = status < 0 ? status : -ECHILD;
		else if (read(pipefd[0], &result, sizeof(result)) !=
			 sizeof(result))
			result = -ECHILD;
	}
	close(pipefd[0]);
	return result;
}

int dt_as_user(uid_t uid, int (*fn)(void *arg), void *arg)
{
	return run_as(become_user, uid, fn, arg);
}

int dt_as_ns_root(int (*fn)(void *arg), void *arg)
{
	return run_as(become_ns_root, DT_NOBODY, fn, arg);
}

static void count_signal(int signo)
{
	dt_signals++;
}

int dt_count_signal(int signo, int sa_flags)
{
	struct sigaction sa = { .sa_handler = count_signal,
				.sa_flags = sa_flags };

	return DT_ERR(sigaction(signo, &sa, NULL));
}

void dt_tick(int ms)
{
	struct itimerval timer = { { ms / 1000, ms % 1000 * 1000 },
				   { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Namespaces and the machine
 */

int dt_netns_new(void)
{
	return DT_ERR(unshare(CLONE_NEWNET));
}

static int be_in_a_new_one(void *arg)
{
	return dt_netns_new() ? 1 : 0;
}

void dt_netns_pass(void)
{
	dt_child_wait(dt_child(be_in_a_new_one, NULL));
}

int dt_netns_open(void)
{
	return DT_ERR(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

int dt_netns_enter(int fd)
{
	return DT_ERR(setns(fd, CLONE_NEWNET));
}

static void limit_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/proc/sys/net/dipc/%s", name);
}

long long dt_limit_get(const char *name)
{
	char path[128], buf[64];
	int n;

	limit_path(path, sizeof(path), name);
	n = read_file(path, buf, sizeof(buf));
	return n < 0 ? n : atoll(buf);
}

int dt_limit_set(const char *name, long long value)
{
	char path[128], buf[32];

	limit_path(path, sizeof(path), name);
	snprintf(buf, sizeof(buf), "%lld", value);
	return write_file(path, buf);
}

long dt_slab_objects(const char *cache)
{
	char line[256], name[64];
	long active, found = -ENOENT;
	FILE *f = fopen("/proc/slabinfo", "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", name, &active) == 2 &&
		    !strcmp(name, cache))
			found = active;
	fclose(f);
	return found;
}

int dt_slab_shrink(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	return write_file(path, "1");
}

void dt_rcu_barrier(void)
{
	int i;

	if (!write_file("/sys/module/rcutree/parameters/do_rcu_barrier", "1"))
		return;
	/* grace periods; after the second, callbacks of the first have run */
	for (i = 0; i < 3; i++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

long dt_status(const char *field)
{
	size_t len = strlen(field);
	char buf[8192];
	char *line;

	if (read_file("/proc/self/status", buf, sizeof(buf)) <= 0)
		return -1;
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, len) && line[len] == ':')
			return atol(line + len + 1);
	}
	return -1;
}

/* A byte that depends on its place and on the seed. */
static uint8_t pattern_byte(size_t i, unsigned int seed)
{
	uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u;

	return x >> 24 ^ x >> 11;
}

void dt_pattern(void *buf, size_t len, unsigned int seed)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern_byte(i, seed);
}

long dt_pattern_differs(const void *buf, size_t len, unsigned int seed)
{
	const uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != pattern_byte(i, seed))
			return i;
	return -1;
}
