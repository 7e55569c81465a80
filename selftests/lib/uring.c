// SPDX-License-Identifier: GPL-2.0
/* See uring.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "uring.h"

int uring_open(struct uring *u, enum uring_how how)
{
	memset(u, 0, sizeof(*u));
	u->how = how;
	return io_uring_queue_init(URING_DEPTH, &u->ring, how == URING_POLLED ?
				   IORING_SETUP_SQPOLL : 0);
}

void uring_close(struct uring *u)
{
	io_uring_queue_exit(&u->ring);
}

/* To be called for all of them before the first request. */
int uring_register(struct uring *u, int fd)
{
	if (u->n_files)
		io_uring_unregister_files(&u->ring);
	u->file[u->n_files++] = fd;
	return io_uring_register_files(&u->ring, u->file, u->n_files);
}

struct io_uring_sqe *uring_entry(struct uring *u)
{
	return io_uring_get_sqe(&u->ring);
}

void uring_add(struct uring *u, struct io_uring_sqe *sqe, uint64_t id,
	       unsigned int sqe_flags)
{
	int i;

	sqe->user_data = id;
	sqe->flags |= sqe_flags;
	if (u->how == URING_WORKER)
		sqe->flags |= IOSQE_ASYNC;
	if (u->how != URING_FIXED)
		return;
	for (i = 0; i < u->n_files; i++) {
		if (sqe->fd != u->file[i])
			continue;
		sqe->fd = i;
		sqe->flags |= IOSQE_FIXED_FILE;
		return;
	}
}

int uring_submit(struct uring *u)
{
	int n = io_uring_submit(&u->ring);

	if (n < 0)
		return n;
	return DT_WAIT_UNTIL(!io_uring_sq_ready(&u->ring)) ? 0 : -ETIME;
}

static void collect(struct uring *u)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(&u->ring);
	while (u->n_done < 4 * URING_DEPTH &&
	       !io_uring_peek_cqe(&u->ring, &cqe)) {
		u->done[u->n_done++] = *cqe;
		io_uring_cqe_seen(&u->ring, cqe);
	}
}

static int find(struct uring *u, uint64_t id)
{
	unsigned int i;

	collect(u);
	for (i = 0; i < u->n_done; i++)
		if (u->done[i].user_data == id)
			return i;
	return -1;
}

bool uring_is_done(struct uring *u, uint64_t id)
{
	return find(u, id) >= 0;
}

/* As the kernel tells of it: "PollList:", and a line for each. */
static bool is_polling(const struct uring *u)
{
	bool in_list = false, found = false;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", u->ring.ring_fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "  op=", 5))
			found |= in_list;
		else
			in_list = !strcmp(line, "PollList:\n");
	}
	fclose(f);
	return found;
}

bool uring_wait_polling(struct uring *u)
{
	return DT_WAIT_UNTIL(is_polling(u));
}

long uring_wait(struct uring *u, uint64_t id)
{
	long result;
	int i;

	if (!DT_WAIT_UNTIL((i = find(u, id)) >= 0))
		return -ETIME;
	result = u->done[i].res;
	u->flags = u->done[i].flags;
	u->n_done--;
	memmove(&u->done[i], &u->done[i + 1],
		(u->n_done - i) * sizeof(u->done[0]));
	return result;
}

int uring_buffers_open(struct uring *u, struct uring_buffers *b, unsigned int n,
		       size_t size)
{
	struct io_uring_buf_reg reg = { .ring_entries = n, .bgid = 1 };
	unsigned int i;
	int err;

	b->n = n;
	b->size = size;
	b->mem = calloc(n, size);
	b->ring = mmap(NULL, n * sizeof(struct io_uring_buf),
		       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	if (!b->mem || b->ring == MAP_FAILED)
		return -ENOMEM;
	reg.ring_addr = (uintptr_t)b->ring;
	err = io_uring_register_buf_ring(&u->ring, &reg, 0);
	if (err)
		return err;
	io_uring_buf_ring_init(b->ring);
	for (i = 0; i < n; i++)
		uring_buffer_back(b, b->mem + i * size);
	return 0;
}

void uring_buffers_close(struct uring *u, struct uring_buffers *b)
{
	io_uring_unregister_buf_ring(&u->ring, 1);
	munmap(b->ring, b->n * sizeof(struct io_uring_buf));
	free(b->mem);
}

char *uring_buffer(struct uring *u, struct uring_buffers *b)
{
	if (!(u->flags & IORING_CQE_F_BUFFER))
		return NULL;
	return b->mem + (u->flags >> IORING_CQE_BUFFER_SHIFT) * b->size;
}

void uring_buffer_back(struct uring_buffers *b, char *buffer)
{
	io_uring_buf_ring_add(b->ring, buffer, b->size,
			      (buffer - b->mem) / b->size,
			      io_uring_buf_ring_mask(b->n), 0);
	io_uring_buf_ring_advance(b->ring, 1);
}
