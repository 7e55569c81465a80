// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * worker-pool: several processes answer requests to one address.
 *
 *	worker-pool [-b] [-t IDLE_MS] [-w WORKERS] ADDRESS
 *
 *	-b	go to the background as soon as all workers are ready, and print
 *		the process id of the pool there
 *	-t	a worker ends when it has had no request for IDLE_MS
 *		milliseconds; the pool ends with its last worker
 *	-w	how many workers (4)
 *
 * With a name, each worker has a port of its own under the shared name, and
 * the kernel sends the requests to one after the other. With mbox:NAME, they
 * all take from one queue, whoever is free. echo-client asks both in the same
 * way. The reply is the request with the number of the worker before it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <ipc/libipc.h>

#include "util.h"

#define REPLY_MS	1000
#define REQUEST_MAX	65536

static int worker_open(const char *where, int idle_ms)
{
	struct sockaddr_dipc addr;
	int fd, err;

	/* Each worker has a socket, and so a place in the queue, of its own. */
	fd = ipc_open(SOCK_RDM, 0);
	if (fd < 0)
		fail(fd, "ipc_open");
	err = ipc_addr_parse(where, &addr);
	if (err)
		fail(err, "address '%s'", where);
	if (addr.sdipc_type == DIPC_ADDR_NAME) {
		err = ipc_reuse_name(fd, 1);
		if (err)
			fail(err, "ipc_reuse_name");
	}
	err = ipc_bind(fd, &addr);
	if (err)
		fail(err, "bind to %s", where);
	err = ipc_set_timeouts(fd, REPLY_MS, idle_ms);
	if (err)
		fail(err, "ipc_set_timeouts");
	return fd;
}

static int worker(int id, const char *where, int idle_ms, int ready)
{
	static char buf[64 + REQUEST_MAX];
	struct sockaddr_dipc from;
	int fd, head, done = 0;
	ssize_t n;

	fd = worker_open(where, idle_ms);
	write_all(ready, "", 1);
	close(ready);

	head = snprintf(buf, 64, "worker %d: ", id);
	for (;;) {
		n = ipc_recvfrom(fd, buf + head, REQUEST_MAX, 0, &from);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			break;
		if (n < 0)
			fail(n, "receive");
		if (n > REQUEST_MAX)
			n = REQUEST_MAX;
		n = ipc_sendto(fd, buf, head + n, 0, &from);
		if (n < 0)
			fprintf(stderr, "worker %d: no reply: %s\n", id,
				strerror(-n));
		done++;
	}
	fprintf(stderr, "worker %d: %d requests\n", id, done);
	close(fd);
	return 0;
}

static int pool(int workers, const char *where, int idle_ms, int ready)
{
	pid_t self = getpid();
	int i, status, failed = 0;

	for (i = 0; i < workers; i++) {
		pid_t child = fork();

		if (child < 0)
			fail(-errno, "fork");
		if (!child) {
			/* Whoever ends the pool ends its workers. */
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (getppid() != self)
				_exit(1);
			exit(worker(i + 1, where, idle_ms, ready));
		}
	}
	close(ready);
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 1 : 0;
}

/* Wait until each worker has written its byte, or all have gone. */
static void pool_wait_ready(int workers, int ready)
{
	char byte;
	int i;

	for (i = 0; i < workers; i++) {
		if (read(ready, &byte, 1) != 1)
			fail(0, "the pool did not start");
	}
}

int main(int argc, char **argv)
{
	static const char args[] = "[-b] [-t IDLE_MS] [-w WORKERS] ADDRESS";
	int background = 0, idle_ms = -1, workers = 4;
	const char *where;
	int opt, ready[2];
	pid_t child;

	while ((opt = getopt(argc, argv, "bt:w:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 't')
			idle_ms = number(optarg, 1, 1000000000);
		else if (opt == 'w')
			workers = number(optarg, 1, 1000);
		else
			usage(args);
	}
	if (argc - optind != 1)
		usage(args);
	where = argv[optind];
	if (pipe2(ready, O_CLOEXEC) < 0)
		fail(-errno, "pipe");

	if (!background)
		return pool(workers, where, idle_ms, ready[1]);

	child = fork();
	if (child < 0)
		fail(-errno, "fork");
	if (!child) {
		close(ready[0]);
		leave_stdio();
		return pool(workers, where, idle_ms, ready[1]);
	}
	close(ready[1]);
	pool_wait_ready(workers, ready[0]);
	printf("%d\n", (int)child);
	return 0;
}
