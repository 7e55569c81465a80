// SPDX-License-Identifier: GPL-2.0
/*
 * Peers that are queues of the kernel: pipes, POSIX and System V message
 * queues. A link is two of them, one for each direction.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>

#include "peers.h"
#include "tools.h"

/* --- pipes --- */

#define PIPE_DEFAULT	(64 << 10)

static int pipe_open(struct link *l)
{
	size_t bytes = l->shape.depth * l->shape.len;
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		return -1;
	if (bytes > PIPE_DEFAULT &&
	    (fcntl(there[1], F_SETPIPE_SZ, bytes) < 0 ||
	     fcntl(back[1], F_SETPIPE_SZ, bytes) < 0))
		return -1;
	l->a = (struct end) { back[0], there[1] };
	l->b = (struct end) { there[0], back[1] };
	return 0;
}

static void pipe_close(struct link *l)
{
	close(l->a.in);
	close(l->a.out);
	close(l->b.in);
	close(l->b.out);
}

static void pipe_send(struct end *e, void *buf, size_t len)
{
	if (write(e->out, buf, len) != (ssize_t)len)
		fail("write");
}

static void pipe_recv(struct end *e, void *buf, size_t len)
{
	read_whole(e->in, buf, len);
}

const struct peer peer_pipe = {
	.name = "pipe", .about = "two pipes, write() and read()",
	.open = pipe_open, .close = pipe_close,
	.send = pipe_send, .recv = pipe_recv,
};

/* --- POSIX --- */

#define MQUEUE_DEPTH	10	/* fs.mqueue.msg_max as the kernel has it */

/* Its name is gone at once. */
static int mqueue_new(const struct shape *s)
{
	struct mq_attr a = {
		.mq_maxmsg = s->depth ? s->depth : MQUEUE_DEPTH,
		.mq_msgsize = s->len ? s->len : 8192,
	};
	char name[40];
	mqd_t q;

	snprintf(name, sizeof(name), "/dipc-bench-%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	if (q >= 0)
		mq_unlink(name);
	return q;
}

static int mqueue_open(struct link *l)
{
	int there = mqueue_new(&l->shape), back = mqueue_new(&l->shape);

	l->a = (struct end) { back, there };
	l->b = (struct end) { there, back };
	return there < 0 || back < 0 ? -1 : 0;
}

static void mqueue_close(struct link *l)
{
	mq_close(l->a.in);
	mq_close(l->b.in);
}

static void mqueue_send(struct end *e, void *buf, size_t len)
{
	MUST(mq_send(e->out, buf, len, 0));
}

static void mqueue_recv(struct end *e, void *buf, size_t len)
{
	if (mq_receive(e->in, buf, len, NULL) != (ssize_t)len)
		fail("mq_receive");
}

static int mqueue_make(const struct peer *p)
{
	static const struct shape nothing;

	return mqueue_new(&nothing);
}

static void mqueue_unmake(const struct peer *p, int nr)
{
	mq_close(nr);
}

const struct peer peer_mqueue = {
	.name = "mqueue", .about = "two POSIX message queues",
	.open = mqueue_open, .close = mqueue_close,
	.send = mqueue_send, .recv = mqueue_recv,
	.make = mqueue_make, .unmake = mqueue_unmake,
};

/* --- System V --- */

struct sysv_msg {
	long type;
	char text[];
};

static int sysv_open(struct link *l)
{
	size_t bytes = l->shape.depth * (l->shape.len + 1);
	int there = msgget(IPC_PRIVATE, 0600), back = msgget(IPC_PRIVATE, 0600);
	struct msqid_ds ds;

	if (there < 0 || back < 0)
		return -1;
	if (bytes < 2 * l->shape.len)
		bytes = 2 * l->shape.len;
	if (msgctl(there, IPC_STAT, &ds))
		return -1;
	if (bytes > ds.msg_qbytes) {
		ds.msg_qbytes = bytes;
		if (msgctl(there, IPC_SET, &ds) || msgctl(back, IPC_SET, &ds))
			return -1;
	}
	l->a = (struct end) { back, there };
	l->b = (struct end) { there, back };
	return 0;
}

static void sysv_close(struct link *l)
{
	msgctl(l->a.in, IPC_RMID, NULL);
	msgctl(l->b.in, IPC_RMID, NULL);
}

/* The type lies right before the payload: see new_buffer(). */
static struct sysv_msg *sysv_buffer(void *buf)
{
	struct sysv_msg *m = (void *)((char *)buf - sizeof(long));

	m->type = 1;
	return m;
}

static void sysv_send(struct end *e, void *buf, size_t len)
{
	MUST(msgsnd(e->out, sysv_buffer(buf), len, 0));
}

static void sysv_recv(struct end *e, void *buf, size_t len)
{
	if (msgrcv(e->in, sysv_buffer(buf), len, 0, 0) != (ssize_t)len)
		fail("msgrcv");
}

static int sysv_make(const struct peer *p)
{
	return msgget(IPC_PRIVATE, 0600);
}

static void sysv_unmake(const struct peer *p, int nr)
{
	msgctl(nr, IPC_RMID, NULL);
}

const struct peer peer_sysv = {
	.name = "sysv", .about = "two System V message queues",
	.open = sysv_open, .close = sysv_close,
	.send = sysv_send, .recv = sysv_recv,
	.make = sysv_make, .unmake = sysv_unmake,
};
