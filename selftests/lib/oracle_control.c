// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: control messages, that is descriptors, credentials
 * and time stamps, and such as are malformed; see oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "oracle.h"

#ifndef SCM_MAX_FD
#define SCM_MAX_FD	253
#endif

/* Room for two messages of the kernel's, with credentials in front. */
union control {
	struct cmsghdr align;
	char buf[2048];
};

static ssize_t send_control(int fd, const char *text, void *control, size_t len)
{
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = len };

	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* One control message; len is what its header says, room what is given. */
static ssize_t send_cmsg(int fd, int level, int type, const void *data,
			 size_t size, size_t len, size_t room)
{
	union control c;

	memset(&c, 0, sizeof(c));
	c.align.cmsg_level = level;
	c.align.cmsg_type = type;
	c.align.cmsg_len = len;
	memcpy(CMSG_DATA(&c.align), data, size);
	return send_control(fd, "data", &c, room);
}

static ssize_t send_fds(int fd, const int *fds, int n)
{
	size_t size = n * sizeof(int);

	return send_cmsg(fd, SOL_SOCKET, SCM_RIGHTS, fds, size,
			 CMSG_LEN(size), CMSG_SPACE(size));
}

static ssize_t send_fd(int fd, int what)
{
	return send_fds(fd, &what, 1);
}

static ssize_t send_much(int fd, const char *text, int what)
{
	union control c;

	memset(&c, 0, sizeof(c));
	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = SCM_RIGHTS;
	c.align.cmsg_len = CMSG_LEN(sizeof(what));
	memcpy(CMSG_DATA(&c.align), &what, sizeof(what));
	return send_control(fd, text, &c, CMSG_SPACE(sizeof(what)));
}

static ssize_t send_cred(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred cred = { pid, uid, gid };

	return send_cmsg(fd, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred),
			 CMSG_LEN(sizeof(cred)), CMSG_SPACE(sizeof(cred)));
}

/* What came with a message: descriptors are kept in got, the rest is told. */
static int got[512], n_got;

static size_t cmsg_text(char *text, size_t room, struct cmsghdr *cmsg)
{
	size_t size = cmsg->cmsg_len - CMSG_LEN(0);
	struct ucred cred;
	int i, n;

	if (cmsg->cmsg_level != SOL_SOCKET)
		return snprintf(text, room, " level %d", cmsg->cmsg_level);
	switch (cmsg->cmsg_type) {
	case SCM_RIGHTS:
		n = size / sizeof(int);
		memcpy(got + n_got, CMSG_DATA(cmsg), n * sizeof(int));
		for (i = 0; i < n; i++)
			if (fcntl(got[n_got + i], F_GETFD) & FD_CLOEXEC)
				break;
		n_got += n;
		return snprintf(text, room, " fds %d%s", n,
				i < n ? " cloexec" : "");
	case SCM_CREDENTIALS:
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		return snprintf(text, room, " cred %s %d %d",
				cred.pid == getpid() ? "own" :
				cred.pid ? "another" : "0",
				(int)cred.uid, (int)cred.gid);
	case SCM_TIMESTAMP:
		return snprintf(text, room, " timestamp %zu", size);
	case SCM_TIMESTAMPNS:
		return snprintf(text, room, " timestampns %zu", size);
	case SCM_TIMESTAMPING:
		return snprintf(text, room, " timestamping %zu", size);
	}
	return snprintf(text, room, " type %d", cmsg->cmsg_type);
}

static const char *control_of(int fd, size_t size, size_t room, int flags)
{
	static char text[136];
	union control c;
	char data[64];
	struct iovec iov = { data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = room ? &c : NULL,
			      .msg_controllen = room };
	struct cmsghdr *cmsg;
	ssize_t n;
	size_t len;

	memset(&c, 0, sizeof(c));
	n = DT_ERR(recvmsg(fd, &msg, MSG_DONTWAIT | flags));
	if (n < 0)
		return error_text(n);
	n_got = 0;
	len = snprintf(text, sizeof(text), "%zd '%.*s'%s%s", n,
		       (int)(n < (ssize_t)size ? n : (ssize_t)size), data,
		       msg.msg_flags & MSG_TRUNC ? " TRUNC" : "",
		       msg.msg_flags & MSG_CTRUNC ? " CTRUNC" : "");
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		len += cmsg_text(text + len, sizeof(text) - len, cmsg);
	return text;
}

#define ROOM	sizeof(union control)

/* Whether what comes out of a descriptor is what goes into another. */
static bool is_pipe(int rx, int tx)
{
	char c = 0;

	return write(tx, "p", 1) == 1 && read(rx, &c, 1) == 1 && c == 'p';
}

static void rights(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	DO(send_fd(e.a, p[0]));
	TEXT(poll_of(e.b));
	TEXT(control_of(e.b, 9, ROOM, 0));
	DO(is_pipe(got[0], p[1]));
	DO(close(p[0]));
	DO(is_pipe(got[0], p[1]));
	DO(send_fds(e.a, p + 1, 1));
	DO(close(p[1]));
	TEXT(control_of(e.b, 9, ROOM, MSG_CMSG_CLOEXEC));
	DO(pipe(p));
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, ROOM, 0));
	DO(is_pipe(got[0], got[1]));
	TEXT(recv_of(e.b, 9, MSG_DONTWAIT));
}

static void rights_peek(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	DO(send_fd(e.a, p[0]));
	TEXT(control_of(e.b, 9, ROOM, MSG_PEEK));
	DO(is_pipe(got[0], p[1]));
	TEXT(control_of(e.b, 9, ROOM, MSG_PEEK));
	TEXT(control_of(e.b, 9, ROOM, 0));
	DO(is_pipe(got[0], p[1]));
	TEXT(control_of(e.b, 9, ROOM, 0));
}

static void rights_without_room(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	o.stage = "none";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, 0, 0));
	o.stage = "header";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, sizeof(struct cmsghdr), 0));
	o.stage = "less than a header";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, sizeof(struct cmsghdr) - 1, 0));
	o.stage = "one";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, CMSG_LEN(4), 0));
	o.stage = "one and a half";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, CMSG_LEN(6), 0));
	o.stage = "two";
	DO(send_fds(e.a, p, 2));
	TEXT(control_of(e.b, 9, CMSG_LEN(8), 0));
}

static void rights_by_read(void)
{
	struct ends e = new_ends();
	int p[2];
	char c;

	DO(pipe(p));
	DO(send_fd(e.a, p[1]));
	DO(read(e.b, &c, 1));
	DO(close(p[1]));
	TEXT(control_of(e.b, 9, ROOM, 0));
	/* nobody can write any more if it was put */
	TEXT(poll_of(p[0]));
}

/* Descriptors with a stream: reads end where some begin. */
static void rights_in_pieces(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	DO(send_text(e.a, "abc", 0));
	DO(send_fd(e.a, p[0]));
	DO(send_text(e.a, "def", 0));
	DO(send_fd(e.a, p[1]));
	TEXT(control_of(e.b, 2, ROOM, 0));
	TEXT(control_of(e.b, 3, ROOM, 0));
	TEXT(control_of(e.b, 2, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

/* With more bytes than one piece of a stream: they come with the first. */
static void rights_with_much(void)
{
	static char much[20000];
	struct ends e = new_ends();
	int p[2];

	memset(much, 'm', sizeof(much) - 1);
	DO(pipe(p));
	DO(send_much(e.a, much, p[0]));
	TEXT(control_of(e.b, 1, ROOM, MSG_PEEK));
	TEXT(control_of(e.b, 1, ROOM, 0));
	TEXT(control_of(e.b, 1, ROOM, 0));
	DO(is_pipe(got[0], p[1]));
}

static void rights_bad(void)
{
	struct ends e = new_ends();
	int fds[SCM_MAX_FD + 1], i;

	DO(send_fd(e.a, -1));
	DO(send_fd(e.a, 9999));
	DO(send_fds(e.a, NULL, 0));
	TEXT(control_of(e.b, 9, ROOM, 0));
	for (i = 0; i <= SCM_MAX_FD; i++)
		fds[i] = 1;
	fds[3] = 9999;
	DO(send_fds(e.a, fds, 5));
	fds[3] = 1;
	DO(send_fds(e.a, fds, SCM_MAX_FD));
	DO(send_fds(e.a, fds, SCM_MAX_FD + 1));
	TEXT(control_of(e.b, 9, ROOM, 0));
	TEXT(control_of(e.b, 9, ROOM, 0));
}

static void rights_of_path(void)
{
	struct ends e = new_ends();
	int fd = FD(open("/", O_PATH));

	DO(send_fd(e.a, fd));
	TEXT(control_of(e.b, 9, ROOM, 0));
	DO(fcntl(got[0], F_GETFL) & O_PATH);
}

static void rights_of_sockets(void)
{
	struct ends e = new_ends();

	DO(send_fd(e.a, e.a));
	DO(send_fd(e.a, e.b));
	TEXT(control_of(e.b, 9, ROOM, 0));
	TEXT(control_of(e.b, 9, ROOM, 0));
}

static void rights_without_data(void)
{
	struct ends e = new_ends();
	union control c;
	int p[2];

	DO(pipe(p));
	memset(&c, 0, sizeof(c));
	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = SCM_RIGHTS;
	c.align.cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(&c.align), p, 4);
	DO(send_control(e.a, "", &c, CMSG_SPACE(4)));
	TEXT(control_of(e.b, 9, ROOM, 0));
	DO(send_control(e.a, "", NULL, 0));
	TEXT(control_of(e.b, 9, ROOM, 0));
}

/* Those in a message that nobody reads are put with it. */
static void rights_of_gone(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	DO(send_fd(e.a, p[1]));
	DO(close(p[1]));
	TEXT(poll_of(p[0]));
	DO(close(e.b));
	TEXT(poll_of(p[0]));
	DO(pipe(p));
	DO(send_fd(e.a, p[1]));
	DO(close(p[1]));
	TEXT(poll_of(p[0]));
}

static void credentials(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "before", 0));
	DO(set_opt(e.b, SO_PASSCRED, 1));
	TEXT(opt_of(e.b, SO_PASSCRED));
	TEXT(opt_of(e.a, SO_PASSCRED));
	DO(send_text(e.a, "after", 0));
	TEXT(control_of(e.b, 20, ROOM, MSG_PEEK));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(send_text(e.a, "room", 0));
	TEXT(control_of(e.b, 20, 0, 0));
	DO(send_text(e.a, "room", 0));
	TEXT(control_of(e.b, 20, CMSG_LEN(4), 0));
	DO(send_text(e.a, "off", 0));
	DO(set_opt(e.b, SO_PASSCRED, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

static void credentials_given(void)
{
	struct ends e = new_ends();

	DO(set_opt(e.b, SO_PASSCRED, 1));
	DO(send_cred(e.a, getpid(), getuid(), getgid()));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(send_cred(e.a, getpid(), -1, getgid()));
	DO(send_cred(e.a, getpid(), getuid(), -1));
	DO(send_cred(e.a, 0x3fffffff, getuid(), getgid()));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

/* What only the privileged may say. */
static int as_nobody(void *arg)
{
	struct ends *e = arg;

	DO(send_cred(e->a, getpid(), getuid(), getgid()));
	DO(send_cred(e->a, getpid(), 0, getgid()));
	DO(send_cred(e->a, getpid(), getuid(), 0));
	DO(send_cred(e->a, 1, getuid(), getgid()));
	return 0;
}

static void credentials_of_nobody(void)
{
	struct ends e = new_ends();

	DO(set_opt(e.b, SO_PASSCRED, 1));
	DO(dt_as_user(DT_NOBODY, as_nobody, &e));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

static void credentials_of_privileged(void)
{
	struct ends e = new_ends();

	DO(set_opt(e.b, SO_PASSCRED, 1));
	DO(send_cred(e.a, getpid(), DT_NOBODY, DT_NOBODY));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(send_cred(e.a, getppid(), 0, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

static int as_effective(void *arg)
{
	struct ends *e = arg;

	if (setresgid(-1, DT_SOMEBODY, -1) || setresuid(-1, DT_SOMEBODY, -1))
		return 1;
	return send_text(e->a, "x", 0) == 1 ? 0 : 2;
}

static void credentials_effective(void)
{
	struct ends e = new_ends();
	pid_t pid;

	DO(set_opt(e.b, SO_PASSCRED, 1));
	pid = dt_child(as_effective, &e);
	DO(dt_child_wait(pid));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

/* Bytes of different senders do not mix in one read of a stream. */
static int send_other(void *arg)
{
	return send_text(*(int *)arg, "other", 0) == 5 ? 0 : 1;
}

static void credentials_do_not_mix(void)
{
	struct ends e = new_ends();
	pid_t pid;

	DO(set_opt(e.b, SO_PASSCRED, 1));
	DO(send_text(e.a, "one", 0));
	DO(send_text(e.a, "two", 0));
	pid = dt_child(send_other, &e.a);
	DO(dt_child_wait(pid));
	DO(send_text(e.a, "three", 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

static void credentials_and_rights(void)
{
	struct ends e = new_ends();
	int p[2];

	DO(pipe(p));
	DO(set_opt(e.b, SO_PASSCRED, 1));
	DO(send_fd(e.a, p[0]));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(send_fd(e.a, p[0]));
	TEXT(control_of(e.b, 20, CMSG_SPACE(sizeof(struct ucred)), 0));
}

static void credentials_of_accepted(void)
{
	int l = FD(new_listener('l', 3)), c, s;

	DO(set_opt(l, SO_PASSCRED, 1));
	c = FD(new_connected('l'));
	DO(send_text(c, "x", 0));
	s = FD(accept_on(l, 0));
	TEXT(opt_of(s, SO_PASSCRED));
	TEXT(control_of(s, 20, ROOM, 0));
}

static void time_stamps(void)
{
	struct ends e = new_ends();
	int ns = 1 << 4 | 1 << 3;	/* software, on receive */

	DO(set_opt(e.b, SO_TIMESTAMP, 1));
	DO(send_text(e.a, "us", 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(set_opt(e.b, SO_TIMESTAMPNS, 1));
	TEXT(opt_of(e.b, SO_TIMESTAMP));
	DO(send_text(e.a, "ns", 0));
	TEXT(control_of(e.b, 20, ROOM, MSG_PEEK));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(set_opt(e.b, SO_TIMESTAMPNS, 0));
	DO(set_opt(e.b, SO_TIMESTAMPING, ns));
	DO(send_text(e.a, "ing", 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
	DO(set_opt(e.b, SO_TIMESTAMPING, 0));
	DO(send_text(e.a, "off", 0));
	TEXT(control_of(e.b, 20, ROOM, 0));
}

static void malformed(void)
{
	struct ends e = new_ends();
	struct ucred cred = { getpid(), getuid(), getgid() };
	size_t head = sizeof(struct cmsghdr);
	union control c;
	int fd = 1;

	o.stage = "length";
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, 0, CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, head - 1,
		     CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, CMSG_LEN(4),
		     CMSG_LEN(3)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, -1, CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, CMSG_LEN(3),
		     CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_RIGHTS, &fd, 4, CMSG_LEN(6),
		     CMSG_SPACE(6)));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred),
		     CMSG_LEN(sizeof(cred) - 1), CMSG_SPACE(sizeof(cred))));
	DO(send_cmsg(e.a, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred),
		     CMSG_LEN(sizeof(cred) + 4), CMSG_SPACE(32)));
	o.stage = "kind";
	DO(send_cmsg(e.a, SOL_SOCKET, 0x7777, &fd, 4, CMSG_LEN(4),
		     CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, 0, &fd, 4, CMSG_LEN(4), CMSG_SPACE(4)));
	DO(send_cmsg(e.a, SOL_SOCKET, -1, &fd, 4, CMSG_LEN(4), CMSG_SPACE(4)));
	DO(send_cmsg(e.a, 0, SCM_RIGHTS, &fd, 4, CMSG_LEN(4), CMSG_SPACE(4)));
	DO(send_cmsg(e.a, 0x7777, 1, &fd, 4, CMSG_LEN(4), CMSG_SPACE(4)));
	DO(send_cmsg(e.a, -1, 1, &fd, 4, CMSG_LEN(4), CMSG_SPACE(4)));
	DO(send_cmsg(e.a, 0, 1, &fd, 4, 3, CMSG_SPACE(4)));
	o.stage = "room";
	memset(&c, 0, sizeof(c));
	DO(send_control(e.a, "x", &c, 0));
	DO(send_control(e.a, "x", &c, 1));
	DO(send_control(e.a, "x", &c, head - 1));
	DO(send_control(e.a, "x", &c, head));
	DO(send_control(e.a, "x", (void *)8, head));
	DO(send_control(e.a, "x", NULL, head));
	DO(send_control(e.a, "x", (void *)8, 0));
	o.stage = "what came of it";
	TEXT(drain_of(e.b));
}

/* Twice the same kind in one message. */
static void doubled(void)
{
	struct ends e = new_ends();
	struct ucred cred = { getpid(), getuid(), getgid() };
	struct cmsghdr *cmsg;
	union control c;
	int i, p[2];

	DO(pipe(p));
	DO(set_opt(e.b, SO_PASSCRED, 1));
	memset(&c, 0, sizeof(c));
	cmsg = &c.align;
	for (i = 0; i < 2; i++) {
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(4);
		memcpy(CMSG_DATA(cmsg), p + i, 4);
		cmsg = (void *)((char *)cmsg + CMSG_SPACE(4));
	}
	DO(send_control(e.a, "fds", &c, 2 * CMSG_SPACE(4)));
	TEXT(control_of(e.b, 9, ROOM, 0));
	memset(&c, 0, sizeof(c));
	cmsg = &c.align;
	for (i = 0; i < 2; i++) {
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_CREDENTIALS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(cred));
		memcpy(CMSG_DATA(cmsg), &cred, sizeof(cred));
		cmsg = (void *)((char *)cmsg + CMSG_SPACE(sizeof(cred)));
	}
	DO(send_control(e.a, "creds", &c, 2 * CMSG_SPACE(sizeof(cred))));
	TEXT(control_of(e.b, 9, ROOM, 0));
}

/* A message with an error leaves nothing behind. */
static void control_on_unconnected(void)
{
	int s = FD(new_socket()), p[2];

	DO(pipe(p));
	DO(send_fd(s, p[1]));
	DO(send_fd(s, 9999));
	DO(close(p[1]));
	TEXT(poll_of(p[0]));
}

const struct o_scenario oracle_control[] = {
	{ "rights", rights, O_ALL },
	{ "rights_peek", rights_peek, O_ALL },
	{ "rights_without_room", rights_without_room, O_ALL },
	{ "rights_by_read", rights_by_read, O_ALL },
	{ "rights_in_pieces", rights_in_pieces, O_ALL },
	{ "rights_with_much", rights_with_much, O_ALL },
	{ "rights_bad", rights_bad, O_ALL },
	{ "rights_of_path", rights_of_path, O_ALL },
	{ "rights_of_sockets", rights_of_sockets, O_ALL },
	{ "rights_without_data", rights_without_data, O_ALL },
	{ "rights_of_gone", rights_of_gone, O_ALL },
	{ "credentials", credentials, O_ALL },
	{ "credentials_given", credentials_given, O_ALL },
	{ "credentials_of_nobody", credentials_of_nobody, O_ALL },
	{ "credentials_of_privileged", credentials_of_privileged, O_ALL },
	{ "credentials_effective", credentials_effective, O_ALL },
	{ "credentials_do_not_mix", credentials_do_not_mix, O_ALL },
	{ "credentials_and_rights", credentials_and_rights, O_ALL },
	{ "credentials_of_accepted", credentials_of_accepted, O_LINK },
	{ "time_stamps", time_stamps, O_ALL },
	{ "malformed", malformed, O_ALL },
	{ "doubled", doubled, O_ALL },
	{ "control_on_unconnected", control_on_unconnected, O_ALL },
	{ }
};
