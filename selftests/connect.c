// SPDX-License-Identifier: GPL-2.0
/*
 * suite-timeout: 300
 *
 * Links: listen, connect, accept, socketpair, shutdown and close of
 * SOCK_SEQPACKET and SOCK_STREAM: what each gives, what poll() says then, and
 * who is told. How they fail is in connect_errors.c, many at once in
 * connect_many.c; that all is as with AF_UNIX is what oracle.c says.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "links.h"

/*
 * What each call gives
 */

TEST_F(links, connection_passes_what_is_sent_both_ways)
{
	int server;

	ASSERT_EQ(0, connect_and_accept(self, &server));
	EXPECT_EQ(1, links_put(self->client, 'a'));
	EXPECT_EQ(1, links_put(server, 'b'));
	EXPECT_EQ(1, links_take(server, 'a'));
	EXPECT_EQ(1, links_take(self->client, 'b'));
	EXPECT_EQ(-EAGAIN, links_take(server, 'a'));
	close(server);
}

TEST_F(links, client_may_send_before_it_is_accepted)
{
	int server;

	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	EXPECT_EQ(1, links_put(self->client, 'a'));
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, links_take(server, 'a'));
	close(server);
}

TEST_F(links, connect_by_number)
{
	struct sockaddr_dipc port = dt_port_of(self->listener);
	int server;

	ASSERT_EQ(0, dt_connect(self->client, &port));
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, links_put(server, 'x'));
	EXPECT_EQ(1, links_take(self->client, 'x'));
	/* its address is what it was bound to first */
	EXPECT_TRUE(links_is_name(self->client, true, &self->addr));
	close(server);
}

TEST_F(links, connections_are_accepted_in_order)
{
	int other = dt_socket(variant->type), first, second;

	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	ASSERT_EQ(0, dt_connect(other, &self->addr));
	first = links_accept(self->listener);
	second = links_accept(self->listener);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_EQ(1, links_put(self->client, '1'));
	EXPECT_EQ(1, links_put(other, '2'));
	EXPECT_EQ(1, links_take(first, '1'));
	EXPECT_EQ(1, links_take(second, '2'));
	close(first);
	close(second);
	close(other);
}

TEST_F(links, addresses_of_both_ends)
{
	struct sockaddr_dipc from = {}, any = dt_any(), name, peer;
	socklen_t len = sizeof(from);
	int server;

	ASSERT_EQ(0, links_name(self->client, false, &name));
	EXPECT_EQ(0, memcmp(&any, &name, sizeof(any)));
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = accept(self->listener, (struct sockaddr *)&from, &len);
	ASSERT_LE(0, server);
	EXPECT_EQ(sizeof(from), len);

	/* the client has drawn a number, which is where it is from */
	ASSERT_EQ(0, links_name(self->client, false, &name));
	EXPECT_EQ(DIPC_ADDR_PORT, name.sdipc_type);
	EXPECT_LT(DIPC_PORT_USER_MAX, name.sdipc_port);
	EXPECT_EQ(dt_port_id(self->client), name.sdipc_port);
	EXPECT_EQ(0, memcmp(&from, &name, sizeof(from)));
	ASSERT_EQ(0, links_name(server, true, &peer));
	EXPECT_EQ(0, memcmp(&from, &peer, sizeof(from)));

	/* the server has the listener's address, and a number of its own */
	EXPECT_TRUE(links_is_name(server, false, &self->addr));
	EXPECT_TRUE(links_is_name(self->client, true, &self->addr));
	EXPECT_NE(dt_port_id(self->listener), dt_port_id(server));
	close(server);
	/* and is still known when it is gone */
	EXPECT_TRUE(links_is_name(self->client, true, &self->addr));
}

TEST_F(links, bound_client_is_known_by_its_name)
{
	struct sockaddr_dipc mine, from = {};
	socklen_t len = sizeof(from);
	char name[DIPC_NAME_MAX + 1];
	int server;

	dt_unique(name, "client");
	mine = dt_name(name);
	ASSERT_EQ(0, dt_bind(self->client, &mine));
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = accept(self->listener, (struct sockaddr *)&from, &len);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, memcmp(&from, &mine, sizeof(mine)));
	EXPECT_TRUE(links_is_name(server, true, &mine));
	EXPECT_TRUE(links_is_name(self->client, false, &mine));
	close(server);
}

TEST_F(links, socketpair_has_two_numbers)
{
	struct sockaddr_dipc a, b;

	ASSERT_EQ(0, links_name(self->pair[0], false, &a));
	ASSERT_EQ(0, links_name(self->pair[1], false, &b));
	EXPECT_EQ(DIPC_ADDR_PORT, a.sdipc_type);
	EXPECT_NE(a.sdipc_port, b.sdipc_port);
	EXPECT_TRUE(links_is_name(self->pair[0], true, &b));
	EXPECT_TRUE(links_is_name(self->pair[1], true, &a));
	/* a number without a port: nobody can send there */
	EXPECT_EQ(-ECONNREFUSED, dt_connect(self->client, &a));
}

TEST_F(links, connected_socket_can_be_given_a_name)
{
	uint64_t id = dt_port_id(self->pair[0]);
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "late");
	addr = dt_name(name);
	EXPECT_EQ(0, dt_bind(self->pair[0], &addr));
	EXPECT_TRUE(links_is_name(self->pair[0], false, &addr));
	EXPECT_EQ(id, dt_port_id(self->pair[0]));
	EXPECT_EQ(1, links_put(self->pair[0], 'x'));
	EXPECT_EQ(1, links_take(self->pair[1], 'x'));
}

static int peer_pid(int fd)
{
	struct ucred cred = { .pid = -1 };
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	return cred.uid == geteuid() && cred.gid == getegid() ? cred.pid : -1;
}

static int connect_and_wait(void *arg)
{
	env *e = arg;
	char c;

	if (dt_connect(e->client, &e->addr) ||
	    peer_pid(e->client) != getppid())
		return 1;
	return recv(e->client, &c, 1, 0) == 1 ? 0 : 2;
}

TEST_F(links, peer_credentials_are_those_of_connect_and_listen)
{
	pid_t child = dt_child(connect_and_wait, self);
	int server;

	ASSERT_LT(0, child);
	server = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(child, peer_pid(server));
	EXPECT_EQ(getpid(), peer_pid(self->pair[0]));
	EXPECT_EQ(getpid(), peer_pid(self->listener));
	EXPECT_EQ(1, links_put(server, 'x'));
	EXPECT_EQ(0, dt_child_wait(child));
	close(server);
}

TEST_F(links, accept4_flags)
{
	int server;

	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = accept4(self->listener, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	ASSERT_LE(0, server);
	EXPECT_TRUE(fcntl(server, F_GETFL) & O_NONBLOCK);
	EXPECT_TRUE(fcntl(server, F_GETFD) & FD_CLOEXEC);
	close(server);
}

TEST_F(links, accepted_socket_wants_credentials_as_its_listener)
{
	int server, on = 1;

	ASSERT_EQ(0, connect_and_accept(self, &server));
	EXPECT_EQ(0, links_opt(server, SO_PASSCRED));
	close(server);
	close(self->client);
	self->client = dt_socket(variant->type);
	ASSERT_EQ(0, setsockopt(self->listener, SOL_SOCKET, SO_PASSCRED, &on,
				sizeof(on)));
	ASSERT_EQ(0, connect_and_accept(self, &server));
	EXPECT_EQ(1, links_opt(server, SO_PASSCRED));
	EXPECT_EQ(0, links_opt(self->client, SO_PASSCRED));
	close(server);
}

TEST_F(links, socket_options)
{
	int server;

	EXPECT_EQ(0, links_opt(self->client, SO_ACCEPTCONN));
	EXPECT_EQ(1, links_opt(self->listener, SO_ACCEPTCONN));
	ASSERT_EQ(0, connect_and_accept(self, &server));
	EXPECT_EQ(0, links_opt(server, SO_ACCEPTCONN));
	EXPECT_EQ(variant->type, links_opt(server, SO_TYPE));
	EXPECT_EQ(dt_family(), links_opt(server, SO_DOMAIN));
	EXPECT_EQ(0, links_opt(server, SO_ERROR));
	close(server);
}

/* Each end receives within its own limits; an accepted one has the listener's. */
TEST_F(links, limits_of_the_queues)
{
	struct dipc_queue_conf conf, mine;
	int server;

	ASSERT_EQ(0, dt_get_conf(self->client, &conf));
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(65536, conf.capacity_bytes);
		conf.capacity_bytes = 5000;
	} else {
		EXPECT_EQ(256, conf.capacity_msgs);
		conf.capacity_msgs = 7;
	}
	mine = conf;
	mine.capacity_bytes *= 2;
	ASSERT_EQ(0, dt_set_conf(self->client, &mine));
	ASSERT_EQ(0, dt_set_conf(self->listener, &conf));
	ASSERT_EQ(0, dt_get_conf(self->listener, &conf));
	ASSERT_EQ(0, dt_get_conf(self->client, &mine));
	ASSERT_EQ(0, connect_and_accept(self, &server));

	struct dipc_queue_conf got;

	ASSERT_EQ(0, dt_get_conf(server, &got));
	EXPECT_EQ(0, memcmp(&conf, &got, sizeof(got)));
	ASSERT_EQ(0, dt_get_conf(self->client, &got));
	EXPECT_EQ(0, memcmp(&mine, &got, sizeof(got)));
	/* also later */
	got.capacity_bytes += 100;
	ASSERT_EQ(0, dt_set_conf(server, &got));
	ASSERT_EQ(0, dt_get_conf(server, &conf));
	EXPECT_EQ(got.capacity_bytes, conf.capacity_bytes);
	close(server);
}

/* Several listen under one name: each connection goes to the next of them. */
TEST_F(links, shared_name_is_met_in_turn)
{
	int worker[3], client[6], server, i, j, on = 1;
	struct sockaddr_dipc addr;
	char name[DIPC_NAME_MAX + 1];

	dt_unique(name, "shared");
	addr = dt_name(name);
	for (i = 0; i < 3; i++) {
		worker[i] = dt_socket(variant->type);
		ASSERT_EQ(0, setsockopt(worker[i], SOL_DIPC, DIPC_REUSE_NAME,
					&on, sizeof(on)));
		ASSERT_EQ(0, dt_bind(worker[i], &addr));
		ASSERT_EQ(0, listen(worker[i], 5));
	}
	for (i = 0; i < 6; i++) {
		client[i] = dt_socket(variant->type);
		ASSERT_EQ(0, links_connect(client[i], &addr));
	}
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 2; j++) {
			server = links_accept(worker[i]);
			EXPECT_LE(0, server);
			close(server);
		}
		EXPECT_EQ(-EAGAIN, links_accept(worker[i]));
		close(worker[i]);
	}
	for (i = 0; i < 6; i++)
		close(client[i]);
}

/*
 * States and poll()
 */

TEST_F(links, poll_of_each_state)
{
	int server;

	EXPECT_EQ(OUT | POLLHUP, links_poll(self->client));
	EXPECT_EQ(0, links_poll(self->listener));
	EXPECT_EQ(OUT, links_poll(self->pair[0]));
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	EXPECT_EQ(OUT, links_poll(self->client));
	EXPECT_EQ(IN, links_poll(self->listener));
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, links_poll(self->listener));
	EXPECT_EQ(OUT, links_poll(server));
	EXPECT_EQ(1, links_put(self->client, 'x'));
	EXPECT_EQ(IN | OUT, links_poll(server));
	close(server);
}

TEST_F(links, half_close_lets_the_rest_be_read)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[0], 'x'));
	EXPECT_EQ(0, shutdown(fd[0], SHUT_WR));
	EXPECT_EQ(-EPIPE, links_put(fd[0], 'y'));
	EXPECT_EQ(OUT, links_poll(fd[0]));
	EXPECT_EQ(IN | OUT | POLLRDHUP, links_poll(fd[1]));
	EXPECT_EQ(1, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(IN | OUT | POLLRDHUP, links_poll(fd[1]));
	/* the other direction is as it was */
	EXPECT_EQ(1, links_put(fd[1], 'z'));
	EXPECT_EQ(1, links_take(fd[0], 'z'));
	EXPECT_EQ(-EAGAIN, links_take(fd[0], 'z'));
	EXPECT_EQ(0, links_opt(fd[0], SO_ERROR));
	EXPECT_EQ(0, links_opt(fd[1], SO_ERROR));
}

TEST_F(links, who_does_not_read_any_more_can_be_told_nothing)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[0], 'x'));
	EXPECT_EQ(0, shutdown(fd[1], SHUT_RD));
	EXPECT_EQ(-EPIPE, links_put(fd[0], 'y'));
	EXPECT_EQ(OUT, links_poll(fd[0]));
	EXPECT_EQ(IN | OUT | POLLRDHUP, links_poll(fd[1]));
	/* what came before is there */
	EXPECT_EQ(1, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(1, links_put(fd[1], 'z'));
	EXPECT_EQ(1, links_take(fd[0], 'z'));
}

TEST_F(links, both_directions_shut_is_a_hang_up_for_both)
{
	int *fd = self->pair;

	EXPECT_EQ(0, shutdown(fd[0], SHUT_RDWR));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP, links_poll(fd[0]));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP, links_poll(fd[1]));
	EXPECT_EQ(-EPIPE, links_put(fd[0], 'x'));
	EXPECT_EQ(-EPIPE, links_put(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[0], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(0, shutdown(fd[0], SHUT_RDWR));
	EXPECT_EQ(0, shutdown(fd[1], SHUT_RDWR));
}

TEST_F(links, peer_that_is_closed_is_the_end)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[0], 'x'));
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP, links_poll(fd[1]));
	EXPECT_EQ(-EPIPE, links_put(fd[1], 'y'));
	EXPECT_EQ(1, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_opt(fd[1], SO_ERROR));
}

TEST_F(links, peer_that_is_closed_without_reading_is_an_error_once)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[1], 'x'));
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP | POLLERR, links_poll(fd[1]));
	EXPECT_EQ(ECONNRESET, links_opt(fd[1], SO_ERROR));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP, links_poll(fd[1]));
	EXPECT_EQ(0, links_opt(fd[1], SO_ERROR));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(-EPIPE, links_put(fd[1], 'x'));
}

TEST_F(links, end_and_then_an_end_before_time)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[1], 'x'));
	EXPECT_EQ(0, shutdown(fd[0], SHUT_WR));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(-ECONNRESET, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
}

TEST_F(links, error_comes_before_what_is_left_or_after_it)
{
	int *fd = self->pair;

	EXPECT_EQ(1, links_put(fd[0], 'x'));
	EXPECT_EQ(1, links_put(fd[1], 'y'));
	EXPECT_EQ(0, close(fd[0]));
	/* as AF_UNIX does with either */
	if (variant->type == SOCK_SEQPACKET)
		EXPECT_EQ(-ECONNRESET, links_take(fd[1], 'x'));
	EXPECT_EQ(1, links_take(fd[1], 'x'));
	if (variant->type == SOCK_STREAM)
		EXPECT_EQ(-ECONNRESET, links_take(fd[1], 'x'));
	EXPECT_EQ(0, links_take(fd[1], 'x'));
}

TEST_F(links, shutdown_before_connect_holds_after_it)
{
	int server;

	EXPECT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(OUT | POLLHUP, links_poll(self->client));
	ASSERT_EQ(0, connect_and_accept(self, &server));
	EXPECT_EQ(-EPIPE, links_put(self->client, 'x'));
	EXPECT_EQ(0, links_take(server, 'x'));
	EXPECT_EQ(1, links_put(server, 'y'));
	EXPECT_EQ(1, links_take(self->client, 'y'));
	close(server);
}

TEST_F(links, listener_that_is_closed_resets_who_was_not_accepted)
{
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	EXPECT_EQ(0, close(self->listener));
	EXPECT_EQ(IN | OUT | POLLRDHUP | POLLHUP | POLLERR,
		  links_poll(self->client));
	EXPECT_EQ(ECONNRESET, links_opt(self->client, SO_ERROR));
	EXPECT_EQ(0, links_take(self->client, 'x'));
	EXPECT_EQ(-ENOENT, links_connect(self->client, &self->addr));
}

TEST_F(links, client_that_is_closed_can_still_be_accepted)
{
	int server;

	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	EXPECT_EQ(1, links_put(self->client, 'x'));
	EXPECT_EQ(0, close(self->client));
	server = links_accept(self->listener);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, links_take(server, 'x'));
	EXPECT_EQ(0, links_take(server, 'x'));
	close(server);
}

TEST_F(links, listening_again_changes_the_backlog)
{
	EXPECT_EQ(2, links_fill(variant->type, &self->addr));
	EXPECT_EQ(0, listen(self->listener, 4));
	EXPECT_EQ(3, links_fill(variant->type, &self->addr));
	EXPECT_EQ(0, listen(self->listener, 0));
	EXPECT_EQ(0, links_fill(variant->type, &self->addr));
}

TEST_F(links, backlog_of_nothing_takes_one)
{
	EXPECT_EQ(0, listen(self->listener, 0));
	EXPECT_EQ(1, links_fill(variant->type, &self->addr));
}

/*
 * Those who wait
 */

TEST_F(links, blocked_accept_is_woken_by_a_connection)
{
	struct dt_thread t;
	long server;

	ASSERT_EQ(0, dt_thread_start(&t, blocked_accept, self));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_accept4));
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	server = dt_thread_join(&t);
	EXPECT_LE(0, server);
	close(server);
}

TEST_F(links, blocked_connect_goes_on_when_one_is_accepted)
{
	struct dt_thread t;
	int server;

	ASSERT_EQ(2, links_fill(variant->type, &self->addr));
	ASSERT_EQ(0, dt_thread_start(&t, blocked_connect, self));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_connect));
	server = links_accept(self->listener);
	EXPECT_LE(0, server);
	EXPECT_EQ(0, dt_thread_join(&t));
	EXPECT_EQ(OUT, links_poll(self->client));
	close(server);
}

TEST_F(links, blocked_connect_goes_on_with_a_larger_backlog)
{
	struct dt_thread t;

	ASSERT_EQ(2, links_fill(variant->type, &self->addr));
	ASSERT_EQ(0, dt_thread_start(&t, blocked_connect, self));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_connect));
	EXPECT_EQ(0, listen(self->listener, 2));
	EXPECT_EQ(0, dt_thread_join(&t));
}

struct reader {
	int fd;
	bool sends;
};

static long blocked_transfer(void *arg)
{
	struct reader *r = arg;
	static char buf[70000];
	long n, sum = 0;

	if (!r->sends)
		return DT_ERR(recv(r->fd, buf, 1, 0));
	do {
		n = DT_ERR(send(r->fd, buf, 60000, MSG_NOSIGNAL));
	} while (n > 0 && (sum += n) < 64 << 20);
	return n;
}

TEST_F(links, blocked_receive_is_woken_by_each_end)
{
	struct reader r = { .fd = self->pair[0] };
	struct dt_thread t;

	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_WR));
	EXPECT_EQ(0, dt_thread_join(&t));

	r.fd = self->pair[1];
	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_RD));
	EXPECT_EQ(0, dt_thread_join(&t));
}

TEST_F(links, blocked_receive_is_told_of_a_reset)
{
	struct reader r = { .fd = self->pair[0] };
	struct dt_thread t;

	EXPECT_EQ(1, links_put(self->pair[0], 'x'));
	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_recvfrom));
	EXPECT_EQ(0, close(self->pair[1]));
	EXPECT_EQ(-ECONNRESET, dt_thread_join(&t));
}

TEST_F(links, blocked_send_is_woken_by_each_end)
{
	struct reader r = { .fd = self->pair[0], .sends = true };
	struct dt_thread t;

	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_RD));
	EXPECT_EQ(-EPIPE, dt_thread_join(&t));

	r.fd = self->pair[1];
	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_WR));
	EXPECT_EQ(-EPIPE, dt_thread_join(&t));
}

TEST_F(links, blocked_send_is_woken_when_the_peer_is_closed)
{
	struct reader r = { .fd = self->pair[0], .sends = true };
	struct dt_thread t;
	long ret;

	ASSERT_EQ(0, dt_thread_start(&t, blocked_transfer, &r));
	ASSERT_TRUE(dt_wait_asleep(t.tid, SYS_sendto));
	EXPECT_EQ(0, close(self->pair[1]));
	ret = dt_thread_join(&t);
	/* seqpacket may look at the error before it sends again */
	EXPECT_TRUE(ret == -EPIPE || ret == -ECONNRESET);
}

/* Each change is an edge, whatever was asked for. */
TEST_F(links, epoll_edge_with_each_change)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
	};

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->pair[0], &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(1, links_put(self->pair[1], 'x'));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(EPOLLIN, e.events);
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_WR));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, e.events);
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	/* this one only the writer notices, and has not asked for */
	EXPECT_EQ(0, shutdown(self->pair[1], SHUT_RD));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP | EPOLLHUP, e.events);
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(ep);
}

TEST_F(links, epoll_edge_when_the_peer_is_closed)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLET };

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->pair[0], &e));
	EXPECT_EQ(1, links_put(self->pair[0], 'x'));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(0, close(self->pair[1]));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	EXPECT_EQ(EPOLLHUP | EPOLLERR, e.events);
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	close(ep);
}

TEST_F(links, epoll_edge_of_a_listener)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), other;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	ASSERT_LE(0, ep);
	other = dt_socket(variant->type);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->listener, &e));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, dt_connect(self->client, &self->addr));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, dt_connect(other, &self->addr));
	ASSERT_EQ(1, epoll_wait(ep, &e, 1, 0));
	close(other);
	close(ep);
}

TEST_HARNESS_MAIN
