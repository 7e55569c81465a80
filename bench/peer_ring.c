// SPDX-License-Identifier: GPL-2.0
/*
 * A ring in shared memory: one copy in, one copy out, and a futex only for who
 * must wait. Both ends must trust one another, and each pair has memory of its
 * own; it is the limit of what copying can be, not a peer to choose.
 */
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peers.h"
#include "tools.h"

#define RING_BYTES	(64U << 10)

/* Positions only grow; what is between them is in the ring. */
struct ring {
	uint32_t size;
	uint32_t written __attribute__((aligned(64)));
	uint32_t reader_waits;
	uint32_t read __attribute__((aligned(64)));
	uint32_t writer_waits;
	char data[] __attribute__((aligned(64)));
};

static size_t ring_bytes(const struct shape *s)
{
	size_t least = (s->depth ? s->depth : 2) * s->len, size = RING_BYTES;

	while (size < least)
		size *= 2;
	return size;
}

static void wait_until_moved(uint32_t *position, uint32_t from, uint32_t *waits)
{
	__atomic_store_n(waits, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(position, __ATOMIC_SEQ_CST) == from)
		syscall(SYS_futex, position, FUTEX_WAIT, from, NULL, NULL, 0);
	__atomic_store_n(waits, 0, __ATOMIC_RELAXED);
}

static void move(uint32_t *position, uint32_t to, uint32_t *waits)
{
	__atomic_store_n(position, to, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(waits, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, position, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void ring_put(struct ring *r, const char *buf, uint32_t len)
{
	uint32_t at = r->written % r->size, first = r->size - at, read;

	for (;;) {
		read = __atomic_load_n(&r->read, __ATOMIC_ACQUIRE);
		if (r->written - read <= r->size - len)
			break;
		wait_until_moved(&r->read, read, &r->writer_waits);
	}
	if (first > len)
		first = len;
	memcpy(r->data + at, buf, first);
	memcpy(r->data, buf + first, len - first);
	move(&r->written, r->written + len, &r->reader_waits);
}

static void ring_get(struct ring *r, char *buf, uint32_t len)
{
	uint32_t at = r->read % r->size, first = r->size - at, written;

	for (;;) {
		written = __atomic_load_n(&r->written, __ATOMIC_ACQUIRE);
		if (written - r->read >= len)
			break;
		wait_until_moved(&r->written, written, &r->reader_waits);
	}
	if (first > len)
		first = len;
	memcpy(buf, r->data + at, first);
	memcpy(buf + first, r->data, len - first);
	move(&r->read, r->read + len, &r->writer_waits);
}

/* --- two of them --- */

struct rings {
	struct ring *in, *out;
};

static int ring_open(struct link *l)
{
	size_t size = ring_bytes(&l->shape), bytes = sizeof(struct ring) + size;
	struct rings *ends = share(2 * sizeof(*ends));

	ends[0] = (struct rings) { share(bytes), share(bytes) };
	ends[1] = (struct rings) { ends[0].out, ends[0].in };
	ends[0].in->size = size;
	ends[0].out->size = size;
	l->a.more = &ends[0];
	l->b.more = &ends[1];
	return 0;
}

static void ring_close(struct link *l)
{
	size_t bytes = sizeof(struct ring) + ring_bytes(&l->shape);
	struct rings *ends = l->a.more;

	munmap(ends->in, bytes);
	munmap(ends->out, bytes);
	munmap(ends, 2 * sizeof(*ends));
}

static void ring_send(struct end *e, void *buf, size_t len)
{
	ring_put(((struct rings *)e->more)->out, buf, len);
}

static void ring_recv(struct end *e, void *buf, size_t len)
{
	ring_get(((struct rings *)e->more)->in, buf, len);
}

const struct peer peer_ring = {
	.name = "ring", .about = "a ring in shared memory and a futex: the limit",
	.is_one_to_one = true,
	.open = ring_open, .close = ring_close,
	.send = ring_send, .recv = ring_recv,
};
