// SPDX-License-Identifier: GPL-2.0
/* See errors_call.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "errors_call.h"

#define NEED(x) do {							\
	if (!(x))							\
		return 100000 + __LINE__;				\
} while (0)

bool errors_fill(int fd)
{
	int err;

	while (!(err = dt_send_number(fd, 0, MSG_DONTWAIT, NULL)))
		;
	return err == -EAGAIN;
}

int errors_limited(const char *name)
{
	if (dt_netns_new() || dt_limit_set(name, 0))
		return -1;
	return dt_socket(SOCK_RDM);
}

static long send_waits(void *arg)
{
	return dt_send_number(*(int *)arg, 4711, 0, NULL);
}

static long recv_waits(void *arg)
{
	return dt_recv_number(*(int *)arg, 0);
}

static long peek_waits(void *arg)
{
	return dt_recv_number(*(int *)arg, MSG_PEEK);
}

bool errors_start_sender(struct dt_thread *t, int *fd)
{
	return errors_fill(*fd) && !dt_thread_start(t, send_waits, fd) &&
	       dt_wait_asleep(t->tid, SYS_sendto);
}

bool errors_start_receiver(struct dt_thread *t, int *fd, bool peeks)
{
	return !dt_thread_start(t, peeks ? peek_waits : recv_waits, fd) &&
	       dt_wait_asleep(t->tid, SYS_recvfrom);
}

long errors_interrupted(struct dt_thread *t)
{
	syscall(SYS_tgkill, getpid(), t->tid, SIGUSR1);
	return dt_thread_join(t);
}

/*
 * The module goes and comes: from the file that the guest was given.
 */

int errors_module_unload(void)
{
	return DT_ERR(syscall(SYS_delete_module, "dipc", O_NONBLOCK));
}

int errors_module_load(const char *params)
{
	const char *path = getenv("DIPC_KO");
	int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC);
	long err;

	if (fd < 0)
		return -errno;
	err = DT_ERR(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return err;
}

static bool can_reload(void)
{
	const char *path = getenv("DIPC_KO");

	return path && !access(path, R_OK) && !geteuid();
}

/* socket() and netlink load the module where they can: not now. */
static long without_autoload(long (*call)(void))
{
	static const char path[] = "/proc/sys/kernel/modprobe";
	char old[256] = "";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	long result;

	NEED(read(fd, old, sizeof(old) - 1) > 0);
	NEED(pwrite(fd, "\n", 1, 0) == 1);
	result = call();
	NEED(pwrite(fd, old, strlen(old), 0) == (ssize_t)strlen(old));
	close(fd);
	return result;
}

long errors_without_module(int *fd, int *rx, int *tx, long (*call)(void))
{
	char params[32];
	long result;

	if (!can_reload())
		return SKIPPED;
	snprintf(params, sizeof(params), "family=%d", dt_family());
	close(*fd);
	close(*rx);
	close(*tx);
	*fd = *rx = *tx = -1;
	/* what is closed holds the module for a grace period more */
	NEED(DT_WAIT_UNTIL(!errors_module_unload()));
	result = without_autoload(call);
	NEED(!errors_module_load(params));
	return result;
}
