// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Calls in the hands of those who have no right to them or do not know how:
 * handles that are guessed or somebody else's, control messages that are none,
 * lengths beyond all bounds, receives that cannot take what comes. All are
 * refused, nothing is harmed by it and nothing is left. The errno of each is in
 * errors_call_*.c; several tasks at once are in call_refused_race.c, and
 * everything at random in call_refused_wild.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "call.h"
#include "held.h"
#include "kselftest_harness.h"
#include "scm.h"

#define BAD	((void *)8)	/* where there is no memory */

FIXTURE(refused)
{
	int rx, tx;		/* a server, and a client connected to it */
	struct sockaddr_dipc addr;
	long messages;
};

FIXTURE_SETUP(refused)
{
	struct sockaddr_dipc any = dt_any();

	ASSERT_EQ(0, held_world(&self->messages))
		TH_LOG("is the module loaded?");
	self->rx = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx);
	self->addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(refused)
{
	close(self->tx);
	close(self->rx);
	EXPECT_TRUE(held_nothing_left(self->messages));
}

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/*
 * Handles
 */

TEST_F(refused, handles_that_are_guessed)
{
	uint64_t handle = held_take(self->tx, self->rx, 1);
	uint64_t random = 0x9e3779b97f4a7c15ULL ^ handle, guess;
	int i;

	ASSERT_NE(0, handle);
	for (i = 0; i < 20000; i++) {
		guess = next_random(&random);
		/* all, or what is near: its turn and its place */
		if (i % 3)
			guess = handle + (guess % 65536 << (i % 3 == 1 ? 0 : 16));
		if (guess == handle || !guess)
			continue;
		ASSERT_EQ(-ESRCH, held_do(i % HELD_N_STEPS, self->rx, guess,
					  &self->addr))
			TH_LOG("%#llx", (unsigned long long)guess);
	}
	EXPECT_EQ(3, calls_reply(BY_OP, self->rx, handle, "yes"));
	EXPECT_EQ(3, held_end(self->tx, 1));
}

/* Each thing that could be done; 0 if all are refused. */
static int try_all(int fd, uint64_t handle, const struct sockaddr_dipc *to)
{
	enum held_step step;

	for (step = 0; step < HELD_N_STEPS; step++)
		if (held_do(step, fd, handle, to) != -ESRCH)
			return 1 + step;
	return 0;
}

/* With a server of its own, which holds something as well. */
static int try_elsewhere(void *arg)
{
	struct sockaddr_dipc addr = dt_any();
	int rx = calls_server(SOCK_RDM, &addr), tx, err;
	uint64_t own;

	addr = dt_port_of(rx);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	own = held_take(tx, rx, 1);
	if (!own || own == *(uint64_t *)arg)
		return 100;
	err = try_all(rx, *(uint64_t *)arg, &addr);
	if (!err)
		err = try_all(tx, *(uint64_t *)arg, &addr);
	if (!err && !held_is(rx, own))
		err = 101;
	close(rx);
	close(tx);
	return err;
}

static int try_in_another_namespace(void *arg)
{
	return dt_netns_new() ? 99 : try_elsewhere(arg);
}

TEST_F(refused, handles_of_somebody_else)
{
	uint64_t handle = held_take(self->tx, self->rx, 1);

	ASSERT_NE(0, handle);
	EXPECT_EQ(0, try_elsewhere(&handle));
	EXPECT_EQ(0, dt_as_user(DT_NOBODY, try_elsewhere, &handle));
	EXPECT_EQ(0, dt_child_wait(dt_child(try_in_another_namespace,
					    &handle)));
	EXPECT_EQ(0, dt_as_ns_root(try_elsewhere, &handle));
	EXPECT_TRUE(held_is(self->rx, handle));
	EXPECT_EQ(3, calls_reply(BY_MSG, self->rx, handle, "yes"));
	EXPECT_EQ(3, held_end(self->tx, 1));
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

TEST_F(refused, no_handle_comes_twice)
{
	enum { N = 4000 };
	static uint64_t handle[N];
	int i;

	/* at the same few places, and at new ones */
	for (i = 0; i < N; i++) {
		handle[i] = held_take(self->tx, self->rx, i);
		ASSERT_NE(0, handle[i]);
		if (i % 8 == 0)
			continue;
		ASSERT_EQ(0, calls_drop(i % 2, self->rx, handle[i]));
		ASSERT_EQ(-ESRCH, calls_reply(BY_OP, self->rx, handle[i], ""));
		ASSERT_EQ(-ECONNRESET, held_end(self->tx, i));
	}
	qsort(handle, N, sizeof(handle[0]), compare);
	for (i = 1; i < N; i++)
		ASSERT_NE(handle[i - 1], handle[i]);
}

/*
 * Receives
 */

TEST_F(refused, receives_that_fail_use_up_no_handle)
{
	struct dipc_request r;
	int i, times = DIPC_HANDLES_MAX + 1;

	/* a debug kernel takes its time */
	if (getenv("DIPC_SLOW"))
		times = 2000;
	ASSERT_EQ(1, calls_start(BY_OP, self->tx, "x", WITH(.cookie = 1)));
	for (i = 0; i < times; i++)
		ASSERT_EQ(-EFAULT, OP(self->rx, .op = DIPC_OP_RECV,
				      .in = PTR(BAD), .in_len = 1,
				      .info = PTR(&r)));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(-EMSGSIZE, recv(self->rx, &r, sizeof(r), 0) < 0 ?
				     -errno : 0);
	EXPECT_EQ(1, calls_recv(BY_MSG, self->rx, MSG_DONTWAIT).ret);
}

static long read_plainly(void *arg)
{
	char c;

	return DT_ERR(read(*(int *)arg, &c, 1));
}

static long receive_it(void *arg)
{
	struct calls_got got = calls_recv(BY_OP, *(int *)arg, 0);

	return got.r.handle && calls_reply(BY_OP, *(int *)arg, got.r.handle,
					   "ab") == 2 ? got.ret : -EBADMSG;
}

/* Who comes first is handed the request, cannot hold it and gives it back. */
TEST_F(refused, who_cannot_take_it_leaves_it_to_the_next)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc mailbox;
	struct dt_thread plain, other;
	int fd[2];

	dt_unique(name, "refused");
	ASSERT_EQ(0, dt_mailbox_new(name, DT_MAILBOX(.transient = true)));
	mailbox = dt_mailbox(name);
	fd[0] = calls_server(SOCK_RDM, &mailbox);
	fd[1] = calls_server(SOCK_RDM, &mailbox);
	ASSERT_TRUE(fd[0] >= 0 && fd[1] >= 0);
	ASSERT_EQ(0, dt_thread_start(&plain, read_plainly, &fd[0]));
	ASSERT_TRUE(dt_wait_asleep(plain.tid, SYS_read));
	ASSERT_EQ(0, dt_thread_start(&other, receive_it, &fd[1]));
	ASSERT_TRUE(dt_wait_asleep(other.tid, SYS_ioctl));
	EXPECT_EQ(2, calls_call(BY_OP, self->tx, "x",
				WITH(.dest = &mailbox)).ret);
	EXPECT_EQ(-EMSGSIZE, dt_thread_join(&plain));
	EXPECT_EQ(1, dt_thread_join(&other));
	close(fd[0]);
	close(fd[1]);
}

/*
 * Control messages
 */

static long send_control(int fd, const void *buf, size_t len,
			 struct scm_control *c)
{
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c->buf, .msg_controllen = c->len,
	};

	return DT_ERR(sendmsg(fd, &msg, MSG_DONTWAIT));
}

static const struct {
	int type;
	size_t size;		/* 0: is only received */
} verb[] = {
	{ DIPC_CALL, sizeof(struct dipc_call_params) },
	{ DIPC_CANCEL, 8 },
	{ DIPC_REPLY, sizeof(struct dipc_reply_params) },
	{ DIPC_FORWARD, 8 },
	{ DIPC_DROP, 8 },
	{ DIPC_REQUEST, 0 },
	{ DIPC_OUTCOME, 0 },
	{ DIPC_CANCELLED, 0 },
	{ DIPC_RECV_CALLS, 0 },
};

#define N_VERBS (int)(sizeof(verb) / sizeof(verb[0]))

TEST_F(refused, control_messages_of_another_size)
{
	static const char zero[256];
	struct scm_control c;
	size_t size;
	int i;

	for (i = 0; i < N_VERBS; i++) {
		for (size = 0; size <= 128; size++) {
			if (size == verb[i].size && size)
				continue;
			c.len = 0;
			scm_put(&c, SOL_DIPC, verb[i].type, zero, size);
			ASSERT_EQ(-EINVAL, send_control(self->tx, "x", 0, &c))
				TH_LOG("%d of %zu", verb[i].type, size);
			ASSERT_EQ(-EINVAL, send_control(self->rx, "x", 1, &c));
		}
	}
	EXPECT_EQ(-EAGAIN, calls_recv(BY_OP, self->rx, MSG_DONTWAIT).ret);
	EXPECT_EQ(-ENOENT, calls_finish(BY_OP, self->tx, MSG_DONTWAIT).ret);
}

TEST_F(refused, control_messages_twice)
{
	struct dipc_reply_params reply = { 0 };
	char value[64] = { 0 };
	struct scm_control c;
	uint64_t handle;
	int i;

	handle = held_take(self->tx, self->rx, 0);
	ASSERT_NE(0, handle);
	for (i = 0; verb[i].size; i++) {
		/* what would be fine once: the first call has the cookie 0 */
		memset(value, 0, sizeof(value));
		if (verb[i].type == DIPC_CALL)
			value[0] = 1;
		if (verb[i].type == DIPC_FORWARD || verb[i].type == DIPC_DROP)
			memcpy(value, &handle, 8);
		reply.handle = handle;
		if (verb[i].type == DIPC_REPLY)
			memcpy(value, &reply, sizeof(reply));
		c.len = 0;
		scm_put(&c, SOL_DIPC, verb[i].type, value, verb[i].size);
		scm_put(&c, SOL_DIPC, verb[i].type, value, verb[i].size);
		ASSERT_EQ(-EINVAL, send_control(self->rx, NULL, 0, &c));
		ASSERT_EQ(-EINVAL, send_control(self->tx, NULL, 0, &c));
	}
	EXPECT_TRUE(held_is(self->rx, handle));
	EXPECT_EQ(-EAGAIN, held_end(self->tx, 0));
	EXPECT_EQ(-ENOENT, held_end(self->tx, 1));
}

/* The one who sends must have room for it and a right to its descriptor. */
TEST_F(refused, descriptors_where_there_can_be_none)
{
	uint64_t handle = held_take(self->tx, self->rx, 1), cookie = 1;
	struct dipc_reply_params part = { .handle = handle,
					  .flags = DIPC_REPLY_PART };
	struct scm_pipe p = scm_pipe();
	struct scm_control c;
	int sv[2], bad = 999;

	ASSERT_NE(0, handle);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	EXPECT_EQ(-EOPNOTSUPP, calls_reply_fd(self->rx, handle, "x", sv[0]));
	EXPECT_EQ(-EOPNOTSUPP, calls_reply_fd(self->rx, handle, "x",
					      self->tx));
	EXPECT_EQ(-EBADF, calls_reply_fd(self->rx, handle, "x", bad));
	/* with what is no reply, or not all of it */
	c.len = 0;
	scm_put(&c, SOL_DIPC, DIPC_REPLY, &part, sizeof(part));
	scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int));
	EXPECT_EQ(-EINVAL, send_control(self->rx, "x", 1, &c));
	c.len = 0;
	scm_put(&c, SOL_DIPC, DIPC_DROP, &handle, sizeof(handle));
	scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int));
	EXPECT_EQ(-EINVAL, send_control(self->rx, NULL, 0, &c));
	c.len = 0;
	scm_put(&c, SOL_SOCKET, SCM_RIGHTS, &p.wr, sizeof(int));
	scm_put(&c, SOL_DIPC, DIPC_CANCEL, &cookie, sizeof(cookie));
	EXPECT_EQ(-EINVAL, send_control(self->tx, NULL, 0, &c));
	/* with one that is refused for another reason */
	EXPECT_EQ(-ESRCH, calls_reply_fd(self->rx, handle ^ 1, "x", p.wr));
	EXPECT_EQ(-EEXIST, calls_start(BY_MSG, self->tx, "x",
				       WITH(.cookie = 1, .fd = &p.wr,
					    .n_fds = 1)));
	close(p.wr);
	p.wr = -1;
	EXPECT_TRUE(scm_pipe_wait_released(&p));
	EXPECT_TRUE(scm_pipe_end(&p));
	EXPECT_EQ(1, calls_reply(BY_OP, self->rx, handle, "x"));
	EXPECT_EQ(1, held_end(self->tx, 1));
	close(sv[0]);
	close(sv[1]);
}

TEST_F(refused, descriptors_that_are_never_received)
{
	struct scm_pipe p = scm_pipe(), q = scm_pipe();
	uint64_t handle;

	/* with a request that is dropped, and a reply that comes too late */
	ASSERT_EQ(1, calls_start(BY_MSG, self->tx, "x",
				 WITH(.cookie = 1, .fd = &p.wr, .n_fds = 1)));
	handle = calls_recv(BY_OP, self->rx, MSG_DONTWAIT).r.handle;
	ASSERT_NE(0, handle);
	EXPECT_EQ(0, calls_drop(BY_OP, self->rx, handle));
	EXPECT_EQ(-ECONNRESET, held_end(self->tx, 1));
	close(p.wr);
	p.wr = -1;
	EXPECT_TRUE(scm_pipe_wait_released(&p));
	handle = held_take(self->tx, self->rx, 2);
	ASSERT_NE(0, handle);
	EXPECT_EQ(0, calls_cancel(BY_OP, self->tx, 2));
	EXPECT_EQ(-EPIPE, calls_reply_fd(self->rx, handle, "x", q.wr));
	/* and one that nobody reads */
	handle = held_take(self->tx, self->rx, 3);
	EXPECT_EQ(1, calls_reply_fd(self->rx, handle, "x", q.wr));
	close(q.wr);
	q.wr = -1;
	EXPECT_TRUE(scm_pipe_is_held(&q));
	EXPECT_EQ(0, calls_cancel(BY_OP, self->tx, 3));
	EXPECT_TRUE(scm_pipe_wait_released(&q));
	EXPECT_TRUE(scm_pipe_end(&p) && scm_pipe_end(&q));
}

/*
 * Lengths
 */

TEST_F(refused, lengths_beyond_all_bounds)
{
	static const uint64_t much[] = {
		DIPC_MSG_LEN_MAX + 1ULL, UINT32_MAX, 1ULL << 32, INT64_MAX,
		1ULL << 63, UINT64_MAX,
	};
	static char buf[4096];
	uint64_t handle = held_take(self->tx, self->rx, 1);
	int i;

	ASSERT_NE(0, handle);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(-EMSGSIZE, OP(self->tx, .op = DIPC_OP_CALL,
					.out = PTR(buf), .out_len = much[i]));
		EXPECT_EQ(-EMSGSIZE, OP(self->tx, .op = DIPC_OP_CALL_START,
					.out = PTR(buf), .out_len = much[i]));
		EXPECT_EQ(-EMSGSIZE, OP(self->tx, .op = DIPC_OP_SEND,
					.out = PTR(buf), .out_len = much[i]));
		EXPECT_EQ(-EMSGSIZE, OP(self->rx, .op = DIPC_OP_REPLY,
					.handle = handle, .out = PTR(buf),
					.out_len = much[i]));
		EXPECT_EQ(-EMSGSIZE, OP(self->rx, .op = DIPC_OP_WRITE,
					.handle = handle, .out = PTR(buf),
					.out_len = much[i], .offset = 1));
		EXPECT_EQ(-EMSGSIZE, calls_write(BY_MSG, self->rx, handle,
						 much[i], buf, 1));
		/* no more is written there than there is */
		EXPECT_EQ(strlen(HELD_TEXT), OP(self->rx, .op = DIPC_OP_READ,
						.handle = handle,
						.in = PTR(buf),
						.in_len = much[i]));
		EXPECT_EQ(-EAGAIN, OP(self->rx, .op = DIPC_OP_RECV,
				      .in = PTR(buf), .in_len = much[i],
				      .flags = DIPC_OP_DONTWAIT));
		EXPECT_EQ(-EAGAIN, OP(self->tx, .op = DIPC_OP_CALL_FINISH,
				      .in = PTR(buf), .in_len = much[i],
				      .cookie = 1, .flags = DIPC_OP_DONTWAIT));
	}
	EXPECT_TRUE(held_is(self->rx, handle));
	EXPECT_EQ(-EAGAIN, held_end(self->tx, 1));
}

TEST_F(refused, nothing_is_shown_that_was_not_written)
{
	static char all[CALLS_TEXT_MAX + 64];
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t handle;
	long i;

	ASSERT_NE(MAP_FAILED, page);
	memset(page, 'z', 4096);
	ASSERT_EQ(0, mprotect(page + 4096, 4096, PROT_NONE));
	handle = held_take(self->tx, self->rx, 1);
	ASSERT_NE(0, handle);
	/* gaps, and what a bad part has written behind the end */
	EXPECT_EQ(1, calls_write(BY_OP, self->rx, handle, 100, "x", 1));
	EXPECT_EQ(-EFAULT, OP(self->rx, .op = DIPC_OP_WRITE, .handle = handle,
			      .offset = 200, .out = PTR(page + 4000),
			      .out_len = 100));
	EXPECT_EQ(0, calls_reply_at(BY_MSG, self->rx, handle, CALLS_TEXT_MAX,
				    "", 0));
	memset(all, 'y', sizeof(all));
	EXPECT_EQ(CALLS_TEXT_MAX, OP(self->tx, .op = DIPC_OP_CALL_FINISH,
				     .cookie = 1, .in = PTR(all),
				     .in_len = sizeof(all)));
	for (i = 0; i < CALLS_TEXT_MAX; i++)
		ASSERT_EQ(i == 100 ? 'x' : 0, all[i])
			TH_LOG("at %ld", i);
	EXPECT_EQ('y', all[CALLS_TEXT_MAX]);
}

/*
 * Forwarding
 */

TEST_F(refused, forwarded_to_who_cannot_take_it)
{
	char name[DIPC_NAME_MAX + 1], box[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc to, mailbox;
	struct scm_pipe p = scm_pipe();
	enum calls_form form;
	uint64_t handle;
	int fd;

	ASSERT_EQ(1, calls_start(BY_MSG, self->tx, "x",
				 WITH(.cookie = 1, .fd = &p.wr, .n_fds = 1)));
	handle = calls_recv(BY_OP, self->rx, MSG_DONTWAIT).r.handle;
	ASSERT_NE(0, handle);
	dt_unique(name, "refused");
	dt_unique(box, "refused");
	to = dt_name(name);
	mailbox = dt_mailbox(box);
	fd = calls_server(SOCK_SEQPACKET, &to);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, listen(fd, 1));
	ASSERT_EQ(0, dt_mailbox_new(box, NULL));
	for (form = BY_OP; form <= BY_MSG; form++) {
		EXPECT_EQ(-EPROTOTYPE, calls_forward(form, self->rx, handle,
						     &to));
		/* descriptors do not go there, nor by another way */
		EXPECT_EQ(-EOPNOTSUPP, calls_forward(form, self->rx, handle,
						     &mailbox));
	}
	EXPECT_TRUE(held_is(self->rx, handle));
	EXPECT_EQ(1, calls_reply(BY_OP, self->rx, handle, "x"));
	EXPECT_EQ(1, held_end(self->tx, 1));
	EXPECT_TRUE(scm_pipe_end(&p));
	close(fd);
	EXPECT_EQ(0, dt_mailbox_del(box));
}

TEST_HARNESS_MAIN
