/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking into queues over netlink: what is in a mailbox, and who waits in a
 * queue and for what.
 */
#ifndef DIPC_TEST_PEEK_H
#define DIPC_TEST_PEEK_H

#include "dipc_test.h"

#define KEPT_MAX 8

struct message {
	uint64_t seq, source, id, tag, age_ns;
	int64_t deadline_ns;
	uint32_t uid, priority, len;
	int32_t pid;
	bool has_deadline;
	int payload_len;	/* -1: there is none */
	uint8_t payload[2048];
};

/* What came: the first ones as they are, of all the rest what can be counted. */
struct peeked {
	uint32_t n;
	uint64_t last_seq;
	bool is_sorted;		/* by seq */
	uint8_t *times;		/* how often, by tag */
	uint32_t n_times;
	struct message m[KEPT_MAX];
	struct message more;
};

/* What is asked for beside the name; -1: not said. */
struct limits {
	int64_t from, count, bytes;
};

#define LIMITS(...) (&(const struct limits) {				\
	.from = -1, .count = -1, .bytes = -1, __VA_ARGS__ })

/* 0 or a negative errno */
int peek(struct dt_nl *nl, const char *name, const struct limits *l,
	 struct peeked *p);
/* As peek(), but @between is called after each part that is not the last. */
int peek_in_parts(struct dt_nl *nl, const char *name, struct peeked *p,
		  int (*between)(void *arg), void *arg);
/* The first letters of the messages that were kept, in their order. */
const char *peeked_letters(const struct peeked *p);

struct waiter {
	uint64_t source, tag, mask, id, age_ns;
	int64_t deadline_ns;
	uint32_t what, uid, mode, len, priority;
	int32_t pid;
	bool has_source, has_tag, async, has_deadline;
};

struct waiters {
	uint32_t n;
	struct waiter w[KEPT_MAX];
	struct waiter more;
};

/* Of a port, or of a mailbox if its number is 0; 0 or a negative errno. */
int waiters_get(struct dt_nl *nl, uint64_t port, const char *mailbox,
		struct waiters *all);
int waiters_get_link(struct dt_nl *nl, uint32_t id, struct waiters *all);

#endif /* DIPC_TEST_PEEK_H */
