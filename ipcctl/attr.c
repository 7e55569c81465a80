// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of an answer as values, and values as words.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ipc/libipc.h>
#include <linux/genetlink.h>

#include "attr.h"

const char *const policy_names[N_POLICIES] = {
	[DIPC_POLICY_WAIT] = "wait",
	[DIPC_POLICY_REFUSE] = "refuse",
	[DIPC_POLICY_DROP_NEWEST] = "drop-newest",
	[DIPC_POLICY_DROP_OLDEST] = "drop-oldest",
};

const char *const order_names[N_ORDERS] = {
	[DIPC_ORDER_FIFO] = "fifo",
	[DIPC_ORDER_PRIORITY] = "priority",
};

const char *const mode_names[N_MODES] = {
	[DIPC_MODE_BLOCKING] = "blocking",
	[DIPC_MODE_RELIABLE] = "reliable",
	[DIPC_MODE_EXPLICIT] = "explicit",
};

const char *const scope_names[N_SCOPES] = {
	[DIPC_SCOPE_DEFAULT] = "default",
	[DIPC_SCOPE_NODE] = "node",
	[DIPC_SCOPE_CLUSTER] = "cluster",
};

/**
 * attrs_read - sort the attributes of a message by type
 * @attrs: filled; points into the message
 * @nlh: the message
 *
 * Types that are not known here are of a newer kernel and left out.
 */
void attrs_read(struct attrs *attrs, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	unsigned int type;

	*attrs = (struct attrs){ 0 };
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		type = mnl_attr_get_type(attr);
		if (type < ATTRS_MAX)
			attrs->by_type[type] = attr;
	}
}

/**
 * attr_num - an attribute that is a number of 32 or 64 bits
 * @attrs: the attributes
 * @type: which
 *
 * Return: the number; 0 if there is none.
 */
uint64_t attr_num(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->by_type[type];

	if (!attr)
		return 0;
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(uint32_t):
		return mnl_attr_get_u32(attr);
	case sizeof(uint64_t):
		return mnl_attr_get_u64(attr);
	default:
		return 0;
	}
}

/**
 * attr_str - an attribute that is a string
 * @attrs: the attributes
 * @type: which
 *
 * Return: the string, in the message; "" if there is none.
 */
const char *attr_str(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->by_type[type];

	if (!attr || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(attr);
}

/**
 * word_of - the word for a value
 * @words: by value
 * @n: how many
 * @value: the value
 *
 * Return: the word, "?" for a value of a newer kernel.
 */
const char *word_of(const char *const *words, unsigned int n, uint64_t value)
{
	return value < n ? words[value] : "?";
}

/**
 * socket_type_of - the word for a type of socket
 * @type: SOCK_*
 *
 * Return: the word.
 */
const char *socket_type_of(uint64_t type)
{
	switch (type) {
	case SOCK_RDM:
		return "rdm";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	case SOCK_STREAM:
		return "stream";
	default:
		return "?";
	}
}

/**
 * time_of - a length of time for people
 * @buf: TEXT_MAX bytes
 * @ns: nanoseconds, also below 0
 *
 * Two digits that matter, and the unit.
 *
 * Return: @buf.
 */
const char *time_of(char *buf, int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	double s = (ns < 0 ? -(double)ns : (double)ns) / 1e9;

	if (s < 1)
		snprintf(buf, TEXT_MAX, "%s%.0fms", sign, s * 1e3);
	else if (s < 60)
		snprintf(buf, TEXT_MAX, "%s%.1fs", sign, s);
	else if (s < 3600)
		snprintf(buf, TEXT_MAX, "%s%.0fm%02.0fs", sign,
			 (double)((uint64_t)s / 60),
			 (double)((uint64_t)s % 60));
	else
		snprintf(buf, TEXT_MAX, "%s%.0fh%02.0fm", sign,
			 (double)((uint64_t)s / 3600),
			 (double)((uint64_t)s / 60 % 60));
	return buf;
}

/**
 * user_of - the name of a user
 * @buf: TEXT_MAX bytes
 * @uid: the user
 *
 * Return: @buf, with the number if the user has no name.
 */
const char *user_of(char *buf, uint64_t uid)
{
	static char last[TEXT_MAX];
	static uint64_t last_uid;
	const struct passwd *pw;

	/* one after the other belongs to the same user, mostly */
	if (!*last || uid != last_uid) {
		pw = getpwuid(uid);
		if (pw)
			snprintf(last, TEXT_MAX, "%s", pw->pw_name);
		else
			snprintf(last, TEXT_MAX, "%llu",
				 (unsigned long long)uid);
		last_uid = uid;
	}
	return strcpy(buf, last);
}

/**
 * group_of - the name of a group
 * @buf: TEXT_MAX bytes
 * @gid: the group
 *
 * Return: @buf, with the number if the group has no name.
 */
const char *group_of(char *buf, uint64_t gid)
{
	static char last[TEXT_MAX];
	static uint64_t last_gid;
	const struct group *gr;

	if (!*last || gid != last_gid) {
		gr = getgrgid(gid);
		if (gr)
			snprintf(last, TEXT_MAX, "%s", gr->gr_name);
		else
			snprintf(last, TEXT_MAX, "%llu",
				 (unsigned long long)gid);
		last_gid = gid;
	}
	return strcpy(buf, last);
}

/* The text does not depend on which number the family has here. */
static const char *format(char *buf, struct sockaddr_dipc *addr)
{
	addr->sdipc_family = AF_DIPC;
	if (ipc_addr_format(addr, buf, TEXT_MAX) < 0)
		strcpy(buf, "?");
	return buf;
}

/**
 * address_of_port - the text form of a port's address
 * @buf: TEXT_MAX bytes
 * @port: its number
 *
 * Return: @buf.
 */
const char *address_of_port(char *buf, uint64_t port)
{
	struct sockaddr_dipc addr = {
		.sdipc_type = DIPC_ADDR_PORT,
		.sdipc_port = port,
	};

	return format(buf, &addr);
}

/**
 * address_of_name - the text form of what has a name
 * @buf: TEXT_MAX bytes
 * @type: DIPC_ADDR_PORT or DIPC_ADDR_MAILBOX: whose name it is
 * @name: the name
 *
 * Return: @buf.
 */
const char *address_of_name(char *buf, uint64_t type, const char *name)
{
	struct sockaddr_dipc addr = {
		.sdipc_type = type == DIPC_ADDR_MAILBOX ? DIPC_ADDR_MAILBOX :
							  DIPC_ADDR_NAME,
	};

	strncpy(addr.sdipc_name, name, DIPC_NAME_MAX);
	return format(buf, &addr);
}
