/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of libipc's messages with parameters share: two sockets, and
 * sending and receiving texts.
 */
#ifndef MSG_TEST_H
#define MSG_TEST_H

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define ALL_INFO	(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_PRIORITY | \
			 IPC_RECV_ID | IPC_RECV_CRED | IPC_RECV_TIME)
#define MS		1000000ULL
#define IOV(bytes)	(&(struct iovec) { bytes, sizeof(bytes) - 1 })

static inline ssize_t sendtext(int fd, char *text, int flags,
			       const struct ipc_send_attr *attr)
{
	struct iovec iov = { text, strlen(text) };

	return ipc_sendmsg(fd, &iov, 1, flags, attr);
}

static inline ssize_t send_tag(int fd, char *text, uint64_t tag)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_TAG, .tag = tag };

	return sendtext(fd, text, 0, &attr);
}

/* The first letter of the next message, or a negated errno. */
static inline int letter(int fd)
{
	char buf[8];
	ssize_t n = ipc_recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	return n < 0 ? n : buf[0];
}

FIXTURE(msg)
{
	struct sockaddr_dipc addr;	/* rx, by name */
	struct sockaddr_dipc source;	/* tx, by number */
	uint64_t rx_port;
	int rx, tx;
};

FIXTURE_SETUP(msg)
{
	char name[DIPC_NAME_MAX + 1];
	uint64_t port;

	self->rx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->tx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->tx);
	dt_unique(name, "msg");
	ASSERT_EQ(0, ipc_addr_name(name, 0, &self->addr));
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_port_id(self->rx, &self->rx_port));
	ASSERT_EQ(0, ipc_port_id(self->tx, &port));
	ASSERT_EQ(0, ipc_addr_port(port, 0, &self->source));
}

FIXTURE_TEARDOWN(msg)
{
	close(self->rx);
	close(self->tx);
}

#endif /* MSG_TEST_H */
