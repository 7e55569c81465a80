// SPDX-License-Identifier: GPL-2.0
/*
 * Reads Documentation/cells.txt, which is part of the program, so that the
 * suite cannot run with another text than it was built with; see
 * cells_table.h.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "cells_table.h"

#define WORDS_MAX	16
#define LINE_MAX_LEN	512

asm(".section .rodata\n"
    "cells_text:\n"
    ".incbin \"" CELLS_TXT "\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char cells_text[];

const char *const cell_mode_names[CELL_MODES] = {
	"nonblocking", "blocking", "reliable", "explicit",
	"reliable-nonblocking", "explicit-nonblocking",
	"blocking-async", "reliable-async", "explicit-async",
};

const char *const cell_policy_names[CELL_POLICIES] = {
	[DIPC_POLICY_WAIT] = "wait",
	[DIPC_POLICY_REFUSE] = "refuse",
	[DIPC_POLICY_DROP_NEWEST] = "newest",
	[DIPC_POLICY_DROP_OLDEST] = "oldest",
};

const uint32_t cell_capacities[CELL_CAPACITIES] = { 3, 1, 0 };

const char *const cell_situation_names[CELL_SITUATIONS] = {
	"room", "full", "nobody", "receiver", "killed",
	"waiting+comes", "waiting+closed", "waiting+deleted",
	"waiting+timeout", "waiting+deadline", "waiting+signal",
	"waiting+timed-signal", "waiting+restart", "waiting+sender-gone",
	"queued+comes", "queued+closed", "queued+deleted", "queued+evicted",
	"queued+purged", "queued+timeout", "queued+deadline", "queued+signal",
	"queued+timed-signal", "queued+restart", "queued+sender-gone",
	"lent+killed", "lent+faults", "lent+closed", "lent+deleted",
	"lent+timeout", "lent+deadline", "lent+signal", "lent+timed-signal",
	"lent+restart", "lent+sender-gone",
};

/* As "ipcctl stats" calls them. */
const char *const cell_counter_names[__DIPC_REASON_COUNT] = {
	[DIPC_REASON_NONE] = "none",
	[DIPC_REASON_QUEUED] = "queued",
	[DIPC_REASON_HANDED] = "handed",
	[DIPC_REASON_WAITED] = "waited",
	[DIPC_REASON_TAKEN] = "taken",
	[DIPC_REASON_PEEKED] = "peeked",
	[DIPC_REASON_TRUNCATED] = "truncated",
	[DIPC_REASON_PUT_BACK] = "put-back",
	[DIPC_REASON_DROP_NEWEST] = "drop-newest",
	[DIPC_REASON_DROP_OLDEST] = "drop-oldest",
	[DIPC_REASON_DROP_PURGED] = "drop-purged",
	[DIPC_REASON_DROP_CLOSED] = "drop-closed",
	[DIPC_REASON_NO_NAME] = "no-name",
	[DIPC_REASON_NO_PORT] = "no-port",
	[DIPC_REASON_NO_NODE] = "no-node",
	[DIPC_REASON_NO_PERMISSION] = "no-permission",
	[DIPC_REASON_TOO_LONG] = "too-long",
	[DIPC_REASON_WOULD_BLOCK] = "would-block",
	[DIPC_REASON_REFUSED] = "refused",
	[DIPC_REASON_TIMED_OUT] = "timed-out",
	[DIPC_REASON_INTERRUPTED] = "interrupted",
	[DIPC_REASON_CLOSED] = "closed",
	[DIPC_REASON_USER_LIMIT] = "user-limit",
	[DIPC_REASON_NO_MEMORY] = "no-memory",
	[DIPC_REASON_FAULT] = "fault",
	[DIPC_REASON_EXPIRED] = "expired",
	[DIPC_REASON_WRONG_TYPE] = "wrong-type",
	[DIPC_REASON_WITHDRAWN] = "withdrawn",
	[DIPC_REASON_NO_CALLS] = "no-calls",
	[DIPC_REASON_REPLIED] = "replied",
	[DIPC_REASON_LATE_REPLY] = "late-reply",
	[DIPC_REASON_RESET] = "reset",
	[DIPC_REASON_CANCELLED] = "cancelled",
	[DIPC_REASON_FORWARDED] = "forwarded",
	[DIPC_REASON_RETRIED] = "retried",
	[DIPC_REASON_BORROWED] = "borrowed",
};

struct reader {
	struct cell_row (*table)[CELL_CAPACITIES][CELL_POLICIES][CELL_SITUATIONS];
	int line, faults;
	int mode, capacity;		/* of the current table; -1: before it */
	/* of "cannot occur (…):", until its reason is read */
	bool listing;
	int list_line, n_listed;
	unsigned int list_policies;
	int listed[CELL_SITUATIONS];
};

static void fault(struct reader *rd, const char *what, const char *word)
{
	printf("# cells.txt:%d: %s %s\n", rd->line, what, word);
	rd->faults++;
}

static int find(const char *const *names, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], word))
			return i;
	return -1;
}

static int errno_of(const char *name)
{
	static const struct { const char *name; int err; } known[] = {
		{ "EAGAIN", EAGAIN }, { "EINTR", EINTR },
		{ "ENOBUFS", ENOBUFS }, { "ECONNREFUSED", ECONNREFUSED },
		{ "EIDRM", EIDRM }, { "ETIMEDOUT", ETIMEDOUT },
		{ "ECANCELED", ECANCELED },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return known[i].err;
	return 0;
}

/* A set of policies; 0 if there is a word that is none. */
static unsigned int policies_of(char *words)
{
	unsigned int set = 0;
	char *word, *rest = words;

	if (!strcmp(words, "any"))
		return (1 << CELL_POLICIES) - 1;
	while ((word = strsep(&rest, ","))) {
		int p = find(cell_policy_names, CELL_POLICIES, word);

		if (p < 0)
			return 0;
		set |= 1 << p;
	}
	return set;
}

static int events_of(struct reader *rd, char *words)
{
	char *word, *rest = words;
	int events = 0;

	if (!strcmp(words, "gone"))
		return CELL_GONE;
	if (!strcmp(words, "-"))
		return 0;
	while ((word = strsep(&rest, ","))) {
		if (!strcmp(word, "in"))
			events |= POLLIN;
		else if (!strcmp(word, "out"))
			events |= POLLOUT;
		else if (!strcmp(word, "err"))
			events |= POLLERR;
		else if (!strcmp(word, "hup"))
			events |= POLLHUP;
		else
			fault(rd, "no poll event:", word);
	}
	return events;
}

static void read_counters(struct reader *rd, struct cell_row *row, char *words)
{
	char *word, *times, *rest = words;

	while ((word = strsep(&rest, ","))) {
		int i;

		times = strchr(word, '*');
		if (times)
			*times++ = 0;
		i = find(cell_counter_names, __DIPC_REASON_COUNT, word);
		if (i < 0)
			fault(rd, "no counter:", word);
		else
			row->counter[i] += times ? atoi(times) : 1;
	}
}

static void read_completion(struct reader *rd, struct cell_row *row, char *word)
{
	char *reason = strchr(word, '/');

	if (!strcmp(word, "-")) {
		row->completion = CELL_NOT_ASYNC;
	} else if (!strcmp(word, "none")) {
		row->completion = CELL_NONE;
	} else if (!strcmp(word, "gone")) {
		row->completion = CELL_LOST;
	} else if (reason) {
		*reason++ = 0;
		row->completion = CELL_COMPLETE;
		row->error = errno_of(word);
		row->reason = find(cell_counter_names, __DIPC_REASON_COUNT,
				   reason);
		if ((!row->error && strcmp(word, "0")) || row->reason <= 0)
			fault(rd, "no errno/reason:", word);
	} else {
		fault(rd, "no completion:", word);
	}
	if (rd->mode >= CELL_BLOCKING_ASYNC &&
	    row->completion == CELL_NOT_ASYNC)
		fault(rd, "an asynchronous send has a completion, not", word);
}

static void enter(struct reader *rd, unsigned int policies, int situation,
		  const struct cell_row *row)
{
	for (int p = 0; p < CELL_POLICIES; p++) {
		struct cell_row *at = &rd->table[rd->mode][rd->capacity][p]
						[situation];

		if (!(policies & 1 << p))
			continue;
		if (at->line)
			fault(rd, "there twice:",
			      cell_situation_names[situation]);
		*at = *row;
	}
}

static void read_row(struct reader *rd, char **word, int n_words)
{
	int situation = find(cell_situation_names, CELL_SITUATIONS, word[0]);
	struct cell_row row = { .line = rd->line, .occurs = true };
	unsigned int policies;

	if (situation < 0 || n_words != 8) {
		fault(rd, "neither a row nor a reason:", word[0]);
		return;
	}
	policies = policies_of(word[1]);
	if (!policies)
		fault(rd, "no policy:", word[1]);
	if (!strcmp(word[2], "sleeps"))
		row.returns = CELL_SLEEPS;
	else if (strcmp(word[2], "length"))
		row.returns = -errno_of(word[2]);
	if (!row.returns && strcmp(word[2], "length"))
		fault(rd, "no errno:", word[2]);
	if (!strcmp(word[3], "queue"))
		row.holder = CELL_IN_QUEUE;
	else if (!strcmp(word[3], "line"))
		row.holder = CELL_IN_LINE;
	else if (!strcmp(word[3], "receiver"))
		row.holder = CELL_AT_RECEIVER;
	else if (!strcmp(word[3], "nobody"))
		row.holder = CELL_NOWHERE;
	else
		fault(rd, "nobody who holds a message:", word[3]);
	row.sender = events_of(rd, word[4]);
	row.receiver = events_of(rd, word[5]);
	read_counters(rd, &row, word[6]);
	read_completion(rd, &row, word[7]);
	enter(rd, policies, situation, &row);
}

static void read_listed(struct reader *rd, char **word, int n_words)
{
	for (int i = 0; i < n_words; i++) {
		int s = find(cell_situation_names, CELL_SITUATIONS, word[i]);

		if (s < 0 || rd->n_listed == CELL_SITUATIONS)
			fault(rd, "no situation:", word[i]);
		else
			rd->listed[rd->n_listed++] = s;
	}
}

/* "cannot occur (POLICIES): SITUATION…" */
static void begin_list(struct reader *rd, char **word, int n_words)
{
	size_t len = n_words > 2 ? strlen(word[2]) : 0;

	rd->listing = true;
	rd->list_line = rd->line;
	rd->n_listed = 0;
	rd->list_policies = 0;
	if (len > 3 && word[2][0] == '(' && !strcmp(word[2] + len - 2, "):")) {
		word[2][len - 2] = 0;
		rd->list_policies = policies_of(word[2] + 1);
	}
	if (!rd->list_policies)
		fault(rd, "no policies:", n_words > 2 ? word[2] : "");
	else
		read_listed(rd, word + 3, n_words - 3);
}

static void end_list(struct reader *rd)
{
	struct cell_row row = { .line = rd->list_line };

	for (int i = 0; i < rd->n_listed; i++)
		enter(rd, rd->list_policies, rd->listed[i], &row);
	rd->listing = false;
}

/* "mode MODE, capacity N" */
static bool read_head(struct reader *rd, char **word, int n_words)
{
	size_t len;
	int i;

	if (n_words != 4 || strcmp(word[0], "mode") ||
	    strcmp(word[2], "capacity"))
		return false;
	len = strlen(word[1]);
	if (word[1][len - 1] == ',')
		word[1][len - 1] = 0;
	rd->mode = find(cell_mode_names, CELL_MODES, word[1]);
	rd->capacity = -1;
	for (i = 0; i < CELL_CAPACITIES; i++)
		if (cell_capacities[i] == (uint32_t)atoi(word[3]))
			rd->capacity = i;
	if (rd->mode < 0 || rd->capacity < 0) {
		fault(rd, "no such table:", word[1]);
		rd->mode = -1;
	}
	return true;
}

static void read_line(struct reader *rd, char *text)
{
	bool indented = *text == ' ';
	char *word[WORDS_MAX], *next, *save;
	int n = 0;

	for (next = strtok_r(text, " ", &save); next && n < WORDS_MAX;
	     next = strtok_r(NULL, " ", &save))
		word[n++] = next;
	if (rd->listing && (!n || !indented)) {
		fault(rd, "a list without a reason", "");
		rd->listing = false;
	}
	if (!n || read_head(rd, word, n) || rd->mode < 0)
		return;
	if (rd->listing && strcmp(word[0], "because")) {
		read_listed(rd, word, n);
	} else if (rd->listing) {
		if (n < 2)
			fault(rd, "no reason after", word[0]);
		end_list(rd);
	} else if (n > 1 && !strcmp(word[0], "cannot") &&
		   !strcmp(word[1], "occur")) {
		begin_list(rd, word, n);
	} else if (!indented && word[0][0] != '-' &&
		   strcmp(word[0], "situation")) {
		read_row(rd, word, n);
	}
}

static void look_for_holes(struct reader *rd)
{
	for (int m = 0; m < CELL_MODES; m++)
	for (int c = 0; c < CELL_CAPACITIES; c++)
	for (int p = 0; p < CELL_POLICIES; p++)
	for (int s = 0; s < CELL_SITUATIONS; s++) {
		if (rd->table[m][c][p][s].line)
			continue;
		printf("# cells.txt: nothing about %s, %u, %s, %s\n",
		       cell_mode_names[m], cell_capacities[c],
		       cell_policy_names[p], cell_situation_names[s]);
		rd->faults++;
	}
}

int cells_load(cell_table table)
{
	struct reader rd = { .table = table, .mode = -1 };
	const char *from = cells_text, *end;
	char line[LINE_MAX_LEN];

	memset(table, 0, sizeof(cell_table));
	for (; *from; from = *end ? end + 1 : end) {
		end = strchrnul(from, '\n');
		rd.line++;
		if (end - from >= LINE_MAX_LEN) {
			fault(&rd, "too long", "");
			continue;
		}
		snprintf(line, sizeof(line), "%.*s", (int)(end - from), from);
		read_line(&rd, line);
	}
	look_for_holes(&rd);
	return rd.faults;
}
