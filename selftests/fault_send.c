// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: each allocation and each copy that a send makes fails once, in every
 * mode, of every length, and with all that may go along. Nothing is sent then,
 * and the next try sends one message, whole. suite-timeout: 120
 * kmsg-allow: kmemleak: Cannot allocate a scan area
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"
#include "calls.h"
#include "completion.h"
#include "scm.h"
#include "who.h"

#define SEC	1000000000ULL
#define BIG	(1 << 20)
#define MORE	30	/* descriptors */
#define PIECES	16	/* more than the kernel has room for on its stack */

enum place { BY_CONNECTION, BY_NAME, TO_MAILBOX, TO_LINK };

/* Two sockets, what is sent, and how. */
struct sending {
	enum place place;
	int type;
	size_t len;
	uint32_t mode;
	bool is_stranger;	/* the queue is somebody else's */
	bool has_deadline, has_files, has_more_files, is_async;

	int rx, tx;
	struct sockaddr_dipc to;
	struct scm_pipe pipe;
	struct scm_control control;
	struct msghdr msg;
	struct iovec iov[PIECES];
	char name[DIPC_NAME_MAX + 1];
	struct dt_thread helper;
	volatile bool is_over;
	volatile ssize_t got;
	int tid;
};

static char out[BIG], in[BIG];

static int open_link(struct sending *s)
{
	int sv[2];

	if (socketpair(dt_family(), s->type, 0, sv))
		return -errno;
	s->rx = sv[0];
	s->tx = sv[1];
	return 0;
}

static int open_both(struct sending *s)
{
	static const struct dipc_queue_conf big = {
		.capacity_msgs = 4, .msg_max_bytes = BIG,
		.capacity_bytes = 4 * BIG,
	};
	int err;

	dt_unique(s->name, "fault");
	s->to = s->place == TO_MAILBOX ? dt_mailbox(s->name) : dt_name(s->name);
	if (s->place == TO_MAILBOX && dt_mailbox_new(s->name,
						     DT_MAILBOX(.mode = 0666)))
		return -EIO;
	s->rx = dt_socket_bound(SOCK_RDM, &s->to);
	if (s->rx < 0)
		return s->rx;
	if (s->len > 4096 && (err = dt_set_conf(s->rx, &big)))
		return err;
	if (s->is_stranger && become(ALICE))
		return -EPERM;
	s->tx = s->place == BY_CONNECTION ?
		dt_socket_connected(SOCK_RDM, &s->to) : dt_socket(SOCK_RDM);
	return s->tx < 0 ? s->tx : 0;
}

static void add_control(struct sending *s)
{
	uint64_t deadline = 1000 * SEC, cookie = 7, tag = 5;
	int more[MORE];

	s->control.len = 0;
	if (s->mode)
		scm_put(&s->control, SOL_DIPC, DIPC_MODE, &s->mode,
			sizeof(s->mode));
	if (s->has_deadline) {
		scm_put(&s->control, SOL_DIPC, DIPC_DEADLINE, &deadline,
			sizeof(deadline));
		scm_put(&s->control, SOL_DIPC, DIPC_TAG, &tag, sizeof(tag));
	}
	if (s->is_async)
		scm_put(&s->control, SOL_DIPC, DIPC_ASYNC, &cookie,
			sizeof(cookie));
	if (s->has_files) {
		s->pipe = scm_pipe();
		scm_put(&s->control, SOL_SOCKET, SCM_RIGHTS, &s->pipe.wr,
			sizeof(int));
		/* in two parts: for the second there must be more room */
		for (int i = 0; i < MORE; i++)
			more[i] = s->pipe.rd;
		if (s->has_more_files)
			scm_put(&s->control, SOL_SOCKET, SCM_RIGHTS, more,
				sizeof(more));
	}
}

static int set_up(void *env)
{
	struct sending *s = env;
	bool needs_name = s->place == BY_NAME || s->place == TO_MAILBOX;
	int err = s->place == TO_LINK ? open_link(s) : open_both(s);

	if (err)
		return err;
	add_control(s);
	s->iov[0] = (struct iovec) { out, s->len / 2 };
	s->iov[1] = (struct iovec) { out + s->len / 2, s->len - s->len / 2 };
	s->msg = (struct msghdr) {
		.msg_name = needs_name ? &s->to : NULL,
		.msg_namelen = needs_name ? sizeof(s->to) : 0,
		.msg_iov = s->iov, .msg_iovlen = 2,
		.msg_control = s->control.len ? s->control.buf : NULL,
		.msg_controllen = s->control.len,
	};
	dt_pattern(out, s->len, 1);
	return 0;
}

static void tear_down(void *env)
{
	struct sending *s = env;

	if (s->is_stranger)
		become(0);
	close(s->tx);
	close(s->rx);
	if (s->place == TO_MAILBOX)
		dt_mailbox_del(s->name);
	if (s->has_files)
		scm_pipe_end(&s->pipe);
}

static long send_it(void *env)
{
	struct sending *s = env;

	return DT_ERR(sendmsg(s->tx, &s->msg, s->is_async ? 0 : MSG_DONTWAIT));
}

static bool nothing_there(void *env)
{
	struct sending *s = env;

	return recv(s->rx, in, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
	       errno == EAGAIN && (!s->is_async ||
				   !strcmp(told(s->tx, 0), "none"));
}

/* One descriptor came along, and it is the one. */
static bool take_with_file(struct sending *s)
{
	struct scm_control room = { 0 };
	struct iovec iov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room.buf, .msg_controllen = sizeof(room.buf),
	};
	struct cmsghdr *cmsg;
	bool is_it;
	int fd;

	if (recvmsg(s->rx, &msg, MSG_DONTWAIT) != (long)s->len)
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return false;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	is_it = scm_is_write_end(fd, &s->pipe);
	close(fd);
	for (int i = 1; s->has_more_files && i <= MORE; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		close(fd);
	}
	return is_it;
}

static bool take_all_bytes(struct sending *s)
{
	size_t n = 0;
	ssize_t got;

	if (s->has_files)
		return take_with_file(s);
	while (n < s->len) {
		got = recv(s->rx, in + n, s->len - n, MSG_DONTWAIT);
		if (got <= 0 || (s->type != SOCK_STREAM && got != s->len))
			return false;
		n += got;
	}
	return true;
}

/* Exactly one, and as it was sent. */
static bool all_there(void *env)
{
	struct sending *s = env;

	return take_all_bytes(s) && dt_pattern_differs(in, s->len, 1) < 0 &&
	       (!s->is_async ||
		strncmp(told(s->tx, 0), "none", 4)) && nothing_there(s);
}

#define SENDING(test_name, ...)	SENDING_AS(test_name, false, __VA_ARGS__)
#define SENDING_PAGES(test_name, ...) SENDING_AS(test_name, true, __VA_ARGS__)
#define SENDING_AS(test_name, pages, ...)				\
	FAULT_TEST(test_name, .setup = set_up, .step = send_it,		\
		   .has_pages = pages,					\
		   .is_done = all_there, .is_untouched = nothing_there,	\
		   .teardown = tear_down, .may = { ENOBUFS },		\
		   .env = &(struct sending) {				\
			.type = SOCK_RDM, .len = 10, __VA_ARGS__ })

SENDING(sends_inline)
SENDING(sends_reliable, .mode = DIPC_MODE_RELIABLE)
SENDING(sends_segment, .len = 1000)
SENDING_PAGES(sends_page, .len = 3000)
SENDING_PAGES(sends_100_kib, .len = 100 << 10)
SENDING_PAGES(sends_1_mib, .len = BIG)
SENDING(sends_to_name, .place = BY_NAME)
SENDING(sends_to_mailbox, .place = TO_MAILBOX)
SENDING(sends_deadline, .has_deadline = true)
SENDING(sends_deadline_long, .has_deadline = true, .len = 5000)
SENDING(sends_files, .has_files = true)
SENDING(sends_more_files, .has_files = true, .has_more_files = true)
SENDING(sends_files_deadline, .has_files = true, .has_deadline = true,
	.len = 3000)
SENDING(sends_async, .is_async = true)
SENDING(sends_async_reliable, .is_async = true, .mode = DIPC_MODE_RELIABLE,
	.has_deadline = true, .len = 3000)
SENDING(sends_async_explicit, .is_async = true, .mode = DIPC_MODE_EXPLICIT)
SENDING(sends_async_to_name, .is_async = true, .place = BY_NAME)
SENDING(sends_link, .place = TO_LINK, .type = SOCK_SEQPACKET)
SENDING(sends_link_files, .place = TO_LINK, .type = SOCK_SEQPACKET,
	.has_files = true, .len = 1000)
SENDING(sends_stream, .place = TO_LINK, .type = SOCK_STREAM)
SENDING(sends_stream_piece, .place = TO_LINK, .type = SOCK_STREAM, .len = 4096)
SENDING(sends_stream_files, .place = TO_LINK, .type = SOCK_STREAM,
	.has_files = true)

FAULT_TEST(sends_by_stranger, .setup = set_up, .step = send_it,
	   .is_done = all_there, .is_untouched = nothing_there,
	   .teardown = tear_down, .may = { ENOBUFS }, .not_all = true,
	   .env = &(struct sending) { .type = SOCK_RDM, .len = 10,
				      .is_stranger = true })

/* In a stream, with a reader who is behind. */
static int set_up_behind(void *env)
{
	struct sending *s = env;
	int err = set_up(env);

	return err ?: put(s->tx, 'a') == 1 ? 0 : -EIO;
}

static bool only_the_first(void *env)
{
	struct sending *s = env;
	int bytes;

	return !ioctl(s->rx, FIONREAD, &bytes) && bytes == 1;
}

static bool both_there(void *env)
{
	struct sending *s = env;

	return recv(s->rx, in, 1, MSG_DONTWAIT) == 1 && *in == 'a' &&
	       all_there(env);
}

FAULT_TEST(sends_stream_behind, .setup = set_up_behind, .step = send_it,
	   .is_done = both_there, .is_untouched = only_the_first,
	   .teardown = tear_down, .env = &(struct sending) {
		.type = SOCK_STREAM, .place = TO_LINK, .len = 100 })

/*
 * Sends that sleep first: somebody else takes what is in the way as soon as
 * that is so.
 */
static long receive_when_asleep(void *arg)
{
	struct sending *s = arg;

	while (!s->is_over) {
		if (!dt_is_asleep(s->tid, SYS_sendmsg)) {
			usleep(500);
			continue;
		}
		if (take(s->rx) < 0)
			return -EIO;
		break;
	}
	return 0;
}

static int set_up_helped(struct sending *s)
{
	s->tid = syscall(SYS_gettid);
	s->is_over = false;
	return dt_thread_start(&s->helper, receive_when_asleep, s);
}

static int set_up_no_room(void *env)
{
	struct sending *s = env;
	int err = set_up(env);

	if (!err)
		err = dt_set_capacity(s->rx, 1, DIPC_POLICY_WAIT);
	if (!err && put(s->tx, 'a') != 1)
		err = -EIO;
	return err ?: set_up_helped(s);
}

/* As much is outstanding as SO_SNDBUF allows; the queue has room. */
static int set_up_no_account(void *env)
{
	struct sending *s = env;
	int one = 1, err = set_up(env);

	if (err || setsockopt(s->tx, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one)))
		return err ?: -errno;
	for (int i = 0; i < 1000; i++)
		if (put_len(s->tx, 'a', 1000) == -EAGAIN)
			return set_up_helped(s);
	return -EIO;
}

static long send_waiting(void *env)
{
	struct sending *s = env;

	return DT_ERR(sendmsg(s->tx, &s->msg, 0));
}

static bool last_one_there(void *env)
{
	struct sending *s = env;
	ssize_t n, last = -1;

	while ((n = recv(s->rx, in, sizeof(in), MSG_DONTWAIT)) > 0)
		last = n;
	return last == s->len && dt_pattern_differs(in, s->len, 1) < 0;
}

static void tear_down_helped(void *env)
{
	struct sending *s = env;

	s->is_over = true;
	dt_thread_join(&s->helper);
	tear_down(env);
}

#define HELPED(test_name, set_up_, ...)					\
	FAULT_TEST(test_name, .setup = set_up_, .step = send_waiting,	\
		   .is_done = last_one_there,				\
		   .teardown = tear_down_helped, .may = { ENOBUFS },	\
		   .env = &(struct sending) {				\
			.type = SOCK_RDM, .len = 10, __VA_ARGS__ })

HELPED(waits_for_room, set_up_no_room)
HELPED(waits_for_room_reliable, set_up_no_room, .mode = DIPC_MODE_RELIABLE,
       .has_deadline = true)
HELPED(waits_for_account, set_up_no_account, .len = 1000)
HELPED(waits_for_account_for_a_time, set_up_no_account, .len = 1000,
       .has_deadline = true)

/*
 * Who sends explicitly and waits leaves a long payload where he has it. If there
 * is no memory for what that needs it is copied as any other.
 */
static long receive_all_when_asleep(void *arg)
{
	struct sending *s = arg;
	ssize_t n;

	while (!s->is_over) {
		n = dt_is_asleep(s->tid, SYS_sendmsg) ?
		    recv(s->rx, in, sizeof(in), MSG_DONTWAIT) : -1;
		if (n > 0) {
			s->got = n;
			return 0;
		}
		usleep(500);
	}
	return 0;
}

static int set_up_borrowed(void *env)
{
	struct sending *s = env;
	int err = set_up(env);

	if (err)
		return err;
	/* in one buffer */
	s->iov[0].iov_len = s->len;
	s->msg.msg_iovlen = 1;
	s->tid = syscall(SYS_gettid);
	s->is_over = false;
	s->got = 0;
	return dt_thread_start(&s->helper, receive_all_when_asleep, s);
}

static bool not_received(void *env)
{
	struct sending *s = env;

	return !s->got && nothing_there(env);
}

static bool was_received(void *env)
{
	struct sending *s = env;

	return DT_WAIT_UNTIL(s->got) && s->got == s->len &&
	       dt_pattern_differs(in, s->len, 1) < 0;
}

#define BORROWED(test_name, ...)						\
	FAULT_TEST(test_name, .setup = set_up_borrowed,			\
		   .step = send_waiting, .is_done = was_received,	\
		   .is_untouched = not_received,			\
		   .teardown = tear_down_helped, .has_pages = true,	\
		   .may = { ENOBUFS }, .spares = "dipc_borrowed_create",	\
		   .env = &(struct sending) {				\
			.type = SOCK_RDM, .mode = DIPC_MODE_EXPLICIT,	\
			.len = 64 << 10, __VA_ARGS__ })

BORROWED(sends_explicit_long)
BORROWED(sends_explicit_long_deadline, .has_deadline = true)

/* Without control messages, by the ioctl. */
static long send_op(void *env)
{
	struct sending *s = env;

	return OP(s->tx, .op = DIPC_OP_SEND,
		  .flags = DIPC_OP_OUT_VEC | DIPC_OP_DONTWAIT,
		  .out = PTR(s->iov), .out_len = 2, .dest = PTR(&s->to),
		  .deadline_ns = 1000 * SEC);
}

static long send_op_pieces(void *env)
{
	struct sending *s = env;
	size_t piece = s->len / PIECES;

	for (int i = 0; i < PIECES; i++)
		s->iov[i] = (struct iovec) { out + i * piece, piece };
	return OP(s->tx, .op = DIPC_OP_SEND,
		  .flags = DIPC_OP_OUT_VEC | DIPC_OP_DONTWAIT,
		  .out = PTR(s->iov), .out_len = PIECES);
}

FAULT_TEST(sends_by_op_in_pieces, .setup = set_up, .step = send_op_pieces,
	   .is_done = all_there, .is_untouched = nothing_there,
	   .teardown = tear_down, .env = &(struct sending) {
		.type = SOCK_RDM, .len = 10 * PIECES })

FAULT_TEST(sends_by_op, .setup = set_up, .step = send_op,
	   .is_done = all_there, .is_untouched = nothing_there,
	   .teardown = tear_down, .env = &(struct sending) {
		.type = SOCK_RDM, .len = 3000, .place = BY_NAME })

FAULT_MAIN
