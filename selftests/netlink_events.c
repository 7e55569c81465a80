// SPDX-License-Identifier: GPL-2.0
/*
 * Events over netlink: that they tell each change once and in order, to all who
 * listen in its namespace and to nobody else, and do not mind its end.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>

#include "call.h"
#include "kselftest_harness.h"

/*
 * Listening
 */

static void group_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_MCAST_GRP_ID)
		memcpy(arg, data, sizeof(uint32_t));
}

static void groups_cb(int type, const void *data, int len, void *arg)
{
	dt_nl_attrs(data, len, group_cb, arg);
}

static void family_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_MCAST_GROUPS)
		dt_nl_attrs(data, len, groups_cb, arg);
}

/* A netlink socket that hears of events. */
static int listener_open(struct dt_nl *nl)
{
	uint32_t group = 0;
	int err = dt_nl_open(nl);
	uint16_t family = nl->family;

	if (err)
		return err;
	nl->family = GENL_ID_CTRL;
	dt_nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	dt_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = dt_nl_call(nl, NULL, family_cb, &group);
	nl->family = family;
	if (err)
		return err;
	return DT_ERR(setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				 &group, sizeof(group)));
}

struct event {
	uint8_t cmd;
	char name[DIPC_NAME_MAX + 1];
	uint32_t mode;
	uint64_t port;
};

static void event_cb(int type, const void *data, int len, void *arg)
{
	struct event *e = arg;

	/* the types of both kinds of event do not collide here */
	if (type == DIPC_A_NAME_NAME)
		memcpy(e->name, data, len);
	else if (e->cmd < DIPC_CMD_NAME_NEW_NTF && type == DIPC_A_MAILBOX_MODE)
		memcpy(&e->mode, data, sizeof(e->mode));
	else if (e->cmd >= DIPC_CMD_NAME_NEW_NTF && type == DIPC_A_NAME_PORT)
		memcpy(&e->port, data, sizeof(e->port));
}

/* 0; -EAGAIN if there is none. */
static int event_read(struct dt_nl *nl, struct event *e)
{
	const struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);
	ssize_t n = recv(nl->fd, nl->buf, sizeof(nl->buf), MSG_DONTWAIT);

	memset(e, 0, sizeof(*e));
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(nlh, n) || nlh->nlmsg_type != nl->family ||
	    nlh->nlmsg_seq)
		return -EBADMSG;
	e->cmd = genl->cmd;
	dt_nl_attrs((char *)genl + GENL_HDRLEN,
		    NLMSG_PAYLOAD(nlh, GENL_HDRLEN), event_cb, e);
	return 0;
}

#define EXPECT_EVENT(what, text) ({					\
	struct event e_;						\
	EXPECT_EQ(0, event_read(&self->nl, &e_));			\
	EXPECT_EQ(DIPC_CMD_##what##_NTF, e_.cmd);			\
	EXPECT_STREQ(text, e_.name);					\
	e_; })
#define EXPECT_NO_EVENT() ({						\
	struct event e_;						\
	EXPECT_EQ(-EAGAIN, event_read(&self->nl, &e_)) {		\
		TH_LOG("command %d of '%s'", e_.cmd, e_.name);		\
	} })

FIXTURE(listener) {
	struct dt_nl nl;
};

FIXTURE_SETUP(listener)
{
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, listener_open(&self->nl));
}

FIXTURE_TEARDOWN(listener)
{
	dt_nl_close(&self->nl);
}

TEST_F(listener, mailbox_comes_changes_and_goes)
{
	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX(.mode = 0640)));
	EXPECT_EQ(0640, EXPECT_EVENT(MAILBOX_NEW, "box").mode);
	EXPECT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.mode = 0644)));
	EXPECT_EQ(0644, EXPECT_EVENT(MAILBOX_SET, "box").mode);
	EXPECT_EQ(0, dt_mailbox_purge("box", NULL));
	EXPECT_EQ(0, dt_mailbox_del("box"));
	EXPECT_EQ(0644, EXPECT_EVENT(MAILBOX_DEL, "box").mode);
	EXPECT_NO_EVENT();
}

TEST_F(listener, what_fails_is_no_event)
{
	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX()));
	EXPECT_EVENT(MAILBOX_NEW, "box");
	EXPECT_EQ(-EEXIST, dt_mailbox_new("box", DT_MAILBOX()));
	EXPECT_EQ(-ERANGE, dt_mailbox_set("box", DT_MAILBOX(.policy = 9)));
	EXPECT_EQ(-ENOENT, dt_mailbox_del("bix"));
	EXPECT_NO_EVENT();
}

TEST_F(listener, names_of_a_port_come_and_go)
{
	struct sockaddr_dipc one = dt_name("one"), two = dt_name("two");
	int fd = dt_socket_bound(SOCK_RDM, &one);
	uint64_t port;

	ASSERT_LE(0, fd);
	port = dt_port_id(fd);
	EXPECT_EQ(port, EXPECT_EVENT(NAME_NEW, "one").port);
	EXPECT_EQ(0, dt_bind(fd, &two));
	EXPECT_EQ(port, EXPECT_EVENT(NAME_NEW, "two").port);
	close(fd);
	EXPECT_EQ(port, EXPECT_EVENT(NAME_DEL, "one").port);
	EXPECT_EQ(port, EXPECT_EVENT(NAME_DEL, "two").port);
	EXPECT_NO_EVENT();
}

#define ROUNDS	200

static long come_and_go(void *arg)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		addr = dt_name(name);
		fd = dt_socket_bound(SOCK_RDM, &addr);
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

/* It is told when it is done, and not when it is going to be. */
TEST_F(listener, what_is_told_to_be_gone_is_not_found)
{
	struct dt_thread thread;
	struct event e;
	struct dt_nl nl;
	int n = 0, err;

	ASSERT_EQ(0, dt_nl_open(&nl));
	ASSERT_EQ(0, dt_thread_start(&thread, come_and_go, NULL));
	while (n < ROUNDS) {
		err = event_read(&self->nl, &e);
		if (err == -EAGAIN) {
			sched_yield();
			continue;
		}
		ASSERT_EQ(0, err);
		if (e.cmd != DIPC_CMD_NAME_DEL_NTF)
			continue;
		dt_nl_begin(&nl, DIPC_CMD_NAME_GET, 0);
		dt_nl_put_str(&nl, DIPC_A_NAME_NAME, e.name);
		EXPECT_EQ(-ENOENT, dt_nl_call(&nl, NULL, NULL, NULL));
		n++;
	}
	EXPECT_EQ(0, dt_thread_join(&thread));
	dt_nl_close(&nl);
}

TEST_F(listener, transient_mailbox_goes_with_its_user)
{
	struct sockaddr_dipc addr = dt_mailbox("box");
	int fd;

	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX(.transient = true)));
	EXPECT_EVENT(MAILBOX_NEW, "box");
	fd = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, fd);
	EXPECT_NO_EVENT();
	close(fd);
	EXPECT_EVENT(MAILBOX_DEL, "box");
	EXPECT_NO_EVENT();
}

TEST_F(listener, other_namespaces_are_not_heard)
{
	ASSERT_EQ(0, dt_netns_new());
	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX()));
	EXPECT_EQ(0, dt_mailbox_del("box"));
	EXPECT_NO_EVENT();
}

TEST_F(listener, nobody_needs_privilege_to_listen)
{
	static struct dt_nl nl;
	struct event e;

	ASSERT_EQ(0, become(DT_NOBODY));
	ASSERT_EQ(0, listener_open(&nl));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX()));
	EXPECT_EQ(0, event_read(&nl, &e));
	EXPECT_STREQ("box", e.name);
	dt_nl_close(&nl);
}

TEST_F(listener, slow_reader_is_told_that_events_were_lost)
{
	struct event e;
	int room = 1, i, err, n = 0;

	ASSERT_EQ(0, setsockopt(self->nl.fd, SOL_SOCKET, SO_RCVBUF, &room,
				sizeof(room)));
	EXPECT_EQ(0, dt_mailbox_new("box", DT_MAILBOX()));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.mode = i)));
	while (!(err = event_read(&self->nl, &e)))
		n++;
	EXPECT_EQ(-ENOBUFS, err);
	EXPECT_GT(101, n);
	/* and then it goes on */
	while (!event_read(&self->nl, &e))
		;
	EXPECT_EQ(0, dt_mailbox_del("box"));
	EXPECT_EVENT(MAILBOX_DEL, "box");
}

/* Each dies with mailboxes, names and a listener in a namespace of its own. */
static int live_and_die(void *arg)
{
	static struct dt_nl nl;
	struct sockaddr_dipc addr = dt_mailbox("box"), name = dt_name("name");

	return dt_netns_new() || listener_open(&nl) ||
	       dt_mailbox_new("box", DT_MAILBOX()) ||
	       dt_mailbox_new("box2", DT_MAILBOX(.transient = true)) ||
	       dt_socket_bound(SOCK_RDM, &addr) < 0 ||
	       dt_socket_bound(SOCK_RDM, &name) < 0;
}

TEST_F(listener, namespaces_end_with_listeners_and_mailboxes)
{
	int i;

	for (i = 0; i < 30; i++)
		EXPECT_EQ(0, dt_child_wait(dt_child(live_and_die, NULL)));
	/* they are torn down one after the other, in the background */
	dt_rcu_barrier();
	EXPECT_NO_EVENT();
}

TEST_HARNESS_MAIN
