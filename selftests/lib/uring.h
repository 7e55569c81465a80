/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of any kind to an io_uring, each known by a number of the test's
 * choice, and what they came to: results are taken in the order in which they
 * come, for each number apart.
 */
#ifndef DIPC_TEST_URING_H
#define DIPC_TEST_URING_H

#include <liburing.h>

#include "dipc_test.h"

#define URING_DEPTH	32
#define URING_FILES	4

/* How a request is to be made, beside what it is. */
enum uring_how {
	URING_PLAIN,
	URING_WORKER,		/* IOSQE_ASYNC */
	URING_FIXED,		/* files that were registered before */
	URING_POLLED,		/* a thread of the kernel's takes them */
};

struct uring {
	struct io_uring ring;
	enum uring_how how;
	int file[URING_FILES];	/* those with a number there */
	int n_files;
	struct io_uring_cqe done[4 * URING_DEPTH];	/* come, not yet taken */
	unsigned int n_done;
	uint32_t flags;		/* of the one that was taken last */
};

int uring_open(struct uring *u, enum uring_how how);
void uring_close(struct uring *u);
int uring_register(struct uring *u, int fd);
/* A free entry; to be filled by io_uring_prep_…(), and then given to this. */
struct io_uring_sqe *uring_entry(struct uring *u);
void uring_add(struct uring *u, struct io_uring_sqe *sqe, uint64_t id,
	       unsigned int sqe_flags);
/* And until the kernel has begun them. */
int uring_submit(struct uring *u);
/* Has it a result to be taken? Gives requests the occasion to go on. */
bool uring_is_done(struct uring *u, uint64_t id);
/*
 * Until one of those that were submitted waits for its file to become ready.
 * Before that a worker may not even know the file, only its number, and on some
 * kernels who cancels a request that goes from hand to hand does not find it.
 */
bool uring_wait_polling(struct uring *u);
/* Its next result, or -ETIME if none comes. */
long uring_wait(struct uring *u, uint64_t id);

/* Buffers for the kernel to choose from, of group 1. */
struct uring_buffers {
	struct io_uring_buf_ring *ring;
	unsigned int n;		/* a power of 2 */
	size_t size;
	char *mem;
};

int uring_buffers_open(struct uring *u, struct uring_buffers *b, unsigned int n,
		       size_t size);
void uring_buffers_close(struct uring *u, struct uring_buffers *b);
/* The one that came with the result that was taken last, or NULL. */
char *uring_buffer(struct uring *u, struct uring_buffers *b);
void uring_buffer_back(struct uring_buffers *b, char *buffer);

#endif /* DIPC_TEST_URING_H */
