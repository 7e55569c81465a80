// SPDX-License-Identifier: GPL-2.0
/*
 * Connections by io_uring: made, accepted, shut down and closed by requests of
 * a ring; and what a ring does of its own with streams, where a send or receive
 * can be done in part.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "ask.h"
#include "kselftest_harness.h"
#include "links.h"
#include "uring.h"

/* Numbers of requests. */
enum { SOCKET = 1, CONNECT, ACCEPT, SEND, RECV, SHUTDOWN, CLOSE, CANCEL };

static struct uring u;
static char buf[64];

#define ADD(id, sqe_flags, what, ...) do {				\
	struct io_uring_sqe *sqe_ = uring_entry(&u);			\
									\
	ASSERT_NE(NULL, sqe_);						\
	io_uring_prep_##what(sqe_, __VA_ARGS__);			\
	uring_add(&u, sqe_, id, sqe_flags);				\
} while (0)
#define SUBMIT()	ASSERT_EQ(0, uring_submit(&u))
#define DO(id, ...) do {						\
	ADD(id, 0, __VA_ARGS__);					\
	SUBMIT();							\
} while (0)
#define EXPECT_DONE(want, id)	EXPECT_EQ(want, uring_wait(&u, id))
#define EXPECT_WAITS(id)	EXPECT_FALSE(uring_is_done(&u, id))

#define OPEN() do {							\
	int err_ = uring_open(&u, URING_PLAIN);					\
									\
	if (err_ == -ENOSYS || err_ == -EPERM)				\
		SKIP(return, "no io_uring here");			\
	ASSERT_EQ(0, err_);						\
} while (0)

/* From socket() to close(), all by requests. */
TEST_F(links, life_of_a_connection)
{
	int client, server;

	OPEN();
	DO(SOCKET, socket, dt_family(), variant->type, 0, 0);
	client = uring_wait(&u, SOCKET);
	ASSERT_LE(0, client);
	DO(ACCEPT, accept, self->listener, NULL, NULL, SOCK_CLOEXEC);
	EXPECT_WAITS(ACCEPT);
	DO(CONNECT, connect, client, (struct sockaddr *)&self->addr,
	   sizeof(self->addr));
	EXPECT_DONE(0, CONNECT);
	server = uring_wait(&u, ACCEPT);
	ASSERT_LE(0, server);
	DO(RECV, recv, server, buf, sizeof(buf), 0);
	EXPECT_WAITS(RECV);
	DO(SEND, send, client, "abc", 3, 0);
	EXPECT_DONE(3, SEND);
	EXPECT_DONE(3, RECV);
	DO(RECV, recv, server, buf, sizeof(buf), 0);
	DO(SHUTDOWN, shutdown, client, SHUT_WR);
	EXPECT_DONE(0, SHUTDOWN);
	EXPECT_DONE(0, RECV);
	DO(SEND, send, client, "x", 1, MSG_NOSIGNAL);
	EXPECT_DONE(-EPIPE, SEND);
	DO(SEND, send, server, "def", 3, 0);
	EXPECT_DONE(3, SEND);
	DO(RECV, recv, client, buf, sizeof(buf), 0);
	EXPECT_DONE(3, RECV);
	DO(RECV, recv, client, buf, sizeof(buf), 0);
	EXPECT_WAITS(RECV);
	DO(CLOSE, close, server);
	EXPECT_DONE(0, CLOSE);
	EXPECT_DONE(0, RECV);
	DO(CLOSE, close, client);
	EXPECT_DONE(0, CLOSE);
	uring_close(&u);
}

TEST_F(links, accept_tells_who)
{
	struct sockaddr_dipc from;
	socklen_t len = sizeof(from);
	int server;

	OPEN();
	ADD(ACCEPT, IOSQE_ASYNC, accept, self->listener,
	    (struct sockaddr *)&from, &len, 0);
	SUBMIT();
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = uring_wait(&u, ACCEPT);
	ASSERT_LE(0, server);
	EXPECT_EQ(sizeof(from), len);
	EXPECT_EQ(dt_port_id(self->client), from.sdipc_port);
	close(server);
	uring_close(&u);
}

TEST_F(links, accept_again_and_again)
{
	int client, server, i;

	OPEN();
	DO(ACCEPT, multishot_accept, self->listener, NULL, NULL, 0);
	for (i = 0; i < 5; i++) {
		client = dt_socket_connected(variant->type, &self->addr);
		ASSERT_LE(0, client);
		server = uring_wait(&u, ACCEPT);
		ASSERT_LE(0, server);
		EXPECT_TRUE(u.flags & IORING_CQE_F_MORE);
		EXPECT_EQ(1, links_put(client, 'a' + i));
		EXPECT_EQ(1, links_take(server, 'a' + i));
		close(client);
		close(server);
	}
	DO(CANCEL, cancel64, ACCEPT, 0);
	EXPECT_DONE(0, CANCEL);
	EXPECT_DONE(-ECANCELED, ACCEPT);
	/* one that comes now waits for somebody else */
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = links_accept(self->listener);
	EXPECT_LE(0, server);
	close(server);
	uring_close(&u);
}

TEST_F(links, listener_ends_while_accept_waits)
{
	OPEN();
	DO(ACCEPT, accept, self->listener, NULL, NULL, 0);
	EXPECT_WAITS(ACCEPT);
	ASSERT_EQ(0, shutdown(self->listener, SHUT_RD));
	EXPECT_DONE(-EINVAL, ACCEPT);
	uring_close(&u);
}

TEST_F(links, connect_fails)
{
	struct sockaddr_dipc nobody = dt_name("uring.nobody");
	int other = dt_socket(variant->other_type);

	OPEN();
	DO(CONNECT, connect, self->client, (struct sockaddr *)&nobody,
	   sizeof(nobody));
	EXPECT_DONE(-ENOENT, CONNECT);
	DO(CONNECT, connect, other, (struct sockaddr *)&self->addr,
	   sizeof(self->addr));
	EXPECT_DONE(-EPROTOTYPE, CONNECT);
	DO(CONNECT, connect, self->pair[0], (struct sockaddr *)&self->addr,
	   sizeof(self->addr));
	EXPECT_DONE(-EISCONN, CONNECT);
	close(other);
	uring_close(&u);
}

/* Until one of those before has been accepted. */
TEST_F(links, connect_waits_for_its_turn)
{
	int n, server, i;

	OPEN();
	n = links_fill(variant->type, &self->addr);
	ASSERT_LT(0, n);
	DO(CONNECT, connect, self->client, (struct sockaddr *)&self->addr,
	   sizeof(self->addr));
	EXPECT_WAITS(CONNECT);
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	close(server);
	EXPECT_DONE(0, CONNECT);
	EXPECT_EQ(1, links_put(self->client, 'c'));
	for (i = 1; i < n; i++)
		close(links_accept(self->listener));
	server = links_accept(self->listener);
	EXPECT_EQ(1, links_take(server, 'c'));
	close(server);
	uring_close(&u);
}

/* A chain for what a client does: all of it in one submission. */
TEST_F(links, chain_of_a_client)
{
	int server;

	OPEN();
	ADD(CONNECT, IOSQE_IO_LINK, connect, self->client,
	    (struct sockaddr *)&self->addr, sizeof(self->addr));
	ADD(SEND, IOSQE_IO_LINK, send, self->client, "q", 1, 0);
	ADD(RECV, IOSQE_IO_LINK, recv, self->client, buf, sizeof(buf), 0);
	ADD(SHUTDOWN, 0, shutdown, self->client, SHUT_WR);
	SUBMIT();
	EXPECT_DONE(0, CONNECT);
	EXPECT_DONE(1, SEND);
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, links_take(server, 'q'));
	EXPECT_WAITS(SHUTDOWN);
	EXPECT_EQ(1, links_put(server, 'r'));
	EXPECT_DONE(1, RECV);
	EXPECT_EQ('r', buf[0]);
	EXPECT_DONE(0, SHUTDOWN);
	EXPECT_EQ(0, dt_recv(server, buf, 1, 0, NULL));
	close(server);
	uring_close(&u);
}

/* The end ends a receive that repeats itself, after all that was there. */
TEST_F(links, end_of_repeated_receive)
{
	struct io_uring_sqe *sqe;
	struct uring_buffers b;
	int got = 0;
	long n;

	OPEN();
	ASSERT_EQ(0, uring_buffers_open(&u, &b, 8, 64));
	ASSERT_EQ(1, links_put(self->pair[0], 'a'));
	ASSERT_EQ(1, links_put(self->pair[0], 'b'));
	sqe = uring_entry(&u);
	io_uring_prep_recv_multishot(sqe, self->pair[1], NULL, 0, 0);
	sqe->buf_group = 1;
	uring_add(&u, sqe, RECV, IOSQE_BUFFER_SELECT);
	SUBMIT();
	ASSERT_EQ(1, links_put(self->pair[0], 'c'));
	ASSERT_EQ(0, shutdown(self->pair[0], SHUT_WR));
	while ((n = uring_wait(&u, RECV)) > 0) {
		EXPECT_EQ('a' + got, uring_buffer(&u, &b)[0]);
		got += n;
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(3, got);
	EXPECT_FALSE(u.flags & IORING_CQE_F_MORE);
	uring_buffers_close(&u, &b);
	uring_close(&u);
}

/*
 * In part. For MSG_WAITALL a ring joins messages of SOCK_SEQPACKET as well: it
 * asks again until it has all.
 */

TEST_F(links, receive_of_all)
{
	OPEN();
	DO(RECV, recv, self->pair[1], buf, 10, MSG_WAITALL);
	ASSERT_EQ(4, send(self->pair[0], "abcd", 4, 0));
	EXPECT_WAITS(RECV);
	ASSERT_EQ(3, send(self->pair[0], "efg", 3, 0));
	EXPECT_WAITS(RECV);
	ASSERT_EQ(4, send(self->pair[0], "hijk", 4, 0));
	EXPECT_DONE(10, RECV);
	EXPECT_EQ(0, memcmp(buf, "abcdefghij", 10));
	/* of the message that ends it, the rest is lost */
	if (variant->type == SOCK_STREAM)
		EXPECT_EQ(1, links_take(self->pair[1], 'k'));
	/* and of less, when no more will come */
	DO(RECV, recv, self->pair[1], buf, 10, MSG_WAITALL);
	ASSERT_EQ(4, send(self->pair[0], "lmno", 4, 0));
	EXPECT_WAITS(RECV);
	ASSERT_EQ(0, shutdown(self->pair[0], SHUT_WR));
	EXPECT_DONE(4, RECV);
	EXPECT_EQ(0, memcmp(buf, "lmno", 4));
	uring_close(&u);
}

#define MUCH	(1 << 20)

/* What each of a sender with that flag is told, and the receiver has. */
static long send_much(int tx, int rx, int flags, size_t *received)
{
	char *out = mmap(NULL, MUCH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct io_uring_sqe *sqe = uring_entry(&u);
	static char in[MUCH + 1];
	long n, result = 0;

	*received = 0;
	dt_pattern(out, MUCH, 5);
	io_uring_prep_send(sqe, tx, out, MUCH, flags);
	uring_add(&u, sqe, SEND, 0);
	if (uring_submit(&u))
		return -EIO;
	while (!result || *received < (size_t)result) {
		n = dt_recv(rx, in + *received, sizeof(in) - *received,
			    MSG_DONTWAIT, NULL);
		if (n > 0)
			*received += n;
		else if (!result && uring_is_done(&u, SEND))
			result = uring_wait(&u, SEND);
		if (result < 0)
			break;
	}
	if (dt_pattern_differs(in, *received, 5) >= 0)
		result = -EILSEQ;
	munmap(out, MUCH);
	return result;
}

TEST_F(links, send_of_all)
{
	size_t received;
	long sent;

	if (variant->type == SOCK_SEQPACKET)
		return;
	OPEN();
	EXPECT_EQ(MUCH, send_much(self->pair[0], self->pair[1], MSG_WAITALL,
				  &received));
	EXPECT_EQ(MUCH, received);
	/* otherwise, as much as there was room for */
	sent = send_much(self->pair[0], self->pair[1], 0, &received);
	EXPECT_LT(0, sent);
	EXPECT_EQ(sent, received);
	EXPECT_EQ(0, ask_inq(self->pair[1]));
	uring_close(&u);
}

/* The part that went in stays there. */
TEST_F(links, send_of_all_is_cancelled)
{
	static char out[MUCH], in[MUCH];
	long sent, n, got = 0;

	if (variant->type == SOCK_SEQPACKET)
		return;
	OPEN();
	dt_pattern(out, MUCH, 6);
	DO(SEND, send, self->pair[0], out, MUCH, MSG_WAITALL);
	EXPECT_WAITS(SEND);
	EXPECT_LT(0, ask_inq(self->pair[1]));
	DO(CANCEL, cancel64, SEND, 0);
	EXPECT_DONE(0, CANCEL);
	sent = uring_wait(&u, SEND);
	while ((n = dt_recv(self->pair[1], in + got, sizeof(in) - got,
			    MSG_DONTWAIT, NULL)) > 0)
		got += n;
	EXPECT_EQ(-1, dt_pattern_differs(in, got, 6));
	EXPECT_LT(0, got);
	/* what went in is told, by kernels that know it then */
	EXPECT_TRUE(sent == got || sent == -ECANCELED)
		TH_LOG("%ld for %ld", sent, got);
	uring_close(&u);
}

TEST_HARNESS_MAIN
