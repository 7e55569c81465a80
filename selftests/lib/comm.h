/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of communicators share: two of them that know each other,
 * calls for a thread to make, and views of their queues.
 */
#ifndef COMM_TEST_H
#define COMM_TEST_H

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define TAG(n)	(&(struct dipc_match) { .tag = (n), .tag_mask = ~0ULL })

static inline int comm_addr(struct ipc_comm *comm, struct sockaddr_dipc *addr)
{
	uint64_t port;
	int err = ipc_port_id(ipc_comm_fd(comm), &port);

	return err ? err : ipc_addr_port(port, 0, addr);
}

static inline int set_capacity(struct ipc_comm *comm, uint32_t msgs,
			       uint8_t policy)
{
	struct dipc_queue_conf conf;
	int err = ipc_get_queue(ipc_comm_fd(comm), &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	return err ? err : ipc_set_queue(ipc_comm_fd(comm), &conf);
}

/* Two processes' worth: each with its communicator, of which each knows. */
FIXTURE(pair)
{
	struct ipc_comm *a, *b;
	struct sockaddr_dipc at_a, at_b;
};

FIXTURE_SETUP(pair)
{
	int err = ipc_comm_open(NULL, &self->a);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	ASSERT_EQ(0, ipc_comm_open(NULL, &self->b));
	ASSERT_EQ(0, comm_addr(self->a, &self->at_a));
	ASSERT_EQ(0, comm_addr(self->b, &self->at_b));
}

FIXTURE_TEARDOWN(pair)
{
	ipc_comm_close(self->a);
	ipc_comm_close(self->b);
}

/* The first letter of the next message with that tag, or a negated errno. */
static inline int letter(struct ipc_comm *comm, uint64_t tag)
{
	char buf[8];
	ssize_t n = ipc_comm_recv(comm, buf, sizeof(buf), TAG(tag), 0, NULL);

	return n < 0 ? n : buf[0];
}

static inline uint32_t queued(const struct sockaddr_dipc *addr)
{
	return dt_port_queued(addr->sdipc_port);
}

/* What each primitive takes, for a thread to call it. */
struct call {
	struct dt_thread thread;
	struct ipc_comm *comm;
	struct ipc_request **req;
	const struct sockaddr_dipc *to;
	const struct dipc_match *match;
	uint64_t tag;
	int timeout_ms;
	char buf[16];
	struct ipc_status st;
};

#endif /* COMM_TEST_H */
