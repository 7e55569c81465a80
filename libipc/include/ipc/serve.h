/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: the server's side of calls: requests and what is done with them, the
 * loop that serves one after the other, and servers of several workers. What
 * the client does is in <ipc/call.h>. Part of <ipc/libipc.h>.
 *
 * A request comes with a handle, a number that is valid on the socket that
 * received it, until the request is replied to, forwarded or dropped. Any
 * thread may use it. When the last descriptor of the socket is closed, the
 * clients of all requests that it holds are told -ECONNRESET.
 *
 * The library starts no threads: the program gives them, and they run
 * ipc_serve() or ipc_server_work().
 */
#ifndef IPC_SERVE_H
#define IPC_SERVE_H

#ifndef IPC_LIBIPC_H
#error "include <ipc/libipc.h>"
#endif

#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * ipc_set_recv_calls - whether a socket takes requests
 * @fd: the socket
 * @on: 1 if it does, 0 if not, as a new socket
 *
 * Before ipc_bind() or after it; before listen() on behalf of the links that
 * are accepted. To a socket that takes none, a call is -EOPNOTSUPP.
 *
 * Return: 0 or a negated errno; -EBUSY if @on is 0 and it has received.
 */
int ipc_set_recv_calls(int fd, int on);

/**
 * ipc_get_recv_calls - what ipc_set_recv_calls() has set
 * @fd: the socket
 * @on: gets 0 or 1
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_recv_calls(int fd, int *on);

/*
 * A flag of receives: what is received of a request is all that is wanted of
 * it. One that fits into the memory for it is not kept, so ipc_request_read()
 * and ipc_forward() of it are -ENODATA; a long one is copied once less then.
 */
#define IPC_CONSUME	0x00800000

/**
 * ipc_recv_request - take a request, or a message
 * @fd: the socket, after ipc_set_recv_calls()
 * @in: the pieces of memory that get it
 * @incnt: how many pieces
 * @flags: 0, or of MSG_DONTWAIT and IPC_CONSUME
 * @match: which one; NULL for what ipc_set_match() has set
 * @req: gets what comes with it; @req->handle is 0 for a message that is no
 *	request
 *
 * Return: the length of the request. If there was less room, the rest of a
 * request can be read with ipc_request_read(), and that of a message is lost.
 * Else a negated errno: -EAGAIN, -EINTR, -EMFILE (65536 requests are held), ...
 */
ssize_t ipc_recv_request(int fd, const struct iovec *in, int incnt, int flags,
			 const struct dipc_match *match,
			 struct dipc_request *req);

/**
 * ipc_reply - reply to a request
 * @fd: the socket that received it
 * @handle: of the request
 * @buf: the reply
 * @len: its length in bytes, at most the reply_max of the request
 *
 * Return: 0, and @handle is gone; -EPIPE if the client waits no more, and
 * @handle is gone as well; else a negated errno, and the request is still held:
 * -EMSGSIZE, -EBUSY (another thread is at it); -ESRCH if it was not.
 */
int ipc_reply(int fd, uint64_t handle, const void *buf, size_t len);

/**
 * ipc_replymsg - reply to a request, in pieces, behind what was written
 * @fd: the socket that received it
 * @handle: of the request
 * @offset: where in the reply the pieces begin, bytes
 * @out: the pieces
 * @outcnt: how many pieces; 0 if everything was written already
 *
 * Return: as ipc_reply().
 */
int ipc_replymsg(int fd, uint64_t handle, uint64_t offset,
		 const struct iovec *out, int outcnt);

/**
 * ipc_reply_recv - reply to a request and take the next, in one system call
 * @fd: the socket that received it
 * @handle: of the request; gets 0 as soon as it was replied to. 0: nothing to
 *	reply to
 * @out: the pieces of the reply
 * @outcnt: how many pieces
 * @in: the pieces of memory that get the next request
 * @incnt: how many pieces
 * @flags: 0, or of MSG_DONTWAIT, not to wait for a request, and
 *	IPC_CONSUME
 * @req: gets what comes with it
 *
 * Return: as ipc_recv_request(); or a negated errno of ipc_reply() if *@handle
 * is not 0 afterwards, and then nothing was received.
 */
ssize_t ipc_reply_recv(int fd, uint64_t *handle, const struct iovec *out,
		       int outcnt, const struct iovec *in, int incnt, int flags,
		       struct dipc_request *req);

/**
 * ipc_reply_part - write a part of the reply
 * @fd: the socket that received the request
 * @handle: of the request, which stays held
 * @offset: where in the reply the part goes, bytes
 * @buf: the part
 * @len: its length in bytes
 *
 * What is left out before the end of the reply is 0.
 *
 * Return: @len, or a negated errno as ipc_reply(), but with -EPIPE, too, the
 * request is still held.
 */
ssize_t ipc_reply_part(int fd, uint64_t handle, uint64_t offset,
		       const void *buf, size_t len);

/**
 * ipc_request_read - read from a request that is held
 * @fd: the socket that received it
 * @handle: of the request
 * @offset: where to begin, bytes
 * @buf: gets what is there
 * @len: bytes at @buf
 *
 * Return: how many bytes were read, 0 at the end of the request; or a negated
 * errno: -EINVAL (behind the end), -EPIPE (the client waits no more), -ENODATA
 * (received whole with IPC_CONSUME), -EBUSY, -ESRCH.
 */
ssize_t ipc_request_read(int fd, uint64_t handle, uint64_t offset, void *buf,
			 size_t len);

/**
 * ipc_forward - hand a request on to another server
 * @fd: the socket that received it
 * @handle: of the request
 * @to: the other server, which sees the client as source, and what has been
 *	written of the reply; NULL is the default destination
 *
 * Return: 0 or -EPIPE as ipc_reply(); else a negated errno, and the request is
 * still held: -ENOENT, -ECONNREFUSED, -EOPNOTSUPP (it takes no calls), -ELOOP
 * (it is this one, or there were 255 before), -ENODATA (received whole with
 * IPC_CONSUME), ...
 */
int ipc_forward(int fd, uint64_t handle, const struct sockaddr_dipc *to);

/**
 * ipc_drop - give a request up
 * @fd: the socket that received it
 * @handle: of the request
 *
 * Its client is told -ECONNRESET.
 *
 * Return: 0, also if the client waits no more; -ESRCH, -EBUSY.
 */
int ipc_drop(int fd, uint64_t handle);

/**
 * ipc_recv_cancelled - learn of a request that nobody waits for any more
 * @fd: the socket that holds it
 * @cancelled: gets which one; its handle stays valid until it is replied to
 *	(-EPIPE) or dropped
 *
 * It never waits: poll() tells POLLERR while there is one.
 *
 * Return: 0, -EAGAIN if there is none, -EBUSY if there is a completion of an
 * asynchronous send, which must be read first (ipc_recv_completion()).
 */
int ipc_recv_cancelled(int fd, struct dipc_cancelled *cancelled);

/*
 * The loop
 */

/* What a handler gives if no reply is to be sent for it. */
#define IPC_NO_REPLY	(-0x10000)

/* struct ipc_served: end the loop when this request is replied to. */
#define IPC_SERVED_STOP	(1U << 0)

/**
 * struct ipc_served - a request in the hands of its handler
 * @fd: the socket that received it
 * @flags: 0; the handler may set IPC_SERVED_STOP
 * @request: what came with it; @request->handle is 0 for a message that is no
 *	request
 * @in: the request
 * @in_len: as many bytes of it as were received, at most the in_max of the
 *	loop; @request->len says how many it has
 * @out: where the reply can be made
 * @out_max: bytes at @out; the client takes no more than @request->reply_max
 * @offset: 0; the handler may set where in the reply @out goes
 * @arg: the program's own, see struct ipc_serve_conf
 * @reserved: 0
 *
 * It is valid until the handler returns.
 */
struct ipc_served {
	int fd;
	uint32_t flags;
	const struct dipc_request *request;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_max;
	uint64_t offset;
	void *arg;
	uint64_t reserved[4];
};

/* struct ipc_serve_conf: each request is received as IPC_CONSUME. */
#define IPC_SERVE_CONSUME	(1U << 0)

/**
 * struct ipc_serve_conf - what a server is made of
 * @handler: called for each request. It returns how many bytes at @out are the
 *	reply; or a negative number, and the request is dropped; or
 *	IPC_NO_REPLY if it has replied, forwarded or dropped it itself, or
 *	will reply later. For a message that is no request the value means
 *	nothing
 * @need_worker: called when other requests wait and nobody receives, once until
 *	somebody does again; before the handler of the request that was
 *	received just then. May be NULL
 * @arg: given to both
 * @in_max: the longest request that is received in one piece, bytes; 0: 65536
 * @out_max: the longest reply that is made in one piece, bytes; 0: 65536
 * @flags: 0 or IPC_SERVE_CONSUME
 * @reserved: 0
 */
struct ipc_serve_conf {
	ssize_t (*handler)(struct ipc_served *served);
	void (*need_worker)(void *arg);
	void *arg;
	size_t in_max;
	size_t out_max;
	uint64_t flags;
	uint64_t reserved[3];
};

/**
 * ipc_serve - serve one request after the other
 * @fd: the socket, after ipc_set_recv_calls()
 * @conf: the handler and so on
 *
 * Each request costs one system call: its reply and the next are one. A reply
 * that cannot be sent, because the client waits no more or takes no reply of
 * that length, ends its request, not the loop.
 *
 * Return: 0 if a handler has set IPC_SERVED_STOP, or @fd is a link and at its
 * end; else the negated errno with which a receive failed: -EINTR, -EAGAIN
 * (SO_RCVTIMEO has passed, or @fd is non-blocking), -EIDRM (the mailbox was
 * deleted), -EMFILE (65536 requests are held), ...; -EINVAL (@conf), -ENOMEM.
 */
int ipc_serve(int fd, const struct ipc_serve_conf *conf);

/*
 * Servers of several workers
 */

struct ipc_server;

/* ipc_server_open(): share the name with other servers of this user. */
#define IPC_SERVER_REUSE_NAME	1

/**
 * ipc_server_open - make a server
 * @addr: a mailbox, a name or a port number
 * @conf: the handler and so on; copied
 * @flags: 0 or IPC_SERVER_REUSE_NAME
 * @server: gets the server
 *
 * Requests are accepted from now on, and served by those who call
 * ipc_server_work(). With a mailbox each worker has a socket of its own on it,
 * and a process that dies takes only those requests with it that it held. With
 * a name or port number the server has one socket, and the workers are threads
 * of one process; further processes open a server each, and share the name.
 *
 * Return: 0 or a negated errno, as ipc_bind().
 */
int ipc_server_open(const struct sockaddr_dipc *addr,
		    const struct ipc_serve_conf *conf, int flags,
		    struct ipc_server **server);

/**
 * ipc_server_work - be a worker of a server
 * @server: the server
 * @idle_ms: return when there was no request for so long: milliseconds,
 *	negative never
 *
 * Signals do not end it. With a mailbox, the clients of requests that its
 * handlers have kept are told -ECONNRESET when it returns.
 *
 * Return: 0 after ipc_server_stop(), or if a handler has set IPC_SERVED_STOP,
 * which stops the server; -ETIMEDOUT after @idle_ms; else as ipc_serve().
 */
int ipc_server_work(struct ipc_server *server, int idle_ms);

/**
 * ipc_server_wait - wait until another worker is needed
 * @server: the server
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 *
 * Return: 1 if requests wait and nobody receives, told once until somebody
 * does again; 0 after ipc_server_stop(); else a negated errno: -EAGAIN (not to
 * wait), -ETIMEDOUT, -EINTR, -EIDRM (the mailbox was deleted).
 */
int ipc_server_wait(struct ipc_server *server, int timeout_ms);

/**
 * ipc_server_fd - what ipc_server_wait() waits on
 * @server: the server
 *
 * For poll() and epoll: POLLIN when ipc_server_wait() will not wait. It belongs
 * to the server.
 *
 * Return: the file descriptor; it never fails.
 */
int ipc_server_fd(const struct ipc_server *server);

/**
 * ipc_server_stop - have all workers return
 * @server: the server
 *
 * Each finishes the request that it has, and returns a fifth of a second later
 * at most if it has none. May be called from a handler of a signal.
 *
 * Return: 0.
 */
int ipc_server_stop(struct ipc_server *server);

/**
 * ipc_server_close - end a server
 * @server: the server, which nobody uses any more, consumed; NULL does nothing
 *
 * Requests that nobody has taken are refused, unless a mailbox keeps them;
 * those that are held are dropped.
 *
 * Return: 0.
 */
int ipc_server_close(struct ipc_server *server);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* IPC_SERVE_H */
