// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: messages with parameters (<ipc/message.h>) on
 * sockets and mailboxes, and how each function fails. What the kernel does
 * with modes, tags and priorities has suites of its own; here it is that the
 * library asks for the right thing and understands the answer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define ALL_INFO	(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_PRIORITY | \
			 IPC_RECV_ID | IPC_RECV_CRED | IPC_RECV_TIME)
#define MS		1000000ULL
#define IOV(bytes)	(&(struct iovec) { bytes, sizeof(bytes) - 1 })

static ssize_t sendtext(int fd, char *text, int flags,
			const struct ipc_send_attr *attr)
{
	struct iovec iov = { text, strlen(text) };

	return ipc_sendmsg(fd, &iov, 1, flags, attr);
}

static ssize_t send_tag(int fd, char *text, uint64_t tag)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_TAG, .tag = tag };

	return sendtext(fd, text, 0, &attr);
}

static ssize_t send_priority(int fd, char *text, uint32_t priority)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_PRIORITY,
		.priority = priority,
	};

	return sendtext(fd, text, 0, &attr);
}

/* The first letter of the next message, or a negated errno. */
static int letter(int fd)
{
	char buf[8];
	ssize_t n = ipc_recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	return n < 0 ? n : buf[0];
}

static int set_capacity(int fd, uint32_t msgs, uint8_t policy)
{
	struct dipc_queue_conf conf;
	int err = ipc_get_queue(fd, &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	return err ? err : ipc_set_queue(fd, &conf);
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
	dt_unique(name, "libipc_send");
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

TEST_F(msg, parameters_arrive)
{
	struct ipc_send_attr out = {
		.fields = IPC_SEND_TAG | IPC_SEND_PRIORITY,
		.tag = 0x123456789abcdef0,
		.priority = 17,
		.to = &self->addr,
	};
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	struct ipc_recv_attr in2 = { .fields = ALL_INFO };
	struct timespec now;
	int64_t age;
	char buf[8];

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &out));
	ASSERT_EQ(1, sendtext(self->tx, "y", 0, NULL));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT, &in));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ(ALL_INFO, in.fields);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(0, memcmp(&in.source, &self->source, sizeof(in.source)));
	EXPECT_EQ(out.tag, in.tag);
	EXPECT_EQ(17, in.priority);
	EXPECT_EQ(getpid(), in.cred.pid);
	EXPECT_EQ(geteuid(), in.cred.uid);
	EXPECT_EQ(getegid(), in.cred.gid);
	EXPECT_EQ(0, in.n_fds);
	clock_gettime(CLOCK_REALTIME, &now);
	age = now.tv_sec * 1000000000LL + now.tv_nsec - (int64_t)in.time_ns;
	EXPECT_LE(0, age);
	EXPECT_GT(DT_LONG_MS * (int64_t)MS, age);

	/* Of the second: none, but what every message has. */
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT, &in2));
	EXPECT_EQ(ALL_INFO, in2.fields);
	EXPECT_EQ(0, in2.tag);
	EXPECT_EQ(0, in2.priority);
	EXPECT_NE(in.id, in2.id);
}

TEST_F(msg, nothing_comes_unasked)
{
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	uint32_t fields = 77;
	char buf[8];

	ASSERT_EQ(1, send_tag(self->tx, "x", 5));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(IPC_RECV_SOURCE, in.fields);

	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE, fields);
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, IPC_RECV_TAG | IPC_RECV_TIME));
	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_TIME, fields);
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, 0));
	ASSERT_EQ(0, ipc_get_recv_info(self->rx, &fields));
	EXPECT_EQ(IPC_RECV_SOURCE, fields);
	EXPECT_EQ(-EINVAL, ipc_set_recv_info(self->rx, 1U << 31));
	EXPECT_EQ(-EBADF, ipc_set_recv_info(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_recv_info(-1, &fields));
}

/* A program of today on a library of tomorrow. */
TEST_F(msg, members_that_are_not_known_are_not_written)
{
	struct ipc_recv_attr in, was;
	char buf[8];

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	ASSERT_EQ(1, send_tag(self->tx, "x", 5));
	memset(&in, 0x5a, sizeof(in));
	in.fields = IPC_RECV_TAG;
	in.fds = NULL;
	was = in;
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(5, in.tag);
	was.tag = 5;
	was.flags = 0;
	was.n_fds = 0;
	EXPECT_EQ(0, memcmp(&was, &in, sizeof(in)));

	/* And on failure nothing at all. */
	was = in;
	EXPECT_EQ(-EAGAIN, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_DONTWAIT,
				       &in));
	EXPECT_EQ(0, memcmp(&was, &in, sizeof(in)));
}

TEST_F(msg, pieces_are_gathered_and_scattered)
{
	char a[3], b[4];
	struct iovec out[] = { { "ab", 2 }, { NULL, 0 }, { "cdef", 4 } };
	struct iovec in[] = { { a, sizeof(a) }, { b, sizeof(b) } };

	memset(b, '~', sizeof(b));
	ASSERT_EQ(6, ipc_sendmsg(self->tx, out, 3, 0, NULL));
	ASSERT_EQ(6, ipc_recvmsg(self->rx, in, 2, 0, NULL));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ(0, memcmp(b, "def~", 4));

	/* An empty message has no pieces. */
	EXPECT_EQ(0, ipc_sendmsg(self->tx, NULL, 0, 0, NULL));
	EXPECT_EQ(0, ipc_recvmsg(self->rx, NULL, 0, MSG_DONTWAIT, NULL));
	EXPECT_EQ(-EAGAIN, ipc_recvmsg(self->rx, in, 2, MSG_DONTWAIT, NULL));
}

TEST_F(msg, truncation_is_told)
{
	struct ipc_recv_attr in = { 0 };
	char buf[4];

	ASSERT_EQ(6, sendtext(self->tx, "abcdef", 0, NULL));
	EXPECT_EQ(6, ipc_recvmsg(self->rx, IOV(buf), 1, MSG_PEEK, &in));
	EXPECT_EQ(MSG_TRUNC, in.flags);
	EXPECT_EQ(6, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(MSG_TRUNC, in.flags);
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
	ASSERT_EQ(3, sendtext(self->tx, "abc", 0, NULL));
	EXPECT_EQ(3, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(0, in.flags);
}

TEST_F(msg, bad_parameters_are_refused)
{
	int fds[IPC_FDS_MAX + 1] = { 0 };
	struct sockaddr_dipc bad = self->addr;
	struct ipc_recv_attr in = { 0 };
	struct ipc_send_attr attr;
	char buf[8];

#define REFUSED(err, ...) ({						\
	attr = (struct ipc_send_attr) { __VA_ARGS__ };			\
	EXPECT_EQ(err, sendtext(self->tx, "x", 0, &attr));		\
})
	REFUSED(-EINVAL, .fields = 1U << 31);
	REFUSED(-EINVAL, .reserved = { 0, 1 });
	REFUSED(-EINVAL, .n_fds = IPC_FDS_MAX + 1, .fds = fds);
	REFUSED(-EINVAL, .n_fds = 1);
	REFUSED(-EINVAL, .fields = IPC_SEND_MODE, .mode = 3);
	REFUSED(-EINVAL, .fields = IPC_SEND_PRIORITY,
		.priority = DIPC_PRIORITY_MAX + 1);
	REFUSED(-EINVAL, .fields = IPC_SEND_DEADLINE);
	fds[0] = -1;
	REFUSED(-EBADF, .n_fds = 1, .fds = fds);
	fds[0] = self->rx;
	REFUSED(-EOPNOTSUPP, .n_fds = 1, .fds = fds);
	bad.sdipc_reserved[0] = 1;
	REFUSED(-EINVAL, .to = &bad);
#undef REFUSED
	EXPECT_EQ(-EINVAL, ipc_sendmsg(self->tx, IOV("x"), -1, 0, NULL));
	EXPECT_EQ(-EINVAL, ipc_recvmsg(self->rx, IOV(buf), -1, 0, &in));
	EXPECT_EQ(-EBADF, ipc_sendmsg(-1, IOV("x"), 1, 0, NULL));
	EXPECT_EQ(-EBADF, ipc_recvmsg(-1, IOV(buf), 1, 0, &in));
	EXPECT_EQ(-EMSGSIZE, ipc_sendmsg(self->tx, IOV("x"), 1 << 20, 0, NULL));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
}

TEST_F(msg, reliable_is_told_of_a_drop)
{
	struct ipc_send_attr reliable = {
		.fields = IPC_SEND_MODE,
		.mode = DIPC_MODE_RELIABLE,
	};
	uint32_t mode = 77;

	ASSERT_EQ(0, set_capacity(self->rx, 1, DIPC_POLICY_DROP_NEWEST));
	EXPECT_EQ(1, sendtext(self->tx, "a", 0, &reliable));
	EXPECT_EQ(-ENOBUFS, sendtext(self->tx, "b", 0, &reliable));
	EXPECT_EQ(1, sendtext(self->tx, "c", 0, NULL));

	/* The same as what the socket is set to; the message's own wins. */
	ASSERT_EQ(0, ipc_get_mode(self->tx, &mode));
	EXPECT_EQ(DIPC_MODE_BLOCKING, mode);
	ASSERT_EQ(0, ipc_set_mode(self->tx, DIPC_MODE_RELIABLE));
	ASSERT_EQ(0, ipc_get_mode(self->tx, &mode));
	EXPECT_EQ(DIPC_MODE_RELIABLE, mode);
	EXPECT_EQ(-ENOBUFS, ipc_send(self->tx, "d", 1, 0));
	reliable.mode = DIPC_MODE_BLOCKING;
	EXPECT_EQ(1, sendtext(self->tx, "e", 0, &reliable));
	EXPECT_EQ('a', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));

	EXPECT_EQ(-EINVAL, ipc_set_mode(self->tx, 3));
	EXPECT_EQ(-EBADF, ipc_set_mode(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_mode(-1, &mode));
}

struct sender {
	int fd;
	struct ipc_send_attr attr;
};

static long send_in_thread(void *arg)
{
	struct sender *s = arg;

	return sendtext(s->fd, "x", 0, &s->attr);
}

TEST_F(msg, explicit_returns_when_it_is_received)
{
	struct sender s = {
		.fd = self->tx,
		.attr = { .fields = IPC_SEND_MODE, .mode = DIPC_MODE_EXPLICIT },
	};
	struct dt_thread t;

	EXPECT_EQ(-EAGAIN, sendtext(self->tx, "n", MSG_DONTWAIT, &s.attr));
	ASSERT_EQ(0, dt_thread_start(&t, send_in_thread, &s));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_port_queued(self->rx_port) == 1));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendmsg));
	EXPECT_EQ('x', letter(self->rx));
	EXPECT_EQ(1, dt_thread_join(&t));
}

TEST_F(msg, deadline_discards)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_DEADLINE,
		.deadline_ns = DT_SHORT_MS * MS,
	};

	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	EXPECT_TRUE(DT_WAIT_UNTIL(letter(self->rx) == -EAGAIN));

	/* Who waits for it is told. */
	attr.fields |= IPC_SEND_MODE;
	attr.mode = DIPC_MODE_EXPLICIT;
	EXPECT_EQ(-ETIMEDOUT, sendtext(self->tx, "y", 0, &attr));
	EXPECT_EQ(-EAGAIN, letter(self->rx));

	attr.deadline_ns = DT_LONG_MS * MS;
	attr.fields = IPC_SEND_DEADLINE;
	ASSERT_EQ(1, sendtext(self->tx, "z", 0, &attr));
	EXPECT_EQ('z', letter(self->rx));
}

static short poll_now(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

TEST_F(msg, asynchronous_send_is_completed)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.cookie = 0xc001d00dc0ffee00,
	};
	struct ipc_recv_attr in = { .fields = IPC_RECV_ID };
	struct dipc_completion done;
	char buf[8];

	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	ASSERT_EQ(0, ipc_set_recv_info(self->rx, IPC_RECV_ID));
	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(0, poll_now(self->tx));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(POLLERR, poll_now(self->tx));
	memset(&done, 0x5a, sizeof(done));
	ASSERT_EQ(0, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(attr.cookie, done.cookie);
	EXPECT_EQ(in.id, done.id);
	EXPECT_EQ(0, done.error);
	EXPECT_EQ(DIPC_REASON_TAKEN, done.reason);
	EXPECT_EQ(0, memcmp(&self->addr, &done.dest, sizeof(done.dest)));
	EXPECT_EQ(0, poll_now(self->tx));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(-EBADF, ipc_recv_completion(-1, &done));
}

TEST_F(msg, asynchronous_send_fails_later)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_ASYNC | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.cookie = 1,
	};
	struct dipc_completion done;

	ASSERT_EQ(1, sendtext(self->tx, "x", 0, &attr));
	close(self->rx);
	self->rx = -1;
	ASSERT_EQ(0, ipc_recv_completion(self->tx, &done));
	EXPECT_EQ(ECONNREFUSED, done.error);

	/* What is known at once has no completion. */
	attr.to = &self->addr;
	EXPECT_EQ(-ENOENT, sendtext(self->tx, "x", 0, &attr));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(self->tx, &done));
}

TEST_F(msg, priority_orders_the_queue)
{
	struct dipc_queue_conf conf;
	uint32_t priority = 77;

	ASSERT_EQ(0, ipc_get_queue(self->rx, &conf));
	EXPECT_EQ(DIPC_ORDER_FIFO, conf.order);
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ(1, send_priority(self->tx, "a", 0));
	EXPECT_EQ(1, send_priority(self->tx, "b", DIPC_PRIORITY_MAX));
	EXPECT_EQ(1, send_priority(self->tx, "c", 7));
	ASSERT_EQ(0, ipc_get_priority(self->tx, &priority));
	EXPECT_EQ(0, priority);
	ASSERT_EQ(0, ipc_set_priority(self->tx, 7));
	ASSERT_EQ(0, ipc_get_priority(self->tx, &priority));
	EXPECT_EQ(7, priority);
	EXPECT_EQ(1, ipc_send(self->tx, "d", 1, 0));

	conf.order = DIPC_ORDER_FIFO;
	EXPECT_EQ(-EBUSY, ipc_set_queue(self->rx, &conf));
	EXPECT_EQ('b', letter(self->rx));
	EXPECT_EQ('c', letter(self->rx));
	EXPECT_EQ('d', letter(self->rx));
	EXPECT_EQ('a', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	EXPECT_EQ(0, ipc_set_queue(self->rx, &conf));

	EXPECT_EQ(-EINVAL, ipc_set_priority(self->tx, DIPC_PRIORITY_MAX + 1));
	EXPECT_EQ(-EBADF, ipc_set_priority(-1, 0));
	EXPECT_EQ(-EBADF, ipc_get_priority(-1, &priority));
}

TEST_F(msg, match_chooses)
{
	struct dipc_match tag = { .tag = 0x10, .tag_mask = 0xf0 };
	struct dipc_match source = { 0 }, got;
	uint64_t port;
	int other;

	other = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ipc_connect(other, &self->addr));
	ASSERT_EQ(0, ipc_port_id(other, &port));
	source.port = port;

	ASSERT_EQ(0, ipc_get_match(self->rx, &got));
	EXPECT_EQ(0, memcmp(&got, &(struct dipc_match) { 0 }, sizeof(got)));
	ASSERT_EQ(1, send_tag(self->tx, "a", 0x20));
	ASSERT_EQ(0, ipc_set_match(self->rx, &tag));
	ASSERT_EQ(0, ipc_get_match(self->rx, &got));
	EXPECT_EQ(0, memcmp(&got, &tag, sizeof(got)));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	EXPECT_EQ(0, poll_now(self->rx));
	ASSERT_EQ(1, send_tag(self->tx, "b", 0x1f));
	ASSERT_EQ(1, send_tag(other, "c", 0x11));
	EXPECT_EQ(POLLIN, poll_now(self->rx));
	EXPECT_EQ('b', letter(self->rx));
	ASSERT_EQ(0, ipc_set_match(self->rx, &source));
	EXPECT_EQ('c', letter(self->rx));
	EXPECT_EQ(-EAGAIN, letter(self->rx));
	ASSERT_EQ(0, ipc_set_match(self->rx, NULL));
	EXPECT_EQ('a', letter(self->rx));

	tag.reserved[0] = 1;
	EXPECT_EQ(-EINVAL, ipc_set_match(self->rx, &tag));
	EXPECT_EQ(-EBADF, ipc_set_match(-1, NULL));
	EXPECT_EQ(-EBADF, ipc_get_match(-1, &got));
	close(other);
}

/*
 * Descriptors
 */

static ssize_t send_fds(int fd, const int *fds, uint32_t n)
{
	struct ipc_send_attr attr = { .n_fds = n, .fds = fds };

	return sendtext(fd, "x", 0, &attr);
}

static int lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

TEST_F(msg, descriptors_are_passed)
{
	int got[4] = { -1, -1, -1, -1 };
	struct ipc_recv_attr in = { .fds = got, .max_fds = 4 };
	int pipes[2], free_fd;
	char buf[8];

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	free_fd = lowest_free();
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	ASSERT_EQ(2, in.n_fds);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(-1, got[2]);
	EXPECT_EQ(FD_CLOEXEC, fcntl(got[0], F_GETFD));
	ASSERT_EQ(1, write(got[1], "z", 1));
	ASSERT_EQ(1, read(pipes[0], buf, 1));
	EXPECT_EQ('z', buf[0]);
	close(got[0]);
	close(got[1]);

	/* Room for one: the other does not stay open. */
	in.max_fds = 1;
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(1, in.n_fds);
	EXPECT_EQ(MSG_CTRUNC, in.flags);
	close(got[0]);

	/* Room for none, or not expected at all. */
	in.fds = NULL;
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(0, in.n_fds);
	EXPECT_EQ(MSG_CTRUNC, in.flags);
	ASSERT_EQ(1, send_fds(self->tx, pipes, 2));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, NULL));
	EXPECT_EQ(free_fd, lowest_free());
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(msg, as_many_descriptors_as_can_be)
{
	int fds[IPC_FDS_MAX], got[IPC_FDS_MAX];
	struct ipc_recv_attr in = {
		.fields = ALL_INFO,
		.fds = got,
		.max_fds = IPC_FDS_MAX,
	};
	char buf[8];
	int i;

	ASSERT_EQ(0, ipc_set_recv_info(self->rx, ALL_INFO));
	for (i = 0; i < IPC_FDS_MAX; i++)
		fds[i] = 0;
	ASSERT_EQ(1, send_fds(self->tx, fds, IPC_FDS_MAX));
	ASSERT_EQ(1, ipc_recvmsg(self->rx, IOV(buf), 1, 0, &in));
	EXPECT_EQ(IPC_FDS_MAX, in.n_fds);
	EXPECT_EQ(0, in.flags);
	EXPECT_EQ(ALL_INFO, in.fields);
	for (i = 0; i < in.n_fds; i++)
		close(got[i]);
}

/*
 * Mailboxes
 */

FIXTURE(box)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb;
};

FIXTURE_SETUP(box)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_ORDER | IPC_MAILBOX_CAPACITY_MSGS,
		.order = DIPC_ORDER_PRIORITY,
		.capacity_msgs = 3,
	};
	int err;

	dt_unique(self->name, "libipc_send");
	err = ipc_mailbox_open(self->name, O_RDWR | O_CREAT | O_EXCL, &attr,
			       &self->mb);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
}

FIXTURE_TEARDOWN(box)
{
	ipc_mailbox_close(self->mb);
	ipc_mailbox_delete(self->name);
}

static int box_put(struct ipc_mailbox *mb, char *text, uint32_t priority,
		   uint64_t tag)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_PRIORITY | IPC_SEND_TAG,
		.priority = priority,
		.tag = tag,
	};
	struct iovec iov = { text, strlen(text) };

	return ipc_mailbox_putmsg(mb, &iov, 1, &attr, 0);
}

static int box_letter(struct ipc_mailbox *mb, int flags)
{
	char buf[8];
	ssize_t n = ipc_mailbox_getmsg(mb, IOV(buf), 1, flags, NULL, 0);

	return n < 0 ? n : buf[0];
}

TEST_F(box, order_is_an_attribute)
{
	struct ipc_mailbox_attr attr = { .fields = IPC_MAILBOX_ORDER };
	struct ipc_mailbox_stat st;

	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &st));
	EXPECT_TRUE(st.attr.fields & IPC_MAILBOX_ORDER);
	EXPECT_EQ(DIPC_ORDER_PRIORITY, st.attr.order);
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 0));
	EXPECT_EQ(-EBUSY, ipc_mailbox_set(self->name, &attr));
	EXPECT_EQ('b', box_letter(self->mb, 0));
	EXPECT_EQ('a', box_letter(self->mb, 0));
	EXPECT_EQ(0, ipc_mailbox_set(self->name, &attr));
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 0));
	EXPECT_EQ('a', box_letter(self->mb, 0));
	attr.order = 2;
	EXPECT_GT(0, ipc_mailbox_set(self->name, &attr));
}

TEST_F(box, peek_leaves_it)
{
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	char buf[8];

	EXPECT_EQ(-EAGAIN, box_letter(self->mb, MSG_PEEK));
	ASSERT_EQ(0, ipc_set_recv_info(ipc_mailbox_fd(self->mb), ALL_INFO));
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 11));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 22));
	EXPECT_EQ('b', box_letter(self->mb, MSG_PEEK));
	EXPECT_EQ('b', box_letter(self->mb, MSG_PEEK));
	EXPECT_EQ(1, ipc_mailbox_getmsg(self->mb, IOV(buf), 1, 0, &in, -1));
	EXPECT_EQ('b', buf[0]);
	EXPECT_EQ(ALL_INFO, in.fields);
	EXPECT_EQ(22, in.tag);
	EXPECT_EQ(2, in.priority);
	EXPECT_EQ('a', box_letter(self->mb, 0));
}

TEST_F(box, match_chooses)
{
	struct dipc_match match = { .tag = 1, .tag_mask = ~0ULL };
	int fd = ipc_mailbox_fd(self->mb);

	ASSERT_EQ(0, box_put(self->mb, "a", 9, 2));
	ASSERT_EQ(0, ipc_set_match(fd, &match));
	EXPECT_EQ(0, ipc_mailbox_poll(self->mb, POLLIN, 0));
	EXPECT_EQ(-EAGAIN, box_letter(self->mb, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 0, 1));
	EXPECT_EQ(POLLIN, ipc_mailbox_poll(self->mb, POLLIN, 0));
	EXPECT_EQ('b', box_letter(self->mb, 0));
	ASSERT_EQ(0, ipc_set_match(fd, NULL));
	EXPECT_EQ('a', box_letter(self->mb, 0));
}

TEST_F(box, asynchronous_put_never_waits)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_ASYNC, .cookie = 7 };
	struct dipc_completion done;
	int fd = ipc_mailbox_fd(self->mb);
	int i;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr,
						-1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, ipc_recv_completion(fd, &done));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(fd, &done));
	EXPECT_EQ('x', box_letter(self->mb, 0));
	EXPECT_EQ(0, ipc_recv_completion(fd, &done));
	EXPECT_EQ(7, done.cookie);
	for (i = 4; i < 4 + DIPC_ASYNC_MAX; i++)
		ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr, 0);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr,
					      DT_LONG_MS));
}

TEST_F(box, putmsg_and_getmsg_fail)
{
	struct ipc_send_attr attr = { 0 };
	struct ipc_mailbox *ro, *wo;
	struct sockaddr_dipc addr;
	char buf[8];
	int fd = 0;

	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &ro));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_WRONLY, NULL, &wo));
	EXPECT_EQ(-EBADF, ipc_mailbox_putmsg(ro, IOV("x"), 1, NULL, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_getmsg(wo, IOV(buf), 1, 0, NULL, 0));
	EXPECT_EQ(-EINVAL, ipc_mailbox_getmsg(ro, IOV(buf), 1, MSG_OOB, NULL,
					      0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_getmsg(ro, IOV(buf), 1, 0, NULL,
						 DT_SHORT_MS));
	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	attr.to = &addr;
	EXPECT_EQ(-EINVAL, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));
	attr.to = NULL;
	attr.fds = &fd;
	attr.n_fds = 1;
	EXPECT_EQ(-EOPNOTSUPP, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));
	attr.n_fds = 0;
	attr.fields = 1U << 31;
	EXPECT_EQ(-EINVAL, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));

	ASSERT_EQ(0, box_put(wo, "a", 0, 0));
	ASSERT_EQ(0, box_put(wo, "b", 0, 0));
	ASSERT_EQ(0, box_put(wo, "c", 0, 0));
	EXPECT_EQ(-EAGAIN, box_put(wo, "d", 0, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_putmsg(wo, IOV("d"), 1, NULL,
						 DT_SHORT_MS));
	ipc_mailbox_close(ro);
	ipc_mailbox_close(wo);
}

TEST_HARNESS_MAIN
