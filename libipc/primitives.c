// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The message-passing primitives of MPI on communicators.
 *
 * A send that waits is one system call, as long as no receive has been begun
 * beside it. If one has, it must go on meanwhile, or two who send to one
 * another would wait for each other; so then the send is begun and waited for
 * like any other request.
 */
#include <errno.h>

#include "internal.h"

#define NS_PER_MS	1000000ULL

/* Hand a message over to the kernel; its completion comes under the cookie. */
static int send_begin(struct ipc_comm *comm, const void *buf, size_t len,
		      struct ipc_send_attr *attr)
{
	struct iovec iov = { (void *)buf, len };
	ssize_t n;

	attr->fields |= IPC_SEND_ASYNC;
	n = ipc_sendmsg(comm->fd, &iov, 1, 0, attr);
	if (n == -EAGAIN && comm_progress(comm))
		n = ipc_sendmsg(comm->fd, &iov, 1, 0, attr);
	if (n < 0)
		return n;
	comm->n_sends++;
	return 0;
}

static int request_begin(struct ipc_comm *comm, const void *buf, size_t len,
			 struct ipc_send_attr *attr, struct ipc_request **req)
{
	struct ipc_request *new;
	int err;

	new = comm_request_new(comm, false);
	if (!new)
		return -ENOMEM;
	new->status.len = len;
	new->status.tag = attr->tag;
	attr->cookie = new->cookie;
	err = send_begin(comm, buf, len, attr);
	if (err) {
		comm_request_free(new);
		return err;
	}
	*req = new;
	return 0;
}

/* After the deadline the kernel completes it, so nobody needs a clock. */
static void deadline_set(struct ipc_send_attr *attr, int timeout_ms)
{
	if (timeout_ms > 0) {
		attr->fields |= IPC_SEND_DEADLINE;
		attr->deadline_ns = timeout_ms * NS_PER_MS;
	}
}

static int send_beside_receives(struct ipc_comm *comm, const void *buf,
				size_t len, struct ipc_send_attr *attr,
				int timeout_ms)
{
	struct ipc_request *req;
	struct ipc_status st;
	int err;

	deadline_set(attr, timeout_ms);
	err = request_begin(comm, buf, len, attr, &req);
	if (err)
		return err;
	err = ipc_wait(&req, -1, &st);
	if (err) {
		comm_request_free(req);
		return err;
	}
	return st.error;
}

static int send_and_wait(struct ipc_comm *comm, const void *buf, size_t len,
			 struct ipc_send_attr *attr, int timeout_ms)
{
	struct iovec iov = { (void *)buf, len };
	ssize_t n;
	int err;

	if (timeout_ms && comm->n_receives)
		return send_beside_receives(comm, buf, len, attr, timeout_ms);
	if (timeout_ms) {
		err = timeout_set(comm->fd, &comm->send_limit, SO_SNDTIMEO,
				  timeout_ms);
		if (err)
			return err;
	}
	n = ipc_sendmsg(comm->fd, &iov, 1, timeout_ms ? 0 : MSG_DONTWAIT, attr);
	return n < 0 ? timeout_error(comm->fd, n, timeout_ms) : 0;
}

int ipc_bsend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_TAG,
		.to = to,
		.tag = tag,
		.cookie = COOKIE_NOBODY,
	};

	return send_begin(comm, buf, len, &attr);
}

int ipc_comm_send(struct ipc_comm *comm, const void *buf, size_t len,
		  const struct sockaddr_dipc *to, uint64_t tag, int timeout_ms)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_TAG,
		.to = to,
		.tag = tag,
	};

	return send_and_wait(comm, buf, len, &attr, timeout_ms);
}

int ipc_ssend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag, int timeout_ms)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_TAG | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.to = to,
		.tag = tag,
	};

	return send_and_wait(comm, buf, len, &attr, timeout_ms);
}

int ipc_isend(struct ipc_comm *comm, const void *buf, size_t len,
	      const struct sockaddr_dipc *to, uint64_t tag,
	      struct ipc_request **req)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_TAG,
		.to = to,
		.tag = tag,
	};

	return request_begin(comm, buf, len, &attr, req);
}

int ipc_issend(struct ipc_comm *comm, const void *buf, size_t len,
	       const struct sockaddr_dipc *to, uint64_t tag,
	       struct ipc_request **req)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_TAG | IPC_SEND_MODE,
		.mode = DIPC_MODE_EXPLICIT,
		.to = to,
		.tag = tag,
	};

	return request_begin(comm, buf, len, &attr, req);
}

int ipc_irecv(struct ipc_comm *comm, void *buf, size_t len,
	      const struct dipc_match *match, struct ipc_request **req)
{
	struct ipc_request *new;

	new = comm_request_new(comm, true);
	if (!new)
		return -ENOMEM;
	new->buf = buf;
	new->len = len;
	new->match = comm_match(match);
	*req = new;
	return 0;
}

ssize_t ipc_comm_recv(struct ipc_comm *comm, void *buf, size_t len,
		      const struct dipc_match *match, int timeout_ms,
		      struct ipc_status *status)
{
	struct ipc_request *req;
	struct ipc_status st;
	int err;

	err = ipc_irecv(comm, buf, len, match, &req);
	if (err)
		return err;
	err = ipc_wait(&req, timeout_ms, &st);
	if (err) {
		comm_request_free(req);
		return err;
	}
	if (st.error)
		return st.error;
	if (status)
		*status = st;
	return st.len;
}

struct exchange {
	struct ipc_request *send, *recv;
};

/* Both have succeeded, or the message that is sent for has failed. */
static bool is_exchanged(void *arg)
{
	const struct exchange *x = arg;

	if (x->send->done && x->send->status.error)
		return true;
	return x->recv->done && (x->send->done || x->recv->status.error);
}

ssize_t ipc_sendrecv(struct ipc_comm *comm, const void *out, size_t out_len,
		     const struct sockaddr_dipc *to, uint64_t tag, void *in,
		     size_t in_len, const struct dipc_match *match,
		     int timeout_ms, struct ipc_status *status)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_TAG, .to = to };
	struct dipc_match answer = { .tag_mask = ~0ULL };
	struct exchange x;
	ssize_t ret;

	if (!timeout_ms || (!match && tag))
		return -EINVAL;
	if (!match) {
		tag = ++comm->next_tag & ~IPC_TAG_ANSWER;
		answer.tag = tag | IPC_TAG_ANSWER;
		match = &answer;
	}
	attr.tag = tag;
	deadline_set(&attr, timeout_ms);

	/* The receive first: the answer may be there at once. */
	ret = ipc_irecv(comm, in, in_len, match, &x.recv);
	if (ret)
		return ret;
	ret = request_begin(comm, out, out_len, &attr, &x.send);
	if (ret)
		goto free_recv;
	ret = comm_run(comm, is_exchanged, &x, timeout_ms);
	if (!ret)
		ret = x.send->status.error;
	if (!ret)
		ret = x.recv->status.error;
	if (!ret) {
		ret = x.recv->status.len;
		if (status)
			*status = x.recv->status;
	}
	comm_request_free(x.send);
free_recv:
	comm_request_free(x.recv);
	return ret;
}
