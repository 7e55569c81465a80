/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults: one allocation, or one copy from or to user memory, fails while one
 * system call is made. Which one is said by its number (fail-nth of the
 * kernel's fault injection); which one it was is told by the stack that the
 * kernel traces at that moment. Needs a kernel with fault injection, the debug
 * kernel.
 *
 * fault.c makes something fail, fault_trace.c knows what it was, fault_run.c
 * makes all of one operation fail in turn and judges, fault_left.c sees that
 * nothing is left of it. What was seen is kept for the suite fault_table,
 * which compares it with what the module's object file says (fault_elf.c).
 */
#ifndef DIPC_TEST_FAULT_H
#define DIPC_TEST_FAULT_H

#include "dipc_test.h"

/* After the harness is included: a test makes one system call many times. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	1200

#define FAULT_NTH_MAX	400	/* no system call of ours allocates more */

/*
 * Making something fail
 */

/*
 * Before the tests of a suite: where nothing can be made to fail it is skipped
 * as a whole, and this does not return. What is set up is undone as it exits.
 */
void fault_suite(void);

#define FAULT_MAIN							\
	static void __attribute__((constructor)) fault_before_tests(void) \
	{								\
		fault_suite();						\
	}								\
	TEST_HARNESS_MAIN

/*
 * Whether pages can fail, too; not, as long as nobody asks for it: the slab
 * takes some now and then, so that the numbers of all that follows are not the
 * same from one time to the next.
 */
void fault_pages(bool on);
/* In the calling thread alone the nth from now on fails; the first is 1. */
void fault_arm(unsigned int nth);
/* No more: whether it was reached, and so has failed. */
bool fault_disarm(void);
/* For the end of a step: what it does after this does not fail any more. */
void fault_pause(void);
/* Every allocation fails, and no copy: after the first so many bytes. */
void fault_arm_all(unsigned int bytes);
void fault_disarm_all(void);
/* The same for any other thread, as one of the kernel's: 0 or -errno. */
int fault_arm_task(int tid, unsigned int nth);
/* 1: it was reached; 0: it was not; -errno. Not armed any more. */
int fault_disarm_task(int tid);

/*
 * What it was
 */

#define FAULT_SITE_MAX	128

struct fault_hit {
	bool is_copy;		/* no allocation, and no stack is known */
	bool is_ours;		/* the module has asked for it */
	/*
	 * It is what was asked for that was refused, and not what the slab
	 * allocator or a checker needs for itself beside it.
	 */
	bool is_direct;
	bool in_softirq;
	bool in_load;		/* a module was asked to begin before */
	char site[FAULT_SITE_MAX];	/* of the module: function+offset */
	char callee[FAULT_SITE_MAX];	/* what it has called */
};

/* What has failed since the last time: how many are in hits. */
int fault_hits(struct fault_hit *hits, int max);
/* The same, for what fault_disarm() has told: there is one, be it a copy. */
struct fault_hit fault_hit(void);
/* For fault_table: one that failed, and the errno that was given, or 0. */
void fault_record(const struct fault_hit *hit, int error);
/* also written: "suite NAME", as each suite begins */
#define FAULT_RECORDS	"/run/dipc-fault-records"

/*
 * One operation
 */

#define FAULT_MAY_MAX	6

struct fault_op {
	const char *name;
	/* 0 or -errno */
	int (*setup)(void *env);
	/* one system call: what it gives, or -errno */
	long (*step)(void *env);
	/* after success: is everything as it should be? or NULL */
	bool (*is_done)(void *env);
	/* after a failure: has nothing happened? or NULL */
	bool (*is_untouched)(void *env);
	void (*teardown)(void *env);
	void *env;
	/* what it gives when the kernel around the module has no memory */
	int may[FAULT_MAY_MAX];
	/* what fails may be told in another way than by errno */
	bool may_degrade;
	/* after a copy has failed it is done all the same (see errors.txt) */
	bool copy_is_late;
	/* it allocates pages: they fail as well, in a second round */
	bool has_pages;
	/* it is not tried with all allocations failing */
	bool not_all;
	/* it is, and also with all but the first, all but the first two ... */
	bool all_from;
	/* what this function of the module asks for it can do without; or NULL */
	const char *spares;
};

/*
 * Everything that the operation needs fails once, then all allocations at once:
 * "", or what was wrong. A line of the table is printed.
 */
const char *fault_run(const struct fault_op *op);

/*
 * The calling process goes to a namespace of its own; later: whether nothing
 * is there that was not, and nobody is charged for anything. 0, "" or what is
 * left.
 */
int fault_world(void);
const char *fault_left(void);		/* objects and messages */
const char *fault_charged(void);	/* of the calling user */

/* A test of a suite: FAULT_TEST(name, .setup = ...) */
#define FAULT_TEST(test_name, ...)					\
	TEST(test_name)							\
	{								\
		const struct fault_op op = {				\
			.name = #test_name, __VA_ARGS__ };		\
									\
		ASSERT_EQ(0, fault_world());				\
		EXPECT_STREQ("", fault_run(&op));			\
		EXPECT_STREQ("", fault_charged());			\
	}

#endif /* DIPC_TEST_FAULT_H */
