// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One request to the generic netlink family "dipc" and its answer.
 *
 * Each request has a netlink socket of its own and looks the family up, so
 * that nothing outlives the call and threads share nothing. Requests come
 * seldom; messages do not go this way.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include <linux/dipc_netlink.h>

#include "internal.h"

struct reply {
	mnl_attr_cb_t cb;
	void *data;
};

static int reply_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct reply *reply = data;

	if (!reply->cb)
		return MNL_CB_OK;
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), reply->cb,
			      reply->data);
}

static int family_id_cb(const struct nlattr *attr, void *data)
{
	uint16_t *id = data;

	if (mnl_attr_get_type(attr) != CTRL_ATTR_FAMILY_ID)
		return MNL_CB_OK;
	if (mnl_attr_validate(attr, MNL_TYPE_U16) < 0)
		return MNL_CB_ERROR;
	*id = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

/* Begin a message of one generic netlink family in the request's buffer. */
static void message_begin(struct nl_request *req, uint16_t family, uint8_t cmd,
			  uint8_t version, uint16_t flags)
{
	struct genlmsghdr *genl;

	/* libmnl leaves what is between two attributes as it was. */
	memset(req->buf, 0, sizeof(req->buf));
	req->nlh = mnl_nlmsg_put_header(req->buf);
	req->nlh->nlmsg_type = family;
	req->nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	req->nlh->nlmsg_seq = 1;
	genl = mnl_nlmsg_put_extra_header(req->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
}

/* The number of the family; without the module there is none. */
static int family_find(struct nl_request *req, uint16_t *id)
{
	int err;

	*id = 0;
	message_begin(req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	mnl_attr_put_strz(req->nlh, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = nl_request_run(req, family_id_cb, id);
	if (err == -ENOENT)
		return -EAFNOSUPPORT;
	if (!err && !*id)
		return -EPROTO;
	return err;
}

/**
 * nl_request_init - begin a request
 * @req: the request; nl_request_fini() ends it, unless this fails
 * @cmd: DIPC_CMD_*
 * @flags: NLM_F_* beside those that every request has
 *
 * The caller then puts attributes into @req->nlh.
 *
 * Return: 0 or a negated errno; -EAFNOSUPPORT if the module is not loaded.
 */
int nl_request_init(struct nl_request *req, uint8_t cmd, uint16_t flags)
{
	uint16_t family;
	int err;

	req->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!req->sock)
		return -errno;
	if (mnl_socket_bind(req->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto close;
	}
	err = family_find(req, &family);
	if (err)
		goto close;
	message_begin(req, family, cmd, DIPC_FAMILY_VERSION, flags);
	return 0;

close:
	mnl_socket_close(req->sock);
	return err;
}

/**
 * nl_request_run - send a request and read the answer up to its end
 * @req: the request; its message is gone afterwards
 * @cb: gets each attribute of the reply; NULL if none is expected
 * @data: for @cb
 *
 * Return: 0 or the negated errno with which the kernel, or @cb, refused.
 */
int nl_request_run(struct nl_request *req, mnl_attr_cb_t cb, void *data)
{
	struct reply reply = { .cb = cb, .data = data };
	ssize_t len;
	int ret;

	if (mnl_socket_sendto(req->sock, req->nlh, req->nlh->nlmsg_len) < 0)
		return -errno;
	do {
		/*
		 * The kernel has answered before the call above returned, so
		 * this does not wait.
		 */
		len = mnl_socket_recvfrom(req->sock, req->buf,
					  sizeof(req->buf));
		if (len < 0)
			return -errno;
		ret = mnl_cb_run(req->buf, len, 1,
				 mnl_socket_get_portid(req->sock), reply_cb,
				 &reply);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

/**
 * nl_request_fini - end a request
 * @req: the request
 */
void nl_request_fini(struct nl_request *req)
{
	mnl_socket_close(req->sock);
}
