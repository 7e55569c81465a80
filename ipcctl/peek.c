// SPDX-License-Identifier: GPL-2.0
/* ipcctl mailbox peek: what is in a mailbox, which stays as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arg.h"
#include "attr.h"
#include "mailbox.h"
#include "nl.h"
#include "out.h"
#include "payload.h"

#define BYTES_MAX 2048	/* the kernel shows no more of a message */

static void put_payload(const struct attrs *a)
{
	const struct nlattr *attr = a->by_type[DIPC_A_MESSAGE_PAYLOAD];
	uint64_t len = attr_num(a, DIPC_A_MESSAGE_LEN);
	const void *data = attr ? mnl_attr_get_payload(attr) : "";
	size_t shown = attr ? mnl_attr_get_payload_len(attr) : 0;
	char *text;

	if (out_json) {
		payload_put_json(data, shown);
		return;
	}
	text = payload_quoted(data, shown);
	out_text("PAYLOAD", "%s%s", text, shown < len ? "..." : "");
	free(text);
}

static void put_message(const struct nlmsghdr *nlh, void *data)
{
	char text[TEXT_MAX];
	struct attrs a;

	attrs_read(&a, nlh);
	out_record();
	out_num("seq", "SEQ", attr_num(&a, DIPC_A_MESSAGE_SEQ));
	out_num("source", NULL, attr_num(&a, DIPC_A_MESSAGE_SOURCE));
	out_text("FROM", "%s",
		 address_of_port(text, attr_num(&a, DIPC_A_MESSAGE_SOURCE)));
	out_num("id", NULL, attr_num(&a, DIPC_A_MESSAGE_ID));
	out_num("pid", "PID", attr_num(&a, DIPC_A_MESSAGE_PID));
	out_num("uid", NULL, attr_num(&a, DIPC_A_MESSAGE_UID));
	out_text("USER", "%s", user_of(text, attr_num(&a, DIPC_A_MESSAGE_UID)));
	out_num("tag", NULL, attr_num(&a, DIPC_A_MESSAGE_TAG));
	out_text("TAG", "0x%llx",
		 (unsigned long long)attr_num(&a, DIPC_A_MESSAGE_TAG));
	out_num("priority", "PRIO", attr_num(&a, DIPC_A_MESSAGE_PRIORITY));
	out_num("len", "LENGTH", attr_num(&a, DIPC_A_MESSAGE_LEN));
	out_num("age-ns", NULL, attr_num(&a, DIPC_A_MESSAGE_AGE_NS));
	out_text("AGE", "%s",
		 time_of(text, attr_num(&a, DIPC_A_MESSAGE_AGE_NS)));
	if (a.by_type[DIPC_A_MESSAGE_DEADLINE_NS]) {
		out_int("deadline-ns", attr_num(&a, DIPC_A_MESSAGE_DEADLINE_NS));
		out_text("DEADLINE", "%s",
			 time_of(text, attr_num(&a,
						DIPC_A_MESSAGE_DEADLINE_NS)));
	} else {
		out_text("DEADLINE", "-");
	}
	put_payload(&a);
}

/* Which messages, and how much of each; each word of the row is seen once. */
struct limit {
	const char *word;
	int type;
	uint64_t max;
	bool is_u64;
	bool seen;
	uint64_t value;
};

static bool read_limits(struct limit *limits, size_t n, int argc, char **argv)
{
	size_t i;

	for (; argc; argc -= 2, argv += 2) {
		for (i = 0; i < n && strcmp(limits[i].word, argv[0]); i++)
			;
		if (i == n) {
			complain("'%s': peek takes count, from and bytes",
				 argv[0]);
			return false;
		}
		if (argc == 1) {
			complain("'%s' wants a value", argv[0]);
			return false;
		}
		if (limits[i].seen) {
			complain("'%s' is there twice", argv[0]);
			return false;
		}
		limits[i].seen = true;
		if (!arg_number(argv[0], argv[1], limits[i].max,
				&limits[i].value))
			return false;
	}
	return true;
}

/**
 * mailbox_peek - the command
 * @argc: how many words
 * @argv: the mailbox, and what is to be shown of it
 *
 * Return: the exit status.
 */
int mailbox_peek(int argc, char **argv)
{
	struct limit limits[] = {
		{ "count", DIPC_A_MESSAGE_COUNT, UINT32_MAX },
		{ "from", DIPC_A_MESSAGE_FROM, UINT64_MAX, .is_u64 = true },
		{ "bytes", DIPC_A_MESSAGE_BYTES, BYTES_MAX },
	};
	char name[DIPC_NAME_MAX + 1];
	struct nlmsghdr *nlh;
	size_t i;
	int err;

	if (!argc) {
		complain("which mailbox?");
		return USAGE;
	}
	if (!arg_name(argv[0], DIPC_ADDR_MAILBOX, name) ||
	    !read_limits(limits, MNL_ARRAY_SIZE(limits), argc - 1, argv + 1))
		return USAGE;
	if (limits[0].seen && !limits[0].value) {
		complain("count '0': at least one message");
		return USAGE;
	}
	nlh = nl_begin(DIPC_CMD_MAILBOX_PEEK, NLM_F_DUMP);
	if (!nlh)
		return FAILED;
	mnl_attr_put_strz(nlh, DIPC_A_MESSAGE_MAILBOX, name);
	for (i = 0; i < MNL_ARRAY_SIZE(limits); i++)
		if (limits[i].seen && limits[i].is_u64)
			mnl_attr_put_u64(nlh, limits[i].type, limits[i].value);
		else if (limits[i].seen)
			mnl_attr_put_u32(nlh, limits[i].type, limits[i].value);
	out_begin(OUT_TABLE);
	err = nl_run(nlh, argv[0], put_message, NULL);
	if (!err)
		out_end();
	return err;
}
