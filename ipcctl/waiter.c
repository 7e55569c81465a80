// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits in a queue and for what: lines under the record of the port,
 * mailbox or connection, or an array in it.
 */
#include <errno.h>
#include <stdio.h>

#include "attr.h"
#include "nl.h"
#include "out.h"
#include "waiter.h"

static const char *const waits_for_names[] = {
	[DIPC_WAITS_FOR_MESSAGE] = "message",
	[DIPC_WAITS_FOR_ROOM] = "room",
	[DIPC_WAITS_FOR_QUOTA] = "quota",
	[DIPC_WAITS_FOR_RECEIVER] = "receiver",
};

static const char *waits_for(const struct attrs *a)
{
	return word_of(waits_for_names, MNL_ARRAY_SIZE(waits_for_names),
		       attr_num(a, DIPC_A_WAITER_WAITS_FOR));
}

static void put_if_there(const struct attrs *a, const char *key, int type)
{
	if (a->by_type[type])
		out_num(key, NULL, attr_num(a, type));
}

static void put_json(const struct attrs *a)
{
	out_group(NULL);
	out_str("waits-for", NULL, waits_for(a));
	out_num("pid", NULL, attr_num(a, DIPC_A_WAITER_PID));
	out_num("uid", NULL, attr_num(a, DIPC_A_WAITER_UID));
	put_if_there(a, "source", DIPC_A_WAITER_SOURCE);
	put_if_there(a, "tag", DIPC_A_WAITER_TAG);
	put_if_there(a, "tag-mask", DIPC_A_WAITER_TAG_MASK);
	if (a->by_type[DIPC_A_WAITER_MODE]) {
		out_str("mode", NULL, word_of(mode_names, N_MODES,
					      attr_num(a, DIPC_A_WAITER_MODE)));
		out_bool("async", a->by_type[DIPC_A_WAITER_ASYNC]);
	}
	put_if_there(a, "id", DIPC_A_WAITER_ID);
	put_if_there(a, "len", DIPC_A_WAITER_LEN);
	put_if_there(a, "priority", DIPC_A_WAITER_PRIORITY);
	put_if_there(a, "age-ns", DIPC_A_WAITER_AGE_NS);
	if (a->by_type[DIPC_A_WAITER_DEADLINE_NS])
		out_int("deadline-ns", attr_num(a, DIPC_A_WAITER_DEADLINE_NS));
	out_group_end();
}

static void put_receiver(const struct attrs *a)
{
	char user[TEXT_MAX], from[TEXT_MAX + 8] = "", tag[64] = "";
	char port[TEXT_MAX];

	if (a->by_type[DIPC_A_WAITER_SOURCE])
		snprintf(from, sizeof(from), " from %s",
			 address_of_port(port,
					 attr_num(a, DIPC_A_WAITER_SOURCE)));
	if (a->by_type[DIPC_A_WAITER_TAG_MASK])
		snprintf(tag, sizeof(tag), " with tag 0x%llx/0x%llx",
			 (unsigned long long)attr_num(a, DIPC_A_WAITER_TAG),
			 (unsigned long long)attr_num(a,
						DIPC_A_WAITER_TAG_MASK));
	out_note("pid %llu (%s) waits for a message%s%s",
		 (unsigned long long)attr_num(a, DIPC_A_WAITER_PID),
		 user_of(user, attr_num(a, DIPC_A_WAITER_UID)), from, tag);
}

static void put_sender(const struct attrs *a)
{
	static const char *const what[] = {
		[DIPC_WAITS_FOR_MESSAGE] = "",
		[DIPC_WAITS_FOR_ROOM] = "room",
		[DIPC_WAITS_FOR_QUOTA] = "its quota",
		[DIPC_WAITS_FOR_RECEIVER] = "its message to be taken",
	};
	char user[TEXT_MAX], port[TEXT_MAX], age[TEXT_MAX], left[TEXT_MAX];
	char tag[32] = "", deadline[TEXT_MAX + 16] = "";

	if (attr_num(a, DIPC_A_WAITER_TAG))
		snprintf(tag, sizeof(tag), ", tag 0x%llx",
			 (unsigned long long)attr_num(a, DIPC_A_WAITER_TAG));
	if (a->by_type[DIPC_A_WAITER_DEADLINE_NS])
		snprintf(deadline, sizeof(deadline), ", deadline in %s",
			 time_of(left, attr_num(a, DIPC_A_WAITER_DEADLINE_NS)));
	out_note("pid %llu (%s, %s) waits for %s since %s: %llu bytes, %s%s%s, priority %llu%s",
		 (unsigned long long)attr_num(a, DIPC_A_WAITER_PID),
		 user_of(user, attr_num(a, DIPC_A_WAITER_UID)),
		 address_of_port(port, attr_num(a, DIPC_A_WAITER_SOURCE)),
		 word_of(what, MNL_ARRAY_SIZE(what),
			 attr_num(a, DIPC_A_WAITER_WAITS_FOR)),
		 time_of(age, attr_num(a, DIPC_A_WAITER_AGE_NS)),
		 (unsigned long long)attr_num(a, DIPC_A_WAITER_LEN),
		 word_of(mode_names, N_MODES, attr_num(a, DIPC_A_WAITER_MODE)),
		 a->by_type[DIPC_A_WAITER_ASYNC] ? " asynchronous" : "", tag,
		 (unsigned long long)attr_num(a, DIPC_A_WAITER_PRIORITY),
		 deadline);
}

/* The array begins with the first, so that it is not there if it is refused. */
static void put_waiter(const struct nlmsghdr *nlh, void *data)
{
	bool *begun = data;
	struct attrs a;

	attrs_read(&a, nlh);
	if (!*begun)
		out_list("waiters");
	*begun = true;
	if (out_json)
		put_json(&a);
	else if (attr_num(&a, DIPC_A_WAITER_WAITS_FOR) ==
		 DIPC_WAITS_FOR_MESSAGE)
		put_receiver(&a);
	else
		put_sender(&a);
}

/* @nlh: a request that says in which queue */
static void put_waiters(struct nlmsghdr *nlh)
{
	bool begun = false;
	int err;

	err = nl_try(nlh, put_waiter, &begun);
	if (!err && !begun) {
		out_list("waiters");
		begun = true;
	}
	if (begun)
		out_list_end();
	if (err == EACCES)
		out_note("who waits is not for everybody to know");
}

/**
 * waiters_put_mailbox - show who waits in a mailbox, if one may know it
 * @name: the mailbox
 */
void waiters_put_mailbox(const char *name)
{
	struct nlmsghdr *nlh = nl_begin(DIPC_CMD_WAITER_GET, NLM_F_DUMP);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, DIPC_A_WAITER_MAILBOX, name);
	put_waiters(nlh);
}

/**
 * waiters_put_port - show who waits at a port, if one may know it
 * @port: its number
 */
void waiters_put_port(uint64_t port)
{
	struct nlmsghdr *nlh = nl_begin(DIPC_CMD_WAITER_GET, NLM_F_DUMP);

	if (!nlh)
		return;
	mnl_attr_put_u64(nlh, DIPC_A_WAITER_PORT, port);
	put_waiters(nlh);
}

/**
 * waiters_put_link - show who waits in a link, if one may know it
 * @link: its number
 */
void waiters_put_link(uint32_t link)
{
	struct nlmsghdr *nlh = nl_begin(DIPC_CMD_WAITER_GET, NLM_F_DUMP);

	if (!nlh)
		return;
	mnl_attr_put_u32(nlh, DIPC_A_WAITER_LINK, link);
	put_waiters(nlh);
}
