/* SPDX-License-Identifier: GPL-2.0 */
/* Links for tests: both ends of a connection at once, and filling one. */
#ifndef DIPC_TEST_LINK_H
#define DIPC_TEST_LINK_H

#include <linux/dipc.h>

#define BUFFER	65536	/* of a stream */
#define ATOM	4096	/* what a stream keeps together */

struct link {
	int a, b;	/* a has connected, b was accepted */
};

/* 0 or a negative errno; conf of either side may be NULL. */
int link_conf(struct link *l, int type, const struct dipc_queue_conf *conf_a,
	      const struct dipc_queue_conf *conf_b);
int link_new(struct link *l, int type);
void link_close(struct link *l);
/* Without waiting; how many bytes went in, or a negative errno. */
long link_fill(int fd, size_t piece);
/* fewer where the kernel is slow */
int link_rounds(int n);

#endif /* DIPC_TEST_LINK_H */
