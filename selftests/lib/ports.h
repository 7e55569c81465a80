/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A port whose queue has the limits that a test wants, who sends to it, and
 * what is in its queue.
 */
#ifndef DIPC_TEST_PORTS_H
#define DIPC_TEST_PORTS_H

#include "call.h"

#define TICK_MS	10	/* how much too early a timer may be, at HZ=100 */

extern const char letters[27];	/* "abc…z": messages by their number */

/* of the calling thread's user; a descriptor or a negative errno */
int port_open(uint32_t msgs, uint64_t bytes, uint32_t longest, int policy);
/* connected to the port */
int sender_open(int port);
/* senders that wait, and messages that are there */
uint32_t senders(int port);
uint32_t queued(int port);

/* The counters must have moved by exactly this since "before". */
#define EXPECT_COUNTED(before, ...)					\
	EXPECT_STREQ("", counted_else(before,				\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

#endif /* DIPC_TEST_PORTS_H */
