/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: AF_DIPC sockets and mailboxes for programs.
 *
 * A thin layer over the socket calls and over the generic netlink family
 * "dipc". An ipc socket is a plain file descriptor: whatever takes one
 * (poll(), epoll, recvmsg(), sendmmsg(), fcntl(), dup(), close()) may be used
 * on it beside the functions here. Only mailbox handles, servers, communicators
 * and their requests are objects of the library.
 *
 * This file has what every program needs: addresses, sockets and mailboxes. At
 * its end it includes what goes further: <ipc/message.h> (messages with
 * parameters), <ipc/link.h> (links), <ipc/call.h> and <ipc/serve.h> (calls with
 * replies) and <ipc/comm.h> (requests in the manner of MPI).
 *
 * Every function returns 0 or more if it succeeds and a negated errno value
 * if it fails; errno itself then holds nothing of use. Inputs come first in
 * the arguments, results last, and a result is written only on success. The
 * library starts no threads, installs no signal handlers and remembers
 * nothing outside of its handles.
 *
 * Programs are linked with -lipc ("pkg-config --libs libipc"). See libipc(7).
 */
#ifndef IPC_LIBIPC_H
#define IPC_LIBIPC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <linux/dipc.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * Addresses
 *
 *	port:17		port number 17 of this node
 *	port:17@3	port number 17 of node 3
 *	orders		whatever goes by the name "orders"
 *	mbox:orders	the mailbox "orders"
 *	group:news	the group "news"
 *	any:		no address: bind() draws a port number
 *
 * Each but the last may end in "@" and a node number, which is not 0. Every
 * address has exactly one text. The scope is no part of the text; it is 0 in
 * a parsed address, and the caller may set it.
 */

/* Room for the longest text of an address and its NUL. */
#define IPC_ADDR_TEXT_MAX	81

/**
 * ipc_family - the address family number of dipc on this machine
 *
 * The number that the loaded module says it has, else AF_DIPC.
 *
 * Return: the number; it never fails.
 */
int ipc_family(void);

/**
 * ipc_addr_parse - address from text
 * @text: the text, as above
 * @addr: the address
 *
 * Return: 0, -EINVAL if @text is not the text of an address, -EHOSTUNREACH if
 * it would be, but a node is given by a name and no node has that name.
 */
int ipc_addr_parse(const char *text, struct sockaddr_dipc *addr);

/**
 * ipc_addr_format - text from address
 * @addr: the address; its scope is not shown
 * @buf: gets the text, ended by NUL
 * @len: bytes at @buf; IPC_ADDR_TEXT_MAX is always enough
 *
 * Return: the length of the text without the NUL, -EINVAL if @addr is none,
 * -EAFNOSUPPORT if it is of another family, -ENOSPC if @buf is too short.
 */
int ipc_addr_format(const struct sockaddr_dipc *addr, char *buf, size_t len);

/**
 * ipc_addr_port - address of a port by its number
 * @port: port number, not 0
 * @node: node number, 0 for this node
 * @addr: the address
 *
 * Return: 0, or -EINVAL if @port is 0.
 */
int ipc_addr_port(uint64_t port, uint32_t node, struct sockaddr_dipc *addr);

/**
 * ipc_addr_name - address of whatever goes by a name
 * @name: the name, without any prefix
 * @node: node number, 0 for this node
 * @addr: the address
 *
 * Return: 0, or -EINVAL if @name is not a name.
 */
int ipc_addr_name(const char *name, uint32_t node, struct sockaddr_dipc *addr);

/**
 * ipc_addr_mailbox - address of a mailbox
 * @name: its name, without any prefix
 * @node: node number, 0 for this node
 * @addr: the address
 *
 * Return: 0, or -EINVAL if @name is not a name.
 */
int ipc_addr_mailbox(const char *name, uint32_t node,
		     struct sockaddr_dipc *addr);

/**
 * ipc_addr_group - address of a group
 * @name: its name, without any prefix
 * @node: node number, 0 for this node
 * @addr: the address
 *
 * Return: 0, or -EINVAL if @name is not a name.
 */
int ipc_addr_group(const char *name, uint32_t node, struct sockaddr_dipc *addr);

/*
 * Sockets
 */

/**
 * ipc_open - make a socket
 * @type: SOCK_RDM or SOCK_DGRAM; for SOCK_SEQPACKET and SOCK_STREAM there are
 *	ipc_link_listen(), ipc_link_connect() and ipc_link_pair()
 * @flags: 0 or O_NONBLOCK; O_CLOEXEC is always in force
 *
 * Return: the file descriptor, to be closed with close(). -EINVAL for unknown
 * @flags, -EAFNOSUPPORT if the module is not loaded and cannot be; else what
 * socket(2) says.
 */
int ipc_open(int type, int flags);

/**
 * ipc_bind - give a socket an address
 * @fd: the socket
 * @addr: a port number, a name that is added to the socket's port, or a
 *	mailbox that the socket will receive from; NULL or type
 *	DIPC_ADDR_ANY lets the kernel draw a port number
 *
 * Return: 0 or a negated errno: -EADDRINUSE, -ENOENT (no such mailbox),
 * -EACCES, -EINVAL (bad address, or bound already), ...
 */
int ipc_bind(int fd, const struct sockaddr_dipc *addr);

/**
 * ipc_connect - set the default destination of a socket
 * @fd: the socket
 * @addr: the destination, looked up now
 *
 * It does not filter what the socket receives.
 *
 * Return: 0 or a negated errno: -ENOENT (no such name), -ECONNREFUSED (no such
 * port), -EHOSTUNREACH (no such node), -EACCES, ...
 */
int ipc_connect(int fd, const struct sockaddr_dipc *addr);

/**
 * ipc_getsockname - what a socket is bound to
 * @fd: the socket
 * @addr: gets the address that was bound, of type DIPC_ADDR_ANY if none
 *
 * Return: 0 or a negated errno.
 */
int ipc_getsockname(int fd, struct sockaddr_dipc *addr);

/**
 * ipc_getpeername - what a socket is connected to
 * @fd: the socket
 * @addr: gets the default destination
 *
 * Return: 0 or a negated errno; -ENOTCONN if there is none.
 */
int ipc_getpeername(int fd, struct sockaddr_dipc *addr);

/**
 * ipc_send - send a message to the default destination
 * @fd: the socket, connected
 * @buf: the message
 * @len: its length in bytes; 0 is a message, too
 * @flags: as for send(2): 0 or MSG_DONTWAIT
 *
 * Return: @len or a negated errno; see ipc_send(3).
 */
ssize_t ipc_send(int fd, const void *buf, size_t len, int flags);

/**
 * ipc_sendto - send a message to an address
 * @fd: the socket
 * @buf: the message
 * @len: its length in bytes
 * @flags: as for send(2)
 * @to: the destination; NULL is the default destination
 *
 * Return: @len or a negated errno; see ipc_send(3).
 */
ssize_t ipc_sendto(int fd, const void *buf, size_t len, int flags,
		   const struct sockaddr_dipc *to);

/**
 * ipc_recv - take a message
 * @fd: the socket
 * @buf: gets the message
 * @len: bytes at @buf
 * @flags: as for recv(2): MSG_DONTWAIT, MSG_PEEK
 *
 * Return: the length of the message. If that is more than @len, @buf holds its
 * first @len bytes and the rest is lost. 0 is an empty message, never an end
 * of file, unless @fd is a link. Else a negated errno; see ipc_recv(3).
 */
ssize_t ipc_recv(int fd, void *buf, size_t len, int flags);

/**
 * ipc_recvfrom - take a message and learn who sent it
 * @fd: the socket
 * @buf: gets the message
 * @len: bytes at @buf
 * @flags: as for recv(2)
 * @from: gets the port of the sender's socket; may be NULL
 *
 * Return: as ipc_recv().
 */
ssize_t ipc_recvfrom(int fd, void *buf, size_t len, int flags,
		     struct sockaddr_dipc *from);

/**
 * ipc_set_timeouts - for how long send and receive wait
 * @fd: the socket
 * @send_ms: milliseconds, negative for ever
 * @recv_ms: milliseconds, negative for ever
 *
 * They hold for the socket, whoever uses it. When time runs out the call gives
 * -EAGAIN. Not to wait at all is O_NONBLOCK or MSG_DONTWAIT, so 0 is -EINVAL.
 *
 * Return: 0 or a negated errno.
 */
int ipc_set_timeouts(int fd, int send_ms, int recv_ms);

/**
 * ipc_set_queue - set the limits and the policy of a socket's own queue
 * @fd: the socket, not bound to a mailbox
 * @conf: the limits; reserved members are 0
 *
 * Return: 0 or a negated errno: -EINVAL for limits that cannot be.
 */
int ipc_set_queue(int fd, const struct dipc_queue_conf *conf);

/**
 * ipc_get_queue - the limits and the policy of the queue a socket receives from
 * @fd: the socket
 * @conf: gets the limits
 *
 * Return: 0 or a negated errno.
 */
int ipc_get_queue(int fd, struct dipc_queue_conf *conf);

/**
 * ipc_reuse_name - let other sockets of the same user have the same names
 * @fd: the socket, before ipc_bind()
 * @on: 1 to share, 0 not to
 *
 * All sockets under the name must ask for it. Each message to the name goes to
 * one of them, in turn.
 *
 * Return: 0 or a negated errno.
 */
int ipc_reuse_name(int fd, int on);

/**
 * ipc_port_id - the port number of a socket
 * @fd: the socket
 * @port: gets the number that receivers see as the source of its messages
 *
 * Return: 0 or a negated errno.
 */
int ipc_port_id(int fd, uint64_t *port);

/* ipc_notify(): the signal is for the calling thread, not for the process. */
#define IPC_NOTIFY_THREAD	1

/**
 * ipc_notify - have a signal sent, once, when a message comes
 * @fd: the socket
 * @signo: the signal, or 0 to ask for no signal any more
 * @flags: 0 or IPC_NOTIFY_THREAD
 *
 * The signal comes when a message enters the empty queue and nobody waits for
 * it, and not again until it has been asked for again. Messages that are in
 * the queue already give no signal: ask first, then empty the queue, then wait
 * for the signal. si_fd in the signal's siginfo_t is @fd.
 *
 * Return: 0, -EINVAL for a bad @signo or unknown @flags, or what fcntl(2) and
 * setsockopt(2) say.
 */
int ipc_notify(int fd, int signo, int flags);

/*
 * Mailboxes, by name: what exists
 */

/* Which members of a struct ipc_mailbox_attr are meant. */
#define IPC_MAILBOX_UID			(1U << 0)
#define IPC_MAILBOX_GID			(1U << 1)
#define IPC_MAILBOX_MODE		(1U << 2)
#define IPC_MAILBOX_CAPACITY_MSGS	(1U << 3)
#define IPC_MAILBOX_CAPACITY_BYTES	(1U << 4)
#define IPC_MAILBOX_MSG_MAX_BYTES	(1U << 5)
#define IPC_MAILBOX_POLICY		(1U << 6)
#define IPC_MAILBOX_SCOPE		(1U << 7)
#define IPC_MAILBOX_TRANSIENT		(1U << 8)
#define IPC_MAILBOX_ORDER		(1U << 9)

/**
 * struct ipc_mailbox_attr - owner, mode and limits of a mailbox
 * @fields: IPC_MAILBOX_* of the members that are meant. Those that are not are
 *	the kernel's defaults to ipc_mailbox_create(), and stay as they are
 *	with ipc_mailbox_set()
 * @mode: who may receive (r) and send (w), 0 to 0777, as of a file
 * @uid: owner
 * @gid: group
 * @capacity_msgs: how many messages it holds; 0 makes it unbuffered
 * @capacity_bytes: how many bytes of payload it holds
 * @msg_max_bytes: the largest message
 * @policy: enum dipc_policy
 * @scope: enum dipc_scope; creation only
 * @transient: 1 if it goes away with its last user; creation only
 * @order: enum dipc_order; can be changed only while it is empty
 * @reserved: 0
 */
struct ipc_mailbox_attr {
	uint32_t fields;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t capacity_bytes;
	uint32_t capacity_msgs;
	uint32_t msg_max_bytes;
	uint32_t policy;
	uint32_t scope;
	uint32_t transient;
	uint32_t order;
	uint32_t reserved[4];
};

/**
 * struct ipc_mailbox_stat - a mailbox at one moment
 * @attr: its attributes, with the bits in @attr.fields of those that are known
 * @queued_bytes: payload in the queue
 * @dropped: messages discarded so far, by its policy or by a purge
 * @queued_msgs: messages in the queue
 * @users: sockets attached to it
 * @waiting_senders: senders that wait for room
 * @waiting_receivers: receivers that wait for a message
 * @reserved: 0
 */
struct ipc_mailbox_stat {
	struct ipc_mailbox_attr attr;
	uint64_t queued_bytes;
	uint64_t dropped;
	uint32_t queued_msgs;
	uint32_t users;
	uint32_t waiting_senders;
	uint32_t waiting_receivers;
	uint64_t reserved[4];
};

/**
 * ipc_mailbox_create - make a mailbox
 * @name: its name, without any prefix
 * @attr: its attributes; NULL for the defaults
 * @flags: 0, or O_EXCL if it must not exist yet
 *
 * Return: 0 if it was made, 1 if it existed and @flags is 0 (its attributes
 * are then what they were); -EEXIST if @flags is O_EXCL, or the name belongs
 * to something else than a mailbox; see ipc_mailbox_create(3).
 */
int ipc_mailbox_create(const char *name, const struct ipc_mailbox_attr *attr,
		       int flags);

/**
 * ipc_mailbox_delete - delete a mailbox and what is in it
 * @name: its name
 *
 * All who wait on it, and all later calls on sockets attached to it, get
 * -EIDRM.
 *
 * Return: 0 or a negated errno: -ENOENT, -EPERM, ...
 */
int ipc_mailbox_delete(const char *name);

/**
 * ipc_mailbox_set - change attributes of a mailbox
 * @name: its name
 * @attr: which, and to what
 *
 * Return: 0 or a negated errno: -ENOENT, -EPERM, -EINVAL, ...
 */
int ipc_mailbox_set(const char *name, const struct ipc_mailbox_attr *attr);

/**
 * ipc_mailbox_stat - what a mailbox is and holds
 * @name: its name
 * @st: gets the answer
 *
 * Return: 0 or a negated errno: -ENOENT, ...
 */
int ipc_mailbox_stat(const char *name, struct ipc_mailbox_stat *st);

/**
 * ipc_mailbox_purge - discard all messages in a mailbox
 * @name: its name
 *
 * Return: how many were discarded, or a negated errno: -ENOENT, -EPERM, ...
 */
ssize_t ipc_mailbox_purge(const char *name);

/*
 * Mailboxes, by handle: messages
 */

/* A mailbox that this program has open. */
struct ipc_mailbox;

/**
 * ipc_mailbox_open - open a mailbox to put messages in, or to take them out
 * @name: its name, without any prefix
 * @oflag: O_RDONLY to take, O_WRONLY to put, or O_RDWR for both; with
 *	O_NONBLOCK never to wait; with O_CREAT to make it if it does not exist;
 *	with O_CREAT | O_EXCL to make it and fail if it does. O_CLOEXEC is
 *	always in force
 * @attr: attributes for O_CREAT, NULL for the defaults; NULL without O_CREAT
 * @mb: gets the handle
 *
 * Every handle is one socket. Threads and processes that take messages from
 * the same mailbox open it each for themselves.
 *
 * Return: 0 or a negated errno: -ENOENT, -EACCES, -EEXIST, -EINVAL, ...
 */
int ipc_mailbox_open(const char *name, int oflag,
		     const struct ipc_mailbox_attr *attr,
		     struct ipc_mailbox **mb);

/**
 * ipc_mailbox_open_addr - open a mailbox by its address
 * @addr: of type DIPC_ADDR_MAILBOX
 * @oflag: as for ipc_mailbox_open(), but without O_CREAT
 * @mb: gets the handle
 *
 * Return: as ipc_mailbox_open().
 */
int ipc_mailbox_open_addr(const struct sockaddr_dipc *addr, int oflag,
			  struct ipc_mailbox **mb);

/**
 * ipc_mailbox_close - close a mailbox
 * @mb: the handle, consumed; NULL does nothing
 *
 * The mailbox stays, unless it is transient and this was its last user.
 *
 * Return: 0.
 */
int ipc_mailbox_close(struct ipc_mailbox *mb);

/**
 * ipc_mailbox_fd - the socket of a handle
 * @mb: the handle
 *
 * For poll(), epoll, sendmsg() and so on. It belongs to the handle: it must
 * not be closed, and its time limits (SO_RCVTIMEO, SO_SNDTIMEO) not be set.
 *
 * Return: the file descriptor; it never fails.
 */
int ipc_mailbox_fd(const struct ipc_mailbox *mb);

/**
 * ipc_mailbox_put - put a message in
 * @mb: the handle, open for writing
 * @buf: the message
 * @len: its length in bytes
 * @timeout_ms: for how long to wait for room: milliseconds, 0 not at all,
 *	negative for ever
 *
 * Return: 0 or a negated errno: -EAGAIN (no room, and not to wait), -ETIMEDOUT,
 * -EINTR, -ENOBUFS, -EMSGSIZE, -EIDRM, -EBADF (not open for writing), ...
 */
int ipc_mailbox_put(struct ipc_mailbox *mb, const void *buf, size_t len,
		    int timeout_ms);

/**
 * ipc_mailbox_get - take a message out
 * @mb: the handle, open for reading
 * @buf: gets the message
 * @len: bytes at @buf
 * @from: gets the port of the sender's socket; may be NULL
 * @timeout_ms: for how long to wait for a message: milliseconds, 0 not at all,
 *	negative for ever
 *
 * Return: the length of the message, as ipc_recv() does; -EAGAIN (none there,
 * and not to wait), -ETIMEDOUT, -EINTR, -EIDRM, -EBADF (not open for reading).
 */
ssize_t ipc_mailbox_get(struct ipc_mailbox *mb, void *buf, size_t len,
			struct sockaddr_dipc *from, int timeout_ms);

/**
 * ipc_mailbox_poll - wait until a message can be taken or put
 * @mb: the handle
 * @events: POLLIN, POLLOUT or both
 * @timeout_ms: milliseconds, 0 not at all, negative for ever
 *
 * It reserves nothing: another may take the message, or the room, first.
 *
 * Return: the events that are there (also POLLERR, POLLHUP), 0 if time ran
 * out, or a negated errno: -EINTR, -EINVAL (@events).
 */
int ipc_mailbox_poll(struct ipc_mailbox *mb, int events, int timeout_ms);

/**
 * ipc_mailbox_notify - have a signal sent, once, when a message comes
 * @mb: the handle, open for reading
 * @signo: the signal, or 0 to ask for no signal any more
 * @flags: 0 or IPC_NOTIFY_THREAD
 *
 * Return: as ipc_notify(); -EBADF if not open for reading.
 */
int ipc_mailbox_notify(struct ipc_mailbox *mb, int signo, int flags);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#include <ipc/message.h>
#include <ipc/link.h>
#include <ipc/call.h>
#include <ipc/serve.h>
#include <ipc/comm.h>

#endif /* IPC_LIBIPC_H */
