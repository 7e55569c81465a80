// SPDX-License-Identifier: GPL-2.0
/* See calls_place.h. */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "calls_place.h"
#include "names.h"

int calls_place_type(const struct calls_peer_memory *m)
{
	switch (m->place) {
	case AT_LINK:
		return SOCK_SEQPACKET;
	case AT_DGRAM:
		return SOCK_DGRAM;
	default:
		return SOCK_RDM;
	}
}

int calls_place_make(struct calls_peer_memory *m, enum calls_place place)
{
	static uint32_t number;
	char name[DIPC_NAME_MAX + 1];

	m->place = place;
	m->fd = m->listener = -1;
	dt_unique(name, "calls");
	m->addr = dt_name(name);
	if (place == AT_PORT)
		m->addr = dt_port(1 + getpid() * 64ULL + number++ % 64);
	if (place != AT_MAILBOX)
		return 0;
	m->addr = dt_mailbox(name);
	return dt_mailbox_new(name, DT_MAILBOX(.mode = 0666));
}

void calls_place_end(struct calls_peer_memory *m)
{
	calls_place_close(m, 0);
	if (m->place == AT_MAILBOX)
		dt_mailbox_del(m->addr.sdipc_name);
}

static int open_server(const struct calls_peer_memory *m)
{
	int fd = dt_socket(calls_place_type(m));
	int err;

	if (fd < 0)
		return fd;
	err = calls_take_calls(fd);
	if (!err && m->place == AT_SHARED)
		err = share_names(fd);
	if (!err)
		err = dt_bind(fd, &m->addr);
	if (!err && m->place == AT_LINK)
		err = DT_ERR(listen(fd, 10));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

long calls_place_open(struct calls_peer_memory *m, long unused)
{
	int fd = open_server(m);

	if (m->place == AT_LINK)
		m->listener = fd;
	else
		m->fd = fd;
	return fd < 0 ? fd : 0;
}

long calls_place_accept(struct calls_peer_memory *m, long unused)
{
	if (m->place != AT_LINK)
		return 0;
	m->fd = DT_ERR(accept4(m->listener, NULL, NULL, SOCK_CLOEXEC));
	return m->fd < 0 ? m->fd : 0;
}

long calls_place_close(struct calls_peer_memory *m, long unused)
{
	if (m->fd >= 0)
		close(m->fd);
	if (m->listener >= 0)
		close(m->listener);
	m->fd = m->listener = -1;
	return 0;
}

int calls_place_client(const struct calls_peer_memory *m)
{
	if (m->place == AT_CONNECTED || m->place == AT_LINK)
		return dt_socket_connected(calls_place_type(m), &m->addr);
	return dt_socket(calls_place_type(m));
}

const struct sockaddr_dipc *calls_place_dest(const struct calls_peer_memory *m)
{
	return m->place == AT_CONNECTED || m->place == AT_LINK ? NULL :
								 &m->addr;
}

long calls_peer_take(struct calls_peer_memory *m, long form)
{
	m->got = calls_recv(form, m->fd, 0);
	return m->got.ret;
}

long calls_peer_reply(struct calls_peer_memory *m, long form)
{
	return calls_reply(form, m->fd, m->got.r.handle, "reply");
}

long calls_peer_drop(struct calls_peer_memory *m, long form)
{
	return calls_drop(form, m->fd, m->got.r.handle);
}
