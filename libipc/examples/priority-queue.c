// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * priority-queue: a mailbox from which the most urgent message comes first.
 *
 *	priority-queue make MAILBOX		make it, if it does not exist
 *	priority-queue put MAILBOX [PRIORITY:TEXT ...]
 *	priority-queue get MAILBOX		take all, and print them
 *
 * PRIORITY is 0 to 31, the most urgent. Among equals the first comes first.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

#define TEXT_MAX 65536

static void make(const char *name)
{
	const struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_ORDER,
		.order = DIPC_ORDER_PRIORITY,
	};

	must(ipc_mailbox_create(name, &attr, 0), name);
}

static void put(const char *name, char **texts)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_PRIORITY };
	struct ipc_mailbox *mb;
	struct iovec iov;
	char *colon;

	must(ipc_mailbox_open(name, O_WRONLY, NULL, &mb), name);
	for (; *texts; texts++) {
		colon = strchr(*texts, ':');
		if (!colon)
			fail(0, "'%s' is not PRIORITY:TEXT", *texts);
		*colon = '\0';
		attr.priority = number(*texts, 0, DIPC_PRIORITY_MAX);
		iov = (struct iovec) { colon + 1, strlen(colon + 1) };
		must(ipc_mailbox_putmsg(mb, &iov, 1, &attr, -1), "put");
	}
	ipc_mailbox_close(mb);
}

static void get(const char *name)
{
	static char text[TEXT_MAX];
	struct iovec iov = { text, sizeof(text) };
	struct ipc_recv_attr attr;
	struct ipc_mailbox *mb;
	ssize_t n;

	must(ipc_mailbox_open(name, O_RDONLY, NULL, &mb), name);
	must(ipc_set_recv_info(ipc_mailbox_fd(mb), IPC_RECV_PRIORITY),
	     "ipc_set_recv_info");
	for (;;) {
		attr = (struct ipc_recv_attr) { .fields = IPC_RECV_PRIORITY };
		n = ipc_mailbox_getmsg(mb, &iov, 1, 0, &attr, 0);
		if (n == -EAGAIN)
			break;
		must(n, "get");
		if (attr.flags & MSG_TRUNC)
			fail(0, "a message of %zd bytes", n);
		printf("%u:%.*s\n", attr.priority, (int)n, text);
	}
	ipc_mailbox_close(mb);
}

int main(int argc, char **argv)
{
	static const char args[] = "make|put|get MAILBOX [PRIORITY:TEXT ...]";

	if (argc < 3)
		usage(args);
	if (!strcmp(argv[1], "make") && argc == 3)
		make(argv[2]);
	else if (!strcmp(argv[1], "put"))
		put(argv[2], argv + 3);
	else if (!strcmp(argv[1], "get") && argc == 3)
		get(argv[2]);
	else
		usage(args);
	return 0;
}
