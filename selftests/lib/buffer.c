// SPDX-License-Identifier: GPL-2.0
/* See buffer.h. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "buffer.h"

uint8_t *buffer_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}
