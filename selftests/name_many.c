// SPDX-License-Identifier: GPL-2.0
/*
 * That 100,000 names are as easily found as ten, each leads to its own port,
 * and goes with it.
 *
 * suite-timeout: 600
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

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
