/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: a message with parameters of its own (mode, tag, priority, deadline,
 * descriptors), what a receiver can learn of it, and the options of a socket
 * that go with them. Part of <ipc/libipc.h>.
 *
 * The structures grow at their reserved members: a bit in "fields" says which
 * members are meant, so the library never looks at one that the program does
 * not know, nor writes it.
 */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#ifndef IPC_LIBIPC_H
#error "include <ipc/libipc.h>"
#endif

#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Which members of a struct ipc_send_attr are meant. */
#define IPC_SEND_MODE		(1U << 0)
#define IPC_SEND_TAG		(1U << 1)
#define IPC_SEND_PRIORITY	(1U << 2)
#define IPC_SEND_DEADLINE	(1U << 3)
#define IPC_SEND_ASYNC		(1U << 4)	/* with the cookie */
#define IPC_SEND_CALL		(1U << 5)
#define IPC_SEND_REPLY		(1U << 6)

#define IPC_FDS_MAX		253	/* descriptors in one message */

/**
 * struct ipc_send_attr - the parameters of one message
 * @fields: IPC_SEND_* of the members that are meant; for those that are not,
 *	what the socket was set to holds
 * @mode: enum dipc_mode, when the send has succeeded
 * @to: the destination; NULL is the default destination
 * @tag: the user's own number, by which a receiver can choose
 * @deadline_ns: nanoseconds from now, not 0, after which the message is
 *	discarded if nobody has taken it
 * @cookie: with IPC_SEND_ASYNC: the send returns at once, and what became of
 *	it is read with ipc_recv_completion(), together with this number
 * @priority: 0 to DIPC_PRIORITY_MAX, the most urgent
 * @n_fds: how many descriptors go with the message, at most IPC_FDS_MAX
 * @fds: the descriptors; they stay open here
 * @call: the message is a request; ipc_call_start() with descriptors
 * @reply: the message is the reply to a request; ipc_reply() with descriptors
 * @reserved: 0
 *
 * All 0 is a message without parameters to the default destination.
 */
struct ipc_send_attr {
	uint32_t fields;
	uint32_t mode;
	const struct sockaddr_dipc *to;
	uint64_t tag;
	uint64_t deadline_ns;
	uint64_t cookie;
	uint32_t priority;
	uint32_t n_fds;
	const int *fds;
	const struct dipc_call_params *call;
	const struct dipc_reply_params *reply;
	uint64_t reserved[4 - 2 * sizeof(void *) / sizeof(uint64_t)];
};

/* What ipc_set_recv_info() asks for, and what came. */
#define IPC_RECV_SOURCE		(1U << 0)
#define IPC_RECV_TAG		(1U << 1)
#define IPC_RECV_PRIORITY	(1U << 2)
#define IPC_RECV_ID		(1U << 3)
#define IPC_RECV_CRED		(1U << 4)
#define IPC_RECV_TIME		(1U << 5)

/* What comes unasked, if the caller knows it. */
#define IPC_RECV_REQUEST	(1U << 6)
#define IPC_RECV_OUTCOME	(1U << 7)

/**
 * struct ipc_cred - who a process is, as the kernel knows it
 * @pid: its number, 0 if it has none that can be seen here
 * @uid: its effective user
 * @gid: its effective group
 */
struct ipc_cred {
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
};

/**
 * struct ipc_recv_attr - what comes with a message
 * @fields: set by the caller to IPC_RECV_* of the members that it knows;
 *	changed to those that came
 * @flags: gets MSG_TRUNC (the message was longer than the buffer), MSG_CTRUNC
 *	(there were more descriptors than there was room for) and MSG_EOR
 * @source: the port of the sender's socket
 * @tag: its tag, 0 if it was given none
 * @id: its number, unique with @source
 * @time_ns: when it was sent, nanoseconds of CLOCK_REALTIME
 * @cred: who sent it
 * @priority: its priority
 * @fds: where descriptors go; they are closed by execve(). NULL if none are
 *	expected: those that come are closed
 * @max_fds: set by the caller: how many there is room for at @fds
 * @n_fds: gets how many came
 * @request: gets what comes with a request, on a socket that takes them. Who
 *	does not know it receives none: -EMSGSIZE, and the request is dropped
 * @outcome: gets how a call has ended, whose reply the message then is. Who
 *	does not know it gets the reply, or the call's errno as the receive's
 * @reserved: 0
 */
struct ipc_recv_attr {
	uint32_t fields;
	uint32_t flags;
	struct sockaddr_dipc source;
	uint64_t tag;
	uint64_t id;
	uint64_t time_ns;
	struct ipc_cred cred;
	uint32_t priority;
	int *fds;
	uint32_t max_fds;
	uint32_t n_fds;
	struct dipc_request *request;
	struct dipc_outcome *outcome;
	uint64_t reserved[4 - 2 * sizeof(void *) / sizeof(uint64_t)];
};

/**
 * ipc_sendmsg - send a message with parameters
 * @fd: the socket
 * @iov: the pieces of the message
 * @iovcnt: how many pieces
 * @flags: as for send(2)
 * @attr: its parameters; NULL for none
 *
 * Return: the length of the message or a negated errno; see ipc_sendmsg(3).
 */
ssize_t ipc_sendmsg(int fd, const struct iovec *iov, int iovcnt, int flags,
		    const struct ipc_send_attr *attr);

/**
 * ipc_recvmsg - take a message and learn what comes with it
 * @fd: the socket
 * @iov: the pieces of memory that get the message
 * @iovcnt: how many pieces
 * @flags: as for recv(2): MSG_DONTWAIT, MSG_PEEK
 * @attr: gets what comes with it; may be NULL
 *
 * Return: the length of the message, as ipc_recv(), or a negated errno; see
 * ipc_recvmsg(3).
 */
ssize_t ipc_recvmsg(int fd, const struct iovec *iov, int iovcnt, int flags,
		    struct ipc_recv_attr *attr);

/**
 * ipc_recv_completion - learn what became of an asynchronous send
 * @fd: the socket it was sent on
 * @done: gets the oldest completion that is there
 *
 * It never waits: poll() tells POLLERR while there is one.
 *
 * Return: 0, -EAGAIN if there is none.
 */
int ipc_recv_completion(int fd, struct dipc_completion *done);

/**
 * ipc_set_mode - when a send on this socket has succeeded
 * @fd: the socket
 * @mode: enum dipc_mode, for messages that have no mode of their own
 *
 * Return: 0 or a negated errno; -EINVAL for an unknown mode.
 */
int ipc_set_mode(int fd, uint32_t mode);

/**
 * ipc_get_mode - what ipc_set_mode() has set
 * @fd: the socket
 * @mode: gets enum dipc_mode
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_mode(int fd, uint32_t *mode);

/**
 * ipc_set_priority - the priority of messages that have none of their own
 * @fd: the socket
 * @priority: 0 to DIPC_PRIORITY_MAX
 *
 * Return: 0 or a negated errno; -EINVAL if it is too high.
 */
int ipc_set_priority(int fd, uint32_t priority);

/**
 * ipc_get_priority - what ipc_set_priority() has set
 * @fd: the socket
 * @priority: gets it
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_priority(int fd, uint32_t *priority);

/**
 * ipc_set_match - which messages a socket receives, peeks at and polls for
 * @fd: the socket
 * @match: source and tag; NULL for all messages
 *
 * The others stay in the queue, in their order.
 *
 * Return: 0 or a negated errno.
 */
int ipc_set_match(int fd, const struct dipc_match *match);

/**
 * ipc_get_match - what ipc_set_match() has set
 * @fd: the socket
 * @match: gets it
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_match(int fd, struct dipc_match *match);

/**
 * ipc_set_recv_info - what is to come with each message
 * @fd: the socket
 * @fields: IPC_RECV_*; IPC_RECV_SOURCE comes always
 *
 * Return: 0 or a negated errno; -EINVAL for an unknown bit.
 */
int ipc_set_recv_info(int fd, uint32_t fields);

/**
 * ipc_get_recv_info - what comes with each message
 * @fd: the socket
 * @fields: gets IPC_RECV_*
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_recv_info(int fd, uint32_t *fields);

/**
 * ipc_mailbox_putmsg - put a message with parameters in
 * @mb: the handle, open for writing
 * @iov: the pieces of the message
 * @iovcnt: how many pieces
 * @attr: its parameters, without a destination; NULL for none
 * @timeout_ms: as for ipc_mailbox_put()
 *
 * Return: 0 or a negated errno, as ipc_mailbox_put() and ipc_sendmsg();
 * -EINVAL if @attr has a destination.
 */
int ipc_mailbox_putmsg(struct ipc_mailbox *mb, const struct iovec *iov,
		       int iovcnt, const struct ipc_send_attr *attr,
		       int timeout_ms);

/**
 * ipc_mailbox_getmsg - take a message out, or look at it
 * @mb: the handle, open for reading
 * @iov: the pieces of memory that get the message
 * @iovcnt: how many pieces
 * @flags: 0, or MSG_PEEK to leave the message where it is
 * @attr: gets what comes with it; may be NULL
 * @timeout_ms: as for ipc_mailbox_get()
 *
 * Return: the length of the message, as ipc_recv(), or a negated errno, as
 * ipc_mailbox_get() and ipc_recvmsg().
 */
ssize_t ipc_mailbox_getmsg(struct ipc_mailbox *mb, const struct iovec *iov,
			   int iovcnt, int flags, struct ipc_recv_attr *attr,
			   int timeout_ms);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* IPC_MESSAGE_H */
