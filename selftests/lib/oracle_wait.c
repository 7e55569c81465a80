// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: sends and receives that wait, and what ends them;
 * see oracle.h.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "oracle.h"

static void recv_waits(void)
{
	struct ends e = new_ends();
	struct bg b;

	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(send_text(e.a, "abc", 0));
	TEXT(bg_end(&b));
	bg_recv(&b, e.b, 10, MSG_PEEK);
	TEXT(bg_state(&b));
	DO(send_text(e.a, "def", 0));
	TEXT(bg_end(&b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void recv_waits_for_all(void)
{
	struct ends e = new_ends();
	struct bg b;

	bg_recv(&b, e.b, 6, MSG_WAITALL);
	TEXT(bg_state(&b));
	DO(send_text(e.a, "abc", 0));
	TEXT(bg_state(&b));
	DO(send_text(e.a, "defg", 0));
	TEXT(bg_end(&b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

/* Of a stream: what came before the end is given, then the end. */
static void waitall_ends_early(void)
{
	struct ends e = new_ends();
	struct bg b;

	DO(dt_count_signal(SIGUSR1, 0));
	DO(send_text(e.a, "abc", 0));
	bg_recv(&b, e.b, 6, MSG_WAITALL);
	TEXT(bg_state(&b));
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send_text(e.a, "def", 0));
	DO(dt_set_timeout(e.b, SO_RCVTIMEO, DT_SHORT_MS));
	TEXT(recv_of(e.b, 6, MSG_WAITALL));
	TEXT(recv_of(e.b, 6, MSG_WAITALL));
	DO(dt_set_timeout(e.b, SO_RCVTIMEO, 0));
	DO(send_text(e.a, "ghi", 0));
	bg_recv(&b, e.b, 6, MSG_WAITALL);
	TEXT(bg_state(&b));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(bg_end(&b));
	TEXT(recv_of(e.b, 6, MSG_WAITALL));
}

static void low_water(void)
{
	struct ends e = new_ends();
	struct bg b;

	DO(set_opt(e.b, SO_RCVLOWAT, 4));
	TEXT(opt_of(e.b, SO_RCVLOWAT));
	DO(send_text(e.a, "ab", 0));
	TEXT(poll_of(e.b));
	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(send_text(e.a, "cd", 0));
	TEXT(bg_end(&b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send_text(e.a, "ef", 0));
	TEXT(recv_of(e.b, 2, 0));
	DO(send_text(e.a, "gh", 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void recv_times_out(void)
{
	struct ends e = new_ends();

	DO(dt_set_timeout(e.b, SO_RCVTIMEO, DT_SHORT_MS));
	TEXT(recv_of(e.b, 10, 0));
	TEXT(recv_of(e.b, 10, MSG_PEEK));
	TEXT(opt_of(e.b, SO_ERROR));
	DO(send_text(e.a, "abc", 0));
	TEXT(recv_of(e.b, 10, 0));
}

static void recv_interrupted(void)
{
	struct ends e = new_ends();
	struct bg b;

	DO(dt_count_signal(SIGUSR1, 0));
	bg_recv(&b, e.b, 10, 0);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	bg_recv(&b, e.b, 10, MSG_PEEK);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	DO(dt_count_signal(SIGUSR1, SA_RESTART));
	bg_recv(&b, e.b, 10, 0);
	DO(bg_signal(&b));
	DO(DT_WAIT_UNTIL(dt_signals == 3));
	TEXT(bg_state(&b));
	DO(send_text(e.a, "abc", 0));
	TEXT(bg_end(&b));
	DO(dt_set_timeout(e.b, SO_RCVTIMEO, DT_LONG_MS));
	bg_recv(&b, e.b, 10, 0);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
}

static void recv_woken_by_end(void)
{
	struct ends e = new_ends();
	struct bg b;

	o.stage = "peer shuts down WR";
	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(bg_end(&b));
	o.stage = "peer closes";
	e = new_ends();
	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(close(e.a));
	TEXT(bg_end(&b));
	o.stage = "peer closes with data unread";
	e = new_ends();
	DO(send_text(e.b, "x", 0));
	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(close(e.a));
	TEXT(bg_end(&b));
	o.stage = "itself shuts down RD";
	e = new_ends();
	bg_recv(&b, e.b, 10, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.b, SHUT_RD));
	TEXT(bg_end(&b));
}

static void send_waits(void)
{
	struct ends e = new_ends();
	struct bg b;

	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 4096, 0);
	TEXT(bg_state(&b));
	DO(send_bytes(e.a, 4096, MSG_DONTWAIT));
	TEXT(drain_of(e.b));
	TEXT(bg_end(&b));
}

static void send_interrupted(void)
{
	struct ends e = new_ends();
	struct bg b;

	TEXT(fill_of(e.a));
	DO(dt_count_signal(SIGUSR1, 0));
	bg_send(&b, e.a, 4096, 0);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
	DO(dt_count_signal(SIGUSR1, SA_RESTART));
	bg_send(&b, e.a, 4096, 0);
	DO(bg_signal(&b));
	DO(DT_WAIT_UNTIL(dt_signals == 2));
	TEXT(bg_state(&b));
	TEXT(drain_of(e.b));
	TEXT(bg_end(&b));
	/* the one before may have taken it already */
	drain_of(e.b);
	TEXT(fill_of(e.a));
	DO(dt_set_timeout(e.a, SO_SNDTIMEO, DT_LONG_MS));
	bg_send(&b, e.a, 4096, 0);
	DO(bg_signal(&b));
	TEXT(bg_end(&b));
}

static void send_woken_by_end(void)
{
	struct ends e = new_ends();
	struct bg b;

	o.stage = "peer closes";
	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 4096, 0);
	TEXT(bg_state(&b));
	DO(close(e.b));
	TEXT(bg_end(&b));
	TEXT(opt_of(e.a, SO_ERROR));
	o.stage = "peer closes, MSG_NOSIGNAL";
	e = new_ends();
	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 4096, MSG_NOSIGNAL);
	TEXT(bg_state(&b));
	DO(close(e.b));
	TEXT(bg_end(&b));
	o.stage = "peer shuts down RD";
	e = new_ends();
	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 4096, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.b, SHUT_RD));
	TEXT(bg_end(&b));
	o.stage = "itself shuts down WR";
	e = new_ends();
	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 4096, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(bg_end(&b));
}

/* More than a stream holds: what was written before the end is told. */
static const char *part_text(const char *gave)
{
	long n = atol(gave);

	if (!strcmp(gave, "4000000"))
		return "all";
	return n > 0 ? strstr(gave, "SIGPIPE") ? "a part SIGPIPE" : "a part" :
	       gave;
}

static void long_write(void)
{
	struct ends e = new_ends();
	struct bg b;

	DO(dt_count_signal(SIGUSR1, 0));
	o.stage = "peer closes";
	bg_send(&b, e.a, 4000000, 0);
	TEXT(bg_state(&b));
	DO(close(e.b));
	TEXT(part_text(bg_end(&b)));
	DO(send_bytes(e.a, 10, 0));
	o.stage = "shutdown";
	e = new_ends();
	bg_send(&b, e.a, 4000000, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(part_text(bg_end(&b)));
	DO(send_bytes(e.a, 10, 0));
	o.stage = "signal";
	e = new_ends();
	bg_send(&b, e.a, 4000000, 0);
	DO(bg_signal(&b));
	TEXT(part_text(bg_end(&b)));
	o.stage = "time over";
	e = new_ends();
	DO(dt_set_timeout(e.a, SO_SNDTIMEO, DT_SHORT_MS));
	bg_send(&b, e.a, 4000000, 0);
	TEXT(part_text(bg_end(&b)));
	DO(send_bytes(e.a, 4000, 0));
	o.stage = "read";
	e = new_ends();
	bg_send(&b, e.a, 4000000, 0);
	TEXT(bg_state(&b));
	while (!b.done)
		drain_of(e.b);
	TEXT(part_text(bg_end(&b)));
}

static void poll_waits(void)
{
	struct ends e = new_ends();
	struct bg b;

	o.stage = "data";
	bg_poll(&b, e.b, POLLIN);
	TEXT(bg_state(&b));
	DO(send_text(e.a, "abc", 0));
	TEXT(bg_end(&b));
	TEXT(drain_of(e.b));
	o.stage = "room";
	TEXT(fill_of(e.a));
	bg_poll(&b, e.a, POLLOUT);
	TEXT(bg_state(&b));
	TEXT(drain_of(e.b));
	TEXT(bg_end(&b));
	o.stage = "peer shuts down WR";
	bg_poll(&b, e.b, POLLRDHUP);
	TEXT(bg_state(&b));
	DO(shutdown(e.a, SHUT_WR));
	TEXT(bg_end(&b));
	o.stage = "peer closes";
	e = new_ends();
	bg_poll(&b, e.b, 0);
	TEXT(bg_state(&b));
	DO(close(e.a));
	TEXT(bg_end(&b));
	o.stage = "itself shuts down";
	e = new_ends();
	bg_poll(&b, e.b, 0);
	TEXT(bg_state(&b));
	DO(shutdown(e.b, SHUT_RDWR));
	TEXT(bg_end(&b));
}

static void poll_of_listener_waits(void)
{
	int l = FD(new_listener('l', 1)), c = FD(new_socket());
	struct bg b;

	bg_poll(&b, l, POLLIN);
	TEXT(bg_state(&b));
	DO(connect_to(c, 'l'));
	TEXT(bg_end(&b));
	FD(accept_on(l, 0));
	bg_poll(&b, l, POLLIN);
	TEXT(bg_state(&b));
	DO(shutdown(l, SHUT_RD));
	TEXT(bg_end(&b));
	l = FD(new_listener('k', 1));
	c = FD(new_connected('k'));
	bg_poll(&b, c, 0);
	TEXT(bg_state(&b));
	DO(close(l));
	TEXT(bg_end(&b));
}

static void dgram_send_woken_by_end(void)
{
	struct ends e = new_ends();
	struct bg b;

	TEXT(fill_of(e.a));
	bg_send(&b, e.a, 1000, 0);
	TEXT(bg_state(&b));
	DO(close(e.b));
	TEXT(bg_end(&b));
}

const struct o_scenario oracle_wait[] = {
	{ "recv_waits", recv_waits, O_ALL },
	{ "recv_waits_for_all", recv_waits_for_all, O_STREAM },
	{ "waitall_ends_early", waitall_ends_early, O_STREAM },
	{ "low_water", low_water, O_STREAM },
	{ "recv_times_out", recv_times_out, O_ALL },
	{ "recv_interrupted", recv_interrupted, O_ALL },
	{ "recv_woken_by_end", recv_woken_by_end, O_LINK },
	{ "send_waits", send_waits, O_ALL },
	{ "send_interrupted", send_interrupted, O_ALL },
	{ "send_woken_by_end", send_woken_by_end, O_LINK },
	{ "long_write", long_write, O_STREAM },
	{ "poll_waits", poll_waits, O_LINK },
	{ "poll_of_listener_waits", poll_of_listener_waits, O_LINK },
	{ "dgram_send_woken_by_end", dgram_send_woken_by_end, O_DGRAM },
	{ }
};
