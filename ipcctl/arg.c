// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line as values: numbers, sizes, modes, users, names.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/libipc.h>

#include "arg.h"

/**
 * complain - say on standard error what is wrong
 * @format: as of printf(), without a newline
 */
void complain(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("ipcctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Digits only: strtoull() takes signs and spaces. */
static bool digits(const char *word, int base, uint64_t *value, char **end)
{
	unsigned long long n;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	n = strtoull(word, end, base);
	if (errno)
		return false;
	*value = n;
	return true;
}

/**
 * arg_number - a decimal number
 * @what: its name, for the complaint
 * @word: the word
 * @max: the largest that is allowed
 * @value: the number
 *
 * Return: whether it is one.
 */
bool arg_number(const char *what, const char *word, uint64_t max,
		uint64_t *value)
{
	char *end;

	if (digits(word, 10, value, &end) && !*end && *value <= max)
		return true;
	complain("%s '%s': not a number from 0 to %llu", what, word,
		 (unsigned long long)max);
	return false;
}

/**
 * arg_size - a number of bytes, with a unit: k, M or G, powers of 1024
 * @what: its name, for the complaint
 * @word: the word
 * @max: the largest that is allowed
 * @value: the number of bytes
 *
 * Return: whether it is one.
 */
bool arg_size(const char *what, const char *word, uint64_t max,
	      uint64_t *value)
{
	unsigned int shift = 0;
	char *end;

	if (!digits(word, 10, value, &end))
		goto bad;
	switch (*end) {
	case 'k': case 'K':
		shift = 10;
		break;
	case 'm': case 'M':
		shift = 20;
		break;
	case 'g': case 'G':
		shift = 30;
		break;
	}
	if (shift)
		end++;
	if (*end || *value > max >> shift)
		goto bad;
	*value <<= shift;
	return true;
bad:
	complain("%s '%s': not a number of bytes up to %llu, with k, M or G behind it if you like",
		 what, word, (unsigned long long)max);
	return false;
}

/**
 * arg_bits - a number of 64 bits, decimal or with 0x
 * @what: its name, for the complaint
 * @word: the word
 * @value: the number
 *
 * Return: whether it is one.
 */
bool arg_bits(const char *what, const char *word, uint64_t *value)
{
	bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	char *end;

	/* strtoull() takes the 0x itself, but also none behind it */
	if (digits(word, is_hex ? 16 : 10, value, &end) && !*end)
		return true;
	complain("%s '%s': not a number, decimal or with 0x, of 64 bits", what,
		 word);
	return false;
}

/**
 * arg_time - a length of time: seconds, or with ms, s, m or h behind the number
 * @what: its name, for the complaint
 * @word: the word
 * @max_ms: the longest that is allowed
 * @ms: milliseconds
 *
 * Return: whether it is one.
 */
bool arg_time(const char *what, const char *word, uint64_t max_ms,
	      uint64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {
		{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
		{ "h", 60 * 60 * 1000 },
	};
	uint64_t n;
	char *end;
	size_t i;

	if (digits(word, 10, &n, &end))
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (!strcmp(end, units[i].unit) &&
			    n <= max_ms / units[i].ms) {
				*ms = n * units[i].ms;
				return true;
			}
	complain("%s '%s': not a time up to %llu s: seconds, or with ms, s, m or h behind it",
		 what, word, (unsigned long long)max_ms / 1000);
	return false;
}

/**
 * arg_mode - permissions in octal
 * @word: the word
 * @mode: the mode
 *
 * Return: whether it is one.
 */
bool arg_mode(const char *word, uint32_t *mode)
{
	uint64_t value;
	char *end;

	if (digits(word, 8, &value, &end) && !*end && value <= 0777) {
		*mode = value;
		return true;
	}
	complain("mode '%s': not an octal number from 0 to 0777", word);
	return false;
}

/**
 * arg_choice - one of several words, or the beginning of only one of them
 * @what: what is chosen, for the complaint
 * @word: the word
 * @choices: the words
 * @n: how many
 * @value: which
 *
 * Return: whether it is one.
 */
bool arg_choice(const char *what, const char *word,
		const char *const *choices, unsigned int n, uint32_t *value)
{
	unsigned int i, found = 0;
	size_t len = strlen(word);

	for (i = 0; i < n; i++) {
		if (!len || strncmp(choices[i], word, len))
			continue;
		*value = i;
		if (!choices[i][len])
			return true;
		found++;
	}
	if (found == 1)
		return true;
	fprintf(stderr, "ipcctl: %s '%s': one of", what, word);
	for (i = 0; i < n; i++)
		fprintf(stderr, " %s", choices[i]);
	fputc('\n', stderr);
	return false;
}

static bool id_number(const char *word, uint32_t *id)
{
	uint64_t value;
	char *end;

	/* the last one means "no user" to the kernel */
	if (!digits(word, 10, &value, &end) || *end || value >= UINT32_MAX)
		return false;
	*id = value;
	return true;
}

/**
 * arg_user - a user, by name or number
 * @word: the word
 * @uid: the user
 *
 * Return: whether there is one.
 */
bool arg_user(const char *word, uint32_t *uid)
{
	const struct passwd *pw = getpwnam(word);

	if (pw) {
		*uid = pw->pw_uid;
		return true;
	}
	if (id_number(word, uid))
		return true;
	complain("user '%s': neither a user's name nor a number", word);
	return false;
}

/**
 * arg_group - a group, by name or number
 * @word: the word
 * @gid: the group
 *
 * Return: whether there is one.
 */
bool arg_group(const char *word, uint32_t *gid)
{
	const struct group *gr = getgrnam(word);

	if (gr) {
		*gid = gr->gr_gid;
		return true;
	}
	if (id_number(word, gid))
		return true;
	complain("group '%s': neither a group's name nor a number", word);
	return false;
}

/**
 * arg_name - a name of this node, alone or as an address
 * @word: "orders", or with DIPC_ADDR_MAILBOX also "mbox:orders"
 * @type: DIPC_ADDR_MAILBOX or DIPC_ADDR_NAME; both are taken with the latter
 * @name: the name
 *
 * Return: whether it is one.
 */
bool arg_name(const char *word, uint8_t type, char name[DIPC_NAME_MAX + 1])
{
	struct sockaddr_dipc addr;

	if (ipc_addr_parse(word, &addr) ||
	    (addr.sdipc_type != DIPC_ADDR_NAME &&
	     addr.sdipc_type != DIPC_ADDR_MAILBOX)) {
		complain("'%s' is not %s: 1 to 63 of A-Z a-z 0-9 . _ / + -, first a letter or a digit",
			 word, type == DIPC_ADDR_MAILBOX ? "a mailbox" : "a name");
		return false;
	}
	if (addr.sdipc_node) {
		complain("'%s': only what is on this node can be named here",
			 word);
		return false;
	}
	memcpy(name, addr.sdipc_name, DIPC_NAME_MAX + 1);
	return true;
}

/**
 * arg_port - a port of this node, "17" or "port:17"
 * @word: the word
 * @port: its number
 *
 * Return: whether it is one.
 */
bool arg_port(const char *word, uint64_t *port)
{
	struct sockaddr_dipc addr;
	char *end;

	if (digits(word, 10, port, &end) && !*end && *port)
		return true;
	if (!ipc_addr_parse(word, &addr) && addr.sdipc_type == DIPC_ADDR_PORT &&
	    !addr.sdipc_node) {
		*port = addr.sdipc_port;
		return true;
	}
	complain("'%s' is not a port of this node: port:17, or 17", word);
	return false;
}
