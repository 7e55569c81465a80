// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: notification of a message by a signal, on sockets
 * and mailboxes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipc/libipc.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

/* One look, without waiting; SIGIO and signals of notification are queued. */
static int signal_pending(const sigset_t *set, siginfo_t *info)
{
	struct timespec none = { 0, 0 };

	return sigtimedwait(set, info, &none);
}

static int signal_await(const sigset_t *set, siginfo_t *info)
{
	struct timespec ts = { DT_LONG_MS / 1000, 0 };

	return sigtimedwait(set, info, &ts);
}

static void block(sigset_t *set, int signo)
{
	sigemptyset(set);
	sigaddset(set, signo);
	sigaddset(set, SIGIO);
	sigprocmask(SIG_BLOCK, set, NULL);
}

FIXTURE(sockets)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;	/* the name */
	int rx, tx;
};

FIXTURE_SETUP(sockets)
{
	dt_unique(self->name, "name");
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &self->addr));
	self->rx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->tx = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(sockets)
{
	close(self->rx);
	close(self->tx);
}

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

TEST_F(sockets, notify_is_one_shot)
{
	siginfo_t info;
	sigset_t set;
	char buf[8];

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));

	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	ASSERT_EQ(1, ipc_send(self->tx, "1", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(self->rx, info.si_fd);
	ASSERT_EQ(1, ipc_send(self->tx, "2", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(1, ipc_send(self->tx, "3", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));

	/* Asked again, with a message there: only for the next first one. */
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(1, ipc_send(self->tx, "4", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(1, ipc_send(self->tx, "5", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));

	/* No more. */
	EXPECT_EQ(1, ipc_recv(self->rx, buf, sizeof(buf), 0));
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_notify(self->rx, 0, 0));
	ASSERT_EQ(1, ipc_send(self->tx, "6", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));

	EXPECT_EQ(-EINVAL, ipc_notify(self->rx, 1000, 0));
	EXPECT_EQ(-EINVAL, ipc_notify(self->rx, SIGRTMIN, 4));
	EXPECT_EQ(-EBADF, ipc_notify(-1, SIGRTMIN, 0));
}

/* What a match leaves aside is no event, and does not hide one. */
TEST_F(sockets, notify_knows_the_match)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_TAG, .tag = 2 };
	struct dipc_match match = { .tag = 1, .tag_mask = ~0ULL };
	struct iovec iov = { "x", 1 };
	siginfo_t info;
	sigset_t set;

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_bind(self->rx, &self->addr));
	ASSERT_EQ(0, ipc_connect(self->tx, &self->addr));
	ASSERT_EQ(0, ipc_set_match(self->rx, &match));
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(1, ipc_sendmsg(self->tx, &iov, 1, 0, &attr));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	attr.tag = 1;
	ASSERT_EQ(1, ipc_sendmsg(self->tx, &iov, 1, 0, &attr));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
}

TEST_F(sockets, notify_reaches_the_thread)
{
	struct f_owner_ex owner;

	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, IPC_NOTIFY_THREAD));
	ASSERT_EQ(0, fcntl(self->rx, F_GETOWN_EX, &owner));
	EXPECT_EQ(F_OWNER_TID, owner.type);
	EXPECT_EQ(gettid(), owner.pid);
	ASSERT_EQ(0, ipc_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, fcntl(self->rx, F_GETOWN_EX, &owner));
	EXPECT_EQ(F_OWNER_PID, owner.type);
	EXPECT_EQ(getpid(), owner.pid);
}

TEST_F(mailbox, notify_is_one_shot)
{
	siginfo_t info;
	sigset_t set;
	char buf[8];

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(ipc_mailbox_fd(self->rx), info.si_fd);
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN,
					IPC_NOTIFY_THREAD));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "3", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	EXPECT_EQ(1, ipc_mailbox_get(self->rx, buf, sizeof(buf), NULL, 0));

	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, 0, 0));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "4", 1, 0));
	EXPECT_EQ(-1, signal_pending(&set, &info));
}

/* Who waits for a message gets it; that is not an event for the others. */
TEST_F(mailbox, notify_is_silent_if_somebody_waits)
{
	struct ipc_mailbox *mb;
	siginfo_t info;
	sigset_t set;
	int status;
	char buf[8];
	pid_t pid;

	block(&set, SIGRTMIN);
	ASSERT_EQ(0, ipc_mailbox_notify(self->rx, SIGRTMIN, 0));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &mb));
	pid = fork();
	if (!pid)
		_exit(ipc_mailbox_get(mb, buf, 8, NULL, DT_LONG_MS) == 1 ? 0 : 1);
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "1", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, signal_pending(&set, &info));
	/* And the notification is still asked for. */
	ASSERT_EQ(0, ipc_mailbox_put(self->tx, "2", 1, 0));
	EXPECT_EQ(SIGRTMIN, signal_await(&set, &info));
	ipc_mailbox_close(mb);
}

TEST_HARNESS_MAIN
