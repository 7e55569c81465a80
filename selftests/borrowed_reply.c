// SPDX-License-Identifier: GPL-2.0
/*
 * Long replies of a server that goes on to receive: they stay in its own pages
 * until the client has read them. Nobody notices: the client gets what was
 * sent, whatever the server does next with its memory and be it killed; the
 * server is never held up by a client that is slow; and no page stays borrowed.
 */
#define _GNU_SOURCE
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ask.h"
#include "call.h"
#include "calls.h"
#include "kselftest_harness.h"
#include "borrowed.h"

#define CHANGED	0xee

FIXTURE(reply)
{
	int server, client, other;
	struct sockaddr_dipc to;
	struct slow in;			/* the client's */
	uint8_t *out, *same;		/* the server's; what it sends */
	struct dipc_request r[2];
	char next[8];
	struct page_op call, serve;
	struct dt_stats before;
};

FIXTURE_SETUP(reply)
{
	struct sockaddr_dipc any = dt_any();

	self->server = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->server)
		TH_LOG("is the module loaded? %s", strerror(-self->server));
	self->to = dt_port_of(self->server);
	self->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->client);
	self->other = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, slow_new(&self->in));
	self->out = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->same);
	dt_pattern(self->out, SIZE, 1);
	dt_pattern(self->same, SIZE, 1);
	self->call = (struct page_op) {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL, .out = PTR("q"), .out_len = 1,
			.in = PTR(self->in.at), .in_len = SIZE },
	};
	self->serve = (struct page_op) {
		.fd = self->server,
		.op = { .op = DIPC_OP_REPLY_RECV, .out = PTR(self->out),
			.out_len = SIZE, .in = PTR(self->next), .in_len = 8,
			.info = PTR(&self->r[1]) },
	};
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(reply)
{
	close(self->client);
	close(self->server);
	close(self->other);
	slow_end(&self->in);
	munmap(self->out, SIZE);
	munmap(self->same, SIZE);
}

typedef FIXTURE_DATA(reply) env;

/* The call is made, and the server has it. */
static bool ask(env *e)
{
	if (page_op_start(&e->call) ||
	    OP(e->server, .op = DIPC_OP_RECV, .in = PTR(e->next), .in_len = 8,
	       .info = PTR(&e->r[0])) != 1)
		return false;
	e->serve.op.handle = e->r[0].handle;
	return true;
}

/* The server replies; the client has begun to read it, and is stopped. */
static bool reply(env *e)
{
	return ask(e) && !page_op_start(&e->serve) &&
	       page_wait_touched(&e->in.page);
}

static bool is_whole(const env *e)
{
	return !memcmp(e->in.at, e->same, SIZE);
}

#define EXPECT_WHOLE() do {						\
	ASSERT_EQ(0, page_give(&self->in.page));			\
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));		\
	EXPECT_TRUE(is_whole(self));					\
} while (0)

#define EXPECT_BORROWED() EXPECT_EQ(1, borrowed_since(&self->before))
#define EXPECT_COPIED() EXPECT_EQ(0, borrowed_since(&self->before))

/* The server goes on: it gets the next message, however slow the client is. */
#define EXPECT_SERVER_GOES_ON() do {					\
	ASSERT_EQ(1, dt_send(self->other, "m", 1, 0, NULL));		\
	EXPECT_EQ(1, dt_thread_join(&self->serve.thread));		\
} while (0)

TEST_F(reply, stays_where_it_is_and_is_whole)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));
	EXPECT_TRUE(is_whole(self));
	EXPECT_BORROWED();
	/* although the server is still there */
	EXPECT_SERVER_GOES_ON();
}

TEST_F(reply, is_what_was_sent_when_the_server_goes_on)
{
	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	EXPECT_SERVER_GOES_ON();
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
}

TEST_F(reply, is_what_was_sent_when_the_next_request_comes_to_its_place)
{
	self->serve.op.in = PTR(self->out);
	self->serve.op.in_len = SIZE;
	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	memset(self->next, CHANGED, sizeof(self->next));
	ASSERT_EQ(8, dt_send(self->other, self->next, 8, 0, NULL));
	EXPECT_EQ(8, dt_thread_join(&self->serve.thread));
	EXPECT_EQ(CHANGED, self->out[0]);
	EXPECT_WHOLE();
}

TEST_F(reply, is_what_was_sent_when_its_memory_is_unmapped)
{
	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	ASSERT_EQ(self->out, mmap(self->out, SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
	EXPECT_SERVER_GOES_ON();
	EXPECT_WHOLE();
}

/* The child has a copy of the memory. */
TEST_F(reply, is_what_was_sent_when_a_child_of_the_server_writes)
{
	int status;
	pid_t pid;

	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	pid = fork();
	if (!pid) {
		memset(self->out, CHANGED, SIZE);
		_exit(self->out[MIDDLE] != CHANGED);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_WHOLE();
	EXPECT_EQ(0, memcmp(self->out, self->same, SIZE));
	EXPECT_SERVER_GOES_ON();
}

TEST_F(reply, is_what_was_sent_when_a_signal_ends_the_wait_for_the_next)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	ASSERT_TRUE(dt_wait_asleep(self->serve.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->serve.thread.tid,
			     SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&self->serve.thread));
	/* it was sent, and is not to be sent again */
	EXPECT_EQ(0, self->serve.op.handle);
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
}

/* The parent has the server's socket as well, so that it is not closed. */
TEST_F(reply, is_what_was_sent_when_the_server_is_killed)
{
	pid_t pid;

	ASSERT_TRUE(ask(self));
	pid = fork();
	if (!pid) {
		self->serve.op.size = sizeof(self->serve.op);
		calls_op(self->server, &self->serve.op);
		_exit(0);
	}
	ASSERT_TRUE(page_wait_touched(&self->in.page));
	EXPECT_BORROWED();
	ASSERT_TRUE(dt_wait_asleep(pid, SYS_ioctl));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_WHOLE();
}

static int be_client(void *arg)
{
	env *e = arg;
	struct page_op call = e->call;
	struct slow in;
	char byte = 0;

	if (slow_new(&in))
		return 1;
	call.op.in = PTR(in.at);
	if (page_op_start(&call) || !page_wait_touched(&in.page) ||
	    write(e->serve.fd, &byte, 1) != 1)
		return 1;
	pause();
	return 1;
}

TEST_F(reply, client_that_is_killed_leaves_nothing)
{
	int fd[2], server = self->server;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(fd));
	self->serve.fd = fd[1];
	pid = dt_child(be_client, self);
	ASSERT_LT(0, pid);
	self->serve.fd = server;
	ASSERT_EQ(1, OP(server, .op = DIPC_OP_RECV, .in = PTR(self->next),
			.in_len = 8, .info = PTR(&self->r[0])));
	self->serve.op.handle = self->r[0].handle;
	ASSERT_EQ(0, page_op_start(&self->serve));
	ASSERT_EQ(1, read(fd[0], &byte, 1));
	EXPECT_BORROWED();
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, dt_child_wait(pid));
	EXPECT_SERVER_GOES_ON();
	close(fd[0]);
	close(fd[1]);
}

TEST_F(reply, of_large_pages_is_whole)
{
	const size_t large = 2 * MIB;
	uint8_t *area = buffer_map(2 * large), *at;

	ASSERT_NE(NULL, area);
	at = (void *)(((uintptr_t)area + large - 1) & -large);
	/* if there is none it is one of small pages */
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	madvise(at, large, MADV_HUGEPAGE);
	memcpy(at + 100, self->same, SIZE);
	/* small ones are not made a large one just when they are borrowed */
	ASSERT_EQ(0, pages_stay());
	self->serve.op.out = PTR(at + 100);
	ASSERT_TRUE(reply(self));
	EXPECT_BORROWED();
	EXPECT_SERVER_GOES_ON();
	memset(at, CHANGED, large);
	EXPECT_WHOLE();
	munmap(area, 2 * large);
}

/* What is shared with others, and what a file has, is sent as well: copied. */
TEST_F(reply, of_a_file_is_whole)
{
	int fd = memfd_create("borrowed", 0);
	uint8_t *at;

	ASSERT_LE(0, fd);
	ASSERT_EQ(SIZE, write(fd, self->same, SIZE));
	at = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	self->serve.op.out = PTR(at);
	ASSERT_TRUE(reply(self));
	EXPECT_COPIED();
	EXPECT_SERVER_GOES_ON();
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_WHOLE();
	munmap(at, SIZE);
	close(fd);
}

TEST_F(reply, in_pieces_is_whole)
{
	struct iovec vec[2] = {
		{ self->out, SIZE / 4 }, { self->out + SIZE / 4, 3 * SIZE / 4 },
	};

	self->serve.op.out = PTR(vec);
	self->serve.op.out_len = 2;
	self->serve.op.flags = DIPC_OP_OUT_VEC;
	ASSERT_TRUE(reply(self));
	EXPECT_COPIED();
	EXPECT_SERVER_GOES_ON();
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
}

TEST_F(reply, that_began_with_a_part_is_whole)
{
	ASSERT_TRUE(ask(self));
	EXPECT_EQ(10, OP(self->server, .op = DIPC_OP_WRITE,
			 .handle = self->r[0].handle, .out = PTR("0123456789"),
			 .out_len = 10, .offset = SIZE - 10));
	memcpy(self->same + SIZE - 10, "0123456789", 10);
	self->serve.op.out_len = SIZE - 10;
	ASSERT_EQ(0, page_op_start(&self->serve));
	ASSERT_TRUE(page_wait_touched(&self->in.page));
	EXPECT_COPIED();
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
	EXPECT_SERVER_GOES_ON();
}

TEST_F(reply, is_copied_if_the_next_request_is_there)
{
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(1, dt_send(self->other, "m", 1, 0, NULL));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(1, dt_thread_join(&self->serve.thread));
	EXPECT_COPIED();
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
}

TEST_F(reply, is_copied_if_the_server_does_not_wait)
{
	self->serve.op.flags = DIPC_OP_DONTWAIT;
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EAGAIN, dt_thread_join(&self->serve.thread));
	EXPECT_COPIED();
	memset(self->out, CHANGED, SIZE);
	EXPECT_WHOLE();
}

TEST_F(reply, that_is_short_is_copied)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	self->serve.op.out_len = PAGE;
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(PAGE, dt_thread_join(&self->call.thread));
	EXPECT_EQ(0, memcmp(self->in.at, self->same, PAGE));
	EXPECT_COPIED();
	EXPECT_SERVER_GOES_ON();
}

/* The handle stays, and nothing else. */
TEST_F(reply, that_cannot_be_sent_can_be_mended)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	self->call.op.in_len = SIZE - 1;
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EMSGSIZE, dt_thread_join(&self->serve.thread));
	ASSERT_EQ(0, mprotect(self->out + MIDDLE, PAGE, PROT_NONE));
	self->serve.op.out_len = SIZE - 1;
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EFAULT, dt_thread_join(&self->serve.thread));
	EXPECT_COPIED();
	ASSERT_EQ(0, mprotect(self->out + MIDDLE, PAGE, PROT_READ));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(SIZE - 1, dt_thread_join(&self->call.thread));
	EXPECT_EQ(0, memcmp(self->in.at, self->same, SIZE - 1));
	EXPECT_BORROWED();
	EXPECT_SERVER_GOES_ON();
}

/* The client is out of time, or was interrupted, when the server replies. */
TEST_F(reply, that_is_late_leaves_nothing)
{
	long ms, ret = -EAGAIN;

	for TRIES(ms) {
		self->call.op.deadline_ns = ms * 1000000ULL;
		ASSERT_EQ(0, page_op_start(&self->call));
		/* or it is over already */
		ASSERT_EQ(0, dt_set_timeout(self->server, SO_RCVTIMEO, 2 * ms));
		ret = OP(self->server, .op = DIPC_OP_RECV,
			 .in = PTR(self->next), .in_len = 8,
			 .info = PTR(&self->r[0]));
		EXPECT_EQ(-ETIMEDOUT, dt_thread_join(&self->call.thread));
		if (ret != -EAGAIN)
			break;
	}
	ASSERT_EQ(1, ret);
	self->serve.op.handle = self->r[0].handle;
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EPIPE, dt_thread_join(&self->serve.thread));
	EXPECT_COPIED();
}

TEST_F(reply, to_who_was_interrupted_leaves_nothing)
{
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_TRUE(ask(self));
	ASSERT_TRUE(dt_wait_asleep(self->call.thread.tid, SYS_ioctl));
	ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->call.thread.tid,
			     SIGUSR1));
	EXPECT_EQ(-EINTR, dt_thread_join(&self->call.thread));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EPIPE, dt_thread_join(&self->serve.thread));
	EXPECT_COPIED();
}

/* The end of the copy fails: the reply is lost, as it is when it is copied. */
TEST_F(reply, to_bad_memory_leaves_nothing)
{
	ASSERT_EQ(0, page_give(&self->in.page));
	ASSERT_EQ(0, mprotect(self->in.at + SIZE - PAGE, PAGE, PROT_READ));
	ASSERT_TRUE(ask(self));
	ASSERT_EQ(0, page_op_start(&self->serve));
	EXPECT_EQ(-EFAULT, dt_thread_join(&self->call.thread));
	EXPECT_BORROWED();
	EXPECT_SERVER_GOES_ON();
}

/*
 * A client that gives up while the server's pages are looked for: that is long
 * with so many, but when it is nobody knows.
 */

#define LONG		MIB
#define ROUNDS		400	/* are enough, … */
#define LASTS_MS	4000	/* … and so is that */

struct tease {
	struct dt_thread thread;
	sem_t begin, fired;
	volatile int tid;		/* 0: that was all */
};

/* Once in each round, at any moment of it. */
static long interrupt_again(void *arg)
{
	struct tease *t = arg;
	unsigned int seed = 1;

	while (!sem_wait(&t->begin) && t->tid) {
		for (int n = rand_r(&seed) % 50000; n; n--)
			__asm__ volatile("");
		syscall(SYS_tgkill, getpid(), t->tid, SIGUSR1);
		sem_post(&t->fired);
	}
	return 0;
}

/* Here and there, as memset() is slow where it is emulated. */
static void mark(uint8_t *buf, uint8_t byte)
{
	for (size_t i = 0; i < LONG; i += 61)
		buf[i] = byte;
	buf[LONG - 1] = byte;
}

static bool is_all(const uint8_t *buf, uint8_t byte)
{
	for (size_t i = 0; i < LONG; i += 61)
		if (buf[i] != byte)
			return false;
	return buf[LONG - 1] == byte;
}

TEST_F(reply, that_becomes_late_is_nobodys)
{
	uint8_t *out = buffer_map(LONG), *in = buffer_map(LONG);
	int late = 0, i, sndbuf = 4 * LONG;
	struct dipc_op *op = &self->serve.op;
	struct tease t = { .tid = 0 };
	long ret, end, hits;

	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDBUFFORCE,
				&sndbuf, sizeof(sndbuf)));
	self->call.op.in = PTR(in);
	self->call.op.in_len = LONG;
	op->size = sizeof(*op);
	op->out = PTR(out);
	op->out_len = LONG;
	ASSERT_EQ(0, sem_init(&t.begin, 0, 0));
	ASSERT_EQ(0, sem_init(&t.fired, 0, 0));
	ASSERT_EQ(0, dt_thread_start(&t.thread, interrupt_again, &t));
	end = dt_now_ms() + LASTS_MS;
	for (i = 0; i < ROUNDS && dt_now_ms() < end; i++) {
		const uint8_t byte = 1 + i % 100;

		mark(out, byte);
		mark(in, 0);
		ASSERT_EQ(0, dt_set_timeout(self->server, SO_RCVTIMEO, 0));
		ASSERT_TRUE(ask(self));
		/* who has replied does not wait for long */
		ASSERT_EQ(0, dt_set_timeout(self->server, SO_RCVTIMEO, 1));
		t.tid = self->call.thread.tid;
		sem_post(&t.begin);
		ret = calls_op(self->server, op);
		mark(out, CHANGED);
		if (ret == -EPIPE) {
			late++;
			ASSERT_EQ(-EINTR, dt_thread_join(&self->call.thread));
			/* nothing has come */
			ASSERT_TRUE(is_all(in, 0));
		} else {
			ASSERT_EQ(-EAGAIN, ret);
			EXPECT_EQ(0, op->handle);
			ASSERT_EQ(LONG, dt_thread_join(&self->call.thread));
			ASSERT_TRUE(is_all(in, byte));
		}
		ASSERT_EQ(0, sem_wait(&t.fired));
	}
	t.tid = 0;
	sem_post(&t.begin);
	EXPECT_EQ(0, dt_thread_join(&t.thread));
	/* who is not late was not, either, when it was looked at */
	hits = borrowed_since(&self->before) - (i - late);
	EXPECT_LE(0, hits);
	EXPECT_GE(late, hits);
	TH_LOG("of %d, %d were late, %ld of these borrowed", i, late, hits);
	EXPECT_TRUE(DT_WAIT_UNTIL(!ask_outq(self->client)));
}

TEST_HARNESS_MAIN
