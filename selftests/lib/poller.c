// SPDX-License-Identifier: GPL-2.0
/* See poller.h. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "poller.h"

static const long api_nr[] = {
	[API_POLL] = SYS_poll,
	[API_SELECT] = SYS_select,
	[API_EPOLL] = SYS_epoll_wait,
};

int wait_poll(int fd, int events, int timeout_ms)
{
	struct pollfd pfd = { fd, events, 0 };
	long n = DT_ERR(syscall(SYS_poll, &pfd, 1, timeout_ms));

	return n < 0 ? n : pfd.revents;
}

static int wait_select(int fd, int events, int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	fd_set in, out;
	long n;

	FD_ZERO(&in);
	FD_ZERO(&out);
	if (events & POLLIN)
		FD_SET(fd, &in);
	if (events & POLLOUT)
		FD_SET(fd, &out);
	n = DT_ERR(syscall(SYS_select, fd + 1, &in, &out, NULL, &tv));
	if (n < 0)
		return n;
	return (FD_ISSET(fd, &in) ? POLLIN : 0) |
	       (FD_ISSET(fd, &out) ? POLLOUT : 0);
}

int epoll_with(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0)
		return -errno;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev)) {
		close(ep);
		return -errno;
	}
	return ep;
}

int epoll_events(int ep, int timeout_ms)
{
	struct epoll_event ev = { 0 };
	long n = DT_ERR(syscall(SYS_epoll_wait, ep, &ev, 1, timeout_ms));

	return n < 0 ? n : n ? (int)ev.events : 0;
}

static int wait_epoll(int fd, int events, int timeout_ms)
{
	int ep = epoll_with(fd, events);
	int got;

	if (ep < 0)
		return ep;
	got = epoll_events(ep, timeout_ms);
	close(ep);
	return got;
}

int ready(enum api api, int fd, int events, int timeout_ms)
{
	switch (api) {
	case API_POLL:
		return wait_poll(fd, events, timeout_ms);
	case API_SELECT:
		return wait_select(fd, events, timeout_ms);
	default:
		return wait_epoll(fd, events, timeout_ms);
	}
}

static long run_poller(void *arg)
{
	struct poller *p = arg;

	return ready(p->api, p->fd, p->events, DT_LONG_MS);
}

bool start_poller(struct poller *p, enum api api, int fd, int events)
{
	p->api = api;
	p->fd = fd;
	p->events = events;
	return !dt_thread_start(&p->thread, run_poller, p) &&
	       dt_wait_asleep(p->thread.tid, api_nr[api]);
}

int join_poller(struct poller *p)
{
	return dt_thread_join(&p->thread);
}

static long recv_number(void *arg)
{
	return dt_recv_number(*(int *)arg, 0);
}

bool start_receiver(struct dt_thread *t, int *fd)
{
	return !dt_thread_start(t, recv_number, fd) &&
	       dt_wait_asleep(t->tid, SYS_recvfrom);
}
