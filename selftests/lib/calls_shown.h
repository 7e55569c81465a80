/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A server and a client in a namespace of their own, and what netlink shows of
 * the calls between them: what the suites netlink_call* share.
 */
#ifndef DIPC_TEST_CALLS_SHOWN_H
#define DIPC_TEST_CALLS_SHOWN_H

#include "calls.h"
#include "calls_seen.h"
#include "kselftest_harness.h"

FIXTURE(calls) {
	struct calls_seen seen;
	int server, client;
	struct sockaddr_dipc to;
};

FIXTURE_SETUP(calls)
{
	ASSERT_EQ(0, dt_netns_new());
	self->to = dt_name("server");
	self->server = calls_server(SOCK_RDM, &self->to);
	self->client = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->server);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(calls)
{
	calls_seen_free(&self->seen);
	close(self->client);
	close(self->server);
}

#endif /* DIPC_TEST_CALLS_SHOWN_H */
