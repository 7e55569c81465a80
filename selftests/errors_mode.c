// SPDX-License-Identifier: GPL-2.0
/*
 * How sends fail that are reliable, explicit or asynchronous, or have a
 * deadline; see errors.h.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "call.h"
#include "errors.h"
#include "lend.h"
#include "post.h"

#define RELIABLE	POST(.mode = DIPC_MODE_RELIABLE)
#define EXPLICIT	POST(.mode = DIPC_MODE_EXPLICIT)
#define EXPLICIT_0	POST(.mode = DIPC_MODE_EXPLICIT, .priority = 0)

ROW(E_SEND_40, EAGAIN, explicit_and_nobody_waits_for_it)
{
	struct dt_thread t;
	int policy;

	/* the message must be taken at once, not only find room */
	NEED(errors_start_receiver(&t, &e->rx, false));
	NEED(post(e->tx, 'a', EXPLICIT) == 1);
	NEED(dt_thread_join(&t) != -ETIME);
	for (policy = 0; policy <= DIPC_POLICY_DROP_OLDEST; policy++) {
		NEED(!dt_set_capacity(e->rx, 0, policy));
		NEED(post(e->tx, 'b', EXPLICIT) == -EAGAIN);
		NEED(!dt_set_capacity(e->rx, 1, policy));
		NEED(post(e->tx, 'b', EXPLICIT) == -EAGAIN);
	}
	return post(e->tx, 'b', EXPLICIT);
}

ROW(E_SEND_41, EAGAIN, explicit_and_time_ran_out)
{
	NEED(!dt_set_timeout(e->tx, SO_SNDTIMEO, DT_SHORT_MS));
	NEED(post_flags(e->tx, 'a', EXPLICIT, 0) == -EAGAIN);
	/* and nobody gets it after that */
	NEED(take(e->rx) == -EAGAIN);
	return post_flags(e->tx, 'b', EXPLICIT, 0);
}

ROW(E_SEND_42, ENOBUFS, would_be_dropped_as_the_newest)
{
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_DROP_NEWEST));
	NEED(post_flags(e->tx, 'a', RELIABLE, 0) == 1);
	NEED(post_flags(e->tx, 'b', POST(.mode = DIPC_MODE_BLOCKING), 0) == 1);
	NEED(post_flags(e->tx, 'c', EXPLICIT, 0) == -ENOBUFS);
	/* unbuffered, it is the newest under both */
	NEED(!dt_set_capacity(e->rx, 0, DIPC_POLICY_DROP_OLDEST));
	NEED(post_flags(e->tx, 'd', RELIABLE, 0) == -ENOBUFS);
	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_DROP_NEWEST));
	return post_flags(e->tx, 'e', RELIABLE, 0);
}

ROW(E_SEND_43, ENOBUFS, all_others_are_more_urgent)
{
	struct dipc_queue_conf conf = { 1, 1, 1, DIPC_POLICY_DROP_OLDEST,
					DIPC_ORDER_PRIORITY };

	NEED(!dt_set_conf(e->rx, &conf));
	NEED(post(e->tx, 'a', POST(.priority = 1)) == 1);
	NEED(post_flags(e->tx, 'b', EXPLICIT_0, 0) == -ENOBUFS);
	return post(e->tx, 'c', POST(.mode = DIPC_MODE_RELIABLE,
				     .priority = 0));
}

static bool start_explicit(struct post_call *c, int fd)
{
	return !post_start(c, fd, 'a', EXPLICIT) && post_wait_asleep(c);
}

ROW(E_SEND_44, ENOBUFS, explicit_and_evicted)
{
	struct post_call c;

	NEED(!dt_set_capacity(e->rx, 1, DIPC_POLICY_DROP_OLDEST));
	NEED(start_explicit(&c, e->tx));
	NEED(put(e->tx, 'b') == 1);
	return post_end(&c);
}

ROW(E_SEND_45, ECANCELED, explicit_and_purged)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct post_call c;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_connect(e->fd, &mailbox));
	NEED(start_explicit(&c, e->fd));
	NEED(!dt_mailbox_purge(e->name, NULL));
	return post_end(&c);
}

ROW(E_SEND_46, ECONNREFUSED, explicit_and_the_port_is_closed)
{
	struct post_call c;

	NEED(start_explicit(&c, e->tx));
	close(e->rx);
	e->rx = -1;
	return post_end(&c);
}

ROW(E_SEND_47, EIDRM, explicit_and_the_mailbox_is_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct post_call c;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_connect(e->fd, &mailbox));
	NEED(start_explicit(&c, e->fd));
	NEED(!dt_mailbox_del(e->name));
	return post_end(&c);
}

ROW(E_SEND_48, ETIMEDOUT, deadline_passes_while_it_waits)
{
	const uint64_t soon = DT_SHORT_MS * 1000000ULL;

	/* until it is taken, and for room */
	NEED(post_flags(e->tx, 'a', POST(.mode = DIPC_MODE_EXPLICIT,
					 .deadline_ns = soon), 0) ==
	     -ETIMEDOUT);
	NEED(!dt_set_capacity(e->rx, 0, DIPC_POLICY_WAIT));
	NEED(take(e->rx) == -EAGAIN);
	return post_flags(e->tx, 'b', POST(.deadline_ns = soon), 0);
}

ROW(E_SEND_49, EINTR, explicit_and_interrupted)
{
	struct post_call c;
	struct lend l;
	int result;
	long err;

	NEED(!dt_count_signal(SIGUSR1, 0));
	NEED(start_explicit(&c, e->tx));
	NEED(errors_interrupted(&c.thread) == -EINTR);
	NEED(take(e->rx) == -EAGAIN);
	/* who copies it already gets the next one instead */
	NEED(!lend_start(&l, e->rx, false));
	NEED(start_explicit(&c, e->tx));
	NEED(lend_wait_lent(&l));
	err = errors_interrupted(&c.thread);
	NEED(put(e->tx, 'b') == 1);
	NEED(!lend_give(&l));
	NEED(LEND_WAIT(lend_has_ended(&l, &result)) && result == 'b');
	return err;
}

ROW(E_SEND_53, EPIPE, explicit_and_the_other_end_is_closed)
{
	struct post_call c;
	int pair[2];

	NEED(!socketpair(dt_family(), SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	NEED(start_explicit(&c, pair[0]));
	close(pair[1]);
	return post_end(&c);
}

/*
 * Asynchronous sends: what is known at once
 */

ROW(E_SEND_50, EAGAIN, as_many_asynchronous_sends_as_may_be)
{
	uint64_t cookie;

	/* some are complete and not read yet, others wait for room */
	for (cookie = 0; cookie < DIPC_ASYNC_MAX; cookie++)
		NEED(post(e->tx, 'a', POST(.cookie = &cookie)) == 1);
	NEED(post(e->tx, 'b', POST(.cookie = &cookie)) == -EAGAIN);
	NEED(!post_recv_room(e->tx, POST_ROOM, MSG_ERRQUEUE).ret);
	NEED(post(e->tx, 'c', POST(.cookie = &cookie)) == 1);
	/* it does not wait for that */
	return post_flags(e->tx, 'd', POST(.cookie = &cookie), 0);
}

ROW(E_SEND_51, EAGAIN, asynchronous_and_too_much_outstanding)
{
	const uint64_t cookie = 7;
	int bound = 4096;

	NEED(!setsockopt(e->tx, SOL_SOCKET, SO_SNDBUF, &bound, 4));
	NEED(errors_fill(e->tx));
	return post_flags(e->tx, 'a', POST(.cookie = &cookie), 0);
}

TEST_HARNESS_MAIN
