// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the command that is meant, and help at every level of the tree.
 */
#include <stdio.h>
#include <string.h>

#include "arg.h"
#include "cmd.h"

bool cmd_want_help;

static void help(FILE *to, const struct cmd *cmd, const char *path)
{
	const struct cmd *sub;

	if (!cmd->sub) {
		fprintf(to, "Usage: %s%s%s\n\n  %s\n", path,
			cmd->args ? " " : "", cmd->args ?: "", cmd->help);
		if (cmd->more)
			fprintf(to, "\n%s", cmd->more);
		return;
	}
	fprintf(to, "Usage: %s COMMAND\n\n", path);
	for (sub = cmd->sub; sub->name; sub++)
		fprintf(to, "  %-9s %s\n", sub->name, sub->help);
	if (cmd->more)
		fprintf(to, "\n%s", cmd->more);
	fprintf(to, "\n\"%s COMMAND help\" says more.\n", path);
}

/* As ip does it, the beginning of a word is enough if it is of only one. */
static const struct cmd *find(const struct cmd *cmd, const char *word)
{
	const struct cmd *sub, *found = NULL;
	size_t len = strlen(word);

	/* what ip users type */
	if (!strcmp(word, "list") || !strcmp(word, "ls"))
		word = "show";
	for (sub = cmd->sub; sub->name && len; sub++) {
		if (!strcmp(sub->name, word))
			return sub;
		if (strncmp(sub->name, word, len))
			continue;
		if (found) {
			complain("'%s' is '%s' or '%s'", word, found->name,
				 sub->name);
			return NULL;
		}
		found = sub;
	}
	if (!found)
		complain("there is no command '%s' here", word);
	return found;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help");
}

/**
 * cmd_run - run the command that the arguments are
 * @cmd: where in the tree
 * @path: the words that led there
 * @argc: how many words are left
 * @argv: the words that are left
 *
 * Return: the exit status.
 */
int cmd_run(const struct cmd *cmd, const char *path, int argc, char **argv)
{
	const struct cmd *sub;
	char longer[128];

	if (argc && is_help(argv[0]) && (cmd->sub || argc == 1)) {
		cmd_want_help = true;
		argc--;
		argv++;
	}
	if (cmd->sub && argc) {
		sub = find(cmd, argv[0]);
		if (!sub)
			return USAGE;
		snprintf(longer, sizeof(longer), "%s %s", path, sub->name);
		return cmd_run(sub, longer, argc - 1, argv + 1);
	}
	if (cmd_want_help) {
		help(stdout, cmd, path);
		return 0;
	}
	if (cmd->run)
		return cmd->run(argc, argv);
	help(stderr, cmd, path);
	return USAGE;
}
