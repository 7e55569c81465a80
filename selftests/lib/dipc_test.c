// SPDX-License-Identifier: GPL-2.0
/* What the C suites share; see dipc_test.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/membarrier.h>
#include <linux/netlink.h>

#include "dipc_test.h"

volatile int dt_signals;

long dt_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	buf[n] = '\0';
	return n;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	return n < 0 ? -err : 0;
}

/*
 * Addresses and sockets
 */

int dt_family(void)
{
	static int family;
	char buf[16];

	if (!family) {
		family = AF_DIPC;
		if (read_file("/sys/module/dipc/parameters/family", buf,
			      sizeof(buf)) > 0)
			family = atoi(buf);
	}
	return family;
}

void dt_unique(char name[DIPC_NAME_MAX + 1], const char *what)
{
	static int number;

	/* an address wants the padding to be NUL */
	memset(name, 0, DIPC_NAME_MAX + 1);
	snprintf(name, DIPC_NAME_MAX + 1, "%s.%d.%d", what, getpid(),
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
}

struct sockaddr_dipc dt_any(void)
{
	struct sockaddr_dipc addr;

	memset(&addr, 0, sizeof(addr));
	addr.sdipc_family = dt_family();
	return addr;
}

struct sockaddr_dipc dt_port(uint64_t id)
{
	struct sockaddr_dipc addr = dt_any();

	addr.sdipc_type = DIPC_ADDR_PORT;
	addr.sdipc_port = id;
	return addr;
}

static struct sockaddr_dipc with_name(int type, const char *name)
{
	struct sockaddr_dipc addr = dt_any();
	size_t len = strnlen(name, sizeof(addr.sdipc_name));

	addr.sdipc_type = type;
	memcpy(addr.sdipc_name, name, len);
	return addr;
}

struct sockaddr_dipc dt_name(const char *name)
{
	return with_name(DIPC_ADDR_NAME, name);
}

struct sockaddr_dipc dt_mailbox(const char *name)
{
	return with_name(DIPC_ADDR_MAILBOX, name);
}

int dt_socket(int type)
{
	return DT_ERR(socket(dt_family(), type, 0));
}

int dt_bind(int fd, const struct sockaddr_dipc *addr)
{
	return DT_ERR(bind(fd, (const struct sockaddr *)addr, sizeof(*addr)));
}

int dt_connect(int fd, const struct sockaddr_dipc *addr)
{
	return DT_ERR(connect(fd, (const struct sockaddr *)addr,
			      sizeof(*addr)));
}

static int socket_with(int type, const struct sockaddr_dipc *addr,
		       int (*with)(int, const struct sockaddr_dipc *))
{
	int fd = dt_socket(type);
	int err;

	if (fd < 0)
		return fd;
	err = with(fd, addr);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int dt_socket_bound(int type, const struct sockaddr_dipc *addr)
{
	return socket_with(type, addr, dt_bind);
}

int dt_socket_connected(int type, const struct sockaddr_dipc *addr)
{
	return socket_with(type, addr, dt_connect);
}

uint64_t dt_port_id(int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t id = 0;

	if (getsockopt(fd, SOL_DIPC, DIPC_PORT_ID, &id, &len))
		return 0;
	return id;
}

struct sockaddr_dipc dt_port_of(int fd)
{
	return dt_port(dt_port_id(fd));
}

ssize_t dt_send(int fd, const void *buf, size_t len, int flags,
		const struct sockaddr_dipc *addr)
{
	return DT_ERR(sendto(fd, buf, len, flags,
			     (const struct sockaddr *)addr,
			     addr ? sizeof(*addr) : 0));
}

ssize_t dt_recv(int fd, void *buf, size_t len, int flags,
		struct sockaddr_dipc *from)
{
	socklen_t from_len = sizeof(*from);

	return DT_ERR(recvfrom(fd, buf, len, flags, (struct sockaddr *)from,
			       from ? &from_len : NULL));
}

int dt_send_number(int fd, int number, int flags,
		   const struct sockaddr_dipc *addr)
{
	ssize_t n = dt_send(fd, &number, sizeof(number), flags, addr);

	return n < 0 ? n : n == sizeof(number) ? 0 : -EIO;
}

int dt_recv_number(int fd, int flags)
{
	int number;
	ssize_t n = dt_recv(fd, &number, sizeof(number), flags, NULL);

	return n < 0 ? n : n == sizeof(number) ? number : -EIO;
}

int dt_set_timeout(int fd, int optname, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	return DT_ERR(setsockopt(fd, SOL_SOCKET, optname, &tv, sizeof(tv)));
}

int dt_get_conf(int fd, struct dipc_queue_conf *conf)
{
	socklen_t len = sizeof(*conf);

	return DT_ERR(getsockopt(fd, SOL_DIPC, DIPC_QUEUE, conf, &len));
}

int dt_set_conf(int fd, const struct dipc_queue_conf *conf)
{
	return DT_ERR(setsockopt(fd, SOL_DIPC, DIPC_QUEUE, conf,
				 sizeof(*conf)));
}

int dt_set_capacity(int fd, uint32_t msgs, uint8_t policy)
{
	struct dipc_queue_conf conf;
	int err = dt_get_conf(fd, &conf);

	conf.capacity_msgs = msgs;
	conf.policy = policy;
	return err ? err : dt_set_conf(fd, &conf);
}

/*
 * Netlink
 */

static void begin_family(struct dt_nl *nl, uint16_t family, uint8_t cmd,
			 uint8_t version, uint16_t flags)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	struct genlmsghdr *genl = NLMSG_DATA(nlh);

	nl->len = NLMSG_HDRLEN + GENL_HDRLEN;
	nl->overflow = false;
	memset(nl->buf, 0, nl->len);
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = 1;
	genl->cmd = cmd;
	genl->version = version;
}

void dt_nl_begin(struct dt_nl *nl, uint8_t cmd, uint16_t flags)
{
	begin_family(nl, nl->family, cmd, DIPC_FAMILY_VERSION, flags);
}

void dt_nl_put(struct dt_nl *nl, uint16_t type, const void *data, size_t len)
{
	size_t whole = NLA_ALIGN(NLA_HDRLEN + len);
	struct nlattr *attr = (struct nlattr *)(nl->buf + nl->len);

	if (nl->len + whole > sizeof(nl->buf)) {
		nl->overflow = true;
		return;
	}
	memset(attr, 0, whole);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	nl->len += whole;
}

void dt_nl_put_u32(struct dt_nl *nl, uint16_t type, uint32_t value)
{
	dt_nl_put(nl, type, &value, sizeof(value));
}

void dt_nl_put_u64(struct dt_nl *nl, uint16_t type, uint64_t value)
{
	dt_nl_put(nl, type, &value, sizeof(value));
}

void dt_nl_put_str(struct dt_nl *nl, uint16_t type, const char *value)
{
	dt_nl_put(nl, type, value, strlen(value) + 1);
}

void dt_nl_attrs(const void *data, int len, dt_nl_cb cb, void *arg)
{
	const struct nlattr *attr = data;
	int whole;

	while (len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN &&
	       attr->nla_len <= len) {
		cb(attr->nla_type & NLA_TYPE_MASK, (char *)attr + NLA_HDRLEN,
		   attr->nla_len - NLA_HDRLEN, arg);
		whole = NLA_ALIGN(attr->nla_len);
		len -= whole;
		attr = (const void *)((const char *)attr + whole);
	}
}

static void extack_cb(int type, const void *data, int len, void *arg)
{
	struct dt_nl *nl = arg;

	if (type == NLMSGERR_ATTR_MSG)
		snprintf(nl->extack, sizeof(nl->extack), "%.*s", len,
			 (const char *)data);
	if (type == NLMSGERR_ATTR_OFFS && len == sizeof(nl->bad_offset))
		memcpy(&nl->bad_offset, data, len);
}

/* The error of an acknowledgement, and what it says about it. */
static int ack_error(struct dt_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	int skip = sizeof(*e);

	if (nlh->nlmsg_type == NLMSG_DONE)
		skip = sizeof(int);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		dt_nl_attrs((const char *)NLMSG_DATA(nlh) + skip,
			    NLMSG_PAYLOAD(nlh, skip), extack_cb, nl);
	return e->error;
}

int dt_nl_call(struct dt_nl *nl, void (*begin)(uint8_t cmd, void *arg),
	       dt_nl_cb cb, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	const struct genlmsghdr *genl;
	ssize_t n;

	if (nl->overflow)
		return -EOVERFLOW;
	nl->extack[0] = '\0';
	nl->bad_offset = 0;
	nlh->nlmsg_len = nl->len;
	if (send(nl->fd, nl->buf, nl->len, 0) < 0)
		return -errno;
	for (;;) {
		n = recv(nl->fd, nl->buf, sizeof(nl->buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (nlh = (struct nlmsghdr *)nl->buf; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE)
				return ack_error(nl, nlh);
			genl = NLMSG_DATA(nlh);
			if (begin)
				begin(genl->cmd, arg);
			if (cb)
				dt_nl_attrs((const char *)genl + GENL_HDRLEN,
					    NLMSG_PAYLOAD(nlh, GENL_HDRLEN),
					    cb, arg);
		}
	}
}

static void family_cb(int type, const void *data, int len, void *arg)
{
	if (type == CTRL_ATTR_FAMILY_ID && len >= 2)
		memcpy(arg, data, 2);
}

int dt_nl_open(struct dt_nl *nl)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct timeval tv = { DT_LONG_MS / 1000, 0 };
	int one = 1, err;

	nl->family = 0;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (bind(nl->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		goto err_close;
	}
	begin_family(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	dt_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, DIPC_FAMILY_NAME);
	err = dt_nl_call(nl, NULL, family_cb, &nl->family);
	if (err)
		goto err_close;
	return 0;

err_close:
	close(nl->fd);
	nl->fd = -1;
	return err;
}

void dt_nl_close(struct dt_nl *nl)
{
	close(nl->fd);
}

/* A request with a mailbox's name, or with a port's number if there is none. */
static int begin_with(struct dt_nl *nl, uint8_t cmd, const char *name,
		      uint64_t id)
{
	int err = dt_nl_open(nl);

	if (err)
		return err;
	dt_nl_begin(nl, cmd, 0);
	if (name)
		dt_nl_put_str(nl, DIPC_A_MAILBOX_NAME, name);
	else if (id)
		dt_nl_put_u64(nl, DIPC_A_PORT_ID, id);
	return 0;
}

static int end_with(struct dt_nl *nl, dt_nl_cb cb, void *arg)
{
	int err = dt_nl_call(nl, NULL, cb, arg);

	dt_nl_close(nl);
	return err;
}

static void put_conf(struct dt_nl *nl, const struct dt_mailbox_conf *conf)
{
	if (conf->uid >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_UID, conf->uid);
	if (conf->gid >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_GID, conf->gid);
	if (conf->mode >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_MODE, conf->mode);
	if (conf->transient)
		dt_nl_put(nl, DIPC_A_MAILBOX_TRANSIENT, NULL, 0);
	if (conf->capacity_msgs >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_CAPACITY_MSGS,
			      conf->capacity_msgs);
	if (conf->capacity_bytes >= 0)
		dt_nl_put_u64(nl, DIPC_A_MAILBOX_CAPACITY_BYTES,
			      conf->capacity_bytes);
	if (conf->msg_max_bytes >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_MSG_MAX_BYTES,
			      conf->msg_max_bytes);
	if (conf->policy >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_POLICY, conf->policy);
	if (conf->scope >= 0)
		dt_nl_put_u32(nl, DIPC_A_MAILBOX_SCOPE, conf->scope);
}

static int mailbox_request(uint8_t cmd, const char *name,
			   const struct dt_mailbox_conf *conf, dt_nl_cb cb,
			   void *arg)
{
	struct dt_nl nl;
	int err = begin_with(&nl, cmd, name, 0);

	if (err)
		return err;
	if (conf)
		put_conf(&nl, conf);
	return end_with(&nl, cb, arg);
}

int dt_mailbox_new(const char *name, const struct dt_mailbox_conf *conf)
{
	return mailbox_request(DIPC_CMD_MAILBOX_NEW, name, conf, NULL, NULL);
}

int dt_mailbox_set(const char *name, const struct dt_mailbox_conf *conf)
{
	return mailbox_request(DIPC_CMD_MAILBOX_SET, name, conf, NULL, NULL);
}

int dt_mailbox_del(const char *name)
{
	return mailbox_request(DIPC_CMD_MAILBOX_DEL, name, NULL, NULL, NULL);
}

static void purged_cb(int type, const void *data, int len, void *arg)
{
	if (type == DIPC_A_MAILBOX_PURGED && arg)
		memcpy(arg, data, sizeof(uint32_t));
}

int dt_mailbox_purge(const char *name, uint32_t *purged)
{
	return mailbox_request(DIPC_CMD_MAILBOX_PURGE, name, NULL, purged_cb,
			       purged);
}

static uint64_t number(const void *data, int len)
{
	uint32_t v32;
	uint64_t v64;

	if (len >= (int)sizeof(v64)) {
		memcpy(&v64, data, sizeof(v64));
		return v64;
	}
	if (len < (int)sizeof(v32))
		return 0;
	memcpy(&v32, data, sizeof(v32));
	return v32;
}

static void mailbox_cb(int type, const void *data, int len, void *arg)
{
	struct dt_queue *q = arg;
	uint64_t v = number(data, len);

	switch (type) {
	case DIPC_A_MAILBOX_NAME:
		snprintf(q->name, sizeof(q->name), "%.*s", len,
			 (const char *)data);
		break;
	case DIPC_A_MAILBOX_UID:		q->uid = v; break;
	case DIPC_A_MAILBOX_GID:		q->gid = v; break;
	case DIPC_A_MAILBOX_MODE:		q->mode = v; break;
	case DIPC_A_MAILBOX_TRANSIENT:		q->transient = true; break;
	case DIPC_A_MAILBOX_CAPACITY_MSGS:	q->capacity_msgs = v; break;
	case DIPC_A_MAILBOX_CAPACITY_BYTES:	q->capacity_bytes = v; break;
	case DIPC_A_MAILBOX_MSG_MAX_BYTES:	q->msg_max_bytes = v; break;
	case DIPC_A_MAILBOX_POLICY:		q->policy = v; break;
	case DIPC_A_MAILBOX_SCOPE:		q->scope = v; break;
	case DIPC_A_MAILBOX_QUEUED_MSGS:	q->queued_msgs = v; break;
	case DIPC_A_MAILBOX_QUEUED_BYTES:	q->queued_bytes = v; break;
	case DIPC_A_MAILBOX_USERS:		q->users = v; break;
	case DIPC_A_MAILBOX_WAITING_SENDERS:	q->waiting_senders = v; break;
	case DIPC_A_MAILBOX_WAITING_RECEIVERS:	q->waiting_receivers = v; break;
	case DIPC_A_MAILBOX_DROPPED:		q->dropped = v; break;
	}
}

static void port_cb(int type, const void *data, int len, void *arg)
{
	struct dt_queue *q = arg;
	uint64_t v = number(data, len);

	switch (type) {
	case DIPC_A_PORT_MAILBOX:
		snprintf(q->name, sizeof(q->name), "%.*s", len,
			 (const char *)data);
		break;
	case DIPC_A_PORT_ID:			q->id = v; break;
	case DIPC_A_PORT_UID:			q->uid = v; break;
	case DIPC_A_PORT_PID:			q->pid = v; break;
	case DIPC_A_PORT_SOCKET_TYPE:		q->socket_type = v; break;
	case DIPC_A_PORT_NAMES:			q->n_names++; break;
	case DIPC_A_PORT_CAPACITY_MSGS:		q->capacity_msgs = v; break;
	case DIPC_A_PORT_CAPACITY_BYTES:	q->capacity_bytes = v; break;
	case DIPC_A_PORT_MSG_MAX_BYTES:		q->msg_max_bytes = v; break;
	case DIPC_A_PORT_POLICY:		q->policy = v; break;
	case DIPC_A_PORT_QUEUED_MSGS:		q->queued_msgs = v; break;
	case DIPC_A_PORT_QUEUED_BYTES:		q->queued_bytes = v; break;
	case DIPC_A_PORT_WAITING_SENDERS:	q->waiting_senders = v; break;
	case DIPC_A_PORT_WAITING_RECEIVERS:	q->waiting_receivers = v; break;
	case DIPC_A_PORT_DROPPED:		q->dropped = v; break;
	}
}

int dt_mailbox_get(const char *name, struct dt_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	return mailbox_request(DIPC_CMD_MAILBOX_GET, name, NULL, mailbox_cb,
			       queue);
}

int dt_port_get(uint64_t id, struct dt_queue *queue)
{
	struct dt_nl nl;
	int err = begin_with(&nl, DIPC_CMD_PORT_GET, NULL, id);

	memset(queue, 0, sizeof(*queue));
	return err ? err : end_with(&nl, port_cb, queue);
}

struct counter {
	uint32_t reason;
	uint64_t value;
};

static void counter_cb(int type, const void *data, int len, void *arg)
{
	struct counter *c = arg;

	if (type == DIPC_A_COUNTER_REASON)
		c->reason = number(data, len);
	else if (type == DIPC_A_COUNTER_VALUE)
		c->value = number(data, len);
}

static void stats_cb(int type, const void *data, int len, void *arg)
{
	struct dt_stats *stats = arg;
	struct counter c = { 0 };

	switch (type) {
	case DIPC_A_STATS_COUNTER:
		dt_nl_attrs(data, len, counter_cb, &c);
		if (c.reason < __DIPC_REASON_COUNT)
			stats->counter[c.reason] = c.value;
		stats->n_counters++;
		break;
	case DIPC_A_STATS_PORTS:	stats->ports = number(data, len); break;
	case DIPC_A_STATS_MAILBOXES:	stats->mailboxes = number(data, len); break;
	case DIPC_A_STATS_NAMES:	stats->names = number(data, len); break;
	case DIPC_A_STATS_MESSAGES:	stats->messages = number(data, len); break;
	}
}

int dt_stats_get(struct dt_stats *stats)
{
	struct dt_nl nl;
	int err = begin_with(&nl, DIPC_CMD_STATS_GET, NULL, 0);

	memset(stats, 0, sizeof(*stats));
	return err ? err : end_with(&nl, stats_cb, stats);
}

uint32_t dt_mailbox_receivers(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.waiting_receivers;
}

uint32_t dt_mailbox_senders(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.waiting_senders;
}

uint32_t dt_mailbox_queued(const char *name)
{
	struct dt_queue q;

	return dt_mailbox_get(name, &q) ? 0 : q.queued_msgs;
}

uint32_t dt_port_receivers(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.waiting_receivers;
}

uint32_t dt_port_senders(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.waiting_senders;
}

uint32_t dt_port_queued(uint64_t id)
{
	struct dt_queue q;

	return dt_port_get(id, &q) ? 0 : q.queued_msgs;
}

/*
 * Other tasks
 */

static void *run_thread(void *arg)
{
	struct dt_thread *t = arg;

	t->tid = syscall(SYS_gettid);
	t->result = t->fn(t->arg);
	return NULL;
}

int dt_thread_start(struct dt_thread *t, long (*fn)(void *arg), void *arg)
{
	int err;

	t->tid = 0;
	t->fn = fn;
	t->arg = arg;
	t->result = 0;
	err = pthread_create(&t->thread, NULL, run_thread, t);
	if (err)
		return -err;
	return DT_WAIT_UNTIL(t->tid) ? 0 : -ETIME;
}

long dt_thread_join(struct dt_thread *t)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += DT_LONG_MS / 1000;
	if (pthread_timedjoin_np(t->thread, NULL, &end))
		return -ETIME;
	return t->result;
}

bool dt_is_asleep(int tid, long nr)
{
	char path[64], buf[512];
	const char *state;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return false;
	state = strrchr(buf, ')');
	if (!state || state[2] != 'S')
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return false;
	return buf[0] >= '0' && buf[0] <= '9' && atol(buf) == nr;
}

bool dt_wait_asleep(int tid, long nr)
{
	return DT_WAIT_UNTIL(dt_is_asleep(tid, nr));
}

static pid_t fork_bound(void)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(255);
	return 0;
}

pid_t dt_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork_bound();

	if (!pid)
		_exit(fn(arg));
	return pid;
}

int dt_child_wait(pid_t pid)
{
	int status = 0;

	if (!DT_WAIT_UNTIL(waitpid(pid, &status, WNOHANG) == pid)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -ETIME;
	}
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status);
}

static bool become_user(uid_t uid)
{
	return !setgroups(0, NULL) && !setresgid(uid, uid, uid) &&
	       !setresuid(uid, uid, uid);
}

static bool become_ns_root(uid_t uid)
{
	char map[32];

	if (!become_user(uid))
		return false;
	/* else /proc/self belongs to root */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	snprintf(map, sizeof(map), "0 %d 1", (int)uid);
	return !write_file("/proc/self/setgroups", "deny") &&
	       !write_file("/proc/self/uid_map", map) &&
	       !write_file("/proc/self/gid_map", map);
}

/* The result comes through a pipe, for a status has no room for an errno. */
static int run_as(bool (*become)(uid_t uid), uid_t uid, int (*fn)(void *arg),
		  void *arg)
{
	int result = -ECHILD, pipefd[2];
	pid_t pid;

	if (pipe(pipefd))
		return -errno;
	pid = fork_bound();
	if (!pid) {
		/* changing credentials clears what fork_bound() asked for */
		result = become(uid) ? 0 : -EPERM;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!result)
			result = fn(arg);
		if (write(pipefd[1], &result, sizeof(result)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipefd[1]);
	if (pid > 0) {
		int status = dt_child_wait(pid);

		if (status)
			result = status < 0 ? status : -ECHILD;
		else if (read(pipefd[0], &result, sizeof(result)) !=
			 sizeof(result))
			result = -ECHILD;
	}
	close(pipefd[0]);
	return result;
}

int dt_as_user(uid_t uid, int (*fn)(void *arg), void *arg)
{
	return run_as(become_user, uid, fn, arg);
}

int dt_as_ns_root(int (*fn)(void *arg), void *arg)
{
	return run_as(become_ns_root, DT_NOBODY, fn, arg);
}

static void count_signal(int signo)
{
	dt_signals++;
}

int dt_count_signal(int signo, int sa_flags)
{
	struct sigaction sa = { .sa_handler = count_signal,
				.sa_flags = sa_flags };

	return DT_ERR(sigaction(signo, &sa, NULL));
}

void dt_tick(int ms)
{
	struct itimerval timer = { { ms / 1000, ms % 1000 * 1000 },
				   { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Namespaces and the machine
 */

int dt_netns_new(void)
{
	return DT_ERR(unshare(CLONE_NEWNET));
}

int dt_netns_open(void)
{
	return DT_ERR(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

int dt_netns_enter(int fd)
{
	return DT_ERR(setns(fd, CLONE_NEWNET));
}

static void limit_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/proc/sys/net/dipc/%s", name);
}

long long dt_limit_get(const char *name)
{
	char path[128], buf[64];
	int n;

	limit_path(path, sizeof(path), name);
	n = read_file(path, buf, sizeof(buf));
	return n < 0 ? n : atoll(buf);
}

int dt_limit_set(const char *name, long long value)
{
	char path[128], buf[32];

	limit_path(path, sizeof(path), name);
	snprintf(buf, sizeof(buf), "%lld", value);
	return write_file(path, buf);
}

long dt_slab_objects(const char *cache)
{
	char line[256], name[64];
	long active, found = -ENOENT;
	FILE *f = fopen("/proc/slabinfo", "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", name, &active) == 2 &&
		    !strcmp(name, cache))
			found = active;
	fclose(f);
	return found;
}

int dt_slab_shrink(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	return write_file(path, "1");
}

void dt_rcu_barrier(void)
{
	int i;

	if (!write_file("/sys/module/rcutree/parameters/do_rcu_barrier", "1"))
		return;
	/* grace periods; after the second, callbacks of the first have run */
	for (i = 0; i < 3; i++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

long dt_status(const char *field)
{
	size_t len = strlen(field);
	char buf[8192];
	char *line;

	if (read_file("/proc/self/status", buf, sizeof(buf)) <= 0)
		return -1;
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, len) && line[len] == ':')
			return atol(line + len + 1);
	}
	return -1;
}

/* A byte that depends on its place and on the seed. */
static uint8_t pattern_byte(size_t i, unsigned int seed)
{
	uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u;

	return x >> 24 ^ x >> 11;
}

void dt_pattern(void *buf, size_t len, unsigned int seed)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern_byte(i, seed);
}

long dt_pattern_differs(const void *buf, size_t len, unsigned int seed)
{
	const uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != pattern_byte(i, seed))
			return i;
	return -1;
}
