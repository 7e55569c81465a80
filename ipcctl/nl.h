/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One netlink socket to the family "dipc": requests, their answers and what
 * the kernel has to say when it refuses, and events. It is opened with the
 * first request, so that help needs neither module nor socket.
 */
#ifndef IPCCTL_NL_H
#define IPCCTL_NL_H

#include <libmnl/libmnl.h>
#include <linux/dipc_netlink.h>

/* Gets each message of an answer; of nl_listen(), NULL when some were lost. */
typedef void (*nl_cb)(const struct nlmsghdr *nlh, void *data);

struct nlmsghdr *nl_begin(uint8_t cmd, uint16_t flags);
int nl_run(struct nlmsghdr *nlh, const char *subject, nl_cb cb, void *data);
int nl_run_kept(struct nlmsghdr *nlh, const char *subject, nl_cb cb,
		void *data);
int nl_try(struct nlmsghdr *nlh, nl_cb cb, void *data);
int nl_listen(nl_cb cb, void *data);

#endif /* IPCCTL_NL_H */
