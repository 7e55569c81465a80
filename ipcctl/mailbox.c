// SPDX-License-Identifier: GPL-2.0
/* ipcctl mailbox: making, changing, showing, emptying and deleting them. */
#include <stdio.h>
#include <string.h>

#include "arg.h"
#include "attr.h"
#include "cmd.h"
#include "mailbox.h"
#include "nl.h"
#include "out.h"
#include "waiter.h"

#define SETTINGS_HELP							\
	"  mode OCTAL   who may receive (r) and send (w), as of a file (0600)\n" \
	"  msgs N       how many messages it holds; 0: none, each is handed from a\n" \
	"               sender to a waiting receiver (256)\n"		\
	"  bytes SIZE   how many bytes it holds (1M)\n"			\
	"  msg-max SIZE the largest message (64k)\n"			\
	"  policy wait|refuse|drop-newest|drop-oldest\n"		\
	"               what happens to one more message when it is full (wait)\n" \
	"  order fifo|priority\n"					\
	"               which message is received first (fifo)\n"	\
	"  uid USER     owner, by name or number\n"			\
	"  gid GROUP    group, by name or number\n"

/* The words of "add" and "set", and what each is to the kernel. */
struct setting {
	const char *word;
	int type;
	bool (*put)(struct nlmsghdr *nlh, const struct setting *s,
		    const char *value);
	bool only_new;
};

static bool put_mode(struct nlmsghdr *nlh, const struct setting *s,
		     const char *value)
{
	uint32_t mode;

	if (!arg_mode(value, &mode))
		return false;
	mnl_attr_put_u32(nlh, s->type, mode);
	return true;
}

static bool put_number(struct nlmsghdr *nlh, const struct setting *s,
		       const char *value)
{
	uint64_t n;

	if (!arg_number(s->word, value, UINT32_MAX, &n))
		return false;
	mnl_attr_put_u32(nlh, s->type, n);
	return true;
}

static bool put_bytes(struct nlmsghdr *nlh, const struct setting *s,
		      const char *value)
{
	uint64_t n;

	if (!arg_size(s->word, value, UINT64_MAX, &n))
		return false;
	mnl_attr_put_u64(nlh, s->type, n);
	return true;
}

static bool put_msg_max(struct nlmsghdr *nlh, const struct setting *s,
			const char *value)
{
	uint64_t n;

	if (!arg_size(s->word, value, DIPC_MSG_LEN_MAX, &n))
		return false;
	mnl_attr_put_u32(nlh, s->type, n);
	return true;
}

static bool put_policy(struct nlmsghdr *nlh, const struct setting *s,
		       const char *value)
{
	uint32_t policy;

	if (!arg_choice(s->word, value, policy_names, N_POLICIES, &policy))
		return false;
	mnl_attr_put_u32(nlh, s->type, policy);
	return true;
}

static bool put_order(struct nlmsghdr *nlh, const struct setting *s,
		      const char *value)
{
	uint32_t order;

	if (!arg_choice(s->word, value, order_names, N_ORDERS, &order))
		return false;
	mnl_attr_put_u32(nlh, s->type, order);
	return true;
}

static bool put_scope(struct nlmsghdr *nlh, const struct setting *s,
		      const char *value)
{
	uint32_t scope;

	if (!arg_choice(s->word, value, scope_names, N_SCOPES, &scope))
		return false;
	mnl_attr_put_u32(nlh, s->type, scope);
	return true;
}

static bool put_user(struct nlmsghdr *nlh, const struct setting *s,
		     const char *value)
{
	uint32_t uid;

	if (!arg_user(value, &uid))
		return false;
	mnl_attr_put_u32(nlh, s->type, uid);
	return true;
}

static bool put_group(struct nlmsghdr *nlh, const struct setting *s,
		      const char *value)
{
	uint32_t gid;

	if (!arg_group(value, &gid))
		return false;
	mnl_attr_put_u32(nlh, s->type, gid);
	return true;
}

static const struct setting settings[] = {
	{ "mode", DIPC_A_MAILBOX_MODE, put_mode },
	{ "msgs", DIPC_A_MAILBOX_CAPACITY_MSGS, put_number },
	{ "bytes", DIPC_A_MAILBOX_CAPACITY_BYTES, put_bytes },
	{ "msg-max", DIPC_A_MAILBOX_MSG_MAX_BYTES, put_msg_max },
	{ "policy", DIPC_A_MAILBOX_POLICY, put_policy },
	{ "order", DIPC_A_MAILBOX_ORDER, put_order },
	{ "uid", DIPC_A_MAILBOX_UID, put_user },
	{ "gid", DIPC_A_MAILBOX_GID, put_group },
	{ "scope", DIPC_A_MAILBOX_SCOPE, put_scope, .only_new = true },
	/* has no value */
	{ "transient", DIPC_A_MAILBOX_TRANSIENT, NULL, .only_new = true },
};

static const struct setting *find_setting(const char *word, bool is_new)
{
	size_t i;

	for (i = 0; i < MNL_ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].word, word))
			continue;
		if (is_new || !settings[i].only_new)
			return &settings[i];
		complain("'%s' is decided when a mailbox is made", word);
		return NULL;
	}
	complain("'%s' is no setting of a mailbox", word);
	return NULL;
}

static bool put_settings(struct nlmsghdr *nlh, int argc, char **argv,
			 bool is_new)
{
	const struct setting *s;
	unsigned int seen = 0, bit;

	for (; argc; argc--, argv++) {
		s = find_setting(argv[0], is_new);
		if (!s)
			return false;
		bit = 1U << (s - settings);
		if (seen & bit) {
			complain("'%s' is there twice", s->word);
			return false;
		}
		seen |= bit;
		if (!s->put) {
			mnl_attr_put(nlh, s->type, 0, NULL);
			continue;
		}
		argc--;
		argv++;
		if (!argc) {
			complain("'%s' wants a value", s->word);
			return false;
		}
		if (!s->put(nlh, s, argv[0]))
			return false;
	}
	return true;
}

/* The words are looked at before a socket is opened. */
static int run_with_settings(uint8_t cmd, int argc, char **argv)
{
	static char draft[4096] __attribute__((aligned(8)));
	struct nlmsghdr *check = mnl_nlmsg_put_header(draft);
	char name[DIPC_NAME_MAX + 1];
	struct nlmsghdr *nlh;
	bool is_new = cmd == DIPC_CMD_MAILBOX_NEW;

	if (!argc) {
		complain("which mailbox?");
		return USAGE;
	}
	if (!arg_name(argv[0], DIPC_ADDR_MAILBOX, name) ||
	    !put_settings(check, argc - 1, argv + 1, is_new))
		return USAGE;
	if (!is_new && argc == 1) {
		complain("nothing to set");
		return USAGE;
	}
	nlh = nl_begin(cmd, 0);
	if (!nlh)
		return FAILED;
	mnl_attr_put_strz(nlh, DIPC_A_MAILBOX_NAME, name);
	put_settings(nlh, argc - 1, argv + 1, is_new);
	return nl_run(nlh, argv[0], NULL, NULL);
}

static int add(int argc, char **argv)
{
	return run_with_settings(DIPC_CMD_MAILBOX_NEW, argc, argv);
}

static int set(int argc, char **argv)
{
	return run_with_settings(DIPC_CMD_MAILBOX_SET, argc, argv);
}

/* A command about each of the mailboxes that are named. */
static int run_each(uint8_t cmd, int argc, char **argv, nl_cb cb)
{
	char name[DIPC_NAME_MAX + 1];
	struct nlmsghdr *nlh;
	int i, status = 0;

	if (!argc) {
		complain("which mailbox?");
		return USAGE;
	}
	for (i = 0; i < argc; i++)
		if (!arg_name(argv[i], DIPC_ADDR_MAILBOX, name))
			return USAGE;
	for (i = 0; i < argc; i++) {
		arg_name(argv[i], DIPC_ADDR_MAILBOX, name);
		nlh = nl_begin(cmd, 0);
		if (!nlh)
			return FAILED;
		mnl_attr_put_strz(nlh, DIPC_A_MAILBOX_NAME, name);
		if (nl_run(nlh, argv[i], cb, NULL))
			status = FAILED;
	}
	return status;
}

static int del(int argc, char **argv)
{
	return run_each(DIPC_CMD_MAILBOX_DEL, argc, argv, NULL);
}

static void put_purged(const struct nlmsghdr *nlh, void *data)
{
	char text[TEXT_MAX];
	struct attrs a;
	const char *name;

	attrs_read(&a, nlh);
	name = attr_str(&a, DIPC_A_MAILBOX_NAME);
	out_record();
	out_str("name", NULL, name);
	out_str("address", "MAILBOX",
		address_of_name(text, DIPC_ADDR_MAILBOX, name));
	out_num("purged", "PURGED", attr_num(&a, DIPC_A_MAILBOX_PURGED));
}

static int purge(int argc, char **argv)
{
	int status;

	out_begin(OUT_TABLE);
	status = run_each(DIPC_CMD_MAILBOX_PURGE, argc, argv, put_purged);
	if (status != USAGE)
		out_end();
	return status;
}

/* A pair of numbers that is one column. */
static void put_pair(const char *title, uint64_t a, uint64_t b)
{
	out_text(title, "%llu/%llu", (unsigned long long)a,
		 (unsigned long long)b);
}

/* The attributes by number, for JSON. */
static void put_numbers(const struct attrs *a)
{
	static const struct {
		const char *key;
		int type;
	} numbers[] = {
		{ "uid", DIPC_A_MAILBOX_UID },
		{ "gid", DIPC_A_MAILBOX_GID },
		{ "capacity-msgs", DIPC_A_MAILBOX_CAPACITY_MSGS },
		{ "capacity-bytes", DIPC_A_MAILBOX_CAPACITY_BYTES },
		{ "msg-max-bytes", DIPC_A_MAILBOX_MSG_MAX_BYTES },
		{ "queued-msgs", DIPC_A_MAILBOX_QUEUED_MSGS },
		{ "queued-bytes", DIPC_A_MAILBOX_QUEUED_BYTES },
		{ "users", DIPC_A_MAILBOX_USERS },
		{ "waiting-senders", DIPC_A_MAILBOX_WAITING_SENDERS },
		{ "waiting-receivers", DIPC_A_MAILBOX_WAITING_RECEIVERS },
		{ "dropped", DIPC_A_MAILBOX_DROPPED },
	};
	char mode[8];
	size_t i;

	for (i = 0; i < MNL_ARRAY_SIZE(numbers); i++)
		out_num(numbers[i].key, NULL, attr_num(a, numbers[i].type));
	snprintf(mode, sizeof(mode), "%04o",
		 (unsigned int)attr_num(a, DIPC_A_MAILBOX_MODE) & 07777);
	out_str("mode", NULL, mode);
	out_str("policy", NULL, word_of(policy_names, N_POLICIES,
					attr_num(a, DIPC_A_MAILBOX_POLICY)));
	out_str("order", NULL, word_of(order_names, N_ORDERS,
				       attr_num(a, DIPC_A_MAILBOX_ORDER)));
	out_str("scope", NULL, word_of(scope_names, N_SCOPES,
				       attr_num(a, DIPC_A_MAILBOX_SCOPE)));
	out_bool("transient", a->by_type[DIPC_A_MAILBOX_TRANSIENT]);
}

static void put_mailbox(const struct nlmsghdr *nlh, void *data)
{
	char text[TEXT_MAX], most[OUT_SIZE_MAX];
	const char *name;
	struct attrs a;

	attrs_read(&a, nlh);
	name = attr_str(&a, DIPC_A_MAILBOX_NAME);
	out_record();
	out_str("name", NULL, name);
	out_str("address", "MAILBOX",
		address_of_name(text, DIPC_ADDR_MAILBOX, name));
	if (out_json) {
		put_numbers(&a);
		return;
	}
	out_text("OWNER", "%s",
		 user_of(text, attr_num(&a, DIPC_A_MAILBOX_UID)));
	out_text("GROUP", "%s",
		 group_of(text, attr_num(&a, DIPC_A_MAILBOX_GID)));
	out_text("MODE", "%04o",
		 (unsigned int)attr_num(&a, DIPC_A_MAILBOX_MODE));
	put_pair("MSGS", attr_num(&a, DIPC_A_MAILBOX_QUEUED_MSGS),
		 attr_num(&a, DIPC_A_MAILBOX_CAPACITY_MSGS));
	out_text("BYTES", "%llu/%s",
		 (unsigned long long)attr_num(&a, DIPC_A_MAILBOX_QUEUED_BYTES),
		 out_format_size(most,
				 attr_num(&a, DIPC_A_MAILBOX_CAPACITY_BYTES)));
	out_size(NULL, "MSG-MAX", attr_num(&a, DIPC_A_MAILBOX_MSG_MAX_BYTES));
	out_str(NULL, "POLICY", word_of(policy_names, N_POLICIES,
					attr_num(&a, DIPC_A_MAILBOX_POLICY)));
	out_str(NULL, "ORDER", word_of(order_names, N_ORDERS,
				       attr_num(&a, DIPC_A_MAILBOX_ORDER)));
	out_num(NULL, "USERS", attr_num(&a, DIPC_A_MAILBOX_USERS));
	put_pair("WAITING", attr_num(&a, DIPC_A_MAILBOX_WAITING_SENDERS),
		 attr_num(&a, DIPC_A_MAILBOX_WAITING_RECEIVERS));
	out_num(NULL, "DROPPED", attr_num(&a, DIPC_A_MAILBOX_DROPPED));
	out_text("LIFE", "%s", a.by_type[DIPC_A_MAILBOX_TRANSIENT] ?
		 "transient" : "persistent");
}

/**
 * mailbox_put_attrs - what can be set of a mailbox, in one line
 * @a: its attributes
 */
void mailbox_put_attrs(const struct attrs *a)
{
	char text[TEXT_MAX];

	if (out_json) {
		put_numbers(a);
		return;
	}
	out_text("uid", "%s", user_of(text, attr_num(a, DIPC_A_MAILBOX_UID)));
	out_text("gid", "%s", group_of(text, attr_num(a, DIPC_A_MAILBOX_GID)));
	out_text("mode", "%04o",
		 (unsigned int)attr_num(a, DIPC_A_MAILBOX_MODE));
	out_num(NULL, "msgs", attr_num(a, DIPC_A_MAILBOX_CAPACITY_MSGS));
	out_size(NULL, "bytes", attr_num(a, DIPC_A_MAILBOX_CAPACITY_BYTES));
	out_size(NULL, "msg-max", attr_num(a, DIPC_A_MAILBOX_MSG_MAX_BYTES));
	out_str(NULL, "policy", word_of(policy_names, N_POLICIES,
					attr_num(a, DIPC_A_MAILBOX_POLICY)));
	out_str(NULL, "order", word_of(order_names, N_ORDERS,
				       attr_num(a, DIPC_A_MAILBOX_ORDER)));
	if (a->by_type[DIPC_A_MAILBOX_TRANSIENT])
		out_str(NULL, "", "transient");
}

static void put_with_waiters(const struct nlmsghdr *nlh, void *data)
{
	struct attrs a;

	put_mailbox(nlh, data);
	attrs_read(&a, nlh);
	waiters_put_mailbox(attr_str(&a, DIPC_A_MAILBOX_NAME));
}

static int show(int argc, char **argv)
{
	nl_cb put = argc || out_details ? put_with_waiters : put_mailbox;
	char name[DIPC_NAME_MAX + 1];
	struct nlmsghdr *nlh;
	int err;

	if (argc > 1) {
		complain("mailbox show takes one mailbox, or none for all");
		return USAGE;
	}
	if (argc && !arg_name(argv[0], DIPC_ADDR_MAILBOX, name))
		return USAGE;
	nlh = nl_begin(DIPC_CMD_MAILBOX_GET, argc ? 0 : NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	if (argc)
		mnl_attr_put_strz(nlh, DIPC_A_MAILBOX_NAME, name);
	out_begin(argc ? OUT_ITEM : OUT_TABLE);
	err = nl_run_kept(nlh, argc ? argv[0] : NULL, put, NULL);
	if (!err || !argc)
		out_end();
	return err;
}

static const struct cmd commands[] = {
	{
		.name = "add",
		.args = "NAME [mode OCTAL] [msgs N] [bytes SIZE] [msg-max SIZE]\n"
			"           [policy POLICY] [order ORDER] [uid USER] [gid GROUP]\n"
			"           [scope SCOPE] [transient]",
		.help = "make a mailbox",
		.more = SETTINGS_HELP
			"  scope default|node|cluster\n"
			"               how far its name is published (default)\n"
			"  transient    delete it when its last user has gone\n\n"
			"  SIZE is in bytes, or with k, M or G behind it.\n",
		.run = add,
	}, {
		.name = "set",
		.args = "NAME [mode OCTAL] [msgs N] [bytes SIZE] [msg-max SIZE]\n"
			"           [policy POLICY] [order ORDER] [uid USER] [gid GROUP]",
		.help = "change a mailbox; what is not named stays as it is",
		.more = SETTINGS_HELP,
		.run = set,
	}, {
		.name = "del",
		.args = "NAME...",
		.help = "delete mailboxes, with what is in them",
		.run = del,
	}, {
		.name = "show",
		.args = "[NAME]",
		.help = "show a mailbox, or all",
		.more = "  MSGS and BYTES are what is queued, and the capacity; WAITING are the\n"
			"  senders and the receivers that wait. Of one mailbox, or with -d, they\n"
			"  are shown one by one to whoever may receive from it.\n",
		.run = show,
	}, {
		.name = "purge",
		.args = "NAME...",
		.help = "discard the messages in mailboxes",
		.run = purge,
	}, {
		.name = "peek",
		.args = "NAME [count N] [from SEQ] [bytes N]",
		.help = "show the messages in a mailbox, and leave them there",
		.more = "  count N      at most so many (all)\n"
			"  from SEQ     only those of this number or a later one\n"
			"  bytes N      how much of each, up to 2048 (64)\n\n"
			"  Who may receive from the mailbox may do this.\n",
		.run = mailbox_peek,
	},
	{ 0 }
};

const struct cmd mailbox_cmd = {
	.name = "mailbox",
	.help = "mailboxes: queues with a name that the kernel keeps",
	.more = "A NAME is orders or mbox:orders.\n",
	.run = show,
	.sub = commands,
};
