// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what over netlink: as a truth table of users and commands, from
 * other user namespaces, and through sockets that somebody else has opened;
 * and who may look into queues. And how ids of users and processes look to
 * different readers.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "call.h"
#include "look.h"
#include "who.h"

/* What is tried on the mailbox "hers", which is Alice's. */
struct try {
	uint8_t cmd;
	struct dt_mailbox_conf conf;
};

static int try_it(void *arg)
{
	const struct try *try = arg;
	struct dt_queue q;

	switch (try->cmd) {
	case DIPC_CMD_MAILBOX_GET:
		return dt_mailbox_get("hers", &q);
	case DIPC_CMD_MAILBOX_NEW:
		return dt_mailbox_new("new", &try->conf);
	case DIPC_CMD_MAILBOX_SET:
		return dt_mailbox_set("hers", &try->conf);
	case DIPC_CMD_MAILBOX_DEL:
		return dt_mailbox_del("hers");
	case DIPC_CMD_MAILBOX_PURGE:
		return dt_mailbox_purge("hers", NULL);
	}
	return -ENOSYS;
}

FIXTURE(world) {
};

FIXTURE_SETUP(world)
{
	ASSERT_EQ(0, dt_netns_new());
	/* the mode is about messages, and says nothing of who may do these */
	ASSERT_EQ(0, dt_mailbox_new("hers", DT_MAILBOX(.uid = ALICE,
				.gid = STAFF, .mode = 0777)));
}

FIXTURE_TEARDOWN(world)
{
	dt_mailbox_del("hers");
	dt_mailbox_del("new");
}

#define GET	DIPC_CMD_MAILBOX_GET
#define NEW	DIPC_CMD_MAILBOX_NEW
#define SET	DIPC_CMD_MAILBOX_SET
#define DEL	DIPC_CMD_MAILBOX_DEL
#define PURGE	DIPC_CMD_MAILBOX_PURGE
#define WITH(...) *DT_MAILBOX(__VA_ARGS__)

TEST_F(world, truth_table_of_users)
{
	static const struct {
		const char *what;
		struct try try;
		int alice, bob;		/* root may always */
	} rows[] = {
		{ "look", { GET }, 0, 0 },
		{ "make", { NEW, WITH() }, 0, 0 },
		{ "make for myself", { NEW, WITH(.uid = ALICE) }, 0, EPERM },
		{ "make for Bob", { NEW, WITH(.uid = BOB) }, EPERM, 0 },
		{ "make for root", { NEW, WITH(.uid = 0) }, EPERM, EPERM },
		{ "make for a group", { NEW, WITH(.gid = STAFF) },
		  EPERM, EPERM },
		{ "make for my group", { NEW, WITH(.gid = ALICE) }, 0, EPERM },
		{ "mode", { SET, WITH(.mode = 0) }, 0, EPERM },
		{ "policy", { SET, WITH(.policy = 1) }, 0, EPERM },
		{ "nothing", { SET, WITH() }, 0, EPERM },
		{ "the same owner", { SET, WITH(.uid = ALICE) }, 0, EPERM },
		{ "take", { SET, WITH(.uid = BOB) }, EPERM, EPERM },
		{ "the same group", { SET, WITH(.gid = STAFF) }, 0, EPERM },
		{ "own group", { SET, WITH(.gid = ALICE) }, 0, EPERM },
		{ "other group", { SET, WITH(.gid = BOB) }, EPERM, EPERM },
		{ "purge", { PURGE }, 0, EPERM },
		{ "delete", { DEL }, 0, EPERM },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct try try = rows[i].try;

		EXPECT_EQ(-rows[i].bob, dt_as_user(BOB, try_it, &try)) {
			TH_LOG("Bob: %s", rows[i].what);
		}
		dt_mailbox_del("new");
		EXPECT_EQ(-rows[i].alice, dt_as_user(ALICE, try_it, &try)) {
			TH_LOG("Alice: %s", rows[i].what);
		}
		dt_mailbox_del("new");
		dt_mailbox_del("hers");
		ASSERT_EQ(0, dt_mailbox_new("hers", DT_MAILBOX(.uid = ALICE,
					.gid = STAFF, .mode = 0777)));
		EXPECT_EQ(0, try_it(&try)) {
			TH_LOG("root: %s", rows[i].what);
		}
		dt_mailbox_del("new");
		dt_mailbox_del("hers");
		ASSERT_EQ(0, dt_mailbox_new("hers", DT_MAILBOX(.uid = ALICE,
					.gid = STAFF, .mode = 0777)));
	}
}

/* Gives the errno as a status. */
static int as_alice_of_staff(void *arg)
{
	gid_t staff = STAFF;

	if (setgroups(1, &staff) || setresgid(ALICE, ALICE, ALICE) ||
	    setresuid(ALICE, ALICE, ALICE))
		return 255;
	return -try_it(arg);
}

TEST_F(world, owner_may_give_to_a_group_of_his)
{
	struct try staff = { NEW, WITH(.gid = STAFF) };
	struct try other = { SET, WITH(.gid = 4242) };

	EXPECT_EQ(0, dt_child_wait(dt_child(as_alice_of_staff, &staff)));
	EXPECT_EQ(EPERM, dt_child_wait(dt_child(as_alice_of_staff, &other)));
}

/* Root in a user namespace of his own, in this network namespace. */
static int as_root_of_own_user_ns(void *arg)
{
	char map[32];
	FILE *f;

	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		return -errno;
	snprintf(map, sizeof(map), "0 %d 1", BOB);
	f = fopen("/proc/self/uid_map", "w");
	if (!f || fputs(map, f) < 0 || fclose(f))
		return -EIO;
	return try_it(arg);
}

TEST_F(world, root_of_another_user_namespace_is_nobody_special)
{
	static const struct {
		struct try try;
		int err;
	} rows[] = {
		{ { GET }, 0 },
		{ { SET, WITH(.mode = 0) }, EPERM },
		{ { PURGE }, EPERM },
		{ { DEL }, EPERM },
		{ { NEW, WITH() }, 0 },
		/* 0 there is Bob, who may have it */
		{ { NEW, WITH(.uid = 0) }, 0 },
		/* and Alice is no one there */
		{ { NEW, WITH(.uid = ALICE) }, EINVAL },
		{ { NEW, WITH(.gid = 0) }, EINVAL },
	};
	struct dt_queue q;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct try try = rows[i].try;

		EXPECT_EQ(-rows[i].err,
			  dt_as_user(BOB, as_root_of_own_user_ns, &try)) {
			TH_LOG("row %zu", i);
		}
		if (try.cmd == NEW && !rows[i].err) {
			ASSERT_EQ(0, dt_mailbox_get("new", &q));
			EXPECT_EQ(BOB, q.uid);
			EXPECT_EQ(0, dt_mailbox_del("new"));
		}
	}
}

static int in_own_net_ns(void *arg)
{
	struct dt_queue q;

	if (dt_mailbox_new("mine", DT_MAILBOX()))
		return 1;
	if (dt_mailbox_get("mine", &q) || q.uid || q.gid)
		return 2;
	/* ids that are not mapped are nobody's */
	if (dt_mailbox_set("mine", DT_MAILBOX(.uid = 1)) != -EINVAL)
		return 3;
	if (dt_mailbox_get("hers", &q) != -ENOENT)
		return 4;
	return dt_mailbox_del("mine");
}

TEST_F(world, root_of_a_network_namespace_is_root_there)
{
	EXPECT_EQ(0, dt_as_ns_root(in_own_net_ns, NULL));
}

/*
 * Sockets that somebody else has opened
 */

static int open_as(struct dt_nl *nl, uid_t uid)
{
	int err;

	if (become(uid))
		return -EPERM;
	err = dt_nl_open(nl);
	become(0);
	return err;
}

static int call(struct dt_nl *nl, uint8_t cmd, const char *name)
{
	dt_nl_begin(nl, cmd, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	return dt_nl_call(nl, NULL, NULL, NULL);
}

TEST_F(world, privileged_writer_lends_nothing_to_who_opened_the_socket)
{
	static struct dt_nl nl;

	ASSERT_EQ(0, open_as(&nl, BOB));
	/* root writes now */
	EXPECT_EQ(-EPERM, call(&nl, DEL, "hers"));
	EXPECT_NE('\0', nl.extack[0]);
	EXPECT_EQ(-EPERM, call(&nl, PURGE, "hers"));
	EXPECT_EQ(-EPERM, call(&nl, SET, "hers"));
	EXPECT_EQ(-EPERM, call(&nl, NEW, "new"));
	EXPECT_NE(NULL, strstr(nl.extack, "another user"));
	EXPECT_EQ(0, call(&nl, GET, "hers"));
	dt_nl_close(&nl);

	/* who owns it has opened it: both may */
	ASSERT_EQ(0, open_as(&nl, ALICE));
	EXPECT_EQ(0, call(&nl, PURGE, "hers"));
	dt_nl_close(&nl);
}

TEST_F(world, privileged_opener_lends_nothing_to_who_writes)
{
	static struct dt_nl nl;

	ASSERT_EQ(0, dt_nl_open(&nl));
	ASSERT_EQ(0, become(BOB));
	EXPECT_EQ(-EPERM, call(&nl, DEL, "hers"));
	EXPECT_EQ(0, call(&nl, NEW, "new"));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, become(ALICE));
	EXPECT_EQ(-EPERM, call(&nl, DEL, "new"));
	EXPECT_EQ(0, call(&nl, DEL, "hers"));
	ASSERT_EQ(0, become(0));
	dt_nl_close(&nl);
}

/*
 * Ids, as the reader sees them
 */

static int uids_of_other_user_ns(void *arg)
{
	struct dt_queue q;
	char map[32];
	FILE *f;

	prctl(PR_SET_DUMPABLE, 1);
	if (dt_mailbox_new("new", DT_MAILBOX()) || unshare(CLONE_NEWUSER))
		return 1;
	snprintf(map, sizeof(map), "7 %d 1", BOB);
	f = fopen("/proc/self/uid_map", "w");
	if (!f || fputs(map, f) < 0 || fclose(f))
		return 2;
	if (dt_mailbox_get("new", &q) || q.uid != 7 || q.gid != 65534)
		return 3;
	if (dt_mailbox_get("hers", &q) || q.uid != 65534 || q.gid != 65534)
		return 4;
	return 0;
}

TEST_F(world, user_ids_are_those_of_the_readers_user_namespace)
{
	EXPECT_EQ(0, dt_as_user(BOB, uids_of_other_user_ns, NULL));
}

struct pids {
	uint64_t port;
	int pid;		/* as it must look */
};

static int port_has_pid(void *arg)
{
	const struct pids *p = arg;
	struct dt_queue q;

	return dt_port_get(p->port, &q) ? 1 : q.pid == p->pid ? 0 : 2;
}

TEST_F(world, process_ids_are_those_of_the_readers_pid_namespace)
{
	struct pids p = { .pid = getpid() };
	int fd = dt_socket(SOCK_RDM);
	pid_t pid;

	ASSERT_LE(0, fd);
	p.port = dt_port_id(fd);
	EXPECT_EQ(0, dt_child_wait(dt_child(port_has_pid, &p)));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	p.pid = 0;
	/* dt_child() looks who its parent is, which is nobody there */
	pid = fork();
	if (!pid)
		_exit(port_has_pid(&p));
	EXPECT_EQ(0, dt_child_wait(pid));
	close(fd);
}

/*
 * Who may look into queues: E-NL-18
 */

static int peek_at(void *arg)
{
	static struct peeked got;
	static struct dt_nl nl;
	int err = dt_nl_open(&nl);

	if (!err)
		err = peek(&nl, arg, LIMITS(), &got);
	return err;
}

static int waiters_of(void *arg)
{
	static struct waiters all;
	static struct dt_nl nl;
	const uint64_t *port = arg;
	int err = dt_nl_open(&nl);

	return err ? err : waiters_get(&nl, *port, "box", &all);
}

TEST_F(look, mailbox_is_for_those_who_may_receive)
{
	static const struct {
		unsigned int mode;
		int alice, bob;
	} rows[] = {
		{ 0600, 0, EACCES }, { 0400, 0, EACCES },
		{ 0200, EACCES, EACCES }, { 0604, 0, 0 },
		{ 0622, 0, EACCES }, { 0006, EACCES, 0 },
		{ 0000, EACCES, EACCES },
	};
	uint64_t none = 0;
	size_t i;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.uid = ALICE,
						      .gid = ALICE)));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_EQ(0, dt_mailbox_set("box",
					    DT_MAILBOX(.mode = rows[i].mode)));
		EXPECT_EQ(-rows[i].alice, dt_as_user(ALICE, peek_at, "box")) {
			TH_LOG("Alice, %04o", rows[i].mode);
		}
		EXPECT_EQ(-rows[i].bob, dt_as_user(BOB, peek_at, "box")) {
			TH_LOG("Bob, %04o", rows[i].mode);
		}
		EXPECT_EQ(-rows[i].alice, dt_as_user(ALICE, waiters_of, &none));
		EXPECT_EQ(-rows[i].bob, dt_as_user(BOB, waiters_of, &none));
		EXPECT_EQ(0, peek_at("box"));
		EXPECT_EQ(0, waiters_of(&none));
	}
}

TEST_F(look, port_is_for_its_owner_and_who_administers_the_network)
{
	struct sockaddr_dipc any = dt_any();
	uint64_t port;
	int fd;

	ASSERT_EQ(0, become(ALICE));
	fd = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_EQ(0, become(0));
	ASSERT_LE(0, fd);
	port = dt_port_id(fd);
	EXPECT_EQ(0, dt_as_user(ALICE, waiters_of, &port));
	EXPECT_EQ(-EACCES, dt_as_user(BOB, waiters_of, &port));
	EXPECT_EQ(0, waiters_of(&port));
	close(fd);
}

TEST_F(look, both_who_opens_and_who_asks_must_have_the_right)
{
	static struct dt_nl nl;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.mode = 0600)));
	ASSERT_EQ(0, become(BOB));
	ASSERT_EQ(0, dt_nl_open(&nl));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(-EACCES, peek(&nl, "box", LIMITS(), &self->got));
	EXPECT_NE(NULL, strstr(nl.extack, "permission"));
	EXPECT_EQ(-EACCES, waiters_get(&nl, 0, "box", &self->waiters));
	dt_nl_close(&nl);

	ASSERT_EQ(0, become(BOB));
	EXPECT_EQ(-EACCES, peek(&self->nl, "box", LIMITS(), &self->got));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
}

TEST_HARNESS_MAIN
