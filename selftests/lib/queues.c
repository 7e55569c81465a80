// SPDX-License-Identifier: GPL-2.0
/* Queues of ports and of mailboxes; see queues.h. */
#define _GNU_SOURCE
#include "queues.h"

const char letters[27] = "abcdefghijklmnopqrstuvwxyz";

int port_open(uint32_t msgs, uint64_t bytes, uint32_t longest, int policy)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = msgs, .capacity_bytes = bytes,
		.msg_max_bytes = longest, .policy = policy,
	};
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket(SOCK_RDM), err;

	if (fd < 0)
		return fd;
	err = dt_set_conf(fd, &conf);
	if (!err)
		err = dt_bind(fd, &any);
	if (err)
		close(fd);
	return err ? err : fd;
}

int sender_open(int port)
{
	struct sockaddr_dipc addr = dt_port_of(port);

	return dt_socket_connected(SOCK_RDM, &addr);
}

uint32_t senders(int port)
{
	return dt_port_senders(dt_port_id(port));
}

uint32_t queued(int port)
{
	return dt_port_queued(dt_port_id(port));
}

int box_receiver(const char *name)
{
	struct sockaddr_dipc addr = dt_mailbox(name);

	return dt_socket_bound(SOCK_RDM, &addr);
}

int box_sender(const char *name)
{
	struct sockaddr_dipc addr = dt_mailbox(name);

	return dt_socket_connected(SOCK_RDM, &addr);
}

long box_put(const char *name, char letter)
{
	struct sockaddr_dipc addr = dt_mailbox(name);
	int fd = dt_socket(SOCK_RDM);
	long ret;

	if (fd < 0)
		return fd;
	ret = dt_send(fd, &letter, 1, MSG_DONTWAIT, &addr);
	close(fd);
	return ret;
}

int box_exists(const char *name)
{
	struct dt_queue q;
	int err = dt_mailbox_get(name, &q);

	return err == -ENOENT ? 0 : err ? err : 1;
}
