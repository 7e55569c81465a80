/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's harness of that name, with another limit of time for each test
 * that says none. A limit is to find what hangs, and that is found as well a
 * minute later; what is merely slow, because the machine has other things to
 * do, is not to be taken for it.
 * No guard: a header beside this one finds it twice on the way to the kernel's,
 * which has one.
 */
#include_next "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 100
