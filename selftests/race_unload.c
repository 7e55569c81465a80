// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 240
 *
 * The module is unloaded at the moment when it can be: right after the last
 * socket was closed, with timers set and callbacks pending, while somebody
 * opens a socket, asks over netlink, reads a limit or presses for memory.
 * Either it goes, or who uses it has it. The suite ends with it loaded.
 *
 * The module that is tested is $DIPC_KO.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "calls.h"
#include "completion.h"
#include "race.h"
#include "kselftest_harness.h"

#define ROUNDS		40
#define LARGE		16384
#define IN_LINE		8	/* asynchronous sends */

FIXTURE(race)
{
	int fd[4];
	int n_fds;
};

typedef FIXTURE_DATA(race) world;

static bool is_loaded(void)
{
	return !access("/sys/module/dipc/initstate", F_OK);
}

static int load(void)
{
	const char *ko = getenv("DIPC_KO");
	int fd = open(ko ?: "", O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static long unload(void *world_)
{
	return DT_ERR(syscall(SYS_delete_module, "dipc", O_NONBLOCK));
}

/* Again and again, until it goes. */
static long unload_as_soon_as_can_be(void *world_)
{
	long end = dt_now_ms() + DT_LONG_MS, ret;

	do {
		ret = unload(world_);
	} while (ret == -EWOULDBLOCK && dt_now_ms() < end);
	return ret;
}

static void close_all(world *w)
{
	while (w->n_fds)
		close(w->fd[--w->n_fds]);
}

FIXTURE_SETUP(race)
{
	self->n_fds = 0;
	if (!is_loaded())
		ASSERT_EQ(0, load())
			TH_LOG("is DIPC_KO the module?");
}

FIXTURE_TEARDOWN(race)
{
	close_all(self);
	if (!is_loaded())
		load();
}

/* Open sockets go with the sides; here there are none, and the module is. */
static bool set_loaded(void *world_)
{
	close_all(world_);
	return is_loaded() || !load();
}

static int open_one(world *w, int type)
{
	int fd = dt_socket(type);

	if (fd >= 0)
		w->fd[w->n_fds++] = fd;
	return fd;
}

/* Messages with deadlines, in a port and a mailbox, that pass about now. */
static bool put_deadlines(int tx, const struct sockaddr_dipc *to)
{
	int i;

	if (dt_connect(tx, to))
		return false;
	for (i = 0; i < 20; i++)
		if (post(tx, 'x', POST(.deadline_ns = 1000ULL +
				       race_draw(2000000))) != 1)
			return false;
	return true;
}

/* All that leaves something behind, to be freed or cancelled. */
static bool set_busy(void *world_)
{
	static char large[LARGE];
	struct sockaddr_dipc any = dt_any(), box = dt_mailbox("box"), to;
	world *w = world_;
	int rx, tx, server, i;

	if (!set_loaded(w))
		return false;
	rx = open_one(w, SOCK_RDM);
	tx = open_one(w, SOCK_RDM);
	server = open_one(w, SOCK_RDM);
	if (rx < 0 || tx < 0 || server < 0 || dt_bind(rx, &any) ||
	    dt_bind(server, &any) || calls_take_calls(server))
		return false;
	to = dt_port_of(rx);
	if (dt_mailbox_new("box", DT_MAILBOX()) || !put_deadlines(tx, &box) ||
	    !put_deadlines(tx, &to))
		return false;
	/* what is kept of it waits for the worker and the shrinker */
	if (send(tx, large, LARGE, 0) != LARGE || dt_set_capacity(rx, 1, 0))
		return false;
	for (i = 0; i < IN_LINE; i++)
		if (send_async(tx, 'x', i) != 1)
			return false;
	to = dt_port_of(server);
	return calls_start(BY_OP, tx, "question",
			   WITH(.dest = &to, .cookie = 1, .deadline_ns =
				1000ULL + race_draw(2000000))) >= 0;
}

static long close_them(void *world_)
{
	close_all(world_);
	return 0;
}

static int judge_gone(void *world_, const long *ret)
{
	return !ret[0] && !ret[1] && !is_loaded() ? 0 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, last_close_against_unload, 200)
{
	static const struct race race = {
		"last close against unload", .rounds = ROUNDS,
		.set = set_busy,
		.side = { close_them, unload_as_soon_as_can_be },
		.judge = judge_gone,
		.outcome = { { "unloaded", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long press_for_memory(void *world_)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	long ret = fd < 0 ? -errno : DT_ERR(write(fd, "2", 1));

	close(fd);
	return ret;
}

TEST_F_TIMEOUT(race, shrinker_against_last_close_and_unload, 200)
{
	static const struct race race = {
		"shrinker against last close and unload", .rounds = ROUNDS,
		.set = set_busy,
		.side = { close_them, unload_as_soon_as_can_be,
			  press_for_memory },
		.judge = judge_gone,
		.outcome = { { "unloaded", RACE_UNKNOWN } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long open_socket(void *world_)
{
	return DT_ERR(socket(AF_DIPC, SOCK_RDM | SOCK_CLOEXEC, 0));
}

/* It loads the module, where modprobe knows it, or the socket is not there. */
static int judge_opened(void *world_, const long *ret)
{
	long answer = -1;

	if (ret[1] >= 0) {
		/* and it works, whatever became of the module in between */
		answer = dt_port_id(ret[1]) ? 0 : -1;
		close(ret[1]);
		if (answer)
			return RACE_WRONG;
		return ret[0] == -EWOULDBLOCK ? 0 : !ret[0] ? 1 : RACE_WRONG;
	}
	return !ret[0] && ret[1] == -EAFNOSUPPORT ? 2 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, socket_against_unload, 200)
{
	static const struct race race = {
		"unload against socket()", .rounds = ROUNDS,
		.set = set_loaded, .side = { unload, open_socket },
		.judge = judge_opened,
		.outcome = { { "it stays", 1 }, { "it comes again", 0 },
			     { "it is gone", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

/* Whoever asks is answered, or there is nobody to ask. */
static long ask(void *world_)
{
	struct dt_stats stats;

	return dt_stats_get(&stats);
}

static int judge_asked(void *world_, const long *ret)
{
	if (ret[0] && ret[0] != -EWOULDBLOCK)
		return RACE_WRONG;
	switch (ret[1]) {
	case 0:
		return 0;
	/* before it has looked for the family, or after */
	case -ENOENT:
	case -EOPNOTSUPP:
		return 1;
	default:
		return RACE_WRONG;
	}
}

TEST_F_TIMEOUT(race, netlink_against_unload, 200)
{
	static const struct race race = {
		"unload against netlink", .rounds = ROUNDS,
		.set = set_loaded, .side = { unload, ask },
		.judge = judge_asked,
		.outcome = { { "answered", 1 }, { "nobody there", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

static long set_limit(void *world_)
{
	return dt_limit_set("user_max_bytes", 1 << 27);
}

static int judge_limit(void *world_, const long *ret)
{
	if (ret[0])
		return RACE_WRONG;
	return !ret[1] ? 0 : ret[1] == -ENOENT || ret[1] == -EINVAL ?
	       1 : RACE_WRONG;
}

TEST_F_TIMEOUT(race, sysctl_against_unload, 200)
{
	static const struct race race = {
		"unload against a sysctl", .rounds = ROUNDS,
		.set = set_loaded, .side = { unload, set_limit },
		.judge = judge_limit,
		.outcome = { { "set", 1 }, { "not there", 0 } },
	};

	EXPECT_EQ(0, race_run(&race, self));
}

TEST_HARNESS_MAIN
