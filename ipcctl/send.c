// SPDX-License-Identifier: GPL-2.0
/* ipcctl send: messages from scripts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "msg.h"

/* What is to be sent, where to and how. */
struct order {
	struct sockaddr_dipc to;
	const char *to_text;
	struct ipc_send_attr attr;
	const char *message;	/* NULL: from standard input */
	uint32_t type;
	uint64_t count;
	int timeout_ms;		/* -1: for ever */
	bool lines;
	bool nonblock;
};

static bool read_mode(const char *word, const char *value, void *to)
{
	struct ipc_send_attr *attr = to;

	attr->fields |= IPC_SEND_MODE;
	return arg_choice(word, value, mode_names, N_MODES, &attr->mode);
}

static bool read_tag(const char *word, const char *value, void *to)
{
	struct ipc_send_attr *attr = to;

	attr->fields |= IPC_SEND_TAG;
	return arg_bits(word, value, &attr->tag);
}

static bool read_priority(const char *word, const char *value, void *to)
{
	struct ipc_send_attr *attr = to;
	uint64_t priority;

	if (!arg_number(word, value, DIPC_PRIORITY_MAX, &priority))
		return false;
	attr->fields |= IPC_SEND_PRIORITY;
	attr->priority = priority;
	return true;
}

static bool read_deadline(const char *word, const char *value, void *to)
{
	struct ipc_send_attr *attr = to;
	uint64_t ms;

	if (!arg_time(word, value, MSG_TIME_MAX_MS, &ms))
		return false;
	if (!ms) {
		complain("%s '%s': must be later than now", word, value);
		return false;
	}
	attr->fields |= IPC_SEND_DEADLINE;
	attr->deadline_ns = ms * 1000000;
	return true;
}

static bool read_message(const char *word, const char *value, void *to)
{
	*(const char **)to = value;
	return true;
}

static bool read_words(struct order *o, int argc, char **argv)
{
	struct msg_option options[] = {
		{ "mode", read_mode, &o->attr },
		{ "tag", read_tag, &o->attr },
		{ "priority", read_priority, &o->attr },
		{ "deadline", read_deadline, &o->attr },
		{ "timeout", msg_read_time, &o->timeout_ms },
		{ "nonblock", NULL, &o->nonblock },
		{ "count", msg_read_count, &o->count },
		{ "lines", NULL, &o->lines },
		{ "type", msg_read_type, &o->type },
		{ "message", read_message, &o->message },
	};
	int n;

	if (!argc) {
		complain("where to?");
		return false;
	}
	o->to_text = argv[0];
	if (ipc_addr_parse(argv[0], &o->to) ||
	    o->to.sdipc_type == DIPC_ADDR_ANY) {
		complain("'%s' is not an address one can send to", argv[0]);
		return false;
	}
	n = msg_options(options, sizeof(options) / sizeof(options[0]),
			argc - 1, argv + 1);
	if (n < 0)
		return false;
	argc -= n + 1;
	argv += n + 1;
	if (argc && !o->message) {
		if (strcmp(argv[0], "-"))
			o->message = argv[0];
		argc--;
		argv++;
	}
	if (argc) {
		complain("'%s': the message, one word for the shell, comes last",
			 argv[0]);
		return false;
	}
	if (o->lines && o->message) {
		complain("'lines' is about standard input, and there is a message");
		return false;
	}
	return true;
}

static int send_one(const struct order *o, int fd, const void *data, size_t len)
{
	struct iovec iov = { (void *)data, len };
	uint64_t i;
	ssize_t n;

	for (i = 0; i < o->count; i++) {
		n = ipc_sendmsg(fd, &iov, 1, 0, &o->attr);
		if (n < 0)
			return msg_status(o->to_text, n);
	}
	return 0;
}

static int send_lines(const struct order *o, int fd)
{
	char *line = NULL;
	int status = 0;
	size_t room = 0;
	ssize_t len;

	while (!status && (len = getline(&line, &room, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		status = send_one(o, fd, line, len);
	}
	free(line);
	if (!status && ferror(stdin)) {
		complain("standard input: %s", strerror(errno));
		status = FAILED;
	}
	return status;
}

/* One byte more than a message can have, so that the kernel says it is too long. */
static int send_all_input(const struct order *o, int fd)
{
	size_t len = 0, room = 0;
	char *data = NULL, *more;
	int status;

	do {
		if (len == room) {
			room = room ? 2 * room : 65536;
			more = realloc(data, room);
			if (!more) {
				complain("no memory");
				free(data);
				return FAILED;
			}
			data = more;
		}
		len += fread(data + len, 1, room - len, stdin);
	} while (!feof(stdin) && !ferror(stdin) && len <= DIPC_MSG_LEN_MAX);
	if (ferror(stdin)) {
		complain("standard input: %s", strerror(errno));
		status = FAILED;
	} else {
		status = send_one(o, fd, data, len);
	}
	free(data);
	return status;
}

static int run(int argc, char **argv)
{
	struct order o = { .type = SOCK_RDM, .count = 1, .timeout_ms = -1 };
	int fd, status, err;

	if (!read_words(&o, argc, argv))
		return USAGE;
	if (!o.timeout_ms)
		o.nonblock = true;
	fd = ipc_open(o.type, o.nonblock ? O_NONBLOCK : 0);
	if (fd < 0)
		return msg_status("socket", fd);
	err = o.timeout_ms > 0 ? ipc_set_timeouts(fd, o.timeout_ms, -1) : 0;
	/* a name is looked up once, so that all go to the same */
	if (!err)
		err = ipc_connect(fd, &o.to);
	if (err)
		status = msg_status(o.to_text, err);
	else if (o.message)
		status = send_one(&o, fd, o.message, strlen(o.message));
	else if (o.lines)
		status = send_lines(&o, fd);
	else
		status = send_all_input(&o, fd);
	close(fd);
	return status;
}

const struct cmd send_cmd = {
	.name = "send",
	.args = "ADDRESS [OPTION]... [MESSAGE | -]",
	.help = "send messages: a word, standard input, or each of its lines",
	.more = "  mode blocking|reliable|explicit\n"
		"                 when it is done: the kernel has it (and may discard it), it is\n"
		"                 in the queue, or it was taken by a receiver (blocking)\n"
		"  tag N          a number by which receivers choose (0)\n"
		"  priority N     0 to 31, the most urgent (0)\n"
		"  deadline TIME  after that, it is discarded if nobody has taken it\n"
		"  timeout TIME   wait no longer for room, or to be taken (for ever)\n"
		"  nonblock       do not wait at all\n"
		"  count N        send each message so often (1)\n"
		"  lines          a message for each line of standard input\n"
		"  type rdm|dgram the type of socket (rdm)\n"
		"  message TEXT   the message, if it looks like one of these words\n\n"
		"  TIME is in seconds, or with ms, s, m or h behind it.\n\n"
		MSG_STATUS_HELP
		"  longer, 4 it was refused or discarded, 5 nobody has the address.\n",
	.run = run,
};
