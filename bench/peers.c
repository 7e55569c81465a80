// SPDX-License-Identifier: GPL-2.0
/*
 * The table of peers, in the order in which they are shown.
 */
#include <linux/dipc.h>

#include "peer_socket.h"
#include "peers.h"

#define KIND(...) (&(const struct socket_kind) { __VA_ARGS__ })

#define SOCKETS \
	.close = socket_close, .make = socket_make, .unmake = socket_unmake
#define MESSAGES	.send = socket_send, .recv = socket_recv
#define BYTES		.send = socket_send, .recv = socket_recv_stream

static const struct peer dipc_rdm = {
	.name = "dipc_rdm", .about = "AF_DIPC SOCK_RDM, bound and connected",
	.kind = KIND(AF_DIPC, SOCK_RDM, sizeof(struct sockaddr_dipc),
		     .prepare = dipc_prepare),
	.open = socket_bound_open, .join = socket_join, SOCKETS, MESSAGES,
};

static const struct peer dipc_seqpacket = {
	.name = "dipc_seqpacket", .about = "AF_DIPC SOCK_SEQPACKET, socketpair()",
	.kind = KIND(AF_DIPC, SOCK_SEQPACKET, .prepare = dipc_prepare),
	.open = socket_pair_open, SOCKETS, MESSAGES,
};

static const struct peer dipc_stream = {
	.name = "dipc_stream", .about = "AF_DIPC SOCK_STREAM, socketpair()",
	.kind = KIND(AF_DIPC, SOCK_STREAM, .prepare = dipc_prepare),
	.open = socket_pair_open, SOCKETS, BYTES,
};

static const struct peer unix_seqpacket = {
	.name = "unix_seqpacket", .about = "AF_UNIX SOCK_SEQPACKET, socketpair()",
	.kind = KIND(AF_UNIX, SOCK_SEQPACKET),
	.open = socket_pair_open, SOCKETS, MESSAGES,
};

static const struct peer unix_seqpacket_cred = {
	.name = "unix_seqpacket_cred",
	.about = "the same, sendmsg() and recvmsg() with credentials",
	.kind = KIND(AF_UNIX, SOCK_SEQPACKET, .has_credentials = true),
	.open = socket_pair_open, SOCKETS,
	.send = socket_sendmsg, .recv = socket_recvmsg,
};

static const struct peer unix_dgram = {
	.name = "unix_dgram", .about = "AF_UNIX SOCK_DGRAM, socketpair()",
	.kind = KIND(AF_UNIX, SOCK_DGRAM),
	.open = socket_pair_open, SOCKETS, MESSAGES,
};

static const struct peer unix_stream = {
	.name = "unix_stream", .about = "AF_UNIX SOCK_STREAM, socketpair()",
	.kind = KIND(AF_UNIX, SOCK_STREAM),
	.open = socket_pair_open, SOCKETS, BYTES,
};

static const struct peer udp = {
	.name = "udp", .about = "UDP on the loopback, bound and connected",
	.len_max = 65507, .is_lossy = true, .kind = KIND(AF_INET, SOCK_DGRAM),
	.open = socket_bound_open, SOCKETS, MESSAGES,
};

static const struct peer tcp = {
	.name = "tcp", .about = "TCP on the loopback, TCP_NODELAY",
	.kind = KIND(AF_INET, SOCK_STREAM),
	.open = socket_accepted_open, SOCKETS, BYTES,
};

/* Connections have a window in messages, of which small ones use it up, too. */
static const struct peer tipc_seqpacket = {
	.name = "tipc_seqpacket", .about = "TIPC SOCK_SEQPACKET, socketpair()",
	.len_max = 66000, .window = 128 << 10,
	.kind = KIND(AF_TIPC, SOCK_SEQPACKET),
	.open = socket_pair_open, SOCKETS, MESSAGES,
};

static const struct peer tipc_rdm = {
	.name = "tipc_rdm", .about = "TIPC SOCK_RDM, connected to a service",
	.len_max = 66000, .window = 128 << 10, .is_lossy = true,
	.kind = KIND(AF_TIPC, SOCK_RDM),
	.open = socket_bound_open, SOCKETS, MESSAGES,
};

const struct peer *const peers[] = {
	&peer_dipc_call, &peer_dipc_call_link, &dipc_rdm, &dipc_seqpacket,
	&dipc_stream, &peer_dipc_mailbox, &peer_dipc_mailbox_cred,
	&unix_seqpacket, &unix_seqpacket_cred, &unix_dgram, &unix_stream,
	&peer_pipe, &peer_mqueue, &peer_sysv, &udp, &tcp,
	&tipc_seqpacket, &tipc_rdm, &peer_binder, &peer_ring, NULL
};
