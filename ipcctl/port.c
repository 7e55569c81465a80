// SPDX-License-Identifier: GPL-2.0
/* ipcctl port: the sockets' own queues. */
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "nl.h"
#include "out.h"
#include "waiter.h"

/* Names are 64 to a port at most. */
#define NAMES_MAX (64 * (DIPC_NAME_MAX + 1))

static void put_names(const struct nlmsghdr *nlh, uint64_t count)
{
	const struct nlattr *attr;
	char text[NAMES_MAX] = "";
	uint64_t n = 0;
	size_t len;

	out_list("names");
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != DIPC_A_PORT_NAMES ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		out_str(NULL, NULL, mnl_attr_get_str(attr));
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s%s",
			 n++ ? "," : "", mnl_attr_get_str(attr));
	}
	out_list_end();
	if (n < count)
		out_text("NAMES", "%s,... (%llu)", text,
			 (unsigned long long)count);
	else
		out_text("NAMES", "%s", n ? text : "-");
}

/* Of a socket that receives from a mailbox there is no queue to show. */
static void put_queue(const struct attrs *a)
{
	out_text("QUEUED", "%llu/%llu",
		 (unsigned long long)attr_num(a, DIPC_A_PORT_QUEUED_MSGS),
		 (unsigned long long)attr_num(a, DIPC_A_PORT_CAPACITY_MSGS));
	out_num("queued-msgs", NULL, attr_num(a, DIPC_A_PORT_QUEUED_MSGS));
	out_num("capacity-msgs", NULL, attr_num(a, DIPC_A_PORT_CAPACITY_MSGS));
	out_num("queued-bytes", NULL, attr_num(a, DIPC_A_PORT_QUEUED_BYTES));
	out_num("capacity-bytes", NULL,
		attr_num(a, DIPC_A_PORT_CAPACITY_BYTES));
	out_num("msg-max-bytes", NULL, attr_num(a, DIPC_A_PORT_MSG_MAX_BYTES));
	out_str("policy", "POLICY", word_of(policy_names, N_POLICIES,
					    attr_num(a, DIPC_A_PORT_POLICY)));
	out_str("order", NULL, word_of(order_names, N_ORDERS,
				       attr_num(a, DIPC_A_PORT_ORDER)));
	out_num("waiting-senders", NULL,
		attr_num(a, DIPC_A_PORT_WAITING_SENDERS));
	out_num("waiting-receivers", NULL,
		attr_num(a, DIPC_A_PORT_WAITING_RECEIVERS));
	out_text("WAITING", "%llu/%llu",
		 (unsigned long long)attr_num(a, DIPC_A_PORT_WAITING_SENDERS),
		 (unsigned long long)attr_num(a, DIPC_A_PORT_WAITING_RECEIVERS));
	out_num("dropped", "DROPPED", attr_num(a, DIPC_A_PORT_DROPPED));
}

static void put_listener(const struct attrs *a)
{
	out_num("backlog", NULL, attr_num(a, DIPC_A_PORT_BACKLOG));
	out_num("pending", NULL, attr_num(a, DIPC_A_PORT_PENDING));
	out_note("listens: %llu of %llu connections wait to be accepted",
		 (unsigned long long)attr_num(a, DIPC_A_PORT_PENDING),
		 (unsigned long long)attr_num(a, DIPC_A_PORT_BACKLOG) + 1);
}

static void put_port(const struct nlmsghdr *nlh, void *data)
{
	const char *mailbox;
	char text[TEXT_MAX];
	struct attrs a;

	attrs_read(&a, nlh);
	mailbox = attr_str(&a, DIPC_A_PORT_MAILBOX);
	out_record();
	out_num("id", NULL, attr_num(&a, DIPC_A_PORT_ID));
	out_str("address", "PORT",
		address_of_port(text, attr_num(&a, DIPC_A_PORT_ID)));
	out_num("pid", "PID", attr_num(&a, DIPC_A_PORT_PID));
	out_num("uid", NULL, attr_num(&a, DIPC_A_PORT_UID));
	out_text("OWNER", "%s", user_of(text, attr_num(&a, DIPC_A_PORT_UID)));
	out_str("socket-type", "TYPE",
		socket_type_of(attr_num(&a, DIPC_A_PORT_SOCKET_TYPE)));
	if (*mailbox) {
		out_str("mailbox", NULL, mailbox);
		out_text("QUEUED", "-");
		out_text("POLICY", "-");
		out_text("WAITING", "-");
		out_text("DROPPED", "-");
	} else {
		put_queue(&a);
	}
	out_text("RECEIVES FROM", "%s", *mailbox ?
		 address_of_name(text, DIPC_ADDR_MAILBOX, mailbox) : "itself");
	put_names(nlh, attr_num(&a, DIPC_A_PORT_NAME_COUNT));
	out_num("name-count", NULL, attr_num(&a, DIPC_A_PORT_NAME_COUNT));
	if (a.by_type[DIPC_A_PORT_BACKLOG])
		put_listener(&a);
}

static void put_with_waiters(const struct nlmsghdr *nlh, void *data)
{
	struct attrs a;

	put_port(nlh, data);
	attrs_read(&a, nlh);
	if (!a.by_type[DIPC_A_PORT_MAILBOX] && !a.by_type[DIPC_A_PORT_BACKLOG])
		waiters_put_port(attr_num(&a, DIPC_A_PORT_ID));
}

static int show(int argc, char **argv)
{
	nl_cb put = argc || out_details ? put_with_waiters : put_port;
	struct nlmsghdr *nlh;
	uint64_t port = 0;
	int err;

	if (argc > 1) {
		complain("port show takes one port, or none for all");
		return USAGE;
	}
	if (argc && !arg_port(argv[0], &port))
		return USAGE;
	nlh = nl_begin(DIPC_CMD_PORT_GET, argc ? 0 : NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	if (argc)
		mnl_attr_put_u64(nlh, DIPC_A_PORT_ID, port);
	out_begin(argc ? OUT_ITEM : OUT_TABLE);
	err = nl_run_kept(nlh, argc ? argv[0] : NULL, put, NULL);
	if (!err || !argc)
		out_end();
	return err;
}

static const struct cmd commands[] = {
	{
		.name = "show",
		.args = "[PORT]",
		.help = "show a port, or all",
		.more = "  PORT is port:17 or 17. Of one port, or with -d, those who wait are shown\n"
			"  one by one to its owner.\n",
		.run = show,
	},
	{ 0 }
};

const struct cmd port_cmd = {
	.name = "port",
	.help = "the ports: one for each socket that is in use",
	.run = show,
	.sub = commands,
};
