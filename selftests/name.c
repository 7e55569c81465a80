// SPDX-License-Identifier: GPL-2.0
/*
 * The name table: what a name may look like, who finds it, what is left of it
 * when a socket goes, and how many a user may have.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "kselftest_harness.h"
#include "names.h"

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
	ASSERT_EQ(0, share_names(self->fd));
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

TEST_HARNESS_MAIN
