/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites about links share: the sockets that each test begins with,
 * and calls that say what they gave, or a negative errno. To be included once
 * by each suite, after kselftest_harness.h.
 */
#ifndef DIPC_TEST_LINKS_H
#define DIPC_TEST_LINKS_H

#include <poll.h>

#include "dipc_test.h"

#define IN	(POLLIN | POLLRDNORM)
#define OUT	(POLLOUT | POLLWRNORM | POLLWRBAND)

/* What poll() says of everything it knows. */
short links_poll(int fd);
int links_opt(int fd, int optname);	/* at SOL_SOCKET */
int links_name(int fd, bool peer, struct sockaddr_dipc *addr);
bool links_is_name(int fd, bool peer, const struct sockaddr_dipc *want);
/* Without waiting; one byte, and 1 if it was that one. */
int links_accept(int fd);
int links_connect(int fd, const struct sockaddr_dipc *addr);
int links_take(int fd, char c);
int links_put(int fd, char c);
/* Connect as many as may wait to be accepted, and leave them open: how many. */
int links_fill(int type, const struct sockaddr_dipc *addr);

FIXTURE(links)
{
	struct sockaddr_dipc addr;	/* the listener's, a name */
	int listener;			/* takes two */
	int client;			/* not connected yet */
	int pair[2];
};

FIXTURE_VARIANT(links)
{
	int type, other_type;
};

FIXTURE_VARIANT_ADD(links, seqpacket) { SOCK_SEQPACKET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(links, stream) { SOCK_STREAM, SOCK_SEQPACKET };

FIXTURE_SETUP(links)
{
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "links");
	self->addr = dt_name(name);
	self->listener = dt_socket_bound(variant->type, &self->addr);
	ASSERT_LE(0, self->listener)
		TH_LOG("no socket (module loaded?): %s",
		       strerror(-self->listener));
	ASSERT_EQ(0, listen(self->listener, 1));
	self->client = dt_socket(variant->type);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, socketpair(dt_family(), variant->type | SOCK_CLOEXEC, 0,
				self->pair));
}

FIXTURE_TEARDOWN(links)
{
	close(self->listener);
	close(self->client);
	close(self->pair[0]);
	close(self->pair[1]);
}

typedef FIXTURE_DATA(links) env;
typedef FIXTURE_VARIANT(links) kind;

/* Calls that wait, in a thread of their own. */
static inline long blocked_accept(void *arg)
{
	return DT_ERR(accept4(((env *)arg)->listener, NULL, NULL,
			      SOCK_CLOEXEC));
}

static inline long blocked_connect(void *arg)
{
	env *e = arg;

	return dt_connect(e->client, &e->addr);
}

/* 0, and the two ends are the client and @server. */
static inline int connect_and_accept(env *e, int *server)
{
	int err = dt_connect(e->client, &e->addr);

	if (err)
		return err;
	*server = links_accept(e->listener);
	return *server < 0 ? *server : 0;
}

#endif /* DIPC_TEST_LINKS_H */
