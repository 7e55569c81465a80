// SPDX-License-Identifier: GPL-2.0
/*
 * recorded FILE TEXT: write TEXT into FILE and print, one a line, where in
 * the kernel that led, as KCOV has recorded it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#define ENTRIES	(1UL << 16)

int main(int argc, char **argv)
{
	unsigned long *trace;
	int kcov, file;

	if (argc != 3)
		return 2;
	file = open(argv[1], O_WRONLY);
	kcov = open("/sys/kernel/debug/kcov", O_RDWR);
	if (file < 0 || kcov < 0 || ioctl(kcov, KCOV_INIT_TRACE, ENTRIES)) {
		perror("kcov");
		return 1;
	}
	trace = mmap(NULL, ENTRIES * sizeof(*trace), PROT_READ | PROT_WRITE,
		     MAP_SHARED, kcov, 0);
	if (trace == MAP_FAILED || ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC)) {
		perror("kcov");
		return 1;
	}
	if (write(file, argv[2], strlen(argv[2])) < 0)
		perror(argv[1]);
	ioctl(kcov, KCOV_DISABLE, 0);
	for (unsigned long i = 0; i < trace[0]; i++)
		printf("%lx\n", trace[1 + i]);
	return 0;
}
