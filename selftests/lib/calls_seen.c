// SPDX-License-Identifier: GPL-2.0
/* See calls_seen.h. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdlib.h>

#include <linux/netlink.h>

#include "calls_seen.h"
#include "parts.h"

#define FIELD(attr, member)						\
	[DIPC_A_CALL_##attr] = { offsetof(struct call_seen, member),	\
				 sizeof(((struct call_seen *)0)->member) }

static const struct {
	size_t offset, size;
} fields[DIPC_A_CALL_MAX + 1] = {
	FIELD(ID, id),
	FIELD(STATE, state),
	FIELD(AGE_NS, age_ns),
	FIELD(SEMANTICS, semantics),
	FIELD(ATTEMPT, attempt),
	FIELD(COOKIE, cookie),
	FIELD(LEN, len),
	FIELD(REPLY_MAX, reply_max),
	FIELD(DEADLINE_NS, deadline_ns),
	FIELD(CLIENT_PORT, client_port),
	FIELD(CLIENT_UID, client_uid),
	FIELD(CLIENT_PID, client_pid),
	FIELD(CLIENT_TID, client_tid),
	FIELD(SERVER_PORT, server_port),
	FIELD(SERVER_PID, server_pid),
	FIELD(SERVER_TID, server_tid),
	FIELD(PORT, port),
	FIELD(LINK, link),
	FIELD(OWNER_PID, owner_pid),
	FIELD(MAILBOX, mailbox),
	FIELD(NAME, name),
};

static void one_more(uint8_t cmd, void *arg)
{
	struct calls_seen *seen = arg;

	if (seen->n == seen->room) {
		seen->room = seen->room ? 2 * seen->room : 64;
		seen->c = realloc(seen->c, seen->room * sizeof(*seen->c));
		if (!seen->c)
			abort();
	}
	seen->c[seen->n++] = (struct call_seen) { 0 };
}

static void attribute(int type, const void *data, int len, void *arg)
{
	struct calls_seen *seen = arg;
	struct call_seen *c = &seen->c[seen->n - 1];
	bool is_text, is_bad = false;

	if (type > DIPC_A_CALL_MAX) {
		c->twice = true;
		return;
	}
	if (type == DIPC_A_CALL_PAD)
		return;
	is_text = type == DIPC_A_CALL_MAILBOX || type == DIPC_A_CALL_NAME;
	if (is_text ? len <= fields[type].size : len == fields[type].size)
		memcpy((char *)c + fields[type].offset, data, len);
	else
		is_bad = true;
	if (is_bad || c->has & (1ULL << type))
		c->twice = true;
	c->has |= 1ULL << type;
}

int calls_see(struct calls_seen *seen, int (*between)(void *arg), void *arg)
{
	static struct dt_nl nl;
	int err;

	seen->n = 0;
	err = dt_nl_open(&nl);
	if (err)
		return err;
	dt_nl_begin(&nl, DIPC_CMD_CALL_GET, NLM_F_DUMP);
	err = dump_in_parts(&nl, one_more, attribute, seen, between, arg);
	dt_nl_close(&nl);
	return err;
}

int calls_seen_in(uint32_t state)
{
	struct calls_seen seen = { 0 };
	int err = calls_see(&seen, NULL, NULL), n = 0;
	uint32_t i;

	for (i = 0; !err && i < seen.n; i++)
		n += seen.c[i].state == state;
	calls_seen_free(&seen);
	return err ?: n;
}

void calls_seen_free(struct calls_seen *seen)
{
	free(seen->c);
	*seen = (struct calls_seen) { 0 };
}
