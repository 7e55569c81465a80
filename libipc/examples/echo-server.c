// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * echo-server: sends each message back to where it came from.
 *
 *	echo-server [-b] [-n COUNT] [-t IDLE_MS] ADDRESS
 *
 *	-b	go to the background as soon as ADDRESS is bound, and print the
 *		process id there: pid=$(echo-server -b orders)
 *	-n	end after COUNT messages
 *	-t	end when no message has come for IDLE_MS milliseconds (with -n:
 *		that is a failure)
 *
 * ADDRESS is a name, port:NUMBER or mbox:NAME. Shows: bind, receive with the
 * source, reply, and that a client that is gone or does not read must not stop
 * the server.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

/* How long one client may keep the others waiting. */
#define REPLY_MS	1000

static int server_open(const char *where, int idle_ms)
{
	struct sockaddr_dipc addr;
	int fd, err;

	fd = ipc_open(SOCK_RDM, 0);
	if (fd < 0)
		fail(fd, "ipc_open");
	err = ipc_addr_parse(where, &addr);
	if (err)
		fail(err, "address '%s'", where);
	err = ipc_bind(fd, &addr);
	if (err)
		fail(err, "bind to %s", where);
	err = ipc_set_timeouts(fd, REPLY_MS, idle_ms);
	if (err)
		fail(err, "ipc_set_timeouts");
	return fd;
}

static void reply(int fd, const char *buf, size_t len,
		  const struct sockaddr_dipc *to)
{
	char text[IPC_ADDR_TEXT_MAX];
	ssize_t n;

	n = ipc_sendto(fd, buf, len, 0, to);
	if (n < 0 && ipc_addr_format(to, text, sizeof(text)) > 0)
		fprintf(stderr, "%s: no reply to %s: %s\n",
			program_invocation_short_name, text, strerror(-n));
}

int main(int argc, char **argv)
{
	static const char args[] = "[-b] [-n COUNT] [-t IDLE_MS] ADDRESS";
	struct dipc_queue_conf conf;
	struct sockaddr_dipc from;
	int background = 0, count = 0, idle_ms = -1;
	int fd, err, opt, done = 0;
	pid_t child;
	char *buf;

	while ((opt = getopt(argc, argv, "bn:t:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 'n')
			count = number(optarg, 1, 1000000000);
		else if (opt == 't')
			idle_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (argc - optind != 1)
		usage(args);

	fd = server_open(argv[optind], idle_ms);
	err = ipc_get_queue(fd, &conf);
	if (err)
		fail(err, "ipc_get_queue");
	buf = malloc(conf.msg_max_bytes + 1UL);
	if (!buf)
		fail(-ENOMEM, "buffer");

	if (background) {
		child = fork();
		if (child < 0)
			fail(-errno, "fork");
		if (child) {
			printf("%d\n", (int)child);
			return 0;
		}
		leave_stdio();
	}

	while (!count || done < count) {
		ssize_t n;

		n = ipc_recvfrom(fd, buf, conf.msg_max_bytes, 0, &from);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			break;
		if (n < 0)
			fail(n, "receive");
		if (n > conf.msg_max_bytes)
			fail(0, "a message of %zd bytes", n);
		reply(fd, buf, n, &from);
		done++;
	}
	free(buf);
	close(fd);
	if (done < count)
		fail(0, "%d messages of %d came", done, count);
	return 0;
}
