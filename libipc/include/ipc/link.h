/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipc: links, that is, sockets of type SOCK_SEQPACKET and SOCK_STREAM: in
 * pairs, by listening and connecting, in one direction or in both. Part of
 * <ipc/libipc.h>.
 *
 * A link is a plain descriptor, too: ipc_send(), ipc_recv(), ipc_sendmsg(),
 * ipc_recvmsg(), read(), write(), poll() and close() are used on it. A receive
 * gives 0 at its end.
 */
#ifndef IPC_LINK_H
#define IPC_LINK_H

#ifndef IPC_LIBIPC_H
#error "include <ipc/libipc.h>"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * ipc_link_listen - make a socket that waits for links
 * @type: SOCK_SEQPACKET or SOCK_STREAM
 * @addr: the port number or the name that others connect to; NULL, or type
 *	DIPC_ADDR_ANY, lets the kernel draw a port number
 * @backlog: one less than how many links may wait to be accepted
 *
 * Return: the descriptor or a negated errno: -EADDRINUSE, -EINVAL (@type,
 * @addr), -EOPNOTSUPP (@addr is a mailbox's), ...
 */
int ipc_link_listen(int type, const struct sockaddr_dipc *addr, int backlog);

/**
 * ipc_link_accept - take a link that somebody has asked for
 * @fd: a socket of ipc_link_listen()
 * @oflag: O_RDONLY, O_WRONLY or O_RDWR: the directions that this end has;
 *	with O_NONBLOCK the link, not @fd, is non-blocking
 *
 * It waits if there is none, unless @fd is non-blocking, and for no longer
 * than ipc_set_timeouts() says.
 *
 * Return: the link's descriptor or a negated errno: -EAGAIN, -EINTR, -EINVAL
 * (@oflag, or @fd does not listen), ...
 */
int ipc_link_accept(int fd, int oflag);

/**
 * ipc_link_connect - make a link to a socket that listens
 * @type: SOCK_SEQPACKET or SOCK_STREAM, as the other has it
 * @addr: the other's port number or name
 * @oflag: O_RDONLY, O_WRONLY or O_RDWR: the directions that this end has;
 *	with O_NONBLOCK never to wait
 *
 * Return: the link's descriptor or a negated errno: -ENOENT, -ECONNREFUSED
 * (nobody listens), -EPROTOTYPE (another type), -EAGAIN (O_NONBLOCK, and too
 * many wait already), -EINVAL (@oflag, @addr), ...
 */
int ipc_link_connect(int type, const struct sockaddr_dipc *addr, int oflag);

/**
 * ipc_link_pair - make both ends of a link
 * @type: SOCK_SEQPACKET or SOCK_STREAM
 * @oflag: what @fds[0] is for: O_RDWR for both directions, O_RDONLY for a link
 *	from @fds[1] to @fds[0], O_WRONLY for one from @fds[0] to @fds[1];
 *	with O_NONBLOCK both are non-blocking
 * @fds: gets the two descriptors
 *
 * With O_RDONLY and SOCK_STREAM it is what pipe(2) is.
 *
 * Return: 0 or a negated errno; -EINVAL for a bad @oflag.
 */
int ipc_link_pair(int type, int oflag, int fds[2]);

/**
 * ipc_link_shutdown - end a direction of a link
 * @fd: the link
 * @how: SHUT_RD, SHUT_WR or SHUT_RDWR
 *
 * Return: 0 or a negated errno: -ENOTCONN, -EINVAL.
 */
int ipc_link_shutdown(int fd, int how);

/**
 * ipc_link_peer_cred - who is at the other end
 * @fd: the link
 * @cred: gets who made the other end of the link, as it was then
 *
 * Return: 0 or a negated errno; -ENOTCONN if @fd has no other end.
 */
int ipc_link_peer_cred(int fd, struct ipc_cred *cred);

/**
 * ipc_pipe_open - open a stream under a name, in one direction
 * @name: the name, without any prefix
 * @oflag: O_RDONLY or O_WRONLY; with O_CREAT to give the name and wait until
 *	another process opens the other end; without, there must be one that
 *	waits; with O_NONBLOCK, which is not allowed with O_CREAT, the stream is
 *	non-blocking
 *
 * As soon as the two have met, the name is free again.
 *
 * Return: the descriptor or a negated errno: -ENOENT (nobody waits under the
 * name), -EADDRINUSE (it is taken), -EINTR, -EINVAL (@name, @oflag),
 * -EPROTOTYPE (the name is that of something else).
 */
int ipc_pipe_open(const char *name, int oflag);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* IPC_LINK_H */
