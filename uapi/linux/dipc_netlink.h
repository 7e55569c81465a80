/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * dipc: the generic netlink family "dipc".
 *
 * Described in Documentation/netlink/specs/dipc.yaml; what each command
 * takes, gives and needs is said there.
 */
#ifndef _UAPI_LINUX_DIPC_NETLINK_H
#define _UAPI_LINUX_DIPC_NETLINK_H

#define DIPC_FAMILY_NAME	"dipc"
#define DIPC_FAMILY_VERSION	1
#define DIPC_MCGRP_EVENTS	"events"

enum {
	DIPC_CMD_NODE_GET = 1,		/* do: about this node and the module */
	DIPC_CMD_MAILBOX_GET,		/* do, dump */
	DIPC_CMD_MAILBOX_NEW,		/* do */
	DIPC_CMD_MAILBOX_SET,		/* do */
	DIPC_CMD_MAILBOX_DEL,		/* do */
	DIPC_CMD_MAILBOX_PURGE,		/* do, replies how many were discarded */
	DIPC_CMD_PORT_GET,		/* do, dump */
	DIPC_CMD_NAME_GET,		/* do, dump */
	DIPC_CMD_STATS_GET,		/* do */
	DIPC_CMD_MAILBOX_NEW_NTF,	/* events */
	DIPC_CMD_MAILBOX_SET_NTF,
	DIPC_CMD_MAILBOX_DEL_NTF,
	DIPC_CMD_NAME_NEW_NTF,
	DIPC_CMD_NAME_DEL_NTF,

	__DIPC_CMD_MAX,
	DIPC_CMD_MAX = (__DIPC_CMD_MAX - 1)
};

enum {
	DIPC_A_NODE_FAMILY = 1,		/* u32, the address family number */
	DIPC_A_NODE_VERSION,		/* string, the module's version */
	DIPC_A_NODE_ID,			/* u32, node number */

	__DIPC_A_NODE_MAX,
	DIPC_A_NODE_MAX = (__DIPC_A_NODE_MAX - 1)
};

enum {
	DIPC_A_MAILBOX_PAD = 1,
	DIPC_A_MAILBOX_NAME,		/* string */
	DIPC_A_MAILBOX_UID,		/* u32 */
	DIPC_A_MAILBOX_GID,		/* u32 */
	DIPC_A_MAILBOX_MODE,		/* u32, 0 to 0777 */
	DIPC_A_MAILBOX_TRANSIENT,	/* flag */
	DIPC_A_MAILBOX_CAPACITY_MSGS,	/* u32 */
	DIPC_A_MAILBOX_CAPACITY_BYTES,	/* u64 */
	DIPC_A_MAILBOX_MSG_MAX_BYTES,	/* u32 */
	DIPC_A_MAILBOX_POLICY,		/* u32, enum dipc_policy */
	DIPC_A_MAILBOX_SCOPE,		/* u32, enum dipc_scope */
	DIPC_A_MAILBOX_QUEUED_MSGS,	/* u32 */
	DIPC_A_MAILBOX_QUEUED_BYTES,	/* u64 */
	DIPC_A_MAILBOX_USERS,		/* u32, attached sockets */
	DIPC_A_MAILBOX_WAITING_SENDERS,	/* u32 */
	DIPC_A_MAILBOX_WAITING_RECEIVERS, /* u32 */
	DIPC_A_MAILBOX_DROPPED,		/* u64, discarded by policy or purge */
	DIPC_A_MAILBOX_PURGED,		/* u32, reply to MAILBOX_PURGE */

	__DIPC_A_MAILBOX_MAX,
	DIPC_A_MAILBOX_MAX = (__DIPC_A_MAILBOX_MAX - 1)
};

enum {
	DIPC_A_PORT_PAD = 1,
	DIPC_A_PORT_ID,			/* u64 */
	DIPC_A_PORT_UID,		/* u32 */
	DIPC_A_PORT_PID,		/* s32, who made it, as the reader sees it; 0 elsewhere */
	DIPC_A_PORT_SOCKET_TYPE,	/* u32, SOCK_RDM or SOCK_DGRAM */
	DIPC_A_PORT_MAILBOX,		/* string, the mailbox it is bound to, if so */
	DIPC_A_PORT_NAMES,		/* string, multi */
	DIPC_A_PORT_CAPACITY_MSGS,	/* u32 */
	DIPC_A_PORT_CAPACITY_BYTES,	/* u64 */
	DIPC_A_PORT_MSG_MAX_BYTES,	/* u32 */
	DIPC_A_PORT_POLICY,		/* u32 */
	DIPC_A_PORT_QUEUED_MSGS,	/* u32 */
	DIPC_A_PORT_QUEUED_BYTES,	/* u64 */
	DIPC_A_PORT_WAITING_SENDERS,	/* u32 */
	DIPC_A_PORT_WAITING_RECEIVERS,	/* u32 */
	DIPC_A_PORT_DROPPED,		/* u64 */

	__DIPC_A_PORT_MAX,
	DIPC_A_PORT_MAX = (__DIPC_A_PORT_MAX - 1)
};

enum {
	DIPC_A_NAME_PAD = 1,
	DIPC_A_NAME_NAME,		/* string */
	DIPC_A_NAME_TYPE,		/* u32, DIPC_ADDR_PORT or DIPC_ADDR_MAILBOX */
	DIPC_A_NAME_SCOPE,		/* u32 */
	DIPC_A_NAME_UID,		/* u32 */
	DIPC_A_NAME_SOCKET_TYPE,	/* u32, of names of ports */
	DIPC_A_NAME_PORT,		/* u64, multi: who has it; one in an event */

	__DIPC_A_NAME_MAX,
	DIPC_A_NAME_MAX = (__DIPC_A_NAME_MAX - 1)
};

enum {
	DIPC_A_STATS_PAD = 1,
	DIPC_A_STATS_COUNTER,		/* nest, multi, one for each reason */
	DIPC_A_STATS_PORTS,		/* u32, in this namespace */
	DIPC_A_STATS_MAILBOXES,		/* u32, in this namespace */
	DIPC_A_STATS_NAMES,		/* u32, in this namespace */
	DIPC_A_STATS_MESSAGES,		/* u64, objects that exist in the machine */

	__DIPC_A_STATS_MAX,
	DIPC_A_STATS_MAX = (__DIPC_A_STATS_MAX - 1)
};

enum {
	DIPC_A_COUNTER_PAD = 1,
	DIPC_A_COUNTER_REASON,		/* u32, enum dipc_reason */
	DIPC_A_COUNTER_NAME,		/* string */
	DIPC_A_COUNTER_VALUE,		/* u64 */

	__DIPC_A_COUNTER_MAX,
	DIPC_A_COUNTER_MAX = (__DIPC_A_COUNTER_MAX - 1)
};

#endif /* _UAPI_LINUX_DIPC_NETLINK_H */
