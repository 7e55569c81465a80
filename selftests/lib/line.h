/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue that is soon full, and tasks that fall asleep in line before it: what
 * the suites share that look at who waits and at who no longer does.
 */
#ifndef DIPC_TEST_LINE_H
#define DIPC_TEST_LINE_H

#include "kselftest_harness.h"
#include "queues.h"

/* One queue of capacity 1 and 100 bytes, policy "wait". */
FIXTURE(line)
{
	int rx, tx;
	struct call call[MANY];
};

FIXTURE_SETUP(line)
{
	self->rx = port_open(1, 100, 100, DIPC_POLICY_WAIT);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->rx);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(line)
{
	close(self->tx);
	close(self->rx);
}

/* N more senders or receivers fall asleep, one after the other. */
static inline bool line_up_senders(FIXTURE_DATA(line) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_send(&self->call[i], self->tx, letters[i]) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

static inline bool line_up_receivers(FIXTURE_DATA(line) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_recv(&self->call[i], self->rx) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

#endif /* DIPC_TEST_LINE_H */
