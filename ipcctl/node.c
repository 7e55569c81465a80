// SPDX-License-Identifier: GPL-2.0
/* ipcctl node: about this node and the module. */
#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "nl.h"
#include "out.h"

static void put_node(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs;

	attrs_read(&attrs, nlh);
	out_record();
	out_num("id", "node", attr_num(&attrs, DIPC_A_NODE_ID));
	out_num("family", "address family",
		attr_num(&attrs, DIPC_A_NODE_FAMILY));
	out_str("version", "module version",
		attr_str(&attrs, DIPC_A_NODE_VERSION));
}

static int show(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	int err;

	if (argc) {
		complain("node show takes no arguments");
		return USAGE;
	}
	nlh = nl_begin(DIPC_CMD_NODE_GET, 0);
	if (!nlh)
		return FAILED;
	out_begin(OUT_OBJECT);
	err = nl_run(nlh, NULL, put_node, NULL);
	if (!err)
		out_end();
	return err;
}

static const struct cmd commands[] = {
	{ .name = "show", .help = "tell about this node", .run = show },
	{ 0 }
};

const struct cmd node_cmd = {
	.name = "node",
	.help = "this network namespace and the module",
	.run = show,
	.sub = commands,
};
