// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 600
 *
 * The name table: who may have a name, who shares it and how, what is left
 * when a socket goes, what a user may have, and that 100,000 names are as
 * easily found as ten.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

static int share(int fd)
{
	int one = 1;

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_REUSE_NAME, &one,
				 sizeof(one)));
}

/* A socket that shares its names, bound to one. */
static int shared_socket(const struct sockaddr_dipc *addr)
{
	int fd = dt_socket(SOCK_RDM);
	int err = share(fd);

	if (!err)
		err = dt_bind(fd, addr);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/*
 * Who may have a name that somebody has already
 */

FIXTURE(second)
{
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(second)
{
	bool first_shares, second_shares;
	bool other_type, other_user, other_scope;
	int result;
};

FIXTURE_VARIANT_ADD(second, neither_shares) {
	.result = -EADDRINUSE };
FIXTURE_VARIANT_ADD(second, only_the_first_shares) {
	.first_shares = true, .result = -EADDRINUSE };
FIXTURE_VARIANT_ADD(second, only_the_second_shares) {
	.second_shares = true, .result = -EADDRINUSE };
FIXTURE_VARIANT_ADD(second, both_share) {
	.first_shares = true, .second_shares = true, .result = 0 };
FIXTURE_VARIANT_ADD(second, other_type) {
	.first_shares = true, .second_shares = true, .other_type = true,
	.result = -EADDRINUSE };
FIXTURE_VARIANT_ADD(second, other_user) {
	.first_shares = true, .second_shares = true, .other_user = true,
	.result = -EADDRINUSE };
FIXTURE_VARIANT_ADD(second, other_scope) {
	.first_shares = true, .second_shares = true, .other_scope = true,
	.result = -EADDRINUSE };

FIXTURE_SETUP(second)
{
	dt_unique(self->name, "second");
}

FIXTURE_TEARDOWN(second)
{
}

struct bind_request {
	struct sockaddr_dipc addr;
	int type;
	bool shares;
};

static int bind_request(void *arg)
{
	struct bind_request *r = arg;
	int fd = dt_socket(r->type);
	int err;

	if (fd < 0)
		return fd;
	err = r->shares ? share(fd) : 0;
	if (!err)
		err = dt_bind(fd, &r->addr);
	close(fd);
	return err;
}

static int bind_as(bool other_user, struct bind_request *r)
{
	return other_user ? dt_as_user(DT_NOBODY, bind_request, r) :
			    bind_request(r);
}

TEST_F(second, is_let_in_or_not)
{
	struct bind_request r = { dt_name(self->name), SOCK_RDM,
				  variant->second_shares };
	int first = dt_socket(SOCK_RDM);

	ASSERT_LE(0, first)
		TH_LOG("no socket (module loaded?): %s", strerror(-first));
	if (variant->first_shares)
		ASSERT_EQ(0, share(first));
	ASSERT_EQ(0, dt_bind(first, &r.addr));
	if (variant->other_type)
		r.type = SOCK_DGRAM;
	if (variant->other_scope)
		r.addr.sdipc_scope = DIPC_SCOPE_NODE;
	EXPECT_EQ(variant->result, bind_as(variant->other_user, &r));

	/* whoever was refused may come when the first has gone */
	close(first);
	EXPECT_EQ(0, bind_as(variant->other_user, &r));
}

/*
 * One name for several ports
 */

#define MEMBERS 3

FIXTURE(shared)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int member[MEMBERS], tx;
};

FIXTURE_SETUP(shared)
{
	int i;

	dt_unique(self->name, "shared");
	self->addr = dt_name(self->name);
	for (i = 0; i < MEMBERS; i++) {
		self->member[i] = shared_socket(&self->addr);
		ASSERT_LE(0, self->member[i]);
	}
	self->tx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(shared)
{
	int i;

	for (i = 0; i < MEMBERS; i++)
		close(self->member[i]);
	close(self->tx);
}

TEST_F(shared, each_in_turn)
{
	int i;

	for (i = 0; i < 4 * MEMBERS; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, &self->addr));
	for (i = 0; i < 4 * MEMBERS; i++)
		EXPECT_EQ(i, dt_recv_number(self->member[i % MEMBERS],
					    MSG_DONTWAIT));
	for (i = 0; i < MEMBERS; i++)
		EXPECT_EQ(-EAGAIN, dt_recv_number(self->member[i],
						  MSG_DONTWAIT));
}

TEST_F(shared, each_in_turn_for_who_is_connected)
{
	int i;

	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	for (i = 0; i < 4 * MEMBERS; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
	for (i = 0; i < 4 * MEMBERS; i++)
		EXPECT_EQ(i, dt_recv_number(self->member[i % MEMBERS],
					    MSG_DONTWAIT));
}

TEST_F(shared, who_goes_is_passed_over)
{
	int i;

	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	close(self->member[1]);
	self->member[1] = -1;
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(i, dt_recv_number(self->member[i % 2 * 2],
					    MSG_DONTWAIT));
	close(self->member[0]);
	self->member[0] = -1;
	EXPECT_EQ(0, dt_send_number(self->tx, 7, 0, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 8, 0, &self->addr));
	EXPECT_EQ(7, dt_recv_number(self->member[2], MSG_DONTWAIT));
	EXPECT_EQ(8, dt_recv_number(self->member[2], MSG_DONTWAIT));
	close(self->member[2]);
	self->member[2] = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 9, 0, NULL));
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 9, 0, &self->addr));
}

TEST_F(shared, who_comes_is_met_too)
{
	int fd, i, n[MEMBERS + 1] = { 0 };

	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	EXPECT_EQ(0, dt_send_number(self->tx, 0, 0, NULL));
	EXPECT_EQ(0, dt_recv_number(self->member[0], MSG_DONTWAIT));
	fd = shared_socket(&self->addr);
	ASSERT_LE(0, fd);
	for (i = 0; i < 2 * (MEMBERS + 1); i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
	for (i = 0; i <= MEMBERS; i++)
		while (dt_recv_number(i < MEMBERS ? self->member[i] : fd,
				      MSG_DONTWAIT) >= 0)
			n[i]++;
	for (i = 0; i <= MEMBERS; i++)
		EXPECT_EQ(2, n[i]);
	close(fd);
}

static long send_blocking(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

TEST_F(shared, who_waits_for_one_stays_with_it)
{
	struct dt_thread t;
	int i;

	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	for (i = 0; i < MEMBERS; i++)
		ASSERT_EQ(0, dt_set_capacity(self->member[i], 1,
					     DIPC_POLICY_WAIT));
	for (i = 0; i < MEMBERS; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, NULL));
	ASSERT_EQ(0, dt_thread_start(&t, send_blocking, &self->tx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(1, dt_port_senders(dt_port_id(self->member[0])));
	/* room elsewhere does not help it */
	EXPECT_EQ(1, dt_recv_number(self->member[1], MSG_DONTWAIT));
	EXPECT_EQ(1, dt_port_senders(dt_port_id(self->member[0])));
	close(self->member[0]);
	self->member[0] = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&t));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->member[1], MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->member[2], MSG_DONTWAIT));
}

TEST_F(shared, the_option_counts_from_when_it_is_set)
{
	struct sockaddr_dipc a, b;
	int fd = dt_socket(SOCK_RDM), other = dt_socket(SOCK_RDM);
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "before");
	a = dt_name(name);
	dt_unique(name, "after");
	b = dt_name(name);
	ASSERT_EQ(0, dt_bind(fd, &a));
	ASSERT_EQ(0, share(fd));
	ASSERT_EQ(0, dt_bind(fd, &b));
	ASSERT_EQ(0, share(other));
	EXPECT_EQ(-EADDRINUSE, dt_bind(other, &a));
	EXPECT_EQ(0, dt_bind(other, &b));
	close(fd);
	close(other);
}

/*
 * Coming and going
 */

FIXTURE(name)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int fd, tx;
};

FIXTURE_SETUP(name)
{
	dt_unique(self->name, "name");
	self->addr = dt_name(self->name);
	self->fd = dt_socket(SOCK_RDM);
	self->tx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(name)
{
	close(self->fd);
	close(self->tx);
	dt_mailbox_del(self->name);
}

TEST_F(name, close_sets_all_names_free)
{
	struct sockaddr_dipc more[5];
	char name[DIPC_NAME_MAX + 1];
	struct dt_stats before, after;
	int i;

	ASSERT_EQ(0, dt_stats_get(&before));
	ASSERT_EQ(0, dt_bind(self->fd, &self->addr));
	for (i = 0; i < 5; i++) {
		dt_unique(name, "more");
		more[i] = dt_name(name);
		ASSERT_EQ(0, dt_bind(self->fd, &more[i]));
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.names + 6, after.names);
	close(self->fd);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.names, after.names);
	EXPECT_EQ(before.ports, after.ports);
	self->fd = dt_socket(SOCK_RDM);
	for (i = 4; i >= 0; i--) {
		EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &more[i]));
		EXPECT_EQ(0, dt_bind(self->fd, &more[i]));
		EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &more[i]));
	}
}

static int bind_and_die(void *arg)
{
	if (dt_socket_bound(SOCK_RDM, arg) < 0)
		return 1;
	raise(SIGKILL);
	return 2;
}

TEST_F(name, death_sets_the_name_free)
{
	pid_t pid = dt_child(bind_and_die, &self->addr);

	ASSERT_LT(0, pid);
	ASSERT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &self->addr));
	EXPECT_EQ(0, dt_bind(self->fd, &self->addr));
}

TEST_F(name, connection_does_not_move_to_who_has_the_name_next)
{
	int next = dt_socket(SOCK_RDM);

	ASSERT_EQ(0, dt_bind(self->fd, &self->addr));
	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	close(self->fd);
	ASSERT_EQ(0, dt_bind(next, &self->addr));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(-EAGAIN, dt_recv_number(next, MSG_DONTWAIT));
	ASSERT_EQ(0, dt_connect(self->tx, &self->addr));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(2, dt_recv_number(next, MSG_DONTWAIT));
	self->fd = next;
}

TEST_F(name, mailboxes_and_ports_share_one_table)
{
	ASSERT_EQ(0, dt_bind(self->fd, &self->addr));
	EXPECT_EQ(-EEXIST, dt_mailbox_new(self->name, NULL));
	close(self->fd);
	self->fd = dt_socket(SOCK_RDM);
	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	EXPECT_EQ(-EADDRINUSE, dt_bind(self->fd, &self->addr));
	ASSERT_EQ(0, share(self->fd));
	EXPECT_EQ(-EADDRINUSE, dt_bind(self->fd, &self->addr));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(0, dt_bind(self->fd, &self->addr));
}

TEST_F(name, mailbox_outlives_who_is_bound_to_it)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);

	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	ASSERT_EQ(0, dt_bind(self->fd, &mailbox));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &mailbox));
}

TEST_F(name, what_a_name_may_look_like)
{
	static const char *const good[] = {
		"a", "Z", "0", "a.b", "a/b/c", "x+y", "x-y", "x_y", "a..",
		"dipc", "dipcx", "dipc-x", "0123456789",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._/+-",
		"123456789012345678901234567890123456789012345678901234567890123",
	};
	/* the rest is in errors_address.c */
	struct sockaddr_dipc addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		addr = dt_name(good[i]);
		EXPECT_EQ(0, dt_bind(self->fd, &addr));
		EXPECT_EQ(0, dt_send_number(self->tx, i, 0, &addr));
		EXPECT_EQ(i, dt_recv_number(self->fd, MSG_DONTWAIT));
	}
}

TEST_F(name, names_differ_in_every_byte)
{
	struct sockaddr_dipc a = dt_name("nameA"), b = dt_name("namea");
	struct sockaddr_dipc c = dt_name("name"), d = dt_name("nameAA");
	int other = dt_socket(SOCK_RDM);

	ASSERT_EQ(0, dt_bind(self->fd, &a));
	ASSERT_EQ(0, dt_bind(other, &b));
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &c));
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &d));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &a));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &b));
	EXPECT_EQ(1, dt_recv_number(self->fd, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(other, MSG_DONTWAIT));
	close(other);
}

TEST_F(name, every_scope_is_found_here_by_every_scope)
{
	int bound, asked, fd;

	for (bound = 0; bound <= DIPC_SCOPE_CLUSTER; bound++) {
		self->addr.sdipc_scope = bound;
		fd = dt_socket_bound(SOCK_RDM, &self->addr);
		ASSERT_LE(0, fd);
		for (asked = 0; asked <= DIPC_SCOPE_CLUSTER; asked++) {
			self->addr.sdipc_scope = asked;
			EXPECT_EQ(0, dt_send_number(self->tx, asked, 0,
						    &self->addr));
			EXPECT_EQ(asked, dt_recv_number(fd, MSG_DONTWAIT));
		}
		close(fd);
	}
}

/*
 * What a user may have; in a namespace of its own, so that nobody else's
 * limits are touched
 */

#define USER	23456

static int bind_names(void *arg)
{
	int want = *(int *)arg, fd = dt_socket(SOCK_RDM), n, err = 0;
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;

	for (n = 0; n <= want; n++) {
		dt_unique(name, "limit");
		addr = dt_name(name);
		err = dt_bind(fd, &addr);
		if (err)
			break;
	}
	if (err != -ENOBUFS)
		return 1000;
	/* what it gives back it can have again */
	close(fd);
	fd = dt_socket_bound(SOCK_RDM, &addr);
	return fd < 0 ? fd : n;
}

static int bind_ports(void *arg)
{
	int want = *(int *)arg, fd[64] = { 0 }, n, i, last;
	struct sockaddr_dipc any = dt_any();

	for (n = 0; n <= want; n++) {
		fd[n] = dt_socket_bound(SOCK_RDM, &any);
		if (fd[n] < 0)
			break;
	}
	if (fd[n] != -ENOBUFS)
		return 1000;
	/* a socket that has none yet cannot receive or send */
	last = dt_socket(SOCK_RDM);
	if (dt_recv_number(last, MSG_DONTWAIT) != -ENOBUFS)
		return 1001;
	close(fd[0]);
	if (dt_bind(last, &any))
		return 1002;
	for (i = 1; i < n; i++)
		close(fd[i]);
	return n;
}

static int make_mailboxes(void *arg)
{
	int want = *(int *)arg, n, err = 0;
	char name[DIPC_NAME_MAX + 1];

	for (n = 0; n <= want; n++) {
		dt_unique(name, "limit");
		err = dt_mailbox_new(name, NULL);
		if (err)
			break;
		if (!n && (dt_mailbox_del(name) || dt_mailbox_new(name, NULL)))
			return 1001;
	}
	return err == -ENOBUFS ? n : 1000;
}

static int send_bytes(void *arg)
{
	int want = *(int *)arg, fd = dt_socket(SOCK_RDM), n, err = 0;
	struct sockaddr_dipc self = dt_port_of(fd);
	static char buf[10000];

	for (n = 0; n < 1000; n++) {
		err = dt_send(fd, buf, sizeof(buf), MSG_DONTWAIT, &self);
		if (err < 0)
			break;
	}
	if (err != -ENOBUFS)
		return 1000;
	/* one that is received makes room for one */
	dt_recv(fd, buf, sizeof(buf), 0, NULL);
	if (dt_send(fd, buf, sizeof(buf), 0, &self) < 0)
		return 1001;
	if (dt_send(fd, buf, sizeof(buf), 0, &self) != -ENOBUFS)
		return 1002;
	/* no less than was allowed but for one message's overhead */
	return n == want / 10100 || n == want / 10200 ? 0 : n;
}

TEST(user_has_no_more_names_than_it_may)
{
	int want = 5;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_names", want));
	EXPECT_EQ(want, dt_as_user(USER, bind_names, &want));
	/* another one has its own account */
	EXPECT_EQ(want, dt_as_user(USER + 1, bind_names, &want));
}

TEST(user_has_no_more_ports_than_it_may)
{
	int want = 5;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_ports", want));
	EXPECT_EQ(want, dt_as_user(USER, bind_ports, &want));
	EXPECT_EQ(want, dt_as_user(USER, bind_ports, &want));
}

TEST(user_has_no_more_mailboxes_than_it_may)
{
	int want = 4;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_mailboxes", want));
	EXPECT_EQ(want, dt_as_user(USER, make_mailboxes, &want));
	/* a mailbox is a name, too */
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_names", want - 1));
	EXPECT_EQ(want - 1, dt_as_user(USER + 1, make_mailboxes, &want));
}

TEST(user_has_no_more_bytes_under_way_than_it_may)
{
	int want = 200000;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", want));
	EXPECT_EQ(0, dt_as_user(USER, send_bytes, &want));
}

/*
 * 100,000 names
 */

#define NAMES		100000
#define PER_PORT	64
#define PORTS		((NAMES + PER_PORT - 1) / PER_PORT)

FIXTURE(many)
{
	long long names, ports;	/* the limits before */
	int *fd, tx;
};

FIXTURE_SETUP(many)
{
	struct rlimit limit = { PORTS + 64, PORTS + 64 };
	int i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->names = dt_limit_get("user_max_names");
	self->ports = dt_limit_get("user_max_ports");
	ASSERT_LT(0, self->names);
	ASSERT_LT(0, self->ports);
	ASSERT_EQ(0, dt_limit_set("user_max_names", 2 * NAMES));
	ASSERT_EQ(0, dt_limit_set("user_max_ports", 2 * NAMES));
	self->fd = calloc(PORTS, sizeof(int));
	ASSERT_NE(NULL, self->fd);
	for (i = 0; i < PORTS; i++) {
		self->fd[i] = dt_socket(SOCK_RDM);
		ASSERT_LE(0, self->fd[i]);
	}
	self->tx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(many)
{
	int i;

	for (i = 0; i < PORTS; i++)
		close(self->fd[i]);
	close(self->tx);
	dt_limit_set("user_max_names", self->names);
	dt_limit_set("user_max_ports", self->ports);
}

/* Well-known prefixes are what people have, and what hashes dislike. */
static struct sockaddr_dipc number_name(int i)
{
	char name[DIPC_NAME_MAX + 1];

	snprintf(name, sizeof(name), "service/of/some/department/%d", i);
	return dt_name(name);
}

static long ns_for_look_ups(int fd, int names, int n)
{
	struct timespec a, b;
	struct sockaddr_dipc addr;
	unsigned int x = 1;
	int i, err = 0;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < n && !err; i++) {
		x = x * 1103515245 + 12345;
		addr = number_name(x / 65536 % names);
		err = dt_connect(fd, &addr);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (err)
		return err;
	return ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec) /
	       n;
}

TEST_F_TIMEOUT(many, are_all_found, 550)
{
	struct sockaddr_dipc addr;
	struct dt_stats stats;
	long few = 0, many;
	int i, j;

	for (i = 0; i < NAMES; i++) {
		addr = number_name(i);
		ASSERT_EQ(0, dt_bind(self->fd[i / PER_PORT], &addr));
		if (i + 1 == 128)
			few = ns_for_look_ups(self->tx, i + 1, 2000);
	}
	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_LE(NAMES, stats.names);
	many = ns_for_look_ups(self->tx, NAMES, 2000);
	EXPECT_LT(0, few);
	EXPECT_LT(0, many);
	TH_LOG("connect() to one of 128 names: %ld ns, of %d: %ld ns", few,
	       NAMES, many);

	/* each leads to its own port */
	for (i = 0; i < NAMES; i++) {
		addr = number_name(i);
		ASSERT_EQ(0, dt_send_number(self->tx, i, MSG_DONTWAIT, &addr));
		ASSERT_EQ(i, dt_recv_number(self->fd[i / PER_PORT],
					    MSG_DONTWAIT));
	}
	addr = number_name(NAMES);
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &addr));

	/* every second port goes, and only its names with it */
	for (i = 0; i < PORTS; i += 2) {
		close(self->fd[i]);
		self->fd[i] = -1;
	}
	for (i = 0; i < NAMES; i++) {
		j = i / PER_PORT % 2;
		addr = number_name(i);
		ASSERT_EQ(j ? 0 : -ENOENT, dt_connect(self->tx, &addr));
	}
}

TEST_HARNESS_MAIN
