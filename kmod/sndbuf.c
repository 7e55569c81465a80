// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting until a socket has less outstanding than SO_SNDBUF allows, or until
 * there is no queue any more to send to. What is outstanding is counted by the
 * socket's account (sender.h); who polls for room is told by poll.c.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "sock.h"

/* How long who waits for SO_SNDBUF leaves room for one message unused. */
#define ACCOUNT_PATIENCE 1	/* jiffies */

/*
 * Who waits for SO_SNDBUF also waits for the end of the queue he sends to;
 * several threads of a socket may do so for different queues.
 */
struct end_watch {
	struct dipc_watcher	watcher;
	struct sock		*sk;
	struct rcu_head		rcu;
};

static void queue_ended(struct dipc_watcher *w)
{
	struct sock *sk = container_of(w, struct end_watch, watcher)->sk;
	struct socket_wq *wq = rcu_dereference(sk->sk_wq);

	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT);
}

static const struct dipc_watcher_ops end_watch_ops = {
	.room = queue_ended,
};

static long wait_until_room(struct dipc_sock *ds, struct dipc_queue *q,
			    size_t truesize, struct end_watch *watch,
			    bool is_eager, long timeout)
{
	return wait_event_interruptible_timeout(*sk_sleep(&ds->sk),
			dipc_sock_account_room(ds, truesize, is_eager) ||
			dipc_queue_watch_end(q, &watch->watcher),
			timeout);
}

/**
 * dipc_sock_await_account() - sleep until a socket may have more outstanding
 * @ds: the socket
 * @q: the queue that it sends to; its end ends the wait
 * @truesize: memory that the message takes, in bytes
 * @timeout: how long, in jiffies
 *
 * Who fills SO_SNDBUF would be woken with each message that is taken, to send
 * one more and sleep again. So for a moment he waits until it is worth it; then
 * the receiver may have stopped, and he takes what there is.
 *
 * Context: process; may sleep.
 * Return: jiffies that are left, at least 1; 0 if the time is over;
 * -ERESTARTSYS if a signal came; -ENOMEM.
 */
long dipc_sock_await_account(struct dipc_sock *ds, struct dipc_queue *q,
			     size_t truesize, long timeout)
{
	long patience = min_t(long, timeout, ACCOUNT_PATIENCE);
	bool for_ever = timeout == MAX_SCHEDULE_TIMEOUT;
	struct end_watch *watch;
	long left;

	watch = kzalloc(sizeof(*watch), GFP_KERNEL_ACCOUNT);
	if (!watch)
		return -ENOMEM;
	dipc_watcher_init(&watch->watcher, &end_watch_ops);
	watch->sk = &ds->sk;
	left = wait_until_room(ds, q, truesize, watch, false, patience);
	if (!for_ever)
		timeout -= patience;
	if (!left && timeout)
		left = wait_until_room(ds, q, truesize, watch, true,
				       timeout);
	else if (left > 0)
		left = for_ever ? timeout : left + timeout;
	dipc_queue_unwatch_room(&watch->watcher);
	kfree_rcu(watch, rcu);
	return left;
}
