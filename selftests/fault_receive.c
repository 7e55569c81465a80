// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: each allocation and each copy fails once. The message stays where
 * it was, or comes without what goes along with it, as the receiver is told;
 * and who is let in meanwhile is told when there is no memory for that, be it
 * in a soft interrupt. suite-timeout: 120
 * kmsg-allow: kmemleak: Cannot allocate a scan area
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"
#include "completion.h"
#include "fault_trace.h"
#include "scm.h"
#include "who.h"

#define SEC	1000000000ULL
#define MS	1000000ULL
#define MAX	(100 << 10)
#define PIECES	16	/* more than the kernel has room for on its stack */

struct receiving {
	int type;
	size_t len;
	bool has_file, is_async, matches;

	int rx, tx, io[2];
	struct scm_pipe pipe;
	struct sockaddr_dipc to;
	struct call waiting;
};

static char out[MAX], in[MAX];

static int set_up(void *env)
{
	static const struct dipc_queue_conf big = {
		.capacity_msgs = 4, .msg_max_bytes = MAX,
		.capacity_bytes = 4 * MAX,
	};
	struct receiving *r = env;
	struct sockaddr_dipc any = dt_any();
	uint32_t info = DIPC_INFO_SOURCE | DIPC_INFO_TAG | DIPC_INFO_PRIORITY |
			DIPC_INFO_ID;
	int one = 1, sv[2];
	long ret;

	dt_pattern(out, r->len, 1);
	if (r->type) {
		if (socketpair(dt_family(), r->type, 0, sv))
			return -errno;
		r->rx = sv[0];
		r->tx = sv[1];
	} else {
		r->rx = dt_socket_bound(SOCK_RDM, &any);
		if (r->rx < 0 || dt_set_conf(r->rx, &big))
			return -EIO;
		r->to = dt_port_of(r->rx);
		r->tx = dt_socket_connected(SOCK_RDM, &r->to);
	}
	setsockopt(r->rx, SOL_DIPC, DIPC_RECV_INFO, &info, sizeof(info));
	setsockopt(r->rx, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	setsockopt(r->rx, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (r->matches && post_match(r->rx, 0, 0, ~0ULL))
		return -EIO;
	if (r->has_file)
		r->pipe = scm_pipe();
	ret = r->has_file ? scm_send(r->tx, 'f', &r->pipe.wr, 1, 0, NULL) :
	      r->is_async ? send_async(r->tx, 'a', 7) :
			    send(r->tx, out, r->len, MSG_DONTWAIT);
	return ret < 0 ? -errno : pipe2(r->io, O_NONBLOCK);
}

static void tear_down(void *env)
{
	struct receiving *r = env;

	close(r->tx);
	close(r->rx);
	close(r->io[0]);
	close(r->io[1]);
	if (r->has_file)
		scm_pipe_end(&r->pipe);
}

static long receive(void *env)
{
	struct receiving *r = env;

	return DT_ERR(recv(r->rx, in, sizeof(in), MSG_DONTWAIT));
}

/* As who would wait, if it were not there: to be found by what he wants. */
static long receive_willing(void *env)
{
	struct receiving *r = env;

	return DT_ERR(recv(r->rx, in, sizeof(in), 0));
}

static long peek(void *env)
{
	struct receiving *r = env;

	return DT_ERR(recv(r->rx, in, sizeof(in), MSG_DONTWAIT | MSG_PEEK));
}

static bool is_right(void *env)
{
	struct receiving *r = env;

	return dt_pattern_differs(in, r->len, 1) < 0;
}

static bool is_received(void *env)
{
	return is_right(env) && receive(env) == -EAGAIN;
}

static bool is_there(void *env)
{
	struct receiving *r = env;

	return peek(env) == r->len;
}

static long receive_all(void *env)
{
	struct receiving *r = env;
	struct sockaddr_dipc from;
	struct scm_control room = { 0 };
	struct iovec iov[2] = { { in, 3 }, { in + 3, sizeof(in) - 3 } };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = room.buf, .msg_controllen = sizeof(room.buf),
	};
	long ret = DT_ERR(recvmsg(r->rx, &msg, MSG_DONTWAIT));
	struct cmsghdr *c;
	int fd;

	fault_pause();
	for (c = ret < 0 ? NULL : CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
			close(fd);
		}
	return ret;
}

static long receive_op_pieces(void *env)
{
	struct receiving *r = env;
	struct dipc_request request;
	struct iovec iov[PIECES];

	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec) { in + i * 10, 10 };
	return DT_ERR(ioctl(r->rx, DIPC_IOC_OP, &(struct dipc_op) {
		.size = sizeof(struct dipc_op), .op = DIPC_OP_RECV,
		.flags = DIPC_OP_IN_VEC | DIPC_OP_DONTWAIT,
		.in = (uintptr_t)iov, .in_len = PIECES,
		.info = (uintptr_t)&request }));
}

static long splice_it(void *env)
{
	struct receiving *r = env;

	return DT_ERR(splice(r->rx, NULL, r->io[1], NULL, r->len,
			     SPLICE_F_NONBLOCK));
}

static bool is_spliced(void *env)
{
	struct receiving *r = env;

	return read(r->io[0], in, r->len) == r->len && is_received(env);
}

static long read_completion(void *env)
{
	struct receiving *r = env;
	struct dipc_completion c;

	return completion(r->tx, 0, &c);
}

#define RECEIVING(test_name, step_, done, untouched, ...)		\
	FAULT_TEST(test_name, .setup = set_up, .step = step_,		\
		   .is_done = done, .is_untouched = untouched,		\
		   .teardown = tear_down, .may = { EAGAIN },		\
		   .env = &(struct receiving) { .len = 10, __VA_ARGS__ })
/* What comes along may be lost, of which the flags tell. */
#define LOSSY(test_name, step_, ...)					\
	FAULT_TEST(test_name, .setup = set_up, .step = step_,		\
		   .teardown = tear_down, .may_degrade = true,		\
		   .copy_is_late = true, .may = { ENOBUFS },		\
		   .env = &(struct receiving) { .len = 10, __VA_ARGS__ })

RECEIVING(receives_inline, receive, is_received, is_there)
RECEIVING(receives_segments, receive, is_received, is_there, .len = MAX)
RECEIVING(receives_what_matches, receive_willing, is_received, is_there,
	  .matches = true)
RECEIVING(receives_op_in_pieces, receive_op_pieces, is_received, is_there,
	  .len = 10 * PIECES)
RECEIVING(receives_link, receive, is_received, is_there,
	  .type = SOCK_SEQPACKET)
RECEIVING(receives_stream, receive, is_received, is_there, .type = SOCK_STREAM)
RECEIVING(peeks, peek, is_right, is_there)
RECEIVING(peeks_stream, peek, is_right, is_there, .type = SOCK_STREAM)
/* To splice(), what cannot be copied to the pipe is EAGAIN. */
RECEIVING(splices, splice_it, is_spliced, is_there)
RECEIVING(splices_stream, splice_it, is_spliced, is_there, .type = SOCK_STREAM)
LOSSY(receives_with_all, receive_all)
LOSSY(receives_file, receive_all, .has_file = true)
LOSSY(receives_file_of_stream, receive_all, .has_file = true,
      .type = SOCK_STREAM)
LOSSY(receives_completion, read_completion, .is_async = true)

/*
 * A receive makes room for a sender who is the first of its user there, and for
 * whom there must be a share: it fails to the sender, not to who receives.
 */
static int set_up_line(void *env)
{
	struct receiving *r = env;
	struct sockaddr_dipc any = dt_any();
	int err;

	r->rx = dt_socket_bound(SOCK_RDM, &any);
	if (r->rx < 0)
		return r->rx;
	r->to = dt_port_of(r->rx);
	r->tx = dt_socket_connected(SOCK_RDM, &r->to);
	r->io[0] = r->io[1] = -1;
	err = dt_set_capacity(r->rx, 1, DIPC_POLICY_WAIT);
	if (err || put(r->tx, 'a') != 1)
		return err ?: -EIO;
	err = call_send_as(&r->waiting, r->tx, 'b', 1, ALICE);
	return err ?: call_wait_asleep(&r->waiting) ? 0 : -ETIME;
}

static long receive_one(void *env)
{
	struct receiving *r = env;

	return take(r->rx);
}

/* Or the other one, where that failed at first. */
static bool is_let_in(void *env)
{
	struct receiving *r = env;
	long ret = call_end(&r->waiting);
	int letter = take(r->rx);

	return ret == 1 ? letter == 'b' :
			  ret == -ENOMEM && letter == -EAGAIN;
}

FAULT_TEST(lets_in_stranger, .setup = set_up_line, .step = receive_one,
	   .is_done = is_let_in, .teardown = tear_down,
	   .env = &(struct receiving) { .len = 1 })

/*
 * The same when the deadline of the message before has passed, in a soft
 * interrupt. No task can be named there: whatever may not sleep for memory
 * fails, in the whole machine, and has to do without.
 */
static int fail_atomic(bool on)
{
	static const char dir[] = "/sys/kernel/debug/failslab/";
	static const char *const set[][3] = {
		/* file, while it lasts, as the other tests want it */
		{ "ignore-gfp-wait", "Y", "N" },
		{ "space", "0", "0" },
		{ "task-filter", "N", "Y" },
	};
	char path[64];
	int err = 0;

	for (int i = 0; i < 3 && !err; i++) {
		/* the last step on the way there is the first back */
		int at = on ? i : 2 - i;

		snprintf(path, sizeof(path), "%s%s", dir, set[at][0]);
		err = fault_write(path, set[at][on ? 1 : 2]);
	}
	return err;
}

static long post_deadline(int fd, char letter, uint64_t ns)
{
	struct scm_control c = { 0 };

	scm_put(&c, SOL_DIPC, DIPC_DEADLINE, &ns, sizeof(ns));
	return scm_send_control(fd, letter, &c, MSG_DONTWAIT, NULL);
}

/* What the sender is told who is let in when the deadline has passed. */
static long let_in(struct receiving *r, uint64_t deadline)
{
	long ret;

	if (post_deadline(r->tx, 'a', deadline) != 1 ||
	    call_send_as(&r->waiting, r->tx, 'b', 1, ALICE) ||
	    !call_wait_asleep(&r->waiting))
		return -EIO;
	fault_trace_forget();
	ret = fail_atomic(true);
	ret = ret ?: call_end(&r->waiting);
	return fail_atomic(false) ?: ret;
}

static bool failed_in_softirq(void)
{
	static struct fault_hit hits[256];
	int n = fault_hits(hits, 256);
	bool seen = false;

	for (int i = 0; i < n; i++) {
		if (!hits[i].is_ours || !hits[i].in_softirq)
			continue;
		fault_record(&hits[i], ENOMEM);
		seen = true;
	}
	return seen;
}

TEST(lets_in_stranger_after_a_deadline)
{
	struct receiving r = { 0 };
	struct sockaddr_dipc any = dt_any();
	uint64_t deadline = 500 * MS;
	bool seen = false;
	long ret = 0;

	ASSERT_EQ(0, fault_world());
	r.rx = dt_socket_bound(SOCK_RDM, &any);
	r.to = dt_port_of(r.rx);
	r.tx = dt_socket_connected(SOCK_RDM, &r.to);
	ASSERT_EQ(0, dt_set_capacity(r.rx, 1, DIPC_POLICY_WAIT));
	/* on a slow machine it may be over before it is waited for */
	for (; !seen && deadline < 20 * SEC; deadline *= 2) {
		ret = let_in(&r, deadline);
		seen = failed_in_softirq();
		if (!seen)
			take_all(r.rx);
	}
	EXPECT_TRUE(seen);
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_EQ(-EAGAIN, take(r.rx));
	EXPECT_EQ(1, put_as(r.tx, 'c', 1, ALICE));
	EXPECT_EQ('c', take(r.rx));
	close(r.tx);
	close(r.rx);
	EXPECT_STREQ("", fault_left());
	EXPECT_STREQ("", fault_charged());
}

FAULT_MAIN
