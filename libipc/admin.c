// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mailboxes by name: create, delete, set, stat, purge. What exists, not what
 * is in it; messages are in mailbox.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <linux/dipc_netlink.h>

#include "internal.h"

/* Which attribute carries which member of struct ipc_mailbox_attr. */
static const struct {
	uint32_t field;
	uint16_t type;
	size_t offset;
	bool is_u64;
} members[] = {
#define U32(field, member) { IPC_MAILBOX_##field, DIPC_A_MAILBOX_##field, \
			     offsetof(struct ipc_mailbox_attr, member), false }
#define U64(field, member) { IPC_MAILBOX_##field, DIPC_A_MAILBOX_##field, \
			     offsetof(struct ipc_mailbox_attr, member), true }
	U32(UID, uid),
	U32(GID, gid),
	U32(MODE, mode),
	U32(CAPACITY_MSGS, capacity_msgs),
	U64(CAPACITY_BYTES, capacity_bytes),
	U32(MSG_MAX_BYTES, msg_max_bytes),
	U32(POLICY, policy),
	U32(SCOPE, scope),
	U32(ORDER, order),
#undef U32
#undef U64
};

/* How often to try a name that is taken, but not by a mailbox we can see. */
#define CREATE_TRIES	16

#define MEMBERS	(sizeof(members) / sizeof(members[0]))

#define FIELDS_SET	(IPC_MAILBOX_UID | IPC_MAILBOX_GID | \
			 IPC_MAILBOX_MODE | IPC_MAILBOX_CAPACITY_MSGS | \
			 IPC_MAILBOX_CAPACITY_BYTES | \
			 IPC_MAILBOX_MSG_MAX_BYTES | IPC_MAILBOX_POLICY | \
			 IPC_MAILBOX_ORDER)
#define FIELDS_CREATE	(FIELDS_SET | IPC_MAILBOX_SCOPE | \
			 IPC_MAILBOX_TRANSIENT)

static bool attr_is_valid(const struct ipc_mailbox_attr *attr, uint32_t fields)
{
	static const uint32_t zero[sizeof(attr->reserved) / sizeof(uint32_t)];

	return !(attr->fields & ~fields) && attr->transient <= 1 &&
	       !memcmp(attr->reserved, zero, sizeof(zero));
}

static void attr_put(struct nlmsghdr *nlh, const struct ipc_mailbox_attr *attr)
{
	const char *base = (const char *)attr;
	uint32_t u32;
	uint64_t u64;
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		if (!(attr->fields & members[i].field))
			continue;
		if (members[i].is_u64) {
			memcpy(&u64, base + members[i].offset, sizeof(u64));
			mnl_attr_put_u64(nlh, members[i].type, u64);
		} else {
			memcpy(&u32, base + members[i].offset, sizeof(u32));
			mnl_attr_put_u32(nlh, members[i].type, u32);
		}
	}
	if ((attr->fields & IPC_MAILBOX_TRANSIENT) && attr->transient)
		mnl_attr_put(nlh, DIPC_A_MAILBOX_TRANSIENT, 0, NULL);
}

static int get_u32(const struct nlattr *nla, uint32_t *value)
{
	if (mnl_attr_validate(nla, MNL_TYPE_U32) < 0)
		return MNL_CB_ERROR;
	*value = mnl_attr_get_u32(nla);
	return MNL_CB_OK;
}

static int get_u64(const struct nlattr *nla, uint64_t *value)
{
	if (mnl_attr_validate(nla, MNL_TYPE_U64) < 0)
		return MNL_CB_ERROR;
	*value = mnl_attr_get_u64(nla);
	return MNL_CB_OK;
}

static int attr_get(const struct nlattr *nla, struct ipc_mailbox_attr *attr)
{
	char *base = (char *)attr;
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		void *member = base + members[i].offset;

		if (mnl_attr_get_type(nla) != members[i].type)
			continue;
		attr->fields |= members[i].field;
		return members[i].is_u64 ? get_u64(nla, member) :
					   get_u32(nla, member);
	}
	return MNL_CB_OK; /* of a newer kernel */
}

static int stat_cb(const struct nlattr *nla, void *data)
{
	struct ipc_mailbox_stat *st = data;

	switch (mnl_attr_get_type(nla)) {
	case DIPC_A_MAILBOX_TRANSIENT:
		st->attr.transient = 1;
		return MNL_CB_OK;
	case DIPC_A_MAILBOX_QUEUED_MSGS:
		return get_u32(nla, &st->queued_msgs);
	case DIPC_A_MAILBOX_QUEUED_BYTES:
		return get_u64(nla, &st->queued_bytes);
	case DIPC_A_MAILBOX_USERS:
		return get_u32(nla, &st->users);
	case DIPC_A_MAILBOX_WAITING_SENDERS:
		return get_u32(nla, &st->waiting_senders);
	case DIPC_A_MAILBOX_WAITING_RECEIVERS:
		return get_u32(nla, &st->waiting_receivers);
	case DIPC_A_MAILBOX_DROPPED:
		return get_u64(nla, &st->dropped);
	default:
		return attr_get(nla, &st->attr);
	}
}

static int purged_cb(const struct nlattr *nla, void *data)
{
	if (mnl_attr_get_type(nla) != DIPC_A_MAILBOX_PURGED)
		return MNL_CB_OK;
	return get_u32(nla, data);
}

/* One command about one mailbox; attr and cb may be NULL. */
static int request(uint8_t cmd, const char *name,
		   const struct ipc_mailbox_attr *attr, mnl_attr_cb_t cb,
		   void *data)
{
	struct nl_request req;
	int err;

	if (!ipc_name_is_valid(name))
		return -EINVAL;
	err = nl_request_init(&req, cmd, 0);
	if (err)
		return err;
	mnl_attr_put_strz(req.nlh, DIPC_A_MAILBOX_NAME, name);
	if (attr)
		attr_put(req.nlh, attr);
	err = nl_request_run(&req, cb, data);
	nl_request_fini(&req);
	return err;
}

int ipc_mailbox_create(const char *name, const struct ipc_mailbox_attr *attr,
		       int flags)
{
	struct ipc_mailbox_stat st;
	int tries = CREATE_TRIES;
	int err;

	if (flags & ~O_EXCL)
		return -EINVAL;
	if (attr && !attr_is_valid(attr, FIELDS_CREATE))
		return -EINVAL;
	do {
		err = request(DIPC_CMD_MAILBOX_NEW, name, attr, NULL, NULL);
		/* To sockets a taken name is an address in use. */
		if (err == -EADDRINUSE)
			err = -EEXIST;
		if (err != -EEXIST || (flags & O_EXCL))
			return err;
		/* Only a mailbox will do, and only if it is still there. */
		if (!ipc_mailbox_stat(name, &st))
			return 1;
	} while (--tries);
	return err;
}

int ipc_mailbox_delete(const char *name)
{
	return request(DIPC_CMD_MAILBOX_DEL, name, NULL, NULL, NULL);
}

int ipc_mailbox_set(const char *name, const struct ipc_mailbox_attr *attr)
{
	if (!attr_is_valid(attr, FIELDS_SET))
		return -EINVAL;
	return request(DIPC_CMD_MAILBOX_SET, name, attr, NULL, NULL);
}

int ipc_mailbox_stat(const char *name, struct ipc_mailbox_stat *st)
{
	struct ipc_mailbox_stat s = { .attr.fields = IPC_MAILBOX_TRANSIENT };
	int err;

	err = request(DIPC_CMD_MAILBOX_GET, name, NULL, stat_cb, &s);
	if (!err)
		*st = s;
	return err;
}

ssize_t ipc_mailbox_purge(const char *name)
{
	uint32_t purged = 0;
	int err;

	err = request(DIPC_CMD_MAILBOX_PURGE, name, NULL, purged_cb, &purged);
	return err ? err : (ssize_t)purged;
}
