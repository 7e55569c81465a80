// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: each allocation and each copy of each command and of each dump
 * fails once; so do events. A command that fails has done nothing, and the
 * next try works. An answer may be lost, as with every family, though what was
 * asked for is done. suite-timeout: 120
 * kmsg-allow: kmemleak: Cannot allocate a scan area
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"
#include "calls.h"

#define BOX	"fault-box"
#define PORT	"fault-port"

/* A command, and what there is to see. */
struct asking {
	uint8_t cmd;
	uint16_t name_attr;	/* 0: it has none */
	uint16_t id_attr;	/* the same: of the port, or of a link */
	bool dump, has_mode, has_box, has_event;

	struct dt_nl nl, listener;
	bool was_answered;
	uint64_t id;
	int port, client, links[2];
	struct call waiting;
};

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

static int listener_open(struct dt_nl *nl)
{
	uint32_t group = 0;
	int err = dt_nl_open(nl);

	if (err)
		return err;
	nl->family = GENL_ID_CTRL;
	dt_nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	dt_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = dt_nl_call(nl, NULL, family_cb, &group);
	return err ?: DT_ERR(setsockopt(nl->fd, SOL_NETLINK,
					NETLINK_ADD_MEMBERSHIP, &group,
					sizeof(group)));
}

static void link_cb(int type, const void *data, int len, void *arg)
{
	uint32_t id;

	if (type == DIPC_A_LINK_ID && len == sizeof(id)) {
		memcpy(&id, data, sizeof(id));
		*(uint64_t *)arg = id;
	}
}

static int find_id(struct asking *a)
{
	if (!a->id_attr)
		return 0;
	if (a->cmd != DIPC_CMD_LINK_GET) {
		a->id = dt_port_id(a->port);
		return 0;
	}
	dt_nl_begin(&a->nl, DIPC_CMD_LINK_GET, NLM_F_DUMP);
	return dt_nl_call(&a->nl, NULL, link_cb, &a->id);
}

/* As much as the command has to do with, and a message in the mailbox. */
static int set_up_sockets(struct asking *a)
{
	struct sockaddr_dipc name = dt_name(PORT), to = dt_mailbox(BOX);

	a->port = calls_server(SOCK_RDM, &name);
	a->client = dt_socket_connected(SOCK_RDM, &name);
	if (a->client < 0)
		return a->client;
	if (a->has_box && dt_send(a->client, "x", 1, 0, &to) != 1)
		return -EIO;
	if (a->cmd == DIPC_CMD_CALL_GET)
		return calls_start(BY_OP, a->client, "x", WITH(.cookie = 7))
		       == 1 ? 0 : -EIO;
	return find_id(a);
}

static int set_up(void *env)
{
	struct asking *a = env;
	int err = dt_nl_open(&a->nl);

	a->listener.fd = a->port = a->client = a->links[0] = a->links[1] = -1;
	if (!err && a->has_event)
		err = listener_open(&a->listener);
	if (!err && a->has_box)
		err = dt_mailbox_new(BOX, DT_MAILBOX(.mode = 0600));
	if (err)
		return err;
	if (a->cmd == DIPC_CMD_LINK_GET &&
	    socketpair(dt_family(), SOCK_SEQPACKET, 0, a->links))
		return -errno;
	err = set_up_sockets(a);
	if (err || a->cmd != DIPC_CMD_WAITER_GET)
		return err;
	return call_recv(&a->waiting, a->port) ?:
	       call_wait_asleep(&a->waiting) ? 0 : -ETIME;
}

static void tear_down(void *env)
{
	struct asking *a = env;

	if (a->cmd == DIPC_CMD_WAITER_GET && put(a->client, 'x') == 1)
		call_end(&a->waiting);
	close(a->links[0]);
	close(a->links[1]);
	close(a->client);
	close(a->port);
	if (a->has_box || a->has_event)
		dt_mailbox_del(BOX);
	dt_nl_close(&a->nl);
	close(a->listener.fd);
}

static void build(struct asking *a)
{
	dt_nl_begin(&a->nl, a->cmd, a->dump ? NLM_F_DUMP : 0);
	if (a->name_attr)
		dt_nl_put_str(&a->nl, a->name_attr,
			      a->cmd == DIPC_CMD_NAME_GET ? PORT : BOX);
	if (a->id_attr == DIPC_A_LINK_ID && a->cmd == DIPC_CMD_LINK_GET)
		dt_nl_put_u32(&a->nl, a->id_attr, a->id);
	else if (a->id_attr)
		dt_nl_put_u64(&a->nl, a->id_attr, a->id);
	if (a->has_mode)
		dt_nl_put_u32(&a->nl, DIPC_A_MAILBOX_MODE, 0640);
	((struct nlmsghdr *)a->nl.buf)->nlmsg_len = a->nl.len;
}

/* The error of one acknowledgement; 1: there was none in what has come. */
static int error_in(struct asking *a, ssize_t n)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)a->nl.buf;

	for (; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
		if (nlh->nlmsg_type == NLMSG_ERROR ||
		    nlh->nlmsg_type == NLMSG_DONE)
			return *(int *)NLMSG_DATA(nlh);
		a->was_answered = true;
	}
	return 1;
}

/* The command is done in send(). If its answer is lost, that is not known. */
static long ask(void *env)
{
	struct asking *a = env;
	int error = 1;
	ssize_t n;

	build(a);
	a->was_answered = false;
	if (send(a->nl.fd, a->nl.buf, a->nl.len, 0) < 0)
		return -errno;
	if (!a->dump)
		fault_pause();
	while (error == 1) {
		n = recv(a->nl.fd, a->nl.buf, sizeof(a->nl.buf), MSG_DONTWAIT);
		if (n < 0 && a->dump)
			return -errno;
		if (n < 0)
			return 0;
		error = error_in(a, n);
	}
	fault_pause();
	return error;
}

/* A dump goes on where it was: the next one is another socket's. */
static bool begin_anew(void *env)
{
	struct asking *a = env;

	dt_nl_close(&a->nl);
	return !dt_nl_open(&a->nl);
}

static bool has_dumped(void *env)
{
	struct asking *a = env;

	return a->was_answered;
}

static bool is_there(void *env)
{
	struct dt_queue box;

	return !dt_mailbox_get(BOX, &box);
}

static bool is_gone(void *env)
{
	return !is_there(env);
}

static bool has_new_mode(void *env)
{
	struct dt_queue box;

	return !dt_mailbox_get(BOX, &box) && box.mode == 0640;
}

static bool has_old_mode(void *env)
{
	return !has_new_mode(env);
}

static bool is_empty(void *env)
{
	return !dt_mailbox_queued(BOX);
}

static bool is_full(void *env)
{
	return dt_mailbox_queued(BOX) == 1;
}

#define ASKING(test_name, command, done, untouched, ...)		\
	FAULT_TEST(test_name, .setup = set_up, .step = ask,		\
		   .is_done = done, .is_untouched = untouched,		\
		   .teardown = tear_down,				\
		   .may = { ENOBUFS, ENOMEM }, .env = &(struct asking) {\
			.cmd = DIPC_CMD_ ## command, __VA_ARGS__ })
#define DUMPING(test_name, command, ...)				\
	DUMPING_AS(test_name, command, false, __VA_ARGS__)
#define DUMPING_AS(test_name, command, pages, ...)			\
	FAULT_TEST(test_name, .setup = set_up, .step = ask,		\
		   .has_pages = pages,					\
		   .is_done = has_dumped, .is_untouched = begin_anew,	\
		   .teardown = tear_down, .may = { ENOBUFS },		\
		   .may_degrade = true, .env = &(struct asking) {	\
			.cmd = DIPC_CMD_ ## command, .dump = true,	\
			__VA_ARGS__ })

ASKING(node_get, NODE_GET, NULL, NULL)
ASKING(stats_get, STATS_GET, NULL, NULL)
ASKING(name_get, NAME_GET, NULL, NULL, .name_attr = DIPC_A_NAME_NAME)
ASKING(port_get, PORT_GET, NULL, NULL, .id_attr = DIPC_A_PORT_ID)
ASKING(link_get, LINK_GET, NULL, NULL, .id_attr = DIPC_A_LINK_ID)
ASKING(mailbox_get, MAILBOX_GET, NULL, NULL, .has_box = true,
       .name_attr = DIPC_A_MAILBOX_NAME)
ASKING(mailbox_new, MAILBOX_NEW, is_there, is_gone, .has_event = true,
       .name_attr = DIPC_A_MAILBOX_NAME)
ASKING(mailbox_set, MAILBOX_SET, has_new_mode, has_old_mode, .has_mode = true,
       .has_box = true, .has_event = true, .name_attr = DIPC_A_MAILBOX_NAME)
ASKING(mailbox_del, MAILBOX_DEL, is_gone, is_there, .has_box = true,
       .has_event = true, .name_attr = DIPC_A_MAILBOX_NAME)
ASKING(mailbox_purge, MAILBOX_PURGE, is_empty, is_full, .has_box = true,
       .name_attr = DIPC_A_MAILBOX_NAME)
DUMPING(mailboxes, MAILBOX_GET, .has_box = true)
DUMPING(ports, PORT_GET)
DUMPING(names, NAME_GET)
DUMPING(links, LINK_GET)
/* Its table is larger than a page. */
DUMPING_AS(waiters, WAITER_GET, true, .id_attr = DIPC_A_WAITER_PORT)
DUMPING(calls, CALL_GET)
DUMPING(messages, MAILBOX_PEEK, .has_box = true,
	.name_attr = DIPC_A_MESSAGE_MAILBOX)

FAULT_MAIN
