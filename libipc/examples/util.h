/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the examples share and is not about dipc: ending with a message, and
 * reading numbers from the command line. Exit status: 0 success, 1 failure,
 * 2 wrong usage.
 */
#ifndef EXAMPLES_UTIL_H
#define EXAMPLES_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Say what failed and, if err is a negated errno, why; then exit. */
__attribute__((noreturn, format(printf, 2, 3)))
static inline void fail(int err, const char *what, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, what);
	vfprintf(stderr, what, args);
	va_end(args);
	if (err)
		fprintf(stderr, ": %s", strerror(-err));
	fputc('\n', stderr);
	exit(1);
}

/* What a function gave, unless it failed. */
static inline ssize_t must(ssize_t ret, const char *what)
{
	if (ret < 0)
		fail(ret, "%s", what);
	return ret;
}

__attribute__((noreturn))
static inline void usage(const char *args)
{
	fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, args);
	exit(2);
}

/* A number from min to max that ends with the text */
static inline int number(const char *text, int min, int max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max) {
		fprintf(stderr, "%s: '%s' is not a number from %d to %d\n",
			program_invocation_short_name, text, min, max);
		exit(2);
	}
	return n;
}

/* Write it all, in one piece where the kernel lets us. */
static inline void write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(-errno, "write");
		buf += n;
		len -= n;
	}
}

/* Let go of the caller's pipes, so that "pid=$(server -b …)" ends. */
static inline void leave_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		fail(-errno, "/dev/null");
	close(null);
}

/* Go on in the background; print the process id there. */
static inline void go_to_background(void)
{
	pid_t child = fork();

	if (child < 0)
		fail(-errno, "fork");
	if (child) {
		printf("%d\n", (int)child);
		exit(0);
	}
	leave_stdio();
}

#endif /* EXAMPLES_UTIL_H */
