/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The listener: connections to a port that nobody has accepted yet, and those
 * who wait for room among them. Knows neither sockets nor links: what it holds
 * are list heads.
 *
 * Lifetime: made by the first listen(), hung on the port and freed with it, so
 * that who has a reference to the port has the listener. Closed by its socket
 * before the port is unpublished; holds nothing from then on.
 * Locking: @lock (a leaf, under lock_sock()) covers everything but
 * @connectors, which has its own.
 * Context: process.
 */
#ifndef _DIPC_LISTENER_H
#define _DIPC_LISTENER_H

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/wait.h>

#include "name.h"

/* What an accepted socket has of the one that listens. */
struct dipc_listener_info {
	u64			number;		/* its own, or: */
	struct dipc_name	*name;		/* counted; bound to */
	struct pid		*pid;		/* counted; of the last listen() */
	const struct cred	*cred;		/* counted; the same */
	struct dipc_queue_conf	conf;		/* for what it receives */
	bool			calls;		/* whether it takes requests */
};

struct dipc_listener {
	spinlock_t		lock;
	bool			closed;
	bool			shut;		/* takes no more */
	u32			backlog;	/* one more than this may wait */
	u32			n_pending;
	struct list_head	pending;
	struct dipc_listener_info info;
	void			*socket;	/* under RCU; told by: */
	void (*arrived)(void *socket);		/* immutable */
	wait_queue_head_t	connectors;
};

struct dipc_listener *dipc_listener_create(void *socket,
					   void (*arrived)(void *socket));
void dipc_listener_free(struct dipc_listener *l);
void dipc_listener_set(struct dipc_listener *l,
		       const struct dipc_listener_info *info, u32 backlog,
		       bool shut);
void dipc_listener_set_conf(struct dipc_listener *l,
			    const struct dipc_queue_conf *conf);
void dipc_listener_set_calls(struct dipc_listener *l, bool calls);
void dipc_listener_get_info(struct dipc_listener *l,
			    struct dipc_listener_info *info);
void dipc_listener_put_info(struct dipc_listener_info *info);
int dipc_listener_add(struct dipc_listener *l, struct list_head *node,
		      int refusal);
struct list_head *dipc_listener_take(struct dipc_listener *l);
long dipc_listener_wait(struct dipc_listener *l, long timeout);
void dipc_listener_give_up(struct dipc_listener *l);
void dipc_listener_shut(struct dipc_listener *l);
void dipc_listener_close(struct dipc_listener *l, struct list_head *pending);

/**
 * dipc_listener_readable() - is there something to accept
 * @l: the listener
 *
 * Context: any.
 * Return: whether a connection waits.
 */
static inline bool dipc_listener_readable(const struct dipc_listener *l)
{
	return READ_ONCE(l->n_pending);
}

/**
 * dipc_listener_is_shut() - is no further connection taken
 * @l: the listener
 *
 * Context: any.
 * Return: whether it is so; then all that will ever wait do so already.
 */
static inline bool dipc_listener_is_shut(const struct dipc_listener *l)
{
	/* under the lock nothing was added after it */
	return smp_load_acquire(&l->shut);
}

#endif /* _DIPC_LISTENER_H */
