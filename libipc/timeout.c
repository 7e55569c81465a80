// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A time limit for one call.
 *
 * It is the socket's own (SO_RCVTIMEO, SO_SNDTIMEO), not poll() and a
 * non-blocking try: so the caller stands in the queue's line of waiters, where
 * it is served in its turn, and an unbuffered queue sees it. What was set last
 * is remembered with the handle, because callers seldom change it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>

#include "internal.h"

/**
 * timeout_set - have calls on a socket wait for so long
 * @fd: the socket
 * @t: what was set last
 * @option: SO_RCVTIMEO or SO_SNDTIMEO
 * @timeout_ms: milliseconds, not 0, negative for ever
 *
 * Threads that use one handle with the same time limit, or with none, do not
 * disturb each other.
 *
 * Return: 0 or a negated errno.
 */
int timeout_set(int fd, struct timeout *t, int option, int timeout_ms)
{
	struct timeval tv = { 0 };

	if (timeout_ms < 0)
		timeout_ms = -1;
	if (atomic_load_explicit(&t->ms, memory_order_relaxed) == timeout_ms)
		return 0;
	if (timeout_ms > 0) {
		tv.tv_sec = timeout_ms / 1000;
		tv.tv_usec = timeout_ms % 1000 * 1000;
	}
	if (setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) < 0)
		return -errno;
	atomic_store_explicit(&t->ms, timeout_ms, memory_order_relaxed);
	return 0;
}

/**
 * timeout_error - the error of a call that had a time limit
 * @fd: the socket
 * @err: what the call gave
 * @timeout_ms: the limit; 0 if the call was not to wait
 *
 * Return: @err, but -ETIMEDOUT for an -EAGAIN that means that time ran out,
 * and not that the socket does not wait at all.
 */
int timeout_error(int fd, int err, int timeout_ms)
{
	int flags;

	if (err != -EAGAIN || timeout_ms <= 0)
		return err;
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_NONBLOCK) ? -EAGAIN : -ETIMEDOUT;
}
