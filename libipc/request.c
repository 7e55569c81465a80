// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests: waiting for them, testing and cancelling them.
 */
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#include "internal.h"

/* Several requests of one communicator, some of them NULL. */
struct set {
	struct ipc_request **reqs;
	int count;
};

static bool is_any_done(void *arg)
{
	const struct set *set = arg;
	int i;

	for (i = 0; i < set->count; i++) {
		if (set->reqs[i] && set->reqs[i]->done)
			return true;
	}
	return false;
}

static bool are_all_done(void *arg)
{
	const struct set *set = arg;
	int i;

	for (i = 0; i < set->count; i++) {
		if (set->reqs[i] && !set->reqs[i]->done)
			return false;
	}
	return true;
}

/* The communicator of all; NULL if there is none. */
static int set_comm(const struct set *set, struct ipc_comm **comm)
{
	int i;

	*comm = NULL;
	for (i = 0; i < set->count; i++) {
		if (!set->reqs[i])
			continue;
		if (*comm && *comm != set->reqs[i]->comm)
			return -EINVAL;
		*comm = set->reqs[i]->comm;
	}
	return 0;
}

static void finish(struct ipc_request **req, struct ipc_status *status)
{
	if (status)
		*status = (*req)->status;
	comm_request_free(*req);
	*req = NULL;
}

/*
 * A receive that is the only one waits in the queue's line of receivers, as
 * any receive does.
 */
static int wait_in_line(struct ipc_request *req, int timeout_ms)
{
	struct ipc_comm *comm = req->comm;
	ssize_t n;
	int err;

	err = timeout_set(comm->fd, &comm->recv_limit, SO_RCVTIMEO, timeout_ms);
	if (err)
		return err;
	n = comm_take(comm, req->buf, req->len, 0, &req->match, &req->status);
	if (n == -EINTR || n == -EAGAIN)
		return timeout_error(comm->fd, n, timeout_ms);
	comm_request_done(req, n < 0 ? n : 0);
	return 0;
}

int ipc_wait(struct ipc_request **req, int timeout_ms,
	     struct ipc_status *status)
{
	struct set set = { req, 1 };
	int err = 0;

	if (!*req) {
		if (status)
			*status = (struct ipc_status) { 0 };
		return 0;
	}
	if (timeout_ms && !(*req)->done && (*req)->receives &&
	    (*req)->comm->n_receives == 1)
		err = wait_in_line(*req, timeout_ms);
	else if (!(*req)->done)
		err = comm_run((*req)->comm, are_all_done, &set, timeout_ms);
	if (!err)
		finish(req, status);
	return err;
}

int ipc_test(struct ipc_request **req, struct ipc_status *status)
{
	return ipc_wait(req, 0, status) == 0;
}

int ipc_waitany(struct ipc_request **reqs, int count, int timeout_ms,
		struct ipc_status *status)
{
	struct set set = { reqs, count };
	struct ipc_comm *comm;
	int i, err;

	err = set_comm(&set, &comm);
	if (err || !comm)
		return -EINVAL;
	err = comm_run(comm, is_any_done, &set, timeout_ms);
	if (err)
		return err;
	for (i = 0; !reqs[i] || !reqs[i]->done; i++)
		;
	finish(&reqs[i], status);
	return i;
}

int ipc_waitall(struct ipc_request **reqs, int count, int timeout_ms,
		struct ipc_status *status)
{
	struct set set = { reqs, count };
	struct ipc_comm *comm;
	int i, err;

	err = set_comm(&set, &comm);
	if (err || !comm)
		return err;
	err = comm_run(comm, are_all_done, &set, timeout_ms);
	for (i = 0; i < count; i++) {
		if (reqs[i] && reqs[i]->done)
			finish(&reqs[i], status ? &status[i] : NULL);
	}
	return err;
}

int ipc_cancel(struct ipc_request *req)
{
	if (!req->receives)
		return -EOPNOTSUPP;
	if (req->done)
		return -EALREADY;
	comm_request_done(req, -ECANCELED);
	return 0;
}
