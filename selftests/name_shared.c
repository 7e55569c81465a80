// SPDX-License-Identifier: GPL-2.0
/*
 * Names that are taken already: who may have one as well, and how those who
 * share a name share what is sent to it.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "names.h"

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
	err = r->shares ? share_names(fd) : 0;
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
		ASSERT_EQ(0, share_names(first));
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
	ASSERT_EQ(0, share_names(fd));
	ASSERT_EQ(0, dt_bind(fd, &b));
	ASSERT_EQ(0, share_names(other));
	EXPECT_EQ(-EADDRINUSE, dt_bind(other, &a));
	EXPECT_EQ(0, dt_bind(other, &b));
	close(fd);
	close(other);
}

TEST_HARNESS_MAIN
