/* SPDX-License-Identifier: GPL-2.0 */
/* The extended ioctl; see ioctl.c. */
#ifndef _DIPC_IOCTL_H
#define _DIPC_IOCTL_H

#include "sock.h"

bool dipc_ioctl_is_op(unsigned int cmd);
int dipc_ioctl_op(struct dipc_sock *ds, void __user *arg, bool may_wait);

#endif /* _DIPC_IOCTL_H */
