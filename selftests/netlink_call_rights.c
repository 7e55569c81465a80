// SPDX-License-Identifier: GPL-2.0
/*
 * Who is shown which calls over netlink: those of his network namespace, with
 * the processes of his pid namespace; of these, his own, those to his servers,
 * and with the capability all.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <sched.h>

#include "calls_shown.h"
#include "who.h"

TEST_F(calls, namespaces_do_not_see_each_other)
{
	int here = dt_netns_open();

	ASSERT_LE(0, here);
	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to)));
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
	ASSERT_EQ(0, dt_netns_enter(here));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(1, self->seen.n);
	close(here);
}

static int look_from_inside(void *arg)
{
	struct calls_seen *seen = arg;
	const struct call_seen *c;
	int err = calls_see(seen, NULL, NULL);

	c = seen->c;
	if (err || seen->n != 1)
		return 1;
	if (c->client_pid || c->client_tid || c->owner_pid)
		return 2;
	return c->state == DIPC_CALL_STATUS_TAKEN && !c->server_pid &&
	       !c->server_tid && c->server_port ? 0 : 3;
}

/* As the reader's pid namespace sees them: here, not at all. */
TEST_F(calls, processes_of_other_pid_namespaces_are_0)
{
	struct calls_client client;
	struct calls_got got;
	pid_t child;

	ASSERT_EQ(0, calls_client_start(&client, BY_OP, self->client, "a",
					WITH(.dest = &self->to)));
	got = calls_recv(BY_OP, self->server, 0);
	ASSERT_EQ(1, got.ret);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	/* dt_child() looks who its parent is, which is nobody there */
	child = fork();
	if (!child)
		_exit(look_from_inside(&self->seen));
	EXPECT_EQ(0, dt_child_wait(child));
	ASSERT_EQ(3, calls_reply(BY_OP, self->server, got.r.handle, "abc"));
	EXPECT_EQ(3, calls_client_end(&client));
}

static int count(void *unused)
{
	return calls_seen_in(DIPC_CALL_STATUS_QUEUED);
}

static const struct who alice = { ALICE, OTHERS, OTHERS, NO_CAPS };
static const struct who bob = { BOB, OTHERS, OTHERS, NO_CAPS };
static const struct who admin = { BOB, OTHERS, OTHERS, 1u << CAP_NET_ADMIN };

#define SEEN_AS(who) AS(&(who), count(NULL))

/* Alice's server, called by root: to her, and to who may look at everything. */
TEST_F(calls, call_is_shown_to_client_and_server_only)
{
	struct sockaddr_dipc hers = dt_name("hers");
	int server = AS(&alice, calls_server(SOCK_RDM, &hers)), client;

	ASSERT_LE(0, server);
	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &hers)));
	EXPECT_EQ(1, SEEN_AS(alice));
	EXPECT_EQ(0, SEEN_AS(bob));
	EXPECT_EQ(1, SEEN_AS(admin));
	EXPECT_EQ(1, count(NULL));
	client = dt_socket(SOCK_RDM);
	ASSERT_LE(0, client);
	ASSERT_LE(0, AS(&bob, calls_start(BY_OP, client, "b",
					  WITH(.dest = &hers))));
	EXPECT_EQ(2, SEEN_AS(alice));
	EXPECT_EQ(1, SEEN_AS(bob));
	EXPECT_EQ(2, SEEN_AS(admin));
	close(client);
	close(server);
}

TEST_F(calls, call_in_a_mailbox_is_shown_to_those_who_may_receive)
{
	struct sockaddr_dipc box = dt_mailbox("box");

	ASSERT_EQ(0, dt_mailbox_new("box", DT_MAILBOX(.uid = ALICE,
						      .gid = STAFF,
						      .mode = 0622)));
	ASSERT_LE(0, calls_start(BY_OP, self->client, "a", WITH(.dest = &box)));
	EXPECT_EQ(1, SEEN_AS(alice));
	EXPECT_EQ(0, SEEN_AS(bob));
	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.mode = 0666)));
	EXPECT_EQ(1, SEEN_AS(bob));
	ASSERT_EQ(0, dt_mailbox_del("box"));
	EXPECT_EQ(0, SEEN_AS(alice));
}

static void count_cb(int type, const void *data, int len, void *arg)
{
	++*(uint32_t *)arg;
}

/* Who opens the socket for somebody else does not lend him what he may see. */
TEST_F(calls, socket_of_root_shows_nothing_more_to_others)
{
	static struct dt_nl nl;
	uint32_t n = 0;

	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to)));
	ASSERT_EQ(0, dt_nl_open(&nl));
	dt_nl_begin(&nl, DIPC_CMD_CALL_GET, NLM_F_DUMP);
	ASSERT_EQ(0, AS(&bob, dt_nl_call(&nl, NULL, count_cb, &n)));
	EXPECT_EQ(0, n);
	dt_nl_begin(&nl, DIPC_CMD_CALL_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&nl, NULL, count_cb, &n));
	EXPECT_LT(0, n);
	dt_nl_close(&nl);
}

TEST_HARNESS_MAIN
