/* SPDX-License-Identifier: GPL-2.0 */
/* The extended ioctl; see ioctl.c. */
#ifndef _DIPC_IOCTL_H
#define _DIPC_IOCTL_H

#include "sock.h"

int dipc_ioctl_op(struct dipc_sock *ds, void __user *arg, bool may_wait);

/**
 * dipc_ioctl_is_op() - is this the extended ioctl
 * @cmd: its number
 *
 * Context: any.
 * Return: whether it is, whatever the size of its structure.
 */
static inline bool dipc_ioctl_is_op(unsigned int cmd)
{
	return !((cmd ^ DIPC_IOC_OP) & ~IOCSIZE_MASK);
}

#endif /* _DIPC_IOCTL_H */
