// SPDX-License-Identifier: GPL-2.0
/*
 * ipcctl link: connections. The kernel tells of links, that is, of one
 * direction each; here the two of a connection are one record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "nl.h"
#include "out.h"
#include "waiter.h"

/* One direction, as far as it is shown. */
struct link {
	uint64_t id, writer, reader;
	uint64_t writer_pid, writer_uid, reader_pid, reader_uid;
	uint64_t msgs, bytes, capacity_msgs, capacity_bytes;
	uint64_t senders, receivers, dropped;
	bool open;
	uint64_t type;
	char name[DIPC_NAME_MAX + 1];
};

static struct link *links;
static size_t n_links, room;
static bool with_waiters;

static void keep_link(const struct nlmsghdr *nlh, void *data)
{
	struct link *l;
	struct attrs a;

	attrs_read(&a, nlh);
	if (n_links == room) {
		room = room ? 2 * room : 64;
		links = realloc(links, room * sizeof(*links));
		if (!links) {
			complain("no memory");
			exit(FAILED);
		}
	}
	l = &links[n_links++];
	*l = (struct link) {
		.id = attr_num(&a, DIPC_A_LINK_ID),
		.writer = attr_num(&a, DIPC_A_LINK_WRITER_PORT),
		.writer_pid = attr_num(&a, DIPC_A_LINK_WRITER_PID),
		.writer_uid = attr_num(&a, DIPC_A_LINK_WRITER_UID),
		.reader = attr_num(&a, DIPC_A_LINK_READER_PORT),
		.reader_pid = attr_num(&a, DIPC_A_LINK_READER_PID),
		.reader_uid = attr_num(&a, DIPC_A_LINK_READER_UID),
		.msgs = attr_num(&a, DIPC_A_LINK_QUEUED_MSGS),
		.bytes = attr_num(&a, DIPC_A_LINK_QUEUED_BYTES),
		.capacity_msgs = attr_num(&a, DIPC_A_LINK_CAPACITY_MSGS),
		.capacity_bytes = attr_num(&a, DIPC_A_LINK_CAPACITY_BYTES),
		.senders = attr_num(&a, DIPC_A_LINK_WAITING_SENDERS),
		.receivers = attr_num(&a, DIPC_A_LINK_WAITING_RECEIVERS),
		.dropped = attr_num(&a, DIPC_A_LINK_DROPPED),
		.open = !a.by_type[DIPC_A_LINK_ENDED] &&
			!a.by_type[DIPC_A_LINK_CLOSED],
		.type = attr_num(&a, DIPC_A_LINK_SOCKET_TYPE),
	};
	snprintf(l->name, sizeof(l->name), "%s",
		 attr_str(&a, DIPC_A_LINK_NAME));
}

/* Both directions of a connection together, the older one first. */
static int by_connection(const void *pa, const void *pb)
{
	const struct link *a = pa, *b = pb;
	uint64_t a_low = a->writer < a->reader ? a->writer : a->reader;
	uint64_t b_low = b->writer < b->reader ? b->writer : b->reader;
	uint64_t a_high = a->writer + a->reader - a_low;
	uint64_t b_high = b->writer + b->reader - b_low;

	if (a_low != b_low)
		return a_low < b_low ? -1 : 1;
	if (a_high != b_high)
		return a_high < b_high ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* An end: what it may write, and what it has to read. */
static void put_end(const struct link *out, const struct link *in, bool first)
{
	char text[TEXT_MAX];
	uint64_t port = out ? out->writer : in->reader;
	uint64_t pid = out ? out->writer_pid : in->reader_pid;
	uint64_t uid = out ? out->writer_uid : in->reader_uid;

	if (!out_json) {
		out_text(first ? "END" : "OTHER END", "%s",
			 address_of_port(text, port));
		out_num(NULL, "PID", pid);
		out_text("USER", "%s", user_of(text, uid));
		out_text("TO READ", "%llu/%llu",
			 (unsigned long long)(in ? in->msgs : 0),
			 (unsigned long long)(in ? in->bytes : 0));
		return;
	}
	out_group(NULL);
	out_num("port", NULL, port);
	out_str("address", NULL, address_of_port(text, port));
	out_num("pid", NULL, pid);
	out_num("uid", NULL, uid);
	out_bool("writes", out && out->open);
	out_bool("reads", in && in->open);
	if (in) {
		out_num("queued-msgs", NULL, in->msgs);
		out_num("queued-bytes", NULL, in->bytes);
		out_num("capacity-msgs", NULL, in->capacity_msgs);
		out_num("capacity-bytes", NULL, in->capacity_bytes);
		out_num("waiting-senders", NULL, in->senders);
		out_num("waiting-receivers", NULL, in->receivers);
		out_num("dropped", NULL, in->dropped);
		if (with_waiters)
			waiters_put_link(in->id);
	}
	out_group_end();
}

/* @back may be NULL: the other direction is gone already. */
static void put_connection(const struct link *there, const struct link *back)
{
	bool back_open = back && back->open;
	const char *state = there->open && back_open ? "connected" :
			    there->open || back_open ? "half-closed" :
						       "closed";

	out_record();
	out_str("socket-type", "TYPE", socket_type_of(there->type));
	out_str("state", "STATE", state);
	if (*there->name)
		out_str("name", NULL, there->name);
	out_list("ends");
	put_end(there, back, true);
	out_text("", "%s", there->open && back_open ? "<->" :
		 there->open ? "-->" : back_open ? "<--" : "---");
	put_end(back, there, false);
	out_list_end();
	out_text("NAME", "%s", *there->name ? there->name : "-");
	if (out_json || !with_waiters)
		return;
	waiters_put_link(there->id);
	if (back)
		waiters_put_link(back->id);
}

static void put_all(uint64_t port)
{
	const struct link *there, *back;
	size_t i;

	qsort(links, n_links, sizeof(*links), by_connection);
	for (i = 0; i < n_links; i++) {
		there = &links[i];
		back = NULL;
		if (i + 1 < n_links && links[i + 1].writer == there->reader &&
		    links[i + 1].reader == there->writer)
			back = &links[++i];
		if (!port || there->writer == port || there->reader == port)
			put_connection(there, back);
	}
}

static int show(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	uint64_t port = 0;
	int err;

	if (argc > 1) {
		complain("link show takes one port, or none for all");
		return USAGE;
	}
	if (argc && !arg_port(argv[0], &port))
		return USAGE;
	with_waiters = argc || out_details;
	nlh = nl_begin(DIPC_CMD_LINK_GET, NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	err = nl_run(nlh, NULL, keep_link, NULL);
	if (err)
		return err;
	out_begin(OUT_TABLE);
	put_all(port);
	out_end();
	return 0;
}

static const struct cmd commands[] = {
	{
		.name = "show",
		.args = "[PORT]",
		.help = "show the connections of a port, or all",
		.more = "  PORT is port:17 or 17, one of the two ends. TO READ are the messages and\n"
			"  bytes that an end has not read yet. <-> is open both ways, --> and <--\n"
			"  only one way. Of one port, or with -d, those who wait are shown one by\n"
			"  one to those at both ends.\n",
		.run = show,
	},
	{ 0 }
};

const struct cmd link_cmd = {
	.name = "link",
	.help = "the connections of stream and seqpacket sockets",
	.run = show,
	.sub = commands,
};
