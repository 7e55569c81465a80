/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls (requests and replies) for tests, each step in one line and in either
 * form: by ioctl, or by control messages. Requests and replies are texts,
 * where the test does not say otherwise. Nothing here judges.
 */
#ifndef DIPC_TEST_CALLS_H
#define DIPC_TEST_CALLS_H

#include <sys/ioctl.h>

#include "dipc_test.h"

enum calls_form {
	BY_OP,			/* ioctl(DIPC_IOC_OP) */
	BY_MSG,			/* sendmsg(), recvmsg() */
};

#define CALLS_TEXT_MAX	4096
#define CALLS_FDS_MAX	4

#define PTR(p)		((uintptr_t)(p))

/* The ioctl with what is said, and its size: what it gave or -errno. */
#define OP(fd, ...)							\
	calls_op(fd, &(struct dipc_op) { .size = sizeof(struct dipc_op),	\
					 __VA_ARGS__ })
long calls_op(int fd, struct dipc_op *op);

/* What goes with a request; written as WITH(.cookie = 7). */
struct calls_with {
	uint64_t cookie, try_ns, deadline_ns, tag;
	uint32_t reply_max;
	int semantics;
	int priority;			/* -1: none is given */
	const struct sockaddr_dipc *dest;	/* NULL: as connected */
	const int *fd;			/* BY_MSG only */
	int n_fds;
	bool dontwait;
};

#define WITH(...) (&(const struct calls_with) {				\
	.reply_max = CALLS_TEXT_MAX, .priority = -1, __VA_ARGS__ })

/*
 * The client
 */

/* How a call has ended. */
struct calls_end {
	long ret;		/* of the system call, or -errno */
	struct dipc_outcome outcome;
	bool has_outcome;	/* BY_MSG: it was told */
	int flags;		/* BY_MSG: msg_flags */
	int fd[CALLS_FDS_MAX];	/* BY_MSG: that came with the reply */
	int n_fds;
	char text[CALLS_TEXT_MAX + 1];	/* the reply */
};

/* An asynchronous one: what the system call gave, or -errno. */
long calls_start(enum calls_form form, int fd, const char *text,
		 const struct calls_with *with);
long calls_start_bytes(enum calls_form form, int fd, const void *buf,
		       size_t len, const struct calls_with *with);
/* Any that has ended; flags: MSG_DONTWAIT, MSG_PEEK (BY_MSG) or 0. */
struct calls_end calls_finish(enum calls_form form, int fd, int flags);
struct calls_end calls_finish_cookie(int fd, uint64_t cookie, int flags);
long calls_cancel(enum calls_form form, int fd, uint64_t cookie);
/* One that waits for its reply: the ioctl, or a send and a receive. */
struct calls_end calls_call(enum calls_form form, int fd, const char *text,
			    const struct calls_with *with);

/* The same in a thread of its own. */
struct calls_client {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	const char *text;
	struct calls_with with;
	struct calls_end end;
	volatile bool ended;
};

int calls_client_start(struct calls_client *c, enum calls_form form, int fd,
		       const char *text, const struct calls_with *with);
bool calls_client_is_asleep(const struct calls_client *c);
bool calls_client_wait_asleep(const struct calls_client *c);
int calls_client_interrupt(const struct calls_client *c, int signo);
/* what calls_call() gave in c->end; its ret, or -ETIME */
long calls_client_end(struct calls_client *c);

/*
 * The server
 */

/* What was received: a request, or (r.handle is 0) another message. */
struct calls_got {
	long ret;		/* of the system call, or -errno */
	struct dipc_request r;
	bool has_request;	/* BY_MSG: DIPC_REQUEST came along */
	struct sockaddr_dipc from;	/* BY_MSG */
	struct ucred ucred;	/* the same, with SO_PASSCRED */
	int flags;		/* the same, msg_flags */
	int fd[CALLS_FDS_MAX];	/* the same */
	int n_fds;
	char text[CALLS_TEXT_MAX + 1];
};

/* The socket takes calls from now on: 0 or -errno. */
int calls_take_calls(int fd);
/* A socket that does, bound: a descriptor or -errno. */
int calls_server(int type, const struct sockaddr_dipc *addr);
/* flags: MSG_DONTWAIT, MSG_PEEK (BY_MSG) or 0 */
struct calls_got calls_recv(enum calls_form form, int fd, int flags);
long calls_reply(enum calls_form form, int fd, uint64_t handle,
		 const char *text);
long calls_reply_at(enum calls_form form, int fd, uint64_t handle,
		    uint64_t offset, const void *buf, size_t len);
/* The reply goes on after this. */
long calls_write(enum calls_form form, int fd, uint64_t handle,
		 uint64_t offset, const void *buf, size_t len);
long calls_reply_fd(int sock, uint64_t handle, const char *text, int fd);
long calls_read(int fd, uint64_t handle, uint64_t offset, void *buf,
		size_t len);
long calls_forward(enum calls_form form, int fd, uint64_t handle,
		   const struct sockaddr_dipc *dest);
long calls_drop(enum calls_form form, int fd, uint64_t handle);
/* The next cancel notice: 0 or -errno (EAGAIN: there is none). */
int calls_cancelled(int fd, struct dipc_cancelled *notice);
bool calls_wait_cancelled(int fd, struct dipc_cancelled *notice);

/* Receive and reply the same text, in capitals, until it is told to end. */
struct calls_echo {
	struct dt_thread thread;
	enum calls_form form;
	int fd;
	volatile long served;
	volatile bool ends;	/* said by a request "end" */
};

int calls_echo_start(struct calls_echo *e, enum calls_form form, int fd);
/* by a call from another socket; what the thread gave: 0 or -errno */
long calls_echo_end(struct calls_echo *e);

/*
 * A process of its own, with no descriptor of this one's, that does what it is
 * told: functions of the suite, one after the other. Whether it opens a server
 * or a client, and how it dies, is the test's affair.
 */
struct calls_peer_memory {	/* seen by both */
	int fd, listener;	/* the peer's sockets, numbers of its own */
	struct calls_got got;
	struct calls_end end;
	int place;		/* enum calls_place, and its address */
	struct sockaddr_dipc addr;
	long value;		/* for the suite */
};

struct calls_peer {
	pid_t pid;
	int sock;
	struct calls_peer_memory *m;
};

typedef long (*calls_peer_fn)(struct calls_peer_memory *m, long arg);

int calls_peer_start(struct calls_peer *p);
/* what fn gave; -ETIME if it takes too long, -EPIPE if the process is gone */
long calls_peer_do(struct calls_peer *p, calls_peer_fn fn, long arg);
/* the same in two steps, for what sleeps */
int calls_peer_begin(struct calls_peer *p, calls_peer_fn fn, long arg);
long calls_peer_end(struct calls_peer *p);
bool calls_peer_wait_asleep(const struct calls_peer *p, long nr);
int calls_peer_stop(struct calls_peer *p);	/* SIGSTOP, until it stands */
int calls_peer_continue(struct calls_peer *p);
/* SIGKILL; until it is gone and its descriptors are closed: 0 or -ETIME */
int calls_peer_kill(struct calls_peer *p);

/*
 * Counters, and time
 */

/* by how much one has moved since then */
long calls_counted(const struct dt_stats *before, enum dipc_reason reason);

/* how many times slower than usual this kernel is */
int calls_slow(void);

#endif /* DIPC_TEST_CALLS_H */
