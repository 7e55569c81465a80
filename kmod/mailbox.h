/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox: a queue that the kernel owns, under a name, with an owner, a
 * group and a mode.
 *
 * Lifetime: made on request. A persistent one is deleted on request or with
 * its namespace, a transient one also when its last user (a socket that is
 * attached by bind or connect) has gone. Freed after a grace period when the
 * last reference to its queue goes.
 * Locking: table->lock of the name table for what is published; @lock (a
 * spinlock, a leaf) for owner, group, mode and users.
 * Context: process.
 */
#ifndef _DIPC_MAILBOX_H
#define _DIPC_MAILBOX_H

#include <linux/mutex.h>

#include "name.h"

#define DIPC_MAY_READ	4	/* receive */
#define DIPC_MAY_WRITE	2	/* send */
#define DIPC_MAILBOX_MODE_DEFAULT 0600

struct dipc_mailbox;

/* What is the same for all mailboxes of a namespace. */
struct dipc_mailbox_table {
	struct dipc_name_table	*names;
	struct dipc_stats __percpu *stats;
	const struct dipc_limits *limits;
	struct user_namespace	*user_ns;	/* of the network namespace */
	atomic_t		count;
	struct mutex		set_lock;	/* a change reads and writes back */
	/* told of changes; that one comes or goes is an event of its name */
	void (*changed)(struct dipc_mailbox *mailbox);
};

struct dipc_mailbox {
	struct dipc_queue	queue;
	struct dipc_mailbox_table *table;
	struct dipc_binding	binding;
	struct dipc_user	*user;		/* counted; charged for it */
	spinlock_t		lock;
	kuid_t			uid;
	kgid_t			gid;
	u16			mode;		/* 0 to 0777 */
	bool			transient;	/* immutable */
	bool			deleted;
	u32			n_users;
	struct rcu_head		rcu;
};

/* What is asked for when a mailbox is made or changed. */
struct dipc_mailbox_request {
	char			name[DIPC_NAME_MAX + 1];
	struct dipc_queue_conf	conf;
	kuid_t			uid;
	kgid_t			gid;
	u16			mode;
	u8			scope;
	bool			transient;
};

int dipc_mailbox_create(struct dipc_mailbox_table *table,
			const struct dipc_mailbox_request *request);
bool dipc_mailbox_delete(struct dipc_mailbox *mailbox);
void dipc_mailbox_delete_all(struct dipc_mailbox_table *table);
int dipc_mailbox_set(struct dipc_mailbox *mailbox,
		     const struct dipc_mailbox_request *request);
void dipc_mailbox_describe(struct dipc_mailbox *mailbox,
			   struct dipc_mailbox_request *request);
struct dipc_mailbox *dipc_mailbox_find(struct dipc_mailbox_table *table,
				       const char *name);
bool dipc_mailbox_permits(struct dipc_mailbox *mailbox, int may);
bool dipc_mailbox_owned(struct dipc_mailbox *mailbox);
int dipc_mailbox_attach(struct dipc_mailbox *mailbox);
void dipc_mailbox_detach(struct dipc_mailbox *mailbox);

/**
 * dipc_mailbox_of_queue() - the mailbox around a queue
 * @q: of kind DIPC_QUEUE_MAILBOX
 *
 * Context: any.
 * Return: the mailbox.
 */
static inline struct dipc_mailbox *dipc_mailbox_of_queue(struct dipc_queue *q)
{
	return container_of(q, struct dipc_mailbox, queue);
}

/**
 * dipc_mailbox_put() - give a reference back
 * @mailbox: may be gone afterwards
 *
 * Context: any.
 */
static inline void dipc_mailbox_put(struct dipc_mailbox *mailbox)
{
	dipc_queue_put(&mailbox->queue);
}

#endif /* _DIPC_MAILBOX_H */
