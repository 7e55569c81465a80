// SPDX-License-Identifier: GPL-2.0
/* ipcctl name: who has which name. */
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "nl.h"
#include "out.h"

/* In text, so that a line stays one that can be read. */
#define SHOWN_PORTS 8
#define PORTS_TEXT_MAX (SHOWN_PORTS * 32)

static void put_ports(const struct nlmsghdr *nlh, uint64_t count)
{
	char text[PORTS_TEXT_MAX] = "", one[TEXT_MAX];
	const struct nlattr *attr;
	uint64_t n = 0;
	size_t len;

	out_list("ports");
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != DIPC_A_NAME_PORT ||
		    mnl_attr_validate(attr, MNL_TYPE_U64) < 0)
			continue;
		out_num(NULL, NULL, mnl_attr_get_u64(attr));
		if (n++ >= SHOWN_PORTS)
			continue;
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s%s",
			 n > 1 ? "," : "",
			 address_of_port(one, mnl_attr_get_u64(attr)));
	}
	out_list_end();
	if (count > SHOWN_PORTS)
		out_text("PORTS", "%s,... (%llu)", text,
			 (unsigned long long)count);
	else
		out_text("PORTS", "%s", n ? text : "-");
}

static void put_name(const struct nlmsghdr *nlh, void *data)
{
	char text[TEXT_MAX];
	const char *name;
	struct attrs a;
	uint64_t type;

	attrs_read(&a, nlh);
	name = attr_str(&a, DIPC_A_NAME_NAME);
	type = attr_num(&a, DIPC_A_NAME_TYPE);
	out_record();
	out_str("name", NULL, name);
	out_str("address", "NAME", address_of_name(text, type, name));
	out_str("type", "OF", type == DIPC_ADDR_MAILBOX ? "mailbox" : "port");
	out_num("uid", NULL, attr_num(&a, DIPC_A_NAME_UID));
	out_text("OWNER", "%s", user_of(text, attr_num(&a, DIPC_A_NAME_UID)));
	out_str("scope", "SCOPE", word_of(scope_names, N_SCOPES,
					  attr_num(&a, DIPC_A_NAME_SCOPE)));
	if (type == DIPC_ADDR_MAILBOX) {
		out_text("TYPE", "-");
		out_text("PORTS", "-");
		return;
	}
	out_str("socket-type", "TYPE",
		socket_type_of(attr_num(&a, DIPC_A_NAME_SOCKET_TYPE)));
	out_num("port-count", NULL, attr_num(&a, DIPC_A_NAME_PORT_COUNT));
	put_ports(nlh, attr_num(&a, DIPC_A_NAME_PORT_COUNT));
}

static int show(int argc, char **argv)
{
	char name[DIPC_NAME_MAX + 1];
	struct nlmsghdr *nlh;
	int err;

	if (argc > 1) {
		complain("name show takes one name, or none for all");
		return USAGE;
	}
	if (argc && !arg_name(argv[0], DIPC_ADDR_NAME, name))
		return USAGE;
	nlh = nl_begin(DIPC_CMD_NAME_GET, argc ? 0 : NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	if (argc)
		mnl_attr_put_strz(nlh, DIPC_A_NAME_NAME, name);
	out_begin(argc ? OUT_ITEM : OUT_TABLE);
	err = nl_run(nlh, argc ? argv[0] : NULL, put_name, NULL);
	if (!err || !argc)
		out_end();
	return err;
}

static const struct cmd commands[] = {
	{
		.name = "show",
		.args = "[NAME]",
		.help = "show who has a name, or all names",
		.run = show,
	},
	{ 0 }
};

const struct cmd name_cmd = {
	.name = "name",
	.help = "the names, of ports and of mailboxes",
	.run = show,
	.sub = commands,
};
