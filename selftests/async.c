// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous sends (DIPC_ASYNC): each that returns its length has exactly one
 * completion, which says what a send that waits would have been told; poll()
 * and SIGIO know of it; and what closing the socket does. Which errors are known
 * at once is in errors_mode.c, links in link.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "lend.h"
#include "post.h"

#define MS	1000000ULL

FIXTURE(async)
{
	int rx, tx;
	struct sockaddr_dipc to;	/* rx, to which tx is connected */
	struct dt_stats before;
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_VARIANT(async)
{
	int mode;
};

FIXTURE_VARIANT_ADD(async, blocking) { DIPC_MODE_BLOCKING };
FIXTURE_VARIANT_ADD(async, reliable) { DIPC_MODE_RELIABLE };
FIXTURE_VARIANT_ADD(async, explicit) { DIPC_MODE_EXPLICIT };

FIXTURE_SETUP(async)
{
	struct sockaddr_dipc any = dt_any();

	self->rx = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, post_option(self->tx, DIPC_MODE, variant->mode));
	dt_unique(self->name, "async");
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(async)
{
	close(self->tx);
	close(self->rx);
	dt_mailbox_del(self->name);
}

#define EXPECT_COUNTED(...)						\
	EXPECT_STREQ("", counted_else(&self->before,			\
		&(const struct dt_stats) { .counter = { __VA_ARGS__ } }))

/* The next completion: 0 or a negative errno. */
static int completion(int fd, int flags, struct dipc_completion *c)
{
	char control[CMSG_SPACE(sizeof(*c))] __attribute__((aligned(8)));
	struct sockaddr_dipc from = { .sdipc_type = 0xee };
	char byte = '-';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int ret = DT_ERR(recvmsg(fd, &msg, MSG_ERRQUEUE | flags));

	if (ret < 0)
		return ret;
	cmsg = CMSG_FIRSTHDR(&msg);
	/* no payload, no address, nothing else */
	if (ret || byte != '-' || msg.msg_namelen ||
	    msg.msg_flags != MSG_ERRQUEUE || !cmsg ||
	    cmsg->cmsg_level != SOL_DIPC ||
	    cmsg->cmsg_type != DIPC_COMPLETION ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(*c)) || CMSG_NXTHDR(&msg, cmsg))
		return -EBADMSG;
	memcpy(c, CMSG_DATA(cmsg), sizeof(*c));
	return 0;
}

static long send_async(int fd, char letter, uint64_t cookie)
{
	return post_flags(fd, letter, POST(.cookie = &cookie), 0);
}

/* What the next completion says: cookie, error and reason; or why there is none. */
static const char *told(int fd, int flags)
{
	static char text[64];
	struct dipc_completion c;
	int err = completion(fd, flags, &c);

	if (err)
		return err == -EAGAIN ? "none" : strerror(-err);
	snprintf(text, sizeof(text), "%llu %u %u", (unsigned long long)c.cookie,
		 c.error, c.reason);
	return text;
}

/* The same, made of what it should be. */
static const char *says(uint64_t cookie, int error, int reason)
{
	static char text[64];

	snprintf(text, sizeof(text), "%llu %u %u", (unsigned long long)cookie,
		 error, reason);
	return text;
}

#define EXPECT_TOLD(cookie, error, reason)				\
	EXPECT_STREQ(says(cookie, error, reason), told(self->tx, 0))
#define EXPECT_NONE()	EXPECT_STREQ("none", told(self->tx, 0))

/* In line for room: the queue is unbuffered and nobody receives. */
static int make_unbuffered(int rx)
{
	return dt_set_capacity(rx, 0, DIPC_POLICY_WAIT);
}

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

TEST_HARNESS_MAIN
