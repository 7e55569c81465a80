/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mailbox in a namespace of its own, and what is to look into it.
 */
#ifndef DIPC_TEST_LOOK_H
#define DIPC_TEST_LOOK_H

#include <stdlib.h>

#include "kselftest_harness.h"
#include "peek.h"

FIXTURE(look) {
	struct dt_nl nl;
	struct peeked got;
	struct waiters waiters;
	int tx, rx;		/* of the mailbox */
};

static inline void make_box(struct __test_metadata *_metadata,
			    FIXTURE_DATA(look) *self, int order)
{
	struct sockaddr_dipc box = dt_mailbox("box");

	ASSERT_EQ(0, dt_mailbox_new("box", DT_MAILBOX(.mode = 0666,
				.capacity_msgs = 20000,
				.capacity_bytes = 4 << 20)));
	if (order) {
		dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_SET, 0);
		dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "box");
		dt_nl_put_u32(&self->nl, DIPC_A_MAILBOX_ORDER, order);
		ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, NULL, NULL));
	}
	self->tx = dt_socket_connected(SOCK_RDM, &box);
	self->rx = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->rx);
}

FIXTURE_SETUP(look)
{
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	make_box(_metadata, self, DIPC_ORDER_FIFO);
}

FIXTURE_TEARDOWN(look)
{
	dt_nl_close(&self->nl);
	free(self->got.times);
	close(self->tx);
	close(self->rx);
}

#endif /* DIPC_TEST_LOOK_H */
