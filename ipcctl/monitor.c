// SPDX-License-Identifier: GPL-2.0
/* ipcctl monitor: what changes, as it does. */
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "mailbox.h"
#include "nl.h"
#include "out.h"

static const struct {
	const char *name;
	bool of_mailbox;
} events[DIPC_CMD_MAX + 1] = {
	[DIPC_CMD_MAILBOX_NEW_NTF] = { "mailbox-new", true },
	[DIPC_CMD_MAILBOX_SET_NTF] = { "mailbox-set", true },
	[DIPC_CMD_MAILBOX_DEL_NTF] = { "mailbox-del", true },
	[DIPC_CMD_NAME_NEW_NTF] = { "name-new", false },
	[DIPC_CMD_NAME_DEL_NTF] = { "name-del", false },
};

static bool with_time;

static void put_head(const char *event)
{
	struct timespec now;
	struct tm tm;
	char text[64];

	out_begin(OUT_LINES);
	out_record();
	if (with_time) {
		clock_gettime(CLOCK_REALTIME, &now);
		localtime_r(&now.tv_sec, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
		out_str("time", "", text);
	}
	out_str("event", "", event);
}

static void put_mailbox(const struct attrs *a)
{
	const char *name = attr_str(a, DIPC_A_MAILBOX_NAME);
	char text[TEXT_MAX];

	out_str("name", NULL, name);
	out_str("address", "", address_of_name(text, DIPC_ADDR_MAILBOX, name));
	mailbox_put_attrs(a);
}

static void put_name(const struct attrs *a)
{
	const char *name = attr_str(a, DIPC_A_NAME_NAME);
	uint64_t port = attr_num(a, DIPC_A_NAME_PORT);
	char text[TEXT_MAX];

	out_str("name", NULL, name);
	out_str("address", "", address_of_name(text, DIPC_ADDR_PORT, name));
	out_num("port", NULL, port);
	out_text("of", "%s", address_of_port(text, port));
	out_num("uid", NULL, attr_num(a, DIPC_A_NAME_UID));
	out_text("uid", "%s", user_of(text, attr_num(a, DIPC_A_NAME_UID)));
	out_str("type", "type",
		socket_type_of(attr_num(a, DIPC_A_NAME_SOCKET_TYPE)));
	out_str("scope", NULL, word_of(scope_names, N_SCOPES,
				       attr_num(a, DIPC_A_NAME_SCOPE)));
}

static void put_event(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl;
	struct attrs attrs;

	if (!nlh) {
		complain("events were lost: this reader is too slow");
		put_head("lost");
		out_end();
		return;
	}
	genl = mnl_nlmsg_get_payload(nlh);
	/* answers, and events of a newer kernel */
	if (genl->cmd > DIPC_CMD_MAX || !events[genl->cmd].name)
		return;
	attrs_read(&attrs, nlh);
	put_head(events[genl->cmd].name);
	if (events[genl->cmd].of_mailbox)
		put_mailbox(&attrs);
	else
		put_name(&attrs);
	out_end();
}

static int monitor(int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "time")) {
		with_time = true;
	} else if (argc) {
		complain("'%s': monitor takes nothing but 'time'", argv[0]);
		return USAGE;
	}
	return nl_listen(put_event, NULL);
}

const struct cmd monitor_cmd = {
	.name = "monitor",
	.args = "[time]",
	.help = "tell what changes, a line for each event, until interrupted",
	.more = "  time         put the time before each\n",
	.run = monitor,
};
