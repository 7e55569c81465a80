// SPDX-License-Identifier: GPL-2.0
/* See page.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/userfaultfd.h>

#include "page.h"

int page_new(struct page *p)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	p->at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = PTR(p->at);
	if (p->at == MAP_FAILED || p->uffd < 0 ||
	    ioctl(p->uffd, UFFDIO_API, &api) ||
	    ioctl(p->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

bool page_wait_touched(const struct page *p)
{
	struct pollfd pfd = { .fd = p->uffd, .events = POLLIN };

	return poll(&pfd, 1, DT_LONG_MS) == 1 && pfd.revents == POLLIN;
}

int page_give(const struct page *p)
{
	struct uffdio_zeropage zero = {
		.range = { PTR(p->at), sysconf(_SC_PAGESIZE) },
	};

	return DT_ERR(ioctl(p->uffd, UFFDIO_ZEROPAGE, &zero));
}

void page_end(struct page *p)
{
	munmap(p->at, sysconf(_SC_PAGESIZE));
	close(p->uffd);
}

static long do_op(void *arg)
{
	struct page_op *o = arg;

	o->op.size = sizeof(o->op);
	return calls_op(o->fd, &o->op);
}

int page_op_start(struct page_op *o)
{
	return dt_thread_start(&o->thread, do_op, o);
}
