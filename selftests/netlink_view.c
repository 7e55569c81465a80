// SPDX-License-Identifier: GPL-2.0
/*
 * What the netlink family tells of this node, of links, ports and names, and of
 * the counters: all of it, and as it is.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include <linux/netlink.h>

#include "world.h"

/*
 * The node
 */

struct node {
	uint32_t family, id;
	char version[32];
};

static void node_cb(int type, const void *data, int len, void *arg)
{
	struct node *node = arg;

	if (type == DIPC_A_NODE_FAMILY)
		memcpy(&node->family, data, sizeof(node->family));
	else if (type == DIPC_A_NODE_ID)
		memcpy(&node->id, data, sizeof(node->id));
	else if (type == DIPC_A_NODE_VERSION)
		snprintf(node->version, sizeof(node->version), "%s",
			 (const char *)data);
}

TEST_F(world, node_get_tells_the_family_number)
{
	struct node node = { .id = 99 };

	dt_nl_begin(&self->nl, DIPC_CMD_NODE_GET, 0);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, node_cb, &node));
	EXPECT_EQ(dt_family(), node.family);
	EXPECT_EQ(0, node.id);
	EXPECT_NE('\0', node.version[0]);
}

/*
 * Links, and ports that listen
 */

struct links {
	uint32_t n, ended, closed, type, msgs, id, pid;
	uint64_t bytes, writer[4], reader[4];
	char name[DIPC_NAME_MAX + 1];
};

static void links_begin(uint8_t cmd, void *arg)
{
	struct links *l = arg;

	l->n++;
}

static void links_cb(int type, const void *data, int len, void *arg)
{
	struct links *l = arg;
	uint32_t at = (l->n - 1) % 4;
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_LINK_ID:		l->id = v; break;
	case DIPC_A_LINK_SOCKET_TYPE:	l->type = v; break;
	case DIPC_A_LINK_NAME:
		snprintf(l->name, sizeof(l->name), "%s", (const char *)data);
		break;
	case DIPC_A_LINK_WRITER_PORT:	l->writer[at] = v; break;
	case DIPC_A_LINK_READER_PORT:	l->reader[at] = v; break;
	case DIPC_A_LINK_READER_PID:	l->pid = v; break;
	case DIPC_A_LINK_ENDED:		l->ended++; break;
	case DIPC_A_LINK_CLOSED:	l->closed++; break;
	case DIPC_A_LINK_QUEUED_MSGS:	l->msgs += v; break;
	case DIPC_A_LINK_QUEUED_BYTES:	l->bytes += v; break;
	}
}

static int links_dump(struct dt_nl *nl, struct links *l)
{
	memset(l, 0, sizeof(*l));
	dt_nl_begin(nl, DIPC_CMD_LINK_GET, NLM_F_DUMP);
	return dt_nl_call(nl, links_begin, links_cb, l);
}

TEST_F(world, link_get_tells_both_directions_of_a_connection)
{
	struct links all, one;
	int fds[2];

	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(0, all.n);
	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, fds));
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	ASSERT_EQ(2, all.n);
	EXPECT_EQ(SOCK_SEQPACKET, all.type);
	EXPECT_EQ(all.writer[0], all.reader[1]);
	EXPECT_EQ(all.writer[1], all.reader[0]);
	EXPECT_NE(all.writer[0], all.writer[1]);
	EXPECT_EQ(getpid(), all.pid);
	EXPECT_EQ(0, all.ended + all.closed + all.msgs);
	ASSERT_EQ(3, dt_send(fds[0], "abc", 3, 0, NULL));
	ASSERT_EQ(0, shutdown(fds[0], SHUT_WR));
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(1, all.msgs);
	EXPECT_EQ(3, all.bytes);
	EXPECT_EQ(1, all.ended);
	EXPECT_EQ(0, all.closed);

	memset(&one, 0, sizeof(one));
	dt_nl_begin(&self->nl, DIPC_CMD_LINK_GET, 0);
	dt_nl_put_u32(&self->nl, DIPC_A_LINK_ID, all.id);
	ASSERT_EQ(0, dt_nl_call(&self->nl, links_begin, links_cb, &one));
	EXPECT_EQ(1, one.n);
	EXPECT_EQ(all.id, one.id);
	EXPECT_EQ(all.writer[1], one.writer[0]);
	close(fds[0]);
	close(fds[1]);
	/* at the latest after a grace period */
	EXPECT_TRUE(DT_WAIT_UNTIL(!links_dump(&self->nl, &all) && !all.n));
}

TEST_F(world, link_get_tells_that_one_end_was_closed)
{
	struct links all;
	int fds[2];

	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, fds));
	ASSERT_EQ(3, dt_send(fds[0], "abc", 3, 0, NULL));
	close(fds[1]);
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	/* nothing more comes on either; what nobody will read is gone */
	EXPECT_EQ(2, all.n);
	EXPECT_EQ(2, all.ended);
	EXPECT_EQ(1, all.closed);
	EXPECT_EQ(0, all.msgs);
	EXPECT_EQ(0, all.bytes);
	close(fds[0]);
}

static void listener_cb(int type, const void *data, int len, void *arg)
{
	uint32_t *found = arg;

	if (type == DIPC_A_PORT_BACKLOG)
		memcpy(&found[0], data, sizeof(found[0]));
	else if (type == DIPC_A_PORT_PENDING)
		memcpy(&found[1], data, sizeof(found[1]));
}

TEST_F(world, port_that_listens_tells_how_many_wait)
{
	struct sockaddr_dipc addr = dt_name("service");
	int server = dt_socket_bound(SOCK_STREAM, &addr);
	uint32_t found[2] = { 99, 99 };
	struct links all;
	int client;

	ASSERT_LE(0, server);
	ASSERT_EQ(0, listen(server, 5));
	client = dt_socket_connected(SOCK_STREAM, &addr);
	ASSERT_LE(0, client);
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, 0);
	dt_nl_put_u64(&self->nl, DIPC_A_PORT_ID, dt_port_id(server));
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, listener_cb, found));
	EXPECT_EQ(5, found[0]);
	EXPECT_EQ(1, found[1]);
	ASSERT_EQ(0, links_dump(&self->nl, &all));
	EXPECT_EQ(2, all.n);
	EXPECT_STREQ("service", all.name);
	EXPECT_EQ(SOCK_STREAM, all.type);
	close(client);
	close(server);
	found[0] = found[1] = 99;
	dt_nl_begin(&self->nl, DIPC_CMD_PORT_GET, 0);
	dt_nl_put_u64(&self->nl, DIPC_A_PORT_ID, dt_port_id(self->port));
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, listener_cb, found));
	EXPECT_EQ(99, found[0]);
}

/*
 * Ports
 */

TEST_F(world, port_get_tells_whose_it_is_and_what_it_holds)
{
	struct dipc_queue_conf conf;
	struct dt_queue q;

	ASSERT_EQ(0, dt_get_conf(self->port, &conf));
	ASSERT_EQ(0, dt_port_get(dt_port_id(self->port), &q));
	EXPECT_EQ(dt_port_id(self->port), q.id);
	EXPECT_EQ(0, q.uid);
	EXPECT_EQ(getpid(), q.pid);
	EXPECT_EQ(SOCK_RDM, q.socket_type);
	EXPECT_EQ(1, q.n_names);
	EXPECT_STREQ("", q.name);
	EXPECT_EQ(conf.capacity_msgs, q.capacity_msgs);
	EXPECT_EQ(conf.capacity_bytes, q.capacity_bytes);
	EXPECT_EQ(conf.msg_max_bytes, q.msg_max_bytes);
	EXPECT_EQ(conf.policy, q.policy);
}

TEST_F(world, port_of_a_mailbox_user_names_the_mailbox)
{
	struct sockaddr_dipc addr = dt_mailbox("there");
	int fd = dt_socket_bound(SOCK_DGRAM, &addr);
	struct dt_queue q;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_port_get(dt_port_id(fd), &q));
	EXPECT_STREQ("there", q.name);
	EXPECT_EQ(SOCK_DGRAM, q.socket_type);
	/* it has no queue */
	EXPECT_EQ(0, q.capacity_msgs);
	close(fd);
}

/*
 * Names
 */

struct name {
	char name[DIPC_NAME_MAX + 1];
	uint32_t type, scope, uid, socket_type, port_count;
	uint32_t n_ports;
	uint64_t port;
};

static void name_cb(int type, const void *data, int len, void *arg)
{
	struct name *n = arg;
	uint32_t u32 = 0;

	if (len == sizeof(u32))
		memcpy(&u32, data, sizeof(u32));
	switch (type) {
	case DIPC_A_NAME_NAME:
		memcpy(n->name, data, len);
		break;
	case DIPC_A_NAME_TYPE:
		n->type = u32;
		break;
	case DIPC_A_NAME_SCOPE:
		n->scope = u32;
		break;
	case DIPC_A_NAME_UID:
		n->uid = u32;
		break;
	case DIPC_A_NAME_SOCKET_TYPE:
		n->socket_type = u32;
		break;
	case DIPC_A_NAME_PORT_COUNT:
		n->port_count = u32;
		break;
	case DIPC_A_NAME_PORT:
		n->n_ports++;
		memcpy(&n->port, data, sizeof(n->port));
		break;
	}
}

static int name_get(struct dt_nl *nl, const char *text, struct name *name)
{
	memset(name, 0, sizeof(*name));
	dt_nl_begin(nl, DIPC_CMD_NAME_GET, 0);
	dt_nl_put_str(nl, DIPC_A_NAME_NAME, text);
	return dt_nl_call(nl, NULL, name_cb, name);
}

TEST_F(world, name_get_tells_who_has_it)
{
	struct name n;

	ASSERT_EQ(0, name_get(&self->nl, "port", &n));
	EXPECT_STREQ("port", n.name);
	EXPECT_EQ(DIPC_ADDR_PORT, n.type);
	EXPECT_EQ(DIPC_SCOPE_DEFAULT, n.scope);
	EXPECT_EQ(SOCK_RDM, n.socket_type);
	EXPECT_EQ(1, n.port_count);
	EXPECT_EQ(1, n.n_ports);
	EXPECT_EQ(dt_port_id(self->port), n.port);

	ASSERT_EQ(0, name_get(&self->nl, "there", &n));
	EXPECT_EQ(DIPC_ADDR_MAILBOX, n.type);
	EXPECT_EQ(0, n.n_ports + n.port_count);
}

TEST_F(world, name_of_a_mailbox_follows_its_owner)
{
	struct name n;

	ASSERT_EQ(0, dt_mailbox_set("there", DT_MAILBOX(.uid = 5)));
	ASSERT_EQ(0, name_get(&self->nl, "there", &n));
	EXPECT_EQ(5, n.uid);
}

/*
 * Counters
 */

struct counters {
	unsigned int n;
	char names[__DIPC_REASON_COUNT][24];
};

static void counter_cb(int type, const void *data, int len, void *arg)
{
	struct counters *c = arg;

	if (type == DIPC_A_COUNTER_NAME && c->n < __DIPC_REASON_COUNT)
		snprintf(c->names[c->n++], sizeof(c->names[0]), "%s",
			 (const char *)data);
}

static void stats_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_STATS_COUNTER)
		dt_nl_attrs(data, len, counter_cb, arg);
}

TEST_F(world, stats_get_names_every_reason_once)
{
	struct counters c = { 0 };
	unsigned int i, k;

	dt_nl_begin(&self->nl, DIPC_CMD_STATS_GET, 0);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, stats_cb, &c));
	/* all but DIPC_REASON_NONE */
	ASSERT_EQ(__DIPC_REASON_COUNT - 1, c.n);
	for (i = 0; i < c.n; i++)
		for (k = 0; k < i; k++)
			EXPECT_STRNE(c.names[i], c.names[k]);
	EXPECT_STREQ("queued", c.names[DIPC_REASON_QUEUED - 1]);
	EXPECT_STREQ("fault", c.names[DIPC_REASON_FAULT - 1]);
}

TEST_F(world, stats_get_counts_objects)
{
	struct dt_stats stats;

	ASSERT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(1, stats.ports);
	EXPECT_EQ(1, stats.mailboxes);
	EXPECT_EQ(2, stats.names);
	EXPECT_EQ(__DIPC_REASON_COUNT - 1, stats.n_counters);
}

TEST_HARNESS_MAIN
