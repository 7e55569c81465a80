// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: mailboxes, by name and by handle, each function,
 * what it gives and how it fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

/*
 * Mailboxes by name
 */

FIXTURE(mailbox)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_attr attr;
	struct ipc_mailbox_stat st;
	struct ipc_mailbox *rx, *tx;
};

FIXTURE_SETUP(mailbox)
{
	int err;

	dt_unique(self->name, "mbox");
	err = ipc_mailbox_create(self->name, NULL, O_EXCL);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &self->rx));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_WRONLY, NULL, &self->tx));
}

FIXTURE_TEARDOWN(mailbox)
{
	ipc_mailbox_close(self->rx);
	ipc_mailbox_close(self->tx);
	ipc_mailbox_delete(self->name);
}

static int set_limits(const char *name, uint32_t msgs, uint32_t policy)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_CAPACITY_MSGS | IPC_MAILBOX_POLICY,
		.capacity_msgs = msgs,
		.policy = policy,
	};

	return ipc_mailbox_set(name, &attr);
}

TEST(mailbox_create_with_attributes)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_UID | IPC_MAILBOX_GID | IPC_MAILBOX_MODE |
			  IPC_MAILBOX_CAPACITY_MSGS |
			  IPC_MAILBOX_CAPACITY_BYTES |
			  IPC_MAILBOX_MSG_MAX_BYTES | IPC_MAILBOX_POLICY |
			  IPC_MAILBOX_SCOPE | IPC_MAILBOX_TRANSIENT |
			  IPC_MAILBOX_ORDER,
		.uid = 12,
		.gid = 34,
		.mode = 0625,
		.capacity_msgs = 5,
		.capacity_bytes = 5000,
		.msg_max_bytes = 1000,
		.policy = DIPC_POLICY_DROP_OLDEST,
		.scope = DIPC_SCOPE_NODE,
		.transient = 1,
		.order = DIPC_ORDER_PRIORITY,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_stat st;

	dt_unique(name, "attr");
	ASSERT_EQ(0, ipc_mailbox_create(name, &attr, O_EXCL));
	ASSERT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, memcmp(&attr, &st.attr, sizeof(attr)))
		TH_LOG("fields %x %x mode %o %o transient %u", attr.fields,
		       st.attr.fields, attr.mode, st.attr.mode,
		       st.attr.transient);
	EXPECT_EQ(0, st.queued_msgs);
	EXPECT_EQ(0, st.queued_bytes);
	EXPECT_EQ(0, st.users);
	EXPECT_EQ(0, st.dropped);
	EXPECT_EQ(0, ipc_mailbox_delete(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_delete(name));
}

TEST_F(mailbox, create_again)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_CAPACITY_MSGS,
		.capacity_msgs = 3,
	};

	EXPECT_EQ(1, ipc_mailbox_create(self->name, &attr, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(self->name, &attr, O_EXCL));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_NE(3, self->st.attr.capacity_msgs);
}

TEST(mailbox_create_over_a_port)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox_stat st;
	struct sockaddr_dipc addr;
	struct ipc_mailbox *mb;
	int fd;

	dt_unique(name, "port");
	ASSERT_EQ(0, ipc_addr_name(name, 0, &addr));
	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipc_bind(fd, &addr));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(name, NULL, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(name, NULL, O_EXCL));
	EXPECT_EQ(-EEXIST, ipc_mailbox_open(name, O_RDONLY | O_CREAT, NULL,
					    &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(-ENOENT, ipc_mailbox_delete(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_purge(name));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_WRONLY, NULL, &mb));
	close(fd);
}

TEST(mailbox_create_refuses_bad_values)
{
	static const struct ipc_mailbox_attr attrs[] = {
		{ .fields = IPC_MAILBOX_MODE, .mode = 01000 },
		{ .fields = IPC_MAILBOX_POLICY, .policy = 4 },
		{ .fields = IPC_MAILBOX_SCOPE, .scope = 3 },
		{ .fields = IPC_MAILBOX_MSG_MAX_BYTES,
		  .msg_max_bytes = DIPC_MSG_LEN_MAX + 1 },
		{ .fields = IPC_MAILBOX_MSG_MAX_BYTES |
			    IPC_MAILBOX_CAPACITY_BYTES,
		  .msg_max_bytes = 1000, .capacity_bytes = 999 },
		{ .fields = IPC_MAILBOX_UID, .uid = (uint32_t)-1 },
		{ .fields = IPC_MAILBOX_GID, .gid = (uint32_t)-1 },
	};
	char name[DIPC_NAME_MAX + 1];
	size_t i;
	int err;

	dt_unique(name, "bad");
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		err = ipc_mailbox_create(name, &attrs[i], 0);
		EXPECT_TRUE(err == -EINVAL || err == -ERANGE)
			TH_LOG("row %zu: %d", i, err);
		if (!err)
			ipc_mailbox_delete(name);
	}
	EXPECT_EQ(-EINVAL, ipc_mailbox_create("dipc.reserved", NULL, 0));
}

TEST_F(mailbox, set_changes_what_is_asked)
{
	struct ipc_mailbox_attr before;

	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	before = self->st.attr;

	self->attr.fields = IPC_MAILBOX_MODE | IPC_MAILBOX_CAPACITY_MSGS;
	self->attr.mode = 0606;
	self->attr.capacity_msgs = 7;
	ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	before.mode = 0606;
	before.capacity_msgs = 7;
	EXPECT_EQ(0, memcmp(&before, &self->st.attr, sizeof(before)));

	self->attr.fields = IPC_MAILBOX_UID | IPC_MAILBOX_GID;
	self->attr.uid = 12;
	self->attr.gid = 34;
	ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(12, self->st.attr.uid);
	EXPECT_EQ(34, self->st.attr.gid);
	EXPECT_EQ(7, self->st.attr.capacity_msgs);

	self->attr.fields = IPC_MAILBOX_POLICY;
	self->attr.policy = 4;
	EXPECT_GT(0, ipc_mailbox_set(self->name, &self->attr));
	self->attr.policy = 0;
	EXPECT_EQ(-ENOENT, ipc_mailbox_set("libipc.missing", &self->attr));
}

TEST_F(mailbox, stat_counts)
{
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(2, self->st.users);
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "12345", 5, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "678", 3, 0));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(2, self->st.queued_msgs);
	EXPECT_EQ(8, self->st.queued_bytes);
	EXPECT_EQ(IPC_MAILBOX_TRANSIENT,
		  self->st.attr.fields & IPC_MAILBOX_TRANSIENT);
	EXPECT_EQ(0, self->st.attr.transient);
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat("libipc.missing", &self->st));
}

TEST_F(mailbox, purge_counts)
{
	char buf[8];

	EXPECT_EQ(0, ipc_mailbox_purge(self->name));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(2, ipc_mailbox_purge(self->name));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &self->st));
	EXPECT_EQ(0, self->st.queued_msgs);
	EXPECT_EQ(2, self->st.dropped);
	EXPECT_EQ(-ENOENT, ipc_mailbox_purge("libipc.missing"));
}

TEST_F(mailbox, delete_tells_users)
{
	char buf[8];

	ASSERT_EQ(0, ipc_mailbox_delete(self->name));
	EXPECT_EQ(-EIDRM, ipc_mailbox_put(self->tx, "x", 1, 0));
	EXPECT_EQ(-EIDRM, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EIDRM, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, -1));
	EXPECT_LT(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
}

static int do_delete(void *name)
{
	return ipc_mailbox_delete(name);
}

static int do_set(void *name)
{
	return set_limits(name, 1, DIPC_POLICY_WAIT);
}

static int do_purge(void *name)
{
	return ipc_mailbox_purge(name);
}

static int do_stat(void *name)
{
	struct ipc_mailbox_stat st;

	return ipc_mailbox_stat(name, &st);
}

static int do_read(void *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_RDONLY, NULL, &mb);
}

static int do_write(void *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_WRONLY, NULL, &mb);
}

static int do_both(void *name)
{
	struct ipc_mailbox *mb;

	return ipc_mailbox_open(name, O_RDWR, NULL, &mb);
}

TEST_F(mailbox, permissions)
{
	static const struct {
		uint32_t mode;
		int read, write, both;
	} rows[] = {
		{ 0600, -EACCES, -EACCES, -EACCES },
		{ 0604, 0, -EACCES, -EACCES },
		{ 0602, -EACCES, 0, -EACCES },
		{ 0606, 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->attr.fields = IPC_MAILBOX_MODE;
		self->attr.mode = rows[i].mode;
		ASSERT_EQ(0, ipc_mailbox_set(self->name, &self->attr));
		EXPECT_EQ(rows[i].read, dt_as_user(DT_NOBODY, do_read, self->name))
			TH_LOG("mode %o", rows[i].mode);
		EXPECT_EQ(rows[i].write, dt_as_user(DT_NOBODY, do_write, self->name))
			TH_LOG("mode %o", rows[i].mode);
		EXPECT_EQ(rows[i].both, dt_as_user(DT_NOBODY, do_both, self->name))
			TH_LOG("mode %o", rows[i].mode);
	}
	EXPECT_EQ(-EPERM, dt_as_user(DT_NOBODY, do_delete, self->name));
	EXPECT_EQ(-EPERM, dt_as_user(DT_NOBODY, do_set, self->name));
	EXPECT_EQ(-EPERM, dt_as_user(DT_NOBODY, do_purge, self->name));
	EXPECT_EQ(0, dt_as_user(DT_NOBODY, do_stat, self->name));
}

/*
 * Mailboxes by handle
 */

TEST_F(mailbox, put_get_with_source)
{
	struct sockaddr_dipc from;
	uint64_t id;
	char buf[8];

	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "hello", 5, -1));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, NULL, 0, DT_LONG_MS));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "0123456789", 10, 0));
	EXPECT_EQ(5, ipc_mailbox_get(self->rx, buf, sizeof(buf), &from, -1));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ASSERT_EQ(0, ipc_port_id(ipc_mailbox_fd(self->tx), &id));
	EXPECT_EQ(DIPC_ADDR_PORT, from.sdipc_type);
	EXPECT_EQ(id, from.sdipc_port);

	/* Who puts can be answered, who gets cannot. */
	EXPECT_EQ(3, ipc_sendto(ipc_mailbox_fd(self->rx), "yes", 3, 0, &from));
	EXPECT_EQ(3, ipc_recvfrom(ipc_mailbox_fd(self->tx), buf, sizeof(buf),
				  MSG_DONTWAIT, &from));
	EXPECT_EQ(-ECONNREFUSED, ipc_sendto(ipc_mailbox_fd(self->tx), "?", 1, 0,
					    &from));

	EXPECT_EQ(0, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
				     DT_LONG_MS));
	EXPECT_EQ(10, ipc_mailbox_get(self->rx, buf, 4, NULL, 0));
	EXPECT_EQ(0, memcmp(buf, "0123", 4));
}

TEST_F(mailbox, one_handle_for_both)
{
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR, NULL, &mb));
	EXPECT_EQ(0, ipc_mailbox_put(mb, "1", 1, 0));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(1, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ('2', buf[0]);
	EXPECT_EQ(0, ipc_mailbox_close(mb));
}

TEST_F(mailbox, access_mode_is_kept)
{
	char buf[8];

	EXPECT_EQ(-EBADF, ipc_mailbox_put(self->rx, "x", 1, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_get(self->tx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_notify(self->tx, SIGUSR1, 0));
}

TEST_F(mailbox, time_limits)
{
	struct dipc_queue_conf conf;
	static char big[70000];
	char buf[8];
	long start;

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));

	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	start = dt_ticks_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					      DT_SHORT_MS));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);

	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, DT_SHORT_MS));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "2", 1, 0));
	start = dt_ticks_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "3", 1, DT_SHORT_MS));
	EXPECT_LE(DT_SHORT_MS - 10, dt_ticks_ms() - start);
	/* The limit of one call is not that of the next. */
	start = dt_ticks_ms();
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "4", 1, 4 * DT_SHORT_MS));
	EXPECT_LE(4 * DT_SHORT_MS - 10, dt_ticks_ms() - start);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "5", 1, 0));

	/* Only the first is there. */
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, -1));
	EXPECT_EQ('1', buf[0]);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_get_queue(ipc_mailbox_fd(self->rx), &conf));
	EXPECT_EQ(1, conf.capacity_msgs);
	EXPECT_EQ(-EOPNOTSUPP, ipc_set_queue(ipc_mailbox_fd(self->rx), &conf));
	ASSERT_LT(conf.msg_max_bytes, sizeof(big));
	EXPECT_EQ(-EMSGSIZE, ipc_mailbox_put(self->tx, big,
					     conf.msg_max_bytes + 1, 0));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, big, conf.msg_max_bytes, 0));

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, ipc_mailbox_put(self->tx, "6", 1, -1));
}

TEST_F(mailbox, nonblocking_handle_never_waits)
{
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR | O_NONBLOCK, NULL,
				      &mb));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(mb, buf, sizeof(buf), NULL,
					   DT_LONG_MS));
	EXPECT_EQ(0, ipc_mailbox_put(mb, "1", 1, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(mb, "2", 1, -1));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(mb, "2", 1, DT_LONG_MS));
	ipc_mailbox_close(mb);
}

TEST_F(mailbox, signal_interrupts)
{
	char buf[8];

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	dt_count_signal(SIGALRM, 0);
	dt_tick(DT_SHORT_MS);
	EXPECT_EQ(-EINTR, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					  -1));
	EXPECT_EQ(-EINTR, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL,
					  DT_LONG_MS));
	EXPECT_EQ(-EINTR, ipc_mailbox_poll(self->rx, POLLIN, -1));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(-EINTR, ipc_mailbox_put(self->tx, "2", 1, -1));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	dt_tick(0);
}

TEST_F(mailbox, put_wakes_get_and_get_wakes_put)
{
	char buf[8];
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		ssize_t n = ipc_mailbox_get(self->rx, buf, 8, NULL, DT_LONG_MS);

		_exit(n == 1 && buf[0] == '1' ? 0 : 1);
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_put(self->tx, "3", 1, DT_LONG_MS) ? 1 : 0);
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_mailbox_senders(self->name) == 1));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, 8, NULL, 0));
	EXPECT_EQ('2', buf[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, 8, NULL, 0));
	EXPECT_EQ('3', buf[0]);
}

TEST_F(mailbox, delete_wakes_those_who_wait)
{
	char buf[8];
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_get(self->rx, buf, 8, NULL, DT_LONG_MS) ==
		      -EIDRM ? 0 : 1);
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	ASSERT_EQ(0, ipc_mailbox_delete(self->name));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mailbox, unbuffered_is_a_rendezvous)
{
	char buf[8];
	int status;
	pid_t pid;

	ASSERT_EQ(0, set_limits(self->name, 0, DIPC_POLICY_WAIT));
	EXPECT_EQ(-EAGAIN, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_put(self->tx, "2", 1, DT_SHORT_MS));
	pid = fork();
	if (!pid) {
		ssize_t n = ipc_mailbox_get(self->rx, buf, 8, NULL, DT_LONG_MS);

		_exit(n == 1 && buf[0] == '3' ? 0 : 1);
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	/* A receiver with a time limit is one that waits. */
	EXPECT_EQ(0, ipc_mailbox_put(self->tx, "3", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mailbox, poll_tells_what_can_be_done)
{
	struct epoll_event event = { .events = EPOLLIN };
	char buf[8];
	long start;
	int ep;

	ASSERT_EQ(0, set_limits(self->name, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
	EXPECT_EQ(POLLOUT, ipc_mailbox_poll(self->tx, POLLOUT, -1));
	start = dt_now_ms();
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, DT_SHORT_MS));
	EXPECT_LE(DT_SHORT_MS - 10, dt_now_ms() - start);

	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(POLLIN, ipc_mailbox_poll(self->rx, POLLIN, -1));
	EXPECT_EQ(0, ipc_mailbox_poll(self->tx, POLLOUT, 0));

	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, ipc_mailbox_fd(self->rx),
			       &event));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	close(ep);

	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	EXPECT_EQ(0, ipc_mailbox_poll(self->rx, POLLIN, 0));
	EXPECT_EQ(POLLOUT, ipc_mailbox_poll(self->tx, POLLOUT, 0));

	EXPECT_EQ(-EINVAL, ipc_mailbox_poll(self->rx, 0, 0));
	EXPECT_EQ(-EINVAL, ipc_mailbox_poll(self->rx, POLLPRI, 0));
}

TEST(mailbox_open_creates)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_TRANSIENT | IPC_MAILBOX_CAPACITY_MSGS,
		.transient = 1,
		.capacity_msgs = 9,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb, *other;
	struct ipc_mailbox_stat st;

	dt_unique(name, "open");
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_WRONLY, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open(name, O_RDWR, NULL, &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));

	ASSERT_EQ(0, ipc_mailbox_open(name, O_RDONLY | O_CREAT | O_EXCL, &attr,
				      &mb));
	EXPECT_EQ(-EEXIST, ipc_mailbox_open(name, O_RDONLY | O_CREAT | O_EXCL,
					    &attr, &other));
	ASSERT_EQ(0, ipc_mailbox_open(name, O_WRONLY | O_CREAT, NULL, &other));
	ASSERT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(9, st.attr.capacity_msgs);
	EXPECT_EQ(1, st.attr.transient);
	EXPECT_EQ(2, st.users);

	/* The last user takes a transient mailbox along. */
	EXPECT_EQ(0, ipc_mailbox_close(mb));
	EXPECT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, ipc_mailbox_close(other));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat(name, &st));

	/* A persistent one stays. */
	ASSERT_EQ(0, ipc_mailbox_open(name, O_RDWR | O_CREAT, NULL, &mb));
	EXPECT_EQ(0, ipc_mailbox_close(mb));
	EXPECT_EQ(0, ipc_mailbox_stat(name, &st));
	EXPECT_EQ(0, ipc_mailbox_delete(name));
}

/* Two who make and leave the same transient mailbox never see it missing. */
TEST(mailbox_open_creates_under_race)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_TRANSIENT,
		.transient = 1,
	};
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb;
	int i, err, status;
	pid_t pid;

	dt_unique(name, "race");
	pid = fork();
	for (i = 0; i < 300; i++) {
		err = ipc_mailbox_open(name, O_RDWR | O_CREAT, &attr, &mb);
		if (!pid && err)
			_exit(-err & 0xff);
		ASSERT_EQ(0, err);
		ipc_mailbox_close(mb);
	}
	if (!pid)
		_exit(0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ipc_mailbox_delete(name);
}

TEST_F(mailbox, open_by_address)
{
	struct sockaddr_dipc addr, got;
	struct ipc_mailbox *mb;
	char buf[8];

	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	ASSERT_EQ(0, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
	ASSERT_EQ(0, ipc_getsockname(ipc_mailbox_fd(mb), &got));
	EXPECT_EQ(0, memcmp(&addr, &got, sizeof(got)));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(1, ipc_mailbox_get(mb, buf, sizeof(buf), NULL, 0));
	ipc_mailbox_close(mb);

	ASSERT_EQ(0, ipc_mailbox_open_addr(&addr, O_WRONLY, &mb));
	ASSERT_EQ(0, ipc_getpeername(ipc_mailbox_fd(mb), &got));
	EXPECT_EQ(0, memcmp(&addr, &got, sizeof(got)));
	ipc_mailbox_close(mb);

	addr.sdipc_node = 3;
	EXPECT_EQ(-EHOSTUNREACH, ipc_mailbox_open_addr(&addr, O_WRONLY, &mb));
	EXPECT_GT(0, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &addr));
	EXPECT_EQ(-EINVAL, ipc_mailbox_open_addr(&addr, O_RDONLY, &mb));
}

/* What is sent to the name alone finds the mailbox, too. */
TEST_F(mailbox, name_is_enough)
{
	struct sockaddr_dipc addr;
	char buf[8];
	int fd;

	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &addr));
	fd = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, ipc_sendto(fd, "1", 1, 0, &addr));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	close(fd);
}

TEST_F(mailbox, no_descriptor_is_left_open)
{
	struct ipc_mailbox_stat st;
	struct ipc_mailbox *mb;
	int before, after;

	before = dup(0);
	ASSERT_LE(0, before);
	close(before);
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDWR, NULL, &mb));
	ipc_mailbox_close(mb);
	EXPECT_EQ(0, ipc_mailbox_stat(self->name, &st));
	EXPECT_EQ(1, ipc_mailbox_create(self->name, NULL, 0));
	EXPECT_EQ(-EEXIST, ipc_mailbox_create(self->name, NULL, O_EXCL));
	EXPECT_EQ(-ENOENT, ipc_mailbox_open("libipc.missing", O_RDWR, NULL,
					    &mb));
	EXPECT_EQ(-ENOENT, ipc_mailbox_stat("libipc.missing", &st));
	EXPECT_EQ(0, ipc_mailbox_purge(self->name));
	after = dup(0);
	EXPECT_EQ(before, after);
	close(after);
}

TEST_HARNESS_MAIN
