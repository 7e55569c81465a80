/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, one for each step of a message's way. They take plain values,
 * so that nothing here depends on what a queue or a message looks like.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dipc

#if !defined(_DIPC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DIPC_TRACE_H

#include <linux/tracepoint.h>

#include "stats.h"

/*
 * @queue: number of the port, or index of the mailbox
 * @kind: enum dipc_queue_kind
 * @port, @id: who sent the message and which of his it is
 */
DECLARE_EVENT_CLASS(dipc_message,
	TP_PROTO(u8 kind, u64 queue, u64 port, u64 id, u32 len,
		 enum dipc_reason reason),
	TP_ARGS(kind, queue, port, id, len, reason),
	TP_STRUCT__entry(
		__field(u64, queue)
		__field(u64, port)
		__field(u64, id)
		__field(u32, len)
		__field(u8, kind)
		__field(u8, reason)
	),
	TP_fast_assign(
		__entry->queue = queue;
		__entry->port = port;
		__entry->id = id;
		__entry->len = len;
		__entry->kind = kind;
		__entry->reason = reason;
	),
	TP_printk("%s:%llu from=%llu id=%llu len=%u reason=%s",
		  __print_symbolic(__entry->kind, { 0, "port" },
				   { 1, "mailbox" }, { 2, "link" }),
		  __entry->queue, __entry->port, __entry->id, __entry->len,
		  dipc_reason_name(__entry->reason))
);

#define DIPC_MESSAGE_EVENT(name)					\
DEFINE_EVENT(dipc_message, name,					\
	TP_PROTO(u8 kind, u64 queue, u64 port, u64 id, u32 len,		\
		 enum dipc_reason reason),				\
	TP_ARGS(kind, queue, port, id, len, reason))

DIPC_MESSAGE_EVENT(dipc_accept);	/* queued or handed over */
DIPC_MESSAGE_EVENT(dipc_wait);		/* the sender went to sleep */
DIPC_MESSAGE_EVENT(dipc_take);		/* copied to a receiver */
DIPC_MESSAGE_EVENT(dipc_put_back);	/* its receiver failed */
DIPC_MESSAGE_EVENT(dipc_drop);		/* discarded */
DIPC_MESSAGE_EVENT(dipc_refuse);	/* not accepted, or withdrawn */
DIPC_MESSAGE_EVENT(dipc_call_end);	/* a request that was sent has come to its end */

#endif /* _DIPC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
