// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses: made from numbers, names and text, and back to text. Values
 * only; no socket is touched. Which texts there are is said in libipc.h; each
 * address has exactly one, so number texts have no sign, no leading zero and
 * no "@0".
 *
 * Also the family number, which every address holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define FAMILY_FILE	"/sys/module/dipc/parameters/family"

/* The last one has no prefix, so it matches what the others did not. */
static const struct {
	const char *prefix;
	uint8_t type;
} kinds[] = {
	{ "any:", DIPC_ADDR_ANY },
	{ "port:", DIPC_ADDR_PORT },
	{ "mbox:", DIPC_ADDR_MAILBOX },
	{ "group:", DIPC_ADDR_GROUP },
	{ "", DIPC_ADDR_NAME },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* <ctype.h> would ask the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_name_char(char c)
{
	return is_letter(c) || is_digit(c) || (c && strchr("._/+-", c));
}

static bool type_has_name(uint8_t type)
{
	return type == DIPC_ADDR_NAME || type == DIPC_ADDR_MAILBOX ||
	       type == DIPC_ADDR_GROUP;
}

bool ipc_name_is_valid(const char *name)
{
	size_t i;

	if (!is_letter(name[0]) && !is_digit(name[0]))
		return false;
	for (i = 0; name[i]; i++) {
		if (i == DIPC_NAME_MAX || !is_name_char(name[i]))
			return false;
	}
	return true;
}

/* A number from 1 to max that ends where text does. */
static int number_parse(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (!is_digit(*text) || *text == '0')
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit;

		if (!is_digit(*text))
			return -EINVAL;
		digit = *text - '0';
		if (n > max / 10 || (n == max / 10 && digit > max % 10))
			return -EINVAL;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

/* Nodes have no names yet, so one that could be a name is unreachable. */
static int node_parse(const char *text, uint32_t *node)
{
	uint64_t n;
	int err;

	if (is_letter(*text))
		return ipc_name_is_valid(text) ? -EHOSTUNREACH : -EINVAL;
	err = number_parse(text, UINT32_MAX, &n);
	if (!err)
		*node = n;
	return err;
}

static int addr_fill(struct sockaddr_dipc *addr, uint8_t type, uint64_t port,
		     const char *name, uint32_t node)
{
	if (type == DIPC_ADDR_PORT && !port)
		return -EINVAL;
	if (type_has_name(type) && !ipc_name_is_valid(name))
		return -EINVAL;

	memset(addr, 0, sizeof(*addr));
	addr->sdipc_family = ipc_family();
	addr->sdipc_type = type;
	addr->sdipc_node = node;
	addr->sdipc_port = port;
	if (type_has_name(type))
		memcpy(addr->sdipc_name, name, strlen(name));
	return 0;
}

int ipc_family(void)
{
	char text[16];
	uint64_t family;
	ssize_t len;
	int fd;

	fd = open(FAMILY_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return AF_DIPC;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len <= 0)
		return AF_DIPC;
	text[len] = '\0';
	return number_parse(text, AF_MAX - 1, &family) ? AF_DIPC : (int)family;
}

int ipc_addr_parse(const char *text, struct sockaddr_dipc *addr)
{
	char body[IPC_ADDR_TEXT_MAX];
	uint64_t port = 0;
	uint32_t node = 0;
	const char *at;
	size_t i, len;
	int err;

	for (i = 0; i < KINDS - 1; i++) {
		if (!strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)))
			break;
	}
	text += strlen(kinds[i].prefix);

	at = strchr(text, '@');
	len = at ? (size_t)(at - text) : strlen(text);
	if (len >= sizeof(body))
		return -EINVAL;
	memcpy(body, text, len);
	body[len] = '\0';

	/* The body first, so that what can never be an address is EINVAL. */
	if (kinds[i].type == DIPC_ADDR_ANY && (len || at))
		return -EINVAL;
	if (kinds[i].type == DIPC_ADDR_PORT) {
		err = number_parse(body, UINT64_MAX, &port);
		if (err)
			return err;
	}
	if (type_has_name(kinds[i].type) && !ipc_name_is_valid(body))
		return -EINVAL;
	if (at) {
		err = node_parse(at + 1, &node);
		if (err)
			return err;
	}
	return addr_fill(addr, kinds[i].type, port, body, node);
}

int ipc_addr_format(const struct sockaddr_dipc *addr, char *buf, size_t len)
{
	char text[IPC_ADDR_TEXT_MAX];
	const char *name = addr->sdipc_name;
	size_t i;
	int n;

	if (addr->sdipc_family != AF_DIPC && addr->sdipc_family != ipc_family())
		return -EAFNOSUPPORT;
	for (i = 0; i < KINDS && kinds[i].type != addr->sdipc_type; i++)
		;
	if (i == KINDS)
		return -EINVAL;

	n = snprintf(text, sizeof(text), "%s", kinds[i].prefix);
	if (addr->sdipc_type == DIPC_ADDR_PORT) {
		if (!addr->sdipc_port)
			return -EINVAL;
		n += snprintf(text + n, sizeof(text) - n, "%" PRIu64,
			      (uint64_t)addr->sdipc_port);
	} else if (type_has_name(addr->sdipc_type)) {
		if (!memchr(name, '\0', sizeof(addr->sdipc_name)) ||
		    !ipc_name_is_valid(name))
			return -EINVAL;
		n += snprintf(text + n, sizeof(text) - n, "%s", name);
	} else if (addr->sdipc_node) {
		return -EINVAL;
	}
	if (addr->sdipc_node)
		n += snprintf(text + n, sizeof(text) - n, "@%" PRIu32,
			      (uint32_t)addr->sdipc_node);

	if ((size_t)n >= len)
		return -ENOSPC;
	memcpy(buf, text, n + 1);
	return n;
}

int ipc_addr_port(uint64_t port, uint32_t node, struct sockaddr_dipc *addr)
{
	return addr_fill(addr, DIPC_ADDR_PORT, port, "", node);
}

int ipc_addr_name(const char *name, uint32_t node, struct sockaddr_dipc *addr)
{
	return addr_fill(addr, DIPC_ADDR_NAME, 0, name, node);
}

int ipc_addr_mailbox(const char *name, uint32_t node,
		     struct sockaddr_dipc *addr)
{
	return addr_fill(addr, DIPC_ADDR_MAILBOX, 0, name, node);
}

int ipc_addr_group(const char *name, uint32_t node, struct sockaddr_dipc *addr)
{
	return addr_fill(addr, DIPC_ADDR_GROUP, 0, name, node);
}
