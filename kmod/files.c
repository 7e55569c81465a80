// SPDX-License-Identifier: GPL-2.0
/*
 * Taking open files from a sender's descriptors and giving them to a receiver.
 * Behaves as AF_UNIX does (net/core/scm.c), except that sockets that can have
 * descriptors on their way themselves are refused.
 *
 * That is instead of AF_UNIX's garbage collector. A file that is in a message
 * lives as long as the message, the message as long as its queue, the queue as
 * long as the file of its socket. If that file is in turn kept by the first
 * one, nobody can ever close either. Which files keep other files?
 *
 * - A socket of AF_UNIX or of dipc, by the messages it has not received.
 *   Refused. So no chain of queues comes back to where it began, and AF_UNIX,
 *   which does take sockets of dipc, never finds one of its own behind them.
 * - An io_uring, by its registered files. Refused; also by AF_UNIX.
 * - An epoll, inotify or fanotify instance, a perf event: no. They are told
 *   when what they watch is closed, or hold its inode or path; a socket is
 *   closed nevertheless.
 * - A pidfd, a file of /proc: no. They hold a task's number, or its memory
 *   without what is mapped there, not its table of descriptors. The same goes
 *   for userfaultfd, KVM and a seccomp listener.
 * - A descriptor opened with O_PATH: no. It holds an inode, and a socket is
 *   closed nevertheless. So it passes, whatever is behind it.
 * - A namespace, or a file system's root: no. Sockets hold their namespace,
 *   not the other way; only mailboxes live as long as it, and a message to a
 *   mailbox carries no descriptors.
 * - FUSE, loop devices, overlays: of regular files and devices only, which
 *   sockets are not. KCM, kTLS, NBD, SMC: of sockets of other families.
 * - binder, by transactions that carry descriptors and were not received;
 *   vhost, by the address space of its user, where an io_uring may be mapped;
 *   a file of a 9p that was mounted over a descriptor. These can, in AF_UNIX
 *   too. It takes devices that are closed to users unless the administrator
 *   opens them, or his right to mount.
 *
 * Whatever can be built from the last: its files stay charged to the user who
 * sent them, so it ends at net.dipc.user_max_files.
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/compat.h>
#include <net/scm.h>

#include "files.h"

struct dipc_files {
	struct dipc_user	*user;		/* counted; charged for count */
	unsigned int		count;
	struct file		*file[];	/* each with a reference */
};

/* As for messages: killing somebody does not free what is on its way. */
#define FILES_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* What the administrator of the machine sends is counted, but not bounded. */
static const struct dipc_limits no_limits = {
	.max = { [DIPC_RES_FILES] = ULONG_MAX },
};

/*
 * The kernel's own way to recognize an io_uring is not exported. Entries of
 * this file system are named by kernel code, and nobody can rename them.
 */
static bool is_io_uring(const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;

	return !(file->f_mode & FMODE_PATH) &&
	       dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(dentry->d_name.name, "[io_uring]");
}

static int check_kind(struct file *file, int family)
{
	struct socket *sock = sock_from_file(file);	/* none if O_PATH */
	int of;

	if (sock) {
		of = READ_ONCE(sock->ops)->family;
		return of == AF_UNIX || of == family ? -EOPNOTSUPP : 0;
	}
	return is_io_uring(file) ? -EINVAL : 0;
}

static struct file *get_file_of(int fd, int family)
{
	struct file *file = fget_raw(fd);
	int err;

	if (!file)
		return ERR_PTR(-EBADF);
	err = check_kind(file, family);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

static bool charge(struct dipc_user *user, unsigned int n,
		   const struct dipc_limits *limits)
{
	if (dipc_user_charge(user, DIPC_RES_FILES, n, limits))
		return true;
	if (!capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return false;
	return dipc_user_charge(user, DIPC_RES_FILES, n, &no_limits);
}

static void put_last(struct dipc_files *files, unsigned int n)
{
	while (n--)
		fput(files->file[--files->count]);
}

/* All n of them, or none. */
static int append(struct dipc_files *files, const int *fd, unsigned int n,
		  int family, const struct dipc_limits *limits)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct file *file = get_file_of(fd[i], family);

		if (IS_ERR(file)) {
			put_last(files, i);
			return PTR_ERR(file);
		}
		files->file[files->count++] = file;
	}
	if (!charge(files->user, n, limits)) {
		put_last(files, n);
		return -ETOOMANYREFS;
	}
	return 0;
}

/* Room for n more; what was there before is given up only if that succeeds. */
static struct dipc_files *grow(struct dipc_files *old, struct dipc_user *user,
			       unsigned int n)
{
	struct dipc_files *files;

	if (old)
		n += old->count;
	files = krealloc(old, struct_size(files, file, n), FILES_GFP);
	if (files && !old) {
		files->user = dipc_user_get(user);
		files->count = 0;
	}
	return files;
}

/**
 * dipc_files_from_cmsg() - take the files that a sender's descriptors mean
 * @cmsg: an SCM_RIGHTS control message, in kernel memory, for which CMSG_OK()
 *	holds
 * @family: dipc's own, whose sockets are refused
 * @user: who sends them, and is charged
 * @limits: the limits in force where the socket is
 * @files: NULL, or those of earlier control messages for the same message;
 *	set to all together. It stays NULL if there are no descriptors. The
 *	caller puts it, also after an error.
 *
 * What is behind the last whole descriptor is passed over, as by AF_UNIX.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if there are more than SCM_MAX_FD or one is an io_uring;
 * -EBADF if one is not open; -EOPNOTSUPP if one is a socket of AF_UNIX or
 * dipc; -ETOOMANYREFS if the user has too many on their way and neither
 * CAP_SYS_RESOURCE nor CAP_SYS_ADMIN, as for AF_UNIX; -ENOMEM. After an error
 * none of these was added.
 */
int dipc_files_from_cmsg(struct cmsghdr *cmsg, int family,
			 struct dipc_user *user,
			 const struct dipc_limits *limits,
			 struct dipc_files **files)
{
	size_t n = (cmsg->cmsg_len - sizeof(*cmsg)) / sizeof(int);
	struct dipc_files *grown;
	int err;

	if (!n)
		return 0;
	if (n > SCM_MAX_FD - (*files ? (*files)->count : 0))
		return -EINVAL;
	grown = grow(*files, user, n);
	if (!grown)
		return -ENOMEM;
	*files = grown;
	err = append(grown, CMSG_DATA(cmsg), n, family, limits);
	if (!grown->count) {
		dipc_files_put(grown);
		*files = NULL;
	}
	return err;
}

/* For how many descriptors the receiver has left room. */
static size_t room_for(const struct msghdr *msg)
{
	size_t header = msg->msg_flags & MSG_CMSG_COMPAT ?
				sizeof(struct compat_cmsghdr) :
				sizeof(struct cmsghdr);

	/* descriptors mean nothing to a receiver in the kernel */
	if (!msg->msg_control_is_user || !msg->msg_control_user ||
	    msg->msg_controllen <= header)
		return 0;
	return (msg->msg_controllen - header) / sizeof(int);
}

static unsigned int open_files(const struct dipc_files *files, int *fd,
			       unsigned int n, unsigned int flags)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		fd[i] = receive_fd(files->file[i], NULL, flags);
		if (fd[i] < 0)
			break;
	}
	return i;
}

/**
 * dipc_files_install() - give a receiver descriptors of the files
 * @files: not changed
 * @msg: of the current task, which is receiving; takes up one control message
 *	with as many of them as possible, and MSG_CTRUNC if not all were given:
 *	there was no room, or only bad memory, the task has as many open as it
 *	may, or a security module does not let it have them
 *
 * The task can see the descriptors at once: the message should not go back to
 * its queue after this.
 *
 * Context: process; may sleep.
 */
void dipc_files_install(const struct dipc_files *files, struct msghdr *msg)
{
	unsigned int flags = msg->msg_flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	unsigned int n = min_t(size_t, files->count, room_for(msg));
	int *fd = n ? kmalloc_array(n, sizeof(*fd), GFP_KERNEL) : NULL;

	n = fd ? open_files(files, fd, n, flags) : 0;
	if (n && put_cmsg(msg, SOL_SOCKET, SCM_RIGHTS, n * sizeof(*fd), fd))
		while (n)
			close_fd(fd[--n]);
	kfree(fd);
	if (n < files->count)
		msg->msg_flags |= MSG_CTRUNC;
}

/**
 * dipc_files_put() - the files are not on their way any more
 * @files: gone afterwards; or NULL
 *
 * What is closed by it is closed later, by the task on its way to user space
 * or by a worker.
 *
 * Context: process or softirq.
 */
void dipc_files_put(struct dipc_files *files)
{
	if (!files)
		return;
	dipc_user_uncharge(files->user, DIPC_RES_FILES, files->count);
	dipc_user_put(files->user);
	put_last(files, files->count);
	kfree(files);
}
