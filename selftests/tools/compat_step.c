// SPDX-License-Identifier: GPL-2.0
/*
 * One step of what selftests/compat.c does with a socket, in a program of its
 * own: this source is built twice, for 64 bits and as compat_step32 for 32, so
 * that each step is done by programs of both kinds.
 *
 *	compat_step STEP DESCRIPTOR [NUMBER]
 *
 * Prints what is not as it should be, and has the status 1 then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/dipc.h>
#include <linux/sockios.h>

#define TAG		0x0123456789abcdefULL
#define COOKIE		0xfedcba9876543210ULL
#define PRIORITY	13

static int wrong;

#define CHECK(want, got) do {						\
	long long want_ = (long long)(want), got_ = (long long)(got);	\
	if (want_ != got_) {						\
		printf("%s:%d: %s is %lld, not %lld\n", __func__,	\
		       __LINE__, #got, got_, want_);			\
		wrong = 1;						\
	}								\
} while (0)

#define NEED(condition) do {						\
	if (!(condition)) {						\
		printf("%s:%d: not so: %s (%s)\n", __func__, __LINE__,	\
		       #condition, strerror(errno));			\
		exit(1);						\
	}								\
} while (0)

static long err(long result)
{
	return result < 0 ? -(long)errno : result;
}

static int get(int fd, int level, int option, void *value, socklen_t size)
{
	socklen_t len = size;
	int ret = err(getsockopt(fd, level, option, value, &len));

	return ret ? ret : (int)len;
}

static int set(int fd, int level, int option, const void *value,
	       socklen_t size)
{
	return err(setsockopt(fd, level, option, value, size));
}

/*
 * Layouts. Where a member is must not depend on the width of a program.
 */

_Static_assert(sizeof(struct sockaddr_dipc) == 96, "address");
_Static_assert(offsetof(struct sockaddr_dipc, sdipc_port) == 8, "port");
_Static_assert(offsetof(struct sockaddr_dipc, sdipc_name) == 32, "name");
_Static_assert(sizeof(struct dipc_queue_conf) == 40, "queue");
_Static_assert(offsetof(struct dipc_queue_conf, capacity_bytes) == 8, "bytes");
_Static_assert(sizeof(struct dipc_match) == 48, "match");
_Static_assert(offsetof(struct dipc_match, node) == 24, "node");
_Static_assert(sizeof(struct dipc_completion) == 120, "completion");
_Static_assert(offsetof(struct dipc_completion, dest) == 24, "dest");

/*
 * Control messages
 */

struct post {
	char letter;
	struct iovec iov;
	struct msghdr msg;
	struct sockaddr_dipc from;
	char control[2048] __attribute__((aligned(8)));
};

static void post_begin(struct post *p, size_t room)
{
	memset(p, 0, sizeof(*p));
	p->letter = 'x';
	p->iov = (struct iovec) { &p->letter, 1 };
	p->msg.msg_iov = &p->iov;
	p->msg.msg_iovlen = 1;
	p->msg.msg_control = p->control;
	p->msg.msg_controllen = room;
}

static void post_put(struct post *p, int level, int type, const void *data,
		     size_t len)
{
	struct cmsghdr *c = (void *)(p->control + p->msg.msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	p->msg.msg_controllen += CMSG_SPACE(len);
}

static void post_recv(struct post *p, int fd, size_t room, int flags)
{
	post_begin(p, room);
	p->letter = 0;
	p->msg.msg_name = &p->from;
	p->msg.msg_namelen = sizeof(p->from);
	NEED(recvmsg(fd, &p->msg, flags | MSG_DONTWAIT) >= 0);
}

/* The data of the only one of its kind, which has that size. */
static void *post_find(struct post *p, int level, int type, size_t len)
{
	struct cmsghdr *c;
	void *found = NULL;

	for (c = CMSG_FIRSTHDR(&p->msg); c; c = CMSG_NXTHDR(&p->msg, c)) {
		if (c->cmsg_level != level || c->cmsg_type != type)
			continue;
		CHECK(CMSG_LEN(len), c->cmsg_len);
		NEED(!found);
		found = CMSG_DATA(c);
	}
	NEED(found);
	return found;
}

static uint64_t post_u64(struct post *p, int type)
{
	uint64_t value;

	memcpy(&value, post_find(p, SOL_DIPC, type, sizeof(value)),
	       sizeof(value));
	return value;
}

static long post_one(int fd, int type, const void *data, size_t len)
{
	struct post p;

	post_begin(&p, 0);
	post_put(&p, SOL_DIPC, type, data, len);
	return err(sendmsg(fd, &p.msg, MSG_DONTWAIT));
}

/*
 * Addresses
 */

static void bind_and_name(int fd, long long number)
{
	struct sockaddr_dipc addr = {
		.sdipc_family = number, .sdipc_type = DIPC_ADDR_NAME,
	}, got;
	socklen_t len = sizeof(got);
	uint64_t id;

	snprintf(addr.sdipc_name, sizeof(addr.sdipc_name), "compat.%d",
		 getpid());
	NEED(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	NEED(!getsockname(fd, (struct sockaddr *)&got, &len));
	CHECK(sizeof(addr), len);
	addr.sdipc_scope = got.sdipc_scope;
	CHECK(0, memcmp(&addr, &got, sizeof(addr)));
	CHECK(sizeof(id), get(fd, SOL_DIPC, DIPC_PORT_ID, &id, sizeof(id)));
	CHECK(1, id > DIPC_PORT_USER_MAX);
	CHECK(-EINVAL, get(fd, SOL_DIPC, DIPC_PORT_ID, &id, 4));
	CHECK(-EINVAL, err(bind(fd, (struct sockaddr *)&addr, 95)));
	CHECK(-EADDRINUSE, err(bind(fd, (struct sockaddr *)&addr, 96)));
}

/* To a number, all of whose bytes count. */
static void connect_to(int fd, long long number)
{
	struct sockaddr_dipc addr = { .sdipc_type = DIPC_ADDR_PORT }, got;
	socklen_t len = sizeof(got);
	int family;

	CHECK(sizeof(family), get(fd, SOL_SOCKET, SO_DOMAIN, &family,
				  sizeof(family)));
	addr.sdipc_family = family;
	addr.sdipc_port = number;
	NEED(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	NEED(!getpeername(fd, (struct sockaddr *)&got, &len));
	CHECK(number, got.sdipc_port);
	CHECK(1, err(sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&addr,
			    sizeof(addr))));
}

static void take_from(int fd, long long number)
{
	struct post p;

	post_recv(&p, fd, 0, 0);
	CHECK('x', p.letter);
	CHECK(sizeof(p.from), p.msg.msg_namelen);
	CHECK(number, p.from.sdipc_port);
}

/*
 * Options
 */

static void queue_set(int fd, long long number)
{
	struct dipc_queue_conf conf = {
		.capacity_msgs = 3, .msg_max_bytes = 5000,
		.capacity_bytes = 0x20000, .policy = DIPC_POLICY_REFUSE,
		.order = DIPC_ORDER_PRIORITY,
	};

	CHECK(0, set(fd, SOL_DIPC, DIPC_QUEUE, &conf, sizeof(conf)));
	CHECK(-EINVAL, set(fd, SOL_DIPC, DIPC_QUEUE, &conf, 36));
	conf.capacity_bytes = 0x100000000ULL;
	conf.reserved[21] = 1;
	CHECK(-EINVAL, set(fd, SOL_DIPC, DIPC_QUEUE, &conf, sizeof(conf)));
}

static void queue_get(int fd, long long number)
{
	struct dipc_queue_conf conf;

	memset(&conf, 0xff, sizeof(conf));
	CHECK(sizeof(conf), get(fd, SOL_DIPC, DIPC_QUEUE, &conf,
				sizeof(conf)));
	CHECK(3, conf.capacity_msgs);
	CHECK(5000, conf.msg_max_bytes);
	CHECK(0x20000, conf.capacity_bytes);
	CHECK(DIPC_POLICY_REFUSE, conf.policy);
	CHECK(DIPC_ORDER_PRIORITY, conf.order);
	CHECK(0, conf.reserved[0] | conf.reserved[21]);
}

static void match_set(int fd, long long number)
{
	struct dipc_match match = {
		.tag = TAG, .tag_mask = ~0ULL, .port = number,
	};

	CHECK(0, set(fd, SOL_DIPC, DIPC_MATCH, &match, sizeof(match)));
	CHECK(-EINVAL, set(fd, SOL_DIPC, DIPC_MATCH, &match, 44));
}

static void match_get(int fd, long long number)
{
	struct dipc_match match;

	memset(&match, 0xff, sizeof(match));
	CHECK(sizeof(match), get(fd, SOL_DIPC, DIPC_MATCH, &match,
				 sizeof(match)));
	CHECK(TAG, match.tag);
	CHECK(~0ULL, match.tag_mask);
	CHECK(number, match.port);
	CHECK(0, match.node | match.reserved[4]);
}

static const struct {
	int option;
	uint32_t value;
} options[] = {
	{ DIPC_REUSE_NAME, 1 },
	{ DIPC_NOTIFY, 1 },
	{ DIPC_MODE, DIPC_MODE_RELIABLE },
	{ DIPC_PRIORITY, PRIORITY },
	{ DIPC_RECV_INFO, 0xf },
};

static void options_set(int fd, long long number)
{
	uint64_t wide = 1;
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		CHECK(0, set(fd, SOL_DIPC, options[i].option,
			     &options[i].value, 4));
		CHECK(-EINVAL, set(fd, SOL_DIPC, options[i].option, &wide, 3));
		CHECK(-EINVAL, set(fd, SOL_DIPC, options[i].option, &wide, 8));
	}
}

static void options_get(int fd, long long number)
{
	uint32_t value[2];
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		value[0] = value[1] = 0xeeeeeeee;
		CHECK(4, get(fd, SOL_DIPC, options[i].option, value, 8));
		CHECK(options[i].value, value[0]);
		CHECK(0xeeeeeeee, value[1]);
	}
}

/*
 * Times. A program of 32 bits has two forms of each: with seconds of 32 bits
 * (those of today's libraries there) and of 64.
 */

struct old_timeval { long sec, usec; };
struct new_timeval { int64_t sec, usec; };

/* as in <asm-generic/socket.h>; libraries hide one of each */
enum {
	RCVTIMEO_OLD = 20, SNDTIMEO_OLD = 21,
	RCVTIMEO_NEW = 66, SNDTIMEO_NEW = 67,
	TIMESTAMP_OLD = 29, TIMESTAMPNS_OLD = 35,
	TIMESTAMP_NEW = 63, TIMESTAMPNS_NEW = 64,
};

static void timeout_set(int fd, long long is_new)
{
	struct old_timeval old = { 0, 30000 };
	struct new_timeval new = { 0, 30000 };

	if (is_new) {
		CHECK(0, set(fd, SOL_SOCKET, RCVTIMEO_NEW, &new, sizeof(new)));
		CHECK(0, set(fd, SOL_SOCKET, SNDTIMEO_NEW, &new, sizeof(new)));
	} else {
		CHECK(0, set(fd, SOL_SOCKET, RCVTIMEO_OLD, &old, sizeof(old)));
		CHECK(0, set(fd, SOL_SOCKET, SNDTIMEO_OLD, &old, sizeof(old)));
	}
}

/* And a receive on an empty queue keeps to it. */
static void timeout_get(int fd, long long number)
{
	struct old_timeval old = { -1, -1 };
	struct new_timeval new = { -1, -1 };
	struct timespec a, b;
	char c;

	CHECK(sizeof(old), get(fd, SOL_SOCKET, RCVTIMEO_OLD, &old,
			       sizeof(old)));
	CHECK(0, old.sec);
	/* a tick is at most 10 ms */
	CHECK(1, old.usec >= 30000 && old.usec <= 40000);
	CHECK(sizeof(new), get(fd, SOL_SOCKET, SNDTIMEO_NEW, &new,
			       sizeof(new)));
	CHECK(0, new.sec);
	CHECK(old.usec, new.usec);
	/* what a tick that came late has made of it, too */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &a);
	CHECK(-EAGAIN, err(recv(fd, &c, 1, 0)));
	clock_gettime(CLOCK_MONOTONIC_COARSE, &b);
	CHECK(1, (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec >
		 15000000);
}

static void stamp_ask(int fd, long long option)
{
	int on = 1;

	CHECK(0, set(fd, SOL_SOCKET, option, &on, sizeof(on)));
}

/* It is the form that the option asks for, and a time of just now. */
static void stamp_take(int fd, long long option)
{
	long long sec, part, limit, now;
	struct post p;
	void *data;

	post_recv(&p, fd, sizeof(p.control), 0);
	CHECK(0, p.msg.msg_flags & MSG_CTRUNC);
	if (option == TIMESTAMP_NEW || option == TIMESTAMPNS_NEW) {
		struct new_timeval new;

		data = post_find(&p, SOL_SOCKET, option, sizeof(new));
		memcpy(&new, data, sizeof(new));
		sec = new.sec;
		part = new.usec;
	} else {
		struct old_timeval old;

		data = post_find(&p, SOL_SOCKET, option, sizeof(old));
		memcpy(&old, data, sizeof(old));
		sec = old.sec;
		part = old.usec;
	}
	limit = option == TIMESTAMP_OLD || option == TIMESTAMP_NEW ? 1000000 :
		1000000000;
	now = time(NULL);
	CHECK(1, sec <= now + 1 && sec > now - 300);
	CHECK(1, part >= 0 && part < limit);
}

/*
 * What comes with a message
 */

static void post_all(int fd, long long number)
{
	uint32_t mode = DIPC_MODE_RELIABLE, priority = PRIORITY;
	uint64_t tag = TAG, deadline = 60000000000ULL;
	struct post p;

	post_begin(&p, 0);
	post_put(&p, SOL_DIPC, DIPC_PRIORITY, &priority, 4);
	post_put(&p, SOL_DIPC, DIPC_TAG, &tag, 8);
	post_put(&p, SOL_DIPC, DIPC_MODE, &mode, 4);
	post_put(&p, SOL_DIPC, DIPC_DEADLINE, &deadline, 8);
	CHECK(1, err(sendmsg(fd, &p.msg, MSG_DONTWAIT)));
}

static void post_bad(int fd, long long number)
{
	uint64_t value[2] = { 1, 1 };
	struct post p;

	CHECK(-EINVAL, post_one(fd, DIPC_TAG, value, 4));
	CHECK(-EINVAL, post_one(fd, DIPC_TAG, value, 12));
	CHECK(-EINVAL, post_one(fd, DIPC_MODE, value, 8));
	CHECK(-EINVAL, post_one(fd, DIPC_PRIORITY, value, 8));
	CHECK(-EINVAL, post_one(fd, DIPC_DEADLINE, value, 4));
	CHECK(-EINVAL, post_one(fd, DIPC_ASYNC, value, 4));
	CHECK(-EINVAL, post_one(fd, 31, value, 8));
	/* one that says it is longer than all of them */
	post_begin(&p, 0);
	post_put(&p, SOL_DIPC, DIPC_TAG, value, 8);
	((struct cmsghdr *)p.control)->cmsg_len += 64;
	CHECK(-EINVAL, err(sendmsg(fd, &p.msg, MSG_DONTWAIT)));
}

static void info_ask(int fd, long long number)
{
	uint32_t info = DIPC_INFO_SOURCE | DIPC_INFO_TAG | DIPC_INFO_PRIORITY |
			DIPC_INFO_ID;

	CHECK(0, set(fd, SOL_DIPC, DIPC_RECV_INFO, &info, sizeof(info)));
}

static void info_take(int fd, long long number)
{
	struct sockaddr_dipc source;
	uint32_t priority;
	struct post p;

	post_recv(&p, fd, sizeof(p.control), 0);
	CHECK('x', p.letter);
	CHECK(0, p.msg.msg_flags & MSG_CTRUNC);
	CHECK(CMSG_SPACE(96) + 2 * CMSG_SPACE(8) + CMSG_SPACE(4),
	      p.msg.msg_controllen);
	memcpy(&source, post_find(&p, SOL_DIPC, DIPC_SOURCE, 96), 96);
	CHECK(number, source.sdipc_port);
	CHECK(DIPC_ADDR_PORT, source.sdipc_type);
	CHECK(TAG, post_u64(&p, DIPC_TAG));
	CHECK(1, post_u64(&p, DIPC_ID) > 0);
	memcpy(&priority, post_find(&p, SOL_DIPC, DIPC_PRIORITY, 4), 4);
	CHECK(PRIORITY, priority);
}

/* Room for the first two of the four; the third is cut. */
static void info_take_some(int fd, long long number)
{
	struct post p;

	post_recv(&p, fd, CMSG_SPACE(96) + CMSG_SPACE(8), 0);
	CHECK('x', p.letter);
	CHECK(MSG_CTRUNC, p.msg.msg_flags & MSG_CTRUNC);
	CHECK(CMSG_SPACE(96) + CMSG_SPACE(8), p.msg.msg_controllen);
	post_find(&p, SOL_DIPC, DIPC_SOURCE, 96);
	CHECK(TAG, post_u64(&p, DIPC_TAG));
}

static void async_send(int fd, long long number)
{
	uint64_t cookie = COOKIE;

	CHECK(1, post_one(fd, DIPC_ASYNC, &cookie, 8));
}

static void completion_take(int fd, long long number)
{
	struct dipc_completion done;
	struct post p;

	post_recv(&p, fd, sizeof(p.control), MSG_ERRQUEUE);
	CHECK(MSG_ERRQUEUE, p.msg.msg_flags & MSG_ERRQUEUE);
	CHECK(CMSG_SPACE(120), p.msg.msg_controllen);
	memcpy(&done, post_find(&p, SOL_DIPC, DIPC_COMPLETION, 120), 120);
	CHECK(COOKIE, done.cookie);
	CHECK(0, done.error);
	CHECK(1, done.id > 0);
	CHECK(number, done.dest.sdipc_port);
	CHECK(-EAGAIN, err(recvmsg(fd, &p.msg, MSG_ERRQUEUE | MSG_DONTWAIT)));
}

/*
 * Of SOL_SOCKET
 */

static void files_send(int fd, long long number)
{
	int files[2] = { number, number };
	struct post p;

	post_begin(&p, 0);
	post_put(&p, SOL_SOCKET, SCM_RIGHTS, files, sizeof(files));
	CHECK(1, err(sendmsg(fd, &p.msg, MSG_DONTWAIT)));
}

/* The number is of the file that they must be. */
static void files_take(int fd, long long number)
{
	struct stat want, got;
	struct post p;
	int files[2], i;

	NEED(!fstat(number, &want));
	post_recv(&p, fd, sizeof(p.control), MSG_CMSG_CLOEXEC);
	memcpy(files, post_find(&p, SOL_SOCKET, SCM_RIGHTS, sizeof(files)),
	       sizeof(files));
	for (i = 0; i < 2; i++) {
		CHECK(FD_CLOEXEC, fcntl(files[i], F_GETFD));
		NEED(!fstat(files[i], &got));
		CHECK(want.st_ino, got.st_ino);
	}
}

static void creds_ask(int fd, long long number)
{
	int on = 1;

	CHECK(0, set(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
}

static void creds_send(int fd, long long number)
{
	struct ucred creds = { getpid(), getuid(), getgid() };
	struct post p;

	post_begin(&p, 0);
	post_put(&p, SOL_SOCKET, SCM_CREDENTIALS, &creds, sizeof(creds));
	CHECK(1, err(sendmsg(fd, &p.msg, MSG_DONTWAIT)));
	post_begin(&p, 0);
	post_put(&p, SOL_SOCKET, SCM_CREDENTIALS, &creds, 8);
	CHECK(-EINVAL, err(sendmsg(fd, &p.msg, MSG_DONTWAIT)));
}

static void creds_take(int fd, long long number)
{
	struct ucred creds;
	struct post p;

	post_recv(&p, fd, sizeof(p.control), 0);
	memcpy(&creds, post_find(&p, SOL_SOCKET, SCM_CREDENTIALS,
				 sizeof(creds)), sizeof(creds));
	/* who sent it is no more, but had a number */
	CHECK(1, creds.pid >= 0 && creds.pid != getpid());
	CHECK(getuid(), creds.uid);
	CHECK(getgid(), creds.gid);
}

/*
 * ioctl(), several messages in a call, and long ones
 */

static void send_some(int fd, long long number)
{
	struct mmsghdr m[3] = {};
	struct iovec iov[3];
	int i;

	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec) { "xyz", i + 1 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(3, err(sendmmsg(fd, m, 3, MSG_DONTWAIT)));
	CHECK(1, m[0].msg_len);
	CHECK(3, m[2].msg_len);
}

static void outq_see(int fd, long long some)
{
	int bytes = -1;

	CHECK(0, err(ioctl(fd, SIOCOUTQ, &bytes)));
	CHECK(some, bytes > 0);
}

/* The number is what SIOCINQ gives then: the first, or all of a stream. */
static void take_some(int fd, long long number)
{
	struct mmsghdr m[3] = {};
	struct iovec iov[3];
	char buf[3][8];
	int bytes = -1, i;

	CHECK(0, err(ioctl(fd, SIOCINQ, &bytes)));
	CHECK(number, bytes);
	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec) { buf[i], i + 1 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(3, err(recvmmsg(fd, m, 3, MSG_DONTWAIT, NULL)));
	for (i = 0; i < 3; i++) {
		CHECK(i + 1, m[i].msg_len);
		CHECK(0, memcmp(buf[i], "xyz", i + 1));
	}
	CHECK(0, err(ioctl(fd, SIOCINQ, &bytes)));
	CHECK(0, bytes);
}

#define LONG	20001

static void long_send(int fd, long long number)
{
	static char buf[LONG];
	struct iovec iov[3] = {
		{ buf, 1 }, { buf + 1, 9999 }, { buf + 10000, LONG - 10000 },
	};
	int i;

	for (i = 0; i < LONG; i++)
		buf[i] = i * 7;
	CHECK(LONG, err(writev(fd, iov, 3)));
}

static void long_take(int fd, long long number)
{
	static char buf[LONG + 1];
	struct iovec iov[2] = { { buf, 3 }, { buf + 3, LONG - 2 } };
	int i;

	CHECK(LONG, err(readv(fd, iov, 2)));
	for (i = 0; i < LONG && buf[i] == (char)(i * 7); i++)
		;
	CHECK(LONG, i);
}

static void width_is(int fd, long long bits)
{
	CHECK(bits, 8 * sizeof(long));
}

#define STEP(name) { #name, name }

static const struct {
	const char *name;
	void (*step)(int fd, long long number);
} steps[] = {
	STEP(bind_and_name), STEP(connect_to), STEP(take_from),
	STEP(queue_set), STEP(queue_get), STEP(match_set), STEP(match_get),
	STEP(options_set), STEP(options_get),
	STEP(timeout_set), STEP(timeout_get), STEP(stamp_ask), STEP(stamp_take),
	STEP(post_all), STEP(post_bad), STEP(info_ask), STEP(info_take),
	STEP(info_take_some), STEP(async_send), STEP(completion_take),
	STEP(files_send), STEP(files_take),
	STEP(creds_ask), STEP(creds_send), STEP(creds_take),
	STEP(send_some), STEP(outq_see), STEP(take_some),
	STEP(long_send), STEP(long_take), STEP(width_is),
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 3)
		return 2;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(steps[i].name, argv[1]))
			continue;
		steps[i].step(atoi(argv[2]),
			      argc > 3 ? strtoll(argv[3], NULL, 0) : 0);
		return wrong;
	}
	printf("no step '%s'\n", argv[1]);
	return 2;
}
