// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes: how long they live, who may do what with them, many senders and
 * many receivers, limits of their users, and what those who wait are told when
 * one is changed, emptied or deleted.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include "call.h"
#include "kselftest_harness.h"

#define ALICE	1001
#define BOB	1002
#define STAFF	2001
#define OTHERS	2002
#define MANY	20	/* more than the kernel wakes in one go */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

#define EXPECT_COUNTED(before, ...)					\
	EXPECT_STREQ("", counted_else(before,				\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

static int receiver_open(const char *name)
{
	struct sockaddr_dipc addr = dt_mailbox(name);

	return dt_socket_bound(SOCK_RDM, &addr);
}

static int sender_open(const char *name)
{
	struct sockaddr_dipc addr = dt_mailbox(name);

	return dt_socket_connected(SOCK_RDM, &addr);
}

/* Without being its user. */
static long put_to(const char *name, char letter)
{
	struct sockaddr_dipc addr = dt_mailbox(name);
	int fd = dt_socket(SOCK_RDM);
	long ret;

	if (fd < 0)
		return fd;
	ret = dt_send(fd, &letter, 1, MSG_DONTWAIT, &addr);
	close(fd);
	return ret;
}

static int exists(const char *name)
{
	struct dt_queue q;
	int err = dt_mailbox_get(name, &q);

	return err == -ENOENT ? 0 : err ? err : 1;
}

/*
 * How long it lives
 */

FIXTURE(life)
{
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(life)
{
	bool transient;
};

FIXTURE_VARIANT_ADD(life, persistent) { false };
FIXTURE_VARIANT_ADD(life, transient) { true };

FIXTURE_SETUP(life)
{
	int err;

	dt_unique(self->name, "life");
	err = dt_mailbox_new(self->name, DT_MAILBOX(.transient = variant->transient));
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
}

FIXTURE_TEARDOWN(life)
{
	dt_mailbox_del(self->name);
}

TEST_F(life, begins_before_the_first_user)
{
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(variant->transient, q.transient);
	EXPECT_EQ(0, q.users);
	/* who sends without being connected is no user */
	EXPECT_EQ(1, put_to(self->name, 'a'));
	EXPECT_EQ(1, exists(self->name));
}

TEST_F(life, ends_with_the_last_receiver_if_transient)
{
	int first = receiver_open(self->name), second = receiver_open(self->name);
	struct dt_queue q;

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(2, q.users);
	close(first);
	EXPECT_EQ(1, exists(self->name));
	close(second);
	EXPECT_EQ(!variant->transient, exists(self->name));
}

TEST_F(life, ends_with_the_last_connected_sender_if_transient)
{
	int rx = receiver_open(self->name), tx = sender_open(self->name);

	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	close(rx);
	EXPECT_EQ(1, exists(self->name));
	EXPECT_EQ(1, put(tx, 'a'));
	close(tx);
	EXPECT_EQ(!variant->transient, exists(self->name));
}

TEST_F(life, ends_when_its_last_user_turns_elsewhere_if_transient)
{
	struct sockaddr_dipc addr;
	int tx = sender_open(self->name), elsewhere = dt_socket(SOCK_RDM);

	ASSERT_LE(0, tx);
	ASSERT_LE(0, elsewhere);
	addr = dt_port_of(elsewhere);
	EXPECT_EQ(0, dt_connect(tx, &addr));
	EXPECT_EQ(!variant->transient, exists(self->name));
	close(elsewhere);
	close(tx);
}

static int hold_for_ever(void *arg)
{
	pause();
	return 0;
}

TEST_F(life, ends_with_the_last_holder_of_a_descriptor_if_transient)
{
	int rx = receiver_open(self->name);
	pid_t pid;

	ASSERT_LE(0, rx);
	pid = dt_child(hold_for_ever, NULL);
	ASSERT_LT(0, pid);
	close(rx);
	EXPECT_EQ(1, exists(self->name));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_TRUE(DT_WAIT_UNTIL(exists(self->name) == !variant->transient));
}

TEST_F(life, name_is_free_when_it_has_ended)
{
	int rx = receiver_open(self->name);

	ASSERT_LE(0, rx);
	EXPECT_EQ(-EEXIST, dt_mailbox_new(self->name, DT_MAILBOX()));
	close(rx);
	EXPECT_EQ(variant->transient ? 0 : -EEXIST,
		  dt_mailbox_new(self->name, DT_MAILBOX()));
}

TEST_F(life, messages_go_with_it_and_are_counted)
{
	struct dt_stats before, after;
	int rx = receiver_open(self->name);

	ASSERT_LE(0, rx);
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(1, put_to(self->name, 'a'));
	EXPECT_EQ(1, put_to(self->name, 'b'));
	close(rx);
	if (!variant->transient)
		EXPECT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 2,
		       [DIPC_REASON_DROP_CLOSED] = 2);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.messages, after.messages);
}

/*
 * Who may do what: a mailbox of Alice and the group staff
 */

struct who {
	uid_t uid;
	gid_t gid;
	gid_t group;		/* supplementary */
	uint32_t caps;		/* effective ones */
};

#define NO_CAPS		0
#define OWNER		{ ALICE, OTHERS, OTHERS, NO_CAPS }
#define OWNER_IN_STAFF	{ ALICE, STAFF, OTHERS, NO_CAPS }
#define IN_STAFF	{ BOB, STAFF, OTHERS, NO_CAPS }
#define ALSO_IN_STAFF	{ BOB, OTHERS, STAFF, NO_CAPS }
#define STRANGER	{ BOB, OTHERS, OTHERS, NO_CAPS }
#define CAPABLE		{ BOB, OTHERS, OTHERS, 1u << CAP_IPC_OWNER }
#define BARE_ROOT	{ 0, 0, 0, NO_CAPS }

static int set_caps(uint32_t effective)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = effective & data[0].permitted;
	data[1].effective = effective == ~0u ? data[1].permitted : 0;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* The calling thread alone becomes someone else, and root again. */
static int enter(const struct who *who)
{
	if (syscall(SYS_setgroups, 1, &who->group) ||
	    syscall(SYS_setresgid, -1, who->gid, -1))
		return -errno;
	return become(who->uid) ?: set_caps(who->caps);
}

static int leave(void)
{
	int err = become(0) ?: set_caps(~0u);

	if (err)
		return err;
	return syscall(SYS_setresgid, -1, 0, -1) ||
	       syscall(SYS_setgroups, 0, NULL) ? -errno : 0;
}

/* As somebody else: what the call gives, or its negative errno. */
#define AS(who, call) ({						\
	long err_ = enter(who), as_ = err_ ? err_ : (call);		\
	err_ = leave();							\
	err_ ? err_ : as_;						\
})

FIXTURE(may)
{
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(may)
{
	struct who who;
	int mode;
	bool receive, send, administer;
};

#define MAY_ROW(name, ...) FIXTURE_VARIANT_ADD(may, name) { __VA_ARGS__ }

MAY_ROW(owner_0600, OWNER, 0600, true, true, true);
MAY_ROW(owner_0400, OWNER, 0400, true, false, true);
MAY_ROW(owner_0200, OWNER, 0200, false, true, true);
MAY_ROW(owner_0000, OWNER, 0000, false, false, true);
/* the owner's bits are his, even where those of all others give more */
MAY_ROW(owner_0066, OWNER_IN_STAFF, 0066, false, false, true);
MAY_ROW(group_0060, IN_STAFF, 0060, true, true, false);
MAY_ROW(group_0040, IN_STAFF, 0040, true, false, false);
MAY_ROW(group_0020, IN_STAFF, 0020, false, true, false);
MAY_ROW(group_0606, IN_STAFF, 0606, false, false, false);
MAY_ROW(supplementary_0060, ALSO_IN_STAFF, 0060, true, true, false);
MAY_ROW(supplementary_0606, ALSO_IN_STAFF, 0606, false, false, false);
MAY_ROW(other_0006, STRANGER, 0006, true, true, false);
MAY_ROW(other_0004, STRANGER, 0004, true, false, false);
MAY_ROW(other_0002, STRANGER, 0002, false, true, false);
MAY_ROW(other_0660, STRANGER, 0660, false, false, false);
MAY_ROW(other_0771, STRANGER, 0771, false, false, false);
MAY_ROW(capable_0000, CAPABLE, 0000, true, true, true);
MAY_ROW(bare_root_0660, BARE_ROOT, 0660, false, false, false);
MAY_ROW(bare_root_0006, BARE_ROOT, 0006, true, true, false);

FIXTURE_SETUP(may)
{
	dt_unique(self->name, "may");
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.uid = ALICE, .gid = STAFF,
					       .mode = variant->mode)));
}

FIXTURE_TEARDOWN(may)
{
	dt_mailbox_del(self->name);
}

TEST_F(may, receive)
{
	int fd = AS(&variant->who, receiver_open(self->name));

	if (!variant->receive) {
		EXPECT_EQ(-EACCES, fd);
		return;
	}
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, put_to(self->name, 'a'));
	EXPECT_EQ('a', take(fd));
	close(fd);
}

TEST_F(may, send)
{
	struct sockaddr_dipc addr = dt_name(self->name);
	struct dt_stats before;
	int fd, connected;

	fd = dt_socket(SOCK_RDM);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_stats_get(&before));
	/* by the type "mailbox" and by the name alone */
	EXPECT_EQ(variant->send ? 1 : -EACCES,
		  AS(&variant->who, put_to(self->name, 'a')));
	EXPECT_EQ(variant->send ? 1 : -EACCES,
		  AS(&variant->who, dt_send(fd, "b", 1, MSG_DONTWAIT, &addr)));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = variant->send ? 2 : 0,
		       [DIPC_REASON_NO_PERMISSION] = variant->send ? 0 : 2);
	connected = AS(&variant->who, sender_open(self->name));
	if (variant->send) {
		ASSERT_LE(0, connected);
		EXPECT_EQ(1, put(connected, 'c'));
		close(connected);
	} else {
		EXPECT_EQ(-EACCES, connected);
	}
	EXPECT_EQ(variant->send ? 3 : 0, dt_mailbox_queued(self->name));
	close(fd);
}

TEST_F(may, look)
{
	struct dt_queue q;

	/* that needs no right */
	ASSERT_EQ(0, AS(&variant->who, dt_mailbox_get(self->name, &q)));
	EXPECT_EQ(ALICE, q.uid);
	EXPECT_EQ(STAFF, q.gid);
	EXPECT_EQ(variant->mode, q.mode);
}

TEST_F(may, set)
{
	struct dt_queue q;

	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_set(self->name, DT_MAILBOX(.mode = 0666))));
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(variant->administer ? 0666 : variant->mode, q.mode);
}

TEST_F(may, purge)
{
	uint32_t n = 77;

	ASSERT_EQ(1, put_to(self->name, 'a'));
	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_purge(self->name, &n)));
	EXPECT_EQ(variant->administer ? 1 : 77, n);
	EXPECT_EQ(!variant->administer, dt_mailbox_queued(self->name));
}

TEST_F(may, del)
{
	EXPECT_EQ(variant->administer ? 0 : -EPERM,
		  AS(&variant->who, dt_mailbox_del(self->name)));
	EXPECT_EQ(!variant->administer, exists(self->name));
}

/*
 * One mailbox, made by root with these limits
 */

FIXTURE(box)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	struct call call[MANY];
	struct dt_stats before;
};

FIXTURE_SETUP(box)
{
	dt_unique(self->name, "box");
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.mode = 0666, .capacity_msgs = 4,
					       .capacity_bytes = 400,
					       .msg_max_bytes = 100)));
	self->rx = receiver_open(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->name);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(box)
{
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

static bool fill(FIXTURE_DATA(box) *self)
{
	for (int i = 0; i < 4; i++)
		if (put(self->tx, letters[i]) != 1)
			return false;
	return true;
}

static bool line_up_senders(FIXTURE_DATA(box) *self, int n)
{
	for (int i = 0; i < n; i++)
		if (call_send(&self->call[i], self->tx, 'A' + i) ||
		    !call_wait_asleep(&self->call[i]))
			return false;
	return true;
}

TEST_F(box, new_owner_and_mode_hold_for_what_comes_later)
{
	const struct who bob = STRANGER, alice = OWNER;
	int rx, tx;

	/* who was let in stays in, as with an open file */
	rx = AS(&bob, receiver_open(self->name));
	tx = AS(&bob, sender_open(self->name));
	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE, .mode = 0600)));
	EXPECT_EQ(1, AS(&bob, put(tx, 'a')));
	EXPECT_EQ('a', AS(&bob, take(rx)));
	EXPECT_EQ(-EACCES, AS(&bob, put_to(self->name, 'a')));
	EXPECT_EQ(-EACCES, AS(&bob, receiver_open(self->name)));
	EXPECT_EQ(-EACCES, AS(&bob, sender_open(self->name)));
	EXPECT_EQ(1, AS(&alice, put_to(self->name, 'a')));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.mode = 0660))));
	close(rx);
	close(tx);
}

TEST_F(box, owner_may_not_give_it_away)
{
	const struct who alice = OWNER;
	struct dt_queue q;

	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE, .gid = STAFF)));
	EXPECT_EQ(-EPERM, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.uid = BOB))));
	EXPECT_EQ(-EPERM, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.gid = 77))));
	/* but to a group that one is in */
	EXPECT_EQ(0, AS(&alice, dt_mailbox_set(self->name, DT_MAILBOX(.gid = OTHERS))));
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(ALICE, q.uid);
	EXPECT_EQ(OTHERS, q.gid);
}

TEST_F(box, quota_is_that_of_the_present_owner)
{
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-EAGAIN, put_as(self->tx, 'a', 1, ALICE));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE)));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_STREQ("aaaa", take_all(self->rx));
	/* and root is one of the others now */
	EXPECT_EQ(1, put(self->tx, 'r'));
	EXPECT_EQ(1, put(self->tx, 'r'));
	EXPECT_EQ(-EAGAIN, put(self->tx, 'r'));
	EXPECT_STREQ("rr", take_all(self->rx));
}

TEST_F(box, new_owner_lets_his_waiting_message_in)
{
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, ALICE));
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'c', 1, ALICE));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.uid = ALICE)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_STREQ("abc", take_all(self->rx));
}

static int send_and_exit(void *arg)
{
	return put_to(arg, 'z') == 1 ? 0 : 1;
}

TEST_F(box, messages_outlive_their_sender_and_the_receivers)
{
	struct sockaddr_dipc from;
	char c;
	int fd;

	EXPECT_EQ(0, dt_as_user(ALICE, send_and_exit, self->name));
	close(self->rx);
	close(self->tx);
	EXPECT_EQ(1, dt_mailbox_queued(self->name));
	self->rx = receiver_open(self->name);
	ASSERT_LE(0, self->rx);
	EXPECT_EQ(1, dt_recv(self->rx, &c, 1, MSG_DONTWAIT, &from));
	EXPECT_EQ('z', c);
	/* its source is nobody any more, and never will be somebody else */
	EXPECT_EQ(DIPC_ADDR_PORT, from.sdipc_type);
	EXPECT_LT(DIPC_PORT_USER_MAX, from.sdipc_port);
	fd = dt_socket(SOCK_RDM);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ECONNREFUSED, dt_send(fd, "r", 1, MSG_DONTWAIT, &from));
	close(fd);
	self->tx = sender_open(self->name);
}

TEST_F(box, receivers_on_several_sockets_are_served_in_order)
{
	int fd[MANY], i;

	for (i = 0; i < MANY; i++) {
		fd[i] = receiver_open(self->name);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, call_recv(&self->call[i], fd[i]));
		ASSERT_TRUE(call_wait_asleep(&self->call[i]));
	}
	EXPECT_EQ(MANY, dt_mailbox_receivers(self->name));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, put(self->tx, letters[i]));
		EXPECT_EQ(1, call_end(&self->call[i]));
		EXPECT_EQ(letters[i], self->call[i].letter);
		/* and no other is disturbed */
		EXPECT_EQ(MANY - 1 - i, dt_mailbox_receivers(self->name));
	}
	for (i = 0; i < MANY; i++)
		close(fd[i]);
}

TEST_F(box, view_shows_what_is_there)
{
	struct dt_queue q;
	int i;

	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 2));
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_STREQ(self->name, q.name);
	EXPECT_EQ(2, q.users);
	EXPECT_EQ(4, q.queued_msgs);
	EXPECT_EQ(4, q.queued_bytes);
	EXPECT_EQ(2, q.waiting_senders);
	EXPECT_EQ(0, q.waiting_receivers);
	EXPECT_EQ(4, q.capacity_msgs);
	EXPECT_EQ(400, q.capacity_bytes);
	EXPECT_EQ(100, q.msg_max_bytes);
	EXPECT_EQ(DIPC_POLICY_WAIT, q.policy);
	EXPECT_STREQ("abcdAB", take_all(self->rx));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(1, call_end(&self->call[i]));
}

/*
 * Many senders, many receivers
 */

#define N_TASKS		4
#define N_EACH		500

struct work {
	struct dt_thread thread;
	int fd;
	int index;
	int n;
	int next[N_TASKS];	/* the least that may come from each sender */
	bool disordered;
	uint8_t *seen;		/* for each message, how often */
};

static long send_many(void *arg)
{
	struct work *w = arg;
	int i, err;

	for (i = 0; i < N_EACH; i++) {
		err = dt_send_number(w->fd, w->index * N_EACH + i, 0, NULL);
		if (err < 0)
			return err;
	}
	return 0;
}

static long receive_many(void *arg)
{
	struct work *w = arg;
	int number, sender;

	for (;;) {
		number = dt_recv_number(w->fd, 0);
		if (number < 0)
			return number;
		if (number >= N_TASKS * N_EACH)
			return 0;
		__atomic_add_fetch(&w->seen[number], 1, __ATOMIC_RELAXED);
		sender = number / N_EACH;
		if (number % N_EACH < w->next[sender])
			w->disordered = true;
		w->next[sender] = number % N_EACH + 1;
		w->n++;
	}
}

TEST_F(box, each_message_goes_to_one_receiver_in_the_order_of_its_sender)
{
	static struct work tx[N_TASKS], rx[N_TASKS];
	static uint8_t seen[N_TASKS * N_EACH];
	int i, wrong = 0;

	for (i = 0; i < N_TASKS; i++) {
		tx[i] = (struct work) { .fd = sender_open(self->name), .index = i };
		rx[i] = (struct work) { .fd = receiver_open(self->name), .seen = seen };
		ASSERT_LE(0, tx[i].fd);
		ASSERT_LE(0, rx[i].fd);
		ASSERT_EQ(0, dt_thread_start(&rx[i].thread, receive_many, &rx[i]));
		ASSERT_EQ(0, dt_thread_start(&tx[i].thread, send_many, &tx[i]));
	}
	for (i = 0; i < N_TASKS; i++)
		EXPECT_EQ(0, dt_thread_join(&tx[i].thread));
	for (i = 0; i < N_TASKS; i++)
		EXPECT_EQ(0, dt_send_number(self->tx, N_TASKS * N_EACH, 0, NULL));
	for (i = 0; i < N_TASKS; i++) {
		EXPECT_EQ(0, dt_thread_join(&rx[i].thread));
		EXPECT_FALSE(rx[i].disordered);
		close(rx[i].fd);
		close(tx[i].fd);
	}
	for (i = 0; i < N_TASKS * N_EACH; i++)
		wrong += seen[i] != 1;
	EXPECT_EQ(0, wrong);
}

/*
 * Deleted, emptied or changed under those who use it
 */

TEST_F(box, deleted_under_waiting_senders_tells_them)
{
	int i;

	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, MANY));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-EIDRM, call_end(&self->call[i]));
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_WAITED] = MANY,
		       [DIPC_REASON_CLOSED] = MANY,
		       [DIPC_REASON_DROP_CLOSED] = 4);
}

TEST_F(box, deleted_under_waiting_receivers_tells_them)
{
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, call_recv(&self->call[i], self->rx));
		ASSERT_TRUE(call_wait_asleep(&self->call[i]));
	}
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-EIDRM, call_end(&self->call[i]));
}

TEST_F(box, deleted_tells_those_who_come_later)
{
	struct sockaddr_dipc addr = dt_mailbox(self->name);
	char c;

	ASSERT_TRUE(fill(self));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(-EIDRM, put(self->tx, 'x'));
	EXPECT_EQ(-EIDRM, take(self->rx));
	EXPECT_EQ(-EIDRM, DT_ERR(recv(self->rx, &c, 1, 0)));
	EXPECT_EQ(-EIDRM, DT_ERR(recv(self->rx, &c, 1, MSG_PEEK)));
	EXPECT_EQ(-ENOENT, dt_send(self->tx, "x", 1, 0, &addr));
	EXPECT_EQ(-ENOENT, receiver_open(self->name));
	EXPECT_EQ(-ENOENT, dt_mailbox_del(self->name));
	EXPECT_EQ(POLLIN | POLLERR | POLLHUP,
		  poll_now(self->rx) & (POLLIN | POLLERR | POLLHUP));
}

TEST_F(box, deleted_wakes_those_who_poll)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->rx, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_TRUE(e.events & EPOLLHUP);
	close(ep);
}

TEST_F(box, deleted_and_made_again_is_another)
{
	int rx;

	ASSERT_EQ(0, dt_mailbox_del(self->name));
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	EXPECT_EQ(-EIDRM, put(self->tx, 'x'));
	EXPECT_EQ(-EIDRM, take(self->rx));
	rx = receiver_open(self->name);
	ASSERT_LE(0, rx);
	EXPECT_EQ(1, put_to(self->name, 'y'));
	EXPECT_EQ('y', take(rx));
	/* the end of the users of the old one is none of its business */
	close(self->rx);
	close(self->tx);
	EXPECT_EQ(1, exists(self->name));
	self->rx = self->tx = -1;
	close(rx);
}

TEST_F(box, purge_discards_what_is_there_and_says_how_many)
{
	uint32_t n = 77;

	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(0, n);
	ASSERT_TRUE(fill(self));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(4, n);
	EXPECT_COUNTED(&self->before, [DIPC_REASON_QUEUED] = 4,
		       [DIPC_REASON_DROP_PURGED] = 4);
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ('x', take(self->rx));
}

TEST_F(box, purge_of_many)
{
	uint32_t n = 0;
	int i;

	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 1000,
							    .capacity_bytes = 100000)));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(1000, n);
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
}

TEST_F(box, purge_lets_waiting_senders_in)
{
	uint32_t n = 0;
	int i;

	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 3));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, &n));
	EXPECT_EQ(4, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, call_end(&self->call[i]));
	EXPECT_STREQ("ABC", take_all(self->rx));
}

TEST_F(box, set_lets_waiting_senders_in_as_far_as_there_is_room)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 3));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 6)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_TRUE(call_is_asleep(&self->call[2]));
	EXPECT_STREQ("abcdABC", take_all(self->rx));
	EXPECT_EQ(1, call_end(&self->call[2]));
}

TEST_F(box, set_tells_waiting_senders_whose_message_became_too_long)
{
	ASSERT_TRUE(fill(self));
	ASSERT_EQ(0, call_send_as(&self->call[0], self->tx, 'A', 10, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, call_send_as(&self->call[1], self->tx, 'B', 11, 0));
	ASSERT_TRUE(call_wait_asleep(&self->call[1]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.msg_max_bytes = 10)));
	EXPECT_EQ(-EMSGSIZE, call_end(&self->call[1]));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_STREQ("abcdA", take_all(self->rx));
	EXPECT_EQ(10, call_end(&self->call[0]));
}

/* Or newcomers, whom the new policy does not make wait, would overtake them. */
TEST_F(box, set_of_the_policy_ends_the_wait_of_senders)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 2));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.policy = DIPC_POLICY_REFUSE)));
	EXPECT_EQ(-ENOBUFS, call_end(&self->call[0]));
	EXPECT_EQ(-ENOBUFS, call_end(&self->call[1]));
	EXPECT_EQ(-ENOBUFS, put(self->tx, 'x'));
	EXPECT_STREQ("abcd", take_all(self->rx));
}

TEST_F(box, set_to_drop_oldest_lets_waiting_senders_in_before_newcomers)
{
	ASSERT_TRUE(fill(self));
	ASSERT_TRUE(line_up_senders(self, 2));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.policy = DIPC_POLICY_DROP_OLDEST)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_STREQ("dABx", take_all(self->rx));
}

TEST_F(box, set_leaves_waiting_receivers)
{
	ASSERT_EQ(0, call_recv(&self->call[0], self->rx));
	ASSERT_TRUE(call_wait_asleep(&self->call[0]));
	ASSERT_EQ(0, dt_mailbox_set(self->name, DT_MAILBOX(.capacity_msgs = 0)));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ(1, put(self->tx, 'x'));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('x', self->call[0].letter);
}

TEST_F(box, socket_of_a_receiver_cannot_change_the_limits)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	EXPECT_EQ(4, conf.capacity_msgs);
	EXPECT_EQ(-EOPNOTSUPP, dt_set_conf(self->rx, &conf));
}

/*
 * Unbuffered: only a receiver that waits already takes a message
 */

FIXTURE(unbuffered)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	struct call receiver, sender;
};

FIXTURE_VARIANT(unbuffered)
{
	int policy;
	long result;		/* when nobody waits, without waiting */
	bool waits;		/* a blocking sender */
	int reason;
};

FIXTURE_VARIANT_ADD(unbuffered, wait) {
	DIPC_POLICY_WAIT, -EAGAIN, true, DIPC_REASON_WOULD_BLOCK };
FIXTURE_VARIANT_ADD(unbuffered, refuse) {
	DIPC_POLICY_REFUSE, -ENOBUFS, false, DIPC_REASON_REFUSED };
FIXTURE_VARIANT_ADD(unbuffered, newest) {
	DIPC_POLICY_DROP_NEWEST, 1, false, DIPC_REASON_DROP_NEWEST };
FIXTURE_VARIANT_ADD(unbuffered, oldest) {
	DIPC_POLICY_DROP_OLDEST, 1, false, DIPC_REASON_DROP_NEWEST };

FIXTURE_SETUP(unbuffered)
{
	dt_unique(self->name, "unbuffered");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.capacity_msgs = 0,
							   .policy = variant->policy)));
	self->rx = receiver_open(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->name);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(unbuffered)
{
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

TEST_F(unbuffered, nobody_waits)
{
	struct dt_stats before, by = { 0 };

	by.counter[variant->reason] = 1;
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(variant->result, put(self->tx, 'a'));
	EXPECT_STREQ("", counted_else(&before, &by));
	EXPECT_EQ(0, dt_mailbox_queued(self->name));
	/* that a poller is there changes nothing: it may go away */
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(!variant->waits, is_writable(self->tx));
}

TEST_F(unbuffered, nobody_waits_and_the_sender_may_block)
{
	ASSERT_EQ(0, call_send(&self->sender, self->tx, 'a'));
	if (!variant->waits) {
		EXPECT_EQ(variant->result, call_end(&self->sender));
		return;
	}
	ASSERT_TRUE(call_wait_asleep(&self->sender));
	EXPECT_EQ(1, dt_mailbox_senders(self->name));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&self->sender));
}

TEST_F(unbuffered, a_receiver_waits)
{
	ASSERT_EQ(0, call_recv(&self->receiver, self->rx));
	ASSERT_TRUE(call_wait_asleep(&self->receiver));
	EXPECT_TRUE(is_writable(self->tx));
	EXPECT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, call_end(&self->receiver));
	EXPECT_EQ('a', self->receiver.letter);
	/* one message, one receiver */
	EXPECT_EQ(variant->result, put(self->tx, 'b'));
}

/*
 * Limits per user, under every policy
 */

FIXTURE(user)
{
	char name[DIPC_NAME_MAX + 1];
	int rx, tx;
	long long max_bytes, max_mailboxes, max_names;
};

FIXTURE_VARIANT(user)
{
	int policy;
};

FIXTURE_VARIANT_ADD(user, wait) { DIPC_POLICY_WAIT };
FIXTURE_VARIANT_ADD(user, refuse) { DIPC_POLICY_REFUSE };
FIXTURE_VARIANT_ADD(user, newest) { DIPC_POLICY_DROP_NEWEST };
FIXTURE_VARIANT_ADD(user, oldest) { DIPC_POLICY_DROP_OLDEST };

FIXTURE_SETUP(user)
{
	dt_unique(self->name, "user");
	self->max_bytes = dt_limit_get("user_max_bytes");
	self->max_mailboxes = dt_limit_get("user_max_mailboxes");
	self->max_names = dt_limit_get("user_max_names");
	ASSERT_LT(0, self->max_bytes);
	ASSERT_LT(0, self->max_mailboxes);
	ASSERT_LT(0, self->max_names);
	ASSERT_EQ(0, dt_mailbox_new(self->name,
				    DT_MAILBOX(.uid = ALICE, .policy = variant->policy)));
	self->rx = receiver_open(self->name);
	ASSERT_LE(0, self->rx);
	self->tx = sender_open(self->name);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(user)
{
	dt_limit_set("user_max_bytes", self->max_bytes);
	dt_limit_set("user_max_mailboxes", self->max_mailboxes);
	dt_limit_set("user_max_names", self->max_names);
	close(self->rx);
	close(self->tx);
	dt_mailbox_del(self->name);
}

TEST_F(user, memory_of_messages_is_limited)
{
	struct dt_stats before;
	struct call alice;
	long ret = 1;
	int n;

	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	ASSERT_EQ(0, dt_stats_get(&before));
	for (n = 0; n < 200; n++) {
		ret = put_as(self->tx, 'a', 1, ALICE);
		if (ret != 1)
			break;
	}
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = n,
		       [DIPC_REASON_USER_LIMIT] = 1);
	/* more than nothing, and each is more than its one byte */
	EXPECT_LT(10, n);
	EXPECT_GT(200, n);
	/* it never waits for that */
	ASSERT_EQ(0, call_send_as(&alice, self->tx, 'a', 1, ALICE));
	EXPECT_EQ(-ENOBUFS, call_end(&alice));
	/* it is a limit of hers alone */
	EXPECT_EQ(1, put_as(self->tx, 'b', 1, BOB));
	/* and is given back */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, NULL));
	EXPECT_EQ(1, put_as(self->tx, 'a', 1, ALICE));
}

TEST_F(user, memory_counts_payload)
{
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 10000));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(-ENOBUFS, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
}

TEST_F(user, lowering_the_limit_discards_nothing)
{
	EXPECT_EQ(4096, put_as(self->tx, 'a', 4096, ALICE));
	EXPECT_EQ(4096, put_as(self->tx, 'b', 4096, ALICE));
	ASSERT_EQ(0, dt_limit_set("user_max_bytes", 4096));
	EXPECT_EQ(-ENOBUFS, put_as(self->tx, 'x', 1, ALICE));
	EXPECT_STREQ("ab", take_all(self->rx));
	EXPECT_EQ(1, put_as(self->tx, 'x', 1, ALICE));
}

TEST_F(user, number_of_mailboxes_is_limited)
{
	const struct who alice = OWNER, bob = STRANGER;
	char name[3][DIPC_NAME_MAX + 1];
	int i;

	for (i = 0; i < 3; i++)
		dt_unique(name[i], "alice");
	ASSERT_EQ(0, dt_limit_set("user_max_mailboxes", 2));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[2], DT_MAILBOX())));
	EXPECT_EQ(0, AS(&bob, dt_mailbox_new(name[2], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[0]));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	/* that it was given away does not make room for more */
	EXPECT_EQ(0, dt_mailbox_set(name[0], DT_MAILBOX(.uid = BOB)));
	EXPECT_EQ(0, dt_mailbox_del(name[2]));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[2], DT_MAILBOX())));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, dt_mailbox_del(name[i]));
}

TEST_F(user, names_of_mailboxes_count_as_names)
{
	const struct who alice = OWNER;
	char name[2][DIPC_NAME_MAX + 1];

	dt_unique(name[0], "alice");
	dt_unique(name[1], "alice");
	ASSERT_EQ(0, dt_limit_set("user_max_names", 1));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[0], DT_MAILBOX())));
	EXPECT_EQ(-ENOBUFS, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[0]));
	EXPECT_EQ(0, AS(&alice, dt_mailbox_new(name[1], DT_MAILBOX())));
	EXPECT_EQ(0, dt_mailbox_del(name[1]));
}

TEST_HARNESS_MAIN
