// SPDX-License-Identifier: GPL-2.0
/*
 * The module itself, and each network namespace: each allocation of theirs
 * fails once. The load fails and leaves nothing behind, and the next one
 * works. suite-timeout: 200
 * kmsg-allow: kmemleak: Cannot allocate a scan area|Call Trace:|(kasan|kmemleak)_\w+\+0x|DIPC: Can't create sock SLAB cache
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"

/* From memory: what reading a file needs is not to fail. */
static int load(void)
{
	static char *image;
	static size_t size;
	const char *ko = getenv("DIPC_KO");
	struct stat st;
	int fd;

	if (!image) {
		fd = open(ko ?: "", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st))
			return -errno;
		image = malloc(st.st_size);
		if (!image || read(fd, image, st.st_size) != st.st_size)
			return -EIO;
		size = st.st_size;
		close(fd);
	}
	return DT_ERR(syscall(SYS_init_module, image, size, ""));
}

static int unload(void)
{
	int ret = -EWOULDBLOCK;

	DT_WAIT_UNTIL((ret = DT_ERR(syscall(SYS_delete_module, "dipc",
					    O_NONBLOCK))) != -EWOULDBLOCK);
	return ret;
}

static bool is_loaded(void)
{
	return !access("/sys/module/dipc/initstate", F_OK);
}

#define FAR	1000000		/* more than anything here allocates */

/* How many things can fail in what was done since fault_arm(FAR). */
static unsigned int disarm_and_count(void)
{
	char text[16] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	close(fd);
	fault_disarm();
	return n > 0 && atoi(text) ? FAR - atoi(text) : 0;
}

static unsigned int load_total(void)
{
	unsigned int total;

	/* the first reads the file */
	if (load() || unload())
		return 0;
	fault_arm(FAR);
	if (load())
		return 0;
	total = disarm_and_count();
	return unload() ? 0 : total;
}

static bool is_gone(void)
{
	return !is_loaded() && access("/proc/sys/net/dipc", F_OK) &&
	       access("/sys/kernel/slab/dipc_message", F_OK);
}

static int load_failing(unsigned int nth, struct fault_hit *hit)
{
	int ret;

	fault_arm(nth);
	ret = load();
	*hit = (struct fault_hit) { 0 };
	if (fault_disarm())
		*hit = fault_hit();
	return ret;
}

/*
 * From the last one on backwards, as far as the module's own code runs: the
 * kernel's loader, which is before that, is not ours to be tested.
 */
TEST(load_fails_cleanly)
{
	int ret, n = 0, ours = 0, no_memory = 0;
	struct fault_hit hit;
	unsigned int nth;

	ASSERT_EQ(0, unload());
	nth = load_total();
	ASSERT_NE(0, nth);
	for (; nth; nth--) {
		ret = load_failing(nth, &hit);
		if (!ret)
			EXPECT_EQ(0, unload());
		EXPECT_TRUE(is_gone());
		/* finding out how many there are has made some more */
		if (!hit.is_copy && !hit.callee[0])
			continue;
		/* where a copy is, is not known: there are none that late */
		if (hit.is_copy || !hit.in_load)
			break;
		fault_record(&hit, -ret);
		n++;
		ours += hit.is_ours;
		no_memory += ret == -ENOMEM;
		/* the kernel's proto_register() says ENOBUFS */
		EXPECT_TRUE(!ret || ret == -ENOMEM || !hit.is_ours ||
			    (ret == -ENOBUFS &&
			     !strcmp(hit.callee, "proto_register")))
			TH_LOG("%u: %s by %s: %s", nth, hit.callee, hit.site,
			       strerror(-ret));
	}
	printf("# load: %d fail (%d of the module), %d ENOMEM\n", n, ours,
	       no_memory);
	EXPECT_LT(10, ours);
	EXPECT_EQ(0, load());
	EXPECT_TRUE(is_loaded());
}

/* Of a namespace, the module's being among the last. */
static unsigned int namespace_total(void)
{
	fault_arm(FAR);
	return unshare(CLONE_NEWNET) ? 0 : disarm_and_count();
}

#define STRIDE		4	/* less than what it allocates in a row */
#define BEFORE_MAX	20	/* of others, before what is ours */

static int unshare_failing(unsigned int nth, struct fault_hit *hit)
{
	int ret;

	fault_arm(nth);
	ret = DT_ERR(unshare(CLONE_NEWNET));
	*hit = (struct fault_hit) { 0 };
	if (fault_disarm())
		*hit = fault_hit();
	return ret;
}

/* Devices come after the module, and most of the network before. */
static unsigned int last_of_module(void)
{
	unsigned int nth = namespace_total();
	struct fault_hit hit;

	for (; nth > STRIDE; nth -= STRIDE) {
		unshare_failing(nth, &hit);
		if (hit.is_ours)
			return nth + STRIDE;
	}
	return 0;
}

TEST(namespace_fails_cleanly)
{
	unsigned int nth = last_of_module(), others = 0;
	int no_memory = 0, ours = 0;
	struct fault_hit hit;
	struct dt_stats stats;
	int ret;

	/* or the test before has ended badly */
	ASSERT_TRUE(is_loaded());
	ASSERT_NE(0, nth);
	for (; nth && others < BEFORE_MAX; nth--) {
		ret = unshare_failing(nth, &hit);
		if (!hit.is_ours) {
			others++;
			continue;
		}
		fault_record(&hit, -ret);
		others = 0;
		ours++;
		no_memory += ret == -ENOMEM;
		EXPECT_TRUE(!ret || ret == -ENOMEM)
			TH_LOG("%u: %s", nth, strerror(-ret));
		EXPECT_EQ(0, dt_stats_get(&stats));
	}
	printf("# namespace: %d fail, %d ENOMEM\n", ours, no_memory);
	EXPECT_LT(3, ours);
	EXPECT_EQ(0, DT_ERR(unshare(CLONE_NEWNET)));
	EXPECT_EQ(0, dt_stats_get(&stats));
	EXPECT_EQ(0, stats.ports);
}

FAULT_MAIN
