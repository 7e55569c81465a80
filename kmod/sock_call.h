/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A socket as a client: making calls through it, and what comes of them. In
 * sock_call.c a request is made and sent, and a synchronous call is waited for;
 * outcome.c is about those that are not.
 */
#ifndef _DIPC_SOCK_CALL_H
#define _DIPC_SOCK_CALL_H

#include "attempt.h"

/* What is asked, and how. */
struct dipc_question {
	struct iov_iter		*out;		/* the request */
	size_t			len;		/* of it, bytes */
	struct sockaddr_dipc	*dest;		/* checked; or NULL: connected */
	struct dipc_send_params	params;		/* files are taken over */
	u64			cookie;
	u64			try_ns;		/* 0: no limit */
	u32			reply_max;	/* bytes */
	u8			semantics;	/* enum dipc_semantics */
	bool			may_wait;	/* for room */
};

/* sock_call.c */
int dipc_sock_call(struct dipc_sock *ds, struct dipc_question *qn,
		   struct iov_iter *in, struct dipc_outcome *outcome);
int dipc_sock_call_start(struct dipc_sock *ds, struct dipc_question *qn);
u64 dipc_sock_call_pause(struct dipc_call *call);
struct dipc_call *dipc_sock_call_again(struct dipc_sock *ds,
				       const struct dipc_call *old,
				       struct dipc_attempt *a, bool is_async);
enum dipc_reason dipc_sock_call_send(struct dipc_attempt *a,
				     struct dipc_call *call);

/* outcome.c */
int dipc_sock_call_finish(struct dipc_sock *ds, bool any, u64 cookie,
			  struct iov_iter *in, bool may_wait,
			  struct dipc_outcome __user *info);
int dipc_sock_call_cancel(struct dipc_sock *ds, u64 cookie);
int dipc_sock_receive_outcome(struct dipc_sock *ds, struct msghdr *msg,
			      size_t len, int flags);

/**
 * dipc_sock_call_sent() - an attempt is over
 * @a: the attempt
 *
 * Context: process; may sleep.
 */
static inline void dipc_sock_call_sent(struct dipc_attempt *a)
{
	if (a->sender)
		dipc_attempt_end(a);
	dipc_queue_put(a->queue);
}

/**
 * dipc_sock_has_calls() - may a receive find the end of a call
 * @ds: the socket
 *
 * Context: any.
 * Return: whether an asynchronous call was ever made through it.
 */
static inline bool dipc_sock_has_calls(const struct dipc_sock *ds)
{
	/* pairs with the cmpxchg() that sets it */
	const struct dipc_caller *c = smp_load_acquire(&ds->caller);

	return c && dipc_caller_is_async(c);
}

#endif /* _DIPC_SOCK_CALL_H */
