// SPDX-License-Identifier: GPL-2.0
/* ipcctl stats: what became of messages, counted. */
#include <linux/genetlink.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "nl.h"
#include "out.h"

static void put_counter(const struct nlattr *counter)
{
	const struct nlattr *attr;
	const char *name = NULL;
	uint64_t value = 0;

	mnl_attr_for_each_nested(attr, counter) {
		if (mnl_attr_get_type(attr) == DIPC_A_COUNTER_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == DIPC_A_COUNTER_VALUE &&
			 mnl_attr_validate(attr, MNL_TYPE_U64) == 0)
			value = mnl_attr_get_u64(attr);
	}
	if (name)
		out_num(name, name, value);
}

static void put_stats(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct attrs attrs;

	attrs_read(&attrs, nlh);
	out_record();
	out_num("ports", "ports", attr_num(&attrs, DIPC_A_STATS_PORTS));
	out_num("mailboxes", "mailboxes",
		attr_num(&attrs, DIPC_A_STATS_MAILBOXES));
	out_num("names", "names", attr_num(&attrs, DIPC_A_STATS_NAMES));
	out_num("messages", "messages (machine)",
		attr_num(&attrs, DIPC_A_STATS_MESSAGES));
	out_group("counters");
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == DIPC_A_STATS_COUNTER)
			put_counter(attr);
	out_group_end();
}

static int show(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	int err;

	if (argc) {
		complain("stats show takes no arguments");
		return USAGE;
	}
	nlh = nl_begin(DIPC_CMD_STATS_GET, 0);
	if (!nlh)
		return FAILED;
	out_begin(OUT_OBJECT);
	err = nl_run(nlh, NULL, put_stats, NULL);
	if (!err)
		out_end();
	return err;
}

static const struct cmd commands[] = {
	{
		.name = "show",
		.help = "show the counters of this network namespace",
		.more = "  What each counts is in ipcctl-stats(8).\n",
		.run = show,
	},
	{ 0 }
};

const struct cmd stats_cmd = {
	.name = "stats",
	.help = "what became of messages, and how many objects there are",
	.run = show,
	.sub = commands,
};
