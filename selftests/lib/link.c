// SPDX-License-Identifier: GPL-2.0
/* See link.h. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "dipc_test.h"
#include "link.h"

int link_conf(struct link *l, int type, const struct dipc_queue_conf *conf_a,
	      const struct dipc_queue_conf *conf_b)
{
	struct sockaddr_dipc any = dt_any(), port;
	int listener = dt_socket_bound(type, &any), err;

	if (listener < 0)
		return listener;
	l->a = dt_socket(type);
	err = l->a < 0 ? l->a : 0;
	if (!err && conf_a)
		err = dt_set_conf(l->a, conf_a);
	if (!err && conf_b)
		err = dt_set_conf(listener, conf_b);
	if (!err)
		err = DT_ERR(listen(listener, 1));
	port = dt_port_of(listener);
	if (!err)
		err = dt_connect(l->a, &port);
	if (!err)
		l->b = DT_ERR(accept(listener, NULL, NULL));
	close(listener);
	return err ? err : l->b < 0 ? l->b : 0;
}

int link_new(struct link *l, int type)
{
	return link_conf(l, type, NULL, NULL);
}

void link_close(struct link *l)
{
	close(l->a);
	close(l->b);
}

int link_rounds(int n)
{
	return getenv("DIPC_SLOW") ? n / 10 : n;
}

long link_fill(int fd, size_t piece)
{
	char buf[ATOM] = "";
	long n, sum = 0;

	while ((n = DT_ERR(send(fd, buf, piece, MSG_DONTWAIT))) > 0)
		sum += n;
	return n == -EAGAIN ? sum : n;
}
