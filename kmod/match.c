// SPDX-License-Identifier: GPL-2.0
/* The standing match of a socket: set, read, and asked whether it is met. */
#include <linux/slab.h>

#include "sock.h"

static bool is_any(const struct dipc_match *match)
{
	return !match->tag_mask && !match->port;
}

/**
 * dipc_match_check() - is a match from user space a sound one
 * @match: from user space
 *
 * Context: any.
 * Return: 0; -EINVAL if a reserved byte is set, or a node is given without a
 * port.
 */
int dipc_match_check(const struct dipc_match *match)
{
	if (memchr_inv(match->reserved, 0, sizeof(match->reserved)) ||
	    (match->node && !match->port))
		return -EINVAL;
	return 0;
}

/**
 * dipc_sock_set_match() - say which messages a socket receives
 * @ds: the socket
 * @match: from user space; all 0: any. Who sleeps in a receive goes on with
 *	what was in force when it began
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if a reserved byte is set or a node is given without a
 * port; -ENOMEM.
 */
int dipc_sock_set_match(struct dipc_sock *ds, const struct dipc_match *match)
{
	struct dipc_standing_match *new = NULL, *old;
	struct dipc_queue *q;
	int err = dipc_match_check(match);

	if (err)
		return err;
	if (!is_any(match)) {
		new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		new->match = *match;
	}
	lock_sock(&ds->sk);
	old = rcu_replace_pointer(ds->match, new,
				  lockdep_sock_is_held(&ds->sk));
	release_sock(&ds->sk);
	if (old)
		kfree_rcu(old, rcu);
	/* who polls may find now what did not match before */
	q = dipc_sock_rx(ds);
	if (q && dipc_queue_readable(q))
		dipc_sock_tell_readable(ds);
	return 0;
}

/**
 * dipc_sock_match() - the standing match of a socket
 * @ds: the socket
 * @match: takes it up
 *
 * Context: any.
 * Return: whether there is one; if not, @match is not touched.
 */
bool dipc_sock_match(struct dipc_sock *ds, struct dipc_match *match)
{
	const struct dipc_standing_match *standing;

	rcu_read_lock();
	standing = rcu_dereference(ds->match);
	if (standing)
		*match = standing->match;
	rcu_read_unlock();
	return standing;
}

/**
 * dipc_sock_readable() - is there a message for a socket
 * @ds: the socket
 * @q: the queue it receives from
 *
 * Context: process; may sleep.
 * Return: whether there is one that it wants, queued or of a sender that
 * waits.
 */
bool dipc_sock_readable(struct dipc_sock *ds, struct dipc_queue *q)
{
	const struct dipc_want *want;
	struct dipc_want standing;
	u32 len;

	/* a message may just be on its way from a line into the queue */
	if (!dipc_queue_readable(q) && !dipc_queue_readable_locking(q))
		return false;
	want = dipc_sock_want(ds, &standing);
	if ((!want || (!want->has_match && !READ_ONCE(q->had_calls))) &&
	    !dipc_queue_may_expire(q))
		return true;
	/* what is overdue goes first */
	return dipc_queue_first(q, want, &len);
}
