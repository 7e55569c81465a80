// SPDX-License-Identifier: GPL-2.0
/*
 * The recorder of the oracle, and the calls that scenarios are made of; see
 * oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include "oracle.h"

struct o_side o;

static __thread volatile int sigpipes;
/* the line of the call going on, in this process */
static struct o_line *current;

static void count_sigpipe(int signo)
{
	sigpipes++;
}

void o_sigpipe_start(void)
{
	struct sigaction sa = { .sa_handler = count_sigpipe };

	sigaction(SIGPIPE, &sa, NULL);
}

void o_begin(const char *call)
{
	struct o_log *log = o.log;
	struct o_line *line;
	char first[101];
	int i, again = 1;

	current = NULL;
	if (log->n == O_LINES) {
		log->overflow = true;
		return;
	}
	line = current = &log->line[log->n];
	line->gave[0] = '\0';
	snprintf(first, sizeof(first), "%s%s%s", o.stage ? o.stage : "",
		 o.stage ? ": " : "", call);
	snprintf(line->call, sizeof(line->call), "%s", first);
	/* no two lines have the same call, so that the list can name one */
	for (i = 0; i < log->n; i++)
		if (!strcmp(log->line[i].call, line->call)) {
			snprintf(line->call, sizeof(line->call), "%.100s #%d",
				 first, ++again);
			i = -1;
		}
	/* the judge sees in which call a process hangs or dies */
	__atomic_store_n(&log->n, log->n + 1, __ATOMIC_RELEASE);
	sigpipes = 0;
}

const char *o_text(const char *text)
{
	if (current)
		snprintf(current->gave, sizeof(current->gave), "%s%s", text,
			 sigpipes ? " SIGPIPE" : "");
	return text;
}

const char *error_text(long err)
{
	const char *name = strerrorname_np(-err);

	return name ? name : "?";
}

static const char *number_text(long ret)
{
	static __thread char text[32];

	if (ret < 0)
		return error_text(ret);
	snprintf(text, sizeof(text), "%ld", ret);
	return text;
}

long o_number(long ret)
{
	o_text(number_text(ret));
	return ret;
}

long o_fd(long ret)
{
	o_text(ret < 0 ? error_text(ret) : "fd");
	return ret;
}

/*
 * Addresses
 */

struct o_addr o_addr(char letter)
{
	struct o_addr addr;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_dipc dipc = dt_any();
	char name[DIPC_NAME_MAX + 1] = "";

	memset(&addr, 0, sizeof(addr));
	snprintf(name, sizeof(name), "%s.%c", o.unique, letter);
	if (o.dipc) {
		if (letter)
			dipc = dt_name(name);
		memcpy(&addr.storage, &dipc, sizeof(dipc));
		addr.len = sizeof(dipc);
		return addr;
	}
	addr.len = offsetof(struct sockaddr_un, sun_path);
	if (letter) {
		memcpy(un.sun_path + 1, name, strlen(name));
		addr.len += 1 + strlen(name);
	}
	memcpy(&addr.storage, &un, sizeof(un));
	return addr;
}

static const char *letter_text(const char *name, size_t len)
{
	static __thread char text[4];
	size_t unique = strlen(o.unique);

	if (len != unique + 2 || memcmp(name, o.unique, unique))
		return NULL;
	snprintf(text, sizeof(text), "%c", name[unique + 1]);
	return text;
}

const char *addr_text(const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_un *un = (const void *)sa;
	const struct sockaddr_dipc *dipc = (const void *)sa;
	const char *text = NULL;
	size_t path = offsetof(struct sockaddr_un, sun_path);

	if (!len)
		return "none";
	if (sa->sa_family != o.family)
		return "another family";
	if (!o.dipc) {
		if (len == path)
			return "none";
		if (len == path + 6 && !un->sun_path[0])
			return "chosen";
		if (len > path && !un->sun_path[0])
			text = letter_text(un->sun_path + 1, len - path - 1);
		return text ? text : "?";
	}
	if (len != sizeof(*dipc))
		return "another length";
	switch (dipc->sdipc_type) {
	case DIPC_ADDR_ANY:
		return "none";
	case DIPC_ADDR_PORT:
		return "chosen";
	case DIPC_ADDR_NAME:
		text = letter_text(dipc->sdipc_name, strlen(dipc->sdipc_name));
		break;
	}
	return text ? text : "?";
}

/*
 * Sockets
 */

int new_socket(void)
{
	return socket(o.family, o.type, 0);
}

int new_socket_nonblock(void)
{
	return socket(o.family, o.type | SOCK_NONBLOCK, 0);
}

int bind_to(int fd, char letter)
{
	struct o_addr addr = o_addr(letter);

	return bind(fd, &addr.sa, addr.len);
}

int bind_len(int fd, char letter, int len)
{
	struct o_addr addr = o_addr(letter);

	return bind(fd, &addr.sa, len);
}

int connect_to(int fd, char letter)
{
	struct o_addr addr = o_addr(letter);

	return connect(fd, &addr.sa, addr.len);
}

int connect_len(int fd, char letter, int len)
{
	struct o_addr addr = o_addr(letter);

	return connect(fd, &addr.sa, len);
}

int connect_family(int fd, int family)
{
	struct o_addr addr = o_addr(0);

	addr.sa.sa_family = family;
	return connect(fd, &addr.sa, addr.len);
}

/* What a scenario starts from is logged only if it fails. */
static long must(const char *what, long ret)
{
	if (ret < 0) {
		o_begin(what);
		o_number(ret);
	}
	return ret;
}

int new_bound(char letter)
{
	int fd = must("new_bound: socket()", DT_ERR(new_socket()));

	must("new_bound: bind()", DT_ERR(bind_to(fd, letter)));
	return fd;
}

int new_listener(char letter, int backlog)
{
	int fd = new_bound(letter);

	must("new_listener: listen()", DT_ERR(listen(fd, backlog)));
	return fd;
}

int new_connected(char letter)
{
	int fd = must("new_connected: socket()", DT_ERR(new_socket()));

	must("new_connected: connect()", DT_ERR(connect_to(fd, letter)));
	return fd;
}

int accept_fd(int fd)
{
	return must("accept_fd: accept()", DT_ERR(accept(fd, NULL, NULL)));
}

struct ends new_ends(void)
{
	struct ends e;
	int l;

	if (o.type == SOCK_DGRAM) {
		e.a = new_bound('a');
		e.b = new_bound('b');
		must("new_ends: connect()", DT_ERR(connect_to(e.a, 'b')));
		must("new_ends: connect()", DT_ERR(connect_to(e.b, 'a')));
		return e;
	}
	l = new_listener('b', 1);
	e.a = new_connected('b');
	e.b = accept_fd(l);
	close(l);
	return e;
}

int accept_on(int fd, int flags)
{
	return accept4(fd, NULL, NULL, flags);
}

void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/*
 * Sending and receiving
 */

ssize_t send_text(int fd, const char *text, int flags)
{
	return send(fd, text, strlen(text), flags);
}

ssize_t send_to(int fd, const char *text, char letter, int flags)
{
	struct o_addr addr = o_addr(letter);

	return sendto(fd, text, strlen(text), flags, &addr.sa, addr.len);
}

ssize_t send_bytes(int fd, size_t n, int flags)
{
	char *buf = malloc(n ? n : 1);
	ssize_t ret;
	int err;

	dt_pattern(buf, n, 1);
	ret = send(fd, buf, n, flags);
	err = errno;
	free(buf);
	errno = err;
	return ret;
}

static const char *data_text(const char *data, size_t len)
{
	static __thread char text[64];
	uint32_t sum = 2166136261u;
	bool printable = len <= 32;
	size_t i;

	for (i = 0; i < len; i++) {
		sum = (sum ^ (uint8_t)data[i]) * 16777619u;
		printable &= data[i] >= ' ' && data[i] <= '~';
	}
	if (printable)
		snprintf(text, sizeof(text), "'%.*s'", (int)len, data);
	else
		snprintf(text, sizeof(text), "sum %08x", sum);
	return text;
}

static const struct {
	int flag;
	const char *name;
} msg_flags[] = {
	{ MSG_TRUNC, "TRUNC" }, { MSG_CTRUNC, "CTRUNC" },
	{ MSG_OOB, "OOB" }, { MSG_ERRQUEUE, "ERRQUEUE" },
};

enum told { TOLD_NOTHING, TOLD_FROM, TOLD_EOR };

static const char *recv_text(int fd, size_t size, int flags, enum told told)
{
	static __thread char text[136];
	static __thread char data[70000];
	char control[256];
	struct sockaddr_storage name;
	struct iovec iov = { data, size < sizeof(data) ? size : sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_name = &name, .msg_namelen = sizeof(name),
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = DT_ERR(recvmsg(fd, &msg, flags));
	size_t len, have, i;

	if (n < 0)
		return error_text(n);
	have = (size_t)n < iov.iov_len ? (size_t)n : iov.iov_len;
	len = snprintf(text, sizeof(text), "%zd %s", n, data_text(data, have));
	for (i = 0; i < sizeof(msg_flags) / sizeof(msg_flags[0]); i++)
		if (msg.msg_flags & msg_flags[i].flag)
			len += snprintf(text + len, sizeof(text) - len, " %s",
					msg_flags[i].name);
	if (told == TOLD_EOR && msg.msg_flags & MSG_EOR)
		len += snprintf(text + len, sizeof(text) - len, " EOR");
	if (told == TOLD_FROM)
		len += snprintf(text + len, sizeof(text) - len, " from %s",
				addr_text((void *)&name, msg.msg_namelen));
	if (msg.msg_controllen)
		snprintf(text + len, sizeof(text) - len, " +control");
	return text;
}

const char *recv_of(int fd, size_t size, int flags)
{
	return recv_text(fd, size, flags, TOLD_NOTHING);
}

const char *recv_from(int fd, size_t size, int flags)
{
	return recv_text(fd, size, flags, TOLD_FROM);
}

const char *recv_eor(int fd, size_t size, int flags)
{
	return recv_text(fd, size, flags, TOLD_EOR);
}

const char *fill_of(int fd)
{
	static char text[48];
	char buf[1000] = "";
	int n = 0;
	long ret;

	do {
		ret = DT_ERR(send(fd, buf, sizeof(buf), MSG_DONTWAIT));
	} while (ret > 0 && ++n < 100000);
	snprintf(text, sizeof(text), "%s, then %s", n ? "some" : "none",
		 number_text(ret));
	return text;
}

const char *drain_of(int fd)
{
	static char text[48];
	char buf[4096];
	int n = 0;
	long ret;

	do {
		ret = DT_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	} while (ret > 0 && ++n < 1000000);
	snprintf(text, sizeof(text), "%s, then %s", n ? "some" : "none",
		 number_text(ret));
	return text;
}

/*
 * What is told of a socket
 */

const char *events_text(unsigned int events)
{
	static __thread char text[96];
	static const struct {
		unsigned int event;
		const char *name;
	} names[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
		{ POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" },
		{ POLLWRNORM, "WRNORM" }, { POLLWRBAND, "WRBAND" },
		{ POLLERR, "ERR" }, { POLLHUP, "HUP" },
		{ POLLRDHUP, "RDHUP" }, { POLLNVAL, "NVAL" },
	};
	size_t i, len = 0;

	if (!events)
		return "nothing";
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (events & names[i].event)
			len += snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? " " : "", names[i].name);
	return text;
}

const char *poll_of(int fd)
{
	struct pollfd p = { .fd = fd, .events = 0x7ff | POLLRDHUP };
	long n = DT_ERR(poll(&p, 1, 0));

	return n < 0 ? error_text(n) : events_text(p.revents & 0xffff);
}

static const char *ask_name(int fd, int (*ask)(int, struct sockaddr *,
					       socklen_t *))
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (ask(fd, (struct sockaddr *)&name, &len))
		return error_text(-errno);
	return addr_text((struct sockaddr *)&name, len);
}

const char *name_of(int fd)
{
	return ask_name(fd, getsockname);
}

const char *peer_of(int fd)
{
	return ask_name(fd, getpeername);
}

int has_peer(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	return getpeername(fd, (struct sockaddr *)&name, &len);
}

static int accept_close(int fd, struct sockaddr *addr, socklen_t *len)
{
	int ret = accept(fd, addr, len);

	if (ret < 0)
		return -1;
	close(ret);
	return 0;
}

const char *accept_name_of(int fd)
{
	return ask_name(fd, accept_close);
}

const char *opt_of(int fd, int optname)
{
	static __thread char text[32];
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, optname, &value, &len))
		return error_text(-errno);
	if (optname == SO_ERROR && value)
		return error_text(-value);
	if (optname == SO_DOMAIN)
		return value == o.family ? "own" : "another";
	snprintf(text, sizeof(text), "%d", value);
	return text;
}

int set_opt(int fd, int optname, int value)
{
	return setsockopt(fd, SOL_SOCKET, optname, &value, sizeof(value));
}

const char *cred_of(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return error_text(-errno);
	if (!cred.pid && cred.uid == (uid_t)-1 && cred.gid == (gid_t)-1)
		return "none";
	if (cred.pid == getpid() && cred.uid == geteuid() &&
	    cred.gid == getegid())
		return "own";
	if (cred.pid == getppid())
		return "parent";
	return "another";
}

const char *inq_of(int fd)
{
	int n;

	return number_text(ioctl(fd, SIOCINQ, &n) ? -errno : n);
}

const char *outq_of(int fd)
{
	int n;

	if (ioctl(fd, SIOCOUTQ, &n))
		return error_text(-errno);
	return n ? "some" : "0";
}

/*
 * Calls in threads
 */

static void gave_number(struct bg *b, long ret)
{
	snprintf(b->gave, sizeof(b->gave), "%s%s", number_text(ret),
		 sigpipes ? " SIGPIPE" : "");
}

static long run_recv(void *arg)
{
	struct bg *b = arg;

	snprintf(b->gave, sizeof(b->gave), "%s",
		 recv_of(b->fd, b->size, b->flags));
	b->done = true;
	return 0;
}

static long run_send(void *arg)
{
	struct bg *b = arg;

	gave_number(b, DT_ERR(send_bytes(b->fd, b->size, b->flags)));
	b->done = true;
	return 0;
}

static long run_accept(void *arg)
{
	struct bg *b = arg;
	long ret = DT_ERR(syscall(SYS_accept, b->fd, NULL, NULL));

	snprintf(b->gave, sizeof(b->gave), "%s",
		 ret < 0 ? error_text(ret) : "fd");
	b->done = true;
	return 0;
}

static long run_connect(void *arg)
{
	struct bg *b = arg;

	gave_number(b, DT_ERR(connect_to(b->fd, b->letter)));
	b->done = true;
	return 0;
}

static long run_poll(void *arg)
{
	struct bg *b = arg;
	struct pollfd p = { .fd = b->fd, .events = b->flags };
	long n = DT_ERR(syscall(SYS_poll, &p, 1, DT_LONG_MS));

	snprintf(b->gave, sizeof(b->gave), "%s", n < 0 ? error_text(n) :
		 events_text(p.revents & 0xffff));
	b->done = true;
	return 0;
}

static void start(struct bg *b, long nr, long (*run)(void *arg))
{
	b->nr = nr;
	b->done = false;
	b->gave[0] = '\0';
	must("thread", dt_thread_start(&b->thread, run, b));
}

void bg_recv(struct bg *b, int fd, size_t size, int flags)
{
	b->fd = fd;
	b->size = size;
	b->flags = flags;
	start(b, SYS_recvmsg, run_recv);
}

void bg_send(struct bg *b, int fd, size_t size, int flags)
{
	b->fd = fd;
	b->size = size;
	b->flags = flags;
	start(b, SYS_sendto, run_send);
}

void bg_accept(struct bg *b, int fd)
{
	b->fd = fd;
	start(b, SYS_accept, run_accept);
}

void bg_connect(struct bg *b, int fd, char letter)
{
	b->fd = fd;
	b->letter = letter;
	start(b, SYS_connect, run_connect);
}

void bg_poll(struct bg *b, int fd, int events)
{
	b->fd = fd;
	b->flags = events;
	start(b, SYS_poll, run_poll);
}

const char *bg_state(struct bg *b)
{
	if (!DT_WAIT_UNTIL(b->done || dt_is_asleep(b->thread.tid, b->nr)))
		return "busy";
	return b->done ? "done" : "asleep";
}

const char *bg_end(struct bg *b)
{
	return dt_thread_join(&b->thread) == -ETIME ? "hangs" : b->gave;
}

int bg_signal(struct bg *b)
{
	bg_state(b);
	return syscall(SYS_tgkill, getpid(), b->thread.tid, SIGUSR1);
}
