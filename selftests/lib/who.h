/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Somebody else for the length of one call: the calling thread alone gets
 * their effective user, groups and capabilities, and is root again.
 */
#ifndef DIPC_TEST_WHO_H
#define DIPC_TEST_WHO_H

#include "dipc_test.h"

#include <linux/capability.h>

#define ALICE	1001
#define BOB	1002
#define STAFF	2001
#define OTHERS	2002

struct who {
	uid_t uid;
	gid_t gid;
	gid_t group;		/* supplementary */
	uint32_t caps;		/* effective ones */
};

#define NO_CAPS		0
#define OWNER		{ ALICE, OTHERS, OTHERS, NO_CAPS }
#define OWNER_IN_STAFF	{ ALICE, STAFF, OTHERS, NO_CAPS }
#define IN_STAFF	{ BOB, STAFF, OTHERS, NO_CAPS }
#define ALSO_IN_STAFF	{ BOB, OTHERS, STAFF, NO_CAPS }
#define STRANGER	{ BOB, OTHERS, OTHERS, NO_CAPS }
#define CAPABLE		{ BOB, OTHERS, OTHERS, 1u << CAP_IPC_OWNER }
#define BARE_ROOT	{ 0, 0, 0, NO_CAPS }

/* 0 or a negative errno */
int who_enter(const struct who *who);
int who_leave(void);

/* As somebody else: what the call gives, or its negative errno. */
#define AS(who, call) ({						\
	long err_ = who_enter(who), as_ = err_ ? err_ : (call);		\
	err_ = who_leave();						\
	err_ ? err_ : as_;						\
})

#endif /* DIPC_TEST_WHO_H */
