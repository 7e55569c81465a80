/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way on which a message with control messages can go, and first of all
 * sockets of AF_UNIX, which say what is right.
 */
#ifndef DIPC_TEST_WAY_H
#define DIPC_TEST_WAY_H

#include "dipc_test.h"
#include "kselftest_harness.h"

FIXTURE(way)
{
	int tx, rx;
};

FIXTURE_VARIANT(way)
{
	bool is_unix, is_pair;
	int type;
};

FIXTURE_VARIANT_ADD(way, unix_dgram)
{
	.is_unix = true, .is_pair = true, .type = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(way, unix_seqpacket)
{
	.is_unix = true, .is_pair = true, .type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(way, unix_stream)
{
	.is_unix = true, .is_pair = true, .type = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(way, rdm)
{
	.type = SOCK_RDM,
};

FIXTURE_VARIANT_ADD(way, dgram)
{
	.type = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(way, seqpacket)
{
	.is_pair = true, .type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(way, stream)
{
	.is_pair = true, .type = SOCK_STREAM,
};

/* 0 or a negative errno */
static inline int way_open(FIXTURE_DATA(way) *self,
			   const FIXTURE_VARIANT(way) *variant)
{
	int family = variant->is_unix ? AF_UNIX : dt_family(), sv[2];
	struct sockaddr_dipc addr = dt_any();

	if (variant->is_pair) {
		if (socketpair(family, variant->type, 0, sv))
			return -errno;
		self->tx = sv[0];
		self->rx = sv[1];
		return 0;
	}
	self->rx = dt_socket_bound(variant->type, &addr);
	if (self->rx < 0)
		return self->rx;
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(variant->type, &addr);
	return self->tx < 0 ? self->tx : 0;
}

FIXTURE_TEARDOWN(way)
{
	close(self->tx);
	close(self->rx);
}

#endif /* DIPC_TEST_WAY_H */
