// SPDX-License-Identifier: GPL-2.0
/* See ask.h. */
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include "ask.h"

int ask_inq(int fd)
{
	int n;

	return ioctl(fd, SIOCINQ, &n) ? -errno : n;
}

int ask_outq(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) ? -errno : n;
}

int ask_option(int fd, int optname)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, optname, &value, &len))
		return -errno;
	return len == sizeof(value) ? value : -EINVAL;
}

int ask_room(int fd)
{
	int n = 0, err;

	do {
		err = dt_send_number(fd, n, MSG_DONTWAIT, NULL);
	} while (!err && ++n < 100000);
	return err == -EAGAIN ? n : -EIO;
}
