// SPDX-License-Identifier: GPL-2.0
/*
 * Reading from a stream: piece after piece is taken on loan from the queue
 * until the reader has what he asked for. One reader at a time has a piece, or
 * the bytes would get into disorder; nobody sleeps for more while he has it.
 */
#include <linux/sched/signal.h>

#include "control.h"
#include "files.h"
#include "trace.h"

/* How many pieces a reader looks at who leaves them there. */
#define PEEK_MAX 64

/* One read, as far as it has got. */
struct reading {
	struct dipc_sock	*ds;
	struct dipc_queue	*q;
	struct msghdr		*msg;
	size_t			size;		/* bytes still asked for */
	size_t			copied;
	bool			peek;
	bool			creds;		/* who wrote it is to be told */
	struct dipc_sender	*writer;	/* counted; of the first piece */
	size_t			skip;		/* where a peek begins (SO_PEEK_OFF) */
	unsigned int		n_peeked;
};

/* @within: where in the piece to go on, behind what was read of it before */
static struct dipc_message *next_piece(struct reading *r, u32 *within, int *err)
{
	struct dipc_message *m;

	*within = 0;
	if (!r->peek)
		return dipc_queue_take(r->q, NULL, NULL, err);
	*err = 0;
	if (r->n_peeked == PEEK_MAX)
		return NULL;
	m = dipc_queue_peek_at(r->q, r->skip + r->copied, within, err);
	/* if there is none, another reader may have been quicker */
	if (m)
		r->n_peeked++;
	return m;
}

static void done_with(struct reading *r, struct dipc_message *m, u32 bytes)
{
	if (r->peek)
		dipc_message_put(m);
	else
		dipc_queue_read_on(r->q, m, bytes);
}

/* What different writers wrote is not read as one, if he wants to know who. */
static bool joins(struct reading *r, struct dipc_message *m)
{
	if (!r->writer) {
		refcount_inc(&m->sender->refs);
		r->writer = m->sender;
		return true;
	}
	return !r->creds ||
	       dipc_sender_has_credentials_of(r->writer, m->sender);
}

static void put_files(struct reading *r, struct dipc_message *m)
{
	struct dipc_extra *extra = m->extra;

	if (r->creds)
		dipc_control_put_credentials(r->msg, r->writer);
	r->creds = false;
	dipc_files_install(extra->files, r->msg);
	if (r->peek)
		return;
	dipc_files_put(extra->files);
	extra->files = NULL;
}

/* False if the read ends with this piece. */
static bool read_piece(struct reading *r, struct dipc_message *m, u32 within,
		       int *err)
{
	bool has_files = m->extra && m->extra->files;
	u32 left = dipc_queue_payload(r->q, m) - within;
	u32 part = min_t(size_t, left, r->size);

	if (!joins(r, m)) {
		done_with(r, m, 0);
		return false;
	}
	*err = dipc_message_copy_to(m, m->stream.start + within, part,
				    &r->msg->msg_iter);
	if (*err) {
		done_with(r, m, 0);
		return false;
	}
	if (r->msg->msg_name)
		dipc_control_put_source(r->ds, r->msg, m);
	if (has_files)
		put_files(r, m);
	dipc_stats_count(r->q->stats, r->peek ? DIPC_REASON_PEEKED :
						DIPC_REASON_TAKEN);
	trace_dipc_take(r->q->kind, r->q->id, m->sender->port, m->id, part,
			r->peek ? DIPC_REASON_PEEKED : DIPC_REASON_TAKEN);
	r->copied += part;
	r->size -= part;
	done_with(r, m, part);
	return r->size && !has_files;
}

/* As much as there is now; true if more may be waited for. */
static bool read_pieces(struct reading *r, int *err)
{
	struct dipc_message *m;
	u32 within;

	while ((m = next_piece(r, &within, err)))
		if (!read_piece(r, m, within, err))
			return false;
	if (*err != -EAGAIN)
		return false;
	*err = 0;
	return true;
}

/* Is there more than was seen already, or will there never be? */
static bool is_over(const struct reading *r)
{
	const struct dipc_queue *q = r->q;
	u64 seen = r->peek ? r->skip + r->copied : 0;

	return READ_ONCE(q->bytes) > seen || READ_ONCE(q->ended) ||
	       READ_ONCE(q->closed);
}

static long wait_for_more(const struct reading *r, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &r->ds->sk;

	add_wait_queue(sk_sleep(sk), &wait);
	/* pairs with skwq_has_sleeper(): is_over() looks without a lock */
	smp_mb();
	while (!is_over(r) && timeout && !signal_pending(current))
		timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, timeout);
	remove_wait_queue(sk_sleep(sk), &wait);
	return timeout;
}

/* One turn with the lock; SO_PEEK_OFF moves with what was seen, or read. */
static int take_turn(struct reading *r, bool *more, int *err)
{
	struct sock *sk = &r->ds->sk;
	size_t before = r->copied;

	if (mutex_lock_interruptible(&r->ds->read_lock))
		return -ERESTARTSYS;
	if (r->peek && !before)
		r->skip = max(READ_ONCE(sk->sk_peek_off), 0);
	*more = read_pieces(r, err);
	if (r->peek)
		sk_peek_offset_fwd(sk, r->copied - before);
	else
		sk_peek_offset_bwd(sk, r->copied - before);
	mutex_unlock(&r->ds->read_lock);
	return 0;
}

static int read_until(struct reading *r, size_t target, long timeout)
{
	bool more;
	int err;

	for (;;) {
		if (take_turn(r, &more, &err))
			return sock_intr_errno(timeout);
		if (!more || r->copied >= target)
			break;
		if (!timeout)
			return -EAGAIN;
		timeout = wait_for_more(r, timeout);
		if (signal_pending(current))
			return sock_intr_errno(timeout);
	}
	/* the end: why, if that is known, before there is nothing */
	if (!err && !r->copied && r->size && !more)
		return dipc_sock_error(r->ds);
	return err;
}

/**
 * dipc_sock_read_stream() - read bytes from a stream
 * @ds: the socket
 * @msg: where they go, and who wrote them, if that is asked for
 * @len: how many at most
 * @flags: as recvmsg()
 *
 * Context: process; may sleep.
 * Return: how many were read; 0 at the end; -EINVAL if it is not connected;
 * -EAGAIN, -EINTR, -EFAULT, or what ended the connection before time.
 */
int dipc_sock_read_stream(struct dipc_sock *ds, struct msghdr *msg, size_t len,
			  int flags)
{
	struct sock *sk = &ds->sk;
	struct reading r = {
		.ds = ds, .msg = msg, .size = len, .peek = flags & MSG_PEEK,
		.creds = test_bit(SOCK_PASSCRED, &sk->sk_socket->flags),
	};
	int err;

	r.q = dipc_sock_rx(ds);
	if (!r.q || READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return -EINVAL;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = read_until(&r, sock_rcvlowat(sk, flags & MSG_WAITALL, len),
			 sock_rcvtimeo(sk, flags & MSG_DONTWAIT));
	if (r.creds && r.writer)
		dipc_control_put_credentials(msg, r.writer);
	dipc_sender_put(r.writer);
	return r.copied ? r.copied : err;
}
