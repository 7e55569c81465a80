// SPDX-License-Identifier: GPL-2.0
/* The quota rule of share.h, and the list of shares of a queue. */
#include <linux/slab.h>

#include "share.h"

/**
 * dipc_share_find() - what a user holds of a queue
 * @shares: of the queue, whose lock the caller holds
 * @user: who
 *
 * Context: any.
 * Return: his share, or NULL if he has no message there.
 */
struct dipc_share *dipc_share_find(struct list_head *shares,
				   const struct dipc_user *user)
{
	struct dipc_share *share;

	list_for_each_entry(share, shares, node)
		if (share->user == user)
			return share;
	return NULL;
}

/**
 * dipc_share_allows() - may a user's message enter by the quota rule
 * @share: of the user, who is not the queue's owner
 * @len: payload in bytes
 * @fill: capacity and use of the queue
 *
 * Context: any; the queue's lock is held.
 * Return: whether the user has nothing queued yet, or would have no more than
 * half of what the others leave, in messages and in bytes.
 */
bool dipc_share_allows(const struct dipc_share *share, u32 len,
		       const struct dipc_fill *fill)
{
	u64 others_bytes, left_bytes = 0;
	u32 others_msgs, left_msgs = 0;

	if (!share->msgs)
		return true;

	others_msgs = fill->msgs - share->msgs;
	if (others_msgs < fill->capacity_msgs)
		left_msgs = fill->capacity_msgs - others_msgs;
	others_bytes = fill->bytes - share->bytes;
	if (others_bytes < fill->capacity_bytes)
		left_bytes = fill->capacity_bytes - others_bytes;

	return share->msgs + 1 <= left_msgs / 2 &&
	       share->bytes + len <= left_bytes / 2;
}

static struct dipc_share *make(struct list_head *shares, struct dipc_user *user)
{
	struct dipc_share *share;

	share = kzalloc(sizeof(*share), GFP_ATOMIC | __GFP_ACCOUNT |
					__GFP_NOWARN);
	if (!share)
		return NULL;
	share->user = dipc_user_get(user);
	INIT_LIST_HEAD(&share->messages);
	INIT_LIST_HEAD(&share->line);
	list_add(&share->node, shares);
	return share;
}

static void free_if_unused(struct dipc_share *share)
{
	if (share->msgs || !list_empty(&share->line))
		return;
	list_del(&share->node);
	dipc_user_put(share->user);
	kfree(share);
}

/* New messages are the last; one that was put back is near the front. */
static void insert_queued(struct dipc_share *share, struct dipc_message *m)
{
	struct list_head *before = &share->messages;
	struct dipc_message *pos;

	if (!list_empty(before)) {
		pos = list_last_entry(before, struct dipc_message, share_node);
		if (pos->seq < m->seq) {
			list_add_tail(&m->share_node, before);
			return;
		}
	}
	list_for_each_entry(pos, &share->messages, share_node) {
		if (pos->seq > m->seq)
			break;
		before = &pos->share_node;
	}
	list_add(&m->share_node, before);
}

/**
 * dipc_share_enter() - a user's message enters the queue
 * @shares: of the queue, whose lock the caller holds
 * @m: the message, with its seq; perhaps just taken out of its user's line
 *
 * Context: any; does not sleep.
 * Return: whether there was memory for the user's first share.
 */
bool dipc_share_enter(struct list_head *shares, struct dipc_message *m)
{
	struct dipc_user *user = m->sender->user;
	struct dipc_share *share = m->share;

	if (!share)
		share = dipc_share_find(shares, user) ?: make(shares, user);
	if (!share)
		return false;
	insert_queued(share, m);
	share->msgs++;
	share->bytes += m->len;
	m->share = share;
	return true;
}

/**
 * dipc_share_take_out() - see dipc_share_leave()
 * @m: the message, in a share; the queue's lock is held
 *
 * Context: any.
 */
void dipc_share_take_out(struct dipc_message *m)
{
	struct dipc_share *share = m->share;

	m->share = NULL;
	list_del_init(&m->share_node);
	share->bytes -= m->len;
	share->msgs--;
	free_if_unused(share);
}

/**
 * dipc_share_hold_back() - a message waits until its user's quota allows it
 * @share: of the user
 * @m: the message, with a seq by the time it came to the queue
 *
 * Context: any; the queue's lock is held.
 */
void dipc_share_hold_back(struct dipc_share *share, struct dipc_message *m)
{
	struct dipc_message *pos;

	m->share = share;
	/* nearly always the last, or the first if it has stood here before */
	pos = list_first_entry_or_null(&share->line, struct dipc_message, node);
	if (pos && m->seq < pos->seq) {
		list_add(&m->node, &share->line);
		return;
	}
	list_for_each_entry_reverse(pos, &share->line, node)
		if (pos->seq < m->seq)
			break;
	list_add(&m->node, &pos->node);
}

/**
 * dipc_share_let_go() - a message that was held back is not to be queued
 * @m: the message, taken out of the line already; the queue's lock is held
 *
 * Context: any.
 */
void dipc_share_let_go(struct dipc_message *m)
{
	struct dipc_share *share = m->share;

	if (!share)
		return;
	m->share = NULL;
	free_if_unused(share);
}
