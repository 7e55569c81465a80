// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ask: a question and its answer, with the primitives of MPI.
 *
 *	ask serve [-n COUNT] NAME	answer COUNT questions (1)
 *	ask ask [-t TIMEOUT_MS] NAME TEXT ...
 *
 *	-t	how long to wait for each answer, in milliseconds (10000)
 *
 * The answer to a text is its length. Each question has a fresh tag, and its
 * answer the same one, marked; so an answer that comes too late is not taken
 * for that of a later question.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

static char buf[65536];

static void serve(const struct sockaddr_dipc *name, int count)
{
	struct ipc_comm *comm;
	struct ipc_status st;
	char answer[32];
	ssize_t n;
	int err;

	must(ipc_comm_open(name, &comm), "ipc_comm_open");
	while (count--) {
		n = must(ipc_comm_recv(comm, buf, sizeof(buf), NULL, -1, &st),
			 "receive");
		n = snprintf(answer, sizeof(answer), "%zd bytes", n);
		/* Whoever does not wait for it any more must not stop us. */
		err = ipc_comm_send(comm, answer, n, &st.source,
				    st.tag | IPC_TAG_ANSWER, 0);
		if (err)
			fprintf(stderr, "ask: no answer: %s\n", strerror(-err));
	}
	ipc_comm_close(comm);
}

static void ask(const struct sockaddr_dipc *name, char **texts, int timeout_ms)
{
	struct ipc_comm *comm;
	ssize_t n;

	must(ipc_comm_open(NULL, &comm), "ipc_comm_open");
	for (; *texts; texts++) {
		n = ipc_sendrecv(comm, *texts, strlen(*texts), name, 0, buf,
				 sizeof(buf), NULL, timeout_ms, NULL);
		if (n < 0)
			fail(n, "'%s'", *texts);
		printf("%s: %.*s\n", *texts, (int)n, buf);
	}
	ipc_comm_close(comm);
}

int main(int argc, char **argv)
{
	static const char args[] = "serve [-n COUNT] NAME\n"
		"       ask ask [-t TIMEOUT_MS] NAME TEXT ...";
	const char *verb = argc > 1 ? argv[1] : "";
	int count = 1, timeout_ms = 10000, opt;
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
	must(ipc_addr_name(argv[optind], 0, &name), argv[optind]);
	if (!strcmp(verb, "serve"))
		serve(&name, count);
	else if (!strcmp(verb, "ask"))
		ask(&name, argv + optind + 1, timeout_ms);
	else
		usage(args);
	return 0;
}
