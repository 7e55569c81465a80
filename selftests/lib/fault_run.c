// SPDX-License-Identifier: GPL-2.0
/* See fault.h: all of one operation fails in turn, and what came of it. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

#define ALL_MAX		64	/* of one operation that all fail at once */
#define FAULT_BYTES	64	/* two objects that are smaller fail together */

/* A line of the table. */
struct tally {
	int places;		/* that have failed, each once */
	int ours;		/* allocations of the module among them */
	int no_memory, bad_copy, other, without;
	char all[32];		/* what it says when nothing can be allocated */
};

static char wrong[512];

static const char *__attribute__((format(printf, 3, 4)))
say(const struct fault_op *op, unsigned int nth, const char *format, ...)
{
	int len = snprintf(wrong, sizeof(wrong), "%s, %u: ", op->name, nth);
	va_list args;

	va_start(args, format);
	vsnprintf(wrong + len, sizeof(wrong) - len, format, args);
	va_end(args);
	return wrong;
}

/* The module itself says one thing only. */
static bool may_be(const struct fault_op *op, int error,
		   const struct fault_hit *hit)
{
	if (error == (hit->is_copy ? EFAULT : ENOMEM))
		return true;
	if (hit->is_ours)
		return false;
	for (int i = 0; i < FAULT_MAY_MAX && op->may[i]; i++)
		if (error == op->may[i])
			return true;
	return false;
}

static void count(struct tally *tally, const struct fault_hit *hit, long ret)
{
	tally->places++;
	tally->ours += hit->is_ours && hit->is_direct;
	if (ret >= 0)
		tally->without++;
	else if (ret == -ENOMEM)
		tally->no_memory++;
	else if (ret == -EFAULT)
		tally->bad_copy++;
	else
		tally->other++;
}

static const char *where(const struct fault_hit *hit)
{
	static char text[2 * FAULT_SITE_MAX + 32];

	if (hit->is_copy)
		return "a copy";
	snprintf(text, sizeof(text), "%s%s by %s", hit->callee,
		 hit->is_direct ? "" : " (beside)",
		 hit->is_ours ? hit->site : "others");
	return text;
}

/* It was made without a failure, and all is as it should be. */
static const char *judge_success(const struct fault_op *op, unsigned int nth,
				 const char *when, long ret)
{
	if (ret < 0)
		return say(op, nth, "%s: %s", when, strerror(-ret));
	if (op->is_done && !op->is_done(op->env))
		return say(op, nth, "%s: it is not done as it should be", when);
	return "";
}

/* It has failed: rightly so, nothing was done, and the next try works. */
static const char *judge_failure(const struct fault_op *op, unsigned int nth,
				 const struct fault_hit *hit, const char *what,
				 long ret)
{
	if (!may_be(op, -ret, hit))
		return say(op, nth, "%s failed: %s", what, strerror(-ret));
	if (hit->is_copy && op->copy_is_late)
		return "";
	if (op->is_untouched && !op->is_untouched(op->env))
		return say(op, nth, "%s failed: half of it is done", what);
	return judge_success(op, nth, what, op->step(op->env));
}

static const char *judge_without(const struct fault_op *op, unsigned int nth,
				 const char *what, long ret)
{
	return op->may_degrade ? "" : judge_success(op, nth, what, ret);
}

static bool is_spared(const struct fault_op *op, const struct fault_hit *hit)
{
	size_t len = op->spares ? strlen(op->spares) : 0;

	return len && hit->is_ours && !strncmp(hit->site, op->spares, len) &&
	       hit->site[len] == '+';
}

static const char *fail_nth(const struct fault_op *op, unsigned int nth,
			    struct tally *tally, bool *more)
{
	struct fault_hit hit;
	long ret;

	fault_arm(nth);
	ret = op->step(op->env);
	*more = fault_disarm();
	if (!*more)
		return judge_success(op, nth, "at last", ret);
	hit = fault_hit();
	fault_record(&hit, ret < 0 ? -ret : 0);
	count(tally, &hit, ret);
	if (ret < 0 && is_spared(op, &hit))
		return say(op, nth, "not without %s: %s", where(&hit),
			   strerror(-ret));
	return ret < 0 ?
	       judge_failure(op, nth, &hit, where(&hit), ret) :
	       judge_without(op, nth, where(&hit), ret);
}

/* All but the first, whose sizes make up so many bytes. */
static const char *fail_all(const struct fault_op *op, unsigned int bytes,
			    struct tally *tally, bool *more)
{
	static const struct fault_hit all;
	static struct fault_hit hits[ALL_MAX];
	long ret;
	int n;

	fault_arm_all(bytes);
	ret = op->step(op->env);
	fault_disarm_all();
	n = fault_hits(hits, ALL_MAX);
	*more = n;
	for (int i = 0; i < n; i++)
		fault_record(&hits[i], ret < 0 ? -ret : 0);
	if (!bytes)
		snprintf(tally->all, sizeof(tally->all), "%s",
			 ret < 0 ? strerrorname_np(-ret) : n ? "without" : "-");
	return ret < 0 ? judge_failure(op, bytes, &all, "all others", ret) :
			 judge_without(op, bytes, "all others", ret);
}

typedef const char *(*fail_fn)(const struct fault_op *op, unsigned int nth,
			       struct tally *tally, bool *more);

/* From nothing to nothing, so that each time it is the first. */
static const char *try(const struct fault_op *op, unsigned int nth,
		       struct tally *tally, bool *more, fail_fn fail)
{
	int err = op->setup ? op->setup(op->env) : 0;
	const char *what, *left;

	*more = false;
	if (err)
		return say(op, nth, "preparing it: %s", strerror(-err));
	what = fail(op, nth, tally, more);
	if (op->teardown)
		op->teardown(op->env);
	left = fault_left();
	return *what || !*left ? what : say(op, nth, "%s left", left);
}

static void print(const struct fault_op *op, const struct tally *t)
{
	printf("# %-34s %3d fail (%2d of the module): ", op->name, t->places,
	       t->ours);
	printf("%3d ENOMEM, %3d EFAULT, %2d other, %3d done without; ",
	       t->no_memory, t->bad_copy, t->other, t->without);
	printf("all at once: %s\n", op->not_all ? "not tried" : t->all);
	fflush(stdout);
}

static const char *each(const struct fault_op *op, struct tally *tally)
{
	const char *what = "";
	unsigned int nth;
	bool more = true;

	for (nth = 1; more && !*what && nth <= FAULT_NTH_MAX; nth++)
		what = try(op, nth, tally, &more, fail_nth);
	return more && !*what ? say(op, nth, "it never ends") : what;
}

static const char *all(const struct fault_op *op, struct tally *tally)
{
	const char *what = "";
	unsigned int bytes;
	bool more = true;

	for (bytes = 0; more && !*what; bytes += FAULT_BYTES) {
		what = try(op, bytes, tally, &more, fail_all);
		more = more && op->all_from;
	}
	return what;
}

const char *fault_run(const struct fault_op *op)
{
	struct tally tally = { 0 };
	const char *what = each(op, &tally);

	fault_pages(true);
	if (!*what && op->has_pages)
		what = each(op, &tally);
	if (!*what && !op->not_all)
		what = all(op, &tally);
	fault_pages(false);
	print(op, &tally);
	return what;
}
