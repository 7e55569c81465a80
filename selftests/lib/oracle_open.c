// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: socket(), socketpair(), bind() and what a socket
 * tells of itself in each state; see oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/un.h>

#include "oracle.h"

static int socket_of(int type, int protocol)
{
	int fd = socket(o.family, type, protocol);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static void open_socket(void)
{
	DO(socket_of(o.type, 0));
	DO(socket_of(o.type, 2));
	DO(socket_of(o.type, 255));
	DO(socket_of(o.type, -1));
	DO(socket_of(o.type, o.family));
	DO(socket_of(o.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	DO(socket_of(o.type | 0x100, 0));
	DO(socket_of(SOCK_DCCP, 0));
	DO(socket_of(SOCK_PACKET, 0));
	DO(socket_of(0, 0));
	DO(socket_of(11, 0));
}

static void open_flags(void)
{
	int plain = FD(new_socket());
	int nonblock = FD(new_socket_nonblock());
	int cloexec = FD(socket(o.family, o.type | SOCK_CLOEXEC, 0));

	DO(fcntl(plain, F_GETFL) & O_NONBLOCK);
	DO(fcntl(plain, F_GETFD) & FD_CLOEXEC);
	DO(fcntl(nonblock, F_GETFL) & O_NONBLOCK);
	DO(fcntl(cloexec, F_GETFD) & FD_CLOEXEC);
	DO(fcntl(plain, F_GETFL) & O_ACCMODE);
	DO(lseek(plain, 0, SEEK_CUR));
}

static void pair(void)
{
	int sv[2] = { -1, -1 };

	DO(socketpair(o.family, o.type, 0, sv));
	TEXT(name_of(sv[0]));
	TEXT(name_of(sv[1]));
	TEXT(peer_of(sv[0]));
	TEXT(peer_of(sv[1]));
	TEXT(cred_of(sv[0]));
	TEXT(cred_of(sv[1]));
	TEXT(opt_of(sv[0], SO_ACCEPTCONN));
	TEXT(opt_of(sv[0], SO_ERROR));
	TEXT(poll_of(sv[0]));
	TEXT(poll_of(sv[1]));
	DO(send_text(sv[0], "ab", 0));
	DO(send_text(sv[1], "cde", 0));
	TEXT(poll_of(sv[0]));
	TEXT(recv_from(sv[0], 10, MSG_DONTWAIT));
	TEXT(recv_from(sv[1], 10, MSG_DONTWAIT));
	TEXT(recv_from(sv[1], 10, MSG_DONTWAIT));
	DO(listen(sv[0], 1));
	DO(connect_to(sv[0], 'x'));
	DO(accept_on(sv[0], 0));
	DO(bind_to(sv[0], 'x'));
	TEXT(name_of(sv[0]));
	TEXT(peer_of(sv[1]));
	DO(close(sv[1]));
	TEXT(recv_of(sv[0], 10, MSG_DONTWAIT));
	DO(send_text(sv[0], "x", 0));
	TEXT(peer_of(sv[0]));
}

static int pair_flags(int flags, int protocol)
{
	int sv[2];

	if (socketpair(o.family, o.type | flags, protocol, sv))
		return -1;
	flags = (fcntl(sv[0], F_GETFL) & fcntl(sv[1], F_GETFL) & O_NONBLOCK ?
		 1 : 0) |
		(fcntl(sv[0], F_GETFD) & fcntl(sv[1], F_GETFD) & FD_CLOEXEC ?
		 2 : 0);
	close(sv[0]);
	close(sv[1]);
	return flags;
}

static void pair_arguments(void)
{
	int *volatile bad = (int *)8;

	DO(pair_flags(0, 0));
	DO(pair_flags(SOCK_NONBLOCK, 0));
	DO(pair_flags(SOCK_CLOEXEC, 0));
	DO(pair_flags(SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	DO(pair_flags(0x100, 0));
	DO(pair_flags(0, 2));
	DO(pair_flags(0, 255));
	DO(socketpair(o.family, o.type, 0, bad));
}

static void pair_of_dgram(void)
{
	DO(pair_flags(0, 0));
	DO(pair_flags(0, 2));
}

static void bind_names(void)
{
	int s = FD(new_socket()), t = FD(new_socket());

	DO(bind_to(s, 'x'));
	DO(bind_to(t, 'x'));
	DO(bind_to(s, 'x'));
	TEXT(name_of(s));
	TEXT(name_of(t));
	DO(bind_to(t, 'y'));
	DO(bind_to(t, 'x'));
	DO(close(s));
	s = FD(new_socket());
	DO(bind_to(s, 'x'));
	TEXT(name_of(s));
}

static void bind_twice(void)
{
	int s = FD(new_socket()), t = FD(new_socket());

	DO(bind_to(s, 'x'));
	DO(bind_to(s, 'y'));
	TEXT(name_of(s));
	DO(bind_to(s, 0));
	TEXT(name_of(s));
	DO(bind_to(t, 0));
	TEXT(name_of(t));
	DO(bind_to(t, 0));
}

static void bind_lengths(void)
{
	int s = FD(new_socket());

	DO(bind_len(s, 'x', 0));
	DO(bind_len(s, 'x', 1));
	DO(bind_len(s, 'x', sizeof(struct sockaddr_storage) + 1));
	DO(bind_len(s, 'x', -1));
	DO(bind(s, (struct sockaddr *)8, 20));
	DO(bind(s, NULL, 20));
	DO(bind(s, NULL, 0));
	TEXT(name_of(s));
}

static int bind_family(int fd, int family)
{
	struct o_addr addr = o_addr('x');

	addr.sa.sa_family = family;
	return bind(fd, &addr.sa, addr.len);
}

static void bind_other_family(void)
{
	int s = FD(new_socket());

	DO(bind_family(s, AF_UNSPEC));
	DO(bind_family(s, AF_INET));
	DO(bind_family(s, 1000));
}

static void bind_in_each_state(void)
{
	int l = FD(new_listener('l', 3)), c = FD(new_connected('l')), s;

	DO(bind_to(l, 'x'));
	DO(bind_to(c, 'c'));
	TEXT(name_of(c));
	s = FD(accept_on(l, 0));
	TEXT(peer_of(s));
	DO(bind_to(s, 's'));
	TEXT(name_of(s));
	TEXT(peer_of(c));
}

static void names_in_each_state(void)
{
	int l = FD(new_socket()), c = FD(new_socket()), d = FD(new_socket()), s;

	TEXT(name_of(l));
	TEXT(peer_of(l));
	DO(bind_to(l, 'l'));
	TEXT(name_of(l));
	TEXT(peer_of(l));
	DO(listen(l, 3));
	TEXT(name_of(l));
	TEXT(peer_of(l));
	DO(connect_to(c, 'l'));
	TEXT(name_of(c));
	TEXT(peer_of(c));
	s = FD(accept_on(l, 0));
	TEXT(name_of(s));
	TEXT(peer_of(s));
	DO(bind_to(d, 'd'));
	DO(connect_to(d, 'l'));
	TEXT(name_of(d));
	TEXT(peer_of(d));
	TEXT(accept_name_of(l));
	DO(close(c));
	TEXT(name_of(s));
	TEXT(peer_of(s));
	DO(close(l));
	TEXT(name_of(s));
	TEXT(peer_of(s));
	DO(shutdown(s, SHUT_RDWR));
	TEXT(name_of(s));
	TEXT(peer_of(s));
}

static int name_len(int fd, int room)
{
	struct sockaddr_storage name;
	socklen_t len = room;

	return getsockname(fd, (struct sockaddr *)&name, &len);
}

static int peer_len(int fd, int room)
{
	struct sockaddr_storage name;
	socklen_t len = room;

	return getpeername(fd, (struct sockaddr *)&name, &len);
}

static void name_lengths(void)
{
	struct ends e = new_ends();
	socklen_t len = 100;

	DO(name_len(e.b, 0));
	DO(name_len(e.b, 1));
	DO(name_len(e.b, -1));
	DO(peer_len(e.b, 0));
	DO(peer_len(e.b, 1));
	DO(peer_len(e.b, -1));
	DO(getsockname(e.b, (struct sockaddr *)8, &len));
	DO(getsockname(e.b, NULL, NULL));
	DO(getpeername(e.a, (struct sockaddr *)8, &len));
	DO(getpeername(e.a, NULL, NULL));
}

static void states_of(int fd)
{
	TEXT(opt_of(fd, SO_TYPE));
	TEXT(opt_of(fd, SO_DOMAIN));
	TEXT(opt_of(fd, SO_PROTOCOL));
	TEXT(opt_of(fd, SO_ACCEPTCONN));
	TEXT(opt_of(fd, SO_ERROR));
	TEXT(cred_of(fd));
}

static void options_in_each_state(void)
{
	int l = FD(new_socket()), c = FD(new_socket()), s;

	o.stage = "new";
	states_of(l);
	DO(bind_to(l, 'l'));
	o.stage = "bound";
	states_of(l);
	DO(listen(l, 3));
	o.stage = "listening";
	states_of(l);
	DO(connect_to(c, 'x'));
	o.stage = "connect failed";
	states_of(c);
	DO(connect_to(c, 'l'));
	o.stage = "connected, not accepted";
	states_of(c);
	s = FD(accept_on(l, 0));
	o.stage = "connected";
	states_of(c);
	o.stage = "accepted";
	states_of(s);
	DO(shutdown(l, SHUT_RDWR));
	o.stage = "listener shut down";
	states_of(l);
	DO(close(c));
	o.stage = "peer gone";
	states_of(s);
}

static void peer_cred_of_dgram(void)
{
	int s = FD(new_bound('s')), c = FD(new_socket());

	TEXT(cred_of(c));
	DO(connect_to(c, 's'));
	TEXT(cred_of(c));
	TEXT(cred_of(s));
}

const struct o_scenario oracle_open[] = {
	{ "open_socket", open_socket, O_ALL },
	{ "open_flags", open_flags, O_ALL },
	{ "pair", pair, O_LINK },
	{ "pair_arguments", pair_arguments, O_LINK },
	{ "pair_of_dgram", pair_of_dgram, O_DGRAM },
	{ "bind_names", bind_names, O_ALL },
	{ "bind_twice", bind_twice, O_ALL },
	{ "bind_lengths", bind_lengths, O_ALL },
	{ "bind_other_family", bind_other_family, O_ALL },
	{ "bind_in_each_state", bind_in_each_state, O_LINK },
	{ "names_in_each_state", names_in_each_state, O_LINK },
	{ "name_lengths", name_lengths, O_ALL },
	{ "options_in_each_state", options_in_each_state, O_LINK },
	{ "peer_cred_of_dgram", peer_cred_of_dgram, O_DGRAM },
	{ }
};
