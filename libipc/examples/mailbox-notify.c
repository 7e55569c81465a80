// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mailbox-notify: sleeps until a signal says that messages have come, and
 * writes them out.
 *
 *	mailbox-notify [-c] [-n ROUNDS] [-t IDLE_MS] MAILBOX
 *
 *	-c	make the mailbox if it does not exist; it goes with its last
 *		user
 *	-n	end after ROUNDS notifications
 *	-t	end when none has come for IDLE_MS milliseconds (with -n: that
 *		is a failure)
 *
 * Shows the order in which a one-shot notification must be used: ask for it,
 * then empty the mailbox, then wait. The other way round, a message that comes
 * between the last look and the asking would lie there unseen.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include <ipc/libipc.h>

#include "util.h"

static char line[65536 + 1];

static int empty_mailbox(struct ipc_mailbox *mb)
{
	int taken = 0;
	ssize_t n;

	for (;;) {
		n = ipc_mailbox_get(mb, line, sizeof(line) - 1, NULL, 0);
		if (n == -EAGAIN)
			return taken;
		if (n < 0)
			fail(n, "ipc_mailbox_get");
		if ((size_t)n >= sizeof(line))
			fail(0, "a message of %zd bytes", n);
		line[n] = '\n';
		write_all(STDOUT_FILENO, line, n + 1);
		taken++;
	}
}

/* Wait for the signal, which is blocked: no handler, no race. */
static bool signal_wait(const sigset_t *set, int idle_ms, siginfo_t *info)
{
	struct timespec ts = { idle_ms / 1000, idle_ms % 1000 * 1000000L };
	int ret;

	do {
		ret = sigtimedwait(set, info, idle_ms < 0 ? NULL : &ts);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0 && errno != EAGAIN)
		fail(-errno, "sigtimedwait");
	return ret >= 0;
}

int main(int argc, char **argv)
{
	static const char args[] = "[-c] [-n ROUNDS] [-t IDLE_MS] MAILBOX";
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_TRANSIENT,
		.transient = 1,
	};
	int create = 0, rounds = 0, idle_ms = -1, round = 0, taken;
	struct ipc_mailbox *mb;
	siginfo_t info;
	sigset_t set;
	int err, opt;

	while ((opt = getopt(argc, argv, "cn:t:")) != -1) {
		if (opt == 'c')
			create = O_CREAT;
		else if (opt == 'n')
			rounds = number(optarg, 1, INT_MAX);
		else if (opt == 't')
			idle_ms = number(optarg, 0, INT_MAX);
		else
			usage(args);
	}
	if (argc - optind != 1)
		usage(args);

	/* Before the first notification can come. */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);

	err = ipc_mailbox_open(argv[optind], O_RDONLY | create,
			       create ? &attr : NULL, &mb);
	if (err)
		fail(err, "mailbox '%s'", argv[optind]);

	for (;;) {
		err = ipc_mailbox_notify(mb, SIGRTMIN, 0);
		if (err)
			fail(err, "ipc_mailbox_notify");
		taken = empty_mailbox(mb);
		fprintf(stderr, "notified %d times; %d messages\n", round,
			taken);
		if (rounds && round >= rounds)
			break;
		if (!signal_wait(&set, idle_ms, &info))
			break;
		if (info.si_fd != ipc_mailbox_fd(mb))
			fail(0, "a signal about descriptor %d", info.si_fd);
		round++;
	}
	ipc_mailbox_close(mb);
	if (round < rounds)
		fail(0, "%d notifications of %d came", round, rounds);
	return 0;
}
