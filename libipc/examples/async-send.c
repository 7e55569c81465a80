// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * async-send: sends each line of its input, without waiting for anybody, and
 * learns afterwards which of them have been received.
 *
 *	async-send [-t TIMEOUT_MS] ADDRESS
 *
 *	-t	how long each line is offered, in milliseconds (10000)
 *
 * A completion has the cookie that the message was sent with; here that is the
 * number of the line. They come in the order in which they happen.
 */
#define _GNU_SOURCE
#include <poll.h>

#include <ipc/libipc.h>

#include "util.h"

static int outstanding;

/* Read the completions that are there; wait for one if there is none. */
static int completions_read(int fd)
{
	struct pollfd pfd = { .fd = fd }; /* POLLERR comes unasked */
	struct dipc_completion done;
	int err, failed = 0;

	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		fail(-errno, "poll");
	while (!(err = ipc_recv_completion(fd, &done))) {
		printf("line %llu: %s\n", (unsigned long long)done.cookie,
		       done.error ? strerror(done.error) : "received");
		outstanding--;
		failed |= done.error;
	}
	if (err != -EAGAIN)
		fail(err, "ipc_recv_completion");
	return failed;
}

int main(int argc, char **argv)
{
	static const char args[] = "[-t TIMEOUT_MS] ADDRESS";
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC | IPC_SEND_MODE | IPC_SEND_DEADLINE,
		.mode = DIPC_MODE_EXPLICIT,
		.deadline_ns = 10000000000,
	};
	int fd, opt, failed = 0;
	struct sockaddr_dipc to;
	char *line = NULL;
	struct iovec iov;
	size_t size = 0;
	ssize_t len, n;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			usage(args);
		attr.deadline_ns = number(optarg, 1, 1000000000) * 1000000ULL;
	}
	if (argc - optind != 1)
		usage(args);
	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	must(ipc_addr_parse(argv[optind], &to), argv[optind]);
	attr.to = &to;

	while ((len = getline(&line, &size, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		iov = (struct iovec) { line, len };
		attr.cookie++;
		/* There is a limit to what may be on its way. */
		while ((n = ipc_sendmsg(fd, &iov, 1, 0, &attr)) == -EAGAIN)
			failed |= completions_read(fd);
		must(n, "send");
		outstanding++;
	}
	if (ferror(stdin))
		fail(-errno, "standard input");
	printf("%d sent\n", (int)attr.cookie);
	fflush(stdout);
	while (outstanding)
		failed |= completions_read(fd);
	free(line);
	close(fd);
	return failed ? 1 : 0;
}
