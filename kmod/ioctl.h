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
	return _IOC_TYPE(cmd) == _IOC_TYPE(DIPC_IOC_OP) &&
	       _IOC_NR(cmd) == _IOC_NR(DIPC_IOC_OP) &&
	       _IOC_DIR(cmd) == _IOC_DIR(DIPC_IOC_OP);
}

#endif /* _DIPC_IOCTL_H */
