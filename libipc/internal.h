/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libipc share among themselves and with nobody else.
 *
 * The order is addr, socket, timeout, op, call, reply, serve, server; message,
 * notify, link; netlink, admin, mailbox; and comm, request, primitives. A file
 * uses those before it only.
 */
#ifndef LIBIPC_INTERNAL_H
#define LIBIPC_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ipc/libipc.h>

/* addr.c */
bool ipc_name_is_valid(const char *name);

/* timeout.c */

/* A time limit of a socket as it was set last, in milliseconds. */
struct timeout {
	atomic_int ms;		/* -1 for ever, as a new socket has it */
};

int timeout_set(int fd, struct timeout *t, int option, int timeout_ms);
int timeout_error(int fd, int err, int timeout_ms);

/* op.c */

int op_out(struct dipc_op *op, const struct iovec *iov, int iovcnt);
int op_in(struct dipc_op *op, const struct iovec *iov, int iovcnt);
int op_flags(struct dipc_op *op, int flags);
int op_recv_flags(struct dipc_op *op, int flags);
ssize_t op_run(int fd, struct dipc_op *op);

/* serve.c */

/* When a loop of a worker ends; its socket's receives have a time limit. */
struct serve_limits {
	const atomic_bool *stopped;
	int look_ms;		/* that time limit */
	int idle_ms;		/* without a request; negative: for ever */
};

bool serve_conf_is_valid(const struct ipc_serve_conf *conf);
int serve_run(int fd, const struct ipc_serve_conf *conf,
	      const struct serve_limits *limits);

/* message.c */

int completion_take(int fd, struct dipc_completion *done, int flags);

/* netlink.c */

/* Room for one request, and for the head of one reply. */
#define NL_BUF_BYTES	8192

struct nl_request {
	struct mnl_socket *sock;
	struct nlmsghdr *nlh;
	char buf[NL_BUF_BYTES];
};

int nl_request_init(struct nl_request *req, uint8_t cmd, uint16_t flags);
int nl_request_run(struct nl_request *req, mnl_attr_cb_t cb, void *data);
void nl_request_fini(struct nl_request *req);

/* comm.c */

struct ipc_request {
	struct ipc_request *next;	/* of the communicator, as begun */
	struct ipc_comm *comm;
	bool receives;
	bool done;			/* and then status says how */
	uint64_t cookie;		/* of a send */
	void *buf;			/* of a receive, as are those below */
	size_t len;
	struct dipc_match match;
	struct ipc_status status;
};

/* What the message of an asynchronous send is called if nobody waits for it. */
#define COOKIE_NOBODY	0

struct ipc_comm {
	int fd;
	struct timeout send_limit, recv_limit;
	struct dipc_match match;	/* what is set in the kernel */
	struct ipc_request *first, **end;
	unsigned int n_receives;	/* that are not done */
	unsigned int n_sends;		/* whose completions are to come */
	uint64_t next_cookie;
	uint64_t next_tag;
	int lost;			/* error of the first bsend that failed */
};

struct ipc_request *comm_request_new(struct ipc_comm *comm, bool receives);
void comm_request_free(struct ipc_request *req);
void comm_request_done(struct ipc_request *req, int error);
struct dipc_match comm_match(const struct dipc_match *match);
ssize_t comm_take(struct ipc_comm *comm, void *buf, size_t len, int flags,
		  const struct dipc_match *match, struct ipc_status *status);
bool comm_progress(struct ipc_comm *comm);
int comm_run(struct ipc_comm *comm, bool (*until)(void *arg), void *arg,
	     int timeout_ms);

#endif /* LIBIPC_INTERNAL_H */
