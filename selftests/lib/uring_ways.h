/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites about io_uring begin with: a ring, and the two ends of each
 * way that a message or a byte can go, for each way to make a request. To be
 * included once by each suite, after kselftest_harness.h.
 */
#ifndef DIPC_TEST_URING_WAYS_H
#define DIPC_TEST_URING_WAYS_H

#include "uring.h"

enum way { PORT, MAILBOX, SEQPACKET, STREAM };

/* Numbers of requests. */
enum { SEND = 1, RECV, CANCEL, TIMEOUT, POLL, AGAIN };

FIXTURE(uring)
{
	struct uring u;
	int tx, rx;
	char mailbox[DIPC_NAME_MAX + 1];
	char buf[64];
};

FIXTURE_VARIANT(uring)
{
	enum way way;
	enum uring_how how;
};

#define WAYS(name, how_)						\
	FIXTURE_VARIANT_ADD(uring, port_##name) { PORT, how_ };	\
	FIXTURE_VARIANT_ADD(uring, mailbox_##name) { MAILBOX, how_ };	\
	FIXTURE_VARIANT_ADD(uring, seqpacket_##name) { SEQPACKET, how_ }; \
	FIXTURE_VARIANT_ADD(uring, stream_##name) { STREAM, how_ }

WAYS(plain, URING_PLAIN);
WAYS(worker, URING_WORKER);
WAYS(fixed, URING_FIXED);
WAYS(polled, URING_POLLED);

/* Room for two messages, or 4096 bytes. */
static inline int limit(int rx)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(rx, &conf);

	conf.capacity_msgs = 2;
	conf.capacity_bytes = 4096;
	conf.msg_max_bytes = 4096;
	return err ? err : dt_set_conf(rx, &conf);
}

static inline int open_port(int *tx, int *rx)
{
	struct sockaddr_dipc addr = dt_any();

	*rx = dt_socket_bound(SOCK_RDM, &addr);
	if (*rx < 0)
		return *rx;
	addr = dt_port_of(*rx);
	*tx = dt_socket_connected(SOCK_RDM, &addr);
	return *tx < 0 ? *tx : limit(*rx);
}

static inline int open_mailbox(char *name, int *tx, int *rx)
{
	struct sockaddr_dipc addr;
	int err;

	dt_unique(name, "uring");
	addr = dt_mailbox(name);
	err = dt_mailbox_new(name, DT_MAILBOX(.capacity_msgs = 2));
	if (err)
		return err;
	*rx = dt_socket_bound(SOCK_RDM, &addr);
	*tx = dt_socket_connected(SOCK_RDM, &addr);
	return *rx < 0 ? *rx : *tx < 0 ? *tx : 0;
}

static inline int open_link(int type, int *tx, int *rx)
{
	int sv[2], err = DT_ERR(socketpair(dt_family(), type, 0, sv));

	*tx = sv[0];
	*rx = sv[1];
	return err ? err : limit(*rx);
}

FIXTURE_SETUP(uring)
{
	int err = uring_open(&self->u, variant->how);

	if (err == -ENOSYS || err == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, err);
	self->mailbox[0] = 0;
	if (variant->way == PORT)
		err = open_port(&self->tx, &self->rx);
	else if (variant->way == MAILBOX)
		err = open_mailbox(self->mailbox, &self->tx, &self->rx);
	else
		err = open_link(variant->way == STREAM ? SOCK_STREAM :
				SOCK_SEQPACKET, &self->tx, &self->rx);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	if (variant->how == URING_FIXED) {
		ASSERT_EQ(0, uring_register(&self->u, self->tx));
		ASSERT_EQ(0, uring_register(&self->u, self->rx));
	}
}

FIXTURE_TEARDOWN(uring)
{
	uring_close(&self->u);
	close(self->tx);
	close(self->rx);
	if (self->mailbox[0])
		dt_mailbox_del(self->mailbox);
}

/* ADD(NUMBER, FLAGS, send, fd, …): an entry as by io_uring_prep_send() */
#define ADD(id, sqe_flags, what, ...) do {				\
	struct io_uring_sqe *sqe_ = uring_entry(&self->u);		\
									\
	ASSERT_NE(NULL, sqe_);						\
	io_uring_prep_##what(sqe_, __VA_ARGS__);			\
	uring_add(&self->u, sqe_, id, sqe_flags);			\
} while (0)
#define SUBMIT()	ASSERT_EQ(0, uring_submit(&self->u))
#define DO(id, ...) do {						\
	ADD(id, 0, __VA_ARGS__);					\
	SUBMIT();							\
} while (0)
#define EXPECT_DONE(want, id)	EXPECT_EQ(want, uring_wait(&self->u, id))
#define EXPECT_WAITS(id)	EXPECT_FALSE(uring_is_done(&self->u, id))

static inline long put(int fd, char c)
{
	return dt_send(fd, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL, NULL);
}

static inline int take(int fd)
{
	char c;
	long n = dt_recv(fd, &c, 1, MSG_DONTWAIT, NULL);

	return n == 1 ? c : n < 0 ? n : 0;
}

/* Until nothing more goes in, how much that was; and out. */
static inline int fill(int fd)
{
	int n = 0;

	while (put(fd, 'f') == 1)
		n++;
	return n;
}

static inline int drain(int fd, char *last)
{
	int n = 0, c;

	while ((c = take(fd)) > 0) {
		*last = c;
		n++;
	}
	return n;
}

/* What a request that was cancelled while it waited can say. */
static inline bool is_cancelled(long result)
{
	return result == -ECANCELED || result == -EINTR;
}

/* And the request to cancel: it was found, or found running in a worker. */
static inline bool has_cancelled(long result)
{
	return !result || result == -EALREADY;
}

#endif /* DIPC_TEST_URING_WAYS_H */
