// SPDX-License-Identifier: GPL-2.0
/*
 * See fault.h: where something has failed. Return probes on the two functions
 * that decide about allocations trace the stack each time when one says "fail";
 * the frame nearest to it that is the module's is the site. There is no such
 * probe for copies: the function that decides about those cannot be probed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fault.h"
#include "fault_trace.h"

#define TRACEFS		"/sys/kernel/tracing/"
#define INSTANCE	TRACEFS "instances/dipc_fault/"
#define GROUP		"dipc_fault"

static const char *const deciders[] = {
	"should_failslab", "should_fail_alloc_page",
};

/*
 * Of a module whose load has failed nobody knows the symbols any more. But
 * where it was is traced, by the address of its struct module, which is always
 * at the same distance from its code.
 */
#define LOADER	"do_init_module"

#define N_DECIDERS ((int)(sizeof(deciders) / sizeof(deciders[0])))

/* What is asked for beside the memory itself: by the slab, or by a checker. */
static const char *const beside[] = {
	"allocate_slab", "kmemleak_", "__create_object", "stack_depot",
	"debug_object", "kasan_",
};

static int pipe_fd = -1, record_fd = -1;
static unsigned long long text_at;	/* code of the last load */
static long long text_distance;
static bool load_began;
static char text[1 << 16];

static int probe(char type, const char *function, const char *fetch)
{
	char line[128];
	int fd, ret;

	snprintf(line, sizeof(line), "%c:" GROUP "/%s %s %s\n", type, function,
		 function, fetch);
	fd = open(TRACEFS "kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, line, strlen(line)) < 0 && errno != EEXIST ? -errno : 0;
	close(fd);
	return ret;
}

static int event(const char *decider, const char *file, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), INSTANCE "events/" GROUP "/%s/%s", decider,
		 file);
	return fault_write(path, what);
}

static int trace(const char *decider)
{
	int err = event(decider, "filter", "ret != 0");

	if (!err)
		err = event(decider, "trigger", "stacktrace if ret != 0");
	if (!err || err == -EEXIST)
		err = event(decider, "enable", "1");
	return err;
}

static unsigned long long section(const char *name)
{
	char path[128];
	unsigned long long at = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/dipc/sections/%s", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llx", &at) != 1)
		at = 0;
	if (f)
		fclose(f);
	return at;
}

const char *fault_trace_begin(void)
{
	for (int i = 0; i < N_DECIDERS; i++)
		if (probe('r', deciders[i], "ret=$retval:s32"))
			return "what decides on failures cannot be probed";
	/*
	 * The names of tasks are of no interest, and to learn them the tracer
	 * would change the code of the scheduler, in which the other processor
	 * always is: QEMU's translator may then run a breakpoint for ever that
	 * is long gone. An instance has of that what there was when it was made.
	 */
	if (fault_write(TRACEFS "options/record-cmd", "0"))
		return "traces learn the names of tasks";
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return "there can be no trace instance";
	text_distance = section(".gnu.linkonce.this_module") - section(".text");
	if (probe('p', LOADER, "mod=%di:x64") || event(LOADER, "enable", "1"))
		return "loads of the module cannot be traced";
	if (fault_write(INSTANCE "options/sym-offset", "1"))
		return "traces do not tell offsets";
	for (int i = 0; i < N_DECIDERS; i++)
		if (trace(deciders[i]))
			return "the stacks of failures cannot be traced";
	record_fd = open(FAULT_RECORDS,
			 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (record_fd < 0)
		return "there is no place for what is seen";
	dprintf(record_fd, "suite %s\n", program_invocation_short_name);
	pipe_fd = open(INSTANCE "trace_pipe",
		       O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return pipe_fd < 0 ? "the trace cannot be read" : NULL;
}

void fault_trace_end(void)
{
	close(pipe_fd);
	for (int i = 0; i < N_DECIDERS; i++)
		event(deciders[i], "enable", "0");
	event(LOADER, "enable", "0");
	rmdir(INSTANCE);
	fault_write(TRACEFS "kprobe_events", "");
}

void fault_trace_forget(void)
{
	while (read(pipe_fd, text, sizeof(text)) > 0)
		;
	load_began = false;
}

static bool is_beside(const char *function)
{
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (!strncmp(function, beside[i], strlen(beside[i])))
			return true;
	return false;
}

#define TEXT_MAX	0x100000	/* there is less code than this */

/* An address: "text+0xoffset", if it is in the module that was loaded last. */
static bool name_unknown(char function[FAULT_SITE_MAX])
{
	unsigned long long at = strtoull(function, NULL, 16);

	if (!text_at || at - text_at >= TEXT_MAX)
		return false;
	snprintf(function, FAULT_SITE_MAX, "text+0x%llx", at - text_at);
	return true;
}

/* One frame, from the inside to the outside; false when all is known. */
static bool look_at_frame(struct fault_hit *hit, const char *frame)
{
	char function[FAULT_SITE_MAX] = "";
	bool is_ours = strstr(frame, "[dipc]");

	sscanf(frame, "%127s", function);
	if (!strncmp(function, "0x", 2))
		is_ours = name_unknown(function);
	if (is_ours) {
		/* the size there includes what is between two functions */
		*strchrnul(function, '/') = '\0';
		strcpy(hit->site, function);
		/* what a pipe needs for what is copied is the pipe's affair */
		hit->is_ours = strncmp(hit->callee, "_copy_", 6);
		return false;
	}
	if (is_beside(function))
		hit->is_direct = false;
	*strchrnul(function, '+') = '\0';
	strcpy(hit->callee, function);
	return true;
}

/* In "  task-pid [cpu] d.s2. time: ...", whether there is an 's'. */
static bool is_softirq(const char *line)
{
	const char *flags = strchr(line, ']');

	return flags && (flags[4] == 's' || flags[4] == 'H');
}

static int parse(char *all, struct fault_hit *hits, int max)
{
	struct fault_hit *hit = NULL;
	bool in_stack = false;
	char *line, *rest = all;
	int n = 0;

	while ((line = strsep(&rest, "\n"))) {
		char *mod = strstr(line, " mod=0x");

		if (mod) {
			text_at = strtoull(mod + 5, NULL, 16) - text_distance;
			load_began = true;
		}
		if (strstr(line, " ret=")) {
			hit = n < max ? &hits[n++] : NULL;
			if (hit)
				*hit = (struct fault_hit) {
					.is_direct = true,
					.in_softirq = is_softirq(line),
					.in_load = load_began,
				};
			in_stack = hit;
		} else if (in_stack && !strncmp(line, " => ", 4)) {
			in_stack = look_at_frame(hit, line + 4);
		}
	}
	return n;
}

int fault_hits(struct fault_hit *hits, int max)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 &&
	       (n = read(pipe_fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	return parse(text, hits, max);
}

struct fault_hit fault_hit(void)
{
	struct fault_hit hit = { 0 };

	if (!fault_hits(&hit, 1))
		hit = (struct fault_hit) { .is_copy = true, .is_direct = true };
	return hit;
}

void fault_record(const struct fault_hit *hit, int error)
{
	char line[512];
	int len;

	if (!hit->is_ours || !hit->is_direct)
		return;
	len = snprintf(line, sizeof(line), "%s %s %d %d\n", hit->site,
		       hit->callee, error, hit->in_softirq);
	if (write(record_fd, line, len) != len)
		perror(FAULT_RECORDS);
}
