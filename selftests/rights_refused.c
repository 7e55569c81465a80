// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that are not received: what becomes of those in a message that
 * is discarded, refused or withdrawn; and those that dipc does not take. That
 * they were closed is seen at the other end of a pipe. What is as in AF_UNIX is
 * in rights.c, how many a user may have on their way in rights_limit.c.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "scm.h"

/* As scm_give(), and how the send ended. */
static long give_errno(int sock, char letter, struct scm_pipe *p)
{
	long ret;

	*p = scm_pipe();
	ret = scm_send(sock, letter, &p->wr, 1, MSG_DONTWAIT, NULL);
	close(p->wr);
	p->wr = -1;
	return ret;
}

/* A send in a thread, with the end of a pipe that writes. */
struct sending {
	struct dt_thread thread;
	int sock, fd;
};

static long run_sending(void *arg)
{
	struct sending *s = arg;

	return scm_send(s->sock, 's', &s->fd, 1, 0, NULL);
}

static bool start_sending(struct sending *s, int sock, const struct scm_pipe *p)
{
	*s = (struct sending) { .sock = sock, .fd = p->wr };
	return !dt_thread_start(&s->thread, run_sending, s) &&
	       dt_wait_asleep(s->thread.tid, SYS_sendmsg);
}

static int interrupt(const struct sending *s)
{
	return DT_ERR(syscall(SYS_tgkill, getpid(), s->thread.tid, SIGUSR1));
}

static int set_mode(int fd, uint32_t mode)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_MODE, &mode, sizeof(mode)));
}

FIXTURE(port)
{
	int rx, tx;
};

FIXTURE_VARIANT(port)
{
	int type;
};

FIXTURE_VARIANT_ADD(port, rdm)
{
	.type = SOCK_RDM,
};

FIXTURE_VARIANT_ADD(port, dgram)
{
	.type = SOCK_DGRAM,
};

FIXTURE_SETUP(port)
{
	struct sockaddr_dipc addr = dt_any();

	self->rx = dt_socket_bound(variant->type, &addr);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(variant->type, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
}

FIXTURE_TEARDOWN(port)
{
	close(self->tx);
	close(self->rx);
}

TEST_F(port, message_that_the_oldest_makes_room_for)
{
	struct scm_pipe oldest, newest;
	struct scm_got got;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_DROP_OLDEST));
	ASSERT_TRUE(scm_give(self->tx, 'a', &oldest));
	EXPECT_TRUE(scm_pipe_is_held(&oldest));
	ASSERT_TRUE(scm_give(self->tx, 'b', &newest));
	EXPECT_TRUE(scm_pipe_end(&oldest));
	EXPECT_TRUE(scm_pipe_is_held(&newest));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&newest));
}

TEST_F(port, newest_message_is_discarded)
{
	struct scm_pipe p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_DROP_NEWEST));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_TRUE(scm_give(self->tx, 'b', &p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(port, message_is_refused)
{
	struct scm_pipe p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_REFUSE));
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-ENOBUFS, give_errno(self->tx, 'b', &p));
	EXPECT_TRUE(scm_pipe_end(&p));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(-EAGAIN, give_errno(self->tx, 'b', &p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(port, message_to_nobody)
{
	struct scm_pipe p;

	close(self->rx);
	self->rx = -1;
	EXPECT_EQ(-ECONNREFUSED, give_errno(self->tx, 'a', &p));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(port, payload_that_is_bad)
{
	struct iovec iov = { (void *)8, 1 };
	struct scm_pipe p = scm_pipe();
	struct scm_control c = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf,
	};

	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int)));
	msg.msg_controllen = c.len;
	EXPECT_EQ(-EFAULT, DT_ERR(sendmsg(self->tx, &msg, 0)));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(port, message_whose_time_is_over)
{
	uint64_t ns = 1000000;
	struct scm_pipe p = scm_pipe();
	struct scm_control c = { 0 };

	ASSERT_TRUE(scm_put(&c, SOL_DIPC, DIPC_DEADLINE, &ns, sizeof(ns)));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int)));
	ASSERT_EQ(1, scm_send_control(self->tx, 'a', &c, 0, NULL));
	/* nobody looks at the queue */
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("", take_all(self->rx));
}

TEST_F(port, sender_that_waits_for_room_is_interrupted)
{
	struct scm_pipe p = scm_pipe();
	struct sending s;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_TRUE(start_sending(&s, self->tx, &p));
	ASSERT_EQ(0, interrupt(&s));
	EXPECT_EQ(-EINTR, dt_thread_join(&s.thread));
	/* still its sender's */
	EXPECT_TRUE(scm_pipe_is_held(&p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(port, sender_that_waits_for_room_is_served)
{
	struct scm_pipe p = scm_pipe();
	struct scm_got got;
	struct sending s;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_TRUE(start_sending(&s, self->tx, &p));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, dt_thread_join(&s.thread));
	close(p.wr);
	p.wr = -1;
	EXPECT_TRUE(scm_pipe_is_held(&p));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(port, sender_waits_until_the_port_is_closed)
{
	struct scm_pipe p = scm_pipe();
	struct sending s;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_TRUE(start_sending(&s, self->tx, &p));
	close(self->rx);
	self->rx = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&s.thread));
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(port, explicit_sender_is_interrupted)
{
	struct scm_pipe p = scm_pipe();
	struct sending s;

	ASSERT_EQ(0, set_mode(self->tx, DIPC_MODE_EXPLICIT));
	ASSERT_TRUE(start_sending(&s, self->tx, &p));
	ASSERT_EQ(0, interrupt(&s));
	EXPECT_EQ(-EINTR, dt_thread_join(&s.thread));
	EXPECT_TRUE(scm_pipe_is_held(&p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("", take_all(self->rx));
}

TEST_F(port, explicit_sender_is_received_from)
{
	struct scm_pipe p = scm_pipe();
	struct scm_got got;
	struct sending s;

	ASSERT_EQ(0, set_mode(self->tx, DIPC_MODE_EXPLICIT));
	ASSERT_TRUE(start_sending(&s, self->tx, &p));
	got = scm_recv(self->rx, MSG_PEEK);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	EXPECT_TRUE(dt_is_asleep(s.thread.tid, SYS_sendmsg));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(1, got.n_fds);
	scm_close(&got);
	EXPECT_EQ(1, dt_thread_join(&s.thread));
	EXPECT_TRUE(scm_pipe_end(&p));
}

static int send_and_wait(void *arg)
{
	return scm_send(((int *)arg)[0], 'k', (int *)arg + 1, 1, 0, NULL) != 1;
}

TEST_F(port, explicit_sender_is_killed)
{
	struct scm_pipe p = scm_pipe();
	int arg[2] = { self->tx, p.wr };
	pid_t pid;

	ASSERT_EQ(0, set_mode(self->tx, DIPC_MODE_EXPLICIT));
	pid = dt_child(send_and_wait, arg);
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_sendmsg));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_STREQ("", take_all(self->rx));
}

static long run_receiving(void *arg)
{
	struct scm_got got = scm_recv(*(int *)arg, 0);
	long ret = got.ret < 0 ? got.ret : got.n_fds;

	scm_close(&got);
	return ret;
}

TEST_F(port, handed_to_a_receiver_that_waits)
{
	struct dt_thread t;
	struct scm_pipe p;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, dt_thread_start(&t, run_receiving, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvmsg));
	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	EXPECT_EQ(1, dt_thread_join(&t));
	EXPECT_TRUE(scm_pipe_end(&p));
}

/* E_SCM_06 */
TEST_F(port, mailboxes_take_none)
{
	struct sockaddr_dipc addr;
	struct scm_pipe p = scm_pipe();
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "rights");
	addr = dt_mailbox(name);
	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX(.capacity_msgs = 4)));
	EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', &p.wr, 1, 0, &addr));
	EXPECT_EQ(1, scm_send(self->tx, 'b', NULL, 0, 0, &addr));
	EXPECT_EQ(1, dt_mailbox_queued(name));
	/* connected as well */
	ASSERT_EQ(0, dt_connect(self->tx, &addr));
	EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', &p.wr, 1, 0, NULL));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_EQ(0, dt_mailbox_del(name));
}

/* E_SCM_03 */
TEST_F(port, sockets_that_carry_descriptors_are_refused)
{
	const struct {
		int family, type;
	} kinds[] = {
		{ AF_UNIX, SOCK_DGRAM },
		{ AF_UNIX, SOCK_STREAM },
		{ AF_UNIX, SOCK_SEQPACKET },
		{ dt_family(), SOCK_RDM },
		{ dt_family(), SOCK_DGRAM },
		{ dt_family(), SOCK_SEQPACKET },
		{ dt_family(), SOCK_STREAM },
	};
	struct scm_pipe p = scm_pipe();
	int fd[3] = { p.wr, -1, p.wr }, i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		fd[1] = DT_ERR(socket(kinds[i].family, kinds[i].type, 0));
		ASSERT_LE(0, fd[1]);
		EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', fd, 3, 0, NULL))
			TH_LOG("family %d, type %d", kinds[i].family,
			       kinds[i].type);
		close(fd[1]);
	}
	fd[1] = self->rx;
	EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', fd, 3, 0, NULL));
	fd[1] = self->tx;
	EXPECT_EQ(-EOPNOTSUPP, scm_send(self->tx, 'a', fd, 3, 0, NULL));
	EXPECT_STREQ("", take_all(self->rx));
	EXPECT_TRUE(scm_pipe_end(&p));
}

/* AF_UNIX takes ours: what it finds behind them is never one of its own. */
TEST_F(port, socket_can_be_passed_over_af_unix)
{
	struct scm_got first, second;
	struct scm_pipe p;
	int sv[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	ASSERT_TRUE(scm_give(self->tx, 'a', &p));
	ASSERT_EQ(1, scm_send(sv[0], 's', &self->rx, 1, 0, NULL));
	close(self->rx);
	self->rx = -1;
	EXPECT_TRUE(scm_pipe_is_held(&p));
	first = scm_recv(sv[1], 0);
	ASSERT_EQ(1, first.n_fds);
	second = scm_recv(first.fd[0], 0);
	EXPECT_EQ('a', second.letter);
	EXPECT_EQ(1, second.n_fds);
	scm_close(&second);
	EXPECT_TRUE(scm_pipe_end(&p));

	/* and it is closed with the sockets that it was on its way between */
	ASSERT_TRUE(scm_give(self->tx, 'b', &p));
	ASSERT_EQ(1, scm_send(sv[0], 's', &first.fd[0], 1, 0, NULL));
	scm_close(&first);
	EXPECT_TRUE(scm_pipe_is_held(&p));
	close(sv[0]);
	close(sv[1]);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_HARNESS_MAIN
