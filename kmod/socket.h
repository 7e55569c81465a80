/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address family: registration, and the table of socket operations.
 */
#ifndef _DIPC_SOCKET_H
#define _DIPC_SOCKET_H

int dipc_socket_register(int family);
void dipc_socket_unregister(void);
int dipc_socket_family(void);

#endif /* _DIPC_SOCKET_H */
