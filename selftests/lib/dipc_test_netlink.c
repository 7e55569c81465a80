// SPDX-License-Identifier: GPL-2.0
/*
 * What the C suites ask of the module over netlink, and netlink by hand for
 * what is refused; see dipc_test.h. Needs no library.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "dipc_test.h"

static void begin_family(struct dt_nl *nl, uint16_t family, uint8_t cmd,
			 uint8_t version, uint16_t flags)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	struct genlmsghdr *genl = NLMSG_DATA(nlh);

	nl->len = NLMSG_HDRLEN + GENL_HDRLEN;
	nl->overflow = false;
	memset(nl->buf, 0, nl->len);
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = 1;
	genl->cmd = cmd;
	genl->version = version;
}

void dt_nl_begin(struct dt_nl *nl, uint8_t cmd, uint16_t flags)
{
	begin_family(nl, nl->family, cmd, DIPC_FAMILY_VERSION, flags);
}

void dt_nl_put(struct dt_nl *nl, uint16_t type, const void *data, size_t len)
{
	size_t whole = NLA_ALIGN(NLA_HDRLEN + len);
	struct nlattr *attr = (struct nlattr *)(nl->buf + nl->len);

	if (nl->len + whole > sizeof(nl->buf)) {
		nl->overflow = true;
		return;
	}
	memset(attr, 0, whole);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	nl->len += whole;
}

void dt_nl_put_u32(struct dt_nl *nl, uint16_t type, uint32_t value)
{
	dt_nl_put(nl, type, &value, sizeof(value));
}

void dt_nl_put_u64(struct dt_nl *nl, uint16_t type, uint64_t value)
{
	dt_nl_put(nl, type, &value, sizeof(value));
}

void dt_nl_put_str(struct dt_nl *nl, uint16_t type, const char *value)
{
	dt_nl_put(nl, type, value, strlen(value) + 1);
}

void dt_nl_attrs(const void *data, int len, dt_nl_cb cb, void *arg)
{
	const struct nlattr *attr = data;
	int whole;

	while (len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN &&
	       attr->nla_len <= len) {
		cb(attr->nla_type & NLA_TYPE_MASK, (char *)attr + NLA_HDRLEN,
		   attr->nla_len - NLA_HDRLEN, arg);
		whole = NLA_ALIGN(attr->nla_len);
		len -= whole;
		attr = (const void *)((const char *)attr + whole);
	}
}

static void extack_cb(int type, const void *data, int len, void *arg)
{
	struct dt_nl *nl = arg;

	if (type == NLMSGERR_ATTR_MSG)
		snprintf(nl->extack, sizeof(nl->extack), "%.*s", len,
			 (const char *)data);
	if (type == NLMSGERR_ATTR_OFFS && len == sizeof(nl->bad_offset))
		memcpy(&nl->bad_offset, data, len);
}

/* The error of an acknowledgement, and what it says about it. */
static int ack_error(struct dt_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	int skip = sizeof(*e);

	if (nlh->nlmsg_type == NLMSG_DONE)
		skip = sizeof(int);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		dt_nl_attrs((const char *)NLMSG_DATA(nlh) + skip,
			    NLMSG_PAYLOAD(nlh, skip), extack_cb, nl);
	return e->error;
}

int dt_nl_call(struct dt_nl *nl, void (*begin)(uint8_t cmd, void *arg),
	       dt_nl_cb cb, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	const struct genlmsghdr *genl;
	ssize_t n;

	if (nl->overflow)
		return -EOVERFLOW;
	nl->extack[0] = '\0';
	nl->bad_offset = 0;
	nlh->nlmsg_len = nl->len;
	if (send(nl->fd, nl->buf, nl->len, 0) < 0)
		return -errno;
	for (;;) {
		n = recv(nl->fd, nl->buf, sizeof(nl->buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (nlh = (struct nlmsghdr *)nl->buf; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE)
				return ack_error(nl, nlh);
			genl = NLMSG_DATA(nlh);
			if (begin)
				begin(genl->cmd, arg);
			if (cb)
				dt_nl_attrs((const char *)genl + GENL_HDRLEN,
					    NLMSG_PAYLOAD(nlh, GENL_HDRLEN),
					    cb, arg);
		}
	}
}

static void family_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_FAMILY_ID && len >= 2)
		memcpy(arg, data, 2);
}

int dt_nl_open(struct dt_nl *nl)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct timeval tv = { DT_LONG_MS / 1000, 0 };
	int one = 1, err;

	nl->family = 0;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (bind(nl->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		goto err_close;
	}
	begin_family(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	dt_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = dt_nl_call(nl, NULL, family_cb, &nl->family);
	if (err)
		goto err_close;
	return 0;

err_close:
	close(nl->fd);
	nl->fd = -1;
	return err;
}

void dt_nl_close(struct dt_nl *nl)
{
	close(nl->fd);
}

/* A request with a mailbox's name, or with a port's number if there is none. */
static int begin_with(struct dt_nl *nl, uint8_t cmd, const char *name,
		      uint64_t id)
{
	int err = dt_nl_open(nl);

	if (err)
		return err;
	dt_nl_begin(nl, cmd, 0);
	if (name)
		dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	else if (id)
		dt_nl_put_u64(nl, DIPC_A_PORT_ID, id);
	return 0;
}

static int end_with(struct dt_nl *nl, dt_nl_cb cb, void *arg)
{
	int err = dt_nl_call(nl, NULL, cb, arg);

	dt_nl_close(nl);
	return err;
}

static void put_conf(struct dt_nl *nl, const struct dt_mailbox_conf *conf)
{
	if (conf->uid >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_UID, conf->uid);
	if (conf->gid >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_GID, conf->gid);
	if (conf->mode >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_MODE, conf->mode);
	if (conf->transient)
		dt_nl_put(nl, DIPC_A_MAILBOX_TRANSIENT, NULL, 0);
	if (conf->capacity_msgs >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_CAPACITY_MSGS,
			      conf->capacity_msgs);
	if (conf->capacity_bytes >= 0)
		dt_nl_put_u64(nl, DIPC_A_MAILBOX_CAPACITY_BYTES,
			      conf->capacity_bytes);
	if (conf->msg_max_bytes >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_MSG_MAX_BYTES,
			      conf->msg_max_bytes);
	if (conf->policy >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_POLICY, conf->policy);
	if (conf->scope >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_SCOPE, conf->scope);
}

static int mailbox_request(uint8_t cmd, const char *name,
			   const struct dt_mailbox_conf *conf, dt_nl_cb cb,
			   void *arg)
{
	struct dt_nl nl;
	int err = begin_with(&nl, cmd, name, 0);

	if (err)
		return err;
	if (conf)
		put_conf(&nl, conf);
	return end_with(&nl, cb, arg);
}

int dt_mailbox_new(const char *name, const struct dt_mailbox_conf *conf)
{
	return mailbox_request(DIPC_CMD_MAILBOX_NEW, name, conf, NULL, NULL);
}

int dt_mailbox_set(const char *name, const struct dt_mailbox_conf *conf)
{
	return mailbox_request(DIPC_CMD_MAILBOX_SET, name, conf, NULL, NULL);
}

int dt_mailbox_del(const char *name)
{
	return mailbox_request(DIPC_CMD_MAILBOX_DEL, name, NULL, NULL, NULL);
}

static void purged_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_MAILBOX_PURGED && arg)
		memcpy(arg, data, sizeof(uint32_t));
}

int dt_mailbox_purge(const char *name, uint32_t *purged)
{
	return mailbox_request(DIPC_CMD_MAILBOX_PURGE, name, NULL, purged_cb,
			       purged);
}

static uint64_t number(const void *data, int len)
{
	uint32_t v32;
	uint64_t v64;

	if (len >= (int)sizeof(v64)) {
		memcpy(&v64, data, sizeof(v64));
		return v64;
	}
	if (len < (int)sizeof(v32))
		return 0;
	memcpy(&v32, data, sizeof(v32));
	return v32;
}

static void mailbox_cb(int type, const void *data, int len, void *arg)
{
	struct dt_queue *q = arg;
	uint64_t v = number(data, len);

	switch (type) {
	case DIPC_A_MAILBOX_NAME:
		snprintf(q->name, sizeof(q->name), "%.*s", len,
			 (const char *)data);
		break;
	case DIPC_A_MAILBOX_UID:		q->uid = v; break;
	case DIPC_A_MAILBOX_GID:		q->gid = v; break;
	case DIPC_A_MAILBOX_MODE:		q->mode = v; break;
	case DIPC_A_MAILBOX_TRANSIENT:		q->transient = true; break;
	case DIPC_A_MAILBOX_CAPACITY_MSGS:	q->capacity_msgs = v; break;
	case DIPC_A_MAILBOX_CAPACITY_BYTES:	q->capacity_bytes = v; break;
	case DIPC_A_MAILBOX_MSG_MAX_BYTES:	q->msg_max_bytes = v; break;
	case DIPC_A_MAILBOX_POLICY:		q->policy = v; break;
	case DIPC_A_MAILBOX_SCOPE:		q->scope = v; break;
	case DIPC_A_MAILBOX_QUEUED_MSGS:	q->queued_msgs = v; break;
	case DIPC_A_MAILBOX_QUEUED_BYTES:	q->queued_bytes = v; break;
	case DIPC_A_MAILBOX_USERS:		q->users = v; break;
	case DIPC_A_MAILBOX_WAITING_SENDERS:	q->waiting_senders = v; break;
	case DIPC_A_MAILBOX_WAITING_RECEIVERS:	q->waiting_receivers = v; break;
	case DIPC_A_MAILBOX_DROPPED:		q->dropped = v; break;
	}
}

static void port_cb(int type, const void *data, int len, void *arg)
{
	struct dt_queue *q = arg;
	uint64_t v = number(data, len);

	switch (type) {
	case DIPC_A_PORT_MAILBOX:
		snprintf(q->name, sizeof(q->name), "%.*s", len,
			 (const char *)data);
		break;
	case DIPC_A_PORT_ID:			q->id = v; break;
	case DIPC_A_PORT_UID:			q->uid = v; break;
	case DIPC_A_PORT_PID:			q->pid = v; break;
	case DIPC_A_PORT_SOCKET_TYPE:		q->socket_type = v; break;
	case DIPC_A_PORT_NAMES:			q->n_names++; break;
	case DIPC_A_PORT_CAPACITY_MSGS:		q->capacity_msgs = v; break;
	case DIPC_A_PORT_CAPACITY_BYTES:	q->capacity_bytes = v; break;
	case DIPC_A_PORT_MSG_MAX_BYTES:		q->msg_max_bytes = v; break;
	case DIPC_A_PORT_POLICY:		q->policy = v; break;
	case DIPC_A_PORT_QUEUED_MSGS:		q->queued_msgs = v; break;
	case DIPC_A_PORT_QUEUED_BYTES:		q->queued_bytes = v; break;
	case DIPC_A_PORT_WAITING_SENDERS:	q->waiting_senders = v; break;
	case DIPC_A_PORT_WAITING_RECEIVERS:	q->waiting_receivers = v; break;
	case DIPC_A_PORT_DROPPED:		q->dropped = v; break;
	}
}

int dt_mailbox_get(const char *name, struct dt_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	return mailbox_request(DIPC_CMD_MAILBOX_GET, name, NULL, mailbox_cb,
			       queue);
}

int dt_port_get(uint64_t id, struct dt_queue *queue)
{
	struct dt_nl nl;
	int err = begin_with(&nl, DIPC_CMD_PORT_GET, NULL, id);

	memset(queue, 0, sizeof(*queue));
	return err ? err : end_with(&nl, port_cb, queue);
}

struct counter {
	uint32_t reason;
	uint64_t value;
};

static void counter_cb(int type, const void *data, int len, void *arg)
{
	struct counter *c = arg;

	if (type == DIPC_A_COUNTER_REASON)
		c->reason = number(data, len);
	else if (type == DIPC_A_COUNTER_VALUE)
		c->value = number(data, len);
}

static void stats_cb(int type, const void *data, int len, void *arg)
{
	struct dt_stats *stats = arg;
	struct counter c = { 0 };

	switch (type) {
	case DIPC_A_STATS_COUNTER:
		dt_nl_attrs(data, len, counter_cb, &c);
		if (c.reason < __DIPC_REASON_COUNT)
			stats->counter[c.reason] = c.value;
		stats->n_counters++;
		break;
	case DIPC_A_STATS_PORTS:	stats->ports = number(data, len); break;
	case DIPC_A_STATS_MAILBOXES:	stats->mailboxes = number(data, len); break;
	case DIPC_A_STATS_NAMES:	stats->names = number(data, len); break;
	case DIPC_A_STATS_MESSAGES:	stats->messages = number(data, len); break;
	}
}

int dt_stats_get(struct dt_stats *stats)
{
	struct dt_nl nl;
	int err = begin_with(&nl, DIPC_CMD_STATS_GET, NULL, 0);

	memset(stats, 0, sizeof(*stats));
	return err ? err : end_with(&nl, stats_cb, stats);
}

uint32_t dt_mailbox_receivers(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.waiting_receivers;
}

uint32_t dt_mailbox_senders(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.waiting_senders;
}

uint32_t dt_mailbox_queued(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.queued_msgs;
}

uint32_t dt_port_receivers(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.waiting_receivers;
}

uint32_t dt_port_senders(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.waiting_senders;
}

uint32_t dt_port_queued(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.queued_msgs;
}
