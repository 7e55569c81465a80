// SPDX-License-Identifier: GPL-2.0
/* See calls.h: clients and servers that are threads and processes. */
#define _GNU_SOURCE
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "calls.h"

#ifndef SYS_close_range
#define SYS_close_range		436
#endif

#define PEER_FD		3	/* of the socket to who commands it */

/*
 * Threads
 */

static long run_client(void *arg)
{
	struct calls_client *c = arg;

	c->end = calls_call(c->form, c->fd, c->text, &c->with);
	c->ended = true;
	return c->end.ret;
}

int calls_client_start(struct calls_client *c, enum calls_form form, int fd,
		       const char *text, const struct calls_with *with)
{
	*c = (struct calls_client) { .form = form, .fd = fd, .text = text,
				     .with = *with };
	return dt_thread_start(&c->thread, run_client, c);
}

bool calls_client_is_asleep(const struct calls_client *c)
{
	return dt_is_asleep(c->thread.tid,
			    c->form == BY_OP ? SYS_ioctl : SYS_recvmsg);
}

bool calls_client_wait_asleep(const struct calls_client *c)
{
	return DT_WAIT_UNTIL(c->ended || calls_client_is_asleep(c)) &&
	       !c->ended;
}

int calls_client_interrupt(const struct calls_client *c, int signo)
{
	return syscall(SYS_tgkill, getpid(), c->thread.tid, signo) ? -errno : 0;
}

long calls_client_end(struct calls_client *c)
{
	return dt_thread_join(&c->thread);
}

static long run_echo(void *arg)
{
	struct calls_echo *e = arg;

	while (!e->ends) {
		struct calls_got got = calls_recv(e->form, e->fd, 0);
		long ret;

		if (got.ret < 0)
			return got.ret;
		if (!got.r.handle)
			continue;
		e->ends = !strcmp(got.text, "end");
		for (char *p = got.text; *p; p++)
			*p = toupper(*p);
		ret = calls_reply(e->form, e->fd, got.r.handle, got.text);
		/* who has given up has given up */
		if (ret < 0 && ret != -EPIPE)
			return ret;
		e->served++;
	}
	return 0;
}

int calls_echo_start(struct calls_echo *e, enum calls_form form, int fd)
{
	*e = (struct calls_echo) { .form = form, .fd = fd };
	return dt_thread_start(&e->thread, run_echo, e);
}

long calls_echo_end(struct calls_echo *e)
{
	struct sockaddr_dipc to = dt_port_of(e->fd);
	int fd = dt_socket(SOCK_RDM);
	struct calls_end end;

	if (fd < 0)
		return fd;
	end = calls_call(BY_OP, fd, "end", WITH(.dest = &to));
	close(fd);
	return end.ret < 0 ? end.ret : dt_thread_join(&e->thread);
}

/*
 * Processes
 */

struct order {
	calls_peer_fn fn;
	long arg;
};

/* With the functions and the memory of the process that it is forked from. */
static int run_peer(void *arg)
{
	struct calls_peer *p = arg;
	struct order order;
	long ret;

	if (dup2(p->sock, PEER_FD) < 0 ||
	    syscall(SYS_close_range, PEER_FD + 1, ~0U, 0))
		return 1;
	while (read(PEER_FD, &order, sizeof(order)) == sizeof(order)) {
		ret = order.fn(p->m, order.arg);
		if (send(PEER_FD, &ret, sizeof(ret), MSG_NOSIGNAL) < 0)
			return 1;
	}
	return 0;
}

int calls_peer_start(struct calls_peer *p)
{
	int pair[2];

	*p = (struct calls_peer) { .sock = -1 };
	p->m = mmap(NULL, sizeof(*p->m), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->m == MAP_FAILED)
		return -errno;
	p->m->fd = p->m->listener = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	p->sock = pair[1];
	p->pid = dt_child(run_peer, p);
	close(pair[1]);
	p->sock = pair[0];
	return p->pid < 0 ? -errno : 0;
}

int calls_peer_begin(struct calls_peer *p, calls_peer_fn fn, long arg)
{
	struct order order = { fn, arg };

	return send(p->sock, &order, sizeof(order), MSG_NOSIGNAL) < 0 ?
	       -errno : 0;
}

long calls_peer_end(struct calls_peer *p)
{
	struct pollfd pfd = { .fd = p->sock, .events = POLLIN };
	long ret;

	if (poll(&pfd, 1, DT_LONG_MS) != 1)
		return -ETIME;
	return read(p->sock, &ret, sizeof(ret)) == sizeof(ret) ? ret : -EPIPE;
}

long calls_peer_do(struct calls_peer *p, calls_peer_fn fn, long arg)
{
	int err = calls_peer_begin(p, fn, arg);

	return err ? err : calls_peer_end(p);
}

bool calls_peer_wait_asleep(const struct calls_peer *p, long nr)
{
	return dt_wait_asleep(p->pid, nr);
}

int calls_peer_stop(struct calls_peer *p)
{
	int status;

	if (kill(p->pid, SIGSTOP))
		return -errno;
	if (!DT_WAIT_UNTIL(waitpid(p->pid, &status, WNOHANG | WUNTRACED) ==
			   p->pid))
		return -ETIME;
	return WIFSTOPPED(status) ? 0 : -ECHILD;
}

int calls_peer_continue(struct calls_peer *p)
{
	return kill(p->pid, SIGCONT) ? -errno : 0;
}

int calls_peer_kill(struct calls_peer *p)
{
	int status, ret = 0;

	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		/* descriptors are closed before it can be waited for */
		if (!DT_WAIT_UNTIL(waitpid(p->pid, &status, WNOHANG) == p->pid))
			ret = -ETIME;
		p->pid = 0;
	}
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
	return ret;
}
