/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of commands: each row has what runs it or the rows below it, and
 * its own help, so that help works at every level and touches nothing.
 */
#ifndef IPCCTL_CMD_H
#define IPCCTL_CMD_H

#include <stdbool.h>

struct cmd {
	const char *name;
	const char *args;	/* after the name, in a line of usage */
	const char *help;	/* one line */
	const char *more;	/* what the arguments are; or NULL */
	/* a command, or what an object does without one; an exit status */
	int (*run)(int argc, char **argv);
	const struct cmd *sub;	/* of an object; ends with a row of 0 */
};

extern bool cmd_want_help;

int cmd_run(const struct cmd *cmd, const char *path, int argc, char **argv);

extern const struct cmd node_cmd, mailbox_cmd, port_cmd, link_cmd, call_cmd,
	name_cmd, stats_cmd, monitor_cmd, send_cmd, recv_cmd;

#endif /* IPCCTL_CMD_H */
