// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * call-pool: a pool of workers that grows when requests wait and nobody is free,
 * and shrinks when there is nothing to do.
 *
 *	call-pool serve [-b] [-m MAX] [-t IDLE_MS] ADDRESS
 *	call-pool ask ADDRESS MS ...
 *
 *	-b	go to the background as soon as requests are accepted, and print
 *		the process id there
 *	-m	at most so many workers (16)
 *	-t	a worker but the last ends when it has had no request for so
 *		many milliseconds (1000)
 *
 * Each MS is one request, which keeps a worker busy for so many milliseconds;
 * all are asked at once. The reply says which worker has served it. SIGTERM
 * lets the workers finish what they have, and ends the pool.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <ipc/libipc.h>

#include "util.h"

#define REPLY_MAX	64

static struct ipc_server *server;
static int idle_ms = 1000, workers_max = 16;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gone = PTHREAD_COND_INITIALIZER;
static int workers;			/* under lock */

static ssize_t handle(struct ipc_served *s)
{
	static atomic_int numbers;
	static _Thread_local int self;
	int ms;

	if (!self)
		self = atomic_fetch_add(&numbers, 1) + 1;
	if (s->in_len != sizeof(ms))
		return -EINVAL;
	memcpy(&ms, s->in, sizeof(ms));
	usleep(ms * 1000);
	return snprintf(s->out, s->out_max, "%d ms by worker %d", ms, self);
}

/* Whether a worker that has had nothing to do may end. */
static int may_end(void)
{
	int yes;

	pthread_mutex_lock(&lock);
	yes = workers > 1;
	if (yes)
		workers--;
	pthread_mutex_unlock(&lock);
	return yes;
}

static void *worker(void *arg)
{
	int err;

	(void)arg;
	do {
		err = ipc_server_work(server, idle_ms);
	} while (err == -ETIMEDOUT && !may_end());
	if (err == -ETIMEDOUT)
		return NULL;
	if (err)
		fprintf(stderr, "worker: %s\n", strerror(-err));
	pthread_mutex_lock(&lock);
	if (!--workers)
		pthread_cond_signal(&gone);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* If there are enough workers, the requests wait until one is free. */
static void worker_add(void)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	if (workers < workers_max &&
	    !pthread_create(&thread, NULL, worker, NULL)) {
		pthread_detach(thread);
		workers++;
	}
	pthread_mutex_unlock(&lock);
}

static void stop(int signo)
{
	(void)signo;
	ipc_server_stop(server);
}

static int serve(const struct sockaddr_dipc *addr, int background)
{
	struct ipc_serve_conf conf = { .handler = handle };
	struct sigaction on_term = { .sa_handler = stop };
	int ret;

	must(ipc_server_open(addr, &conf, 0, &server), "ipc_server_open");
	/* Before there are threads, which a fork() does not take along. */
	if (background)
		go_to_background();
	sigaction(SIGTERM, &on_term, NULL);
	worker_add();
	while ((ret = ipc_server_wait(server, -1)) != 0) {
		if (ret == 1)
			worker_add();
		else if (ret != -EINTR)
			fail(ret, "ipc_server_wait");
	}
	pthread_mutex_lock(&lock);
	while (workers)
		pthread_cond_wait(&gone, &lock);
	pthread_mutex_unlock(&lock);
	ipc_server_close(server);
	return 0;
}

static int ask(const struct sockaddr_dipc *addr, char **args)
{
	struct ipc_call_attr attr = { .to = addr };
	struct dipc_outcome outcome;
	char reply[REPLY_MAX];
	struct iovec in = { reply, sizeof(reply) };
	int fd, ms, err, i, failed = 0;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	for (i = 0; args[i]; i++) {
		struct iovec out = { &ms, sizeof(ms) };

		ms = number(args[i], 0, 1000000);
		must(ipc_call_start(fd, i, &out, 1, sizeof(reply), 0, &attr),
		     "call");
	}
	while (!(err = ipc_call_finish_any(fd, &in, 1, 0, &outcome))) {
		if (outcome.error)
			printf("%s\n", strerror(outcome.error));
		else
			printf("%.*s\n", (int)outcome.len, reply);
		failed |= outcome.error;
	}
	/* when none is outstanding any more */
	if (err != -ENOENT)
		fail(err, "ipc_call_finish_any");
	close(fd);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const char args[] = "serve [-b] [-m MAX] [-t IDLE_MS] ADDRESS\n"
		"       call-pool ask ADDRESS MS ...";
	const char *verb = argc > 1 ? argv[1] : "";
	struct sockaddr_dipc addr;
	int background = 0, opt;

	optind = 2;
	while ((opt = getopt(argc, argv, "bm:t:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 'm')
			workers_max = number(optarg, 1, 1000);
		else if (opt == 't')
			idle_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	if (optind >= argc)
		usage(args);
	must(ipc_addr_parse(argv[optind], &addr), argv[optind]);
	if (!strcmp(verb, "serve") && argc - optind == 1)
		return serve(&addr, background);
	if (!strcmp(verb, "ask"))
		return ask(&addr, argv + optind + 1);
	usage(args);
}
