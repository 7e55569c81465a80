// SPDX-License-Identifier: GPL-2.0
/*
 * The judge of the oracle: runs a scenario over both families, compares what
 * they gave, and knows the list of wanted differences
 * (Documentation/differences.txt); see oracle.h.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "oracle.h"

#define DIFFERENCES_MAX	1000

struct o_difference {
	char row[24];
	char scenario[40];
	int types;
	char call[sizeof(((struct o_line *)0)->call)];
	char ux[sizeof(((struct o_line *)0)->gave)];
	char dipc[sizeof(((struct o_line *)0)->gave)];
	int run, seen;		/* types of this run, as sets */
};

static struct o_difference list[DIFFERENCES_MAX];
static int list_len;

static const struct {
	const char *name;
	int type, bit;
} type_names[] = {
	{ "stream", SOCK_STREAM, O_STREAM },
	{ "seqpacket", SOCK_SEQPACKET, O_SEQPACKET },
	{ "dgram", SOCK_DGRAM, O_DGRAM },
};

const char *o_type_name(int type)
{
	int i;

	for (i = 0; i < 3; i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return "?";
}

static int type_bit(const char *name, size_t len)
{
	int i;

	for (i = 0; i < 3; i++)
		if (strlen(type_names[i].name) == len &&
		    !memcmp(type_names[i].name, name, len))
			return type_names[i].bit;
	return 0;
}

/*
 * The list
 */

static char list_fault[200];

static const char *fault(int number, const char *what)
{
	snprintf(list_fault, sizeof(list_fault), "line %d: %s", number, what);
	return list_fault;
}

/* "SCENARIO, TYPE[ TYPE…]" */
static bool read_place(const char *text, struct o_difference *d)
{
	const char *comma = strchr(text, ',');
	size_t len;
	int bit;

	d->types = 0;
	if (!comma || comma - text >= (int)sizeof(d->scenario))
		return false;
	snprintf(d->scenario, sizeof(d->scenario), "%.*s",
		 (int)(comma - text), text);
	for (text = comma + 1; *text; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		bit = type_bit(text, len);
		if (!bit)
			return false;
		d->types |= bit;
	}
	return d->types;
}

/* The last one: a call may hold the same signs. */
static char *cut_last(char *text, const char *sign)
{
	char *at, *found = NULL;

	for (at = text; (at = strstr(at, sign)); at++)
		found = at;
	if (!found)
		return NULL;
	*found = '\0';
	return found + strlen(sign);
}

/* "CALL -> GAVE BY AF_UNIX | GAVE BY AF_DIPC" */
static bool read_difference(char *text, struct o_difference *d)
{
	char *gave = cut_last(text, " -> ");
	char *dipc = gave ? cut_last(gave, " | ") : NULL;

	if (!dipc || strlen(text) >= sizeof(d->call) ||
	    strlen(gave) >= sizeof(d->ux) || strlen(dipc) >= sizeof(d->dipc))
		return false;
	strcpy(d->call, text);
	strcpy(d->ux, gave);
	strcpy(d->dipc, dipc);
	return true;
}

/*
 * A row is an id with a text, "why:", and for each place "at:" and the lines
 * of its log that differ, to the next "at:" or an empty line.
 */
const char *o_list_read(const char *text, size_t len)
{
	struct o_difference place = { "" };
	const char *end = text + len, *nl;
	bool why = true, at = false;
	char line[512], *p;
	int number = 0;

	list_len = 0;
	for (; text < end; text = nl + 1) {
		nl = memchr(text, '\n', end - text);
		if (!nl)
			nl = end;
		number++;
		if (nl - text >= (int)sizeof(line))
			return fault(number, "too long");
		snprintf(line, sizeof(line), "%.*s", (int)(nl - text), text);
		p = line + strspn(line, " ");
		if (!strncmp(line, "D-", 2)) {
			if (!why)
				return fault(number, "the row before has no reason");
			why = at = false;
			snprintf(place.row, sizeof(place.row), "%.*s",
				 (int)strcspn(line, " "), line);
		} else if (!*p) {
			at = false;
		} else if (!place.row[0]) {
			continue;
		} else if (!strncmp(p, "why: ", 5)) {
			why = true;
		} else if (!strncmp(p, "at: ", 4)) {
			at = true;
			if (!read_place(p + 4, &place))
				return fault(number, "no place");
		} else if (at) {
			if (list_len == DIFFERENCES_MAX)
				return fault(number, "too many");
			if (!read_difference(p, &place))
				return fault(number, "no difference");
			list[list_len++] = place;
		}
	}
	return why ? NULL : fault(number, "the row before has no reason");
}

const char *o_list_unknown(void)
{
	int i;

	for (i = 0; i < list_len; i++)
		if (list[i].run != list[i].types) {
			list[i].run = list[i].types;
			snprintf(list_fault, sizeof(list_fault), "%s: %s",
				 list[i].row, list[i].scenario);
			return list_fault;
		}
	return NULL;
}

static bool wanted(const char *scenario, int bit, const char *call,
		   const char *ux, const char *dipc)
{
	bool found = false;
	int i;

	for (i = 0; i < list_len; i++) {
		struct o_difference *d = &list[i];

		if (d->types & bit && !strcmp(d->scenario, scenario) &&
		    !strcmp(d->call, call) && !strcmp(d->ux, ux) &&
		    !strcmp(d->dipc, dipc)) {
			d->seen |= bit;
			found = true;
		}
	}
	return found;
}

/*
 * Judging
 */

static char verdict[32768];
static size_t verdict_len;

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
	va_list args;
	int n;

	if (verdict_len >= sizeof(verdict) - 1)
		return;
	va_start(args, format);
	n = vsnprintf(verdict + verdict_len, sizeof(verdict) - verdict_len,
		      format, args);
	va_end(args);
	verdict_len += n;
}

static int run_child(void *arg)
{
	const struct o_scenario *s = arg;

	o_sigpipe_start();
	s->run();
	return 0;
}

static const char *side_name(bool dipc)
{
	return dipc ? "AF_DIPC" : "AF_UNIX";
}

/* Gives a log that the caller unmaps. */
static struct o_log *run_side(const struct o_scenario *s, int type, bool dipc,
			      char *ended, size_t size)
{
	static int number;
	char unique[48];
	struct o_log *log;
	int status;

	log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (log == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	snprintf(unique, sizeof(unique), "o.%d.%d", getpid(), ++number);
	o = (struct o_side) { .dipc = dipc, .type = type, .unique = unique,
			      .family = dipc ? dt_family() : AF_UNIX,
			      .log = log };
	status = dt_child_wait(dt_child(run_child, (void *)s));
	ended[0] = '\0';
	if (status == -ETIME)
		snprintf(ended, size, "hangs");
	else if (status < 0)
		snprintf(ended, size, "is killed by signal %d", -status);
	else if (status)
		snprintf(ended, size, "exits with %d", status);
	else if (log->overflow)
		snprintf(ended, size, "has too many lines");
	return log;
}

static void print_log(const struct o_log *log, bool dipc)
{
	int i;

	for (i = 0; i < log->n; i++)
		printf("# %s: %s -> %s\n", side_name(dipc), log->line[i].call,
		       log->line[i].gave);
}

static void compare(const struct o_scenario *s, int bit,
		    const struct o_log *ux, const struct o_log *dipc,
		    bool same)
{
	int i, n = ux->n < dipc->n ? ux->n : dipc->n;

	for (i = 0; i < n; i++) {
		const struct o_line *u = &ux->line[i], *d = &dipc->line[i];

		if (strcmp(u->call, d->call)) {
			say("not the same calls: %s | %s\n", u->call, d->call);
			return;
		}
		if (!strcmp(u->gave, d->gave))
			continue;
		if (same || !wanted(s->name, bit, u->call, u->gave, d->gave))
			say("%s -> %s | %s\n", u->call, u->gave, d->gave);
	}
	for (; i < ux->n; i++)
		say("%s -> %s | (not called)\n", ux->line[i].call,
		    ux->line[i].gave);
	for (; i < dipc->n; i++)
		say("%s -> (not called) | %s\n", dipc->line[i].call,
		    dipc->line[i].gave);
}

static void say_ended(const struct o_log *log, bool dipc, const char *ended)
{
	if (ended[0])
		say("%s %s in: %s\n", side_name(dipc), ended,
		    log->n ? log->line[log->n - 1].call : "(no call)");
}

const char *o_judge(const struct o_scenario *s, int type, bool verbose,
		    bool same)
{
	char ended_unix[64], ended_dipc[64];
	struct o_log *ux, *dipc;
	int i, bit = type_bit(o_type_name(type), strlen(o_type_name(type)));

	verdict_len = 0;
	verdict[0] = '\0';
	ux = run_side(s, type, false, ended_unix, sizeof(ended_unix));
	dipc = run_side(s, type, !same, ended_dipc, sizeof(ended_dipc));
	if (verbose) {
		print_log(ux, false);
		print_log(dipc, !same);
	}
	say_ended(ux, false, ended_unix);
	say_ended(dipc, !same, ended_dipc);
	if (!ux->n)
		say("no call was made\n");
	for (i = 0; i < list_len; i++)
		if (!strcmp(list[i].scenario, s->name))
			list[i].run |= bit & list[i].types;
	compare(s, bit, ux, dipc, same);
	for (i = 0; i < list_len && !same; i++)
		if (list[i].run & ~list[i].seen & bit &&
		    !strcmp(list[i].scenario, s->name))
			say("listed in %s and not so: %s -> %s | %s\n",
			    list[i].row, list[i].call, list[i].ux,
			    list[i].dipc);
	munmap(ux, sizeof(*ux));
	munmap(dipc, sizeof(*dipc));
	return verdict;
}
