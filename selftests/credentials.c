// SPDX-License-Identifier: GPL-2.0
/*
 * Who sent a message (SO_PASSCRED, SCM_CREDENTIALS). "way" is what holds on
 * every way a message can go, and first of all on sockets of AF_UNIX; "port"
 * is where dipc says more, or tells the truth whatever the sender claims.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "call.h"
#include "scm.h"
#include "way.h"

#define ALICE	1001
#define BOB	1002

static int pass_credentials(int fd, int on)
{
	return DT_ERR(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
}

FIXTURE_SETUP(way)
{
	int err = way_open(self, variant);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	ASSERT_EQ(0, pass_credentials(self->rx, 1));
}

/* What a message says who sent it. */
static long claim(int sock, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred ucred = { pid, uid, gid };
	struct scm_control c = { 0 };

	if (!scm_put(&c, SOL_SOCKET, SCM_CREDENTIALS, &ucred, sizeof(ucred)))
		return -E2BIG;
	return scm_send_control(sock, 'c', &c, MSG_DONTWAIT, NULL);
}

static bool is_from(const struct scm_got *got, pid_t pid, uid_t uid, gid_t gid)
{
	bool same = got->ret == 1 && got->has_ucred && got->ucred.pid == pid &&
		    got->ucred.uid == uid && got->ucred.gid == gid;

	if (!same)
		printf("# %ld: pid %d, uid %d, gid %d; not %d, %d, %d\n",
		       got->ret, got->ucred.pid, got->ucred.uid,
		       got->ucred.gid, pid, uid, gid);
	return same;
}

static int send_one(void *arg)
{
	return send(*(int *)arg, "a", 1, 0) == 1 ? getpid() : -errno;
}

TEST_F(way, sender_is_told)
{
	struct scm_got got;
	int pid;

	ASSERT_EQ(1, send(self->tx, "a", 1, 0));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(1, got.n_cmsgs);
	EXPECT_EQ(CMSG_SPACE(sizeof(got.ucred)), got.used);
	EXPECT_TRUE(is_from(&got, getpid(), getuid(), getgid()));
	/* and who sent it need not live any more */
	pid = dt_as_user(ALICE, send_one, &self->tx);
	ASSERT_LT(0, pid);
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, pid, ALICE, ALICE));
}

TEST_F(way, only_if_it_is_asked_for)
{
	struct scm_got got;

	ASSERT_EQ(0, pass_credentials(self->rx, 0));
	ASSERT_EQ(1, claim(self->tx, getpid(), getuid(), getgid()));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('c', got.letter);
	EXPECT_EQ(0, got.n_cmsgs);
}

TEST_F(way, no_room)
{
	struct scm_got got;

	ASSERT_EQ(1, send(self->tx, "a", 1, 0));
	got = scm_recv_room(self->rx, 0, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	ASSERT_EQ(1, send(self->tx, "b", 1, 0));
	got = scm_recv_room(self->rx, CMSG_LEN(sizeof(struct ucred)) - 1, 0);
	EXPECT_EQ('b', got.letter);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	EXPECT_FALSE(got.has_ucred);
	ASSERT_EQ(1, send(self->tx, "c", 1, 0));
	got = scm_recv_room(self->rx, CMSG_LEN(sizeof(struct ucred)), 0);
	EXPECT_EQ(0, got.flags);
	EXPECT_TRUE(got.has_ucred);
}

TEST_F(way, together_with_descriptors)
{
	struct ucred ucred = { getpid(), getuid(), getgid() };
	struct scm_pipe p = scm_pipe();
	struct scm_control c = { 0 };
	struct scm_got got;

	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int)));
	ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_CREDENTIALS, &ucred,
			    sizeof(ucred)));
	ASSERT_EQ(1, scm_send_control(self->tx, 'a', &c, 0, NULL));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ(2, got.n_cmsgs);
	EXPECT_EQ(1, got.n_fds);
	EXPECT_TRUE(is_from(&got, getpid(), getuid(), getgid()));
	scm_close(&got);
	/* credentials come first: no room for the other */
	ASSERT_EQ(1, scm_send_control(self->tx, 'a', &c, 0, NULL));
	got = scm_recv_room(self->rx, CMSG_SPACE(sizeof(ucred)), 0);
	EXPECT_TRUE(got.has_ucred);
	EXPECT_EQ(0, got.n_fds);
	EXPECT_EQ(MSG_CTRUNC, got.flags);
	EXPECT_TRUE(scm_pipe_end(&p));
}

TEST_F(way, peek_tells_as_well)
{
	struct scm_got got;

	ASSERT_EQ(1, send(self->tx, "a", 1, 0));
	got = scm_recv(self->rx, MSG_PEEK);
	EXPECT_TRUE(is_from(&got, getpid(), getuid(), getgid()));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), getuid(), getgid()));
}

/* E_SCM_07 */
TEST_F(way, claim_of_another_size)
{
	static const size_t sizes[] = {
		0, 1, sizeof(struct ucred) - 1, sizeof(struct ucred) + 1,
		2 * sizeof(struct ucred),
	};
	struct ucred ucred[2] = { { getpid(), getuid(), getgid() } };
	struct scm_control c;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		c.len = 0;
		ASSERT_TRUE(scm_put(&c, SOL_SOCKET, SCM_CREDENTIALS, ucred,
				    sizes[i]));
		EXPECT_EQ(-EINVAL,
			  scm_send_control(self->tx, 'a', &c, 0, NULL))
			TH_LOG("%zu bytes", sizes[i]);
	}
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
}

/* E_SCM_08 */
TEST_F(way, claim_of_nobody)
{
	EXPECT_EQ(-EINVAL, claim(self->tx, getpid(), -1, getgid()));
	EXPECT_EQ(-EINVAL, claim(self->tx, getpid(), getuid(), -1));
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
}

/* E_SCM_09 */
static int claims_of_a_user(void *arg)
{
	int tx = *(int *)arg;

	if (claim(tx, getppid(), ALICE, ALICE) != -EPERM ||
	    claim(tx, 1, ALICE, ALICE) != -EPERM)
		return 1;
	if (claim(tx, getpid(), 0, ALICE) != -EPERM ||
	    claim(tx, getpid(), BOB, ALICE) != -EPERM)
		return 2;
	if (claim(tx, getpid(), ALICE, 0) != -EPERM ||
	    claim(tx, getpid(), ALICE, BOB) != -EPERM)
		return 3;
	return claim(tx, getpid(), ALICE, ALICE) == 1 ? -getpid() : 4;
}

TEST_F(way, claim_must_be_true)
{
	struct scm_got got;
	int pid = -dt_as_user(ALICE, claims_of_a_user, &self->tx);

	ASSERT_LT(0, pid);
	got = scm_recv(self->rx, MSG_DONTWAIT);
	EXPECT_TRUE(is_from(&got, pid, ALICE, ALICE));
	EXPECT_EQ(-EAGAIN, scm_recv(self->rx, MSG_DONTWAIT).ret);
}

/* He may be any of his three users, and of his three groups. */
static int claims_of_several(void *arg)
{
	static const uid_t ids[] = { 1001, 1002, 1003 };
	int tx = *(int *)arg, i;

	if (setresgid(ids[0], ids[1], ids[2]) ||
	    setresuid(ids[0], ids[1], ids[2]))
		return 1;
	for (i = 0; i < 3; i++)
		if (claim(tx, getpid(), ids[i], ids[2 - i]) != 1)
			return 2;
	return claim(tx, getpid(), 1004, ids[0]) == -EPERM &&
	       claim(tx, getpid(), ids[0], 1004) == -EPERM ? 0 : 3;
}

TEST_F(way, claim_may_be_of_any_own_user_and_group)
{
	EXPECT_EQ(0, dt_child_wait(dt_child(claims_of_several, &self->tx)));
}

static int claims_of_ns_root(void *arg)
{
	int tx = *(int *)arg;

	/* root here is DT_NOBODY; nobody else exists */
	if (claim(tx, getpid(), 0, 0) != 1)
		return 1;
	if (claim(tx, getpid(), 1, 0) != -EINVAL ||
	    claim(tx, getpid(), 0, 1) != -EINVAL)
		return 2;
	/* processes are another namespace's, where he is nobody */
	return claim(tx, getppid(), 0, 0) == -EPERM ? -getpid() : 3;
}

TEST_F(way, claim_is_read_in_the_senders_user_namespace)
{
	struct scm_got got;
	int pid = -dt_as_ns_root(claims_of_ns_root, &self->tx);

	ASSERT_LT(0, pid);
	got = scm_recv(self->rx, MSG_DONTWAIT);
	EXPECT_TRUE(is_from(&got, pid, DT_NOBODY, DT_NOBODY));
}

static int overflow_id(const char *path)
{
	FILE *f = fopen(path, "re");
	int id = -1;

	if (f && fscanf(f, "%d", &id) != 1)
		id = -1;
	if (f)
		fclose(f);
	return id;
}

static int receive_in_user_ns(void *arg)
{
	int uid = overflow_id("/proc/sys/kernel/overflowuid");
	int gid = overflow_id("/proc/sys/kernel/overflowgid");
	struct scm_got got = scm_recv(*(int *)arg, MSG_DONTWAIT);

	/* from root, who is unknown here */
	if (!is_from(&got, getppid(), uid, gid))
		return 1;
	/* and from who is root here */
	got = scm_recv(*(int *)arg, MSG_DONTWAIT);
	return got.has_ucred && !got.ucred.uid && !got.ucred.gid ? 0 : 2;
}

TEST_F(way, users_are_those_of_the_receivers_namespace)
{
	ASSERT_EQ(1, send(self->tx, "a", 1, 0));
	ASSERT_LT(0, dt_as_user(DT_NOBODY, send_one, &self->tx));
	EXPECT_EQ(0, dt_as_ns_root(receive_in_user_ns, &self->rx));
}

/* Process 1 of a new namespace, in which its parent is nobody. */
static pid_t fork_in_pid_ns(void)
{
	return unshare(CLONE_NEWPID) ? -errno : fork();
}

TEST_F(way, processes_are_those_of_the_receivers_namespace)
{
	struct scm_got got;
	pid_t pid;

	ASSERT_EQ(1, send(self->tx, "a", 1, 0));
	pid = fork_in_pid_ns();
	ASSERT_LE(0, pid);
	if (!pid) {
		got = scm_recv(self->rx, MSG_DONTWAIT);
		if (!is_from(&got, 0, getuid(), getgid()))
			_exit(1);
		if (claim(self->tx, getpid(), 0, 0) != 1)
			_exit(2);
		got = scm_recv(self->rx, MSG_PEEK);
		if (!is_from(&got, 1, getuid(), getgid()))
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, dt_child_wait(pid));
	got = scm_recv(self->rx, MSG_DONTWAIT);
	EXPECT_TRUE(is_from(&got, pid, getuid(), getgid()));
}

FIXTURE(port)
{
	int rx, tx;
};

FIXTURE_SETUP(port)
{
	struct sockaddr_dipc addr = dt_any();

	self->rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, self->rx);
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, pass_credentials(self->rx, 1));
}

FIXTURE_TEARDOWN(port)
{
	close(self->tx);
	close(self->rx);
}

TEST_F(port, user_is_the_effective_one)
{
	struct scm_got got;

	ASSERT_EQ(0, syscall(SYS_setresgid, -1, BOB, -1));
	ASSERT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	ASSERT_EQ(1, put(self->tx, 'b'));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('a', got.letter);
	EXPECT_TRUE(is_from(&got, getpid(), ALICE, BOB));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), 0, BOB));
}

static int send_by_child(void *arg)
{
	return put(*(int *)arg, 'b') == 1 ? 0 : 1;
}

/* One socket, several who send through it. */
TEST_F(port, sender_is_who_called_not_who_made_the_socket)
{
	struct scm_got got;
	pid_t pid;

	ASSERT_EQ(1, put(self->tx, 'a'));
	pid = dt_child(send_by_child, &self->tx);
	ASSERT_EQ(0, dt_child_wait(pid));
	ASSERT_EQ(1, put(self->tx, 'c'));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), 0, 0));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('b', got.letter);
	EXPECT_TRUE(is_from(&got, pid, 0, 0));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), 0, 0));
}

static long put_b(void *arg)
{
	return put(*(int *)arg, 'b');
}

TEST_F(port, process_of_a_thread_is_its_group)
{
	struct scm_got got;
	struct dt_thread t;

	ASSERT_EQ(0, dt_thread_start(&t, put_b, &self->tx));
	ASSERT_EQ(1, dt_thread_join(&t));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), 0, 0));
}

/* Root may claim to be somebody else; the receiver is told who it was. */
TEST_F(port, claim_changes_nothing)
{
	struct scm_got got;

	ASSERT_EQ(1, claim(self->tx, 1, ALICE, BOB));
	got = scm_recv(self->rx, 0);
	EXPECT_EQ('c', got.letter);
	EXPECT_TRUE(is_from(&got, getpid(), 0, 0));
}

TEST_F(port, asked_for_after_it_was_sent)
{
	struct scm_got got;

	ASSERT_EQ(0, pass_credentials(self->rx, 0));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, pass_credentials(self->rx, 1));
	got = scm_recv(self->rx, 0);
	EXPECT_TRUE(is_from(&got, getpid(), 0, 0));
}

TEST_F(port, of_a_message_in_a_mailbox)
{
	struct sockaddr_dipc addr;
	struct scm_got got;
	char name[DIPC_NAME_MAX + 1];
	int rx, pid;

	dt_unique(name, "credentials");
	addr = dt_mailbox(name);
	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX(.mode = 0666)));
	rx = dt_socket_bound(SOCK_RDM, &addr);
	ASSERT_LE(0, rx);
	ASSERT_EQ(0, pass_credentials(rx, 1));
	ASSERT_EQ(0, dt_connect(self->tx, &addr));
	pid = dt_as_user(ALICE, send_one, &self->tx);
	ASSERT_LT(0, pid);
	got = scm_recv(rx, 0);
	EXPECT_TRUE(is_from(&got, pid, ALICE, ALICE));
	close(rx);
	EXPECT_EQ(0, dt_mailbox_del(name));
}

TEST_HARNESS_MAIN
