// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One-shot notification of a message by a signal, in the manner of
 * mq_notify(3), made of what any socket has (F_SETOWN_EX, F_SETSIG, O_ASYNC)
 * and the socket option that makes it one-shot.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "internal.h"

static int async_set(int fd, bool on)
{
	int flags, wanted;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -errno;
	wanted = on ? flags | O_ASYNC : flags & ~O_ASYNC;
	if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)
		return -errno;
	return 0;
}

static int one_shot_set(int fd, int on)
{
	if (setsockopt(fd, SOL_DIPC, DIPC_NOTIFY, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

/* Not the other way round, or each message would be told in between. */
static int notify_stop(int fd)
{
	int err;

	err = async_set(fd, false);
	if (err)
		return err;
	return one_shot_set(fd, 0);
}

/*
 * The option comes last: were it set before O_ASYNC, a message in between
 * would use it up without a signal. This way round such a message may give a
 * signal of its own, which is one too many, but none is lost.
 */
static int notify_start(int fd, int signo, bool thread)
{
	struct f_owner_ex owner = {
		.type = thread ? F_OWNER_TID : F_OWNER_PID,
		.pid = thread ? gettid() : getpid(),
	};
	int err;

	if (fcntl(fd, F_SETOWN_EX, &owner) < 0)
		return -errno;
	if (fcntl(fd, F_SETSIG, signo) < 0)
		return -errno;
	err = async_set(fd, true);
	if (err)
		return err;
	return one_shot_set(fd, 1);
}

int ipc_notify(int fd, int signo, int flags)
{
	if (signo < 0 || (flags & ~IPC_NOTIFY_THREAD))
		return -EINVAL;
	if (!signo)
		return notify_stop(fd);
	return notify_start(fd, signo, flags & IPC_NOTIFY_THREAD);
}
