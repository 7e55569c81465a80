// SPDX-License-Identifier: GPL-2.0
/*
 * The module's own life: a thousand loads and unloads, what keeps it and what
 * does not, and what it leaves behind. suite-timeout: 1000
 *
 * The module that is tested is $DIPC_KO. The suite ends with it loaded.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"
#include "kselftest_harness.h"

#define N_ROUNDS	1000
#define LIFE_MS		800000	/* for all rounds: four times what it takes */

static bool is_loaded(void)
{
	return !access("/sys/module/dipc/initstate", F_OK);
}

static int load(const char *params)
{
	const char *ko = getenv("DIPC_KO");
	int fd = open(ko ?: "", O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "dipc", O_NONBLOCK) ? -errno : 0;
}

/* The last socket of another process may still be on its way out. */
static int unload_soon(void)
{
	int ret = -EWOULDBLOCK;

	DT_WAIT_UNTIL((ret = unload()) != -EWOULDBLOCK);
	return ret;
}

static bool says(const char *path, const char *word)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, word);
	fclose(f);
	return found;
}

/* What it makes when it is loaded, and what must be gone with it. */
struct trace_of {
	const char *path;
	const char *word;	/* in that file; NULL: the path itself */
};

static const struct trace_of traces[] = {
	{ "/sys/module/dipc" },
	{ "/proc/sys/net/dipc" },
	{ "/proc/modules", "dipc " },
	{ "/proc/net/protocols", "DIPC" },
	{ "/sys/kernel/slab/dipc_message" },
	{ "/proc/slabinfo", "dipc" },
	{ "/sys/kernel/tracing/events/dipc" },
};

static bool exists(const struct trace_of *t)
{
	return t->word ? says(t->path, t->word) : !access(t->path, F_OK);
}

FIXTURE(module)
{
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_SETUP(module)
{
	dt_unique(self->name, "unload");
	if (!is_loaded())
		ASSERT_EQ(0, load(""))
			TH_LOG("is DIPC_KO the module?");
}

/* The next test, and the next suite, want it. */
FIXTURE_TEARDOWN(module)
{
	if (!is_loaded())
		load("");
}

TEST_F(module, leaves_nothing)
{
	int before[ARRAY_SIZE(traces)];
	size_t i, seen = 0;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		before[i] = exists(&traces[i]);
	ASSERT_EQ(0, unload_soon());
	for (i = 0; i < ARRAY_SIZE(traces); i++) {
		EXPECT_FALSE(exists(&traces[i])) {
			TH_LOG("%s %s is still there", traces[i].path,
			       traces[i].word ?: "");
		}
		seen += before[i];
	}
	/* or else we look at the wrong places */
	EXPECT_LE(5, seen);
	EXPECT_EQ(0, load(""));
	for (i = 0; i < ARRAY_SIZE(traces); i++)
		EXPECT_EQ(before[i], exists(&traces[i]));
}

TEST_F(module, is_loaded_by_the_first_socket)
{
	int fd;

	ASSERT_EQ(0, unload_soon());
	fd = DT_ERR(socket(AF_DIPC, SOCK_RDM, 0));
	if (fd == -EAFNOSUPPORT)
		SKIP(return, "modprobe does not know the module");
	ASSERT_LE(0, fd);
	EXPECT_TRUE(is_loaded());
	close(fd);
}

TEST_F(module, is_kept_by_a_socket)
{
	int fd = dt_socket(SOCK_RDM);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	/* and works on */
	EXPECT_LT(0, dt_port_id(fd));
	close(fd);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, is_kept_by_a_socket_that_somebody_else_holds)
{
	int pair[2], fd = dt_socket(SOCK_DGRAM);
	char data = 'x', control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	/* in flight */
	ASSERT_EQ(1, sendmsg(pair[0], &msg, 0));
	close(fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(pair[0]);
	close(pair[1]);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, is_not_kept_by_mailboxes_and_messages_in_them)
{
	struct sockaddr_dipc addr = dt_mailbox(self->name);
	int fd, i;

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.capacity_msgs = 100)));
	fd = dt_socket(SOCK_RDM);
	ASSERT_LE(0, fd);
	for (i = 0; i < 100; i++)
		EXPECT_EQ(4, DT_ERR(sendto(fd, "abcd", 4, MSG_DONTWAIT,
					   (struct sockaddr *)&addr, sizeof(addr))));
	close(fd);
	EXPECT_EQ(100, dt_mailbox_queued(self->name));
	EXPECT_EQ(0, unload_soon());
	ASSERT_EQ(0, load(""));
	/* and they do not come back */
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
	EXPECT_EQ(-ENOENT, dt_mailbox_del(self->name));
}

struct holder {
	char name[DIPC_NAME_MAX + 1];
	int ready;
};

static int hold_namespace(void *arg)
{
	struct holder *h = arg;
	struct sockaddr_dipc addr = dt_mailbox(h->name);
	char c = 'r';
	int fd;

	if (dt_netns_new() || dt_mailbox_new(h->name, DT_MAILBOX()))
		return 1;
	fd = dt_socket(SOCK_RDM);
	if (fd < 0 || dt_send(fd, "x", 1, MSG_DONTWAIT, &addr) != 1)
		return 2;
	close(fd);
	if (write(h->ready, &c, 1) != 1)
		return 3;
	pause();
	return 0;
}

TEST_F(module, is_not_kept_by_mailboxes_of_another_namespace)
{
	struct holder holder;
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	memcpy(holder.name, self->name, sizeof(holder.name));
	holder.ready = ready[1];
	pid = dt_child(hold_namespace, &holder);
	ASSERT_LT(0, pid);
	close(ready[1]);
	EXPECT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load(""));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	close(ready[0]);
}

TEST_F(module, takes_another_family_and_says_so)
{
	char line[16] = "";
	FILE *f;
	int fd;

	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load("family=12"));
	f = fopen("/sys/module/dipc/parameters/family", "re");
	ASSERT_NE(NULL, f);
	EXPECT_NE(NULL, fgets(line, sizeof(line), f));
	fclose(f);
	EXPECT_STREQ("12\n", line);
	fd = socket(12, SOCK_RDM, 0);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, refuses_a_family_that_cannot_be_and_leaves_nothing)
{
	static const char *const params[] = {
		"family=0", "family=-1", "family=99999", "family=1", "family=x",
		"nonsense=1 family=0",
	};
	size_t i;

	ASSERT_EQ(0, unload_soon());
	for (i = 0; i < ARRAY_SIZE(params); i++) {
		EXPECT_GT(0, load(params[i]))
			TH_LOG("%s", params[i]);
		EXPECT_FALSE(is_loaded());
		EXPECT_NE(0, access("/proc/sys/net/dipc", F_OK));
		EXPECT_FALSE(says("/proc/net/protocols", "DIPC"));
	}
	EXPECT_EQ(0, load(""));
}

/* It is used a little in each round, so that there is something to leave. */
static bool use(const char *name)
{
	struct sockaddr_dipc addr = dt_mailbox(name);
	bool done = false;
	int fd;

	if (dt_mailbox_new(name, DT_MAILBOX()))
		return false;
	fd = dt_socket(SOCK_RDM);
	if (fd >= 0)
		done = dt_send(fd, "x", 1, MSG_DONTWAIT, &addr) == 1;
	close(fd);
	return done;
}

/* What the kernel holds in ways in which a module may lose it. */
static long kernel_kib(void)
{
	static const char *const what[] = {
		"SUnreclaim: %ld", "VmallocUsed: %ld", "Percpu: %ld",
	};
	FILE *f = fopen("/proc/meminfo", "re");
	long kib, sum = 0;
	char line[256];
	size_t i;

	while (f && fgets(line, sizeof(line), f))
		for (i = 0; i < ARRAY_SIZE(what); i++)
			if (sscanf(line, what[i], &kib) == 1)
				sum += kib;
	if (f)
		fclose(f);
	return sum;
}

TEST_F_TIMEOUT(module, is_loaded_and_unloaded_a_thousand_times, LIFE_MS / 1000 + 30)
{
	/* a kernel that is made for debugging may be asked for less */
	const char *asked = getenv("DIPC_ROUNDS");
	int i, rounds = asked ? atoi(asked) : N_ROUNDS;
	long end = dt_now_ms() + LIFE_MS, warm = 0, more;

	for (i = 0; i < rounds && dt_now_ms() < end; i++) {
		if (i == rounds / 10)
			warm = kernel_kib();
		/* each eighth with something in it */
		if (i % 8 == 0)
			ASSERT_TRUE(use(self->name))
				TH_LOG("round %d", i);
		ASSERT_EQ(0, unload_soon())
			TH_LOG("round %d", i);
		ASSERT_EQ(0, load(""))
			TH_LOG("round %d", i);
	}
	ASSERT_EQ(rounds, i)
		TH_LOG("out of time");
	/* it may be a while until all is freed; few rounds say nothing */
	more = kernel_kib() - warm;
	if (rounds >= N_ROUNDS)
		EXPECT_TRUE(DT_WAIT_UNTIL((more = kernel_kib() - warm) < rounds / 2));
	TH_LOG("%d rounds, the kernel holds %ld KiB more at the end", i, more);
	EXPECT_TRUE(use(self->name));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
}

TEST_HARNESS_MAIN
