/* SPDX-License-Identifier: GPL-2.0 */
/* The short way to send and to receive; see plain.c. */
#ifndef _DIPC_PLAIN_H
#define _DIPC_PLAIN_H

#include "sock.h"

int dipc_sock_send_plain(struct dipc_sock *ds, struct msghdr *msg, size_t len);
int dipc_sock_receive_plain(struct dipc_sock *ds, struct msghdr *msg,
			    size_t len, int flags);

#endif /* _DIPC_PLAIN_H */
