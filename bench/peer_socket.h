/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a peer is made of that is sockets. Its kind says which.
 */
#ifndef PEER_SOCKET_H
#define PEER_SOCKET_H

#include <sys/socket.h>

#include "bench.h"

/**
 * struct socket_kind - which sockets
 * @family: AF_
 * @type: SOCK_
 * @address_len: of an address that is 0 but for the family; 0 for the families
 *	that peer_socket.c knows
 * @has_credentials: with each message
 * @prepare: what else is to be set, may be NULL
 */
struct socket_kind {
	int family, type;
	socklen_t address_len;
	bool has_credentials;
	int (*prepare)(int fd, const struct shape *s);
};

int socket_open(const struct socket_kind *k, const struct shape *s);

/* Members of struct peer. */
int socket_pair_open(struct link *l);
int socket_bound_open(struct link *l);
int socket_accepted_open(struct link *l);
void socket_close(struct link *l);
int socket_join(const struct link *l, struct end *e);
int socket_make(const struct peer *p);
void socket_unmake(const struct peer *p, int nr);
void socket_send(struct end *e, void *buf, size_t len);
void socket_recv(struct end *e, void *buf, size_t len);
void socket_recv_stream(struct end *e, void *buf, size_t len);
void socket_sendmsg(struct end *e, void *buf, size_t len);
void socket_recvmsg(struct end *e, void *buf, size_t len);

#endif
