// SPDX-License-Identifier: GPL-2.0
/*
 * Requests over generic netlink, and the kernel's extended acks as text.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "arg.h"
#include "nl.h"

#define BUF_BYTES	65536
#define EVENT_BYTES	(4 << 20)	/* what may wait to be read */

static struct mnl_socket *sock;
static uint16_t family;
static uint32_t events;
static unsigned int seq;
static char request[4096] __attribute__((aligned(8)));
static char reply[BUF_BYTES] __attribute__((aligned(8)));

struct answer {
	nl_cb cb;
	void *data;
	const char *subject;
	bool is_quiet;		/* who asks knows better what it means */
	int err;		/* that the kernel gave, an errno */
};

/* As on the command line, to say which one the kernel did not like. */
static const char *attr_name(uint8_t cmd, uint16_t type)
{
	static const char *const names[DIPC_A_MAILBOX_MAX + 1] = {
		[DIPC_A_MAILBOX_UID] = "uid",
		[DIPC_A_MAILBOX_GID] = "gid",
		[DIPC_A_MAILBOX_MODE] = "mode",
		[DIPC_A_MAILBOX_TRANSIENT] = "transient",
		[DIPC_A_MAILBOX_CAPACITY_MSGS] = "msgs",
		[DIPC_A_MAILBOX_CAPACITY_BYTES] = "bytes",
		[DIPC_A_MAILBOX_MSG_MAX_BYTES] = "msg-max",
		[DIPC_A_MAILBOX_POLICY] = "policy",
		[DIPC_A_MAILBOX_SCOPE] = "scope",
		[DIPC_A_MAILBOX_ORDER] = "order",
	};

	if (cmd != DIPC_CMD_MAILBOX_NEW && cmd != DIPC_CMD_MAILBOX_SET)
		return NULL;
	return type <= DIPC_A_MAILBOX_MAX ? names[type] : NULL;
}

static const char *attr_at(uint32_t offset)
{
	const struct nlmsghdr *nlh = (const void *)request;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (offset % MNL_ALIGNTO || offset + sizeof(*attr) > nlh->nlmsg_len)
		return NULL;
	attr = (const void *)(request + offset);
	return attr_name(genl->cmd, mnl_attr_get_type(attr));
}

/* @extra: the attributes of an extended ack, @len bytes */
static void refused(struct answer *answer, int err, const void *extra,
		    size_t len)
{
	const char *subject = answer->subject, *msg = NULL, *name = NULL;
	const char *why = strerror(err);
	const struct nlattr *attr;

	answer->err = err;
	if (answer->is_quiet)
		return;
	mnl_attr_for_each_payload(extra, len) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			msg = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			name = attr_at(mnl_attr_get_u32(attr));
	}
	complain("%s%s%s%s%s%s%s%s", subject ?: "", subject ? ": " : "",
		 name ?: "", name ? ": " : "", msg ?: why,
		 msg ? " (" : "", msg ? why : "", msg ? ")" : "");
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	size_t skip = sizeof(*err);

	if (len < sizeof(*err))
		return MNL_CB_ERROR;
	if (!err->error)
		return MNL_CB_STOP;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	refused(data, -err->error, (const char *)err + skip, len - skip);
	errno = 0;
	return MNL_CB_ERROR;
}

static int on_done(const struct nlmsghdr *nlh, void *data)
{
	const int *err = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (len < sizeof(*err) || *err >= 0)
		return MNL_CB_STOP;
	len = nlh->nlmsg_flags & NLM_F_ACK_TLVS ? len - sizeof(*err) : 0;
	refused(data, -*err, err + 1, len);
	errno = 0;
	return MNL_CB_ERROR;
}

static int on_message(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;

	if (answer->cb)
		answer->cb(nlh, answer->data);
	return MNL_CB_OK;
}

/* Reads the whole answer to what is in request[]; complains if refused. */
static int transact(struct answer *answer)
{
	static mnl_cb_t control[] = {
		[NLMSG_ERROR] = on_error,
		[NLMSG_DONE] = on_done,
	};
	struct nlmsghdr *nlh = (struct nlmsghdr *)request;
	ssize_t len;
	int ret;

	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		goto broken;
	do {
		len = mnl_socket_recvfrom(sock, reply, sizeof(reply));
		if (len < 0)
			goto broken;
		errno = 0;
		ret = mnl_cb_run2(reply, len, seq, mnl_socket_get_portid(sock),
				  on_message, answer, control,
				  MNL_ARRAY_SIZE(control));
	} while (ret > MNL_CB_STOP);
	if (ret == MNL_CB_STOP)
		return 0;
	if (errno)
		goto broken;
	return FAILED;
broken:
	complain("netlink: %s", strerror(errno));
	return FAILED;
}

static struct nlmsghdr *begin(uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static void read_groups(const struct nlattr *groups)
{
	const struct nlattr *group, *attr;
	const char *name;
	uint32_t id;

	mnl_attr_for_each_nested(group, groups) {
		name = "";
		id = 0;
		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
				name = mnl_attr_get_str(attr);
			else if (mnl_attr_get_type(attr) ==
				 CTRL_ATTR_MCAST_GRP_ID)
				id = mnl_attr_get_u32(attr);
		}
		if (!strcmp(name, DIPC_MCGRP_EVENTS))
			events = id;
	}
}

static void read_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			read_groups(attr);
	}
}

static int find_family(void)
{
	struct nlmsghdr *nlh = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	struct answer answer = { .cb = read_family, .is_quiet = true };

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	if (!transact(&answer) && family)
		return 0;
	complain("the dipc module is not loaded; \"modprobe dipc\" loads it");
	return FAILED;
}

static int open_socket(void)
{
	int on = 1;

	sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		complain("netlink: %s", strerror(errno));
		return FAILED;
	}
	/* old kernels say less, which is no reason to fail */
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return find_family();
}

/**
 * nl_begin - begin a request
 * @cmd: DIPC_CMD_*
 * @flags: 0 or NLM_F_DUMP
 *
 * Return: the request, to which attributes can be added; NULL, after a
 * complaint, if there is no one to send it to.
 */
struct nlmsghdr *nl_begin(uint8_t cmd, uint16_t flags)
{
	if (!sock && open_socket())
		return NULL;
	return begin(family, cmd, flags);
}

/**
 * nl_run - send a request and read its answer to the end
 * @nlh: from nl_begin()
 * @subject: what it is about, for a complaint; or NULL
 * @cb: gets each message of the answer; NULL if none is expected
 * @data: for @cb
 *
 * Return: 0, or FAILED after a complaint.
 */
int nl_run(struct nlmsghdr *nlh, const char *subject, nl_cb cb, void *data)
{
	struct answer answer = { .cb = cb, .data = data, .subject = subject };

	return transact(&answer);
}

struct kept {
	struct kept *next;
	char message[] __attribute__((aligned(8)));
};

struct keep {
	struct kept *first, **end;
};

static void keep(const struct nlmsghdr *nlh, void *data)
{
	struct keep *all = data;
	struct kept *one = malloc(sizeof(*one) + nlh->nlmsg_len);

	if (!one) {
		complain("no memory");
		exit(FAILED);
	}
	one->next = NULL;
	memcpy(one->message, nlh, nlh->nlmsg_len);
	*all->end = one;
	all->end = &one->next;
}

/**
 * nl_run_kept - as nl_run(), but @cb can make requests of its own
 * @nlh: from nl_begin()
 * @subject: what it is about, for a complaint; or NULL
 * @cb: gets each message of the answer, when all are there
 * @data: for @cb
 *
 * Return: 0, or FAILED after a complaint.
 */
int nl_run_kept(struct nlmsghdr *nlh, const char *subject, nl_cb cb,
		void *data)
{
	struct keep all = { .end = &all.first };
	struct kept *one;
	int err = nl_run(nlh, subject, keep, &all);

	while ((one = all.first)) {
		cb((struct nlmsghdr *)one->message, data);
		all.first = one->next;
		free(one);
	}
	return err;
}

/**
 * nl_try - as nl_run(), but who asks knows what it means if that is refused
 * @nlh: from nl_begin()
 * @cb: gets each message of the answer
 * @data: for @cb
 *
 * Return: 0, an errno that the kernel gave, or -1 after a complaint.
 */
int nl_try(struct nlmsghdr *nlh, nl_cb cb, void *data)
{
	struct answer answer = { .cb = cb, .data = data, .is_quiet = true };

	if (!transact(&answer))
		return 0;
	return answer.err ? answer.err : -1;
}

/**
 * nl_listen - hear of what happens, until killed
 * @cb: gets each event, NULL where some were lost
 * @data: for @cb
 *
 * Return: FAILED, after a complaint.
 */
int nl_listen(nl_cb cb, void *data)
{
	struct answer answer = { .cb = cb, .data = data };
	int room = EVENT_BYTES;
	ssize_t len;
	int fd;

	if (!sock && open_socket())
		return FAILED;
	fd = mnl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &events,
				  sizeof(events)) < 0) {
		complain("events: %s", strerror(errno));
		return FAILED;
	}
	for (;;) {
		len = mnl_socket_recvfrom(sock, reply, sizeof(reply));
		if (len < 0 && errno == ENOBUFS)
			cb(NULL, data);
		else if (len <= 0 && errno != EINTR)
			break;
		else if (len > 0)
			mnl_cb_run(reply, len, 0, 0, on_message, &answer);
	}
	complain("events: %s", strerror(errno));
	return FAILED;
}
