/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One attempt to send: from "where to" to the verdict. Used by send.c for a
 * message, and for each piece of what is written to a stream; its beginning
 * also by who sends a request.
 */
#ifndef _DIPC_ATTEMPT_H
#define _DIPC_ATTEMPT_H

#include "control.h"

struct dipc_attempt {
	struct dipc_sock	*ds;
	struct dipc_net		*dn;
	struct dipc_queue	*queue;		/* counted */
	struct dipc_sender	*sender;	/* counted, while it lasts */
	struct dipc_send_params	params;
	const struct sockaddr_dipc *dest;	/* for a completion, if @async */
	bool			may_wait;
	bool			connected;	/* no address was given */
	bool			by_name;	/* connected to a name of ports */
	bool			is_call;	/* a request is sent */
	size_t			len;		/* payload, bytes */
	size_t			reply_max;	/* room for its reply, bytes */
	u64			id;		/* of the message; 0: none yet */
	ktime_t			due;		/* its deadline, if it has one */
	long			timeout;	/* jiffies left */
	int			err_signal;	/* if a signal ends it */
};

int dipc_attempt_check(struct dipc_sock *ds);
void dipc_attempt_init(struct dipc_attempt *a, struct dipc_sock *ds,
		       bool may_wait, size_t len);
int dipc_attempt_fail(struct dipc_attempt *a, enum dipc_reason reason);
int dipc_attempt_errno(const struct dipc_attempt *a, enum dipc_reason reason);
int dipc_attempt_find(struct dipc_attempt *a, struct sockaddr_dipc *addr,
		      bool given);
int dipc_attempt_begin(struct dipc_attempt *a);
int dipc_attempt_no_room(struct dipc_attempt *a);
int dipc_attempt_no_message(struct dipc_attempt *a, int err);
void dipc_attempt_end(struct dipc_attempt *a);
int dipc_attempt_send(struct dipc_attempt *a, struct msghdr *msg);

/* send.c: a message as the ioctl describes it */
int dipc_sock_send_one_way(struct dipc_sock *ds,
			   const struct dipc_send_params *params,
			   struct sockaddr_dipc *dest, struct iov_iter *from,
			   bool may_wait);

#endif /* _DIPC_ATTEMPT_H */
