/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chains: the segments of one message, got from its socket's pool and from
 * the kernel, and charged to who sends it.
 *
 * Lifetime: made and given up with the message.
 * Locking: none. Context: made in process context, given up in any.
 */
#ifndef _DIPC_CHAIN_H
#define _DIPC_CHAIN_H

#include <linux/types.h>

#include "pool.h"
#include "segment.h"

struct dipc_chain {
	struct dipc_pool	*pool;		/* of the socket */
	struct dipc_user	*user;		/* who pays */
	struct pid		*pid;		/* the process that sends */
	struct dipc_segment	*first;
	size_t			bytes;		/* room in all segments */
	size_t			truesize;	/* memory that they take */
	size_t			kept;		/* of that, from or in the pool */
};

size_t dipc_chain_truesize(size_t bytes);
int dipc_chain_create(struct dipc_chain *chain, size_t bytes, size_t beside,
		      const struct dipc_limits *limits);
void dipc_chain_destroy(struct dipc_chain *chain);

#endif /* _DIPC_CHAIN_H */
