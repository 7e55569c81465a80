/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A port and who sends to it, in each mode: what the suites of asynchronous
 * sends share.
 */
#ifndef DIPC_TEST_ASYNC_H
#define DIPC_TEST_ASYNC_H

#include "call.h"
#include "completion.h"
#include "kselftest_harness.h"

#define MS	1000000ULL

FIXTURE(async)
{
	int rx, tx;
	struct sockaddr_dipc to;	/* rx, to which tx is connected */
	struct dt_stats before;
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(async)
{
	int mode;
};

FIXTURE_VARIANT_ADD(async, blocking) { DIPC_MODE_BLOCKING };
FIXTURE_VARIANT_ADD(async, reliable) { DIPC_MODE_RELIABLE };
FIXTURE_VARIANT_ADD(async, explicit) { DIPC_MODE_EXPLICIT };

FIXTURE_SETUP(async)
{
	struct sockaddr_dipc any = dt_any();

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, variant->mode));
	dt_unique(self->name, "async");
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(async)
{
	close(self->tx);
	close(self->rx);
	dt_mailbox_del(self->name);
}

#define EXPECT_COUNTED(...)						\
	EXPECT_STREQ("", counted_else(&self->before,			\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

#define EXPECT_TOLD(cookie, error, reason)				\
	EXPECT_STREQ(says(cookie, error, reason), told(self->tx, 0))
#define EXPECT_NONE()	EXPECT_STREQ("none", told(self->tx, 0))

/* In line for room: the queue is unbuffered and nobody receives. */
static inline int make_unbuffered(int rx)
{
	return dt_set_capacity(rx, 0, DIPC_POLICY_WAIT);
}

#endif /* DIPC_TEST_ASYNC_H */
