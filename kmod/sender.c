// SPDX-License-Identifier: GPL-2.0
/*
 * Who sent a message, and what a socket has outstanding. Knows users, but
 * neither messages nor queues nor sockets.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "borrowed.h"
#include "sender.h"

/**
 * dipc_account_create() - make the account of a socket
 * @socket: the socket
 * @room: called with the socket when something was taken, after
 *	dipc_account_ask_room() found no room; in an RCU read section, in any
 *	context
 * @is_stream: whether what it sends are bytes without boundaries
 *
 * Context: process; may sleep.
 * Return: the account with one reference, or NULL without memory.
 */
struct dipc_account *dipc_account_create(void *socket,
					 void (*room)(void *socket),
					 bool is_stream)
{
	struct dipc_account *account;

	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (!account)
		return NULL;
	refcount_set(&account->refs, 1);
	dipc_pool_init(&account->pool);
	account->room = room;
	account->is_stream = is_stream;
	rcu_assign_pointer(account->socket, socket);
	return account;
}

/**
 * dipc_account_close() - the socket of an account is closed
 * @account: the socket's; its reference is given back
 *
 * Context: process; may sleep.
 * Return: whether somebody may be telling the socket of room just now: then it
 * must outlive a grace period.
 */
bool dipc_account_close(struct dipc_account *account)
{
	bool is_told = account->was_starved;

	RCU_INIT_POINTER(account->socket, NULL);
	dipc_pool_close(&account->pool);
	dipc_borrowed_free(account->borrowed);
	dipc_account_put(account);
	return is_told;
}

/**
 * dipc_account_put() - give a reference back
 * @account: may be gone afterwards
 *
 * Context: any.
 */
void dipc_account_put(struct dipc_account *account)
{
	if (refcount_dec_and_test(&account->refs))
		kfree(account);
}

/**
 * dipc_account_ask_room() - is there room, and if not, tell when there is
 * @account: the socket's
 * @bytes: memory the message will take
 * @max_bytes: what the socket may have outstanding (SO_SNDBUF)
 * @is_eager: whether the socket is to be told as soon as anything was taken;
 *	if not, when there is room for several messages
 *
 * If there is no room, the socket is told once when there may be.
 *
 * Context: any.
 * Return: whether there is, see dipc_account_has_room().
 */
bool dipc_account_ask_room(struct dipc_account *account, size_t bytes,
			   size_t max_bytes, bool is_eager)
{
	if (likely(dipc_account_has_room(account, bytes, max_bytes)))
		return true;
	WRITE_ONCE(account->was_starved, true);
	/* as long as AF_UNIX: until three quarters of it were taken */
	if (is_eager)
		WRITE_ONCE(account->is_eager, true);
	else
		WRITE_ONCE(account->enough, max_bytes / 4);
	WRITE_ONCE(account->starved, true);
	/* pairs with the full barrier in dipc_account_uncharge() */
	smp_mb();
	return dipc_account_has_room(account, bytes, max_bytes);
}

static noinline void tell_socket(struct dipc_account *account, long outstanding)
{
	void *socket;

	if (!READ_ONCE(account->is_eager) &&
	    outstanding > READ_ONCE(account->enough))
		return;
	/* who asks from here on is told by this, or asks again */
	WRITE_ONCE(account->starved, false);
	WRITE_ONCE(account->is_eager, false);
	rcu_read_lock();
	socket = rcu_dereference(account->socket);
	if (socket)
		account->room(socket);
	rcu_read_unlock();
}

/**
 * dipc_account_uncharge() - a message of this socket is gone
 * @account: the socket's
 * @bytes: memory it took
 *
 * Tells the socket if it waits for this.
 *
 * Context: any, without a queue's lock.
 */
void dipc_account_uncharge(struct dipc_account *account, size_t bytes)
{
	/* fully ordered, pairs with the barrier in dipc_account_ask_room() */
	long outstanding = atomic_long_sub_return(bytes, &account->outstanding);

	if (unlikely(READ_ONCE(account->starved)))
		tell_socket(account, outstanding);
}

/**
 * dipc_sender_create() - make the sender for the current task
 * @account: of the socket it sends through; a reference is taken
 * @port: the socket's port number
 *
 * Context: process; may sleep.
 * Return: the sender with one reference, or NULL without memory.
 */
struct dipc_sender *dipc_sender_create(struct dipc_account *account, u64 port)
{
	struct dipc_sender *sender;

	sender = kmalloc(sizeof(*sender), GFP_KERNEL_ACCOUNT);
	if (!sender)
		return NULL;
	sender->user = dipc_user_current();
	if (!sender->user) {
		kfree(sender);
		return NULL;
	}
	refcount_set(&sender->refs, 1);
	sender->uid = current_euid();
	sender->gid = current_egid();
	sender->payer = sender->user->uid;
	sender->port = port;
	sender->pid = get_pid(task_tgid(current));
	refcount_inc(&account->refs);
	sender->account = account;
	return sender;
}

/**
 * dipc_sender_put() - give a reference back
 * @sender: may be gone afterwards; or NULL
 *
 * Context: any.
 */
void dipc_sender_put(struct dipc_sender *sender)
{
	if (!sender || !refcount_dec_and_test(&sender->refs))
		return;
	dipc_account_put(sender->account);
	dipc_user_put(sender->user);
	put_pid(sender->pid);
	kfree_rcu(sender, rcu);
}
