// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * once: what becomes of calls when their server dies.
 *
 *	once serve [-b] [-d COUNT] ADDRESS FILE
 *	once set [-t TIMEOUT_MS] ADDRESS NUMBER
 *	once add [-t TIMEOUT_MS] ADDRESS NUMBER
 *	once get [-t TIMEOUT_MS] ADDRESS
 *
 *	-b	go to the background as soon as requests are accepted, and print
 *		the process id there
 *	-d	die at the COUNTth request, having executed it, before the reply
 *	-t	how long to wait, in milliseconds (10000)
 *
 * The server keeps a number in FILE. To set it, or to get it, is idempotent: if
 * it is done twice, the number is the same. So these are called "at least once":
 * if the server dies, the request is sent again, to whoever has the address
 * next. To add to it is not: done twice, the sum is another one. So that is
 * called "at most once", and if the server dies, the client is told that nobody
 * knows whether it was done. It can then look, and decide.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>

#include <ipc/libipc.h>

#include "util.h"

#define NS_PER_MS	1000000ULL

/* Server and client are on one machine: a structure may go as it is. */
struct request {
	int64_t number;
	char verb;
};

struct server {
	const char *file;
	int left;		/* requests until it dies; 0: never */
};

static int64_t load(const char *file)
{
	int64_t number = 0;
	FILE *f = fopen(file, "re");

	if (f && fscanf(f, "%" SCNd64, &number) != 1)
		fail(0, "%s: not a number", file);
	if (f)
		fclose(f);
	return number;
}

static void store(const char *file, int64_t number)
{
	FILE *f = fopen(file, "we");

	if (!f || fprintf(f, "%" PRId64 "\n", number) < 0 || fclose(f))
		fail(-errno, "%s", file);
}

static ssize_t handle(struct ipc_served *s)
{
	const struct request *r = s->in;
	struct server *server = s->arg;
	int64_t number;

	if (s->in_len != sizeof(*r))
		return -EINVAL;
	number = load(server->file);
	if (r->verb == 's')
		number = r->number;
	else if (r->verb == 'a')
		number += r->number;
	store(server->file, number);
	if (server->left && !--server->left)
		raise(SIGKILL);
	memcpy(s->out, &number, sizeof(number));
	return sizeof(number);
}

static void serve(const struct sockaddr_dipc *addr, struct server *server,
		  int background)
{
	struct ipc_serve_conf conf = { .handler = handle, .arg = server };
	int fd, err;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	must(ipc_set_recv_calls(fd, 1), "ipc_set_recv_calls");
	must(ipc_bind(fd, addr), "bind");
	if (background)
		go_to_background();
	while ((err = ipc_serve(fd, &conf)) == -EINTR)
		;
	fail(err, "ipc_serve");
}

static int ask(const struct sockaddr_dipc *addr, const char *verb,
	       int64_t operand, int timeout_ms)
{
	struct request request = { .verb = *verb, .number = operand };
	struct ipc_call_attr attr = {
		.fields = IPC_CALL_SEMANTICS | IPC_CALL_DEADLINE,
		.semantics = *verb == 'a' ? DIPC_AT_MOST_ONCE :
					    DIPC_AT_LEAST_ONCE,
		.to = addr,
		.deadline_ns = timeout_ms * NS_PER_MS,
	};
	struct dipc_outcome outcome;
	int64_t result;
	struct iovec out = { &request, sizeof(request) };
	struct iovec in = { &result, sizeof(result) };
	ssize_t n;
	int fd;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	n = ipc_callmsg(fd, &out, 1, &in, 1, 0, &attr, &outcome);
	close(fd);
	if (n == -ECONNRESET || n == -ETIMEDOUT || n == -EINTR)
		fail(n, "%s: nobody knows whether it was done", verb);
	if (n < 0)
		fail(n, "%s: it was not done", verb);
	if (n != sizeof(result))
		fail(0, "%s: a reply of %zd bytes", verb, n);
	printf("%" PRId64 " after %s\n", result,
	       outcome.attempt == 1 ? "one attempt" : "several attempts");
	return 0;
}

int main(int argc, char **argv)
{
	static const char args[] = "serve [-b] [-d COUNT] ADDRESS FILE\n"
		"       once set|add [-t TIMEOUT_MS] ADDRESS NUMBER\n"
		"       once get [-t TIMEOUT_MS] ADDRESS";
	const char *verb = argc > 1 ? argv[1] : "";
	int background = 0, timeout_ms = 10000, opt;
	struct server server = { 0 };
	struct sockaddr_dipc addr;

	optind = 2;
	while ((opt = getopt(argc, argv, "bd:t:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 'd')
			server.left = number(optarg, 1, 1000000000);
		else if (opt == 't')
			timeout_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (optind >= argc)
		usage(args);
	must(ipc_addr_parse(argv[optind], &addr), argv[optind]);
	argc -= ++optind;
	argv += optind;
	if (!strcmp(verb, "get") && !argc)
		return ask(&addr, verb, 0, timeout_ms);
	if (argc != 1)
		usage(args);
	if (!strcmp(verb, "set") || !strcmp(verb, "add"))
		return ask(&addr, verb, number(argv[0], -1000000, 1000000),
			   timeout_ms);
	if (strcmp(verb, "serve"))
		usage(args);
	server.file = argv[0];
	serve(&addr, &server, background);
	return 0;
}
