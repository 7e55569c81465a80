// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses as values: checked when they come from user space, and made for
 * the way back. Every rule of <linux/dipc.h> about the bytes of an address
 * is enforced here and nowhere else; whether something answers to an address
 * is the business of route.c.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "addr.h"

#define RESERVED_PREFIX "dipc."

static bool is_name_char(char c)
{
	return isascii(c) && (isalnum(c) || strchr("._/+-", c));
}

/**
 * dipc_addr_check_name() - is this a name
 * @name: up to @size bytes, padded with NUL
 * @size: size of the buffer in bytes, at most DIPC_NAME_MAX + 1
 *
 * Context: any.
 * Return: the length, or -EINVAL if the name is empty, does not end within
 * the buffer, has a byte that no name has, begins with something other than
 * a letter or a digit, is reserved, or if anything but NUL follows it.
 */
int dipc_addr_check_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);
	size_t i;

	if (!len || len > DIPC_NAME_MAX || len == size)
		return -EINVAL;
	if (!isascii(name[0]) || !isalnum(name[0]))
		return -EINVAL;
	for (i = 1; i < len; i++)
		if (!is_name_char(name[i]))
			return -EINVAL;
	if (memchr_inv(name + len, 0, size - len))
		return -EINVAL;
	if (!strncmp(name, RESERVED_PREFIX, strlen(RESERVED_PREFIX)))
		return -EINVAL;
	return len;
}

static_assert(offsetof(struct sockaddr_dipc, sdipc_name) % sizeof(u64) == 0);
static_assert(sizeof_field(struct sockaddr_dipc, sdipc_name) % sizeof(u64) == 0);

/* Eight bytes at a time: that is asked of each address without a name. */
static bool name_is_empty(const struct sockaddr_dipc *addr)
{
	const u64 *words = (const u64 *)addr->sdipc_name;
	u64 all = 0;
	size_t i;

	for (i = 0; i < sizeof(addr->sdipc_name) / sizeof(*words); i++)
		all |= words[i];
	return !all;
}

static int check_body(const struct sockaddr_dipc *addr)
{
	if (addr->sdipc_scope > DIPC_SCOPE_CLUSTER ||
	    addr->sdipc_reserved[0] || addr->sdipc_reserved[1])
		return -EINVAL;

	switch (addr->sdipc_type) {
	case DIPC_ADDR_ANY:
		if (addr->sdipc_scope || addr->sdipc_node || addr->sdipc_port ||
		    !name_is_empty(addr))
			return -EINVAL;
		return 0;
	case DIPC_ADDR_PORT:
		if (addr->sdipc_scope || !addr->sdipc_port ||
		    !name_is_empty(addr))
			return -EINVAL;
		return 0;
	case DIPC_ADDR_NAME:
	case DIPC_ADDR_MAILBOX:
	case DIPC_ADDR_GROUP:
		if (addr->sdipc_port)
			return -EINVAL;
		if (dipc_addr_check_name(addr->sdipc_name,
					 sizeof(addr->sdipc_name)) < 0)
			return -EINVAL;
		return addr->sdipc_type == DIPC_ADDR_GROUP ? -EOPNOTSUPP : 0;
	default:
		return -EINVAL;
	}
}

/**
 * dipc_addr_parse() - take an address from a system call
 * @addr: where the checked address goes
 * @data: what the caller gave, already in kernel memory
 * @len: its length in bytes
 * @family: the family number the module goes by
 *
 * Context: any.
 * Return: 0, or -EINVAL if the bytes are not an address, -EAFNOSUPPORT if
 * they are one of another family, -EOPNOTSUPP if they name a group.
 */
int dipc_addr_parse(struct sockaddr_dipc *addr, const void *data, int len,
		    int family)
{
	const struct sockaddr_dipc *in = data;

	if (len < (int)sizeof(*in) ||
	    len > (int)sizeof(struct __kernel_sockaddr_storage))
		return -EINVAL;
	if (in->sdipc_family != family)
		return -EAFNOSUPPORT;
	if (len > (int)sizeof(*in) &&
	    memchr_inv(in + 1, 0, len - sizeof(*in)))
		return -EINVAL;
	memcpy(addr, in, sizeof(*addr));
	return check_body(addr);
}

/**
 * dipc_addr_from_port() - make the address of a port of this node
 * @addr: filled to its last byte
 * @family: the family number the module goes by
 * @port: the number; 0 makes an address of type DIPC_ADDR_ANY
 *
 * Context: any.
 */
void dipc_addr_from_port(struct sockaddr_dipc *addr, int family, u64 port)
{
	memset(addr, 0, sizeof(*addr));
	addr->sdipc_family = family;
	addr->sdipc_type = port ? DIPC_ADDR_PORT : DIPC_ADDR_ANY;
	addr->sdipc_port = port;
}

/**
 * dipc_addr_from_name() - make the address of something that has a name
 * @addr: filled to its last byte
 * @family: the family number the module goes by
 * @type: DIPC_ADDR_NAME or DIPC_ADDR_MAILBOX
 * @scope: enum dipc_scope
 * @name: the name, DIPC_NAME_MAX + 1 bytes padded with NUL
 *
 * Context: any.
 */
void dipc_addr_from_name(struct sockaddr_dipc *addr, int family, u8 type,
			 u8 scope, const char *name)
{
	memset(addr, 0, sizeof(*addr));
	addr->sdipc_family = family;
	addr->sdipc_type = type;
	addr->sdipc_scope = scope;
	memcpy(addr->sdipc_name, name, sizeof(addr->sdipc_name));
}
