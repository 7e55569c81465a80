// SPDX-License-Identifier: GPL-2.0
/*
 * The addresses of a socket: what is bound, drawn, connected to and seen as the
 * source; and in which order what is sent there arrives. Names that are shared
 * are in name.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>

#include "ask.h"
#include "kselftest_harness.h"

/*
 * Making sockets
 */

FIXTURE(create)
{
};

FIXTURE_VARIANT(create)
{
	int type, protocol, result;
};

FIXTURE_VARIANT_ADD(create, rdm) { SOCK_RDM, 0, 0 };
FIXTURE_VARIANT_ADD(create, dgram) { SOCK_DGRAM, 0, 0 };
FIXTURE_VARIANT_ADD(create, stream) { SOCK_STREAM, 0, 0 };
FIXTURE_VARIANT_ADD(create, seqpacket) { SOCK_SEQPACKET, 0, 0 };
FIXTURE_VARIANT_ADD(create, raw) { SOCK_RAW, 0, -ESOCKTNOSUPPORT };
FIXTURE_VARIANT_ADD(create, protocol_1) { SOCK_RDM, 1, -EPROTONOSUPPORT };

FIXTURE_SETUP(create)
{
}

FIXTURE_TEARDOWN(create)
{
}

TEST_F(create, type_and_protocol)
{
	int fd = DT_ERR(socket(dt_family(), variant->type, variant->protocol));

	if (variant->result) {
		ASSERT_EQ(variant->result, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(variant->type, ask_option(fd, SO_TYPE));
	EXPECT_EQ(dt_family(), ask_option(fd, SO_DOMAIN));
	EXPECT_EQ(0, ask_option(fd, SO_PROTOCOL));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	close(fd);

	fd = socket(dt_family(), variant->type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}

/*
 * Addresses
 */

FIXTURE(addresses)
{
	int rx, tx;
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc any;
};

FIXTURE_VARIANT(addresses)
{
	int type;
};

FIXTURE_VARIANT_ADD(addresses, rdm) { SOCK_RDM };
FIXTURE_VARIANT_ADD(addresses, dgram) { SOCK_DGRAM };

FIXTURE_SETUP(addresses)
{
	dt_unique(self->name, "socket");
	self->any = dt_any();
	self->rx = dt_socket(variant->type);
	self->tx = dt_socket(variant->type);
	ASSERT_LE(0, self->rx);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(addresses)
{
	close(self->rx);
	close(self->tx);
}

/* 0 if it is so to the last byte and its length is told. */
static int compare_name(int fd, const struct sockaddr_dipc *want,
			int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage got;
	socklen_t len = sizeof(got);

	memset(&got, 0xaa, sizeof(got));
	if (get(fd, (struct sockaddr *)&got, &len))
		return -errno;
	if (len != sizeof(*want))
		return 1;
	return memcmp(&got, want, sizeof(*want)) ? 2 : 0;
}

static int compare_sockname(int fd, const struct sockaddr_dipc *want)
{
	return compare_name(fd, want, getsockname);
}

static int compare_peername(int fd, const struct sockaddr_dipc *want)
{
	return compare_name(fd, want, getpeername);
}

TEST_F(addresses, structure_is_as_documented)
{
	EXPECT_EQ(96, sizeof(struct sockaddr_dipc));
	EXPECT_EQ(0, offsetof(struct sockaddr_dipc, sdipc_family));
	EXPECT_EQ(2, offsetof(struct sockaddr_dipc, sdipc_type));
	EXPECT_EQ(3, offsetof(struct sockaddr_dipc, sdipc_scope));
	EXPECT_EQ(4, offsetof(struct sockaddr_dipc, sdipc_node));
	EXPECT_EQ(8, offsetof(struct sockaddr_dipc, sdipc_port));
	EXPECT_EQ(16, offsetof(struct sockaddr_dipc, sdipc_reserved));
	EXPECT_EQ(32, offsetof(struct sockaddr_dipc, sdipc_name));
	EXPECT_EQ(40, sizeof(struct dipc_queue_conf));
}

TEST_F(addresses, unbound_socket_has_the_empty_address)
{
	EXPECT_EQ(0, compare_sockname(self->rx, &self->any));
	EXPECT_EQ(-ENOTCONN, compare_peername(self->rx, &self->any));
}

TEST_F(addresses, bind_to_a_number)
{
	struct sockaddr_dipc addr = dt_port(1000 + getpid());

	ASSERT_EQ(0, dt_bind(self->rx, &addr));
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
	EXPECT_EQ(addr.sdipc_port, dt_port_id(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, lowest_and_highest_number_for_users)
{
	struct sockaddr_dipc low = dt_port(1);
	struct sockaddr_dipc high = dt_port(DIPC_PORT_USER_MAX);

	ASSERT_EQ(0, dt_bind(self->rx, &low));
	ASSERT_EQ(0, dt_bind(self->tx, &high));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &low));
	EXPECT_EQ(0, dt_send_number(self->rx, 2, 0, &high));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->tx, MSG_DONTWAIT));
}

TEST_F(addresses, number_is_free_again_after_close)
{
	struct sockaddr_dipc addr = dt_port(1000 + getpid());
	int i;

	ASSERT_EQ(0, dt_bind(self->rx, &addr));
	EXPECT_EQ(-EADDRINUSE, dt_bind(self->tx, &addr));
	for (i = 0; i < 3; i++) {
		close(self->rx);
		self->rx = dt_socket_bound(variant->type, &addr);
		ASSERT_LE(0, self->rx);
	}
	/* the other could be bound all the time */
	addr.sdipc_port++;
	EXPECT_EQ(0, dt_bind(self->tx, &addr));
}

TEST_F(addresses, bind_to_any_draws_a_number)
{
	struct sockaddr_dipc addr;

	ASSERT_EQ(0, dt_bind(self->rx, &self->any));
	addr = dt_port_of(self->rx);
	EXPECT_LT(DIPC_PORT_USER_MAX, addr.sdipc_port);
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
}

TEST_F(addresses, drawn_numbers_are_never_used_again)
{
	uint64_t last = 0, id;
	int i;

	for (i = 0; i < 300; i++) {
		int fd = dt_socket_bound(variant->type, &self->any);

		ASSERT_LE(0, fd);
		id = dt_port_id(fd);
		EXPECT_LT(last, id);
		last = id;
		close(fd);
	}
}

TEST_F(addresses, receiving_and_sending_bind_by_themselves)
{
	struct sockaddr_dipc addr, from;
	char c;

	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, NULL));
	addr = dt_port_of(self->rx);
	EXPECT_EQ(0, compare_sockname(self->rx, &addr));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &addr));
	addr = dt_port_of(self->tx);
	EXPECT_EQ(0, compare_sockname(self->tx, &addr));
	EXPECT_EQ(1, dt_recv(self->rx, &c, 1, 0, &from));
	EXPECT_EQ(0, memcmp(&from, &addr, sizeof(from)));
}

TEST_F(addresses, source_can_be_answered)
{
	struct sockaddr_dipc name = dt_name(self->name), from, want;
	char buf[8];

	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(2, dt_send(self->tx, "hi", 2, 0, &name));
	memset(&from, 0xaa, sizeof(from));
	EXPECT_EQ(2, dt_recv(self->rx, buf, sizeof(buf), 0, &from));
	want = dt_port_of(self->tx);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(from)));
	EXPECT_EQ(2, dt_send(self->rx, "ho", 2, 0, &from));
	EXPECT_EQ(2, dt_recv(self->tx, buf, sizeof(buf), 0, &from));
	EXPECT_EQ(0, memcmp(buf, "ho", 2));
	/* the source is the port even of who is bound to a name */
	want = dt_port_of(self->rx);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(from)));
}

TEST_F(addresses, source_is_cut_to_the_room_and_its_length_told)
{
	struct sockaddr_dipc want = dt_port_of(self->rx), from;
	socklen_t len = 10;
	char c;

	EXPECT_EQ(1, dt_send(self->tx, "x", 1, 0, &want));
	memset(&from, 0xaa, sizeof(from));
	EXPECT_EQ(1, recvfrom(self->rx, &c, 1, 0, (void *)&from, &len));
	EXPECT_EQ(sizeof(from), len);
	want = dt_port_of(self->tx);
	EXPECT_EQ(0, memcmp(&from, &want, 10));
	EXPECT_EQ(0xaa, ((uint8_t *)&from)[10]);
}

TEST_F(addresses, bind_to_a_name)
{
	struct sockaddr_dipc name = dt_name(self->name), port;

	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
	EXPECT_LT(DIPC_PORT_USER_MAX, dt_port_id(self->rx));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	port = dt_port_of(self->rx);
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &port));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, bound_scope_is_given_back)
{
	struct sockaddr_dipc name = dt_name(self->name);

	name.sdipc_scope = DIPC_SCOPE_NODE;
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
}

TEST_F(addresses, longest_name)
{
	struct sockaddr_dipc name = dt_name(self->name);
	size_t len = strlen(self->name);

	memset(name.sdipc_name + len, 'x', DIPC_NAME_MAX - len);
	ASSERT_EQ(DIPC_NAME_MAX, strlen(name.sdipc_name));
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &name));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	/* one byte less is another name */
	name.sdipc_name[DIPC_NAME_MAX - 1] = 0;
	EXPECT_EQ(-ENOENT, dt_send_number(self->tx, 1, 0, &name));
}

TEST_F(addresses, longer_address_with_zeros_behind)
{
	struct {
		struct sockaddr_dipc addr;
		char more[32];
	} a = { .addr = dt_name(self->name) };
	struct sockaddr *sa = (struct sockaddr *)&a;

	ASSERT_EQ(128, sizeof(a));
	EXPECT_EQ(0, bind(self->rx, sa, sizeof(a)));
	EXPECT_EQ(0, compare_sockname(self->rx, &a.addr));
	EXPECT_EQ(0, connect(self->tx, sa, sizeof(a)));
	EXPECT_EQ(0, compare_peername(self->tx, &a.addr));
	EXPECT_EQ(1, sendto(self->tx, "x", 1, 0, sa, sizeof(a)));
}

TEST_F(addresses, one_port_has_several_names)
{
	struct sockaddr_dipc first = dt_name(self->name), second;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "second");
	second = dt_name(name);
	ASSERT_EQ(0, dt_bind(self->rx, &first));
	ASSERT_EQ(0, dt_bind(self->rx, &second));
	EXPECT_EQ(0, compare_sockname(self->rx, &first));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &second));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &first));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, numbered_port_may_be_named)
{
	struct sockaddr_dipc port = dt_port(1000 + getpid());
	struct sockaddr_dipc name = dt_name(self->name);

	ASSERT_EQ(0, dt_bind(self->rx, &port));
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	EXPECT_EQ(0, compare_sockname(self->rx, &port));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, at_most_64_names_a_port)
{
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];
	int i;

	for (i = 0; i < 64; i++) {
		dt_unique(name, "many");
		addr = dt_name(name);
		ASSERT_EQ(0, dt_bind(self->rx, &addr));
	}
	dt_unique(name, "many");
	addr = dt_name(name);
	EXPECT_EQ(-ENOBUFS, dt_bind(self->rx, &addr));
	/* nobody has it now */
	EXPECT_EQ(0, dt_bind(self->tx, &addr));
}

TEST_F(addresses, bind_to_a_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name), port;

	EXPECT_EQ(-ENOENT, dt_bind(self->rx, &mailbox));
	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &mailbox));
	ASSERT_EQ(0, dt_bind(self->rx, &mailbox));
	EXPECT_EQ(0, compare_sockname(self->rx, &mailbox));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	/* its own port has no queue */
	port = dt_port_of(self->rx);
	EXPECT_LT(DIPC_PORT_USER_MAX, port.sdipc_port);
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, &port));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
}

TEST_F(addresses, mailbox_answers_to_its_name_without_its_type)
{
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);
	struct sockaddr_dipc name = dt_name(self->name);

	ASSERT_EQ(0, dt_mailbox_new(self->name, NULL));
	ASSERT_EQ(0, dt_bind(self->rx, &mailbox));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &name));
	EXPECT_EQ(0, dt_connect(self->tx, &name));
	EXPECT_EQ(0, compare_peername(self->tx, &name));
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(0, dt_mailbox_del(self->name));
}

TEST_F(addresses, connect_says_where_to)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), b;
	int other = dt_socket(variant->type);

	b = dt_port_of(other);
	EXPECT_EQ(-ENOTCONN, dt_send_number(self->tx, 0, 0, NULL));
	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(0, compare_peername(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	/* an address in the call comes first */
	EXPECT_EQ(0, dt_send_number(self->tx, 2, 0, &b));
	EXPECT_EQ(0, dt_connect(self->tx, &b));
	EXPECT_EQ(0, compare_peername(self->tx, &b));
	EXPECT_EQ(0, dt_send_number(self->tx, 3, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx, MSG_DONTWAIT));
	EXPECT_EQ(2, dt_recv_number(other, MSG_DONTWAIT));
	EXPECT_EQ(3, dt_recv_number(other, MSG_DONTWAIT));
	close(other);
}

TEST_F(addresses, connect_does_not_filter)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), b = dt_port_of(self->tx);
	int other = dt_socket(variant->type);

	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(other, 1, 0, &b));
	EXPECT_EQ(1, dt_recv_number(self->tx, MSG_DONTWAIT));
	close(other);
}

TEST_F(addresses, failed_connect_changes_nothing)
{
	struct sockaddr_dipc a = dt_port_of(self->rx);
	struct sockaddr_dipc name = dt_name(self->name);

	EXPECT_EQ(0, dt_connect(self->tx, &a));
	EXPECT_EQ(-ENOENT, dt_connect(self->tx, &name));
	EXPECT_EQ(0, compare_peername(self->tx, &a));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, NULL));
	EXPECT_EQ(1, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, af_unspec_dissolves_the_association)
{
	static const socklen_t lengths[] = { 2, 16, 96, 128 };
	struct sockaddr_storage unspec = { .ss_family = AF_UNSPEC };
	struct sockaddr_dipc a = dt_port_of(self->rx);
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(0, dt_connect(self->tx, &a));
		EXPECT_EQ(0, connect(self->tx, (void *)&unspec, lengths[i]));
		EXPECT_EQ(-ENOTCONN, compare_peername(self->tx, &a));
		EXPECT_EQ(-ENOTCONN, dt_send_number(self->tx, 0, 0, NULL));
	}
	/* once more is no error, and the socket is as good as before */
	EXPECT_EQ(0, connect(self->tx, (void *)&unspec, 2));
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &a));
}

TEST_F(addresses, port_lives_until_the_last_descriptor_is_closed)
{
	struct sockaddr_dipc a = dt_port_of(self->rx);
	int copy = dup(self->rx);

	close(self->rx);
	EXPECT_EQ(0, dt_send_number(self->tx, 1, 0, &a));
	EXPECT_EQ(1, dt_recv_number(copy, MSG_DONTWAIT));
	close(copy);
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->tx, 1, 0, &a));
	self->rx = -1;
}

struct two {
	int rx, tx;
};

static int child_sends(void *arg)
{
	struct two *fds = arg;
	struct sockaddr_dipc to = dt_port_of(fds->rx);

	return dt_send_number(fds->tx, 7, 0, &to) ? 1 : 0;
}

TEST_F(addresses, socket_shared_by_fork_keeps_its_source)
{
	struct two fds = { self->rx, self->tx };
	struct sockaddr_dipc from, want = dt_port_of(self->tx);
	int number;
	pid_t pid;

	dt_port_id(self->rx);
	pid = dt_child(child_sends, &fds);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(4, dt_recv(self->rx, &number, 4, MSG_DONTWAIT, &from));
	EXPECT_EQ(7, number);
	EXPECT_EQ(0, memcmp(&from, &want, sizeof(want)));
}

TEST_F(addresses, socket_may_send_to_itself)
{
	struct sockaddr_dipc a = dt_port_of(self->rx), from;
	int number;

	EXPECT_EQ(0, dt_send_number(self->rx, 5, 0, &a));
	EXPECT_EQ(4, dt_recv(self->rx, &number, 4, MSG_DONTWAIT, &from));
	EXPECT_EQ(0, memcmp(&from, &a, sizeof(a)));
}

struct burst {
	struct sockaddr_dipc to;
	int type, first, count;
};

static long send_burst(void *arg)
{
	struct burst *b = arg;
	int fd = dt_socket_connected(b->type, &b->to);
	int i, err = fd < 0 ? fd : 0;

	for (i = 0; i < b->count && !err; i++)
		err = dt_send_number(fd, b->first + i, 0, NULL);
	close(fd);
	return err;
}

TEST_F(addresses, order_is_kept_for_each_sender)
{
	enum { SENDERS = 4, COUNT = 200 };
	struct dt_thread t[SENDERS];
	struct burst b[SENDERS];
	int next[SENDERS] = { 0 };
	int i, n;

	/* small, so that senders wait and are let in */
	ASSERT_EQ(0, dt_set_capacity(self->rx, 5, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_set_timeout(self->rx, SO_RCVTIMEO, DT_LONG_MS));
	for (i = 0; i < SENDERS; i++) {
		b[i] = (struct burst) { dt_port_of(self->rx), variant->type,
					i * COUNT, COUNT };
		ASSERT_EQ(0, dt_thread_start(&t[i], send_burst, &b[i]));
	}
	for (i = 0; i < SENDERS * COUNT; i++) {
		n = dt_recv_number(self->rx, 0);
		ASSERT_LE(0, n);
		EXPECT_EQ(next[n / COUNT], n % COUNT);
		next[n / COUNT]++;
	}
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, dt_thread_join(&t[i]));
	EXPECT_EQ(-EAGAIN, dt_recv_number(self->rx, MSG_DONTWAIT));
}

TEST_F(addresses, each_message_of_sendmmsg_has_its_destination)
{
	struct sockaddr_dipc to[2] = { dt_port_of(self->rx) }, from[2];
	int other = dt_socket(variant->type);
	struct iovec iov[2] = { { "a", 1 }, { "b", 1 } };
	struct mmsghdr m[2] = { 0 };
	char c;
	int i;

	to[1] = dt_port_of(other);
	for (i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_name = &to[i];
		m[i].msg_hdr.msg_namelen = sizeof(to[i]);
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(2, sendmmsg(self->tx, m, 2, 0));
	EXPECT_EQ(1, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, &from[0]));
	EXPECT_EQ('a', c);
	EXPECT_EQ(1, dt_recv(other, &c, 1, MSG_DONTWAIT, &from[1]));
	EXPECT_EQ('b', c);
	EXPECT_EQ(0, memcmp(&from[0], &from[1], sizeof(from[0])));

	/* the first that fails ends it; what went before is told */
	close(other);
	EXPECT_EQ(1, sendmmsg(self->tx, m, 2, 0));
	EXPECT_EQ(-ECONNREFUSED, DT_ERR(sendmmsg(self->tx, m + 1, 1, 0)));
}

TEST_HARNESS_MAIN
