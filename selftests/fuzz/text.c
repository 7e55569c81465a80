// SPDX-License-Identifier: GPL-2.0
/*
 * Programs as text, one step a line, what is 0 left out:
 *
 *   root.0 socket slot=3 type=SEQPACKET	# 0
 *   user.1 sendmsg slot=3 len=17 flags=DONTWAIT|0x4000
 *   together
 *   root.1 close slot=3
 *
 * What follows "together" is not done one after the other, but all at once.
 * What follows a '#' is for the reader.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

const char *const fz_proc_name[FZ_PROCS] = { "root", "user", "away" };

const char *fz_errno_name(int error)
{
	static char other[16];
	const char *name = strerrorname_np(error);

	if (name)
		return name;
	snprintf(other, sizeof(other), "%d", error);
	return other;
}

struct out {
	char *at, *end;
};

__attribute__((format(printf, 2, 3)))
static void put(struct out *o, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(o->at, o->end - o->at, format, args);
	va_end(args);
	o->at += n < o->end - o->at ? n : o->end - o->at - 1;
}

static void put_value(struct out *o, const struct fz_word *words, uint64_t v)
{
	const struct fz_word *w;
	const char *between = "";

	for (w = words; w && w->word; w++) {
		if (w->value == v) {
			put(o, "%s", w->word);
			return;
		}
	}
	/* flags: words of one bit each, and the rest as a number */
	for (w = words; w && w->word; w++) {
		if (!w->value || w->value & (w->value - 1) ||
		    !(v & w->value))
			continue;
		put(o, "%s%s", between, w->word);
		between = "|";
		v &= ~w->value;
	}
	if (v || !*between)
		put(o, v < 100000 ? "%s%llu" : "%s%#llx", between,
		    (unsigned long long)v);
}

static void put_result(struct out *o, int64_t result)
{
	if (result == FZ_NO_RESULT)
		put(o, "\t# did not end");
	else if (result < 0)
		put(o, "\t# %s", fz_errno_name(-result));
	else
		put(o, "\t# %lld", (long long)result);
}

size_t fz_print(const struct fz_program *program, const int64_t *results,
		char *text, size_t size)
{
	struct out o = { text, text + size };
	unsigned int i, j;

	for (i = 0; i < program->n; i++) {
		const struct fz_step *step = &program->step[i];
		const struct fz_arg *arg = step->op->args;

		if (i == program->together)
			put(&o, "together\n");
		put(&o, "%s.%u %s", fz_proc_name[step->proc], step->thread,
		    step->op->name);
		for (j = 0; j < FZ_ARGS && arg[j].name; j++) {
			if (!step->arg[j])
				continue;
			put(&o, " %s=", arg[j].name);
			put_value(&o, arg[j].words, step->arg[j]);
		}
		if (results)
			put_result(&o, results[i]);
		put(&o, "\n");
	}
	return o.at - text;
}

static bool get_value(const struct fz_word *words, char *text, uint64_t *value)
{
	const struct fz_word *w;
	char *part, *rest = text, *end;

	*value = 0;
	while ((part = strsep(&rest, "|"))) {
		for (w = words; w && w->word; w++)
			if (!strcmp(w->word, part))
				break;
		if (w && w->word) {
			*value |= w->value;
			continue;
		}
		*value |= strtoull(part, &end, 0);
		if (end == part || *end)
			return false;
	}
	return true;
}

static const char *get_actor(char *text, struct fz_step *step)
{
	unsigned int proc, thread;
	char *dot = strchr(text, '.'), *end;

	if (!dot)
		return "an actor is PROCESS.THREAD";
	*dot = '\0';
	for (proc = 0; proc < FZ_PROCS; proc++)
		if (!strcmp(fz_proc_name[proc], text))
			break;
	if (proc == FZ_PROCS)
		return "no such process";
	thread = strtoul(dot + 1, &end, 10);
	if (end == dot + 1 || *end || thread >= fz_threads[proc])
		return "no such thread";
	step->proc = proc;
	step->thread = thread;
	return NULL;
}

static const char *get_arg(char *text, struct fz_step *step)
{
	const struct fz_arg *arg = step->op->args;
	char *equals = strchr(text, '=');
	unsigned int j;

	if (!equals)
		return "an argument is NAME=VALUE";
	*equals = '\0';
	for (j = 0; j < FZ_ARGS && arg[j].name; j++)
		if (!strcmp(arg[j].name, text))
			break;
	if (j == FZ_ARGS || !arg[j].name)
		return "no such argument";
	if (!get_value(arg[j].words, equals + 1, &step->arg[j]))
		return "no such value";
	return NULL;
}

static const char *get_line(struct fz_program *program, char *line)
{
	struct fz_step *step = &program->step[program->n];
	const char *wrong;
	char *word;

	line[strcspn(line, "#")] = '\0';
	word = strtok(line, " \t");
	if (!word)
		return NULL;
	if (!strcmp(word, "together")) {
		program->together = program->n;
		return NULL;
	}
	if (program->n == FZ_STEPS)
		return "too many steps";
	memset(step, 0, sizeof(*step));
	wrong = get_actor(word, step);
	if (wrong)
		return wrong;
	word = strtok(NULL, " \t");
	step->op = word ? fz_op_find(word) : NULL;
	if (!step->op)
		return "no such operation";
	while ((word = strtok(NULL, " \t"))) {
		wrong = get_arg(word, step);
		if (wrong)
			return wrong;
	}
	program->n++;
	return NULL;
}

const char *fz_parse(struct fz_program *program, const char *text,
		     unsigned int *line)
{
	char *copy = strdup(text), *rest = copy, *one;
	const char *wrong = NULL;

	program->n = 0;
	program->together = UINT32_MAX;
	*line = 0;
	if (!copy)
		return "no memory";
	while (!wrong && (one = strsep(&rest, "\n"))) {
		++*line;
		wrong = get_line(program, one);
	}
	free(copy);
	if (program->together > program->n)
		program->together = program->n;
	return wrong;
}
