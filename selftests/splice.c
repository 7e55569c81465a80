// SPDX-License-Identifier: GPL-2.0
/*
 * splice(), vmsplice(), tee() and sendfile() between pipes, files and dipc
 * sockets: every byte arrives, what a message carries is its own from the
 * moment on that the call returns, and where the kernel's pieces become
 * messages. How large these are is the kernel's business, but not unknown.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "ask.h"
#include "kselftest_harness.h"
#include "link.h"

#define PAGE		4096
#define PIECES		16	/* pages that newer kernels pass on at a time */

/* Bytes by which each place in a long stream differs from those around. */
static uint8_t byte_at(size_t offset)
{
	return offset ^ offset >> 8 ^ offset >> 16;
}

static void fill(uint8_t *buf, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(offset + i);
}

static bool is_filled(const uint8_t *buf, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len && buf[i] == byte_at(offset + i); i++)
		;
	return i == len;
}

static size_t large(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 1 << 20 : 12 << 20;
}

/* How much of a file or full pipe becomes one message. */
static size_t piece_bytes(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 5) ? PIECES * PAGE : PAGE;
}

/* A file of that many bytes, at its beginning. */
static int file_new(size_t len)
{
	int fd = memfd_create("splice", MFD_CLOEXEC);
	uint8_t buf[PAGE];
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < PAGE ? len - at : PAGE;
		fill(buf, at, n);
		if (write(fd, buf, n) != n)
			return -1;
	}
	return lseek(fd, 0, SEEK_SET) ? -1 : fd;
}

FIXTURE(way)
{
	int tx, rx;
	int pipe[2], other[2];
	size_t piece;
};

FIXTURE_VARIANT(way)
{
	int type;
};

FIXTURE_VARIANT_ADD(way, rdm) { .type = SOCK_RDM };
FIXTURE_VARIANT_ADD(way, dgram) { .type = SOCK_DGRAM };
FIXTURE_VARIANT_ADD(way, seqpacket) { .type = SOCK_SEQPACKET };
FIXTURE_VARIANT_ADD(way, stream) { .type = SOCK_STREAM };

FIXTURE_SETUP(way)
{
	struct sockaddr_dipc addr = dt_any();
	int sv[2];

	signal(SIGPIPE, SIG_IGN);
	self->piece = piece_bytes();
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(self->other, O_CLOEXEC));
	if (variant->type == SOCK_SEQPACKET || variant->type == SOCK_STREAM) {
		ASSERT_EQ(0, DT_ERR(socketpair(dt_family(), variant->type, 0,
					       sv)));
		self->tx = sv[0];
		self->rx = sv[1];
		return;
	}
	self->rx = dt_socket_bound(variant->type, &addr);
	ASSERT_LE(0, self->rx)
		TH_LOG("is the module loaded? %s", strerror(-self->rx));
	addr = dt_port_of(self->rx);
	self->tx = dt_socket_connected(variant->type, &addr);
	ASSERT_LE(0, self->tx);
}

FIXTURE_TEARDOWN(way)
{
	close(self->tx);
	close(self->rx);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->other[0]);
	close(self->other[1]);
}

static long take_up_to(int fd, void *buf, size_t len)
{
	return dt_recv(fd, buf, len, MSG_DONTWAIT, NULL);
}

static long splice_in(int pipe, int sock, size_t len, unsigned int flags)
{
	return DT_ERR(splice(pipe, NULL, sock, NULL, len, flags));
}

static long splice_out(int sock, int pipe, size_t len, unsigned int flags)
{
	return DT_ERR(splice(sock, NULL, pipe, NULL, len, flags));
}

/* How many messages in a row hold it, and none is longer; or -1. */
static int messages_with(int fd, size_t len, size_t longest)
{
	static uint8_t buf[PIECES * PAGE + 1];
	size_t at = 0;
	int n = 0;
	long got;

	while (at < len) {
		got = take_up_to(fd, buf, sizeof(buf));
		if (got <= 0 || got > longest || !is_filled(buf, at, got))
			return -1;
		at += got;
		n++;
	}
	return at == len ? n : -1;
}

static int pieces_of(size_t len, size_t piece)
{
	return (len + piece - 1) / piece;
}

TEST_F(way, file_becomes_pieces)
{
	size_t len = 5 * PAGE + 100;
	int file = file_new(len), n;

	ASSERT_LE(0, file);
	ASSERT_EQ(len, DT_ERR(sendfile(self->tx, file, NULL, len)));
	EXPECT_EQ(len, lseek(file, 0, SEEK_CUR));
	n = messages_with(self->rx, len, variant->type == SOCK_STREAM ?
			  len : self->piece);
	EXPECT_LT(0, n);
	if (variant->type != SOCK_STREAM)
		EXPECT_EQ(pieces_of(len, self->piece), n);
	close(file);
}

TEST_F(way, part_of_a_file)
{
	int file = file_new(3000);
	uint8_t buf[PAGE];
	off_t at = 1000;

	ASSERT_LE(0, file);
	/* what there is of it, and the file's own place stays */
	EXPECT_EQ(2000, DT_ERR(sendfile(self->tx, file, &at, 10000)));
	EXPECT_EQ(3000, at);
	EXPECT_EQ(0, lseek(file, 0, SEEK_CUR));
	EXPECT_EQ(2000, take_up_to(self->rx, buf, sizeof(buf)));
	EXPECT_TRUE(is_filled(buf, 1000, 2000));
	/* nothing is no message */
	EXPECT_EQ(0, DT_ERR(sendfile(self->tx, file, &at, 10)));
	EXPECT_EQ(-EAGAIN, take_up_to(self->rx, buf, sizeof(buf)));
	close(file);
}

TEST_F(way, pipe_becomes_pieces)
{
	size_t len = 4 * PAGE;
	uint8_t buf[4 * PAGE];
	int n;

	fill(buf, 0, len);
	ASSERT_EQ(len, write(self->pipe[1], buf, len));
	ASSERT_EQ(len, splice_in(self->pipe[0], self->tx, len, 0));
	n = messages_with(self->rx, len, len);
	EXPECT_LT(0, n);
	if (variant->type != SOCK_STREAM)
		EXPECT_EQ(pieces_of(len, self->piece), n);
}

TEST_F(way, splice_takes_one_message)
{
	uint8_t buf[PAGE];

	fill(buf, 0, 300);
	ASSERT_EQ(100, send(self->tx, buf, 100, 0));
	ASSERT_EQ(200, send(self->tx, buf + 100, 200, 0));
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(300, splice_out(self->rx, self->pipe[1], PAGE, 0));
	} else {
		EXPECT_EQ(100, splice_out(self->rx, self->pipe[1], PAGE, 0));
		EXPECT_EQ(200, splice_out(self->rx, self->pipe[1], PAGE, 0));
	}
	memset(buf, 0, sizeof(buf));
	/* where the second begins is no longer seen */
	EXPECT_EQ(300, read(self->pipe[0], buf, sizeof(buf)));
	EXPECT_TRUE(is_filled(buf, 0, 300));
	EXPECT_EQ(0, ask_inq(self->rx));
}

TEST_F(way, splice_of_less_than_a_message)
{
	uint8_t buf[PAGE];

	fill(buf, 0, 300);
	ASSERT_EQ(100, send(self->tx, buf, 100, 0));
	ASSERT_EQ(200, send(self->tx, buf + 100, 200, 0));
	EXPECT_EQ(10, splice_out(self->rx, self->pipe[1], 10, 0));
	/* a stream goes on, of a message the rest is lost as by read() */
	EXPECT_EQ(variant->type == SOCK_STREAM ? 290 : 200,
		  splice_out(self->rx, self->pipe[1], PAGE, 0));
	EXPECT_EQ(10, read(self->pipe[0], buf, 10));
	EXPECT_TRUE(is_filled(buf, 0, 10));
	EXPECT_EQ(variant->type == SOCK_STREAM ? 290 : 200,
		  read(self->pipe[0], buf, PAGE));
	EXPECT_TRUE(is_filled(buf, variant->type == SOCK_STREAM ? 10 : 100,
			      200));
}

/* A message that no pipe could take in one go with its usual 16 buffers. */
TEST_F(way, splice_of_many_pages)
{
	size_t len = 15 * PAGE + 1, at = 0;
	static uint8_t buf[16 * PAGE];
	long n;

	fill(buf, 0, len);
	ASSERT_EQ(len, DT_ERR(send(self->tx, buf, len, 0)));
	n = splice_out(self->rx, self->pipe[1], sizeof(buf), 0);
	if (variant->type != SOCK_STREAM)
		EXPECT_EQ(len, n);
	for (; n > 0; n = splice_out(self->rx, self->pipe[1], sizeof(buf), 0)) {
		ASSERT_EQ(n, read(self->pipe[0], buf, n));
		ASSERT_TRUE(is_filled(buf, at, n));
		at += n;
		if (at == len)
			break;
	}
	EXPECT_EQ(len, at);
}

/* The room in the pipe is the receive's buffer, whatever length is asked for. */
TEST_F(way, splice_into_less_room)
{
	static uint8_t buf[PIECES * PAGE];
	int i;

	for (i = 0; i < PIECES - 1; i++)
		ASSERT_EQ(PAGE, write(self->pipe[1], buf, PAGE));
	fill(buf, 0, 3 * PAGE);
	ASSERT_EQ(3 * PAGE, send(self->tx, buf, 3 * PAGE, 0));
	EXPECT_EQ(PAGE, splice_out(self->rx, self->pipe[1], 4 * PAGE, 0));
	EXPECT_EQ(variant->type == SOCK_STREAM ? 2 * PAGE : 0,
		  ask_inq(self->rx));
}

TEST_F(way, empty_message_splices_as_nothing)
{
	if (variant->type == SOCK_STREAM)
		return;
	ASSERT_EQ(0, send(self->tx, NULL, 0, 0));
	ASSERT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(0, splice_out(self->rx, self->pipe[1], PAGE, 0));
	EXPECT_EQ(1, splice_out(self->rx, self->pipe[1], PAGE, 0));
}

TEST_F(way, nothing_there_is_eagain)
{
	ASSERT_EQ(0, fcntl(self->rx, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, splice_out(self->rx, self->pipe[1], PAGE, 0));
	ASSERT_EQ(1, send(self->tx, "x", 1, 0));
	EXPECT_EQ(1, splice_out(self->rx, self->pipe[1], PAGE, 0));
}

/*
 * The memory that it came from may change as soon as the call is over.
 */

TEST_F(way, vmsplice_memory_may_change)
{
	size_t len = 3 * PAGE;
	uint8_t *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { mem, len };

	ASSERT_NE(MAP_FAILED, mem);
	fill(mem, 0, len);
	ASSERT_EQ(len, vmsplice(self->pipe[1], &iov, 1, 0));
	ASSERT_EQ(len, splice_in(self->pipe[0], self->tx, len, 0));
	memset(mem, 0xee, len);
	EXPECT_LT(0, messages_with(self->rx, len, len));
	munmap(mem, len);
}

TEST_F(way, vmsplice_gift_may_be_unmapped)
{
	size_t len = 3 * PAGE;
	uint8_t *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { mem, len };

	ASSERT_NE(MAP_FAILED, mem);
	fill(mem, 0, len);
	ASSERT_EQ(len, vmsplice(self->pipe[1], &iov, 1, SPLICE_F_GIFT));
	ASSERT_EQ(len, splice_in(self->pipe[0], self->tx, len, SPLICE_F_MOVE));
	memset(mem, 0xee, len);
	munmap(mem, len);
	EXPECT_LT(0, messages_with(self->rx, len, len));
}

TEST_F(way, file_may_change)
{
	size_t len = 3 * PAGE;
	int file = file_new(len);
	uint8_t *map, wrong[PAGE];

	ASSERT_LE(0, file);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(len, DT_ERR(sendfile(self->tx, file, NULL, len)));
	memset(map, 0xee, len);
	memset(wrong, 0xdd, sizeof(wrong));
	ASSERT_EQ(PAGE, pwrite(file, wrong, PAGE, 0));
	ASSERT_EQ(0, ftruncate(file, 0));
	EXPECT_LT(0, messages_with(self->rx, len, len));
	munmap(map, len);
	close(file);
}

/* And what was spliced out of a socket has nothing to do with it any more. */
TEST_F(way, pipe_keeps_what_it_got)
{
	uint8_t buf[2 * PAGE];

	fill(buf, 0, PAGE);
	ASSERT_EQ(PAGE, send(self->tx, buf, PAGE, 0));
	ASSERT_EQ(PAGE, splice_out(self->rx, self->pipe[1], PAGE, 0));
	memset(buf, 0xee, sizeof(buf));
	ASSERT_EQ(PAGE, send(self->tx, buf, PAGE, 0));
	ASSERT_EQ(PAGE, take_up_to(self->rx, buf, PAGE));
	ASSERT_EQ(PAGE, send(self->tx, buf, PAGE, 0));
	close(self->tx);
	close(self->rx);
	self->tx = self->rx = -1;
	EXPECT_EQ(PAGE, read(self->pipe[0], buf, sizeof(buf)));
	EXPECT_TRUE(is_filled(buf, 0, PAGE));
}

TEST_F(way, tee_gives_the_same_twice)
{
	uint8_t buf[PAGE];

	fill(buf, 0, 500);
	ASSERT_EQ(500, send(self->tx, buf, 500, 0));
	ASSERT_EQ(500, splice_out(self->rx, self->pipe[1], PAGE, 0));
	ASSERT_EQ(500, tee(self->pipe[0], self->other[1], PAGE, 0));
	/* one of them goes through once more, and is changed there */
	ASSERT_EQ(500, splice_in(self->pipe[0], self->tx, PAGE, 0));
	ASSERT_EQ(500, take_up_to(self->rx, buf, PAGE));
	EXPECT_TRUE(is_filled(buf, 0, 500));
	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(500, splice_in(self->other[0], self->tx, PAGE, 0));
	ASSERT_EQ(500, take_up_to(self->rx, buf, PAGE));
	EXPECT_TRUE(is_filled(buf, 0, 500));
	/* a socket is no pipe */
	EXPECT_EQ(-EINVAL, DT_ERR(tee(self->rx, self->pipe[1], PAGE, 0)));
}

/*
 * Waiting, and what is left where it does not come to that
 */

struct mover {
	struct dt_thread thread;
	int from, to;
	size_t len, moved;
	bool is_file;
	int ends;		/* type of the socket to be told of the end */
};

static long move_once(void *arg)
{
	struct mover *m = arg;

	return DT_ERR(m->is_file ? sendfile(m->to, m->from, NULL, m->len) :
		      splice(m->from, NULL, m->to, NULL, m->len, 0));
}

TEST_F(way, splice_waits_for_a_message)
{
	struct mover m = { .from = self->rx, .to = self->pipe[1], .len = PAGE };
	char buf[8];

	ASSERT_EQ(0, dt_thread_start(&m.thread, move_once, &m));
	ASSERT_TRUE(dt_wait_asleep(m.thread.tid, SYS_splice));
	ASSERT_EQ(3, send(self->tx, "abc", 3, 0));
	EXPECT_EQ(3, dt_thread_join(&m.thread));
	EXPECT_EQ(3, read(self->pipe[0], buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
}

TEST_F(way, sendfile_waits_for_room)
{
	struct dipc_queue_conf conf;
	struct mover m = { .to = self->tx, .is_file = true };
	static uint8_t buf[PIECES * PAGE];
	size_t at = 0;
	long n;

	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.capacity_msgs = 2;
	conf.capacity_bytes = 2 * PIECES * PAGE;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	m.len = 5 * PIECES * PAGE;
	m.from = file_new(m.len);
	ASSERT_LE(0, m.from);
	ASSERT_EQ(0, dt_thread_start(&m.thread, move_once, &m));
	ASSERT_TRUE(dt_wait_asleep(m.thread.tid, SYS_sendfile));
	while (at < m.len) {
		n = dt_recv(self->rx, buf, sizeof(buf), 0, NULL);
		ASSERT_LT(0, n);
		ASSERT_TRUE(is_filled(buf, at, n));
		at += n;
	}
	EXPECT_EQ(m.len, dt_thread_join(&m.thread));
	EXPECT_EQ(0, ask_inq(self->rx));
	close(m.from);
}

/* What did not go in is still in the file, and in the pipe. */
TEST_F(way, full_without_waiting)
{
	struct dipc_queue_conf conf;
	size_t len = 8 * PIECES * PAGE, at = 0, in_pipe = 4 * PAGE;
	static uint8_t buf[PIECES * PAGE];
	int file = file_new(len);
	long sent, n;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, dt_get_conf(self->rx, &conf));
	conf.capacity_msgs = 2;
	conf.capacity_bytes = 2 * PIECES * PAGE;
	ASSERT_EQ(0, dt_set_conf(self->rx, &conf));
	ASSERT_EQ(0, fcntl(self->tx, F_SETFL, O_NONBLOCK));
	sent = DT_ERR(sendfile(self->tx, file, NULL, len));
	ASSERT_LT(0, sent);
	ASSERT_GT(len, sent);
	EXPECT_EQ(sent, lseek(file, 0, SEEK_CUR));
	if (variant->type != SOCK_STREAM)
		EXPECT_EQ(2 * self->piece, sent);
	EXPECT_EQ(-EAGAIN, DT_ERR(sendfile(self->tx, file, NULL, len)));
	EXPECT_EQ(sent, lseek(file, 0, SEEK_CUR));

	fill(buf, sent, in_pipe);
	ASSERT_EQ(in_pipe, write(self->pipe[1], buf, in_pipe));
	EXPECT_EQ(-EAGAIN, splice_in(self->pipe[0], self->tx, in_pipe, 0));
	EXPECT_EQ(in_pipe, ask_inq(self->pipe[0]));

	while ((n = take_up_to(self->rx, buf, sizeof(buf))) > 0) {
		ASSERT_TRUE(is_filled(buf, at, n));
		at += n;
	}
	EXPECT_EQ(-EAGAIN, n);
	EXPECT_EQ(sent, at);
	n = splice_in(self->pipe[0], self->tx, in_pipe, 0);
	EXPECT_LT(0, n);
	ASSERT_EQ(n, dt_recv(self->rx, buf, n, MSG_WAITALL, NULL) > 0 ? n : -1);
	EXPECT_TRUE(is_filled(buf, at, self->piece < n ? self->piece : n));
	close(file);
}

TEST_F(way, explicit_pieces_wait_for_their_receiver)
{
	uint32_t mode = DIPC_MODE_EXPLICIT;
	struct mover m = { .to = self->tx, .is_file = true };
	static uint8_t buf[PIECES * PAGE];
	size_t at = 0;
	long n;

	if (variant->type == SOCK_STREAM)
		return;
	ASSERT_EQ(0, setsockopt(self->tx, SOL_DIPC, DIPC_MODE, &mode,
				sizeof(mode)));
	m.len = 2 * self->piece + 1;
	m.from = file_new(m.len);
	ASSERT_EQ(0, dt_thread_start(&m.thread, move_once, &m));
	while (at < m.len) {
		ASSERT_TRUE(dt_wait_asleep(m.thread.tid, SYS_sendfile));
		n = dt_recv(self->rx, buf, sizeof(buf), 0, NULL);
		ASSERT_EQ(m.len - at < self->piece ? m.len - at : self->piece,
			  n);
		EXPECT_TRUE(is_filled(buf, at, n));
		at += n;
	}
	EXPECT_EQ(m.len, dt_thread_join(&m.thread));
	close(m.from);
}

TEST_F(way, nobody_there)
{
	long want = variant->type == SOCK_SEQPACKET ||
		    variant->type == SOCK_STREAM ? -EPIPE : -ECONNREFUSED;
	int file = file_new(10);
	char buf[8];

	ASSERT_LE(0, file);
	close(self->rx);
	self->rx = -1;
	ASSERT_EQ(3, write(self->pipe[1], "abc", 3));
	EXPECT_EQ(want, splice_in(self->pipe[0], self->tx, 3, 0));
	EXPECT_EQ(3, read(self->pipe[0], buf, sizeof(buf)));
	EXPECT_EQ(want, DT_ERR(sendfile(self->tx, file, NULL, 10)));
	EXPECT_EQ(0, lseek(file, 0, SEEK_CUR));
	/* and from a link that has ended: nothing more */
	if (want == -EPIPE)
		EXPECT_EQ(0, splice_out(self->tx, self->pipe[1], PAGE, 0));
	close(file);
}

/*
 * Much of it, from end to end
 */

static long feed(void *arg)
{
	struct mover *m = arg;
	uint8_t buf[5000];
	size_t at, n;

	for (at = 0; at < m->len; at += n) {
		n = m->len - at < sizeof(buf) ? m->len - at : sizeof(buf);
		fill(buf, at, n);
		if (write(m->to, buf, n) != n)
			return -EIO;
	}
	close(m->to);
	return 0;
}

/* An empty message ends it where nothing else can. */
static long move_all(void *arg)
{
	struct mover *m = arg;
	long n;

	while ((n = DT_ERR(splice(m->from, NULL, m->to, NULL, m->len,
				  SPLICE_F_MORE | SPLICE_F_MOVE))) > 0)
		m->moved += n;
	if (m->ends == SOCK_STREAM)
		shutdown(m->to, SHUT_WR);
	else if (m->ends)
		send(m->to, NULL, 0, 0);
	return n;
}

static long send_file(void *arg)
{
	struct mover *m = arg;
	long n;

	while ((n = DT_ERR(sendfile(m->to, m->from, NULL, 1 << 30))) > 0)
		m->moved += n;
	shutdown(m->to, SHUT_WR);
	return n;
}

/*
 * The end is told without regard to the reader: on older kernels one cannot
 * read from a pipe while somebody waits for what he will splice into it.
 * Messages are of a page, for which there is always room in the pipe.
 */
TEST_F(way, pipes_at_both_ends)
{
	struct mover feeder = { .to = self->pipe[1], .len = large() };
	struct mover in = {
		.from = self->pipe[0], .to = self->tx, .ends = variant->type,
		.len = variant->type == SOCK_STREAM ? PIECES * PAGE : PAGE,
	};
	struct mover out = {
		.from = self->rx, .to = self->other[1], .len = PIECES * PAGE,
	};
	static uint8_t buf[65536];
	size_t at = 0;
	long n;

	ASSERT_EQ(0, dt_thread_start(&feeder.thread, feed, &feeder));
	ASSERT_EQ(0, dt_thread_start(&in.thread, move_all, &in));
	ASSERT_EQ(0, dt_thread_start(&out.thread, move_all, &out));
	while (at < feeder.len) {
		n = read(self->other[0], buf, sizeof(buf));
		ASSERT_LT(0, n);
		ASSERT_TRUE(is_filled(buf, at, n));
		at += n;
	}
	EXPECT_EQ(feeder.len, at);
	EXPECT_EQ(0, dt_thread_join(&feeder.thread));
	self->pipe[1] = -1;
	EXPECT_EQ(0, dt_thread_join(&in.thread));
	EXPECT_EQ(at, in.moved);
	EXPECT_EQ(0, dt_thread_join(&out.thread));
	EXPECT_EQ(at, out.moved);
}

TEST_F(way, large_file)
{
	struct mover m = { .to = self->tx, .from = file_new(large()) };
	static uint8_t buf[PIECES * PAGE];
	size_t at = 0, len = large();
	long n;

	ASSERT_LE(0, m.from);
	ASSERT_EQ(0, dt_thread_start(&m.thread, send_file, &m));
	while (at < len) {
		n = dt_recv(self->rx, buf, sizeof(buf), 0, NULL);
		ASSERT_LT(0, n);
		ASSERT_TRUE(is_filled(buf, at, n));
		at += n;
	}
	EXPECT_EQ(0, dt_thread_join(&m.thread));
	EXPECT_EQ(len, m.moved);
	if (variant->type == SOCK_STREAM)
		EXPECT_EQ(0, take_up_to(self->rx, buf, sizeof(buf)));
	close(m.from);
}

/* A file through a socket into a file, as a server does it. */
TEST_F(way, file_to_file)
{
	struct mover m = { .to = self->tx, .from = file_new(large()) };
	int to = memfd_create("to", MFD_CLOEXEC);
	size_t at = 0, len = large();
	uint8_t *map;
	long n, k;

	ASSERT_LE(0, m.from);
	ASSERT_LE(0, to);
	ASSERT_EQ(0, dt_thread_start(&m.thread, send_file, &m));
	while (at < len) {
		n = splice_out(self->rx, self->pipe[1], PIECES * PAGE, 0);
		ASSERT_LT(0, n);
		for (; n; n -= k, at += k) {
			k = DT_ERR(splice(self->pipe[0], NULL, to, NULL, n, 0));
			ASSERT_LT(0, k);
		}
	}
	EXPECT_EQ(0, dt_thread_join(&m.thread));
	ASSERT_EQ(len, lseek(to, 0, SEEK_END));
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, to, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(is_filled(map, 0, len));
	munmap(map, len);
	close(to);
	close(m.from);
}

TEST_HARNESS_MAIN
