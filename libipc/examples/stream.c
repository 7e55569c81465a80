// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream: a pipe between two programs that know a name, and need no common
 * parent and no file.
 *
 *	stream [-c] read NAME		what comes, to standard output
 *	stream [-c] write NAME		standard input, to the other
 *
 *	-c	give the name, and wait for the other, who then has no -c
 *
 * Ends when the writer does. If the reader ends first, the writer fails with
 * EPIPE; it is not killed.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

static char buf[65536];

static void copy_out(int fd)
{
	ssize_t n;

	while ((n = must(ipc_recv(fd, buf, sizeof(buf), 0), "read")) > 0)
		write_all(STDOUT_FILENO, buf, n);
}

static void copy_in(int fd)
{
	ssize_t n, done;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		/* A stream may take a part. */
		for (done = 0; done < n; )
			done += must(ipc_send(fd, buf + done, n - done, 0),
				     "write");
	}
	if (n < 0)
		fail(-errno, "standard input");
}

int main(int argc, char **argv)
{
	static const char args[] = "[-c] read|write NAME";
	int create = 0, reads, opt, fd;

	while ((opt = getopt(argc, argv, "c")) != -1) {
		if (opt != 'c')
			usage(args);
		create = O_CREAT;
	}
	if (argc - optind != 2)
		usage(args);
	reads = !strcmp(argv[optind], "read");
	if (!reads && strcmp(argv[optind], "write"))
		usage(args);
	fd = must(ipc_pipe_open(argv[optind + 1],
				(reads ? O_RDONLY : O_WRONLY) | create),
		  argv[optind + 1]);
	if (reads)
		copy_out(fd);
	else
		copy_in(fd);
	close(fd);
	return 0;
}
