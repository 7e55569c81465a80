// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * echo-client: sends each argument, or each line of its input, to a server and
 * prints what comes back.
 *
 *	echo-client [-t TIMEOUT_MS] ADDRESS [TEXT ...]
 *
 *	-t	how long to wait for each reply, in milliseconds (10000)
 *
 * ADDRESS is a name, port:NUMBER or mbox:NAME; the client need not know which
 * of them the server uses. Shows: connect, send, receive on a socket that was
 * never bound, time limits.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

#define REPLY_MAX	65536

static char buf[REPLY_MAX + 1];

static void ask(int fd, const char *text, size_t len)
{
	ssize_t n;

	n = ipc_send(fd, text, len, 0);
	if (n < 0)
		fail(n, "send");
	n = ipc_recv(fd, buf, REPLY_MAX, 0);
	if (n == -EAGAIN)
		fail(-ETIMEDOUT, "reply");
	if (n < 0)
		fail(n, "receive");
	if (n > REPLY_MAX)
		fail(0, "a reply of %zd bytes", n);
	buf[n] = '\n';
	write_all(STDOUT_FILENO, buf, n + 1);
}

int main(int argc, char **argv)
{
	static const char args[] = "[-t TIMEOUT_MS] ADDRESS [TEXT ...]";
	struct sockaddr_dipc addr;
	int fd, err, opt, timeout_ms = 10000;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			usage(args);
		timeout_ms = number(optarg, 1, 1000000000);
	}
	if (optind == argc)
		usage(args);

	fd = ipc_open(SOCK_RDM, 0);
	if (fd < 0)
		fail(fd, "ipc_open");
	err = ipc_addr_parse(argv[optind], &addr);
	if (err)
		fail(err, "address '%s'", argv[optind]);
	err = ipc_connect(fd, &addr);
	if (err)
		fail(err, "connect to %s", argv[optind]);
	err = ipc_set_timeouts(fd, timeout_ms, timeout_ms);
	if (err)
		fail(err, "ipc_set_timeouts");

	if (++optind < argc) {
		for (; optind < argc; optind++)
			ask(fd, argv[optind], strlen(argv[optind]));
	} else {
		while ((len = getline(&line, &size, stdin)) >= 0) {
			if (len && line[len - 1] == '\n')
				len--;
			ask(fd, line, len);
		}
		if (ferror(stdin))
			fail(-errno, "standard input");
		free(line);
	}
	close(fd);
	return 0;
}
