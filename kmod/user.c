// SPDX-License-Identifier: GPL-2.0
/*
 * The table of users and what they hold. It is the module's own, for the
 * kernel's ucounts are not exported. Which limits apply is the caller's
 * business; here is only counted.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "user.h"

static DEFINE_HASHTABLE(users, 6);
static DEFINE_SPINLOCK(users_lock);
static struct dipc_user *idle_user;	/* of the table, without references */

/**
 * dipc_users_fini() - the table is not needed any more
 *
 * Context: process, when nothing is charged to anybody.
 */
void dipc_users_fini(void)
{
	kfree(idle_user);
}

/**
 * dipc_user_current_uid() - who pays for what the caller does
 *
 * The owner of the outermost user namespace above the caller that is not the
 * initial one: the many uids that someone can take on in a namespace of his
 * own do not multiply his limits. Without such a namespace, the effective
 * user.
 *
 * Context: process.
 * Return: the uid.
 */
kuid_t dipc_user_current_uid(void)
{
	struct user_namespace *ns = current_user_ns();

	if (likely(ns == &init_user_ns))
		return current_euid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return ns->owner;
}

/* With a reference for the caller. */
static struct dipc_user *find_locked(kuid_t uid)
{
	struct dipc_user *user;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, user, hash, __kuid_val(uid)) {
		if (!uid_eq(user->uid, uid))
			continue;
		if (user == idle_user) {
			idle_user = NULL;
			refcount_set(&user->refs, 1);
		} else {
			refcount_inc(&user->refs);
		}
		return user;
	}
	return NULL;
}

/**
 * dipc_user_current() - find or make the account of the caller
 *
 * Context: process; may sleep.
 * Return: the user, with a reference for the caller, or NULL without memory.
 */
struct dipc_user *dipc_user_current(void)
{
	kuid_t uid = dipc_user_current_uid();
	struct dipc_user *user, *fresh;

	spin_lock_bh(&users_lock);
	user = find_locked(uid);
	spin_unlock_bh(&users_lock);
	if (user)
		return user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	fresh->uid = uid;
	refcount_set(&fresh->refs, 1);

	spin_lock_bh(&users_lock);
	user = find_locked(uid);
	if (!user) {
		user = fresh;
		hash_add(users, &user->hash, __kuid_val(uid));
		fresh = NULL;
	}
	spin_unlock_bh(&users_lock);
	kfree(fresh);
	return user;
}

/**
 * dipc_user_put() - give a reference back
 * @user: may be gone afterwards
 *
 * Context: any.
 */
void dipc_user_put(struct dipc_user *user)
{
	struct dipc_user *old;

	/* dec_and_lock: to a user with none, references are taken under it */
	if (refcount_dec_not_one(&user->refs))
		return;
	spin_lock_bh(&users_lock);
	if (!refcount_dec_and_test(&user->refs)) {
		spin_unlock_bh(&users_lock);
		return;
	}
	old = idle_user;
	idle_user = user;
	if (old)
		hash_del(&old->hash);
	spin_unlock_bh(&users_lock);
	kfree(old);
}

/**
 * dipc_user_uncharge() - a user holds less of a resource
 * @user: who
 * @res: of what
 * @amount: how much less, as it was charged
 *
 * Context: any.
 */
void dipc_user_uncharge(struct dipc_user *user, enum dipc_resource res,
			unsigned long amount)
{
	atomic_long_sub(amount, &user->used[res]);
}
