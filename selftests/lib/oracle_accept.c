// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: accept(), and what a listener can do besides; see
 * oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>

#include "oracle.h"

static void accept_flags(void)
{
	int l = FD(new_listener('l', 9)), s, i;

	for (i = 0; i < 6; i++)
		FD(new_connected('l'));
	s = FD(accept_on(l, 0));
	DO(fcntl(s, F_GETFL) & O_NONBLOCK);
	DO(fcntl(s, F_GETFD) & FD_CLOEXEC);
	s = FD(accept_on(l, SOCK_NONBLOCK | SOCK_CLOEXEC));
	DO(fcntl(s, F_GETFL) & O_NONBLOCK);
	DO(fcntl(s, F_GETFD) & FD_CLOEXEC);
	FD(accept_on(l, 1));
	FD(accept_on(l, 0x10000000));
	set_nonblock(l);
	s = FD(accept_on(l, 0));
	DO(fcntl(s, F_GETFL) & O_NONBLOCK);
	FD(accept_on(l, 0));
	FD(accept_on(l, 0));
	FD(accept_on(l, 0));
	FD(accept_on(l, 0));
	TEXT(opt_of(l, SO_ERROR));
}

static void accept_states(void)
{
	struct ends e = new_ends();
	int s = FD(new_socket());

	FD(accept_on(s, 0));
	DO(bind_to(s, 's'));
	FD(accept_on(s, 0));
	FD(accept_on(e.a, 0));
	FD(accept_on(e.b, 0));
	DO(close(e.a));
	FD(accept_on(e.b, 0));
	FD(accept_on(-1, 0));
	FD(accept_on(0, 0));
}

static int accept_len(int fd, int room)
{
	struct sockaddr_storage name;
	socklen_t len = room;

	return accept(fd, (struct sockaddr *)&name, &len);
}

static void accept_addresses(void)
{
	int l = FD(new_listener('l', 9)), c = FD(new_bound('c'));
	int d = FD(new_bound(0)), i;
	socklen_t len = 100;

	FD(new_connected('l'));
	TEXT(accept_name_of(l));
	DO(connect_to(c, 'l'));
	TEXT(accept_name_of(l));
	DO(connect_to(d, 'l'));
	TEXT(accept_name_of(l));
	for (i = 0; i < 5; i++)
		FD(new_connected('l'));
	FD(accept_len(l, 0));
	FD(accept_len(l, 1));
	FD(accept_len(l, -1));
	FD(accept(l, (struct sockaddr *)8, &len));
	FD(accept(l, (struct sockaddr *)&len, NULL));
	set_nonblock(l);
	FD(accept_on(l, 0));
}

static void accept_in_order(void)
{
	int l = FD(new_listener('l', 9)), c[3], s, i;

	for (i = 0; i < 3; i++) {
		c[i] = FD(new_connected('l'));
		DO(send_bytes(c[i], i + 1, 0));
	}
	for (i = 0; i < 3; i++) {
		s = FD(accept_on(l, 0));
		TEXT(recv_of(s, 10, MSG_DONTWAIT));
		DO(send_bytes(s, i + 5, 0));
		TEXT(recv_of(c[i], 10, MSG_DONTWAIT));
	}
}

static void accept_blocks(void)
{
	int l = FD(new_listener('l', 9)), c = FD(new_socket());
	struct bg b;

	bg_accept(&b, l);
	TEXT(bg_state(&b));
	DO(connect_to(c, 'l'));
	TEXT(bg_end(&b));
	TEXT(poll_of(l));
	set_nonblock(l);
	FD(accept_on(l, 0));
}

static void accept_interrupted(void)
{
	int l = FD(new_listener('l', 9));
	struct bg b;

	DO(dt_count_signal(SIGUSR1, 0));
	bg_accept(&b, l);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	DO(dt_count_signal(SIGUSR1, SA_RESTART));
	bg_accept(&b, l);
	DO(bg_signal(&b));
	DO(DT_WAIT_UNTIL(dt_signals == 2));
	TEXT(bg_state(&b));
	FD(new_connected('l'));
	TEXT(bg_end(&b));
	DO(dt_set_timeout(l, SO_RCVTIMEO, DT_SHORT_MS));
	FD(accept_on(l, 0));
	TEXT(opt_of(l, SO_ERROR));
	DO(dt_set_timeout(l, SO_RCVTIMEO, DT_LONG_MS));
	bg_accept(&b, l);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
}

static void accept_shutdown(void)
{
	static const char *const stage[] = { "RD", "WR", "RDWR" };
	int how, l;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		o.stage = stage[how];
		l = FD(new_listener('a' + how, 3));
		FD(new_connected('a' + how));
		DO(shutdown(l, how));
		TEXT(poll_of(l));
		set_nonblock(l);
		FD(accept_on(l, 0));
		FD(accept_on(l, 0));
		TEXT(poll_of(l));
		DO(shutdown(l, how));
		TEXT(opt_of(l, SO_ACCEPTCONN));
	}
}

static void accept_woken_by_shutdown(void)
{
	int l = FD(new_listener('l', 3));
	struct bg b;

	bg_accept(&b, l);
	TEXT(bg_state(&b));
	DO(shutdown(l, SHUT_RD));
	TEXT(bg_end(&b));
	l = FD(new_listener('k', 3));
	bg_accept(&b, l);
	TEXT(bg_state(&b));
	DO(shutdown(l, SHUT_RDWR));
	TEXT(bg_end(&b));
}

static void accept_not_woken_by_shutdown_wr(void)
{
	int l = FD(new_listener('l', 3));
	struct bg b;

	bg_accept(&b, l);
	TEXT(bg_state(&b));
	DO(shutdown(l, SHUT_WR));
	TEXT(bg_state(&b));
	FD(new_connected('l'));
	TEXT(bg_end(&b));
}

static void accept_of_who_is_gone(void)
{
	int l = FD(new_listener('l', 9)), c = FD(new_connected('l'));
	int d = FD(new_connected('l')), s;

	DO(close(c));
	DO(send_text(d, "bye", 0));
	DO(close(d));
	TEXT(poll_of(l));
	s = FD(accept_on(l, 0));
	TEXT(poll_of(s));
	TEXT(opt_of(s, SO_ERROR));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
	DO(send_text(s, "x", 0));
	DO(has_peer(s));
	s = FD(accept_on(l, 0));
	TEXT(poll_of(s));
	DO(send_text(s, "x", 0));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
	TEXT(opt_of(s, SO_ERROR));
}

static void accept_never(void)
{
	int l = FD(new_listener('l', 9)), c = FD(new_connected('l'));
	int d = FD(new_connected('l')), e = FD(new_connected('l'));
	struct bg b;

	DO(send_text(c, "x", 0));
	bg_recv(&b, e, 10, 0);
	TEXT(bg_state(&b));
	DO(close(l));
	TEXT(bg_end(&b));
	o.stage = "had sent";
	TEXT(poll_of(c));
	TEXT(recv_of(c, 10, MSG_DONTWAIT));
	TEXT(recv_of(c, 10, MSG_DONTWAIT));
	DO(send_text(c, "y", 0));
	TEXT(peer_of(c));
	TEXT(poll_of(c));
	o.stage = "had not";
	TEXT(poll_of(d));
	DO(send_text(d, "y", 0));
	TEXT(opt_of(d, SO_ERROR));
	TEXT(opt_of(d, SO_ERROR));
	DO(send_text(d, "y", 0));
	TEXT(recv_of(d, 10, MSG_DONTWAIT));
	TEXT(poll_of(d));
	DO(shutdown(d, SHUT_RDWR));
	TEXT(poll_of(d));
}

static void listener_does_nothing_else(void)
{
	int l = FD(new_listener('l', 9));

	set_nonblock(l);
	DO(send_text(l, "x", 0));
	DO(send_to(l, "x", 'l', 0));
	TEXT(recv_of(l, 10, 0));
	TEXT(recv_of(l, 10, MSG_PEEK));
	FD(new_connected('l'));
	DO(send_text(l, "x", 0));
	TEXT(recv_of(l, 10, 0));
	TEXT(inq_of(l));
	TEXT(outq_of(l));
	TEXT(peer_of(l));
	DO(connect_to(l, 'x'));
	TEXT(opt_of(l, SO_ERROR));
}

static void listener_shared(void)
{
	int l = FD(new_listener('l', 9)), copy = FD(dup(l));

	DO(close(l));
	FD(new_connected('l'));
	FD(accept_on(copy, 0));
	DO(close(copy));
	l = FD(new_socket());
	DO(connect_to(l, 'l'));
}

const struct o_scenario oracle_accept[] = {
	{ "accept_flags", accept_flags, O_LINK },
	{ "accept_states", accept_states, O_ALL },
	{ "accept_addresses", accept_addresses, O_LINK },
	{ "accept_in_order", accept_in_order, O_LINK },
	{ "accept_blocks", accept_blocks, O_LINK },
	{ "accept_interrupted", accept_interrupted, O_LINK },
	{ "accept_shutdown", accept_shutdown, O_LINK },
	{ "accept_woken_by_shutdown", accept_woken_by_shutdown, O_LINK },
	{ "accept_not_woken_by_shutdown_wr", accept_not_woken_by_shutdown_wr,
	  O_LINK },
	{ "accept_of_who_is_gone", accept_of_who_is_gone, O_LINK },
	{ "accept_never", accept_never, O_LINK },
	{ "listener_does_nothing_else", listener_does_nothing_else, O_LINK },
	{ "listener_shared", listener_shared, O_LINK },
	{ }
};
