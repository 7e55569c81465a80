/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One attempt to send: from "where to" to the verdict. Used by send.c for a
 * message, by stream.c for each piece of what is written.
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
	size_t			len;		/* payload, bytes */
	u64			id;		/* of the message; 0: none yet */
	ktime_t			due;		/* its deadline, if it has one */
	long			timeout;	/* jiffies left */
	int			err_signal;	/* if a signal ends it */
};

void dipc_attempt_init(struct dipc_attempt *a, struct dipc_sock *ds,
		       const struct msghdr *msg, size_t len);
int dipc_attempt_fail(struct dipc_attempt *a, enum dipc_reason reason);
int dipc_attempt_send(struct dipc_attempt *a, struct msghdr *msg);

#endif /* _DIPC_ATTEMPT_H */
