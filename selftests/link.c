// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Links, as far as AF_UNIX has no word for it: numbers and names, several
 * links between the same two, other namespaces and types, and what goes along
 * with a message of SOCK_SEQPACKET. How links are joined and ended is in
 * connect.c, streams are in link_stream.c, races in link_race.c; that all else
 * is as with AF_UNIX is in oracle.c.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>

#include "call.h"
#include "link.h"
#include "post.h"
#include "kselftest_harness.h"

/*
 * Of both types
 */

FIXTURE(link)
{
	struct link l;
};

FIXTURE_VARIANT(link)
{
	int type;
};

FIXTURE_VARIANT_ADD(link, seqpacket) { .type = SOCK_SEQPACKET };
FIXTURE_VARIANT_ADD(link, stream) { .type = SOCK_STREAM };

FIXTURE_SETUP(link)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, link_new(&self->l, variant->type))
		TH_LOG("no link (module loaded?)");
}

FIXTURE_TEARDOWN(link)
{
	link_close(&self->l);
}

TEST_F(link, every_end_has_a_number_of_its_own)
{
	struct link m;
	uint64_t id[4];
	int i, j;

	ASSERT_EQ(0, link_new(&m, variant->type));
	id[0] = dt_port_id(self->l.a);
	id[1] = dt_port_id(self->l.b);
	id[2] = dt_port_id(m.a);
	id[3] = dt_port_id(m.b);
	for (i = 0; i < 4; i++) {
		EXPECT_LT(DIPC_PORT_USER_MAX, id[i]);
		for (j = 0; j < i; j++)
			EXPECT_NE(id[i], id[j]);
	}
	link_close(&m);
}

TEST_F(link, number_of_an_end_leads_nowhere)
{
	struct sockaddr_dipc port = dt_port_of(self->l.b);
	int fd = dt_socket(variant->type);

	EXPECT_EQ(-ECONNREFUSED, dt_connect(fd, &port));
	EXPECT_EQ(0, close(fd));
}

TEST_F(link, listener_is_met_under_each_of_its_names)
{
	char first[DIPC_NAME_MAX + 1], second[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc name[2], port;
	int listener, c, s, i;

	dt_unique(first, "first");
	dt_unique(second, "second");
	name[0] = dt_name(first);
	name[1] = dt_name(second);
	listener = dt_socket_bound(variant->type, &name[0]);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 3));
	ASSERT_EQ(0, dt_bind(listener, &name[1]));
	port = dt_port_of(listener);
	for (i = 0; i < 3; i++) {
		c = dt_socket_connected(variant->type,
					i < 2 ? &name[i] : &port);
		ASSERT_LE(0, c);
		s = accept(listener, NULL, NULL);
		ASSERT_LE(0, s);
		EXPECT_EQ(0, dt_send_number(c, i, 0, NULL));
		EXPECT_EQ(i, dt_recv_number(s, MSG_DONTWAIT));
		EXPECT_EQ(0, close(c));
		EXPECT_EQ(0, close(s));
	}
	EXPECT_EQ(0, close(listener));
}

static int echo_on_each(void *arg)
{
	struct link *l = arg;
	int i, n;

	for (i = 2; i >= 0; i--) {
		n = dt_recv_number(l[i].b, 0);
		if (n < 0 || dt_send_number(l[i].b, n + 100, 0, NULL))
			return 1;
	}
	return 0;
}

TEST_F(link, links_between_the_same_two_are_independent)
{
	struct link l[4];
	pid_t pid;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, link_new(&l[i], variant->type));
	EXPECT_LT(0, link_fill(l[3].a, ATOM));
	EXPECT_EQ(0, shutdown(self->l.a, SHUT_RDWR));
	pid = dt_child(echo_on_each, l);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, dt_send_number(l[i].a, i, 0, NULL));
	EXPECT_EQ(0, dt_child_wait(pid));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i + 100, dt_recv_number(l[i].a, MSG_DONTWAIT));
	for (i = 0; i < 4; i++)
		link_close(&l[i]);
}

struct elsewhere {
	int type;
	struct link *l;
	struct sockaddr_dipc name, port;
};

static int connect_elsewhere(void *arg)
{
	struct elsewhere *e = arg;
	int fd;

	if (dt_netns_new())
		return 1;
	fd = dt_socket(e->type);
	if (dt_connect(fd, &e->name) != -ENOENT)
		return 2;
	if (dt_connect(fd, &e->port) != -ECONNREFUSED)
		return 3;
	/* a link that is there already does not care who holds it */
	if (dt_send_number(e->l->a, 47, 0, NULL))
		return 4;
	return 0;
}

TEST_F(link, connect_does_not_leave_its_namespace)
{
	char name[DIPC_NAME_MAX + 1];
	struct elsewhere e = { .type = variant->type, .l = &self->l };
	int listener;

	dt_unique(name, "here");
	e.name = dt_name(name);
	listener = dt_socket_bound(variant->type, &e.name);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 1));
	e.port = dt_port_of(listener);
	EXPECT_EQ(0, dt_child_wait(dt_child(connect_elsewhere, &e)));
	EXPECT_EQ(47, dt_recv_number(self->l.b, MSG_DONTWAIT));
	EXPECT_EQ(0, close(listener));
}

TEST_F(link, messages_do_not_go_to_a_listener)
{
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc to[2], any = dt_any(), rdm_port;
	struct dt_stats before, after;
	int listener, rdm, fd, i;

	dt_unique(name, "listener");
	to[0] = dt_name(name);
	listener = dt_socket_bound(variant->type, &to[0]);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 1));
	to[1] = dt_port_of(listener);
	rdm = dt_socket_bound(SOCK_RDM, &any);
	ASSERT_LE(0, rdm);
	rdm_port = dt_port_of(rdm);
	ASSERT_EQ(0, dt_stats_get(&before));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EPROTOTYPE, dt_send(rdm, "x", 1, 0, &to[i]));
		EXPECT_EQ(-EPROTOTYPE, dt_connect(rdm, &to[i]));
	}
	ASSERT_EQ(0, dt_stats_get(&after));
	EXPECT_EQ(2, after.counter[DIPC_REASON_WRONG_TYPE] -
		     before.counter[DIPC_REASON_WRONG_TYPE]);
	fd = dt_socket(variant->type);
	EXPECT_EQ(-EPROTOTYPE, dt_connect(fd, &rdm_port));
	EXPECT_EQ(0, close(fd));
	fd = dt_socket(variant->type == SOCK_STREAM ? SOCK_SEQPACKET :
		       SOCK_STREAM);
	EXPECT_EQ(-EPROTOTYPE, dt_connect(fd, &to[0]));
	EXPECT_EQ(-EPROTOTYPE, dt_connect(fd, &to[1]));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(rdm));
	EXPECT_EQ(0, close(listener));
}

TEST_F(link, quotas_do_not_hold_on_links)
{
	long all = link_fill(self->l.a, 1000), again;

	ASSERT_LT(0, all);
	/* whoever writes may fill it, as its owner may */
	while (recv(self->l.b, &(char[ATOM]) { 0 }, ATOM, MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(0, become(DT_SOMEBODY));
	again = link_fill(self->l.a, 1000);
	ASSERT_EQ(0, become(0));
	EXPECT_EQ(all, again);
}

/*
 * SOCK_SEQPACKET
 */

TEST(messages_keep_their_boundaries)
{
	char out[3000], in[3001];
	struct link l;
	int i, len, n;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	for (i = 0; i < 300; i++) {
		len = i * 97 % 3000;
		dt_pattern(out, len, i);
		ASSERT_EQ(len, send(l.a, out, len, 0));
		if (i % 3 != 2)
			continue;
		for (n = i - 2; n <= i; n++) {
			len = n * 97 % 3000;
			ASSERT_EQ(len, recv(l.b, in, sizeof(in), MSG_DONTWAIT));
			EXPECT_EQ(-1, dt_pattern_differs(in, len, n));
		}
	}
	link_close(&l);
}

TEST(tag_priority_number_and_source_come_along)
{
	struct sockaddr_dipc source;
	struct post_got got;
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	ASSERT_EQ(0, post_option(l.b, DIPC_RECV_INFO,
				 DIPC_INFO_SOURCE | DIPC_INFO_TAG |
				 DIPC_INFO_PRIORITY | DIPC_INFO_ID));
	source = dt_port_of(l.a);
	EXPECT_EQ(1, post(l.a, 'x', POST(.tag = 4711, .priority = 9)));
	got = post_recv(l.b);
	EXPECT_EQ(1, got.ret);
	EXPECT_EQ('x', got.letter);
	EXPECT_EQ(4, got.n_types);
	EXPECT_EQ(4711, got.tag);
	EXPECT_EQ(9, got.priority);
	EXPECT_NE(0, got.id);
	EXPECT_EQ(0, memcmp(&source, &got.source, sizeof(source)));
	link_close(&l);
}

TEST(receive_by_tag)
{
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	EXPECT_EQ(1, post(l.a, 'a', POST(.tag = 1)));
	EXPECT_EQ(1, post(l.a, 'b', POST(.tag = 2)));
	EXPECT_EQ(1, post(l.a, 'c', POST(.tag = 1)));
	ASSERT_EQ(0, post_match(l.b, 0, 2, ~0ULL));
	EXPECT_EQ('b', post_recv(l.b).letter);
	EXPECT_EQ(-EAGAIN, post_recv(l.b).ret);
	ASSERT_EQ(0, post_match(l.b, 0, 0, 0));
	EXPECT_EQ('a', post_recv(l.b).letter);
	EXPECT_EQ('c', post_recv(l.b).letter);
	link_close(&l);
}

TEST(unmatched_messages_do_not_hide_the_end)
{
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	EXPECT_EQ(1, post(l.a, 'a', POST(.tag = 1)));
	ASSERT_EQ(0, post_match(l.b, 0, 2, ~0ULL));
	EXPECT_EQ(0, close(l.a));
	EXPECT_EQ(0, post_recv(l.b).ret);
	ASSERT_EQ(0, post_match(l.b, 0, 0, 0));
	EXPECT_EQ('a', post_recv(l.b).letter);
	EXPECT_EQ(0, post_recv(l.b).ret);
	EXPECT_EQ(0, close(l.b));
}

TEST(priority_order_of_a_link)
{
	struct dipc_queue_conf conf;
	struct link l;
	int fd = dt_socket(SOCK_SEQPACKET);

	ASSERT_EQ(0, dt_get_conf(fd, &conf));
	conf.order = DIPC_ORDER_PRIORITY;
	ASSERT_EQ(0, link_conf(&l, SOCK_SEQPACKET, NULL, &conf));
	EXPECT_EQ(1, post(l.a, 'l', POST(.priority = 1)));
	EXPECT_EQ(1, post(l.a, 'h', POST(.priority = 31)));
	EXPECT_EQ(1, post(l.a, 'm', POST(.priority = 5)));
	EXPECT_EQ('h', post_recv(l.b).letter);
	EXPECT_EQ('m', post_recv(l.b).letter);
	EXPECT_EQ('l', post_recv(l.b).letter);
	/* the other direction is in the order in which they came */
	EXPECT_EQ(1, post(l.b, '1', POST(.priority = 1)));
	EXPECT_EQ(1, post(l.b, '2', POST(.priority = 31)));
	EXPECT_EQ('1', post_recv(l.a).letter);
	link_close(&l);
	EXPECT_EQ(0, close(fd));
}

TEST(policies_of_a_link)
{
	struct dipc_queue_conf conf;
	struct link l;
	int fd = dt_socket(SOCK_SEQPACKET);

	ASSERT_EQ(0, dt_get_conf(fd, &conf));
	conf.capacity_msgs = 2;
	conf.policy = DIPC_POLICY_REFUSE;
	ASSERT_EQ(0, link_conf(&l, SOCK_SEQPACKET, NULL, &conf));
	EXPECT_EQ(1, post(l.a, 'a', POST()));
	EXPECT_EQ(1, post(l.a, 'b', POST()));
	EXPECT_EQ(-ENOBUFS, post(l.a, 'c', POST()));
	link_close(&l);
	conf.policy = DIPC_POLICY_DROP_OLDEST;
	ASSERT_EQ(0, link_conf(&l, SOCK_SEQPACKET, NULL, &conf));
	EXPECT_EQ(1, post(l.a, 'a', POST()));
	EXPECT_EQ(1, post(l.a, 'b', POST()));
	EXPECT_EQ(1, post(l.a, 'c', POST()));
	EXPECT_EQ('b', post_recv(l.b).letter);
	EXPECT_EQ('c', post_recv(l.b).letter);
	link_close(&l);
	EXPECT_EQ(0, close(fd));
}

TEST(explicit_send_returns_when_it_was_received)
{
	struct post_call c;
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	EXPECT_EQ(-EAGAIN, post(l.a, 'n', POST(.mode = DIPC_MODE_EXPLICIT)));
	EXPECT_EQ(-EAGAIN, post_recv(l.b).ret);
	ASSERT_EQ(0, post_start(&c, l.a, 'x', POST(.mode = DIPC_MODE_EXPLICIT)));
	ASSERT_TRUE(post_wait_asleep(&c));
	EXPECT_EQ('x', post_recv(l.b).letter);
	EXPECT_EQ(1, post_end(&c));
	link_close(&l);
}

TEST(explicit_send_is_told_that_nobody_will_receive_it)
{
	struct post_call c;
	struct link l;

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	ASSERT_EQ(0, post_start(&c, l.a, 'x', POST(.mode = DIPC_MODE_EXPLICIT)));
	ASSERT_TRUE(post_wait_asleep(&c));
	EXPECT_EQ(0, close(l.b));
	EXPECT_EQ(-EPIPE, post_end(&c));
	EXPECT_EQ(0, close(l.a));
}

TEST(deadline_of_a_message_on_a_link)
{
	struct post_call c;
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	ASSERT_EQ(0, post_start(&c, l.a, 'x',
				POST(.mode = DIPC_MODE_EXPLICIT,
				     .deadline_ns = 20000000)));
	EXPECT_EQ(-ETIMEDOUT, post_end(&c));
	EXPECT_EQ(-EAGAIN, post_recv(l.b).ret);
	link_close(&l);
}

static int read_completion(int fd, struct dipc_completion *done)
{
	union {
		char buf[CMSG_SPACE(sizeof(*done))];
		struct cmsghdr align;
	} c;
	struct msghdr msg = { .msg_control = &c, .msg_controllen = sizeof(c) };
	struct cmsghdr *cmsg;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_level != SOL_DIPC ||
	    cmsg->cmsg_type != DIPC_COMPLETION)
		return -EBADMSG;
	memcpy(done, CMSG_DATA(cmsg), sizeof(*done));
	return 0;
}

TEST(asynchronous_sends_on_a_link)
{
	uint64_t cookie = 7;
	struct dipc_completion done;
	struct link l;

	ASSERT_EQ(0, link_new(&l, SOCK_SEQPACKET));
	EXPECT_EQ(1, post(l.a, 'x', POST(.mode = DIPC_MODE_EXPLICIT,
					 .cookie = &cookie)));
	EXPECT_EQ(-EAGAIN, read_completion(l.a, &done));
	EXPECT_EQ('x', post_recv(l.b).letter);
	ASSERT_TRUE(DT_WAIT_UNTIL(read_completion(l.a, &done) == 0));
	EXPECT_EQ(7, done.cookie);
	EXPECT_EQ(0, done.error);
	cookie = 8;
	EXPECT_EQ(1, post(l.a, 'y', POST(.mode = DIPC_MODE_EXPLICIT,
					 .cookie = &cookie)));
	EXPECT_EQ(0, close(l.b));
	ASSERT_TRUE(DT_WAIT_UNTIL(read_completion(l.a, &done) == 0));
	EXPECT_EQ(8, done.cookie);
	EXPECT_EQ(EPIPE, done.error);
	EXPECT_EQ(-EAGAIN, read_completion(l.a, &done));
	EXPECT_EQ(0, close(l.a));
}

TEST_HARNESS_MAIN
