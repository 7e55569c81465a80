// SPDX-License-Identifier: GPL-2.0
/*
 * The table of works: what is measured, in which unit, and with which peers it
 * makes sense. How each is done is in work_*.c.
 */
#include "bench.h"

#define PER_MESSAGE	1024

unsigned int peer_holds(const struct peer *p, size_t len, unsigned int n)
{
	size_t held = p->window / (len + PER_MESSAGE);

	return p->window && held < n ? held : n;
}

static bool alone_fits(const struct peer *p, size_t len)
{
	return p->send && !p->is_between_processes && peer_holds(p, len, 1);
}

static bool flow_fits(const struct peer *p, size_t len)
{
	return p->send && !p->is_lossy;
}

static bool fan_fits(const struct peer *p, size_t len)
{
	return flow_fits(p, len) && !p->is_one_to_one;
}

static bool is_wired(const struct peer *p, size_t len)
{
	return !p->is_between_processes && p->send;
}

static bool is_made(const struct peer *p, size_t len)
{
	return p->make;
}

const struct work works[] = {
	{ "round_trip", "a message there, and one of the same length back",
	  "", true, false, NULL, work_round_trip },
	{ "send", "send alone: sixteen, before anyone receives",
	  "", true, false, alone_fits, work_send_alone },
	{ "recv", "receive alone: the sixteen that were sent",
	  "", true, false, alone_fits, work_recv_alone },
	{ "one_way", "a message from one process to another, as they are scheduled",
	  "", true, true, flow_fits, work_one_way },
	{ "fan_in", "a message from one of eight senders to one receiver",
	  "", false, true, fan_fits, work_fan_in },
	{ "fan_out", "a message to each of eight receivers, until all have it",
	  "", false, false, fan_fits, work_fan_out },
	{ "make_end", "make and destroy an unconnected endpoint",
	  "", false, false, is_made, work_make_end },
	{ "make_link", "make and destroy two endpoints, connected",
	  "", false, false, is_wired, work_make_link },
	{ "end_bytes", "kernel memory of an idle endpoint",
	  "bytes", false, false, is_wired, work_end_bytes },
	{ "message_bytes", "kernel memory of a queued message",
	  "bytes", true, false, alone_fits, work_message_bytes },
	{ 0 }
};
