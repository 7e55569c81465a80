// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits in a queue and for what, over netlink: receivers, senders, those at
 * the ends of a connection, and how many of them are shown.
 */
#define _GNU_SOURCE
#include <signal.h>

#include <linux/netlink.h>

#include "call.h"
#include "look.h"
#include "post.h"
#include "who.h"

TEST_F(look, receiver_is_shown_with_what_it_waits_for)
{
	const struct waiter *w = self->waiters.w;
	struct sockaddr_dipc box = dt_mailbox("box");
	struct call choosy, any;
	int other = dt_socket_bound(SOCK_RDM, &box);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
	ASSERT_EQ(0, post_match(self->rx, 17, 5, 7));
	ASSERT_EQ(0, call_recv(&choosy, self->rx));
	ASSERT_TRUE(call_wait_asleep(&choosy));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers("box") == 1));
	ASSERT_EQ(0, call_recv(&any, other));
	ASSERT_TRUE(call_wait_asleep(&any));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(2, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_MESSAGE, w[0].what);
	EXPECT_EQ(choosy.thread.tid, w[0].pid);
	EXPECT_EQ(0, w[0].uid);
	EXPECT_TRUE(w[0].has_source);
	EXPECT_EQ(17, w[0].source);
	EXPECT_TRUE(w[0].has_tag);
	EXPECT_EQ(5, w[0].tag);
	EXPECT_EQ(7, w[0].mask);
	EXPECT_EQ(DIPC_WAITS_FOR_MESSAGE, w[1].what);
	EXPECT_EQ(any.thread.tid, w[1].pid);
	EXPECT_FALSE(w[1].has_source);
	EXPECT_FALSE(w[1].has_tag);
	ASSERT_EQ(0, dt_mailbox_del("box"));
	EXPECT_EQ(-EIDRM, call_end(&any));
	EXPECT_EQ(-EIDRM, call_end(&choosy));
	close(other);
}

TEST_F(look, senders_are_shown_with_what_they_send)
{
	const struct waiter *w = self->waiters.w;
	struct post_call queued, waits;
	const uint64_t cookie = 1;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 1)));
	ASSERT_EQ(0, post_start(&queued, self->tx, 'a',
				POST(.mode = DIPC_MODE_EXPLICIT, .tag = 9)));
	ASSERT_TRUE(post_wait_asleep(&queued));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_queued("box") == 1));
	ASSERT_EQ(0, post_start(&waits, self->tx, 'b',
				POST(.mode = DIPC_MODE_RELIABLE, .priority = 4,
				     .deadline_ns = 1000000000000)));
	ASSERT_TRUE(post_wait_asleep(&waits));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_senders("box") == 1));
	ASSERT_EQ(1, post(self->tx, 'c', POST(.cookie = &cookie)));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(3, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_ROOM, w[0].what);
	EXPECT_EQ(waits.thread.tid, w[0].pid);
	EXPECT_EQ(dt_port_id(self->tx), w[0].source);
	EXPECT_EQ(DIPC_MODE_RELIABLE, w[0].mode);
	EXPECT_FALSE(w[0].async);
	EXPECT_EQ(1, w[0].len);
	EXPECT_EQ(4, w[0].priority);
	EXPECT_TRUE(w[0].has_deadline);
	EXPECT_LT(0, w[0].deadline_ns);
	EXPECT_EQ(DIPC_WAITS_FOR_ROOM, w[1].what);
	EXPECT_EQ(getpid(), w[1].pid);
	EXPECT_TRUE(w[1].async);
	EXPECT_FALSE(w[1].has_deadline);
	EXPECT_EQ(DIPC_WAITS_FOR_RECEIVER, w[2].what);
	EXPECT_EQ(queued.thread.tid, w[2].pid);
	EXPECT_EQ(DIPC_MODE_EXPLICIT, w[2].mode);
	EXPECT_EQ(9, w[2].tag);
	EXPECT_LE(w[1].age_ns, w[0].age_ns);
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, post_end(&queued));
	EXPECT_EQ(1, post_end(&waits));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(1, self->waiters.n);
}

TEST_F(look, sender_without_quota_is_shown_as_such)
{
	const struct waiter *w = self->waiters.w;
	struct call sender;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 2)));
	ASSERT_EQ(1, put_as(self->tx, 'a', 1, BOB));
	ASSERT_EQ(0, call_send_as(&sender, self->tx, 'b', 1, BOB));
	ASSERT_TRUE(call_wait_asleep(&sender));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(1, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_QUOTA, w[0].what);
	EXPECT_EQ(BOB, w[0].uid);
	EXPECT_EQ(DIPC_MODE_BLOCKING, w[0].mode);
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&sender));
}

TEST_F(look, waiters_of_a_port_are_shown)
{
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket_bound(SOCK_RDM, &any);
	struct call receiver;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, call_recv(&receiver, fd));
	ASSERT_TRUE(call_wait_asleep(&receiver));
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(fd), NULL,
				 &self->waiters));
	ASSERT_EQ(1, self->waiters.n);
	EXPECT_EQ(receiver.thread.tid, self->waiters.w[0].pid);
	ASSERT_EQ(0, call_interrupt(&receiver, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&receiver));
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(fd), NULL,
				 &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
	close(fd);
	/* the socket that is bound to the mailbox has no queue of its own */
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(self->rx), NULL,
				 &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
}

static void link_id_cb(int type, const void *data, int len, void *arg)
{
	uint32_t *ids = arg;

	if (type == DIPC_A_LINK_ID) {
		memcpy(&ids[ids[2] % 2], data, sizeof(ids[0]));
		ids[2]++;
	}
}

struct at_link {
	struct dt_nl nl;
	struct waiters waiters;
	uint32_t id;
};

static int waiters_of_link(void *arg)
{
	struct at_link *at = arg;
	int err = dt_nl_open(&at->nl);

	if (err)
		return err;
	err = waiters_get_link(&at->nl, at->id, &at->waiters);
	dt_nl_close(&at->nl);
	return err;
}

TEST_F(look, reader_of_a_link_is_shown_to_those_at_its_ends)
{
	static struct at_link at;
	uint32_t ids[3] = { 0 }, shown = 0, i;
	struct call reader;
	int fds[2];

	ASSERT_EQ(0, become(ALICE));
	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, fds));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, call_recv(&reader, fds[0]));
	ASSERT_TRUE(call_wait_asleep(&reader));
	dt_nl_begin(&self->nl, DIPC_CMD_LINK_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, link_id_cb, ids));
	ASSERT_EQ(2, ids[2]);
	for (i = 0; i < 2; i++) {
		at.id = ids[i];
		EXPECT_EQ(0, dt_as_user(ALICE, waiters_of_link, &at));
		EXPECT_EQ(-EACCES, dt_as_user(BOB, waiters_of_link, &at));
		ASSERT_EQ(0, waiters_of_link(&at));
		shown += at.waiters.n;
		if (at.waiters.n)
			EXPECT_EQ(reader.thread.tid, at.waiters.w[0].pid);
	}
	EXPECT_EQ(1, shown);
	EXPECT_EQ(1, put(fds[1], 'a'));
	EXPECT_EQ(1, call_end(&reader));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(look, of_many_who_wait_for_the_same_256_are_shown)
{
	uint64_t i;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 0)));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(1, post(self->tx, 'a', POST(.cookie = &i)));
	ASSERT_EQ(300, dt_mailbox_senders("box"));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(256, self->waiters.n);
	EXPECT_GT(self->waiters.w[1].id, self->waiters.w[0].id);
}

TEST_HARNESS_MAIN
