// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pipeline: a request goes through several servers, each of which writes its
 * part of the reply and hands the request on.
 *
 *	pipeline stage [-b] [-p PLACE] ADDRESS VERB [NEXT]
 *	pipeline ask [-t TIMEOUT_MS] ADDRESS TEXT
 *
 *	-b	go to the background as soon as requests are accepted, and print
 *		the process id there
 *	-p	which stage it is: 0 (the default) is the first
 *	-t	how long to wait for the reply, in milliseconds (10000)
 *
 * VERB is what the stage does with the text: upper, reverse or count. The stage
 * without a NEXT is the last, and replies. The client calls the first, and gets
 * one reply, in which each stage has written one line; which of them has
 * replied, and how many there were, it need not know. Whoever of them dies with
 * the request, the client is told.
 */
#define _GNU_SOURCE
#include <ctype.h>

#include <ipc/libipc.h>

#include "util.h"

#define LINE_BYTES	80	/* of the reply, for each stage */
#define STAGES_MAX	100
#define TEXT_MAX	64

struct stage {
	int place;
	const char *verb;
	struct sockaddr_dipc next;
	int has_next;
};

static void work(const char *verb, const char *text, int len, char *result)
{
	int i;

	if (!strcmp(verb, "count")) {
		snprintf(result, TEXT_MAX, "%d", len);
		return;
	}
	for (i = 0; i < len; i++)
		result[i] = *verb == 'u' ? toupper((unsigned char)text[i]) :
					   text[len - 1 - i];
	result[len] = '\0';
}

static ssize_t handle(struct ipc_served *s)
{
	const struct stage *stage = s->arg;
	char line[LINE_BYTES + 1], result[TEXT_MAX];
	int err;

	if (!s->request->handle || s->in_len >= TEXT_MAX)
		return -EMSGSIZE;
	work(stage->verb, s->in, s->in_len, result);
	snprintf(line, sizeof(line), "%-8s%-*s\n", stage->verb, LINE_BYTES - 9,
		 result);
	if (!stage->has_next) {
		memcpy(s->out, line, LINE_BYTES);
		s->offset = (uint64_t)stage->place * LINE_BYTES;
		return LINE_BYTES;
	}
	err = ipc_reply_part(s->fd, s->request->handle,
			     (uint64_t)stage->place * LINE_BYTES, line,
			     LINE_BYTES);
	if (err < 0)
		return err;
	err = ipc_forward(s->fd, s->request->handle, &stage->next);
	return err ? err : IPC_NO_REPLY;
}

static void serve(const struct sockaddr_dipc *addr, struct stage *stage,
		  int background)
{
	struct ipc_serve_conf conf = { .handler = handle, .arg = stage };
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

static void ask(const struct sockaddr_dipc *addr, const char *text,
		int timeout_ms)
{
	static char reply[STAGES_MAX * LINE_BYTES];
	ssize_t n;
	int fd;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	n = must(ipc_call(fd, addr, text, strlen(text), reply, sizeof(reply),
			  timeout_ms), "call");
	write_all(STDOUT_FILENO, reply, n);
	close(fd);
}

int main(int argc, char **argv)
{
	static const char args[] =
		"stage [-b] [-p PLACE] ADDRESS upper|reverse|count [NEXT]\n"
		"       pipeline ask [-t TIMEOUT_MS] ADDRESS TEXT";
	const char *verb = argc > 1 ? argv[1] : "";
	int background = 0, timeout_ms = 10000, opt;
	struct sockaddr_dipc addr;
	struct stage stage = { 0 };

	optind = 2;
	while ((opt = getopt(argc, argv, "bp:t:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 'p')
			stage.place = number(optarg, 0, STAGES_MAX - 1);
		else if (opt == 't')
			timeout_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (argc - optind < 2 || argc - optind > 3)
		usage(args);
	argv += optind;
	must(ipc_addr_parse(argv[0], &addr), argv[0]);
	stage.verb = argv[1];
	if (!strcmp(verb, "ask") && !argv[2]) {
		ask(&addr, argv[1], timeout_ms);
	} else if (!strcmp(verb, "stage") && (!strcmp(argv[1], "upper") ||
		   !strcmp(argv[1], "reverse") || !strcmp(argv[1], "count"))) {
		stage.has_next = argv[2] != NULL;
		if (argv[2])
			must(ipc_addr_parse(argv[2], &stage.next), argv[2]);
		serve(&addr, &stage, background);
	} else {
		usage(args);
	}
	return 0;
}
