/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What poll, select and epoll say of a socket, at once or after some time, and
 * threads that sleep in them or in a receive. Events are those of poll(); what
 * cannot be found out is a negative errno.
 */
#ifndef DIPC_TEST_POLLER_H
#define DIPC_TEST_POLLER_H

#include "dipc_test.h"

enum api { API_POLL, API_SELECT, API_EPOLL };

/* Which of the events are true within that time. */
int ready(enum api api, int fd, int events, int timeout_ms);
int wait_poll(int fd, int events, int timeout_ms);

/* An epoll descriptor that watches fd, and what it has to tell. */
int epoll_with(int fd, uint32_t events);
int epoll_events(int ep, int timeout_ms);

struct poller {
	struct dt_thread thread;
	enum api api;
	int fd, events;
};

/* Until it sleeps in its system call. */
bool start_poller(struct poller *p, enum api api, int fd, int events);
int join_poller(struct poller *p);		/* the events */
/* The thread's result is the number received; fd is read when it runs. */
bool start_receiver(struct dt_thread *t, int *fd);

#endif /* DIPC_TEST_POLLER_H */
