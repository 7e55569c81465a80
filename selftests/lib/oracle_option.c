// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: socket options and ioctl(); see oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <linux/sockios.h>

#include "oracle.h"

static void options_of_core(void)
{
	int s = FD(new_socket());

	DO(set_opt(s, SO_KEEPALIVE, 1));
	DO(set_opt(s, SO_REUSEADDR, 1));
	DO(set_opt(s, SO_BROADCAST, 1));
	DO(set_opt(s, SO_SNDBUF, 100000));
	DO(set_opt(s, SO_RCVBUF, 100000));
	DO(set_opt(s, SO_RCVLOWAT, 10));
	DO(set_opt(s, SO_TYPE, 1));
	DO(set_opt(s, SO_ERROR, 1));
	DO(set_opt(s, SO_ACCEPTCONN, 1));
	DO(set_opt(s, SO_PEERCRED, 1));
	DO(set_opt(s, SO_ZEROCOPY, 1));
	DO(set_opt(s, 10000, 1));
	TEXT(opt_of(s, SO_KEEPALIVE));
	TEXT(opt_of(s, SO_REUSEADDR));
	TEXT(opt_of(s, SO_BROADCAST));
	TEXT(opt_of(s, SO_SNDBUF));
	TEXT(opt_of(s, SO_RCVBUF));
	TEXT(opt_of(s, SO_RCVLOWAT));
	TEXT(opt_of(s, SO_SNDLOWAT));
	TEXT(opt_of(s, SO_OOBINLINE));
	TEXT(opt_of(s, SO_PASSCRED));
	TEXT(opt_of(s, SO_PASSSEC));
	TEXT(opt_of(s, SO_TIMESTAMP));
	TEXT(opt_of(s, 10000));
}

static void other_levels(void)
{
	int s = FD(new_socket()), value = 1;
	socklen_t len = sizeof(value);

	DO(setsockopt(s, 6, 1, &value, sizeof(value)));
	DO(getsockopt(s, 6, 1, &value, &len));
	DO(setsockopt(s, -1, 1, &value, sizeof(value)));
}

static void reuse_port(void)
{
	int s = FD(new_socket());

	DO(set_opt(s, SO_REUSEPORT, 1));
}

static void peek_offset(void)
{
	struct ends e = new_ends();

	DO(set_opt(e.b, SO_PEEK_OFF, 1));
	DO(send_text(e.a, "abc", 0));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
}

static void peek_offset_moves(void)
{
	struct ends e = new_ends();

	TEXT(opt_of(e.b, SO_PEEK_OFF));
	DO(set_opt(e.b, SO_PEEK_OFF, 2));
	DO(send_text(e.a, "abcdefgh", 0));
	TEXT(recv_of(e.b, 3, MSG_PEEK));
	TEXT(opt_of(e.b, SO_PEEK_OFF));
	TEXT(recv_of(e.b, 2, MSG_PEEK));
	TEXT(recv_of(e.b, 9, MSG_PEEK | MSG_DONTWAIT));
	TEXT(recv_of(e.b, 9, MSG_PEEK | MSG_DONTWAIT));
	TEXT(opt_of(e.b, SO_PEEK_OFF));
	TEXT(recv_of(e.b, 3, 0));
	TEXT(opt_of(e.b, SO_PEEK_OFF));
	DO(send_text(e.a, "ij", 0));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
	TEXT(recv_of(e.b, 99, 0));
	TEXT(opt_of(e.b, SO_PEEK_OFF));
	DO(set_opt(e.b, SO_PEEK_OFF, -1));
	DO(send_text(e.a, "kl", 0));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
	DO(set_opt(e.b, SO_PEEK_OFF, 5));
	TEXT(recv_of(e.b, 9, MSG_PEEK | MSG_DONTWAIT));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
	TEXT(recv_of(e.b, 9, 0));
}

static void queued_bytes(void)
{
	struct ends e = new_ends();

	TEXT(inq_of(e.b));
	TEXT(outq_of(e.a));
	DO(send_text(e.a, "abc", 0));
	DO(send_text(e.a, "defgh", 0));
	TEXT(inq_of(e.b));
	TEXT(inq_of(e.a));
	TEXT(outq_of(e.a));
	TEXT(outq_of(e.b));
	TEXT(recv_of(e.b, 9, MSG_PEEK));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 1, 0));
	TEXT(inq_of(e.b));
	TEXT(outq_of(e.a));
	TEXT(recv_of(e.b, 9, 0));
	TEXT(drain_of(e.b));
	TEXT(inq_of(e.b));
	TEXT(outq_of(e.a));
}

static void other_ioctls(void)
{
	struct ends e = new_ends();
	int value = 1;

	DO(ioctl(e.a, FIONBIO, &value));
	TEXT(recv_of(e.a, 9, 0));
	DO(ioctl(e.a, SIOCATMARK, &value));
	DO(ioctl(e.a, 0x12345678, &value));
	DO(ioctl(e.a, SIOCINQ, (int *)8));
	DO(ioctl(e.a, SIOCOUTQ, (int *)8));
}

static volatile int sigio;

static void count_sigio(int signo)
{
	sigio++;
}

static int ask_sigio(int fd)
{
	struct sigaction sa = { .sa_handler = count_sigio,
				.sa_flags = SA_RESTART };

	sigaction(SIGIO, &sa, NULL);
	if (fcntl(fd, F_SETOWN, getpid()))
		return -1;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

static void signal_on_data(void)
{
	struct ends e = new_ends();

	DO(ask_sigio(e.b));
	sigio = 0;
	DO(send_text(e.a, "abc", 0));
	DO(sigio > 0);
	TEXT(recv_of(e.b, 9, 0));
	sigio = 0;
	DO(send_text(e.a, "abc", 0));
	DO(sigio > 0);
}

static void signal_on_connection(void)
{
	int l = FD(new_listener('l', 2));

	DO(ask_sigio(l));
	sigio = 0;
	FD(new_connected('l'));
	DO(sigio > 0);
}

static void signal_on_end(void)
{
	struct ends e = new_ends();

	DO(ask_sigio(e.b));
	sigio = 0;
	DO(shutdown(e.a, SHUT_WR));
	DO(sigio > 0);
	sigio = 0;
	DO(close(e.a));
	DO(sigio > 0);
}

/* Who connects, and who listens, not who made the socket. */
static void credentials_of_processes(void)
{
	int l = FD(new_listener('l', 2)), c = FD(new_socket()), s, status = 0;
	int d;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(connect_to(c, 'l') ? 1 : 0);
	waitpid(pid, &status, 0);
	DO(status);
	s = FD(accept_on(l, 0));
	TEXT(cred_of(s));
	TEXT(cred_of(c));
	l = FD(new_bound('k'));
	pid = fork();
	if (!pid)
		_exit(listen(l, 1) ? 1 : 0);
	waitpid(pid, &status, 0);
	DO(status);
	d = FD(new_connected('k'));
	TEXT(cred_of(d));
	TEXT(cred_of(l));
	DO(listen(l, 2));
	d = FD(new_connected('k'));
	TEXT(cred_of(d));
	s = FD(accept_on(l, 0));
	TEXT(cred_of(s));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_DUMPABLE, 1);
		_exit(!strcmp(cred_of(s), "parent") ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	DO(status);
}

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

/* What else is told of who is at the other end. */
static const char *peer_option(int fd, int optname)
{
	static char text[32];
	char buf[256];
	socklen_t len = sizeof(buf);

	if (getsockopt(fd, SOL_SOCKET, optname, buf, &len))
		return error_text(-errno);
	snprintf(text, sizeof(text), "%d bytes", (int)len);
	return text;
}

static void peer_options(void)
{
	struct ends e = new_ends();
	int s = FD(new_socket());

	TEXT(peer_option(e.a, SO_PEERGROUPS));
	TEXT(peer_option(e.b, SO_PEERGROUPS));
	TEXT(peer_option(s, SO_PEERGROUPS));
	TEXT(peer_option(e.a, SO_PEERPIDFD));
	TEXT(peer_option(e.b, SO_PEERPIDFD));
	TEXT(peer_option(s, SO_PEERPIDFD));
	TEXT(peer_option(e.a, SO_PEERSEC));
	TEXT(peer_option(s, SO_PEERNAME));
}

static int cred_len(int fd, int room)
{
	struct ucred cred;
	socklen_t len = room;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? -1 :
	       (int)len;
}

static void option_lengths(void)
{
	struct ends e = new_ends();

	DO(cred_len(e.a, 0));
	DO(cred_len(e.a, 5));
	DO(cred_len(e.a, sizeof(struct ucred)));
	DO(cred_len(e.a, -1));
}

const struct o_scenario oracle_option[] = {
	{ "options_of_core", options_of_core, O_ALL },
	{ "other_levels", other_levels, O_ALL },
	{ "reuse_port", reuse_port, O_ALL },
	{ "peek_offset", peek_offset, O_ALL },
	{ "peek_offset_moves", peek_offset_moves, O_STREAM },
	{ "queued_bytes", queued_bytes, O_ALL },
	{ "other_ioctls", other_ioctls, O_ALL },
	{ "signal_on_data", signal_on_data, O_ALL },
	{ "signal_on_connection", signal_on_connection, O_LINK },
	{ "signal_on_end", signal_on_end, O_LINK },
	{ "credentials_of_processes", credentials_of_processes, O_LINK },
	{ "peer_options", peer_options, O_ALL },
	{ "option_lengths", option_lengths, O_ALL },
	{ }
};
