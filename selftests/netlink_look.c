// SPDX-License-Identifier: GPL-2.0
/*
 * Looking into queues over netlink: what is in a mailbox, and who waits in a
 * queue and for what. That it is right, whole, changes nothing, stays right
 * while the queue changes, and is not for everybody.
 *
 * suite-timeout: 240
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "call.h"
#include "kselftest_harness.h"
#include "post.h"

#define ALICE	1001
#define BOB	1002

/*
 * Asking
 */

#define KEPT_MAX 8

struct message {
	uint64_t seq, source, id, tag, age_ns;
	int64_t deadline_ns;
	uint32_t uid, priority, len;
	int32_t pid;
	bool has_deadline;
	int payload_len;	/* -1: there is none */
	uint8_t payload[2048];
};

/* What came: the first ones as they are, of all the rest what can be counted. */
struct peeked {
	uint32_t n;
	uint64_t last_seq;
	bool is_sorted;		/* by seq */
	uint8_t *times;		/* how often, by tag */
	uint32_t n_times;
	struct message m[KEPT_MAX];
	struct message more;
};

static struct message *current_of(struct peeked *p)
{
	return p->n <= KEPT_MAX ? &p->m[p->n - 1] : &p->more;
}

static void message_begin(uint8_t cmd, void *arg)
{
	struct peeked *p = arg;

	p->n++;
	memset(current_of(p), 0, sizeof(struct message));
	current_of(p)->payload_len = -1;
}

static void message_cb(int type, const void *data, int len, void *arg)
{
	struct peeked *p = arg;
	struct message *m = current_of(p);
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_MESSAGE_SEQ:
		p->is_sorted = p->is_sorted && v > p->last_seq;
		p->last_seq = m->seq = v;
		break;
	case DIPC_A_MESSAGE_SOURCE:	m->source = v; break;
	case DIPC_A_MESSAGE_UID:	m->uid = v; break;
	case DIPC_A_MESSAGE_PID:	m->pid = v; break;
	case DIPC_A_MESSAGE_ID:		m->id = v; break;
	case DIPC_A_MESSAGE_PRIORITY:	m->priority = v; break;
	case DIPC_A_MESSAGE_LEN:	m->len = v; break;
	case DIPC_A_MESSAGE_AGE_NS:	m->age_ns = v; break;
	case DIPC_A_MESSAGE_TAG:
		m->tag = v;
		if (v < p->n_times)
			p->times[v]++;
		break;
	case DIPC_A_MESSAGE_DEADLINE_NS:
		m->has_deadline = true;
		m->deadline_ns = v;
		break;
	case DIPC_A_MESSAGE_PAYLOAD:
		m->payload_len = len;
		memcpy(m->payload, data, len);
		break;
	}
}

/* What is asked for beside the name; -1: not said. */
struct limits {
	int64_t from, count, bytes;
};

#define LIMITS(...) (&(const struct limits) {				\
	.from = -1, .count = -1, .bytes = -1, __VA_ARGS__ })

static void peek_begin(struct dt_nl *nl, const char *name,
		       const struct limits *l)
{
	dt_nl_begin(nl, DIPC_CMD_MAILBOX_PEEK, NLM_F_DUMP);
	dt_nl_put_str(nl, DIPC_A_MESSAGE_MAILBOX, name);
	if (l->from >= 0)
		dt_nl_put_u64(nl, DIPC_A_MESSAGE_FROM, l->from);
	if (l->count >= 0)
		dt_nl_put_u32(nl, DIPC_A_MESSAGE_COUNT, l->count);
	if (l->bytes >= 0)
		dt_nl_put_u32(nl, DIPC_A_MESSAGE_BYTES, l->bytes);
}

static int peek(struct dt_nl *nl, const char *name, const struct limits *l,
		struct peeked *p)
{
	peek_begin(nl, name, l);
	p->n = 0;
	p->last_seq = 0;
	p->is_sorted = true;
	return dt_nl_call(nl, message_begin, message_cb, p);
}

/* The first letters of the messages that were kept, in their order. */
static const char *letters(const struct peeked *p)
{
	static char text[KEPT_MAX + 1];
	uint32_t i;

	for (i = 0; i < p->n && i < KEPT_MAX; i++)
		text[i] = p->m[i].payload_len > 0 ? p->m[i].payload[0] : '-';
	text[i] = '\0';
	return text;
}

/* The less is read at once, the more parts there are. */
#define PART_BYTES 4096

/* 1 at the end of a dump; or a negative errno. */
static int read_part(struct nlmsghdr *nlh, ssize_t n, struct peeked *p)
{
	for (; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR)
			return *(int *)NLMSG_DATA(nlh) ?: 1;
		message_begin(0, p);
		dt_nl_attrs((char *)NLMSG_DATA(nlh) + GENL_HDRLEN,
			    NLMSG_PAYLOAD(nlh, GENL_HDRLEN), message_cb, p);
	}
	return 0;
}

/* As peek(), but @between is called after each part that is not the last. */
static int peek_in_parts(struct dt_nl *nl, const char *name, struct peeked *p,
			 int (*between)(void *arg), void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ssize_t n;
	int err;

	peek_begin(nl, name, LIMITS());
	p->n = 0;
	nlh->nlmsg_len = nl->len;
	err = DT_ERR(send(fd, nl->buf, nl->len, 0));
	while (err >= 0) {
		n = recv(fd, nl->buf, PART_BYTES, MSG_TRUNC);
		if (n < 0 || n > PART_BYTES)
			err = n < 0 ? -errno : -EMSGSIZE;
		else
			err = read_part(nlh, n, p);
		if (err > 0)
			break;
		if (!err)
			err = between(arg);
	}
	close(fd);
	return err > 0 ? 0 : err;
}

struct waiter {
	uint64_t source, tag, mask, id, age_ns;
	int64_t deadline_ns;
	uint32_t what, uid, mode, len, priority;
	int32_t pid;
	bool has_source, has_tag, async, has_deadline;
};

struct waiters {
	uint32_t n;
	struct waiter w[KEPT_MAX];
	struct waiter more;
};

static void waiter_begin(uint8_t cmd, void *arg)
{
	struct waiters *all = arg;

	all->n++;
}

static void waiter_cb(int type, const void *data, int len, void *arg)
{
	struct waiters *all = arg;
	struct waiter *w = all->n <= KEPT_MAX ? &all->w[all->n - 1] :
						&all->more;
	uint64_t v = 0;

	memcpy(&v, data, len < (int)sizeof(v) ? len : (int)sizeof(v));
	switch (type) {
	case DIPC_A_WAITER_WAITS_FOR:	w->what = v; break;
	case DIPC_A_WAITER_PID:		w->pid = v; break;
	case DIPC_A_WAITER_UID:		w->uid = v; break;
	case DIPC_A_WAITER_SOURCE:
		w->has_source = true;
		w->source = v;
		break;
	case DIPC_A_WAITER_TAG:
		w->has_tag = true;
		w->tag = v;
		break;
	case DIPC_A_WAITER_TAG_MASK:	w->mask = v; break;
	case DIPC_A_WAITER_MODE:	w->mode = v; break;
	case DIPC_A_WAITER_ASYNC:	w->async = true; break;
	case DIPC_A_WAITER_ID:		w->id = v; break;
	case DIPC_A_WAITER_LEN:		w->len = v; break;
	case DIPC_A_WAITER_PRIORITY:	w->priority = v; break;
	case DIPC_A_WAITER_AGE_NS:	w->age_ns = v; break;
	case DIPC_A_WAITER_DEADLINE_NS:
		w->has_deadline = true;
		w->deadline_ns = v;
		break;
	}
}

/* Of a port, or of a mailbox if its number is 0. */
static int waiters_get(struct dt_nl *nl, uint64_t port, const char *mailbox,
		       struct waiters *all)
{
	memset(all, 0, sizeof(*all));
	dt_nl_begin(nl, DIPC_CMD_WAITER_GET, NLM_F_DUMP);
	if (port)
		dt_nl_put_u64(nl, DIPC_A_WAITER_PORT, port);
	else
		dt_nl_put_str(nl, DIPC_A_WAITER_MAILBOX, mailbox);
	return dt_nl_call(nl, waiter_begin, waiter_cb, all);
}

FIXTURE(look) {
	struct dt_nl nl;
	struct peeked got;
	struct waiters waiters;
	int tx, rx;		/* of the mailbox */
};

static void fill_box(struct __test_metadata *_metadata,
		     FIXTURE_DATA(look) *self, int order)
{
	struct sockaddr_dipc box = dt_mailbox("box");

	ASSERT_EQ(0, dt_mailbox_new("box", DT_MAILBOX(.mode = 0666,
				.capacity_msgs = 20000,
				.capacity_bytes = 4 << 20)));
	if (order) {
		dt_nl_begin(&self->nl, DIPC_CMD_MAILBOX_SET, 0);
		dt_nl_put_str(&self->nl, DIPC_A_MAILBOX_NAME, "box");
		dt_nl_put_u32(&self->nl, DIPC_A_MAILBOX_ORDER, order);
		ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, NULL, NULL));
	}
	self->tx = dt_socket_connected(SOCK_RDM, &box);
	self->rx = dt_socket_bound(SOCK_RDM, &box);
	ASSERT_LE(0, self->tx);
	ASSERT_LE(0, self->rx);
}

FIXTURE_SETUP(look)
{
	ASSERT_EQ(0, dt_netns_new());
	ASSERT_EQ(0, dt_nl_open(&self->nl));
	fill_box(_metadata, self, DIPC_ORDER_FIFO);
}

FIXTURE_TEARDOWN(look)
{
	dt_nl_close(&self->nl);
	free(self->got.times);
	close(self->tx);
	close(self->rx);
}

/*
 * Messages
 */

TEST_F(look, peek_tells_all_of_a_message)
{
	const struct message *m = self->got.m;

	ASSERT_EQ(1, post(self->tx, 'a', POST(.tag = 7, .priority = 3,
					      .deadline_ns = 1000000000000)));
	ASSERT_EQ(1, put(self->tx, 'b'));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	ASSERT_EQ(2, self->got.n);
	EXPECT_TRUE(self->got.is_sorted);
	EXPECT_STREQ("ab", letters(&self->got));
	EXPECT_EQ(dt_port_id(self->tx), m[0].source);
	EXPECT_EQ(0, m[0].uid);
	EXPECT_EQ(getpid(), m[0].pid);
	EXPECT_EQ(7, m[0].tag);
	EXPECT_EQ(3, m[0].priority);
	EXPECT_EQ(1, m[0].len);
	EXPECT_EQ(1, m[0].payload_len);
	EXPECT_LT(m[0].id, m[1].id);
	EXPECT_LE(m[1].age_ns, m[0].age_ns);
	EXPECT_GT(1000000000000, m[0].age_ns);
	EXPECT_TRUE(m[0].has_deadline);
	EXPECT_LT(0, m[0].deadline_ns);
	EXPECT_GT(1000000000000, m[0].deadline_ns);
	EXPECT_FALSE(m[1].has_deadline);
	EXPECT_EQ(0, m[1].tag + m[1].priority);
}

TEST_F(look, peek_changes_and_counts_nothing)
{
	struct dt_queue before, after;
	struct dt_stats stats;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(1, put(self->tx, 'a' + i));
	ASSERT_EQ(0, dt_mailbox_get("box", &before));
	ASSERT_EQ(0, dt_stats_get(&stats));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
		EXPECT_STREQ("abcde", letters(&self->got));
	}
	EXPECT_STREQ("", counted_else(&stats, &(const struct dt_stats) { 0 }));
	ASSERT_EQ(0, dt_mailbox_get("box", &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_STREQ("abcde", take_all(self->rx));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_EQ(0, self->got.n);
}

TEST_F(look, peek_shows_the_order_of_receiving)
{
	ASSERT_EQ(0, dt_mailbox_del("box"));
	close(self->tx);
	close(self->rx);
	fill_box(_metadata, self, DIPC_ORDER_PRIORITY);
	ASSERT_EQ(1, post(self->tx, 'a', POST(.priority = 1)));
	ASSERT_EQ(1, post(self->tx, 'b', POST(.priority = 31)));
	ASSERT_EQ(1, post(self->tx, 'c', POST()));
	ASSERT_EQ(1, post(self->tx, 'd', POST(.priority = 31)));
	ASSERT_EQ(1, post(self->tx, 'e', POST(.priority = 1)));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_STREQ("bdaec", letters(&self->got));
	EXPECT_STREQ("bdaec", take_all(self->rx));
}

TEST_F(look, peek_shows_what_is_asked_for)
{
	uint64_t second;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(100, put_len(self->tx, 'a' + i, 100));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.count = 2), &self->got));
	EXPECT_STREQ("ab", letters(&self->got));
	EXPECT_EQ(64, self->got.m[0].payload_len);
	second = self->got.m[1].seq;
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.from = second),
			  &self->got));
	EXPECT_STREQ("bcde", letters(&self->got));
	ASSERT_EQ(0, peek(&self->nl, "box",
			  LIMITS(.from = second + 1, .count = 1, .bytes = 3),
			  &self->got));
	EXPECT_STREQ("c", letters(&self->got));
	EXPECT_EQ(3, self->got.m[0].payload_len);
	EXPECT_EQ(100, self->got.m[0].len);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.bytes = 0), &self->got));
	EXPECT_EQ(5, self->got.n);
	EXPECT_EQ(-1, self->got.m[0].payload_len);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.from = second + 1000),
			  &self->got));
	EXPECT_EQ(0, self->got.n);
}

TEST_F(look, peek_shows_the_bytes_of_messages_of_any_length)
{
	static const size_t lens[] = { 0, 1, 64, 65, 2048, 2049, 10000, 60000 };
	static uint8_t data[60000];
	size_t i, shown;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		dt_pattern(data, lens[i], i);
		ASSERT_EQ(lens[i], dt_send(self->tx, data, lens[i], 0, NULL));
	}
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.bytes = 2048),
			  &self->got));
	ASSERT_EQ(ARRAY_SIZE(lens), self->got.n);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		shown = lens[i] < 2048 ? lens[i] : 2048;
		EXPECT_EQ(lens[i], self->got.m[i].len);
		EXPECT_EQ(shown ? (int)shown : -1,
			  self->got.m[i].payload_len);
		EXPECT_EQ(-1, dt_pattern_differs(self->got.m[i].payload, shown,
						 i));
	}
}

static unsigned int many(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 1 ? 2000 : 10000;
}

TEST_F(look, ten_thousand_messages_are_shown_once_each_and_in_order)
{
	unsigned int i, n = many();

	self->got.n_times = n;
	self->got.times = calloc(n, 1);
	for (i = 0; i < n; i++)
		ASSERT_EQ(1, post(self->tx, 'x', POST(.tag = i)));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_EQ(n, self->got.n);
	EXPECT_TRUE(self->got.is_sorted);
	for (i = 0; i < n; i++)
		if (self->got.times[i] != 1)
			break;
	EXPECT_EQ(n, i);
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(.count = n - 1),
			  &self->got));
	EXPECT_EQ(n - 1, self->got.n);
}

struct churn {
	int tx, rx, turn;
};

#define LASTING	2000		/* tags below; what passes has a higher one */

/* Some that were there go, and others come, before and behind. */
static int churn(void *arg)
{
	struct churn *c = arg;
	int i;

	for (i = 0; i < 20; i++) {
		post_recv(c->rx);
		if (post(c->tx, 'n', POST(.tag = LASTING + 1,
					  .priority = (c->turn + i) % 32)) != 1)
			return -EIO;
	}
	c->turn++;
	return 0;
}

static void look_while_it_changes(struct __test_metadata *_metadata,
				  FIXTURE_DATA(look) *self, int order)
{
	struct churn c = { 0 };
	unsigned int i;

	ASSERT_EQ(0, dt_mailbox_del("box"));
	close(self->tx);
	close(self->rx);
	fill_box(_metadata, self, order);
	self->got.n_times = LASTING;
	self->got.times = calloc(LASTING, 1);
	for (i = 0; i < LASTING; i++) {
		ASSERT_EQ(1, post(self->tx, 'l', POST(.tag = i,
						      .priority = i % 32)));
		if (i % 2)
			ASSERT_EQ(1, post(self->tx, 'p', POST(
					.tag = LASTING + 1,
					.priority = i * 7 % 32)));
	}
	c.tx = self->tx;
	c.rx = self->rx;
	ASSERT_EQ(0, post_match(c.rx, 0, LASTING + 1, ~0ULL));
	ASSERT_EQ(0, peek_in_parts(&self->nl, "box", &self->got, churn, &c));
	for (i = 0; i < LASTING; i++)
		if (self->got.times[i] != 1)
			break;
	EXPECT_EQ(LASTING, i) {
		TH_LOG("%u was shown %u times", i, self->got.times[i]);
	}
	/* it was in several parts, else nothing has been tried */
	EXPECT_LT(8, c.turn);
	/* and not without end */
	EXPECT_GE(LASTING + LASTING / 2, self->got.n);
}

TEST_F(look, what_lasts_is_shown_once_while_the_queue_changes)
{
	look_while_it_changes(_metadata, self, DIPC_ORDER_FIFO);
}

TEST_F(look, what_lasts_is_shown_once_while_a_priority_queue_changes)
{
	look_while_it_changes(_metadata, self, DIPC_ORDER_PRIORITY);
}

static int end_it(void *arg)
{
	return dt_mailbox_del("box");
}

/* What is read next may have been made already, but nothing after that. */
static int forbid_it(void *arg)
{
	int *turn = arg;
	int err;

	if ((*turn)++)
		return *turn > 2 ? -ETIME : 0;
	err = dt_mailbox_set("box", DT_MAILBOX(.mode = 0));
	return err ? err : become(ALICE);
}

TEST_F(look, peek_ends_with_its_mailbox)
{
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-ENOENT, peek_in_parts(&self->nl, "box", &self->got, end_it,
					 NULL));
	EXPECT_GT(200, self->got.n);
}

TEST_F(look, peek_ends_with_the_right_to_it)
{
	int i, turn = 0;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EACCES, peek_in_parts(&self->nl, "box", &self->got,
					 forbid_it, &turn));
	become(0);
	EXPECT_GT(200, self->got.n);
}

TEST_F(look, messages_that_are_not_queued_are_not_shown)
{
	struct call sender;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 1)));
	ASSERT_EQ(1, put(self->tx, 'a'));
	ASSERT_EQ(0, call_send(&sender, self->tx, 'b'));
	ASSERT_TRUE(call_wait_asleep(&sender));
	ASSERT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
	EXPECT_STREQ("a", letters(&self->got));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&sender));
}

/* A reader that stops in the middle keeps no message alive. */
static int stop_it(void *arg)
{
	return -ECANCELED;
}

TEST_F(look, dump_that_is_given_up_leaves_nothing)
{
	struct dt_stats stats;
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-ECANCELED, peek_in_parts(&self->nl, "box", &self->got,
					    stop_it, NULL));
	ASSERT_EQ(0, dt_mailbox_purge("box", NULL));
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_stats_get(&stats) && !stats.messages));
}

/*
 * Who may look: E-NL-18
 */

static int peek_at(void *arg)
{
	static struct peeked got;
	static struct dt_nl nl;
	int err = dt_nl_open(&nl);

	if (!err)
		err = peek(&nl, arg, LIMITS(), &got);
	return err;
}

static int waiters_of(void *arg)
{
	static struct waiters all;
	static struct dt_nl nl;
	const uint64_t *port = arg;
	int err = dt_nl_open(&nl);

	return err ? err : waiters_get(&nl, *port, "box", &all);
}

TEST_F(look, mailbox_is_for_those_who_may_receive)
{
	static const struct {
		unsigned int mode;
		int alice, bob;
	} rows[] = {
		{ 0600, 0, EACCES }, { 0400, 0, EACCES },
		{ 0200, EACCES, EACCES }, { 0604, 0, 0 },
		{ 0622, 0, EACCES }, { 0006, EACCES, 0 },
		{ 0000, EACCES, EACCES },
	};
	uint64_t none = 0;
	size_t i;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.uid = ALICE,
						      .gid = ALICE)));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_EQ(0, dt_mailbox_set("box",
					    DT_MAILBOX(.mode = rows[i].mode)));
		EXPECT_EQ(-rows[i].alice, dt_as_user(ALICE, peek_at, "box")) {
			TH_LOG("Alice, %04o", rows[i].mode);
		}
		EXPECT_EQ(-rows[i].bob, dt_as_user(BOB, peek_at, "box")) {
			TH_LOG("Bob, %04o", rows[i].mode);
		}
		EXPECT_EQ(-rows[i].alice, dt_as_user(ALICE, waiters_of, &none));
		EXPECT_EQ(-rows[i].bob, dt_as_user(BOB, waiters_of, &none));
		EXPECT_EQ(0, peek_at("box"));
		EXPECT_EQ(0, waiters_of(&none));
	}
}

TEST_F(look, port_is_for_its_owner_and_who_administers_the_network)
{
	struct sockaddr_dipc any = dt_any();
	uint64_t port;
	int fd;

	ASSERT_EQ(0, become(ALICE));
	fd = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_EQ(0, become(0));
	ASSERT_LE(0, fd);
	port = dt_port_id(fd);
	EXPECT_EQ(0, dt_as_user(ALICE, waiters_of, &port));
	EXPECT_EQ(-EACCES, dt_as_user(BOB, waiters_of, &port));
	EXPECT_EQ(0, waiters_of(&port));
	close(fd);
}

TEST_F(look, both_who_opens_and_who_asks_must_have_the_right)
{
	static struct dt_nl nl;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.mode = 0600)));
	ASSERT_EQ(0, become(BOB));
	ASSERT_EQ(0, dt_nl_open(&nl));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(-EACCES, peek(&nl, "box", LIMITS(), &self->got));
	EXPECT_NE(NULL, strstr(nl.extack, "permission"));
	EXPECT_EQ(-EACCES, waiters_get(&nl, 0, "box", &self->waiters));
	dt_nl_close(&nl);

	ASSERT_EQ(0, become(BOB));
	EXPECT_EQ(-EACCES, peek(&self->nl, "box", LIMITS(), &self->got));
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(0, peek(&self->nl, "box", LIMITS(), &self->got));
}

/*
 * Who waits
 */

TEST_F(look, receiver_is_shown_with_what_it_waits_for)
{
	const struct waiter *w = self->waiters.w;
	struct sockaddr_dipc box = dt_mailbox("box");
	struct call choosy, any;
	int other = dt_socket_bound(SOCK_RDM, &box);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
	ASSERT_EQ(0, post_match(self->rx, 17, 5, 7));
	ASSERT_EQ(0, call_recv(&choosy, self->rx));
	ASSERT_TRUE(call_wait_asleep(&choosy));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_receivers("box") == 1));
	ASSERT_EQ(0, call_recv(&any, other));
	ASSERT_TRUE(call_wait_asleep(&any));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(2, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_MESSAGE, w[0].what);
	EXPECT_EQ(choosy.thread.tid, w[0].pid);
	EXPECT_EQ(0, w[0].uid);
	EXPECT_TRUE(w[0].has_source);
	EXPECT_EQ(17, w[0].source);
	EXPECT_TRUE(w[0].has_tag);
	EXPECT_EQ(5, w[0].tag);
	EXPECT_EQ(7, w[0].mask);
	EXPECT_EQ(DIPC_WAITS_FOR_MESSAGE, w[1].what);
	EXPECT_EQ(any.thread.tid, w[1].pid);
	EXPECT_FALSE(w[1].has_source);
	EXPECT_FALSE(w[1].has_tag);
	ASSERT_EQ(0, dt_mailbox_del("box"));
	EXPECT_EQ(-EIDRM, call_end(&any));
	EXPECT_EQ(-EIDRM, call_end(&choosy));
	close(other);
}

TEST_F(look, senders_are_shown_with_what_they_send)
{
	const struct waiter *w = self->waiters.w;
	struct post_call queued, waits;
	const uint64_t cookie = 1;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 1)));
	ASSERT_EQ(0, post_start(&queued, self->tx, 'a',
				POST(.mode = DIPC_MODE_EXPLICIT, .tag = 9)));
	ASSERT_TRUE(post_wait_asleep(&queued));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_queued("box") == 1));
	ASSERT_EQ(0, post_start(&waits, self->tx, 'b',
				POST(.mode = DIPC_MODE_RELIABLE, .priority = 4,
				     .deadline_ns = 1000000000000)));
	ASSERT_TRUE(post_wait_asleep(&waits));
	ASSERT_TRUE(DT_WAIT_UNTIL(dt_mailbox_senders("box") == 1));
	ASSERT_EQ(1, post(self->tx, 'c', POST(.cookie = &cookie)));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(3, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_ROOM, w[0].what);
	EXPECT_EQ(waits.thread.tid, w[0].pid);
	EXPECT_EQ(dt_port_id(self->tx), w[0].source);
	EXPECT_EQ(DIPC_MODE_RELIABLE, w[0].mode);
	EXPECT_FALSE(w[0].async);
	EXPECT_EQ(1, w[0].len);
	EXPECT_EQ(4, w[0].priority);
	EXPECT_TRUE(w[0].has_deadline);
	EXPECT_LT(0, w[0].deadline_ns);
	EXPECT_EQ(DIPC_WAITS_FOR_ROOM, w[1].what);
	EXPECT_EQ(getpid(), w[1].pid);
	EXPECT_TRUE(w[1].async);
	EXPECT_FALSE(w[1].has_deadline);
	EXPECT_EQ(DIPC_WAITS_FOR_RECEIVER, w[2].what);
	EXPECT_EQ(queued.thread.tid, w[2].pid);
	EXPECT_EQ(DIPC_MODE_EXPLICIT, w[2].mode);
	EXPECT_EQ(9, w[2].tag);
	EXPECT_LE(w[1].age_ns, w[0].age_ns);
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, post_end(&queued));
	EXPECT_EQ(1, post_end(&waits));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(1, self->waiters.n);
}

TEST_F(look, sender_without_quota_is_shown_as_such)
{
	const struct waiter *w = self->waiters.w;
	struct call sender;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 2)));
	ASSERT_EQ(1, put_as(self->tx, 'a', 1, BOB));
	ASSERT_EQ(0, call_send_as(&sender, self->tx, 'b', 1, BOB));
	ASSERT_TRUE(call_wait_asleep(&sender));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	ASSERT_EQ(1, self->waiters.n);
	EXPECT_EQ(DIPC_WAITS_FOR_QUOTA, w[0].what);
	EXPECT_EQ(BOB, w[0].uid);
	EXPECT_EQ(DIPC_MODE_BLOCKING, w[0].mode);
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(1, call_end(&sender));
}

TEST_F(look, waiters_of_a_port_are_shown)
{
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket_bound(SOCK_RDM, &any);
	struct call receiver;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dt_count_signal(SIGUSR1, 0));
	ASSERT_EQ(0, call_recv(&receiver, fd));
	ASSERT_TRUE(call_wait_asleep(&receiver));
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(fd), NULL,
				 &self->waiters));
	ASSERT_EQ(1, self->waiters.n);
	EXPECT_EQ(receiver.thread.tid, self->waiters.w[0].pid);
	ASSERT_EQ(0, call_interrupt(&receiver, SIGUSR1));
	EXPECT_EQ(-EINTR, call_end(&receiver));
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(fd), NULL,
				 &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
	close(fd);
	/* the socket that is bound to the mailbox has no queue of its own */
	ASSERT_EQ(0, waiters_get(&self->nl, dt_port_id(self->rx), NULL,
				 &self->waiters));
	EXPECT_EQ(0, self->waiters.n);
}

static void link_id_cb(int type, const void *data, int len, void *arg)
{
	uint32_t *ids = arg;

	if (type == DIPC_A_LINK_ID) {
		memcpy(&ids[ids[2] % 2], data, sizeof(ids[0]));
		ids[2]++;
	}
}

struct at_link {
	struct dt_nl nl;
	struct waiters waiters;
	uint32_t id;
};

static int waiters_of_link(void *arg)
{
	struct at_link *at = arg;
	int err = dt_nl_open(&at->nl);

	if (err)
		return err;
	memset(&at->waiters, 0, sizeof(at->waiters));
	dt_nl_begin(&at->nl, DIPC_CMD_WAITER_GET, NLM_F_DUMP);
	dt_nl_put_u32(&at->nl, DIPC_A_WAITER_LINK, at->id);
	err = dt_nl_call(&at->nl, waiter_begin, waiter_cb, &at->waiters);
	dt_nl_close(&at->nl);
	return err;
}

TEST_F(look, reader_of_a_link_is_shown_to_those_at_its_ends)
{
	static struct at_link at;
	uint32_t ids[3] = { 0 }, shown = 0, i;
	struct call reader;
	int fds[2];

	ASSERT_EQ(0, become(ALICE));
	ASSERT_EQ(0, socketpair(dt_family(), SOCK_SEQPACKET, 0, fds));
	ASSERT_EQ(0, become(0));
	ASSERT_EQ(0, call_recv(&reader, fds[0]));
	ASSERT_TRUE(call_wait_asleep(&reader));
	dt_nl_begin(&self->nl, DIPC_CMD_LINK_GET, NLM_F_DUMP);
	ASSERT_EQ(0, dt_nl_call(&self->nl, NULL, link_id_cb, ids));
	ASSERT_EQ(2, ids[2]);
	for (i = 0; i < 2; i++) {
		at.id = ids[i];
		EXPECT_EQ(0, dt_as_user(ALICE, waiters_of_link, &at));
		EXPECT_EQ(-EACCES, dt_as_user(BOB, waiters_of_link, &at));
		ASSERT_EQ(0, waiters_of_link(&at));
		shown += at.waiters.n;
		if (at.waiters.n)
			EXPECT_EQ(reader.thread.tid, at.waiters.w[0].pid);
	}
	EXPECT_EQ(1, shown);
	EXPECT_EQ(1, put(fds[1], 'a'));
	EXPECT_EQ(1, call_end(&reader));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(look, of_many_who_wait_for_the_same_256_are_shown)
{
	uint64_t i;

	ASSERT_EQ(0, dt_mailbox_set("box", DT_MAILBOX(.capacity_msgs = 0)));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(1, post(self->tx, 'a', POST(.cookie = &i)));
	ASSERT_EQ(300, dt_mailbox_senders("box"));
	ASSERT_EQ(0, waiters_get(&self->nl, 0, "box", &self->waiters));
	EXPECT_EQ(256, self->waiters.n);
	EXPECT_GT(self->waiters.w[1].id, self->waiters.w[0].id);
}

/*
 * Order: E-NL-19
 */

static int set_order(struct dt_nl *nl, uint32_t order)
{
	dt_nl_begin(nl, DIPC_CMD_MAILBOX_SET, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, "box");
	dt_nl_put_u32(nl, DIPC_A_MAILBOX_MODE, 0604);
	dt_nl_put_u32(nl, DIPC_A_MAILBOX_ORDER, order);
	return dt_nl_call(nl, NULL, NULL, NULL);
}

static void order_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_MAILBOX_ORDER)
		memcpy(arg, data, sizeof(uint32_t));
}

static int64_t order_of(struct dt_nl *nl)
{
	uint32_t order = ~0U;
	int err;

	dt_nl_begin(nl, DIPC_CMD_MAILBOX_GET, 0);
	dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, "box");
	err = dt_nl_call(nl, NULL, order_cb, &order);
	return err ? err : order;
}

TEST_F(look, order_changes_only_while_nothing_is_queued)
{
	struct dt_queue q;

	EXPECT_EQ(DIPC_ORDER_FIFO, order_of(&self->nl));
	ASSERT_EQ(1, put(self->tx, 'a'));
	EXPECT_EQ(-EBUSY, set_order(&self->nl, DIPC_ORDER_PRIORITY));
	EXPECT_NE(NULL, strstr(self->nl.extack, "messages"));
	EXPECT_NE(0, self->nl.bad_offset);
	/* and nothing else was changed with it */
	ASSERT_EQ(0, dt_mailbox_get("box", &q));
	EXPECT_EQ(0666, q.mode);
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_FIFO));
	EXPECT_EQ('a', take(self->rx));
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_PRIORITY));
	EXPECT_EQ(DIPC_ORDER_PRIORITY, order_of(&self->nl));
	ASSERT_EQ(1, post(self->tx, 'a', POST()));
	ASSERT_EQ(1, post(self->tx, 'b', POST(.priority = 1)));
	EXPECT_STREQ("ba", take_all(self->rx));
	EXPECT_EQ(0, set_order(&self->nl, DIPC_ORDER_FIFO));
}

TEST_HARNESS_MAIN
