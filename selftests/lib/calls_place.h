/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a server can be called: its socket, in this process or in a peer, and
 * how a client comes to it.
 */
#ifndef DIPC_TEST_CALLS_PLACE_H
#define DIPC_TEST_CALLS_PLACE_H

#include "calls.h"

enum calls_place {
	AT_PORT,		/* by its number */
	AT_NAME,
	AT_SHARED,		/* a name that others may share */
	AT_MAILBOX,
	AT_CONNECTED,		/* a name that the client is connected to */
	AT_DGRAM,		/* a name, sockets of type SOCK_DGRAM */
	AT_LINK,		/* SOCK_SEQPACKET */
};

/* An address that nobody has, and the mailbox: 0 or -errno. */
int calls_place_make(struct calls_peer_memory *m, enum calls_place place);
/* the mailbox goes */
void calls_place_end(struct calls_peer_memory *m);
/*
 * The server's socket, as m->fd; of a link the one that listens, as
 * m->listener. 0 or -errno.
 */
long calls_place_open(struct calls_peer_memory *m, long unused);
/* Of a link, m->fd: 0 or -errno. Else nothing. */
long calls_place_accept(struct calls_peer_memory *m, long unused);
/* The server's sockets are closed. */
long calls_place_close(struct calls_peer_memory *m, long unused);
/* A client, connected if it must be. */
int calls_place_client(const struct calls_peer_memory *m);
/* What it gives as destination: NULL if it is connected. */
const struct sockaddr_dipc *calls_place_dest(const struct calls_peer_memory *m);
int calls_place_type(const struct calls_peer_memory *m);

/* As functions for a peer: receive (m->got) and what to do with that request. */
long calls_peer_take(struct calls_peer_memory *m, long form);
long calls_peer_reply(struct calls_peer_memory *m, long form);
long calls_peer_drop(struct calls_peer_memory *m, long form);

#endif /* DIPC_TEST_CALLS_PLACE_H */
