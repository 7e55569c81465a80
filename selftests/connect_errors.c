// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * How calls on links fail: the rows E-LINK of Documentation/errors.txt, each
 * for both types.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "links.h"

#define SKIPPED LONG_MIN

#define ROW_(fn, want)							\
	static long fn(env *e, const kind *k);				\
	TEST_F(links, fn)						\
	{								\
		long got_ = fn(self, variant);				\
									\
		if (got_ == SKIPPED)					\
			SKIP(return, "not possible here");		\
		EXPECT_EQ(-(want), got_);				\
	}								\
	static long fn(env *e, const kind *k)
#define ROW(id, want, cause) ROW_(id ## __ ## cause, want)

/* What is needed before; what it gave instead is the result. */
#define NEED(call) do {							\
	long need_ = (call);						\
									\
	if (need_ < 0)							\
		return need_;						\
} while (0)

ROW(E_LINK_01, EINVAL, listen_unbound)
{
	NEED(links_put(e->pair[0], 'x'));
	return DT_ERR(listen(e->client, 1));
}

ROW(E_LINK_01, EINVAL, listen_with_a_number_alone)
{
	if (!dt_port_id(e->client))
		return 0;
	return DT_ERR(listen(e->client, 1));
}

ROW(E_LINK_02, EINVAL, listen_connected)
{
	struct sockaddr_dipc any = dt_any();

	NEED(dt_bind(e->client, &any));
	NEED(dt_connect(e->client, &e->addr));
	return DT_ERR(listen(e->client, 1));
}

ROW(E_LINK_03, EINVAL, accept_without_listening)
{
	if (DT_ERR(accept(e->client, NULL, NULL)) != -EINVAL)
		return 0;
	return DT_ERR(accept(e->pair[0], NULL, NULL));
}

ROW(E_LINK_04, EAGAIN, accept_without_waiting)
{
	return links_accept(e->listener);
}

ROW(E_LINK_04, EAGAIN, accept_time_over)
{
	NEED(dt_set_timeout(e->listener, SO_RCVTIMEO, DT_SHORT_MS));
	return blocked_accept(e);
}

ROW(E_LINK_05, EINTR, accept_interrupted)
{
	long err;

	NEED(dt_count_signal(SIGALRM, 0));
	dt_tick(DT_SHORT_MS);
	err = blocked_accept(e);
	dt_tick(0);
	return err;
}

ROW(E_LINK_06, EINVAL, accept_shut_down)
{
	struct dt_thread t;
	int server;

	NEED(dt_connect(e->client, &e->addr));
	NEED(DT_ERR(shutdown(e->listener, SHUT_RD)));
	/* who waits already is accepted */
	server = blocked_accept(e);
	NEED(server);
	close(server);
	if (blocked_accept(e) != -EINVAL || links_accept(e->listener) != -EAGAIN)
		return 0;
	close(e->listener);
	e->listener = dt_socket_bound(k->type, &e->addr);
	NEED(e->listener);
	NEED(DT_ERR(listen(e->listener, 1)));
	NEED(dt_thread_start(&t, blocked_accept, e));
	if (!dt_wait_asleep(t.tid, SYS_accept4))
		return 0;
	NEED(DT_ERR(shutdown(e->listener, SHUT_RD)));
	return dt_thread_join(&t);
}

ROW(E_LINK_07, ECONNREFUSED, connect_to_who_does_not_listen)
{
	struct sockaddr_dipc any = dt_any(), addr;
	int fd = dt_socket_bound(k->type, &any);

	NEED(fd);
	addr = dt_port_of(fd);
	/* itself included */
	if (dt_connect(fd, &addr) != -ECONNREFUSED)
		return 0;
	return dt_connect(e->client, &addr);
}

ROW(E_LINK_08, EPROTOTYPE, connect_to_another_type)
{
	struct sockaddr_dipc port = dt_port_of(e->listener), any = dt_any();
	int types[] = { k->other_type, SOCK_RDM, SOCK_DGRAM }, fd, i;

	for (i = 0; i < 3; i++) {
		fd = dt_socket(types[i]);
		if (dt_connect(fd, &e->addr) != -EPROTOTYPE ||
		    dt_connect(fd, &port) != -EPROTOTYPE)
			return -i;
		NEED(dt_bind(fd, &any));
		port = dt_port_of(fd);
		if (dt_connect(e->client, &port) != -EPROTOTYPE)
			return -10 - i;
		port = dt_port_of(e->listener);
		close(fd);
	}
	return -EPROTOTYPE;
}

ROW(E_LINK_08, EPROTOTYPE, connect_to_a_mailbox)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int err;

	dt_unique(name, "links-box");
	NEED(dt_mailbox_new(name, DT_MAILBOX()));
	addr = dt_name(name);
	err = dt_connect(e->client, &addr);
	addr = dt_mailbox(name);
	if (dt_connect(e->client, &addr) != err)
		err = 0;
	dt_mailbox_del(name);
	return err;
}

ROW(E_LINK_09, ECONNREFUSED, connect_to_one_that_was_shut_down)
{
	NEED(DT_ERR(shutdown(e->listener, SHUT_RD)));
	return dt_connect(e->client, &e->addr);
}

ROW(E_LINK_09, ECONNREFUSED, shut_down_while_connecting)
{
	struct dt_thread t;

	NEED(links_fill(k->type, &e->addr));
	NEED(dt_thread_start(&t, blocked_connect, e));
	if (!dt_wait_asleep(t.tid, SYS_connect))
		return 0;
	NEED(DT_ERR(shutdown(e->listener, SHUT_RD)));
	return dt_thread_join(&t);
}

ROW(E_LINK_09, ECONNREFUSED, closed_while_connecting)
{
	struct dt_thread t;

	NEED(links_fill(k->type, &e->addr));
	NEED(dt_thread_start(&t, blocked_connect, e));
	if (!dt_wait_asleep(t.tid, SYS_connect))
		return 0;
	close(e->listener);
	return dt_thread_join(&t);
}

ROW(E_LINK_10, EAGAIN, backlog_is_full)
{
	int n = links_fill(k->type, &e->addr);

	return n == 2 ? links_connect(e->client, &e->addr) : n;
}

ROW(E_LINK_10, EAGAIN, connect_time_over)
{
	NEED(links_fill(k->type, &e->addr));
	NEED(dt_set_timeout(e->client, SO_SNDTIMEO, DT_SHORT_MS));
	return dt_connect(e->client, &e->addr);
}

ROW(E_LINK_11, EINTR, connect_interrupted)
{
	long err;

	NEED(links_fill(k->type, &e->addr));
	NEED(dt_count_signal(SIGALRM, 0));
	dt_tick(DT_SHORT_MS);
	err = dt_connect(e->client, &e->addr);
	dt_tick(0);
	return err;
}

ROW(E_LINK_11, EINTR, connect_interrupted_with_a_timeout)
{
	long err;

	NEED(links_fill(k->type, &e->addr));
	NEED(dt_set_timeout(e->client, SO_SNDTIMEO, DT_LONG_MS));
	NEED(dt_count_signal(SIGALRM, SA_RESTART));
	dt_tick(DT_SHORT_MS);
	err = dt_connect(e->client, &e->addr);
	dt_tick(0);
	return err;
}

ROW(E_LINK_12, EISCONN, connect_twice)
{
	NEED(dt_connect(e->client, &e->addr));
	if (dt_connect(e->pair[0], &e->addr) != -EISCONN)
		return 0;
	return dt_connect(e->client, &e->addr);
}

ROW(E_LINK_13, EINVAL, connect_of_who_listens)
{
	struct sockaddr_dipc any = dt_any();
	int fd = dt_socket_bound(k->type, &any);

	NEED(fd);
	NEED(DT_ERR(listen(fd, 1)));
	if (dt_connect(fd, &e->addr) != -EINVAL)
		return 0;
	/* to himself */
	return dt_connect(e->listener, &e->addr);
}

ROW(E_LINK_14, EINVAL, connect_to_nothing)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (DT_ERR(connect(e->pair[0], &none, sizeof(none))) != -EINVAL)
		return 0;
	NEED(links_put(e->pair[0], 'x'));
	return DT_ERR(connect(e->client, &none, sizeof(none)));
}

/* In a namespace of its own, for the limit is changed. */
static int links_over_the_limit(void *arg)
{
	struct sockaddr_dipc any = dt_any(), addr;
	int type = *(int *)arg, fd[2], listener, client;

	if (dt_netns_new())
		return 77;
	listener = dt_socket_bound(type, &any);
	client = dt_socket(type);
	if (listener < 0 || client < 0 || listen(listener, 1))
		return 1;
	addr = dt_port_of(listener);
	/* one less than both ends take */
	if (dt_limit_set("user_max_ports", 1))
		return 2;
	if (DT_ERR(socketpair(dt_family(), type, 0, fd)) != -ENOBUFS)
		return 3;
	if (dt_connect(client, &addr) != -ENOBUFS)
		return 4;
	if (links_accept(listener) != -EAGAIN)
		return 5;
	if (dt_limit_set("user_max_ports", 65536))
		return 6;
	/* all was given back */
	return dt_connect(client, &addr) ? 7 : 0;
}

ROW(E_LINK_15, ENOBUFS, too_many_ports)
{
	pid_t child;
	int type = k->type, status;

	if (geteuid())
		return SKIPPED;
	child = dt_child(links_over_the_limit, &type);
	status = dt_child_wait(child);
	return status == 77 ? SKIPPED : status ? -status : -ENOBUFS;
}

ROW(E_LINK_16, EOPNOTSUPP, bind_to_a_mailbox)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	int err;

	dt_unique(name, "links-box");
	NEED(dt_mailbox_new(name, DT_MAILBOX()));
	addr = dt_mailbox(name);
	err = dt_bind(e->client, &addr);
	dt_mailbox_del(name);
	return err;
}

ROW(E_LINK_17, EINVAL, bind_an_accepted_socket)
{
	struct sockaddr_dipc addr = dt_any();
	char name[DIPC_NAME_MAX + 1];
	int server;

	NEED(connect_and_accept(e, &server));
	if (dt_bind(server, &addr) != -EINVAL)
		return 0;
	dt_unique(name, "accepted");
	addr = dt_name(name);
	return dt_bind(server, &addr);
}

ROW(E_LINK_18, EINVAL, shut_down_something_else)
{
	if (DT_ERR(shutdown(e->pair[0], -1)) != -EINVAL)
		return 0;
	return DT_ERR(shutdown(e->pair[0], 3));
}

ROW(E_LINK_19, EPIPE, reader_is_gone)
{
	close(e->pair[1]);
	return links_put(e->pair[0], 'x');
}

ROW(E_LINK_20, ECONNRESET, receive_after_a_reset)
{
	NEED(links_put(e->pair[0], 'x'));
	close(e->pair[1]);
	return links_take(e->pair[0], 'x');
}

ROW(E_LINK_20, ECONNRESET, not_accepted)
{
	NEED(dt_connect(e->client, &e->addr));
	close(e->listener);
	return links_take(e->client, 'x');
}

ROW(E_LINK_21, ENOTCONN, send_not_connected)
{
	if (links_put(e->listener, 'x') != -ENOTCONN)
		return 0;
	return links_put(e->client, 'x');
}

ROW(E_LINK_27, EINVAL, bytes_of_who_listens)
{
	int n;

	return DT_ERR(ioctl(e->listener, SIOCINQ, &n));
}

ROW(E_NAME_01, ENOTCONN, peer_of_who_is_not_connected)
{
	struct sockaddr_dipc addr;

	if (links_name(e->listener, true, &addr) != -ENOTCONN)
		return 0;
	return links_name(e->client, true, &addr);
}

/* E-LINK-22, E-LINK-23: said differently by the two types, as by AF_UNIX. */
TEST_F(links, receive_not_connected)
{
	long want = variant->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;

	EXPECT_EQ(want, links_take(self->client, 'x'));
	EXPECT_EQ(want, links_take(self->listener, 'x'));
}

/* E-LINK-24, E-LINK-25 */
TEST_F(links, send_with_an_address)
{
	bool stream = variant->type == SOCK_STREAM;

	EXPECT_EQ(stream ? -EISCONN : 1,
		  dt_send(self->pair[0], "x", 1, 0, &self->addr));
	EXPECT_EQ(stream ? -EOPNOTSUPP : -ENOTCONN,
		  dt_send(self->client, "x", 1, 0, &self->addr));
}

ROW(E_LINK_26, EPROTOTYPE, message_to_a_link)
{
	struct sockaddr_dipc port = dt_port_of(e->listener);
	struct dt_stats before, after;
	int fd = dt_socket(SOCK_RDM);

	NEED(dt_stats_get(&before));
	if (dt_send(fd, "x", 1, 0, &port) != -EPROTOTYPE)
		return 0;
	NEED(dt_stats_get(&after));
	if (after.counter[DIPC_REASON_WRONG_TYPE] !=
	    before.counter[DIPC_REASON_WRONG_TYPE] + 1)
		return -1;
	return dt_send(fd, "x", 1, 0, &e->addr);
}

ROW(E_LINK_28, EINVAL, limits_that_a_stream_has_not)
{
	struct dipc_queue_conf conf;
	int fd = dt_socket(SOCK_STREAM);

	NEED(dt_get_conf(fd, &conf));
	conf.policy = DIPC_POLICY_REFUSE;
	if (dt_set_conf(fd, &conf) != -EINVAL)
		return 0;
	conf.policy = DIPC_POLICY_WAIT;
	conf.order = DIPC_ORDER_PRIORITY;
	if (dt_set_conf(fd, &conf) != -EINVAL)
		return 0;
	conf.order = DIPC_ORDER_FIFO;
	NEED(dt_set_conf(fd, &conf));
	conf.capacity_bytes = 4095;
	return dt_set_conf(fd, &conf);
}

/* SIGPIPE comes with a stream, unless it is declined. */
TEST_F(links, signal_of_a_broken_stream)
{
	ASSERT_EQ(0, dt_count_signal(SIGPIPE, 0));
	close(self->pair[1]);
	EXPECT_EQ(-1, send(self->pair[0], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(0, dt_signals);
	EXPECT_EQ(-1, send(self->pair[0], "x", 1, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(variant->type == SOCK_STREAM ? 1 : 0, dt_signals);
}

TEST_HARNESS_MAIN
