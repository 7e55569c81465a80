// SPDX-License-Identifier: GPL-2.0
/* See held.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/userfaultfd.h>

#include "held.h"

const char *const held_name[HELD_N_STEPS] = {
	[HELD_REPLY] = "REPLY", [HELD_REPLY_MSG] = "reply by message",
	[HELD_REPLY_RECV] = "REPLY_RECV", [HELD_WRITE] = "WRITE",
	[HELD_WRITE_MSG] = "part by message", [HELD_READ] = "READ",
	[HELD_FORWARD] = "FORWARD", [HELD_FORWARD_MSG] = "forward by message",
	[HELD_DROP] = "DROP", [HELD_DROP_MSG] = "drop by message",
};

uint64_t held_take_with(int client, int server, const struct calls_with *with)
{
	struct calls_got got;

	if (calls_start(BY_MSG, client, HELD_TEXT, with) != strlen(HELD_TEXT))
		return 0;
	got = calls_recv(BY_OP, server, MSG_DONTWAIT);
	return got.ret < 0 ? 0 : got.r.handle;
}

uint64_t held_take(int client, int server, uint64_t cookie)
{
	return held_take_with(client, server, WITH(.cookie = cookie));
}

static long reply_recv(int fd, uint64_t handle, const void *buf, size_t len)
{
	char more[HELD_LEN];
	struct dipc_request r;

	return OP(fd, .op = DIPC_OP_REPLY_RECV, .flags = DIPC_OP_DONTWAIT,
		  .out = PTR(buf), .out_len = len, .handle = handle,
		  .in = PTR(more), .in_len = sizeof(more), .info = PTR(&r));
}

long held_do_at(enum held_step step, int fd, uint64_t handle,
		const struct sockaddr_dipc *dest, void *buf, size_t len)
{
	switch (step) {
	case HELD_REPLY:
		return calls_reply_at(BY_OP, fd, handle, 0, buf, len);
	case HELD_REPLY_MSG:
		return calls_reply_at(BY_MSG, fd, handle, 0, buf, len);
	case HELD_REPLY_RECV:
		return reply_recv(fd, handle, buf, len);
	case HELD_WRITE:
		return calls_write(BY_OP, fd, handle, 0, buf, len);
	case HELD_WRITE_MSG:
		return calls_write(BY_MSG, fd, handle, 0, buf, len);
	case HELD_READ:
		return calls_read(fd, handle, 0, buf, len);
	case HELD_FORWARD:
		return calls_forward(BY_OP, fd, handle, dest);
	case HELD_FORWARD_MSG:
		return calls_forward(BY_MSG, fd, handle, dest);
	case HELD_DROP:
		return calls_drop(BY_OP, fd, handle);
	case HELD_DROP_MSG:
		return calls_drop(BY_MSG, fd, handle);
	default:
		return -ENOSYS;
	}
}

long held_do(enum held_step step, int fd, uint64_t handle,
	     const struct sockaddr_dipc *dest)
{
	char buf[HELD_LEN] = "reply..";

	return held_do_at(step, fd, handle, dest, buf, sizeof(buf));
}

bool held_is(int fd, uint64_t handle)
{
	char c;

	return calls_read(fd, handle, 0, &c, 1) == 1;
}

long held_end(int client, uint64_t cookie)
{
	return calls_finish_cookie(client, cookie, MSG_DONTWAIT).ret;
}

/*
 * In the middle
 */

static int make_page_missing(struct held_stuck *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = sysconf(_SC_PAGESIZE),
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	s->page = mmap(NULL, reg.range.len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = (unsigned long)s->page;
	if (s->page == MAP_FAILED || s->uffd < 0 ||
	    ioctl(s->uffd, UFFDIO_API, &api) ||
	    ioctl(s->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

static long run_stuck(void *arg)
{
	struct held_stuck *s = arg;

	return held_do_at(s->step, s->fd, s->handle, NULL, s->page, HELD_LEN);
}

int held_stuck_start(struct held_stuck *s, enum held_step step, int fd,
		     uint64_t handle)
{
	struct pollfd p = { .events = POLLIN };
	int err;

	*s = (struct held_stuck) { .step = step, .fd = fd, .handle = handle };
	err = make_page_missing(s);
	if (!err)
		err = dt_thread_start(&s->thread, run_stuck, s);
	if (err)
		return err;
	p.fd = s->uffd;
	return poll(&p, 1, DT_LONG_MS) == 1 ? 0 : -ETIME;
}

long held_stuck_end(struct held_stuck *s)
{
	struct uffdio_zeropage zero = {
		.range = { (unsigned long)s->page, sysconf(_SC_PAGESIZE) },
	};
	long ret;

	if (ioctl(s->uffd, UFFDIO_ZEROPAGE, &zero))
		return -errno;
	ret = dt_thread_join(&s->thread);
	close(s->uffd);
	munmap(s->page, sysconf(_SC_PAGESIZE));
	return ret;
}

/*
 * The world
 */

int held_world(long *messages)
{
	struct dt_stats stats;
	int err = dt_netns_new();

	if (!err)
		err = dt_stats_get(&stats);
	*messages = stats.messages;
	return err;
}

bool held_nothing_left(long messages)
{
	struct dt_stats stats = { 0 };
	int pair[2];
	bool can;

	if (!DT_WAIT_UNTIL(!dt_stats_get(&stats) &&
			   (long)stats.messages <= messages && !stats.ports))
		return false;
	/* what it may have is there to be had */
	if (dt_limit_set("user_max_bytes", 4096) ||
	    socketpair(dt_family(), SOCK_SEQPACKET, 0, pair))
		return false;
	can = DT_WAIT_UNTIL(send(pair[0], "x", 1, 0) == 1);
	close(pair[0]);
	close(pair[1]);
	return can;
}
