// SPDX-License-Identifier: GPL-2.0
/*
 * Long payload that stays with its sender, and what receivers and servers do
 * with it beside taking it: they ask for what else is known, hand it on, want
 * it once or not at one mailbox, splice it into a pipe, look into the mailbox.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ask.h"
#include "call.h"
#include "kselftest_harness.h"
#include "borrowed.h"
#include "peek.h"
#include "post.h"

#define CHANGED	0xee
#define SECRET	0xaa	/* in no pattern of these tests */

static const struct dipc_queue_conf conf = {
	.capacity_msgs = 16, .capacity_bytes = 16 * SIZE, .msg_max_bytes = SIZE,
};

FIXTURE(serve)
{
	int rx, tx, client;		/* tx: in explicit mode */
	struct sockaddr_dipc to;
	uint8_t *out, *same, *in;
	char answer[8];
	struct dipc_request r;
	struct page_op call;
	struct passage message;
	struct dt_stats before;
};

static long want_once(int fd)
{
	struct dipc_request r;
	char buf[8];

	return OP(fd, .op = DIPC_OP_RECV,
		  .flags = DIPC_OP_CONSUME | DIPC_OP_DONTWAIT,
		  .in = PTR(buf), .in_len = 8, .info = PTR(&r));
}

FIXTURE_SETUP(serve)
{
	struct sockaddr_dipc any = dt_any();

	self->rx = calls_server(SOCK_RDM, &any);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	self->to = dt_port_of(self->rx);
	self->tx = dt_socket_connected(SOCK_RDM, &self->to);
	self->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, passage_on(&self->message, MESSAGE, self->rx, self->tx));
	self->out = buffer_map(SIZE);
	self->same = buffer_map(SIZE);
	self->in = buffer_map(SIZE);
	ASSERT_NE(NULL, self->out);
	ASSERT_NE(NULL, self->same);
	ASSERT_NE(NULL, self->in);
	dt_pattern(self->out, SIZE, 1);
	dt_pattern(self->same, SIZE, 1);
	self->call = (struct page_op) {
		.fd = self->client,
		.op = { .op = DIPC_OP_CALL, .out = PTR(self->out),
			.out_len = SIZE, .in = PTR(self->answer),
			.in_len = 8 },
	};
	ASSERT_EQ(-EAGAIN, want_once(self->rx));
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(serve)
{
	EXPECT_EQ(0, ask_outq(self->tx));
	EXPECT_TRUE(DT_WAIT_UNTIL(!ask_outq(self->client)));
	close(self->tx);
	close(self->client);
	close(self->rx);
}

typedef FIXTURE_DATA(serve) env;

#define EXPECT_BORROWED(e) EXPECT_EQ(1, borrowed_since(&(e)->before))
#define EXPECT_COPIED(e) EXPECT_EQ(0, borrowed_since(&(e)->before))
#define EXPECT_WHOLE(e) EXPECT_EQ(0, memcmp((e)->in, (e)->same, SIZE))

/* Asleep, with its request sent. */
static bool ask(env *e)
{
	return !page_op_start(&e->call) &&
	       dt_wait_asleep(e->call.thread.tid, SYS_ioctl);
}

static long receive_at(env *e, int fd, size_t room, uint32_t flags)
{
	memset(e->in, 0, SIZE);
	return OP(fd, .op = DIPC_OP_RECV, .flags = DIPC_OP_DONTWAIT | flags,
		  .in = PTR(e->in), .in_len = room, .info = PTR(&e->r));
}

#define EXPECT_REPLIED_AT(e, fd) do {					\
	EXPECT_EQ(2, OP(fd, .op = DIPC_OP_REPLY,			\
			.handle = (e)->r.handle, .out = PTR("ok"),	\
			.out_len = 2));					\
	EXPECT_EQ(2, dt_thread_join(&(e)->call.thread));		\
} while (0)

/*
 * Control messages
 */

static long receive_msg(env *e, struct msghdr *msg, void *control, size_t room)
{
	struct iovec iov = { e->in, SIZE };

	*msg = (struct msghdr) { .msg_iov = &iov, .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = room };
	return DT_ERR(recvmsg(e->rx, msg, MSG_DONTWAIT));
}

static bool has_request(struct msghdr *msg, struct dipc_request *r)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_DIPC || c->cmsg_type != DIPC_REQUEST)
			continue;
		memcpy(r, CMSG_DATA(c), sizeof(*r));
		return true;
	}
	return false;
}

TEST_F(serve, message_comes_with_its_source_and_number)
{
	char control[512] __attribute__((aligned(8)));
	struct sockaddr_dipc source = { 0 };
	struct msghdr msg;
	struct cmsghdr *c;
	uint64_t id = 0;

	ASSERT_EQ(0, post_option(self->rx, DIPC_RECV_INFO,
				 DIPC_INFO_SOURCE | DIPC_INFO_ID));
	ASSERT_TRUE(passage_start(&self->message, self->out, SIZE));
	EXPECT_BORROWED(self);
	EXPECT_EQ(SIZE, receive_msg(self, &msg, control, sizeof(control)));
	EXPECT_EQ(SIZE, passage_end(&self->message));
	EXPECT_WHOLE(self);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type == DIPC_SOURCE)
			memcpy(&source, CMSG_DATA(c), sizeof(source));
		if (c->cmsg_type == DIPC_ID)
			memcpy(&id, CMSG_DATA(c), sizeof(id));
	}
	EXPECT_EQ(dt_port_id(self->tx), source.sdipc_port);
	EXPECT_LT(0, id);
	EXPECT_EQ(0, msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

/* By recvmsg() a request is not wanted once: what is read twice is the same. */
TEST_F(serve, request_comes_with_its_record)
{
	char control[512] __attribute__((aligned(8)));
	struct msghdr msg;

	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED(self);
	EXPECT_EQ(SIZE, receive_msg(self, &msg, control, sizeof(control)));
	ASSERT_TRUE(has_request(&msg, &self->r));
	EXPECT_EQ(SIZE, self->r.len);
	EXPECT_WHOLE(self);
	memset(self->out, CHANGED, SIZE);
	memset(self->in, 0, SIZE);
	EXPECT_EQ(SIZE, calls_read(self->rx, self->r.handle, 0, self->in,
				   SIZE));
	EXPECT_WHOLE(self);
	EXPECT_REPLIED_AT(self, self->rx);
}

/* That is found before anything is looked at. */
TEST_F(serve, request_without_room_for_its_record_is_left)
{
	char control[512] __attribute__((aligned(8)));
	struct msghdr msg;

	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED(self);
	memset(self->in, 0, SIZE);
	EXPECT_EQ(-EMSGSIZE, receive_msg(self, &msg, control, CMSG_SPACE(4)));
	for (size_t i = 0; i < SIZE; i++)
		ASSERT_EQ(0, self->in[i]);
	EXPECT_EQ(SIZE, receive_msg(self, &msg, control, sizeof(control)));
	ASSERT_TRUE(has_request(&msg, &self->r));
	EXPECT_WHOLE(self);
	EXPECT_REPLIED_AT(self, self->rx);
}

/* All of its payload was seen before it was found that it cannot be had. */
TEST_F(serve, request_with_a_bad_record_is_the_same_later)
{
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED(self);
	EXPECT_EQ(-EFAULT, OP(self->rx, .op = DIPC_OP_RECV,
			      .flags = DIPC_OP_CONSUME, .in = PTR(self->in),
			      .in_len = SIZE, .info = 8));
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, receive_at(self, self->rx, SIZE, DIPC_OP_CONSUME));
	EXPECT_WHOLE(self);
	EXPECT_REPLIED_AT(self, self->rx);
}

/*
 * What becomes of a request
 */

/* There was room for its head only: so that is no promise. */
TEST_F(serve, request_longer_than_the_room_can_be_handed_on)
{
	struct sockaddr_dipc any = dt_any(), next;
	int fd = calls_server(SOCK_RDM, &any);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_set_conf(fd, &conf));
	next = dt_port_of(fd);
	ASSERT_TRUE(ask(self));
	EXPECT_BORROWED(self);
	EXPECT_EQ(PAGE, receive_at(self, self->rx, PAGE, DIPC_OP_CONSUME));
	EXPECT_EQ(0, memcmp(self->in, self->same, PAGE));
	EXPECT_EQ(SIZE, self->r.len);
	memset(self->out, CHANGED, SIZE);
	EXPECT_EQ(0, calls_forward(BY_OP, self->rx, self->r.handle, &next));
	EXPECT_EQ(SIZE, receive_at(self, fd, SIZE, DIPC_OP_CONSUME));
	EXPECT_WHOLE(self);
	EXPECT_BORROWED(self);
	EXPECT_REPLIED_AT(self, fd);
	close(fd);
}

/* There is nothing of it to be wanted twice, and it is not to be had twice. */
TEST_F(serve, empty_request_that_was_wanted_once_is_had_once)
{
	char byte;

	self->call.op.out_len = 0;
	ASSERT_TRUE(ask(self));
	EXPECT_EQ(0, receive_at(self, self->rx, SIZE, DIPC_OP_CONSUME));
	EXPECT_NE(0, self->r.handle);
	EXPECT_EQ(-ENODATA, calls_read(self->rx, self->r.handle, 0, &byte, 1));
	EXPECT_EQ(-ENODATA, calls_read(self->rx, self->r.handle, 0, &byte, 0));
	EXPECT_REPLIED_AT(self, self->rx);
}

TEST_F(serve, reply_that_begins_later_is_copied)
{
	struct page_op serve;
	char next[8];

	self->call.op.out_len = 1;
	self->call.op.in = PTR(self->in);
	self->call.op.in_len = SIZE;
	ASSERT_TRUE(ask(self));
	EXPECT_EQ(1, receive_at(self, self->rx, 8, 0));
	serve = (struct page_op) {
		.fd = self->rx,
		.op = { .op = DIPC_OP_REPLY_RECV, .handle = self->r.handle,
			.offset = 10, .out = PTR(self->same + 10),
			.out_len = SIZE - 10, .in = PTR(next), .in_len = 8,
			.info = PTR(&self->r) },
	};
	memset(self->in, CHANGED, SIZE);
	ASSERT_EQ(0, page_op_start(&serve));
	EXPECT_EQ(SIZE, dt_thread_join(&self->call.thread));
	EXPECT_COPIED(self);
	memset(self->same, 0, 10);
	EXPECT_WHOLE(self);
	ASSERT_EQ(1, dt_send(self->client, "m", 1, 0, NULL));
	EXPECT_EQ(1, dt_thread_join(&serve.thread));
}

/*
 * At a mailbox
 */

FIXTURE(box)
{
	env e;
	int once, often;		/* workers */
	struct dt_nl nl;
	struct sockaddr_dipc to;
	char name[DIPC_NAME_MAX + 1];
};

FIXTURE_SETUP(box)
{
	env *e = &self->e;

	memset(e, 0, sizeof(*e));
	dt_unique(self->name, "borrowed");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX(.mode = 0666,
				.capacity_msgs = 16,
				.capacity_bytes = 16 * SIZE,
				.msg_max_bytes = SIZE)));
	self->to = dt_mailbox(self->name);
	self->once = calls_server(SOCK_RDM, &self->to);
	self->often = calls_server(SOCK_RDM, &self->to);
	ASSERT_LE(0, self->once);
	ASSERT_LE(0, self->often);
	e->rx = self->often;
	e->tx = dt_socket_connected(SOCK_RDM, &self->to);
	e->client = dt_socket_connected(SOCK_RDM, &self->to);
	ASSERT_LE(0, e->tx);
	ASSERT_LE(0, e->client);
	ASSERT_EQ(0, passage_on(&e->message, MESSAGE, e->rx, e->tx));
	e->out = buffer_map(SIZE);
	e->same = buffer_map(SIZE);
	e->in = buffer_map(SIZE);
	ASSERT_NE(NULL, e->in);
	dt_pattern(e->out, SIZE, 1);
	dt_pattern(e->same, SIZE, 1);
	e->call = (struct page_op) {
		.fd = e->client,
		.op = { .op = DIPC_OP_CALL, .out = PTR(e->out),
			.out_len = SIZE, .in = PTR(e->answer), .in_len = 8 },
	};
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	ASSERT_EQ(0, dt_stats_get(&e->before));
}

FIXTURE_TEARDOWN(box)
{
	EXPECT_EQ(0, ask_outq(self->e.tx));
	EXPECT_TRUE(DT_WAIT_UNTIL(!ask_outq(self->e.client)));
	dt_nl_close(&self->nl);
	close(self->once);
	close(self->often);
	close(self->e.tx);
	close(self->e.client);
	dt_mailbox_del(self->name);
}

/* One worker wants each once, the other one does not say so. */
TEST_F(box, requests_are_borrowed_as_its_workers_want_them)
{
	env *e = &self->e;
	char byte;

	ASSERT_EQ(-EAGAIN, want_once(self->once));
	/* what the first one wants is what the second one comes upon … */
	ASSERT_TRUE(ask(e));
	EXPECT_BORROWED(e);
	EXPECT_EQ(SIZE, receive_at(e, self->often, SIZE, 0));
	EXPECT_WHOLE(e);
	memset(e->out, CHANGED, SIZE);
	memset(e->in, 0, SIZE);
	EXPECT_EQ(SIZE, calls_read(self->often, e->r.handle, 0, e->in, SIZE));
	EXPECT_WHOLE(e);
	EXPECT_REPLIED_AT(e, self->often);
	/* … and the other way round, … */
	dt_pattern(e->out, SIZE, 1);
	ASSERT_TRUE(ask(e));
	EXPECT_BORROWED(e);
	EXPECT_EQ(SIZE, receive_at(e, self->once, SIZE, DIPC_OP_CONSUME));
	EXPECT_WHOLE(e);
	EXPECT_EQ(-ENODATA, calls_read(self->once, e->r.handle, 0, &byte, 1));
	EXPECT_REPLIED_AT(e, self->once);
	/* … by which it is known again */
	ASSERT_TRUE(ask(e));
	EXPECT_EQ(2, borrowed_since(&e->before));
	EXPECT_EQ(SIZE, receive_at(e, self->once, SIZE, DIPC_OP_CONSUME));
	EXPECT_WHOLE(e);
	EXPECT_REPLIED_AT(e, self->once);
}

/* Who looks into it sees what will be received. */
TEST_F(box, message_is_the_same_to_who_looks_into_it)
{
	struct peeked got = { 0 };
	env *e = &self->e;

	ASSERT_TRUE(passage_start(&e->message, e->out, SIZE));
	EXPECT_BORROWED(e);
	ASSERT_EQ(0, peek(&self->nl, self->name, LIMITS(.bytes = 1024), &got));
	EXPECT_EQ(1, got.n);
	EXPECT_EQ(SIZE, got.m[0].len);
	EXPECT_EQ(1024, got.m[0].payload_len);
	EXPECT_EQ(0, memcmp(got.m[0].payload, e->same, 1024));
	memset(e->out, CHANGED, SIZE);
	EXPECT_EQ(SIZE, passage_receive(&e->message, e->in, SIZE));
	EXPECT_EQ(SIZE, passage_end(&e->message));
	EXPECT_WHOLE(e);
	free(got.times);
}

/*
 * To a pipe
 */

#define SPLICED		(48 * KIB)
#define ROUNDS		400

struct tease {
	struct dt_thread sender, teaser;
	int tx;
	uint8_t *buf;
	volatile bool ends;
	sem_t begin;			/* to receive */
	volatile int begun;		/* rounds, by who interrupts */
	volatile long sent, other;
};

static long send_again(void *arg)
{
	struct tease *t = arg;
	long ret;

	for (int i = 0; !t->ends; i++) {
		memset(t->buf, 1 + i % 100, SPLICED);
		ret = dt_send(t->tx, t->buf, SPLICED, 0, NULL);
		if (ret == SPLICED)
			t->sent++;
		else if (ret != -EINTR)
			t->other++;
		memset(t->buf, SECRET, SPLICED);
	}
	return 0;
}

/* About as long as it takes to splice or to wake somebody, at most. */
static void dawdle(unsigned int *seed)
{
	for (int n = rand_r(seed) % 20000; n; n--)
		__asm__ volatile("");
}

/* Once in each round, at any moment of it. */
static long interrupt_again(void *arg)
{
	struct tease *t = arg;
	unsigned int seed = 1;

	while (!sem_wait(&t->begin) && !t->ends) {
		t->begun++;
		dawdle(&seed);
		syscall(SYS_tgkill, getpid(), t->sender.tid, SIGUSR1);
	}
	return 0;
}

/* All of it that many times, of one byte each that may be seen. */
static bool is_right(const uint8_t *buf, long len)
{
	return buf[0] != SECRET && !memcmp(buf, buf + 1, len - 1);
}

/*
 * The pipe has something already, which stays as it is when a message goes
 * that was on its way there. In each second round there is none instead of it,
 * in the others the next one.
 */
TEST_F(serve, message_that_is_withdrawn_leaves_the_pipe_as_it_is)
{
	struct tease t = { .tx = self->tx, .buf = self->out };
	unsigned int seed = 2;
	long got, spliced = 0;
	uint8_t head[PAGE];
	int fd[2];

	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, pipe2(fd, O_CLOEXEC | O_NONBLOCK));
	ASSERT_EQ(0, sem_init(&t.begin, 0, 0));
	ASSERT_EQ(0, dt_thread_start(&t.sender, send_again, &t));
	ASSERT_EQ(0, dt_thread_start(&t.teaser, interrupt_again, &t));
	for (int i = 0; i < ROUNDS; i++) {
		memset(head, i, PAGE);
		ASSERT_EQ(PAGE, write(fd[1], head, PAGE));
		ASSERT_TRUE(DT_WAIT_UNTIL(is_readable(self->rx)));
		sem_post(&t.begin);
		/* he is to run by then: to wake him takes longer than to splice */
		while (t.begun <= i)
			sched_yield();
		/* a socket is not told of SPLICE_F_NONBLOCK */
		ASSERT_EQ(0, fcntl(self->rx, F_SETFL, i % 2 ? O_NONBLOCK : 0));
		dawdle(&seed);
		got = DT_ERR(splice(self->rx, NULL, fd[1], NULL, SPLICED, 0));
		ASSERT_TRUE(got == SPLICED || (i % 2 && got == -EAGAIN))
			TH_LOG("%ld", got);
		ASSERT_EQ(PAGE, read(fd[0], self->in, PAGE));
		ASSERT_EQ(0, memcmp(self->in, head, PAGE));
		if (got == SPLICED) {
			spliced++;
			for (long n, at = 0; at < SPLICED; at += n) {
				n = read(fd[0], self->in + at, SPLICED - at);
				ASSERT_LT(0, n);
			}
			ASSERT_TRUE(is_right(self->in, SPLICED));
		}
		ASSERT_EQ(-EAGAIN, DT_ERR(read(fd[0], self->in, 1)));
	}
	t.ends = true;
	sem_post(&t.begin);
	EXPECT_EQ(0, dt_thread_join(&t.teaser));
	ASSERT_TRUE(DT_WAIT_UNTIL((syscall(SYS_tgkill, getpid(), t.sender.tid,
					   SIGUSR1),
				   has_ended(&t.sender))));
	EXPECT_EQ(0, dt_thread_join(&t.sender));
	EXPECT_EQ(spliced, t.sent);
	EXPECT_EQ(0, t.other);
	EXPECT_LT(0, borrowed_since(&self->before));
	TH_LOG("%ld of %d were spliced, %ld borrowed", spliced, ROUNDS,
	       borrowed_since(&self->before));
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
