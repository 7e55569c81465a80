/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network namespace with a mailbox "there" and a port that is named "port",
 * and a netlink socket to ask for them.
 */
#ifndef DIPC_TEST_WORLD_H
#define DIPC_TEST_WORLD_H

#include "dipc_test.h"
#include "kselftest_harness.h"

/* for names of a known length */
#define TEN	"1234567890"
#define SIXTY	TEN TEN TEN TEN TEN TEN

FIXTURE(world) {
	struct dt_nl nl;
	int port;		/* has the name "port" */
};

FIXTURE_SETUP(world)
{
	struct sockaddr_dipc addr = dt_name("port");

	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	ASSERT_EQ(0, dt_mailbox_new("there", DT_MAILBOX()));
	self->port = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(world)
{
	dt_nl_close(&self->nl);
	close(self->port);
}

#endif /* DIPC_TEST_WORLD_H */
