/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users, and how much of the kernel's memory each of them holds.
 *
 * A struct dipc_user stands for one uid in the whole machine, not in one
 * namespace: who enters a user namespace of his own takes his account along
 * (see dipc_user_current()).
 *
 * Lifetime: made by the first dipc_user_current() of a uid, counted by every
 * object that is charged to it. Of the users to whom nothing is charged any
 * more the last one stays in the table, for it is often the next one as well;
 * the one before it is freed then, and the last when the module is unloaded.
 * Locking: the table has a spinlock, a leaf; the usage counts are atomic.
 * Context: charging and uncharging from any, making one from process context.
 */
#ifndef _DIPC_USER_H
#define _DIPC_USER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

enum dipc_resource {
	DIPC_RES_BYTES,		/* memory of messages */
	DIPC_RES_PORTS,
	DIPC_RES_NAMES,		/* bindings of names to ports, and mailboxes */
	DIPC_RES_MAILBOXES,
	DIPC_RES_FILES,		/* descriptors on their way in messages */
	DIPC_RES_COUNT
};

struct dipc_user {
	struct hlist_node	hash;		/* under the table's lock */
	refcount_t		refs;
	kuid_t			uid;		/* immutable */
	atomic_long_t		used[DIPC_RES_COUNT];
};

/*
 * What a user may hold; one table a network namespace, set by sysctls. Those
 * of the first namespace hold in all others as well.
 */
struct dipc_limits {
	unsigned long		max[DIPC_RES_COUNT];
	const struct dipc_limits *first;	/* or NULL: this is it */
};

void dipc_users_fini(void);
struct dipc_user *dipc_user_current(void);
kuid_t dipc_user_current_uid(void);
void dipc_user_put(struct dipc_user *user);
void dipc_user_uncharge(struct dipc_user *user, enum dipc_resource res,
			unsigned long amount);

/**
 * dipc_user_get() - take one more reference
 * @user: of which the caller holds one
 *
 * Context: any.
 * Return: @user.
 */
static inline struct dipc_user *dipc_user_get(struct dipc_user *user)
{
	refcount_inc(&user->refs);
	return user;
}

static inline unsigned long dipc_limit_of(const struct dipc_limits *limits,
					  enum dipc_resource res)
{
	unsigned long max = READ_ONCE(limits->max[res]);

	if (limits->first)
		max = min(max, READ_ONCE(limits->first->max[res]));
	return max;
}

/**
 * dipc_user_charge() - let a user hold more of a resource
 * @user: who
 * @res: of what
 * @amount: how much more, in the resource's unit (bytes or objects)
 * @limits: the limits in force where it happens
 *
 * Context: any.
 * Return: whether the limit allowed it; if not, nothing is charged.
 */
static inline bool dipc_user_charge(struct dipc_user *user,
				    enum dipc_resource res,
				    unsigned long amount,
				    const struct dipc_limits *limits)
{
	unsigned long max = dipc_limit_of(limits, res);
	long used = atomic_long_read(&user->used[res]);

	do {
		if (amount > max || used > max - amount)
			return false;
	} while (!atomic_long_try_cmpxchg(&user->used[res], &used,
					  used + amount));
	return true;
}

#endif /* _DIPC_USER_H */
