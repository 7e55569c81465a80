/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page that is missing (userfaultfd) and stops who touches it until it is
 * given; and an operation of the ioctl in a thread of its own, which is to be
 * stopped by it in the middle of a copy.
 */
#ifndef DIPC_TEST_PAGE_H
#define DIPC_TEST_PAGE_H

#include "calls.h"

struct page {
	int uffd;
	char *at;
};

/* 0 or a negative errno */
int page_new(struct page *p);
bool page_wait_touched(const struct page *p);
int page_give(const struct page *p);	/* zeroes are in it */
void page_end(struct page *p);

struct page_op {
	struct dt_thread thread;
	int fd;
	struct dipc_op op;
};

/* 0 or a negative errno; dt_thread_join() gives what the ioctl gave */
int page_op_start(struct page_op *o);

#endif /* DIPC_TEST_PAGE_H */
