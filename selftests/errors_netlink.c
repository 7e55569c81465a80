// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 120
 *
 * How requests over netlink fail; see errors.h.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>

#include "errors.h"

/*
 * Netlink: the errors by their kind; netlink_refused.c has them by attribute,
 * with the texts
 */

static int nl_start(struct dt_nl *nl, uint8_t cmd, uint16_t flags,
		    const char *name)
{
	int err = dt_nl_open(nl);

	if (err)
		return err;
	dt_nl_begin(nl, cmd, flags);
	if (name)
		dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	return 0;
}

static long nl_end(struct dt_nl *nl)
{
	long err = dt_nl_call(nl, NULL, NULL, NULL);

	dt_nl_close(nl);
	return err;
}

ROW(E_NL_01, EINVAL, attribute_missing)
{
	static const uint8_t cmds[] = {
		DIPC_CMD_MAILBOX_SET, DIPC_CMD_MAILBOX_DEL,
		DIPC_CMD_MAILBOX_PURGE, DIPC_CMD_MAILBOX_GET, DIPC_CMD_PORT_GET,
		DIPC_CMD_NAME_GET,
	};
	struct dt_nl nl;
	size_t i;

	for (i = 0; i < sizeof(cmds); i++) {
		NEED(!nl_start(&nl, cmds[i], 0, NULL));
		NEED(nl_end(&nl) == -EINVAL);
	}
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, NULL));
	return nl_end(&nl);
}

ROW(E_NL_02, EINVAL, attribute_unknown_or_of_another_command)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u32(&nl, 100, 0);
	NEED(nl_end(&nl) == -EINVAL);
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u32(&nl, DIPC_A_MAILBOX_QUEUED_MSGS, 0);
	return nl_end(&nl);
}

ROW(E_NL_03, EINVAL, attribute_doubled)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_str(&nl, DIPC_A_MAILBOX_NAME, e->name);
	return nl_end(&nl);
}

ROW(E_NL_04, EINVAL, attribute_of_another_length)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put(&nl, DIPC_A_MAILBOX_MODE, "ab", 2);
	NEED(nl_end(&nl) == -EINVAL);
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, 0, e->name));
	dt_nl_put_u64(&nl, DIPC_A_MAILBOX_CAPACITY_MSGS, 1);
	return nl_end(&nl);
}

ROW(E_NL_05, ERANGE, value_out_of_range)
{
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.mode = 01000)) == -ERANGE);
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.scope = 3)) == -ERANGE);
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(
				.msg_max_bytes = DIPC_MSG_LEN_MAX + 1)) ==
	     -ERANGE);
	return dt_mailbox_new(e->name, DT_MAILBOX(.policy = 4));
}

ROW(E_NL_06, EINVAL, name_that_is_none)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	NEED(dt_mailbox_new(name, NULL) == -EINVAL);
	name[64] = 'a';
	name[255] = '\0';
	NEED(dt_mailbox_new(name, NULL) == -EINVAL);
	NEED(dt_mailbox_new("", NULL) == -EINVAL);
	NEED(dt_mailbox_new("dipc.x", NULL) == -EINVAL);
	NEED(dt_mailbox_del("a b") == -EINVAL);
	return dt_mailbox_new(".a", NULL);
}

ROW(E_NL_07, EINVAL, limits_that_contradict)
{
	return dt_mailbox_new(e->name, DT_MAILBOX(.capacity_bytes = 10,
						  .msg_max_bytes = 11));
}

ROW(E_NL_08, EINVAL, no_such_user)
{
	NEED(dt_mailbox_new(e->name, DT_MAILBOX(.gid = UINT32_MAX)) == -EINVAL);
	return dt_mailbox_new(e->name, DT_MAILBOX(.uid = UINT32_MAX));
}

ROW(E_NL_09, EEXIST, name_taken)
{
	struct sockaddr_dipc name = dt_name(e->name);

	NEED(!dt_bind(e->fd, &name));
	NEED(dt_mailbox_new(e->name, NULL) == -EEXIST);
	close(e->fd);
	e->fd = -1;
	NEED(!dt_mailbox_new(e->name, NULL));
	return dt_mailbox_new(e->name, NULL);
}

ROW(E_NL_10, ENOENT, not_there)
{
	struct sockaddr_dipc name = dt_name(e->name);
	struct dt_queue q;

	NEED(dt_mailbox_del(e->name) == -ENOENT);
	NEED(dt_mailbox_purge(e->name, NULL) == -ENOENT);
	NEED(dt_mailbox_set(e->name, DT_MAILBOX(.mode = 0)) == -ENOENT);
	NEED(dt_port_get(4000 + getpid(), &q) == -ENOENT);
	/* a name of ports is no mailbox */
	NEED(!dt_bind(e->fd, &name));
	NEED(dt_mailbox_del(e->name) == -ENOENT);
	return dt_mailbox_get(e->name, &q);
}

static int change_as(void *arg)
{
	return dt_mailbox_set(arg, DT_MAILBOX(.mode = 0777));
}

static int delete_as(void *arg)
{
	return dt_mailbox_del(arg);
}

static int purge_as(void *arg)
{
	return dt_mailbox_purge(arg, NULL);
}

ROW(E_NL_11, EPERM, mailbox_of_somebody_else)
{
	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.mode = 0777)));
	NEED(dt_as_user(DT_NOBODY, change_as, e->name) == -EPERM);
	NEED(dt_as_user(DT_NOBODY, purge_as, e->name) == -EPERM);
	return dt_as_user(DT_NOBODY, delete_as, e->name);
}

static int give_away_as(void *arg)
{
	int err = dt_mailbox_new(arg, NULL);

	if (err)
		return err;
	if (dt_mailbox_set(arg, DT_MAILBOX(.gid = 0)) != -EPERM)
		return 1;
	return dt_mailbox_set(arg, DT_MAILBOX(.uid = 0));
}

ROW(E_NL_12, EPERM, given_away_without_privilege)
{
	return dt_as_user(DT_NOBODY, give_away_as, e->name);
}

ROW(E_NL_13, ENOBUFS, too_many_mailboxes)
{
	NEED(errors_limited("user_max_mailboxes") >= 0);
	NEED(dt_mailbox_new(e->name, NULL) == -ENOBUFS);
	NEED(errors_limited("user_max_names") >= 0);
	return dt_mailbox_new(e->name, NULL);
}

ROW(E_NL_14, EOPNOTSUPP, no_such_command)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_STATS_GET, NLM_F_DUMP, NULL));
	NEED(nl_end(&nl) == -EOPNOTSUPP);
	NEED(!nl_start(&nl, DIPC_CMD_NAME_NEW_NTF, 0, NULL));
	NEED(nl_end(&nl) == -EOPNOTSUPP);
	NEED(!nl_start(&nl, 200, 0, NULL));
	return nl_end(&nl);
}

ROW(E_NL_15, EINVAL, flag_that_means_nothing)
{
	struct dt_nl nl;

	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_NEW, NLM_F_REPLACE, e->name));
	return nl_end(&nl);
}

ROW(E_NL_16, EINVAL, dump_of_one)
{
	struct dt_nl nl;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!nl_start(&nl, DIPC_CMD_MAILBOX_GET, NLM_F_DUMP, e->name));
	return nl_end(&nl);
}

static long netlink_without_module(void)
{
	struct dt_nl nl;

	return dt_nl_open(&nl);
}

ROW(E_NL_17, ENOENT, no_module)
{
	return errors_without_module(&e->fd, &e->rx, &e->tx,
				     netlink_without_module);
}

TEST_HARNESS_MAIN
