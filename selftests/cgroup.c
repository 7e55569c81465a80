// SPDX-License-Identifier: GPL-2.0
/*
 * Messages are charged to the memory cgroup of who sent them, from when they
 * are sent until they are gone, and at its limit a send fails: nobody hangs,
 * nobody is killed, nothing leaks.
 *
 * Works below the cgroup $DIPC_CGROUP (version 2), or the root. A sender here
 * is a child in a cgroup of its own that does one thing after the other, as
 * the parent tells it; at the limit it must not touch fresh memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "call.h"
#include "kselftest_harness.h"

#define MSG_BYTES	2000
#define N_MSGS		1000
#define N_SMALL		20000
#define SNDBUF		(64 << 20)

enum order { NOTHING, SEND, SEND_BLOCKING, END };

/* Between the parent and a sender. */
struct desk {
	volatile int order;
	volatile int ready;	/* has begun; has done the last order */
	int fd;			/* connected */
	char cgroup[128];
	volatile size_t len;
	volatile int count;
	volatile int done;	/* how many of them it could send */
	volatile long result;	/* of the last send */
};

FIXTURE(memcg)
{
	char dir[96];
	int rx, tx;
	struct desk *desk;
	pid_t pid;
	struct dt_stats before;
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

/* The number behind a key, or the only number of the file; or -1. */
static long read_from(const char *dir, const char *file, const char *key)
{
	char path[256], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		size_t len = key ? strlen(key) : 0;

		if (!key || (!strncmp(line, key, len) && line[len] == ' ')) {
			value = atol(line + len);
			break;
		}
	}
	if (f)
		fclose(f);
	return value;
}

static long charged(const FIXTURE_DATA(memcg) *self)
{
	return read_from(self->dir, "memory.current", NULL);
}

static int sender(void *arg)
{
	struct desk *d = arg;
	static char buf[MSG_BYTES * 2];
	int i;

	if (write_to(d->cgroup, "cgroup.procs", "0"))
		return 1;
	memset(buf, 's', sizeof(buf));
	d->ready = 1;
	for (;;) {
		while (d->ready && d->order == NOTHING)
			usleep(500);
		if (d->order == END)
			return 0;
		d->result = 0;
		for (i = 0; i < d->count && d->result >= 0; i++) {
			ssize_t n = send(d->fd, buf, d->len,
					 d->order == SEND ? MSG_DONTWAIT : 0);

			d->result = n < 0 ? -errno : n;
		}
		d->done = d->result < 0 ? i - 1 : i;
		d->order = NOTHING;
	}
}

/* How many of count messages it could send; why not more is in desk->result. */
static int order(FIXTURE_DATA(memcg) *self, enum order what, size_t len, int count)
{
	self->desk->len = len;
	self->desk->count = count;
	self->desk->order = what;
	return DT_WAIT_UNTIL(self->desk->order == NOTHING) ? self->desk->done : -ETIME;
}

FIXTURE_SETUP(memcg)
{
	const char *base = getenv("DIPC_CGROUP") ?: "/sys/fs/cgroup";
	struct dipc_queue_conf conf = {
		.capacity_msgs = 1000000, .capacity_bytes = 1 << 30,
		.msg_max_bytes = MSG_BYTES * 2,
	};
	struct sockaddr_dipc addr = dt_any();
	int sndbuf = SNDBUF;

	write_to(base, "cgroup.subtree_control", "+memory");
	if (read_from(base, "cgroup.procs", NULL) == -1 && errno == ENOENT)
		SKIP(return, "no cgroup at %s", base);
	snprintf(self->dir, sizeof(self->dir), "%s/memcg-%d", base, getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0755));
	if (read_from(self->dir, "memory.current", NULL) < 0) {
		rmdir(self->dir);
		SKIP(return, "no memory controller at %s", base);
	}
	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx);
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)));

	self->desk = mmap(NULL, sizeof(*self->desk), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->desk);
	self->desk->fd = self->tx;
	strcpy(self->desk->cgroup, self->dir);
	self->pid = dt_child(sender, self->desk);
	ASSERT_LT(0, self->pid);
	ASSERT_TRUE(DT_WAIT_UNTIL(self->desk->ready));
	/* what it needs for its first message is not what is looked at */
	ASSERT_EQ(1, order(self, SEND, 1, 1));
	ASSERT_EQ('s', take(self->rx));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(memcg)
{
	if (!self->desk)
		return;
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		dt_child_wait(self->pid);
	}
	close(self->tx);
	close(self->rx);
	EXPECT_TRUE(DT_WAIT_UNTIL(!rmdir(self->dir) || errno != EBUSY));
}

static int take_n(int fd)
{
	int n = 0;

	while (take(fd) > 0)
		n++;
	return n;
}

/* What an object of a cache takes: more where the kernel checks its edges. */
static long object_bytes(const char *cache)
{
	char line[256], name[64];
	long bytes, found = 0;
	FILE *f = fopen("/proc/slabinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %*d %*d %ld", name, &bytes) == 2 &&
		    !strcmp(name, cache))
			found = bytes;
	if (f)
		fclose(f);
	return found;
}

/* What is batched for each CPU may be counted early or late. */
static bool is_about(long is, long should)
{
	return is >= should * 7 / 10 && is <= should * 18 / 10;
}

TEST_F(memcg, payload_is_charged_until_it_is_taken)
{
	long before = charged(self), with;
	long bytes = object_bytes("kmalloc-cg-2k");

	ASSERT_LE(MSG_BYTES, bytes);
	ASSERT_EQ(N_MSGS, order(self, SEND, MSG_BYTES, N_MSGS));
	with = charged(self) - before;
	EXPECT_TRUE(is_about(with, N_MSGS * bytes))
		TH_LOG("%ld bytes charged for %ld", with, N_MSGS * bytes);
	EXPECT_EQ(N_MSGS, take_n(self->rx));
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - before < with / 4))
		TH_LOG("%ld bytes charged for nothing", charged(self) - before);
}

TEST_F(memcg, small_messages_are_charged_as_what_they_take)
{
	long before = charged(self), with;
	long bytes = object_bytes("dipc_message");

	ASSERT_LT(0, bytes);
	ASSERT_EQ(N_SMALL, order(self, SEND, 1, N_SMALL));
	with = charged(self) - before;
	/* header and inline payload */
	EXPECT_TRUE(is_about(with, N_SMALL * bytes))
		TH_LOG("%ld bytes charged for %d messages", with, N_SMALL);
	EXPECT_EQ(N_SMALL, take_n(self->rx));
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - before < with / 4));
}

TEST_F(memcg, who_receives_is_not_charged)
{
	char dir[128];
	long before, with;
	pid_t pid;

	/* the queue is that of this process, and so is the purse to watch */
	snprintf(dir, sizeof(dir), "%s-receiver", self->dir);
	ASSERT_EQ(0, mkdir(dir, 0755));
	pid = fork();
	if (!pid) {
		char buf[64] = "";

		_exit(write_to(dir, "cgroup.procs", "0") ? 1 :
		      read(self->rx, buf, 1) == 1 ? 0 : 2);
	}
	ASSERT_LT(0, pid);
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_receivers(dt_port_id(self->rx)) == 1));
	before = read_from(dir, "memory.current", NULL);
	ASSERT_EQ(N_MSGS, order(self, SEND, MSG_BYTES, N_MSGS));
	with = read_from(dir, "memory.current", NULL);
	EXPECT_GT((long)N_MSGS * MSG_BYTES / 4, with - before);
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(0, rmdir(dir));
}

TEST_F(memcg, charge_stays_when_the_sender_has_gone)
{
	long before = charged(self);

	ASSERT_EQ(N_MSGS, order(self, SEND, MSG_BYTES, N_MSGS));
	self->desk->order = END;
	EXPECT_EQ(0, dt_child_wait(self->pid));
	self->pid = 0;
	/* its own memory is given back, that of its messages is not */
	EXPECT_LT((long)N_MSGS * MSG_BYTES * 7 / 10, charged(self));
	EXPECT_EQ(N_MSGS, take_n(self->rx));
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - before < (long)N_MSGS * MSG_BYTES / 4))
		TH_LOG("%ld bytes charged for nothing", charged(self) - before);
}

/* Messages cannot be had back by killing somebody: the send must fail. */
TEST_F(memcg, at_the_limit_a_send_fails_and_nobody_is_killed)
{
	char text[32];
	int sent, more;

	snprintf(text, sizeof(text), "%ld", charged(self) + (4 << 20));
	ASSERT_EQ(0, write_to(self->dir, "memory.max", text));
	sent = order(self, SEND, MSG_BYTES, 10000);
	EXPECT_EQ(-ENOMEM, self->desk->result);
	EXPECT_LT(500, sent);
	EXPECT_GT(4000, sent);
	/* not by waiting either */
	order(self, SEND_BLOCKING, MSG_BYTES, 10000);
	EXPECT_EQ(-ENOMEM, self->desk->result);
	more = self->desk->done;
	EXPECT_EQ(0, read_from(self->dir, "memory.events", "oom_kill"));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	EXPECT_STREQ("", counted_else(&self->before, &(const struct dt_stats) {
		.counter = { [DIPC_REASON_QUEUED] = sent + more,
			     [DIPC_REASON_NO_MEMORY] = 2 } }));

	/* nothing was half sent, and it works again when there is room */
	EXPECT_EQ(sent + more, take_n(self->rx));
	ASSERT_EQ(0, write_to(self->dir, "memory.max", "max"));
	EXPECT_EQ(N_MSGS, order(self, SEND, MSG_BYTES, N_MSGS));
	EXPECT_EQ(N_MSGS, take_n(self->rx));
}

TEST_F(memcg, others_send_while_one_cgroup_is_at_its_limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", charged(self) + (4 << 20));
	ASSERT_EQ(0, write_to(self->dir, "memory.max", text));
	order(self, SEND, MSG_BYTES, 10000);
	EXPECT_EQ(-ENOMEM, self->desk->result);
	EXPECT_EQ(1, put(self->tx, 'o'));
	EXPECT_EQ(0, write_to(self->dir, "memory.max", "max"));
}

TEST_F(memcg, failed_sends_leak_nothing)
{
	struct dt_stats after;
	long before;
	char text[32];
	int round;

	before = charged(self);
	snprintf(text, sizeof(text), "%ld", before + (2 << 20));
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, write_to(self->dir, "memory.max", text));
		order(self, SEND, MSG_BYTES * 2, 10000);
		EXPECT_EQ(-ENOMEM, self->desk->result);
		EXPECT_LT(100, self->desk->done);
		EXPECT_EQ(self->desk->done, take_n(self->rx));
		ASSERT_EQ(0, write_to(self->dir, "memory.max", "max"));
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(self->before.messages, after.messages);
	EXPECT_TRUE(DT_WAIT_UNTIL(charged(self) - before < 512 << 10))
		TH_LOG("%ld bytes are left charged", charged(self) - before);
}

TEST_HARNESS_MAIN
