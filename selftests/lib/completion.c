// SPDX-License-Identifier: GPL-2.0
/* Sending asynchronously and reading completions; see completion.h. */
#define _GNU_SOURCE
#include <stdio.h>

#include "completion.h"

int completion(int fd, int flags, struct dipc_completion *c)
{
	char control[CMSG_SPACE(sizeof(*c))] __attribute__((aligned(8)));
	struct sockaddr_dipc from = { .sdipc_type = 0xee };
	char byte = '-';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int ret = DT_ERR(recvmsg(fd, &msg, MSG_ERRQUEUE | flags));

	if (ret < 0)
		return ret;
	cmsg = CMSG_FIRSTHDR(&msg);
	/* no payload, no address, nothing else */
	if (ret || byte != '-' || msg.msg_namelen ||
	    msg.msg_flags != MSG_ERRQUEUE || !cmsg ||
	    cmsg->cmsg_level != SOL_DIPC ||
	    cmsg->cmsg_type != DIPC_COMPLETION ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(*c)) || CMSG_NXTHDR(&msg, cmsg))
		return -EBADMSG;
	memcpy(c, CMSG_DATA(cmsg), sizeof(*c));
	return 0;
}

long send_async(int fd, char letter, uint64_t cookie)
{
	return post_flags(fd, letter, POST(.cookie = &cookie), 0);
}

const char *told(int fd, int flags)
{
	static char text[64];
	struct dipc_completion c;
	int err = completion(fd, flags, &c);

	if (err)
		return err == -EAGAIN ? "none" : strerror(-err);
	snprintf(text, sizeof(text), "%llu %u %u", (unsigned long long)c.cookie,
		 c.error, c.reason);
	return text;
}

const char *says(uint64_t cookie, int error, int reason)
{
	static char text[64];

	snprintf(text, sizeof(text), "%llu %u %u", (unsigned long long)cookie,
		 error, reason);
	return text;
}
