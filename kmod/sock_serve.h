/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A socket as a server: the requests that it holds are replied to, read and
 * written in parts, handed on or given up. How they came to be held is in
 * hold.c.
 */
#ifndef _DIPC_SOCK_SERVE_H
#define _DIPC_SOCK_SERVE_H

#include "attempt.h"

int dipc_sock_reply(struct dipc_sock *ds, u64 handle, u64 offset,
		    struct iov_iter *from, size_t len,
		    struct dipc_files **files);
struct dipc_borrowed *dipc_sock_reply_and_stay(struct dipc_sock *ds, u64 handle,
					       u64 offset, struct iov_iter *from,
					       u32 flags);
int dipc_sock_write_reply(struct dipc_sock *ds, u64 handle, u64 offset,
			  struct iov_iter *from, size_t len);
int dipc_sock_read_request(struct dipc_sock *ds, u64 handle, u64 offset,
			   struct iov_iter *to, size_t len);
int dipc_sock_forward(struct dipc_sock *ds, u64 handle,
		      struct sockaddr_dipc *dest);
int dipc_sock_drop(struct dipc_sock *ds, u64 handle);

#endif /* _DIPC_SOCK_SERVE_H */
