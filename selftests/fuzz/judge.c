// SPDX-License-Identifier: GPL-2.0
/*
 * What must be true after each program: the kernel has not complained, all
 * descriptors are closed and all mailboxes removed, so nothing is left in
 * either namespace, and nobody is charged for anything.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>

#include "core.h"
#include "dipc_test.h"

#define BOXES		64	/* removed at a time */

/* A namespace, and how it is looked into. */
struct place {
	int fd;
	struct dt_nl nl;
	uint32_t ports, mailboxes, names;
	uint64_t messages;
};

bool fz_alone = true;
unsigned int fz_left_ms = 20000;

static struct place here, away;
static uint64_t idle_messages;
static int kmsg = -1;

static int open_place(struct place *place)
{
	int err = dt_netns_new();

	if (err)
		return err;
	place->fd = dt_netns_open();
	return place->fd < 0 ? place->fd : dt_nl_open(&place->nl);
}

static void stats_cb(int type, const void *data, int len, void *arg)
{
	struct place *place = arg;

	if (type == DIPC_A_STATS_PORTS && len >= 4)
		memcpy(&place->ports, data, 4);
	if (type == DIPC_A_STATS_MAILBOXES && len >= 4)
		memcpy(&place->mailboxes, data, 4);
	if (type == DIPC_A_STATS_NAMES && len >= 4)
		memcpy(&place->names, data, 4);
	if (type == DIPC_A_STATS_MESSAGES && len >= 8)
		memcpy(&place->messages, data, 8);
}

static int look(struct place *place)
{
	dt_nl_begin(&place->nl, DIPC_CMD_STATS_GET, 0);
	return dt_nl_call(&place->nl, NULL, stats_cb, place);
}

int fz_judge_init(void)
{
	int err;

	err = open_place(&away) ?: open_place(&here);
	if (err)
		return err;
	fz_away_netns = away.fd;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
	err = look(&here) ?: look(&away);
	idle_messages = here.messages;
	return err;
}

void fz_judge_in_each_netns(void (*fn)(void))
{
	fn();
	if (dt_netns_enter(away.fd))
		return;
	fn();
	if (dt_netns_enter(here.fd))
		abort();
}

/*
 * The kernel's log
 */

static bool is_report(const char *text)
{
	static const char *const signs[] = {
		"BUG:", "WARNING:", "INFO: ", "KASAN", "KCSAN", "UBSAN",
		"ODEBUG", "Oops", "refcount_t", "list_add corruption",
		"list_del corruption", "possible circular locking",
		"inconsistent lock state", "general protection",
		"kmemleak: Kernel memory leak detector disabled", NULL
	};
	unsigned int i;

	for (i = 0; signs[i]; i++)
		if (strstr(text, signs[i]))
			return true;
	return false;
}

static bool kernel_is_silent(struct fz_finding *finding)
{
	bool silent = true;
	char line[1200], *text;
	ssize_t n;

	for (;;) {
		n = read(kmsg, line, sizeof(line) - 1);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return silent;
		line[n] = '\0';
		text = strchr(line, ';');
		text = text ? text + 1 : line;
		text[strcspn(text, "\n")] = '\0';
		if (!silent || !is_report(text))
			continue;
		silent = false;
		finding->kind = FZ_KERNEL;
		snprintf(finding->text, FZ_TEXT, "%.300s", text);
	}
}

/*
 * What is left
 */

struct boxes {
	unsigned int n;
	char name[BOXES][DIPC_NAME_MAX + 1];
};

static void box_cb(int type, const void *data, int len, void *arg)
{
	struct boxes *boxes = arg;

	if (type == DIPC_A_MAILBOX_NAME && boxes->n < BOXES)
		snprintf(boxes->name[boxes->n++], DIPC_NAME_MAX + 1, "%.*s",
			 len, (const char *)data);
}

static void remove_boxes(struct place *place)
{
	static struct boxes boxes;
	unsigned int i;

	do {
		boxes.n = 0;
		dt_nl_begin(&place->nl, DIPC_CMD_MAILBOX_GET, NLM_F_DUMP);
		dt_nl_call(&place->nl, NULL, box_cb, &boxes);
		for (i = 0; i < boxes.n; i++) {
			dt_nl_begin(&place->nl, DIPC_CMD_MAILBOX_DEL, 0);
			dt_nl_put_str(&place->nl, DIPC_A_MAILBOX_NAME,
				      boxes.name[i]);
			dt_nl_call(&place->nl, NULL, NULL, NULL);
		}
	} while (boxes.n);
}

static bool is_empty(struct place *place)
{
	if (look(place))
		return false;
	if (place->mailboxes) {
		remove_boxes(place);
		return false;
	}
	return !place->ports && !place->names &&
	       (!fz_alone || place->messages <= idle_messages);
}

static bool nothing_is_left(struct place *place, const char *name,
			    struct fz_finding *finding)
{
	uint64_t end = 0;

	while (!is_empty(place)) {
		if (!end)
			end = fz_now_ns() + fz_left_ms * fz_slow * 1000000ULL;
		if (fz_now_ns() < end) {
			usleep(100);
			continue;
		}
		finding->kind = FZ_LEFT;
		snprintf(finding->text, FZ_TEXT,
			 "%s: %u ports, %u names, %u mailboxes, %llu messages",
			 name, place->ports, place->names, place->mailboxes,
			 (unsigned long long)(place->messages - idle_messages));
		/* it is not found again and again */
		idle_messages = place->messages;
		return false;
	}
	return true;
}

static void count_cb(uint8_t cmd, void *arg)
{
	++*(unsigned int *)arg;
}

/* Who is being closed in the background, by a ring, may still be there. */
static unsigned int count_told(struct place *place, uint8_t cmd)
{
	uint64_t end = fz_now_ns() + fz_left_ms * fz_slow * 1000000ULL;
	unsigned int n;

	for (;;) {
		n = 0;
		dt_nl_begin(&place->nl, cmd, NLM_F_DUMP);
		dt_nl_call(&place->nl, count_cb, NULL, &n);
		if (!n || fz_now_ns() > end)
			return n;
		usleep(1000);
	}
}

static bool nothing_is_told(struct place *place, const char *name,
			    struct fz_finding *finding)
{
	static const struct {
		uint8_t cmd;
		const char *what;
	} views[] = {
		{ DIPC_CMD_PORT_GET, "ports" }, { DIPC_CMD_NAME_GET, "names" },
		{ DIPC_CMD_WAITER_GET, "waiters" },
		{ DIPC_CMD_LINK_GET, "links" }, { DIPC_CMD_CALL_GET, "calls" },
	};
	unsigned int i, n;

	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		n = count_told(place, views[i].cmd);
		if (!n)
			continue;
		finding->kind = FZ_LEFT;
		snprintf(finding->text, FZ_TEXT, "%s: a dump of %s has %u",
			 name, views[i].what, n);
		return false;
	}
	return true;
}

/* Who may have little, and has nothing, gets it. */
static bool can_send(void)
{
	int pair[2];
	bool can;

	if (socketpair(dt_family(), SOCK_SEQPACKET, 0, pair))
		return false;
	can = send(pair[0], "x", 1, MSG_DONTWAIT) == 1;
	close(pair[0]);
	close(pair[1]);
	return can;
}

static bool nobody_is_charged(struct fz_finding *finding)
{
	static const uid_t users[] = { FZ_UID, 0 };
	long long limit = dt_limit_get("user_max_bytes");
	bool can = true;
	unsigned int i;

	dt_limit_set("user_max_bytes", 4096);
	for (i = 0; i < 2 && can; i++) {
		if (seteuid(users[i]))
			break;
		can = DT_WAIT_UNTIL(can_send());
		seteuid(0);
	}
	dt_limit_set("user_max_bytes", limit);
	if (can)
		return true;
	finding->kind = FZ_LEFT;
	snprintf(finding->text, FZ_TEXT, "user %u is still charged for bytes",
		 users[i - 1]);
	return false;
}

bool fz_judge(struct fz_finding *finding, bool thorough)
{
	if (!kernel_is_silent(finding))
		return false;
	/* messages are counted for the machine: also those in mailboxes there */
	if (!look(&away) && away.mailboxes)
		remove_boxes(&away);
	if (!nothing_is_left(&here, "root", finding) ||
	    !nothing_is_left(&away, "away", finding))
		return false;
	if (thorough && (!nothing_is_told(&here, "root", finding) ||
			 !nothing_is_told(&away, "away", finding) ||
			 (fz_alone && !nobody_is_charged(finding))))
		return false;
	return kernel_is_silent(finding);
}
