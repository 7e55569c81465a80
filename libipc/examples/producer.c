// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * producer: puts each line of a file, or of its input, into a mailbox.
 *
 *	producer [-k] [-p K/N] [-t TIMEOUT_MS] MAILBOX [FILE]
 *
 *	-k	go on when the mailbox takes no more, and count what it did not
 *		take; else that is a failure
 *	-p	be producer K of N: every Nth line, beginning with the Kth
 *	-t	how long to wait for room, in milliseconds; 0 not at all
 *		(default: as long as it takes)
 *
 * A line is a message without its newline, so an empty line is an empty
 * message. The last line on standard error says how many were put.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdbool.h>

#include <ipc/libipc.h>

#include "util.h"

static bool is_full(int err)
{
	return err == -EAGAIN || err == -ETIMEDOUT || err == -ENOBUFS;
}

/* "2/4": the second of four */
static bool part_parse(const char *text, int *part, int *parts)
{
	int end = 0;

	return sscanf(text, "%d/%d%n", part, parts, &end) == 2 && !text[end] &&
	       *part >= 1 && *part <= *parts;
}

int main(int argc, char **argv)
{
	static const char args[] =
		"[-k] [-p K/N] [-t TIMEOUT_MS] MAILBOX [FILE]";
	int part = 1, parts = 1, timeout_ms = -1, put = 0, refused = 0;
	int err, opt, refusal = 0;
	bool keep_going = false;
	struct ipc_mailbox *mb;
	unsigned long number_of_line;
	FILE *in = stdin;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((opt = getopt(argc, argv, "kp:t:")) != -1) {
		if (opt == 'k')
			keep_going = true;
		else if (opt == 't')
			timeout_ms = number(optarg, 0, INT_MAX);
		else if (opt != 'p' || !part_parse(optarg, &part, &parts))
			usage(args);
	}
	if (argc - optind < 1 || argc - optind > 2)
		usage(args);
	if (argc - optind == 2 && strcmp(argv[optind + 1], "-")) {
		in = fopen(argv[optind + 1], "re");
		if (!in)
			fail(-errno, "%s", argv[optind + 1]);
	}

	err = ipc_mailbox_open(argv[optind], O_WRONLY, NULL, &mb);
	if (err)
		fail(err, "mailbox '%s'", argv[optind]);

	for (number_of_line = 0; (len = getline(&line, &size, in)) >= 0;
	     number_of_line++) {
		if (number_of_line % parts != (unsigned long)part - 1)
			continue;
		if (len && line[len - 1] == '\n')
			len--;
		do {
			err = ipc_mailbox_put(mb, line, len, timeout_ms);
		} while (err == -EINTR);
		if (err && !(keep_going && is_full(err)))
			fail(err, "line %lu, after %d messages",
			     number_of_line + 1, put);
		if (err) {
			refused++;
			refusal = err;
		} else {
			put++;
		}
	}
	if (ferror(in))
		fail(-errno, "reading line %lu", number_of_line + 1);

	fprintf(stderr, "producer %d/%d: %d put", part, parts, put);
	if (refused)
		fprintf(stderr, ", %d not taken: %s", refused,
			strerror(-refusal));
	fputc('\n', stderr);
	free(line);
	if (in != stdin)
		fclose(in);
	ipc_mailbox_close(mb);
	return 0;
}
