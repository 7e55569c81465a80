// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The loop that serves one request after the other: each reply and the next
 * receive are one system call. Who runs it, and on which sockets, is said by
 * others: server.c, or the program.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define LEN_DEFAULT	65536

/* One loop: its memory, and the operation that is done again and again. */
struct loop {
	int fd;
	const struct ipc_serve_conf *conf;
	size_t in_max, out_max;
	void *in, *out;
	struct dipc_request req;
	struct dipc_op op;
};

/**
 * serve_conf_is_valid - what is refused before anything is made
 * @conf: the configuration
 *
 * Return: whether a loop can be made of it.
 */
bool serve_conf_is_valid(const struct ipc_serve_conf *conf)
{
	static const uint64_t zero[sizeof(conf->reserved) / sizeof(uint64_t)];

	return conf->handler && !(conf->flags & ~(uint64_t)IPC_SERVE_CONSUME) &&
	       conf->in_max <= DIPC_MSG_LEN_MAX &&
	       conf->out_max <= DIPC_MSG_LEN_MAX &&
	       !memcmp(conf->reserved, zero, sizeof(zero));
}

/* From now on op replies to the request, if it has a handle, and receives. */
static void reply_next(struct loop *l, uint64_t handle, uint64_t offset,
		       size_t len)
{
	l->op.handle = handle;
	l->op.offset = handle ? offset : 0;
	l->op.out = handle && len ? (uintptr_t)l->out : 0;
	l->op.out_len = handle ? len : 0;
}

/*
 * Reply to what there is to reply to, and receive. A client that waits no more
 * or takes no such reply is no reason to stop: its request is ended, so that
 * it waits for nothing.
 */
static ssize_t next(struct loop *l)
{
	ssize_t n;

	/* Nothing is said of the end of a link. */
	l->req.id = 0;
	while ((n = op_run(l->fd, &l->op)) < 0 && l->op.handle) {
		ipc_drop(l->fd, l->op.handle);
		reply_next(l, 0, 0, 0);
	}
	reply_next(l, 0, 0, 0);
	return n;
}

/* Have the handler do it; gives whether the loop goes on. */
static bool handle(struct loop *l, size_t len)
{
	struct ipc_served s = {
		.fd = l->fd,
		.request = &l->req,
		.in = l->in,
		.in_len = len,
		.out = l->out,
		.out_max = l->out_max,
		.arg = l->conf->arg,
	};
	ssize_t n;

	if ((l->req.flags & DIPC_REQUEST_NEED_WORKER) && l->conf->need_worker)
		l->conf->need_worker(l->conf->arg);
	n = l->conf->handler(&s);
	/* What it did not make is not to be sent. */
	if (n > (ssize_t)l->out_max)
		n = -EMSGSIZE;
	if (l->req.handle && n >= 0)
		reply_next(l, l->req.handle, s.offset, n);
	else if (l->req.handle && n != IPC_NO_REPLY)
		ipc_drop(l->fd, l->req.handle);
	return !(s.flags & IPC_SERVED_STOP);
}

/* The reply that is still to be sent when nothing more is to be received. */
static void reply_last(struct loop *l)
{
	if (!l->op.handle)
		return;
	l->op.op = DIPC_OP_REPLY;
	l->op.flags = 0;
	l->op.in = 0;
	l->op.in_len = 0;
	l->op.info = 0;
	if (op_run(l->fd, &l->op) < 0)
		ipc_drop(l->fd, l->op.handle);
}

/* Whether to receive again after a receive that has failed. */
static bool goes_on(const struct serve_limits *limits, int err, int *waited_ms)
{
	if (!limits || (err != -EAGAIN && err != -EINTR))
		return false;
	if (limits->idle_ms < 0 || err == -EINTR)
		return true;
	*waited_ms += limits->look_ms;
	return *waited_ms < limits->idle_ms;
}

static int run(struct loop *l, const struct serve_limits *limits)
{
	int waited_ms = 0;
	ssize_t n;

	for (;;) {
		if (limits && atomic_load(limits->stopped))
			return 0;
		n = next(l);
		if (n < 0 && goes_on(limits, n, &waited_ms))
			continue;
		/* every message has a number, the end of a link has none */
		if (n < 0 || !l->req.id)
			return n;
		waited_ms = 0;
		if (!handle(l, n))
			return 0;
	}
}

/**
 * serve_run - the loop
 * @fd: the socket
 * @conf: the configuration, valid
 * @limits: what else ends it; NULL: nothing
 *
 * Return: 0 if it was stopped or the link has ended, or the negated errno of
 * the receive that has failed.
 */
int serve_run(int fd, const struct ipc_serve_conf *conf,
	      const struct serve_limits *limits)
{
	struct loop l = {
		.fd = fd,
		.conf = conf,
		.in_max = conf->in_max ? conf->in_max : LEN_DEFAULT,
		.out_max = conf->out_max ? conf->out_max : LEN_DEFAULT,
	};
	int ret = -ENOMEM;

	l.in = malloc(l.in_max);
	l.out = malloc(l.out_max);
	if (l.in && l.out) {
		l.op = (struct dipc_op) {
			.op = DIPC_OP_REPLY_RECV,
			.flags = conf->flags & IPC_SERVE_CONSUME ?
				 DIPC_OP_CONSUME : 0,
			.in = (uintptr_t)l.in,
			.in_len = l.in_max,
			.info = (uintptr_t)&l.req,
		};
		ret = run(&l, limits);
		reply_last(&l);
	}
	free(l.in);
	free(l.out);
	return ret;
}

int ipc_serve(int fd, const struct ipc_serve_conf *conf)
{
	if (!serve_conf_is_valid(conf))
		return -EINVAL;
	return serve_run(fd, conf, NULL);
}
