/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control messages: what a sender says about one message beside its payload,
 * and what a receiver is told about one.
 */
#ifndef _DIPC_CONTROL_H
#define _DIPC_CONTROL_H

#include "sock.h"

/* How one message is to be sent. */
struct dipc_send_params {
	u8			mode;		/* enum dipc_mode */
	u8			priority;
	bool			async;
	u64			cookie;		/* if @async */
	u64			tag;
	u64			deadline_ns;	/* from now; 0: none */
	struct dipc_files	*files;		/* owned; or NULL */
	u32			seen;		/* a bit for each type at SOL_DIPC */
	/* value of what makes the message more than a message; or NULL */
	const void		*op;
};

/* Of these there is one at most, and the message is that. */
#define DIPC_CONTROL_OPS (BIT(DIPC_CALL) | BIT(DIPC_CANCEL) | BIT(DIPC_REPLY) | \
			  BIT(DIPC_FORWARD) | BIT(DIPC_DROP))

int dipc_control_parse(struct dipc_sock *ds, struct msghdr *msg,
		       struct dipc_send_params *params);

/**
 * dipc_control_none() - of a sender who has no control messages
 * @ds: the socket
 * @params: filled with what its options say
 *
 * Context: any.
 */
static inline void dipc_control_none(struct dipc_sock *ds,
				     struct dipc_send_params *params)
{
	params->mode = READ_ONCE(ds->mode);
	params->priority = READ_ONCE(ds->priority);
	params->async = false;
	params->cookie = 0;
	params->tag = 0;
	params->deadline_ns = 0;
	params->files = NULL;
	params->seen = 0;
	params->op = NULL;
}

void dipc_control_put_source(struct dipc_sock *ds, struct msghdr *msg,
			     const struct dipc_message *m);
void dipc_control_put_credentials(struct msghdr *msg,
				  const struct dipc_sender *from);
void dipc_control_put_all(struct dipc_sock *ds, struct msghdr *msg,
			  const struct dipc_message *m);

/**
 * dipc_control_put() - tell a receiver what it asked to be told of a message
 * @ds: the receiving socket
 * @msg: takes up the control messages; MSG_CTRUNC is set if it has no room
 * @m: the message, on loan or shared
 *
 * Context: process; may sleep.
 */
static inline void dipc_control_put(struct dipc_sock *ds, struct msghdr *msg,
				    const struct dipc_message *m)
{
	const struct sock *sk = &ds->sk;

	/* most do not ask for anything */
	if (READ_ONCE(ds->recv_info) || READ_ONCE(sk->sk_tsflags) ||
	    sock_flag(sk, SOCK_RCVTSTAMP) || m->extra ||
	    test_bit(SOCK_PASSCRED, &sk->sk_socket->flags))
		dipc_control_put_all(ds, msg, m);
}

#endif /* _DIPC_CONTROL_H */
