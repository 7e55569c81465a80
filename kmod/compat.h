/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions. It gives old kernels the new
 * names; everything else is written for the newest supported one (6.12).
 * Included before all else, see Kbuild.
 */
#ifndef _DIPC_COMPAT_H
#define _DIPC_COMPAT_H

#include <linux/version.h>
#include <linux/file.h>
#include <linux/sysctl.h>

/*
 * Tables of sysctls ended with an empty entry up to 6.10; since then the
 * size is given and an empty entry is refused. DIPC_SYSCTL_END is that entry
 * or nothing, and is not part of the size.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define DIPC_SYSCTL_END		1
#define dipc_ctl_table		struct ctl_table
#else
#define DIPC_SYSCTL_END		0
#define dipc_ctl_table		const struct ctl_table
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif

/* Without the place in user memory for the number, which nobody gives. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define receive_fd(file, ufd, flags) receive_fd(file, flags)
#endif

/* Only as the first argument of pre_doit(), which does not look into it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops		genl_ops
#endif

/*
 * Shrinkers were in their owner's memory, and it was to register one that
 * could fail. One that is not registered can be freed as well.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/shrinker.h>
#include <linux/slab.h>

#define shrinker_alloc(flags, name) \
	((struct shrinker *)kzalloc(sizeof(struct shrinker), GFP_KERNEL))
#define dipc_shrinker_register(shrinker) register_shrinker(shrinker, "dipc")

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
#define dipc_shrinker_register(shrinker) (shrinker_register(shrinker), 0)
#endif

/* Which way an iterator goes was said by the words for files. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#include <linux/uio.h>

#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif
#endif

/* The array of an iterator went by another name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define iter_iov(iter)		((iter)->iov)
#endif

/* accept() was given its flags as such, and now in a structure. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define DIPC_ACCEPT_ARGS	int flags, bool kern
#define DIPC_ACCEPT_FLAGS	flags
#else
#define DIPC_ACCEPT_ARGS	struct proto_accept_arg *arg
#define DIPC_ACCEPT_FLAGS	(arg->flags)
#endif

#endif /* _DIPC_COMPAT_H */
