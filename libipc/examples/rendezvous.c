// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rendezvous: a port without a buffer. Whoever comes first waits for the
 * other, and neither goes on before the message has changed hands.
 *
 *	rendezvous give [-t TIMEOUT_MS] NAME TEXT ...
 *	rendezvous take [-n COUNT] [-t TIMEOUT_MS] NAME
 *
 *	-n	end after COUNT texts (1)
 *	-t	how long to wait for the other each time, in milliseconds
 *		(default: as long as it takes)
 *
 * The taker has the name and so must be there first; it then takes its time.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

#define TEXT_MAX 4096

static void give(int fd, const struct sockaddr_dipc *name, char **texts)
{
	ssize_t n;

	for (; *texts; texts++) {
		n = ipc_sendto(fd, *texts, strlen(*texts), 0, name);
		if (n == -EAGAIN)
			fail(-ETIMEDOUT, "nobody takes '%s'", *texts);
		must(n, "give");
		printf("given: %s\n", *texts);
	}
}

static void take(int fd, const struct sockaddr_dipc *name, int count)
{
	struct dipc_queue_conf conf;
	char text[TEXT_MAX + 1];
	ssize_t n;

	/* Without a buffer before it has a name: nothing can slip in. */
	must(ipc_get_queue(fd, &conf), "ipc_get_queue");
	conf.capacity_msgs = 0;
	conf.msg_max_bytes = TEXT_MAX;
	must(ipc_set_queue(fd, &conf), "ipc_set_queue");
	must(ipc_bind(fd, name), "ipc_bind");

	while (count--) {
		n = ipc_recv(fd, text, TEXT_MAX, 0);
		if (n == -EAGAIN)
			fail(-ETIMEDOUT, "nobody gives");
		must(n, "take");
		text[n] = '\n';
		write_all(STDOUT_FILENO, text, n + 1);
	}
}

int main(int argc, char **argv)
{
	static const char args[] = "give [-t TIMEOUT_MS] NAME TEXT ...\n"
		"       rendezvous take [-n COUNT] [-t TIMEOUT_MS] NAME";
	int count = 1, timeout_ms = -1, opt, fd;
	const char *verb = argc > 1 ? argv[1] : "";
	struct sockaddr_dipc name;

	optind = 2;
	while ((opt = getopt(argc, argv, "n:t:")) != -1) {
		if (opt == 'n')
			count = number(optarg, 1, 1000000000);
		else if (opt == 't')
			timeout_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (optind >= argc)
		usage(args);
	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	must(ipc_addr_name(argv[optind], 0, &name), argv[optind]);
	must(ipc_set_timeouts(fd, timeout_ms, timeout_ms), "ipc_set_timeouts");
	if (!strcmp(verb, "give"))
		give(fd, &name, argv + optind + 1);
	else if (!strcmp(verb, "take"))
		take(fd, &name, count);
	else
		usage(args);
	close(fd);
	return 0;
}
