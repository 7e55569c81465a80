/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: communicators, that is, a socket with the sends and receives that
 * are under way on it; and the message-passing primitives of MPI on them. Part
 * of <ipc/libipc.h>.
 *
 *	ipc_bsend()		buffered send: goes on at once
 *	ipc_comm_send()		standard send: until the message is in a queue
 *	ipc_ssend()		synchronous send: until it has been received
 *	ipc_sendrecv()		send, and receive the answer
 *	ipc_isend()		standard send, begun
 *	ipc_issend()		synchronous send, begun
 *	ipc_comm_recv()		receive: until there is a message
 *	ipc_irecv()		receive, begun
 *	ipc_wait(), ipc_test()	what has been begun, ended
 *
 * ipc_send() and ipc_recv() are MPI's standard send and its receive for a
 * socket that has no requests.
 *
 * What is sent has been copied when a function returns: the buffer is free at
 * once, also after ipc_isend(). A buffer given to ipc_irecv() belongs to the
 * library until the request is complete.
 *
 * A communicator and its requests are used by one thread at a time. Nothing
 * goes on behind the program's back: requests proceed inside these calls, any
 * of which carries on all requests of its communicator.
 */
#ifndef IPC_COMM_H
#define IPC_COMM_H

#ifndef IPC_LIBIPC_H
#error "include <ipc/libipc.h>"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct ipc_comm;
struct ipc_request;

/*
 * An answer to a message has its tag with this bit set. A receive that does
 * not look at this bit, as one for any message does not, gets no answers.
 */
#define IPC_TAG_ANSWER		(1ULL << 63)

/**
 * struct ipc_status - what became of a request
 * @error: 0, or the negated errno with which it failed
 * @flags: of a receive: MSG_TRUNC if the message was longer than the buffer
 * @len: the length of the message
 * @tag: its tag
 * @id: its number, unique with @source; of a send that failed at once, 0
 * @priority: of a receive: its priority
 * @reason: of a send: enum dipc_reason
 * @source: of a receive: the port that sent it; of a send: where it went to
 * @reserved: gets 0
 */
struct ipc_status {
	int32_t error;
	uint32_t flags;
	uint64_t len;
	uint64_t tag;
	uint64_t id;
	uint32_t priority;
	uint32_t reason;
	struct sockaddr_dipc source;
	uint64_t reserved[4];
};

/**
 * ipc_comm_open - make a communicator
 * @addr: what its socket is bound to, as for ipc_bind(); NULL for a port
 *	number that the kernel draws
 * @comm: gets the communicator
 *
 * Return: 0 or a negated errno, as ipc_open() and ipc_bind().
 */
int ipc_comm_open(const struct sockaddr_dipc *addr, struct ipc_comm **comm);

/**
 * ipc_comm_close - end a communicator
 * @comm: the communicator, consumed; NULL does nothing
 *
 * All its requests are freed and their handles must not be used any more:
 * receives are cancelled, and messages that are not yet in a queue, or not yet
 * received if that was waited for, are withdrawn. ipc_comm_flush() first waits
 * for them.
 *
 * Return: 0.
 */
int ipc_comm_close(struct ipc_comm *comm);

/**
 * ipc_comm_fd - the socket of a communicator
 * @comm: the communicator
 *
 * For options (ipc_set_queue(), ipc_set_priority()), ipc_port_id() and poll().
 * It belongs to the communicator: it must not be closed, made non-blocking,
 * received from, sent on asynchronously, nor have its match, its time limits
 * or what comes with messages changed.
 *
 * Return: the file descriptor; it never fails.
 */
int ipc_comm_fd(const struct ipc_comm *comm);

/**
 * ipc_comm_flush - wait until all sends are complete
 * @comm: the communicator
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 *
 * Return: 0; -EAGAIN or -ETIMEDOUT if some are not; -EINTR; or, once, the
 * error of the first ipc_bsend() that failed after it had returned.
 */
int ipc_comm_flush(struct ipc_comm *comm, int timeout_ms);

/**
 * ipc_bsend - buffered send: have the message sent, and go on
 * @comm: the communicator
 * @buf: the message
 * @len: its length in bytes
 * @to: the destination
 * @tag: its tag
 *
 * It never waits, whatever the destination's queue: the message is in the
 * kernel's memory on this socket's account (SO_SNDBUF) until there is room.
 *
 * Return: 0 or a negated errno: -EAGAIN (too much is on its way already), or
 * as ipc_sendmsg().
 */
int ipc_bsend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag);

/**
 * ipc_comm_send - standard send: until the message is in a queue
 * @comm: the communicator
 * @buf: the message
 * @len: its length in bytes
 * @to: the destination
 * @tag: its tag
 * @timeout_ms: for how long to wait for room: milliseconds, 0 not at all,
 *	negative for ever
 *
 * Return: 0 or a negated errno: -EAGAIN, -ETIMEDOUT, -EINTR, or as
 * ipc_sendmsg(); the message was then not sent.
 */
int ipc_comm_send(struct ipc_comm *comm, const void *buf, size_t len,
		  const struct sockaddr_dipc *to, uint64_t tag, int timeout_ms);

/**
 * ipc_ssend - synchronous send: until the message has been received
 * @comm: the communicator
 * @buf: the message
 * @len: its length in bytes
 * @to: the destination
 * @tag: its tag
 * @timeout_ms: for how long to wait: milliseconds, 0 not at all, negative for
 *	ever
 *
 * Return: 0 or a negated errno: -EAGAIN (nobody waits for it, and not to
 * wait), -ETIMEDOUT, -EINTR, or as ipc_sendmsg(); the message was then not
 * received and will not be.
 */
int ipc_ssend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag, int timeout_ms);

/**
 * ipc_comm_recv - receive: until there is a message
 * @comm: the communicator
 * @buf: gets the message
 * @len: bytes at @buf
 * @match: source and tag; NULL for any message that is no answer
 * @timeout_ms: for how long to wait: milliseconds, 0 not at all, negative for
 *	ever
 * @status: gets what came with it; may be NULL
 *
 * Receives that were begun before come first.
 *
 * Return: the length of the message, as ipc_recv(), or a negated errno:
 * -EAGAIN, -ETIMEDOUT, -EINTR, or as ipc_recv().
 */
ssize_t ipc_comm_recv(struct ipc_comm *comm, void *buf, size_t len,
		      const struct dipc_match *match, int timeout_ms,
		      struct ipc_status *status);

/**
 * ipc_sendrecv - send a message and receive the answer
 * @comm: the communicator
 * @out: the message
 * @out_len: its length in bytes
 * @to: the destination
 * @tag: its tag; 0 if @match is NULL, and a fresh one is then drawn
 * @in: gets the message that is received
 * @in_len: bytes at @in
 * @match: which one; NULL for the answer, whose tag is the fresh one with
 *	IPC_TAG_ANSWER
 * @timeout_ms: for how long to wait for both: milliseconds, not 0, negative
 *	for ever
 * @status: gets what came with the message that is received; may be NULL
 *
 * Both are under way at the same time, so two that do this with one another
 * do not wait for each other for ever.
 *
 * Return: the length of the message that is received, as ipc_recv(), or a
 * negated errno: -ETIMEDOUT (the message may have been received), -EINTR (the
 * same), -EINVAL (@tag, @timeout_ms), or as ipc_sendmsg() and ipc_recv().
 */
ssize_t ipc_sendrecv(struct ipc_comm *comm, const void *out, size_t out_len,
		     const struct sockaddr_dipc *to, uint64_t tag, void *in,
		     size_t in_len, const struct dipc_match *match,
		     int timeout_ms, struct ipc_status *status);

/**
 * ipc_isend - begin a standard send
 * @comm: the communicator
 * @buf: the message; it has been copied when this returns
 * @len: its length in bytes
 * @to: the destination
 * @tag: its tag
 * @req: gets the request, complete when the message is in a queue
 *
 * Return: 0 or a negated errno, and then there is no request: -EAGAIN (too
 * much is on its way already), or as ipc_sendmsg().
 */
int ipc_isend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag,
	      struct ipc_request **req);

/**
 * ipc_issend - begin a synchronous send
 * @comm: the communicator
 * @buf: the message; it has been copied when this returns
 * @len: its length in bytes
 * @to: the destination
 * @tag: its tag
 * @req: gets the request, complete when the message has been received
 *
 * Return: as ipc_isend().
 */
int ipc_issend(struct ipc_comm *comm, const void *buf, size_t len,
	       const struct sockaddr_dipc *to, uint64_t tag,
	       struct ipc_request **req);

/**
 * ipc_irecv - begin a receive
 * @comm: the communicator
 * @buf: gets the message; it must stay until the request is complete
 * @len: bytes at @buf
 * @match: source and tag; NULL for any message that is no answer
 * @req: gets the request, complete when @buf has a message
 *
 * A message goes to the receive that was begun first of those it matches.
 *
 * Return: 0 or a negated errno: -ENOMEM.
 */
int ipc_irecv(struct ipc_comm *comm, void *buf, size_t len,
	      const struct dipc_match *match, struct ipc_request **req);

/**
 * ipc_wait - wait until a request is complete
 * @req: the request; freed and set to NULL when it is. NULL is complete
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 * @status: gets what became of it; may be NULL
 *
 * Return: 0 if it is complete, whether it succeeded or not; -EAGAIN or
 * -ETIMEDOUT if it is not; -EINTR.
 */
int ipc_wait(struct ipc_request **req, int timeout_ms,
	     struct ipc_status *status);

/**
 * ipc_test - whether a request is complete
 * @req: the request; freed and set to NULL if it is. NULL is complete
 * @status: gets what became of it; may be NULL
 *
 * Return: 1 if it is complete, whether it succeeded or not; 0 if not.
 */
int ipc_test(struct ipc_request **req, struct ipc_status *status);

/**
 * ipc_waitany - wait until one of several requests is complete
 * @reqs: requests of one communicator; the one is freed and set to NULL. NULLs
 *	among them are passed over
 * @count: how many
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 * @status: gets what became of it; may be NULL
 *
 * Return: the index of the first that is complete; -EAGAIN or -ETIMEDOUT if
 * none is; -EINTR; -EINVAL if all are NULL, or not of one communicator.
 */
int ipc_waitany(struct ipc_request **reqs, int count, int timeout_ms,
		struct ipc_status *status);

/**
 * ipc_waitall - wait until all of several requests are complete
 * @reqs: requests of one communicator; each that is complete is freed and set
 *	to NULL. NULLs among them are passed over
 * @count: how many
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 * @status: as many elements, that of a complete request gets what became of
 *	it; may be NULL
 *
 * Return: 0 if all are complete, whether they succeeded or not; -EAGAIN or
 * -ETIMEDOUT if some are not; -EINTR; -EINVAL if not of one communicator.
 */
int ipc_waitall(struct ipc_request **reqs, int count, int timeout_ms,
		struct ipc_status *status);

/**
 * ipc_cancel - end a receive that has got no message
 * @req: the request; it is then complete with -ECANCELED, and still to be
 *	waited for
 *
 * Return: 0, -EALREADY if it is complete, -EOPNOTSUPP if it is a send.
 */
int ipc_cancel(struct ipc_request *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* IPC_COMM_H */
