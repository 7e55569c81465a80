// SPDX-License-Identifier: GPL-2.0
/* ipcctl recv: messages to scripts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "payload.h"

#define INFO (IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_PRIORITY | \
	      IPC_RECV_ID | IPC_RECV_CRED | IPC_RECV_TIME)

/* What is to be received, where and how. */
struct order {
	struct sockaddr_dipc at;
	const char *at_text;
	struct dipc_match match;
	uint32_t type;
	uint64_t count;		/* 0: for ever */
	int timeout_ms;		/* -1: for ever */
	bool raw;
	bool hex;
	bool peek;
	bool nonblock;
	bool shares;
};

static bool read_from(const char *word, const char *value, void *to)
{
	struct dipc_match *match = to;
	uint64_t port;

	if (!arg_port(value, &port))
		return false;
	match->port = port;
	return true;
}

static bool read_tag(const char *word, const char *value, void *to)
{
	const char *slash = strchrnul(value, '/');
	uint64_t tag, mask = UINT64_MAX;
	struct dipc_match *match = to;
	const char *number = strndupa(value, slash - value);

	if (!arg_bits(word, number, &tag) ||
	    (*slash && !arg_bits(word, slash + 1, &mask)))
		return false;
	match->tag = tag;
	match->tag_mask = mask;
	return true;
}

static bool read_words(struct order *o, int argc, char **argv)
{
	struct msg_option options[] = {
		{ "count", msg_read_count, &o->count },
		{ "timeout", msg_read_time, &o->timeout_ms },
		{ "nonblock", NULL, &o->nonblock },
		{ "from", read_from, &o->match },
		{ "tag", read_tag, &o->match },
		{ "raw", NULL, &o->raw },
		{ "hex", NULL, &o->hex },
		{ "peek", NULL, &o->peek },
		{ "share", NULL, &o->shares },
		{ "type", msg_read_type, &o->type },
	};
	int n;

	if (!argc) {
		complain("where?");
		return false;
	}
	o->at_text = argv[0];
	if (ipc_addr_parse(argv[0], &o->at)) {
		complain("'%s' is not an address", argv[0]);
		return false;
	}
	n = msg_options(options, sizeof(options) / sizeof(options[0]),
			argc - 1, argv + 1);
	if (n < 0)
		return false;
	if (n + 1 < argc) {
		complain("'%s' is no option of recv", argv[n + 1]);
		return false;
	}
	if (o->raw + o->hex + out_json > 1) {
		complain("only one of raw, hex and JSON");
		return false;
	}
	if (o->peek && o->count != 1) {
		complain("with peek there is one message, as it stays where it is");
		return false;
	}
	return true;
}

static void put_json(const struct ipc_recv_attr *attr, const void *data,
		     size_t len)
{
	char text[IPC_ADDR_TEXT_MAX];

	out_begin(OUT_LINES);
	out_record();
	payload_put_json(data, len);
	out_num("len", NULL, len);
	if (attr->fields & IPC_RECV_SOURCE) {
		out_num("source", NULL, attr->source.sdipc_port);
		if (ipc_addr_format(&attr->source, text, sizeof(text)) > 0)
			out_str("address", NULL, text);
	}
	if (attr->fields & IPC_RECV_ID)
		out_num("id", NULL, attr->id);
	if (attr->fields & IPC_RECV_TAG)
		out_num("tag", NULL, attr->tag);
	if (attr->fields & IPC_RECV_PRIORITY)
		out_num("priority", NULL, attr->priority);
	if (attr->fields & IPC_RECV_CRED) {
		out_num("pid", NULL, attr->cred.pid);
		out_num("uid", NULL, attr->cred.uid);
		out_num("gid", NULL, attr->cred.gid);
	}
	if (attr->fields & IPC_RECV_TIME)
		out_num("time-ns", NULL, attr->time_ns);
	out_end();
}

static void put(const struct order *o, const struct ipc_recv_attr *attr,
		const void *data, size_t len)
{
	char *text;

	if (out_json) {
		put_json(attr, data, len);
	} else if (o->hex) {
		text = payload_hex(data, len);
		puts(text);
		free(text);
	} else {
		fwrite(data, 1, len, stdout);
		if (!o->raw)
			putchar('\n');
	}
	/* who reads this waits for it */
	fflush(stdout);
}

static int receive(const struct order *o, int fd, void *buf)
{
	struct iovec iov = { buf, DIPC_MSG_LEN_MAX };
	struct ipc_recv_attr attr;
	uint64_t i;
	ssize_t n;

	for (i = 0; !o->count || i < o->count; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.fields = INFO;
		n = ipc_recvmsg(fd, &iov, 1, o->peek ? MSG_PEEK : 0, &attr);
		if (n < 0)
			return msg_status(o->at_text, n);
		put(o, &attr, buf, n);
		if (ferror(stdout))
			return FAILED;
	}
	return 0;
}

/* Who is to send here must be told where. */
static int tell_address(int fd)
{
	char text[IPC_ADDR_TEXT_MAX];
	struct sockaddr_dipc addr;
	uint64_t port;
	int err;

	err = ipc_port_id(fd, &port);
	if (!err)
		err = ipc_addr_port(port, 0, &addr);
	if (!err && ipc_addr_format(&addr, text, sizeof(text)) < 0)
		err = -EINVAL;
	if (err)
		return err;
	out_begin(OUT_LINES);
	out_record();
	out_str("address", "", text);
	out_end();
	return 0;
}

static int set_up(const struct order *o, int fd)
{
	int err = 0;

	if (o->timeout_ms > 0)
		err = ipc_set_timeouts(fd, -1, o->timeout_ms);
	/* what is set from the beginning holds for the first message, too */
	if (!err && out_json)
		err = ipc_set_recv_info(fd, INFO);
	if (!err && (o->match.port || o->match.tag_mask))
		err = ipc_set_match(fd, &o->match);
	if (!err && o->shares)
		err = ipc_reuse_name(fd, 1);
	if (!err)
		err = ipc_bind(fd, &o->at);
	if (!err && o->at.sdipc_type == DIPC_ADDR_ANY)
		err = tell_address(fd);
	return err;
}

static int run(int argc, char **argv)
{
	struct order o = { .type = SOCK_RDM, .count = 1, .timeout_ms = -1 };
	int fd, err, status;
	void *buf;

	if (!read_words(&o, argc, argv))
		return USAGE;
	if (!o.timeout_ms)
		o.nonblock = true;
	/* only what messages fill of it becomes memory */
	buf = mmap(NULL, DIPC_MSG_LEN_MAX, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buf == MAP_FAILED)
		return msg_status("memory", -errno);
	fd = ipc_open(o.type, o.nonblock ? O_NONBLOCK : 0);
	if (fd < 0)
		return msg_status("socket", fd);
	err = set_up(&o, fd);
	status = err ? msg_status(o.at_text, err) : receive(&o, fd, buf);
	close(fd);
	return status;
}

const struct cmd recv_cmd = {
	.name = "recv",
	.args = "ADDRESS [OPTION]...",
	.help = "receive messages and write them to standard output",
	.more = "  count N        so many messages, 0 for ever (1)\n"
		"  timeout TIME   wait no longer for each (for ever)\n"
		"  nonblock       do not wait at all\n"
		"  from PORT      only what this port has sent\n"
		"  tag N[/MASK]   only messages with this tag, in the bits of MASK\n"
		"  raw            the bytes alone, no newline behind them\n"
		"  hex            hexadecimal digits, a line for each message\n"
		"  peek           look at the message and leave it there\n"
		"  share          share the name with others who do\n"
		"  type rdm|dgram the type of socket (rdm)\n\n"
		"  ADDRESS is a mailbox (mbox:jobs), a name or a port number to be taken, or\n"
		"  any: for a port whose address is written first. TIME is in seconds, or\n"
		"  with ms, s, m or h behind it.\n\n"
		MSG_STATUS_HELP
		"  longer, 5 there is no such mailbox.\n",
	.run = run,
};
