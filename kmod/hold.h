/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that a socket receives and holds: between a receive, made by a
 * system call or by an operation of the ioctl, and the handles of the socket.
 */
#ifndef _DIPC_HOLD_H
#define _DIPC_HOLD_H

#include "sock.h"

/* One receive, as far as it has got. */
struct dipc_reception {
	struct dipc_sock	*ds;
	struct dipc_queue	*q;
	const struct dipc_want	*want;
	struct iov_iter		*to;		/* takes up the payload */
	struct msghdr		*msg;		/* of a system call; or NULL */
	void			*control;	/* where that is to begin */
	size_t			control_bytes;
	struct dipc_request __user *info;	/* of an operation; or NULL */
	size_t			len;		/* room for payload, bytes */
	int			flags;
	long			timeout;	/* jiffies left */
	int			err_signal;	/* if a signal ends it */
	struct dipc_slot	*slot;		/* for the request, or NULL */
	struct dipc_borrowed	*reply;		/* the receiver's own, or NULL */
	bool			got;		/* a message, be it empty */
	bool			told;		/* that a worker is needed */
	bool			consumes;	/* no request is looked at twice */
	struct dipc_want	standing;
};

int dipc_hold_prepare(struct dipc_reception *r, struct dipc_message *m);
void dipc_hold_undo(struct dipc_reception *r);
bool dipc_hold_keep(struct dipc_reception *r, struct dipc_message *m);
int dipc_hold_describe(struct dipc_reception *r, struct dipc_message *m);
int dipc_sock_receive_notice(struct dipc_sock *ds, struct msghdr *msg,
			     int flags);

#endif /* _DIPC_HOLD_H */
