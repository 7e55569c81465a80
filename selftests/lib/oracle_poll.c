// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: the events of poll() and epoll, by level and by
 * edge, in every state; see oracle.h.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "oracle.h"

static int new_epoll(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? -1 : ep;
}

static const char *epoll_text(int ep)
{
	struct epoll_event ev = { 0 };
	long n = DT_ERR(epoll_wait(ep, &ev, 1, 0));

	return n < 0 ? error_text(n) : n ? events_text(ev.events) : "nothing";
}

static const char *select_of(int fd)
{
	static char text[8];
	fd_set in, out, except;
	struct timeval tv = { 0, 0 };
	long n;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &except);
	n = DT_ERR(select(fd + 1, &in, &out, &except, &tv));
	if (n < 0)
		return error_text(n);
	text[0] = '\0';
	if (FD_ISSET(fd, &in))
		strcat(text, "r");
	if (FD_ISSET(fd, &out))
		strcat(text, "w");
	if (FD_ISSET(fd, &except))
		strcat(text, "x");
	return text[0] ? text : "nothing";
}

#define LEVEL	(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI)
#define EDGE	(LEVEL | EPOLLET)

static int level, edge;

static void watch(int fd)
{
	level = new_epoll(fd, LEVEL);
	edge = new_epoll(fd, EDGE);
}

/* By all that can ask; an edge is told once. */
static void look(int fd)
{
	TEXT(poll_of(fd));
	TEXT(select_of(fd));
	TEXT(epoll_text(level));
	TEXT(epoll_text(edge));
	TEXT(epoll_text(edge));
}

static void events_of_states(void)
{
	int s = FD(new_socket()), c, a;

	watch(s);
	o.stage = "new";
	look(s);
	DO(bind_to(s, 's'));
	o.stage = "bound";
	look(s);
	DO(listen(s, 2));
	o.stage = "listening";
	look(s);
	c = FD(new_socket());
	DO(connect_to(c, 's'));
	o.stage = "one to accept";
	look(s);
	FD(new_connected('s'));
	o.stage = "two to accept";
	look(s);
	a = FD(accept_on(s, 0));
	o.stage = "one accepted";
	look(s);
	FD(accept_on(s, 0));
	o.stage = "both accepted";
	look(s);
	DO(shutdown(s, SHUT_RD));
	o.stage = "listener shut down";
	look(s);
	watch(a);
	o.stage = "accepted";
	look(a);
	watch(c);
	o.stage = "connected";
	look(c);
}

static void events_of_connecting(void)
{
	int l = FD(new_listener('l', 2)), c = FD(new_socket());

	watch(c);
	o.stage = "new";
	look(c);
	DO(connect_to(c, 'x'));
	o.stage = "failed";
	look(c);
	DO(connect_to(c, 'l'));
	o.stage = "not accepted";
	look(c);
	FD(accept_on(l, 0));
	o.stage = "accepted";
	look(c);
}

static void events_of_data(void)
{
	struct ends e = new_ends();

	watch(e.b);
	o.stage = "connected";
	look(e.b);
	DO(send_text(e.a, "abc", 0));
	o.stage = "one message";
	look(e.b);
	DO(send_text(e.a, "def", 0));
	o.stage = "two messages";
	look(e.b);
	TEXT(recv_of(e.b, 3, 0));
	o.stage = "one taken";
	look(e.b);
	TEXT(recv_of(e.b, 3, 0));
	o.stage = "both taken";
	look(e.b);
	DO(send_text(e.b, "x", 0));
	o.stage = "has sent";
	look(e.b);
	TEXT(recv_of(e.a, 3, 0));
	o.stage = "its own was taken";
	TEXT(poll_of(e.b));
	TEXT(select_of(e.b));
	TEXT(epoll_text(level));
}

static void events_of_full(void)
{
	struct ends e = new_ends();

	watch(e.a);
	o.stage = "connected";
	look(e.a);
	TEXT(fill_of(e.a));
	o.stage = "full";
	TEXT(poll_of(e.a));
	TEXT(select_of(e.a));
	TEXT(epoll_text(level));
	TEXT(poll_of(e.b));
	/* an edge that came while it was being filled is told now */
	epoll_text(edge);
	TEXT(drain_of(e.b));
	o.stage = "drained";
	look(e.a);
	TEXT(poll_of(e.b));
	TEXT(fill_of(e.a));
	epoll_text(edge);
	DO(close(e.b));
	o.stage = "full, peer closed";
	look(e.a);
}

static void events_of_half_closed(void)
{
	struct ends e = new_ends();

	watch(e.b);
	look(e.b);
	DO(shutdown(e.a, SHUT_WR));
	o.stage = "peer WR";
	look(e.b);
	DO(shutdown(e.b, SHUT_WR));
	o.stage = "peer WR, self WR";
	look(e.b);
	DO(close(e.a));
	o.stage = "peer closed";
	look(e.b);
	e = new_ends();
	watch(e.b);
	o.stage = "again";
	look(e.b);
	DO(shutdown(e.a, SHUT_RD));
	o.stage = "peer RD";
	look(e.b);
	DO(shutdown(e.b, SHUT_RD));
	o.stage = "peer RD, self RD";
	look(e.b);
	e = new_ends();
	watch(e.b);
	o.stage = "and again";
	look(e.b);
	DO(shutdown(e.b, SHUT_RD));
	o.stage = "self RD";
	look(e.b);
	DO(shutdown(e.b, SHUT_WR));
	o.stage = "self RD, self WR";
	look(e.b);
	e = new_ends();
	DO(send_text(e.a, "abc", 0));
	DO(shutdown(e.a, SHUT_RDWR));
	watch(e.b);
	o.stage = "data, peer RDWR";
	look(e.b);
	TEXT(recv_of(e.b, 9, 0));
	o.stage = "data taken, peer RDWR";
	look(e.b);
}

static void events_of_gone(void)
{
	struct ends e = new_ends();

	watch(e.b);
	look(e.b);
	DO(close(e.a));
	o.stage = "peer closed";
	look(e.b);
	e = new_ends();
	watch(e.b);
	o.stage = "again";
	look(e.b);
	DO(send_text(e.a, "abc", 0));
	DO(close(e.a));
	o.stage = "data, peer closed";
	look(e.b);
	TEXT(recv_of(e.b, 9, 0));
	o.stage = "data taken, peer closed";
	look(e.b);
	e = new_ends();
	watch(e.b);
	o.stage = "and again";
	look(e.b);
	DO(send_text(e.b, "abc", 0));
	DO(close(e.a));
	o.stage = "peer closed with data unread";
	look(e.b);
	TEXT(opt_of(e.b, SO_ERROR));
	o.stage = "error read";
	look(e.b);
}

static void events_of_dgram(void)
{
	int s = FD(new_socket()), t;

	watch(s);
	o.stage = "new";
	look(s);
	DO(bind_to(s, 's'));
	o.stage = "bound";
	look(s);
	t = FD(new_bound('t'));
	DO(send_to(t, "abc", 's', 0));
	o.stage = "data";
	look(s);
	TEXT(recv_of(s, 3, 0));
	o.stage = "data taken";
	look(s);
	DO(connect_to(s, 't'));
	o.stage = "connected";
	look(s);
}

static void one_shot(void)
{
	struct ends e = new_ends();
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	int ep = FD(new_epoll(e.b, EPOLLIN | EPOLLONESHOT));

	DO(send_text(e.a, "abc", 0));
	TEXT(epoll_text(ep));
	TEXT(epoll_text(ep));
	DO(send_text(e.a, "abc", 0));
	TEXT(epoll_text(ep));
	DO(epoll_ctl(ep, EPOLL_CTL_MOD, e.b, &ev));
	TEXT(epoll_text(ep));
}

/* An end that is in an epoll set when it is closed. */
static void closed_while_watched(void)
{
	struct ends e = new_ends();

	watch(e.b);
	look(e.b);
	DO(close(e.b));
	TEXT(epoll_text(level));
	TEXT(epoll_text(edge));
	TEXT(poll_of(e.b));
}

const struct o_scenario oracle_poll[] = {
	{ "events_of_states", events_of_states, O_LINK },
	{ "events_of_connecting", events_of_connecting, O_LINK },
	{ "events_of_data", events_of_data, O_ALL },
	{ "events_of_full", events_of_full, O_ALL },
	{ "events_of_half_closed", events_of_half_closed, O_LINK },
	{ "events_of_gone", events_of_gone, O_LINK },
	{ "events_of_dgram", events_of_dgram, O_DGRAM },
	{ "one_shot", one_shot, O_ALL },
	{ "closed_while_watched", closed_while_watched, O_ALL },
	{ }
};
