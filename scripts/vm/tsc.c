// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the rate of this machine's time stamp counter in kHz. A guest under
 * QEMU's TCG sees the same counter; told its rate (tsc_early_khz=) it need
 * not measure it, which goes wrong on a machine that is busy.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static uint64_t now_ns(uint64_t *tsc)
{
	uint64_t best = ~0ULL, ns = 0;
	struct timespec t;

	/* Of a few readings, the one that was least disturbed. */
	for (int i = 0; i < 20; i++) {
		uint64_t a = __rdtsc(), b;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		b = __rdtsc();
		if (b - a < best) {
			best = b - a;
			*tsc = a + (b - a) / 2;
			ns = t.tv_sec * 1000000000ULL + t.tv_nsec;
		}
	}
	return ns;
}

int main(void)
{
	struct timespec nap = { .tv_nsec = 50000000 };
	uint64_t c0, c1, t0, t1;

	t0 = now_ns(&c0);
	nanosleep(&nap, NULL);
	t1 = now_ns(&c1);
	printf("%llu\n", (unsigned long long)((double)(c1 - c0) * 1e6 / (double)(t1 - t0) + 0.5));
	return 0;
}
