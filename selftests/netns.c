// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 900
 *
 * Each network namespace is a world of its own: names, numbers, mailboxes,
 * counters, limits. And when it goes, nothing is left of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define USER	34567

/*
 * Two worlds
 */

enum { HERE, THERE };

FIXTURE(two)
{
	char name[DIPC_NAME_MAX + 1];
	int ns[2];
	int rx[2], tx[2];
};

FIXTURE_SETUP(two)
{
	int i;

	dt_unique(self->name, "netns");
	for (i = HERE; i <= THERE; i++) {
		ASSERT_EQ(0, dt_netns_new());
		self->ns[i] = dt_netns_open();
		ASSERT_LE(0, self->ns[i]);
		self->rx[i] = dt_socket(SOCK_RDM);
		ASSERT_LE(0, self->rx[i])
			TH_LOG("no socket (module loaded?)");
		self->tx[i] = dt_socket(SOCK_RDM);
		ASSERT_LE(0, self->tx[i]);
	}
}

FIXTURE_TEARDOWN(two)
{
	int i;

	for (i = HERE; i <= THERE; i++) {
		close(self->ns[i]);
		close(self->rx[i]);
		close(self->tx[i]);
	}
}

#define GO(where) ASSERT_EQ(0, dt_netns_enter(self->ns[where]))

TEST_F(two, same_name_and_number_twice_without_delivery_across)
{
	struct sockaddr_dipc name = dt_name(self->name), port = dt_port(77);
	int i;

	for (i = HERE; i <= THERE; i++) {
		ASSERT_EQ(0, dt_bind(self->rx[i], &port));
		ASSERT_EQ(0, dt_bind(self->rx[i], &name));
	}
	for (i = HERE; i <= THERE; i++) {
		EXPECT_EQ(0, dt_send_number(self->tx[i], 10 + i, 0, &name));
		EXPECT_EQ(0, dt_send_number(self->tx[i], 20 + i, 0, &port));
	}
	for (i = HERE; i <= THERE; i++) {
		EXPECT_EQ(10 + i, dt_recv_number(self->rx[i], MSG_DONTWAIT));
		EXPECT_EQ(20 + i, dt_recv_number(self->rx[i], MSG_DONTWAIT));
		EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx[i], MSG_DONTWAIT));
	}
}

TEST_F(two, what_is_here_is_not_there)
{
	struct sockaddr_dipc name = dt_name(self->name), port = dt_port(77);
	struct sockaddr_dipc drawn;

	ASSERT_EQ(0, dt_bind(self->rx[HERE], &port));
	ASSERT_EQ(0, dt_bind(self->rx[HERE], &name));
	drawn = dt_port_of(self->tx[HERE]);
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx[THERE], 1, 0, &name));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx[THERE], 1, 0, &port));
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx[THERE], 1, 0, &drawn));
	EXPECT_EQ(-ENOENT, dt_connect(self->tx[THERE], &name));
	/* where the caller is does not matter, but where the socket is from */
	GO(THERE);
	EXPECT_EQ(0, dt_send_number(self->tx[HERE], 1, 0, &name));
	GO(HERE);
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx[THERE], 1, 0, &name));
	EXPECT_EQ(1, dt_recv_number(self->rx[HERE], MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx[HERE], MSG_DONTWAIT));
}

TEST_F(two, mailboxes_of_one_name)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);
	int i;

	GO(HERE);
	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	EXPECT_EQ(-ENOENT, dt_bind(self->rx[THERE], &mailbox));
	GO(THERE);
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	for (i = HERE; i <= THERE; i++)
		EXPECT_EQ(0, dt_send_number(self->tx[i], i, 0, &mailbox));
	for (i = HERE; i <= THERE; i++) {
		EXPECT_EQ(0, dt_bind(self->rx[i], &mailbox));
		EXPECT_EQ(i, dt_recv_number(self->rx[i], MSG_DONTWAIT));
		EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx[i], MSG_DONTWAIT));
	}
	/* deleted here, it is still there */
	GO(HERE);
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(-EIDRM, dt_recv_number(self->rx[HERE], MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx[THERE], MSG_DONTWAIT));
	EXPECT_EQ(-ENOENT, dt_mailbox_del(self->name));
}

TEST_F(two, counters_are_of_one_namespace)
{
	struct sockaddr_dipc name = dt_name(self->name);
	struct dt_stats here, there;

	ASSERT_EQ(0, dt_bind(self->rx[HERE], &name));
	EXPECT_EQ(0, dt_send_number(self->tx[HERE], 1, 0, &name));
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx[THERE], 1, 0, &name));
	GO(HERE);
	ASSERT_EQ(0, dt_stats_get(&here));
	GO(THERE);
	ASSERT_EQ(0, dt_stats_get(&there));
	EXPECT_EQ(2, here.ports);
	EXPECT_EQ(1, here.names);
	EXPECT_EQ(1, here.counter[DIPC_REASON_QUEUED]);
	EXPECT_EQ(0, here.counter[DIPC_REASON_NO_NAME]);
	/* who found no destination has no port yet */
	EXPECT_EQ(0, there.ports);
	EXPECT_EQ(0, there.names);
	EXPECT_EQ(0, there.counter[DIPC_REASON_QUEUED]);
	EXPECT_EQ(1, there.counter[DIPC_REASON_NO_NAME]);
}

TEST_F(two, ports_are_seen_in_their_namespace_only)
{
	uint64_t id = dt_port_id(self->rx[HERE]);
	struct dt_queue q;

	GO(HERE);
	EXPECT_EQ(0, dt_port_get(id, &q));
	EXPECT_EQ(id, q.id);
	GO(THERE);
	EXPECT_EQ(-ENOENT, dt_port_get(id, &q));
}

static const char *const limits[] = {
	"user_max_bytes", "user_max_ports", "user_max_names",
	"user_max_mailboxes", "user_max_files",
};

/*
 * Limits
 */

TEST(limits_can_only_be_lowered_in_other_namespaces)
{
	int i, first = dt_netns_open();
	long long value;

	ASSERT_LE(0, first);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		value = dt_limit_get(limits[i]);
		ASSERT_LT(1, value);
		ASSERT_EQ(0, dt_netns_new());
		EXPECT_LE(dt_limit_get(limits[i]), value);
		EXPECT_EQ(-EINVAL, dt_limit_set(limits[i], value + 1));
		EXPECT_EQ(0, dt_limit_set(limits[i], 1));
		EXPECT_EQ(1, dt_limit_get(limits[i]));
		EXPECT_EQ(0, dt_limit_set(limits[i], value));
		EXPECT_EQ(0, dt_limit_set(limits[i], 1));
		ASSERT_EQ(0, dt_netns_enter(first));
		/* that was not here */
		EXPECT_EQ(value, dt_limit_get(limits[i]));
		EXPECT_EQ(0, dt_limit_set(limits[i], value + 1));
		EXPECT_EQ(0, dt_limit_set(limits[i], value));
	}
}

static int count_ports(void *arg)
{
	struct sockaddr_dipc any = dt_any();
	int n;

	for (n = 0; n < 10; n++)
		if (dt_socket_bound(SOCK_RDM, &any) < 0)
			break;
	return n;
}

TEST(limit_of_the_first_namespace_holds_in_all)
{
	int first = dt_netns_open(), n;
	long long value = dt_limit_get("user_max_ports");

	ASSERT_EQ(0, dt_netns_new());
	EXPECT_EQ(10, dt_as_user(USER, count_ports, NULL));
	ASSERT_EQ(0, dt_netns_enter(first));
	ASSERT_EQ(0, dt_limit_set("user_max_ports", 3));
	/* made before or after */
	if (!dt_netns_new())
		n = dt_as_user(USER, count_ports, NULL);
	else
		n = -1;
	dt_netns_enter(first);
	EXPECT_EQ(0, dt_limit_set("user_max_ports", value));
	EXPECT_EQ(3, n);
}

/* Of sockets in another namespace, and then of as many as may be in this. */
static int bind_there_and_here(void *arg)
{
	struct sockaddr_dipc any = dt_any();
	int *fd = arg, i;

	for (i = 0; i < 3; i++)
		if (dt_bind(fd[i], &any))
			return -1;
	return count_ports(NULL);
}

TEST(user_has_one_account_in_all_namespaces)
{
	int fd[3], i;

	ASSERT_EQ(0, dt_netns_new());
	for (i = 0; i < 3; i++)
		fd[i] = dt_socket(SOCK_RDM);
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_limit_set("user_max_ports", 5));
	EXPECT_EQ(2, dt_as_user(USER, bind_there_and_here, fd));
}

static int be_root_in_a_namespace(void *arg)
{
	long long *value = arg;
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int fd;

	dt_unique(name, "userns");
	if (dt_limit_get("user_max_ports") > *value)
		return 1;
	if (dt_limit_set("user_max_ports", *value + 1) != -EINVAL)
		return 2;
	if (dt_limit_set("user_max_ports", 7))
		return 3;
	if (dt_mailbox_new(name, DT_MAILBOX(.mode = 0600)))
		return 4;
	addr = dt_mailbox(name);
	fd = dt_socket_bound(SOCK_RDM, &addr);
	if (fd < 0)
		return 5;
	if (dt_send_number(fd, 9, 0, &addr) ||
	    dt_recv_number(fd, MSG_DONTWAIT) != 9)
		return 6;
	if (dt_mailbox_del(name))
		return 7;
	return 0;
}

TEST(root_of_a_user_namespace_has_a_world_of_its_own)
{
	long long value = dt_limit_get("user_max_ports");
	int result = dt_as_ns_root(be_root_in_a_namespace, &value);

	if (result == -EPERM)
		SKIP(return, "no user namespaces for users here");
	EXPECT_EQ(0, result);
	EXPECT_EQ(value, dt_limit_get("user_max_ports"));
}

/*
 * Its end
 */

/* As much of everything as a namespace can hold when it ends. */
static int live_and_die(void *arg)
{
	static const char mailbox_name[] = "mailbox", name[] = "name";
	struct sockaddr_dipc mailbox = dt_mailbox(mailbox_name);
	struct sockaddr_dipc port = dt_name(name);
	static char big[9000];
	int rx, tx, user, i;

	if (unshare(CLONE_NEWNET))
		return 1;
	if (dt_mailbox_new(mailbox_name, NULL) ||
	    dt_mailbox_new("transient", DT_MAILBOX(.transient = true)))
		return 2;
	rx = dt_socket_bound(SOCK_RDM, &port);
	user = dt_socket_bound(SOCK_DGRAM, &mailbox);
	tx = dt_socket_connected(SOCK_RDM, &mailbox);
	if (rx < 0 || tx < 0 || user < 0)
		return 3;
	for (i = 0; i < 4; i++)
		if (dt_send_number(tx, i, 0, NULL) ||
		    dt_send_number(tx, i, 0, &port))
			return 4;
	if (dt_send(tx, big, sizeof(big), 0, NULL) != sizeof(big) ||
	    dt_send(tx, big, sizeof(big), 0, &port) != sizeof(big))
		return 5;
	if (dt_recv_number(user, 0) || dt_recv_number(rx, 0))
		return 6;
	/* half of them close their sockets, half leave it to their death */
	if ((long)arg % 2) {
		close(rx);
		close(tx);
		close(user);
	}
	return 0;
}

#define ROUNDS		10
#define PER_ROUND	100
#define SLACK		16	/* namespaces that are just being freed */

static const char *const caches[] = { "dipc_message", "DIPC" };
#define CACHES ARRAY_SIZE(caches)

struct held {
	uint64_t messages;
	long namespaces, objects[CACHES];
};

static int look(struct held *h)
{
	struct dt_stats stats;
	int i, err;

	dt_rcu_barrier();
	err = dt_stats_get(&stats);
	if (err)
		return err;
	h->messages = stats.messages;
	h->namespaces = dt_slab_objects("net_namespace");
	for (i = 0; i < CACHES; i++) {
		dt_slab_shrink(caches[i]);
		h->objects[i] = dt_slab_objects(caches[i]);
	}
	dt_slab_shrink("net_namespace");
	return 0;
}

static bool no_more_than(const struct held *h, const struct held *limit)
{
	int i;

	if (h->messages > limit->messages || h->namespaces > limit->namespaces)
		return false;
	for (i = 0; i < CACHES; i++)
		if (h->objects[i] > limit->objects[i])
			return false;
	return true;
}

/*
 * Until it holds no more than that: the kernel tears namespaces down in the
 * background, more slowly than they are made. As long as their number falls
 * there is something to wait for. What is left of the last ones is only freed
 * when further ones go.
 */
static bool settle(struct held *h, const struct held *limit)
{
	long end = dt_now_ms() + DT_LONG_MS, least = LONG_MAX;

	for (;;) {
		if (look(h))
			return false;
		if (no_more_than(h, limit))
			return true;
		if (h->namespaces < least) {
			least = h->namespaces;
			end = dt_now_ms() + DT_LONG_MS;
		}
		if (dt_now_ms() > end)
			return false;
		dt_netns_pass();
	}
}

static void report(struct __test_metadata *_metadata, int round,
		   const struct held *h)
{
	TH_LOG("round %d: %llu messages, %ld namespaces, %ld and %ld objects",
	       round, (unsigned long long)h->messages, h->namespaces,
	       h->objects[0], h->objects[1]);
}

FIXTURE(end)
{
};

FIXTURE_SETUP(end)
{
}

FIXTURE_TEARDOWN(end)
{
}

TEST_F_TIMEOUT(end, of_a_thousand_namespaces_leaves_nothing, 850)
{
	struct held now, before, second;
	long round, i;
	pid_t pid;

	ASSERT_EQ(0, look(&before));
	/* what was made to make the first stays with the caches */
	for (i = 0; i < CACHES; i++)
		before.objects[i] = LONG_MAX;
	before.namespaces += SLACK;
	memset(&second, 0, sizeof(second));
	for (round = 1; round <= ROUNDS; round++) {
		for (i = 0; i < PER_ROUND; i++) {
			pid = dt_child(live_and_die, (void *)i);
			ASSERT_LT(0, pid);
			ASSERT_EQ(0, dt_child_wait(pid));
		}
		if (round == 2) {
			EXPECT_TRUE(settle(&second, &before));
			report(_metadata, round, &second);
			second.namespaces = before.namespaces;
		}
	}
	ASSERT_LE(0, second.objects[0]);
	EXPECT_TRUE(settle(&now, &second));
	report(_metadata, ROUNDS, &now);
	EXPECT_EQ(0, now.messages);
}

/* A message in a mailbox lives longer than who sent it, but not for ever. */
TEST(messages_go_with_the_namespace_whose_senders_are_dead)
{
	struct sockaddr_dipc mailbox = dt_mailbox("left");
	int first = dt_netns_open(), fd, i;
	struct dt_stats before, with, after;

	ASSERT_LE(0, first);
	ASSERT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&before) && !before.messages));
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_mailbox_new("left", NULL));
	fd = dt_socket_connected(SOCK_RDM, &mailbox);
	ASSERT_LE(0, fd);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, dt_send_number(fd, i, 0, NULL));
	close(fd);
	ASSERT_EQ(0, dt_stats_get(&with));
	EXPECT_EQ(10, with.messages);
	EXPECT_EQ(10, dt_mailbox_queued("left"));
	ASSERT_EQ(0, dt_netns_enter(first));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&after) && !after.messages));
}

TEST(open_socket_keeps_its_namespace)
{
	struct sockaddr_dipc name = dt_name("kept"), mailbox;
	int first = dt_netns_open(), rx, tx;

	ASSERT_LE(0, first);
	ASSERT_EQ(0, dt_netns_new());
	rx = dt_socket_bound(SOCK_RDM, &name);
	tx = dt_socket_connected(SOCK_RDM, &name);
	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	ASSERT_EQ(0, dt_mailbox_new("kept.too", NULL));
	ASSERT_EQ(0, dt_netns_enter(first));
	dt_rcu_barrier();
	mailbox = dt_mailbox("kept.too");
	EXPECT_EQ(0, dt_send_number(tx, 1, 0, NULL));
	EXPECT_EQ(0, dt_send_number(tx, 2, 0, &mailbox));
	EXPECT_EQ(1, dt_recv_number(rx, MSG_DONTWAIT));
	close(rx);
	close(tx);
}

TEST_HARNESS_MAIN
