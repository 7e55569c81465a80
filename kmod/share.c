// SPDX-License-Identifier: GPL-2.0
/* The quota rule of share.h, and the list of shares of a queue. */
#include <linux/slab.h>

#include "share.h"

static struct dipc_share *find(struct list_head *shares,
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
 * @shares: of the queue, whose lock the caller holds
 * @user: who sent it; not the queue's owner
 * @len: payload in bytes
 * @fill: capacity and use of the queue
 *
 * Context: any.
 * Return: whether the user holds nothing yet, or would hold no more than half
 * of what the others leave, in messages and in bytes.
 */
bool dipc_share_allows(struct list_head *shares, const struct dipc_user *user,
		       u32 len, const struct dipc_fill *fill)
{
	const struct dipc_share *share = find(shares, user);
	u64 others_bytes, left_bytes = 0;
	u32 others_msgs, left_msgs = 0;

	if (!share || !share->msgs)
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

/**
 * dipc_share_stall() - a user's message waits because of the quota rule
 * @shares: of the queue, whose lock the caller holds
 * @user: whose message; holds others in the queue, or there were no quota
 * @pass: number of the walk along the waiting senders for which this holds
 *
 * Context: any.
 */
void dipc_share_stall(struct list_head *shares, const struct dipc_user *user,
		      u64 pass)
{
	struct dipc_share *share = find(shares, user);

	if (share)
		share->stalled_pass = pass;
}

/**
 * dipc_share_is_stalled() - does an earlier message of a user wait like that
 * @shares: of the queue, whose lock the caller holds
 * @user: whose
 * @pass: number of the last walk along the waiting senders
 *
 * Context: any.
 * Return: whether dipc_share_stall() was called for @user in that walk or
 * since; a smaller message must not overtake.
 */
bool dipc_share_is_stalled(struct list_head *shares,
			   const struct dipc_user *user, u64 pass)
{
	const struct dipc_share *share = find(shares, user);

	return share && share->stalled_pass == pass;
}

/**
 * dipc_share_enter() - a user's message enters the queue
 * @shares: of the queue, whose lock the caller holds
 * @m: the message
 *
 * Context: any; does not sleep.
 * Return: whether there was memory for the user's first share.
 */
bool dipc_share_enter(struct list_head *shares, struct dipc_message *m)
{
	struct dipc_share *share = find(shares, m->sender->user);

	if (!share) {
		share = kmalloc(sizeof(*share), GFP_ATOMIC | __GFP_ACCOUNT |
						__GFP_NOWARN);
		if (!share)
			return false;
		share->user = dipc_user_get(m->sender->user);
		share->msgs = 0;
		share->bytes = 0;
		share->stalled_pass = 0;
		list_add(&share->node, shares);
	}
	share->msgs++;
	share->bytes += m->len;
	m->share = share;
	return true;
}

/**
 * dipc_share_leave() - a message leaves the queue
 * @m: the message, of whatever user; the queue's lock is held
 *
 * Context: any.
 */
void dipc_share_leave(struct dipc_message *m)
{
	struct dipc_share *share = m->share;

	if (!share)
		return;
	m->share = NULL;
	share->bytes -= m->len;
	if (--share->msgs)
		return;
	list_del(&share->node);
	dipc_user_put(share->user);
	kfree(share);
}
