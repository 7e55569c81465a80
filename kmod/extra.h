/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only some messages have. Freed with them: it is an object of its own, or
 * part of what is borrowed for the message.
 */
#ifndef _DIPC_EXTRA_H
#define _DIPC_EXTRA_H

#include <linux/timerqueue.h>
#include <linux/types.h>

struct dipc_files;
struct dipc_message;
struct dipc_borrowed;

struct dipc_extra {
	struct timerqueue_node	due;		/* deadline, monotonic; or not queued */
	bool			has_deadline;
	struct dipc_message	*message;	/* whose this is */
	struct dipc_files	*files;		/* descriptors on their way */
	/* counted; immutable: what lies in segments may not be there yet */
	struct dipc_borrowed	*borrowed;
};

#endif /* _DIPC_EXTRA_H */
