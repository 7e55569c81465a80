/* SPDX-License-Identifier: GPL-2.0 */
/* The calls of a namespace as netlink shows them, each with all it has. */
#ifndef DIPC_TEST_CALLS_SEEN_H
#define DIPC_TEST_CALLS_SEEN_H

#include "dipc_test.h"

struct call_seen {
	uint64_t has;			/* 1 << DIPC_A_CALL_*, if it is there */
	bool twice;			/* one of them was, or of odd size */
	uint64_t id, age_ns, cookie, client_port, server_port, port;
	int64_t deadline_ns;
	uint32_t state, semantics, attempt, len, reply_max, client_uid, link;
	int32_t client_pid, client_tid, server_pid, server_tid, owner_pid;
	char mailbox[DIPC_NAME_MAX + 1], name[DIPC_NAME_MAX + 1];
};

struct calls_seen {
	struct call_seen *c;
	uint32_t n, room;
};

#define CALL_HAS(attr)	(1ULL << DIPC_A_CALL_##attr)
/* What each has; what it has beside depends on where it is. */
#define CALL_HAS_ALWAYS							\
	(CALL_HAS(ID) | CALL_HAS(STATE) | CALL_HAS(AGE_NS) |		\
	 CALL_HAS(SEMANTICS) | CALL_HAS(ATTEMPT) | CALL_HAS(LEN) |	\
	 CALL_HAS(REPLY_MAX) | CALL_HAS(CLIENT_PORT) |			\
	 CALL_HAS(CLIENT_UID) | CALL_HAS(CLIENT_PID) |			\
	 CALL_HAS(CLIENT_TID))
#define CALL_HAS_SERVER							\
	(CALL_HAS(SERVER_PORT) | CALL_HAS(SERVER_PID) | CALL_HAS(SERVER_TID))
#define CALL_HAS_PORT	(CALL_HAS(PORT) | CALL_HAS(OWNER_PID))
#define CALL_HAS_LINK	(CALL_HAS(LINK) | CALL_HAS(OWNER_PID))
#define CALL_IS_ASYNC	(CALL_HAS(ASYNC) | CALL_HAS(COOKIE))

/*
 * All that there are: 0 or a negative errno. between (or NULL) is called after
 * each part of the dump but the last.
 */
int calls_see(struct calls_seen *seen, int (*between)(void *arg), void *arg);
/* How many are in that state; or a negative errno. */
int calls_seen_in(uint32_t state);
void calls_seen_free(struct calls_seen *seen);

#endif /* DIPC_TEST_CALLS_SEEN_H */
