/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking into a queue, for views: which messages are in it, and who waits
 * there. Nothing is changed, nobody is woken, nothing is counted.
 */
#ifndef _DIPC_QUEUE_VIEW_H
#define _DIPC_QUEUE_VIEW_H

#include <linux/ktime.h>
#include <linux/dipc_netlink.h>

#include "queue.h"

/*
 * How far one has come in the messages of a queue. It goes by their order, not
 * by their number, so that what lasts is met once whatever else comes and
 * goes; and not beyond what was there at the beginning, so that it ends.
 */
struct dipc_queue_walk {
	u64			end_seq;	/* what is younger is not met */
	u64			seq;		/* met last */
	u8			priority;	/* of that one */
	bool			at_end;
	struct dipc_message	*at;		/* counted; or NULL */
	u64			at_seq;
};

/* A message as it was met. */
struct dipc_message_view {
	struct dipc_message	*message;	/* counted */
	u64			seq;
};

/* Someone who waits, as he was seen. */
struct dipc_waiter_view {
	struct pid		*pid;		/* counted; of the task */
	kuid_t			uid;
	u8			waits_for;	/* enum dipc_waits_for */
	u8			mode;		/* of a sender, as what follows */
	u8			priority;
	bool			async;
	bool			has_deadline;
	u32			len;
	u64			id;
	u64			stamp_ns;
	ktime_t			due;
	u64			source;		/* of a receiver: 0 is any */
	u64			tag;
	u64			tag_mask;	/* of a receiver only */
};

void dipc_queue_walk_begin(struct dipc_queue *q, struct dipc_queue_walk *walk);
unsigned int dipc_queue_walk_next(struct dipc_queue *q,
				  struct dipc_queue_walk *walk,
				  struct dipc_message_view *views,
				  unsigned int max);
void dipc_queue_walk_pause(struct dipc_queue_walk *walk);
unsigned int dipc_queue_view_waiters(struct dipc_queue *q,
				     enum dipc_waits_for what,
				     struct dipc_waiter_view *views,
				     unsigned int max);

#endif /* _DIPC_QUEUE_VIEW_H */
