/* SPDX-License-Identifier: GPL-2.0 */
/* What ipcctl send and ipcctl recv have in common. */
#ifndef IPCCTL_MSG_H
#define IPCCTL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word that may stand before the message, and what becomes of it. */
struct msg_option {
	const char *word;
	/* NULL: it has no value, and sets this: */
	bool (*read)(const char *word, const char *value, void *to);
	void *to;
	bool seen;
};

/* Longer than anybody waits; still an int of milliseconds. */
#define MSG_TIME_MAX_MS (24ULL * 60 * 60 * 1000)

int msg_options(struct msg_option *options, size_t n, int argc, char **argv);
bool msg_read_time(const char *word, const char *value, void *to_ms);
bool msg_read_count(const char *word, const char *value, void *to_u64);
bool msg_read_type(const char *word, const char *value, void *to_u32);
int msg_status(const char *what, int err);

#define MSG_STATUS_HELP							\
	"  Exit status: 0 done, 1 failed, 2 wrong words, 3 it would have had to wait\n"

#endif /* IPCCTL_MSG_H */
