/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How calls fail: one test for each row of Documentation/errors.txt, in the
 * suites errors_*.c. ROW(id, errno, cause) is followed by the body, which
 * gives what the call gave. scripts/checks/errors.py compares the rows there
 * with those of the suites. Includes the harness.
 */
#ifndef DIPC_TEST_ERRORS_H
#define DIPC_TEST_ERRORS_H

#include "errors_call.h"
#include "kselftest_harness.h"

#define BAD	((void *)8)	/* where there is no memory */
/* What must be so before the call is worth looking at. */
#define NEED(x) do {							\
	if (!(x))							\
		return 100000 + __LINE__;				\
} while (0)

FIXTURE(errors)
{
	int fd;			/* neither bound nor connected */
	int rx, tx;		/* tx is connected to rx, which has a port */
	struct sockaddr_dipc rx_addr;
	char name[DIPC_NAME_MAX + 1];	/* that nobody has */
};

FIXTURE_SETUP(errors)
{
	self->fd = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->fd)
		TH_LOG("no socket (module loaded?): %s", strerror(-self->fd));
	self->rx = dt_socket(SOCK_RDM);
	ASSERT_LE(0, self->rx);
	self->rx_addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->rx_addr);
	ASSERT_LE(0, self->tx);
	dt_unique(self->name, "errors");
}

FIXTURE_TEARDOWN(errors)
{
	close(self->fd);
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

typedef FIXTURE_DATA(errors) env;

/* How long one may take; a suite may define another limit before. */
#ifndef ROW_SECONDS
#define ROW_SECONDS	100
#endif

#define ROW_(fn, want)							\
	static long fn(env *e);						\
	TEST_F_TIMEOUT(errors, fn, ROW_SECONDS)				\
	{								\
		long got_ = fn(self);					\
									\
		if (got_ == SKIPPED)					\
			SKIP(return, "not possible here");		\
		EXPECT_EQ(-(want), got_);				\
	}								\
	static long fn(env *e)
#define ROW(id, want, cause) ROW_(id ## __ ## cause, want)

#endif /* DIPC_TEST_ERRORS_H */
