/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libipc share among themselves and with nobody else.
 *
 * The order is addr, socket, notify, mailbox; and netlink, admin, mailbox.
 * A file uses those before it only.
 */
#ifndef LIBIPC_INTERNAL_H
#define LIBIPC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ipc/libipc.h>

/* addr.c */
bool ipc_name_is_valid(const char *name);

/* netlink.c */

/* Room for one request, and for the head of one reply. */
#define NL_BUF_BYTES	8192

struct nl_request {
	struct mnl_socket *sock;
	struct nlmsghdr *nlh;
	char buf[NL_BUF_BYTES];
};

int nl_request_init(struct nl_request *req, uint8_t cmd, uint16_t flags);
int nl_request_run(struct nl_request *req, mnl_attr_cb_t cb, void *data);
void nl_request_fini(struct nl_request *req);

#endif /* LIBIPC_INTERNAL_H */
