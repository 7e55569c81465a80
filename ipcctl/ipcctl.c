// SPDX-License-Identifier: GPL-2.0
/*
 * ipcctl: the administrative tool of AF_DIPC. Options, and the root of the
 * tree of commands.
 */
#include <stdio.h>
#include <string.h>

#include "arg.h"
#include "cmd.h"
#include "out.h"

/* Their values, so that each object can be in a file of its own. */
static struct cmd objects[11];

static const struct cmd root = {
	.name = "ipcctl",
	.more = "Options: -j  JSON instead of text\n"
		"         -d  details: who waits in ports, mailboxes and connections, and more\n"
		"             about calls\n"
		"         -h  help, at every level\n"
		"         -V  the version\n\n"
		"The beginning of a command is enough where it is of only one.\n",
	.sub = objects,
};

static bool is_option(const char *word, const char *brief, const char *full)
{
	return !strcmp(word, brief) || !strcmp(word, full);
}

/*
 * Options may stand anywhere: what they leave are the words. "-" alone is a
 * word, and whatever is behind "--".
 */
static int take_options(int argc, char **argv, bool *version)
{
	bool only_words = false;
	int in, out = 0;

	for (in = 1; in < argc; in++) {
		if (only_words || argv[in][0] != '-' || !argv[in][1])
			argv[out++] = argv[in];
		else if (!strcmp(argv[in], "--"))
			only_words = true;
		else if (is_option(argv[in], "-d", "--details"))
			out_details = true;
		else if (is_option(argv[in], "-j", "--json"))
			out_json = true;
		else if (is_option(argv[in], "-h", "--help"))
			cmd_want_help = true;
		else if (is_option(argv[in], "-V", "--version"))
			*version = true;
		else
			return -in;
	}
	return out;
}

int main(int argc, char **argv)
{
	bool version = false;
	int status, words;

	objects[0] = mailbox_cmd;
	objects[1] = port_cmd;
	objects[2] = link_cmd;
	objects[3] = call_cmd;
	objects[4] = name_cmd;
	objects[5] = node_cmd;
	objects[6] = stats_cmd;
	objects[7] = monitor_cmd;
	objects[8] = send_cmd;
	objects[9] = recv_cmd;

	words = take_options(argc, argv, &version);
	if (words < 0) {
		complain("there is no option '%s'; -h helps", argv[-words]);
		return USAGE;
	}
	if (version) {
		puts("ipcctl " VERSION);
		return 0;
	}
	status = cmd_run(&root, "ipcctl", words, argv);
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output cannot be written");
		return FAILED;
	}
	return status;
}
