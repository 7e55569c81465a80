/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of libipc's servers share: a handler that does what its
 * request says, and a call in one line. To be included once by each suite.
 */
#ifndef LIBSERVE_TEST_H
#define LIBSERVE_TEST_H

#include <ctype.h>
#include <stdatomic.h>

#include "libcalls.h"

/* What the handler is told to do, and what it has seen. */
struct state {
	atomic_int requests, messages, needs, inside;
	_Atomic uint64_t kept;
	atomic_bool gate;	/* "wait" ends when it is open */
};

static inline ssize_t handle_kept(struct ipc_served *s)
{
	struct state *st = s->arg;

	atomic_store(&st->kept, s->request->handle);
	return IPC_NO_REPLY;
}

static inline ssize_t handle_wait(struct ipc_served *s)
{
	struct state *st = s->arg;

	atomic_fetch_add(&st->inside, 1);
	while (!atomic_load(&st->gate))
		usleep(500);
	atomic_fetch_sub(&st->inside, 1);
	return 0;
}

static inline bool is(const struct ipc_served *s, const char *text)
{
	return s->in_len == strlen(text) && !memcmp(s->in, text, s->in_len);
}

/* The request in capitals, but for those that say something else. */
static inline ssize_t handle(struct ipc_served *s)
{
	struct state *st = s->arg;
	const char *in = s->in;
	size_t i;

	if (!s->request->handle) {
		atomic_fetch_add(&st->messages, 1);
		return 5;
	}
	atomic_fetch_add(&st->requests, 1);
	if (is(s, "keep"))
		return handle_kept(s);
	if (is(s, "wait"))
		return handle_wait(s);
	if (is(s, "drop"))
		return -ENOENT;
	if (is(s, "long"))
		return s->request->reply_max + 1;
	if (is(s, "more"))
		return s->out_max + 1;
	if (is(s, "part")) {
		ipc_reply_part(s->fd, s->request->handle, 0, "<>", 2);
		s->offset = 2;
	}
	if (is(s, "stop"))
		s->flags |= IPC_SERVED_STOP;
	for (i = 0; i < s->in_len; i++)
		((char *)s->out)[i] = toupper(in[i]);
	return s->in_len;
}

static inline void need_worker(void *arg)
{
	struct state *st = arg;

	atomic_fetch_add(&st->needs, 1);
}

#define CONF(st) ((struct ipc_serve_conf) {				\
	.handler = handle, .need_worker = need_worker, .arg = (st) })

/* The length of the reply to a text, which is ended by NUL; or -errno. */
static inline ssize_t call(int fd, const struct sockaddr_dipc *to,
			   const char *text, char *reply)
{
	ssize_t n;

	n = ipc_call(fd, to, text, strlen(text), reply, TEXT_MAX, DT_LONG_MS);
	if (n >= 0)
		reply[n] = '\0';
	return n;
}

#define CALL(text)	call(self->client, &self->to, text, reply)

#endif /* LIBSERVE_TEST_H */
