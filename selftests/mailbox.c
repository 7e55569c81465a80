// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes: how long they live and what goes with them, and many senders and
 * many receivers, each of whose messages comes once and in order.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "box.h"

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
	EXPECT_EQ(1, box_put(self->name, 'a'));
	EXPECT_EQ(1, box_exists(self->name));
}

TEST_F(life, ends_with_the_last_receiver_if_transient)
{
	int first = box_receiver(self->name), second = box_receiver(self->name);
	struct dt_queue q;

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, dt_mailbox_get(self->name, &q));
	EXPECT_EQ(2, q.users);
	close(first);
	EXPECT_EQ(1, box_exists(self->name));
	close(second);
	EXPECT_EQ(!variant->transient, box_exists(self->name));
}

TEST_F(life, ends_with_the_last_connected_sender_if_transient)
{
	int rx = box_receiver(self->name), tx = box_sender(self->name);

	ASSERT_LE(0, rx);
	ASSERT_LE(0, tx);
	close(rx);
	EXPECT_EQ(1, box_exists(self->name));
	EXPECT_EQ(1, put(tx, 'a'));
	close(tx);
	EXPECT_EQ(!variant->transient, box_exists(self->name));
}

TEST_F(life, ends_when_its_last_user_turns_elsewhere_if_transient)
{
	struct sockaddr_dipc addr;
	int tx = box_sender(self->name), elsewhere = dt_socket(SOCK_RDM);

	ASSERT_LE(0, tx);
	ASSERT_LE(0, elsewhere);
	addr = dt_port_of(elsewhere);
	EXPECT_EQ(0, dt_connect(tx, &addr));
	EXPECT_EQ(!variant->transient, box_exists(self->name));
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
	int rx = box_receiver(self->name);
	pid_t pid;

	ASSERT_LE(0, rx);
	pid = dt_child(hold_for_ever, NULL);
	ASSERT_LT(0, pid);
	close(rx);
	EXPECT_EQ(1, box_exists(self->name));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_TRUE(DT_WAIT_UNTIL(box_exists(self->name) == !variant->transient));
}

TEST_F(life, name_is_free_when_it_has_ended)
{
	int rx = box_receiver(self->name);

	ASSERT_LE(0, rx);
	EXPECT_EQ(-EEXIST, dt_mailbox_new(self->name, DT_MAILBOX()));
	close(rx);
	EXPECT_EQ(variant->transient ? 0 : -EEXIST,
		  dt_mailbox_new(self->name, DT_MAILBOX()));
}

TEST_F(life, messages_go_with_it_and_are_counted)
{
	struct dt_stats before, after;
	int rx = box_receiver(self->name);

	ASSERT_LE(0, rx);
	ASSERT_EQ(0, dt_stats_get(&before));
	EXPECT_EQ(1, box_put(self->name, 'a'));
	EXPECT_EQ(1, box_put(self->name, 'b'));
	close(rx);
	if (!variant->transient)
		EXPECT_EQ(0, dt_mailbox_del(self->name));
	EXPECT_COUNTED(&before, [DIPC_REASON_QUEUED] = 2,
		       [DIPC_REASON_DROP_CLOSED] = 2);
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(before.messages, after.messages);
}

/*
 * Those who use it
 */

static int send_and_exit(void *arg)
{
	return box_put(arg, 'z') == 1 ? 0 : 1;
}

TEST_F(box, messages_outlive_their_sender_and_the_receivers)
{
	struct sockaddr_dipc from;
	char c;
	int fd;

	EXPECT_EQ(0, dt_as_user(DT_SOMEBODY, send_and_exit, self->name));
	close(self->rx);
	close(self->tx);
	EXPECT_EQ(1, dt_mailbox_queued(self->name));
	self->rx = box_receiver(self->name);
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
	self->tx = box_sender(self->name);
}

TEST_F(box, receivers_on_several_sockets_are_served_in_order)
{
	int fd[MANY], i;

	for (i = 0; i < MANY; i++) {
		fd[i] = box_receiver(self->name);
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
		tx[i] = (struct work) { .fd = box_sender(self->name), .index = i };
		rx[i] = (struct work) { .fd = box_receiver(self->name), .seen = seen };
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

TEST_HARNESS_MAIN
