// SPDX-License-Identifier: GPL-2.0
/*
 * Long requests to a server that wants each once only (DIPC_OP_CONSUME): they
 * stay with their client until the server has read them. What it has read it
 * cannot read again, nor hand on; who may do that gets what does not change any
 * more, whatever the client does. A client is never held up by who reads, and nothing
 * of its memory is read once its call is over.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"
#include "calls.h"
#include "kselftest_harness.h"
#include "borrowed.h"

#define CHANGED	0xee
#define SECRET	0xaa	/* in no pattern of these tests */

FIXTURE(request)
{
	int server, client;
	struct sockaddr_dipc to;
	uint8_t *out, *same;		/* the client's; what it sends */
	struct slow in;			/* the server's */
	char answer[8];
	struct dipc_request r;
	struct page_op call, serve;
	struct dt_stats before;
};

static void fill(uint8_t *buf)
{
	for (size_t i = 0; i < SIZE; i++)
		buf[i] = i % 127;
}

/* In its queue it is seen that the server wants each request once. */
static long want_once(int fd)
{
	struct dipc_request r;
	char buf[8];

	return OP(fd, .op = DIPC_OP_RECV,
		  .flags = DIPC_OP_CONSUME | DIPC_OP_DONTWAIT,
		  .in = PTR(buf), .in_len = 8, .info = PTR(&r));
}

FIXTURE_SETUP(request)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 16, .capacity_bytes = 16 * SIZE,
		.msg_max_bytes = 4 * SIZE,
	};
	struct sockaddr_dipc any = dt_any();

	self->server = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->server)
		TH_LOG("is the module loaded? %s", strerror(-self->server));
	ASSERT_EQ(0, dt_set_conf(self->server, &conf));
	self->to = dt_port_of(self->server);
	self->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, slow_new(&self->in));
	self->out = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->same);
	fill(self->out);
	fill(self->same);
	self->call = (struct page_op) {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL, .out = PTR(self->out),
			.out_len = SIZE, .in = PTR(self->answer),
			.in_len = 8 },
	};
	self->serve = (struct page_op) {
		.fd = self->server,
		.op = { .op = DIPC_OP_RECV, .flags = DIPC_OP_CONSUME,
			.in = PTR(self->in.at), .in_len = SIZE,
			.info = PTR(&self->r) },
	};
	ASSERT_EQ(-EAGAIN, want_once(self->server));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(request)
{
	close(self->client);
	close(self->server);
	slow_end(&self->in);
	munmap(self->out, SIZE);
	munmap(self->same, SIZE);
}

typedef FIXTURE_DATA(request) env;

static bool is_whole(const env *e)
{
	return !memcmp(e->in.at, e->same, SIZE);
}

/* Asleep with its request in the queue. */
static bool ask(env *e)
{
	return !page_op_start(&e->call) &&
	       DT_WAIT_UNTIL(dt_port_queued(dt_port_id(e->server)) == 1) &&
	       dt_wait_asleep(e->call.thread.tid, SYS_ioctl);
}

/* As DIPC_OP_RECV into memory that is there, with these flags. */
static long receive(env *e, uint8_t *in, size_t len, uint32_t flags)
{
	return OP(e->server, .op = DIPC_OP_RECV,
		  .flags = DIPC_OP_DONTWAIT | flags, .in = PTR(in),
		  .in_len = len, .info = PTR(&e->r));
}

/* The server is stopped in the middle of it. */
static bool is_being_read(env *e)
{
	return ask(e) && !page_op_start(&e->serve) &&
	       page_wait_touched(&e->in.page);
}

#define EXPECT_REPLIED() do {						\
	EXPECT_EQ(2, OP(self->server, .op = DIPC_OP_REPLY,		\
			.handle = self->r.handle, .out = PTR("ok"),	\
			.out_len = 2));					\
	EXPECT_EQ(2, dt_thread_join(&self->call.thread));		\
} while (0)

#define EXPECT_BORROWED() EXPECT_EQ(1, borrowed_since(&self->before))
#define EXPECT_COPIED() EXPECT_EQ(0, borrowed_since(&self->before))

TEST_F(request, stays_where_it_is_and_is_whole)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(SIZE, self->r.len);
	EXPECT_REPLIED();
}

/* E-CALL-72 */
TEST_F(request, that_was_wanted_once_is_had_once)
{
	struct sockaddr_dipc any = dt_any(), next;
	int fd = calls_server(SOCK_RDM, &any);
	char byte;

	next = dt_port_of(fd);
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_EQ(-ENODATA, calls_read(self->server, self->r.handle, 0, &byte,
				       1));
	EXPECT_EQ(-ENODATA, calls_forward(BY_OP, self->server, self->r.handle,
					  &next));
	EXPECT_EQ(-ENODATA, calls_forward(BY_MSG, self->server, self->r.handle,
					  &next));
	EXPECT_REPLIED();
	close(fd);
}

/* Also one that is so short that it is copied in any case. */
TEST_F(request, that_is_short_is_had_once_as_well)
{
	char byte;

	ASSERT_EQ(0, page_give(&self->in.page));
	self->call.op.out_len = 100;
	ASSERT_TRUE(ask(self));
	EXPECT_COPIED();
	EXPECT_EQ(100, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_EQ(-ENODATA, calls_read(self->server, self->r.handle, 0, &byte,
				       1));
	EXPECT_REPLIED();
}

/* Who has not said so may read it again, and that is what it was. */
TEST_F(request, is_the_same_to_who_reads_it_twice)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, 0));
	EXPECT_TRUE(is_whole(self));
	memset(self->out, CHANGED, SIZE);
	memset(self->in.at, 0, SIZE);
	EXPECT_EQ(SIZE, calls_read(self->server, self->r.handle, 0,
				   self->in.at, SIZE));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
	/* for such a server the next one is copied at once */
	ASSERT_EQ(0, dt_stats_get(&self->before));
	ASSERT_TRUE(ask(self));
	EXPECT_COPIED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, 0));
	EXPECT_REPLIED();
}

/* There is not room for it all: so it can be read in parts. */
TEST_F(request, is_the_same_to_who_has_read_its_head)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(PAGE, receive(self, self->in.at, PAGE, DIPC_OP_CONSUME));
	EXPECT_EQ(SIZE, self->r.len);
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE - 10, calls_read(self->server, self->r.handle, 10,
					self->in.at + 10, SIZE));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/* Who judges by what he has read, and hands it on, vouches for what he read. */
TEST_F(request, is_the_same_to_whom_it_is_handed_on)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 1, .capacity_bytes = SIZE,
		.msg_max_bytes = SIZE,
	};
	struct sockaddr_dipc any = dt_any(), next;
	int fd = calls_server(SOCK_RDM, &any);

	ASSERT_EQ(0, dt_set_conf(fd, &conf));
	ASSERT_EQ(-EAGAIN, want_once(fd));
	next = dt_port_of(fd);
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, 0));
	memset(self->out, CHANGED, SIZE);
	memset(self->in.at, 0, SIZE);
	ASSERT_EQ(0, calls_forward(BY_OP, self->server, self->r.handle, &next));
	EXPECT_EQ(SIZE, OP(fd, .op = DIPC_OP_RECV, .flags = DIPC_OP_CONSUME,
			   .in = PTR(self->in.at), .in_len = SIZE,
			   .info = PTR(&self->r)));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(2, OP(fd, .op = DIPC_OP_REPLY, .handle = self->r.handle,
			.out = PTR("ok"), .out_len = 2));
	EXPECT_EQ(2, dt_thread_join(&self->call.thread));
	close(fd);
}

TEST_F(request, is_the_same_to_who_has_peeked_at_it)
{
	char head[128];

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(128, recv(self->server, head, 128, MSG_PEEK));
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(0, memcmp(head, self->same, 128));
	EXPECT_REPLIED();
}

/* Nobody has looked yet: it may be either, and is read all the same. */
TEST_F(request, that_is_changed_before_it_is_read_harms_nobody)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	for (size_t i = 0; i < SIZE; i++)
		ASSERT_TRUE(self->in.at[i] == self->same[i] ||
			    self->in.at[i] == CHANGED);
	EXPECT_REPLIED();
}

TEST_F(request, that_is_unmapped_can_be_read)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	ASSERT_EQ(self->out, mmap(self->out, SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/* Its child has a copy of the memory, and the server what the client has. */
TEST_F(request, is_not_changed_by_a_child_of_its_client)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	pid = fork();
	if (!pid) {
		memset(self->out, SECRET, SIZE);
		_exit(self->out[MIDDLE] != SECRET);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/*
 * The client's call is over, and its memory its own again, while the server is
 * in the middle of it. What it puts there then is nobody's business.
 */

static void keep_secret(env *e)
{
	memset(e->out, SECRET, SIZE);
}

#define EXPECT_NOTHING_RECEIVED() do {					\
	ASSERT_EQ(0, page_give(&self->in.page));			\
	/* it goes on to wait for the next one */			\
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));		\
	EXPECT_EQ(1, dt_thread_join(&self->serve.thread));		\
	EXPECT_EQ(0, self->r.handle);					\
	EXPECT_FALSE(has_byte(self->in.at, SIZE, SECRET));		\
} while (0)

/*
 * As is_being_read(), of a client that will be out of time. If it is before the
 * server has come to the middle, it is tried again.
 */
static bool is_being_read_in_time(env *e)
{
	long ms;

	for TRIES(ms) {
		e->call.op.deadline_ns = ms * 1000000ULL;
		if (dt_stats_get(&e->before) || page_op_start(&e->serve) ||
		    page_op_start(&e->call))
			return false;
		if (slow_wait_touched(&e->in, &e->call.thread))
			return true;
		/* if it comes there now after all this one is left over */
		if (dt_send(e->client, "m", 1, 0, NULL) != 1)
			return false;
		if (slow_wait_touched(&e->in, &e->serve.thread))
			return true;
		if (dt_thread_join(&e->serve.thread) != 1 ||
		    dt_thread_join(&e->call.thread) != -ETIMEDOUT)
			return false;
	}
	return false;
}

TEST_F(request, of_a_client_without_time_is_not_read_on)
{
	ASSERT_TRUE(is_being_read_in_time(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-ETIMEDOUT, dt_thread_join(&self->call.thread));
	keep_secret(self);
	EXPECT_NOTHING_RECEIVED();
}

TEST_F(request, of_a_client_that_is_interrupted_is_not_read_on)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(is_being_read(self));
	EXPECT_BORROWED();
	ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->call.thread.tid,
			     SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&self->call.thread));
	keep_secret(self);
	EXPECT_NOTHING_RECEIVED();
}

static int be_client(void *arg)
{
	env *e = arg;

	e->call.op.size = sizeof(e->call.op);
	calls_op(e->client, &e->call.op);
	return 1;
}

TEST_F(request, of_a_client_that_is_killed_is_not_read_on)
{
	pid_t pid = dt_child(be_client, self);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, page_op_start(&self->serve));
	ASSERT_TRUE(page_wait_touched(&self->in.page));
	EXPECT_BORROWED();
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_NOTHING_RECEIVED();
}

/* Nobody has taken it. */
TEST_F(request, that_expires_in_the_queue_leaves_nothing)
{
	self->call.op.deadline_ns = DT_SHORT_MS * 1000000ULL;
	ASSERT_EQ(0, page_op_start(&self->call));
	EXPECT_EQ(-ETIMEDOUT, dt_thread_join(&self->call.thread));
	EXPECT_BORROWED();
	EXPECT_EQ(-EAGAIN, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
}

/* However long the server holds it. */
TEST_F(request, that_is_held_after_its_call_leaves_nothing_borrowed)
{
	long ms, ret = -EAGAIN;

	ASSERT_EQ(0, page_give(&self->in.page));
	for TRIES(ms) {
		self->call.op.deadline_ns = ms * 1000000ULL;
		ASSERT_EQ(0, dt_stats_get(&self->before));
		ASSERT_EQ(0, page_op_start(&self->call));
		ASSERT_TRUE(DT_WAIT_UNTIL(
			(ret = receive(self, self->in.at, SIZE,
				       DIPC_OP_CONSUME)) != -EAGAIN ||
			has_ended(&self->call.thread)));
		EXPECT_EQ(-ETIMEDOUT, dt_thread_join(&self->call.thread));
		EXPECT_BORROWED();
		if (ret != -EAGAIN)
			break;
	}
	ASSERT_EQ(SIZE, ret);
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(-EPIPE, OP(self->server, .op = DIPC_OP_REPLY,
			     .handle = self->r.handle, .out = PTR("ok"),
			     .out_len = 2));
}

TEST_F(request, that_is_lost_with_its_server_leaves_nothing)
{
	ASSERT_TRUE(ask(self));
	close(self->server);
	self->server = -1;
	EXPECT_EQ(-ECONNREFUSED, dt_thread_join(&self->call.thread));
	EXPECT_BORROWED();
}

/* The receiver's memory is bad: it is for the next one, whole. */
TEST_F(request, that_could_not_be_received_is_whole)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE, PROT_READ));
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED();
	EXPECT_EQ(-EFAULT, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	/* a part of it was seen */
	memset(self->out, CHANGED, SIZE);
	ASSERT_EQ(0, mprotect(self->in.at + MIDDLE, PAGE,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

/* The sender's is: nothing is sent. */
TEST_F(request, of_bad_memory_is_not_sent)
{
	ASSERT_EQ(0, mprotect(self->out + MIDDLE, PAGE, PROT_NONE));
	ASSERT_EQ(0, page_op_start(&self->call));
	EXPECT_EQ(-EFAULT, dt_thread_join(&self->call.thread));
	EXPECT_COPIED();
	EXPECT_EQ(-EAGAIN, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
}

/* Client and server have one buffer for both, as many do. */
TEST_F(request, and_reply_at_the_same_place)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	self->call.op.in = PTR(self->out);
	self->call.op.in_len = SIZE;
	ASSERT_TRUE(ask(self));
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	memset(self->in.at, CHANGED, SIZE);
	self->serve.op.op = DIPC_OP_REPLY_RECV;
	self->serve.op.handle = self->r.handle;
	self->serve.op.out = PTR(self->in.at);
	self->serve.op.out_len = SIZE;
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));
	EXPECT_EQ(0, memcmp(self->out, self->in.at, SIZE));
	EXPECT_EQ(2, borrowed_since(&self->before));
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));
	EXPECT_EQ(1, dt_thread_join(&self->serve.thread));
}

/* Who does not sleep, and who may send it again, leaves nothing behind. */
TEST_F(request, that_outlives_its_system_call_is_copied)
{
	struct calls_end end;

	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(SIZE, calls_start_bytes(BY_OP, self->client, self->out, SIZE,
					  WITH(.cookie = 1)));
	EXPECT_COPIED();
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	EXPECT_TRUE(is_whole(self));
	EXPECT_EQ(2, calls_reply(BY_OP, self->server, self->r.handle, "ok"));
	end = calls_finish(BY_OP, self->client, 0);
	EXPECT_STREQ("ok", end.text);
}

TEST_F(request, that_is_sent_again_is_the_same)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	self->call.op.semantics = DIPC_AT_LEAST_ONCE;
	ASSERT_TRUE(ask(self));
	EXPECT_COPIED();
	EXPECT_EQ(SIZE, receive(self, self->in.at, SIZE, DIPC_OP_CONSUME));
	memset(self->out, CHANGED, SIZE);
	memset(self->in.at, 0, SIZE);
	ASSERT_EQ(0, calls_drop(BY_OP, self->server, self->r.handle));
	EXPECT_EQ(SIZE, OP(self->server, .op = DIPC_OP_RECV,
			   .flags = DIPC_OP_CONSUME, .in = PTR(self->in.at),
			   .in_len = SIZE, .info = PTR(&self->r)));
	EXPECT_EQ(2, self->r.attempt);
	EXPECT_TRUE(is_whole(self));
	EXPECT_REPLIED();
}

TEST_HARNESS_MAIN
