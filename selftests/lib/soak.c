// SPDX-License-Identifier: GPL-2.0
/* See soak.h: what both sides write and draw. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>

#include "soak.h"

struct soak *soak;

void soak_count(enum soak_event event)
{
	__atomic_add_fetch(&soak->events[event], 1, __ATOMIC_RELAXED);
}

void soak_violated(const char *text, ...)
{
	int n = __atomic_fetch_add(&soak->n_violations, 1, __ATOMIC_RELAXED);
	va_list args;

	if (n >= SOAK_TEXTS)
		return;
	va_start(args, text);
	vsnprintf(soak->violation[n], sizeof(soak->violation[n]), text, args);
	va_end(args);
}

/* One state a thread, so that each draws the same for the same seed. */
static __thread uint64_t rng;

void soak_seed(uint64_t seed)
{
	rng = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	rng = rng ? rng : 1;
}

unsigned int soak_draw(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 20) % n;
}

enum calls_form soak_draw_form(void)
{
	return soak_draw(2) ? BY_OP : BY_MSG;
}

size_t soak_draw_len(size_t max)
{
	size_t len = sizeof(struct soak_body) +
		     soak_draw(soak_draw(32) ? 100 : SOAK_LONG);

	return len < max ? len : max;
}

static uint64_t check_of(const struct soak_body *b)
{
	return (b->serial * 0x9e3779b97f4a7c15ULL ^ b->id) + b->attempt +
	       ((uint64_t)b->len << 40);
}

void soak_body_write(void *buf, uint64_t serial, uint64_t id,
		       uint32_t attempt, size_t len)
{
	struct soak_body *b = buf;

	*b = (struct soak_body) { serial, id, 0, attempt, len };
	b->check = check_of(b);
	dt_pattern(b + 1, len - sizeof(*b), serial);
}

bool soak_body_begins(const void *buf, long len)
{
	const struct soak_body *b = buf;

	return len >= (long)sizeof(*b) && b->check == check_of(b) &&
	       b->serial && b->serial < SOAK_CALLS;
}

bool soak_body_is_whole(const void *buf, long len)
{
	const struct soak_body *b = buf;

	return soak_body_begins(buf, len) && b->len == len &&
	       dt_pattern_differs(b + 1, len - sizeof(*b), b->serial) < 0;
}
