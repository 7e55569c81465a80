// SPDX-License-Identifier: GPL-2.0
/*
 * Long payload that stays with its sender, by what memory it lies in: that of a
 * process alone, be it shared with a child that has it by fork(), is borrowed;
 * what others may write to, and what is no memory yet, is copied. In no case is
 * anything changed by that: not what is shared, nor how much is used. And in no
 * case a page is kept when its sender has it back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "borrowed.h"

#define CHANGED	0xee

FIXTURE(memory)
{
	struct passage p;
	uint8_t *out, *same, *in;
	struct dt_stats before;
};

FIXTURE_VARIANT(memory)
{
	enum passage_kind kind;
};

FIXTURE_VARIANT_ADD(memory, message) { MESSAGE };
FIXTURE_VARIANT_ADD(memory, request) { REQUEST };
FIXTURE_VARIANT_ADD(memory, reply) { REPLY };

/*
 * Memory with nothing beside it, so that it is a mapping of its own; a file's
 * if there is one.
 */
static uint8_t *map(size_t len, int prot, int flags, int fd)
{
	uint8_t *at = mmap(NULL, len + 2 * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return MAP_FAILED;
	return mmap(at + PAGE, len, prot, flags | MAP_FIXED, fd, 0);
}

FIXTURE_SETUP(memory)
{
	int err = passage_new(&self->p, variant->kind, 2 * MIB);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	self->out = map(SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1);
	ASSERT_NE(MAP_FAILED, self->out);
	self->same = buffer_map(SIZE);
	self->in = buffer_map(SIZE);
	ASSERT_NE(NULL, self->same);
	ASSERT_NE(NULL, self->in);
	dt_pattern(self->out, SIZE, 1);
	dt_pattern(self->same, SIZE, 1);
	memset(self->in, CHANGED, SIZE);
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_TRUE(passage_is_over(&self->p));
	passage_close(&self->p);
}

/* The first so many bytes come through, to where they are not yet. */
#define EXPECT_PASSES(at, len) do {					\
	memset(self->in, CHANGED, SIZE);				\
	ASSERT_TRUE(passage_start(&self->p, at, len));			\
	EXPECT_EQ(len, passage_receive(&self->p, self->in, SIZE));	\
	EXPECT_EQ(len, passage_end(&self->p));				\
	EXPECT_EQ(0, memcmp(self->in, self->same, len));		\
} while (0)

#define EXPECT_BORROWED() EXPECT_EQ(1, borrowed_since(&self->before))
#define EXPECT_COPIED() EXPECT_EQ(0, borrowed_since(&self->before))

/* In KiB, of the mapping that begins there; or -1. */
static long smaps(const void *at, const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	size_t len = strlen(field);
	bool is_it = false;
	unsigned long start, end;
	long value = -1;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			is_it = start == PTR(at);
		else if (is_it && !strncmp(line, field, len) &&
			 line[len] == ':')
			value = atol(line + len + 1);
	}
	if (f)
		fclose(f);
	return value;
}

/* What is sent, as a file. */
static int file_new(const uint8_t *bytes)
{
	int fd = memfd_create("borrowed", MFD_CLOEXEC);

	return fd >= 0 && write(fd, bytes, SIZE) == SIZE ? fd : -1;
}

TEST_F(memory, of_ones_own_is_borrowed)
{
	EXPECT_PASSES(self->out, SIZE);
	EXPECT_BORROWED();
}

/* No matter where it begins and ends. */
TEST_F(memory, at_odd_addresses_is_borrowed)
{
	static const size_t begin[] = { 1, PAGE - 64, PAGE - 63, PAGE - 1 };
	const size_t len = 33 * KIB + 1;

	for (int i = 0; i < 4; i++) {
		uint8_t *at = self->out + begin[i];

		memcpy(at, self->same, SIZE - PAGE);
		EXPECT_PASSES(at, len);
		EXPECT_PASSES(at, SIZE - 2 * PAGE - begin[i]);
	}
	EXPECT_EQ(8, borrowed_since(&self->before));
}

TEST_F(memory, that_is_only_read_is_borrowed)
{
	ASSERT_EQ(0, mprotect(self->out, SIZE, PROT_READ));
	EXPECT_PASSES(self->out, SIZE);
	EXPECT_BORROWED();
	ASSERT_EQ(0, mprotect(self->out, SIZE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(self->out + MIDDLE, PAGE, PROT_READ));
	EXPECT_PASSES(self->out, SIZE);
	EXPECT_EQ(2, borrowed_since(&self->before));
}

/* Nothing comes into being by being sent. */
TEST_F(memory, that_was_never_written_is_copied)
{
	uint8_t *at = map(SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1);

	ASSERT_NE(MAP_FAILED, at);
	memset(self->same, 0, SIZE);
	EXPECT_PASSES(at, SIZE);
	EXPECT_COPIED();
	EXPECT_EQ(0, smaps(at, "Anonymous"));
	/* with a hole in it */
	memcpy(at, self->out, SIZE);
	ASSERT_EQ(0, madvise(at + MIDDLE, PAGE, MADV_DONTNEED));
	memcpy(self->same, self->out, SIZE);
	memset(self->same + MIDDLE, 0, PAGE);
	EXPECT_PASSES(at, SIZE);
	EXPECT_COPIED();
	munmap(at, SIZE);
}

TEST_F(memory, that_is_shared_is_copied)
{
	uint8_t *at = map(SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1);

	ASSERT_NE(MAP_FAILED, at);
	memcpy(at, self->same, SIZE);
	EXPECT_PASSES(at, SIZE);
	EXPECT_COPIED();
	munmap(at, SIZE);
}

TEST_F(memory, of_a_file_is_copied_and_stays_the_files)
{
	int fd = file_new(self->same);
	uint8_t *at;

	ASSERT_LE(0, fd);
	at = map(SIZE, PROT_READ, MAP_PRIVATE, fd);
	ASSERT_NE(MAP_FAILED, at);
	EXPECT_PASSES(at, SIZE);
	EXPECT_COPIED();
	EXPECT_EQ(0, smaps(at, "Anonymous"));
	/* of one that may be written to as well */
	ASSERT_EQ(0, mprotect(at, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_PASSES(at, SIZE);
	EXPECT_COPIED();
	EXPECT_EQ(0, smaps(at, "Anonymous"));
	munmap(at, SIZE);
	close(fd);
}

/* One page of another kind is enough, wherever it is. */
TEST_F(memory, of_a_file_in_part_is_copied)
{
	static const size_t place[] = { 0, MIDDLE, SIZE - PAGE };
	int fd = file_new(self->same);

	ASSERT_LE(0, fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(self->out + place[i],
			  mmap(self->out + place[i], PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_FIXED, fd, place[i]));
		EXPECT_PASSES(self->out, SIZE);
		EXPECT_COPIED();
		ASSERT_EQ(self->out + place[i],
			  mmap(self->out + place[i], PAGE,
			       PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		memcpy(self->out + place[i], self->same + place[i], PAGE);
	}
	EXPECT_PASSES(self->out, SIZE);
	EXPECT_BORROWED();
	close(fd);
}

TEST_F(memory, of_hugetlb_is_copied)
{
	const size_t large = 2 * MIB;
	int conf = open("/proc/sys/vm/nr_hugepages", O_RDWR | O_CLOEXEC);
	char before[32] = "";
	uint8_t *at;

	if (conf >= 0 && read(conf, before, sizeof(before) - 1) > 0)
		pwrite(conf, "2", 1, 0);
	at = mmap(NULL, large, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (at != MAP_FAILED) {
		memcpy(at + PAGE, self->same, SIZE);
		EXPECT_PASSES(at + PAGE, SIZE);
		EXPECT_COPIED();
		munmap(at, large);
	}
	if (*before)
		pwrite(conf, before, strlen(before), 0);
	close(conf);
	if (at == MAP_FAILED)
		SKIP(return, "no huge pages: %s", strerror(errno));
}

/* A child that has the memory until it is told to end. */
static pid_t share(int *end)
{
	int fd[2];
	char byte;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		close(fd[1]);
		_exit(read(fd[0], &byte, 1));
	}
	close(fd[0]);
	*end = fd[1];
	return pid;
}

/* It is theirs as before: nobody gets a copy by sending. */
TEST_F(memory, that_a_child_has_as_well_is_borrowed_and_stays_shared)
{
	int end, status;
	pid_t pid = share(&end);

	ASSERT_LT(0, pid);
	ASSERT_EQ(SIZE / KIB, smaps(self->out, "Shared_Dirty"));
	EXPECT_PASSES(self->out, SIZE);
	EXPECT_BORROWED();
	EXPECT_EQ(SIZE / KIB, smaps(self->out, "Shared_Dirty"));
	EXPECT_EQ(0, smaps(self->out, "Private_Dirty"));
	close(end);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/*
 * What is kept. Each time other memory, which is given back: whatever is not
 * free then is lost.
 */

#define LONG	(4 * MIB)
#define ROUNDS	40

enum how {
	RECEIVED,
	INTERRUPTED,
	TIMED_OUT,
	NOT_RECEIVED,		/* EFAULT, and then it is */
};

FIXTURE(kept)
{
	struct passage p;
	uint8_t *in;
	struct dt_stats before;
};

FIXTURE_VARIANT(kept)
{
	enum passage_kind kind;
	enum how how;
};

FIXTURE_VARIANT_ADD(kept, message) { MESSAGE, RECEIVED };
FIXTURE_VARIANT_ADD(kept, message_interrupted) { MESSAGE, INTERRUPTED };
FIXTURE_VARIANT_ADD(kept, message_timed_out) { MESSAGE, TIMED_OUT };
FIXTURE_VARIANT_ADD(kept, message_fault) { MESSAGE, NOT_RECEIVED };
FIXTURE_VARIANT_ADD(kept, request) { REQUEST, RECEIVED };
FIXTURE_VARIANT_ADD(kept, request_interrupted) { REQUEST, INTERRUPTED };
FIXTURE_VARIANT_ADD(kept, request_timed_out) { REQUEST, TIMED_OUT };
FIXTURE_VARIANT_ADD(kept, request_fault) { REQUEST, NOT_RECEIVED };
FIXTURE_VARIANT_ADD(kept, reply) { REPLY, RECEIVED };
FIXTURE_VARIANT_ADD(kept, reply_fault) { REPLY, NOT_RECEIVED };

FIXTURE_SETUP(kept)
{
	int err = passage_new(&self->p, variant->kind, LONG);

	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
	self->in = buffer_map(LONG);
	ASSERT_NE(NULL, self->in);
	memset(self->in, 0, LONG);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	if (variant->how == TIMED_OUT) {
		ASSERT_EQ(0, dt_set_timeout(self->p.tx, SO_SNDTIMEO, 20));
		self->p.deadline_ns = 20000000;
	}
	ASSERT_EQ(0, dt_stats_get(&self->before));
}

FIXTURE_TEARDOWN(kept)
{
	EXPECT_TRUE(passage_is_over(&self->p));
	passage_close(&self->p);
}

typedef FIXTURE_DATA(kept) kept;

/* What is free, or can be at any time, in bytes. */
static long free_bytes(void)
{
	static const char *const fields[] = {
		"MemFree", "Buffers", "Cached", "SReclaimable",
	};
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128], name[64];
	long kib, sum = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &kib) != 2)
			continue;
		for (int i = 0; i < 4; i++)
			sum += strcmp(name, fields[i]) ? 0 : kib;
	}
	if (f)
		fclose(f);
	return sum * KIB;
}

static void spoil(kept *k, bool on)
{
	mprotect(k->in + LONG / 2, PAGE,
		 on ? PROT_READ : PROT_READ | PROT_WRITE);
}

/* What sending it should give, if it did. */
static long pass(kept *k, enum how how, const uint8_t *out)
{
	struct passage *p = &k->p;
	long ret;

	if (how == TIMED_OUT) {
		p->out = out;
		p->len = LONG;
		return p->kind == MESSAGE ?
		       dt_send(p->tx, out, LONG, 0, NULL) :
		       OP(p->tx, .op = DIPC_OP_CALL, .out = PTR(out),
			  .out_len = LONG, .in = PTR(p->next), .in_len = 8,
			  .deadline_ns = p->deadline_ns);
	}
	if (!passage_start(p, out, LONG))
		return -ETIME;
	if (how == INTERRUPTED) {
		syscall(SYS_tgkill, getpid(), p->thread.tid, SIGUSR1);
		return passage_end(p);
	}
	spoil(k, how == NOT_RECEIVED);
	ret = passage_receive(p, k->in, LONG);
	spoil(k, false);
	if (ret == -EFAULT && how == NOT_RECEIVED)
		ret = p->kind == REPLY ? LONG : passage_receive(p, k->in, LONG);
	return ret == LONG ? passage_end(p) : -EBADMSG;
}

TEST_F(kept, nothing_is)
{
	const long right = variant->how == INTERRUPTED ? -EINTR :
			   variant->how != TIMED_OUT ? (long)LONG :
			   variant->kind == MESSAGE ? -EAGAIN : -ETIMEDOUT;
	long before = 0, lost;

	/* what is got for the first one and used again is not lost */
	for (int i = 0; i < ROUNDS + 4; i++) {
		uint8_t *out = buffer_map(LONG);

		ASSERT_NE(NULL, out);
		if (i == 4)
			before = free_bytes();
		for (size_t at = 0; at < LONG; at += PAGE)
			out[at] = i + 1;
		ASSERT_EQ(right, pass(self, variant->how, out));
		ASSERT_EQ(0, munmap(out, LONG));
	}
	/* not all, if there was no memory for so long a list of pages */
	EXPECT_LE(ROUNDS / 2, borrowed_since(&self->before));
	/* some of it may be free a moment later */
	lost = before - free_bytes();
	for (int i = 0; i < 20 && lost >= (long)(ROUNDS * LONG) / 4; i++) {
		usleep(100000);
		lost = before - free_bytes();
	}
	EXPECT_GT((long)(ROUNDS * LONG) / 4, lost)
		TH_LOG("%ld MiB of %ld are not free", lost >> 20,
		       ROUNDS * LONG >> 20);
}

TEST_HARNESS_MAIN
