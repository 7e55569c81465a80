// SPDX-License-Identifier: GPL-2.0
/*
 * Control messages: those of a send as they should be and as they should not,
 * and what is done with those that are received.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

#define PLAIN_FD	10	/* see actor.c: the first are /dev/null */
#define CLOSED_FD	30000
#define FDS_MAX		253

const struct fz_word gr_control_words[] = {
	{ "MODE", GR_C_MODE }, { "TAG", GR_C_TAG },
	{ "PRIORITY", GR_C_PRIORITY }, { "DEADLINE", GR_C_DEADLINE },
	{ "ASYNC", GR_C_ASYNC }, { "CALL", GR_C_CALL },
	{ "CANCEL", GR_C_CANCEL }, { "REPLY", GR_C_REPLY },
	{ "PART", GR_C_PART }, { "FORWARD", GR_C_FORWARD },
	{ "DROP", GR_C_DROP }, { "RIGHTS", GR_C_RIGHTS },
	{ "CREDENTIALS", GR_C_CREDS }, { "foreign", GR_C_FOREIGN },
	{ "unknown", GR_C_UNKNOWN }, { "received", GR_C_RECEIVED },
	{ "time", GR_C_TIME }, {}
};

const struct fz_word gr_badly_words[] = {
	{ "well", GR_WELL }, { "short", GR_C_SHORT }, { "long", GR_C_LONG },
	{ "doubled", GR_C_DOUBLED }, { "header", GR_C_HEADER },
	{ "room", GR_C_ROOM }, { "bad", GR_C_BAD }, { "huge", GR_C_HUGE },
	{ "value", GR_C_VALUE }, { "much", GR_C_MUCH },
	{ "empty", GR_C_EMPTY }, {}
};

const struct fz_word gr_fds_words[] = {
	{ "one", GR_FDS_ONE }, { "three", GR_FDS_THREE },
	{ "most", GR_FDS_MOST }, { "too-many", GR_FDS_TOO_MANY },
	{ "closed", GR_FDS_CLOSED }, { "self", GR_FDS_SELF }, {}
};

struct building {
	const struct gr_values *v;
	struct gr_control *c;
};

static void put(struct building *b, int level, int type, const void *data,
		size_t len)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)(b->c->buf + b->c->used);
	size_t room = sizeof(b->c->buf) - b->c->used;
	size_t said = len;

	if (b->v->badly == GR_C_SHORT && len)
		said--;
	if (b->v->badly == GR_C_LONG)
		said += 4;
	if (b->v->badly == GR_C_EMPTY)
		said = 0;
	if (CMSG_SPACE(said > len ? said : len) > room)
		return;
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(said);
	if (b->v->badly == GR_C_HEADER)
		cmsg->cmsg_len = sizeof(*cmsg) - 1;
	if (b->v->badly == GR_C_ROOM)
		cmsg->cmsg_len = sizeof(b->c->buf);
	memcpy(CMSG_DATA(cmsg), data, len);
	b->c->used += CMSG_SPACE(said);
}

static void put_dipc(struct building *b, uint64_t bit, int type,
		     const void *data, size_t len)
{
	if (b->v->control & bit)
		put(b, SOL_DIPC, type, data, len);
}

static void put_adverbs(struct building *b)
{
	bool wrong = b->v->badly == GR_C_VALUE;
	uint32_t mode = wrong ? 3 : b->v->mode;
	uint32_t priority = wrong ? DIPC_PRIORITY_MAX + 1 : b->v->priority;
	uint64_t deadline = b->v->us ? b->v->us * 1000 : ~0ULL;

	if (wrong)
		deadline = 0;
	if (b->v->badly == GR_C_MUCH)
		mode = priority = ~0U;
	put_dipc(b, GR_C_MODE, DIPC_MODE, &mode, 4);
	put_dipc(b, GR_C_TAG, DIPC_TAG, &b->v->number, 8);
	put_dipc(b, GR_C_PRIORITY, DIPC_PRIORITY, &priority, 4);
	put_dipc(b, GR_C_DEADLINE, DIPC_DEADLINE, &deadline, 8);
	put_dipc(b, GR_C_ASYNC, DIPC_ASYNC, &b->v->number, 8);
	put_dipc(b, GR_C_UNKNOWN, 999, &b->v->number, 8);
	put_dipc(b, GR_C_RECEIVED, 10 + b->v->number % 14, &b->v->number, 8);
}

static void put_verbs(struct building *b, uint64_t handle)
{
	const struct gr_values *v = b->v;
	struct dipc_call_params call = {
		.cookie = v->number, .reply_max = v->max,
		.semantics = v->mode,
		.try_ns = v->mode == DIPC_AT_LEAST_ONCE ? v->us * 250 : 0,
	};
	struct dipc_reply_params reply = {
		.handle = handle, .offset = v->max,
		.flags = v->control & GR_C_PART ? DIPC_REPLY_PART : 0,
	};

	if (v->badly == GR_C_VALUE) {
		call.reserved[v->number % sizeof(call.reserved)] = 1;
		reply.flags |= 4;
	}
	if (v->badly == GR_C_MUCH) {
		call.reply_max = DIPC_MSG_LEN_MAX + 1;
		reply.offset = ~0ULL - v->number;
	}
	put_dipc(b, GR_C_CALL, DIPC_CALL, &call, sizeof(call));
	put_dipc(b, GR_C_CANCEL, DIPC_CANCEL, &v->number, 8);
	put_dipc(b, GR_C_REPLY | GR_C_PART, DIPC_REPLY, &reply, sizeof(reply));
	put_dipc(b, GR_C_FORWARD, DIPC_FORWARD, &handle, 8);
	put_dipc(b, GR_C_DROP, DIPC_DROP, &handle, 8);
}

static void put_rights(const struct fz_actor *actor, struct building *b)
{
	int fd[FDS_MAX + 1], n = 1, i;

	for (i = 0; i <= FDS_MAX; i++)
		fd[i] = PLAIN_FD;
	switch (b->v->fds) {
	case GR_FDS_ONE:
		break;
	case GR_FDS_THREE:
		n = 3;
		break;
	case GR_FDS_MOST:
	case GR_FDS_TOO_MANY:
		n = FDS_MAX + (b->v->fds == GR_FDS_TOO_MANY);
		break;
	case GR_FDS_CLOSED:
		fd[0] = CLOSED_FD;
		break;
	case GR_FDS_SELF:
		fd[0] = fz_fd(actor, b->v->slot);
		break;
	default:
		fd[0] = fz_fd(actor, b->v->fds - 1);
	}
	put(b, SOL_SOCKET, SCM_RIGHTS, fd, n * sizeof(fd[0]));
}

static void put_credentials(struct building *b)
{
	struct ucred creds = { getpid(), geteuid(), getegid() };

	if (b->v->badly == GR_C_VALUE)
		creds.pid = 0x3ffffff;		/* above PID_MAX_LIMIT */
	if (b->v->badly == GR_C_MUCH)
		creds.uid = ~0U;
	put(b, SOL_SOCKET, SCM_CREDENTIALS, &creds, sizeof(creds));
}

void gr_control(const struct fz_actor *actor, const struct gr_values *v,
		struct gr_control *control)
{
	struct building b = { v, control };
	unsigned int n = v->badly == GR_C_DOUBLED ? 2 : 1;

	control->used = 0;
	while (n--) {
		put_adverbs(&b);
		if (v->control & GR_C_VERBS)
			put_verbs(&b, gr_handle(actor, v->number));
		if (v->control & GR_C_RIGHTS)
			put_rights(actor, &b);
		if (v->control & GR_C_CREDS)
			put_credentials(&b);
		if (v->control & GR_C_FOREIGN)
			put(&b, IPPROTO_IP, 1, &v->number, 8);
		if (v->control & GR_C_TIME)
			put(&b, SOL_SOCKET, SO_TIMESTAMP, &v->number, 8);
	}
	control->len = control->used;
	control->at = control->used ? control->buf : NULL;
	if (v->badly == GR_C_BAD)
		control->at = actor->bad;
	if (v->badly == GR_C_HUGE)
		control->len = 4 << 20;
}

/*
 * What is received
 */

static void close_all(const struct cmsghdr *cmsg, size_t len)
{
	size_t i, n = len / sizeof(int);
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		if (fd > 2)
			close(fd);
	}
}

static void keep(const struct fz_actor *actor, uint64_t slot,
		 const struct cmsghdr *cmsg)
{
	uint64_t handle;

	/* both begin with it */
	memcpy(&handle, CMSG_DATA(cmsg), sizeof(handle));
	if (handle)
		gr_keep_handle(actor, slot, handle);
}

void gr_receive_control(const struct fz_actor *actor, uint64_t slot,
			struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_len < CMSG_LEN(0))
			break;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			close_all(c, len);
		if (c->cmsg_level == SOL_DIPC &&
		    (c->cmsg_type == DIPC_REQUEST ||
		     c->cmsg_type == DIPC_CANCELLED) && len >= 8)
			keep(actor, slot, c);
	}
}
