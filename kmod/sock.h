/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket as seen by those who bind it, send and receive with it: its own
 * port, the queue it receives from, where it sends to, and as whom.
 *
 * Most sockets use little of what there is: that is made when it is first
 * needed, so that one is not larger than AF_UNIX's, a slab of 1,024 bytes.
 *
 * Lifetime: that of its struct sock; freed after a grace period, for queues
 * and the account call it under RCU (SOCK_RCU_FREE), unless it is known, when
 * it is closed, that nobody is about to.
 * Locking: lock_sock() covers @port, @id, @rx and @bound being set and
 * changes of sk_state and sk_shutdown; @port, @id, @bound and @rx are set once,
 * @rx last, and can be read with an acquire from then on; @route and @sender are
 * read under RCU, and exchanged. lock_sock() is taken
 * before the mutexes of the tables and the lock of a listener, never by those
 * who deliver, and never of two sockets at once: who connects makes the other
 * end himself, and nobody else knows it yet.
 *
 * A socket for links (SOCK_SEQPACKET, SOCK_STREAM) has a port only if it is
 * bound, for its names and to listen; what it receives comes from a link. Its
 * sk_state is TCP_CLOSE, TCP_LISTEN or TCP_ESTABLISHED. One that nobody has
 * accepted yet is in the @pending list of a listener and belongs to that.
 */
#ifndef _DIPC_SOCK_H
#define _DIPC_SOCK_H

#include <net/sock.h>

#include "async.h"
#include "caller.h"
#include "handle.h"
#include "net.h"
#include "route.h"

struct dipc_sock {
	struct sock		sk;		/* must be first */
	struct dipc_net		*dn;		/* of sk's namespace; immutable */
	struct dipc_port	*port;
	u64			id;		/* port number; 0: none yet */
	struct dipc_queue	*rx;		/* counted */
	struct dipc_mailbox	*mailbox;	/* rx's, if bound to one */
	struct dipc_name	*bound;		/* counted; what was bound first */
	struct dipc_account	*account;	/* made for the first send */
	struct dipc_sender __rcu *sender;
	struct dipc_route __rcu	*route;
	struct dipc_standing_match __rcu *match;	/* or NULL: any */
	struct dipc_errqueue	*errqueue;	/* made when needed, kept */
	struct dipc_caller	*caller;	/* the same: calls it has made */
	struct dipc_call	*spare;		/* memory for the next; exchanged */
	struct dipc_handles	*handles;	/* the same: requests it holds */
	spinlock_t		end_lock;	/* a leaf: for @end_seen to be set */
	int			notify;		/* DIPC_NOTIFY_* below */
	struct mutex		read_lock;	/* one reader of a stream at a time */
	bool			reuse_name;
	bool			numbered;	/* bound by number or any first */
	bool			accepted;	/* the listener's address is its */
	bool			end_seen;	/* rx->end_err has been taken over */
	bool			recv_calls;	/* takes requests */
	u8			mode;		/* enum dipc_mode */
	u8			priority;
	u8			recv_info;	/* DIPC_INFO_* */
	atomic64_t		next_id;	/* of messages */
	struct dipc_watcher	watcher;
	struct dipc_queue_conf	*conf;		/* asked for; or NULL: default */
	struct list_head	pending;	/* not accepted yet */
};

/* Both ends of a connection, and of what they will receive from. */
struct dipc_pair_ends {
	struct dipc_link_end	who[2];		/* nothing of it counted */
	struct dipc_queue_conf	confs[2];
};

/* Two links and two routes between two ends that are not joined yet. */
struct dipc_pair {
	struct dipc_link	*rx[2];
	struct dipc_route	*route[2];
};

enum {
	DIPC_NOTIFY_EACH = 0,
	DIPC_NOTIFY_ARMED = 1,
	DIPC_NOTIFY_SENT = 2,
};

/* Which messages a socket receives until it says else (DIPC_MATCH). */
struct dipc_standing_match {
	struct dipc_match	match;
	struct rcu_head		rcu;
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

/* Does it connect to another socket, instead of sending to queues? */
static inline bool dipc_sock_is_link(const struct dipc_sock *ds)
{
	return ds->sk.sk_type == SOCK_SEQPACKET ||
	       ds->sk.sk_type == SOCK_STREAM;
}

/* What a socket listens with, or NULL. */
static inline struct dipc_listener *dipc_sock_listener(struct dipc_sock *ds)
{
	struct dipc_port *port = READ_ONCE(ds->port);

	return port ? dipc_port_listener(port) : NULL;
}

/* bind.c */
int dipc_sock_bind(struct dipc_sock *ds, const struct sockaddr_dipc *addr);
int dipc_sock_bind_any(struct dipc_sock *ds);
bool dipc_sock_unbind(struct dipc_sock *ds);
void dipc_sock_name(struct dipc_sock *ds, struct sockaddr_dipc *addr);
void dipc_sock_draw_id(struct dipc_sock *ds);
void dipc_sock_tell_readable(struct dipc_sock *ds);
void dipc_sock_receive_from(struct dipc_sock *ds, struct dipc_queue *rx);
void dipc_sock_conf(const struct dipc_sock *ds, struct dipc_queue_conf *conf);
int dipc_sock_set_conf(struct dipc_sock *ds,
		       const struct dipc_queue_conf *conf);
int dipc_sock_set_recv_calls(struct dipc_sock *ds, bool on);
void dipc_sock_get_conf(struct dipc_sock *ds, struct dipc_queue_conf *conf);

/* connect.c */
int dipc_sock_connect(struct dipc_sock *ds, const struct sockaddr_dipc *addr);
struct dipc_route *dipc_sock_route(struct dipc_sock *ds);

/* Where the next long payload has its memory from; after dipc_sock_account(). */
static inline struct dipc_borrowed **dipc_sock_spare(const struct dipc_sock *ds)
{
	return &ds->account->borrowed;
}

/* poll.c */
void dipc_sock_init_wake(struct dipc_sock *ds);
struct dipc_account *dipc_sock_account(struct dipc_sock *ds);
long dipc_sock_outstanding(struct dipc_sock *ds);
int dipc_sock_error(struct dipc_sock *ds);
bool dipc_sock_has_error(struct dipc_sock *ds);
void dipc_sock_arrived(void *socket);
bool dipc_sock_account_has_room(struct dipc_sock *ds, size_t truesize);
bool dipc_sock_account_room(struct dipc_sock *ds, size_t truesize,
			    bool is_eager);
bool dipc_sock_ask_room(struct dipc_sock *ds, struct dipc_queue *q, size_t len,
			u8 mode);
void dipc_sock_tell_room(struct dipc_sock *ds);
__poll_t dipc_sock_poll(struct file *file, struct socket *sock,
			struct poll_table_struct *wait);
void dipc_sock_tell_completion(void *socket);
void dipc_sock_tell_outcome(void *socket);

/* sndbuf.c */
long dipc_sock_await_account(struct dipc_sock *ds, struct dipc_queue *q,
			     size_t truesize, long timeout);

/* pair.c */
int dipc_pair_make(struct dipc_pair *pair, struct dipc_net *dn,
		   const struct dipc_pair_ends *ends, struct dipc_name *name,
		   u16 socket_type);
void dipc_pair_drop(struct dipc_pair *pair);
void dipc_pair_take(struct dipc_pair *pair, int which, struct dipc_sock *ds);
int dipc_sock_pair(struct dipc_sock *a, struct dipc_sock *b);
bool dipc_sock_part(struct dipc_sock *ds, bool reset, bool is_called);
int dipc_sock_shutdown(struct dipc_sock *ds, int how);

/* sock_life.c */
int dipc_sock_register(void);
void dipc_sock_unregister(void);
struct dipc_sock *dipc_sock_create(struct net *net, int family,
				   struct socket *sock, u16 type, int kern);
void dipc_sock_release(struct dipc_sock *ds);

/* listen.c */
int dipc_sock_listen(struct dipc_sock *ds, int backlog);
int dipc_sock_accept(struct dipc_sock *ds, struct socket *sock, int flags);
int dipc_sock_connect_link(struct dipc_sock *ds,
			   const struct sockaddr_dipc *addr, bool may_wait);

/* receive.c, read_stream.c, match.c */
int dipc_sock_receive(struct dipc_sock *ds, struct msghdr *msg, size_t len,
		      int flags);
int dipc_sock_read_stream(struct dipc_sock *ds, struct msghdr *msg, size_t len,
			  int flags);
int dipc_match_check(const struct dipc_match *match);
int dipc_sock_set_match(struct dipc_sock *ds, const struct dipc_match *match);
bool dipc_sock_match(struct dipc_sock *ds, struct dipc_match *match);
bool dipc_sock_readable(struct dipc_sock *ds, struct dipc_queue *q);

/* send.c */
int dipc_sock_send(struct dipc_sock *ds, struct msghdr *msg, size_t len);

/* hold.c */
void dipc_sock_drop_all(struct dipc_sock *ds);

/* sockopt.c */
int dipc_sock_setopt(struct dipc_sock *ds, int optname, sockptr_t optval,
		     unsigned int optlen);
int dipc_sock_getopt(struct dipc_sock *ds, int optname, char __user *optval,
		     int __user *optlen);

/**
 * dipc_sock_autobind() - see to it that a socket has a port number
 * @ds: the socket
 *
 * Context: process; may sleep.
 * Return: 0; -ENOBUFS if the user has too many ports; -ENOMEM.
 */
static inline int dipc_sock_autobind(struct dipc_sock *ds)
{
	return likely(dipc_sock_rx(ds)) ? 0 : dipc_sock_bind_any(ds);
}

/**
 * dipc_sock_want() - which messages a socket receives
 * @ds: the socket
 * @want: takes it up
 *
 * Context: any.
 * Return: @want, or NULL: all.
 */
static inline const struct dipc_want *dipc_sock_want(struct dipc_sock *ds,
						     struct dipc_want *want)
{
	/* only a mailbox is shared with who takes requests */
	want->no_calls = ds->mailbox && !READ_ONCE(ds->recv_calls);
	want->has_match = unlikely(rcu_access_pointer(ds->match)) &&
			  dipc_sock_match(ds, &want->match);
	return want->no_calls || want->has_match ? want : NULL;
}

#endif /* _DIPC_SOCK_H */
