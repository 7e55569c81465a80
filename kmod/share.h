/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each user holds of one queue's capacity. Users other than the queue's
 * owner may each hold at most half of what the others leave, and one message
 * in any case; so none of them can fill a queue against the rest.
 *
 * Lifetime: a share is made when a user's first message enters the queue and
 * freed when the last one leaves it.
 * Locking: everything here is covered by the lock of the queue.
 */
#ifndef _DIPC_SHARE_H
#define _DIPC_SHARE_H

#include <linux/list.h>
#include <linux/types.h>

#include "message.h"

struct dipc_share {
	struct list_head	node;
	struct dipc_user	*user;		/* counted */
	u32			msgs;
	u64			bytes;
	u64			stalled_pass;	/* see dipc_share_stall() */
};

/* The queue's capacity and use, as the quota rule needs them. */
struct dipc_fill {
	u32			capacity_msgs;
	u32			msgs;
	u64			capacity_bytes;
	u64			bytes;
};

bool dipc_share_allows(struct list_head *shares, const struct dipc_user *user,
		       u32 len, const struct dipc_fill *fill);
void dipc_share_stall(struct list_head *shares, const struct dipc_user *user,
		      u64 pass);
bool dipc_share_is_stalled(struct list_head *shares,
			   const struct dipc_user *user, u64 pass);
bool dipc_share_enter(struct list_head *shares, struct dipc_message *m);
void dipc_share_leave(struct dipc_message *m);

#endif /* _DIPC_SHARE_H */
