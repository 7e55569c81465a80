// SPDX-License-Identifier: GPL-2.0
/*
 * How bind(), connect(), getsockname() and getpeername() fail, and every call
 * that is given a bad address. See errors.h.
 */
#define _GNU_SOURCE
#include "errors.h"

static struct sockaddr *sa(const void *addr)
{
	return (struct sockaddr *)addr;
}

/*
 * Addresses: bind(), connect() and sendto() say the same about the same bytes
 */

static long all_calls(env *e, const void *addr, int len)
{
	long b = DT_ERR(bind(e->fd, sa(addr), len));
	long c = DT_ERR(connect(e->fd, sa(addr), len));
	long s = DT_ERR(sendto(e->fd, "x", 1, 0, sa(addr), len));

	NEED(b == c);
	NEED(c == s);
	return s;
}

static long all_calls_addr(env *e, struct sockaddr_dipc addr)
{
	return all_calls(e, &addr, sizeof(addr));
}

ROW(E_ADDR_01, EINVAL, too_short)
{
	struct sockaddr_dipc addr = e->rx_addr;
	int len;

	/* without any byte there is no address for sendto() */
	for (len = 1; len < (int)sizeof(addr); len++)
		NEED(all_calls(e, &addr, len) == -EINVAL);
	return all_calls(e, &addr, 0);
}

ROW(E_ADDR_02, EINVAL, too_long)
{
	char addr[300] = { 0 };

	memcpy(addr, &e->rx_addr, sizeof(e->rx_addr));
	NEED(all_calls(e, addr, 300) == -EINVAL);
	NEED(all_calls(e, addr, -1) == -EINVAL);
	/* a name of 255 bytes would have to be this long */
	memset(addr + 32, 'a', 255);
	NEED(all_calls(e, addr, 32 + 255) == -EINVAL);
	return all_calls(e, addr, 129);
}

ROW(E_ADDR_03, EINVAL, not_zero_behind)
{
	char addr[128] = { 0 };
	int i;

	memcpy(addr, &e->rx_addr, sizeof(e->rx_addr));
	for (i = 96; i < 127; i++) {
		addr[i] = 1;
		NEED(all_calls(e, addr, i + 1) == -EINVAL);
		addr[i] = 0;
	}
	addr[127] = 1;
	return all_calls(e, addr, 128);
}

ROW(E_ADDR_04, EAFNOSUPPORT, other_family)
{
	struct sockaddr_dipc addr = e->rx_addr;

	addr.sdipc_family = AF_UNIX;
	NEED(DT_ERR(bind(e->fd, sa(&addr), 96)) == -EAFNOSUPPORT);
	NEED(DT_ERR(connect(e->fd, sa(&addr), 96)) == -EAFNOSUPPORT);
	addr.sdipc_family = 0xff00 | dt_family();
	NEED(all_calls_addr(e, addr) == -EAFNOSUPPORT);
	/* connect() has another meaning for AF_UNSPEC */
	addr.sdipc_family = AF_UNSPEC;
	NEED(DT_ERR(bind(e->fd, sa(&addr), 96)) == -EAFNOSUPPORT);
	return dt_send(e->fd, "x", 1, 0, &addr);
}

ROW(E_ADDR_05, EINVAL, unknown_type)
{
	struct sockaddr_dipc addr = e->rx_addr;

	addr.sdipc_type = 255;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_type = DIPC_ADDR_GROUP + 1;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_06, EINVAL, unknown_scope)
{
	struct sockaddr_dipc addr = dt_name(e->name);

	addr.sdipc_scope = 255;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_scope = DIPC_SCOPE_CLUSTER + 1;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_07, EINVAL, scope_without_name)
{
	struct sockaddr_dipc addr = dt_any();

	addr.sdipc_scope = DIPC_SCOPE_NODE;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr = e->rx_addr;
	addr.sdipc_scope = DIPC_SCOPE_NODE;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_08, EINVAL, reserved)
{
	struct sockaddr_dipc addr = e->rx_addr;

	addr.sdipc_reserved[0] = 1;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_reserved[0] = 0;
	addr.sdipc_reserved[1] = 1ULL << 63;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_09, EINVAL, name_where_none_belongs)
{
	struct sockaddr_dipc addr = dt_any();

	addr.sdipc_name[0] = 'a';
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr = e->rx_addr;
	addr.sdipc_name[DIPC_NAME_MAX] = 'a';
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_10, EINVAL, number_where_none_belongs)
{
	struct sockaddr_dipc addr = dt_name(e->name);

	addr.sdipc_port = 1;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_type = DIPC_ADDR_MAILBOX;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr = dt_any();
	addr.sdipc_port = 1;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr = dt_any();
	addr.sdipc_node = 1;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_11, EINVAL, number_zero)
{
	return all_calls_addr(e, dt_port(0));
}

static long bad_name(env *e, const char *name, size_t len)
{
	struct sockaddr_dipc addr = dt_any();

	memcpy(addr.sdipc_name, name, len);
	addr.sdipc_type = DIPC_ADDR_NAME;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_type = DIPC_ADDR_GROUP;
	NEED(all_calls_addr(e, addr) == -EINVAL);
	addr.sdipc_type = DIPC_ADDR_MAILBOX;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_12, EINVAL, name_empty)
{
	return bad_name(e, "", 0);
}

ROW(E_ADDR_13, EINVAL, name_of_64_bytes)
{
	char name[DIPC_NAME_MAX + 1];

	memset(name, 'a', sizeof(name));
	return bad_name(e, name, sizeof(name));
}

ROW(E_ADDR_14, EINVAL, name_with_nul_inside)
{
	char name[DIPC_NAME_MAX + 1] = "";

	NEED(bad_name(e, "a\0b", 3) == -EINVAL);
	NEED(bad_name(e, "\0b", 2) == -EINVAL);
	name[0] = name[DIPC_NAME_MAX] = 'a';
	return bad_name(e, name, sizeof(name));
}

static bool is_first(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

ROW(E_ADDR_15, EINVAL, name_with_a_byte_that_no_name_has)
{
	struct sockaddr_dipc addr;
	char name[3] = "ab";
	int c, want;

	for (c = 1; c < 256; c++) {
		name[0] = c;
		addr = dt_name(name);
		want = is_first(c) ? -ENOENT : -EINVAL;
		NEED(dt_connect(e->fd, &addr) == want);
		name[0] = 'a';
		name[1] = c;
		addr = dt_name(name);
		want = is_first(c) || strchr("._/+-", c) ? -ENOENT : -EINVAL;
		NEED(dt_connect(e->fd, &addr) == want);
		name[1] = 'b';
	}
	return bad_name(e, "a b", 3);
}

ROW(E_ADDR_16, EINVAL, name_reserved)
{
	struct sockaddr_dipc addr = dt_name("dipc");

	/* not reserved: the name without the dot, other cases, elsewhere */
	NEED(dt_connect(e->fd, &addr) == -ENOENT);
	addr = dt_name("Dipc.x");
	NEED(dt_connect(e->fd, &addr) == -ENOENT);
	addr = dt_name("x.dipc.");
	NEED(dt_connect(e->fd, &addr) == -ENOENT);
	NEED(bad_name(e, "dipc.", 5) == -EINVAL);
	return bad_name(e, "dipc.x", 6);
}

ROW(E_ADDR_17, EOPNOTSUPP, group)
{
	struct sockaddr_dipc addr = dt_name(e->name);

	addr.sdipc_type = DIPC_ADDR_GROUP;
	return all_calls_addr(e, addr);
}

ROW(E_ADDR_18, EFAULT, bad_pointer)
{
	return all_calls(e, BAD, sizeof(struct sockaddr_dipc));
}

/*
 * bind()
 */

ROW(E_BIND_01, EINVAL, has_a_number_already)
{
	struct sockaddr_dipc any = dt_any(), port = dt_port(4000 + getpid());

	/* however it came by it */
	NEED(dt_bind(e->rx, &any) == -EINVAL);
	NEED(dt_bind(e->rx, &port) == -EINVAL);
	NEED(!dt_bind(e->fd, &port));
	NEED(dt_bind(e->fd, &any) == -EINVAL);
	return dt_bind(e->fd, &port);
}

ROW(E_BIND_02, EINVAL, number_after_name)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct sockaddr_dipc port = dt_port(4000 + getpid());

	NEED(!dt_bind(e->fd, &name));
	return dt_bind(e->fd, &port);
}

ROW(E_BIND_03, EINVAL, mailbox_and_something_else)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name), name;
	struct sockaddr_dipc port = dt_port(4000 + getpid());
	char other[DIPC_NAME_MAX + 1];

	dt_unique(other, "errors");
	name = dt_name(other);
	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(dt_bind(e->rx, &mailbox) == -EINVAL);
	NEED(!dt_bind(e->fd, &mailbox));
	NEED(dt_bind(e->fd, &name) == -EINVAL);
	NEED(dt_bind(e->fd, &port) == -EINVAL);
	return dt_bind(e->fd, &mailbox);
}

ROW(E_BIND_04, EADDRNOTAVAIL, other_node)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct sockaddr_dipc port = dt_port(4000 + getpid());

	name.sdipc_node = mailbox.sdipc_node = port.sdipc_node = 7;
	NEED(dt_bind(e->fd, &name) == -EADDRNOTAVAIL);
	NEED(dt_bind(e->fd, &mailbox) == -EADDRNOTAVAIL);
	return dt_bind(e->fd, &port);
}

ROW(E_BIND_05, EADDRNOTAVAIL, number_of_the_kernels)
{
	struct sockaddr_dipc port = dt_port(UINT64_MAX);

	NEED(dt_bind(e->fd, &port) == -EADDRNOTAVAIL);
	port.sdipc_port = DIPC_PORT_USER_MAX + 1;
	return dt_bind(e->fd, &port);
}

ROW(E_BIND_06, EADDRINUSE, number_taken)
{
	struct sockaddr_dipc port = dt_port(4000 + getpid());
	int fd = dt_socket_bound(SOCK_DGRAM, &port), one = 1;

	NEED(fd >= 0);
	/* names can be shared, numbers cannot */
	NEED(!setsockopt(e->fd, SOL_DIPC, DIPC_REUSE_NAME, &one, 4));
	return dt_bind(e->fd, &port);
}

ROW(E_BIND_07, EADDRINUSE, name_taken)
{
	struct sockaddr_dipc name = dt_name(e->name);

	NEED(dt_socket_bound(SOCK_RDM, &name) >= 0);
	return dt_bind(e->fd, &name);
}

ROW(E_BIND_08, EADDRINUSE, name_not_shared_in_the_same_way)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int dgram = dt_socket(SOCK_DGRAM), one = 1;

	NEED(!setsockopt(e->fd, SOL_DIPC, DIPC_REUSE_NAME, &one, 4));
	NEED(!setsockopt(dgram, SOL_DIPC, DIPC_REUSE_NAME, &one, 4));
	NEED(!dt_bind(e->fd, &name));
	/* the other way round: who has it shares, who comes does not */
	NEED(dt_bind(e->rx, &name) == -EADDRINUSE);
	return dt_bind(dgram, &name);
}

ROW(E_BIND_09, EADDRINUSE, name_that_it_has)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int one = 1;

	NEED(!setsockopt(e->fd, SOL_DIPC, DIPC_REUSE_NAME, &one, 4));
	NEED(!dt_bind(e->fd, &name));
	return dt_bind(e->fd, &name);
}

ROW(E_BIND_10, EADDRINUSE, name_of_a_mailbox)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int one = 1;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!setsockopt(e->fd, SOL_DIPC, DIPC_REUSE_NAME, &one, 4));
	return dt_bind(e->fd, &name);
}

ROW(E_BIND_11, ENOENT, no_such_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	return dt_bind(e->fd, &mailbox);
}

ROW(E_BIND_12, ENOENT, name_is_a_ports)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	NEED(!dt_bind(e->rx, &name));
	return dt_bind(e->fd, &mailbox);
}

static int bind_as(void *arg)
{
	return dt_socket_bound(SOCK_RDM, arg);
}

ROW(E_BIND_13, EACCES, mailbox_may_not_be_read)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0662)));
	return dt_as_user(DT_NOBODY, bind_as, &mailbox);
}

ROW(E_BIND_14, ENOBUFS, too_many_ports)
{
	struct sockaddr_dipc any = dt_any(), name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	int fd = errors_limited("user_max_ports");

	NEED(fd >= 0);
	NEED(dt_bind(fd, &any) == -ENOBUFS);
	NEED(dt_bind(fd, &name) == -ENOBUFS);
	NEED(!dt_mailbox_new(e->name, NULL));
	return dt_bind(fd, &mailbox);
}

ROW(E_BIND_15, ENOBUFS, too_many_names)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int fd = errors_limited("user_max_names");

	NEED(fd >= 0);
	return dt_bind(fd, &name);
}

ROW(E_BIND_16, ENOBUFS, too_many_names_of_one_port)
{
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];
	int i, err = 0;

	for (i = 0; i <= 64; i++) {
		NEED(!err);
		dt_unique(name, "errors");
		addr = dt_name(name);
		err = dt_bind(e->fd, &addr);
	}
	return err;
}

/*
 * connect(), getsockname(), getpeername()
 */

ROW(E_CONN_01, EINVAL, to_any)
{
	struct sockaddr_dipc any = dt_any();

	return dt_connect(e->fd, &any);
}

ROW(E_CONN_02, EHOSTUNREACH, no_such_node)
{
	struct sockaddr_dipc addr = e->rx_addr;

	addr.sdipc_node = 7;
	NEED(dt_connect(e->fd, &addr) == -EHOSTUNREACH);
	addr = dt_name(e->name);
	addr.sdipc_node = 7;
	return dt_connect(e->fd, &addr);
}

ROW(E_CONN_03, ECONNREFUSED, no_such_port)
{
	struct sockaddr_dipc addr = dt_port(4000 + getpid());

	NEED(dt_connect(e->fd, &addr) == -ECONNREFUSED);
	addr.sdipc_port = UINT64_MAX;
	return dt_connect(e->fd, &addr);
}

ROW(E_CONN_04, ENOENT, no_such_name)
{
	struct sockaddr_dipc addr = dt_name(e->name);

	return dt_connect(e->fd, &addr);
}

ROW(E_CONN_05, ENOENT, no_such_mailbox)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	NEED(dt_connect(e->fd, &mailbox) == -ENOENT);
	NEED(!dt_bind(e->rx, &name));
	return dt_connect(e->fd, &mailbox);
}

static int connect_as(void *arg)
{
	return dt_socket_connected(SOCK_RDM, arg);
}

ROW(E_CONN_06, EACCES, mailbox_may_not_be_written)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct sockaddr_dipc name = dt_name(e->name);

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0664)));
	NEED(dt_as_user(DT_NOBODY, connect_as, &name) == -EACCES);
	return dt_as_user(DT_NOBODY, connect_as, &mailbox);
}

ROW(E_CONN_07, EINVAL, too_short_for_a_family)
{
	struct sockaddr_dipc addr = { .sdipc_family = AF_UNSPEC };

	NEED(DT_ERR(connect(e->fd, sa(&addr), 0)) == -EINVAL);
	return DT_ERR(connect(e->fd, sa(&addr), 1));
}

ROW(E_NAME_01, ENOTCONN, not_connected)
{
	struct sockaddr_dipc addr;
	socklen_t len = sizeof(addr);

	return DT_ERR(getpeername(e->fd, sa(&addr), &len));
}

ROW(E_NAME_02, EFAULT, bad_pointer)
{
	struct sockaddr_dipc addr;
	socklen_t len = sizeof(addr);

	NEED(DT_ERR(getsockname(e->fd, sa(&addr), BAD)) == -EFAULT);
	NEED(DT_ERR(getpeername(e->tx, sa(&addr), BAD)) == -EFAULT);
	NEED(DT_ERR(getpeername(e->tx, BAD, &len)) == -EFAULT);
	return DT_ERR(getsockname(e->fd, BAD, &len));
}

ROW(E_NAME_03, EINVAL, negative_length)
{
	struct sockaddr_dipc addr;
	socklen_t len = -1;

	NEED(DT_ERR(getpeername(e->tx, sa(&addr), &len)) == -EINVAL);
	len = -1;
	return DT_ERR(getsockname(e->fd, sa(&addr), &len));
}

TEST_HARNESS_MAIN
