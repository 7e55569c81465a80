/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who sent a message: what does not change from one message to the next is
 * kept in one counted object, so that a message needs one reference.
 *
 * struct dipc_account: what a socket has outstanding, that is, sent and not
 * yet taken by a receiver, and the buffers that it keeps for its next
 * messages. Shared by all senders of the socket, which it tells when there is
 * less outstanding.
 * struct dipc_sender: the task's credentials, its user, the socket's port
 * number and account. Immutable; a socket replaces its sender when another
 * task sends or the credentials change.
 *
 * Lifetime: counted by the socket and by each message; the account also by
 * each sender. Freed by the last put, the sender after a grace period.
 * Locking: none. Context: put from any.
 */
#ifndef _DIPC_SENDER_H
#define _DIPC_SENDER_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>

#include "pool.h"
#include "user.h"

struct dipc_borrowed;

struct dipc_account {
	refcount_t		refs;
	bool			is_stream;	/* immutable */
	atomic_long_t		outstanding;	/* bytes of memory */
	struct dipc_pool	pool;		/* buffers of its messages */
	bool			starved;	/* the socket waits for less */
	bool			is_eager;	/* and wants to know at once */
	long			enough;		/* or as soon as it is no more */
	bool			was_starved;	/* or has waited, once */
	void (*room)(void *socket);		/* immutable; see create() */
	void __rcu		*socket;	/* NULL when it is closed */
	struct dipc_borrowed	*borrowed;	/* memory for the next; exchanged */
};

struct dipc_sender {
	refcount_t		refs;
	kuid_t			uid;		/* effective, when it sent */
	kuid_t			payer;		/* user->uid */
	kgid_t			gid;
	u64			port;
	struct pid		*pid;		/* of the thread group */
	struct dipc_user	*user;
	struct dipc_account	*account;
	struct rcu_head		rcu;
};

struct dipc_account *dipc_account_create(void *socket,
					 void (*room)(void *socket),
					 bool is_stream);
bool dipc_account_close(struct dipc_account *account);
void dipc_account_put(struct dipc_account *account);
bool dipc_account_ask_room(struct dipc_account *account, size_t bytes,
			   size_t max_bytes, bool is_eager);
void dipc_account_uncharge(struct dipc_account *account, size_t bytes);

struct dipc_sender *dipc_sender_create(struct dipc_account *account, u64 port);
void dipc_sender_put(struct dipc_sender *sender);

/**
 * dipc_account_has_room() - may the socket send one more message
 * @account: the socket's
 * @bytes: memory the message will take
 * @max_bytes: what the socket may have outstanding (SO_SNDBUF)
 *
 * One message may always be outstanding, however large.
 *
 * Context: any.
 * Return: whether it may.
 */
static inline bool dipc_account_has_room(const struct dipc_account *account,
					 size_t bytes, size_t max_bytes)
{
	size_t now = atomic_long_read(&account->outstanding);

	return !now || now + bytes <= max_bytes;
}

/**
 * dipc_account_charge() - a message of this socket exists
 * @account: the socket's
 * @bytes: memory it takes
 *
 * Context: any.
 */
static inline void dipc_account_charge(struct dipc_account *account,
				       size_t bytes)
{
	atomic_long_add(bytes, &account->outstanding);
}

/**
 * dipc_sender_is_current() - does a sender describe the current task
 * @sender: made earlier for the same socket; found in an RCU read section,
 *	in which the caller may not hold a reference yet
 *
 * Context: process.
 * Return: whether process, effective user and group, and the user who is
 * charged are the same as when it was made.
 */
static inline bool dipc_sender_is_current(const struct dipc_sender *sender)
{
	const struct cred *cred = current_cred();

	return sender->pid == task_tgid(current) &&
	       uid_eq(sender->uid, cred->euid) &&
	       gid_eq(sender->gid, cred->egid) &&
	       uid_eq(sender->payer, dipc_user_current_uid());
}

/**
 * dipc_sender_has_credentials_of() - would a receiver be told the same
 * @a: a sender
 * @b: another
 *
 * Context: any.
 * Return: whether process, user and group are the same.
 */
static inline bool dipc_sender_has_credentials_of(const struct dipc_sender *a,
						  const struct dipc_sender *b)
{
	return a->pid == b->pid && uid_eq(a->uid, b->uid) &&
	       gid_eq(a->gid, b->gid);
}

#endif /* _DIPC_SENDER_H */
