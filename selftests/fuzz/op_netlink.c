// SPDX-License-Identifier: GPL-2.0
/*
 * Operations over netlink: mailboxes and all that can be looked at, with good
 * attributes and with those that are none. Each has a netlink socket of its
 * own, and takes all that is answered without waiting: what the module says is
 * there when the request was sent.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "dipc_test.h"
#include "grammar.h"

/* N_BOX: the number in a name; N_KIND: whose name that is */
enum { N_CMD, N_BOX, N_KIND, N_DUMP, N_MODE, N_MSGS, N_MAX, N_POLICY, N_ORDER,
       N_OWNER, N_TRANSIENT, N_SLOT, N_BADLY, N_FLAGS, N_COUNT };

static const struct fz_word cmd_words[] = {
	{ "none", 0 }, { "NODE_GET", DIPC_CMD_NODE_GET },
	{ "MAILBOX_GET", DIPC_CMD_MAILBOX_GET },
	{ "MAILBOX_NEW", DIPC_CMD_MAILBOX_NEW },
	{ "MAILBOX_SET", DIPC_CMD_MAILBOX_SET },
	{ "MAILBOX_DEL", DIPC_CMD_MAILBOX_DEL },
	{ "MAILBOX_PURGE", DIPC_CMD_MAILBOX_PURGE },
	{ "PORT_GET", DIPC_CMD_PORT_GET }, { "NAME_GET", DIPC_CMD_NAME_GET },
	{ "STATS_GET", DIPC_CMD_STATS_GET },
	{ "WAITER_GET", DIPC_CMD_WAITER_GET },
	{ "MAILBOX_PEEK", DIPC_CMD_MAILBOX_PEEK },
	{ "LINK_GET", DIPC_CMD_LINK_GET },
	{ "CALL_GET", DIPC_CMD_CALL_GET }, {}
};

enum { KIND_BOX, KIND_NAME, KIND_NOBODY };

static const struct fz_word kind_words[] = {
	{ "box", KIND_BOX }, { "name", KIND_NAME },
	{ "nobody", KIND_NOBODY }, {}
};

enum { WELL, B_MISSING, B_UNKNOWN, B_DOUBLED, B_SHORT, B_LONG, B_RANGE,
       B_NESTED, B_NAME, B_LONG_NAME, B_RESERVED, B_EMPTY_NAME, B_TRUNCATED,
       B_HEADER, B_CONTRADICT, B_NO_USER, B_TYPE_0, N_BADLY_NL };

static const struct fz_word badly_words[] = {
	{ "well", WELL }, { "missing", B_MISSING }, { "unknown", B_UNKNOWN },
	{ "doubled", B_DOUBLED }, { "short", B_SHORT }, { "long", B_LONG },
	{ "range", B_RANGE }, { "nested", B_NESTED }, { "name", B_NAME },
	{ "long-name", B_LONG_NAME }, { "reserved", B_RESERVED },
	{ "empty-name", B_EMPTY_NAME }, { "truncated", B_TRUNCATED },
	{ "header", B_HEADER }, { "contradict", B_CONTRADICT },
	{ "no-user", B_NO_USER }, { "type-0", B_TYPE_0 }, {}
};

enum { OWNER_SAME, OWNER_USER, OWNER_ROOT, OWNER_GROUP };

static const struct fz_word owner_words[] = {
	{ "same", OWNER_SAME }, { "user", OWNER_USER },
	{ "root", OWNER_ROOT }, { "group", OWNER_GROUP }, {}
};

/*
 * Drawing
 */

/* Of mailboxes that should be there, or not. */
static bool draw_box(struct fz_rng *rng, const struct fz_model *model,
		     struct fz_step *step, bool there)
{
	unsigned int i = fz_draw(rng, GR_BOXES), n;

	for (n = 0; n < GR_BOXES; n++, i = (i + 1) % GR_BOXES) {
		if (model->box[gr_space(step)][i] == there ||
		    fz_one_in(rng, 40)) {
			step->arg[N_BOX] = i;
			return true;
		}
	}
	return false;
}

static void draw_conf(struct fz_rng *rng, struct fz_step *step)
{
	static const uint16_t modes[] = { 0, 0666, 0666, 0622, 0644, 0600 };

	step->arg[N_MODE] = modes[fz_draw(rng, 6)];
	step->arg[N_MSGS] = fz_one_in(rng, 3) ? 1 + fz_draw(rng, 5) : 0;
	step->arg[N_MAX] = fz_one_in(rng, 8) ? 1 + fz_draw(rng, 300) : 0;
	step->arg[N_POLICY] = fz_one_in(rng, 3) ? fz_draw(rng, 4) : 0;
	step->arg[N_ORDER] = fz_one_in(rng, 4);
	if (fz_one_in(rng, 12))
		step->arg[N_OWNER] = fz_draw(rng, 4);
}

static bool box_generate(struct fz_rng *rng, const struct fz_model *model,
			 struct fz_step *step)
{
	static const uint8_t cmds[] = { DIPC_CMD_MAILBOX_NEW,
		DIPC_CMD_MAILBOX_NEW, DIPC_CMD_MAILBOX_NEW,
		DIPC_CMD_MAILBOX_NEW, DIPC_CMD_MAILBOX_NEW,
		DIPC_CMD_MAILBOX_SET, DIPC_CMD_MAILBOX_SET,
		DIPC_CMD_MAILBOX_GET, DIPC_CMD_MAILBOX_PEEK,
		DIPC_CMD_MAILBOX_PURGE, DIPC_CMD_MAILBOX_DEL,
		DIPC_CMD_WAITER_GET };

	step->arg[N_CMD] = cmds[fz_draw(rng, sizeof(cmds))];
	if (!draw_box(rng, model, step,
		      step->arg[N_CMD] != DIPC_CMD_MAILBOX_NEW))
		return false;
	step->arg[N_DUMP] = step->arg[N_CMD] == DIPC_CMD_MAILBOX_PEEK ||
			    step->arg[N_CMD] == DIPC_CMD_WAITER_GET;
	if (step->arg[N_CMD] == DIPC_CMD_MAILBOX_SET ||
	    step->arg[N_CMD] == DIPC_CMD_MAILBOX_NEW)
		draw_conf(rng, step);
	if (step->arg[N_CMD] == DIPC_CMD_MAILBOX_NEW) {
		step->arg[N_TRANSIENT] = fz_one_in(rng, 6);
		/* one that all may use is of more use here */
		if (fz_one_in(rng, 2))
			step->arg[N_MODE] = 0666;
	}
	if (fz_one_in(rng, 12))
		step->arg[N_BADLY] = fz_draw(rng, N_BADLY_NL);
	if (fz_one_in(rng, 30))
		step->arg[N_KIND] = fz_draw(rng, 3);
	step->arg[N_COUNT] = fz_draw(rng, 4);
	return true;
}

/* Those that received from it are told so when they try to. */
static void assume_gone(struct fz_model *model, unsigned int space,
			unsigned int box)
{
	struct gr_slot *s = model->slot[0];
	unsigned int i;

	for (i = 0; i < GR_TABLES * FZ_SLOTS; i++) {
		if (s[i].box != box + 1 || s[i].space != space)
			continue;
		s[i].box = 0;
		s[i].queued = 2;
		s[i].gone = true;
	}
}

static void box_assume(struct fz_model *model, const struct fz_step *step)
{
	unsigned int box = step->arg[N_BOX] % GR_BOXES;
	unsigned int space = gr_space(step);

	if (step->arg[N_BADLY] || step->arg[N_KIND])
		return;
	if (step->arg[N_CMD] == DIPC_CMD_MAILBOX_NEW)
		model->box[space][box] = true;
	if (step->arg[N_CMD] == DIPC_CMD_MAILBOX_DEL) {
		model->box[space][box] = false;
		assume_gone(model, space, box);
	}
	if (step->arg[N_CMD] == DIPC_CMD_MAILBOX_DEL ||
	    step->arg[N_CMD] == DIPC_CMD_MAILBOX_PURGE)
		model->in_box[space][box] = 0;
}

static bool is_bound(const struct gr_slot *s)
{
	return gr_is_dipc(s) && s->bound;
}

static bool look_generate(struct fz_rng *rng, const struct fz_model *model,
			  struct fz_step *step)
{
	static const uint8_t cmds[] = { DIPC_CMD_NODE_GET, DIPC_CMD_STATS_GET,
		DIPC_CMD_MAILBOX_GET, DIPC_CMD_PORT_GET, DIPC_CMD_NAME_GET,
		DIPC_CMD_LINK_GET, DIPC_CMD_CALL_GET, DIPC_CMD_PORT_GET,
		DIPC_CMD_WAITER_GET };
	uint64_t cmd = cmds[fz_draw(rng, sizeof(cmds))];
	unsigned int i = fz_draw(rng, GR_NAMES);

	step->arg[N_CMD] = cmd;
	step->arg[N_DUMP] = cmd > DIPC_CMD_NODE_GET &&
			    cmd != DIPC_CMD_STATS_GET;
	step->arg[N_KIND] = KIND_NOBODY;
	if (cmd == DIPC_CMD_NAME_GET && model->name[gr_space(step)][i]) {
		step->arg[N_KIND] = KIND_NAME;
		step->arg[N_BOX] = i;
		step->arg[N_DUMP] = 0;
	}
	if (cmd == DIPC_CMD_WAITER_GET || (cmd == DIPC_CMD_PORT_GET &&
					   fz_one_in(rng, 2))) {
		if (!gr_draw_slot(rng, model, step, N_SLOT, is_bound))
			return false;
		step->arg[N_SLOT]++;
		step->arg[N_DUMP] = cmd == DIPC_CMD_WAITER_GET;
	}
	if (fz_one_in(rng, 15))
		step->arg[N_BADLY] = fz_draw(rng, N_BADLY_NL);
	if (fz_one_in(rng, 30))
		step->arg[N_DUMP] ^= 1;
	if (fz_one_in(rng, 40))
		step->arg[N_FLAGS] = 1U << fz_draw(rng, 16);
	if (fz_one_in(rng, 60))
		step->arg[N_CMD] = fz_draw(rng, 25);
	return true;
}

/*
 * Making and sending
 */

struct message {
	char buf[2048] __attribute__((aligned(8)));
	size_t len;
	uint64_t badly;
};

static void put(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(m->buf + m->len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, data, len);
	m->len += NLA_ALIGN(NLA_HDRLEN + len);
}

/* A number of four or eight bytes, or what it is made to by mistake. */
static void put_number(struct message *m, uint16_t type, uint64_t value,
		       size_t len)
{
	uint64_t both[2] = { value, 0 };

	if (m->badly == B_SHORT)
		len /= 2;
	if (m->badly == B_LONG)
		len += 4;
	put(m, type, both, len);
	if (m->badly == B_DOUBLED)
		put(m, type, both, len);
}

static void put_name(struct message *m, const uint64_t *arg, uint16_t type)
{
	static const char letters[] = "bnx";
	char name[300] = "";
	size_t len;

	gr_name(name, letters[arg[N_KIND] % 3], arg[N_BOX] % GR_NAMES);
	switch (arg[N_BADLY]) {
	case B_MISSING:
		return;
	case B_NAME:
		strcpy(name, " fuzz");
		break;
	case B_LONG_NAME:
		memset(name, 'a', 64);
		break;
	case B_RESERVED:
		strcpy(name, "dipc.fuzz");
		break;
	case B_EMPTY_NAME:
		*name = '\0';
	}
	len = strlen(name) + (arg[N_BADLY] == B_SHORT ? 0 : 1);
	put(m, type, name, len);
	if (arg[N_BADLY] == B_DOUBLED)
		put(m, type, name, len);
}

static void put_u32(struct message *m, uint16_t type, uint64_t value)
{
	if (value)
		put_number(m, type, value, 4);
}

static void put_owner(struct message *m, const uint64_t *arg)
{
	if (arg[N_BADLY] == B_NO_USER)
		put_number(m, DIPC_A_MAILBOX_UID, ~0U, 4);
	else if (arg[N_OWNER] == OWNER_USER)
		put_number(m, DIPC_A_MAILBOX_UID, FZ_UID, 4);
	else if (arg[N_OWNER] == OWNER_ROOT)
		put_number(m, DIPC_A_MAILBOX_UID, 0, 4);
	else if (arg[N_OWNER] == OWNER_GROUP)
		put_number(m, DIPC_A_MAILBOX_GID, 0, 4);
}

static void put_box(struct message *m, const uint64_t *arg)
{
	bool wild = arg[N_BADLY] == B_RANGE;

	put_name(m, arg, DIPC_A_MAILBOX_NAME);
	if (arg[N_CMD] != DIPC_CMD_MAILBOX_NEW &&
	    arg[N_CMD] != DIPC_CMD_MAILBOX_SET)
		return;
	put_u32(m, DIPC_A_MAILBOX_MODE, wild ? 01000 : arg[N_MODE]);
	put_u32(m, DIPC_A_MAILBOX_CAPACITY_MSGS, arg[N_MSGS]);
	put_u32(m, DIPC_A_MAILBOX_MSG_MAX_BYTES, arg[N_MAX]);
	if (arg[N_BADLY] == B_CONTRADICT)
		put_number(m, DIPC_A_MAILBOX_CAPACITY_BYTES, arg[N_MAX] / 2, 8);
	put_u32(m, DIPC_A_MAILBOX_POLICY, wild ? 9 : arg[N_POLICY]);
	put_u32(m, DIPC_A_MAILBOX_ORDER, arg[N_ORDER]);
	put_owner(m, arg);
	if (arg[N_TRANSIENT] && arg[N_CMD] == DIPC_CMD_MAILBOX_NEW)
		put(m, DIPC_A_MAILBOX_TRANSIENT, "", 0);
}

static uint64_t port_of(const struct fz_actor *actor, const uint64_t *arg)
{
	if (arg[N_BADLY] == B_RANGE)
		return 0;
	return fz_port(actor, actor->table, arg[N_SLOT] - 1) ?: 1;
}

static void put_attrs(const struct fz_actor *actor, const uint64_t *arg,
		      struct message *m)
{
	switch (arg[N_CMD]) {
	case DIPC_CMD_MAILBOX_GET:
		if (arg[N_DUMP] && !arg[N_BADLY])
			break;
		/* fall through */
	case DIPC_CMD_MAILBOX_NEW:
	case DIPC_CMD_MAILBOX_SET:
	case DIPC_CMD_MAILBOX_DEL:
	case DIPC_CMD_MAILBOX_PURGE:
		put_box(m, arg);
		break;
	case DIPC_CMD_NAME_GET:
		if (!arg[N_DUMP])
			put_name(m, arg, DIPC_A_NAME_NAME);
		break;
	case DIPC_CMD_PORT_GET:
		if (arg[N_SLOT])
			put_number(m, DIPC_A_PORT_ID, port_of(actor, arg), 8);
		break;
	case DIPC_CMD_WAITER_GET:
		if (arg[N_SLOT])
			put_number(m, DIPC_A_WAITER_PORT, port_of(actor, arg),
				   8);
		else
			put_name(m, arg, DIPC_A_WAITER_MAILBOX);
		break;
	case DIPC_CMD_LINK_GET:
		if (!arg[N_DUMP])
			put_number(m, DIPC_A_LINK_ID, arg[N_COUNT], 4);
		break;
	case DIPC_CMD_MAILBOX_PEEK:
		put_name(m, arg, DIPC_A_MESSAGE_MAILBOX);
		put_u32(m, DIPC_A_MESSAGE_COUNT, arg[N_COUNT]);
		put_u32(m, DIPC_A_MESSAGE_BYTES,
			arg[N_BADLY] == B_RANGE ? 4096 : arg[N_COUNT] * 100);
	}
	if (arg[N_BADLY] == B_UNKNOWN)
		put_number(m, 100, 1, 4);
	if (arg[N_BADLY] == B_TYPE_0)
		put_number(m, 0, 1, 4);
	if (arg[N_BADLY] == B_NESTED)
		put_number(m, DIPC_A_MAILBOX_NAME | NLA_F_NESTED, 0xffff, 4);
}

static void make(const struct fz_actor *actor, const uint64_t *arg,
		 uint16_t family, struct message *m)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)m->buf;
	struct genlmsghdr *genl = NLMSG_DATA(nlh);

	memset(m, 0, sizeof(*m));
	m->badly = arg[N_BADLY];
	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | arg[N_FLAGS];
	if (arg[N_DUMP])
		nlh->nlmsg_flags |= NLM_F_DUMP;
	genl->cmd = arg[N_CMD];
	genl->version = DIPC_FAMILY_VERSION;
	put_attrs(actor, arg, m);
	nlh->nlmsg_len = m->len;
	if (arg[N_BADLY] == B_HEADER)
		nlh->nlmsg_len -= 4 * (arg[N_COUNT] + 1);
	if (arg[N_BADLY] == B_TRUNCATED && m->len > NLMSG_HDRLEN + GENL_HDRLEN)
		((struct nlattr *)(genl + 1))->nla_len += 4000;
}

/* What is answered, until the end or until there is no more. */
static long answer(struct fz_actor *actor, int fd)
{
	const struct nlmsghdr *nlh;
	ssize_t n;

	while ((n = recv(fd, actor->in, FZ_BUF, MSG_DONTWAIT)) > 0) {
		for (nlh = (void *)actor->in; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n))
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE)
				return *(const int *)NLMSG_DATA(nlh);
	}
	/* an answer that does not come: what was sent was no request */
	actor->count_as = "netlink, not answered";
	return n < 0 ? -errno : -ENODATA;
}

static uint16_t family_id(void)
{
	static _Atomic uint16_t id;
	struct dt_nl *nl;

	if (id)
		return id;
	nl = malloc(sizeof(*nl));
	if (nl && !dt_nl_open(nl)) {
		id = nl->family;
		dt_nl_close(nl);
	}
	free(nl);
	return id;
}

static long netlink_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct message m;
	long ret;
	int fd, one = 1;

	make(actor, arg, family_id(), &m);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	ret = GR_ERR(sendto(fd, m.buf, m.len, 0, (void *)&addr, sizeof(addr)));
	if (ret >= 0)
		ret = answer(actor, fd);
	close(fd);
	return ret;
}

/*
 * Events: a socket that is told of them, and is never or seldom read
 */

static bool events_generate(struct fz_rng *rng, const struct fz_model *model,
			    struct fz_step *step)
{
	step->arg[0] = gr_draw_free(rng, model, step);
	return true;
}

static void events_assume(struct fz_model *model, const struct fz_step *step)
{
	gr_make(model, step, step->arg[0],
		(struct gr_slot) { .kind = GR_OTHER });
}

/* The number of the group is not asked for: all low ones are joined. */
static long events_execute(struct fz_actor *actor, const uint64_t *arg)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_GENERIC);
	int group;

	if (fd < 0)
		return -errno;
	if (arg[0] >= FZ_SLOTS || bind(fd, (void *)&addr, sizeof(addr))) {
		close(fd);
		return -EINVAL;
	}
	for (group = 1; group < 40; group++)
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			   sizeof(group));
	fz_put_fd(actor, arg[0], fd);
	return 0;
}

#define NETLINK_ARGS							\
	{ { "cmd", cmd_words }, { "number" }, { "kind", kind_words }, \
	  { "dump" }, { "mode" }, { "msgs" }, { "max" }, { "policy" },	\
	  { "order" }, { "owner", owner_words }, { "transient" }, \
	  { "slot" }, { "badly", badly_words }, { "flags" }, { "count" } }

const struct fz_op gr_netlink_ops[] = {
	{
		.name = "mailbox", .call = "netlink", .weight = 60,
		.args = NETLINK_ARGS,
		.generate = box_generate, .assume = box_assume,
		.execute = netlink_execute,
	}, {
		.name = "look", .call = "netlink", .weight = 20,
		.args = NETLINK_ARGS,
		.generate = look_generate, .execute = netlink_execute,
	}, {
		.name = "events", .call = "events", .weight = 2,
		.args = { { "slot" } },
		.generate = events_generate, .assume = events_assume,
		.execute = events_execute,
	},
	{}
};
