// SPDX-License-Identifier: GPL-2.0
/* A dump part by part; see parts.h. */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "parts.h"

/* The less a socket has ever read at once, the more parts there are. */
#define PART_BYTES 4096

/* 1 at the end of the dump; or a negative errno. */
static int read_part(const struct nlmsghdr *nlh, ssize_t n,
		     void (*begin)(uint8_t cmd, void *arg), dt_nl_cb cb,
		     void *arg)
{
	const struct genlmsghdr *genl;

	for (; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR)
			return *(int *)NLMSG_DATA(nlh) ?: 1;
		if (!(nlh->nlmsg_flags & NLM_F_MULTI))
			return -EBADMSG;
		genl = NLMSG_DATA(nlh);
		if (begin)
			begin(genl->cmd, arg);
		dt_nl_attrs((char *)genl + GENL_HDRLEN,
			    NLMSG_PAYLOAD(nlh, GENL_HDRLEN), cb, arg);
	}
	return 0;
}

int dump_in_parts(struct dt_nl *nl, void (*begin)(uint8_t cmd, void *arg),
		  dt_nl_cb cb, void *arg,
		  int (*between)(void *arg), void *between_arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ssize_t n;
	int err;

	nlh->nlmsg_len = nl->len;
	err = DT_ERR(send(fd, nl->buf, nl->len, 0));
	while (err >= 0) {
		n = recv(fd, nl->buf, PART_BYTES, MSG_TRUNC);
		if (n < 0 || n > PART_BYTES)
			err = n < 0 ? -errno : -EMSGSIZE;
		else
			err = read_part(nlh, n, begin, cb, arg);
		if (err > 0)
			break;
		if (!err && between)
			err = between(between_arg);
	}
	close(fd);
	return err > 0 ? 0 : err;
}
