// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets: each allocation and each copy fails once as they are made, bound,
 * connected, listened to, accepted, configured and closed. Nothing of it is
 * done then, and the next try works. suite-timeout: 120
 * kmsg-allow: kmemleak: Cannot allocate a scan area
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "call.h"
#include "kselftest_harness.h"
#include "fault.h"
#include "names.h"

/* What a socket call gives when the kernel around the module has no memory. */
#define AROUND	{ ENFILE, EMFILE, ENOBUFS }

/* The socket that something is done with, and another one that it meets. */
struct socks {
	int type;
	bool by_number, to_mailbox, shares;

	int fd, other, epoll, pair[2];
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];
};

static int set_up_none(void *env)
{
	struct socks *s = env;

	s->fd = s->other = s->epoll = s->pair[0] = s->pair[1] = -1;
	dt_unique(s->name, "fault");
	s->addr = s->by_number ? dt_port(4711) :
		  s->to_mailbox ? dt_mailbox(s->name) : dt_name(s->name);
	return s->to_mailbox ? dt_mailbox_new(s->name, DT_MAILBOX()) : 0;
}

static int set_up_one(void *env)
{
	struct socks *s = env;
	int err = set_up_none(env);

	if (err)
		return err;
	s->fd = dt_socket(s->type ?: SOCK_RDM);
	if (s->fd < 0)
		return s->fd;
	return s->shares ? share_names(s->fd) : 0;
}

/* The other one is where fd may connect to; or has the name as well. */
static int set_up_two(void *env)
{
	struct socks *s = env;
	int err = set_up_one(env);

	if (err)
		return err;
	s->other = s->shares ? shared_socket(&s->addr) :
		   dt_socket_bound(s->type ?: SOCK_RDM, &s->addr);
	if (s->other < 0)
		return s->other;
	return s->type && listen(s->other, 4) ? -errno : 0;
}

static int set_up_bound(void *env)
{
	struct socks *s = env;
	int err = set_up_one(env);

	return err ?: dt_bind(s->fd, &s->addr);
}

static int set_up_connecting(void *env)
{
	struct socks *s = env;
	int err = set_up_two(env);

	return err ?: dt_connect(s->fd, &s->addr);
}

static void tear_down(void *env)
{
	struct socks *s = env;

	close(s->fd);
	close(s->other);
	close(s->epoll);
	close(s->pair[0]);
	close(s->pair[1]);
	if (s->to_mailbox)
		dt_mailbox_del(s->name);
}

static long make(void *env)
{
	struct socks *s = env;

	s->fd = dt_socket(s->type);
	return s->fd;
}

static long make_pair(void *env)
{
	struct socks *s = env;

	return DT_ERR(socketpair(dt_family(), s->type, 0, s->pair));
}

static bool pair_works(void *env)
{
	struct socks *s = env;
	char c = 0;

	return send(s->pair[0], "x", 1, 0) == 1 &&
	       recv(s->pair[1], &c, 1, MSG_DONTWAIT) == 1 && c == 'x';
}

static long bind_it(void *env)
{
	struct socks *s = env;

	return dt_bind(s->fd, &s->addr);
}

/* By its address it is found, and a message comes there. */
static bool is_bound(void *env)
{
	struct socks *s = env;
	int tx = dt_socket(SOCK_RDM);
	bool ok = dt_send(tx, "x", 1, MSG_DONTWAIT, &s->addr) == 1 &&
		  take(s->fd) == 'x';

	close(tx);
	return ok;
}

static bool is_not_bound(void *env)
{
	struct socks *s = env;
	int tx = dt_socket(SOCK_RDM);
	long ret = dt_send(tx, "x", 1, MSG_DONTWAIT, &s->addr);

	close(tx);
	/* nobody takes it out of the mailbox again */
	if (s->to_mailbox)
		return ret == 1 && !dt_mailbox_purge(s->name, NULL);
	return ret == (s->by_number ? -ECONNREFUSED : -ENOENT);
}

static long connect_it(void *env)
{
	struct socks *s = env;

	return dt_connect(s->fd, &s->addr);
}

static bool is_connected(void *env)
{
	struct socks *s = env;

	if (s->to_mailbox)
		return put(s->fd, 'x') == 1 &&
		       !dt_mailbox_purge(s->name, NULL);
	return put(s->fd, 'x') == 1 && (s->type || take(s->other) == 'x');
}

static bool is_not_connected(void *env)
{
	struct socks *s = env;
	struct sockaddr_dipc peer;
	socklen_t len = sizeof(peer);

	return getpeername(s->fd, (struct sockaddr *)&peer, &len) < 0 &&
	       errno == ENOTCONN;
}

static long listen_it(void *env)
{
	struct socks *s = env;

	return DT_ERR(listen(s->fd, 4));
}

static long accept_it(void *env)
{
	struct socks *s = env;

	s->pair[0] = accept4(s->other, NULL, NULL, SOCK_NONBLOCK);
	return s->pair[0] < 0 ? -errno : 0;
}

static bool is_accepted(void *env)
{
	struct socks *s = env;

	return put(s->fd, 'x') == 1 && take(s->pair[0]) == 'x';
}

static long draw_port(void *env)
{
	struct socks *s = env;
	uint64_t id = 0;
	socklen_t len = sizeof(id);
	int ret = getsockopt(s->fd, SOL_DIPC, DIPC_PORT_ID, &id, &len);

	s->addr = dt_port(id);
	return ret ? -errno : 0;
}

/* Of a user whom the module has never seen. */
static long draw_port_of_new_user(void *env)
{
	static uid_t next = 70000;
	long ret;

	if (seteuid(next++))
		return -errno;
	ret = draw_port(env);
	fault_pause();
	return seteuid(0) ? -errno : ret;
}

static long receive_first(void *env)
{
	struct socks *s = env;
	int ret = take(s->fd);

	return ret == -EAGAIN ? 0 : ret;
}

static long order_by_priority(void *env)
{
	struct socks *s = env;
	const struct dipc_queue_conf conf = {
		.capacity_msgs = 8, .msg_max_bytes = 4096,
		.capacity_bytes = 65536, .order = DIPC_ORDER_PRIORITY,
	};

	return dt_set_conf(s->fd, &conf);
}

static bool has_order(struct socks *s, int order)
{
	struct dipc_queue_conf conf;

	return !dt_get_conf(s->fd, &conf) && conf.order == order;
}

static bool is_by_priority(void *env)
{
	return has_order(env, DIPC_ORDER_PRIORITY);
}

static bool is_in_order(void *env)
{
	return has_order(env, DIPC_ORDER_FIFO);
}

static long match(void *env)
{
	struct socks *s = env;
	const struct dipc_match want = { .tag = 5, .tag_mask = ~0ULL };

	return DT_ERR(setsockopt(s->fd, SOL_DIPC, DIPC_MATCH, &want,
				 sizeof(want)));
}

static bool matches(struct socks *s, uint64_t tag)
{
	struct dipc_match now = { 0 };
	socklen_t len = sizeof(now);

	return !getsockopt(s->fd, SOL_DIPC, DIPC_MATCH, &now, &len) &&
	       now.tag == tag;
}

static bool does_match(void *env)
{
	return matches(env, 5);
}

static bool does_not_match(void *env)
{
	return matches(env, 0);
}

static int set_up_epoll(void *env)
{
	struct socks *s = env;
	int err = set_up_connecting(env);

	s->epoll = epoll_create1(0);
	return err;
}

static long watch(void *env)
{
	struct socks *s = env;
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLIN };

	return DT_ERR(epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->fd, &ev));
}

static bool is_watched(void *env)
{
	struct socks *s = env;
	struct epoll_event ev;

	return epoll_wait(s->epoll, &ev, 1, 0) == 1;
}

/* With a message in it, and one that nobody has accepted. */
static int set_up_full(void *env)
{
	struct socks *s = env;
	int err = set_up_connecting(env);

	return err ? err : put(s->fd, 'x') == 1 ? 0 : -EIO;
}

static long close_it(void *env)
{
	struct socks *s = env;
	int fd = s->other;

	s->other = -1;
	return fd < 0 ? 0 : DT_ERR(close(fd));
}

#define SOCKS(test_name, set_up_, step_, done, untouched, env_, ...)	\
	FAULT_TEST(test_name, .setup = set_up_, .step = step_,		\
		   .is_done = done, .is_untouched = untouched,		\
		   .teardown = tear_down, .may = AROUND,		\
		   .env = &(struct socks) env_, __VA_ARGS__)
#define E(...)	{ __VA_ARGS__ }

SOCKS(opens_rdm, set_up_none, make, NULL, NULL, E(.type = SOCK_RDM))
SOCKS(opens_stream, set_up_none, make, NULL, NULL, E(.type = SOCK_STREAM))
SOCKS(opens_pair, set_up_none, make_pair, pair_works, NULL,
      E(.type = SOCK_SEQPACKET))
SOCKS(opens_pair_of_streams, set_up_none, make_pair, pair_works, NULL,
      E(.type = SOCK_STREAM))
SOCKS(binds_to_number, set_up_one, bind_it, is_bound, is_not_bound,
      E(.by_number = true), .all_from = true)
SOCKS(binds_to_name, set_up_one, bind_it, is_bound, is_not_bound, E(0),
      .all_from = true)
SOCKS(binds_to_shared_name, set_up_two, bind_it, NULL, NULL,
      E(.shares = true))
SOCKS(binds_to_mailbox, set_up_one, bind_it, is_bound, is_not_bound,
      E(.to_mailbox = true))
SOCKS(connects_to_name, set_up_two, connect_it, is_connected, is_not_connected,
      E(0))
SOCKS(connects_to_number, set_up_two, connect_it, is_connected,
      is_not_connected, E(.by_number = true))
SOCKS(connects_to_mailbox, set_up_one, connect_it, is_connected,
      is_not_connected, E(.to_mailbox = true))
SOCKS(connects_link, set_up_two, connect_it, is_connected, is_not_connected,
      E(.type = SOCK_SEQPACKET), .all_from = true)
SOCKS(connects_stream, set_up_two, connect_it, is_connected, is_not_connected,
      E(.type = SOCK_STREAM))
SOCKS(listens, set_up_bound, listen_it, NULL, NULL, E(.type = SOCK_STREAM))
SOCKS(accepts, set_up_connecting, accept_it, is_accepted, NULL,
      E(.type = SOCK_STREAM))
SOCKS(draws_port, set_up_one, draw_port, is_bound, NULL, E(0),
      .all_from = true)
SOCKS(draws_port_of_new_user, set_up_one, draw_port_of_new_user, is_bound, NULL,
      E(0))
SOCKS(receives_first, set_up_one, receive_first, NULL, NULL, E(0))
SOCKS(sets_order, set_up_bound, order_by_priority, is_by_priority, is_in_order,
      E(0))
SOCKS(sets_order_before_it_is_bound, set_up_one, order_by_priority,
      is_by_priority, is_in_order, E(0))
SOCKS(sets_match, set_up_bound, match, does_match, does_not_match, E(0))
SOCKS(is_polled, set_up_epoll, watch, is_watched, NULL, E(0))
SOCKS(closes_with_messages, set_up_full, close_it, NULL, NULL, E(0))
SOCKS(closes_with_connections, set_up_full, close_it, NULL, NULL,
      E(.type = SOCK_STREAM))

FAULT_MAIN
