/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one door into a queue. Whatever brings a message, a local send or the
 * network, it comes through dipc_deliver(), so that every rule exists once.
 */
#ifndef _DIPC_DELIVER_H
#define _DIPC_DELIVER_H

#include "queue.h"

enum dipc_reason dipc_deliver(struct dipc_queue *q, struct dipc_message *m,
			      u8 mode, struct dipc_waiter *w, bool may_wait);
enum dipc_reason dipc_deliver_at_once(struct dipc_queue *q,
				      struct dipc_message *m, u8 mode);
enum dipc_reason dipc_deliver_preview(const struct dipc_queue *q, size_t len,
				      u8 mode, bool may_wait);

#endif /* _DIPC_DELIVER_H */
