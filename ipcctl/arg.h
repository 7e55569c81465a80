/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of the command line as values. Each returns false, after saying
 * what is wrong, where the word is not one.
 */
#ifndef IPCCTL_ARG_H
#define IPCCTL_ARG_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/dipc.h>

/* Exit statuses. */
#define FAILED	1
#define USAGE	2
#define LATE	3	/* of send and recv: one would have to wait longer */
#define REFUSED	4	/* of send: there was no room for it */
#define NOBODY	5	/* of both: who or what was named is not there */

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool arg_number(const char *what, const char *word, uint64_t max,
		uint64_t *value);
bool arg_size(const char *what, const char *word, uint64_t max,
	      uint64_t *value);
bool arg_bits(const char *what, const char *word, uint64_t *value);
bool arg_time(const char *what, const char *word, uint64_t max_ms,
	      uint64_t *ms);
bool arg_mode(const char *word, uint32_t *mode);
bool arg_choice(const char *what, const char *word,
		const char *const *choices, unsigned int n, uint32_t *value);
bool arg_user(const char *word, uint32_t *uid);
bool arg_group(const char *word, uint32_t *gid);
bool arg_name(const char *word, uint8_t type, char name[DIPC_NAME_MAX + 1]);
bool arg_port(const char *word, uint64_t *port);

#endif /* IPCCTL_ARG_H */
