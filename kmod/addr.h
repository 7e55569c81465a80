/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses as values: is a struct sockaddr_dipc well formed, how is one
 * made. Nothing here looks anything up.
 */
#ifndef _DIPC_ADDR_H
#define _DIPC_ADDR_H

#include <linux/socket.h>
#include <linux/types.h>
#include <linux/dipc.h>

int dipc_addr_parse(struct sockaddr_dipc *addr, const void *data, int len,
		    int family);
int dipc_addr_check_name(const char *name, size_t size);
void dipc_addr_from_port(struct sockaddr_dipc *addr, int family, u64 port);
void dipc_addr_from_name(struct sockaddr_dipc *addr, int family, u8 type,
			 u8 scope, const char *name);

#endif /* _DIPC_ADDR_H */
