// SPDX-License-Identifier: GPL-2.0
/* Names that several sockets have; see names.h. */
#define _GNU_SOURCE
#include "names.h"

int share_names(int fd)
{
	int one = 1;

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_REUSE_NAME, &one,
				 sizeof(one)));
}

int shared_socket(const struct sockaddr_dipc *addr)
{
	int fd = dt_socket(SOCK_RDM);
	int err;

	if (fd < 0)
		return fd;
	err = share_names(fd);
	if (!err)
		err = dt_bind(fd, addr);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
