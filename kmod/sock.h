/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket as seen by those who bind it, send and receive with it: its own
 * port, the queue it receives from, where it sends to, and as whom.
 *
 * Lifetime: that of its struct sock; freed after a grace period, for queues
 * and the account call it under RCU (SOCK_RCU_FREE).
 * Locking: lock_sock() covers @port, @rx, @route and @bound being set; @port
 * and @rx are set once, from then on can be read with an acquire; @route and
 * @sender are read under RCU. @sender_lock covers @sender being replaced.
 * lock_sock() is taken before the mutexes of the tables, never by those who
 * deliver.
 */
#ifndef _DIPC_SOCK_H
#define _DIPC_SOCK_H

#include <net/sock.h>

#include "net.h"
#include "route.h"

struct dipc_sock {
	struct sock		sk;		/* must be first */
	struct dipc_port	*port;
	struct dipc_queue	*rx;		/* counted */
	struct dipc_mailbox	*mailbox;	/* rx's, if bound to one */
	struct dipc_name	*bound;		/* counted; what was bound first */
	struct dipc_account	*account;
	struct dipc_sender __rcu *sender;
	struct dipc_route __rcu	*route;
	spinlock_t		sender_lock;	/* for @sender to be replaced */
	bool			reuse_name;
	bool			numbered;	/* bound by number or any first */
	int			notify;		/* DIPC_NOTIFY_* below */
	atomic64_t		next_id;	/* of messages */
	struct dipc_watcher	watcher;
	struct dipc_queue_conf	conf;		/* for the port to be made */
};

enum {
	DIPC_NOTIFY_EACH = 0,
	DIPC_NOTIFY_ARMED = 1,
	DIPC_NOTIFY_SENT = 2,
};

static inline struct dipc_sock *dipc_sk(const struct sock *sk)
{
	return (struct dipc_sock *)sk;
}

/* The queue the socket receives from, or NULL if it is not bound yet. */
static inline struct dipc_queue *dipc_sock_rx(const struct dipc_sock *ds)
{
	/* pairs with the release in bind.c */
	return smp_load_acquire(&ds->rx);
}

/* bind.c */
int dipc_sock_bind(struct dipc_sock *ds, const struct sockaddr_dipc *addr);
int dipc_sock_autobind(struct dipc_sock *ds);
void dipc_sock_unbind(struct dipc_sock *ds);
void dipc_sock_name(struct dipc_sock *ds, struct sockaddr_dipc *addr);

/* connect.c */
int dipc_sock_connect(struct dipc_sock *ds, const struct sockaddr_dipc *addr);
struct dipc_route *dipc_sock_route(struct dipc_sock *ds);

/* poll.c */
int dipc_sock_init_wake(struct dipc_sock *ds);
bool dipc_sock_account_room(struct dipc_sock *ds, size_t truesize);
bool dipc_sock_ask_room(struct dipc_sock *ds, struct dipc_queue *q, size_t len);
void dipc_sock_tell_room(struct dipc_sock *ds);
__poll_t dipc_sock_poll(struct file *file, struct socket *sock,
			struct poll_table_struct *wait);

/* send.c, receive.c */
int dipc_sock_send(struct dipc_sock *ds, struct msghdr *msg, size_t len);
int dipc_sock_receive(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      int flags);

/* sockopt.c */
int dipc_sock_setopt(struct dipc_sock *ds, int optname, sockptr_t optval,
		     unsigned int optlen);
int dipc_sock_getopt(struct dipc_sock *ds, int optname, char __user *optval,
		     int __user *optlen);

#endif /* _DIPC_SOCK_H */
