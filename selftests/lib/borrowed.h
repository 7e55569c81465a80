/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Payload that stays in the pages of who sends it: how often, memory that stops
 * who copies to the middle of it, and each way such payload goes.
 */
#ifndef DIPC_TEST_BORROWED_H
#define DIPC_TEST_BORROWED_H

#include <sys/uio.h>

#include "buffer.h"
#include "calls.h"
#include "page.h"

#define SIZE	(256 * KIB)
#define PAGE	(4 * KIB)
#define MIDDLE	(SIZE / 2)

/* how many payloads were left with their senders since then, or an errno */
long borrowed_since(const struct dt_stats *before);

/*
 * No large pages are made of this process's memory from now on: a page that is
 * on its way to one cannot be borrowed just then. 0 or a negative errno.
 */
int pages_stay(void);

/* SIZE bytes, of which the page in the middle is missing until it is given. */
struct slow {
	uint8_t *at;
	struct page page;
};

/* 0 or a negative errno; with pages_stay() */
int slow_new(struct slow *s);
void slow_end(struct slow *s);
/*
 * Until who copies there stops, or that thread has ended. False: it has, and
 * nobody has come so far.
 */
bool slow_wait_touched(const struct slow *s, const struct dt_thread *until);
/* whether any byte of the memory is this one */
bool has_byte(const void *buf, size_t len, uint8_t value);
/* without joining it */
bool has_ended(const struct dt_thread *t);

/*
 * Where something has to be done before a limit of time, a busy machine may be
 * too late: then once more, with one further away.
 */
#define TRIES(ms)	(ms = 8 * DT_SHORT_MS; ms < DT_LONG_MS; ms *= 4)

/* What is sent so, by a thread that sleeps until it was received. */
enum passage_kind {
	MESSAGE,		/* in explicit mode */
	REQUEST,		/* to who wants it once */
	REPLY,			/* of who goes on to receive */
};

struct passage {
	enum passage_kind kind;
	int rx, tx;		/* of a reply: the server, the client */
	struct dt_thread thread;
	uint64_t deadline_ns;	/* of a request; 0: none */
	const void *out;
	size_t len;
	char next[8];
};

/* Sockets with room for that much: 0 or a negative errno; with pages_stay(). */
int passage_new(struct passage *p, enum passage_kind kind, size_t longest);
/* The same with sockets that there are, which have room. */
int passage_on(struct passage *p, enum passage_kind kind, int rx, int tx);
void passage_close(struct passage *p);
/* It is sent, but for a reply, which nobody awaits yet; false on failure. */
bool passage_start(struct passage *p, const void *out, size_t len);
/* What receiving it gave: its length or a negative errno. */
long passage_receive(struct passage *p, void *in, size_t room);
/* The same into so many pieces. */
long passage_receive_vec(struct passage *p, const struct iovec *vec, int n);
/* What sending it gave: its length or a negative errno. */
long passage_end(struct passage *p);
/* Nothing is outstanding, nor charged for. */
bool passage_is_over(const struct passage *p);

#endif /* DIPC_TEST_BORROWED_H */
