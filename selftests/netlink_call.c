// SPDX-License-Identifier: GPL-2.0
/*
 * Calls over netlink: each with all that is known of it, wherever it is and
 * however far it has come; and that a dump has all that last, once, whatever
 * comes and goes meanwhile. Who is shown which is in netlink_call_rights.c.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <signal.h>
#include <stdlib.h>

#include "calls_place.h"
#include "calls_shown.h"

#define HOUR	3600000000000ULL	/* in nanoseconds */

/*
 * One call, where it goes to and how far it has come
 */

FIXTURE(one) {
	struct calls_peer server;	/* a process of its own */
	struct calls_peer_memory *m;
	struct calls_seen seen;
	int client;
	const struct sockaddr_dipc *to;
};

FIXTURE_VARIANT(one) {
	enum calls_place place;
	uint64_t has;			/* that says where it is */
};

FIXTURE_VARIANT_ADD(one, port) { AT_PORT, CALL_HAS_PORT };
FIXTURE_VARIANT_ADD(one, name) { AT_NAME, CALL_HAS_PORT };
FIXTURE_VARIANT_ADD(one, mailbox) { AT_MAILBOX, CALL_HAS(MAILBOX) };
FIXTURE_VARIANT_ADD(one, link) { AT_LINK, CALL_HAS_LINK };

static long server_port(struct calls_peer_memory *m, long unused)
{
	m->value = dt_port_id(m->fd);
	return 0;
}

FIXTURE_SETUP(one)
{
	static struct calls_peer_memory *m;

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, calls_peer_start(&self->server));
	m = self->m = self->server.m;
	ASSERT_EQ(0, calls_place_make(m, variant->place));
	ASSERT_EQ(0, calls_peer_do(&self->server, calls_place_open, 0));
	self->client = calls_place_client(m);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, calls_peer_do(&self->server, calls_place_accept, 0));
	ASSERT_EQ(0, calls_peer_do(&self->server, server_port, 0));
	self->to = calls_place_dest(m);
}

FIXTURE_TEARDOWN(one)
{
	calls_seen_free(&self->seen);
	close(self->client);
	calls_peer_kill(&self->server);
	if (variant->place == AT_MAILBOX)
		dt_mailbox_del(self->m->addr.sdipc_name);
}

typedef FIXTURE_DATA(one) one;

/* The only one there is, or NULL. */
static const struct call_seen *look(one *o)
{
	if (calls_see(&o->seen, NULL, NULL) || o->seen.n != 1)
		return NULL;
	return o->seen.c;
}

static long take(one *o)
{
	return calls_peer_do(&o->server, calls_peer_take, BY_OP);
}

static long reply(one *o)
{
	return calls_peer_do(&o->server, calls_peer_reply, BY_OP);
}

/* Where it went to. */
#define EXPECT_PLACE(c) do {						\
	if ((c)->has & CALL_HAS(PORT))					\
		EXPECT_EQ(self->m->value, (c)->port);			\
	if ((c)->has & CALL_HAS(MAILBOX))				\
		EXPECT_STREQ(self->m->addr.sdipc_name, (c)->mailbox);	\
	if ((c)->has & CALL_HAS(LINK))					\
		EXPECT_LT(0, (c)->link);				\
	if ((c)->has & CALL_HAS(OWNER_PID))				\
		EXPECT_EQ(self->server.pid, (c)->owner_pid);		\
} while (0)

#define EXPECT_SERVER(c) do {						\
	EXPECT_EQ(self->m->value, (c)->server_port);			\
	EXPECT_EQ(self->server.pid, (c)->server_pid);			\
	EXPECT_EQ(self->server.pid, (c)->server_tid);			\
} while (0)

TEST_F(one, sync_call_is_shown_from_its_beginning_to_its_end)
{
	const struct call_seen *c;
	struct calls_client client;

	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
	ASSERT_EQ(0, calls_client_start(&client, BY_OP, self->client, "abc",
					WITH(.dest = self->to,
					     .deadline_ns = HOUR,
					     .semantics = DIPC_MAYBE)));
	ASSERT_TRUE(calls_client_wait_asleep(&client));

	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(CALL_HAS_ALWAYS | CALL_HAS(DEADLINE_NS) | variant->has,
		  c->has);
	EXPECT_FALSE(c->twice);
	EXPECT_EQ(DIPC_CALL_STATUS_QUEUED, c->state);
	EXPECT_EQ(DIPC_MAYBE, c->semantics);
	EXPECT_EQ(1, c->attempt);
	EXPECT_EQ(3, c->len);
	EXPECT_EQ(CALLS_TEXT_MAX, c->reply_max);
	EXPECT_EQ(dt_port_id(self->client), c->client_port);
	EXPECT_EQ(0, c->client_uid);
	EXPECT_EQ(getpid(), c->client_pid);
	EXPECT_EQ(client.thread.tid, c->client_tid);
	EXPECT_LT(0, c->deadline_ns);
	EXPECT_GE(HOUR, c->deadline_ns);
	EXPECT_GT(HOUR, c->age_ns);
	EXPECT_PLACE(c);

	ASSERT_EQ(3, take(self));
	EXPECT_EQ(self->m->got.r.id, c->id);
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(CALL_HAS_ALWAYS | CALL_HAS(DEADLINE_NS) | variant->has |
		  CALL_HAS_SERVER, c->has);
	EXPECT_FALSE(c->twice);
	EXPECT_EQ(DIPC_CALL_STATUS_TAKEN, c->state);
	EXPECT_EQ(self->m->got.r.id, c->id);
	EXPECT_EQ(client.thread.tid, c->client_tid);
	EXPECT_PLACE(c);
	EXPECT_SERVER(c);

	ASSERT_LE(0, reply(self));
	EXPECT_EQ(5, calls_client_end(&client));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

TEST_F(one, async_call_is_shown_until_its_outcome_is_read)
{
	const struct call_seen *c;
	uint64_t has = CALL_HAS_ALWAYS | CALL_IS_ASYNC | variant->has;

	ASSERT_LE(0, calls_start(BY_OP, self->client, "abcd",
				 WITH(.dest = self->to, .cookie = 77,
				      .reply_max = 99)));
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(has, c->has);
	EXPECT_FALSE(c->twice);
	EXPECT_EQ(DIPC_CALL_STATUS_QUEUED, c->state);
	EXPECT_EQ(DIPC_AT_MOST_ONCE, c->semantics);
	EXPECT_EQ(77, c->cookie);
	EXPECT_EQ(4, c->len);
	EXPECT_EQ(99, c->reply_max);
	EXPECT_EQ(getpid(), c->client_pid);
	EXPECT_EQ(getpid(), c->client_tid);
	EXPECT_PLACE(c);

	ASSERT_EQ(4, take(self));
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(has | CALL_HAS_SERVER, c->has);
	EXPECT_EQ(DIPC_CALL_STATUS_TAKEN, c->state);
	EXPECT_SERVER(c);

	ASSERT_LE(0, reply(self));
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(has | CALL_HAS_SERVER, c->has);
	EXPECT_EQ(DIPC_CALL_STATUS_ENDED, c->state);
	EXPECT_EQ(self->m->got.r.id, c->id);
	EXPECT_EQ(77, c->cookie);
	EXPECT_SERVER(c);

	EXPECT_EQ(5, calls_finish(BY_MSG, self->client, 0).ret);
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

#define TICK_MS	10	/* at HZ=100 */

/* No older than what has begun it, as the kernel's ticks see it. */
static bool is_young(const struct call_seen *c, uint64_t begun_ms)
{
	return c->age_ns / 1000000 <= dt_ticks_ms() - begun_ms + 2 * TICK_MS;
}

TEST_F(one, age_begins_anew_with_each_state)
{
	const struct call_seen *c;
	uint64_t begun;

	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = self->to)));
	ASSERT_TRUE(DT_WAIT_UNTIL((c = look(self)) && c->age_ns > 100000000));
	begun = dt_ticks_ms();
	ASSERT_EQ(1, take(self));
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_TRUE(is_young(c, begun));
	ASSERT_TRUE(DT_WAIT_UNTIL((c = look(self)) && c->age_ns > 100000000));
	begun = dt_ticks_ms();
	ASSERT_LE(0, reply(self));
	c = look(self);
	ASSERT_NE(NULL, c);
	EXPECT_TRUE(is_young(c, begun));
}

TEST_F(one, call_that_is_given_up_is_not_shown)
{
	struct calls_client client;

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_LE(0, calls_start(BY_MSG, self->client, "a",
				 WITH(.dest = self->to, .cookie = 1)));
	ASSERT_NE(NULL, look(self));
	ASSERT_EQ(0, calls_cancel(BY_OP, self->client, 1));
	EXPECT_EQ(0, calls_seen_in(DIPC_CALL_STATUS_QUEUED));
	ASSERT_EQ(0, calls_client_start(&client, BY_OP, self->client, "b",
					WITH(.dest = self->to)));
	ASSERT_TRUE(calls_client_wait_asleep(&client));
	ASSERT_EQ(1, take(self));
	ASSERT_NE(NULL, look(self));
	ASSERT_EQ(0, calls_client_interrupt(&client, SIGUSR1));
	EXPECT_EQ(-EINTR, calls_client_end(&client));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

TEST_F(one, calls_of_a_socket_that_is_closed_are_not_shown)
{
	int fd = calls_place_client(self->m);

	ASSERT_LE(0, fd);
	/* of a link, the server reads from another one */
	ASSERT_LE(0, calls_start(BY_OP, fd, "a", WITH(.dest = self->to)));
	ASSERT_NE(NULL, look(self));
	close(fd);
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

/*
 * What else may become of one
 */

TEST_F(calls, no_deadline_and_a_deadline_that_passes)
{
	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to, .cookie = 1,
				      .deadline_ns = 20000000)));
	ASSERT_TRUE(DT_WAIT_UNTIL(calls_seen_in(DIPC_CALL_STATUS_ENDED) == 1));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_TRUE(self->seen.c[0].has & CALL_HAS(DEADLINE_NS));
	EXPECT_GT(0, self->seen.c[0].deadline_ns);
	EXPECT_EQ(0, self->seen.c[0].has & CALL_HAS_SERVER);
	EXPECT_EQ(-ETIMEDOUT, calls_finish(BY_OP, self->client, 0).ret);
}

TEST_F(calls, forwarded_call_is_where_it_is_now)
{
	struct sockaddr_dipc to = dt_name("second");
	int second = calls_server(SOCK_RDM, &to);
	struct calls_got got;

	ASSERT_LE(0, second);
	ASSERT_LE(0, calls_start(BY_OP, self->client, "a",
				 WITH(.dest = &self->to)));
	got = calls_recv(BY_OP, self->server, 0);
	ASSERT_EQ(1, got.ret);
	ASSERT_EQ(0, calls_forward(BY_OP, self->server, got.r.handle, &to));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	ASSERT_EQ(1, self->seen.n);
	EXPECT_EQ(DIPC_CALL_STATUS_QUEUED, self->seen.c[0].state);
	EXPECT_EQ(dt_port_id(second), self->seen.c[0].port);
	EXPECT_EQ(0, self->seen.c[0].has & CALL_HAS_SERVER);
	got = calls_recv(BY_OP, second, 0);
	ASSERT_EQ(1, got.ret);
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	ASSERT_EQ(1, self->seen.n);
	EXPECT_EQ(DIPC_CALL_STATUS_TAKEN, self->seen.c[0].state);
	EXPECT_EQ(dt_port_id(second), self->seen.c[0].server_port);
	EXPECT_EQ(got.r.id, self->seen.c[0].id);
	close(second);
}

TEST_F(calls, repeated_call_keeps_its_number)
{
	struct calls_client client;
	struct calls_got got;

	ASSERT_EQ(0, calls_client_start(&client, BY_OP, self->client, "a",
					WITH(.dest = &self->to,
					     .semantics = DIPC_AT_LEAST_ONCE)));
	got = calls_recv(BY_OP, self->server, 0);
	ASSERT_EQ(1, got.ret);
	close(self->server);
	/* it waits for somebody to have that name again */
	ASSERT_TRUE(DT_WAIT_UNTIL(calls_seen_in(DIPC_CALL_STATUS_NEW) == 1));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	ASSERT_EQ(1, self->seen.n);
	EXPECT_EQ(CALL_HAS_ALWAYS | CALL_HAS(NAME), self->seen.c[0].has);
	EXPECT_STREQ("server", self->seen.c[0].name);
	EXPECT_EQ(DIPC_AT_LEAST_ONCE, self->seen.c[0].semantics);
	/* or, on a slow machine, has tried again in vain */
	EXPECT_LE(1, self->seen.c[0].attempt);
	self->server = calls_server(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->server);
	ASSERT_TRUE(DT_WAIT_UNTIL(calls_seen_in(DIPC_CALL_STATUS_QUEUED) == 1));
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	ASSERT_EQ(1, self->seen.n);
	EXPECT_EQ(CALL_HAS_ALWAYS | CALL_HAS(NAME) | CALL_HAS_PORT,
		  self->seen.c[0].has);
	EXPECT_EQ(got.r.id, self->seen.c[0].id);
	EXPECT_LT(1, self->seen.c[0].attempt);
	EXPECT_EQ(client.thread.tid, self->seen.c[0].client_tid);
	got = calls_recv(BY_OP, self->server, 0);
	ASSERT_EQ(1, got.ret);
	EXPECT_EQ(self->seen.c[0].attempt, got.r.attempt);
	ASSERT_LE(0, calls_reply(BY_OP, self->server, got.r.handle, "yes"));
	EXPECT_EQ(3, calls_client_end(&client));
}

/* Both, each time, and neither is said to have ended. */
static bool are_in_sight(struct calls_seen *seen)
{
	for (int i = 0; i < 20; i++)
		if (calls_see(seen, NULL, NULL) || seen->n != 2 ||
		    seen->c[0].state == DIPC_CALL_STATUS_ENDED ||
		    seen->c[1].state == DIPC_CALL_STATUS_ENDED)
			return false;
	return true;
}

TEST_F(calls, repeated_call_is_never_out_of_sight)
{
	struct calls_client clients[2];
	struct calls_got got;
	int i, k;

	/* the first of a socket and one more are kept in different places */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, calls_client_start(&clients[i], BY_OP,
						self->client, "a",
						WITH(.dest = &self->to,
						     .semantics =
							DIPC_AT_LEAST_ONCE)));
		ASSERT_TRUE(DT_WAIT_UNTIL(
			calls_seen_in(DIPC_CALL_STATUS_QUEUED) == i + 1));
	}
	for (k = 0; k < 20; k++) {
		close(self->server);
		ASSERT_TRUE(are_in_sight(&self->seen));
		self->server = calls_server(SOCK_RDM, &self->to);
		ASSERT_LE(0, self->server);
		ASSERT_TRUE(are_in_sight(&self->seen));
	}
	for (i = 0; i < 2; i++) {
		got = calls_recv(BY_OP, self->server, 0);
		ASSERT_EQ(1, got.ret);
		ASSERT_LE(0, calls_reply(BY_OP, self->server, got.r.handle,
					 "yes"));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(3, calls_client_end(&clients[i]));
}

TEST_F(calls, each_task_of_a_socket_has_its_own)
{
	struct calls_client clients[4];
	uint32_t i, k, seen;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, calls_client_start(&clients[i], BY_OP,
						self->client, "a",
						WITH(.dest = &self->to)));
		ASSERT_TRUE(calls_client_wait_asleep(&clients[i]));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
		EXPECT_EQ(4 - i, self->seen.n);
		for (k = i; k < 4; k++) {
			seen = 0;
			for (uint32_t c = 0; c < self->seen.n; c++)
				seen += self->seen.c[c].client_tid ==
					clients[k].thread.tid;
			EXPECT_EQ(1, seen);
		}
		ASSERT_EQ(3, calls_reply(BY_OP, self->server,
					 calls_recv(BY_OP, self->server,
						    0).r.handle, "abc"));
		EXPECT_EQ(3, calls_client_end(&clients[i]));
	}
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

TEST_F(calls, dump_takes_no_attributes)
{
	struct dt_nl nl;

	ASSERT_EQ(0, dt_nl_open(&nl));
	dt_nl_begin(&nl, DIPC_CMD_CALL_GET, NLM_F_DUMP);
	dt_nl_put_u64(&nl, DIPC_A_CALL_PORT, 17);
	EXPECT_EQ(-EINVAL, dt_nl_call(&nl, NULL, NULL, NULL));
	dt_nl_begin(&nl, DIPC_CMD_CALL_GET, 0);
	EXPECT_EQ(-EOPNOTSUPP, dt_nl_call(&nl, NULL, NULL, NULL));
	dt_nl_close(&nl);
}

/*
 * Many
 */

#define LASTING		400	/* of each of the sockets, with odd cookies */
#define SOCKETS		3

struct churn {
	const struct sockaddr_dipc *to;
	int fd[SOCKETS];
	uint64_t turn;
};

/* Even cookies come and go, and so does a socket. */
static int churn(void *arg)
{
	struct churn *churn = arg;
	int i, fd, err = 0;

	for (i = 0; i < SOCKETS && !err; i++) {
		calls_cancel(BY_OP, churn->fd[i], 2 * churn->turn);
		err = calls_start(BY_OP, churn->fd[i], "x",
				  WITH(.dest = churn->to, .cookie =
				       2 * (LASTING + churn->turn)));
		err = err < 0 ? err : 0;
	}
	churn->turn++;
	fd = dt_socket(SOCK_RDM);
	if (fd >= 0 && !err)
		err = calls_start(BY_OP, fd, "x", WITH(.dest = churn->to));
	close(fd);
	return err < 0 ? err : 0;
}

TEST_F(calls, dump_of_many_has_all_that_last_once)
{
	struct dipc_queue_conf conf;
	struct churn churns = { .to = &self->to };
	uint32_t times[SOCKETS][LASTING] = { 0 }, i, k, wrong = 0;
	socklen_t len = sizeof(conf);
	const struct call_seen *c;

	ASSERT_EQ(0, getsockopt(self->server, SOL_DIPC, DIPC_QUEUE, &conf,
				&len));
	conf.capacity_msgs = 4 * SOCKETS * LASTING;
	ASSERT_EQ(0, setsockopt(self->server, SOL_DIPC, DIPC_QUEUE, &conf,
				sizeof(conf)));
	for (k = 0; k < SOCKETS; k++) {
		churns.fd[k] = dt_socket(SOCK_RDM);
		ASSERT_LE(0, churns.fd[k]);
	}
	for (i = 0; i < 2 * LASTING; i++)
		for (k = 0; k < SOCKETS; k++)
			ASSERT_LE(0, calls_start(BY_OP, churns.fd[k], "abc",
						 WITH(.dest = &self->to,
						      .cookie = i,
						      .reply_max = 0)))
				TH_LOG("%u", i);
	ASSERT_EQ(0, calls_see(&self->seen, churn, &churns));
	/* it was in several parts, else nothing has been tried */
	EXPECT_LT(8, churns.turn);
	for (i = 0; i < self->seen.n; i++) {
		c = &self->seen.c[i];
		for (k = 0; k < SOCKETS; k++)
			if (c->client_port == dt_port_id(churns.fd[k]) &&
			    c->cookie % 2 && c->cookie < 2 * LASTING)
				times[k][c->cookie / 2]++;
		wrong += c->twice || c->state != DIPC_CALL_STATUS_QUEUED;
	}
	EXPECT_EQ(0, wrong);
	for (k = 0; k < SOCKETS; k++) {
		for (i = 0; i < LASTING; i++)
			wrong += times[k][i] != 1;
		close(churns.fd[k]);
	}
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.n);
}

static long calls_without_end(void *arg)
{
	FIXTURE_DATA(calls) *self = arg;
	long n = 0, err = 0;

	while (err >= 0) {
		err = calls_call(BY_OP, self->client, "x",
				 WITH(.dest = &self->to)).ret;
		n++;
	}
	/* the server has gone */
	return err == -ECONNREFUSED || err == -ENOENT || err == -ECONNRESET ?
	       n : err;
}

TEST_F(calls, dump_ends_while_a_client_makes_one_call_after_the_other)
{
	struct dt_thread client;
	struct calls_echo echo;
	int i;

	ASSERT_EQ(0, calls_echo_start(&echo, BY_OP, self->server));
	ASSERT_EQ(0, dt_thread_start(&client, calls_without_end, self));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, calls_see(&self->seen, NULL, NULL));
		ASSERT_GE(1, self->seen.n);
	}
	ASSERT_EQ(0, calls_echo_end(&echo));
	close(self->server);
	EXPECT_LT(0, dt_thread_join(&client));
}

TEST_HARNESS_MAIN
