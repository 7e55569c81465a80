/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C suites share: addresses, sockets, mailboxes and views of the
 * module over netlink, children, other users, other namespaces, and waiting
 * for a condition. Nothing here judges; functions that can fail return a
 * negative errno. Nothing here needs a library.
 *
 * No suite waits for time to pass. What another task brings about is awaited
 * by looking (DT_WAIT_UNTIL), and every wait has an end (DT_LONG_MS).
 */
#ifndef DIPC_TEST_H
#define DIPC_TEST_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE first"
#endif

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/dipc.h>
#include <linux/dipc_netlink.h>

/* DT_MAILBOX() below gives defaults and overrides them. */
#pragma GCC diagnostic ignored "-Woverride-init"
/* The harness forks in the middle of a function, in its own macros. */
#pragma GCC diagnostic ignored "-Wclobbered"

#define DT_LONG_MS	40000	/* longer than anything that should happen takes */
#define DT_SHORT_MS	50	/* a limit of time that is meant to run out */
#define DT_NOBODY	65534
#define DT_SOMEBODY	65533

/* What a system call gave, or its negative errno. */
#define DT_ERR(call) ({							\
	long result_ = (call);						\
	result_ < 0 ? -(long)errno : result_;				\
})

/* Look again and again until it is true; gives false if it never was. */
#define DT_WAIT_UNTIL(condition) ({					\
	long end_ = dt_now_ms() + DT_LONG_MS;				\
	bool ok_;							\
	while (!(ok_ = (condition)) && dt_now_ms() < end_)		\
		usleep(500);						\
	ok_;								\
})

long dt_now_ms(void);
/*
 * The same as the last tick saw it. By this SO_RCVTIMEO and SO_SNDTIMEO are
 * never early: where a tick comes late (a busy host), they count it as well.
 */
long dt_ticks_ms(void);

/*
 * Addresses and sockets
 */

int dt_family(void);		/* the module's, as it was loaded */
/* "WHAT.PID.NUMBER", used by nobody else */
void dt_unique(char name[DIPC_NAME_MAX + 1], const char *what);
struct sockaddr_dipc dt_any(void);
struct sockaddr_dipc dt_port(uint64_t id);
struct sockaddr_dipc dt_name(const char *name);
struct sockaddr_dipc dt_mailbox(const char *name);

int dt_socket(int type);
int dt_bind(int fd, const struct sockaddr_dipc *addr);
int dt_connect(int fd, const struct sockaddr_dipc *addr);
int dt_socket_bound(int type, const struct sockaddr_dipc *addr);
int dt_socket_connected(int type, const struct sockaddr_dipc *addr);
uint64_t dt_port_id(int fd);	/* gives it a port if it has none */
/* the address of the socket's own port */
struct sockaddr_dipc dt_port_of(int fd);
/* addr may be NULL: where the socket is connected to */
ssize_t dt_send(int fd, const void *buf, size_t len, int flags,
		const struct sockaddr_dipc *addr);
/* from may be NULL */
ssize_t dt_recv(int fd, void *buf, size_t len, int flags,
		struct sockaddr_dipc *from);
/* one 32-bit number a message: sends, receives (the number or an errno) */
int dt_send_number(int fd, int number, int flags,
		   const struct sockaddr_dipc *addr);
int dt_recv_number(int fd, int flags);
int dt_set_timeout(int fd, int optname, int ms);	/* SO_RCVTIMEO, … */
int dt_get_conf(int fd, struct dipc_queue_conf *conf);
int dt_set_conf(int fd, const struct dipc_queue_conf *conf);
/* capacity in messages and policy of a port, the rest as it is */
int dt_set_capacity(int fd, uint32_t msgs, uint8_t policy);

/*
 * Over netlink
 */

/* What a mailbox is made with; -1: not said. Written as DT_MAILBOX(.mode=…) */
struct dt_mailbox_conf {
	int64_t uid, gid, mode;
	int64_t capacity_msgs, capacity_bytes, msg_max_bytes, policy, scope;
	bool transient;
};

#define DT_MAILBOX(...) (&(const struct dt_mailbox_conf) {		\
	.uid = -1, .gid = -1, .mode = -1, .capacity_msgs = -1,		\
	.capacity_bytes = -1, .msg_max_bytes = -1, .policy = -1,	\
	.scope = -1, __VA_ARGS__ })

/* A mailbox or a port, as far as it has these. */
struct dt_queue {
	char name[DIPC_NAME_MAX + 1];	/* of the mailbox, also of a port's */
	uint64_t id;
	uint32_t uid, gid, mode, scope, socket_type, users;
	int32_t pid;
	bool transient;
	uint32_t capacity_msgs, msg_max_bytes, policy;
	uint64_t capacity_bytes;
	uint32_t queued_msgs, waiting_senders, waiting_receivers;
	uint64_t queued_bytes, dropped;
	uint32_t n_names;
};

struct dt_stats {
	uint64_t counter[__DIPC_REASON_COUNT];
	uint32_t n_counters;		/* how many the module knows */
	uint32_t ports, mailboxes, names;
	uint64_t messages;
};

int dt_mailbox_new(const char *name, const struct dt_mailbox_conf *conf);
int dt_mailbox_set(const char *name, const struct dt_mailbox_conf *conf);
int dt_mailbox_del(const char *name);
int dt_mailbox_purge(const char *name, uint32_t *purged);	/* or NULL */
int dt_mailbox_get(const char *name, struct dt_queue *queue);
int dt_port_get(uint64_t id, struct dt_queue *queue);
int dt_stats_get(struct dt_stats *stats);

/* 0 if there is no such mailbox or port */
uint32_t dt_mailbox_receivers(const char *name);	/* that wait */
uint32_t dt_mailbox_senders(const char *name);
uint32_t dt_mailbox_queued(const char *name);
uint32_t dt_port_receivers(uint64_t id);
uint32_t dt_port_senders(uint64_t id);
uint32_t dt_port_queued(uint64_t id);

/*
 * A request by hand, for what the functions above do not do. Attributes are
 * appended with dt_nl_put(); dt_nl_call() sends and gives the error that the
 * kernel answers with. With NLM_F_DUMP all parts are gone through. The extack
 * of the last error is in nl->extack, and where in the request the attribute
 * is that it is about in nl->bad_offset (0: about none).
 */
struct dt_nl {
	int fd;
	uint16_t family;
	uint32_t len;
	bool overflow;
	char extack[256];
	uint32_t bad_offset;
	uint8_t buf[65536] __attribute__((aligned(8)));
};

typedef void (*dt_nl_cb)(int type, const void *data, int len, void *arg);

int dt_nl_open(struct dt_nl *nl);	/* -ENOENT without the module */
void dt_nl_close(struct dt_nl *nl);
void dt_nl_begin(struct dt_nl *nl, uint8_t cmd, uint16_t flags);
void dt_nl_put(struct dt_nl *nl, uint16_t type, const void *data, size_t len);
void dt_nl_put_u32(struct dt_nl *nl, uint16_t type, uint32_t value);
void dt_nl_put_u64(struct dt_nl *nl, uint16_t type, uint64_t value);
void dt_nl_put_str(struct dt_nl *nl, uint16_t type, const char *value);
/* cb for each attribute of each answer; begin (or NULL) before each answer */
int dt_nl_call(struct dt_nl *nl, void (*begin)(uint8_t cmd, void *arg),
	       dt_nl_cb cb, void *arg);
void dt_nl_attrs(const void *data, int len, dt_nl_cb cb, void *arg);

/*
 * Other tasks
 */

/* A thread whose result can be awaited with an end. */
struct dt_thread {
	pthread_t thread;
	volatile int tid;	/* known once it is started */
	long (*fn)(void *arg);
	void *arg;
	long result;
};

int dt_thread_start(struct dt_thread *t, long (*fn)(void *arg), void *arg);
/* its result; -ETIME if it does not end, and then the process must end soon */
long dt_thread_join(struct dt_thread *t);
/* until a thread (of any process) sleeps in that system call (SYS_…) */
bool dt_wait_asleep(int tid, long nr);
bool dt_is_asleep(int tid, long nr);

/* A child that is killed when its parent dies; fn's result is its status. */
pid_t dt_child(int (*fn)(void *arg), void *arg);
/* its status; minus the signal that killed it; -ETIME (then it was killed) */
int dt_child_wait(pid_t pid);
/* a child with that uid and gid, and no groups or capabilities: fn's result */
int dt_as_user(uid_t uid, int (*fn)(void *arg), void *arg);
/* a child in fresh user and network namespaces, as root there: fn's result */
int dt_as_ns_root(int (*fn)(void *arg), void *arg);
/* a signal handler that does nothing but count into dt_signals */
extern volatile int dt_signals;
int dt_count_signal(int signo, int sa_flags);
/* SIGALRM again and again: the first may come before the call it is to end */
void dt_tick(int ms);		/* 0 ends it */

/*
 * Namespaces and the machine
 */

int dt_netns_new(void);		/* the calling thread enters a new one */
/* Another comes and goes: only with it the kernel frees the last that went. */
void dt_netns_pass(void);
int dt_netns_open(void);	/* a descriptor of the calling thread's */
int dt_netns_enter(int fd);
/* /proc/sys/net/dipc/NAME of the calling thread's namespace */
long long dt_limit_get(const char *name);
int dt_limit_set(const char *name, long long value);
/* objects in use of a slab cache; -ENOENT if it was merged with another */
long dt_slab_objects(const char *cache);
int dt_slab_shrink(const char *cache);
/* wait until what RCU is to free is freed, as far as user space can */
void dt_rcu_barrier(void);
/* a field of /proc/self/status, as "VmHWM", in its unit; or -1 */
long dt_status(const char *field);
/* fill, and find where it differs: the offset, or -1 */
void dt_pattern(void *buf, size_t len, unsigned int seed);
long dt_pattern_differs(const void *buf, size_t len, unsigned int seed);

#endif /* DIPC_TEST_H */
