// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 120
 *
 * How sends fail, those that are reliable, explicit or asynchronous in
 * errors_mode.c; see errors.h. What leads to no error, and what is counted then,
 * is in the suites of each subject.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <linux/sockios.h>

#include "call.h"
#include "errors.h"
#include "post.h"
#include "scm.h"

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

ROW(E_SEND_13, EAGAIN, full)
{
	NEED(!dt_set_capacity(e->rx, 2, DIPC_POLICY_WAIT));
	NEED(errors_fill(e->tx));
	return dt_send_number(e->tx, 1, MSG_DONTWAIT, NULL);
}

ROW(E_SEND_14, EAGAIN, time_ran_out)
{
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_WAIT));
	NEED(errors_fill(e->tx));
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
	NEED(errors_fill(e->tx));
	NEED(dt_port_queued(e->rx_addr.sdipc_port) < 256);
	NEED(!dt_set_timeout(e->tx, SO_SNDTIMEO, DT_SHORT_MS));
	NEED(dt_send_number(e->tx, 1, 0, NULL) == -EAGAIN);
	return dt_send_number(e->tx, 1, MSG_DONTWAIT, NULL);
}

static int fill_as(void *arg)
{
	int fd = dt_socket_connected(SOCK_RDM, arg);

	return errors_fill(fd) ? dt_send_number(fd, 1, MSG_DONTWAIT, NULL) : 1;
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
	int fd = errors_limited("user_max_bytes");

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

ROW(E_SEND_24, EINVAL, control_of_dipc_that_is_none_or_not_for_sending)
{
	static const int types[] = { 0, DIPC_PORT_ID, DIPC_QUEUE, DIPC_MATCH,
				     DIPC_RECV_INFO, DIPC_SOURCE, DIPC_ID,
				     DIPC_COMPLETION, 31, 32, -1 };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		NEED(send_control(e->tx, SOL_DIPC, types[i], CMSG_LEN(8),
				  CMSG_SPACE(8)) == -EINVAL);
	return send_control(e->tx, SOL_DIPC, 999, CMSG_LEN(0), CMSG_SPACE(0));
}

ROW(E_SEND_25, EINVAL, control_of_sol_socket)
{
	NEED(send_control(e->tx, SOL_SOCKET, 0, CMSG_LEN(4), CMSG_SPACE(4)) ==
	     -EINVAL);
	NEED(send_control(e->tx, SOL_SOCKET, SO_TIMESTAMP, CMSG_LEN(16),
			  CMSG_SPACE(16)) == -EINVAL);
	return send_control(e->tx, SOL_SOCKET, 999, CMSG_LEN(0), CMSG_SPACE(0));
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

/* Those of AF_UNIX have their tests with what they are about. */
ROW(E_SCM_10, ESRCH, credentials_of_a_process_that_does_not_exist)
{
	struct ucred creds = { .uid = geteuid(), .gid = getegid() };
	struct scm_control control = { .len = 0 };

	creds.pid = fork();
	if (!creds.pid)
		_exit(0);
	NEED(waitpid(creds.pid, NULL, 0) == creds.pid);
	scm_put(&control, SOL_SOCKET, SCM_CREDENTIALS, &creds, sizeof(creds));
	return scm_send_control(e->tx, 'x', &control, 0, NULL);
}

static long send_one(int fd, int type, const void *value, size_t len)
{
	struct scm_control control = { .len = 0 };

	NEED(scm_put(&control, SOL_DIPC, type, value, len));
	return scm_send_control(fd, 'x', &control, MSG_DONTWAIT, NULL);
}

ROW(E_SEND_35, EINVAL, control_of_another_size)
{
	static const struct {
		int type;
		size_t size;
	} known[] = {
		{ DIPC_MODE, 4 }, { DIPC_TAG, 8 }, { DIPC_PRIORITY, 4 },
		{ DIPC_DEADLINE, 8 }, { DIPC_ASYNC, 8 },
	};
	const char value[16] = { 1, 0 };
	size_t i, len;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		for (len = 0; len <= sizeof(value); len++)
			if (len != known[i].size)
				NEED(send_one(e->tx, known[i].type, value,
					      len) == -EINVAL);
		NEED(send_one(e->tx, known[i].type, value, known[i].size) == 1);
	}
	return send_one(e->tx, DIPC_TAG, value, 7);
}

ROW(E_SEND_36, EINVAL, control_doubled)
{
	static const int types[] = { DIPC_MODE, DIPC_TAG, DIPC_PRIORITY,
				     DIPC_DEADLINE, DIPC_ASYNC };
	static const size_t sizes[] = { 4, 8, 4, 8, 8 };
	struct scm_control control;
	const uint64_t value = 1;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		control.len = 0;
		scm_put(&control, SOL_DIPC, types[i], &value, sizes[i]);
		/* be it with another in between */
		scm_put(&control, IPPROTO_IP, 1, &value, 8);
		scm_put(&control, SOL_DIPC, types[i], &value, sizes[i]);
		NEED(scm_send_control(e->tx, 'x', &control, 0, NULL) ==
		     -EINVAL);
	}
	control.len = 0;
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		scm_put(&control, SOL_DIPC, types[i], &value, sizes[i]);
	/* each of them once, in any order */
	NEED(scm_send_control(e->tx, 'x', &control, 0, NULL) == 1);
	scm_put(&control, SOL_DIPC, DIPC_MODE, &value, 4);
	return scm_send_control(e->tx, 'x', &control, 0, NULL);
}

ROW(E_SEND_37, EINVAL, unknown_mode)
{
	const uint32_t mode = DIPC_MODE_EXPLICIT + 1, highest = UINT32_MAX;

	NEED(send_one(e->tx, DIPC_MODE, &highest, 4) == -EINVAL);
	return send_one(e->tx, DIPC_MODE, &mode, 4);
}

ROW(E_SEND_38, EINVAL, priority_above_the_highest)
{
	const uint32_t most = DIPC_PRIORITY_MAX, more = most + 1;
	const uint32_t highest = UINT32_MAX;

	NEED(send_one(e->tx, DIPC_PRIORITY, &most, 4) == 1);
	NEED(send_one(e->tx, DIPC_PRIORITY, &highest, 4) == -EINVAL);
	return send_one(e->tx, DIPC_PRIORITY, &more, 4);
}

ROW(E_SEND_39, EINVAL, deadline_now)
{
	const uint64_t now = 0, never = UINT64_MAX;

	NEED(send_one(e->tx, DIPC_DEADLINE, &never, 8) == 1);
	return send_one(e->tx, DIPC_DEADLINE, &now, 8);
}

ROW(E_SEND_28, EOPNOTSUPP, out_of_band)
{
	return dt_send(e->tx, "x", 1, MSG_OOB, NULL);
}

ROW(E_SEND_29, EINTR, interrupted)
{
	int bound = 4096;
	struct dt_thread t;

	NEED(!dt_count_signal(SIGUSR1, 0));
	NEED(errors_start_sender(&t, &e->tx));
	NEED(errors_interrupted(&t) == -EINTR);
	/* waiting for SO_SNDBUF */
	NEED(!setsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	NEED(!dt_set_capacity(e->rx, 1000, DIPC_POLICY_WAIT));
	NEED(!dt_connect(e->fd, &e->rx_addr));
	NEED(errors_start_sender(&t, &e->fd));
	return errors_interrupted(&t);
}

ROW(E_SEND_30, ECONNREFUSED, port_closed)
{
	struct dt_thread t;

	NEED(errors_start_sender(&t, &e->tx));
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
	NEED(errors_start_sender(&t, &e->fd));
	NEED(!dt_mailbox_del(e->name));
	NEED(dt_thread_join(&t) == -EIDRM);
	return dt_send_number(e->fd, 1, 0, NULL);
}

ROW(E_SEND_34, EMSGSIZE, limit_lowered_while_it_waits)
{
	struct dipc_queue_conf conf = { 1, 3, 100, DIPC_POLICY_WAIT };
	struct dt_thread t;

	NEED(errors_start_sender(&t, &e->tx));
	NEED(!dt_set_conf(e->rx, &conf));
	return dt_thread_join(&t);
}

ROW(E_SEND_52, EOPNOTSUPP, control_of_dipc_in_a_stream)
{
	const uint64_t value = 1;
	int pair[2];

	NEED(!socketpair(dt_family(), SOCK_STREAM, 0, pair));
	NEED(send_one(pair[0], DIPC_MODE, &value, 4) == -EOPNOTSUPP);
	NEED(send_one(pair[0], DIPC_DEADLINE, &value, 8) == -EOPNOTSUPP);
	NEED(send_one(pair[0], DIPC_ASYNC, &value, 8) == -EOPNOTSUPP);
	NEED(send_one(pair[0], DIPC_PRIORITY, &value, 4) == -EOPNOTSUPP);
	NEED(take(pair[1]) == -EAGAIN);
	return send_one(pair[0], DIPC_TAG, &value, 8);
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
