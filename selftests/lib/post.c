// SPDX-License-Identifier: GPL-2.0
/* See post.h. */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "post.h"
#include "scm.h"

long post_flags(int fd, char letter, const struct post_extras *x, int flags)
{
	struct scm_control control = { .len = 0 };
	uint32_t mode = x->mode, priority = x->priority;

	if (x->tag)
		scm_put(&control, SOL_DIPC, DIPC_TAG, &x->tag, sizeof(x->tag));
	if (x->priority != POST_NONE)
		scm_put(&control, SOL_DIPC, DIPC_PRIORITY, &priority,
			sizeof(priority));
	if (x->mode != POST_NONE)
		scm_put(&control, SOL_DIPC, DIPC_MODE, &mode, sizeof(mode));
	if (x->deadline_ns)
		scm_put(&control, SOL_DIPC, DIPC_DEADLINE, &x->deadline_ns,
			sizeof(x->deadline_ns));
	if (x->cookie)
		scm_put(&control, SOL_DIPC, DIPC_ASYNC, x->cookie,
			sizeof(*x->cookie));
	return scm_send_control(fd, letter, &control, flags, NULL);
}

long post(int fd, char letter, const struct post_extras *x)
{
	return post_flags(fd, letter, x, MSG_DONTWAIT);
}

static long run(void *arg)
{
	struct post_call *c = arg;
	long ret = post_flags(c->fd, c->letter, &c->extras, 0);

	c->ended = true;
	return ret;
}

int post_start(struct post_call *c, int fd, char letter,
	       const struct post_extras *x)
{
	*c = (struct post_call) { .fd = fd, .letter = letter, .extras = *x };
	return dt_thread_start(&c->thread, run, c);
}

bool post_wait_asleep(const struct post_call *c)
{
	return DT_WAIT_UNTIL(c->ended ||
			     dt_is_asleep(c->thread.tid, SYS_sendmsg)) &&
	       !c->ended;
}

long post_end(struct post_call *c)
{
	return dt_thread_join(&c->thread);
}

static void take_up(struct post_got *got, const struct cmsghdr *c)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);
	int i = got->n_types++;

	if (i >= POST_TYPES_MAX)
		return;
	got->type[i] = POST_TYPE(c->cmsg_level, c->cmsg_type);
	got->len[i] = len;
	if (c->cmsg_level == SOL_SOCKET && len <= sizeof(got->stamp[i])) {
		memcpy(got->stamp[i], CMSG_DATA(c), len);
		return;
	}
	if (c->cmsg_level != SOL_DIPC)
		return;
	if (c->cmsg_type == DIPC_SOURCE && len == sizeof(got->source))
		memcpy(&got->source, CMSG_DATA(c), len);
	if (c->cmsg_type == DIPC_TAG && len == sizeof(got->tag))
		memcpy(&got->tag, CMSG_DATA(c), len);
	if (c->cmsg_type == DIPC_PRIORITY && len == sizeof(got->priority))
		memcpy(&got->priority, CMSG_DATA(c), len);
	if (c->cmsg_type == DIPC_ID && len == sizeof(got->id))
		memcpy(&got->id, CMSG_DATA(c), len);
}

struct post_got post_recv_room(int fd, size_t room, int flags)
{
	char control[POST_ROOM] __attribute__((aligned(8)));
	struct post_got got = { .letter = '-' };
	struct iovec iov = { &got.letter, 1 };
	struct msghdr msg = {
		.msg_name = &got.from, .msg_namelen = sizeof(got.from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = room,
	};
	struct cmsghdr *c;

	memset(control, 0, sizeof(control));
	got.ret = DT_ERR(recvmsg(fd, &msg, flags));
	got.flags = msg.msg_flags;
	if (got.ret < 0)
		return got;
	got.control_len = msg.msg_controllen;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		take_up(&got, c);
	return got;
}

struct post_got post_recv(int fd)
{
	return post_recv_room(fd, POST_ROOM, MSG_DONTWAIT);
}

int post_option(int fd, int option, uint32_t value)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, option, &value, sizeof(value)));
}

int post_match(int fd, uint64_t port, uint64_t tag, uint64_t mask)
{
	struct dipc_match match = { .port = port, .tag = tag,
				    .tag_mask = mask };

	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_MATCH, &match,
				 sizeof(match)));
}
