/* SPDX-License-Identifier: GPL-2.0 */
/* What a message with a control message for calls is; see send_op.c. */
#ifndef _DIPC_SEND_OP_H
#define _DIPC_SEND_OP_H

#include "control.h"

int dipc_sock_send_op(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      struct dipc_send_params *params);

#endif /* _DIPC_SEND_OP_H */
