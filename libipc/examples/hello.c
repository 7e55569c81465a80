// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hello: one process has a port under a name, another sends to the name and
 * is answered at the address that its message came from.
 *
 *	hello [NAME]
 *
 * The client never binds anything: its socket has a port number from the
 * kernel, and that is all the server needs for its reply.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include <ipc/libipc.h>

#include "util.h"

#define TIMEOUT_MS	10000

static int socket_open(void)
{
	int fd, err;

	fd = ipc_open(SOCK_RDM, 0);
	if (fd < 0)
		fail(fd, "ipc_open");
	err = ipc_set_timeouts(fd, TIMEOUT_MS, TIMEOUT_MS);
	if (err < 0)
		fail(err, "ipc_set_timeouts");
	return fd;
}

static void message_take(int fd, const char *who, struct sockaddr_dipc *from)
{
	char text[IPC_ADDR_TEXT_MAX];
	char buf[128];
	ssize_t n;
	int err;

	n = ipc_recvfrom(fd, buf, sizeof(buf), 0, from);
	if (n < 0)
		fail(n, "%s: ipc_recvfrom", who);
	if ((size_t)n > sizeof(buf))
		fail(0, "%s: a message of %zd bytes", who, n);
	err = ipc_addr_format(from, text, sizeof(text));
	if (err < 0)
		fail(err, "ipc_addr_format");
	printf("%s: \"%.*s\" from %s\n", who, (int)n, buf, text);
	fflush(stdout);
}

static void message_put(int fd, const char *what,
			const struct sockaddr_dipc *to)
{
	ssize_t n = ipc_sendto(fd, what, strlen(what), 0, to);

	if (n < 0)
		fail(n, "ipc_sendto \"%s\"", what);
}

static void client(const struct sockaddr_dipc *server)
{
	struct sockaddr_dipc from;
	int fd = socket_open();

	message_put(fd, "hello", server);
	message_take(fd, "client", &from);
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_dipc name, from;
	char unique[64];
	const char *text = unique;
	int fd, err, status;
	pid_t child;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		usage("[NAME]");
	snprintf(unique, sizeof(unique), "hello.%d", (int)getpid());
	if (argc == 2)
		text = argv[1];

	/* The socket first: it loads the module, and addresses depend on it. */
	fd = socket_open();
	err = ipc_addr_name(text, 0, &name);
	if (err)
		fail(err, "'%s' as a name", text);
	err = ipc_bind(fd, &name);
	if (err)
		fail(err, "ipc_bind");

	/* The name is there before the client is. */
	child = fork();
	if (child < 0)
		fail(-errno, "fork");
	if (!child) {
		close(fd);
		client(&name);
		return 0;
	}

	message_take(fd, "server", &from);
	message_put(fd, "hello yourself", &from);
	if (waitpid(child, &status, 0) < 0)
		fail(-errno, "waitpid");
	close(fd);
	return status ? 1 : 0;
}
