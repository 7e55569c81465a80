// SPDX-License-Identifier: GPL-2.0
/*
 * A process in a chain of calls: it takes a request, and before it replies it
 * calls somebody else.
 *
 *	waits [-a] [-r] [-t MS] SERVER CALLED
 *
 * Serves under the name (or in the mailbox, mbox:NAME) SERVER, unless that is
 * "-", and prints "ready". Then takes a request, if it serves, and calls the
 * name or mailbox CALLED, if that is not "-", else waits to be killed. The
 * reply is passed on.
 *
 * -a	the call is asynchronous: it is started, and then waited for
 * -r	the call is repeated when the server goes
 * -t	the call has a deadline
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

static struct sockaddr_dipc address(const char *text)
{
	return strncmp(text, "mbox:", 5) ? dt_name(text) :
					   dt_mailbox(text + 5);
}

static int fail(const char *what, long err)
{
	fprintf(stderr, "waits: %s: %s\n", what, strerror(-err));
	return 1;
}

static struct calls_end ask(bool is_async, const char *text,
			    const struct calls_with *with)
{
	struct calls_end end = { .ret = dt_socket(SOCK_RDM) };
	int fd = end.ret;

	if (fd < 0)
		return end;
	if (!is_async)
		return calls_call(BY_OP, fd, text, with);
	end.ret = calls_start(BY_OP, fd, text, with);
	return end.ret < 0 ? end : calls_finish(BY_OP, fd, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_dipc server, called;
	struct calls_with with = *WITH(.dest = &called, .cookie = 7);
	struct calls_got got = { .text = "abc" };
	struct calls_end end;
	bool is_async = false, serves;
	int option, fd = -1;

	while ((option = getopt(argc, argv, "art:")) > 0) {
		is_async |= option == 'a';
		if (option == 'r')
			with.semantics = DIPC_AT_LEAST_ONCE;
		if (option == 't')
			with.deadline_ns = atoll(optarg) * 1000000ULL;
	}
	if (argc - optind != 2)
		return 2;
	serves = strcmp(argv[optind], "-");
	server = address(argv[optind]);
	called = address(argv[optind + 1]);
	if (serves) {
		fd = calls_server(SOCK_RDM, &server);
		if (fd < 0)
			return fail("serve", fd);
	}
	puts("ready");
	fflush(stdout);
	if (serves) {
		got = calls_recv(BY_OP, fd, 0);
		if (got.ret < 0)
			return fail("receive", got.ret);
	}
	if (!strcmp(argv[optind + 1], "-"))
		pause();
	end = ask(is_async, got.text, &with);
	if (end.ret < 0)
		return fail("call", end.ret);
	puts(end.text);
	if (serves && calls_reply(BY_OP, fd, got.r.handle, end.text) < 0)
		return fail("reply", -EPIPE);
	return 0;
}
