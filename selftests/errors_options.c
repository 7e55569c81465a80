// SPDX-License-Identifier: GPL-2.0
/*
 * How setsockopt() and getsockopt() fail; see errors.h.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/mman.h>

#include "errors.h"

/*
 * setsockopt(), getsockopt()
 */

static long set(int fd, int name, const void *value, socklen_t len)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, name, value, len));
}

static long set_int(int fd, int name, int value)
{
	return set(fd, name, &value, sizeof(value));
}

static long get(int fd, int name, void *value, socklen_t len)
{
	return DT_ERR(getsockopt(fd, SOL_DIPC, name, value, &len));
}

static long set_conf(env *e, uint32_t msgs, uint32_t max, uint64_t bytes,
		     uint8_t policy)
{
	struct dipc_queue_conf conf = { msgs, max, bytes, policy };

	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_01, ENOPROTOOPT, no_such_option)
{
	uint64_t value = 0;

	NEED(set(e->fd, 0, &value, 4) == -ENOPROTOOPT);
	NEED(set(e->fd, 999, &value, 4) == -ENOPROTOOPT);
	/* these are control messages only */
	NEED(set(e->fd, DIPC_TAG, &value, 8) == -ENOPROTOOPT);
	NEED(set(e->fd, DIPC_DEADLINE, &value, 8) == -ENOPROTOOPT);
	NEED(set(e->fd, DIPC_ASYNC, &value, 8) == -ENOPROTOOPT);
	NEED(get(e->fd, DIPC_SOURCE, &value, 8) == -ENOPROTOOPT);
	NEED(get(e->fd, DIPC_ID, &value, 8) == -ENOPROTOOPT);
	NEED(get(e->fd, DIPC_COMPLETION, &value, 8) == -ENOPROTOOPT);
	NEED(get(e->fd, 0, &value, 8) == -ENOPROTOOPT);
	return get(e->fd, 999, &value, 8);
}

ROW(E_OPT_02, ENOPROTOOPT, other_level)
{
	int value = 0;
	socklen_t len = 4;

	NEED(DT_ERR(setsockopt(e->fd, IPPROTO_TCP, DIPC_NOTIFY, &value, 4)) ==
	     -ENOPROTOOPT);
	return DT_ERR(getsockopt(e->fd, IPPROTO_IP, DIPC_NOTIFY, &value, &len));
}

ROW(E_OPT_03, ENOPROTOOPT, read_only)
{
	uint64_t id = 5;

	return set(e->fd, DIPC_PORT_ID, &id, sizeof(id));
}

ROW(E_OPT_04, EINVAL, limits_too_short)
{
	struct dipc_queue_conf conf;
	socklen_t len;

	NEED(!dt_get_conf(e->rx, &conf));
	for (len = 0; len < sizeof(conf) - 1; len++)
		NEED(set(e->rx, DIPC_QUEUE, &conf, len) == -EINVAL);
	return set(e->rx, DIPC_QUEUE, &conf, len);
}

ROW(E_OPT_05, E2BIG, limits_not_zero_behind)
{
	char conf[256] = { 0 };
	int i;

	NEED(!get(e->rx, DIPC_QUEUE, conf, 40));
	for (i = 40; i < 255; i++) {
		conf[i] = 1;
		NEED(set(e->rx, DIPC_QUEUE, conf, i + 1) == -E2BIG);
		conf[i] = 0;
	}
	conf[255] = 1;
	return set(e->rx, DIPC_QUEUE, conf, 256);
}

ROW(E_OPT_06, EINVAL, limits_too_long)
{
	char conf[300] = { 0 };

	NEED(!get(e->rx, DIPC_QUEUE, conf, 40));
	NEED(set(e->rx, DIPC_QUEUE, conf, -1) == -EINVAL);
	return set(e->rx, DIPC_QUEUE, conf, 257);
}

ROW(E_OPT_07, EINVAL, unknown_policy)
{
	NEED(set_conf(e, 1, 1, 1, 255) == -EINVAL);
	return set_conf(e, 1, 1, 1, DIPC_POLICY_DROP_OLDEST + 1);
}

ROW(E_OPT_08, EINVAL, limits_reserved)
{
	struct dipc_queue_conf conf;
	int i;

	NEED(!dt_get_conf(e->rx, &conf));
	for (i = 0; i < (int)sizeof(conf.reserved) - 1; i++) {
		conf.reserved[i] = 1;
		NEED(dt_set_conf(e->rx, &conf) == -EINVAL);
		conf.reserved[i] = 0;
	}
	conf.reserved[i] = 1;
	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_09, EINVAL, largest_message_too_large)
{
	NEED(!set_conf(e, 1, DIPC_MSG_LEN_MAX, DIPC_MSG_LEN_MAX, 0));
	NEED(set_conf(e, 1, UINT32_MAX, UINT64_MAX, 0) == -EINVAL);
	return set_conf(e, 1, DIPC_MSG_LEN_MAX + 1, UINT64_MAX, 0);
}

ROW(E_OPT_10, EINVAL, largest_message_above_capacity)
{
	/* unbuffered, it has no capacity */
	NEED(!set_conf(e, 0, 100, 0, 0));
	NEED(!set_conf(e, 1, 100, 100, 0));
	return set_conf(e, 1, 100, 99, 0);
}

ROW(E_OPT_11, EFAULT, bad_pointer)
{
	int value;

	NEED(set(e->fd, DIPC_QUEUE, BAD, 40) == -EFAULT);
	NEED(set(e->fd, DIPC_NOTIFY, BAD, 4) == -EFAULT);
	NEED(set(e->fd, DIPC_REUSE_NAME, BAD, 4) == -EFAULT);
	NEED(set(e->fd, DIPC_MATCH, BAD, 48) == -EFAULT);
	NEED(set(e->fd, DIPC_MODE, BAD, 4) == -EFAULT);
	NEED(get(e->fd, DIPC_QUEUE, BAD, 40) == -EFAULT);
	NEED(get(e->fd, DIPC_MATCH, BAD, 48) == -EFAULT);
	NEED(get(e->fd, DIPC_NOTIFY, BAD, 4) == -EFAULT);
	NEED(DT_ERR(getsockopt(e->fd, SOL_DIPC, DIPC_NOTIFY, &value, BAD)) ==
	     -EFAULT);
	return get(e->fd, DIPC_PORT_ID, BAD, 8);
}

ROW(E_OPT_12, EFAULT, bad_memory_behind_the_limits)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED && !mprotect(p + page, page, PROT_NONE));
	NEED(!get(e->rx, DIPC_QUEUE, p + page - 40, 40));
	NEED(set(e->rx, DIPC_QUEUE, p + page - 39, 40) == -EFAULT);
	return set(e->rx, DIPC_QUEUE, p + page - 40, 41);
}

ROW(E_OPT_13, EINVAL, too_little_room)
{
	char buf[48];

	NEED(get(e->fd, DIPC_PORT_ID, buf, 7) == -EINVAL);
	NEED(get(e->fd, DIPC_NOTIFY, buf, 3) == -EINVAL);
	NEED(get(e->fd, DIPC_REUSE_NAME, buf, 0) == -EINVAL);
	NEED(get(e->fd, DIPC_QUEUE, buf, -1) == -EINVAL);
	NEED(get(e->fd, DIPC_MATCH, buf, 47) == -EINVAL);
	NEED(get(e->fd, DIPC_MODE, buf, 3) == -EINVAL);
	NEED(get(e->fd, DIPC_PRIORITY, buf, 3) == -EINVAL);
	NEED(get(e->fd, DIPC_RECV_INFO, buf, 3) == -EINVAL);
	return get(e->fd, DIPC_QUEUE, buf, 39);
}

ROW(E_OPT_14, EINVAL, switch_neither_0_nor_1)
{
	NEED(set_int(e->fd, DIPC_REUSE_NAME, 2) == -EINVAL);
	NEED(set_int(e->fd, DIPC_REUSE_NAME, -1) == -EINVAL);
	NEED(set_int(e->fd, DIPC_NOTIFY, -1) == -EINVAL);
	return set_int(e->fd, DIPC_NOTIFY, 2);
}

ROW(E_OPT_15, EINVAL, switch_of_another_length)
{
	uint64_t value = 1;

	NEED(set(e->fd, DIPC_NOTIFY, &value, 0) == -EINVAL);
	NEED(set(e->fd, DIPC_NOTIFY, &value, 3) == -EINVAL);
	NEED(set(e->fd, DIPC_NOTIFY, &value, 8) == -EINVAL);
	NEED(set(e->fd, DIPC_MODE, &value, 3) == -EINVAL);
	NEED(set(e->fd, DIPC_MODE, &value, 8) == -EINVAL);
	NEED(set(e->fd, DIPC_PRIORITY, &value, 1) == -EINVAL);
	NEED(set(e->fd, DIPC_PRIORITY, &value, 8) == -EINVAL);
	NEED(set(e->fd, DIPC_RECV_INFO, &value, 0) == -EINVAL);
	NEED(set(e->fd, DIPC_RECV_INFO, &value, 8) == -EINVAL);
	return set(e->fd, DIPC_REUSE_NAME, &value, 8);
}

ROW(E_OPT_16, EOPNOTSUPP, limits_of_a_mailbox)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct dipc_queue_conf conf;

	NEED(!dt_mailbox_new(e->name, DT_MAILBOX(.capacity_msgs = 77)));
	NEED(!dt_bind(e->fd, &mailbox));
	/* they can be read */
	NEED(!dt_get_conf(e->fd, &conf) && conf.capacity_msgs == 77);
	return dt_set_conf(e->fd, &conf);
}

ROW(E_OPT_17, ENOBUFS, number_of_who_may_have_no_port)
{
	int fd = errors_limited("user_max_ports");
	uint64_t id;

	NEED(fd >= 0);
	return get(fd, DIPC_PORT_ID, &id, sizeof(id));
}

ROW(E_OPT_18, EINVAL, unknown_mode)
{
	NEED(!set_int(e->fd, DIPC_MODE, DIPC_MODE_EXPLICIT));
	NEED(set_int(e->fd, DIPC_MODE, -1) == -EINVAL);
	return set_int(e->fd, DIPC_MODE, DIPC_MODE_EXPLICIT + 1);
}

ROW(E_OPT_19, EINVAL, priority_above_the_highest)
{
	NEED(!set_int(e->fd, DIPC_PRIORITY, DIPC_PRIORITY_MAX));
	NEED(set_int(e->fd, DIPC_PRIORITY, -1) == -EINVAL);
	return set_int(e->fd, DIPC_PRIORITY, DIPC_PRIORITY_MAX + 1);
}

ROW(E_OPT_20, EINVAL, information_that_there_is_not)
{
	NEED(!set_int(e->fd, DIPC_RECV_INFO, 15));
	NEED(set_int(e->fd, DIPC_RECV_INFO, 1U << 31) == -EINVAL);
	return set_int(e->fd, DIPC_RECV_INFO, 16);
}

ROW(E_OPT_21, EINVAL, match_too_short_or_too_long)
{
	char match[300] = { 0 };
	socklen_t len;

	NEED(!set(e->fd, DIPC_MATCH, match, 48));
	for (len = 0; len < 48; len++)
		NEED(set(e->fd, DIPC_MATCH, match, len) == -EINVAL);
	NEED(!set(e->fd, DIPC_MATCH, match, 256));
	return set(e->fd, DIPC_MATCH, match, 257);
}

ROW(E_OPT_22, E2BIG, match_not_zero_behind)
{
	char match[256] = { 0 };
	int i;

	for (i = 48; i < 255; i++) {
		match[i] = 1;
		NEED(set(e->fd, DIPC_MATCH, match, i + 1) == -E2BIG);
		match[i] = 0;
	}
	match[255] = 1;
	return set(e->fd, DIPC_MATCH, match, 256);
}

ROW(E_OPT_23, EINVAL, match_reserved_or_node_without_port)
{
	struct dipc_match match = { .node = 1 };
	size_t i;

	NEED(set(e->fd, DIPC_MATCH, &match, sizeof(match)) == -EINVAL);
	match.port = 1;
	NEED(!set(e->fd, DIPC_MATCH, &match, sizeof(match)));
	for (i = 0; i < sizeof(match.reserved) / 4; i++) {
		memset(match.reserved, 0, sizeof(match.reserved));
		match.reserved[i] = 1U << 31;
		NEED(set(e->fd, DIPC_MATCH, &match, sizeof(match)) == -EINVAL);
	}
	return set(e->fd, DIPC_MATCH, &match, sizeof(match));
}

ROW(E_OPT_24, EINVAL, unknown_order)
{
	struct dipc_queue_conf conf;

	NEED(!dt_get_conf(e->rx, &conf));
	conf.order = 255;
	NEED(dt_set_conf(e->rx, &conf) == -EINVAL);
	conf.order = DIPC_ORDER_PRIORITY + 1;
	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_25, EBUSY, another_order_while_messages_are_queued)
{
	struct dipc_queue_conf conf;

	NEED(!dt_get_conf(e->rx, &conf));
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	/* the same order is none of that */
	NEED(!dt_set_conf(e->rx, &conf));
	conf.order = DIPC_ORDER_PRIORITY;
	NEED(dt_set_conf(e->rx, &conf) == -EBUSY);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	NEED(!dt_set_conf(e->rx, &conf));
	NEED(!dt_send_number(e->tx, 2, 0, NULL));
	conf.order = DIPC_ORDER_FIFO;
	return dt_set_conf(e->rx, &conf);
}

ROW(E_OPT_26, EOPNOTSUPP, what_a_stream_does_not_have)
{
	static const int options[] = { DIPC_MODE, DIPC_PRIORITY, DIPC_MATCH,
				       DIPC_RECV_INFO };
	char value[48] = { 0 };
	size_t i;

	NEED((e->fd = dt_socket(SOCK_STREAM)) >= 0);
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		NEED(set(e->fd, options[i], value, 4) == -EOPNOTSUPP);
		NEED(get(e->fd, options[i], value, 48) == -EOPNOTSUPP);
	}
	return set(e->fd, DIPC_MATCH, value, 48);
}

TEST_HARNESS_MAIN
