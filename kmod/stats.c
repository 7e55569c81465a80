// SPDX-License-Identifier: GPL-2.0
/*
 * The verdicts: for each enum dipc_reason its counter, its name, and the one
 * place that says which errno it is to the sender.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "stats.h"

static const struct {
	const char *name;
	int err;
} reasons[__DIPC_REASON_COUNT] = {
	[DIPC_REASON_NONE]		= { "none", 0 },
	[DIPC_REASON_QUEUED]		= { "queued", 0 },
	[DIPC_REASON_HANDED]		= { "handed", 0 },
	[DIPC_REASON_WAITED]		= { "waited", 0 },
	[DIPC_REASON_TAKEN]		= { "taken", 0 },
	[DIPC_REASON_PEEKED]		= { "peeked", 0 },
	[DIPC_REASON_TRUNCATED]		= { "truncated", 0 },
	[DIPC_REASON_PUT_BACK]		= { "put-back", 0 },
	[DIPC_REASON_DROP_NEWEST]	= { "drop-newest", 0 },
	[DIPC_REASON_DROP_OLDEST]	= { "drop-oldest", -ENOBUFS },
	[DIPC_REASON_DROP_PURGED]	= { "drop-purged", -ECANCELED },
	[DIPC_REASON_DROP_CLOSED]	= { "drop-closed", -ECONNREFUSED },
	[DIPC_REASON_NO_NAME]		= { "no-name", -ENOENT },
	[DIPC_REASON_NO_PORT]		= { "no-port", -ECONNREFUSED },
	[DIPC_REASON_NO_NODE]		= { "no-node", -EHOSTUNREACH },
	[DIPC_REASON_NO_PERMISSION]	= { "no-permission", -EACCES },
	[DIPC_REASON_TOO_LONG]		= { "too-long", -EMSGSIZE },
	[DIPC_REASON_WOULD_BLOCK]	= { "would-block", -EAGAIN },
	[DIPC_REASON_REFUSED]		= { "refused", -ENOBUFS },
	[DIPC_REASON_TIMED_OUT]		= { "timed-out", -EAGAIN },
	[DIPC_REASON_INTERRUPTED]	= { "interrupted", -EINTR },
	[DIPC_REASON_CLOSED]		= { "closed", -ECONNREFUSED },
	[DIPC_REASON_USER_LIMIT]	= { "user-limit", -ENOBUFS },
	[DIPC_REASON_NO_MEMORY]		= { "no-memory", -ENOMEM },
	[DIPC_REASON_FAULT]		= { "fault", -EFAULT },
	[DIPC_REASON_EXPIRED]		= { "expired", -ETIMEDOUT },
	[DIPC_REASON_WRONG_TYPE]	= { "wrong-type", -EPROTOTYPE },
	[DIPC_REASON_WITHDRAWN]		= { "withdrawn", -ECANCELED },
	[DIPC_REASON_NO_CALLS]		= { "no-calls", -EOPNOTSUPP },
	[DIPC_REASON_REPLIED]		= { "replied", 0 },
	[DIPC_REASON_LATE_REPLY]	= { "late-reply", -EPIPE },
	[DIPC_REASON_RESET]		= { "reset", -ECONNRESET },
	[DIPC_REASON_CANCELLED]		= { "cancelled", -ECANCELED },
	[DIPC_REASON_FORWARDED]		= { "forwarded", 0 },
	[DIPC_REASON_RETRIED]		= { "retried", 0 },
	[DIPC_REASON_BORROWED]		= { "borrowed", 0 },
};

/**
 * dipc_stats_read() - add up one counter
 * @stats: the namespace's counters
 * @reason: which
 *
 * Context: any.
 * Return: the sum over all processors; messages that are just being counted
 * may be missing.
 */
u64 dipc_stats_read(struct dipc_stats __percpu *stats, enum dipc_reason reason)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(stats, cpu)->count[reason]);
	return sum;
}

/**
 * dipc_reason_name() - the name of a verdict in views and traces
 * @reason: which
 *
 * Context: any.
 * Return: a constant string.
 */
const char *dipc_reason_name(enum dipc_reason reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason].name : "unknown";
}

/**
 * dipc_reason_errno() - what a verdict is to the sender
 * @reason: which
 *
 * DIPC_REASON_CLOSED is ECONNREFUSED here; a queue that knows better says so
 * in its own close_err.
 *
 * Context: any.
 * Return: 0 if the send succeeded, else a negative errno.
 */
int dipc_reason_errno(enum dipc_reason reason)
{
	return reasons[reason].err;
}
