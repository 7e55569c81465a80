// SPDX-License-Identifier: GPL-2.0
/*
 * See soak.h: a server of some workers with a socket each. They reply at once
 * or later, in parts, too long at first, never, or to whoever has given up;
 * and forward to one another.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "names.h"
#include "soak.h"

#define N_WORKERS	2	/* and one for what is forwarded */
#define N_HELD		4	/* requests that a worker keeps for later */

struct held {
	struct dipc_request r;
	uint64_t serial;
	bool is_executed, is_cancelled;
};

struct worker {
	struct soak_role *role;
	int nr, fd;
	bool is_back;
	struct held held[N_HELD];
	int n_held;
	struct held answered;	/* by the next receive, if it has a handle */
	size_t answer_len;
	char in[CALLS_TEXT_MAX], out[2 * CALLS_TEXT_MAX], whole[SOAK_LONG + 4096];
};

static void server_open(struct worker *w)
{
	struct sockaddr_dipc *to = w->is_back ? &soak->back : &soak->front;

	w->fd = dt_socket(SOCK_RDM);
	if (w->fd < 0 || calls_take_calls(w->fd) || share_names(w->fd) ||
	    dt_bind(w->fd, to))
		soak_violated("a server cannot open its socket: %m");
}

/* With what it holds, which nobody will reply to. */
static void server_close(struct worker *w)
{
	close(w->fd);
	w->n_held = 0;
	w->answered.r.handle = 0;
	soak_count(SOAK_CLOSED);
}

static void execute(struct held *h)
{
	uint64_t bit = 1ULL << (h->r.attempt & 63);

	if (h->is_executed)
		return;
	h->is_executed = true;
	if (!soak_draw(16))
		usleep(soak_draw(soak->repeats ? 30000 : 3000));
	if (__atomic_fetch_or(&soak->log[h->serial].executed, bit,
			      __ATOMIC_RELAXED) & bit)
		soak_violated("call %llu, attempt %u is executed again",
			 (unsigned long long)h->serial, h->r.attempt);
}

/* What a reply came to. */
static void replied(const struct held *h, long ret)
{
	if (ret >= 0) {
		__atomic_add_fetch(&soak->log[h->serial].replied, 1,
				   __ATOMIC_RELAXED);
		if (h->is_cancelled)
			soak_violated("the reply to a call that was given up is taken");
	} else if (ret == -EPIPE) {
		soak_count(SOAK_TOO_LATE);
	} else {
		soak_violated("reply to call %llu: %s",
			 (unsigned long long)h->serial, strerror(-ret));
	}
}

static void drop(struct worker *w, const struct held *h)
{
	long ret = calls_drop(soak_draw_form(), w->fd, h->r.handle);

	soak_count(SOAK_DROPPED);
	if (ret)
		soak_violated("drop: %s", strerror(-ret));
}

/* All but the beginning first. */
static void reply_in_parts(struct worker *w, const struct held *h,
			   size_t len)
{
	const size_t at = sizeof(struct soak_body);
	long ret = calls_write(soak_draw_form(), w->fd, h->r.handle, at,
			       w->out + at, len - at);

	soak_count(SOAK_IN_PARTS);
	if (ret >= 0)
		return replied(h, calls_reply_at(soak_draw_form(), w->fd,
						 h->r.handle, 0, w->out, at));
	replied(h, ret);
	drop(w, h);
}

/* true: it is too late for that one, too */
static bool reply_too_long(struct worker *w, const struct held *h)
{
	long ret = calls_reply_at(soak_draw_form(), w->fd, h->r.handle, 0, w->out,
				  h->r.reply_max + 1);

	soak_count(SOAK_TOO_LONG);
	if (ret != -EMSGSIZE)
		replied(h, ret);
	return ret != -EMSGSIZE;
}

static void answer(struct worker *w, struct held *h)
{
	size_t len = soak_draw_len(h->r.reply_max);

	execute(h);
	if (!soak_draw(20) && reply_too_long(w, h))
		return;
	soak_body_write(w->out, h->serial, h->r.id, h->r.attempt, len);
	if (!soak_draw(3)) {
		w->answered = *h;
		w->answer_len = len;
	} else if (soak_draw(8)) {
		replied(h, calls_reply_at(soak_draw_form(), w->fd, h->r.handle, 0,
					  w->out, len));
	} else {
		reply_in_parts(w, h, len);
	}
}

/* true: it is somebody else's, or nobody's, from now on */
static bool forward(struct worker *w, const struct held *h)
{
	/* nobody can forward to a queue that he receives from himself */
	bool to_front = w->is_back || (!soak->is_mailbox && soak_draw(2));
	struct sockaddr_dipc *to = to_front ? &soak->front : &soak->back;
	long ret = calls_forward(soak_draw_form(), w->fd, h->r.handle, to);

	if (!ret)
		soak_count(SOAK_FORWARDED);
	else if (ret == -EPIPE)
		soak_count(SOAK_TOO_LATE);
	else if (ret != -ENOENT && ret != -ECONNREFUSED && ret != -ELOOP)
		soak_violated("forward: %s", strerror(-ret));
	return !ret || ret == -EPIPE;
}

/* Of a long request the rest, too. */
static void read_whole(struct worker *w, const struct held *h, long n)
{
	long more;

	memcpy(w->whole, w->in, n);
	if (h->r.len > n && h->r.handle) {
		more = calls_read(w->fd, h->r.handle, n, w->whole + n,
				  sizeof(w->whole) - n);
		if (more == -EPIPE)
			return;
		n += more;
	}
	if (h->r.handle && !soak_body_is_whole(w->whole, n))
		soak_violated("a request of %u bytes is not whole: %ld", h->r.len, n);
}

/* Is it what a client has sent, and does it say so of itself? */
static bool is_sound(struct worker *w, struct held *h, long n)
{
	const struct soak_body *b = (struct soak_body *)w->in;
	struct soak_line *line;

	if (!soak_body_begins(w->in, n)) {
		soak_violated("a request of %ld bytes that nobody has sent", n);
		return false;
	}
	h->serial = b->serial;
	if (!h->r.handle)
		return true;
	line = &soak->log[b->serial];
	if (line->port != h->r.port || b->len != h->r.len ||
	    (line->seen_id && line->seen_id != h->r.id) ||
	    (!soak->repeats && h->r.attempt != 1))
		soak_violated("call %llu: number %llx before, %llx with attempt %u, of port %llx",
			      (unsigned long long)b->serial,
			      (unsigned long long)line->seen_id,
			      (unsigned long long)h->r.id, h->r.attempt,
			      (unsigned long long)h->r.port);
	line->seen_id = h->r.id;
	return true;
}

static long reply_and_receive(struct worker *w, struct held *h, int flags)
{
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_REPLY_RECV,
		.flags = flags ? DIPC_OP_DONTWAIT : 0,
		.out = PTR(w->out), .out_len = w->answer_len,
		.handle = w->answered.r.handle,
		.in = PTR(w->in), .in_len = sizeof(w->in), .info = PTR(&h->r),
	};
	long ret = calls_op(w->fd, &op);
	bool has_failed = ret < 0 && op.handle;

	replied(&w->answered, has_failed ? ret : 0);
	w->answered.r.handle = 0;
	/* then nothing was received */
	return has_failed ? -EAGAIN : ret;
}

static long take_request(struct worker *w, struct held *h)
{
	int flags = w->n_held ? MSG_DONTWAIT : 0;
	struct calls_got got;

	memset(h, 0, sizeof(*h));
	if (w->answered.r.handle)
		return reply_and_receive(w, h, flags);
	got = calls_recv(soak_draw_form(), w->fd, flags);
	h->r = got.r;
	memcpy(w->in, got.text, sizeof(w->in));
	return got.ret;
}

static struct held *find_held(struct worker *w, uint64_t handle)
{
	int i;

	for (i = 0; i < w->n_held; i++)
		if (w->held[i].r.handle == handle)
			return &w->held[i];
	return w->answered.r.handle == handle ? &w->answered : NULL;
}

/* Each of them is about one that is held, and comes once. */
static void read_notices(struct worker *w)
{
	struct dipc_cancelled notice;
	struct held *h;

	while (!calls_cancelled(w->fd, &notice)) {
		soak_count(SOAK_NOTICED);
		h = find_held(w, notice.handle);
		if (!h || h->is_cancelled || h->r.id != notice.id ||
		    h->r.port != notice.port)
			soak_violated("a notice about a strange handle, reason %u",
				 notice.reason);
		else
			h->is_cancelled = true;
	}
}

static void let_go(struct worker *w, int i)
{
	struct held h = w->held[i];

	w->held[i] = w->held[--w->n_held];
	if (h.is_cancelled && soak_draw(2))
		drop(w, &h);
	else
		answer(w, &h);
}

static void keep(struct worker *w, const struct held *h)
{
	w->held[w->n_held++] = *h;
	soak_count(SOAK_KEPT);
}

static void serve(struct worker *w)
{
	struct held h;
	long n;

	if (!soak_draw(4))
		read_notices(w);
	n = take_request(w, &h);
	if (w->n_held && (n < 0 || w->n_held == N_HELD || !soak_draw(3)))
		let_go(w, soak_draw(w->n_held));
	if (n < 0 && n != -EAGAIN)
		soak_violated("receive: %s", strerror(-n));
	if (n < 0 || !is_sound(w, &h, n))
		return;
	if (!soak_draw(4))
		read_whole(w, &h, n);
	if (!h.r.handle)
		execute(&h);
	else if (w->answered.r.handle)
		keep(w, &h);	/* there is one reply under way already */
	else if (!soak_draw(30))
		drop(w, &h);
	else if (!soak_draw(8) && forward(w, &h))
		return;
	else if (w->n_held < N_HELD && !soak_draw(8))
		keep(w, &h);
	else
		answer(w, &h);
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	soak_seed(w->role->seed * 31UL + w->nr);
	server_open(w);
	while (__atomic_load_n(&soak->n_violations, __ATOMIC_RELAXED) < 1000) {
		serve(w);
		if (!soak_draw(500)) {
			server_close(w);
			server_open(w);
		}
	}
	return NULL;
}

int soak_child_serves(void *arg)
{
	static struct worker worker[N_WORKERS + 1];
	pthread_t thread;
	int i;

	for (i = N_WORKERS; i >= 0; i--) {
		worker[i].role = arg;
		worker[i].nr = i;
		worker[i].is_back = i == N_WORKERS;
		if (i && pthread_create(&thread, NULL, run_worker, &worker[i]))
			return 1;
	}
	run_worker(&worker[0]);
	return 2;
}
