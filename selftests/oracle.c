// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 600
 *
 * AF_UNIX as the oracle: each scenario of lib/oracle_*.c makes the same calls
 * over AF_UNIX and over AF_DIPC, and every value, errno, event and byte must
 * be the same. What is meant to differ is in Documentation/differences.txt,
 * with the reason; what is listed there and does not differ fails as well.
 *
 *   oracle [-v] [-u] [PATTERN…]
 *
 * runs the scenarios whose names (TYPE.SCENARIO) match; -v shows all that the
 * calls gave; -u runs AF_UNIX against itself, to test the scenarios.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"
#include "kselftest.h"

/* The list is part of the program: it is found beside the folder of lib/. */
__asm__(".pushsection .rodata\n"
	".global oracle_list, oracle_list_end\n"
	"oracle_list: .incbin \"../../Documentation/differences.txt\"\n"
	"oracle_list_end: .byte 0\n"
	".popsection\n");
extern const char oracle_list[], oracle_list_end[];

static const struct o_scenario *const scenarios[] = {
	oracle_open, oracle_connect, oracle_accept, oracle_data, oracle_close,
	oracle_wait, oracle_poll, oracle_option, oracle_control,
};

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
static const int bits[] = { O_STREAM, O_SEQPACKET, O_DGRAM };

static char **patterns;

static bool chosen(const char *name)
{
	char **p;

	for (p = patterns; *p; p++)
		if (!fnmatch(*p, name, 0))
			return true;
	return p == patterns;
}

/* For each that is chosen; how many there are if there is nothing to do. */
static int for_each(void (*fn)(const struct o_scenario *s, int type,
			       const char *name))
{
	const struct o_scenario *s;
	char name[96];
	size_t i, t;
	int n = 0;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		for (s = scenarios[i]; s->name; s++)
			for (t = 0; t < ARRAY_SIZE(types); t++) {
				snprintf(name, sizeof(name), "%s.%s",
					 o_type_name(types[t]), s->name);
				if (!(s->types & bits[t]) || !chosen(name))
					continue;
				n++;
				if (fn)
					fn(s, types[t], name);
			}
	return n;
}

static bool verbose, same;

static void judge(const struct o_scenario *s, int type, const char *name)
{
	const char *verdict = o_judge(s, type, verbose, same);
	char text[32768], *line, *rest = text;

	snprintf(text, sizeof(text), "%s", verdict);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			ksft_print_msg("%s\n", line);
	ksft_test_result(!*verdict, "%s\n", name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *fault;
	int opt, bad = 0;

	while ((opt = getopt(argc, argv, "uv")) != -1) {
		verbose |= opt == 'v';
		same |= opt == 'u';
		if (opt == '?')
			return KSFT_FAIL;
	}
	patterns = argv + optind;
	ksft_print_header();
	ksft_set_plan(for_each(NULL) + 1);
	fault = o_list_read(oracle_list, oracle_list_end - oracle_list);
	if (fault)
		ksft_exit_fail_msg("differences.txt, %s\n", fault);
	for_each(judge);
	while (!*patterns && (fault = o_list_unknown())) {
		ksft_print_msg("no such scenario: %s\n", fault);
		bad++;
	}
	ksft_test_result(!bad, "every place of the list is a scenario\n");
	ksft_finished();
}
