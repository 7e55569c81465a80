// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Communicators: a socket, the requests that are under way on it, and how they
 * are carried on. What begins requests is in primitives.c, what ends them in
 * request.c.
 *
 * Sends that were begun are asynchronous sends of the kernel: it has the
 * message, and says on the socket's error queue what became of it. Receives
 * that were begun are kept here only; their messages stay in the kernel's
 * queue, with its limits, until a call looks for them.
 *
 * To take, for each receive in the order in which they were begun, the first
 * message that it matches, is to give each message in its order to the first
 * receive that it matches; but for a message that comes in the middle of that.
 * So where two receives match the same message, the later one looks at it
 * (MSG_PEEK) first, and lets the earlier one choose again if it would have it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define RECV_INFO	(IPC_RECV_SOURCE | IPC_RECV_TAG | IPC_RECV_PRIORITY | \
			 IPC_RECV_ID)

/* How long to look away if poll() sees what no receive matches. */
#define PAUSE_MIN_MS	1
#define PAUSE_MAX_MS	16

int ipc_comm_open(const struct sockaddr_dipc *addr, struct ipc_comm **comm)
{
	struct ipc_comm *new;
	int err;

	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->end = &new->first;
	new->send_limit.ms = -1;
	new->recv_limit.ms = -1;
	/* So that a late answer to an earlier program with this port is none. */
	if (getrandom(&new->next_tag, sizeof(new->next_tag), 0) < 0) {
		err = -errno;
		goto free;
	}
	err = new->fd = ipc_open(SOCK_RDM, 0);
	if (err < 0)
		goto free;
	err = ipc_set_recv_info(new->fd, RECV_INFO);
	if (!err)
		err = ipc_bind(new->fd, addr);
	if (err)
		goto close;
	*comm = new;
	return 0;

close:
	close(new->fd);
free:
	free(new);
	return err;
}

int ipc_comm_close(struct ipc_comm *comm)
{
	if (comm) {
		close(comm->fd);
		while (comm->first)
			comm_request_free(comm->first);
		free(comm);
	}
	return 0;
}

int ipc_comm_fd(const struct ipc_comm *comm)
{
	return comm->fd;
}

/**
 * comm_request_new - a request at the end of the line
 * @comm: the communicator
 * @receives: whether it is a receive
 *
 * Return: the request, of which the caller fills in what is its kind's; NULL
 * if there is no memory.
 */
struct ipc_request *comm_request_new(struct ipc_comm *comm, bool receives)
{
	struct ipc_request *req;

	req = calloc(1, sizeof(*req));
	if (!req)
		return NULL;
	req->comm = comm;
	req->receives = receives;
	req->cookie = ++comm->next_cookie;
	if (receives)
		comm->n_receives++;
	*comm->end = req;
	comm->end = &req->next;
	return req;
}

/**
 * comm_request_free - take a request out of the line
 * @req: the request, consumed. A send that is not complete goes on, and what
 *	becomes of it is of no interest
 */
void comm_request_free(struct ipc_request *req)
{
	struct ipc_comm *comm = req->comm;
	struct ipc_request **p = &comm->first;

	while (*p != req)
		p = &(*p)->next;
	*p = req->next;
	if (comm->end == &req->next)
		comm->end = p;
	if (req->receives && !req->done)
		comm->n_receives--;
	free(req);
}

/**
 * comm_request_done - a request is complete
 * @req: the request
 * @error: 0 or the negated errno with which it failed
 */
void comm_request_done(struct ipc_request *req, int error)
{
	req->done = true;
	req->status.error = error;
	if (req->receives)
		req->comm->n_receives--;
}

/*
 * Sends
 */

static void completion_apply(struct ipc_comm *comm,
			     const struct dipc_completion *c)
{
	struct ipc_request *req;

	comm->n_sends--;
	if (c->cookie == COOKIE_NOBODY) {
		if (!comm->lost)
			comm->lost = -(int)c->error;
		return;
	}
	for (req = comm->first; req; req = req->next) {
		if (req->receives || req->done || req->cookie != c->cookie)
			continue;
		req->status.id = c->id;
		req->status.reason = c->reason;
		req->status.source = c->dest;
		comm_request_done(req, -(int)c->error);
		return;
	}
}

static bool sends_progress(struct ipc_comm *comm)
{
	struct dipc_completion c;
	bool moved = false;

	while (comm->n_sends && !completion_take(comm->fd, &c, 0)) {
		completion_apply(comm, &c);
		moved = true;
	}
	return moved;
}

/*
 * Receives
 */

/**
 * comm_match - the match of a receive as the kernel gets it
 * @match: the caller's; NULL for any message
 *
 * Return: the same, with what does not count 0, and without answers unless it
 * says something about them.
 */
struct dipc_match comm_match(const struct dipc_match *match)
{
	struct dipc_match m = { 0 };

	if (match)
		m = *match;
	m.tag_mask |= IPC_TAG_ANSWER;
	m.tag &= match ? match->tag_mask : 0;
	return m;
}

static int match_set(struct ipc_comm *comm, const struct dipc_match *match)
{
	int err;

	if (!memcmp(&comm->match, match, sizeof(*match)))
		return 0;
	err = ipc_set_match(comm->fd, match);
	if (!err)
		comm->match = *match;
	return err;
}

/**
 * comm_take - take a message, or look at it
 * @comm: the communicator
 * @buf: gets the message
 * @len: bytes at @buf
 * @flags: as for recv(2)
 * @match: which message, as comm_match() gives it
 * @status: gets what came with it
 *
 * Return: the length of the message or a negated errno.
 */
ssize_t comm_take(struct ipc_comm *comm, void *buf, size_t len, int flags,
		  const struct dipc_match *match, struct ipc_status *status)
{
	struct ipc_recv_attr attr = { .fields = RECV_INFO };
	struct iovec iov = { buf, len };
	ssize_t n;
	int err;

	err = match_set(comm, match);
	if (err)
		return err;
	n = ipc_recvmsg(comm->fd, &iov, 1, flags, &attr);
	if (n < 0)
		return n;
	*status = (struct ipc_status) {
		.flags = attr.flags & MSG_TRUNC,
		.len = n,
		.tag = attr.tag,
		.id = attr.id,
		.priority = attr.priority,
		.source = attr.source,
	};
	return n;
}

static bool may_match_the_same(const struct dipc_match *a,
			       const struct dipc_match *b)
{
	if ((a->tag ^ b->tag) & a->tag_mask & b->tag_mask)
		return false;
	return !a->port || !b->port ||
	       (a->port == b->port && a->node == b->node);
}

static bool does_match(const struct dipc_match *match,
		       const struct ipc_status *st)
{
	if ((st->tag ^ match->tag) & match->tag_mask)
		return false;
	return !match->port || (match->port == st->source.sdipc_port &&
				match->node == st->source.sdipc_node);
}

/* The next receive that waits for a message, from req on. */
static struct ipc_request *waits_from(struct ipc_request *req)
{
	while (req && (!req->receives || req->done))
		req = req->next;
	return req;
}

#define for_each_waiting(req, comm)					\
	for (req = waits_from((comm)->first); req; req = waits_from(req->next))

static bool has_rival(const struct ipc_request *req)
{
	struct ipc_request *r;

	for_each_waiting(r, req->comm) {
		if (r == req)
			return false;
		if (may_match_the_same(&r->match, &req->match))
			return true;
	}
	return false;
}

/* Try to take a message for a receive; it may fail for good. */
static bool take_for(struct ipc_request *req, const struct dipc_match *match)
{
	ssize_t n;

	n = comm_take(req->comm, req->buf, req->len, MSG_DONTWAIT, match,
		      &req->status);
	if (n == -EAGAIN)
		return false;
	comm_request_done(req, n < 0 ? n : 0);
	return true;
}

static struct ipc_request *first_to_match(const struct ipc_comm *comm,
					  const struct ipc_status *st)
{
	struct ipc_request *req;

	for_each_waiting(req, comm) {
		if (does_match(&req->match, st))
			break;
	}
	return req;
}

/*
 * Take a message for req, unless there is one by now for a receive before it,
 * which then has its choice.
 */
static bool take_in_order(struct ipc_request *req)
{
	struct dipc_match exact = { .tag_mask = ~0ULL };
	struct ipc_request *first;
	struct ipc_status st;
	ssize_t n;

	while (has_rival(req)) {
		n = comm_take(req->comm, NULL, 0, MSG_PEEK | MSG_DONTWAIT,
			      &req->match, &st);
		if (n == -EAGAIN)
			return false;
		if (n < 0)
			break;
		first = first_to_match(req->comm, &st);
		if (!first || first == req) {
			exact.tag = st.tag;
			exact.port = st.source.sdipc_port;
			exact.node = st.source.sdipc_node;
			return take_for(req, &exact);
		}
		req = first;
	}
	return take_for(req, &req->match);
}

/* What all receives that wait would match, and more. */
static struct dipc_match cover(const struct ipc_comm *comm)
{
	struct ipc_request *req = waits_from(comm->first);
	struct dipc_match m = comm->match;

	if (req)
		m = req->match;
	for_each_waiting(req, comm) {
		m.tag_mask &= req->match.tag_mask & ~(m.tag ^ req->match.tag);
		m.tag &= m.tag_mask;
		if (m.port != req->match.port || m.node != req->match.node)
			m.port = m.node = 0;
	}
	return m;
}

/*
 * Until a message that one of the receives may match has come or something of
 * a send, and then 1; 0 if time runs out before.
 */
static int look(struct ipc_comm *comm, int timeout_ms)
{
	struct pollfd pfd = { .fd = comm->fd };
	struct dipc_match all;
	int n, err;

	if (comm->n_receives) {
		all = cover(comm);
		err = match_set(comm, &all);
		if (err)
			return err;
		pfd.events = POLLIN;
	}
	n = poll(&pfd, 1, timeout_ms);
	return n < 0 ? -errno : n;
}

static bool receives_progress(struct ipc_comm *comm)
{
	struct ipc_request *req;
	bool moved = false;

	/* One look instead of one for each. */
	if (comm->n_receives > 1 && !look(comm, 0))
		return false;
	for_each_waiting(req, comm) {
		/* Until it has one, or there is none for it or one before it. */
		while (!req->done && take_in_order(req))
			moved = true;
	}
	return moved;
}

/**
 * comm_progress - carry on all requests as far as that goes without waiting
 * @comm: the communicator
 *
 * Return: whether it has brought any further.
 */
bool comm_progress(struct ipc_comm *comm)
{
	bool sent = sends_progress(comm);

	return receives_progress(comm) || sent;
}

/*
 * Waiting
 */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int min_ms(int64_t a, int b)
{
	return a >= 0 && a < b ? (int)a : b;
}

/**
 * comm_run - carry on all requests until something is so
 * @comm: the communicator
 * @until: whether it is so
 * @arg: for @until
 * @timeout_ms: milliseconds, 0 not to wait, negative for ever
 *
 * poll() knows one match. While receives wait that choose in different ways
 * it looks for all that one of them could choose; if what it then sees is for
 * none of them, there is nothing to sleep on but time.
 *
 * Return: 0; -EAGAIN or -ETIMEDOUT if it is not so in time; -EINTR.
 */
int comm_run(struct ipc_comm *comm, bool (*until)(void *arg), void *arg,
	     int timeout_ms)
{
	/* never early: the clock's millisecond began before */
	int64_t end = timeout_ms < 0 ? -1 : now_ms() + timeout_ms + 1;
	int64_t left = -1;
	bool moved, woken = false;
	int ret, pause_ms = 0;

	for (;;) {
		moved = comm_progress(comm);
		if (until(arg))
			return 0;
		if (!timeout_ms)
			return -EAGAIN;
		if (timeout_ms > 0) {
			left = end - now_ms();
			if (left <= 0)
				return -ETIMEDOUT;
			left = min_ms(left, timeout_ms);
		}
		if (moved || !woken)
			pause_ms = 0;
		else
			pause_ms = pause_ms ? min_ms(2 * pause_ms, PAUSE_MAX_MS) :
					      PAUSE_MIN_MS;
		if (pause_ms && poll(NULL, 0, min_ms(left, pause_ms)) < 0)
			return -errno;
		ret = look(comm, left);
		if (ret < 0)
			return ret;
		woken = ret;
	}
}

static bool no_sends(void *arg)
{
	const struct ipc_comm *comm = arg;

	return !comm->n_sends;
}

int ipc_comm_flush(struct ipc_comm *comm, int timeout_ms)
{
	int err;

	err = comm_run(comm, no_sends, comm, timeout_ms);
	if (!err) {
		err = comm->lost;
		comm->lost = 0;
	}
	return err;
}
