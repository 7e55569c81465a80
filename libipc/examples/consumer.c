// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * consumer: takes messages out of a mailbox and writes each as a line.
 *
 *	consumer [-d DELAY_MS] [-e END] [-l LABEL] [-n COUNT] [-t IDLE_MS]
 *		 MAILBOX
 *
 *	-d	be slow: sleep so many milliseconds after each message
 *	-e	end when a message is END; it is not written
 *	-l	write LABEL and a tab before each message
 *	-n	end after COUNT messages
 *	-t	end when no message has come for IDLE_MS milliseconds (with -n
 *		or -e: that is a failure); 0: when there is none now
 *
 * Each line is one write, so several consumers may append to the same file.
 * The last line on standard error says how many were taken.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdbool.h>

#include <ipc/libipc.h>

#include "util.h"

int main(int argc, char **argv)
{
	static const char args[] = "[-d DELAY_MS] [-e END] [-l LABEL] "
				   "[-n COUNT] [-t IDLE_MS] MAILBOX";
	int delay_ms = 0, count = 0, idle_ms = -1, taken = 0;
	const char *end = NULL, *label = "";
	size_t label_len, end_len = 0, size;
	struct dipc_queue_conf conf;
	struct ipc_mailbox *mb;
	bool ended = false;
	char *line, *message;
	int err, opt;

	while ((opt = getopt(argc, argv, "d:e:l:n:t:")) != -1) {
		switch (opt) {
		case 'd':
			delay_ms = number(optarg, 0, 1000000);
			break;
		case 'e':
			end = optarg;
			end_len = strlen(end);
			break;
		case 'l':
			label = optarg;
			break;
		case 'n':
			count = number(optarg, 1, INT_MAX);
			break;
		case 't':
			idle_ms = number(optarg, 0, INT_MAX);
			break;
		default:
			usage(args);
		}
	}
	if (argc - optind != 1)
		usage(args);

	err = ipc_mailbox_open(argv[optind], O_RDONLY, NULL, &mb);
	if (err)
		fail(err, "mailbox '%s'", argv[optind]);
	err = ipc_get_queue(ipc_mailbox_fd(mb), &conf);
	if (err)
		fail(err, "ipc_get_queue");

	/* The label, a tab, the message, a newline. */
	label_len = strlen(label);
	size = conf.msg_max_bytes;
	line = malloc(label_len + 1 + size + 1);
	if (!line)
		fail(-ENOMEM, "buffer");
	memcpy(line, label, label_len);
	if (label_len)
		line[label_len++] = '\t';
	message = line + label_len;

	while (!ended && (!count || taken < count)) {
		ssize_t n;

		n = ipc_mailbox_get(mb, message, size, NULL, idle_ms);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN || n == -ETIMEDOUT)
			break;
		if (n < 0)
			fail(n, "after %d messages", taken);
		if ((size_t)n > size)
			fail(0, "a message of %zd bytes", n);
		if (end && (size_t)n == end_len && !memcmp(message, end, n)) {
			ended = true;
			break;
		}
		message[n] = '\n';
		write_all(STDOUT_FILENO, line, label_len + n + 1);
		taken++;
		if (delay_ms)
			usleep(delay_ms * 1000);
	}

	fprintf(stderr, "consumer%s%s: %d taken\n", *label ? " " : "", label,
		taken);
	free(line);
	ipc_mailbox_close(mb);
	if (count && taken < count)
		fail(0, "%d messages of %d came", taken, count);
	if (end && !ended && !count)
		fail(0, "the end did not come");
	return 0;
}
