// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Links, many at once: who connects, accepts, listens, shuts down and closes
 * at the same time, in every order. Nobody hangs, and nothing is left.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "kselftest_harness.h"
#include "links.h"

#define ROUNDS 300

struct crowd {
	struct sockaddr_dipc addr;
	int type, listener;
	unsigned int seed;
};

static int rounds(void)
{
	const char *few = getenv("DIPC_ROUNDS");

	return few ? ROUNDS / 10 : ROUNDS;
}

/* Connect, say something, read what comes, close in one of several ways. */
static long connect_again_and_again(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int seed = crowd->seed;
	int i, fd, n = rounds();
	char c;

	for (i = 0; i < n; i++) {
		fd = dt_socket(crowd->type);
		if (fd < 0)
			return fd;
		if (rand_r(&seed) % 4)
			dt_connect(fd, &crowd->addr);
		else
			links_connect(fd, &crowd->addr);
		switch (rand_r(&seed) % 6) {
		case 0:
			break;
		case 1:
			shutdown(fd, rand_r(&seed) % 3);
			break;
		case 2:
			links_put(fd, 'x');
			break;
		case 3:
			links_put(fd, 'x');
			shutdown(fd, SHUT_WR);
			recv(fd, &c, 1, 0);
			break;
		case 4:
			links_connect(fd, &crowd->addr);
			break;
		case 5:
			listen(fd, 1);
			links_poll(fd);
		}
		close(fd);
	}
	return 0;
}

/* Accept until the listener is shut down. */
static long accept_again_and_again(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int seed = crowd->seed;
	long fd, n = 0;
	char c;

	for (;;) {
		fd = DT_ERR(accept4(crowd->listener, NULL, NULL, SOCK_CLOEXEC));
		if (fd < 0)
			return fd == -EINVAL ? n : fd;
		n++;
		if (rand_r(&seed) % 2)
			recv(fd, &c, 1, MSG_DONTWAIT);
		if (rand_r(&seed) % 2)
			links_put(fd, 'y');
		close(fd);
	}
}

TEST_F(links, many_connect_and_many_accept)
{
	struct crowd crowd[6];
	struct dt_thread t[6];
	struct dt_stats stats;
	long sum = 0, n;
	int i;

	ASSERT_EQ(0, listen(self->listener, 3));
	for (i = 0; i < 6; i++) {
		crowd[i].addr = self->addr;
		crowd[i].type = variant->type;
		crowd[i].listener = self->listener;
		crowd[i].seed = i + 1;
		ASSERT_EQ(0, dt_thread_start(&t[i], i < 3 ?
					     connect_again_and_again :
					     accept_again_and_again,
					     &crowd[i]));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_thread_join(&t[i]));
	EXPECT_EQ(0, shutdown(self->listener, SHUT_RD));
	for (; i < 6; i++) {
		n = dt_thread_join(&t[i]);
		EXPECT_LE(0, n);
		sum += n;
	}
	/* of those that did not wait, some found no room */
	EXPECT_LT(rounds(), sum);
	EXPECT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(0, stats.messages);
}

static long socketpair_again_and_again(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int seed = crowd->seed;
	int i, fd[2], n = rounds() * 3, err;

	for (i = 0; i < n; i++) {
		err = DT_ERR(socketpair(dt_family(), crowd->type, 0, fd));
		if (err)
			return err;
		links_put(fd[0], 'x');
		close(fd[rand_r(&seed) % 2]);
		close(fd[0]);
		close(fd[1]);
	}
	return 0;
}

/* The second close of a descriptor is EBADF: each thread is a process. */
static int pairs_in_a_process(void *arg)
{
	return socketpair_again_and_again(arg) ? 1 : 0;
}

TEST_F(links, many_pairs)
{
	struct crowd crowd[3];
	pid_t child[3];
	struct dt_stats stats;
	int i;

	for (i = 0; i < 3; i++) {
		crowd[i].type = variant->type;
		crowd[i].seed = i + 1;
		child[i] = dt_child(pairs_in_a_process, &crowd[i]);
		ASSERT_LT(0, child[i]);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_child_wait(child[i]));
	EXPECT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(0, stats.messages);
}

/* A listener comes and goes under those who connect to it. */
static long listen_again_and_again(void *arg)
{
	struct crowd *crowd = arg;
	int i, fd, n = rounds();

	for (i = 0; i < n; i++) {
		fd = dt_socket_bound(crowd->type, &crowd->addr);
		if (fd < 0)
			return fd;
		if (listen(fd, 1))
			return -errno;
		if (i % 3 == 0)
			close(links_accept(fd));
		if (i % 7 == 0)
			shutdown(fd, SHUT_RDWR);
		close(fd);
	}
	return 0;
}

TEST_F(links, listener_comes_and_goes)
{
	struct crowd crowd = { .type = variant->type };
	struct dt_thread t[3];
	char name[DIPC_NAME_MAX + 1];
	int i;

	dt_unique(name, "goes");
	crowd.addr = dt_name(name);
	crowd.seed = 7;
	ASSERT_EQ(0, dt_thread_start(&t[0], listen_again_and_again, &crowd));
	for (i = 1; i < 3; i++)
		ASSERT_EQ(0, dt_thread_start(&t[i], connect_again_and_again,
					     &crowd));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_thread_join(&t[i]));
}

/* Two threads connect one socket: one of them does. */
TEST_F(links, two_connect_the_same_socket)
{
	struct dt_thread t[2];
	long a, b;
	int i, server;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, dt_thread_start(&t[0], blocked_connect, self));
		ASSERT_EQ(0, dt_thread_start(&t[1], blocked_connect, self));
		a = dt_thread_join(&t[0]);
		b = dt_thread_join(&t[1]);
		EXPECT_EQ(-EISCONN, a + b);
		server = links_accept(self->listener);
		EXPECT_LE(0, server);
		EXPECT_EQ(-EAGAIN, links_accept(self->listener));
		close(server);
		close(self->client);
		self->client = dt_socket(variant->type);
	}
}

/* Dies with links in every state: not accepted, half closed, with data. */
static int die_in_a_namespace(void *arg)
{
	struct sockaddr_dipc any = dt_any(), addr;
	int type = *(int *)arg, listener, client, pair[2], i;

	listener = dt_socket_bound(type, &any);
	if (listener < 0 || listen(listener, 8))
		return 1;
	addr = dt_port_of(listener);
	for (i = 0; i < 4; i++) {
		client = dt_socket(type);
		if (client < 0 || dt_connect(client, &addr) ||
		    links_put(client, 'x') != 1)
			return 2;
		if (i % 2)
			close(client);
	}
	if (socketpair(dt_family(), type, 0, pair) ||
	    links_put(pair[0], 'x') != 1 || links_put(pair[1], 'y') != 1 ||
	    shutdown(pair[1], SHUT_WR))
		return 3;
	close(pair[0]);
	return links_accept(listener) < 0 ? 4 : 0;
}

#define NAMESPACES 20

/*
 * Half as many as came may still be in the caches of the slab's processors, or
 * about to be freed.
 */
static bool namespaces_are_gone(long before)
{
	long now;

	dt_slab_shrink("net_namespace");
	now = dt_slab_objects("net_namespace");
	if (now > before) {
		usleep(20000);
		dt_netns_pass();
	}
	return now <= before + NAMESPACES / 2;
}

TEST_F(links, namespaces_end_with_links_in_every_state)
{
	int type = variant->type, i;
	long before;

	dt_slab_shrink("net_namespace");
	before = dt_slab_objects("net_namespace");
	if (before < 0)
		SKIP(return, "no slab of namespaces to be looked at");
	for (i = 0; i < NAMESPACES; i++)
		ASSERT_EQ(0, dt_as_ns_root(die_in_a_namespace, &type));
	EXPECT_TRUE(DT_WAIT_UNTIL(namespaces_are_gone(before)))
		TH_LOG("%ld were there, %ld are", before,
		       dt_slab_objects("net_namespace"));
}

TEST_HARNESS_MAIN
