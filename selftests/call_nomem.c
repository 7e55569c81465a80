// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation that a step of a call makes fails once: the step says
 * ENOMEM (or does without), nothing is done, and the next attempt goes on where
 * it was. Needs a kernel with fault injection (the debug kernel).
 * kmsg-allow: FAULT_INJECTION
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "kselftest_harness.h"
#include "calls_env.h"
#include "scm.h"

#define NTH_MAX	60

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int n;

	if (fd < 0)
		return -errno;
	n = DT_ERR(write(fd, text, strlen(text)));
	close(fd);
	return n < 0 ? n : 0;
}

static bool set_up(void)
{
	static const char *const on[] = {
		"/sys/kernel/debug/failslab/ignore-gfp-wait",
		"/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait",
		"/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem",
	};

	for (int i = 0; i < 3; i++)
		if (write_to(on[i], "N"))
			return false;
	write_to("/sys/kernel/debug/failslab/verbose", "0");
	write_to("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	write_to("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	return !access("/proc/thread-self/fail-nth", W_OK);
}

static int nth_fd = -1;

static void fail_nth(int n)
{
	char text[16];

	if (nth_fd < 0)
		nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	sprintf(text, "%d", n);
	/* if it is this copy that fails, there is nothing to fail any more */
	while (pwrite(nth_fd, text, strlen(text), 0) < 0)
		;
}

/* Was there an n-th one? It may also be the copy of this number. */
static bool has_failed(void)
{
	char text[16] = "";
	bool failed = pread(nth_fd, text, sizeof(text) - 1, 0) >= 0 &&
		      !atoi(text);

	fail_nth(0);
	return failed;
}

/* The step until it succeeds without a failure; how many failed, or -errno. */
#define STEP(result, step) ({						\
	int n_ = 0, failed_ = 0;					\
	for (;;) {							\
		bool was_;						\
		fail_nth(++n_);						\
		(result) = (step);					\
		was_ = has_failed();					\
		if ((result) >= 0 || !was_ || n_ == NTH_MAX)		\
			break;						\
		failed_++;						\
		if ((result) != -ENOMEM && (result) != -ENOBUFS &&	\
		    (result) != -EFAULT) {				\
			fprintf(stderr, "# %s: %ld at %d\n", #step,	\
				(long)(result), n_);			\
			break;						\
		}							\
	}								\
	failed_;							\
})

static struct calls_got got;
static struct calls_end end;

static long receive(enum calls_form form, int fd)
{
	got = calls_recv(form, fd, MSG_DONTWAIT);
	return got.ret;
}

static long finish(enum calls_form form, int fd)
{
	end = calls_finish(form, fd, MSG_DONTWAIT);
	return end.ret;
}

TEST_F(calls, each_allocation_fails_once)
{
	struct sockaddr_dipc any = dt_any(), box = dt_mailbox(self->name);
	struct scm_pipe p = scm_pipe();
	char big[3000];
	long ret;
	int n, other, failed = 0;

	if (!set_up())
		SKIP(return, "no fault injection");
	ASSERT_EQ(0, dt_mailbox_new(self->name, DT_MAILBOX()));
	other = calls_server(SOCK_RDM, &box);
	ASSERT_LE(0, other);
	memset(big, 'x', sizeof(big));

	/* with descriptors; the first of its socket */
	n = STEP(ret, calls_start(BY_MSG, self->client, "a",
				  WITH(.cookie = 1, .fd = &p.wr, .n_fds = 1,
				       .deadline_ns = 1000000 * MS)));
	EXPECT_EQ(1, ret);
	failed += n;
	n = STEP(ret, receive(BY_MSG, self->server));
	EXPECT_EQ(1, ret);
	ASSERT_NE(0, got.r.handle);
	failed += n;
	n = STEP(ret, calls_reply_fd(self->server, got.r.handle, "ok", p.wr));
	EXPECT_EQ(2, ret);
	failed += n;
	n = STEP(ret, finish(BY_MSG, self->client));
	EXPECT_EQ(2, ret);
	EXPECT_STREQ("ok", end.text);
	failed += n;

	/* long ones, repeated, forwarded */
	n = STEP(ret, calls_start_bytes(FORM, self->client, big, sizeof(big),
					WITH(.cookie = 2,
					     .semantics = DIPC_AT_LEAST_ONCE)));
	EXPECT_EQ(sizeof(big), ret);
	failed += n;
	n = STEP(ret, receive(FORM, self->server));
	EXPECT_EQ(sizeof(big), ret);
	EXPECT_EQ(0, calls_drop(FORM, self->server, got.r.handle));
	/* the next try fails many times, and comes all the same */
	for (int i = 1; i < 40; i++) {
		fail_nth(i);
		ret = finish(FORM, self->client);
		has_failed();
		EXPECT_TRUE(ret == -EAGAIN || ret == -EFAULT)
			TH_LOG("%ld", ret);
		usleep(3000);
	}
	EXPECT_TRUE(DT_WAIT_UNTIL(finish(FORM, self->client) == -EAGAIN &&
				  receive(FORM, self->server) > 0));
	EXPECT_EQ(2, got.r.attempt);
	n = STEP(ret, calls_forward(FORM, self->server, got.r.handle, &box));
	EXPECT_EQ(0, ret);
	failed += n;
	n = STEP(ret, receive(FORM, other));
	EXPECT_EQ(sizeof(big), ret);
	failed += n;
	n = STEP(ret, calls_write(FORM, other, got.r.handle, 0, big, 2000));
	EXPECT_EQ(2000, ret);
	failed += n;
	n = STEP(ret, calls_reply(FORM, other, got.r.handle, "yy"));
	EXPECT_EQ(2, ret);
	n = STEP(ret, finish(FORM, self->client));
	EXPECT_EQ(2000, ret);
	EXPECT_EQ(0, memcmp(end.text, "yyx", 3));
	TH_LOG("%d failed", failed);
	close(got.n_fds ? got.fd[0] : -1);
	close(other);
	(void)any;
}

TEST_HARNESS_MAIN
