// SPDX-License-Identifier: GPL-2.0
/* Looking into queues over netlink; see peek.h. */
#define _GNU_SOURCE
#include <linux/netlink.h>

#include "parts.h"
#include "peek.h"

static struct message *current_of(struct peeked *p)
{
	return p->n <= KEPT_MAX ? &p->m[p->n - 1] : &p->more;
}

static void message_begin(uint8_t cmd, void *arg)
{
	struct peeked *p = arg;

	p->n++;
	memset(current_of(p), 0, sizeof(struct message));
	current_of(p)->payload_len = -1;
}

static void message_cb(int type, const void *data, int len, void *arg)
{
	struct peeked *p = arg;
	struct message *m = current_of(p);
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_MESSAGE_SEQ:
		p->is_sorted = p->is_sorted && v > p->last_seq;
		p->last_seq = m->seq = v;
		break;
	case DIPC_A_MESSAGE_SOURCE:	m->source = v; break;
	case DIPC_A_MESSAGE_UID:	m->uid = v; break;
	case DIPC_A_MESSAGE_PID:	m->pid = v; break;
	case DIPC_A_MESSAGE_ID:		m->id = v; break;
	case DIPC_A_MESSAGE_PRIORITY:	m->priority = v; break;
	case DIPC_A_MESSAGE_LEN:	m->len = v; break;
	case DIPC_A_MESSAGE_AGE_NS:	m->age_ns = v; break;
	case DIPC_A_MESSAGE_TAG:
		m->tag = v;
		if (v < p->n_times)
			p->times[v]++;
		break;
	case DIPC_A_MESSAGE_DEADLINE_NS:
		m->has_deadline = true;
		m->deadline_ns = v;
		break;
	case DIPC_A_MESSAGE_PAYLOAD:
		m->payload_len = len;
		memcpy(m->payload, data, len);
		break;
	}
}

static void peek_begin(struct dt_nl *nl, const char *name,
		       const struct limits *l)
{
	dt_nl_begin(nl, DIPC_CMD_MAILBOX_PEEK, NLM_F_DUMP);
	dt_nl_put_str(nl, DIPC_A_MESSAGE_MAILBOX, name);
	if (l->from >= 0)
		dt_nl_put_u64(nl, DIPC_A_MESSAGE_FROM, l->from);
	if (l->count >= 0)
		dt_nl_put_u32(nl, DIPC_A_MESSAGE_COUNT, l->count);
	if (l->bytes >= 0)
		dt_nl_put_u32(nl, DIPC_A_MESSAGE_BYTES, l->bytes);
}

int peek(struct dt_nl *nl, const char *name, const struct limits *l,
	 struct peeked *p)
{
	peek_begin(nl, name, l);
	p->n = 0;
	p->last_seq = 0;
	p->is_sorted = true;
	return dt_nl_call(nl, message_begin, message_cb, p);
}

const char *peeked_letters(const struct peeked *p)
{
	static char text[KEPT_MAX + 1];
	uint32_t i;

	for (i = 0; i < p->n && i < KEPT_MAX; i++)
		text[i] = p->m[i].payload_len > 0 ? p->m[i].payload[0] : '-';
	text[i] = '\0';
	return text;
}

int peek_in_parts(struct dt_nl *nl, const char *name, struct peeked *p,
		  int (*between)(void *arg), void *arg)
{
	peek_begin(nl, name, LIMITS());
	p->n = 0;
	return dump_in_parts(nl, message_begin, message_cb, p, between, arg);
}

static void waiter_begin(uint8_t cmd, void *arg)
{
	struct waiters *all = arg;

	all->n++;
}

static void waiter_cb(int type, const void *data, int len, void *arg)
{
	struct waiters *all = arg;
	struct waiter *w = all->n <= KEPT_MAX ? &all->w[all->n - 1] :
						&all->more;
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_WAITER_WAITS_FOR:	w->what = v; break;
	case DIPC_A_WAITER_PID:		w->pid = v; break;
	case DIPC_A_WAITER_UID:		w->uid = v; break;
	case DIPC_A_WAITER_SOURCE:
		w->has_source = true;
		w->source = v;
		break;
	case DIPC_A_WAITER_TAG:
		w->has_tag = true;
		w->tag = v;
		break;
	case DIPC_A_WAITER_TAG_MASK:	w->mask = v; break;
	case DIPC_A_WAITER_MODE:	w->mode = v; break;
	case DIPC_A_WAITER_ASYNC:	w->async = true; break;
	case DIPC_A_WAITER_ID:		w->id = v; break;
	case DIPC_A_WAITER_LEN:		w->len = v; break;
	case DIPC_A_WAITER_PRIORITY:	w->priority = v; break;
	case DIPC_A_WAITER_AGE_NS:	w->age_ns = v; break;
	case DIPC_A_WAITER_DEADLINE_NS:
		w->has_deadline = true;
		w->deadline_ns = v;
		break;
	}
}

static void waiters_begin(struct dt_nl *nl, struct waiters *all)
{
	memset(all, 0, sizeof(*all));
	dt_nl_begin(nl, DIPC_CMD_WAITER_GET, NLM_F_DUMP);
}

int waiters_get(struct dt_nl *nl, uint64_t port, const char *mailbox,
		struct waiters *all)
{
	waiters_begin(nl, all);
	if (port)
		dt_nl_put_u64(nl, DIPC_A_WAITER_PORT, port);
	else
		dt_nl_put_str(nl, DIPC_A_WAITER_MAILBOX, mailbox);
	return dt_nl_call(nl, waiter_begin, waiter_cb, all);
}

int waiters_get_link(struct dt_nl *nl, uint32_t id, struct waiters *all)
{
	waiters_begin(nl, all);
	dt_nl_put_u32(nl, DIPC_A_WAITER_LINK, id);
	return dt_nl_call(nl, waiter_begin, waiter_cb, all);
}
