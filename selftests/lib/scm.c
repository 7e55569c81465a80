// SPDX-License-Identifier: GPL-2.0
/* See scm.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "scm.h"

#define TRUNC_FLAGS	(MSG_TRUNC | MSG_CTRUNC)

bool scm_put(struct scm_control *c, int level, int type, const void *data,
	     size_t len)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)(c->buf + c->len);

	if (c->len + CMSG_SPACE(len) > sizeof(c->buf))
		return false;
	memset(cmsg, 0, CMSG_SPACE(len));
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	if (len)
		memcpy(CMSG_DATA(cmsg), data, len);
	c->len += CMSG_SPACE(len);
	return true;
}

long scm_send_control(int sock, char letter, const struct scm_control *c,
		      int flags, const struct sockaddr_dipc *to)
{
	struct iovec iov = { &letter, 1 };
	struct msghdr msg = {
		.msg_name = (void *)to, .msg_namelen = to ? sizeof(*to) : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = (void *)c->buf, .msg_controllen = c->len,
	};

	return DT_ERR(sendmsg(sock, &msg, flags));
}

long scm_send(int sock, char letter, const int *fd, int n, int flags,
	      const struct sockaddr_dipc *to)
{
	struct scm_control c = { 0 };

	if (!scm_put(&c, SOL_SOCKET, SCM_RIGHTS, fd, n * sizeof(int)))
		return -E2BIG;
	return scm_send_control(sock, letter, &c, flags, to);
}

static void add_fds(struct scm_got *got, const void *data, size_t len)
{
	size_t n = len / sizeof(int);

	if (n > SCM_FDS_MAX + 1 - got->n_fds)
		n = SCM_FDS_MAX + 1 - got->n_fds;
	memcpy(got->fd + got->n_fds, data, n * sizeof(int));
	got->n_fds += n;
}

static void sort(struct scm_got *got, int type, const void *data, size_t len)
{
	got->n_cmsgs++;
	if (type == SCM_RIGHTS)
		add_fds(got, data, len);
	if (type == SCM_CREDENTIALS && len == sizeof(got->ucred)) {
		memcpy(&got->ucred, data, len);
		got->has_ucred = true;
	}
}

struct scm_got scm_recv_room(int sock, size_t room, int flags)
{
	static __thread char buf[SCM_ROOM] __attribute__((aligned(8)));
	struct scm_got got = { .letter = '-' };
	struct iovec iov = { &got.letter, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room ? buf : NULL, .msg_controllen = room,
	};
	struct cmsghdr *cmsg;

	got.ret = DT_ERR(recvmsg(sock, &msg, flags));
	if (got.ret < 0)
		return got;
	got.flags = msg.msg_flags & TRUNC_FLAGS;
	got.used = msg.msg_controllen;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == SOL_SOCKET)
			sort(&got, cmsg->cmsg_type, CMSG_DATA(cmsg),
			     cmsg->cmsg_len - CMSG_LEN(0));
	return got;
}

struct scm_got scm_recv(int sock, int flags)
{
	return scm_recv_room(sock, SCM_ROOM, flags);
}

void scm_close(struct scm_got *got)
{
	while (got->n_fds)
		close(got->fd[--got->n_fds]);
}

/*
 * As a 32-bit program: structures of its layout in memory that it can reach,
 * and its way into the kernel.
 */

struct cmsg_32 {
	uint32_t len;
	int level, type;
	char data[];
};

struct call_32 {
	struct {
		uint32_t name, namelen, iov, iovlen, control, controllen, flags;
	} msg;
	struct {
		uint32_t base, len;
	} iov;
	char letter;
	char control[SCM_ROOM] __attribute__((aligned(8)));
};

#define SENDMSG_32	370
#define RECVMSG_32	372

static sigjmp_buf no_such_call;

static void on_fault(int signo)
{
	siglongjmp(no_such_call, 1);
}

/* A kernel that knows no 32-bit programs faults. */
static long call_32(long nr, int sock, struct call_32 *c, int flags)
{
#ifdef __x86_64__
	struct sigaction sa = { .sa_handler = on_fault }, old;
	volatile long ret = -ENOSYS;
	long eax = nr;

	sigaction(SIGSEGV, &sa, &old);
	if (!sigsetjmp(no_such_call, 1)) {
		asm volatile ("int $0x80" : "+a" (eax)
			      : "b" ((long)sock), "c" (&c->msg),
				"d" ((long)flags)
			      : "memory", "r8", "r9", "r10", "r11");
		ret = (int)eax;
	}
	sigaction(SIGSEGV, &old, NULL);
	return ret;
#else
	return -ENOSYS;
#endif
}

static struct call_32 *map_32(size_t room)
{
	struct call_32 *c = MAP_FAILED;

#ifdef MAP_32BIT
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#endif
	if (c == MAP_FAILED)
		return NULL;
	c->iov.base = (uint32_t)(uintptr_t)&c->letter;
	c->iov.len = 1;
	c->msg.iov = (uint32_t)(uintptr_t)&c->iov;
	c->msg.iovlen = 1;
	c->msg.control = (uint32_t)(uintptr_t)c->control;
	c->msg.controllen = room;
	return c;
}

static size_t align_32(size_t len)
{
	return (len + 3) & ~3UL;
}

long scm_send_32(int sock, char letter, const int *fd, int n, int flags)
{
	size_t len = sizeof(struct cmsg_32) + n * sizeof(int);
	struct call_32 *c = map_32(len);
	struct cmsg_32 *cmsg;
	long ret;

	if (!c)
		return -ENOSYS;
	c->letter = letter;
	cmsg = (struct cmsg_32 *)c->control;
	cmsg->len = len;
	cmsg->level = SOL_SOCKET;
	cmsg->type = SCM_RIGHTS;
	memcpy(cmsg->data, fd, n * sizeof(int));
	ret = call_32(SENDMSG_32, sock, c, flags);
	munmap(c, sizeof(*c));
	return ret;
}

static void sort_32(struct scm_got *got, const struct call_32 *c)
{
	size_t at = 0;

	while (at + sizeof(struct cmsg_32) <= c->msg.controllen) {
		const struct cmsg_32 *cmsg = (void *)(c->control + at);

		if (cmsg->len < sizeof(*cmsg))
			return;
		if (cmsg->level == SOL_SOCKET)
			sort(got, cmsg->type, cmsg->data,
			     cmsg->len - sizeof(*cmsg));
		at += align_32(cmsg->len);
	}
}

struct scm_got scm_recv_32(int sock, size_t room, int flags)
{
	struct scm_got got = { .letter = '-', .ret = -ENOSYS };
	struct call_32 *c = map_32(room);

	if (!c)
		return got;
	got.ret = call_32(RECVMSG_32, sock, c, flags);
	if (got.ret >= 0) {
		got.letter = c->letter;
		got.flags = c->msg.flags & TRUNC_FLAGS;
		got.used = c->msg.controllen;
		sort_32(&got, c);
	}
	munmap(c, sizeof(*c));
	return got;
}

struct scm_pipe scm_pipe(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return (struct scm_pipe) { -1, -1 };
	return (struct scm_pipe) { fd[0], fd[1] };
}

bool scm_give(int sock, char letter, struct scm_pipe *p)
{
	bool sent;

	*p = scm_pipe();
	sent = scm_send(sock, letter, &p->wr, 1, MSG_DONTWAIT, NULL) == 1;
	close(p->wr);
	p->wr = -1;
	return sent;
}

static bool has_hung_up(const struct scm_pipe *p, int ms)
{
	struct pollfd pfd = { .fd = p->rd };

	return poll(&pfd, 1, ms) == 1 && pfd.revents & POLLHUP;
}

bool scm_is_write_end(int fd, const struct scm_pipe *p)
{
	char c = 'w', d = 0;

	return write(fd, &c, 1) == 1 && read(p->rd, &d, 1) == 1 && c == d;
}

bool scm_pipe_is_held(const struct scm_pipe *p)
{
	return p->rd >= 0 && !has_hung_up(p, 0);
}

bool scm_pipe_wait_released(const struct scm_pipe *p)
{
	return has_hung_up(p, DT_LONG_MS);
}

bool scm_pipe_end(struct scm_pipe *p)
{
	bool released;

	if (p->wr >= 0)
		close(p->wr);
	released = scm_pipe_wait_released(p);
	close(p->rd);
	p->rd = p->wr = -1;
	return released;
}

int scm_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3;	/* ".", ".." and the folder itself */

	if (!dir)
		return -errno;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
