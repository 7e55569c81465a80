// SPDX-License-Identifier: GPL-2.0
/* What can be seen of the calls of a namespace; see caller.h. */
#include "caller.h"

static struct dipc_call *call_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct dipc_call, node);
}

static struct dipc_call *after_locked(struct dipc_caller *c, u64 serial)
{
	struct rb_node *node = c->all.rb_node;
	struct dipc_call *call, *found = NULL;

	while (node) {
		call = call_of(node);
		if (call->serial > serial) {
			found = call;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/*
 * The call in @c->sync, with a reference; NULL if there is none, or just now
 * not any more. It stays as long as it is marked.
 */
static struct dipc_call *look_at_sync_locked(struct dipc_caller *c)
{
	unsigned long sync = READ_ONCE(c->sync);
	struct dipc_call *call = (struct dipc_call *)sync;

	if (!sync || cmpxchg(&c->sync, sync,
			     sync | DIPC_CALLER_LOOKED_AT) != sync)
		return NULL;
	dipc_message_get(&call->request);
	/* whoever gives up his reference does that after this one was taken */
	smp_store_release(&c->sync, sync);
	return call;
}

/* Up to DIPC_CALLER_BATCH calls, each with a reference. */
static unsigned int collect_calls(struct dipc_caller *c,
				  struct dipc_caller_walk *walk,
				  struct dipc_call **calls, unsigned int max)
{
	struct dipc_call *call;
	unsigned int n = 0;

	spin_lock_bh(&c->lock);
	/* calls that come from now on are not seen: or it might never end */
	if (!walk->serial) {
		walk->serial_end = c->last_serial;
		call = look_at_sync_locked(c);
		if (call)
			calls[n++] = call;
	}
	call = after_locked(c, walk->serial);
	while (call && call->serial <= walk->serial_end && n < max) {
		dipc_message_get(&call->request);
		calls[n++] = call;
		call = call_of(rb_next(&call->node));
	}
	spin_unlock_bh(&c->lock);
	return n;
}

/*
 * Has a try failed that is to be followed by another one? Of an asynchronous
 * call there is none before somebody has looked for its outcome. If not even
 * the first try could be sent, it was the last.
 */
static bool is_between_tries(const struct dipc_call *call)
{
	if (call->is_last)
		return false;
	if (call->done)
		return READ_ONCE(call->paused);
	return dipc_call_repeats(call) ||
	       (call->semantics == DIPC_AT_LEAST_ONCE && call->attempt > 1 &&
		call->reason != DIPC_REASON_EXPIRED &&
		dipc_call_may_come_back(dipc_call_errno(call)));
}

static void describe(struct dipc_call *call, struct dipc_call_info *info)
{
	const struct dipc_sender *sender = call->request.sender;

	info->serial = call->serial;
	info->id = call->request.id;
	info->cookie = call->cookie;
	info->client_port = sender->port;
	info->client = get_pid(sender->pid);
	info->client_tid = call->client_tid;
	info->client_uid = sender->uid;
	info->attempt = call->attempt;
	info->len = call->request.len;
	info->reply_max = call->reply_max;
	info->semantics = call->semantics;
	info->is_async = call->done;
	info->due = call->due;
	if (call->dest)
		info->dest = *call->dest;
	else
		info->dest.sdipc_type = DIPC_ADDR_ANY;
	spin_lock_bh(&call->lock);
	info->state = call->state == DIPC_CALL_DONE && is_between_tries(call) ?
		      DIPC_CALL_NEW : call->state;
	info->since = call->since;
	info->queue = call->queue;
	if (info->queue)
		dipc_queue_get(info->queue);
	info->server = get_pid(call->server);
	info->server_tid = call->server_tid;
	info->server_port = call->server_port;
	spin_unlock_bh(&call->lock);
}

/* With a reference; NULL at the end. */
static struct dipc_caller *next_caller(struct dipc_caller_table *table,
				       unsigned long *index)
{
	struct dipc_caller *c;

	rcu_read_lock();
	do {
		c = xa_find(&table->walk, index, ULONG_MAX, XA_PRESENT);
		if (!c || refcount_inc_not_zero(&c->refs))
			break;
		++*index;
	} while (true);
	rcu_read_unlock();
	return c;
}

/* Of one caller; the walk goes on to the next one when there are none. */
static unsigned int collect_next(struct dipc_caller_table *table,
				 struct dipc_caller_walk *walk,
				 struct dipc_call **calls, unsigned int max)
{
	unsigned long index = walk->index;
	struct dipc_caller *c = next_caller(table, &index);
	unsigned int n = 0;

	if (!c)
		index = walk->index_end;
	if (index != walk->index)
		walk->serial = 0;
	walk->index = index;
	if (index < walk->index_end)
		n = collect_calls(c, walk, calls, max);
	if (!n && index < walk->index_end) {
		walk->index++;
		walk->serial = 0;
	}
	if (c)
		dipc_caller_put(c);
	return n;
}

/*
 * Indices rise, but start anew after some billions: when there is something
 * behind the next one, the end is that of all indices.
 */
static unsigned long end_of(struct dipc_caller_table *table)
{
	unsigned long end = READ_ONCE(table->next_index), index = end;

	return xa_find(&table->walk, &index, ULONG_MAX, XA_PRESENT) ?
	       ULONG_MAX : end;
}

/**
 * dipc_caller_walk_next() - describe some more calls
 * @table: the namespace's
 * @walk: zeroed at first; all that is returned is of the caller @walk->index.
 *	To see some of it again, set @walk->serial to that of the last call that
 *	is not wanted any more.
 * @info: filled; each is for dipc_call_info_put()
 * @max: how many fit there
 *
 * What is outstanding from the first step to the last is seen once, and so is
 * a call that is sent again meanwhile. Callers and calls that come after the
 * walk has begun, or has come to their caller, are not: it does end.
 *
 * Context: process; may sleep.
 * Return: how many; 0 at the end.
 */
unsigned int dipc_caller_walk_next(struct dipc_caller_table *table,
				   struct dipc_caller_walk *walk,
				   struct dipc_call_info *info,
				   unsigned int max)
{
	struct dipc_call *calls[DIPC_CALLER_BATCH];
	unsigned int i, n;

	if (!walk->index_end)
		walk->index_end = end_of(table);
	do {
		n = collect_next(table, walk, calls, min_t(u32, max, DIPC_CALLER_BATCH));
		cond_resched();
	} while (!n && walk->index < walk->index_end);
	for (i = 0; i < n; i++) {
		describe(calls[i], &info[i]);
		dipc_call_put(calls[i]);
		walk->serial = info[i].serial;
	}
	return n;
}

/**
 * dipc_call_info_put() - a description is not needed any more
 * @info: filled by dipc_caller_walk_next()
 *
 * Context: process.
 */
void dipc_call_info_put(struct dipc_call_info *info)
{
	if (info->queue)
		dipc_queue_put(info->queue);
	put_pid(info->client);
	put_pid(info->server);
}
