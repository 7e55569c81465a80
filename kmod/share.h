/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each user holds of one queue's capacity. Users other than the queue's
 * owner may each hold at most half of what the others leave, and one message
 * in any case; so none of them can fill a queue against the rest.
 *
 * A user's message that is held back only by this rule does not stand in the
 * queue's line, where it would hold back the others, but in a line of the
 * user's own.
 *
 * Lifetime: a share is made when a user's first message enters the queue and
 * freed when the last one has left both it and the line.
 * Locking: everything here is covered by the lock of the queue. Under it, and
 * as an exception to what queue.h says, memory is allocated and freed here.
 */
#ifndef _DIPC_SHARE_H
#define _DIPC_SHARE_H

#include <linux/list.h>
#include <linux/types.h>

#include "message.h"

struct dipc_share {
	struct list_head	node;		/* in the queue's list */
	struct list_head	messages;	/* queued, by seq (share_node) */
	struct list_head	line;		/* held back, by seq (node) */
	struct dipc_user	*user;		/* counted */
	u32			msgs;		/* queued */
	u64			bytes;
};

/* The queue's capacity and use, as the quota rule needs them. */
struct dipc_fill {
	u32			capacity_msgs;
	u32			msgs;
	u64			capacity_bytes;
	u64			bytes;
};

struct dipc_share *dipc_share_find(struct list_head *shares,
				   const struct dipc_user *user);
bool dipc_share_allows(const struct dipc_share *share, u32 len,
		       const struct dipc_fill *fill);
bool dipc_share_enter(struct list_head *shares, struct dipc_message *m);
void dipc_share_take_out(struct dipc_message *m);
void dipc_share_hold_back(struct dipc_share *share, struct dipc_message *m);
void dipc_share_let_go(struct dipc_message *m);

/**
 * dipc_share_leave() - a message leaves the queue
 * @m: the message, of whatever user; the queue's lock is held
 *
 * Context: any.
 */
static inline void dipc_share_leave(struct dipc_message *m)
{
	if (m->share)
		dipc_share_take_out(m);
}

#endif /* _DIPC_SHARE_H */
