/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: calls, that is, requests for which there is a reply, as the client
 * makes them. What the server does is in <ipc/serve.h>. Part of
 * <ipc/libipc.h>.
 *
 *	ipc_call()		send a request and wait for the reply
 *	ipc_callmsg()		the same with parameters and in pieces
 *	ipc_call_oneway()	send a request for which there is no reply
 *	ipc_call_start()	send a request and go on
 *	ipc_call_finish()	take its reply
 *	ipc_call_cancel()	give it up
 *
 * A call ends exactly once: with the reply, or with an errno that says whether
 * the request may have been executed. It is made on any socket of ipc_open(),
 * bound or not, or on a link of type SOCK_SEQPACKET; by several threads at the
 * same time, if they like.
 */
#ifndef IPC_CALL_H
#define IPC_CALL_H

#ifndef IPC_LIBIPC_H
#error "include <ipc/libipc.h>"
#endif

#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Which members of a struct ipc_call_attr are meant. */
#define IPC_CALL_TAG		(1U << 0)
#define IPC_CALL_PRIORITY	(1U << 1)
#define IPC_CALL_DEADLINE	(1U << 2)
#define IPC_CALL_SEMANTICS	(1U << 3)
#define IPC_CALL_TRY		(1U << 4)

/**
 * struct ipc_call_attr - the parameters of one call
 * @fields: IPC_CALL_* of the members that are meant
 * @semantics: enum dipc_semantics: how often the request may be executed;
 *	else DIPC_AT_MOST_ONCE
 * @to: the destination; NULL is the default destination
 * @tag: the user's own number, by which a receiver can choose; else 0
 * @deadline_ns: nanoseconds from now, not 0, after which the call fails; else
 *	there is no limit
 * @try_ns: with DIPC_AT_LEAST_ONCE: nanoseconds after which the request is
 *	sent again; else it is sent again only when its server is gone
 * @priority: 0 to DIPC_PRIORITY_MAX, the most urgent; else the socket's
 * @reserved: 0
 *
 * All 0 is a call without parameters to the default destination.
 */
struct ipc_call_attr {
	uint32_t fields;
	uint32_t semantics;
	const struct sockaddr_dipc *to;
	uint64_t tag;
	uint64_t deadline_ns;
	uint64_t try_ns;
	uint32_t priority;
	uint32_t reserved32;
	uint64_t reserved[4];
};

/**
 * ipc_call - send a request and wait for the reply
 * @fd: the socket
 * @to: the destination; NULL is the default destination
 * @out: the request
 * @out_len: its length in bytes
 * @in: gets the reply
 * @in_len: bytes at @in: the longest reply that the server can give
 * @timeout_ms: milliseconds, not 0, negative for ever
 *
 * Return: the length of the reply, or a negated errno: -ECONNREFUSED (certainly
 * not executed), -ECONNRESET, -ETIMEDOUT, -EINTR (may have been executed),
 * -EOPNOTSUPP (who is there takes no calls), ...; see ipc_call(3).
 */
ssize_t ipc_call(int fd, const struct sockaddr_dipc *to, const void *out,
		 size_t out_len, void *in, size_t in_len, int timeout_ms);

/**
 * ipc_callmsg - send a request with parameters and wait for the reply
 * @fd: the socket
 * @out: the pieces of the request
 * @outcnt: how many pieces
 * @in: the pieces of memory that get the reply; their sum is the longest that
 *	the server can give
 * @incnt: how many pieces
 * @flags: 0, or MSG_DONTWAIT not to wait for room for the request (the reply
 *	is waited for)
 * @attr: its parameters; NULL for none
 * @outcome: gets how the call has ended, also if it failed; may be NULL.
 *	@outcome->attempt is 0 if nothing was sent
 *
 * Return: as ipc_call().
 */
ssize_t ipc_callmsg(int fd, const struct iovec *out, int outcnt,
		    const struct iovec *in, int incnt, int flags,
		    const struct ipc_call_attr *attr,
		    struct dipc_outcome *outcome);

/**
 * ipc_call_oneway - send a request for which there is no reply
 * @fd: the socket
 * @out: the pieces of the request
 * @outcnt: how many pieces
 * @flags: 0 or MSG_DONTWAIT
 * @attr: its parameters, without IPC_CALL_SEMANTICS and IPC_CALL_TRY; NULL for
 *	none
 *
 * It is a message as ipc_send() sends it: nobody tells whether it is executed.
 *
 * Return: 0 or a negated errno, as ipc_sendmsg().
 */
int ipc_call_oneway(int fd, const struct iovec *out, int outcnt, int flags,
		    const struct ipc_call_attr *attr);

/**
 * ipc_call_start - send a request and go on
 * @fd: the socket
 * @cookie: the program's own number for the call, by which it is finished; no
 *	other call of the socket that is not finished may have it
 * @out: the pieces of the request; free when the function returns
 * @outcnt: how many pieces
 * @reply_max: the longest reply that the server can give, bytes
 * @flags: 0 or MSG_DONTWAIT; it does not wait for a receiver in any case
 * @attr: its parameters; NULL for none
 *
 * poll() gives POLLIN when a call of the socket has ended.
 *
 * Return: 0 or a negated errno, and then there is no call: -EEXIST (@cookie),
 * -EAGAIN (too much is outstanding), ...; see ipc_call_start(3).
 */
int ipc_call_start(int fd, uint64_t cookie, const struct iovec *out, int outcnt,
		   size_t reply_max, int flags,
		   const struct ipc_call_attr *attr);

/**
 * ipc_call_finish - take the reply of a call that was started
 * @fd: the socket
 * @cookie: of the call
 * @in: the pieces of memory that get the reply; what does not fit is lost
 * @incnt: how many pieces
 * @flags: 0, or MSG_DONTWAIT not to wait until the call has ended
 * @outcome: gets how it has ended: @outcome->error is 0 or an errno, as
 *	ipc_call() would have it, and @outcome->len the length of the reply
 *
 * Return: 0 if the call has ended; else a negated errno, and it has not:
 * -EAGAIN (not to wait, or SO_RCVTIMEO has passed), -EINTR, -ENOENT (there is
 * no such call), -EFAULT (@in; the reply is still there).
 */
int ipc_call_finish(int fd, uint64_t cookie, const struct iovec *in, int incnt,
		    int flags, struct dipc_outcome *outcome);

/**
 * ipc_call_finish_any - take the reply of whichever call has ended first
 * @fd: the socket
 * @in: as for ipc_call_finish()
 * @incnt: how many pieces
 * @flags: as for ipc_call_finish()
 * @outcome: the same; @outcome->cookie says which call it is
 *
 * Return: as ipc_call_finish(); -ENOENT if no call is outstanding.
 */
int ipc_call_finish_any(int fd, const struct iovec *in, int incnt, int flags,
			struct dipc_outcome *outcome);

/**
 * ipc_call_cancel - give up a call that was started
 * @fd: the socket
 * @cookie: of the call
 *
 * The request is withdrawn; if a server has taken it, it may be executed, and
 * the server is told that nobody waits for the reply. The cookie is free again.
 *
 * Return: 0, -ENOENT if there is no such call.
 */
int ipc_call_cancel(int fd, uint64_t cookie);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* IPC_CALL_H */
