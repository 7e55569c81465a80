// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: listen() and connect(); see oracle.h.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>

#include "oracle.h"

static void listen_states(void)
{
	int s = FD(new_socket()), c, a;

	DO(listen(s, 1));
	DO(bind_to(s, 's'));
	DO(listen(s, 1));
	DO(listen(s, 5));
	c = FD(new_socket());
	DO(connect_to(c, 's'));
	DO(listen(c, 1));
	DO(bind_to(c, 'c'));
	DO(listen(c, 1));
	a = FD(accept_on(s, 0));
	DO(listen(a, 1));
	DO(close(c));
	DO(listen(a, 1));
	s = FD(new_socket());
	DO(bind_to(s, 0));
	DO(listen(s, 0));
	DO(listen(-1, 0));
	DO(listen(0, 0));
}

/* How many connect without waiting; "all" if it is more than any backlog. */
static const char *admitted(int l, char letter)
{
	static char text[48];
	struct o_addr addr = o_addr(letter);
	int i, fd, err = 0;

	for (i = 0; i < 12; i++) {
		fd = new_socket_nonblock();
		err = connect(fd, &addr.sa, addr.len) ? -errno : 0;
		if (err)
			break;
	}
	snprintf(text, sizeof(text), "%d, then %s", i,
		 err ? error_text(err) : "no error");
	return text;
}

static void backlogs(void)
{
	static const int backlog[] = { 0, 1, 2, 5, -1, 1000000, INT32_MAX,
				       INT32_MIN };
	static const char *const stage[] = { "0", "1", "2", "5", "-1",
					     "1000000", "max", "min" };
	size_t i;
	int l;

	for (i = 0; i < sizeof(backlog) / sizeof(backlog[0]); i++) {
		o.stage = stage[i];
		l = FD(new_bound('a' + i));
		DO(listen(l, backlog[i]));
		TEXT(admitted(l, 'a' + i));
	}
}

static void backlog_changes(void)
{
	int l = FD(new_bound('l'));

	DO(listen(l, 0));
	TEXT(admitted(l, 'l'));
	DO(listen(l, 3));
	TEXT(admitted(l, 'l'));
	DO(listen(l, 1));
	TEXT(admitted(l, 'l'));
	DO(accept_on(l, 0) < 0);
	TEXT(admitted(l, 'l'));
	DO(accept_on(l, 0) < 0);
	DO(accept_on(l, 0) < 0);
	TEXT(admitted(l, 'l'));
	DO(accept_on(l, 0) < 0);
	TEXT(admitted(l, 'l'));
}

static void connect_fails(void)
{
	int c = FD(new_socket()), s = FD(new_bound('s')), l;

	DO(connect_to(c, 'x'));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	DO(connect_to(c, 's'));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	TEXT(peer_of(c));
	DO(connect_to(s, 's'));
	DO(close(s));
	DO(connect_to(c, 's'));
	l = FD(new_listener('l', 2));
	DO(connect_to(l, 'l'));
	DO(connect_to(c, 'l'));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(peer_of(c));
}

static void connect_wrong_type(void)
{
	int type = o.type, fd, c;

	o.type = type == SOCK_STREAM ? SOCK_SEQPACKET : SOCK_STREAM;
	fd = FD(new_bound('x'));
	DO(listen(fd, 1));
	o.type = type == SOCK_DGRAM ? SOCK_SEQPACKET : SOCK_DGRAM;
	fd = FD(new_bound('y'));
	o.type = type;
	c = FD(new_socket());
	DO(connect_to(c, 'x'));
	DO(connect_to(c, 'y'));
	TEXT(peer_of(c));
	TEXT(opt_of(c, SO_ERROR));
}

static void dgram_to_wrong_type(void)
{
	int c = FD(new_socket());

	o.type = SOCK_STREAM;
	FD(new_listener('x', 1));
	o.type = SOCK_SEQPACKET;
	FD(new_listener('y', 1));
	FD(new_bound('z'));
	o.type = SOCK_DGRAM;
	DO(send_to(c, "1", 'x', 0));
	DO(send_to(c, "1", 'y', 0));
	DO(send_to(c, "1", 'z', 0));
}

static void connect_twice(void)
{
	int l = FD(new_listener('l', 3)), k = FD(new_listener('k', 3));
	int c = FD(new_socket()), s;

	DO(connect_to(c, 'l'));
	DO(connect_to(c, 'l'));
	DO(connect_to(c, 'k'));
	DO(connect_to(c, 'x'));
	DO(connect_family(c, AF_UNSPEC));
	s = FD(accept_on(l, 0));
	DO(connect_to(c, 'l'));
	DO(connect_to(s, 'k'));
	DO(close(s));
	DO(connect_to(c, 'l'));
	DO(connect_to(c, 'k'));
	DO(shutdown(c, SHUT_RDWR));
	DO(connect_to(c, 'l'));
	TEXT(peer_of(c));
	DO(close(k));
}

static void connect_addresses(void)
{
	int l = FD(new_listener('l', 9)), c = FD(new_socket());

	DO(connect_len(c, 'l', 0));
	DO(connect_len(c, 'l', 1));
	DO(connect_len(c, 'l', -1));
	DO(connect_len(c, 'l', sizeof(struct sockaddr_storage) + 1));
	DO(connect(c, (struct sockaddr *)8, 20));
	DO(connect(c, NULL, 20));
	DO(connect_family(c, AF_INET));
	DO(connect_family(c, 1000));
	DO(connect_to(c, 0));
	DO(connect_to(c, 'l'));
	DO(close(l));
}

static void connect_unspec(void)
{
	int c = FD(new_socket());

	DO(connect_family(c, AF_UNSPEC));
	TEXT(peer_of(c));
}

static void connect_dgram(void)
{
	int s = FD(new_bound('s')), t = FD(new_bound('t')), c = FD(new_socket());

	DO(connect_to(c, 's'));
	TEXT(peer_of(c));
	TEXT(name_of(c));
	DO(send_text(c, "1", 0));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
	DO(connect_to(c, 't'));
	DO(send_text(c, "2", 0));
	TEXT(recv_of(t, 10, MSG_DONTWAIT));
	DO(connect_to(c, 'x'));
	TEXT(peer_of(c));
	DO(send_text(c, "3", 0));
	TEXT(recv_of(t, 10, MSG_DONTWAIT));
	DO(connect_family(c, AF_UNSPEC));
	TEXT(peer_of(c));
	DO(send_text(c, "4", 0));
	DO(send_to(c, "5", 's', 0));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
	DO(connect_to(s, 's'));
	DO(send_text(s, "self", 0));
	TEXT(recv_from(s, 10, MSG_DONTWAIT));
	DO(connect_to(c, 't'));
	DO(close(t));
	TEXT(poll_of(c));
	TEXT(opt_of(c, SO_ERROR));
	DO(send_text(c, "6", 0));
	DO(send_text(c, "7", 0));
	TEXT(peer_of(c));
}

/* A connected datagram socket hears its peer only. */
static void connect_filters(void)
{
	int s = FD(new_bound('s')), t = FD(new_bound('t')), u = FD(new_bound('u'));

	DO(connect_to(s, 't'));
	DO(send_to(t, "1", 's', 0));
	DO(send_to(u, "2", 's', 0));
	DO(connect_to(u, 's'));
	TEXT(recv_from(s, 10, MSG_DONTWAIT));
	TEXT(recv_from(s, 10, MSG_DONTWAIT));
}

/* A listener whose line is full: backlog 0 lets one in. */
static int full_listener(void)
{
	int l = new_listener('l', 0);

	new_connected('l');
	return l;
}

static void connect_full_nonblocking(void)
{
	int l = FD(full_listener()), c = FD(new_socket_nonblock());

	DO(connect_to(c, 'l'));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	TEXT(peer_of(c));
	DO(send_text(c, "x", 0));
	DO(connect_to(c, 'l'));
	DO(accept_on(l, 0) < 0);
	TEXT(poll_of(c));
	DO(connect_to(c, 'l'));
	DO(connect_to(c, 'l'));
	TEXT(poll_of(c));
	DO(accept_on(l, 0) < 0);
}

static void connect_full_waits_for_accept(void)
{
	int l = FD(full_listener()), c = FD(new_socket()), s;
	struct bg b;

	bg_connect(&b, c, 'l');
	TEXT(bg_state(&b));
	TEXT(peer_of(c));
	DO(send_text(c, "x", 0));
	DO(accept_on(l, 0) < 0);
	TEXT(bg_end(&b));
	s = FD(accept_on(l, 0));
	DO(send_text(c, "y", 0));
	TEXT(recv_of(s, 10, MSG_DONTWAIT));
}

static void connect_full_in_turn(void)
{
	int l = FD(full_listener()), c[3], i;
	struct bg b[3];

	for (i = 0; i < 3; i++) {
		c[i] = FD(new_socket());
		bg_connect(&b[i], c[i], 'l');
		TEXT(bg_state(&b[i]));
	}
	for (i = 0; i < 4; i++)
		DO(accept_on(l, 0) < 0);
	for (i = 0; i < 3; i++)
		TEXT(bg_end(&b[i]));
	set_nonblock(l);
	DO(accept_on(l, 0));
}

static void connect_full_times_out(void)
{
	int l = FD(full_listener()), c = FD(new_socket());

	DO(dt_set_timeout(c, SO_SNDTIMEO, DT_SHORT_MS));
	DO(connect_to(c, 'l'));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	DO(accept_on(l, 0) < 0);
	DO(connect_to(c, 'l'));
}

static void connect_full_interrupted(void)
{
	int l = FD(full_listener()), c = FD(new_socket());
	struct bg b;

	DO(dt_count_signal(SIGUSR1, 0));
	bg_connect(&b, c, 'l');
	TEXT(bg_state(&b));
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	TEXT(peer_of(c));
	DO(dt_count_signal(SIGUSR1, SA_RESTART));
	bg_connect(&b, c, 'l');
	DO(bg_signal(&b));
	DO(DT_WAIT_UNTIL(dt_signals == 2));
	TEXT(bg_state(&b));
	DO(accept_on(l, 0) < 0);
	TEXT(bg_end(&b));
}

static void connect_full_timed_interrupted(void)
{
	int l = FD(full_listener()), c = FD(new_socket());
	struct bg b;

	DO(dt_count_signal(SIGUSR1, SA_RESTART));
	DO(dt_set_timeout(c, SO_SNDTIMEO, DT_LONG_MS));
	bg_connect(&b, c, 'l');
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	DO(close(l));
}

static void connect_full_listener_closes(void)
{
	int l = FD(full_listener()), c = FD(new_socket());
	struct bg b;

	bg_connect(&b, c, 'l');
	TEXT(bg_state(&b));
	DO(close(l));
	TEXT(bg_end(&b));
	TEXT(opt_of(c, SO_ERROR));
	TEXT(poll_of(c));
	l = FD(new_listener('l', 1));
	DO(connect_to(c, 'l'));
}

static void connect_full_listener_shuts_down(void)
{
	int l = FD(full_listener()), c = FD(new_socket());
	struct bg b;

	bg_connect(&b, c, 'l');
	TEXT(bg_state(&b));
	DO(shutdown(l, SHUT_RD));
	/* AF_UNIX wakes it only now */
	DO(close(l));
	TEXT(bg_end(&b));
}

static void connect_after_listener_shutdown(void)
{
	static const char *const stage[] = { "RD", "WR", "RDWR" };
	int how, l, c;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		o.stage = stage[how];
		l = FD(new_listener('a' + how, 3));
		DO(shutdown(l, how));
		TEXT(poll_of(l));
		c = FD(new_socket_nonblock());
		DO(connect_to(c, 'a' + how));
		TEXT(poll_of(c));
		DO(listen(l, 3));
		DO(connect_to(c, 'a' + how));
	}
}

static void connect_after_own_shutdown(void)
{
	static const char *const stage[] = { "RD", "WR", "RDWR" };
	int l = FD(new_listener('l', 9)), how, c, s;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		o.stage = stage[how];
		c = FD(new_socket());
		DO(shutdown(c, how));
		TEXT(poll_of(c));
		DO(connect_to(c, 'l'));
		TEXT(poll_of(c));
		s = FD(accept_on(l, 0));
		DO(send_text(c, "1", MSG_NOSIGNAL));
		DO(send_text(s, "2", MSG_NOSIGNAL));
		TEXT(recv_of(c, 10, MSG_DONTWAIT));
		TEXT(recv_of(s, 10, MSG_DONTWAIT));
		TEXT(poll_of(s));
	}
}

const struct o_scenario oracle_connect[] = {
	{ "listen_states", listen_states, O_ALL },
	{ "backlogs", backlogs, O_LINK },
	{ "backlog_changes", backlog_changes, O_LINK },
	{ "connect_fails", connect_fails, O_LINK },
	{ "connect_wrong_type", connect_wrong_type, O_ALL },
	{ "dgram_to_wrong_type", dgram_to_wrong_type, O_DGRAM },
	{ "connect_twice", connect_twice, O_LINK },
	{ "connect_addresses", connect_addresses, O_LINK },
	{ "connect_unspec", connect_unspec, O_ALL },
	{ "connect_dgram", connect_dgram, O_DGRAM },
	{ "connect_filters", connect_filters, O_DGRAM },
	{ "connect_full_nonblocking", connect_full_nonblocking, O_LINK },
	{ "connect_full_waits_for_accept", connect_full_waits_for_accept,
	  O_LINK },
	{ "connect_full_in_turn", connect_full_in_turn, O_LINK },
	{ "connect_full_times_out", connect_full_times_out, O_LINK },
	{ "connect_full_interrupted", connect_full_interrupted, O_LINK },
	{ "connect_full_timed_interrupted", connect_full_timed_interrupted,
	  O_LINK },
	{ "connect_full_listener_closes", connect_full_listener_closes,
	  O_LINK },
	{ "connect_full_listener_shuts_down", connect_full_listener_shuts_down,
	  O_LINK },
	{ "connect_after_listener_shutdown", connect_after_listener_shutdown,
	  O_LINK },
	{ "connect_after_own_shutdown", connect_after_own_shutdown, O_LINK },
	{ }
};
