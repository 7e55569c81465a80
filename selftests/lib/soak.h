/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that are killed on both sides, and a log of them: what the suite
 * call_soak is made of. Clients and servers are functions for dt_child();
 * what they find wrong they say with soak_violated(), and go on.
 */
#ifndef DIPC_TEST_SOAK_H
#define DIPC_TEST_SOAK_H

#include "calls.h"

#define SOAK_CLIENTS	8
#define SOAK_SERVERS	3
#define SOAK_CALLS	(1 << 20)
#define SOAK_LONG	(30 * 1024)	/* bytes of a request */
#define SOAK_TEXTS	8
#define SOAK_ERRORS	134

enum soak_state { SOAK_UNUSED, SOAK_UNKNOWN, SOAK_ENDED, SOAK_GIVEN_UP };

/* A call: what its client knows of it, and what its servers. */
struct soak_line {
	uint64_t port;		/* of the client */
	uint64_t id, seen_id;	/* as the client is told, and the servers */
	uint64_t executed;	/* a bit for each attempt */
	uint32_t attempt;
	uint16_t error;
	uint8_t state, replied;
};

enum soak_event {
	SOAK_FORWARDED, SOAK_DROPPED, SOAK_KEPT, SOAK_NOTICED, SOAK_TOO_LATE,
	SOAK_TOO_LONG, SOAK_IN_PARTS, SOAK_CLOSED, SOAK_CANCELLED, SOAK_PURGED,
	SOAK_EVENTS
};

/* A process, and what it is seeded with. */
struct soak_role {
	unsigned int nr, seed;
	pid_t pid;
	uint64_t serial;	/* of its latest call */
};

/* In shared memory. */
struct soak {
	bool stop;		/* no more calls */
	bool is_mailbox;	/* the front */
	bool repeats;		/* DIPC_AT_LEAST_ONCE */
	int slow;
	/* where clients send to, and where else servers forward to */
	struct sockaddr_dipc front, back;
	struct soak_role client[SOAK_CLIENTS], server[SOAK_SERVERS];
	uint64_t next;		/* serial number; line 0 is nobody's */
	uint64_t ended;
	uint64_t events[SOAK_EVENTS], errors[SOAK_ERRORS];
	int n_violations;
	char violation[SOAK_TEXTS][160];
	struct soak_line log[SOAK_CALLS];
};

extern struct soak *soak;

/* What a request begins with, and a reply; behind that is a pattern. */
struct soak_body {
	uint64_t serial, id, check;
	uint32_t attempt, len;
};

void soak_body_write(void *buf, uint64_t serial, uint64_t id, uint32_t attempt,
		     size_t len);
bool soak_body_begins(const void *buf, long len);
bool soak_body_is_whole(const void *buf, long len);

void soak_count(enum soak_event event);
void soak_violated(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* One state a thread, so that each draws the same for the same seed. */
void soak_seed(uint64_t seed);
unsigned int soak_draw(unsigned int n);
enum calls_form soak_draw_form(void);
size_t soak_draw_len(size_t max);

int soak_child_serves(void *role);	/* until it is killed */
int soak_child_calls(void *role);	/* until soak->stop */

#endif /* DIPC_TEST_SOAK_H */
