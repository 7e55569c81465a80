/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The peers that are not plain sockets, and the preparations of those that are.
 */
#ifndef PEERS_H
#define PEERS_H

#include "bench.h"

extern const struct peer peer_pipe, peer_mqueue, peer_sysv;	/* peer_queue.c */
extern const struct peer peer_ring;				/* peer_ring.c */
extern const struct peer peer_binder;				/* peer_binder.c */

/* peer_dipc.c */
extern const struct peer peer_dipc_call, peer_dipc_call_link;
extern const struct peer peer_dipc_mailbox, peer_dipc_mailbox_cred;

/* Limits of an AF_DIPC socket's own queue. */
int dipc_prepare(int fd, const struct shape *s);

#endif
