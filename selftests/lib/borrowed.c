// SPDX-License-Identifier: GPL-2.0
/* See borrowed.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/userfaultfd.h>

#include "ask.h"
#include "borrowed.h"
#include "post.h"

long borrowed_since(const struct dt_stats *before)
{
	return calls_counted(before, DIPC_REASON_BORROWED);
}

int pages_stay(void)
{
	return DT_ERR(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
}

int slow_new(struct slow *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int err = pages_stay();

	if (err)
		return err;
	s->at = buffer_map(SIZE);
	if (!s->at)
		return -ENOMEM;
	memset(s->at, 0, SIZE);
	s->page.at = (char *)s->at + MIDDLE;
	if (madvise(s->page.at, PAGE, MADV_DONTNEED))
		return -errno;
	s->page.uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = PTR(s->page.at);
	if (s->page.uffd < 0 || ioctl(s->page.uffd, UFFDIO_API, &api) ||
	    ioctl(s->page.uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

void slow_end(struct slow *s)
{
	munmap(s->at, SIZE);
	close(s->page.uffd);
}

static bool is_touched(const struct slow *s)
{
	struct pollfd pfd = { .fd = s->page.uffd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

bool slow_wait_touched(const struct slow *s, const struct dt_thread *until)
{
	return DT_WAIT_UNTIL(is_touched(s) || has_ended(until)) &&
	       is_touched(s);
}

bool has_ended(const struct dt_thread *t)
{
	return syscall(SYS_tgkill, getpid(), t->tid, 0) && errno == ESRCH;
}

bool has_byte(const void *buf, size_t len, uint8_t value)
{
	return memchr(buf, value, len);
}

/*
 * Each way
 */

static long want_once(struct passage *p)
{
	struct dipc_request r;

	return OP(p->rx, .op = DIPC_OP_RECV,
		  .flags = DIPC_OP_CONSUME | DIPC_OP_DONTWAIT,
		  .in = PTR(p->next), .in_len = 8, .info = PTR(&r));
}

int passage_on(struct passage *p, enum passage_kind kind, int rx, int tx)
{
	int sndbuf = 64 << 20;
	long err;

	*p = (struct passage) { .kind = kind, .rx = rx, .tx = tx };
	err = pages_stay();
	if (!err)
		err = DT_ERR(setsockopt(rx, SOL_SOCKET, SO_SNDBUFFORCE,
					&sndbuf, sizeof(sndbuf)));
	if (!err)
		err = DT_ERR(setsockopt(tx, SOL_SOCKET, SO_SNDBUFFORCE,
					&sndbuf, sizeof(sndbuf)));
	if (!err && kind == MESSAGE)
		return post_option(tx, DIPC_MODE, DIPC_MODE_EXPLICIT);
	if (!err)
		err = want_once(p);
	return err == -EAGAIN ? 0 : err < 0 ? err : -EEXIST;
}

int passage_new(struct passage *p, enum passage_kind kind, size_t longest)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 2 * longest,
		.msg_max_bytes = longest,
	};
	struct sockaddr_dipc any = dt_any(), to;
	int rx, tx, err;

	rx = calls_server(SOCK_RDM, &any);
	if (rx < 0)
		return rx;
	err = dt_set_conf(rx, &conf);
	if (err)
		return err;
	to = dt_port_of(rx);
	tx = dt_socket_connected(SOCK_RDM, &to);
	return tx < 0 ? tx : passage_on(p, kind, rx, tx);
}

void passage_close(struct passage *p)
{
	close(p->tx);
	close(p->rx);
}

static long send_message(struct passage *p)
{
	return dt_send(p->tx, p->out, p->len, 0, NULL);
}

static long send_request(struct passage *p)
{
	long ret = OP(p->tx, .op = DIPC_OP_CALL, .out = PTR(p->out),
		      .out_len = p->len, .in = PTR(p->next), .in_len = 8,
		      .deadline_ns = p->deadline_ns);

	return ret < 0 ? ret : ret ? -EBADMSG : p->len;
}

/* The next message, which ends it, is one byte. */
static long send_reply(struct passage *p)
{
	struct dipc_request r = { 0 };
	long ret = OP(p->rx, .op = DIPC_OP_RECV, .in = PTR(p->next),
		      .in_len = 8, .info = PTR(&r));

	if (ret < 0)
		return ret;
	if (!r.handle)
		return -ENOENT;
	ret = OP(p->rx, .op = DIPC_OP_REPLY_RECV, .handle = r.handle,
		 .out = PTR(p->out), .out_len = p->len, .in = PTR(p->next),
		 .in_len = 8, .info = PTR(&r));
	return ret == 1 ? (long)p->len : ret < 0 ? ret : -EBADMSG;
}

static long run(void *arg)
{
	struct passage *p = arg;

	switch (p->kind) {
	case MESSAGE:
		return send_message(p);
	case REQUEST:
		return send_request(p);
	default:
		return send_reply(p);
	}
}

bool passage_start(struct passage *p, const void *out, size_t len)
{
	p->out = out;
	p->len = len;
	return !dt_thread_start(&p->thread, run, p) &&
	       dt_wait_asleep(p->thread.tid,
			      p->kind == MESSAGE ? SYS_sendto : SYS_ioctl);
}

long passage_receive_vec(struct passage *p, const struct iovec *vec, int n)
{
	struct msghdr msg = { .msg_iov = (void *)vec, .msg_iovlen = n };
	struct dipc_request r = { 0 };
	long ret;

	if (p->kind == MESSAGE)
		return DT_ERR(recvmsg(p->rx, &msg, 0));
	if (p->kind == REPLY)
		return OP(p->tx, .op = DIPC_OP_CALL, .out = PTR("q"),
			  .out_len = 1, .flags = DIPC_OP_IN_VEC,
			  .in = PTR(vec), .in_len = n);
	ret = OP(p->rx, .op = DIPC_OP_RECV, .in = PTR(vec), .in_len = n,
		 .flags = DIPC_OP_CONSUME | DIPC_OP_IN_VEC, .info = PTR(&r));
	if (ret < 0)
		return ret;
	return OP(p->rx, .op = DIPC_OP_REPLY, .handle = r.handle) ?: ret;
}

long passage_receive(struct passage *p, void *in, size_t room)
{
	struct iovec vec = { in, room };

	return passage_receive_vec(p, &vec, 1);
}

long passage_end(struct passage *p)
{
	if (p->kind == REPLY && dt_send(p->tx, "m", 1, 0, NULL) != 1)
		return -EIO;
	return dt_thread_join(&p->thread);
}

bool passage_is_over(const struct passage *p)
{
	return DT_WAIT_UNTIL(!ask_outq(p->tx) && !ask_outq(p->rx));
}
