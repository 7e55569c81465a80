// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory the kernel has taken: all that is not free, to the page.
 * Free pages also lie in each processor's own lists, which /proc/zoneinfo
 * counts and MemFree does not.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools.h"

static long sum_lines(const char *text, const char *key)
{
	size_t len = strlen(key);
	long sum = 0;

	for (const char *l = text; l; l = strchr(l, '\n')) {
		l += strspn(l, " \n");
		if (!strncmp(l, key, len) && l[len] == ' ')
			sum += atol(l + len);
		else if (!strncmp(l, key, len) && l[len] == ':')
			sum += atol(l + len + 1);
	}
	return sum;
}

int64_t kernel_bytes(void)
{
	static char text[1 << 16];
	int fd = MUST(open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC));
	size_t len = 0;
	ssize_t n;

	while ((n = MUST(read(fd, text + len, sizeof(text) - 1 - len))) > 0)
		len += n;
	text[len] = 0;
	close(fd);
	return (sum_lines(text, "managed") - sum_lines(text, "nr_free_pages") -
		sum_lines(text, "count")) * sysconf(_SC_PAGESIZE);
}
