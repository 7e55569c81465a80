// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation costs when there are many of something, and how much
 * memory those take: names, mailboxes, waiting receivers, links, outstanding
 * calls of dipc. One row of the table for each; a cell has its number of them
 * where works have the length of a message.
 */
#include <fcntl.h>
#include <ipc/libipc.h>
#include <linux/dipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scale.h"
#include "tools.h"

#define LEN		64
#define PER_SOCKET	64	/* names that one may have */
#define FD_MAX		30000
#define PTR(p)		((uintptr_t)(p))

static char *buf;

static unsigned int draw(unsigned int n)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static int new_socket(int type)
{
	return MUST(socket(AF_DIPC, type, 0));
}

static struct sockaddr_dipc address(int type, const char *what, unsigned int nr)
{
	struct sockaddr_dipc a = { .sdipc_family = AF_DIPC, .sdipc_type = type };

	snprintf(a.sdipc_name, sizeof(a.sdipc_name), "scale.%s.%u", what, nr);
	return a;
}

static void bind_to(int fd, struct sockaddr_dipc *a)
{
	MUST(bind(fd, (void *)a, sizeof(*a)));
}

static void send_to(int fd, struct sockaddr_dipc *a)
{
	MUST(sendto(fd, buf, LEN, 0, (void *)a, sizeof(*a)));
}

static void receive(int fd)
{
	MUST(recv(fd, buf, LEN, 0));
}

/* --- names: a message to any of them --- */

static int *fds;
static int from;

static void names_make(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i < last; i++) {
		struct sockaddr_dipc a = address(DIPC_ADDR_NAME, "name", i);

		if (i % PER_SOCKET == 0)
			fds[i / PER_SOCKET] = new_socket(SOCK_RDM);
		bind_to(fds[i / PER_SOCKET], &a);
	}
}

static void names_use(unsigned int n)
{
	unsigned int i = draw(n);
	struct sockaddr_dipc a = address(DIPC_ADDR_NAME, "name", i);

	send_to(from, &a);
	receive(fds[i / PER_SOCKET]);
}

/* --- mailboxes: a message through any of those that have a receiver --- */

#define N_USED	10

static void mailboxes_make(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i < last; i++) {
		struct sockaddr_dipc a = address(DIPC_ADDR_MAILBOX, "mailbox", i);

		errno = -ipc_mailbox_create(a.sdipc_name, NULL, O_EXCL);
		if (errno)
			fail("ipc_mailbox_create");
		if (i < N_USED) {
			fds[i] = new_socket(SOCK_RDM);
			bind_to(fds[i], &a);
		}
	}
}

static void mailboxes_use(unsigned int n)
{
	unsigned int i = draw(n < N_USED ? n : N_USED);
	struct sockaddr_dipc a = address(DIPC_ADDR_MAILBOX, "mailbox", i);

	send_to(from, &a);
	receive(fds[i]);
}

static void mailboxes_unmake(unsigned int n)
{
	while (n--)
		ipc_mailbox_delete(address(DIPC_ADDR_MAILBOX, "mailbox",
					   n).sdipc_name);
}

/* --- receivers that wait on one port: a message to the first of them --- */

static struct gate *received;
static struct sockaddr_dipc port;

/* What it executes for each message is mapped by then. */
static void get_ready(int fd)
{
	recv(fd, buf, LEN, MSG_DONTWAIT);
	gate_come(received, received->n_come + 1);
}

static void receivers_make(unsigned int first, unsigned int last)
{
	static int fd;
	socklen_t len = sizeof(port);

	if (!first) {
		received = share(sizeof(*received));
		fd = new_socket(SOCK_RDM);
		port = (struct sockaddr_dipc) { .sdipc_family = AF_DIPC };
		bind_to(fd, &port);
		MUST(getsockname(fd, (void *)&port, &len));
	}
	for (unsigned int i = first; i < last; i++) {
		if (fork_other())
			continue;
		get_ready(fd);
		for (;;) {
			receive(fd);
			gate_come(received, received->n_come + 1);
		}
	}
}

static void receivers_use(unsigned int n)
{
	int before = __atomic_load_n(&received->n_come, __ATOMIC_ACQUIRE);

	send_to(from, &port);
	gate_wait(received, before + 1);
}

/* --- receivers of one mailbox, each for a tag of its own: to any of them --- */

static void receive_tag(const struct sockaddr_dipc *box, unsigned int tag)
{
	struct dipc_match match = { .tag = tag, .tag_mask = UINT64_MAX };
	struct sockaddr_dipc a = *box;
	int fd = new_socket(SOCK_RDM);

	bind_to(fd, &a);
	MUST(setsockopt(fd, SOL_DIPC, DIPC_MATCH, &match, sizeof(match)));
	get_ready(fd);
	/* until the mailbox goes */
	while (recv(fd, buf, LEN, 0) >= 0)
		gate_come(received, received->n_come + 1);
	_exit(0);
}

static void tags_make(unsigned int first, unsigned int last)
{
	if (!first) {
		received = share(sizeof(*received));
		port = address(DIPC_ADDR_MAILBOX, "tags", 0);
		errno = -ipc_mailbox_create(port.sdipc_name, NULL, O_EXCL);
		if (errno)
			fail("ipc_mailbox_create");
	}
	for (unsigned int i = first; i < last; i++)
		if (!fork_other())
			receive_tag(&port, i);
}

static void tags_use(unsigned int n)
{
	int before = __atomic_load_n(&received->n_come, __ATOMIC_ACQUIRE);
	char control[CMSG_SPACE(sizeof(uint64_t))] = { 0 };
	struct iovec iov = { buf, LEN };
	struct msghdr msg = {
		.msg_name = &port, .msg_namelen = sizeof(port),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	uint64_t tag = draw(n);

	c->cmsg_level = SOL_DIPC;
	c->cmsg_type = DIPC_TAG;
	c->cmsg_len = CMSG_LEN(sizeof(tag));
	memcpy(CMSG_DATA(c), &tag, sizeof(tag));
	MUST(sendmsg(from, &msg, 0));
	gate_wait(received, before + 1);
}

static void tags_unmake(unsigned int n)
{
	ipc_mailbox_delete(port.sdipc_name);
}

/* --- links: a message over any of them --- */

static void links_make(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i < last; i++)
		MUST(socketpair(AF_DIPC, SOCK_SEQPACKET, 0, &fds[2 * i]));
}

static void use_link(unsigned int i)
{
	MUST(send(fds[2 * i], buf, LEN, 0));
	receive(fds[2 * i + 1]);
}

static void links_use(unsigned int n)
{
	use_link(draw(n));
}

/* What a socket needs for its messages it has made with the first one. */
static void links_warm(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		use_link(i);
}

/* --- outstanding calls: one more, from its request to its reply --- */

static int client, server;

static void start_call(uint64_t cookie)
{
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_CALL_START, .cookie = cookie,
		.reply_max = LEN, .out = PTR(buf), .out_len = LEN,
		.dest = PTR(&port),
	};

	MUST(ioctl(client, DIPC_IOC_OP, &op));
}

static uint64_t take_request(void)
{
	struct dipc_request r;
	struct dipc_op op = {
		.size = sizeof(op), .op = DIPC_OP_RECV,
		.in = PTR(buf), .in_len = LEN, .info = PTR(&r),
	};

	MUST(ioctl(server, DIPC_IOC_OP, &op));
	return r.handle;
}

static void calls_make(unsigned int first, unsigned int last)
{
	socklen_t len = sizeof(port);
	int one = 1;

	if (!first) {
		client = new_socket(SOCK_RDM);
		server = new_socket(SOCK_RDM);
		MUST(setsockopt(server, SOL_DIPC, DIPC_RECV_CALLS, &one,
				sizeof(one)));
		port = (struct sockaddr_dipc) { .sdipc_family = AF_DIPC };
		bind_to(server, &port);
		MUST(getsockname(server, (void *)&port, &len));
	}
	for (unsigned int i = first; i < last; i++) {
		start_call(i);
		take_request();		/* and holds it */
	}
}

static void calls_use(unsigned int n)
{
	struct dipc_op reply = {
		.size = sizeof(reply), .op = DIPC_OP_REPLY,
		.out = PTR(buf), .out_len = LEN,
	};
	struct dipc_op finish = {
		.size = sizeof(finish), .op = DIPC_OP_CALL_FINISH,
		.cookie = UINT64_MAX, .in = PTR(buf), .in_len = LEN,
	};

	start_call(UINT64_MAX);
	reply.handle = take_request();
	MUST(ioctl(server, DIPC_IOC_OP, &reply));
	MUST(ioctl(client, DIPC_IOC_OP, &finish));
}

/* --- the table --- */

static const struct scale {
	void (*make)(unsigned int first, unsigned int last);
	void (*use)(unsigned int n);
	void (*unmake)(unsigned int n);	/* what would outlive the process */
	void (*warm)(unsigned int n);	/* what the first use of each makes */
} names = { names_make, names_use },
  mailboxes = { mailboxes_make, mailboxes_use, mailboxes_unmake },
  receivers = { receivers_make, receivers_use },
  tags = { tags_make, tags_use, tags_unmake },
  links = { links_make, links_use, .warm = links_warm },
  calls = { calls_make, calls_use };

static void prepare(unsigned int n)
{
	unsigned int last_fd = 2 * n + 100 < FD_MAX ? 2 * n + 100 : FD_MAX;

	buf = new_buffer(LEN);
	fds = share((2 * n + 1) * sizeof(*fds));
	MUST(dup2(STDERR_FILENO, last_fd));	/* the table grows now */
	close(last_fd);
	from = new_socket(SOCK_RDM);
	settle();
}

static void run_cost(struct cell *c)
{
	const struct scale *s = c->work->kind;
	unsigned int n = c->len;
	int64_t t;

	prepare(n);
	s->make(0, n);
	if (s->warm)
		s->warm(n);
	settle();
	for (unsigned int i = 0; i < c->n; i++)
		s->use(n);
	mark_begin();
	t = now_ns();
	for (unsigned int i = 0; i < c->n; i++)
		s->use(n);
	t = now_ns() - t;
	mark_end();
	c->value = (double)t / c->n;
	if (s->unmake)
		s->unmake(n);
}

static void run_bytes(struct cell *c)
{
	const struct scale *s = c->work->kind;
	unsigned int n = c->len;
	int64_t before;

	prepare(n);
	before = kernel_bytes();
	s->make(0, n);
	settle();
	c->value = (double)(kernel_bytes() - before) / n;
	if (s->unmake)
		s->unmake(n);
}

/* Memory is taken in pages and slabs: of few it says nothing. */
#define BYTES_LEAST	1000

const struct work scale_works[] = {
	{ .name = "names", .about = "a message to a name, of so many",
	  .unit = "", .is_sized = true, .most = 100000,
	  .kind = &names, .run = run_cost },
	{ .name = "mailboxes", .about = "a message through a mailbox, of so many",
	  .unit = "", .is_sized = true, .most = 10000,
	  .kind = &mailboxes, .run = run_cost },
	{ .name = "receivers",
	  .about = "a message to one of so many that wait, and the news of it",
	  .unit = "", .is_sized = true, .most = 1000,
	  .kind = &receivers, .run = run_cost },
	{ .name = "tags",
	  .about = "the same, where each of them waits for a tag of its own",
	  .unit = "", .is_sized = true, .most = 1000,
	  .kind = &tags, .run = run_cost },
	{ .name = "links", .about = "a message over a link, of so many",
	  .unit = "", .is_sized = true, .most = 10000,
	  .kind = &links, .run = run_cost },
	{ .name = "calls", .about = "a call, while so many others are outstanding",
	  .unit = "", .is_sized = true, .most = 10000,
	  .kind = &calls, .run = run_cost },
	{ .name = "names_bytes", .about = "memory of a name, of so many",
	  .unit = "bytes", .is_sized = true, .least = BYTES_LEAST,
	  .most = 100000,
	  .kind = &names, .run = run_bytes },
	{ .name = "mailboxes_bytes", .about = "memory of a mailbox, of so many",
	  .unit = "bytes", .is_sized = true, .least = BYTES_LEAST,
	  .most = 10000,
	  .kind = &mailboxes, .run = run_bytes },
	{ .name = "links_bytes", .about = "memory of a link, of so many",
	  .unit = "bytes", .is_sized = true, .least = BYTES_LEAST,
	  .most = 10000,
	  .kind = &links, .run = run_bytes },
	{ .name = "calls_bytes", .about = "memory of a call, of so many",
	  .unit = "bytes", .is_sized = true, .least = BYTES_LEAST,
	  .most = 10000,
	  .kind = &calls, .run = run_bytes },
	{ 0 }
};

const struct peer *const scale_peers[] = {
	&(const struct peer) { .name = "dipc", .about = "AF_DIPC" }, NULL
};

/* --- limits --- */

static struct {
	const char *path;
	char before[32];
} limits[] = {
	{ "/proc/sys/net/dipc/user_max_ports" },
	{ "/proc/sys/net/dipc/user_max_names" },
	{ "/proc/sys/net/dipc/user_max_mailboxes" },
};

void scale_begin(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		FILE *f = fopen(limits[i].path, "re");

		if (!f)
			continue;
		if (!fgets(limits[i].before, sizeof(limits[i].before), f))
			limits[i].before[0] = 0;
		fclose(f);
		write_file(limits[i].path, "1000000");
	}
}

void scale_end(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].before[0])
			write_file(limits[i].path, limits[i].before);
	}
}
