/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues, of ports and of mailboxes: one with the limits that a test wants,
 * who sends to it, who receives from it, and what is in it.
 */
#ifndef DIPC_TEST_QUEUES_H
#define DIPC_TEST_QUEUES_H

#include "call.h"

#define TICK_MS	10	/* how much too early a timer may be, at HZ=100 */
#define MANY	20	/* more than the kernel wakes in one go */

extern const char letters[27];	/* "abc…z": messages by their number */

/* A port of the calling thread's user; a descriptor or a negative errno. */
int port_open(uint32_t msgs, uint64_t bytes, uint32_t longest, int policy);
/* connected to the port */
int sender_open(int port);
/* senders that wait, and messages that are there */
uint32_t senders(int port);
uint32_t queued(int port);

/* A user of a mailbox: bound or connected to it. */
int box_receiver(const char *name);
int box_sender(const char *name);
/* without being its user */
long box_put(const char *name, char letter);
/* 1 or 0, or a negative errno */
int box_exists(const char *name);

/* The counters must have moved by exactly this since "before". */
#define EXPECT_COUNTED(before, ...)					\
	EXPECT_STREQ("", counted_else(before,				\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

#endif /* DIPC_TEST_QUEUES_H */
