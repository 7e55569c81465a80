/* SPDX-License-Identifier: GPL-2.0 */
/* The limits under /proc/sys/net/dipc. */
#ifndef _DIPC_SYSCTL_H
#define _DIPC_SYSCTL_H

struct dipc_net;

int dipc_sysctl_init(struct dipc_net *dn);
void dipc_sysctl_fini(struct dipc_net *dn);

#endif /* _DIPC_SYSCTL_H */
