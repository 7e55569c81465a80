// SPDX-License-Identifier: GPL-2.0
/*
 * No allocation is missed: every place where the module allocates, as its
 * object file says, was seen to fail by the suites before this one (fault_*),
 * or Documentation/fault-sites.txt says why it cannot. Prints the table of
 * them.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "fault_elf.h"

#define SITES_MAX	256
#define RECORDS_MAX	65536
#define WORDS_MAX	1024
#define ERRORS_MAX	6

/* Of fault-sites.txt, in its order. */
enum list { ALLOCATES, SILENT, NEVER, UNSEEN, N_LISTS };

static struct {
	char *word[WORDS_MAX];
	int n;
} lists[N_LISTS];

static const char *const heads[N_LISTS] = {
	"These may allocate, and", "These may allocate for", "These never",
	"Places that no",
};

static struct site {
	struct fault_call call;
	int times, softirq;
	int error[ERRORS_MAX], n_errors;	/* 0: it did without */
} sites[SITES_MAX];
static int n_sites, n_strange;

static int read_lists(const char *path)
{
	FILE *f = fopen(path, "re");
	int list = -1, next;
	char line[512], *word, *rest;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		for (next = 0; next < N_LISTS; next++)
			if (!strncmp(line, heads[next], strlen(heads[next])))
				list = next;
		if (list < 0)
			continue;
		if (list == UNSEEN && !isspace(line[0]) && strchr(line, ':')) {
			*strchr(line, ':') = '\0';
			lists[list].word[lists[list].n++] = strdup(line);
		} else if (list != UNSEEN && !strncmp(line, "    ", 4)) {
			rest = line;
			while ((word = strsep(&rest, " \n")))
				if (*word && lists[list].n < WORDS_MAX)
					lists[list].word[lists[list].n++] =
						strdup(word);
		}
	}
	fclose(f);
	return 0;
}

static bool is_in(enum list list, const char *word)
{
	for (int i = 0; i < lists[list].n; i++)
		if (!strcmp(lists[list].word[i], word))
			return true;
	return false;
}

static bool is_of_checker(const char *symbol)
{
	return !strncmp(symbol, "__asan_", 7) ||
	       !strncmp(symbol, "__ubsan_", 8) ||
	       !strncmp(symbol, "__sanitizer_", 12);
}

static void classify(const char *symbol, void *arg)
{
	int *unknown = arg;

	if (is_of_checker(symbol) || is_in(ALLOCATES, symbol) ||
	    is_in(SILENT, symbol) || is_in(NEVER, symbol))
		return;
	printf("# is in no list: %s\n", symbol);
	++*unknown;
}

static void add_site(const struct fault_call *call, void *arg)
{
	if (is_in(ALLOCATES, call->callee) && n_sites < SITES_MAX)
		sites[n_sites++].call = *call;
}

static void count(struct site *s, int error, int softirq)
{
	s->times++;
	s->softirq += softirq;
	for (int i = 0; i < s->n_errors; i++)
		if (s->error[i] == error)
			return;
	if (s->n_errors < ERRORS_MAX)
		s->error[s->n_errors++] = error;
}

/*
 * The code that begins a module is gone, and its place not known, if that has
 * failed: what is called there, and nowhere else, is named by the callee.
 */
static struct site *init_site(const char *callee)
{
	struct site *found = NULL;

	for (int i = 0; i < n_sites; i++) {
		if (strcmp(sites[i].call.callee, callee))
			continue;
		if (found || !sites[i].call.is_init)
			return NULL;
		found = &sites[i];
	}
	return found;
}

static void look_up(const char *where, const char *callee, int error,
		    int softirq)
{
	for (int i = 0; i < n_sites; i++)
		if (!strcmp(sites[i].call.site, where) ||
		    !strcmp(sites[i].call.text, where)) {
			count(&sites[i], error, softirq);
			return;
		}
	if (is_in(SILENT, callee))
		return;
	if (init_site(callee)) {
		count(init_site(callee), error, softirq);
		return;
	}
	n_strange++;
	printf("# of no list, but it has allocated: %s by %s\n", callee, where);
}

/* The suites that were run: a bit for each. */
static const char *const needed[] = {
	"fault_socket", "fault_send", "fault_receive", "fault_call",
	"fault_netlink", "fault_module",
};

#define N_NEEDED ((int)(sizeof(needed) / sizeof(needed[0])))

static int read_records(bool use)
{
	char line[512], where[FAULT_SITE_MAX], callee[FAULT_SITE_MAX];
	int error, softirq, seen = 0;
	FILE *f = fopen(FAULT_RECORDS, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "suite ", 6)) {
			line[strcspn(line, "\n")] = '\0';
			for (int i = 0; i < N_NEEDED; i++)
				if (!strcmp(line + 6, needed[i]))
					seen |= 1 << i;
		} else if (use && sscanf(line, "%127s %127s %d %d", where,
					 callee, &error, &softirq) == 4) {
			look_up(where, callee, error, softirq);
		}
	}
	if (f)
		fclose(f);
	return seen;
}

static int read_all(void)
{
	const char *top = getenv("DIPC_TOP"), *ko = getenv("DIPC_KO");
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s/Documentation/fault-sites.txt",
		 top ?: "..");
	err = read_lists(path);
	return err ?: fault_elf_open(ko ?: "");
}

static bool is_excused(const struct site *s)
{
	char entry[2 * FAULT_SITE_MAX];

	snprintf(entry, sizeof(entry), "%.*s %s",
		 (int)strcspn(s->call.site, "+"), s->call.site,
		 s->call.callee);
	return is_in(UNSEEN, entry);
}

static void print(const struct site *s)
{
	char outcomes[128] = "";

	for (int i = 0; i < s->n_errors; i++) {
		strcat(outcomes, i ? ", " : "");
		strcat(outcomes, s->error[i] ?
				 strerrorname_np(s->error[i]) : "without");
	}
	printf("# %-44s %-28s %4d times: %s%s\n", s->call.site, s->call.callee,
	       s->times, s->times ? outcomes :
	       is_excused(s) ? "see fault-sites.txt" : "NEVER SEEN",
	       s->softirq ? " (also in a soft interrupt)" : "");
}

#define SKIP_UNLESS_ALL_RAN()						\
	do {								\
		if (read_records(false) != (1 << N_NEEDED) - 1)		\
			SKIP(return, "not all suites fault_* ran before"); \
	} while (0)

TEST(each_function_of_the_kernel_is_known)
{
	int unknown = 0;

	SKIP_UNLESS_ALL_RAN();
	ASSERT_EQ(0, read_all());
	fault_elf_needs(classify, &unknown);
	EXPECT_EQ(0, unknown);
}

TEST(no_allocation_is_missed)
{
	int missed = 0;

	SKIP_UNLESS_ALL_RAN();
	ASSERT_EQ(0, read_all());
	fault_elf_calls(add_site, NULL);
	ASSERT_LT(0, n_sites);
	ASSERT_GT(SITES_MAX, n_sites);
	read_records(true);
	for (int i = 0; i < n_sites; i++) {
		print(&sites[i]);
		EXPECT_TRUE(sites[i].call.returns);
		missed += !sites[i].times && !is_excused(&sites[i]);
	}
	printf("# %d places\n", n_sites);
	EXPECT_EQ(0, missed);
	EXPECT_EQ(0, n_strange);
}

TEST_HARNESS_MAIN
