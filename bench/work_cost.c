// SPDX-License-Identifier: GPL-2.0
/*
 * Works that send nothing, or leave it lying: what it takes to make endpoints
 * and links, and how much memory they and queued messages are. Memory is the
 * slope between a first thousand and three more.
 */
#include <string.h>
#include <unistd.h>

#include "tools.h"

/*
 * What is destroyed is freed after a grace period of RCU, some milliseconds
 * later: there must be many of those in what is measured.
 */
#define MAKE_TIMES	8

#define N_FIRST		1000
#define N_LAST		4000
#define QUEUED_BYTES	(16U << 20)	/* at most */
#define FD_MAX		(4 * N_LAST)	/* a pair of pipes is four */

void work_make_end(struct cell *c)
{
	int64_t t;

	c->n *= MAKE_TIMES;
	settle();
	for (unsigned int i = 0; i < c->n / 8; i++)
		c->peer->unmake(c->peer, MUST(c->peer->make(c->peer)));
	settle();
	mark_begin();
	t = now_ns();
	for (unsigned int i = 0; i < c->n; i++)
		c->peer->unmake(c->peer, MUST(c->peer->make(c->peer)));
	t = now_ns() - t;
	mark_end();
	c->value = (double)t / c->n;
}

static void make_links(struct cell *c, unsigned int n)
{
	struct link l;

	while (n--) {
		l = (struct link) { .peer = c->peer };
		MUST(c->peer->open(&l));
		c->peer->close(&l);
	}
}

void work_make_link(struct cell *c)
{
	int64_t t;

	c->n *= MAKE_TIMES;
	settle();
	make_links(c, c->n / 8);
	settle();
	mark_begin();
	t = now_ns();
	make_links(c, c->n);
	t = now_ns() - t;
	mark_end();
	c->value = (double)t / c->n;
}

/* So that the table of descriptors does not grow while memory is counted. */
static void grow_files(void)
{
	MUST(dup2(STDERR_FILENO, FD_MAX));
	close(FD_MAX);
}

static int64_t bytes_now(void)
{
	settle();		/* what is freed later */
	settle();
	return kernel_bytes();
}

/* Those from first to last; sockets go with the process. */
static void make_ends(struct cell *c, int nr[], unsigned int first,
		      unsigned int last)
{
	for (unsigned int i = first; i < last; i++) {
		struct link l = { .peer = c->peer };

		if (c->peer->is_end)
			nr[i] = MUST(c->peer->make(c->peer));
		else if (i % 2)
			MUST(c->peer->open(&l));
	}
}

void work_end_bytes(struct cell *c)
{
	static int nr[N_LAST];
	int64_t before;

	memset(nr, 0, sizeof(nr));	/* has its pages now */
	grow_files();
	bytes_now();
	make_ends(c, nr, 0, N_FIRST);
	before = bytes_now();
	make_ends(c, nr, N_FIRST, N_LAST);
	c->value = (double)(bytes_now() - before) / (N_LAST - N_FIRST);
	for (unsigned int i = 0; c->peer->is_end && i < N_LAST; i++)
		c->peer->unmake(c->peer, nr[i]);
}

void work_message_bytes(struct cell *c)
{
	unsigned int last = peer_holds(c->peer, c->len, N_LAST), first, i;
	char *buf = new_buffer(c->len);
	struct link l;
	int64_t before;

	if (QUEUED_BYTES / c->len < last)
		last = QUEUED_BYTES / c->len;
	first = last / 4;
	open_link(c, &l, last + 1);
	bytes_now();
	for (i = 0; i < first; i++)
		c->peer->send(&l.a, buf, c->len);
	before = bytes_now();
	for (; i < last; i++)
		c->peer->send(&l.a, buf, c->len);
	c->value = (double)(bytes_now() - before) / (last - first);
	c->peer->close(&l);
}
