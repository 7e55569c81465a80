// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * How each system call on an AF_DIPC socket fails: one test for each row of
 * Documentation/errors.txt. ROW(id, errno, cause) is followed by the body,
 * which gives what the call gave. scripts/checks/errors.py compares the rows
 * there with those here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <linux/netlink.h>
#include <linux/sockios.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define BAD	((void *)8)
#define SKIPPED	99999
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

#define ROW_(fn, want)							\
	static long fn(env *e);						\
	TEST_F(errors, fn)						\
	{								\
		long got_ = fn(self);					\
									\
		if (got_ == SKIPPED)					\
			SKIP(return, "not possible here");		\
		EXPECT_EQ(-(want), got_);				\
	}								\
	static long fn(env *e)
#define ROW(id, want, cause) ROW_(id ## __ ## cause, want)

static struct sockaddr *sa(const void *addr)
{
	return (struct sockaddr *)addr;
}

/*
 * socket()
 */

ROW(E_SOCK_01, ESOCKTNOSUPPORT, type)
{
	return DT_ERR(socket(dt_family(), SOCK_STREAM, 0));
}

ROW(E_SOCK_02, EPROTONOSUPPORT, protocol)
{
	return DT_ERR(socket(dt_family(), SOCK_RDM, 1));
}

ROW(E_SOCK_03, EINVAL, unknown_flag)
{
	return DT_ERR(socket(dt_family(), SOCK_RDM | 0x10, 0));
}

ROW(E_SOCK_04, EINVAL, no_such_type)
{
	return DT_ERR(socket(dt_family(), 11, 0));
}

ROW(E_SOCK_05, EMFILE, too_many_descriptors)
{
	struct rlimit limit;

	NEED(!getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 0;
	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
	return dt_socket(SOCK_RDM);
}

/*
 * The module goes and comes: from the file that the guest was given.
 */

static int unload(void)
{
	return DT_ERR(syscall(SYS_delete_module, "dipc", O_NONBLOCK));
}

static int load(const char *params)
{
	const char *path = getenv("DIPC_KO");
	int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC);
	long err;

	if (fd < 0)
		return -errno;
	err = DT_ERR(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return err;
}

static bool can_reload(void)
{
	const char *path = getenv("DIPC_KO");

	return path && !access(path, R_OK) && !geteuid();
}

/* socket() and netlink load the module where they can: not now. */
static long without_autoload(long (*call)(void))
{
	static const char path[] = "/proc/sys/kernel/modprobe";
	char old[256] = "";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	long result;

	NEED(read(fd, old, sizeof(old) - 1) > 0);
	NEED(pwrite(fd, "\n", 1, 0) == 1);
	result = call();
	NEED(pwrite(fd, old, strlen(old), 0) == (ssize_t)strlen(old));
	close(fd);
	return result;
}

/* Without the module: what does call() give? Then it is there again. */
static long without_module(env *e, long (*call)(void))
{
	char params[32];
	long result;

	if (!can_reload())
		return SKIPPED;
	snprintf(params, sizeof(params), "family=%d", dt_family());
	close(e->fd);
	close(e->rx);
	close(e->tx);
	e->fd = e->rx = e->tx = -1;
	/* what is closed holds the module for a grace period more */
	NEED(DT_WAIT_UNTIL(!unload()));
	result = without_autoload(call);
	NEED(!load(params));
	NEED((e->fd = dt_socket(SOCK_RDM)) >= 0);
	return result;
}

static long make_socket(void)
{
	return dt_socket(SOCK_RDM);
}

static long load_with_no_family(void)
{
	return load("family=0");
}

static long load_with_a_taken_family(void)
{
	return load("family=1");
}

ROW(E_SOCK_06, EAFNOSUPPORT, no_module)
{
	return without_module(e, make_socket);
}

ROW(E_MOD_01, EAGAIN, unload_with_sockets_open)
{
	return unload();
}

ROW(E_MOD_02, EINVAL, load_with_no_family)
{
	return without_module(e, load_with_no_family);
}

ROW(E_MOD_03, EEXIST, load_with_a_taken_family)
{
	return without_module(e, load_with_a_taken_family);
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

/* A socket in a namespace where nobody may have another of these. */
static int limited(const char *name)
{
	if (dt_netns_new() || dt_limit_set(name, 0))
		return -1;
	return dt_socket(SOCK_RDM);
}

ROW(E_BIND_14, ENOBUFS, too_many_ports)
{
	struct sockaddr_dipc any = dt_any(), name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	int fd = limited("user_max_ports");

	NEED(fd >= 0);
	NEED(dt_bind(fd, &any) == -ENOBUFS);
	NEED(dt_bind(fd, &name) == -ENOBUFS);
	NEED(!dt_mailbox_new(e->name, NULL));
	return dt_bind(fd, &mailbox);
}

ROW(E_BIND_15, ENOBUFS, too_many_names)
{
	struct sockaddr_dipc name = dt_name(e->name);
	int fd = limited("user_max_names");

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

/*
 * send() and its relatives
 */

ROW(E_SEND_01, ENOTCONN, no_destination)
{
	NEED(DT_ERR(write(e->fd, "x", 1)) == -ENOTCONN);
	return dt_send(e->fd, "x", 1, 0, NULL);
}

ROW(E_SEND_02, EINVAL, to_any)
{
	struct sockaddr_dipc any = dt_any();

	return dt_send(e->tx, "x", 1, 0, &any);
}

ROW(E_SEND_03, EHOSTUNREACH, no_such_node)
{
	struct sockaddr_dipc addr = e->rx_addr;

	addr.sdipc_node = 7;
	return dt_send(e->fd, "x", 1, 0, &addr);
}

ROW(E_SEND_04, ECONNREFUSED, no_such_port)
{
	struct sockaddr_dipc addr = dt_port(4000 + getpid());

	return dt_send(e->fd, "x", 1, 0, &addr);
}

ROW(E_SEND_05, ENOENT, no_such_name)
{
	struct sockaddr_dipc addr = dt_name(e->name);

	return dt_send(e->fd, "x", 1, 0, &addr);
}

ROW(E_SEND_06, ENOENT, no_such_mailbox)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	NEED(dt_send(e->fd, "x", 1, 0, &mailbox) == -ENOENT);
	NEED(!dt_bind(e->rx, &name));
	return dt_send(e->fd, "x", 1, 0, &mailbox);
}

static int send_as(void *arg)
{
	return dt_send(dt_socket(SOCK_RDM), "x", 1, 0, arg);
}

ROW(E_SEND_07, EACCES, mailbox_may_not_be_written)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0664)));
	NEED(dt_as_user(DT_NOBODY, send_as, &mailbox) == -EACCES);
	/* looked at each time, for who has not connected */
	NEED(!dt_mailbox_set(e->name, DT_MAILBOX(.mode = 0662)));
	NEED(dt_as_user(DT_NOBODY, send_as, &mailbox) == 1);
	NEED(!dt_mailbox_set(e->name, DT_MAILBOX(.mode = 0600)));
	return dt_as_user(DT_NOBODY, send_as, &mailbox);
}

ROW(E_SEND_08, EMSGSIZE, one_byte_too_long)
{
	static char buf[65537];
	struct dipc_queue_conf conf = { 0, 10, 0, DIPC_POLICY_WAIT };

	NEED(dt_send(e->tx, buf, 65536, 0, NULL) == 65536);
	NEED(dt_send(e->tx, buf, 65537, 0, NULL) == -EMSGSIZE);
	/* of an unbuffered queue, too */
	NEED(!dt_set_conf(e->rx, &conf));
	return dt_send(e->tx, buf, 11, 0, NULL);
}

ROW(E_SEND_09, EMSGSIZE, longer_than_any_message)
{
	size_t len = (size_t)DIPC_MSG_LEN_MAX + 1;
	struct dipc_queue_conf conf = { 1, DIPC_MSG_LEN_MAX, DIPC_MSG_LEN_MAX };
	void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	NEED(p != MAP_FAILED);
	NEED(!dt_set_conf(e->rx, &conf));
	return dt_send(e->tx, p, len, 0, NULL);
}

static struct iovec many_iov[10000];

ROW(E_SEND_10, EMSGSIZE, ten_thousand_pieces)
{
	struct msghdr msg = { .msg_iov = many_iov, .msg_iovlen = 10000 };

	NEED(DT_ERR(sendmsg(e->tx, &msg, 0)) == -EMSGSIZE);
	/* the most that there may be */
	msg.msg_iovlen = 1024;
	NEED(DT_ERR(sendmsg(e->tx, &msg, 0)) == 0);
	msg.msg_iovlen = 1025;
	return DT_ERR(sendmsg(e->tx, &msg, 0));
}

ROW(E_SEND_11, EINVAL, writev_of_ten_thousand_pieces)
{
	return DT_ERR(syscall(SYS_writev, e->tx, many_iov, 10000));
}

ROW(E_SEND_12, EINVAL, piece_of_negative_length)
{
	struct iovec iov = { &iov, (size_t)SSIZE_MAX + 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	NEED(DT_ERR(writev(e->tx, &iov, 1)) == -EINVAL);
	return DT_ERR(sendmsg(e->tx, &msg, 0));
}

static bool fill(int fd)
{
	int err;

	while (!(err = dt_send_number(fd, 0, MSG_DONTWAIT, NULL)))
		;
	return err == -EAGAIN;
}

ROW(E_SEND_13, EAGAIN, full)
{
	NEED(!dt_set_capacity(e->rx, 2, DIPC_POLICY_WAIT));
	NEED(fill(e->tx));
	return dt_send_number(e->tx, 1, MSG_DONTWAIT, NULL);
}

ROW(E_SEND_14, EAGAIN, time_ran_out)
{
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_WAIT));
	NEED(fill(e->tx));
	NEED(!dt_set_timeout(e->tx, SO_SNDTIMEO, DT_SHORT_MS));
	return dt_send_number(e->tx, 1, 0, NULL);
}

ROW(E_SEND_15, EAGAIN, unbuffered_and_nobody_waits)
{
	NEED(!dt_set_capacity(e->rx, 0, DIPC_POLICY_WAIT));
	return dt_send_number(e->tx, 1, MSG_DONTWAIT, NULL);
}

ROW(E_SEND_16, EAGAIN, too_much_outstanding)
{
	int bound = 4096;

	NEED(!setsockopt(e->tx, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	NEED(fill(e->tx));
	NEED(dt_port_queued(e->rx_addr.sdipc_port) < 256);
	NEED(!dt_set_timeout(e->tx, SO_SNDTIMEO, DT_SHORT_MS));
	NEED(dt_send_number(e->tx, 1, 0, NULL) == -EAGAIN);
	return dt_send_number(e->tx, 1, MSG_DONTWAIT, NULL);
}

static int fill_as(void *arg)
{
	int fd = dt_socket_connected(SOCK_RDM, arg);

	return fill(fd) ? dt_send_number(fd, 1, MSG_DONTWAIT, NULL) : 1;
}

ROW(E_SEND_17, EAGAIN, quota_used_up)
{
	int err;

	NEED(!dt_set_capacity(e->rx, 8, DIPC_POLICY_WAIT));
	err = dt_as_user(DT_NOBODY, fill_as, &e->rx_addr);
	NEED(dt_port_queued(e->rx_addr.sdipc_port) == 4);
	return err;
}

ROW(E_SEND_18, ENOBUFS, refused)
{
	NEED(!dt_set_capacity(e->rx, 0, DIPC_POLICY_REFUSE));
	NEED(dt_send_number(e->tx, 1, 0, NULL) == -ENOBUFS);
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_REFUSE));
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	return dt_send_number(e->tx, 1, 0, NULL);
}

ROW(E_SEND_19, ENOBUFS, too_many_bytes_of_the_user)
{
	struct sockaddr_dipc any = dt_any();
	int fd = limited("user_max_bytes");

	NEED(fd >= 0);
	NEED(!dt_bind(fd, &any));
	any = dt_port_of(fd);
	/* under every policy, and however long one would wait */
	NEED(dt_send_number(fd, 1, 0, &any) == -ENOBUFS);
	NEED(!dt_set_capacity(fd, 1, DIPC_POLICY_DROP_OLDEST));
	return dt_send_number(fd, 1, 0, &any);
}

ROW(E_SEND_20, ENOBUFS, too_many_ports)
{
	struct sockaddr_dipc addr;
	int rx, fd;

	NEED(!dt_netns_new());
	rx = dt_socket(SOCK_RDM);
	addr = dt_port_of(rx);
	NEED(!dt_limit_set("user_max_ports", 0));
	fd = dt_socket(SOCK_RDM);
	return dt_send_number(fd, 1, 0, &addr);
}

ROW(E_SEND_21, EFAULT, bad_payload)
{
	NEED(dt_send(e->tx, BAD, 10, 0, NULL) == -EFAULT);
	NEED(dt_port_queued(e->rx_addr.sdipc_port) == 0);
	return dt_send(e->tx, BAD, 10000, 0, NULL);
}

ROW(E_SEND_22, EFAULT, bad_header)
{
	struct msghdr msg = { .msg_iov = BAD, .msg_iovlen = 1 };

	NEED(DT_ERR(sendmsg(e->tx, &msg, 0)) == -EFAULT);
	NEED(DT_ERR(syscall(SYS_writev, e->tx, BAD, 1)) == -EFAULT);
	NEED(DT_ERR(syscall(SYS_sendmmsg, e->tx, BAD, 1, 0)) == -EFAULT);
	return DT_ERR(syscall(SYS_sendmsg, e->tx, BAD, 0));
}

ROW(E_SEND_23, EFAULT, bad_control)
{
	struct msghdr msg = { .msg_control = BAD, .msg_controllen = 64 };

	return DT_ERR(sendmsg(e->tx, &msg, 0));
}

static long send_control(int fd, int level, int type, size_t cmsg_len,
			 size_t controllen)
{
	union {
		struct cmsghdr cmsg;
		char buf[128];
	} u = { 0 };
	struct msghdr msg = { .msg_control = &u,
			      .msg_controllen = controllen };

	u.cmsg.cmsg_level = level;
	u.cmsg.cmsg_type = type;
	u.cmsg.cmsg_len = cmsg_len;
	return DT_ERR(sendmsg(fd, &msg, 0));
}

ROW(E_SEND_24, EINVAL, control_of_dipc)
{
	NEED(send_control(e->tx, SOL_DIPC, 1, CMSG_LEN(8), CMSG_SPACE(8)) ==
	     -EINVAL);
	return send_control(e->tx, SOL_DIPC, 999, CMSG_LEN(0), CMSG_SPACE(0));
}

ROW(E_SEND_25, EINVAL, control_of_sol_socket)
{
	NEED(send_control(e->tx, SOL_SOCKET, SCM_CREDENTIALS, CMSG_LEN(12),
			  CMSG_SPACE(12)) == -EINVAL);
	return send_control(e->tx, SOL_SOCKET, SCM_RIGHTS, CMSG_LEN(4),
			    CMSG_SPACE(4));
}

ROW(E_SEND_26, EINVAL, control_malformed)
{
	/* of a foreign level it would else mean nothing */
	NEED(!send_control(e->tx, IPPROTO_IP, 1, CMSG_LEN(8), CMSG_SPACE(8)));
	NEED(send_control(e->tx, IPPROTO_IP, 1, 0, 64) == -EINVAL);
	NEED(send_control(e->tx, IPPROTO_IP, 1, sizeof(struct cmsghdr) - 1,
			  64) == -EINVAL);
	return send_control(e->tx, IPPROTO_IP, 1, 65, 64);
}

ROW(E_SEND_27, ENOBUFS, control_too_long)
{
	size_t len = 4 << 20;
	struct msghdr msg = { .msg_controllen = len };

	msg.msg_control = mmap(NULL, len, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(msg.msg_control != MAP_FAILED);
	return DT_ERR(sendmsg(e->tx, &msg, 0));
}

ROW(E_SEND_28, EOPNOTSUPP, out_of_band)
{
	return dt_send(e->tx, "x", 1, MSG_OOB, NULL);
}

static long send_waits(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

static long recv_waits(void *arg)
{
	return dt_recv_number(*(int *)arg, 0);
}

static long peek_waits(void *arg)
{
	return dt_recv_number(*(int *)arg, MSG_PEEK);
}

/* Asleep in send(): on a queue that is full already. */
static bool start_sender(struct dt_thread *t, int *fd)
{
	return fill(*fd) && !dt_thread_start(t, send_waits, fd) &&
	       dt_wait_asleep(t->tid, SYS_sendto);
}

static bool start_receiver(struct dt_thread *t, int *fd, bool peeks)
{
	return !dt_thread_start(t, peeks ? peek_waits : recv_waits, fd) &&
	       dt_wait_asleep(t->tid, SYS_recvfrom);
}

static long interrupted(struct dt_thread *t)
{
	syscall(SYS_tgkill, getpid(), t->tid, SIGUSR1);
	return dt_thread_join(t);
}

ROW(E_SEND_29, EINTR, interrupted)
{
	int bound = 4096;
	struct dt_thread t;

	NEED(!dt_count_signal(SIGUSR1, 0));
	NEED(start_sender(&t, &e->tx));
	NEED(interrupted(&t) == -EINTR);
	/* waiting for SO_SNDBUF */
	NEED(!setsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	NEED(!dt_set_capacity(e->rx, 1000, DIPC_POLICY_WAIT));
	NEED(!dt_connect(e->fd, &e->rx_addr));
	NEED(start_sender(&t, &e->fd));
	return interrupted(&t);
}

ROW(E_SEND_30, ECONNREFUSED, port_closed)
{
	struct dt_thread t;

	NEED(start_sender(&t, &e->tx));
	close(e->rx);
	e->rx = -1;
	NEED(dt_thread_join(&t) == -ECONNREFUSED);
	return dt_send_number(e->tx, 1, 0, NULL);
}

ROW(E_SEND_31, ECONNREFUSED, nobody_has_the_name_any_more)
{
	struct sockaddr_dipc name = dt_name(e->name);

	NEED(!dt_bind(e->rx, &name));
	NEED(!dt_connect(e->fd, &name));
	close(e->rx);
	e->rx = -1;
	return dt_send_number(e->fd, 1, 0, NULL);
}

ROW(E_SEND_32, ECONNREFUSED, port_of_who_is_bound_to_a_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name), port;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_bind(e->fd, &mailbox));
	port = dt_port_of(e->fd);
	return dt_send_number(e->tx, 1, 0, &port);
}

ROW(E_SEND_33, EIDRM, mailbox_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct dt_thread t;

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.capacity_msgs = 1)));
	NEED(!dt_connect(e->fd, &mailbox));
	NEED(start_sender(&t, &e->fd));
	NEED(!dt_mailbox_del(e->name));
	NEED(dt_thread_join(&t) == -EIDRM);
	return dt_send_number(e->fd, 1, 0, NULL);
}

ROW(E_SEND_34, EMSGSIZE, limit_lowered_while_it_waits)
{
	struct dipc_queue_conf conf = { 1, 3, 100, DIPC_POLICY_WAIT };
	struct dt_thread t;

	NEED(start_sender(&t, &e->tx));
	NEED(!dt_set_conf(e->rx, &conf));
	return dt_thread_join(&t);
}

/*
 * recv() and its relatives
 */

ROW(E_RECV_01, EAGAIN, nothing_there)
{
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT | MSG_PEEK) == -EAGAIN);
	return dt_recv_number(e->rx, MSG_DONTWAIT);
}

ROW(E_RECV_02, EAGAIN, time_ran_out)
{
	NEED(!dt_set_timeout(e->rx, SO_RCVTIMEO, DT_SHORT_MS));
	NEED(dt_recv_number(e->rx, MSG_PEEK) == -EAGAIN);
	return dt_recv_number(e->rx, 0);
}

ROW(E_RECV_03, EINTR, interrupted)
{
	struct dt_thread t;

	NEED(!dt_count_signal(SIGUSR1, 0));
	NEED(start_receiver(&t, &e->rx, true));
	NEED(interrupted(&t) == -EINTR);
	NEED(start_receiver(&t, &e->rx, false));
	return interrupted(&t);
}

ROW(E_RECV_04, EFAULT, bad_payload)
{
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(!dt_send_number(e->tx, 2, 0, NULL));
	NEED(dt_recv(e->rx, BAD, 4, MSG_PEEK, NULL) == -EFAULT);
	err = dt_recv(e->rx, BAD, 4, 0, NULL);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 2);
	return err;
}

ROW(E_RECV_05, EFAULT, bad_second_piece)
{
	char buf[2];
	struct iovec iov[2] = { { buf, 2 }, { BAD, 2 } };
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	err = DT_ERR(readv(e->rx, iov, 2));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	return err;
}

ROW(E_RECV_06, EFAULT, bad_header)
{
	struct msghdr msg = { .msg_iov = BAD, .msg_iovlen = 1 };
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(DT_ERR(recvmsg(e->rx, &msg, 0)) == -EFAULT);
	NEED(DT_ERR(syscall(SYS_readv, e->rx, BAD, 1)) == -EFAULT);
	err = DT_ERR(syscall(SYS_recvmsg, e->rx, BAD, 0));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	return err;
}

ROW(E_RECV_07, EFAULT, bad_place_for_the_source)
{
	socklen_t len = sizeof(struct sockaddr_dipc);
	long err;
	char c;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(!dt_send_number(e->tx, 2, 0, NULL));
	NEED(DT_ERR(recvfrom(e->rx, &c, 1, 0, BAD, &len)) == -EFAULT);
	err = DT_ERR(recvfrom(e->rx, &c, 1, 0, sa(many_iov), BAD));
	/* the socket layer looks at these after the message was taken */
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == -EAGAIN);
	return err;
}

ROW(E_RECV_08, EINVAL, negative_length_for_the_source)
{
	char name[96];
	struct msghdr msg = { .msg_name = name, .msg_namelen = -1 };

	return DT_ERR(recvmsg(e->rx, &msg, MSG_DONTWAIT));
}

ROW(E_RECV_09, EMSGSIZE, ten_thousand_pieces)
{
	struct msghdr msg = { .msg_iov = many_iov, .msg_iovlen = 10000 };

	return DT_ERR(recvmsg(e->rx, &msg, MSG_DONTWAIT));
}

ROW(E_RECV_10, EINVAL, readv_of_ten_thousand_pieces)
{
	return DT_ERR(syscall(SYS_readv, e->rx, many_iov, 10000));
}

ROW(E_RECV_11, EOPNOTSUPP, out_of_band)
{
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	return dt_recv_number(e->rx, MSG_OOB);
}

ROW(E_RECV_12, EAGAIN, error_queue_empty)
{
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	return dt_recv_number(e->rx, MSG_ERRQUEUE);
}

ROW(E_RECV_13, EIDRM, mailbox_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct dt_thread receiver, peeker;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_bind(e->fd, &mailbox));
	NEED(start_receiver(&receiver, &e->fd, false));
	NEED(start_receiver(&peeker, &e->fd, true));
	NEED(!dt_mailbox_del(e->name));
	NEED(dt_thread_join(&receiver) == -EIDRM);
	NEED(dt_thread_join(&peeker) == -EIDRM);
	NEED(dt_recv_number(e->fd, MSG_PEEK) == -EIDRM);
	NEED(dt_recv_number(e->fd, MSG_DONTWAIT) == -EIDRM);
	return dt_recv_number(e->fd, 0);
}

ROW(E_RECV_14, ENOBUFS, too_many_ports)
{
	int fd = limited("user_max_ports");

	NEED(fd >= 0);
	return dt_recv_number(fd, MSG_DONTWAIT);
}

ROW(E_RECV_15, EINVAL, recvmmsg_for_an_impossible_time)
{
	struct timespec ts = { 0, 1000000000 };
	struct mmsghdr m = { 0 };

	return DT_ERR(recvmmsg(e->rx, &m, 1, MSG_DONTWAIT, &ts));
}

/*
 * setsockopt(), getsockopt()
 */

static long set(int fd, int name, const void *value, socklen_t len)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, name, value, len));
}

static long set_int(int fd, int name, int value)
{
	return set(fd, name, &value, sizeof(value));
}

static long get(int fd, int name, void *value, socklen_t len)
{
	return DT_ERR(getsockopt(fd, SOL_DIPC, name, value, &len));
}

static long set_conf(env *e, uint32_t msgs, uint32_t max, uint64_t bytes,
		     uint8_t policy)
{
	struct dipc_queue_conf conf = { msgs, max, bytes, policy };

	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_01, ENOPROTOOPT, no_such_option)
{
	uint64_t value = 0;

	NEED(set(e->fd, 0, &value, 4) == -ENOPROTOOPT);
	NEED(set(e->fd, 999, &value, 4) == -ENOPROTOOPT);
	NEED(get(e->fd, 0, &value, 8) == -ENOPROTOOPT);
	return get(e->fd, 999, &value, 8);
}

ROW(E_OPT_02, ENOPROTOOPT, other_level)
{
	int value = 0;
	socklen_t len = 4;

	NEED(DT_ERR(setsockopt(e->fd, IPPROTO_TCP, DIPC_NOTIFY, &value, 4)) ==
	     -ENOPROTOOPT);
	return DT_ERR(getsockopt(e->fd, IPPROTO_IP, DIPC_NOTIFY, &value, &len));
}

ROW(E_OPT_03, ENOPROTOOPT, read_only)
{
	uint64_t id = 5;

	return set(e->fd, DIPC_PORT_ID, &id, sizeof(id));
}

ROW(E_OPT_04, EINVAL, limits_too_short)
{
	struct dipc_queue_conf conf;
	socklen_t len;

	NEED(!dt_get_conf(e->rx, &conf));
	for (len = 0; len < sizeof(conf) - 1; len++)
		NEED(set(e->rx, DIPC_QUEUE, &conf, len) == -EINVAL);
	return set(e->rx, DIPC_QUEUE, &conf, len);
}

ROW(E_OPT_05, E2BIG, limits_not_zero_behind)
{
	char conf[256] = { 0 };
	int i;

	NEED(!get(e->rx, DIPC_QUEUE, conf, 40));
	for (i = 40; i < 255; i++) {
		conf[i] = 1;
		NEED(set(e->rx, DIPC_QUEUE, conf, i + 1) == -E2BIG);
		conf[i] = 0;
	}
	conf[255] = 1;
	return set(e->rx, DIPC_QUEUE, conf, 256);
}

ROW(E_OPT_06, EINVAL, limits_too_long)
{
	char conf[300] = { 0 };

	NEED(!get(e->rx, DIPC_QUEUE, conf, 40));
	NEED(set(e->rx, DIPC_QUEUE, conf, -1) == -EINVAL);
	return set(e->rx, DIPC_QUEUE, conf, 257);
}

ROW(E_OPT_07, EINVAL, unknown_policy)
{
	NEED(set_conf(e, 1, 1, 1, 255) == -EINVAL);
	return set_conf(e, 1, 1, 1, DIPC_POLICY_DROP_OLDEST + 1);
}

ROW(E_OPT_08, EINVAL, limits_reserved)
{
	struct dipc_queue_conf conf;
	int i;

	NEED(!dt_get_conf(e->rx, &conf));
	for (i = 0; i < (int)sizeof(conf.reserved) - 1; i++) {
		conf.reserved[i] = 1;
		NEED(dt_set_conf(e->rx, &conf) == -EINVAL);
		conf.reserved[i] = 0;
	}
	conf.reserved[i] = 1;
	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_09, EINVAL, largest_message_too_large)
{
	NEED(!set_conf(e, 1, DIPC_MSG_LEN_MAX, DIPC_MSG_LEN_MAX, 0));
	NEED(set_conf(e, 1, UINT32_MAX, UINT64_MAX, 0) == -EINVAL);
	return set_conf(e, 1, DIPC_MSG_LEN_MAX + 1, UINT64_MAX, 0);
}

ROW(E_OPT_10, EINVAL, largest_message_above_capacity)
{
	/* unbuffered, it has no capacity */
	NEED(!set_conf(e, 0, 100, 0, 0));
	NEED(!set_conf(e, 1, 100, 100, 0));
	return set_conf(e, 1, 100, 99, 0);
}

ROW(E_OPT_11, EFAULT, bad_pointer)
{
	int value;

	NEED(set(e->fd, DIPC_QUEUE, BAD, 40) == -EFAULT);
	NEED(set(e->fd, DIPC_NOTIFY, BAD, 4) == -EFAULT);
	NEED(set(e->fd, DIPC_REUSE_NAME, BAD, 4) == -EFAULT);
	NEED(get(e->fd, DIPC_QUEUE, BAD, 40) == -EFAULT);
	NEED(get(e->fd, DIPC_NOTIFY, BAD, 4) == -EFAULT);
	NEED(DT_ERR(getsockopt(e->fd, SOL_DIPC, DIPC_NOTIFY, &value, BAD)) ==
	     -EFAULT);
	return get(e->fd, DIPC_PORT_ID, BAD, 8);
}

ROW(E_OPT_12, EFAULT, bad_memory_behind_the_limits)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED && !mprotect(p + page, page, PROT_NONE));
	NEED(!get(e->rx, DIPC_QUEUE, p + page - 40, 40));
	NEED(set(e->rx, DIPC_QUEUE, p + page - 39, 40) == -EFAULT);
	return set(e->rx, DIPC_QUEUE, p + page - 40, 41);
}

ROW(E_OPT_13, EINVAL, too_little_room)
{
	char buf[40];

	NEED(get(e->fd, DIPC_PORT_ID, buf, 7) == -EINVAL);
	NEED(get(e->fd, DIPC_NOTIFY, buf, 3) == -EINVAL);
	NEED(get(e->fd, DIPC_REUSE_NAME, buf, 0) == -EINVAL);
	NEED(get(e->fd, DIPC_QUEUE, buf, -1) == -EINVAL);
	return get(e->fd, DIPC_QUEUE, buf, 39);
}

ROW(E_OPT_14, EINVAL, switch_neither_0_nor_1)
{
	NEED(set_int(e->fd, DIPC_REUSE_NAME, 2) == -EINVAL);
	NEED(set_int(e->fd, DIPC_REUSE_NAME, -1) == -EINVAL);
	NEED(set_int(e->fd, DIPC_NOTIFY, -1) == -EINVAL);
	return set_int(e->fd, DIPC_NOTIFY, 2);
}

ROW(E_OPT_15, EINVAL, switch_of_another_length)
{
	uint64_t value = 1;

	NEED(set(e->fd, DIPC_NOTIFY, &value, 0) == -EINVAL);
	NEED(set(e->fd, DIPC_NOTIFY, &value, 3) == -EINVAL);
	NEED(set(e->fd, DIPC_NOTIFY, &value, 8) == -EINVAL);
	return set(e->fd, DIPC_REUSE_NAME, &value, 8);
}

ROW(E_OPT_16, EOPNOTSUPP, limits_of_a_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct dipc_queue_conf conf;

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.capacity_msgs = 77)));
	NEED(!dt_bind(e->fd, &mailbox));
	/* they can be read */
	NEED(!dt_get_conf(e->fd, &conf) && conf.capacity_msgs == 77);
	return dt_set_conf(e->fd, &conf);
}

ROW(E_OPT_17, ENOBUFS, number_of_who_may_have_no_port)
{
	int fd = limited("user_max_ports");
	uint64_t id;

	NEED(fd >= 0);
	return get(fd, DIPC_PORT_ID, &id, sizeof(id));
}

/*
 * ioctl()
 */

ROW(E_IOCTL_01, ENOTTY, unknown)
{
	int value;

	NEED(DT_ERR(ioctl(e->rx, 0x8906, &value)) == -ENOTTY);
	return DT_ERR(ioctl(e->rx, 0x4401, &value));
}

ROW(E_IOCTL_02, EFAULT, bad_pointer)
{
	NEED(DT_ERR(ioctl(e->fd, SIOCINQ, BAD)) == -EFAULT);
	return DT_ERR(ioctl(e->fd, SIOCOUTQ, BAD));
}

ROW(E_IOCTL_03, EIDRM, mailbox_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	int value;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_bind(e->fd, &mailbox));
	NEED(DT_ERR(ioctl(e->fd, SIOCINQ, &value)) == 0);
	NEED(!dt_mailbox_del(e->name));
	return DT_ERR(ioctl(e->fd, SIOCINQ, &value));
}

/*
 * Calls that these sockets do not have
 */

ROW(E_CALL_01, EOPNOTSUPP, listen)
{
	return DT_ERR(listen(e->rx, 1));
}

ROW(E_CALL_02, EOPNOTSUPP, accept)
{
	NEED(DT_ERR(accept4(e->rx, NULL, NULL, SOCK_CLOEXEC)) == -EOPNOTSUPP);
	return DT_ERR(accept(e->rx, NULL, NULL));
}

ROW(E_CALL_03, EOPNOTSUPP, socketpair)
{
	int sv[2];

	return DT_ERR(socketpair(dt_family(), SOCK_RDM, 0, sv));
}

ROW(E_CALL_04, EOPNOTSUPP, shutdown)
{
	NEED(DT_ERR(shutdown(e->tx, SHUT_RD)) == -EOPNOTSUPP);
	NEED(DT_ERR(shutdown(e->tx, SHUT_WR)) == -EOPNOTSUPP);
	return DT_ERR(shutdown(e->tx, SHUT_RDWR));
}

ROW(E_CALL_05, ENODEV, mmap)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, e->rx, 0);

	return p == MAP_FAILED ? -errno : 0;
}

ROW(E_CALL_06, ESPIPE, lseek)
{
	char c;

	NEED(DT_ERR(pread(e->rx, &c, 1, 0)) == -ESPIPE);
	return DT_ERR(lseek(e->rx, 0, SEEK_SET));
}

ROW(E_CALL_07, ENOTSOCK, not_a_socket)
{
	int fd = open("/dev/null", O_RDWR);

	NEED(dt_bind(fd, &e->rx_addr) == -ENOTSOCK);
	NEED(dt_recv_number(fd, 0) == -ENOTSOCK);
	return dt_send_number(fd, 1, 0, &e->rx_addr);
}

ROW(E_CALL_08, EBADF, not_a_descriptor)
{
	NEED(dt_bind(-1, &e->rx_addr) == -EBADF);
	NEED(dt_recv_number(-1, 0) == -EBADF);
	return dt_send_number(-1, 1, 0, &e->rx_addr);
}

/*
 * Netlink: the errors by their kind; netlink.c has them by attribute, with the
 * texts
 */

static int nl_start(struct dt_nl *nl, uint8_t cmd, uint16_t flags,
		    const char *name)
{
	int err = dt_nl_open(nl);

	if (err)
		return err;
	dt_nl_begin(nl, cmd, flags);
	if (name)
		dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	return 0;
}

static long nl_end(struct dt_nl *nl)
{
	long err = dt_nl_call(nl, NULL, NULL, NULL);

	dt_nl_close(nl);
	return err;
}

ROW(E_NL_01, EINVAL, attribute_missing)
{
	static const uint8_t cmds[] = {
		DIPC_CMD_MAILBOX_SET, DIPC_CMD_MAILBOX_DEL,
		DIPC_CMD_MAILBOX_PURGE, DIPC_CMD_MAILBOX_GET, DIPC_CMD_PORT_GET,
		DIPC_CMD_NAME_GET,
	};
	struct dt_nl nl;
	size_t i;

	for (i = 0; i < sizeof(cmds); i++) {
		NEED(!nl_start(&nl, cmds[i], 0, NULL));
		NEED(nl_end(&nl) == -EINVAL);
	}
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, NULL));
	return nl_end(&nl);
}

ROW(E_NL_02, EINVAL, attribute_unknown_or_of_another_command)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u32(&nl, 100, 0);
	NEED(nl_end(&nl) == -EINVAL);
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u32(&nl, DIPC_A_MAILBOX_QUEUED_MSGS, 0);
	return nl_end(&nl);
}

ROW(E_NL_03, EINVAL, attribute_doubled)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_str(&nl, DIPC_A_MAILBOX_NAME, e->name);
	return nl_end(&nl);
}

ROW(E_NL_04, EINVAL, attribute_of_another_length)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put(&nl, DIPC_A_MAILBOX_MODE, "ab", 2);
	NEED(nl_end(&nl) == -EINVAL);
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u64(&nl, DIPC_A_MAILBOX_CAPACITY_MSGS, 1);
	return nl_end(&nl);
}

ROW(E_NL_05, ERANGE, value_out_of_range)
{
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.mode = 01000)) == -ERANGE);
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.scope = 3)) == -ERANGE);
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(
				.msg_max_bytes = DIPC_MSG_LEN_MAX + 1)) ==
	     -ERANGE);
	return dt_mailbox_new(e->name, DT_MAILBOX(.policy = 4));
}

ROW(E_NL_06, EINVAL, name_that_is_none)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	NEED(dt_mailbox_new(name, NULL) == -EINVAL);
	name[64] = 'a';
	name[255] = '\0';
	NEED(dt_mailbox_new(name, NULL) == -EINVAL);
	NEED(dt_mailbox_new("", NULL) == -EINVAL);
	NEED(dt_mailbox_new("dipc.x", NULL) == -EINVAL);
	NEED(dt_mailbox_del("a b") == -EINVAL);
	return dt_mailbox_new(".a", NULL);
}

ROW(E_NL_07, EINVAL, limits_that_contradict)
{
	return dt_mailbox_new(e->name, DT_MAILBOX(.capacity_bytes = 10,
						  .msg_max_bytes = 11));
}

ROW(E_NL_08, EINVAL, no_such_user)
{
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.gid = UINT32_MAX)) == -EINVAL);
	return dt_mailbox_new(e->name, DT_MAILBOX(.uid = UINT32_MAX));
}

ROW(E_NL_09, EEXIST, name_taken)
{
	struct sockaddr_dipc name = dt_name(e->name);

	NEED(!dt_bind(e->fd, &name));
	NEED(dt_mailbox_new(e->name, NULL) == -EEXIST);
	close(e->fd);
	e->fd = -1;
	NEED(!dt_mailbox_new(e->name, NULL));
	return dt_mailbox_new(e->name, NULL);
}

ROW(E_NL_10, ENOENT, not_there)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct dt_queue q;

	NEED(dt_mailbox_del(e->name) == -ENOENT);
	NEED(dt_mailbox_purge(e->name, NULL) == -ENOENT);
	NEED(dt_mailbox_set(e->name, DT_MAILBOX(.mode = 0)) == -ENOENT);
	NEED(dt_port_get(4000 + getpid(), &q) == -ENOENT);
	/* a name of ports is no mailbox */
	NEED(!dt_bind(e->fd, &name));
	NEED(dt_mailbox_del(e->name) == -ENOENT);
	return dt_mailbox_get(e->name, &q);
}

static int change_as(void *arg)
{
	return dt_mailbox_set(arg, DT_MAILBOX(.mode = 0777));
}

static int delete_as(void *arg)
{
	return dt_mailbox_del(arg);
}

static int purge_as(void *arg)
{
	return dt_mailbox_purge(arg, NULL);
}

ROW(E_NL_11, EPERM, mailbox_of_somebody_else)
{
	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0777)));
	NEED(dt_as_user(DT_NOBODY, change_as, e->name) == -EPERM);
	NEED(dt_as_user(DT_NOBODY, purge_as, e->name) == -EPERM);
	return dt_as_user(DT_NOBODY, delete_as, e->name);
}

static int give_away_as(void *arg)
{
	int err = dt_mailbox_new(arg, NULL);

	if (err)
		return err;
	if (dt_mailbox_set(arg, DT_MAILBOX(.gid = 0)) != -EPERM)
		return 1;
	return dt_mailbox_set(arg, DT_MAILBOX(.uid = 0));
}

ROW(E_NL_12, EPERM, given_away_without_privilege)
{
	return dt_as_user(DT_NOBODY, give_away_as, e->name);
}

ROW(E_NL_13, ENOBUFS, too_many_mailboxes)
{
	NEED(limited("user_max_mailboxes") >= 0);
	NEED(dt_mailbox_new(e->name, NULL) == -ENOBUFS);
	NEED(limited("user_max_names") >= 0);
	return dt_mailbox_new(e->name, NULL);
}

ROW(E_NL_14, EOPNOTSUPP, no_such_command)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_STATS_GET, NLM_F_DUMP, NULL));
	NEED(nl_end(&nl) == -EOPNOTSUPP);
	NEED(!nl_start(&nl, DIPC_CMD_NAME_NEW_NTF, 0, NULL));
	NEED(nl_end(&nl) == -EOPNOTSUPP);
	NEED(!nl_start(&nl, 200, 0, NULL));
	return nl_end(&nl);
}

ROW(E_NL_15, EINVAL, flag_that_means_nothing)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, NLM_F_REPLACE, e->name));
	return nl_end(&nl);
}

ROW(E_NL_16, EINVAL, dump_of_one)
{
	struct dt_nl nl;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_GET, NLM_F_DUMP, e->name));
	return nl_end(&nl);
}

static long netlink_without_module(void)
{
	struct dt_nl nl;

	return dt_nl_open(&nl);
}

ROW(E_NL_17, ENOENT, no_module)
{
	return without_module(e, netlink_without_module);
}

/*
 * And after all that nothing is left.
 */

TEST_F(errors, failed_calls_leave_nothing_behind)
{
	struct sockaddr_dipc name = dt_name(self->name);
	struct dt_stats before, after;
	int i, out;

	ASSERT_NE(0, dt_port_id(self->tx));
	ASSERT_EQ(0, dt_stats_get(&before));
	for (i = 0; i < 100; i++) {
		dt_send(self->tx, BAD, 10000, 0, NULL);
		dt_send(self->tx, "x", 1, MSG_OOB, NULL);
		dt_send(self->fd, "x", 1, 0, &name);
		dt_send(self->tx, "x", 65537, 0, NULL);
		dt_recv(self->rx, BAD, 4, MSG_DONTWAIT, NULL);
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.messages, after.messages);
	/* who sends to a name that nobody has is not given a port */
	EXPECT_EQ(before.ports, after.ports);
	EXPECT_EQ(before.names, after.names);
	EXPECT_EQ(100, after.counter[DIPC_REASON_FAULT] -
		       before.counter[DIPC_REASON_FAULT]);
	EXPECT_EQ(100, after.counter[DIPC_REASON_NO_NAME] -
		       before.counter[DIPC_REASON_NO_NAME]);
	EXPECT_EQ(100, after.counter[DIPC_REASON_TOO_LONG] -
		       before.counter[DIPC_REASON_TOO_LONG]);
	ASSERT_EQ(0, ioctl(self->tx, SIOCOUTQ, &out));
	EXPECT_EQ(0, out);
}

TEST_HARNESS_MAIN
