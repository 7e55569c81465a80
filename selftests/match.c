// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving by choice: the standing match of a socket (DIPC_MATCH), by tag and
 * by source, and all that honours it; the others keep their order. Who waits
 * gets the first message that he matches, whoever waits behind him; and no
 * number of messages in front of the one that is wanted is in the way.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "lend.h"
#include "post.h"

#define ALL_BITS	(~0ULL)
#define MANY		100000
#define QUIET_MS	100	/* nothing has happened until then */

FIXTURE(match)
{
	int rx, a, b;		/* a and b send to rx */
};

FIXTURE_SETUP(match)
{
	struct sockaddr_dipc any = dt_any(), to;

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	to = dt_port_of(self->rx);
	self->a = dt_socket_connected(SOCK_RDM, &to);
	self->b = dt_socket_connected(SOCK_RDM, &to);
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
}

FIXTURE_TEARDOWN(match)
{
	close(self->a);
	close(self->b);
	close(self->rx);
}

TEST_F(match, by_tag_and_the_rest_keeps_its_order)
{
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_EQ(1, post(self->b, 'c', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->b, 'd', POST(.tag = 7)));
	EXPECT_EQ(1, post(self->a, 'e', POST()));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_STREQ("bd", take_all(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("ace", take_all(self->rx));
}

TEST_F(match, by_the_bits_of_a_mask)
{
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 0x11)));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 0x21)));
	EXPECT_EQ(1, post(self->a, 'c', POST(.tag = 0x11f)));
	EXPECT_EQ(1, post(self->a, 'd', POST(.tag = 1ULL << 63 | 0x10)));
	/* bits of the tag that are not in the mask do not count */
	ASSERT_EQ(0, post_match(self->rx, 0, 0xab15, 0xf0));
	EXPECT_STREQ("acd", take_all(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 1ULL << 63));
	EXPECT_STREQ("b", take_all(self->rx));
}

TEST_F(match, message_without_a_tag_has_tag_0)
{
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->a, 'b', POST()));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, ALL_BITS));
	EXPECT_STREQ("b", take_all(self->rx));
}

TEST_F(match, by_source)
{
	EXPECT_EQ(1, post(self->a, 'a', POST()));
	EXPECT_EQ(1, post(self->b, 'b', POST()));
	EXPECT_EQ(1, post(self->a, 'c', POST(.tag = 3)));
	ASSERT_EQ(0, post_match(self->rx, dt_port_id(self->b), 0, 0));
	EXPECT_STREQ("b", take_all(self->rx));
	/* nobody's number */
	ASSERT_EQ(0, post_match(self->rx, 4000000000u, 0, 0));
	EXPECT_STREQ("", take_all(self->rx));
	ASSERT_EQ(0, post_match(self->rx, dt_port_id(self->a), 0, 0));
	EXPECT_STREQ("ac", take_all(self->rx));
}

TEST_F(match, by_source_and_tag)
{
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 7)));
	EXPECT_EQ(1, post(self->b, 'b', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->b, 'c', POST(.tag = 7)));
	EXPECT_EQ(1, post(self->a, 'd', POST(.tag = 1)));
	ASSERT_EQ(0, post_match(self->rx, dt_port_id(self->b), 7, ALL_BITS));
	EXPECT_STREQ("c", take_all(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("abd", take_all(self->rx));
}

TEST_F(match, is_read_back)
{
	struct dipc_match match = { .tag = 1 };
	socklen_t len = sizeof(match);

	ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_MATCH, &match, &len));
	EXPECT_EQ(sizeof(match), len);
	EXPECT_EQ(0, match.tag | match.tag_mask | match.port | match.node);
	ASSERT_EQ(0, post_match(self->rx, 5, 6, 7));
	ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_MATCH, &match, &len));
	EXPECT_EQ(5, match.port);
	EXPECT_EQ(6, match.tag);
	EXPECT_EQ(7, match.tag_mask);
	EXPECT_EQ(0, match.node);
}

static int set(int fd, const void *match, socklen_t len)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_MATCH, match, len));
}

TEST_F(match, bad_values)
{
	struct {
		struct dipc_match match;
		char behind[8];
	} longer = { .match = { .tag = 7, .tag_mask = ALL_BITS } };
	struct dipc_match match = longer.match;

	ASSERT_EQ(0, set(self->rx, &longer, sizeof(longer)));
	longer.behind[7] = 1;
	EXPECT_EQ(-E2BIG, set(self->rx, &longer, sizeof(longer)));
	EXPECT_EQ(-EINVAL, set(self->rx, &match, sizeof(match) - 1));
	EXPECT_EQ(-EFAULT, set(self->rx, NULL, sizeof(match)));
	for (int i = 0; i < 5; i++) {
		match.reserved[i] = 1;
		EXPECT_EQ(-EINVAL, set(self->rx, &match, sizeof(match)));
		match.reserved[i] = 0;
	}
	/* a node alone names no source */
	match.node = 1;
	EXPECT_EQ(-EINVAL, set(self->rx, &match, sizeof(match)));
	/* what is refused changes nothing */
	EXPECT_EQ(1, post(self->a, 'a', POST()));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_STREQ("b", take_all(self->rx));
}

TEST_F(match, poll_knows_of_what_matches_only)
{
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_FALSE(is_readable(self->rx));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_FALSE(is_readable(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 1, ALL_BITS));
	EXPECT_TRUE(is_readable(self->rx));
}

static long sleep_in_poll(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&p, 1, DT_LONG_MS) == 1 ? p.revents : 0;
}

TEST_F(match, poll_sleeps_through_what_does_not_match)
{
	struct dt_thread poller;

	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	ASSERT_EQ(0, dt_thread_start(&poller, sleep_in_poll, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(poller.tid, SYS_poll));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	usleep(QUIET_MS * 1000);
	EXPECT_TRUE(dt_wait_asleep(poller.tid, SYS_poll));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_EQ(POLLIN, dt_thread_join(&poller));
}

TEST_F(match, poll_wakes_when_the_match_is_changed)
{
	struct dt_thread poller;

	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	ASSERT_EQ(0, dt_thread_start(&poller, sleep_in_poll, &self->rx));
	ASSERT_TRUE(dt_wait_asleep(poller.tid, SYS_poll));
	ASSERT_EQ(0, post_match(self->rx, 0, 1, ALL_BITS));
	EXPECT_EQ(POLLIN, dt_thread_join(&poller));
}

TEST_F(match, edges_come_with_what_matches)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->rx, &e));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	/* the second one, too, though the first has not been taken */
	EXPECT_EQ(1, post(self->b, 'c', POST(.tag = 7)));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_STREQ("bc", take_all(self->rx));
	/* and what comes to match because the match is another */
	ASSERT_EQ(0, post_match(self->rx, 0, 1, ALL_BITS));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, DT_LONG_MS));
	EXPECT_STREQ("a", take_all(self->rx));
	close(ep);
}

TEST_F(match, length_of_the_next_is_of_what_matches)
{
	int len = -1;

	EXPECT_EQ(5, dt_send(self->a, "aaaaa", 5, 0, NULL));
	ASSERT_EQ(0, post_match(self->rx, dt_port_id(self->b), 0, 0));
	ASSERT_EQ(0, ioctl(self->rx, SIOCINQ, &len));
	EXPECT_EQ(0, len);
	EXPECT_EQ(9, dt_send(self->b, "bbbbbbbbb", 9, 0, NULL));
	ASSERT_EQ(0, ioctl(self->rx, SIOCINQ, &len));
	EXPECT_EQ(9, len);
}

TEST_F(match, peek_looks_at_what_matches)
{
	char letter = 0;

	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_EQ(-EAGAIN, dt_recv(self->rx, &letter, 1,
				   MSG_PEEK | MSG_DONTWAIT, NULL));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(1, dt_recv(self->rx, &letter, 1, MSG_PEEK, NULL));
		EXPECT_EQ('b', letter);
	}
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(-EAGAIN, take(self->rx));
}

static int ask_for_sigio(int fd)
{
	return dt_count_signal(SIGIO, 0) ||
	       fcntl(fd, F_SETOWN, getpid()) ||
	       fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
}

TEST_F(match, signal_comes_with_what_matches)
{
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	ASSERT_EQ(0, ask_for_sigio(self->rx));
	/* a signal to oneself is there when the call that sends it returns */
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_EQ(0, dt_signals);
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_EQ(1, dt_signals);
}

TEST_F(match, notification_is_not_used_up_by_what_does_not_match)
{
	int one = 1, now;
	socklen_t len = sizeof(now);

	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	ASSERT_EQ(0, ask_for_sigio(self->rx));
	ASSERT_EQ(0, setsockopt(self->rx, SOL_DIPC, DIPC_NOTIFY, &one,
				sizeof(one)));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_NOTIFY, &now, &len));
	EXPECT_EQ(1, now);
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 7)));
	EXPECT_TRUE(DT_WAIT_UNTIL(dt_signals == 1));
	ASSERT_EQ(0, getsockopt(self->rx, SOL_DIPC, DIPC_NOTIFY, &now, &len));
	EXPECT_EQ(2, now);
}

/*
 * Those who wait with a message
 */

TEST_F(match, full_queue_does_not_hide_a_sender_that_waits)
{
	struct post_call seven;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 2, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->a, 'b', POST(.tag = 1)));
	ASSERT_EQ(0, post_start(&seven, self->a, 'x', POST(.tag = 7)));
	ASSERT_TRUE(post_wait_asleep(&seven));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_TRUE(is_readable(self->rx));
	EXPECT_EQ('x', take(self->rx));
	EXPECT_EQ(1, post_end(&seven));
	EXPECT_FALSE(is_readable(self->rx));
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("ab", take_all(self->rx));
}

TEST_F(match, sender_that_comes_to_a_full_queue_finds_who_waits_for_it)
{
	struct call seven;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 1, DIPC_POLICY_WAIT));
	EXPECT_EQ(1, post(self->a, 'a', POST(.tag = 1)));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	ASSERT_EQ(0, call_recv(&seven, self->rx));
	ASSERT_TRUE(call_wait_asleep(&seven));
	/* it is not the one that is waited for */
	EXPECT_EQ(-EAGAIN, post(self->a, 'b', POST(.tag = 1)));
	EXPECT_EQ(1, post(self->a, 'x', POST(.tag = 7)));
	EXPECT_EQ(1, call_end(&seven));
	EXPECT_EQ('x', seven.letter);
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("a", take_all(self->rx));
}

TEST_F(match, unbuffered_meets_who_matches)
{
	struct post_call one, seven;
	struct call wants;

	ASSERT_EQ(0, dt_set_capacity(self->rx, 0, DIPC_POLICY_WAIT));
	ASSERT_EQ(0, post_start(&one, self->a, 'a', POST(.tag = 1)));
	ASSERT_TRUE(post_wait_asleep(&one));
	ASSERT_EQ(0, post_start(&seven, self->b, 'b', POST(.tag = 7)));
	ASSERT_TRUE(post_wait_asleep(&seven));
	ASSERT_EQ(0, post_match(self->rx, 0, 7, ALL_BITS));
	EXPECT_EQ('b', take(self->rx));
	EXPECT_EQ(1, post_end(&seven));
	EXPECT_TRUE(post_wait_asleep(&one));
	/* a receiver for 7 is none for 1 */
	ASSERT_EQ(0, call_recv(&wants, self->rx));
	ASSERT_TRUE(call_wait_asleep(&wants));
	EXPECT_TRUE(post_wait_asleep(&one));
	EXPECT_EQ(-EAGAIN, post(self->b, 'c', POST(.tag = 1)));
	EXPECT_EQ(-EAGAIN, post(self->b, 'c', POST(.tag = 1,
						   .mode = DIPC_MODE_EXPLICIT)));
	EXPECT_EQ(1, post(self->b, 'd', POST(.tag = 7)));
	EXPECT_EQ(1, call_end(&wants));
	EXPECT_EQ('d', wants.letter);
	ASSERT_EQ(0, post_match(self->rx, 0, 0, 0));
	EXPECT_STREQ("a", take_all(self->rx));
	EXPECT_EQ(1, post_end(&one));
}

/*
 * Those who wait for a message
 */

FIXTURE(receivers)
{
	char name[DIPC_NAME_MAX + 1];
	int x, y, tx;		/* x and y receive from one mailbox */
	struct call call[3];
};

FIXTURE_SETUP(receivers)
{
	struct sockaddr_dipc addr;

	dt_unique(self->name, "match");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.mode = 0600)));
	addr = dt_mailbox(self->name);
	self->x = dt_socket_bound(SOCK_RDM, &addr);
	self->y = dt_socket_bound(SOCK_RDM, &addr);
	self->tx = dt_socket_connected(SOCK_RDM, &addr);
	ASSERT_LE(0, self->x);
	ASSERT_LE(0, self->y);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(receivers)
{
	close(self->x);
	close(self->y);
	close(self->tx);
	dt_mailbox_del(self->name);
}

static bool waits(FIXTURE_DATA(receivers) *self, int i, int fd)
{
	return !call_recv(&self->call[i], fd) &&
	       call_wait_asleep(&self->call[i]);
}

TEST_F(receivers, first_of_those_who_match_is_given_it)
{
	ASSERT_EQ(0, post_match(self->x, 0, 1, ALL_BITS));
	ASSERT_TRUE(waits(self, 0, self->x));
	ASSERT_TRUE(waits(self, 1, self->y));
	ASSERT_TRUE(waits(self, 2, self->x));
	/* not for the first, who goes on waiting at his place */
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 2)));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('b', self->call[1].letter);
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
	EXPECT_TRUE(call_is_asleep(&self->call[2]));
	EXPECT_EQ(1, post(self->tx, 'c', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[2]));
	EXPECT_EQ('c', self->call[2].letter);
}

TEST_F(receivers, exact_match_is_not_preferred_to_who_waits_longer)
{
	ASSERT_TRUE(waits(self, 0, self->y));
	ASSERT_EQ(0, post_match(self->x, 0, 1, ALL_BITS));
	ASSERT_TRUE(waits(self, 1, self->x));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
	EXPECT_TRUE(call_is_asleep(&self->call[1]));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[1]));
}

TEST_F(receivers, by_source_of_two)
{
	struct sockaddr_dipc addr = dt_mailbox(self->name);
	int other = dt_socket_connected(SOCK_RDM, &addr);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, post_match(self->x, dt_port_id(other), 0, 0));
	ASSERT_EQ(0, post_match(self->y, dt_port_id(self->tx), 0, 0));
	ASSERT_TRUE(waits(self, 0, self->x));
	ASSERT_TRUE(waits(self, 1, self->y));
	EXPECT_EQ(1, post(self->tx, 'a', POST()));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ(1, post(other, 'b', POST()));
	EXPECT_EQ(1, call_end(&self->call[0]));
	close(other);
}

/* Who sleeps in a receive goes on with the match with which it began. */
TEST_F(receivers, threads_of_one_socket_each_with_its_match)
{
	ASSERT_EQ(0, post_match(self->x, 0, 1, ALL_BITS));
	ASSERT_TRUE(waits(self, 0, self->x));
	ASSERT_EQ(0, post_match(self->x, 0, 2, ALL_BITS));
	ASSERT_TRUE(waits(self, 1, self->x));
	ASSERT_EQ(0, post_match(self->x, 0, 0, 0));
	ASSERT_TRUE(waits(self, 2, self->x));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 2)));
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('b', self->call[1].letter);
	EXPECT_EQ(1, post(self->tx, 'c', POST(.tag = 3)));
	EXPECT_EQ(1, call_end(&self->call[2]));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
}

TEST_F(receivers, match_that_is_changed_while_one_sleeps)
{
	ASSERT_EQ(0, post_match(self->x, 0, 1, ALL_BITS));
	ASSERT_TRUE(waits(self, 0, self->x));
	ASSERT_EQ(0, post_match(self->x, 0, 2, ALL_BITS));
	EXPECT_EQ(1, post(self->tx, 'b', POST(.tag = 2)));
	EXPECT_TRUE(is_readable(self->x));
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
	EXPECT_EQ('b', take(self->x));
	EXPECT_EQ(1, post(self->tx, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('a', self->call[0].letter);
}

TEST_F(receivers, what_one_cannot_take_goes_to_the_next_that_matches)
{
	struct lend faults;
	int result = 0;

	ASSERT_EQ(0, post_match(self->x, 0, 7, ALL_BITS));
	ASSERT_EQ(0, lend_start(&faults, self->x, true));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers(self->name) == 1));
	ASSERT_EQ(0, post_match(self->y, 0, 1, ALL_BITS));
	ASSERT_TRUE(waits(self, 0, self->y));
	ASSERT_EQ(0, post_match(self->y, 0, 7, 7));
	ASSERT_TRUE(waits(self, 1, self->y));
	EXPECT_EQ(1, post(self->tx, 'g', POST(.tag = 7)));
	ASSERT_TRUE(DT_WAIT_UNTIL(lend_has_ended(&faults, &result)));
	EXPECT_EQ(-EFAULT, result);
	EXPECT_EQ(1, call_end(&self->call[1]));
	EXPECT_EQ('g', self->call[1].letter);
	EXPECT_TRUE(call_is_asleep(&self->call[0]));
}

/*
 * A long way to go
 */

static int many(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? MANY / 10 : MANY;
}

struct search {
	int fd;
	volatile int rounds;
	volatile bool enough;
};

static long look_again_and_again(void *arg)
{
	struct search *s = arg;
	char letter = 0;
	long found = 0;

	while (!s->enough) {
		if (dt_recv(s->fd, &letter, 1, MSG_PEEK | MSG_DONTWAIT,
			    NULL) == 1 && letter == 'x')
			found++;
		s->rounds++;
	}
	return found;
}

TEST_F(receivers, last_of_many_is_found_and_others_are_served_meanwhile)
{
	struct search search = { .fd = self->x };
	int sndbuf = 512 << 20, len = -1, n = many();
	struct dt_thread thread;
	long found;

	ASSERT_EQ(0, dt_mailbox_set(self->name,
				    DT_MAILBOX(.capacity_msgs = n + 10)));
	ASSERT_EQ(0, setsockopt(self->tx, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf,
				sizeof(sndbuf)));
	for (int i = 0; i < n; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(1, post(self->tx, 'x', POST(.tag = 7)));
	ASSERT_EQ(0, post_match(self->x, 0, 7, ALL_BITS));
	ASSERT_EQ(0, dt_thread_start(&thread, look_again_and_again, &search));
	/* both for a while at the same time, however long each takes */
	for (int i = 0; i < 100 || (search.rounds < 10 && i < n); i++) {
		ASSERT_EQ('a', take(self->y));
		ASSERT_EQ(1, put(self->tx, 'b'));
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(search.rounds >= 10));
	search.enough = true;
	found = dt_thread_join(&thread);
	EXPECT_EQ(search.rounds, found);
	EXPECT_TRUE(is_readable(self->x));
	EXPECT_EQ(0, ioctl(self->x, SIOCINQ, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ('x', take(self->x));
	EXPECT_EQ(-EAGAIN, take(self->x));
	EXPECT_FALSE(is_readable(self->x));
	EXPECT_EQ(n, dt_mailbox_queued(self->name));
	/* a sleeper is not kept awake, and gets his when it comes */
	ASSERT_TRUE(waits(self, 0, self->x));
	EXPECT_EQ(1, post(self->tx, 'z', POST(.tag = 7)));
	EXPECT_EQ(1, call_end(&self->call[0]));
	EXPECT_EQ('z', self->call[0].letter);
}

TEST_HARNESS_MAIN
