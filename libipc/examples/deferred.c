// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * deferred: a server that replies to a request only when two calls of its own
 * have come back, and takes other requests meanwhile.
 *
 *	deferred back [-b] ADDRESS WORD
 *	deferred front [-b] ADDRESS BACK BACK
 *	deferred ask [-t TIMEOUT_MS] ADDRESS TEXT
 *
 *	-b	go to the background as soon as requests are accepted, and print
 *		the process id there
 *	-t	how long to wait for the reply, in milliseconds (10000)
 *
 * A back server replies with its word and the text; the front server asks both,
 * at the same time, and replies with what they say. It is one thread with one
 * socket, for the requests that come and the calls that it makes: poll() says
 * when there is one or the other. If a client gives up, the front server gives
 * up the calls that it makes for it.
 */
#define _GNU_SOURCE
#include <poll.h>

#include <ipc/libipc.h>

#include "util.h"

#define TEXT_MAX	1000
#define PART_MAX	(TEXT_MAX + 100)
#define N_BACKS		2
#define JOBS_MAX	64

/* A request that is held until both calls have ended */
struct job {
	uint64_t handle;	/* 0: free */
	int n_left;		/* calls outstanding */
	char reply[N_BACKS][PART_MAX];
};

static struct job jobs[JOBS_MAX];
static struct sockaddr_dipc backs[N_BACKS];

/* A call is named by its job and which of the two it is. */
static uint64_t cookie_of(const struct job *job, int i)
{
	return (job - jobs) * N_BACKS + i;
}

static struct job *job_by_handle(uint64_t handle)
{
	struct job *job = jobs;

	while (job < jobs + JOBS_MAX && job->handle != handle)
		job++;
	return job < jobs + JOBS_MAX ? job : NULL;
}

static void job_finish(int fd, struct job *job)
{
	struct iovec out[N_BACKS];
	int i;

	for (i = 0; i < N_BACKS; i++)
		out[i] = (struct iovec) { job->reply[i], strlen(job->reply[i]) };
	if (ipc_replymsg(fd, job->handle, 0, out, N_BACKS))
		ipc_drop(fd, job->handle);
	job->handle = 0;
}

static void job_note(int fd, struct job *job, int i, int error,
		     const char *text, size_t len)
{
	if (error)
		snprintf(job->reply[i], PART_MAX, "%s\n", strerror(error));
	else
		snprintf(job->reply[i], PART_MAX, "%.*s\n", (int)len, text);
	if (!--job->n_left)
		job_finish(fd, job);
}

static void job_begin(int fd, struct job *job, uint64_t handle,
		      const char *text, size_t len)
{
	struct iovec out = { (void *)text, len };
	struct ipc_call_attr attr = { 0 };
	int i, err;

	job->handle = handle;
	job->n_left = N_BACKS;
	for (i = 0; i < N_BACKS; i++) {
		attr.to = &backs[i];
		err = ipc_call_start(fd, cookie_of(job, i), &out, 1,
				     TEXT_MAX + 50, 0, &attr);
		if (err)
			job_note(fd, job, i, -err, NULL, 0);
	}
}

static void job_cancel(int fd, struct job *job)
{
	int i;

	for (i = 0; i < N_BACKS; i++)
		ipc_call_cancel(fd, cookie_of(job, i));
	ipc_drop(fd, job->handle);
	job->handle = 0;
}

/* Whatever there is of each kind; nothing here waits. */
static void requests_take(int fd)
{
	char text[TEXT_MAX];
	struct iovec in = { text, sizeof(text) };
	struct dipc_request req;
	struct job *job;
	ssize_t n;

	/* Those for whom there is no job yet wait in the queue. */
	while ((job = job_by_handle(0))) {
		n = ipc_recv_request(fd, &in, 1, MSG_DONTWAIT, NULL, &req);
		if (n == -EAGAIN)
			return;
		must(n, "receive");
		if (req.handle && n <= TEXT_MAX)
			job_begin(fd, job, req.handle, text, n);
		else if (req.handle)
			ipc_drop(fd, req.handle);
	}
}

static void replies_take(int fd)
{
	/* With all jobs under way there is nothing else to wait for. */
	int flags = job_by_handle(0) ? MSG_DONTWAIT : 0;
	char text[PART_MAX];
	struct iovec in = { text, sizeof(text) };
	struct dipc_outcome o;

	for (; !ipc_call_finish_any(fd, &in, 1, flags, &o); flags = MSG_DONTWAIT)
		job_note(fd, &jobs[o.cookie / N_BACKS], o.cookie % N_BACKS,
			 o.error, text, o.len);
}

static void cancels_take(int fd)
{
	struct dipc_cancelled c;
	struct job *job;

	while (!ipc_recv_cancelled(fd, &c)) {
		job = job_by_handle(c.handle);
		if (job)
			job_cancel(fd, job);
	}
}

static int server_open(const struct sockaddr_dipc *addr, int background)
{
	int fd;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	must(ipc_set_recv_calls(fd, 1), "ipc_set_recv_calls");
	must(ipc_bind(fd, addr), "bind");
	if (background)
		go_to_background();
	return fd;
}

static void front(const struct sockaddr_dipc *addr, int background)
{
	int fd = server_open(addr, background);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			fail(-errno, "poll");
		cancels_take(fd);
		replies_take(fd);
		requests_take(fd);
	}
}

static ssize_t back_handle(struct ipc_served *s)
{
	return snprintf(s->out, s->out_max, "%s %.*s", (const char *)s->arg,
			(int)s->in_len, (const char *)s->in);
}

static void back(const struct sockaddr_dipc *addr, char *word, int background)
{
	struct ipc_serve_conf conf = { .handler = back_handle, .arg = word };
	int fd = server_open(addr, background);
	int err;

	while ((err = ipc_serve(fd, &conf)) == -EINTR)
		;
	fail(err, "ipc_serve");
}

static void ask(const struct sockaddr_dipc *addr, const char *text,
		int timeout_ms)
{
	char reply[N_BACKS * PART_MAX];
	ssize_t n;
	int fd;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	n = must(ipc_call(fd, addr, text, strlen(text), reply, sizeof(reply),
			  timeout_ms), "call");
	write_all(STDOUT_FILENO, reply, n);
	close(fd);
}

int main(int argc, char **argv)
{
	static const char args[] = "back [-b] ADDRESS WORD\n"
		"       deferred front [-b] ADDRESS BACK BACK\n"
		"       deferred ask [-t TIMEOUT_MS] ADDRESS TEXT";
	const char *verb = argc > 1 ? argv[1] : "";
	int background = 0, timeout_ms = 10000, opt, i;
	struct sockaddr_dipc addr;

	optind = 2;
	while ((opt = getopt(argc, argv, "bt:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 't')
			timeout_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (optind >= argc)
		usage(args);
	must(ipc_addr_parse(argv[optind], &addr), argv[optind]);
	argc -= ++optind;
	argv += optind;
	if (!strcmp(verb, "front") && argc == N_BACKS) {
		for (i = 0; i < N_BACKS; i++)
			must(ipc_addr_parse(argv[i], &backs[i]), argv[i]);
		front(&addr, background);
	} else if (!strcmp(verb, "back") && argc == 1) {
		back(&addr, argv[0], background);
	} else if (!strcmp(verb, "ask") && argc == 1) {
		ask(&addr, argv[0], timeout_ms);
	} else {
		usage(args);
	}
	return 0;
}
