// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: shutdown(), close(), and what the other side sees
 * of it; see oracle.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/wait.h>

#include "oracle.h"

static const char *const how_name[] = { "RD", "WR", "RDWR" };

/* All that one side can do, with the errors it can get. */
static void try_all(int fd)
{
	TEXT(poll_of(fd));
	DO(send_text(fd, "x", MSG_DONTWAIT));
	DO(send_text(fd, "y", MSG_DONTWAIT | MSG_NOSIGNAL));
	TEXT(recv_of(fd, 1, MSG_DONTWAIT | MSG_PEEK));
	TEXT(recv_of(fd, 1, MSG_DONTWAIT));
	TEXT(recv_of(fd, 1, MSG_DONTWAIT));
	TEXT(opt_of(fd, SO_ERROR));
	TEXT(inq_of(fd));
	DO(has_peer(fd));
}

static void stage(const char *what, const char *who)
{
	static char text[2][40];
	static int i;

	i = !i;
	snprintf(text[i], sizeof(text[i]), "%s, %s", what, who);
	o.stage = text[i];
}

static void shutdown_once(void)
{
	struct ends e;
	int how;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		e = new_ends();
		stage(how_name[how], "self");
		DO(shutdown(e.a, how));
		try_all(e.a);
		stage(how_name[how], "peer");
		try_all(e.b);
		DO(shutdown(e.a, how));
		DO(close(e.a));
		DO(close(e.b));
	}
}

/* Both have sent before. */
static void shutdown_with_data(void)
{
	struct ends e;
	int how;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		e = new_ends();
		stage(how_name[how], "before");
		DO(send_text(e.a, "ab", 0));
		DO(send_text(e.b, "cd", 0));
		DO(shutdown(e.a, how));
		stage(how_name[how], "peer");
		try_all(e.b);
		TEXT(recv_of(e.b, 9, MSG_DONTWAIT));
		stage(how_name[how], "self");
		try_all(e.a);
		TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
		DO(close(e.b));
		TEXT(poll_of(e.a));
		TEXT(opt_of(e.a, SO_ERROR));
		TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
		DO(send_text(e.a, "z", MSG_DONTWAIT));
		DO(close(e.a));
	}
}

/* One direction by each side, and one after the other by one. */
static void shutdown_by_both(void)
{
	struct ends e = new_ends();

	DO(shutdown(e.a, SHUT_WR));
	DO(shutdown(e.b, SHUT_WR));
	stage("WR by both", "a");
	try_all(e.a);
	stage("WR by both", "b");
	try_all(e.b);
	e = new_ends();
	DO(shutdown(e.a, SHUT_RD));
	DO(shutdown(e.b, SHUT_RD));
	stage("RD by both", "a");
	try_all(e.a);
	stage("RD by both", "b");
	try_all(e.b);
	e = new_ends();
	DO(shutdown(e.a, SHUT_WR));
	DO(send_text(e.b, "ab", 0));
	DO(shutdown(e.a, SHUT_RD));
	stage("WR then RD", "a");
	try_all(e.a);
	stage("WR then RD", "b");
	try_all(e.b);
}

static void shutdown_states(void)
{
	int s = FD(new_socket()), how;

	for (how = -2; how <= 4; how++)
		DO(shutdown(s, how));
	set_nonblock(s);
	try_all(s);
	s = FD(new_bound('s'));
	for (how = SHUT_RD; how <= SHUT_RDWR; how++)
		DO(shutdown(s, how));
	DO(shutdown(-1, SHUT_RD));
	DO(shutdown(0, SHUT_RD));
}

static void shutdown_of_listener(void)
{
	int l = FD(new_listener('l', 3)), c = FD(new_connected('l')), how;

	for (how = -1; how <= 3; how++)
		DO(shutdown(l, how));
	try_all(c);
	FD(accept_on(l, 0));
	DO(close(l));
	TEXT(poll_of(c));
}

static void shutdown_bad_how(void)
{
	struct ends e = new_ends();

	DO(shutdown(e.a, -1));
	DO(shutdown(e.a, 3));
	DO(shutdown(e.a, 100));
	DO(send_text(e.a, "x", 0));
	TEXT(recv_of(e.b, 9, MSG_DONTWAIT));
}

static void shutdown_of_dgram(void)
{
	struct ends e = new_ends();

	DO(shutdown(e.a, SHUT_RD));
	DO(shutdown(e.a, SHUT_WR));
	DO(shutdown(e.a, 3));
}

static void shutdown_before_accept(void)
{
	int l, c, s, how;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		o.stage = how_name[how];
		l = FD(new_listener('a' + how, 3));
		c = FD(new_connected('a' + how));
		DO(send_text(c, "ab", 0));
		DO(shutdown(c, how));
		TEXT(poll_of(c));
		s = FD(accept_on(l, 0));
		try_all(s);
		TEXT(recv_of(s, 9, MSG_DONTWAIT));
		TEXT(recv_of(c, 9, MSG_DONTWAIT));
	}
}

static void peer_closes(void)
{
	struct ends e = new_ends();

	DO(close(e.b));
	o.stage = "nothing unread";
	try_all(e.a);
	try_all(e.a);
	DO(close(e.a));
	o.stage = "peer had sent";
	e = new_ends();
	DO(send_text(e.b, "ab", 0));
	DO(close(e.b));
	try_all(e.a);
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	try_all(e.a);
	if (o.type == SOCK_DGRAM)
		return;
	DO(shutdown(e.a, SHUT_RDWR));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(poll_of(e.a));
}

static void peer_closes_unread(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "ab", 0));
	DO(close(e.b));
	o.stage = "recv first";
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	DO(send_text(e.a, "x", 0));
	DO(close(e.a));
	e = new_ends();
	DO(send_text(e.a, "ab", 0));
	DO(close(e.b));
	o.stage = "send first";
	DO(send_text(e.a, "x", 0));
	DO(send_text(e.a, "x", MSG_NOSIGNAL));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	DO(close(e.a));
	e = new_ends();
	DO(send_text(e.a, "ab", 0));
	DO(close(e.b));
	o.stage = "SO_ERROR first";
	TEXT(opt_of(e.a, SO_ERROR));
	TEXT(opt_of(e.a, SO_ERROR));
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	DO(send_text(e.a, "x", 0));
	DO(close(e.a));
	e = new_ends();
	DO(send_text(e.a, "ab", 0));
	DO(send_text(e.b, "cd", 0));
	DO(close(e.b));
	o.stage = "data on both sides";
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 1, MSG_DONTWAIT | MSG_PEEK));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(poll_of(e.a));
}

/* What was read in part, or taken and put aside by shutdown(). */
static void peer_closes_partly_read(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", 0));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
	DO(close(e.b));
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	e = new_ends();
	DO(send_text(e.a, "abc", 0));
	DO(shutdown(e.b, SHUT_RD));
	DO(close(e.b));
	o.stage = "after SHUT_RD";
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	e = new_ends();
	DO(send_text(e.a, "abc", 0));
	DO(shutdown(e.a, SHUT_WR));
	DO(close(e.b));
	o.stage = "after SHUT_WR";
	TEXT(poll_of(e.a));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
}

static void peer_closes_outq(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", 0));
	TEXT(outq_of(e.a));
	DO(close(e.b));
	TEXT(outq_of(e.a));
}

static void copies_keep_it(void)
{
	struct ends e = new_ends();
	int copy = FD(dup(e.b)), status = 0;
	pid_t pid;

	DO(close(e.b));
	DO(send_text(e.a, "ab", 0));
	TEXT(recv_of(copy, 9, MSG_DONTWAIT));
	pid = fork();
	if (!pid) {
		close(e.a);
		close(copy);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	DO(status);
	DO(send_text(e.a, "cd", 0));
	TEXT(recv_of(copy, 9, MSG_DONTWAIT));
	pid = fork();
	if (!pid) {
		send_text(copy, "child", 0);
		shutdown(copy, SHUT_WR);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	DO(status);
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
	TEXT(cred_of(e.a));
	DO(send_text(copy, "x", MSG_NOSIGNAL));
	DO(send_text(e.a, "ef", 0));
	DO(close(copy));
	TEXT(recv_of(e.a, 9, MSG_DONTWAIT));
}

const struct o_scenario oracle_close[] = {
	{ "shutdown_once", shutdown_once, O_LINK },
	{ "shutdown_with_data", shutdown_with_data, O_LINK },
	{ "shutdown_by_both", shutdown_by_both, O_LINK },
	{ "shutdown_states", shutdown_states, O_LINK },
	{ "shutdown_of_listener", shutdown_of_listener, O_LINK },
	{ "shutdown_bad_how", shutdown_bad_how, O_LINK },
	{ "shutdown_of_dgram", shutdown_of_dgram, O_DGRAM },
	{ "shutdown_before_accept", shutdown_before_accept, O_LINK },
	{ "peer_closes", peer_closes, O_ALL },
	{ "peer_closes_unread", peer_closes_unread, O_ALL },
	{ "peer_closes_partly_read", peer_closes_partly_read, O_LINK },
	{ "peer_closes_outq", peer_closes_outq, O_ALL },
	{ "copies_keep_it", copies_keep_it, O_LINK },
	{ }
};
