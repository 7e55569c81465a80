// SPDX-License-Identifier: GPL-2.0
/*
 * The bytes of a message as text: in quotes if they are text, else as
 * hexadecimal digits. Nothing that comes from a message reaches a terminal as
 * it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "payload.h"

static char *room(size_t len)
{
	char *p = malloc(len + 1);

	if (p)
		return p;
	fputs("ipcctl: no memory\n", stderr);
	exit(1);
}

/* ASCII; of control characters, what is in text files. */
static bool is_text(const unsigned char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((s[i] < 0x20 && !memchr("\t\n\r", s[i], 3)) || s[i] > 0x7e)
			return false;
	return true;
}

/**
 * payload_hex - bytes as hexadecimal digits
 * @data: the bytes
 * @len: how many
 *
 * Return: the digits, to be freed.
 */
char *payload_hex(const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = data;
	char *text = room(2 * len);
	size_t i;

	for (i = 0; i < len; i++) {
		text[2 * i] = digits[s[i] >> 4];
		text[2 * i + 1] = digits[s[i] & 15];
	}
	text[2 * len] = '\0';
	return text;
}

/**
 * payload_quoted - bytes for people
 * @data: the bytes
 * @len: how many
 *
 * Return: text in quotes as in C, or hexadecimal digits after 0x; to be freed.
 */
char *payload_quoted(const void *data, size_t len)
{
	const unsigned char *s = data;
	char *text, *to, *hex;
	size_t i;

	if (!is_text(s, len)) {
		hex = payload_hex(data, len);
		text = room(2 * len + 2);
		sprintf(text, "0x%s", hex);
		free(hex);
		return text;
	}
	text = to = room(2 * len + 2);
	*to++ = '"';
	for (i = 0; i < len; i++) {
		switch (s[i]) {
		case '\t':
			*to++ = '\\';
			*to++ = 't';
			break;
		case '\n':
			*to++ = '\\';
			*to++ = 'n';
			break;
		case '\r':
			*to++ = '\\';
			*to++ = 'r';
			break;
		case '"': case '\\':
			*to++ = '\\';
			/* fall through */
		default:
			*to++ = s[i];
		}
	}
	*to++ = '"';
	*to = '\0';
	return text;
}

/**
 * payload_put_json - the keys payload-hex and, if it is text, payload
 * @data: the bytes
 * @len: how many
 */
void payload_put_json(const void *data, size_t len)
{
	char *text;

	if (!out_json)
		return;
	text = payload_hex(data, len);
	out_str("payload-hex", NULL, text);
	if (is_text(data, len)) {
		memcpy(text, data, len);
		text[len] = '\0';
		out_str("payload", NULL, text);
	}
	free(text);
}
