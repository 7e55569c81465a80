/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What most suites about calls begin with: a server that has a port, and a
 * client that is connected to it, once in each form. To be included once by
 * each suite, after kselftest_harness.h.
 */
#ifndef DIPC_TEST_CALLS_ENV_H
#define DIPC_TEST_CALLS_ENV_H

#include "calls.h"

#define MS	1000000ULL	/* in nanoseconds */

FIXTURE(calls)
{
	int server, client;
	struct sockaddr_dipc to;	/* the server, by its number */
	struct dt_stats before;
	char name[DIPC_NAME_MAX + 1];	/* that nobody has */
};

FIXTURE_VARIANT(calls)
{
	enum calls_form form;
};

FIXTURE_VARIANT_ADD(calls, op) { BY_OP };
FIXTURE_VARIANT_ADD(calls, msg) { BY_MSG };

FIXTURE_SETUP(calls)
{
	struct sockaddr_dipc any = dt_any();

	self->server = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->server)
		TH_LOG("is the module loaded? %s", strerror(-self->server));
	self->to = dt_port_of(self->server);
	self->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->client);
	dt_unique(self->name, "calls");
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(calls)
{
	close(self->client);
	close(self->server);
	dt_mailbox_del(self->name);
}

typedef FIXTURE_DATA(calls) env;

#define FORM	(variant->form)

/* Without waiting. */
#define TAKE(fd)	calls_recv(FORM, fd, MSG_DONTWAIT)
#define ENDED(fd)	calls_finish(FORM, fd, MSG_DONTWAIT)
/* when there is none; the ioctl knows whether one is outstanding */
#define NONE		(FORM == BY_OP ? -ENOENT : -EAGAIN)

#endif /* DIPC_TEST_CALLS_ENV_H */
