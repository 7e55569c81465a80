/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of libipc's calls share: a server and a client that is to
 * call it, calls for a thread to make, and a server in a process of its own.
 * To be included once by each suite.
 */
#ifndef LIBCALLS_TEST_H
#define LIBCALLS_TEST_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define MS		1000000ULL	/* in nanoseconds */
#define TEXT_MAX	64
#define BAD		((void *)1)

/* One piece, as two arguments. */
#define ONE(buf, len)	(&(struct iovec) { (void *)(buf), (len) }), 1
#define TEXT(text)	ONE(text, strlen(text))

/* A socket at an address that takes requests, and waits for them to an end. */
static inline int server_at(const struct sockaddr_dipc *addr)
{
	int fd = ipc_open(SOCK_RDM, 0), err;

	if (fd < 0)
		return fd;
	err = ipc_set_recv_calls(fd, 1);
	if (!err)
		err = ipc_bind(fd, addr);
	if (!err)
		err = ipc_set_timeouts(fd, DT_LONG_MS, DT_LONG_MS);
	if (err)
		close(fd);
	return err ? err : fd;
}

FIXTURE(calls)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc to;	/* the name */
	char unused[DIPC_NAME_MAX + 1];	/* another, which nobody has */
	struct sockaddr_dipc nobody;	/* that */
	uint64_t port;			/* of the server */
	int server, client;
};

FIXTURE_SETUP(calls)
{
	dt_unique(self->name, "libcalls");
	dt_unique(self->unused, "unused");
	ASSERT_EQ(0, ipc_addr_name(self->name, 0, &self->to));
	ASSERT_EQ(0, ipc_addr_name(self->unused, 0, &self->nobody));
	self->server = server_at(&self->to);
	ASSERT_LE(0, self->server)
		TH_LOG("is the module loaded? %s", strerror(-self->server));
	ASSERT_EQ(0, ipc_port_id(self->server, &self->port));
	self->client = ipc_open(SOCK_RDM, 0);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(calls)
{
	close(self->server);
	close(self->client);
}

/* Take a request, and its text; nothing is judged but by the result. */
struct taken {
	ssize_t len;
	struct dipc_request r;
	char text[TEXT_MAX + 1];
};

static inline struct taken take_flags(int fd, int flags)
{
	struct taken t = { 0 };

	t.len = ipc_recv_request(fd, ONE(t.text, TEXT_MAX), flags, NULL, &t.r);
	return t;
}

static inline struct taken take(int fd)
{
	return take_flags(fd, 0);
}

/* A call that a thread makes. */
struct asked {
	struct dt_thread thread;
	int fd;
	const struct sockaddr_dipc *to;
	const char *text;
	int timeout_ms;		/* 0: by ipc_callmsg() */
	struct ipc_call_attr attr;
	int flags;
	struct dipc_outcome o;
	char reply[TEXT_MAX + 1];
};

static inline long do_ask(void *arg)
{
	struct asked *a = arg;

	if (a->timeout_ms)
		return ipc_call(a->fd, a->to, a->text, strlen(a->text),
				a->reply, TEXT_MAX, a->timeout_ms);
	a->attr.to = a->to;
	return ipc_callmsg(a->fd, TEXT(a->text), ONE(a->reply, TEXT_MAX),
			   a->flags, &a->attr, &a->o);
}

static inline int ask(struct asked *a)
{
	return dt_thread_start(&a->thread, do_ask, a);
}

static inline bool ask_and_sleep(struct asked *a)
{
	return !ask(a) && dt_wait_asleep(a->thread.tid, SYS_ioctl);
}

static inline long answer_of(struct asked *a)
{
	return dt_thread_join(&a->thread);
}

#define ASKED(...) ((struct asked) { .fd = self->client, .to = &self->to,  \
				     .text = "ping", __VA_ARGS__ })

/* Start one, ask for the end of one without waiting. */
static inline int start_call(int fd, const struct sockaddr_dipc *to,
			     uint64_t cookie, const char *text)
{
	struct ipc_call_attr attr = { .to = to };

	return ipc_call_start(fd, cookie, TEXT(text), TEXT_MAX, 0, &attr);
}

static inline short events_of(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLPRI };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* A server in a process of its own, and what it has done so far. */
struct server_process {
	pid_t pid;
	struct server_memory {
		struct sockaddr_dipc addr;
		volatile int ready, taken;
		volatile uint64_t id;
		volatile uint32_t attempt;
		bool replies;
	} *shared;
};

static inline int serve_until_killed(void *arg)
{
	struct server_memory *m = arg;
	int fd = server_at(&m->addr);
	struct taken t;

	if (fd < 0)
		return 1;
	m->ready = 1;
	for (;;) {
		t = take(fd);
		if (t.len < 0)
			return 2;
		m->id = t.r.id;
		m->attempt = t.r.attempt;
		m->taken++;
		if (m->replies)
			ipc_reply(fd, t.r.handle, "done", 4);
	}
}

static inline int process_start(struct server_process *p,
				const struct sockaddr_dipc *addr, bool replies)
{
	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->shared == MAP_FAILED)
		return -errno;
	p->shared->addr = *addr;
	p->shared->replies = replies;
	p->pid = dt_child(serve_until_killed, p->shared);
	if (p->pid < 0)
		return -errno;
	return DT_WAIT_UNTIL(p->shared->ready) ? 0 : -ETIME;
}

static inline int process_kill(struct server_process *p)
{
	kill(p->pid, SIGKILL);
	return dt_child_wait(p->pid) == -SIGKILL ? 0 : -ECHILD;
}

#endif /* LIBCALLS_TEST_H */
