// SPDX-License-Identifier: GPL-2.0
/*
 * KCOV: which points of the module each thread has come by, where the kernel
 * can tell. Programs that come by new ones are worth to be kept.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"

#define POINTS	(128 << 10)	/* of one thread in one program */

void fz_kcov_start(struct fz_kcov *kcov)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);
	void *area;

	kcov->area = NULL;
	if (fd < 0)
		return;
	if (!ioctl(fd, KCOV_INIT_TRACE, POINTS)) {
		area = mmap(NULL, POINTS * sizeof(uint64_t),
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		/* enabled, it lives as long as the thread */
		if (area != MAP_FAILED &&
		    !ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
			kcov->area = area;
	}
	close(fd);
}

static void mark(_Atomic uint8_t *map, _Atomic uint32_t *n, uint64_t key)
{
	_Atomic uint8_t *at = &map[fz_mix(key, 0) % FZ_MAP];

	if (!*at && !atomic_exchange(at, 1)) {
		++*n;
		fz_shared->fresh++;
	}
}

void fz_kcov_collect(struct fz_kcov *kcov)
{
	struct fz_seen *seen = &fz_all->seen;
	uint64_t n, i, before = 0, pc;

	if (!kcov->area)
		return;
	n = __atomic_load_n(&kcov->area[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < POINTS; i++) {
		pc = kcov->area[i];
		mark(seen->point, &seen->points, pc);
		mark(seen->pair, &seen->pairs, pc * 31 + before);
		before = pc;
	}
	__atomic_store_n(&kcov->area[0], 0, __ATOMIC_RELAXED);
}
