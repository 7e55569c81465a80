// SPDX-License-Identifier: GPL-2.0
/* See lend.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/userfaultfd.h>

#include "lend.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open		434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd		438
#endif

#define UFFD_NUMBER	200	/* descriptor in the receiver's process */
#define CANNOT_BEGIN	1	/* its status; no errno of recv() */

long lend_wait_ms(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return LEND_WAIT_MS * (slow && atoi(slow) > 0 ? atoi(slow) : 1);
}

/* A page of this process that stops who touches it. */
static int make_page_missing(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)page, sysconf(_SC_PAGESIZE) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg) || dup2(fd, UFFD_NUMBER) < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Status: the letter, or an errno, which is smaller. */
static int receive(void *arg)
{
	struct lend *l = arg;
	ssize_t n;

	if (!l->faults && make_page_missing(l->page))
		return CANNOT_BEGIN;
	n = recvfrom(l->fd, l->page, 1, 0, NULL, NULL);
	return n < 0 ? errno : n ? *(char *)l->page : '-';
}

int lend_start(struct lend *l, int fd, bool faults)
{
	*l = (struct lend) { .fd = fd, .faults = faults, .uffd = -1 };
	l->page = mmap(NULL, sysconf(_SC_PAGESIZE),
		       faults ? PROT_NONE : PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->page == MAP_FAILED)
		return -errno;
	l->pid = dt_child(receive, l);
	if (l->pid < 0) {
		l->pid = 0;
		return -errno;
	}
	return 0;
}

bool lend_is_asleep(const struct lend *l)
{
	return l->pid && dt_is_asleep(l->pid, SYS_recvfrom);
}

bool lend_wait_lent(struct lend *l)
{
	struct pollfd p = { .events = POLLIN };
	int pidfd;

	if (l->uffd < 0) {
		pidfd = syscall(SYS_pidfd_open, l->pid, 0);
		/* it may not have come so far yet */
		LEND_WAIT((l->uffd = syscall(SYS_pidfd_getfd, pidfd,
					     UFFD_NUMBER, 0)) >= 0);
		close(pidfd);
	}
	p.fd = l->uffd;
	return l->uffd >= 0 && poll(&p, 1, lend_wait_ms()) == 1 &&
	       p.revents == POLLIN;
}

int lend_give(struct lend *l)
{
	struct uffdio_zeropage zero = {
		.range = { (unsigned long)l->page, sysconf(_SC_PAGESIZE) },
	};

	return DT_ERR(ioctl(l->uffd, UFFDIO_ZEROPAGE, &zero));
}

bool lend_has_ended(struct lend *l, int *result)
{
	int status = 0;

	if (!l->pid)
		return true;
	if (waitpid(l->pid, &status, WNOHANG) != l->pid)
		return false;
	l->pid = 0;
	if (l->uffd >= 0)
		close(l->uffd);
	if (WIFSIGNALED(status))
		*result = -WTERMSIG(status);
	else if (WEXITSTATUS(status) >= '-')
		*result = WEXITSTATUS(status);
	else
		*result = -WEXITSTATUS(status);
	return true;
}

int lend_kill(struct lend *l)
{
	int result = 0;

	if (!l->pid)
		return -ESRCH;
	kill(l->pid, SIGKILL);
	return LEND_WAIT(lend_has_ended(l, &result)) ? result : -ETIME;
}
