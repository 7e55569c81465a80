/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What became of messages, counted: one counter for each enum dipc_reason, a
 * network namespace and a processor.
 */
#ifndef _DIPC_STATS_H
#define _DIPC_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/dipc.h>

struct dipc_stats {
	u64 count[__DIPC_REASON_COUNT];
};

/**
 * dipc_stats_count() - count one message
 * @stats: the namespace's counters
 * @reason: what became of it
 *
 * Context: any.
 */
static inline void dipc_stats_count(struct dipc_stats __percpu *stats,
				    enum dipc_reason reason)
{
	this_cpu_inc(stats->count[reason]);
}

u64 dipc_stats_read(struct dipc_stats __percpu *stats, enum dipc_reason reason);
const char *dipc_reason_name(enum dipc_reason reason);
int dipc_reason_errno(enum dipc_reason reason);

#endif /* _DIPC_STATS_H */
