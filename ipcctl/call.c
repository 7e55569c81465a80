// SPDX-License-Identifier: GPL-2.0
/*
 * ipcctl call: requests and who waits for their replies. The kernel tells of
 * each call; here those who wait for each other are found in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "cycle.h"
#include "nl.h"
#include "out.h"

/* Room for a thread: numbers and a command name of 15 bytes. */
#define TASK_MAX 48

static const char *const state_names[] = {
	[DIPC_CALL_STATUS_NEW] = "new",
	[DIPC_CALL_STATUS_QUEUED] = "queued",
	[DIPC_CALL_STATUS_TAKEN] = "taken",
	[DIPC_CALL_STATUS_ENDED] = "ended",
};

static const char *const semantics_names[] = {
	[DIPC_AT_MOST_ONCE] = "at-most-once",
	[DIPC_AT_LEAST_ONCE] = "at-least-once",
	[DIPC_MAYBE] = "maybe",
};

/* The process or thread at one end; 0: not known, or none. */
struct task {
	uint32_t pid, tid;
};

struct call {
	uint64_t id, cookie, age_ns;
	uint64_t state, semantics, attempt, len, reply_max;
	uint64_t client_port, client_uid, server_port, port, link;
	int64_t deadline_ns;
	struct task client, server, owner;
	bool is_async, has_deadline;
	char mailbox[DIPC_NAME_MAX + 1];
	char name[DIPC_NAME_MAX + 1];
};

static struct call *calls;
/* Of these, those whose clients sleep; and where in @waits each one is. */
static struct wait *waits;
static size_t *wait_of, n_calls, room;

static void *check(void *p)
{
	if (!p) {
		complain("no memory");
		exit(FAILED);
	}
	return p;
}

static void keep_call(const struct nlmsghdr *nlh, void *data)
{
	struct call *c;
	struct attrs a;

	attrs_read(&a, nlh);
	if (n_calls == room) {
		room = room ? 2 * room : 64;
		calls = check(realloc(calls, room * sizeof(*calls)));
	}
	c = &calls[n_calls++];
	*c = (struct call) {
		.id = attr_num(&a, DIPC_A_CALL_ID),
		.cookie = attr_num(&a, DIPC_A_CALL_COOKIE),
		.age_ns = attr_num(&a, DIPC_A_CALL_AGE_NS),
		.state = attr_num(&a, DIPC_A_CALL_STATE),
		.semantics = attr_num(&a, DIPC_A_CALL_SEMANTICS),
		.attempt = attr_num(&a, DIPC_A_CALL_ATTEMPT),
		.len = attr_num(&a, DIPC_A_CALL_LEN),
		.reply_max = attr_num(&a, DIPC_A_CALL_REPLY_MAX),
		.client_port = attr_num(&a, DIPC_A_CALL_CLIENT_PORT),
		.client_uid = attr_num(&a, DIPC_A_CALL_CLIENT_UID),
		.client = {
			.pid = attr_num(&a, DIPC_A_CALL_CLIENT_PID),
			.tid = attr_num(&a, DIPC_A_CALL_CLIENT_TID),
		},
		.server_port = attr_num(&a, DIPC_A_CALL_SERVER_PORT),
		.server = {
			.pid = attr_num(&a, DIPC_A_CALL_SERVER_PID),
			.tid = attr_num(&a, DIPC_A_CALL_SERVER_TID),
		},
		.port = attr_num(&a, DIPC_A_CALL_PORT),
		.link = attr_num(&a, DIPC_A_CALL_LINK),
		.owner = { .pid = attr_num(&a, DIPC_A_CALL_OWNER_PID) },
		.deadline_ns = attr_num(&a, DIPC_A_CALL_DEADLINE_NS),
		.has_deadline = a.by_type[DIPC_A_CALL_DEADLINE_NS],
		.is_async = a.by_type[DIPC_A_CALL_ASYNC],
	};
	snprintf(c->mailbox, sizeof(c->mailbox), "%s",
		 attr_str(&a, DIPC_A_CALL_MAILBOX));
	snprintf(c->name, sizeof(c->name), "%s",
		 attr_str(&a, DIPC_A_CALL_NAME));
}

/*
 * Who goes on waits for nobody. What was taken waits for the thread that has
 * done so; what is queued, for the process that would.
 */
static const struct cycle *find_cycles(size_t *n_cycles)
{
	const struct call *c;
	size_t i, n = 0;

	waits = check(calloc(n_calls + 1, sizeof(*waits)));
	wait_of = check(calloc(n_calls + 1, sizeof(*wait_of)));
	for (i = 0; i < n_calls; i++) {
		c = &calls[i];
		wait_of[i] = SIZE_MAX;
		if (c->is_async || c->state == DIPC_CALL_STATUS_ENDED)
			continue;
		wait_of[i] = n;
		waits[n++] = (struct wait) {
			.pid = c->client.pid,
			.tid = c->client.tid,
			.for_tid = c->server.tid,
			.for_pid = c->state == DIPC_CALL_STATUS_QUEUED ?
				   c->owner.pid : 0,
		};
	}
	return cycles_find(waits, n, n_cycles);
}

static const struct cycle *cycle_of(const struct call *c)
{
	size_t wait = wait_of[c - calls];

	return wait == SIZE_MAX ? NULL : waits[wait].cycle;
}

/* What it is called; "" if that is not to be known. */
static const char *command_of(char *buf, const struct task *task)
{
	char path[64];
	size_t len;
	FILE *file;

	*buf = '\0';
	if (!task->pid)
		return buf;
	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", task->pid,
		 task->tid ?: task->pid);
	file = fopen(path, "r");
	if (!file)
		return buf;
	if (!fgets(buf, TASK_MAX, file))
		*buf = '\0';
	fclose(file);
	len = strlen(buf);
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return buf;
}

/* The thread is named only where it is not the only one, or the first. */
static const char *number_of(char *buf, uint32_t pid, uint32_t tid)
{
	if (!tid || tid == pid)
		snprintf(buf, TASK_MAX, "%u", pid);
	else
		snprintf(buf, TASK_MAX, "%u/%u", pid, tid);
	return buf;
}

/* What is of others' making is shown as one line of ASCII. */
static const char *clean(char *text)
{
	char *s;

	for (s = text; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
	return text;
}

static void put_task(const char *title, const struct task *task)
{
	char number[TASK_MAX], command[TASK_MAX];

	if (!task->pid) {
		out_text(title, "-");
		return;
	}
	command_of(command, task);
	out_text(title, "%s%s%s", number_of(number, task->pid, task->tid),
		 *command ? " " : "", clean(command));
}

static const char *queue_of(char *buf, const struct call *c)
{
	if (*c->mailbox)
		return address_of_name(buf, DIPC_ADDR_MAILBOX, c->mailbox);
	if (c->port)
		return address_of_port(buf, c->port);
	if (*c->name)
		return address_of_name(buf, DIPC_ADDR_PORT, c->name);
	if (c->link)
		snprintf(buf, TEXT_MAX, "link %llu",
			 (unsigned long long)c->link);
	else
		strcpy(buf, "-");
	return buf;
}

static void put_text(const struct call *c)
{
	bool is_taken = c->server_port;
	char text[TEXT_MAX];

	out_text("SINCE", "%s", time_of(text, c->age_ns));
	put_task("CLIENT", &c->client);
	out_text("FROM", "%s", address_of_port(text, c->client_port));
	put_task("SERVER", is_taken ? &c->server : &c->owner);
	out_text("TO", "%s", is_taken ?
		 address_of_port(text, c->server_port) : queue_of(text, c));
	out_num(NULL, "ID", c->id);
	out_num(NULL, "TRY", c->attempt);
	out_text("SEMANTICS", "%s",
		 word_of(semantics_names, MNL_ARRAY_SIZE(semantics_names),
			 c->semantics));
	out_text("LEFT", "%s", c->has_deadline ?
		 time_of(text, c->deadline_ns) : "-");
	out_num(NULL, "BYTES", c->len);
	out_text("CYCLE", cycle_of(c) ? "yes" : "-");
}

static void put_details(const struct call *c)
{
	char queue[TEXT_MAX], size[OUT_SIZE_MAX], user[TEXT_MAX];
	char cookie[48] = "", via[TEXT_MAX + 8] = "";

	if (c->is_async)
		snprintf(cookie, sizeof(cookie), ", asynchronous, cookie %llu",
			 (unsigned long long)c->cookie);
	/* what was taken has been somewhere before */
	if (c->server_port && c->port != c->server_port)
		snprintf(via, sizeof(via), ", through %s", queue_of(queue, c));
	out_note("by %s%s%s, reply up to %s bytes",
		 user_of(user, c->client_uid), cookie, via,
		 out_format_size(size, c->reply_max));
}

/* Which numbers are known is seen by which are there. */
static void put_json_task(const struct task *task)
{
	char command[TASK_MAX];

	out_num("pid", NULL, task->pid);
	if (task->tid)
		out_num("tid", NULL, task->tid);
	if (*command_of(command, task))
		out_str("command", NULL, command);
}

static void put_json_ends(const struct call *c)
{
	char text[TEXT_MAX];

	out_group("client");
	out_num("port", NULL, c->client_port);
	out_str("address", NULL, address_of_port(text, c->client_port));
	out_num("uid", NULL, c->client_uid);
	put_json_task(&c->client);
	out_group_end();
	if (c->server_port) {
		out_group("server");
		out_num("port", NULL, c->server_port);
		out_str("address", NULL, address_of_port(text, c->server_port));
		put_json_task(&c->server);
		out_group_end();
	}
	if (*c->name)
		out_str("name", NULL, c->name);
	if (!*c->mailbox && !c->port && !c->link)
		return;
	out_group("queue");
	if (c->link) {
		out_num("link", NULL, c->link);
	} else {
		out_str("address", NULL, queue_of(text, c));
		if (c->port)
			out_num("port", NULL, c->port);
		else
			out_str("mailbox", NULL, c->mailbox);
	}
	if (c->owner.pid)
		put_json_task(&c->owner);
	out_group_end();
}

/* From this call on until it comes again: the threads that wait. */
static void put_json_cycle(const struct call *c)
{
	const struct cycle *cycle = cycle_of(c);
	size_t i, first = 0;

	out_list("cycle");
	if (cycle) {
		for (i = 0; i < cycle->n; i++)
			if (cycle->of[i] == wait_of[c - calls])
				first = i;
		for (i = 0; i <= cycle->n; i++)
			out_num(NULL, NULL,
				waits[cycle->of[(first + i) % cycle->n]].tid);
	}
	out_list_end();
}

static void put_json(const struct call *c)
{
	out_num("age-ns", NULL, c->age_ns);
	out_num("id", NULL, c->id);
	out_num("attempt", NULL, c->attempt);
	out_str("semantics", NULL,
		word_of(semantics_names, MNL_ARRAY_SIZE(semantics_names),
			c->semantics));
	out_bool("async", c->is_async);
	if (c->is_async)
		out_num("cookie", NULL, c->cookie);
	out_num("len", NULL, c->len);
	out_num("reply-max", NULL, c->reply_max);
	if (c->has_deadline)
		out_int("deadline-ns", c->deadline_ns);
	put_json_ends(c);
	put_json_cycle(c);
}

static void put_call(const struct call *c)
{
	out_record();
	out_str("state", "STATE",
		word_of(state_names, MNL_ARRAY_SIZE(state_names), c->state));
	if (out_json)
		put_json(c);
	else
		put_text(c);
	if (!out_json && out_details)
		put_details(c);
}

/* Under the table: it is of several calls. */
static void put_cycle(const struct cycle *cycle)
{
	char number[TASK_MAX];
	const struct wait *w;
	size_t i;

	fputs("cycle:", stdout);
	for (i = 0; i <= cycle->n; i++) {
		w = &waits[cycle->of[i % cycle->n]];
		printf("%s %s", i ? " ->" : "",
		       number_of(number, w->pid, w->tid));
	}
	putchar('\n');
}

static int show(int argc, char **argv)
{
	const struct cycle *cycles;
	struct nlmsghdr *nlh;
	size_t i, n_cycles;
	uint64_t port = 0;
	int err;

	if (argc > 1) {
		complain("call show takes one port, or none for all");
		return USAGE;
	}
	if (argc && !arg_port(argv[0], &port))
		return USAGE;
	nlh = nl_begin(DIPC_CMD_CALL_GET, NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	err = nl_run(nlh, NULL, keep_call, NULL);
	if (err)
		return err;
	cycles = find_cycles(&n_cycles);
	out_begin(OUT_TABLE);
	for (i = 0; i < n_calls; i++)
		if (!port || calls[i].client_port == port ||
		    calls[i].server_port == port || calls[i].port == port)
			put_call(&calls[i]);
	out_end();
	for (i = 0; i < n_cycles && !out_json; i++)
		put_cycle(&cycles[i]);
	return 0;
}

static const struct cmd commands[] = {
	{
		.name = "show",
		.args = "[PORT]",
		.help = "show the calls of a port, or all",
		.more = "  PORT is port:17 or 17, of the client, of the server, or where the request\n"
			"  is queued. SERVER and TO are who has taken it; as long as nobody has, where\n"
			"  it is queued and whose that is. Of clients that wait for each other in a\n"
			"  circle there is a line \"cycle:\" with their threads. With -d there is more\n"
			"  about each call. The calls of others are shown to their servers, and to who\n"
			"  has CAP_NET_ADMIN.\n",
		.run = show,
	},
	{ 0 }
};

const struct cmd call_cmd = {
	.name = "call",
	.help = "the calls that await their replies, and who waits for whom",
	.run = show,
	.sub = commands,
};
