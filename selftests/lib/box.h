/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mailbox of root with room for four messages, one who receives from it and
 * one who sends to it: what suites of mailboxes share.
 */
#ifndef DIPC_TEST_BOX_H
#define DIPC_TEST_BOX_H

#include "kselftest_harness.h"
#include "queues.h"

FIXTURE(box)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	struct call call[MANY];
	struct dt_stats before;
};

FIXTURE_SETUP(box)
{
	dt_unique(self->name, "box");
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.mode = 0666, .capacity_msgs = 4,
					       .capacity_bytes = 400,
					       .msg_max_bytes = 100)));
	self->rx = box_receiver(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = box_sender(self->name);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(box)
{
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

static inline bool fill(FIXTURE_DATA(box) *self)
{
	for (int i = 0; i < 4; i++)
		if (put(self->tx, letters[i]) != 1)
			return false;
	return true;
}

static inline bool line_up_senders(FIXTURE_DATA(box) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_send(&self->call[i], self->tx, 'A' + i) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

#endif /* DIPC_TEST_BOX_H */
