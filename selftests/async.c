// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous sends (DIPC_ASYNC): each that returns its length has exactly one
 * completion, which says what a send that waits would have been told; poll()
 * and SIGIO know of it; and what closing the socket does. Which errors are known
 * at once is in errors_mode.c, links in link.c; many at once in async_many.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "async.h"
#include "lend.h"

TEST_F(async, is_complete_when_its_mode_says)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;

	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	if (is_explicit) {
		EXPECT_NONE();
	} else {
		EXPECT_TOLD(1, 0, DIPC_REASON_QUEUED);
	}
	EXPECT_EQ('a', take(self->rx));
	if (is_explicit) {
		EXPECT_TOLD(1, 0, DIPC_REASON_TAKEN);
	}
	EXPECT_NONE();
}

TEST_F(async, waits_for_room_where_a_send_would)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_NONE();
	EXPECT_EQ(2, dt_port_senders(self->to.sdipc_port));
	/* in order */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TOLD(1, 0, is_explicit ? DIPC_REASON_TAKEN : DIPC_REASON_HANDED);
	EXPECT_NONE();
	EXPECT_EQ('b', take(self->rx));
	EXPECT_TOLD(2, 0, is_explicit ? DIPC_REASON_TAKEN : DIPC_REASON_HANDED);
	EXPECT_NONE();
}

TEST_F(async, poll_knows_of_completions)
{
	struct pollfd pfd = { .fd = self->tx };

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ('b', take(self->rx));
	/* until the last has been read, and whatever one asks for */
	EXPECT_EQ(1, poll(&pfd, 1, DT_LONG_MS));
	EXPECT_EQ(POLLERR, pfd.revents);
	EXPECT_STRNE("none", told(self->tx, 0));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_STRNE("none", told(self->tx, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

static long poll_for_it(void *arg)
{
	struct pollfd pfd = { .fd = *(int *)arg };

	return poll(&pfd, 1, DT_LONG_MS) == 1 ? pfd.revents : -1;
}

TEST_F(async, completion_wakes_who_polls)
{
	struct dt_thread t;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	ASSERT_EQ(0, dt_thread_start(&t, poll_for_it, &self->tx));
	EXPECT_TRUE(dt_wait_asleep(t.tid, SYS_poll));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(POLLERR, dt_thread_join(&t));
}

TEST_F(async, completion_is_a_signal)
{
	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	ASSERT_EQ(0, dt_count_signal(SIGIO, 0));
	ASSERT_EQ(0, fcntl(self->tx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->tx, F_SETFL, O_ASYNC));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(async, peek_leaves_the_completion)
{
	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 77));
	EXPECT_STREQ("none", told(self->tx, MSG_PEEK));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(0, strncmp("77 0 ", told(self->tx, MSG_PEEK), 5));
	EXPECT_EQ(0, strncmp("77 0 ", told(self->tx, 0), 5));
	EXPECT_NONE();
}

TEST_F(async, completion_names_message_and_destination)
{
	uint64_t cookie = UINT64_MAX;
	struct dipc_completion c;
	struct sockaddr_dipc name;
	struct post_got got;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO, DIPC_INFO_ID));
	EXPECT_EQ(1, send_async(self->tx, 'a', cookie));
	got = post_recv(self->rx);
	ASSERT_EQ(0, completion(self->tx, 0, &c));
	EXPECT_EQ(got.id, c.id);
	EXPECT_EQ(cookie, c.cookie);
	EXPECT_EQ(0, memcmp(&self->to, &c.dest, sizeof(c.dest)));

	/* as it was given to connect() */
	name = dt_name(self->name);
	ASSERT_EQ(0, dt_bind(self->rx, &name));
	ASSERT_EQ(0, dt_connect(self->tx, &name));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_EQ('b', take(self->rx));
	ASSERT_EQ(0, completion(self->tx, 0, &c));
	EXPECT_EQ(0, memcmp(&name, &c.dest, sizeof(c.dest)));
}

TEST_F(async, refusal_is_known_at_once)
{
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_REFUSE));
	EXPECT_EQ(-ENOBUFS, send_async(self->tx, 'a', 1));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_DROP_NEWEST));
	if (variant->mode == DIPC_MODE_BLOCKING) {
		EXPECT_EQ(1, send_async(self->tx, 'a', 2));
		EXPECT_TOLD(2, 0, DIPC_REASON_DROP_NEWEST);
	} else {
		EXPECT_EQ(-ENOBUFS, send_async(self->tx, 'a', 2));
	}
	EXPECT_NONE();
}

TEST_F(async, closed_port_is_told)
{
	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	close(self->rx);
	self->rx = -1;
	EXPECT_TOLD(1, ECONNREFUSED, DIPC_REASON_CLOSED);
	EXPECT_EQ(-ECONNREFUSED, send_async(self->tx, 'b', 2));
	EXPECT_NONE();
}

TEST_F(async, deadline_is_told)
{
	const uint64_t cookie = 5;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.cookie = &cookie,
					      .deadline_ns = DT_SHORT_MS * MS)));
	ASSERT_TRUE(DT_WAIT_UNTIL(poll_now(self->tx) & POLLERR));
	EXPECT_TOLD(5, ETIMEDOUT, DIPC_REASON_EXPIRED);
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_F(async, what_is_discarded_is_told_in_explicit_mode_only)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(
			.capacity_msgs = 1, .policy = DIPC_POLICY_DROP_OLDEST)));
	ASSERT_EQ(0, dt_connect(self->tx, &mailbox));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_EQ(0, dt_mailbox_purge(self->name, NULL));
	if (is_explicit) {
		EXPECT_TOLD(1, ENOBUFS, DIPC_REASON_DROP_OLDEST);
		EXPECT_TOLD(2, ECANCELED, DIPC_REASON_DROP_PURGED);
	} else {
		EXPECT_TOLD(1, 0, DIPC_REASON_QUEUED);
		EXPECT_TOLD(2, 0, DIPC_REASON_QUEUED);
	}
	EXPECT_NONE();
}

TEST_F(async, close_withdraws_what_is_not_complete)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	close(self->tx);
	self->tx = -1;
	/* in the queue, what was sent by its mode; in line, nothing */
	EXPECT_EQ(is_explicit ? -EAGAIN : 'a', take(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
	EXPECT_COUNTED([DIPC_REASON_QUEUED] = 1, [DIPC_REASON_WAITED] = 1,
		       [DIPC_REASON_WITHDRAWN] = is_explicit ? 2 : 1,
		       [DIPC_REASON_TAKEN] = is_explicit ? 0 : 1);
}

TEST_F(async, close_withdraws_from_who_copies)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;
	struct lend lend;
	int fd, letter = 0;

	ASSERT_EQ(0, lend_start(&lend, self->rx, false));
	/* one that the receiver has not inherited */
	fd = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, post_option(fd, DIPC_MODE, variant->mode));
	EXPECT_EQ(1, send_async(fd, 'a', 1));
	ASSERT_TRUE(lend_wait_lent(&lend));
	close(fd);
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, DIPC_MODE_BLOCKING));
	EXPECT_EQ(1, put(self->tx, 'b'));
	EXPECT_EQ(0, lend_give(&lend));
	EXPECT_TRUE(LEND_WAIT(lend_has_ended(&lend, &letter)));
	EXPECT_EQ(is_explicit ? 'b' : 'a', letter);
	EXPECT_EQ(is_explicit ? -EAGAIN : 'b', take(self->rx));
}

TEST_F(async, receiver_that_fails_does_not_complete_it)
{
	struct lend lend;
	int result = 0;

	if (variant->mode != DIPC_MODE_EXPLICIT)
		SKIP(return, "it is complete before");
	ASSERT_EQ(0, lend_start(&lend, self->rx, true));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_TRUE(LEND_WAIT(lend_has_ended(&lend, &result)));
	EXPECT_EQ(-EFAULT, result);
	EXPECT_NONE();
	EXPECT_EQ('a', take(self->rx));
	EXPECT_TOLD(1, 0, DIPC_REASON_TAKEN);
	EXPECT_NONE();
}

/* Too small a buffer, and none at all: it waits for a better one. */
TEST_F(async, short_control_buffer_leaves_the_completion)
{
	char control[CMSG_SPACE(sizeof(struct dipc_completion))]
		__attribute__((aligned(8)));
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = CMSG_LEN(sizeof(struct dipc_completion)) - 1,
	};

	EXPECT_EQ(1, send_async(self->tx, 'a', 9));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(-EMSGSIZE, DT_ERR(recvmsg(self->tx, &msg, MSG_ERRQUEUE)));
	msg = (struct msghdr) { .msg_control = NULL };
	EXPECT_EQ(-EMSGSIZE, DT_ERR(recvmsg(self->tx, &msg, MSG_ERRQUEUE)));
	EXPECT_EQ(POLLERR, poll_now(self->tx) & POLLERR);
	EXPECT_EQ(0, strncmp("9 0 ", told(self->tx, 0), 4));
	EXPECT_NONE();
}

TEST_F(async, bad_control_memory_leaves_the_completion)
{
	struct msghdr msg = { .msg_control = (void *)8, .msg_controllen = 512 };

	EXPECT_EQ(1, send_async(self->tx, 'a', 9));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(-EFAULT, DT_ERR(recvmsg(self->tx, &msg, MSG_ERRQUEUE)));
	EXPECT_EQ(-EFAULT, DT_ERR(recvmsg(self->tx, &msg,
					  MSG_ERRQUEUE | MSG_PEEK)));
	EXPECT_EQ(0, strncmp("9 0 ", told(self->tx, 0), 4));
	EXPECT_NONE();
}

TEST_F(async, each_completion_is_an_edge)
{
	struct epoll_event e = { .events = EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, make_unbuffered(self->rx));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->tx, &e));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	/* whether or not the one before was read */
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ('a' + i, take(self->rx));
		EXPECT_EQ(1, epoll_wait(ep, &e, 1, 0));
		EXPECT_EQ(EPOLLERR, e.events);
		EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	}
	close(ep);
}

/* That is not the order of the sends if the receiver is choosy. */
TEST_F(async, completions_come_in_the_order_in_which_sends_complete)
{
	ASSERT_EQ(0, make_unbuffered(self->rx));
	for (uint64_t i = 1; i <= 3; i++)
		EXPECT_EQ(1, post(self->tx, 'a', POST(.cookie = &i, .tag = i)));
	for (uint64_t i = 3; i; i--) {
		ASSERT_EQ(0, post_match(self->rx, 0, i, UINT64_MAX));
		EXPECT_EQ('a', take(self->rx));
	}
	for (int i = 3; i; i--)
		EXPECT_EQ(i, atoi(told(self->tx, 0)));
	EXPECT_NONE();
}

TEST_F(async, deleted_mailbox_is_told_wherever_the_message_is)
{
	bool is_explicit = variant->mode == DIPC_MODE_EXPLICIT;
	struct sockaddr_dipc mailbox = dt_mailbox(self->name);

	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(
						.capacity_msgs = 1)));
	ASSERT_EQ(0, dt_connect(self->tx, &mailbox));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	ASSERT_EQ(0, dt_mailbox_del(self->name));
	/* those in line are told first */
	if (!is_explicit) {
		EXPECT_TOLD(1, 0, DIPC_REASON_QUEUED);
	}
	EXPECT_TOLD(2, EIDRM, DIPC_REASON_CLOSED);
	if (is_explicit) {
		EXPECT_TOLD(1, EIDRM, DIPC_REASON_DROP_CLOSED);
	}
	EXPECT_NONE();
}

TEST_F(async, new_limits_are_told_to_who_is_in_line)
{
	struct dipc_queue_conf conf;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_REFUSE));
	EXPECT_TOLD(1, ENOBUFS, DIPC_REASON_REFUSED);

	ASSERT_EQ(0, make_unbuffered(self->rx));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.msg_max_bytes = 0;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	EXPECT_TOLD(2, EMSGSIZE, DIPC_REASON_TOO_LONG);
	EXPECT_NONE();
	EXPECT_COUNTED([DIPC_REASON_WAITED] = 2, [DIPC_REASON_REFUSED] = 1,
		       [DIPC_REASON_TOO_LONG] = 1);
}

/* What fails at once takes no place among the DIPC_ASYNC_MAX. */
TEST_F(async, places_are_given_back)
{
	uint64_t i;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_REFUSE));
	for (i = 0; i < DIPC_ASYNC_MAX + 1; i++)
		ASSERT_EQ(-ENOBUFS, send_async(self->tx, 'a', i));
	ASSERT_EQ(0, make_unbuffered(self->rx));
	for (i = 0; i < DIPC_ASYNC_MAX; i++)
		ASSERT_EQ(1, send_async(self->tx, 'a', i));
	EXPECT_EQ(-EAGAIN, send_async(self->tx, 'a', i));
	/* a place is taken until the completion was read */
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(-EAGAIN, send_async(self->tx, 'a', i));
	EXPECT_EQ(0, atoi(told(self->tx, 0)));
	EXPECT_EQ(1, send_async(self->tx, 'a', i));
	EXPECT_EQ(-EAGAIN, send_async(self->tx, 'a', i));
}

/* Its own queue is one like any other, and nothing keeps the socket alive. */
TEST_F(async, to_oneself)
{
	struct sockaddr_dipc own = dt_port_of(self->tx);
	struct dt_stats now;

	ASSERT_EQ(0, make_unbuffered(self->tx));
	ASSERT_EQ(0, dt_connect(self->tx, &own));
	EXPECT_EQ(1, send_async(self->tx, 'a', 1));
	EXPECT_EQ(1, send_async(self->tx, 'b', 2));
	EXPECT_EQ('a', take(self->tx));
	EXPECT_EQ(0, strncmp("1 0 ", told(self->tx, MSG_PEEK), 4));
	close(self->tx);
	self->tx = -1;
	ASSERT_EQ(0, dt_stats_get(&now));
	EXPECT_EQ(self->before.messages, now.messages);
	EXPECT_EQ(-ECONNREFUSED, dt_send_number(self->rx, 0, MSG_DONTWAIT,
						&own));
}

/* The socket is closed when nobody has it any more. */
TEST_F(async, socket_may_have_several_descriptors)
{
	int copy;
	pid_t pid;

	ASSERT_EQ(0, make_unbuffered(self->rx));
	copy = dup(self->tx);
	ASSERT_LE(0, copy);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(send_async(copy, 'a', 1) != 1);
	EXPECT_EQ(0, dt_child_wait(pid));
	EXPECT_EQ(1, send_async(copy, 'b', 2));
	close(copy);
	EXPECT_EQ(2, dt_port_senders(self->to.sdipc_port));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, atoi(told(self->tx, 0)));
	close(self->tx);
	self->tx = -1;
	EXPECT_EQ(0, dt_port_senders(self->to.sdipc_port));
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

TEST_HARNESS_MAIN
