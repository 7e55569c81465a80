/* SPDX-License-Identifier: GPL-2.0 */
/* Receiving by an operation of the ioctl; see receive.c. */
#ifndef _DIPC_RECEIVE_H
#define _DIPC_RECEIVE_H

#include "hold.h"

int dipc_sock_receive_op(struct dipc_sock *ds, struct iov_iter *to,
			 struct dipc_request __user *info,
			 const struct dipc_match *match,
			 struct dipc_borrowed *reply, u32 flags);

#endif /* _DIPC_RECEIVE_H */
