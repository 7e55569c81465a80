/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * dipc: distributed IPC for Linux. The socket interface.
 *
 * Everything a program needs to use AF_DIPC sockets without any library:
 * the address, the socket options and the reasons that the counters and
 * tracepoints give for what became of a message. What is in this file never
 * changes; it only grows. All integers are in host byte order.
 *
 * The administrative interface is in <linux/dipc_netlink.h>.
 */
#ifndef _UAPI_LINUX_DIPC_H
#define _UAPI_LINUX_DIPC_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/socket.h>

/*
 * The kernel keeps no free family number for a module, so dipc takes the
 * historic AF_ASH, which no driver implements. A system administrator may
 * load the module with another one ("modprobe dipc family=N"); programs that
 * want to follow ask the module: /sys/module/dipc/parameters/family, or
 * DIPC_A_NODE_FAMILY over netlink.
 */
#ifndef AF_DIPC
#define AF_DIPC			18
#endif
#ifndef PF_DIPC
#define PF_DIPC			AF_DIPC
#endif

/* Level of socket options and control messages. */
#define SOL_DIPC		0x4449

#define DIPC_NAME_MAX		63	/* longest name, without the final NUL */
#define DIPC_MSG_LEN_MAX	(64U << 20) /* largest message of any queue, bytes */
#define DIPC_PORT_USER_MAX	0xffffffffULL /* ports above are the kernel's */

/**
 * enum dipc_addr_type - what a struct sockaddr_dipc names
 * @DIPC_ADDR_ANY: nothing; bind() then chooses a port number (autobind)
 * @DIPC_ADDR_PORT: a port by its number, in sdipc_port
 * @DIPC_ADDR_NAME: whatever goes by the name in sdipc_name; bind() adds the
 *	name to the socket's port
 * @DIPC_ADDR_MAILBOX: the mailbox in sdipc_name; bind() attaches the socket
 *	to it as a receiver
 * @DIPC_ADDR_GROUP: the group in sdipc_name (EOPNOTSUPP: not implemented)
 */
enum dipc_addr_type {
	DIPC_ADDR_ANY = 0,
	DIPC_ADDR_PORT = 1,
	DIPC_ADDR_NAME = 2,
	DIPC_ADDR_MAILBOX = 3,
	DIPC_ADDR_GROUP = 4,
};

/**
 * enum dipc_scope - how far a name is published or looked up
 * @DIPC_SCOPE_DEFAULT: publish on this node; look up on this node, then in
 *	the cluster
 * @DIPC_SCOPE_NODE: this node only
 * @DIPC_SCOPE_CLUSTER: the whole cluster; a node without peers is a cluster
 *	of one
 */
enum dipc_scope {
	DIPC_SCOPE_DEFAULT = 0,
	DIPC_SCOPE_NODE = 1,
	DIPC_SCOPE_CLUSTER = 2,
};

/**
 * struct sockaddr_dipc - address of an AF_DIPC socket, 96 bytes
 * @sdipc_family: AF_DIPC (offset 0, 2 bytes)
 * @sdipc_type: enum dipc_addr_type (offset 2, 1 byte)
 * @sdipc_scope: enum dipc_scope; 0 with DIPC_ADDR_ANY and DIPC_ADDR_PORT
 *	(offset 3, 1 byte)
 * @sdipc_node: node number, 0 is this node (offset 4, 4 bytes)
 * @sdipc_port: port number with DIPC_ADDR_PORT, else 0. 1 to
 *	DIPC_PORT_USER_MAX are for users to choose, what is above is drawn by
 *	the kernel and never used again (offset 8, 8 bytes)
 * @sdipc_reserved: 0 (offset 16, 16 bytes)
 * @sdipc_name: the name with the types that have one, padded with NUL to the
 *	end; else all 0 (offset 32, 64 bytes)
 *
 * A name has 1 to 63 bytes of [A-Za-z0-9._/+-] and begins with a letter or a
 * digit. Names that begin with "dipc." are reserved.
 *
 * An address shorter than 96 bytes is EINVAL. A longer one, up to 128 bytes,
 * is accepted if all bytes behind the 96th are 0.
 */
struct sockaddr_dipc {
	__kernel_sa_family_t	sdipc_family;
	__u8			sdipc_type;
	__u8			sdipc_scope;
	__u32			sdipc_node;
	__aligned_u64		sdipc_port;
	__u64			sdipc_reserved[2];
	char			sdipc_name[DIPC_NAME_MAX + 1];
};

/**
 * enum dipc_policy - what a full queue does with one more message
 * @DIPC_POLICY_WAIT: the sender waits for room, first come, first served
 *	(EAGAIN without waiting)
 * @DIPC_POLICY_REFUSE: the send fails with ENOBUFS
 * @DIPC_POLICY_DROP_NEWEST: the send succeeds; its message is discarded and
 *	counted
 * @DIPC_POLICY_DROP_OLDEST: the send succeeds; the oldest messages are
 *	discarded and counted until there is room
 *
 * An unbuffered queue, whose capacity is 0 messages, is full unless a
 * receiver waits. When the policy of a queue is changed, it is applied to
 * those who wait already.
 */
enum dipc_policy {
	DIPC_POLICY_WAIT = 0,
	DIPC_POLICY_REFUSE = 1,
	DIPC_POLICY_DROP_NEWEST = 2,
	DIPC_POLICY_DROP_OLDEST = 3,
};

/**
 * enum dipc_order - which message of a queue is received first
 * @DIPC_ORDER_FIFO: the one that came first
 * @DIPC_ORDER_PRIORITY: the one with the highest priority, and of those the
 *	one that came first
 */
enum dipc_order {
	DIPC_ORDER_FIFO = 0,
	DIPC_ORDER_PRIORITY = 1,
};

/**
 * enum dipc_mode - when a send has succeeded (DIPC_MODE)
 * @DIPC_MODE_BLOCKING: when the kernel has the message; what a policy of the
 *	queue discards then is only counted
 * @DIPC_MODE_RELIABLE: when the message is in the queue of its destination,
 *	or handed to a receiver; if the queue's policy would discard it, the
 *	send fails with ENOBUFS
 * @DIPC_MODE_EXPLICIT: when a receiver has taken the message, that is, has
 *	copied it; if it is discarded before that, the send fails
 *
 * With MSG_DONTWAIT a send that would wait for room is EAGAIN. An explicit one
 * succeeds only if a receiver sleeps to which it can be handed.
 */
enum dipc_mode {
	DIPC_MODE_BLOCKING = 0,
	DIPC_MODE_RELIABLE = 1,
	DIPC_MODE_EXPLICIT = 2,
};

/**
 * struct dipc_queue_conf - the limits of a queue (DIPC_QUEUE)
 * @capacity_msgs: how many messages it holds; 0 makes it unbuffered
 * @msg_max_bytes: the largest message, at most DIPC_MSG_LEN_MAX
 * @capacity_bytes: how many bytes of payload it holds, at least
 *	@msg_max_bytes unless the queue is unbuffered
 * @policy: enum dipc_policy
 * @order: enum dipc_order; can be changed only while the queue is empty
 *	(EBUSY)
 * @reserved: 0
 *
 * 40 bytes. Lowering a limit discards nothing that is queued already; a sender
 * whose waiting message has become too long is told so (EMSGSIZE).
 */
struct dipc_queue_conf {
	__u32	capacity_msgs;
	__u32	msg_max_bytes;
	__aligned_u64	capacity_bytes;
	__u8	policy;
	__u8	order;
	__u8	reserved[22];
};

#define DIPC_PRIORITY_MAX	31	/* the most urgent; 0 is the least */
#define DIPC_ASYNC_MAX		1024	/* sends a socket may have outstanding */
#define DIPC_CALLS_MAX		65536	/* asynchronous calls, the same */
#define DIPC_HANDLES_MAX	65536	/* requests a socket may hold */

/**
 * struct dipc_match - which messages a socket receives (DIPC_MATCH)
 * @tag: compared with the message's tag, in the bits of @tag_mask
 * @tag_mask: which bits of the tag count; 0 is any tag
 * @port: number of the port that sent it; 0 is any source
 * @node: of that port; 0 is this node
 * @reserved: 0
 *
 * 48 bytes. All 0 matches every message.
 */
struct dipc_match {
	__aligned_u64	tag;
	__u64	tag_mask;
	__u64	port;
	__u32	node;
	__u32	reserved[5];
};

/**
 * struct dipc_completion - what became of an asynchronous send (DIPC_COMPLETION)
 * @id: number of the message, as its receiver sees it with DIPC_ID
 * @cookie: as given with DIPC_ASYNC
 * @error: 0 if the send succeeded by its mode, else the errno it would have had
 * @reason: enum dipc_reason
 * @dest: where it was sent to: as given with the message, or by connect()
 *
 * 120 bytes.
 */
struct dipc_completion {
	__aligned_u64	id;
	__u64	cookie;
	__u32	error;
	__u32	reason;
	struct sockaddr_dipc dest;
};

/**
 * enum dipc_semantics - how often a call may be executed
 * @DIPC_AT_MOST_ONCE: one request; it is never repeated
 * @DIPC_AT_LEAST_ONCE: when the server is gone, be it before or after it took
 *	the request, and when the time for one try is over, the destination is
 *	looked up again and the request sent again, with the same number and
 *	the next attempt, until the deadline
 * @DIPC_MAYBE: one request, and nothing is kept to recognise it by
 *
 * The server is told which one the client has chosen.
 */
enum dipc_semantics {
	DIPC_AT_MOST_ONCE = 0,
	DIPC_AT_LEAST_ONCE = 1,
	DIPC_MAYBE = 2,
};

/**
 * struct dipc_call_params - the message is a request (DIPC_CALL)
 * @cookie: the client's own number for the call; no other one of this socket
 *	that is outstanding or not read yet may have it
 * @try_ns: with DIPC_AT_LEAST_ONCE the time for one try in nanoseconds, 0: no
 *	limit; else 0
 * @reply_max: the longest reply, bytes, at most DIPC_MSG_LEN_MAX
 * @semantics: enum dipc_semantics
 * @reserved: 0
 *
 * 40 bytes. The time for the whole call is that of DIPC_DEADLINE.
 */
struct dipc_call_params {
	__aligned_u64	cookie;
	__u64	try_ns;
	__u32	reply_max;
	__u8	semantics;
	__u8	reserved[19];
};

/**
 * struct dipc_request - a message was received, and whether it is a request
 * @handle: to reply with, once; 0: it is no request, and no reply is awaited
 * @id: number of the message, unique with its source; of a request that is
 *	repeated, the same again
 * @port: number of the port that it comes from
 * @tag: the client's own
 * @deadline_ns: time that is left to the client, nanoseconds; 0: no limit
 * @node: of @port; 0 is this node
 * @len: length of the whole message, bytes
 * @reply_max: the longest reply that the client takes, bytes
 * @attempt: 1 for the first
 * @pid: process of the client
 * @uid: its effective user
 * @gid: its effective group
 * @semantics: enum dipc_semantics
 * @priority: of the message
 * @flags: DIPC_REQUEST_*
 * @reserved: 0
 *
 * 80 bytes. As control message DIPC_REQUEST it comes with requests only.
 */
struct dipc_request {
	__aligned_u64	handle;
	__u64	id;
	__u64	port;
	__u64	tag;
	__u64	deadline_ns;
	__u32	node;
	__u32	len;
	__u32	reply_max;
	__u32	attempt;
	__u32	pid;
	__u32	uid;
	__u32	gid;
	__u8	semantics;
	__u8	priority;
	__u16	flags;
	__u32	reserved[2];
};

/* Others wait, and nobody receives: said once until somebody does again. */
#define DIPC_REQUEST_NEED_WORKER	(1U << 0)

/*
 * The request comes from another server, to which the client has sent it: what
 * is said of the client is true, but it is not he who has sent it here.
 */
#define DIPC_REQUEST_FORWARDED		(1U << 1)

/**
 * struct dipc_reply_params - the message is a reply (DIPC_REPLY)
 * @handle: of the request
 * @offset: where in the reply the payload begins, bytes
 * @flags: DIPC_REPLY_*
 * @reserved: 0
 *
 * 32 bytes. The reply is as long as the end of what was written farthest; what
 * was left out before that is 0.
 */
struct dipc_reply_params {
	__aligned_u64	handle;
	__u64	offset;
	__u32	flags;
	__u32	reserved[3];
};

/* This is a part of the reply; more follows, and the handle stays valid. */
#define DIPC_REPLY_PART		(1U << 0)

/**
 * struct dipc_outcome - how a call has ended (DIPC_OUTCOME)
 * @cookie: of the call
 * @id: number of the request, as the server saw it
 * @error: 0 if there is a reply; ECONNREFUSED: certainly not executed;
 *	ECONNRESET, ETIMEDOUT: may have been executed; or another errno that
 *	the request could not be sent for
 * @reason: enum dipc_reason
 * @len: length of the whole reply, bytes
 * @attempt: how often the request was sent
 * @pid: process that replied, or 0
 * @uid: its effective user, if there is a reply
 * @gid: its effective group, if there is a reply
 * @reserved: 0
 *
 * 56 bytes.
 */
struct dipc_outcome {
	__aligned_u64	cookie;
	__u64	id;
	__u32	error;
	__u32	reason;
	__u32	len;
	__u32	attempt;
	__u32	pid;
	__u32	uid;
	__u32	gid;
	__u32	reserved[3];
};

/**
 * struct dipc_cancelled - nobody awaits a reply any more (DIPC_CANCELLED)
 * @handle: of the request; is valid until it is replied to (EPIPE) or dropped
 * @id: number of the request
 * @port: number of the port that it came from
 * @node: of @port; 0 is this node
 * @reason: enum dipc_reason: why the client has given up
 *
 * 32 bytes.
 */
struct dipc_cancelled {
	__aligned_u64	handle;
	__u64	id;
	__u64	port;
	__u32	node;
	__u32	reason;
};

/**
 * enum dipc_op_code - what DIPC_IOC_OP does
 * @DIPC_OP_CALL: send a request and wait for its reply (out, in, dest,
 *	deadline_ns, try_ns, tag, semantics, priority; info: struct
 *	dipc_outcome, or NULL). The room in @in is the longest reply.
 * @DIPC_OP_CALL_START: send a request and go on (the same but @in; cookie,
 *	reply_max)
 * @DIPC_OP_CALL_FINISH: wait for the end of the call with this cookie, or of
 *	any with DIPC_OP_ANY, and take its reply (in, cookie; info: struct
 *	dipc_outcome, or NULL)
 * @DIPC_OP_CALL_CANCEL: give up the call with this cookie; it has no outcome
 * @DIPC_OP_SEND: send a message, for which there is no reply (out, dest,
 *	deadline_ns, tag, priority)
 * @DIPC_OP_RECV: receive a message or request (in; match or NULL; info:
 *	struct dipc_request)
 * @DIPC_OP_REPLY: reply to a request (out, handle, offset)
 * @DIPC_OP_REPLY_RECV: reply to a request, unless handle is 0, and receive the
 *	next (as both). If the first is done and the second fails, handle is
 *	set to 0.
 * @DIPC_OP_READ: read from a request that is held (in, handle, offset)
 * @DIPC_OP_WRITE: write a part of the reply (out, handle, offset)
 * @DIPC_OP_FORWARD: hand a request on to another server (handle, dest)
 * @DIPC_OP_DROP: give a request up; its client is told ECONNRESET (handle)
 *
 * What an operation does not use must be 0.
 */
enum dipc_op_code {
	DIPC_OP_CALL = 1,
	DIPC_OP_CALL_START = 2,
	DIPC_OP_CALL_FINISH = 3,
	DIPC_OP_CALL_CANCEL = 4,
	DIPC_OP_SEND = 5,
	DIPC_OP_RECV = 6,
	DIPC_OP_REPLY = 7,
	DIPC_OP_REPLY_RECV = 8,
	DIPC_OP_READ = 9,
	DIPC_OP_WRITE = 10,
	DIPC_OP_FORWARD = 11,
	DIPC_OP_DROP = 12,
};

/* Flags of struct dipc_op. */
#define DIPC_OP_DONTWAIT	(1U << 0) /* EAGAIN instead of waiting for room,
					   * for a message or for an end; a
					   * reply is always waited for */
#define DIPC_OP_OUT_VEC		(1U << 1) /* @out: out_len struct iovec */
#define DIPC_OP_IN_VEC		(1U << 2) /* @in: in_len struct iovec */
#define DIPC_OP_PRIORITY	(1U << 3) /* @priority instead of the socket's */
#define DIPC_OP_ANY		(1U << 4) /* whatever the cookie */
#define DIPC_OP_CONSUME		(1U << 5) /* a request that fits into @in is
					   * wanted once: it can neither be read
					   * again nor forwarded (ENODATA). A long
					   * one need not be copied to the kernel
					   * then. */

/**
 * struct dipc_op - one operation on a socket (DIPC_IOC_OP)
 * @size: sizeof(struct dipc_op). A larger one is accepted if what the kernel
 *	does not know is 0 (E2BIG), a smaller one as if the rest were 0.
 * @flags: DIPC_OP_*
 * @op: enum dipc_op_code
 * @reply_max: see struct dipc_call_params
 * @out: address of the payload to be sent
 * @out_len: its length in bytes
 * @in: address of the room for the payload to be received
 * @in_len: its length in bytes
 * @handle: see struct dipc_request
 * @cookie: see struct dipc_call_params
 * @offset: in a request or reply, bytes
 * @dest: address of a struct sockaddr_dipc; 0: where the socket is connected to
 * @info: address of a struct dipc_request or struct dipc_outcome; or 0
 * @match: address of a struct dipc_match, which is used instead of the
 *	socket's; or 0
 * @tag: of the message
 * @deadline_ns: as DIPC_DEADLINE; 0: no limit
 * @try_ns: see struct dipc_call_params
 * @semantics: enum dipc_semantics
 * @priority: of the message, with DIPC_OP_PRIORITY
 * @reserved: 0
 *
 * 128 bytes. The result of ioctl() is the number of bytes of payload, or -1
 * with errno.
 */
struct dipc_op {
	__u32	size;
	__u32	flags;
	__u32	op;
	__u32	reply_max;
	__aligned_u64	out;
	__u64	out_len;
	__u64	in;
	__u64	in_len;
	__u64	handle;
	__u64	cookie;
	__u64	offset;
	__u64	dest;
	__u64	info;
	__u64	match;
	__u64	tag;
	__u64	deadline_ns;
	__u64	try_ns;
	__u8	semantics;
	__u8	priority;
	__u8	reserved[6];
};

#define DIPC_OP_SIZE_VER0	128

/* The size in the number grows with the structure; the kernel ignores it. */
#define DIPC_IOC_OP		_IOWR(0xDC, 1, struct dipc_op)

/*
 * Socket options at SOL_DIPC. An option that is shorter than its type is
 * EINVAL. A structure (dipc_queue_conf, dipc_match) may be longer if what is
 * behind it is 0; an integer of another size is EINVAL.
 */
#define DIPC_PORT_ID		1 /* __u64, get: the socket's own port number */
#define DIPC_QUEUE		2 /* struct dipc_queue_conf, get and set: the
				   * queue of the socket's port. Read-only on a
				   * socket that is bound to a mailbox. */
#define DIPC_REUSE_NAME		3 /* int, get and set, before bind(): share the
				   * names bound from here on with other sockets
				   * of this user that ask for it as well */
#define DIPC_NOTIFY		4 /* int, get and set: 1 asks for one SIGIO (see
				   * F_SETOWN, F_SETSIG, O_ASYNC) when the empty
				   * queue gets a message and nobody waits for
				   * it; 0 is again each message's SIGIO. Reads
				   * 2 after the notification was sent, until
				   * the option is set again. */
#define DIPC_MATCH		10 /* struct dipc_match, get and set: the
				   * messages that this socket receives, peeks
				   * at and polls for; others stay */
#define DIPC_RECV_INFO		11 /* __u32, get and set: DIPC_INFO_* of the
				   * control messages to come with each message */
#define DIPC_RECV_CALLS		15 /* int, get and set: 1 if this socket takes
				   * requests (DIPC_CALL); to one that does not
				   * a call is EOPNOTSUPP. Once it receives,
				   * that cannot be taken back (EBUSY). Those
				   * that a socket accepts have it from the
				   * one that listens. */

/* What DIPC_RECV_INFO asks for. */
#define DIPC_INFO_SOURCE	(1U << 0)	/* DIPC_SOURCE */
#define DIPC_INFO_TAG		(1U << 1)	/* DIPC_TAG */
#define DIPC_INFO_PRIORITY	(1U << 2)	/* DIPC_PRIORITY */
#define DIPC_INFO_ID		(1U << 3)	/* DIPC_ID */

/*
 * Socket options that are control messages as well, and control messages at
 * SOL_DIPC. A control message for sending holds for that message; an unknown
 * one, one that is doubled, or of another size, is EINVAL. Credentials,
 * descriptors and time stamps are those of SOL_SOCKET.
 */
#define DIPC_MODE		5 /* __u32, enum dipc_mode: option, get and set;
				   * and with a message to send */
#define DIPC_TAG		6 /* __u64: with a message to send, 0 if none;
				   * and received, see DIPC_RECV_INFO */
#define DIPC_PRIORITY		7 /* __u32, 0 to DIPC_PRIORITY_MAX: option, get
				   * and set; with a message to send; and
				   * received, see DIPC_RECV_INFO */
#define DIPC_DEADLINE		8 /* __u64, nanoseconds from now, not 0: with a
				   * message to send. If nobody has taken it by
				   * then, it is discarded, and who waits for
				   * it is told ETIMEDOUT. */
#define DIPC_ASYNC		9 /* __u64, a cookie: with a message to send.
				   * The send returns at once and what becomes
				   * of it is read with MSG_ERRQUEUE. */
#define DIPC_SOURCE		12 /* struct sockaddr_dipc: received */
#define DIPC_ID			13 /* __u64: received; number of the message,
				   * unique with its source */
#define DIPC_COMPLETION		14 /* struct dipc_completion: with MSG_ERRQUEUE */
#define DIPC_CALL		16 /* struct dipc_call_params: with a message to
				   * send, which is a request then. The reply is
				   * received with DIPC_OUTCOME; a receive that
				   * has no room for that gives the reply alone,
				   * or the error as its own. */
#define DIPC_CANCEL		17 /* __u64, a cookie: with an empty message to
				   * send: the call is given up */
#define DIPC_REPLY		18 /* struct dipc_reply_params: with a message to
				   * send, which is the reply then */
#define DIPC_FORWARD		19 /* __u64, a handle: with an empty message to
				   * send, whose destination gets the request */
#define DIPC_DROP		20 /* __u64, a handle: with an empty message to
				   * send: the request is given up */
#define DIPC_REQUEST		21 /* struct dipc_request: received with each
				   * request; a receive that has no room for it
				   * is EMSGSIZE, and takes nothing */
#define DIPC_OUTCOME		22 /* struct dipc_outcome: received at the end of
				   * a call, with the reply */
#define DIPC_CANCELLED		23 /* struct dipc_cancelled: with MSG_ERRQUEUE */

/**
 * enum dipc_reason - what became of a message, or of an attempt to send one
 *
 * Each has a counter in each network namespace (DIPC_CMD_STATS_GET, "ipcctl
 * stats") and is the reason in the tracepoints. Values are appended only.
 *
 * @DIPC_REASON_NONE: nothing yet; never counted
 * @DIPC_REASON_QUEUED: put in a queue
 * @DIPC_REASON_HANDED: given to a receiver that was waiting already
 * @DIPC_REASON_WAITED: found no room, and its sender went to sleep
 * @DIPC_REASON_TAKEN: copied to a receiver
 * @DIPC_REASON_PEEKED: copied to a receiver that only looked (MSG_PEEK)
 * @DIPC_REASON_TRUNCATED: taken by a receiver whose buffer was too small
 * @DIPC_REASON_PUT_BACK: went back to its place, because the receiver was
 *	killed or its buffer was bad
 * @DIPC_REASON_DROP_NEWEST: discarded on arrival (DIPC_POLICY_DROP_NEWEST)
 * @DIPC_REASON_DROP_OLDEST: discarded for a newer one (DIPC_POLICY_DROP_OLDEST)
 * @DIPC_REASON_DROP_PURGED: discarded by "ipcctl mailbox purge"
 * @DIPC_REASON_DROP_CLOSED: discarded with its queue
 * @DIPC_REASON_NO_NAME: not sent, nobody has the name
 * @DIPC_REASON_NO_PORT: not sent, nobody has the port number
 * @DIPC_REASON_NO_NODE: not sent, no such node
 * @DIPC_REASON_NO_PERMISSION: not sent, the mailbox's mode forbids it
 * @DIPC_REASON_TOO_LONG: not sent, larger than the queue takes
 * @DIPC_REASON_WOULD_BLOCK: not sent, no room and the sender does not wait
 * @DIPC_REASON_REFUSED: not sent, no room (DIPC_POLICY_REFUSE, or others took it
 *	again and again)
 * @DIPC_REASON_TIMED_OUT: withdrawn, the sender's time ran out
 * @DIPC_REASON_INTERRUPTED: withdrawn, a signal came
 * @DIPC_REASON_CLOSED: not sent, its queue is gone
 * @DIPC_REASON_USER_LIMIT: not sent, the user's memory limit is reached
 * @DIPC_REASON_NO_MEMORY: not sent, no memory
 * @DIPC_REASON_FAULT: not sent, its buffer was bad
 * @DIPC_REASON_EXPIRED: discarded or withdrawn, its deadline has passed
 * @DIPC_REASON_WRONG_TYPE: not sent, the sockets are of different types
 * @DIPC_REASON_WITHDRAWN: withdrawn, its sender has closed the socket before
 *	it was complete
 * @DIPC_REASON_NO_CALLS: not sent, it is a request and who receives takes none
 * @DIPC_REASON_REPLIED: a reply has ended its call
 * @DIPC_REASON_LATE_REPLY: a reply was discarded, nobody awaits it any more
 * @DIPC_REASON_RESET: a call has failed, who had taken the request is gone or
 *	has dropped it
 * @DIPC_REASON_CANCELLED: a call was given up by its client
 * @DIPC_REASON_FORWARDED: a request was handed on to another server
 * @DIPC_REASON_RETRIED: a request was sent again (DIPC_AT_LEAST_ONCE)
 * @DIPC_REASON_BORROWED: its payload, or that of a reply, was left in the memory
 *	of its sender, who sleeps
 */
enum dipc_reason {
	DIPC_REASON_NONE = 0,
	DIPC_REASON_QUEUED = 1,
	DIPC_REASON_HANDED = 2,
	DIPC_REASON_WAITED = 3,
	DIPC_REASON_TAKEN = 4,
	DIPC_REASON_PEEKED = 5,
	DIPC_REASON_TRUNCATED = 6,
	DIPC_REASON_PUT_BACK = 7,
	DIPC_REASON_DROP_NEWEST = 8,
	DIPC_REASON_DROP_OLDEST = 9,
	DIPC_REASON_DROP_PURGED = 10,
	DIPC_REASON_DROP_CLOSED = 11,
	DIPC_REASON_NO_NAME = 12,
	DIPC_REASON_NO_PORT = 13,
	DIPC_REASON_NO_NODE = 14,
	DIPC_REASON_NO_PERMISSION = 15,
	DIPC_REASON_TOO_LONG = 16,
	DIPC_REASON_WOULD_BLOCK = 17,
	DIPC_REASON_REFUSED = 18,
	DIPC_REASON_TIMED_OUT = 19,
	DIPC_REASON_INTERRUPTED = 20,
	DIPC_REASON_CLOSED = 21,
	DIPC_REASON_USER_LIMIT = 22,
	DIPC_REASON_NO_MEMORY = 23,
	DIPC_REASON_FAULT = 24,
	DIPC_REASON_EXPIRED = 25,
	DIPC_REASON_WRONG_TYPE = 26,
	DIPC_REASON_WITHDRAWN = 27,
	DIPC_REASON_NO_CALLS = 28,
	DIPC_REASON_REPLIED = 29,
	DIPC_REASON_LATE_REPLY = 30,
	DIPC_REASON_RESET = 31,
	DIPC_REASON_CANCELLED = 32,
	DIPC_REASON_FORWARDED = 33,
	DIPC_REASON_RETRIED = 34,
	DIPC_REASON_BORROWED = 35,
};

/* How many values this header knows; a later one knows more. */
#define __DIPC_REASON_COUNT (DIPC_REASON_BORROWED + 1)

#endif /* _UAPI_LINUX_DIPC_H */
