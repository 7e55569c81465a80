// SPDX-License-Identifier: GPL-2.0
/*
 * What ipcctl send and ipcctl recv have in common: words of the command line,
 * and what an error is to a script.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "arg.h"
#include "msg.h"

/**
 * msg_options - read the words up to the first that is no option
 * @options: which there are
 * @n: how many
 * @argc: how many words
 * @argv: the words
 *
 * Return: how many words were read, or -1 after a complaint.
 */
int msg_options(struct msg_option *options, size_t n, int argc, char **argv)
{
	int at = 0;
	size_t i;

	while (at < argc) {
		for (i = 0; i < n && strcmp(options[i].word, argv[at]); i++)
			;
		if (i == n)
			break;
		if (options[i].seen) {
			complain("'%s' is there twice", argv[at]);
			return -1;
		}
		options[i].seen = true;
		at++;
		if (!options[i].read) {
			*(bool *)options[i].to = true;
			continue;
		}
		if (at == argc) {
			complain("'%s' wants a value", options[i].word);
			return -1;
		}
		if (!options[i].read(options[i].word, argv[at++],
				     options[i].to))
			return -1;
	}
	return at;
}

/**
 * msg_read_time - a value that is a length of time
 * @word: of what
 * @value: the value
 * @to_ms: an int, milliseconds
 *
 * Return: whether it is one.
 */
bool msg_read_time(const char *word, const char *value, void *to_ms)
{
	uint64_t ms;

	if (!arg_time(word, value, MSG_TIME_MAX_MS, &ms))
		return false;
	*(int *)to_ms = ms;
	return true;
}

/**
 * msg_read_count - a value that is a number of messages
 * @word: of what
 * @value: the value
 * @to_u64: the number
 *
 * Return: whether it is one.
 */
bool msg_read_count(const char *word, const char *value, void *to_u64)
{
	return arg_number(word, value, UINT64_MAX, to_u64);
}

/**
 * msg_read_type - a value that is a type of socket
 * @word: of what
 * @value: the value
 * @to_u32: SOCK_*
 *
 * Return: whether it is one.
 */
bool msg_read_type(const char *word, const char *value, void *to_u32)
{
	static const char *const names[] = { "rdm", "dgram" };
	uint32_t which;

	if (!arg_choice(word, value, names, 2, &which))
		return false;
	*(uint32_t *)to_u32 = which ? SOCK_DGRAM : SOCK_RDM;
	return true;
}

/**
 * msg_status - complain of an error, and what it is to a script
 * @what: what could not be done
 * @err: a negated errno
 *
 * Return: the exit status.
 */
int msg_status(const char *what, int err)
{
	if (err == -EAFNOSUPPORT)
		complain("the dipc module is not loaded; \"modprobe dipc\" loads it");
	else
		complain("%s: %s", what, strerror(-err));
	switch (err) {
	case -EAGAIN:
	case -ETIMEDOUT:
		return LATE;
	case -ENOBUFS:
	case -ECANCELED:
		return REFUSED;
	case -ENOENT:
	case -ECONNREFUSED:
	case -EHOSTUNREACH:
	case -EIDRM:
		return NOBODY;
	default:
		return FAILED;
	}
}
