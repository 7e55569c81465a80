// SPDX-License-Identifier: GPL-2.0
/*
 * The memory in which large messages lay: the sending socket keeps it for its
 * next ones. It is used again, stays charged to the cgroup of who sent, and is
 * given back when it is wanted, when it is idle, and when the socket is closed;
 * at the limit of the cgroup a send fails. That nothing of an earlier message
 * is seen in it, and what it means for the limit of the user, is in large.c.
 *
 * suite-timeout: 300
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <linux/sockios.h>

#include "buffer.h"
#include "dipc_test.h"
#include "kselftest_harness.h"

/*
 * What is kept. A child in a cgroup of its own sends, and this process
 * receives: what the cgroup is charged for shows what is kept.
 */

#define N_SOCKETS	8	/* each keeps at least 1 MiB */
#define KEPT_MAX	(MIB * 9 / 4)	/* of one socket */
#define A_LOT		(4L << 20)	/* of 8 MiB, whatever CPUs batch */
#define NOTHING		(1L << 20)

enum order { WAIT, SEND, CLOSE };

struct desk {
	volatile int order;
	volatile int ready;
	char cgroup[128];
	volatile size_t len;
	volatile int count;		/* of each socket */
	volatile int done;
	volatile long result;		/* of the last send */
	int fd[N_SOCKETS];
};

FIXTURE(kept)
{
	char dir[96];
	int rx;
	struct desk *desk;
	pid_t pid;
	long before;			/* charged */
	uint8_t *buf;
};

static int write_to(const char *dir, const char *file, const char *text)
{
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/*
 * The sum of the numbers behind keys that begin with that, or the only number
 * of the file; or -1.
 */
static long read_from(const char *dir, const char *file, const char *key)
{
	char path[256], line[256], *space;
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		space = key ? strchr(line, ' ') : line;
		if (!space || (key && strncmp(line, key, strlen(key))))
			continue;
		value = (value < 0 ? 0 : value) + atol(space);
	}
	if (f)
		fclose(f);
	return value;
}

static long charged(const FIXTURE_DATA(kept) *self)
{
	return read_from(self->dir, "memory.current", NULL);
}

static int sender(void *arg)
{
	struct desk *d = arg;
	uint8_t *buf = buffer_map(4 * MIB);
	int i, k;

	if (!buf || write_to(d->cgroup, "cgroup.procs", "0"))
		return 1;
	memset(buf, 's', 4 * MIB);
	d->ready = 1;
	for (;;) {
		while (d->order == WAIT)
			usleep(500);
		d->done = 0;
		d->result = 0;
		for (k = 0; d->order == CLOSE && k < N_SOCKETS; k++)
			close(d->fd[k]);
		for (k = 0; d->order == SEND && k < N_SOCKETS; k++)
			for (i = 0; i < d->count && d->result >= 0; i++) {
				d->result = DT_ERR(send(d->fd[k], buf, d->len,
							MSG_DONTWAIT));
				d->done += d->result == (long)d->len;
			}
		d->order = WAIT;
	}
}

/* How many messages it could send; why not more is in desk->result. */
static int order(FIXTURE_DATA(kept) *self, enum order what, size_t len, int count)
{
	self->desk->len = len;
	self->desk->count = count;
	self->desk->order = what;
	return DT_WAIT_UNTIL(self->desk->order == WAIT) ? self->desk->done : -ETIME;
}

static int take_kept(FIXTURE_DATA(kept) *self)
{
	int n = 0;

	while (dt_recv(self->rx, self->buf, 4 * MIB, MSG_DONTWAIT, NULL) > 0)
		n++;
	return n;
}

/* The sockets keep as much as they may; how much more is charged than before. */
static long fill(FIXTURE_DATA(kept) *self)
{
	if (order(self, SEND, MIB, 1) != N_SOCKETS || take_kept(self) != N_SOCKETS)
		return -1;
	return charged(self) - self->before;
}

/* What is idle for two seconds is given back: who is that slow tries again. */
static bool fills(FIXTURE_DATA(kept) *self)
{
	return DT_WAIT_UNTIL(fill(self) > A_LOT);
}

FIXTURE_SETUP(kept)
{
	const char *base = getenv("DIPC_CGROUP") ?: "/sys/fs/cgroup";
	struct dipc_queue_conf conf = {
		.capacity_msgs = 100000, .capacity_bytes = 1 << 30,
		.msg_max_bytes = 4 * MIB,
	};
	struct sockaddr_dipc addr = dt_any();
	int i, sndbuf = 64 << 20;

	write_to(base, "cgroup.subtree_control", "+memory");
	snprintf(self->dir, sizeof(self->dir), "%s/large-%d", base, getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0755));
	if (read_from(self->dir, "memory.current", NULL) < 0) {
		rmdir(self->dir);
		SKIP(return, "no memory controller at %s", base);
	}
	self->buf = buffer_map(4 * MIB);
	ASSERT_NE(NULL, self->buf);
	memset(self->buf, 'r', 4 * MIB);
	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx);
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	addr = dt_port_of(self->rx);

	self->desk = mmap(NULL, sizeof(*self->desk), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->desk);
	strcpy(self->desk->cgroup, self->dir);
	for (i = 0; i < N_SOCKETS; i++) {
		self->desk->fd[i] = dt_socket_connected(SOCK_RDM, &addr);
		ASSERT_LE(0, self->desk->fd[i]);
		ASSERT_EQ(0, setsockopt(self->desk->fd[i], SOL_SOCKET,
					SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)));
	}
	self->pid = dt_child(sender, self->desk);
	ASSERT_LT(0, self->pid);
	ASSERT_TRUE(DT_WAIT_UNTIL(self->desk->ready));
	/* what each needs for its first message is not what is looked at */
	ASSERT_EQ(N_SOCKETS, order(self, SEND, 1, 1));
	ASSERT_EQ(N_SOCKETS, take_kept(self));
	self->before = charged(self);
}

FIXTURE_TEARDOWN(kept)
{
	int i;

	if (!self->desk)
		return;
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		dt_child_wait(self->pid);
	}
	for (i = 0; i < N_SOCKETS; i++)
		close(self->desk->fd[i]);
	close(self->rx);
	EXPECT_TRUE(DT_WAIT_UNTIL(!rmdir(self->dir) || errno != EBUSY));
}

TEST_F(kept, memory_stays_charged_to_who_sent_and_is_bounded)
{
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(fills(self));
		/* what is beyond the bound of each socket is given back */
		EXPECT_EQ(3 * N_SOCKETS, order(self, SEND, 4 * MIB, 3));
		EXPECT_EQ(3 * N_SOCKETS, take_kept(self));
		EXPECT_GT((long)(N_SOCKETS * KEPT_MAX) + 2 * NOTHING,
			  charged(self) - self->before);
	}
}

TEST_F(kept, memory_is_not_outstanding)
{
	int outq = -1;

	EXPECT_TRUE(fills(self));
	EXPECT_EQ(0, ioctl(self->desk->fd[0], SIOCOUTQ, &outq));
	EXPECT_EQ(0, outq);
}

TEST_F(kept, memory_is_used_again)
{
	static const size_t lens[] = { 4096, 60000, 65536, 300000 };
	int n = 400, i, k;
	long pages, used;

	for (k = 0; k < 4; k++) {
		ASSERT_EQ(lens[k], dt_send(self->desk->fd[0], self->buf, lens[k], 0, NULL));
		ASSERT_EQ(1, take_kept(self));
		pages = read_from("/proc", "vmstat", "pgalloc_");
		for (i = 0; i < n; i++) {
			ASSERT_EQ(lens[k], dt_send(self->desk->fd[0], self->buf,
						   lens[k], 0, NULL));
			ASSERT_EQ(1, take_kept(self));
		}
		used = read_from("/proc", "vmstat", "pgalloc_") - pages;
		/* others allocate, too */
		EXPECT_GT(lens[k] / 4096 * n / 2 + 200, used)
			TH_LOG("%ld pages for %d times %zu bytes", used, n, lens[k]);
	}
}

TEST_F(kept, memory_goes_when_the_machine_wants_it)
{
	long left = LONG_MAX;
	int i;

	/* who is just looking for what is idle must not be waited for */
	for (i = 0; i < 5 && left >= NOTHING; i++) {
		ASSERT_TRUE(fills(self));
		ASSERT_EQ(0, write_to("/proc/sys/vm", "drop_caches", "2"));
		left = charged(self) - self->before;
	}
	EXPECT_GT(NOTHING, left)
		TH_LOG("%ld bytes are left", left);
	/* and can be had again */
	EXPECT_TRUE(fills(self));
}

TEST_F(kept, memory_goes_when_its_socket_is_closed)
{
	int i;

	for (i = 0; i < N_SOCKETS; i++)
		close(self->desk->fd[i]);
	ASSERT_TRUE(fills(self));
	ASSERT_EQ(0, order(self, CLOSE, 0, 0));
	EXPECT_GT(NOTHING, charged(self) - self->before)
		TH_LOG("%ld bytes are left", charged(self) - self->before);
}

TEST_F(kept, socket_that_is_closed_before_its_messages_are_taken_keeps_nothing)
{
	int i;

	for (i = 0; i < N_SOCKETS; i++)
		close(self->desk->fd[i]);
	ASSERT_EQ(N_SOCKETS, order(self, SEND, MIB, 1));
	ASSERT_EQ(0, order(self, CLOSE, 0, 0));
	EXPECT_LT(A_LOT, charged(self) - self->before);
	EXPECT_EQ(N_SOCKETS, take_kept(self));
	EXPECT_GT(NOTHING, charged(self) - self->before)
		TH_LOG("%ld bytes are left", charged(self) - self->before);
}

TEST_F(kept, memory_goes_when_another_process_sends)
{
	int i;

	ASSERT_TRUE(fills(self));
	for (i = 0; i < N_SOCKETS; i++)
		ASSERT_EQ(65, dt_send(self->desk->fd[i], self->buf, 65, 0, NULL));
	EXPECT_GT(NOTHING, charged(self) - self->before)
		TH_LOG("%ld bytes are left", charged(self) - self->before);
	EXPECT_EQ(N_SOCKETS, take_kept(self));
}

TEST_F(kept, memory_goes_when_it_is_idle)
{
	ASSERT_TRUE(fills(self));
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - self->before < NOTHING))
		TH_LOG("%ld bytes are left", charged(self) - self->before);
}

/* Messages cannot be had back by killing somebody: the send must fail. */
TEST_F(kept, at_the_limit_of_the_cgroup_a_send_fails_and_nobody_is_killed)
{
	static const size_t lens[] = { 4 * MIB, MIB, 65536, 5000 };
	char text[32];
	int round, i, n;

	snprintf(text, sizeof(text), "%ld", self->before + (20L << 20));
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 4; i++) {
			size_t len = lens[i];

			ASSERT_EQ(0, write_to(self->dir, "memory.max", text));
			n = order(self, SEND, len, 100000);
			EXPECT_EQ(-ENOMEM, self->desk->result);
			/* from 20 MiB, less what large blocks and CPUs leave */
			EXPECT_LT(10 * MIB, n * len);
			EXPECT_GT(22 * MIB, n * len);
			EXPECT_EQ(n, take_kept(self));
			ASSERT_EQ(0, write_to(self->dir, "memory.max", "max"));
		}
	}
	EXPECT_EQ(0, read_from(self->dir, "memory.events", "oom_kill"));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	/* nothing was half sent, and it works again */
	EXPECT_TRUE(fills(self));
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - self->before < NOTHING));
}

TEST_HARNESS_MAIN
