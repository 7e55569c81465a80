// SPDX-License-Identifier: GPL-2.0
/* See ring.h. */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ring.h"

static void *map(int fd, size_t len, off_t offset)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, offset);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

int ring_open(struct ring *r)
{
	struct io_uring_params p = { 0 };

	memset(r, 0, sizeof(*r));
	r->fd = DT_ERR(syscall(SYS_io_uring_setup, RING_MAX, &p));
	if (r->fd < 0)
		return r->fd;
	r->sq_tail = p.sq_off.tail;
	r->sq_array = p.sq_off.array;
	r->cq_head = p.cq_off.head;
	r->cq_tail = p.cq_off.tail;
	r->cqes = p.cq_off.cqes;
	r->rings_len = larger(p.sq_off.array + p.sq_entries * sizeof(uint32_t),
			      p.cq_off.cqes +
			      p.cq_entries * sizeof(struct io_uring_cqe));
	r->sqes_len = p.sq_entries * sizeof(struct io_uring_sqe);
	r->rings = map(r->fd, r->rings_len, IORING_OFF_SQ_RING);
	r->sqes = map(r->fd, r->sqes_len, IORING_OFF_SQES);
	if (!(p.features & IORING_FEAT_SINGLE_MMAP) ||
	    r->rings == MAP_FAILED || r->sqes == MAP_FAILED)
		return -ENOSYS;
	return 0;
}

void ring_close(struct ring *r)
{
	munmap(r->rings, r->rings_len);
	munmap(r->sqes, r->sqes_len);
	close(r->fd);
}

static uint32_t *at(struct ring *r, uint32_t offset)
{
	return (uint32_t *)((char *)r->rings + offset);
}

static int submit(struct ring *r, int i, int op, int fd, int flags,
		  bool in_worker)
{
	struct ring_request *q = &r->request[i];
	uint32_t tail = *at(r, r->sq_tail);
	struct io_uring_sqe *sqe;
	long n;

	sqe = (struct io_uring_sqe *)r->sqes + tail % RING_MAX;
	*sqe = (struct io_uring_sqe) {
		.opcode = op,
		.flags = in_worker ? IOSQE_ASYNC : 0,
		.fd = fd,
		.addr = (uintptr_t)&q->msg,
		.len = 1,
		.msg_flags = flags,
		.user_data = i,
	};
	at(r, r->sq_array)[tail % RING_MAX] = tail % RING_MAX;
	__atomic_store_n(at(r, r->sq_tail), tail + 1, __ATOMIC_RELEASE);
	n = DT_ERR(syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0));
	return n == 1 ? 0 : n < 0 ? n : -EIO;
}

static void prepare(struct ring_request *q, char letter)
{
	memset(q, 0, sizeof(*q));
	q->letter = letter;
	q->iov = (struct iovec) { &q->letter, 1 };
	q->msg.msg_iov = &q->iov;
	q->msg.msg_iovlen = 1;
}

int ring_send(struct ring *r, int i, int fd, char letter, bool in_worker)
{
	prepare(&r->request[i], letter);
	return submit(r, i, IORING_OP_SENDMSG, fd, 0, in_worker);
}

int ring_recv(struct ring *r, int i, int fd, int flags, bool in_worker)
{
	struct ring_request *q = &r->request[i];

	prepare(q, '-');
	q->msg.msg_control = q->control;
	q->msg.msg_controllen = sizeof(q->control);
	return submit(r, i, IORING_OP_RECVMSG, fd, flags, in_worker);
}

bool ring_is_done(struct ring *r, int i)
{
	struct io_uring_cqe *cqe = (void *)at(r, r->cqes);
	uint32_t head = *at(r, r->cq_head);

	/* of a ring of twice the size; what is to be tried again is tried here */
	syscall(SYS_io_uring_enter, r->fd, 0, 0, IORING_ENTER_GETEVENTS, NULL,
		0);
	while (head != __atomic_load_n(at(r, r->cq_tail), __ATOMIC_ACQUIRE)) {
		struct io_uring_cqe *c = &cqe[head++ % (2 * RING_MAX)];

		r->request[c->user_data].done = true;
		r->request[c->user_data].result = c->res;
		__atomic_store_n(at(r, r->cq_head), head, __ATOMIC_RELEASE);
	}
	return r->request[i].done;
}

bool ring_wait(struct ring *r, int i)
{
	return DT_WAIT_UNTIL(ring_is_done(r, i));
}
