// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps over netlink: that one has all that lasts, once, whatever comes and goes
 * meanwhile and however much it is.
 *
 * suite-timeout: 300
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <linux/netlink.h>

#include "kselftest_harness.h"
#include "names.h"
#include "parts.h"

struct seen {
	uint8_t *times;		/* by the number in the name */
	uint32_t n;		/* how many of those there are */
	uint32_t others;
};

static void seen_cb(int type, const void *data, int len, void *arg)
{
	struct seen *seen = arg;
	unsigned int i;

	/* the attributes of a name and of a mailbox: theirs are the same */
	_Static_assert((int)DIPC_A_NAME_NAME == (int)DIPC_A_MAILBOX_NAME, "");
	if (type != DIPC_A_NAME_NAME)
		return;
	if (sscanf(data, "lasts.%u", &i) == 1 && i < seen->n)
		seen->times[i]++;
	else
		seen->others++;
}

/* Calls @between after each part. 0, or a negative errno. */
static int dump(struct dt_nl *nl, uint8_t cmd, struct seen *seen,
		int (*between)(void *arg), void *arg)
{
	dt_nl_begin(nl, cmd, NLM_F_DUMP);
	return dump_in_parts(nl, NULL, seen_cb, seen, between, arg);
}

static uint32_t not_once(const struct seen *seen)
{
	uint32_t i, bad = 0;

	for (i = 0; i < seen->n; i++)
		bad += seen->times[i] != 1;
	return bad;
}

FIXTURE(world) {
	struct dt_nl nl;
	struct seen seen;
};

FIXTURE_SETUP(world)
{
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
}

FIXTURE_TEARDOWN(world)
{
	dt_nl_close(&self->nl);
	free(self->seen.times);
}

/* Deletes one that was there before and makes a new one, each time. */
static int churn(void *arg)
{
	static struct dt_nl nl;
	unsigned int *turn = arg;
	char name[DIPC_NAME_MAX + 1];
	int err;

	if (!nl.fd && (err = dt_nl_open(&nl)))
		return err;
	snprintf(name, sizeof(name), "passes.%u", *turn);
	dt_nl_begin(&nl, DIPC_CMD_MAILBOX_DEL, 0);
	dt_nl_put_str(&nl, DIPC_A_MAILBOX_NAME, name);
	err = dt_nl_call(&nl, NULL, NULL, NULL);
	if (err && err != -ENOENT)
		return err;
	snprintf(name, sizeof(name), "comes.%u", (*turn)++);
	dt_nl_begin(&nl, DIPC_CMD_MAILBOX_NEW, 0);
	dt_nl_put_str(&nl, DIPC_A_MAILBOX_NAME, name);
	return dt_nl_call(&nl, NULL, NULL, NULL);
}

static int make(struct dt_nl *nl, const char *kind, unsigned int i)
{
	char name[DIPC_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s.%u", kind, i);
	dt_nl_begin(nl, DIPC_CMD_MAILBOX_NEW, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	return dt_nl_call(nl, NULL, NULL, NULL);
}

FIXTURE_VARIANT(world) {
	uint8_t cmd;
};

FIXTURE_VARIANT_ADD(world, mailboxes) { .cmd = DIPC_CMD_MAILBOX_GET };
FIXTURE_VARIANT_ADD(world, names) { .cmd = DIPC_CMD_NAME_GET };

TEST_F(world, dump_has_all_that_lasts_once)
{
	const unsigned int lasting = 1000, passing = 100;
	unsigned int i, turn = 0;

	self->seen.n = lasting;
	self->seen.times = calloc(lasting, 1);
	for (i = 0; i < lasting; i++) {
		ASSERT_EQ(0, make(&self->nl, "lasts", i));
		if (i < passing)
			ASSERT_EQ(0, make(&self->nl, "passes", i));
	}
	ASSERT_EQ(0, dump(&self->nl, variant->cmd, &self->seen, churn, &turn));
	EXPECT_EQ(0, not_once(&self->seen));
	/* it was in several parts, else nothing has been tried */
	EXPECT_LT(8, turn);
}

TEST_F(world, dump_of_nothing_is_empty)
{
	ASSERT_EQ(0, dump(&self->nl, variant->cmd, &self->seen, NULL, NULL));
	EXPECT_EQ(0, self->seen.others);
}

/*
 * Many names, of one port and of many; many ports of one name
 */

FIXTURE(many) {
	struct dt_nl nl;
	struct seen seen;
	int first_net;		/* whose limits hold in all */
	long long limit;
};

FIXTURE_SETUP(many)
{
	const struct rlimit files = { 8192, 8192 };

	self->first_net = dt_netns_open();
	self->limit = dt_limit_get("user_max_names");
	ASSERT_LE(0, self->first_net);
	ASSERT_LT(0, self->limit);
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
}

FIXTURE_TEARDOWN(many)
{
	EXPECT_EQ(0, dt_netns_enter(self->first_net));
	EXPECT_EQ(0, dt_limit_set("user_max_names", self->limit));
	dt_nl_close(&self->nl);
	free(self->seen.times);
}

#define NAMES_A_PORT 64

static int raise_limit(int first_net, long long value)
{
	int here = dt_netns_open(), err;

	err = dt_netns_enter(first_net);
	if (!err)
		err = dt_limit_set("user_max_names", value);
	if (!err)
		err = dt_netns_enter(here);
	close(here);
	return err ? err : dt_limit_set("user_max_names", value);
}

struct ports {
	uint32_t ports, names, name_count, most;
	uint32_t of_this;
};

static void ports_begin(uint8_t cmd, void *arg)
{
	struct ports *p = arg;

	p->ports++;
	p->of_this = 0;
}

static void ports_cb(int type, const void *data, int len, void *arg)
{
	struct ports *p = arg;
	uint32_t u32;

	if (type == DIPC_A_PORT_NAMES) {
		p->names++;
		if (++p->of_this > p->most)
			p->most = p->of_this;
	} else if (type == DIPC_A_PORT_NAME_COUNT) {
		memcpy(&u32, data, sizeof(u32));
		p->name_count += u32;
	}
}

/* A socket with names; its descriptor or a negative errno. */
static int socket_with_names(unsigned int first, unsigned int n)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int fd = dt_socket(SOCK_RDM), err;
	unsigned int i;

	for (i = first; fd >= 0 && i < first + n; i++) {
		snprintf(name, sizeof(name), "lasts.%u", i);
		addr = dt_name(name);
		err = dt_bind(fd, &addr);
		if (err)
			return err;
	}
	return fd;
}

TEST_F(many, port_with_many_names_is_dumped_in_part_and_told_in_full)
{
	struct ports p = { 0 };
	int fd = socket_with_names(0, NAMES_A_PORT);

	ASSERT_LE(0, fd);
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&self->nl, ports_begin, ports_cb, &p));
	EXPECT_EQ(1, p.ports);
	EXPECT_EQ(32, p.names);
	EXPECT_EQ(NAMES_A_PORT, p.name_count);

	memset(&p, 0, sizeof(p));
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, 0);
	dt_nl_put_u64(&self->nl, DIPC_A_PORT_ID, dt_port_id(fd));
	ASSERT_EQ(0, dt_nl_call(&self->nl, ports_begin, ports_cb, &p));
	EXPECT_EQ(NAMES_A_PORT, p.names);
	EXPECT_EQ(NAMES_A_PORT, p.name_count);
}

static void shared_cb(int type, const void *data, int len, void *arg)
{
	uint32_t *n = arg;

	if (type == DIPC_A_NAME_PORT)
		n[0]++;
	else if (type == DIPC_A_NAME_PORT_COUNT)
		memcpy(&n[1], data, sizeof(n[1]));
}

TEST_F(many, name_of_many_ports_is_dumped_in_part_and_told_in_full)
{
	struct sockaddr_dipc addr = dt_name("shared");
	const unsigned int ports = 200;
	uint32_t n[2] = { 0 };
	unsigned int i;

	for (i = 0; i < ports; i++)
		ASSERT_LE(0, shared_socket(&addr));
	dt_nl_begin(&self->nl, DIPC_CMD_NAME_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, shared_cb, n));
	EXPECT_EQ(128, n[0]);
	EXPECT_EQ(ports, n[1]);

	memset(n, 0, sizeof(n));
	dt_nl_begin(&self->nl, DIPC_CMD_NAME_GET, 0);
	dt_nl_put_str(&self->nl, DIPC_A_NAME_NAME, "shared");
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, shared_cb, n));
	EXPECT_EQ(ports, n[0]);
	EXPECT_EQ(ports, n[1]);
}

/* A kernel with checkers takes ten times as long for each. */
static unsigned int n_names(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 10000 : 100000;
}

TEST_F_TIMEOUT(many, hundred_thousand_names_are_dumped_once_each, 250)
{
	const unsigned int names = n_names();
	struct ports p = { 0 };
	struct dt_stats stats;
	unsigned int i;

	self->seen.n = names;
	self->seen.times = calloc(names, 1);
	ASSERT_EQ(0, raise_limit(self->first_net, 2 * names));
	for (i = 0; i < names; i += NAMES_A_PORT)
		ASSERT_LE(0, socket_with_names(i, i + NAMES_A_PORT > names ?
					       names - i : NAMES_A_PORT));
	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(names, stats.names);
	TH_LOG("%u names are there", names);
	ASSERT_EQ(0, dump(&self->nl, DIPC_CMD_NAME_GET, &self->seen, NULL,
			  NULL));
	EXPECT_EQ(0, not_once(&self->seen));
	EXPECT_EQ(0, self->seen.others);
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&self->nl, ports_begin, ports_cb, &p));
	EXPECT_EQ(names, p.name_count);
	EXPECT_EQ(stats.ports, p.ports);
}

TEST_HARNESS_MAIN
